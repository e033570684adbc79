/*
 * Captions taken apart: words, sentences, quotes, time anchors and claims.
 *
 * text_analyse() looks at a caption once and keeps everything it found; merge,
 * alignment, time checks, verification and refinement all work on the result.
 * Every span points into the analysed text, so a caption can be changed in one
 * place and left byte for byte everywhere else.
 *
 * English first. Text of other languages passes through unharmed: it is cut at
 * its own sentence marks, its words are compared as they are (CJK characters
 * one by one), and it is never lower-cased, reordered or normalised in place.
 *
 * Work is linear in the length of the text; what would need more is bounded.
 * Of a text over TEXT_MAX bytes only the beginning is taken apart; what follows
 * belongs to no sentence.
 */
#ifndef ASID_TEXT_TEXT_H
#define ASID_TEXT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"
#include "asid/text/attribute.h"

enum { TEXT_MAX = 1024 * 1024 };

struct text_rules; /* compiled patterns and lexicon; read-only, shared */

/* Load patterns and the lexicon of schemas/lexicon.json; once per process.
 * FAILED when the file is malformed (a build fault, caught by its test). */
enum asid_rc text_rules_load(const struct text_rules **out,
                             struct asid_err *err) ASID_WARN_UNUSED;
void text_rules_free(const struct text_rules *rules);
/* Changes whenever the rules would find something else in a text; part of the
 * identity of every stage that uses them. */
const char *text_rules_version(void);

struct span {
    size_t at, n; /* bytes */
};

static inline struct str span_of(struct str text, struct span s)
{
    return (struct str){text.p + s.at, s.n};
}

/* --- words --------------------------------------------------------------- */

struct text_word {
    struct span at;
    uint64_t folded; /* hash of the word, case-folded, NFKC, accents kept */
    uint64_t stem;   /* hash of its English stem; digits and number words
                        ("three", "3") have the same stem */
    bool number;
    bool stop; /* carries no content: articles, auxiliaries, pronouns */
    bool quoted;
    bool common; /* the lexicon has it: a capital at the head of a sentence is
                    no part of it, as it is of a name */
    bool names;  /* a noun or a verb: tells who, what or does, not how */
    uint8_t weight; /* how much content it carries: 0 for stop words, more for
                       rare words than for the lexicon's frequent ones */
    uint32_t sentence;
};

/* --- quotes ---------------------------------------------------------------*/

/* Words that somebody says, between quotation marks of any script ("", '',
 * typographic, guillemets, CJK corner brackets); an apostrophe is none. A
 * quote inside a quote is part of the outer one. Text on signs and screens is
 * quoted too: see spoken. */
struct text_quote {
    struct span all;     /* with the marks */
    struct span words;   /* without them */
    struct span speaker; /* who says it, as written ("the man in red"); n 0:
                            not said */
    bool spoken;         /* a verb of speech or a voice goes with it; false for
                            writing shown in the picture */
    uint32_t sentence;
};

/* --- time anchors ---------------------------------------------------------*/

/* A place in the video: "At 12s", "at 0:12", "from 3 to 5 seconds", "around
 * the 12-second mark", "(00:12)", "[0:03-0:05]". Prices, scores, clock times
 * of the day ("3:30 pm"), durations ("for 5 seconds", "a 10-second shot"),
 * dates, versions and anything inside quotation marks are none. */
struct text_anchor {
    struct span at;    /* all of it, preposition and brackets included, without
                          the comma that follows */
    double start, end; /* seconds; equal unless it is a range */
    bool range;
    bool
        reversed; /* a range written back to front; start <= end all the same */
    bool leads;   /* stands at the head of its sentence or clause */
    bool vague;   /* "around", "about", "approximately" */
    bool whole;   /* a range that looks back over the whole clip
                      ("from 0s to 20s ..." in a closing sentence) */
    uint32_t sentence;
};

/* --- facts ----------------------------------------------------------------*/

/* What a claim says that another can contradict. */
enum fact_kind {
    FACT_COLOUR,   /* value: a basic colour */
    FACT_COUNT,    /* value: how many */
    FACT_SIDE,     /* value: left, right, up, down, towards, away, ... */
    FACT_NEGATION, /* value: 1 when `about` is said not to be, 0 when it is
                      said to be (every noun and verb: "no hat" contradicts
                      "a hat") */
    FACT_OPPOSITE, /* value: one of a pair of opposites of the lexicon: day
                       and night, indoors and outdoors, open and closed */
};

struct text_fact {
    enum fact_kind kind;
    uint64_t about; /* stem of what it is said of; 0: not known */
    int32_t value;  /* equal values agree; of one kind */
    int32_t group;  /* facts of different groups never contradict: which pair
                       of opposites, which axis of direction; 0 for others */
    struct span at;
};

/* --- claims -----------------------------------------------------------------*/

