/*
 * Integer kernels for AVX2, which has no four-byte dot product. vpmaddubsw adds
 * two products of bytes in 16 bits: that would saturate for 8-bit weights, so
 * these are widened to 16 bits, even and odd bytes apart. For nibbles it is
 * exact, and eight such sums fit into 16 bits before they have to be widened.
 *
 * tests/cli/kernels.sh looks at the loops.
 */
#include <immintrin.h>
#include <string.h>

#include "asid/nn/qkernels.h"
#include "asid/nn/quant.h"

#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline)) /* a loop with its registers */

enum {
    QUAD = NN_QCOLS * NN_QLANES, /* bytes */
    SUMS = NN_QCOLS / 8,         /* that fit into the registers with the rest */
    ROWS = 3,                    /* a tile: R rows and SUMS / R vectors */
    QUADS = NN_Q8_GROUP / NN_QLANES,
    BURN_CHAINS = 12,
    NARROW = 8, /* quads of nibbles whose sum fits: 8 * 2 * 15 * 127 < 2^15 */
};

/* Rows of a, bytes 0 and 2 of each quad apart from 1 and 3, in pairs of 16
 * bits. */
struct halves {
    int32_t even[ROWS][QUADS], odd[ROWS][QUADS];
};

INLINE void split8(__m256i x, int32_t *even, int32_t *odd)
{
    _mm256_storeu_si256((void *)even,
                        _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8));
    _mm256_storeu_si256((void *)odd, _mm256_srai_epi16(x, 8));
}

INLINE void split_row(const int8_t *a, size_t quads, int32_t *even,
                      int32_t *odd)
{
    int8_t rest[8 * NN_QLANES] = {0};
    size_t q = 0;

    for (; q + 8 <= quads; q += 8)
        split8(_mm256_loadu_si256((const void *)(a + q * NN_QLANES)), even + q,
               odd + q);
    if (q == quads)
        return;
    memcpy(rest, a + q * NN_QLANES, (quads - q) * NN_QLANES);
    split8(_mm256_loadu_si256((const void *)rest), even + q, odd + q);
}

INLINE __m256i four(const int8_t *a)
{
    int32_t v;

    memcpy(&v, a, sizeof v);
    return _mm256_set1_epi32(v);
}

/* Written out: given the intrinsic, gcc 12 adds the products to each other first
 * and has no register left for their sums. */
INLINE __m256i add32(__m256i sum, __m256i x)
{
    __asm__("vpaddd %1, %0, %0" : "+x"(sum) : "x"(x));
    return sum;
}

/* What the sums of R rows, for columns from `at` on, stand for. */
INLINE void finish(const struct nn_qtile *t, size_t row, size_t at,
                   const __m256i *sum, const size_t R)
{
    const size_t V = SUMS / R;

#pragma GCC unroll 3
    for (size_t r = 0; r < R; r++) {
        const __m256 by = _mm256_set1_ps(t->by[row + r]);
        const __m256 plus = _mm256_set1_ps(t->plus[row + r]);
        const __m256i start = _mm256_set1_epi32(t->start[row + r]);

#pragma GCC unroll 6
        for (size_t v = 0; v < V; v++) {
            float *y = t->y + (row + r) * t->ldy + at + 8 * v;
            __m256i whole = _mm256_add_epi32(start, sum[r * V + v]);
            __m256 s = _mm256_mul_ps(_mm256_loadu_ps(t->scale + at + 8 * v),
                                     _mm256_cvtepi32_ps(whole));
            __m256 old = t->load ? _mm256_loadu_ps(y) : _mm256_setzero_ps();

            if (t->lowest)
                s = _mm256_fmadd_ps(plus,
                                    _mm256_loadu_ps(t->lowest + at + 8 * v), s);
            _mm256_storeu_ps(y, _mm256_fmadd_ps(by, s, old));
        }
    }
}

/* --- bytes ---------------------------------------------------------------- */

