/*
 * Every kernel set against the reference, the reference against libm in double
 * precision: odd lengths, addresses aligned to nothing, zeros, huge values.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "asid/nn/kernels.h"
#include "check.h"
#include "draws.h"

enum { SETS = NN_KERNEL_SETS - 1, GUARD = 64 }; /* sets beside the reference */

/* The set, or NULL where the processor lacks it. */
static const struct nn_kernels *set_of(int i)
{
    const char *why = NULL;

    return nn_kernels_pick(nn_kernel_sets[i + 1], &why);
}

/* n weights at an odd address; free the returned base. */
static char *weights(size_t n, enum nn_dtype dtype, const void **at)
{
    size_t size = nn_dtype_size(dtype);
    char *base = malloc(n * size + 1);

    if (!base)
        exit(1);
    for (size_t i = 0; i < n; i++) {
        float f = draw_float();
        uint32_t bits;
        uint16_t half;

        memcpy(&bits, &f, 4);
        /* finite halves: sign, exponent 8..23 of 31, any fraction */
        half = dtype == NN_BF16
                   ? (uint16_t)(bits >> 16)
                   : (uint16_t)((draw() & 0x83ffu) | (8u + draw() % 8u) << 10);
        memcpy(base + 1 + i * size, dtype == NN_F32 ? (void *)&f : &half, size);
    }
    *at = base + 1;
    return base;
}

static double distance(const float *a, const float *b, size_t n)
{
    double worst = 0.0, scale = 1e-30;

    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);

        if (!(d <= worst))
            worst = d;
        scale = fmax(scale, fabs((double)b[i]));
    }
    return worst / scale;
}

/* --- widening ----------------------------------------------------------- */

static void test_weights(void)
{
    static const struct {
        uint16_t half;
        double value;
    } halves[] = {
        {0x0000, 0.0},     {0x3c00, 1.0},        {0xc000, -2.0},
        {0x7bff, 65504.0}, {0x0001, 0x1p-24},    {0x83ff, -0x1.ff8p-15},
        {0x0400, 0x1p-14}, {0x3555, 0x1.554p-2}, {0x7c00, (double)INFINITY}};
    uint16_t bf16 = 0xc0a0;

    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        double got = (double)nn_weight(&halves[i].half, NN_F16, 0);

        CHECK(got == halves[i].value, "half %04x: %g", halves[i].half, got);
    }
    CHECK(nn_weight(&bf16, NN_BF16, 0) == -5.0F, "bf16 c0a0");
    check_case("halves and bfloats widen exactly");
}

static void pack_once(const struct nn_kernels *k, enum nn_dtype dtype,
                      size_t rows, size_t depth)
{
    size_t width = (rows + NN_LANES - 1) / NN_LANES * NN_LANES, ld = depth + 3;
    const void *w;
    char *base = weights(rows * ld, dtype, &w);
    float *a = draw_floats(width * depth + GUARD),
          *b = draw_floats(width * depth + GUARD);
    struct nn_pack p = {w, ld, dtype, rows, depth, width, a};

    memcpy(b, a, (width * depth + GUARD) * sizeof *a);
    k->pack(&p);
    p.panel = b;
    nn_kernels_ref.pack(&p);
    CHECK(memcmp(a, b, (width * depth + GUARD) * sizeof *a) == 0,
          "%s: dtype %d, %zu rows, depth %zu", k->name, (int)dtype, rows,
          depth);
    free(base);
    free(a);
    free(b);
}

static void test_pack(void)
{
    static const size_t depths[] = {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 65};

    for (int s = 0; s < SETS; s++) {
        const struct nn_kernels *k = set_of(s);

        for (size_t rows = 1; k && rows <= k->tile_cols; rows++)
            for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
                for (int t = NN_F32; t <= NN_F16; t++)
                    pack_once(k, (enum nn_dtype)t, rows, depths[d]);
    }
    check_case("panels are exact, padded with zeros, and nothing beyond");
}

/* --- products ----------------------------------------------------------- */

