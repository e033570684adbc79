/* A chat-completions reply, which may be anything. */
#include <math.h>

#include "asid/data/json.h"
#include "asid/net/chat.h"
#include "http_int.h"

enum {
    MAX_DEPTH = 64,
    MAX_BLANKS = 16, /* tokens that are skipped in search of the first word */
    MAX_TEXT_PARTS = 4096,
};

/* --- what is wrong with it ------------------------------------------------- */

static enum asid_rc senseless(bool *nonsense, struct asid_err *err,
                              const char *what)
{
    *nonsense = true;
    return REJECT(err, "model.failed",
                  "the endpoint's reply makes no sense: "
                  "%s",
                  what);
}

static enum asid_rc declined(struct asid_err *err, const char *who,
                             struct str words)
{
    char space[TRY_SERVER_TEXT];

    server_words(NULL, words, space, sizeof space);
    return REJECT(err, "model.failed", "%s declined to answer%s%s", who,
                  *space ? ": " : "", space);
}

/* --- the text -------------------------------------------------------------- */

/* A string, or the texts of an array of parts, joined. */
static enum asid_rc read_content(struct arena *a, const struct json *content,
                                 struct str *text, bool *nonsense,
                                 struct asid_err *err)
{
    struct buf joined;
    size_t n = 0;

    *text = (struct str){"", 0};
    if (!content || json_type(content) == JSON_NULL)
        return ASID_OK;
    if (json_type(content) == JSON_STRING) {
        *text = json_str(content);
        return ASID_OK;
    }
    if (json_type(content) != JSON_ARRAY)
        return senseless(nonsense, err, "content is no text");
    buf_init(&joined, CHAT_MAX_REPLY);
    json_each(part, content) {
        const struct json *t = json_get(part, "text");

        if (t && json_type(t) == JSON_STRING && n++ < MAX_TEXT_PARTS)
            buf_str(&joined, json_str(t));
    }
    *text = (struct str){arena_strndup(a, joined.p ? joined.p : "", joined.n),
                         joined.n};
    buf_release(&joined);
    return ASID_OK;
}

static enum chat_finish read_finish(const struct json *choice)
{
    const char *why = json_text(json_get(choice, "finish_reason"));

    if (why && strcmp(why, "stop") == 0)
        return CHAT_STOPPED;
    if (why && strcmp(why, "length") == 0)
        return CHAT_LENGTH;
    return CHAT_OTHER;
}

static uint64_t read_count(const struct json *usage, const char *key)
{
    int64_t n;

    return json_i64(json_get(usage, key), &n) && n > 0 ? (uint64_t)n : 0;
}

/* --- probabilities --------------------------------------------------------- */

/* Blanks, and the letters that byte-level and sentence-piece vocabularies write
 * in the place of blanks. */
static struct str bare(struct str token)
{
    static const char *const marks[] = {"\u2581", "\u0120", "\u010a"};
    bool again = true;

    while (again) {
        token = str_trim(token);
        again = false;
        for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
            size_t n = strlen(marks[i]);

            if (str_starts(token, marks[i])) {
                token.p += n;
                token.n -= n;
                again = true;
            } else if (str_ends(token, marks[i])) {
                token.n -= n;
                again = true;
            }
        }
    }
    return token;
}

static bool has_token(const struct chat_reply *reply, struct str token)
{
    for (size_t i = 0; i < reply->n_top; i++)
        if (str_eq(reply->top[i].token, token))
            return true;
    return false;
}

/* The chosen token may stand among the alternatives or not; what is there twice
 * counts once. */
static void add_top(struct chat_reply *reply, const struct json *entry)
{
    const struct json *token = json_get(entry, "token");
    double logprob;

    if (reply->n_top >= CHAT_MAX_TOP || !token ||
        json_type(token) != JSON_STRING ||
        !json_f64(json_get(entry, "logprob"), &logprob) || logprob > 0.01 ||
        has_token(reply, json_str(token)))
        return;
    reply->top[reply->n_top].token = json_str(token);
    reply->top[reply->n_top++].logprob = logprob > 0 ? 0 : logprob;
}

