/*
 * The reference kernels: plain C without fused multiply-add, without libm
 * beyond sqrtf (correctly rounded everywhere), so that every machine gives the
 * same bits. The faster sets are tested against these.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "asid/nn/kernels.h"
#include "kernels_math.h"

enum { REF_ROWS = 4, REF_COLS = NN_LANES, BURN_VALUES = 2 * NN_LANES };

static float from_bits(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof f);
    return f;
}

static float from_half(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    uint32_t exponent = h >> 10 & 31, fraction = h & 0x3ffu;

    if (exponent == 31)
        return from_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent == 0) {
        float f = (float)fraction * 0x1p-24F;

        return sign ? -f : f;
    }
    return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

float nn_weight(const void *w, enum nn_dtype dtype, size_t i)
{
    const char *at = w;
    uint16_t half;
    float f;

    if (dtype == NN_F32) {
        memcpy(&f, at + 4 * i, sizeof f);
        return f;
    }
    memcpy(&half, at + 2 * i, sizeof half);
    return dtype == NN_BF16 ? from_bits((uint32_t)half << 16) : from_half(half);
}

static void ref_pack(const struct nn_pack *p)
{
    for (size_t k = 0; k < p->k; k++)
        for (size_t r = 0; r < p->width; r++)
            p->panel[k * p->width + r] =
                r < p->rows ? nn_weight(p->w, p->dtype, r * p->ldw + k) : 0.0F;
}

static void ref_strip(const struct nn_tile *t, size_t row, size_t col)
{
    const float *a = t->a + row * t->lda, *b = t->b + col;
    float *c = t->c + row * t->ldc + col;
    float sum[NN_LANES] = {0.0F};

    for (size_t k = 0; k < t->k; k++)
        for (size_t j = 0; j < NN_LANES; j++)
            sum[j] += a[k] * b[k * t->ldb + j];
    for (size_t j = 0; j < NN_LANES; j++) {
        float base = t->load ? c[j] + sum[j] : sum[j];

        c[j] = t->add ? base + t->add[col + j] : base;
    }
}

static void ref_tile(const struct nn_tile *t)
{
    for (size_t row = 0; row < t->rows; row++)
        for (size_t col = 0; col < t->width; col += NN_LANES)
            ref_strip(t, row, col);
}

/* Lanes, as the vector sets have them: shorter chains, smaller errors. */
static float sum_lanes(const float lane[NN_LANES])
{
    float s[8];

    for (size_t i = 0; i < 8; i++)
        s[i] = lane[i] + lane[i + 8];
    for (size_t i = 0; i < 4; i++)
        s[i] += s[i + 4];
    return (s[0] + s[2]) + (s[1] + s[3]);
}

static float ref_dot_one(const struct nn_dot *d, size_t i, size_t j)
{
    float lane[NN_LANES] = {0.0F};
    const float *x = d->x + i * NN_LANES;

    for (size_t k = 0; k < d->k; k++)
        lane[k % NN_LANES] += x[k / NN_LANES * d->m * NN_LANES + k % NN_LANES] *
                              nn_weight(d->w, d->dtype, j * d->ldw + k);
    return sum_lanes(lane);
}

static void ref_dot(const struct nn_dot *d)
{
    for (size_t j = 0; j < d->n; j++)
        for (size_t i = 0; i < d->m; i++)
            d->y[i * d->ldy + j] = ref_dot_one(d, i, j);
}

static float ref_exp(float x)
{
    float n, r, p;
    int32_t whole, half;

    x = x < NN_EXP_LOW ? NN_EXP_LOW : x;
    x = x > NN_EXP_HIGH ? NN_EXP_HIGH : x;
    if (isnan(x))
        return x;
    n = x * NN_LOG2E + NN_ROUND_MAGIC;
    n -= NN_ROUND_MAGIC;
    r = x - n * NN_LN2_HIGH;
    r -= n * NN_LN2_LOW;
    p = NN_EXP_4;
    p = p * r + NN_EXP_3;
    p = p * r + NN_EXP_2;
    p = p * r + NN_EXP_1;
    p = p * r + NN_EXP_0;
    p = p * (r * r) + r;
    p += 1.0F;
    whole = (int32_t)n;
    half = whole >> 1; /* two factors reach infinity and the subnormals */
    return p * from_bits((uint32_t)(half + 127) << 23) *
           from_bits((uint32_t)(whole - half + 127) << 23);
}

