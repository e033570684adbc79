/*
 * Attention on AMX-BF16: struct nn_split_attend of kernels_split.h.
 *
 * 32 queries go over the block of keys together, SPLIT_PART keys at a time: the
 * scores fit the first-level cache, and so do the weights that they become
 * at once, which are multiplied by the values when the block has ended.
 *
 * Tile registers and vectors are computed with by different parts of a core, but
 * few products can wait for the former before all that follows has to. So the
 * products come one step at a time between the weights of few keys: scores of
 * the next keys, and outputs of the queries before.
 */
#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "asid/nn/ops.h"
#include "kernels_amx.h"
#include "kernels_math.h"

enum {
    TILE_FLOATS = SPLIT_ROWS * SPLIT_LANES,
    SCORE_BYTES = SPLIT_GROUP * SPLIT_PART * 4,
    WEIGHT_BYTES = SPLIT_GROUP * SPLIT_KEYS * 4,
    PRODUCTS_MAX = NN_HEAD_DIM_MAX / (2 * SPLIT_ROWS),
    KEYS_BETWEEN = 8, /* weighed between two steps of a product */
    /* not variables: clang wants constants where the instruction has them */
    ROUND_DOWN = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC,
    ROUND_UP = _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC,
};
_Static_assert(SPLIT_ATTEND_SPACE == 2 * (SCORE_BYTES + WEIGHT_BYTES),
               "scores and weights, and those that are next");
_Static_assert(SPLIT_GROUP == 2 * SPLIT_LANES && SPLIT_ROWS == SPLIT_LANES,
               "a group is two blocks of queries");
_Static_assert(SPLIT_PART % SPLIT_DEPTH == 0 && SPLIT_KEYS % SPLIT_PART == 0,
               "parts are whole steps, blocks of keys whole parts");
_Static_assert(SPLIT_DEPTH % (2 * KEYS_BETWEEN) == 0,
               "a step of weights has whole pauses");
_Static_assert((int)SPLIT_PART <= 2 * SPLIT_ROWS * PRODUCTS_MAX,
               "the products of a part fit a list");

/* --- products ------------------------------------------------------------- */

/* c = (load ? c : 0) + a * b for one or two blocks of rows and two of columns:
 * scores are keys * queries, outputs values, turned, * weights. c is
 * [rows / 16][2] blocks. */
struct product {
    const char *a; /* of the step that is next */
    size_t a_next; /* from one block of rows to the other */
    const char *b; /* [steps][parts][2] blocks; of the next step */
    size_t step, steps;
    unsigned turn; /* of the step: hi hi, hi lo or lo hi is next */
    char *c;
    bool load, two;
};

/* Products that may begin, one after the other. */
struct products {
    struct product list[PRODUCTS_MAX];
    size_t next, n;
};

static bool any(const struct products *p)
{
    return p->next < p->n;
}

/* The product `all` for that many blocks of a. */
static void put(struct products *p, const struct product *all, size_t blocks)
{
    p->next = p->n = 0;
    for (size_t i = 0; i < blocks; i += 2) {
        struct product *to = &p->list[p->n++];

        *to = *all;
        to->a += i * all->a_next;
        to->c += 2 * i * SPLIT_BLOCK;
        to->two = blocks - i > 1;
    }
}

LANE_OP void begin(const struct product *p)
{
    AMX_ZERO(0);
    AMX_ZERO(1);
    AMX_ZERO(2);
    AMX_ZERO(3);
    if (!p->load)
        return;
    AMX_LOAD(0, p->c, AMX_BYTES);
    AMX_LOAD(1, p->c + SPLIT_BLOCK, AMX_BYTES);
    if (p->two) {
        AMX_LOAD(2, p->c + 2 * SPLIT_BLOCK, AMX_BYTES);
        AMX_LOAD(3, p->c + 3 * SPLIT_BLOCK, AMX_BYTES);
    }
}

