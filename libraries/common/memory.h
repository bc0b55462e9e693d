/* Memory that is taken and never given back: a command runs once and ends. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

/* Returns zeroed memory aligned to 16 bytes, or NULL when there is no more. */
void *memory_take(size_t size);

/* Like memory_take, but ends the command with a message when there is no more. */
void *memory_need(const char *command, size_t size);

/* Makes a block larger, in place if it is the newest; NULL when there is no more. */
void *memory_extend(void *block, size_t size, size_t larger);

#endif
