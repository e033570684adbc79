/* Integer kernels in plain C: the same bits on every machine. */
#include <math.h>
#include <string.h>

#include "asid/nn/qkernels.h"
#include "asid/nn/quant.h"

enum { BURN_CHAINS = 8 };

static int32_t sum_of(const struct nn_qtile *t, size_t row, size_t col)
{
    const uint8_t *w = t->w + col * NN_QLANES;
    const int8_t *a = t->a + row * t->lda;
    int32_t sum = t->start[row];

    for (size_t q = 0; q < t->quads; q++) {
        for (size_t i = 0; i < NN_QLANES; i++)
            sum += w[i] * a[i];
        w += (size_t)NN_QCOLS * NN_QLANES;
        a += NN_QLANES;
    }
    return sum;
}

static void ref_tile(const struct nn_qtile *t)
{
    for (size_t r = 0; r < t->rows; r++) {
        float *y = t->y + r * t->ldy;

        for (size_t c = 0; c < NN_QCOLS; c++) {
            float s = t->scale[c] * (float)sum_of(t, r, c);

            if (t->lowest)
                s = fmaf(t->plus[r], t->lowest[c], s);
            y[c] = fmaf(t->by[r], s, t->load ? y[c] : 0.0F);
        }
    }
}

static void ref_spread(const uint8_t *from, size_t pairs, uint8_t *to)
{
    const size_t quad = (size_t)NN_QCOLS * NN_QLANES;

    for (size_t p = 0; p < pairs; p++, from += quad, to += 2 * quad)
        for (size_t i = 0; i < quad; i++) {
            to[i] = from[i] & 15;
            to[quad + i] = from[i] >> 4;
        }
}

static int32_t ref_round(const float *x, size_t n, float by, int8_t *to)
{
    int32_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        float v = x[i] * by;

        v = v > 127.0F ? 127.0F : v < -127.0F ? -127.0F : v;
        to[i] = v == v ? (int8_t)rintf(v) : 0;
        sum += to[i];
    }
    return sum;
}

/* By their bits: without the sign, greater numbers have greater ones, and NaN
 * the greatest. */
static float ref_largest(const float *x, size_t n)
{
    uint32_t top = 0;
    float most;

    for (size_t i = 0; i < n; i++) {
        uint32_t bits;

        memcpy(&bits, x + i, sizeof bits);
        bits &= 0x7fffffffU;
        top = bits > top ? bits : top;
    }
    memcpy(&most, &top, sizeof most);
    return most;
}

static int32_t ref_burn(size_t rounds)
{
    uint32_t sum[BURN_CHAINS] = {0}, all = 0;

    for (size_t k = 0; k < rounds; k++)
        for (uint32_t i = 0; i < BURN_CHAINS; i++)
            sum[i] += (sum[i] & 255) * (i + 3);
    for (size_t i = 0; i < BURN_CHAINS; i++)
        all += sum[i];
    return (int32_t)(all & INT32_MAX);
}

const struct nn_qkernels nn_qkernels_ref = {
    .name = "ref",
    .tile = ref_tile,
    .spread = ref_spread,
    .round = ref_round,
    .largest = ref_largest,
    .burn = ref_burn,
    .burn_products = BURN_CHAINS,
};
