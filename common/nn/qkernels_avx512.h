/* What the integer kernels for AVX-512 and AMX share. */
#ifndef ASID_NN_QKERNELS_AVX512_H
#define ASID_NN_QKERNELS_AVX512_H

#include "asid/nn/qkernels.h"
#include "asid/nn/quant.h"
#include "kernels_avx512.h"

#define INLINE LANE_OP

enum {
    VECTORS = NN_QCOLS / 16,
    QUAD = NN_QCOLS * NN_QLANES, /* bytes of a quad of all columns */
};

/* One row of sums becomes floats: the same operations in every set. */
INLINE void store_row(const struct nn_qtile *t, size_t r,
                      const __m512i sum[VECTORS])
{
    __m512 by = _mm512_set1_ps(t->by[r]);
    __m512 plus = _mm512_set1_ps(t->plus[r]);

#pragma GCC unroll 3
    for (size_t v = 0; v < VECTORS; v++) {
        float *y = t->y + r * t->ldy + 16 * v;
        __m512 s = _mm512_mul_ps(_mm512_loadu_ps(t->scale + 16 * v),
                                 _mm512_cvtepi32_ps(sum[v]));
        __m512 old = t->load ? _mm512_loadu_ps(y) : _mm512_setzero_ps();

        if (t->lowest)
            s = _mm512_fmadd_ps(plus, _mm512_loadu_ps(t->lowest + 16 * v), s);
        _mm512_storeu_ps(y, _mm512_fmadd_ps(by, s, old));
    }
}

#endif
