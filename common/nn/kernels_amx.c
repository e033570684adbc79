/*
 * kernels_split.h on AMX-BF16: tdpbf16ps multiplies 16 rows of x by 16 columns
 * of w, 32 values of k at a time, and sums in fp32.
 */
#include "kernels_amx.h"

_Static_assert(SPLIT_BLOCK == AMX_ROWS * AMX_BYTES, "a block fills a register");

/* n <= 32 floats, zeros behind them. */
LANE_OP void split_row(const float *x, size_t n, __m512i *high, __m512i *low)
{
    split(_mm512_maskz_loadu_ps(first_lanes(n), x),
          _mm512_maskz_loadu_ps(first_lanes(n > 16 ? n - 16 : 0), x + 16), high,
          low);
}

static void amx_rows(const float *x, size_t ldx, size_t rows, size_t k,
                     unsigned parts, char *to)
{
    for (size_t at = 0; at < k; at += SPLIT_DEPTH, to += parts * SPLIT_BLOCK)
        for (size_t r = 0; r < SPLIT_ROWS; r++) {
            __m512i high = _mm512_setzero_si512(), low = high;

            if (r < rows)
                split_row(x + r * ldx + at, k - at, &high, &low);
            _mm512_store_si512(to + r * AMX_BYTES, high);
            if (parts == 2)
                _mm512_store_si512(to + SPLIT_BLOCK + r * AMX_BYTES, low);
        }
}

LANE_OP void store_block(const __m512i r[16], char *to)
{
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++)
        _mm512_store_si512(to + i * AMX_BYTES, r[i]);
}

/* n columns of 16 rows of w, of which the first `rows` are there. */
static void panel_bf16(const char *w, size_t ldw, size_t rows, size_t n,
                       char *to)
{
    __mmask32 m = n >= SPLIT_DEPTH ? 0xffffffffu : (1u << n) - 1u;
    __m512i r[16];

#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++)
        r[i] = i < rows ? _mm512_maskz_loadu_epi16(m, w + 2 * i * ldw)
                        : _mm512_setzero_si512();
    transpose(r);
    store_block(r, to);
}

/* low NULL: high alone. */
static void panel_f32(const float *w, size_t ldw, size_t rows, size_t n,
                      char *high, char *low)
{
    __m512i h[16], l[16];

#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++) {
        h[i] = l[i] = _mm512_setzero_si512();
        if (i < rows)
            split_row(w + i * ldw, n, &h[i], &l[i]);
    }
    transpose(h);
    store_block(h, high);
    if (!low)
        return;
    transpose(l);
    store_block(l, low);
}

static void amx_panel(const void *w, size_t ldw, enum nn_dtype dtype,
                      size_t rows, size_t k, size_t width, unsigned parts,
                      char *to)
{
    size_t side = width / SPLIT_LANES * SPLIT_BLOCK;

    for (size_t at = 0; at < k; at += SPLIT_DEPTH) {
        for (size_t lane = 0; lane < width; lane += SPLIT_LANES) {
            size_t left = rows > lane ? rows - lane : 0,
                   first = lane * ldw + at;
            char *block = to + lane / SPLIT_LANES * SPLIT_BLOCK;

            if (dtype == NN_F32)
                panel_f32((const float *)w + first, ldw, left, k - at, block,
                          parts == 2 ? block + side : NULL);
            else
                panel_bf16((const char *)w + 2 * first, ldw, left, k - at,
                           block);
        }
        to += parts * side;
    }
}

/* 16 columns of up to 32 rows become 16 rows; low NULL: high alone. */
LANE_OP void turn_block(const float *w, size_t ldw, size_t rows, __mmask16 m,
                        char *high, char *low)
{
    __m512i h[16], l[16];

#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++) {
        __m512 even = _mm512_setzero_ps(), odd = even;

        if (2 * i < rows)
            even = _mm512_maskz_loadu_ps(m, w + 2 * i * ldw);
        if (2 * i + 1 < rows)
            odd = _mm512_maskz_loadu_ps(m, w + (2 * i + 1) * ldw);
        pair(even, odd, &h[i], low ? &l[i] : NULL);
    }
    transpose(h);
    store_block(h, high);
    if (low) {
        transpose(l);
        store_block(l, low);
    }
}

static void amx_turned(const float *w, size_t ldw, size_t rows, size_t cols,
                       unsigned parts, char *to)
{
    for (size_t lane = 0; lane < cols; lane += SPLIT_LANES) {
        __mmask16 m = first_lanes(cols - lane);

        for (size_t at = 0; at < rows; at += SPLIT_DEPTH) {
            const float *from = w + at * ldw + lane;

            if (parts == 2)
                turn_block(from, ldw, rows - at, m, to, to + SPLIT_BLOCK);
            else
                turn_block(from, ldw, rows - at, m, to, NULL);
            to += parts * SPLIT_BLOCK;
        }
    }
}

/* tmm0 to 2 hold sums, tmm3 and 4 hi and lo of x, tmm5 to 7 a step of w. */
LANE_OP void multiply(const struct nn_split_tile *t, const size_t V)
{
    const size_t ld = t->ldc * sizeof *t->c;

    for (size_t r = 0; r < t->rows; r += SPLIT_ROWS) {
        const char *x = t->x + r / SPLIT_ROWS * t->x_stride, *w = t->w;
        float *c = t->c + r * t->ldc;

        fetch_soon(&t->soon, r, SPLIT_ROWS, t->rows);
        AMX_ZERO(0);
        AMX_ZERO(1);
        AMX_ZERO(2);
        if (t->load) {
            AMX_LOAD(0, c, ld);
            if (V > 1)
                AMX_LOAD(1, c + 16, ld);
            if (V > 2)
                AMX_LOAD(2, c + 32, ld);
        }
        for (size_t s = 0; s < t->steps; s++) {
            AMX_LOAD(3, x, AMX_BYTES);
            AMX_LOAD(5, w, AMX_BYTES);
            AMX_DOT_BF16(0, 3, 5);
            if (V > 1) {
                AMX_LOAD(6, w + SPLIT_BLOCK, AMX_BYTES);
                AMX_DOT_BF16(1, 3, 6);
            }
            if (V > 2) {
                AMX_LOAD(7, w + 2 * SPLIT_BLOCK, AMX_BYTES);
                AMX_DOT_BF16(2, 3, 7);
            }
            AMX_LOAD(4, x + SPLIT_BLOCK, AMX_BYTES);
            AMX_DOT_BF16(0, 4, 5);
            if (V > 1)
                AMX_DOT_BF16(1, 4, 6);
            if (V > 2)
                AMX_DOT_BF16(2, 4, 7);
            w += V * SPLIT_BLOCK;
            x += 2 * SPLIT_BLOCK;
        }
        AMX_STORE(0, c, ld);
        if (V > 1)
            AMX_STORE(1, c + 16, ld);
        if (V > 2)
            AMX_STORE(2, c + 32, ld);
    }
}

static void amx_multiply(const struct nn_split_tile *t)
{
    amx_configure(0, AMX_ROWS);
    if (t->width == 48)
        multiply(t, 3);
    else if (t->width == 32)
        multiply(t, 2);
    else
        multiply(t, 1);
    amx_release();
}

const struct nn_split nn_split_amx = {
    .rows = amx_rows,
    .panel = amx_panel,
    .turned = amx_turned,
    .multiply = amx_multiply,
    .attend = amx_attend,
    .attended = amx_attended,
};
