/* prompt.test: renders templates and compares, saying how it goes as events. */
#include "args.h"
#include "builtin.h"
#include "cases.h"
#include "commands.h"
#include "expect.h"
#include "main.h"
#include "memory.h"
#include "names.h"
#include "write.h"

enum { SHOWN_BYTES = 160, NAME_BYTES = 80, NOT_RENDERED = EXPECTATIONS };

/* The template of --template, read once. */
static const Template *given;
static FirstError given_error;

static void write_progress(const Case *item, size_t done, size_t total) {
    out_text("{\"type\":\"progress\",\"done\":");
    out_number(done);
    out_text(",\"total\":");
    out_number(total);
    out_text(",\"message\":");
    write_string(text_cut(item->name, NAME_BYTES));
    out_text("}\n");
}

static void log_begin(const Case *item, const char *text) {
    out_text("{\"type\":\"log\",\"level\":\"error\",\"message\":\"");
    write_part(text_cut(item->name, NAME_BYTES));
    write_part(text_of(text));
}

static void log_finish(void) { out_text("\"}\n"); }

static void write_excerpt(Text text) {
    Text cut = text_cut(text, SHOWN_BYTES);
    write_part(text_of("\""));
    write_part(cut);
    write_part(text_of(cut.size < text.size ? "\xe2\x80\xa6\"" : "\""));
}

static void tell_failure(Case *item, size_t index, const Json *wanted, Text rendered) {
    item->failed |= 1u << index;
    log_begin(item, ": expected it ");
    write_part(text_of(expectations[index].said));
    write_part(text_of(" "));
    write_excerpt(wanted->string);
    write_part(text_of("; it is "));
    write_excerpt(rendered);
    log_finish();
}

static void check(Case *item, size_t index, const Json *wanted, Text rendered) {
    int64_t number = 0;
    json_integer(wanted, &number);
    if (!expectations[index].holds(rendered, wanted->string, number)) {
        tell_failure(item, index, wanted, rendered);
    }
}

static bool is_missing(const Rendering *rendering, Text name) {
    return names_find(rendering, name) != NULL;
}

/* Those expected must be missing, and no other. */
static bool missing_as_expected(const Rendering *rendering, const Json *wanted) {
    size_t count = 0;
    const void *counted = memory_need(command_library, 1);
    if (wanted == NULL) return rendering->missing_count == 0;
    for (const Json *item = wanted->kind == JSON_ARRAY ? wanted->first : wanted; item != NULL;
         item = wanted->kind == JSON_ARRAY ? item->next : NULL) {
        if (!is_missing(rendering, item->string)) return false;
        if (names_find(counted, item->string) != NULL) continue;
        names_put(counted, item->string, item);
        count++;
    }
    return count == rendering->missing_count;
}

static void check_missing(Case *item, const Rendering *rendering) {
    const Json *wanted = names_find(item->expect, text_of("missing"));
    if (missing_as_expected(rendering, wanted)) return;
    item->failed |= 1u << EXPECTS_MISSING;
    log_begin(item,
              wanted == NULL ? ": no value for " : ": expected other names to be missing than ");
    if (rendering->missing_count == 0) write_part(text_of("none"));
    for (size_t i = 0; i < rendering->missing_count && i < MISSING_LISTED; i++) {
        if (i > 0) write_part(text_of(", "));
        write_part(text_cut(rendering->missing[i], NAME_BYTES));
    }
    log_finish();
}

static const Template *template_of(const Case *item, FirstError *error) {
    if (item->text.size > 0) return template_read(item->text, first_error(error));
    *error = given_error;
    return given;
}

static void fail_case(Case *item, const char *problem, Text detail) {
    item->failed |= 1u << NOT_RENDERED;
    log_begin(item, ": ");
    write_part(text_of(problem));
    if (detail.size > 0) write_part(text_of(": "));
    write_part(text_cut(detail, NAME_BYTES));
    log_finish();
}

static void run_case(Case *item) {
    FirstError error;
    const Template *template = template_of(item, &error);
    if (error.any) {
        fail_case(item, rules[error.rule].message, error.detail);
        return;
    }
    Rendering *rendering = memory_need(command_library, sizeof *rendering);
    render(template, (Values){NULL, item->variables}, rendering);
    if (rendering->problem != NULL) {
        fail_case(item, rendering->problem, text_of(""));
        return;
    }
    Text text = buffer_text(&rendering->text);
    check_missing(item, rendering);
    for (const Json *wanted = item->expect->first; wanted != NULL; wanted = wanted->next) {
        size_t index = expectation_find(wanted->name);
        if (index == EXPECTS_MISSING) continue;
        const Json *one = wanted->kind == JSON_ARRAY ? wanted->first : wanted;
        for (; one != NULL; one = wanted->kind == JSON_ARRAY ? one->next : NULL) {
            check(item, index, one, text);
        }
    }
}

static void write_case(const Case *item) {
    bool any = false;
    out_text("{\"name\":");
    write_string(text_cut(item->name, NAME_BYTES));
    out_text(item->failed == 0 ? ",\"passed\":true,\"failed\":["
                               : ",\"passed\":false,\"failed\":[");
    for (size_t i = 0; i <= EXPECTATIONS; i++) {
        if ((item->failed >> i & 1) == 0) continue;
        if (any) out_byte(',');
        write_string(text_of(i == NOT_RENDERED ? "renders" : expectations[i].name));
        any = true;
    }
    out_text("]}");
}

static void write_result(const Cases *cases, size_t run, size_t failed) {
    out_text("{\"type\":\"result\",\"value\":{\"passed\":");
    out_number(run - failed);
    out_text(",\"failed\":");
    out_number(failed);
    out_text(",\"cases\":[");
    for (size_t i = 0; i < run; i++) {
        if (i > 0) out_byte(',');
        write_case(&cases->items[i]);
    }
    out_text("]}}\n");
}

static void read_all(Cases *cases) {
    const Json *files = arg_value("file");
    bool has_template = arg_value("template") != NULL;
    if (has_template) {
        given = template_read(text_read(arg_path("template"), TEMPLATE_MOST),
                              first_error(&given_error));
    }
    for (const Json *file = files == NULL ? NULL : files->first; file != NULL; file = file->next) {
        cases_read(cases, path_of(file), "only", has_template);
    }
    if (cases->count == 0) fail(command_library, "there are no cases to run", NULL);
}

int prompt_test(void) {
    Cases cases = {NULL, 0};
    size_t run = 0, failed = 0;
    bool fail_fast = arg_flag("fail-fast");
    read_all(&cases);
    while (run < cases.count && !(fail_fast && failed > 0)) {
        Case *item = &cases.items[run++];
        run_case(item);
        failed += item->failed != 0;
        write_progress(item, run, cases.count);
        out_flush();
    }
    write_result(&cases, run, failed);
    return failed > 0 ? STATUS_NO : STATUS_GOOD;
}
