/* encode.sha256: the SHA-256 digest of the input, and whether it is the expected one. */
#include "args.h"
#include "commands.h"
#include "sha256.h"

enum { HEX_SIZE = 2 * SHA256_SIZE };

/* The expected digest in lower case; false when none is expected. */
static bool expected_digest(char hex[HEX_SIZE]) {
    if (arg_value("expect") == NULL) return false;
    Text text = arg_text("expect", "");
    if (text.size != HEX_SIZE) fail("sha256", "the expected digest needs 64 digits", NULL);
    for (size_t i = 0; i < HEX_SIZE; i++) {
        char c = text.bytes[i];
        if (c >= 'A' && c <= 'F') c += 'a' - 'A';
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            fail_at("sha256", "the expected digest has no hexadecimal digit", i);
        }
        hex[i] = c;
    }
    return true;
}

static void digest_input(uint8_t digest[SHA256_SIZE]) {
    static Input input;
    Sha256 hash;
    sha256_begin(&hash);
    input_open(&input, "sha256");
    while (input_more(&input)) {
        sha256_add(&hash, input.data, input.end);
        input.start = input.end;
    }
    sha256_end(&hash, digest);
}

int encode_sha256(void) {
    char expected[HEX_SIZE], actual[HEX_SIZE];
    uint8_t digest[SHA256_SIZE];
    bool compare = expected_digest(expected);
    digest_input(digest);
    for (size_t i = 0; i < HEX_SIZE; i++) {
        actual[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
    }
    out_bytes(actual, HEX_SIZE);
    out_byte('\n');
    if (!compare || memcmp(expected, actual, HEX_SIZE) == 0) return STATUS_GOOD;
    log_text("sha256: the digest is not the expected one");
    log_end();
    return STATUS_NO;
}
