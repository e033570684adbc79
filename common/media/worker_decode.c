/* Reading packets and decoding them: one loop for frames, sound and health. */
#include "worker.h"

#include <errno.h>

enum {
    PATIENCE = 1000, /* reads in a row that may say "try again" */
    COMPLAINTS = 64, /* errors of a decoder in a row, for one packet */
};

int worker_track_open(struct worker *w, struct track *t, AVStream *stream)
{
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    int64_t side = w->request.max_side;
    int e;

    *t = (struct track){.stream = stream};
    if (!codec)
        return worker_fault(w, WIRE_UNREADABLE, "no decoder for %s",
                            avcodec_get_name(stream->codecpar->codec_id));
    /* A size that is declared is refused as too large, before the decoder
     * takes offence and it looks like damage. */
    if (stream->codecpar->width > 0 && stream->codecpar->height > 0 &&
        worker_check_size(w, stream->codecpar->width,
                          stream->codecpar->height) < 0)
        return -1;
    t->codec = avcodec_alloc_context3(codec);
    if (!t->codec)
        return worker_av_fault(w, WIRE_LIMIT, AVERROR(ENOMEM), "a decoder");
    e = avcodec_parameters_to_context(t->codec, stream->codecpar);
    if (e < 0)
        return worker_av_fault(w, WIRE_DAMAGED, e, "stream parameters");
    t->codec->pkt_timebase = stream->time_base;
    t->codec->thread_count = 1; /* messages belong to packets; see log */
    t->codec->max_pixels = side * side;
    t->codec->err_recognition |= AV_EF_CRCCHECK;
    e = avcodec_open2(t->codec, codec, NULL);
    if (e < 0)
        return worker_av_fault(w, WIRE_DAMAGED, e, "cannot start the decoder");
    return 0;
}

void worker_track_close(struct track *t)
{
    avcodec_free_context(&t->codec);
    t->stream = NULL;
}

struct frame_clock frame_clock_of(const AVStream *stream)
{
    return (struct frame_clock){.rate = worker_rate(stream),
                                .unit = av_q2d(stream->time_base)};
}

double frame_seconds(struct frame_clock *c, const AVFrame *frame)
{
    int64_t ticks = frame->best_effort_timestamp;

    if (c->n++ == 0)
        c->first = ticks;
    if (ticks == AV_NOPTS_VALUE || c->first == AV_NOPTS_VALUE)
        return c->rate > 0 ? (double)(c->n - 1) / c->rate : 0;
    return ((double)ticks - (double)c->first) * c->unit;
}

/* Hand over every frame the decoder has ready. Returns 0, or what the sink
 * returned when that was not 0. *bad is set when the decoder complains. */
static int drain(struct worker *w, struct worker_decode *d, struct track *t,
                 AVFrame *frame, bool *bad)
{
    worker_sink sink = t == &d->video ? d->on_video : d->on_audio;
    int complaints = 0;

    for (;;) {
        int e = avcodec_receive_frame(t->codec, frame);
        int more;

        if (e == AVERROR(EAGAIN) || e == AVERROR_EOF)
            return 0;
        if (e == AVERROR(ENOMEM))
            return worker_av_fault(w, WIRE_LIMIT, e, "decoding");
        if (e < 0) { /* the rest of the packet may still be good */
            *bad = true;
            if (++complaints == COMPLAINTS)
                return 0;
            continue;
        }
        if (frame->decode_error_flags || (frame->flags & AV_FRAME_FLAG_CORRUPT))
            *bad = true;
        /* Hidden by an edit list: decoded only for what depends on it. */
        if (frame->flags & AV_FRAME_FLAG_DISCARD) {
            av_frame_unref(frame);
            continue;
        }
        more = sink(w, d->user, frame);
        av_frame_unref(frame);
        if (more != 0)
            return more;
    }
}

/* packet NULL flushes. */
static int decode_packet(struct worker *w, struct worker_decode *d,
                         struct track *t, const AVPacket *packet,
                         AVFrame *frame)
{
    uint64_t before = worker_log_errors();
    bool bad = false;
    int e = avcodec_send_packet(t->codec, packet);
    int more;

    if (e == AVERROR(ENOMEM))
        return worker_av_fault(w, WIRE_LIMIT, e, "decoding");
    if (e < 0 && e != AVERROR_EOF)
        bad = true;
    more = drain(w, d, t, frame, &bad);
    if (bad || worker_log_errors() > before)
        t->errors++;
    return more;
}

static struct track *track_of(struct worker_decode *d, const AVPacket *packet)
{
    if (d->video.stream && d->video.stream->index == packet->stream_index)
        return &d->video;
    if (d->audio.stream && d->audio.stream->index == packet->stream_index)
        return &d->audio;
    return NULL;
}

/* 0 at the end of the file, and after a read error, which is counted: what
 * follows cannot be trusted, and every reader stops there. */
static int read_packets(struct worker *w, struct worker_decode *d,
                        AVPacket *packet, AVFrame *frame)
{
    unsigned idle = 0;

    for (;;) {
        uint64_t before = worker_log_errors();
        int e = av_read_frame(w->format, packet);
        struct track *t;
        int more = 0;

        if (e == AVERROR(ENOMEM))
            return worker_av_fault(w, WIRE_LIMIT, e, "reading");
        if (worker_log_errors() > before ||
            (e < 0 && e != AVERROR_EOF && e != AVERROR(EAGAIN)))
            d->read_errors++;
        if (e == AVERROR(EAGAIN) && ++idle < PATIENCE)
            continue;
        if (e < 0)
            return 0;
        idle = 0;
        t = track_of(d, packet);
        if (t) {
            t->packets += !(packet->flags & AV_PKT_FLAG_DISCARD);
            more = decode_packet(w, d, t, packet, frame);
        }
        av_packet_unref(packet);
        if (more != 0)
            return more;
    }
}

static int read_and_flush(struct worker *w, struct worker_decode *d,
                          AVPacket *packet, AVFrame *frame)
{
    int more = read_packets(w, d, packet, frame);

    if (more == 0 && d->video.codec)
        more = decode_packet(w, d, &d->video, NULL, frame);
    if (more == 0 && d->audio.codec)
        more = decode_packet(w, d, &d->audio, NULL, frame);
    return more < 0 ? -1 : 0;
}

int worker_decode(struct worker *w, struct worker_decode *d)
{
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int rc = -1;

    for (unsigned i = 0; i < w->format->nb_streams; i++) {
        AVStream *s = w->format->streams[i];

        if (s != d->video.stream && s != d->audio.stream)
            s->discard = AVDISCARD_ALL;
    }
    if (!packet || !frame)
        worker_av_fault(w, WIRE_LIMIT, AVERROR(ENOMEM), "decoding");
    else
        rc = read_and_flush(w, d, packet, frame);
    av_packet_free(&packet);
    av_frame_free(&frame);
    return rc;
}
