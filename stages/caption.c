/*
 * asid-caption: run a captioner over each video and add what it says as one
 * entry of `sources`.
 *
 * A question is a prompt about one clip. Its reply is kept in the ledger under
 * a hash of everything that decides it (model, prompt, media, budget,
 * sampling), so a rerun asks nothing twice and needs no media for what was
 * answered. The clip is put through the towers once per record; further
 * questions share its prefix.
 */
#include "asid/ask/ask.h"
#include "asid/ask/prompts.h"
#include "asid/base/file.h"
#include "asid/base/hash.h"
#include "asid/data/json.h"
#include "asid/kit/stage.h"
#include "asid/ledger/ledger.h"
#include "asid/omni/omni.h"

#include <stdlib.h>
#include <unistd.h>

struct caption {
    struct omni *omni;
    const struct prompts *prompts;
    const char *name; /* of this captioner in sources */
    const char *set;
    bool single; /* one question per attribute */
    const char *attributes[ATTRIBUTES];
    size_t n_attributes;
    struct omni_budget budget;
    struct omni_sampling sampling;
    unsigned threads;
    const char *kernels; /* the set really used, for the hash */
    const char *identity;
};

/* One question about one clip. */
struct question {
    const char *attribute; /* NULL: the whole caption */
    struct str prompt;
    char request[HASH_HEX];
    struct ledger_reply reply; /* its text is JSON, once answered */
};

/* The running session of one record, opened when the first unanswered question
 * comes. */
struct timeline {
    struct omni_inputs *inputs;
    struct omni_session *session;
};

static void read_budget(const struct asid_cx *cx, struct omni_budget *b)
{
    *b = OMNI_BUDGET_DEFAULT;
    b->fps = opt_real(cx, "fps");
    b->min_frames = (uint32_t)opt_int(cx, "min-frames");
    b->max_frames = (uint32_t)opt_int(cx, "max-frames");
    b->min_pixels = opt_real(cx, "min-pixels");
    b->max_pixels = opt_real(cx, "max-pixels");
    b->total_pixels = opt_real(cx, "total-pixels");
}

static void read_sampling(const struct asid_cx *cx, struct omni_sampling *s)
{
    s->max_tokens = (size_t)opt_int(cx, "max-tokens");
    s->repetition_penalty = (float)opt_real(cx, "repetition-penalty");
    s->temperature = (float)opt_real(cx, "temperature");
    s->top_p = (float)opt_real(cx, "top-p");
    s->seed = (uint64_t)opt_int(cx, "seed");
}

/* Chosen attributes in the contract's order, each once; none chosen: all. */
static void read_attributes(const struct asid_cx *cx, struct caption *c)
{
    size_t given = opt_count(cx, "attributes");

    for (size_t k = 0; k < ATTRIBUTES; k++) {
        bool chosen = given == 0;

        for (size_t i = 0; i < given; i++)
            chosen |=
                strcmp(opt_nth(cx, "attributes", i), attribute_keys[k]) == 0;
        if (chosen)
            c->attributes[c->n_attributes++] = attribute_keys[k];
    }
}

/* The last name of the folder's path; where that names no folder by itself
 * ("." and the like), of the folder it stands for. */
static const char *model_name(struct arena *a, const char *dir)
{
    size_t n = strlen(dir);
    const char *base;
    char *real;

    while (n > 1 && dir[n - 1] == '/')
        n--;
    base = path_base(arena_strndup(a, dir, n));
    if (*base && strcmp(base, ".") != 0 && strcmp(base, "..") != 0)
        return base;
    real = realpath(dir, NULL);
    base = real && *path_base(real) ? arena_strdup(a, path_base(real)) : dir;
    free(real);
    return base;
}

/* Attributes that no prompt would ask for. */
static enum asid_rc check_attributes(const struct asid_cx *cx,
                                     const struct caption *c,
                                     struct asid_err *err)
{
    const char *prompt = opt_text(cx, "prompt");

    if (!c->single && prompt && opt_count(cx, "attributes") &&
        !strstr(prompt, "{attr}"))
        return USAGE(err, "--attributes: --prompt has no {attr} to put them "
                          "in");
    return ASID_OK;
}

