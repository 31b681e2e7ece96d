package import Placement

/// Nodes and pods as the published traces of the openb family list them.
package struct OpenBTrace: Sendable {
    /// In the order of their names.
    package let nodes: [NodeKind]
    /// The distinct kinds of requests.
    package let kinds: [RequestKind]
    /// For each pod, in the order of their names, its kind.
    package let pods: [Int]
    package let mix: RequestMix
    /// All GPUs of the nodes, in thousandths.
    package let capacityMilli: Int64

    /// Reads the two files' text; the names are for error messages.
    package init(
        nodes nodeText: String, named nodeFile: String = "nodes", pods podText: String, named podFile: String = "pods"
    ) throws(TraceError) {
        var models: [Substring: UInt8] = [:]
        let nodeRows = try CSVText(
            nodeText, name: nodeFile, needing: ["sn", "cpu_milli", "memory_mib", "gpu", "model"])
        var namedNodes: [(name: Substring, kind: NodeKind)] = []
        for row in nodeRows.rows {
            let name = nodeRows.text("model", of: row)
            if models[name] == nil {
                guard models.count < 64 else { throw TraceError("\(nodeFile):\(row.line): more than 64 GPU models") }
                models[name] = UInt8(models.count)
            }
            let node = NodeKind(
                cpuMilli: try nodeRows.number("cpu_milli", of: row, in: 0...100_000_000),
                memoryMiB: try nodeRows.number("memory_mib", of: row, in: 0...1_000_000_000),
                gpus: try nodeRows.number("gpu", of: row, in: 0...Int32(Cluster.mostGPUs)),
                model: models[name] ?? 0)
            namedNodes.append((nodeRows.text("sn", of: row), node))
        }
        namedNodes.sort { $0.name < $1.name }
        let nodes = namedNodes.map(\.kind)
        guard nodes.contains(where: { $0.gpus > 0 }) else { throw TraceError("\(nodeFile) has no node with a GPU") }
        self.nodes = nodes

        let rows = try CSVText(
            podText, name: podFile, needing: ["name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli"])
        var places: [RequestKind: Int] = [:]
        var kinds: [RequestKind] = []
        var named: [(name: Substring, kind: Int)] = []
        var groups = PublishedGroups()
        named.reserveCapacity(rows.rows.count)
        for row in rows.rows {
            let gpus = try rows.number("num_gpu", of: row, in: 0...Int32(Cluster.mostGPUs))
            let milli = try rows.number("gpu_milli", of: row, in: 0...1000)
            guard gpus < 2 || milli == 1000, gpus == 0 || milli > 0 else {
                throw TraceError(
                    "\(podFile):\(row.line): \(gpus) GPUs of \(milli) thousandths; only one GPU can be asked for in part"
                )
            }
            let spec = rows.text("gpu_spec", of: row)
            let kind = RequestKind(
                cpuMilli: try rows.number("cpu_milli", of: row, in: 0...100_000_000),
                memoryMiB: try rows.number("memory_mib", of: row, in: 0...1_000_000_000),
                gpuMilli: gpus == 0 ? 0 : milli, gpus: gpus, models: Self.models(spec, among: models))
            let place = places[kind] ?? kinds.count
            if place == kinds.count {
                places[kind] = place
                kinds.append(kind)
            }
            named.append((rows.text("name", of: row), place))
            groups.add(kind, spec: spec)
        }
        guard named.contains(where: { kinds[$0.kind].needsGPU }) else {
            throw TraceError("\(podFile) has no pod that asks for a GPU")
        }
        named.sort { $0.name < $1.name }
        pods = named.map(\.kind)
        self.kinds = kinds
        mix = RequestMix(ordered: groups.ordered)
        capacityMilli = Self.capacity(of: nodes)
    }

    init(nodes: [NodeKind], kinds: [RequestKind], pods: [Int], mix: RequestMix) {
        self.nodes = nodes
        self.kinds = kinds
        self.pods = pods
        self.mix = mix
        capacityMilli = Self.capacity(of: nodes)
    }

    private static func capacity(of nodes: [NodeKind]) -> Int64 { nodes.reduce(0) { $0 + Int64($1.gpus) * 1000 } }

    /// A bit for each model of "A|B"; all bits where nothing is said. A model that no node has gets no bit.
    private static func models(_ text: Substring, among known: [Substring: UInt8]) -> UInt64 {
        guard !text.isEmpty else { return RequestKind.anyModel }
        return text.split(separator: "|").reduce(0) { mask, name in mask | (known[name].map { 1 << UInt64($0) } ?? 0) }
    }
}
