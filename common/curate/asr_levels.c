/* How loud a clip is, and where. */
#include <math.h>

#include "asr_int.h"

enum { FLOOR = -120 };

void asr_levels_make(struct arena *a, const float *samples, size_t n,
                     uint32_t rate, double offset, struct asr_levels *levels)
{
    /* 50 ms: shorter than a syllable, longer than a period of any voice. */
    const size_t each = rate / 20 > 0 ? rate / 20 : 1;
    /* Less than half a window at the end would be too short to measure. */
    const size_t windows = (n + each / 2) / each;
    float *db = arena_array(a, windows, sizeof *db);
    float loudest = FLOOR;

    for (size_t w = 0; w < windows; w++) {
        size_t from = w * each, count = n - from < each ? n - from : each;
        double sum = 0;

        for (size_t i = 0; i < count; i++)
            sum += (double)samples[from + i] * (double)samples[from + i];
        sum /= (double)count;
        db[w] = sum > 1e-12 ? (float)(10 * log10(sum)) : (float)FLOOR;
        if (db[w] > loudest)
            loudest = db[w];
    }
    *levels = (struct asr_levels){
        .db = db,
        .n = windows,
        .window = (double)each / (double)rate,
        .loudest = (double)loudest,
        .offset = offset,
    };
}

/* The level that HELD of the windows first .. last reach, or all of them when
 * they are fewer. */
static double level_held(const float *db, size_t first, size_t last)
{
    enum { HELD = 3 }; /* 150 ms */
    float top[HELD] = {FLOOR, FLOOR, FLOOR};
    size_t n = last - first + 1;

    for (size_t w = first; w <= last; w++) {
        float v = db[w];

        for (size_t i = 0; i < HELD; i++) {
            float least = top[i];

            if (v > least) {
                top[i] = v;
                v = least;
            }
        }
    }
    return (double)top[n < HELD ? n - 1 : HELD - 1];
}

/* Recognisers are off by up to a quarter of a second at the borders of
 * segments; and some count from the first sample instead of the first frame. */
double levels_in(const struct asr_levels *levels, double start, double end,
                 double after, double before)
{
    const double slack = 0.25;
    double first, last;

    if (!levels || levels->n == 0)
        return NAN;
    start = fmin(fmax(start - slack, after), start) - fmax(levels->offset, 0);
    end = fmax(fmin(end + slack, before), end) - fmin(levels->offset, 0);
    first = floor(fmax(start, 0) / levels->window);
    /* A window belongs to the interval that has more than its edge. */
    last = ceil(end / levels->window - 1e-6) - 1;
    if (!(last >= 0))
        return NAN;
    if (!(first < (double)levels->n)) /* the sound is over */
        return levels->cut ? (double)NAN : (double)FLOOR;
    last = fmin(fmax(first, last), (double)levels->n - 1);
    return level_held(levels->db, (size_t)first, (size_t)last);
}
