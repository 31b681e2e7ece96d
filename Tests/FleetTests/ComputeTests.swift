import Testing

@testable import Fleet

@Suite struct `An amount of compute` {
    private func gpu(_ name: String) -> GPU {
        GPU(
            id: GPUID("GPU-0"), index: 0, minor: 0, name: name, memory: .init(total: .gibibytes(40), reserved: .zero),
            computeCapability: nil, multiprocessors: nil, pciAddress: "", numaNode: nil, mig: .off)
    }

    @Test(
        arguments: [
            ("NVIDIA A100-SXM4-40GB", 312_000), ("NVIDIA A100 80GB PCIe", 312_000), ("Tesla T4", 65_000),
            ("NVIDIA H100 80GB HBM3", 989_400), ("NVIDIA H100 PCIe", 756_000), ("NVIDIA H100 NVL", 835_500),
            ("NVIDIA H200", 989_400), ("NVIDIA L40S", 362_000), ("NVIDIA L40", 181_000), ("NVIDIA B200", 2_250_000),
            ("Tesla V100-SXM2-32GB", 125_000), ("Tesla V100-PCIE-16GB", 112_000), ("NVIDIA A30", 165_000),
            ("NVIDIA GeForce RTX 4090", 165_200), ("NVIDIA GeForce RTX 3090 Ti", 80_000),
            ("NVIDIA RTX A6000", 154_800), ("NVIDIA RTX 6000 Ada Generation", 364_200),
        ] as [(String, Int64)]) func `is known of a model by the name that its driver tells`(
            name: String, gigaflops: Int64
        )
    {
        #expect(ComputeTable.gigaflops(of: gpu(name).model) == gigaflops)
    }

    @Test(arguments: ["NVIDIA A1000", "NVIDIA H1000", "Some Card", "", "NVIDIA L4000"])
    func `is not guessed for a model that nobody wrote down`(name: String) {
        #expect(ComputeTable.gigaflops(of: gpu(name).model) == nil)
        #expect(Compute.gigaflops(1000).share(of: gpu(name)) == nil)
    }

    @Test func `is a larger share of a smaller GPU, rounded up`() {
        #expect(Compute.gigaflops(40_000).share(of: gpu("NVIDIA A100-SXM4-40GB")) == Share(milli: 129))
        #expect(Compute.gigaflops(40_000).share(of: gpu("Tesla T4")) == Share(milli: 616))
        #expect(Compute.ofModel(milli: 500, model: "a100").share(of: gpu("NVIDIA A100-SXM4-40GB")) == Share(milli: 500))
        #expect(Compute.ofModel(milli: 500, model: "a100").share(of: gpu("NVIDIA A30")) == Share(milli: 946))
        #expect(Compute.ofModel(milli: 1000, model: "h100").share(of: gpu("NVIDIA A30")) == Share(milli: 5997))
        #expect(Compute.gigaflops(1).share(of: gpu("NVIDIA B200")) == Share(milli: 1))
    }
}
