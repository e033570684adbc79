/*
 * Shards: cutting a data set over hosts by hash(id) mod N.
 *
 * Only source stages cut: what lies outside the shard is no input of theirs,
 * so nothing is dropped and lines in still equal accepted + rejected. A source
 * must therefore know an item's id before it lists the item; where the id
 * needs the content's hash (stems that are not unique), it hashes first.
 */
#ifndef ASID_PIPELINE_SHARD_H
#define ASID_PIPELINE_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "asid/base/err.h"
#include "asid/base/str.h"

struct shard {
    uint64_t index; /* from 0 */
    uint64_t count; /* 0: not sharded, everything is in */
};

/* Read "I/N" with 0 <= I < N <= 1,000,000; NULL gives "not sharded". USAGE
 * says what is wrong. */
enum asid_rc shard_parse(const char *text, struct shard *out,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* Is a record with this id in the shard? */
bool shard_has(const struct shard *shard, struct str id);

#endif
