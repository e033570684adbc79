/*
 * Refinement: the bookkeeping of asid-refine that needs no model.
 *
 * What failed is collected, a new wording is found for it by whoever can, and
 * the result is put into claims, texts and caption, each place once. Everything
 * else stays (ASID-Verify, arXiv 2602.13013, section 3.3).
 */
#ifndef ASID_CURATE_REFINE_H
#define ASID_CURATE_REFINE_H

#include "asid/curate/record.h"
#include "asid/curate/repair.h"

enum refine_why {
    REFINE_WRONG,   /* the claim is refuted: reworded, or removed */
    REFINE_DECIDED, /* a claim in dispute was decided: it comes into the text */
    REFINE_MISSING, /* the verifier found it: it comes into the text */
};

/* One claim that has to change. */
struct refine_item {
    enum refine_why why;
    enum attribute attribute;
    struct json *claim; /* in claims, or in missing */
    struct str was;     /* its text */
    double start, end;  /* its time, NAN for none */
    /* For REFINE_WRONG, set by the caller: the new wording, one sentence; n 0:
     * the claim is removed. */
    struct str now;
};

/* Collect what has to change: refuted claims without readings in dispute,
 * supported claims that still have their readings, supported claims in
 * missing. List in the arena; returns how many. */
size_t refine_collect(struct arena *a, const struct json *record,
                      struct refine_item **items);

/* How many of a record's claims were judged (supported or refuted), how many
 * refuted, and the least likely one of these; claim NULL when none is. */
struct refine_tally {
    size_t judged, refuted;
    struct refine_item worst;
};
struct refine_tally refine_count(const struct json *record);

/* Put the items into the record: claims (reworded ones keep what they were
 * under `dropped`, removed ones go to attributes.KEY.removed, added ones come
 * last), texts, caption, drafts of both, and findings refine.rewritten,
 * refine.removed and refine.added of that stage. A text in which a wrong claim
 * cannot be found is written anew from its claims, and so is a caption that
 * still says what was wrong. A record without a caption gets one. */
void refine_apply(const struct text_rules *rules, struct arena *a,
                  const char *stage, struct json *record,
                  struct refine_item *items, size_t n);

/* Attributes with a draft that are neither wrong nor incomplete any more are
 * `refined`. */
void refine_finish(struct json *record, struct arena *a);

/* The first sentence of a model's answer, without anchor, quotation marks around
 * it or a bullet; n 0 when the answer says nothing ("none", "nothing"). In the
 * arena. */
struct str refine_answer(const struct text_rules *rules, struct arena *a,
                         struct str answer);

#endif
