import Foundation
import Simulation
import Testing

/// The published traces: beside the checkout in shared/data, or where DIVVY_DATA says.
enum TraceData {
    static let folder: String? = {
        let environment = ProcessInfo.processInfo.environment
        if let named = environment["DIVVY_DATA"], isFolder(named + "/openb") { return named + "/openb" }
        var place = URL(fileURLWithPath: #filePath)
        while place.path != "/" {
            place.deleteLastPathComponent()
            let data = place.appendingPathComponent("shared/data/openb").path
            if isFolder(data) { return data }
        }
        return nil
    }()

    /// Whether tests of the traces run: where they are, and always in CI, so that they fail there and do not skip.
    static let isExpected = folder != nil || ProcessInfo.processInfo.environment["CI"] == "true"

    static let missing: Comment =
        "the openb traces are not beside this checkout (shared/data/openb), nor does DIVVY_DATA name their folder"

    private static func isFolder(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    static func text(_ name: String) throws -> String {
        let folder = try #require(folder, missing)
        return try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    static func trace(_ name: String) throws -> OpenBTrace {
        try OpenBTrace(
            nodes: text("openb_node_list_gpu_node.csv"), pods: text("openb_pod_list_\(name).csv"))
    }
}
