/*
 * Questions to an OpenAI-compatible chat-completions endpoint (vLLM, SGLang,
 * llama-server, a vendor): text, pictures and sound in; text, or the
 * probability of yes, out.
 *
 *     chat_open
 *       chat_ask_all       from any thread; answers come in any order
 *       chat_yes           what a reply says about yes and no
 *     chat_close
 *
 * Rejects (model.failed) and failures are those of http.h; besides, a reply is
 * refused that is no JSON of the expected shape, that is empty, that the server
 * or the model declined (`refusal`, `content_filter`), or that has no
 * probabilities where they were asked for.
 *
 * Some parameters are not understood everywhere. A server that refuses a request
 * because of `repetition_penalty` is asked without, one that wants
 * `max_completion_tokens` instead of `max_tokens` gets that, one that refuses
 * that many `top_logprobs` is asked for CHAT_FEW_TOP; chat_notes tells.
 */
#ifndef ASID_NET_CHAT_H
#define ASID_NET_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"
#include "asid/net/http.h"

enum {
    CHAT_MAX_REPLY = 8 << 20, /* bytes */
    CHAT_MAX_TOP = 20,        /* alternatives to a token that are looked at */
    CHAT_FEW_TOP = 5,
};

/* One piece of the user's message. */
enum chat_kind {
    CHAT_TEXT,
    CHAT_IMAGE, /* bytes of a file of media type `type` */
    CHAT_AUDIO, /* bytes of a sound file in format `type` ("wav", "mp3") */
};
struct chat_part {
    enum chat_kind kind;
    const char *type; /* "image/jpeg", "wav"; NULL with CHAT_TEXT */
    struct str bytes; /* as they are; base64 is made here. Text: UTF-8 */
};

/* 0 (or NULL) leaves a parameter out of the request, and so to the server,
 * except where noted. */
struct chat_request {
    struct str system; /* n 0: no system message */
    const struct chat_part *parts;
    size_t n_parts;
    uint32_t max_tokens;
    double temperature; /* always sent; 0: the likeliest token each time */
    double top_p;
    double repetition_penalty; /* 1: left out, too */
    bool has_seed;
    uint64_t seed;         /* only the lower 63 bits */
    uint32_t top_logprobs; /* alternatives wanted for the first token */
};

enum chat_finish {
    CHAT_STOPPED, /* the model ended its answer */
    CHAT_LENGTH,  /* the limit of tokens ended it */
    CHAT_OTHER,
};

struct chat_top {
    struct str token;
    double logprob; /* natural logarithm */
};

struct chat_reply {
    struct str text;  /* as it came, not trimmed */
    struct str model; /* what the server says that answered; may be empty */
    enum chat_finish finish;
    uint64_t tokens_in, tokens_out; /* 0: not told */
    /* Of the first token that is not blank; empty unless asked for. */
    struct chat_top top[CHAT_MAX_TOP];
    size_t n_top;
    unsigned tries;
};

/* --- the pure parts -------------------------------------------------------- */

struct chat_dialect {
    bool no_penalty;            /* do not send repetition_penalty */
    bool max_completion_tokens; /* instead of max_tokens */
    bool few_top;               /* at most CHAT_FEW_TOP alternatives */
};

/* Append the request's JSON. Equal requests are equal bytes. A part that is no
 * UTF-8 where it must be is a BUG of the caller only in so far as U+FFFD takes
 * its place. */
void chat_write(struct buf *out, const char *model,
                const struct chat_request *q, const struct chat_dialect *d);
/* Read a reply to q; everything in *reply lives in the arena. REJECT
 * model.failed; *nonsense says whether the reply made no sense at all, so that
 * asking again may help (as against one that is complete but of no use). */
enum asid_rc chat_read(struct arena *a, struct str body,
                       const struct chat_request *q, struct chat_reply *reply,
                       bool *nonsense, struct asid_err *err) ASID_WARN_UNUSED;
/* p = P(yes) / (P(yes) + P(no)) and mass = P(yes) + P(no), both summed over the
 * spellings among reply->top (case, blanks and the marks some tokenizers write
 * for a blank do not matter). Neither among them: p 0.5 and mass 0. REJECT
 * model.failed when there are no alternatives to look at. */
enum asid_rc chat_yes(const struct chat_reply *reply, double *p, double *mass,
                      struct asid_err *err) ASID_WARN_UNUSED;

/* --- asking ---------------------------------------------------------------- */

struct chat;

struct chat_options {
    struct http_options http;
    const char *model; /* as the server calls it */
};

/* As http_open; USAGE, too, for a model without a name. */
enum asid_rc chat_open(const struct chat_options *options, struct chat **out,
                       struct asid_err *err) ASID_WARN_UNUSED;
void chat_close(struct chat *c);
/* "" or what was left out at the server's request, as a sentence. */
const char *chat_notes(const struct chat *c);
/* The client below; for http_url and http_is_exposed. */
const struct http *chat_http(const struct chat *c);

struct chat_question {
    const struct chat_request *request;
    struct chat_reply reply; /* out, when rc is OK */
    enum asid_rc rc;         /* out: OK or REJECT */
    struct asid_err err;     /* out: its message */
};

/* Ask n questions, several at once. answered (may be NULL) is called on this
 * thread for each question that was answered, as soon as it was; what it
 * returns other than OK ends the call. Replies live in the arena. Returns OK
 * when each question has an outcome. threads: safe; each call with an arena of
 * its own. */
typedef enum asid_rc (*chat_answered)(void *user, struct chat_question *q,
                                      struct asid_err *err);
enum asid_rc chat_ask_all(struct chat *c, struct arena *a,
                          struct chat_question *q, size_t n,
                          chat_answered answered, void *user,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* One question; its outcome is what is returned. */
enum asid_rc chat_ask(struct chat *c, struct arena *a,
                      const struct chat_request *request,
                      struct chat_reply *reply,
                      struct asid_err *err) ASID_WARN_UNUSED;

#endif