static void read_logprobs(const struct json *choice, struct chat_reply *reply)
{
    const struct json *list = json_path(choice, "logprobs.content");
    const struct json *first = json_first(list);
    const struct json *top;

    if (!list || json_type(list) != JSON_ARRAY)
        return;
    for (size_t i = 0; i < MAX_BLANKS && json_next(first); i++) {
        const struct json *token = json_get(first, "token");

        if (!token || json_type(token) != JSON_STRING ||
            bare(json_str(token)).n)
            break;
        first = json_next(first);
    }
    top = json_get(first, "top_logprobs");
    if (!top || json_type(top) != JSON_ARRAY || json_count(top) == 0)
        return;
    json_each(entry, top)
        add_top(reply, entry);
    add_top(reply, first);
}

static bool is_word(struct str token, const char *word)
{
    struct str b = bare(token);

    return b.n == strlen(word) && strncasecmp(b.p, word, b.n) == 0;
}

enum asid_rc chat_yes(const struct chat_reply *reply, double *p, double *mass,
                      struct asid_err *err)
{
    double yes = 0, no = 0, sum;

    if (reply->n_top == 0)
        return REJECT(err, "model.failed",
                      "the endpoint gave no probabilities (logprobs with "
                      "top_logprobs) of the first token; a yes/no question "
                      "needs them");
    for (size_t i = 0; i < reply->n_top; i++) {
        if (is_word(reply->top[i].token, "yes"))
            yes += exp(reply->top[i].logprob);
        else if (is_word(reply->top[i].token, "no"))
            no += exp(reply->top[i].logprob);
    }
    sum = yes + no;
    *p = sum > 0 ? yes / sum : 0.5;
    *mass = sum < 1 ? sum : 1;
    return ASID_OK;
}

/* --- the reply ------------------------------------------------------------- */

static enum asid_rc read_choice(struct arena *a, const struct json *choice,
                                const struct chat_request *q,
                                struct chat_reply *reply, bool *nonsense,
                                struct asid_err *err)
{
    const struct json *message = json_get(choice, "message");
    const struct json *refusal = json_get(message, "refusal");
    const char *why = json_text(json_get(choice, "finish_reason"));

    if (!message || json_type(message) != JSON_OBJECT)
        return senseless(nonsense, err, "no message in it");
    if (refusal && json_type(refusal) == JSON_STRING && json_str(refusal).n)
        return declined(err, "the model", json_str(refusal));
    if (why && strcmp(why, "content_filter") == 0)
        return declined(err, "the endpoint's filter", (struct str){"", 0});
    TRY(read_content(a, json_get(message, "content"), &reply->text, nonsense,
                     err));
    reply->finish = read_finish(choice);
    read_logprobs(choice, reply);
    if (q->top_logprobs == 0 && str_trim(reply->text).n == 0)
        return REJECT(err, "model.failed", "the model's answer is empty%s",
                      reply->finish == CHAT_LENGTH
                          ? ": the limit of tokens came first"
                          : "");
    if (q->top_logprobs && reply->n_top == 0) {
        double p, mass;

        return chat_yes(reply, &p, &mass, err);
    }
    return ASID_OK;
}

enum asid_rc chat_read(struct arena *a, struct str body,
                       const struct chat_request *q, struct chat_reply *reply,
                       bool *nonsense, struct asid_err *err)
{
    struct chat_reply r = {.text = {"", 0}, .model = {"", 0}};
    const struct json *choices, *model;
    struct json *v = NULL;

    *nonsense = false;
    if (str_trim(body).n == 0)
        return senseless(nonsense, err, "it is empty");
    if (json_parse(a, body, MAX_DEPTH, &v, err) != ASID_OK) {
        struct asid_err why = *err;

        return senseless(nonsense, err, why.text);
    }
    choices = json_get(v, "choices");
    if (json_type(v) == JSON_OBJECT && json_get(v, "error") && !choices) {
        char words[TRY_SERVER_TEXT];

        server_words(NULL, body, words, sizeof words);
        *nonsense = true;
        return REJECT(err, "model.failed", "the endpoint reports an error: %s",
                      words);
    }
    if (!choices || json_type(choices) != JSON_ARRAY || !json_at(choices, 0))
        return senseless(nonsense, err, "no choices in it");
    model = json_get(v, "model");
    if (model && json_type(model) == JSON_STRING)
        r.model = json_str(model);
    r.tokens_in = read_count(json_get(v, "usage"), "prompt_tokens");
    r.tokens_out = read_count(json_get(v, "usage"), "completion_tokens");
    TRY(read_choice(a, json_at(choices, 0), q, &r, nonsense, err));
    *reply = r;
    return ASID_OK;
}
