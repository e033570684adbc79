/*
 * A model behind an OpenAI-compatible endpoint. It sees a clip as pictures with
 * their times and, unless told not to, hears its sound (endpoint_media.c); the
 * question comes last, so that servers which keep prefixes compute the media
 * once. The name of the model is its identity, not its address.
 */
#include <stdatomic.h>

#include "asid/net/chat.h"
#include "endpoint.h"

enum {
    /* A yes/no answer: its first word, should a line end come before it. */
    ANSWER_TOKENS = 4,
};

struct endpoint {
    struct chat *chat;
    const char *name;
    /* The server said that another model answered. */
    _Atomic bool other_model;
};

/* --- the model -------------------------------------------------------------- */

static bool is_stopping(void *cx)
{
    return asid_stopping(cx);
}

static enum asid_rc endpoint_open(struct answerer *m, struct asid_err *err)
{
    const struct asid_cx *cx = m->cx;
    struct endpoint *e = arena_alloc(cx->arena, sizeof *e);
    struct chat_options options = {
        .http = {.url = opt_text(cx, "endpoint"),
                 .key = asid_api_key(cx),
                 .timeout = opt_real(cx, "timeout"),
                 .in_flight = (unsigned)opt_int(cx, "requests"),
                 .stopping = is_stopping,
                 .user = (void *)(uintptr_t)cx},
        .model = opt_text(cx, "model"),
    };

    m->state = e;
    e->name = options.model;
    if (!e->name || !*e->name)
        return USAGE(err,
                     "--endpoint needs --model NAME: what the server calls "
                     "the model");
    TRY(chat_open(&options, &e->chat, err));
    if (http_is_exposed(chat_http(e->chat)))
        asid_warn(cx, "the API key goes unencrypted to %s",
                  http_url(chat_http(e->chat)));
    /* The published system message tells a model that it is Qwen. */
    if (!opt_text(cx, "system"))
        m->system = "";
    m->model = e->name;
    m->identity = arena_printf(cx->arena, "endpoint/1 model %s", e->name);
    return ASID_OK;
}

static void endpoint_close(struct answerer *m)
{
    struct endpoint *e = m->state;

    if (!e || !e->chat)
        return;
    if (*chat_notes(e->chat))
        asid_warn(m->cx, "%s", chat_notes(e->chat));
    chat_close(e->chat);
}

static void endpoint_clip_close(struct clip *c)
{
    c->state = NULL; /* all of it is in the job's arena */
}

/* Vendors answer to an alias with the full name, and servers of one model with
 * whatever they like; once is enough. */
static void check_name(const struct clip *c, struct str said)
{
    struct endpoint *e = c->m->state;
    size_t n = strlen(e->name);

    if (said.n == 0 || memmem(said.p, said.n, e->name, n) ||
        memmem(e->name, n, said.p, said.n) ||
        atomic_exchange(&e->other_model, true))
        return;
    asid_warn(c->m->cx,
              "asked for the model %s, the endpoint says that " STR_FMT
              " answered",
              e->name, STR_ARG(said));
}

/* --- requests --------------------------------------------------------------- */

/* The media and then the prompt. */
static struct chat_request make_request(struct clip *c,
                                        const struct endpoint_media *media,
                                        struct str prompt)
{
    size_t n = media->n + 1;
    struct chat_part *parts = arena_array(c->job->arena, n, sizeof *parts);

    if (media->n)
        memcpy(parts, media->parts, media->n * sizeof *parts);
    parts[media->n] = (struct chat_part){CHAT_TEXT, NULL, prompt};
    return (struct chat_request){
        .system = str_of(c->m->system), .parts = parts, .n_parts = n};
}

static enum asid_rc media_of(struct clip *c, const struct endpoint_media **out,
                             struct asid_err *err)
{
    if (!c->state) {
        struct endpoint_media *media = NULL;

        TRY(endpoint_media(c, &media, err));
        c->state = media;
    }
    *out = c->state;
    return ASID_OK;
}

static void set_sampling(struct chat_request *r, const struct omni_sampling *s)
{
    r->max_tokens = (uint32_t)s->max_tokens;
    r->temperature = (double)s->temperature;
    r->repetition_penalty = (double)s->repetition_penalty;
    if (s->temperature > 0) {
        r->top_p = s->top_p < 1 ? (double)s->top_p : 0;
        r->has_seed = true;
        r->seed = s->seed;
    }
}

/* --- free answers ----------------------------------------------------------- */

