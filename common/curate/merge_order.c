/*
 * The same event at times that put it on different sides of another one.
 *
 * Two sources that tell the same event at different times may speak of two
 * events; only when they also disagree about its order with something else
 * that both of them tell, one of them is wrong.
 */
#include "merge_int.h"

enum {
    PIVOTS_MAX = 4096, /* events that one is compared with */
    SETTLED_MAX = 256, /* contradictions of one record that are settled */
};

/* Claims of two sources that tell the same. */
struct pair {
    uint32_t x, y; /* x of the source with the smaller number */
    bool near;     /* at the same time */
    bool alone;    /* neither source tells it again */
};

struct pairs {
    struct pair *list;
    size_t n, room;
};

static double when(const struct merge *m, uint32_t claim)
{
    return m->claims[claim].start;
}

static bool is_event(const struct m_claim *c)
{
    return !c->gone && !c->c->summary && isfinite(c->start);
}

static void add_pair(struct merge *m, struct pairs *p, uint32_t x, uint32_t y)
{
    bool near = merge_gap(&m->claims[x], &m->claims[y]) <= m->p->tolerance;

    if (p->n == p->room) {
        struct pair *more =
            arena_array(m->arena, 2 * p->room + 16, sizeof *more);

        if (p->n)
            memcpy(more, p->list, p->n * sizeof *more);
        p->list = more;
        p->room = 2 * p->room + 16;
    }
    p->list[p->n++] = (struct pair){x, y, near, true};
}

static struct pairs find_pairs(struct merge *m)
{
    struct pairs p = {NULL, 0, 0};

    for (uint32_t i = 0; i < m->n_claims; i++) {
        struct m_claim *x = &m->claims[i];
        const uint32_t *list;
        size_t n = 0;

        if (!is_event(x))
            continue;
        list = merge_candidates(m, x, &n);
        for (size_t k = 0; k < n; k++) {
            struct m_claim *y = &m->claims[list[k]];

            if (list[k] > i && x->source != y->source && is_event(y) &&
                merge_says(m, x, y) && merge_says(m, y, x))
                add_pair(m, &p, i, list[k]);
        }
    }
    return p;
}

/* A claim that tells the same as two claims of one other source tells
 * something that happens more than once. */
static void find_repeats(struct merge *m, struct pairs *p)
{
    uint64_t *once = arena_array(m->arena, m->n_claims, sizeof *once);
    uint64_t *more = arena_array(m->arena, m->n_claims, sizeof *more);

    for (size_t i = 0; i < p->n; i++) {
        const struct pair *q = &p->list[i];
        uint64_t x = UINT64_C(1) << m->claims[q->x].source;
        uint64_t y = UINT64_C(1) << m->claims[q->y].source;

        more[q->x] |= once[q->x] & y;
        once[q->x] |= y;
        more[q->y] |= once[q->y] & x;
        once[q->y] |= x;
    }
    for (size_t i = 0; i < p->n; i++) {
        struct pair *q = &p->list[i];
        uint64_t x = UINT64_C(1) << m->claims[q->x].source;
        uint64_t y = UINT64_C(1) << m->claims[q->y].source;

        q->alone = !(more[q->x] & y) && !(more[q->y] & x);
    }
}

/* Another event of both that the two put on different sides of this one. */
static bool has_pivot(const struct merge *m, const struct pairs *p,
                      const struct pair *q)
{
    uint32_t x = m->claims[q->x].source, y = m->claims[q->y].source;

    for (size_t i = 0; i < p->n && i < PIVOTS_MAX; i++) {
        const struct pair *r = &p->list[i];
        double in_x, in_y;

        if (r == q || !r->alone || m->claims[r->x].source != x ||
            m->claims[r->y].source != y)
            continue;
        in_x = when(m, q->x) - when(m, r->x);
        in_y = when(m, q->y) - when(m, r->y);
        if ((in_x > 0 && in_y < 0) || (in_x < 0 && in_y > 0))
            return true;
    }
    return false;
}

