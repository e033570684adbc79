/*
 * The table of kernels: what differs between processors, and nothing else.
 *
 * Four sets implement it: ref (plain C, the same bits on every machine), avx2,
 * avx512 and amx. avx2 and avx512 compute every value by the same sequence of
 * fused operations on 16 lanes, so that they agree bit for bit; amx is avx512
 * but for products and attention of many rows. ref and amx agree with them within
 * rounding. ops.c, gemm.c and attention.c cut the work and call the table.
 *
 * Kernels are single-threaded, take no locks, allocate nothing. Pointers to
 * float are aligned to 4 bytes, pointers to weights to nothing at all.
 */
#ifndef ASID_NN_KERNELS_H
#define ASID_NN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "asid/nn/ops.h"

enum {
    NN_LANES = 16,     /* widths of panels are multiples of this */
    NN_TILE_ROWS = 8,  /* no set has taller tiles */
    NN_TILE_COLS = 48, /* nor wider ones */
    NN_DOT_ROWS = 8,   /* most rows of x for dot */
};

/* Widen rows x k weights and transpose them into panel[k][width]; lanes from
 * rows to width become zero. */
struct nn_pack {
    const void *w; /* first element; row r starts ldw * r elements later */
    size_t ldw;
    enum nn_dtype dtype;
    size_t rows, k;
    size_t width; /* a multiple of NN_LANES, >= rows, <= tile_cols */
    float *panel;
};

/* c[rows][width] = (load ? c : 0) + a[rows][k] * b[k][width] (+ add[width]).
 * The product is summed over k in order, from zero, before anything is added.
 * width is a multiple of NN_LANES; all of c[rows][width] is written. */
struct nn_tile {
    const float *a, *b;
    float *c;
    size_t lda, ldb, ldc;
    size_t rows, width, k;
    bool load;
    const float *add; /* or NULL */
};

/* y[i][j] = sum over k of x[i][k] * w[j][k] for few rows of x: the weights
 * stream through once. Every y[i][j] is summed the same way whatever m and n
 * are. x is interleaved, so that a run of columns of all rows lies together:
 * x[k / 16][i][k % 16], with zeros behind the last column (nn_interleave). */
struct nn_dot {
    const void *w;
    size_t ldw; /* elements */
    enum nn_dtype dtype;
    size_t n, k;
    const float *x;
    size_t m; /* 1, 2, 4 or 8 */
    float *y;
    size_t ldy;
};

/* One row: y = (x - mean) / sqrt(var + eps) * w + b; without centre the mean
 * counts as zero (RMSNorm). b.data may be NULL. */
struct nn_norm {
    struct nn_vector w, b;
    bool centre;
    float eps;
    const float *x;
    float *y;
};

struct nn_split; /* common/nn/kernels_split.h */

struct nn_kernels {
    const char *name;
    size_t tile_rows, tile_cols;
    void (*pack)(const struct nn_pack *p);
    void (*tile)(const struct nn_tile *t);
    void (*dot)(const struct nn_dot *d);
    /* s = s * by in place; the largest result, -inf for n = 0. A NaN in s
     * makes the result NaN or leaves NaN in s. */
    float (*scale_max)(float *s, size_t n, float by);
    /* s = exp(s - max) in place; the sum. */
    float (*exp_sum)(float *s, size_t n, float max);
    void (*scale)(float *x, size_t n, float by);
    void (*add)(float *y, const float *x, size_t n);
    void (*norm)(const struct nn_norm *p);
    void (*gelu)(float *x, size_t n);
    void (*silu_mul)(float *gate, const float *up, size_t n);
    /* One head: (a, b) = (a cos - b sin, b cos + a sin) for half pairs. */
    void (*rotate)(float *a, float *b, size_t half, const float *cosine,
                   const float *sine);
    /* For nn_measure: burn_values independent chains of multiply and add,
     * rounds long; and reading n floats once. What they return has no meaning,
     * it keeps the compiler from dropping the work. */
    float (*burn)(size_t rounds);
    size_t burn_values;
    float (*read)(const float *x, size_t n);
    /* Products of many rows on registers of bf16; NULL: by pack and tile. */
    const struct nn_split *split;
};

extern const struct nn_kernels nn_kernels_ref;
extern const struct nn_kernels nn_kernels_avx2;
extern const struct nn_kernels nn_kernels_avx512;
extern const struct nn_kernels nn_kernels_amx;

/* The names of all sets, the plainest first; NULL behind the last. */
extern const char *const nn_kernel_sets[];
enum { NN_KERNEL_SETS = 4 };

/* "auto", which is the last set that the processor has, or the name of one;
 * NULL and *why when the name is unknown or the processor lacks what the set
 * needs. */
const struct nn_kernels *nn_kernels_pick(const char *name, const char **why);

/* The m that nn_dot takes for that many rows. */
static inline size_t nn_dot_m(size_t rows)
{
    return rows <= 2 ? rows : rows <= 4 ? 4 : NN_DOT_ROWS;
}
/* Rows of x in the order that nn_dot wants: room for nn_dot_m(rows) * (k
 * rounded up to NN_LANES) floats at `to`; rows beyond `rows` become zero. */
void nn_interleave(const float *x, size_t ldx, size_t rows, size_t k,
                   float *to);

/* One weight, any address. */
float nn_weight(const void *w, enum nn_dtype dtype, size_t i);

#endif
