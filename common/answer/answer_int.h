/*
 * What the files of common/answer share: the seam between what every model has
 * in common (options, hashes, ledger, accounts: answer.c, clip.c) and the
 * backends that answer (local.c: a checkpoint in this process; endpoint.c: a
 * server).
 *
 * A backend is a table of functions. It never looks into the ledger: it is
 * asked only what the ledger does not know, and everything it answers is kept
 * by the caller. It never counts into the job either: it says what an answer
 * took, and whoever takes the answer, now or in a later run from the ledger,
 * counts the same.
 */
#ifndef COMMON_ANSWER_INT_H
#define COMMON_ANSWER_INT_H

#include <math.h>

#include "asid/answer/answer.h"
#include "asid/ask/ask.h"
#include "asid/base/hash.h"
#include "asid/ledger/ledger.h"

/* The options of the stage, read once; read-only for all workers. */
struct answerer {
    const struct asid_cx *cx;
    const struct answer_backend *backend;
    void *state;        /* the backend's own, shared by all clips */
    const char *system; /* never NULL */
    bool no_audio;
    struct omni_budget budget;
    struct omni_sampling sampling;
    unsigned threads;    /* inside the model, of all records; 0: all cores */
    size_t memory_limit; /* bytes, 0: what the system has */
    /* Filled by the backend's open, in cx->arena: */
    const char *model;    /* verdicts.model, sources[].model */
    const char *identity; /* of the engine, for the hash of a request */
};

/* One record's conversation. */
struct clip {
    struct answerer *m;
    struct asid_job *job;
    const char *path; /* NULL: text only */
    const char *sha256;
    struct clip_view view;
    void *state; /* the backend's own, made when it is first asked */
    struct clip_work work;
    bool prefix_counted;         /* yes/no: once for all questions */
    char stem_counted[HASH_HEX]; /* the stem that was counted last */
};

/* A question on its way to the backend: the ledger does not know it. */
struct answer_question {
    struct str prompt; /* the whole user text */
    size_t stem;       /* bytes of it that the other questions share; or 0 */
    const struct omni_sampling *sampling; /* free answers only */
    char request[HASH_HEX];               /* the key of its reply */
    /* Set by answer_yes() and answer_free(). */
    bool answered;
    struct ledger_reply reply;
};

/* What it took. Tokens of the media prefix and of the stem are named once for
 * all questions that share them; a backend that does not share them (every
 * request of an endpoint sends the whole prompt) leaves them 0 and counts them
 * in tokens_in. */
struct answer_cost {
    uint64_t prefix_tokens, stem_tokens;
    uint64_t tokens_in, tokens_out; /* of this question alone */
};

struct answer_text {
    struct str text; /* trimmed, in the job's arena */
    bool truncated;
    struct answer_cost cost;
};

struct answer_backend {
    /* Open the model that the options in m->cx name; set m->state, m->model and
     * m->identity. On failure close is called as well. */
    enum asid_rc (*open)(struct answerer *m, struct asid_err *err);
    void (*close)(struct answerer *m);
    /* One free answer. */
    enum asid_rc (*text)(struct clip *c, const struct answer_question *q,
                         struct answer_text *out, struct asid_err *err);
    /* n > 1 free answers with one sampling, each as text would give it. Calls
     * answer_free() for each as yes does answer_yes(). */
    enum asid_rc (*texts)(struct clip *c, struct answer_question *q, size_t n,
                          struct asid_err *err);
    /* n > 0 yes/no questions, in any order and any number at once. Calls
     * answer_yes() for each as soon as it is answered, from the thread that
     * made the call, and returns OK only when all are. */
    enum asid_rc (*yes)(struct clip *c, struct answer_question *q, size_t n,
                        struct asid_err *err);
    /* Release c->state; also called when it was never made. */
    void (*clip_close)(struct clip *c);
};

extern const struct answer_backend answer_local;
extern const struct answer_backend answer_endpoint;

/* Take the answer to q: p = P(yes) / (P(yes) + P(no)) of the first answer token
 * and mass = P(yes) + P(no). It is in the ledger when this returns. REJECT
 * model.failed when p is no number. */
enum asid_rc answer_yes(struct clip *c, struct answer_question *q, double p,
                        double mass, const struct answer_cost *cost,
                        struct asid_err *err) ASID_WARN_UNUSED;

/* Take a free answer to q. It is in the ledger when this returns. */
enum asid_rc answer_free(struct clip *c, struct answer_question *q,
                         const struct answer_text *text,
                         struct asid_err *err) ASID_WARN_UNUSED;

/* The hash under which the reply to a question is kept: all that decides it.
 * sampling NULL: a yes/no question. */
void answer_request(const struct clip *c, struct str prompt,
                    const struct omni_sampling *sampling, char hex[HASH_HEX]);

static inline bool clip_is_window(const struct clip_view *v)
{
    return !isnan(v->start) || !isnan(v->end);
}

/* Non-zero once the user wants to stop: progress callback with the cx. */
int answer_progress(void *cx, double done);

#endif
