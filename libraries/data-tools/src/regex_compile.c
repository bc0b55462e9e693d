#include <stdlib.h>

#include "category.h"
#include "regex_code.h"

enum { LAST_CODE = 0x10ffff, DEEPEST_GROUP = 50, MOST_ATOMS = 100000 };

typedef struct {
    const int32_t *codes; /* the pattern's characters, -1 behind the last one */
    size_t at;
    RegexLanguage language;
    Regex *regex;
    const char *problem;
    int depth;
    int atoms;
} Compiler;

static bool refuse(Compiler *c, const char *problem) {
    if (c->problem == NULL) c->problem = problem;
    return false;
}

static int32_t peek(const Compiler *c) { return c->codes[c->at]; }

static bool take(Compiler *c, int32_t code) {
    if (peek(c) != code) return false;
    c->at++;
    return true;
}

static bool add_step(Compiler *c, Step step) {
    Regex *regex = c->regex;
    if (regex->count == LONGEST_CODE) return refuse(c, "it is too large");
    regex->steps = list_room(regex->steps, regex->count, &regex->room, sizeof step);
    regex->steps[regex->count++] = step;
    return true;
}

/* Puts a step before those that were added last. */
static bool insert_step(Compiler *c, size_t place, Step step) {
    if (!add_step(c, step)) return false;
    Step *steps = c->regex->steps;
    memmove(steps + place + 1, steps + place, (c->regex->count - 1 - place) * sizeof *steps);
    steps[place] = step;
    return true;
}

static bool add_item(Compiler *c, ClassItem item) {
    Regex *regex = c->regex;
    if (regex->item_count == LONGEST_CODE * 4) return refuse(c, "it is too large");
    regex->items = list_room(regex->items, regex->item_count, &regex->item_room, sizeof item);
    regex->items[regex->item_count++] = item;
    return true;
}

static bool add_range(Compiler *c, int32_t first, int32_t last) {
    return add_item(c, (ClassItem){.first = first, .last = last});
}

static bool add_class_step(Compiler *c, size_t first_item, bool negated) {
    return add_step(c, (Step){TAKE_ITEMS, (int32_t)first_item, (int32_t)c->regex->item_count, negated});
}

/* After \p or \P. */
static bool add_category(Compiler *c, bool negated) {
    char name[3] = {0};
    size_t size = 0;
    if (!take(c, '{')) return refuse(c, "{ and a category should follow \\p");
    while (size < 2 && peek(c) > 0 && peek(c) < 128 && peek(c) != '}') name[size++] = (char)c->codes[c->at++];
    uint32_t set = category_set((Text){name, size});
    if (set == 0 || !take(c, '}')) return refuse(c, "only general categories such as \\p{Lu} are known");
    return add_item(c, (ClassItem){.categories = set, .negated = negated});
}

static bool add_ranges(Compiler *c, const int32_t *bounds, size_t count, bool negated) {
    int32_t from = 0;
    for (size_t i = 0; i < count; i += 2) {
        if (!negated && !add_range(c, bounds[i], bounds[i + 1])) return false;
        if (negated && bounds[i] > from && !add_range(c, from, bounds[i] - 1)) return false;
        from = bounds[i + 1] + 1;
    }
    return !negated || add_range(c, from, LAST_CODE);
}

/* \d \w \s and their opposites, of ECMAScript; false when it is none of them. */
static bool add_named_class(Compiler *c, int32_t name) {
    static const int32_t digits[] = {'0', '9'};
    static const int32_t words[] = {'0', '9', 'A', 'Z', '_', '_', 'a', 'z'};
    static const int32_t spaces[] = {9,      13,     32,     32,     0xa0,   0xa0,   0x1680, 0x1680, 0x2000, 0x200a,
                                     0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000, 0xfeff, 0xfeff};
    bool negated = name < 'a';
    switch (name | 32) {
    case 'd': return add_ranges(c, digits, sizeof digits / sizeof *digits, negated);
    case 'w': return add_ranges(c, words, sizeof words / sizeof *words, negated);
    default: return add_ranges(c, spaces, sizeof spaces / sizeof *spaces, negated);
    }
}

static bool is_named_class(const Compiler *c, int32_t name) {
    return c->language == ECMASCRIPT && name > 0 && name < 128 && strchr("dDwWsS", name) != NULL;
}

static bool take_hex(Compiler *c, int digits, int32_t *code) {
    for (*code = 0; digits > 0; digits--) {
        int32_t x = peek(c);
        int digit = x >= '0' && x <= '9' ? x - '0' : (x | 32) >= 'a' && (x | 32) <= 'f' ? (x | 32) - 'a' + 10 : -1;
        if (digit < 0) return refuse(c, "hexadecimal digits should follow \\x or \\u");
        *code = *code * 16 + digit;
        c->at++;
    }
    return true;
}

