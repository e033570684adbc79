/*
 * Judging the claims of a record by a model: the questions of asid-verify, and
 * of every stage that has to know whether what it wrote is true.
 *
 *     judge_open           once, after answerer_open
 *     judge_sitting_open   per record
 *       judge_claims       whether statements are true of the clip
 *       judge_record       all of a record: error, missing, expressiveness
 *     judge_sitting_close
 *
 * What needs no model is in asid/curate/verify.h. Everything here is
 * deterministic for given answers.
 */
#ifndef ASID_JUDGE_JUDGE_H
#define ASID_JUDGE_JUDGE_H

#include "asid/answer/answer.h"
#include "asid/curate/verify.h"

struct judge;
struct judge_sitting;

struct judge_options {
    const char *stage; /* findings[].stage */
    struct verify_rule rule;
    double window;  /* seconds around a claim's time; 0: no windows */
    double novelty; /* content share from which a claim is not new */
    /* > 0: what the model's own account of the attribute says is supported; what
     * it does not say is refuted when it is less than this above the threshold. */
    double account;
    bool events;  /* ask about the events of claims about their order, too */
    bool missing; /* look for what the texts leave out */
    bool attributes[ATTRIBUTES]; /* those that are judged */
};

/* Read them from the options of the stage that have these names (threshold,
 * unsure, window, novelty, account, events, no-missing, attributes). */
void judge_options_read(const struct asid_cx *cx, struct judge_options *o);

/* Everything lives in cx->arena; rules and the model must outlive it. */
enum asid_rc judge_open(struct asid_cx *cx, struct answerer *model,
                        const struct text_rules *rules,
                        const struct judge_options *options, struct judge **out,
                        struct asid_err *err) ASID_WARN_UNUSED;
/* What decides verdicts besides the options: model, prompts, word lists, rules
 * of text. Part of the stage's identity(). */
const char *judge_identity(const struct judge *j);

/* One record and its clip. REJECT with the codes of clip_source. */
enum asid_rc judge_sitting_open(struct judge *j, struct asid_job *job,
                                struct judge_sitting **out,
                                struct asid_err *err) ASID_WARN_UNUSED;
void judge_sitting_close(struct judge_sitting *s);
/* The clip, for further questions. */
struct clip *judge_clip(struct judge_sitting *s);

/* What the model's own account of the attribute says of a claim. */
enum judge_account { JUDGE_NOT_CONSULTED, JUDGE_SAYS_SO, JUDGE_SAYS_OTHER };

/* A statement about the clip. */
struct judge_claim {
    struct str text;
    double start, end; /* NAN: no time */
    /* The rest is the answer. */
    double p; /* of the window when that was asked, else of the whole clip; NAN:
                 not asked */
    enum verify_verdict verdict;
    double p_whole, p_window;   /* NAN: not asked */
    double from, to;            /* of the window */
    enum judge_account account; /* whether it had a say in the verdict */
    struct str event;           /* that p is of; n 0: p is of all of it */
    const char *reason;         /* why it was not asked, or NULL */
    char prompt_sha256[65];     /* of the question p comes from; "" for none */
};

/* Ask about n statements: first all of them about the whole clip, as
 * verify_statement() puts them, then the unsure ones that have a time about the
 * window around it, without that time. REJECT model.failed
 * when the model gives no usable answer. */
enum asid_rc judge_claims(struct judge_sitting *s, struct judge_claim *claims,
                          size_t n, struct asid_err *err) ASID_WARN_UNUSED;
/* Write p, verdict and evidence into a claim object of the record. */
void judge_write(const struct judge_sitting *s, struct json *claim,
                 const struct judge_claim *answer);
/* Note it as a judgement of the ledger. */
void judge_note(const struct judge_sitting *s, uint32_t round,
                enum attribute attribute, int64_t index, const char *kind,
                const struct judge_claim *answer);

/* Judge the attributes chosen by the options: writes claims[].p, verdict and
 * evidence, missing, expressiveness and verdict of each, findings
 * input.addresses_model, and the judgements. The record's claims must be there
 * (record_claims_ensure). */
enum asid_rc judge_record(struct judge_sitting *s, uint32_t round,
                          struct asid_err *err) ASID_WARN_UNUSED;

#endif
