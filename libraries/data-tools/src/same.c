#include "same.h"

#include "decimal.h"
#include "strings.h"

bool same_scalars(Text left, Text right) {
    char kind = text_kind(left);
    if (kind != text_kind(right)) return false;
    if (kind == '0') return text_equal(left, right) || decimal_compare(left, right) == 0;
    if (kind != '"') return true;
    return strings_equal((Text){left.bytes + 1, left.size - 2}, (Text){right.bytes + 1, right.size - 2});
}

static bool same_arrays(Doc *left, uint32_t a, Doc *right, uint32_t b) {
    uint32_t x = doc_first(left, a), y = doc_first(right, b);
    while (x != NO_NODE && y != NO_NODE) {
        if (!same_values(left, x, right, y)) return false;
        x = doc_after(left, a, x);
        y = doc_after(right, b, y);
    }
    return x == y;
}

/* Of members with the same name, the last one counts. */
static bool same_objects(Doc *left, uint32_t a, Doc *right, uint32_t b) {
    for (uint32_t y = doc_first(right, b); y != NO_NODE; y = doc_after(right, b, y)) {
        if (doc_member(left, a, doc_name(right, y)) == NO_NODE) return false;
    }
    for (uint32_t x = doc_first(left, a); x != NO_NODE; x = doc_after(left, a, x)) {
        Text name = doc_name(left, x);
        uint32_t y = doc_member(right, b, name);
        if (y == NO_NODE) return false;
        if (doc_member(left, a, name) == x && !same_values(left, x, right, y)) return false;
    }
    return true;
}

bool same_values(Doc *left, uint32_t a, Doc *right, uint32_t b) {
    char kind = doc_kind(left, a);
    if (kind != doc_kind(right, b)) return false;
    if (kind == '[') return same_arrays(left, a, right, b);
    if (kind == '{') return same_objects(left, a, right, b);
    return same_scalars(doc_text(left, a), doc_text(right, b));
}

static uint64_t hash_scalar(Text text, bool numbers) {
    char kind = text_kind(text);
    if (kind == '"') return hash_mix(1, string_hash((Text){text.bytes + 1, text.size - 2}));
    if (kind == '0') return numbers ? hash_mix(2, decimal_hash(text)) : 2;
    return hash_mix(3, (uint64_t)kind);
}

/* Members count in any order, items in theirs. */
static uint64_t hash_children(const Doc *doc, uint32_t node, const uint64_t *hashes) {
    bool members = doc_kind(doc, node) == '{';
    uint64_t hash = members ? 5 : 7;
    for (uint32_t c = doc_first(doc, node); c != NO_NODE; c = doc_after(doc, node, c)) {
        if (members) {
            hash += hash_mix(hashes[c], string_hash(doc_name(doc, c)));
        } else {
            hash = hash_mix(hash, hashes[c]);
        }
    }
    return hash_mix(hash, 11);
}

/* Children stand behind their parents, so going backwards finds them done. */
uint64_t *same_hashes(const Doc *doc, bool numbers) {
    uint64_t *hashes = take_many(doc->count, sizeof *hashes);
    for (uint32_t node = (uint32_t)doc->count; node-- > 0;) {
        bool container = doc_is_container(doc, node);
        hashes[node] = container ? hash_children(doc, node, hashes) : hash_scalar(doc_text(doc, node), numbers);
    }
    return hashes;
}
