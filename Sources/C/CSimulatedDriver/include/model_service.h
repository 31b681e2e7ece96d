/// The multi-process servers of a simulated machine: what their clients and the control daemon share.
///
/// A server is a place of `DeviceModel.servers`, which belongs to the daemon that started it; a client is a place of a
/// server. Clients find the daemon by a socket, over which the two structures at the end are exchanged once; after
/// that the connection says no more than that both sides live. All else are single words here.
#ifndef DIVVY_MODEL_SERVICE_H
#define DIVVY_MODEL_SERVICE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "device_model_access.h"

// MARK: Servers and clients

static inline ModelServer *model_server(DeviceModel *model, uint32_t slot) { return &model->servers[slot]; }
static inline ModelClient *model_client(ModelServer *server, uint32_t slot) { return &server->clients[slot]; }
static inline uint32_t *model_in_flight(ModelClient *client, uint32_t gpu) { return &client->inFlight[gpu]; }

/// Whether the client had work on a GPU that was not done; a mask of GPUs.
static inline uint32_t model_gpus_in_flight(ModelClient *client) {
    uint32_t mask = 0;
    for (uint32_t gpu = 0; gpu < MODEL_GPU_LIMIT; gpu++) {
        if (model_load_32(&client->inFlight[gpu]) != 0) { mask |= 1U << gpu; }
    }
    return mask;
}

static inline void model_add_32(uint32_t *field, uint32_t amount) {
    __atomic_fetch_add(field, amount, __ATOMIC_ACQ_REL);
}
static inline void model_set_bits(uint32_t *field, uint32_t bits) { __atomic_fetch_or(field, bits, __ATOMIC_ACQ_REL); }

/// Makes a server's place ready for a server. Nobody may use it.
static inline void model_clear_server(ModelServer *server) {
    memset(server->clients, 0, sizeof server->clients);
    model_store_32(&server->fault, 0);
    model_store_32(&server->wedged, 0);
}

/// Puts a client into a free place; `MODEL_CLIENT_LIMIT` when there is none.
static inline uint32_t model_add_client(ModelServer *server, uint64_t number) {
    for (uint32_t slot = 0; slot < MODEL_CLIENT_LIMIT; slot++) {
        ModelClient *client = &server->clients[slot];
        if (model_load_64(&client->number) != 0) { continue; }
        memset(client->inFlight, 0, sizeof client->inFlight);
        model_store_32(&client->isTerminated, 0);
        model_store_64(&client->number, number);
        return slot;
    }
    return MODEL_CLIENT_LIMIT;
}

// MARK: What is said over the socket

enum {
    /// `DMPS`, read as a little-endian number.
    SERVICE_MAGIC = 0x53504D44,
    SERVICE_CLIENT = 1,
    SERVICE_COMMANDS = 2
};

/// The first thing that is said to a daemon.
typedef struct ServiceHello {
    uint32_t magic;
    /// `SERVICE_CLIENT` for the CUDA driver of a program, `SERVICE_COMMANDS` for a front end, whose lines follow.
    uint32_t kind;
    /// The machine's `DeviceModel.instance`.
    uint64_t instance;
} ServiceHello;

/// The answer to a client; it comes when there is a server for it.
typedef struct ServiceWelcome {
    uint32_t magic;
    /// A `CUresult`; the rest means something only when it is 0.
    uint32_t result;
    uint32_t server;
    uint32_t client;
    uint64_t serial;
    uint64_t number;
    /// The percentage of the multiprocessors in hundredths.
    uint32_t percentage;
    /// The client's own percentage does not count.
    uint32_t percentageOverrides;
    uint32_t priority;
    /// The GPUs of the server, by their places in the model.
    uint32_t gpuCount;
    uint32_t gpus[MODEL_GPU_LIMIT];
    /// Bytes for each of these; UINT64_MAX is no limit.
    uint64_t pinned[MODEL_GPU_LIMIT];
} ServiceWelcome;

static inline uint32_t *service_gpu(ServiceWelcome *welcome, uint32_t index) { return &welcome->gpus[index]; }
static inline uint64_t *service_pinned(ServiceWelcome *welcome, uint32_t index) { return &welcome->pinned[index]; }

/// The address of `path`; false when it is too long for one.
static inline bool service_address(const char *path, struct sockaddr_un *address) {
    size_t length = strlen(path);
    if (length >= sizeof address->sun_path) { return false; }
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    return true;
}

/// A connection to the socket of that path; -1 when nobody is there.
static inline int service_connect(const char *path) {
    struct sockaddr_un address;
    if (!service_address(path, &address)) { return -1; }
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0) { return -1; }
    if (connect(file, (const struct sockaddr *)&address, sizeof address) == 0) { return file; }
    close(file);
    return -1;
}

static inline bool service_send(int file, const void *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = send(file, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0) { return false; }
        bytes = (const char *)bytes + sent;
        count -= (size_t)sent;
    }
    return true;
}

static inline bool service_receive(int file, void *bytes, size_t count) {
    while (count > 0) {
        ssize_t got = recv(file, bytes, count, 0);
        if (got < 0 && errno == EINTR) { continue; }
        if (got <= 0) { return false; }
        bytes = (char *)bytes + got;
        count -= (size_t)got;
    }
    return true;
}

/// Whether the other side still has the connection open.
static inline bool service_is_open(int file) {
    char byte;
    ssize_t got = recv(file, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

#endif
