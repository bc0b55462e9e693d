#include "lines.h"

#include <string.h>

#include "args.h"
#include "io.h"
#include "memory.h"

Text read_whole(const char *path) {
    static Input input;
    size_t size = 0, room = 4 * BLOCK;
    char *bytes = memory_need("diff", room);
    input = (Input){.file = open_path("diff", path), .command = "diff"};
    while (input_more(&input)) {
        while (input.end > room - size) {
            bytes = memory_extend(bytes, room, room + room / 4);
            if (bytes == NULL) fail("diff", "this file is too large to compare: ", path_name(path));
            room += room / 4;
        }
        memcpy(bytes + size, input.data, input.end);
        size += input.end;
        input.start = input.end;
    }
    return (Text){bytes, size};
}

/* A line ends with its line feed, so that a last line without one differs. */
static uint32_t line_end(Text text, uint32_t start) {
    const char *newline = memchr(text.bytes + start, '\n', text.size - start);
    return newline == NULL ? (uint32_t)text.size : (uint32_t)(newline - text.bytes) + 1;
}

static void split(Lines *lines) {
    Text text = lines->text;
    uint32_t count = 0;
    for (uint32_t at = 0; at < text.size; at = line_end(text, at)) count++;
    lines->count = count;
    lines->starts = memory_need("diff", ((size_t)count + 1) * sizeof(uint32_t));
    lines->ids = memory_need("diff", ((size_t)count + 1) * sizeof(uint32_t));
    lines->changed = (uint8_t *)memory_need("diff", (size_t)count + 2) + 1;
    for (uint32_t i = 0; i < count; i++) lines->starts[i + 1] = line_end(text, lines->starts[i]);
}

Text lines_get(const Lines *lines, uint32_t index) {
    uint32_t start = lines->starts[index];
    return (Text){lines->text.bytes + start, lines->starts[index + 1] - start};
}

static uint32_t hash_of(Text text) {
    uint64_t hash = text.size;
    size_t at = 0;
    for (uint64_t word; at + 8 <= text.size; at += 8) {
        memcpy(&word, text.bytes + at, 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    for (; at < text.size; at++) hash = (hash ^ (uint8_t)text.bytes[at]) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

/* A number's first line, and the number met before that has the same place in the table. */
typedef struct {
    Text text;
    uint32_t hash;
    uint32_t before;
} Class;

typedef struct {
    Class *classes; /* from 1 on */
    uint32_t count;
    uint32_t room;
    uint32_t *heads;
    uint32_t mask;
} Numbers;

/* The classes are the newest block, so they grow in place. */
static void add_room(Numbers *numbers) {
    size_t size = numbers->room * sizeof(Class), larger = size + size / 2;
    numbers->classes = memory_extend(numbers->classes, size, larger);
    if (numbers->classes == NULL) fail("diff", "there is not enough memory for these files", NULL);
    numbers->room += numbers->room / 2;
}

static uint32_t number_of(Numbers *numbers, Text text) {
    uint32_t hash = hash_of(text);
    uint32_t *head = &numbers->heads[hash & numbers->mask];
    for (uint32_t id = *head; id != 0; id = numbers->classes[id].before) {
        const Class *class = &numbers->classes[id];
        if (class->hash == hash && text_equal(class->text, text)) return id;
    }
    if (numbers->count + 1 == numbers->room) add_room(numbers);
    uint32_t id = ++numbers->count;
    numbers->classes[id] = (Class){text, hash, *head};
    *head = id;
    return id;
}

uint32_t lines_number(Lines sides[2]) {
    split(&sides[0]);
    split(&sides[1]);
    size_t total = (size_t)sides[0].count + sides[1].count;
    uint32_t places = 256;
    while (places < total) places *= 2;
    Numbers numbers = {.room = 1024, .mask = places - 1};
    numbers.heads = memory_need("diff", places * sizeof(uint32_t));
    numbers.classes = memory_need("diff", numbers.room * sizeof(Class));
    for (int side = 0; side < 2; side++) {
        for (uint32_t i = 0; i < sides[side].count; i++) {
            sides[side].ids[i] = number_of(&numbers, lines_get(&sides[side], i));
        }
    }
    return numbers.count + 1;
}
