/* Reads values and conditions. */
#include "sql_words.h"

enum { DEEPEST_CONDITION = 64 };

static const char *const reserved[] = {"SELECT",  "FROM",   "WHERE", "GROUP", "BY",     "HAVING", "ORDER",
                                       "LIMIT",   "OFFSET", "AND",   "OR",    "NOT",    "LIKE",   "IN",
                                       "BETWEEN", "IS",     "NULL",  "AS",    "ASC",    "DESC",   "DISTINCT",
                                       "JOIN",    "UNION",  "CASE",  "CAST",  "EXISTS", "ON",     "ALL"};

static SqlExpression *new_expression(SqlKind kind, const char *at) {
    SqlExpression *expression = take_many(1, sizeof *expression);
    expression->kind = kind;
    expression->at = at;
    return expression;
}

static bool is_reserved(const Words *words) {
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (words_next_is(words, reserved[i])) return true;
    }
    return false;
}

static SqlExpression *read_column(Words *words) {
    if (words->kind != WORD_QUOTED_NAME && (words->kind != WORD_NAME || is_reserved(words))) {
        words_refuse(words, "a column should be here (names that are no plain words stand in \"…\")");
    }
    SqlExpression *column = new_expression(SQL_COLUMN, words->start);
    column->text = words->text;
    words_step(words);
    return column;
}

static void add_aggregate(Words *words, SqlExpression *aggregate) {
    Sql *sql = words->sql;
    if (sql->aggregate_count == sizeof sql->aggregates / sizeof *sql->aggregates) {
        sql_refuse(sql, aggregate->at, "there are more than 64 aggregates");
    }
    sql->grouped = true;
    aggregate->place = sql->aggregate_count;
    sql->aggregates[sql->aggregate_count++] = aggregate;
}

/* Behind a name with a parenthesis: an aggregate, or NULL when the name is none. */
static SqlExpression *read_aggregate(Words *words) {
    static const char *const names[] = {"COUNT", "SUM", "AVG", "MIN", "MAX"};
    const char *next = words->at;
    while (next < words->end && *next == ' ') next++;
    if (words->kind != WORD_NAME || next == words->end || *next != '(' || is_reserved(words)) return NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!words_next_is(words, names[i])) continue;
        SqlExpression *aggregate = new_expression(SQL_AGGREGATE, words->start);
        aggregate->function = (SqlFunction)i;
        words_step(words);
        words_expect(words, "(");
        if (aggregate->function != SQL_COUNT || !words_take(words, "*")) aggregate->left = read_column(words);
        aggregate->text = (Text){aggregate->at, (size_t)(words->at - aggregate->at)};
        words_expect(words, ")");
        add_aggregate(words, aggregate);
        return aggregate;
    }
    words_refuse(words, "there is no such function: COUNT, SUM, AVG, MIN and MAX exist");
}

SqlExpression *words_value(Words *words) {
    if (words->kind == WORD_STRING || words->kind == WORD_NUMBER) {
        SqlExpression *literal = new_expression(SQL_LITERAL, words->start);
        literal->text = words->text;
        words_step(words);
        return literal;
    }
    SqlExpression *aggregate = read_aggregate(words);
    return aggregate != NULL ? aggregate : read_column(words);
}

static bool take_comparison(Words *words, SqlComparison *comparison) {
    static const char *const signs[] = {"=", "<>", "<", "<=", ">", ">=", "!="};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (!words_take(words, signs[i])) continue;
        *comparison = i == 6 ? SQL_UNEQUAL : (SqlComparison)i;
        return true;
    }
    return false;
}

static SqlExpression *read_list(Words *words) {
    SqlExpression *first = NULL, **last = &first;
    words_expect(words, "(");
    do {
        *last = words_value(words);
        last = &(*last)->next;
    } while (words_take(words, ","));
    words_expect(words, ")");
    return first;
}

static SqlExpression *negate(SqlExpression *inner, bool negated) {
    if (!negated) return inner;
    SqlExpression *not = new_expression(SQL_NOT, inner->at);
    not->left = inner;
    return not;
}

/* Behind a value. */
static SqlExpression *read_predicate(Words *words, SqlExpression *left) {
    SqlExpression *test = new_expression(SQL_COMPARE, left->at);
    test->left = left;
    if (take_comparison(words, &test->comparison)) {
        test->right = words_value(words);
        return test;
    }
    if (words_take(words, "IS")) {
        bool negated = words_take(words, "NOT");
        words_expect(words, "NULL");
        test->kind = SQL_IS_NULL;
        return negate(test, negated);
    }
    bool negated = words_take(words, "NOT");
    if (words_take(words, "LIKE")) {
        test->kind = SQL_LIKE;
        test->right = words_value(words);
    } else if (words_take(words, "IN")) {
        test->kind = SQL_IN;
        test->right = read_list(words);
    } else if (words_take(words, "BETWEEN")) {
        test->kind = SQL_BETWEEN;
        test->right = words_value(words);
        words_expect(words, "AND");
        test->right->next = words_value(words);
    } else {
        words_refuse(words, "a comparison should be here (= <> < <= > >= LIKE IN BETWEEN IS)");
    }
    return negate(test, negated);
}

static SqlExpression *read_not(Words *words) {
    bool negated = false;
    SqlExpression *inner;
    while (words_take(words, "NOT")) negated = !negated;
    if (words_take(words, "(")) {
        inner = words_condition(words);
        words_expect(words, ")");
    } else {
        inner = read_predicate(words, words_value(words));
    }
    return negate(inner, negated);
}

/* A chain leans to the right, where it is walked without recursion. */
static SqlExpression *read_chain(Words *words, const char *sign, SqlKind kind, SqlExpression *(*operand)(Words *)) {
    SqlExpression *first = operand(words), *last = NULL;
    while (words_take(words, sign)) {
        SqlExpression *pair = new_expression(kind, first->at);
        if (last == NULL) {
            pair->left = first;
            first = pair;
        } else {
            pair->left = last->right;
            last->right = pair;
        }
        pair->right = operand(words);
        last = pair;
    }
    return first;
}

static SqlExpression *read_and(Words *words) { return read_chain(words, "AND", SQL_AND, read_not); }

SqlExpression *words_condition(Words *words) {
    if (++words->depth > DEEPEST_CONDITION) words_refuse(words, "the condition is nested too deeply");
    SqlExpression *condition = read_chain(words, "OR", SQL_OR, read_and);
    words->depth--;
    return condition;
}
