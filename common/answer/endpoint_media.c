/*
 * A clip for an endpoint: as many pictures as a local model would see of it,
 * each behind a text with its time (a list of images has none), and its sound.
 */
#include <math.h>
#include <stdlib.h>

#include "asid/base/num.h"
#include "asid/media/media.h"
#include "endpoint.h"

enum {
    RATE = 16000,
    MOST_SECONDS = 300, /* of sound; what the published models hear */
    SHORTEST = 321,     /* samples; as for a local model */
};

struct intake {
    struct clip *c;
    struct endpoint_media *media;
};

static void add(struct endpoint_media *m, enum chat_kind kind, const char *type,
                struct str bytes)
{
    BUG_IF(m->n == m->room);
    m->parts[m->n++] = (struct chat_part){kind, type, bytes};
}

static struct str copy(struct arena *a, const void *p, size_t n)
{
    char *bytes = arena_bytes(a, n + 1);

    memcpy(bytes, p, n);
    return (struct str){bytes, n};
}

/* What the record calls its file: rejects are the same wherever it lies. */
static const char *clip_name(const struct clip *c)
{
    const char *name = json_text(json_get(c->job->record, "video"));

    return name ? name : c->path;
}

/* --- pictures --------------------------------------------------------------- */

static enum asid_rc on_jpeg(void *user, const struct media_jpeg *jpeg,
                            struct asid_err *err)
{
    struct intake *t = user;
    struct arena *a = t->c->job->arena;
    char time[32];

    (void)err;
    num_format(rint(jpeg->time * 100) / 100, time);
    add(t->media, CHAT_TEXT, NULL, str_of(arena_printf(a, "%s s", time)));
    add(t->media, CHAT_IMAGE, "image/jpeg", copy(a, jpeg->bytes, jpeg->size));
    return ASID_OK;
}

/* The frames from first to last (of total) that the view is about. */
static void choose_range(const struct clip_view *v, double fps, uint64_t total,
                         uint64_t *first, uint64_t *last)
{
    double end = (double)total - 1;
    double from = isnan(v->start) || !(fps > 0) ? 0 : ceil(v->start * fps);
    double to = isnan(v->end) || !(fps > 0) ? end : floor(v->end * fps);

    from = fmin(fmax(from, 0), end);
    to = fmin(fmax(to, from), end);
    /* Two frames are the least there is to see. */
    if (to < from + 1)
        to = fmin(from + 1, end);
    if (to < from + 1)
        from = fmax(to - 1, 0);
    *first = (uint64_t)from;
    *last = (uint64_t)to;
}

/* Take the pictures on the supposition that the stream decodes to total
 * frames; *found gets how many it does. */
static enum asid_rc take_pictures(struct intake *t, uint64_t total, double fps,
                                  uint64_t *found, struct asid_err *err)
{
    struct clip *c = t->c;
    struct arena *a = c->job->arena;
    struct media_jpeg_wish wish = {.quantiser = 0};
    struct endpoint_media *m = t->media;
    uint64_t first, last, *index;

    if (total == 0)
        return REJECT(err, "media.too_short", "no frames");
    choose_range(&c->view, fps, total, &first, &last);
    TRY(omni_frame_count(last - first + 1, fps, &c->m->budget, &wish.n_index,
                         err));
    index = arena_array(a, wish.n_index, sizeof *index);
    omni_frame_indexes(last - first + 1, wish.n_index, index);
    for (size_t i = 0; i < wish.n_index; i++)
        index[i] += first;
    wish.index = index;
    wish.max_pixels = (uint64_t)omni_max_pixels(wish.n_index, &c->m->budget);
    m->room = 2 * wish.n_index + 8;
    m->parts = arena_array(a, m->room, sizeof *m->parts);
    m->n = 0;
    add(m, CHAT_TEXT, NULL,
        STR("Frames of a video, each behind its time in seconds:"));
    return media_jpegs(c->path, &wish, &MEDIA_LIMITS_DEFAULT, on_jpeg, t, found,
                       err);
}

