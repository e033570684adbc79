/*
 * Operations against plain double-precision loops, for every kernel set the
 * processor has; and their promise: the same bits at any number of threads,
 * in both vector sets, and whatever the other rows are.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "asid/nn/kernels.h"
#include "asid/nn/ops.h"
#include "check.h"
#include "draws.h"

enum { OPENED_MAX = NN_KERNEL_SETS + 4 };

/* Every set with one thread; the best set with 2, 3, 5 and 8. */
static struct nn *opened[OPENED_MAX];
static size_t n_opened, n_sets;

static float *copy_of(const float *p, size_t n)
{
    float *q = malloc((n + 1) * sizeof *q);

    if (!q)
        exit(1);
    memcpy(q, p, n * sizeof *q);
    return q;
}

/* bf16 weights at an odd address. */
static char *weights(size_t n, struct nn_matrix *w)
{
    char *base = malloc(2 * n + 1);

    if (!base)
        exit(1);
    for (size_t i = 0; i < n; i++) {
        float f = draw_float();
        char bytes[4];

        memcpy(bytes, &f, 4);
        memcpy(base + 1 + 2 * i, bytes + 2, 2);
    }
    w->data = base + 1;
    w->dtype = NN_BF16;
    return base;
}

static double distance(const float *a, const double *b, size_t n)
{
    double worst = 0.0, square = 1e-30;

    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - b[i]);

        if (!(d <= worst))
            worst = d;
        square += b[i] * b[i];
    }
    return worst / sqrt(square / (double)(n ? n : 1));
}

static void open_all(void)
{
    const char *const *names = nn_kernel_sets;
    static const unsigned threads[] = {2, 3, 5, 8};
    struct asid_err err;

    for (size_t i = 0; i < NN_KERNEL_SETS; i++) {
        const char *why;

        if (nn_kernels_pick(names[i], &why))
            CHECK_OK(nn_open(names[i], 1, &opened[n_opened++], &err), err);
        else
            printf("# %s is not tested: %s\n", names[i], why);
    }
    n_sets = n_opened;
    for (size_t i = 0; i < 4; i++)
        CHECK_OK(nn_open("auto", threads[i], &opened[n_opened++], &err), err);
}

/* What a set may be off by, of the size of the result: amx keeps 16 or 17 bits
 * of what it multiplies. */
static double tolerance(size_t i)
{
    return strcmp(nn_kernels_name(opened[i]), "amx") == 0 ? 4e-5 : 1e-5;
}

/* Results of the i-th opened set must be those of another one bit for bit:
 * threads change nothing, and avx2 and avx512 agree. */
static bool same_bits(size_t i, size_t with)
{
    const char *a = nn_kernels_name(opened[i]),
               *b = nn_kernels_name(opened[with]);

    return strcmp(a, b) == 0 ||
           (strncmp(a, "avx", 3) == 0 && strncmp(b, "avx", 3) == 0);
}

/* --- linear ------------------------------------------------------------- */

static void linear_once(size_t m, size_t k, size_t n, bool bias, bool add)
{
    struct nn_matrix w = {.rows = n, .cols = k};
    size_t ldx = k + 3, ldy = n + 7, size = m * ldy;
    char *base = weights(n * k, &w);
    float *x = draw_floats(m * ldx), *b = draw_floats(n),
          *start = draw_floats(size);
    float *got[OPENED_MAX];
    double *want = malloc(size * sizeof *want);

    if (!want)
        exit(1);
    w.bias = bias ? b : NULL;
    for (size_t i = 0; i < size; i++)
        want[i] = (double)start[i];
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            double sum = (bias ? (double)b[j] : 0.0) +
                         (add ? (double)start[i * ldy + j] : 0.0);

            for (size_t c = 0; c < k; c++)
                sum += (double)x[i * ldx + c] *
                       (double)nn_weight(w.data, w.dtype, j * k + c);
            want[i * ldy + j] = sum;
        }
    }
    for (size_t s = 0; s < n_opened; s++) {
        got[s] = copy_of(start, size);
        nn_linear(opened[s], &w, x, ldx, m, got[s], ldy, add);
        CHECK(distance(got[s], want, size) < tolerance(s),
              "%s, %u threads: m %zu k %zu n %zu bias %d add %d: %g",
              nn_kernels_name(opened[s]), nn_threads(opened[s]), m, k, n, bias,
              add, distance(got[s], want, size));
        for (size_t t = 0; t < s; t++)
            if (same_bits(s, t))
                CHECK(memcmp(got[s], got[t], size * sizeof(float)) == 0,
                      "%s, %u threads differs from %s: m %zu k %zu n %zu",
                      nn_kernels_name(opened[s]), nn_threads(opened[s]),
                      nn_kernels_name(opened[t]), m, k, n);
    }
    for (size_t s = 0; s < n_opened; s++)
        free(got[s]);
    free(base);
    free(x);
    free(b);
    free(start);
    free(want);
}

