/* Reads the filters of queries, and holds them to the rules of types. */
#include "decimal.h"
#include "path_source.h"

static Expression *new_expression(ExpressionKind kind) {
    Expression *expression = take_many(1, sizeof *expression);
    expression->kind = kind;
    return expression;
}

static Query *read_query(Source *source) {
    Query *query = take_many(1, sizeof *query);
    query->absolute = *source->at == '$';
    if (query->absolute) source->uses_root = true;
    source->at++;
    read_segments(source, query);
    return query;
}

static bool at_query(const Source *source) { return source_peek(source) == '$' || source_peek(source) == '@'; }

static Expression *read_literal(Source *source) {
    Expression *literal = new_expression(LITERAL);
    char c = source_peek(source);
    const char *start = source->at;
    if (c == '\'' || c == '"') {
        Text inside = source_string(source);
        Buffer quoted = {0};
        buffer_byte(&quoted, '"');
        buffer_add(&quoted, inside.bytes, inside.size);
        buffer_byte(&quoted, '"');
        literal->literal = buffer_all(&quoted);
        return literal;
    }
    size_t size = decimal_size((Text){start, (size_t)(source->end - start)});
    source->at += size;
    if (size == 0 && !source_take(source, "true") && !source_take(source, "false") && !source_take(source, "null"))
        return NULL;
    literal->literal = (Text){start, (size_t)(source->at - start)};
    return literal;
}

static const struct {
    const char *name;
    Function function;
} functions[] = {{"length", LENGTH}, {"count", COUNT}, {"match", MATCH}, {"search", SEARCH}, {"value", VALUE}};

static bool gives_value(const Expression *e) {
    if (e->kind == CALL) return e->function != MATCH && e->function != SEARCH;
    return e->kind == LITERAL || (e->kind == VALUE_OF && e->query->singular);
}

static Expression *read_comparable(Source *source);

/* An argument that is a value, or with nodes a query of any kind. */
static Expression *read_argument(Source *source, bool nodes) {
    source_space(source);
    const char *start = source->at;
    Expression *argument = read_comparable(source);
    bool fits = argument != NULL && (nodes ? argument->kind == VALUE_OF : gives_value(argument));
    if (!fits) {
        source->at = start;
        source_refuse(source, nodes
                                  ? "this argument has to be a query"
                                  : "this argument has to be a value: a literal, a singular query or such a function");
    }
    source_space(source);
    return argument;
}

/* At a letter: a function's name and arguments; NULL when it is neither. */
static Expression *read_call(Source *source) {
    const char *start = source->at;
    const char *at = start;
    while (at < source->end && ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || *at == '_')) at++;
    if (at == start || at == source->end || *at != '(' || *start < 'a') return NULL;
    Text name = {start, (size_t)(at - start)};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (!text_equal(name, text_of(functions[i].name))) continue;
        Expression *call = new_expression(CALL);
        Function function = call->function = functions[i].function;
        source->at = at + 1;
        if (++source->depth > DEEPEST_FILTER) source_refuse(source, "the filter is nested too deeply");
        call->left = read_argument(source, function == COUNT || function == VALUE);
        if (function == MATCH || function == SEARCH) {
            source_expect(source, ",", "a comma and a second argument should be here");
            call->right = read_argument(source, false);
        }
        source->depth--;
        source_expect(source, ")", "a ) should be here");
        return call;
    }
    source_refuse(source, "there is no such function: length, count, match, search and value exist");
}

/* A query, literal or function; NULL when there is none. */
static Expression *read_comparable(Source *source) {
    if (!at_query(source)) {
        Expression *call = read_call(source);
        return call != NULL ? call : read_literal(source);
    }
    Expression *value = new_expression(VALUE_OF);
    value->query = read_query(source);
    return value;
}

static bool take_comparison(Source *source, Comparison *comparison) {
    static const char *const signs[] = {"==", "!=", "<=", ">=", "<", ">"};
    static const Comparison meanings[] = {EQUAL, UNEQUAL, AT_MOST, AT_LEAST, LESS, GREATER};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (!source_take(source, signs[i])) continue;
        *comparison = meanings[i];
        return true;
    }
    return false;
}

static void check_compared(Source *source, const Expression *operand, const char *start) {
    if (operand != NULL && gives_value(operand)) return;
    source->at = start;
    source_refuse(
        source,
        "what is compared has to be a literal, a query that gives at most one node, or a function that gives a value");
}

/* A comparison, an existence test, or a function that tells yes or no. */
static Expression *read_test(Source *source) {
    const char *start = source->at;
    Expression *left = read_comparable(source);
    if (left == NULL) source_refuse(source, "a query, a literal, a function, ! or ( should be here");
    const char *behind = source->at;
    Expression *test = new_expression(COMPARE);
    source_space(source);
    if (take_comparison(source, &test->comparison)) {
        check_compared(source, left, start);
        source_space(source);
        start = source->at;
        test->left = left;
        test->right = read_comparable(source);
        check_compared(source, test->right, start);
        return test;
    }
    if (left->kind == VALUE_OF) {
        source->at = behind;
        left->kind = EXISTS;
    } else if (left->kind == LITERAL || gives_value(left)) {
        source_refuse(source, "a comparison (== != < <= > >=) should be here");
    } else {
        source->at = behind;
    }
    return left;
}

static Expression *read_or(Source *source);

static Expression *read_basic(Source *source) {
    bool negated = source_take(source, "!");
    Expression *inner;
    if (negated) source_space(source);
    const char *start = source->at;
    if (source_take(source, "(")) {
        source_space(source);
        inner = read_or(source);
        source_space(source);
        source_expect(source, ")", "a ) should be here");
    } else {
        inner = read_test(source);
        if (negated && inner->kind == COMPARE) {
            source->at = start;
            source_refuse(source, "! before a comparison needs parentheses");
        }
    }
    if (!negated) return inner;
    Expression *not = new_expression(NOT);
    not->left = inner;
    return not;
}

/* Operands with a sign between them. The tree leans to the right, where it is walked without recursion. */
static Expression *read_chain(Source *source, const char *sign, ExpressionKind kind, Expression *(*operand)(Source *)) {
    Expression *first = operand(source), *last = NULL;
    for (;;) {
        const char *behind = source->at;
        source_space(source);
        if (!source_take(source, sign)) {
            source->at = behind;
            return first;
        }
        source_space(source);
        Expression *pair = new_expression(kind);
        if (last == NULL) {
            pair->left = first;
            first = pair;
        } else {
            pair->left = last->right;
            last->right = pair;
        }
        pair->right = operand(source);
        last = pair;
    }
}

static Expression *read_and(Source *source) { return read_chain(source, "&&", AND, read_basic); }

static Expression *read_or(Source *source) {
    if (++source->depth > DEEPEST_FILTER) source_refuse(source, "the filter is nested too deeply");
    Expression *expression = read_chain(source, "||", OR, read_and);
    source->depth--;
    return expression;
}

Expression *read_filter(Source *source) { return read_or(source); }
