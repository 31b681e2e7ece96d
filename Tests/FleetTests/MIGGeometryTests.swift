import Fleet
import Foundation
import Testing

struct MIGGeometryTests {
    private static func gpu(_ name: String, mebibytes: Int64) -> GPU {
        GPU(
            id: GPUID("GPU-0"), index: 0, minor: 0, name: name,
            memory: GPU.Memory(total: .mebibytes(mebibytes), reserved: .zero), computeCapability: nil,
            multiprocessors: nil, pciAddress: "", numaNode: nil, mig: .off)
    }

    @Test(arguments: [
        ("NVIDIA A100-SXM4-40GB", 40_960, "A100-40GB"), ("NVIDIA A100-PCIE-40GB", 40_960, "A100-40GB"),
        ("NVIDIA A100-SXM4-80GB", 81_920, "A100-80GB"), ("NVIDIA A100 80GB PCIe", 81_920, "A100-80GB"),
        ("NVIDIA A800-SXM4-80GB", 81_920, "A100-80GB"), ("NVIDIA H100 80GB HBM3", 81_559, "H100-80GB"),
        ("NVIDIA H100 PCIe", 81_559, "H100-80GB"), ("NVIDIA H100 NVL", 95_830, "H100-NVL-94GB"),
        ("NVIDIA H200", 143_771, "H200-141GB"), ("NVIDIA H200 NVL", 143_771, "H200-141GB"),
        ("NVIDIA B200", 183_359, "B200-180GB"), ("NVIDIA GB200", 189_471, "GB200-186GB"),
        ("NVIDIA B300 SXM6 AC", 275_040, "B300-288GB"), ("NVIDIA GB300", 284_208, "GB300"),
        ("NVIDIA A30", 24_576, "A30-24GB"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", 97_887, "RTX-PRO-6000-Blackwell-96GB"),
    ])
    func `a GPU is known by its model and its memory`(name: String, mebibytes: Int64, product: String) {
        #expect(MIGGeometry.of(Self.gpu(name, mebibytes: mebibytes))?.product == product)
    }

    @Test func `what cannot be cut, or is not known, has no geometry`() {
        #expect(MIGGeometry.of(Self.gpu("NVIDIA L40S", mebibytes: 46_068)) == nil)
        #expect(MIGGeometry.of(Self.gpu("NVIDIA A100X", mebibytes: 81_920)) == nil)
        #expect(MIGGeometry.of(Self.gpu("NVIDIA H100 with more", mebibytes: 120_000)) == nil)
        #expect(MIGGeometry.of(Self.gpu("NVIDIA A300", mebibytes: 24_576)) == nil)
        #expect(MIGGeometry.named("A100-60GB") == nil)
    }

    @Test func `a profile is found by its name and by its id`() throws {
        let h200 = try #require(MIGGeometry.named("H200-141GB"))
        #expect(h200.profile("3g.71gb")?.id == 9)
        #expect(h200.profile("9")?.name == "3g.71gb")
        #expect(h200.profile("1G.18GB+ME")?.id == 20)
        #expect(h200.profile("0")?.name == "7g.141gb")
        #expect(h200.profile("3g.40gb") == nil)
        #expect(h200.profile("1") == nil)
        #expect(h200.position(of: "14") == 3)
        #expect(h200.position(of: "") == nil)
    }

    @Test(arguments: MIGGeometry.all)
    func `profiles lie within their GPU`(geometry: MIGGeometry) {
        #expect(Set(geometry.profiles.map(\.id)).count == geometry.profiles.count)
        #expect(Set(geometry.profiles.map(\.name)).count == geometry.profiles.count)
        for profile in geometry.profiles {
            #expect(profile.computeSlices <= geometry.computeSlices)
            #expect(profile.starts == profile.starts.sorted() && !profile.starts.isEmpty)
            #expect(profile.starts.allSatisfy { $0 >= 0 && $0 + profile.memorySlices <= geometry.memorySlices })
            let part = Int64(profile.memorySlices) * Int64(geometry.gigabytes) << 30
            #expect(profile.memory.count * Int64(geometry.memorySlices) <= part, "\(profile.name)")
            #expect(profile.memory.count * Int64(geometry.memorySlices) > part * 85 / 100, "\(profile.name)")
        }
    }

    @Test(.enabled(if: MIGData.isExpected, MIGData.missing))
    func `the tables carry the collected figures over`() throws {
        let products = try MIGData.products()
        #expect(Set(products.keys) == Set(MIGGeometry.all.map(\.product)))
        for geometry in MIGGeometry.all {
            let product = try #require(products[geometry.product])
            #expect(geometry.computeSlices == product.computeSlices)
            #expect(geometry.memorySlices == product.memorySlices)
            #expect(Set(geometry.profiles.map(\.name)) == Set(product.profiles.map(\.profile)))
            for listed in product.profiles {
                let mine = try #require(geometry.profile(listed.profile))
                let label: Comment = "\(geometry.product) \(listed.profile)"
                #expect(mine.id == listed.nvidiaSmiProfileId, label)
                #expect(mine.computeSlices == listed.computeSlices, label)
                #expect(mine.memorySlices == listed.memorySlices, label)
                #expect(mine.starts == listed.starts, label)
                #expect(mine.maximum == listed.maxInstances, label)
                let multiprocessors = MIGData.relisted[geometry.product]?[mine.id] ?? listed.sms
                if let multiprocessors { #expect(mine.multiprocessors == multiprocessors, label) }
                guard let reported = listed.memoryGiBReported else { continue }
                #expect(mine.isMemoryListed, label)
                #expect(abs(Double(mine.memory.count) / 1_073_741_824 - reported) < 0.01, label)
            }
        }
    }
}

/// The figures that were collected of MIG: beside the checkout in shared/data, or where DIVVY_DATA says.
private enum MIGData {
    struct Product: Decodable {
        struct Profile: Decodable {
            let profile: String
            let nvidiaSmiProfileId: Int
            let computeSlices: Int
            let memorySlices: Int
            let starts: [Int]
            let maxInstances: Int
            let memoryGiBReported: Double?
            let sms: Int?
        }

        let computeSlices: Int
        let memorySlices: Int
        let profiles: [Profile]
    }

    /// Multiprocessors by profile id that listings on these products show and the collected file, by proportion, has
    /// not.
    static let relisted = [
        "H100-80GB": [15: 26, 9: 60], "H100-NVL-94GB": [15: 26, 9: 60], "H200-141GB": [15: 26, 9: 60],
        "B200-180GB": [15: 30],
    ]

    static let file: String? = {
        let environment = ProcessInfo.processInfo.environment
        var folders = environment["DIVVY_DATA"].map { [$0] } ?? []
        var place = URL(fileURLWithPath: #filePath)
        while place.path != "/" {
            place.deleteLastPathComponent()
            folders.append(place.appendingPathComponent("shared/data").path)
        }
        return folders.map { $0 + "/mig_tables.json" }.first { FileManager.default.fileExists(atPath: $0) }
    }()

    /// Whether the comparison runs: where the file is, and always in CI, so that it fails there and does not skip.
    static let isExpected = file != nil || ProcessInfo.processInfo.environment["CI"] == "true"

    static let missing: Comment =
        "mig_tables.json is not beside this checkout (shared/data), nor in the folder that DIVVY_DATA names"

    static func products() throws -> [String: Product] {
        let path = try #require(file, missing)
        return try JSONDecoder().decode([String: Product].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
