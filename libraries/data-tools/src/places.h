/* Where the nodes of a document are: their parents and their places in arrays. */
#ifndef PLACES_H
#define PLACES_H

#include "doc.h"

typedef struct {
    const Doc *doc;
    uint32_t *parents;
    uint32_t *places;
    size_t room;
} Places;

/* Finds the places of all nodes of a document. */
void places_index(Places *places, const Doc *doc);

/* Calls step for each node on the way to a node, from below the root on. */
void places_walk(const Places *places, uint32_t node, void (*step)(const Places *places, uint32_t node, Buffer *to),
                 Buffer *to);

static inline bool places_is_member(const Places *places, uint32_t node) {
    return doc_kind(places->doc, places->parents[node]) == '{';
}

/* Adds a name as a part of a JSON Pointer (RFC 6901), which is the inside of a JSON string. */
void pointer_add_name(Text name, Buffer *to);

/* Adds the JSON Pointer of a node. */
void pointer_add(const Places *places, uint32_t node, Buffer *to);

#endif