static enum asid_rc caption_open(struct asid_cx *cx, struct asid_err *err)
{
    struct caption *c = cx->state;
    const char *dir = opt_text(cx, "model");
    int64_t jobs = opt_int(cx, "jobs");
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (!dir)
        return USAGE(err, "--model DIR is needed: a checkpoint folder");
    c->name = opt_text(cx, "name");
    if (c->name && !*c->name)
        return USAGE(err, "--name: a captioner needs a name");
    if (!c->name)
        c->name = model_name(cx->arena, dir);
    c->set = opt_text(cx, "prompts");
    c->single = strcmp(c->set, "single-attribute") == 0;
    TRY(check_attributes(cx, c, err));
    read_attributes(cx, c);
    read_budget(cx, &c->budget);
    read_sampling(cx, &c->sampling);
    /* Records at once share the cores unless --threads says otherwise. */
    c->threads = (unsigned)opt_int(cx, "threads");
    if (c->threads == 0 && jobs != 1)
        c->threads = jobs > 0 && cores > jobs ? (unsigned)(cores / jobs) : 1;
    TRY(prompts_load(cx->arena, &c->prompts, err));
    TRY(ask_kernels(opt_text(cx, "kernels"), &c->kernels, err));
    TRY(omni_open(dir, &c->omni, err));
    c->identity =
        arena_printf(cx->arena, "caption/1 model %s kernels %s prompts %lld",
                     omni_fingerprint(c->omni), c->kernels,
                     (long long)prompts_version(c->prompts));
    return ASID_OK;
}

static void caption_close(struct asid_cx *cx)
{
    struct caption *c = cx->state;

    omni_close(c->omni);
}

static const char *caption_identity(const struct asid_cx *cx)
{
    const struct caption *c = cx->state;

    /* The name is part of the record, but of no question. */
    return arena_printf(cx->arena, "%s name %s", c->identity, c->name);
}

/* --- questions ---------------------------------------------------------- */

/* Everything that decides the reply, as canonical JSON, hashed. */
static void hash_request(const struct asid_job *job, const char *media,
                         struct question *q)
{
    const struct caption *c = job->cx->state;
    struct arena *a = job->arena;
    struct json *r = json_new_object(a);
    const char *system = opt_text(job->cx, "system");
    struct buf text;

    json_set_text(a, r, "identity", c->identity);
    json_set_text(a, r, "system", system ? system : OMNI_SYSTEM_DEFAULT);
    json_set(a, r, "prompt", json_new_str(a, q->prompt));
    json_set_text(a, r, "media", media);
    json_set_bool(a, r, "audio", !opt_bool(job->cx, "no-audio"));
    json_set_f64(a, r, "fps", c->budget.fps);
    json_set_i64(a, r, "min_frames", c->budget.min_frames);
    json_set_i64(a, r, "max_frames", c->budget.max_frames);
    json_set_f64(a, r, "min_pixels", c->budget.min_pixels);
    json_set_f64(a, r, "max_pixels", c->budget.max_pixels);
    json_set_f64(a, r, "total_pixels", c->budget.total_pixels);
    json_set_i64(a, r, "max_tokens", (int64_t)c->sampling.max_tokens);
    json_set_f64(a, r, "repetition_penalty",
                 (double)c->sampling.repetition_penalty);
    json_set_f64(a, r, "temperature", (double)c->sampling.temperature);
    json_set_f64(a, r, "top_p", (double)c->sampling.top_p);
    json_set_i64(a, r, "seed", (int64_t)c->sampling.seed);
    buf_init(&text, SIZE_MAX / 2);
    json_write(&text, r);
    hash_text(buf_view(&text), q->request);
    buf_release(&text);
}

static enum asid_rc make_questions(struct asid_job *job, const char *media,
                                   struct question **out, size_t *n,
                                   struct asid_err *err)
{
    const struct caption *c = job->cx->state;
    size_t count = c->single ? c->n_attributes : 1;
    struct question *q = arena_array(job->arena, count, sizeof *q);
    struct prompt_request request = {
        .set = c->set,
        .override = opt_text(job->cx, "prompt"),
        .attributes = c->attributes,
        .n_attributes = c->n_attributes,
        .id = job->id,
        .seed = c->sampling.seed,
    };

    /* Several attributes in one answer: the single-attribute wording with a
     * list, as the published attribute control does it. */
    if (!c->single && opt_count(job->cx, "attributes") &&
        strcmp(c->set, "all-attributes") == 0)
        request.set = "single-attribute";
    for (size_t i = 0; i < count; i++) {
        if (c->single) {
            q[i].attribute = c->attributes[i];
            request.attributes = &c->attributes[i];
            request.n_attributes = 1;
        }
        TRY(prompt_text(c->prompts, job->arena, &request, &q[i].prompt, err));
        hash_request(job, media, &q[i]);
    }
    *out = q;
    *n = count;
    return ASID_OK;
}

/* --- asking ------------------------------------------------------------- */

