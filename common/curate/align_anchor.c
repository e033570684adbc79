/* Where a text puts its quotes, and the anchors that are wrong about it. */
#include <math.h>

#include "align_int.h"

/* --- the time that a text gives a quote ----------------------------------- */

/* Statements of the sentence between its anchor and the quote: each takes its
 * time. *claim goes on from quote to quote. */
static size_t statements_before(const struct text *t, size_t *claim,
                                const struct text_anchor *anchor,
                                const struct text_quote *q)
{
    size_t n = 0;

    while (*claim < t->n_claims && span_end(t->claims[*claim].at) <= q->all.at)
        ++*claim;
    for (size_t i = *claim; i > 0; i--, n++)
        if (t->claims[i - 1].at.at < anchor->at.at ||
            t->claims[i - 1].sentence != q->sentence)
            break;
    return n;
}

/* Anchors before and after a quote that say when something happens, not what
 * the clip is about as a whole; -1: none. They go on from quote to quote. */
struct around {
    ptrdiff_t before, after;
    size_t next_before, next_after;
};

static void go_on(const struct text *t, struct around *r,
                  const struct text_quote *q)
{
    size_t i = r->next_before;

    for (; i < t->n_anchors && span_end(t->anchors[i].at) <= q->all.at; i++)
        if (!t->anchors[i].whole)
            r->before = (ptrdiff_t)i;
    r->next_before = i;
    for (i = r->next_after; i < t->n_anchors; i++)
        if (!t->anchors[i].whole && t->anchors[i].at.at >= span_end(q->all))
            break;
    r->next_after = i;
    r->after = i < t->n_anchors ? (ptrdiff_t)i : -1;
}

/* The anchor that gives the time of said i: the one before it in its sentence,
 * if no other quote stands between or has it, or else the one behind it ("...
 * he says at 12s"). */
static ptrdiff_t own_anchor(const struct align_text *t, size_t i,
                            const struct around *r)
{
    const struct text_quote *q = t->said[i].quote;
    const struct text_anchor *anchors = t->text->anchors;
    const struct align_said *last = i > 0 ? &t->said[i - 1] : NULL;
    const struct align_said *next = i + 1 < t->n_said ? &t->said[i + 1] : NULL;

    if (r->before >= 0 && anchors[r->before].sentence == q->sentence &&
        (!last || (last->anchor != r->before &&
                   last->quote->all.at < anchors[r->before].at.at)))
        return r->before;
    if (r->after >= 0 && anchors[r->after].sentence == q->sentence &&
        !anchors[r->after].leads &&
        (!next || next->quote->all.at > anchors[r->after].at.at))
        return r->after;
    return -1;
}

static bool looks_back(const struct text *t, size_t *claim,
                       const struct text_quote *q)
{
    while (*claim < t->n_claims &&
           span_end(t->claims[*claim].at) < span_end(q->all))
        ++*claim;
    return *claim < t->n_claims && t->claims[*claim].at.at <= q->all.at &&
           t->claims[*claim].summary;
}

void align_anchors(struct align_text *t)
{
    const struct text *text = t->text;
    struct around r = {-1, -1, 0, 0};
    size_t claim = 0, holder = 0;

    for (size_t i = 0; i < t->n_said; i++) {
        struct align_said *s = &t->said[i];
        struct align_quote *f = s->found;

        go_on(text, &r, s->quote);
        s->summary = looks_back(text, &holder, s->quote);
        s->anchor = s->summary ? -1 : own_anchor(t, i, &r);
        f->earliest = f->latest = NAN;
        f->anchored = s->anchor >= 0;
        if (f->anchored) {
            const struct text_anchor *own = &text->anchors[s->anchor];

            f->earliest = own->start;
            f->latest = own->end + t->o->tolerance / 2 *
                                       (double)statements_before(text, &claim,
                                                                 own, s->quote);
        } else if (!s->summary && (r.before >= 0 || r.after >= 0)) {
            f->earliest = r.before >= 0 ? text->anchors[r.before].start : 0;
            f->latest =
                r.after >= 0 ? text->anchors[r.after].end : (double)INFINITY;
        }
    }
}

/* --- anchors that move ------------------------------------------------------ */

/* Whether the anchors of all quotes are wrong in the same way, by a number of
 * seconds or by a factor, while other anchors of the text have no quote to go
 * by: then it is the text's clock that is wrong, and moving some of its anchors
 * would hide that from the time check. */
static bool clock_is_wrong(const struct align_text *t)
{
    double low = INFINITY, high = -INFINITY;
    double small = INFINITY, large = 0;
    size_t quoted = 0, timed = 0;

    for (size_t i = 0; i < t->text->n_anchors; i++)
        timed += !t->text->anchors[i].whole;
    for (size_t i = 0; i < t->n_said; i++) {
        const struct align_said *s = &t->said[i];
        double words = s->found->match.start, at;

        if (s->anchor < 0 || !s->found->match.found || isnan(words))
            continue;
        at = t->text->anchors[s->anchor].start;
        quoted++;
        low = fmin(low, at - words);
        high = fmax(high, at - words);
        small = fmin(small, words >= 1 ? at / words : 0);
        large = fmax(large, words >= 1 ? at / words : (double)INFINITY);
    }
    return quoted >= 3 && timed > quoted &&
           (high - low <= 1 || large <= small * 1.05);
}

/* A move keeps the order of the anchors if it stays between its neighbours; a
 * neighbour that stood on the wrong side before is no bound. */
