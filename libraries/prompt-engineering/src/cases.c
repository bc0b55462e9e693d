#include "cases.h"

#include "args.h"
#include "buffer.h"
#include "builtin.h"
#include "expect.h"
#include "glob.h"
#include "main.h"
#include "names.h"

static const size_t FILE_MOST = 4u << 20;

enum { CASES_MOST = 1000 };

_Noreturn static void refuse(const char *path, Text name, const char *problem, Text detail) {
    log_text("prompt-engineering: ");
    log_text(path_name(path));
    name = text_cut(name, 80);
    detail = text_cut(detail, 80);
    if (name.size > 0) log_text(", case ");
    log_bytes(name.bytes, name.size);
    log_text(": ");
    log_text(problem);
    log_bytes(detail.bytes, detail.size);
    log_end();
    finish(STATUS_BAD_INPUT);
}

static void check_members(const char *path, const Json *json, Text name) {
    static const char *const known[] = {"name", "template", "text", "variables", "expect"};
    for (const Json *member = json->first; member != NULL; member = member->next) {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            found = found || text_equal(member->name, text_of(known[i]));
        }
        if (!found) refuse(path, name, "a case has no member ", member->name);
    }
}

static void check_expect(const char *path, const Json *expect, Text name) {
    if (expect == NULL || expect->kind != JSON_OBJECT || expect->first == NULL) {
        refuse(path, name, "expect must be an object that expects something", text_of(""));
    }
    for (const Json *member = expect->first; member != NULL; member = member->next) {
        size_t index = expectation_find(member->name);
        if (index == EXPECTATIONS) refuse(path, name, "there is no expectation ", member->name);
        if (!expectation_fits(&expectations[index], member)) {
            refuse(path, name, "this cannot be what is expected by ", member->name);
        }
    }
}

static const Json *member_of(const Json *json, const char *name) {
    return names_find(json, text_of(name));
}

/* The source of a case's template. */
static Text source_of(const char *path, const Json *json, Text name, bool has_template) {
    const Json *text = member_of(json, "text");
    const Json *template = member_of(json, "template");
    if (text != NULL && template != NULL) {
        refuse(path, name, "a case has either template or text", text_of(""));
    }
    if (text != NULL) {
        if (text->kind != JSON_STRING || text->string.size == 0) {
            refuse(path, name, "text must be a template's text", text_of(""));
        }
        return text->string;
    }
    if (template == NULL) {
        if (!has_template) {
            refuse(path, name, "it needs template, text or the option --template", text_of(""));
        }
        return text_of("");
    }
    Text source = template->kind == JSON_STRING ? builtin_source(template->string) : text_of("");
    if (source.size == 0) refuse(path, name, "there is no template ", template->string);
    return source;
}

static void add(Cases *cases, const char *path, const Json *json, Text pattern, bool has_template) {
    const Json *name = json->kind == JSON_OBJECT ? member_of(json, "name") : NULL;
    if (name == NULL || name->kind != JSON_STRING) {
        refuse(path, text_of(""), "each case needs a name", text_of(""));
    }
    const Json *variables = member_of(json, "variables");
    check_members(path, json, name->string);
    check_expect(path, member_of(json, "expect"), name->string);
    if (variables != NULL && variables->kind != JSON_OBJECT) {
        refuse(path, name->string, "variables must be an object", text_of(""));
    }
    Text source = source_of(path, json, name->string, has_template);
    if (!glob_matches(pattern, name->string)) return;
    if (cases->count == CASES_MOST) {
        refuse(path, text_of(""), "there are more than 1000 cases", text_of(""));
    }
    Case *item = array_more((void **)&cases->items, cases->count, sizeof *item);
    *item = (Case){name->string, source, variables, member_of(json, "expect"), 0};
    cases->count++;
}

void cases_read(Cases *cases, const char *path, const char *pattern_name, bool has_template) {
    Text file = text_read(path, FILE_MOST);
    size_t fault = text_fault(file);
    const Json *json = fault == SIZE_MAX ? json_read(file.bytes, file.size) : NULL;
    if (json == NULL) refuse(path, text_of(""), "this is not JSON", text_of(""));
    names_put_members(json);
    const Json *list = json->kind == JSON_OBJECT ? member_of(json, "cases") : NULL;
    if (list == NULL || list->kind != JSON_ARRAY) {
        refuse(path, text_of(""), "it has no list of cases", text_of(""));
    }
    Text pattern = arg_text(pattern_name, "*");
    for (const Json *item = list->first; item != NULL; item = item->next) {
        add(cases, path, item, pattern, has_template);
    }
}
