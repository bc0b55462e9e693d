#include "buffer.h"

#include "memory.h"

const char *command_name;

_Noreturn static void too_large(void) { fail(command_name, "there is not enough memory for this input", NULL); }

char *buffer_room(Buffer *buffer, size_t more) {
    if (buffer->room - buffer->size >= more) return buffer->bytes + buffer->size;
    if (more > SIZE_MAX / 4 || buffer->size > SIZE_MAX / 4) too_large();
    size_t room = buffer->room * 2;
    if (room < buffer->size + more) room = buffer->size + more;
    if (room < 256) room = 256;
    void *bytes = buffer->bytes == NULL ? memory_take(room) : memory_extend(buffer->bytes, buffer->room, room);
    if (bytes == NULL) too_large();
    buffer->bytes = bytes;
    buffer->room = room;
    return buffer->bytes + buffer->size;
}

void buffer_add(Buffer *buffer, const void *bytes, size_t size) {
    if (size == 0) return;
    memcpy(buffer_room(buffer, size), bytes, size);
    buffer->size += size;
}

void buffer_text(Buffer *buffer, const char *text) { buffer_add(buffer, text, strlen(text)); }

void buffer_number(Buffer *buffer, uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_add(buffer, digits + at, sizeof digits - at);
}

Text buffer_all(const Buffer *buffer) { return (Text){buffer->bytes == NULL ? "" : buffer->bytes, buffer->size}; }

Text text_kept(Text text) {
    char *copy = take_many(text.size + 1, 1);
    memcpy(copy, text.bytes, text.size);
    return (Text){copy, text.size};
}

void *take_many(size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / 2 / size) too_large();
    return memory_need(command_name, count * size);
}

void *list_room(void *list, size_t count, size_t *room, size_t size) {
    if (count < *room) return list;
    size_t more = *room == 0 ? 16 : *room * 2;
    if (more > SIZE_MAX / 2 / size) too_large();
    void *larger = list == NULL ? memory_take(more * size) : memory_extend(list, *room * size, more * size);
    if (larger == NULL) too_large();
    *room = more;
    return larger;
}
