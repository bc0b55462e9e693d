/* The entry: finds the function that the host names and runs it. */
#include <stddef.h>
#include <string.h>

#include "args.h"
#include "commands.h"
#include "io.h"

typedef struct {
    const char *name;
    int (*run)(void);
} Command;

static const Command commands[] = {
    {"text_count", text_count},       {"text_case", text_case},
    {"text_wrap", text_wrap},         {"text_dedupe", text_dedupe},
    {"text_diff", text_diff},         {"text_template", text_template},
    {"encode_base64", encode_base64}, {"encode_hex", encode_hex},
    {"encode_url", encode_url},       {"encode_sha256", encode_sha256},
    {"encode_uuid", encode_uuid},
};

int main(int count, char **words) {
    if (count < 2) fail("text-tools", "no function was named", NULL);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(words[1], commands[i].name) != 0) continue;
        args_load();
        finish(commands[i].run());
    }
    fail("text-tools", "there is no function ", words[1]);
}
