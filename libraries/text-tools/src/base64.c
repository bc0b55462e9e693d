/* encode.base64: bytes as base64 (RFC 4648) and back. */
#include "args.h"
#include "commands.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char standard_alphabet[] = LETTERS "+/";
static const char url_alphabet[] = LETTERS "-_";

/* Two digits for each twelve bits: a third of the look-ups of one digit at a time. */
static uint16_t digit_pairs[4096];

static void fill_pairs(const char *alphabet) {
    for (unsigned i = 0; i < 4096; i++) {
        digit_pairs[i] = (uint16_t)(alphabet[i >> 6] | alphabet[i & 63] << 8);
    }
}

static void encode_triples(const uint8_t *from, size_t triples, uint8_t *to) {
    for (; triples > 0; triples--, from += 3, to += 4) {
        uint32_t bits = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
        memcpy(to, &digit_pairs[bits >> 12], 2);
        memcpy(to + 2, &digit_pairs[bits & 4095], 2);
    }
}

/* The last one or two bytes; returns how many digits and pads they make. */
static size_t encode_rest(const uint8_t *from, size_t size, bool padded, uint8_t *to) {
    uint8_t triple[3] = {from[0], size > 1 ? from[1] : 0, 0};
    encode_triples(triple, 1, to);
    if (!padded) return size + 1;
    memset(to + size + 1, '=', 3 - size);
    return 4;
}

/* Writes digits in lines of so many columns; column says how full the line is. */
static void out_lines(const uint8_t *digits, size_t size, size_t columns, size_t *column) {
    while (size > 0) {
        if (*column == columns) {
            out_byte('\n');
            *column = 0;
        }
        size_t part = columns - *column < size ? columns - *column : size;
        out_bytes(digits, part);
        digits += part;
        size -= part;
        *column += part;
    }
}

static void encode(Input *input, bool url, size_t columns) {
    enum { TRIPLES = BLOCK / 4 };
    static uint8_t digits[BLOCK];
    size_t column = 0;
    if (columns == 0) columns = SIZE_MAX;
    fill_pairs(url ? url_alphabet : standard_alphabet);
    while (input->end - input->start >= 3 || input_more(input)) {
        size_t triples = (input->end - input->start) / 3;
        if (triples > TRIPLES) triples = TRIPLES;
        encode_triples(input->data + input->start, triples, digits);
        out_lines(digits, 4 * triples, columns, &column);
        input->start += 3 * triples;
    }
    size_t left = input->end - input->start;
    if (left > 0) {
        size_t size = encode_rest(input->data + input->start, left, !url, digits);
        out_lines(digits, size, columns, &column);
    }
    if (column > 0) out_byte('\n');
}

enum { WHITE = 64, PAD = 65, REFUSED = 66 };

static void fill_values(uint8_t values[256], const char *alphabet) {
    memset(values, REFUSED, 256);
    memset(&values['\t'], WHITE, '\r' - '\t' + 1);
    values[' '] = WHITE;
    values['='] = PAD;
    for (uint8_t i = 0; i < 64; i++) values[(uint8_t)alphabet[i]] = i;
}

typedef struct {
    uint8_t values[256];
    uint32_t bits;  /* of the digits in the unfinished group */
    unsigned count; /* of those digits */
    unsigned pads;
    uint64_t last; /* the offset of the last of them */
} Decoder;

/* Writes the bytes of the last, short group. */
static void end_group(Decoder *decoder) {
    if (decoder->count == 0) return;
    unsigned spare = decoder->count == 2 ? 4 : 2;
    if ((decoder->bits & ((1u << spare) - 1)) != 0) {
        fail_at("base64", "the last character says more than the bytes hold", decoder->last);
    }
    uint32_t bits = decoder->bits >> spare;
    if (decoder->count == 3) out_byte((uint8_t)(bits >> 8));
    out_byte((uint8_t)bits);
}

static void decode_digit(Decoder *decoder, uint8_t value, uint64_t offset) {
    if (decoder->pads > 0) fail_at("base64", "there is data after the padding", offset);
    decoder->bits = decoder->bits << 6 | value;
    decoder->last = offset;
    if (++decoder->count < 4) return;
    uint8_t *to = out_room(3);
    to[0] = (uint8_t)(decoder->bits >> 16);
    to[1] = (uint8_t)(decoder->bits >> 8);
    to[2] = (uint8_t)decoder->bits;
    output.used += 3;
    decoder->bits = decoder->count = 0;
}

static void decode_byte(Decoder *decoder, uint8_t byte, uint64_t offset) {
    uint8_t value = decoder->values[byte];
    if (value < WHITE) {
        decode_digit(decoder, value, offset);
    } else if (value == REFUSED) {
        fail_at("base64", "not a base64 character", offset);
    } else if (value == PAD) {
        if (decoder->count < 2 || decoder->count + decoder->pads == 4) {
            fail_at("base64", "padding where none belongs", offset);
        }
        decoder->pads++;
    }
}

/* Decodes whole groups without anything between them; returns where they end. */
static const uint8_t *decode_groups(const Decoder *decoder, const uint8_t *at,
                                    const uint8_t *end) {
    const uint8_t *values = decoder->values;
    size_t room = (size_t)(end - at) / 4 * 3;
    uint8_t *to = out_room(room);
    for (; end - at >= 4; at += 4, to += 3) {
        uint32_t a = values[at[0]], b = values[at[1]], c = values[at[2]], d = values[at[3]];
        if ((a | b | c | d) >= WHITE) break;
        uint32_t bits = a << 18 | b << 12 | c << 6 | d;
        to[0] = (uint8_t)(bits >> 16);
        to[1] = (uint8_t)(bits >> 8);
        to[2] = (uint8_t)bits;
    }
    output.used = (size_t)(to - output.data);
    return at;
}

static void decode_block(Decoder *decoder, const Input *input) {
    const uint8_t *at = input->data;
    const uint8_t *end = at + input->end;
    while (at < end) {
        if (decoder->count == 0 && decoder->pads == 0) at = decode_groups(decoder, at, end);
        if (at == end) break;
        decode_byte(decoder, *at, input->passed + (uint64_t)(at - input->data));
        at++;
    }
}

static void decode(Input *input, bool url) {
    Decoder decoder = {0};
    fill_values(decoder.values, url ? url_alphabet : standard_alphabet);
    while (input_more(input)) {
        decode_block(&decoder, input);
        input->start = input->end;
    }
    bool unpadded = url && decoder.pads == 0 && decoder.count != 1;
    if (decoder.count != 0 && decoder.count + decoder.pads != 4 && !unpadded) {
        fail_at("base64", "the input ends within a group of four", input_offset(input));
    }
    end_group(&decoder);
}

int encode_base64(void) {
    static Input input;
    bool url = arg_flag("url");
    bool back = arg_flag("decode");
    size_t columns = (size_t)arg_integer("wrap", 0, 0, INT32_MAX);
    input_open(&input, "base64");
    if (back) {
        decode(&input, url);
    } else {
        encode(&input, url, columns);
    }
    return STATUS_GOOD;
}
