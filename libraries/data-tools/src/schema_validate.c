#include "decimal.h"
#include "same.h"
#include "schema.h"
#include "strings.h"

/* What the stack has room for, with some to spare. */
enum { DEEPEST_VALIDATION = 500 };

/* Schemas that refer to others twice can take time that doubles with each. */
enum { MOST_APPLICATIONS = 300000000 };

uint32_t schema_value(Schema *schema, uint32_t node, Key key) {
    if (doc_kind(&schema->doc, node) != '{') return NO_NODE;
    return doc_plain_member(&schema->doc, node, key_names[key]);
}

bool invalid(Validation *v, uint32_t node, uint32_t keyword, const char *message, Text detail) {
    static Buffer said;
    if (v->quiet) return false;
    said.size = 0;
    buffer_text(&said, message);
    buffer_add(&said, detail.bytes, detail.size < 200 ? detail.size : 200);
    if (detail.size > 200) buffer_text(&said, "...");
    v->tell(node, v->schema->keys[keyword], buffer_all(&said));
    return false;
}

int compare_count(const Validation *v, uint64_t count, uint32_t keyword) {
    static Buffer digits;
    digits.size = 0;
    buffer_number(&digits, count);
    return decimal_compare(buffer_all(&digits), doc_text(&v->schema->doc, keyword));
}

bool is_valid(Validation *v, uint32_t schema, uint32_t node) {
    bool quiet = v->quiet;
    v->quiet = true;
    bool valid = schema_validate(v, schema, node);
    v->quiet = quiet;
    return valid;
}

static bool has_type(const Doc *doc, uint32_t node, Text type) {
    switch (doc_kind(doc, node)) {
    case '{': return strings_equal(type, text_of("object"));
    case '[': return strings_equal(type, text_of("array"));
    case '"': return strings_equal(type, text_of("string"));
    case 'n': return strings_equal(type, text_of("null"));
    case '0':
        if (strings_equal(type, text_of("number"))) return true;
        return strings_equal(type, text_of("integer")) && decimal_is_integer(doc_text(doc, node));
    default: return strings_equal(type, text_of("boolean"));
    }
}

static bool validate_type(Validation *v, uint32_t keyword, uint32_t node) {
    const Doc *schema = &v->schema->doc;
    if (doc_kind(schema, keyword) == '"') {
        if (has_type(v->instance, node, doc_string(schema, keyword))) return true;
        return invalid(v, node, keyword, "the type has to be ", doc_string(schema, keyword));
    }
    for (uint32_t c = doc_first(schema, keyword); c != NO_NODE; c = doc_after(schema, keyword, c)) {
        if (has_type(v->instance, node, doc_string(schema, c))) return true;
    }
    return invalid(v, node, keyword, "the type has to be one of those that are allowed", text_of(""));
}

static bool validate_enum(Validation *v, uint32_t keyword, uint32_t node) {
    Doc *schema = &v->schema->doc;
    for (uint32_t c = doc_first(schema, keyword); c != NO_NODE; c = doc_after(schema, keyword, c)) {
        if (same_values(v->instance, node, schema, c)) return true;
    }
    return invalid(v, node, keyword, "the value is none of those that are allowed", text_of(""));
}

static bool validate_number(Validation *v, uint32_t keyword, uint32_t node) {
    Text limit = doc_text(&v->schema->doc, keyword);
    if (v->schema->keys[keyword] == KEY_MULTIPLE_OF) {
        if (decimal_is_multiple(doc_text(v->instance, node), limit)) return true;
        return invalid(v, node, keyword, "the number has to be a multiple of ", limit);
    }
    int order = decimal_compare(doc_text(v->instance, node), limit);
    switch (v->schema->keys[keyword]) {
    case KEY_MINIMUM: return order >= 0 || invalid(v, node, keyword, "the number has to be at least ", limit);
    case KEY_MAXIMUM: return order <= 0 || invalid(v, node, keyword, "the number has to be at most ", limit);
    case KEY_EXCLUSIVE_MINIMUM: return order > 0 || invalid(v, node, keyword, "the number has to be above ", limit);
    default: return order < 0 || invalid(v, node, keyword, "the number has to be below ", limit);
    }
}

