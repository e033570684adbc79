/* Which frames of a video are seen, and at which size (docs/MODEL.md 3.2 to
 * 3.4). All in double, in the order of the published code: a product taken in
 * another order can fall on the other side of a whole number. */
#include <math.h>

#include "prepare.h"

/* Of qwen-omni-utils: 768 * 28 * 28 pixels a frame, whatever was asked. */
static const double FRAME_PIXELS_MAX = 602112;
/* What the video processor passes to its own resize, whatever the files say. */
static const double SECOND_MIN = 100352, SECOND_MAX = 602112;

const struct omni_budget OMNI_BUDGET_DEFAULT = {
    .fps = 2.0,
    .min_frames = 4,
    .max_frames = 768,
    .min_pixels = 100352,
    .max_pixels = 0,
    .total_pixels = 90316800,
    .second_resize = true,
};

enum asid_rc omni_frame_count(uint64_t total, double video_fps,
                              const struct omni_budget *budget, size_t *n,
                              struct asid_err *err)
{
    double low = ceil(budget->min_frames / 2.0) * 2;
    double high = floor(budget->max_frames / 2.0) * 2;
    double count;

    if (!(budget->fps > 0 && isfinite(budget->fps)) || high < 2)
        return USAGE(err,
                     "%g frames per second, at most %u frames: nothing "
                     "would be seen",
                     budget->fps, budget->max_frames);
    if (!(video_fps > 0 && isfinite(video_fps)))
        return REJECT(err, "media.damaged",
                      "the video has %g frames per second", video_fps);
    count = (double)total / video_fps * budget->fps;
    count = fmin(fmin(fmax(count, low), high), (double)total);
    count = floor(count / 2) * 2;
    if (count < 2)
        return REJECT(err, "media.too_short",
                      "the video has %llu frames, at least 2 are needed",
                      (unsigned long long)total);
    *n = (size_t)count;
    return ASID_OK;
}

void omni_frame_indexes(uint64_t total, size_t n, uint64_t *index)
{
    float end = (float)(total ? total - 1 : 0);
    float step = n > 1 ? end / (float)(n - 1) : 0;

    /* A float32 ramp that is built from both ends. */
    for (size_t i = 0; i < n; i++) {
        float at =
            i < n / 2 ? step * (float)i : end - step * (float)(n - 1 - i);
        double whole = rint((double)at);

        index[i] = whole > 0 ? (uint64_t)whole : 0;
        if (index[i] >= total && total)
            index[i] = total - 1; /* float32 is coarse past 2^24 */
    }
}

double omni_max_pixels(size_t n, const struct omni_budget *budget)
{
    double share = budget->total_pixels / (double)n * OMNI_MERGE;
    double cap =
        fmax(fmin(FRAME_PIXELS_MAX, share), trunc(budget->min_pixels * 1.05));

    return budget->max_pixels > 0 ? fmin(budget->max_pixels, cap) : cap;
}

static double round_by(double value, int factor)
{
    return fmax(factor, rint(value / factor) * factor);
}

enum asid_rc omni_smart_resize(double height, double width, int factor,
                               double min_pixels, double max_pixels,
                               size_t *out_height, size_t *out_width,
                               struct asid_err *err)
{
    static const double RATIO_MAX = 200;
    double h, w;

    if (!(height >= 1 && width >= 1 && height <= OMNI_MAX_SIDE &&
          width <= OMNI_MAX_SIDE))
        return REJECT(err, "media.limit",
                      "the picture is %g by %g pixels, sides of 1 to %d are "
                      "supported",
                      width, height, OMNI_MAX_SIDE);
    if (fmax(height, width) / fmin(height, width) > RATIO_MAX)
        return REJECT(err, "media.limit",
                      "the picture is %g by %g pixels, an aspect ratio over "
                      "%g",
                      width, height, RATIO_MAX);
    h = round_by(height, factor);
    w = round_by(width, factor);
    if (h * w > max_pixels) {
        double beta = sqrt(height * width / max_pixels);

        h = fmax(factor, floor(height / beta / factor) * factor);
        w = fmax(factor, floor(width / beta / factor) * factor);
    } else if (h * w < min_pixels) {
        double beta = sqrt(min_pixels / (height * width));

        h = ceil(height * beta / factor) * factor;
        w = ceil(width * beta / factor) * factor;
    }
    if (!(h <= OMNI_MAX_SIDE && w <= OMNI_MAX_SIDE))
        return REJECT(err, "media.limit",
                      "the picture would be seen at %g by %g pixels", w, h);
    *out_height = (size_t)h;
    *out_width = (size_t)w;
    return ASID_OK;
}

enum asid_rc omni_video_size(double height, double width, int factor,
                             size_t frames, const struct omni_budget *budget,
                             size_t *first_height, size_t *first_width,
                             size_t *seen_height, size_t *seen_width,
                             struct asid_err *err)
{
    TRY(omni_smart_resize(height, width, factor, budget->min_pixels,
                          omni_max_pixels(frames, budget), first_height,
                          first_width, err));
    *seen_height = *first_height;
    *seen_width = *first_width;
    if (!budget->second_resize)
        return ASID_OK;
    return omni_smart_resize((double)*first_height, (double)*first_width,
                             factor, SECOND_MIN, SECOND_MAX, seen_height,
                             seen_width, err);
}

enum asid_rc omni_video_tokens(uint64_t total, double fps, double height,
                               double width, const struct omni_budget *budget,
                               size_t *tokens, struct asid_err *err)
{
    enum { FACTOR = 28 };
    size_t n, first_height, first_width, h, w;

    TRY(omni_frame_count(total, fps, budget, &n, err));
    TRY(omni_video_size(height, width, FACTOR, n, budget, &first_height,
                        &first_width, &h, &w, err));
    *tokens = n / 2 * (h / FACTOR) * (w / FACTOR);
    return ASID_OK;
}

size_t omni_sound_tokens(double seconds)
{
    static const double LONGEST = 300, MEL_RATE = 100;

    if (!(seconds > 0))
        return 0;
    return omni_audio_tokens((size_t)ceil(fmin(seconds, LONGEST) * MEL_RATE));
}
