/*
 * Integer kernels for AVX-512 with VNNI: vpdpbusd multiplies four unsigned
 * bytes by four signed ones and adds the sum to 32 bits, in 16 lanes.
 *
 * The instruction is written out: given the intrinsic, gcc 12 keeps the sums in
 * memory, which halves the speed. tests/cli/kernels.sh looks at the loop.
 */
#include "qkernels_amx.h"
#include "qkernels_avx512.h"

enum {
    BURN_CHAINS = 12,
    AHEAD = 4096, /* bytes that are fetched ahead: the next page */
};

INLINE __m512i dot4(__m512i sum, __m512i bytes, __m512i signed_bytes)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(bytes), "v"(signed_bytes));
    return sum;
}

INLINE __m512i four(const int8_t *a)
{
    int32_t v;

    __builtin_memcpy(&v, a, sizeof v);
    return _mm512_set1_epi32(v);
}

/* R rows: R x VECTORS running sums in registers. */
INLINE void tile_rows(const struct nn_qtile *t, const size_t R)
{
    __m512i sum[NN_QROWS][VECTORS];
    const uint8_t *w = t->w;
    const int8_t *a = t->a;

#pragma GCC unroll 8
    for (size_t r = 0; r < R; r++)
#pragma GCC unroll 3
        for (size_t v = 0; v < VECTORS; v++)
            sum[r][v] = _mm512_set1_epi32(t->start[r]);
    for (size_t q = 0; q < t->quads; q++, w += QUAD, a += NN_QLANES) {
        __m512i b[VECTORS];

#pragma GCC unroll 3
        for (size_t v = 0; v < VECTORS; v++) {
            b[v] = _mm512_load_si512((const void *)(w + 64 * v));
            if (R <= 2) /* these wait for memory */
                _mm_prefetch(w + 64 * v + AHEAD, _MM_HINT_T1);
        }
#pragma GCC unroll 8
        for (size_t r = 0; r < R; r++) {
            __m512i x = four(a + r * t->lda);

#pragma GCC unroll 3
            for (size_t v = 0; v < VECTORS; v++)
                sum[r][v] = dot4(sum[r][v], b[v], x);
        }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < R; r++)
        store_row(t, r, sum[r]);
}

static void vnni_tile(const struct nn_qtile *t)
{
    switch (t->rows) {
    case 1:
        tile_rows(t, 1);
        break;
    case 2:
        tile_rows(t, 2);
        break;
    case 3:
        tile_rows(t, 3);
        break;
    case 4:
        tile_rows(t, 4);
        break;
    case 5:
        tile_rows(t, 5);
        break;
    case 6:
        tile_rows(t, 6);
        break;
    case 7:
        tile_rows(t, 7);
        break;
    case 8:
        tile_rows(t, 8);
        break;
    default:
        break;
    }
}

static void vnni_spread(const uint8_t *from, size_t pairs, uint8_t *to)
{
    const __m512i low = _mm512_set1_epi8(15);

    for (size_t p = 0; p < pairs; p++, from += QUAD, to += 2 * (size_t)QUAD)
        for (size_t v = 0; v < VECTORS; v++) {
            __m512i x = _mm512_load_si512((const void *)(from + 64 * v));

            _mm512_store_si512((void *)(to + 64 * v), _mm512_and_si512(x, low));
            _mm512_store_si512((void *)(to + QUAD + 64 * v),
                               _mm512_and_si512(_mm512_srli_epi16(x, 4), low));
        }
}

/* Two quads from each load; sums of their own, as one chain for each vector
 * would wait for itself. */
