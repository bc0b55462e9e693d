/* text.diff: the unified difference of two texts. */
#include "args.h"
#include "changes.h"
#include "commands.h"

static Lines sides[2];

/* Where the reading of both sides is. */
typedef struct {
    uint32_t at[2];
} Position;

static bool is_changed(int side, uint32_t index) { return sides[side].changed[index] != 0; }

static bool at_change(Position p) { return is_changed(0, p.at[0]) || is_changed(1, p.at[1]); }

static bool at_end(Position p) { return p.at[0] == sides[0].count && p.at[1] == sides[1].count; }

static Position after_change(Position p) {
    for (int side = 0; side < 2; side++) {
        while (is_changed(side, p.at[side])) p.at[side]++;
    }
    return p;
}

static Position after_equal(Position p, uint32_t most) {
    for (; most > 0 && !at_end(p) && !at_change(p); most--) p.at[0]++, p.at[1]++;
    return p;
}

/* The end of the last change that belongs to the hunk which begins with this one. */
static Position last_of_hunk(Position p, uint32_t context) {
    for (;;) {
        p = after_change(p);
        Position next = after_equal(p, 2 * context);
        if (!at_change(next)) return p;
        p = next;
    }
}

static void out_line(char mark, int side, uint32_t index) {
    Text line = lines_get(&sides[side], index);
    out_byte((uint8_t)mark);
    out_bytes(line.bytes, line.size);
    if (line.bytes[line.size - 1] != '\n') out_text("\n\\ No newline at end of file\n");
}

/* A range of no lines is named by the line before it. */
static void out_range(char mark, uint32_t from, uint32_t to) {
    uint32_t count = to - from;
    out_byte((uint8_t)mark);
    out_number(count == 0 ? from : from + 1);
    if (count != 1) {
        out_byte(',');
        out_number(count);
    }
}

static void out_hunk(Position from, Position to) {
    out_text("@@ ");
    out_range('-', from.at[0], to.at[0]);
    out_byte(' ');
    out_range('+', from.at[1], to.at[1]);
    out_text(" @@\n");
    while (from.at[0] < to.at[0] || from.at[1] < to.at[1]) {
        if (is_changed(0, from.at[0])) {
            out_line('-', 0, from.at[0]++);
        } else if (is_changed(1, from.at[1])) {
            out_line('+', 1, from.at[1]++);
        } else {
            out_line(' ', 0, from.at[0]++);
            from.at[1]++;
        }
    }
}

static void out_name(const char *mark, const char *path) {
    out_text(mark);
    for (const char *name = path_name(path); *name != 0; name++) {
        out_byte((uint8_t)*name < ' ' ? '?' : (uint8_t)*name);
    }
    out_byte('\n');
}

/* Writes all hunks; false when there are none. */
static bool out_hunks(uint32_t context, const char *const paths[2]) {
    Position done = {{0, 0}};
    bool any = false;
    for (;;) {
        Position change = after_equal(done, UINT32_MAX);
        if (at_end(change)) return any;
        if (!any) {
            out_name("--- ", paths[0]);
            out_name("+++ ", paths[1]);
        }
        any = true;
        uint32_t before = change.at[0] - done.at[0];
        if (before > context) before = context;
        Position last = last_of_hunk(change, context);
        Position from = {{change.at[0] - before, change.at[1] - before}};
        out_hunk(from, after_equal(last, context));
        done = last;
    }
}

int text_diff(void) {
    const char *const paths[2] = {arg_path("old"), arg_path("new")};
    uint32_t context = (uint32_t)arg_integer("context", 3, 0, 1000);
    if (strcmp(paths[0], "-") == 0 && strcmp(paths[1], "-") == 0) {
        fail("diff", "old and new are both the standard input", NULL);
    }
    for (int side = 0; side < 2; side++) sides[side].text = read_whole(paths[side]);
    changes_find(sides, lines_number(sides));
    return out_hunks(context, paths) ? STATUS_NO : STATUS_GOOD;
}
