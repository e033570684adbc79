/* A transcript from an endpoint. */
#include "asid/net/transcribe.h"

#include "asid/base/num.h"
#include "asid/data/json.h"
#include "http_int.h"

struct asking {
    struct http *http;
    struct arena *arena;
    struct str *json;
};

static bool is_list(const struct json *v, const char *key)
{
    const struct json *list = json_get(v, key);

    return !list || json_type(list) == JSON_ARRAY ||
           json_type(list) == JSON_NULL;
}

static enum asid_rc check(struct arena *scratch, struct str body,
                          struct asid_err *err)
{
    struct json *v = NULL;
    const struct json *text;
    char words[TRY_SERVER_TEXT];

    if (json_parse(scratch, body, 64, &v, err) != ASID_OK) {
        struct asid_err why = *err;

        return REJECT(err, "model.failed",
                      "the endpoint's reply is no JSON: %s", why.text);
    }
    text = json_get(v, "text");
    if (!text && json_get(v, "error")) {
        server_words(NULL, body, words, sizeof words);
        return REJECT(err, "model.failed", "the endpoint reports an error: %s",
                      words);
    }
    if (json_type(v) != JSON_OBJECT || !text ||
        json_type(text) != JSON_STRING || !is_list(v, "segments") ||
        !is_list(v, "words"))
        return REJECT(err, "model.failed",
                      "the endpoint's reply is no transcript");
    return ASID_OK;
}

static enum asid_rc take(void *user, struct http_request *r, struct str body,
                         struct asid_err *err)
{
    struct asking *k = user;
    struct arena scratch = ARENA_INIT;
    enum asid_rc rc = check(&scratch, body, err);

    (void)r;
    arena_release(&scratch);
    if (rc == ASID_OK)
        *k->json =
            (struct str){arena_strndup(k->arena, body.p, body.n), body.n};
    else
        http_scrub(k->http, err->text, strlen(err->text));
    return rc;
}

static struct http_part field(const char *name, const char *value)
{
    return (struct http_part){.name = name, .body = str_of(value)};
}

enum asid_rc transcribe(struct http *h, struct arena *a,
                        const struct transcribe_request *q, struct str *json,
                        struct asid_err *err)
{
    struct asking k = {.http = h, .arena = a, .json = json};
    char type[HTTP_FORM_TYPE], temperature[32];
    struct http_request r = {.path = "/audio/transcriptions",
                             .type = type,
                             .max_reply = TRANSCRIBE_MAX_REPLY,
                             .take = take,
                             .user = &k};
    struct http_part parts[8];
    struct buf body;
    enum asid_rc rc;
    size_t n = 0;

    num_format(q->temperature, temperature);
    parts[n++] = field("model", q->model);
    parts[n++] = field("response_format", "verbose_json");
    parts[n++] = field("timestamp_granularities[]", "word");
    parts[n++] = field("timestamp_granularities[]", "segment");
    parts[n++] = field("temperature", temperature);
    if (q->language)
        parts[n++] = field("language", q->language);
    if (q->prompt)
        parts[n++] = field("prompt", q->prompt);
    parts[n++] = (struct http_part){.name = "file",
                                    .filename = "audio.wav",
                                    .type = "audio/wav",
                                    .body = q->wav};
    buf_init(&body, SIZE_MAX / 4);
    http_form(&body, parts, n, type);
    r.body = buf_view(&body);
    rc = http_post(h, &r, err);
    buf_release(&body);
    return rc;
}