/* After a backslash: an escape that stands for one character. */
static bool take_escaped(Compiler *c, int32_t *code) {
    int32_t name = peek(c);
    const char *single = c->language == I_REGEXP ? "()*+-.?[\\]^{|}nrt$" : "()*+-.?[\\]^{|}nrt$/vf0";
    if (name < 0) return refuse(c, "it ends with a backslash");
    c->at++;
    if (c->language == ECMASCRIPT && (name == 'x' || name == 'u')) return take_hex(c, name == 'x' ? 2 : 4, code);
    bool known = name < 128 && strchr(single, name) != NULL && name != 0;
    if (!known && c->language == ECMASCRIPT && name < 128) {
        bool letter = (name >= '0' && name <= '9') || ((name | 32) >= 'a' && (name | 32) <= 'z');
        if (letter) return refuse(c, "this escape is not supported");
        known = true;
    }
    if (!known) return refuse(c, "this escape does not exist in I-Regexp");
    *code = name == 'n'   ? '\n'
            : name == 'r' ? '\r'
            : name == 't' ? '\t'
            : name == 'v' ? '\v'
            : name == 'f' ? '\f'
            : name == '0' ? 0
                          : name;
    return true;
}

/* One end of a range in a class. */
static bool take_class_letter(Compiler *c, int32_t *code) {
    int32_t next = peek(c);
    if (next < 0) return refuse(c, "a ] is missing");
    if (take(c, '\\')) return take_escaped(c, code);
    if (c->language == I_REGEXP && (next == '[' || next == '-'))
        return refuse(c, "this character has to be escaped in a class");
    *code = next;
    c->at++;
    return true;
}

static bool is_class_end(const Compiler *c) { return peek(c) == ']'; }

/* A category, a named class, a character or a range. */
static bool compile_class_part(Compiler *c) {
    int32_t next = peek(c), first, last;
    if (next == '\\') {
        int32_t name = c->codes[c->at + 1];
        if (name == 'p' || name == 'P') return c->at += 2, add_category(c, name == 'P');
        if (is_named_class(c, name)) return c->at += 2, add_named_class(c, name);
    }
    if (c->language == ECMASCRIPT && next == '\\' && c->codes[c->at + 1] == 'b') return c->at += 2, add_range(c, 8, 8);
    if (!take_class_letter(c, &first)) return false;
    if (peek(c) != '-' || c->codes[c->at + 1] == ']') return add_range(c, first, first);
    c->at++;
    if (!take_class_letter(c, &last)) return false;
    if (last < first) return refuse(c, "a range in a class goes backwards");
    return add_range(c, first, last);
}

/* After the opening bracket. */
static bool compile_class(Compiler *c) {
    size_t first = c->regex->item_count;
    bool negated = take(c, '^');
    if (c->language == I_REGEXP && is_class_end(c)) return refuse(c, "a class is empty");
    if (take(c, '-') && !add_range(c, '-', '-')) return false;
    while (!is_class_end(c)) {
        if (peek(c) == '-' && c->codes[c->at + 1] == ']') {
            c->at++;
            if (!add_range(c, '-', '-')) return false;
        } else if (!compile_class_part(c)) {
            return false;
        }
    }
    c->at++;
    return add_class_step(c, first, negated);
}

static bool compile_alternatives(Compiler *c);

/* After the opening parenthesis. */
static bool compile_group(Compiler *c) {
    if (c->depth == DEEPEST_GROUP) return refuse(c, "its groups are nested too deeply");
    if (c->language == ECMASCRIPT && take(c, '?') && !take(c, ':')) {
        return refuse(c, "lookaround and named groups are not supported");
    }
    c->depth++;
    if (!compile_alternatives(c)) return false;
    c->depth--;
    return take(c, ')') || refuse(c, "a ) is missing");
}

/* After a backslash outside of a class. */
static bool compile_escape(Compiler *c) {
    size_t first = c->regex->item_count;
    int32_t name = peek(c), code;
    if (name == 'p' || name == 'P') {
        c->at++;
        return add_category(c, name == 'P') && add_class_step(c, first, false);
    }
    if (is_named_class(c, name)) {
        c->at++;
        return add_named_class(c, name) && add_class_step(c, first, false);
    }
    if (c->language == ECMASCRIPT && (name == 'b' || name == 'B')) {
        c->at++;
        return add_step(c, (Step){.operation = name == 'b' ? AT_EDGE : NOT_AT_EDGE});
    }
    return take_escaped(c, &code) && add_range(c, code, code) && add_class_step(c, first, false);
}

static bool compile_atom(Compiler *c) {
    size_t first = c->regex->item_count;
    if (++c->atoms > MOST_ATOMS) return refuse(c, "it is too large");
    int32_t code = c->codes[c->at++];
    switch (code) {
    case '(': return compile_group(c);
    case '[': return compile_class(c);
    case '\\': return compile_escape(c);
    case '^': return add_step(c, (Step){.operation = AT_START});
    case '$': return add_step(c, (Step){.operation = AT_END});
    case '*':
    case '+':
    case '?': return refuse(c, "there is nothing to repeat");
    case '{':
    case '}':
    case ']': return refuse(c, "this bracket has to be escaped");
    case '.':
        add_range(c, '\n', '\n');
        add_range(c, '\r', '\r');
        if (c->language == ECMASCRIPT) add_range(c, 0x2028, 0x2029);
        return add_class_step(c, first, true);
    default: return add_range(c, code, code) && add_class_step(c, first, false);
    }
}

