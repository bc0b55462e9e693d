/* json.format: the same values in another layout. */
#include <stdlib.h>

#include "args.h"
#include "commands.h"
#include "doc.h"
#include "strings.h"

static struct {
    bool compact;
    bool sorted;
    bool ascii;
    int indent;
} layout;

static void out_line(int depth) {
    if (layout.compact) return;
    size_t spaces = (size_t)depth * (size_t)layout.indent;
    out_byte('\n');
    while (spaces > 0) {
        size_t part = spaces < 1024 ? spaces : 1024;
        memset(out_room(part), ' ', part);
        output.used += part;
        spaces -= part;
    }
}

static void out_unit(uint32_t unit) {
    static const char hex[] = "0123456789abcdef";
    char escape[] = {'\\', 'u', hex[unit >> 12], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15]};
    out_bytes(escape, sizeof escape);
}

/* Leaves what is ASCII as it is written, its escapes too. */
static void out_ascii(Text string) {
    const uint8_t *at = (const uint8_t *)string.bytes, *end = at + string.size;
    while (at < end) {
        const uint8_t *from = at;
        while (at < end && *at < 0x80) at++;
        out_bytes(from, (size_t)(at - from));
        if (at == end) return;
        Letters letters = {at, end};
        uint32_t code = (uint32_t)letters_next(&letters);
        at = letters.at;
        if (code >= 0x10000) {
            out_unit(0xd800 + ((code - 0x10000) >> 10));
            code = 0xdc00 + ((code - 0x10000) & 0x3ff);
        }
        out_unit(code);
    }
}

static void out_string(Text string) {
    out_byte('"');
    layout.ascii ? out_ascii(string) : out_bytes(string.bytes, string.size);
    out_byte('"');
}

static void out_colon(void) { layout.compact ? out_byte(':') : out_text(": "); }

static void format_token(Scanner *scanner, int c) {
    if (c == '"' && layout.ascii) {
        out_string(scan_string_text(scanner));
    } else {
        scan_print(scanner, c);
    }
}

static void format_name(Scanner *scanner) {
    out_string(scan_name(scanner));
    out_colon();
}

/* After a child; false when the value is complete. */
static bool format_next(Scanner *scanner) {
    while (scanner->depth > 0) {
        char close = scanner->open[scanner->depth - 1];
        bool more = scan_next(scanner);
        if (more) out_byte(',');
        out_line(scanner->depth);
        if (!more) {
            out_byte((uint8_t)close);
            continue;
        }
        if (close == '}') format_name(scanner);
        return true;
    }
    return false;
}

/* Opens an array or object; false when it is empty. */
static bool format_enter(Scanner *scanner, int c) {
    out_byte((uint8_t)c);
    if (!scan_enter(scanner)) {
        out_byte(c == '{' ? '}' : ']');
        return false;
    }
    out_line(scanner->depth);
    if (c == '{') format_name(scanner);
    return true;
}

static void format_value(Scanner *scanner) {
    for (;;) {
        int c = scan_space(scanner);
        if (c == '{' || c == '[') {
            if (format_enter(scanner, c)) continue;
        } else {
            format_token(scanner, c);
        }
        if (!format_next(scanner)) return;
    }
}

static const Doc *sorting;

static int by_name(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    int order = strings_compare(doc_name(sorting, a), doc_name(sorting, b));
    return order != 0 ? order : a < b ? -1 : 1;
}

static const uint32_t *sorted_children(const Doc *doc, uint32_t node, uint32_t *count) {
    *count = doc_child_count(doc, node);
    uint32_t *children = take_many((size_t)*count + 1, sizeof *children), i = 0;
    for (uint32_t c = doc_first(doc, node); c != NO_NODE; c = doc_after(doc, node, c)) children[i++] = c;
    if (doc_kind(doc, node) == '{') {
        sorting = doc;
        qsort(children, *count, sizeof *children, by_name);
    }
    return children;
}

static void format_sorted(const Doc *doc, uint32_t node, int depth) {
    char kind = doc_kind(doc, node);
    if (kind == '"') {
        out_string(doc_string(doc, node));
    } else if (kind != '{' && kind != '[') {
        out_bytes(doc_text(doc, node).bytes, doc_text(doc, node).size);
    } else {
        uint32_t count;
        const uint32_t *children = sorted_children(doc, node, &count);
        out_byte((uint8_t)kind);
        for (uint32_t i = 0; i < count; i++) {
            if (i > 0) out_byte(',');
            out_line(depth + 1);
            if (kind == '{') out_string(doc_name(doc, children[i])), out_colon();
            format_sorted(doc, children[i], depth + 1);
        }
        if (count > 0) out_line(depth);
        out_byte(kind == '{' ? '}' : ']');
    }
}

static void format_in_order(Scanner *scanner) {
    static Buffer text;
    static Doc doc;
    text.size = 0;
    scan_capture(scanner, KEEP, &text);
    buffer_byte(&text, 0);
    doc_read(&doc, (Text){text.bytes, text.size - 1});
    format_sorted(&doc, 0, 0);
}

int json_format(void) {
    static Scanner scanner;
    command_name = "json.format";
    layout.compact = arg_flag("compact");
    layout.sorted = arg_flag("sort-keys");
    layout.ascii = arg_flag("ascii");
    layout.indent = (int)arg_integer("indent", 2, 0, 8);
    scan_open(&scanner, arg_path("file"));
    uint64_t values = 0;
    for (; scan_another(&scanner); values++) {
        if (layout.sorted) {
            format_in_order(&scanner);
        } else if (layout.compact && !layout.ascii) {
            scan_capture(&scanner, PRINT, NULL);
        } else {
            format_value(&scanner);
        }
        out_byte('\n');
    }
    if (values == 0) fail(command_name, "the input holds no JSON value", NULL);
    return STATUS_GOOD;
}
