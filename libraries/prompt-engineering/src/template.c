#include "template.h"

#include <string.h>

#include "buffer.h"
#include "main.h"
#include "memory.h"
#include "text.h"

typedef struct {
    Template *template;
    Reporter *reporter;
    const char *source;
    size_t size;
    size_t from;    /* what lies before it is in a node */
    size_t at;      /* what lies before it is read */
    size_t stray;   /* the first "}}" that a text may hold; looked for once */
    size_t escaped; /* literal "{{" whose "}}" is still to come */
    uint32_t open[DEEPEST_BLOCK];
    int depth;
    int each_depth;
    size_t too_deep; /* blocks that are not on the stack */
} Parser;

static void tell(Parser *parser, Rule rule, size_t offset, Text detail) {
    parser->reporter->tell(parser->reporter, rule, offset, text_cut(detail, 80));
}

/* The offset of the next pair of braces, or the end of the source. */
static size_t find_pair(const Parser *parser, size_t from, char brace) {
    while (from < parser->size) {
        const char *found = memchr(parser->source + from, brace, parser->size - from);
        if (found == NULL) break;
        from = (size_t)(found - parser->source);
        if (from + 1 < parser->size && found[1] == brace) return from;
        from++;
    }
    return parser->size;
}

static Node *add(Parser *parser, NodeKind kind, Text text) {
    Template *template = parser->template;
    Node *node = array_more((void **)&template->nodes, template->count, sizeof *node);
    *node = (Node){.kind = kind, .text = text};
    template->count++;
    return node;
}

static void add_text(Parser *parser, size_t end) {
    size_t start = parser->from;
    if (start >= end) return;
    if (parser->stray < start) parser->stray = find_pair(parser, start, '}');
    while (parser->stray < end) {
        if (parser->escaped > 0) {
            parser->escaped--;
        } else {
            tell(parser, RULE_STRAY_CLOSE, parser->stray, text_of(""));
        }
        parser->stray = find_pair(parser, parser->stray + 2, '}');
    }
    add(parser, NODE_TEXT, (Text){parser->source + start, end - start});
}

/* A tag that is alone on its line takes the line with it. */
static void widen(const Parser *parser, size_t *start, size_t *end) {
    size_t before = *start, after = *end;
    while (before > parser->from && is_blank(parser->source[before - 1])) before--;
    if (before > parser->template->body && parser->source[before - 1] != '\n') return;
    while (after < parser->size && is_blank(parser->source[after])) after++;
    if (after + 1 < parser->size && parser->source[after] == '\r' &&
        parser->source[after + 1] == '\n') {
        after++;
    }
    if (after < parser->size && parser->source[after] != '\n') return;
    *start = before;
    *end = after < parser->size ? after + 1 : after;
}

static void check_this(Parser *parser, Text name) {
    if (!text_equal(text_first_part(name), text_of("this")) || parser->each_depth > 0) return;
    tell(parser, RULE_THIS_OUTSIDE_EACH, (size_t)(name.bytes - parser->source), name);
}

static void open_block(Parser *parser, size_t offset, NodeKind kind, Text name) {
    if (!text_is_name(name)) {
        tell(parser, RULE_BAD_TAG, offset, name);
    } else if (kind == NODE_EACH || kind == NODE_IF) {
        check_this(parser, name);
    }
    if (parser->depth == DEEPEST_BLOCK) {
        if (parser->too_deep++ == 0) tell(parser, RULE_TOO_DEEP, offset, name);
        return;
    }
    parser->open[parser->depth++] = (uint32_t)parser->template->count;
    if (kind == NODE_EACH) parser->each_depth++;
    add(parser, kind, name);
}

static Node *innermost(const Parser *parser) {
    return parser->depth == 0 ? NULL : &parser->template->nodes[parser->open[parser->depth - 1]];
}

static void read_else(Parser *parser, size_t offset) {
    Node *block = innermost(parser);
    if (parser->too_deep > 0) return;
    if (block == NULL || block->kind != NODE_IF || block->middle != 0) {
        tell(parser, RULE_ELSE_WITHOUT_IF, offset, text_of(""));
        return;
    }
    block->middle = (uint32_t)parser->template->count;
    add(parser, NODE_ELSE, text_of(""));
}

