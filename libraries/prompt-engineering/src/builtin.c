#include "builtin.h"

#include "args.h"
#include "main.h"

/* #embed is of C23, and the compiler has it for this dialect as well. */
#pragma clang diagnostic ignored "-Wc23-extensions"

static const char brainstorm[] = {
#embed "../templates/brainstorm.md"
};
static const char commit_message[] = {
#embed "../templates/commit-message.md"
};
static const char explain[] = {
#embed "../templates/explain.md"
};
static const char extract_json[] = {
#embed "../templates/extract-json.md"
};
static const char incident_report[] = {
#embed "../templates/incident-report.md"
};
static const char persona[] = {
#embed "../templates/persona.md"
};
static const char refactor[] = {
#embed "../templates/refactor.md"
};
static const char release_notes[] = {
#embed "../templates/release-notes.md"
};
static const char review[] = {
#embed "../templates/review.md"
};
static const char summarize[] = {
#embed "../templates/summarize.md"
};
static const char test_plan[] = {
#embed "../templates/test-plan.md"
};
static const char translate[] = {
#embed "../templates/translate.md"
};

const Builtin builtins[] = {
    {"brainstorm", brainstorm, sizeof brainstorm},
    {"commit-message", commit_message, sizeof commit_message},
    {"explain", explain, sizeof explain},
    {"extract-json", extract_json, sizeof extract_json},
    {"incident-report", incident_report, sizeof incident_report},
    {"persona", persona, sizeof persona},
    {"refactor", refactor, sizeof refactor},
    {"release-notes", release_notes, sizeof release_notes},
    {"review", review, sizeof review},
    {"summarize", summarize, sizeof summarize},
    {"test-plan", test_plan, sizeof test_plan},
    {"translate", translate, sizeof translate},
};

const size_t builtin_count = sizeof builtins / sizeof builtins[0];

Text builtin_source(Text name) {
    for (size_t i = 0; i < builtin_count; i++) {
        if (text_equal(name, text_of(builtins[i].name))) {
            return (Text){builtins[i].bytes, builtins[i].size};
        }
    }
    return text_of("");
}

_Noreturn static void refuse(const FirstError *error, Text source) {
    Place place = place_of(source, error->offset);
    log_text(command_library);
    log_text(": the template's line ");
    log_number(place.line);
    log_text(", column ");
    log_number(place.column);
    log_text(": ");
    log_text(rules[error->rule].message);
    if (error->detail.size > 0) log_text(": ");
    log_bytes(error->detail.bytes, error->detail.size);
    log_end();
    finish(STATUS_BAD_INPUT);
}

Template *template_need(Text source) {
    FirstError error;
    Template *template = template_read(source, first_error(&error));
    if (error.any) refuse(&error, source);
    return template;
}

Template *template_chosen(void) {
    if (arg_value("file") != NULL) return template_need(text_read(arg_path("file"), TEMPLATE_MOST));
    Text source = builtin_source(arg_text("template", "explain"));
    if (source.size == 0) fail(command_library, "there is no such template", NULL);
    return template_need(source);
}