static void tile_once(const struct nn_kernels *k, struct nn_tile t)
{
    size_t n = NN_TILE_ROWS * (NN_TILE_COLS + 5) + GUARD;
    float *a = draw_floats(NN_TILE_ROWS * (t.k + 3)),
          *b = draw_floats(t.k * t.width);
    float *c = draw_floats(n), *d = malloc(n * sizeof *d),
          *add = draw_floats(t.width);

    if (!d)
        exit(1);
    memcpy(d, c, n * sizeof *d);
    t.a = a;
    t.lda = t.k + 3;
    t.b = b;
    t.ldb = t.width;
    t.ldc = NN_TILE_COLS + 5;
    t.add = t.add ? add : NULL;
    t.c = c;
    k->tile(&t);
    t.c = d;
    nn_kernels_ref.tile(&t);
    CHECK(distance(c, d, n) < 1e-6 * sqrt((double)t.k + 1.0),
          "%s: %zu x %zu x %zu load %d: %g", k->name, t.rows, t.width, t.k,
          t.load, distance(c, d, n));
    free(a);
    free(b);
    free(c);
    free(d);
    free(add);
}

static void test_tile(void)
{
    static const float some[1];

    for (int s = 0; s < SETS; s++) {
        const struct nn_kernels *k = set_of(s);

        for (size_t rows = 1; k && rows <= k->tile_rows; rows++)
            for (size_t w = NN_LANES; w <= k->tile_cols; w += NN_LANES)
                for (size_t depth = 0; depth < 70; depth += 1 + depth / 3)
                    for (unsigned mode = 0; mode < 4; mode++)
                        tile_once(
                            k, (struct nn_tile){.rows = rows,
                                                .width = w,
                                                .k = depth,
                                                .load = mode & 1,
                                                .add = mode & 2 ? some : NULL});
    }
    check_case("tiles of every size agree and stay inside their rectangle");
}

static void dot_once(const struct nn_kernels *k, enum nn_dtype dtype, size_t n,
                     size_t depth)
{
    size_t ld = depth + 5, ldy = n + 2, out = NN_DOT_ROWS * ldy;
    const void *w;
    char *base = weights(n * ld, dtype, &w);
    float *x = draw_floats(NN_DOT_ROWS * ld), *a = draw_floats(out),
          *b = draw_floats(out);
    float *one = draw_floats(out),
          *mixed = draw_floats(NN_DOT_ROWS * (depth + NN_LANES));
    struct nn_dot d = {w, ld, dtype, n, depth, mixed, NN_DOT_ROWS, a, ldy};

    for (size_t m = 1; m <= NN_DOT_ROWS; m *= 2) {
        memcpy(b, a, out * sizeof *a);
        nn_interleave(x, ld, m, depth, mixed);
        d.m = m;
        d.y = a;
        k->dot(&d);
        d.y = b;
        nn_kernels_ref.dot(&d);
        CHECK(distance(a, b, out) < 2e-6 * sqrt((double)depth),
              "%s: dtype %d, m %zu, n %zu, k %zu: %g", k->name, (int)dtype, m,
              n, depth, distance(a, b, out));
        d.y = one;
        d.m = 1;
        nn_interleave(x, ld, 1, depth, mixed);
        k->dot(&d);
        CHECK(memcmp(one, a, n * sizeof *a) == 0,
              "%s: row 0 of m %zu differs from m 1 (n %zu, k %zu)", k->name, m,
              n, depth);
    }
    free(base);
    free(x);
    free(a);
    free(b);
    free(one);
    free(mixed);
}

static void test_dot(void)
{
    static const size_t depths[] = {1, 3, 15, 16, 17, 33, 96, 257, 1100};

    for (int s = 0; s < SETS; s++) {
        const struct nn_kernels *k = set_of(s);

        for (size_t n = 1; k && n <= 35; n++)
            for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
                for (int t = NN_F32; t <= NN_F16; t++)
                    dot_once(k, (enum nn_dtype)t, n, depths[d]);
    }
    check_case("few-row products agree, and do not depend on the other rows");
}

