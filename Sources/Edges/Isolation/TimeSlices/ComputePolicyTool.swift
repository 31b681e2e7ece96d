import Fleet
import Subprocess
import SystemPackage

/// The part of `nvidia-smi` that knows time slices: NVML has no call for them.
///
/// Of 535.261.03: `nvidia-smi compute-policy -i UUID --set-timeslice=N` needs root; `-l` lists a row for each GPU,
/// `| 0       Timeslice      Short        |`.
struct ComputePolicyTool: Sendable {
    let program: String
    /// `NAME=value` pairs that it needs beside the daemon's own environment.
    let environment: [String: String]

    /// Sets the length of a GPU's time slices; throws the tool's own words when it cannot.
    func set(_ length: TimeSliceLength, of gpu: GPUID) async throws(ToolFailure) {
        _ = try await run(["compute-policy", "-i", gpu.rawValue, "--set-timeslice=\(length.number)"])
    }

    /// The length as the driver has it now.
    func length(of gpu: GPUID) async throws(ToolFailure) -> TimeSliceLength {
        let text = try await run(["compute-policy", "-i", gpu.rawValue, "-l"])
        guard let length = Self.length(in: text) else { throw ToolFailure("it lists no time slices: \(text)") }
        return length
    }

    static func length(in listing: String) -> TimeSliceLength? {
        for line in listing.split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "|" }.map { $0.lowercased() }
            guard words.contains(where: { $0.hasPrefix("timeslice") }), let last = words.last else { continue }
            if let length = TimeSliceLength(rawValue: last) { return length }
        }
        return nil
    }

    struct ToolFailure: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    private func run(_ arguments: [String]) async throws(ToolFailure) -> String {
        let result: Result<String, ToolFailure> = await withTaskGroup { group in
            group.addTask { await output(of: arguments) }
            group.addTask {
                try? await Task.sleep(for: .seconds(10))
                return .failure(ToolFailure("\(program) did not answer within 10 s and was ended"))
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(ToolFailure("\(program) was not run"))
        }
        return try result.get()
    }

    private func output(of arguments: [String]) async -> Result<String, ToolFailure> {
        var variables: [Environment.Key: String?] = [:]
        for (name, value) in environment { variables[Environment.Key(rawValue: name) ?? "_"] = value }
        do {
            let result = try await Subprocess.run(
                .path(FilePath(program)), arguments: Arguments(arguments),
                environment: .inherit.updating(variables), output: .string(limit: 1 << 16),
                error: .string(limit: 1 << 12))
            if result.terminationStatus.isSuccess { return .success(result.standardOutput) }
            let words = (result.standardOutput + result.standardError).split(separator: "\n")
            return .failure(ToolFailure(words.first.map(String.init) ?? "it ended with \(result.terminationStatus)"))
        } catch {
            return .failure(ToolFailure("\(program) could not be run: \(error)"))
        }
    }
}
