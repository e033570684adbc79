/* What the files for AMX-BF16 share. */
#ifndef ASID_NN_KERNELS_AMX_H
#define ASID_NN_KERNELS_AMX_H

#include "amx.h"
#include "kernels_avx512.h"
#include "kernels_split.h"

/* 32 floats as bf16, and what is left of them as bf16 again. */
LANE_OP void split(__m512 a, __m512 b, __m512i *high, __m512i *low)
{
    __m512i h = (__m512i)_mm512_cvtne2ps_pbh(b, a);

    *high = h;
    *low = (__m512i)_mm512_cvtne2ps_pbh(
        _mm512_sub_ps(b, widen_bf16(_mm512_extracti64x4_epi64(h, 1))),
        _mm512_sub_ps(a, widen_bf16(_mm512_castsi512_si256(h))));
}

/* Pairs of a value of each row, as bf16 in one or two parts; low NULL: one. */
LANE_OP void pair(__m512 even, __m512 odd, __m512i *high, __m512i *low)
{
    const __m512i pairs = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22,
        6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);

    if (low) {
        split(even, odd, high, low);
        *low = _mm512_permutexvar_epi16(pairs, *low);
    } else {
        *high = (__m512i)_mm512_cvtne2ps_pbh(odd, even);
    }
    *high = _mm512_permutexvar_epi16(pairs, *high);
}

/* The part of what is read soon that falls to n of `of` rows, from `row` on. */
LANE_OP void fetch_soon(const struct nn_split_soon *s, size_t row, size_t n,
                        size_t of)
{
    size_t end = s->rows * (row + n) / of;

    for (size_t i = s->rows * row / of; i < end; i++)
        for (size_t at = 0; at < s->bytes; at += AMX_BYTES)
            _mm_prefetch(s->at + i * s->stride + at, _MM_HINT_T1);
}

/* kernels_amx_attend.c: of nn_split. */
void amx_attend(const struct nn_split_attend *t);
void amx_attended(const struct nn_split_attend *t, size_t row, size_t rows,
                  float *to, size_t ld);

#endif
