/*
 * The places of the transcript that a quote may stand for.
 *
 * The distance of the quote to the best span that ends with each piece comes
 * from one scan; where it is lowest, a scan backwards gives the span itself.
 * Similarity is 1 - distance / letters of the longer.
 */
#include <math.h>
#include <string.h>

#include "align_int.h"

/* A transcript is searched at once when that takes no more steps; a longer one
 * first where the quote's anchor says. */
static const uint64_t small_scan = 1 << 15;

/* Seconds looked at on either side of an anchor before all else. */
static const double window_seconds = 30;

/* What a span gains by being a whole utterance at one end, and loses by
 * cutting through a word: decides between spans that are about as similar,
 * such as the one that ends before a wrong last word and the one with it. */
static const double gain_utterance = 0.05, loss_inside = 0.02;

/* What a place gains by being where the text puts the quote. */
static const double gain_near = 0.1;

double align_gap(double a_start, double a_end, double b_start, double b_end)
{
    if (isnan(a_start) || isnan(b_start))
        return NAN;
    if (a_start > b_end)
        return a_start - b_end;
    return b_start > a_end ? b_start - a_end : 0;
}

/* A word of several pieces is shared out among them by letters. */
static double time_in(const struct align_speech *s, size_t piece, bool end)
{
    const struct align_letters *l = &s->letters;
    const struct align_piece *p = &l->piece[piece];
    const struct transcript_word *w =
        &s->t->words[end ? p->last_word : p->word];
    size_t first = piece, last = piece, from, to, at;

    while (first > 0 && l->piece[first].inside && p->word == p->last_word)
        first--;
    while (last + 1 < l->n_pieces && l->piece[last + 1].inside &&
           l->piece[last + 1].word == p->last_word)
        last++;
    from = l->piece[first].at;
    to = l->piece[last].at + l->piece[last].n;
    at = end ? p->at + p->n : p->at;
    if (first == last || p->word != p->last_word)
        return end ? w->end : w->start;
    return w->start +
           (w->end - w->start) * (double)(at - from) / (double)(to - from);
}

void align_times(const struct align_speech *s, size_t first, size_t last,
                 double *start, double *end)
{
    *start = time_in(s, first, false);
    *end = time_in(s, last - 1, true);
    if (isnan(*start) || isnan(*end))
        *start = *end = NAN;
}

/* --- one pattern ------------------------------------------------------------- */

struct search {
    struct align_speech *s;
    const struct align_options *o;
    const struct align_quote *q;
    const struct align_letters *l; /* of the quote */
    size_t from, to;               /* its pieces */
    struct align_pattern pattern;
    size_t info; /* letters, wide ones counted three times */
    struct low {
        size_t piece, distance;
        double rank;
    } lows[PLACES_MAX]; /* best first */
    size_t n_lows;
    struct align_place places[PLACES_MAX];
    size_t n;
};

static double nearness(const struct search *f, double gap)
{
    double slack = f->o->tolerance > 0.5 ? f->o->tolerance : 0.5;

    if (isnan(gap) || gap >= 5 * slack)
        return 0;
    return gap <= slack ? gain_near
                        : gain_near * (5 * slack - gap) / (4 * slack);
}

static double gap_of(const struct search *f, size_t first, size_t last)
{
    double start, end;

    align_times(f->s, first, last, &start, &end);
    return align_gap(start, end, f->q->earliest, f->q->latest);
}

/* Keep the best ends; of equal ones the earlier. */
static void keep_low(struct search *f, size_t piece)
{
    size_t distance = f->s->distance[piece], i = f->n_lows;
    double rank = 1 - (double)distance / (double)f->pattern.n +
                  nearness(f, gap_of(f, piece, piece + 1));

    if (i == PLACES_MAX && rank <= f->lows[i - 1].rank)
        return;
    if (i == PLACES_MAX)
        i--;
    else
        f->n_lows++;
    for (; i > 0 && rank > f->lows[i - 1].rank; i--)
        f->lows[i] = f->lows[i - 1];
    f->lows[i] = (struct low){piece, distance, rank};
}

