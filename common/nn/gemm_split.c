/*
 * nn_linear for many rows and bf16 weights on registers of bf16
 * (kernels_split.h).
 *
 * Up to SPLIT_TALL rows of x are split, SPLIT_RANGE columns at a time, into
 * scratch that all threads see. A task owns some columns of y: it turns its
 * part of w into panels, a block of SPLIT_DEEP columns after the other, and
 * goes over all rows with each; what its columns come to stays beside until the
 * range has ended. How x is cut does not depend on the number of its rows.
 */
#include <string.h>

#include "ops_int.h"

enum {
    SPLIT_RANGE = SHARED_FLOATS / SPLIT_TALL, /* a float becomes four bytes */
    TASKS_WANTED = 10, /* tasks from which on they grow smaller */
};
_Static_assert(SPLIT_RANGE % SPLIT_DEEP == 0 && SPLIT_DEEP % SPLIT_DEPTH == 0,
               "ranges are whole blocks, blocks whole steps");

static const struct column_cut cut = {SPLIT_WIDTH, COLUMNS_MAX, TASKS_WANTED};

struct product {
    struct nn *nn;
    const struct nn_split *k;
    const struct nn_matrix *w;
    const float *x; /* of these rows */
    float *y;
    size_t ldx, ldy, rows;
    bool accumulate;
    size_t from, depth; /* the range of columns of x */
    bool last;          /* range */
};

/* Columns in the block from k on of the range. */
static size_t block_depth(const struct product *p, size_t k)
{
    return nn_min(SPLIT_DEEP, p->depth - k);
}

/* The rows of x in the block of columns from k on of the range: what is read
 * one after the other lies together. */
static char *block_at(const struct product *p, size_t k)
{
    size_t blocks = (p->rows + SPLIT_ROWS - 1) / SPLIT_ROWS;

    return (char *)p->nn->shared + blocks * SPLIT_ROWS * k * sizeof(float);
}

static void split_task(void *user, size_t task, unsigned worker)
{
    const struct product *p = user;
    size_t row = task * SPLIT_ROWS;

    (void)worker;
    for (size_t k = 0; k < p->depth; k += SPLIT_DEEP)
        p->k->rows(p->x + row * p->ldx + p->from + k, p->ldx,
                   nn_min(SPLIT_ROWS, p->rows - row), block_depth(p, k), 2,
                   block_at(p, k) + task * split_bytes(block_depth(p, k), 2));
}

static const char *weights(const struct product *p, size_t row, size_t k)
{
    return (const char *)p->w->data +
           (row * p->w->cols + p->from + k) * nn_dtype_size(NN_BF16);
}

/* The weights that the task turns into a panel next. */
static void announce(const struct product *p, struct columns c, size_t at,
                     size_t k, struct nn_split_tile *t)
{
    if (at == c.n) {
        at = 0;
        k += SPLIT_DEEP;
    }
    if (k >= p->depth)
        return;
    t->soon = (struct nn_split_soon){
        .at = weights(p, c.first + at, k),
        .rows = nn_min(SPLIT_WIDTH, c.n - at),
        .bytes = block_depth(p, k) * nn_dtype_size(NN_BF16),
        .stride = p->w->cols * nn_dtype_size(NN_BF16),
    };
}

/* A panel of the columns c, from `at` on, in the block of columns of x from k
 * on. */
static void multiply_panel(const struct product *p, struct split_scratch *s,
                           struct columns c, size_t at, size_t k)
{
    size_t used = nn_min(SPLIT_WIDTH, c.n - at);
    size_t depth = block_depth(p, k);
    struct nn_split_tile t = {
        .x = block_at(p, k),
        .x_stride = split_bytes(depth, 2),
        .w = s->panel,
        .rows = nn_round_up(p->rows, SPLIT_ROWS),
        .width = nn_round_up(used, SPLIT_LANES),
        .steps = split_steps(depth),
        .c = s->sums + at,
        .ldc = COLUMNS_MAX,
        .load = k > 0,
    };

    p->k->panel(weights(p, c.first + at, k), p->w->cols, NN_BF16, used, depth,
                t.width, 1, s->panel);
    announce(p, c, at + used, k, &t);
    p->k->multiply(&t);
}

static void product_task(void *user, size_t task, unsigned worker)
{
    const struct product *p = user;
    struct split_scratch *s = &p->nn->scratch[worker].split;
    struct columns c = nn_task_columns(&cut, p->w->rows, task);
    const struct column_sums sums = {
        .sums = s->sums,
        .ld = COLUMNS_MAX,
        .rows = p->rows,
        .y = p->y,
        .ldy = p->ldy,
        .accumulate = p->accumulate || p->from > 0,
        .bias = p->last ? p->w->bias : NULL,
        .bias_dtype = p->w->bias_dtype,
    };

    for (size_t k = 0; k < p->depth; k += SPLIT_DEEP)
        for (size_t at = 0; at < c.n; at += SPLIT_WIDTH)
            multiply_panel(p, s, c, at, k);
    nn_store_columns(p->nn, &sums, c);
}

void nn_linear_split(struct nn *nn, const struct nn_matrix *w, const float *x,
                     size_t ldx, size_t m, float *y, size_t ldy,
                     bool accumulate)
{
    struct product p = {.nn = nn,
                        .k = nn->k->split,
                        .w = w,
                        .ldx = ldx,
                        .ldy = ldy,
                        .accumulate = accumulate};
    size_t tasks = nn_count_tasks(&cut, w->rows);

    for (size_t row = 0; row < m; row += p.rows) {
        p.x = x + row * ldx;
        p.y = y + row * ldy;
        p.rows = nn_min(SPLIT_TALL, m - row);
        for (p.from = 0; p.from < w->cols; p.from += p.depth) {
            p.depth = nn_min(SPLIT_RANGE, w->cols - p.from);
            p.last = p.from + p.depth == w->cols;
            parallel_for(nn->pool, (p.rows + SPLIT_ROWS - 1) / SPLIT_ROWS,
                         split_task, &p);
            parallel_for(nn->pool, tasks, product_task, &p);
        }
    }
}
