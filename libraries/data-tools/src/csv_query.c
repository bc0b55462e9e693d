/* csv.query: SELECT over a CSV file. */
#include "args.h"
#include "commands.h"
#include "sql.h"

static struct {
    Sql sql;
    Csv csv;
    Names columns;
    Cell *cells;
    bool headerless;
    bool lenient;
} run;

/* Without a header, columns are c1, c2 and so on. */
static void name_columns(void) {
    static Buffer name;
    for (size_t i = 0; i < run.csv.count; i++) {
        Text field = csv_field(&run.csv, i);
        if (run.headerless) {
            name.size = 0;
            buffer_byte(&name, 'c');
            buffer_number(&name, i + 1);
            field = buffer_all(&name);
        }
        if (names_find(&run.columns, field) != NO_NAME) csv_refuse(&run.csv, "the header has a name twice");
        names_add(&run.columns, field);
    }
    run.cells = take_many(run.columns.count, sizeof *run.cells);
}

static void take_cells(void) {
    size_t count = run.csv.count;
    if (count != run.columns.count && !run.lenient) {
        csv_refuse(&run.csv, count < run.columns.count ? "there are fewer fields than in the first record"
                                                       : "there are more fields than in the first record");
    }
    for (size_t i = 0; i < run.columns.count; i++) {
        Text field = i < count ? csv_field(&run.csv, i) : (Text){"", 0};
        run.cells[i] = (Cell){field.size == 0, field};
    }
}

/* False when no more records are wanted. */
static bool take_record(void) {
    SqlRow row = {.columns = run.cells};
    take_cells();
    if (run.sql.where != NULL && sql_test(run.sql.where, &row) != 1) return true;
    if (!run.sql.grouped) return sql_show(&run.sql, &row);
    sql_gather(&run.sql, &row, &run.csv);
    return true;
}

int csv_query(void) {
    command_name = "csv.query";
    sql_read(&run.sql, arg_text("sql", ""));
    run.headerless = arg_flag("headerless");
    run.lenient = arg_flag("lenient");
    csv_open(&run.csv);
    sql_printing = (SqlPrinting){run.csv.delimiter, arg_flag("crlf"), run.headerless};
    if (!csv_next(&run.csv)) fail(command_name, "the input has no records", NULL);
    name_columns();
    sql_resolve(&run.sql, &run.columns);
    sql_show_header(&run.sql);
    bool more = run.sql.limit > 0 && (!run.headerless || take_record());
    while (more && csv_next(&run.csv)) more = take_record();
    if (run.sql.grouped && run.sql.limit > 0) sql_show_groups(&run.sql);
    if (run.sql.order != NULL) sql_show_sorted(&run.sql);
    return STATUS_GOOD;
}
