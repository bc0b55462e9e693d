/* Groups of records and their aggregates. */
#include <stdio.h>
#include <stdlib.h>

#include "decimal.h"
#include "sql.h"

typedef struct {
    uint64_t count;
    bool whole; /* the sum is an integer that fits */
    int64_t sum;
    double real_sum;
    Cell extreme;
    size_t extreme_room;
} Tally;

typedef struct {
    Cell *keys; /* by the columns' places, so that they can be looked up as a record's */
    Tally *tallies;
} Group;

static struct {
    Names keys; /* the key of each group in one text */
    Group *groups;
    size_t room;
} all;

static void start_tallies(const Sql *sql, Group *group) {
    group->tallies = take_many(sql->aggregate_count + 1, sizeof *group->tallies);
    for (uint32_t i = 0; i < sql->aggregate_count; i++) {
        group->tallies[i].whole = true;
        group->tallies[i].extreme.null = true;
    }
}

static Group *add_group(const Sql *sql, const SqlRow *row, Text key) {
    uint32_t place = names_add(&all.keys, key), widest = 0;
    all.groups = list_room(all.groups, place, &all.room, sizeof *all.groups);
    Group *group = &all.groups[place];
    for (const SqlExpression *g = sql->groups; g != NULL; g = g->next) widest = g->place > widest ? g->place : widest;
    group->keys = take_many((size_t)widest + 1, sizeof *group->keys);
    for (const SqlExpression *g = sql->groups; g != NULL; g = g->next) {
        Cell cell = row->columns[g->place];
        group->keys[g->place] = (Cell){cell.null, text_kept(cell.text)};
    }
    start_tallies(sql, group);
    return group;
}

static Group *group_of(const Sql *sql, const SqlRow *row) {
    static Buffer key;
    key.size = 0;
    for (const SqlExpression *g = sql->groups; g != NULL; g = g->next) {
        Text text = row->columns[g->place].text;
        buffer_add(&key, &text.size, sizeof text.size);
        buffer_add(&key, text.bytes, text.size);
    }
    uint32_t place = names_find(&all.keys, buffer_all(&key));
    return place == NO_NAME ? add_group(sql, row, buffer_all(&key)) : &all.groups[place];
}

/* False unless it is an integer that fits. */
static bool to_integer(Text text, int64_t *integer) {
    if (text.size > 19 || !decimal_is_integer(text) || memchr(text.bytes, '.', text.size) != NULL) return false;
    if (memchr(text.bytes, 'e', text.size) != NULL || memchr(text.bytes, 'E', text.size) != NULL) return false;
    *integer = 0;
    bool negative = text.bytes[0] == '-';
    for (size_t i = negative; i < text.size; i++) {
        if (__builtin_mul_overflow(*integer, 10, integer)) return false;
        if (__builtin_add_overflow(*integer, text.bytes[i] - '0', integer)) return false;
    }
    if (negative) *integer = -*integer;
    return true;
}

static void add_number(Tally *tally, Text text, const Csv *csv) {
    int64_t integer;
    if (decimal_size(text) != text.size) csv_refuse(csv, "SUM and AVG need numbers, and there is something else");
    tally->real_sum += decimal_double(text);
    tally->whole =
        tally->whole && to_integer(text, &integer) && !__builtin_add_overflow(tally->sum, integer, &tally->sum);
}

static void keep_extreme(Tally *tally, Cell cell, bool greatest) {
    int order = tally->extreme.null ? 0 : sql_order(cell, tally->extreme);
    if (!tally->extreme.null && (greatest ? order <= 0 : order >= 0)) return;
    if (cell.text.size > tally->extreme_room || tally->extreme.text.bytes == NULL) {
        tally->extreme_room = cell.text.size * 2 + 16;
        tally->extreme.text.bytes = take_many(tally->extreme_room, 1);
    }
    memcpy((char *)tally->extreme.text.bytes, cell.text.bytes, cell.text.size);
    tally->extreme.text.size = cell.text.size;
    tally->extreme.null = false;
}

void sql_gather(const Sql *sql, const SqlRow *row, const Csv *csv) {
    Group *group = group_of(sql, row);
    for (uint32_t i = 0; i < sql->aggregate_count; i++) {
        const SqlExpression *aggregate = sql->aggregates[i];
        Tally *tally = &group->tallies[i];
        if (aggregate->left == NULL) {
            tally->count++;
            continue;
        }
        Cell cell = row->columns[aggregate->left->place];
        if (cell.null) continue;
        tally->count++;
        if (aggregate->function == SQL_SUM || aggregate->function == SQL_AVG) add_number(tally, cell.text, csv);
        if (aggregate->function == SQL_MIN || aggregate->function == SQL_MAX)
            keep_extreme(tally, cell, aggregate->function == SQL_MAX);
    }
}

enum { NUMBER_SIZE = 40 };

/* The shortest of two forms that reads as the same number. */
static Cell real_cell(double number, char *room) {
    snprintf(room, NUMBER_SIZE, "%.15g", number);
    if (strtod(room, NULL) != number) snprintf(room, NUMBER_SIZE, "%.17g", number);
    return (Cell){false, text_of(room)};
}

static Cell aggregate_cell(SqlFunction function, const Tally *tally, char *room) {
    Cell nothing = {.null = true, .text = {"", 0}};
    switch (function) {
    case SQL_COUNT:
        snprintf(room, NUMBER_SIZE, "%llu", (unsigned long long)tally->count);
        return (Cell){false, text_of(room)};
    case SQL_SUM:
        if (tally->count == 0) return nothing;
        if (!tally->whole) return real_cell(tally->real_sum, room);
        snprintf(room, NUMBER_SIZE, "%lld", (long long)tally->sum);
        return (Cell){false, text_of(room)};
    case SQL_AVG: return tally->count == 0 ? nothing : real_cell(tally->real_sum / (double)tally->count, room);
    default: return tally->extreme.null ? nothing : tally->extreme;
    }
}

static bool show_group(const Sql *sql, const Group *group) {
    static char rooms[64][NUMBER_SIZE];
    Cell cells[64];
    for (uint32_t i = 0; i < sql->aggregate_count; i++) {
        cells[i] = aggregate_cell(sql->aggregates[i]->function, &group->tallies[i], rooms[i]);
    }
    SqlRow row = {group->keys, cells};
    if (sql->having != NULL && sql_test(sql->having, &row) != 1) return true;
    return sql_show(sql, &row);
}

/* Without GROUP BY there is one group, even of no records. */
void sql_show_groups(const Sql *sql) {
    if (all.keys.count == 0 && sql->groups == NULL) {
        Group empty = {0};
        start_tallies(sql, &empty);
        show_group(sql, &empty);
    }
    for (size_t i = 0; i < all.keys.count; i++) {
        if (!show_group(sql, &all.groups[i])) return;
    }
}
