/* text.template: fills in {{name}}. */
#include "args.h"
#include "commands.h"
#include "memory.h"
#include "values.h"

static const size_t LARGEST = 16u << 20;

typedef enum { MISSING_ERROR, MISSING_EMPTY, MISSING_KEEP } Missing;

/* A place between braces. */
typedef struct {
    Text whole;
    Text name;
    bool has_default;
    Text otherwise;
} Place;

typedef struct {
    const char *at;
    const char *end;
    bool unclosed; /* no "}}" is left */
} Template;

static Text read_template(void) {
    static Input input;
    char *bytes = memory_need("template", LARGEST);
    size_t size = 0;
    input_open(&input, "template");
    while (input_more(&input)) {
        if (input.end > LARGEST - size) fail("template", "the template is over 16 MiB", NULL);
        memcpy(bytes + size, input.data, input.end);
        size += input.end;
        input.start = input.end;
    }
    return (Text){bytes, size};
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static bool begins_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool continues_name(char c) {
    return begins_name(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

static const char *skip_space(const char *at, const char *end) {
    while (at < end && is_space(*at)) at++;
    return at;
}

static Text trimmed(const char *start, const char *end) {
    start = skip_space(start, end);
    while (end > start && is_space(end[-1])) end--;
    return (Text){start, (size_t)(end - start)};
}

/* Where the next "}}" is, or NULL. That there is none is remembered, not looked for again. */
static const char *find_close(Template *template, const char *from) {
    const char *end = template->end;
    while (!template->unclosed && (from = memchr(from, '}', (size_t)(end - from))) != NULL) {
        if (end - from >= 2 && from[1] == '}') return from;
        from++;
    }
    template->unclosed = true;
    return NULL;
}

/* Reads the place at "{{"; false if these braces are only text. */
static bool read_place(Template *template, Place *place) {
    const char *end = template->end;
    const char *start = skip_space(template->at + 2, end);
    const char *at = start;
    if (at == end || !begins_name(*at)) return false;
    while (at < end && continues_name(*at)) at++;
    place->name = (Text){start, (size_t)(at - start)};
    at = skip_space(at, end);
    place->otherwise = text_of("");
    place->has_default = at < end && *at == '|';
    const char *close = at;
    if (place->has_default) {
        close = find_close(template, at + 1);
        if (close == NULL) return false;
        place->otherwise = trimmed(at + 1, close);
    } else if (end - at < 2 || at[0] != '}' || at[1] != '}') {
        return false;
    }
    place->whole = (Text){template->at, (size_t)(close + 2 - template->at)};
    return true;
}

/* Goes to the next place; what lies before it is written, unless it is only a look. */
static bool next_place(Template *template, Place *place, bool write) {
    const char *from = template->at; /* the text up to here is written */
    bool found = false;
    while (!found && template->at < template->end) {
        const char *brace = memchr(template->at, '{', (size_t)(template->end - template->at));
        template->at = brace == NULL ? template->end : brace;
        if (template->end - template->at < 2) {
            template->at = template->end;
        } else if (template->at[1] != '{') {
            template->at++;
        } else if (template->at > from && template->at[-1] == '\\') {
            if (write) out_bytes(from, (size_t)(template->at - 1 - from));
            from = template->at;
            template->at += 2;
        } else if (read_place(template, place)) {
            found = true;
        } else {
            template->at++;
        }
    }
    if (write) out_bytes(from, (size_t)(template->at - from));
    if (found) template->at += place->whole.size;
    return found;
}

/* Names all that is missing before anything is written. */
static void refuse_missing(Text text) {
    Template template = {text.bytes, text.bytes + text.size, false};
    Place place;
    Text value;
    bool any = false;
    while (next_place(&template, &place, false)) {
        if (place.has_default || values_find(place.name, &value)) continue;
        if (!values_is_news(place.name)) continue;
        log_text(any ? ", " : "template: no value for ");
        log_bytes(place.name.bytes, place.name.size);
        any = true;
    }
    if (!any) return;
    log_end();
    finish(STATUS_BAD_INPUT);
}

static void fill(Text text, Missing missing) {
    Template template = {text.bytes, text.bytes + text.size, false};
    Place place;
    while (next_place(&template, &place, true)) {
        Text value = place.otherwise;
        if (!values_find(place.name, &value) && !place.has_default) {
            value = missing == MISSING_KEEP ? place.whole : text_of("");
        }
        out_bytes(value.bytes, value.size);
    }
}

int text_template(void) {
    static const char *const choices[] = {"error", "empty", "keep", NULL};
    Missing missing = (Missing)arg_choice("missing", choices, "error");
    values_load();
    Text text = read_template();
    if (missing == MISSING_ERROR) refuse_missing(text);
    fill(text, missing);
    return STATUS_GOOD;
}
