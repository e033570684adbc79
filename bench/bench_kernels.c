/*
 * Speed of the kernels, one JSON object a line, with the machine's limits
 * measured in the same run: GFLOP/s and share of the peak (fp32, or that of
 * bytes for packed weights) for products of many rows and attention, GB/s and
 * share of the read bandwidth for few rows.
 *
 *   bench_kernels [KERNELS [THREADS [REPEATS]]]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asid/base/clock.h"
#include "asid/nn/ops.h"
#include "asid/nn/quant.h"

enum { REPEATS_MAX = 99 };

struct bench {
    struct nn *nn;
    struct nn_limits limits;
    int repeats;
    void *weights; /* bf16, several matrices so that no cache holds them */
    void *packed;  /* the same, packed */
    size_t weight_bytes;
    float *x, *y;
};

static const size_t X_FLOATS = (size_t)2048 * 19000;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *t, int n)
{
    qsort(t, (size_t)n, sizeof *t, by_value);
    return t[n / 2];
}

static void pack_all(struct bench *b, enum nn_quant kind, size_t k, size_t n,
                     size_t bytes, size_t copies)
{
    struct nn_matrix w = {
        .data = b->weights, .dtype = NN_BF16, .rows = n, .cols = k};

    nn_pack_matrix(b->nn, kind, &w, b->packed);
    for (size_t c = 1; c < copies; c++)
        memcpy((char *)b->packed + c * bytes, b->packed, bytes);
}

static void bench_linear(struct bench *b, const char *as, enum nn_quant kind,
                         size_t m, size_t k, size_t n)
{
    struct nn_matrix w = {.dtype = NN_BF16, .rows = n, .cols = k};
    bool packs = strcmp(as, "bf16") != 0;
    size_t bytes = packs ? nn_pack_bytes(kind, n, k) : 2 * k * n;
    size_t copies = b->weight_bytes / bytes;
    double peak = packs ? b->limits.int8_ops : b->limits.flops;
    double t[REPEATS_MAX], seconds;

    if (packs)
        pack_all(b, kind, k, n, bytes, copies);

    for (int i = 0; i < b->repeats; i++) {
        size_t rounds = m <= 8 ? copies : 1; /* beyond the caches */
        double start = clock_monotonic();

        for (size_t c = 0; c < rounds; c++) {
            size_t which = m <= 8 ? c : (size_t)i % copies;

            w.data = (char *)b->weights + which * bytes;
            w.packed = packs ? (char *)b->packed + which * bytes : NULL;
            w.packed_as = kind;
            nn_linear(b->nn, &w, b->x, k, m, b->y, n, false);
        }
        t[i] = (clock_monotonic() - start) / (double)rounds;
    }
    seconds = median(t, b->repeats);
    printf(
        "{\"bench\":\"linear\",\"weights\":\"%s\",\"m\":%zu,\"k\":%zu,\"n\":%zu,\"ms\":%.3f,"
        "\"gflops\":%.1f,\"of_peak\":%.3f,\"gbytes\":%.2f,"
        "\"of_bandwidth\":%.3f,\"best_ms\":%.3f}\n",
        as, m, k, n, seconds * 1e3, 2e-9 * (double)(m * k * n) / seconds,
        2.0 * (double)(m * k * n) / seconds / peak,
        1e-9 * (double)bytes / seconds,
        (double)bytes / seconds / b->limits.read_bytes, t[0] * 1e3);
    fflush(stdout);
}

static void bench_attend(struct bench *b, struct nn_attention a, const char *as)
{
    double t[REPEATS_MAX], pairs = 0.0, flops, seconds;

    a.q = a.k = a.v = b->x;
    a.out = b->y;
    a.ldq = a.ldo = a.heads * a.head_dim;
    a.ldkv = a.kv_heads * a.head_dim;
    a.scale = 0.1F;
    for (size_t i = 0; a.causal && i < a.m; i++)
        pairs += (double)(a.past + i + 1);
    for (size_t s = 0; !a.causal && s < a.n_segments; s++) {
        double rows = (double)(a.segment[s + 1] - a.segment[s]);

        pairs += rows * rows;
    }
    flops = 4.0 * pairs * (double)(a.heads * a.head_dim);
    for (int i = 0; i < b->repeats; i++) {
        double start = clock_monotonic();

        nn_attend(b->nn, &a);
        t[i] = clock_monotonic() - start;
    }
    seconds = median(t, b->repeats);
    printf("{\"bench\":\"attend\",\"shape\":\"%s\",\"m\":%zu,\"past\":%zu,"
           "\"ms\":%.3f,\"gflops\":%.1f,\"of_peak\":%.3f,\"gbytes\":%.2f,"
           "\"best_ms\":%.3f}\n",
           as, a.m, a.past, seconds * 1e3, flops * 1e-9 / seconds,
           flops / seconds / b->limits.flops,
           8e-9 * (double)((a.past + a.m) * a.ldkv) / seconds, t[0] * 1e3);
    fflush(stdout);
}

