/*
 * One cause behind many wrong times.
 *
 * Every piece of evidence either agrees with the model, with a normal error in
 * true seconds, or is an outlier that can be anywhere. Guesses are made from
 * single pieces of evidence and counted (RANSAC without the chance), the best
 * of a model is refined by expectation maximisation, and the models are
 * compared by the Bayesian information criterion (Schwarz 1978; differences as
 * Kass and Raftery 1995 read them: over 6 is strong, over 10 very strong).
 */
#include <math.h>

#include "asid/curate/timecheck.h"

enum {
    ROUNDS = 20,       /* of expectation maximisation */
    MOST_TIMES = 256,  /* of one piece of evidence */
    MOST_GUESSES = 512 /* of one model */
};

/* Share of evidence that is expected to be wrong in itself. */
static const double OUTLIERS = 0.25;
/* Errors are never taken for smaller: anchors and words are not that exact. */
static const double LEAST_SPREAD = 0.05;
static const double STRONG = 6, VERY_STRONG = 10;

struct piece {
    double written, weight, late;
    const double *times;
    size_t n;
};

struct sample {
    struct piece *p; /* room for TIME_MAX_EVIDENCE, or as many as there are */
    size_t n;
    double weight; /* of all */
    double range;  /* seconds over which an outlier can lie */
    const struct time_clip *clip;
};

struct model {
    enum time_cause cause;
    double rate, offset;
    bool fit_rate, fit_offset;
    double spread, agree;
    double bic;
};

/* --- evidence -------------------------------------------------------------- */

/* One of many times says little: by chance something is always near. */
static double weight_of(const struct time_evidence *e,
                        const struct time_clip *clip)
{
    double span = e->times[e->n - 1] - e->times[0];

    if (e->n == 1)
        return 1;
    if (clip->duration > span)
        span = clip->duration;
    return fmax(0, 1 - 2 * clip->tolerance * (double)e->n / fmax(span, 1e-9));
}

/* Whether evidence only says again what other evidence says of the same time:
 * it makes that one count more, not twice. */
static bool confirms(struct sample *s, const struct time_evidence *e)
{
    for (size_t i = 0; i < s->n && e->n == 1; i++) {
        struct piece *p = &s->p[i];

        if (p->n != 1 || fabs(p->written - e->written) > 0.01 ||
            fabs(p->times[0] - e->times[0]) > 0.5)
            continue;
        s->weight += p->weight < 1.5 ? 0.5 : 0;
        p->weight = 1.5;
        return true;
    }
    return false;
}

static void sample_take(struct arena *scratch, struct sample *s,
                        const struct time_evidence *e, size_t n)
{
    size_t most = n < TIME_MAX_EVIDENCE ? n : TIME_MAX_EVIDENCE;
    double first = INFINITY, last = -INFINITY;

    s->p = arena_array(scratch, most, sizeof *s->p);
    for (size_t i = 0; i < most; i++) {
        const struct time_evidence *from = &e[i * n / most];
        double weight = from->n > 0 ? weight_of(from, s->clip) : 0;

        if (!(weight > 0) || from->n > MOST_TIMES || !isfinite(from->written) ||
            confirms(s, from))
            continue;
        s->p[s->n++] = (struct piece){from->written, weight, from->late,
                                      from->times, from->n};
        s->weight += weight;
        first = fmin(first, from->times[0]);
        last = fmax(last, from->times[from->n - 1]);
    }
    s->range = fmax(10, last - first);
    if (s->clip->duration > s->range)
        s->range = s->clip->duration;
}

/* The one of the times that is nearest to t. */
static double nearest(const struct piece *p, double t)
{
    size_t low = 0, high = p->n;

    while (high - low > 1) {
        size_t middle = (low + high) / 2;

        if (p->times[middle] <= t)
            low = middle;
        else
            high = middle;
    }
    if (low + 1 < p->n && p->times[low + 1] - t < t - p->times[low])
        low++;
    return p->times[low];
}

/* How far a model puts a piece of evidence from its place, which is where the
 * event is or, if that may come later than written, as much before. */
static double error_of(const struct model *m, const struct piece *p,
                       double *place)
{
    double t = (p->written - m->offset) / m->rate;

    *place = nearest(p, t);
    if (p->late > 0 && t < *place)
        *place -= fmin(p->late, *place - t);
    return t - *place;
}

