/* Answers with pictures: chosen frames of a video, and stills. */
#include "worker.h"

#include <errno.h>
#include <math.h>
#include <string.h>

struct wanted {
    struct pixels_out *pixels;
    struct jpeg_out *jpeg; /* NULL: the pixels themselves are wanted */
    struct frame_clock clock;
    uint64_t n; /* frames decoded so far */
    size_t at;  /* the next entry of the index */
};

/* A picture as it is sent: pixels, or a JPEG file of them. */
struct picture {
    uint32_t kind;
    struct wire_frame head;
    const uint8_t *body;
    size_t size;
};

static int make_picture(struct wanted *f, const AVFrame *frame,
                        struct picture *p)
{
    const uint8_t *rgb = NULL;

    p->kind = f->jpeg ? WIRE_JPEG : WIRE_FRAME;
    if (pixels_convert(f->pixels, frame, &rgb, &p->head.width,
                       &p->head.height) < 0)
        return -1;
    p->body = rgb;
    p->size = (size_t)p->head.width * p->head.height * 3;
    if (!f->jpeg)
        return 0;
    return jpeg_encode(f->jpeg, rgb, &p->head.width, &p->head.height, &p->body,
                       &p->size);
}

static int send_picture(struct worker *w, const struct picture *p)
{
    return worker_send(w, p->kind, &p->head, sizeof p->head, p->body, p->size);
}

static int send_frame(struct worker *w, struct wanted *f, double time,
                      const AVFrame *frame)
{
    struct picture p = {.head = {.index = f->n, .time = time}};

    if (make_picture(f, frame, &p) < 0)
        return -1;
    while (f->at < w->request.n_index && w->index[f->at] == f->n) {
        if (send_picture(w, &p) < 0)
            return -1;
        f->at++;
    }
    return 0;
}

static int on_frame(struct worker *w, void *user, AVFrame *frame)
{
    struct wanted *f = user;
    double time = frame_seconds(&f->clock, frame);

    if (f->n >= w->request.max_frames)
        return worker_fault(w, WIRE_LIMIT, "more than %llu frames",
                            (unsigned long long)w->request.max_frames);
    if (f->at < w->request.n_index && w->index[f->at] == f->n &&
        send_frame(w, f, time, frame) < 0)
        return -1;
    f->n++;
    return 0;
}

static int answer_frames(struct worker *w, struct worker_decode *d,
                         struct wanted *f)
{
    if (worker_track_open(w, &d->video, d->video.stream) < 0 ||
        worker_decode(w, d) < 0)
        return -1;
    if (f->n == 0)
        return worker_fault(w, WIRE_DAMAGED,
                            "not one frame of the video can be decoded%s%s",
                            *worker_log_last() ? ": " : "", worker_log_last());
    return worker_send(w, WIRE_END, &f->n, sizeof f->n, NULL, 0);
}

int worker_frames(struct worker *w)
{
    AVStream *stream = worker_stream(w, AVMEDIA_TYPE_VIDEO);
    struct wanted f = {.n = 0};
    struct worker_decode d = {.on_video = on_frame, .user = &f};
    int rc = -1;

    if (!stream)
        return worker_fault(w, WIRE_NO_VIDEO, "no video stream");
    d.video.stream = stream;
    f.clock = frame_clock_of(stream);
    f.pixels = pixels_new(w, worker_rotation(stream));
    if (w->request.op == WIRE_OP_JPEGS)
        f.jpeg = jpeg_new(w);
    if (f.pixels && (f.jpeg || w->request.op != WIRE_OP_JPEGS))
        rc = answer_frames(w, &d, &f);
    worker_track_close(&d.video);
    pixels_free(f.pixels);
    jpeg_free(f.jpeg);
    return rc;
}

/* --- frames by time -------------------------------------------------------- */

/* What is shown at a time is the last frame that began before it, so one frame
 * is held back until the next one has come. */
struct shown {
    struct wanted f;
    AVFrame *held;
    double held_time;
    uint64_t held_index;
};

static double time_wanted(const struct worker *w, size_t at)
{
    double time;

    memcpy(&time, &w->index[at], sizeof time);
    return time;
}

