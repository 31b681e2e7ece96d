/// What the command line asks for.
struct Options {
    enum Action {
        case help, version, daemon, foreground, quit, commands
    }

    var action = Action.commands
    /// The protocol with named servers and namespaces.
    var isThird = false
    var isMultiUser = false
    /// This is the process that `-d` leaves behind.
    var isDetached = false
    var configuration: String?
    /// What is no option: a command of the third protocol.
    var words: [String] = []
    /// The command line as it came, for the process that `-d` leaves behind.
    var all: [String]

    /// - Throws: `Refusal` without a text for what is not known, as NVIDIA's program does it.
    init(_ arguments: [String], environment: (String) -> String?) throws(Refusal) {
        all = arguments
        var rest = arguments[...]
        while let argument = rest.first {
            // What follows a command's first word belongs to the command.
            guard argument.hasPrefix("-"), words.isEmpty else {
                words.append(argument)
                rest.removeFirst()
                continue
            }
            rest.removeFirst()
            switch argument {
            case "-h", "--help": action = .help
            case "-v", "--version": action = .version
            case "-d", "--daemon": action = .daemon
            case "-f", "--foreground": action = .foreground
            case "-q", "--quit": action = .quit
            case "-m", "--multiuser", "-multiuser-server", "--multiuser-server": isMultiUser = true
            case "--detached": isDetached = true
            case "-p", "--protocol":
                guard let version = rest.popFirst(), version == "2" || version == "3" else {
                    throw Refusal("Error: the protocol is 2 or 3")
                }
                isThird = version == "3"
            case "-a", "--apply":
                guard let file = rest.popFirst() else { throw Refusal("Error: --apply needs a file") }
                configuration = file
            case "-S", "--static-partitioning":
                throw Refusal("Error: static partitions are not simulated")
            default: throw Refusal("")
            }
        }
        // The variable wins over the option.
        switch environment("CUDA_MPS_PROTOCOL_VERSION") {
        case "2"?: isThird = false
        case "3"?: isThird = true
        default: break
        }
        guard configuration == nil || isThird else { throw Refusal("Error: --apply needs protocol 3") }
    }

    static let help = """
        usage: nvidia-cuda-mps-control [options]
               nvidia-cuda-mps-control <module> <verb> [arguments] [--key=value] [--flag]   (protocol 3)

          -h, --help              print this message
          -d, --daemon            start the daemon in the background
          -f, --foreground        start the daemon in the foreground
          -m, --multiuser         one server of the superuser for all users (-multiuser-server)
          -a, --apply <file>      apply a configuration (protocol 3)
          -p, --protocol <2|3>    the protocol; CUDA_MPS_PROTOCOL_VERSION wins over it
          -q, --quit              end the daemon and all its servers
          -v, --version           print the version

        Without an option commands are read from standard input (protocol 2): get_server_list,
        get_server_status PID, start_server -uid UID, shutdown_server PID [-f], get_client_list PID,
        get_device_client_list [PID], ps [-p PID], terminate_client SERVER CLIENT, quit [-t SECONDS],
        {get,set}_default_active_thread_percentage, {get,set}_active_thread_percentage,
        {get,set}_default_device_pinned_mem_limit, {get,set}_device_pinned_mem_limit,
        {get,set}_default_client_priority.

        Modules of protocol 3: server, namespace, client, device.
        """
}
