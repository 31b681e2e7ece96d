import Glibc
import Presentation
import Synchronization

/// The terminal's other screen, as long as something draws on it; afterwards the terminal is as it was.
///
/// Ctrl-C and q arrive as keys, so that only a signal from elsewhere can end the program in between; those set a flag
/// that `wait` looks at.
struct FullScreen {
    enum Wake { case timeToDraw, leave }

    private static let isAsked = Atomic(false)
    private let before: termios

    init() {
        var settings = termios()
        tcgetattr(STDIN_FILENO, &settings)
        before = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        for number in [SIGTERM, SIGHUP, SIGINT] {
            signal(number) { _ in FullScreen.isAsked.store(true, ordering: .relaxed) }
        }
        // The alternate screen, without a cursor.
        Console.write("\u{1B}[?1049h\u{1B}[?25l", to: STDOUT_FILENO)
    }

    func leave() {
        Console.write("\u{1B}[?25h\u{1B}[?1049l", to: STDOUT_FILENO)
        var settings = before
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }

    /// Draws from the top, each line to the end of its row, no more rows than there are.
    func draw(_ lines: [String]) {
        let (columns, rows) = Console.size
        let shown = lines.prefix(max(rows - 1, 1)).map { $0.clipped(to: columns) + "\u{1B}[K" }
        Console.write("\u{1B}[H" + shown.joined(separator: "\r\n") + "\u{1B}[J", to: STDOUT_FILENO)
    }

    /// Returns when it is time for the next picture, or when q, Ctrl-C or a signal says that it is over.
    func wait(seconds: Double) -> Wake {
        var wanted = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        let count = poll(&wanted, 1, Int32(seconds * 1000))
        if Self.isAsked.load(ordering: .relaxed) { return .leave }
        guard count > 0 else { return .timeToDraw }
        var keys = [UInt8](repeating: 0, count: 64)
        let length = read(STDIN_FILENO, &keys, keys.count)
        guard length > 0 else { return .leave }
        let endOfText: UInt8 = 3
        let escape: UInt8 = 27
        let ends = keys[..<length].contains { $0 == UInt8(ascii: "q") || $0 == UInt8(ascii: "Q") || $0 == endOfText }
        return ends || (length == 1 && keys[0] == escape) ? .leave : .timeToDraw
    }
}
