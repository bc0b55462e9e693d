#include "path_run.h"

#include "strings.h"

static bool select_name(const PathRun *run, const Segment *segment, const Selector *selector, uint32_t node) {
    if (doc_kind(run->doc, node) != '{') return true;
    for (uint32_t c = doc_first(run->doc, node); c != NO_NODE; c = doc_after(run->doc, node, c)) {
        if (strings_equal(doc_name(run->doc, c), selector->name) && !path_run(run, segment->next, c)) return false;
    }
    return true;
}

static bool select_children(const PathRun *run, const Segment *segment, const Selector *selector, uint32_t node) {
    for (uint32_t c = doc_first(run->doc, node); c != NO_NODE; c = doc_after(run->doc, node, c)) {
        if (selector->filter != NULL && !path_filter(run, selector->filter, c)) continue;
        if (!path_run(run, segment->next, c)) return false;
    }
    return true;
}

static bool select_index(const PathRun *run, const Segment *segment, const Selector *selector, uint32_t node) {
    if (doc_kind(run->doc, node) != '[') return true;
    int64_t index = selector->start;
    if (index < 0) index += doc_child_count(run->doc, node);
    if (index < 0) return true;
    for (uint32_t c = doc_first(run->doc, node); c != NO_NODE; c = doc_after(run->doc, node, c)) {
        if (index-- == 0) return path_run(run, segment->next, c);
    }
    return true;
}

static int64_t clamp(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

static bool select_forward(const PathRun *run, const Segment *segment, const Selector *s, uint32_t node,
                           int64_t count) {
    int64_t start = s->has_start ? s->start : 0;
    int64_t end = s->has_end ? s->end : count;
    start = clamp(start < 0 ? start + count : start, 0, count);
    end = clamp(end < 0 ? end + count : end, 0, count);
    int64_t index = 0, wanted = start;
    for (uint32_t c = doc_first(run->doc, node); c != NO_NODE && wanted < end; c = doc_after(run->doc, node, c)) {
        if (index++ != wanted) continue;
        wanted += s->step;
        if (!path_run(run, segment->next, c)) return false;
    }
    return true;
}

static bool select_backward(const PathRun *run, const Segment *segment, const Selector *s, uint32_t node,
                            int64_t count) {
    int64_t start = s->has_start ? s->start : count - 1;
    int64_t end = s->has_end ? s->end : -count - 1;
    start = clamp(start < 0 ? start + count : start, -1, count - 1);
    end = clamp(end < 0 ? end + count : end, -1, count - 1);
    uint32_t *children = take_many((size_t)count, sizeof *children);
    int64_t index = 0;
    for (uint32_t c = doc_first(run->doc, node); c != NO_NODE; c = doc_after(run->doc, node, c)) children[index++] = c;
    for (index = start; index > end; index += s->step) {
        if (!path_run(run, segment->next, children[index])) return false;
    }
    return true;
}

static bool select_slice(const PathRun *run, const Segment *segment, const Selector *s, uint32_t node) {
    if (doc_kind(run->doc, node) != '[' || s->step == 0) return true;
    int64_t count = doc_child_count(run->doc, node);
    return (s->step > 0 ? select_forward : select_backward)(run, segment, s, node, count);
}

static bool select_one(const PathRun *run, const Segment *segment, const Selector *selector, uint32_t node) {
    switch (selector->kind) {
    case BY_NAME: return select_name(run, segment, selector, node);
    case BY_INDEX: return select_index(run, segment, selector, node);
    case BY_SLICE: return select_slice(run, segment, selector, node);
    default: return select_children(run, segment, selector, node);
    }
}

static bool select_all(const PathRun *run, const Segment *segment, uint32_t node) {
    for (const Selector *s = segment->first; s != NULL; s = s->next) {
        if (!select_one(run, segment, s, node)) return false;
    }
    return true;
}

bool path_run(const PathRun *run, const Segment *segment, uint32_t node) {
    if (segment == NULL) return run->visit(run->context, node);
    uint32_t end = segment->descendant ? run->doc->nodes[node].next : node + 1;
    /* Nodes are in the order in which RFC 9535 visits descendants. */
    for (uint32_t at = node; at < end; at++) {
        if (doc_is_container(run->doc, at) && !select_all(run, segment, at)) return false;
    }
    return true;
}