static bool validate_string(Validation *v, uint32_t keyword, uint32_t node) {
    Text string = doc_string(v->instance, node), limit = doc_text(&v->schema->doc, keyword);
    switch (v->schema->keys[keyword]) {
    case KEY_PATTERN:
        if (regex_matches(v->schema->patterns[keyword], string, true)) return true;
        return invalid(v, node, keyword, "the string does not match the pattern ",
                       doc_string(&v->schema->doc, keyword));
    case KEY_MIN_LENGTH:
        if (compare_count(v, string_length(string), keyword) >= 0) return true;
        return invalid(v, node, keyword, "the string is shorter than ", limit);
    default:
        if (compare_count(v, string_length(string), keyword) <= 0) return true;
        return invalid(v, node, keyword, "the string is longer than ", limit);
    }
}

static bool validate_some(Validation *v, uint32_t keyword, uint32_t node) {
    Doc *schema = &v->schema->doc;
    bool one = v->schema->keys[keyword] == KEY_ONE_OF;
    int count = 0;
    for (uint32_t c = doc_first(schema, keyword); c != NO_NODE; c = doc_after(schema, keyword, c)) {
        count += is_valid(v, c, node);
        if (count > one) break;
    }
    if (count == 1) return true;
    return invalid(v, node, keyword, count == 0 ? "none of the schemas fits" : "more than one of the schemas fits",
                   text_of(""));
}

static bool validate_all(Validation *v, uint32_t keyword, uint32_t node) {
    Doc *schema = &v->schema->doc;
    bool valid = true;
    for (uint32_t c = doc_first(schema, keyword); c != NO_NODE; c = doc_after(schema, keyword, c)) {
        valid = schema_validate(v, c, node) && valid;
        if (!valid && v->quiet) break;
    }
    return valid;
}

static bool validate_if(Validation *v, uint32_t parent, uint32_t keyword, uint32_t node) {
    Key key = is_valid(v, keyword, node) ? KEY_THEN : KEY_ELSE;
    uint32_t consequence = schema_value(v->schema, parent, key);
    return consequence == NO_NODE || schema_validate(v, consequence, node);
}

/* Keywords that look at values of every kind. */
static bool validate_general(Validation *v, uint32_t parent, uint32_t keyword, uint32_t node) {
    switch (v->schema->keys[keyword]) {
    case KEY_TYPE: return validate_type(v, keyword, node);
    case KEY_ENUM: return validate_enum(v, keyword, node);
    case KEY_CONST:
        if (same_values(v->instance, node, &v->schema->doc, keyword)) return true;
        return invalid(v, node, keyword, "the value has to be ", doc_text(&v->schema->doc, keyword));
    case KEY_ALL_OF: return validate_all(v, keyword, node);
    case KEY_ANY_OF:
    case KEY_ONE_OF: return validate_some(v, keyword, node);
    case KEY_NOT:
        return !is_valid(v, keyword, node) || invalid(v, node, keyword, "the schema fits and should not", text_of(""));
    case KEY_IF: return validate_if(v, parent, keyword, node);
    case KEY_REF: return schema_validate(v, v->schema->targets[keyword], node);
    default: return true;
    }
}

static bool validate_keyword(Validation *v, uint32_t parent, uint32_t keyword, uint32_t node) {
    Key key = v->schema->keys[keyword];
    char kind = doc_kind(v->instance, node);
    if (key >= KEY_MINIMUM && key <= KEY_MULTIPLE_OF) return kind != '0' || validate_number(v, keyword, node);
    if (key >= KEY_MIN_LENGTH && key <= KEY_PATTERN) return kind != '"' || validate_string(v, keyword, node);
    if (key >= KEY_MIN_ITEMS && key <= KEY_MAX_CONTAINS) return kind != '[' || validate_array(v, parent, keyword, node);
    if (key >= KEY_MIN_PROPERTIES && key <= KEY_DEPENDENT_SCHEMAS) {
        return kind != '{' || validate_object(v, parent, keyword, node);
    }
    return validate_general(v, parent, keyword, node);
}

bool schema_validate(Validation *v, uint32_t schema, uint32_t node) {
    const Doc *doc = &v->schema->doc;
    char kind = doc_kind(doc, schema);
    bool valid = true;
    if (kind == 't') return true;
    if (kind == 'f') return invalid(v, node, schema, "nothing is allowed here", text_of(""));
    if (++v->depth > DEEPEST_VALIDATION) fail(command_name, "more than 500 schemas apply within each other", NULL);
    if (++v->applications > MOST_APPLICATIONS)
        fail(command_name, "the schema takes too many steps for this document", NULL);
    for (uint32_t c = doc_first(doc, schema); c != NO_NODE; c = doc_after(doc, schema, c)) {
        if (v->schema->keys[c] == KEY_NONE) continue;
        valid = validate_keyword(v, schema, c, node) && valid;
        if (!valid && v->quiet) break;
    }
    v->depth--;
    return valid;
}
