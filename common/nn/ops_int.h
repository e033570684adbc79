/*
 * What ops.c, gemm.c and attention.c share: struct nn and how its scratch is
 * laid out. Everything in a worker's scratch belongs to the task it is running.
 */
#ifndef ASID_NN_OPS_INT_H
#define ASID_NN_OPS_INT_H

#include "asid/nn/kernels.h"
#include "asid/nn/parallel.h"
#include "asid/nn/qkernels.h"
#include "asid/nn/quant.h"
#include "kernels_split.h"

enum {
    GEMM_DEPTH = 1024, /* k is summed in blocks of this many */
    GEMM_COLS = 96,    /* columns of y that one task works on at most */
    GEMM_UNIT = 48,    /* and at least */
    GEMM_PAD = 16,     /* floats between rows, against cache set conflicts */
    GEMM_PANEL = GEMM_DEPTH * GEMM_COLS,
    DOT_COLS = 512, /* columns of y of one task of the few-rows path */

    ATTEND_ROWS = 192, /* query rows of one task */
    ATTEND_KEYS = 192, /* keys looked at in one step */
    ATTEND_DIM = NN_HEAD_DIM_MAX + GEMM_PAD,
    ATTEND_SCORES = ATTEND_KEYS + GEMM_PAD,
    ATTEND_SPLIT_ROWS = 1024, /* on registers of bf16, with heads up to */
    ATTEND_SPLIT_DIM = 128,   /* this; fewer rows of larger ones */

    COLUMNS_MAX = 384, /* columns of y of one task, in the two that follow */

    QUANT_ROWS = 512, /* rows of x quantised at a time */

    SPLIT_TALL = 512, /* rows of x that are split at a time */
    SPLIT_DEEP = 256, /* columns of x in a block */

    SHARED_FLOATS = 1024 * 1024, /* interleaved x; partial attention */
};

struct gemm_scratch {
    float panel[GEMM_PANEL]; /* widened weights, one panel after another */
    float bias[GEMM_COLS];
    float tile[NN_TILE_ROWS * NN_TILE_COLS]; /* where y has no room */
    float sums[NN_DOT_ROWS * DOT_COLS];
};

/* Of a task on registers of bf16: a float is hi and lo. */
struct split_attend_scratch {
    char query[ATTEND_SPLIT_ROWS * ATTEND_SPLIT_DIM * 4];
    float out[ATTEND_SPLIT_ROWS * ATTEND_SPLIT_DIM];
    char key[SPLIT_KEYS * NN_HEAD_DIM_MAX * 4];
    char value[SPLIT_KEYS * NN_HEAD_DIM_MAX * 4];
    char space[SPLIT_ATTEND_SPACE];
    float sum[ATTEND_SPLIT_ROWS], max[ATTEND_SPLIT_ROWS];
    uint32_t seen[ATTEND_SPLIT_ROWS];
    float side[SPLIT_GROUP * NN_HEAD_DIM_MAX];
};
_Static_assert(SPLIT_KEYS % SPLIT_DEPTH == 0 &&
                   NN_HEAD_DIM_MAX % SPLIT_DEPTH == 0 &&
                   ATTEND_SPLIT_ROWS % SPLIT_GROUP == 0,
               "what is split is whole blocks");
#define SPLIT_ALIGNED(member)                                                  \
 _Static_assert(offsetof(struct split_attend_scratch, member) % 64 == 0,       \
                "kernels load " #member " by whole registers")
SPLIT_ALIGNED(query);
SPLIT_ALIGNED(out);
SPLIT_ALIGNED(key);
SPLIT_ALIGNED(value);
SPLIT_ALIGNED(space);
SPLIT_ALIGNED(sum);
SPLIT_ALIGNED(max);
SPLIT_ALIGNED(seen);

struct attend_scratch {
    union {
        struct {
            float out[ATTEND_ROWS * ATTEND_DIM];
            float score[ATTEND_ROWS * ATTEND_SCORES];
            float max[ATTEND_ROWS], sum[ATTEND_ROWS];
            float query[ATTEND_ROWS * ATTEND_DIM];
            float key[ATTEND_KEYS * NN_HEAD_DIM_MAX];   /* [dim][keys] */
            float value[ATTEND_KEYS * NN_HEAD_DIM_MAX]; /* [keys][dim] */
        };
        struct split_attend_scratch split;
    };
};

/* Of a task over packed weights. */
struct quant_scratch {
    uint8_t bytes[NN_Q4_GROUP * NN_QCOLS]; /* nibbles spread out */
    float scale[NN_QCOLS], lowest[NN_QCOLS];
    float sums[QUANT_ROWS * COLUMNS_MAX];
};

/* Of a task over bf16 weights on registers of bf16. */
struct split_scratch {
    float sums[SPLIT_TALL * COLUMNS_MAX];
    char panel[SPLIT_DEEP * SPLIT_WIDTH * 2];
};

union nn_scratch {
    struct gemm_scratch gemm;
    struct split_scratch split;
    struct quant_scratch quant;
    struct attend_scratch attend;
    char space[2 * 1024 * 1024]; /* whole cache lines and pages */
};
_Static_assert(sizeof(union nn_scratch) == 2 * 1024 * 1024,
               "scratch of a worker fits its space");

struct nn {
    const struct nn_kernels *k;
    const struct nn_qkernels *q;
    struct parallel *pool;
    void *memory; /* one mapping: shared, then a nn_scratch per thread */
    size_t memory_bytes;
    float *shared; /* SHARED_FLOATS */
    union nn_scratch *scratch;
};

static inline size_t nn_min(size_t a, size_t b)
{
    return a < b ? a : b;
}
static inline size_t nn_round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

/* Tasks of a product own columns of y, whole units of them. They grow smaller
 * towards the end, from `wanted` tasks on, so that the last ones of all threads
 * end together; the cut depends on the number of columns alone. */
struct column_cut {
    size_t unit, most, wanted;
};
struct columns {
    size_t first, n;
};
size_t nn_count_tasks(const struct column_cut *cut, size_t cols);
struct columns nn_task_columns(const struct column_cut *cut, size_t cols,
                               size_t task);

/* y[rows][c] = (accumulate ? y : 0) + sums (+ bias), for the columns c. */
struct column_sums {
    const float *sums; /* [rows][columns of the task] */
    size_t ld, rows;
    float *y;
    size_t ldy;
    bool accumulate;
    const void *bias; /* of all columns, or NULL */
    enum nn_dtype bias_dtype;
};
void nn_store_columns(const struct nn *nn, const struct column_sums *s,
                      struct columns c);

/* nn_linear for bf16 weights and any number of rows, where nn->k has `split`. */
void nn_linear_split(struct nn *nn, const struct nn_matrix *w, const float *x,
                     size_t ldx, size_t m, float *y, size_t ldy,
                     bool accumulate);
/* nn_linear for a packed matrix. */
void nn_linear_packed(struct nn *nn, const struct nn_matrix *w, const float *x,
                      size_t ldx, size_t m, float *y, size_t ldy,
                      bool accumulate);

#endif
