#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file of a cgroup that holds its processes back, and what is written to it.
struct CgroupFile: Hashable {
    let path: String
    /// What it says now.
    let before: String
    /// What it says while nobody is held back, for a file that is found as we would have left it.
    let usual: String
    /// What holds the processes back.
    let held: String

    /// What freezes a cgroup: `cgroup.freeze` in the unified hierarchy (Linux 5.2), `freezer.state` in the freezer's;
    /// kernel.org/doc/html/latest/admin-guide/cgroup-v2.html and cgroup-v1/freezer-subsystem.html.
    static func freezing(_ cgroup: Cgroup) -> CgroupFile? {
        if let before = cgroup.text("cgroup.freeze") {
            return CgroupFile(path: "\(cgroup.directory)/cgroup.freeze", before: before, usual: "0", held: "1")
        }
        guard let before = cgroup.text("freezer.state") else { return nil }
        return CgroupFile(
            path: "\(cgroup.directory)/freezer.state", before: before == "FREEZING" ? "FROZEN" : before,
            usual: "THAWED", held: "FROZEN")
    }

    /// What gives a cgroup a tenth of a processor: `cpu.max` in the unified hierarchy, `cpu.cfs_quota_us` in the
    /// processor's; microseconds of each period.
    static func throttling(_ cgroup: Cgroup) -> CgroupFile? {
        if let before = cgroup.text("cpu.max") {
            return CgroupFile(
                path: "\(cgroup.directory)/cpu.max", before: before, usual: "max 100000", held: "10000 100000")
        }
        guard let before = cgroup.text("cpu.cfs_quota_us"),
            let period = cgroup.text("cpu.cfs_period_us").flatMap({ Int($0) })
        else { return nil }
        return CgroupFile(
            path: "\(cgroup.directory)/cpu.cfs_quota_us", before: before, usual: "-1", held: "\(max(period / 10, 1000))"
        )
    }

    /// Why it could not be written; nil when it was.
    static func write(_ text: String, to path: String) -> String? {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return String(cString: strerror(errno)) }
        defer { closeDescriptor(file) }
        return HostFiles.write(text, to: file) ? nil : String(cString: strerror(errno))
    }
}
