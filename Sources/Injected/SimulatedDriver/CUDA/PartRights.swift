import CSimulatedCUDA
import CSimulatedDriver

/// Who may use which part of a GPU in MIG mode: whoever can open the nodes that stand for its GPU instance and its
/// compute instance.
///
/// On the machine itself a node that nobody has made yet keeps nobody out: a driver makes it when it is first needed. A
/// container has what was put into its `/dev`, and nothing else.
enum PartRights {
    static func mayUse(gpu: UInt32, instance: UInt32, compute: UInt32) -> Bool {
        // Numbered as the kernel module does it: two for administration, then fifteen GPU instances for each GPU, each
        // with eight compute instances behind it.
        let first = 3 + (gpu * 15 + instance) * 9
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4200) { buffer in
            guard let path = buffer.baseAddress else { return false }
            let isContainer = !findMachine(path)
            if isContainer { strcpy(path, "/dev") }
            strcat(path, "/nvidia-caps/nvidia-cap")
            return opens(path, first, isContainer) && opens(path, first + 1 + compute, isContainer)
        }
    }

    /// Writes the directory of device nodes beside the library; false where there is none.
    private static func findMachine(_ path: UnsafeMutablePointer<CChar>) -> Bool {
        guard driver_own_path(path, 4000) else { return false }
        if let slash = strrchr(path, 47) { slash.pointee = 0 } else { strcpy(path, ".") }
        strcat(path, "/../dev")
        let length = strlen(path)
        strcat(path, "/nvidiactl")
        let isThere = access(path, F_OK) == 0
        path[length] = 0
        return isThere
    }

    private static func opens(_ path: UnsafeMutablePointer<CChar>, _ number: UInt32, _ mustExist: Bool) -> Bool {
        let length = strlen(path)
        defer { path[length] = 0 }
        append(decimal: number, to: path)
        if !mustExist, access(path, F_OK) != 0 { return true }
        let node = open_file(path, false)
        guard node >= 0 else { return false }
        close(node)
        return true
    }
}
