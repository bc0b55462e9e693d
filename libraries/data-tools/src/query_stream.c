/* Applies segments while the input is read, as far as each child can be judged by itself. */
#include "query.h"
#include "strings.h"

/* Whether a filter passes one child, whose text is held by itself. */
static bool passes(Expression *filter, Buffer *text) {
    static Doc doc;
    buffer_byte(text, 0);
    doc_read(&doc, (Text){text->bytes, --text->size});
    PathRun run = {.doc = &doc};
    return path_filter(&run, filter, 0);
}

static void stream_filtered(Scanner *scanner, const Segment *segment) {
    static Buffer child;
    child.size = 0;
    scan_capture(scanner, KEEP, &child);
    if (!passes(segment->first->filter, &child)) return;
    if (segment->next == NULL) {
        result_text(buffer_all(&child));
    } else {
        results_within(segment->next, &child);
    }
}

static bool wants_index(const Selector *selector, int64_t index) {
    if (selector->kind == BY_INDEX) return index == selector->start;
    if (selector->kind != BY_SLICE) return selector->kind != BY_NAME;
    if (selector->step == 0 || index < selector->start) return false;
    if (selector->has_end && index >= selector->end) return false;
    return (index - selector->start) % selector->step == 0;
}

static void stream_child(Scanner *scanner, const Segment *segment, bool wanted) {
    if (!wanted) {
        scan_value(scanner);
    } else if (segment->first->kind == BY_FILTER) {
        stream_filtered(scanner, segment);
    } else {
        query_stream(scanner, segment->next);
    }
}

static void stream_array(Scanner *scanner, const Segment *segment) {
    size_t path_size = results.path.size;
    int64_t index = 0;
    if (!scan_enter(scanner)) return;
    do {
        if (results.printing == PRINT_PATHS) path_add_index((uint64_t)index);
        stream_child(scanner, segment, wants_index(segment->first, index++));
        results.path.size = path_size;
    } while (scan_next(scanner));
}

static void stream_object(Scanner *scanner, const Segment *segment) {
    const Selector *selector = segment->first;
    size_t path_size = results.path.size;
    if (!scan_enter(scanner)) return;
    do {
        Text name = scan_name(scanner);
        bool wanted = selector->kind == BY_NAME ? strings_equal(name, selector->name)
                                                : selector->kind == BY_WILDCARD || selector->kind == BY_FILTER;
        if (wanted && results.printing == PRINT_PATHS) path_add_name(name);
        stream_child(scanner, segment, wanted);
        results.path.size = path_size;
    } while (scan_next(scanner));
}

static bool goes_forward(const Segment *segment) {
    const Selector *s = segment->first;
    if (segment->descendant || s->next != NULL) return false;
    if (s->kind == BY_INDEX) return s->start >= 0;
    return s->kind != BY_SLICE || (s->start >= 0 && s->end >= 0 && s->step >= 0);
}

static bool can_descend(const Segment *segment) {
    const Selector *s = segment->first;
    return segment->descendant && s->next == NULL && s->kind == BY_NAME && results.printing != PRINT_PATHS;
}

void query_stream(Scanner *scanner, const Segment *segment) {
    int c = scan_space(scanner);
    if (segment == NULL) {
        result_scanned(scanner);
    } else if (c != '[' && c != '{') {
        scan_value(scanner);
    } else if (can_descend(segment)) {
        query_descend(scanner, segment);
    } else if (!goes_forward(segment)) {
        static Buffer whole;
        whole.size = 0;
        scan_capture(scanner, KEEP, &whole);
        results_within(segment, &whole);
    } else if (c == '[') {
        stream_array(scanner, segment);
    } else {
        stream_object(scanner, segment);
    }
}
