/*
 * Choosing tokens (docs/MODEL.md section 9): repetition penalty, greedy or
 * sampled choice, stop tokens; and log probabilities of given tokens.
 */
#include <math.h>
#include <stdlib.h>

#include "run_int.h"

/* --- scores --------------------------------------------------------------- */

/* Natural logarithm of the sum of exponentials. */
static double log_sum(const float *logits, size_t n)
{
    double top = -HUGE_VAL, sum = 0;

    for (size_t i = 0; i < n; i++)
        top = (double)logits[i] > top ? (double)logits[i] : top;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)logits[i] - top);
    return top + log(sum);
}

/* The first of the largest; n when no score is a number. */
static size_t best_of(const float *scores, size_t n)
{
    size_t best = n;

    for (size_t i = 0; i < n; i++)
        if (isfinite(scores[i]) && (best == n || scores[i] > scores[best]))
            best = i;
    return best;
}

/* A copy of the last logits with every id on the timeline made less likely,
 * once however often it stands there. */
static void penalise(struct omni_session *s, float penalty)
{
    size_t vocab = s->omni->config.text.vocab;
    float *scores = s->at.scores;

    memcpy(scores, s->at.logits, vocab * sizeof *scores);
    memset(s->at.seen, 0, vocab);
    for (size_t i = 0; i < s->n; i++) {
        size_t id = (size_t)s->ids[i];

        if (s->at.seen[id])
            continue;
        s->at.seen[id] = 1;
        scores[id] =
            scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty;
    }
}

/* --- sampling ------------------------------------------------------------- */

/* A stream of numbers from a seed (Steele, Lea and Flood's SplitMix64): the
 * same on every machine, and every seed is a good one. */
static double draw(uint64_t *state)
{
    uint64_t x = *state += 0x9E3779B97F4A7C15U;

    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    x ^= x >> 31;
    return (double)(x >> 11) * 0x1p-53;
}

struct candidate {
    double weight;
    size_t id;
};

