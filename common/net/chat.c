/* Asking an endpoint: requests out, replies in, and the dialect it speaks. */
#include <stdatomic.h>
#include <stdlib.h>

#include "chat_int.h"

enum {
    /* A refusal longer than this repeats the question, and names parameters
     * that it has nothing against. */
    MAX_REFUSAL = 4096,
};

struct chat {
    struct http *http;
    char *model;
    _Atomic bool no_penalty, max_completion_tokens, few_top;
};

/* One question on its way. */
struct asking {
    struct chat *chat;
    struct arena *arena;
    struct chat_question *question;
    struct chat_dialect sent; /* the dialect of the last body */
    chat_answered answered;
    void *user;
};

/* --- life ------------------------------------------------------------------ */

enum asid_rc chat_open(const struct chat_options *options, struct chat **out,
                       struct asid_err *err)
{
    struct chat *c;

    if (!options->model || !*options->model)
        return USAGE(err, "an endpoint needs the name of a model");
    c = mem_alloc(sizeof *c);
    memset(c, 0, sizeof *c);
    if (http_open(&options->http, &c->http, err) != ASID_OK) {
        free(c);
        return err->rc;
    }
    c->model = mem_alloc(strlen(options->model) + 1);
    memcpy(c->model, options->model, strlen(options->model) + 1);
    *out = c;
    return ASID_OK;
}

void chat_close(struct chat *c)
{
    if (!c)
        return;
    http_close(c->http);
    free(c->model);
    free(c);
}

const struct http *chat_http(const struct chat *c)
{
    return c->http;
}

const char *chat_notes(const struct chat *c)
{
    static const char *const notes[] = {
        "",
        "the endpoint does not take repetition_penalty; it was asked without",
        "the endpoint gives few alternatives (top_logprobs); rare spellings of "
        "yes and no are not counted",
        "the endpoint does not take repetition_penalty, and gives few "
        "alternatives (top_logprobs)",
    };

    return notes[(c->no_penalty ? 1 : 0) + (c->few_top ? 2 : 0)];
}

/* --- callbacks of the request ---------------------------------------------- */

static void write_body(void *user, struct buf *body)
{
    struct asking *k = user;

    k->sent.no_penalty = k->chat->no_penalty;
    k->sent.max_completion_tokens = k->chat->max_completion_tokens;
    k->sent.few_top = k->chat->few_top;
    chat_write(body, k->chat->model, k->question->request, &k->sent);
}

static bool try_dialect(void *user, struct str reply)
{
    struct asking *k = user;
    const struct chat_request *q = k->question->request;
    bool changed = false;

    if (reply.n > MAX_REFUSAL)
        return false;
    if (!k->sent.no_penalty && chat_has_penalty(q) &&
        str_has(reply, "repetition_penalty")) {
        k->chat->no_penalty = true;
        changed = true;
    }
    if (!k->sent.max_completion_tokens && q->max_tokens &&
        str_has(reply, "max_completion_tokens")) {
        k->chat->max_completion_tokens = true;
        changed = true;
    }
    if (!k->sent.few_top && q->top_logprobs > CHAT_FEW_TOP &&
        str_has(reply, "top_logprobs")) {
        k->chat->few_top = true;
        changed = true;
    }
    return changed;
}

/* Out of the scratch arena, and without the key should it have been hidden
 * behind escapes. */
static struct str keep(struct asking *k, struct str text)
{
    char *copy = arena_strndup(k->arena, text.p, text.n);

    http_scrub(k->chat->http, copy, text.n);
    return (struct str){copy, text.n};
}

static enum asid_rc read_reply(void *user, struct http_request *r,
                               struct str body, struct asid_err *err)
{
    struct asking *k = user;
    struct chat_reply *reply = &k->question->reply;
    struct arena scratch = ARENA_INIT;
    bool nonsense = false;
    enum asid_rc rc =
        chat_read(&scratch, body, k->question->request, reply, &nonsense, err);

    if (rc == ASID_OK) {
        reply->text = keep(k, reply->text);
        reply->model = keep(k, reply->model);
        for (size_t i = 0; i < reply->n_top; i++)
            reply->top[i].token = keep(k, reply->top[i].token);
        reply->tries = r->tries;
    } else {
        http_scrub(k->chat->http, err->text, strlen(err->text));
    }
    arena_release(&scratch);
    r->settled = !nonsense;
    if (rc == ASID_OK) {
        k->question->rc = ASID_OK;
        if (k->answered)
            rc = k->answered(k->user, k->question, err);
        /* A record's fault found by the caller is no fault of the reply. */
        if (rc == ASID_REJECT)
            rc = asid_fail(err, ASID_FAILED, NULL, "%s", err->text);
    }
    return rc;
}

/* --- asking ---------------------------------------------------------------- */

enum asid_rc chat_ask_all(struct chat *c, struct arena *a,
                          struct chat_question *q, size_t n,
                          chat_answered answered, void *user,
                          struct asid_err *err)
{
    struct http_request *r = arena_array(a, n, sizeof *r);
    struct asking *k = arena_array(a, n, sizeof *k);

    for (size_t i = 0; i < n; i++) {
        k[i] = (struct asking){.chat = c,
                               .arena = a,
                               .question = &q[i],
                               .answered = answered,
                               .user = user};
        r[i] = (struct http_request){.path = "/chat/completions",
                                     .write = write_body,
                                     .take = read_reply,
                                     .refused = try_dialect,
                                     .user = &k[i],
                                     .max_reply = CHAT_MAX_REPLY};
    }
    TRY(http_post_all(c->http, r, n, err));
    for (size_t i = 0; i < n; i++) {
        q[i].rc = r[i].rc;
        q[i].err = r[i].err;
    }
    return ASID_OK;
}

enum asid_rc chat_ask(struct chat *c, struct arena *a,
                      const struct chat_request *request,
                      struct chat_reply *reply, struct asid_err *err)
{
    struct chat_question q = {.request = request};

    TRY(chat_ask_all(c, a, &q, 1, NULL, NULL, err));
    if (q.rc == ASID_OK)
        *reply = q.reply;
    else
        *err = q.err;
    return q.rc;
}
