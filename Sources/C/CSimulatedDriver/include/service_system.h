/// What the control daemon of the multi-process servers needs of Linux and Swift does not see.
#ifndef DIVVY_SERVICE_SYSTEM_H
#define DIVVY_SERVICE_SYSTEM_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/// `struct ucred`.
typedef struct ServicePeer {
    int32_t pid;
    uint32_t uid;
    uint32_t gid;
} ServicePeer;

/// Who is on the other side of a connection, in the caller's namespaces; false when that cannot be known.
static inline bool service_peer(int file, ServicePeer *peer) {
    socklen_t size = sizeof *peer;
    return getsockopt(file, SOL_SOCKET, SO_PEERCRED, peer, &size) == 0;
}

/// A pipe, the end for reading first; false when there can be none.
static inline bool service_pipe(int *ends) { return syscall(SYS_pipe2, ends, O_CLOEXEC) == 0; }

/// Signals that are blocked, as a file to be read; -1 when there can be none.
static inline int service_signals(const sigset_t *signals) {
    return signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/// `POSIX_SPAWN_SETSID`.
enum { SERVICE_SPAWN_SESSION = 0x80 };

/// Lines reach standard output at their ends, into files, too.
static inline void service_print_lines(void) { setvbuf(stdout, NULL, _IOLBF, 0); }
static inline void service_flush(void) { fflush(stdout); }

#endif
