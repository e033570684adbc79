/*
 * The kernels that are the same for all vector sets, written over 16 lanes.
 *
 * kernels_avx2.c and kernels_avx512.c include this after defining
 *   VEC                 16 floats
 *   v_zero v_set1 v_load v_load_part v_store v_store_part
 *   v_add v_sub v_mul v_div v_fma(a,b,c) = a b + c, v_fnma = c - a b
 *   v_max(a,b) = a > b ? a : b (b when either is NaN), v_abs
 *   v_less(a,b,yes,no) lane by lane, v_sign(x,from) = |x| with from's sign
 *   v_scale2(p,n) = p * 2^n for whole n in -152..130, 1/2 < p < 2
 *   v_sum, v_top       over the lanes, in one fixed order
 *   v_weights(w,dtype,i), v_weights_part(w,dtype,i,n)
 *   DOT_SUMS           running sums that fit into the registers
 *   DOT_ROWS           rows of weights read side by side, at most
 *   PACK_SIDE          rows and columns that are transposed at once
 *   pack_values(p,row,k,n,dtype)   PACK_SIDE rows, n <= PACK_SIDE columns from
 *                      column k, into as many lanes of the panel
 *   pack_pairs(p,row,k)            the same for 2 PACK_SIDE columns of bf16
 *   BURN_CHAINS        enough chains to keep all multipliers busy
 * All sets run the same operations on the same lanes in the same order: that is
 * why they agree bit for bit.
 */
#ifndef ASID_NN_KERNELS_SIMD_H
#define ASID_NN_KERNELS_SIMD_H

#include <math.h>
#include <stdint.h>

#include "asid/nn/kernels.h"
#include "kernels_math.h"

#define INLINE static inline __attribute__((always_inline))

/* --- exp and erf -------------------------------------------------------- */

/* The bounds come first in v_max and v_min: NaN passes through. */
INLINE VEC v_exp(VEC x)
{
    VEC n, r, p;

    x = v_min(v_set1(NN_EXP_HIGH), v_max(v_set1(NN_EXP_LOW), x));
    n = v_fma(x, v_set1(NN_LOG2E), v_set1(NN_ROUND_MAGIC));
    n = v_sub(n, v_set1(NN_ROUND_MAGIC));
    r = v_fnma(n, v_set1(NN_LN2_HIGH), x);
    r = v_fnma(n, v_set1(NN_LN2_LOW), r);
    p = v_set1(NN_EXP_4);
    p = v_fma(p, r, v_set1(NN_EXP_3));
    p = v_fma(p, r, v_set1(NN_EXP_2));
    p = v_fma(p, r, v_set1(NN_EXP_1));
    p = v_fma(p, r, v_set1(NN_EXP_0));
    p = v_fma(p, v_mul(r, r), r);
    p = v_add(p, v_set1(1.0F));
    return v_scale2(p, n);
}

INLINE VEC v_erf(VEC x)
{
    VEC t = v_abs(x), s = v_mul(x, x), small, large;

    small = v_set1(NN_ERF_6);
    small = v_fma(small, s, v_set1(NN_ERF_5));
    small = v_fma(small, s, v_set1(NN_ERF_4));
    small = v_fma(small, s, v_set1(NN_ERF_3));
    small = v_fma(small, s, v_set1(NN_ERF_2));
    small = v_fma(small, s, v_set1(NN_ERF_1));
    small = v_fma(small, s, v_set1(NN_ERF_0));
    small = v_fma(small, x, x);
    s = v_sub(v_min(v_set1(NN_ERFC_END), t), v_set1(NN_ERFC_MIDDLE));
    large = v_set1(NN_ERFC_6);
    large = v_fma(large, s, v_set1(NN_ERFC_5));
    large = v_fma(large, s, v_set1(NN_ERFC_4));
    large = v_fma(large, s, v_set1(NN_ERFC_3));
    large = v_fma(large, s, v_set1(NN_ERFC_2));
    large = v_fma(large, s, v_set1(NN_ERFC_1));
    large = v_fma(large, s, v_set1(NN_ERFC_0));
    large = v_sign(v_sub(v_set1(1.0F), v_exp(large)), x);
    return v_less(t, v_set1(1.0F), small, large);
}

INLINE VEC v_gelu(VEC x)
{
    VEC erf = v_erf(v_mul(x, v_set1(NN_SQRT_HALF)));

    return v_mul(v_mul(v_set1(0.5F), x), v_add(v_set1(1.0F), erf));
}

INLINE VEC v_silu(VEC x)
{
    VEC e = v_exp(v_sub(v_zero(), x));

    return v_div(x, v_add(v_set1(1.0F), e));
}

/* --- runs of values ----------------------------------------------------- */

