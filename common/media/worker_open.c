/* Opening a media file from a descriptor, and what its streams are. */
#include "worker.h"

#include <errno.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 1 << 16 };

/* Containers that hold their media themselves. Left out on purpose: playlists
 * and manifests (hls, dash, concat, image2 patterns, sdp ...), which make a
 * reader open other files, and capture devices. */
static const char CONTAINERS[] =
    "mov,matroska,avi,flv,asf,mpegts,mpeg,mpegvideo,ogg,wav,w64,flac,mp3,aac,"
    "ac3,eac3,aiff,au,caf,amr,m4v,h263,h264,hevc,ivf,obu,gif,nut,mxf,dv,rm,"
    "wtv,yuv4mpegpipe,apng,bmp_pipe,jpeg_pipe,png_pipe,tiff_pipe,webp_pipe,"
    "pgm_pipe,ppm_pipe,pam_pipe,j2k_pipe,jpegls_pipe";

/* --- reading the descriptor ----------------------------------------------- */

static int read_file(void *user, uint8_t *p, int n)
{
    struct worker *w = user;
    ssize_t got;

    do
        got = pread(w->file, p, (size_t)n, w->at);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return AVERROR(errno);
    if (got == 0)
        return AVERROR_EOF;
    w->at += got;
    return (int)got;
}

static int64_t seek_file(void *user, int64_t offset, int whence)
{
    struct worker *w = user;
    struct stat st;
    int64_t base = 0;

    if (fstat(w->file, &st) < 0)
        return AVERROR(errno);
    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return st.st_size;
    case SEEK_SET:
        break;
    case SEEK_CUR:
        base = w->at;
        break;
    case SEEK_END:
        base = st.st_size;
        break;
    default:
        return AVERROR(EINVAL);
    }
    if (__builtin_add_overflow(base, offset, &base) || base < 0)
        return AVERROR(EINVAL);
    return w->at = base;
}

/* A container that refers to another file gets none. */
static int refuse(AVFormatContext *format, AVIOContext **io, const char *url,
                  int flags, AVDictionary **options)
{
    (void)format;
    (void)url;
    (void)flags;
    (void)options;
    *io = NULL;
    return AVERROR(EPERM);
}

/* --- opening -------------------------------------------------------------- */

static int open_input(struct worker *w)
{
    uint8_t *buffer = av_malloc(BUFFER);
    AVDictionary *options = NULL;
    int e;

    w->io = buffer ? avio_alloc_context(buffer, BUFFER, 0, w, read_file, NULL,
                                        seek_file)
                   : NULL;
    if (!w->io) {
        av_free(buffer);
        return AVERROR(ENOMEM);
    }
    w->format = avformat_alloc_context();
    if (!w->format)
        return AVERROR(ENOMEM);
    w->format->pb = w->io;
    w->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    w->format->io_open = refuse;
    w->format->error_recognition |= AV_EF_CRCCHECK;
    e = av_dict_set(&options, "format_whitelist", CONTAINERS, 0);
    if (e >= 0) /* frees the format context when it fails */
        e = avformat_open_input(&w->format, NULL, NULL, &options);
    av_dict_free(&options);
    return e;
}

/* Learn codecs and sizes, which for some containers means to decode a little.
 * Without a limit of pixels: a picture that is too large should be known for
 * its size, and what its memory costs is limited anyhow. */
static int find_streams(struct worker *w)
{
    unsigned n = w->format->nb_streams;
    AVDictionary **options = av_calloc(n + 1u, sizeof *options);
    int e = options ? 0 : AVERROR(ENOMEM);

    for (unsigned i = 0; i < n && e >= 0; i++)
        e = av_dict_set_int(&options[i], "threads", 1, 0);
    if (e >= 0)
        e = avformat_find_stream_info(w->format, options);
    for (unsigned i = 0; options && i < n; i++)
        av_dict_free(&options[i]);
    av_free(options);
    return e;
}

int worker_open(struct worker *w)
{
    int e = open_input(w);

    /* The name in front of the message is that of the container. */
    if (e == AVERROR(EINVAL) && strstr(worker_log_last(), "whitelist"))
        return worker_fault(
            w, WIRE_UNREADABLE, "a container of the kind %.*s is not accepted",
            (int)strcspn(worker_log_last(), ":"), worker_log_last());
    if (e < 0)
        return worker_av_fault(w, WIRE_UNREADABLE, e,
                               "cannot read the container");
    e = find_streams(w);
    if (e < 0)
        return worker_av_fault(w, WIRE_UNREADABLE, e,
                               "cannot read the streams");
    if (w->format->nb_streams == 0)
        return worker_fault(w, WIRE_UNREADABLE, "a container with no streams");
    return 0;
}

void worker_close(struct worker *w)
{
    avformat_close_input(&w->format);
    if (w->io)
        av_freep(&w->io->buffer);
    avio_context_free(&w->io);
}

/* --- streams -------------------------------------------------------------- */

AVStream *worker_stream(const struct worker *w, enum AVMediaType type)
{
    for (unsigned i = 0; i < w->format->nb_streams; i++) {
        AVStream *s = w->format->streams[i];

        if (s->codecpar->codec_type == type &&
            !(s->disposition & AV_DISPOSITION_ATTACHED_PIC))
            return s;
    }
    return NULL;
}

int worker_rotation(const AVStream *stream)
{
    size_t size = 0;
    const uint8_t *matrix =
        av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    double counter;
    int quarters;

    if (!matrix || size < 9 * sizeof(int32_t))
        return 0;
    counter = av_display_rotation_get((const int32_t *)(const void *)matrix);
    if (!isfinite(counter))
        return 0;
    quarters = (int)lround(-counter / 90) % 4;
    return (quarters < 0 ? quarters + 4 : quarters) * 90;
}

double worker_rate(const AVStream *stream)
{
    AVRational r = stream->avg_frame_rate;

    if (r.num <= 0 || r.den <= 0)
        r = stream->r_frame_rate;
    return r.num > 0 && r.den > 0 ? av_q2d(r) : 0;
}

int worker_check_size(struct worker *w, int width, int height)
{
    if (width <= 0 || height <= 0)
        return worker_fault(w, WIRE_DAMAGED, "pictures of unknown size%s%s",
                            *worker_log_last() ? ": " : "", worker_log_last());
    if ((uint32_t)width > w->request.max_side ||
        (uint32_t)height > w->request.max_side)
        return worker_fault(w, WIRE_LIMIT,
                            "a picture of %d x %d pixels; at most %u are "
                            "accepted each way",
                            width, height, (unsigned)w->request.max_side);
    return 0;
}
