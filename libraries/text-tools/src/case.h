/* What the two families of letter case styles share. */
#ifndef CASE_H
#define CASE_H

#include "utf8.h"

typedef enum { UPPER, LOWER, TITLE, SENTENCE, SWAP, CAMEL, PASCAL, SNAKE, KEBAB, CONSTANT } Style;

int32_t upper_of(int32_t code);
int32_t lower_of(int32_t code);
bool is_upper(int32_t code);
bool is_lower(int32_t code);
bool is_letter_or_digit(int32_t code);

void out_char(const Char *character, int32_t code);

/* camel, pascal, snake, kebab and constant: each line becomes one name. */
void rename_lines(Input *input, Style style);

#endif
