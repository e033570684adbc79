/*
 * Single marks: outside the clip, out of order, at another time than what they
 * tell of. A mark is moved when it is certain where to: to the words it speaks
 * of, to where two other texts have the event, or where one has it if the mark
 * is impossible as it stands.
 */
#include <math.h>

#include "time_int.h"

enum {
    PROPOSALS = 256, /* marks of a record that are looked into */
    WITNESSES = 24,  /* of one mark */
    AROUND = 64,     /* marks looked at for one that is not doubted */
};

/* Hundredths are what is written: less does not lie behind the end. */
static const double BARELY = 0.01;

struct singles {
    struct time_check *c;
    size_t proposals; /* left */
};

/* --- findings ---------------------------------------------------------------- */

static void report(struct time_check *c, struct time_text *t,
                   const struct time_mark *m, const char *code,
                   const char *message)
{
    struct time_note note = {.code = code,
                             .key = t->key,
                             .claim = time_claim_of(c->arena, t, m),
                             .message = message,
                             .was = span_of(t->text->text, m->at)};

    if (m->moved) {
        note.now = time_spell(c->arena, t, m);
        note.repaired = true;
        c->changed = true;
    }
    time_note(m->moved ? &c->repaired : &c->open, c->arena, &note);
}

/* --- where a mark may go ------------------------------------------------------ */

/* Whether a mark takes part in the order and is not doubted itself. */
static bool is_firm(const struct time_mark *m)
{
    return !m->aside && (m->faults == 0 || m->moved);
}

/* The last firm mark in front of mark i; NULL: there is none, or too far. */
static struct time_mark *firm_before(const struct time_text *t, size_t i)
{
    for (size_t k = i; k-- > 0 && i - k <= AROUND;) {
        if (is_firm(&t->marks[k]))
            return &t->marks[k];
    }
    return NULL;
}

/* The times between which mark i must lie to be in order. */
static void bounds_of(const struct time_check *c, const struct time_text *t,
                      size_t i, double *low, double *high)
{
    const struct time_mark *before = firm_before(t, i);

    *low = before ? before->now : 0;
    *high = isnan(c->duration) ? (double)INFINITY : c->duration;
    for (size_t k = i + 1; k < t->n_marks && k <= i + AROUND; k++) {
        if (is_firm(&t->marks[k])) {
            *high = fmin(*high, t->marks[k].now);
            break;
        }
    }
}

/* Move a mark there, or to the nearest place in order if that is near enough.
 * False: it cannot be. */
static bool move_to(struct singles *s, struct time_text *t, size_t i,
                    double time)
{
    struct time_check *c = s->c;
    struct time_mark *m = &t->marks[i];
    double low, high, to, length = m->end - m->start;

    if (isnan(time))
        return false;
    bounds_of(c, t, i, &low, &high);
    to = time_round(c, t, time);
    if (!m->aside && low <= high)
        to = fmin(fmax(to, low), high);
    if (fabs(to - time) > c->o->tolerance || (!m->aside && low > high))
        return false;
    m->repairable = true;
    if (!c->repair)
        return false;
    m->now = time_round(c, t, to);
    m->until = isnan(length) ? m->now : time_round(c, t, m->now + length);
    m->moved = true;
    return true;
}

/* --- witnesses ----------------------------------------------------------------- */

struct witness {
    double time;
    unsigned weight;
    bool caption;
};

struct witnesses {
    struct witness list[WITNESSES];
    size_t n;
};

static void add_witness(struct witnesses *w, double time, unsigned weight,
                        bool caption)
{
    if (w->n < WITNESSES && !isnan(time))
        w->list[w->n++] = (struct witness){time, weight, caption};
}

/* What is known about where a mark belongs. */
static void ask(const struct time_check *c, size_t text, size_t mark,
                struct witnesses *w)
{
    const struct time_text *t = &c->texts[text];