static void bench_rows(struct bench *b)
{
    enum { M = 512, N = 2048 };
    struct nn_vector w = {b->weights, NN_BF16, N};
    double t[4][REPEATS_MAX];
    static const char *const names[] = {"silu_mul", "rmsnorm", "gelu", "add"};

    for (int i = 0; i < b->repeats; i++) {
        double at[5];

        memcpy(b->y, b->x, (size_t)M * N * sizeof(float));
        at[0] = clock_monotonic();
        nn_silu_mul(b->nn, b->y, b->x, (size_t)M * N);
        at[1] = clock_monotonic();
        nn_rmsnorm(b->nn, &w, 1e-6F, b->x, M, b->y);
        at[2] = clock_monotonic();
        nn_gelu(b->nn, b->y, (size_t)M * N);
        at[3] = clock_monotonic();
        nn_add(b->nn, b->y, b->x, (size_t)M * N);
        at[4] = clock_monotonic();
        for (int j = 0; j < 4; j++)
            t[j][i] = at[j + 1] - at[j];
    }
    for (int j = 0; j < 4; j++)
        printf("{\"bench\":\"%s\",\"values\":%d,\"ns_per_value\":%.3f}\n",
               names[j], M * N, median(t[j], b->repeats) * 1e9 / (M * N));
}

static void bench_all(struct bench *b)
{
    static const size_t shapes[][2] = {
        {2048, 2048}, {2048, 256}, {2048, 11008}, {11008, 2048}, {1280, 3420}};
    static const char *const names[] = {"bf16", "int8", "int4"};
    static const enum nn_quant kinds[] = {NN_Q8, NN_Q8, NN_Q4};
    static const size_t rows[] = {1, 4, 8, 16, 64, 128, 512};
    static const uint32_t full[] = {0, 1920};
    static uint32_t windows[31], chunks[16];

    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            for (size_t i = 0; i < 3; i++)
                bench_linear(b, names[i], kinds[i], rows[r], shapes[s][0],
                             shapes[s][1]);
    for (uint32_t i = 0; i < 31; i++)
        windows[i] = 64 * i;
    for (uint32_t i = 0; i < 16; i++)
        chunks[i] = 100 * i;
    bench_attend(b,
                 (struct nn_attention){.m = 1920,
                                       .heads = 16,
                                       .kv_heads = 16,
                                       .head_dim = 80,
                                       .segment = full,
                                       .n_segments = 1},
                 "vision full");
    bench_attend(b,
                 (struct nn_attention){.m = 1920,
                                       .heads = 16,
                                       .kv_heads = 16,
                                       .head_dim = 80,
                                       .segment = windows,
                                       .n_segments = 30},
                 "vision windows");
    bench_attend(b,
                 (struct nn_attention){.m = 1500,
                                       .heads = 20,
                                       .kv_heads = 20,
                                       .head_dim = 64,
                                       .segment = chunks,
                                       .n_segments = 15},
                 "audio chunks");
    for (size_t past = 0; past <= 15000; past = past ? past * 15 : 1000) {
        struct nn_attention a = {.heads = 16,
                                 .kv_heads = 2,
                                 .head_dim = 128,
                                 .causal = true,
                                 .past = past};

        a.m = 512;
        bench_attend(b, a, "decoder prefill");
        a.bf16 = true;
        bench_attend(b, a, "decoder prefill, rounded to bf16");
        a.m = 1;
        bench_attend(b, a, "decoder step");
    }
    bench_rows(b);
}

int main(int argc, char **argv)
{
    struct asid_err err = {.text = "out of memory"};
    struct bench b = {.repeats = argc > 3 ? atoi(argv[3]) : 7};
    const char *kernels = argc > 1 ? argv[1] : "auto";
    unsigned threads = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
    int status = 1;

    if (b.repeats < 1 || b.repeats > REPEATS_MAX)
        b.repeats = 7;
    b.weight_bytes = (size_t)400 << 20;
    b.weights = malloc(b.weight_bytes);
    b.packed = aligned_alloc(64, b.weight_bytes);
    b.x = malloc(X_FLOATS * sizeof *b.x);
    b.y = malloc(X_FLOATS * sizeof *b.y);
    if (!b.weights || !b.packed || !b.x || !b.y)
        goto out;
    memset(b.weights, 0x3c, b.weight_bytes); /* 0.0115 */
    for (size_t i = 0; i < X_FLOATS; i++)
        b.x[i] = (float)(i % 251) / 251.0F - 0.5F;
    memset(b.y, 0, X_FLOATS * sizeof *b.y);
    if (nn_open(kernels, threads, &b.nn, &err) != ASID_OK ||
        nn_measure(b.nn, &b.limits, &err) != ASID_OK)
        goto out;
    printf("{\"bench\":\"limits\",\"kernels\":\"%s\",\"threads\":%u,"
           "\"gflops\":%.1f,\"int8_gops\":%.1f,\"read_gbytes\":%.2f}\n",
           nn_kernels_name(b.nn), nn_threads(b.nn), b.limits.flops * 1e-9,
           b.limits.int8_ops * 1e-9, b.limits.read_bytes * 1e-9);
    bench_all(&b);
    status = 0;
out:
    if (status)
        fprintf(stderr, "bench_kernels: %s\n", err.text);
    nn_close(b.nn);
    free(b.weights);
    free(b.packed);
    free(b.x);
    free(b.y);
    return status;
}
