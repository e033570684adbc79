/* What the mock endpoint understands of a request, and good replies. */
#include <math.h>
#include <stdlib.h>

#include "mock.h"

static void add_text(struct buf *out, const struct json *content)
{
    if (content && json_type(content) == JSON_STRING) {
        buf_str(out, json_str(content));
        buf_char(out, '\n');
        return;
    }
    json_each(part, content)
        if (json_text(json_get(part, "text")))
            buf_printf(out, "%s\n", json_text(json_get(part, "text")));
}

void mock_read(struct mock_request *q)
{
    struct asid_err ignored;
    const char *model;
    struct buf text;

    q->is_sound = str_ends(str_of(q->path), "/audio/transcriptions");
    hash_text(q->body, q->hash);
    q->hash[16] = '\0';
    q->text = q->body;
    q->model = "";
    if (q->is_sound ||
        json_parse(q->arena, q->body, 0, &q->json, &ignored) != ASID_OK) {
        q->json = NULL;
        return;
    }
    model = json_text(json_get(q->json, "model"));
    q->model = model ? model : "";
    q->wants_top = json_bool(json_get(q->json, "logprobs"));
    buf_init(&text, SIZE_MAX / 4);
    json_each(message, json_get(q->json, "messages"))
        add_text(&text, json_get(message, "content"));
    q->text = (struct str){
        arena_strndup(q->arena, text.p ? text.p : "", text.n), text.n};
    buf_release(&text);
}

static struct str written(struct arena *a, const struct json *v)
{
    struct str copy;
    struct buf out;

    buf_init(&out, SIZE_MAX / 4);
    json_write(&out, v);
    copy = (struct str){arena_strndup(a, out.p, out.n), out.n};
    buf_release(&out);
    return copy;
}

struct str mock_error(struct arena *a, const char *code, const char *message)
{
    struct json *v = json_new_object(a), *e = json_new_object(a);

    json_set_text(a, e, "message", message);
    json_set_text(a, e, "code", code);
    json_set(a, v, "error", e);
    return written(a, v);
}

/* --- probabilities --------------------------------------------------------- */

static void add_token(struct arena *a, struct json *list, const char *token,
                      double logprob)
{
    struct json *t = json_new_object(a);

    json_set_text(a, t, "token", token);
    json_set_f64(a, t, "logprob", logprob);
    json_append(list, t);
}

/* Between 0.02 and 0.98, from the text. */
static double chance(struct str text)
{
    return 0.02 + 0.96 * (double)(hash_u64(text) >> 11) * 0x1p-53;
}

static struct json *make_top(const struct mock_request *q,
                             const struct json *rule)
{
    struct arena *a = q->arena;
    struct json *list = json_new_array(a);
    double p, logprob;

    if (json_get(rule, "top")) {
        json_each(t, json_get(rule, "top"))
            if (json_f64(t, &logprob))
                add_token(a, list,
                          arena_strndup(a, json_key(t).p, json_key(t).n),
                          logprob);
        return list;
    }
    if (!json_f64(json_get(rule, "p"), &p))
        p = chance(q->text);
    add_token(a, list, "Yes", log(0.98 * p * 0.7));
    add_token(a, list, "No", log(0.98 * (1 - p) * 0.8));
    add_token(a, list, " yes", log(0.98 * p * 0.3));
    add_token(a, list, "NO", log(0.98 * (1 - p) * 0.2));
    add_token(a, list, "The", log(0.02));
    return list;
}

static struct json *make_logprobs(const struct mock_request *q,
                                  struct json *top, const char **chosen)
{
    struct arena *a = q->arena;
    struct json *v = json_new_object(a), *list = json_new_array(a);
    struct json *first = json_new_object(a);
    double best = -INFINITY, logprob;

