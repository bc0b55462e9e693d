/* UTF-8, one character at a time. */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "io.h"

enum { UTF8_LONGEST = 4 };

enum { UTF8_INVALID = 0, UTF8_INCOMPLETE = -1 };

/* The length of the character at bytes, or UTF8_INVALID, or UTF8_INCOMPLETE. */
int utf8_decode(const uint8_t *bytes, size_t size, uint32_t *code);

/* Writes one character and returns its length. */
int utf8_encode(uint32_t code, uint8_t *bytes);

enum { CODE_END = -1, CODE_INVALID = -2 };

/* A character of the input, or an invalid byte as it stands. */
typedef struct {
    int32_t code;
    uint8_t size;
    uint8_t bytes[UTF8_LONGEST];
} Char;

/* Takes the next character; false at the end. */
bool input_char(Input *input, Char *character);

#endif
