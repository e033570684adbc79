/*
 * Media: probing, health, frames and sound of one file, by libav.
 *
 * Every call starts the helper program asid-media-worker (beside the running
 * program) and talks to it over pipes. The helper does all parsing and
 * decoding under limits of memory, processor time and open files, with no
 * network; the caller watches the clock and checks every figure that comes
 * back. Whatever a hostile file does to the decoder, the caller sees a REJECT
 * with one of: media.unreadable, media.no_video, media.no_audio, media.damaged,
 * media.limit. The message of a REJECT does not name the file: the caller puts
 * in front what the record calls it, so that a reject is the same wherever the
 * files lie.
 *
 * Safe for several threads at once; each call has its own helper.
 */
#ifndef ASID_MEDIA_MEDIA_H
#define ASID_MEDIA_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/err.h"
#include "asid/base/str.h"

struct media_limits {
    uint64_t memory;     /* bytes of address space of the helper */
    double seconds;      /* wall clock for the whole call */
    uint32_t max_side;   /* pixels, width and height */
    uint64_t max_frames; /* decoded frames */
    double max_duration; /* seconds of sound */
};
/* 2 GiB, 600 s, 16384, 2 million, 6 hours. */
extern const struct media_limits MEDIA_LIMITS_DEFAULT;

enum media_check {
    MEDIA_CHECK_PROBE,  /* container and stream headers */
    MEDIA_CHECK_DECODE, /* every packet decoded and counted */
};

struct media_info {
    double duration;    /* seconds; of the video stream, else the container */
    char container[32]; /* libav's short name, e.g. "mov,mp4,m4a,3gp,3g2,mj2" */
    struct {
        bool present;
        char codec[32];
        uint32_t width, height; /* as shown: after rotation */
        int rotation;           /* clockwise degrees applied: 0 90 180 270 */
        double fps;             /* average frame rate (stream), as declared */
        uint64_t packets;       /* frames the container holds; 0 unknown */
        double start;           /* seconds, first presentation time */
    } video;
    struct {
        bool present;
        char codec[32];
        uint32_t sample_rate, channels;
        double start;
    } audio;
    /* MEDIA_CHECK_DECODE only: */
    bool decoded;
    uint64_t frames_declared, frames_decoded;
    uint64_t errors;   /* packets the decoders complained about */
    double video_span; /* seconds between first and last frame's ends */
    double audio_span; /* seconds of sound decoded */
};

/* Look at one file. With MEDIA_CHECK_DECODE a file that declares frames it does
 * not yield, or whose decoders report errors, is REJECTed as media.damaged with
 * the figures in the message. *info is written only on ASID_OK. A file without
 * picture is ASID_OK with video.present false (the caller decides); attached
 * cover pictures do not count as video. */
enum asid_rc media_probe(const char *path, enum media_check check,
                         const struct media_limits *limits,
                         struct media_info *info,
                         struct asid_err *err) ASID_WARN_UNUSED;

/* Where the picture changes to another shot at once: the times of the first
 * frames of all shots but the first, in seconds as media_frame.time. Fades and
 * dissolves are not listed. docs/MEDIA.md says how they are found. */
struct media_cuts {
    double *times; /* rising; freed by media_cuts_release */
    size_t n;
    bool known; /* false: pictures of an odd kind, or more than 65536 cuts */
};

/* media_probe with MEDIA_CHECK_DECODE, finding the cuts on the way. */
enum asid_rc media_check(const char *path, const struct media_limits *limits,
                         struct media_info *info, struct media_cuts *cuts,
                         struct asid_err *err) ASID_WARN_UNUSED;
void media_cuts_release(struct media_cuts *cuts);

/* One decoded frame: packed RGB24, rows without padding, upright (rotation
 * applied). Valid during the call only. Return ASID_OK to go on. */
