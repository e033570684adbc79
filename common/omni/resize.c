/*
 * Antialiased bicubic resizing (docs/MODEL.md 3.3, 3.4, 3.8).
 *
 * Two kernels of the same shape, because two libraries are in the published
 * path: videos go through torchvision's (float32 sums, rounded once at the
 * end), images through Pillow's (whole numbers with 22 fractional bits, rounded
 * to bytes after the width and again after the height). The width goes first
 * in both.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "prepare.h"

enum {
    RGB = 3,
    LANES = 4,  /* a pixel padded to four floats keeps the loops straight */
    STRIP = 16, /* floats of a row that are summed together */
    FRACTION = 22,
};

/* The cubic with a = -1/2. */
static float cubic_float(float x)
{
    const float a = -0.5f;

    x = fabsf(x);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2)
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0;
}

static double cubic(double x)
{
    const double a = -0.5;

    x = fabs(x);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

/* Inputs that reach output i with centre c: fills first and count. */
static void set_range(struct resize_axis *a, size_t i, double low, double high)
{
    size_t first = low > 0 ? (size_t)low : 0;
    size_t last = high > 0 ? (size_t)high : 0;

    if (last > a->in)
        last = a->in;
    if (first >= last)
        first = last - 1;
    if (last - first > a->span)
        last = first + a->span;
    a->first[i] = (uint32_t)first;
    a->count[i] = (uint32_t)(last - first);
}

static void weigh_float(struct resize_axis *a)
{
    float scale = (float)a->in / (float)a->out;
    float support = scale >= 1 ? 2 * scale : 2;
    float inverse = scale >= 1 ? 1 / scale : 1;

    for (size_t i = 0; i < a->out; i++) {
        /* Sums with a half are double, what is kept is float. */
        float centre = (float)((double)scale * ((double)i + 0.5));
        float *w = a->weight + i * a->span, total = 0;

        set_range(a, i, (double)(centre - support) + 0.5,
                  (double)(centre + support) + 0.5);
        for (size_t j = 0; j < a->count[i]; j++) {
            float at = (float)(a->first[i] + j) - centre;

            w[j] = cubic_float((float)(((double)at + 0.5) * (double)inverse));
            total += w[j];
        }
        for (size_t j = 0; j < a->count[i]; j++)
            w[j] /= total;
    }
}

static enum asid_rc weigh_fixed(struct resize_axis *a, struct asid_err *err)
{
    double scale = (double)a->in / (double)a->out;
    double filter_scale = scale > 1 ? scale : 1, support = 2 * filter_scale;
    double *w;
    void *space;

    TRY(mem_big(&space, a->span, sizeof *w, err));
    w = space;
    for (size_t i = 0; i < a->out; i++) {
        double centre = ((double)i + 0.5) * scale, total = 0;

        set_range(a, i, centre - support + 0.5, centre + support + 0.5);
        for (size_t j = 0; j < a->count[i]; j++) {
            w[j] = cubic(((double)(a->first[i] + j) - centre + 0.5) *
                         (1 / filter_scale));
            total += w[j];
        }
        for (size_t j = 0; j < a->count[i]; j++) {
            double k = (total != 0 ? w[j] / total : w[j]) * (1 << FRACTION);

            a->fixed[i * a->span + j] = (int32_t)(k < 0 ? k - 0.5 : k + 0.5);
        }
    }
    free(space);
    return ASID_OK;
}

static enum asid_rc axis_init(struct resize_axis *a, size_t in, size_t out,
                              bool pillow, struct asid_err *err)
{
    double scale = (double)in / (double)out;
    void *p;
    size_t n;

    a->in = in;
    a->out = out;
    a->span = (size_t)ceil(2 * (scale > 1 ? scale : 1)) * 2 + 1;
    TRY(mem_big(&p, out, sizeof *a->first, err));
    a->first = p;
    TRY(mem_big(&p, out, sizeof *a->count, err));
    a->count = p;
    if (!size_mul(out, a->span, &n))
        return FAIL(err, "out of memory: a resize from %zu to %zu", in, out);
    if (pillow) {
        TRY(mem_big(&p, n, sizeof *a->fixed, err));
        a->fixed = p;
        return weigh_fixed(a, err);
    }
    TRY(mem_big(&p, n, sizeof *a->weight, err));
    a->weight = p;
    weigh_float(a);
    return ASID_OK;
}

static void axis_release(struct resize_axis *a)
{
    free(a->first);
    free(a->count);
    free(a->weight);
    free(a->fixed);
}

void resizer_release(struct resizer *r)
{
    axis_release(&r->x);
    axis_release(&r->y);
    *r = (struct resizer){.x = {.in = 0}};
}

enum asid_rc resizer_init(struct resizer *r, const size_t from[2],
                          const size_t to[2], bool pillow, struct asid_err *err)
{
    enum asid_rc rc;
    struct resizer made = {.x = {.in = 0}};

    rc = axis_init(&made.y, from[0], to[0], pillow, err);
    if (rc != ASID_OK)
        goto out;
    rc = axis_init(&made.x, from[1], to[1], pillow, err);
    if (rc != ASID_OK)
        goto out;
    *r = made;
    made = (struct resizer){.x = {.in = 0}};
out:
    resizer_release(&made);
    return rc;
}

size_t resizer_scratch(const struct resizer *r)
{
    return LANES * r->x.in + r->y.in * r->x.out * RGB + STRIP;
}

/* --- torchvision -------------------------------------------------------- */

/* One row of bytes to the new width. */
static void widen_row(const struct resize_axis *x, const uint8_t *rgb,
                      float *row, float *out)
{
    for (size_t i = 0; i < x->in; i++) {
        row[LANES * i] = rgb[RGB * i];
        row[LANES * i + 1] = rgb[RGB * i + 1];
        row[LANES * i + 2] = rgb[RGB * i + 2];
        row[LANES * i + 3] = 0;
    }
    for (size_t i = 0; i < x->out; i++) {
        const float *from = row + LANES * x->first[i];
        const float *w = x->weight + i * x->span;
        float sum[LANES] = {0};

        for (size_t j = 0; j < x->count[i]; j++)
            for (size_t c = 0; c < LANES; c++)
                sum[c] += w[j] * from[LANES * j + c];
        out[RGB * i] = sum[0];
        out[RGB * i + 1] = sum[1];
        out[RGB * i + 2] = sum[2];
    }
}

/* STRIP columns of one row of the new height. */
static void sum_strip(const float *from, size_t stride, const float *w,
                      size_t count, float *sum)
{
    for (size_t k = 0; k < STRIP; k++)
        sum[k] = 0;
    for (size_t j = 0; j < count; j++)
        for (size_t k = 0; k < STRIP; k++)
            sum[k] += w[j] * from[j * stride + k];
}

static void store_bytes(const float *sum, size_t n, uint8_t *out)
{
    for (size_t k = 0; k < n; k++) {
        float v = sum[k] < 0 ? 0 : sum[k] > 255 ? 255 : sum[k];

        out[k] = (uint8_t)rintf(v);
    }
}

/* Both passes; exactly one of bytes and floats is given. */
static void resize_float(const struct resizer *r, float *scratch,
                         const uint8_t *rgb, uint8_t *bytes, float *floats)
{
    size_t stride = r->x.out * RGB;
    float *row = scratch, *wide = scratch + LANES * r->x.in;

    for (size_t y = 0; y < r->y.in; y++)
        widen_row(&r->x, rgb + y * r->x.in * RGB, row, wide + y * stride);
    for (size_t y = 0; y < r->y.out; y++) {
        const float *from = wide + r->y.first[y] * stride;
        const float *w = r->y.weight + y * r->y.span;

        for (size_t at = 0; at < stride; at += STRIP) {
            size_t n = stride - at < STRIP ? stride - at : STRIP;
            float sum[STRIP];

            /* The last strip may read past the row: into the next one, or
             * into the tail of the scratch. */
            sum_strip(from + at, stride, w, r->y.count[y], sum);
            if (bytes)
                store_bytes(sum, n, bytes + y * stride + at);
            if (floats)
                memcpy(floats + y * stride + at, sum, n * sizeof *sum);
        }
    }
}

void resizer_bytes(const struct resizer *r, float *scratch, const uint8_t *rgb,
                   uint8_t *out)
{
    /* torchvision hands a picture of the right size through untouched. */
    if (r->x.in == r->x.out && r->y.in == r->y.out)
        memcpy(out, rgb, r->x.in * r->y.in * RGB);
    else
        resize_float(r, scratch, rgb, out, NULL);
}

void resizer_floats(const struct resizer *r, float *scratch, const uint8_t *rgb,
                    float *out)
{
    resize_float(r, scratch, rgb, NULL, out);
}

/* --- Pillow ------------------------------------------------------------- */

static uint8_t from_fixed(int32_t sum)
{
    sum >>= FRACTION;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

/* count pixels, step bytes apart, of one channel. */
static uint8_t weigh_bytes(const uint8_t *from, size_t step, const int32_t *w,
                           size_t count)
{
    int32_t sum = 1 << (FRACTION - 1);

    for (size_t j = 0; j < count; j++)
        sum += from[j * step] * w[j];
    return from_fixed(sum);
}

void resizer_pillow(const struct resizer *r, uint8_t *scratch,
                    const uint8_t *rgb, uint8_t *out)
{
    size_t stride = r->x.out * RGB;

    for (size_t y = 0; y < r->y.in; y++)
        for (size_t i = 0; i < stride; i++) {
            size_t x = i / RGB;

            scratch[y * stride + i] =
                weigh_bytes(rgb + (y * r->x.in + r->x.first[x]) * RGB + i % RGB,
                            RGB, r->x.fixed + x * r->x.span, r->x.count[x]);
        }
    for (size_t y = 0; y < r->y.out; y++)
        for (size_t i = 0; i < stride; i++)
            out[y * stride + i] =
                weigh_bytes(scratch + r->y.first[y] * stride + i, stride,
                            r->y.fixed + y * r->y.span, r->y.count[y]);
}
