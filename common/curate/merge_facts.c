/*
 * Values that contradict each other: colours, counts, sides, opposites and
 * what is said not to be.
 *
 * Facts of one kind about one thing are gathered over all sources and parted
 * into what they are said of (the red jacket of the man, the blue one of the
 * woman). Of each such thing, values that no source gives together contradict
 * each other; the weights of those who say them decide, and merge_resolve()
 * carries it out.
 */
#include "merge_facts.h"

#include <stdlib.h>

enum {
    WORDS_MAX = 96, /* words of a claim that is looked into */
    LIKE_MAX = 4,   /* occurrences of a value that speak for it */
};

/* --- what a fact is said of --------------------------------------------------- */

static bool excluded(const struct occurrence *o, uint64_t stem)
{
    for (size_t i = 0; i < o->n_words; i++)
        if (o->words[i] == stem)
            return true;
    return stem == o->about;
}

/* What is around the value: the claim's words that say something, without the
 * value's own and the thing that all of the run are about. */
static void look_around(struct merge *m, struct occurrence *o)
{
    const struct m_claim *c = &m->claims[o->claim];
    struct beside *list = arena_list(m->arena, c->n_sorted, sizeof *list);

    o->around = list;
    o->n_around = 0;
    o->has = 0;
    for (size_t i = 0; i < c->n_sorted; i++) {
        const struct m_stem *s = &c->sorted[i];

        if (s->light || s->stem == o->about ||
            (o->bits & merge_bit(s->stem) && excluded(o, s->stem)))
            continue;
        o->has |= merge_bit(s->stem);
        list[o->n_around++] = (struct beside){
            s->stem, s->place < o->place || s->place >= c->n_own};
    }
}

/* A colour stays; how many there are and where may change with time. "The sky
 * turns orange" is a change as well: its colour stands behind the verb. */
static bool lasts(const struct occurrence *o, const struct text_word *behind)
{
    return o->kind == FACT_COLOUR && !behind->stop &&
           behind->at.at == o->fact->at.at + o->fact->at.n + 1;
}

/* The stems of the value's own words, how many content words of the claim
 * stand before it, and all else that it is compared by. */
static void place(struct merge *m, struct occurrence *o)
{
    const struct m_claim *c = &m->claims[o->claim];
    const struct text *t = c->text->t;
    size_t last = c->c->first_word + c->c->n_words;

    o->n_words = 0;
    o->bits = 0;
    o->place = 0;
    o->lasting = false;
    for (size_t i = c->c->first_word; i < last; i++) {
        const struct text_word *w = &t->words[i];

        if (w->at.at >= o->fact->at.at + o->fact->at.n) {
            o->lasting = lasts(o, w);
            break;
        }
        if (w->at.at >= o->fact->at.at) {
            if (o->n_words == OCCURRENCE_WORDS)
                continue;
            o->words[o->n_words++] = w->stem;
            o->bits |= merge_bit(w->stem);
        } else if (!w->stop && !w->quoted) {
            o->place++;
        }
    }
    look_around(m, o);
}

struct common {
    size_t x, y;   /* stems of each that could be shared */
    size_t shared; /* that are */
    bool owner;    /* one of them stands before both values */
};

/* How many words around a value are not words of the other value. */
static size_t could_share(const struct occurrence *a,
                          const struct occurrence *b)
{
    size_t n = 0;

    if (!(a->has & b->bits))
        return a->n_around;
    for (size_t k = 0; k < a->n_around; k++)
        n += !excluded(b, a->around[k].stem);
    return n;
}

static struct common context(const struct occurrence *a,
                             const struct occurrence *b)
{
    const struct beside *x = a->around, *end_x = x + a->n_around;
    const struct beside *y = b->around, *end_y = y + b->n_around;
    struct common found = {could_share(a, b), could_share(b, a), 0, false};

    if (!(a->has & b->has))
        return found;
    while (x < end_x && y < end_y) {
        uint64_t s = x->stem, t = y->stem;

        found.shared += s == t;
        found.owner |= s == t && x->owner && y->owner;
        x += s <= t;
        y += t <= s;
    }
    return found;
}