/* Send the held frame for every time wanted before `until`. */
static int send_held(struct worker *w, struct shown *s, double until)
{
    struct picture p = {.head = {.index = s->held_index, .time = s->held_time}};

    if (s->f.at >= w->request.n_index || !(time_wanted(w, s->f.at) < until))
        return 0;
    if (make_picture(&s->f, s->held, &p) < 0)
        return -1;
    while (s->f.at < w->request.n_index && time_wanted(w, s->f.at) < until) {
        if (send_picture(w, &p) < 0)
            return -1;
        s->f.at++;
    }
    return 0;
}

static int on_shown(struct worker *w, void *user, AVFrame *frame)
{
    struct shown *s = user;
    double time = frame_seconds(&s->f.clock, frame);
    bool first = s->f.n == 0;

    if (s->f.n >= w->request.max_frames)
        return worker_fault(w, WIRE_LIMIT, "more than %llu frames",
                            (unsigned long long)w->request.max_frames);
    if (!first && send_held(w, s, time) < 0)
        return -1;
    av_frame_unref(s->held);
    if (av_frame_ref(s->held, frame) < 0)
        return worker_av_fault(w, WIRE_LIMIT, AVERROR(ENOMEM), "decoding");
    s->held_time = time;
    s->held_index = s->f.n++;
    /* Before the first frame there is nothing to show but that one. */
    if (first && send_held(w, s, time) < 0)
        return -1;
    return s->f.at >= w->request.n_index;
}

static int answer_shown(struct worker *w, struct worker_decode *d,
                        struct shown *s)
{
    if (worker_track_open(w, &d->video, d->video.stream) < 0 ||
        worker_decode(w, d) < 0)
        return -1;
    if (s->f.n == 0)
        return worker_fault(w, WIRE_DAMAGED,
                            "not one frame of the video can be decoded%s%s",
                            *worker_log_last() ? ": " : "", worker_log_last());
    if (send_held(w, s, INFINITY) < 0)
        return -1;
    return worker_send(w, WIRE_END, &s->f.n, sizeof s->f.n, NULL, 0);
}

int worker_frames_at(struct worker *w)
{
    AVStream *stream = worker_stream(w, AVMEDIA_TYPE_VIDEO);
    struct shown s = {.held = av_frame_alloc()};
    struct worker_decode d = {.on_video = on_shown, .user = &s};
    int rc = -1;

    if (!stream) {
        rc = worker_fault(w, WIRE_NO_VIDEO, "no video stream");
        goto out;
    }
    if (!s.held) {
        rc = worker_av_fault(w, WIRE_LIMIT, AVERROR(ENOMEM), "decoding");
        goto out;
    }
    d.video.stream = stream;
    s.f.clock = frame_clock_of(stream);
    s.f.pixels = pixels_new(w, worker_rotation(stream));
    if (w->request.op == WIRE_OP_JPEGS_AT)
        s.f.jpeg = jpeg_new(w);
    if (s.f.pixels && (s.f.jpeg || w->request.op != WIRE_OP_JPEGS_AT))
        rc = answer_shown(w, &d, &s);
out:
    worker_track_close(&d.video);
    pixels_free(s.f.pixels);
    jpeg_free(s.f.jpeg);
    av_frame_free(&s.held);
    return rc;
}

/* --- stills --------------------------------------------------------------- */

static int on_still(struct worker *w, void *user, AVFrame *frame)
{
    struct wanted *f = user;
    struct wire_frame head = {.index = 0};
    const uint8_t *rgb = NULL;

    if (pixels_flatten(f->pixels, frame, &rgb, &head.width, &head.height) < 0 ||
        worker_send(w, WIRE_FRAME, &head, sizeof head, rgb,
                    (size_t)head.width * head.height * 3) < 0)
        return -1;
    f->n = 1;
    return 1;
}

int worker_image(struct worker *w)
{
    AVStream *stream = worker_stream(w, AVMEDIA_TYPE_VIDEO);
    struct wanted f = {.n = 0};
    struct worker_decode d = {.on_video = on_still, .user = &f};
    int rc = -1;

    if (!stream)
        return worker_fault(w, WIRE_UNREADABLE, "no picture");
    d.video.stream = stream;
    f.pixels = pixels_new(w, worker_rotation(stream));
    if (f.pixels)
        rc = answer_frames(w, &d, &f);
    worker_track_close(&d.video);
    pixels_free(f.pixels);
    return rc;
}
