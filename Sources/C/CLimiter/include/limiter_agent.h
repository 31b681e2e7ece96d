/// What the agent needs of Linux that Swift cannot call.
#ifndef DIVVY_LIMITER_AGENT_H
#define DIVVY_LIMITER_AGENT_H

#include <stdint.h>

enum { LIMITER_BELLS = 64 };

/// Sleeps until one of the words is no longer what it was seen to be, somebody wakes one, or that time of the monotonic
/// clock. Where the kernel cannot wait for several (before Linux 5.16), it looks every fifth of a millisecond.
void limiter_wait(uint32_t *const *words, const uint32_t *seen, unsigned count, uint64_t until);
/// Wakes all that wait for a word.
void limiter_wake(uint32_t *word);
/// Raises a word and wakes all that wait for it.
void limiter_raise(uint32_t *word);
static inline void limiter_put_64(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline void limiter_put_32(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
/// Wakes sleepers of this thread to the microsecond; the usual slack is fifty.
void limiter_sleep_exactly(void);

#endif
