/*
 * The clocks of a record's texts: which texts share one, and is it right?
 *
 * Texts whose events agree as they are written share a clock. Each group of
 * them is held against what is known for certain (words, cuts, the length of
 * the clip); groups with too little of that, against the groups that are
 * settled. Where nothing is known for certain, several texts that agree are
 * taken for right against one that does not.
 */
#include <math.h>

#include "asid/base/num.h"
#include "time_int.h"

/* --- which texts share a clock ------------------------------------------------ */

static size_t leader_of(const struct time_check *c, size_t text)
{
    while (c->texts[text].leader != text)
        text = c->texts[text].leader;
    return text;
}

/* The marks of a match, if each of its claims has one of its own. */
static bool marks_of(const struct time_check *c, const struct time_match *m,
                     const struct time_mark *marks[2])
{
    for (int k = 0; k < 2; k++) {
        const struct time_text *t = &c->texts[m->text[k]];

        if (t->text->claims[m->claim[k]].anchor < 0)
            return false;
        marks[k] = &t->marks[t->mark_of[m->claim[k]]];
    }
    return true;
}

static void find_groups(struct time_check *c)
{
    size_t alike[TIME_TEXTS][TIME_TEXTS] = {{0}};
    size_t apart[TIME_TEXTS][TIME_TEXTS] = {{0}};

    for (size_t i = 0; i < c->n_matches; i++) {
        const struct time_match *m = &c->matches[i];
        const struct time_mark *marks[2];

        if (!marks_of(c, m, marks))
            continue;
        if (time_gap(marks[0]->start, marks[0]->end, marks[1]->start,
                     marks[1]->end) <= c->o->tolerance / 2)
            alike[m->text[0]][m->text[1]]++;
        else
            apart[m->text[0]][m->text[1]]++;
    }
    for (size_t a = 0; a < c->n_texts; a++) {
        for (size_t b = a + 1; b < c->n_texts; b++) {
            if (alike[a][b] > 0 && alike[a][b] >= 2 * apart[a][b])
                c->texts[leader_of(c, b)].leader = leader_of(c, a);
        }
    }
    for (size_t a = 0; a < c->n_texts; a++)
        c->texts[a].leader = leader_of(c, a);
}

/* --- evidence ------------------------------------------------------------------ */

struct evidence {
    struct time_evidence *list;
    double *times; /* what list points into */
    size_t n, room;
};

/* Room for all evidence of all texts, used for one question at a time. */
struct clocks {
    struct time_check *c;
    struct evidence e;
};

static void add_evidence(struct evidence *e, double written, double time,
                         double late)
{
    if (e->n == e->room || isnan(written) || isnan(time))
        return;
    e->times[e->n] = time;
    e->list[e->n] = (struct time_evidence){written, &e->times[e->n], 1, late};
    e->n++;
}

/* What is known for certain about a text. */
static void add_known(const struct time_check *c, const struct time_text *t,
                      struct evidence *e)
{
    for (size_t i = 0; i < t->n_said; i++) {
        const struct time_said *s = &t->said[i];

        if (s->unique && s->between <= 3)
            add_evidence(e, t->marks[s->mark].start, s->start,
                         c->o->tolerance / 2 * (double)s->between);
    }
    for (size_t i = 0; i < t->n_cuts && e->n < e->room; i++)
        e->list[e->n++] = (struct time_evidence){
            t->marks[t->about_cuts[i]].start, c->cuts, c->n_cuts, 0};
    for (size_t i = 0; i < t->n_marks; i++) {
        if (t->marks[i].anchor && t->marks[i].anchor->whole)
            add_evidence(e, t->marks[i].end, c->duration, 0);
    }
}

/* What the events of a group are in texts whose clocks are known. */
static void add_relative(const struct time_check *c, size_t leader,
                         struct evidence *e)
{
    for (size_t i = 0; i < c->n_matches; i++) {
        const struct time_match *m = &c->matches[i];
        const struct time_mark *marks[2];

        if (!marks_of(c, m, marks))
            continue;
        for (int k = 0; k < 2; k++) {
            const struct time_text *here = &c->texts[m->text[k]];
            const struct time_text *there = &c->texts[m->text[1 - k]];

            if (here->leader != leader || there->leader == leader ||
                !there->settled)
                continue;
            add_evidence(e, marks[k]->start,
                         time_true(&there->clock, marks[1 - k]->start), 0);
        }
    }
}

