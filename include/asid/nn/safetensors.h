/*
 * safetensors: published weight files, mapped, never copied.
 *
 * Opens model.safetensors, or model.safetensors.index.json and the shards it
 * names (file names inside the folder only). Every offset is checked against
 * the file, shape and dtype before anything is handed out. With an index, only
 * tensors it lists count, each in the shard it names.
 *
 * Tensors of another dtype than F32, BF16 and F16 are checked like the others
 * but not handed out: find, count and nth do not know them.
 *
 * A mapped file that somebody cuts short while it is in use ends the process
 * with SIGBUS, as with any mapped file.
 */
#ifndef ASID_NN_SAFETENSORS_H
#define ASID_NN_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "asid/base/err.h"
#include "asid/base/str.h"
#include "asid/nn/ops.h"

struct safetensors;

struct st_tensor {
    struct str name;
    enum nn_dtype dtype;
    unsigned dims; /* at most 6 */
    size_t shape[6];
    size_t count; /* product of the shape */
    const void *data;
    size_t bytes;
    unsigned shard;
};

enum asid_rc safetensors_open(const char *dir, struct safetensors **out,
                              struct asid_err *err) ASID_WARN_UNUSED;
void safetensors_close(struct safetensors *st);
/* The tensor of that name, or NULL. */
const struct st_tensor *safetensors_find(const struct safetensors *st,
                                         const char *name);
/* The dtype, as spelled in the file, of a tensor that is there but not handed
 * out ("I64"), or NULL: for the message about a missing tensor. */
const char *safetensors_other(const struct safetensors *st, const char *name);
/* All that can be handed out, in the byte order of their names. */
size_t safetensors_count(const struct safetensors *st);
const struct st_tensor *safetensors_nth(const struct safetensors *st, size_t i);
/* Hash over names, shapes and sizes of all tensors, file sizes and the first
 * and last 64 KiB of every shard: tells checkpoints apart in milliseconds. */
void safetensors_fingerprint(const struct safetensors *st, char hex[65]);
/* Tell the kernel that a tensor's pages are wanted soon / not any more. */
void safetensors_advise(const struct st_tensor *t, int wanted);

#endif
