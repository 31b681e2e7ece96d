public import CSimulatedCUDA
import CSimulatedDriver

@c public func cuDeviceGetAttribute(
    _ value: UnsafeMutablePointer<Int32>?, _ attribute: Int32, _ device: CUdevice
) -> CUresult {
    withDevice(device) { gpu in
        guard attribute > 0, attribute < 162 else { return CUDA_ERROR_INVALID_VALUE }
        if attribute == 16 { return give(Int32(Part.multiprocessors(number(of: device))), to: value) }
        return give(DeviceAttribute.value(attribute, gpu.pointee), to: value)
    }
}

/// What a GPU can do, by the numbers of `CUdevice_attribute`.
enum DeviceAttribute {
    static func value(_ attribute: Int32, _ gpu: ModelGPU) -> Int32 {
        size(attribute, gpu) ?? ability(attribute, gpu)
    }

    /// Limits and sizes.
    private static func size(_ attribute: Int32, _ gpu: ModelGPU) -> Int32? {
        switch attribute {
        case 1, 2, 3: attribute == 3 ? 64 : 1024
        case 4: 1024
        case 5: Int32.max
        case 6, 7: 65535
        case 8: 49152
        case 9: 65536
        case 10: 32
        case 11: Int32.max
        case 12, 82: 65536
        case 13: Int32(gpu.clocksMax.sm) * 1000
        case 14, 51: 512
        case 16: Int32(gpu.multiprocessors)
        case 21, 22: 131_072
        case 23: 65536
        case 24, 25, 26: 16384
        case 33: Int32(gpu.pci.bus)
        case 34: Int32(gpu.pci.device)
        case 50: Int32(gpu.pci.domain)
        case 36: Int32(gpu.clocksMax.memory) * 1000
        case 37: Int32(gpu.memoryBusWidth)
        case 38: secondCache(gpu)
        case 39: threads(gpu)
        case 40: Int32(gpu.copyEngines)
        case 75: Int32(gpu.computeMajor)
        case 76: Int32(gpu.computeMinor)
        case 81: sharedMemory(gpu)
        case 97: sharedMemory(gpu) - 1024
        case 106: threads(gpu) == 2048 ? 32 : 24
        case 108: secondCache(gpu) * 3 / 4
        case 109: 1 << 27
        case 111: gpu.computeMajor >= 8 ? 1024 : 0
        case 87: gpu.computeMajor >= 8 && gpu.computeMinor == 0 ? 2 : 32
        case 126: 1
        case 134: gpu.numaNode
        case 139: Int32(bitPattern: gpu.pci.deviceID)
        case 140: Int32(bitPattern: gpu.pci.subsystemID)
        default: nil
        }
    }

    /// Whether something works; 1 or 0.
    private static func ability(_ attribute: Int32, _ gpu: ModelGPU) -> Int32 {
        switch attribute {
        // Overlap, mapped host memory, concurrent kernels, unified addresses, stream priorities, caches, managed
        // memory, preemption, memory operations of streams, cooperative launches, registered host memory, VMM and its export by
        // descriptor, pools.
        case 15, 19, 31, 41, 78, 79, 80, 83, 89, 90, 91, 92, 93, 94, 95, 99, 102, 103, 115, 122, 123: 1
        case 17: Int32(gpu.displaySupported)
        case 20: Int32(gpu.computeMode)
        case 32: Int32(gpu.eccSupported)
        case 120: gpu.computeMajor >= 9 ? 1 : 0
        default: 0
        }
    }

    private static func threads(_ gpu: ModelGPU) -> Int32 {
        switch (gpu.computeMajor, gpu.computeMinor) {
        case (7, 5): 1024
        case (8, 0), (9, _), (10, _), (7, _): 2048
        default: 1536
        }
    }

    private static func sharedMemory(_ gpu: ModelGPU) -> Int32 {
        switch (gpu.computeMajor, gpu.computeMinor) {
        case (7, 0): 98304
        case (7, _): 65536
        case (8, 0): 167_936
        case (9, _), (10, _): 233_472
        default: 102_400
        }
    }

    private static func secondCache(_ gpu: ModelGPU) -> Int32 {
        switch gpu.computeMajor {
        case 7: 6 << 20
        case 8: gpu.computeMinor == 0 ? 40 << 20 : 72 << 20
        case 9: 50 << 20
        default: 126 << 20
        }
    }
}
