/*
 * Captions that show the same words several times.
 *
 *  - Rolling: a cue repeats the last lines of the one before and adds a line
 *    (live captions, YouTube's automatic ones; there also cues of 10 ms that
 *    repeat everything and add nothing).
 *  - Growing: each cue is the one before with some words more.
 *  - Lit up: the same text cue after cue, with another word underlined each
 *    time (Whisper's and WhisperX's --highlight_words).
 *
 * Two people who say the same one after the other are none of these, nor is a
 * recogniser that says the same over and over: what only repeats stays, unless
 * the file shows in other places that it rolls.
 */
#include <math.h>

#include "asr_int.h"

/* The cue follows at once: seconds between the end of one and the start of the
 * other. */
static bool touches(const struct cue *before, const struct cue *c)
{
    const double gap = 0.1;

    return c->start >= before->start && c->start <= before->end + gap;
}

/* --- rolling --------------------------------------------------------------- */

enum { MOST_LINES = 8 };

struct lines {
    struct str line[MOST_LINES];
    size_t n; /* MOST_LINES + 1: more than are looked at */
};

static void split(struct str text, struct lines *out)
{
    size_t from = 0;

    out->n = 0;
    for (size_t i = 0; i <= text.n && out->n <= MOST_LINES; i++) {
        if (i < text.n && text.p[i] != '\n')
            continue;
        if (i > from && out->n < MOST_LINES)
            out->line[out->n] = (struct str){text.p + from, i - from};
        out->n += i > from;
        from = i + 1;
    }
}

/* How many lines at the head of `now` are those at the foot of `before`. */
static size_t carried(const struct lines *before, const struct lines *now)
{
    size_t most = before->n < now->n ? before->n : now->n;

    if (before->n > MOST_LINES || now->n > MOST_LINES)
        return 0;
    for (size_t k = most; k > 0; k--) {
        size_t same = 0;

        while (same < k &&
               str_eq(before->line[before->n - k + same], now->line[same]))
            same++;
        if (same == k)
            return k;
    }
    return 0;
}

/* How many lines of a cue's text stood at the foot of the cue before, whose
 * lines are `before`. */
static size_t repeated(const struct cue *cues, size_t i,
                       const struct lines *before, struct lines *now)
{
    split(cues[i].text, now);
    if (i == 0 || !touches(&cues[i - 1], &cues[i]))
        return 0;
    return carried(before, now);
}

/* A file rolls when a quarter of its cues, at least two, begin with what stood
 * there before and go on. */
static bool rolls(const struct cue *cues, size_t n)
{
    size_t proper = 0;
    struct lines before = {.n = 0}, now;

    for (size_t i = 0; i < n; i++) {
        size_t k;

        k = repeated(cues, i, &before, &now);
        proper += k > 0 && k < now.n;
        before = now;
    }
    return proper >= 2 && proper * 4 >= n;
}

/* Take the first `cut` bytes off a cue, with the stamps and voices in them. */
static void behead(struct cue *c, size_t cut)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_stamps; i++) {
        if (c->stamps[i].at < cut)
            continue;
        c->stamps[n] = c->stamps[i];
        c->stamps[n++].at -= cut;
    }
    c->n_stamps = n;
    /* The voice that spoke where it was cut goes on. */
    n = 0;
    for (size_t i = 0; i < c->n_voices; i++) {
        struct cue_voice v = c->voices[i];

        if (n > 0 && c->voices[n - 1].at == 0 && v.at <= cut)
            n = 0;
        v.at = v.at > cut ? v.at - cut : 0;
        c->voices[n++] = v;
    }
    c->n_voices = n;
    c->text = (struct str){c->text.p + cut, c->text.n - cut};
}

static void unroll(struct cue *cues, size_t n)
{
    struct lines before = {.n = 0}, now;

    for (size_t i = 0; i < n; i++) {
        size_t k;

        k = repeated(cues, i, &before, &now);
        if (k == now.n)
            cues[i].gone = true;
        else if (k > 0)
            behead(&cues[i], (size_t)(now.line[k].p - cues[i].text.p));
        before = now;
    }
}

/* --- growing --------------------------------------------------------------- */

/* Whether a cue is the one before, perhaps with something behind it. */
static bool goes_on(const struct cue *before, const struct cue *c)
{
    size_t n = before->text.n;

    if (n == 0 || c->text.n < n || !touches(before, c) ||
        !str_eq(before->text, (struct str){c->text.p, n}))
        return false;
    return c->text.n == n || c->text.p[n] == ' ' || c->text.p[n] == '\n';
}

/* The length of the chain that begins here, and how often it grows. */
static size_t chain_of(const struct cue *cues, size_t n, size_t *growth)
{
    size_t i = 1;

    *growth = 0;
    while (i < n && goes_on(&cues[i - 1], &cues[i])) {
        *growth += cues[i].text.n > cues[i - 1].text.n;
        i++;
    }
    return i;
}

/* The last of a chain gets the times at which its parts appeared. */
static void join_growing(struct arena *a, struct cue *chain, size_t n)
{
    struct cue *last = &chain[n - 1];

    last->stamps = arena_array(a, n, sizeof *last->stamps);
    last->n_stamps = 0;
    for (size_t i = 0; i < n; i++) {
        size_t at = i > 0 ? chain[i - 1].text.n : 0;

        if (chain[i].text.n > at)
            last->stamps[last->n_stamps++] =
                (struct cue_stamp){at, chain[i].start, NAN};
        chain[i].gone = i + 1 < n;
    }
    last->start = chain[0].start;
}

/* --- lit up ---------------------------------------------------------------- */

/* Cues with the same text, one after the other. */
static size_t same_text(const struct cue *cues, size_t n)
{
    size_t i = 1;

    while (i < n && cues[0].text.n > 0 && str_eq(cues[i].text, cues[0].text) &&
           touches(&cues[i - 1], &cues[i]))
        i++;
    return i;
}

/* Whether another word is marked in them each time, from left to right. */
static bool lit_up(const struct cue *cues, size_t n)
{
    size_t last = SIZE_MAX, steps = 0;

    for (size_t i = 0; i < n; i++) {
        if (cues[i].marked == SIZE_MAX)
            continue;
        if (last != SIZE_MAX && cues[i].marked <= last)
            return false;
        last = cues[i].marked;
        steps++;
    }
    return steps >= 2;
}

static void join_lit(struct arena *a, struct cue *cues, size_t n)
{
    struct cue *c = &cues[0];

    c->stamps = arena_array(a, n, sizeof *c->stamps);
    c->n_stamps = 0;
    for (size_t i = 0; i < n; i++) {
        if (cues[i].marked != SIZE_MAX)
            c->stamps[c->n_stamps++] =
                (struct cue_stamp){cues[i].marked, cues[i].start, cues[i].end};
        c->end = fmax(c->end, cues[i].end);
        cues[i].gone = i > 0;
    }
}

/* --- all of it ------------------------------------------------------------- */

void cues_unroll(struct arena *a, struct cue *cues, size_t n)
{
    enum { GROWTH = 2 }; /* times; once happens by chance */
    size_t growth, chain;

    if (rolls(cues, n)) {
        unroll(cues, n);
        return;
    }
    for (size_t i = 0; i < n; i += chain) {
        size_t same = same_text(&cues[i], n - i);

        chain = chain_of(&cues[i], n - i, &growth);
        if (same > 1 && lit_up(&cues[i], same)) {
            join_lit(a, &cues[i], same);
            chain = same;
        } else if (growth >= GROWTH) {
            join_growing(a, &cues[i], chain);
        }
    }
}
