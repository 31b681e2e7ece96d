import Glibc
import Presentation

/// The two streams that people and programs read: data on standard output, everything else on standard error.
enum Console {
    static let environment = readEnvironment()

    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    static func palette(noColor: Bool = false, forErrors: Bool = false) -> Palette {
        Palette(
            isTerminal: forErrors ? errorIsTerminal : outputIsTerminal, noColorFlag: noColor, environment: environment)
    }

    /// Columns and rows of the terminal; 80 by 24 where there is none.
    static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    static func print(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        write(lines.joined(separator: "\n") + "\n", to: STDOUT_FILENO)
    }

    static func print(_ line: String) { print([line]) }

    /// A message for people; it never mixes with data.
    static func note(_ line: String) { write("\(line)\n", to: STDERR_FILENO) }

    static func report(_ failure: Failure) {
        for line in failure.lines(palette: palette(forErrors: true)) { note(line) }
    }

    /// Writes everything.
    ///
    /// A reader that has gone away ends this process like SIGPIPE would; a failing device is status 74.
    static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno == EPIPE {
                exit(128 + SIGPIPE)
            } else if errno == EAGAIN {
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wanted, 1, -1)
            } else if errno != EINTR {
                exit(ExitStatus.inputOutput.rawValue)
            }
        }
    }

    private static func readEnvironment() -> [String: String] {
        var result: [String: String] = [:]
        for entry in environmentEntries {
            guard let equals = entry.firstIndex(of: "=") else { continue }
            result[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
        }
        return result
    }

    /// `NAME=value` as the kernel gave them to this process.
    static var environmentEntries: [String] {
        var entries: [String] = []
        // Nothing in this process changes its environment, so the array and its strings stay as they are.
        var pointer = environ
        while let entry = pointer.pointee {
            entries.append(String(cString: entry))
            pointer += 1
        }
        return entries
    }
}
