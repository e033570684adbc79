/*
 * The checkpoint in this process. A clip's media are decoded and computed when
 * the first question comes; every further one goes back to behind them. Records
 * that are worked on at once share the cores: tokens of their answers are made
 * together.
 */
#include <stdlib.h>

#include "answer_int.h"
#include "room.h"
#include "words.h"

struct local {
    struct omni *omni;
    struct omni_batcher *batcher; /* NULL: one record at a time */
    struct room *room;            /* for all of them */
    const char *kernels;          /* the set really used */
    struct words words;
    const char *towers; /* folder for their outputs, or NULL */
    uint64_t towers_bytes;
    bool warned; /* that they cannot be kept */
};

struct timeline {
    struct omni_session *session;
    size_t media;            /* tokens up to the end of the media; 0: none */
    struct omni_plan shared; /* weights and kernels */
    size_t held;             /* bytes promised to it; of these: */
    size_t passing;          /* until the media are computed */
    size_t answers;          /* caches of answers made together */
};

/* --- the model -------------------------------------------------------------- */

static enum asid_rc local_open(struct answerer *m, struct asid_err *err)
{
    struct local *l = arena_alloc(m->cx->arena, sizeof *l);
    const char *dir = opt_text(m->cx, "model");
    bool quantised;

    m->state = l;
    if (!dir)
        return USAGE(err, "--model DIR is needed: a checkpoint folder");
    TRY(ask_kernels(opt_text(m->cx, "kernels"), &l->kernels, err));
    TRY(answer_load(m->cx, dir, &l->omni, err));
    l->room = room_open(m->memory_limit);
    if (opt_int(m->cx, "jobs") != 1)
        TRY(omni_batcher_open(l->omni, l->kernels, m->threads, &l->batcher,
                              err));
    l->towers = answer_towers(m->cx, &l->towers_bytes);
    quantised = omni_is_quantised(l->omni);
    m->model = omni_fingerprint(l->omni);
    /* The prompt itself is hashed, so no version of its set needs to be. */
    m->identity = arena_printf(
        m->cx->arena, "caption/1 model %s kernels %s arithmetic %d%s%s",
        m->model, l->kernels, OMNI_ARITHMETIC, quantised ? " precision " : "",
        quantised ? omni_precision(l->omni) : "");
    return words_find(omni_tokenizer(l->omni), &l->words, err);
}

static void local_close(struct answerer *m)
{
    struct local *l = m->state;

    if (!l)
        return;
    room_close(l->room);
    omni_batcher_close(l->batcher);
    omni_close(l->omni);
    words_release(&l->words);
}

/* --- memory ----------------------------------------------------------------- */

/* One record that is too large is refused, and tried again where there is more
 * memory; a model that is too large for all of them ends the work. */
static enum asid_rc too_large(const struct clip *c,
                              const struct omni_plan *shared,
                              struct asid_err *err)
{
    struct asid_err ignored;

    if (omni_plan_check(shared, 0, c->m->memory_limit, &ignored) != ASID_OK)
        return ASID_FAILED;
    return REJECT(err, "model.memory",
                  "%s; fewer frames (--max-frames) or pixels "
                  "(--total-pixels) take less",
                  arena_strdup(c->job->arena, err->text));
}

static enum asid_rc take_room(const struct clip *c, struct timeline *t,
                              const struct omni_plan *plan,
                              struct asid_err *err)
{
    const struct local *l = c->m->state;
    enum asid_rc rc = room_take(l->room, c->job, plan, err);

    t->shared =
        (struct omni_plan){.weights = plan->weights, .kernels = plan->kernels};
    if (rc == ASID_OK)
        t->held += omni_plan_own(plan);
    return rc == ASID_FAILED ? too_large(c, &t->shared, err) : rc;
}

static void give_room(const struct clip *c, struct timeline *t, size_t bytes)
{
    const struct local *l = c->m->state;

    room_give(l->room, c->job, bytes);
    t->held -= bytes;
}

