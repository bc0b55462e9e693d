/* Comma-separated values (RFC 4180), read and written one record at a time. */
#ifndef CSV_H
#define CSV_H

#include "buffer.h"

typedef struct {
    Input input;
    char delimiter;
    uint64_t line; /* where the record began, counted from 1 */
    uint64_t next_line;
    Buffer text; /* the fields of the record, one behind the other */
    size_t *ends;
    size_t count;
    size_t room;
} Csv;

/* Opens the argument "file" and reads the option "delimiter". */
void csv_open(Csv *csv);

/* The option "delimiter": one ASCII character, or the word tab. */
char csv_delimiter(void);

/* Reads the next record; false at the end. A line with nothing on it is no record. */
bool csv_next(Csv *csv);

static inline Text csv_field(const Csv *csv, size_t index) {
    size_t start = index == 0 ? 0 : csv->ends[index - 1];
    return (Text){csv->text.bytes + start, csv->ends[index] - start};
}

/* Ends the command: problem in line N. */
_Noreturn void csv_refuse(const Csv *csv, const char *problem);

/* Writes a field, in quotation marks where it needs them. */
void csv_out(Text field, char delimiter);

/* Writes a line end, with --crlf the one of RFC 4180. */
void csv_out_end(bool crlf);

#endif