static void test_linear(void)
{
    static const size_t ms[] = {1, 2, 3, 4, 5, 8, 9, 13, 24, 50};
    static const size_t ks[] = {1, 16, 84, 96, 513, 1100};
    static const size_t ns[] = {1, 15, 16, 49, 97, 193, 400};
    unsigned mode = 0;

    for (size_t i = 0; i < sizeof ms / sizeof *ms; i++)
        for (size_t j = 0; j < sizeof ks / sizeof *ks; j++)
            for (size_t l = 0; l < sizeof ns / sizeof *ns; l++, mode++)
                linear_once(ms[i], ks[j], ns[l], mode & 1, mode & 2);
    linear_once(1100, 40, 130, true, false);
    linear_once(9, 17, 9000, true, true);
    linear_once(2, 17, 9000, false, true);
    linear_once(2, 140000, 3, true, false); /* too long to interleave */
    linear_once(20, 4200, 60, true, false); /* several ranges of columns */
    check_case("linear: any size, bias, accumulate; same bits at any threads");
}

static void test_linear_rows(void)
{
    enum { M = 700, K = 600, N = 200 };
    struct nn_matrix w = {.rows = N, .cols = K};
    char *base = weights((size_t)N * K, &w);
    float *x = draw_floats(M * K), *all = draw_floats(M * N),
          *part = draw_floats(M * N);

    for (size_t s = 0; s < n_opened; s++) {
        nn_linear(opened[s], &w, x, K, M, all, N, false);
        for (size_t at = 0; at < M; at += 175)
            nn_linear(opened[s], &w, x + at * K, K, 175, part + at * N, N,
                      false);
        CHECK(memcmp(all, part, M * N * sizeof *all) == 0, "%s: 700 as 4 x 175",
              nn_kernels_name(opened[s]));
        nn_linear(opened[s], &w, x, K, 8, all, N, false);
        for (size_t at = 0; at < 8; at++)
            nn_linear(opened[s], &w, x + at * K, K, 1, part + at * N, N, false);
        CHECK(memcmp(all, part, 8 * N * sizeof *all) == 0, "%s: 8 as 8 x 1",
              nn_kernels_name(opened[s]));
    }
    free(base);
    free(x);
    free(all);
    free(part);
    check_case("linear: a row does not depend on how the rows are batched");
}

/* --- attention ---------------------------------------------------------- */

struct shape {
    size_t m, heads, kv_heads, dim, past;
    const uint32_t *segment;
    size_t segments;
};

