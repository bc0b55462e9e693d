/* csv.from-json: objects and arrays to records. */
#include "args.h"
#include "commands.h"
#include "csv.h"
#include "names.h"
#include "scan.h"
#include "strings.h"

typedef struct {
    size_t start;
    size_t end;
    bool is_text;
} Field;

static struct {
    Scanner scanner;
    Names columns;
    bool fixed; /* the columns are known */
    bool lenient;
    bool guard;
    bool crlf;
    bool headerless;
    char delimiter;
    uint64_t records;
    Buffer text;
    Field *fields;
    size_t width; /* of records that are arrays */
    size_t room;
} run;

_Noreturn static void refuse(const char *problem, Text detail) {
    log_text(command_name);
    log_text(": ");
    log_text(problem);
    log_bytes(detail.bytes, detail.size);
    log_text(" in record ");
    log_number(run.records + 1);
    log_end();
    finish(STATUS_BAD_INPUT);
}

/* A spreadsheet would take such a text for a formula. */
static bool is_formula(Text text) {
    return text.size > 0 && strchr("=+-@\t\r", text.bytes[0]) != NULL && text.bytes[0] != 0;
}

static void out_field(Text text, bool is_text) {
    static Buffer guarded;
    if (run.guard && is_text && is_formula(text)) {
        guarded.size = 0;
        buffer_byte(&guarded, '\'');
        buffer_add(&guarded, text.bytes, text.size);
        text = buffer_all(&guarded);
    }
    csv_out(text, run.delimiter);
}

static void show_header(void) {
    const Names *columns = &run.columns;
    if (run.headerless || columns->count == 0) return;
    for (size_t i = 0; i < columns->count; i++) {
        if (i > 0) out_byte((uint8_t)run.delimiter);
        if (columns->count == 1 && columns->names[i].size == 0) out_text("\"\"");
        out_field(columns->names[i], true);
    }
    csv_out_end(run.crlf);
}

static void show_fields(size_t count) {
    for (size_t i = 0; i < count; i++) {
        const Field *field = &run.fields[i];
        if (i > 0) out_byte((uint8_t)run.delimiter);
        /* A line with nothing on it would be no record. */
        if (count == 1 && field->start == field->end) out_text("\"\"");
        out_field((Text){run.text.bytes + field->start, field->end - field->start}, field->is_text);
    }
    csv_out_end(run.crlf);
    run.records++;
}

/* Takes the next value as a field: null is empty, and what is nested is JSON text. */
static void take_field(Field *field) {
    Scanner *scanner = &run.scanner;
    int c = scan_space(scanner);
    *field = (Field){.start = run.text.size, .is_text = c == '"'};
    if (c == '"') {
        string_say(scan_string_text(scanner), &run.text);
    } else {
        scan_capture(scanner, KEEP, &run.text);
        if (c == 'n') run.text.size = field->start;
    }
    field->end = run.text.size;
}

/* Which column a member belongs to, or NO_NAME. */
static uint32_t column_of(Text name, size_t guess) {
    static Buffer said;
    if (memchr(name.bytes, '\\', name.size) != NULL) {
        said.size = 0;
        string_say(name, &said);
        name = buffer_all(&said);
    }
    if (guess < run.columns.count && text_equal(name, run.columns.names[guess])) return (uint32_t)guess;
    uint32_t column = names_find(&run.columns, name);
    if (column != NO_NAME || (run.fixed && run.lenient)) return column;
    if (run.fixed) refuse("there is no column for the member ", name);
    column = names_add(&run.columns, name);
    run.fields = list_room(run.fields, column, &run.room, sizeof *run.fields);
    return column;
}

static void take_members(void) {
    Scanner *scanner = &run.scanner;
    size_t member = 0;
    if (!scan_enter(scanner)) return;
    do {
        uint32_t column = column_of(scan_name(scanner), member++);
        Field ignored;
        take_field(column == NO_NAME ? &ignored : &run.fields[column]);
    } while (scan_next(scanner));
}

static void take_object(void) {
    run.text.size = 0;
    if (run.room > 0) memset(run.fields, 0, run.columns.count * sizeof *run.fields);
    take_members();
    if (!run.fixed && run.columns.count == 0) refuse("there are no members to make columns of", text_of(""));
    if (run.records == 0) show_header();
    run.fixed = true;
    show_fields(run.columns.count);
}

/* Inside an array, at its first item. */
static void take_items(void) {
    size_t count = 0;
    run.text.size = 0;
    do {
        run.fields = list_room(run.fields, count, &run.room, sizeof *run.fields);
        take_field(&run.fields[count++]);
    } while (scan_next(&run.scanner));
    if (run.records == 0) show_header();
    if (run.records == 0) run.width = run.fixed ? run.columns.count : count;
    if (count != run.width && !run.lenient) refuse("the number of items differs from that of the columns", text_of(""));
    show_fields(count);
}

static void take_record(void) {
    int c = scan_space(&run.scanner);
    if (c == '{') {
        take_object();
    } else if (c != '[') {
        refuse("an object or an array should be here", text_of(""));
    } else if (scan_enter(&run.scanner)) {
        take_items();
    } else {
        refuse("an array has no items", text_of(""));
    }
}

/* A value of the input is one record, or an array of records. */
static void take_value(void) {
    Scanner *scanner = &run.scanner;
    if (scan_space(scanner) != '[') {
        take_record();
        return;
    }
    if (!scan_enter(scanner)) return;
    int c = scan_space(scanner);
    if (c != '{' && c != '[') {
        take_items();
        return;
    }
    do take_record();
    while (scan_next(scanner));
}

/* The option "columns" is one record. */
static void take_columns(Text text) {
    static Buffer name;
    size_t at = 0;
    do {
        bool quoted = at < text.size && text.bytes[at] == '"';
        name.size = 0;
        for (at += quoted; at < text.size && (quoted || text.bytes[at] != ','); at++) {
            if (quoted && text.bytes[at] == '"' && (++at == text.size || text.bytes[at] != '"')) break;
            buffer_byte(&name, text.bytes[at]);
        }
        if (at < text.size && text.bytes[at] != ',') fail(command_name, "the columns are not one record of CSV", NULL);
        if (names_find(&run.columns, buffer_all(&name)) != NO_NAME) fail(command_name, "a column is named twice", NULL);
        uint32_t column = names_add(&run.columns, buffer_all(&name));
        run.fields = list_room(run.fields, column, &run.room, sizeof *run.fields);
    } while (at++ < text.size);
    run.fixed = true;
}

int csv_from_json(void) {
    command_name = "csv.from-json";
    run.lenient = arg_flag("lenient");
    run.guard = arg_flag("guard");
    run.crlf = arg_flag("crlf");
    run.headerless = arg_flag("headerless");
    run.delimiter = csv_delimiter();
    Text columns = arg_text("columns", "");
    if (columns.size > 0) take_columns(columns);
    scan_open(&run.scanner, arg_path("file"));
    while (scan_another(&run.scanner)) take_value();
    if (run.records == 0) show_header();
    return STATUS_GOOD;
}
