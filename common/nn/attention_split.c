/*
 * The two products of a step of attention on registers of bf16: queries, keys,
 * weights and values are split into two bf16 each (kernels_split.h), or rounded
 * to one where that is said to be enough.
 */
#include "attention_int.h"

/* Of queries, keys, weights and values each. */
static unsigned parts_of(const struct attend *t)
{
    return t->a->bf16 ? 1 : 2;
}

void attend_split_queries(const struct attend *t, const struct view *v)
{
    size_t dim = t->a->head_dim;
    float *side = v->s->score; /* free until there are scores */
    char *to = v->s->split.query;

    for (size_t i = 0; i < v->rows; i += SPLIT_ROWS, to += split_bytes(dim)) {
        size_t rows = nn_min(SPLIT_ROWS, v->rows - i);

        for (size_t r = 0; r < rows; r++)
            attend_copy(side + r * ATTEND_DIM, attend_query(t, v, i + r), dim);
        t->k->split->rows(side, ATTEND_DIM, rows, dim, parts_of(t), to);
    }
}

/* Rows of keys or values that are wanted soon, `rows` from `row` on. */
static void announce(const struct attend *t, const struct view *v,
                     const float *kv, size_t row, size_t rows,
                     struct nn_split_tile *tile)
{
    tile->soon = (const char *)attend_row(t, v, kv, row);
    tile->soon_rows = rows;
    tile->soon_bytes = t->a->head_dim * sizeof *kv;
    tile->soon_stride = t->a->ldkv * sizeof *kv;
}

void attend_split_scores(const struct attend *t, const struct view *v)
{
    size_t dim = t->a->head_dim;
    struct nn_split_tile tile = {
        .x = v->s->split.query,
        .x_stride = split_bytes(dim),
        .x_parts = parts_of(t),
        .w = v->s->split.panel,
        .parts = parts_of(t),
        .rows = nn_round_up(v->rows, SPLIT_ROWS),
        .steps = split_steps(dim),
        .ldc = ATTEND_SCORES,
    };

    for (size_t at = 0; at < v->keys; at += SPLIT_WIDTH) {
        size_t keys = nn_min(SPLIT_WIDTH, v->keys - at);

        tile.width = nn_round_up(keys, SPLIT_LANES);
        tile.c = v->s->score + at;
        t->k->split->panel(attend_row(t, v, t->a->k, v->key + at), t->a->ldkv,
                           NN_F32, keys, dim, tile.width, tile.parts,
                           v->s->split.panel);
        announce(t, v, t->a->v, v->key + at, keys, &tile);
        t->k->split->multiply(&tile);
    }
}

static void split_weights(const struct attend *t, const struct view *v)
{
    char *to = v->s->split.weights;

    for (size_t i = 0; i < v->rows; i += SPLIT_ROWS, to += split_bytes(v->keys))
        t->k->split->rows(v->s->score + i * ATTEND_SCORES, ATTEND_SCORES,
                          nn_min(SPLIT_ROWS, v->rows - i), v->keys, parts_of(t),
                          to);
}

void attend_split_values(const struct attend *t, const struct view *v,
                         size_t end)
{
    size_t dim = t->a->head_dim, next = v->key + v->keys, first;
    size_t ahead = nn_min(ATTEND_KEYS, end - next);
    struct nn_split_tile tile = {
        .x = v->s->split.weights,
        .x_stride = split_bytes(v->keys),
        .x_parts = parts_of(t),
        .w = v->s->split.panel,
        .parts = parts_of(t),
        .rows = nn_round_up(v->rows, SPLIT_ROWS),
        .steps = split_steps(v->keys),
        .ldc = ATTEND_DIM,
        .load = true,
    };

    split_weights(t, v);
    for (size_t at = 0; at < dim; at += SPLIT_WIDTH) {
        size_t cols = nn_min(SPLIT_WIDTH, dim - at);

        tile.width = nn_round_up(cols, SPLIT_LANES);
        tile.c = v->s->out + at;
        t->k->split->across(attend_row(t, v, t->a->v, v->key) + at, t->a->ldkv,
                            cols, v->keys, tile.width, tile.parts,
                            v->s->split.panel);
        /* The keys of the next step, a part with each panel. */
        first = next + ahead * at / dim;
        announce(t, v, t->a->k, first, next + ahead * (at + cols) / dim - first,
                 &tile);
        t->k->split->multiply(&tile);
    }
}
