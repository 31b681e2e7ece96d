import API
import ArgumentParser
import Containers
import Drivers
import Engine
import Fleet
import Glibc
import Presentation

struct CDI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at what container engines are told (Container Device Interface).",
        discussion: """
            Examples:
              divvy cdi list                    the devices of all leases
              divvy cdi show 17                 the document of one lease
              divvy cdi generate > /etc/cdi/divvy.json
                                                whole GPUs by UUID, without leases
            """,
        subcommands: [Generate.self, List.self, Show.self])

    struct Generate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a document of all GPUs by UUID, for giving out whole GPUs by hand; no daemon is needed.")

        @Option(help: ArgumentHelp("\(SettingsKey.driver.form).", valueName: "driver"))
        var driver: String?

        @Option(help: ArgumentHelp("Read settings from this file only.", valueName: "file"), completion: .file())
        var config: String?

        func run() async throws {
            let sources = SettingsSources(
                flags: driver.map { [.driver: $0] } ?? [:], environment: Console.environment)
            let choice = try DriverChoice(try sources.settings(file: config, read: Files.read))
            let source = NVMLDeviceSource(library: choice.library, nodeName: Host.name, note: choice.note)
            let node = await source.scan().node
            source.close()
            if node.gpus.isEmpty { throw Failure(.notFound, "no GPUs: \(node.whyEmpty ?? "the driver lists none")") }
            let preparer = CDILeasePreparer(.init(directory: nil, deviceRoot: choice.deviceRoot))
            Console.write(try preparer.wholeGPUs(of: node).json, to: STDOUT_FILENO)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the devices of all leases.")

        @Flag(name: .shortAndLong, help: "Print device names only.")
        var quiet = false

        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let daemon = try Daemon(connection)
            var rows: [[Cell]] = []
            for lease in try await daemon.leases(includingEnded: false).items where lease.state == .granted {
                guard let preparation = try await daemon.lease(lease.id).preparation else { continue }
                rows.append([
                    Cell(preparation.cdiDevice), Cell("\(lease.id)"),
                    preparation.cdiSpecification.map { Cell($0) } ?? .none,
                ])
            }
            if quiet { return Console.print(rows.map { $0[0].text }) }
            if rows.isEmpty { return Console.note("No lease has a device now") }
            Console.print(
                Table(headings: ["DEVICE", "LEASE", "FILE"], rows: rows).lines(palette: Console.palette()))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the document of one lease.")

        @Argument(help: "A lease: 17, lease-17, or the name of one that lives.")
        var lease: LeaseReference

        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let daemon = try Daemon(connection)
            let view = try await daemon.lease(try await daemon.id(of: lease))
            guard let preparation = view.preparation else {
                throw Failure(.notFound, "\(view.id) is \(view.state.rawValue), so nothing is prepared for it")
            }
            let specification = try CDISpecification(
                kind: CDISpecification.gpuKind, devices: [.init(name: "\(view.id)", edits: preparation.edits)])
            Console.write(specification.json, to: STDOUT_FILENO)
        }
    }
}
