import Foundation
import Testing

@testable import Containers

/// Confines real processes. The shim is compiled into a small program of its own, because the tests' process has many
/// threads, which is exactly what a user namespace does not admit.
@Suite(.tags(.engine), .serialized)
struct ConfinementTests {
    /// Waits for nothing: confines itself from the paths before "--" and executes what is after it.
    private static let program = """
        #include "CLinux.h"
        #include <errno.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/prctl.h>
        #include <unistd.h>
        int main(int count, char **words) {
            bool user = atoi(words[1]);
            uid_t uid = (uid_t)atoi(words[2]);
            // Changing the user makes /proc/self root's until the next execve; a user's own process never does that.
            if (uid != 0 && (setgid(uid) != 0 || setuid(uid) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0)) return 90;
            int end = 3;
            while (end < count && strcmp(words[end], "--") != 0) end++;
            const char *const *paths = (const char *const *)(words + 3);
            int step = divvy_rehearse_confine(paths, end - 3, (struct divvy_mounts){NULL, 0}, user);
            if (step == 0) step = divvy_confine(paths, end - 3, (struct divvy_mounts){NULL, 0}, user);
            if (step != 0) { printf("step %d: %s\\n", step, strerror(errno)); return 91; }
            execvp(words[end + 1], words + end + 1);
            return 92;
        }
        """

    private func build(in root: String) throws -> String {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../Sources/C/CLinux"
        try Self.program.write(toFile: root + "/main.c", atomically: false, encoding: .utf8)
        let compiler = ["/usr/bin/cc", "/usr/bin/clang", "/usr/bin/gcc"].first(where: HostFiles.isExecutable)
        let words = try [
            #require(compiler), "-o", root + "/confine", root + "/main.c", sources + "/confine.c", "-I",
            sources + "/include",
        ]
        let result = try run(words)
        try #require(result.status == 0, "\(result.output)")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: root)
        return root + "/confine"
    }

    static var canRun: Bool { geteuid() == 0 || ProcessInfo.processInfo.environment["CI"] == "true" }

    @Test(.enabled(if: canRun, "needs root to make device nodes and to become a user"), arguments: [0, 65534])
    func `what is hidden does not open, all else does, and the machine sees nothing of it`(uid: Int) async throws {
        try await withDirectory { root in
            let program = try build(in: root)
            let (own, hidden, plain) = (root + "/nvidia0", root + "/nvidia1", root + "/nvidia2")
            for path in [own, hidden] { try #require(mknod(path, S_IFCHR | 0o666, 0x103) == 0) }
            try "data".write(toFile: plain, atomically: false, encoding: .utf8)
            for path in [own, hidden, plain] { chmod(path, 0o666) }
            let script = """
                true <\(own) && echo own opens
                true <\(hidden) || echo hidden does not
                true <\(plain) || echo plain does not
                cat <\(plain)
                id -u
                umount \(hidden) && true <\(hidden) && [ $(id -u) != 0 ] && echo undone
                """
            let result = try run(
                [
                    program, uid == 0 ? "0" : "1", "\(uid)", hidden, root + "/nvidia9", plain, "--", "/bin/sh", "-c",
                    script,
                ])
            #expect(result.status != 90 && result.status != 91, "\(result.output)")
            #expect(result.output.contains("own opens"))
            #expect(result.output.contains("hidden does not"))
            #expect(result.output.contains("plain does not"))
            #expect(result.output.contains("\n\(uid)\n"))
            #expect(!result.output.contains("undone"))
            #expect(try run(["/bin/sh", "-c", "true <\(hidden)"]).status == 0)
            #expect(try contents(plain) == "data")
        }
    }

    @Test(.enabled(if: canRun, "needs root"))
    func `a thread of root hides devices from itself only`() async throws {
        try await withDirectory { root in
            let path = root + "/nvidia1"
            try "".write(toFile: path, atomically: false, encoding: .utf8)
            let (outcome, mine): (Confinement.Outcome, Int32) = await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    let outcome = Confinement(hidden: [path]).enter()
                    let file = open(path, O_RDWR)
                    let code = errno
                    close(file)
                    continuation.resume(returning: (outcome, file < 0 ? code : 0))
                }
            }
            #expect(outcome == .done)
            #expect(mine == EACCES)
            let file = open(path, O_RDWR)
            #expect(file >= 0)
            close(file)
        }
    }

    @Test func `nothing to hide is hidden`() { #expect(Confinement(hidden: []).enter() == .done) }
}
