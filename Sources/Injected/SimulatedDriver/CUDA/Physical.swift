import CSimulatedCUDA

typealias PhysicalHandle = UnsafeMutablePointer<DriverPhysical>

/// Memory without addresses: what VMM handles mean, and what came from outside of the driver. It lives as long as
/// anybody has a handle or a mapping; `memoryLock` is held.
enum Physical {
    /// Makes memory on a GPU, or on the host when there is no device.
    static func make(_ size: UInt64, _ device: Int32?) -> PhysicalHandle? {
        guard let physical = Slots.make(DriverPhysical.self) else { return nil }
        physical.pointee.size = size
        physical.pointee.device = device ?? -1
        physical.pointee.file = -1
        if let device {
            physical.pointee.gpu = process_gpu(process, UInt32(device)).pointee
            guard Books.charge(gpu: physical.pointee.gpu, size) else {
                Slots.free(physical)
                return nil
            }
            physical.pointee.isCharged = 1
        }
        physical.pointee.file = open_memory_file(Int(size))
        physical.pointee.handles = 1
        guard physical.pointee.file >= 0 else {
            leave(physical)
            return nil
        }
        enter(physical)
        return physical
    }

    /// Takes part in memory that another process made, or that came from outside. The file becomes the driver's.
    static func adopt(file: Int32, _ size: UInt64, isExternal: Bool) -> PhysicalHandle? {
        var known = process.pointee.physicals
        let inode = file_number(file)
        while let each = known, !isExternal {
            if each.pointee.inode == inode {
                each.pointee.handles += 1
                close(file)
                return each
            }
            known = each.pointee.next
        }
        guard let physical = Slots.make(DriverPhysical.self) else { return nil }
        physical.pointee.size = size
        physical.pointee.file = file
        physical.pointee.isExternal = isExternal ? 1 : 0
        physical.pointee.handles = 1
        physical.pointee.prop.type = Int32(CU_MEM_ALLOCATION_TYPE_PINNED)
        physical.pointee.prop.location.type = Int32(CU_MEM_LOCATION_TYPE_DEVICE)
        enter(physical)
        return physical
    }

    private static func enter(_ physical: PhysicalHandle) {
        physical.pointee.inode = file_number(physical.pointee.file)
        physical.pointee.next = process.pointee.physicals
        process.pointee.physicals = physical
        physical.pointee.tag = UInt32(TAG_PHYSICAL)
    }

    /// What a number that a program passes means.
    static func of(_ handle: UInt64) -> PhysicalHandle? {
        guard handle % 16 == 0, let physical = PhysicalHandle(bitPattern: UInt(handle)) else { return nil }
        var known = process.pointee.physicals
        while let each = known {
            if each == physical { return each }
            known = each.pointee.next
        }
        return nil
    }

    static func release(_ physical: PhysicalHandle) {
        guard physical.pointee.handles > 0 else { return }
        physical.pointee.handles -= 1
        endIfUnused(physical)
    }

    /// A mapping goes.
    static func leave(_ physical: PhysicalHandle) {
        if physical.pointee.mappings > 0 { physical.pointee.mappings -= 1 } else { physical.pointee.handles = 0 }
        endIfUnused(physical)
    }

    private static func endIfUnused(_ physical: PhysicalHandle) {
        guard physical.pointee.handles == 0, physical.pointee.mappings == 0 else { return }
        if process.pointee.physicals == physical {
            process.pointee.physicals = physical.pointee.next
        } else {
            var before = process.pointee.physicals
            while let other = before, other.pointee.next != physical { before = other.pointee.next }
            before?.pointee.next = physical.pointee.next
        }
        if physical.pointee.file >= 0 { close(physical.pointee.file) }
        if physical.pointee.isCharged != 0 { Books.refund(gpu: physical.pointee.gpu, physical.pointee.size) }
        Slots.free(physical)
    }
}
