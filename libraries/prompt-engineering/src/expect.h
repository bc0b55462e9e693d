/* What a test may expect of a rendering. */
#ifndef EXPECT_H
#define EXPECT_H

#include "render.h"

typedef enum { WANTS_TEXTS, WANTS_TEXT, WANTS_NUMBER, WANTS_NAMES } Wants;

typedef struct {
    const char *name;
    Wants wants;
    const char *said; /* "expected it ..." */
    bool (*holds)(Text text, Text wanted, int64_t number);
} Expectation;

enum { EXPECTATIONS = 12, EXPECTS_MISSING = 11 };

extern const Expectation expectations[EXPECTATIONS];

/* The expectation of that name, or EXPECTATIONS. */
size_t expectation_find(Text name);

/* Whether a value is of the kind that the expectation wants. */
bool expectation_fits(const Expectation *expectation, const Json *value);

#endif
