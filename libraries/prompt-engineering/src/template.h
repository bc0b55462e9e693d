/* A template: front matter that describes it, and a body of texts, values and blocks. */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include "rules.h"

enum { DEEPEST_BLOCK = 32 };

static const size_t TEMPLATE_MOST = 4u << 20;

typedef struct {
    Text name;
    Text description;
    Text otherwise;
    bool has_default;
    bool used; /* told by lint */
} Variable;

typedef enum { NODE_TEXT, NODE_VALUE, NODE_IF, NODE_ELSE, NODE_EACH, NODE_END } NodeKind;

typedef struct {
    NodeKind kind;
    bool has_default;
    Text text; /* what a text says; the name of anything else */
    Text otherwise;
    uint32_t middle; /* of an if: its else, or its end */
    uint32_t end;    /* of a block */
} Node;

typedef struct {
    Text source;
    bool has_front;
    Text name;
    Text description;
    Variable *variables;
    size_t variable_count;
    size_t body; /* where the front matter ends */
    Node *nodes;
    size_t count;
} Template;

/* Reads a template, telling of everything that is wrong with it. */
Template *template_read(Text source, Reporter *reporter);

/* Reads the front matter of a template whose source is set. */
void front_read(Template *template, Reporter *reporter);

/* The declared variable, or NULL. */
Variable *template_variable(const Template *template, Text name);

#endif
