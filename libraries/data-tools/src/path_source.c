#include "path_source.h"

#include "strings.h"
#include "utf8.h"

/* The position counts characters from 1, as editors do. */
_Noreturn void source_refuse(const Source *source, const char *expected) {
    uint64_t column = 1;
    for (const char *at = source->start; at < source->at; at++) column += ((uint8_t)*at & 0xc0) != 0x80;
    log_text(command_name);
    log_text(": the query is wrong at character ");
    log_number(column);
    log_text(": ");
    log_text(expected);
    log_end();
    finish(STATUS_BAD_INPUT);
}

bool source_take(Source *source, const char *word) {
    size_t size = strlen(word);
    if ((size_t)(source->end - source->at) < size || memcmp(source->at, word, size) != 0) return false;
    source->at += size;
    return true;
}

void source_expect(Source *source, const char *word, const char *expected) {
    if (!source_take(source, word)) source_refuse(source, expected);
}

void source_space(Source *source) {
    while (source->at < source->end && memchr(" \t\n\r", *source->at, 4) != NULL) source->at++;
}

static uint32_t take_hex4(Source *source) {
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        char c = source_peek(source);
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0) source_refuse(source, "four hexadecimal digits should follow \\u");
        code = code << 4 | (uint32_t)digit;
        source->at++;
    }
    return code;
}

static uint32_t take_unicode(Source *source) {
    static const char lone[] = "this \\u escape is half of a pair of surrogates";
    uint32_t code = take_hex4(source);
    if (code < 0xd800 || code > 0xdfff) return code;
    if (code > 0xdbff || !source_take(source, "\\u")) source_refuse(source, lone);
    uint32_t low = take_hex4(source);
    if (low < 0xdc00 || low > 0xdfff) source_refuse(source, lone);
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

/* After the backslash. */
static void take_escape(Source *source, char quote, Buffer *said) {
    static const char names[] = "\\/bfnrt";
    static const char meanings[] = "\\/\b\f\n\r\t";
    char name = source_peek(source);
    const char *found = name == 0 ? NULL : strchr(names, name);
    if (name == quote) {
        buffer_byte(said, quote);
    } else if (found != NULL) {
        buffer_byte(said, meanings[found - names]);
    } else if (name == 'u') {
        uint8_t bytes[UTF8_LONGEST];
        source->at++;
        buffer_add(said, bytes, (size_t)utf8_encode(take_unicode(source), bytes));
        return;
    } else {
        source_refuse(source, "this escape does not exist in JSONPath");
    }
    source->at++;
}

Text source_string(Source *source) {
    Buffer said = {0}, inside = {0};
    char quote = *source->at++;
    while (source_peek(source) != quote) {
        if (source->at == source->end) source_refuse(source, "the string is not closed");
        if ((uint8_t)*source->at < ' ') source_refuse(source, "a control character in a string has to be escaped");
        if (*source->at == '\\') {
            source->at++;
            take_escape(source, quote, &said);
        } else {
            buffer_byte(&said, *source->at++);
        }
    }
    source->at++;
    string_escape(buffer_all(&said), &inside);
    return buffer_all(&inside);
}

int64_t source_integer(Source *source) {
    static const int64_t most = (1ll << 53) - 1;
    const char *start = source->at;
    bool negative = source_take(source, "-");
    const char *digits = source->at;
    int64_t integer = 0;
    while (source_peek(source) >= '0' && source_peek(source) <= '9') {
        integer = integer * 10 + (*source->at++ - '0');
        if (integer <= most) continue;
        source->at = start;
        source_refuse(source, "this integer is out of range (2^53 - 1)");
    }
    if (source->at == digits) source_refuse(source, "an integer should be here");
    if (*digits == '0' && (source->at > digits + 1 || negative)) {
        source->at = start;
        source_refuse(source, "an integer does not begin with a needless 0 or with -0");
    }
    return negative ? -integer : integer;
}
