/* Shot cuts: the measure, and the decision. */
#include "cuts.h"

#include <stdlib.h>
#include <string.h>

/* --- how unlike two pictures are ------------------------------------------- */

enum {
    BINS = 16, /* of each plane's histogram */
    BIN = 256 / BINS,
    BLOCK = 4,
    REACH = 4, /* pixels a block may have moved, each way: 6 % of the width */
};

/* Each value is shared between the two nearest bins, so that a slightly
 * brighter picture is a slightly different histogram. */
static void histogram(const uint8_t *plane, int32_t bins[BINS + 1])
{
    memset(bins, 0, (BINS + 1) * sizeof *bins);
    for (size_t i = 0; i < CUTS_PIXELS; i++) {
        unsigned at = plane[i] / BIN, part = plane[i] % BIN;

        bins[at] += (int32_t)(BIN - part);
        bins[at + 1] += (int32_t)part;
    }
}

/* The share of pixels whose value would have to change, of CUTS_SCALE. */
static unsigned histogram_distance(const uint8_t *a, const uint8_t *b)
{
    int32_t of_a[BINS + 1], of_b[BINS + 1];
    uint32_t sum = 0;

    histogram(a, of_a);
    histogram(b, of_b);
    for (size_t i = 0; i <= BINS; i++)
        sum += (uint32_t)abs(of_a[i] - of_b[i]);
    return (unsigned)((uint64_t)sum * CUTS_SCALE / (2 * CUTS_PIXELS * BIN));
}

/* Mean distance of a plane's pixels from their mean, in 1/16 levels. */
static unsigned contrast(const uint8_t *plane)
{
    uint32_t sum = 0, spread = 0, mean;

    for (size_t i = 0; i < CUTS_PIXELS; i++)
        sum += plane[i];
    mean = (sum + CUTS_PIXELS / 2) / CUTS_PIXELS;
    for (size_t i = 0; i < CUTS_PIXELS; i++)
        spread += plane[i] > mean ? plane[i] - mean : mean - plane[i];
    return spread * 16 / CUTS_PIXELS;
}

static unsigned block_difference(const uint8_t *a, const uint8_t *b)
{
    unsigned sum = 0;

    for (int y = 0; y < BLOCK; y++) {
        for (int x = 0; x < BLOCK; x++)
            sum += (unsigned)abs(a[y * CUTS_WIDTH + x] - b[y * CUTS_WIDTH + x]);
    }
    return sum;
}

/* The difference of two blocks in all planes, or at least `least`. */
static unsigned block_unlike(const uint8_t *a, const uint8_t *b, unsigned least)
{
    unsigned sum = block_difference(a, b);

    return sum >= least
               ? least
               : sum + block_difference(a + CUTS_PIXELS, b + CUTS_PIXELS) +
                     block_difference(a + 2 * CUTS_PIXELS, b + 2 * CUTS_PIXELS);
}

/* The least difference of the block at (x, y) of b to any block near there in
 * a; the search ends at one that is near enough. */
static unsigned block_search(const uint8_t *a, const uint8_t *b, int x, int y,
                             unsigned enough)
{
    const uint8_t *at = b + y * CUTS_WIDTH + x;
    unsigned least =
        block_unlike(a + y * CUTS_WIDTH + x, at, BLOCK * BLOCK * 3 * 255);
    int top = y < REACH ? 0 : y - REACH, left = x < REACH ? 0 : x - REACH;
    int bottom = CUTS_HEIGHT - BLOCK, right = CUTS_WIDTH - BLOCK;

    bottom = y + REACH < bottom ? y + REACH : bottom;
    right = x + REACH < right ? x + REACH : right;
    for (int v = top; v <= bottom && least > enough; v++) {
        for (int u = left; u <= right; u++) {
            unsigned d = block_unlike(a + v * CUTS_WIDTH + u, at, least);

            least = d < least ? d : least;
        }
    }
    return least;
}

/* How badly b can be pieced together from blocks of a, of CUTS_SCALE. What
 * counts as a difference depends on the contrast: in the dark two pictures
 * that have nothing in common are only some levels apart. */
static unsigned blocks_distance(const uint8_t *a, const uint8_t *b)
{
    enum { PIXELS = BLOCK * BLOCK, NOISE = 8 * 16 };
    unsigned in_a = contrast(a), in_b = contrast(b);
    /* In 1/16 levels a pixel, which is whole levels a block of 16. */
    unsigned full = NOISE + (in_a > in_b ? in_a : in_b) / 2;
    uint64_t sum = 0;

    for (int y = 0; y < CUTS_HEIGHT; y += BLOCK) {
        for (int x = 0; x < CUTS_WIDTH; x += BLOCK) {
            unsigned d = block_search(a, b, x, y, full / 8);

            sum += d > full ? full : d;
        }
    }
    return (unsigned)(sum * CUTS_SCALE * PIXELS / full / CUTS_PIXELS);
}

unsigned cuts_distance(const uint8_t *a, const uint8_t *b)
{
    unsigned colours =
        (2 * histogram_distance(a, b) +
         histogram_distance(a + CUTS_PIXELS, b + CUTS_PIXELS) +
         histogram_distance(a + 2 * CUTS_PIXELS, b + 2 * CUTS_PIXELS)) /
        4;

    return (colours + blocks_distance(a, b)) / 2;
}

