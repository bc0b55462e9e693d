#include "places.h"

#include "strings.h"

void places_index(Places *places, const Doc *doc) {
    places->doc = doc;
    if (places->room < doc->count) {
        places->room = doc->count * 2;
        places->parents = take_many(places->room, sizeof(uint32_t));
        places->places = take_many(places->room, sizeof(uint32_t));
    }
    for (uint32_t node = 0; node < doc->count; node++) {
        uint32_t place = 0;
        for (uint32_t c = doc_first(doc, node); c != NO_NODE; c = doc_after(doc, node, c)) {
            places->parents[c] = node;
            places->places[c] = place++;
        }
    }
}

void places_walk(const Places *places, uint32_t node, void (*step)(const Places *, uint32_t, Buffer *), Buffer *to) {
    uint32_t line[DEEPEST + 1];
    int depth = 0;
    for (; node != 0; node = places->parents[node]) line[depth++] = node;
    while (depth > 0) step(places, line[--depth], to);
}

void pointer_add_name(Text name, Buffer *to) {
    static Buffer said;
    size_t from = 0;
    said.size = 0;
    string_say(name, &said);
    for (size_t i = 0; i < said.size; i++) {
        char c = said.bytes[i];
        if (c != '~' && c != '/') continue;
        string_escape((Text){said.bytes + from, i - from}, to);
        buffer_text(to, c == '~' ? "~0" : "~1");
        from = i + 1;
    }
    string_escape((Text){said.bytes + from, said.size - from}, to);
}

static void pointer_step(const Places *places, uint32_t node, Buffer *to) {
    buffer_byte(to, '/');
    if (places_is_member(places, node)) {
        pointer_add_name(doc_name(places->doc, node), to);
    } else {
        buffer_number(to, places->places[node]);
    }
}

void pointer_add(const Places *places, uint32_t node, Buffer *to) { places_walk(places, node, pointer_step, to); }