/* "The music is loud": the thing stands before its value. */
static bool is_said_of(const struct merge *m, const struct occurrence *o)
{
    const struct m_claim *c = &m->claims[o->claim];

    for (size_t i = 0; i < c->n_own && i < o->place; i++)
        if (c->own[i] == o->about)
            return true;
    return false;
}

/* Whether both speak of one and the same thing. */
static bool same_thing(const struct merge *m, const struct occurrence *a,
                       const struct occurrence *b)
{
    const struct m_claim *x = &m->claims[a->claim], *y = &m->claims[b->claim];
    bool lasting = a->lasting && b->lasting;
    struct common f;
    size_t least;

    if (x->c->n_words > WORDS_MAX || y->c->n_words > WORDS_MAX)
        return false;
    if (x->gender && y->gender && !(x->gender & y->gender))
        return false;
    if (!lasting && merge_gap(x, y) > m->p->tolerance)
        return false;
    f = context(a, b);
    least = f.x < f.y ? f.x : f.y;
    if (f.x == 0 && f.y == 0)
        return true;
    if (a->about == 0)
        return f.shared > 0 && f.shared * 10 >= least * 6;
    if (f.owner || (is_said_of(m, a) && is_said_of(m, b)))
        return true;
    if (least == 0)
        return lasting || !isfinite(x->start) == !isfinite(y->start);
    return f.shared > 0 && f.shared * 2 >= least;
}

/* --- values of one thing -------------------------------------------------------- */

struct value {
    int32_t value;
    uint64_t sources;
    double weight;
    uint32_t best;    /* the occurrence that speaks for it */
    uint32_t against; /* bits: values that contradict it */
    ptrdiff_t winner; /* the value it lost against, or -1 */
    bool open;
};

struct thing {
    const struct occurrence *list; /* of the run */
    const uint32_t *members;
    size_t n;
    struct value values[OPEN_VALUES];
    size_t n_values;
};

static void add_value(const struct merge *m, struct thing *t, uint32_t member)
{
    const struct occurrence *o = &t->list[member];
    uint64_t bit = UINT64_C(1) << m->claims[o->claim].source;
    size_t i = 0;

    while (i < t->n_values && t->values[i].value != o->value)
        i++;
    if (i == OPEN_VALUES)
        return;
    if (i == t->n_values) {
        t->values[i] =
            (struct value){.value = o->value, .best = member, .winner = -1};
        t->n_values++;
    }
    t->values[i].sources |= bit;
}

static double weight_of(const struct merge *m, const struct thing *t,
                        const struct value *v)
{
    double weight[MERGE_SOURCES] = {0};
    double sum = 0;

    for (size_t i = 0; i < t->n; i++) {
        const struct occurrence *o = &t->list[t->members[i]];
        const struct m_claim *c = &m->claims[o->claim];
        double w = m->sources[c->source].weight[c->attribute];

        if (o->value == v->value && w > weight[c->source])
            weight[c->source] = w;
    }
    for (size_t i = 0; i < m->n_sources; i++)
        sum += weight[i];
    return sum;
}

/* How much alike the words around two values are, in [0, 1]. */
static double likeness(const struct thing *t, int32_t v, int32_t w)
{
    double best = 0;
    size_t of_v = 0;

    for (size_t i = 0; i < t->n && of_v < LIKE_MAX; i++) {
        const struct occurrence *a = &t->list[t->members[i]];
        size_t of_w = 0;

        if (a->value != v)
            continue;
        of_v++;
        for (size_t k = 0; k < t->n && of_w < LIKE_MAX; k++) {
            const struct occurrence *b = &t->list[t->members[k]];
            struct common f;
            double all;

            if (b->value != w)
                continue;
            of_w++;
            f = context(a, b);
            all = (double)(f.x + f.y - f.shared);
            if (all < 1)
                return 1;
            if ((double)f.shared / all > best)
                best = (double)f.shared / all;
        }
    }
    return best;
}

