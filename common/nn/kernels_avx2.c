/*
 * Kernels for AVX2 with FMA and F16C: 16 lanes are two registers. What follows
 * the lane operations is in kernels_simd.h; the matrix tile and the widening of
 * panels are here.
 */
#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "asid/nn/kernels.h"

struct lanes {
    __m256 lo, hi;
};

#define VEC struct lanes
#define DOT_SUMS 4
#define DOT_ROWS 4
#define PACK_SIDE 8
#define BURN_CHAINS 6
#define LANE_OP static inline __attribute__((always_inline))

enum { TILE_ROWS = 6, TILE_COLS = 16 };

LANE_OP VEC v_zero(void)
{
    return (VEC){_mm256_setzero_ps(), _mm256_setzero_ps()};
}
LANE_OP VEC v_set1(float x)
{
    return (VEC){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
LANE_OP VEC v_load(const float *p)
{
    return (VEC){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
LANE_OP __m256i first_lanes(size_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);

    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}
LANE_OP VEC v_load_part(const float *p, size_t n)
{
    if (n <= 8)
        return (VEC){_mm256_maskload_ps(p, first_lanes(n)),
                     _mm256_setzero_ps()};
    return (VEC){_mm256_loadu_ps(p),
                 _mm256_maskload_ps(p + 8, first_lanes(n - 8))};
}
LANE_OP void v_store(float *p, VEC x)
{
    _mm256_storeu_ps(p, x.lo);
    _mm256_storeu_ps(p + 8, x.hi);
}
LANE_OP void v_store_part(float *p, size_t n, VEC x)
{
    if (n <= 8) {
        _mm256_maskstore_ps(p, first_lanes(n), x.lo);
    } else {
        _mm256_storeu_ps(p, x.lo);
        _mm256_maskstore_ps(p + 8, first_lanes(n - 8), x.hi);
    }
}
LANE_OP VEC v_add(VEC a, VEC b)
{
    return (VEC){_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
LANE_OP VEC v_sub(VEC a, VEC b)
{
    return (VEC){_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
LANE_OP VEC v_mul(VEC a, VEC b)
{
    return (VEC){_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
LANE_OP VEC v_div(VEC a, VEC b)
{
    return (VEC){_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}
LANE_OP VEC v_fma(VEC a, VEC b, VEC c)
{
    return (VEC){_mm256_fmadd_ps(a.lo, b.lo, c.lo),
                 _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
LANE_OP VEC v_fnma(VEC a, VEC b, VEC c)
{
    return (VEC){_mm256_fnmadd_ps(a.lo, b.lo, c.lo),
                 _mm256_fnmadd_ps(a.hi, b.hi, c.hi)};
}
LANE_OP VEC v_max(VEC a, VEC b)
{
    return (VEC){_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}
LANE_OP VEC v_min(VEC a, VEC b)
{
    return (VEC){_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
}
LANE_OP VEC v_abs(VEC x)
{
    const __m256 sign = _mm256_set1_ps(-0.0F);

    return (VEC){_mm256_andnot_ps(sign, x.lo), _mm256_andnot_ps(sign, x.hi)};
}
LANE_OP VEC v_less(VEC a, VEC b, VEC yes, VEC no)
{
    return (VEC){
        _mm256_blendv_ps(no.lo, yes.lo, _mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ)),
        _mm256_blendv_ps(no.hi, yes.hi, _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ))};
}
LANE_OP __m256 sign8(__m256 x, __m256 from)
{
    const __m256 sign = _mm256_set1_ps(-0.0F);

    return _mm256_or_ps(_mm256_andnot_ps(sign, x), _mm256_and_ps(sign, from));
}
LANE_OP VEC v_sign(VEC x, VEC from)
{
    return (VEC){sign8(x.lo, from.lo), sign8(x.hi, from.hi)};
}
LANE_OP __m256 exp2_8(__m256 n)
{
    __m256i e = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));

    return _mm256_castsi256_ps(_mm256_slli_epi32(e, 23));
}
/* Two factors reach infinity and the subnormals; the first one is exact. */
LANE_OP __m256 scale8(__m256 p, __m256 n)
{
    __m256 half =
        _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_cvtps_epi32(n), 1));

    return _mm256_mul_ps(_mm256_mul_ps(p, exp2_8(half)),
                         exp2_8(_mm256_sub_ps(n, half)));
}
LANE_OP VEC v_scale2(VEC p, VEC n)
{
    return (VEC){scale8(p.lo, n.lo), scale8(p.hi, n.hi)};
}
LANE_OP float v_sum(VEC x)
{
    __m256 s = _mm256_add_ps(x.lo, x.hi);
    __m128 t =
        _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));

    t = _mm_add_ps(t, _mm_movehl_ps(t, t));
    return _mm_cvtss_f32(_mm_add_ss(t, _mm_movehdup_ps(t)));
}
LANE_OP float v_top(VEC x)
{
    __m256 s = _mm256_max_ps(x.lo, x.hi);
    __m128 t =
        _mm_max_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));

    t = _mm_max_ps(t, _mm_movehl_ps(t, t));
    return _mm_cvtss_f32(_mm_max_ss(t, _mm_movehdup_ps(t)));
}
LANE_OP __m256 widen8(const void *p, enum nn_dtype dtype)
{
    __m128i half;

    if (dtype == NN_F32)
        return _mm256_loadu_ps(p);
    half = _mm_loadu_si128(p);
    if (dtype == NN_F16)
        return _mm256_cvtph_ps(half);
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
}
LANE_OP VEC v_weights(const void *w, enum nn_dtype dtype, size_t i)
{
    const size_t size = dtype == NN_F32 ? 4 : 2;
    const char *p = (const char *)w + size * i;

    return (VEC){widen8(p, dtype), widen8(p + 8 * size, dtype)};
}
LANE_OP VEC v_weights_part(const void *w, enum nn_dtype dtype, size_t i,
                           size_t n)
{
    const size_t size = dtype == NN_F32 ? 4 : 2;
    char pad[NN_LANES * sizeof(float)] = {0};

    memcpy(pad, (const char *)w + size * i, size * n);
    return v_weights(pad, dtype, 0);
}

/* --- panels ------------------------------------------------------------- */

/* Transpose 8 x 8 values of 32 bits. */
LANE_OP void transpose(__m256i r[8])
{
    __m256i t[8];

#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        t[i] = _mm256_permute2x128_si256(r[i], r[i + 4], 0x20);
        t[i + 4] = _mm256_permute2x128_si256(r[i], r[i + 4], 0x31);
    }
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
        r[i] = t[i];
}

/* 8 rows, n <= 8 columns from column k, into 8 lanes of the panel. */
LANE_OP void pack_values(const struct nn_pack *p, size_t row, size_t k,
                         size_t n, enum nn_dtype dtype)
{
    const size_t size = dtype == NN_F32 ? 4 : 2;
    const size_t width = p->width;
    float *to = p->panel + k * width + row;
    __m256i r[8];

#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++) {
        const char *w = (const char *)p->w + (row + i) * p->ldw * size;

        if (row + i >= p->rows)
            r[i] = _mm256_setzero_si256();
        else if (n == 8)
            r[i] = _mm256_castps_si256(widen8(w + k * size, dtype));
        else
            r[i] = _mm256_castps_si256(v_weights_part(w, dtype, k, n).lo);
    }
    transpose(r);
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        if (i < n)
            _mm256_storeu_si256((void *)(to + i * width), r[i]);
}

/* bf16, 16 columns: pairs travel through the transposition as one value. */
LANE_OP void pack_pairs(const struct nn_pack *p, size_t row, size_t k)
{
    const size_t width = p->width, step = p->ldw * 2;
    const char *w = (const char *)p->w + row * step + k * 2;
    float *to = p->panel + k * width + row;
    const __m256i high = _mm256_set1_epi32((int)0xffff0000u);
    __m256i r[8];

#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        r[i] = _mm256_loadu_si256((const void *)(w + i * step));
    transpose(r);
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++) {
        _mm256_storeu_si256((void *)(to + 2 * i * width),
                            _mm256_slli_epi32(r[i], 16));
        _mm256_storeu_si256((void *)(to + (2 * i + 1) * width),
                            _mm256_and_si256(r[i], high));
    }
}

#include "kernels_simd.h"

/* --- tiles -------------------------------------------------------------- */

/* R rows of a times 16 columns of b: 2 R running sums in registers. */
INLINE void tile_sums(const struct nn_tile *t, const size_t R)
{
    VEC sum[TILE_ROWS];
    const float *a = t->a, *b = t->b;

#pragma GCC unroll 6
    for (size_t r = 0; r < R; r++)
        sum[r] = v_zero();
#pragma GCC unroll 4 /* the front end is the limit */
    for (size_t k = 0; k < t->k; k++, b += t->ldb) {
        VEC w = v_load(b);

#pragma GCC unroll 6
        for (size_t r = 0; r < R; r++)
            sum[r] = v_fma(v_set1(a[r * t->lda + k]), w, sum[r]);
    }
#pragma GCC unroll 6
    for (size_t r = 0; r < R; r++) {
        float *c = t->c + r * t->ldc;
        VEC y = t->load ? v_add(v_load(c), sum[r]) : sum[r];

        v_store(c, t->add ? v_add(y, v_load(t->add)) : y);
    }
}

static void avx2_tile(const struct nn_tile *t)
{
    switch (t->rows) {
    case 1:
        tile_sums(t, 1);
        break;
    case 2:
        tile_sums(t, 2);
        break;
    case 3:
        tile_sums(t, 3);
        break;
    case 4:
        tile_sums(t, 4);
        break;
    case 5:
        tile_sums(t, 5);
        break;
    case 6:
        tile_sums(t, 6);
        break;
    default:
        break;
    }
}

const struct nn_kernels nn_kernels_avx2 = {
    SIMD_KERNELS(avx2, TILE_ROWS, TILE_COLS),
    .name = "avx2",
};
