/* Numbers that look random and are the same in every run (xorshift). */
#ifndef TESTS_UNIT_DRAWS_H
#define TESTS_UNIT_DRAWS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static uint32_t draws_seed = 1;

static inline uint32_t draw(void)
{
    draws_seed ^= draws_seed << 13;
    draws_seed ^= draws_seed >> 17;
    draws_seed ^= draws_seed << 5;
    return draws_seed;
}

/* About -1 to 1. */
static inline float draw_float(void)
{
    return (float)((double)draw() / 2147483648.0 - 1.0);
}

/* To be freed. */
static inline float *draw_floats(size_t n)
{
    float *p = malloc((n + 1) * sizeof *p);

    if (!p)
        exit(1);
    for (size_t i = 0; i < n; i++)
        p[i] = draw_float();
    return p;
}

#endif
