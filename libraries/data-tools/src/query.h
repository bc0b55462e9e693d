/* The running json.query: what is printed, and how results are found while the input is read. */
#ifndef QUERY_H
#define QUERY_H

#include "path_run.h"

typedef enum { PRINT_VALUES, PRINT_RAW, PRINT_PATHS, PRINT_COUNT } Printing;

/* Where the value that is looked at now is, as a normalized path; kept up only when paths are printed. */
typedef struct {
    Printing printing;
    uint64_t found;
    uint64_t most;
    Buffer path;
} Results;

extern Results results;

/* Prints a result, a text without white space; ends the command after the last one wanted. */
void result_text(Text text);

/* Prints the result that is the next value of the input. */
void result_scanned(Scanner *scanner);

/* Applies the remaining segments to a text without white space, which is the value of the current path. */
void results_within(const Segment *rest, Buffer *text);

/* Counts a result, and ends the command after the last one wanted. */
void result_done(void);

/* Adds a step to the current path. */
void path_add_name(Text name);
void path_add_index(uint64_t index);

/* Applies segments while reading; the scanner is at a value, and takes it. */
void query_stream(Scanner *scanner, const Segment *segment);

/* Likewise, for a first segment such as ..name. */
void query_descend(Scanner *scanner, const Segment *segment);

#endif