static void simd_gelu(float *x, size_t n)
{
    size_t i = 0;

    for (; i + NN_LANES <= n; i += NN_LANES)
        v_store(x + i, v_gelu(v_load(x + i)));
    if (i < n)
        v_store_part(x + i, n - i, v_gelu(v_load_part(x + i, n - i)));
}

static void simd_silu_mul(float *gate, const float *up, size_t n)
{
    size_t i = 0;

    for (; i + NN_LANES <= n; i += NN_LANES)
        v_store(gate + i, v_mul(v_silu(v_load(gate + i)), v_load(up + i)));
    if (i < n) {
        VEC y = v_mul(v_silu(v_load_part(gate + i, n - i)),
                      v_load_part(up + i, n - i));

        v_store_part(gate + i, n - i, y);
    }
}

static void simd_scale(float *x, size_t n, float by)
{
    size_t i = 0;

    for (; i + NN_LANES <= n; i += NN_LANES)
        v_store(x + i, v_mul(v_load(x + i), v_set1(by)));
    if (i < n)
        v_store_part(x + i, n - i,
                     v_mul(v_load_part(x + i, n - i), v_set1(by)));
}

static void simd_add(float *y, const float *x, size_t n)
{
    size_t i = 0;

    for (; i + NN_LANES <= n; i += NN_LANES)
        v_store(y + i, v_add(v_load(y + i), v_load(x + i)));
    if (i < n)
        v_store_part(
            y + i, n - i,
            v_add(v_load_part(y + i, n - i), v_load_part(x + i, n - i)));
}

static float simd_scale_max(float *s, size_t n, float by)
{
    VEC top = v_set1(-INFINITY), scale = v_set1(by);
    float last = -INFINITY;
    size_t i = 0;

    for (; i + NN_LANES <= n; i += NN_LANES) {
        VEC x = v_mul(v_load(s + i), scale);

        v_store(s + i, x);
        top = v_max(x, top);
    }
    for (; i < n; i++) {
        s[i] *= by;
        last = s[i] > last ? s[i] : last;
    }
    return fmaxf(v_top(top), last);
}

static float simd_exp_sum(float *s, size_t n, float max)
{
    VEC sum = v_zero(), shift = v_set1(max);
    size_t i = 0;

    for (; i + NN_LANES <= n; i += NN_LANES) {
        VEC e = v_exp(v_sub(v_load(s + i), shift));

        v_store(s + i, e);
        sum = v_add(sum, e);
    }
    if (i < n) {
        VEC e = v_exp(v_sub(v_load_part(s + i, n - i), shift));

        v_store_part(s + i, n - i, e);
        sum = v_add(sum, v_load_part(s + i, n - i));
    }
    return v_sum(sum);
}

static void simd_rotate(float *a, float *b, size_t half, const float *cosine,
                        const float *sine)
{
    for (size_t i = 0; i < half; i += NN_LANES) {
        size_t n = half - i < NN_LANES ? half - i : NN_LANES;
        VEC x = v_load_part(a + i, n), y = v_load_part(b + i, n);
        VEC c = v_load_part(cosine + i, n), s = v_load_part(sine + i, n);

        v_store_part(a + i, n, v_fnma(y, s, v_mul(x, c)));
        v_store_part(b + i, n, v_fma(x, s, v_mul(y, c)));
    }
}

/* --- normalisation ------------------------------------------------------ */

INLINE float row_mean(const float *x, size_t n)
{
    VEC sum = v_zero();
    size_t i = 0;

    for (; i + NN_LANES <= n; i += NN_LANES)
        sum = v_add(sum, v_load(x + i));
    if (i < n)
        sum = v_add(sum, v_load_part(x + i, n - i));
    return v_sum(sum) / (float)n;
}

/* Mean square of x - mean. Padding lanes have to stay out of it. */
INLINE float row_square(const float *x, size_t n, float mean)
{
    VEC sum = v_zero();
    size_t i = 0;

    for (; i + NN_LANES <= n; i += NN_LANES) {
        VEC d = v_sub(v_load(x + i), v_set1(mean));

        sum = v_fma(d, d, sum);
    }
    if (i < n) {
        float pad[NN_LANES] = {0.0F};
        VEC d = v_sub(v_load_part(x + i, n - i), v_set1(mean));

        v_store_part(pad, n - i, d);
        d = v_load(pad);
        sum = v_fma(d, d, sum);
    }
    return v_sum(sum) / (float)n;
}

