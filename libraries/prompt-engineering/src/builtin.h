/* The templates that come with the library: ../templates. */
#ifndef BUILTIN_H
#define BUILTIN_H

#include "template.h"
#include "text.h"

typedef struct {
    const char *name;
    const char *bytes;
    size_t size;
} Builtin;

extern const Builtin builtins[];
extern const size_t builtin_count;

/* The source of a built-in template, or an empty text. */
Text builtin_source(Text name);

/* The template that "file" or "template" names; ends the command when it cannot be read. */
Template *template_chosen(void);

/* Reads a template that has to be without errors; ends the command at the first. */
Template *template_need(Text source);

#endif
