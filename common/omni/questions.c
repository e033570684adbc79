/*
 * Several questions about the same media.
 *
 * The media are on the timeline already. What the questions begin with alike is
 * computed once behind them; then the own parts of many questions go through
 * the layers together, as rows of one matrix. Each own part attends to the
 * cache of the shared part and to itself: before it does, its keys and values
 * are put where the cache goes on, in place of those of the question before.
 * Nothing of the shared part is ever copied.
 *
 * Every row becomes what it would become alone, to the last bit: from
 * ALONE_ROWS on a row does not depend on the number of rows beside it
 * (asid/nn/ops.h), and keys lie where they would lie. Questions that cannot be
 * cut into parts of that size go alone.
 */
#include <stdlib.h>

#include "run_int.h"

struct question {
    struct bpe_ids ids;
    bool alone;
};

struct questions {
    struct omni_session *s;
    struct question *list;
    size_t n;
    size_t shared; /* tokens that all that are not alone begin with */
    omni_answer answer;
    void *user;
};

/* Questions that go through the layers together. */
struct group {
    size_t index[CHUNK_TOKENS / ALONE_ROWS]; /* into the list */
    size_t n, rows;
};

enum asid_rc omni_question_tokens(const struct omni *omni, struct str text,
                                  bool stem, size_t *n, struct asid_err *err)
{
    struct bpe_ids ids = {NULL, 0, 0};
    enum asid_rc rc = stem ? bpe_encode(omni->bpe, text, false, &ids, err)
                           : session_encode(omni, text, &ids, err);

    if (rc == ASID_OK)
        *n = ids.n;
    bpe_ids_release(&ids);
    return rc;
}

/* --- planning ------------------------------------------------------------- */

static enum asid_rc encode_all(struct questions *q, const struct str *texts,
                               struct asid_err *err)
{
    for (size_t i = 0; i < q->n; i++)
        TRY(session_encode(q->s->omni, texts[i], &q->list[i].ids, err));
    return ASID_OK;
}

static size_t same_tokens(const struct bpe_ids *a, const struct bpe_ids *b,
                          size_t most)
{
    size_t n = 0;

    while (n < most && n < a->n && n < b->n && a->id[n] == b->id[n])
        n++;
    return n;
}

/* How much is computed once. Every own part keeps ALONE_ROWS tokens, and the
 * shared part has as many or none. */
static size_t find_shared(const struct questions *q)
{
    const struct question *first = NULL;
    size_t shared = 0;

    for (size_t i = 0; i < q->n; i++) {
        const struct question *each = &q->list[i];

        if (each->alone)
            continue;
        if (!first)
            shared = each->ids.n;
        first = first ? first : each;
        shared = same_tokens(&first->ids, &each->ids, shared);
        if (shared > each->ids.n - ALONE_ROWS)
            shared = each->ids.n - ALONE_ROWS;
    }
    return shared < ALONE_ROWS ? 0 : shared;
}

/* Parts that are too short take other kernels; parts that are too long have
 * no room beside others. */
static void plan(struct questions *q)
{
    size_t most = decoder_rows(q->s->capacity), together = 0;

    for (size_t i = 0; i < q->n; i++)
        q->list[i].alone = q->list[i].ids.n < ALONE_ROWS;
    q->shared = find_shared(q);
    for (size_t i = 0; i < q->n; i++) {
        struct question *each = &q->list[i];

        each->alone = each->alone || each->ids.n - q->shared > most;
        together += !each->alone;
    }
    for (size_t i = 0; i < q->n && together < 2; i++)
        q->list[i].alone = true;
}

/* --- together ------------------------------------------------------------- */

static const int32_t *own_ids(const struct questions *q, size_t index,
                              size_t *n)
{
    *n = q->list[index].ids.n - q->shared;
    return q->list[index].ids.id + q->shared;
}

/* Embeddings and angles of an own part from `row` on: it is put onto the
 * timeline for as long as that takes. */
static enum asid_rc load_rows(const struct questions *q, size_t index,
                              size_t row, struct asid_err *err)
{
    struct omni_session *s = q->s;
    size_t base = s->n, n;
    const int32_t *ids = own_ids(q, index, &n);

    TRY(session_append(s, ids, n, TOKEN_PROMPT, err));
    for (size_t i = 0; i < n; i++)
        decoder_load(s, row + i, s, base + i, NULL);
    return omni_rewind(s, base, err);
}

static void run_layer(const struct questions *q, const struct group *g,
                      size_t layer)
{
    struct omni_session *s = q->s;
    const struct omni_config *c = &s->omni->config;
    size_t kv = c->text.kv_heads * c->text.head_dim, row = 0, n;

    decoder_project(s, layer, g->rows, s->at.keys, s->at.values);
    for (size_t i = 0; i < g->n; i++, row += n) {
        (void)own_ids(q, g->index[i], &n);
        memcpy(decoder_keys(s, layer, s->done), s->at.keys + row * kv,
               n * kv * sizeof(float));
        memcpy(decoder_values(s, layer, s->done), s->at.values + row * kv,
               n * kv * sizeof(float));
        decoder_attend(s, row, s, layer, n);
    }
    decoder_finish(s, layer, g->rows);
}

