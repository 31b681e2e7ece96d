extension SimulatedProfile {
    /// The version of the driver, and what it says of itself. Functions newer than it are not there.
    package struct Driver: Sendable, Equatable {
        package var version: String
        package var nvmlVersion: String
        /// 1000 * major + 10 * minor.
        package var cudaVersion: Int

        /// The first number of the version.
        package var branch: Int { version.split(separator: ".").first.flatMap { Int($0) } ?? 0 }

        /// One release of each branch that machines run.
        package static let all = [
            Driver(version: "535.261.03", nvmlVersion: "12.535.261.03", cudaVersion: 12020),
            Driver(version: "550.163.01", nvmlVersion: "12.550.163.01", cudaVersion: 12040),
            Driver(version: "560.35.05", nvmlVersion: "12.560.35.05", cudaVersion: 12060),
            Driver(version: "570.172.08", nvmlVersion: "12.570.172.08", cudaVersion: 12080),
            Driver(version: "575.57.08", nvmlVersion: "12.575.57.08", cudaVersion: 12090),
            Driver(version: "580.82.07", nvmlVersion: "13.580.82.07", cudaVersion: 13000),
            Driver(version: "590.48.01", nvmlVersion: "13.590.48.01", cudaVersion: 13010),
            Driver(version: "610.43.02", nvmlVersion: "13.610.43.02", cudaVersion: 13030),
            Driver(version: "615.71", nvmlVersion: "13.615.71", cudaVersion: 13040),
        ]

        static let r535 = all[0]
        static let r550 = all[1]
        static let r580 = all[5]

        /// The release of a branch: `535`, `r535` or a whole version.
        package static func named(_ name: String) throws(SimulationError) -> Driver {
            let wanted = name.hasPrefix("r") ? String(name.dropFirst()) : name
            guard let driver = all.first(where: { $0.version == wanted || String($0.branch) == wanted }) else {
                throw .unknownDriver(name, known: all.map { String($0.branch) })
            }
            return driver
        }
    }
}
