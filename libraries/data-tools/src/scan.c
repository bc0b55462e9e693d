#include "scan.h"

#include <unistd.h>
#include <wasm_simd128.h>

#include "args.h"

enum { READ_SIZE = 4 * BLOCK };

_Noreturn static void refuse_at_byte(const Scanner *scanner, const char *problem, uint64_t offset) {
    (void)scanner;
    fail_at(command_name, problem, offset);
}

void scan_open(Scanner *scanner, const char *path) {
    *scanner = (Scanner){.file = open_path(command_name, path), .refuse = refuse_at_byte};
    scanner->data = take_many(READ_SIZE + 1, 1);
}

void scan_text(Scanner *scanner, Text text) {
    *scanner = (Scanner){.file = -1, .data = (uint8_t *)text.bytes, .end = text.size, .refuse = refuse_at_byte};
}

_Noreturn void scan_refuse(const Scanner *scanner, const char *problem) {
    scanner->refuse(scanner, problem, scan_offset(scanner));
    __builtin_unreachable();
}

/* Hands over what was captured since the mark, up to a place. */
static void deliver(Scanner *scanner, size_t end) {
    const uint8_t *bytes = scanner->data + scanner->mark;
    if (scanner->capture == KEEP) buffer_add(scanner->kept, bytes, end - scanner->mark);
    if (scanner->capture == PRINT) out_bytes(bytes, end - scanner->mark);
}

static void count_lines(const uint8_t *bytes, size_t size, uint64_t *lines, uint64_t *columns) {
    for (size_t i = 0; i < size; i++) {
        *columns += (bytes[i] & 0xc0) != 0x80;
        if (bytes[i] == '\n') ++*lines, *columns = 0;
    }
}

void scan_position(const Scanner *scanner, uint64_t *line, uint64_t *column) {
    *line = scanner->lines;
    *column = scanner->columns;
    count_lines(scanner->data, scanner->at, line, column);
    ++*line, ++*column;
}

bool scan_more(Scanner *scanner) {
    if (scanner->file < 0) return false;
    if (scanner->capture != DROP) deliver(scanner, scanner->end);
    if (scanner->holding)
        buffer_add(&scanner->held, scanner->data + scanner->held_from, scanner->end - scanner->held_from);
    if (scanner->counting) count_lines(scanner->data, scanner->end, &scanner->lines, &scanner->columns);
    scanner->passed += scanner->end;
    scanner->at = scanner->end = scanner->mark = scanner->held_from = 0;
    ssize_t size = read(scanner->file, scanner->data, READ_SIZE);
    if (size < 0) fail(command_name, "the input cannot be read", NULL);
    scanner->end = (size_t)size;
    scanner->data[size] = 0;
    return size > 0;
}

static bool is_space(int c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

int scan_space_slowly(Scanner *scanner) {
    int c = scan_peek(scanner);
    if (!is_space(c)) return c;
    if (scanner->capture != DROP) deliver(scanner, scanner->at);
    Capture capture = scanner->capture;
    scanner->capture = DROP;
    while (is_space(scan_peek(scanner))) {
        while (is_space(scanner->data[scanner->at])) scanner->at++;
    }
    scanner->capture = capture;
    scanner->mark = scanner->at;
    return scan_peek(scanner);
}

void scan_expect(Scanner *scanner, char byte, const char *problem) {
    if (scan_peek(scanner) != byte) scan_refuse(scanner, problem);
    scanner->at++;
}

static int hex_value(int c) {
    if (c >= '0' && c <= '9') return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f') return (c | 32) - 'a' + 10;
    return -1;
}

static uint32_t scan_hex4(Scanner *scanner) {
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(scan_peek(scanner));
        if (digit < 0) scan_refuse(scanner, "four hexadecimal digits should follow \\u");
        code = code << 4 | (uint32_t)digit;
        scanner->at++;
    }
    return code;
}

