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
    uint64_t seen; /* one more than the index of the last picture */
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
    /* A window may want a frame several times; once is enough to see it. */
    if (t->seen == jpeg->index + 1 && clip_is_window(&t->c->view))
        return ASID_OK;
    t->seen = jpeg->index + 1;
    num_format(rint(jpeg->time * 100) / 100, time);
    add(t->media, CHAT_TEXT, NULL, str_of(arena_printf(a, "%s s", time)));
    add(t->media, CHAT_IMAGE, "image/jpeg", copy(a, jpeg->bytes, jpeg->size));
    return ASID_OK;
}

static void begin_pictures(struct intake *t, size_t n)
{
    struct endpoint_media *m = t->media;

    m->room = 2 * n + 8;
    m->parts = arena_array(t->c->job->arena, m->room, sizeof *m->parts);
    m->n = 0;
    t->seen = 0;
    add(m, CHAT_TEXT, NULL,
        STR("Frames of a video, each behind its time in seconds:"));
}

/* Take the pictures on the supposition that the stream decodes to total
 * frames; *found gets how many it does. */
static enum asid_rc take_pictures(struct intake *t, uint64_t total, double fps,
                                  uint64_t *found, struct asid_err *err)
{
    const struct omni_budget *budget = &t->c->m->budget;
    struct media_jpeg_wish wish = {.quantiser = 0};
    uint64_t *index;

    if (total == 0)
        return REJECT(err, "media.too_short", "no frames");
    TRY(omni_frame_count(total, fps, budget, &wish.n_index, err));
    index = arena_array(t->c->job->arena, wish.n_index, sizeof *index);
    omni_frame_indexes(total, wish.n_index, index);
    wish.index = index;
    wish.max_pixels = (uint64_t)omni_max_pixels(wish.n_index, budget);
    begin_pictures(t, wish.n_index);
    return media_jpegs(t->c->path, &wish, &MEDIA_LIMITS_DEFAULT, on_jpeg, t,
                       found, err);
}

/* Those of a window by their times in the file, as in ask.c. */
static enum asid_rc take_window(struct intake *t, struct asid_err *err)
{
    const struct omni_budget *budget = &t->c->m->budget;
    const struct ask_window window = {t->c->view.start, t->c->view.end};
    struct media_jpeg_wish wish = {.quantiser = 0};
    uint64_t found;
    double *times;

    wish.n_index = ask_window_frames(&window, budget);
    times = arena_array(t->c->job->arena, wish.n_index, sizeof *times);
    for (size_t i = 0; i < wish.n_index; i++)
        times[i] = ask_window_time(&window, i, wish.n_index);
    wish.times = times;
    wish.max_pixels = (uint64_t)omni_max_pixels(wish.n_index, budget);
    begin_pictures(t, wish.n_index);
    return media_jpegs(t->c->path, &wish, &MEDIA_LIMITS_DEFAULT, on_jpeg, t,
                       &found, err);
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

/* Up to MOST_SECONDS; one more is read, to know whether something is left
 * out. */
static enum asid_rc read_sound(const struct clip *c,
                               const struct media_info *info,
                               struct media_sound *sound, struct asid_err *err)
{
    const struct ask_window window = {c->view.start, c->view.end};

    if (clip_is_window(&c->view))
        TRY(ask_window_sound(c->path, info, &window, &MEDIA_LIMITS_DEFAULT,
                             sound, err));
    else
        TRY(media_sound(c->path, MOST_SECONDS + 1, &MEDIA_LIMITS_DEFAULT, sound,
                        err));
    if (sound->n > (size_t)MOST_SECONDS * RATE) {
        sound->n = (size_t)MOST_SECONDS * RATE;
        asid_warn(c->m->cx, "%s: %s: only %d s of sound are heard", c->job->id,
                  clip_name(c), MOST_SECONDS);
    }
    return ASID_OK;
}

static enum asid_rc add_sound(struct intake *t, const struct media_info *info,
                              struct asid_err *err)
{
    struct clip *c = t->c;
    struct media_sound sound = {NULL, 0, RATE};
    struct buf wav;

    TRY(read_sound(c, info, &sound, err));
    if (sound.n < SHORTEST) {
        asid_warn(c->m->cx, "%s: %s: the sound is too short to be heard",
                  c->job->id, clip_name(c));
    } else {
        buf_init(&wav, SIZE_MAX / 4);
        media_wav(&sound, &wav);
        add(t->media, CHAT_TEXT, NULL, STR("Its sound:"));
        add(t->media, CHAT_AUDIO, "wav", copy(c->job->arena, wav.p, wav.n));
        buf_release(&wav);
    }
    media_sound_release(&sound);
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
    TRY(clip_is_window(&c->view) ? take_window(t, err)
                                 : add_pictures(t, &info, err));
    if (info.audio.present && !c->view.no_audio)
        TRY(add_sound(t, &info, err));
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