/* The pieces where the distance is lowest among its neighbours, no worse than
 * the lowest by more than a quarter of the pattern: an equal place makes
 * others uninteresting. */
static void choose_lows(struct search *f, size_t from, size_t to)
{
    const uint32_t *d = f->s->distance;
    const struct align_piece *piece = f->s->letters.piece;
    double gamma = f->o->similarity;
    double limit = (double)f->pattern.n * (1 - gamma) / gamma + 1e-9;
    size_t best = SIZE_MAX, low = SIZE_MAX, reach = f->pattern.n / 2;

    for (size_t i = from; i < to; i++)
        best = d[i] < best ? d[i] : best;
    if ((double)best > limit)
        return;
    best += f->pattern.n / 4;
    limit = (double)best < limit ? (double)best : limit;
    for (size_t i = from; i < to; i++) {
        if ((double)d[i] > limit)
            continue;
        if (low != SIZE_MAX &&
            piece[i].at + piece[i].n - reach > piece[low].at + piece[low].n) {
            keep_low(f, low);
            low = SIZE_MAX;
        }
        if (low == SIZE_MAX || d[i] < d[low])
            low = i;
    }
    if (low != SIZE_MAX)
        keep_low(f, low);
}

static double edges(const struct align_letters *l, size_t first, size_t last)
{
    bool cut = last < l->n_pieces && l->piece[last].inside;

    return gain_utterance *
               (l->piece[first].opens + l->piece[last - 1].closes) -
           loss_inside * (l->piece[first].inside + cut);
}

static size_t span_letters(const struct align_letters *l, size_t first,
                           size_t last)
{
    return l->piece[last - 1].at + l->piece[last - 1].n - l->piece[first].at;
}

/* The best span that ends before piece `end`, if it beats *best. */
static void try_end(struct search *f, size_t end, struct align_place *best)
{
    struct align_speech *s = f->s;
    const struct align_letters *l = &s->letters;
    size_t n = f->pattern.n;
    size_t most = (size_t)((double)n / f->o->similarity) + 1;
    size_t from = align_scan_back(s, &f->pattern, end, most);

    for (size_t i = end; i-- > from;) {
        size_t m = span_letters(l, i, end);
        double similarity = 1 - s->distance[i] / (double)(m > n ? m : n);
        double score = similarity + edges(l, i, end);

        if (score > best->score + 1e-9)
            *best =
                (struct align_place){i, end, false, similarity, score, NULL};
    }
}

/* A span of the same letters ends here: it needs no scan. */
static struct align_place equal_place(const struct search *f, size_t end)
{
    const struct align_letters *l = &f->s->letters;
    size_t i = end;

    while (i > 0 && span_letters(l, i - 1, end) < f->pattern.n)
        i--;
    if (i > 0 && span_letters(l, i - 1, end) == f->pattern.n)
        return (struct align_place){i - 1, end, true, 1, 1, NULL};
    return (struct align_place){0};
}

/* Ends of utterances close to an end are tried as well. */
static struct align_place best_place(struct search *f, const struct low *low)
{
    const struct align_letters *l = &f->s->letters;
    struct align_place best = {0};
    size_t end = low->piece + 1;

    if (low->distance == 0) {
        best = equal_place(f, end);
        if (best.last > 0)
            return best;
    }
    try_end(f, end, &best);
    for (size_t i = end; i > 1 && i + 3 > end; i--) {
        if (l->piece[i - 2].closes) {
            try_end(f, i - 1, &best);
            break;
        }
    }
    for (size_t i = end; i < l->n_pieces && i < end + 3; i++) {
        if (l->piece[i].closes) {
            try_end(f, i + 1, &best);
            break;
        }
    }
    if (best.last > 0 && align_same(&f->s->symbols, f->l, f->from, f->to, l,
                                    best.first, best.last)) {
        best.equal = true;
        best.similarity = 1;
    }
    return best;
}

/* Short quotes are like something by chance, the more so the longer the
 * transcript: they need the right time, or a whole utterance, or more. */
