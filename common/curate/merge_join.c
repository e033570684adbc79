/*
 * Joining claims that say the same: one stays for all of them.
 *
 * A claim goes only when another one has every content word of it, in much the
 * same order, about the same person, at the same time, with the same quotes,
 * and contradicts nothing in it. So whatever only one source says is left, be
 * it a single adjective.
 */
#include "merge_int.h"

enum {
    ORDER_MAX = 256, /* content words of a claim whose order is compared */
};

/* Content words of y in x's order: the longest rising run of their places in x
 * has to hold most of them. "The dog chases the cat" and "the cat chases the
 * dog" have the same words. */
static bool same_order(const struct m_claim *x, const struct m_claim *y)
{
    uint32_t tails[ORDER_MAX];
    size_t n = 0, all = 0;

    for (size_t i = 0; i < y->n_own && all < ORDER_MAX; i++) {
        const struct m_stem *s = merge_stem(x, y->own[i]);
        size_t low = 0, high = n;

        if (!s || s->light)
            continue;
        all++;
        while (low < high) {
            size_t mid = low + (high - low) / 2;

            if (tails[mid] < s->place)
                low = mid + 1;
            else
                high = mid;
        }
        tails[low] = s->place;
        n += low == n;
    }
    return n * 10 >= all * 6;
}

/* "A sits before B stands" and "B stands before A sits": every word of y has to
 * come in x, one behind the other. */
static bool same_sequence(const struct m_claim *x, const struct m_claim *y)
{
    size_t k = 0;

    for (size_t i = 0; i < y->n_own; i++) {
        const struct m_stem *s = merge_stem(y, y->own[i]);

        if (s && s->light)
            continue;
        while (k < x->n_own && x->own[k] != y->own[i])
            k++;
        if (k++ >= x->n_own)
            return false;
    }
    return true;
}

/* "The woman slices" against "she slices". */
static bool is_meant(const struct m_claim *x, const struct m_stem *s)
{
    return (x->pronouns & s->person) != 0;
}

static bool all_words(const struct m_claim *x, const struct m_claim *y)
{
    size_t needed = 0, shared = 0;

    for (size_t i = 0; i < y->n_sorted; i++) {
        const struct m_stem *s = &y->sorted[i];

        if (!s->own || s->light)
            continue;
        needed++;
        if (!merge_stem(x, s->stem) && !is_meant(x, s))
            return false;
    }
    if (needed || y->quoted)
        return true;
    /* Nothing but light words: only the same ones will do. */
    for (size_t i = 0; i < y->n_sorted; i++)
        shared += merge_stem(x, y->sorted[i].stem) != NULL;
    return y->n_sorted > 0 && shared == y->n_sorted;
}

/* A subject taken over from the clause before has to be x's as well. */
static bool same_subject(const struct m_claim *x, const struct m_claim *y)
{
    bool any = false;

    if (x->gender && y->gender && !(x->gender & y->gender))
        return false;
    for (size_t i = 0; i < y->n_sorted; i++) {
        const struct m_stem *s = &y->sorted[i];

        if (s->own || s->light)
            continue;
        if (merge_stem(x, s->stem) || is_meant(x, s))
            return true;
        any = true;
    }
    return !any;
}

/* Two sources mostly tell the same thing in the same words: then all of them
 * are there and in order. (A word that comes twice has one place only.) */
static bool same_words(const struct m_claim *x, const struct m_claim *y)
{
    return x->n_own == y->n_own && y->needs && !y->repeats &&
           memcmp(x->own, y->own, x->n_own * sizeof x->own[0]) == 0;
}

static bool compare(const struct m_claim *x, const struct m_claim *y)
{
    const struct text_fact *fx, *fy;
    bool same = same_words(x, y);

    if (y->quoted && y->quoted != x->quoted)
        return false;
    if (!same_subject(x, y) ||
        (!same && (!all_words(x, y) || !same_order(x, y))))
        return false;
    if (y->ordered && !same && !same_sequence(x, y))
        return false;
    if (x->c->n_facts > MERGE_FACTS || y->c->n_facts > MERGE_FACTS)
        return false;
    return !similar_contradict(x->text->t, x->c, y->text->t, y->c, &fx, &fy);
}

/* The same pair is asked about for the order, for the attributes and for the
 * caption; what two claims say does not change while they are in the pool, and
 * is the same for all claims of their wordings. */
bool merge_compare(const struct merge *m, const struct m_claim *x,
                   const struct m_claim *y)
{
    uint64_t pair = ((uint64_t)x->first << 31 | y->first) + 1;
    uint64_t *memo = &m->memo[(pair * 0x9e3779b97f4a7c15u >> 32) % MERGE_MEMO];
    bool says;

    if (*memo >> 1 == pair)
        return *memo & 1;
    says = compare(x, y);
    *memo = pair << 1 | says;
    return says;
}

bool merge_covers(const struct merge *m, const struct m_claim *x,
                  const struct m_claim *y)
{
    return merge_gap(x, y) <= m->p->tolerance && merge_says(m, x, y);
}

/* --- choosing ------------------------------------------------------------------- */

/* Which of two claims that say the same stays: the one written for the
 * attribute (in a caption: the one from a caption), then the better source,
 * then the one whose sentence is left whole. */
static bool better(const struct m_claim *x, const struct m_claim *y,
                   enum attribute attribute)
{
    bool fit_x =
        (x->text->hint == ATTRIBUTE_NONE) == (attribute == ATTRIBUTE_NONE);
    bool fit_y =
        (y->text->hint == ATTRIBUTE_NONE) == (attribute == ATTRIBUTE_NONE);