/* Room for that many tokens. The cache moves, so that for a while there are
 * both. */
static enum asid_rc grow(const struct clip *c, struct timeline *t,
                         size_t capacity, struct asid_err *err)
{
    const struct local *l = c->m->state;
    size_t old = omni_capacity(t->session);
    struct omni_plan plan = t->shared;
    enum asid_rc rc;

    if (capacity <= old)
        return ASID_OK;
    plan.kv_cache = omni_session_bytes(l->omni, capacity);
    TRY(take_room(c, t, &plan, err));
    rc = omni_session_reserve(t->session, capacity, err);
    give_room(c, t,
              rc == ASID_OK ? omni_session_bytes(l->omni, old) : plan.kv_cache);
    return rc;
}

/* Room for the caches of n answers of so many tokens, which are made together. */
static enum asid_rc grow_answers(const struct clip *c, struct timeline *t,
                                 size_t n, size_t tokens, struct asid_err *err)
{
    const struct local *l = c->m->state;
    size_t need = n * omni_cache_bytes(l->omni, tokens);
    struct omni_plan more = t->shared;

    if (need <= t->answers)
        return ASID_OK;
    more.answers = need - t->answers;
    TRY(take_room(c, t, &more, err));
    t->answers = need;
    return ASID_OK;
}

static void local_clip_close(struct clip *c)
{
    struct timeline *t = c->state;

    if (t) {
        omni_session_close(t->session);
        give_room(c, t, t->held);
    }
    c->state = NULL;
}

/* --- timelines -------------------------------------------------------------- */

static struct timeline *timeline_of(struct clip *c)
{
    if (!c->state)
        c->state = arena_alloc(c->job->arena, sizeof(struct timeline));
    return c->state;
}

static enum asid_rc open_inputs(const struct clip *c, struct str prompt,
                                struct omni_inputs **in, struct asid_err *err)
{
    const struct answerer *m = c->m;
    const struct local *l = m->state;
    const struct ask_window window = {c->view.start, c->view.end};
    const struct ask_media media = {
        .video = c->path,
        .name = json_text(json_get(c->job->record, "video")),
        .no_audio = c->view.no_audio,
        .budget = m->budget,
        .window = clip_is_window(&c->view) ? &window : NULL,
    };
    struct ask_notes notes;
    enum asid_rc rc;

    TRY(ask_open_inputs(l->omni, m->system, &media, in, &notes, err));
    if (notes.sound_too_short)
        asid_warn(m->cx, "%s: %s: the sound is too short to be heard",
                  c->job->id, c->path);
    if (notes.sound_truncated)
        asid_warn(m->cx, "%s: %s: only the first %.0f s of sound are heard",
                  c->job->id, c->path, omni_config(l->omni)->audio.max_seconds);
    rc = omni_add_text(*in, prompt, err);
    if (rc == ASID_OK)
        rc = omni_inputs_finish(*in, err);
    if (rc != ASID_OK) {
        omni_inputs_free(*in);
        *in = NULL;
    }
    return rc;
}

/* Room for these inputs and max_new more tokens in each answer. */
static enum asid_rc open_session(const struct clip *c, struct timeline *t,
                                 const struct omni_inputs *in, size_t max_new,
                                 size_t answers, struct asid_err *err)
{
    const struct answerer *m = c->m;
    const struct local *l = m->state;
    struct omni_run_options options = {
        .batcher = l->batcher,
        .kernels = l->kernels,
        .threads = m->threads,
        .capacity = omni_layout(in)->n + max_new + ASK_PROMPT_SLACK,
        .towers = l->towers,
        .towers_bytes = l->towers_bytes,
        .progress = answer_progress,
        .user = (void *)(uintptr_t)m->cx,
    };
    struct omni_plan plan;

    if (t->session)
        return grow(c, t, options.capacity, err);
    omni_plan(l->omni, in, max_new + ASK_PROMPT_SLACK, answers, m->threads,
              &plan);
    TRY(take_room(c, t, &plan, err));
    t->passing = plan.inputs + plan.towers;
    t->answers = plan.answers;
    return omni_session_open(l->omni, &options, &t->session, err);
}

