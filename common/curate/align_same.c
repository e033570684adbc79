/* Whether two spans read the same when "'s" and "'d" may be several words. */
#include "align_int.h"

/* A place among the letters of a range of pieces. */
struct reader {
    const struct align_letters *l;
    size_t piece, end; /* pieces */
    size_t in;         /* letters of the piece that were read */
};

static bool at_end(const struct reader *r)
{
    return r->piece == r->end;
}

static uint32_t letter(const struct reader *r)
{
    return r->l->letter[r->l->piece[r->piece].at + r->in];
}

static void step(struct reader *r)
{
    if (++r->in == r->l->piece[r->piece].n) {
        r->piece++;
        r->in = 0;
    }
}

static enum align_alt alt_at(const struct reader *r)
{
    return !at_end(r) && r->in == 0 ? (enum align_alt)r->l->piece[r->piece].alt
                                    : ALT_NONE;
}

/* Read one of the spellings of a piece with several readings. */
static bool read_alt(const struct align_symbols *symbols, struct reader *r,
                     enum align_alt alt)
{
    /* The longer ones first: "d" begins "did". */
    static const char *const spelled_as[][4] = {
        [ALT_NONE] = {NULL},
        [ALT_S] = {"has", "us", "is", "s"},
        [ALT_D] = {"would", "had", "did", "d"},
    };

    for (size_t i = 0; i < 4 && spelled_as[alt][i]; i++) {
        struct reader ahead = *r;
        const char *c = spelled_as[alt][i];

        while (*c && !at_end(&ahead) &&
               letter(&ahead) == symbols->ascii[(unsigned char)*c] &&
               letter(&ahead) != 0) {
            step(&ahead);
            c++;
        }
        if (*c == 0) {
            *r = ahead;
            return true;
        }
    }
    return false;
}

bool align_same(const struct align_symbols *symbols,
                const struct align_letters *a, size_t a0, size_t a1,
                const struct align_letters *b, size_t b0, size_t b1)
{
    struct reader x = {a, a0, a1, 0}, y = {b, b0, b1, 0};

    while (!at_end(&x) && !at_end(&y)) {
        enum align_alt ax = alt_at(&x), ay = alt_at(&y);

        if (ax != ALT_NONE && ax == ay) {
            x.piece++;
            y.piece++;
        } else if (ax != ALT_NONE) {
            if (!read_alt(symbols, &y, ax))
                return false;
            x.piece++;
        } else if (ay != ALT_NONE) {
            if (!read_alt(symbols, &x, ay))
                return false;
            y.piece++;
        } else {
            if (letter(&x) != letter(&y) || letter(&x) == 0)
                return false;
            step(&x);
            step(&y);
        }
    }
    return at_end(&x) && at_end(&y);
}
