/// The device model: what the simulated driver knows, as it lies in the shared file `dev/nvidiactl`.
///
/// One file is one simulated machine. The control side writes it once and edits it while it runs; every process that
/// loads the simulated `libnvidia-ml.so.1` maps the same file. Fields under "fixed" never change after the file
/// appeared under its name. Fields under "live" are read and written only through the functions of
/// `device_model_access.h`, which are atomic; no lock is held across processes, so nobody can die holding one.
#ifndef DIVVY_DEVICE_MODEL_H
#define DIVVY_DEVICE_MODEL_H

#include <stdint.h>

/// `DIVVYGPU`, read as a little-endian number.
#define MODEL_MAGIC 0x5550475956564944ULL
/// Raised whenever a structure below changes; a library refuses a file of another layout.
#define MODEL_LAYOUT 3U

enum {
    MODEL_GPU_LIMIT = 16,
    MODEL_PROCESS_LIMIT = 256,
    MODEL_EVENT_LIMIT = 64,
    MODEL_NVLINK_LIMIT = 18,
    /// 64-bit words of a CPU set.
    MODEL_CPU_WORDS = 16,
    /// Slots into which MIG divides the memory of a GPU, and the compute slices of a GPU instance.
    MODEL_SLICE_SLOTS = 8,
    MODEL_SLICE_KINDS = 10,
    MODEL_MEMORY_LIMITS = 128,
    MODEL_FAULT_LIMIT = 16,
    MODEL_SERVER_LIMIT = 32,
    /// Clients of a multi-process server, for all GPUs since Volta.
    MODEL_CLIENT_LIMIT = 48
};

/// What hangs on the other end of an NVLink.
typedef enum ModelLinkEnd {
    MODEL_LINK_NONE = 0,
    MODEL_LINK_GPU = 1,
    MODEL_LINK_SWITCH = 2
} ModelLinkEnd;

typedef struct ModelPCI {
    uint32_t domain;
    uint32_t bus;
    uint32_t device;
    /// Device id in the upper and vendor id in the lower 16 bits.
    uint32_t deviceID;
    uint32_t subsystemID;
} ModelPCI;

typedef struct ModelNVLink {
    /// A `ModelLinkEnd`.
    uint32_t end;
    ModelPCI remote;
} ModelNVLink;

/// How two GPUs are joined.
typedef struct ModelPath {
    /// NVML's topology level: 0 internal, 10 one switch, 20 switches, 30 host bridge, 40 NUMA node, 50 system.
    uint16_t level;
    /// NVLinks between the two, directly or through a switch.
    uint16_t nvlinks;
} ModelPath;

/// Clocks in megahertz, in the order of NVML's clock types.
typedef struct ModelClocks {
    uint32_t graphics;
    uint32_t sm;
    uint32_t memory;
    uint32_t video;
} ModelClocks;

/// A size of GPU instance that a GPU can be cut into.
typedef struct ModelSliceKind {
    /// NVML's number for the size: 0 is one slice, 4 is seven slices, ...
    uint32_t number;
    /// The number by which `nvidia-smi` and `nvmlDeviceCreateGpuInstance` name it.
    uint32_t id;
    uint32_t computeSlices;
    /// How many memory slots it takes, and a mask of the slots where it may begin.
    uint32_t slots;
    uint32_t starts;
    /// How many of this size there can be at once.
    uint32_t limit;
    uint32_t multiprocessors;
    uint32_t copyEngines;
    uint32_t decoders;
    uint32_t encoders;
    uint32_t jpegEngines;
    uint32_t opticalFlowEngines;
    /// Bytes.
    uint64_t memory;
    /// `1g.5gb+me`.
    char name[24];
} ModelSliceKind;