static float ref_erf(float x)
{
    float t = fabsf(x), s, p;

    if (t < 1.0F) {
        s = x * x;
        p = NN_ERF_6;
        p = p * s + NN_ERF_5;
        p = p * s + NN_ERF_4;
        p = p * s + NN_ERF_3;
        p = p * s + NN_ERF_2;
        p = p * s + NN_ERF_1;
        p = p * s + NN_ERF_0;
        return p * x + x;
    }
    if (t > NN_ERFC_END)
        t = NN_ERFC_END;
    s = t - NN_ERFC_MIDDLE;
    p = NN_ERFC_6;
    p = p * s + NN_ERFC_5;
    p = p * s + NN_ERFC_4;
    p = p * s + NN_ERFC_3;
    p = p * s + NN_ERFC_2;
    p = p * s + NN_ERFC_1;
    p = p * s + NN_ERFC_0;
    p = 1.0F - ref_exp(p);
    return x < 0.0F ? -p : p; /* NaN comes out of the polynomial */
}

static float ref_scale_max(float *s, size_t n, float by)
{
    float max = -INFINITY;

    for (size_t i = 0; i < n; i++) {
        s[i] *= by;
        max = s[i] > max ? s[i] : max;
    }
    return max;
}

static float ref_exp_sum(float *s, size_t n, float max)
{
    float lane[NN_LANES] = {0.0F};

    for (size_t i = 0; i < n; i++) {
        s[i] = ref_exp(s[i] - max);
        lane[i % NN_LANES] += s[i];
    }
    return sum_lanes(lane);
}

static void ref_scale(float *x, size_t n, float by)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= by;
}

static void ref_add(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

static float row_mean(const float *x, size_t n)
{
    float lane[NN_LANES] = {0.0F};

    for (size_t i = 0; i < n; i++)
        lane[i % NN_LANES] += x[i];
    return sum_lanes(lane) / (float)n;
}

static void ref_norm(const struct nn_norm *p)
{
    size_t n = p->w.n;
    float mean = p->centre ? row_mean(p->x, n) : 0.0F;
    float lane[NN_LANES] = {0.0F};
    float inverse;

    for (size_t i = 0; i < n; i++) {
        float d = p->x[i] - mean;

        lane[i % NN_LANES] += d * d;
    }
    inverse = 1.0F / sqrtf(sum_lanes(lane) / (float)n + p->eps);
    for (size_t i = 0; i < n; i++) {
        float y = (p->x[i] - mean) * inverse;

        y *= nn_weight(p->w.data, p->w.dtype, i);
        p->y[i] = p->b.data ? y + nn_weight(p->b.data, p->b.dtype, i) : y;
    }
}

static void ref_gelu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 0.5F * x[i] * (1.0F + ref_erf(x[i] * NN_SQRT_HALF));
}

static void ref_silu_mul(float *gate, const float *up, size_t n)
{
    for (size_t i = 0; i < n; i++)
        gate[i] = gate[i] / (1.0F + ref_exp(-gate[i])) * up[i];
}

static void ref_rotate(float *a, float *b, size_t half, const float *cosine,
                       const float *sine)
{
    for (size_t i = 0; i < half; i++) {
        float first = a[i], second = b[i];

        a[i] = first * cosine[i] - second * sine[i];
        b[i] = second * cosine[i] + first * sine[i];
    }
}

static float ref_burn(size_t rounds)
{
    float sum[BURN_VALUES] = {0.0F};

    for (size_t k = 0; k < rounds; k++)
        for (size_t i = 0; i < BURN_VALUES; i++)
            sum[i] = sum[i] * 0.999F + 0.001F;
    return sum_lanes(sum);
}

static float ref_read(const float *x, size_t n)
{
    float lane[NN_LANES] = {0.0F};

    for (size_t i = 0; i + NN_LANES <= n; i += NN_LANES)
        for (size_t j = 0; j < NN_LANES; j++)
            lane[j] += x[i + j];
    return sum_lanes(lane);
}

const struct nn_kernels nn_kernels_ref = {
    .name = "ref",
    .tile_rows = REF_ROWS,
    .tile_cols = REF_COLS,
    .pack = ref_pack,
    .tile = ref_tile,
    .dot = ref_dot,
    .scale_max = ref_scale_max,
    .exp_sum = ref_exp_sum,
    .scale = ref_scale,
    .add = ref_add,
    .norm = ref_norm,
    .gelu = ref_gelu,
    .silu_mul = ref_silu_mul,
    .rotate = ref_rotate,
    .burn = ref_burn,
    .burn_values = BURN_VALUES,
    .read = ref_read,
};
