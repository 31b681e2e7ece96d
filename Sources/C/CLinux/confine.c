#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t length = (ssize_t)strlen(text);
    int result = write(file, text, (size_t)length) == length ? 0 : -1;
    int error = errno;
    close(file);
    errno = error;
    return result;
}

/// In a fresh user namespace nobody is anybody until mapped. Groups can be mapped by a user only after giving up
/// setgroups; the groups that the process has stay with it.
static int map_to_self(uid_t user, gid_t group) {
    char map[64];
    // Kernels before 3.19 have no such file and need none.
    if (write_file("/proc/self/setgroups", "deny") != 0 && errno != ENOENT) return -1;
    snprintf(map, sizeof map, "%u %u 1", group, group);
    if (write_file("/proc/self/gid_map", map) != 0) return -1;
    snprintf(map, sizeof map, "%u %u 1", user, user);
    return write_file("/proc/self/uid_map", map);
}

/// Adds flags to the mount at `path`. Its other flags are kept, some of which a user namespace may not drop.
static int remount(const char *path, unsigned long more) {
    struct statvfs now;
    if (statvfs(path, &now) != 0) return -1;
    unsigned long flags = MS_BIND | MS_REMOUNT | more;
    if (now.f_flag & ST_NODEV) flags |= MS_NODEV;
    if (now.f_flag & ST_RDONLY) flags |= MS_RDONLY;
    if (now.f_flag & ST_NOSUID) flags |= MS_NOSUID;
    if (now.f_flag & ST_NOEXEC) flags |= MS_NOEXEC;
    if (now.f_flag & ST_NOATIME) flags |= MS_NOATIME;
    if (now.f_flag & ST_NODIRATIME) flags |= MS_NODIRATIME;
    if (now.f_flag & ST_RELATIME) flags |= MS_RELATIME;
    return mount("none", path, NULL, flags, NULL);
}

int divvy_confine(const char *const *paths, int count, struct divvy_mounts mounts, bool user_namespace) {
    uid_t user = geteuid();
    gid_t group = getegid();
    if (unshare(CLONE_NEWNS | (user_namespace ? CLONE_NEWUSER : 0)) != 0) return DIVVY_CONFINE_UNSHARE;
    if (user_namespace && map_to_self(user, group) != 0) return DIVVY_CONFINE_MAP;
    // What the machine mounts later still arrives; what is mounted here does not leave.
    if (mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) return DIVVY_CONFINE_PRIVATE;
    for (int i = 0; i < mounts.count; i++) {
        const struct divvy_mount *file = &mounts.list[i];
        if (mount(file->source, file->target, NULL, MS_BIND, NULL) != 0) return DIVVY_CONFINE_MOUNT;
        if (file->read_only && remount(file->target, MS_RDONLY) != 0) return DIVVY_CONFINE_MOUNT;
    }
    for (int i = 0; i < count; i++) {
        if (access(paths[i], F_OK) != 0 && errno == ENOENT) continue;
        if (mount("/dev/null", paths[i], NULL, MS_BIND, NULL) != 0) return DIVVY_CONFINE_COVER;
        if (remount(paths[i], MS_NODEV) != 0) return DIVVY_CONFINE_COVER;
    }
    return DIVVY_CONFINED;
}

int divvy_rehearse_confine(const char *const *paths, int count, struct divvy_mounts mounts, bool user_namespace) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return DIVVY_CONFINE_FORK;
    pid_t child = fork();
    if (child == 0) {
        int result[2];
        result[0] = divvy_confine(paths, count, mounts, user_namespace);
        result[1] = errno;
        _exit(write(report[1], result, sizeof result) == sizeof result ? 0 : 1);
    }
    int error = errno;
    close(report[1]);
    int result[2] = {DIVVY_CONFINE_FORK, error};
    if (child > 0) {
        ssize_t size;
        do {
            size = read(report[0], result, sizeof result);
        } while (size < 0 && errno == EINTR);
        if (size != sizeof result) {
            result[0] = DIVVY_CONFINE_FORK;
            result[1] = ECHILD;
        }
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close(report[0]);
    errno = result[1];
    return result[0];
}
