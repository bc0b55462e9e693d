#include "decimal.h"
#include "schema.h"
#include "strings.h"

const char *const key_names[KEY_COUNT] = {
    "",
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "items",
    "prefixItems",
    "contains",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
    "required",
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "$ref",
    "$defs",
    "$schema",
    "$id",
};

enum { DEEPEST_SCHEMA = 200 };

/* What they would change cannot be done here, so they are not passed over. */
static const char *const refused[] = {
    "$dynamicRef",     "$recursiveRef", "$vocabulary", "unevaluatedItems", "unevaluatedProperties", "dependencies",
    "additionalItems", "contentSchema", "extends",     "disallow",         "divisibleBy",
};

/* What a keyword's value has to be. */
typedef enum {
    ANY,
    NUMBER,
    SIZE,
    FLAG,
    STRING,
    STRINGS,
    ANY_ARRAY,
    SUBSCHEMA,
    SUBSCHEMAS,
    NAMED_SCHEMAS,
    NAMED_STRINGS
} Shape;

static Shape shape_of(Key key) {
    switch (key) {
    case KEY_MINIMUM:
    case KEY_MAXIMUM:
    case KEY_EXCLUSIVE_MINIMUM:
    case KEY_EXCLUSIVE_MAXIMUM:
    case KEY_MULTIPLE_OF: return NUMBER;
    case KEY_MIN_LENGTH:
    case KEY_MAX_LENGTH:
    case KEY_MIN_ITEMS:
    case KEY_MAX_ITEMS:
    case KEY_MIN_CONTAINS:
    case KEY_MAX_CONTAINS:
    case KEY_MIN_PROPERTIES:
    case KEY_MAX_PROPERTIES: return SIZE;
    case KEY_UNIQUE_ITEMS: return FLAG;
    case KEY_PATTERN:
    case KEY_REF:
    case KEY_SCHEMA:
    case KEY_ID: return STRING;
    case KEY_REQUIRED: return STRINGS;
    case KEY_ENUM: return ANY_ARRAY;
    case KEY_ITEMS:
    case KEY_CONTAINS:
    case KEY_ADDITIONAL_PROPERTIES:
    case KEY_PROPERTY_NAMES:
    case KEY_NOT:
    case KEY_IF:
    case KEY_THEN:
    case KEY_ELSE: return SUBSCHEMA;
    case KEY_PREFIX_ITEMS:
    case KEY_ALL_OF:
    case KEY_ANY_OF:
    case KEY_ONE_OF: return SUBSCHEMAS;
    case KEY_PROPERTIES:
    case KEY_PATTERN_PROPERTIES:
    case KEY_DEPENDENT_SCHEMAS:
    case KEY_DEFS: return NAMED_SCHEMAS;
    case KEY_DEPENDENT_REQUIRED: return NAMED_STRINGS;
    default: return ANY;
    }
}

_Noreturn static void refuse(const Schema *schema, uint32_t node, Text name, const char *problem) {
    log_text(command_name);
    log_text(": the schema cannot be used: ");
    log_bytes(name.bytes, name.size);
    log_text(" ");
    log_text(problem);
    log_text(" at byte ");
    log_number(schema->doc.nodes[node].start);
    log_end();
    finish(STATUS_BAD_INPUT);
}

static Key key_of(Text name) {
    for (int key = 1; key < KEY_COUNT; key++) {
        if (text_equal(name, text_of(key_names[key]))) return (Key)key;
    }
    return text_equal(name, text_of("definitions")) ? KEY_DEFS : KEY_NONE;
}

static void need(const Schema *schema, uint32_t node, bool good, const char *problem) {
    if (!good) refuse(schema, node, doc_name(&schema->doc, node), problem);
}

static void need_kind(const Schema *schema, uint32_t node, char kind, const char *problem) {
    need(schema, node, doc_kind(&schema->doc, node) == kind, problem);
}

static void need_strings(const Schema *schema, uint32_t node, uint32_t keyword) {
    const Doc *doc = &schema->doc;
    need(schema, keyword, doc_kind(doc, node) == '[', "has to be an array of strings");
    for (uint32_t c = doc_first(doc, node); c != NO_NODE; c = doc_after(doc, node, c)) {
        need(schema, keyword, doc_kind(doc, c) == '"', "has to be an array of strings");
    }
}

