/* The running json.diff: two documents, and what is said of their differences. */
#ifndef DIFF_H
#define DIFF_H

#include "same.h"

typedef struct {
    Doc docs[2]; /* the old one and the new one */
    uint64_t *hashes[2];
    Buffer path;      /* where the values that are compared are: a JSON Pointer in a JSON string */
    double tolerance; /* of numbers */
    uint64_t changes;
} Diff;

extern Diff diff;

typedef enum { ADD, REMOVE, REPLACE } Change;

/* Tells of a change at the current path; the nodes are in the old and the new document, or NO_NODE. */
typedef void (*Tell)(Change change, uint32_t old, uint32_t new);

/* Tells of every difference of two values. */
void diff_values(uint32_t old, uint32_t new, Tell tell);

bool diff_same(uint32_t old, uint32_t new);

/* How two arrays go together: pairs in order, one of them NO_NODE where an item is only in the other. */
typedef struct {
    uint32_t old;
    uint32_t new;
} Pair;

/* Pairs the items of two arrays; returns the number of pairs. */
size_t diff_pairs(uint32_t old, uint32_t new, Pair **pairs);

/* Prints the RFC 7396 merge patch; ends the command when there is none. */
void diff_merge(void);

#endif
