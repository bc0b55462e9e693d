/* json.query: JSONPath over documents of any size. */
#include "args.h"
#include "commands.h"
#include "query.h"

static Printing chosen_printing(void) {
    bool raw = arg_flag("raw"), paths = arg_flag("paths"), count = arg_flag("count");
    if (raw + paths + count > 1) fail(command_name, "only one of --raw, --paths and --count can be used", NULL);
    return raw ? PRINT_RAW : paths ? PRINT_PATHS : count ? PRINT_COUNT : PRINT_VALUES;
}

/* When a filter looks at $, all of the value has to be there before anything is judged. */
static void query_whole(Scanner *scanner, const Segment *segment) {
    static Buffer whole;
    whole.size = 0;
    scan_capture(scanner, KEEP, &whole);
    results_within(segment, &whole);
}

int json_query(void) {
    static Scanner scanner;
    bool uses_root;
    command_name = "json.query";
    const Query *query = path_read(arg_text("query", ""), &uses_root);
    results.printing = chosen_printing();
    results.most = (uint64_t)arg_integer("limit", INT64_MAX, 1, INT64_MAX);
    scan_open(&scanner, arg_path("file"));
    if (results.printing == PRINT_PATHS) buffer_byte(&results.path, '$');
    uint64_t values = 0;
    for (; scan_another(&scanner); values++) (uses_root ? query_whole : query_stream)(&scanner, query->first);
    if (values == 0) fail(command_name, "the input holds no JSON value", NULL);
    if (results.printing == PRINT_COUNT) {
        out_number(results.found);
        out_byte('\n');
    }
    return results.found > 0 ? STATUS_GOOD : STATUS_NO;
}
