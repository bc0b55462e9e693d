/* The general categories of Unicode. */
#ifndef CATEGORY_H
#define CATEGORY_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"

/* A set of categories by name, such as "Lu" or "L"; 0 when there is no such name. */
uint32_t category_set(Text name);

bool category_has(uint32_t set, int32_t code);

#endif
