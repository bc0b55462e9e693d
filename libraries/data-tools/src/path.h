/* JSONPath queries (RFC 9535), read and checked. */
#ifndef PATH_H
#define PATH_H

#include "doc.h"
#include "regex.h"

typedef struct Expression Expression;

typedef enum { BY_NAME, BY_WILDCARD, BY_INDEX, BY_SLICE, BY_FILTER } SelectorKind;

typedef struct Selector {
    SelectorKind kind;
    Text name;     /* as the inside of a JSON string */
    int64_t start; /* of a slice; the index */
    int64_t end;
    int64_t step;
    bool has_start;
    bool has_end;
    Expression *filter;
    struct Selector *next;
} Selector;

typedef struct Segment {
    bool descendant;
    Selector *first;
    struct Segment *next;
} Segment;

typedef struct {
    bool absolute;
    bool singular;
    Segment *first;
} Query;

typedef enum { OR, AND, NOT, COMPARE, EXISTS, CALL, LITERAL, VALUE_OF } ExpressionKind;

typedef enum { EQUAL, UNEQUAL, LESS, AT_MOST, GREATER, AT_LEAST } Comparison;

typedef enum { LENGTH, COUNT, MATCH, SEARCH, VALUE } Function;

struct Expression {
    ExpressionKind kind;
    Comparison comparison;
    Function function;
    Expression *left; /* operands, and the arguments of a function */
    Expression *right;
    Query *query; /* EXISTS, VALUE_OF: a singular query's value, or nodes for a function */
    Text literal; /* as a JSON text */
    Regex *regex; /* of the pattern that was used last */
    Text pattern;
};

/* Reads a query; ends the command at what is not one. uses_root tells whether a filter looks at $. */
Query *path_read(Text source, bool *uses_root);

#endif
