/* Media files to model inputs. */
#include "asid/ask/ask.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "asid/base/arena.h"
#include "asid/nn/kernels.h"

enum { SOUND_MIN = 321 }; /* samples of which a token can be made */

static const struct media_limits *limits_of(const struct ask_media *m)
{
    return m->limits ? m->limits : &MEDIA_LIMITS_DEFAULT;
}

static enum asid_rc read_sound(const struct omni *omni,
                               const struct ask_media *m, const char *path,
                               struct media_sound *sound,
                               struct ask_notes *notes, struct asid_err *err)
{
    /* One second more than the model hears: the end of what it hears then
     * does not see the end of what was read. */
    double heard = omni_config(omni)->audio.max_seconds;

    TRY(media_sound(path, heard + 1, limits_of(m), sound, err));
    if ((double)sound->n > heard * (double)sound->rate)
        notes->sound_truncated = true;
    return ASID_OK;
}

/* --- part of the sound ---------------------------------------------------- */

static void cut_sound(struct media_sound *sound, double start, double end)
{
    double from = start * (double)sound->rate, to = end * (double)sound->rate;
    size_t first = from > 0 ? (size_t)fmin(from, (double)sound->n) : 0;
    size_t last = to > 0 ? (size_t)fmin(ceil(to), (double)sound->n) : 0;

    if (last < first)
        last = first;
    memmove(sound->samples, sound->samples + first,
            (last - first) * sizeof *sound->samples);
    sound->n = last - first;
}

enum asid_rc ask_window_sound(const char *path, const struct media_info *info,
                              const struct ask_window *window,
                              const struct media_limits *limits,
                              struct media_sound *sound, struct asid_err *err)
{
    double shift = info->video.start - info->audio.start;
    double end = window->end + shift;

    *sound = (struct media_sound){NULL, 0, 0};
    if (end <= 0)
        return ASID_OK;
    /* One second more: the end of what is heard does not see the end of what
     * was read. */
    TRY(media_sound(path, end + 1, limits, sound, err));
    cut_sound(sound, window->start + shift, end);
    if (sound->n == 0)
        media_sound_release(sound);
    return ASID_OK;
}

/* --- video ---------------------------------------------------------------- */

/* Frames on their way from the decoder to the inputs. */
struct intake {
    const struct omni *omni;
    const char *system;
    const struct ask_media *media;
    struct omni_inputs *in;
    struct media_sound sound;
    uint64_t *index;
    size_t n;
    bool begun; /* omni_add_video was called */
};

static enum asid_rc take_frame(void *user, const struct media_frame *frame,
                               struct asid_err *err)
{
    struct intake *t = user;

    if (!t->begun)
        TRY(omni_add_video(t->in, t->n, frame->height, frame->width,
                           &t->media->budget, t->sound.samples, t->sound.n,
                           err));
    t->begun = true;
    return omni_video_frame(t->in, frame->rgb, frame->height, frame->width,
                            err);
}

/* A fresh prompt with the frames of a video that decodes to `total` frames;
 * *found gets the number it really decodes to. The prompt is whole only when
 * the two agree. */
static enum asid_rc sample_video(struct intake *t, uint64_t total, double fps,
                                 uint64_t *found, struct asid_err *err)
{
    void *index;

    omni_inputs_free(t->in);
    t->in = NULL;
    t->begun = false;
    TRY(omni_frame_count(total, fps, &t->media->budget, &t->n, err));
    TRY(mem_big(&index, t->n, sizeof *t->index, err));
    free(t->index);
    t->index = index;
    omni_frame_indexes(total, t->n, t->index);
    TRY(omni_inputs_new(t->omni, t->system, &t->in, err));
    return media_frames(t->media->video, t->index, t->n, limits_of(t->media),
                        take_frame, t, found, err);
}

/* What the container promises is only a promise: when the stream decodes to
 * another number of frames, the samples lie elsewhere. */
static enum asid_rc sample_until_right(struct intake *t,
                                       const struct media_info *info,
                                       struct asid_err *err)
{
    const char *path = t->media->video;
    uint64_t total = info->video.packets, found = 0;

    /* A promise of too few frames is no reason to refuse. */
    if (total < 2)
        TRY(media_frames(path, NULL, 0, limits_of(t->media), NULL, NULL, &total,
                         err));
    TRY(sample_video(t, total, info->video.fps, &found, err));
    if (found == total)
        return ASID_OK;
    total = found;
    TRY(sample_video(t, total, info->video.fps, &found, err));
    if (found == total)
        return ASID_OK;
    return REJECT(err, "media.damaged",
                  "decodes to %llu frames once and %llu another time",
                  (unsigned long long)total, (unsigned long long)found);
}

