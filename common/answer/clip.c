/* A record's questions: the ledger first, then the model; accounts. */
#include <math.h>

#include "answer_int.h"

/* --- the clip -------------------------------------------------------------- */

/* The hash of what is there now, not of what the record claims: replies are
 * filed under it, and a clip exchanged since ingest must not get the old one's
 * answers. */
enum asid_rc clip_source(struct asid_job *job, const char **path,
                         char sha256[65], struct asid_err *err)
{
    const char *video = json_text(json_get(job->record, "video"));
    const char *known = json_text(json_path(job->record, "media.sha256"));
    const char *file;
    char hex[HASH_HEX];
    uint64_t size;
    int64_t bytes;

    if (!video)
        return REJECT(err, "input.schema", "video: missing");
    file = asid_video_path(job, video);
    if (hash_file_named(file, video, hex, &size, err) != ASID_OK)
        return REJECT(err, "media.unreadable", "%s",
                      arena_strdup(job->arena, err->text));
    if (json_i64(json_path(job->record, "media.bytes"), &bytes) &&
        (bytes < 0 || (uint64_t)bytes != size))
        return REJECT(err, "media.changed",
                      "%s: not the file that was ingested: it has %llu bytes",
                      video, (unsigned long long)size);
    if (known && strcmp(known, hex) != 0)
        return REJECT(err, "media.changed",
                      "%s: not the file that was ingested: its sha256 is %.12s",
                      video, hex);
    memcpy(sha256, hex, sizeof hex);
    *path = file;
    return ASID_OK;
}

enum asid_rc clip_open(struct answerer *m, struct asid_job *job,
                       const char *path, const char *sha256,
                       const struct clip_view *view, struct clip **out,
                       struct asid_err *err)
{
    struct clip *c = arena_alloc(job->arena, sizeof *c);

    BUG_IF((path == NULL) != (sha256 == NULL));
    c->m = m;
    c->job = job;
    c->path = path;
    c->sha256 = sha256 ? arena_strdup(job->arena, sha256) : NULL;
    c->view = view ? *view : (struct clip_view){NAN, NAN, false};
    c->view.no_audio = c->view.no_audio || m->no_audio;
    if (clip_is_window(&c->view) &&
        !(c->view.start < c->view.end && isfinite(c->view.end - c->view.start)))
        return FAIL(err, "no window: from %g s to %g s", c->view.start,
                    c->view.end);
    *out = c;
    return ASID_OK;
}

void clip_close(struct clip *c)
{
    if (c)
        c->m->backend->clip_close(c);
}

const struct clip_work *clip_work(const struct clip *c)
{
    return &c->work;
}

static enum asid_rc look_up(struct clip *c, const char *request, bool *found,
                            struct ledger_reply *reply, struct asid_err *err)
{
    struct ledger *ledger = c->job->cx->ledger;

    *found = false;
    if (!ledger)
        return ASID_OK;
    return ledger_reply_get(ledger, request, c->job->arena, found, reply, err);
}

/* Keep an answer: an object, written compactly. The text is of the arena. */
static enum asid_rc keep(struct clip *c, const char *request,
                         const struct json *object, struct ledger_reply *reply,
                         struct asid_err *err)
{
    struct ledger *ledger = c->job->cx->ledger;
    struct buf text;

    buf_init(&text, SIZE_MAX / 2);
    json_write(&text, object);
    reply->text =
        (struct str){arena_strndup(c->job->arena, text.p, text.n), text.n};
    buf_release(&text);
    if (!ledger)
        return ASID_OK;
    return ledger_reply_put(ledger, request, c->m->model, reply, err);
}

static enum asid_rc malformed(const char *request, struct asid_err *err)
{
    return FAIL(err, "reply %s in the ledger is malformed", request);
}

/* The object of a reply, with a member of that type. */
static enum asid_rc parse_reply(struct clip *c, const char *request,
                                struct str text, const char *member,
                                enum json_type type, struct json **object,
                                struct asid_err *err)
{
    struct asid_err cause;

    if (json_parse(c->job->arena, text, 0, object, &cause) != ASID_OK ||
        json_type(*object) != JSON_OBJECT || !json_get(*object, member) ||
        json_type(json_get(*object, member)) != type)
        return malformed(request, err);
    return ASID_OK;
}

/* --- free answers ---------------------------------------------------------- */

