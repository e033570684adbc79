/*
 * nn_linear: y = x * W^T over weights as they lie in the file.
 *
 * Many rows of x: a task owns up to GEMM_COLS columns of y. For each block of
 * GEMM_DEPTH columns of W it widens and transposes its part of W once, into
 * scratch that stays in the second-level cache, and uses it for all its rows of
 * x. Every y is the sum of the blocks' sums in order of k, whoever computes it.
 *
 * Few rows (up to NN_DOT_ROWS): the weights stream through once and nothing is
 * transposed; the speed is that of the memory.
 */
#include <string.h>

#include "asid/base/err.h"
#include "ops_int.h"

enum {
    TASKS_WANTED = 16,      /* tasks from which on they grow smaller */
    DOT_BYTES = 512 * 1024, /* weights of one task of the few-rows path */
    DOT_COLS_MIN = 16,
    CHUNK_ROWS = 512,    /* rows of x of one task, at most */
    CHUNK_MULTIPLE = 24, /* of any set's tile_rows */
};

static const struct column_cut cut = {GEMM_UNIT, GEMM_COLS, TASKS_WANTED};

struct linear {
    struct nn *nn;
    const struct nn_kernels *k;
    const struct nn_matrix *w;
    const float *x;
    float *y;
    size_t ldx, ldy, m;
    bool accumulate;
    size_t chunk_rows, chunks; /* many rows */
    size_t cols;               /* few rows: of one task */
};

/* Where a task stands. */
struct block {
    struct gemm_scratch *s;
    size_t row, rows; /* of x and y */
    size_t col, cols; /* of y: rows of w */
    size_t k, depth;  /* the block of columns of w */
    bool load;        /* add to what y holds */
    bool bias;        /* s->bias has to be added */
};

static const void *weight_at(const struct nn_matrix *w, size_t row, size_t col)
{
    return (const char *)w->data +
           (row * w->cols + col) * nn_dtype_size(w->dtype);
}

static size_t panel_width(const struct linear *l, size_t left)
{
    return nn_min(l->k->tile_cols, nn_round_up(left, NN_LANES));
}

static void pack_block(const struct linear *l, const struct block *b)
{
    float *panel = b->s->panel;
    size_t width;

    for (size_t at = 0; at < b->cols; at += width) {
        width = panel_width(l, b->cols - at);
        l->k->pack(&(struct nn_pack){
            .w = weight_at(l->w, b->col + at, b->k),
            .ldw = l->w->cols,
            .dtype = l->w->dtype,
            .rows = nn_min(width, b->cols - at),
            .k = b->depth,
            .width = width,
            .panel = panel,
        });
        panel += width * b->depth;
    }
}

/* y has no room for the padding lanes: compute beside it, add the rest. */
static void narrow_tile(const struct linear *l, struct nn_tile t, float *beside,
                        size_t cols)
{
    float *y = t.c;
    size_t ldy = t.ldc;
    bool load = t.load;
    const float *add = t.add;

    t.c = beside;
    t.ldc = t.width;
    t.load = false;
    t.add = NULL;
    l->k->tile(&t);
    for (size_t i = 0; i < t.rows; i++) {
        for (size_t j = 0; j < cols; j++) {
            float sum = beside[i * t.width + j];

            if (load)
                sum = y[i * ldy + j] + sum;
            y[i * ldy + j] = add ? sum + add[j] : sum;
        }
    }
}

static void strip_times_panels(const struct linear *l, const struct block *b,
                               size_t row, size_t rows)
{
    const float *panel = b->s->panel;
    size_t width;
    struct nn_tile t = {
        .a = l->x + row * l->ldx + b->k,
        .lda = l->ldx,
        .ldc = l->ldy,
        .rows = rows,
        .k = b->depth,
        .load = b->load,
    };

    for (size_t at = 0; at < b->cols; at += width) {
        width = panel_width(l, b->cols - at);
        t.b = panel;
        t.ldb = t.width = width;
        t.c = l->y + row * l->ldy + b->col + at;
        t.add = b->bias ? b->s->bias + at : NULL;
        if (width <= b->cols - at)
            l->k->tile(&t);
        else
            narrow_tile(l, t, b->s->tile, b->cols - at);
        panel += width * b->depth;
    }
}

static void multiply_block(const struct linear *l, const struct block *b)
{
    size_t end = b->row + b->rows, step = l->k->tile_rows;

    for (size_t row = b->row; row < end; row += step)
        strip_times_panels(l, b, row, nn_min(step, end - row));
}