/* The value of that source that w is most like; its other ones are spared. */
static void spare(struct thing *t, size_t w, size_t source, const double *like)
{
    struct value *v = t->values;
    double best = -1;
    size_t found = 0;

    for (size_t k = 0; k < t->n_values; k++)
        if (v[k].sources >> source & 1 && like[k] > best) {
            best = like[k];
            found = k;
        }
    for (size_t k = 0; k < t->n_values; k++)
        if (v[k].sources >> source & 1 && k != found) {
            v[w].against &= ~(UINT32_C(1) << k);
            v[k].against &= ~(UINT32_C(1) << w);
        }
}

/* A source that gives several values knows several things: another's value
 * then contradicts only the one that it is most like. */
static void spare_several(const struct merge *m, struct thing *t)
{
    uint64_t once = 0, several = 0;

    for (size_t k = 0; k < t->n_values; k++) {
        several |= once & t->values[k].sources;
        once |= t->values[k].sources;
    }
    for (size_t w = 0; several && w < t->n_values; w++) {
        double like[OPEN_VALUES];

        for (size_t k = 0; k < t->n_values; k++)
            like[k] = likeness(t, t->values[k].value, t->values[w].value);
        for (size_t s = 0; s < m->n_sources; s++)
            if ((several & ~t->values[w].sources) >> s & 1)
                spare(t, w, s, like);
    }
}

static void vote(struct thing *t)
{
    struct value *v = t->values;

    for (size_t i = 0; i < t->n_values; i++)
        for (size_t k = 0; k < t->n_values; k++)
            if (v[i].against >> k & 1 && v[k].weight > v[i].weight &&
                (v[i].winner < 0 || v[k].weight > v[v[i].winner].weight))
                v[i].winner = (ptrdiff_t)k;
    for (size_t i = 0; i < t->n_values; i++)
        for (size_t k = 0; k < t->n_values; k++)
            if (v[i].against >> k & 1 && v[i].winner < 0 && v[k].winner < 0)
                v[i].open = true;
}

/* A claim that names the other value as well, of whatever: who says "a red car
 * and a blue car race" is not against a blue car. */
static void add_mentions(const struct merge *m, struct thing *t,
                         const struct occurrence *o)
{
    const struct m_claim *c = &m->claims[o->claim];

    for (size_t k = 0; k < c->n_values && c->values[k] < WORDS_MAX; k++) {
        const struct text_fact *f = merge_fact(c, c->values[k]);

        if (f->kind != o->kind || f->group != o->group)
            continue;
        for (size_t i = 0; i < t->n_values; i++)
            if (t->values[i].value == f->value)
                t->values[i].sources |= UINT64_C(1) << c->source;
    }
}

/* Values that no source gives together contradict each other. */
static bool oppose(const struct merge *m, struct thing *t)
{
    struct value *v = t->values;
    bool any = false;

    for (size_t i = 0; i < t->n; i++)
        add_value(m, t, t->members[i]);
    if (t->n_values < 2)
        return false;
    for (size_t i = 0; i < t->n; i++)
        if (t->list->kind != FACT_NEGATION)
            add_mentions(m, t, &t->list[t->members[i]]);
    for (size_t i = 0; i < t->n_values; i++)
        for (size_t k = 0; k < t->n_values; k++)
            if (i != k && !(v[i].sources & v[k].sources)) {
                v[i].against |= UINT32_C(1) << k;
                any = true;
            }
    return any;
}

static void give_up(struct merge *m, const struct thing *t,
                    const struct value *lost, const struct value *won)
{
    struct readings r = {.list = t->list, .members = t->members, .n = t->n};

    r.lost = lost->value;
    r.lost_sources = lost->sources;
    r.lost_weight = lost->weight;
    r.won = won->value;
    r.won_sources = won->sources;
    r.won_weight = won->weight;
    merge_resolve(m, &r);
}

