/* The text of a query while it is read. */
#ifndef PATH_SOURCE_H
#define PATH_SOURCE_H

#include "path.h"

enum { DEEPEST_FILTER = 32, MOST_SEGMENTS = 256 };

typedef struct {
    const char *start;
    const char *at;
    const char *end;
    int depth;
    int segments;
    bool uses_root;
} Source;

/* Ends the command: the query is wrong at this place. */
_Noreturn void source_refuse(const Source *source, const char *expected);

/* The next byte, or 0 at the end. */
static inline char source_peek(const Source *source) { return source->at < source->end ? *source->at : 0; }

bool source_take(Source *source, const char *word);

void source_expect(Source *source, const char *word, const char *expected);

void source_space(Source *source);

/* A string literal, at its quotation mark; gives the inside of a JSON string. */
Text source_string(Source *source);

/* An integer from -(2^53 - 1) to 2^53 - 1. */
int64_t source_integer(Source *source);

/* Reads segments; a query's source is behind its $ or @. */
void read_segments(Source *source, Query *query);

/* Reads a logical expression, which a filter selector has. */
Expression *read_filter(Source *source);

#endif
