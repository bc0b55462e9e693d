/* The functions of this library, by name. */
#include "commands.h"

#include "main.h"

const char *const command_library = "data-tools";

const Command commands[] = {
    {"json_query", json_query},       {"json_format", json_format}, {"csv_to_json", csv_to_json},
    {"csv_from_json", csv_from_json}, {"json_diff", json_diff},     {"json_changes", json_changes},
    {"json_validate", json_validate}, {"csv_query", csv_query},
};

const size_t command_count = sizeof commands / sizeof commands[0];