/* The states of the last tokens to the front, then their logits. */
static enum asid_rc answer_group(const struct questions *q,
                                 const struct group *g, struct asid_err *err)
{
    struct omni_session *s = q->s;
    const struct omni_config *c = &s->omni->config;
    size_t h = c->text.hidden, row = 0, n;

    for (size_t i = 0; i < g->n; i++) {
        (void)own_ids(q, g->index[i], &n);
        row += n;
        memmove(s->at.x + i * h, s->at.x + (row - 1) * h, h * sizeof(float));
    }
    nn_rmsnorm(s->nn, &s->omni->weights->norm, c->text.eps, s->at.x, g->n,
               s->at.x);
    for (size_t i = 0; i < g->n; i += TOGETHER_MAX) {
        size_t m = g->n - i;

        m = m < TOGETHER_MAX ? m : TOGETHER_MAX;
        decoder_logits(s, i, m);
        for (size_t k = 0; k < m; k++) {
            struct omni_asked asked = {
                .index = g->index[i + k],
                .logits = s->at.logits + k * c->text.vocab,
                .tokens = q->list[g->index[i + k]].ids.n,
            };

            TRY(q->answer(q->user, &asked, err));
        }
    }
    return ASID_OK;
}

static enum asid_rc run_group(const struct questions *q, const struct group *g,
                              struct asid_err *err)
{
    struct omni_session *s = q->s;
    const struct omni_config *c = &s->omni->config;
    double flops = decoder_flops(c, s->done, g->rows) / (double)c->text.layers;
    size_t row = 0, n;

    for (size_t i = 0; i < g->n; i++, row += n) {
        (void)own_ids(q, g->index[i], &n);
        TRY(load_rows(q, g->index[i], row, err));
    }
    for (size_t layer = 0; layer < c->text.layers; layer++) {
        run_layer(q, g, layer);
        TRY(session_tick(s, flops, err));
    }
    s->computed += g->rows;
    return answer_group(q, g, err);
}

static enum asid_rc run_together(const struct questions *q,
                                 struct asid_err *err)
{
    struct omni_session *s = q->s;
    size_t most = decoder_rows(s->capacity), first = 0;
    struct group g = {.n = 0};

    while (first < q->n && q->list[first].alone)
        first++;
    if (first == q->n)
        return ASID_OK;
    TRY(session_append(s, q->list[first].ids.id, q->shared, TOKEN_PROMPT, err));
    TRY(decoder_run(s, s->n, NULL, err));
    s->logits_at = 0; /* those of the questions will lie in their place */
    for (size_t i = first; i < q->n; i++) {
        size_t rows;

        if (q->list[i].alone)
            continue;
        (void)own_ids(q, i, &rows);
        if (g.rows + rows > most) {
            TRY(run_group(q, &g, err));
            g.n = g.rows = 0;
        }
        g.index[g.n++] = i;
        g.rows += rows;
    }
    return run_group(q, &g, err);
}

/* --- alone ---------------------------------------------------------------- */

static enum asid_rc run_alone(const struct questions *q, size_t base,
                              struct asid_err *err)
{
    struct omni_session *s = q->s;

    for (size_t i = 0; i < q->n; i++) {
        const struct bpe_ids *ids = &q->list[i].ids;
        struct omni_asked asked = {i, NULL, ids->n};

        if (!q->list[i].alone)
            continue;
        TRY(omni_rewind(s, base, err));
        TRY(omni_extend(s, ids->id, ids->n, err));
        asked.logits = s->at.logits;
        TRY(q->answer(q->user, &asked, err));
    }
    return ASID_OK;
}

enum asid_rc omni_ask_each(struct omni_session *s, const struct str *texts,
                           size_t n, omni_answer answer, void *user,
                           struct asid_err *err)
{
    struct questions q = {.s = s, .n = n, .answer = answer, .user = user};
    size_t base = s->media_end;
    struct asid_err ignored;
    enum asid_rc rc;
    void *list;

    if (base == 0)
        return FAIL(err, "the timeline holds no media to ask about");
    TRY(mem_big(&list, n, sizeof *q.list, err));
    q.list = list;
    rc = encode_all(&q, texts, err);
    if (rc == ASID_OK)
        rc = omni_rewind(s, base, err);
    batcher_enter(s);
    if (rc == ASID_OK) {
        plan(&q);
        rc = run_together(&q, err);
    }
    if (rc == ASID_OK)
        rc = run_alone(&q, base, err);
    batcher_leave(s);
    /* Back to the media: the cache behind them is nobody's. */
    if (omni_rewind(s, base, &ignored) != ASID_OK)
        omni_session_reset(s);
    for (size_t i = 0; i < n; i++)
        bpe_ids_release(&q.list[i].ids);
    free(q.list);
    return rc;
}
