/*
 * Edit distances of a pattern to spans of the transcript, 64 rows at a time.
 *
 * The matrix of the edit distance is kept as its differences, one bit a row
 * (Myers, "A fast bit-vector algorithm for approximate string matching based on
 * dynamic programming", JACM 46(3), 1999; the carry between blocks as in
 * Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit
 * distances", 2003).
 */
#include <string.h>

#include "align_int.h"

/* The pattern as bits: row r of symbol c is set where the pattern has c. */
struct rows {
    const uint64_t *bits; /* [rows][blocks]; row 0: symbols it does not have */
    size_t blocks;
    uint64_t high; /* the last row of the last block */
};

struct column {
    uint64_t up[PATTERN_BLOCKS], down[PATTERN_BLOCKS];
    size_t score; /* in the last row */
};

static struct rows rows_begin(struct align_speech *s,
                              const struct align_pattern *p, bool back)
{
    size_t rows = 1;
    size_t most = (p->n + 1) * p->blocks;

    if (s->n_bits < most) {
        s->bits = arena_array(s->arena, most, sizeof *s->bits);
        s->n_bits = most;
    }
    memset(s->bits, 0, p->blocks * sizeof *s->bits);
    for (size_t i = 0; i < p->n; i++) {
        uint32_t c = p->letter[back ? p->n - 1 - i : i];

        if (c == 0)
            continue;
        if (s->row[c] == 0) {
            memset(s->bits + rows * p->blocks, 0, p->blocks * sizeof *s->bits);
            s->row[c] = (uint16_t)rows++;
        }
        s->bits[s->row[c] * p->blocks + i / 64] |= (uint64_t)1 << (i % 64);
    }
    return (struct rows){s->bits, p->blocks, (uint64_t)1 << ((p->n - 1) % 64)};
}

static void rows_end(struct align_speech *s, const struct align_pattern *p)
{
    for (size_t i = 0; i < p->n; i++)
        s->row[p->letter[i]] = 0;
}

static void column_begin(struct column *c, const struct align_pattern *p)
{
    memset(c->up, 0xff, p->blocks * sizeof *c->up);
    memset(c->down, 0, p->blocks * sizeof *c->down);
    c->score = p->n;
}

/* One letter further. first: how the uppermost row grows, 0 where a span may
 * begin anywhere, 1 where it has begun. */
static inline void column_step(struct column *c, const struct rows *r,
                               const uint64_t *eq, uint64_t first)
{
    uint64_t grows = first, falls = 0;

    for (size_t b = 0; b < r->blocks; b++) {
        uint64_t up = c->up[b], down = c->down[b], same = eq[b];
        uint64_t x = same | down, across, plus, minus;
        uint64_t high = b + 1 == r->blocks ? r->high : (uint64_t)1 << 63;

        same |= falls;
        across = (((same & up) + up) ^ up) | same;
        plus = down | ~(across | up);
        minus = up & across;
        if (b + 1 == r->blocks) {
            c->score += (plus & high) != 0;
            c->score -= (minus & high) != 0;
        }
        x |= falls;
        {
            uint64_t next_grows = (plus & high) != 0;
            uint64_t next_falls = (minus & high) != 0;

            plus = plus << 1 | grows;
            minus = minus << 1 | falls;
            grows = next_grows;
            falls = next_falls;
        }
        c->up[b] = minus | ~(x | plus);
        c->down[b] = plus & x;
    }
}

/* The same for a pattern of one block, which most quotes are. */
static inline void column_step_one(struct column *c, uint64_t high, uint64_t eq,
                                   uint64_t first)
{
    uint64_t up = c->up[0], down = c->down[0];
    uint64_t x = eq | down, across = (((eq & up) + up) ^ up) | eq;
    uint64_t plus = down | ~(across | up), minus = up & across;

    c->score += (plus & high) != 0;
    c->score -= (minus & high) != 0;
    plus = plus << 1 | first;
    minus <<= 1;
    c->up[0] = minus | ~(x | plus);
    c->down[0] = plus & x;
}

static void spend(struct align_speech *s, uint64_t steps)
{
    s->work -= steps < s->work ? steps : s->work;
}

void align_scan(struct align_speech *s, const struct align_pattern *p,
                size_t from, size_t to)
{
    struct rows rows = rows_begin(s, p, false);
    const struct align_letters *l = &s->letters;
    struct column column;
    uint64_t steps = 0;

    column_begin(&column, p);
    for (size_t i = from; i < to; i++) {
        const uint32_t *letter = l->letter + l->piece[i].at;
        size_t n = l->piece[i].n;

        for (size_t k = 0; k < n; k++) {
            const uint64_t *eq = rows.bits + s->row[letter[k]] * rows.blocks;

            if (rows.blocks == 1)
                column_step_one(&column, rows.high, *eq, 0);
            else
                column_step(&column, &rows, eq, 0);
        }
        s->distance[i] = (uint32_t)column.score;
        steps += n;
    }
    rows_end(s, p);
    spend(s, steps * p->blocks);
}

size_t align_scan_back(struct align_speech *s, const struct align_pattern *p,
                       size_t end, size_t max_letters)
{
    struct rows rows = rows_begin(s, p, true);
    const struct align_letters *l = &s->letters;
    struct column column;
    uint64_t steps = 0;
    size_t i = end;

    column_begin(&column, p);
    while (i > 0 && steps + l->piece[i - 1].n <= max_letters) {
        const uint32_t *letter = l->letter + l->piece[--i].at;
        size_t n = l->piece[i].n;

        for (size_t k = n; k-- > 0;) {
            const uint64_t *eq = rows.bits + s->row[letter[k]] * rows.blocks;

            if (rows.blocks == 1)
                column_step_one(&column, rows.high, *eq, 1);
            else
                column_step(&column, &rows, eq, 1);
        }
        s->distance[i] = (uint32_t)column.score;
        steps += n;
    }
    rows_end(s, p);
    spend(s, steps * p->blocks);
    return i;
}
