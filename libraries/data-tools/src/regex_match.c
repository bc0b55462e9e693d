#include "category.h"
#include "regex_code.h"

typedef struct {
    const Regex *regex;
    uint32_t *list;
    size_t count;
    uint32_t turn;
    int32_t before; /* the characters around the place, or -1 */
    int32_t after;
    bool matched;
} Front;

static bool is_word(int32_t c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool holds(const Front *front, Operation operation) {
    switch (operation) {
    case AT_START: return front->before < 0;
    case AT_END: return front->after < 0;
    case AT_EDGE: return is_word(front->before) != is_word(front->after);
    default: return is_word(front->before) == is_word(front->after);
    }
}

/* Adds a step and all that it leads to without taking a character. */
static void reach(Front *front, uint32_t step) {
    const Regex *regex = front->regex;
    size_t waiting = 0;
    regex->waiting[waiting++] = step;
    while (waiting > 0) {
        uint32_t at = regex->waiting[--waiting];
        const Step *s = &regex->steps[at];
        if (regex->met[at] == front->turn) continue;
        regex->met[at] = front->turn;
        if (s->operation == TAKE_ITEMS) {
            front->list[front->count++] = at;
        } else if (s->operation == MATCHED) {
            front->matched = true;
        } else if (s->operation == FORK || s->operation == JUMP) {
            if (s->operation == FORK) regex->waiting[waiting++] = at + (uint32_t)s->other;
            regex->waiting[waiting++] = at + (uint32_t)s->one;
        } else if (holds(front, s->operation)) {
            regex->waiting[waiting++] = at + 1;
        }
    }
}

static bool takes(const Regex *regex, const Step *step, int32_t c) {
    for (int32_t i = step->one; i < step->other; i++) {
        const ClassItem *item = &regex->items[i];
        bool inside = item->categories != 0 ? category_has(item->categories, c) : c >= item->first && c <= item->last;
        if (inside != item->negated) return !step->negated;
    }
    return step->negated;
}

bool regex_matches(const Regex *regex, Text string, bool search) {
    Letters letters = letters_of(string);
    Front front = {.regex = regex, .list = regex->lists[0], .turn = 1, .before = -1};
    memset(regex->met, 0, regex->count * sizeof *regex->met);
    front.after = letters_next(&letters);
    reach(&front, 0);
    while (front.after >= 0) {
        if (search && front.matched) return true;
        if (front.count == 0 && !search) return false;
        uint32_t *from = front.list;
        size_t count = front.count;
        int32_t c = front.after;
        front.list = from == regex->lists[0] ? regex->lists[1] : regex->lists[0];
        front.count = 0;
        front.matched = false;
        front.turn++;
        front.before = c;
        front.after = letters_next(&letters);
        for (size_t i = 0; i < count; i++) {
            if (takes(regex, &regex->steps[from[i]], c)) reach(&front, from[i] + 1);
        }
        if (search) reach(&front, 0);
    }
    return front.matched;
}
