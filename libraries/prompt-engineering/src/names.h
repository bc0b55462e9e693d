/* A table of named things, each under an owner, so that no lookup depends on how many there are. */
#ifndef NAMES_H
#define NAMES_H

#include "json.h"

/* The thing of that name, or NULL. */
void *names_find(const void *owner, Text name);

/* Gives the owner a thing of that name, in place of an earlier one. */
void names_put(const void *owner, Text name, const void *thing);

/* Puts every member of every object of a tree under its object. */
void names_put_members(const Json *tree);

#endif