static void evidence_make(struct clocks *x)
{
    const struct time_check *c = x->c;
    size_t room = 2 * c->n_matches;

    for (size_t k = 0; k < c->n_texts; k++)
        room += c->texts[k].n_said + c->texts[k].n_cuts + c->texts[k].n_marks;
    x->e.list = arena_array(c->work, room, sizeof *x->e.list);
    x->e.times = arena_array(c->work, room, sizeof *x->e.times);
    x->e.room = room;
}

/* --- fitting -------------------------------------------------------------------- */

static struct time_fit fit_group(struct clocks *x, size_t leader, bool relative)
{
    const struct time_check *c = x->c;
    struct time_clip clip = {c->duration, c->fps, c->o->tolerance, 0};

    x->e.n = 0;
    for (size_t k = 0; k < c->n_texts; k++) {
        if (c->texts[k].leader != leader)
            continue;
        add_known(c, &c->texts[k], &x->e);
        clip.step = fmax(clip.step, c->texts[k].step);
    }
    if (relative)
        add_relative(c, leader, &x->e);
    return time_fit(c->work, x->e.list, x->e.n, &clip);
}

/* What the clock makes of a mark lies in the clip. */
static bool is_inside(const struct time_check *c, const struct time_fit *f,
                      const struct time_mark *m)
{
    double slack = c->o->tolerance + 1e-9;
    double end = time_true(f, m->end);

    return isnan(c->duration) || end <= c->duration + slack;
}

/* A clock is refused when it puts more marks behind the end than before. */
static bool fits_clip(const struct time_check *c, size_t leader,
                      const struct time_fit *f)
{
    static const struct time_fit right = {.rate = 1};
    size_t before = 0, after = 0;

    for (size_t k = 0; k < c->n_texts; k++) {
        const struct time_text *t = &c->texts[k];

        if (t->leader != leader)
            continue;
        for (size_t i = 0; i < t->n_marks; i++) {
            before += t->marks[i].anchor && is_inside(c, &right, &t->marks[i]);
            after += t->marks[i].anchor && is_inside(c, f, &t->marks[i]);
        }
    }
    return after >= before;
}

static void settle(struct time_check *c, size_t leader,
                   const struct time_fit *f)
{
    for (size_t k = 0; k < c->n_texts; k++) {
        if (c->texts[k].leader != leader)
            continue;
        c->texts[k].clock = *f;
        c->texts[k].settled = f->cause == TIME_RIGHT || f->certain;
    }
}

static bool try_fit(struct clocks *x, size_t leader, bool relative)
{
    struct time_check *c = x->c;
    struct time_fit f = fit_group(x, leader, relative);

    if (f.cause == TIME_UNKNOWN)
        return false;
    if (f.cause != TIME_RIGHT && !fits_clip(c, leader, &f))
        return false;
    settle(c, leader, &f);
    return c->texts[leader].settled;
}

static bool is_open(const struct time_check *c, size_t k)
{
    return c->texts[k].leader == k && !c->texts[k].settled;
}

/* --- frames, by the length of the clip ------------------------------------------ */

struct ends {
    double most;
    size_t n, behind;
    bool as_frames; /* every one of them is inside as a frame number */
};

static struct ends ends_of(const struct time_check *c, size_t leader)
{
    struct ends e = {0, 0, 0, true};

    for (size_t k = 0; k < c->n_texts; k++) {
        const struct time_text *t = &c->texts[k];

        if (t->leader != leader)
            continue;
        e.as_frames = e.as_frames && t->step > 0.5;
        for (size_t i = 0; i < t->n_marks; i++) {
            if (!t->marks[i].anchor)
                continue;
            e.n++;
            e.behind += t->marks[i].end > c->duration + c->o->tolerance;
            e.most = fmax(e.most, t->marks[i].end);
        }
    }
    e.as_frames = e.as_frames && e.most / c->fps <= c->duration + 0.5;
    return e;
}

/* Whole numbers, half of them far behind the end, that as frames are all inside
 * the clip and reach into its last two thirds. `known`: another text of the
 * record has frame numbers, so that one of them is enough. */
static bool are_frames(const struct time_check *c, size_t leader, bool known)
{
    struct ends e = ends_of(c, leader);

    if (!e.as_frames || e.behind == 0)
        return false;
    return known || (e.behind >= 3 && 2 * e.behind >= e.n &&
                     e.most / c->fps >= c->duration / 3);
}

