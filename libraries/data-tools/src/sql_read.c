/* Reads statements, and finds the columns that they name. */
#include "decimal.h"
#include "sql_words.h"

static SqlItem *read_item(Words *words) {
    SqlItem *item = take_many(1, sizeof *item);
    if (words_take(words, "*")) return item;
    item->expression = words_value(words);
    item->name = item->expression->text;
    if (!words_take(words, "AS")) return item;
    if (words->kind != WORD_NAME && words->kind != WORD_QUOTED_NAME) words_refuse(words, "a name should be here");
    item->name = words->text;
    words_step(words);
    return item;
}

static void read_items(Words *words) {
    SqlItem **last = &words->sql->items;
    do {
        *last = read_item(words);
        last = &(*last)->next;
    } while (words_take(words, ","));
}

static void read_groups(Words *words) {
    SqlExpression **last = &words->sql->groups;
    words_expect(words, "BY");
    words->sql->grouped = true;
    do {
        const char *start = words->start;
        *last = words_value(words);
        if ((*last)->kind != SQL_COLUMN) sql_refuse(words->sql, start, "a column should be here");
        last = &(*last)->next;
    } while (words_take(words, ","));
}

/* A number names a result column, as does the name that AS gave it. */
static SqlExpression *result_named(const Words *words, SqlExpression *expression) {
    uint64_t number = 0, place = 0;
    if (expression->kind == SQL_LITERAL) {
        for (size_t i = 0; i < expression->text.size && number < 100000; i++)
            number = number * 10 + (uint64_t)(expression->text.bytes[i] - '0');
    } else if (expression->kind != SQL_COLUMN) {
        return expression;
    }
    for (const SqlItem *item = words->sql->items; item != NULL; item = item->next) {
        if (item->expression == NULL && number > 0)
            sql_refuse(words->sql, expression->at, "a number cannot count columns behind *");
        if (item->expression == NULL) continue;
        if (++place == number || (number == 0 && text_equal(item->name, expression->text))) return item->expression;
    }
    if (expression->kind == SQL_LITERAL)
        sql_refuse(words->sql, expression->at, "there is no result column of this number");
    return expression;
}

static void read_order(Words *words) {
    SqlOrder **last = &words->sql->order;
    words_expect(words, "BY");
    do {
        SqlOrder *order = take_many(1, sizeof *order);
        bool is_text = words->kind == WORD_STRING;
        if (is_text) words_refuse(words, "a column or the number of a result column should be here");
        order->expression = result_named(words, words_value(words));
        order->descending = words_take(words, "DESC");
        if (!order->descending) words_take(words, "ASC");
        *last = order;
        last = &order->next;
    } while (words_take(words, ","));
}

static uint64_t read_count(Words *words) {
    uint64_t count = 0;
    bool good = words->kind == WORD_NUMBER && words->text.size <= 18;
    for (size_t i = 0; good && i < words->text.size; i++) {
        good = words->text.bytes[i] >= '0' && words->text.bytes[i] <= '9';
        count = count * 10 + (uint64_t)(words->text.bytes[i] - '0');
    }
    if (!good) words_refuse(words, "a whole number should be here");
    words_step(words);
    return count;
}

static void read_from(Words *words) {
    if (words->kind != WORD_NAME && words->kind != WORD_QUOTED_NAME)
        words_refuse(words, "a name for the table should be here");
    words_step(words);
}

/* An aggregate in WHERE would look at groups that are not there yet. */
static void read_where(Words *words) {
    uint32_t before = words->sql->aggregate_count;
    words->sql->where = words_condition(words);
    if (words->sql->aggregate_count == before) return;
    sql_refuse(words->sql, words->sql->aggregates[before]->at, "an aggregate cannot be in WHERE; HAVING tests groups");
}

