#include "sha256.h"

#include <string.h>

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t beginning[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static inline uint32_t turned(uint32_t word, int bits) {
    return word >> bits | word << (32 - bits);
}

static inline uint32_t word_at(const uint8_t *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return __builtin_bswap32(word);
}

static inline uint32_t next_word(const uint32_t *w, int i) {
    uint32_t a = w[(i + 1) & 15], b = w[(i + 14) & 15];
    uint32_t s0 = turned(a, 7) ^ turned(a, 18) ^ a >> 3;
    uint32_t s1 = turned(b, 17) ^ turned(b, 19) ^ b >> 10;
    return w[i & 15] + s0 + w[(i + 9) & 15] + s1;
}

/* One round; the caller names the eight words in turned order instead of moving them. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                           \
    do {                                                                           \
        uint32_t t = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) +          \
                     (g ^ (e & (f ^ g))) + constants[base + i] + w[i];             \
        d += t;                                                                    \
        h = t + (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) +                   \
            ((a & b) | (c & (a | b)));                                             \
    } while (0)

static void compress(uint32_t state[8], const uint8_t *block) {
    uint32_t w[16];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) w[i] = word_at(block + 4 * i);
    for (int base = 0; base < 64; base += 16) {
        if (base > 0) {
#pragma clang loop unroll(full)
            for (int i = 0; i < 16; i++) w[i] = next_word(w, i);
        }
        ROUND(a, b, c, d, e, f, g, h, 0);
        ROUND(h, a, b, c, d, e, f, g, 1);
        ROUND(g, h, a, b, c, d, e, f, 2);
        ROUND(f, g, h, a, b, c, d, e, 3);
        ROUND(e, f, g, h, a, b, c, d, 4);
        ROUND(d, e, f, g, h, a, b, c, 5);
        ROUND(c, d, e, f, g, h, a, b, 6);
        ROUND(b, c, d, e, f, g, h, a, 7);
        ROUND(a, b, c, d, e, f, g, h, 8);
        ROUND(h, a, b, c, d, e, f, g, 9);
        ROUND(g, h, a, b, c, d, e, f, 10);
        ROUND(f, g, h, a, b, c, d, e, 11);
        ROUND(e, f, g, h, a, b, c, d, 12);
        ROUND(d, e, f, g, h, a, b, c, 13);
        ROUND(c, d, e, f, g, h, a, b, 14);
        ROUND(b, c, d, e, f, g, h, a, 15);
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void sha256_begin(Sha256 *hash) {
    memcpy(hash->state, beginning, sizeof beginning);
    hash->size = 0;
}

void sha256_add(Sha256 *hash, const uint8_t *bytes, size_t size) {
    size_t held = hash->size % SHA256_BLOCK;
    hash->size += size;
    if (held > 0) {
        size_t part = SHA256_BLOCK - held < size ? SHA256_BLOCK - held : size;
        memcpy(hash->pending + held, bytes, part);
        bytes += part;
        size -= part;
        if (held + part < SHA256_BLOCK) return;
        compress(hash->state, hash->pending);
    }
    for (; size >= SHA256_BLOCK; size -= SHA256_BLOCK, bytes += SHA256_BLOCK) {
        compress(hash->state, bytes);
    }
    memcpy(hash->pending, bytes, size);
}

void sha256_end(Sha256 *hash, uint8_t digest[SHA256_SIZE]) {
    size_t held = hash->size % SHA256_BLOCK;
    uint64_t bits = __builtin_bswap64(hash->size * 8);
    hash->pending[held++] = 0x80;
    if (held > SHA256_BLOCK - 8) {
        memset(hash->pending + held, 0, SHA256_BLOCK - held);
        compress(hash->state, hash->pending);
        held = 0;
    }
    memset(hash->pending + held, 0, SHA256_BLOCK - 8 - held);
    memcpy(hash->pending + SHA256_BLOCK - 8, &bits, 8);
    compress(hash->state, hash->pending);
    for (int i = 0; i < 8; i++) {
        uint32_t word = __builtin_bswap32(hash->state[i]);
        memcpy(digest + 4 * i, &word, 4);
    }
}
