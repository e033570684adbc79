/* Whether two analyses of a text found the same. */
#ifndef ASID_TESTS_SAME_TEXT_H
#define ASID_TESTS_SAME_TEXT_H

#include <math.h>
#include <stdbool.h>

#include "asid/text/text.h"

static inline bool same_span(struct span a, struct span b)
{
    return a.n == b.n && (a.at == b.at || a.n == 0);
}

static inline bool same_time(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a <= b && a >= b);
}

static inline bool same_words(const struct text *a, const struct text *b)
{
    bool same = a->n_words == b->n_words;

    for (size_t i = 0; same && i < a->n_words; i++) {
        const struct text_word *x = &a->words[i], *y = &b->words[i];

        same = same_span(x->at, y->at) && x->folded == y->folded &&
               x->stem == y->stem && x->number == y->number &&
               x->stop == y->stop && x->quoted == y->quoted &&
               x->common == y->common && x->names == y->names &&
               x->weight == y->weight && x->sentence == y->sentence;
    }
    return same;
}

static inline bool same_marks(const struct text *a, const struct text *b)
{
    bool same = a->n_sentences == b->n_sentences &&
                a->n_quotes == b->n_quotes && a->n_anchors == b->n_anchors;

    for (size_t i = 0; same && i < a->n_sentences; i++)
        same = same_span(a->sentences[i], b->sentences[i]);
    for (size_t i = 0; same && i < a->n_quotes; i++) {
        const struct text_quote *x = &a->quotes[i], *y = &b->quotes[i];

        same = same_span(x->all, y->all) && same_span(x->words, y->words) &&
               same_span(x->speaker, y->speaker) && x->spoken == y->spoken &&
               x->sentence == y->sentence;
    }
    for (size_t i = 0; same && i < a->n_anchors; i++) {
        const struct text_anchor *x = &a->anchors[i], *y = &b->anchors[i];

        same = same_span(x->at, y->at) && same_time(x->start, y->start) &&
               same_time(x->end, y->end) && x->range == y->range &&
               x->reversed == y->reversed && x->leads == y->leads &&
               x->vague == y->vague && x->whole == y->whole &&
               x->sentence == y->sentence;
    }
    return same;
}

static inline bool same_claims(const struct text *a, const struct text *b)
{
    bool same = a->n_claims == b->n_claims;

    for (size_t i = 0; same && i < a->n_claims; i++) {
        const struct text_claim *x = &a->claims[i], *y = &b->claims[i];

        same = same_span(x->at, y->at) && same_span(x->subject, y->subject) &&
               x->sentence == y->sentence && x->first_word == y->first_word &&
               x->n_words == y->n_words && x->first_fact == y->first_fact &&
               x->n_facts == y->n_facts && same_time(x->start, y->start) &&
               same_time(x->end, y->end) && x->anchor == y->anchor &&
               x->quote == y->quote && x->attribute == y->attribute &&
               x->actor == y->actor && x->verb == y->verb &&
               x->light == y->light && x->summary == y->summary &&
               x->inferred == y->inferred && x->denies == y->denies;
    }
    return same;
}

static inline bool same_facts(const struct text *a, const struct text *b)
{
    bool same = a->n_facts == b->n_facts;

    for (size_t i = 0; same && i < a->n_facts; i++) {
        const struct text_fact *x = &a->facts[i], *y = &b->facts[i];

        same = same_span(x->at, y->at) && x->kind == y->kind &&
               x->about == y->about && x->value == y->value &&
               x->group == y->group;
    }
    return same;
}

static inline bool same_content(const struct text *a, const struct text *b)
{
    bool same = a->n_content == b->n_content;

    for (size_t i = 0; same && i < a->n_claims; i++)
        same = a->claims[i].n_content == b->claims[i].n_content &&
               a->claims[i].weight == b->claims[i].weight &&
               a->claims[i].first_content == b->claims[i].first_content;
    for (size_t i = 0; same && i < a->n_content; i++) {
        const struct text_content *x = &a->content[i], *y = &b->content[i];

        same = x->stem == y->stem && x->weight == y->weight &&
               x->names == y->names;
    }
    return same;
}

#endif