    if (x->corrected != y->corrected)
        return y->corrected;
    if (fit_x != fit_y)
        return fit_x;
    return x < y;
}

static size_t root(const struct merge *m, size_t i)
{
    while (m->claims[i].joined >= 0)
        i = (size_t)m->claims[i].joined;
    return i;
}

/* A word that a claim can say without having it. */
static bool is_loose(const struct m_stem *s)
{
    return s->light || s->person;
}

/* Of the stems that are loose or not, the one that the fewest claims have. */
static const uint32_t *rarest(const struct merge *m, const struct m_claim *y,
                              bool loose, size_t *n)
{
    const uint32_t *best = NULL;

    *n = 0;
    for (size_t i = 0; i < y->n_sorted; i++) {
        size_t found;
        const uint32_t *list;

        if (!y->sorted[i].own || is_loose(&y->sorted[i]) != loose)
            continue;
        list = merge_find(m, y->sorted[i].stem, &found);
        if (best && found >= *n)
            continue;
        best = list;
        *n = found;
    }
    return best;
}

/* Whoever says all that a claim says has its quotes and its rarest word. */
const uint32_t *merge_candidates(const struct merge *m, const struct m_claim *y,
                                 size_t *n)
{
    struct m_claim *c = &m->claims[y->first];

    if (!c->near) {
        c->near =
            c->quoted ? merge_find(m, c->quoted, n) : rarest(m, c, false, n);
        if (!c->near)
            c->near = rarest(m, c, true, n);
        c->n_near = *n < MERGE_NEAR ? *n : MERGE_NEAR;
    }
    *n = c->n_near;
    return c->near;
}

static bool may_join(const struct m_claim *x, const struct m_claim *y,
                     bool caption)
{
    return x != y && x->text != y->text && !x->gone &&
           (caption || x->attribute == y->attribute);
}

/* What is cheap to ask is asked first. */
static void find_cover(struct merge *m, size_t i, bool caption)
{
    struct m_claim *y = &m->claims[i];
    const struct m_claim *best = NULL;
    size_t n;
    const uint32_t *list = merge_candidates(m, y, &n);

    for (size_t k = 0; k < n; k++) {
        const struct m_claim *x = &m->claims[list[k]];

        if (!may_join(x, y, caption) || (best && !better(x, best, caption)) ||
            !merge_covers(m, x, y))
            continue;
        if (better(y, x, caption) && merge_says(m, y, x))
            continue;
        if (root(m, list[k]) != i)
            best = x;
    }
    y->joined = best ? best - m->claims : -1;
}

/* --- what the one that stays takes over -------------------------------------------- */

/* Who says more than half of it counts as saying it; a claim whose words were
 * changed speaks only for itself. */
static void take_over(struct m_claim *x, const struct m_claim *y)
{
    struct m_note **end = &x->notes;

    if (!y->corrected && y->n_needed * 10 >= x->n_needed * 6)
        x->sources |= y->sources;
    while (*end)
        end = &(*end)->next;
    *end = y->notes;
}

/* The time of the claim that stays: the one with the most weight among all that
 * are joined, else that of the best source. */
static void vote_time(struct merge *m, size_t i)
{
    enum { VOTES = 16 };
    struct m_claim *x = &m->claims[i];
    const struct m_claim *who[VOTES];
    double weight[VOTES];
    size_t n = 0, best = 0;

    for (ptrdiff_t k = (ptrdiff_t)i; k >= 0 && n < VOTES;
         k = k == (ptrdiff_t)i ? x->others : m->claims[k].next) {
        const struct m_claim *c = &m->claims[k];

        if (!c->own_time)
            continue;
        who[n] = c;
        weight[n++] = m->sources[c->source].weight[c->attribute];
    }
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < n; j++)
            if (j != k && who[j]->c->start <= who[k]->c->start &&
                who[j]->c->start >= who[k]->c->start &&
                who[j]->source != who[k]->source)
                weight[k] +=
                    m->sources[who[j]->source].weight[who[j]->attribute];
    for (size_t k = 1; k < n; k++)
        if (weight[k] > weight[best] ||
            (weight[k] >= weight[best] && who[k] < who[best]))
            best = k;
    if (n == 0 || who[best] == x)
        return;
    x->start = who[best]->start;
    x->end = who[best]->end;
    x->own_time = false;
}

void merge_join(struct merge *m, bool caption)
{
    for (size_t i = 0; i < m->n_claims; i++) {
        struct m_claim *c = &m->claims[i];

        c->joined = c->others = c->next = -1;
        c->start = c->c->start;
        c->end = c->c->end;
        c->own_time = isfinite(c->start);
    }
    for (size_t i = 0; i < m->n_claims; i++)
        if (!m->claims[i].gone)
            find_cover(m, i, caption);
    for (size_t i = m->n_claims; i-- > 0;) {
        struct m_claim *y = &m->claims[i], *x;

        if (y->joined < 0)
            continue;
        y->joined = (ptrdiff_t)root(m, i);
        x = &m->claims[y->joined];
        y->next = x->others;
        x->others = (ptrdiff_t)i;
        /* Notes move on once, to the claim of the attribute. */
        if (!caption)
            take_over(x, y);
    }
    for (size_t i = 0; i < m->n_claims; i++)
        if (m->claims[i].others >= 0)
            vote_time(m, i);
}
