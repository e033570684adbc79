/*
 * Strips over packed integers on tile registers (AMX-INT8): tdpbsud multiplies
 * 16 rows of x by 16 columns of w, 64 values of k at a time, summing in 32
 * bits. It takes the panels of quant.h as they are: a quad of each column in a
 * row of a register.
 */
#include <string.h>

#include "amx.h"
#include "qkernels_amx.h"
#include "qkernels_avx512.h"

enum {
    STEP = AMX_ROWS,  /* quads that one instruction takes */
    SUMS_AND_X = 0xf, /* registers with a row for each of x */
};
_Static_assert(VECTORS == 3, "the registers have names");

/* tmm0 to 2: sums, a third of the panel each; tmm3: x; tmm4 to 6: w. */
static inline void multiply(const int8_t *a, size_t lda, const uint8_t *w)
{
    AMX_LOAD(3, a, lda);
    AMX_LOAD(4, w, QUAD);
    AMX_DOT_BYTES(0, 3, 4);
    AMX_LOAD(5, w + AMX_BYTES, QUAD);
    AMX_DOT_BYTES(1, 3, 5);
    AMX_LOAD(6, w + 2 * AMX_BYTES, QUAD);
    AMX_DOT_BYTES(2, 3, 6);
}

/* `rows` rows from row `first`; what is left of whole steps is in `rest`. */
static void sixteen(const struct nn_qtile *t, size_t first, size_t rows,
                    const uint8_t *rest)
{
    int32_t sums[AMX_ROWS * NN_QCOLS] __attribute__((aligned(64)));
    const int8_t *a = t->a + first * t->lda;
    const uint8_t *w = t->w;

    AMX_ZERO(0);
    AMX_ZERO(1);
    AMX_ZERO(2);
    for (size_t q = 0; q + STEP <= t->quads; q += STEP) {
        multiply(a, t->lda, w);
        a += AMX_BYTES;
        w += (size_t)STEP * QUAD;
    }
    if (t->quads % STEP)
        multiply(a, t->lda, rest);
    AMX_STORE(0, sums, QUAD);
    AMX_STORE(1, sums + 16, QUAD);
    AMX_STORE(2, sums + 32, QUAD);
    for (size_t r = 0; r < rows; r++) {
        __m512i start = _mm512_set1_epi32(t->start[first + r]);
        __m512i sum[VECTORS];

#pragma GCC unroll 3
        for (size_t v = 0; v < VECTORS; v++)
            sum[v] = _mm512_add_epi32(
                start, _mm512_load_si512(sums + r * NN_QCOLS + 16 * v));
        store_row(t, first + r, sum);
    }
}

void nn_amx_strip(const struct nn_qtile *t)
{
    /* Zero weights make up a step: what x has there does not matter. */
    uint8_t rest[STEP * QUAD] __attribute__((aligned(64)));
    size_t left = t->quads % STEP, whole = t->rows / AMX_ROWS * AMX_ROWS;

    if (left) {
        memcpy(rest, t->w + (t->quads - left) * QUAD, left * QUAD);
        memset(rest + left * QUAD, 0, (STEP - left) * QUAD);
    }
    if (whole) {
        amx_configure(SUMS_AND_X, AMX_ROWS);
        for (size_t r = 0; r < whole; r += AMX_ROWS)
            sixteen(t, r, AMX_ROWS, rest);
    }
    if (whole < t->rows) {
        amx_configure(SUMS_AND_X, t->rows - whole);
        sixteen(t, whole, t->rows - whole, rest);
    }
    amx_release();
}

int32_t nn_amx_burn(size_t rounds)
{
    static const uint8_t some[AMX_ROWS * AMX_BYTES] = {1, 2, 3};
    int32_t sums[AMX_ROWS * 16];

    amx_configure(0, AMX_ROWS);
    AMX_ZERO(0);
    AMX_ZERO(1);
    AMX_ZERO(2);
    AMX_ZERO(3);
    AMX_LOAD(4, some, AMX_BYTES);
    AMX_LOAD(5, some, AMX_BYTES);
    for (size_t k = 0; k < rounds; k++) {
        AMX_DOT_BYTES(0, 4, 5);
        AMX_DOT_BYTES(1, 4, 5);
        AMX_DOT_BYTES(2, 4, 5);
        AMX_DOT_BYTES(3, 4, 5);
    }
    AMX_STORE(0, sums, AMX_BYTES);
    amx_release();
    return sums[0] & INT32_MAX;
}
