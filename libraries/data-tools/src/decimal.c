#include "decimal.h"

#include <stdlib.h>

#include "buffer.h"
#include "strings.h"

enum { FARTHEST = 1 << 30 };

/* The value is 0.d1 d2 ... times ten to the exponent; no digits at all are zero. */
typedef struct {
    bool negative;
    int64_t exponent;
    const char *at; /* from the first to behind the last digit that is not 0, with perhaps a point inside */
    const char *end;
} Decimal;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* A farther exponent than any that could matter stays where it is. */
static int64_t read_exponent(const char *at, const char *end) {
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    int64_t exponent = 0;
    for (; at < end; at++) {
        if (exponent < FARTHEST) exponent = exponent * 10 + (*at - '0');
    }
    return negative ? -exponent : exponent;
}

static Decimal decimal_of(Text text) {
    const char *at = text.bytes, *end = text.bytes + text.size;
    Decimal number = {.negative = *at == '-'};
    if (number.negative) at++;
    const char *tail = at;
    while (tail < end && (is_digit(*tail) || *tail == '.')) tail++;
    if (tail < end) number.exponent = read_exponent(tail + 1, end);
    const char *point = memchr(at, '.', (size_t)(tail - at));
    number.exponent += (point == NULL ? tail : point) - at;
    while (at < tail && (*at == '0' || *at == '.')) {
        if (*at == '0') number.exponent--;
        at++;
    }
    while (tail > at && (tail[-1] == '0' || tail[-1] == '.')) tail--;
    number.at = at;
    number.end = tail;
    if (at == tail) return (Decimal){.at = at, .end = at};
    return number;
}

/* The next digit; zeros follow the last one. */
static int next_digit(Decimal *number) {
    if (number->at < number->end && *number->at == '.') number->at++;
    return number->at < number->end ? *number->at++ - '0' : 0;
}

static int compare_sizes(Decimal a, Decimal b) {
    bool a_zero = a.at == a.end, b_zero = b.at == b.end;
    if (a_zero || b_zero) return (int)b_zero - (int)a_zero;
    if (a.exponent != b.exponent) return a.exponent < b.exponent ? -1 : 1;
    while (a.at < a.end || b.at < b.end) {
        int x = next_digit(&a), y = next_digit(&b);
        if (x != y) return x - y;
    }
    return 0;
}

int decimal_compare(Text left, Text right) {
    Decimal a = decimal_of(left), b = decimal_of(right);
    if (a.negative != b.negative) return a.negative ? -1 : 1;
    return a.negative ? compare_sizes(b, a) : compare_sizes(a, b);
}

uint64_t decimal_hash(Text text) {
    Decimal number = decimal_of(text);
    uint64_t hash = hash_mix((uint64_t)number.exponent, number.negative);
    while (number.at < number.end) hash = hash_mix(hash, (uint64_t)next_digit(&number));
    return hash;
}

static int64_t count_digits(Decimal number) {
    int64_t count = 0;
    for (; number.at < number.end; next_digit(&number)) count++;
    return count;
}

bool decimal_is_integer(Text text) {
    Decimal number = decimal_of(text);
    return number.exponent >= count_digits(number);
}

bool decimal_usable_step(Text text) {
    Decimal step = decimal_of(text);
    return !step.negative && step.at < step.end && count_digits(step) <= 18;
}

static uint64_t times_mod(uint64_t a, uint64_t b, uint64_t modulus) {
    return (uint64_t)((unsigned __int128)a * b % modulus);
}

static uint64_t power_of_ten_mod(uint64_t exponent, uint64_t modulus) {
    uint64_t power = 1 % modulus, base = 10 % modulus;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1) power = times_mod(power, base, modulus);
        base = times_mod(base, base, modulus);
    }
    return power;
}

/*
 * Both are whole numbers times powers of ten; the step's one is the modulus, after the number
 * of places is made the same. A number whose last digit is not 0 is no multiple of 10^19.
 */
bool decimal_is_multiple(Text text, Text step_text) {
    Decimal number = decimal_of(text), step = decimal_of(step_text);
    if (number.at == number.end) return true;
    int64_t places = number.exponent - count_digits(number);
    int64_t step_places = step.exponent - count_digits(step);
    uint64_t modulus = 0, rest = 0;
    while (step.at < step.end) modulus = modulus * 10 + (uint64_t)next_digit(&step);
    for (; step_places > places; step_places--) {
        if (modulus > UINT64_MAX / 100) return false;
        modulus *= 10;
    }
    while (number.at < number.end) {
        rest = (times_mod(rest, 10, modulus) + (uint64_t)next_digit(&number)) % modulus;
    }
    return times_mod(rest, power_of_ten_mod((uint64_t)(places - step_places), modulus), modulus) == 0;
}

size_t decimal_size(Text text) {
    const char *at = text.bytes, *end = text.bytes + text.size;
    if (at < end && *at == '-') at++;
    const char *digits = at;
    while (at < end && is_digit(*at)) at++;
    if (at == digits || (*digits == '0' && at > digits + 1)) return 0;
    if (at + 1 < end && *at == '.' && is_digit(at[1])) {
        at++;
        while (at < end && is_digit(*at)) at++;
    }
    if (at < end && (*at | 32) == 'e') {
        const char *tail = at + 1;
        if (tail < end && (*tail == '-' || *tail == '+')) tail++;
        if (tail < end && is_digit(*tail)) {
            while (tail < end && is_digit(*tail)) tail++;
            at = tail;
        }
    }
    return (size_t)(at - text.bytes);
}

double decimal_double(Text number) {
    char short_copy[64];
    if (number.size < sizeof short_copy) {
        memcpy(short_copy, number.bytes, number.size);
        short_copy[number.size] = 0;
        return strtod(short_copy, NULL);
    }
    return strtod(text_kept(number).bytes, NULL);
}
