/*
 * Products on tile registers of bf16 (AMX-BF16): kernels beside the table of
 * kernels.h, for the sets that have them.
 *
 * A float of x is the sum of two bf16, hi + lo, but for 2^-17 of its size;
 * bf16 weights are exact, and floats in their place (keys, values) are split
 * the same way. hi hi + hi lo + lo hi is summed in fp32: the results are those
 * of fp32 arithmetic within a few roundings, not bit for bit. Where fp32 ends
 * they are not: values from 3.39e38 on become infinite, and those, or lo parts,
 * below 1.2e-38 are 0 to these registers.
 *
 * Everything is cut into blocks of one kilobyte that a register takes: of x 16
 * rows and 32 columns, of w 16 pairs of columns of k and 16 rows, each with
 * zeros where the matrix has ended.
 */
#ifndef ASID_NN_KERNELS_SPLIT_H
#define ASID_NN_KERNELS_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "asid/nn/kernels.h"

enum {
    SPLIT_ROWS = 16,    /* of x in a block */
    SPLIT_DEPTH = 32,   /* columns of x and w in a block: a step */
    SPLIT_LANES = 16,   /* rows of w in a block */
    SPLIT_BLOCK = 1024, /* bytes */
    SPLIT_WIDTH = 48,   /* rows of w in a panel that multiply takes, at most */
    SPLIT_GROUP = 32,   /* rows that attend works on together */
    SPLIT_KEYS = 192,   /* keys of a block of attend, at most */
    SPLIT_PART = 64,    /* keys of it whose scores are there at a time */
    /* Those in fp32, weights of a block in two bf16, and the next ones. */
    SPLIT_ATTEND_SPACE = 2 * SPLIT_GROUP * (SPLIT_PART + SPLIT_KEYS) * 4,
};

/* Memory that is read next, so that it is on its way meanwhile: `rows` times
 * `bytes`, `stride` apart. */
struct nn_split_soon {
    const char *at;
    size_t rows, bytes, stride;
};

/* c[rows][width] = (load ? c : 0) + x * w^T over `steps` steps, w bf16. */
struct nn_split_tile {
    const char *x; /* [rows / 16] at x_stride, each [steps][hi, lo] blocks */
    size_t x_stride;
    const char *w; /* [steps][width / 16] blocks */
    size_t rows;   /* a multiple of SPLIT_ROWS */
    size_t width;  /* 16, 32 or 48 */
    size_t steps;
    float *c;
    size_t ldc;
    bool load;
    struct nn_split_soon soon;
};

/* Queries on a block of keys, the first one or after others: with s the scores
 * of the keys that a query has seen, m the largest of them or of before,
 * rounded up, and w = 2^(s - m), the output and sum of a query become those of
 * before times 2^(max - m) plus what the values and w come to (Dao et al. 2022;
 * with m whole, nothing of what was is rounded again).
 *
 * Everything is turned: a column of scores and of outputs is a query. Of
 * queries, keys, weights and values each one part is multiplied, rounded to
 * bf16, or two. */
struct nn_split_attend {
    unsigned parts;
    size_t rows;       /* queries; a multiple of SPLIT_GROUP */
    size_t keys, dim;  /* of the block, at most SPLIT_KEYS; of a head */
    const char *query; /* [rows / 32][steps of dim][parts][2] blocks (panel) */
    const char *key;   /* [keys / 16][steps of dim][parts] blocks (rows) */
    const char *value; /* [dim / 16][steps of keys][parts] blocks (turned) */
    /* [rows] of the keys: not falling, and at least 1 of the first block. */
    const uint32_t *seen;
    float scale; /* of scores, to units of log2; not negative */
    bool first;
    float *max, *sum; /* [rows] */
    float *out;       /* [rows / 32][dim / 16][2] blocks of 16 x 16 */
    char *space;      /* SPLIT_ATTEND_SPACE */
    struct nn_split_soon soon[2];
};

static inline size_t split_steps(size_t k)
{
    return (k + SPLIT_DEPTH - 1) / SPLIT_DEPTH;
}

/* Bytes of 16 rows of x with k columns in that many parts. */
static inline size_t split_bytes(size_t k, unsigned parts)
{
    return split_steps(k) * parts * SPLIT_BLOCK;
}

struct nn_split {
    /* rows x k floats, at most 16 rows, to [steps][parts] blocks. */
    void (*rows)(const float *x, size_t ldx, size_t rows, size_t k,
                 unsigned parts, char *to);
    /* Rows of w, at most `width`, to [steps][parts][width / 16] blocks: bf16
     * weights in one part, floats in one or two. */
    void (*panel)(const void *w, size_t ldw, enum nn_dtype dtype, size_t rows,
                  size_t k, size_t width, unsigned parts, char *to);
    /* The columns of rows x cols floats, as rows would take them had the
     * matrix been turned: [cols / 16][steps of rows][parts] blocks. */
    void (*turned)(const float *w, size_t ldw, size_t rows, size_t cols,
                   unsigned parts, char *to);
    void (*multiply)(const struct nn_split_tile *t);
    void (*attend)(const struct nn_split_attend *t);
    /* The outputs of `rows` queries from `row` on, at most 16, each divided by
     * its sum, to to[rows][ld]; row is a multiple of 16. */
    void (*attended)(const struct nn_split_attend *t, size_t row, size_t rows,
                     float *to, size_t ld);
};

extern const struct nn_split nn_split_amx;

#endif
