/* Two texts as lines, each with a number that equal lines share. */
#ifndef LINES_H
#define LINES_H

#include <stdint.h>

#include "json.h"

typedef struct {
    Text text;
    uint32_t count;
    uint32_t *starts; /* count + 1 offsets in the text */
    uint32_t *ids;
    uint8_t *changed; /* may be read one place before the first and after the last */
} Lines;

/* Reads a whole file as text. */
Text read_whole(const char *path);

/* Splits both texts and numbers their lines; returns how many numbers there are. */
uint32_t lines_number(Lines sides[2]);

Text lines_get(const Lines *lines, uint32_t index);

#endif
