/*
 * Where the words of a segment are.
 *
 * Recognisers leave words without times (numbers and symbols have no place in
 * the alphabet of an aligner), give some that run backwards, and some outside
 * of their segment. What can be kept is kept; the rest shares out the time that
 * is left between its neighbours, by length.
 */
#include <math.h>

#include "transcript_int.h"

static bool is_given(const struct transcript_word *w)
{
    return isfinite(w->start);
}

static void forget(struct transcript_word *w)
{
    w->start = w->end = NAN;
}

/* A start without an end, or an end before it: until the next word if that has
 * a start, else a point. A word that has only an end is a point there. */
static void complete(struct transcript_word *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(w[i].start) && isfinite(w[i].end))
            w[i].start = w[i].end;
        if (!is_given(&w[i])) {
            forget(&w[i]);
        } else if (!isfinite(w[i].end) || w[i].end < w[i].start) {
            w[i].end = w[i].start;
            if (i + 1 < n && is_given(&w[i + 1]) && w[i + 1].start > w[i].start)
                w[i].end = w[i + 1].start;
        }
    }
}

/* The segment's interval: its own, else the one that the words span. False
 * when there is neither. */
static bool bound(struct transcript_segment *s, const struct transcript_word *w)
{
    double start = INFINITY, end = -INFINITY;

    if (s->end > s->start)
        return true;
    for (size_t i = 0; i < s->n_words; i++) {
        if (is_given(&w[i])) {
            start = fmin(start, w[i].start);
            end = fmax(end, w[i].end);
        }
    }
    if (end > start || (isfinite(start) && !(s->end >= s->start))) {
        s->start = start;
        s->end = end;
        return true;
    }
    return s->end >= s->start; /* a point is a place as well */
}

/* Into the segment; a word that lies wholly outside was never there. */
static void clamp(const struct transcript_segment *s, struct transcript_word *w)
{
    if (!is_given(w))
        return;
    if (w->end < s->start || w->start > s->end) {
        forget(w);
        return;
    }
    w->start = fmax(w->start, s->start);
    w->end = fmin(w->end, s->end);
}

/* Keep the most words whose starts do not fall (the longest non-decreasing
 * subsequence): a single wrong time must not cost the right ones around it. */
static void order(struct arena *scratch, struct transcript_word *w, size_t n)
{
    size_t *last = arena_array(scratch, n, sizeof *last); /* of each length */
    size_t *before = arena_array(scratch, n, sizeof *before);
    size_t length = 0, keep;

    for (size_t i = 0; i < n; i++) {
        size_t low = 0, high = length;

        if (!is_given(&w[i]))
            continue;
        while (low < high) {
            size_t half = low + (high - low) / 2;

            if (w[last[half]].start <= w[i].start)
                low = half + 1;
            else
                high = half;
        }
        before[i] = low > 0 ? last[low - 1] : n;
        last[low] = i;
        if (low == length)
            length++;
    }
    keep = length > 0 ? last[length - 1] : n;
    for (size_t i = n; i-- > 0;) {
        if (i == keep)
            keep = before[i];
        else
            forget(&w[i]);
    }
}

/* Nobody says two words at once: an interval ends where the next begins. */
static void part(struct transcript_word *w, size_t n)
{
    double next = INFINITY;

    for (size_t i = n; i-- > 0;) {
        if (!is_given(&w[i]))
            continue;
        w[i].end = fmin(w[i].end, next);
        next = w[i].start;
    }
}

/* Share [start, end] out among n words by their length. */
static void share(struct transcript_word *w, size_t n, double start, double end,
                  enum word_method method)
{
    double total = 0, sofar = 0, at = start;

    for (size_t i = 0; i < n; i++)
        total += (double)transcript_weight(w[i].text);
    for (size_t i = 0; i < n; i++) {
        sofar += (double)transcript_weight(w[i].text);
        w[i].start = at;
        at = i + 1 == n ? end : start + (end - start) * (sofar / total);
        w[i].end = at = fmin(fmax(at, w[i].start), end);
        w[i].method = method;
    }
}

static void fill(const struct transcript_segment *s, struct transcript_word *w,
                 enum word_method method)
{
    double at = s->start;

    for (size_t i = 0; i < s->n_words;) {
        size_t run = 0;

        while (i + run < s->n_words && !is_given(&w[i + run]))
            run++;
        if (run > 0)
            share(&w[i], run, at,
                  i + run < s->n_words ? w[i + run].start : s->end, method);
        i += run;
        if (i < s->n_words)
            at = w[i++].end;
    }
}

void transcript_place(struct arena *scratch, struct transcript_segment *s,
                      struct transcript_word *words)
{
    size_t given = 0;

    complete(words, s->n_words);
    if (!bound(s, words)) {
        for (size_t i = 0; i < s->n_words; i++) {
            forget(&words[i]);
            words[i].method = WORD_NONE;
        }
        return;
    }
    for (size_t i = 0; i < s->n_words; i++)
        clamp(s, &words[i]);
    order(scratch, words, s->n_words);
    part(words, s->n_words);
    for (size_t i = 0; i < s->n_words; i++)
        given += is_given(&words[i]);
    fill(s, words, given > 0 ? WORD_BETWEEN : WORD_PROPORTIONAL);
}
