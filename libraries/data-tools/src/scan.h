/*
 * A strict reader of JSON texts (RFC 8259, UTF-8) of any length, going forward in blocks.
 * What is wrong ends the command, with the offset of the byte.
 */
#ifndef SCAN_H
#define SCAN_H

#include "buffer.h"

enum { DEEPEST = 1000 };

/* What happens to the bytes of values that pass, white space left out. */
typedef enum { DROP, KEEP, PRINT } Capture;

typedef struct Scanner {
    uint8_t *data; /* the unread bytes are data[at .. end), and data[end] is 0 */
    size_t at;
    size_t end;
    uint64_t passed; /* the offset of data[0] */
    int file;        /* -1 when all the bytes are there */
    Capture capture;
    size_t mark; /* the bytes from here on are still to be captured */
    Buffer *kept;
    bool holding; /* a text that is wanted in one piece begins at held_from */
    size_t held_from;
    Buffer held;
    int depth;
    char open[DEEPEST + 1];
    uint64_t lines; /* line feeds in what has passed, if they are counted */
    uint64_t columns;
    bool counting;
    void (*refuse)(const struct Scanner *scanner, const char *problem, uint64_t offset);
} Scanner;

/* Begins to read the file at a path, or the standard input for "-". */
void scan_open(Scanner *scanner, const char *path);

/* Begins to read a text in memory; a byte 0 has to follow it. */
void scan_text(Scanner *scanner, Text text);

/* Ends the command: problem "at byte N", N counting from 0. */
_Noreturn void scan_refuse(const Scanner *scanner, const char *problem);

/* Reads the next block when all bytes are read; false at the end. */
bool scan_more(Scanner *scanner);

/* The next byte, or -1 at the end. */
static inline int scan_peek(Scanner *scanner) {
    if (scanner->at < scanner->end || scan_more(scanner)) return scanner->data[scanner->at];
    return -1;
}

static inline uint64_t scan_offset(const Scanner *scanner) { return scanner->passed + scanner->at; }

/* Steps over white space; what is captured has none. Returns the next byte, or -1 at the end. */
int scan_space_slowly(Scanner *scanner);

static inline int scan_space(Scanner *scanner) {
    int c = scanner->data[scanner->at];
    return c > ' ' ? c : scan_space_slowly(scanner);
}

/* Takes a byte that has to be there. */
void scan_expect(Scanner *scanner, char byte, const char *problem);

/* Takes a string, at its quotation mark. */
void scan_string(Scanner *scanner);

/* Takes a string and gives what is between its quotation marks, until the next call. */
Text scan_string_text(Scanner *scanner);

/* Takes a number, true, false or null, which begins with the byte c. */
void scan_scalar(Scanner *scanner, int c);

/* Enters an array or object, at its bracket; false when it is empty, and then it is already left. */
bool scan_enter(Scanner *scanner);

/* After a child: true when another one follows; false after the closing bracket, which is taken. */
bool scan_next(Scanner *scanner);

/* Takes a member's name and its colon. */
Text scan_name(Scanner *scanner);

/* Takes one whole value. */
void scan_value(Scanner *scanner);

/* Takes one value and captures its text without white space. */
void scan_capture(Scanner *scanner, Capture capture, Buffer *kept);

/* Takes a string or scalar that begins with the byte c, and prints it. */
void scan_print(Scanner *scanner, int c);

/* The line and the column, counted from 1 in characters, of the next byte. */
void scan_position(const Scanner *scanner, uint64_t *line, uint64_t *column);

/* Begins and ends a capture whose values the caller scans; between them scan_kept gives the captured size. */
void scan_begin(Scanner *scanner, Buffer *kept);
size_t scan_kept(Scanner *scanner);
void scan_end(Scanner *scanner);

/* Between values: false at the end of the input. White space has to stand between two values. */
bool scan_another(Scanner *scanner);

#endif
