#include "write.h"

void write_part(Text text) {
    static const char digits[] = "0123456789abcdef";
    size_t from = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        if (c >= ' ' && c != '"' && c != '\\') continue;
        out_bytes(text.bytes + from, i - from);
        from = i + 1;
        if (c == '"' || c == '\\') {
            out_byte('\\');
            out_byte(c);
        } else if (c == '\n') {
            out_text("\\n");
        } else {
            out_text("\\u00");
            out_byte((uint8_t)digits[c >> 4]);
            out_byte((uint8_t)digits[c & 15]);
        }
    }
    out_bytes(text.bytes + from, text.size - from);
}

void write_string(Text text) {
    out_byte('"');
    write_part(text);
    out_byte('"');
}
