/* The answers of the helper, read and checked. */
#include "talk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "asid/base/arena.h"

/* The last message: its figure, at most `most`. */
static enum asid_rc read_end(struct link *l, const struct wire_head *head,
                             uint64_t most, uint64_t *figure,
                             struct asid_err *err)
{
    uint64_t n;

    if (head->kind != WIRE_END || head->size != sizeof n)
        return link_garbled("kind of message", err);
    TRY(link_body(l, &n, sizeof n, err));
    if (n > most)
        return link_garbled("count", err);
    *figure = n;
    return ASID_OK;
}

/* --- probing -------------------------------------------------------------- */

/* Counts beyond this are no counts; it also fits every integer type. */
static const uint64_t MOST = (uint64_t)1 << 53;

static bool is_text(const char *space, size_t size)
{
    return memchr(space, '\0', size) != NULL;
}

static bool is_span(double seconds)
{
    return isfinite(seconds) && seconds >= 0;
}

static bool is_sane(const struct media_info *i)
{
    if (!is_text(i->container, sizeof i->container) ||
        !is_text(i->video.codec, sizeof i->video.codec) ||
        !is_text(i->audio.codec, sizeof i->audio.codec))
        return false;
    if (!is_span(i->duration) || !is_span(i->video.fps) ||
        !is_span(i->video_span) || !is_span(i->audio_span) ||
        !isfinite(i->video.start) || !isfinite(i->audio.start))
        return false;
    if (i->video.present && (i->video.width == 0 || i->video.height == 0))
        return false;
    if (i->audio.present &&
        (i->audio.sample_rate == 0 || i->audio.channels == 0))
        return false;
    if (i->video.packets > MOST || i->frames_declared > MOST ||
        i->frames_decoded > MOST || i->errors > MOST)
        return false;
    return i->video.rotation >= 0 && i->video.rotation < 360 &&
           i->video.rotation % 90 == 0;
}

static enum asid_rc read_info(struct link *l, struct media_info *info,
                              struct asid_err *err)
{
    struct wire_head head;
    struct media_info got;
    unsigned char flags[3]; /* a bool may be read only when it is 0 or 1 */

    TRY(link_next(l, &head, err));
    if (head.kind != WIRE_INFO || head.size != sizeof got)
        return link_garbled("kind of message", err);
    TRY(link_body(l, &got, sizeof got, err));
    memcpy(&flags[0], &got.video.present, 1);
    memcpy(&flags[1], &got.audio.present, 1);
    memcpy(&flags[2], &got.decoded, 1);
    if (flags[0] > 1 || flags[1] > 1 || flags[2] > 1 || !is_sane(&got))
        return link_garbled("figures", err);
    *info = got;
    return ASID_OK;
}

enum asid_rc talk_info(struct link *l, struct media_info *info,
                       struct asid_err *err)
{
    struct wire_head head;
    struct media_info got;

    TRY(read_info(l, &got, err));
    TRY(link_next(l, &head, err));
    TRY(read_end(l, &head, 0, &(uint64_t){0}, err));
    *info = got;
    return ASID_OK;
}

/* --- cuts ----------------------------------------------------------------- */

static enum asid_rc read_cuts(struct link *l, uint64_t size,
                              struct media_cuts *cuts, struct asid_err *err)
{
    size_t n = (size_t)(size / sizeof *cuts->times);
    void *p = NULL;

    if (size == 0 || size % sizeof *cuts->times != 0 || n > WIRE_MAX_CUTS)
        return link_garbled("number of cuts", err);
    TRY(mem_big(&p, n, sizeof *cuts->times, err));
    cuts->times = p;
    cuts->n = n;
    TRY(link_body(l, p, n * sizeof *cuts->times, err));
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(cuts->times[i]) || cuts->times[i] < 0 ||
            (i > 0 && cuts->times[i] <= cuts->times[i - 1]))
            return link_garbled("times of cuts", err);
    }
    return ASID_OK;
}

enum asid_rc talk_check(struct link *l, struct media_info *info,
                        struct media_cuts *cuts, struct asid_err *err)
{
    struct media_cuts got = {NULL, 0, false};
    struct media_info looked;
    struct wire_head head;
    uint64_t n = 0;
    enum asid_rc rc = read_info(l, &looked, err);

