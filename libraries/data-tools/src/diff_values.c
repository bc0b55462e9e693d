#include <math.h>

#include "decimal.h"
#include "diff.h"
#include "places.h"

Diff diff;

static bool is_close(uint32_t old, uint32_t new) {
    if (diff.tolerance <= 0 || doc_kind(&diff.docs[0], old) != '0' || doc_kind(&diff.docs[1], new) != '0') return false;
    double a = decimal_double(doc_text(&diff.docs[0], old)), b = decimal_double(doc_text(&diff.docs[1], new));
    return fabs(a - b) <= diff.tolerance;
}

/* Only what has the same hash can be the same; without a tolerance, values of 64 such bits are looked at anyway. */
bool diff_same(uint32_t old, uint32_t new) {
    if (diff.hashes[0][old] != diff.hashes[1][new]) return false;
    if (diff.tolerance > 0) return false;
    return same_values(&diff.docs[0], old, &diff.docs[1], new);
}

static void add_index(uint64_t index) {
    buffer_byte(&diff.path, '/');
    buffer_number(&diff.path, index);
}

static void add_name(Text name) {
    buffer_byte(&diff.path, '/');
    pointer_add_name(name, &diff.path);
}

/* Indexes are those that an item has once all changes before it are made. */
static void diff_arrays(uint32_t old, uint32_t new, Tell tell) {
    Pair *pairs;
    size_t count = diff_pairs(old, new, &pairs), path = diff.path.size;
    uint64_t index = 0;
    for (size_t i = 0; i < count; i++) {
        add_index(index);
        if (pairs[i].new == NO_NODE) {
            tell(REMOVE, pairs[i].old, NO_NODE);
        } else if (pairs[i].old == NO_NODE) {
            tell(ADD, NO_NODE, pairs[i].new);
            index++;
        } else {
            diff_values(pairs[i].old, pairs[i].new, tell);
            index++;
        }
        diff.path.size = path;
    }
}

/* Of members with the same name, only the last one counts. */
static bool counts(int side, uint32_t object, uint32_t member) {
    Doc *doc = &diff.docs[side];
    return doc_member(doc, object, doc_name(doc, member)) == member;
}

static void diff_objects(uint32_t old, uint32_t new, Tell tell) {
    Doc *a = &diff.docs[0], *b = &diff.docs[1];
    size_t path = diff.path.size;
    for (uint32_t c = doc_first(a, old); c != NO_NODE; c = doc_after(a, old, c)) {
        if (!counts(0, old, c)) continue;
        uint32_t other = doc_member(b, new, doc_name(a, c));
        add_name(doc_name(a, c));
        if (other == NO_NODE) {
            tell(REMOVE, c, NO_NODE);
        } else {
            diff_values(c, other, tell);
        }
        diff.path.size = path;
    }
    for (uint32_t c = doc_first(b, new); c != NO_NODE; c = doc_after(b, new, c)) {
        if (!counts(1, new, c) || doc_member(a, old, doc_name(b, c)) != NO_NODE) continue;
        add_name(doc_name(b, c));
        tell(ADD, NO_NODE, c);
        diff.path.size = path;
    }
}

void diff_values(uint32_t old, uint32_t new, Tell tell) {
    char kind = doc_kind(&diff.docs[0], old);
    bool alike = kind == doc_kind(&diff.docs[1], new);
    if (diff_same(old, new) || is_close(old, new)) return;
    if (alike && kind == '{') {
        diff_objects(old, new, tell);
    } else if (alike && kind == '[') {
        diff_arrays(old, new, tell);
    } else if (!alike || !same_values(&diff.docs[0], old, &diff.docs[1], new)) {
        tell(REPLACE, old, new);
    }
}
