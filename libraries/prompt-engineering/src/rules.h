/* What can be wrong with a template. */
#ifndef RULES_H
#define RULES_H

#include "json.h"

typedef enum {
    RULE_NOT_UTF8,
    RULE_FRONT_MATTER,
    RULE_DUPLICATE_VARIABLE,
    RULE_UNCLOSED_TAG,
    RULE_BAD_TAG,
    RULE_UNCLOSED_BLOCK,
    RULE_STRAY_BLOCK_END,
    RULE_ELSE_WITHOUT_IF,
    RULE_THIS_OUTSIDE_EACH,
    RULE_TOO_DEEP,
    RULE_UNDECLARED_VARIABLE,
    RULE_EMPTY_TEMPLATE,
    RULE_UNUSED_VARIABLE,
    RULE_NO_FRONT_MATTER,
    RULE_STRAY_CLOSE,
    RULE_TRAILING_SPACE,
    RULE_LONG_LINE,
    RULE_TOO_MANY,
    RULE_COUNT
} Rule;

typedef struct {
    const char *name;
    bool is_error;
    const char *message; /* what it is about is said after it */
} RuleText;

extern const RuleText rules[RULE_COUNT];

/* Is told of each problem, at an offset of the source; the detail may be empty. */
typedef struct Reporter {
    void (*tell)(struct Reporter *reporter, Rule rule, size_t offset, Text detail);
} Reporter;

/* Keeps the first problem that is an error. */
typedef struct {
    Reporter reporter;
    bool any;
    Rule rule;
    size_t offset;
    Text detail;
} FirstError;

Reporter *first_error(FirstError *error);

/* Where an offset is, counted from 1; columns are characters. */
typedef struct {
    size_t line;
    size_t column;
} Place;

Place place_of(Text source, size_t offset);

#endif
