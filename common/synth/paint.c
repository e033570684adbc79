/*
 * Fill polygons with the exact share of each pixel that they cover.
 *
 * Row by row, every edge adds what it covers to the right of itself: a share of
 * its height in the pixel that it crosses and the rest from the next pixel on;
 * the running sum along the row is the coverage. (The method of signed areas, as
 * in the FreeType and stb_truetype rasterisers.)
 */
#include "paint.h"

#include <math.h>
#include <string.h>

enum { ROW = 1024 }; /* no picture is wider */

/* Taylor's series up to the eleventh power, good to 1e-7 within a quarter turn.
 */
static float sine_of_quarter(float turns)
{
    float x = turns * 6.28318531f, q = x * x;

    return x *
           (1 -
            q / 6 * (1 - q / 20 * (1 - q / 42 * (1 - q / 72 * (1 - q / 110)))));
}

float paint_sin(float turns)
{
    turns -= floorf(turns);
    if (turns > 0.75f)
        return sine_of_quarter(turns - 1);
    if (turns > 0.25f)
        return sine_of_quarter(0.5f - turns);
    return sine_of_quarter(turns);
}

float paint_cos(float turns)
{
    return paint_sin(turns + 0.25f);
}

struct paint_map paint_map_within(struct paint_map o, struct paint_map i)
{
    return (struct paint_map){
        .xx = o.xx * i.xx + o.xy * i.yx,
        .xy = o.xx * i.xy + o.xy * i.yy,
        .yx = o.yx * i.xx + o.yy * i.yx,
        .yy = o.yx * i.xy + o.yy * i.yy,
        .x0 = o.xx * i.x0 + o.xy * i.y0 + o.x0,
        .y0 = o.yx * i.x0 + o.yy * i.y0 + o.y0,
    };
}

struct paint_map paint_map_place(float x, float y, float scale, float turns)
{
    float s = scale * paint_sin(turns), c = scale * paint_cos(turns);

    return (struct paint_map){
        .xx = c, .xy = -s, .yx = s, .yy = c, .x0 = x, .y0 = y};
}

static float clamp(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

/* One edge within one row; `height` is the signed part of the row it spans. */
static void cover_edge(float *cover, float xa, float xb, float height)
{
    float left = xa < xb ? xa : xb, right = xa < xb ? xb : xa;
    int first = (int)left, last = (int)right;

    if (first == last) {
        float inside = (left + right) / 2 - (float)first;

        cover[first] += height * (1 - inside);
        cover[first + 1] += height * inside;
        return;
    }
    for (int i = first; i <= last; i++) {
        float from = left > (float)i ? left : (float)i;
        float to = right < (float)(i + 1) ? right : (float)(i + 1);
        float part = height * (to - from) / (right - left);
        float inside = (from + to) / 2 - (float)i;

        cover[i] += part * (1 - inside);
        cover[i + 1] += part * inside;
    }
}

static void cover_row(const struct paint_path *path, int row, float *cover,
                      float width)
{
    float top = (float)row, bottom = (float)(row + 1);

    for (int i = 0, k = path->n - 1; i < path->n; k = i++) {
        float y0 = path->y[k], y1 = path->y[i];
        float x0 = path->x[k], x1 = path->x[i];
        float a = clamp(y0, top, bottom), b = clamp(y1, top, bottom);
        float slope;

        if (a == b)
            continue;
        slope = (x1 - x0) / (y1 - y0);
        cover_edge(cover, clamp(x0 + (a - y0) * slope, 0, width),
                   clamp(x0 + (b - y0) * slope, 0, width), b - a);
    }
}

static void blend(uint8_t *pixel, struct paint_rgb colour, int share)
{
    pixel[0] = (uint8_t)((pixel[0] * (256 - share) + colour.r * share) >> 8);
    pixel[1] = (uint8_t)((pixel[1] * (256 - share) + colour.g * share) >> 8);
    pixel[2] = (uint8_t)((pixel[2] * (256 - share) + colour.b * share) >> 8);
}

static void fill(const struct paint *p, const struct paint_path *path,
                 struct paint_rgb colour, float opacity)
{
    float cover[ROW + 2];
    float x0 = path->x[0], x1 = x0, y0 = path->y[0], y1 = y0;
    int left, right, top, bottom;

    for (int i = 1; i < path->n; i++) {
        x0 = path->x[i] < x0 ? path->x[i] : x0;
        x1 = path->x[i] > x1 ? path->x[i] : x1;
        y0 = path->y[i] < y0 ? path->y[i] : y0;
        y1 = path->y[i] > y1 ? path->y[i] : y1;
    }
    left = (int)clamp(x0, 0, (float)p->width);
    right = (int)clamp(x1 + 1, 0, (float)p->width);
    top = (int)clamp(y0, 0, (float)p->height);
    bottom = (int)clamp(y1 + 1, 0, (float)p->height);
    if (left >= right)
        return;
    for (int y = top; y < bottom; y++) {
        uint8_t *row = p->rgb + (size_t)(y * p->width) * 3;
        float sum = 0;

        memset(cover + left, 0, (size_t)(right - left + 2) * sizeof *cover);
        cover_row(path, y, cover, (float)p->width);
        for (int x = left; x < right; x++) {
            float share;

            sum += cover[x];
            share = sum < 0 ? -sum : sum;
            share = (share > 1 ? 1 : share) * opacity;
            blend(row + (size_t)x * 3, colour, (int)(share * 256 + 0.5f));
        }
    }
}

/* Move every point outwards by `by` along the middle of its two edges' normals.
 */
static void widen(const struct paint_path *path, float by,
                  struct paint_path *out)
{
    int n = path->n;
    float area = 0;

    for (int i = 0, k = n - 1; i < n; k = i++)
        area += path->x[k] * path->y[i] - path->x[i] * path->y[k];
    if (area < 0)
        by = -by;
    out->n = n;
    for (int i = 0; i < n; i++) {
        int before = i ? i - 1 : n - 1, after = i + 1 < n ? i + 1 : 0;
        float ax = path->x[i] - path->x[before];
        float ay = path->y[i] - path->y[before];
        float bx = path->x[after] - path->x[i];
        float by_ = path->y[after] - path->y[i];
        float a = sqrtf(ax * ax + ay * ay) + 1e-6f;
        float b = sqrtf(bx * bx + by_ * by_) + 1e-6f;
        float nx = ay / a + by_ / b, ny = -ax / a - bx / b;
        /* 1 + cosine of the angle between them; a spike stays short. */
        float sharp = 1 + (ax * bx + ay * by_) / (a * b);

        sharp = sharp < 0.35f ? 0.35f : sharp;
        out->x[i] = path->x[i] + nx / sharp * by;
        out->y[i] = path->y[i] + ny / sharp * by;
    }
}

void paint_path(const struct paint *p, const struct paint_path *path,
                struct paint_rgb colour, float opacity)
{
    struct paint_path pixels, wide;

    pixels.n = path->n;
    for (int i = 0; i < path->n; i++) {
        float x = path->x[i], y = path->y[i];

        pixels.x[i] = p->map.xx * x + p->map.xy * y + p->map.x0;
        pixels.y[i] = p->map.yx * x + p->map.yy * y + p->map.y0;
    }
    if (p->outline > 0) {
        widen(&pixels, p->outline, &wide);
        fill(p, &wide, p->ink, 1);
    }
    fill(p, &pixels, colour, opacity);
}

void paint_polygon(const struct paint *p, const float (*points)[2], int n,
                   struct paint_rgb colour)
{
    struct paint_path path = {.n = n};

    for (int i = 0; i < n; i++) {
        path.x[i] = points[i][0];
        path.y[i] = points[i][1];
    }
    paint_path(p, &path, colour, 1);
}

void paint_box(const struct paint *p, float x0, float y0, float x1, float y1,
               struct paint_rgb colour)
{
    const float points[4][2] = {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}};

    paint_polygon(p, points, 4, colour);
}

