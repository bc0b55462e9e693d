/* What a regular expression compiles to. */
#ifndef REGEX_CODE_H
#define REGEX_CODE_H

#include "regex.h"

enum { LONGEST_CODE = 10000 };

typedef enum { TAKE_ITEMS, FORK, JUMP, AT_START, AT_END, AT_EDGE, NOT_AT_EDGE, MATCHED } Operation;

/* A part of a character class: a range, or categories when there are any. */
typedef struct {
    int32_t first;
    int32_t last;
    uint32_t categories;
    bool negated;
} ClassItem;

/* Jumps are relative, so that code can be moved. */
typedef struct {
    Operation operation;
    int32_t one;   /* FORK, JUMP: where to; TAKE_ITEMS: the first item */
    int32_t other; /* FORK: where else to; TAKE_ITEMS: behind the last item */
    bool negated;
} Step;

struct Regex {
    Step *steps;
    size_t count;
    size_t room;
    ClassItem *items;
    size_t item_count;
    size_t item_room;
    uint32_t *lists[2]; /* of the matcher: the steps that are reached, and when */
    uint32_t *met;
    uint32_t *waiting;
};

#endif
