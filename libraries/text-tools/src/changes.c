/*
 * The changes between two texts: the linear-space variant of Myers, "An O(ND) Difference
 * Algorithm and Its Variations" (1986), over the lines that both texts have.
 */
#include "changes.h"

#include "io.h"
#include "memory.h"
#include "runs.h"

/*
 * After so many steps from both ends, the search takes the farthest point it reached: the
 * result is then not the shortest, but a correct one within seconds. The work for texts with
 * nothing in order is about the lines times the steps, so long texts get fewer steps.
 */
enum { MOST_STEPS = 4096, LEAST_STEPS = 256, WORK = 1200000000 };

/* One side as the search sees it: only the lines that the other side has too. */
typedef struct {
    uint32_t *ids;
    uint32_t *origin; /* which line of the text each one is */
    uint8_t *changed; /* by line of the text */
    int32_t count;
} Sequence;

static Sequence left, right;

static int32_t patience;

/* How far along each diagonal (x - y) the search got from the start and from the end. */
static int32_t *forward;
static int32_t *backward;

/* A part of both sequences: x from left, y from right. */
typedef struct {
    int32_t x, x_end, y, y_end;
} Box;

typedef struct {
    int32_t x, y;
} Point;

/* The diagonals that a search is at. */
typedef struct {
    int32_t low, high;
} Band;

static int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }

static int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }

/* One more diagonal at each side, or one less where the box ends. */
static void widen(Band *band, int32_t least, int32_t most, int32_t *reached, int32_t outside) {
    if (band->low > least) {
        reached[--band->low - 1] = outside;
    } else {
        band->low++;
    }
    if (band->high < most) {
        reached[++band->high + 1] = outside;
    } else {
        band->high--;
    }
}

static int32_t step_forward(const Box *box, int32_t diagonal) {
    int32_t x = larger(forward[diagonal - 1] + 1, forward[diagonal + 1]);
    while (x < box->x_end && x - diagonal < box->y_end && left.ids[x] == right.ids[x - diagonal]) {
        x++;
    }
    return forward[diagonal] = x;
}

static int32_t step_backward(const Box *box, int32_t diagonal) {
    int32_t x = smaller(backward[diagonal - 1], backward[diagonal + 1] - 1);
    while (x > box->x && x - diagonal > box->y && left.ids[x - 1] == right.ids[x - diagonal - 1]) {
        x--;
    }
    return backward[diagonal] = x;
}

/* The best point so far: the one that leaves the least to compare on its side. */
static Point farthest(const Box *box, Band ahead, Band back) {
    Point best_ahead = {box->x, box->y}, best_back = {box->x_end, box->y_end};
    for (int32_t d = ahead.high; d >= ahead.low; d -= 2) {
        int32_t x = smaller(forward[d], box->x_end), y = x - d;
        if (y > box->y_end) y = box->y_end, x = y + d;
        if (x + y > best_ahead.x + best_ahead.y) best_ahead = (Point){x, y};
    }
    for (int32_t d = back.high; d >= back.low; d -= 2) {
        int32_t x = larger(backward[d], box->x), y = x - d;
        if (y < box->y) y = box->y, x = y + d;
        if (x + y < best_back.x + best_back.y) best_back = (Point){x, y};
    }
    int32_t went_ahead = best_ahead.x + best_ahead.y - box->x - box->y;
    int32_t went_back = box->x_end + box->y_end - best_back.x - best_back.y;
    return went_ahead > went_back ? best_ahead : best_back;
}

