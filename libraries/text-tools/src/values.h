/* The values that a template may name. */
#ifndef VALUES_H
#define VALUES_H

#include "json.h"

/* Reads the arguments "set" and "values". */
void values_load(void);

/* Finds the value of a name, which may be dotted; false when there is none. */
bool values_find(Text name, Text *value);

/* True the first time that a name is given. */
bool values_is_news(Text name);

#endif
