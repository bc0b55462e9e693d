/* prompt.generate: fills in a template. */
#include "args.h"
#include "builtin.h"
#include "commands.h"
#include "main.h"
#include "memory.h"
#include "names.h"
#include "render.h"

static const size_t INPUT_MOST = 8u << 20;

/* The owner of the values given by name. */
static const char given;

static void give(Text name, Text value) {
    Json *json = memory_need(command_library, sizeof *json);
    *json = (Json){.kind = JSON_STRING, .string = value};
    names_put(&given, name, json);
}

static void give_assignment(const Json *item) {
    Text text = item->string;
    const char *equals = item->kind == JSON_STRING ? memchr(text.bytes, '=', text.size) : NULL;
    size_t name_size = equals == NULL ? 0 : (size_t)(equals - text.bytes);
    if (!text_is_name((Text){text.bytes, name_size})) {
        log_text("prompt-engineering: this --set has no NAME=VALUE: ");
        text = text_cut(text, 200);
        log_bytes(text.bytes, text.size);
        log_end();
        finish(STATUS_BAD_INPUT);
    }
    give((Text){text.bytes, name_size}, (Text){equals + 1, text.size - name_size - 1});
}

/* The standard input is read only if the template wants it; an empty one is no value. */
static void give_input(const Template *template, const Json *object) {
    Text name = text_of("input");
    const Json *file = arg_value("file");
    if (names_find(&given, name) != NULL || (object != NULL && names_find(object, name) != NULL)) {
        return;
    }
    if (file != NULL && text_equal(file->string, text_of("-"))) return;
    if (!template_uses(template, name)) return;
    Text input = text_read("-", INPUT_MOST);
    size_t fault = text_fault(input);
    if (fault != SIZE_MAX) fail_at(command_library, "the input is not UTF-8", fault);
    if (input.size > 0 && input.bytes[input.size - 1] == '\n') input.size--;
    if (input.size > 0) give(name, input);
}

static const Json *read_values(void) {
    const Json *object = arg_value("values");
    const Json *set = arg_value("set");
    if (object != NULL && object->kind != JSON_OBJECT) {
        fail(command_library, "the values are not a JSON object", NULL);
    }
    if (object != NULL) names_put_members(object);
    if (arg_value("topic") != NULL) give(text_of("topic"), arg_text("topic", ""));
    for (const Json *item = set == NULL ? NULL : set->first; item != NULL; item = item->next) {
        give_assignment(item);
    }
    return object;
}

_Noreturn static void refuse_missing(const Rendering *rendering) {
    log_text("prompt-engineering: no value for ");
    for (size_t i = 0; i < rendering->missing_count && i < MISSING_LISTED; i++) {
        if (i > 0) log_text(", ");
        log_bytes(rendering->missing[i].bytes, text_cut(rendering->missing[i], 200).size);
    }
    if (rendering->missing_count > MISSING_LISTED) {
        log_text(" and ");
        log_number(rendering->missing_count - MISSING_LISTED);
        log_text(" more");
    }
    log_text("; --set NAME=VALUE gives one");
    log_end();
    finish(STATUS_BAD_INPUT);
}

int prompt_generate(void) {
    static Rendering rendering;
    const Json *object = read_values();
    const Template *template = template_chosen();
    give_input(template, object);
    render(template, (Values){&given, object}, &rendering);
    if (rendering.problem != NULL) fail(command_library, rendering.problem, NULL);
    if (rendering.missing_count > 0) refuse_missing(&rendering);
    Text text = buffer_text(&rendering.text);
    out_bytes(text.bytes, text.size);
    return STATUS_GOOD;
}