/* At the backslash. */
static void scan_escape(Scanner *scanner) {
    static const char lone[] = "this \\u escape is half of a pair of surrogates";
    scanner->at++;
    int c = scan_peek(scanner);
    if (c <= 0 || strchr("\"\\/bfnrtu", c) == NULL) scan_refuse(scanner, "this escape does not exist in JSON");
    scanner->at++;
    if (c != 'u') return;
    uint32_t code = scan_hex4(scanner);
    if (code < 0xd800 || code > 0xdfff) return;
    if (code > 0xdbff) scan_refuse(scanner, lone);
    scan_expect(scanner, '\\', lone);
    scan_expect(scanner, 'u', lone);
    code = scan_hex4(scanner);
    if (code < 0xdc00 || code > 0xdfff) scan_refuse(scanner, lone);
}

/* At a byte above 0x7f: one character. */
static void scan_wide(Scanner *scanner) {
    static const char problem[] = "this is not UTF-8";
    int first = scanner->data[scanner->at];
    int length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first < 0xc2 || first > 0xf4) scan_refuse(scanner, problem);
    int least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    int most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    scanner->at++;
    for (int i = 1; i < length; i++) {
        int c = scan_peek(scanner);
        if (c < least || c > most) scan_refuse(scanner, problem);
        least = 0x80, most = 0xbf;
        scanner->at++;
    }
}

/* Steps over what needs no look: neither quotation mark, backslash, control nor above 0x7f. */
static inline size_t plain_end(const uint8_t *data, size_t at, size_t end) {
    while (at + 16 <= end) {
        v128_t bytes = wasm_v128_load(data + at);
        v128_t stop = wasm_v128_or(
            wasm_i8x16_lt(bytes, wasm_i8x16_splat(' ')),
            wasm_v128_or(wasm_i8x16_eq(bytes, wasm_i8x16_splat('"')), wasm_i8x16_eq(bytes, wasm_i8x16_splat('\\'))));
        uint32_t mask = wasm_i8x16_bitmask(stop);
        if (mask != 0) return at + (size_t)__builtin_ctz(mask);
        at += 16;
    }
    while (at < end && (int8_t)data[at] >= ' ' && data[at] != '"' && data[at] != '\\') at++;
    return at;
}

void scan_string(Scanner *scanner) {
    scanner->at++;
    for (;;) {
        scanner->at = plain_end(scanner->data, scanner->at, scanner->end);
        int c = scan_peek(scanner);
        if (c == '"') break;
        if (c < 0) scan_refuse(scanner, "the input ends inside a string");
        if (c == '\\') {
            scan_escape(scanner);
        } else if (c >= 0x80) {
            scan_wide(scanner);
        } else if (c < ' ') {
            scan_refuse(scanner, "a control character in a string has to be escaped");
        }
    }
    scanner->at++;
}

/* Takes a string; what was read since it began stays in one piece until held_text. */
static size_t scan_held_string(Scanner *scanner) {
    scanner->holding = true;
    scanner->held_from = scanner->at;
    scanner->held.size = 0;
    scan_string(scanner);
    return scanner->held.size + scanner->at - scanner->held_from;
}

/* What is between the quotation marks of the string of this size that is held. */
static Text held_text(Scanner *scanner, size_t size) {
    scanner->holding = false;
    const char *bytes = (const char *)scanner->data + scanner->held_from;
    if (scanner->held.size > 0) {
        if (scanner->held.size < size) buffer_add(&scanner->held, bytes, size - scanner->held.size);
        bytes = scanner->held.bytes;
    }
    return (Text){bytes + 1, size - 2};
}

Text scan_string_text(Scanner *scanner) { return held_text(scanner, scan_held_string(scanner)); }

static inline bool is_digit(int c) { return c >= '0' && c <= '9'; }

static void scan_digits(Scanner *scanner) {
    if (!is_digit(scan_peek(scanner))) scan_refuse(scanner, "a digit should be here");
    do {
        while (is_digit(scanner->data[scanner->at])) scanner->at++;
    } while (is_digit(scan_peek(scanner)));
}

static void scan_number(Scanner *scanner) {
    int c = scan_peek(scanner);
    if (c == '-') scanner->at++, c = scan_peek(scanner);
    if (c == '0') {
        scanner->at++;
        if (is_digit(scan_peek(scanner))) scan_refuse(scanner, "a number does not begin with a needless 0");
    } else {
        scan_digits(scanner);
    }
    if (scan_peek(scanner) == '.') scanner->at++, scan_digits(scanner);
    c = scan_peek(scanner);
    if (c != 'e' && c != 'E') return;
    scanner->at++;
    c = scan_peek(scanner);
    if (c == '+' || c == '-') scanner->at++;
    scan_digits(scanner);
}