INLINE void norm_with(const struct nn_norm *p, enum nn_dtype dtype, bool shift)
{
    size_t n = p->w.n, i = 0;
    float mean = p->centre ? row_mean(p->x, n) : 0.0F;
    VEC m = v_set1(mean);
    VEC by = v_set1(1.0F / sqrtf(row_square(p->x, n, mean) + p->eps));

    for (; i + NN_LANES <= n; i += NN_LANES) {
        VEC y = v_mul(v_sub(v_load(p->x + i), m), by);

        y = v_mul(y, v_weights(p->w.data, dtype, i));
        if (shift)
            y = v_add(y, v_weights(p->b.data, p->b.dtype, i));
        v_store(p->y + i, y);
    }
    if (i < n) {
        VEC y = v_mul(v_sub(v_load_part(p->x + i, n - i), m), by);

        y = v_mul(y, v_weights_part(p->w.data, dtype, i, n - i));
        if (shift)
            y = v_add(y, v_weights_part(p->b.data, p->b.dtype, i, n - i));
        v_store_part(p->y + i, n - i, y);
    }
}

static void simd_norm(const struct nn_norm *p)
{
    if (p->b.data)
        norm_with(p, p->w.dtype, true);
    else if (p->w.dtype == NN_BF16)
        norm_with(p, NN_BF16, false);
    else
        norm_with(p, p->w.dtype, false);
}

/* --- few rows ----------------------------------------------------------- */

enum {
    DOT_GROUP = 16, /* rows of w whose sums are kept side by side */
    DOT_X = 4096,   /* floats of x in use at a time: half of a small L1 */
};

/* Some rows of w, from one column on, times some rows of x. */
struct dot_run {
    const char *w, *next; /* next: what will be wanted after this run */
    size_t step;          /* bytes between rows of w */
    const float *x;
    size_t whole, rest; /* runs of 16 columns; what is left after them */
    VEC *sum;           /* [rows of w][m], added to */
};

/* R rows of w times P of the m rows of x: running sums in registers. */
INLINE void dot_run(const struct dot_run *d, enum nn_dtype dtype, size_t m,
                    const size_t R, const size_t P)
{
    const size_t size = dtype == NN_F32 ? 4 : 2;
    const float *x = d->x;
    VEC sum[DOT_SUMS];

#pragma GCC unroll 16
    for (size_t s = 0; s < R * P; s++)
        sum[s] = d->sum[s / P * m + s % P];
    for (size_t b = 0; b < d->whole; b++, x += m * NN_LANES) {
#pragma GCC unroll 16
        for (size_t r = 0; r < R; r++) {
            VEC v = v_weights(d->w + r * d->step, dtype, b * NN_LANES);

            if (size == 4 || b % 2 == 0) /* once for a cache line */
                __builtin_prefetch(d->next + r * d->step + b * NN_LANES * size,
                                   0, 2);
#pragma GCC unroll 8
            for (size_t c = 0; c < P; c++)
                sum[r * P + c] =
                    v_fma(v, v_load(x + c * NN_LANES), sum[r * P + c]);
        }
    }
    if (d->rest) {
#pragma GCC unroll 16
        for (size_t r = 0; r < R; r++) {
            VEC v = v_weights_part(d->w + r * d->step, dtype,
                                   d->whole * NN_LANES, d->rest);

#pragma GCC unroll 8
            for (size_t c = 0; c < P; c++)
                sum[r * P + c] =
                    v_fma(v, v_load(x + c * NN_LANES), sum[r * P + c]);
        }
    }
#pragma GCC unroll 16
    for (size_t s = 0; s < R * P; s++)
        d->sum[s / P * m + s % P] = sum[s];
}

/* n <= DOT_GROUP rows of w from row j on, m rows of x, P at a time. */
INLINE void dot_group(const struct nn_dot *d, size_t j, size_t n,
                      enum nn_dtype dtype, const size_t m, const size_t P)
{
    const size_t size = dtype == NN_F32 ? 4 : 2;
    const size_t R = DOT_SUMS / P < DOT_ROWS ? DOT_SUMS / P : DOT_ROWS;
    const size_t depth = DOT_X / m / NN_LANES * NN_LANES;
    const char *w = (const char *)d->w + j * d->ldw * size;
    VEC sum[DOT_GROUP * NN_DOT_ROWS];
    struct dot_run run = {.step = d->ldw * size};

    for (size_t i = 0; i < n * m; i++)
        sum[i] = v_zero();
    for (size_t k = 0; k < d->k; k += depth) {
        size_t cols = d->k - k < depth ? d->k - k : depth, many;

        run.whole = cols / NN_LANES;
        run.rest = cols % NN_LANES;
        for (size_t r = 0; r < n; r += many) {
            many = r + R <= n ? R : 1;
            run.w = w + r * run.step + k * size;
            if (r + 2 * R <= n)
                run.next = run.w + R * run.step;
            else if (k + cols < d->k)
                run.next = w + (k + cols) * size;
            else
                run.next = w + n * run.step; /* the next group of rows */
            for (size_t c = 0; c < m; c += P) {
                run.x = d->x + k * m + c * NN_LANES;
                run.sum = sum + r * m + c;
                if (many == R)
                    dot_run(&run, dtype, m, R, P);
                else
                    dot_run(&run, dtype, m, 1, P);
            }
        }
    }
    for (size_t r = 0; r < n; r++)
        for (size_t c = 0; c < m; c++)
            d->y[c * d->ldy + j + r] = v_sum(sum[r * m + c]);
}