LANE_OP void end(const struct product *p)
{
    AMX_STORE(0, p->c, AMX_BYTES);
    AMX_STORE(1, p->c + SPLIT_BLOCK, AMX_BYTES);
    if (p->two) {
        AMX_STORE(2, p->c + 2 * SPLIT_BLOCK, AMX_BYTES);
        AMX_STORE(3, p->c + 3 * SPLIT_BLOCK, AMX_BYTES);
    }
}

/* tmm0 to 3 hold sums, tmm4 and 5 a part of a, tmm6 and 7 one of b. */
LANE_OP void times(const bool two)
{
    AMX_DOT_BF16(0, 4, 6);
    AMX_DOT_BF16(1, 4, 7);
    if (two) {
        AMX_DOT_BF16(2, 5, 6);
        AMX_DOT_BF16(3, 5, 7);
    }
}

LANE_OP void load_a(const struct product *p, size_t part, const bool two)
{
    AMX_LOAD(4, p->a + part * SPLIT_BLOCK, AMX_BYTES);
    if (two)
        AMX_LOAD(5, p->a + p->a_next + part * SPLIT_BLOCK, AMX_BYTES);
}

LANE_OP void load_b(const struct product *p, size_t part)
{
    AMX_LOAD(6, p->b + part * 2 * SPLIT_BLOCK, AMX_BYTES);
    AMX_LOAD(7, p->b + (part * 2 + 1) * SPLIT_BLOCK, AMX_BYTES);
}

/* Those registers that change are loaded. */
LANE_OP void multiply_turn(const struct product *p, const bool two)
{
    if (p->turn == 0)
        load_a(p, 0, two);
    if (p->turn == 2)
        load_a(p, 1, two);
    load_b(p, p->turn == 1);
    times(two);
}

/* --- what is computed beside the weights ---------------------------------- */

struct beside {
    struct products scores; /* of the next part: wanted right after this one */
    struct products values; /* outputs of the queries before */
    struct products *begun; /* whose sums are in the registers, or NULL */
};

/* The next step of a product, if there is one. */
static __attribute__((noinline)) void run_beside(struct beside *b,
                                                 const unsigned parts)
{
    struct products *from = b->begun;
    struct product *p;

    if (!from)
        from = any(&b->scores) ? &b->scores : &b->values;
    if (!any(from))
        return;
    p = &from->list[from->next];
    if (p->step == 0 && p->turn == 0)
        begin(p);
    if (p->two)
        multiply_turn(p, true);
    else
        multiply_turn(p, false);
    b->begun = from;
    if (parts == 2 && ++p->turn < 3)
        return;
    p->turn = 0;
    p->a += parts * SPLIT_BLOCK;
    p->b += parts * 2 * SPLIT_BLOCK;
    if (++p->step == p->steps) {
        end(p);
        from->next++;
        b->begun = NULL;
    }
}

static void finish(struct beside *b, const struct products *which,
                   const unsigned parts)
{
    while (any(which))
        run_beside(b, parts);
}

/* --- weights -------------------------------------------------------------- */

/* 2^x. */
LANE_OP __m512 exp2_of(__m512 x)
{
    __m512 r = _mm512_reduce_ps(x, ROUND_DOWN);
    __m512 p = _mm512_set1_ps(NN_EXP2_5);

    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(NN_EXP2_4));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(NN_EXP2_3));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(NN_EXP2_2));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(NN_EXP2_1));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(NN_EXP2_0));
    return _mm512_scalef_ps(p, x);
}

/* 16 queries, one in each lane, and the keys of a part. */
struct lanes {
    const float *score; /* [keys / 16][2] blocks, a row is a key */
    char *weight;       /* [steps][parts][2] blocks, of this part */
    size_t steps;
    uint32_t at; /* the first key of the part in the block */
    __m512i seen;
    bool all;     /* every lane has seen all keys of all steps */
    __m512 scale; /* of scores, to units of log2 */
};

LANE_OP const float *score_of(const struct lanes *l, size_t key)
{
    return l->score + key / SPLIT_ROWS * 2 * TILE_FLOATS +
           key % SPLIT_ROWS * SPLIT_LANES;
}

LANE_OP __mmask16 see(const struct lanes *l, size_t key)
{
    return _mm512_cmpgt_epu32_mask(l->seen,
                                   _mm512_set1_epi32((int)(l->at + key)));
}

