/* The strings of JSON texts, as they stand between their quotation marks, escapes and all. */
#ifndef STRINGS_H
#define STRINGS_H

#include "buffer.h"

typedef struct {
    const uint8_t *at;
    const uint8_t *end;
} Letters;

static inline Letters letters_of(Text string) {
    const uint8_t *bytes = (const uint8_t *)string.bytes;
    return (Letters){bytes, bytes + string.size};
}

/* The next character of a valid string, or -1 at its end. */
int32_t letters_next(Letters *letters);

/* Less than, equal to or greater than 0, by the characters' codes. */
int strings_compare(Text left, Text right);

bool strings_equal(Text left, Text right);

/* Equal strings have equal hashes, however they are escaped. */
uint64_t string_hash(Text string);

uint64_t string_length(Text string);

/* Adds what a string says, in UTF-8. */
void string_say(Text string, Buffer *buffer);

/* Adds text in UTF-8 as the inside of a JSON string. */
void string_escape(Text text, Buffer *buffer);

/* Likewise, with the quotation marks. */
void string_quote(Text text, Buffer *buffer);

uint64_t hash_mix(uint64_t left, uint64_t right);

uint64_t hash_bytes(Text text);

#endif
