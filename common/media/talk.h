/*
 * The answers of the helper, read and checked; one function per kind of
 * question. Split from the starting of the helper so that tests can feed them
 * any bytes.
 */
#ifndef COMMON_MEDIA_TALK_H
#define COMMON_MEDIA_TALK_H

#include "link.h"

/* Where frames go, and what may come: those of the index, or, where it is NULL,
 * n_index frames in rising order. */
struct talk_frames {
    const uint64_t *index;
    size_t n_index;
    uint32_t max_side;
    uint64_t max_frames;
    media_frame_sink sink;
    void *user;
    uint64_t max_pixels; /* of a JPEG; 0: any number */
    media_jpeg_sink jpeg_sink;
};

enum asid_rc talk_info(struct link *l, struct media_info *info,
                       struct asid_err *err) ASID_WARN_UNUSED;
/* The same, and after it the cuts; cuts->times is freed with free(). */
enum asid_rc talk_check(struct link *l, struct media_info *info,
                        struct media_cuts *cuts,
                        struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc talk_frames(struct link *l, const struct talk_frames *want,
                         uint64_t *total,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* The same for JPEG files, which go to jpeg_sink. */
enum asid_rc talk_jpegs(struct link *l, const struct talk_frames *want,
                        uint64_t *total, struct asid_err *err) ASID_WARN_UNUSED;
/* max is the most samples that may come. *samples is freed with free(). */
enum asid_rc talk_sound(struct link *l, uint64_t max, float **samples,
                        size_t *n, struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc talk_text(struct link *l, char *space, size_t size,
                       struct asid_err *err) ASID_WARN_UNUSED;

#endif