    w->n = 0;
    for (size_t i = 0; i < t->n_said; i++) {
        if (t->said[i].mark == mark && t->said[i].sure)
            add_witness(w, t->said[i].start, 2, false);
    }
    for (size_t i = 0; i < c->n_matches; i++) {
        const struct time_match *m = &c->matches[i];

        for (int k = 0; k < 2; k++) {
            const struct time_text *other = &c->texts[m->text[1 - k]];
            const struct time_mark *o;

            if (!m->sure || m->text[k] != text ||
                t->mark_of[m->claim[k]] != mark ||
                t->text->claims[m->claim[k]].anchor < 0 ||
                other->text->claims[m->claim[1 - k]].anchor < 0)
                continue;
            o = &other->marks[other->mark_of[m->claim[1 - k]]];
            if (o->faults == 0 || o->moved)
                add_witness(w, o->now, 1, other->key == ATTRIBUTE_NONE);
        }
    }
}

/* How much speaks for a time. The caption may be made of the attributes: it
 * counts only alone. */
static unsigned support(const struct witnesses *w, double time, double slack)
{
    unsigned sum = 0, caption = 0;

    for (size_t i = 0; i < w->n; i++) {
        if (fabs(w->list[i].time - time) > slack)
            continue;
        if (w->list[i].caption)
            caption = 1;
        else
            sum += w->list[i].weight;
    }
    return sum > 0 ? sum : caption;
}

/* The time that most speaks for, if it is at least `need` and more than speaks
 * for the time as written; else NAN. */
static double propose(struct singles *s, size_t text, size_t mark,
                      unsigned need)
{
    struct time_check *c = s->c;
    const struct time_mark *m = &c->texts[text].marks[mark];
    double best = NAN, slack = c->o->tolerance;
    unsigned most = 0, against;
    struct witnesses w;

    if (s->proposals == 0)
        return NAN;
    s->proposals--;
    ask(c, text, mark, &w);
    against = support(&w, m->start, slack);
    for (size_t i = 0; i < w.n; i++) {
        unsigned n = support(&w, w.list[i].time, slack / 2);

        if (fabs(w.list[i].time - m->start) > slack && n > most) {
            most = n;
            best = w.list[i].time;
        }
    }
    return most >= need && most > against ? best : (double)NAN;
}

/* --- outside -------------------------------------------------------------------- */

static void check_end(struct singles *s, struct time_text *t, size_t i)
{
    struct time_check *c = s->c;
    struct time_mark *m = &t->marks[i];
    double past = m->end - c->duration;

    if (!m->anchor || !(past > BARELY))
        return;
    if (past > c->o->tolerance + 1e-9) {
        m->faults |= FAULT_OUTSIDE;
        return;
    }
    if (c->repair) {
        m->until = floor(c->duration * 100 + 1e-6) / 100;
        m->now = m->anchor->range ? fmin(m->start, m->until) : m->until;
        m->moved = true;
    }
    report(c, t, m, "time.outside",
           arena_printf(c->arena,
                        "%.2f s behind the end at %g s, within the tolerance",
                        past, c->duration));
}

static void settle_outside(struct singles *s, size_t k, size_t i)
{
    struct time_check *c = s->c;
    struct time_text *t = &c->texts[k];
    struct time_mark *m = &t->marks[i];
    double to = propose(s, k, i, 1);

    if (move_to(s, t, i, to))
        report(c, t, m, "time.outside",
               arena_printf(c->arena,
                            "%g s in a clip of %g s; the event is at %g s",
                            m->end, c->duration, to));
    else
        report(c, t, m, "time.outside",
               arena_printf(c->arena, "%g s in a clip of %g s", m->end,
                            c->duration));
}

/* --- order ---------------------------------------------------------------------- */

/* Mark what must go for the rest to be in order: all but a longest sequence
 * that does not fall, the earliest of several. */
static void check_order(struct singles *s, struct time_text *t)
{
    struct time_check *c = s->c;
    double *heads = arena_array(c->work, t->n_marks, sizeof *heads);
    size_t *length = arena_array(c->work, t->n_marks, sizeof *length);
    size_t n = 0, want;
    double last = -INFINITY;

    /* heads[i]: the greatest start of a sequence of i + 1 marks from here on. */
    for (size_t i = t->n_marks; i-- > 0;) {
        size_t low = 0, high = n;

        if (!is_firm(&t->marks[i]))
            continue;
        while (low < high) {
            size_t middle = (low + high) / 2;

            if (heads[middle] >= t->marks[i].now)
                low = middle + 1;
            else
                high = middle;
        }
        heads[low] = t->marks[i].now;
        length[i] = low + 1;
        n = low + 1 > n ? low + 1 : n;
    }
    want = n;
    for (size_t i = 0; i < t->n_marks; i++) {
        if (length[i] == 0)
            continue;
        if (length[i] == want && t->marks[i].now >= last) {
            last = t->marks[i].now;
            want--;
        } else {
            t->marks[i].faults |= FAULT_ORDER;
        }
    }
}