/* The inputs are computed, or will not be. */
static void close_inputs(const struct clip *c, struct timeline *t,
                         struct omni_inputs *in)
{
    omni_inputs_free(in);
    give_room(c, t, t->passing);
    t->passing = 0;
}

/* The media on a timeline of their own; prompt is the one that will be asked
 * first, in so many answers at once. */
static enum asid_rc put_media(struct clip *c, struct str prompt, size_t max_new,
                              size_t answers, struct asid_err *err)
{
    struct timeline *t = timeline_of(c);
    struct local *l = c->m->state;
    struct omni_inputs *in = NULL;
    enum asid_rc rc;

    room_enter(l->room, c->job);
    rc = open_inputs(c, prompt, &in, err);
    if (rc == ASID_OK)
        rc = open_session(c, t, in, max_new, answers, err);
    room_leave(l->room);
    if (rc == ASID_OK)
        rc = omni_prefill_media(t->session, in, err);
    if (rc == ASID_OK) {
        answer_towers_told(c->m->cx, c->job->id, omni_work(t->session),
                           &l->warned);
        t->media = omni_layout(in)->media_end;
        c->work.prefix_tokens += t->media;
    }
    close_inputs(c, t, in);
    if (rc != ASID_OK)
        local_clip_close(c);
    return rc;
}

/* Text alone: every question is a prompt of its own. */
static enum asid_rc put_text(struct clip *c, struct str prompt, size_t max_new,
                             struct asid_err *err)
{
    struct timeline *t = timeline_of(c);
    struct omni_inputs *in = NULL;
    enum asid_rc rc;

    TRY(open_inputs(c, prompt, &in, err));
    rc = open_session(c, t, in, max_new, 1, err);
    if (rc == ASID_OK) {
        omni_session_reset(t->session);
        rc = omni_prefill(t->session, in, err);
    }
    close_inputs(c, t, in);
    return rc;
}

/* The question behind the media, or alone. */
static enum asid_rc put_question(struct clip *c, struct str prompt,
                                 size_t max_new, struct asid_err *err)
{
    const struct local *l = c->m->state;
    struct timeline *t = timeline_of(c);
    uint64_t before;
    size_t n;

    if (!c->path)
        return put_text(c, prompt, max_new, err);
    if (t->media == 0)
        TRY(put_media(c, prompt, max_new, 1, err));
    t = c->state;
    TRY(omni_question_tokens(l->omni, prompt, false, &n, err));
    TRY(grow(c, t, t->media + n + max_new, err));
    before = omni_computed(t->session);
    TRY(omni_ask(t->session, prompt, err));
    c->work.question_tokens += omni_computed(t->session) - before;
    return ASID_OK;
}

/* --- free answers ----------------------------------------------------------- */

static int on_token(void *user, int32_t id)
{
    (void)id;
    return asid_stopping(user);
}

static enum asid_rc make_text(const struct clip *c, const struct bpe_ids *ids,
                              struct answer_text *out, struct asid_err *err)
{
    const struct local *l = c->m->state;
    int32_t stop = omni_config(l->omni)->stop_id;
    bool ended = ids->n && ids->id[ids->n - 1] == stop;
    enum asid_rc rc = ASID_OK;
    struct str trimmed;
    struct buf text;

    buf_init(&text, 16u << 20);
    bpe_decode(omni_tokenizer(l->omni), ids->id, ids->n - ended, true, &text);
    trimmed = str_trim(buf_view(&text));
    out->truncated = !ended;
    if (buf_failed(&text))
        rc = REJECT(err, "model.failed", "the answer is longer than 16 MiB");
    else
        out->text = (struct str){
            arena_strndup(c->job->arena, trimmed.p, trimmed.n), trimmed.n};
    buf_release(&text);
    return rc;
}

