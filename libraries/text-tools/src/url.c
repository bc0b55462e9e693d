/* encode.url: percent-encoding (RFC 3986) and back. */
#include "args.h"
#include "commands.h"

static bool is_unreserved(unsigned c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_' || c == '~';
}

/* What stands for each byte: itself (size 1) or three characters. */
static struct {
    uint8_t size;
    uint8_t text[3];
} written[256];

static void fill_written(bool form, bool whole) {
    for (unsigned c = 0; c < 256; c++) {
        const char *digits = "0123456789ABCDEF";
        bool kept = is_unreserved(c) || (c == '\n' && !whole);
        written[c].size = kept ? 1 : 3;
        written[c].text[0] = kept ? (uint8_t)c : '%';
        written[c].text[1] = (uint8_t)digits[c >> 4];
        written[c].text[2] = (uint8_t)digits[c & 15];
    }
    if (form) {
        written[' '].size = 1;
        written[' '].text[0] = '+';
    }
}

/* Writes the bytes, and returns how many: a CR at the very end waits for what follows. */
static size_t encode_part(const uint8_t *from, size_t size, bool ended, bool whole) {
    uint8_t *to = out_room(3 * size);
    size_t i = 0;
    for (; i < size; i++) {
        if (from[i] == '\r' && !whole) {
            if (i + 1 == size && !ended) break;
            if (i + 1 < size && from[i + 1] == '\n') {
                *to++ = '\r';
                continue;
            }
        }
        memcpy(to, written[from[i]].text, 3);
        to += written[from[i]].size;
    }
    output.used = (size_t)(to - output.data);
    return i;
}

static void encode(Input *input, bool form, bool whole) {
    enum { PART = BLOCK / 3 };
    fill_written(form, whole);
    while (input_any(input)) {
        size_t size = input->end - input->start;
        if (size > PART) size = PART;
        size_t done = encode_part(input->data + input->start, size, false, whole);
        if (done == 0 && !input_more(input)) {
            done = encode_part(input->data + input->start, 1, true, whole);
        }
        input->start += done;
    }
}

static int hex_digit(uint8_t c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Writes the bytes, and returns how many it took: less if a "%" needs what follows. */
static size_t decode_part(const Input *input, bool form) {
    const uint8_t *from = input->data + input->start;
    size_t size = input->end - input->start, i = 0;
    uint8_t *to = out_room(size);
    for (; i < size; i++) {
        if (from[i] != '%') {
            *to++ = form && from[i] == '+' ? ' ' : from[i];
            continue;
        }
        if (size - i < 3 && !input->ended) break;
        int high = size - i < 3 ? -1 : hex_digit(from[i + 1]);
        int low = size - i < 3 ? -1 : hex_digit(from[i + 2]);
        if (high < 0 || low < 0) {
            output.used = (size_t)(to - output.data);
            fail_at("url", "no two hexadecimal digits after the %", input_offset(input) + i);
        }
        *to++ = (uint8_t)(high << 4 | low);
        i += 2;
    }
    output.used = (size_t)(to - output.data);
    return i;
}

static void decode(Input *input, bool form) {
    while (input_any(input)) {
        size_t done = decode_part(input, form);
        input->start += done;
        if (done == 0) input_more(input);
    }
}

int encode_url(void) {
    static Input input;
    bool form = arg_flag("form");
    bool back = arg_flag("decode");
    bool whole = arg_flag("whole");
    input_open(&input, "url");
    if (back) {
        decode(&input, form);
    } else {
        encode(&input, form, whole);
    }
    return STATUS_GOOD;
}
