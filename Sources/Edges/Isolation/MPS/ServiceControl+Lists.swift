import Fleet

/// What the control lists, one value a row, as `--format=csv,noheader` writes it.
extension ServiceControl {
    struct Server: Hashable {
        let name: String
        let pid: Int32?
        /// `Initializing`, `Ready`, or what is wrong with it.
        let status: String

        var isReady: Bool { status.lowercased() == "ready" }
        var isStarting: Bool { status.lowercased() == "initializing" }
    }

    struct Namespace: Hashable {
        let name: String
        /// As the control writes it, `10G`; nil where there is none.
        let memory: Bytes?
        /// In thousandths: `50.00` is 500; nil where there is none.
        let milli: Int32?
    }

    struct Client: Hashable {
        let pid: Int32
        let namespace: String
    }

    func servers() async throws(ServiceError) -> [Server] {
        Self.rows(try await ask("server", "list", "--format=csv,noheader"), 5).compactMap { fields in
            fields.count < 4 ? nil : Server(name: fields[0], pid: Int32(fields[2]), status: fields[3])
        }
    }

    func namespaces(of server: String) async throws(ServiceError) -> [Namespace] {
        let text = try await ask("namespace", "list", "--server=\(server)", "--format=csv,noheader")
        return Self.rows(text, 7).compactMap { fields in
            fields.count < 5
                ? nil : Namespace(name: fields[0], memory: Self.bytes(fields[3]), milli: Self.milli(fields[4]))
        }
    }

    func clients(of server: String) async throws(ServiceError) -> [Client] {
        // A command line may hold commas; it comes last.
        Self.rows(try await ask("client", "list", "--server=\(server)", "--format=csv,noheader"), 5)
            .compactMap { fields in
                guard fields.count >= 4, let pid = Int32(fields[0]) else { return nil }
                return Client(pid: pid, namespace: fields[3])
            }
    }

    /// `10240M` for ten GiB: whole KiB, never more than asked for.
    static func size(_ bytes: Bytes) -> String {
        let count = bytes.count
        if count % (1 << 30) == 0 { return "\(count >> 30)G" }
        return count % (1 << 20) == 0 ? "\(count >> 20)M" : "\(count >> 10)K"
    }

    static func bytes(_ text: String) -> Bytes? {
        guard let unit = text.last, let number = Int64(text.dropLast()), number >= 0 else { return nil }
        let shift: Int64? = ["K": 10, "M": 20, "G": 30][unit]
        guard let shift, number < Int64.max >> shift else { return nil }
        return Bytes(number << shift)
    }

    static func milli(_ percentage: String) -> Int32? {
        guard let value = Double(percentage), (0...100).contains(value) else { return nil }
        return Int32((value * 10).rounded())
    }

    private static func rows(_ text: String, _ columns: Int) -> [[String]] {
        text.split(separator: "\n").map { line in
            line.split(separator: ",", maxSplits: columns - 1, omittingEmptySubsequences: false).map { field in
                String(field.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
        }
    }
}
