/*
 * Several free answers about the same media.
 *
 * The questions are put behind the media one after the other, and what that
 * makes of the cache is kept aside for each. Then the next tokens of all answers
 * go through the layers together, as rows of one matrix, so that the weights are
 * read from memory once for all; before a row attends, its answer's part of the
 * cache is put back behind the media, where its keys would lie if it were alone.
 * The media are never copied. What a row becomes does not depend on the others
 * (asid/nn/ops.h): every answer is the one it would be alone.
 */
#include <stdlib.h>

#include "run_int.h"

_Static_assert((int)OMNI_ANSWERS_MAX == TOGETHER_MAX, "the public name");

/* One answer: what stands behind the media. */
struct branch {
    size_t n, room;     /* tokens of question and answer */
    int32_t *ids;       /* [room] */
    int32_t *positions; /* [3, room] */
    float *kv;          /* [layers][k, v][room][kv_heads * head_dim] */
    float *logits;      /* [vocab] after the last token */
    int64_t top;
    uint64_t random;
    size_t answered;
    bool ended;
};

struct answers {
    struct omni_session *s;
    const struct omni_sampling *how;
    size_t n, base; /* answers; tokens up to the end of the media */
    struct branch list[TOGETHER_MAX];
    struct branch *row[TOGETHER_MAX]; /* whose rows go through the layers */
    size_t rows;
    struct candidate *space;
    struct bpe_ids *ids;
    struct omni_told told;
};

/* --- parts of the timeline ------------------------------------------------- */

static size_t kv_width(const struct omni_session *s)
{
    return s->omni->config.text.kv_heads * s->omni->config.text.head_dim;
}

static float *branch_cache(const struct answers *w, const struct branch *b,
                           size_t layer, bool values, size_t row)
{
    return b->kv +
           ((2 * layer + (size_t)values) * b->room + row) * kv_width(w->s);
}

static enum asid_rc open_branch(const struct answers *w, struct branch *b,
                                size_t room, struct asid_err *err)
{
    const struct omni_config *c = &w->s->omni->config;
    size_t row = 2 * c->text.layers * kv_width(w->s);
    void *p;

    b->room = room;
    b->random = w->how->seed;
    TRY(mem_big(&p, room, 4 * sizeof *b->ids, err));
    b->ids = p;
    b->positions = b->ids + room;
    TRY(mem_big(&p, room, row * sizeof *b->kv, err));
    b->kv = p;
    TRY(mem_big(&p, c->text.vocab, sizeof *b->logits, err));
    b->logits = p;
    return ASID_OK;
}

static void close_branch(struct branch *b)
{
    free(b->ids);
    free(b->kv);
    free(b->logits);
}

/* What stands behind the media, without the cache. */
static void keep_tokens(const struct answers *w, struct branch *b)
{
    const struct omni_session *s = w->s;

    b->n = s->n - w->base;
    b->top = s->top;
    memcpy(b->ids, s->ids + w->base, b->n * sizeof *b->ids);
    for (size_t axis = 0; axis < 3; axis++)
        memcpy(b->positions + axis * b->room,
               s->positions + axis * s->capacity + w->base,
               b->n * sizeof *b->positions);
}

static void put_tokens(const struct answers *w, const struct branch *b)
{
    struct omni_session *s = w->s;

    memcpy(s->ids + w->base, b->ids, b->n * sizeof *b->ids);
    for (size_t axis = 0; axis < 3; axis++)
        memcpy(s->positions + axis * s->capacity + w->base,
               b->positions + axis * b->room, b->n * sizeof *b->positions);
    s->n = s->done = w->base + b->n;
    s->top = b->top;
    memcpy(s->at.logits, b->logits,
           s->omni->config.text.vocab * sizeof *b->logits);
    s->logits_at = s->n;
}

static void keep_cache(const struct answers *w, struct branch *b)
{
    size_t bytes = b->n * kv_width(w->s) * sizeof *b->kv;

    for (size_t layer = 0; layer < w->s->omni->config.text.layers; layer++) {
        memcpy(branch_cache(w, b, layer, false, 0),
               decoder_keys(w->s, layer, w->base), bytes);
        memcpy(branch_cache(w, b, layer, true, 0),
               decoder_values(w->s, layer, w->base), bytes);
    }
}

/* --- questions ------------------------------------------------------------- */

static enum asid_rc put_question(struct answers *w, size_t i, struct str text,
                                 struct asid_err *err)
{
    struct omni_session *s = w->s;
    struct branch *b = &w->list[i];

    TRY(omni_ask(s, text, err));
    if (w->how->max_tokens > s->capacity - s->n)
        return FAIL(err, "%zu new tokens do not fit: %zu of %zu are taken",
                    w->how->max_tokens, s->n, s->capacity);
    TRY(open_branch(w, b, s->n - w->base + w->how->max_tokens, err));
    keep_tokens(w, b);
    keep_cache(w, b);
    memcpy(b->logits, s->at.logits,
           s->omni->config.text.vocab * sizeof *b->logits);
    return ASID_OK;
}

/* --- tokens ---------------------------------------------------------------- */

static enum asid_rc end_answer(struct answers *w, size_t i,
                               struct asid_err *err)
{
    w->list[i].ended = true;
    return w->told.answered ? w->told.answered(w->told.user, i, err) : ASID_OK;
}

/* The next token of an answer; it is a row of the next step unless it is the
 * last one. */