void scan_scalar(Scanner *scanner, int c) {
    const char *word = c == 't' ? "true" : c == 'f' ? "false" : c == 'n' ? "null" : NULL;
    if (word == NULL) {
        if (c != '-' && !is_digit(c))
            scan_refuse(scanner, c < 0 ? "the input ends where a value should be" : "a value should be here");
        scan_number(scanner);
        return;
    }
    for (; *word != 0; word++) {
        if (scan_peek(scanner) != *word)
            scan_refuse(scanner, "a value should be here: only true, false and null are words");
        scanner->at++;
    }
}

bool scan_enter(Scanner *scanner) {
    char close = scanner->data[scanner->at] == '{' ? '}' : ']';
    if (scanner->depth == DEEPEST) scan_refuse(scanner, "arrays and objects are nested more than 1000 deep");
    scanner->at++;
    if (scan_space(scanner) == close) {
        scanner->at++;
        return false;
    }
    scanner->open[scanner->depth++] = close;
    return true;
}

bool scan_next(Scanner *scanner) {
    int c = scan_space(scanner);
    char close = scanner->open[scanner->depth - 1];
    if (c != ',' && c != close) {
        if (c < 0)
            scan_refuse(scanner, close == ']' ? "the input ends inside an array" : "the input ends inside an object");
        scan_refuse(scanner, close == ']' ? "a comma or ] should be here" : "a comma or } should be here");
    }
    scanner->at++;
    if (c == ',') return true;
    scanner->depth--;
    return false;
}

static void expect_name(Scanner *scanner) {
    if (scan_space(scanner) != '"') scan_refuse(scanner, "a member's name should be here, in quotation marks");
}

static void expect_colon(Scanner *scanner) {
    scan_space(scanner);
    scan_expect(scanner, ':', "a colon should be here");
}

Text scan_name(Scanner *scanner) {
    expect_name(scanner);
    size_t size = scan_held_string(scanner);
    expect_colon(scanner);
    return held_text(scanner, size);
}

void scan_value(Scanner *scanner) {
    int base = scanner->depth;
    for (;;) {
        int c = scan_space(scanner);
        if (c == '"') {
            scan_string(scanner);
        } else if (c != '{' && c != '[') {
            scan_scalar(scanner, c);
        } else if (scan_enter(scanner)) {
            if (c == '{') expect_name(scanner), scan_string(scanner), expect_colon(scanner);
            continue;
        }
        do {
            if (scanner->depth == base) return;
        } while (!scan_next(scanner));
        if (scanner->open[scanner->depth - 1] == '}') expect_name(scanner), scan_string(scanner), expect_colon(scanner);
    }
}

void scan_capture(Scanner *scanner, Capture capture, Buffer *kept) {
    scan_space(scanner);
    scan_begin(scanner, kept);
    scanner->capture = capture;
    scan_value(scanner);
    scan_end(scanner);
}

void scan_begin(Scanner *scanner, Buffer *kept) {
    scanner->capture = KEEP;
    scanner->kept = kept;
    scanner->mark = scanner->at;
}

size_t scan_kept(Scanner *scanner) {
    deliver(scanner, scanner->at);
    scanner->mark = scanner->at;
    return scanner->kept->size;
}

void scan_end(Scanner *scanner) {
    deliver(scanner, scanner->at);
    scanner->capture = DROP;
}

void scan_print(Scanner *scanner, int c) {
    scan_begin(scanner, NULL);
    scanner->capture = PRINT;
    c == '"' ? scan_string(scanner) : scan_scalar(scanner, c);
    scan_end(scanner);
}

bool scan_another(Scanner *scanner) {
    bool first = scan_offset(scanner) == 0;
    if (first || scan_peek(scanner) < 0 || is_space(scan_peek(scanner))) return scan_space(scanner) >= 0;
    scan_refuse(scanner, "white space should be here, or the end of the input");
}
