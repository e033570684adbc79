/*
 * Shot cuts in a sequence of small pictures.
 *
 * Two pictures are as unlike as their colours are distributed differently and
 * as one cannot be pieced together from blocks of the other. A cut is where
 * that measure is high, far higher than in the pictures around, and stays:
 * motion is high all the time, a flash goes back to what was there before.
 * Fades and dissolves have no such place and are not looked for.
 *
 * Integers throughout, so that every machine finds the same cuts.
 */
#ifndef COMMON_MEDIA_CUTS_H
#define COMMON_MEDIA_CUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CUTS_WIDTH = 64,
    CUTS_HEIGHT = 36,
    CUTS_PIXELS = CUTS_WIDTH * CUTS_HEIGHT,
    CUTS_BYTES = 3 * CUTS_PIXELS, /* planes Y, U, V of full size */
    CUTS_SCALE = 1000,            /* the measure of two unlike pictures */
};

struct cuts;

/* NULL when memory is out. At most `most` cuts are kept. */
struct cuts *cuts_new(size_t most);
void cuts_free(struct cuts *c);
/* The next picture, CUTS_BYTES, and its time in seconds; times do not fall.
 * False when memory is out. */
bool cuts_feed(struct cuts *c, const uint8_t *yuv, double time);
/* After the last picture: the times of the pictures that begin a shot, rising,
 * without the first picture of all. They live as long as c. False when there
 * are more than `most`. */
bool cuts_finish(struct cuts *c, const double **times, size_t *n);

/* How unlike two pictures are: 0 for equal ones to CUTS_SCALE. */
unsigned cuts_distance(const uint8_t *a, const uint8_t *b);

#endif
