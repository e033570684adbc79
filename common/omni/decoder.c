/*
 * The text decoder (docs/MODEL.md section 7): embeddings with the towers' rows
 * merged in, M-RoPE, layers over a cache of keys and values, last norm, head.
 */
#include <math.h>

#include "run_int.h"

static size_t query_width(const struct omni_config *c)
{
    return c->text.heads * c->text.head_dim;
}

static size_t cache_width(const struct omni_config *c)
{
    return c->text.kv_heads * c->text.head_dim;
}

size_t decoder_rows(size_t capacity)
{
    if (capacity < TOGETHER_MAX)
        return TOGETHER_MAX;
    return capacity < CHUNK_TOKENS ? capacity : CHUNK_TOKENS;
}

/* a * b added to *sum; SIZE_MAX stands for "too much" and stays. */
static void add_product(size_t *sum, size_t a, size_t b)
{
    size_t product;

    if (!size_mul(a, b, &product) || !size_add(*sum, product, sum))
        *sum = SIZE_MAX;
}

size_t decoder_rows_floats(const struct omni_config *c, size_t capacity)
{
    size_t rows = decoder_rows(capacity), sum = 0;

    add_product(&sum, rows, 2 * c->text.hidden);
    add_product(&sum, rows, 2 * query_width(c));
    add_product(&sum, rows, 2 * c->text.ffn);
    add_product(&sum, rows, c->text.head_dim);
    add_product(&sum, rows, 2 * cache_width(c));
    return sum == SIZE_MAX ? 0 : sum;
}

size_t decoder_scratch_floats(const struct omni_config *c)
{
    size_t sum = c->text.head_dim;

    add_product(&sum, LOGIT_ROWS + 2, c->text.vocab);
    return sum == SIZE_MAX ? 0 : sum;
}

size_t decoder_cache_floats(const struct omni_config *c, size_t capacity)
{
    size_t row = 2 * cache_width(c), sum = 0;

    if (!size_mul(row, c->text.layers, &row))
        return 0;
    add_product(&sum, row, capacity);
    return sum == SIZE_MAX ? 0 : sum;
}

/* float32 throughout, as the reference: base ^ (2j / head_dim), then 1 / it. */
static void fill_frequencies(const struct omni_config *c, float *frequency)
{
    for (size_t j = 0; j < c->text.head_dim / 2; j++) {
        float exponent = (float)(2 * j) / (float)c->text.head_dim;

        frequency[j] = 1.0F / (float)pow(c->text.rope_theta, (double)exponent);
    }
}

void decoder_lay_out(struct omni_session *s)
{
    const struct omni_config *c = &s->omni->config;
    size_t rows = decoder_rows(s->capacity), half = c->text.head_dim / 2;
    struct decoder_scratch *at = &s->at;

    at->x = s->rows;
    at->normed = at->x + rows * c->text.hidden;
    at->q = at->normed + rows * c->text.hidden;
    at->attended = at->q + rows * query_width(c);
    at->gate = at->attended + rows * query_width(c);
    at->up = at->gate + rows * c->text.ffn;
    at->cosine = at->up + rows * c->text.ffn;
    at->sine = at->cosine + rows * half;
    at->keys = at->sine + rows * half;
    at->values = at->keys + rows * cache_width(c);
    at->frequency = s->scratch;
    at->logits = at->frequency + half;
    at->scores = at->logits + LOGIT_ROWS * c->text.vocab;
    at->seen = (uint8_t *)(void *)(at->scores + c->text.vocab);
    fill_frequencies(c, at->frequency);
}

bool decoder_is_placeholder(const struct omni_config *c, int32_t id)
{
    return id == c->image_id || id == c->video_id || id == c->audio_id;
}

/* The row for a placeholder, NULL for an ordinary token. */
static const float *merged_row(const struct omni_config *c, struct merge *merge,
                               int32_t id)
{
    const float **next, *row;

    if (!merge)
        return NULL;
    if (id == c->audio_id)
        next = &merge->audio;
    else if (id == c->image_id)
        next = &merge->image;
    else if (id == c->video_id)
        next = &merge->video;
    else
        return NULL;
    row = *next;
    *next += c->text.hidden;
    return row;
}

