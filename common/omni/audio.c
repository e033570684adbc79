/*
 * The audio tower (docs/MODEL.md section 6).
 *
 * A sound is cut into chunks that know nothing of each other (convolution
 * borders, positions, attention) until pooling. Several chunks go through the
 * layers together, so that matrices have hundreds of rows.
 */
#include <math.h>

#include "run_int.h"

enum {
    BATCH = 8,   /* chunks that go through a layer together */
    KERNEL = 3,  /* taps of both convolutions */
    BAND = 1024, /* rows that are pooled and projected together */
};

struct audio_scratch {
    float *rows;                   /* [A1, d] of the whole sound */
    float *x, *normed, *q, *k, *v; /* [batch rows, d] */
    float *wide;                   /* fc1, or columns of a convolution */
    float *first;                  /* [chunk, d] after the first convolution */
    float *table;                  /* [n_window, d] positions */
};

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Rows of a chunk after the second convolution, which halves it. */
static size_t rows_of(size_t frames)
{
    return frames ? (frames - 1) / 2 + 1 : 0;
}

static size_t chunk_of(const struct omni_config *c)
{
    return 2 * c->audio.window;
}

/* Rows of the whole sound before pooling. */
static size_t total_rows(const struct omni_config *c, size_t frames)
{
    size_t chunk = chunk_of(c);

    return frames / chunk * rows_of(chunk) + rows_of(frames % chunk);
}

/* Rows that go through the layers together. */
static size_t batch_rows(const struct omni_config *c, size_t total)
{
    return min_size(total, BATCH * c->audio.window);
}

static size_t wide_floats(const struct omni_config *c, size_t total)
{
    size_t d = c->audio.hidden, chunk = chunk_of(c);
    size_t columns =
        max_size(chunk * c->audio.mels * KERNEL, rows_of(chunk) * d * KERNEL);
    size_t middle = batch_rows(c, total) * c->audio.ffn;
    size_t pooled = min_size(BAND, total) * d;

    return max_size(max_size(columns, middle), pooled);
}

size_t audio_scratch_floats(const struct omni_config *c,
                            const struct omni_sound *sound)
{
    size_t d = c->audio.hidden, total = total_rows(c, sound->frames);

    return total * d + 5 * batch_rows(c, total) * d + wide_floats(c, total) +
           chunk_of(c) * d + c->audio.window * d;
}

static void lay_out(const struct omni_config *c, const struct omni_sound *sound,
                    float *at, struct audio_scratch *a)
{
    size_t d = c->audio.hidden, total = total_rows(c, sound->frames);
    size_t state = batch_rows(c, total) * d;

    a->rows = at;
    a->x = a->rows + total * d;
    a->normed = a->x + state;
    a->q = a->normed + state;
    a->k = a->q + state;
    a->v = a->k + state;
    a->wide = a->v + state;
    a->first = a->wide + wide_floats(c, total);
    a->table = a->first + chunk_of(c) * d;
}

/* Sinusoids in float32 as the reference computes them: sines, then cosines. */
static void fill_table(const struct omni_config *c, float *table)
{
    size_t d = c->audio.hidden, half = d / 2;
    float step = (float)-(log(10000.0) / (double)(half - 1));

    for (size_t j = 0; j < half; j++) {
        float frequency = (float)exp((double)(step * (float)j));

        for (size_t row = 0; row < c->audio.window; row++) {
            double angle = (double)((float)row * frequency);

            table[row * d + j] = (float)sin(angle);
            table[row * d + half + j] = (float)cos(angle);
        }
    }
}

/* Columns of the first convolution: mel [mels, all] from frame `from`, chunk
 * of n frames, zero beyond its ends; [n, mels * 3]. */
static void columns_of_mel(const float *mel, size_t all, size_t mels,
                           size_t from, size_t n, float *out)
{
    for (size_t t = 0; t < n; t++)
        for (size_t m = 0; m < mels; m++) {
            const float *row = mel + m * all + from;
            float *put = out + (t * mels + m) * KERNEL;

            put[0] = t > 0 ? row[t - 1] : 0;
            put[1] = row[t];
            put[2] = t + 1 < n ? row[t + 1] : 0;
        }
}

/* Columns of the second: y [n, d] with stride 2; [rows_of(n), d * 3]. */
static void columns_of_rows(const float *y, size_t n, size_t d, float *out)
{
    for (size_t r = 0; r < rows_of(n); r++) {
        const float *mid = y + 2 * r * d;
        float *put = out + r * d * KERNEL;
        bool before = r > 0, after = 2 * r + 1 < n;

        for (size_t j = 0; j < d; j++) {
            put[KERNEL * j] = before ? (mid - d)[j] : 0;
            put[KERNEL * j + 1] = mid[j];
            put[KERNEL * j + 2] = after ? (mid + d)[j] : 0;
        }
    }
}

/* One chunk through both convolutions and the positions: x [rows, d]. */
static void convolve(struct omni_session *s, const struct omni_sound *sound,
                     size_t from, size_t n, const struct audio_scratch *a,
                     float *x)
{
    const struct omni_weights *w = s->omni->weights;
    const struct omni_config *c = &s->omni->config;
    size_t d = c->audio.hidden, mels = c->audio.mels, rows = rows_of(n);

    columns_of_mel(sound->mel, sound->frames, mels, from, n, a->wide);
    nn_linear(s->nn, &w->conv1, a->wide, mels * KERNEL, n, a->first, d, false);
    nn_gelu(s->nn, a->first, n * d);
    columns_of_rows(a->first, n, d, a->wide);
    nn_linear(s->nn, &w->conv2, a->wide, d * KERNEL, rows, x, d, false);
    nn_gelu(s->nn, x, rows * d);
    nn_add(s->nn, x, a->table, rows * d);
}

