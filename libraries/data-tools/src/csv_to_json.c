/* csv.to-json: records to JSON, one by one. */
#include "args.h"
#include "commands.h"
#include "csv.h"
#include "decimal.h"
#include "names.h"
#include "strings.h"

static struct {
    Csv csv;
    bool array;
    bool headerless;
    bool types;
    bool lenient;
    Text *names; /* as JSON strings, with the colon */
    size_t count;
    uint64_t records;
    Buffer line;
} run;

static bool is_value(Text field) {
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (text_equal(field, text_of(words[i]))) return true;
    }
    return field.size > 0 && decimal_size(field) == field.size;
}

static void add_value(Text field) {
    if (run.types && field.size == 0) {
        buffer_text(&run.line, "null");
    } else if (run.types && is_value(field)) {
        buffer_add(&run.line, field.bytes, field.size);
    } else {
        string_quote(field, &run.line);
    }
}

static void read_names(void) {
    Names seen = {0};
    run.count = run.csv.count;
    run.names = take_many(run.count, sizeof *run.names);
    for (size_t i = 0; i < run.count; i++) {
        Buffer name = {0};
        if (names_find(&seen, csv_field(&run.csv, i)) != NO_NAME) csv_refuse(&run.csv, "the header has a name twice");
        names_add(&seen, csv_field(&run.csv, i));
        string_quote(csv_field(&run.csv, i), &name);
        buffer_byte(&name, ':');
        run.names[i] = buffer_all(&name);
    }
}

/* In lenient mode, missing fields are left out, and further ones are named by their number. */
static void add_name(size_t index) {
    if (index < run.count) {
        buffer_add(&run.line, run.names[index].bytes, run.names[index].size);
        return;
    }
    buffer_text(&run.line, "\"column");
    buffer_number(&run.line, index + 1);
    buffer_text(&run.line, "\":");
}

static void check_width(void) {
    if (run.lenient || run.csv.count == run.count) return;
    csv_refuse(&run.csv, run.csv.count < run.count ? "there are fewer fields than in the first record"
                                                   : "there are more fields than in the first record");
}

static void show_record(void) {
    run.line.size = 0;
    if (run.headerless && run.count == 0) run.count = run.csv.count;
    check_width();
    buffer_byte(&run.line, run.headerless ? '[' : '{');
    for (size_t i = 0; i < run.csv.count; i++) {
        if (i > 0) buffer_byte(&run.line, ',');
        if (!run.headerless) add_name(i);
        add_value(csv_field(&run.csv, i));
    }
    buffer_byte(&run.line, run.headerless ? ']' : '}');
    if (run.array) out_text(run.records == 0 ? "[" : ",\n");
    out_bytes(run.line.bytes, run.line.size);
    if (!run.array) out_byte('\n');
    run.records++;
}

int csv_to_json(void) {
    command_name = "csv.to-json";
    run.array = arg_flag("array");
    run.headerless = arg_flag("headerless");
    run.types = arg_flag("types");
    run.lenient = arg_flag("lenient");
    csv_open(&run.csv);
    if (!run.headerless && csv_next(&run.csv)) read_names();
    while (csv_next(&run.csv)) show_record();
    if (run.array) out_text(run.records == 0 ? "[]\n" : "]\n");
    return STATUS_GOOD;
}
