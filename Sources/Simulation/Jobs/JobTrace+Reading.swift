import Fleet

/// How a file of jobs is written.
package enum JobFormat: String, Hashable, Sendable, CaseIterable {
    /// The published trace: `timestamp,duration,num_gpus,gpu_time,cluster`, whole GPUs, a queue for each cluster.
    case philly
    /// Columns by name; `submit`, `duration` and `gpus` must be there.
    case csv
}

extension JobTrace {
    /// The longest time that a column may hold: a hundred years.
    private static let longest = 3_155_760_000.0

    /// Reads a file's text; the name is for error messages.
    package static func read(
        _ text: String, format: JobFormat, named name: String = "trace"
    ) throws(TraceError) -> JobTrace {
        let trace =
            switch format {
            case .philly: try philly(text, name)
            case .csv: try csv(text, name)
            }
        guard !trace.jobs.isEmpty else { throw TraceError("\(name) has no job that runs and holds a GPU") }
        return trace
    }

    /// Jobs without a GPU are left out.
    private static func philly(_ text: String, _ name: String) throws(TraceError) -> JobTrace {
        let rows = try CSVText(text, name: name, needing: ["timestamp", "duration", "num_gpus", "cluster"])
        var queues = NameTable()
        var jobs: [Job] = []
        jobs.reserveCapacity(rows.rows.count)
        for row in rows.rows {
            let reader = FieldReader(rows, row, name)
            let gpus = try rows.number("num_gpus", of: row, in: 0...100_000)
            let submit = try reader.timeOfDay("timestamp")
            let duration = try reader.seconds("duration", in: 0...longest)
            guard gpus > 0 else { continue }
            var job = Job(submit: submit, duration: duration, gpus: Int(gpus))
            job.queue = queues.place(of: rows.text("cluster", of: row))
            job.tenant = job.queue
            jobs.append(job)
        }
        return JobTrace(jobs, queues: queues, tenants: queues)
    }

    private static let columns = [
        "submit", "duration", "gpus", "share", "memory_gib", "nodes", "limit", "priority", "model", "queue", "tenant",
    ]

    private static func csv(_ text: String, _ name: String) throws(TraceError) -> JobTrace {
        let rows = try CSVText(text, name: name, needing: ["submit", "duration", "gpus"], known: columns)
        var (queues, tenants) = (NameTable(), NameTable())
        var jobs: [Job] = []
        jobs.reserveCapacity(rows.rows.count)
        for row in rows.rows {
            let reader = FieldReader(rows, row, name)
            let has = { (column: String) in !rows.text(column, of: row).isEmpty }
            var job = Job(
                submit: try reader.seconds("submit", in: 0...longest),
                duration: try reader.seconds("duration", in: 0...longest),
                gpus: Int(try rows.number("gpus", of: row, in: 1...100_000)))
            if has("share") {
                let parts = try reader.decimal("share", in: 0.001...1)
                job.share = Share(milli: Int32((parts * 1000).rounded()))
                job.used = job.share
            }
            if has("memory_gib") {
                let gibibytes = try reader.decimal("memory_gib", in: 0...100_000)
                job.memory = Bytes(Int64((gibibytes * 1_073_741_824).rounded()))
            }
            if has("nodes") {
                let nodes = Int(try rows.number("nodes", of: row, in: 1...100_000))
                guard job.gpus % nodes == 0 else {
                    throw TraceError(
                        "\(name):\(row.line): nodes is \"\(nodes)\", which does not divide gpus \"\(job.gpus)\"; "
                            + "each node gives the same number")
                }
                job.nodes = nodes
            }
            if has("limit") { job.limit = try reader.seconds("limit", in: 1...longest) }
            if has("priority") { job.priority = Int(try rows.number("priority", of: row, in: -1000...1000)) }
            job.model = String(rows.text("model", of: row)).lowercased()
            job.queue = queues.place(of: has("queue") ? rows.text("queue", of: row) : "default")
            job.tenant = tenants.place(of: has("tenant") ? rows.text("tenant", of: row) : "default")
            jobs.append(job)
        }
        return JobTrace(jobs, queues: queues, tenants: tenants)
    }

    private init(_ jobs: [Job], queues: NameTable, tenants: NameTable) {
        let (queueNames, queuePlaces) = queues.sorted()
        let (tenantNames, tenantPlaces) = tenants.sorted()
        self.init(
            jobs.map { job in
                var job = job
                job.queue = queuePlaces[job.queue]
                job.tenant = tenantPlaces[job.tenant]
                return job
            }, queues: queueNames, tenants: tenantNames)
    }
}

/// Reads fields of one line that are no whole numbers.
private struct FieldReader {
    private let text: CSVText
    private let row: CSVText.Row
    private let name: String

    init(_ text: CSVText, _ row: CSVText.Row, _ name: String) {
        self.text = text
        self.row = row
        self.name = name
    }

    func decimal(_ column: String, in range: ClosedRange<Double>) throws(TraceError) -> Double {
        let field = text.text(column, of: row)
        guard let number = Double(field), range.contains(number) else {
            let (low, high) = (Self.short(range.lowerBound), Self.short(range.upperBound))
            throw refusal(column, field, "a number from \(low) to \(high)")
        }
        return number
    }

    /// Whole numbers without the point that doubles are written with.
    private static func short(_ number: Double) -> String {
        number == number.rounded() ? "\(Int64(number))" : "\(number)"
    }

    func seconds(_ column: String, in range: ClosedRange<Double>) throws(TraceError) -> Span {
        Span(nanoseconds: Int64(((try decimal(column, in: range)) * 1e9).rounded()))
    }

    /// `2017-10-09 07:01:55`, as a span since 1970, days being all equally long.
    func timeOfDay(_ column: String) throws(TraceError) -> Span {
        let field = text.text(column, of: row)
        guard let span = Self.timeOfDay(field) else {
            throw refusal(column, field, "a time such as 2017-10-09 07:01:55")
        }
        return span
    }

    private func refusal(_ column: String, _ field: Substring, _ accepted: String) -> TraceError {
        TraceError("\(name):\(row.line): \(column) is \"\(field)\"; it takes \(accepted)")
    }

    private static func timeOfDay(_ text: Substring) -> Span? {
        let halves = text.split(separator: " ", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        func numbers(_ text: Substring, _ mark: Character) -> [Int64] {
            text.split(separator: mark, omittingEmptySubsequences: false).compactMap { part in
                part.utf8.allSatisfy { (48...57).contains($0) } && part.utf8.count <= 4 ? Int64(part) : nil
            }
        }
        let (date, time) = (numbers(halves[0], "-"), numbers(halves[1], ":"))
        guard date.count == 3, time.count == 3, (1...12).contains(date[1]), (1...31).contains(date[2]),
            time[0] < 24, time[1] < 60, time[2] < 61
        else { return nil }
        let days = daysSince1970(year: date[0], month: date[1], day: date[2])
        return Span(seconds: days * 86_400 + time[0] * 3600 + time[1] * 60 + time[2])
    }

    /// The Gregorian calendar, counted in years that begin in March, so that the leap day is the last.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let monthFromMarch = (month + 9) % 12
        return year * 365 + year / 4 - year / 100 + year / 400 + (monthFromMarch * 153 + 2) / 5 + day - 1 - 719_468
    }
}
