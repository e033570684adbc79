/*
 * Kernels over packed integers: what differs between processors. All sets give
 * the same bits: integer sums are exact, and what follows is a fixed sequence
 * of fused operations.
 */
#ifndef ASID_NN_QKERNELS_H
#define ASID_NN_QKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NN_QROWS = 8 }; /* rows of x in one tile, at most; strips are taller */

/* One group of one panel for up to NN_QROWS rows of x:
 *
 *     s[r][c] = start[r] + sum over k of w[k][c] * a[r][k]
 *     y[r][c] = (load ? y[r][c] : 0) + by[r] * (scale[c] * s[r][c] +
 *               plus[r] * lowest[c])
 *
 * with c below NN_QCOLS; lowest NULL counts as zero. */
struct nn_qtile {
    const uint8_t *w;            /* [quads][NN_QCOLS][4], aligned to 64 */
    const float *scale, *lowest; /* [NN_QCOLS] */
    const int8_t *a;             /* [rows][4 * quads] */
    size_t lda;                  /* bytes between rows */
    size_t rows, quads;
    const float *by;      /* [rows], scales of x */
    const float *plus;    /* [rows] */
    const int32_t *start; /* [rows] */
    float *y;             /* [rows][NN_QCOLS] */
    size_t ldy;
    bool load;
};

struct nn_qkernels {
    const char *name;
    void (*tile)(const struct nn_qtile *t);
    /* The same for any number of rows; for strip_rows and more it is faster
     * than tile after tile. NULL: it never is. Behind the last quad of each row
     * there may be anything up to a multiple of 64 bytes, which is read. */
    void (*strip)(const struct nn_qtile *t);
    size_t strip_rows;
    /* Nibbles to bytes. Of `from`, [pairs][NN_QCOLS][4], the low halves are one
     * quad and the high ones the next: to [2 * pairs][NN_QCOLS][4]. */
    void (*spread)(const uint8_t *from, size_t pairs, uint8_t *to);
    /* The tile of one row on nibbles as `spread` takes them: for one row
     * spreading costs as much as multiplying. NULL: they are spread. quads is
     * even. */
    void (*packed)(const struct nn_qtile *t);
    /* A second row of x takes no more time than memory takes for the bytes of
     * the weights: few rows are rounded to two bytes a value, not one. */
    bool second_is_free;
    /* n values of x to integers by `by` = 127 / largest: rounded to even, at
     * most 127 in size. The sum of them. */
    int32_t (*round)(const float *x, size_t n, float by, int8_t *to);
    /* The largest size of n values; NaN when one is. */
    float (*largest)(const float *x, size_t n);
    /* For nn_measure: independent chains of what the tile does for 8-bit
     * weights, burn_products products of bytes each round, in registers. The
     * value has no meaning, it keeps the compiler from dropping the work. */
    int32_t (*burn)(size_t rounds);
    size_t burn_products;
};

extern const struct nn_qkernels nn_qkernels_ref;
extern const struct nn_qkernels nn_qkernels_avx2;
extern const struct nn_qkernels nn_qkernels_vnni;
extern const struct nn_qkernels nn_qkernels_amx;

/* The integer kernels that go with a set of nn_kernels_pick: avx512 becomes
 * vnni where the processor has it, else avx2; the others have their own. */
const struct nn_qkernels *nn_qkernels_pick(const char *set);

#endif