typedef struct ModelGPU {
    // Fixed: identity. Texts end with a zero.
    char uuid[48];
    char name[64];
    char serial[32];
    char vbios[32];
    char partNumber[32];
    uint32_t minorNumber;
    int32_t numaNode;
    ModelPCI pci;
    uint32_t architecture;
    uint32_t brand;
    uint32_t computeMajor;
    uint32_t computeMinor;
    uint32_t multiprocessors;
    uint32_t coresPerMultiprocessor;
    uint32_t copyEngines;
    uint32_t decoders;
    uint32_t encoders;
    uint32_t jpegEngines;
    uint32_t opticalFlowEngines;
    uint32_t memoryBusWidth;
    uint64_t cpuSet[MODEL_CPU_WORDS];

    // Fixed: capacity, in bytes.
    uint64_t memoryTotal;
    uint64_t memoryReserved;
    uint64_t bar1Total;

    // Fixed: power in milliwatts, temperature in degrees Celsius, clocks in megahertz.
    uint32_t powerIdle;
    uint32_t powerMin;
    uint32_t powerMax;
    uint32_t powerDefault;
    uint32_t temperatureIdle;
    uint32_t temperatureBusy;
    uint32_t temperatureSlowdown;
    uint32_t temperatureShutdown;
    uint32_t temperatureGPUMax;
    uint32_t temperatureMemoryMax;
    ModelClocks clocksIdle;
    ModelClocks clocksMax;
    uint32_t idlePerformanceState;
    uint32_t fans;

    // Fixed: buses.
    uint32_t pcieGeneration;
    uint32_t pcieWidth;
    uint32_t nvlinkVersion;
    uint32_t nvlinkCount;
    /// Megabytes per second of one link, one way.
    uint32_t nvlinkSpeed;
    ModelNVLink nvlinks[MODEL_NVLINK_LIMIT];

    // Fixed: what the GPU can do at all; 0 or 1.
    uint32_t eccSupported;
    uint32_t migSupported;
    uint32_t peerAccessSupported;
    uint32_t displaySupported;
    /// Broken memory is replaced by row remapping; else by page retirement.
    uint32_t rowRemapping;
    /// MIG mode changes only with a reset (Ampere), not at once (Hopper and later).
    uint32_t migNeedsReset;
    /// Joined to an NVLink fabric that a fabric manager runs.
    uint32_t fabric;
    uint32_t sliceKindCount;
    ModelSliceKind sliceKinds[MODEL_SLICE_KINDS];

    // Live.
    uint32_t lost;
    /// Per cent of the time in which a kernel runs that no process of the list accounts for.
    uint32_t load;
    uint32_t powerLimit;
    uint32_t persistenceMode;
    uint32_t computeMode;
    uint32_t eccMode;
    uint32_t eccModePending;
    uint32_t migMode;
    uint32_t migModePending;
    /// Uncorrected in the upper two, corrected in the lower two; volatile before aggregate.
    uint64_t eccErrors[4];
    /// Energy up to `energyAt`, in microjoules.
    uint64_t energy;
    /// Microseconds of the monotonic clock.
    uint64_t energyAt;

    // Live since layout 2.
    /// The GPU instances. For each memory slot five bits: one more than the index of the kind of the instance that
    /// begins there, or 0. One word, so that an instance is made or taken away at once or not at all.
    uint64_t partition;
    /// The compute instances of the GPU instance that begins at a slot: for each compute slice four bits, the number
    /// of slices of the compute instance that begins there, or 0.
    uint64_t compute[MODEL_SLICE_SLOTS];
    /// NVML's mask of reasons why the clocks are held down.
    uint64_t throttle;
    /// NVML's number of what has to be done to make the GPU whole again.
    uint32_t recoveryAction;
    /// Rows that were replaced after corrected and after uncorrected errors, or pages that were retired.
    uint32_t remappedCorrected;
    uint32_t remappedUncorrected;
    uint32_t remapPending;
    uint32_t remapFailed;
    /// Lowers and raises of the graphics clock in megahertz; 0 is not locked.
    uint32_t lockedClockMin;
    uint32_t lockedClockMax;
    uint32_t accountingMode;
    /// How often the GPU was reset.
    uint64_t resets;
    /// The load up to `energyAt`, in per cent times microseconds; never falls.
    uint64_t work;
    /// Nothing is stored here: the addresses are the handles of MIG devices, by slot and compute slice.
    uint8_t deviceHandles[MODEL_SLICE_SLOTS][MODEL_SLICE_SLOTS];
    uint8_t computeHandles[MODEL_SLICE_SLOTS][MODEL_SLICE_SLOTS];
} ModelGPU;

/// A process that holds a GPU. A slot is free when `owner` is 0.
typedef struct ModelProcess {
    /// `MODEL_PROCESS_WRITING` while the other fields are written, else `gpu index + 1` above and the pid below.
    uint64_t owner;
    /// When the process started, in clock ticks since boot: a pid that was used again is another process.
    uint64_t startTime;
    /// Bytes.
    uint64_t memory;
    /// Per cent of the time in which a kernel of this process runs.
    uint32_t load;
    /// Listed as a graphics process, not as a compute process.
    uint32_t graphics;
} ModelProcess;

/// Where in a GPU the process of the same slot runs; written before the process's `owner`.
typedef struct ModelPlace {
    /// One more than the id of the GPU instance; 0 for the whole GPU.
    uint32_t gpuInstance;
    /// One more than the id of the compute instance.
    uint32_t computeInstance;
    /// The process computes through a multi-process server.
    uint32_t served;
    uint32_t reserved;
} ModelPlace;

