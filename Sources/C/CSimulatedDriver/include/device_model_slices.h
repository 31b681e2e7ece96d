/// MIG: how a GPU is cut into GPU instances and these into compute instances.
///
/// Everything follows from two kinds of words, `partition` and `compute`, which change by compare-and-exchange: an
/// instance is there or it is not, and nobody can die between. Ids are places: the four sizes of instances number their
/// slots from 0, 1, 3 and 7, as the nodes of a binary tree.
#ifndef DIVVY_DEVICE_MODEL_SLICES_H
#define DIVVY_DEVICE_MODEL_SLICES_H

#include <stdbool.h>
#include <stdint.h>

#include "device_model_access.h"

static inline ModelSliceKind *model_slice_kind(ModelGPU *gpu, uint32_t index) { return &gpu->sliceKinds[index]; }
static inline const char *model_slice_name(const ModelSliceKind *kind) { return kind->name; }
static inline uint64_t *model_compute_word(ModelGPU *gpu, uint32_t slot) { return &gpu->compute[slot]; }
static inline uint8_t *model_device_handle(ModelGPU *gpu, uint32_t slot, uint32_t slice) {
    return &gpu->deviceHandles[slot][slice];
}
static inline uint8_t *model_compute_handle(ModelGPU *gpu, uint32_t slot, uint32_t slice) {
    return &gpu->computeHandles[slot][slice];
}

/// One more than the index of the kind of the GPU instance that begins at the slot; 0 for none.
static inline uint32_t model_partition_at(uint64_t partition, uint32_t slot) {
    return (uint32_t)(partition >> (slot * 5)) & 31;
}
static inline uint64_t model_partition_with(uint64_t partition, uint32_t slot, uint32_t code) {
    return (partition & ~(31ULL << (slot * 5))) | ((uint64_t)code << (slot * 5));
}

/// The slots that instances take, as a mask.
static inline uint32_t model_partition_taken(const ModelGPU *gpu, uint64_t partition) {
    uint32_t taken = 0;
    for (uint32_t slot = 0; slot < MODEL_SLICE_SLOTS; slot++) {
        uint32_t code = model_partition_at(partition, slot);
        if (code != 0) { taken |= ((1U << gpu->sliceKinds[code - 1].slots) - 1) << slot; }
    }
    return taken;
}

/// How many instances of a kind there are.
static inline uint32_t model_partition_count(uint64_t partition, uint32_t kind) {
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < MODEL_SLICE_SLOTS; slot++) {
        if (model_partition_at(partition, slot) == kind + 1) { count++; }
    }
    return count;
}

/// Whether an instance of the kind may begin at the slot now.
static inline bool model_partition_fits(const ModelGPU *gpu, uint64_t partition, uint32_t kind, uint32_t slot) {
    const ModelSliceKind *wanted = &gpu->sliceKinds[kind];
    if ((wanted->starts >> slot & 1) == 0) { return false; }
    if (model_partition_count(partition, kind) >= wanted->limit) { return false; }
    return (model_partition_taken(gpu, partition) & (((1U << wanted->slots) - 1) << slot)) == 0;
}

/// How many instances of the kind can still be made.
static inline uint32_t model_partition_room(const ModelGPU *gpu, uint64_t partition, uint32_t kind) {
    uint32_t room = 0;
    for (uint32_t slot = 0; slot < MODEL_SLICE_SLOTS; slot++) {
        if (!model_partition_fits(gpu, partition, kind, slot)) { continue; }
        partition = model_partition_with(partition, slot, kind + 1);
        room++;
    }
    return room;
}

/// Where an instance of the kind does the least harm: where it takes the fewest places of other kinds away, and of
/// those the last. The result is MODEL_SLICE_SLOTS when it fits nowhere.
static inline uint32_t model_partition_best(const ModelGPU *gpu, uint64_t partition, uint32_t kind) {
    uint32_t best = MODEL_SLICE_SLOTS, least = UINT32_MAX;
    for (uint32_t slot = 0; slot < MODEL_SLICE_SLOTS; slot++) {
        if (!model_partition_fits(gpu, partition, kind, slot)) { continue; }
        uint64_t after = model_partition_with(partition, slot, kind + 1);
        uint32_t harm = 0;
        for (uint32_t other = 0; other < gpu->sliceKindCount; other++) {
            for (uint32_t start = 0; start < MODEL_SLICE_SLOTS; start++) {
                if (other != kind && model_partition_fits(gpu, partition, other, start) &&
                    !model_partition_fits(gpu, after, other, start)) {
                    harm++;
                }
            }
        }
        if (harm <= least) { least = harm, best = slot; }
    }
    return best;
}

/// The id of an instance of so many of the GPU's slots that begins at the slot.
static inline uint32_t model_gpu_instance_id(const ModelGPU *gpu, const ModelSliceKind *kind, uint32_t slot) {
    uint32_t whole = 0;
    for (uint32_t index = 0; index < gpu->sliceKindCount; index++) {
        if (gpu->sliceKinds[index].slots > whole) { whole = gpu->sliceKinds[index].slots; }
    }
    if (kind->slots == 0) { return 0; }
    return whole / kind->slots - 1 + slot / kind->slots;
}

