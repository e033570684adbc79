/*
 * Repairing a text claim by claim: what is not affected stays byte for byte
 * (ASID-Verify, arXiv 2602.13013, section 3.3: only what failed is rewritten, to
 * limit how far an error can spread).
 */
#ifndef ASID_CURATE_REPAIR_H
#define ASID_CURATE_REPAIR_H

#include "asid/text/text.h"

enum repair_kind {
    REPAIR_REPLACE, /* the claim `was` becomes the sentence `now` */
    REPAIR_REMOVE,  /* the claim `was` goes */
    REPAIR_ADD,     /* the sentence `now` comes in */
};

struct repair {
    enum repair_kind kind;
    struct str was;    /* as text_claim_sentence() spells the claim */
    struct str now;    /* one sentence, without an anchor */
    double start, end; /* where an added sentence belongs, in seconds; NAN: at
                          the end, before sentences that look back */
    bool done;         /* out: the text had the claim, or took the sentence */
};

/* The text after the repairs; the text itself where none applied. Of a sentence
 * with a claim that is replaced or removed, the other claims stay as they read:
 * a run of them keeps its words and what joins them, and becomes a sentence of
 * its own, with its subject in front where it had none. Anchors stay with what
 * they stood before. A claim counts as `was` when it reads like it, letter case
 * and punctuation aside; a text that says it twice is repaired in both places.
 * An added sentence gets an anchor where the time changes. The result lives in
 * the arena. */
struct str repair_text(const struct text_rules *rules, struct arena *a,
                       struct str text, enum attribute hint,
                       struct repair *repairs, size_t n);

#endif
