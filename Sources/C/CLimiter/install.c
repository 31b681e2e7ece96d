// The built library names a mark where the real library's path has to stand, twice: as a string of its dynamic section,
// behind an entry that the loader may ignore, and as a string of its own. Both get the path; the entry becomes one
// that the loader must follow. No linker has to be there, and nothing has to be known of the path when it is built.

#include "limiter_install.h"

#include <elf.h>
#include <string.h>

#define AUXILIARY 0x7ffffffd

static int replace_marks(uint8_t *bytes, size_t size, const char *path) {
    const size_t begin = sizeof LIMITER_MARK - 1;
    int count = 0;
    for (size_t place = 0; place + LIMITER_MARK_LENGTH < size; place++) {
        if (bytes[place] != LIMITER_MARK[0] || memcmp(bytes + place, LIMITER_MARK, begin) != 0) { continue; }
        size_t end = place + begin;
        while (end < place + LIMITER_MARK_LENGTH && bytes[end] == '-') { end++; }
        if (end != place + LIMITER_MARK_LENGTH) { continue; }
        memset(bytes + place, 0, LIMITER_MARK_LENGTH);
        memcpy(bytes + place, path, strlen(path));
        count++;
    }
    return count;
}

static int need_auxiliaries(uint8_t *bytes, size_t size) {
    Elf64_Ehdr header;
    if (size < sizeof header) { return 0; }
    memcpy(&header, bytes, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64) { return 0; }
    int count = 0;
    for (unsigned index = 0; index < header.e_phnum; index++) {
        Elf64_Phdr segment;
        size_t place = header.e_phoff + (size_t)index * sizeof segment;
        if (place > size || size - place < sizeof segment) { return 0; }
        memcpy(&segment, bytes + place, sizeof segment);
        if (segment.p_type != PT_DYNAMIC) { continue; }
        if (segment.p_offset > size || size - segment.p_offset < segment.p_filesz) { return 0; }
        for (size_t at = 0; at + sizeof(Elf64_Dyn) <= segment.p_filesz; at += sizeof(Elf64_Dyn)) {
            Elf64_Dyn entry;
            memcpy(&entry, bytes + segment.p_offset + at, sizeof entry);
            if (entry.d_tag != AUXILIARY) { continue; }
            entry.d_tag = DT_NEEDED;
            memcpy(bytes + segment.p_offset + at, &entry, sizeof entry);
            count++;
        }
    }
    return count;
}

int limiter_install(uint8_t *bytes, size_t size, const char *realLibrary) {
    if (realLibrary[0] != '/' || strlen(realLibrary) >= LIMITER_MARK_LENGTH) { return 1; }
    if (need_auxiliaries(bytes, size) != 1) { return 2; }
    return replace_marks(bytes, size, realLibrary) == 2 ? 0 : 2;
}
