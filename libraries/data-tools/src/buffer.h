/* Bytes that grow; what does not fit into the memory ends the command. */
#ifndef BUFFER_H
#define BUFFER_H

#include "io.h"
#include "json.h"

/* What the running command is called in messages. */
extern const char *command_name;

typedef struct {
    char *bytes;
    size_t size;
    size_t room;
} Buffer;

/* Makes room for more bytes and returns where they go; the size stays. */
char *buffer_room(Buffer *buffer, size_t more);

void buffer_add(Buffer *buffer, const void *bytes, size_t size);

void buffer_text(Buffer *buffer, const char *text);

void buffer_number(Buffer *buffer, uint64_t number);

static inline void buffer_byte(Buffer *buffer, char byte) {
    *buffer_room(buffer, 1) = byte;
    buffer->size++;
}

/* What the buffer holds now. */
Text buffer_all(const Buffer *buffer);

/* A copy that stays. */
Text text_kept(Text text);

/* Zeroed memory for things of a size, or the end of the command. */
void *take_many(size_t count, size_t size);

/* A list that has count things of a size gets room for one more; returns where the list is now. */
void *list_room(void *list, size_t count, size_t *room, size_t size);

#endif
