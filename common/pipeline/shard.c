/* Shards: reading "I/N" and deciding where an id belongs. */
#include "asid/pipeline/shard.h"

#include <string.h>

#include "asid/base/hash.h"
#include "asid/base/num.h"

enum { MOST_SHARDS = 1000000 };

enum asid_rc shard_parse(const char *text, struct shard *out,
                         struct asid_err *err)
{
    struct shard shard = {0, 0};
    const char *slash;

    if (!text) {
        *out = shard;
        return ASID_OK;
    }
    slash = strchr(text, '/');
    if (!slash ||
        !num_u64((struct str){text, (size_t)(slash - text)}, &shard.index) ||
        !num_u64(str_of(slash + 1), &shard.count))
        return USAGE(err, "--shard %s: expected I/N, such as 0/4", text);
    if (shard.count < 1 || shard.count > MOST_SHARDS)
        return USAGE(err, "--shard %s: N must be between 1 and %d", text,
                     (int)MOST_SHARDS);
    if (shard.index >= shard.count)
        return USAGE(err, "--shard %s: I counts from 0 and must be below N",
                     text);
    *out = shard;
    return ASID_OK;
}

bool shard_has(const struct shard *shard, struct str id)
{
    return shard->count == 0 || hash_u64(id) % shard->count == shard->index;
}
