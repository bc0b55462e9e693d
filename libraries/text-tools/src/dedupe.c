/* text.dedupe: keeps the first of equal lines. */
#include <wctype.h>

#include "args.h"
#include "commands.h"
#include "memory.h"
#include "seen.h"
#include "utf8.h"

/* A line is held in pieces: a long one needs no copying and a short one no new piece. */
typedef struct Piece {
    struct Piece *next;
    size_t used;
    uint8_t data[BLOCK - 16];
} Piece;

static Piece *first_piece;
static Piece *last_piece;

static Piece *piece_after(Piece *piece) {
    if (piece != NULL && piece->next != NULL) return piece->next;
    Piece *new = memory_take(sizeof *new);
    if (new == NULL) fail("dedupe", "there is a line too long for the memory", NULL);
    if (piece != NULL) piece->next = new;
    return new;
}

static void hold(const uint8_t *bytes, size_t size) {
    while (size > 0) {
        size_t room = sizeof last_piece->data - last_piece->used;
        if (room == 0) {
            last_piece = piece_after(last_piece);
            last_piece->used = 0;
            continue;
        }
        size_t part = room < size ? room : size;
        memcpy(last_piece->data + last_piece->used, bytes, part);
        last_piece->used += part;
        bytes += part;
        size -= part;
    }
}

static void release_line(void) {
    last_piece = first_piece;
    last_piece->used = 0;
}

static void out_line(void) {
    for (Piece *piece = first_piece;; piece = piece->next) {
        out_bytes(piece->data, piece->used);
        if (piece == last_piece) break;
    }
    out_byte('\n');
}

/* Holds and hashes the next line up to its line feed, which it takes too. */
static void take_line(Input *input, Sha256 *hash) {
    while (input_any(input)) {
        const uint8_t *start = input->data + input->start;
        size_t size = input->end - input->start;
        const uint8_t *newline = memchr(start, '\n', size);
        if (newline != NULL) size = (size_t)(newline - start);
        hold(start, size);
        sha256_add(hash, start, size);
        input->start += size;
        if (newline == NULL) continue;
        input->start++;
        return;
    }
}

/* Likewise, but hashes what the letters are without regard to case. */
static void take_folded_line(Input *input, Sha256 *hash) {
    Char c;
    while (input_char(input, &c) && c.code != '\n') {
        hold(c.bytes, c.size);
        if (c.code >= 0) {
            uint32_t folded = (uint32_t)towlower(towupper((wint_t)c.code));
            c.size = (uint8_t)utf8_encode(folded, c.bytes);
        }
        sha256_add(hash, c.bytes, c.size);
    }
}

int text_dedupe(void) {
    static Input input;
    bool adjacent = arg_flag("adjacent");
    bool ignore_case = arg_flag("ignore-case");
    Meeting wanted = arg_flag("repeated") ? SECOND : FIRST;
    first_piece = piece_after(NULL);
    input_open(&input, "dedupe");
    while (input_any(&input)) {
        Sha256 hash;
        sha256_begin(&hash);
        release_line();
        (ignore_case ? take_folded_line : take_line)(&input, &hash);
        Mark mark = mark_of(&hash);
        if ((adjacent ? meet_adjacent(mark) : meet(mark)) == wanted) out_line();
    }
    return STATUS_GOOD;
}