/* --- guesses --------------------------------------------------------------- */

/* How much of the evidence a guess explains; near misses count in part. */
static double explained(const struct sample *s, const struct model *m)
{
    double band = fmax(0.5, s->clip->tolerance / 2), sum = 0, place;

    for (size_t i = 0; i < s->n; i++) {
        double e = error_of(m, &s->p[i], &place) / band;

        sum += s->p[i].weight * fmax(0, 1 - e * e);
    }
    return sum;
}

/* Try what a single piece of evidence says, for each of them. */
static void guess(const struct sample *s, struct model *m)
{
    double best = explained(s, m);
    size_t tried = 0;

    for (size_t i = 0; i < s->n; i++) {
        const struct piece *p = &s->p[i];

        for (size_t k = 0; k < p->n && tried < MOST_GUESSES; k++, tried++) {
            struct model g = *m;
            double score;

            if (m->fit_offset)
                g.offset = p->written - p->times[k];
            else if (p->times[k] >= 1 && p->written > 0)
                g.rate = p->written / p->times[k];
            /* Very fast clocks put everything near the first cut. */
            if (p->n > 1 && (g.rate < 0.5 || g.rate > 2))
                continue;
            score = explained(s, &g);
            if (score > best) {
                best = score;
                m->rate = g.rate;
                m->offset = g.offset;
            }
        }
    }
}

/* --- refinement ------------------------------------------------------------ */

struct sums {
    double w, e2, t, x, tt, tx;
};

/* One round: how likely each piece agrees, and the sums over those. Returns
 * the logarithm of the likelihood. */
static double expect(const struct sample *s, const struct model *m,
                     struct sums *sums)
{
    double wrong = OUTLIERS / (2 * s->range), sum = 0;
    double peak = (1 - OUTLIERS) / (m->spread * sqrt(2 * M_PI));

    *sums = (struct sums){0};
    for (size_t i = 0; i < s->n; i++) {
        double t, e = error_of(m, &s->p[i], &t);
        double right = peak * exp(-e * e / (2 * m->spread * m->spread));
        double w = s->p[i].weight * right / (right + wrong);

        sum += s->p[i].weight * log(right + wrong);
        sums->w += w;
        sums->e2 += w * e * e;
        sums->t += w * t;
        sums->x += w * s->p[i].written;
        sums->tt += w * t * t;
        sums->tx += w * t * s->p[i].written;
    }
    return sum;
}

static void maximise(const struct sample *s, struct model *m,
                     const struct sums *u)
{
    double cap = fmax(s->clip->tolerance / 2, LEAST_SPREAD);
    double det = u->w * u->tt - u->t * u->t;

    if (!(u->w > 0))
        return;
    if (m->fit_rate && m->fit_offset) {
        if (det > 1e-9 * u->w * u->tt) {
            m->rate = (u->w * u->tx - u->t * u->x) / det;
            m->offset = (u->x - m->rate * u->t) / u->w;
        }
    } else if (m->fit_rate && u->tt > 0) {
        m->rate = u->tx / u->tt;
    } else if (m->fit_offset) {
        m->offset = (u->x - u->t) / u->w;
    }
    m->rate = fmax(m->rate, 1e-3);
    m->spread = fmin(fmax(sqrt(u->e2 / u->w), LEAST_SPREAD), cap);
}

static void refine_from(const struct sample *s, struct model *m, double spread,
                        struct sums *sums)
{
    unsigned parameters = 1u + m->fit_rate + m->fit_offset;
    double likely;

    m->spread = spread;
    for (int i = 0; i < ROUNDS; i++) {
        struct model before = *m;

        (void)expect(s, m, sums);
        maximise(s, m, sums);
        if (fabs(m->rate - before.rate) < 1e-9 &&
            fabs(m->offset - before.offset) < 1e-9 &&
            fabs(m->spread - before.spread) < 1e-9)
            break;
    }
    likely = expect(s, m, sums);
    m->agree = sums->w;
    m->bic = -2 * likely + parameters * log(fmax(s->weight, 2));
}

/* From a wide spread and from a narrow one: either may end in a place that is
 * only the best nearby. */
