/*
 * ..name while the input is read. RFC 9535 gives what a container itself has before what is
 * inside its children, so results wait while an object is open that could still have the name.
 */
#include <stdlib.h>

#include "query.h"
#include "strings.h"

typedef struct {
    uint64_t order; /* of the object that has the member */
    size_t start;   /* of its value in the kept text */
    size_t end;
} Waiting;

static struct {
    uint64_t containers;
    uint64_t orders[DEEPEST + 1];  /* of the containers that are open */
    int64_t captured[DEEPEST + 1]; /* which result each one is, or -1 */
    int capturing;
    int objects;
    Buffer kept;
    Waiting *waiting;
    size_t count;
    size_t room;
} descent;

static int by_order(const void *left, const void *right) {
    const Waiting *a = left, *b = right;
    if (a->order != b->order) return a->order < b->order ? -1 : 1;
    return a->start < b->start ? -1 : a->start > b->start;
}

static void show_waiting(const Segment *rest) {
    static Buffer text;
    qsort(descent.waiting, descent.count, sizeof *descent.waiting, by_order);
    for (size_t i = 0; i < descent.count; i++) {
        const Waiting *w = &descent.waiting[i];
        Text found = {descent.kept.bytes + w->start, w->end - w->start};
        if (rest == NULL) {
            result_text(found);
            continue;
        }
        text.size = 0;
        buffer_add(&text, found.bytes, found.size);
        results_within(rest, &text);
    }
    descent.count = 0;
    descent.kept.size = 0;
}

/* A result begins; returns which one. */
static int64_t begin_result(Scanner *scanner, int depth) {
    scan_space(scanner);
    if (descent.capturing++ == 0) scan_begin(scanner, &descent.kept);
    descent.waiting = list_room(descent.waiting, descent.count, &descent.room, sizeof *descent.waiting);
    descent.waiting[descent.count] = (Waiting){.order = descent.orders[depth], .start = scan_kept(scanner)};
    return (int64_t)descent.count++;
}

static void end_result(Scanner *scanner, int64_t result) {
    if (result < 0) return;
    descent.waiting[result].end = scan_kept(scanner);
    if (--descent.capturing == 0) scan_end(scanner);
}

static void open_container(Scanner *scanner, int c, int64_t result) {
    int depth = scanner->depth;
    descent.orders[depth] = descent.containers++;
    descent.captured[depth] = result;
    descent.objects += c == '{';
}

/* Takes a member's name; returns which result its value is, or -1. */
static int64_t take_name(Scanner *scanner, Text wanted) {
    if (!strings_equal(scan_name(scanner), wanted)) return -1;
    return begin_result(scanner, scanner->depth);
}

/* After a value: leaves the containers that end here; false at the end of the outermost one. */
static bool step_out(Scanner *scanner, int base, const Segment *segment) {
    for (;;) {
        if (descent.objects == 0 && descent.count > 0) show_waiting(segment->next);
        if (scanner->depth == base) return false;
        int depth = scanner->depth;
        bool is_object = scanner->open[depth - 1] == '}';
        if (scan_next(scanner)) return true;
        descent.objects -= is_object;
        end_result(scanner, descent.captured[depth]);
    }
}

void query_descend(Scanner *scanner, const Segment *segment) {
    Text wanted = segment->first->name;
    int base = scanner->depth;
    int64_t result = -1;
    descent.containers = 0;
    for (;;) {
        int c = scan_space(scanner);
        if (c == '"') {
            scan_string(scanner);
        } else if (c != '{' && c != '[') {
            scan_scalar(scanner, c);
        } else if (scan_enter(scanner)) {
            open_container(scanner, c, result);
            result = c == '{' ? take_name(scanner, wanted) : -1;
            continue;
        }
        end_result(scanner, result);
        if (!step_out(scanner, base, segment)) return;
        result = scanner->open[scanner->depth - 1] == '}' ? take_name(scanner, wanted) : -1;
    }
}
