/*
 * A table from text to text that only grows. Keys and values are copied into an
 * arena; the table itself is freed by map_release.
 */
#ifndef ASID_BASE_MAP_H
#define ASID_BASE_MAP_H

#include <stddef.h>

#include "asid/base/arena.h"

struct map {
    struct map_entry {
        const char *key, *value;
    } * table;
    size_t n, room; /* room is 0 or a power of two */
};

/* The value of a key, or NULL. */
const char *map_find(const struct map *m, const char *key);
/* Set the value of a key. */
void map_put(struct map *m, struct arena *a, const char *key,
             const char *value);
void map_release(struct map *m);

#endif