static void refine(const struct sample *s, struct model *m, struct sums *sums)
{
    struct model narrow = *m;
    struct sums also;

    refine_from(s, m, fmax(s->clip->tolerance / 2, LEAST_SPREAD), sums);
    narrow.rate = m->rate;
    narrow.offset = m->offset;
    refine_from(s, &narrow, 2 * LEAST_SPREAD, &also);
    if (narrow.bic < m->bic) {
        *m = narrow;
        *sums = also;
    }
}

/* --- the models ------------------------------------------------------------ */

enum { MODELS = 5 };

static bool is_frame_rate(double rate)
{
    static const double common[] = {24, 25, 30, 50, 60};

    for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
        if (fabs(rate / common[i] - 1) < 0.01)
            return true;
    }
    return false;
}

/* The best guess of each model refined; sums of each for its errors. */
static size_t fit_all(const struct sample *s, struct model *m,
                      struct sums *sums)
{
    const struct time_clip *clip = s->clip;
    size_t n = 0;

    m[n++] = (struct model){.cause = TIME_RIGHT, .rate = 1};
    m[n++] =
        (struct model){.cause = TIME_OFFSET, .rate = 1, .fit_offset = true};
    m[n++] = (struct model){.cause = TIME_RATE, .rate = 1, .fit_rate = true};
    if (clip->fps > 2)
        m[n++] = (struct model){.cause = TIME_FRAMES, .rate = clip->fps};
    for (size_t i = 0; i < n; i++) {
        if (m[i].fit_offset || m[i].fit_rate)
            guess(s, &m[i]);
        refine(s, &m[i], &sums[i]);
    }
    if (!(clip->fps > 2) && is_frame_rate(m[2].rate))
        m[2].cause = TIME_FRAMES;
    if (s->weight >= 8) {
        m[n] = m[1].bic < m[2].bic ? m[1] : m[2];
        m[n].cause = TIME_RATE;
        m[n].fit_rate = m[n].fit_offset = true;
        refine(s, &m[n], &sums[n]);
        n++;
    }
    return n;
}

/* How far the times are off at most because of the model. */
static double effect_of(const struct sample *s, const struct model *m)
{
    double most = 0, place;

    for (size_t i = 0; i < s->n; i++) {
        double e = error_of(m, &s->p[i], &place);

        if (fabs(e) <= 3 * m->spread)
            most = fmax(most, fabs((m->rate - 1) * place + m->offset));
    }
    return most;
}

/* How many pieces must agree for a repair: for an offset beyond the tolerance
 * three, if there are no others. */
static double needed(const struct sample *s, const struct model *m)
{
    if (m->cause == TIME_FRAMES)
        return 3;
    if (m->fit_rate && m->fit_offset)
        return 8;
    if (m->fit_rate)
        return 5;
    return fabs(m->offset) > s->clip->tolerance && m->agree > s->weight - 0.1
               ? 3
               : 4;
}

static size_t agreeing_times(const struct sample *s, const struct model *m)
{
    size_t n = 0;
    double place;

    for (size_t i = 0; i < s->n; i++) {
        bool again = false;

        for (size_t k = 0; k < i && !again; k++)
            again = fabs(s->p[k].written - s->p[i].written) < 0.01;
        n += !again && fabs(error_of(m, &s->p[i], &place)) <= 3 * m->spread;
    }
    return n;
}

static void set_errors(struct time_fit *fit, const struct model *m,
                       const struct sums *u)
{
    double det = u->w * u->tt - u->t * u->t;

    if (m->fit_rate && m->fit_offset && det > 0) {
        fit->rate_error = m->rate * m->spread * sqrt(u->w / det);
        fit->offset_error = m->rate * m->spread * sqrt(u->tt / det);
    } else if (m->fit_rate && u->tt > 0) {
        fit->rate_error = m->rate * m->spread / sqrt(u->tt);
    } else if (m->fit_offset && u->w > 0) {
        fit->offset_error = m->spread / sqrt(u->w);
    }
}

/* What an offset or a drift must amount to: half of what does not matter for a
 * single time. Less is the habit of whoever wrote the times: seconds that are
 * cut, not rounded, a speaker who is told of before the first word. */
static double relevance_of(const struct time_clip *clip)
{
    return fmax(clip->tolerance / 2, 0.75 * clip->step);
}

/* Whether a is a case of b: then b never fits worse, and says something else
 * only when it fits far better. */
static bool is_case_of(const struct model *a, const struct model *b)
{
    if (a->cause == TIME_FRAMES && !a->fit_rate)
        return b->fit_rate;
    return b->fit_rate && b->fit_offset && a->fit_rate != a->fit_offset;
}

