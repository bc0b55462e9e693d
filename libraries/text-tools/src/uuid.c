/* encode.uuid: random (v4) and time-ordered (v7) identifiers of RFC 9562. */
#include <wasi/api.h>

#include "args.h"
#include "commands.h"

enum { UUID_SIZE = 16, COUNTER_BITS = 12 };

static void fill_random(uint8_t *bytes, size_t size) {
    if (__wasi_random_get(bytes, size) != 0) fail("uuid", "there are no random numbers", NULL);
}

/* Random bytes are fetched many at a time: each fetch leaves the sandbox. */
static void random_uuid(uint8_t uuid[UUID_SIZE]) {
    static uint8_t pool[256 * UUID_SIZE];
    static size_t left;
    if (left == 0) {
        fill_random(pool, sizeof pool);
        left = sizeof pool;
    }
    left -= UUID_SIZE;
    memcpy(uuid, pool + left, UUID_SIZE);
}

static uint64_t milliseconds(void) {
    __wasi_timestamp_t now;
    if (__wasi_clock_time_get(__WASI_CLOCKID_REALTIME, 1000000, &now) != 0) {
        fail("uuid", "there is no clock", NULL);
    }
    return now / 1000000;
}

/*
 * The time and a counter of twelve bits, as one number that only grows. A new millisecond
 * starts the counter at a random point of its lower half; a full counter goes on into the
 * next millisecond, and so does a clock that was set back.
 */
static uint64_t next_tick(unsigned chance) {
    static uint64_t last;
    uint64_t tick = milliseconds() << COUNTER_BITS | (chance & 0x7ff);
    last = (tick >> COUNTER_BITS) > (last >> COUNTER_BITS) ? tick : last + 1;
    return last;
}

static void stamp_time(uint8_t uuid[UUID_SIZE]) {
    uint64_t tick = next_tick((unsigned)uuid[6] << 8 | uuid[7]);
    uint64_t time = tick >> COUNTER_BITS;
    for (int i = 5; i >= 0; i--, time >>= 8) uuid[i] = (uint8_t)time;
    uuid[6] = (uint8_t)(tick >> 8);
    uuid[7] = (uint8_t)tick;
}

static void out_uuid(uint8_t uuid[UUID_SIZE], unsigned version) {
    uuid[6] = (uint8_t)(version << 4 | (uuid[6] & 0x0f));
    uuid[8] = (uint8_t)(0x80 | (uuid[8] & 0x3f));
    for (int i = 0; i < UUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out_byte('-');
        out_byte((uint8_t)"0123456789abcdef"[uuid[i] >> 4]);
        out_byte((uint8_t)"0123456789abcdef"[uuid[i] & 15]);
    }
    out_byte('\n');
}

int encode_uuid(void) {
    static const char *const kinds[] = {"v4", "v7", NULL};
    bool timed = arg_choice("kind", kinds, "v4") == 1;
    for (int64_t left = arg_integer("count", 1, 1, 100000); left > 0; left--) {
        uint8_t uuid[UUID_SIZE];
        random_uuid(uuid);
        if (timed) stamp_time(uuid);
        out_uuid(uuid, timed ? 7 : 4);
    }
    return STATUS_GOOD;
}
