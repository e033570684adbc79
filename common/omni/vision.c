/*
 * The vision tower (docs/MODEL.md section 5).
 *
 * Attention never crosses temporal indexes, so that one frame pair at a time
 * goes through the whole tower: scratch is that of one pair, and the output of
 * a clip is the pairs' outputs one after the other.
 */
#include <math.h>

#include "run_int.h"

enum { BAND = 2048 }; /* rows that go through the feed-forward together */

/* What one temporal index needs; sizes in floats, P patches of d. */
struct vision_scratch {
    float *x, *normed, *q, *k, *v; /* [P, d] */
    float *cosine, *sine;          /* [P, head_dim / 2], window order */
    float *wide; /* patch rows, then gate and up of a band, then the merger */
    uint32_t *order;   /* [P / 4] raster index of the k-th group */
    uint32_t *segment; /* window starts, patches; n_windows + 1 */
    size_t n_windows;
};

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t patches_of(const struct omni_picture *p)
{
    return (size_t)p->grid[1] * p->grid[2];
}

static size_t patch_values(const struct omni_config *c)
{
    return 3 * 2 * c->vision.patch * c->vision.patch;
}

static size_t wide_floats(const struct omni_config *c,
                          const struct omni_picture *p)
{
    size_t n = patches_of(p), groups = n / MERGE;
    size_t rows = n * patch_values(c) + omni_patch_scratch(p);
    size_t band = 2 * min_size(n, BAND) * c->vision.ffn;
    size_t merger = n * c->vision.hidden + groups * c->vision.out;

    return max_size(rows, max_size(band, merger));
}

/* Upper bound of the number of windows: every window holds a group. */
static size_t index_floats(size_t patches)
{
    return 2 * (patches / MERGE) + 2;
}

size_t vision_scratch_floats(const struct omni_config *c,
                             const struct omni_picture *p)
{
    size_t n = patches_of(p);
    size_t head_dim = c->vision.hidden / c->vision.heads;

    return 5 * n * c->vision.hidden + n * head_dim + wide_floats(c, p) +
           index_floats(n);
}

static void lay_out(const struct omni_config *c, const struct omni_picture *p,
                    float *at, struct vision_scratch *v)
{
    size_t n = patches_of(p), state = n * c->vision.hidden;
    size_t half = c->vision.hidden / c->vision.heads / 2;

    v->x = at;
    v->normed = v->x + state;
    v->q = v->normed + state;
    v->k = v->q + state;
    v->v = v->k + state;
    v->cosine = v->v + state;
    v->sine = v->cosine + n * half;
    v->wide = v->sine + n * half;
    v->order = (uint32_t *)(void *)(v->wide + wide_floats(c, p));
    v->segment = v->order + n / MERGE;
}

/* Groups in the order of their windows; edge windows are smaller. */
static void order_windows(const struct omni_config *c,
                          const struct omni_picture *p,
                          struct vision_scratch *v)
{
    size_t side = c->vision.window / 2 / c->vision.patch;
    size_t rows = p->grid[1] / 2, columns = p->grid[2] / 2, n = 0;

    v->n_windows = 0;
    v->segment[0] = 0;
    for (size_t wy = 0; wy < rows; wy += side)
        for (size_t wx = 0; wx < columns; wx += side) {
            size_t bottom = min_size(wy + side, rows);
            size_t right = min_size(wx + side, columns);

            for (size_t y = wy; y < bottom; y++)
                for (size_t x = wx; x < right; x++)
                    v->order[n++] = (uint32_t)(y * columns + x);
            v->segment[++v->n_windows] = (uint32_t)(MERGE * n);
        }
}

/* Cosines and sines of every patch's row and column, in window order. */
static void find_angles(const struct omni_config *c,
                        const struct omni_picture *p, struct vision_scratch *v)
{
    size_t half = c->vision.hidden / c->vision.heads / 2, quarter = half / 2;
    size_t columns = p->grid[2] / 2;

    for (size_t j = 0; j < quarter; j++) {
        float exponent = (float)(2 * j) / (float)half;
        float frequency = 1.0F / (float)pow(10000.0, (double)exponent);

        for (size_t i = 0; i < patches_of(p); i++) {
            size_t group = v->order[i / MERGE], corner = i % MERGE;
            size_t y = 2 * (group / columns) + corner / 2;
            size_t x = 2 * (group % columns) + corner % 2;
            float down = (float)y * frequency, across = (float)x * frequency;
            float *cosine = v->cosine + i * half + j;
            float *sine = v->sine + i * half + j;

            cosine[0] = (float)cos((double)down);
            sine[0] = (float)sin((double)down);
            cosine[quarter] = (float)cos((double)across);
            sine[quarter] = (float)sin((double)across);
        }
    }
}

/* Patch rows of temporal index t, embedded, in window order: v->x. */
static void embed_patches(struct omni_session *s, const struct omni_picture *p,
                          size_t t, struct vision_scratch *v)
{
    const struct omni_config *c = &s->omni->config;
    size_t n = patches_of(p), values = patch_values(c), d = c->vision.hidden;
    float *rows = v->wide;

    omni_patch_rows(p, c->vision.patch, t, rows + n * values, rows);
    nn_linear(s->nn, &s->omni->weights->patch, rows, values, n, v->normed, d,
              false);
    for (size_t k = 0; k < n / MERGE; k++)
        memcpy(v->x + k * MERGE * d, v->normed + v->order[k] * MERGE * d,
               MERGE * d * sizeof *v->x);
}

