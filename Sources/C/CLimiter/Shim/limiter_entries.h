/// What the generated functions of the limiter are made of.
#ifndef DIVVY_LIMITER_ENTRIES_H
#define DIVVY_LIMITER_ENTRIES_H

#include "limiter_libc.h"

/// A parameter, whatever it means: all of them are machine words.
typedef uint64_t W;

#define HOOK_1(name) int32_t hook_##name(uint32_t, W);
#define HOOK_2(name) int32_t hook_##name(uint32_t, W, W);
#define HOOK_3(name) int32_t hook_##name(uint32_t, W, W, W);
#define HOOK_4(name) int32_t hook_##name(uint32_t, W, W, W, W);
#define HOOK_5(name) int32_t hook_##name(uint32_t, W, W, W, W, W);
#define HOOK_6(name) int32_t hook_##name(uint32_t, W, W, W, W, W, W);
#define HOOK_7(name) int32_t hook_##name(uint32_t, W, W, W, W, W, W, W);

#define CALL(symbol, name, declared, passed) \
    int32_t symbol declared; \
    int32_t symbol declared { return hook_##name passed; }
#define CALL_1(symbol, name) CALL(symbol, name, (W a), (REAL_##symbol, a))
#define CALL_2(symbol, name) CALL(symbol, name, (W a, W b), (REAL_##symbol, a, b))
#define CALL_3(symbol, name) CALL(symbol, name, (W a, W b, W c), (REAL_##symbol, a, b, c))
#define CALL_4(symbol, name) CALL(symbol, name, (W a, W b, W c, W d), (REAL_##symbol, a, b, c, d))
#define CALL_5(symbol, name) CALL(symbol, name, (W a, W b, W c, W d, W e), (REAL_##symbol, a, b, c, d, e))
#define CALL_6(symbol, name) CALL(symbol, name, (W a, W b, W c, W d, W e, W f), (REAL_##symbol, a, b, c, d, e, f))
#define CALL_7(symbol, name) \
    CALL(symbol, name, (W a, W b, W c, W d, W e, W f, W g), (REAL_##symbol, a, b, c, d, e, f, g))

/// It opens memory of another process, which 64 bytes stand for.
typedef struct Handle64 { W words[8]; } Handle64;
int32_t hook_openedMemory(int32_t, W);
#define OPENS(symbol) \
    int32_t symbol(W a, Handle64 b, W c); \
    int32_t symbol(W a, Handle64 b, W c) { \
        return hook_openedMemory(((int32_t(*)(W, Handle64, W))limiter_real[REAL_##symbol])(a, b, c), a); \
    }

/// What a caller may pass instead of a stream, and what is meant by none.
enum { STREAM_LEGACY = 1, STREAM_OWN = 2 };
#define LEGACY_STREAM(stream) ((stream) == 0 ? STREAM_LEGACY : (stream))
#define OWN_STREAM(stream) ((stream) == 0 ? STREAM_OWN : (stream))
#define GRID(x, y, z) ((uint64_t)(uint32_t)(x) * (uint32_t)(y) * (uint32_t)(z))

/// Of a `CUlaunchConfig`.
static inline uint64_t configured_stream(const void *configuration) {
    uint64_t stream = 0;
    if (configuration != NULL) { memcpy(&stream, (const char *)configuration + 32, sizeof stream); }
    return stream;
}
static inline uint64_t configured_grid(const void *configuration) {
    uint32_t size[3] = {0, 0, 0};
    if (configuration != NULL) { memcpy(size, configuration, sizeof size); }
    return GRID(size[0], size[1], size[2]);
}
#define CONFIGURED_STREAM(word) configured_stream((const void *)(uintptr_t)(word))
#define CONFIGURED_GRID(word) configured_grid((const void *)(uintptr_t)(word))

void gate_enter(uint64_t key, uint64_t stream);
void gate_leave(void);

/// Whether a launch may go at once: the same function in the same stream was let in for so often, in a turn that is not
/// over.
static inline bool may_go(uint64_t key, uint64_t queue) {
    LimiterThread *thread = limiter_thread();
    if (thread->left == 0 || thread->key != key || thread->stream != queue || load32(thread->word) != thread->epoch) {
        return false;
    }
    thread->left--;
    return true;
}

/// What transfers are known by: the function, and the power of two that is above their size.
#define TRANSFER_KEY(symbol) ((uint64_t)(REAL_##symbol + 1) << 32)
#define SIZE_CLASS(size) ((uint64_t)(64 - __builtin_clzll((uint64_t)(size) | 1)))

#define KEY(work, size) ((work) ^ (size) << 48 ^ (size) >> 16)

// A compiler would move the parameters about, which costs more than all the rest: so the ways to the real function are
// written down. The first leads there unless a gate is in use; the second when the launch may go.
#if defined(__x86_64__)
#define FAST_PATHS(symbol, declared, passed, work, place, grid) \
    __attribute__((visibility("hidden"), used)) bool may_go_##symbol(const W *registers, const W *stack); \
    bool may_go_##symbol(const W *registers, const W *stack) { \
        const W a = registers[0], b = registers[1], c = registers[2], d = registers[3], e = registers[4], \
                f = registers[5]; \
        const W g = stack[0], h = stack[1], i = stack[2]; \
        (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h, (void)i; \
        const uint64_t size = (grid); \
        return may_go(KEY((W)(work), size), (place)); \
    } \
    __attribute__((naked, used, visibility("hidden"))) void gated_##symbol(void); \
    void gated_##symbol(void) { \
        __asm__("pushq %%r9\n pushq %%r8\n pushq %%rcx\n pushq %%rdx\n pushq %%rsi\n pushq %%rdi\n" \
                "subq $8, %%rsp\n leaq 8(%%rsp), %%rdi\n leaq 64(%%rsp), %%rsi\n callq may_go_" #symbol "\n" \
                "addq $8, %%rsp\n popq %%rdi\n popq %%rsi\n popq %%rdx\n popq %%rcx\n popq %%r8\n popq %%r9\n" \
                "testb %%al, %%al\n je asking_" #symbol "\n jmpq *limiter_real+8*%c0(%%rip)" ::"i"(REAL_##symbol)); \
    } \
    __attribute__((naked)) int32_t symbol declared { \
        __asm__("movq limiter_gates(%%rip), %%rax\n cmpl $0, (%%rax)\n jne gated_" #symbol "\n" \
                "jmpq *limiter_real+8*%c0(%%rip)" ::"i"(REAL_##symbol)); \
    }
#else
#define FAST_PATHS(symbol, declared, passed, work, place, grid) \
    __attribute__((visibility("hidden"), used)) int32_t gated_##symbol declared; \
    int32_t gated_##symbol declared { \
        const uint64_t size = (grid); \
        if (!may_go(KEY((W)(work), size), (place))) { __attribute__((musttail)) return asking_##symbol passed; } \
        __attribute__((musttail)) return ((int32_t(*) declared)limiter_real[REAL_##symbol])passed; \
    } \
    __attribute__((naked)) int32_t symbol declared { \
        __asm__("adrp x16, limiter_gates\n ldr x16, [x16, :lo12:limiter_gates]\n ldar w16, [x16]\n" \
                "cbnz w16, 1f\n adrp x16, limiter_real\n add x16, x16, :lo12:limiter_real\n" \
                "ldr x16, [x16, #8*%c0]\n br x16\n 1: b gated_" #symbol ::"i"(REAL_##symbol)); \
    }
#endif

/// A launch. All of its cost where no gate is in use is one load; in a turn, it is a few comparisons as long as the
/// same function goes to the same stream.
#define LAUNCH(symbol, declared, passed, work, place, grid) \
    int32_t symbol declared; \
    __attribute__((visibility("hidden"), used)) int32_t asking_##symbol declared; \
    int32_t asking_##symbol declared { \
        const uint64_t size = (grid); \
        gate_enter(KEY((W)(work), size), (place)); \
        int32_t result = ((int32_t(*) declared)limiter_real[REAL_##symbol])passed; \
        if (limiter_thread()->mustMark) { gate_leave(); } \
        return result; \
    } \
    FAST_PATHS(symbol, declared, passed, work, place, grid)

#define ENTRY(name, symbol, version, own) {#name, (const void *)symbol, REAL_##symbol, version, own},

#endif
