/* Media: the calls of media.h, each a question to a helper of its own. */
#include "asid/media/media.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "asid/base/arena.h"
#include "talk.h"

enum { RATE = 16000 };

const struct media_limits MEDIA_LIMITS_DEFAULT = {
    .memory = (uint64_t)2 << 30,
    .seconds = 600,
    .max_side = 16384,
    .max_frames = 2000000,
    .max_duration = 6 * 3600,
};

enum asid_rc media_probe(const char *path, enum media_check check,
                         const struct media_limits *limits,
                         struct media_info *info, struct asid_err *err)
{
    struct wire_request request = {
        .op = check == MEDIA_CHECK_DECODE ? WIRE_OP_CHECK : WIRE_OP_PROBE};
    struct link l;
    enum asid_rc rc = link_open(&l, path, limits, &request, NULL, err);

    if (rc == ASID_OK)
        rc = talk_info(&l, info, err);
    return link_close(&l, rc, err);
}

enum asid_rc media_check(const char *path, const struct media_limits *limits,
                         struct media_info *info, struct media_cuts *cuts,
                         struct asid_err *err)
{
    struct wire_request request = {.op = WIRE_OP_CUTS};
    struct media_cuts got = {NULL, 0, false};
    struct link l;
    enum asid_rc rc = link_open(&l, path, limits, &request, NULL, err);

    if (rc == ASID_OK)
        rc = talk_check(&l, info, &got, err);
    rc = link_close(&l, rc, err);
    if (rc == ASID_OK)
        *cuts = got;
    else
        media_cuts_release(&got);
    return rc;
}

void media_cuts_release(struct media_cuts *cuts)
{
    free(cuts->times);
    *cuts = (struct media_cuts){NULL, 0, false};
}

static enum asid_rc check_index(const uint64_t *index, size_t n_index,
                                struct asid_err *err)
{
    if (n_index > WIRE_MAX_INDEX)
        return REJECT(err, "media.limit", "%zu frames asked for at once",
                      n_index);
    for (size_t i = 1; i < n_index; i++)
        BUG_IF(index[i] < index[i - 1]);
    return ASID_OK;
}

enum asid_rc media_frames(const char *path, const uint64_t *index,
                          size_t n_index, const struct media_limits *limits,
                          media_frame_sink sink, void *user, uint64_t *total,
                          struct asid_err *err)
{
    struct wire_request request = {.op = WIRE_OP_FRAMES, .n_index = n_index};
    struct talk_frames want = {.index = index,
                               .n_index = n_index,
                               .max_side = limits->max_side,
                               .max_frames = limits->max_frames,
                               .sink = sink,
                               .user = user};
    struct link l;
    enum asid_rc rc;

    TRY(check_index(index, n_index, err));
    rc = link_open(&l, path, limits, &request, index, err);
    if (rc == ASID_OK)
        rc = talk_frames(&l, &want, total, err);
    return link_close(&l, rc, err);
}

/* Times as they travel: the bits of each. */
static enum asid_rc pack_times(const double *times, size_t n, uint64_t **out,
                               struct asid_err *err)
{
    void *bits;

    if (n == 0 || n > WIRE_MAX_INDEX)
        return REJECT(err, "media.limit", "%zu frames asked for at once", n);
    for (size_t i = 0; i < n; i++)
        BUG_IF(!isfinite(times[i]) || (i > 0 && times[i] < times[i - 1]));
    TRY(mem_big(&bits, n, sizeof **out, err));
    memcpy(bits, times, n * sizeof *times);
    *out = bits;
    return ASID_OK;
}

static enum asid_rc ask_jpegs(const char *path,
                              const struct media_jpeg_wish *wish,
                              const uint64_t *index,
                              const struct media_limits *limits,
                              media_jpeg_sink sink, void *user, uint64_t *total,
                              struct asid_err *err)
{
    struct wire_request request = {
        .op = wish->times ? WIRE_OP_JPEGS_AT : WIRE_OP_JPEGS,
        .n_index = wish->n_index,
        .max_pixels = wish->max_pixels,
        .quantiser = wish->quantiser ? wish->quantiser : MEDIA_JPEG_QUANTISER};
    struct talk_frames want = {.index = wish->times ? NULL : index,
                               .n_index = wish->n_index,
                               .max_side = limits->max_side,
                               .max_frames = limits->max_frames,
                               .user = user,
                               .max_pixels = wish->max_pixels,
                               .jpeg_sink = sink};
    struct link l;
    enum asid_rc rc = link_open(&l, path, limits, &request, index, err);

    if (rc == ASID_OK)
        rc = talk_jpegs(&l, &want, total, err);
    return link_close(&l, rc, err);
}