LANE_OP __m512 largest(const struct lanes *l, const bool all)
{
    __m512 max[2] = {_mm512_set1_ps(-INFINITY), _mm512_set1_ps(-INFINITY)};

    for (size_t key = 0; key < l->steps * SPLIT_DEPTH; key += SPLIT_ROWS) {
        const float *s = score_of(l, key);

#pragma GCC unroll 16
        for (size_t i = 0; i < SPLIT_ROWS; i++) {
            __mmask16 m = all ? 0xffff : see(l, key + i);

            max[i % 2] = _mm512_mask_max_ps(
                max[i % 2], m, max[i % 2], _mm512_load_ps(s + i * SPLIT_LANES));
        }
    }
    return _mm512_mul_ps(_mm512_max_ps(max[0], max[1]), l->scale);
}

/* The two bf16 in each lane. */
LANE_OP __m512 even_of(__m512i pair)
{
    return (__m512)_mm512_slli_epi32(pair, 16);
}

LANE_OP __m512i odd_bits(__m512i pair)
{
    return _mm512_and_si512(pair, _mm512_set1_epi32((int)0xffff0000u));
}

LANE_OP __m512 sum_pair(__m512i pair)
{
    return _mm512_add_ps(even_of(pair), (__m512)odd_bits(pair));
}

/* Weights of two keys; returns their sum as they were rounded, which is what the
 * values are multiplied by. */
LANE_OP __m512 weigh_pair(const struct lanes *l, size_t key, __m512 max,
                          const unsigned parts, const bool all, char *to)
{
    const float *s = score_of(l, key);
    __m512 x = _mm512_mul_ps(_mm512_load_ps(s), l->scale);
    __m512 y = _mm512_mul_ps(_mm512_load_ps(s + SPLIT_LANES), l->scale);
    __m512i high, low;

    x = exp2_of(_mm512_sub_ps(x, max));
    y = exp2_of(_mm512_sub_ps(y, max));
    if (!all) {
        x = _mm512_maskz_mov_ps(see(l, key), x);
        y = _mm512_maskz_mov_ps(see(l, key + 1), y);
    }
    pair(x, y, &high, parts == 2 ? &low : NULL);
    _mm512_store_si512(to, high);
    if (parts == 1)
        return sum_pair(high);
    _mm512_store_si512(to + 2 * SPLIT_BLOCK, low);
    return _mm512_add_ps(sum_pair(high), sum_pair(low));
}

/* Weights of a step of keys, and products beside them. */
LANE_OP __m512 weigh(const struct lanes *l, size_t step, __m512 max,
                     struct beside *b, const unsigned parts, const bool all)
{
    char *to = l->weight + step * parts * 2 * SPLIT_BLOCK;
    __m512 sum = _mm512_setzero_ps();

#pragma GCC unroll 16
    for (size_t i = 0; i < SPLIT_DEPTH; i += 2, to += AMX_BYTES) {
        sum = _mm512_add_ps(
            sum, weigh_pair(l, step * SPLIT_DEPTH + i, max, parts, all, to));
        if ((i + 2) % (KEYS_BETWEEN / parts) == 0)
            run_beside(b, parts);
    }
    return sum;
}

/* --- queries -------------------------------------------------------------- */

/* SPLIT_GROUP of them. */
struct group {
    const struct nn_split_attend *t;
    size_t row;  /* of the first one */
    size_t most; /* keys of the block that any has seen */
    char *weight;
    float *out;
};

static size_t dim_blocks(const struct nn_split_attend *t)
{
    return (t->dim + SPLIT_LANES - 1) / SPLIT_LANES;
}

/* The first group from `row` on that has seen a key; false: none has. */
static bool find_group(const struct nn_split_attend *t, size_t row,
                       char *weight, struct group *g)
{
    while (row < t->rows && t->seen[row + SPLIT_GROUP - 1] == 0)
        row += SPLIT_GROUP;
    if (row >= t->rows)
        return false;
    *g = (struct group){
        .t = t,
        .row = row,
        .most = t->seen[row + SPLIT_GROUP - 1],
        .weight = weight,
        .out = t->out + row * dim_blocks(t) * SPLIT_LANES,
    };
    return true;
}

