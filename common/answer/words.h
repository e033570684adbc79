/* Yes and no, as the first token of an answer. */
#ifndef COMMON_ANSWER_WORDS_H
#define COMMON_ANSWER_WORDS_H

#include "asid/nn/bpe.h"

/* Ids of the tokens that spell a word, in any case, with or without a blank;
 * where a vocabulary has none, of those that its spellings begin with. */
struct word {
    int32_t *ids;
    size_t n;
};

struct words {
    struct word yes, no;
};

/* FAILED when the vocabulary has none, or one that is both. Release it after a
 * failure, too. */
enum asid_rc words_find(const struct bpe *bpe, struct words *w,
                        struct asid_err *err) ASID_WARN_UNUSED;
void words_release(struct words *w);
/* P(yes) / (P(yes) + P(no)) and P(yes) + P(no) of the next token. FAILED when
 * they are no numbers. */
enum asid_rc words_read(const struct words *w, const float *logits,
                        size_t vocab, double *p, double *mass,
                        struct asid_err *err) ASID_WARN_UNUSED;

#endif
