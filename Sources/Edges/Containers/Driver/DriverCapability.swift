/// What a container wants to do with a GPU, in the words of `NVIDIA_DRIVER_CAPABILITIES`, and what that takes of the
/// driver.
package enum DriverCapability: String, CaseIterable, Hashable, Sendable {
    case compute
    case utility
    case video
    case graphics
    case display
    case ngx

    /// The capabilities that a request's words name: `all` is all, none is compute and utility. Management is always
    /// among them: it is small, and programs that cannot ask what they run on fail in strange ways.
    package static func named(_ words: [String]) -> Set<DriverCapability> {
        if words.contains("all") { return Set(allCases) }
        let named = Set(words.compactMap(DriverCapability.init))
        return named.isEmpty ? [.compute, .utility] : named.union([.utility])
    }

    /// The libraries' names before `.so`, after libnvidia-container's `src/nvc_info.c`.
    var libraries: [String] {
        switch self {
        case .utility: ["libnvidia-ml", "libnvidia-cfg", "libnvidia-nscq"]
        case .compute:
            [
                "libcuda", "libcudadebugger", "libnvidia-opencl", "libnvidia-gpucomp", "libnvidia-ptxjitcompiler",
                "libnvidia-fatbinaryloader", "libnvidia-allocator", "libnvidia-compiler", "libnvidia-pkcs11",
                "libnvidia-pkcs11-openssl3", "libnvidia-nvvm", "libnvidia-nvvm70", "libnvidia-tileiras",
            ]
        case .video: ["libvdpau_nvidia", "libnvidia-encode", "libnvidia-opticalflow", "libnvcuvid"]
        case .graphics, .display:
            [
                "libnvidia-eglcore", "libnvidia-glcore", "libnvidia-tls", "libnvidia-glsi", "libnvidia-fbc",
                "libnvidia-ifr", "libnvidia-rtcore", "libnvoptix", "libGLX_nvidia", "libEGL_nvidia", "libGLESv2_nvidia",
                "libGLESv1_CM_nvidia", "libnvidia-glvkspirv", "libnvidia-cbl", "libnvidia-gpucomp",
            ]
        case .ngx: ["libnvidia-ngx"]
        }
    }

    var programs: [String] {
        switch self {
        case .utility: ["nvidia-smi", "nvidia-debugdump", "nvidia-persistenced"]
        case .compute: ["nvidia-cuda-mps-control", "nvidia-cuda-mps-server"]
        case .video, .graphics, .display, .ngx: []
        }
    }

    /// Files that other libraries find the driver's by.
    var configurations: [String] {
        switch self {
        case .compute: ["/etc/OpenCL/vendors/nvidia.icd"]
        case .graphics, .display:
            [
                "/usr/share/glvnd/egl_vendor.d/10_nvidia.json", "/usr/share/vulkan/icd.d/nvidia_icd.json",
                "/etc/vulkan/icd.d/nvidia_icd.json", "/usr/share/vulkan/implicit_layer.d/nvidia_layers.json",
                "/etc/vulkan/implicit_layer.d/nvidia_layers.json",
            ]
        case .utility, .video, .ngx: []
        }
    }

    /// Device nodes that are not one GPU's, besides `nvidiactl`.
    var deviceNodes: [String] {
        switch self {
        case .compute: ["nvidia-uvm", "nvidia-uvm-tools"]
        case .graphics, .display: ["nvidia-modeset"]
        case .utility, .video, .ngx: []
        }
    }
}
