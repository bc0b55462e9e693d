/* The keywords of arrays and objects. */
#include <stdlib.h>

#include "same.h"
#include "schema.h"

static bool validate_unique(Validation *v, uint32_t keyword, uint32_t node) {
    Doc *doc = v->instance;
    if (doc_kind(&v->schema->doc, keyword) == 'f') return true;
    if (v->hashes == NULL) v->hashes = same_hashes(doc, true);
    const uint64_t *hashes = v->hashes;
    uint32_t size = 16;
    while (size < doc_child_count(doc, node) * 2) size *= 2;
    uint32_t *table = take_many(size, sizeof *table);
    for (uint32_t c = doc_first(doc, node); c != NO_NODE; c = doc_after(doc, node, c)) {
        uint32_t at = (uint32_t)hashes[c] & (size - 1);
        for (; table[at] != 0; at = (at + 1) & (size - 1)) {
            uint32_t other = table[at];
            if (hashes[other] != hashes[c] || !same_values(doc, other, doc, c)) continue;
            return invalid(v, node, keyword, "an item occurs twice: ", doc_text(doc, c));
        }
        table[at] = c;
    }
    return true;
}

static bool validate_items(Validation *v, uint32_t schema, uint32_t keyword, uint32_t node) {
    Doc *doc = v->instance;
    bool valid = true;
    uint32_t prefix = schema_value(v->schema, schema, KEY_PREFIX_ITEMS);
    uint32_t skipped = prefix == NO_NODE ? 0 : doc_child_count(&v->schema->doc, prefix);
    for (uint32_t c = doc_first(doc, node); c != NO_NODE; c = doc_after(doc, node, c)) {
        if (skipped > 0) {
            skipped--;
            continue;
        }
        valid = schema_validate(v, keyword, c) && valid;
        if (!valid && v->quiet) break;
    }
    return valid;
}

static bool validate_prefix(Validation *v, uint32_t keyword, uint32_t node) {
    Doc *schema = &v->schema->doc, *doc = v->instance;
    uint32_t s = doc_first(schema, keyword), c = doc_first(doc, node);
    bool valid = true;
    for (; s != NO_NODE && c != NO_NODE; s = doc_after(schema, keyword, s), c = doc_after(doc, node, c)) {
        valid = schema_validate(v, s, c) && valid;
        if (!valid && v->quiet) break;
    }
    return valid;
}

static bool validate_contains(Validation *v, uint32_t schema, uint32_t keyword, uint32_t node) {
    uint32_t least = schema_value(v->schema, schema, KEY_MIN_CONTAINS);
    uint32_t most = schema_value(v->schema, schema, KEY_MAX_CONTAINS);
    uint64_t count = 0;
    for (uint32_t c = doc_first(v->instance, node); c != NO_NODE; c = doc_after(v->instance, node, c)) {
        count += is_valid(v, keyword, c);
    }
    if (least == NO_NODE ? count == 0 : compare_count(v, count, least) < 0) {
        return invalid(v, node, least == NO_NODE ? keyword : least, "the array has too few items that fit contains",
                       text_of(""));
    }
    if (most == NO_NODE || compare_count(v, count, most) <= 0) return true;
    return invalid(v, node, most, "the array has too many items that fit contains", text_of(""));
}

bool validate_array(Validation *v, uint32_t schema, uint32_t keyword, uint32_t node) {
    Text limit = doc_text(&v->schema->doc, keyword);
    switch (v->schema->keys[keyword]) {
    case KEY_MIN_ITEMS:
        if (compare_count(v, doc_child_count(v->instance, node), keyword) >= 0) return true;
        return invalid(v, node, keyword, "the array has fewer items than ", limit);
    case KEY_MAX_ITEMS:
        if (compare_count(v, doc_child_count(v->instance, node), keyword) <= 0) return true;
        return invalid(v, node, keyword, "the array has more items than ", limit);
    case KEY_UNIQUE_ITEMS: return validate_unique(v, keyword, node);
    case KEY_ITEMS: return validate_items(v, schema, keyword, node);
    case KEY_PREFIX_ITEMS: return validate_prefix(v, keyword, node);
    case KEY_CONTAINS: return validate_contains(v, schema, keyword, node);
    default: return true;
    }
}

static bool require(Validation *v, uint32_t keyword, uint32_t list, uint32_t node) {
    Doc *schema = &v->schema->doc;
    bool valid = true;
    for (uint32_t c = doc_first(schema, list); c != NO_NODE; c = doc_after(schema, list, c)) {
        if (doc_member(v->instance, node, doc_string(schema, c)) != NO_NODE) continue;
        valid = invalid(v, node, keyword, "a member is missing: ", doc_text(schema, c));
        if (v->quiet) break;
    }
    return valid;
}

/* Of members with the same name, only the last one counts. */
static bool counts(Validation *v, uint32_t node, uint32_t member) {
    return doc_member(v->instance, node, doc_name(v->instance, member)) == member;
}

