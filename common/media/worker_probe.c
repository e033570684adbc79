/*
 * The answer about a file's health: what the headers say, and with decoding,
 * whether it is true. Neither a clean probe nor a decoder that ends well proves
 * anything: frames, complaints and spans are counted and compared.
 */
#include "worker.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What the frames and samples themselves say. */
struct seen {
    struct media_info *info;
    double video_unit;  /* seconds per tick */
    int64_t first, end; /* ticks; of the video */
    bool timed;
    double sound;            /* seconds */
    struct spotter *spotter; /* NULL: cuts are not asked for */
};

/* --- headers -------------------------------------------------------------- */

static double ticks_to_seconds(int64_t ticks, AVRational unit)
{
    return ticks == AV_NOPTS_VALUE ? 0 : (double)ticks * av_q2d(unit);
}

static double stream_duration(const struct worker *w, const AVStream *s)
{
    double d = s ? ticks_to_seconds(s->duration, s->time_base) : 0;

    if (d <= 0)
        d = ticks_to_seconds(w->format->duration,
                             (AVRational){1, AV_TIME_BASE});
    return d > 0 ? d : 0;
}

static bool is_mov(const struct worker *w)
{
    return strncmp(w->format->iformat->name, "mov,", 4) == 0;
}

/* Frames the container promises, without those an edit list hides; 0 when it
 * promises nothing. */
static uint64_t promised_frames(const struct worker *w, const AVStream *s)
{
    int n = avformat_index_get_entries_count(s);
    uint64_t shown = 0;

    if (s->nb_frames <= 0)
        return 0;
    if (!is_mov(w) || n < s->nb_frames)
        return (uint64_t)s->nb_frames;
    for (int i = 0; i < n; i++) {
        const AVIndexEntry *e =
            avformat_index_get_entry((AVStream *)(uintptr_t)s, i);

        shown += e && !(e->flags & AVINDEX_DISCARD_FRAME);
    }
    return shown;
}

static int describe_video(struct worker *w, const AVStream *s,
                          struct media_info *info)
{
    int rotation = worker_rotation(s);
    bool turned = rotation == 90 || rotation == 270;
    int width = s->codecpar->width, height = s->codecpar->height;

    if (worker_check_size(w, width, height) < 0)
        return -1;
    info->video.present = true;
    snprintf(info->video.codec, sizeof info->video.codec, "%s",
             avcodec_get_name(s->codecpar->codec_id));
    info->video.width = (uint32_t)(turned ? height : width);
    info->video.height = (uint32_t)(turned ? width : height);
    info->video.rotation = rotation;
    info->video.fps = worker_rate(s);
    info->video.packets = promised_frames(w, s);
    info->video.start = ticks_to_seconds(s->start_time, s->time_base);
    return 0;
}

/* A stream that names no rate or no channels has nothing to hear. */
static bool is_audible(const AVStream *s)
{
    return s && s->codecpar->codec_id != AV_CODEC_ID_NONE &&
           s->codecpar->sample_rate > 0 &&
           s->codecpar->ch_layout.nb_channels > 0;
}

static void describe_audio(const AVStream *s, struct media_info *info)
{
    info->audio.present = true;
    snprintf(info->audio.codec, sizeof info->audio.codec, "%s",
             avcodec_get_name(s->codecpar->codec_id));
    info->audio.sample_rate = (uint32_t)s->codecpar->sample_rate;
    info->audio.channels = (uint32_t)s->codecpar->ch_layout.nb_channels;
    info->audio.start = ticks_to_seconds(s->start_time, s->time_base);
}

static void see_time(struct seen *seen, int64_t ticks, int64_t length)
{
    int64_t end;

    if (ticks == AV_NOPTS_VALUE ||
        __builtin_add_overflow(ticks, length > 0 ? length : 0, &end))
        return;
    if (!seen->timed || ticks < seen->first)
        seen->first = ticks;
    if (!seen->timed || end > seen->end)
        seen->end = end;
    seen->timed = true;
}

static double seen_span(const struct seen *seen)
{
    return seen->timed
               ? ((double)seen->end - (double)seen->first) * seen->video_unit
               : 0;
}

