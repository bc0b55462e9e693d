/* text.count: lines, words, bytes and characters, counted as GNU wc counts them. */
#include <wasm_simd128.h>

#include "args.h"
#include "commands.h"
#include "printable.h"
#include "utf8.h"

typedef struct {
    uint64_t lines;
    uint64_t words;
    uint64_t bytes;
    uint64_t chars;
    uint32_t in_word; /* 1 after a printable character */
} Counts;

enum { BEYOND = 0x110000 };

typedef enum { NEITHER, SPACE, PRINTABLE } Effect;

/* Where the printable run number i starts and ends. */
static struct {
    uint32_t start;
    uint32_t end;
} runs[PRINTABLE_RUNS];

static void unfold_runs(void) {
    uint32_t code = 0;
    for (size_t i = 0; i < PRINTABLE_RUNS; i++) {
        code += printable_runs[2 * i];
        runs[i].start = code;
        code += printable_runs[2 * i + 1];
        runs[i].end = code;
    }
}

/* The no-break spaces end a word too. */
static bool is_wide_space(uint32_t code) {
    return code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
           code == 0x202f || code == 0x205f || code == 0x2060 || code == 0x3000;
}

/* Text stays within few runs, so the run found last is tried first. */
static bool is_wide_printable(uint32_t code) {
    static size_t last;
    if (code >= runs[last].start && code < runs[last].end) return true;
    size_t low = 0, high = PRINTABLE_RUNS;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (code >= runs[middle].end) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == PRINTABLE_RUNS || code < runs[low].start) return false;
    last = low;
    return true;
}

static Effect effect_of(uint32_t code) {
    if (code == ' ' || (code >= '\t' && code <= '\r')) return SPACE;
    if (code < 0x80) return code > ' ' && code < 0x7f ? PRINTABLE : NEITHER;
    if (is_wide_space(code)) return SPACE;
    return is_wide_printable(code) ? PRINTABLE : NEITHER;
}

static void count_char(Counts *counts, uint32_t code) {
    counts->chars++;
    counts->lines += code == '\n';
    Effect effect = effect_of(code);
    if (effect == PRINTABLE) {
        counts->words += !counts->in_word;
        counts->in_word = 1;
    } else if (effect == SPACE) {
        counts->in_word = 0;
    }
}

/* Counts 16 bytes if each is printable ASCII or white space; false otherwise. */
static inline bool count_sixteen(Counts *counts, const uint8_t *at) {
    v128_t block = wasm_v128_load(at);
    v128_t control = wasm_u8x16_lt(wasm_i8x16_sub(block, wasm_i8x16_const_splat('\t')),
                                   wasm_i8x16_const_splat('\r' - '\t' + 1));
    v128_t space = wasm_v128_or(control, wasm_i8x16_eq(block, wasm_i8x16_const_splat(' ')));
    v128_t printable = wasm_u8x16_lt(wasm_i8x16_sub(block, wasm_i8x16_const_splat('!')),
                                     wasm_i8x16_const_splat(0x7f - '!'));
    if (!wasm_i8x16_all_true(wasm_v128_or(space, printable))) return false;
    uint32_t spaces = wasm_i8x16_bitmask(space);
    uint32_t letters = ~spaces & 0xffff;
    uint32_t begins = letters & ~(letters << 1 | counts->in_word);
    v128_t newline = wasm_i8x16_eq(block, wasm_i8x16_const_splat('\n'));
    counts->words += (uint32_t)__builtin_popcount(begins);
    counts->lines += (uint32_t)__builtin_popcount(wasm_i8x16_bitmask(newline));
    counts->chars += 16;
    counts->in_word = letters >> 15;
    return true;
}

/* The length by which wc goes: it takes the codes beyond Unicode too, of up to six bytes. */
static int length_of(const uint8_t *at, size_t size, uint32_t *code) {
    int length = utf8_decode(at, size, code);
    if (length != UTF8_INVALID || *at < 0xf4 || *at > 0xfd) return length;
    length = *at < 0xf8 ? 4 : *at < 0xfc ? 5 : 6;
    for (int i = 1; i < length; i++) {
        if ((size_t)i >= size) return UTF8_INCOMPLETE;
        if ((at[i] & 0xc0) != 0x80) return UTF8_INVALID;
        if (i == 1 && ((*at == 0xf8 && at[1] < 0x88) || (*at == 0xfc && at[1] < 0x84))) {
            return UTF8_INVALID;
        }
    }
    *code = BEYOND;
    return length;
}

/* Counts the bytes and returns where it stopped: an incomplete character may be left. */
static const uint8_t *count_block(Counts *counts, const uint8_t *at, const uint8_t *end) {
    while (at < end) {
        if (end - at >= 16 && count_sixteen(counts, at)) {
            at += 16;
            continue;
        }
        /* Past the bytes that were not simple, or a little further, the quick way may do again. */
        for (const uint8_t *stop = end - at > 16 ? at + 16 : end; at < stop;) {
            uint32_t code;
            int length = length_of(at, (size_t)(end - at), &code);
            if (length == UTF8_INCOMPLETE) return at;
            if (length > 0) count_char(counts, code);
            at += length > 0 ? length : 1;
        }
    }
    return at;
}

static void out_counts(const Counts *counts) {
    out_text("{\"lines\":");
    out_number(counts->lines);
    out_text(",\"words\":");
    out_number(counts->words);
    out_text(",\"bytes\":");
    out_number(counts->bytes);
    out_text(",\"chars\":");
    out_number(counts->chars);
    out_text("}\n");
}

int text_count(void) {
    static Input input;
    Counts counts = {0};
    unfold_runs();
    input_open(&input, "count");
    while (input_more(&input)) {
        const uint8_t *end = input.data + input.end;
        input.start = (size_t)(count_block(&counts, input.data + input.start, end) - input.data);
    }
    counts.bytes = input.passed + input.end;
    out_counts(&counts);
    return STATUS_GOOD;
}
