#include "values.h"

#include <string.h>

#include "args.h"
#include "io.h"
#include "memory.h"

/*
 * All names are in one hash table, each under the object that holds it, so that neither many
 * values nor many places to fill make the time grow faster than the input.
 */
typedef struct Entry {
    struct Entry *next;
    const void *owner;
    Text name;
    const Json *value;
} Entry;

enum { CHAINS = 1 << 18 };

static Entry **chains;

/* Owners that are no JSON objects. */
static const char given_by_set, reported;

static const Json *root;

static Entry **chain_of(const void *owner, Text name) {
    uint32_t hash = (uint32_t)(uintptr_t)owner;
    for (size_t i = 0; i < name.size; i++) hash = (hash ^ (uint8_t)name.bytes[i]) * 16777619u;
    return &chains[(hash ^ hash >> 15) % CHAINS];
}

static Entry *find(const void *owner, Text name) {
    for (Entry *entry = *chain_of(owner, name); entry != NULL; entry = entry->next) {
        if (entry->owner == owner && text_equal(entry->name, name)) return entry;
    }
    return NULL;
}

static void put(const void *owner, Text name, const Json *value) {
    Entry *entry = find(owner, name);
    if (entry == NULL) {
        Entry **chain = chain_of(owner, name);
        entry = memory_need("template", sizeof *entry);
        *entry = (Entry){*chain, owner, name, NULL};
        *chain = entry;
    }
    entry->value = value;
}

static void put_members(const Json *object) {
    if (object->kind != JSON_OBJECT) return;
    for (const Json *member = object->first; member != NULL; member = member->next) {
        put(object, member->name, member);
        put_members(member);
    }
}

static void put_assignment(const Json *assignment) {
    Text text = assignment->string;
    const char *equals = memchr(text.bytes, '=', text.size);
    if (assignment->kind != JSON_STRING || equals == NULL) {
        log_text("template: this --set has no NAME=VALUE: ");
        log_bytes(text.bytes, text.size < 200 ? text.size : 200);
        log_end();
        finish(STATUS_BAD_INPUT);
    }
    size_t name_size = (size_t)(equals - text.bytes);
    Json *value = memory_need("template", sizeof *value);
    value->kind = JSON_STRING;
    value->string = (Text){equals + 1, text.size - name_size - 1};
    put(&given_by_set, (Text){text.bytes, name_size}, value);
}

void values_load(void) {
    chains = memory_need("template", CHAINS * sizeof *chains);
    const Json *set = arg_value("set");
    root = arg_value("values");
    if (root != NULL && root->kind != JSON_OBJECT) {
        fail("template", "the values are not a JSON object", NULL);
    }
    if (set != NULL && set->kind != JSON_ARRAY) fail("template", "set is not a list", NULL);
    if (root != NULL) put_members(root);
    if (set == NULL) return;
    for (const Json *item = set->first; item != NULL; item = item->next) put_assignment(item);
}

/* Walks from object to object along the dots. */
static const Json *walk(Text name) {
    const Json *at = root;
    while (at != NULL) {
        const char *dot = memchr(name.bytes, '.', name.size);
        size_t size = dot == NULL ? name.size : (size_t)(dot - name.bytes);
        const Entry *entry = find(at, (Text){name.bytes, size});
        at = entry == NULL ? NULL : entry->value;
        if (dot == NULL) break;
        name = (Text){dot + 1, name.size - size - 1};
    }
    return at;
}

/* A null is no value. */
bool values_find(Text name, Text *value) {
    const Entry *entry = find(&given_by_set, name);
    const Json *found = entry != NULL ? entry->value : walk(name);
    if (found == NULL || found->kind == JSON_NULL) return false;
    *value = found->string;
    return true;
}

bool values_is_news(Text name) {
    if (find(&reported, name) != NULL) return false;
    put(&reported, name, NULL);
    return true;
}
