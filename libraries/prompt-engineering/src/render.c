#include "render.h"

#include <string.h>

#include "names.h"
#include "text.h"

static const size_t RENDERED_MOST = 16u << 20;

enum { STEPS_MOST = 50000000 };

typedef struct {
    const Template *template;
    Values values;
    Rendering *out;
    size_t steps;
} Renderer;

/* Walks from object to object along the dots. */
static const Json *walk(const Json *at, Text path) {
    while (at != NULL && path.size > 0) {
        Text part = text_first_part(path);
        at = at->kind == JSON_OBJECT ? names_find(at, part) : NULL;
        size_t taken = part.size < path.size ? part.size + 1 : part.size;
        path = (Text){path.bytes + taken, path.size - taken};
    }
    return at;
}

/* A null is no value. False when there is none. */
static bool find(const Renderer *renderer, Text name, const Json *self, Text *text,
                 const Json **value) {
    const Json *found = NULL;
    Text first = text_first_part(name);
    if (text_equal(first, text_of("this"))) {
        size_t taken = first.size < name.size ? first.size + 1 : first.size;
        found = walk(self, (Text){name.bytes + taken, name.size - taken});
    } else {
        if (renderer->values.given != NULL) found = names_find(renderer->values.given, name);
        if (found == NULL) found = walk(renderer->values.object, name);
    }
    *value = found;
    if (found != NULL && found->kind != JSON_NULL) {
        *text = found->string;
        return true;
    }
    const Variable *variable = template_variable(renderer->template, name);
    if (variable == NULL || !variable->has_default) return false;
    *value = NULL;
    *text = variable->otherwise;
    return true;
}

static bool holds(const Renderer *renderer, Text name, const Json *self) {
    Text text;
    const Json *value;
    if (!find(renderer, name, self, &text, &value)) return false;
    if (value == NULL || value->kind == JSON_STRING) return text.size > 0;
    if (value->kind == JSON_ARRAY || value->kind == JSON_OBJECT) return value->first != NULL;
    return value->kind != JSON_FALSE;
}

static void put(Renderer *renderer, Text text) {
    if (text.size == 0 || buffer_put(&renderer->out->text, text.bytes, text.size, RENDERED_MOST)) {
        return;
    }
    renderer->out->problem = "the text becomes larger than 16 MiB";
}

static void note_missing(Renderer *renderer, Text name) {
    Rendering *out = renderer->out;
    if (names_find(out, name) != NULL) return;
    names_put(out, name, out);
    if (out->missing_count < MISSING_LISTED) out->missing[out->missing_count] = name;
    out->missing_count++;
}

static void put_value(Renderer *renderer, const Node *node, const Json *self) {
    Text text;
    const Json *value;
    if (find(renderer, node->text, self, &text, &value)) {
        put(renderer, text);
    } else if (node->has_default) {
        put(renderer, node->otherwise);
    } else {
        note_missing(renderer, node->text);
    }
}

static void run(Renderer *renderer, size_t at, size_t end, const Json *self);

static void run_if(Renderer *renderer, size_t at, const Json *self) {
    const Node *node = &renderer->template->nodes[at];
    if (holds(renderer, node->text, self)) {
        run(renderer, at + 1, node->middle, self);
    } else if (node->middle < node->end) {
        run(renderer, node->middle + 1, node->end, self);
    }
}

static void run_each(Renderer *renderer, size_t at, const Json *self) {
    const Node *node = &renderer->template->nodes[at];
    Text text;
    const Json *list;
    if (!find(renderer, node->text, self, &text, &list)) {
        note_missing(renderer, node->text);
        return;
    }
    if (list == NULL ? text.size > 0 : list->kind != JSON_ARRAY) {
        renderer->out->problem = "each wants a list, given as JSON";
        return;
    }
    if (list == NULL) return;
    for (const Json *item = list->first; item != NULL && renderer->out->problem == NULL;
         item = item->next) {
        if (++renderer->steps > STEPS_MOST) {
            renderer->out->problem = "the lists are too long for these blocks";
        }
        run(renderer, at + 1, node->end, item);
    }
}

/* Recursion is as deep as blocks may be nested. */
static void run(Renderer *renderer, size_t at, size_t end, const Json *self) {
    while (at < end && renderer->out->problem == NULL) {
        const Node *node = &renderer->template->nodes[at];
        if (++renderer->steps > STEPS_MOST) {
            renderer->out->problem = "the lists are too long for these blocks";
        }
        switch (node->kind) {
        case NODE_TEXT: put(renderer, node->text); break;
        case NODE_VALUE: put_value(renderer, node, self); break;
        case NODE_IF: run_if(renderer, at, self); break;
        case NODE_EACH: run_each(renderer, at, self); break;
        default: break;
        }
        at = node->kind == NODE_IF || node->kind == NODE_EACH ? node->end + 1 : at + 1;
    }
}

/* The rendering is also the owner of the names that it misses, so each needs a place of its own. */
void render(const Template *template, Values values, Rendering *rendering) {
    *rendering = (Rendering){0};
    Renderer renderer = {template, values, rendering, 0};
    run(&renderer, 0, template->count, NULL);
}

bool template_uses(const Template *template, Text name) {
    for (size_t i = 0; i < template->count; i++) {
        const Node *node = &template->nodes[i];
        if (node->kind != NODE_TEXT && text_equal(text_first_part(node->text), name)) return true;
    }
    return false;
}
