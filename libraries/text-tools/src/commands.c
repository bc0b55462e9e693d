/* The functions of this library, by name. */
#include "commands.h"

#include "main.h"

const char *const command_library = "text-tools";

const Command commands[] = {
    {"text_count", text_count},       {"text_case", text_case},
    {"text_wrap", text_wrap},         {"text_dedupe", text_dedupe},
    {"text_diff", text_diff},         {"text_template", text_template},
    {"encode_base64", encode_base64}, {"encode_hex", encode_hex},
    {"encode_url", encode_url},       {"encode_sha256", encode_sha256},
    {"encode_uuid", encode_uuid},
};

const size_t command_count = sizeof commands / sizeof commands[0];
