/* From stored frames to the rows that the vision tower reads (docs/MODEL.md
 * 3.5 and 3.6). */
#include "prepare.h"

enum { RGB = 3, LEVELS = 256 };

/* 255 times the published mean and standard deviation, each rounded to
 * float32 on the way. */
static float channel_mean(size_t c)
{
    static const float mean[RGB] = {0.48145466f, 0.4578275f, 0.40821073f};

    return mean[c] * 255.0f;
}

static float channel_scale(size_t c)
{
    static const float scale[RGB] = {0.26862954f, 0.26130258f, 0.27577711f};

    return scale[c] * 255.0f;
}

size_t omni_patch_scratch(const struct omni_picture *p)
{
    size_t frame = p->seen_height * p->seen_width * RGB;

    return p->second ? 2 * frame + resizer_scratch(p->second) : 0;
}

/* Where the two frames of a temporal index are, as bytes or as floats. */
struct pair {
    const uint8_t *bytes[OMNI_MERGE];
    const float *floats[OMNI_MERGE];
    size_t width;
};

static struct pair load_pair(const struct omni_picture *p, size_t t,
                             float *scratch)
{
    struct pair pair = {.width = p->seen_width};
    size_t frame = p->seen_height * p->seen_width * RGB;

    for (size_t k = 0; k < OMNI_MERGE; k++) {
        size_t at = OMNI_MERGE * t + k;

        if (at >= p->frames)
            at = p->frames - 1; /* the last frame stands in for a missing one */
        pair.bytes[k] = p->rgb + at * p->height * p->width * RGB;
        if (!p->second)
            continue;
        resizer_floats(p->second, scratch + 2 * frame, pair.bytes[k],
                       scratch + k * frame);
        pair.floats[k] = scratch + k * frame;
        pair.bytes[k] = NULL;
    }
    return pair;
}

/* The normalised value of every byte, per channel. */
static void fill_levels(float level[RGB][LEVELS])
{
    for (size_t c = 0; c < RGB; c++)
        for (size_t v = 0; v < LEVELS; v++)
            level[c][v] = ((float)v - channel_mean(c)) / channel_scale(c);
}

static void patch_row(const struct pair *pair, const float level[RGB][LEVELS],
                      size_t patch, size_t top, size_t left, float *row)
{
    for (size_t c = 0; c < RGB; c++)
        for (size_t k = 0; k < OMNI_MERGE; k++)
            for (size_t y = 0; y < patch; y++) {
                size_t at = ((top + y) * pair->width + left) * RGB + c;

                if (pair->bytes[k])
                    for (size_t x = 0; x < patch; x++)
                        *row++ = level[c][pair->bytes[k][at + x * RGB]];
                else
                    for (size_t x = 0; x < patch; x++)
                        *row++ =
                            (pair->floats[k][at + x * RGB] - channel_mean(c)) /
                            channel_scale(c);
            }
}

void omni_patch_rows(const struct omni_picture *p, size_t patch, size_t t,
                     float *scratch, float *rows)
{
    struct pair pair = load_pair(p, t, scratch);
    size_t width = RGB * OMNI_MERGE * patch * patch;
    float level[RGB][LEVELS];

    fill_levels(level);
    for (size_t gy = 0; gy < p->grid[1] / OMNI_MERGE; gy++)
        for (size_t gx = 0; gx < p->grid[2] / OMNI_MERGE; gx++)
            for (size_t i = 0; i < OMNI_MERGE * OMNI_MERGE; i++) {
                size_t y = OMNI_MERGE * gy + i / OMNI_MERGE;
                size_t x = OMNI_MERGE * gx + i % OMNI_MERGE;

                patch_row(&pair, level, patch, y * patch, x * patch, rows);
                rows += width;
            }
}