static void find_frames(struct time_check *c)
{
    struct time_fit f = {.cause = TIME_FRAMES, .rate = c->fps, .certain = true};
    bool known = false;

    if (isnan(c->duration) || !(c->fps > 2))
        return;
    for (size_t k = 0; k < c->n_texts; k++)
        known = known ||
                (c->texts[k].settled && c->texts[k].clock.cause == TIME_FRAMES);
    for (int round = 0; round < 2; round++) {
        for (size_t k = 0; k < c->n_texts; k++) {
            enum time_cause cause = c->texts[k].clock.cause;

            if (!is_open(c, k) ||
                (cause != TIME_UNKNOWN && cause != TIME_FRAMES) ||
                !are_frames(c, k, known))
                continue;
            settle(c, k, &f);
            known = true;
        }
    }
}

/* --- agreement without a witness ------------------------------------------------ */

static size_t size_of_group(const struct time_check *c, size_t leader)
{
    size_t n = 0;

    /* The caption may be made of the attributes: no witness of its own. */
    for (size_t k = 0; k < c->n_texts; k++)
        n += c->texts[k].leader == leader && c->texts[k].key != ATTRIBUTE_NONE;
    return n;
}

/* The largest group of texts that agree is right if two attributes are in it
 * and no other group has as many. */
static void trust_most(struct time_check *c)
{
    struct time_fit right = {.cause = TIME_RIGHT, .rate = 1};
    size_t best = SIZE_MAX, most = 1, rivals = 0;

    for (size_t k = 0; k < c->n_texts; k++) {
        size_t n = is_open(c, k) ? size_of_group(c, k) : 0;

        if (n > most) {
            most = n;
            best = k;
            rivals = 0;
        } else if (n == most) {
            rivals++;
        }
    }
    if (best != SIZE_MAX && rivals == 0)
        settle(c, best, &right);
}

/* --- all groups ----------------------------------------------------------------- */

/* Whether most of what is known of a group alone agrees with a fit. */
static bool agrees(struct clocks *x, size_t leader, const struct time_fit *f)
{
    const struct time_check *c = x->c;
    size_t agree = 0;

    x->e.n = 0;
    for (size_t k = 0; k < c->n_texts; k++) {
        if (c->texts[k].leader == leader)
            add_known(c, &c->texts[k], &x->e);
    }
    for (size_t i = 0; i < x->e.n; i++) {
        const struct time_evidence *e = &x->e.list[i];

        agree += e->n == 1 && fabs(time_true(f, e->written) - e->times[0]) <=
                                  fmax(3 * f->spread, 0.5) + e->late;
    }
    return agree > 0 && 2 * agree > x->e.n;
}

/* Everything that is known of all texts at once: groups too small to be judged
 * alone may have the same fault. */
static void fit_together(struct clocks *x)
{
    struct time_check *c = x->c;
    struct time_clip clip = {c->duration, c->fps, c->o->tolerance, 0};
    struct time_fit f;

    x->e.n = 0;
    for (size_t k = 0; k < c->n_texts; k++) {
        add_known(c, &c->texts[k], &x->e);
        clip.step = fmax(clip.step, c->texts[k].step);
    }
    f = time_fit(c->work, x->e.list, x->e.n, &clip);
    if (!f.certain && f.cause != TIME_RIGHT)
        return;
    for (size_t k = 0; k < c->n_texts; k++) {
        if (is_open(c, k) && agrees(x, k, &f) && fits_clip(c, k, &f))
            settle(c, k, &f);
    }
}

static bool settle_by_others(struct clocks *x)
{
    bool any = false;

    for (size_t k = 0; k < x->c->n_texts; k++) {
        if (is_open(x->c, k))
            any |= try_fit(x, k, true);
    }
    return any;
}

static bool any_settled(const struct time_check *c)
{
    for (size_t k = 0; k < c->n_texts; k++) {
        if (c->texts[k].settled)
            return true;
    }
    return false;
}

static void find_clocks(struct time_check *c)
{
    struct clocks x = {.c = c};

    evidence_make(&x);
    find_groups(c);
    for (size_t k = 0; k < c->n_texts; k++) {
        if (is_open(c, k))
            (void)try_fit(&x, k, false);
    }
    fit_together(&x);
    find_frames(c);
    while (settle_by_others(&x))
        ;
    if (!any_settled(c)) {
        trust_most(c);
        while (settle_by_others(&x))
            ;
    }
}

/* --- repair --------------------------------------------------------------------- */

/* Whether what is known of one mark says that it is right as it is, and would
 * be wrong by the clock. */
