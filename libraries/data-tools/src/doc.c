#include "doc.h"

#include <unistd.h>

#include "args.h"
#include "memory.h"
#include "strings.h"

static uint32_t add_node(Doc *doc, const Scanner *scanner) {
    doc->nodes = list_room(doc->nodes, doc->count, &doc->room, sizeof *doc->nodes);
    doc->nodes[doc->count] = (Node){.start = (uint32_t)scanner->at};
    return (uint32_t)doc->count++;
}

static void end_node(Doc *doc, uint32_t node, const Scanner *scanner) {
    doc->nodes[node].end = (uint32_t)scanner->at;
    doc->nodes[node].next = (uint32_t)doc->count;
}

void doc_build(Doc *doc, Scanner *scanner) {
    static uint32_t parents[DEEPEST + 1];
    int base = scanner->depth, depth = 0;
    Text name = {0};
    doc->count = 0;
    doc->indexed = false;
    doc->text = (Text){(const char *)scanner->data, scanner->end};
    if (scanner->end > UINT32_MAX - 1) fail(command_name, "there is not enough memory for this input", NULL);
    for (;;) {
        int c = scan_space(scanner);
        uint32_t node = add_node(doc, scanner);
        if (name.bytes != NULL) {
            doc->nodes[node].name = (uint32_t)(name.bytes - doc->text.bytes);
            doc->nodes[node].name_size = (uint32_t)name.size;
        }
        name = (Text){0};
        if (c == '"') {
            scan_string(scanner);
        } else if (c != '{' && c != '[') {
            scan_scalar(scanner, c);
        } else if (scan_enter(scanner)) {
            parents[depth++] = node;
            if (c == '{') name = scan_name(scanner);
            continue;
        }
        end_node(doc, node, scanner);
        do {
            if (scanner->depth == base) return;
            if (scan_next(scanner)) break;
            end_node(doc, parents[--depth], scanner);
        } while (true);
        if (scanner->open[scanner->depth - 1] == '}') name = scan_name(scanner);
    }
}

void doc_read(Doc *doc, Text text) {
    static Scanner scanner;
    scan_text(&scanner, text);
    doc_build(doc, &scanner);
}

void doc_load(Doc *doc, const char *path, void (*how)(Scanner *scanner)) {
    static Scanner scanner;
    scan_text(&scanner, file_text(path));
    if (how != NULL) how(&scanner);
    doc_build(doc, &scanner);
    if (scan_space(&scanner) >= 0) scan_refuse(&scanner, "something follows the value");
}

Text file_text(const char *path) {
    Buffer buffer = {0};
    int file = open_path(command_name, path);
    for (;;) {
        char *room = buffer_room(&buffer, 4 * BLOCK);
        ssize_t size = read(file, room, buffer.room - buffer.size - 1);
        if (size < 0) fail(command_name, "the input cannot be read", NULL);
        if (size == 0) break;
        buffer.size += (size_t)size;
    }
    buffer.bytes[buffer.size] = 0;
    return buffer_all(&buffer);
}

uint32_t doc_child_count(const Doc *doc, uint32_t node) {
    uint32_t count = 0;
    for (uint32_t c = doc_first(doc, node); c != NO_NODE; c = doc_after(doc, node, c)) count++;
    return count;
}

/* The place of a member, or the free one where it would be. */
static Found *place_of(const Doc *doc, uint32_t parent, Text name) {
    uint64_t hash = hash_mix(string_hash(name), parent);
    uint32_t at = (uint32_t)hash & (doc->found_size - 1);
    for (;;) {
        Found *place = &doc->found[at];
        if (place->child == 0) return place;
        if (place->parent == parent && strings_equal(doc_name(doc, place->child), name)) return place;
        at = (at + 1) & (doc->found_size - 1);
    }
}

static void index_members(Doc *doc) {
    uint32_t size = 16;
    while (size < doc->count * 2) size *= 2;
    doc->found_size = size;
    if (size > doc->found_room) {
        doc->found = take_many(size, sizeof *doc->found);
        doc->found_room = size;
    } else {
        memset(doc->found, 0, size * sizeof *doc->found);
    }
    doc->indexed = true;
    for (uint32_t parent = 0; parent < doc->count; parent++) {
        if (doc_kind(doc, parent) != '{') continue;
        for (uint32_t c = doc_first(doc, parent); c != NO_NODE; c = doc_after(doc, parent, c)) {
            *place_of(doc, parent, doc_name(doc, c)) = (Found){parent, c};
        }
    }
}

uint32_t doc_member(Doc *doc, uint32_t object, Text name) {
    uint32_t found = NO_NODE, looked = 0;
    for (uint32_t c = doc_first(doc, object); c != NO_NODE; c = doc_after(doc, object, c)) {
        if (++looked > 16 && doc->count > 64) break;
        if (strings_equal(doc_name(doc, c), name)) found = c;
        if (doc_after(doc, object, c) == NO_NODE) return found;
    }
    if (looked == 0) return NO_NODE;
    if (!doc->indexed) index_members(doc);
    Found *place = place_of(doc, object, name);
    return place->child == 0 ? NO_NODE : place->child;
}

uint32_t doc_plain_member(Doc *doc, uint32_t object, const char *name) {
    return doc_member(doc, object, text_of(name));
}

void doc_compact(const Doc *doc, uint32_t node, Buffer *buffer) {
    Text text = doc_text(doc, node);
    const char *at = text.bytes, *end = text.bytes + text.size;
    while (at < end) {
        const char *from = at;
        while (at < end && *at > ' ') {
            if (*at++ != '"') continue;
            for (; *at != '"'; at++) at += *at == '\\';
            at++;
        }
        /* Outside of strings all bytes are ASCII. */
        buffer_add(buffer, from, (size_t)(at - from));
        while (at < end && *at <= ' ') at++;
    }
}