static bool validate_properties(Validation *v, uint32_t keyword, uint32_t node) {
    bool valid = true;
    for (uint32_t c = doc_first(v->instance, node); c != NO_NODE; c = doc_after(v->instance, node, c)) {
        uint32_t schema = doc_member(&v->schema->doc, keyword, doc_name(v->instance, c));
        if (schema == NO_NODE || !counts(v, node, c)) continue;
        valid = schema_validate(v, schema, c) && valid;
        if (!valid && v->quiet) break;
    }
    return valid;
}

static bool validate_patterns(Validation *v, uint32_t keyword, uint32_t node) {
    Doc *doc = v->instance, *schema = &v->schema->doc;
    bool valid = true;
    for (uint32_t c = doc_first(doc, node); c != NO_NODE; c = doc_after(doc, node, c)) {
        if (!counts(v, node, c)) continue;
        for (uint32_t s = doc_first(schema, keyword); s != NO_NODE; s = doc_after(schema, keyword, s)) {
            if (regex_matches(v->schema->patterns[s], doc_name(doc, c), true))
                valid = schema_validate(v, s, c) && valid;
        }
        if (!valid && v->quiet) break;
    }
    return valid;
}

static bool is_named(Validation *v, uint32_t schema, Text name) {
    uint32_t properties = schema_value(v->schema, schema, KEY_PROPERTIES);
    uint32_t patterns = schema_value(v->schema, schema, KEY_PATTERN_PROPERTIES);
    Doc *doc = &v->schema->doc;
    if (properties != NO_NODE && doc_member(doc, properties, name) != NO_NODE) return true;
    if (patterns == NO_NODE) return false;
    for (uint32_t s = doc_first(doc, patterns); s != NO_NODE; s = doc_after(doc, patterns, s)) {
        if (regex_matches(v->schema->patterns[s], name, true)) return true;
    }
    return false;
}

static bool validate_additional(Validation *v, uint32_t schema, uint32_t keyword, uint32_t node) {
    bool valid = true, closed = doc_kind(&v->schema->doc, keyword) == 'f';
    for (uint32_t c = doc_first(v->instance, node); c != NO_NODE; c = doc_after(v->instance, node, c)) {
        Text name = doc_name(v->instance, c);
        if (!counts(v, node, c) || is_named(v, schema, name)) continue;
        bool good =
            closed ? invalid(v, c, keyword, "this member is not allowed: ", name) : schema_validate(v, keyword, c);
        valid = good && valid;
        if (!valid && v->quiet) break;
    }
    return valid;
}

/* A name is an instance of its own, of which the text holds just the string. */
static bool validate_names(Validation *v, uint32_t keyword, uint32_t node) {
    Doc *doc = v->instance;
    bool valid = true;
    for (uint32_t c = doc_first(doc, node); c != NO_NODE; c = doc_after(doc, node, c)) {
        Text name = doc_name(doc, c);
        Node string = {0, (uint32_t)name.size + 2, 1, 0, 0};
        Doc names = {.text = {name.bytes - 1, name.size + 2}, .nodes = &string, .count = 1};
        v->instance = &names;
        bool good = is_valid(v, keyword, 0);
        v->instance = doc;
        if (!good) valid = invalid(v, c, keyword, "the member's name does not fit: ", name);
        if (!valid && v->quiet) break;
    }
    return valid;
}

static bool validate_dependent(Validation *v, uint32_t keyword, uint32_t node) {
    Doc *schema = &v->schema->doc;
    bool valid = true, lists = v->schema->keys[keyword] == KEY_DEPENDENT_REQUIRED;
    for (uint32_t s = doc_first(schema, keyword); s != NO_NODE; s = doc_after(schema, keyword, s)) {
        if (doc_member(v->instance, node, doc_name(schema, s)) == NO_NODE) continue;
        valid = (lists ? require(v, keyword, s, node) : schema_validate(v, s, node)) && valid;
        if (!valid && v->quiet) break;
    }
    return valid;
}

static uint64_t member_count(Validation *v, uint32_t node) {
    uint64_t count = 0;
    for (uint32_t c = doc_first(v->instance, node); c != NO_NODE; c = doc_after(v->instance, node, c))
        count += counts(v, node, c);
    return count;
}

bool validate_object(Validation *v, uint32_t schema, uint32_t keyword, uint32_t node) {
    Text limit = doc_text(&v->schema->doc, keyword);
    switch (v->schema->keys[keyword]) {
    case KEY_MIN_PROPERTIES:
        if (compare_count(v, member_count(v, node), keyword) >= 0) return true;
        return invalid(v, node, keyword, "the object has fewer members than ", limit);
    case KEY_MAX_PROPERTIES:
        if (compare_count(v, member_count(v, node), keyword) <= 0) return true;
        return invalid(v, node, keyword, "the object has more members than ", limit);
    case KEY_REQUIRED: return require(v, keyword, keyword, node);
    case KEY_PROPERTIES: return validate_properties(v, keyword, node);
    case KEY_PATTERN_PROPERTIES: return validate_patterns(v, keyword, node);
    case KEY_ADDITIONAL_PROPERTIES: return validate_additional(v, schema, keyword, node);
    case KEY_PROPERTY_NAMES: return validate_names(v, keyword, node);
    default: return validate_dependent(v, keyword, node);
    }
}
