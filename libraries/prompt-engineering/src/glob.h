/* Patterns: * is any text, ? any one character, a backslash takes the next character as it is. */
#ifndef GLOB_H
#define GLOB_H

#include "json.h"

/* Matching takes at most as many steps as text times pattern, so the pattern is kept short. */
enum { PATTERN_MOST = 256 };

/* Whether the whole text is as the pattern says. */
bool glob_matches(Text pattern, Text text);

#endif
