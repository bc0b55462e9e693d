#include "csv.h"

#include <wasm_simd128.h>

#include "args.h"
#include "utf8.h"

char csv_delimiter(void) {
    Text text = arg_text("delimiter", ",");
    if (text_equal(text, text_of("tab"))) return '\t';
    bool good = text.size == 1 && (uint8_t)text.bytes[0] < 0x80 && strchr("\"\r\n", text.bytes[0]) == NULL;
    if (!good)
        fail(command_name, "the delimiter has to be one ASCII character other than a quotation mark, or the word tab",
             NULL);
    return text.bytes[0];
}

/* A byte order mark at the beginning is no part of the first field. */
static void skip_mark(Input *input) {
    while (input->end - input->start < 3 && input_more(input)) continue;
    if (input->end - input->start >= 3 && memcmp(input->data + input->start, "\xef\xbb\xbf", 3) == 0) input->start += 3;
}

void csv_open(Csv *csv) {
    csv->delimiter = csv_delimiter();
    csv->line = csv->next_line = 1;
    input_open(&csv->input, command_name);
    skip_mark(&csv->input);
}

_Noreturn void csv_refuse(const Csv *csv, const char *problem) {
    log_text(command_name);
    log_text(": ");
    log_text(problem);
    log_text(" in line ");
    log_number(csv->line);
    log_end();
    finish(STATUS_BAD_INPUT);
}

/* The first of up to three bytes, or the end. */
static const uint8_t *find_any(const uint8_t *at, const uint8_t *end, char a, char b, char c) {
    while (at + 16 <= end) {
        v128_t bytes = wasm_v128_load(at);
        v128_t hits = wasm_v128_or(
            wasm_i8x16_eq(bytes, wasm_i8x16_splat(a)),
            wasm_v128_or(wasm_i8x16_eq(bytes, wasm_i8x16_splat(b)), wasm_i8x16_eq(bytes, wasm_i8x16_splat(c))));
        uint32_t mask = wasm_i8x16_bitmask(hits);
        if (mask != 0) return at + __builtin_ctz(mask);
        at += 16;
    }
    while (at < end && *at != (uint8_t)a && *at != (uint8_t)b && *at != (uint8_t)c) at++;
    return at;
}

/* Adds the bytes up to one of three; false at the end of the input. */
static bool take_until(Csv *csv, char a, char b, char c) {
    Input *input = &csv->input;
    while (input_any(input)) {
        const uint8_t *from = input->data + input->start, *end = input->data + input->end;
        const uint8_t *at = find_any(from, end, a, b, c);
        buffer_add(&csv->text, from, (size_t)(at - from));
        input->start += (size_t)(at - from);
        if (at < end) return true;
    }
    return false;
}

/* Behind the opening quotation mark, up to behind the closing one. */
static void take_quoted(Csv *csv) {
    Input *input = &csv->input;
    for (;;) {
        if (!take_until(csv, '"', '\n', '"')) csv_refuse(csv, "a quotation mark is not closed; the record begins");
        uint8_t c = input->data[input->start++];
        if (c == '\n') {
            csv->next_line++;
        } else if (!input_any(input) || input->data[input->start] != '"') {
            return;
        } else {
            input->start++;
        }
        buffer_byte(&csv->text, (char)c);
    }
}

static void take_field(Csv *csv) {
    Input *input = &csv->input;
    if (input_any(input) && input->data[input->start] == '"') {
        input->start++;
        take_quoted(csv);
        if (!input_any(input)) return;
        char c = (char)input->data[input->start];
        if (c != csv->delimiter && c != '\n' && c != '\r')
            csv_refuse(csv, "something follows a closing quotation mark");
        return;
    }
    while (take_until(csv, csv->delimiter, '\n', '\r')) {
        if (input->data[input->start] != '\r') return;
        /* A carriage return alone is a part of the field. */
        if (input->end - input->start < 2) input_more(input);
        if (input->end - input->start < 2 || input->data[input->start + 1] == '\n') return;
        buffer_byte(&csv->text, '\r');
        input->start++;
    }
}

/* Takes what stands behind a field; true when it is the delimiter. */
static bool take_separator(Csv *csv) {
    Input *input = &csv->input;
    int c = input_byte(input);
    if (c == csv->delimiter) return true;
    if (c == '\r') {
        c = input_byte(input);
        if (c >= 0 && c != '\n') csv_refuse(csv, "something follows a closing quotation mark");
    }
    if (c == '\n') csv->next_line++;
    return false;
}

static void check_utf8(const Csv *csv) {
    const uint8_t *at = (const uint8_t *)csv->text.bytes, *end = at + csv->text.size;
    while (at < end) {
        while (at + 16 <= end && !wasm_i8x16_bitmask(wasm_v128_load(at))) at += 16;
        uint32_t code;
        if (at == end) return;
        int size = utf8_decode(at, (size_t)(end - at), &code);
        if (size <= 0) csv_refuse(csv, "there is something that is not UTF-8");
        at += size;
    }
}

static void take_record(Csv *csv) {
    csv->text.size = csv->count = 0;
    csv->line = csv->next_line;
    do {
        take_field(csv);
        csv->ends = list_room(csv->ends, csv->count, &csv->room, sizeof *csv->ends);
        csv->ends[csv->count++] = csv->text.size;
    } while (take_separator(csv));
}

static bool starts_quoted(const Csv *csv) { return csv->input.data[csv->input.start] == '"'; }

bool csv_next(Csv *csv) {
    while (input_any(&csv->input)) {
        bool quoted = starts_quoted(csv);
        take_record(csv);
        if (csv->count == 1 && csv->text.size == 0 && !quoted) continue;
        buffer_room(&csv->text, 16);
        check_utf8(csv);
        return true;
    }
    return false;
}

void csv_out(Text field, char delimiter) {
    const uint8_t *at = (const uint8_t *)field.bytes, *end = at + field.size;
    bool plain = find_any(at, end, delimiter, '"', '\n') == end && memchr(at, '\r', field.size) == NULL;
    if (plain) {
        out_bytes(at, field.size);
        return;
    }
    out_byte('"');
    while (at < end) {
        const uint8_t *quote = find_any(at, end, '"', '"', '"');
        out_bytes(at, (size_t)(quote - at));
        if (quote < end) out_text("\"\"");
        at = quote + 1;
    }
    out_byte('"');
}

void csv_out_end(bool crlf) { crlf ? out_text("\r\n") : out_byte('\n'); }
