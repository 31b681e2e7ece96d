/// How the live part of the device model is read and written: atomically, by any number of processes, without locks.
///
/// Swift has no atomic access to memory that C laid out, and these rules bind the library and the control side alike,
/// so they stand here once.
#ifndef DIVVY_DEVICE_MODEL_ACCESS_H
#define DIVVY_DEVICE_MODEL_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "device_model.h"

static inline uint32_t model_load_32(const uint32_t *field) { return __atomic_load_n(field, __ATOMIC_ACQUIRE); }
static inline uint64_t model_load_64(const uint64_t *field) { return __atomic_load_n(field, __ATOMIC_ACQUIRE); }
static inline void model_store_32(uint32_t *field, uint32_t value) { __atomic_store_n(field, value, __ATOMIC_RELEASE); }
static inline void model_store_64(uint64_t *field, uint64_t value) { __atomic_store_n(field, value, __ATOMIC_RELEASE); }

static inline bool model_exchange_64(uint64_t *field, uint64_t expected, uint64_t value) {
    return __atomic_compare_exchange_n(field, &expected, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/// Tells everybody that the model was edited.
static inline void model_edited(DeviceModel *model) { __atomic_fetch_add(&model->generation, 1, __ATOMIC_ACQ_REL); }

static inline ModelGPU *model_gpu(DeviceModel *model, uint32_t index) { return &model->gpus[index]; }
static inline ModelPath *model_path(DeviceModel *model, uint32_t from, uint32_t to) { return &model->paths[from][to]; }
static inline ModelProcess *model_process(DeviceModel *model, uint32_t slot) { return &model->processes[slot]; }
static inline ModelNVLink *model_nvlink(ModelGPU *gpu, uint32_t link) { return &gpu->nvlinks[link]; }
static inline uint64_t *model_cpu_word(ModelGPU *gpu, uint32_t word) { return &gpu->cpuSet[word]; }
static inline const char *model_driver_version(const DeviceModel *model) { return model->driverVersion; }
static inline const char *model_nvml_version(const DeviceModel *model) { return model->nvmlVersion; }
static inline const char *model_uuid(const ModelGPU *gpu) { return gpu->uuid; }
static inline const char *model_name(const ModelGPU *gpu) { return gpu->name; }
static inline const char *model_serial(const ModelGPU *gpu) { return gpu->serial; }
static inline const char *model_vbios(const ModelGPU *gpu) { return gpu->vbios; }
static inline const char *model_part_number(const ModelGPU *gpu) { return gpu->partNumber; }
static inline uint64_t *model_ecc_counter(ModelGPU *gpu, bool uncorrected, bool aggregate) {
    return &gpu->eccErrors[(uncorrected ? 2 : 0) + (aggregate ? 1 : 0)];
}

/// Microseconds of the monotonic clock: one time for all processes of the machine.
static inline uint64_t model_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

// MARK: Processes

static inline uint64_t model_owner(uint32_t gpu, uint32_t pid) { return ((uint64_t)(gpu + 1) << 32) | pid; }
static inline uint32_t model_owner_pid(uint64_t owner) { return (uint32_t)owner; }
static inline bool model_owner_is_on(uint64_t owner, uint32_t gpu) { return (owner >> 32) == (uint64_t)gpu + 1; }

/// Reads a slot. The result is false when the slot is free or changed hands while it was read.
static inline bool model_read_process(ModelProcess *slot, ModelProcess *copy) {
    copy->owner = model_load_64(&slot->owner);
    if (copy->owner <= MODEL_PROCESS_WRITING) { return false; }
    copy->startTime = model_load_64(&slot->startTime);
    copy->memory = model_load_64(&slot->memory);
    copy->load = model_load_32(&slot->load);
    copy->graphics = model_load_32(&slot->graphics);
    return model_load_64(&slot->owner) == copy->owner;
}

/// Puts a process into a free slot. The result is false when all slots are taken.
static inline bool model_add_process_in(DeviceModel *model, const ModelProcess *process, const ModelPlace *place) {
    for (uint32_t index = 0; index < MODEL_PROCESS_LIMIT; index++) {
        ModelProcess *slot = &model->processes[index];
        if (!model_exchange_64(&slot->owner, 0, MODEL_PROCESS_WRITING)) { continue; }
        model_store_64(&slot->startTime, process->startTime);
        model_store_64(&slot->memory, process->memory);
        model_store_32(&slot->load, process->load);
        model_store_32(&slot->graphics, process->graphics);
        model_store_32(&model->places[index].gpuInstance, place->gpuInstance);
        model_store_32(&model->places[index].computeInstance, place->computeInstance);
        model_store_32(&model->places[index].served, place->served);
        model_store_64(&slot->owner, process->owner);
        return true;
    }
    return false;
}

/// Puts a process that uses the whole GPU into a free slot.
static inline bool model_add_process(DeviceModel *model, const ModelProcess *process) {
    const ModelPlace everywhere = {0, 0, 0, 0};
    return model_add_process_in(model, process, &everywhere);
}

/// Where the process of a slot runs; it means something only while the slot has the same owner.
static inline ModelPlace model_read_place(DeviceModel *model, uint32_t slot) {
    ModelPlace *place = &model->places[slot];
    ModelPlace copy = {model_load_32(&place->gpuInstance), model_load_32(&place->computeInstance),
                       model_load_32(&place->served), 0};
    return copy;
}

/// Frees a slot if it still belongs to the one it was read from.
static inline bool model_remove_process(ModelProcess *slot, uint64_t owner) {
    return model_exchange_64(&slot->owner, owner, 0);
}

/// Per cent of the time in which any kernel runs on the GPU.
static inline uint32_t model_gpu_load(DeviceModel *model, uint32_t gpu) {
    uint32_t load = model_load_32(&model->gpus[gpu].load);
    for (uint32_t index = 0; index < MODEL_PROCESS_LIMIT; index++) {
        uint64_t owner = model_load_64(&model->processes[index].owner);
        if (model_owner_is_on(owner, gpu)) { load += model_load_32(&model->processes[index].load); }
    }
    return load < 100 ? load : 100;
}

/// Bytes that processes hold on the GPU.
static inline uint64_t model_gpu_memory(DeviceModel *model, uint32_t gpu) {
    uint64_t bytes = 0;
    for (uint32_t index = 0; index < MODEL_PROCESS_LIMIT; index++) {
        uint64_t owner = model_load_64(&model->processes[index].owner);
        if (model_owner_is_on(owner, gpu)) { bytes += model_load_64(&model->processes[index].memory); }
    }
    return bytes;
}

// MARK: Power and energy

/// Where the length of a GPU's time slices is kept.
static inline uint32_t *model_time_slice(DeviceModel *model, uint32_t gpu) { return &model->timeSlices[gpu]; }

/// Milliwatts that the GPU draws at this load: from idle to its limit, in a straight line.
static inline uint32_t model_power(ModelGPU *gpu, uint32_t load) {
    uint32_t limit = model_load_32(&gpu->powerLimit);
    if (limit <= gpu->powerIdle) { return gpu->powerIdle; }
    return gpu->powerIdle + (uint32_t)((uint64_t)(limit - gpu->powerIdle) * load / 100);
}

/// Charges the energy since it was last charged. Call it before every change of load, limit or processes.
///
/// Whoever moves `energyAt` on is the one who charges the interval, so nothing is charged twice.
static inline void model_charge_energy(DeviceModel *model, uint32_t index) {
    ModelGPU *gpu = &model->gpus[index];
    uint64_t now = model_now();
    uint64_t since = model_load_64(&gpu->energyAt);
    if (since == now || !model_exchange_64(&gpu->energyAt, since, now)) { return; }
    // The clock starts again when the machine does; the file may be older.
    if (since == 0 || since > now) { return; }
    uint32_t load = model_gpu_load(model, index);
    uint64_t nanojoules = (now - since) * model_power(gpu, load);
    __atomic_fetch_add(&gpu->energy, nanojoules / 1000, __ATOMIC_ACQ_REL);
    __atomic_fetch_add(&gpu->work, (now - since) * load, __ATOMIC_ACQ_REL);
}

// MARK: Events

/// Publishes an event and returns its sequence number; `driver_wake_all` on `newestEvent` wakes the sleepers.
static inline uint64_t model_publish_event_in(DeviceModel *model, uint32_t gpu, uint32_t instance, uint64_t type,
                                              uint64_t data) {
    uint64_t sequence = __atomic_add_fetch(&model->newestEvent, 1, __ATOMIC_ACQ_REL);
    ModelEvent *event = &model->events[sequence % MODEL_EVENT_LIMIT];
    model_store_64(&event->sequence, 0);
    model_store_64(&event->type, type);
    model_store_64(&event->data, data);
    model_store_32(&event->gpu, gpu);
    model_store_32(&event->instance, instance);
    model_store_64(&event->sequence, sequence);
    return sequence;
}

/// Publishes an event of a whole GPU.
static inline uint64_t model_publish_event(DeviceModel *model, uint32_t gpu, uint64_t type, uint64_t data) {
    return model_publish_event_in(model, gpu, 0, type, data);
}

/// Reads the event of that number. The result is false while it is written and after it was overwritten.
static inline bool model_read_event(DeviceModel *model, uint64_t sequence, ModelEvent *copy) {
    ModelEvent *event = &model->events[sequence % MODEL_EVENT_LIMIT];
    copy->sequence = model_load_64(&event->sequence);
    copy->type = model_load_64(&event->type);
    copy->data = model_load_64(&event->data);
    copy->gpu = model_load_32(&event->gpu);
    copy->instance = model_load_32(&event->instance);
    return copy->sequence == sequence && model_load_64(&event->sequence) == sequence;
}

#endif
