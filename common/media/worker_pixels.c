/*
 * Decoded pictures to upright, packed RGB24.
 *
 * libswscale at the picture's own size, flag SWS_BILINEAR, as the readers of
 * the reference do it: BT.601 and limited range unless the frame says
 * otherwise. Planar and packed RGB sources come through byte for byte.
 */
#include "worker.h"

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <string.h>

/* What a conversion was set up for. */
struct setup {
    int width, height, from, to, colorspace, range;
};

struct pixels_out {
    struct worker *w;
    int rotation;
    int width, height; /* of the first frame, before rotation; 0: none yet */
    struct SwsContext *sws;
    struct setup setup;
    uint8_t *wide; /* rows with room at their ends, as swscale likes them */
    int stride;
    uint8_t *packed; /* upright RGB24 */
};

struct pixels_out *pixels_new(struct worker *w, int rotation)
{
    struct pixels_out *p = av_mallocz(sizeof *p);

    if (!p) {
        worker_av_fault(w, WIRE_LIMIT, AVERROR(ENOMEM), "a picture");
        return NULL;
    }
    p->w = w;
    p->rotation = rotation;
    return p;
}

void pixels_free(struct pixels_out *p)
{
    if (!p)
        return;
    sws_freeContext(p->sws);
    av_free(p->wide);
    av_free(p->packed);
    av_free(p);
}

/* The first frame decides the size; later ones are brought to it. */
static int settle_size(struct pixels_out *p, const AVFrame *frame)
{
    enum { CHANNELS = 4, SLACK = 64 };
    size_t stride;

    if (worker_check_size(p->w, frame->width, frame->height) < 0)
        return -1;
    if (p->width)
        return 0;
    stride =
        (((size_t)frame->width * CHANNELS + SLACK - 1) / SLACK + 1) * SLACK;
    p->wide = av_malloc(stride * (size_t)frame->height + SLACK);
    p->packed =
        av_malloc((size_t)frame->width * (size_t)frame->height * 3 + SLACK);
    if (!p->wide || !p->packed)
        return worker_av_fault(p->w, WIRE_LIMIT, AVERROR(ENOMEM), "a picture");
    p->stride = (int)stride;
    p->width = frame->width;
    p->height = frame->height;
    return 0;
}

/* Use the matrix and the range the frame names. RGB has neither. */
static void set_colours(struct pixels_out *p, const AVFrame *frame)
{
    const int *now, *target;
    int *from, *to;
    int source_full, target_full, brightness, contrast, saturation;

    if (sws_getColorspaceDetails(p->sws, &from, &source_full, &to, &target_full,
                                 &brightness, &contrast, &saturation) < 0)
        return;
    now = from;
    target = to;
    if (frame->colorspace != AVCOL_SPC_UNSPECIFIED &&
        frame->colorspace != AVCOL_SPC_RGB)
        now = sws_getCoefficients((int)frame->colorspace);
    if (frame->color_range == AVCOL_RANGE_JPEG)
        source_full = 1;
    (void)sws_setColorspaceDetails(p->sws, now, source_full, target,
                                   target_full, brightness, contrast,
                                   saturation);
}

static int prepare(struct pixels_out *p, const AVFrame *frame,
                   enum AVPixelFormat to)
{
    struct setup want = {frame->width,           frame->height,
                         frame->format,          (int)to,
                         (int)frame->colorspace, (int)frame->color_range};

    if (p->sws && memcmp(&want, &p->setup, sizeof want) == 0)
        return 0;
    sws_freeContext(p->sws);
    p->sws = NULL;
    if (sws_isSupportedInput((enum AVPixelFormat)frame->format))
        p->sws = sws_getContext(frame->width, frame->height,
                                (enum AVPixelFormat)frame->format, p->width,
                                p->height, to, SWS_BILINEAR, NULL, NULL, NULL);
    if (!p->sws)
        return worker_fault(
            p->w, WIRE_UNREADABLE,
            "pictures of the kind %s at %d x %d cannot be "
            "made RGB",
            av_get_pix_fmt_name((enum AVPixelFormat)frame->format),
            frame->width, frame->height);
    set_colours(p, frame);
    p->setup = want;
    return 0;
}