INLINE void bytes_part(const struct nn_qtile *t, const struct halves *h,
                       size_t row, size_t at, const size_t R)
{
    const __m256i mask = _mm256_set1_epi16(255);
    const uint8_t *w = t->w + at * NN_QLANES;
    const size_t V = SUMS / R;
    __m256i sum[SUMS];

#pragma GCC unroll 6
    for (size_t i = 0; i < SUMS; i++)
        sum[i] = _mm256_setzero_si256();
    for (size_t q = 0; q < t->quads; q++, w += QUAD) {
        __m256i even[ROWS], odd[ROWS];

#pragma GCC unroll 3
        for (size_t r = 0; r < R; r++) {
            even[r] = _mm256_set1_epi32(h->even[r][q]);
            odd[r] = _mm256_set1_epi32(h->odd[r][q]);
        }
#pragma GCC unroll 6
        for (size_t v = 0; v < V; v++) {
            __m256i b = _mm256_load_si256((const void *)(w + 32 * v));
            __m256i low = _mm256_and_si256(b, mask);
            __m256i high = _mm256_srli_epi16(b, 8);

#pragma GCC unroll 3
            for (size_t r = 0; r < R; r++) {
                __m256i *s = sum + r * V + v;

                *s = add32(*s, _mm256_madd_epi16(low, even[r]));
                *s = add32(*s, _mm256_madd_epi16(high, odd[r]));
            }
        }
    }
    finish(t, row, at, sum, R);
}

APART void bytes_1(const struct nn_qtile *t, const struct halves *h, size_t row,
                   size_t at)
{
    bytes_part(t, h, row, at, 1);
}
APART void bytes_2(const struct nn_qtile *t, const struct halves *h, size_t row,
                   size_t at)
{
    bytes_part(t, h, row, at, 2);
}
APART void bytes_3(const struct nn_qtile *t, const struct halves *h, size_t row,
                   size_t at)
{
    bytes_part(t, h, row, at, 3);
}

static void bytes_rows(const struct nn_qtile *t, size_t row, size_t rows)
{
    struct halves h;

    for (size_t r = 0; r < rows; r++)
        split_row(t->a + (row + r) * t->lda, t->quads, h.even[r], h.odd[r]);
    for (size_t at = 0; at < NN_QCOLS; at += NN_QCOLS / rows)
        if (rows == 1)
            bytes_1(t, &h, row, at);
        else if (rows == 2)
            bytes_2(t, &h, row, at);
        else
            bytes_3(t, &h, row, at);
}

/* --- nibbles -------------------------------------------------------------- */

INLINE void nibbles_part(const struct nn_qtile *t, size_t row, size_t at,
                         const size_t R)
{
    const uint8_t *w = t->w + at * NN_QLANES;
    const int8_t *a = t->a + row * t->lda;
    const size_t V = SUMS / R;
    __m256i sum[SUMS];

#pragma GCC unroll 6
    for (size_t i = 0; i < SUMS; i++)
        sum[i] = _mm256_setzero_si256();
    for (size_t q = 0; q < t->quads; q += NARROW) {
        size_t n = t->quads - q < NARROW ? t->quads - q : NARROW;
        __m256i part[SUMS];

#pragma GCC unroll 6
        for (size_t i = 0; i < SUMS; i++)
            part[i] = _mm256_setzero_si256();
        for (; n > 0; n--, w += QUAD, a += NN_QLANES) {
            __m256i x[ROWS];

#pragma GCC unroll 3
            for (size_t r = 0; r < R; r++)
                x[r] = four(a + r * t->lda);
#pragma GCC unroll 6
            for (size_t v = 0; v < V; v++) {
                __m256i b = _mm256_load_si256((const void *)(w + 32 * v));

#pragma GCC unroll 3
                for (size_t r = 0; r < R; r++) {
                    __m256i *s = part + r * V + v;

                    *s = _mm256_add_epi16(*s, _mm256_maddubs_epi16(b, x[r]));
                }
            }
        }
#pragma GCC unroll 6
        for (size_t i = 0; i < SUMS; i++)
            sum[i] = _mm256_add_epi32(
                sum[i], _mm256_madd_epi16(part[i], _mm256_set1_epi16(1)));
    }
    finish(t, row, at, sum, R);
}