/* The mark that one out of order clashes with, for the message. */
static struct time_mark *rival_of(const struct time_text *t, size_t i)
{
    struct time_mark *before = firm_before(t, i);

    return before && before->now > t->marks[i].start ? before : NULL;
}

static void settle_order(struct singles *s, size_t k, size_t i)
{
    struct time_check *c = s->c;
    struct time_text *t = &c->texts[k];
    struct time_mark *m = &t->marks[i];
    struct time_mark *rival = rival_of(t, i);
    const char *what;
    double to;

    if (!rival)
        what = arena_printf(c->arena, "%g s stands before earlier times",
                            m->start);
    else if (m->anchor->vague &&
             rival->now - m->start <= c->o->tolerance + 1e-9)
        what = NULL;
    else
        what = arena_printf(c->arena, "%g s stands behind %g s", m->start,
                            rival->now);
    if (!what) {
        m->faults &= ~(unsigned)FAULT_ORDER;
        return;
    }
    to = propose(s, k, i, 1);
    if (move_to(s, t, i, to))
        what = arena_printf(c->arena, "%s; the event is at %g s", what, to);
    else if (rival)
        rival->suspect = true;
    report(c, t, m, "time.order", what);
}

/* --- what cannot be read --------------------------------------------------------- */

static void settle_malformed(struct singles *s, struct time_text *t, size_t i)
{
    struct time_check *c = s->c;
    struct time_mark *m = &t->marks[i];
    bool reversed = m->anchor != NULL;
    double low, high, guess = reversed ? m->start : m->guess;
    double end = reversed ? m->end : guess;

    m->aside = false;
    bounds_of(c, t, i, &low, &high);
    m->repairable = guess >= low && guess <= high && isfinite(high) &&
                    !(end > c->duration + BARELY);
    if (c->repair && m->repairable) {
        m->now = guess;
        m->until = end;
        m->moved = true;
    }
    report(c, t, m, "time.malformed",
           reversed ? arena_printf(c->arena, "a range from %g s back to %g s",
                                   m->end, m->start)
                    : "a time that cannot be read");
    m->aside = !m->moved;
}

/* --- conflicts -------------------------------------------------------------------- */

static void check_said(struct singles *s, size_t k)
{
    struct time_check *c = s->c;
    struct time_text *t = &c->texts[k];

    for (size_t i = 0; i < t->n_said; i++) {
        const struct time_said *q = &t->said[i];
        struct time_mark *m = &t->marks[q->mark];

        if (!q->unique || m->faults != 0 || m->moved ||
            time_gap(q->start, q->end, q->earliest, q->latest) <=
                c->o->tolerance + 1e-9)
            continue;
        m->faults |= FAULT_CONFLICT;
        if (q->sure && q->between == 0)
            (void)move_to(s, t, q->mark, propose(s, k, q->mark, 2));
        report(c, t, m, "time.conflict",
               arena_printf(c->arena, "the words are spoken from %.2f s on",
                            q->start));
    }
}

static void check_cuts(struct singles *s, struct time_text *t)
{
    struct time_check *c = s->c;

    for (size_t i = 0; i < t->n_cuts; i++) {
        struct time_mark *m = &t->marks[t->about_cuts[i]];
        size_t low = 0, high = c->n_cuts;
        double near;

        while (low < high) {
            size_t middle = (low + high) / 2;

            if (c->cuts[middle] < m->start)
                low = middle + 1;
            else
                high = middle;
        }
        near = low < c->n_cuts ? c->cuts[low] : c->cuts[low - 1];
        if (low > 0 && m->start - c->cuts[low - 1] < fabs(near - m->start))
            near = c->cuts[low - 1];
        if (m->faults != 0 || m->moved ||
            fabs(near - m->start) <= c->o->tolerance + 1e-9)
            continue;
        m->faults |= FAULT_CONFLICT;
        report(c, t, m, "time.conflict",
               arena_printf(c->arena,
                            "no cut is near; the nearest is at %.2f s", near));
    }
}

