/*
 * Integer kernels for AVX2. vpmaddubsw would saturate; bytes are widened to 16
 * bits instead, even and odd ones apart, which is exact.
 */
#include <immintrin.h>
#include <string.h>

#include "asid/nn/qkernels.h"
#include "asid/nn/quant.h"

#define INLINE static inline __attribute__((always_inline))

enum { VECTORS = NN_QCOLS / 8, QUAD = NN_QCOLS * NN_QLANES };

/* Bytes 0 and 2, or 1 and 3, of four signed bytes, as pairs of 16 bits. */
INLINE __m256i two(const int8_t *a, size_t first)
{
    uint32_t low = (uint32_t)a[first] & 0xffffU;
    uint32_t high = (uint32_t)a[first + 2] & 0xffffU;

    return _mm256_set1_epi32((int32_t)(low | high << 16));
}

/* One row and V vectors of columns from `at` on. */
INLINE void tile_part(const struct nn_qtile *t, size_t row, size_t at,
                      const size_t V)
{
    const __m256i mask = _mm256_set1_epi16(255);
    const uint8_t *w = t->w + at * NN_QLANES;
    const int8_t *a = t->a + row * t->lda;
    const __m256 by = _mm256_set1_ps(t->by[row]);
    const __m256 plus = _mm256_set1_ps(t->plus[row]);
    __m256i sum[VECTORS];

#pragma GCC unroll 6
    for (size_t v = 0; v < V; v++)
        sum[v] = _mm256_set1_epi32(t->start[row]);
    for (size_t q = 0; q < t->quads; q++, w += QUAD, a += NN_QLANES) {
        __m256i even = two(a, 0), odd = two(a, 1);

#pragma GCC unroll 6
        for (size_t v = 0; v < V; v++) {
            __m256i b = _mm256_load_si256((const void *)(w + 32 * v));

            sum[v] = _mm256_add_epi32(
                sum[v], _mm256_madd_epi16(_mm256_and_si256(b, mask), even));
            sum[v] = _mm256_add_epi32(
                sum[v], _mm256_madd_epi16(_mm256_srli_epi16(b, 8), odd));
        }
    }
#pragma GCC unroll 6
    for (size_t v = 0; v < V; v++) {
        float *y = t->y + row * t->ldy + at + 8 * v;
        __m256 s = _mm256_mul_ps(_mm256_loadu_ps(t->scale + at + 8 * v),
                                 _mm256_cvtepi32_ps(sum[v]));
        __m256 old = t->load ? _mm256_loadu_ps(y) : _mm256_setzero_ps();

        if (t->lowest)
            s = _mm256_fmadd_ps(plus, _mm256_loadu_ps(t->lowest + at + 8 * v),
                                s);
        _mm256_storeu_ps(y, _mm256_fmadd_ps(by, s, old));
    }
}

static void avx2_tile(const struct nn_qtile *t)
{
    for (size_t r = 0; r < t->rows; r++)
        tile_part(t, r, 0, VECTORS);
}

static void avx2_spread(const uint8_t *from, size_t pairs, uint8_t *to)
{
    const __m256i low = _mm256_set1_epi8(15);

    for (size_t p = 0; p < pairs; p++, from += QUAD, to += 2 * (size_t)QUAD)
        for (size_t v = 0; v < VECTORS; v++) {
            __m256i x = _mm256_load_si256((const void *)(from + 32 * v));

            _mm256_store_si256((void *)(to + 32 * v), _mm256_and_si256(x, low));
            _mm256_store_si256((void *)(to + QUAD + 32 * v),
                               _mm256_and_si256(_mm256_srli_epi16(x, 4), low));
        }
}

static int32_t avx2_round(const float *x, size_t n, float by, int8_t *to)
{
    const __m256 high = _mm256_set1_ps(127.0F), low = _mm256_set1_ps(-127.0F);
    int32_t sum = 0, lanes[8];
    float part[8];

    for (size_t i = 0; i < n; i += 8) {
        size_t m = n - i < 8 ? n - i : 8;
        __m256 v, number;

        memset(part, 0, sizeof part);
        memcpy(part, x + i, m * sizeof *part);
        v = _mm256_mul_ps(_mm256_loadu_ps(part), _mm256_set1_ps(by));
        number = _mm256_cmp_ps(v, v, _CMP_ORD_Q);
        v = _mm256_min_ps(high, _mm256_max_ps(low, v));
        _mm256_storeu_si256((void *)lanes,
                            _mm256_cvtps_epi32(_mm256_and_ps(v, number)));
        for (size_t j = 0; j < m; j++) {
            to[i + j] = (int8_t)lanes[j];
            sum += lanes[j];
        }
    }
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

const struct nn_qkernels nn_qkernels_avx2 = {
    .name = "avx2",
    .tile = avx2_tile,
    .spread = avx2_spread,
    .round = avx2_round,
    .largest = avx2_largest,
};
