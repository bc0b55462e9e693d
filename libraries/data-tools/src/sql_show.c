/* Prints rows of results; with ORDER BY they are held until all are there. */
#include <stdlib.h>

#include "sql.h"

SqlPrinting sql_printing;

static uint64_t passed;
static uint64_t shown;

static void out_cell(Text text, bool alone) {
    /* A line with nothing on it would be no record. */
    if (alone && text.size == 0) out_text("\"\"");
    csv_out(text, sql_printing.delimiter);
}

void sql_show_header(const Sql *sql) {
    if (sql_printing.headerless) return;
    for (const SqlItem *item = sql->items; item != NULL; item = item->next) {
        if (item != sql->items) out_byte((uint8_t)sql_printing.delimiter);
        out_cell(item->name, sql->items->next == NULL);
    }
    csv_out_end(sql_printing.crlf);
}

/* Tells whether a row is to be printed, for it is neither before OFFSET nor behind LIMIT. */
static bool is_wanted(const Sql *sql) {
    if (passed++ < sql->offset) return false;
    return shown < sql->limit;
}

/* What is held of all rows: their cells, the sort keys first. */
static struct {
    Buffer texts;
    struct {
        size_t start, size;
        bool null;
    } *cells;
    size_t cell_count;
    size_t cell_room;
    size_t *rows; /* the first cell of each */
    size_t count;
    size_t room;
    const Sql *sql;
} held;

static void hold_cell(Cell cell) {
    held.cells = list_room(held.cells, held.cell_count, &held.cell_room, sizeof *held.cells);
    held.cells[held.cell_count].start = held.texts.size;
    held.cells[held.cell_count].size = cell.text.size;
    held.cells[held.cell_count++].null = cell.null;
    buffer_add(&held.texts, cell.text.bytes, cell.text.size);
}

static Cell held_cell(size_t index) {
    return (Cell){held.cells[index].null, {held.texts.bytes + held.cells[index].start, held.cells[index].size}};
}

static void hold_row(const Sql *sql, const SqlRow *row) {
    held.rows = list_room(held.rows, held.count, &held.room, sizeof *held.rows);
    held.rows[held.count++] = held.cell_count;
    for (const SqlOrder *o = sql->order; o != NULL; o = o->next) hold_cell(sql_value(o->expression, row));
    for (const SqlItem *item = sql->items; item != NULL; item = item->next) hold_cell(sql_value(item->expression, row));
}

bool sql_show(const Sql *sql, const SqlRow *row) {
    if (sql->order != NULL) {
        hold_row(sql, row);
        return true;
    }
    if (!is_wanted(sql)) return shown < sql->limit;
    for (const SqlItem *item = sql->items; item != NULL; item = item->next) {
        if (item != sql->items) out_byte((uint8_t)sql_printing.delimiter);
        out_cell(sql_value(item->expression, row).text, sql->items->next == NULL);
    }
    csv_out_end(sql_printing.crlf);
    return ++shown < sql->limit;
}

static int by_keys(const void *left, const void *right) {
    size_t a = *(const size_t *)left, b = *(const size_t *)right, key = 0;
    for (const SqlOrder *o = held.sql->order; o != NULL; o = o->next, key++) {
        int order = sql_order(held_cell(a + key), held_cell(b + key));
        if (order != 0) return o->descending ? -order : order;
    }
    return a < b ? -1 : a > b;
}

void sql_show_sorted(const Sql *sql) {
    size_t keys = 0, items = 0;
    for (const SqlOrder *o = sql->order; o != NULL; o = o->next) keys++;
    for (const SqlItem *item = sql->items; item != NULL; item = item->next) items++;
    held.sql = sql;
    qsort(held.rows, held.count, sizeof *held.rows, by_keys);
    for (size_t r = 0; r < held.count && shown < sql->limit; r++) {
        if (!is_wanted(sql)) continue;
        for (size_t i = 0; i < items; i++) {
            if (i > 0) out_byte((uint8_t)sql_printing.delimiter);
            out_cell(held_cell(held.rows[r] + keys + i).text, items == 1);
        }
        csv_out_end(sql_printing.crlf);
        shown++;
    }
}
