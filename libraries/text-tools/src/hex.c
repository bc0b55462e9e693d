/* encode.hex: bytes as hexadecimal digits and back. */
#include "args.h"
#include "commands.h"

static void encode(Input *input, const char *digits) {
    uint16_t pairs[256];
    for (unsigned byte = 0; byte < 256; byte++) {
        pairs[byte] = (uint16_t)(digits[byte >> 4] | digits[byte & 15] << 8);
    }
    while (input_any(input)) {
        size_t size = input->end - input->start;
        if (size > BLOCK / 2) size = BLOCK / 2;
        const uint8_t *from = input->data + input->start;
        uint8_t *to = out_room(2 * size);
        for (size_t i = 0; i < size; i++) memcpy(to + 2 * i, &pairs[from[i]], 2);
        output.used += 2 * size;
        input->start += size;
    }
    if (input_offset(input) > 0) out_byte('\n');
}

enum { WHITE = 16, REFUSED = 17 };

static void fill_values(uint8_t values[256]) {
    memset(values, REFUSED, 256);
    memset(&values['\t'], WHITE, '\r' - '\t' + 1);
    values[' '] = WHITE;
    for (uint8_t i = 0; i < 10; i++) values['0' + i] = i;
    for (uint8_t i = 0; i < 6; i++) values['a' + i] = values['A' + i] = (uint8_t)(10 + i);
}

static void decode(Input *input) {
    uint8_t values[256];
    uint8_t high = WHITE; /* the first digit of a pair, while there is one */
    fill_values(values);
    while (input_any(input)) {
        const uint8_t *at = input->data + input->start;
        const uint8_t *end = input->data + input->end;
        uint8_t *to = out_room(BLOCK);
        for (; at < end; at++) {
            uint8_t value = values[*at];
            if (high == WHITE && end - at > 1 && (value | values[at[1]]) < WHITE) {
                *to++ = (uint8_t)(value << 4 | values[*++at]);
            } else if (value < WHITE && high == WHITE) {
                high = value;
            } else if (value < WHITE) {
                *to++ = (uint8_t)(high << 4 | value);
                high = WHITE;
            } else if (value == REFUSED) {
                output.used = (size_t)(to - output.data);
                fail_at("hex", "not a hexadecimal digit",
                        input->passed + (uint64_t)(at - input->data));
            }
        }
        output.used = (size_t)(to - output.data);
        input->start = input->end;
    }
    if (high != WHITE) fail("hex", "the number of digits is odd", NULL);
}

int encode_hex(void) {
    static Input input;
    bool back = arg_flag("decode");
    bool upper = arg_flag("upper");
    input_open(&input, "hex");
    if (back) {
        decode(&input);
    } else {
        encode(&input, upper ? "0123456789ABCDEF" : "0123456789abcdef");
    }
    return STATUS_GOOD;
}
