import Engine
import LimiterAgent

/// A library of ours and the one of the driver that it takes the place of.
struct LimiterStage: Sendable {
    /// The driver's name for it, before `.so`: `libcuda`.
    let name: String
    /// What the driver's own is called where programs of a lease still find it.
    let realName: String
    /// Ours, as it was built.
    let built: String
    let isFence: Bool

    static func all(_ settings: LimiterSettings) -> [LimiterStage] {
        [
            settings.builtLibrary.map {
                LimiterStage(name: "libcuda", realName: LimiterLibrary.realName, built: $0, isFence: true)
            },
            settings.builtView.map {
                LimiterStage(name: "libnvidia-ml", realName: LimiterLibrary.realNVMLName, built: $0, isFence: false)
            },
        ].compactMap { $0 }
    }
}