/* The interval in which a text puts a claim: its own mark, or from the mark
 * before to the next one. */
static bool interval_of(const struct time_check *c, const struct time_text *t,
                        size_t claim, double *from, double *to)
{
    size_t i = t->mark_of[claim];

    *from = t->marks[i].now;
    *to = t->marks[i].until;
    if (t->text->claims[claim].anchor >= 0)
        return true;
    *to = isnan(c->duration) ? (double)INFINITY : c->duration;
    for (size_t k = i + 1; k < t->n_marks && k <= i + AROUND; k++) {
        if (!t->marks[k].aside) {
            *to = fmax(*from, t->marks[k].now);
            break;
        }
    }
    return false;
}

static void settle_match(struct singles *s, const struct time_match *m)
{
    struct time_check *c = s->c;
    struct time_text *t[2] = {&c->texts[m->text[0]], &c->texts[m->text[1]]};
    struct time_mark *marks[2];
    double from[2], to[2];
    size_t own = 0, wrong = 0;

    if (!m->sure)
        return;
    for (int k = 0; k < 2; k++) {
        marks[k] = &t[k]->marks[t[k]->mark_of[m->claim[k]]];
        if (!marks[k]->anchor || marks[k]->faults != 0 || marks[k]->moved)
            return;
        own += interval_of(c, t[k], m->claim[k], &from[k], &to[k]);
    }
    if (own == 0 ||
        time_gap(from[0], to[0], from[1], to[1]) <= c->o->tolerance + 1e-9)
        return;
    for (size_t k = 0; k < 2 && own == 2; k++) {
        size_t mark = t[k]->mark_of[m->claim[k]];

        if (move_to(s, t[k], mark,
                    propose(s, m->text[k], mark, marks[k]->suspect ? 1 : 2))) {
            wrong = k;
            break;
        }
    }
    marks[wrong]->faults |= FAULT_CONFLICT;
    report(c, t[wrong], marks[wrong],
           marks[wrong]->suspect ? "time.order" : "time.conflict",
           arena_printf(c->arena, "the same event is at %g s in %s",
                        from[1 - wrong], time_text_name(t[1 - wrong])));
}

/* --- all of them ------------------------------------------------------------------- */

/* A text whose clock is wrong in a way that was found has no single faults of
 * its own: they are the clock's. */
static bool is_explained(const struct time_text *t)
{
    return t->clock.cause != TIME_UNKNOWN && t->clock.cause != TIME_RIGHT;
}

static void check_text(struct singles *s, size_t k)
{
    struct time_check *c = s->c;
    struct time_text *t = &c->texts[k];

    for (size_t i = 0; i < t->n_marks; i++) {
        if (t->marks[i].anchor && t->marks[i].anchor->reversed)
            t->marks[i].faults |= FAULT_MALFORMED;
        if (!isnan(c->duration) && !is_explained(t))
            check_end(s, t, i);
    }
    check_order(s, t);
    for (size_t i = 0; i < t->n_marks; i++) {
        unsigned faults = t->marks[i].faults;

        if (t->marks[i].moved)
            continue;
        if (faults & FAULT_MALFORMED)
            settle_malformed(s, t, i);
        else if (faults & FAULT_OUTSIDE)
            settle_outside(s, k, i);
        else if (faults & FAULT_ORDER)
            settle_order(s, k, i);
    }
    if (!is_explained(t)) {
        check_said(s, k);
        check_cuts(s, t);
    }
}

void time_singles(struct time_check *c)
{
    struct singles s = {c, PROPOSALS};

    for (size_t k = 0; k < c->n_texts; k++)
        check_text(&s, k);
    for (size_t i = 0; i < c->n_matches; i++)
        settle_match(&s, &c->matches[i]);
    c->wrong = 0;
    for (size_t k = 0; k < c->n_texts; k++) {
        for (size_t i = 0; i < c->texts[k].n_marks; i++)
            c->wrong += c->texts[k].marks[i].faults != 0 &&
                        !c->texts[k].marks[i].repairable;
    }
}
