/* The quotes of one text, each with its words of the transcript. */
#include <math.h>

#include "align_int.h"

static const uint64_t most_work = (uint64_t)1 << 27;

struct align_speech *align_speech_new(const struct text_rules *rules,
                                      struct arena *a,
                                      const struct transcript *t)
{
    struct align_speech *s = arena_alloc(a, sizeof *s);

    s->rules = rules;
    s->arena = a;
    s->t = t;
    s->work = most_work;
    align_letters_of_speech(s);
    s->row = arena_array(a, s->symbols.n + 1, sizeof *s->row);
    s->distance = arena_array(a, s->letters.n_pieces + 1, sizeof *s->distance);
    return s;
}

/* The place with the highest score; the first of equal ones. */
static ptrdiff_t best_of(const struct align_found *f)
{
    ptrdiff_t best = -1;

    for (size_t i = 0; i < f->n; i++)
        if (best < 0 || f->places[i].score > f->places[best].score)
            best = (ptrdiff_t)i;
    return best;
}

static struct align_part part_of(const struct align_speech *s,
                                 const struct align_place *p, struct span cut)
{
    size_t first = s->letters.piece[p->first].word;
    size_t last = s->letters.piece[p->last - 1].last_word;

    return (struct align_part){first, last - first + 1, cut};
}

static void fill(const struct align_speech *s, const struct align_found *f,
                 const struct align_place *p, struct align_match *m)
{
    static const struct span none = {0, 0};

    m->found = true;
    m->equal = p->equal;
    m->similarity = p->similarity;
    align_times(s, p->first, p->last, &m->start, &m->end);
    m->n_parts = 1;
    for (const struct align_place *k = p->next; k && k->next; k = k->next)
        m->n_parts++;
    m->parts = arena_array(s->arena, m->n_parts, sizeof *m->parts);
    if (!p->next) {
        m->parts[0] = part_of(s, p, none);
        return;
    }
    p = p->next;
    for (size_t i = 0; i < m->n_parts; i++, p = p->next)
        m->parts[i] = part_of(s, p, i > 0 ? f->ellipsis[i] : none);
}

/* Whether another place between pieces from..to is as good as the chosen
 * one. */
static bool has_rival(const struct align_found *f, size_t chosen, size_t from,
                      size_t to)
{
    const struct align_place *c = &f->places[chosen];

    for (size_t i = 0; i < f->n; i++)
        if (i != chosen && f->places[i].first >= from &&
            f->places[i].last <= to &&
            f->places[i].similarity >= c->similarity - 0.05)
            return true;
    return false;
}

/* Sure: the only good place between the words of the quotes around it. */
static void judge(const struct align_speech *s, const struct align_found *found,
                  const ptrdiff_t *chosen, struct align_quote *q, size_t n)
{
    size_t *from = arena_array(s->arena, n, sizeof *from);
    size_t low = 0, high = s->letters.n_pieces;

    for (size_t i = 0; i < n; i++) {
        from[i] = low;
        if (chosen[i] >= 0)
            low = found[i].places[chosen[i]].last;
    }
    for (size_t i = n; i-- > 0;) {
        if (chosen[i] < 0)
            continue;
        q[i].match.sure =
            !has_rival(&found[i], (size_t)chosen[i], from[i], high);
        high = found[i].places[chosen[i]].first;
    }
}

void align_quotes(struct align_speech *s, const struct align_options *o,
                  struct align_quote *quotes, size_t n)
{
    struct align_found *found = arena_array(s->arena, n, sizeof *found);
    ptrdiff_t *chosen = arena_array(s->arena, n, sizeof *chosen);

    for (size_t i = 0; i < n; i++) {
        quotes[i].match = (struct align_match){.start = NAN, .end = NAN};
        found[i] = align_find(s, o, &quotes[i]);
        quotes[i].match.left = found[i].left && found[i].n == 0;
    }
    align_order(s, found, n, chosen);
    judge(s, found, chosen, quotes, n);
    for (size_t i = 0; i < n; i++) {
        ptrdiff_t best = chosen[i];

        quotes[i].match.ordered = best >= 0;
        if (best < 0)
            best = best_of(&found[i]);
        if (best >= 0)
            fill(s, &found[i], &found[i].places[best], &quotes[i].match);
    }
}