    *chosen = "";
    json_each(t, top) {
        if (json_f64(json_get(t, "logprob"), &logprob) && logprob > best) {
            best = logprob;
            *chosen = json_text(json_get(t, "token"));
        }
    }
    json_set_text(a, first, "token", *chosen);
    json_set_f64(a, first, "logprob", isfinite(best) ? best : 0);
    json_set(a, first, "top_logprobs", top);
    json_append(list, first);
    json_set(a, v, "content", list);
    return v;
}

/* --- replies --------------------------------------------------------------- */

static struct str replace(struct arena *a, struct str in, const char *what,
                          const char *with)
{
    size_t n = strlen(what);
    struct str copy;
    struct buf out;

    buf_init(&out, SIZE_MAX / 4);
    for (size_t i = 0; i < in.n;) {
        if (in.n - i >= n && memcmp(in.p + i, what, n) == 0) {
            buf_text(&out, with);
            i += n;
        } else {
            buf_char(&out, in.p[i++]);
        }
    }
    copy = (struct str){arena_strndup(a, out.p ? out.p : "", out.n), out.n};
    buf_release(&out);
    return copy;
}

static struct str chat_text(const struct mock_request *q,
                            const struct json *rule)
{
    const struct json *answer = json_get(rule, "answer");
    struct str text =
        answer ? json_str(answer) : STR("At 0s, a mock says $HASH.");

    text = replace(q->arena, text, "$KEY", q->key);
    return replace(q->arena, text, "$HASH", q->hash);
}

static struct str transcript(const struct mock_request *q)
{
    return str_of(arena_strdup(
        q->arena,
        "{\"task\":\"transcribe\",\"language\":\"english\",\"duration\":2.0,"
        "\"text\":\"Three mock words.\",\"segments\":[{\"id\":0,\"start\":0.5,"
        "\"end\":1.7,\"text\":\" Three mock words.\"}],\"words\":["
        "{\"word\":\"Three\",\"start\":0.5,\"end\":0.8},"
        "{\"word\":\"mock\",\"start\":0.9,\"end\":1.2},"
        "{\"word\":\"words.\",\"start\":1.3,\"end\":1.7}]}"));
}

static void add_usage(const struct mock_request *q, struct json *v, size_t out)
{
    struct json *usage = json_new_object(q->arena);

    json_set_i64(q->arena, usage, "prompt_tokens", (int64_t)q->text.n / 4 + 1);
    json_set_i64(q->arena, usage, "completion_tokens", (int64_t)out / 4 + 1);
    json_set(q->arena, v, "usage", usage);
}

struct str mock_answer(const struct mock_request *q, const struct json *rule)
{
    struct arena *a = q->arena;
    struct json *v = json_new_object(a), *choices = json_new_array(a);
    struct json *choice = json_new_object(a), *message = json_new_object(a);
    const char *refusal = json_text(json_get(rule, "refusal"));
    const char *finish = json_text(json_get(rule, "finish"));
    const char *model = json_text(json_get(rule, "model"));
    const struct json *silent = json_get(rule, "logprobs");
    struct str text = chat_text(q, rule);

    if (q->is_sound)
        return transcript(q);
    json_set_text(a, v, "object", "chat.completion");
    json_set_text(a, v, "model", model ? model : q->model);
    json_set_i64(a, choice, "index", 0);
    if (q->wants_top && (!silent || json_bool(silent))) {
        const char *chosen;

        json_set(a, choice, "logprobs",
                 make_logprobs(q, make_top(q, rule), &chosen));
        if (!json_get(rule, "answer"))
            text = str_of(chosen);
    }
    json_set_text(a, message, "role", "assistant");
    json_set(a, message, "content",
             refusal ? json_new_null(a) : json_new_str(a, text));
    if (refusal)
        json_set_text(a, message, "refusal", refusal);
    json_set(a, choice, "message", message);
    json_set_text(a, choice, "finish_reason", finish ? finish : "stop");
    json_append(choices, choice);
    json_set(a, v, "choices", choices);
    add_usage(q, v, text.n);
    return written(a, v);
}
