/* The content of claims: what similar_claims() compares. */
#include "text_int.h"

enum {
    CONTENT_MAX = 256, /* stems of a claim; claims have about ten */
    WORDS_MAX = 1024,  /* words of a claim that are looked at */
};

struct collecting {
    struct scan *s;
    struct text_content *list; /* CONTENT_MAX of them, sorted by stem */
    size_t n;
};

static void add_word(struct collecting *x, const struct text_word *w)
{
    size_t i = x->n;

    if (w->weight == 0 || x->n == CONTENT_MAX)
        return;
    while (i > 0 && x->list[i - 1].stem > w->stem)
        i--;
    if (i > 0 && x->list[i - 1].stem == w->stem)
        return;
    memmove(&x->list[i + 1], &x->list[i], (x->n - i) * sizeof *x->list);
    x->list[i] =
        (struct text_content){w->stem, w->weight, w->names || w->quoted};
    x->n++;
}

static void add_words(struct collecting *x, size_t first, size_t n)
{
    const struct text *t = x->s->t;

    if (n > WORDS_MAX)
        n = WORDS_MAX;
    for (size_t i = first; i < first + n; i++)
        add_word(x, &t->words[i]);
}

/* The words of the subject that a claim took over. */
static void add_subject(struct collecting *x, const struct text_claim *c)
{
    const struct scan *s = x->s;
    size_t i = c->subject.n ? tok_at(s, c->subject.at) : SIZE_MAX;
    size_t end = c->subject.at + c->subject.n;

    for (; i < s->n_toks && s->toks[i].at < end; i++)
        if (s->toks[i].kind == TOK_WORD)
            add_word(x, &s->t->words[s->toks[i].word]);
}

static void keep(struct collecting *x, struct text_claim *c)
{
    struct scan *s = x->s;
    struct text *t = s->t;

    c->first_content = t->n_content;
    c->n_content = x->n;
    for (size_t i = 0; i < x->n; i++) {
        t->content = scan_grow(s, t->content, t->n_content, &s->content_room,
                               sizeof *t->content);
        t->content[t->n_content++] = x->list[i];
        c->weight += x->list[i].weight;
    }
}

void scan_content(struct scan *s)
{
    struct text_content list[CONTENT_MAX + 1];

    for (size_t i = 0; i < s->t->n_claims; i++) {
        struct collecting x = {s, list, 0};
        struct text_claim *c = &s->t->claims[i];

        add_subject(&x, c);
        add_words(&x, c->first_word, c->n_words);
        keep(&x, c);
    }
}