/* One atomic statement: a clause that can be true or false by itself. The
 * claims of a sentence cover it without overlap, in order; what is between them
 * is punctuation, conjunctions and anchors. */
struct text_claim {
    struct span at;      /* as it reads, without a leading anchor */
    struct span subject; /* of the clause before, when this one has none ("and
                            picks up the ball"), with its auxiliary if the
                            clause needs it ("is walking and talking": "A man
                            is"); n 0: it has its own */
    uint32_t sentence;
    size_t first_word, n_words; /* its words */
    size_t first_fact, n_facts;
    size_t first_content, n_content; /* what it is compared by */
    uint32_t weight;                 /* of all its content */
    double start, end; /* seconds, from its own anchor or the last one before
                          it in the text; NAN when there is none, and for a
                          summary without an anchor of its own. A point claim
                          ends where it starts */
    ptrdiff_t anchor;  /* index of its own anchor, or -1 (inherited or none) */
    ptrdiff_t quote;   /* index of the first quote inside, or -1 */
    enum attribute
        attribute;         /* what it is about: by its words, else the hint */
    ptrdiff_t actor, verb; /* words of it, or of the subject it took over: what
                              it is said of (the head: "cat"), and what that
                              does ("jumps"); -1: not known */
    bool light;   /* the verb says little, and what stands behind it more: "is",
                   "has", "seems", "says", "wears"; so do the verbs of what is
                   heard, if nobody makes it ("music plays") */
    bool denies;  /* one of its facts says of anything that it is not */
    bool summary; /* looks back over the whole clip ("Throughout, ...") */
    bool inferred; /* a guess, a feeling, an intention, a theme: nothing that
                      can be pointed at ("as if", "suggesting") */
};

/* A stem that carries content, of the words of a claim and of the subject it
 * took over: once each, sorted by stem. Of very long claims the first 256. */
struct text_content {
    uint64_t stem;
    uint32_t weight;
    bool names; /* as of words; quoted words count as such */
};

struct text {
    struct str text; /* as given; must outlive this */
    struct span *sentences;
    size_t n_sentences;
    struct text_word *words;
    size_t n_words;
    struct text_quote *quotes;
    size_t n_quotes;
    struct text_anchor *anchors;
    size_t n_anchors;
    struct text_claim *claims;
    size_t n_claims;
    struct text_fact *facts;
    size_t n_facts;
    struct text_content *content; /* of all claims, in their order */
    size_t n_content;
};

/* Take a text apart. hint is the attribute it was written for (claims that
 * say nothing of their own about where they belong get it), or ATTRIBUTE_NONE
 * for a caption over all attributes (such claims then go to actions when they
 * have an anchor or a verb of movement, else to the scene). The result lives in
 * the arena. Text that is no UTF-8 is the caller's BUG. */
const struct text *text_analyse(const struct text_rules *rules, struct arena *a,
                                struct str text, enum attribute hint);

/* The same, with only those of its parts (bits) that are asked for: who wants
 * quotes and anchors pays for nothing else. What is left out is empty or zero
 * and says nothing. */
enum {
    TEXT_FACTS = 1,      /* facts and denies of claims */
    TEXT_NAMES = 2,      /* names of words and, with the next, of content */
    TEXT_CONTENT = 4,    /* content and weight of claims */
    TEXT_ATTRIBUTES = 8, /* attribute, inferred, actor, verb, light of claims */
    TEXT_ALL = TEXT_FACTS | TEXT_NAMES | TEXT_CONTENT | TEXT_ATTRIBUTES,
};
const struct text *text_analyse_parts(const struct text_rules *rules,
                                      struct arena *a, struct str text,
                                      enum attribute hint, unsigned parts);

/* The first of the words [low, high) that begins at or behind a byte; high when
 * none does. The first anchor that ends behind it; n_anchors. */
size_t text_first_word(const struct text *t, size_t low, size_t high,
                       size_t byte);
size_t text_first_anchor(const struct text *t, size_t byte);

/* The claim as a sentence of its own: its subject in front when it has none,
 * first letter a capital, one full stop at the end, without its anchor. */
struct str text_claim_sentence(struct arena *a, const struct text *t,
                               const struct text_claim *claim);

/* "At 12s": the one canonical spelling of an anchor (whole seconds without a
 * fraction, else up to two digits: "At 3.25s"); ranges "From 3s to 5s". */
struct str text_anchor_format(struct arena *a, double start, double end);

/* A sentence as it stands behind other words: its first letter small, unless
 * it is a name's or nobody knows. first: the word it begins with, as
 * text_analyse() found it; NULL: not known. In the arena or as given. */
struct str text_small_head(struct arena *a, struct str sentence,
                           const struct text_word *first);

/* "At 3s, the man waves.": the sentence at its time, as captions say it; in the
 * arena. start and end are finite, first as above. */
struct str text_timed(struct arena *a, double start, double end,
                      struct str sentence, const struct text_word *first);

#endif
