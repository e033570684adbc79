/* Shared content and contradictions of two claims. */
#include "asid/text/similar.h"

struct similar_overlap similar_claims(const struct text *a,
                                      const struct text_claim *ca,
                                      const struct text *b,
                                      const struct text_claim *cb)
{
    const struct text_content *x = a->content, *y = b->content;
    size_t i = ca->first_content, i_end = i + ca->n_content;
    size_t k = cb->first_content, k_end = k + cb->n_content;
    struct similar_overlap o = {0, 0};
    uint32_t both = 0,
             least = ca->weight < cb->weight ? ca->weight : cb->weight;

    while (i < i_end && k < k_end) {
        uint64_t stem = x[i].stem, other = y[k].stem;

        if (stem == other)
            both += x[i].weight < y[k].weight ? x[i].weight : y[k].weight;
        i += stem <= other;
        k += other <= stem;
    }
    if (least == 0) {
        o.contained = o.jaccard = ca->weight == cb->weight ? 1 : 0;
        return o;
    }
    o.contained = (double)both / least;
    o.jaccard = (double)both / (ca->weight + cb->weight - both);
    return o;
}

/* --- contradictions ------------------------------------------------------- */

enum { FACTS_MAX = 256 };

static size_t facts_of(const struct text *t, const struct text_claim *c,
                       const struct text_fact **first)
{
    /* A text without any fact has no list. */
    *first = c->n_facts ? t->facts + c->first_fact : NULL;
    return c->n_facts < FACTS_MAX ? c->n_facts : FACTS_MAX;
}

static bool same_scale(const struct text_fact *a, const struct text_fact *b)
{
    return a->kind == b->kind && a->group == b->group && a->about &&
           a->about == b->about;
}

/* Whether a claim says the same value of the same thing somewhere: "red and
 * white" does not contradict "white". */
static bool says(const struct text_fact *facts, size_t n,
                 const struct text_fact *f)
{
    for (size_t i = 0; i < n; i++)
        if (same_scale(&facts[i], f) && facts[i].value == f->value)
            return true;
    return false;
}

bool similar_contradict(const struct text *a, const struct text_claim *ca,
                        const struct text *b, const struct text_claim *cb,
                        const struct text_fact **fa,
                        const struct text_fact **fb)
{
    const struct text_fact *x, *y;
    size_t n = facts_of(a, ca, &x), m = facts_of(b, cb, &y);
    /* Nearly all facts are nouns and verbs that are said to be: among those
     * there is nothing to compare. */
    bool denied = ca->denies || cb->denies;

    for (size_t i = 0; i < n; i++) {
        if (!x[i].about || (!denied && x[i].kind == FACT_NEGATION))
            continue;
        for (size_t k = 0; k < m; k++) {
            if (!same_scale(&x[i], &y[k]) || x[i].value == y[k].value ||
                says(y, m, &x[i]) || says(x, n, &y[k]))
                continue;
            *fa = &x[i];
            *fb = &y[k];
            return true;
        }
    }
    return false;
}
