/* Evaluates values and conditions. */
#include "decimal.h"
#include "sql.h"
#include "utf8.h"

Cell sql_value(const SqlExpression *e, const SqlRow *row) {
    if (e->kind == SQL_LITERAL) return (Cell){false, e->text};
    return e->kind == SQL_AGGREGATE ? row->aggregates[e->place] : row->columns[e->place];
}

static bool is_number(Text text) { return text.size > 0 && decimal_size(text) == text.size; }

static int compare_texts(Text left, Text right) {
    size_t size = left.size < right.size ? left.size : right.size;
    int order = memcmp(left.bytes, right.bytes, size);
    return order != 0 ? order : left.size == right.size ? 0 : left.size < right.size ? -1 : 1;
}

static int compare_cells(Cell left, Cell right) {
    bool numbers = is_number(left.text) && is_number(right.text);
    return numbers ? decimal_compare(left.text, right.text) : compare_texts(left.text, right.text);
}

int sql_order(Cell left, Cell right) {
    if (left.null || right.null) return (int)right.null - (int)left.null;
    bool a = is_number(left.text), b = is_number(right.text);
    if (a != b) return a ? -1 : 1;
    return a ? decimal_compare(left.text, right.text) : compare_texts(left.text, right.text);
}

static int test_comparison(SqlComparison comparison, Cell left, Cell right) {
    if (left.null || right.null) return -1;
    int order = compare_cells(left, right);
    switch (comparison) {
    case SQL_EQUAL: return order == 0;
    case SQL_UNEQUAL: return order != 0;
    case SQL_LESS: return order < 0;
    case SQL_AT_MOST: return order <= 0;
    case SQL_GREATER: return order > 0;
    default: return order >= 0;
    }
}

static size_t letter_size(Text text, size_t at) {
    uint32_t code;
    int size = utf8_decode((const uint8_t *)text.bytes + at, text.size - at, &code);
    return size > 0 ? (size_t)size : 1;
}

static bool same_letter(char a, char b) {
    if (a >= 'A' && a <= 'Z') a = (char)(a + 32);
    if (b >= 'A' && b <= 'Z') b = (char)(b + 32);
    return a == b;
}

/* When the text does not fit behind a %, it is tried one letter later; only the last % matters. */
static bool is_like(Text text, Text pattern) {
    size_t at = 0, p = 0, retry = SIZE_MAX, retry_pattern = 0;
    while (at < text.size) {
        if (p < pattern.size && pattern.bytes[p] == '%') {
            retry = at;
            retry_pattern = ++p;
        } else if (p < pattern.size && pattern.bytes[p] == '_') {
            at += letter_size(text, at);
            p++;
        } else if (p < pattern.size && same_letter(text.bytes[at], pattern.bytes[p])) {
            at++;
            p++;
        } else if (retry != SIZE_MAX) {
            retry += letter_size(text, retry);
            at = retry;
            p = retry_pattern;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.bytes[p] == '%') p++;
    return p == pattern.size;
}

static int test_like(const SqlExpression *e, const SqlRow *row) {
    Cell text = sql_value(e->left, row), pattern = sql_value(e->right, row);
    return text.null || pattern.null ? -1 : is_like(text.text, pattern.text);
}

static int test_in(const SqlExpression *e, const SqlRow *row) {
    Cell left = sql_value(e->left, row);
    int answer = 0;
    for (const SqlExpression *item = e->right; item != NULL; item = item->next) {
        int same = test_comparison(SQL_EQUAL, left, sql_value(item, row));
        if (same == 1) return 1;
        if (same < 0) answer = -1;
    }
    return answer;
}

static int both(int left, int right) { return left == 0 || right == 0 ? 0 : left < 0 || right < 0 ? -1 : 1; }

static int test_between(const SqlExpression *e, const SqlRow *row) {
    Cell value = sql_value(e->left, row);
    int above = test_comparison(SQL_AT_LEAST, value, sql_value(e->right, row));
    return both(above, test_comparison(SQL_AT_MOST, value, sql_value(e->right->next, row)));
}

static int test_chain(const SqlExpression *e, const SqlRow *row) {
    SqlKind kind = e->kind;
    int decisive = kind == SQL_OR, answer = !decisive;
    for (; e->kind == kind; e = e->right) {
        int one = sql_test(e->left, row);
        if (one == decisive) return decisive;
        if (one < 0) answer = -1;
    }
    int last = sql_test(e, row);
    return last == decisive ? decisive : last < 0 ? -1 : answer;
}

int sql_test(const SqlExpression *e, const SqlRow *row) {
    int inner;
    switch (e->kind) {
    case SQL_COMPARE: return test_comparison(e->comparison, sql_value(e->left, row), sql_value(e->right, row));
    case SQL_LIKE: return test_like(e, row);
    case SQL_IN: return test_in(e, row);
    case SQL_BETWEEN: return test_between(e, row);
    case SQL_IS_NULL: return sql_value(e->left, row).null;
    case SQL_NOT: inner = sql_test(e->left, row); return inner < 0 ? -1 : !inner;
    default: return test_chain(e, row);
    }
}
