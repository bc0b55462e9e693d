#include "strings.h"

#include <wasm_simd128.h>

#include "utf8.h"

static uint32_t hex4(const uint8_t *digits) {
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = digits[i];
        code = code << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return code;
}

static int32_t letters_escape(Letters *letters) {
    static const char names[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    uint8_t name = letters->at[1];
    letters->at += 2;
    if (name != 'u') return meanings[strchr(names, name) - names];
    uint32_t code = hex4(letters->at);
    letters->at += 4;
    if (code < 0xd800 || code > 0xdfff) return (int32_t)code;
    code = 0x10000 + ((code - 0xd800) << 10) + (hex4(letters->at + 2) - 0xdc00);
    letters->at += 6;
    return (int32_t)code;
}

int32_t letters_next(Letters *letters) {
    if (letters->at == letters->end) return -1;
    if (*letters->at == '\\') return letters_escape(letters);
    if (*letters->at < 0x80) return *letters->at++;
    uint32_t code;
    int size = utf8_decode(letters->at, (size_t)(letters->end - letters->at), &code);
    letters->at += size > 0 ? size : 1;
    return (int32_t)code;
}

static bool has_escape(Text string) { return memchr(string.bytes, '\\', string.size) != NULL; }

static int compare_letters(Text left, Text right) {
    Letters a = letters_of(left), b = letters_of(right);
    for (;;) {
        int32_t x = letters_next(&a), y = letters_next(&b);
        if (x != y) return x < y ? -1 : 1;
        if (x < 0) return 0;
    }
}

int strings_compare(Text left, Text right) {
    if (has_escape(left) || has_escape(right)) return compare_letters(left, right);
    size_t size = left.size < right.size ? left.size : right.size;
    int order = memcmp(left.bytes, right.bytes, size);
    if (order != 0) return order;
    return left.size == right.size ? 0 : left.size < right.size ? -1 : 1;
}

bool strings_equal(Text left, Text right) {
    if (text_equal(left, right)) return true;
    if (!has_escape(left) && !has_escape(right)) return false;
    return compare_letters(left, right) == 0;
}

uint64_t hash_mix(uint64_t left, uint64_t right) {
    unsigned __int128 product = (unsigned __int128)(left ^ 0x9e3779b97f4a7c15u) * (right ^ 0xd6e8feb86659fd93u);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t hash_bytes(Text text) {
    uint64_t hash = text.size, word;
    for (; text.size >= 8; text.bytes += 8, text.size -= 8) {
        memcpy(&word, text.bytes, 8);
        hash = hash_mix(hash, word);
    }
    word = 0;
    memcpy(&word, text.bytes, text.size);
    return hash_mix(hash, word);
}

uint64_t string_hash(Text string) {
    static Buffer said;
    if (!has_escape(string)) return hash_bytes(string);
    said.size = 0;
    string_say(string, &said);
    return hash_bytes(buffer_all(&said));
}

uint64_t string_length(Text string) {
    Letters letters = letters_of(string);
    uint64_t length = 0;
    while (letters_next(&letters) >= 0) length++;
    return length;
}

void string_say(Text string, Buffer *buffer) {
    Letters letters = letters_of(string);
    while (letters.at < letters.end) {
        size_t left = (size_t)(letters.end - letters.at);
        const uint8_t *escape = memchr(letters.at, '\\', left);
        size_t plain = escape == NULL ? left : (size_t)(escape - letters.at);
        buffer_add(buffer, letters.at, plain);
        letters.at += plain;
        if (escape == NULL) break;
        uint8_t bytes[UTF8_LONGEST];
        int size = utf8_encode((uint32_t)letters_escape(&letters), bytes);
        buffer_add(buffer, bytes, (size_t)size);
    }
}

static void escape_byte(uint8_t byte, Buffer *buffer) {
    static const char hex[] = "0123456789abcdef";
    static const char names[] = "btn-fr";
    buffer_byte(buffer, '\\');
    if (byte == '"' || byte == '\\') {
        buffer_byte(buffer, (char)byte);
    } else if (byte >= '\b' && byte <= '\r' && byte != '\v') {
        buffer_byte(buffer, names[byte - '\b']);
    } else {
        char code[] = {'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
        buffer_add(buffer, code, sizeof code);
    }
}

/* The first byte from a place on that has to be escaped, or the end. */
static size_t plain_end(Text text, size_t at) {
    while (at + 16 <= text.size) {
        v128_t bytes = wasm_v128_load(text.bytes + at);
        v128_t stop = wasm_v128_or(
            wasm_u8x16_lt(bytes, wasm_i8x16_splat(' ')),
            wasm_v128_or(wasm_i8x16_eq(bytes, wasm_i8x16_splat('"')), wasm_i8x16_eq(bytes, wasm_i8x16_splat('\\'))));
        uint32_t mask = wasm_i8x16_bitmask(stop);
        if (mask != 0) return at + (size_t)__builtin_ctz(mask);
        at += 16;
    }
    while (at < text.size && (uint8_t)text.bytes[at] >= ' ' && text.bytes[at] != '"' && text.bytes[at] != '\\') at++;
    return at;
}

void string_escape(Text text, Buffer *buffer) {
    for (size_t at = 0; at < text.size; at++) {
        size_t end = plain_end(text, at);
        buffer_add(buffer, text.bytes + at, end - at);
        at = end;
        if (at < text.size) escape_byte((uint8_t)text.bytes[at], buffer);
    }
}

void string_quote(Text text, Buffer *buffer) {
    buffer_byte(buffer, '"');
    string_escape(text, buffer);
    buffer_byte(buffer, '"');
}