struct media_frame {
    const uint8_t *rgb; /* [height, width, 3] */
    uint32_t width, height;
    double time;    /* seconds from the start of the video, from the PTS */
    uint64_t index; /* which decoded frame, from 0 */
};
typedef enum asid_rc (*media_frame_sink)(void *user,
                                         const struct media_frame *frame,
                                         struct asid_err *err);

/* Decode the first video stream and hand over the frames with the given
 * indexes (ascending; an index may repeat, the frame then comes repeatedly).
 * *total gets the number of frames the whole stream decodes to: the caller
 * that planned with another total (packets from media_probe are only a
 * promise) plans again and calls again. Indexes past the end are not
 * delivered. n_index 0 just counts. */
enum asid_rc media_frames(const char *path, const uint64_t *index,
                          size_t n_index, const struct media_limits *limits,
                          media_frame_sink sink, void *user, uint64_t *total,
                          struct asid_err *err) ASID_WARN_UNUSED;

/* The same frames as JPEG files, for servers that take pictures: baseline,
 * 4:2:0, full range BT.601, without comment or version, so that equal frames
 * are equal bytes. Encoded by the helper, too. */
enum { MEDIA_JPEG_QUANTISER = 3 };
struct media_jpeg_wish {
    const uint64_t *index; /* ascending; may repeat */
    const double *times;   /* instead of the index: as media_frames_at */
    size_t n_index;        /* of either */
    uint64_t max_pixels;   /* larger frames are scaled down; 0: none are */
    unsigned quantiser;    /* 2 (best) to 31; 0: MEDIA_JPEG_QUANTISER */
};
struct media_jpeg {
    const uint8_t *bytes; /* during the call only */
    size_t size;
    uint32_t width, height;
    double time;    /* seconds from the start of the video, from the PTS */
    uint64_t index; /* which decoded frame, from 0 */
};
typedef enum asid_rc (*media_jpeg_sink)(void *user,
                                        const struct media_jpeg *jpeg,
                                        struct asid_err *err);
enum asid_rc media_jpegs(const char *path, const struct media_jpeg_wish *wish,
                         const struct media_limits *limits,
                         media_jpeg_sink sink, void *user, uint64_t *total,
                         struct asid_err *err) ASID_WARN_UNUSED;

/* The frames that are shown at n > 0 times (seconds from the start of the video,
 * finite, ascending): for each the last frame whose time is not later, or the
 * first frame; a frame comes as often as it is wanted. Decoding ends with the
 * last one. */
enum asid_rc media_frames_at(const char *path, const double *times, size_t n,
                             const struct media_limits *limits,
                             media_frame_sink sink, void *user,
                             struct asid_err *err) ASID_WARN_UNUSED;

/* Sound of the first audio stream as the reference reads it: 16-bit samples at
 * the native rate, divided by 32768, channels averaged, resampled by libsoxr HQ
 * to 16 kHz, length ceil(N * 16000 / rate). At most max_seconds are returned
 * (0: all, up to limits->max_duration). */
struct media_sound {
    float *samples; /* [n], freed by media_sound_release */
    size_t n;
    uint32_t rate; /* 16000 */
};
enum asid_rc media_sound(const char *path, double max_seconds,
                         const struct media_limits *limits,
                         struct media_sound *sound,
                         struct asid_err *err) ASID_WARN_UNUSED;
void media_sound_release(struct media_sound *sound);
/* Append the sound as a WAV file: PCM, 16 bits, one channel. Samples that came
 * from 16 bits become the same bits again; others are rounded and clipped. */
void media_wav(const struct media_sound *sound, struct buf *out);

/* A still picture: the first frame of an image file as RGB24, alpha on white.
 * Freed with free(). */
enum asid_rc media_image(const char *path, const struct media_limits *limits,
                         uint8_t **rgb, uint32_t *width, uint32_t *height,
                         struct asid_err *err) ASID_WARN_UNUSED;

/* "libavformat 59.27.100, ..." as linked by the helper; for the ledger. */
enum asid_rc media_versions(char *space, size_t size,
                            struct asid_err *err) ASID_WARN_UNUSED;

#endif