/* --- counting packets ----------------------------------------------------- */

static int count_loop(struct worker *w, const AVStream *s, AVPacket *packet,
                      struct seen *seen)
{
    uint64_t *n = &seen->info->video.packets;
    int e;

    while ((e = av_read_frame(w->format, packet)) >= 0) {
        if (packet->stream_index == s->index &&
            !(packet->flags & AV_PKT_FLAG_DISCARD)) {
            ++*n;
            see_time(seen, packet->pts, packet->duration);
        }
        av_packet_unref(packet);
        if (*n > w->request.max_frames)
            return worker_fault(w, WIRE_LIMIT, "more than %llu frames",
                                (unsigned long long)w->request.max_frames);
    }
    if (e == AVERROR(ENOMEM))
        return worker_av_fault(w, WIRE_LIMIT, e, "reading");
    return 0;
}

/* For containers that promise nothing: read on without decoding. */
static int count_packets(struct worker *w, const AVStream *s, struct seen *seen)
{
    AVPacket *packet = av_packet_alloc();
    int rc;

    if (!packet)
        return worker_av_fault(w, WIRE_LIMIT, AVERROR(ENOMEM), "reading");
    for (unsigned i = 0; i < w->format->nb_streams; i++) {
        if (w->format->streams[i] != s)
            w->format->streams[i]->discard = AVDISCARD_ALL;
    }
    rc = count_loop(w, s, packet, seen);
    av_packet_free(&packet);
    if (rc == 0 && seen_span(seen) > 0)
        seen->info->duration = seen_span(seen);
    return rc;
}

/* --- decoding ------------------------------------------------------------- */

static int on_picture(struct worker *w, void *user, AVFrame *frame)
{
    struct seen *seen = user;
    int64_t length = frame->pkt_duration;

    if (length <= 0 && seen->info->video.fps > 0)
        length = (int64_t)llround(
            fmin(1 / (seen->info->video.fps * seen->video_unit), 1e15));
    see_time(seen, frame->best_effort_timestamp, length);
    if (++seen->info->frames_decoded > w->request.max_frames)
        return worker_fault(w, WIRE_LIMIT, "more than %llu frames",
                            (unsigned long long)w->request.max_frames);
    return seen->spotter ? spotter_see(seen->spotter, frame) : 0;
}

static int on_noise(struct worker *w, void *user, AVFrame *frame)
{
    struct seen *seen = user;

    if (frame->sample_rate > 0)
        seen->sound += (double)frame->nb_samples / frame->sample_rate;
    if (seen->sound > w->request.max_duration)
        return worker_fault(w, WIRE_LIMIT, "more than %.0f s of sound",
                            w->request.max_duration);
    return 0;
}

/* How much may be missing before a file counts as damaged. The mov family
 * lists every frame; elsewhere the figure in the header is an estimate of
 * whoever wrote it. */
static uint64_t tolerated_frames(const struct worker *w, uint64_t promised)
{
    return is_mov(w) ? 0 : 2 + promised / 100;
}

static double tolerated_seconds(double promised)
{
    return fmax(0.5, promised / 50);
}

/* The container's own length is about all its streams: it says something only
 * when we decoded them all, and when it is not a guess from the bit rate. */
static bool length_is_known(const struct worker *w)
{
    unsigned ours = 0;

    for (unsigned i = 0; i < w->format->nb_streams; i++)
        ours += w->format->streams[i]->discard != AVDISCARD_ALL;
    return !is_mov(w) && ours == w->format->nb_streams &&
           w->format->duration > 0 &&
           w->format->duration_estimation_method == AVFMT_DURATION_FROM_STREAM;
}

