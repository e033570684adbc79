/*
 * Packed matrices: what packing loses, the product against plain loops over the
 * unpacked weights, and the promise of the same bits in every kernel set, at
 * any number of threads, whatever the other rows are.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "asid/nn/kernels.h"
#include "asid/nn/qkernels.h"
#include "asid/nn/quant.h"
#include "check.h"
#include "draws.h"

enum { OPENED_MAX = 6 };

static struct nn *opened[OPENED_MAX];
static size_t n_opened;
static void *aligned(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);

    if (!p)
        exit(1);
    return p;
}

static struct nn_matrix packed(const struct nn_matrix *w, enum nn_quant kind)
{
    struct nn_matrix q = *w;
    void *to = aligned(nn_pack_bytes(kind, w->rows, w->cols));

    nn_pack_matrix(opened[0], kind, w, to);
    q.packed = to;
    q.packed_as = kind;
    return q;
}

static struct nn_matrix matrix(size_t rows, size_t cols)
{
    return (struct nn_matrix){.data = draw_floats(rows * cols),
                              .dtype = NN_F32,
                              .rows = rows,
                              .cols = cols};
}

static void release(struct nn_matrix *w)
{
    free((void *)(uintptr_t)w->data);
    free((void *)(uintptr_t)w->packed);
}

/* Every weight is within half a step of what it was. */
static void test_unpack(enum nn_quant kind, size_t rows, size_t cols)
{
    struct nn_matrix w = matrix(rows, cols), q = packed(&w, kind);
    const float *data = w.data;
    float *row = draw_floats(cols);
    double worst = 0;

    for (size_t r = 0; r < rows; r++) {
        nn_unpack_row(&q, r, row);
        for (size_t k = 0; k < cols; k++)
            worst = fmax(worst, fabs((double)(row[k] - data[r * cols + k])));
    }
    /* Values lie in (-1, 1); bf16 rounds scale and lowest, too. */
    CHECK(worst <= (kind == NN_Q8 ? 0.5 / 127 : 0.5 * 2 / 15 + 0.01),
          "%zu x %zu, kind %d: a weight is off by %g", rows, cols, kind, worst);
    free(row);
    release(&q);
}

/* x as nn_linear rounds it. */
static void round_row(const float *x, size_t n, size_t group, double *to)
{
    for (size_t first = 0; first < n; first += group) {
        size_t end = first + group < n ? first + group : n;
        float top = 0;

        for (size_t k = first; k < end; k++)
            top = fmaxf(top, fabsf(x[k]));
        for (size_t k = first; k < end; k++)
            to[k] = top > 0 ? (double)rintf(x[k] * (127.0F / top)) *
                                  (double)(top / 127.0F)
                            : 0;
    }
}

/* With rows of x as they are rounded; exact ones for a fine product. */
static void plain_product(const struct nn_matrix *q, bool fine, const float *x,
                          size_t m, double *y)
{
    size_t group = q->packed_as == NN_Q8 ? NN_Q8_GROUP : NN_Q4_GROUP;
    double *rounded = malloc((q->cols + 1) * sizeof *rounded);
    float *w = draw_floats(q->cols);

    for (size_t i = 0; i < m; i++) {
        round_row(x + i * q->cols, q->cols, group, rounded);
        for (size_t k = 0; fine && k < q->cols; k++)
            rounded[k] = (double)x[i * q->cols + k];
        for (size_t r = 0; r < q->rows; r++) {
            double sum = 0;

            nn_unpack_row(q, r, w);
            for (size_t k = 0; k < q->cols; k++)
                sum += rounded[k] * (double)w[k];
            y[i * q->rows + r] = sum;
        }
    }
    free(w);
    free(rounded);
}

/* Weights and rows whose integers are the largest there are, in half of the
 * rows all of one sign: sums in 16 bits would overflow. */
static void make_largest(struct nn_matrix *w, float *x, size_t m)
{
    float *data = (float *)(uintptr_t)w->data;

    for (size_t i = 0; i < w->rows * w->cols; i++)
        data[i] = i % w->cols % NN_Q4_GROUP ? 1 : 0;
    for (size_t i = 0; i < m * w->cols; i++)
        x[i] = i / w->cols % 2 ? -1 : 1;
}

/* Whether a set rounds m rows of x to two bytes a value. */
static bool is_fine(size_t set, const struct nn_matrix *q, size_t m)
{
    const char *name = nn_kernels_name(opened[set]);

    return q->fine || (q->packed_as == NN_Q8 && m <= NN_QROWS &&
                       nn_qkernels_pick(name)->second_is_free);
}

/* One product by every set: near what it should be, and of the same bytes as by
 * any other that rounds as it does. */
static void check_sets(const struct nn_matrix *q, const float *x, size_t m,
                       bool fine)
{
    size_t n = m * q->rows, seen = 0;
    double *want = malloc((n + 1) * sizeof *want);
    float *first = draw_floats(n), *y = draw_floats(n);

    for (size_t s = 0; s < n_opened; s++) {
        double worst = 0;

        if (is_fine(s, q, m) != fine)
            continue;
        nn_linear(opened[s], q, x, q->cols, m, y, q->rows, false);
        if (seen++ == 0) {
            plain_product(q, fine, x, m, want);
            memcpy(first, y, n * sizeof *y);
        }
        for (size_t i = 0; i < n; i++)
            worst = fmax(worst, fabs(want[i] - (double)y[i]));
        /* Of a fine product what is not rounded away is a 254th of a 127th. */
        CHECK(worst <= (fine ? 2e-5 : 1e-5) * (double)q->cols,
              "%zu x %zu x %zu, kind %d%s: off by %g", m, q->rows, q->cols,
              q->packed_as, fine ? ", fine" : "", worst);
        CHECK(memcmp(y, first, n * sizeof *y) == 0,
              "%zu x %zu x %zu, kind %d: set %zu (%s, %u threads) differs", m,
              q->rows, q->cols, q->packed_as, s, nn_kernels_name(opened[s]),
              nn_threads(opened[s]));
    }
    free(y);
    free(first);
    free(want);
}

