/*
 * Judging captions: what of it needs no model. How a claim is asked about, what
 * its probability means, what a second account has that a text has not, how
 * well a text is written, and whether it speaks to whoever judges it.
 *
 * The method is the Error, Missing and Expressiveness review of ASID-Verify
 * (arXiv 2602.13013, section 3.3); how it is decided is not published and is
 * described in docs/curation/verify.md.
 */
#ifndef ASID_CURATE_VERIFY_H
#define ASID_CURATE_VERIFY_H

#include "asid/text/text.h"

/* --- questions -------------------------------------------------------------- */

enum {
    VERIFY_CLAIM_MAX = 4000, /* bytes of a claim that can be asked about */
};

/* A question about a claim: the user text is stem, then prompt. Claims that are
 * asked about with one wording and one mark have the stem in common. */
struct verify_question {
    struct str stem, prompt;
};

/* A claim as it is asked about: with its time in front, the way a caption says
 * it ("At 3s, the red cat jumps.", "From 3s to 5s, ..."), so that one at a wrong
 * time is wrong. As it is when start is NAN, when it tells a time itself, when
 * nothing stands in it, and when it tells of second 0 what lasts ("It is night.",
 * "There is a dog.", "Nobody speaks."). end NAN: start. In the arena or as given.
 * Whatever asks about claims, and whatever trains a model to answer, says them
 * so. */
struct str verify_statement(const struct text_rules *rules, struct arena *a,
                            struct str claim, double start, double end);

enum { VERIFY_EVENTS = 2 };
/* What a claim about the order of events says there is, each as a sentence: "The
 * story tells how the cat jumps before the dog barks." says "The cat jumps." and
 * "The dog barks."; of "it ends when the dog barks" the latter. How many; 0 when
 * nobody does anything in a part, and where something is quoted. */
size_t verify_events(const struct text_rules *rules, struct arena *a,
                     struct str claim, struct str events[VERIFY_EVENTS]);

/* The text on one line: line breaks and control characters become blanks,
 * blanks at the ends go. */
struct str verify_line(struct arena *a, struct str text);

/* Put a claim into a wording of the prompt set verify-claim or verify-window
 * (schemas/prompts.json). The slot {claim} gets the claim on a line of its own;
 * {mark} gets a mark that the claim does not contain, so that nothing in the
 * claim can look like its end; {start} and {end} get seconds. The mark is made
 * from key (the hash of the media); another one is taken only for a claim that
 * contains it. The claim is put on one line, and "<|", which some servers read as
 * the beginning of a command, is spaced out. False when the claim is empty or longer than VERIFY_CLAIM_MAX. */
bool verify_question(struct arena *a, struct str wording, struct str key,
                     struct str claim, double start, double end,
                     struct verify_question *out);

/* --- what a probability means ------------------------------------------------ */

struct verify_rule {
    double threshold; /* p from which a claim counts as true */
    double unsure;    /* half the width of the band in which it does not count
                         as either */
};

enum verify_verdict { VERIFY_SUPPORTED, VERIFY_REFUTED, VERIFY_UNSURE };
/* "supported", "refuted", "unsure": claims[].verdict */
extern const char *const verify_verdicts[3];

/* p NAN: unsure. */
enum verify_verdict verify_verdict(const struct verify_rule *rule, double p);

/* Which of n readings that exclude each other holds: the likeliest, when it is
 * supported and ahead of every other by the width of the band. -1: none. */
ptrdiff_t verify_winner(const struct verify_rule *rule, const double *p,
                        size_t n);

/* --- what is missing --------------------------------------------------------- */

/* A text that an account is compared with. */
struct verify_known {
    const struct text *text;
    bool holds; /* known to be true: what contradicts it is true of something
                   else, or not at all */
};

/* Indexes of the claims of an account that none of the known texts has, in
 * order. A claim is had when one known claim, or an earlier one of the account,
 * says the same: it has the share `novelty` of its content words, of a short
 * claim all that are not frequent ones; what it is said of; what that does, or
 * something else of that attribute within a second, which is the same in other
 * words; and the words of its quotes. A claim that contradicts a known one is
 * left to the error check, unless the known one holds. At most `most`. */
size_t verify_new_claims(const struct text *account,
                         const struct verify_known *known, size_t n_known,
                         double novelty, size_t *index, size_t most);

/* --- how it is written ------------------------------------------------------- */

struct verify_words; /* word lists of schemas/judge.json; read-only, shared */

/* FAILED when the file is malformed (a build fault, caught by its test). */
enum asid_rc verify_words_load(struct arena *a, const struct verify_words **out,
                               struct asid_err *err) ASID_WARN_UNUSED;
int64_t verify_words_version(const struct verify_words *w);

/* Both in [0, 1], 1 the best. */
struct verify_style {
    double repetition; /* share of the words that do not repeat what was said:
                          outside of sentences and runs of eight words that
                          occurred before */
    double references; /* share of the sentences without a reference to nothing:
                          a pronoun as the first word of the text, "the
                          aforementioned", "as described above" */
};
struct verify_style verify_style(const struct verify_words *w,
                                 const struct text_rules *rules,
                                 struct arena *a, const struct text *text);
/* Whether it is written well enough: `expressiveness` verdict good or poor. */
bool verify_style_good(const struct verify_style *style);

/* --- who is spoken to -------------------------------------------------------- */

/* The first place where a text addresses a model that reads it ("ignore all
 * previous instructions", "answer yes", "<|im_start|>"): what was found, at most
 * 80 bytes, in the arena; n 0: nothing. */
struct str verify_addresses(const struct verify_words *w,
                            const struct text_rules *rules, struct arena *a,
                            struct str text);

#endif
