/* Open addressing with linear probing, half full at most. */
#include "asid/base/map.h"

#include <stdlib.h>
#include <string.h>

#include "asid/base/hash.h"

static struct map_entry *slot_of(struct map_entry *table, size_t room,
                                 const char *key)
{
    size_t i = (size_t)hash_u64(str_of(key)) & (room - 1);

    while (table[i].key && strcmp(table[i].key, key) != 0)
        i = (i + 1) & (room - 1);
    return &table[i];
}

static void grow(struct map *m)
{
    size_t room = m->room ? m->room * 2 : 256;
    struct map_entry *table = mem_alloc(room * sizeof *table);

    memset(table, 0, room * sizeof *table);
    for (size_t i = 0; i < m->room; i++) {
        if (m->table[i].key)
            *slot_of(table, room, m->table[i].key) = m->table[i];
    }
    free(m->table);
    m->table = table;
    m->room = room;
}

const char *map_find(const struct map *m, const char *key)
{
    return m->room ? slot_of(m->table, m->room, key)->value : NULL;
}

void map_put(struct map *m, struct arena *a, const char *key, const char *value)
{
    struct map_entry *slot;

    if (2 * (m->n + 1) > m->room)
        grow(m);
    slot = slot_of(m->table, m->room, key);
    if (!slot->key) {
        slot->key = arena_strdup(a, key);
        m->n++;
    }
    slot->value = arena_strdup(a, value);
}

void map_release(struct map *m)
{
    free(m->table);
    *m = (struct map){NULL, 0, 0};
}
