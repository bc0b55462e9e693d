/* Evaluates filters. */
#include "decimal.h"
#include "path_run.h"
#include "same.h"
#include "strings.h"

/* What is compared: nothing, a node, or a scalar as JSON text. */
typedef struct {
    bool nothing;
    uint32_t node;
    Text text;
    char digits[24];
} Comparable;

typedef struct {
    uint32_t node;
    uint64_t count;
    uint64_t most;
} Nodes;

static bool count_node(void *context, uint32_t node) {
    Nodes *nodes = context;
    nodes->node = node;
    return ++nodes->count < nodes->most;
}

/* Counts what a query gives, up to a number that is enough. */
static Nodes nodes_of(const PathRun *run, const Query *query, uint32_t node, uint64_t most) {
    Nodes nodes = {NO_NODE, 0, most};
    PathRun inner = {run->doc, run->root, count_node, &nodes};
    path_run(&inner, query->first, query->absolute ? run->root : node);
    return nodes;
}

static void set_number(Comparable *value, uint64_t number) {
    size_t at = sizeof value->digits;
    do {
        value->digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    value->text = (Text){value->digits + at, sizeof value->digits - at};
}

static void evaluate(const PathRun *run, Expression *e, uint32_t node, Comparable *value);

static void evaluate_length(const PathRun *run, Expression *e, uint32_t node, Comparable *value) {
    Comparable of;
    evaluate(run, e->left, node, &of);
    value->nothing = of.nothing;
    if (of.nothing) return;
    char kind = text_kind(of.text);
    if (kind == '"') {
        set_number(value, string_length((Text){of.text.bytes + 1, of.text.size - 2}));
    } else if (of.node != NO_NODE && (kind == '[' || kind == '{')) {
        set_number(value, doc_child_count(run->doc, of.node));
    } else {
        value->nothing = true;
    }
}

static void set_node(const PathRun *run, Nodes nodes, Comparable *value) {
    value->nothing = nodes.count != 1;
    if (value->nothing) return;
    value->node = nodes.node;
    value->text = doc_text(run->doc, nodes.node);
}

static void evaluate(const PathRun *run, Expression *e, uint32_t node, Comparable *value) {
    value->nothing = false;
    value->node = NO_NODE;
    if (e->kind == LITERAL) {
        value->text = e->literal;
    } else if (e->kind == VALUE_OF) {
        set_node(run, nodes_of(run, e->query, node, 2), value);
    } else if (e->function == LENGTH) {
        evaluate_length(run, e, node, value);
    } else if (e->function == COUNT) {
        set_number(value, nodes_of(run, e->left->query, node, UINT64_MAX).count);
    } else {
        set_node(run, nodes_of(run, e->left->query, node, 2), value);
    }
}

static bool is_equal(const PathRun *run, const Comparable *left, const Comparable *right) {
    if (left->nothing || right->nothing) return left->nothing && right->nothing;
    char kind = text_kind(left->text);
    if (kind != '[' && kind != '{') return same_scalars(left->text, right->text);
    if (right->node == NO_NODE) return false;
    return same_values(run->doc, left->node, run->doc, right->node);
}

static bool is_less(const Comparable *left, const Comparable *right) {
    if (left->nothing || right->nothing) return false;
    Text a = left->text, b = right->text;
    if (text_kind(a) != text_kind(b)) return false;
    if (text_kind(a) == '0') return decimal_compare(a, b) < 0;
    if (text_kind(a) != '"') return false;
    return strings_compare((Text){a.bytes + 1, a.size - 2}, (Text){b.bytes + 1, b.size - 2}) < 0;
}

static bool compare(const PathRun *run, Expression *e, uint32_t node) {
    Comparable left, right;
    evaluate(run, e->left, node, &left);
    evaluate(run, e->right, node, &right);
    switch (e->comparison) {
    case EQUAL: return is_equal(run, &left, &right);
    case UNEQUAL: return !is_equal(run, &left, &right);
    case LESS: return is_less(&left, &right);
    case GREATER: return is_less(&right, &left);
    case AT_MOST: return is_less(&left, &right) || is_equal(run, &left, &right);
    default: return is_less(&right, &left) || is_equal(run, &left, &right);
    }
}

/* A pattern that is no I-Regexp matches nothing. */
static bool matches(const PathRun *run, Expression *e, uint32_t node) {
    Comparable string, pattern;
    const char *problem;
    evaluate(run, e->left, node, &string);
    evaluate(run, e->right, node, &pattern);
    if (string.nothing || pattern.nothing || text_kind(string.text) != '"' || text_kind(pattern.text) != '"')
        return false;
    Text inside = {pattern.text.bytes + 1, pattern.text.size - 2};
    if (e->pattern.bytes == NULL || !text_equal(e->pattern, inside)) {
        e->pattern = text_kept(inside);
        e->regex = regex_compile(e->pattern, I_REGEXP, &problem);
    }
    if (e->regex == NULL) return false;
    return regex_matches(e->regex, (Text){string.text.bytes + 1, string.text.size - 2}, e->function == SEARCH);
}

bool path_filter(const PathRun *run, Expression *e, uint32_t node) {
    for (; e->kind == AND || e->kind == OR; e = e->right) {
        if (path_filter(run, e->left, node) != (e->kind == AND)) return e->kind == OR;
    }
    switch (e->kind) {
    case NOT: return !path_filter(run, e->left, node);
    case COMPARE: return compare(run, e, node);
    case CALL: return matches(run, e, node);
    default: return nodes_of(run, e->query, node, 1).count > 0;
    }
}