/* A point that a shortest way through the box passes, or a good one if that takes too long. */
static Point find_split(const Box *box) {
    int32_t least = box->x - box->y_end, most = box->x_end - box->y;
    int32_t first = box->x - box->y, last = box->x_end - box->y_end;
    bool odd = ((first - last) & 1) != 0;
    Band ahead = {first, first}, back = {last, last};
    forward[first] = box->x;
    backward[last] = box->x_end;
    for (int32_t cost = 1;; cost++) {
        widen(&ahead, least, most, forward, -1);
        for (int32_t d = ahead.high; d >= ahead.low; d -= 2) {
            int32_t x = step_forward(box, d);
            bool crossed = d >= back.low && d <= back.high && backward[d] <= x;
            if (odd && crossed) return (Point){x, x - d};
        }
        widen(&back, least, most, backward, INT32_MAX);
        for (int32_t d = back.high; d >= back.low; d -= 2) {
            int32_t x = step_backward(box, d);
            bool crossed = d >= ahead.low && d <= ahead.high && x <= forward[d];
            if (!odd && crossed) return (Point){x, x - d};
        }
        if (cost >= patience) return farthest(box, ahead, back);
    }
}

static void mark(const Sequence *side, int32_t from, int32_t to) {
    for (int32_t i = from; i < to; i++) side->changed[side->origin[i]] = 1;
}

/* The smaller part by a call, the larger one in the loop: so the stack stays low. */
static void compare(Box box) {
    for (;;) {
        while (box.x < box.x_end && box.y < box.y_end && left.ids[box.x] == right.ids[box.y]) {
            box.x++, box.y++;
        }
        while (box.x < box.x_end && box.y < box.y_end &&
               left.ids[box.x_end - 1] == right.ids[box.y_end - 1]) {
            box.x_end--, box.y_end--;
        }
        if (box.x == box.x_end || box.y == box.y_end) break;
        Point split = find_split(&box);
        Box before = {box.x, split.x, box.y, split.y};
        Box after = {split.x, box.x_end, split.y, box.y_end};
        bool larger_first = split.x - box.x + split.y - box.y >
                            box.x_end - split.x + box.y_end - split.y;
        compare(larger_first ? after : before);
        box = larger_first ? before : after;
    }
    mark(&left, box.x, box.x_end);
    mark(&right, box.y, box.y_end);
}

/* Keeps the lines from start to end that the other side has; the others are changes. */
static Sequence common_lines(const Lines *lines, uint32_t start, uint32_t end,
                             const uint8_t *in_other) {
    size_t room = ((size_t)(end - start) + 1) * sizeof(uint32_t);
    Sequence kept = {memory_need("diff", room), memory_need("diff", room), lines->changed, 0};
    for (uint32_t i = start; i < end; i++) {
        if (!in_other[lines->ids[i]]) {
            lines->changed[i] = 1;
            continue;
        }
        kept.ids[kept.count] = lines->ids[i];
        kept.origin[kept.count++] = i;
    }
    return kept;
}

static uint8_t *ids_within(const Lines *lines, uint32_t start, uint32_t end, uint32_t ids) {
    uint8_t *met = memory_need("diff", ids);
    for (uint32_t i = start; i < end; i++) met[lines->ids[i]] = 1;
    return met;
}

/* Diagonals may be negative, and the search looks one beyond the last. */
static int32_t *diagonals(void) {
    size_t count = (size_t)left.count + (size_t)right.count + 3;
    int32_t *reached = memory_need("diff", count * sizeof(int32_t));
    return reached + right.count + 1;
}

void changes_find(Lines sides[2], uint32_t ids) {
    uint32_t start = 0, ends[2] = {sides[0].count, sides[1].count};
    while (start < ends[0] && start < ends[1] && sides[0].ids[start] == sides[1].ids[start]) {
        start++;
    }
    while (ends[0] > start && ends[1] > start &&
           sides[0].ids[ends[0] - 1] == sides[1].ids[ends[1] - 1]) {
        ends[0]--, ends[1]--;
    }
    left = common_lines(&sides[0], start, ends[0], ids_within(&sides[1], start, ends[1], ids));
    right = common_lines(&sides[1], start, ends[1], ids_within(&sides[0], start, ends[0], ids));
    forward = diagonals();
    backward = diagonals();
    patience = smaller(larger(WORK / (left.count + right.count + 1), LEAST_STEPS), MOST_STEPS);
    compare((Box){0, left.count, 0, right.count});
    runs_settle(&sides[0], &sides[1]);
    runs_settle(&sides[1], &sides[0]);
}
