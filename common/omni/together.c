/*
 * Several timelines decoded together: their next tokens go through the layers
 * as the rows of one matrix, so that the weights are read from memory once for
 * all. What a row becomes does not depend on the others (asid/nn/ops.h): each
 * timeline computes the bits it would compute alone.
 */
#include "run_int.h"

/* One layer; kernels and scratch are the lead's. */
static void run_layer(struct omni_session *lead,
                      struct omni_session *const *list, size_t n, size_t layer)
{
    const struct omni_config *c = &lead->omni->config;
    size_t kv = c->text.kv_heads * c->text.head_dim;
    float *keys = lead->at.keys, *values = lead->at.values;

    decoder_project(lead, layer, n, keys, values);
    for (size_t i = 0; i < n; i++) {
        struct omni_session *s = list[i];

        memcpy(decoder_keys(s, layer, s->done), keys + i * kv,
               kv * sizeof *keys);
        memcpy(decoder_values(s, layer, s->done), values + i * kv,
               kv * sizeof *values);
        decoder_attend(lead, i, s, layer, 1);
    }
    decoder_finish(lead, layer, n);
}

static void run_rows(struct omni_session *lead,
                     struct omni_session *const *list, size_t n)
{
    const struct omni_config *c = &lead->omni->config;

    for (size_t i = 0; i < n; i++)
        decoder_load(lead, i, list[i], list[i]->done, NULL);
    for (size_t layer = 0; layer < c->text.layers; layer++)
        run_layer(lead, list, n, layer);
    nn_rmsnorm(lead->nn, &lead->omni->weights->norm, c->text.eps, lead->at.x, n,
               lead->at.x);
}

/* Hand every timeline its row of logits; the lead's is in place. */
static void hand_out(struct omni_session *lead,
                     struct omni_session *const *list, size_t n)
{
    size_t vocab = lead->omni->config.text.vocab;

    decoder_logits(lead, 0, n);
    for (size_t i = 0; i < n; i++) {
        struct omni_session *s = list[i];

        if (s != lead)
            memcpy(s->at.logits, lead->at.logits + i * vocab,
                   vocab * sizeof *s->at.logits);
        s->done++;
        s->computed++;
        s->logits_at = s->n;
    }
}

void together_step(struct omni_session *const *list, size_t n)
{
    run_rows(list[0], list, n);
    hand_out(list[0], list, n);
}

static enum asid_rc extend_each(struct omni_session *const *s,
                                const int32_t *ids, size_t n,
                                struct asid_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i]->done < s[i]->n)
            TRY(decoder_catch_up(s[i], err));
        TRY(session_append(s[i], &ids[i], 1, TOKEN_PROMPT, err));
    }
    together_step(s, n);
    return session_tick(s[0], 0, err);
}

enum asid_rc omni_extend_each(struct omni_session *const *s, const int32_t *ids,
                              size_t n, struct asid_err *err)
{
    enum asid_rc rc;

    if (n == 0 || n > TOGETHER_MAX)
        return FAIL(err, "%zu timelines cannot go together: at most %d", n,
                    TOGETHER_MAX);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            BUG_IF(s[i] == s[k] || s[i]->omni != s[k]->omni ||
                   s[i]->options.batcher != s[k]->options.batcher);
    batcher_enter(s[0]);
    rc = extend_each(s, ids, n, err);
    batcher_leave(s[0]);
    return rc;
}