static void widen_bias(const struct linear *l, const struct block *b)
{
    const char *bias = l->w->bias;
    enum nn_dtype t = l->w->bias_dtype;

    memset(b->s->bias, 0, sizeof b->s->bias);
    nn_widen(bias + b->col * nn_dtype_size(t), t, b->cols, b->s->bias);
}

static void many_task(void *user, size_t task, unsigned worker)
{
    const struct linear *l = user;
    struct block b = {.s = &l->nn->scratch[worker].gemm};
    struct columns c;

    c = nn_task_columns(&cut, l->w->rows, task / l->chunks);
    b.col = c.first;
    b.cols = c.n;
    b.row = task % l->chunks * l->chunk_rows;
    b.rows = nn_min(l->chunk_rows, l->m - b.row);
    b.load = l->accumulate;
    b.bias = l->w->bias != NULL;
    if (b.bias)
        widen_bias(l, &b);
    for (b.k = 0; b.k < l->w->cols; b.k += GEMM_DEPTH) {
        b.depth = nn_min(GEMM_DEPTH, l->w->cols - b.k);
        pack_block(l, &b);
        multiply_block(l, &b);
        b.load = true;
        b.bias = false;
    }
}

static void linear_many(struct linear *l)
{
    size_t blocks = nn_count_tasks(&cut, l->w->rows), rows = CHUNK_ROWS;

    if (blocks < TASKS_WANTED)
        rows = CHUNK_ROWS / 4;
    l->chunks = (l->m + rows - 1) / rows;
    l->chunk_rows =
        nn_round_up((l->m + l->chunks - 1) / l->chunks, CHUNK_MULTIPLE);
    l->chunks = (l->m + l->chunk_rows - 1) / l->chunk_rows;
    parallel_for(l->nn->pool, blocks * l->chunks, many_task, l);
}

static void few_task(void *user, size_t task, unsigned worker)
{
    const struct linear *l = user;
    float *sums = l->nn->scratch[worker].gemm.sums;
    size_t first = task * l->cols;
    size_t n = nn_min(l->cols, l->w->rows - first);

    l->k->dot(&(struct nn_dot){
        .w = weight_at(l->w, first, 0),
        .ldw = l->w->cols,
        .dtype = l->w->dtype,
        .n = n,
        .k = l->w->cols,
        .x = l->nn->shared,
        .m = nn_dot_m(l->m),
        .y = sums,
        .ldy = DOT_COLS,
    });
    for (size_t i = 0; i < l->m; i++) {
        float *y = l->y + i * l->ldy + first;

        for (size_t j = 0; j < n; j++) {
            float sum = sums[i * DOT_COLS + j];

            if (l->accumulate)
                sum = y[j] + sum;
            if (l->w->bias)
                sum += nn_weight(l->w->bias, l->w->bias_dtype, first + j);
            y[j] = sum;
        }
    }
}

static void linear_few(struct linear *l)
{
    size_t row_bytes = l->w->cols * nn_dtype_size(l->w->dtype);
    size_t cols = nn_round_up(DOT_BYTES / row_bytes, DOT_COLS_MIN);

    if (cols == 0)
        cols = DOT_COLS_MIN;
    l->cols = nn_min(cols, DOT_COLS);
    nn_interleave(l->x, l->ldx, l->m, l->w->cols, l->nn->shared);
    parallel_for(l->nn->pool, (l->w->rows + l->cols - 1) / l->cols, few_task,
                 l);
}

/* The interleaved rows have to fit into the shared scratch. */
static bool few_rows(const struct linear *l)
{
    return l->m <= NN_DOT_ROWS &&
           l->w->cols <= SHARED_FLOATS / NN_DOT_ROWS - NN_LANES;
}

void nn_linear(struct nn *nn, const struct nn_matrix *w, const float *x,
               size_t ldx, size_t m, float *y, size_t ldy, bool accumulate)
{
    struct linear l = {
        .nn = nn,
        .k = nn->k,
        .w = w,
        .x = x,
        .y = y,
        .ldx = ldx,
        .ldy = ldy,
        .m = m,
        .accumulate = accumulate,
    };

    if (m == 0 || w->rows == 0)
        return;
    BUG_IF(w->cols == 0);
    if (w->packed) {
        nn_linear_packed(nn, w, x, ldx, m, y, ldy, accumulate);
        return;
    }
    if (few_rows(&l))
        linear_few(&l);
    else if (nn->k->split && w->dtype == NN_BF16)
        nn_linear_split(nn, w, x, ldx, m, y, ldy, accumulate);
    else
        linear_many(&l);
}
