/* SHA-256 (FIPS 180-4). */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_BLOCK = 64 };

typedef struct {
    uint32_t state[8];
    uint64_t size;
    uint8_t pending[SHA256_BLOCK];
} Sha256;

void sha256_begin(Sha256 *hash);
void sha256_add(Sha256 *hash, const uint8_t *bytes, size_t size);
void sha256_end(Sha256 *hash, uint8_t digest[SHA256_SIZE]);

#endif
