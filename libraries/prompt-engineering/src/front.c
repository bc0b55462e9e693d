/*
 * Front matter:
 *   ---
 *   name: review
 *   description: Review a change
 *   variables:
 *     - input: The change as a diff
 *     - focus: What to look at first = correctness
 *   ---
 */
#include <string.h>

#include "buffer.h"
#include "names.h"
#include "template.h"
#include "text.h"

typedef struct {
    Template *template;
    Reporter *reporter;
    size_t at;
    bool in_variables;
} Front;

/* Takes the next line, without its end; false at the end of the source. */
static bool next_line(Front *front, Text *line) {
    Text source = front->template->source;
    if (front->at >= source.size) return false;
    const char *start = source.bytes + front->at;
    const char *end = memchr(start, '\n', source.size - front->at);
    size_t size = end == NULL ? source.size - front->at : (size_t)(end - start);
    front->at += end == NULL ? size : size + 1;
    *line = (Text){start, size > 0 && start[size - 1] == '\r' ? size - 1 : size};
    return true;
}

static void tell(Front *front, Rule rule, Text at) {
    size_t offset = (size_t)(at.bytes - front->template->source.bytes);
    front->reporter->tell(front->reporter, rule, offset, text_cut(at, 80));
}

/* Cuts "key: value"; false without a colon. */
static bool cut_pair(Text line, Text *key, Text *value) {
    const char *colon = memchr(line.bytes, ':', line.size);
    if (colon == NULL) return false;
    *key = text_trimmed((Text){line.bytes, (size_t)(colon - line.bytes)});
    *value = text_trimmed((Text){colon + 1, line.size - (size_t)(colon + 1 - line.bytes)});
    return true;
}

/* What follows the last " =" is the default. */
static void cut_default(Variable *variable) {
    Text text = variable->description;
    for (size_t i = text.size; i-- > 1;) {
        if (text.bytes[i] != '=' || !is_space(text.bytes[i - 1])) continue;
        if (i + 1 < text.size && !is_space(text.bytes[i + 1])) continue;
        variable->has_default = true;
        variable->otherwise = text_trimmed((Text){text.bytes + i + 1, text.size - i - 1});
        variable->description = text_trimmed((Text){text.bytes, i});
        return;
    }
}

static void read_variable(Front *front, Text line) {
    Template *template = front->template;
    Variable variable = {0};
    Text item = {line.bytes + 1, line.size - 1};
    if (!cut_pair(item, &variable.name, &variable.description) || !text_is_name(variable.name) ||
        memchr(variable.name.bytes, '.', variable.name.size) != NULL) {
        tell(front, RULE_FRONT_MATTER, line);
        return;
    }
    if (template_variable(template, variable.name) != NULL) {
        tell(front, RULE_DUPLICATE_VARIABLE, variable.name);
        return;
    }
    cut_default(&variable);
    *(Variable *)array_more((void **)&template->variables, template->variable_count,
                            sizeof variable) = variable;
    template->variable_count++;
    names_put(template, variable.name, (void *)(uintptr_t)template->variable_count);
}

static void read_line(Front *front, Text line) {
    Text key, value;
    Text whole = text_trimmed(line);
    if (whole.size == 0) return;
    if (front->in_variables && *whole.bytes == '-') {
        read_variable(front, whole);
        return;
    }
    front->in_variables = false;
    if (!cut_pair(whole, &key, &value)) {
        tell(front, RULE_FRONT_MATTER, whole);
    } else if (text_equal(key, text_of("name"))) {
        front->template->name = value;
    } else if (text_equal(key, text_of("description"))) {
        front->template->description = value;
    } else if (text_equal(key, text_of("variables")) && value.size == 0) {
        front->in_variables = true;
    } else {
        tell(front, RULE_FRONT_MATTER, whole);
    }
}

void front_read(Template *template, Reporter *reporter) {
    Front front = {template, reporter, 0, false};
    Text line;
    if (!next_line(&front, &line) || !text_equal(line, text_of("---"))) return;
    template->has_front = true;
    while (next_line(&front, &line)) {
        if (text_equal(line, text_of("---"))) {
            template->body = front.at;
            return;
        }
        read_line(&front, line);
    }
    tell(&front, RULE_FRONT_MATTER, (Text){template->source.bytes, 3});
    template->body = template->source.size;
}

/* The table holds numbers from 1, because the array may still move. */
Variable *template_variable(const Template *template, Text name) {
    uintptr_t number = (uintptr_t)names_find(template, name);
    return number == 0 ? NULL : &template->variables[number - 1];
}
