import Fleet
import Placement

/// A small pool drawn at random, with its oracle.
struct RandomPool {
    var pool: Pool
    var oracle: PoolOracle
    private var generator: TestGenerator

    init(seed: UInt64) {
        var generator = TestGenerator(state: seed)
        let models: [(name: String, gibibytes: Int64, mig: GPU.MIGMode)] = [
            ("NVIDIA A100-SXM4-40GB", 40, .off), ("NVIDIA A100-SXM4-40GB", 40, .on), ("NVIDIA A30", 24, .on),
            ("Tesla T4", 15, .unsupported), ("NVIDIA L40S", 45, .unsupported), ("Some Card", 24, .unsupported),
        ]
        var machines: [PoolOracle.Machine] = []
        for node in 0..<(1 + generator.below(4)) {
            let usual = generator.pick(models)
            let isMixed = generator.below(3) == 0
            let count = generator.below(8) == 0 ? 0 : 1 + generator.below(4)
            let gpus = (0..<count).map { index in
                let model = isMixed ? generator.pick(models) : usual
                return Sample.gpu(
                    index, on: "n\(node)", name: model.name, gibibytes: model.gibibytes, numa: generator.below(2),
                    mig: model.mig)
            }
            var links = [[Link]](
                repeating: [Link](repeating: Link(path: .unknown, nvlinks: 0), count: count), count: count)
            for row in 0..<count {
                for column in 0..<count where row < column {
                    let path: Link.Path = generator.pick([.oneSwitch, .hostBridge, .acrossNUMANodes, .sameBoard])
                    links[row][column] = Link(path: path, nvlinks: generator.pick([0, 0, 4]))
                    links[column][row] = links[row][column]
                }
            }
            machines.append(
                PoolOracle.Machine(
                    gpus: gpus,
                    conditions: gpus.map { _ in
                        GPUCondition(
                            health: generator.below(12) == 0 ? .unhealthy(reason: "no") : .healthy,
                            foreignMemory: generator.below(6) == 0
                                ? .gibibytes(Int64(1 + generator.below(12))) : .zero)
                    },
                    links: links, drained: gpus.map { _ in generator.below(16) == 0 },
                    isDrained: generator.below(12) == 0))
        }
        pool = Pool(
            machines.enumerated().map { index, machine in
                let node = Node(
                    name: "n\(index)", driver: nil, gpus: machine.gpus, links: machine.links, cpuAffinity: [],
                    whyEmpty: nil)
                return NodeRoom(
                    NodeObservation(node: node, conditions: machine.conditions),
                    drained: Set(zip(machine.gpus, machine.drained).filter(\.1).map(\.0.id)))
            })
        for (index, machine) in machines.enumerated() where machine.isDrained { pool.setDrained(true, node: index) }
        pool.seed = generator.next()
        oracle = PoolOracle(nodes: machines)
        self.generator = generator
        if generator.below(2) == 0 { pool.mix = DemandMix((0..<20).compactMap { _ in request() }) }
    }

    /// A plain request for shares and memory: many of these on few GPUs leave compute without memory, and memory without
    /// compute.
    mutating func plainRequest() -> Request? {
        var words = ["--gpus", generator.pick(["0.1", "0.25", "0.5", "0.77", "0.9", "1", "2x0.3"])]
        if generator.below(3) > 0 {
            words += [
                "--gpu-memory", generator.pick(["1GiB", "2GiB", "5GiB", "10GiB", "14GiB", "20GiB", "2GiB..9GiB"]),
            ]
        }
        if generator.below(6) == 0 { words[1] = "1xmemory" }
        return try? RequestParser.parse(arguments: words).0
    }

    mutating func below(_ bound: Int) -> Int { generator.below(bound) }

    /// A request as somebody might write it; nil where its parts contradict each other.
    mutating func request() -> Request? {
        var words: [String] = []
        var gpus = generator.pick(["", "", "", "a100", "t4,l40s", "l40s", "h100", "40GiB", "24GiB.."])
        let count = generator.pick(["1", "1", "1", "2", "3", "all", "1..3", "2.."])
        let portion = generator.below(10)
        switch portion {
        case 0...2: gpus += (gpus.isEmpty ? "" : ":") + count
        case 3...5:
            let share = generator.pick(["0.25", "0.5", "0.3", "0.77", "0.1"])
            gpus += (gpus.isEmpty ? "" : ":") + (count == "1" ? share : "\(count)x\(share)")
        case 6: gpus += (gpus.isEmpty ? "" : ":") + "\(count)xmemory"
        case 7:
            gpus += (gpus.isEmpty ? "" : ":") + count
            words += ["--compute", generator.pick(["40tflops", "0.5xa100", "0.2xl40s", "500tflops", "1xa30"])]
        default:
            gpus += (gpus.isEmpty ? "" : ":") + count
            words += [
                "--slice",
                generator.pick([
                    "1g.5gb", "2g.10gb", "3g.20gb", "1g.5gb+me", "3g.20gb,1g.5gb", "1g.6gb", "2g.12gb,1g.6gb", "19",
                    "7g.40gb", "9g.99gb",
                ]),
            ]
        }
        if generator.below(12) == 0 {
            let name = generator.pick(["0", "1", "GPU-n0-0", "GPU-n1-1", "GPU-n9-9"])
            gpus = "device=\(name),count=" + (portion <= 2 || portion == 7 ? "1" : "1x0.5")
        }
        words += ["--gpus", gpus]
        if portion == 6 || generator.below(4) == 0 {
            words += ["--gpu-memory", generator.pick(["4GiB", "10GiB", "5GiB..20GiB", "..8GiB", "12GiB..", "39GiB"])]
        }
        if generator.below(5) == 0 { words += ["--nodes", generator.pick(["2", "2", "3"])] }
        if generator.below(4) == 0 {
            words += ["--topology", generator.pick(["nvlink", "same-switch", "same-numa", "any"])]
        }
        if generator.below(4) == 0 {
            words += ["--anti-affinity", generator.pick(["a", "b", "node:a", "node:b"])]
        }
        if generator.below(10) == 0 { words += ["--grade", generator.pick(["exclusive", "partitioned", "enforced"])] }
        return try? RequestParser.parse(arguments: words).0
    }
}
