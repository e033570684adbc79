/*
 * Media files to model inputs: the step between a record's paths and
 * omni_prefill, shared by every program that asks the local model.
 *
 * Calling sequence:
 *
 *     ask_open_inputs      system message and media
 *     omni_add_text        the question
 *     omni_inputs_finish
 *     omni_plan_check, omni_session_open, omni_prefill, omni_generate
 *     omni_ask             further questions about the same media
 *
 * Order in the message: video, image, sound, then text.
 */
#ifndef ASID_ASK_ASK_H
#define ASID_ASK_ASK_H

#include "asid/media/media.h"
#include "asid/omni/omni.h"

enum { ASK_PROMPT_SLACK = 512 }; /* tokens by which questions may differ */

/* A part of the clip, in seconds from the start of the video. */
struct ask_window {
    double start, end;
};

/* How many frames of a window are seen: its length at the budget's rate, within
 * the budget's bounds, even. */
size_t ask_window_frames(const struct ask_window *window,
                         const struct omni_budget *budget);
/* When frame i of n is taken: in the middle of its share of the window. */
double ask_window_time(const struct ask_window *window, size_t i, size_t n);
/* The sound of a window of the video, which has sound; its first sample may be
 * earlier or later than the first frame. No samples when there is none. */
enum asid_rc ask_window_sound(const char *path, const struct media_info *info,
                              const struct ask_window *window,
                              const struct media_limits *limits,
                              struct media_sound *sound,
                              struct asid_err *err) ASID_WARN_UNUSED;

struct ask_media {
    /* Paths, each NULL for none. A separate sound file goes as an item of its
     * own, and the video's own sound is then ignored. */
    const char *video, *audio, *image;
    const char *name; /* what messages call the video; NULL: its path */
    bool no_audio;    /* ignore the video's sound */
    /* Only this part of the video and of its sound; NULL: all. The budget's
     * frames are spread evenly over it, each the one that is shown then by the
     * times in the file. */
    const struct ask_window *window;
    struct omni_budget budget;
    const struct media_limits *limits; /* NULL: MEDIA_LIMITS_DEFAULT */
};

/* What was left out of the prompt; for warnings. */
struct ask_notes {
    bool sound_too_short; /* the video's, under 321 samples */
    bool sound_truncated; /* what the model hears is cut to audio.max_seconds */
};

/* A prompt with the system message (NULL: the published one) and the media, to
 * be continued with text. REJECT with the codes of media.h and omni.h when a
 * file is at fault; a sound file of its own that is too short is one. notes
 * may be NULL. */
enum asid_rc ask_open_inputs(const struct omni *omni, const char *system,
                             const struct ask_media *media,
                             struct omni_inputs **out, struct ask_notes *notes,
                             struct asid_err *err) ASID_WARN_UNUSED;

/* The kernel set that `wanted` ("auto" included) stands for on this machine;
 * static text. Answers of different sets may differ in the last digit. */
enum asid_rc ask_kernels(const char *wanted, const char **used,
                         struct asid_err *err) ASID_WARN_UNUSED;

#endif