/* --- functions ---------------------------------------------------------- */

static const struct nn_kernels *set_or_ref(int i)
{
    return i < SETS ? set_of(i) : &nn_kernels_ref;
}

static void test_exp(void)
{
    for (int s = 0; s <= SETS; s++) {
        const struct nn_kernels *k = set_or_ref(s);
        double worst = 0.0;
        float x[16] = {0.0F};

        for (double at = -87.3; k && at < 88.7; at += 0.00231) {
            float v = (float)at, e = v;
            double want = exp((double)v);

            (void)k->exp_sum(&e, 1, 0.0F);
            worst = fmax(worst, fabs((double)e - want) / want);
        }
        CHECK(worst < 1.5e-7, "%s: relative error %g", k ? k->name : "-",
              worst);
        x[0] = -INFINITY;
        x[1] = -200.0F;
        x[2] = 200.0F;
        x[3] = NAN;
        x[4] = -100.0F; /* subnormal */
        x[5] = INFINITY;
        if (!k)
            continue;
        (void)k->exp_sum(x, 16, 0.0F);
        CHECK(x[0] == 0.0F && x[1] == 0.0F, "%s: %g %g", k->name, (double)x[0],
              (double)x[1]);
        CHECK(isinf(x[2]) && isinf(x[5]) && isnan(x[3]), "%s: %g %g %g",
              k->name, (double)x[2], (double)x[5], (double)x[3]);
        CHECK(fabs((double)x[4] - exp(-100.0)) < 1.5e-45, "%s: %g", k->name,
              (double)x[4]);
        CHECK(x[6] == 1.0F, "%s: exp(0) = %.9g", k->name, (double)x[6]);
    }
    check_case("exp is accurate, reaches 0 and infinity, keeps NaN");
}

static double gelu_of(double x)
{
    return 0.5 * x * (1.0 + erf(x * 0.70710678118654752440));
}

static void test_gelu_silu(void)
{
    for (int s = 0; s <= SETS; s++) {
        const struct nn_kernels *k = set_or_ref(s);
        double gelu = 0.0, silu = 0.0;

        for (double at = -12.0; k && at < 12.0; at += 0.000737) {
            float g = (float)at, u = 1.0F, x = g;
            double v = (double)x;

            k->gelu(&g, 1);
            gelu = fmax(gelu, fabs((double)g - gelu_of(v)) / (fabs(v) + 1e-9));
            k->silu_mul(&x, &u, 1);
            silu = fmax(silu, fabs((double)x - v / (1.0 + exp(-v))) /
                                  (fabs(v / (1.0 + exp(-v))) + 1e-30));
        }
        CHECK(gelu < 2e-7, "%s: gelu error %g of x", k ? k->name : "-", gelu);
        CHECK(silu < 4e-7, "%s: silu error %g", k ? k->name : "-", silu);
        for (int i = 0; k && i < 2; i++) {
            float big = i ? 1e30F : -1e30F, up = 2.0F, g = big;

            k->gelu(&g, 1);
            k->silu_mul(&big, &up, 1);
            CHECK(i ? g == 1e30F && big == 2e30F : g == 0.0F && big == 0.0F,
                  "%s: %g %g", k->name, (double)g, (double)big);
        }
    }
    check_case("gelu is the erf form, silu is accurate, both at any size");
}

