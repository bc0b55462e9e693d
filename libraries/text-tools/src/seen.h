/* A set of lines, each known by a hash. */
#ifndef SEEN_H
#define SEEN_H

#include "sha256.h"

/*
 * 126 bits of a SHA-256: among ten million different lines, two are taken for equal with odds
 * of about 1 in 10^24, and nobody makes such a pair on purpose with less than 2^63 tries.
 */
typedef struct {
    uint64_t high;
    uint64_t low; /* the two lowest bits are flags: taken, and met again */
} Mark;

typedef enum { FIRST, SECOND, LATER } Meeting;

Mark mark_of(Sha256 *hash);

/* Which meeting with this line it is, of all. */
Meeting meet(Mark mark);

/* Which meeting with this line it is, of those in a row. */
Meeting meet_adjacent(Mark mark);

#endif