/* Who tells the event of that claim at its time. */
static uint64_t tellers(const struct merge *m, const struct pairs *p,
                        uint32_t claim)
{
    uint64_t sources = UINT64_C(1) << m->claims[claim].source;

    for (size_t i = 0; i < p->n; i++) {
        const struct pair *q = &p->list[i];

        if (!q->near || (q->x != claim && q->y != claim))
            continue;
        sources |= UINT64_C(1) << m->claims[q->x].source;
        sources |= UINT64_C(1) << m->claims[q->y].source;
    }
    return sources;
}

static double weight_of(const struct merge *m, uint64_t sources,
                        enum attribute attribute)
{
    double sum = 0;

    for (size_t i = 0; i < m->n_sources; i++)
        if (sources >> i & 1)
            sum += m->sources[i].weight[attribute];
    return sum;
}

static struct str timed(struct merge *m, const struct m_claim *c)
{
    return text_timed(m->arena, c->start, c->end, merge_sentence(m, c),
                      &c->text->t->words[c->c->first_word]);
}

/* The claim and those that tell the same at the same time go. */
static void drop(struct merge *m, const struct pairs *p, uint32_t claim,
                 struct m_claim *winner, struct m_conflict *conflict,
                 struct str reason)
{
    uint64_t sources = UINT64_C(1) << m->claims[claim].source;

    merge_mark_add(m, &m->claims[claim], DECISION_GONE, NULL);
    for (size_t i = 0; i < p->n; i++) {
        const struct pair *q = &p->list[i];
        uint32_t other = q->x == claim ? q->y : q->x;

        if (!q->near || (q->x != claim && q->y != claim))
            continue;
        sources |= UINT64_C(1) << m->claims[other].source;
        merge_mark_add(m, &m->claims[other], DECISION_GONE, NULL);
    }
    if (winner)
        merge_mark_add(m, winner, DECISION_NOTE,
                       merge_note_new(m, conflict, timed(m, &m->claims[claim]),
                                      sources, reason));
}

static void settle(struct merge *m, const struct pairs *p, const struct pair *q)
{
    struct m_claim *x = &m->claims[q->x], *y = &m->claims[q->y];
    uint64_t for_x = tellers(m, p, q->x), for_y = tellers(m, p, q->y);
    double wx = weight_of(m, for_x, x->attribute);
    double wy = weight_of(m, for_y, y->attribute);
    struct m_conflict *c =
        merge_conflict_new(m, "merge.conflict", x->attribute);
    struct str sx = timed(m, x), sy = timed(m, y), reason;
    const char *how = "left open: no greater weight";

    reason = str_of(arena_printf(m->arena,
                                 "order: \"" STR_FMT
                                 "\" (%s: %g) against \"" STR_FMT "\" (%s: %g)",
                                 STR_ARG(sx), merge_names(m, for_x).p, wx,
                                 STR_ARG(sy), merge_names(m, for_y).p, wy));
    if (wx > wy) {
        drop(m, p, q->y, x, c, reason);
        c->was = sy;
        c->now = sx;
        how = "the first has the greater weight";
    } else if (wy > wx) {
        drop(m, p, q->x, y, c, reason);
        c->was = sx;
        c->now = sy;
        how = "the second has the greater weight";
    } else {
        merge_alternative(m, c, x, sx, for_x);
        merge_alternative(m, c, y, sy, for_y);
        drop(m, p, q->x, NULL, c, reason);
        drop(m, p, q->y, NULL, c, reason);
    }
    c->message =
        str_of(arena_printf(m->arena, STR_FMT "; %s", STR_ARG(reason), how));
}

void merge_order(struct merge *m)
{
    struct pairs p = find_pairs(m);
    size_t settled = 0;
    bool *wrong;

    if (p.n < 2)
        return;
    find_repeats(m, &p);
    wrong = arena_array(m->arena, p.n, sizeof *wrong);
    for (size_t i = 0; i < p.n; i++)
        wrong[i] =
            p.list[i].alone && !p.list[i].near && has_pivot(m, &p, &p.list[i]);
    for (size_t i = 0; i < p.n && settled < SETTLED_MAX; i++) {
        if (!wrong[i] || m->claims[p.list[i].x].gone ||
            m->claims[p.list[i].y].gone)
            continue;
        settle(m, &p, &p.list[i]);
        settled++;
    }
}
