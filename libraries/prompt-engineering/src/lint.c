/* prompt.lint: what is wrong with templates, one JSON object on each line. */
#include <stdlib.h>

#include "args.h"
#include "buffer.h"
#include "commands.h"
#include "main.h"
#include "memory.h"
#include "names.h"
#include "template.h"
#include "text.h"
#include "write.h"

enum { PROBLEMS_MOST = 1000 };

typedef struct {
    size_t offset;
    size_t order; /* problems at one offset stay as they were found */
    Rule rule;
    Text detail;
} Problem;

typedef struct {
    Reporter reporter;
    Problem *problems;
    size_t count;
} Findings;

static void note(Reporter *reporter, Rule rule, size_t offset, Text detail) {
    Findings *findings = (Findings *)reporter;
    if (findings->count > PROBLEMS_MOST) return;
    if (findings->count == PROBLEMS_MOST) {
        rule = RULE_TOO_MANY;
        detail = text_of("");
    }
    Problem *problem = array_more((void **)&findings->problems, findings->count, sizeof *problem);
    *problem = (Problem){offset, findings->count, rule, detail};
    findings->count++;
}

static int compare(const void *left, const void *right) {
    const Problem *a = left, *b = right;
    if (a->offset != b->offset) return a->offset < b->offset ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

static size_t offset_in(const Template *template, Text part) {
    return (size_t)(part.bytes - template->source.bytes);
}

static void check_variables(Template *template, Findings *findings) {
    const void *told = memory_need(command_library, 1);
    for (size_t i = 0; i < template->count; i++) {
        const Node *node = &template->nodes[i];
        if (node->kind != NODE_VALUE && node->kind != NODE_IF && node->kind != NODE_EACH) continue;
        if (!text_is_name(node->text)) continue;
        Text name = text_first_part(node->text);
        Variable *variable = template_variable(template, name);
        if (variable != NULL) variable->used = true;
        if (variable != NULL || text_equal(name, text_of("this")) ||
            text_equal(name, text_of("input"))) {
            continue;
        }
        if (names_find(told, name) != NULL) continue;
        names_put(told, name, told);
        note(&findings->reporter, RULE_UNDECLARED_VARIABLE, offset_in(template, name),
             text_cut(name, 80));
    }
    for (size_t i = 0; i < template->variable_count; i++) {
        Text name = template->variables[i].name;
        if (template->variables[i].used) continue;
        note(&findings->reporter, RULE_UNUSED_VARIABLE, offset_in(template, name),
             text_cut(name, 80));
    }
}

/* One line, without its end. */
static void check_line(Findings *findings, const char *line, size_t size, size_t offset,
                       size_t longest) {
    size_t end = size, characters = 0;
    if (end > 0 && line[end - 1] == '\r') size = --end;
    while (end > 0 && is_blank(line[end - 1])) end--;
    if (end < size) note(&findings->reporter, RULE_TRAILING_SPACE, offset + end, text_of(""));
    for (size_t i = 0; i < size; i++) {
        if ((line[i] & 0xc0) == 0x80 || characters++ < longest) continue;
        note(&findings->reporter, RULE_LONG_LINE, offset + i, text_of(""));
        return;
    }
}

static void check_lines(Text source, Findings *findings, size_t longest) {
    for (size_t at = 0; at < source.size;) {
        const char *line = source.bytes + at;
        const char *end = memchr(line, '\n', source.size - at);
        size_t size = end == NULL ? source.size - at : (size_t)(end - line);
        check_line(findings, line, size, at, longest);
        at += size + 1;
    }
}

static void write_problem(Text file, const Problem *problem, Place place) {
    const RuleText *rule = &rules[problem->rule];
    out_text("{\"file\":");
    write_string(file);
    out_text(",\"line\":");
    out_number(place.line);
    out_text(",\"column\":");
    out_number(place.column);
    out_text(",\"rule\":");
    write_string(text_of(rule->name));
    out_text(rule->is_error ? ",\"severity\":\"error\",\"message\":\""
                            : ",\"severity\":\"warning\",\"message\":\"");
    write_part(text_of(rule->message));
    if (problem->detail.size > 0) out_text(": ");
    write_part(problem->detail);
    out_text("\"}\n");
}

/* Returns whether there was an error. Places are counted on from one problem to the next. */
static bool write_findings(Text file, Text source, const Findings *findings, bool strict) {
    bool bad = false;
    Place place = {1, 1};
    size_t at = 0;
    for (size_t i = 0; i < findings->count; i++) {
        const Problem *problem = &findings->problems[i];
        Place step = place_of((Text){source.bytes + at, source.size - at}, problem->offset - at);
        place.column = step.line > 1 ? step.column : place.column + step.column - 1;
        place.line += step.line - 1;
        at = problem->offset;
        write_problem(file, problem, place);
        bad = bad || strict || rules[problem->rule].is_error;
    }
    return bad;
}

static bool lint(const char *path, size_t longest, bool strict) {
    Findings findings = {.reporter = {note}};
    Text source = text_read(path, TEMPLATE_MOST);
    Template *template = template_read(source, &findings.reporter);
    if (template->has_front) {
        check_variables(template, &findings);
    } else if (source.size > 0) {
        note(&findings.reporter, RULE_NO_FRONT_MATTER, 0, text_of(""));
    }
    if (text_fault(source) == SIZE_MAX) check_lines(source, &findings, longest);
    if (findings.count > 1) {
        qsort(findings.problems, findings.count, sizeof *findings.problems, compare);
    }
    return write_findings(text_of(path_name(path)), source, &findings, strict);
}

int prompt_lint(void) {
    const Json *files = arg_value("file");
    size_t longest = (size_t)arg_integer("max-length", 160, 1, 100000);
    bool strict = arg_flag("strict");
    bool bad = false;
    if (files == NULL || files->first == NULL) {
        return lint("-", longest, strict) ? STATUS_NO : STATUS_GOOD;
    }
    for (const Json *file = files->first; file != NULL; file = file->next) {
        if (lint(path_of(file), longest, strict)) bad = true;
    }
    return bad ? STATUS_NO : STATUS_GOOD;
}