static enum asid_rc next_token(struct answers *w, size_t i,
                               struct asid_err *err)
{
    struct omni_session *s = w->s;
    struct branch *b = &w->list[i];
    int32_t id = 0;

    put_tokens(w, b);
    TRY(generate_next(s, w->how, &b->random, w->space, &id, err));
    TRY(session_append(s, &id, 1, TOKEN_ANSWER, err));
    bpe_ids_add(&w->ids[i], id);
    if (w->told.on_token && w->told.on_token(w->told.user, id) != 0)
        return asid_fail(err, ASID_STOPPED, NULL, "stopped");
    if (generate_stops(s, w->how, id) || ++b->answered == w->how->max_tokens)
        return end_answer(w, i, err);
    keep_tokens(w, b);
    w->row[w->rows++] = b;
    return ASID_OK;
}

/* The newest token of a branch into its place, and into its row. */
static void put_row(const struct answers *w, size_t r)
{
    const struct branch *b = w->row[r];
    struct omni_session *s = w->s;
    size_t last = b->n - 1, at = w->base + last;

    s->ids[at] = b->ids[last];
    for (size_t axis = 0; axis < 3; axis++)
        s->positions[axis * s->capacity + at] =
            b->positions[axis * b->room + last];
    decoder_load(s, r, s, at, NULL);
}

/* The newest row of a branch into its cache, and all of that into its place. */
static void put_cache(const struct answers *w, size_t r, size_t layer)
{
    const struct branch *b = w->row[r];
    const struct decoder_scratch *at = &w->s->at;
    size_t kv = kv_width(w->s);

    memcpy(branch_cache(w, b, layer, false, b->n - 1), at->keys + r * kv,
           kv * sizeof *at->keys);
    memcpy(branch_cache(w, b, layer, true, b->n - 1), at->values + r * kv,
           kv * sizeof *at->values);
    memcpy(decoder_keys(w->s, layer, w->base),
           branch_cache(w, b, layer, false, 0), b->n * kv * sizeof *b->kv);
    memcpy(decoder_values(w->s, layer, w->base),
           branch_cache(w, b, layer, true, 0), b->n * kv * sizeof *b->kv);
}

/* In a turn of its own: between two of them the kernels are others'. */
static void run_rows(struct answers *w)
{
    struct omni_session *s = w->s;
    const struct omni_config *c = &s->omni->config;

    batcher_enter(s);
    for (size_t r = 0; r < w->rows; r++)
        put_row(w, r);
    for (size_t layer = 0; layer < c->text.layers; layer++) {
        decoder_project(s, layer, w->rows, s->at.keys, s->at.values);
        for (size_t r = 0; r < w->rows; r++) {
            put_cache(w, r, layer);
            s->done = w->base + w->row[r]->n - 1;
            decoder_attend(s, r, s, layer, 1);
        }
        decoder_finish(s, layer, w->rows);
    }
    nn_rmsnorm(s->nn, &s->omni->weights->norm, c->text.eps, s->at.x, w->rows,
               s->at.x);
    decoder_logits(s, 0, w->rows);
    for (size_t r = 0; r < w->rows; r++)
        memcpy(w->row[r]->logits, s->at.logits + r * c->text.vocab,
               c->text.vocab * sizeof(float));
    s->computed += w->rows;
    batcher_leave(s);
}

static enum asid_rc answer_all(struct answers *w, struct asid_err *err)
{
    const struct omni_config *c = &w->s->omni->config;

    w->s->work_done = 0;
    w->s->work_total =
        decoder_flops(c, w->base, 1) * (double)w->how->max_tokens;
    do {
        w->rows = 0;
        for (size_t i = 0; i < w->n; i++)
            if (!w->list[i].ended)
                TRY(next_token(w, i, err));
        if (w->rows > 0)
            run_rows(w);
        TRY(session_tick(w->s, decoder_flops(c, w->base, 1), err));
    } while (w->rows > 0);
    return ASID_OK;
}

enum asid_rc omni_generate_each(struct omni_session *s, const struct str *texts,
                                size_t n, const struct omni_sampling *sampling,
                                struct bpe_ids *ids,
                                const struct omni_told *told,
                                struct asid_err *err)
{
    struct answers w = {
        .s = s, .how = sampling, .n = n, .base = s->media_end, .ids = ids};
    struct asid_err ignored;
    enum asid_rc rc;
    void *space = NULL;

    if (n == 0 || n > TOGETHER_MAX)
        return FAIL(err, "%zu answers cannot go together: at most %d", n,
                    TOGETHER_MAX);
    TRY(generate_check(sampling, err));
    rc = generate_space(s, sampling, &space, err);
    w.space = space;
    if (told)
        w.told = *told;
    for (size_t i = 0; rc == ASID_OK && i < n; i++) {
        rc = put_question(&w, i, texts[i], err);
        if (rc == ASID_OK && sampling->max_tokens == 0)
            rc = end_answer(&w, i, err);
    }
    if (rc == ASID_OK)
        rc = answer_all(&w, err);
    s->work_total = 0;
    /* Back to the media: the cache behind them is nobody's. */
    if (w.base && omni_rewind(s, w.base, &ignored) != ASID_OK)
        omni_session_reset(s);
    for (size_t i = 0; i < n; i++)
        close_branch(&w.list[i]);
    free(space);
    return rc;
}
