/*
 * The values of all claims by what they are said of.
 *
 * Most things of a record are said to be one colour, or by one source alone;
 * only what is left after that is put in order and made up for comparison.
 */
#include <stdlib.h>

#include "merge_facts.h"

/* A value and one thing that it may be said of. */
struct mention {
    const struct text_fact *fact;
    uint64_t about;
    uint32_t claim;
    uint32_t order; /* among the claim's facts */
    uint32_t id;    /* the same for both mentions of a fact */
    uint32_t topic;
    bool main; /* about what the analysis says */
};

/* A kind of value of one thing. */
struct topic {
    enum fact_kind kind;
    int32_t group, value; /* of its first mention that is kept */
    uint64_t about, sources;
    size_t n, kept;
    bool differ;
    struct mention **list; /* those kept; NULL: nothing to compare */
};

struct gathering {
    struct mention *mentions;
    struct topic *topics;
    uint32_t *slots; /* index + 1 of topics */
    size_t n, n_topics, mask;
    uint32_t facts;
};

/* The content word behind a value: in "under a yellow umbrella eat" the noun
 * may have been taken for a part of something longer. 0: none. */
static uint64_t word_behind(const struct m_claim *c, const struct text_fact *f)
{
    const struct text *t = c->text->t;
    size_t last = c->c->first_word + c->c->n_words;
    size_t i;

    if (f->kind != FACT_COLOUR && f->kind != FACT_COUNT)
        return 0;
    i = merge_word_near(c, f->at.at + f->at.n);
    return i < last && !t->words[i].stop ? t->words[i].stem : 0;
}

static uint32_t topic_of(struct gathering *g, const struct text_fact *f,
                         uint64_t about)
{
    uint64_t hash = about ^ ((uint64_t)f->kind << 32 | (uint32_t)f->group);
    size_t i = (hash * 0x9e3779b97f4a7c15u >> 32) & g->mask;

    for (; g->slots[i]; i = (i + 1) & g->mask) {
        const struct topic *t = &g->topics[g->slots[i] - 1];

        if (t->about == about && t->kind == f->kind && t->group == f->group)
            return g->slots[i] - 1;
    }
    g->topics[g->n_topics] =
        (struct topic){.kind = f->kind, .group = f->group, .about = about};
    g->slots[i] = (uint32_t)++g->n_topics;
    return g->slots[i] - 1;
}

static struct mention *add(struct gathering *g, const struct text_fact *f,
                           uint64_t about)
{
    struct mention *o = &g->mentions[g->n++];

    o->fact = f;
    o->about = about;
    o->topic = topic_of(g, f, about);
    g->topics[o->topic].n++;
    return o;
}

static void add_claim(struct gathering *g, const struct merge *m,
                      uint32_t claim)
{
    const struct m_claim *c = &m->claims[claim];

    for (uint32_t i = 0; i < c->n_values; i++) {
        uint32_t k = c->values[i];
        const struct text_fact *f = merge_fact(c, k);
        uint64_t about = f->about;

        for (bool main = true;; main = false) {
            struct mention *o = add(g, f, about);

            o->claim = claim;
            o->order = k;
            o->id = g->facts;
            o->main = main;
            about = main ? word_behind(c, f) : 0;
            if (about == 0 || about == f->about)
                break;
        }
        g->facts++;
    }
}

/* How many values there are. */
static size_t count(const struct merge *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_claims; i++)
        n += m->claims[i].gone ? 0 : m->claims[i].n_values;
    return n;
}

/* Of the two things that a value may be said of, the one that more values of
 * the record are said of. */
static void choose_things(struct gathering *g, const struct merge *m)
{
    size_t *most = arena_array(m->arena, g->facts, sizeof *most);
    size_t kept = 0;

    for (size_t i = 0; i < g->n; i++) {
        const struct mention *o = &g->mentions[i];
        size_t size = 2 * g->topics[o->topic].n + o->main;

        if (size > most[o->id])
            most[o->id] = size;
    }
    for (size_t i = 0; i < g->n; i++) {
        struct mention *o = &g->mentions[i];
        struct topic *t = &g->topics[o->topic];

        if (2 * t->n + o->main != most[o->id])
            continue;
        if (t->kept++ == 0)
            t->value = o->fact->value;
        t->differ |= o->fact->value != t->value;
        t->sources |= UINT64_C(1) << m->claims[o->claim].source;
        g->mentions[kept++] = *o;
    }
    g->n = kept;
}

static int by_key(const void *a, const void *b)
{
    const struct topic *x = *(struct topic *const *)a;
    const struct topic *y = *(struct topic *const *)b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->about > y->about) - (x->about < y->about);
}

/* The topics in which something can contradict, in an order that is not the
 * record's; each gets its mentions. */
static struct topic **choose_topics(struct gathering *g, const struct merge *m,
                                    size_t *n)
{
    struct topic **list =
        arena_list(m->arena, g->n_topics, sizeof(struct topic *));

    *n = 0;
    for (size_t i = 0; i < g->n_topics; i++) {
        struct topic *t = &g->topics[i];

        if (!t->differ || !(t->sources & (t->sources - 1)))
            continue;
        t->list = arena_list(m->arena, t->kept, sizeof(struct mention *));
        t->kept = 0;
        list[(*n)++] = t;
    }
    for (size_t i = 0; i < g->n; i++) {
        struct topic *t = &g->topics[g->mentions[i].topic];

        if (t->list)
            t->list[t->kept++] = &g->mentions[i];
    }
    qsort(list, *n, sizeof *list, by_key);
    return list;
}

/* What is around it is looked at when it is compared. */
static void set_occurrence(struct occurrence *to, const struct mention *o)
{
    to->kind = o->fact->kind;
    to->group = o->fact->group;
    to->about = o->about;
    to->value = o->fact->value;
    to->claim = o->claim;
    to->order = o->order;
    to->fact = o->fact;
}

/* Claims and values that an earlier decision took away have no say. */
static size_t make_run(const struct merge *m, const struct topic *t,
                       struct occurrence list[MERGE_RUN])
{
    size_t n = 0;

    for (size_t i = 0; i < t->kept && n < MERGE_RUN; i++) {
        set_occurrence(&list[n], t->list[i]);
        n += !merge_is_decided(m, &list[n]);
    }
    return n;
}

void merge_gather(struct merge *m,
                  void (*settle)(struct merge *m, struct occurrence *list,
                                 size_t n))
{
    struct occurrence *run = arena_array(m->arena, MERGE_RUN, sizeof *run);
    struct gathering g = {.n = 0};
    struct topic **topics;
    size_t most = 2 * count(m), n;

    for (g.mask = 15; g.mask < 2 * most; g.mask = 2 * g.mask + 1)
        ;
    g.mentions = arena_list(m->arena, most, sizeof *g.mentions);
    g.topics = arena_list(m->arena, most, sizeof *g.topics);
    g.slots = arena_array(m->arena, g.mask + 1, sizeof *g.slots);
    for (uint32_t i = 0; i < m->n_claims; i++)
        if (!m->claims[i].gone)
            add_claim(&g, m, i);
    choose_things(&g, m);
    topics = choose_topics(&g, m, &n);
    for (size_t i = 0; i < n; i++)
        settle(m, run, make_run(m, topics[i], run));
}
