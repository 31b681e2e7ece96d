import API
import Presentation
import Testing

@Suite struct GoldenTests {
    private static let formats: [OutputFormat] = OutputFormat.allCases

    @Test(arguments: formats) func `leases in every format`(_ format: OutputFormat) throws {
        let lines = try Listing.leases(now: Samples.now).lines(Samples.leases.items, of: Samples.leases, as: format)
        try expectGolden("leases.\(format.rawValue).txt", lines)
    }

    @Test(arguments: formats) func `GPUs in every format`(_ format: OutputFormat) throws {
        try expectGolden(
            "gpus.\(format.rawValue).txt", Listing.gpus.lines(Samples.fleet.gpus, of: Samples.fleet, as: format))
    }

    @Test(arguments: formats) func `events in every format`(_ format: OutputFormat) throws {
        try expectGolden(
            "events.\(format.rawValue).txt", Listing.events.lines(Samples.events.items, of: Samples.events, as: format))
    }

    @Test func `the lines around the GPUs`() throws {
        let fleet = Samples.fleet
        try expectGolden("fleet.around.txt", (fleet.preamble + fleet.closing).map(\.text))
    }

    @Test func `the slices of a GPU below the GPUs`() throws {
        try expectGolden("fleet.slices.txt", Samples.cutFleet.closing.map(\.text))
    }

    @Test func `everything about a lease of a slice`() throws {
        try expectGolden("lease.slice.txt", Details(Samples.ofSlice, now: Samples.now).lines())
    }

    @Test func `a machine without a GPU says why`() throws {
        let fleet = Samples.emptyFleet
        try expectGolden("fleet.empty.txt", (fleet.preamble + fleet.closing).map(\.text))
    }

    @Test func `everything about a lease`() throws {
        try expectGolden("lease.details.txt", Details(Samples.granted, now: Samples.now).lines())
    }

    @Test func `why a lease waits`() throws {
        try expectGolden("lease.waiting.txt", Details(Samples.leases.items[2], now: Samples.now).lines())
    }

    @Test func `everything about a GPU`() throws {
        try expectGolden("gpu.details.txt", Details(Samples.fleet.gpus[0]).lines())
    }

    @Test func `the topology with its legend`() throws {
        try expectGolden("topology.txt", TopologyMatrix(Samples.fleet).table.lines() + TopologyMatrix.legend)
    }

    @Test func `one picture of top`() throws {
        let screen = TopScreen(fleet: Samples.fleet, leases: Samples.leases.items, now: Samples.now)
        try expectGolden("top.txt", screen.lines(palette: .plain))
    }

    @Test func `without headings there is one line for each row`() throws {
        let lines = try Listing.leases(now: Samples.now).lines(
            Samples.leases.items, of: Samples.leases, as: .csv, withHeadings: false)
        #expect(lines.count == Samples.leases.items.count)
        #expect(lines[0].hasPrefix("lease-17,"))
    }
}
