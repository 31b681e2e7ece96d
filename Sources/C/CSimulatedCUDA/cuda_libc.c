// The parts of cuda_libc.h that are too long for a header. Whatever became newer than glibc 2.17 is called by its old
// version or as a system call.

#define _GNU_SOURCE
#include "cuda_libc.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

__thread DriverThread driver_thread_state;
DriverProcess driver_process_state;

// MARK: Locks

void process_lock_slowly(uint32_t *lock) {
    for (int turn = 0; turn < 100; turn++) {
        if (atomic_read_32(lock) == 0 && process_try_lock(lock)) { return; }
        processor_pause();
    }
    while (atomic_swap_32(lock, 2) != 0) { futex_wait(lock, 2, 0, false); }
}

// Locks of an opened file description, of Linux 3.15: closing another descriptor of the file does not drop them, which
// the NVML library does whenever it starts.
enum { GET_DESCRIPTION_LOCK = 36, SET_DESCRIPTION_LOCK = 37 };

static bool change_lock(int file, int64_t offset, short type) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    return syscall(SYS_fcntl, file, SET_DESCRIPTION_LOCK, &lock) == 0;
}

bool lock_byte(int file, int64_t offset) { return change_lock(file, offset, F_WRLCK); }
void unlock_byte(int file, int64_t offset) { change_lock(file, offset, F_UNLCK); }

bool byte_is_locked(int file, int64_t offset) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    // Who cannot ask must not declare anybody dead.
    return syscall(SYS_fcntl, file, GET_DESCRIPTION_LOCK, &lock) != 0 || lock.l_type != F_UNLCK;
}

// MARK: Files and memory

int64_t regular_file_size(int file) {
    struct stat status;
    if (syscall(SYS_fstat, file, &status) != 0 || !S_ISREG(status.st_mode)) { return -1; }
    return status.st_size;
}

uint64_t file_number(int file) {
    struct stat status;
    return syscall(SYS_fstat, file, &status) == 0 ? status.st_ino : 0;
}

static void *checked(void *memory) { return memory == MAP_FAILED ? NULL : memory; }

void *map_private(uint64_t address, size_t size) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (address != 0 ? MAP_FIXED : 0);
    return checked(mmap((void *)(uintptr_t)address, size, PROT_READ | PROT_WRITE, flags, -1, 0));
}

void *map_nothing(uint64_t address, size_t size) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (address != 0 ? MAP_FIXED : 0);
    return checked(mmap((void *)(uintptr_t)address, size, PROT_NONE, flags, -1, 0));
}

void *map_shared(uint64_t address, size_t size, int file, int64_t offset) {
    int flags = MAP_SHARED | MAP_NORESERVE | (address != 0 ? MAP_FIXED : 0);
    return checked(mmap((void *)(uintptr_t)address, size, PROT_READ | PROT_WRITE, flags, file, offset));
}

int open_memory_file(size_t size) {
    const unsigned closeOnExec = 1;
    int file = (int)syscall(SYS_memfd_create, "simulated-gpu-memory", closeOnExec);
    if (file < 0) { return -1; }
    if (ftruncate(file, (off_t)size) != 0) {
        close(file);
        return -1;
    }
    return file;
}

static char *put_number(char *end, uint32_t number) {
    char digits[10];
    int count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count != 0) { *end++ = digits[--count]; }
    return end;
}

int open_file_of_process(uint32_t pid, int file) {
    char path[48] = "/proc/";
    char *end = put_number(path + 6, pid);
    memcpy(end, "/fd/", 4);
    end = put_number(end + 4, (uint32_t)file);
    *end = 0;
    return open(path, O_RDWR | O_CLOEXEC);
}

bool allow_access(uint64_t address, size_t size, bool readable, bool writable) {
    int protection = (readable ? PROT_READ : PROT_NONE) | (writable ? PROT_WRITE : PROT_NONE);
    return mprotect((void *)(uintptr_t)address, size, protection) == 0;
}

int share_memory(uint64_t address, size_t size) {
    int file = open_memory_file(size);
    if (file < 0) { return -1; }
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char resident[256];
    for (size_t offset = 0; offset < size; offset += page * sizeof resident) {
        size_t pages = (size - offset + page - 1) / page;
        if (pages > sizeof resident) { pages = sizeof resident; }
        char *start = (char *)(uintptr_t)(address + offset);
        if (mincore(start, pages * page, resident) != 0) { memset(resident, 1, pages); }
        for (size_t index = 0; index < pages; index++) {
            if ((resident[index] & 1) == 0) { continue; }
            if (pwrite(file, start + index * page, page, (off_t)(offset + index * page)) != (ssize_t)page) {
                close(file);
                return -1;
            }
        }
    }
    if (map_shared(address, size, file, 0) == NULL) {
        close(file);
        return -1;
    }
    return file;
}

void forget_memory(uint64_t address, size_t size) { madvise((void *)(uintptr_t)address, size, MADV_DONTNEED); }

// MARK: Threads

#if defined(__x86_64__)
#define FIRST_VERSION "GLIBC_2.2.5"
#else
#define FIRST_VERSION "GLIBC_2.17"
#endif
__asm__(".symver first_pthread_create, pthread_create@" FIRST_VERSION);
__asm__(".symver first_pthread_detach, pthread_detach@" FIRST_VERSION);
int first_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument);
int first_pthread_detach(pthread_t thread);

bool start_thread(void *(*body)(void *), void *argument) {
    // The thread inherits what is blocked: no signal of the program is ever handled on it.
    uint64_t all = ~(uint64_t)0;
    uint64_t before = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    pthread_t thread;
    bool isStarted = first_pthread_create(&thread, NULL, body, argument) == 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    if (isStarted) { first_pthread_detach(thread); }
    return isStarted;
}

void sleep_exactly(void) { prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }

void sleep_until(uint64_t time) {
    // What a wake-up takes; less than this is waited for.
    const uint64_t wakeUp = 40000;
    uint64_t now = clock_now();
    if (now >= time) { return; }
    if (time - now > wakeUp) {
        int slack = prctl(PR_GET_TIMERSLACK, 0UL, 0UL, 0UL, 0UL);
        prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
        while (now < time && time - now > wakeUp) {
            sleep_for(time - now - wakeUp / 2);
            now = clock_now();
        }
        prctl(PR_SET_TIMERSLACK, (unsigned long)slack, 0UL, 0UL, 0UL);
    }
    while (clock_now() < time) { processor_pause(); }
}

// MARK: Beginning and end of processes

static void mark_child(void) {
    // The opened file description is shared with the parent: without this, a child would keep the parent alive.
    if (driver_process_state.state != 0) {
        close(driver_process_state.file);
        if (driver_process_state.client != NULL) { close(driver_process_state.service); }
        driver_process_state.state = 2;
    }
}

void watch_forks(void) { pthread_atfork(NULL, NULL, mark_child); }

static void (*end_handler)(void);
void at_process_end(void (*handler)(void)) { end_handler = handler; }

__attribute__((destructor)) static void end_process(void) {
    if (end_handler != NULL && driver_process_state.state == 1) { end_handler(); }
}
