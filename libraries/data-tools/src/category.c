#include "category.h"

#include <string.h>

#include "category_table.h"

enum { RUNS = sizeof category_runs / sizeof category_runs[0], NAME_STEP = 3, UNPAIRED = 29 };

uint32_t category_set(Text name) {
    uint32_t set = 0;
    if (name.size < 1 || name.size > 2) return 0;
    for (int i = 0; category_names[i * NAME_STEP] != 0; i++) {
        if (memcmp(category_names + i * NAME_STEP, name.bytes, name.size) == 0) set |= 1u << i;
    }
    /* RFC 9485 has no category of surrogates, which are no characters. */
    return set == 1u << UNPAIRED ? 0 : set;
}

bool category_has(uint32_t set, int32_t code) {
    uint32_t low = 0, high = RUNS;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (category_runs[middle] >> 5 <= (uint32_t)code) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return set >> (category_runs[low] & 31) & 1;
}