static void row_wanted(const struct nn_attention *a, size_t row, size_t first,
                       size_t last, double *want)
{
    double *p = malloc((last - first) * sizeof *p);

    if (!p)
        exit(1);
    for (size_t h = 0; h < a->heads; h++) {
        size_t kv = h / (a->heads / a->kv_heads) * a->head_dim;
        const float *q = a->q + row * a->ldq + h * a->head_dim;
        double *out = want + row * a->ldo + h * a->head_dim;
        double max = -1e300, sum = 0.0;

        for (size_t j = first; j < last; j++) {
            double s = 0.0;

            for (size_t d = 0; d < a->head_dim; d++)
                s += (double)q[d] * (double)a->k[j * a->ldkv + kv + d];
            p[j - first] = s * (double)a->scale;
            max = fmax(max, p[j - first]);
        }
        for (size_t j = first; j < last; j++)
            sum += p[j - first] = exp(p[j - first] - max);
        for (size_t d = 0; d < a->head_dim; d++)
            out[d] = 0.0;
        for (size_t j = first; j < last; j++)
            for (size_t d = 0; d < a->head_dim; d++)
                out[d] +=
                    p[j - first] / sum * (double)a->v[j * a->ldkv + kv + d];
    }
    free(p);
}

static void attend_wanted(const struct nn_attention *a, double *want)
{
    for (size_t row = 0; a->causal && row < a->m; row++)
        row_wanted(a, row, 0, a->past + row + 1, want);
    for (size_t s = 0; !a->causal && s < a->n_segments; s++)
        for (size_t row = a->segment[s]; row < a->segment[s + 1]; row++)
            row_wanted(a, row, a->segment[s], a->segment[s + 1], want);
}

/* The same with what may be rounded to bf16. */
static void attend_rounded(struct nn_attention a, size_t i, const float *start,
                           const float *exact, const double *want, size_t out,
                           float size)
{
    bool rounds = strcmp(nn_kernels_name(opened[i]), "amx") == 0;
    float *got = a.out = copy_of(start, out);

    a.bf16 = true;
    nn_attend(opened[i], &a);
    if (rounds)
        CHECK(distance(got, want, out) < 0x1p-6 * (double)size,
              "%u threads: m %zu past %zu dim %zu: %g", nn_threads(opened[i]),
              a.m, a.past, a.head_dim, distance(got, want, out));
    else
        CHECK(memcmp(got, exact, out * sizeof *got) == 0,
              "%s: m %zu past %zu dim %zu", nn_kernels_name(opened[i]), a.m,
              a.past, a.head_dim);
    free(got);
}

static void attend_once(const struct shape *s, float size)
{
    struct nn_attention a = {.m = s->m, .heads = s->heads};
    size_t keys = s->segment ? s->m : s->past + s->m, out;
    float *q, *k, *v, *start, *got[OPENED_MAX];
    double *want;

    a.kv_heads = s->kv_heads;
    a.head_dim = s->dim;
    a.causal = !s->segment;
    a.past = s->past;
    a.segment = s->segment;
    a.n_segments = s->segments;
    a.scale = size / sqrtf((float)s->dim);
    a.ldq = s->heads * s->dim + 1;
    a.ldkv = s->kv_heads * s->dim + 2;
    a.ldo = s->heads * s->dim + 3;
    out = s->m * a.ldo;
    a.q = q = draw_floats(s->m * a.ldq);
    a.k = k = draw_floats(keys * a.ldkv);
    a.v = v = draw_floats(keys * a.ldkv);
    start = draw_floats(out);
    want = malloc(out * sizeof *want);
    if (!want)
        exit(1);
    for (size_t i = 0; i < out; i++)
        want[i] = (double)start[i];
    attend_wanted(&a, want);
    for (size_t i = 0; i < n_opened; i++) {
        a.out = got[i] = copy_of(start, out);
        nn_attend(opened[i], &a);
        CHECK(distance(got[i], want, out) < tolerance(i) * (double)size,
              "%s, %u threads: m %zu past %zu heads %zu/%zu dim %zu: %g",
              nn_kernels_name(opened[i]), nn_threads(opened[i]), s->m, s->past,
              s->heads, s->kv_heads, s->dim, distance(got[i], want, out));
        attend_rounded(a, i, start, got[i], want, out, size);
        for (size_t t = 0; t < i; t++)
            if (same_bits(i, t))
                CHECK(memcmp(got[i], got[t], out * sizeof(float)) == 0,
                      "%s, %u threads differs from %s: m %zu past %zu dim %zu",
                      nn_kernels_name(opened[i]), nn_threads(opened[i]),
                      nn_kernels_name(opened[t]), s->m, s->past, s->dim);
    }
    for (size_t i = 0; i < n_opened; i++)
        free(got[i]);
    free(q);
    free(k);
    free(v);
    free(start);
    free(want);
}