static size_t part_keys(const struct group *g, size_t at)
{
    return g->most - at < SPLIT_PART ? g->most - at : SPLIT_PART;
}

/* Scores of the keys of a part, which begins at `at`. */
static void put_scores(struct beside *b, const struct group *g, size_t at,
                       char *score)
{
    const struct nn_split_attend *t = g->t;
    size_t side = split_bytes(t->dim, t->parts);

    put(&b->scores,
        &(struct product){
            .a = t->key + at / SPLIT_ROWS * side,
            .a_next = side,
            .b = t->query + g->row / SPLIT_ROWS * side,
            .steps = split_steps(t->dim),
            .c = score,
        },
        (part_keys(g, at) + SPLIT_ROWS - 1) / SPLIT_ROWS);
}

static void put_values(struct beside *b, const struct group *g)
{
    const struct nn_split_attend *t = g->t;

    put(&b->values,
        &(struct product){
            .a = t->value,
            .a_next = split_bytes(t->keys, t->parts),
            .b = g->weight,
            .steps = split_steps(g->most),
            .c = (char *)g->out,
            .load = !t->first,
        },
        dim_blocks(t));
}

/* Weights of 16 queries, in blocks two apart, become smaller by a power of
 * two. */
static void shrink_weights(char *weight, size_t blocks, __m512 by)
{
    for (size_t i = 0; i < blocks * SPLIT_ROWS; i++) {
        char *at = weight + i / SPLIT_ROWS * 2 * SPLIT_BLOCK +
                   i % SPLIT_ROWS * AMX_BYTES;
        __m512i old = _mm512_load_si512(at);
        __m512i even = (__m512i)_mm512_mul_ps(even_of(old), by);
        __m512i odd = (__m512i)_mm512_mul_ps((__m512)odd_bits(old), by);

        _mm512_store_si512(
            at, _mm512_or_si512(_mm512_srli_epi32(even, 16), odd_bits(odd)));
    }
}

static void shrink_out(float *out, size_t blocks, __m512 by)
{
    for (size_t b = 0; b < blocks; b++, out += 2 * TILE_FLOATS)
        for (size_t i = 0; i < TILE_FLOATS; i += SPLIT_LANES)
            _mm512_store_ps(out + i,
                            _mm512_mul_ps(_mm512_load_ps(out + i), by));
}

/* Everything of the 16 queries of a half is relative to 2^max, and max is whole:
 * when it grows, what is there becomes smaller without being rounded. `done`
 * steps of weights are there. */
LANE_OP void grow(const struct group *g, size_t half, __m512 score, size_t done,
                  const unsigned parts)
{
    const struct nn_split_attend *t = g->t;
    float *max = t->max + g->row + half * SPLIT_LANES;
    float *sum = t->sum + g->row + half * SPLIT_LANES;
    __m512 before = _mm512_load_ps(max), after, by;

    /* Not -Inf, which later scores could not be compared with. */
    score = _mm512_max_ps(_mm512_roundscale_ps(score, ROUND_UP),
                          _mm512_set1_ps(-FLT_MAX));
    if (t->first && done == 0) {
        _mm512_store_ps(max, score);
        _mm512_store_ps(sum, _mm512_setzero_ps());
        return;
    }
    after = _mm512_max_ps(score, before);
    if (_mm512_cmp_ps_mask(after, before, _CMP_GT_OQ) == 0)
        return;
    by = _mm512_scalef_ps(_mm512_set1_ps(1.0F), _mm512_sub_ps(before, after));
    _mm512_store_ps(max, after);
    _mm512_store_ps(sum, _mm512_mul_ps(_mm512_load_ps(sum), by));
    shrink_weights(g->weight + half * SPLIT_BLOCK, done * parts, by);
    if (!t->first)
        shrink_out(g->out + half * TILE_FLOATS, dim_blocks(t), by);
}

