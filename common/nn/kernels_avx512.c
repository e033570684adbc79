/*
 * Kernels for AVX-512 (F, BW, DQ, VL). What follows the lane operations is in
 * kernels_simd.h; the matrix tile and the widening of panels are here.
 */
#include "kernels_avx512.h"
#include "asid/nn/kernels.h"
#include "kernels_split.h"

#define VEC __m512
#define DOT_SUMS 16
#define DOT_ROWS 8
#define PACK_SIDE 16
#define BURN_CHAINS 12

enum { TILE_ROWS = 8, TILE_COLS = 48 };

LANE_OP VEC v_zero(void)
{
    return _mm512_setzero_ps();
}
LANE_OP VEC v_set1(float x)
{
    return _mm512_set1_ps(x);
}
LANE_OP VEC v_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
LANE_OP VEC v_load_part(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps(first_lanes(n), p);
}
LANE_OP void v_store(float *p, VEC x)
{
    _mm512_storeu_ps(p, x);
}
LANE_OP void v_store_part(float *p, size_t n, VEC x)
{
    _mm512_mask_storeu_ps(p, first_lanes(n), x);
}
LANE_OP VEC v_add(VEC a, VEC b)
{
    return _mm512_add_ps(a, b);
}
LANE_OP VEC v_sub(VEC a, VEC b)
{
    return _mm512_sub_ps(a, b);
}
LANE_OP VEC v_mul(VEC a, VEC b)
{
    return _mm512_mul_ps(a, b);
}
LANE_OP VEC v_div(VEC a, VEC b)
{
    return _mm512_div_ps(a, b);
}
LANE_OP VEC v_fma(VEC a, VEC b, VEC c)
{
    return _mm512_fmadd_ps(a, b, c);
}
LANE_OP VEC v_fnma(VEC a, VEC b, VEC c)
{
    return _mm512_fnmadd_ps(a, b, c);
}
LANE_OP VEC v_max(VEC a, VEC b)
{
    return _mm512_max_ps(a, b);
}
LANE_OP VEC v_min(VEC a, VEC b)
{
    return _mm512_min_ps(a, b);
}
LANE_OP VEC v_abs(VEC x)
{
    return _mm512_abs_ps(x);
}
LANE_OP VEC v_less(VEC a, VEC b, VEC yes, VEC no)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}
LANE_OP VEC v_sign(VEC x, VEC from)
{
    const VEC sign = _mm512_set1_ps(-0.0F);

    return _mm512_or_ps(_mm512_andnot_ps(sign, x), _mm512_and_ps(sign, from));
}
LANE_OP VEC v_scale2(VEC p, VEC n)
{
    return _mm512_scalef_ps(p, n);
}
LANE_OP float sum8(__m256 s)
{
    __m128 t =
        _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));

    t = _mm_add_ps(t, _mm_movehl_ps(t, t));
    return _mm_cvtss_f32(_mm_add_ss(t, _mm_movehdup_ps(t)));
}
LANE_OP float v_sum(VEC x)
{
    return sum8(
        _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1)));
}
LANE_OP float v_top(VEC x)
{
    return _mm512_reduce_max_ps(x);
}
LANE_OP VEC v_weights(const void *w, enum nn_dtype dtype, size_t i)
{
    const char *p = w;

    if (dtype == NN_F32)
        return _mm512_loadu_ps(p + 4 * i);
    if (dtype == NN_BF16)
        return widen_bf16(_mm256_loadu_si256((const void *)(p + 2 * i)));
    return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)(p + 2 * i)));
}
LANE_OP VEC v_weights_part(const void *w, enum nn_dtype dtype, size_t i,
                           size_t n)
{
    const char *p = w;
    __mmask16 m = first_lanes(n);

    if (dtype == NN_F32)
        return _mm512_maskz_loadu_ps(m, p + 4 * i);
    if (dtype == NN_BF16)
        return widen_bf16(_mm256_maskz_loadu_epi16(m, p + 2 * i));
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(m, p + 2 * i));
}

/* --- panels ------------------------------------------------------------- */

