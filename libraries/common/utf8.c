#include "utf8.h"

static bool continues(uint8_t byte) { return (byte & 0xc0) == 0x80; }

/* The second byte is what tells overlong forms, surrogates and too large codes. */
static bool second_fits(uint8_t first, uint8_t second) {
    switch (first) {
    case 0xe0: return second >= 0xa0 && second <= 0xbf;
    case 0xed: return second >= 0x80 && second <= 0x9f;
    case 0xf0: return second >= 0x90 && second <= 0xbf;
    case 0xf4: return second >= 0x80 && second <= 0x8f;
    default: return continues(second);
    }
}

int utf8_decode(const uint8_t *bytes, size_t size, uint32_t *code) {
    uint8_t first = bytes[0];
    *code = first;
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return UTF8_INVALID;
    int length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    *code = first & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((size_t)i >= size) return UTF8_INCOMPLETE;
        if (i == 1 ? !second_fits(first, bytes[1]) : !continues(bytes[i])) return UTF8_INVALID;
        *code = *code << 6 | (bytes[i] & 0x3fu);
    }
    return length;
}

int utf8_encode(uint32_t code, uint8_t *bytes) {
    if (code < 0x80) {
        bytes[0] = (uint8_t)code;
        return 1;
    }
    int length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (int i = length - 1; i > 0; i--) {
        bytes[i] = (uint8_t)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    bytes[0] = (uint8_t)((0xf00u >> length) | code);
    return length;
}

bool input_char(Input *input, Char *character) {
    if (!input_any(input)) {
        character->code = CODE_END;
        return false;
    }
    const uint8_t *at = input->data + input->start;
    if (*at < 0x80) {
        *character = (Char){*at, 1, {*at}};
        input->start++;
        return true;
    }
    uint32_t code;
    int length = utf8_decode(at, input->end - input->start, &code);
    while (length == UTF8_INCOMPLETE && input_more(input)) {
        length = utf8_decode(input->data, input->end, &code);
    }
    at = input->data + input->start;
    bool valid = length > 0;
    character->code = valid ? (int32_t)code : CODE_INVALID;
    character->size = (uint8_t)(valid ? length : 1);
    memcpy(character->bytes, at, character->size);
    input->start += character->size;
    return true;
}
