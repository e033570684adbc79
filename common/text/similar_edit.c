/*
 * Edit similarity by the bit-parallel method of Myers (JACM 46, 1999) in the
 * form of Hyyrö (2003): 64 rows of the table a step, in blocks for longer
 * texts. Only blocks that can still lead to a distance within the bound are
 * computed.
 */
#include <math.h>

#include "asid/base/utf8.h"
#include "asid/text/similar.h"

enum { EDIT_MAX = 4096, ROWS = 64, ASCII = 128 };

struct points {
    uint32_t *cp;
    size_t n;
};

static struct points decode(struct arena *a, struct str text)
{
    size_t most = text.n < EDIT_MAX ? text.n : EDIT_MAX;
    struct points p = {arena_array(a, most, sizeof *p.cp), 0};

    for (size_t at = 0; at < text.n && p.n < EDIT_MAX;) {
        unsigned used = utf8_decode(text.p + at, text.n - at, &p.cp[p.n]);

        BUG_IF(used == 0);
        at += used;
        p.n++;
    }
    return p;
}

/* Where each character of the pattern stands: rows of one bit a place. */
struct peq {
    size_t blocks;
    uint64_t *ascii; /* [ASCII][blocks] */
    uint64_t *wide;  /* [slots][blocks] */
    uint32_t *keys;  /* [slots]; 0: empty */
    size_t mask;
    uint64_t *none; /* [blocks], zero */
};

static size_t slot_of(const struct peq *q, uint32_t cp)
{
    size_t i = (cp * 0x9e3779b1u >> 7) & q->mask;

    while (q->keys[i] && q->keys[i] != cp)
        i = (i + 1) & q->mask;
    return i;
}

static const uint64_t *row_of(const struct peq *q, uint32_t cp)
{
    size_t i;

    if (cp < ASCII)
        return q->ascii + cp * q->blocks;
    i = slot_of(q, cp);
    return q->keys[i] ? q->wide + i * q->blocks : q->none;
}

static struct peq prepare(struct arena *a, struct points p)
{
    struct peq q = {.blocks = (p.n + ROWS - 1) / ROWS};
    size_t wide = 0;

    for (size_t i = 0; i < p.n; i++)
        wide += p.cp[i] >= ASCII;
    for (q.mask = 3; q.mask < wide * 2; q.mask = q.mask * 2 + 1)
        ;
    q.ascii = arena_array(a, ASCII * q.blocks, sizeof *q.ascii);
    q.none = arena_array(a, q.blocks, sizeof *q.none);
    q.keys = arena_array(a, q.mask + 1, sizeof *q.keys);
    q.wide = arena_array(a, wide ? (q.mask + 1) * q.blocks : 0, sizeof *q.wide);
    for (size_t i = 0; i < p.n; i++) {
        uint64_t bit = UINT64_C(1) << (i % ROWS);
        size_t at;

        if (p.cp[i] < ASCII) {
            q.ascii[p.cp[i] * q.blocks + i / ROWS] |= bit;
            continue;
        }
        at = slot_of(&q, p.cp[i]);
        q.keys[at] = p.cp[i];
        q.wide[at * q.blocks + i / ROWS] |= bit;
    }
    return q;
}

struct block {
    uint64_t vp, vn;
    size_t score; /* of its last row */
};

/* One column of one block; in is what comes from above: -1, 0, 1. Returns what
 * goes on below the row of bit last. */
static int advance(struct block *b, uint64_t eq, int in, uint64_t last)
{
    uint64_t xv = eq | b->vn, xh, hp, hn;
    int out = 0;

    eq |= in < 0 ? 1 : 0;
    xh = (((eq & b->vp) + b->vp) ^ b->vp) | eq;
    hp = b->vn | ~(xh | b->vp);
    hn = b->vp & xh;
    if (hp & last)
        out = 1;
    else if (hn & last)
        out = -1;
    hp = hp << 1 | (in > 0 ? 1 : 0);
    hn = hn << 1 | (in < 0 ? 1 : 0);
    b->vp = hn | ~(xv | hp);
    b->vn = hp & xv;
    return out;
}

static uint64_t last_bit(size_t n, size_t block)
{
    size_t rows = n - block * ROWS;

    return UINT64_C(1) << ((rows < ROWS ? rows : ROWS) - 1);
}

/* The distance, or most + 1 when it is more than that. p is not longer than t,
 * and neither is empty. */
static size_t distance(struct arena *a, struct points p, struct points t,
                       size_t most)
{
    struct peq q = prepare(a, p);
    struct block *b = arena_array(a, q.blocks, sizeof *b);
    size_t used = most / ROWS + 1; /* blocks in play */

    if (used > q.blocks)
        used = q.blocks;
    for (size_t i = 0; i < q.blocks; i++) {
        size_t rows = (i + 1) * ROWS;

        b[i] = (struct block){~UINT64_C(0), 0, rows < p.n ? rows : p.n};
    }
    for (size_t k = 0; k < t.n; k++) {
        const uint64_t *row = row_of(&q, t.cp[k]);
        int carry = 1;

        for (size_t i = 0; i < used; i++) {
            carry = advance(&b[i], row[i], carry, last_bit(p.n, i));
            b[i].score = b[i].score + (size_t)carry;
        }
        /* The next block comes into play when a path through the last row of
         * this one may still be short enough. */
        if (used < q.blocks && b[used - 1].score <= most + ROWS) {
            size_t above = b[used - 1].score - (size_t)carry;
            size_t rows = (used + 1) * ROWS < p.n ? ROWS : p.n - used * ROWS;

            b[used] = (struct block){~UINT64_C(0), 0, above + rows};
            carry = advance(&b[used], row[used], carry, last_bit(p.n, used));
            b[used].score = b[used].score + (size_t)carry;
            used++;
        }
        while (used > 1 && b[used - 1].score >= most + ROWS + 1 &&
               b[used - 2].score > most)
            used--;
        if (used == 1 && b[0].score > most + ROWS)
            return most + 1;
    }
    if (used < q.blocks)
        return most + 1;
    return b[q.blocks - 1].score;
}

double similar_edit(struct arena *scratch, struct str a, struct str b,
                    double least)
{
    struct points x, y;
    size_t most, d;
    double bound;

    if (str_eq(a, b))
        return 1;
    x = decode(scratch, a);
    y = decode(scratch, b);
    if (x.n > y.n) {
        struct points swap = x;

        x = y;
        y = swap;
    }
    if (y.n == 0)
        return 1;
    bound = (1 - least) * (double)y.n + 1e-9;
    most = bound < 0 ? 0 : bound > (double)y.n ? y.n : (size_t)bound;
    if (x.n == 0 || y.n - x.n > most)
        return x.n == 0 || most < y.n ? 0
                                      : 1 - (double)(y.n - x.n) / (double)y.n;
    d = distance(scratch, x, y, most);
    return d > most ? 0 : 1 - (double)d / (double)y.n;
}
