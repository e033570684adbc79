/* What is said in a clip, by an endpoint. */
#include "asid/answer/hear.h"

#include <string.h>

#include "asid/answer/answer.h"
#include "asid/base/hash.h"
#include "asid/ledger/ledger.h"
#include "asid/media/media.h"
#include "asid/net/transcribe.h"

struct hearer {
    struct asid_cx *cx;
    struct http *http;
    const char *model, *language;
};

static bool stopping(void *user)
{
    const struct hearer *h = user;

    return asid_stopping(h->cx);
}

enum asid_rc hear_open(struct asid_cx *cx, const char *language,
                       struct hearer **out, struct asid_err *err)
{
    struct hearer *h = arena_alloc(cx->arena, sizeof *h);
    struct http_options options = {
        .url = opt_text(cx, "endpoint"),
        .key = asid_api_key(cx),
        .timeout = opt_real(cx, "timeout"),
        .in_flight = (unsigned)opt_int(cx, "requests"),
        .stopping = stopping,
        .user = h,
    };

    h->cx = cx;
    h->model = opt_text(cx, "model");
    h->language = language;
    if (!h->model || !*h->model)
        return USAGE(err, "--endpoint needs --model NAME: what the server "
                          "calls the recogniser");
    TRY(http_open(&options, &h->http, err));
    if (http_is_exposed(h->http))
        asid_warn(cx, "the API key goes unencrypted to %s", http_url(h->http));
    *out = h;
    return ASID_OK;
}

void hear_close(struct hearer *h)
{
    if (h)
        http_close(h->http);
}

/* --- asking ---------------------------------------------------------------- */

/* All that decides the reply; not the address, which may move. */
static void request_of(const struct hearer *h, struct arena *a,
                       const char *sha256, char hex[HASH_HEX])
{
    struct json *v = json_new_object(a);
    struct buf b;

    json_set_text(a, v, "kind", "transcription");
    json_set_text(a, v, "model", h->model);
    json_set_text(a, v, "media", sha256);
    json_set_text(a, v, "sound", "wav s16 mono 16000");
    json_set_text(a, v, "language", h->language ? h->language : "");
    json_set_i64(a, v, "temperature", 0);
    buf_init(&b, SIZE_MAX / 4);
    json_write(&b, v);
    hash_text(buf_view(&b), hex);
    buf_release(&b);
}

static enum asid_rc ask(struct hearer *h, struct asid_job *job,
                        const char *path, struct str *reply,
                        struct asid_err *err)
{
    const char *video = json_text(json_get(job->record, "video"));
    struct transcribe_request q = {.model = h->model, .language = h->language};
    struct media_sound sound = {NULL, 0, 0};
    enum asid_rc rc;
    struct buf wav;

    if (media_sound(path, 0, &MEDIA_LIMITS_DEFAULT, &sound, err) != ASID_OK)
        return asid_err_within(err, "%s", video);
    buf_init(&wav, (size_t)1 << 31);
    media_wav(&sound, &wav);
    media_sound_release(&sound);
    q.wav = buf_view(&wav);
    rc = buf_failed(&wav)
             ? REJECT(err, "media.limit", "%s: too much sound to send", video)
             : transcribe(h->http, job->arena, &q, reply, err);
    buf_release(&wav);
    return rc;
}

enum asid_rc hear(struct hearer *h, struct asid_job *job,
                  enum asid_rc (*check)(void *user, struct str reply,
                                        struct asid_err *err),
                  void *user, struct str *reply, struct asid_err *err)
{
    struct ledger *ledger = job->cx->ledger;
    struct ledger_reply kept = {.tokens_in = 0};
    char sha256[HASH_HEX], request[HASH_HEX];
    const char *path = NULL;
    bool found = false;

    TRY(clip_source(job, &path, sha256, err));
    request_of(h, job->arena, sha256, request);
    if (ledger)
        TRY(ledger_reply_get(ledger, request, job->arena, &found, &kept, err));
    if (!found) {
        TRY(ask(h, job, path, &kept.text, err));
        if (check(user, kept.text, err) != ASID_OK)
            return REJECT(err, "model.failed", "the endpoint's transcript: %s",
                          arena_strdup(job->arena, err->text));
        if (ledger)
            TRY(ledger_reply_put(ledger, request, h->model, &kept, err));
    }
    *reply = kept.text;
    return ASID_OK;
}
