import Fleet
import Foundation
import Synchronization
import Testing

@testable import Drivers

@Suite struct `Driver threads` {
    @Test func `a job gives its result`() throws {
        let threads = DriverThreads(limit: 1)
        let job = try #require(threads.start { _ in 6 * 7 })
        #expect(job.result(by: .after(Span(seconds: 10))) == 42)
    }

    @Test func `a job that hangs is given up at its deadline and says which call it is in`() throws {
        let threads = DriverThreads(limit: 4)
        let gate = Monitor(false)
        let job = try #require(
            threads.start { watch in
                watch.entered("nvmlDeviceGetName")
                return gate.wait { $0 ? 1 : nil } ?? 0
            })
        #expect(job.result(by: .after(Span(milliseconds: 50))) == nil)
        #expect(job.watch.call == "nvmlDeviceGetName")
        #expect(threads.abandoned == 1)
        gate.change { $0 = true }
        #expect(job.result(by: .after(Span(seconds: 10))) == 1)
        #expect(threads.abandoned == 0)
    }

    @Test func `a job that hangs holds up no other`() throws {
        let threads = DriverThreads(limit: 4)
        let gate = Monitor(false)
        let hanging = try #require(threads.start { _ in gate.wait { $0 ? 1 : nil } ?? 0 })
        #expect(hanging.result(by: .now) == nil)
        let other = try #require(threads.start { _ in 2 })
        #expect(other.result(by: .after(Span(seconds: 10))) == 2)
        gate.change { $0 = true }
        #expect(hanging.result(by: .after(Span(seconds: 10))) == 1)
    }

    @Test func `at the limit no job is taken in until one returns`() throws {
        let threads = DriverThreads(limit: 2)
        let gate = Monitor(0)
        let jobs = try (1...2).map { number in
            try #require(threads.start { _ in gate.wait { $0 >= number ? number : nil } ?? 0 })
        }
        for job in jobs { #expect(job.result(by: .now) == nil) }
        #expect(threads.start { _ in 3 } == nil)
        gate.change { $0 = 1 }
        #expect(jobs[0].result(by: .after(Span(seconds: 10))) == 1)
        let third = try #require(threads.start { _ in 3 })
        #expect(third.result(by: .after(Span(seconds: 10))) == 3)
        gate.change { $0 = 2 }
        #expect(jobs[1].result(by: .after(Span(seconds: 10))) == 2)
    }

    @Test func `jobs one after the other share a thread`() throws {
        let threads = DriverThreads(limit: 2)
        let used = (0..<200).compactMap { _ in
            threads.start { _ in UInt(pthread_self()) }?.result(by: .after(Span(seconds: 10)))
        }
        #expect(used.count == 200)
        #expect(Set(used).count == 1)
    }

    @Test func `a lane in which a job hangs refuses others at once with the same words`() throws {
        var lanes = Lanes(threads: DriverThreads(limit: 4))
        let gate = Monitor(false)
        let first = #expect(throws: NoAnswer.self) {
            _ = try lanes.run(.count, within: Span(milliseconds: 30)) { watch in
                watch.entered("nvmlDeviceGetCount_v2")
                return gate.wait { $0 ? 1 : nil } ?? 0
            }
        }
        #expect(first?.words == "driver call nvmlDeviceGetCount_v2 did not return in 30 ms")
        let started = ContinuousClock.now
        let second = #expect(throws: NoAnswer.self) { _ = try lanes.run(.count, within: Span(seconds: 60)) { _ in 2 } }
        #expect(second?.words == first?.words)
        #expect(ContinuousClock.now - started < .seconds(5))
        #expect(try lanes.run(.gpu(0), within: Span(seconds: 10)) { _ in 3 } == 3)
        #expect(lanes.hangs(.count) && lanes.anyDriverCallHangs)
        gate.change { $0 = true }
        while lanes.anyDriverCallHangs { usleep(1000) }
        #expect(try lanes.run(.count, within: Span(seconds: 10)) { _ in 4 } == 4)
    }
}
