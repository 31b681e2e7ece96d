import Engine
import Fleet
import Foundation
import Testing

@testable import Containers

@Suite struct CDIDirectoryTests {
    private let lease = LeaseID(number: 17)

    private func specification(_ value: String = "1") throws -> CDISpecification {
        let edits = ContainerEdits(environment: ["A=\(value)"], deviceNodes: [], mounts: [], hooks: [])
        return try CDISpecification(kind: "divvy.dev/gpu", devices: [.init(name: "lease-17", edits: edits)])
    }

    @Test func `a lease's file appears whole, readable by all, and alone`() async throws {
        try await withDirectory { root in
            let directory = CDIDirectory(path: root + "/cdi")
            umask(0o077)
            defer { umask(0o022) }
            try directory.write(specification(), of: lease)
            #expect(try names(in: root + "/cdi") == ["divvy-lease-17.json"])
            #expect(try contents(directory.file(of: lease)) == specification().json)
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.file(of: lease))
            #expect(attributes[.posixPermissions] as? Int == 0o644)
            #expect(try directory.leases() == [lease])
        }
    }

    @Test func `writing the same again leaves the file untouched, and other content replaces it`() async throws {
        try await withDirectory { root in
            let directory = CDIDirectory(path: root)
            func inode() throws -> Int? {
                try FileManager.default.attributesOfItem(atPath: directory.file(of: lease))[.systemFileNumber] as? Int
            }
            try directory.write(specification(), of: lease)
            let first = try inode()
            try directory.write(specification(), of: lease)
            #expect(try inode() == first)
            try directory.write(specification("2"), of: lease)
            #expect(try contents(directory.file(of: lease)) == specification("2").json)
        }
    }

    @Test func `a link in the place of the file is not written through`() async throws {
        try await withDirectory { root in
            let victim = root + "/victim"
            try "precious".write(toFile: victim, atomically: false, encoding: .utf8)
            let directory = CDIDirectory(path: root + "/cdi")
            try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: directory.file(of: lease), withDestinationPath: victim)
            let error = #expect(throws: CDIDirectoryError.self) { try directory.write(specification(), of: lease) }
            #expect(error?.description.contains("symbolic link") == true)
            #expect(try contents(victim) == "precious")
        }
    }

    @Test func `a link in the place of the directory is refused`() async throws {
        try await withDirectory { root in
            try FileManager.default.createDirectory(atPath: root + "/real", withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(atPath: root + "/cdi", withDestinationPath: root + "/real")
            #expect(throws: CDIDirectoryError.self) {
                try CDIDirectory(path: root + "/cdi").write(specification(), of: lease)
            }
            #expect(try names(in: root + "/real").isEmpty)
        }
    }

    @Test(arguments: ["../x.json", "/abs.json", ".hidden", "a/b.json"])
    func `a file name that leads elsewhere is refused`(name: String) async throws {
        try await withDirectory { root in
            _ = #expect(throws: CDIDirectoryError.self) { try CDIDirectory(path: root).write("{}", named: name) }
        }
    }

    @Test func `removing is harmless when there is nothing, and only leases' files are listed`() async throws {
        try await withDirectory { root in
            let directory = CDIDirectory(path: root + "/cdi")
            #expect(try directory.leases().isEmpty)
            try directory.remove(lease)
            try directory.write(specification(), of: lease)
            for name in [
                "nvidia.yaml", "divvy-gpus.json", "divvy-lease-017.json", "divvy-lease-x.json", "my-divvy-lease-3.json",
            ] {
                try "{}".write(toFile: "\(directory.path)/\(name)", atomically: false, encoding: .utf8)
            }
            #expect(try directory.leases() == [lease])
            try directory.remove(lease)
            try directory.remove(lease)
            #expect(try directory.leases().isEmpty)
        }
    }

    @Test func `root and users have their own standard directories`() {
        #expect(CDIDirectory.standard(uid: 0, runtimeDirectory: "/run/user/0")?.path == "/var/run/cdi")
        #expect(CDIDirectory.standard(uid: 7, runtimeDirectory: "/run/user/7")?.path == "/run/user/7/cdi")
        #expect(CDIDirectory.standard(uid: 7, runtimeDirectory: nil) == nil)
        #expect(CDIDirectory.standard(uid: 7, runtimeDirectory: "relative") == nil)
    }
}