static void test_attend_causal(void)
{
    static const struct shape shapes[] = {
        {.m = 1, .heads = 1, .kv_heads = 1, .dim = 1},
        {.m = 1, .heads = 6, .kv_heads = 2, .dim = 16, .past = 5},
        {.m = 1, .heads = 16, .kv_heads = 2, .dim = 128, .past = 2500},
        {.m = 1, .heads = 20, .kv_heads = 1, .dim = 24, .past = 1200},
        {.m = 2, .heads = 4, .kv_heads = 4, .dim = 9, .past = 191},
        {.m = 37, .heads = 8, .kv_heads = 2, .dim = 33, .past = 0},
        {.m = 200, .heads = 4, .kv_heads = 2, .dim = 64, .past = 300},
        {.m = 65, .heads = 7, .kv_heads = 1, .dim = 256, .past = 100},
        {.m = 3, .heads = 400, .kv_heads = 2, .dim = 3, .past = 10},
    };

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        attend_once(&shapes[i], 1.0F);
        attend_once(&shapes[i], 40.0F);
    }
    check_case("attention: causal, grouped heads, one row and many");
}

/* Every key outweighs those before it, so that all that was summed shrinks. */
static void test_attend_rising(void)
{
    enum { M = 40, PAST = 500, DIM = 32, KEYS = PAST + M };
    float *q = draw_floats(M * DIM), *k = draw_floats(KEYS * DIM);
    float *v = draw_floats(KEYS * DIM), *out = draw_floats(M * DIM);
    struct nn_attention a = {.q = q, .k = k, .v = v, .m = M, .past = PAST};
    double want[M * DIM] = {0};

    a.out = out;
    a.ldq = a.ldkv = a.ldo = a.head_dim = DIM;
    a.heads = a.kv_heads = 1;
    a.scale = 1.0F;
    a.causal = true;
    for (size_t i = 0; i < M * DIM; i++)
        q[i] = 1.0F;
    for (size_t key = 0; key < KEYS; key++)
        for (size_t d = 0; d < DIM; d++)
            k[key * DIM + d] = (float)(key / 8) * 0x1p-6F;
    attend_wanted(&a, want);
    for (size_t s = 0; s < n_opened; s++)
        for (int rounded = 0; rounded < 2; rounded++) {
            a.bf16 = rounded;
            nn_attend(opened[s], &a);
            CHECK(distance(out, want, M * DIM) <
                      (rounded ? 0x1p-6 : tolerance(s)),
                  "%s, rounded %d: %g", nn_kernels_name(opened[s]), rounded,
                  distance(out, want, M * DIM));
        }
    free(q);
    free(k);
    free(v);
    free(out);
    check_case("attention: scores that rise from key to key");
}

/* Several tasks for a head, and heads that leave a task less room. */
static void test_attend_tasks(void)
{
    static const struct shape shapes[] = {
        {.m = 150, .heads = 16, .kv_heads = 1, .dim = 40, .past = 250},
        {.m = 90, .heads = 8, .kv_heads = 1, .dim = 200, .past = 150},
    };

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        attend_once(&shapes[i], 1.0F);
    check_case("attention: more rows than a task has");
}

static void test_attend_segments(void)
{
    static const uint32_t windows[] = {0, 64, 128, 144, 144, 208, 240};
    static const uint32_t whole[] = {0, 450};
    static const uint32_t chunks[] = {0, 100, 200, 237};
    static const uint32_t ones[] = {0, 1, 2, 3, 4};
    const struct shape shapes[] = {
        {240, 4, 4, 80, 0, windows, 6}, {450, 2, 2, 80, 0, whole, 1},
        {237, 3, 3, 64, 0, chunks, 3},  {4, 2, 1, 17, 0, ones, 4},
        {450, 6, 2, 20, 0, whole, 1},
    };

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        attend_once(&shapes[i], 1.0F);
    check_case("attention: segments never mix");
}