enum asid_rc answer_free(struct clip *c, struct answer_question *q,
                         const struct answer_text *text, struct asid_err *err)
{
    struct arena *a = c->job->arena;
    struct json *object = json_new_object(a);

    c->work.asked++;
    json_set(a, object, "text", json_new_str(a, text->text));
    json_set_i64(a, object, "tokens", (int64_t)text->cost.tokens_out);
    json_set_bool(a, object, "truncated", text->truncated);
    q->reply.tokens_in = text->cost.tokens_in;
    q->reply.tokens_out = text->cost.tokens_out;
    q->answered = true;
    return keep(c, q->request, object, &q->reply, err);
}

static enum asid_rc ask_texts(struct clip *c, struct answer_question *q,
                              size_t n, struct asid_err *err)
{
    struct answer_text out = {.truncated = false};

    if (n == 0)
        return ASID_OK;
    if (n > 1)
        return c->m->backend->texts(c, q, n, err);
    TRY(c->m->backend->text(c, q, &out, err));
    return answer_free(c, q, &out, err);
}

/* A reply, now or from the ledger. */
static enum asid_rc take_text(struct clip *c, const struct answer_question *q,
                              const struct ledger_reply *reply,
                              struct clip_reply *out, struct asid_err *err)
{
    struct json *object;
    int64_t tokens = 0;

    TRY(parse_reply(c, q->request, reply->text, "text", JSON_STRING, &object,
                    err));
    c->job->tokens_in += reply->tokens_in;
    c->job->tokens_out += reply->tokens_out;
    out->text = json_str(json_get(object, "text"));
    out->truncated = json_bool(json_get(object, "truncated"));
    if (json_i64(json_get(object, "tokens"), &tokens) && tokens > 0)
        out->tokens = (uint64_t)tokens;
    return ASID_OK;
}

/* The first of the questions that is the same as number i. */
static size_t first_equal(const struct answer_question *q, size_t i)
{
    size_t k = 0;

    while (k < i && strcmp(q[k].request, q[i].request) != 0)
        k++;
    return k;
}

enum asid_rc clip_texts_any(struct clip *c, const struct str *prompts, size_t n,
                            const struct omni_sampling *sampling,
                            struct clip_reply *replies, struct asid_err *err)
{
    struct arena *a = c->job->arena;
    struct answer_question *q = arena_array(a, n, sizeof *q);
    struct answer_question *ask = arena_array(a, n, sizeof *ask);
    size_t unknown = 0, k = 0;

    for (size_t i = 0; i < n; i++) {
        q[i] = (struct answer_question){.prompt = prompts[i],
                                        .sampling = sampling ? sampling
                                                             : &c->m->sampling};
        replies[i] = (struct clip_reply){.known = false};
        answer_request(c, prompts[i], q[i].sampling, q[i].request);
        hash_text(prompts[i], replies[i].prompt_sha256);
        TRY(look_up(c, q[i].request, &replies[i].known, &q[i].reply, err));
        c->work.known += replies[i].known;
        if (!replies[i].known && first_equal(q, i) == i)
            ask[unknown++] = q[i];
    }
    TRY(ask_texts(c, ask, unknown, err));
    for (size_t i = 0; i < n; i++) {
        size_t first = first_equal(q, i);

        if (first < i) {
            q[i].reply = q[first].reply;
        } else if (!replies[i].known) {
            BUG_IF(!ask[k].answered);
            q[i].reply = ask[k++].reply;
        }
        TRY(take_text(c, &q[i], &q[i].reply, &replies[i], err));
    }
    return ASID_OK;
}

enum asid_rc clip_text_any(struct clip *c, struct str prompt,
                           const struct omni_sampling *sampling,
                           struct clip_reply *out, struct asid_err *err)
{
    return clip_texts_any(c, &prompt, 1, sampling, out, err);
}

enum asid_rc clip_texts(struct clip *c, const struct str *prompts, size_t n,
                        const struct omni_sampling *sampling,
                        struct clip_reply *replies, struct asid_err *err)
{
    TRY(clip_texts_any(c, prompts, n, sampling, replies, err));
    for (size_t i = 0; i < n; i++)
        if (replies[i].text.n == 0)
            return REJECT(err, "model.failed", "the model's answer is empty");
    return ASID_OK;
}

