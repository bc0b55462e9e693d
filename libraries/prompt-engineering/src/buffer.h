/* Bytes that grow up to a limit. */
#ifndef BUFFER_H
#define BUFFER_H

#include "json.h"

typedef struct {
    char *bytes;
    size_t size;
    size_t room;
} Buffer;

/* False, with nothing appended, when the buffer would be larger than most. */
bool buffer_put(Buffer *buffer, const void *bytes, size_t size, size_t most);

/* What the buffer holds; never a NULL. */
Text buffer_text(const Buffer *buffer);

/* A growing array: makes room for one more item and returns where it goes. */
void *array_more(void **items, size_t count, size_t item_size);

#endif