static int likelier_first(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Keep the likeliest candidates that together reach top_p; returns how many
 * and their sum. */
static size_t cut_tail(struct candidate *list, size_t n, double top_p,
                       double *sum)
{
    double goal = top_p * *sum, kept = 0;
    size_t i = 0;

    qsort(list, n, sizeof *list, likelier_first);
    while (i < n && (i == 0 || kept < goal))
        kept += list[i++].weight;
    *sum = kept;
    return i;
}

static size_t sample(const float *scores, size_t vocab, size_t best,
                     const struct omni_sampling *how, uint64_t *state,
                     struct candidate *list)
{
    double sum = 0, at;
    size_t n = 0;

    for (size_t i = 0; i < vocab; i++) {
        double gap = (double)scores[i] - (double)scores[best];
        double weight = exp(gap / (double)how->temperature);

        if (!(weight > 0))
            continue;
        list[n++] = (struct candidate){weight, i};
        sum += weight;
    }
    if (how->top_p < 1)
        n = cut_tail(list, n, (double)how->top_p, &sum);
    at = draw(state) * sum;
    for (size_t i = 0; i < n; i++) {
        at -= list[i].weight;
        if (at < 0)
            return list[i].id;
    }
    return list[n - 1].id;
}

/* --- generating ----------------------------------------------------------- */

bool generate_stops(const struct omni_session *s,
                    const struct omni_sampling *how, int32_t id)
{
    bool stop = id == s->omni->config.stop_id;

    for (size_t i = 0; i < how->n_stop; i++)
        stop = stop || how->stop[i] == id;
    return stop;
}

enum asid_rc generate_check(const struct omni_sampling *how,
                            struct asid_err *err)
{
    if (!(how->repetition_penalty > 0) || !isfinite(how->repetition_penalty))
        return USAGE(err, "repetition penalty must be positive");
    if (!(how->temperature >= 0) || !isfinite(how->temperature))
        return USAGE(err, "temperature must not be negative");
    if (!(how->top_p >= 0 && how->top_p <= 1))
        return USAGE(err, "top-p must lie between 0 and 1");
    return ASID_OK;
}

enum asid_rc generate_space(const struct omni_session *s,
                            const struct omni_sampling *how, void **space,
                            struct asid_err *err)
{
    *space = NULL;
    if (!(how->temperature > 0))
        return ASID_OK;
    return mem_big(space, s->omni->config.text.vocab, sizeof(struct candidate),
                   err);
}

enum asid_rc generate_next(struct omni_session *s,
                           const struct omni_sampling *how, uint64_t *state,
                           struct candidate *list, int32_t *id,
                           struct asid_err *err)
{
    size_t vocab = s->omni->config.text.vocab, best;

    penalise(s, how->repetition_penalty);
    best = best_of(s->at.scores, vocab);
    if (best == vocab)
        return FAIL(err, "the model's scores after %zu tokens are no numbers",
                    s->n);
    if (how->temperature > 0)
        best = sample(s->at.scores, vocab, best, how, state, list);
    *id = (int32_t)best;
    return ASID_OK;
}

/* The logits after an answer's newest token: alone, or together with whatever
 * else is generated. */
static enum asid_rc compute_next(struct omni_session *s, struct asid_err *err)
{
    if (s->logits_at == s->n)
        return ASID_OK;
    if (!s->options.batcher)
        return decoder_catch_up(s, err);
    batcher_step(s);
    return session_tick(s, decoder_flops(&s->omni->config, s->done, 1), err);
}

/* What omni_generate fills. */
struct generating {
    const struct omni_sampling *how;
    struct candidate *space;
    struct bpe_ids *ids;
    int (*on_token)(void *user, int32_t id);
    void *user;
};

static enum asid_rc generate_all(struct omni_session *s,
                                 const struct generating *w,
                                 struct asid_err *err)
{
    uint64_t state = w->how->seed;

    for (size_t i = 0; i < w->how->max_tokens; i++) {
        int32_t id = 0;

        TRY(compute_next(s, err));
        TRY(generate_next(s, w->how, &state, w->space, &id, err));
        TRY(session_append(s, &id, 1, TOKEN_ANSWER, err));
        bpe_ids_add(w->ids, id);
        if (w->on_token && w->on_token(w->user, id) != 0)
            return asid_fail(err, ASID_STOPPED, NULL, "stopped");
        if (generate_stops(s, w->how, id))
            break;
    }
    return ASID_OK;
}

enum asid_rc omni_generate(struct omni_session *s,
                           const struct omni_sampling *sampling,
                           struct bpe_ids *ids,
                           int (*on_token)(void *user, int32_t id), void *user,
                           struct asid_err *err)
{
    const struct omni_config *c = &s->omni->config;
    struct generating w = {sampling, NULL, ids, on_token, user};
    enum asid_rc rc;
    void *space;

    TRY(generate_check(sampling, err));
    if (sampling->max_tokens > s->capacity - s->n)
        return FAIL(err, "%zu new tokens do not fit: %zu of %zu are taken",
                    sampling->max_tokens, s->n, s->capacity);
    s->work_done = 0;
    s->work_total = decoder_flops(c, s->n, 1) * (double)sampling->max_tokens;
    rc = generate_space(s, sampling, &space, err);
    w.space = space;
    if (rc == ASID_OK && sampling->max_tokens > 0)
        rc = session_catch_up(s, err);
    if (rc == ASID_OK) {
        batcher_begin(s);
        rc = generate_all(s, &w, err);
        batcher_end(s);
    }
    free(space);
    s->work_total = 0;
    return rc;
}

/* --- scoring -------------------------------------------------------------- */

/* The five likeliest, the lower id first among equals; id -1 where there are
 * fewer. */
static void find_top(const float *logits, size_t vocab, double total,
                     struct omni_top top[5])
{
    size_t n = 0;

    for (int i = 0; i < 5; i++)
        top[i] = (struct omni_top){-1, -INFINITY};
    for (size_t id = 0; id < vocab; id++) {
        size_t at = n;

        if (!isfinite(logits[id]))
            continue;
        while (at > 0 && logits[id] > top[at - 1].logprob)
            at--;
        if (at == 5)
            continue;
        n += n < 5;
        memmove(&top[at + 1], &top[at], (n - at - 1) * sizeof *top);
        top[at] = (struct omni_top){(int32_t)id, logits[id]};
    }
    for (size_t i = 0; i < n; i++)
        top[i].logprob = (float)((double)top[i].logprob - total);
}

/* What omni_score fills, and how far it is. */
struct scoring {
    const int32_t *ids;
    size_t n, at;
    float *logprobs;
    struct omni_top (*top)[5];
    float *dump; /* [n, vocab] or NULL */
};

/* m rows of logits say how likely the next m ids are. */
static enum asid_rc score_rows(struct omni_session *s, struct scoring *w,
                               size_t m, struct asid_err *err)
{
    size_t vocab = s->omni->config.text.vocab;

    for (size_t i = 0; i < m; i++, w->at++) {
        const float *logits = s->at.logits + i * vocab;
        double total = log_sum(logits, vocab);

        if (!isfinite(total) || !isfinite(logits[(size_t)w->ids[w->at]]))
            return FAIL(err,
                        "the model's scores of answer token %zu are no "
                        "numbers",
                        w->at);
        w->logprobs[w->at] =
            (float)((double)logits[(size_t)w->ids[w->at]] - total);
        if (w->top)
            find_top(logits, vocab, total, w->top[w->at]);
        if (w->dump)
            memcpy(w->dump + w->at * vocab, logits, vocab * sizeof *logits);
    }
    return ASID_OK;
}

/* Every answer token but the last goes through the decoder; the states of
 * each say how likely the one after it is. */
static enum asid_rc score_answer(struct omni_session *s, struct scoring *w,
                                 struct asid_err *err)
{
    TRY(decoder_catch_up(s, err));
    s->logits_at = 0; /* blocks of logits will lie in their place */
    TRY(score_rows(s, w, 1, err));
    TRY(session_append(s, w->ids, w->n, TOKEN_ANSWER, err));
    while (w->at < w->n) {
        size_t m = w->n - w->at;

        m = m < CHUNK_TOKENS ? m : CHUNK_TOKENS;
        TRY(decoder_step(s, m, NULL, err));
        for (size_t row = 0; row < m; row += LOGIT_ROWS) {
            size_t rows = m - row < LOGIT_ROWS ? m - row : LOGIT_ROWS;

            decoder_logits(s, row, rows);
            TRY(score_rows(s, w, rows, err));
        }
    }
    return ASID_OK;
}

enum asid_rc omni_score(struct omni_session *s, const int32_t *ids, size_t n,
                        float *logprobs, struct omni_top (*top)[5],
                        struct asid_err *err)
{
    struct scoring w = {ids, n, 0, logprobs, top, NULL};
    size_t before = s->n, vocab = s->omni->config.text.vocab;
    struct asid_err ignored;
    enum asid_rc rc = ASID_OK;
    void *dump = NULL;

    if (n == 0)
        return ASID_OK;
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (size_t)ids[i] >= vocab)
            return FAIL(err, "token %d is outside the vocabulary of %zu",
                        ids[i], vocab);
    if (s->dump)
        rc = mem_big(&dump, n, vocab * sizeof(float), err);
    w.dump = dump;
    batcher_enter(s);
    if (rc == ASID_OK)
        rc = score_answer(s, &w, err);
    batcher_leave(s);
    if (rc == ASID_OK && dump)
        rc = dump_rows(s, "logits.npy", dump, n, vocab, err);
    if (rc != ASID_OK && omni_rewind(s, before, &ignored) != ASID_OK)
        omni_session_reset(s);
    free(dump);
    return rc;
}
