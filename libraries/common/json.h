/* A reader of one JSON text into a tree. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
} JsonKind;

/* Bytes of text that need not end with a NUL and may hold one. */
typedef struct {
    const char *bytes;
    size_t size;
} Text;

typedef struct Json {
    JsonKind kind;
    Text name;   /* of a member of an object */
    Text string; /* what a string says; of the others, the JSON text itself */
    struct Json *first;
    struct Json *next;
} Json;

/* Returns the value, or NULL if the text is not one valid JSON value. */
Json *json_read(const char *bytes, size_t size);

/* The member of an object, the last one of that name, or NULL. */
const Json *json_member(const Json *object, Text name);

/* False unless the value is an integer that fits. */
bool json_integer(const Json *value, int64_t *integer);

Text text_of(const char *string);

bool text_equal(Text left, Text right);

#endif
