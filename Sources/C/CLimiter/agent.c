#define _GNU_SOURCE
#include "limiter_agent.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct waiter {
    uint64_t seen;
    uint64_t word;
    uint32_t flags;
    uint32_t reserved;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

void limiter_wait(uint32_t *const *words, const uint32_t *seen, unsigned count, uint64_t until) {
    const long waitForSeveral = 449;
    const uint32_t of32Bits = 2;
    struct waiter waiters[LIMITER_BELLS];
    if (count > LIMITER_BELLS) { count = LIMITER_BELLS; }
    for (unsigned index = 0; index < count; index++) {
        waiters[index] = (struct waiter){seen[index], (uint64_t)(uintptr_t)words[index], of32Bits, 0};
    }
    struct timespec end = {(time_t)(until / 1000000000U), (long)(until % 1000000000U)};
    if (count > 0) {
        long result = syscall(waitForSeveral, waiters, count, 0, &end, CLOCK_MONOTONIC);
        if (result >= 0 || errno == EAGAIN || errno == ETIMEDOUT || errno == EINTR) { return; }
    }
    const uint64_t glance = 200000, time = now();
    if (until <= time) { return; }
    struct timespec pause = {0, (long)(until - time < glance ? until - time : glance)};
    nanosleep(&pause, NULL);
}

void limiter_wake(uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0); }

void limiter_raise(uint32_t *word) {
    __atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
    limiter_wake(word);
}

void limiter_sleep_exactly(void) { prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }
