import Glibc
import Presentation
import SimulatedDevices

/// The simulated machines of a directory, by name.
struct SimulatedMachines {
    let root: String

    func open(_ name: String) throws -> SimulatedInstance {
        let directory = try path(of: name)
        guard Files.exists(directory) else {
            let known = SimulatedInstance.list(in: root).map(\.name)
            let meant = Suggestion.nearest(to: name, among: known).map { "did you mean \"\($0)\"?" }
            throw Failure(
                .notFound, "there is no simulated machine \"\(name)\" in \(root)",
                hint: meant ?? "make one: divvy sim start \(name)")
        }
        return try SimulatedInstance.open(at: directory)
    }

    /// The one that is meant when nobody says which: the only one that there is.
    func only() throws -> SimulatedInstance {
        let all = SimulatedInstance.list(in: root)
        if let machine = all.first, all.count == 1 { return machine }
        guard !all.isEmpty else {
            throw Failure(
                .notFound, "there is no simulated machine in \(root)", hint: "make one: divvy sim start dgx-a100")
        }
        throw Failure(
            .badUsage, "there are \(all.count) simulated machines: \(all.map(\.name).joined(separator: ", "))",
            hint: "say which: --machine \(all[0].name), or its name alone behind `divvy sim env`")
    }

    func make(profile: String, name: String) throws -> SimulatedInstance {
        let directory = try path(of: name)
        let profile = try Self.profile(profile)
        try Files.makeOwnDirectory(root)
        return try SimulatedInstance.create(
            profile: profile, at: directory, library: try Self.builtLibrary(), host: name == profile.name ? "" : name)
    }

    /// The machine of that profile, made when it is not there yet.
    func openOrMake(profile: String) throws -> SimulatedInstance {
        let directory = try path(of: profile)
        return Files.exists(directory)
            ? try SimulatedInstance.open(at: directory, library: try Self.builtLibrary())
            : try make(profile: profile, name: profile)
    }

    private func path(of name: String) throws -> String {
        guard !name.isEmpty, !name.hasPrefix("."), !name.contains("/"), name.utf8.count <= 64 else {
            throw Failure(.badUsage, "\"\(name)\" is no name of a simulated machine; use letters, digits and dashes")
        }
        return "\(root)/\(name)"
    }

    private static func profile(_ name: String) throws -> SimulatedProfile {
        do {
            return try SimulatedProfile.named(name)
        } catch {
            let meant = Suggestion.nearest(to: name, among: SimulatedProfile.all.map(\.name))
            throw Failure(.badData, "\(error)", hint: meant.map { "did you mean \"\($0)\"?" })
        }
    }

    /// The driver library that came with this program: beside it where it was built, in ../lib/divvy/simulated where it
    /// was installed, or where DIVVY_SIMULATED_DRIVER says.
    ///
    /// Neither place is one that a loader searches: a simulated driver is never taken for a real one by accident.
    static func builtLibrary() throws -> String {
        if let path = Console.environment["DIVVY_SIMULATED_DRIVER"], !path.isEmpty { return path }
        let directory = Host.executable.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        let candidates = ["\(directory)/../lib/divvy/simulated/libnvidia-ml.so.1", "\(directory)/libnvidia-ml.so"]
        guard let found = candidates.first(where: Files.exists) else {
            throw Failure(
                .failed,
                "the simulated driver's library is not there: looked for \(candidates.joined(separator: ", "))",
                hint: "install the whole of Divvy, or set DIVVY_SIMULATED_DRIVER to the library's path")
        }
        return found
    }
}
