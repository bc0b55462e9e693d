/* Equality of JSON values: members in any order, numbers by value. */
#ifndef SAME_H
#define SAME_H

#include "doc.h"

bool same_scalars(Text left, Text right);

bool same_values(Doc *left, uint32_t left_node, Doc *right, uint32_t right_node);

/* A hash for each node of a document: those of same values are the same. Without numbers, all numbers count as the same. */
uint64_t *same_hashes(const Doc *doc, bool numbers);

#endif
