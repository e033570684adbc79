/*
 * Upright RGB24 to JPEG files, by libavcodec's encoder. Scaled down to the
 * pixels the request allows, in one step with the conversion (bicubic, which
 * keeps lettering readable).
 */
#include "worker.h"

#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
#include <math.h>

struct jpeg_out {
    struct worker *w;
    uint32_t width, height; /* of the pictures that come; 0: none yet */
    struct SwsContext *sws;
    AVCodecContext *codec;
    AVFrame *frame;
    AVPacket *packet;
};

struct jpeg_out *jpeg_new(struct worker *w)
{
    struct jpeg_out *j = av_mallocz(sizeof *j);

    if (j) {
        j->w = w;
        j->frame = av_frame_alloc();
        j->packet = av_packet_alloc();
    }
    if (!j || !j->frame || !j->packet) {
        jpeg_free(j);
        worker_av_fault(w, WIRE_LIMIT, AVERROR(ENOMEM), "a picture");
        return NULL;
    }
    return j;
}

void jpeg_free(struct jpeg_out *j)
{
    if (!j)
        return;
    sws_freeContext(j->sws);
    avcodec_free_context(&j->codec);
    av_frame_free(&j->frame);
    av_packet_free(&j->packet);
    av_free(j);
}

/* The largest even sides with the shape of the picture and few enough pixels;
 * a picture that has few enough keeps its own. */
static void choose_size(const struct jpeg_out *j, int *width, int *height)
{
    double area = (double)j->width * j->height;
    double most = (double)j->w->request.max_pixels;
    double share = most > 0 && area > most ? sqrt(most / area) : 1;

    *width = (int)j->width;
    *height = (int)j->height;
    if (share < 1) {
        *width = (int)floor(j->width * share / 2) * 2;
        *height = (int)floor(j->height * share / 2) * 2;
    }
    /* Of a very long and thin one, something is left. */
    if (*width < 1)
        *width = 1;
    if (*height < 1)
        *height = 1;
    if (share < 1 && (double)*width * *height > most) {
        int *longer = *width > *height ? width : height;

        *longer = (int)fmax(1, floor(most));
    }
}

static int open_encoder(struct jpeg_out *j, int width, int height)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    int quality = FF_QP2LAMBDA * (int)j->w->request.quantiser;
    int error;

    j->codec = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!j->codec)
        return worker_fault(j->w, WIRE_UNREADABLE,
                            "this libavcodec cannot write JPEG");
    j->codec->width = width;
    j->codec->height = height;
    j->codec->pix_fmt = AV_PIX_FMT_YUV420P;
    j->codec->color_range = AVCOL_RANGE_JPEG;
    j->codec->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
    j->codec->time_base = (AVRational){1, 1};
    j->codec->thread_count = 1;
    j->codec->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
    j->codec->global_quality = quality;
    error = avcodec_open2(j->codec, codec, NULL);
    if (error < 0)
        return worker_av_fault(j->w, WIRE_UNREADABLE, error, "writing a JPEG");
    j->frame->width = width;
    j->frame->height = height;
    j->frame->format = AV_PIX_FMT_YUV420P;
    j->frame->color_range = AVCOL_RANGE_JPEG;
    j->frame->quality = quality;
    j->frame->pts = 0;
    error = av_frame_get_buffer(j->frame, 0);
    if (error < 0)
        return worker_av_fault(j->w, WIRE_LIMIT, error, "a picture");
    return 0;
}

static int open_scaler(struct jpeg_out *j, int width, int height)
{
    const int *matrix = sws_getCoefficients(SWS_CS_ITU601);

    j->sws = sws_getContext((int)j->width, (int)j->height, AV_PIX_FMT_RGB24,
                            width, height, AV_PIX_FMT_YUV420P,
                            SWS_BICUBIC | SWS_ACCURATE_RND, NULL, NULL, NULL);
    if (!j->sws)
        return worker_fault(j->w, WIRE_UNREADABLE,
                            "a picture of %u x %u cannot be made a JPEG",
                            j->width, j->height);
    (void)sws_setColorspaceDetails(j->sws, matrix, 1, matrix, 1, 0, 1 << 16,
                                   1 << 16);
    return 0;
}

static int settle(struct jpeg_out *j, uint32_t width, uint32_t height)
{
    int w, h;

    if (j->width)
        return 0;
    j->width = width;
    j->height = height;
    choose_size(j, &w, &h);
    if (open_encoder(j, w, h) < 0 || open_scaler(j, w, h) < 0)
        return -1;
    return 0;
}

int jpeg_encode(struct jpeg_out *j, const uint8_t *rgb, uint32_t *width,
                uint32_t *height, const uint8_t **file, size_t *size)
{
    const uint8_t *const planes[4] = {rgb};
    const int strides[4] = {(int)*width * 3};
    int error;

    if (settle(j, *width, *height) < 0)
        return -1;
    av_packet_unref(j->packet);
    error = av_frame_make_writable(j->frame);
    if (error < 0)
        return worker_av_fault(j->w, WIRE_LIMIT, error, "a picture");
    if (sws_scale(j->sws, planes, strides, 0, (int)j->height, j->frame->data,
                  j->frame->linesize) != j->frame->height)
        return worker_fault(j->w, WIRE_DAMAGED, "a picture without pixels");
    j->frame->pts++;
    error = avcodec_send_frame(j->codec, j->frame);
    if (error == 0)
        error = avcodec_receive_packet(j->codec, j->packet);
    if (error < 0)
        return worker_av_fault(j->w, WIRE_LIMIT, error, "writing a JPEG");
    *file = j->packet->data;
    *size = (size_t)j->packet->size;
    *width = (uint32_t)j->frame->width;
    *height = (uint32_t)j->frame->height;
    return 0;
}