static enum asid_rc local_text(struct clip *c, const struct answer_question *q,
                               struct answer_text *out, struct asid_err *err)
{
    struct bpe_ids ids = {NULL, 0, 0};
    struct timeline *t;
    enum asid_rc rc;

    TRY(put_question(c, q->prompt, q->sampling->max_tokens, err));
    t = c->state;
    out->cost.tokens_in = omni_length(t->session);
    rc = omni_generate(t->session, q->sampling, &ids, on_token,
                       (void *)(uintptr_t)c->m->cx, err);
    if (rc == ASID_OK) {
        out->cost.tokens_out = ids.n;
        c->work.answer_tokens += ids.n;
        rc = make_text(c, &ids, out, err);
    }
    bpe_ids_release(&ids);
    return rc;
}

static enum asid_rc one_by_one(struct clip *c, struct answer_question *q,
                               size_t n, struct asid_err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct answer_text out = {.truncated = false};

        TRY(local_text(c, &q[i], &out, err));
        TRY(answer_free(c, &q[i], &out, err));
    }
    return ASID_OK;
}

/* The media, and room behind them for the longest question and its answer. */
static enum asid_rc prepare_answers(struct clip *c,
                                    const struct answer_question *q, size_t n,
                                    size_t tokens[], struct asid_err *err)
{
    const struct local *l = c->m->state;
    size_t max_new = q->sampling->max_tokens, longest = 0;
    struct timeline *t = timeline_of(c);

    for (size_t i = 0; i < n; i++) {
        TRY(omni_question_tokens(l->omni, q[i].prompt, false, &tokens[i], err));
        longest = tokens[i] > tokens[longest] ? i : longest;
    }
    if (t->media == 0)
        TRY(put_media(c, q[longest].prompt, max_new, n, err));
    t = c->state;
    TRY(grow(c, t, t->media + tokens[longest] + max_new, err));
    return grow_answers(c, t, n, tokens[longest] + max_new, err);
}

struct answering {
    struct clip *c;
    struct answer_question *q;
    const size_t *tokens; /* of the questions */
    struct bpe_ids *ids;
};

static int on_token_of_many(void *user, int32_t id)
{
    const struct answering *w = user;

    return on_token((void *)(uintptr_t)w->c->m->cx, id);
}

/* Kept the moment it is there, whatever becomes of the others. */
static enum asid_rc on_text(void *user, size_t i, struct asid_err *err)
{
    const struct answering *w = user;
    const struct timeline *t = w->c->state;
    struct answer_text out = {
        .cost = {.tokens_in = t->media + w->tokens[i],
                 .tokens_out = w->ids[i].n},
    };

    w->c->work.answer_tokens += w->ids[i].n;
    TRY(make_text(w->c, &w->ids[i], &out, err));
    return answer_free(w->c, &w->q[i], &out, err);
}

static enum asid_rc together(struct clip *c, struct answer_question *q,
                             size_t n, struct asid_err *err)
{
    struct bpe_ids ids[OMNI_ANSWERS_MAX] = {{NULL, 0, 0}};
    struct str texts[OMNI_ANSWERS_MAX];
    size_t tokens[OMNI_ANSWERS_MAX];
    struct answering w = {c, q, tokens, ids};
    const struct omni_told told = {on_token_of_many, on_text, &w};
    const struct timeline *t;
    enum asid_rc rc;

    TRY(prepare_answers(c, q, n, tokens, err));
    t = c->state;
    for (size_t i = 0; i < n; i++) {
        texts[i] = q[i].prompt;
        c->work.question_tokens += tokens[i];
    }
    rc = omni_generate_each(t->session, texts, n, q->sampling, ids, &told, err);
    for (size_t i = 0; i < n; i++)
        bpe_ids_release(&ids[i]);
    return rc;
}