static int scale(struct pixels_out *p, const AVFrame *frame,
                 enum AVPixelFormat to)
{
    uint8_t *const planes[4] = {p->wide};
    const int strides[4] = {p->stride};

    if (prepare(p, frame, to) < 0)
        return -1;
    if (sws_scale(p->sws, (const uint8_t *const *)frame->data, frame->linesize,
                  0, frame->height, planes, strides) != p->height)
        return worker_fault(p->w, WIRE_DAMAGED, "a picture without pixels");
    return 0;
}

/* Where the picture's pixel (x, y) goes when turned clockwise. */
static size_t upright(const struct pixels_out *p, int x, int y)
{
    size_t w = (size_t)p->width, h = (size_t)p->height;
    size_t i = (size_t)x, j = (size_t)y;

    switch (p->rotation) {
    case 90:
        return i * h + (h - 1 - j);
    case 180:
        return (h - 1 - j) * w + (w - 1 - i);
    case 270:
        return (w - 1 - i) * h + j;
    default:
        return j * w + i;
    }
}

static void pack(struct pixels_out *p, int channels)
{
    for (int y = 0; y < p->height; y++) {
        const uint8_t *row = p->wide + (size_t)y * (size_t)p->stride;

        if (p->rotation == 0 && channels == 3) {
            memcpy(p->packed + upright(p, 0, y) * 3, row, (size_t)p->width * 3);
            continue;
        }
        for (int x = 0; x < p->width; x++)
            memcpy(p->packed + upright(p, x, y) * 3, row + x * channels, 3);
    }
}

static void give(const struct pixels_out *p, const uint8_t **rgb,
                 uint32_t *width, uint32_t *height)
{
    bool turned = p->rotation == 90 || p->rotation == 270;

    *rgb = p->packed;
    *width = (uint32_t)(turned ? p->height : p->width);
    *height = (uint32_t)(turned ? p->width : p->height);
}

int pixels_convert(struct pixels_out *p, const AVFrame *frame,
                   const uint8_t **rgb, uint32_t *width, uint32_t *height)
{
    if (settle_size(p, frame) < 0 || scale(p, frame, AV_PIX_FMT_RGB24) < 0)
        return -1;
    pack(p, 3);
    give(p, rgb, width, height);
    return 0;
}

static bool has_alpha(const AVFrame *frame)
{
    const AVPixFmtDescriptor *d =
        av_pix_fmt_desc_get((enum AVPixelFormat)frame->format);

    return frame->format == AV_PIX_FMT_PAL8 ||
           (d && (d->flags & AV_PIX_FMT_FLAG_ALPHA));
}

/* RGBA over white; n / 255 rounded to nearest. */
static void whiten(struct pixels_out *p)
{
    for (int y = 0; y < p->height; y++) {
        uint8_t *row = p->wide + (size_t)y * (size_t)p->stride;

        for (int x = 0; x < p->width; x++) {
            uint8_t *pixel = row + 4 * x;
            unsigned alpha = pixel[3];

            for (int c = 0; c < 3; c++)
                pixel[c] =
                    (uint8_t)((pixel[c] * alpha + 255 * (255 - alpha) + 127) /
                              255);
        }
    }
}

int pixels_flatten(struct pixels_out *p, const AVFrame *frame,
                   const uint8_t **rgb, uint32_t *width, uint32_t *height)
{
    if (!has_alpha(frame))
        return pixels_convert(p, frame, rgb, width, height);
    if (settle_size(p, frame) < 0 || scale(p, frame, AV_PIX_FMT_RGBA) < 0)
        return -1;
    whiten(p);
    pack(p, 4);
    give(p, rgb, width, height);
    return 0;
}
