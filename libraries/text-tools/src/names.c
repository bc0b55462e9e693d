/* The styles of text.case that make names: camelCase, snake_case and so on. */
#include "case.h"

typedef struct {
    Style style;
    bool any;      /* the line has a word already */
    bool in_word;
    bool was_lower; /* the character before was lower case or a digit */
} Line;

static void out_separator(Style style) {
    if (style == KEBAB) out_byte('-');
    if (style == SNAKE || style == CONSTANT) out_byte('_');
}

static int32_t styled(const Line *line, bool first, int32_t code) {
    if (line->style == CONSTANT) return upper_of(code);
    bool capital = line->style == PASCAL || (line->style == CAMEL && line->any);
    return first && capital ? upper_of(code) : lower_of(code);
}

static void take_char(Line *line, const Char *c) {
    if (!is_letter_or_digit(c->code)) {
        line->in_word = false;
        return;
    }
    bool upper = is_upper(c->code);
    bool first = !line->in_word || (upper && line->was_lower);
    if (first && line->any) out_separator(line->style);
    out_char(c, styled(line, first, c->code));
    line->any = line->in_word = true;
    line->was_lower = !upper;
}

void rename_lines(Input *input, Style style) {
    Line line = {.style = style};
    bool held = false; /* a CR that is kept if a line feed follows */
    Char c;
    while (input_char(input, &c)) {
        if (c.code == '\n') {
            if (held) out_byte('\r');
            out_byte('\n');
            line = (Line){.style = style};
        } else {
            take_char(&line, &c);
        }
        held = c.code == '\r';
    }
}
