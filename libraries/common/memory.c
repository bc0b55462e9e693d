#include "memory.h"

#include <stdint.h>
#include <string.h>

#include "io.h"

enum { PAGE = 65536, ALIGNMENT = 16 };

static uintptr_t tip;
static uintptr_t limit;

static size_t aligned(size_t size) {
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* Others may grow the memory too, so new pages need not follow the old ones. */
static int grow(size_t size) {
    uintptr_t end = __builtin_wasm_memory_size(0) * (uintptr_t)PAGE;
    if (end == limit) size -= limit - tip;
    if (size > SIZE_MAX - PAGE) return 0;
    size_t pages = (size + PAGE - 1) / PAGE;
    if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) return 0;
    if (end != limit) tip = end;
    limit = end + pages * PAGE;
    return 1;
}

void *memory_take(size_t size) {
    if (size > SIZE_MAX / 2) return NULL;
    size = aligned(size);
    if (limit - tip < size && !grow(size)) return NULL;
    void *block = (void *)tip;
    tip += size;
    return block;
}

void *memory_need(const char *command, size_t size) {
    void *block = memory_take(size);
    if (block == NULL) fail(command, "there is not enough memory for this input", NULL);
    return block;
}

void *memory_extend(void *block, size_t size, size_t larger) {
    if (larger > SIZE_MAX / 2) return NULL;
    size_t more = aligned(larger) - aligned(size);
    if ((uintptr_t)block + aligned(size) == tip) {
        uintptr_t before = tip;
        void *next = memory_take(more);
        if (next == NULL || (uintptr_t)next == before) return next == NULL ? NULL : block;
    }
    void *copy = memory_take(larger);
    if (copy != NULL) memcpy(copy, block, size);
    return copy;
}
