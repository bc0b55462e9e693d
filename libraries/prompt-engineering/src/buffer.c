#include "buffer.h"

#include <string.h>

#include "io.h"
#include "main.h"
#include "memory.h"

static void *larger(void *block, size_t size, size_t wanted) {
    void *moved = block == NULL ? memory_take(wanted) : memory_extend(block, size, wanted);
    if (moved == NULL) fail(command_library, "there is not enough memory for this input", NULL);
    return moved;
}

bool buffer_put(Buffer *buffer, const void *bytes, size_t size, size_t most) {
    if (size > most || buffer->size > most - size) return false;
    if (size > buffer->room - buffer->size) {
        size_t room = buffer->room == 0 ? 4096 : buffer->room;
        while (room - buffer->size < size) room *= 2;
        buffer->bytes = larger(buffer->bytes, buffer->room, room);
        buffer->room = room;
    }
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    return true;
}

Text buffer_text(const Buffer *buffer) {
    return buffer->bytes == NULL ? text_of("") : (Text){buffer->bytes, buffer->size};
}

/* The room of an array is the next power of two, so that its count tells when it is full. */
void *array_more(void **items, size_t count, size_t item_size) {
    if ((count & (count - 1)) == 0) {
        size_t room = count == 0 ? 1 : count * 2;
        *items = larger(*items, count * item_size, room * item_size);
    }
    return (char *)*items + count * item_size;
}
