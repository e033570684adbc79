/*
 * A small painter: filled shapes with smooth edges on an RGB picture.
 *
 * Only + - * / and square roots are used, which IEEE 754 rounds in one way, and
 * an own sine: the sines of C libraries differ in their last bit. So a picture
 * is the same bytes on every machine.
 */
#ifndef ASID_SYNTH_PAINT_H
#define ASID_SYNTH_PAINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct paint_rgb {
    uint8_t r, g, b;
};

/* x' = xx * x + xy * y + x0, y' = yx * x + yy * y + y0; y grows downwards. */
struct paint_map {
    float xx, xy, yx, yy, x0, y0;
};

struct paint {
    uint8_t *rgb; /* width * height * 3 bytes */
    int width, height;
    struct paint_map map; /* from the shapes' units to pixels */
    float outline;        /* width of outlines in pixels, 0: none */
    struct paint_rgb ink; /* their colour */
};

enum { PAINT_POINTS = 64 };

struct paint_path {
    int n;
    float x[PAINT_POINTS], y[PAINT_POINTS];
};

/* Sine and cosine of an angle in whole turns. */
float paint_sin(float turns);
float paint_cos(float turns);

/* First `inner`, then `outer`. */
struct paint_map paint_map_within(struct paint_map outer,
                                  struct paint_map inner);
/* Turn clockwise by `turns`, scale, and move the origin to (x, y). */
struct paint_map paint_map_place(float x, float y, float scale, float turns);

/* Fill a closed path that does not cross itself, with the outline around it;
 * opacity from 0 to 1 is that of the filling. */
void paint_path(const struct paint *p, const struct paint_path *path,
                struct paint_rgb colour, float opacity);
void paint_polygon(const struct paint *p, const float (*points)[2], int n,
                   struct paint_rgb colour);
void paint_box(const struct paint *p, float x0, float y0, float x1, float y1,
               struct paint_rgb colour);
void paint_ellipse(const struct paint *p, float x, float y, float rx, float ry,
                   struct paint_rgb colour);
/* A line with round ends, `width` units wide. */
void paint_line(const struct paint *p, float x0, float y0, float x1, float y1,
                float width, struct paint_rgb colour);
/* Part of an ellipse as a line, from one angle to another, in turns; 0 is to the
 * right and a quarter is down. */
void paint_arc(const struct paint *p, float x, float y, float rx, float ry,
               float from, float to, float width, struct paint_rgb colour);

#endif
