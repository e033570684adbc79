/* What an account of the video has that the texts of a record have not. */
#include <math.h>

#include "asid/curate/verify.h"
#include "asid/text/similar.h"

enum { KNOWN_MAX = 4096 }; /* claims of one text that are looked at */

static unsigned content(const struct text *t, const struct text_claim *c)
{
    unsigned sum = 0;

    for (size_t i = 0; i < c->n_words; i++)
        sum += t->words[c->first_word + i].weight;
    return sum;
}

/* The share of the content of a claim that another one has. similar_claims()
 * gives it for the shorter of the two; for the longer it follows from the share
 * of both: with b the common content, s and l that of the shorter and the
 * longer, contained = b / s and jaccard = b / (s + l - b). */
static double covered(const struct text *t, const struct text_claim *c,
                      const struct text *other, const struct text_claim *oc)
{
    struct similar_overlap o = similar_claims(t, c, other, oc);

    if (o.jaccard <= 0 || content(t, c) <= content(other, oc))
        return o.contained;
    return o.contained / (o.contained / o.jaccard - 1 + o.contained);
}

/* Whether a text says that already, or the opposite of it. */
static bool is_known(const struct text *t, const struct text_claim *c,
                     const struct text *known, size_t n, double novelty)
{
    const struct text_fact *mine, *theirs;

    for (size_t i = 0; i < n && i < KNOWN_MAX; i++) {
        const struct text_claim *k = &known->claims[i];

        if (covered(t, c, known, k) >= novelty ||
            similar_contradict(t, c, known, k, &mine, &theirs))
            return true;
    }
    return false;
}

size_t verify_new_claims(const struct text *account,
                         const struct text *const *known, size_t n_known,
                         double novelty, size_t *index, size_t most)
{
    size_t n = 0;

    for (size_t i = 0; i < account->n_claims && n < most; i++) {
        const struct text_claim *c = &account->claims[i];
        bool old = c->inferred || content(account, c) == 0 ||
                   is_known(account, c, account, i, novelty);

        for (size_t k = 0; !old && k < n_known; k++)
            old = is_known(account, c, known[k], known[k]->n_claims, novelty);
        if (!old)
            index[n++] = i;
    }
    return n;
}
