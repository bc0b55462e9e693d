#include "sql_words.h"

#include "decimal.h"

_Noreturn void sql_refuse(const Sql *sql, const char *at, const char *problem) {
    uint64_t column = 1;
    for (const char *c = sql->text.bytes; c < at; c++) column += ((uint8_t)*c & 0xc0) != 0x80;
    log_text(command_name);
    log_text(": the statement is wrong at character ");
    log_number(column);
    log_text(": ");
    log_text(problem);
    log_end();
    finish(STATUS_BAD_INPUT);
}

_Noreturn void words_refuse(const Words *words, const char *problem) { sql_refuse(words->sql, words->start, problem); }

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (uint8_t)c >= 0x80;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* A string or name in quotation marks; two of them stand for one. */
static void step_quoted(Words *words, char quote) {
    Buffer said = {0};
    words->at++;
    for (;;) {
        if (words->at == words->end)
            words_refuse(words, quote == '"' ? "this name is not closed" : "this text is not closed");
        char c = *words->at++;
        if (c == quote) {
            if (words->at == words->end || *words->at != quote) break;
            words->at++;
        }
        buffer_byte(&said, c);
    }
    words->kind = quote == '"' ? WORD_QUOTED_NAME : WORD_STRING;
    words->text = buffer_all(&said);
}

static void step_sign(Words *words) {
    static const char *const signs[] = {"<>", "!=", "<=", ">=", "=", "<", ">", "(", ")", ",", "*", ";"};
    size_t left = (size_t)(words->end - words->at);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t size = strlen(signs[i]);
        if (size > left || memcmp(words->at, signs[i], size) != 0) continue;
        words->kind = WORD_SIGN;
        words->at += size;
        words->text = (Text){words->start, size};
        return;
    }
    words_refuse(words, "this sign has no meaning here");
}

void words_step(Words *words) {
    while (words->at < words->end && memchr(" \t\r\n", *words->at, 4) != NULL) words->at++;
    words->start = words->at;
    words->kind = WORD_END;
    words->text = (Text){words->at, 0};
    if (words->at == words->end) return;
    Text rest = {words->at, (size_t)(words->end - words->at)};
    size_t number = decimal_size(rest);
    if (*words->at == '\'' || *words->at == '"') {
        step_quoted(words, *words->at);
    } else if (is_letter(*words->at)) {
        while (words->at < words->end && (is_letter(*words->at) || is_digit(*words->at))) words->at++;
        words->kind = WORD_NAME;
        words->text.size = (size_t)(words->at - words->start);
    } else if (number > 0) {
        words->at += number;
        words->kind = WORD_NUMBER;
        words->text.size = number;
        if (words->at < words->end && (is_letter(*words->at) || is_digit(*words->at)))
            words_refuse(words, "this is no number");
    } else {
        step_sign(words);
    }
}

bool words_next_is(const Words *words, const char *word) {
    if (words->kind != WORD_NAME && words->kind != WORD_SIGN) return false;
    if (words->text.size != strlen(word)) return false;
    for (size_t i = 0; i < words->text.size; i++) {
        char c = words->text.bytes[i];
        if ((c >= 'a' && c <= 'z' ? c - 32 : c) != word[i]) return false;
    }
    return true;
}

bool words_take(Words *words, const char *word) {
    if (!words_next_is(words, word)) return false;
    words_step(words);
    return true;
}

void words_expect(Words *words, const char *word) {
    if (words_take(words, word)) return;
    Buffer said = {0};
    buffer_text(&said, word);
    buffer_text(&said, " should be here");
    buffer_byte(&said, 0);
    words_refuse(words, said.bytes);
}