/* How far b is at most from where a places what agrees with a, seconds. */
static double apart(const struct sample *s, const struct model *a,
                    const struct model *b)
{
    double most = 0, place;

    for (size_t i = 0; i < s->n; i++) {
        double e = error_of(a, &s->p[i], &place);
        double x = a->rate * (place + e) + a->offset;

        if (fabs(e) <= 3 * a->spread)
            most = fmax(most, fabs((x - b->offset) / b->rate - (place + e)));
    }
    return most;
}

/* The best, but a case of it when that makes no difference that is sure or
 * that matters. */
static const struct model *choose(const struct sample *s, const struct model *m,
                                  size_t n)
{
    const struct model *best = &m[0], *simple;

    for (size_t i = 1; i < n; i++)
        best = m[i].bic < best->bic ? &m[i] : best;
    simple = best;
    for (size_t i = 1; i < n; i++) {
        if (is_case_of(&m[i], best) &&
            (m[i].bic - best->bic < STRONG ||
             apart(s, best, &m[i]) < relevance_of(s->clip)) &&
            (simple == best || m[i].bic < simple->bic))
            simple = &m[i];
    }
    /* Nobody's clock is wrong by just the number of frames a second. */
    for (size_t i = 1; i < n; i++) {
        if (m[i].cause == TIME_FRAMES && simple->cause == TIME_RATE &&
            fabs(simple->rate / m[i].rate - 1) < 0.02 &&
            m[0].bic - m[i].bic >= VERY_STRONG)
            simple = &m[i];
    }
    return simple;
}

/* How much better the best is than what says something else. */
static double margin_of(const struct model *best, const struct model *m,
                        size_t n)
{
    double margin = INFINITY;

    for (size_t i = 0; i < n; i++) {
        if (m[i].cause != best->cause && !is_case_of(best, &m[i]))
            margin = fmin(margin, m[i].bic - best->bic);
    }
    return margin;
}

static struct time_fit judge(const struct sample *s, const struct model *m,
                             size_t n, const struct sums *sums)
{
    const struct model *best = choose(s, m, n);
    double gain = m[0].bic - best->bic;
    struct time_fit fit = {.cause = best->cause,
                           .rate = best->rate,
                           .offset = best->offset,
                           .spread = best->spread,
                           .n = s->weight,
                           .agree = best->agree};

    set_errors(&fit, best, &sums[best - m]);
    if (best->agree < fmax(3, 0.6 * s->weight) - 0.5 ||
        agreeing_times(s, best) < (best->fit_rate ? 4 : 3))
        fit.cause = TIME_UNKNOWN;
    else if (best == m || effect_of(s, best) < relevance_of(s->clip))
        fit.cause = TIME_RIGHT;
    else if (gain < STRONG)
        fit.cause = TIME_UNKNOWN;
    else
        fit.certain =
            best->agree > needed(s, best) - 0.5 && gain >= VERY_STRONG &&
            margin_of(best, m, n) >=
                (best->fit_rate && best->fit_offset ? VERY_STRONG : STRONG);
    return fit;
}

/* Most records are right: seen without a single guess. */
static bool is_plain(const struct sample *s)
{
    struct model right = {.rate = 1};
    double most = relevance_of(s->clip), sum = 0, place;

    for (size_t i = 0; i < s->n; i++) {
        double e = error_of(&right, &s->p[i], &place);

        if (fabs(e) > most)
            return false;
        sum += e;
    }
    return fabs(sum) / (double)s->n < most / 2;
}

struct time_fit time_fit(struct arena *scratch, const struct time_evidence *e,
                         size_t n, const struct time_clip *clip)
{
    struct sample sample = {.clip = clip}, *s = &sample;
    struct sums sums[MODELS];
    struct model m[MODELS];
    struct time_fit fit = {.cause = TIME_UNKNOWN, .rate = 1};

    sample_take(scratch, s, e, n);
    fit.n = s->weight;
    if (s->weight < 3)
        return fit;
    if (is_plain(s)) {
        fit.cause = TIME_RIGHT;
        fit.agree = s->weight;
        return fit;
    }
    return judge(s, m, fit_all(s, m, sums), sums);
}

double time_true(const struct time_fit *fit, double written)
{
    return (written - fit->offset) / fit->rate;
}