static void decide(struct merge *m, struct thing *t)
{
    struct open_values o;
    struct value *v = t->values;

    if (!oppose(m, t))
        return;
    o = (struct open_values){.list = t->list, .members = t->members, .n = t->n};
    for (size_t i = 0; i < t->n_values; i++)
        v[i].weight = weight_of(m, t, &v[i]);
    spare_several(m, t);
    vote(t);
    for (size_t i = 0; i < t->n_values; i++) {
        if (v[i].winner >= 0)
            give_up(m, t, &v[i], &v[v[i].winner]);
        if (!v[i].open)
            continue;
        o.values[o.n_values] = v[i].value;
        o.sources[o.n_values++] = v[i].sources;
    }
    if (o.n_values)
        merge_leave_open(m, &o);
}

bool merge_is_decided(const struct merge *m, const struct occurrence *o)
{
    const struct m_claim *c = &m->claims[o->claim];

    return c->gone ||
           (c->text->decided && c->text->decided[o->fact - c->text->t->facts]);
}

/* --- one run: occurrences of one kind about one thing's name ------------------- */

/* What parts a run into things. */
struct parting {
    uint32_t thing[MERGE_RUN];    /* of each occurrence */
    uint32_t firsts[MERGE_RUN];   /* occurrences that repeat none before them */
    uint32_t wordings[MERGE_RUN]; /* of the claims of firsts */
    size_t n_firsts;
    uint32_t n_things;
};

static bool same_times(const struct m_claim *x, const struct m_claim *y)
{
    if (!isfinite(x->start) || !isfinite(y->start))
        return !isfinite(x->start) && !isfinite(y->start);
    return !(x->start < y->start) && !(x->start > y->start) &&
           !(x->end < y->end) && !(x->end > y->end);
}

/* The same words say the same value at the same time: that is one thing, and
 * what is the same as one of them is the same as the other. */
static bool repeats(const struct merge *m, const struct occurrence *a,
                    const struct occurrence *b)
{
    const struct m_claim *x = &m->claims[a->claim], *y = &m->claims[b->claim];

    return x->c->n_words <= WORDS_MAX && a->order == b->order &&
           same_times(x, y);
}

/* The first occurrence that this one repeats, or NULL. */
static const struct occurrence *repeated(const struct merge *m,
                                         const struct parting *p,
                                         const struct occurrence *list,
                                         uint32_t i)
{
    uint32_t wording = m->claims[list[i].claim].wording;

    if (wording == MERGE_NO_WORDING)
        return NULL;
    for (size_t k = 0; k < p->n_firsts; k++)
        if (p->wordings[k] == wording &&
            repeats(m, &list[p->firsts[k]], &list[i]))
            return &list[p->firsts[k]];
    return NULL;
}

/* What a value is compared by is that of the one that it repeats. */
static void share_place(struct occurrence *o, const struct occurrence *with)
{
    memcpy(o->words, with->words, sizeof o->words);
    o->n_words = with->n_words;
    o->bits = with->bits;
    o->place = with->place;
    o->lasting = with->lasting;
    o->around = with->around;
    o->n_around = with->n_around;
    o->has = with->has;
}

/* Give an occurrence what it is compared by, and the thing of the first one
 * that speaks of the same, or one of its own. */
static void find_thing(struct merge *m, struct parting *p,
                       struct occurrence *list, uint32_t i)
{
    const struct occurrence *first = repeated(m, p, list, i);
    size_t k = 0;

    if (first) {
        share_place(&list[i], first);
        p->thing[i] = p->thing[first - list];
        return;
    }
    place(m, &list[i]);
    while (k < p->n_firsts && !same_thing(m, &list[p->firsts[k]], &list[i]))
        k++;
    p->thing[i] = k < p->n_firsts ? p->thing[p->firsts[k]] : p->n_things++;
    p->wordings[p->n_firsts] = m->claims[list[i].claim].wording;
    p->firsts[p->n_firsts++] = i;
}

