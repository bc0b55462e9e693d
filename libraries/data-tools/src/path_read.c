/* Reads queries: segments and selectors. */
#include "path_source.h"

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (uint8_t)c >= 0x80;
}

static Text take_shorthand(Source *source) {
    const char *start = source->at;
    if (!is_letter(source_peek(source)))
        source_refuse(source, "a name, * or [ should be here; other names stand in ['…']");
    while (is_letter(source_peek(source)) || (source_peek(source) >= '0' && source_peek(source) <= '9')) source->at++;
    return (Text){start, (size_t)(source->at - start)};
}

static Selector *new_selector(SelectorKind kind) {
    Selector *selector = take_many(1, sizeof *selector);
    selector->kind = kind;
    return selector;
}

static bool at_integer(const Source *source) {
    char c = source_peek(source);
    return c == '-' || (c >= '0' && c <= '9');
}

/* After the start and the first colon. */
static void read_slice(Source *source, Selector *selector) {
    selector->kind = BY_SLICE;
    selector->step = 1;
    source_space(source);
    selector->has_end = at_integer(source);
    if (selector->has_end) selector->end = source_integer(source);
    const char *behind = source->at;
    source_space(source);
    if (!source_take(source, ":")) {
        source->at = behind;
        return;
    }
    behind = source->at;
    source_space(source);
    if (at_integer(source)) {
        selector->step = source_integer(source);
    } else {
        source->at = behind;
    }
}

static Selector *read_index_or_slice(Source *source) {
    Selector *selector = new_selector(BY_INDEX);
    selector->has_start = at_integer(source);
    if (selector->has_start) selector->start = source_integer(source);
    const char *behind = source->at;
    source_space(source);
    if (source_take(source, ":")) {
        read_slice(source, selector);
    } else {
        source->at = behind;
    }
    return selector;
}

static Selector *read_selector(Source *source) {
    char c = source_peek(source);
    if (c == '\'' || c == '"') {
        Selector *selector = new_selector(BY_NAME);
        selector->name = source_string(source);
        return selector;
    }
    if (source_take(source, "*")) return new_selector(BY_WILDCARD);
    if (source_take(source, "?")) {
        Selector *selector = new_selector(BY_FILTER);
        source_space(source);
        selector->filter = read_filter(source);
        return selector;
    }
    if (at_integer(source) || c == ':') return read_index_or_slice(source);
    source_refuse(source, "a selector should be here: a quoted name, *, an index, a slice or ?");
}

/* After the opening bracket. */
static Selector *read_selectors(Source *source) {
    Selector *first = NULL, **last = &first;
    do {
        source_space(source);
        *last = read_selector(source);
        last = &(*last)->next;
        source_space(source);
    } while (source_take(source, ","));
    source_expect(source, "]", "a comma or ] should be here");
    return first;
}

static Selector *read_shorthand(Source *source) {
    if (source_take(source, "*")) return new_selector(BY_WILDCARD);
    Selector *selector = new_selector(BY_NAME);
    selector->name = take_shorthand(source);
    return selector;
}

static bool is_singular(const Segment *segment) {
    const Selector *first = segment->first;
    return !segment->descendant && first->next == NULL && (first->kind == BY_NAME || first->kind == BY_INDEX);
}

/* At ".", ".." or "[". */
static Segment *read_segment(Source *source) {
    Segment *segment = take_many(1, sizeof *segment);
    if (++source->segments > MOST_SEGMENTS) source_refuse(source, "there are more than 256 segments");
    segment->descendant = source_take(source, "..");
    if (source_take(source, "[")) {
        segment->first = read_selectors(source);
    } else {
        if (!segment->descendant) source_expect(source, ".", "a segment should be here");
        segment->first = read_shorthand(source);
    }
    return segment;
}

void read_segments(Source *source, Query *query) {
    Segment **last = &query->first;
    query->singular = true;
    for (;;) {
        const char *behind = source->at;
        source_space(source);
        if (source_peek(source) != '.' && source_peek(source) != '[') {
            source->at = behind;
            return;
        }
        *last = read_segment(source);
        if (!is_singular(*last)) query->singular = false;
        last = &(*last)->next;
    }
}

Query *path_read(Text text, bool *uses_root) {
    Source source = {.start = text.bytes, .at = text.bytes, .end = text.bytes + text.size};
    Query *query = take_many(1, sizeof *query);
    source_expect(&source, "$", "a query begins with $");
    query->absolute = true;
    read_segments(&source, query);
    if (source.at != source.end) source_refuse(&source, "a segment (. or .. or [) should be here, or the end");
    *uses_root = source.uses_root;
    return query;
}
