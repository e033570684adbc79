#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asid/media/write.h"

/* One encoder with what it works on. */
struct track {
    AVStream *stream;
    AVCodecContext *codec;
    AVFrame *frame;
    int64_t next; /* time of the next frame, in the codec's time base */
};

struct media_write {
    struct media_format format;
    char *path, *part;
    AVFormatContext *file;
    AVPacket *packet;
    struct SwsContext *scale;
    struct track video, audio;
    int filled; /* samples in the audio frame */
    bool begun; /* the file has its head */
};

static enum asid_rc av_failed(struct asid_err *err, const char *what, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";

    av_strerror(code, text, sizeof text);
    return FAIL(err, "%s: %s", what, text);
}

static void free_track(struct track *t)
{
    avcodec_free_context(&t->codec);
    av_frame_free(&t->frame);
}

static void free_writer(struct media_write *w)
{
    free_track(&w->video);
    free_track(&w->audio);
    sws_freeContext(w->scale);
    av_packet_free(&w->packet);
    if (w->file)
        avio_closep(&w->file->pb);
    avformat_free_context(w->file);
    free(w->path);
    free(w->part);
    free(w);
}

void media_write_drop(struct media_write *w)
{
    char *part;

    if (!w)
        return;
    part = w->part;
    w->part = NULL;
    free_writer(w);
    if (part)
        unlink(part);
    free(part);
}

/* --- opening -------------------------------------------------------------- */

static enum asid_rc check_format(const struct media_format *f,
                                 struct asid_err *err)
{
    if (f->width < 16 || f->width > 8192 || f->width % 2 || f->height < 16 ||
        f->height > 8192 || f->height % 2)
        return FAIL(err, "no video can be written with %d x %d pixels",
                    f->width, f->height);
    if (f->fps < 1 || f->fps > 240)
        return FAIL(err, "no video can be written with %d frames a second",
                    f->fps);
    if (f->sample_rate != 0 &&
        (f->sample_rate < 8000 || f->sample_rate > 48000))
        return FAIL(err, "no sound can be written at %d Hz", f->sample_rate);
    return ASID_OK;
}

/* Whole names of encoders: libav's choice depends on how it was built. */
static enum asid_rc new_track(struct media_write *w, struct track *t,
                              const char *encoder, struct asid_err *err)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(encoder);

    if (!codec)
        return FAIL(err, "libavcodec has no encoder %s", encoder);
    t->stream = avformat_new_stream(w->file, NULL);
    t->codec = avcodec_alloc_context3(codec);
    t->frame = av_frame_alloc();
    if (!t->stream || !t->codec || !t->frame)
        return FAIL(err, "no memory for an encoder");
    t->codec->thread_count = 1;
    t->codec->flags = AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    return ASID_OK;
}

static enum asid_rc open_track(struct track *t, struct asid_err *err)
{
    int code = avcodec_open2(t->codec, NULL, NULL);

    if (code < 0)
        return av_failed(err, t->codec->codec->name, code);
    t->stream->time_base = t->codec->time_base;
    code = avcodec_parameters_from_context(t->stream->codecpar, t->codec);
    if (code >= 0)
        code = av_frame_get_buffer(t->frame, 0);
    return code < 0 ? av_failed(err, t->codec->codec->name, code) : ASID_OK;
}

static enum asid_rc open_video(struct media_write *w, struct asid_err *err)
{
    struct track *t = &w->video;
    const int *matrix = sws_getCoefficients(SWS_CS_ITU601);
    AVCodecContext *c;

    TRY(new_track(w, t, "libx264", err));
    c = t->codec;
    c->width = t->frame->width = w->format.width;
    c->height = t->frame->height = w->format.height;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    t->frame->format = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){1, w->format.fps};
    c->framerate = (AVRational){w->format.fps, 1};
    c->gop_size = w->format.fps * 2;
    /* Frames in the order in which they are shown: the first one at 0. */
    c->max_b_frames = 0;
    c->color_range = AVCOL_RANGE_MPEG;
    c->colorspace = AVCOL_SPC_SMPTE170M;
    c->color_primaries = AVCOL_PRI_SMPTE170M;
    c->color_trc = AVCOL_TRC_SMPTE170M;
    av_opt_set(c->priv_data, "preset", "veryfast", 0);
    av_opt_set(c->priv_data, "crf", "16", 0);
    w->scale = sws_getContext(
        c->width, c->height, AV_PIX_FMT_RGB24, c->width, c->height,
        AV_PIX_FMT_YUV420P, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP,
        NULL, NULL, NULL);
    if (!w->scale || sws_setColorspaceDetails(w->scale, matrix, 1, matrix, 0, 0,
                                              1 << 16, 1 << 16) < 0)
        return FAIL(err, "libswscale cannot convert RGB");
    t->stream->avg_frame_rate = c->framerate;
    return open_track(t, err);
}

static enum asid_rc open_audio(struct media_write *w, struct asid_err *err)
{
    enum { BITS_A_SECOND = 64000, SAMPLES_A_FRAME = 1024 };
    struct track *t = &w->audio;
    AVCodecContext *c;

