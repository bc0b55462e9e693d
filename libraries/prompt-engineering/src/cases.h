/* The cases of prompt.test, from files of JSON. */
#ifndef CASES_H
#define CASES_H

#include "json.h"

typedef struct {
    Text name;
    Text text;             /* the template's source; empty for the one of --template */
    const Json *variables; /* an object, or NULL */
    const Json *expect;    /* an object */
    uint32_t failed;       /* a bit for each expectation */
} Case;

typedef struct {
    Case *items;
    size_t count;
} Cases;

/* Adds the cases of a file whose names match; ends the command when the file is wrong. */
void cases_read(Cases *cases, const char *path, const char *pattern_name, bool has_template);

#endif
