/*
 * Write a video file: H.264 and AAC in MP4, by libav.
 *
 *     media_write_open
 *       media_write_frame | media_write_sound    in the order of time
 *     media_write_close
 *
 * The same calls make the same bytes on one machine: one thread, no dates, no
 * names of encoders. Pictures are kept closely (CRF 16, BT.601, 4:2:0); sound
 * starts with the picture, the encoder's delay is in the edit list. The index is
 * at the front, so that a file can be played while it arrives.
 *
 * Nothing that is read from a hostile file comes here: the frames are the
 * program's own, so this runs in the calling process.
 */
#ifndef ASID_MEDIA_WRITE_H
#define ASID_MEDIA_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "asid/base/err.h"

struct media_format {
    int width, height; /* pixels, even, 16 to 8192 */
    int fps;           /* frames a second, 1 to 240 */
    int sample_rate;   /* of one channel; 0: no sound track */
};

struct media_write;

/* Begin a file. Until it is closed it is PATH.part, and any old PATH stays.
 * FAILED: the format is out of range, an encoder is missing, or the file cannot
 * be written. The caller ends with media_write_close or media_write_drop. */
enum asid_rc media_write_open(const char *path,
                              const struct media_format *format,
                              struct media_write **out,
                              struct asid_err *err) ASID_WARN_UNUSED;

/* The next frame: RGB, width * height * 3 bytes, rows without gaps. */
enum asid_rc media_write_frame(struct media_write *w, const uint8_t *rgb,
                               struct asid_err *err) ASID_WARN_UNUSED;

/* The next n samples. A BUG without a sound track. */
enum asid_rc media_write_sound(struct media_write *w, const int16_t *samples,
                               size_t n, struct asid_err *err) ASID_WARN_UNUSED;

/* Finish the file and put it in its place; w is freed, also on failure, after
 * which PATH is as it was before. */
enum asid_rc media_write_close(struct media_write *w,
                               struct asid_err *err) ASID_WARN_UNUSED;

/* Give up: the unfinished file is removed, w freed. NULL is allowed. */
void media_write_drop(struct media_write *w);

#endif
