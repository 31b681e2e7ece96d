// System calls of Linux that Swift's Glibc module does not show, each as it is: -1 and errno on failure.

#ifndef DIVVY_CLINUX_H
#define DIVVY_CLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// A descriptor that becomes readable when the process ends (Linux 5.3); close-on-exec.
int divvy_pidfd_open(pid_t pid);

/// Sends a signal to exactly the process that the descriptor was opened for (Linux 5.1).
int divvy_pidfd_send_signal(int pidfd, int signal);

/// A counter to wake a waiting thread with; close-on-exec, non-blocking.
int divvy_eventfd(void);

/// epoll_create1 with close-on-exec.
int divvy_epoll_create(void);

/// Adds `descriptor` to be reported once it is readable, under `key`.
int divvy_epoll_add(int epoll, int descriptor, uint64_t key);

int divvy_epoll_remove(int epoll, int descriptor);

/// Waits for up to `milliseconds` (-1: without limit) and writes the keys of at most `capacity` ready descriptors.
/// Returns how many; it is tried again when a signal interrupts it.
int divvy_epoll_wait(int epoll, uint64_t *keys, int capacity, int milliseconds);

/// Runs a program to its end; it is killed when the calling thread ends before it. It inherits open descriptors,
/// signals that are ignored and the thread's mask. Returns its wait status, -1 with errno when there is none.
int divvy_run_bound(const char *path, char *const arguments[], char *const environment[]);

/// Where confining stopped: `divvy_confine` and `divvy_rehearse_confine` return it with errno.
enum divvy_confine_step {
    DIVVY_CONFINED = 0,
    /// A new mount namespace, and user namespace where wanted.
    DIVVY_CONFINE_UNSHARE,
    /// Mapping the user and group to themselves.
    DIVVY_CONFINE_MAP,
    /// Parting the mounts from those of the machine.
    DIVVY_CONFINE_PRIVATE,
    /// Covering a path.
    DIVVY_CONFINE_COVER,
    /// No process to rehearse in.
    DIVVY_CONFINE_FORK,
    /// Putting a file in the place of another.
    DIVVY_CONFINE_MOUNT,
};

/// A file that stands in the place of another; both are there.
struct divvy_mount {
    const char *source;
    const char *target;
    bool read_only;
};

/// Files to put in the place of others, in this order, before anything is covered.
struct divvy_mounts {
    const struct divvy_mount *list;
    int count;
};

/// Moves the calling thread into a mount namespace of its own, in which opening any of the `count` paths fails with
/// EACCES: each is covered by /dev/null mounted so that device nodes do not open. A path that is not there is passed
/// over. With `user_namespace`, the whole process moves into a user namespace too, which needs no privilege but a
/// process with one thread.
int divvy_confine(const char *const *paths, int count, struct divvy_mounts mounts, bool user_namespace);

/// Does the same in a child process that ends at once, for a step that fails in the middle cannot be taken back.
int divvy_rehearse_confine(const char *const *paths, int count, struct divvy_mounts mounts, bool user_namespace);

#endif
