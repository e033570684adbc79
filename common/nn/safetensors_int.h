/*
 * What safetensors.c (files, looking up) and safetensors_header.c (the header
 * of one shard) share.
 */
#ifndef ASID_NN_SAFETENSORS_INT_H
#define ASID_NN_SAFETENSORS_INT_H

#include <stdbool.h>

#include "asid/base/arena.h"
#include "asid/nn/safetensors.h"

enum {
    ST_HEADER_MAX = 100 * 1000 * 1000, /* the format's own limit */
    ST_DEPTH_MAX = 16,
    ST_TENSORS_MAX = 100 * 1000,
    ST_SHARDS_MAX = 4096,
};

struct st_shard {
    const char *name;   /* inside the folder */
    unsigned char *map; /* read-only */
    size_t size;
};

/* A line of the index. */
struct st_entry {
    struct str name, file;
    unsigned shard;
    bool seen; /* that shard has it */
};

/* A tensor of a dtype that is not handed out. */
struct st_other {
    struct str name;
    const char *dtype;
};

struct safetensors {
    struct arena arena; /* names, entries, shards */
    struct st_shard *shards;
    size_t n_shards;
    bool indexed;
    struct st_entry *entries; /* sorted by name */
    size_t n_entries;
    struct st_tensor *tensors; /* sorted by name once all is read */
    size_t n, room;
    struct st_other *others;
    size_t n_others, others_room;
};

/* Check a mapped shard's header and add its tensors. */
enum asid_rc st_header_read(struct safetensors *st, unsigned shard,
                            struct asid_err *err) ASID_WARN_UNUSED;
/* The index's line for a tensor, or NULL. */
struct st_entry *st_entry_find(const struct safetensors *st, struct str name);

#endif
