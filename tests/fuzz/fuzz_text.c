/* Any bytes as a caption: what is found lies inside the text, in order, and
 * claims keep apart. */
#include <math.h>
#include <stdlib.h>

#include "asid/base/utf8.h"
#include "asid/text/similar.h"
#include "asid/text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool inside(const struct text *t, struct span s)
{
    return s.at <= t->text.n && s.n <= t->text.n - s.at;
}

static void check_lists(const struct text *t)
{
    size_t end = 0;

    for (size_t i = 0; i < t->n_sentences; i++) {
        require(inside(t, t->sentences[i]) && t->sentences[i].at >= end);
        end = t->sentences[i].at + t->sentences[i].n;
    }
    end = 0;
    for (size_t i = 0; i < t->n_words; i++) {
        require(inside(t, t->words[i].at) && t->words[i].at.at >= end);
        require(t->words[i].sentence < t->n_sentences);
        end = t->words[i].at.at + t->words[i].at.n;
    }
    end = 0;
    for (size_t i = 0; i < t->n_anchors; i++) {
        const struct text_anchor *a = &t->anchors[i];

        require(inside(t, a->at) && a->at.at >= end && a->at.n > 0);
        require(a->start >= 0 && a->end >= a->start && isfinite(a->end));
        end = a->at.at + a->at.n;
    }
    end = 0;
    for (size_t i = 0; i < t->n_quotes; i++) {
        const struct text_quote *q = &t->quotes[i];

        require(inside(t, q->all) && q->all.at >= end && q->words.n > 0);
        require(q->words.at >= q->all.at &&
                q->words.at + q->words.n <= q->all.at + q->all.n);
        require(inside(t, q->speaker));
        end = q->all.at + q->all.n;
    }
}

static void check_claims(struct arena *a, const struct text *t)
{
    size_t end = 0;

    for (size_t i = 0; i < t->n_claims; i++) {
        const struct text_claim *c = &t->claims[i];
        struct span s = t->sentences[c->sentence];
        const struct text_fact *fa, *fb;

        require(c->sentence < t->n_sentences);
        require(c->at.at >= end && c->at.at >= s.at && c->at.n > 0);
        require(c->at.at + c->at.n <= s.at + s.n);
        require(inside(t, c->subject) && c->n_words > 0);
        require(c->first_word + c->n_words <= t->n_words);
        require(c->first_fact + c->n_facts <= t->n_facts);
        require(c->attribute >= 0 && (int)c->attribute < ATTRIBUTES);
        require(c->anchor < (ptrdiff_t)t->n_anchors);
        require(c->quote < (ptrdiff_t)t->n_quotes);
        require(!similar_contradict(t, c, t, c, &fa, &fb));
        if (i < 64)
            require(utf8_valid(text_claim_sentence(a, t, c)));
        end = c->at.at + c->at.n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct text_rules *rules;
    struct str text = {(const char *)data, size};
    struct arena a = ARENA_INIT;
    struct asid_err err;
    const struct text *t;
    struct str folded;

    if (!rules && text_rules_load(&rules, &err))
        abort();
    text.n = utf8_span(text.p, text.n);
    t = text_analyse(rules, &a, text, ATTRIBUTE_NONE);
    check_lists(t);
    check_claims(&a, t);
    folded = similar_fold(rules, &a, text);
    require(utf8_valid(folded));
    require(similar_edit(&a, text, folded, 0.5) <= 1);
    arena_release(&a);
    return 0;
}
