/* memmem is linear in the texts. */
#define _GNU_SOURCE
#include "expect.h"

#include <string.h>

#include "glob.h"
#include "text.h"

static size_t characters(Text text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) count += (text.bytes[i] & 0xc0) != 0x80;
    return count;
}

static size_t words(Text text) {
    size_t count = 0;
    bool inside = false;
    for (size_t i = 0; i < text.size; i++) {
        bool now = !is_space(text.bytes[i]);
        count += now && !inside;
        inside = now;
    }
    return count;
}

static bool contains(Text text, Text wanted, int64_t number) {
    (void)number;
    return wanted.size == 0 || memmem(text.bytes, text.size, wanted.bytes, wanted.size) != NULL;
}

static bool not_contains(Text text, Text wanted, int64_t number) {
    return !contains(text, wanted, number);
}

static bool matches(Text text, Text wanted, int64_t number) {
    (void)number;
    return glob_matches(wanted, text);
}

static bool not_matches(Text text, Text wanted, int64_t number) {
    return !matches(text, wanted, number);
}

static bool starts_with(Text text, Text wanted, int64_t number) {
    (void)number;
    return text.size >= wanted.size && memcmp(text.bytes, wanted.bytes, wanted.size) == 0;
}

static bool ends_with(Text text, Text wanted, int64_t number) {
    (void)number;
    return text.size >= wanted.size &&
           memcmp(text.bytes + text.size - wanted.size, wanted.bytes, wanted.size) == 0;
}

static bool equals(Text text, Text wanted, int64_t number) {
    (void)number;
    return text_equal(text, wanted);
}

static bool min_words(Text text, Text wanted, int64_t number) {
    (void)wanted;
    return (int64_t)words(text) >= number;
}

static bool max_words(Text text, Text wanted, int64_t number) {
    (void)wanted;
    return (int64_t)words(text) <= number;
}

static bool min_chars(Text text, Text wanted, int64_t number) {
    (void)wanted;
    return (int64_t)characters(text) >= number;
}

static bool max_chars(Text text, Text wanted, int64_t number) {
    (void)wanted;
    return (int64_t)characters(text) <= number;
}

const Expectation expectations[EXPECTATIONS] = {
    {"contains", WANTS_TEXTS, "to contain", contains},
    {"not_contains", WANTS_TEXTS, "not to contain", not_contains},
    {"matches", WANTS_TEXTS, "to match", matches},
    {"not_matches", WANTS_TEXTS, "not to match", not_matches},
    {"starts_with", WANTS_TEXT, "to start with", starts_with},
    {"ends_with", WANTS_TEXT, "to end with", ends_with},
    {"equals", WANTS_TEXT, "to equal", equals},
    {"min_words", WANTS_NUMBER, "to have at least this many words:", min_words},
    {"max_words", WANTS_NUMBER, "to have at most this many words:", max_words},
    {"min_chars", WANTS_NUMBER, "to have at least this many characters:", min_chars},
    {"max_chars", WANTS_NUMBER, "to have at most this many characters:", max_chars},
    [EXPECTS_MISSING] = {"missing", WANTS_NAMES, "to miss", NULL},
};

size_t expectation_find(Text name) {
    size_t i = 0;
    while (i < EXPECTATIONS && !text_equal(name, text_of(expectations[i].name))) i++;
    return i;
}

static bool is_pattern(const Expectation *expectation) {
    return expectation->holds == matches || expectation->holds == not_matches;
}

static bool text_fits(const Expectation *expectation, const Json *value) {
    return value->kind == JSON_STRING &&
           (!is_pattern(expectation) || value->string.size <= PATTERN_MOST);
}

bool expectation_fits(const Expectation *expectation, const Json *value) {
    int64_t number;
    if (expectation->wants == WANTS_NUMBER) return json_integer(value, &number) && number >= 0;
    if (expectation->wants == WANTS_TEXT || value->kind != JSON_ARRAY) {
        return text_fits(expectation, value);
    }
    for (const Json *item = value->first; item != NULL; item = item->next) {
        if (!text_fits(expectation, item)) return false;
    }
    return true;
}
