#include "glob.h"

static size_t character_size(Text text, size_t at) {
    size_t size = 1;
    while (at + size < text.size && (text.bytes[at + size] & 0xc0) == 0x80) size++;
    return size;
}

/* Takes one part of the pattern, no star, off the text; false if it does not fit. */
static bool take_one(Text pattern, size_t *p, Text text, size_t *t) {
    if (*p == pattern.size || *t == text.size) return false;
    if (pattern.bytes[*p] == '?') {
        ++*p;
        *t += character_size(text, *t);
        return true;
    }
    size_t at = pattern.bytes[*p] == '\\' && *p + 1 < pattern.size ? *p + 1 : *p;
    if (pattern.bytes[at] != text.bytes[*t]) return false;
    *p = at + 1;
    ++*t;
    return true;
}

/* Only the last star is ever taken back: an earlier one could not do better. */
bool glob_matches(Text pattern, Text text) {
    size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;
    while (t < text.size || p < pattern.size) {
        if (p < pattern.size && pattern.bytes[p] == '*') {
            star = ++p;
            resume = t;
        } else if (!take_one(pattern, &p, text, &t)) {
            if (star == SIZE_MAX || resume >= text.size) return false;
            resume += character_size(text, resume);
            p = star;
            t = resume;
        }
    }
    return true;
}
