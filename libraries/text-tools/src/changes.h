/* Which lines of two texts have to go and to come. */
#ifndef CHANGES_H
#define CHANGES_H

#include "lines.h"

/* Marks the changed lines of both sides, whose numbers are below ids. */
void changes_find(Lines sides[2], uint32_t ids);

#endif