static void compile(Schema *schema, uint32_t node, uint32_t keyword, Text pattern) {
    const char *problem;
    schema->patterns[node] = regex_compile(pattern, ECMASCRIPT, &problem);
    if (schema->patterns[node] != NULL) return;
    Buffer said = {0};
    buffer_text(&said, "has a pattern that cannot be used, ");
    buffer_text(&said, problem);
    buffer_byte(&said, 0);
    refuse(schema, keyword, doc_name(&schema->doc, keyword), said.bytes);
}

static void check_type(const Schema *schema, uint32_t node) {
    static const char *const types[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
    const Doc *doc = &schema->doc;
    bool list = doc_kind(doc, node) == '[';
    for (uint32_t c = list ? doc_first(doc, node) : node; c != NO_NODE; c = list ? doc_after(doc, node, c) : NO_NODE) {
        bool known = false;
        for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
            known = known || (doc_kind(doc, c) == '"' && strings_equal(doc_string(doc, c), text_of(types[i])));
        }
        need(schema, node, known, "has to be null, boolean, integer, number, string, array, object or some of them");
    }
}

/* The part of a pointer up to its next slash, as the inside of a JSON string. */
static Text pointer_part(const char **at, const char *end) {
    Buffer part = {0}, inside = {0};
    while (*at < end && **at != '/') {
        char c = *(*at)++;
        if (c == '~' && *at < end) c = *(*at)++ == '1' ? '/' : '~';
        int digits[2];
        for (int i = 0; c == '%' && i < 2; i++) {
            char x = *at + i < end ? (*at)[i] : 0;
            digits[i] = x >= '0' && x <= '9' ? x - '0' : (x | 32) >= 'a' && (x | 32) <= 'f' ? (x | 32) - 'a' + 10 : -1;
        }
        if (c == '%' && digits[0] >= 0 && digits[1] >= 0) {
            c = (char)(digits[0] * 16 + digits[1]);
            *at += 2;
        }
        buffer_byte(&part, c);
    }
    string_escape(buffer_all(&part), &inside);
    return buffer_all(&inside);
}

static uint32_t pointer_step(Doc *doc, uint32_t node, Text part) {
    if (doc_kind(doc, node) == '{') return doc_member(doc, node, part);
    if (doc_kind(doc, node) != '[' || part.size == 0 || part.size > 9) return NO_NODE;
    uint32_t index = 0;
    for (size_t i = 0; i < part.size; i++) {
        if (part.bytes[i] < '0' || part.bytes[i] > '9') return NO_NODE;
        index = index * 10 + (uint32_t)(part.bytes[i] - '0');
    }
    uint32_t child = doc_first(doc, node);
    while (child != NO_NODE && index-- > 0) child = doc_after(doc, node, child);
    return child;
}

static uint32_t find_target(Schema *schema, uint32_t node) {
    Buffer said = {0};
    string_say(doc_string(&schema->doc, node), &said);
    const char *at = said.bytes, *end = said.bytes + said.size;
    bool local = said.size > 0 && *at == '#' && (said.size == 1 || at[1] == '/');
    need(schema, node, local, "can only refer to # or #/…, a place in the same schema,");
    uint32_t target = 0;
    for (at++; at < end && target != NO_NODE;) {
        at++;
        target = pointer_step(&schema->doc, target, pointer_part(&at, end));
    }
    need(schema, node, target != NO_NODE, "refers to a place that is not there");
    return target;
}

static void check_schema(Schema *schema, uint32_t node);

static void check_children(Schema *schema, uint32_t node, uint32_t keyword, Key key) {
    Doc *doc = &schema->doc;
    for (uint32_t c = doc_first(doc, node); c != NO_NODE; c = doc_after(doc, node, c)) {
        if (key == KEY_PATTERN_PROPERTIES) compile(schema, c, keyword, doc_name(doc, c));
        if (key == KEY_DEPENDENT_REQUIRED) {
            need_strings(schema, c, keyword);
        } else {
            check_schema(schema, c);
        }
    }
}

