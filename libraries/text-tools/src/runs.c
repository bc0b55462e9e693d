/*
 * A run of changed lines may move over lines that equal its own ends without any change to
 * the result. It is moved so that it joins its neighbours, then ends where the other side
 * has a change too, or else lies as far down as it goes, where readers expect an addition.
 */
#include "runs.h"

#include <stdbool.h>

typedef struct {
    const Lines *lines;
    const Lines *other;
    uint32_t start, end;
    uint32_t place; /* the line of the other side that the line after the run equals */
} Run;

static bool move_up(Run *run) {
    const uint32_t *ids = run->lines->ids;
    uint8_t *changed = run->lines->changed;
    if (run->start == 0 || ids[run->start - 1] != ids[run->end - 1]) return false;
    changed[--run->start] = 1;
    changed[--run->end] = 0;
    while (run->start > 0 && changed[run->start - 1]) run->start--;
    do run->place--;
    while (run->other->changed[run->place]);
    return true;
}

static void pass_changes(Run *run) {
    while (run->other->changed[run->place]) run->place++;
}

static bool move_down(Run *run) {
    const uint32_t *ids = run->lines->ids;
    uint8_t *changed = run->lines->changed;
    if (run->end == run->lines->count || ids[run->start] != ids[run->end]) return false;
    changed[run->start++] = 0;
    changed[run->end++] = 1;
    while (changed[run->end]) run->end++;
    run->place++;
    pass_changes(run);
    return true;
}

static bool meets_change(const Run *run) { return run->other->changed[(int64_t)run->place - 1]; }

static void settle(Run *run) {
    uint32_t size, meeting;
    do {
        size = run->end - run->start;
        while (move_up(run)) continue;
        meeting = meets_change(run) ? run->end : UINT32_MAX;
        while (move_down(run)) {
            if (meets_change(run)) meeting = run->end;
        }
    } while (run->end - run->start != size);
    while (run->end > meeting) move_up(run);
}

void runs_settle(const Lines *lines, const Lines *other) {
    Run run = {.lines = lines, .other = other};
    pass_changes(&run);
    while (run.end < lines->count) {
        if (!lines->changed[run.end]) {
            run.end++;
            run.place++;
            pass_changes(&run);
            continue;
        }
        run.start = run.end;
        while (lines->changed[run.end]) run.end++;
        settle(&run);
    }
}