struct line {
    size_t *anchors; /* indexes of those that count */
    double *at;      /* their times, moves made */
    size_t n;
};

static struct line line_of(const struct align_text *t)
{
    struct line l = {arena_array(t->a, t->text->n_anchors, sizeof *l.anchors),
                     arena_array(t->a, t->text->n_anchors, sizeof *l.at), 0};

    for (size_t i = 0; i < t->text->n_anchors; i++) {
        if (t->text->anchors[i].whole)
            continue;
        l.anchors[l.n] = i;
        l.at[l.n++] = t->text->anchors[i].start;
    }
    return l;
}

static void bounds(const struct align_text *t, const struct line *l, size_t k,
                   double *low, double *high)
{
    const struct text_anchor *a = t->text->anchors;
    double was = a[l->anchors[k]].start;

    *low = k > 0 && a[l->anchors[k - 1]].start <= was ? l->at[k - 1] : 0;
    *high = k + 1 < l->n && a[l->anchors[k + 1]].start >= was
                ? l->at[k + 1]
                : (double)INFINITY;
}

/* Give a move a time between its neighbours, or refuse it. */
static bool settle(struct align_text *t, struct line *l, size_t k,
                   struct align_move *m, bool firm)
{
    const struct align_match *match = &t->said[m->said].found->match;
    double low, high, at = l->at[k];

    bounds(t, l, k, &low, &high);
    if (at >= low && at <= high)
        return false;
    if (low <= high && !firm) {
        double nearest = at < low ? low : high;

        if (align_gap(nearest, nearest, match->start, match->end) <=
            t->o->tolerance) {
            m->end += nearest - m->start;
            m->start = l->at[k] = nearest;
            return true;
        }
    }
    m->kept = "moving it would break the order of the anchors";
    l->at[k] = t->text->anchors[m->anchor].start;
    return true;
}

/* Refusing a move changes the bounds of its neighbours, so it is done again
 * until nothing changes; in the end whatever does not fit is refused. */
static void keep_order(struct align_text *t, struct align_move *moves, size_t n)
{
    enum { ROUNDS = 8 };
    struct line l = line_of(t);
    bool changed = true;

    for (size_t i = 0, k = 0; i < n; i++) {
        while (l.anchors[k] != moves[i].anchor)
            k++;
        if (!moves[i].kept)
            l.at[k] = moves[i].start;
    }
    for (size_t round = 0; changed; round++) {
        changed = false;
        for (size_t i = 0, k = 0; i < n; i++) {
            while (l.anchors[k] != moves[i].anchor)
                k++;
            if (!moves[i].kept)
                changed |= settle(t, &l, k, &moves[i], round >= ROUNDS);
        }
    }
}

/* Whole seconds, as captions have them, unless that is too far away. */
static double nearest(const struct align_text *t, double at)
{
    double whole = round(at);

    if (whole > t->duration)
        whole = floor(t->duration);
    return fabs(whole - at) <= t->o->tolerance ? whole : round(at * 100) / 100;
}

/* Where the words are. */
static struct align_move move_to(const struct align_text *t, size_t said)
{
    const struct align_said *s = &t->said[said];
    const struct align_match *m = &s->found->match;
    double start = nearest(t, m->start), end = nearest(t, m->end);
    bool range = t->text->anchors[s->anchor].range && end > start;
    struct align_move move = {(size_t)s->anchor, said, start,
                              range ? end : start, NULL};

    if (start < 0 || start > t->duration)
        move.kept = "that is not in the clip";
    else if (!m->ordered)
        move.kept = "it is told out of the order in which it is spoken";
    else if (!m->sure)
        move.kept = "the same words are spoken more than once";
    return move;
}

size_t align_moves(struct align_text *t, struct align_move *moves)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n_said; i++) {
        struct align_said *s = &t->said[i];
        const struct align_match *m = &s->found->match;
        double gap =
            align_gap(m->start, m->end, s->found->earliest, s->found->latest);

        s->misplaced = m->found && gap > t->o->tolerance + 1e-9;
        if (s->anchor < 0 || !m->found || isnan(gap))
            continue;
        if (s->misplaced)
            moves[n++] = move_to(t, i);
    }
    if (n > 1 && clock_is_wrong(t))
        for (size_t i = 0; i < n; i++)
            moves[i].kept = "all anchors are off alike, as by another clock";
    keep_order(t, moves, n);
    return n;
}

struct str align_anchor_now(const struct align_text *t,
                            const struct align_move *m)
{
    struct str was = span_of(t->text->text, t->text->anchors[m->anchor].at);
    struct str now = text_anchor_format(t->a, m->start, m->end);
    bool small = was.n > 0 && was.p[0] >= 'a' && was.p[0] <= 'z';
    bool bare = was.n > 0 && (was.p[0] == '(' || was.p[0] == '[');
    size_t after = t->text->anchors[m->anchor].at.at + was.n;
    char *p = arena_bytes(t->a, now.n + 1);

    memcpy(p, now.p, now.n);
    if (small)
        p[0] = (char)(p[0] | 0x20);
    /* "[0:12] A man ..." has no comma that "At 12s, a man ..." needs. */
    if (bare && t->text->anchors[m->anchor].leads &&
        !(after < t->text->text.n && t->text->text.p[after] == ','))
        p[now.n++] = ',';
    return (struct str){p, now.n};
}