/* Weights of a part of the keys, whose scores are there. */
LANE_OP void weigh_part(const struct group *g, size_t at, const char *score,
                        struct beside *b, const unsigned parts)
{
    const struct nn_split_attend *t = g->t;
    size_t done = at / SPLIT_DEPTH, steps = split_steps(part_keys(g, at));

    for (size_t half = 0; half < 2; half++) {
        size_t row = g->row + half * SPLIT_LANES;
        struct lanes l = {
            .score = (const float *)(const void *)score + half * TILE_FLOATS,
            .weight = g->weight + (done * parts * 2 + half) * SPLIT_BLOCK,
            .steps = steps,
            .at = (uint32_t)at,
            .seen = _mm512_load_si512(t->seen + row),
            .all = t->seen[row] >= at + steps * SPLIT_DEPTH,
            .scale = _mm512_set1_ps(t->scale),
        };

        grow(g, half, l.all ? largest(&l, true) : largest(&l, false), done,
             parts);
        for (size_t step = 0; step < steps; step++) {
            __m512 max = _mm512_load_ps(t->max + row), more;

            more = l.all ? weigh(&l, step, max, b, parts, true)
                         : weigh(&l, step, max, b, parts, false);
            _mm512_store_ps(t->sum + row,
                            _mm512_add_ps(_mm512_load_ps(t->sum + row), more));
        }
    }
}

static void swap(char **a, char **b)
{
    char *was = *a;

    *a = *b;
    *b = was;
}

LANE_OP void attend(const struct nn_split_attend *t, const unsigned parts)
{
    char *score = t->space, *score_next = score + SCORE_BYTES;
    char *weight = score_next + SCORE_BYTES;
    char *weight_next = weight + WEIGHT_BYTES;
    struct beside b = {.begun = NULL};
    struct group g, next = {.row = 0};
    bool more = find_group(t, 0, weight, &g);

    if (more)
        put_scores(&b, &g, 0, score);
    for (; more; g = next) {
        more = find_group(t, g.row + SPLIT_GROUP, weight_next, &next);
        fetch_soon(&t->soon[0], g.row, SPLIT_GROUP, t->rows);
        fetch_soon(&t->soon[1], g.row, SPLIT_GROUP, t->rows);
        for (size_t at = 0; at < g.most; at += SPLIT_PART) {
            finish(&b, &b.scores, parts);
            if (at + SPLIT_PART < g.most)
                put_scores(&b, &g, at + SPLIT_PART, score_next);
            else if (more)
                put_scores(&b, &next, 0, score_next);
            weigh_part(&g, at, score, &b, parts);
            swap(&score, &score_next);
        }
        finish(&b, &b.values, parts);
        put_values(&b, &g);
        swap(&weight, &weight_next);
    }
    finish(&b, &b.values, parts);
}

void amx_attend(const struct nn_split_attend *t)
{
    amx_configure(0, AMX_ROWS);
    if (t->parts == 2)
        attend(t, 2);
    else
        attend(t, 1);
    amx_release();
}

void amx_attended(const struct nn_split_attend *t, size_t row, size_t rows,
                  float *to, size_t ld)
{
    const float *out =
        t->out + row / SPLIT_GROUP * SPLIT_GROUP * dim_blocks(t) * SPLIT_LANES +
        row % SPLIT_GROUP / SPLIT_LANES * TILE_FLOATS;
    __m512 by =
        _mm512_div_ps(_mm512_set1_ps(1.0F), _mm512_load_ps(t->sum + row));

    for (size_t d = 0; d < t->dim; d += SPLIT_LANES, out += 2 * TILE_FLOATS) {
        __m512i r[16];

#pragma GCC unroll 16
        for (size_t i = 0; i < 16; i++)
            r[i] = (__m512i)_mm512_mul_ps(_mm512_load_ps(out + i * SPLIT_LANES),
                                          by);
        transpose(r);
#pragma GCC unroll 16
        for (size_t i = 0; i < 16; i++)
            if (i < rows)
                _mm512_mask_storeu_ps(to + i * ld + d, first_lanes(t->dim - d),
                                      (__m512)r[i]);
    }
}
