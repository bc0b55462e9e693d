/* RFC 7396: a document with what changes, in which null removes a member. */
#include "diff.h"
#include "strings.h"

static Buffer line;

static bool has_null(const Doc *doc, uint32_t node) {
    if (doc_kind(doc, node) == 'n') return true;
    if (doc_kind(doc, node) != '{') return false;
    for (uint32_t c = doc_first(doc, node); c != NO_NODE; c = doc_after(doc, node, c)) {
        if (has_null(doc, c)) return true;
    }
    return false;
}

static void set_value(uint32_t new, bool is_member) {
    Doc *doc = &diff.docs[1];
    if (has_null(doc, new) && (is_member || doc_kind(doc, new) == '{')) {
        fail(command_name, "a merge patch cannot say this difference: a member of NEW is null", NULL);
    }
    doc_compact(doc, new, &line);
}

static void begin_member(Text name, bool *first) {
    if (!*first) buffer_byte(&line, ',');
    *first = false;
    buffer_byte(&line, '"');
    buffer_add(&line, name.bytes, name.size);
    buffer_text(&line, "\":");
}

static bool has_difference;

static void notice(Change change, uint32_t old, uint32_t new) {
    (void)change, (void)old, (void)new;
    has_difference = true;
}

static bool differ(uint32_t old, uint32_t new) {
    has_difference = false;
    diff_values(old, new, notice);
    return has_difference;
}

static void merge(uint32_t old, uint32_t new, bool is_member);

static void merge_objects(uint32_t old, uint32_t new) {
    Doc *a = &diff.docs[0], *b = &diff.docs[1];
    bool first = true;
    buffer_byte(&line, '{');
    for (uint32_t c = doc_first(a, old); c != NO_NODE; c = doc_after(a, old, c)) {
        Text name = doc_name(a, c);
        if (doc_member(a, old, name) != c || doc_member(b, new, name) != NO_NODE) continue;
        begin_member(name, &first);
        buffer_text(&line, "null");
    }
    for (uint32_t c = doc_first(b, new); c != NO_NODE; c = doc_after(b, new, c)) {
        Text name = doc_name(b, c);
        uint32_t other = doc_member(a, old, name);
        if (doc_member(b, new, name) != c || (other != NO_NODE && diff_same(other, c))) continue;
        if (other != NO_NODE && diff.tolerance > 0 && !differ(other, c)) continue;
        begin_member(name, &first);
        other == NO_NODE ? set_value(c, true) : merge(other, c, true);
    }
    buffer_byte(&line, '}');
}

static void merge(uint32_t old, uint32_t new, bool is_member) {
    bool objects = doc_kind(&diff.docs[0], old) == '{' && doc_kind(&diff.docs[1], new) == '{';
    objects ? merge_objects(old, new) : set_value(new, is_member);
}

void diff_merge(void) {
    diff.changes = differ(0, 0);
    merge(0, 0, false);
    buffer_byte(&line, '\n');
    out_bytes(line.bytes, line.size);
}
