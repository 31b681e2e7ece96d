import API
import ArgumentParser
import Fleet
import Presentation
import Testing

@testable import divvy

@Suite struct LeaseReferenceTests {
    private func leases(_ names: (Int64, String?)...) -> [LeaseView] {
        names.map { number, name in
            var lease = Samples.granted
            lease.id = LeaseID(number: number)
            lease.name = name
            return lease
        }
    }

    @Test(arguments: ["17", "lease-17"]) func `a lease is written in two ways`(_ text: String) throws {
        let extend = try #require(try Divvy.parseAsRoot(["extend", text]) as? Extend)
        #expect(extend.lease == .id(LeaseID(number: 17)))
    }

    @Test(arguments: [["extend", "träning 训练"], ["logs", "träning 训练"], ["cdi", "show", "träning 训练"]])
    func `a lease is written by its name wherever an id is taken`(_ arguments: [String]) throws {
        let command = try Divvy.parseAsRoot(arguments)
        let reference = (command as? Extend)?.lease ?? (command as? Logs)?.lease ?? (command as? CDI.Show)?.lease
        #expect(reference == .name("träning 训练"))
        #expect(try reference?.id(among: Samples.leases.items) == LeaseID(number: 17))
    }

    @Test func `several leases may be given back by id and by name`() throws {
        let release = try #require(try Divvy.parseAsRoot(["release", "3", "train"]) as? ReleaseLeases)
        #expect(release.leases == [.id(LeaseID(number: 3)), .name("train")])
    }

    @Test(arguments: ["0", "lease-", "lease-0", "-1", ""]) func `what is no lease is refused`(_ text: String) throws {
        let error = #expect(throws: (any Error).self) { try Divvy.parseAsRoot(["extend", text]) }
        #expect(Divvy.exitCode(for: try #require(error)).rawValue == 64)
    }

    @Test func `a name that no lease has is 66, with what may have been meant`() throws {
        let failure = try #require(
            #expect(throws: Failure.self) { try LeaseReference.name("trian").id(among: leases((1, "train"), (2, nil))) }
        )
        #expect(failure.status == .notFound)
        #expect(failure.message == "no lease has the name \"trian\" now")
        #expect(failure.hint?.hasPrefix("did you mean \"train\"?\n`divvy ps`") == true)
    }

    @Test func `a name that several leases have is refused with their ids`() throws {
        let failure = try #require(
            #expect(throws: Failure.self) {
                try LeaseReference.name("a").id(among: leases((1, "a"), (2, "a"), (3, "b")))
            })
        #expect(failure.status == .notFound)
        #expect(failure.message == "\"a\" is the name of several leases: lease-1, lease-2")
    }

    @Test func `a lease that has ended has given its name back`() {
        var ended = leases((1, "a"))
        ended[0].state = .ended
        #expect(throws: Failure.self) { try LeaseReference.name("a").id(among: ended) }
    }
}