static int judge(struct worker *w, const struct worker_decode *d,
                 const struct seen *seen)
{
    const struct media_info *i = seen->info;
    double promised = d->audio.stream ? stream_duration(w, d->audio.stream) : 0;
    double end =
        fmax(i->video.start + i->video_span, i->audio.start + i->audio_span);
    double length =
        ticks_to_seconds(w->format->duration, (AVRational){1, AV_TIME_BASE});
    const char *last = worker_log_last();

    if (i->video.present &&
        (i->frames_decoded == 0 ||
         i->frames_decoded + tolerated_frames(w, i->frames_declared) <
             i->frames_declared))
        return worker_fault(
            w, WIRE_DAMAGED, "%llu of %llu frames decoded, errors: %llu%s%s",
            (unsigned long long)i->frames_decoded,
            (unsigned long long)i->frames_declared,
            (unsigned long long)i->errors, *last ? ", last: " : "", last);
    if (i->errors > 0)
        return worker_fault(
            w, WIRE_DAMAGED,
            "errors: %llu in %llu frames and %.3f s of sound%s%s",
            (unsigned long long)i->errors,
            (unsigned long long)i->frames_decoded, i->audio_span,
            *last ? ": " : "", last);
    if (is_mov(w) && promised - i->audio_span > tolerated_seconds(promised))
        return worker_fault(w, WIRE_DAMAGED, "%.3f of %.3f s of sound decoded",
                            i->audio_span, promised);
    if (length_is_known(w) && length - end > 2 * tolerated_seconds(length))
        return worker_fault(w, WIRE_DAMAGED,
                            "the media end at %.3f s of the %.3f s declared",
                            end, length);
    return 0;
}

static int check(struct worker *w, struct worker_decode *d, struct seen *seen)
{
    struct media_info *i = seen->info;
    double span;

    if (d->video.stream && worker_track_open(w, &d->video, d->video.stream) < 0)
        return -1;
    if (d->audio.stream && worker_track_open(w, &d->audio, d->audio.stream) < 0)
        return -1;
    if (worker_decode(w, d) < 0)
        return -1;
    span = seen_span(seen);
    i->decoded = true;
    i->errors = d->video.errors + d->audio.errors + d->read_errors;
    i->video_span = span > 0 ? span : 0;
    i->audio_span = seen->sound;
    if (i->video.packets == 0) {
        i->video.packets = d->video.packets;
        if (span > 0)
            i->duration = span;
    }
    return judge(w, d, seen);
}

/* The full check, with an eye on cuts when they are asked for. */
static int check_and_spot(struct worker *w, enum wire_op op,
                          struct worker_decode *d, struct seen *seen)
{
    int rc = -1;

    if (op == WIRE_OP_CUTS && d->video.stream)
        seen->spotter = spotter_new(w, d->video.stream);
    if (op != WIRE_OP_CUTS || !d->video.stream || seen->spotter)
        rc = check(w, d, seen);
    worker_track_close(&d->video);
    worker_track_close(&d->audio);
    return rc;
}

int worker_probe(struct worker *w, enum wire_op op)
{
    AVStream *video = worker_stream(w, AVMEDIA_TYPE_VIDEO);
    AVStream *audio = worker_stream(w, AVMEDIA_TYPE_AUDIO);
    struct media_info info = {.duration = stream_duration(w, video)};
    struct seen seen = {.info = &info, .video_unit = 1};
    struct worker_decode d = {
        .on_video = on_picture, .on_audio = on_noise, .user = &seen};
    uint64_t cuts = op == WIRE_OP_CUTS ? WIRE_NO_CUTS : 0;
    int rc = 0;

    snprintf(info.container, sizeof info.container, "%s",
             w->format->iformat->name);
    if (video && describe_video(w, video, &info) < 0)
        return -1;
    if (is_audible(audio))
        describe_audio(audio, &info);
    if (video)
        seen.video_unit = av_q2d(video->time_base);
    info.frames_declared = info.video.packets;
    if (op != WIRE_OP_PROBE) {
        d.video.stream = video;
        d.audio.stream = info.audio.present ? audio : NULL;
        rc = check_and_spot(w, op, &d, &seen);
    } else if (video && info.video.packets == 0) {
        rc = count_packets(w, video, &seen);
    }
    if (rc == 0)
        rc = worker_send(w, WIRE_INFO, &info, sizeof info, NULL, 0);
    if (rc == 0 && seen.spotter)
        rc = spotter_send(seen.spotter, &cuts);
    spotter_free(seen.spotter);
    return rc < 0 ? -1 : worker_send(w, WIRE_END, &cuts, sizeof cuts, NULL, 0);
}
