/* Fills in a template. */
#ifndef RENDER_H
#define RENDER_H

#include "buffer.h"
#include "template.h"

enum { MISSING_LISTED = 20 };

/* Values given by name win over the object's, and these over the template's defaults. */
typedef struct {
    const void *given; /* an owner of names, whose things are JSON values, or NULL */
    const Json *object;
} Values;

typedef struct {
    Buffer text;
    size_t missing_count;
    Text missing[MISSING_LISTED]; /* the first of them */
    const char *problem;          /* why it is not whole, or NULL */
} Rendering;

/* A template that was read without an error. */
void render(const Template *template, Values values, Rendering *rendering);

/* Whether a template names a variable. */
bool template_uses(const Template *template, Text name);

#endif