    if (rc == ASID_OK)
        rc = link_next(l, &head, err);
    if (rc == ASID_OK && head.kind == WIRE_CUTS) {
        rc = read_cuts(l, head.size, &got, err);
        if (rc == ASID_OK)
            rc = link_next(l, &head, err);
    }
    if (rc == ASID_OK)
        rc = read_end(l, &head, WIRE_NO_CUTS, &n, err);
    got.known = n != WIRE_NO_CUTS;
    if (rc == ASID_OK && got.n != (got.known ? n : 0))
        rc = link_garbled("number of cuts", err);
    if (rc != ASID_OK)
        goto out;
    *info = looked;
    *cuts = got;
    got.times = NULL;
out:
    free(got.times);
    return rc;
}

/* --- frames --------------------------------------------------------------- */

struct pixels {
    uint8_t *p;
    size_t size;
    uint32_t width, height; /* of the first frame; the others have it too */
    uint64_t last;          /* index of the frame before */
};

static bool is_next(const struct talk_frames *want, size_t at,
                    const struct wire_frame *f, uint64_t last)
{
    if (at >= want->n_index || !isfinite(f->time))
        return false;
    if (want->index)
        return f->index == want->index[at];
    return f->index >= last && f->index < want->max_frames;
}

/* What is right for pixels and files alike. */
static enum asid_rc read_frame_head(struct link *l,
                                    const struct talk_frames *want, size_t at,
                                    uint64_t size, uint64_t *last,
                                    struct wire_frame *f, struct asid_err *err)
{
    if (size < sizeof *f)
        return link_garbled("size of a frame", err);
    TRY(link_body(l, f, sizeof *f, err));
    if (f->width == 0 || f->width > want->max_side || f->height == 0 ||
        f->height > want->max_side)
        return link_garbled("size of a frame", err);
    if (!is_next(want, at, f, *last))
        return link_garbled("order of frames", err);
    *last = f->index;
    return ASID_OK;
}

static enum asid_rc read_frame(struct link *l, const struct talk_frames *want,
                               size_t at, uint64_t size, struct pixels *pixels,
                               struct asid_err *err)
{
    struct wire_frame f;
    struct media_frame frame;

    TRY(read_frame_head(l, want, at, size, &pixels->last, &f, err));
    if (size - sizeof f != (uint64_t)f.width * f.height * 3)
        return link_garbled("size of a frame", err);
    if (pixels->p && (f.width != pixels->width || f.height != pixels->height))
        return link_garbled("changing size", err);
    if (!pixels->p) {
        void *p = NULL;

        TRY(mem_big(&p, (size_t)f.width * f.height, 3, err));
        *pixels = (struct pixels){p, (size_t)(size - sizeof f), f.width,
                                  f.height, f.index};
    }
    TRY(link_body(l, pixels->p, pixels->size, err));
    frame = (struct media_frame){pixels->p, f.width, f.height, f.time, f.index};
    return want->sink(want->user, &frame, err);
}

/* The last message of frames; every one asked for that exists has come. */
static enum asid_rc end_frames(struct link *l, const struct wire_head *head,
                               const struct talk_frames *want, size_t at,
                               uint64_t last, uint64_t *total,
                               struct asid_err *err)
{
    uint64_t n = 0;

    TRY(read_end(l, head, want->max_frames, &n, err));
    if (at < want->n_index && (!want->index || want->index[at] < n))
        return link_garbled("missing frames", err);
    if (at > 0 && last >= n)
        return link_garbled("count", err);
    *total = n;
    return ASID_OK;
}

enum asid_rc talk_frames(struct link *l, const struct talk_frames *want,
                         uint64_t *total, struct asid_err *err)
{
    struct pixels pixels = {NULL, 0, 0, 0, 0};
    struct wire_head head;
    enum asid_rc rc;
    size_t at = 0;

    while ((rc = link_next(l, &head, err)) == ASID_OK &&
           head.kind == WIRE_FRAME) {
        rc = read_frame(l, want, at++, head.size, &pixels, err);
        if (rc != ASID_OK)
            goto out;
    }
    if (rc == ASID_OK)
        rc = end_frames(l, &head, want, at, pixels.last, total, err);
out:
    free(pixels.p);
    return rc;
}

/* --- frames as JPEG files -------------------------------------------------- */

/* More than the worst picture of that size takes. */
static uint64_t jpeg_most(const struct wire_frame *f)
{
    return (uint64_t)f->width * f->height * 4 + 65536;
}

