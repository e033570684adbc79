/*
 * Items: what asid-ingest makes records of, one object a file (or a row that
 * nobody understands). asid-run lists them, too, for its previews; the ledger
 * knows an item by the hash of its line, so both must write the same bytes.
 *
 *     id, video, stem_unique, bytes, mtime, ctime, inode
 *     unnameable: true       the name is not UTF-8
 *     rows, row_id, row_sha256   what datasets say about it
 *     orphan: true           no row is about it, and such videos are refused
 *     fault: {code, message}, rows   instead of all: a row that is none
 */
#ifndef ASID_PIPELINE_ITEMS_H
#define ASID_PIPELINE_ITEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"
#include "asid/data/json.h"
#include "asid/pipeline/shard.h"

/* Options of asid-ingest that decide its items. */
struct items_wish {
    const char *root;
    const char *const *inputs; /* files, folders, datasets below root */
    size_t n_inputs;
    const char *const *suffixes;
    size_t n_suffixes;
    const char *name; /* of sources whose rows name none; NULL: their file's */
    bool orphans;     /* take videos that no row is about all the same */
    struct shard shard;
    size_t max_line; /* bytes of an item */
};

/* Item and line live until the sink returns. */
typedef enum asid_rc (*items_sink)(void *user, const struct json *item,
                                   struct str line, struct asid_err *err);

/* Hand over the items in their order. No file is decoded; a shard hashes files
 * whose stem is not unique. none: there are none, of any shard, as all inputs are
 * datasets without rows. FAILED when an input cannot be read or is not there,
 * and when folders have no video and nothing has a row. */
enum asid_rc items_list(struct arena *a, const struct items_wish *wish,
                        items_sink sink, void *user, bool *none,
                        struct asid_err *err) ASID_WARN_UNUSED;
/* "stem-0123abcd": the id of a file whose stem is not unique. */
const char *items_id(struct arena *a, struct str stem, const char *sha256);

#endif
