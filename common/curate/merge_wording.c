/*
 * Claims of the same words: what is made of words and facts is made once for
 * all of them, and such claims need not be compared word by word.
 */
#include "merge_int.h"

/* Wordings looked at for one claim: what is written to collide gets its own. */
enum { PROBES = 16 };

/* The words of a claim and those of the subject that it took over. */
struct wording {
    const struct text *t;
    size_t first, n;   /* its own */
    size_t subject, m; /* of its subject */
};

bool merge_is_anchored(const struct text *t, size_t first, size_t end)
{
    size_t i;

    if (first >= end)
        return false;
    i = text_first_anchor(t, t->words[first].at.at);
    return i < t->n_anchors && t->anchors[i].at.at <= t->words[end - 1].at.at;
}

static struct wording words_of(const struct text *t, const struct text_claim *c)
{
    struct wording w = {t, c->first_word, c->n_words, 0, 0};

    if (c->subject.n) {
        w.subject = text_first_word(t, 0, t->n_words, c->subject.at);
        w.m = text_first_word(t, 0, t->n_words, c->subject.at + c->subject.n) -
              w.subject;
    }
    return w;
}

static uint64_t mix(uint64_t hash, const struct text_word *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ w[i].folded) * 0x9e3779b97f4a7c15u;
        hash = (hash ^ (w[i].at.at - w[0].at.at)) * 0x9e3779b97f4a7c15u;
    }
    return hash ^ hash >> 32;
}

static uint64_t key_of(const struct wording *w)
{
    return mix(mix(w->m, w->t->words + w->first, w->n),
               w->t->words + w->subject, w->m);
}

/* The same words at the same distances. */
static bool same_words(const struct text_word *x, const struct text_word *y,
                       size_t n)
{
    size_t shift = n ? y[0].at.at - x[0].at.at : 0; /* modulo memory's size */

    for (size_t i = 0; i < n; i++)
        if (x[i].stem != y[i].stem || x[i].stop != y[i].stop ||
            x[i].quoted != y[i].quoted || x[i].folded != y[i].folded ||
            x[i].at.at + shift != y[i].at.at)
            return false;
    return true;
}

static bool same_facts(const struct text *t, const struct text_claim *c,
                       const struct text *u, const struct text_claim *d)
{
    /* A text without any fact has no list. */
    const struct text_fact *x = c->n_facts ? t->facts + c->first_fact : NULL;
    const struct text_fact *y = d->n_facts ? u->facts + d->first_fact : NULL;
    size_t shift =
        u->words[d->first_word].at.at - t->words[c->first_word].at.at;

    if (c->n_facts != d->n_facts)
        return false;
    for (size_t i = 0; i < c->n_facts; i++)
        if (x[i].about != y[i].about || x[i].kind != y[i].kind ||
            x[i].value != y[i].value || x[i].group != y[i].group ||
            x[i].at.at + shift != y[i].at.at || x[i].at.n != y[i].at.n)
            return false;
    return true;
}

static bool is_same(const struct m_wording *known, const struct wording *y,
                    const struct text_claim *c)
{
    struct wording x = words_of(known->t, known->c);

    return x.n == y->n && x.m == y->m &&
           same_words(x.t->words + x.first, y->t->words + y->first, x.n) &&
           same_words(x.t->words + x.subject, y->t->words + y->subject, x.m) &&
           same_facts(known->t, known->c, y->t, c);
}

/* Whether an anchor stands in the claim itself, not only before it. */
static bool has_anchor(const struct text *t, const struct text_claim *c)
{
    size_t i = text_first_anchor(t, c->at.at);

    return i < t->n_anchors && t->anchors[i].at.at < c->at.at + c->at.n;
}

/* Room for the claims of the first pool; a list that is full shares less. */
static void begin(struct merge *m)
{
    struct m_wordings *all = &m->wordings;
    size_t n = 0, size = 64;

    for (size_t i = 0; i < m->n_texts; i++)
        n += m->texts[i].t->n_claims;
    while (size < 3 * n)
        size *= 2;
    all->mask = size - 1;
    all->room = (uint32_t)(size / 2);
    all->slots = arena_array(m->arena, size, sizeof all->slots[0]);
    all->list = arena_list(m->arena, all->room, sizeof all->list[0]);
}

struct m_wording *merge_wording(struct merge *m, const struct m_claim *c)
{
    struct m_wordings *all = &m->wordings;
    struct wording w = words_of(c->text->t, c->c);
    uint64_t key;
    size_t i, probes = 0;

    /* Which of its words are part of an anchor is not compared. */
    if (has_anchor(w.t, c->c) ||
        merge_is_anchored(w.t, w.subject, w.subject + w.m))
        return NULL;
    if (!all->list)
        begin(m);
    key = key_of(&w);
    for (i = key & all->mask; all->slots[i]; i = (i + 1) & all->mask) {
        struct m_wording *known = &all->list[all->slots[i] - 1];

        if (known->key == key && is_same(known, &w, c->c))
            return known;
        if (++probes == PROBES)
            return NULL;
    }
    if (all->n == all->room)
        return NULL;
    all->list[all->n++] = (struct m_wording){.key = key, .t = w.t, .c = c->c};
    all->slots[i] = all->n;
    return &all->list[all->n - 1];
}