static void check_shape(Schema *schema, uint32_t node, Key key) {
    const Doc *doc = &schema->doc;
    switch (shape_of(key)) {
    case NUMBER: need_kind(schema, node, '0', "has to be a number"); break;
    case SIZE:
        need(schema, node,
             doc_kind(doc, node) == '0' && decimal_is_integer(doc_text(doc, node)) &&
                 decimal_compare(doc_text(doc, node), text_of("0")) >= 0,
             "has to be a whole number from 0");
        break;
    case FLAG:
        need(schema, node, doc_kind(doc, node) == 't' || doc_kind(doc, node) == 'f', "has to be true or false");
        break;
    case STRING: need_kind(schema, node, '"', "has to be a string"); break;
    case STRINGS: need_strings(schema, node, node); break;
    case ANY_ARRAY: need_kind(schema, node, '[', "has to be an array"); break;
    case SUBSCHEMA:
        need(schema, node, key != KEY_ITEMS || doc_kind(doc, node) != '[',
             "has to be a schema; arrays of them are prefixItems");
        check_schema(schema, node);
        break;
    case SUBSCHEMAS:
        need(schema, node, doc_kind(doc, node) == '[' && doc_first(doc, node) != NO_NODE,
             "has to be an array of schemas");
        check_children(schema, node, node, key);
        break;
    case NAMED_SCHEMAS:
    case NAMED_STRINGS:
        need_kind(schema, node, '{', "has to be an object");
        check_children(schema, node, node, key);
        break;
    default: break;
    }
}

static void check_meaning(Schema *schema, uint32_t node, Key key) {
    Doc *doc = &schema->doc;
    if (key == KEY_TYPE) check_type(schema, node);
    if (key == KEY_PATTERN) compile(schema, node, node, doc_string(doc, node));
    if (key == KEY_MULTIPLE_OF)
        need(schema, node, decimal_usable_step(doc_text(doc, node)), "has to be above 0 and have at most 18 digits");
    if (key == KEY_SCHEMA) {
        Text version = doc_string(doc, node), known = text_of("https://json-schema.org/draft/2020-12/schema");
        if (version.size > 0 && version.bytes[version.size - 1] == '#') version.size--;
        need(schema, node, strings_equal(version, known), "names another version than draft 2020-12");
    }
    if (key == KEY_REF) {
        schema->targets[node] = find_target(schema, node);
        schema->referred =
            list_room(schema->referred, schema->referred_count, &schema->referred_room, sizeof(uint32_t));
        schema->referred[schema->referred_count++] = schema->targets[node];
    }
}

static void check_keyword(Schema *schema, uint32_t parent, uint32_t node) {
    Text name = doc_name(&schema->doc, node);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (text_equal(name, text_of(refused[i]))) refuse(schema, node, name, "is not supported");
    }
    Key key = key_of(name);
    if (doc_member(&schema->doc, parent, name) != node) key = KEY_NONE;
    if (key == KEY_ID) need(schema, node, parent == 0, "is supported only at the root");
    schema->keys[node] = (uint8_t)key;
    check_shape(schema, node, key);
    check_meaning(schema, node, key);
}

static void check_schema(Schema *schema, uint32_t node) {
    static int depth;
    Doc *doc = &schema->doc;
    char kind = doc_kind(doc, node);
    if (schema->checked[node]) return;
    if (depth == DEEPEST_SCHEMA) refuse(schema, node, doc_name(doc, node), "is a schema inside of 200 others");
    schema->checked[node] = 1;
    if (kind == 't' || kind == 'f') return;
    if (kind != '{') refuse(schema, node, doc_name(doc, node), "should be a schema: an object, true or false,");
    for (uint32_t c = doc_first(doc, node); c != NO_NODE; c = doc_after(doc, node, c)) {
        depth++;
        check_keyword(schema, node, c);
        depth--;
    }
}

void schema_check(Schema *schema) {
    size_t count = schema->doc.count;
    schema->keys = take_many(count, 1);
    schema->checked = take_many(count, 1);
    schema->patterns = take_many(count, sizeof *schema->patterns);
    schema->targets = take_many(count, sizeof *schema->targets);
    check_schema(schema, 0);
    for (size_t i = 0; i < schema->referred_count; i++) check_schema(schema, schema->referred[i]);
}