    if (w->format.sample_rate == 0)
        return ASID_OK;
    TRY(new_track(w, t, "aac", err));
    c = t->codec;
    c->sample_rate = t->frame->sample_rate = w->format.sample_rate;
    c->sample_fmt = AV_SAMPLE_FMT_FLTP;
    t->frame->format = AV_SAMPLE_FMT_FLTP;
    c->bit_rate = BITS_A_SECOND;
    c->time_base = (AVRational){1, w->format.sample_rate};
    av_channel_layout_default(&c->ch_layout, 1);
    av_channel_layout_default(&t->frame->ch_layout, 1);
    t->frame->nb_samples = SAMPLES_A_FRAME;
    return open_track(t, err);
}

static enum asid_rc open_file(struct media_write *w, struct asid_err *err)
{
    AVDictionary *options = NULL;
    int code;

    code = avformat_alloc_output_context2(&w->file, NULL, "mp4", w->part);
    if (code < 0)
        return av_failed(err, "mp4", code);
    w->file->flags |= AVFMT_FLAG_BITEXACT;
    TRY(open_video(w, err));
    TRY(open_audio(w, err));
    code = avio_open(&w->file->pb, w->part, AVIO_FLAG_WRITE);
    if (code < 0)
        return av_failed(err, w->part, code);
    av_dict_set(&options, "movflags", "+faststart", 0);
    code = avformat_write_header(w->file, &options);
    av_dict_free(&options);
    w->begun = code >= 0;
    return code < 0 ? av_failed(err, w->part, code) : ASID_OK;
}

enum asid_rc media_write_open(const char *path,
                              const struct media_format *format,
                              struct media_write **out, struct asid_err *err)
{
    struct media_write *w;
    enum asid_rc rc;

    TRY(check_format(format, err));
    /* Encoders tell standard error how they feel. What matters comes back as a
     * code. */
    av_log_set_level(AV_LOG_QUIET);
    w = calloc(1, sizeof *w);
    BUG_IF(!w);
    w->format = *format;
    w->path = strdup(path);
    BUG_IF(!w->path || asprintf(&w->part, "%s.part", path) < 0);
    w->packet = av_packet_alloc();
    BUG_IF(!w->packet);
    rc = open_file(w, err);
    if (rc != ASID_OK)
        media_write_drop(w);
    else
        *out = w;
    return rc;
}

/* --- writing -------------------------------------------------------------- */

/* Give the encoder a frame, NULL for the end, and the file what comes out. */
static enum asid_rc encode(struct media_write *w, struct track *t,
                           AVFrame *frame, struct asid_err *err)
{
    int code = avcodec_send_frame(t->codec, frame);

    while (code >= 0) {
        code = avcodec_receive_packet(t->codec, w->packet);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return ASID_OK;
        if (code < 0)
            break;
        w->packet->stream_index = t->stream->index;
        if (t == &w->video)
            w->packet->duration = 1;
        av_packet_rescale_ts(w->packet, t->codec->time_base,
                             t->stream->time_base);
        code = av_interleaved_write_frame(w->file, w->packet);
    }
    return av_failed(err, w->part, code);
}

enum asid_rc media_write_frame(struct media_write *w, const uint8_t *rgb,
                               struct asid_err *err)
{
    struct track *t = &w->video;
    const uint8_t *from[1] = {rgb};
    int gap[1] = {w->format.width * 3};
    int code = av_frame_make_writable(t->frame);

    if (code < 0)
        return av_failed(err, w->part, code);
    sws_scale(w->scale, from, gap, 0, w->format.height, t->frame->data,
              t->frame->linesize);
    t->frame->pts = t->next++;
    return encode(w, t, t->frame, err);
}

static enum asid_rc encode_sound(struct media_write *w, struct asid_err *err)
{
    struct track *t = &w->audio;

    t->frame->nb_samples = w->filled;
    t->frame->pts = t->next;
    t->next += w->filled;
    w->filled = 0;
    return encode(w, t, t->frame, err);
}

enum asid_rc media_write_sound(struct media_write *w, const int16_t *samples,
                               size_t n, struct asid_err *err)
{
    struct track *t = &w->audio;

    BUG_IF(!t->codec);
    for (size_t i = 0; i < n; i++) {
        if (w->filled == 0) {
            int code = av_frame_make_writable(t->frame);

            if (code < 0)
                return av_failed(err, w->part, code);
        }
        ((float *)t->frame->data[0])[w->filled++] = samples[i] / 32768.0f;
        if (w->filled == t->codec->frame_size)
            TRY(encode_sound(w, err));
    }
    return ASID_OK;
}

static enum asid_rc finish(struct media_write *w, struct asid_err *err)
{
    int code;

    if (w->audio.codec) {
        if (w->filled > 0)
            TRY(encode_sound(w, err));
        TRY(encode(w, &w->audio, NULL, err));
    }
    TRY(encode(w, &w->video, NULL, err));
    code = av_write_trailer(w->file);
    if (code >= 0)
        code = avio_closep(&w->file->pb);
    if (code < 0)
        return av_failed(err, w->part, code);
    if (rename(w->part, w->path) != 0)
        return FAIL_ERRNO(err, "%s", w->path);
    return ASID_OK;
}

enum asid_rc media_write_close(struct media_write *w, struct asid_err *err)
{
    enum asid_rc rc = finish(w, err);

    if (rc == ASID_OK)
        free_writer(w);
    else
        media_write_drop(w);
    return rc;
}