static int on_progress(void *user, double done)
{
    (void)done;
    return asid_stopping(user);
}

static int on_token(void *user, int32_t id)
{
    (void)id;
    return asid_stopping(user);
}

/* Decode the media, plan the memory, open the session. */
static enum asid_rc open_timeline(struct asid_job *job, const char *path,
                                  struct str prompt, struct timeline *t,
                                  struct asid_err *err)
{
    const struct asid_cx *cx = job->cx;
    const struct caption *c = cx->state;
    struct ask_media media = {
        .video = path,
        .no_audio = opt_bool(cx, "no-audio"),
        .budget = c->budget,
    };
    struct omni_run_options options = {
        .kernels = c->kernels,
        .threads = c->threads,
        .progress = on_progress,
        .user = (void *)(uintptr_t)cx,
    };
    struct ask_notes notes;
    struct omni_plan plan;
    double gib = opt_real(cx, "memory");

    TRY(ask_open_inputs(c->omni, opt_text(cx, "system"), &media, &t->inputs,
                        &notes, err));
    if (notes.sound_too_short)
        asid_warn(cx, "%s: %s: the sound is too short to be heard", job->id,
                  path);
    if (notes.sound_truncated)
        asid_warn(cx, "%s: %s: only the first %.0f s of sound are heard",
                  job->id, path, omni_config(c->omni)->audio.max_seconds);
    TRY(omni_add_text(t->inputs, prompt, err));
    TRY(omni_inputs_finish(t->inputs, err));
    omni_plan(c->omni, t->inputs, c->sampling.max_tokens, c->threads, &plan);
    TRY(omni_plan_check(&plan, (size_t)(gib * 1073741824.0), err));
    options.capacity =
        omni_layout(t->inputs)->n + c->sampling.max_tokens + ASK_PROMPT_SLACK;
    return omni_session_open(c->omni, &options, &t->session, err);
}

static void close_timeline(struct timeline *t)
{
    omni_session_close(t->session);
    omni_inputs_free(t->inputs);
    *t = (struct timeline){NULL, NULL};
}

/* The reply as it is kept in the ledger. */
static enum asid_rc make_reply(struct asid_job *job, const struct bpe_ids *ids,
                               struct ledger_reply *reply, struct asid_err *err)
{
    const struct caption *c = job->cx->state;
    int32_t stop = omni_config(c->omni)->stop_id;
    bool ended = ids->n && ids->id[ids->n - 1] == stop;
    struct json *r = json_new_object(job->arena);
    enum asid_rc rc = ASID_OK;
    struct buf text;

    buf_init(&text, 16u << 20);
    bpe_decode(omni_tokenizer(c->omni), ids->id, ids->n - ended, true, &text);
    json_set(job->arena, r, "text",
             json_new_str(job->arena, str_trim(buf_view(&text))));
    json_set_i64(job->arena, r, "tokens", (int64_t)ids->n);
    json_set_bool(job->arena, r, "truncated", !ended);
    buf_reset(&text);
    json_write(&text, r);
    if (buf_failed(&text))
        rc = REJECT(err, "model.failed", "the answer is longer than 16 MiB");
    else
        reply->text =
            (struct str){arena_strndup(job->arena, text.p, text.n), text.n};
    buf_release(&text);
    return rc;
}

static enum asid_rc ask_model(struct asid_job *job, const char *path,
                              struct question *q, struct timeline *t,
                              struct asid_err *err)
{
    const struct caption *c = job->cx->state;
    enum asid_rc rc = ASID_OK;
    struct bpe_ids ids = {NULL, 0, 0};

    if (t->session) {
        rc = omni_ask(t->session, q->prompt, err);
    } else {
        rc = open_timeline(job, path, q->prompt, t, err);
        if (rc == ASID_OK)
            rc = omni_prefill(t->session, t->inputs, err);
    }
    if (rc == ASID_OK)
        q->reply.tokens_in = omni_length(t->session);
    if (rc == ASID_OK)
        rc = omni_generate(t->session, &c->sampling, &ids, on_token,
                           (void *)(uintptr_t)job->cx, err);
    if (rc == ASID_OK) {
        q->reply.tokens_out = ids.n;
        rc = make_reply(job, &ids, &q->reply, err);
    }
    bpe_ids_release(&ids);
    return rc;
}

static enum asid_rc answer(struct asid_job *job, const char *path,
                           struct question *q, struct timeline *t,
                           struct asid_err *err)
{
    const struct caption *c = job->cx->state;
    struct ledger *ledger = job->cx->ledger;
    bool found = false;

