/* Answers with pictures: chosen frames of a video, and stills. */
#include "worker.h"

#include <errno.h>
#include <math.h>

struct wanted {
    struct pixels_out *pixels;
    struct jpeg_out *jpeg; /* NULL: the pixels themselves are wanted */
    struct frame_clock clock;
    uint64_t n; /* frames decoded so far */
    size_t at;  /* the next entry of the index */
};

static int send_frame(struct worker *w, struct wanted *f, double time,
                      const AVFrame *frame)
{
    struct wire_frame head = {.index = f->n, .time = time};
    uint32_t kind = f->jpeg ? WIRE_JPEG : WIRE_FRAME;
    const uint8_t *rgb = NULL, *body;
    size_t size;

    if (pixels_convert(f->pixels, frame, &rgb, &head.width, &head.height) < 0)
        return -1;
    body = rgb;
    size = (size_t)head.width * head.height * 3;
    if (f->jpeg &&
        jpeg_encode(f->jpeg, rgb, &head.width, &head.height, &body, &size) < 0)
        return -1;
    while (f->at < w->request.n_index && w->index[f->at] == f->n) {
        if (worker_send(w, kind, &head, sizeof head, body, size) < 0)
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