size_t ask_window_frames(const struct ask_window *window,
                         const struct omni_budget *budget)
{
    double seconds = window->end - window->start;
    double low = ceil(budget->min_frames / 2.0) * 2;
    double high = floor(budget->max_frames / 2.0) * 2;
    double n = fmin(fmax(seconds * budget->fps, low), high);

    return n < 2 ? 2 : (size_t)(floor(n / 2) * 2);
}

double ask_window_time(const struct ask_window *window, size_t i, size_t n)
{
    return window->start +
           (window->end - window->start) * ((double)i + 0.5) / (double)n;
}

static enum asid_rc sample_window(struct intake *t, struct asid_err *err)
{
    const struct ask_window *window = t->media->window;
    enum asid_rc rc;
    double *times;
    void *p;

    t->n = ask_window_frames(window, &t->media->budget);
    TRY(mem_big(&p, t->n, sizeof *times, err));
    times = p;
    for (size_t i = 0; i < t->n; i++)
        times[i] = ask_window_time(window, i, t->n);
    rc = omni_inputs_new(t->omni, t->system, &t->in, err);
    if (rc == ASID_OK)
        rc = media_frames_at(t->media->video, times, t->n, limits_of(t->media),
                             take_frame, t, err);
    free(times);
    return rc;
}

static enum asid_rc add_video(struct intake *t, struct ask_notes *notes,
                              struct asid_err *err)
{
    const struct ask_media *m = t->media;
    struct media_info info;

    TRY(media_probe(m->video, MEDIA_CHECK_PROBE, limits_of(m), &info, err));
    if (!info.video.present)
        return REJECT(err, "media.no_video", "has no video stream");
    if (info.audio.present && !m->no_audio && !m->audio && m->window)
        TRY(ask_window_sound(m->video, &info, m->window, limits_of(m),
                             &t->sound, err));
    else if (info.audio.present && !m->no_audio && !m->audio)
        TRY(read_sound(t->omni, m, m->video, &t->sound, notes, err));
    if (t->sound.samples && t->sound.n < SOUND_MIN) {
        notes->sound_too_short = true;
        media_sound_release(&t->sound);
    }
    return m->window ? sample_window(t, err)
                     : sample_until_right(t, &info, err);
}

/* --- the others ----------------------------------------------------------- */

static enum asid_rc add_image(struct omni_inputs *in, const struct ask_media *m,
                              struct asid_err *err)
{
    uint32_t width, height;
    enum asid_rc rc;
    uint8_t *rgb;

    TRY(media_image(m->image, limits_of(m), &rgb, &width, &height, err));
    rc = omni_add_image(in, rgb, height, width, 0, 0, err);
    free(rgb);
    return rc;
}

static enum asid_rc add_sound(const struct omni *omni, struct omni_inputs *in,
                              const struct ask_media *m,
                              struct ask_notes *notes, struct asid_err *err)
{
    struct media_sound sound;
    enum asid_rc rc;

    TRY(read_sound(omni, m, m->audio, &sound, notes, err));
    rc = omni_add_sound(in, sound.samples, sound.n, err);
    media_sound_release(&sound);
    return rc;
}

/* --- the prompt ----------------------------------------------------------- */

/* Failures name the file once: those of the file as the caller calls it. */
static enum asid_rc within(enum asid_rc rc, const char *path, const char *name,
                           struct asid_err *err)
{
    if (rc == ASID_OK || (rc != ASID_REJECT && strstr(err->text, path)))
        return rc;
    return asid_err_within(err, "%s", name ? name : path);
}

enum asid_rc ask_open_inputs(const struct omni *omni, const char *system,
                             const struct ask_media *media,
                             struct omni_inputs **out, struct ask_notes *notes,
                             struct asid_err *err)
{
    struct intake t = {.omni = omni, .system = system, .media = media};
    struct ask_notes unread;
    enum asid_rc rc;

    notes = notes ? notes : &unread;
    *notes = (struct ask_notes){.sound_too_short = false};
    if (media->video)
        rc = within(add_video(&t, notes, err), media->video, media->name, err);
    else
        rc = omni_inputs_new(omni, system, &t.in, err);
    if (rc == ASID_OK && media->image)
        rc = within(add_image(t.in, media, err), media->image, NULL, err);
    if (rc == ASID_OK && media->audio)
        rc = within(add_sound(omni, t.in, media, notes, err), media->audio,
                    NULL, err);
    media_sound_release(&t.sound);
    free(t.index);
    if (rc == ASID_OK)
        *out = t.in;
    else
        omni_inputs_free(t.in);
    return rc;
}

enum asid_rc ask_kernels(const char *wanted, const char **used,
                         struct asid_err *err)
{
    const char *why = "unknown";
    const struct nn_kernels *k = nn_kernels_pick(wanted, &why);

    if (!k)
        return USAGE(err, "kernels %s: %s", wanted, why);
    *used = k->name;
    return ASID_OK;
}