static bool plausible(const struct search *f, const struct align_place *p,
                      double gap)
{
    const struct align_letters *l = &f->s->letters;
    bool near = f->q->anchored && gap <= f->o->tolerance;
    bool whole = l->piece[p->first].opens && l->piece[p->last - 1].closes;
    double least = f->o->similarity;

    if (p->equal)
        return true;
    if (p->similarity < least - 1e-9)
        return false;
    if (f->info < 5)
        return whole && (near || !f->q->anchored);
    if (near || whole || f->info >= 24)
        return true;
    if (f->info < 12)
        return p->similarity >= 0.85;
    least += l->n > 1024 ? 0.04 * log2((double)l->n / 1024) : 0;
    return p->similarity >= (least < 0.85 ? least : 0.85);
}

static void keep_place(struct search *f, struct align_place p)
{
    double gap = gap_of(f, p.first, p.last);
    size_t i;

    if (!plausible(f, &p, gap))
        return;
    p.score = p.similarity + nearness(f, gap);
    for (i = 0; i < f->n; i++)
        if (f->places[i].first == p.first && f->places[i].last == p.last)
            return;
    for (i = f->n++; i > 0 && f->places[i - 1].first > p.first; i--)
        f->places[i] = f->places[i - 1];
    f->places[i] = p;
}

/* Look for the pattern in pieces from..to. */
static void search_range(struct search *f, size_t from, size_t to)
{
    f->n_lows = f->n = 0;
    if (from >= to)
        return;
    align_scan(f->s, &f->pattern, from, to);
    choose_lows(f, from, to);
    for (size_t i = 0; i < f->n_lows; i++) {
        struct align_place p = best_place(f, &f->lows[i]);

        if (p.last > 0)
            keep_place(f, p);
    }
}

/* Pieces of the segments that begin in a window of time. */
static void window(const struct align_speech *s, double from, double to,
                   size_t *first, size_t *last)
{
    const struct transcript *t = s->t;
    size_t lo = 0, hi = t->n_segments, a;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (t->segments[mid].start < from)
            lo = mid + 1;
        else
            hi = mid;
    }
    a = lo > 0 ? lo - 1 : 0; /* the one that is going on */
    while (lo < t->n_segments && t->segments[lo].start <= to)
        lo++;
    *first = *last = 0;
    if (a >= lo)
        return;
    {
        size_t word = t->segments[a].first_word;
        size_t end =
            t->segments[lo - 1].first_word + t->segments[lo - 1].n_words;
        size_t b = s->letters.n_pieces;

        while (*first < b) {
            size_t mid = *first + (b - *first) / 2;

            if (s->letters.piece[mid].word < word)
                *first = mid + 1;
            else
                b = mid;
        }
        *last = *first;
        while (*last < s->letters.n_pieces &&
               s->letters.piece[*last].word < end)
            ++*last;
    }
}

static bool equal_and_near(const struct search *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->places[i].equal && f->q->anchored &&
            gap_of(f, f->places[i].first, f->places[i].last) <= f->o->tolerance)
            return true;
    return false;
}

/* Near the anchor first, then everywhere while there is work left. False: the
 * quote could not be looked for. */
static bool search_all(struct search *f)
{
    struct align_speech *s = f->s;
    uint64_t cost = (uint64_t)s->letters.n * f->pattern.blocks;
    bool bounded = isfinite(f->q->earliest) && isfinite(f->q->latest);
    size_t first, last;
    uint64_t near;

    if (cost <= small_scan) {
        search_range(f, 0, s->letters.n_pieces);
        return true;
    }
    if (bounded && s->work > 0) {
        window(s, f->q->earliest - window_seconds,
               f->q->latest + window_seconds, &first, &last);
        near = first < last ? (uint64_t)span_letters(&s->letters, first, last) *
                                  f->pattern.blocks
                            : 0;
        if (near > 0 && near <= s->work)
            search_range(f, first, last);
        if (equal_and_near(f))
            return true;
    }
    if (cost > s->work)
        return f->n > 0;
    search_range(f, 0, s->letters.n_pieces);
    return true;
}

