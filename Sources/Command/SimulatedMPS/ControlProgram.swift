import CSimulatedDriver
import Glibc

/// A simulated `nvidia-cuda-mps-control`: the control daemon of the Multi-Process Service, its front end, and, under
/// the name `nvidia-cuda-mps-server`, the servers that the daemon starts.
///
/// Options, commands and replies are those of NVIDIA's program, of which what is published was followed and version
/// 550 was tried; Documentation/simulated-driver.md says which is which.
@main
enum ControlProgram {
    static func main() {
        service_print_lines()
        signal(SIGPIPE, SIG_IGN)
        var arguments = CommandLine.arguments
        let name = arguments.isEmpty ? "" : arguments.removeFirst()
        if name.split(separator: "/").last == "nvidia-cuda-mps-server" { exit(ServerProcess.run(arguments)) }
        do throws(Refusal) {
            let options = try Options(arguments, environment: Environment.value)
            exit(try run(options))
        } catch {
            // NVIDIA's program says nothing of an option that it does not know.
            if arguments.first == "--detached" {
                print(error.text)
            } else if !error.text.isEmpty {
                Text.complain(error.text)
            }
            exit(1)
        }
    }

    private static func run(_ options: Options) throws(Refusal) -> Int32 {
        let places = Places(isThird: options.isThird)
        switch options.action {
        case .help:
            print(Options.help)
            return 0
        case .version:
            print("CUDA MPS Control, simulated by Divvy for the driver \(Machine.driverVersion ?? "of no machine")")
            return 0
        case .daemon where !options.isDetached:
            return try Detached.start(options)
        case .daemon, .foreground:
            return try ControlDaemon.start(options, places)
        case .quit, .commands:
            return try FrontEnd(places: places).run(options)
        }
    }
}

/// Something that cannot be done, and what to tell of it.
struct Refusal: Error {
    var text: String

    init(_ text: String) { self.text = text }
}

enum Environment {
    /// A variable of this process; nil when it is empty, too.
    static func value(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
