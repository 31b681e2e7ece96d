import Containers
import Fleet
import Isolation
import Logging
import Presentation
import ServiceLifecycle

/// The control program of multi-process service: where DIVVY_MPS_CONTROL says, where a simulated machine has its own
/// beside its libraries, or on the path.
enum MultiProcessControl {
    private static let name = "nvidia-cuda-mps-control"

    static func program(_ node: Node) -> String? {
        if let said = Console.environment["DIVVY_MPS_CONTROL"], !said.isEmpty { return Files.exists(said) ? said : nil }
        if let library = node.driver?.library, library.hasPrefix("/") {
            let directory = library.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
            let beside = directory + "/../bin/" + name
            if Files.exists(beside) { return beside }
        }
        // The system's own would know nothing of a simulated GPU.
        if node.driver?.note != nil { return nil }
        let path = Console.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first(where: Files.exists)
    }

    static func settings(_ directory: String) -> MultiProcessSettings {
        MultiProcessSettings(
            directory: directory, program: program,
            probe: { node in
                DriverFiles.library("libcuda", of: node).map { [Host.executable, "probe-mps", $0] }
            }, uid: Host.uid)
    }
}

/// Looks after multi-process servers until the group shuts down; they go on without the daemon.
struct MultiProcessWatch: Service {
    let service: MultiProcessService

    func run() async { await cancelWhenGracefulShutdown { await service.watch() } }
}

extension Logger {
    func note(_ news: ServiceNews) {
        switch news {
        case .well: notice("\(news)")
        case .wedged, .faulted, .gone: error("\(news)")
        case .problem: warning("\(news)")
        }
    }
}