static void test_product(enum nn_quant kind, size_t rows, size_t cols, size_t m,
                         bool largest, bool fine)
{
    struct nn_matrix w = matrix(rows, cols), q;
    float *x = draw_floats(m * cols), *all = draw_floats(m * rows);
    float *y = draw_floats(m * rows);
    size_t last = n_opened - 1, part = m <= NN_QROWS ? 1 : NN_QROWS + 1;

    if (largest)
        make_largest(&w, x, m);
    q = packed(&w, kind);
    q.fine = fine;
    check_sets(&q, x, m, true);
    check_sets(&q, x, m, false);
    /* Each row alone, or with no more others than make rows many. */
    nn_linear(opened[last], &q, x, cols, m, all, rows, false);
    for (size_t i = 0; i < m; i += part) {
        size_t from = i + part <= m ? i : m - part;

        nn_linear(opened[last], &q, x + from * cols, cols, part, y, rows,
                  false);
        CHECK(memcmp(y, all + from * rows, part * rows * sizeof *y) == 0,
              "%zu x %zu x %zu, kind %d: rows from %zu alone differ", m, rows,
              cols, kind, from);
    }
    free(y);
    free(all);
    free(x);
    release(&q);
}

static void test_bias_and_sum(void)
{
    struct nn_matrix w = matrix(70, 130), q = packed(&w, NN_Q8);
    float *x = draw_floats(3 * 130), *plain = draw_floats(3 * 70),
          *bias = draw_floats(70);
    float *old = draw_floats(3 * 80), *y = draw_floats(3 * 80);

    nn_linear(opened[0], &q, x, 130, 3, plain, 70, false);
    q.bias = bias;
    q.bias_dtype = NN_F32;
    memcpy(y, old, 3 * 80 * sizeof *y);
    nn_linear(opened[0], &q, x, 130, 3, y, 80, true);
    for (size_t i = 0; i < 3; i++)
        for (size_t c = 0; c < 80; c++) {
            float want = old[i * 80 + c];

            if (c < 70)
                want = want + plain[i * 70 + c] + bias[c];
            CHECK(y[i * 80 + c] == want, "row %zu column %zu: %g, not %g", i, c,
                  (double)y[i * 80 + c], (double)want);
        }
    free(y);
    free(old);
    free(bias);
    free(plain);
    free(x);
    release(&q);
}

/* What is no number stays none, and stays in its row. */
static void test_not_finite(float odd)
{
    struct nn_matrix w = matrix(50, 600), q = packed(&w, NN_Q8);
    float *x = draw_floats(2 * 600), *y = draw_floats(2 * 50);

    x[7] = odd;
    for (size_t s = 0; s < n_opened; s++) {
        nn_linear(opened[s], &q, x, 600, 2, y, 50, false);
        for (size_t c = 0; c < 50; c++) {
            CHECK(!isfinite(y[c]), "set %zu: %g became %g", s, (double)odd,
                  (double)y[c]);
            CHECK(isfinite(y[50 + c]), "set %zu: the other row is %g", s,
                  (double)y[50 + c]);
        }
    }
    free(y);
    free(x);
    release(&q);
}

static void test_bytes(void)
{
    CHECK(nn_pack_bytes(NN_Q8, 48, 512) == 48 * 512 + 48 * 4, "one group");
    CHECK(nn_pack_bytes(NN_Q4, 48, 128) == 48 * 64 + 48 * 4, "one group");
    CHECK(nn_pack_bytes(NN_Q8, 49, 512) == 2 * (48 * 512 + 48 * 4),
          "a row more is a panel more");
    CHECK(nn_pack_bytes(NN_Q8, SIZE_MAX / 2, 16) == 0, "too many rows");
    CHECK(nn_pack_bytes(NN_Q4, 16, SIZE_MAX / 2) == 0, "too many columns");
}

int main(void)
{
    static const struct {
        const char *set;
        unsigned threads;
    } wanted[OPENED_MAX] = {{"ref", 1}, {"avx2", 1}, {"avx512", 1},
                            {"amx", 1}, {"auto", 2}, {"auto", 5}};
    static const size_t shapes[][3] = {
        {1, 1, 1},      {1, 3, 2},       {47, 4, 3},   {48, 128, 4},
        {49, 511, 5},   {96, 512, 8},    {97, 513, 9}, {33, 1030, 17},
        {130, 1200, 1}, {20, 3000, 1500}};
    struct asid_err err;

    draws_seed = 11;
    for (size_t i = 0; i < OPENED_MAX; i++)
        if (nn_open(wanted[i].set, wanted[i].threads, &opened[n_opened],
                    &err) == ASID_OK)
            n_opened++;
    test_bytes();
    check_case("bytes of a packed matrix");
    for (int kind = NN_Q8; kind <= NN_Q4; kind++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            test_unpack((enum nn_quant)kind, shapes[i][0], shapes[i][1]);
            for (int way = 0; way < 4; way++)
                test_product((enum nn_quant)kind, shapes[i][0], shapes[i][1],
                             shapes[i][2], way % 2, way / 2);
        }
    check_case("weights and products, the same bits everywhere");
    test_bias_and_sum();
    check_case("bias and sum");
    test_not_finite(NAN);
    test_not_finite(INFINITY);
    check_case("what is no number stays none");
    for (size_t i = 0; i < n_opened; i++)
        nn_close(opened[i]);
    return check_done();
}
