import CSimulatedCUDA
import CSimulatedDriver

/// Memory limits of cgroups, which drivers from r615 on enforce: what the processes of a cgroup and of those below it
/// hold together stays below its hard limit, for every cgroup above the process.
enum Limits {
    struct Room {
        /// What the process may still take, and what the narrowest limit is, in bytes.
        var left = UInt64.max
        var whole = UInt64.max
    }

    /// Whether there is any limit on the GPU; all that a charge costs where there is none.
    private static func areThere(_ gpu: UInt32) -> Bool {
        guard model.pointee.driverBranch >= 615 else { return false }
        return withUnsafeMutablePointer(to: &model.pointee.limits) { limits in
            let slots = UnsafeMutableRawPointer(limits).assumingMemoryBound(to: ModelMemoryLimit.self)
            for slot in 0..<Int(MODEL_MEMORY_LIMITS) {
                if model_load_64(&slots[slot].key) >> 48 == UInt64(gpu) + 1 { return true }
            }
            return false
        }
    }

    static func room(_ gpu: UInt32) -> Room {
        var room = Room()
        guard areThere(gpu) else { return room }
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 32) { numbers in
            guard let own = numbers.baseAddress else { return }
            let count = cgroups_of_process(0, own, 32)
            for index in 0..<Int(count) {
                var limit = ModelMemoryLimit()
                guard model_read_limit(model, gpu, own[index], &limit), limit.hard != .max else { continue }
                let used = memory(gpu, ofGroup: own[index])
                room.left = min(room.left, used < limit.hard ? limit.hard - used : 0)
                room.whole = min(room.whole, limit.hard)
            }
        }
        return room
    }

    /// What the processes of a cgroup hold, those in other PID namespaces too, who have left word of their cgroups.
    private static func memory(_ gpu: UInt32, ofGroup group: UInt64) -> UInt64 {
        var bytes = process.pointee.isForeign == 0 ? model_cgroup_memory(model, gpu, group) : 0
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            var entry = ModelProcess()
            guard model_read_process(model_process(model, slot), &entry), model_owner_is_on(entry.owner, gpu) else {
                continue
            }
            let pid = model_owner_pid(entry.owner)
            // Where pids of the model's namespace mean nothing, all that can be seen are those who left word.
            guard pid & 0x8000_0000 != 0, let member = time_process(process.pointee.time, pid & 0x7FFF_FFFF) else {
                continue
            }
            for place in 0..<UInt32(TIME_CGROUP_LIMIT) where time_cgroup(member, place).pointee == group {
                bytes += entry.memory
            }
        }
        return bytes
    }

    /// Leaves word of this process's cgroups.
    static func tell(_ member: UnsafeMutablePointer<TimeProcess>) {
        for place in 0..<UInt32(TIME_CGROUP_LIMIT) { time_cgroup(member, place).pointee = 0 }
        _ = cgroups_of_process(0, time_cgroup(member, 0), UInt32(TIME_CGROUP_LIMIT))
    }
}
