/*
 * Which items of two arrays belong together: Myers' algorithm on the items' hashes, between
 * what is the same at both ends. Arrays with too many differences are paired in order.
 */
#include "diff.h"

enum { MOST_EDITS = 1000 };

typedef struct {
    uint32_t *nodes;
    const uint64_t *hashes;
    int32_t count;
} Items;

static Items items_of(int side, uint32_t array) {
    const Doc *doc = &diff.docs[side];
    Items items = {.hashes = diff.hashes[side], .count = (int32_t)doc_child_count(doc, array)};
    items.nodes = take_many((size_t)items.count + 1, sizeof *items.nodes);
    int32_t i = 0;
    for (uint32_t c = doc_first(doc, array); c != NO_NODE; c = doc_after(doc, array, c)) items.nodes[i++] = c;
    return items;
}

static bool same_hash(const Items *a, int32_t x, const Items *b, int32_t y) {
    return a->hashes[a->nodes[x]] == b->hashes[b->nodes[y]];
}

/* The part of two lists that is still to be compared. */
typedef struct {
    const Items *a, *b;
    int32_t from_a, from_b, to_a, to_b;
    int32_t *reached; /* for each number of edits the farthest places, of which there are edits + 1 */
    uint8_t *kept_a, *kept_b;
} Search;

static int32_t *row_of(const Search *s, int32_t edits) { return s->reached + edits * (edits + 1) / 2; }

/* Diagonals are -edits, -edits + 2 ... edits; the one at index i comes from i - 1 or i of the row before. */
static int32_t step_to(const int32_t *before, int32_t edits, int32_t i) {
    if (edits == 0) return 0;
    if (i == 0) return before[0];
    if (i == edits) return before[i - 1] + 1;
    return before[i - 1] + 1 > before[i] ? before[i - 1] + 1 : before[i];
}

/* Finds the least number of edits, or -1 when there are too many. */
static int32_t count_edits(const Search *s) {
    int32_t n = s->to_a - s->from_a, m = s->to_b - s->from_b;
    for (int32_t edits = 0; edits <= MOST_EDITS; edits++) {
        const int32_t *before = edits == 0 ? NULL : row_of(s, edits - 1);
        int32_t *row = row_of(s, edits);
        for (int32_t i = 0; i <= edits; i++) {
            int32_t diagonal = 2 * i - edits;
            int32_t x = step_to(before, edits, i), y = x - diagonal;
            while (x < n && y >= 0 && y < m && same_hash(s->a, s->from_a + x, s->b, s->from_b + y)) x++, y++;
            row[i] = x;
            if (x >= n && y >= m) return edits;
        }
    }
    return -1;
}

/* Goes back over the rows and marks what both have. */
static void mark_kept(const Search *s, int32_t edits) {
    int32_t x = s->to_a - s->from_a, y = s->to_b - s->from_b;
    for (; edits >= 0; edits--) {
        int32_t i = (x - y + edits) / 2;
        const int32_t *before = edits == 0 ? NULL : row_of(s, edits - 1);
        int32_t start = step_to(before, edits, i);
        while (x > start) {
            x--, y--;
            s->kept_a[s->from_a + x] = s->kept_b[s->from_b + y] = 1;
        }
        if (edits == 0) return;
        bool from_left = i == edits || (i > 0 && before[i - 1] + 1 > before[i]);
        from_left ? x-- : y--;
    }
}

static void mark_ends(Search *s) {
    while (s->from_a < s->to_a && s->from_b < s->to_b && same_hash(s->a, s->from_a, s->b, s->from_b)) {
        s->kept_a[s->from_a++] = s->kept_b[s->from_b++] = 1;
    }
    while (s->to_a > s->from_a && s->to_b > s->from_b && same_hash(s->a, s->to_a - 1, s->b, s->to_b - 1)) {
        s->kept_a[--s->to_a] = s->kept_b[--s->to_b] = 1;
    }
}

static void mark_middle(Search *s) {
    static int32_t *reached;
    if (s->from_a == s->to_a || s->from_b == s->to_b) return;
    if (reached == NULL) reached = take_many((size_t)(MOST_EDITS + 1) * (MOST_EDITS + 2) / 2, sizeof *reached);
    s->reached = reached;
    int32_t edits = count_edits(s);
    if (edits >= 0) mark_kept(s, edits);
}

size_t diff_pairs(uint32_t old, uint32_t new, Pair **pairs) {
    Items a = items_of(0, old), b = items_of(1, new);
    Search s = {.a = &a, .b = &b, .to_a = a.count, .to_b = b.count};
    s.kept_a = take_many((size_t)a.count + 1, 1);
    s.kept_b = take_many((size_t)b.count + 1, 1);
    mark_ends(&s);
    mark_middle(&s);
    Pair *list = take_many((size_t)a.count + (size_t)b.count + 1, sizeof *list);
    size_t count = 0;
    int32_t x = 0, y = 0;
    while (x < a.count || y < b.count) {
        bool only_a = x < a.count && !s.kept_a[x], only_b = y < b.count && !s.kept_b[y];
        bool take_a = only_a || !only_b, take_b = only_b || !only_a;
        list[count++] = (Pair){take_a ? a.nodes[x++] : NO_NODE, take_b ? b.nodes[y++] : NO_NODE};
    }
    *pairs = list;
    return count;
}
