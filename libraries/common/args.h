/* The arguments of this call, as the host hands them over. */
#ifndef ARGS_H
#define ARGS_H

#include "io.h"
#include "json.h"

/* Reads CODI_INVOCATION; ends the command when it cannot be understood. */
void args_load(void);

/* The value of an argument or option, or NULL when it is absent. */
const Json *arg_value(const char *name);

bool arg_flag(const char *name);

/* The integer, which must lie within the bounds. */
int64_t arg_integer(const char *name, int64_t absent, int64_t least, int64_t most);

Text arg_text(const char *name, const char *absent);

/* The index of an option's value among the choices, which end with NULL. */
int arg_choice(const char *name, const char *const *choices, const char *absent);

/* The path of a file argument, or "-" for the standard input. */
const char *arg_path(const char *name);

/* What a path is called: what follows "/args/NAME/". */
const char *path_name(const char *path);

/* Opens a path for reading; the standard input for "-". */
int open_path(const char *command, const char *path);

/* Opens the argument "file" as the input of a command. */
void input_open(Input *input, const char *command);

#endif
