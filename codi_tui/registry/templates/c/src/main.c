#include <stdio.h>

#include "invocation.h"

int main(void) {
    const char *name = argument("name");
    if (name == NULL) {
        fputs("there is no name\n", stderr);
        return 1;
    }
    printf("Hello, %s!\n", name);
    return 0;
}
