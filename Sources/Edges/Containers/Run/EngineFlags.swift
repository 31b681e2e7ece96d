/// Which options of `docker run` and `podman run` stand alone; all others take a value.
///
/// One table serves both engines: no option means a flag to one and a value to the other.
enum EngineFlags {
    static let long: Set<String> = [
        "detach", "disable-content-trust", "env-host", "help", "http-proxy", "init", "interactive", "no-healthcheck",
        "no-hostname", "no-hosts", "oom-kill-disable", "passwd", "privileged", "publish-all", "quiet", "read-only",
        "read-only-tmpfs", "replace", "rm", "rmi", "rootfs", "sig-proxy", "tls-verify", "tty", "unsetenv-all",
        "use-api-socket",
    ]

    static let short: [Character: String] = [
        "d": "detach", "i": "interactive", "P": "publish-all", "q": "quiet", "t": "tty",
    ]

    /// The long names of the short options that matter here and take a value.
    static let shortWithValue: [Character: String] = ["e": "env", "l": "label", "v": "volume"]
}
