// Sizes on which the agent and the limiters of other builds depend.

#include "limiter_layout.h"

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has a wrong size")

_Static_assert(LIMITER_LAYOUT == 1, "the numbers below are those of layout 1");
SIZE(LimiterGate, 48);
SIZE(LimiterGPU, 128);
SIZE(LimiterLimits, 64 + 16 * 128);
SIZE(LimiterProcess, 160);
SIZE(LimiterActivity, 32);
SIZE(LimiterBook, 64);
SIZE(LimiterDetail, 64);
SIZE(LimiterBooks, 64 + 16 * 64 + 256 * 160 + 16 * 256 * 32 + 16 * 256 * 64);
_Static_assert(sizeof(LimiterLimits) <= 4096, "the limits are one page");