/* Points enough for a round of that size in pixels to look round. */
static int round_points(const struct paint *p, float rx, float ry)
{
    float scale = sqrtf(p->map.xx * p->map.xx + p->map.yx * p->map.yx);

    return 10 + (int)clamp((rx > ry ? rx : ry) * scale / 2, 0, 30);
}

void paint_ellipse(const struct paint *p, float x, float y, float rx, float ry,
                   struct paint_rgb colour)
{
    struct paint_path path = {.n = round_points(p, rx, ry)};

    for (int i = 0; i < path.n; i++) {
        float turns = (float)i / (float)path.n;

        path.x[i] = x + rx * paint_cos(turns);
        path.y[i] = y + ry * paint_sin(turns);
    }
    paint_path(p, &path, colour, 1);
}

void paint_line(const struct paint *p, float x0, float y0, float x1, float y1,
                float width, struct paint_rgb colour)
{
    enum { CAP = 5 };
    struct paint_path path = {.n = 0};
    float dx = x1 - x0, dy = y1 - y0;
    float length = sqrtf(dx * dx + dy * dy) + 1e-6f;

    dx *= width / 2 / length;
    dy *= width / 2 / length;
    for (int end = 0; end < 2; end++)
        for (int i = 0; i < CAP; i++) {
            float turns = (float)i / (2 * (CAP - 1)) - 0.25f;
            float c = paint_cos(turns), s = paint_sin(turns);
            float sign = end ? -1 : 1;

            path.x[path.n] = (end ? x0 : x1) + sign * (c * dx - s * dy);
            path.y[path.n++] = (end ? y0 : y1) + sign * (s * dx + c * dy);
        }
    paint_path(p, &path, colour, 1);
}

void paint_arc(const struct paint *p, float x, float y, float rx, float ry,
               float from, float to, float width, struct paint_rgb colour)
{
    enum { STEPS = 14 };
    struct paint_path path = {.n = 2 * (STEPS + 1)};

    for (int i = 0; i <= STEPS; i++) {
        float turns = from + (to - from) * (float)i / STEPS;
        float c = paint_cos(turns), s = paint_sin(turns);
        int back = path.n - 1 - i;

        path.x[i] = x + (rx + width / 2) * c;
        path.y[i] = y + (ry + width / 2) * s;
        path.x[back] = x + (rx - width / 2) * c;
        path.y[back] = y + (ry - width / 2) * s;
    }
    paint_path(p, &path, colour, 1);
}