    if (ledger)
        TRY(ledger_reply_get(ledger, q->request, job->arena, &found, &q->reply,
                             err));
    if (!found) {
        TRY(ask_model(job, path, q, t, err));
        if (ledger)
            TRY(ledger_reply_put(ledger, q->request, omni_fingerprint(c->omni),
                                 &q->reply, err));
    }
    job->tokens_in += q->reply.tokens_in;
    job->tokens_out += q->reply.tokens_out;
    return ASID_OK;
}

/* --- the record --------------------------------------------------------- */

/* The entry of `sources` with this captioner's name is replaced, else added. */
static void put_source(struct asid_job *job, struct json *source)
{
    const struct caption *c = job->cx->state;
    struct json *old = json_get(job->record, "sources");
    struct json *list = json_new_array(job->arena);
    bool placed = false;

    for (struct json *s = json_first(old), *next; s; s = next) {
        const char *name = json_text(json_get(s, "name"));

        next = json_next(s);
        json_unlink(s);
        if (name && strcmp(name, c->name) == 0) {
            if (!placed)
                json_append(list, source);
            placed = true;
        } else {
            json_append(list, s);
        }
    }
    if (!placed)
        json_append(list, source);
    json_set(job->arena, job->record, "sources", list);
}

static enum asid_rc build_source(struct asid_job *job, const struct question *q,
                                 size_t n, struct asid_err *err)
{
    const struct caption *c = job->cx->state;
    struct arena *a = job->arena;
    struct json *source = json_new_object(a);
    struct json *attributes = json_new_object(a);
    bool truncated = false;

    json_set_text(a, source, "name", c->name);
    for (size_t i = 0; i < n; i++) {
        struct json *reply;
        struct str text;

        TRY(json_parse(a, q[i].reply.text, 0, &reply, err));
        if (json_type(reply) != JSON_OBJECT || !json_get(reply, "text") ||
            json_type(json_get(reply, "text")) != JSON_STRING)
            return FAIL(err, "reply %s in the ledger is malformed",
                        q[i].request);
        text = json_str(json_get(reply, "text"));
        truncated |= json_bool(json_get(reply, "truncated"));
        if (text.n == 0)
            return REJECT(err, "model.failed", "the model's answer is empty");
        if (q[i].attribute)
            json_set(a, attributes, q[i].attribute, json_new_str(a, text));
        else
            json_set(a, source, "caption", json_new_str(a, text));
    }
    if (c->single)
        json_set(a, source, "attributes", attributes);
    json_set_text(a, source, "prompts", c->set);
    json_set_text(a, source, "model", omni_fingerprint(c->omni));
    json_set_bool(a, source, "truncated", truncated);
    put_source(job, source);
    return ASID_OK;
}

/* The hash of what is there now, not of what the record claims: replies are
 * filed under it, and a clip exchanged since ingest must not get the old one's
 * caption. */
static enum asid_rc media_hash(struct asid_job *job, const char *path,
                               char hex[HASH_HEX], struct asid_err *err)
{
    const char *known = json_text(json_path(job->record, "media.sha256"));
    int64_t bytes;

    if (json_i64(json_path(job->record, "media.bytes"), &bytes))
        TRY(ask_same_size(path, bytes, err));
    if (hash_file(path, hex, NULL, err) != ASID_OK)
        return REJECT(err, "media.unreadable", "%s",
                      arena_strdup(job->arena, err->text));
    if (known && strcmp(known, hex) != 0)
        return REJECT(err, "media.changed",
                      "%s: not the file that was ingested: its sha256 is %.12s",
                      path, hex);
    return ASID_OK;
}

static enum asid_rc caption_record(struct asid_job *job, struct asid_err *err)
{
    const char *video = json_text(json_get(job->record, "video"));
    struct timeline t = {NULL, NULL};
    enum asid_rc rc = ASID_OK;
    struct question *q;
    char media[HASH_HEX];
    const char *path;
    size_t n;

    if (!video)
        return REJECT(err, "input.schema", "video: missing");
    path = asid_video_path(job, video);
    TRY(media_hash(job, path, media, err));
    TRY(make_questions(job, media, &q, &n, err));
    for (size_t i = 0; rc == ASID_OK && i < n; i++)
        rc = answer(job, path, &q[i], &t, err);
    close_timeline(&t);
    if (rc != ASID_OK)
        return rc;
    return build_source(job, q, n, err);
}

const struct asid_stage asid_stage = {
    .name = "caption",
    .state_size = sizeof(struct caption),
    .open = caption_open,
    .record = caption_record,
    .close = caption_close,
    .identity = caption_identity,
};
