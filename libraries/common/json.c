#include "json.h"

#include <string.h>

#include "memory.h"
#include "utf8.h"

enum { DEEPEST = 64 };

typedef struct {
    const char *at;
    const char *end;
    char *free; /* room for unescaped strings, never longer than their source */
} Reader;

static bool read_value(Reader *reader, Json *value, int depth);

static void skip_space(Reader *reader) {
    while (reader->at < reader->end && memchr(" \t\r\n", *reader->at, 4) != NULL) reader->at++;
}

static bool take(Reader *reader, char byte) {
    if (reader->at == reader->end || *reader->at != byte) return false;
    reader->at++;
    return true;
}

static bool take_word(Reader *reader, const char *word) {
    size_t size = strlen(word);
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0) return false;
    reader->at += size;
    return true;
}

static bool take_digits(Reader *reader) {
    const char *start = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') reader->at++;
    return reader->at > start;
}

static bool read_number(Reader *reader) {
    take(reader, '-');
    if (!take(reader, '0') && !take_digits(reader)) return false;
    if (take(reader, '.') && !take_digits(reader)) return false;
    if (take(reader, 'e') || take(reader, 'E')) {
        if (!take(reader, '+')) take(reader, '-');
        return take_digits(reader);
    }
    return true;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool read_hex4(Reader *reader, uint32_t *code) {
    if (reader->end - reader->at < 4) return false;
    *code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*reader->at++);
        if (digit < 0) return false;
        *code = *code << 4 | (uint32_t)digit;
    }
    return true;
}

/* After "\u": one code, or a pair of surrogates. */
static bool read_unicode(Reader *reader) {
    uint32_t code, low;
    if (!read_hex4(reader, &code)) return false;
    if (code >= 0xdc00 && code <= 0xdfff) return false;
    if (code >= 0xd800 && code <= 0xdbff) {
        if (!take_word(reader, "\\u") || !read_hex4(reader, &low)) return false;
        if (low < 0xdc00 || low > 0xdfff) return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    reader->free += utf8_encode(code, (uint8_t *)reader->free);
    return true;
}

static bool read_escape(Reader *reader) {
    static const char names[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (reader->at == reader->end) return false;
    char name = *reader->at++;
    if (name == 'u') return read_unicode(reader);
    const char *found = memchr(names, name, sizeof names - 1);
    if (found == NULL) return false;
    *reader->free++ = meanings[found - names];
    return true;
}

static bool read_string(Reader *reader, Text *text) {
    if (!take(reader, '"')) return false;
    text->bytes = reader->free;
    while (reader->at < reader->end) {
        unsigned char c = (unsigned char)*reader->at++;
        if (c == '"') {
            text->size = (size_t)(reader->free - text->bytes);
            return true;
        }
        if (c < ' ') return false;
        if (c != '\\') {
            *reader->free++ = (char)c;
        } else if (!read_escape(reader)) {
            return false;
        }
    }
    return false;
}

/* The children of an object (with names) or of an array, up to the closing mark. */
static bool read_children(Reader *reader, Json *parent, char close, int depth) {
    Json **last = &parent->first;
    skip_space(reader);
    if (take(reader, close)) return true;
    do {
        Json *child = memory_take(sizeof *child);
        if (child == NULL) return false;
        skip_space(reader);
        if (close == '}') {
            if (!read_string(reader, &child->name)) return false;
            skip_space(reader);
            if (!take(reader, ':')) return false;
        }
        if (!read_value(reader, child, depth + 1)) return false;
        *last = child;
        last = &child->next;
    } while (take(reader, ','));
    return take(reader, close);
}

static bool read_body(Reader *reader, Json *value, int depth) {
    if (take(reader, '{')) {
        value->kind = JSON_OBJECT;
        return read_children(reader, value, '}', depth);
    }
    if (take(reader, '[')) {
        value->kind = JSON_ARRAY;
        return read_children(reader, value, ']', depth);
    }
    if (take_word(reader, "null")) {
        value->kind = JSON_NULL;
    } else if (take_word(reader, "false")) {
        value->kind = JSON_FALSE;
    } else if (take_word(reader, "true")) {
        value->kind = JSON_TRUE;
    } else {
        value->kind = JSON_NUMBER;
        return read_number(reader);
    }
    return true;
}

static bool read_value(Reader *reader, Json *value, int depth) {
    if (depth > DEEPEST) return false;
    skip_space(reader);
    if (reader->at < reader->end && *reader->at == '"') {
        value->kind = JSON_STRING;
        if (!read_string(reader, &value->string)) return false;
    } else {
        const char *start = reader->at;
        if (!read_body(reader, value, depth)) return false;
        value->string = (Text){start, (size_t)(reader->at - start)};
    }
    skip_space(reader);
    return true;
}

Json *json_read(const char *bytes, size_t size) {
    Reader reader = {bytes, bytes + size, memory_take(size + 1)};
    Json *value = memory_take(sizeof *value);
    if (reader.free == NULL || value == NULL) return NULL;
    if (!read_value(&reader, value, 0) || reader.at != reader.end) return NULL;
    return value;
}

const Json *json_member(const Json *object, Text name) {
    const Json *found = NULL;
    if (object == NULL || object->kind != JSON_OBJECT) return NULL;
    for (const Json *member = object->first; member != NULL; member = member->next) {
        if (text_equal(member->name, name)) found = member;
    }
    return found;
}

bool json_integer(const Json *value, int64_t *integer) {
    if (value->kind != JSON_NUMBER) return false;
    Text text = value->string;
    size_t i = text.bytes[0] == '-' ? 1 : 0;
    if (text.size - i > 18) return false;
    *integer = 0;
    for (size_t at = i; at < text.size; at++) {
        if (text.bytes[at] < '0' || text.bytes[at] > '9') return false;
        *integer = *integer * 10 + (text.bytes[at] - '0');
    }
    if (i == 1) *integer = -*integer;
    return true;
}

Text text_of(const char *string) { return (Text){string, strlen(string)}; }

bool text_equal(Text left, Text right) {
    return left.size == right.size && memcmp(left.bytes, right.bytes, left.size) == 0;
}