/// The slot at which the instance of that id begins; MODEL_SLICE_SLOTS when there is none.
static inline uint32_t model_gpu_instance_slot(const ModelGPU *gpu, uint64_t partition, uint32_t id) {
    for (uint32_t slot = 0; slot < MODEL_SLICE_SLOTS; slot++) {
        uint32_t code = model_partition_at(partition, slot);
        if (code != 0 && model_gpu_instance_id(gpu, &gpu->sliceKinds[code - 1], slot) == id) { return slot; }
    }
    return MODEL_SLICE_SLOTS;
}

/// The number of slices of the compute instance that begins at a slice; 0 for none.
static inline uint32_t model_compute_at(uint64_t compute, uint32_t slice) {
    return (uint32_t)(compute >> (slice * 4)) & 15;
}
static inline uint64_t model_compute_with(uint64_t compute, uint32_t slice, uint32_t slices) {
    return (compute & ~(15ULL << (slice * 4))) | ((uint64_t)slices << (slice * 4));
}

/// Whether a compute instance of so many slices may begin at the slice of a GPU instance of `whole` slices.
static inline bool model_compute_fits(uint64_t compute, uint32_t whole, uint32_t slices, uint32_t slice) {
    if (slices == 0 || slice + slices > whole) { return false; }
    uint32_t taken = 0;
    for (uint32_t other = 0; other < MODEL_SLICE_SLOTS; other++) {
        taken |= ((1U << model_compute_at(compute, other)) - 1) << other;
    }
    return (taken & (((1U << slices) - 1) << slice)) == 0;
}

static inline uint32_t model_compute_room(uint64_t compute, uint32_t whole, uint32_t slices) {
    uint32_t room = 0;
    for (uint32_t slice = 0; slice < whole; slice++) {
        if (!model_compute_fits(compute, whole, slices, slice)) { continue; }
        compute = model_compute_with(compute, slice, slices);
        room++;
    }
    return room;
}

/// Takes all instances away.
static inline void model_clear_partition(ModelGPU *gpu) {
    model_store_64(&gpu->partition, 0);
    for (uint32_t slot = 0; slot < MODEL_SLICE_SLOTS; slot++) { model_store_64(&gpu->compute[slot], 0); }
}

/// Resets a GPU: what was pending takes effect, what was volatile is gone, instances are gone.
static inline void model_reset_gpu(ModelGPU *gpu) {
    model_clear_partition(gpu);
    model_store_32(&gpu->migMode, model_load_32(&gpu->migModePending));
    model_store_32(&gpu->eccMode, model_load_32(&gpu->eccModePending));
    model_store_64(model_ecc_counter(gpu, false, false), 0);
    model_store_64(model_ecc_counter(gpu, true, false), 0);
    model_store_32(&gpu->remapPending, 0);
    model_store_32(&gpu->recoveryAction, 0);
    model_store_64(&gpu->throttle, 0);
    model_store_32(&gpu->load, 0);
    __atomic_fetch_add(&gpu->resets, 1, __ATOMIC_ACQ_REL);
}

/// Writes the UUID of a MIG device, `MIG-` and 36 more characters and a zero: always the same for the same instance.
static inline void model_mig_uuid(const ModelGPU *gpu, uint32_t instance, uint32_t slice, uint32_t slices,
                                  char *text) {
    uint64_t state = 0xCBF29CE484222325ULL;
    for (const char *byte = gpu->uuid; *byte != 0; byte++) {
        state = (state ^ (uint64_t)(unsigned char)*byte) * 0x100000001B3ULL;
    }
    state ^= ((uint64_t)instance << 16 | (uint64_t)slice << 8 | slices) * 0x9E3779B97F4A7C15ULL;
    const char digits[] = "0123456789abcdef";
    const char shape[] = "MIG-xxxxxxxx-xxxx-5xxx-xxxx-xxxxxxxxxxxx";
    uint64_t mixed = 0;
    int left = 0;
    for (int index = 0; index < (int)sizeof shape; index++) {
        if (shape[index] != 'x') {
            text[index] = shape[index];
            continue;
        }
        if (left == 0) {
            state += 0x9E3779B97F4A7C15ULL;
            mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9ULL;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
            mixed ^= mixed >> 31;
            left = 16;
        }
        text[index] = digits[mixed & 15];
        mixed >>= 4;
        left--;
    }
}

/// Bytes that processes hold in a GPU instance.
static inline uint64_t model_instance_memory(DeviceModel *model, uint32_t gpu, uint32_t id) {
    uint64_t bytes = 0;
    for (uint32_t index = 0; index < MODEL_PROCESS_LIMIT; index++) {
        uint64_t owner = model_load_64(&model->processes[index].owner);
        if (!model_owner_is_on(owner, gpu)) { continue; }
        if (model_load_32(&model->places[index].gpuInstance) != id + 1) { continue; }
        bytes += model_load_64(&model->processes[index].memory);
    }
    return bytes;
}

#endif