static void test_attend_cut(void)
{
    enum { M = 300, HEADS = 4, DIM = 32, LD = HEADS * DIM };
    float *q = draw_floats(M * LD), *kv = draw_floats(M * LD);
    float *all = draw_floats(M * LD), *part = draw_floats(M * LD);
    struct nn_attention a = {.q = q, .k = kv, .v = kv, .causal = true};

    a.ldq = a.ldo = LD;
    a.ldkv = LD / 2;
    a.heads = HEADS;
    a.kv_heads = HEADS / 2;
    a.head_dim = DIM;
    a.scale = 0.2F;
    for (size_t s = 0; s < n_opened; s++) {
        a.q = q;
        a.out = all;
        a.m = M;
        a.past = 0;
        nn_attend(opened[s], &a);
        for (size_t at = 0; at < M; at += 60) {
            a.q = q + at * LD;
            a.out = part + at * LD;
            a.m = 60;
            a.past = at;
            nn_attend(opened[s], &a);
        }
        CHECK(memcmp(all, part, M * LD * sizeof *all) == 0, "%s",
              nn_kernels_name(opened[s]));
    }
    free(q);
    free(kv);
    free(all);
    free(part);
    check_case("attention: a prompt in pieces gives the same bits");
}

static void test_attend_huge(void)
{
    enum { M = 20, DIM = 16 };
    float *q = draw_floats(M * DIM), *k = draw_floats(M * DIM),
          *v = draw_floats(M * DIM);
    float *out = draw_floats(M * DIM);
    struct nn_attention a = {.q = q, .k = k, .v = v, .out = out};
    size_t bad = 0;

    a.ldq = a.ldkv = a.ldo = a.head_dim = DIM;
    a.heads = a.kv_heads = 1;
    a.m = M;
    a.scale = 1.0F;
    a.causal = true;
    for (size_t i = 0; i < M * DIM; i++)
        q[i] *= 1e15F;
    for (size_t s = 0; s < n_opened; s++) {
        nn_attend(opened[s], &a);
        for (size_t i = 0; i < M * DIM; i++)
            bad += !(fabsf(out[i]) <= 1.001F);
    }
    CHECK(bad == 0, "%zu values", bad);
    free(q);
    free(k);
    free(v);
    free(out);
    check_case("attention: scores of 1e15 do not overflow");
}

/* Products of the first 64 keys overflow downwards; the others are ordinary. */
static void test_attend_infinite(void)
{
    enum { M = 128, DIM = 16, BAD = 64 };
    float *q = draw_floats(M * DIM), *k = draw_floats(M * DIM),
          *v = draw_floats(M * DIM), *out = draw_floats(M * DIM), *want = NULL;
    const uint32_t segment[] = {0, M};
    struct nn_attention a = {.q = q, .k = k, .v = v, .out = out};

    a.ldq = a.ldkv = a.ldo = a.head_dim = DIM;
    a.heads = a.kv_heads = 1;
    a.m = M;
    a.scale = 1.0F;
    a.segment = segment;
    a.n_segments = 1;
    for (size_t i = 0; i < M * DIM; i++) {
        q[i] = 1e20F * (1.5F + q[i]);
        k[i] = i < BAD * DIM ? -1e20F : 1e-20F * k[i];
    }
    for (size_t s = 0; s < n_opened; s++) {
        float worst = 0;

        nn_attend(opened[s], &a);
        if (!want)
            want = copy_of(out, M * DIM);
        for (size_t i = 0; i < M * DIM; i++) {
            float d = fabsf(out[i] - want[i]);

            if (!(d <= worst))
                worst = d;
        }
        CHECK(worst < 1e-3F, "%s: %g from %s", nn_kernels_name(opened[s]),
              (double)worst, nn_kernels_name(opened[0]));
    }
    free(q);
    free(k);
    free(v);
    free(out);
    free(want);
    check_case("attention: keys that are infinitely far are not looked at");
}