static bool is_right_already(const struct time_check *c,
                             const struct time_text *t, size_t mark)
{
    const struct time_mark *m = &t->marks[mark];
    double tolerance = c->o->tolerance;

    /* A look back at the whole clip ends where the clip ends. */
    if (m->anchor->whole)
        return fabs(m->end - c->duration) <= tolerance && m->start <= tolerance;
    for (size_t i = 0; i < t->n_said; i++) {
        const struct time_said *s = &t->said[i];

        if (s->mark == mark && s->sure && s->between == 0)
            return fabs(s->start - m->start) <= tolerance / 2 &&
                   fabs(s->start - time_true(&t->clock, m->start)) > tolerance;
    }
    return false;
}

static const char *cause_message(const struct time_check *c,
                                 const struct time_text *t)
{
    const struct time_fit *f = &t->clock;
    const char *agree =
        f->agree > 0 ? arena_printf(c->arena, " (%.0f of %.0f agree, +-%.2f s)",
                                    round(f->agree), round(f->n), f->spread)
                     : "";

    if (f->cause == TIME_FRAMES)
        return arena_printf(c->arena, "frame numbers at %g a second%s",
                            num_round(f->rate, 3), agree);
    if (f->cause == TIME_RATE && fabs(f->offset) > 1e-9)
        return arena_printf(c->arena,
                            "times run at %.4f of the clip's, from %+.2f s%s",
                            f->rate, f->offset, agree);
    if (f->cause == TIME_RATE)
        return arena_printf(c->arena, "times run at %.4f of the clip's%s",
                            f->rate, agree);
    return arena_printf(c->arena, "all times are %.2f s %s%s", fabs(f->offset),
                        f->offset > 0 ? "late" : "early", agree);
}

static const char *code_of(enum time_cause cause)
{
    return cause == TIME_FRAMES   ? "time.frames"
           : cause == TIME_OFFSET ? "time.offset"
                                  : "time.rate";
}

/* The spellings of the marks that move, for the finding. */
static void list_marks(const struct time_check *c, const struct time_text *t,
                       struct time_note *note)
{
    enum { MOST = 32, BYTES = 2000 };
    struct buf was, now;
    size_t n = 0;

    buf_init(&was, BYTES);
    buf_init(&now, BYTES);
    for (size_t i = 0; i < t->n_marks; i++) {
        const struct time_mark *m = &t->marks[i];

        if (!m->moved)
            continue;
        if (n++ == MOST) {
            buf_text(&was, ", ...");
            buf_text(&now, ", ...");
            break;
        }
        buf_text(&was, n > 1 ? ", " : "");
        buf_text(&now, n > 1 ? ", " : "");
        buf_str(&was, span_of(t->text->text, m->at));
        buf_str(&now, time_spell(c->arena, t, m));
    }
    note->was =
        (struct str){arena_strndup(c->arena, buf_view(&was).p, was.n), was.n};
    note->now =
        (struct str){arena_strndup(c->arena, buf_view(&now).p, now.n), now.n};
    buf_release(&was);
    buf_release(&now);
}

static bool move_marks(struct time_check *c, struct time_text *t)
{
    bool moved = false;

    for (size_t i = 0; i < t->n_marks; i++) {
        struct time_mark *m = &t->marks[i];

        if (!m->anchor || is_right_already(c, t, i))
            continue;
        m->now = time_round(c, t, time_true(&t->clock, m->start));
        m->until = time_round(c, t, time_true(&t->clock, m->end));
        m->moved =
            fabs(m->now - m->start) > 1e-9 || fabs(m->until - m->end) > 1e-9;
        moved |= m->moved;
    }
    return moved;
}

static void repair_clock(struct time_check *c, struct time_text *t)
{
    struct time_note note = {.code = code_of(t->clock.cause),
                             .key = t->key,
                             .claim = -1,
                             .fit = t->clock};

    note.message = cause_message(c, t);
    if (c->repair && t->clock.certain && move_marks(c, t)) {
        list_marks(c, t, &note);
        note.repaired = true;
        c->changed = true;
        time_note(&c->repaired, c->arena, &note);
        return;
    }
    for (size_t i = 0; i < t->n_marks; i++) {
        struct time_mark *m = &t->marks[i];

        if (!m->anchor || is_right_already(c, t, i))
            continue;
        m->faults |= FAULT_CLOCK;
        m->repairable = t->clock.certain;
    }
    time_note(&c->open, c->arena, &note);
}

void time_clocks(struct time_check *c)
{
    find_clocks(c);
    for (size_t k = 0; k < c->n_texts; k++) {
        enum time_cause cause = c->texts[k].clock.cause;

        if (cause != TIME_UNKNOWN && cause != TIME_RIGHT)
            repair_clock(c, &c->texts[k]);
    }
}
