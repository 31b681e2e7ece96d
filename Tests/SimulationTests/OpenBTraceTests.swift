import Placement
import Simulation
import Testing

@Suite struct `Reading traces` {
    private static let nodes = "sn,cpu_milli,memory_mib,gpu,model\na,64000,262144,2,P100\nb,96000,393216,8,G2\n"
    private static let heading = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"

    private static func read(nodes: String = nodes, pods: String) throws(TraceError) -> OpenBTrace {
        try OpenBTrace(nodes: nodes, named: "nodes.csv", pods: pods, named: "pods.csv")
    }

    @Test func `nodes and pods become kinds, pods in the order of their names`() throws {
        let trace = try Self.read(
            pods: Self.heading + "p2,1000,10,1,500,\np1,2000,20,2,1000,G2|P100\np3,1000,10,1,500,\np0,4000,1,0,0,\n")
        #expect(trace.nodes.count == 2)
        #expect(trace.capacityMilli == 10_000)
        #expect(trace.kinds.count == 3)
        #expect(trace.pods == [2, 1, 0, 0])
        #expect(trace.kinds[1].models == 0b11)
        #expect(trace.kinds[0].models == RequestKind.anyModel)
    }

    @Test func `nodes come in the order of their names`() throws {
        let trace = try Self.read(
            nodes: "sn,cpu_milli,memory_mib,gpu,model\nb,2000,1,2,T4\na,1000,1,4,G2\n",
            pods: Self.heading + "p,1,1,1,500,\n")
        #expect(trace.nodes.map(\.cpuMilli) == [1000, 2000])
    }

    @Test func `as published, models count as they are written, but not for a pod without a GPU`() throws {
        let trace = try Self.read(
            pods: Self.heading + "p0,1000,1,1,500,G2|P100\np1,1000,1,1,500,G2|P100|P100\np2,1000,1,1,500,P100\n"
                + "p3,1000,1,0,0,G2\np4,1000,2,0,0,\n")
        #expect(trace.kinds.count == 4, "what fits is the same for both spellings, and memory counts")
        #expect(trace.mix.all.map(\.count) == [2, 1, 1, 1])
        #expect(trace.mix.all.map(\.request.models) == [RequestKind.anyModel, 0b01, 0b11, 0b11])
    }

    @Test func `lines may end as on Windows`() throws {
        let windows = Self.nodes.split(separator: "\n").joined(separator: "\r\n") + "\r\n"
        #expect(try Self.read(nodes: windows, pods: Self.heading + "p,1,1,1,500,\r\n").nodes.count == 2)
    }

    @Test(arguments: [
        ("", "pods.csv is empty"),
        ("name,cpu_milli\n", "pods.csv has no column memory_mib"),
        (heading + "p,1000,10\n", "pods.csv:2: 3 fields where 6 are named"),
        (heading + "p,1000,10,1,1500,\n", "pods.csv:2: gpu_milli is \"1500\"; it takes a whole number from 0 to 1000"),
        (heading + "p,-1,10,1,500,\n", "pods.csv:2: cpu_milli is \"-1\""),
        (heading + "p,1000,10,2,500,\n", "pods.csv:2: 2 GPUs of 500 thousandths"),
        (heading + "p,1000,10,9,1000,\n", "pods.csv:2: num_gpu is \"9\""),
        (heading + "p,1000,10,0,0,\n", "pods.csv has no pod that asks for a GPU"),
    ])
    func `what is wrong with a file is said with its line`(pods: String, words: String) {
        #expect {
            try Self.read(pods: pods)
        } throws: { error in
            "\(error)".hasPrefix(words)
        }
    }
}
