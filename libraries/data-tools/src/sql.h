/* One SELECT statement over one table. */
#ifndef SQL_H
#define SQL_H

#include "csv.h"
#include "names.h"

typedef enum {
    SQL_COLUMN,
    SQL_LITERAL,
    SQL_AGGREGATE,
    SQL_COMPARE,
    SQL_LIKE,
    SQL_IN,
    SQL_BETWEEN,
    SQL_IS_NULL,
    SQL_AND,
    SQL_OR,
    SQL_NOT
} SqlKind;

typedef enum { SQL_EQUAL, SQL_UNEQUAL, SQL_LESS, SQL_AT_MOST, SQL_GREATER, SQL_AT_LEAST } SqlComparison;

typedef enum { SQL_COUNT, SQL_SUM, SQL_AVG, SQL_MIN, SQL_MAX } SqlFunction;

typedef struct SqlExpression {
    SqlKind kind;
    SqlComparison comparison;
    SqlFunction function;
    const char *at;             /* where it stands in the statement */
    Text text;                  /* of a literal or a column's name */
    uint32_t place;             /* of a column in the table, of an aggregate in a group */
    struct SqlExpression *left; /* the operand; NULL in COUNT(*) */
    struct SqlExpression *right;
    struct SqlExpression *next; /* in a list */
} SqlExpression;

/* A result column, or all columns of the table when it has no expression. */
typedef struct SqlItem {
    SqlExpression *expression;
    Text name;
    struct SqlItem *next;
} SqlItem;

typedef struct SqlOrder {
    SqlExpression *expression;
    bool descending;
    struct SqlOrder *next;
} SqlOrder;

typedef struct {
    Text text;
    SqlItem *items;
    SqlExpression *where;
    SqlExpression *groups;
    SqlExpression *having;
    SqlOrder *order;
    SqlExpression *aggregates[64];
    uint32_t aggregate_count;
    bool grouped;
    uint64_t limit;
    uint64_t offset;
} Sql;

/* Reads a statement; ends the command at what is not one. */
void sql_read(Sql *sql, Text text);

/* Ends the command: the statement is wrong at this place. */
_Noreturn void sql_refuse(const Sql *sql, const char *at, const char *problem);

/* Finds the columns that are named; * becomes all columns. */
void sql_resolve(Sql *sql, const Names *columns);

/* A value: nothing (NULL) or a text, which may look like a number. */
typedef struct {
    bool null;
    Text text;
} Cell;

/* Where values come from: a record's fields or a group's aggregates too. */
typedef struct {
    const Cell *columns;
    const Cell *aggregates;
} SqlRow;

Cell sql_value(const SqlExpression *expression, const SqlRow *row);

/* 1 for true, 0 for false, -1 for unknown. */
int sql_test(const SqlExpression *expression, const SqlRow *row);

/* The order of sorting: nothing, numbers by value, texts. */
int sql_order(Cell left, Cell right);

/* Prints a row of results, now or when all are there; false when no more rows are wanted. */
bool sql_show(const Sql *sql, const SqlRow *row);

/* Prints the rows that were held to be sorted. */
void sql_show_sorted(const Sql *sql);

void sql_show_header(const Sql *sql);

/* Adds a record to its group. */
void sql_gather(const Sql *sql, const SqlRow *row, const Csv *csv);

/* Shows all groups. */
void sql_show_groups(const Sql *sql);

/* How results are printed. */
typedef struct {
    char delimiter;
    bool crlf;
    bool headerless;
} SqlPrinting;

extern SqlPrinting sql_printing;

#endif
