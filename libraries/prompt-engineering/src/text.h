/* Pieces of text. */
#ifndef TEXT_H
#define TEXT_H

#include "json.h"

static inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

static inline bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Without the space at both ends. */
Text text_trimmed(Text text);

bool text_begins(Text text, const char *start);

/* A name such as user.first-name. */
bool text_is_name(Text text);

/* Up to the first dot. */
Text text_first_part(Text name);

/* The first bytes, ending with a whole character. */
Text text_cut(Text text, size_t most);

/* The offset of the first byte that is not UTF-8, or SIZE_MAX. */
size_t text_fault(Text text);

/* The path that a value holds. */
const char *path_of(const Json *value);

/* The whole of a file or of the standard input. */
Text text_read(const char *path, size_t most);

#endif
