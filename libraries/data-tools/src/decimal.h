/* The numbers of JSON texts, by their exact values: no digit is lost to binary fractions. */
#ifndef DECIMAL_H
#define DECIMAL_H

#include "json.h"

/* Less than, equal to or greater than 0. Both texts are valid JSON numbers. */
int decimal_compare(Text left, Text right);

/* Equal numbers have equal hashes, however they are written. */
uint64_t decimal_hash(Text number);

bool decimal_is_integer(Text number);

/* True when a number is a whole multiple of another one, which is usable_step. */
bool decimal_is_multiple(Text number, Text step);

/* True for a number above 0 of at most 18 digits. */
bool decimal_usable_step(Text step);

/* The size of the JSON number that text begins with, or 0. */
size_t decimal_size(Text text);

/* The nearest binary fraction. */
double decimal_double(Text number);

#endif
