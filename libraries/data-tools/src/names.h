/* Names in their order, found by a hash table. */
#ifndef NAMES_H
#define NAMES_H

#include "buffer.h"

enum { NO_NAME = UINT32_MAX };

typedef struct {
    Text *names;
    size_t count;
    size_t room;
    uint32_t *table; /* places in names, plus 1 */
    size_t table_size;
} Names;

/* The place of a name, or NO_NAME. */
uint32_t names_find(const Names *names, Text name);

/* Adds a copy of a name and returns its place; of equal names the first one is found. */
uint32_t names_add(Names *names, Text name);

#endif
