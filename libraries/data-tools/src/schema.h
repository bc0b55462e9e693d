/* JSON Schema 2020-12, as far as a schema can be read without leaving its document. */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "doc.h"
#include "regex.h"

typedef enum {
    KEY_NONE, /* an annotation, or not looked at yet */
    KEY_TYPE,
    KEY_ENUM,
    KEY_CONST,
    KEY_MINIMUM,
    KEY_MAXIMUM,
    KEY_EXCLUSIVE_MINIMUM,
    KEY_EXCLUSIVE_MAXIMUM,
    KEY_MULTIPLE_OF,
    KEY_MIN_LENGTH,
    KEY_MAX_LENGTH,
    KEY_PATTERN,
    KEY_MIN_ITEMS,
    KEY_MAX_ITEMS,
    KEY_UNIQUE_ITEMS,
    KEY_ITEMS,
    KEY_PREFIX_ITEMS,
    KEY_CONTAINS,
    KEY_MIN_CONTAINS,
    KEY_MAX_CONTAINS,
    KEY_MIN_PROPERTIES,
    KEY_MAX_PROPERTIES,
    KEY_REQUIRED,
    KEY_PROPERTIES,
    KEY_PATTERN_PROPERTIES,
    KEY_ADDITIONAL_PROPERTIES,
    KEY_PROPERTY_NAMES,
    KEY_DEPENDENT_REQUIRED,
    KEY_DEPENDENT_SCHEMAS,
    KEY_ALL_OF,
    KEY_ANY_OF,
    KEY_ONE_OF,
    KEY_NOT,
    KEY_IF,
    KEY_THEN,
    KEY_ELSE,
    KEY_REF,
    KEY_DEFS,
    KEY_SCHEMA,
    KEY_ID,
    KEY_COUNT
} Key;

extern const char *const key_names[KEY_COUNT];

typedef struct {
    Doc doc;
    uint8_t *keys;      /* of each node that is a keyword's value */
    uint8_t *checked;   /* of each node that is a schema */
    Regex **patterns;   /* of pattern, and of each member of patternProperties */
    uint32_t *targets;  /* of $ref */
    uint32_t *referred; /* the targets in a list: some of them are found to be schemas by a $ref only */
    size_t referred_count;
    size_t referred_room;
} Schema;

/* Checks a schema; ends the command when something in it is wrong or not supported. */
void schema_check(Schema *schema);

/* The value of a keyword in a schema, or NO_NODE. */
uint32_t schema_value(Schema *schema, uint32_t node, Key key);

/* Tells whether a node of an instance is valid, and tells every problem unless it is quiet. */
typedef struct {
    Schema *schema;
    Doc *instance;
    const uint64_t *hashes; /* of the instance's values, made when first needed */
    int depth;
    int applications;
    bool quiet;
    void (*tell)(uint32_t node, Key key, Text message);
} Validation;

bool schema_validate(Validation *validation, uint32_t schema, uint32_t node);

/* Parts of it, by what an instance is. */
bool validate_array(Validation *v, uint32_t schema, uint32_t keyword, uint32_t node);
bool validate_object(Validation *v, uint32_t schema, uint32_t keyword, uint32_t node);

/* Tells of a problem, whose message has a part in quotation marks behind it when there is a detail; returns false. */
bool invalid(Validation *v, uint32_t node, uint32_t keyword, const char *message, Text detail);

/* Compares a count with a keyword's number. */
int compare_count(const Validation *v, uint64_t count, uint32_t keyword);

/* Validates without telling. */
bool is_valid(Validation *v, uint32_t schema, uint32_t node);

#endif
