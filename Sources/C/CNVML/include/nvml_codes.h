/// Return codes, enumerations and bit masks of NVML.
#ifndef DIVVY_NVML_CODES_H
#define DIVVY_NVML_CODES_H

#include <stdint.h>

/// What every call returns. A driver newer than this list may return other values: keep a default case.
typedef enum nvmlReturn_enum {
    NVML_SUCCESS = 0,
    NVML_ERROR_UNINITIALIZED = 1,
    NVML_ERROR_INVALID_ARGUMENT = 2,
    NVML_ERROR_NOT_SUPPORTED = 3,
    NVML_ERROR_NO_PERMISSION = 4,
    NVML_ERROR_ALREADY_INITIALIZED = 5,
    NVML_ERROR_NOT_FOUND = 6,
    /// The buffer or the list is too short; list calls store the length that is needed.
    NVML_ERROR_INSUFFICIENT_SIZE = 7,
    NVML_ERROR_INSUFFICIENT_POWER = 8,
    NVML_ERROR_DRIVER_NOT_LOADED = 9,
    NVML_ERROR_TIMEOUT = 10,
    NVML_ERROR_IRQ_ISSUE = 11,
    NVML_ERROR_LIBRARY_NOT_FOUND = 12,
    NVML_ERROR_FUNCTION_NOT_FOUND = 13,
    NVML_ERROR_CORRUPTED_INFOROM = 14,
    /// The GPU has fallen off the bus.
    NVML_ERROR_GPU_IS_LOST = 15,
    NVML_ERROR_RESET_REQUIRED = 16,
    NVML_ERROR_OPERATING_SYSTEM = 17,
    /// The user-space library and the kernel module are of different driver versions.
    NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18,
    NVML_ERROR_IN_USE = 19,
    NVML_ERROR_MEMORY = 20,
    NVML_ERROR_NO_DATA = 21,
    NVML_ERROR_VGPU_ECC_NOT_SUPPORTED = 22,
    NVML_ERROR_INSUFFICIENT_RESOURCES = 23,
    NVML_ERROR_FREQ_NOT_SUPPORTED = 24,
    /// The `version` field of a versioned structure is not one that this driver knows.
    NVML_ERROR_ARGUMENT_VERSION_MISMATCH = 25,
    NVML_ERROR_DEPRECATED = 26,
    NVML_ERROR_NOT_READY = 27,
    NVML_ERROR_GPU_NOT_FOUND = 28,
    NVML_ERROR_INVALID_STATE = 29,
    NVML_ERROR_RESET_TYPE_NOT_SUPPORTED = 30,
    NVML_ERROR_UNKNOWN = 999
} nvmlReturn_t;

typedef enum nvmlEnableState_enum {
    NVML_FEATURE_DISABLED = 0,
    NVML_FEATURE_ENABLED = 1
} nvmlEnableState_t;

/// The nearest common ancestor of two GPUs; a smaller number is a shorter way.
typedef enum nvmlGpuTopologyLevel_enum {
    NVML_TOPOLOGY_INTERNAL = 0,
    /// One PCIe switch (`PIX`).
    NVML_TOPOLOGY_SINGLE = 10,
    /// Several PCIe switches, no host bridge (`PXB`).
    NVML_TOPOLOGY_MULTIPLE = 20,
    /// One host bridge (`PHB`).
    NVML_TOPOLOGY_HOSTBRIDGE = 30,
    /// One NUMA node (`NODE`).
    NVML_TOPOLOGY_NODE = 40,
    /// The interconnect between NUMA nodes (`SYS`).
    NVML_TOPOLOGY_SYSTEM = 50
} nvmlGpuTopologyLevel_t;

typedef enum nvmlGpuP2PCapsIndex_enum {
    NVML_P2P_CAPS_INDEX_READ = 0,
    NVML_P2P_CAPS_INDEX_WRITE = 1,
    NVML_P2P_CAPS_INDEX_NVLINK = 2,
    NVML_P2P_CAPS_INDEX_ATOMICS = 3,
    NVML_P2P_CAPS_INDEX_PCI = 4,
    NVML_P2P_CAPS_INDEX_UNKNOWN = 5
} nvmlGpuP2PCapsIndex_t;

