/*
 * Regular expressions that take time in proportion to the text: all ways to match go forward
 * together. Two languages: I-Regexp (RFC 9485), and what JSON Schema patterns use of ECMAScript.
 */
#ifndef REGEX_H
#define REGEX_H

#include "strings.h"

typedef struct Regex Regex;

typedef enum { I_REGEXP, ECMASCRIPT } RegexLanguage;

/* Compiles the inside of a JSON string; returns NULL and says why when it cannot be. */
Regex *regex_compile(Text pattern, RegexLanguage language, const char **problem);

/* True when the whole string matches, or with search any part of it. */
bool regex_matches(const Regex *regex, Text string, bool search);

#endif