static bool search_part(struct search *f, const struct align_parts *parts,
                        size_t from, size_t to)
{
    const struct align_piece *first = &parts->letters.piece[from];

    f->l = &parts->letters;
    f->from = from;
    f->to = to;
    f->n = f->n_lows = f->info = 0;
    f->pattern.letter = parts->letters.letter + first->at;
    f->pattern.n = span_letters(&parts->letters, from, to);
    f->pattern.blocks = (f->pattern.n + 63) / 64;
    for (size_t i = from; i < to; i++)
        f->info += parts->letters.piece[i].n +
                   2 * (size_t)parts->letters.piece[i].wide;
    return search_all(f);
}

/* --- quotes ---------------------------------------------------------------- */

static struct align_place *copied(struct arena *a, const struct search *f)
{
    struct align_place *p = arena_array(a, f->n, sizeof *p);

    if (f->n > 0)
        memcpy(p, f->places, f->n * sizeof *p);
    return p;
}

static double most_similar(const struct align_place *p, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = p[i].similarity > most ? p[i].similarity : most;
    return most;
}

/* Places of the parts, one list a part. value[i]: letters that agree from that
 * part on, along the best chain. */
struct chain {
    struct align_place *p;
    double value[PLACES_MAX];
    size_t n;
};

/* Join each place to the best chain of the parts after it; of equal ones the
 * nearest. Places without one are dropped. */
static void join(struct chain *c, const struct chain *after, size_t letters)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->n; i++) {
        double best = -1;

        for (size_t k = 0; after && k < after->n; k++) {
            if (after->p[k].first >= c->p[i].last && after->value[k] > best) {
                best = after->value[k];
                c->p[i].next = &after->p[k];
            }
        }
        if (after && best < 0)
            continue;
        c->p[kept] = c->p[i];
        c->value[kept++] =
            c->p[i].similarity * (double)letters + (after ? best : 0);
    }
    c->n = kept;
}

static void find_parts(struct search *f, const struct align_parts *parts,
                       struct align_found *found)
{
    struct arena *a = f->s->arena;
    struct chain *chains = arena_array(a, parts->n, sizeof *chains);
    size_t total = 0;

    for (size_t i = parts->n; i-- > 0;) {
        found->left |= !search_part(f, parts, parts->cut[i], parts->cut[i + 1]);
        chains[i].p = copied(a, f);
        chains[i].n = f->n;
        total += f->pattern.n;
        join(&chains[i], i + 1 < parts->n ? &chains[i + 1] : NULL,
             f->pattern.n);
    }
    found->n = chains[0].n;
    found->places = arena_array(a, found->n, sizeof *found->places);
    found->ellipsis = parts->ellipsis;
    for (size_t i = 0; i < found->n; i++) {
        struct align_place *p = &found->places[i], *first = &chains[0].p[i];

        *p = *first;
        p->similarity = chains[0].value[i] / (double)total;
        p->score = p->similarity + (first->score - first->similarity);
        p->next = first;
        for (; first; first = first->next) {
            p->last = first->last;
            p->equal &= first->equal;
        }
    }
}

struct align_found align_find(struct align_speech *s,
                              const struct align_options *o,
                              const struct align_quote *q)
{
    struct align_found whole = {0}, apart = {0};
    struct search f = {.s = s, .o = o, .q = q};
    const struct align_parts *parts = align_cut(s, q->words);

    if (parts->letters.n_pieces == 0 || s->letters.n_pieces == 0)
        return whole;
    if (parts->letters.n > PATTERN_MAX) {
        whole.left = true;
        return whole;
    }
    whole.left = !search_part(&f, parts, 0, parts->letters.n_pieces);
    whole.places = copied(s->arena, &f);
    whole.n = f.n;
    if (parts->n == 1 || most_similar(whole.places, whole.n) >= 1 - 1e-9)
        return whole;
    find_parts(&f, parts, &apart);
    return most_similar(apart.places, apart.n) >
                   most_similar(whole.places, whole.n)
               ? apart
               : whole;
}