enum asid_rc media_jpegs(const char *path, const struct media_jpeg_wish *wish,
                         const struct media_limits *limits,
                         media_jpeg_sink sink, void *user, uint64_t *total,
                         struct asid_err *err)
{
    enum asid_rc rc;
    uint64_t *bits;

    if (!wish->times) {
        TRY(check_index(wish->index, wish->n_index, err));
        return ask_jpegs(path, wish, wish->index, limits, sink, user, total,
                         err);
    }
    TRY(pack_times(wish->times, wish->n_index, &bits, err));
    rc = ask_jpegs(path, wish, bits, limits, sink, user, total, err);
    free(bits);
    return rc;
}

enum asid_rc media_frames_at(const char *path, const double *times, size_t n,
                             const struct media_limits *limits,
                             media_frame_sink sink, void *user,
                             struct asid_err *err)
{
    struct wire_request request = {.op = WIRE_OP_FRAMES_AT, .n_index = n};
    struct talk_frames want = {.n_index = n,
                               .max_side = limits->max_side,
                               .max_frames = limits->max_frames,
                               .sink = sink,
                               .user = user};
    uint64_t total = 0, *bits;
    struct link l;
    enum asid_rc rc;

    TRY(pack_times(times, n, &bits, err));
    rc = link_open(&l, path, limits, &request, bits, err);
    if (rc == ASID_OK)
        rc = talk_frames(&l, &want, &total, err);
    free(bits);
    return link_close(&l, rc, err);
}

enum asid_rc media_sound(const char *path, double max_seconds,
                         const struct media_limits *limits,
                         struct media_sound *sound, struct asid_err *err)
{
    uint64_t most = (uint64_t)ceil(limits->max_duration * RATE) + 1;
    struct wire_request request = {.op = WIRE_OP_SOUND};
    struct media_sound got = {NULL, 0, RATE};
    struct link l;
    enum asid_rc rc;

    if (max_seconds > 0 && max_seconds < limits->max_duration)
        request.max_samples = most = (uint64_t)ceil(max_seconds * RATE);
    rc = link_open(&l, path, limits, &request, NULL, err);
    if (rc == ASID_OK)
        rc = talk_sound(&l, most, &got.samples, &got.n, err);
    rc = link_close(&l, rc, err);
    if (rc == ASID_OK)
        *sound = got;
    else
        media_sound_release(&got);
    return rc;
}

void media_sound_release(struct media_sound *sound)
{
    free(sound->samples);
    *sound = (struct media_sound){NULL, 0, 0};
}

struct picture {
    uint8_t *rgb;
    uint32_t width, height;
};

static enum asid_rc keep_picture(void *user, const struct media_frame *frame,
                                 struct asid_err *err)
{
    struct picture *picture = user;
    void *p = NULL;
    size_t pixels = (size_t)frame->width * frame->height;

    TRY(mem_big(&p, pixels, 3, err));
    memcpy(p, frame->rgb, pixels * 3);
    *picture = (struct picture){p, frame->width, frame->height};
    return ASID_OK;
}

enum asid_rc media_image(const char *path, const struct media_limits *limits,
                         uint8_t **rgb, uint32_t *width, uint32_t *height,
                         struct asid_err *err)
{
    static const uint64_t first = 0;
    struct wire_request request = {.op = WIRE_OP_IMAGE};
    struct picture picture = {NULL, 0, 0};
    struct talk_frames want = {.index = &first,
                               .n_index = 1,
                               .max_side = limits->max_side,
                               .max_frames = 1,
                               .sink = keep_picture,
                               .user = &picture};
    uint64_t total = 0;
    struct link l;
    enum asid_rc rc = link_open(&l, path, limits, &request, NULL, err);

    if (rc == ASID_OK)
        rc = talk_frames(&l, &want, &total, err);
    if (rc == ASID_OK && !picture.rgb)
        rc = link_garbled("no picture", err);
    rc = link_close(&l, rc, err);
    if (rc != ASID_OK) {
        free(picture.rgb);
        return rc;
    }
    *rgb = picture.rgb;
    *width = picture.width;
    *height = picture.height;
    return ASID_OK;
}

enum asid_rc media_versions(char *space, size_t size, struct asid_err *err)
{
    struct wire_request request = {.op = WIRE_OP_VERSIONS};
    struct link l;
    enum asid_rc rc =
        link_open(&l, NULL, &MEDIA_LIMITS_DEFAULT, &request, NULL, err);

    if (rc == ASID_OK)
        rc = talk_text(&l, space, size, err);
    rc = link_close(&l, rc, err);
    /* There is no record to reject: nothing was decoded. */
    return rc == ASID_REJECT ? FAIL(err, "asid-media-worker gave no version")
                             : rc;
}
