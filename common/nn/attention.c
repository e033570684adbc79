/*
 * nn_attend: softmax(q k^T scale) v without a matrix of all scores.
 *
 * Many rows: a task takes query rows that read one key head (the heads of a
 * group side by side) and walks over the keys a block at a time, keeping for each
 * row the largest score so far, the sum of the exponentials and the weighted
 * values, all relative to that maximum. When the maximum grows they are scaled
 * down. On registers of bf16 that is attention_split.c, here attend_whole.
 *
 * One row (a step of generation): tasks split the keys by their number alone;
 * the parts are combined in order.
 */
#include <math.h>
#include <string.h>

#include "asid/base/err.h"
#include "attention_int.h"

enum {
    PARTS_MAX = 64, /* of the keys in a step of generation */
    PART_KEYS = 3 * ATTEND_KEYS,
    TASKS_A_THREAD = 4,
    ATTEND_SPLIT_LEAST = 128, /* rows of a task on registers of bf16 */
};

_Static_assert((int)ATTEND_SPLIT_LEAST % SPLIT_GROUP == 0,
               "where groups begin does not depend on the threads");

/* --- one step: rows x keys ---------------------------------------------- */

static void load_queries(const struct attend *t, const struct view *v)
{
    for (size_t i = 0; i < v->rows; i++)
        attend_copy(v->s->query + i * ATTEND_DIM, attend_query(t, v, i),
                    t->a->head_dim);
}

static void load_keys(const struct attend *t, const struct view *v)
{
    size_t dim = t->a->head_dim, width;
    float *panel = v->s->key;

    for (size_t at = 0; at < v->keys; at += width, panel += width * dim) {
        size_t left = v->keys - at;

        width = nn_min(t->k->tile_cols, nn_round_up(left, NN_LANES));
        t->k->pack(&(struct nn_pack){
            .w = attend_row(t, v, t->a->k, v->key + at),
            .ldw = t->a->ldkv,
            .dtype = NN_F32,
            .rows = nn_min(width, left),
            .k = dim,
            .width = width,
            .panel = panel,
        });
    }
}

static void load_values(const struct attend *t, const struct view *v)
{
    size_t dim = t->a->head_dim, width;
    float *panel = v->s->value;

    for (size_t at = 0; at < t->dim_up; at += width) {
        const float *row = attend_row(t, v, t->a->v, v->key) + at;
        size_t used;

        width = nn_min(t->k->tile_cols, t->dim_up - at);
        used = nn_min(width, dim - at);
        for (size_t j = 0; j < v->keys; j++, panel += width)
            attend_copy(panel, row + j * t->a->ldkv, used);
    }
}

static void multiply_scores(const struct attend *t, const struct view *v)
{
    size_t step = t->k->tile_rows, dim = t->a->head_dim;

    for (size_t i = 0; i < v->rows; i += step) {
        const float *panel = v->s->key;
        struct nn_tile tile = {
            .a = v->s->query + i * ATTEND_DIM,
            .lda = ATTEND_DIM,
            .ldc = ATTEND_SCORES,
            .rows = nn_min(step, v->rows - i),
            .k = dim,
        };

        for (size_t at = 0; at < v->keys; at += tile.width) {
            tile.width =
                nn_min(t->k->tile_cols, nn_round_up(v->keys - at, NN_LANES));
            tile.ldb = tile.width;
            tile.b = panel;
            tile.c = v->s->score + i * ATTEND_SCORES + at;
            t->k->tile(&tile);
            panel += tile.width * dim;
        }
    }
}

/* In place, values are read where they lie: not worth copying for a few rows,
 * and possible when a row ends with a whole lane. */
static void add_values(const struct attend *t, const struct view *v,
                       bool in_place)
{
    size_t step = t->k->tile_rows;

    for (size_t i = 0; i < v->rows; i += step) {
        const float *panel = v->s->value;
        struct nn_tile tile = {
            .a = v->s->score + i * ATTEND_SCORES,
            .lda = ATTEND_SCORES,
            .ldc = ATTEND_DIM,
            .rows = nn_min(step, v->rows - i),
            .k = v->keys,
            .load = true,
        };

        for (size_t at = 0; at < t->dim_up; at += tile.width) {
            tile.width = nn_min(t->k->tile_cols, t->dim_up - at);
            tile.ldb = in_place ? t->a->ldkv : tile.width;
            tile.b = in_place ? attend_row(t, v, t->a->v, v->key) + at : panel;
            tile.c = v->s->out + i * ATTEND_DIM + at;
            t->k->tile(&tile);
            panel += tile.width * v->keys;
        }
    }
}

/* Scores of row i become weights relative to the row's maximum so far; the
 * first `seen` keys of this step count. */
