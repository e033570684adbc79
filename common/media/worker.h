/*
 * The helper's side: everything that touches libav.
 *
 * media_worker_main answers one request and the process ends. Faults of the file are
 * enum wire_fault with a text; functions return 0 or -1 with the fault noted
 * in the worker, since nothing here can be anything but a fault of the file.
 */
#ifndef COMMON_MEDIA_WORKER_H
#define COMMON_MEDIA_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "asid/media/media.h"
#include "wire.h"

/* Where messages go; a test or a fuzzer puts its own here. False: nobody
 * listens any more. */
struct worker_port {
    bool (*send)(void *user, uint32_t kind, const void *head, size_t head_size,
                 const void *body, size_t body_size);
    void *user;
};

struct worker {
    struct wire_request request;
    const uint64_t *index; /* request.n_index of them */
    struct worker_port port;
    int file;
    int64_t at; /* position in the file */
    AVFormatContext *format;
    AVIOContext *io;
    struct wire_error fault;
    bool faulty;
    bool deaf; /* the port said so */
};

/* One stream and its decoder. */
struct track {
    AVStream *stream;
    AVCodecContext *codec;
    uint64_t packets; /* read, without those an edit list hides */
    uint64_t frames;  /* or samples, decoded */
    uint64_t errors;  /* packets the decoder complained about */
};

/* What the decoders do with a frame; -1 ends the decoding, 1 ends it early and
 * well. */
typedef int (*worker_sink)(struct worker *w, void *user, AVFrame *frame);

struct worker_decode {
    struct track video, audio; /* stream NULL: not decoded */
    worker_sink on_video, on_audio;
    void *user;
    uint64_t read_errors; /* of the container */
};

/* --- worker_run.c ---------------------------------------------------------- */

/* Answer w->request about w->file over w->port; releases what it took. */
void worker_answer(struct worker *w);
/* Note a fault (the first one counts); always -1. */
int worker_fault(struct worker *w, enum wire_fault fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The fault that a libav error stands for; `doing` says what failed. */
int worker_av_fault(struct worker *w, enum wire_fault otherwise, int error,
                    const char *doing);
int worker_send(struct worker *w, uint32_t kind, const void *head,
                size_t head_size, const void *body, size_t body_size);

/* --- worker_guard.c -------------------------------------------------------- */

/* Give up every right that decoding does not need. */
void worker_guard(const struct wire_request *request);

/* --- worker_log.c ---------------------------------------------------------- */

/* libav's log goes into a counter and the text of the last error. */
void worker_log_start(void);
uint64_t worker_log_errors(void);
const char *worker_log_last(void); /* "" when there was none */

/* --- worker_open.c --------------------------------------------------------- */

int worker_open(struct worker *w);
void worker_close(struct worker *w);
/* The first stream of that kind that is no cover picture, or NULL. */
AVStream *worker_stream(const struct worker *w, enum AVMediaType type);
/* Clockwise degrees that put the picture upright: 0 90 180 270. */
int worker_rotation(const AVStream *stream);
/* Average frames per second as declared; 0 unknown. */
double worker_rate(const AVStream *stream);
/* Sizes must be positive and within the limit. */
int worker_check_size(struct worker *w, int width, int height);

/* --- worker_decode.c ------------------------------------------------------- */

int worker_track_open(struct worker *w, struct track *t, AVStream *stream);
void worker_track_close(struct track *t);
/* Read the whole file and decode the tracks that have a stream. */
int worker_decode(struct worker *w, struct worker_decode *d);

/* The times of frames, asked for in order: presentation time minus that of the
 * first; a frame without one goes by the average rate. */
struct frame_clock {
    double rate;   /* frames per second, 0 unknown */
    double unit;   /* seconds per tick */
    int64_t first; /* time of the first frame, in ticks */
    uint64_t n;    /* frames asked for so far */
};
struct frame_clock frame_clock_of(const AVStream *stream);
double frame_seconds(struct frame_clock *c, const AVFrame *frame);

/* --- worker_cuts.c: shot cuts among decoded frames ------------------------- */

struct spotter;

/* NULL when memory is out. */
struct spotter *spotter_new(struct worker *w, const AVStream *stream);
void spotter_free(struct spotter *s);
int spotter_see(struct spotter *s, const AVFrame *frame);
/* After the last frame: send the cuts; *n is how many, or WIRE_NO_CUTS. */
int spotter_send(struct spotter *s, uint64_t *n);

/* --- one file each, the answers -------------------------------------------- */

int worker_probe(struct worker *w, enum wire_op op);
int worker_frames(struct worker *w);
int worker_frames_at(struct worker *w);
int worker_sound(struct worker *w);
int worker_image(struct worker *w);

/* --- worker_sound.c: the resampler ----------------------------------------- */

struct resampler;

/* NULL when memory is out. rate > 0. */
struct resampler *resampler_new(uint32_t rate);
void resampler_free(struct resampler *r);
/* Feed n samples; writes at most room samples to out and returns how many
 * input samples were taken (*made: how many came). n 0 flushes. -1 on error. */
int64_t resampler_run(struct resampler *r, const float *in, size_t n,
                      float *out, size_t room, size_t *made);
/* What n samples at `rate` become at 16 kHz. */
uint64_t resampler_length(uint64_t n, uint32_t rate);

/* --- worker_pixels.c: conversion to upright RGB24 -------------------------- */

struct pixels_out;

struct pixels_out *pixels_new(struct worker *w, int rotation);
void pixels_free(struct pixels_out *p);
/* Convert a frame to the size of the first one; the result lives until the next
 * call. width and height are as shown. */
int pixels_convert(struct pixels_out *p, const AVFrame *frame,
                   const uint8_t **rgb, uint32_t *width, uint32_t *height);
/* The same with transparency laid over white. */
int pixels_flatten(struct pixels_out *p, const AVFrame *frame,
                   const uint8_t **rgb, uint32_t *width, uint32_t *height);

/* --- worker_jpeg.c: RGB24 to JPEG files ------------------------------------- */

struct jpeg_out;

/* As the request wants them. */
struct jpeg_out *jpeg_new(struct worker *w);
void jpeg_free(struct jpeg_out *j);
/* Encode a picture; all have the size of the first. The file lives until the
 * next call; width and height get its own. */
int jpeg_encode(struct jpeg_out *j, const uint8_t *rgb, uint32_t *width,
                uint32_t *height, const uint8_t **file, size_t *size);

#endif