INLINE void dot_rows(const struct nn_dot *d, enum nn_dtype dtype,
                     const size_t m)
{
    const size_t P = m < DOT_SUMS ? m : DOT_SUMS;

    for (size_t j = 0; j < d->n; j += DOT_GROUP)
        dot_group(d, j, d->n - j < DOT_GROUP ? d->n - j : DOT_GROUP, dtype, m,
                  P);
}

INLINE void dot_all(const struct nn_dot *d, enum nn_dtype dtype)
{
    if (d->m == 1)
        dot_rows(d, dtype, 1);
    else if (d->m == 2)
        dot_rows(d, dtype, 2);
    else if (d->m == 4)
        dot_rows(d, dtype, 4);
    else
        dot_rows(d, dtype, 8);
}

static void simd_dot(const struct nn_dot *d)
{
    switch (d->dtype) {
    case NN_F32:
        dot_all(d, NN_F32);
        break;
    case NN_BF16:
        dot_all(d, NN_BF16);
        break;
    case NN_F16:
        dot_all(d, NN_F16);
        break;
    }
}

/* --- limits ------------------------------------------------------------- */

static float simd_burn(size_t rounds)
{
    VEC sum[BURN_CHAINS], by = v_set1(0.999F), plus = v_set1(0.001F);
    float lane[NN_LANES];

    /* Were the halves of 16 lanes alike, gcc would compute one of them. */
    for (size_t i = 0; i < NN_LANES; i++)
        lane[i] = (float)(i + rounds % 3);
#pragma GCC unroll 16
    for (size_t i = 0; i < BURN_CHAINS; i++)
        sum[i] = v_mul(v_load(lane), v_set1((float)i));
    for (size_t k = 0; k < rounds; k++) {
#pragma GCC unroll 16
        for (size_t i = 0; i < BURN_CHAINS; i++)
            sum[i] = v_fma(sum[i], by, plus);
    }
#pragma GCC unroll 16
    for (size_t i = 1; i < BURN_CHAINS; i++)
        sum[0] = v_add(sum[0], sum[i]);
    return v_sum(sum[0]);
}

static float simd_read(const float *x, size_t n)
{
    VEC sum[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    const size_t ahead = 1024; /* floats: the next page */

    for (size_t i = 0; i + 4 * NN_LANES <= n; i += 4 * NN_LANES) {
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++) {
            __builtin_prefetch(x + i + j * NN_LANES + ahead, 0, 2);
            sum[j] = v_max(sum[j], v_load(x + i + j * NN_LANES));
        }
    }
    return v_sum(v_max(v_max(sum[0], sum[1]), v_max(sum[2], sum[3])));
}

/* --- panels ------------------------------------------------------------- */

INLINE void pack_all(const struct nn_pack *p, enum nn_dtype dtype)
{
    const size_t side = PACK_SIDE;

    for (size_t row = 0; row < p->width; row += side) {
        bool whole = row + side <= p->rows;
        size_t k = 0;

        for (; dtype == NN_BF16 && whole && k + 2 * side <= p->k; k += 2 * side)
            pack_pairs(p, row, k);
        for (; k < p->k; k += side)
            pack_values(p, row, k, p->k - k < side ? p->k - k : side, dtype);
    }
}

/* One copy for each type: no branch on it in the loops. */
static void simd_pack(const struct nn_pack *p)
{
    switch (p->dtype) {
    case NN_F32:
        pack_all(p, NN_F32);
        break;
    case NN_BF16:
        pack_all(p, NN_BF16);
        break;
    case NN_F16:
        pack_all(p, NN_F16);
        break;
    }
}

/* --- the table ---------------------------------------------------------- */

#define SIMD_KERNELS(set, rows, cols)                                          \
 .tile_rows = (rows), .tile_cols = (cols), .pack = simd_pack,                  \
 .tile = set##_tile, .dot = simd_dot, .scale_max = simd_scale_max,             \
 .exp_sum = simd_exp_sum, .scale = simd_scale, .add = simd_add,                \
 .norm = simd_norm, .gelu = simd_gelu, .silu_mul = simd_silu_mul,              \
 .rotate = simd_rotate, .burn = simd_burn,                                     \
 .burn_values = BURN_CHAINS * NN_LANES, .read = simd_read

#endif
