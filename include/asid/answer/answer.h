/*
 * Asking a model about a clip.
 *
 * One interface for the local checkpoint and for an endpoint: a stage asks
 * texts and yes/no questions about a record's media and gets replies; which
 * model answers, and whether it was asked already, is decided here. Every reply
 * is kept in the ledger under the hash of all that decides it (model, prompt,
 * media, budget, sampling), so that no question is asked twice.
 *
 *     answerer_open        once, from the options of the stage
 *     clip_open            per record; nothing is decoded yet
 *       clip_yes | clip_text | clip_texts
 *                          the first question that the ledger does not know
 *                          decodes the media and computes the prefix; all
 *                          further ones share it
 *     clip_close
 *     answerer_close
 */
#ifndef ASID_ANSWER_ANSWER_H
#define ASID_ANSWER_ANSWER_H

#include "asid/kit/stage.h"
#include "asid/omni/omni.h"

struct answerer;
struct clip;

/* The model named by --model DIR, or --endpoint URL with --model NAME, with the
 * budget and engine options of the stage (schemas/pipeline.schema.json,
 * x-options-of: model-options). Opens nothing but what it needs; USAGE when the options
 * do not fit together, FAILED when the model does not load. */
enum asid_rc answerer_open(struct asid_cx *cx, struct answerer **out,
                           struct asid_err *err) ASID_WARN_UNUSED;
void answerer_close(struct answerer *m);
/* What decides its answers besides the question: model fingerprint (or the
 * name of the endpoint's model), kernels, budget. Part of the stage's
 * identity(). */
const char *answerer_identity(const struct answerer *m);
/* Fingerprint of the checkpoint, or the name of the endpoint's model:
 * verdicts.model. Not its address: a server that moves to another port is the
 * same model, and outputs hold no host. */
const char *answerer_model(const struct answerer *m);

/* A checkpoint folder with the precision, cache folder and threads of the
 * program's options. FAILED as omni_open_as. */
enum asid_rc answer_load(const struct asid_cx *cx, const char *dir,
                         struct omni **out,
                         struct asid_err *err) ASID_WARN_UNUSED;

/* The folder for outputs of the towers by the program's options, and how many
 * bytes of them are kept: for omni_run_options. NULL when none are. In
 * cx->arena. */
const char *answer_towers(const struct asid_cx *cx, uint64_t *bytes);
/* Say what a prefill had from there, with -v; warn of what could not be kept,
 * unless *warned, which it sets. name is whose media they are; "" for nobody's.
 * Safe for several threads. */
void answer_towers_told(const struct asid_cx *cx, const char *name,
                        const struct omni_work *work, bool *warned);

/* The media file of a record: its path, and the hash of the bytes that are
 * there now. REJECT input.schema without video, media.unreadable, and
 * media.changed when the record knows another hash or size. */
enum asid_rc clip_source(struct asid_job *job, const char **path,
                         char sha256[65],
                         struct asid_err *err) ASID_WARN_UNUSED;

/* Which part of the clip is looked at. A window has a media prefix and replies
 * of its own. */
struct clip_view {
    double start, end; /* seconds, start < end; both NAN: all of it */
    bool no_audio;
};

/* Begin asking about the media file at path (NULL: text only), whose content
 * has that hash. view NULL: the whole clip with its sound. The job gives arena,
 * ledger, counters and warnings. The clip belongs to one thread. */
enum asid_rc clip_open(struct answerer *m, struct asid_job *job,
                       const char *path, const char *sha256,
                       const struct clip_view *view, struct clip **out,
                       struct asid_err *err) ASID_WARN_UNUSED;
void clip_close(struct clip *c);

struct clip_reply {
    struct str text; /* trimmed, in the job's arena */
    uint64_t tokens;
    bool truncated; /* the token limit ended it */
    bool known;     /* came from the ledger */
    char prompt_sha256[65];
};

/* One free answer. sampling NULL: that of the options. REJECT model.failed when
 * there is none for this record, FAILED when the model cannot answer at all. */
enum asid_rc clip_text(struct clip *c, struct str prompt,
                       const struct omni_sampling *sampling,
                       struct clip_reply *reply,
                       struct asid_err *err) ASID_WARN_UNUSED;

/* n of them with one sampling, each the answer it would get alone; equal prompts
 * are asked once. Those that the ledger does not know are computed together
 * where the model can, or are under way at the same time. replies: [n]; nothing
 * of them counts on failure, but what was answered is in the ledger. */
enum asid_rc clip_texts(struct clip *c, const struct str *prompts, size_t n,
                        const struct omni_sampling *sampling,
                        struct clip_reply *replies,
                        struct asid_err *err) ASID_WARN_UNUSED;

/* The same two where an answer without words is one. */
enum asid_rc clip_text_any(struct clip *c, struct str prompt,
                           const struct omni_sampling *sampling,
                           struct clip_reply *reply,
                           struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc clip_texts_any(struct clip *c, const struct str *prompts, size_t n,
                            const struct omni_sampling *sampling,
                            struct clip_reply *replies,
                            struct asid_err *err) ASID_WARN_UNUSED;

struct clip_question {
    /* The user text is stem, then prompt; it ends in what is to be answered by
     * yes or no. A stem that questions in a row have in common is computed and
     * counted once. */
    struct str stem; /* n 0: none */
    struct str prompt;
    double p;    /* out: P(yes) / (P(yes) + P(no)) of the first token */
    double mass; /* out: P(yes) + P(no); near 0: the model said neither */
    bool known;  /* out: came from the ledger */
    char prompt_sha256[65];
};

/* n yes/no questions about the clip. Spellings of yes and no (case, leading
 * blank) are summed. Every answer is the one it would get asked alone. Questions
 * known to the ledger are not asked; the others share the media prefix and are
 * computed together where the model can. Each answer is committed when it is
 * there. */
enum asid_rc clip_yes(struct clip *c, struct clip_question *q, size_t n,
                      struct asid_err *err) ASID_WARN_UNUSED;

/* What a set of numbered clip_yes questions cost: computed tokens of media
 * prefix and of questions; for benches and tests. */
struct clip_work {
    uint64_t prefix_tokens, question_tokens, answer_tokens, asked, known;
};
const struct clip_work *clip_work(const struct clip *c);

#endif