static void vnni_packed(const struct nn_qtile *t)
{
    const __m512i low = _mm512_set1_epi8(15);
    __m512i even[VECTORS], odd[VECTORS];
    const uint8_t *w = t->w;
    const int8_t *a = t->a;

#pragma GCC unroll 3
    for (size_t v = 0; v < VECTORS; v++) {
        even[v] = _mm512_set1_epi32(t->start[0]);
        odd[v] = _mm512_setzero_si512();
    }
    for (size_t q = 0; q < t->quads; q += 2, w += QUAD, a += 2 * NN_QLANES) {
        __m512i x = four(a), next = four(a + NN_QLANES);

#pragma GCC unroll 3
        for (size_t v = 0; v < VECTORS; v++) {
            __m512i b = _mm512_load_si512((const void *)(w + 64 * v));

            _mm_prefetch(w + 64 * v + AHEAD, _MM_HINT_T1);
            even[v] = dot4(even[v], _mm512_and_si512(b, low), x);
            odd[v] = dot4(odd[v],
                          _mm512_and_si512(_mm512_srli_epi16(b, 4), low), next);
        }
    }
#pragma GCC unroll 3
    for (size_t v = 0; v < VECTORS; v++)
        even[v] = _mm512_add_epi32(even[v], odd[v]);
    store_row(t, 0, even);
}

static int32_t vnni_round(const float *x, size_t n, float by, int8_t *to)
{
    const __m512 high = _mm512_set1_ps(127.0F), low = _mm512_set1_ps(-127.0F);
    __m512i sum = _mm512_setzero_si512();

    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = first_lanes(n - i);
        __m512 v =
            _mm512_mul_ps(_mm512_maskz_loadu_ps(m, x + i), _mm512_set1_ps(by));
        __mmask16 number = _mm512_cmp_ps_mask(v, v, _CMP_ORD_Q);
        __m512i q = _mm512_maskz_cvtps_epi32(
            number, _mm512_min_ps(high, _mm512_max_ps(low, v)));

        _mm512_mask_cvtepi32_storeu_epi8(to + i, m, q);
        sum = _mm512_add_epi32(sum, q);
    }
    return _mm512_reduce_add_epi32(sum);
}

static float vnni_largest(const float *x, size_t n)
{
    const __m512i size = _mm512_set1_epi32(0x7fffffff);
    __m512i top = _mm512_setzero_si512();
    uint32_t bits;
    float most;

    for (size_t i = 0; i < n; i += 16)
        top = _mm512_max_epu32(
            top, _mm512_and_si512(size, _mm512_maskz_loadu_epi32(
                                            first_lanes(n - i), x + i)));
    bits = _mm512_reduce_max_epu32(top);
    __builtin_memcpy(&most, &bits, sizeof most);
    return most;
}

static int32_t vnni_burn(size_t rounds)
{
    const __m512i x = _mm512_set1_epi8(3);
    __m512i sum[BURN_CHAINS];

#pragma GCC unroll 12
    for (int i = 0; i < BURN_CHAINS; i++)
        sum[i] = _mm512_set1_epi32(i);
    for (size_t k = 0; k < rounds; k++) {
#pragma GCC unroll 12
        for (int i = 0; i < BURN_CHAINS; i++)
            sum[i] = dot4(sum[i], x, x);
    }
#pragma GCC unroll 12
    for (int i = 1; i < BURN_CHAINS; i++)
        sum[0] = _mm512_xor_si512(sum[0], sum[i]);
    return (int32_t)_mm512_reduce_and_epi32(sum[0]);
}

#define VNNI_KERNELS                                                           \
 .tile = vnni_tile, .spread = vnni_spread, .packed = vnni_packed,              \
 .round = vnni_round, .largest = vnni_largest, .second_is_free = true

const struct nn_qkernels nn_qkernels_vnni = {
    VNNI_KERNELS,
    .name = "vnni",
    .burn = vnni_burn,
    .burn_products = (size_t)BURN_CHAINS * 64,
};

/* Few rows keep to vpdpbusd: they wait for the weights. */
const struct nn_qkernels nn_qkernels_amx = {
    VNNI_KERNELS,          .name = "amx",
    .strip = nn_amx_strip, .strip_rows = NN_QROWS + 1,
    .burn = nn_amx_burn,   .burn_products = NN_AMX_BURN_PRODUCTS,
};