static void attention(struct omni_session *s, const struct audio_layer *l,
                      size_t n, const uint32_t *segment, size_t n_segments,
                      const struct audio_scratch *a)
{
    size_t d = s->omni->config.audio.hidden;
    const struct tower_rows rows = {
        .q = a->q,
        .k = a->k,
        .v = a->v,
        .out = a->normed,
        .n = n,
        .width = d,
        .heads = s->omni->config.audio.heads,
        .segment = segment,
        .n_segments = n_segments,
    };

    nn_layernorm(s->nn, &l->norm1, &l->norm1_bias, 1e-5F, a->x, n, a->normed);
    nn_linear(s->nn, &l->q, a->normed, d, n, a->q, d, false);
    nn_linear(s->nn, &l->k, a->normed, d, n, a->k, d, false);
    nn_linear(s->nn, &l->v, a->normed, d, n, a->v, d, false);
    tower_attend(s, &rows);
    nn_linear(s->nn, &l->out, a->normed, d, n, a->x, d, true);
}

static void feed_forward(struct omni_session *s, const struct audio_layer *l,
                         size_t n, const struct audio_scratch *a)
{
    size_t d = s->omni->config.audio.hidden, f = s->omni->config.audio.ffn;

    nn_layernorm(s->nn, &l->norm2, &l->norm2_bias, 1e-5F, a->x, n, a->normed);
    nn_linear(s->nn, &l->fc1, a->normed, d, n, a->wide, f, false);
    nn_gelu(s->nn, a->wide, n * f);
    nn_linear(s->nn, &l->fc2, a->wide, f, n, a->x, d, true);
}

static double layer_flops(const struct omni_config *c, double rows)
{
    double d = (double)c->audio.hidden, f = (double)c->audio.ffn;

    return rows * (8 * d * d + 4 * d * f + 4 * d * (double)c->audio.window);
}

static double convolution_flops(const struct omni_config *c, double frames)
{
    double d = (double)c->audio.hidden, mels = (double)c->audio.mels;

    return frames * (2 * KERNEL * mels * d + KERNEL * d * d);
}

double audio_flops(const struct omni_config *c, const struct omni_sound *s)
{
    return convolution_flops(c, (double)s->frames) +
           (double)c->audio.layers *
               layer_flops(c, (double)total_rows(c, s->frames));
}

/* Up to BATCH chunks from frame *from on, into the sound's rows at *row. */
static enum asid_rc encode_batch(struct omni_session *s,
                                 const struct omni_sound *sound, size_t *from,
                                 size_t *row, const struct audio_scratch *a,
                                 struct asid_err *err)
{
    const struct omni_config *c = &s->omni->config;
    size_t d = c->audio.hidden, start = *from, rows = 0, n_segments = 0;
    uint32_t segment[BATCH + 1] = {0};

    while (*from < sound->frames && n_segments < BATCH) {
        size_t n = min_size(sound->frames - *from, chunk_of(c));

        convolve(s, sound, *from, n, a, a->x + rows * d);
        rows += rows_of(n);
        segment[++n_segments] = (uint32_t)rows;
        *from += n;
    }
    TRY(session_tick(s, convolution_flops(c, (double)(*from - start)), err));
    for (size_t l = 0; l < c->audio.layers; l++) {
        const struct audio_layer *layer = &s->omni->weights->audio[l];

        attention(s, layer, rows, segment, n_segments, a);
        feed_forward(s, layer, rows, a);
        TRY(session_tick(s, layer_flops(c, (double)rows), err));
    }
    memcpy(a->rows + *row * d, a->x, rows * d * sizeof *a->x);
    *row += rows;
    return ASID_OK;
}

/* Average pairs of rows (an odd last one is dropped), norm, project. */
static void pool(struct omni_session *s, size_t tokens,
                 const struct audio_scratch *a, float *out)
{
    const struct omni_weights *w = s->omni->weights;
    size_t d = s->omni->config.audio.hidden, o = s->omni->config.audio.out;

    for (size_t from = 0; from < tokens; from += BAND) {
        size_t m = min_size(tokens - from, BAND);

        for (size_t r = 0; r < m; r++) {
            const float *one = a->rows + 2 * (from + r) * d;

            for (size_t j = 0; j < d; j++)
                a->wide[r * d + j] = 0.5F * (one[j] + one[d + j]);
        }
        nn_layernorm(s->nn, &w->post, &w->post_bias, 1e-5F, a->wide, m,
                     a->wide);
        nn_linear(s->nn, &w->proj, a->wide, d, m, out + from * o, o, false);
    }
}

enum asid_rc audio_encode(struct omni_session *s,
                          const struct omni_sound *sound, float *scratch,
                          float *out, struct asid_err *err)
{
    size_t from = 0, row = 0;
    struct audio_scratch a;

    lay_out(&s->omni->config, sound, scratch, &a);
    fill_table(&s->omni->config, a.table);
    while (from < sound->frames)
        TRY(encode_batch(s, sound, &from, &row, &a, err));
    if (row / 2 != sound->tokens)
        return FAIL(err, "audio tower: %zu tokens laid out, %zu computed",
                    sound->tokens, row / 2);
    pool(s, sound->tokens, &a, out);
    return ASID_OK;
}
