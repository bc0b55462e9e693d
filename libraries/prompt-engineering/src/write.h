/* JSON strings on the standard output. */
#ifndef WRITE_H
#define WRITE_H

#include "io.h"
#include "json.h"

/* A part of a string, without quotation marks. The text has to be UTF-8. */
void write_part(Text text);

/* A string. */
void write_string(Text text);

#endif