static bool differs(const struct merge *m, const struct occurrence *list,
                    size_t n)
{
    uint64_t sources = 0;
    bool differ = false;

    for (size_t i = 0; i < n; i++) {
        sources |= UINT64_C(1) << m->claims[list[i].claim].source;
        differ |= list[i].value != list[0].value;
    }
    return differ && sources & (sources - 1);
}

static void settle_run(struct merge *m, struct occurrence *list, size_t n)
{
    uint32_t members[MERGE_RUN];
    struct parting p; /* lists are written as they grow */

    if (!differs(m, list, n))
        return;
    p.n_firsts = 0;
    p.n_things = 0;
    for (uint32_t i = 0; i < n; i++)
        find_thing(m, &p, list, i);
    for (uint32_t which = 0; which < p.n_things; which++) {
        struct thing t; /* values are written as they are added */

        t.list = list;
        t.members = members;
        t.n = t.n_values = 0;
        for (uint32_t i = 0; i < n; i++)
            if (p.thing[i] == which)
                members[t.n++] = i;
        if (t.n > 1)
            decide(m, &t);
    }
}

/* --- what is said not to be ------------------------------------------------------- */

/* What the claim says of it: that it is (0) or is not (1); NULL: nothing. */
static const struct text_fact *being(const struct m_claim *c, uint64_t about)
{
    for (size_t k = 0; k < c->c->n_facts && k < WORDS_MAX; k++) {
        const struct text_fact *f = merge_fact(c, k);

        if (f->kind == FACT_NEGATION && f->about == about)
            return f;
    }
    return NULL;
}

static size_t place_of(const struct merge *m, uint32_t claim,
                       const struct text_fact *f)
{
    return (size_t)(f - merge_fact(&m->claims[claim], 0));
}

/* Everybody who says that it is or is not, for the first claim that says that
 * it is not. ("Nobody is there" denies people without their word.) */
static void settle_negation(struct merge *m, uint32_t claim,
                            const struct text_fact *denial)
{
    struct occurrence list[MERGE_RUN];
    size_t n, found = 1, kept = 0;
    const uint32_t *all = merge_find(m, denial->about, &n);

    list[0] = (struct occurrence){.kind = FACT_NEGATION,
                                  .about = denial->about,
                                  .value = 1,
                                  .claim = claim,
                                  .order = place_of(m, claim, denial),
                                  .fact = denial};
    for (size_t i = 0; i < n && i < MERGE_RUN && found < MERGE_RUN; i++) {
        const struct m_claim *c = &m->claims[all[i]];
        const struct text_fact *f = c->gone ? NULL : being(c, denial->about);

        if (!f || all[i] == claim)
            continue;
        if (f->value == 1 && all[i] < claim)
            return;
        list[found] = (struct occurrence){.kind = FACT_NEGATION,
                                          .about = denial->about,
                                          .value = f->value,
                                          .claim = all[i],
                                          .order = place_of(m, all[i], f),
                                          .fact = f};
        found++;
    }
    for (size_t i = 0; i < found; i++)
        if (!merge_is_decided(m, &list[i]))
            list[kept++] = list[i];
    settle_run(m, list, kept);
}

static void settle_negations(struct merge *m)
{
    for (size_t i = 0; i < m->n_claims; i++) {
        const struct m_claim *c = &m->claims[i];

        if (!c->c->denies)
            continue;
        for (size_t k = 0; !c->gone && k < c->c->n_facts && k < WORDS_MAX;
             k++) {
            const struct text_fact *f = merge_fact(c, k);

            if (f->kind == FACT_NEGATION && f->value == 1 && f->about &&
                being(c, f->about) == f)
                settle_negation(m, (uint32_t)i, f);
        }
    }
}

void merge_facts(struct merge *m)
{
    merge_gather(m, settle_run);
    settle_negations(m);
}