/* 16 rows, n <= 16 columns from column k, into 16 lanes of the panel. */
LANE_OP void pack_values(const struct nn_pack *p, size_t row, size_t k,
                         size_t n, enum nn_dtype dtype)
{
    const size_t size = dtype == NN_F32 ? 4 : 2;
    const size_t width = p->width;
    float *to = p->panel + k * width + row;
    __m512i r[16];

#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++) {
        size_t at = row + i < p->rows ? row + i : p->rows - 1;
        const char *w = (const char *)p->w + at * p->ldw * size;

        r[i] = _mm512_castps_si512(
            v_weights_part(w, dtype, k, row + i < p->rows ? n : 0));
    }
    transpose(r);
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++)
        if (i < n)
            _mm512_storeu_si512(to + i * width, r[i]);
}

/* bf16, 32 columns: pairs travel through the transposition as one value. */
LANE_OP void pack_pairs(const struct nn_pack *p, size_t row, size_t k)
{
    const size_t width = p->width, step = p->ldw * 2;
    const char *w = (const char *)p->w + row * step + k * 2;
    float *to = p->panel + k * width + row;
    const __m512i high = _mm512_set1_epi32((int)0xffff0000u);
    __m512i r[16];

#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++)
        r[i] = _mm512_loadu_si512(w + i * step);
    transpose(r);
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++) {
        _mm512_storeu_si512(to + 2 * i * width, _mm512_slli_epi32(r[i], 16));
        _mm512_storeu_si512(to + (2 * i + 1) * width,
                            _mm512_and_si512(r[i], high));
    }
}

#include "kernels_simd.h"

/* --- tiles -------------------------------------------------------------- */

/* R rows of a times V vectors of b: R x V running sums in registers. */
INLINE void tile_sums(const struct nn_tile *t, const size_t R, const size_t V)
{
    VEC sum[TILE_ROWS][3];
    const float *a = t->a, *b = t->b;

#pragma GCC unroll 8
    for (size_t r = 0; r < R; r++)
#pragma GCC unroll 3
        for (size_t v = 0; v < V; v++)
            sum[r][v] = v_zero();
    for (size_t k = 0; k < t->k; k++, b += t->ldb) {
        VEC w[3];

#pragma GCC unroll 3
        for (size_t v = 0; v < V; v++) {
            w[v] = v_load(b + 16 * v);
        }
#pragma GCC unroll 8
        for (size_t r = 0; r < R; r++) {
            VEC x = v_set1(a[r * t->lda + k]);

#pragma GCC unroll 3
            for (size_t v = 0; v < V; v++)
                sum[r][v] = v_fma(x, w[v], sum[r][v]);
        }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < R; r++) {
#pragma GCC unroll 3
        for (size_t v = 0; v < V; v++) {
            float *c = t->c + r * t->ldc + 16 * v;
            VEC y = t->load ? v_add(v_load(c), sum[r][v]) : sum[r][v];

            v_store(c, t->add ? v_add(y, v_load(t->add + 16 * v)) : y);
        }
    }
}

#define TILE_CASE(R)                                                           \
 case R:                                                                       \
  if (t->width == 48)                                                          \
   tile_sums(t, R, 3);                                                         \
  else if (t->width == 32)                                                     \
   tile_sums(t, R, 2);                                                         \
  else                                                                         \
   tile_sums(t, R, 1);                                                         \
  break;

static void avx512_tile(const struct nn_tile *t)
{
    switch (t->rows) {
        TILE_CASE(1)
        TILE_CASE(2)
        TILE_CASE(3)
        TILE_CASE(4)
        TILE_CASE(5)
        TILE_CASE(6)
        TILE_CASE(7)
        TILE_CASE(8)
    default:
        break;
    }
}

const struct nn_kernels nn_kernels_avx512 = {
    SIMD_KERNELS(avx512, TILE_ROWS, TILE_COLS),
    .name = "avx512",
};

const struct nn_kernels nn_kernels_amx = {
    SIMD_KERNELS(avx512, TILE_ROWS, TILE_COLS),
    .name = "amx",
    .split = &nn_split_amx,
};
