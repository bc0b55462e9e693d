#include "io.h"

#include <stdlib.h>
#include <unistd.h>

Output output;

bool input_more(Input *input) {
    size_t left = input->end - input->start;
    if (input->ended || left == BLOCK) return false;
    if (left > 0) memmove(input->data, input->data + input->start, left);
    input->passed += input->start;
    input->start = 0;
    input->end = left;
    ssize_t size = read(input->file, input->data + left, BLOCK - left);
    if (size < 0) fail(input->command, "the input cannot be read", NULL);
    input->ended = size == 0;
    input->end += (size_t)size;
    return size > 0;
}

/* False when the other side takes no more. */
static bool write_all(int file, const uint8_t *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written <= 0) return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

/* The reader of the output is gone or full; there is nobody to tell. */
static void write_output(const uint8_t *bytes, size_t size) {
    if (!write_all(STDOUT_FILENO, bytes, size)) _Exit(STATUS_OUTPUT_LOST);
}

void out_flush(void) {
    size_t used = output.used;
    output.used = 0;
    write_output(output.data, used);
}

void out_bytes(const void *bytes, size_t size) {
    if (size > BLOCK - output.used) {
        out_flush();
        if (size >= BLOCK) {
            write_output(bytes, size);
            return;
        }
    }
    memcpy(output.data + output.used, bytes, size);
    output.used += size;
}

void out_text(const char *text) { out_bytes(text, strlen(text)); }

/* Returns where the digits begin in a buffer of 20 bytes. */
static char *digits(char *end, uint64_t number) {
    do {
        *--end = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return end;
}

void out_number(uint64_t number) {
    char text[20];
    char *start = digits(text + sizeof text, number);
    out_bytes(start, (size_t)(text + sizeof text - start));
}

static struct {
    size_t used;
    char data[4096];
} log_line;

static void log_flush(void) {
    write_all(STDERR_FILENO, (const uint8_t *)log_line.data, log_line.used);
    log_line.used = 0;
}

void log_bytes(const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (log_line.used == sizeof log_line.data) log_flush();
        unsigned char c = (unsigned char)bytes[i];
        log_line.data[log_line.used++] = c < ' ' || c == 0x7f ? '?' : (char)c;
    }
}

void log_text(const char *text) { log_bytes(text, strlen(text)); }

void log_number(uint64_t number) {
    char text[20];
    char *start = digits(text + sizeof text, number);
    log_bytes(start, (size_t)(text + sizeof text - start));
}

void log_end(void) {
    if (log_line.used == sizeof log_line.data) log_flush();
    log_line.data[log_line.used++] = '\n';
    log_flush();
}

/* _Exit, because no exit handler has anything to do. */
_Noreturn void finish(int status) {
    out_flush();
    _Exit(status);
}

_Noreturn void fail(const char *command, const char *problem, const char *detail) {
    log_text(command);
    log_text(": ");
    log_text(problem);
    if (detail != NULL) log_text(detail);
    log_end();
    finish(STATUS_BAD_INPUT);
}

_Noreturn void fail_at(const char *command, const char *problem, uint64_t offset) {
    log_text(command);
    log_text(": ");
    log_text(problem);
    log_text(" at byte ");
    log_number(offset);
    log_end();
    finish(STATUS_BAD_INPUT);
}