/* --- where it is a cut ----------------------------------------------------- */

enum {
    AROUND = 6, /* pictures on either side that a cut must stand out of */
    BACK = 3,   /* pictures a flash may last */
    RING = 16,  /* more than AROUND + BACK + AROUND */
    /* A cut goes at least this part, of CUTS_SCALE, of the way from what is
     * usual around it to what is altogether unlike. */
    LEAP = 350,
};

/* A flash lasts no longer, in seconds: slow sequences have none. */
static const double FLASH = 0.15;

struct picture {
    uint8_t yuv[CUTS_BYTES];
    double time;
    unsigned distance; /* to the picture before */
};

struct cuts {
    struct picture ring[RING];
    uint64_t n; /* pictures fed */
    double *times;
    size_t found, room, most;
    unsigned last; /* distance at the last cut found */
    bool more;     /* than `most` */
};

struct cuts *cuts_new(size_t most)
{
    struct cuts *c = calloc(1, sizeof *c);

    if (c)
        c->most = most;
    return c;
}

void cuts_free(struct cuts *c)
{
    if (!c)
        return;
    free(c->times);
    free(c);
}

static struct picture *picture_at(struct cuts *c, uint64_t i)
{
    return &c->ring[i % RING];
}

/* What is usual around picture t: the mean of the greatest distances of its
 * neighbours, since a slow sequence may show each of its pictures three times,
 * without the very greatest, which may be a cut itself. */
static unsigned usual_distance(struct cuts *c, uint64_t t)
{
    enum { TOP = 4 };
    uint64_t from = t > AROUND ? t - AROUND : 1;
    uint64_t to = t + AROUND < c->n ? t + AROUND : c->n - 1;
    unsigned falling[2 * AROUND] = {0}, n = 0, sum = 0;

    for (uint64_t i = from; i <= to; i++) {
        unsigned d = picture_at(c, i)->distance, at = n;

        if (i == t)
            continue;
        for (; at > 0 && falling[at - 1] < d; at--)
            falling[at] = falling[at - 1];
        falling[at] = d;
        n++;
    }
    for (unsigned i = 1; i < TOP; i++)
        sum += falling[i];
    return sum / (TOP - 1);
}

/* Whether what was there before picture t comes back after it. */
static bool comes_back(struct cuts *c, uint64_t t)
{
    unsigned alike = picture_at(c, t)->distance * 6 / 10;

    for (uint64_t p = t - 1; p + BACK + 1 >= t; p--) {
        if (picture_at(c, t)->time - picture_at(c, p + 1)->time > FLASH)
            return false;
        for (uint64_t q = t; q < c->n && q <= t + BACK; q++) {
            if (picture_at(c, q)->time - picture_at(c, t)->time > FLASH)
                break;
            if ((p != t - 1 || q != t) &&
                cuts_distance(picture_at(c, p)->yuv, picture_at(c, q)->yuv) <
                    alike)
                return true;
        }
        if (p == 0)
            return false;
    }
    return false;
}

static bool is_cut(struct cuts *c, uint64_t t)
{
    unsigned usual = usual_distance(c, t);

    return picture_at(c, t)->distance >=
               usual + (CUTS_SCALE - usual) * LEAP / CUTS_SCALE &&
           !comes_back(c, t);
}

static bool keep(struct cuts *c, double time, unsigned distance)
{
    if (c->found == c->most) {
        c->more = true;
        return true;
    }
    if (c->found == c->room) {
        size_t room = c->room * 2 + 16;
        double *times = realloc(c->times, room * sizeof *times);

        if (!times)
            return false;
        c->times = times;
        c->room = room;
    }
    c->times[c->found++] = time;
    c->last = distance;
    return true;
}

/* No shot is as short as a flash: of two cuts that near, as a flash right at a
 * cut makes them, the greater is it. */
static bool decide(struct cuts *c, uint64_t t)
{
    const struct picture *p = picture_at(c, t);

    if (!is_cut(c, t))
        return true;
    if (c->found == 0 || p->time - c->times[c->found - 1] > FLASH)
        return keep(c, p->time, p->distance);
    if (p->distance > c->last) {
        c->times[c->found - 1] = p->time;
        c->last = p->distance;
    }
    return true;
}

bool cuts_feed(struct cuts *c, const uint8_t *yuv, double time)
{
    struct picture *p = picture_at(c, c->n);

    memcpy(p->yuv, yuv, CUTS_BYTES);
    p->time = time;
    p->distance = c->n ? cuts_distance(picture_at(c, c->n - 1)->yuv, yuv) : 0;
    c->n++;
    return c->n <= AROUND + 1 || decide(c, c->n - 1 - AROUND);
}

bool cuts_finish(struct cuts *c, const double **times, size_t *n)
{
    uint64_t from = c->n > AROUND + 1 ? c->n - AROUND : 1;

    for (uint64_t t = from; t < c->n; t++) {
        if (!decide(c, t))
            return false;
    }
    *times = c->times;
    *n = c->found;
    return !c->more;
}