/// A memory limit of a cgroup on one GPU. A slot is free when `key` is 0.
typedef struct ModelMemoryLimit {
    /// `gpu + 1` in the upper 16 bits, the inode of the cgroup's directory below; 1 while the limits are written.
    uint64_t key;
    /// Bytes; UINT64_MAX is no limit.
    uint64_t soft;
    uint64_t hard;
} ModelMemoryLimit;

typedef enum ModelFaultKind {
    MODEL_FAULT_NONE = 0,
    /// The call returns `result`.
    MODEL_FAULT_FAIL = 1,
    /// The call does not return until the fault is taken away.
    MODEL_FAULT_HANG = 2
} ModelFaultKind;

/// What is to go wrong with a call. A slot is free when `kind` is 0.
typedef struct ModelFault {
    /// `model_call_hash` of the call's name without its version.
    uint64_t call;
    /// A `ModelFaultKind`; written last.
    uint32_t kind;
    uint32_t result;
    /// Calls that still succeed, then calls that still fail; both count down.
    uint64_t after;
    uint64_t times;
} ModelFault;

/// Who dies while writing loses the slot to nobody: it is one of many, and taken for a moment only.
#define MODEL_PROCESS_WRITING 1ULL

typedef struct ModelEvent {
    /// 0 while the event is written.
    uint64_t sequence;
    /// A mask of one bit, as NVML has it.
    uint64_t type;
    uint64_t data;
    uint32_t gpu;
    /// One more than the GPU instance's id in the upper half, than the compute instance's in the lower; 0 for none.
    uint32_t instance;
} ModelEvent;

/// A client of a multi-process server.
typedef struct ModelClient {
    /// Never the same for two clients of a machine's servers; 0 when the place is free.
    uint64_t number;
    /// The daemon ended its work; the process can do nothing more but end.
    uint32_t isTerminated;
    uint32_t reserved;
    /// For each GPU how many contexts have work that is not done.
    uint32_t inFlight[MODEL_GPU_LIMIT];
} ModelClient;

/// A multi-process server. A place is free when `serial` is 0.
typedef struct ModelServer {
    /// Never the same for two servers; changes when the server is gone, whatever it went of.
    uint64_t serial;
    /// The server's process, and when it started.
    uint32_t pid;
    uint32_t reserved;
    uint64_t startTime;
    /// The result that every call of every client gives since one of them made the GPU fail; 0 while none did.
    uint32_t fault;
    /// A mask of the GPUs on which a client left work behind when it died: nothing works there any more.
    uint32_t wedged;
    ModelClient clients[MODEL_CLIENT_LIMIT];
} ModelServer;

typedef struct DeviceModel {
    // Fixed.
    uint64_t magic;
    uint32_t layout;
    uint32_t gpuCount;
    /// Tells two instances apart that were made under one path, one after the other.
    uint64_t instance;
    /// The PID namespace in which the pids below are meant.
    uint64_t pidNamespace;
    char profile[32];
    char driverVersion[32];
    char nvmlVersion[32];
    /// 1000 * major + 10 * minor.
    uint32_t cudaVersion;
    /// The first number of the driver's version.
    uint32_t driverBranch;
    ModelPath paths[MODEL_GPU_LIMIT][MODEL_GPU_LIMIT];
    ModelGPU gpus[MODEL_GPU_LIMIT];

    // Live.
    /// Grows with every edit.
    uint64_t generation;
    /// When dead processes were last dropped, in microseconds of the monotonic clock.
    uint64_t sweptAt;
    /// The sequence number of the newest event; sleepers wait on its lower half.
    uint64_t newestEvent;
    ModelEvent events[MODEL_EVENT_LIMIT];
    ModelProcess processes[MODEL_PROCESS_LIMIT];

    // Live since layout 2.
    ModelPlace places[MODEL_PROCESS_LIMIT];
    ModelMemoryLimit limits[MODEL_MEMORY_LIMITS];
    ModelFault faults[MODEL_FAULT_LIMIT];
    /// Faults there are; the only thing that a call looks at where there are none.
    uint32_t faultCount;
    // Confidential computing, in NVML's numbers.
    uint32_t confidentialEnvironment;
    uint32_t confidentialFeature;
    uint32_t confidentialDeveloperTools;
    uint32_t confidentialMultiGPU;
    uint32_t confidentialCPU;
    uint32_t confidentialGPU;
    uint32_t confidentialReady;

    // Live since layout 3.
    /// The newest number that was given to a server or a client.
    uint64_t newestNumber;
    ModelServer servers[MODEL_SERVER_LIMIT];
} DeviceModel;

#endif
