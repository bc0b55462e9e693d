#include "seen.h"

#include <stdbool.h>
#include <string.h>

#include "io.h"
#include "memory.h"

static const uint64_t TAKEN = 1;
static const uint64_t AGAIN = 2;

/* The marks that were met, in a table with open addressing. */
static struct {
    Mark *places;
    uint32_t size;
    uint32_t used;
} table;

/*
 * The sizes that the table takes in turn. The old tables are not given back, so few steps
 * serve best: all but the last fit together into 256 MiB and hold ten million lines.
 */
static const uint32_t sizes[] = {1u << 12, 1u << 16, 1u << 19, 3u << 20, 11u << 20, 44u << 20};

Mark mark_of(Sha256 *hash) {
    uint8_t digest[SHA256_SIZE];
    Mark mark;
    sha256_end(hash, digest);
    memcpy(&mark, digest, sizeof mark);
    mark.low = (mark.low & ~AGAIN) | TAKEN;
    return mark;
}

static Mark *place_of(Mark mark) {
    uint32_t at = (uint32_t)((mark.high >> 32) * table.size >> 32);
    for (;;) {
        Mark *place = &table.places[at];
        if (place->low == 0) return place;
        if (place->high == mark.high && (place->low & ~AGAIN) == mark.low) return place;
        if (++at == table.size) at = 0;
    }
}

static void enlarge_table(void) {
    static size_t step;
    Mark *old = table.places;
    uint32_t old_size = table.size;
    bool more = step < sizeof sizes / sizeof sizes[0];
    table.places = more ? memory_take((size_t)sizes[step] * sizeof(Mark)) : NULL;
    if (table.places == NULL) {
        fail("dedupe", "there are too many different lines for the memory", NULL);
    }
    table.size = sizes[step++];
    for (uint32_t i = 0; i < old_size; i++) {
        Mark mark = {old[i].high, old[i].low & ~AGAIN};
        if (mark.low != 0) *place_of(mark) = old[i];
    }
}

Meeting meet(Mark mark) {
    if (table.used >= table.size / 8 * 7) enlarge_table();
    Mark *place = place_of(mark);
    if (place->low == 0) {
        *place = mark;
        table.used++;
        return FIRST;
    }
    bool again = (place->low & AGAIN) != 0;
    place->low |= AGAIN;
    return again ? LATER : SECOND;
}

Meeting meet_adjacent(Mark mark) {
    static Mark before;
    static Meeting meeting;
    bool same = mark.high == before.high && mark.low == before.low;
    meeting = !same ? FIRST : meeting == FIRST ? SECOND : LATER;
    before = mark;
    return meeting;
}
