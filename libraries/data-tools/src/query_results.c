#include "places.h"
#include "query.h"
#include "strings.h"

Results results;

void result_done(void) {
    results.found++;
    if (results.found < results.most) return;
    if (results.printing == PRINT_COUNT) {
        out_number(results.found);
        out_byte('\n');
    }
    finish(STATUS_GOOD);
}

void result_text(Text text) {
    static Buffer said;
    switch (results.printing) {
    case PRINT_RAW:
        if (text.bytes[0] != '"') break;
        said.size = 0;
        string_say((Text){text.bytes + 1, text.size - 2}, &said);
        text = buffer_all(&said);
        break;
    case PRINT_PATHS: text = buffer_all(&results.path); break;
    case PRINT_COUNT: result_done(); return;
    default: break;
    }
    out_bytes(text.bytes, text.size);
    out_byte('\n');
    result_done();
}

void result_scanned(Scanner *scanner) {
    static Buffer kept;
    kept.size = 0;
    if (results.printing == PRINT_VALUES) {
        scan_capture(scanner, PRINT, NULL);
        out_byte('\n');
        result_done();
        return;
    }
    scan_capture(scanner, results.printing == PRINT_RAW ? KEEP : DROP, &kept);
    result_text(buffer_all(&kept));
}

/* RFC 9535, 2.7: single quotation marks, and escapes only where they must be. */
void path_add_name(Text name) {
    static const char hex[] = "0123456789abcdef";
    static const char names[] = "btn-fr";
    Buffer *path = &results.path;
    static Buffer said;
    said.size = 0;
    string_say(name, &said);
    buffer_text(path, "['");
    for (size_t i = 0; i < said.size; i++) {
        uint8_t c = (uint8_t)said.bytes[i];
        if (c >= ' ' && c != '\'' && c != '\\') {
            buffer_byte(path, (char)c);
            continue;
        }
        buffer_byte(path, '\\');
        if (c >= ' ') {
            buffer_byte(path, (char)c);
        } else if (c >= '\b' && c <= '\r' && c != '\v') {
            buffer_byte(path, names[c - '\b']);
        } else {
            char code[] = {'u', '0', '0', hex[c >> 4], hex[c & 15]};
            buffer_add(path, code, sizeof code);
        }
    }
    buffer_text(path, "']");
}

void path_add_index(uint64_t index) {
    buffer_byte(&results.path, '[');
    buffer_number(&results.path, index);
    buffer_byte(&results.path, ']');
}

static void path_step(const Places *places, uint32_t node, Buffer *to) {
    (void)to;
    if (places_is_member(places, node)) {
        path_add_name(doc_name(places->doc, node));
    } else {
        path_add_index(places->places[node]);
    }
}

static bool show_node(void *context, uint32_t node) {
    const Places *places = context;
    size_t size = results.path.size;
    if (results.printing == PRINT_PATHS) places_walk(places, node, path_step, NULL);
    result_text(doc_text(places->doc, node));
    results.path.size = size;
    return true;
}

void results_within(const Segment *rest, Buffer *text) {
    static Doc doc;
    static Places places;
    buffer_byte(text, 0);
    doc_read(&doc, (Text){text->bytes, text->size - 1});
    places.doc = &doc;
    if (results.printing == PRINT_PATHS) places_index(&places, &doc);
    PathRun run = {&doc, 0, show_node, &places};
    path_run(&run, rest, 0);
}
