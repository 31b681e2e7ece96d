package import Fleet

/// When the watchdog finds something, and what it does then.
package struct WatchdogSettings: Hashable, Sendable {
    package var unleased = WatchdogAction.warn
    package var misplaced = WatchdogAction.warn
    package var overMemory = WatchdogAction.warn
    package var overShare = WatchdogAction.warn
    /// Looks in a row, a second apart, that must agree before a process or too much memory is found, and before that is
    /// over. A process can be on a GPU for a moment before its container is known.
    package var samples = 3
    /// What each process of a lease may hold beyond the lease's memory. The driver counts its own part of a process, the
    /// context with its code and buffers, to the process, and leases are granted without it: 300 to 500 MiB on hardware.
    package var memorySlack = Bytes.mebibytes(512)
    /// Points of a hundred by which a lease may take more of a GPU's time than it grants.
    package var shareSlackPercent = 15
    /// For how long it must take too much before it is found, and keep to its share before that is over.
    package var shareAfter = Span(seconds: 10)
    /// Programs without a lease that are told of and never acted on, by the name of the program's file; the word `usual`
    /// stands for those that nobody wants to act on by accident.
    package var spared = [WatchdogSettings.usual]

    package init() {}

    package func action(for kind: Finding.Kind) -> WatchdogAction {
        switch kind {
        case .unleased: unleased
        case .misplaced: misplaced
        case .overMemory: overMemory
        case .overShare: overShare
        }
    }

    /// The programs that `spared` means.
    package var sparedPrograms: [String] {
        spared.flatMap { $0 == Self.usual ? Self.usuallySpared : [$0] }
    }

    package static let usual = "usual"

    /// Display servers, which take the machine's screen with them, and the driver's own services.
    private static let usuallySpared = [
        "Xorg", "Xwayland", "X", "gnome-shell", "kwin_wayland", "kwin_x11", "mutter", "weston", "sway", "Hyprland",
        "gdm", "sddm", "lightdm", "nvidia-persistenced", "nvidia-cuda-mps-control", "nvidia-cuda-mps-server",
        "nv-hostengine", "dcgm",
    ]
}
