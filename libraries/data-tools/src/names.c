#include "names.h"

#include "strings.h"

static uint32_t *place_of(const Names *names, Text name) {
    size_t at = (size_t)hash_bytes(name) & (names->table_size - 1);
    while (names->table[at] != 0 && !text_equal(names->names[names->table[at] - 1], name)) {
        at = (at + 1) & (names->table_size - 1);
    }
    return &names->table[at];
}

uint32_t names_find(const Names *names, Text name) { return names->count == 0 ? NO_NAME : *place_of(names, name) - 1; }

static void enlarge(Names *names) {
    names->table_size = names->table_size == 0 ? 32 : names->table_size * 4;
    names->table = take_many(names->table_size, sizeof *names->table);
    for (size_t i = 0; i < names->count; i++) {
        uint32_t *place = place_of(names, names->names[i]);
        if (*place == 0) *place = (uint32_t)i + 1;
    }
}

uint32_t names_add(Names *names, Text name) {
    if (names->count * 2 >= names->table_size) enlarge(names);
    names->names = list_room(names->names, names->count, &names->room, sizeof *names->names);
    names->names[names->count++] = text_kept(name);
    uint32_t *place = place_of(names, name);
    if (*place == 0) *place = (uint32_t)names->count;
    return (uint32_t)names->count - 1;
}