static void weigh_row(const struct attend *t, const struct view *v, size_t i,
                      size_t seen)
{
    float *score = v->s->score + i * ATTEND_SCORES;
    float max = t->k->scale_max(score, seen, t->a->scale), sum, before;

    before = v->s->max[i];
    if (max < before)
        max = before;
    sum = seen ? t->k->exp_sum(score, seen, max) : 0.0F;
    memset(score + seen, 0, (v->keys - seen) * sizeof(float));
    if (max > before && before > -INFINITY) {
        float shrink = before; /* exp(before - max), by the kernel's exp */

        (void)t->k->exp_sum(&shrink, 1, max);
        v->s->sum[i] *= shrink;
        t->k->scale(v->s->out + i * ATTEND_DIM, t->dim_up, shrink);
    }
    v->s->max[i] = max;
    v->s->sum[i] += sum;
}

static void start_rows(const struct attend *t, const struct view *v)
{
    for (size_t i = 0; i < v->rows; i++) {
        memset(v->s->out + i * ATTEND_DIM, 0, t->dim_up * sizeof(float));
        v->s->max[i] = -INFINITY;
        v->s->sum[i] = 0.0F;
    }
}

/* --- many rows ---------------------------------------------------------- */

static void store_rows(const struct attend *t, const struct view *v)
{
    for (size_t i = 0; i < v->rows; i++) {
        float *from = v->s->out + i * ATTEND_DIM;

        t->k->scale(from, t->a->head_dim, 1.0F / v->s->sum[i]);
        memcpy(attend_out(t, v, i), from, t->a->head_dim * sizeof *from);
    }
}

static void attend_whole(const struct attend *t, struct view *v)
{
    load_queries(t, v);
    start_rows(t, v);
    for (v->key = v->k0; v->key < v->k_end; v->key += v->keys) {
        v->keys = nn_min(ATTEND_KEYS, v->k_end - v->key);
        load_keys(t, v);
        multiply_scores(t, v);
        for (size_t i = 0; i < v->rows; i++)
            weigh_row(t, v, i, attend_seen(t, v, i));
        load_values(t, v);
        add_values(t, v, false);
    }
    store_rows(t, v);
}

static void many_rows_task(void *user, size_t task, unsigned worker)
{
    const struct attend *t = user;
    const struct nn_attention *a = t->a;
    struct view v = {.s = &t->nn->scratch[worker].attend};
    size_t segment = task / t->blocks / a->kv_heads;
    size_t block = task % t->blocks, q_rows = a->m;

    v.head = task / t->blocks % a->kv_heads;
    if (a->causal) {
        block = t->blocks - 1 - block; /* the longest first */
    } else {
        v.q0 = v.k0 = a->segment[segment];
        v.k_end = a->segment[segment + 1];
        q_rows = v.k_end - v.k0;
    }
    v.first = block * t->block_rows;
    if (v.first >= q_rows * t->group)
        return; /* a segment shorter than the longest one */
    v.rows = nn_min(t->block_rows, q_rows * t->group - v.first);
    if (a->causal)
        v.k_end = a->past + (v.first + v.rows - 1) / t->group + 1;
    if (t->k->split) {
        /* Weights of 0 are multiplied by the values of a whole step: by the
         * same ones at any number of threads, should they be no numbers. */
        if (a->causal)
            v.k_end = nn_min(nn_round_up(v.k_end, SPLIT_DEPTH), a->past + a->m);
        attend_split(t, &v);
    } else {
        attend_whole(t, &v);
    }
}

/* Rows of a task where `rows` read one key head. On registers of bf16 a task
 * makes its own copy of the keys, so that many rows are better; but there should
 * be work for all threads. What a row becomes does not depend on the others. */
static size_t task_rows(const struct attend *t, size_t rows)
{
    size_t heads = t->segments * t->a->kv_heads;
    size_t tasks = TASKS_A_THREAD * parallel_threads(t->nn->pool) / heads + 1;

    if (!t->k->split)
        return ATTEND_ROWS;
    rows = nn_round_up((rows + tasks - 1) / tasks, SPLIT_GROUP);
    rows = rows > ATTEND_SPLIT_LEAST ? rows : ATTEND_SPLIT_LEAST;
    return nn_min(rows, attend_split_rows_most(t->a->head_dim));
}

static void many_rows(struct attend *t)
{
    const struct nn_attention *a = t->a;
    size_t longest = 0;

    t->segments = a->causal ? 1 : a->n_segments;
    for (size_t s = 0; !a->causal && s < t->segments; s++) {
        BUG_IF(a->segment[s] > a->segment[s + 1] || a->segment[s + 1] > a->m);
        if (a->segment[s + 1] - a->segment[s] > longest)
            longest = a->segment[s + 1] - a->segment[s];
    }
    if (a->causal)
        longest = a->m;
    if (longest == 0)
        return; /* no segment has rows */
    t->block_rows = task_rows(t, longest * t->group);
    t->blocks = (longest * t->group + t->block_rows - 1) / t->block_rows;
    parallel_for(t->nn->pool, t->segments * a->kv_heads * t->blocks,
                 many_rows_task, t);
}