typedef struct {
    int32_t least;
    int32_t most; /* -1 without end */
} Times;

static bool take_count(Compiler *c, int32_t *count) {
    if (peek(c) < '0' || peek(c) > '9') return refuse(c, "a number should follow {");
    for (*count = 0; peek(c) >= '0' && peek(c) <= '9'; c->at++) {
        *count = *count * 10 + (peek(c) - '0');
        if (*count > LONGEST_CODE) return refuse(c, "it is too large");
    }
    return true;
}

static bool take_times(Compiler *c, Times *times) {
    *times = (Times){1, 1};
    if (take(c, '*')) {
        *times = (Times){0, -1};
    } else if (take(c, '+')) {
        *times = (Times){1, -1};
    } else if (take(c, '?')) {
        *times = (Times){0, 1};
    } else if (take(c, '{')) {
        if (!take_count(c, &times->least)) return false;
        times->most = times->least;
        if (take(c, ',')) {
            times->most = -1;
            if (peek(c) != '}' && !take_count(c, &times->most)) return false;
        }
        if (!take(c, '}')) return refuse(c, "a } is missing");
        if (times->most >= 0 && times->most < times->least) return refuse(c, "{ } counts backwards");
    } else {
        return true;
    }
    /* Which of several matches is taken does not matter here, so lazy ones are like others. */
    if (c->language == ECMASCRIPT) take(c, '?');
    return true;
}

/* A copy of the atom that begins at a place of the pattern. */
static bool copy_atom(Compiler *c, size_t place) {
    size_t behind = c->at;
    c->at = place;
    bool good = compile_atom(c);
    c->at = behind;
    return good;
}

static int32_t distance(size_t from, size_t to) { return (int32_t)to - (int32_t)from; }

/* One more time, or as often as it goes, or not. */
static bool compile_optional(Compiler *c, size_t place, bool endless) {
    size_t fork = c->regex->count;
    if (!add_step(c, (Step){.operation = FORK, .one = 1}) || !copy_atom(c, place)) return false;
    if (endless && !add_step(c, (Step){.operation = JUMP, .one = distance(c->regex->count, fork)})) return false;
    c->regex->steps[fork].other = distance(fork, c->regex->count);
    return true;
}

static bool compile_piece(Compiler *c) {
    size_t place = c->at, start = c->regex->count, items = c->regex->item_count;
    Times times;
    if (!compile_atom(c) || !take_times(c, &times)) return false;
    if (times.least == 0) {
        c->regex->count = start;
        c->regex->item_count = items;
    }
    for (int32_t i = 1; i < times.least; i++) {
        if (!copy_atom(c, place)) return false;
    }
    if (times.most < 0) return compile_optional(c, place, true);
    for (int32_t i = times.least; i < times.most; i++) {
        if (!compile_optional(c, place, false)) return false;
    }
    return true;
}

static bool compile_branch(Compiler *c) {
    while (peek(c) >= 0 && peek(c) != '|' && peek(c) != ')') {
        if (!compile_piece(c)) return false;
    }
    return true;
}

static bool compile_alternatives(Compiler *c) {
    size_t start = c->regex->count;
    if (!compile_branch(c)) return false;
    while (take(c, '|')) {
        size_t branch = c->regex->count - start;
        if (!insert_step(c, start, (Step){.operation = FORK, .one = 1, .other = (int32_t)branch + 2})) return false;
        size_t jump = c->regex->count;
        if (!add_step(c, (Step){.operation = JUMP}) || !compile_branch(c)) return false;
        c->regex->steps[jump].one = distance(jump, c->regex->count);
    }
    return true;
}

static const int32_t *codes_of(Text pattern) {
    int32_t *codes = take_many(pattern.size + 2, sizeof *codes);
    Letters letters = letters_of(pattern);
    size_t count = 0;
    do codes[count] = letters_next(&letters);
    while (codes[count++] >= 0);
    codes[count] = -1;
    return codes;
}

Regex *regex_compile(Text pattern, RegexLanguage language, const char **problem) {
    Compiler c = {.codes = codes_of(pattern), .language = language, .regex = take_many(1, sizeof(Regex))};
    bool good = compile_alternatives(&c);
    if (good && peek(&c) == ')') good = refuse(&c, "a ( is missing");
    if (good) good = add_step(&c, (Step){.operation = MATCHED});
    *problem = c.problem;
    if (!good) return NULL;
    Regex *regex = c.regex;
    regex->lists[0] = take_many(regex->count, sizeof(uint32_t));
    regex->lists[1] = take_many(regex->count, sizeof(uint32_t));
    regex->met = take_many(regex->count, sizeof(uint32_t));
    regex->waiting = take_many(2 * regex->count + 2, sizeof(uint32_t));
    return regex;
}
