// Where the library was loaded from. `dladdr` would be shorter, and has had a symbol version after 2.17 since libdl
// became part of libc.

#define _GNU_SOURCE
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "driver_libc.h"

/// Something that lies in this library and in no other.
static const char anchor;

struct search {
    char *path;
    size_t length;
};

static int visit(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size;
    const struct search *search = context;
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
        uintptr_t start = object->dlpi_addr + segment->p_vaddr;
        uintptr_t address = (uintptr_t)&anchor;
        if (segment->p_type != PT_LOAD || address < start || address - start >= segment->p_memsz) { continue; }
        size_t length = strlen(object->dlpi_name);
        if (length == 0 || length >= search->length) { return -1; }
        memcpy(search->path, object->dlpi_name, length + 1);
        return 1;
    }
    return 0;
}

bool driver_own_path(char *path, size_t length) {
    struct search search = {path, length};
    return dl_iterate_phdr(visit, &search) == 1;
}