static bool is_jpeg(const uint8_t *p, size_t n)
{
    return n > 4 && p[0] == 0xff && p[1] == 0xd8 && p[n - 2] == 0xff &&
           p[n - 1] == 0xd9;
}

static enum asid_rc read_jpeg(struct link *l, const struct talk_frames *want,
                              size_t at, uint64_t size, uint64_t *last,
                              struct asid_err *err)
{
    enum asid_rc rc;
    struct media_jpeg jpeg;
    struct wire_frame f;
    void *p = NULL;

    TRY(read_frame_head(l, want, at, size, last, &f, err));
    size -= sizeof f;
    if (size > jpeg_most(&f) ||
        (want->max_pixels && (uint64_t)f.width * f.height > want->max_pixels))
        return link_garbled("size of a picture", err);
    TRY(mem_big(&p, (size_t)size, 1, err));
    rc = link_body(l, p, (size_t)size, err);
    if (rc == ASID_OK && !is_jpeg(p, (size_t)size))
        rc = link_garbled("no JPEG", err);
    if (rc == ASID_OK) {
        jpeg = (struct media_jpeg){p,        (size_t)size, f.width,
                                   f.height, f.time,       f.index};
        rc = want->jpeg_sink(want->user, &jpeg, err);
    }
    free(p);
    return rc;
}

enum asid_rc talk_jpegs(struct link *l, const struct talk_frames *want,
                        uint64_t *total, struct asid_err *err)
{
    struct wire_head head;
    uint64_t last = 0;
    size_t at = 0;

    for (;;) {
        TRY(link_next(l, &head, err));
        if (head.kind != WIRE_JPEG)
            return end_frames(l, &head, want, at, last, total, err);
        TRY(read_jpeg(l, want, at++, head.size, &last, err));
    }
}

/* --- sound ---------------------------------------------------------------- */

struct wave {
    float *p;
    size_t n, room;
};

static enum asid_rc read_samples(struct link *l, uint64_t size, uint64_t max,
                                 struct wave *w, struct asid_err *err)
{
    size_t n = (size_t)(size / sizeof *w->p);

    if (size == 0 || size % sizeof *w->p != 0 || n > WIRE_MAX_SAMPLES ||
        n > max - w->n)
        return link_garbled("amount of sound", err);
    if (n > w->room - w->n) {
        size_t room = w->room * 2 + WIRE_MAX_SAMPLES;
        float *p = realloc(w->p, room * sizeof *p);

        if (!p)
            return FAIL(err, "no memory for %zu samples of sound", room);
        w->p = p;
        w->room = room;
    }
    TRY(link_body(l, w->p + w->n, n * sizeof *w->p, err));
    for (size_t i = w->n; i < w->n + n; i++) {
        if (!isfinite(w->p[i]))
            return link_garbled("samples", err);
    }
    w->n += n;
    return ASID_OK;
}

enum asid_rc talk_sound(struct link *l, uint64_t max, float **samples,
                        size_t *n, struct asid_err *err)
{
    struct wave w = {NULL, 0, 0};
    struct wire_head head;
    enum asid_rc rc;
    uint64_t total = 0;

    while ((rc = link_next(l, &head, err)) == ASID_OK &&
           head.kind == WIRE_SAMPLES) {
        rc = read_samples(l, head.size, max, &w, err);
        if (rc != ASID_OK)
            goto out;
    }
    if (rc == ASID_OK)
        rc = read_end(l, &head, max, &total, err);
    if (rc == ASID_OK && (total != w.n || total == 0))
        rc = link_garbled("count", err);
    if (rc != ASID_OK)
        goto out;
    *samples = w.p;
    *n = w.n;
    w.p = NULL;
out:
    free(w.p);
    return rc;
}

/* --- text ----------------------------------------------------------------- */

enum asid_rc talk_text(struct link *l, char *space, size_t size,
                       struct asid_err *err)
{
    struct wire_head head;
    char text[512];

    TRY(link_next(l, &head, err));
    if (head.kind != WIRE_TEXT || head.size >= sizeof text || head.size >= size)
        return link_garbled("length of a text", err);
    TRY(link_body(l, text, (size_t)head.size, err));
    memcpy(space, text, (size_t)head.size);
    space[head.size] = '\0';
    return ASID_OK;
}