static void attention(struct omni_session *s, const struct vision_block *b,
                      size_t n, bool full, const struct vision_scratch *v)
{
    const struct omni_config *c = &s->omni->config;
    size_t d = c->vision.hidden, heads = c->vision.heads, head_dim = d / heads;
    uint32_t whole[2] = {0, (uint32_t)n};
    const struct tower_rows rows = {
        .q = v->q,
        .k = v->k,
        .v = v->v,
        .out = v->normed,
        .n = n,
        .width = d,
        .heads = heads,
        .segment = full ? whole : v->segment,
        .n_segments = full ? 1 : v->n_windows,
    };

    nn_rmsnorm(s->nn, &b->norm1, 1e-6F, v->x, n, v->normed);
    nn_linear(s->nn, &b->q, v->normed, d, n, v->q, d, false);
    nn_linear(s->nn, &b->k, v->normed, d, n, v->k, d, false);
    nn_linear(s->nn, &b->v, v->normed, d, n, v->v, d, false);
    nn_rotate(s->nn, v->q, d, n, heads, head_dim / 2, v->cosine, v->sine);
    nn_rotate(s->nn, v->k, d, n, heads, head_dim / 2, v->cosine, v->sine);
    tower_attend(s, &rows);
    nn_linear(s->nn, &b->proj, v->normed, d, n, v->x, d, true);
}

static void feed_forward(struct omni_session *s, const struct vision_block *b,
                         size_t n, const struct vision_scratch *v)
{
    size_t d = s->omni->config.vision.hidden, f = s->omni->config.vision.ffn;
    float *gate = v->wide, *up = v->wide + min_size(n, BAND) * f;

    nn_rmsnorm(s->nn, &b->norm2, 1e-6F, v->x, n, v->normed);
    for (size_t row = 0; row < n; row += BAND) {
        size_t m = min_size(n - row, BAND);
        const float *x = v->normed + row * d;

        nn_linear(s->nn, &b->gate, x, d, m, gate, f, false);
        nn_linear(s->nn, &b->up, x, d, m, up, f, false);
        nn_silu_mul(s->nn, gate, up, m * f);
        nn_linear(s->nn, &b->down, gate, f, m, v->x + row * d, d, true);
    }
}

/* Four patches become one token; rows go back to raster order. */
static void merge_patches(struct omni_session *s, size_t n,
                          const struct vision_scratch *v, float *out)
{
    const struct omni_weights *w = s->omni->weights;
    const struct omni_config *c = &s->omni->config;
    size_t d = c->vision.hidden, o = c->vision.out, groups = n / MERGE;
    float *middle = v->wide, *rows = v->wide + n * d;

    nn_rmsnorm(s->nn, &w->merge_norm, 1e-6F, v->x, n, v->normed);
    nn_linear(s->nn, &w->merge1, v->normed, MERGE * d, groups, middle,
              MERGE * d, false);
    nn_gelu(s->nn, middle, n * d);
    nn_linear(s->nn, &w->merge2, middle, MERGE * d, groups, rows, o, false);
    for (size_t k = 0; k < groups; k++)
        memcpy(out + v->order[k] * o, rows + k * o, o * sizeof *out);
}

static bool is_full(const struct omni_config *c, size_t layer)
{
    for (size_t i = 0; i < c->vision.n_full; i++)
        if (c->vision.full_layers[i] == layer)
            return true;
    return false;
}

/* FLOPs of one block for one temporal index. */
static double block_flops(const struct omni_config *c, double n, bool full)
{
    double d = (double)c->vision.hidden, f = (double)c->vision.ffn;
    double side = (double)(c->vision.window / c->vision.patch);
    double seen = full || n < side * side ? n : side * side;

    return n * (8 * d * d + 6 * d * f + 4 * d * seen);
}

static double edge_flops(const struct omni_config *c, double n)
{
    double d = (double)c->vision.hidden, o = (double)c->vision.out;

    return n * (2 * d * (double)patch_values(c) + 8 * d * d + 2 * d * o);
}

double vision_flops(const struct omni_config *c, const struct omni_picture *p)
{
    double n = (double)patches_of(p), sum = edge_flops(c, n);

    for (size_t l = 0; l < c->vision.layers; l++)
        sum += block_flops(c, n, is_full(c, l));
    return sum * (double)p->grid[0];
}

enum asid_rc vision_encode(struct omni_session *s, const struct omni_picture *p,
                           float *scratch, float *out, struct asid_err *err)
{
    const struct omni_config *c = &s->omni->config;
    size_t n = patches_of(p);
    struct vision_scratch v;

    lay_out(c, p, scratch, &v);
    order_windows(c, p, &v);
    find_angles(c, p, &v);
    for (size_t t = 0; t < p->grid[0]; t++) {
        embed_patches(s, p, t, &v);
        for (size_t l = 0; l < c->vision.layers; l++) {
            const struct vision_block *b = &s->omni->weights->vision[l];
            bool full = is_full(c, l);

            attention(s, b, n, full, &v);
            feed_forward(s, b, n, &v);
            TRY(session_tick(s, block_flops(c, (double)n, full), err));
        }
        merge_patches(s, n, &v, out + t * (n / MERGE) * c->vision.out);
        TRY(session_tick(s, edge_flops(c, (double)n), err));
    }
    return ASID_OK;
}