APART void nibbles_1(const struct nn_qtile *t, size_t row, size_t at)
{
    nibbles_part(t, row, at, 1);
}
APART void nibbles_2(const struct nn_qtile *t, size_t row, size_t at)
{
    nibbles_part(t, row, at, 2);
}
APART void nibbles_3(const struct nn_qtile *t, size_t row, size_t at)
{
    nibbles_part(t, row, at, 3);
}

static void nibbles_rows(const struct nn_qtile *t, size_t row, size_t rows)
{
    for (size_t at = 0; at < NN_QCOLS; at += NN_QCOLS / rows)
        if (rows == 1)
            nibbles_1(t, row, at);
        else if (rows == 2)
            nibbles_2(t, row, at);
        else
            nibbles_3(t, row, at);
}

/* For one row: up to NARROW quads of nibbles as they lie in memory, two quads in
 * a byte, are added to sum, which is in memory: there are no registers for it. */
APART void pairs(const struct nn_qtile *t, size_t q, __m256i sum[SUMS])
{
    const __m256i mask = _mm256_set1_epi8(15);
    const uint8_t *w = t->w + q / 2 * QUAD;
    const int8_t *a = t->a + q * NN_QLANES;
    size_t n = t->quads - q < NARROW ? t->quads - q : NARROW;
    __m256i part[SUMS];

#pragma GCC unroll 6
    for (size_t i = 0; i < SUMS; i++)
        part[i] = _mm256_setzero_si256();
    for (; n > 0; n -= 2, w += QUAD, a += 2 * NN_QLANES) {
        __m256i x = four(a), y = four(a + NN_QLANES);

#pragma GCC unroll 6
        for (size_t i = 0; i < SUMS; i++) {
            __m256i b = _mm256_load_si256((const void *)(w + 32 * i));
            __m256i low = _mm256_and_si256(b, mask);
            __m256i high = _mm256_and_si256(_mm256_srli_epi16(b, 4), mask);

            part[i] = _mm256_add_epi16(part[i], _mm256_maddubs_epi16(low, x));
            part[i] = _mm256_add_epi16(part[i], _mm256_maddubs_epi16(high, y));
        }
    }
#pragma GCC unroll 6
    for (size_t i = 0; i < SUMS; i++)
        sum[i] = _mm256_add_epi32(
            sum[i], _mm256_madd_epi16(part[i], _mm256_set1_epi16(1)));
}

static void avx2_packed(const struct nn_qtile *t)
{
    __m256i sum[SUMS];

    memset(sum, 0, sizeof sum);
    for (size_t q = 0; q < t->quads; q += NARROW)
        pairs(t, q, sum);
    finish(t, 0, 0, sum, 1);
}

/* --- tiles ---------------------------------------------------------------- */

/* Three rows at once as long as not a single one is left over. */
static void avx2_tile(const struct nn_qtile *t)
{
    size_t rows;

    for (size_t r = 0; r < t->rows; r += rows) {
        size_t left = t->rows - r;

        rows = left == 4 ? 2 : left < ROWS ? left : ROWS;
        if (t->lowest)
            nibbles_rows(t, r, rows);
        else
            bytes_rows(t, r, rows);
    }
}

static void avx2_spread(const uint8_t *from, size_t pairs, uint8_t *to)
{
    const __m256i low = _mm256_set1_epi8(15);

    for (size_t p = 0; p < pairs; p++, from += QUAD, to += 2 * (size_t)QUAD)
        for (size_t v = 0; v < QUAD / 32; v++) {
            __m256i x = _mm256_load_si256((const void *)(from + 32 * v));

            _mm256_store_si256((void *)(to + 32 * v), _mm256_and_si256(x, low));
            _mm256_store_si256((void *)(to + QUAD + 32 * v),
                               _mm256_and_si256(_mm256_srli_epi16(x, 4), low));
        }
}

