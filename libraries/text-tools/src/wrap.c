/* text.wrap: refills paragraphs to a width of terminal columns. */
#include <wchar.h>
#include <wctype.h>

#include "args.h"
#include "commands.h"
#include "utf8.h"

typedef struct {
    Text prefix;
    size_t width; /* columns beside the prefix */
    bool breaks;  /* words longer than the width are broken */
    size_t column; /* how far the open line is filled */
    bool empty;   /* no line is open */
    size_t held; /* bytes of the word that is not placed yet */
    size_t held_columns;
    bool spilled; /* the word's beginning is written already */
    uint8_t word[BLOCK];
} Wrap;

static Wrap wrap;

static bool is_break(int32_t code) {
    if (code < 0x80) return code == ' ' || (code >= '\t' && code <= '\r');
    return code != 0x85 && iswspace((wint_t)code); /* never a no-break space */
}

/* A byte that is no character is shown as one; a control character as none. */
static size_t columns_of(int32_t code) {
    if (code < 0) return 1;
    if (code < 0x80) return code >= ' ' && code < 0x7f;
    int columns = wcwidth((wchar_t)code);
    return columns > 0 ? (size_t)columns : 0;
}

static void end_line(void) {
    if (!wrap.empty) out_byte('\n');
    wrap.empty = true;
    wrap.column = 0;
}

/* The prefix of a line without words has no white space at its end. */
static void out_blank_line(void) {
    size_t size = wrap.prefix.size;
    while (size > 0 && is_break((uint8_t)wrap.prefix.bytes[size - 1])) size--;
    out_bytes(wrap.prefix.bytes, size);
    out_byte('\n');
}

/* Opens a line, or sets a space within it. */
static void start_word(void) {
    if (wrap.empty) {
        out_bytes(wrap.prefix.bytes, wrap.prefix.size);
        wrap.empty = false;
    } else {
        out_byte(' ');
        wrap.column++;
    }
}

static void out_held(void) {
    out_bytes(wrap.word, wrap.held);
    wrap.column += wrap.held_columns;
    wrap.held = wrap.held_columns = 0;
}

/* Writes the held word, or the beginning of one that goes on, where it fits. */
static void place_word(void) {
    if (!wrap.spilled) {
        if (!wrap.empty && wrap.column + 1 + wrap.held_columns > wrap.width) end_line();
        start_word();
    }
    out_held();
}

static void end_word(void) {
    if (wrap.held > 0) place_word();
    wrap.spilled = false;
}

/* Writes the word in pieces that fill lines; the columns of the last stay open. */
static void out_broken(const Char *c, size_t columns) {
    if (wrap.column > 0 && wrap.column + columns > wrap.width) {
        end_line();
        start_word();
    }
    out_bytes(c->bytes, c->size);
    wrap.column += columns;
}

/* The word is too long for any line: what is held of it is broken up. */
static void break_held(void) {
    Char c;
    if (!wrap.empty && wrap.column + 1 >= wrap.width) end_line();
    start_word();
    for (size_t at = 0; at < wrap.held; at += c.size) {
        uint32_t code;
        int length = utf8_decode(wrap.word + at, wrap.held - at, &code);
        c.code = length > 0 ? (int32_t)code : CODE_INVALID;
        c.size = length > 0 ? (uint8_t)length : 1;
        memcpy(c.bytes, wrap.word + at, c.size);
        out_broken(&c, columns_of(c.code));
    }
    wrap.held = wrap.held_columns = 0;
}

/*
 * A word is held until it is known whether it fits. One that cannot fit, or that has more
 * bytes than can be held, is begun at once and then goes straight to the output.
 */
static void take_word_char(const Char *c) {
    size_t columns = columns_of(c->code);
    bool too_wide = wrap.held_columns + columns > wrap.width;
    if (!wrap.spilled && (too_wide || wrap.held + c->size > BLOCK)) {
        if (too_wide && wrap.breaks) {
            break_held();
        } else {
            if (too_wide) end_line();
            place_word();
        }
        wrap.spilled = true;
    }
    if (!wrap.spilled) {
        memcpy(wrap.word + wrap.held, c->bytes, c->size);
        wrap.held += c->size;
        wrap.held_columns += columns;
    } else if (wrap.breaks) {
        out_broken(c, columns);
    } else {
        out_bytes(c->bytes, c->size);
        wrap.column += columns;
    }
}

static void wrap_input(Input *input) {
    bool blank = true; /* no word in this line of the input so far */
    Char c;
    while (input_char(input, &c)) {
        if (c.code < 0 || !is_break(c.code)) {
            take_word_char(&c);
            blank = false;
            continue;
        }
        end_word();
        if (c.code != '\n') continue;
        if (blank) {
            end_line();
            out_blank_line();
        }
        blank = true;
    }
    end_word();
    end_line();
}

static size_t columns_of_text(Text text) {
    size_t columns = 0;
    for (size_t at = 0; at < text.size;) {
        uint32_t code;
        int length = utf8_decode((const uint8_t *)text.bytes + at, text.size - at, &code);
        columns += columns_of(length > 0 ? (int32_t)code : CODE_INVALID);
        at += length > 0 ? (size_t)length : 1;
    }
    return columns;
}

int text_wrap(void) {
    static Input input;
    size_t width = (size_t)arg_integer("width", 80, 1, 10000);
    wrap.prefix = arg_text("prefix", "");
    wrap.breaks = arg_flag("break-words");
    wrap.empty = true;
    size_t taken = columns_of_text(wrap.prefix);
    wrap.width = taken < width ? width - taken : 1;
    input_open(&input, "wrap");
    wrap_input(&input);
    return STATUS_GOOD;
}
