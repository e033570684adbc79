/* Shot cuts among the frames that the full check decodes anyway. */
#include "worker.h"

#include <libavutil/mem.h>
#include <libswscale/swscale.h>
#include <math.h>

#include "cuts.h"

struct spotter {
    struct worker *w;
    struct frame_clock clock;
    struct SwsContext *sws;
    struct cuts *cuts;
    uint8_t yuv[CUTS_BYTES];
    double last; /* time of the frame before */
    bool blind;  /* a frame came that cannot be converted */
};

struct spotter *spotter_new(struct worker *w, const AVStream *stream)
{
    struct spotter *s = av_mallocz(sizeof *s);

    if (s) {
        s->w = w;
        s->clock = frame_clock_of(stream);
        s->cuts = cuts_new(WIRE_MAX_CUTS);
    }
    if (!s || !s->cuts) {
        spotter_free(s);
        worker_av_fault(w, WIRE_LIMIT, AVERROR(ENOMEM), "looking for cuts");
        return NULL;
    }
    return s;
}

void spotter_free(struct spotter *s)
{
    if (!s)
        return;
    sws_freeContext(s->sws);
    cuts_free(s->cuts);
    av_free(s);
}

/* Every pixel counts (an area average), so that grain does not; without
 * short cuts, so that every machine gets the same small picture. */
static bool shrink(struct spotter *s, const AVFrame *frame)
{
    uint8_t *planes[4] = {s->yuv, s->yuv + CUTS_PIXELS,
                          s->yuv + 2 * CUTS_PIXELS, NULL};
    int strides[4] = {CUTS_WIDTH, CUTS_WIDTH, CUTS_WIDTH, 0};

    if (!sws_isSupportedInput((enum AVPixelFormat)frame->format))
        return false;
    s->sws = sws_getCachedContext(
        s->sws, frame->width, frame->height, (enum AVPixelFormat)frame->format,
        CUTS_WIDTH, CUTS_HEIGHT, AV_PIX_FMT_YUV444P,
        SWS_AREA | SWS_ACCURATE_RND | SWS_BITEXACT, NULL, NULL, NULL);
    return s->sws && sws_scale(s->sws, (const uint8_t *const *)frame->data,
                               frame->linesize, 0, frame->height, planes,
                               strides) == CUTS_HEIGHT;
}

int spotter_see(struct spotter *s, const AVFrame *frame)
{
    double time = frame_seconds(&s->clock, frame);

    if (s->blind)
        return 0;
    if (worker_check_size(s->w, frame->width, frame->height) < 0)
        return -1;
    if (!shrink(s, frame)) {
        s->blind = true;
        return 0;
    }
    if (!isfinite(time) || time < s->last)
        time = s->last;
    s->last = time;
    if (!cuts_feed(s->cuts, s->yuv, time))
        return worker_av_fault(s->w, WIRE_LIMIT, AVERROR(ENOMEM),
                               "looking for cuts");
    return 0;
}

int spotter_send(struct spotter *s, uint64_t *n)
{
    const double *times = NULL;
    size_t found = 0;

    *n = WIRE_NO_CUTS;
    if (s->blind || !cuts_finish(s->cuts, &times, &found))
        return 0;
    *n = found;
    return found == 0 ? 0
                      : worker_send(s->w, WIRE_CUTS, times,
                                    found * sizeof *times, NULL, 0);
}
