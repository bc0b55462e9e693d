#include "args.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "main.h"
#include "memory.h"

static const Json *arguments;

void args_load(void) {
    const char *source = getenv("CODI_INVOCATION");
    if (source == NULL) fail(command_library, "CODI_INVOCATION is not set", NULL);
    const Json *invocation = json_read(source, strlen(source));
    arguments = json_member(invocation, text_of("arguments"));
    if (arguments == NULL || arguments->kind != JSON_OBJECT) {
        fail(command_library, "CODI_INVOCATION is not a JSON object with arguments", NULL);
    }
}

const Json *arg_value(const char *name) {
    const Json *value = json_member(arguments, text_of(name));
    return value == NULL || value->kind == JSON_NULL ? NULL : value;
}

_Noreturn static void unfit(const char *name) {
    fail(command_library, "this value cannot be used: ", name);
}

bool arg_flag(const char *name) {
    const Json *value = arg_value(name);
    if (value == NULL) return false;
    if (value->kind != JSON_TRUE && value->kind != JSON_FALSE) unfit(name);
    return value->kind == JSON_TRUE;
}

int64_t arg_integer(const char *name, int64_t absent, int64_t least, int64_t most) {
    const Json *value = arg_value(name);
    int64_t integer = absent;
    if (value != NULL && !json_integer(value, &integer)) unfit(name);
    if (integer < least || integer > most) unfit(name);
    return integer;
}

Text arg_text(const char *name, const char *absent) {
    const Json *value = arg_value(name);
    if (value == NULL) return text_of(absent);
    if (value->kind != JSON_STRING) unfit(name);
    return value->string;
}

int arg_choice(const char *name, const char *const *choices, const char *absent) {
    Text chosen = arg_text(name, absent);
    for (int i = 0; choices[i] != NULL; i++) {
        if (text_equal(chosen, text_of(choices[i]))) return i;
    }
    unfit(name);
}

const char *arg_path(const char *name) {
    Text text = arg_text(name, "-");
    if (memchr(text.bytes, 0, text.size) != NULL) unfit(name);
    char *path = memory_need(command_library, text.size + 1);
    memcpy(path, text.bytes, text.size);
    return path;
}

const char *path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

int open_path(const char *command, const char *path) {
    if (strcmp(path, "-") == 0) return STDIN_FILENO;
    int file = open(path, O_RDONLY);
    if (file < 0) fail(command, "this file cannot be opened: ", path_name(path));
    return file;
}

void input_open(Input *input, const char *command) {
    input->command = command;
    input->file = open_path(command, arg_path("file"));
}
