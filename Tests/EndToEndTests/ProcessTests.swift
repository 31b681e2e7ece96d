import Foundation
import Glibc
import Testing

@Suite struct `divvy run with a process` {
    @Test func `has the GPU while the command runs and its exit status is the command's`() throws {
        try Pool.with { pool throws in
            let script = "\(Pool.divvy) ps -o csv; exit 7"
            let result = try pool.divvy(["run", "--gpus", "0.5", "--gpu-memory", "10GiB", "--", "sh", "-c", script])
            #expect(result.status == 7, "\(result.errors)")
            #expect(result.output.contains("lease-1") && result.output.contains("granted"), "\(result)")
            #expect(try eventually { try pool.freeShares() == Array(repeating: 1000, count: 8) })
        }
    }

    @Test func `shows the command its own GPUs and no others`() throws {
        try Pool.with { pool throws in
            let result = try pool.divvy(
                [
                    "run", "--gpus", "2", "--", "sh", "-c",
                    "echo $CUDA_VISIBLE_DEVICES $NVIDIA_VISIBLE_DEVICES $DIVVY_LEASE",
                ],
                environment: ["CUDA_VISIBLE_DEVICES": "7", "NVIDIA_VISIBLE_DEVICES": "all"])
            let words = result.output.split(whereSeparator: \.isWhitespace)
            #expect(words.count == 3, "\(result)")
            #expect(words.first?.split(separator: ",").count == 2)
            #expect(words.last == "lease-1")
            #expect(result.errors.contains("CUDA_VISIBLE_DEVICES"), "what is overruled is said: \(result.errors)")
        }
    }

    @Test func `hides the other GPUs' device nodes from the command`() throws {
        try Pool.with { pool throws in
            let dev = "\(pool.directory)/sim/dev"
            let script = "for n in 0 1 2 3 4 5 6 7; do (exec 3<\(dev)/nvidia$n) 2>/dev/null && echo $n; done; true"
            let result = try pool.divvy("run", "--gpus", "1", "--", "sh", "-c", script)
            #expect(result.output.split(whereSeparator: \.isNewline).count == 1, "\(result)")
        }
    }

    @Test(arguments: [("/nonexistent/program", 127), ("/etc/passwd", 126)])
    func `ends like docker run when the command cannot be started`(command: String, status: Int) throws {
        try Pool.with { pool throws in
            #expect(try pool.divvy("run", "--", command).status == Int32(status))
            #expect(try eventually { try pool.freeShares().allSatisfy { $0 == 1000 } })
        }
    }

    @Test func `gives back when the command is killed`() throws {
        try Pool.with { pool throws in
            let program = try Program(
                [Pool.divvy, "run", "--gpus", "8", "--", "sleep", "100"], environment: pool.environment,
                output: "\(pool.directory)/out")
            #expect(try eventually { try pool.freeShares().allSatisfy { $0 == 0 } })
            program.signal(SIGKILL)
            program.wait()
            #expect(try eventually(3) { try pool.freeShares().allSatisfy { $0 == 1000 } })
        }
    }

    @Test func `is stopped when its time is up or somebody releases it`() throws {
        try Pool.with(options: ["--grace", "4s"]) { pool throws in
            let timed = try pool.divvy("run", "--gpus", "1", "--for", "1s", "--", "sleep", "100")
            #expect(timed.status == 128 + SIGTERM)
            let released = try Program(
                [Pool.divvy, "run", "--gpus", "8", "--", "sh", "-c", "trap '' TERM; while true; do sleep 1; done"],
                environment: pool.environment, output: "\(pool.directory)/out")
            #expect(try eventually { try pool.leases()["lease-2"] == "granted" })
            #expect(try pool.divvy("release", "2").status == 0)
            #expect(try pool.leases()["lease-2"] == "ending", "it still runs: what it has is nobody else's yet")
            #expect(released.wait() == 128 + SIGKILL)
            #expect(try eventually { try pool.leases()["lease-2"] == "ended" })
        }
    }

    @Test func `says 75 when there is no room and 124 when the wait ran out`() throws {
        try Pool.with(profile: "2x-rtx-4090") { pool throws in
            #expect(try pool.divvy("hold", "--gpus", "2").status == 0)
            let refused = try pool.divvy("run", "--no-wait", "--", "true")
            #expect(refused.status == 75)
            #expect(refused.errors.contains("taken by leases"), "\(refused.errors)")
            let late = try pool.divvy("run", "--wait", "1s", "--", "true")
            #expect(late.status == 124)
            let waits = late.errors.split(separator: "\n").filter { $0.contains(" waits, ") }
            #expect(waits.count == 1, "said once where nothing lives on a terminal")
            #expect(waits.first?.contains("place 1 in the queue: ") == true, "\(late.errors)")
            #expect(waits.first?.contains("taken by leases") == true, "\(late.errors)")
            #expect(try pool.divvy("hold", "--gpus", "3").status != 0)
        }
    }

    @Test func `serves who waits as soon as there is room`() throws {
        try Pool.with(profile: "2x-rtx-4090") { pool throws in
            #expect(try pool.divvy("hold", "--gpus", "2").status == 0)
            let waiting = try Program(
                [Pool.divvy, "run", "--gpus", "1", "--", "true"], environment: pool.environment,
                output: "\(pool.directory)/out")
            #expect(try eventually { try pool.leases()["lease-2"] == "waiting" })
            #expect(try pool.divvy("release", "1").status == 0)
            #expect(waiting.wait() == 0)
        }
    }
}
