#include "invocation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The character that an escape stands for. codi escapes quotes, backslashes and control characters, nothing else. */
static char unescape(const char **from) {
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    char escaped = *(*from)++;
    if (escaped == 'u') {
        char digits[5] = {0};
        strncpy(digits, *from, 4);
        *from += strlen(digits);
        return (char)strtol(digits, NULL, 16);
    }
    const char *letter = memchr(letters, escaped, sizeof letters - 1);
    return letter ? meant[letter - letters] : escaped;
}

const char *argument(const char *name) {
    const char *invocation = getenv("CODI_INVOCATION");
    char key[128];
    snprintf(key, sizeof key, "\"%s\": \"", name);
    const char *from = invocation ? strstr(invocation, key) : NULL;
    if (from == NULL) return NULL;
    from += strlen(key);
    char *value = malloc(strlen(from) + 1), *to = value;
    if (value == NULL) return NULL;
    while (*from && *from != '"') {
        char next = *from++;
        *to++ = next == '\\' && *from ? unescape(&from) : next;
    }
    *to = 0;
    return value;
}
