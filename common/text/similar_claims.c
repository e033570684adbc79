/* Shared content and contradictions of two claims. */
#include "asid/text/similar.h"

enum {
    /* Content words of a claim that are compared; claims have about ten. */
    CONTENT_MAX = 256,
};

struct content {
    size_t n;
    uint64_t stem[CONTENT_MAX];
    uint8_t weight[CONTENT_MAX];
};

static void add_word(struct content *c, const struct text_word *w)
{
    if (w->weight == 0 || c->n == CONTENT_MAX)
        return;
    for (size_t i = 0; i < c->n; i++)
        if (c->stem[i] == w->stem)
            return;
    c->stem[c->n] = w->stem;
    c->weight[c->n++] = w->weight;
}

/* The first word that begins at or behind a byte. */
static size_t word_at(const struct text *t, size_t byte)
{
    size_t low = 0, high = t->n_words;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (t->words[mid].at.at < byte)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void collect(struct content *c, const struct text *t,
                    const struct text_claim *claim)
{
    size_t end = claim->subject.at + claim->subject.n;

    c->n = 0;
    if (claim->subject.n)
        for (size_t i = word_at(t, claim->subject.at);
             i < t->n_words && t->words[i].at.at < end; i++)
            add_word(c, &t->words[i]);
    for (size_t i = 0; i < claim->n_words; i++)
        add_word(c, &t->words[claim->first_word + i]);
}

struct similar_overlap similar_claims(const struct text *a,
                                      const struct text_claim *ca,
                                      const struct text *b,
                                      const struct text_claim *cb)
{
    struct similar_overlap o = {0, 0};
    unsigned both = 0, all_a = 0, all_b = 0, shorter;
    struct content x, y;

    collect(&x, a, ca);
    collect(&y, b, cb);
    for (size_t i = 0; i < x.n; i++)
        all_a += x.weight[i];
    for (size_t i = 0; i < y.n; i++)
        all_b += y.weight[i];
    for (size_t i = 0; i < x.n; i++) {
        for (size_t k = 0; k < y.n; k++) {
            if (x.stem[i] == y.stem[k]) {
                both += x.weight[i];
                break;
            }
        }
    }
    shorter = all_a < all_b ? all_a : all_b;
    if (shorter == 0) {
        o.contained = o.jaccard = all_a == all_b ? 1 : 0;
        return o;
    }
    o.contained = (double)both / shorter;
    o.jaccard = (double)both / (all_a + all_b - both);
    return o;
}

/* --- contradictions ------------------------------------------------------- */

enum { FACTS_MAX = 256 };

static size_t facts_of(const struct text *t, const struct text_claim *c,
                       const struct text_fact **first)
{
    *first = t->facts + c->first_fact;
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

    for (size_t i = 0; i < n; i++) {
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