static void embed(const struct omni_session *s, size_t index,
                  struct merge *merge, float *x)
{
    const struct omni_config *c = &s->omni->config;
    const struct nn_matrix *e = &s->omni->weights->embed;
    size_t h = c->text.hidden, bytes = h * nn_dtype_size(e->dtype);
    int32_t id = s->ids[index];
    const float *row = merged_row(c, merge, id);

    if (row)
        memcpy(x, row, h * sizeof *x);
    else
        nn_widen((const char *)e->data + (size_t)id * bytes, e->dtype, h, x);
}

/* The angle is rounded to float32 before its cosine is taken: at positions of
 * ten thousand the rounding shows. */
static void find_angles(const struct omni_session *s, size_t index,
                        float *cosine, float *sine)
{
    const struct omni_config *c = &s->omni->config;
    size_t half = c->text.head_dim / 2, j = 0;

    for (size_t axis = 0; axis < 3; axis++) {
        float at = (float)s->positions[axis * s->capacity + index];
        size_t end = j + c->text.mrope[axis];

        for (; j < end && j < half; j++) {
            float angle = at * s->at.frequency[j];

            cosine[j] = (float)cos((double)angle);
            sine[j] = (float)sin((double)angle);
        }
    }
}

void decoder_load(struct omni_session *lead, size_t row,
                  const struct omni_session *s, size_t index,
                  struct merge *merge)
{
    const struct omni_config *c = &s->omni->config;
    size_t half = c->text.head_dim / 2;

    embed(s, index, merge, lead->at.x + row * c->text.hidden);
    find_angles(s, index, lead->at.cosine + row * half,
                lead->at.sine + row * half);
}

float *decoder_keys(const struct omni_session *s, size_t layer, size_t row)
{
    size_t kv = cache_width(&s->omni->config);

    return s->kv + (2 * layer * s->capacity + row) * kv;
}

float *decoder_values(const struct omni_session *s, size_t layer, size_t row)
{
    return decoder_keys(s, layer, row) +
           s->capacity * cache_width(&s->omni->config);
}

void decoder_project(struct omni_session *s, size_t layer, size_t m,
                     float *keys, float *values)
{
    const struct omni_config *c = &s->omni->config;
    const struct text_layer *w = &s->omni->weights->text[layer];
    const struct decoder_scratch *at = &s->at;
    size_t h = c->text.hidden, q = query_width(c), kv = cache_width(c);
    size_t half = c->text.head_dim / 2;

    nn_rmsnorm(s->nn, &w->norm1, c->text.eps, at->x, m, at->normed);
    nn_linear(s->nn, &w->q, at->normed, h, m, at->q, q, false);
    nn_linear(s->nn, &w->k, at->normed, h, m, keys, kv, false);
    nn_linear(s->nn, &w->v, at->normed, h, m, values, kv, false);
    nn_rotate(s->nn, at->q, q, m, c->text.heads, half, at->cosine, at->sine);
    nn_rotate(s->nn, keys, kv, m, c->text.kv_heads, half, at->cosine, at->sine);
}

void decoder_attend(struct omni_session *lead, size_t row,
                    const struct omni_session *s, size_t layer, size_t m)
{
    const struct omni_config *c = &s->omni->config;
    size_t q = query_width(c), kv = cache_width(c);
    struct nn_attention a = {
        .q = lead->at.q + row * q,
        .k = decoder_keys(s, layer, 0),
        .v = decoder_values(s, layer, 0),
        .out = lead->at.attended + row * q,
        .ldq = q,
        .ldkv = kv,
        .ldo = q,
        .m = m,
        .heads = c->text.heads,
        .kv_heads = c->text.kv_heads,
        .head_dim = c->text.head_dim,
        .scale = (float)(1.0 / sqrt((double)c->text.head_dim)),
        .causal = true,
        .past = s->done,
        /* Less than what rounding the weights to bytes does. */
        .bf16 = omni_is_quantised(s->omni),
    };

    nn_attend(lead->nn, &a);
}

