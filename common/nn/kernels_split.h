/*
 * Products on tile registers of bf16 (AMX-BF16): kernels beside the table of
 * kernels.h, for the sets that have them.
 *
 * A float of x is the sum of two bf16, hi + lo, but for 2^-17 of its size;
 * bf16 weights are exact, and floats in their place (keys, values) are split
 * the same way. hi hi + hi lo + lo hi is summed in fp32: the results are those
 * of fp32 arithmetic within a few roundings, not bit for bit.
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
    SPLIT_WIDTH = 48,   /* rows of w in a panel, at most */
};

/* c[rows][width] = (load ? c : 0) + x * w^T over `steps` steps. */
struct nn_split_tile {
    const char *x; /* [rows / 16] at x_stride, each [steps][hi, lo] blocks */
    size_t x_stride;
    unsigned x_parts; /* of x: 1: hi alone; 2: hi and lo */
    const char *w;    /* [steps][parts][width / 16] blocks */
    unsigned parts;   /* of w: 1: bf16, or hi alone; 2: hi and lo */
    size_t rows;      /* a multiple of SPLIT_ROWS */
    size_t width;     /* 16, 32 or 48 */
    size_t steps;
    float *c;
    size_t ldc;
    bool load;
    /* Memory that is read next, so that it is on its way meanwhile: soon_rows
     * times soon_bytes, soon_stride apart. NULL: nothing. */
    const char *soon;
    size_t soon_rows, soon_bytes, soon_stride;
};

static inline size_t split_steps(size_t k)
{
    return (k + SPLIT_DEPTH - 1) / SPLIT_DEPTH;
}

/* Bytes of 16 rows of x with k columns. */
static inline size_t split_bytes(size_t k)
{
    return split_steps(k) * 2 * SPLIT_BLOCK;
}

struct nn_split {
    /* rows x k floats, at most 16 rows, to [steps][hi, lo] blocks; with one
     * part lo is left as it is. */
    void (*rows)(const float *x, size_t ldx, size_t rows, size_t k,
                 unsigned parts, char *to);
    /* Rows of w, at most `width`, to a panel: bf16 weights in one part, floats
     * in one or two. */
    void (*panel)(const void *w, size_t ldw, enum nn_dtype dtype, size_t rows,
                  size_t k, size_t width, unsigned parts, char *to);
    /* The same from floats that lie the other way: w[k][ldw], `cols` of them
     * in a row, at most `width`. */
    void (*across)(const float *w, size_t ldw, size_t cols, size_t k,
                   size_t width, unsigned parts, char *to);
    void (*multiply)(const struct nn_split_tile *t);
};

extern const struct nn_split nn_split_amx;

#endif