/* One key's value is no number: rows that see it have none either, the same
 * ones at any number of threads. */
static void test_attend_nan(void)
{
    enum { M = 200, HEADS = 7, DIM = 64, LD = HEADS * DIM };
    float *q = draw_floats(M * LD), *k = draw_floats(M * DIM),
          *v = draw_floats(M * DIM), *out = draw_floats(M * LD),
          *want = draw_floats(M * LD);
    struct nn_attention a = {.q = q, .k = k, .v = v, .out = want};

    a.ldq = a.ldo = LD;
    a.ldkv = a.head_dim = DIM;
    a.heads = HEADS;
    a.kv_heads = 1;
    a.m = M;
    a.scale = 0.125F;
    a.causal = true;
    v[25 * DIM + 3] = NAN;
    v[150 * DIM + 9] = INFINITY;
    nn_attend(opened[n_sets - 1], &a);
    CHECK(isnan(want[25 * LD + 3]) && isfinite(want[25 * LD + 4]),
          "%g in column 3, %g in the next", (double)want[25 * LD + 3],
          (double)want[25 * LD + 4]);
    for (size_t s = n_sets; s < n_opened; s++) {
        a.out = out;
        nn_attend(opened[s], &a);
        CHECK(memcmp(out, want, M * LD * sizeof *out) == 0,
              "%s, %u threads: other bits", nn_kernels_name(opened[s]),
              nn_threads(opened[s]));
    }
    free(q);
    free(k);
    free(v);
    free(out);
    free(want);
    check_case("attention: what is no number is it at any number of threads");
}

/* --- rows --------------------------------------------------------------- */

static void norms_once(size_t m, size_t n, size_t s)
{
    float *x = draw_floats(m * n), *w = draw_floats(n), *b = draw_floats(n);
    float *y = draw_floats(m * n);
    double *want = malloc(2 * m * n * sizeof *want), *layer = want + m * n;
    struct nn_vector weight = {w, NN_F32, n}, bias = {b, NN_F32, n};

    if (!want)
        exit(1);
    for (size_t i = 0; i < m; i++) {
        double square = 0.0, mean = 0.0, var = 0.0;

        for (size_t j = 0; j < n; j++)
            mean += (double)x[i * n + j] / (double)n;
        for (size_t j = 0; j < n; j++) {
            double v = (double)x[i * n + j];

            square += v * v / (double)n;
            var += (v - mean) * (v - mean) / (double)n;
        }
        for (size_t j = 0; j < n; j++) {
            double v = (double)x[i * n + j];

            want[i * n + j] = v / sqrt(square + 1e-6) * (double)w[j];
            layer[i * n + j] =
                (v - mean) / sqrt(var + 1e-5) * (double)w[j] + (double)b[j];
        }
    }
    nn_rmsnorm(opened[s], &weight, 1e-6F, x, m, y);
    CHECK(distance(y, want, m * n) < 1e-5, "%s: rmsnorm %zu x %zu",
          nn_kernels_name(opened[s]), m, n);
    nn_layernorm(opened[s], &weight, &bias, 1e-5F, x, m, x);
    CHECK(distance(x, layer, m * n) < 1e-5, "%s: layernorm %zu x %zu: %g",
          nn_kernels_name(opened[s]), m, n, distance(x, layer, m * n));
    free(x);
    free(w);
    free(b);
    free(y);
    free(want);
}

static void test_norms(void)
{
    for (size_t s = 0; s < n_opened; s++) {
        norms_once(1, 96, s);
        norms_once(5, 1280, s);
        norms_once(300, 130, s);
        norms_once(2, 20000, s);
    }
    check_case("norms: per row, in place, any number of rows");
}