static void close_block(Parser *parser, size_t offset, NodeKind kind, Text tag) {
    Node *block = innermost(parser);
    if (parser->too_deep > 0) {
        parser->too_deep--;
        return;
    }
    if (block == NULL || block->kind != kind) {
        tell(parser, RULE_STRAY_BLOCK_END, offset, tag);
        return;
    }
    parser->depth--;
    if (kind == NODE_EACH) parser->each_depth--;
    block->end = (uint32_t)parser->template->count;
    if (block->middle == 0) block->middle = block->end;
    add(parser, NODE_END, tag);
}

static void read_value(Parser *parser, size_t offset, Text tag) {
    const char *bar = memchr(tag.bytes, '|', tag.size);
    Text name = tag;
    if (bar != NULL) name = text_trimmed((Text){tag.bytes, (size_t)(bar - tag.bytes)});
    if (!text_is_name(name)) {
        tell(parser, RULE_BAD_TAG, offset, tag);
        return;
    }
    check_this(parser, name);
    Node *node = add(parser, NODE_VALUE, name);
    if (bar == NULL) return;
    node->has_default = true;
    node->otherwise = text_trimmed((Text){bar + 1, tag.size - (size_t)(bar + 1 - tag.bytes)});
}

/* The name in "#if name", or false. */
static bool block_name(Text tag, const char *word, Text *name) {
    size_t size = strlen(word);
    if (!text_begins(tag, word) || tag.size == size || !is_space(tag.bytes[size])) return false;
    *name = text_trimmed((Text){tag.bytes + size, tag.size - size});
    return true;
}

static void read_tag(Parser *parser, size_t start) {
    size_t close = find_pair(parser, start + 2, '}');
    if (close == parser->size) {
        tell(parser, RULE_UNCLOSED_TAG, start, text_of(""));
        parser->at = parser->size;
        return;
    }
    Text name, tag = text_trimmed((Text){parser->source + start + 2, close - start - 2});
    bool is_value =
        tag.size > 0 && memchr("!#/", *tag.bytes, 3) == NULL && !text_equal(tag, text_of("else"));
    size_t text_end = start, end = close + 2;
    if (!is_value && tag.size > 0) widen(parser, &text_end, &end);
    add_text(parser, text_end);
    parser->from = parser->at = end;
    if (is_value) {
        read_value(parser, start, tag);
    } else if (block_name(tag, "#if", &name)) {
        open_block(parser, start, NODE_IF, name);
    } else if (block_name(tag, "#each", &name)) {
        open_block(parser, start, NODE_EACH, name);
    } else if (text_equal(tag, text_of("else"))) {
        read_else(parser, start);
    } else if (text_equal(tag, text_of("/if"))) {
        close_block(parser, start, NODE_IF, tag);
    } else if (text_equal(tag, text_of("/each"))) {
        close_block(parser, start, NODE_EACH, tag);
    } else if (tag.size == 0 || *tag.bytes != '!') {
        tell(parser, RULE_BAD_TAG, start, tag);
    }
}

static void read_body(Parser *parser) {
    while (parser->at < parser->size) {
        size_t start = find_pair(parser, parser->at, '{');
        if (start == parser->size) break;
        if (start > parser->from && parser->source[start - 1] == '\\') {
            add_text(parser, start - 1);
            parser->from = start;
            parser->at = start + 2;
            parser->escaped++;
        } else {
            read_tag(parser, start);
        }
    }
    add_text(parser, parser->size);
}

static void tell_unclosed(Parser *parser) {
    for (int i = 0; i < parser->depth; i++) {
        Text name = parser->template->nodes[parser->open[i]].text;
        tell(parser, RULE_UNCLOSED_BLOCK, (size_t)(name.bytes - parser->source), name);
    }
}

Template *template_read(Text source, Reporter *reporter) {
    Template *template = memory_need(command_library, sizeof *template);
    *template = (Template){.source = source};
    size_t fault = text_fault(source);
    if (fault != SIZE_MAX) {
        reporter->tell(reporter, RULE_NOT_UTF8, fault, text_of(""));
        template->body = source.size;
        return template;
    }
    front_read(template, reporter);
    Parser parser = {
        .template = template, .reporter = reporter, .source = source.bytes, .size = source.size};
    parser.from = parser.at = template->body;
    parser.stray = find_pair(&parser, template->body, '}');
    read_body(&parser);
    tell_unclosed(&parser);
    if (text_trimmed((Text){source.bytes + template->body, source.size - template->body}).size ==
        0) {
        reporter->tell(reporter, RULE_EMPTY_TEMPLATE, template->body, text_of(""));
    }
    return template;
}