static void runs_once(const struct nn_kernels *k, size_t n)
{
    float *x = draw_floats(n + GUARD), *y = draw_floats(n + GUARD);
    float *a = draw_floats(n + GUARD), *b = draw_floats(n + GUARD);
    float p, q, top;

#define PAIR(call_a, call_b, tolerance, what)                                  \
 do {                                                                          \
  memcpy(a, x, (n + GUARD) * sizeof *a);                                       \
  memcpy(b, x, (n + GUARD) * sizeof *b);                                       \
  call_a;                                                                      \
  call_b;                                                                      \
  CHECK(distance(a, b, n + GUARD) <= (tolerance), "%s: %s, n %zu: %g",         \
        k->name, what, n, distance(a, b, n + GUARD));                          \
 } while (0)

    PAIR(k->gelu(a, n), nn_kernels_ref.gelu(b, n), 4e-7, "gelu");
    PAIR(k->silu_mul(a, y, n), nn_kernels_ref.silu_mul(b, y, n), 4e-7, "silu");
    PAIR(k->add(a, y, n), nn_kernels_ref.add(b, y, n), 0.0, "add");
    PAIR(k->scale(a, n, 0.3F), nn_kernels_ref.scale(b, n, 0.3F), 0.0, "scale");
    PAIR(p = k->scale_max(a, n, 3.5F), q = nn_kernels_ref.scale_max(b, n, 3.5F),
         0.0, "scale_max");
    CHECK(p == q, "%s: maximum of %zu: %g %g", k->name, n, (double)p,
          (double)q);
    top = p;
    PAIR(p = k->exp_sum(a, n, top), q = nn_kernels_ref.exp_sum(b, n, top), 3e-7,
         "exp_sum");
    CHECK(fabs((double)p - (double)q) <= 1e-6 * (double)q + 1e-30,
          "%s: sum of %zu: %g %g", k->name, n, (double)p, (double)q);
    PAIR(k->rotate(a, a + n / 2, n / 2, y, y + n / 2),
         nn_kernels_ref.rotate(b, b + n / 2, n / 2, y, y + n / 2), 2e-7,
         "rotate");
    free(x);
    free(y);
    free(a);
    free(b);
}

static void norm_once(const struct nn_kernels *k, size_t n, enum nn_dtype dtype,
                      bool centre, float size)
{
    const void *w, *b;
    char *w_base = weights(n, dtype, &w), *b_base = weights(n, dtype, &b);
    float *x = draw_floats(n), *got = draw_floats(n + GUARD),
          *want = draw_floats(n + GUARD);
    struct nn_norm p = {.w = {w, dtype, n}, .centre = centre, .eps = 1e-6F};

    if (centre)
        p.b = (struct nn_vector){b, dtype, n};
    for (size_t i = 0; i < n; i++)
        x[i] *= size;
    memcpy(want, got, (n + GUARD) * sizeof *got);
    p.x = x;
    p.y = got;
    k->norm(&p);
    p.y = want;
    nn_kernels_ref.norm(&p);
    CHECK(distance(got, want, n + GUARD) < 4e-6,
          "%s: n %zu, dtype %d, centre %d, size %g: %g", k->name, n, (int)dtype,
          centre, (double)size, distance(got, want, n + GUARD));
    free(w_base);
    free(b_base);
    free(x);
    free(got);
    free(want);
}

static void test_runs(void)
{
    for (int s = 0; s < SETS; s++) {
        const struct nn_kernels *k = set_of(s);

        for (size_t n = 1; k && n < 70; n++)
            runs_once(k, n);
        for (size_t n = 2; k && n < 200; n += 1 + n / 7)
            for (int t = NN_F32; t <= NN_F16; t++)
                for (int c = 0; c < 2; c++) {
                    norm_once(k, n, (enum nn_dtype)t, c, 1.0F);
                    norm_once(k, n, (enum nn_dtype)t, c, 0.0F);
                    norm_once(k, n, (enum nn_dtype)t, c, 1e15F);
                }
    }
    check_case("functions and norms of every length agree with the reference");
}

static void test_pick(void)
{
    const char *why = NULL;

    CHECK(nn_kernels_pick("neon", &why) == NULL && why, "unknown name");
    CHECK(nn_kernels_pick("ref", &why) == &nn_kernels_ref, "ref");
    CHECK(nn_kernels_pick("auto", &why) != NULL, "auto");
    for (int s = 0; s < SETS; s++)
        if (!set_of(s))
            printf("# %s is not tested: this processor has none\n",
                   nn_kernel_sets[s + 1]);
    check_case("sets are picked by name");
}

int main(void)
{
    test_pick();
    test_weights();
    test_pack();
    test_tile();
    test_dot();
    test_exp();
    test_gelu_silu();
    test_runs();
    return check_done();
}
