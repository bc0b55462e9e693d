/* What codi hands to a command: {"arguments": {"name": "Ada"}, "command": "@NAME@.greet"} in CODI_INVOCATION. */
#ifndef INVOCATION_H
#define INVOCATION_H

/* A string argument's value, valid until the end; NULL when there is none of that name. */
const char *argument(const char *name);

#endif
