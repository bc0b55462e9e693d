/* The functions of this library, by name. */
#include "commands.h"

#include "main.h"

const char *const command_library = "prompt-engineering";

const Command commands[] = {
    {"prompt_generate", prompt_generate}, {"prompt_lint", prompt_lint},
    {"prompt_list", prompt_list},         {"prompt_show", prompt_show},
    {"prompt_test", prompt_test},         {"prompt_variables", prompt_variables},
};

const size_t command_count = sizeof commands / sizeof commands[0];