/* Text alone has no prefix to share. */
static enum asid_rc local_texts(struct clip *c, struct answer_question *q,
                                size_t n, struct asid_err *err)
{
    if (!c->path)
        return one_by_one(c, q, n, err);
    for (size_t i = 0, m; i < n; i += m) {
        m = n - i < OMNI_ANSWERS_MAX ? n - i : OMNI_ANSWERS_MAX;
        TRY(together(c, q + i, m, err));
    }
    return ASID_OK;
}

/* --- yes/no questions ------------------------------------------------------- */

struct asking {
    struct clip *c;
    struct answer_question *q;
};

static enum asid_rc read_answer(struct clip *c, struct answer_question *q,
                                const float *logits,
                                const struct answer_cost *cost,
                                struct asid_err *err)
{
    const struct local *l = c->m->state;
    double p, mass;

    TRY(words_read(&l->words, logits, omni_config(l->omni)->text.vocab, &p,
                   &mass, err));
    return answer_yes(c, q, p, mass, cost, err);
}

static enum asid_rc on_answer(void *user, const struct omni_asked *asked,
                              struct asid_err *err)
{
    const struct asking *a = user;
    const struct local *l = a->c->m->state;
    const struct timeline *t = a->c->state;
    struct answer_question *q = &a->q[asked->index];
    struct answer_cost cost = {.prefix_tokens = t->media};
    size_t stem;

    TRY(omni_question_tokens(l->omni, (struct str){q->prompt.p, q->stem}, true,
                             &stem, err));
    cost.stem_tokens = stem < asked->tokens ? stem : 0;
    cost.tokens_in = asked->tokens - cost.stem_tokens;
    return read_answer(a->c, q, asked->logits, &cost, err);
}

static enum asid_rc ask_together(struct clip *c, struct answer_question *q,
                                 size_t n, struct asid_err *err)
{
    const struct local *l = c->m->state;
    struct timeline *t = timeline_of(c);
    struct str *texts = arena_array(c->job->arena, n, sizeof *texts);
    struct asking a = {c, q};
    size_t longest = 0, tokens, at = 0;
    enum asid_rc rc;
    uint64_t before;

    for (size_t i = 0; i < n; i++) {
        texts[i] = q[i].prompt;
        TRY(omni_question_tokens(l->omni, texts[i], false, &tokens, err));
        at = tokens > longest ? i : at;
        longest = tokens > longest ? tokens : longest;
    }
    if (t->media == 0)
        TRY(put_media(c, texts[at], 0, 1, err));
    t = c->state;
    TRY(grow(c, t, t->media + longest, err));
    before = omni_computed(t->session);
    rc = omni_ask_each(t->session, texts, n, on_answer, &a, err);
    c->work.question_tokens += omni_computed(t->session) - before;
    return rc;
}

static enum asid_rc local_yes(struct clip *c, struct answer_question *q,
                              size_t n, struct asid_err *err)
{
    if (c->path)
        return ask_together(c, q, n, err);
    for (size_t i = 0; i < n; i++) {
        struct answer_cost cost = {0, 0, 0, 0};
        struct timeline *t;
        const float *logits;

        TRY(put_text(c, q[i].prompt, 0, err));
        t = c->state;
        cost.tokens_in = omni_length(t->session);
        c->work.question_tokens += cost.tokens_in;
        logits = omni_logits(t->session);
        if (!logits)
            return asid_fail(err, ASID_STOPPED, NULL, "stopped");
        TRY(read_answer(c, &q[i], logits, &cost, err));
    }
    return ASID_OK;
}

const struct answer_backend answer_local = {
    .open = local_open,
    .close = local_close,
    .text = local_text,
    .texts = local_texts,
    .yes = local_yes,
    .clip_close = local_clip_close,
};
