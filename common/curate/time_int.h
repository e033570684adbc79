/*
 * What the files of timecheck.c share.
 *
 * A record is checked in passes: its texts are taken apart, evidence is
 * gathered, and what is certain is repaired; then it starts again on the
 * repaired texts, until a pass changes nothing. So the result of a second run
 * is the result of the first.
 */
#ifndef ASID_CURATE_TIME_INT_H
#define ASID_CURATE_TIME_INT_H

#include "asid/curate/align.h"
#include "asid/curate/timecheck.h"
#include "asid/text/known.h"

enum { TIME_TEXTS = ATTRIBUTES + 1 };

/* What is wrong with an anchor. */
enum time_fault {
    FAULT_MALFORMED = 1,
    FAULT_OUTSIDE = 2, /* by more than the tolerance */
    FAULT_ORDER = 4,
    FAULT_CONFLICT = 8,
    FAULT_CLOCK = 16, /* as the whole text */
};

/* A time in a text: an anchor, or something that is meant to be one. */
struct time_mark {
    struct span at;
    const struct text_anchor *anchor; /* NULL: cannot be read */
    double start, end;                /* as written; NAN: cannot be read */
    double guess;      /* of what cannot be read: what it may mean, or NAN */
    double now, until; /* where it is to go; as written unless moved */
    bool moved;
    bool aside;      /* has no place in the order of events: looks back, or
                        says until when */
    ptrdiff_t claim; /* the first claim with this anchor, or -1 */
    unsigned faults; /* enum time_fault */
    bool repairable; /* it is certain where it belongs */
    bool suspect;    /* another stands out of order because of it, perhaps */
};

/* Where a quote's words are, and where the text puts them. */
struct time_said {
    size_t mark;
    double start, end;       /* seconds, of the words */
    double earliest, latest; /* by the text */
    size_t between; /* statements between anchor and words: each takes time */
    bool unique;    /* said nowhere else */
    bool sure;      /* and well enough to go by it */
};

struct time_text {
    enum attribute key;  /* ATTRIBUTE_NONE: the caption */
    struct json *holder; /* the attribute, or the record */
    const struct text *text;
    struct time_mark *marks; /* as they stand in the text */
    size_t n_marks;
    size_t *mark_of; /* [claims]: mark that gives a claim's time, or SIZE_MAX */
    struct time_said *said;
    size_t n_said;
    size_t *about_cuts; /* marks of claims that speak of a cut */
    size_t n_cuts;
    double step; /* what its times are multiples of: 1, 0.1 or 0.01 */
    struct time_fit clock;
    bool settled;      /* clock is known */
    size_t leader;     /* of the texts that share a clock; index */
    ptrdiff_t *listed; /* [claims]: index in the record's list, or -1; NULL: not
                          looked for yet */
};

/* Claims of two texts that tell the same event, each with a mark of its own
 * or, with between set, told after a mark and before the next one. */
struct time_match {
    uint16_t text[2];
    uint32_t claim[2];
    bool sure; /* it is the same event, not only alike */
};

/* Something to be told about the record. */
struct time_note {
    const char *code;
    enum attribute key;
    ptrdiff_t claim;
    const char *message;
    struct str was, now; /* n 0: not told */
    bool repaired;
    struct time_fit fit; /* the cause, or TIME_UNKNOWN */
    struct time_note *next;
};

/* A record of nothing but faults must not grow without bound. */
enum { TIME_NOTES_MAX = 500 };

struct time_notes {
    struct time_note *first, *last;
    size_t n; /* also those that are not listed */
};

struct time_check {
    const struct text_rules *rules;
    struct arena *arena; /* the record's */
    struct arena *work;  /* of this pass */
    struct json *record;
    const struct timecheck_options *o;
    double duration, fps; /* NAN: not known */
    const double *cuts;
    size_t n_cuts;
    struct align_speech *speech; /* NULL: no transcript */
    struct text_known *known;    /* sentences that the texts share */
    struct time_text texts[TIME_TEXTS];
    size_t n_texts;
    struct time_match *matches;
    size_t n_matches, matches_room;
    struct time_notes repaired; /* of all passes */
    struct time_notes open;     /* of this pass */
    size_t anchors, wrong;      /* of this pass */
    bool changed;               /* by this pass */
    bool repair;                /* whether this pass may change anything */
};

/* --- time_read.c: the record's texts and their marks ------------------------ */

/* Cheap: false only for texts that cannot have a mark. */
bool time_may_have(struct str text);
void time_read_texts(struct time_check *c);

/* --- time_odd.c: times that cannot be read ---------------------------------- */

struct time_odd {
    struct span at;
    double guess; /* seconds, or NAN */
};
size_t time_find_odd(struct arena *a, const struct text *t,
                     struct time_odd **odd);

/* --- time_events.c: what can be held against the marks ---------------------- */

void time_find_said(struct time_check *c);
void time_find_cuts(struct time_check *c);
void time_find_matches(struct time_check *c);

/* --- time_clock.c: one cause behind a text's times -------------------------- */

/* Find the clocks, move the marks of texts whose clock is wrong for certain. */
void time_clocks(struct time_check *c);

/* --- time_single.c: single marks -------------------------------------------- */

void time_singles(struct time_check *c);

/* --- time_claims.c: the claims that the record lists ------------------------- */

/* The index of the mark's claim in the record, or -1. */
ptrdiff_t time_claim_of(struct arena *a, struct time_text *t,
                        const struct time_mark *m);
/* Bring the times of the record's claims in step with marks that moved. */
void time_move_claims(struct arena *a, struct time_text *t);

/* --- time_write.c: new texts, findings --------------------------------------- */

/* "At 12s" in place of a mark, as it fits there. */
struct str time_spell(struct arena *a, const struct time_text *t,
                      const struct time_mark *m);
/* Write the marks that moved. */
void time_write_texts(struct time_check *c);
/* Bring all anchors into the canonical form. */
void time_write_canonical(struct time_check *c);
void time_note(struct time_notes *list, struct arena *a,
               const struct time_note *note);
void time_write_notes(struct time_check *c);

/* Round to the text's step, within the clip. */
double time_round(const struct time_check *c, const struct time_text *t,
                  double seconds);
/* Seconds between two intervals; 0 when they meet. */
double time_gap(double a, double a_end, double b, double b_end);
/* Names of texts for messages: "caption", "scene", ... */
const char *time_text_name(const struct time_text *t);

#endif
