#include "text.h"

#include "args.h"
#include "buffer.h"
#include "main.h"
#include "memory.h"
#include "utf8.h"

Text text_trimmed(Text text) {
    while (text.size > 0 && is_space(*text.bytes)) {
        text.bytes++;
        text.size--;
    }
    while (text.size > 0 && is_space(text.bytes[text.size - 1])) text.size--;
    return text;
}

bool text_begins(Text text, const char *start) {
    size_t size = strlen(start);
    return text.size >= size && memcmp(text.bytes, start, size) == 0;
}

static bool begins_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool continues_name(char c) { return begins_name(c) || (c >= '0' && c <= '9') || c == '-'; }

bool text_is_name(Text text) {
    bool first = true;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.bytes[i];
        if (c == '.' ? first : first ? !begins_name(c) : !continues_name(c)) return false;
        first = c == '.';
    }
    return !first;
}

Text text_first_part(Text name) {
    const char *dot = memchr(name.bytes, '.', name.size);
    return dot == NULL ? name : (Text){name.bytes, (size_t)(dot - name.bytes)};
}

Text text_cut(Text text, size_t most) {
    if (text.size <= most) return text;
    while (most > 0 && (text.bytes[most] & 0xc0) == 0x80) most--;
    return (Text){text.bytes, most};
}

size_t text_fault(Text text) {
    size_t at = 0;
    while (at < text.size) {
        uint32_t code;
        int length = utf8_decode((const uint8_t *)text.bytes + at, text.size - at, &code);
        if (length <= 0) return at;
        at += (size_t)length;
    }
    return SIZE_MAX;
}

const char *path_of(const Json *value) {
    Text text = value->string;
    if (value->kind != JSON_STRING || memchr(text.bytes, 0, text.size) != NULL) {
        fail(command_library, "a path cannot be used", NULL);
    }
    char *path = memory_need(command_library, text.size + 1);
    memcpy(path, text.bytes, text.size);
    return path;
}

Text text_read(const char *path, size_t most) {
    static Input input;
    Buffer buffer = {NULL, 0, 0};
    input = (Input){.file = open_path(command_library, path), .command = command_library};
    while (input_more(&input)) {
        if (!buffer_put(&buffer, input.data, input.end, most)) {
            fail(command_library, "this is too large: ", path_name(path));
        }
        input.start = input.end;
    }
    return buffer_text(&buffer);
}