enum asid_rc clip_text(struct clip *c, struct str prompt,
                       const struct omni_sampling *sampling,
                       struct clip_reply *out, struct asid_err *err)
{
    return clip_texts(c, &prompt, 1, sampling, out, err);
}

/* --- yes and no ------------------------------------------------------------ */

static uint64_t member_u64(const struct json *object, const char *name)
{
    int64_t n;

    return json_i64(json_get(object, name), &n) && n > 0 ? (uint64_t)n : 0;
}

/* What the answer stands on, whoever asked: the media once a clip, a stem once
 * for the questions in a row that begin with it. */
static void count_tokens(struct clip *c, const struct clip_question *q,
                         const struct json *object,
                         const struct ledger_reply *reply)
{
    char stem[HASH_HEX];

    hash_text(q->stem, stem);
    if (!c->prefix_counted)
        c->job->tokens_in += member_u64(object, "prefix_tokens");
    c->prefix_counted = true;
    if (strcmp(stem, c->stem_counted) != 0)
        c->job->tokens_in += member_u64(object, "stem_tokens");
    memcpy(c->stem_counted, stem, sizeof stem);
    c->job->tokens_in += reply->tokens_in;
    c->job->tokens_out += reply->tokens_out;
}

/* A reply, now or from the ledger, becomes the answer to its question. */
static enum asid_rc take(struct clip *c, struct clip_question *q,
                         const char *request, const struct ledger_reply *reply,
                         struct asid_err *err)
{
    struct json *object;

    TRY(parse_reply(c, request, reply->text, "p", JSON_NUMBER, &object, err));
    if (!json_f64(json_get(object, "p"), &q->p) ||
        !json_f64(json_get(object, "mass"), &q->mass) ||
        !(q->p >= 0 && q->p <= 1))
        return malformed(request, err);
    count_tokens(c, q, object, reply);
    return ASID_OK;
}

enum asid_rc answer_yes(struct clip *c, struct answer_question *q, double p,
                        double mass, const struct answer_cost *cost,
                        struct asid_err *err)
{
    struct arena *a = c->job->arena;
    struct json *object;
    struct ledger_reply *reply = &q->reply;

    if (!(p >= 0 && p <= 1) || !(mass >= 0))
        return REJECT(err, "model.failed",
                      "the model's answer is neither yes nor no");
    object = json_new_object(a);
    json_set_f64(a, object, "p", p);
    json_set_f64(a, object, "mass", mass);
    json_set_i64(a, object, "prefix_tokens", (int64_t)cost->prefix_tokens);
    json_set_i64(a, object, "stem_tokens", (int64_t)cost->stem_tokens);
    reply->tokens_in = cost->tokens_in;
    reply->tokens_out = cost->tokens_out;
    q->answered = true;
    c->work.asked++;
    return keep(c, q->request, object, reply, err);
}

static void prepare(struct clip *c, const struct clip_question *q,
                    struct answer_question *out)
{
    size_t n = q->stem.n + q->prompt.n;
    char *text = arena_bytes(c->job->arena, n + 1);

    memcpy(text, q->stem.p ? q->stem.p : "", q->stem.n);
    memcpy(text + q->stem.n, q->prompt.p, q->prompt.n);
    text[n] = '\0';
    *out = (struct answer_question){.prompt = {text, n}, .stem = q->stem.n};
    answer_request(c, out->prompt, NULL, out->request);
}

enum asid_rc clip_yes(struct clip *c, struct clip_question *q, size_t n,
                      struct asid_err *err)
{
    struct answer_question *list = arena_array(c->job->arena, n, sizeof *list);
    struct answer_question *ask = arena_array(c->job->arena, n, sizeof *ask);
    size_t unknown = 0;

    for (size_t i = 0; i < n; i++) {
        prepare(c, &q[i], &list[i]);
        hash_text(list[i].prompt, q[i].prompt_sha256);
        TRY(look_up(c, list[i].request, &q[i].known, &list[i].reply, err));
        if (q[i].known)
            c->work.known++;
        else
            ask[unknown++] = list[i];
    }
    if (unknown > 0)
        TRY(c->m->backend->yes(c, ask, unknown, err));
    for (size_t i = 0, k = 0; i < n; i++) {
        if (!q[i].known) {
            BUG_IF(!ask[k].answered);
            list[i].reply = ask[k++].reply;
        }
        TRY(take(c, &q[i], list[i].request, &list[i].reply, err));
    }
    return ASID_OK;
}
