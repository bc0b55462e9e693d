#include "names.h"

#include <string.h>

#include "main.h"
#include "memory.h"

enum { CHAINS = 1 << 16 };

typedef struct Entry {
    struct Entry *next;
    const void *owner;
    Text name;
    const void *thing;
} Entry;

static Entry *chains[CHAINS];

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

void *names_find(const void *owner, Text name) {
    const Entry *entry = find(owner, name);
    return entry == NULL ? NULL : (void *)entry->thing;
}

void names_put(const void *owner, Text name, const void *thing) {
    Entry *entry = find(owner, name);
    if (entry == NULL) {
        Entry **chain = chain_of(owner, name);
        entry = memory_need(command_library, sizeof *entry);
        *entry = (Entry){*chain, owner, name, NULL};
        *chain = entry;
    }
    entry->thing = thing;
}

/* The reader of JSON bounds the depth. */
void names_put_members(const Json *tree) {
    for (const Json *child = tree->first; child != NULL; child = child->next) {
        if (tree->kind == JSON_OBJECT) names_put(tree, child->name, child);
        names_put_members(child);
    }
}
