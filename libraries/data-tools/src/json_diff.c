/* json.diff and json.changes: what changed between two documents, for programs and for people. */
#include "args.h"
#include "commands.h"
#include "decimal.h"
#include "diff.h"

static void out_value(int side, uint32_t node) {
    static Buffer text;
    text.size = 0;
    doc_compact(&diff.docs[side], node, &text);
    out_bytes(text.bytes, text.size);
}

/* One operation of an RFC 6902 patch. */
static void tell_patch(Change change, uint32_t old, uint32_t new) {
    static const char *const names[] = {"add", "remove", "replace"};
    (void)old;
    out_text(diff.changes++ == 0 ? "[" : ",");
    out_text("{\"op\":\"");
    out_text(names[change]);
    out_text("\",\"path\":\"");
    out_bytes(diff.path.bytes, diff.path.size);
    out_byte('"');
    if (change != REMOVE) {
        out_text(",\"value\":");
        out_value(1, new);
    }
    out_byte('}');
}

/* Lines for people: the path, then what was and what is. */
static void tell_text(Change change, uint32_t old, uint32_t new) {
    static const char signs[] = "+-~";
    diff.changes++;
    out_byte((uint8_t)signs[change]);
    out_byte(' ');
    if (diff.path.size == 0) out_text("(the whole document)");
    out_bytes(diff.path.bytes, diff.path.size);
    out_text(": ");
    if (change != ADD) out_value(0, old);
    if (change == REPLACE) out_text(" -> ");
    if (change != REMOVE) out_value(1, new);
    out_byte('\n');
}

static void load(int side, const char *name) {
    doc_load(&diff.docs[side], arg_path(name), NULL);
    diff.hashes[side] = same_hashes(&diff.docs[side], diff.tolerance <= 0);
}

/* The two documents that the arguments name. */
static void load_both(void) {
    const Json *tolerance = arg_value("tolerance");
    if (tolerance != NULL) diff.tolerance = decimal_double(tolerance->string);
    const char *old = arg_path("old"), *new = arg_path("new");
    if (strcmp(old, "-") == 0 && strcmp(new, "-") == 0)
        fail(command_name, "only one of the two can be standard input", NULL);
    load(0, "old");
    load(1, "new");
}

static int outcome(void) { return diff.changes == 0 ? STATUS_GOOD : STATUS_NO; }

int json_diff(void) {
    static const char *const formats[] = {"patch", "merge", NULL};
    command_name = "json.diff";
    int format = arg_choice("format", formats, "patch");
    load_both();
    if (format == 1) {
        diff_merge();
    } else {
        diff_values(0, 0, tell_patch);
        out_text(diff.changes == 0 ? "[]\n" : "]\n");
    }
    return outcome();
}

int json_changes(void) {
    command_name = "json.changes";
    load_both();
    diff_values(0, 0, tell_text);
    return outcome();
}
