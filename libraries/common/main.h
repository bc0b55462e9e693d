/* What a library gives to the common entry: its name and its functions. */
#ifndef MAIN_H
#define MAIN_H

#include <stddef.h>

typedef struct {
    const char *name;
    int (*run)(void); /* returns the exit status */
} Command;

extern const char *const command_library;
extern const Command commands[];
extern const size_t command_count;

#endif
