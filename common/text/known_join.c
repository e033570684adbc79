/* Sentences of several analyses put together to one of a text of them. */
#include <math.h>

#include "known_int.h"

/* What an item has of each list of its text. */
struct part {
    size_t word, words, quote, quotes, anchor, anchors, claim, claims, fact,
        facts, content, contents;
};

static size_t claims_before(const struct text *t, uint32_t sentence)
{
    size_t low = 0, high = t->n_claims;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (t->claims[mid].sentence < sentence)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static size_t facts_before(const struct text *t, size_t claim)
{
    return claim < t->n_claims ? t->claims[claim].first_fact : t->n_facts;
}

static size_t content_before(const struct text *t, size_t claim)
{
    return claim < t->n_claims && t->n_content ? t->claims[claim].first_content
                                               : t->n_content;
}

static struct part part_of(const struct known_item *x)
{
    const struct text *t = x->t;
    size_t at = t->sentences[x->first].at;
    size_t end = t->sentences[x->end - 1].at + t->sentences[x->end - 1].n;
    struct part p = {.word = text_first_word(t, 0, t->n_words, at),
                     .quote = known_quotes_before(t, at),
                     .anchor = text_first_anchor(t, at),
                     .claim = claims_before(t, x->first)};

    p.words = text_first_word(t, 0, t->n_words, end) - p.word;
    p.quotes = known_quotes_before(t, end) - p.quote;
    p.anchors = text_first_anchor(t, end) - p.anchor;
    p.claims = claims_before(t, x->end) - p.claim;
    p.fact = facts_before(t, p.claim);
    p.facts = facts_before(t, p.claim + p.claims) - p.fact;
    p.content = content_before(t, p.claim);
    p.contents = content_before(t, p.claim + p.claims) - p.content;
    return p;
}

static void add_words(struct text *t, const struct known_item *x,
                      const struct part *p)
{
    uint32_t sentence = (uint32_t)t->n_sentences - x->first;

    for (size_t i = 0; i < p->words; i++) {
        struct text_word *w = &t->words[t->n_words++];

        *w = x->t->words[p->word + i];
        w->at.at += x->shift;
        w->sentence += sentence;
    }
}

static void add_quotes(struct text *t, const struct known_item *x,
                       const struct part *p)
{
    for (size_t i = 0; i < p->quotes; i++) {
        struct text_quote *q = &t->quotes[t->n_quotes++];

        *q = x->t->quotes[p->quote + i];
        q->all.at += x->shift;
        q->words.at += x->shift;
        q->speaker.at += q->speaker.n ? x->shift : 0;
        q->sentence += (uint32_t)t->n_sentences - x->first;
    }
}

static void add_anchors(struct text *t, const struct known_item *x,
                        const struct part *p)
{
    for (size_t i = 0; i < p->anchors; i++) {
        struct text_anchor *a = &t->anchors[t->n_anchors++];

        *a = x->t->anchors[p->anchor + i];
        a->at.at += x->shift;
        a->sentence += (uint32_t)t->n_sentences - x->first;
    }
}

static void add_facts(struct text *t, const struct known_item *x,
                      const struct part *p)
{
    for (size_t i = 0; i < p->facts; i++) {
        struct text_fact *f = &t->facts[t->n_facts++];

        *f = x->t->facts[p->fact + i];
        f->at.at += x->shift;
    }
}

/* Before words, quotes, anchors and facts of the item are added. */
static void add_claims(struct text *t, const struct known_item *x,
                       const struct part *p)
{
    size_t words = t->n_words - p->word;

    for (size_t i = 0; i < p->claims; i++) {
        struct text_claim *c = &t->claims[t->n_claims++];

        *c = x->t->claims[p->claim + i];
        c->at.at += x->shift;
        c->subject.at += c->subject.n ? x->shift : 0;
        c->sentence += (uint32_t)t->n_sentences - x->first;
        c->first_word += words;
        c->first_fact += t->n_facts - p->fact;
        c->first_content += t->n_content - p->content;
        if (c->anchor >= 0)
            c->anchor += (ptrdiff_t)(t->n_anchors - p->anchor);
        if (c->quote >= 0)
            c->quote += (ptrdiff_t)(t->n_quotes - p->quote);
        if (c->attribute == ATTRIBUTE_NONE) /* not asked for */
            continue;
        c->actor += c->actor >= 0 ? (ptrdiff_t)words : 0;
        c->verb += c->verb >= 0 ? (ptrdiff_t)words : 0;
    }
}

static void add_item(struct text *t, const struct known_item *x,
                     const struct part *p)
{
    add_claims(t, x, p);
    add_words(t, x, p);
    add_quotes(t, x, p);
    add_anchors(t, x, p);
    add_facts(t, x, p);
    for (size_t i = 0; i < p->contents; i++)
        t->content[t->n_content++] = x->t->content[p->content + i];
    for (uint32_t i = x->first; i < x->end; i++) {
        struct span s = x->t->sentences[i];

        t->sentences[t->n_sentences++] = (struct span){s.at + x->shift, s.n};
    }
}

/* Claims take over the last time before them, here perhaps another one. False
 * when an attribute may hang on whether there is one. */
static bool give_times(struct text *t)
{
    ptrdiff_t last = -1;
    size_t next = 0;

    for (size_t i = 0; i < t->n_claims; i++) {
        struct text_claim *c = &t->claims[i];
        bool timed = isfinite(c->start);

        for (; next < t->n_anchors && t->anchors[next].at.at < c->at.at; next++)
            last = (ptrdiff_t)next;
        if (c->anchor >= 0 || c->summary)
            continue;
        c->start = last < 0 ? (double)NAN : t->anchors[last].start;
        c->end = last < 0 ? (double)NAN : t->anchors[last].end;
        if (timed != (last >= 0) &&
            c->attribute == (timed ? ATTRIBUTE_ACTIONS : ATTRIBUTE_SCENE))
            return false;
    }
    return true;
}

const struct text *known_join(const struct text_known *k, struct str text,
                              const struct known_item *items, size_t n)
{
    struct text *t = arena_alloc(k->arena, sizeof *t);
    struct part *parts = arena_list(k->arena, n, sizeof *parts);
    struct part all = {.words = 0};
    size_t sentences = 0;

    for (size_t i = 0; i < n; i++) {
        parts[i] = part_of(&items[i]);
        sentences += items[i].end - items[i].first;
        all.words += parts[i].words;
        all.quotes += parts[i].quotes;
        all.anchors += parts[i].anchors;
        all.claims += parts[i].claims;
        all.facts += parts[i].facts;
        all.contents += parts[i].contents;
    }
    t->text = text;
    t->sentences = arena_list(k->arena, sentences, sizeof *t->sentences);
    t->words = arena_list(k->arena, all.words, sizeof *t->words);
    t->quotes = arena_list(k->arena, all.quotes, sizeof *t->quotes);
    t->anchors = arena_list(k->arena, all.anchors, sizeof *t->anchors);
    t->claims = arena_list(k->arena, all.claims, sizeof *t->claims);
    t->facts = arena_list(k->arena, all.facts, sizeof *t->facts);
    t->content = arena_list(k->arena, all.contents, sizeof *t->content);
    for (size_t i = 0; i < n; i++)
        add_item(t, &items[i], &parts[i]);
    return give_times(t) ? t : NULL;
}