static void test_rotate(void)
{
    enum { M = 70, HEADS = 3, HALF = 20, LD = 2 * HALF * HEADS + 5 };
    float *x = draw_floats(M * LD), *c = draw_floats(M * HALF),
          *s = draw_floats(M * HALF);

    for (size_t i = 0; i < n_opened; i++) {
        float *y = copy_of(x, M * LD);
        double worst = 0.0;

        nn_rotate(opened[i], y, LD, M, HEADS, HALF, c, s);
        for (size_t r = 0; r < M; r++) {
            for (size_t j = 0; j < (size_t)HEADS * HALF; j++) {
                size_t a = r * LD + j / HALF * 2 * HALF + j % HALF;
                size_t b = a + HALF, t = r * HALF + j % HALF;
                double p =
                    (double)x[a] * (double)c[t] - (double)x[b] * (double)s[t];
                double q =
                    (double)x[b] * (double)c[t] + (double)x[a] * (double)s[t];

                worst = fmax(worst, fabs(p - (double)y[a]));
                worst = fmax(worst, fabs(q - (double)y[b]));
            }
            for (size_t j = LD - 5; j < LD; j++)
                CHECK(y[r * LD + j] == x[r * LD + j], "row %zu: padding", r);
        }
        CHECK(worst < 2e-7, "%s: %g", nn_kernels_name(opened[i]), worst);
        free(y);
    }
    free(x);
    free(c);
    free(s);
    check_case("rotate: pairs of every head, nothing else");
}

static void test_elementwise(void)
{
    enum { N = 40001 };
    float *x = draw_floats(N), *u = draw_floats(N);

    for (size_t i = 0; i < n_opened; i++) {
        float *g = copy_of(x, N), *a = copy_of(x, N), *e = copy_of(x, N);
        double worst = 0.0;

        nn_silu_mul(opened[i], g, u, N);
        nn_add(opened[i], a, u, N);
        nn_gelu(opened[i], e, N);
        for (size_t j = 0; j < N; j++) {
            double v = (double)x[j];
            double silu = v / (1.0 + exp(-v)) * (double)u[j];
            double gelu = 0.5 * v * (1.0 + erf(v / sqrt(2.0)));

            worst = fmax(worst, fabs(silu - (double)g[j]));
            worst = fmax(worst, fabs(gelu - (double)e[j]));
            worst = fmax(worst, fabs(v + (double)u[j] - (double)a[j]));
        }
        CHECK(worst < 3e-7, "%s: %g", nn_kernels_name(opened[i]), worst);
        free(g);
        free(a);
        free(e);
    }
    free(x);
    free(u);
    check_case("silu, add and gelu over long runs");
}

static void test_open(void)
{
    struct asid_err err;
    struct nn *nn = NULL;

    CHECK(nn_open("sse9", 1, &nn, &err) == ASID_USAGE && !nn, "sse9");
    CHECK(strstr(err.text, "sse9") != NULL, "%s", err.text);
    CHECK(nn_scratch_bytes(9) > nn_scratch_bytes(1), "scratch grows");
    CHECK(nn_dtype_size(NN_F32) == 4 && nn_dtype_size(NN_BF16) == 2, "sizes");
    nn_close(NULL);
    check_case("an unknown kernel set is a usage error that names it");
}

static void test_measure(void)
{
    struct nn_limits limits = {0.0, 0.0, 0.0};
    struct asid_err err;

    CHECK_OK(nn_measure(opened[n_sets], &limits, &err), err);
    CHECK(limits.flops > 1e7 && limits.read_bytes > 1e7 &&
              limits.int8_ops > 1e7,
          "%g %g %g", limits.flops, limits.read_bytes, limits.int8_ops);
    check_case("limits of the machine are measured");
}

int main(void)
{
    draws_seed = 7;
    open_all();
    test_open();
    test_measure();
    test_linear();
    test_linear_rows();
    test_attend_causal();
    test_attend_segments();
    test_attend_cut();
    test_attend_huge();
    test_attend_infinite();
    test_attend_nan();
    test_attend_rising();
    test_attend_tasks();
    test_norms();
    test_rotate();
    test_elementwise();
    for (size_t i = 0; i < n_opened; i++)
        nn_close(opened[i]);
    return check_done();
}
