import Foundation
import Glibc
import Testing

@Suite struct `divvy with queues` {
    private static let configuration = """
        queueing:
          preemption: priority
          preemptionNotice: 2s
          queues:
            research:
              max: {gpus: 1}
            clinic:
              guaranteed: {gpus: 1}
              idle: {warnAfter: 1s, grace: 1s, action: release}
        """

    private static func with(_ body: (Pool) throws -> Void) throws {
        let file = "\(NSTemporaryDirectory())divvy-queues-\(UUID().uuidString).yaml"
        try configuration.write(toFile: file, atomically: true, encoding: .utf8)
        defer { unlink(file) }
        try Pool.with(profile: "2x-rtx-4090", options: ["--config", file], body)
    }

    @Test func `says why, when and what would help, and serves when room comes back`() throws {
        try Self.with { pool throws in
            #expect(try pool.divvy("hold", "--gpus", "1", "--queue", "research", "--for", "1h").status == 0)
            let waiting = try pool.divvy("hold", "--gpus", "0.5", "--queue", "research", "--wait=1s")
            #expect(waiting.status == 124, "\(waiting)")
            let program = try Program(
                [Pool.divvy, "run", "--gpus", "0.5", "--queue", "research", "--", "true"],
                environment: pool.environment, output: "\(pool.directory)/out")
            #expect(try eventually { try pool.leases()["lease-3"] == "waiting" })
            let why = try pool.divvy("why", "3")
            #expect(why.output.contains("queue research has 1 of its 1 GPUs"), "\(why)")
            #expect(try pool.divvy("queue").output.contains("lease-3"))
            let offer = try pool.divvy("offer", "--gpus", "1")
            #expect(offer.status == 0, "another queue is not held up: \(offer)")
            #expect(try pool.divvy("release", "1").status == 0)
            #expect(program.wait() == 0)
        }
    }

    @Test func `stops a lease of lower priority with notice, also over a crash of the daemon`() throws {
        try Self.with { pool throws in
            let victim = try Program(
                [Pool.divvy, "run", "--gpus", "2", "--", "sleep", "100"], environment: pool.environment,
                output: "\(pool.directory)/victim")
            #expect(try eventually { try pool.leases()["lease-1"] == "granted" })
            let urgent = try Program(
                [Pool.divvy, "run", "--gpus", "2", "--priority", "5", "--", "true"], environment: pool.environment,
                output: "\(pool.directory)/urgent")
            #expect(try eventually { try pool.divvy("why", "2").output.contains("lease-1 is being stopped") })
            pool.crash()
            try pool.start()
            #expect(victim.wait() == 128 + SIGTERM)
            #expect(urgent.wait() == 0)
        }
    }

    @Test func `gives back what nobody works on`() throws {
        try Self.with { pool throws in
            #expect(try pool.divvy("hold", "--gpus", "1", "--queue", "clinic").status == 0)
            #expect(try eventually(10) { try pool.leases()["lease-1"] == "ended" })
            #expect(try pool.divvy("show", "1").output.contains("idle"))
        }
    }

    @Test func `keeps what is reserved and changed by hand over a restart`() throws {
        try Self.with { pool throws in
            let reserved = try pool.divvy("reserve", "demo", "--gpus", "2", "--from", "+1h", "--for", "1h")
            #expect(reserved.status == 0, "\(reserved)")
            #expect(try pool.divvy("quota", "set", "research", "--max", "0.5").status == 0)
            pool.crash()
            try pool.start()
            #expect(try pool.divvy("reserve", "list").output.contains("demo"))
            #expect(try pool.divvy("offer", "--gpus", "1", "--queue", "research").status == 65)
            #expect(try pool.divvy("offer", "--gpus", "1").status == 75, "it would still be there in an hour")
            #expect(try pool.divvy("offer", "--gpus", "1", "--for", "30m").status == 0)
            #expect(try pool.divvy("reserve", "cancel", "demo").status == 0)
            #expect(try pool.divvy("offer", "--gpus", "1").status == 0)
        }
    }
}
