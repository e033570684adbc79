/* What attention.c and attention_split.c share. */
#ifndef ASID_NN_ATTENTION_INT_H
#define ASID_NN_ATTENTION_INT_H

#include <string.h>

#include "ops_int.h"

struct attend {
    const struct nn_kernels *k;
    const struct nn_attention *a;
    struct nn *nn;
    size_t group;            /* query heads per key head */
    size_t dim_up;           /* head_dim rounded up to whole lanes */
    size_t block_rows;       /* many rows: query rows of a task, at most */
    size_t blocks;           /* and tasks of the longest segment */
    size_t segments;         /* at least 1 */
    size_t parts, part_keys; /* one row */
};

/* The query rows of a task and the keys of a step. */
struct view {
    struct attend_scratch *s;
    size_t head;          /* of the keys */
    size_t q0, k0, k_end; /* first query row; keys that any row may see */
    size_t first, rows;   /* query row (position, head of group) numbers */
    size_t key, keys;     /* this step */
};

/* n floats to `to`, of whole lanes and what is left. Rows are short: a call of
 * memcpy for each would take longer than the copying. */
static inline void attend_copy_row(float *to, const float *from, size_t n)
{
    for (; n >= NN_LANES; n -= NN_LANES, to += NN_LANES, from += NN_LANES)
        memcpy(to, from, NN_LANES * sizeof *to);
    if (n)
        memcpy(to, from, n * sizeof *to);
}

/* The same, and zeros up to the next multiple of the lanes. */
static inline void attend_copy(float *to, const float *from, size_t n)
{
    attend_copy_row(to, from, n);
    if (n % NN_LANES)
        memset(to + n, 0, (NN_LANES - n % NN_LANES) * sizeof *to);
}

/* Where row i of the view begins in queries or outputs of `ld` floats. */
static inline size_t attend_at(const struct attend *t, const struct view *v,
                               size_t i, size_t ld)
{
    size_t position = (v->first + i) / t->group;
    size_t head = v->head * t->group + (v->first + i) % t->group;

    return (v->q0 + position) * ld + head * t->a->head_dim;
}

/* Query row i of the view, [head_dim]. */
static inline const float *attend_query(const struct attend *t,
                                        const struct view *v, size_t i)
{
    return t->a->q + attend_at(t, v, i, t->a->ldq);
}

/* The place of row i of the view in the output, [head_dim]. */
static inline float *attend_out(const struct attend *t, const struct view *v,
                                size_t i)
{
    return t->a->out + attend_at(t, v, i, t->a->ldo);
}

/* A row of keys or values, [head_dim]. */
static inline const float *attend_row(const struct attend *t,
                                      const struct view *v, const float *kv,
                                      size_t row)
{
    return kv + row * t->a->ldkv + v->head * t->a->head_dim;
}

/* How many of this step's keys row i of the view may see. */
static inline size_t attend_seen(const struct attend *t, const struct view *v,
                                 size_t i)
{
    size_t seen = t->a->past + (v->first + i) / t->group + 1;

    if (!t->a->causal)
        return v->keys;
    return seen > v->key ? nn_min(seen - v->key, v->keys) : 0;
}

/* The rows of a view on its keys, for sets that have registers of bf16; how
 * many rows a view may have. */
void attend_split(const struct attend *t, struct view *v);
size_t attend_split_rows_most(size_t head_dim);

#endif
