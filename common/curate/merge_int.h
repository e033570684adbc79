/*
 * What the files of the merge share: the sources of one record, their texts
 * taken apart into a pool of claims, and what was decided about them.
 *
 * Order decides ties, so everything is brought into an order that does not
 * depend on the record's: sources by weight, length and name, texts by
 * attribute and bytes, claims as they stand in their text.
 */
#ifndef ASID_MERGE_INT_H
#define ASID_MERGE_INT_H

#include <math.h>

#include "asid/curate/merge.h"
#include "asid/text/known.h"
#include "asid/text/similar.h"

/* Words that the merge itself has to know, by what they mean to it. */
enum merge_list {
    LIST_MALE,
    LIST_FEMALE,
    LIST_LIGHT, /* say nothing about the picture: "wears", "can be seen" */
    LIST_TALK,  /* what a silent clip has none of */
    LIST_SHADE, /* belong to the colour behind them */
    LIST_PLACE, /* say where, though they are no content words */
    LIST_UNIT,  /* need their number */
    LIST_ORDER, /* what stands before them and behind cannot change places */
    LISTS,
};

/* The lists a stem is in: bits 1 << enum merge_list. */
struct listed {
    uint64_t stem;
    uint8_t lists;
};

enum { LISTED_MAX = 512 /* slots of the table of all lists */ };

struct weight_rule {
    struct weight_rule *next;
    const char *name;
    enum attribute attribute; /* NONE: all */
    double weight;
};

struct name_rule {
    struct name_rule *next;
    const char *name;
};

struct merge_policy {
    const struct text_rules *rules;
    struct arena *arena;
    struct weight_rule *weights;
    struct name_rule *heard;
    double tolerance;
    struct listed listed[LISTED_MAX];
};

/* The lists that the stem is in. */
static inline uint8_t merge_lists(const struct merge_policy *p, uint64_t stem)
{
    size_t i = (stem ^ stem >> 29) & (LISTED_MAX - 1);

    while (p->listed[i].lists && p->listed[i].stem != stem)
        i = (i + 1) & (LISTED_MAX - 1);
    return p->listed[i].lists;
}
static inline bool merge_listed(const struct merge_policy *p,
                                enum merge_list list, uint64_t stem)
{
    return merge_lists(p, stem) >> list & 1;
}
/* The weight of that source for that attribute, by the options alone. */
double merge_weight(const struct merge_policy *p, struct str name,
                    enum attribute attribute);
bool merge_is_heard(const struct merge_policy *p, struct str name);

/* --- the record taken apart ------------------------------------------------ */

struct m_source {
    struct str name;
    double weight[ATTRIBUTES];
    double total; /* sum of weight */
    size_t bytes; /* of all its texts */
    bool heard;   /* only heard */
    bool seen;    /* only saw */
};

/* A contradiction: what the readings are and how it was decided. */
struct m_conflict {
    struct m_conflict *next;
    enum attribute attribute;
    const char *code;
    struct str message;
    struct str was, now; /* n 0: not said */
    uint64_t sources;    /* of its alternatives */
    /* What it was about, so that it is told once: "from left to right" against
     * "from right to left" are two values. */
    int kind;
    const struct m_claim *lost, *won;
    struct json *open;      /* the claim with alternatives, or NULL */
    double start;           /* where in the clip, for the order; or NAN */
    ptrdiff_t claim;        /* index of the claim that carries it, or -1 */
    enum attribute carrier; /* attribute of that claim */
};

/* A text that lost against a claim. */
struct m_note {
    struct m_note *next;
    struct m_conflict *conflict;
    struct str text, reason;
    uint64_t sources;
};

/* A change that a decision makes in a text. */
struct m_edit {
    struct m_edit *next;
    struct span at;
    struct str with;
};

enum m_decision {
    DECISION_NOTE,      /* the claim stays and carries a note */
    DECISION_CORRECTED, /* its words were changed */
    DECISION_GONE,      /* it is not asserted */
};

/* Something said about the claim at a byte of a text. */
struct m_mark {
    struct m_mark *next;
    size_t at;
    enum m_decision decision;
    bool applied;        /* to the claims of the pool as it is */
    struct m_note *note; /* or NULL */
};

struct m_text {
    unsigned source;
    enum attribute hint;    /* what it was written for; NONE: all of them */
    enum attribute read_as; /* the hint of its analysis */
    struct str raw;
    const struct text *t;
    const struct text *pooled; /* the analysis of which the pool has claims */
    size_t first_claim, n_claims; /* in the pool */
    struct m_edit *edits;
    struct m_mark *marks;
    bool *decided; /* facts that lost or are open; NULL: none */
    bool edited;
};

