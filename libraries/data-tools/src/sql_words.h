/* The words of a statement while it is read. */
#ifndef SQL_WORDS_H
#define SQL_WORDS_H

#include "sql.h"

typedef enum { WORD_END, WORD_NAME, WORD_QUOTED_NAME, WORD_STRING, WORD_NUMBER, WORD_SIGN } WordKind;

typedef struct {
    Sql *sql;
    const char *at;
    const char *end;
    WordKind kind; /* of the word that is next */
    const char *start;
    Text text;
    int depth;
} Words;

/* Steps to the next word. */
void words_step(Words *words);

/* Takes a keyword (in upper case) or a sign, if it is next. */
bool words_take(Words *words, const char *word);

bool words_next_is(const Words *words, const char *word);

void words_expect(Words *words, const char *word);

_Noreturn void words_refuse(const Words *words, const char *problem);

/* Reads a condition. */
SqlExpression *words_condition(Words *words);

/* Reads a value: a column, a literal or an aggregate. */
SqlExpression *words_value(Words *words);

#endif
