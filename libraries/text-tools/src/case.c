/* text.case: changes upper and lower case. */
#include "case.h"

#include <wctype.h>

#include "args.h"
#include "commands.h"

int32_t upper_of(int32_t code) {
    if (code < 0x80) return code >= 'a' && code <= 'z' ? code - 32 : code;
    return (int32_t)towupper((wint_t)code);
}

int32_t lower_of(int32_t code) {
    if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
    return (int32_t)towlower((wint_t)code);
}

bool is_upper(int32_t code) { return code >= 0 && lower_of(code) != code; }

bool is_lower(int32_t code) { return code >= 0 && upper_of(code) != code; }

bool is_letter_or_digit(int32_t code) {
    if (code < 0) return false;
    if (code < 0x80) {
        return (code >= '0' && code <= '9') || ((code | 32) >= 'a' && (code | 32) <= 'z');
    }
    return iswalnum((wint_t)code) != 0;
}

static int32_t swapped(int32_t code) {
    int32_t upper = upper_of(code);
    return upper != code ? upper : lower_of(code);
}

void out_char(const Char *character, int32_t code) {
    if (code == character->code) {
        uint8_t *to = out_room(UTF8_LONGEST);
        memcpy(to, character->bytes, UTF8_LONGEST);
        output.used += character->size;
    } else {
        output.used += (size_t)utf8_encode((uint32_t)code, out_room(UTF8_LONGEST));
    }
}

static int32_t mapped(int32_t code, Style style) {
    switch (style) {
    case UPPER: return upper_of(code);
    case LOWER: return lower_of(code);
    default: return swapped(code);
    }
}

/* Maps the ASCII bytes at the front of what is buffered, the quick way. */
static void map_ascii(Input *input, const uint8_t table[128]) {
    size_t size = input->end - input->start, i = 0;
    const uint8_t *from = input->data + input->start;
    uint8_t *to = out_room(size);
    for (; i < size && from[i] < 0x80; i++) to[i] = table[from[i]];
    output.used += i;
    input->start += i;
}

static void map_each(Input *input, Style style) {
    uint8_t table[128];
    Char c;
    for (int32_t code = 0; code < 128; code++) table[code] = (uint8_t)mapped(code, style);
    while (input_any(input)) {
        if (input->data[input->start] < 0x80) {
            map_ascii(input, table);
        } else if (input_char(input, &c)) {
            out_char(&c, c.code < 0 ? c.code : mapped(c.code, style));
        }
    }
}

static bool is_apostrophe(int32_t code) { return code == '\'' || code == 0x2019; }

/* An apostrophe does not end a word: "don't" has one capital. */
static void capitalize_words(Input *input) {
    bool in_word = false;
    Char c;
    while (input_char(input, &c)) {
        bool inside = is_letter_or_digit(c.code) || (in_word && is_apostrophe(c.code));
        out_char(&c, c.code < 0 ? c.code : in_word ? lower_of(c.code) : upper_of(c.code));
        in_word = inside;
    }
}

static bool ends_sentence(int32_t code) {
    return code == '.' || code == '!' || code == '?' || code == 0x2026 || code == 0x3002;
}

/* Marks that may stand between the end of a sentence and the space after it. */
static bool closes(int32_t code) {
    return code == '"' || code == ')' || code == ']' || is_apostrophe(code) || code == 0x201d;
}

/* A sentence begins at the start, after an end mark with white space, and after a blank line. */
static void capitalize_sentences(Input *input) {
    bool begins = true, ended = false;
    int newlines = 0;
    Char c;
    while (input_char(input, &c)) {
        bool space = c.code >= 0 && (c.code == ' ' || iswspace((wint_t)c.code));
        newlines = c.code == '\n' ? newlines + 1 : space ? newlines : 0;
        if (space && (ended || newlines > 1)) begins = true;
        bool first = begins && is_letter_or_digit(c.code);
        out_char(&c, c.code < 0 ? c.code : first ? upper_of(c.code) : lower_of(c.code));
        if (first) begins = false;
        ended = ends_sentence(c.code) || (ended && (space || closes(c.code)));
    }
}

int text_case(void) {
    static const char *const styles[] = {"upper",  "lower", "title", "sentence", "swap",    "camel",
                                         "pascal", "snake", "kebab", "constant", NULL};
    static Input input;
    Style style = (Style)arg_choice("style", styles, "");
    input_open(&input, "case");
    if (style == TITLE) {
        capitalize_words(&input);
    } else if (style == SENTENCE) {
        capitalize_sentences(&input);
    } else if (style <= SWAP) {
        map_each(&input, style);
    } else {
        rename_lines(&input, style);
    }
    return STATUS_GOOD;
}
