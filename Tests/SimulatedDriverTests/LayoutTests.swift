import CNVML
import CSimulatedDriver
import Testing

@Suite struct LayoutTests {
    @Test(arguments: [
        ("nvmlPciInfo_t", MemoryLayout<nvmlPciInfo_t>.size, 68),
        ("nvmlMemory_t", MemoryLayout<nvmlMemory_t>.size, 24),
        ("nvmlMemory_v2_t", MemoryLayout<nvmlMemory_v2_t>.size, 40),
        ("nvmlBAR1Memory_t", MemoryLayout<nvmlBAR1Memory_t>.size, 24),
        ("nvmlUtilization_t", MemoryLayout<nvmlUtilization_t>.size, 8),
        ("nvmlProcessInfo_t", MemoryLayout<nvmlProcessInfo_t>.size, 24),
        ("nvmlProcessUtilizationSample_t", MemoryLayout<nvmlProcessUtilizationSample_t>.size, 32),
        ("nvmlDeviceAttributes_t", MemoryLayout<nvmlDeviceAttributes_t>.size, 40),
        ("nvmlEventData_t", MemoryLayout<nvmlEventData_t>.size, 32),
        ("nvmlFieldValue_t", MemoryLayout<nvmlFieldValue_t>.size, 40),
    ])
    func `a structure has the size that the driver expects`(name: String, size: Int, expected: Int) {
        #expect(size == expected, "\(name)")
    }

    @Test func `a versioned structure carries its size and number`() {
        #expect(NVML_MEMORY_V2_VERSION == UInt32(MemoryLayout<nvmlMemory_v2_t>.size) | 2 << 24)
    }

    @Test func `live fields lie where the processor can reach them at once`() {
        #expect(MemoryLayout<DeviceModel>.offset(of: \.newestEvent)?.isMultiple(of: 8) == true)
        #expect(MemoryLayout<DeviceModel>.offset(of: \.processes)?.isMultiple(of: 8) == true)
        #expect(MemoryLayout<DeviceModel>.offset(of: \.servers)?.isMultiple(of: 8) == true)
        #expect(MemoryLayout<ModelServer>.stride.isMultiple(of: 8))
        #expect(MemoryLayout<ModelClient>.stride.isMultiple(of: 8))
        #expect(MemoryLayout<ModelProcess>.stride.isMultiple(of: 8))
        #expect(MemoryLayout<ModelGPU>.stride.isMultiple(of: 8))
    }

    @Test func `what is said to a control daemon has the same size on both sides`() {
        #expect(MemoryLayout<ServiceHello>.size == 16)
        #expect(MemoryLayout<ServiceWelcome>.size == 240)
    }
}