void decoder_finish(struct omni_session *s, size_t layer, size_t m)
{
    const struct omni_config *c = &s->omni->config;
    const struct text_layer *w = &s->omni->weights->text[layer];
    const struct decoder_scratch *at = &s->at;
    size_t h = c->text.hidden, q = query_width(c), f = c->text.ffn;

    nn_linear(s->nn, &w->o, at->attended, q, m, at->x, h, true);
    nn_rmsnorm(s->nn, &w->norm2, c->text.eps, at->x, m, at->normed);
    nn_linear(s->nn, &w->gate, at->normed, h, m, at->gate, f, false);
    nn_linear(s->nn, &w->up, at->normed, h, m, at->up, f, false);
    nn_silu_mul(s->nn, at->gate, at->up, m * f);
    nn_linear(s->nn, &w->down, at->gate, f, m, at->x, h, true);
}

/* FLOPs of m tokens after `past` others, without the head. */
double decoder_flops(const struct omni_config *c, size_t past, size_t m)
{
    double h = (double)c->text.hidden, f = (double)c->text.ffn;
    double q = (double)query_width(c), kv = (double)cache_width(c);
    double seen = (double)past + (double)m / 2;
    double token = 4 * h * q + 4 * h * kv + 6 * h * f + 4 * q * seen;

    return (double)m * token * (double)c->text.layers;
}

enum asid_rc decoder_step(struct omni_session *s, size_t m, struct merge *merge,
                          struct asid_err *err)
{
    const struct omni_config *c = &s->omni->config;
    double flops = decoder_flops(c, s->done, m) / (double)c->text.layers;

    BUG_IF(m == 0 || m > CHUNK_TOKENS || m > s->n - s->done);
    for (size_t i = 0; i < m; i++)
        decoder_load(s, i, s, s->done + i, merge);
    for (size_t layer = 0; layer < c->text.layers; layer++) {
        decoder_project(s, layer, m, decoder_keys(s, layer, s->done),
                        decoder_values(s, layer, s->done));
        decoder_attend(s, 0, s, layer, m);
        decoder_finish(s, layer, m);
        TRY(session_tick(s, flops, err));
    }
    nn_rmsnorm(s->nn, &s->omni->weights->norm, c->text.eps, s->at.x, m,
               s->at.x);
    s->done += m;
    s->computed += m;
    return ASID_OK;
}

void decoder_logits(struct omni_session *s, size_t row, size_t m)
{
    const struct omni_config *c = &s->omni->config;
    size_t h = c->text.hidden;

    nn_linear(s->nn, &s->omni->weights->head, s->at.x + row * h, h, m,
              s->at.logits, c->text.vocab, false);
}

/* The next part of a prompt. None has fewer than ALONE_ROWS tokens unless the
 * whole prompt has: such parts take the kernels of decoding, whose sums are
 * others in the last digit. */
static size_t next_part(size_t left)
{
    if (left <= CHUNK_TOKENS)
        return left;
    return left < CHUNK_TOKENS + ALONE_ROWS ? left - ALONE_ROWS : CHUNK_TOKENS;
}

enum asid_rc decoder_run(struct omni_session *s, size_t length,
                         struct merge *merge, struct asid_err *err)
{
    size_t h = s->omni->config.text.hidden;

    while (s->done < length) {
        size_t m = next_part(length - s->done);

        TRY(decoder_step(s, m, merge, err));
        s->last_row = m - 1;
        if (s->dump_hidden)
            memcpy(s->dump_hidden + (s->done - m) * h, s->at.x,
                   m * h * sizeof *s->at.x);
    }
    return ASID_OK;
}

enum asid_rc decoder_catch_up(struct omni_session *s, struct asid_err *err)
{
    if (s->n == 0)
        return FAIL(err, "there are no tokens to go on from");
    if (s->logits_at == s->n)
        return ASID_OK;
    if (s->done == s->n) {
        /* The states of a token whose keys are known are gone: once more. */
        if (s->n <= s->merged &&
            decoder_is_placeholder(&s->omni->config, s->ids[s->n - 1]))
            return FAIL(err,
                        "cannot go on from inside a video, image or sound");
        s->done--;
    }
    TRY(decoder_run(s, s->n, NULL, err));
    decoder_logits(s, s->last_row, 1);
    s->logits_at = s->n;
    return ASID_OK;
}
