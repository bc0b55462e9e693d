/* The entry: finds the function that the host names and runs it. */
#include "main.h"

#include <string.h>

#include "args.h"
#include "io.h"

int main(int count, char **words) {
    if (count < 2) fail(command_library, "no function was named", NULL);
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(words[1], commands[i].name) != 0) continue;
        args_load();
        finish(commands[i].run());
    }
    fail(command_library, "there is no function ", words[1]);
}
