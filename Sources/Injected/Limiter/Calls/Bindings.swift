import CLimiter
import CLimiterShim

// Sparse arrays and multicast objects, parts of which get memory of handles, and keep it.

/// Mixes words to the key of a part. No address is odd.
private func mixed(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
    return product ^ product >> 29
}

/// A `CUarrayMapInfo`.
private struct MapInfo {
    let words: UnsafeMutablePointer<UInt64>

    static var size: UInt64 { 96 }
    var array: UInt64 { words[1] }
    var isMapping: Bool { UInt32(truncatingIfNeeded: words[7]) == 1 }
    var handle: UInt64 { words[8] }
    var offset: UInt64 { words[9] }
    private var isTail: Bool { UInt32(truncatingIfNeeded: words[2]) == 1 }
    /// What tells the part of the array apart: the array, the kind of part, and where it is. What is between the fields, or
    /// behind those of a tail, may be anything.
    var key: UInt64 {
        var hash = mixed(array, isTail ? 1 : 0)
        hash = mixed(hash, isTail ? words[3] & 0xFFFF_FFFF : words[3])
        for index in 4..<(isTail ? 6 : 7) { hash = mixed(hash, words[index]) }
        return hash | 1
    }
}

@c(hook_mapArray) public func hookMapArray(
    _ real: UInt32, _ list: UInt64, _ count: UInt64, _ stream: UInt64
) -> Int32 {
    let status = real3(real, list, count, stream)
    guard status == Answer.success, load32(&state.pointee.state) == 1 else { return status }
    take_lock(&state.pointee.tableLock)
    defer { give_lock(&state.pointee.tableLock) }
    for index in 0..<(count & 0xFFFF_FFFF) {
        guard let words: UnsafeMutablePointer<UInt64> = place(list &+ index &* MapInfo.size) else { return status }
        let info = MapInfo(words: words)
        // What was there goes, whatever comes.
        if let before = Handles.mappings.find(info.key) { Handles.unmap(before) }
        if info.isMapping { Handles.map(info.handle, at: info.key, info.array, upTo: info.offset) }
    }
    return status
}

extension Handles {
    /// Nothing is mapped there any more; the lock is held.
    static func unmap(_ mapping: UnsafeMutablePointer<Cell>) {
        let handle = mapping.pointee.context
        mappings.remove(mapping)
        changeLocked(handle) { $0.pointee.context -= min(1, $0.pointee.context) }
    }

    /// An array is gone, with all that was mapped to it.
    static func unmapAll(ofArray array: UInt64) {
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        unmapAllLocked(of: array)
    }

    /// The same for an array or a multicast object, while the lock is held.
    static func unmapAllLocked(of owner: UInt64) {
        while let mapping = mappings.first(where: { $0.pointee.key & 1 == 1 && $0.pointee.size == owner }) {
            unmap(mapping)
        }
    }
}

// MARK: Multicast objects

private enum Multicasts {
    static func key(_ object: UInt64, _ device: Int32, _ offset: UInt64) -> UInt64 {
        mixed(mixed(object, UInt64(UInt32(bitPattern: device))), offset) | 1
    }

    /// Notes what is bound; without a device it is that of the memory.
    static func bind(
        _ status: Int32, _ object: UInt64, on device: UInt64?, at offset: UInt64, _ handle: UInt64, upTo end: UInt64
    ) -> Int32 {
        guard status == Answer.success, load32(&state.pointee.state) == 1,
            let place = device.map({ Int32(truncatingIfNeeded: $0) }) ?? memoryDevice(of: handle)
        else { return status }
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        Handles.map(handle, at: key(object, place, offset), object, upTo: end)
        return status
    }

    /// The handle that is mapped at an address, and how far into it that is.
    static func handle(at address: UInt64) -> (handle: UInt64, offset: UInt64) {
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        let found =
            Handles.mappings.find(address)
            ?? Handles.mappings.first {
                $0.pointee.key & 1 == 0 && address >= $0.pointee.key && address - $0.pointee.key < $0.pointee.size
            }
        return found.map { ($0.pointee.context, address - $0.pointee.key) } ?? (0, 0)
    }
}

@c(hook_createMulticast) public func hookCreateMulticast(
    _ real: UInt32, _ result: UInt64, _ properties: UInt64
) -> Int32 {
    let status = real2(real, result, properties)
    guard status == Answer.success, Limiter.isReady else { return status }
    let object = written(result)
    take_lock(&state.pointee.tableLock)
    defer { give_lock(&state.pointee.tableLock) }
    Handles.all.make(object)?.pointee = Cell(
        key: object, size: 0, context: 0, gpu: 0, count: 1, flags: CELL_MULTICAST)
    return status
}

@c(hook_bindMemory) public func hookBindMemory(
    _ real: UInt32, _ object: UInt64, _ offset: UInt64, _ handle: UInt64, _ from: UInt64, _ size: UInt64,
    _ flags: UInt64
) -> Int32 {
    let status = real6(real, object, offset, handle, from, size, flags)
    return Multicasts.bind(status, object, on: nil, at: offset, handle, upTo: Sizes.sum(from, size))
}

@c(hook_bindMemoryOn) public func hookBindMemoryOn(
    _ real: UInt32, _ object: UInt64, _ device: UInt64, _ offset: UInt64, _ handle: UInt64, _ from: UInt64,
    _ size: UInt64, _ flags: UInt64
) -> Int32 {
    let status = real7(real, object, device, offset, handle, from, size, flags)
    return Multicasts.bind(status, object, on: device, at: offset, handle, upTo: Sizes.sum(from, size))
}

@c(hook_bindAddress) public func hookBindAddress(
    _ real: UInt32, _ object: UInt64, _ offset: UInt64, _ address: UInt64, _ size: UInt64, _ flags: UInt64
) -> Int32 {
    let status = real5(real, object, offset, address, size, flags)
    let (handle, from) = Multicasts.handle(at: address)
    return Multicasts.bind(status, object, on: nil, at: offset, handle, upTo: Sizes.sum(from, size))
}

@c(hook_bindAddressOn) public func hookBindAddressOn(
    _ real: UInt32, _ object: UInt64, _ device: UInt64, _ offset: UInt64, _ address: UInt64, _ size: UInt64,
    _ flags: UInt64
) -> Int32 {
    let status = real6(real, object, device, offset, address, size, flags)
    let (handle, from) = Multicasts.handle(at: address)
    return Multicasts.bind(status, object, on: device, at: offset, handle, upTo: Sizes.sum(from, size))
}

@c(hook_unbind) public func hookUnbind(
    _ real: UInt32, _ object: UInt64, _ device: UInt64, _ offset: UInt64, _ size: UInt64
) -> Int32 {
    let status = real4(real, object, device, offset, size)
    guard status == Answer.success, load32(&state.pointee.state) == 1 else { return status }
    take_lock(&state.pointee.tableLock)
    defer { give_lock(&state.pointee.tableLock) }
    let key = Multicasts.key(object, Int32(truncatingIfNeeded: device), offset)
    if let mapping = Handles.mappings.find(key) { Handles.unmap(mapping) }
    return status
}
