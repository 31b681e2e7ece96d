import Fleet
import Placement

/// Nodes and requests that tests of pools are made of.
enum Sample {
    static func gpu(
        _ index: Int, on node: String = "box", name: String = "NVIDIA A100-SXM4-40GB", gibibytes: Int64 = 40,
        numa: Int? = nil, mig: GPU.MIGMode = .off
    ) -> GPU {
        GPU(
            id: GPUID(node == "box" ? "GPU-\(index)" : "GPU-\(node)-\(index)"), index: index, minor: index, name: name,
            memory: .init(total: .gibibytes(gibibytes), reserved: .mebibytes(512)), computeCapability: "8.0",
            multiprocessors: 108, pciAddress: "", numaNode: numa, mig: mig)
    }

    static func room(
        _ gpus: [GPU], name: String = "box", links: [[Link]] = [], conditions: [GPUCondition]? = nil
    ) -> NodeRoom {
        let node = Node(name: name, driver: nil, gpus: gpus, links: links, cpuAffinity: [], whyEmpty: nil)
        return NodeRoom(NodeObservation(node: node, conditions: conditions ?? gpus.map { _ in .good }))
    }

    static func room(_ count: Int, name: String = "box", mig: GPU.MIGMode = .off) -> NodeRoom {
        room((0..<count).map { gpu($0, on: name, mig: mig) }, name: name)
    }

    /// So many alike nodes.
    static func pool(nodes: Int, gpus: Int, mig: GPU.MIGMode = .off) -> Pool {
        Pool((0..<nodes).map { room(gpus, name: "n\($0)", mig: mig) })
    }

    static func request(_ text: String) throws -> Request {
        try RequestParser.parse(arguments: text.split(separator: " ").map(String.init)).0
    }

    /// Takes a share of a GPU.
    static func share(_ node: Int, _ gpu: Int, _ milli: Int32, _ gibibytes: Int64) -> PoolPlacement {
        PoolPlacement(parts: [
            .init(
                node: node,
                grants: [.init(gpu: gpu, share: Share(milli: milli), memory: .gibibytes(gibibytes))])
        ])
    }
}

extension Pool {
    /// Finds and takes; the nodes and GPUs, nil where it fits nowhere.
    mutating func place(_ text: String, by policy: PolicyName = .bestFit) throws -> [String]? {
        let request = try Sample.request(text)
        guard let placement = find(request, by: policy) else { return nil }
        take(placement, for: request)
        return placement.spots
    }
}

extension PoolPlacement {
    /// `node/gpu` of each grant.
    var spots: [String] { parts.flatMap { part in part.grants.map { "\(part.node)/\($0.gpu)" } } }
}