/* What the container promises is only a promise, as in ask.c. */
static enum asid_rc add_pictures(struct intake *t,
                                 const struct media_info *info,
                                 struct asid_err *err)
{
    uint64_t total = info->video.packets, found = 0;
    double fps = info->video.fps;

    if (total < 2)
        TRY(media_frames(t->c->path, NULL, 0, &MEDIA_LIMITS_DEFAULT, NULL, NULL,
                         &total, err));
    if (!(fps > 0) && info->duration > 0)
        fps = (double)total / info->duration;
    TRY(take_pictures(t, total, fps, &found, err));
    if (found == total)
        return ASID_OK;
    total = found;
    TRY(take_pictures(t, total, fps, &found, err));
    if (found == total)
        return ASID_OK;
    return REJECT(err, "media.damaged",
                  "decodes to %llu frames once and %llu another time",
                  (unsigned long long)total, (unsigned long long)found);
}

/* --- sound ------------------------------------------------------------------ */

/* Cut the sound to what the view is about, at most MOST_SECONDS of it. */
static void cut_sound(const struct clip *c, const struct media_sound *all,
                      struct media_sound *part)
{
    double start = isnan(c->view.start) ? 0 : fmax(c->view.start, 0);
    double end = isnan(c->view.end) ? HUGE_VAL : fmax(c->view.end, start);
    double length = (double)all->n / RATE;
    size_t from = (size_t)(fmin(start, length) * RATE);
    size_t to = (size_t)(fmin(end, length) * RATE);

    if (to > all->n)
        to = all->n;
    if (to - from > (size_t)MOST_SECONDS * RATE) {
        to = from + (size_t)MOST_SECONDS * RATE;
        asid_warn(c->m->cx, "%s: %s: only %d s of sound are heard", c->job->id,
                  clip_name(c), MOST_SECONDS);
    }
    *part = (struct media_sound){all->samples + from, to - from, RATE};
}

static enum asid_rc add_sound(struct intake *t, struct asid_err *err)
{
    struct clip *c = t->c;
    struct media_sound all = {NULL, 0, RATE}, part;
    struct buf wav;
    double until = 0;

    /* One second more, to know whether something was left out. */
    if (isnan(c->view.start))
        until = MOST_SECONDS + 1;
    if (!isnan(c->view.end) && c->view.end > 0)
        until = c->view.end;
    TRY(media_sound(c->path, until, &MEDIA_LIMITS_DEFAULT, &all, err));
    cut_sound(c, &all, &part);
    if (part.n < SHORTEST) {
        asid_warn(c->m->cx, "%s: %s: the sound is too short to be heard",
                  c->job->id, clip_name(c));
    } else {
        buf_init(&wav, SIZE_MAX / 4);
        media_wav(&part, &wav);
        add(t->media, CHAT_TEXT, NULL, STR("Its sound:"));
        add(t->media, CHAT_AUDIO, "wav", copy(c->job->arena, wav.p, wav.n));
        buf_release(&wav);
    }
    media_sound_release(&all);
    return ASID_OK;
}

static enum asid_rc look_and_listen(struct intake *t, struct asid_err *err)
{
    const struct clip *c = t->c;
    struct media_info info;

    TRY(media_probe(c->path, MEDIA_CHECK_PROBE, &MEDIA_LIMITS_DEFAULT, &info,
                    err));
    if (!info.video.present)
        return REJECT(err, "media.no_video", "has no video stream");
    TRY(add_pictures(t, &info, err));
    if (info.audio.present && !c->view.no_audio)
        TRY(add_sound(t, err));
    return ASID_OK;
}

enum asid_rc endpoint_media(struct clip *c, struct endpoint_media **out,
                            struct asid_err *err)
{
    struct endpoint_media *m = arena_alloc(c->job->arena, sizeof *m);
    struct intake t = {.c = c, .media = m};
    enum asid_rc rc = c->path ? look_and_listen(&t, err) : ASID_OK;

    if (rc == ASID_OK)
        *out = m;
    else if (rc == ASID_REJECT)
        asid_err_within(err, "%s", clip_name(c));
    return rc;
}
