/*
 * Many rows of attention on registers of bf16 (kernels_split.h): queries, keys,
 * weights and values are split into two bf16 each, or rounded to one where that
 * is said to be enough.
 *
 * A task turns its queries into blocks once, and the keys and values of a step,
 * which all its rows then go over: the more rows it has, the less that costs.
 */
#include "attention_int.h"
#include "kernels_math.h"

/* Of queries, keys, weights and values each. */
static unsigned parts_of(const struct attend *t)
{
    return t->a->bf16 ? 1 : 2;
}

size_t attend_split_rows_most(size_t head_dim)
{
    size_t dim = nn_round_up(head_dim, SPLIT_DEPTH);

    return nn_min(ATTEND_SPLIT_ROWS, ATTEND_SPLIT_ROWS * ATTEND_SPLIT_DIM /
                                         dim / SPLIT_GROUP * SPLIT_GROUP);
}

/* Rows that a task works on: whole groups. */
static size_t rows_up(const struct view *v)
{
    return nn_round_up(v->rows, SPLIT_GROUP);
}

static void split_queries(const struct attend *t, const struct view *v)
{
    size_t dim = t->a->head_dim, ld = t->a->ldq;
    float *side = v->s->split.side;
    char *to = v->s->split.query;

    for (size_t i = 0; i < v->rows; i += SPLIT_GROUP) {
        size_t rows = nn_min(SPLIT_GROUP, v->rows - i);
        const float *from = attend_query(t, v, i);

        if (t->group > 1) { /* rows are not as far apart as each other */
            for (size_t r = 0; r < rows; r++)
                attend_copy(side + r * t->dim_up, attend_query(t, v, i + r),
                            dim);
            from = side;
            ld = t->dim_up;
        }
        t->k->split->panel(from, ld, NN_F32, rows, dim, SPLIT_GROUP,
                           parts_of(t), to);
        to += 2 * split_bytes(dim, parts_of(t));
    }
}

static void split_keys(const struct attend *t, const struct view *v)
{
    size_t dim = t->a->head_dim;
    char *to = v->s->split.key;

    for (size_t i = 0; i < v->keys; i += SPLIT_ROWS) {
        t->k->split->rows(attend_row(t, v, t->a->k, v->key + i), t->a->ldkv,
                          nn_min(SPLIT_ROWS, v->keys - i), dim, parts_of(t),
                          to);
        to += split_bytes(dim, parts_of(t));
    }
}

/* Rows of keys or values from `row` on. */
static struct nn_split_soon soon(const struct attend *t, const struct view *v,
                                 const float *kv, size_t row, size_t rows)
{
    return (struct nn_split_soon){
        .at = (const char *)attend_row(t, v, kv, row),
        .rows = rows,
        .bytes = t->a->head_dim * sizeof *kv,
        .stride = t->a->ldkv * sizeof *kv,
    };
}

static struct nn_split_attend rows_of(const struct attend *t,
                                      const struct view *v)
{
    struct split_attend_scratch *s = &v->s->split;

    return (struct nn_split_attend){
        .parts = parts_of(t),
        .rows = rows_up(v),
        .keys = v->keys,
        .dim = t->a->head_dim,
        .query = s->query,
        .key = s->key,
        .value = s->value,
        .seen = s->seen,
        .scale = t->a->scale * NN_LOG2E,
        .max = s->max,
        .sum = s->sum,
        .out = s->out,
        .space = s->space,
    };
}

/* How many of this step's keys each row has seen. */
static void count_seen(const struct attend *t, const struct view *v)
{
    size_t i = 0, end;

    while (i < v->rows) {
        uint32_t seen = (uint32_t)attend_seen(t, v, i);

        /* The heads of a group stand at one position. */
        end = i + t->group - (v->first + i) % t->group;
        for (end = nn_min(end, v->rows); i < end; i++)
            v->s->split.seen[i] = seen;
    }
    for (; i < rows_up(v); i++)
        v->s->split.seen[i] = (uint32_t)v->keys;
}

/* This step's keys and values; those of the next one are fetched meanwhile. */
static void attend_step(const struct attend *t, const struct view *v)
{
    const struct nn_attention *a = t->a;
    struct nn_split_attend step = rows_of(t, v);
    size_t next = v->key + v->keys, ahead = nn_min(SPLIT_KEYS, v->k_end - next);

    count_seen(t, v);
    split_keys(t, v);
    t->k->split->turned(attend_row(t, v, a->v, v->key), a->ldkv, v->keys,
                        a->head_dim, step.parts, v->s->split.value);
    step.first = v->key == v->k0;
    step.soon[0] = soon(t, v, a->k, next, ahead);
    step.soon[1] = soon(t, v, a->v, next, ahead);
    t->k->split->attend(&step);
}

static void store_rows(const struct attend *t, const struct view *v)
{
    const struct nn_split_attend step = rows_of(t, v);
    float *side = v->s->split.side;

    for (size_t i = 0; i < v->rows; i += SPLIT_ROWS) {
        size_t rows = nn_min(SPLIT_ROWS, v->rows - i);

        t->k->split->attended(&step, i, rows, side, t->dim_up);
        for (size_t r = 0; r < rows; r++)
            attend_copy_row(attend_out(t, v, i + r), side + r * t->dim_up,
                            step.dim);
    }
}

void attend_split(const struct attend *t, struct view *v)
{
    split_queries(t, v);
    for (v->key = v->k0; v->key < v->k_end; v->key += v->keys) {
        v->keys = nn_min(SPLIT_KEYS, v->k_end - v->key);
        attend_step(t, v);
    }
    store_rows(t, v);
}
