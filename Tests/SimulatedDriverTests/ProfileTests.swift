import SimulatedDevices
import Testing

@Suite struct ProfileTests {
    /// What NVIDIA publishes of the boards, and what its tool shows of them.
    @Test(
        arguments: [
            ("dgx-a100", 8, "NVIDIA A100-SXM4-40GB", 0x20B0, 40960, 108, (8, 0), 12),
            ("dgx-a100-80gb", 8, "NVIDIA A100-SXM4-80GB", 0x20B2, 81920, 108, (8, 0), 12),
            ("dgx-h100", 8, "NVIDIA H100 80GB HBM3", 0x2330, 81559, 132, (9, 0), 18),
            ("hgx-h200", 8, "NVIDIA H200", 0x2335, 143_771, 132, (9, 0), 18),
            ("b200", 8, "NVIDIA B200", 0x2901, 183_359, 148, (10, 0), 18),
            ("8x-l40s", 8, "NVIDIA L40S", 0x26B9, 46068, 142, (8, 9), 0),
            ("2x-rtx-4090", 2, "NVIDIA GeForce RTX 4090", 0x2684, 24564, 128, (8, 9), 0),
            ("2x-rtx-a6000", 2, "NVIDIA RTX A6000", 0x2230, 49140, 84, (8, 6), 4),
            ("2x-a30", 2, "NVIDIA A30", 0x20B7, 24576, 56, (8, 0), 0),
            ("dgx-1-v100", 8, "Tesla V100-SXM2-32GB", 0x1DB5, 32768, 80, (7, 0), 6),
            ("4x-t4", 4, "Tesla T4", 0x1EB8, 15360, 40, (7, 5), 0),
            ("mixed", 4, "NVIDIA A100-PCIE-40GB", 0x20F1, 40960, 108, (8, 0), 0),
        ] as [(String, Int, String, Int, Int, Int, (Int, Int), Int)])
    func `boards are what they are called`(
        name: String, count: Int, model: String, device: Int, memory: Int, multiprocessors: Int,
        capability: (Int, Int), links: Int
    ) throws {
        let profile = try SimulatedProfile.named(name)
        let board = profile.seats[0].board
        #expect(profile.seats.count == count)
        #expect(board.name == model)
        #expect(board.pciDeviceID == UInt32(device) << 16 | 0x10DE)
        #expect(board.memory.total == memory)
        #expect(board.multiprocessors == multiprocessors)
        #expect(board.computeCapability == capability)
        let most = profile.seats.indices.map { other in
            profile.seats.indices.reduce(0) { sum, index in
                index == other ? sum : max(sum, profile.nvlinks(other, index))
            }
        }
        switch profile.nvlink {
        case .none: #expect(links == 0)
        case .switched(let perGPU, _, _, _, _):
            #expect(perGPU == links)
            #expect(most.allSatisfy { $0 == links })
        case .direct(let perGPU, _, _, _):
            #expect(perGPU == links)
            // Every link of a GPU ends at another one.
            for gpu in profile.seats.indices {
                #expect(profile.seats.indices.reduce(0) { $0 + profile.nvlinks(gpu, $1) } == links)
            }
        }
    }

    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `nothing contradicts itself`(name: String) throws {
        let profile = try SimulatedProfile.named(name)
        #expect(Set(profile.seats.map(\.pciBus)).count == profile.seats.count)
        let serials = profile.seats.map(\.serial).filter { !$0.isEmpty }
        #expect(Set(serials).count == serials.count)
        for (first, seat) in profile.seats.enumerated() {
            let board = seat.board
            #expect(board.memory.reserved < board.memory.total / 20)
            #expect(board.power.idle < board.power.least || board.power.idle < board.power.standard)
            #expect((board.power.least...board.power.most).contains(board.power.standard))
            #expect(board.idleClocks.graphics < board.maximalClocks.graphics)
            #expect((board.maximalClocks.graphics - board.idleClocks.graphics) % 15 == 0)
            #expect(board.temperature.busy < board.temperature.slowdown)
            #expect(board.temperature.slowdown < board.temperature.shutdown)
            for (second, other) in profile.seats.enumerated() {
                #expect(profile.pathLevel(first, second) == profile.pathLevel(second, first))
                #expect(profile.nvlinks(first, second) == profile.nvlinks(second, first))
                // CPUs belong to one NUMA node.
                let (own, others) = (Set(seat.cpus.joined()), Set(other.cpus.joined()))
                #expect(seat.numaNode == other.numaNode ? own == others : own.isDisjoint(with: others))
            }
            for slice in board.slices {
                #expect(slice.memory <= board.memory.total)
                #expect(slice.multiprocessors <= board.multiprocessors)
                #expect(slice.starts.allSatisfy { $0 + slice.slots <= 8 })
                #expect(slice.limit <= slice.starts.count)
            }
            #expect(Set(board.slices.map(\.id)).count == board.slices.count)
            #expect(Set(board.slices.map(\.number)).count == board.slices.count)
        }
    }

    /// `nvidia-smi mig -lgipp` of an A100, as NVIDIA's guide prints it.
    @Test func `placements of the A100 are those of the guide`() throws {
        let slices = try SimulatedProfile.named("dgx-a100").seats[0].board.slices
        #expect(
            slices.map { "\($0.name) \($0.id) {\($0.starts.map(String.init).joined(separator: ","))}:\($0.slots)" } == [
                "1g.5gb 19 {0,1,2,3,4,5,6}:1", "1g.5gb+me 20 {0,1,2,3,4,5,6}:1", "1g.10gb 15 {0,2,4,6}:2",
                "2g.10gb 14 {0,2,4}:2", "3g.20gb 9 {0,4}:4", "4g.20gb 5 {0}:4", "7g.40gb 0 {0}:8",
            ])
    }
}
