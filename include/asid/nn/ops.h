/*
 * Operations of the network, fp32 activations over bf16, fp16 or fp32 weights.
 *
 * All matrices are row-major. Every operation gives the same bits at any
 * number of threads. The work happens in a kernel table chosen at start
 * (nn/kernels.h): a plain reference set, AVX2, AVX-512 and AMX.
 *
 * No operation allocates: scratch comes from struct nn, sized at nn_open.
 */
#ifndef ASID_NN_OPS_H
#define ASID_NN_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/err.h"

struct nn; /* kernel table, threads, scratch; one user at a time */

enum { NN_HEAD_DIM_MAX = 256 }; /* of nn_attend */

enum nn_dtype { NN_F32, NN_BF16, NN_F16 };
enum nn_quant { NN_Q8, NN_Q4 }; /* nn/quant.h */
size_t nn_dtype_size(enum nn_dtype t);

/* kernels: "auto" or one of nn_kernel_sets (nn/kernels.h). USAGE when the
 * processor cannot. */
enum asid_rc nn_open(const char *kernels, unsigned threads, struct nn **out,
                     struct asid_err *err) ASID_WARN_UNUSED;
void nn_close(struct nn *nn);
const char *nn_kernels_name(const struct nn *nn);
unsigned nn_threads(const struct nn *nn);
/* Bytes nn_open takes for scratch with that many threads (for the plan). */
size_t nn_scratch_bytes(unsigned threads);

/* A weight matrix [rows, cols] in a mapped file; data need not be aligned
 * beyond its element. bias may be NULL, else [rows]. With `packed` the matrix
 * is computed with as quantised (nn/quant.h), and data may be NULL. */
struct nn_matrix {
    const void *data;
    enum nn_dtype dtype;
    size_t rows, cols;
    const void *bias;
    enum nn_dtype bias_dtype;
    const void *packed; /* NULL: none */
    enum nn_quant packed_as;
    bool fine; /* packed: x is rounded to two bytes, however many its rows */
};
/* A vector of parameters (norm weights, biases), [n]. */
struct nn_vector {
    const void *data;
    enum nn_dtype dtype;
    size_t n;
};

/* y[m, w.rows] = x[m, w.cols] * w^T (+ bias), or y += ... when accumulate.
 * ldx, ldy: distance of rows in floats. A row of y does not depend on the other
 * rows of x, nor on their number m within each of two ranges: 1 to 8, and 9 or
 * more (so neither a batch nor the cut of a long prompt changes a row, as long
 * as every part of the prompt has 9 rows). */
void nn_linear(struct nn *nn, const struct nn_matrix *w, const float *x,
               size_t ldx, size_t m, float *y, size_t ldy, bool accumulate);
/* y = w * x / sqrt(mean(x^2) + eps), per row of n; y may be x. */
void nn_rmsnorm(struct nn *nn, const struct nn_vector *w, float eps,
                const float *x, size_t m, float *y);
/* y = (x - mean) / sqrt(var + eps) * w + b, per row; y may be x. */
void nn_layernorm(struct nn *nn, const struct nn_vector *w,
                  const struct nn_vector *b, float eps, const float *x,
                  size_t m, float *y);
void nn_gelu(struct nn *nn, float *x, size_t count); /* exact, erf; in place */
/* gate = silu(gate) * up, count values. */
void nn_silu_mul(struct nn *nn, float *gate, const float *up, size_t count);
void nn_add(struct nn *nn, float *y, const float *x, size_t count);
/* Rotate pairs (d, d + half) of every head: x [m, heads, 2*half] with row
 * distance ldx; cosines and sines [m, half]. */
void nn_rotate(struct nn *nn, float *x, size_t ldx, size_t m, size_t heads,
               size_t half, const float *cosine, const float *sine);

/* Attention. Query row r sees key rows [first, last):
 *   causal false: segment s of n_segments covers rows segment[s] to
 *     segment[s+1] (n_segments + 1 offsets) of both queries and keys;
 *   causal true: n_segments 0, query row r sees keys 0 .. past + r.
 * q [m, heads, head_dim] with row distance ldq, k and v [kv_rows, kv_heads,
 * head_dim] with row distance ldkv; out [m, heads, head_dim] with row distance
 * ldo. Query head h reads key head h / (heads / kv_heads). Scores are scaled
 * by scale, which is not negative; softmax subtracts the maximum. */
struct nn_attention {
    const float *q, *k, *v;
    float *out;
    size_t ldq, ldkv, ldo;
    size_t m, heads, kv_heads, head_dim;
    float scale;
    bool causal;
    size_t past; /* causal: key rows before query row 0 */
    const uint32_t *segment;
    size_t n_segments;
    /* Queries, keys, weights and values may be rounded to bf16 before they are
     * multiplied, which is how the reference runs a checkpoint of bf16: half of
     * the time with the kernel set amx, nothing with the others. */
    bool bf16;
};
void nn_attend(struct nn *nn, const struct nn_attention *a);

/* What this machine can do at most with the kernel set and threads of nn,
 * measured now, for comparing what the model reaches: takes about a quarter of
 * a second and 256 MiB. */
struct nn_limits {
    double flops;      /* fp32 multiply and add, per second */
    double read_bytes; /* from memory, per second */
    double int8_ops;   /* multiply and add of bytes, per second */
};
enum asid_rc nn_measure(struct nn *nn, struct nn_limits *out,
                        struct asid_err *err) ASID_WARN_UNUSED;

/* fp32 copy of n values of any dtype. */
void nn_widen(const void *src, enum nn_dtype dtype, size_t n, float *dst);

#endif