struct m_claim {
    const struct m_text *text;
    const struct text_claim *c;
    uint32_t source;
    enum attribute attribute;
    double start, end;
    bool own_time;     /* from its own text, not from a claim joined with it */
    bool gone;         /* decided against, or left open */
    bool corrected;    /* a decision changed its words */
    bool unheard;      /* nothing that its source could know */
    bool ordered;      /* tells the order of two things */
    bool silent;       /* about the sound of a clip that has none */
    uint8_t gender;    /* 1 male, 2 female */
    uint8_t pronouns;  /* the same, by pronouns alone */
    uint32_t n_own;    /* content stems of its words, in order */
    uint32_t n_sorted; /* the same and those of its subject, sorted */
    uint32_t n_needed; /* of its own, those that say something */
    const uint64_t *own;
    const struct m_stem *sorted;
    const uint32_t *values; /* its facts that are no negations, in order */
    uint32_t n_values;
    uint64_t has;     /* merge_bit() of all of sorted */
    uint64_t needs;   /* of those that no claim says without having them */
    bool repeats;     /* a word of its own comes twice */
    bool plain;       /* says what itself says, as far as can be compared */
    bool again;       /* tells more of somebody who was told of before */
    uint64_t quoted;  /* hash of the words inside quotation marks; 0: none */
    uint32_t wording; /* the same for claims of the same words and facts */
    uint32_t first;   /* the first claim of the pool of that wording */
    uint64_t sources; /* bits: who says it */
    struct m_note *notes;
    /* merge_candidates(); NULL: not asked for yet */
    const uint32_t *near;
    size_t n_near;
    /* of the join under way */
    ptrdiff_t joined;    /* the claim that says it as well, or -1 */
    ptrdiff_t others;    /* the first of those joined with it, or -1 */
    ptrdiff_t next;      /* the next one joined with the same, or -1 */
    double sort;         /* place in time; -INFINITY: before all that has one */
    uint32_t slot;       /* place among those of the same time */
    struct str sentence; /* of its own; n 0: not made yet */
};

struct m_stem {
    uint64_t stem;
    uint32_t place; /* of its first occurrence among the claim's words */
    bool own;       /* of the claim's words, not only of its subject */
    bool light;     /* says nothing about the picture */
    uint8_t person; /* a word for a man (1) or a woman (2) */
};

/* A fact of the claim, by its place among them. */
static inline const struct text_fact *merge_fact(const struct m_claim *c,
                                                 size_t k)
{
    return &c->text->t->facts[c->c->first_fact + k];
}

/* A stem's place in a mask of 64: what a mask lacks, a list lacks as well, so
 * that most pairs are told apart without a look at their lists. */
static inline uint64_t merge_bit(uint64_t stem)
{
    return UINT64_C(1) << (stem * 0x9e3779b97f4a7c15u >> 58);
}

/* Which claims a stem is in. */
struct m_posting {
    uint64_t stem;
    uint32_t first, n; /* of the index's claims */
};

struct m_index {
    struct m_posting *postings; /* as they come first; [0]: of no claim */
    uint32_t *slots;            /* indexes into postings; 0: empty */
    size_t mask;
    uint32_t *claims;
};

/* The words and facts of a claim, which others may have as well. */
struct m_wording {
    uint64_t key;
    const struct text *t;
    const struct text_claim *c;
    const struct m_claim *claim; /* what is made of them; NULL: not yet */
    uint32_t first;              /* the first claim of a pool that has them */
    uint32_t pool;               /* of which pool */
};

struct m_wordings {
    struct m_wording *list;
    uint32_t *slots; /* index + 1 of list */
    uint32_t n, room;
    size_t mask;
};

struct merge {
    const struct merge_policy *p;
    struct arena *arena;
    struct json *record;
    bool no_sound; /* media.audio is null */
    bool quiet;    /* no findings: only what is there is listed */
    double duration;
    struct m_source sources[MERGE_SOURCES];
    size_t n_sources;
    uint8_t by_name[MERGE_SOURCES]; /* indexes of sources, by their names */
    struct m_text *texts;
    size_t n_texts;
    struct m_claim *claims;
    size_t n_claims;
    struct m_index index;
    struct text_known *known;   /* sentences of all texts */
    struct m_wordings wordings; /* of all pools */
    uint32_t pools;             /* that were made so far */
    uint64_t *memo;             /* answers of merge_says() about these claims */
    struct m_conflict *conflicts, **conflicts_end;
    struct m_text fusion[2]; /* see merge_fusion.c */
    struct m_page *page;     /* space for writing, see merge_write.c */
    struct str caption;      /* the caption as it stays; n 0: it is written */
};

enum {
    MERGE_NEAR = 64,   /* claims that one claim is compared with */
    MERGE_RUN = 64,    /* facts of one kind about one thing */
    MERGE_MEMO = 1024, /* pairs of claims whose comparison is remembered */
    MERGE_FACTS = 64,  /* facts of a claim that are compared one by one */
    MERGE_QUOTES = 512 /* quotes compared with each other */
};

#define MERGE_NO_WORDING UINT32_MAX /* of a claim whose wording is its own */

