/* json.validate: is it JSON, and does it fit a schema? */
#include "args.h"
#include "commands.h"
#include "places.h"
#include "schema.h"
#include "strings.h"

static struct {
    Schema schema;
    Doc doc;
    Places places;
    uint64_t problems;
    uint64_t most;
    Scanner scanner;
    uint64_t *marks; /* lines and columns at every MARK_STEP bytes */
} run;

enum { MARK_STEP = 4096 };

static void out_problem(Text path, uint64_t line, uint64_t column, Text message, const char *keyword) {
    static Buffer text;
    text.size = 0;
    buffer_text(&text, "{\"path\":\"");
    buffer_add(&text, path.bytes, path.size);
    buffer_text(&text, "\",\"line\":");
    buffer_number(&text, line);
    buffer_text(&text, ",\"column\":");
    buffer_number(&text, column);
    buffer_text(&text, ",\"message\":");
    string_quote(message, &text);
    buffer_text(&text, ",\"keyword\":\"");
    buffer_text(&text, keyword);
    buffer_text(&text, "\"}\n");
    out_bytes(text.bytes, text.size);
    if (++run.problems >= run.most) finish(STATUS_NO);
}

/* What is no JSON is a problem like others, and the last one. */
static void tell_syntax(const Scanner *scanner, const char *problem, uint64_t offset) {
    uint64_t line, column;
    (void)offset;
    scan_position(scanner, &line, &column);
    out_problem(text_of(""), line, column, text_of(problem), "syntax");
    finish(STATUS_NO);
}

static void make_marks(void) {
    Scanner *scanner = &run.scanner;
    size_t count = scanner->end / MARK_STEP + 1;
    run.marks = take_many(count * 2, sizeof *run.marks);
    uint64_t line = 0, column = 0;
    for (size_t i = 0; i < scanner->end; i++) {
        if (i % MARK_STEP == 0) run.marks[i / MARK_STEP * 2] = line, run.marks[i / MARK_STEP * 2 + 1] = column;
        uint8_t c = scanner->data[i];
        column += (c & 0xc0) != 0x80;
        if (c == '\n') line++, column = 0;
    }
}

static void tell_problem(uint32_t node, Key key, Text message) {
    static Buffer path;
    uint64_t line, column;
    if (run.marks == NULL) make_marks();
    size_t start = run.doc.nodes[node].start, mark = start / MARK_STEP;
    Scanner part = {.data = run.scanner.data + mark * MARK_STEP, .at = start % MARK_STEP};
    part.lines = run.marks[mark * 2];
    part.columns = run.marks[mark * 2 + 1];
    scan_position(&part, &line, &column);
    path.size = 0;
    if (run.places.doc == NULL) places_index(&run.places, &run.doc);
    pointer_add(&run.places, node, &path);
    out_problem(buffer_all(&path), line, column, message, key == KEY_NONE ? "false" : key_names[key]);
}

static void take_schema(const char *path, const Json *inline_schema) {
    if (inline_schema == NULL) {
        doc_load(&run.schema.doc, path, NULL);
    } else {
        /* The reader of arguments keeps the text of all values but strings. */
        if (inline_schema->kind == JSON_STRING) fail(command_name, "a schema is an object, true or false", NULL);
        doc_read(&run.schema.doc, text_kept(inline_schema->string));
    }
    schema_check(&run.schema);
}

static void check_value(bool has_schema) {
    if (!has_schema) {
        scan_value(&run.scanner);
        return;
    }
    doc_build(&run.doc, &run.scanner);
    run.places.doc = NULL;
    Validation validation = {.schema = &run.schema, .instance = &run.doc, .tell = tell_problem};
    schema_validate(&validation, 0, 0);
}

static void open_input(bool has_schema) {
    if (has_schema) {
        scan_text(&run.scanner, file_text(arg_path("file")));
    } else {
        scan_open(&run.scanner, arg_path("file"));
        run.scanner.counting = true;
    }
    run.scanner.refuse = tell_syntax;
}

int json_validate(void) {
    command_name = "json.validate";
    bool sequence = arg_flag("sequence"), from_file = arg_value("schema") != NULL;
    const Json *inline_schema = arg_value("inline");
    run.most = (uint64_t)arg_integer("limit", INT64_MAX, 1, INT64_MAX);
    if (from_file && inline_schema != NULL) fail(command_name, "only one of --schema and --inline can be used", NULL);
    bool has_schema = from_file || inline_schema != NULL;
    if (has_schema) take_schema(from_file ? arg_path("schema") : NULL, inline_schema);
    open_input(has_schema);
    if (scan_space(&run.scanner) < 0 && !sequence) scan_refuse(&run.scanner, "there is no value");
    if (!sequence) {
        check_value(has_schema);
        if (scan_space(&run.scanner) >= 0) scan_refuse(&run.scanner, "something follows the value");
    }
    while (sequence && scan_another(&run.scanner)) check_value(has_schema);
    return run.problems == 0 ? STATUS_GOOD : STATUS_NO;
}