void sql_read(Sql *sql, Text text) {
    Words words = {.sql = sql, .at = text.bytes, .end = text.bytes + text.size};
    sql->text = text;
    sql->limit = UINT64_MAX;
    words_step(&words);
    words_expect(&words, "SELECT");
    read_items(&words);
    if (words_take(&words, "FROM")) read_from(&words);
    if (words_take(&words, "WHERE")) read_where(&words);
    if (words_take(&words, "GROUP")) read_groups(&words);
    if (words_take(&words, "HAVING")) {
        sql->having = words_condition(&words);
        sql->grouped = true;
    }
    if (words_take(&words, "ORDER")) read_order(&words);
    if (words_take(&words, "LIMIT")) {
        sql->limit = read_count(&words);
        if (words_take(&words, "OFFSET")) sql->offset = read_count(&words);
    }
    words_take(&words, ";");
    if (words.kind == WORD_END) return;
    words_refuse(
        &words,
        "this is not expected here (a SELECT has items, FROM, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, OFFSET, in this order)");
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

static bool alike(Text left, Text right) {
    if (left.size != right.size) return false;
    for (size_t i = 0; i < left.size; i++) {
        if (lower(left.bytes[i]) != lower(right.bytes[i])) return false;
    }
    return true;
}

/* Letters of another case are taken when no name fits exactly. */
static void resolve_column(const Sql *sql, const Names *columns, SqlExpression *column) {
    column->place = names_find(columns, column->text);
    for (uint32_t i = 0; column->place == NO_NAME && i < columns->count; i++) {
        if (alike(columns->names[i], column->text)) column->place = i;
    }
    if (column->place == NO_NAME) sql_refuse(sql, column->at, "there is no such column");
}

static bool is_group(const Sql *sql, const SqlExpression *column) {
    for (const SqlExpression *group = sql->groups; group != NULL; group = group->next) {
        if (group->place == column->place) return true;
    }
    return false;
}

/* With groups, a column outside of an aggregate has to be one of those that make them. */
static void resolve(const Sql *sql, const Names *columns, SqlExpression *e, bool of_groups) {
    for (; e != NULL; e = e->next) {
        if (e->kind == SQL_COLUMN) {
            resolve_column(sql, columns, e);
            if (of_groups && !is_group(sql, e))
                sql_refuse(sql, e->at, "this column is neither in GROUP BY nor in an aggregate");
        }
        bool inner = of_groups && e->kind != SQL_AGGREGATE;
        if (e->left != NULL) resolve(sql, columns, e->left, inner);
        if (e->kind == SQL_AND || e->kind == SQL_OR) {
            for (; e->right->kind == e->kind; e = e->right) resolve(sql, columns, e->right->left, inner);
        }
        if (e->right != NULL) resolve(sql, columns, e->right, inner);
    }
}

/* One item for each column of the table. */
static SqlItem *all_columns(const Sql *sql, const Names *columns, SqlItem *behind) {
    if (sql->grouped) sql_refuse(sql, sql->text.bytes, "* does not go with groups");
    for (size_t i = columns->count; i-- > 0;) {
        SqlItem *item = take_many(1, sizeof *item);
        item->expression = take_many(1, sizeof *item->expression);
        *item->expression =
            (SqlExpression){.kind = SQL_COLUMN, .at = sql->text.bytes, .text = columns->names[i], .place = (uint32_t)i};
        item->name = columns->names[i];
        item->next = behind;
        behind = item;
    }
    return behind;
}

void sql_resolve(Sql *sql, const Names *columns) {
    resolve(sql, columns, sql->where, false);
    resolve(sql, columns, sql->groups, false);
    resolve(sql, columns, sql->having, true);
    for (SqlOrder *order = sql->order; order != NULL; order = order->next)
        resolve(sql, columns, order->expression, sql->grouped);
    for (SqlItem **item = &sql->items; *item != NULL;) {
        if ((*item)->expression == NULL) {
            SqlItem *behind = (*item)->next;
            *item = all_columns(sql, columns, behind);
            while (*item != behind) item = &(*item)->next;
        } else {
            resolve(sql, columns, (*item)->expression, sql->grouped);
            item = &(*item)->next;
        }
    }
}