/* --- one row ------------------------------------------------------------ */

/* A part's result for one head: dim weighted values, maximum, sum. */
static float *partial(const struct attend *t, size_t part, size_t head)
{
    return t->nn->shared + (part * t->a->heads + head) * (t->a->head_dim + 2);
}

static void attend_few(const struct attend *t, struct view *v, size_t end)
{
    const struct nn_attention *a = t->a;

    load_queries(t, v);
    nn_interleave(v->s->query, ATTEND_DIM, v->rows, a->head_dim, v->s->key);
    start_rows(t, v);
    for (; v->key < end; v->key += v->keys) {
        v->keys = nn_min(ATTEND_KEYS, end - v->key);
        t->k->dot(&(struct nn_dot){
            .w = attend_row(t, v, a->k, v->key),
            .ldw = a->ldkv,
            .dtype = NN_F32,
            .n = v->keys,
            .k = a->head_dim,
            .x = v->s->key, /* this path has no use for packed keys */
            .m = nn_dot_m(v->rows),
            .y = v->s->score,
            .ldy = ATTEND_SCORES,
        });
        for (size_t i = 0; i < v->rows; i++)
            weigh_row(t, v, i, v->keys);
        if (a->head_dim == t->dim_up) {
            add_values(t, v, true);
        } else {
            load_values(t, v);
            add_values(t, v, false);
        }
    }
}

static void one_row_task(void *user, size_t task, unsigned worker)
{
    const struct attend *t = user;
    struct view v = {.s = &t->nn->scratch[worker].attend};
    size_t part = task / t->a->kv_heads, dim = t->a->head_dim;
    size_t start = part * t->part_keys;
    size_t end = nn_min(start + t->part_keys, t->a->past + 1);

    v.head = task % t->a->kv_heads;
    for (; v.first < t->group; v.first += v.rows) {
        v.rows = nn_min(NN_DOT_ROWS, t->group - v.first);
        v.key = start;
        attend_few(t, &v, end);
        if (t->parts == 1) {
            store_rows(t, &v);
            continue;
        }
        for (size_t i = 0; i < v.rows; i++) {
            float *to = partial(t, part, v.head * t->group + v.first + i);

            memcpy(to, v.s->out + i * ATTEND_DIM, dim * sizeof(float));
            to[dim] = v.s->max[i];
            to[dim + 1] = v.s->sum[i];
        }
    }
}

static void combine_head(const struct attend *t, size_t head)
{
    size_t dim = t->a->head_dim;
    float *out = t->a->out + head * dim, sum = 0.0F, max = -INFINITY;

    for (size_t p = 0; p < t->parts; p++) {
        float m = partial(t, p, head)[dim];

        max = m > max ? m : max;
    }
    memset(out, 0, dim * sizeof(float));
    for (size_t p = 0; p < t->parts; p++) {
        float *from = partial(t, p, head), weight = from[dim];

        (void)t->k->exp_sum(&weight, 1, max);
        sum += weight * from[dim + 1];
        t->k->scale(from, dim, weight);
        t->k->add(out, from, dim);
    }
    t->k->scale(out, dim, 1.0F / sum);
}

static void one_row(struct attend *t)
{
    const struct nn_attention *a = t->a;
    size_t keys = a->past + 1, part_floats = a->heads * (a->head_dim + 2);
    size_t room = SHARED_FLOATS / part_floats;

    t->parts = nn_min(nn_min(PARTS_MAX, room), (keys - 1) / PART_KEYS + 1);
    if (t->parts == 0)
        t->parts = 1;
    t->part_keys = nn_round_up((keys - 1) / t->parts + 1, ATTEND_KEYS);
    t->parts = (keys - 1) / t->part_keys + 1;
    parallel_for(t->nn->pool, t->parts * a->kv_heads, one_row_task, t);
    for (size_t h = 0; t->parts > 1 && h < a->heads; h++)
        combine_head(t, h);
}

void nn_attend(struct nn *nn, const struct nn_attention *a)
{
    struct attend t = {.k = nn->k, .a = a, .nn = nn};

    BUG_IF(a->head_dim == 0 || a->head_dim > NN_HEAD_DIM_MAX);
    BUG_IF(a->kv_heads == 0 || a->heads % a->kv_heads != 0);
    BUG_IF(!(a->scale >= 0));
    if (a->m == 0 || a->heads == 0)
        return;
    t.group = a->heads / a->kv_heads;
    t.dim_up = nn_round_up(a->head_dim, NN_LANES);
    if (a->causal && a->m == 1)
        one_row(&t);
    else
        many_rows(&t);
}