/* merge_collect.c: sources and texts in the canonical order, analysed. */
enum asid_rc merge_collect(struct merge *m, struct asid_err *err);
/* Instead of the record's sources: its caption as the only one. */
void merge_collect_caption(struct merge *m, struct str name,
                           struct str caption);
/* Take the text apart as it reads now. */
void merge_analyse(struct merge *m, struct m_text *t);
/* merge_wording.c: the wording of a claim, made when it is new; NULL: it shares
 * none. */
struct m_wording *merge_wording(struct merge *m, const struct m_claim *c);
/* The same words and facts, in the same places. */
static inline bool merge_same_wording(const struct m_claim *a,
                                      const struct m_claim *b)
{
    return a->wording == b->wording && a->wording != MERGE_NO_WORDING;
}
/* Whether the words [first, end) have an anchor among them. */
bool merge_is_anchored(const struct text *t, size_t first, size_t end);

/* merge_pool.c: claims of all texts and their index. */
void merge_pool(struct merge *m);
/* The claims that have the stem, in the pool's order. */
const uint32_t *merge_find(const struct merge *m, uint64_t stem, size_t *n);
/* The stem in the claim, or NULL. */
const struct m_stem *merge_stem(const struct m_claim *c, uint64_t stem);
/* The first word at or after a byte of the claim or of its subject. */
size_t merge_word_near(const struct m_claim *c, size_t byte);
/* Seconds between two claims; 0 when they meet or one has no time. */
static inline double merge_gap(const struct m_claim *a, const struct m_claim *b)
{
    if (!isfinite(a->start) || !isfinite(b->start))
        return 0;
    if (a->start > b->end)
        return a->start - b->end;
    return b->start > a->end ? b->start - a->end : 0;
}

/* merge_settle.c: what a decision does. */
struct str merge_sentence(struct merge *m, const struct m_claim *c);
/* "A man waves." as "The man waves." */
struct str merge_definite(struct merge *m, struct str sentence);
struct str merge_names(struct merge *m, uint64_t sources);
struct json *merge_names_json(struct merge *m, uint64_t sources);
void merge_edit_add(struct merge *m, const struct m_text *t, struct span at,
                    struct str with);
void merge_mark_add(struct merge *m, const struct m_claim *c,
                    enum m_decision decision, struct m_note *note);
struct m_note *merge_note_new(struct merge *m, struct m_conflict *conflict,
                              struct str text, uint64_t sources,
                              struct str reason);
struct m_conflict *merge_conflict_new(struct merge *m, const char *code,
                                      enum attribute attribute);
/* One more alternative of an open conflict. */
void merge_alternative(struct merge *m, struct m_conflict *c,
                       const struct m_claim *claim, struct str text,
                       uint64_t sources);
/* Apply edits, analyse again what changed, carry marks over to the claims. */
void merge_revise(struct merge *m);

void merge_quotes(struct merge *m);  /* merge_quotes.c */
void merge_silence(struct merge *m); /* merge_silence.c */
void merge_facts(struct merge *m);   /* merge_facts.c */
void merge_order(struct merge *m);   /* merge_order.c */

/* merge_join.c: claims of different words compared, once for each pair of
 * wordings. */
bool merge_compare(const struct merge *m, const struct m_claim *x,
                   const struct m_claim *y);
/* x says all that y says, and nothing against it; covers: at the same time as
 * well. */
static inline bool merge_says(const struct merge *m, const struct m_claim *x,
                              const struct m_claim *y)
{
    if (y->needs & ~x->has || y->c->summary != x->c->summary)
        return false;
    return (merge_same_wording(x, y) && y->plain) || merge_compare(m, x, y);
}
bool merge_covers(const struct merge *m, const struct m_claim *x,
                  const struct m_claim *y);
/* Claims among which are all that say what y says (as far as MERGE_NEAR goes). */
const uint32_t *merge_candidates(const struct merge *m, const struct m_claim *y,
                                 size_t *n);
/* Join claims that say the same, those of one attribute among each other or, for
 * the caption, all: sets joined, times, and (of attributes) sources and notes of
 * those that stay. */
void merge_join(struct merge *m, bool caption);

/* merge_write.c: the claims that merge_join() left, those of one attribute or
 * (NONE) all of them, as a paragraph. order (room for all claims) gets their
 * indexes as they are written. */
struct str merge_paragraph(struct merge *m, enum attribute attribute,
                           size_t *order, size_t *n_order);
/* To be called after each merge_join(): where claims stand in time. */
void merge_place(struct merge *m);

/* merge_store.c: the decisions as keys of the record. */
void merge_store(struct merge *m);

/* merge.c: attributes of a record that has none, from its caption or its only
 * source. */
void merge_attributes(const struct merge_policy *p, struct arena *a,
                      struct json *record);
/* record_claims.c: list the claims of attributes that have a text and no list,
 * said by that source (n 0: nobody). */
void record_claims_list(const struct text_rules *rules, struct arena *a,
                        struct json *record, struct str source);

#endif
