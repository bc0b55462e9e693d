/* A JSON text in memory with an index of its values, in the order of the text. */
#ifndef DOC_H
#define DOC_H

#include "scan.h"

enum { NO_NODE = UINT32_MAX };

typedef struct {
    uint32_t start; /* the text of the value is [start .. end) */
    uint32_t end;
    uint32_t next; /* the first node that is not inside this one */
    uint32_t name; /* of a member: where its name is, without the quotation marks */
    uint32_t name_size;
} Node;

typedef struct {
    uint32_t parent;
    uint32_t child;
} Found;

typedef struct {
    Text text;
    Node *nodes;
    size_t count;
    size_t room;
    Found *found; /* members by parent and name; made when first needed */
    uint32_t found_size;
    size_t found_room;
    bool indexed;
} Doc;

/* Indexes one value, which a scanner over the text is at. Earlier nodes are forgotten. */
void doc_build(Doc *doc, Scanner *scanner);

/* Indexes a text that is one value; a byte 0 has to follow it. */
void doc_read(Doc *doc, Text text);

/* Reads a file that holds one value; how says what is wrong with it. */
void doc_load(Doc *doc, const char *path, void (*how)(Scanner *scanner));

/* The whole content of a file, with a byte 0 behind it. */
Text file_text(const char *path);

static inline Text doc_text(const Doc *doc, uint32_t node) {
    const Node *n = &doc->nodes[node];
    return (Text){doc->text.bytes + n->start, n->end - n->start};
}

/* '{' '[' '"' 't' 'f' 'n', or '0' for a number. */
static inline char text_kind(Text text) {
    char c = text.bytes[0];
    return c == '-' || (c >= '0' && c <= '9') ? '0' : c;
}

static inline char doc_kind(const Doc *doc, uint32_t node) {
    return text_kind((Text){doc->text.bytes + doc->nodes[node].start, 1});
}

static inline bool doc_is_container(const Doc *doc, uint32_t node) {
    char c = doc->text.bytes[doc->nodes[node].start];
    return c == '{' || c == '[';
}

/* What is between the quotation marks of a string. */
static inline Text doc_string(const Doc *doc, uint32_t node) {
    const Node *n = &doc->nodes[node];
    return (Text){doc->text.bytes + n->start + 1, n->end - n->start - 2};
}

static inline Text doc_name(const Doc *doc, uint32_t node) {
    const Node *n = &doc->nodes[node];
    return (Text){doc->text.bytes + n->name, n->name_size};
}

/* Walks the children: for (c = doc_first(..); c != NO_NODE; c = doc_after(.., c)). */
static inline uint32_t doc_first(const Doc *doc, uint32_t node) {
    return doc->nodes[node].next > node + 1 ? node + 1 : NO_NODE;
}

static inline uint32_t doc_after(const Doc *doc, uint32_t parent, uint32_t child) {
    uint32_t next = doc->nodes[child].next;
    return next < doc->nodes[parent].next ? next : NO_NODE;
}

uint32_t doc_child_count(const Doc *doc, uint32_t node);

/* The last member of this name, or NO_NODE. */
uint32_t doc_member(Doc *doc, uint32_t object, Text name);

/* Likewise, for a plain name without anything to escape. */
uint32_t doc_plain_member(Doc *doc, uint32_t object, const char *name);

/* Adds the value's text without white space. */
void doc_compact(const Doc *doc, uint32_t node, Buffer *buffer);

#endif