static void read_text(struct clip *c, const struct chat_reply *reply,
                      struct answer_text *out)
{
    check_name(c, reply->model);
    out->text = str_trim(reply->text);
    out->truncated = reply->finish == CHAT_LENGTH;
    out->cost = (struct answer_cost){.tokens_in = reply->tokens_in,
                                     .tokens_out = reply->tokens_out};
    c->work.question_tokens += reply->tokens_in;
    c->work.answer_tokens += reply->tokens_out;
}

static enum asid_rc endpoint_text(struct clip *c,
                                  const struct answer_question *q,
                                  struct answer_text *out, struct asid_err *err)
{
    const struct endpoint *e = c->m->state;
    const struct endpoint_media *media;
    struct chat_request request;
    struct chat_reply reply;

    TRY(media_of(c, &media, err));
    request = make_request(c, media, q->prompt);
    set_sampling(&request, q->sampling);
    TRY(chat_ask(e->chat, c->job->arena, &request, &reply, err));
    read_text(c, &reply, out);
    return ASID_OK;
}

struct asking {
    struct clip *c;
    struct answer_question *q;
    struct chat_question *asked;
};

/* The first failure of those that were asked. */
static enum asid_rc first_failure(const struct chat_question *asked, size_t n,
                                  struct asid_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (asked[i].rc != ASID_OK) {
            *err = asked[i].err;
            return asked[i].rc;
        }
    }
    return ASID_OK;
}

/* Ask all of them at once: shape() says what kind of answer is wanted, on() gets
 * each the moment it is there. */
static enum asid_rc ask_all(struct clip *c, struct answer_question *q, size_t n,
                            void (*shape)(struct chat_request *r,
                                          const struct answer_question *q),
                            chat_answered on, struct asid_err *err)
{
    const struct endpoint *e = c->m->state;
    struct arena *a = c->job->arena;
    struct chat_request *requests = arena_array(a, n, sizeof *requests);
    struct chat_question *asked = arena_array(a, n, sizeof *asked);
    struct asking k = {c, q, asked};
    const struct endpoint_media *media;

    TRY(media_of(c, &media, err));
    for (size_t i = 0; i < n; i++) {
        requests[i] = make_request(c, media, q[i].prompt);
        shape(&requests[i], &q[i]);
        asked[i].request = &requests[i];
    }
    TRY(chat_ask_all(e->chat, a, asked, n, on, &k, err));
    return first_failure(asked, n, err);
}

static enum asid_rc on_text(void *user, struct chat_question *asked,
                            struct asid_err *err)
{
    struct asking *k = user;
    struct answer_text text = {.truncated = false};

    read_text(k->c, &asked->reply, &text);
    return answer_free(k->c, &k->q[asked - k->asked], &text, err);
}

static void shape_text(struct chat_request *r, const struct answer_question *q)
{
    set_sampling(r, q->sampling);
}

static enum asid_rc endpoint_texts(struct clip *c, struct answer_question *q,
                                   size_t n, struct asid_err *err)
{
    return ask_all(c, q, n, shape_text, on_text, err);
}

/* --- yes/no questions ------------------------------------------------------- */

/* Kept in the ledger the moment it is there, whatever becomes of the others. */
static enum asid_rc on_answer(void *user, struct chat_question *asked,
                              struct asid_err *err)
{
    struct asking *k = user;
    const struct chat_reply *r = &asked->reply;
    const struct answer_cost cost = {.tokens_in = r->tokens_in,
                                     .tokens_out = r->tokens_out};
    double p, mass;

    TRY(chat_yes(r, &p, &mass, err));
    check_name(k->c, r->model);
    k->c->work.question_tokens += cost.tokens_in;
    return answer_yes(k->c, &k->q[asked - k->asked], p, mass, &cost, err);
}

static void shape_yes(struct chat_request *r, const struct answer_question *q)
{
    (void)q;
    r->max_tokens = ANSWER_TOKENS;
    r->top_logprobs = CHAT_MAX_TOP;
}

static enum asid_rc endpoint_yes(struct clip *c, struct answer_question *q,
                                 size_t n, struct asid_err *err)
{
    return ask_all(c, q, n, shape_yes, on_answer, err);
}

const struct answer_backend answer_endpoint = {
    .open = endpoint_open,
    .close = endpoint_close,
    .text = endpoint_text,
    .texts = endpoint_texts,
    .yes = endpoint_yes,
    .clip_close = endpoint_clip_close,
};