typedef enum nvmlGpuP2PStatus_enum {
    NVML_P2P_STATUS_OK = 0,
    NVML_P2P_STATUS_CHIPSET_NOT_SUPPORTED = 1,
    NVML_P2P_STATUS_GPU_NOT_SUPPORTED = 2,
    NVML_P2P_STATUS_IOH_TOPOLOGY_NOT_SUPPORTED = 3,
    NVML_P2P_STATUS_DISABLED_BY_REGKEY = 4,
    NVML_P2P_STATUS_NOT_SUPPORTED = 5,
    NVML_P2P_STATUS_UNKNOWN = 6
} nvmlGpuP2PStatus_t;

typedef enum nvmlIntNvLinkDeviceType_enum {
    NVML_NVLINK_DEVICE_TYPE_GPU = 0,
    NVML_NVLINK_DEVICE_TYPE_IBMNPU = 1,
    NVML_NVLINK_DEVICE_TYPE_SWITCH = 2,
    NVML_NVLINK_DEVICE_TYPE_UNKNOWN = 255
} nvmlIntNvLinkDeviceType_t;

typedef enum nvmlComputeMode_enum {
    NVML_COMPUTEMODE_DEFAULT = 0,
    NVML_COMPUTEMODE_EXCLUSIVE_THREAD = 1,
    NVML_COMPUTEMODE_PROHIBITED = 2,
    NVML_COMPUTEMODE_EXCLUSIVE_PROCESS = 3
} nvmlComputeMode_t;

typedef enum nvmlTemperatureSensors_enum {
    NVML_TEMPERATURE_GPU = 0
} nvmlTemperatureSensors_t;

typedef enum nvmlTemperatureThresholds_enum {
    NVML_TEMPERATURE_THRESHOLD_SHUTDOWN = 0,
    NVML_TEMPERATURE_THRESHOLD_SLOWDOWN = 1,
    NVML_TEMPERATURE_THRESHOLD_MEM_MAX = 2,
    NVML_TEMPERATURE_THRESHOLD_GPU_MAX = 3
} nvmlTemperatureThresholds_t;

typedef enum nvmlClockType_enum {
    NVML_CLOCK_GRAPHICS = 0,
    NVML_CLOCK_SM = 1,
    NVML_CLOCK_MEM = 2,
    NVML_CLOCK_VIDEO = 3
} nvmlClockType_t;

typedef enum nvmlMemoryErrorType_enum {
    NVML_MEMORY_ERROR_TYPE_CORRECTED = 0,
    NVML_MEMORY_ERROR_TYPE_UNCORRECTED = 1
} nvmlMemoryErrorType_t;

typedef enum nvmlEccCounterType_enum {
    NVML_VOLATILE_ECC = 0,
    NVML_AGGREGATE_ECC = 1
} nvmlEccCounterType_t;

typedef enum nvmlBrandType_enum {
    NVML_BRAND_UNKNOWN = 0,
    NVML_BRAND_QUADRO = 1,
    NVML_BRAND_TESLA = 2,
    NVML_BRAND_GEFORCE = 5,
    NVML_BRAND_TITAN = 6,
    NVML_BRAND_QUADRO_RTX = 12,
    NVML_BRAND_NVIDIA_RTX = 13,
    NVML_BRAND_NVIDIA = 14,
    NVML_BRAND_GEFORCE_RTX = 15,
    NVML_BRAND_TITAN_RTX = 16
} nvmlBrandType_t;

/// Which member of `nvmlValue_t` a field value holds.
typedef enum nvmlValueType_enum {
    NVML_VALUE_TYPE_DOUBLE = 0,
    NVML_VALUE_TYPE_UNSIGNED_INT = 1,
    NVML_VALUE_TYPE_UNSIGNED_LONG = 2,
    NVML_VALUE_TYPE_UNSIGNED_LONG_LONG = 3,
    NVML_VALUE_TYPE_SIGNED_LONG_LONG = 4,
    NVML_VALUE_TYPE_SIGNED_INT = 5,
    NVML_VALUE_TYPE_UNSIGNED_SHORT = 6
} nvmlValueType_t;

/// The generation of the silicon.
enum {
    NVML_DEVICE_ARCH_KEPLER = 2,
    NVML_DEVICE_ARCH_MAXWELL = 3,
    NVML_DEVICE_ARCH_PASCAL = 4,
    NVML_DEVICE_ARCH_VOLTA = 5,
    NVML_DEVICE_ARCH_TURING = 6,
    NVML_DEVICE_ARCH_AMPERE = 7,
    NVML_DEVICE_ARCH_ADA = 8,
    NVML_DEVICE_ARCH_HOPPER = 9,
    NVML_DEVICE_ARCH_BLACKWELL = 10,
    NVML_DEVICE_ARCH_RUBIN = 13
};

