// The parts of limiter_libc.h that are too long for a header. Whatever became newer than glibc 2.17 is called by its
// old version or as a system call.

#define _GNU_SOURCE
#include "limiter_libc.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "limiter_install.h"

__thread LimiterThread limiter_thread_state;
LimiterState limiter_state;
const void *limiter_real[REAL_COUNT];

// A launch before the start finds a gate in use, and with it the start.
static const uint32_t unknown = 1;
const uint32_t *limiter_gates = &unknown;
void look_at_gates(const uint32_t *word) { limiter_gates = word != NULL ? word : &unknown; }

// MARK: Names whose versions became newer

#if defined(__x86_64__)
#define FIRST_VERSION "GLIBC_2.2.5"
#else
#define FIRST_VERSION "GLIBC_2.17"
#endif
#define FIRST(name) __asm__(".symver first_" #name ", " #name "@" FIRST_VERSION)
FIRST(pthread_create);
FIRST(pthread_detach);
FIRST(dlopen);
FIRST(dlsym);
int first_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument);
int first_pthread_detach(pthread_t thread);
void *first_dlopen(const char *path, int mode);
void *first_dlsym(void *library, const char *name);

// MARK: The real driver

/// `limiter_install` writes the path of the real library here.
static const volatile char mark[LIMITER_MARK_LENGTH + 1] =
    LIMITER_MARK "-------------------------------------------------------------------------------------------"
                 "-------------------------------------------------------------------------------------------"
                 "---------------------------------------";
_Static_assert(sizeof LIMITER_MARK - 1 + 91 + 91 + 39 == LIMITER_MARK_LENGTH, "the mark has its full length");

static char place[LIMITER_MARK_LENGTH + 1];

const char *limiter_place(void) { return place[0] == '/' ? place : NULL; }

static int32_t missing(void) { return 801; }
static int32_t not_installed(void) { return 100; }

bool real_is_there(uint32_t index) { return limiter_real[index] != (const void *)missing; }

static void watch_child(void) {
    if (limiter_state.state != 1) { return; }
    // The opened file description is shared with the parent: without this, a child would keep the parent alive.
    close(limiter_state.file);
    memset(&limiter_state, 0, sizeof limiter_state);
    memset(&limiter_thread_state, 0, sizeof limiter_thread_state);
    look_at_gates(NULL);
}

__attribute__((constructor)) static void find_real(void) {
    for (int index = 0; index < LIMITER_MARK_LENGTH && mark[index] != 0; index++) { place[index] = mark[index]; }
    void *library = place[0] == '/' ? first_dlopen(place, RTLD_LAZY | RTLD_LOCAL) : NULL;
    for (int index = 0; index < REAL_COUNT; index++) {
        const void *found = (const void *)not_installed;
        if (library != NULL) { found = first_dlsym(library, limiter_real_names[index]); }
        limiter_real[index] = found != NULL ? found : (const void *)missing;
    }
    char *end = strrchr(place, '/');
    if (end != NULL) { *end = 0; }
    pthread_atfork(NULL, NULL, watch_child);
}

// MARK: Locks

void lock_slowly(uint32_t *lock) {
    for (int turn = 0; turn < 100; turn++) {
        if (load32(lock) == 0 && replace32(lock, 0, 1)) { return; }
        pause_processor();
    }
    while (swap32(lock, 2) != 0) { wait_for_change(lock, 2, 100000000, false); }
}

// Locks of an opened file description, of Linux 3.15.
enum { GET_DESCRIPTION_LOCK = 36, SET_DESCRIPTION_LOCK = 37 };

bool lock_byte(int file, int64_t offset) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    return syscall(SYS_fcntl, file, SET_DESCRIPTION_LOCK, &lock) == 0;
}

bool byte_is_locked(int file, int64_t offset) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    // Who cannot ask must not declare anybody dead.
    return syscall(SYS_fcntl, file, GET_DESCRIPTION_LOCK, &lock) != 0 || lock.l_type != F_UNLCK;
}

// MARK: Files and memory

static char *append(char *end, const char *text) {
    size_t length = strlen(text);
    memcpy(end, text, length + 1);
    return end + length;
}

void *map_file(const char *name, size_t size, bool writable, int32_t *file) {
    char path[LIMITER_MARK_LENGTH + 32];
    append(append(append(path, place), "/"), name);
    int opened = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (opened < 0) { return NULL; }
    // Low numbers are what programs close by habit.
    int higher = (int)syscall(SYS_fcntl, opened, F_DUPFD_CLOEXEC, 500);
    if (higher >= 0) {
        close(opened);
        opened = higher;
    }
    struct stat status;
    void *memory = MAP_FAILED;
    if (syscall(SYS_fstat, opened, &status) == 0 && (uint64_t)status.st_size >= size) {
        memory = mmap(NULL, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, opened, 0);
    }
    if (memory != MAP_FAILED && file != NULL) {
        *file = opened;
    } else {
        close(opened);
    }
    return memory == MAP_FAILED ? NULL : memory;
}

void *map_memory(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static char *append_number(char *end, uint64_t number) {
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count != 0) { *end++ = digits[--count]; }
    *end = 0;
    return end;
}

uint64_t start_time_of(uint64_t pid) {
    char path[48], text[512];
    append(append_number(append(path, "/proc/"), pid), "/stat");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) { return 0; }
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) { return 0; }
    text[length] = 0;
    // The name, in parentheses, may hold anything; behind it every field has a blank before it.
    char *field = strrchr(text, ')');
    // A zombie holds nothing any more.
    if (field == NULL || field[2] == 'Z' || field[2] == 'X') { return 0; }
    for (int index = 0; field != NULL && index < 20; index++) { field = strchr(field + 1, ' '); }
    uint64_t value = 0;
    for (char *digit = field == NULL ? "" : field + 1; *digit >= '0' && *digit <= '9'; digit++) {
        value = value * 10 + (uint64_t)(*digit - '0');
    }
    return value;
}

uint64_t pid_namespace(void) {
    int file = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    if (file < 0) { return 0; }
    struct stat status;
    uint64_t number = syscall(SYS_fstat, file, &status) == 0 ? status.st_ino : 0;
    close(file);
    return number;
}

// MARK: Threads

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
