/*
 * How alike two texts are: edit similarity, ordered alignment, shared content.
 */
#ifndef ASID_TEXT_SIMILAR_H
#define ASID_TEXT_SIMILAR_H

#include "asid/text/text.h"

/* 1 - edit distance / length of the longer, in code points of the texts as
 * they are (AVoCaDO, arXiv 2510.10395: Sim of the dialogue reward). Two empty
 * texts: 1. A result below `least` may be returned as 0, which lets long
 * unlike texts be told apart cheaply. Texts of over 4096 code points are
 * compared by their first 4096. */
double similar_edit(struct arena *scratch, struct str a, struct str b,
                    double least);

/* The same after folding: case, punctuation, kinds of quotation marks and
 * blanks do not count, numbers in digits and in words are equal. */
double similar_spoken(const struct text_rules *rules, struct arena *scratch,
                      struct str a, struct str b, double least);

/* The spelling that similar_spoken() compares: words in lower case, one blank
 * between them, no punctuation, numbers in digits; in the arena. */
struct str similar_fold(const struct text_rules *rules, struct arena *a,
                        struct str text);

/* The words of similar_fold() one by one, each with its place in the text: for
 * comparing a text with another piece by piece. A number in several words
 * ("twenty one") is one of them, a CJK character is one, a word with a hyphen
 * is several; no blanks are inside. Both live in the arena; returns how
 * many. */
struct similar_word {
    struct str folded;
    struct span at;
};
size_t similar_words(const struct text_rules *rules, struct arena *a,
                     struct str text, struct similar_word **words);

struct similar_pair {
    size_t a, b; /* indexes */
    double similarity;
};
/* Ordered alignment as in a longest common subsequence: pairs of rising
 * indexes whose similarity is at least gamma (0.6 in the paper), with the
 * greatest sum. similarity(user, i, j) is called at most once a pair. pairs has
 * room for min(n, m); returns how many, *sum (may be NULL) gets the sum
 * (S_content of the paper). n * m is bounded by 2^22: more returns 0 pairs and
 * *sum NAN. */
size_t similar_align(struct arena *scratch, size_t n, size_t m, double gamma,
                     double (*similarity)(void *user, size_t i, size_t j),
                     void *user, struct similar_pair *pairs, double *sum);

/* Shared content of two claims in [0, 1]: the weighted share of content stems
 * of the shorter that the longer has (a contained claim is 1), and of both
 * (1 only for equal content). Rare words weigh more than the lexicon's
 * frequent ones. */
struct similar_overlap {
    double contained, jaccard;
};
struct similar_overlap similar_claims(const struct text *a,
                                      const struct text_claim *ca,
                                      const struct text *b,
                                      const struct text_claim *cb);

/* The first facts of two claims that contradict each other: same kind and
 * group, about the same thing, with values that differ. False when there are
 * none. */
bool similar_contradict(const struct text *a, const struct text_claim *ca,
                        const struct text *b, const struct text_claim *cb,
                        const struct text_fact **fa,
                        const struct text_fact **fb);

#endif
