/// Makes the built limiter into one that works: it is told where the real library and the limits will be.
#ifndef DIVVY_LIMITER_INSTALL_H
#define DIVVY_LIMITER_INSTALL_H

#include <stddef.h>
#include <stdint.h>

/// What a built limiter has in the place of the real library's path: this, and dashes up to `LIMITER_MARK_LENGTH`.
#define LIMITER_MARK "divvy-limiter-mark:"
enum { LIMITER_MARK_LENGTH = 240 };

/// Changes the bytes of a built library in place: the real library's absolute path becomes one that it needs, so that
/// the loader brings it along, and the directory of that path is where the limits and the books are looked for.
///
/// The result is 0, or what was wrong: 1 the path is not absolute or too long, 2 the bytes are no limiter of this kind.
int limiter_install(uint8_t *bytes, size_t size, const char *realLibrary);

#endif