/// Flags of `nvmlInitWithFlags`.
enum {
    NVML_INIT_FLAG_NO_GPUS = 1,
    NVML_INIT_FLAG_NO_ATTACH = 2
};

/// Lengths, with the terminating zero, that are large enough for what the driver writes.
enum {
    NVML_NAME_LENGTH = 96,
    NVML_UUID_LENGTH = 96,
    NVML_SERIAL_LENGTH = 30,
    NVML_PART_NUMBER_LENGTH = 80,
    NVML_VBIOS_LENGTH = 32,
    NVML_VERSION_LENGTH = 80,
    NVML_PCI_BUS_ID_LENGTH = 32,
    /// Links are numbered from 0 and end where the driver answers `NVML_ERROR_INVALID_ARGUMENT`, at the latest here.
    NVML_NVLINK_LIMIT = 36
};

/// Sizes of GPU instances that a driver may know, and of compute instances.
enum {
    NVML_GPU_INSTANCE_PROFILES = 18,
    NVML_COMPUTE_INSTANCE_PROFILES = 8
};

/// A 32-bit instance id that means "not in a MIG instance".
#define NVML_NO_INSTANCE 0xFFFFFFFFU
/// A 64-bit amount of memory that means "the driver does not know" (WDDM, confidential computing, some containers).
#define NVML_MEMORY_NOT_AVAILABLE 0xFFFFFFFFFFFFFFFFULL

/// Kinds of events, as a mask.
#define NVML_EVENT_SINGLE_BIT_ECC 0x1ULL
#define NVML_EVENT_DOUBLE_BIT_ECC 0x2ULL
#define NVML_EVENT_PSTATE 0x4ULL
#define NVML_EVENT_XID_CRITICAL 0x8ULL
#define NVML_EVENT_CLOCK 0x10ULL
#define NVML_EVENT_POWER_SOURCE_CHANGE 0x80ULL
#define NVML_EVENT_MIG_CONFIG_CHANGE 0x100ULL
#define NVML_EVENT_GPU_UNAVAILABLE 0x4000ULL
#define NVML_EVENT_GPU_RECOVERY_ACTION 0x8000ULL

/// Why the clocks are lower than asked, as a mask.
#define NVML_CLOCKS_REASON_IDLE 0x1ULL
#define NVML_CLOCKS_REASON_APPLICATIONS 0x2ULL
#define NVML_CLOCKS_REASON_SW_POWER_CAP 0x4ULL
#define NVML_CLOCKS_REASON_HW_SLOWDOWN 0x8ULL
#define NVML_CLOCKS_REASON_SYNC_BOOST 0x10ULL
#define NVML_CLOCKS_REASON_SW_THERMAL 0x20ULL
#define NVML_CLOCKS_REASON_HW_THERMAL 0x40ULL
#define NVML_CLOCKS_REASON_HW_POWER_BRAKE 0x80ULL
#define NVML_CLOCKS_REASON_DISPLAY 0x100ULL

/// Field ids for `nvmlDeviceGetFieldValues`.
enum {
    NVML_FIELD_MEMORY_TEMPERATURE = 82,
    NVML_FIELD_TOTAL_ENERGY = 83,
    /// Megabytes per second of the links 0 to 5.
    NVML_FIELD_NVLINK_SPEED_FIRST = 84,
    NVML_FIELD_NVLINK_COUNT = 91,
    /// Megabytes per second of the links 6 to 11.
    NVML_FIELD_NVLINK_SPEED_SEVENTH = 132,
    /// How many links end at a switch.
    NVML_FIELD_NVLINK_SWITCH_COUNT = 147,
    /// Megabytes per second, whether it is active, and the version of the link that the scope names.
    NVML_FIELD_NVLINK_SPEED = 164,
    NVML_FIELD_NVLINK_STATE = 165,
    NVML_FIELD_NVLINK_VERSION = 166,
    NVML_FIELD_IS_RESETLESS_MIG_SUPPORTED = 184,
    NVML_FIELD_POWER_AVERAGE = 185,
    NVML_FIELD_POWER_INSTANT = 186,
    NVML_FIELD_RECOVERY_ACTION = 230
};

/// What has to be done to make a GPU whole again, from the least to the most.
enum {
    NVML_RECOVERY_NONE = 0,
    NVML_RECOVERY_GPU_RESET = 1,
    NVML_RECOVERY_NODE_REBOOT = 2,
    NVML_RECOVERY_DRAIN_P2P = 3,
    NVML_RECOVERY_DRAIN_AND_RESET = 4
};

#endif
