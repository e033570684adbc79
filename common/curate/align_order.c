/*
 * The order in which the quotes of a text are spoken.
 *
 * As in the dialogue reward of AVoCaDO (arXiv 2510.10395): a quote goes with
 * words only if the quotes before it go with words before those, and the sum of
 * the similarities is the greatest. There each pair of lines is a cell of a
 * table; here a quote has a few places, and the best sum up to a place is kept
 * in a tree over the transcript (Fenwick), so that a text of thousands of
 * quotes takes n log n.
 */
#include "align_int.h"

struct step {
    double sum;
    size_t before; /* the step before, or SIZE_MAX */
    size_t quote, place;
};

struct order {
    struct step *steps;
    size_t n_steps;
    size_t *best; /* [pieces + 1]: index of a step, or SIZE_MAX */
    size_t pieces;
};

/* The best step that ends not after a piece; of equal ones the one that was
 * there first. */
static size_t best_until(const struct order *o, size_t piece)
{
    size_t best = SIZE_MAX;

    for (size_t i = piece; i > 0; i -= i & -i) {
        size_t k = o->best[i];

        if (k != SIZE_MAX &&
            (best == SIZE_MAX || o->steps[k].sum > o->steps[best].sum ||
             (o->steps[k].sum >= o->steps[best].sum && k < best)))
            best = k;
    }
    return best;
}

static void put(struct order *o, size_t piece, size_t k)
{
    for (size_t i = piece; i <= o->pieces; i += i & -i)
        if (o->best[i] == SIZE_MAX ||
            o->steps[k].sum > o->steps[o->best[i]].sum)
            o->best[i] = k;
}

void align_order(struct align_speech *s, const struct align_found *found,
                 size_t n, ptrdiff_t *chosen)
{
    struct order o = {.pieces = s->letters.n_pieces};
    size_t total = 0, k;

    for (size_t i = 0; i < n; i++)
        total += found[i].n;
    o.steps = arena_array(s->arena, total, sizeof *o.steps);
    o.best = arena_array(s->arena, o.pieces + 1, sizeof *o.best);
    for (size_t i = 0; i <= o.pieces; i++)
        o.best[i] = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        size_t first = o.n_steps;

        chosen[i] = -1;
        for (size_t p = 0; p < found[i].n; p++) {
            const struct align_place *place = &found[i].places[p];
            struct step *step = &o.steps[o.n_steps++];

            step->before = best_until(&o, place->first);
            step->sum =
                place->score +
                (step->before == SIZE_MAX ? 0 : o.steps[step->before].sum);
            step->quote = i;
            step->place = p;
        }
        /* Only now, so that places of one quote do not follow each other. */
        for (size_t p = 0; p < found[i].n; p++)
            put(&o, found[i].places[p].last, first + p);
    }
    for (k = best_until(&o, o.pieces); k != SIZE_MAX; k = o.steps[k].before)
        chosen[o.steps[k].quote] = (ptrdiff_t)o.steps[k].place;
}
