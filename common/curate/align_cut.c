/* Quotes that an ellipsis joins, taken apart. */
#include <string.h>

#include "align_int.h"

enum {
    /* A part of fewer letters ("I..." of "I... I do") is a stammer and stays
     * with its neighbour. */
    PART_LEAST = 4,
};

/* Length of the ellipsis at p: "…", two dots or more, brackets around them
 * included; 0 when there is none. */
static size_t ellipsis(const char *p, size_t n)
{
    size_t at = n > 0 && (p[0] == '[' || p[0] == '('), dots = at;

    while (at < n) {
        if (p[at] == '.')
            at++;
        else if (n - at >= 3 && memcmp(p + at, "\xe2\x80\xa6", 3) == 0)
            at += 3;
        else
            break;
    }
    if (at - dots < 2)
        return 0;
    if (dots == 0)
        return at;
    return at < n && (p[at] == ']' || p[at] == ')') ? at + 1 : 0;
}

static size_t letters_between(const struct align_letters *l, size_t from,
                              size_t to)
{
    size_t start, end;

    if (from >= to)
        return 0;
    start = l->piece[from].at;
    end = l->piece[to - 1].at + l->piece[to - 1].n;
    return end - start;
}

/* Begin a part at piece i, unless the one before it would be too short. */
static void cut_at(struct align_parts *p, size_t i, struct span ellipsis)
{
    if (p->n == PARTS_MAX || i >= p->letters.n_pieces ||
        letters_between(&p->letters, p->cut[p->n - 1], i) < PART_LEAST)
        return;
    p->cut[p->n] = i;
    p->ellipsis[p->n++] = ellipsis;
}

static void cut_ellipses(struct str words, struct align_parts *p)
{
    size_t piece = 0;

    for (size_t at = 0; at < words.n;) {
        size_t n = ellipsis(words.p + at, words.n - at);

        if (n == 0) {
            at++;
            continue;
        }
        while (piece < p->letters.n_pieces &&
               p->letters.piece[piece].source.at < at + n)
            piece++;
        cut_at(p, piece, (struct span){at, n});
        at += n;
    }
    if (p->n > 1 && letters_between(&p->letters, p->cut[p->n - 1],
                                    p->letters.n_pieces) < PART_LEAST)
        p->n--;
}

/* --- quotes that were taken apart before ------------------------------------ */

enum { CUTS_MAX = 64 };

struct align_cut {
    struct str words;
    struct align_parts parts;
    struct align_cut *next;
};

static struct align_cut *cut_of(struct align_speech *s, struct str words)
{
    for (struct align_cut *c = s->cuts; c; c = c->next)
        if (str_eq(c->words, words))
            return c;
    return NULL;
}

static struct align_cut *new_cut(struct align_speech *s, struct str words)
{
    struct align_cut *c = arena_alloc(s->arena, sizeof *c);

    /* The text may be gone before the transcript is. */
    c->words = (struct str){arena_strndup(s->arena, words.p, words.n), words.n};
    if (s->n_cuts == CUTS_MAX) {
        s->cuts = NULL;
        s->n_cuts = 0;
    }
    c->next = s->cuts;
    s->cuts = c;
    s->n_cuts++;
    return c;
}

const struct align_parts *align_cut(struct align_speech *s, struct str words)
{
    struct align_cut *c = cut_of(s, words);
    struct align_parts *parts;

    if (c)
        return &c->parts;
    c = new_cut(s, words);
    parts = &c->parts;
    parts->letters = align_letters_of(s, c->words);
    parts->n = 1;
    cut_ellipses(c->words, parts);
    parts->cut[parts->n] = parts->letters.n_pieces;
    return parts;
}