/* Eight values as integers; NaN is zero. */
INLINE __m256i round8(const float *x, __m256 by)
{
    const __m256 high = _mm256_set1_ps(127.0F), low = _mm256_set1_ps(-127.0F);
    __m256 v = _mm256_mul_ps(_mm256_loadu_ps(x), by);
    __m256 number = _mm256_cmp_ps(v, v, _CMP_ORD_Q);

    v = _mm256_min_ps(high, _mm256_max_ps(low, v));
    return _mm256_cvtps_epi32(_mm256_and_ps(v, number));
}

/* 32 values as bytes; their integers are added to sums. */
INLINE __m256i round32(const float *x, __m256 by, __m256i *sums)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i q[4];

#pragma GCC unroll 4
    for (size_t j = 0; j < 4; j++) {
        q[j] = round8(x + 8 * j, by);
        *sums = _mm256_add_epi32(*sums, q[j]);
    }
    q[0] = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]),
                              _mm256_packs_epi32(q[2], q[3]));
    return _mm256_permutevar8x32_epi32(q[0], order);
}

static int32_t avx2_round(const float *x, size_t n, float by, int8_t *to)
{
    const __m256 scale = _mm256_set1_ps(by);
    __m256i sums = _mm256_setzero_si256();
    int32_t sum = 0, lanes[8];
    int8_t bytes[32];
    float rest[32] = {0};
    size_t i = 0;

    for (; i + 32 <= n; i += 32)
        _mm256_storeu_si256((void *)(to + i), round32(x + i, scale, &sums));
    if (i < n) {
        memcpy(rest, x + i, (n - i) * sizeof *rest);
        _mm256_storeu_si256((void *)bytes, round32(rest, scale, &sums));
        memcpy(to + i, bytes, n - i);
    }
    _mm256_storeu_si256((void *)lanes, sums);
    for (size_t j = 0; j < 8; j++)
        sum += lanes[j];
    return sum;
}

static float avx2_largest(const float *x, size_t n)
{
    const __m256i size = _mm256_set1_epi32(0x7fffffff);
    __m256i top = _mm256_setzero_si256();
    uint32_t lanes[8], bits, most = 0;
    float value;
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        top = _mm256_max_epu32(
            top,
            _mm256_and_si256(size, _mm256_loadu_si256((const void *)(x + i))));
    _mm256_storeu_si256((void *)lanes, top);
    for (size_t j = 0; j < 8; j++)
        most = lanes[j] > most ? lanes[j] : most;
    for (; i < n; i++) {
        memcpy(&bits, x + i, sizeof bits);
        bits &= 0x7fffffffU;
        most = bits > most ? bits : most;
    }
    memcpy(&value, &most, sizeof value);
    return value;
}

static int32_t avx2_burn(size_t rounds)
{
    const __m256i x = _mm256_set1_epi16(3);
    __m256i sum[BURN_CHAINS];
    int32_t lanes[8], all = 0;

    for (int i = 0; i < BURN_CHAINS; i++)
        sum[i] = _mm256_set1_epi16((int16_t)i);
    for (size_t k = 0; k < rounds; k++) {
#pragma GCC unroll 12
        for (int i = 0; i < BURN_CHAINS; i++)
            sum[i] = add32(sum[i], _mm256_madd_epi16(x, sum[i]));
    }
    for (int i = 1; i < BURN_CHAINS; i++)
        sum[0] = _mm256_xor_si256(sum[0], sum[i]);
    _mm256_storeu_si256((void *)lanes, sum[0]);
    for (int i = 0; i < 8; i++)
        all ^= lanes[i];
    return all;
}

const struct nn_qkernels nn_qkernels_avx2 = {
    .name = "avx2",
    .tile = avx2_tile,
    .spread = avx2_spread,
    .packed = avx2_packed,
    .round = avx2_round,
    .largest = avx2_largest,
    .burn = avx2_burn,
    .burn_products = (size_t)BURN_CHAINS * 16,
};
