/* Buffered input and output, the log, and the ways to end. */
#ifndef IO_H
#define IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 65536 };

enum { STATUS_GOOD = 0, STATUS_NO = 1, STATUS_BAD_INPUT = 2, STATUS_OUTPUT_LOST = 3 };

typedef struct {
    int file;
    bool ended;
    const char *command;
    size_t start; /* the unread bytes are data[start .. end) */
    size_t end;
    uint64_t passed; /* the offset of data[0] in the whole input */
    uint8_t data[BLOCK];
} Input;

/* Reads at least one more byte and keeps the unread ones; false at the end. */
bool input_more(Input *input);

/* True when a byte can be taken. */
static inline bool input_any(Input *input) {
    return input->start < input->end || input_more(input);
}

/* The next byte, or -1 at the end. */
static inline int input_byte(Input *input) {
    return input_any(input) ? input->data[input->start++] : -1;
}

/* The offset in the whole input of the next byte. */
static inline uint64_t input_offset(const Input *input) {
    return input->passed + input->start;
}

typedef struct {
    size_t used;
    uint8_t data[BLOCK];
} Output;

extern Output output;

void out_flush(void);

/* Writes bytes of any number. */
void out_bytes(const void *bytes, size_t size);

void out_text(const char *text);

void out_number(uint64_t number);

/* Makes room for size bytes, at most BLOCK, and returns where to put them. */
static inline uint8_t *out_room(size_t size) {
    if (BLOCK - output.used < size) out_flush();
    return output.data + output.used;
}

static inline void out_byte(uint8_t byte) {
    *out_room(1) = byte;
    output.used++;
}

/* One log line is built of parts and ended by log_end. */
void log_bytes(const char *bytes, size_t size);
void log_text(const char *text);
void log_number(uint64_t number);
void log_end(void);

/* Writes what is left and ends. */
_Noreturn void finish(int status);

/* Logs "command: problem detail" (detail may be NULL) and ends: bad input. */
_Noreturn void fail(const char *command, const char *problem, const char *detail);

/* Logs "command: problem at byte N" and ends: bad input. */
_Noreturn void fail_at(const char *command, const char *problem, uint64_t offset);

#endif
