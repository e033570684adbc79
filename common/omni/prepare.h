/*
 * What the files that turn media and text into struct omni_inputs share:
 * frames.c, resize.c, patches.c, mel.c, layout.c, positions.c, inputs.c.
 */
#ifndef ASID_OMNI_PREPARE_H
#define ASID_OMNI_PREPARE_H

#include "omni_int.h"

enum {
    OMNI_MERGE = 2,            /* spatial and temporal merge */
    OMNI_MAX_TOKENS = 1 << 20, /* of one prompt */
    OMNI_MAX_SIDE = 1 << 16,   /* pixels of a picture's side */
};

/* --- frames.c ----------------------------------------------------------- */

/* Both sizes of a video's frames: after the first resize, and as the tower sees
 * them (3.3 and 3.4). */
enum asid_rc omni_video_size(double height, double width, int factor,
                             size_t frames, const struct omni_budget *budget,
                             size_t *first_height, size_t *first_width,
                             size_t *seen_height, size_t *seen_width,
                             struct asid_err *err) ASID_WARN_UNUSED;

/* --- resize.c ----------------------------------------------------------- */

/* One axis of an antialiased bicubic resize: output i is the sum of count[i]
 * inputs from first[i] on, weighted by weight[i * span] on. */
struct resize_axis {
    size_t in, out, span;
    uint32_t *first, *count;
    float *weight;  /* of the float kernel, or NULL */
    int32_t *fixed; /* of Pillow's: 22 fractional bits, or NULL */
};
/* Tables for one pair of sizes; read-only once made. */
struct resizer {
    struct resize_axis x, y;
};
/* from and to are {height, width}, 1 to OMNI_MAX_SIDE each. A resizer of all
 * zeros can be released. */
enum asid_rc resizer_init(struct resizer *r, const size_t from[2],
                          const size_t to[2], bool pillow,
                          struct asid_err *err) ASID_WARN_UNUSED;
void resizer_release(struct resizer *r);
/* Floats (bytes for Pillow's) of scratch that a resize needs. */
size_t resizer_scratch(const struct resizer *r);
/* RGB24 [h, w, 3] in float, rounded back to bytes: torchvision, bytes given. */
void resizer_bytes(const struct resizer *r, float *scratch, const uint8_t *rgb,
                   uint8_t *out);
/* The same without clamp and rounding: torchvision, floats given. */
void resizer_floats(const struct resizer *r, float *scratch, const uint8_t *rgb,
                    float *out);
/* Pillow's, which rounds to bytes between the two passes. */
void resizer_pillow(const struct resizer *r, uint8_t *scratch,
                    const uint8_t *rgb, uint8_t *out);

/* --- mel.c -------------------------------------------------------------- */

/* F and A of MODEL.md 4.2 and 4.5 for n samples at 16 kHz. */
size_t omni_mel_frames(const struct omni_config *config, size_t n);
size_t omni_audio_tokens(size_t mel_frames);
/* Log-mel features [mels, frames], allocated; REJECT "media.too_short" under
 * 321 samples, "media.damaged" for samples that are no numbers. */
enum asid_rc omni_mel(const struct omni_config *config, const float *samples,
                      size_t n, struct omni_sound *out,
                      struct asid_err *err) ASID_WARN_UNUSED;
/* The filter bank [201, mels] (tests compare it with published values). */
void omni_mel_bank(size_t mels, float *bank);

/* --- layout.c and positions.c ------------------------------------------- */

enum omni_item_kind {
    OMNI_TEXT,  /* n tokens */
    OMNI_AUDIO, /* n audio tokens between bos and eos */
    OMNI_IMAGE,
    OMNI_VIDEO, /* without sound */
    OMNI_AV,    /* video with n audio tokens interleaved */
};
struct omni_item {
    enum omni_item_kind kind;
    size_t n;       /* tokens of the text or sound */
    size_t t, h, w; /* grid in merged tokens */
    double second_per_grid;
};
/* Tokens of an item, its bos and eos included; false when more than
 * OMNI_MAX_TOKENS. */
bool omni_item_tokens(const struct omni_item *item, size_t *n);
/* Append the ids of a media item (MODEL.md section 8). */
enum asid_rc omni_lay_out(const struct omni_config *config,
                          const struct omni_item *item, struct bpe_ids *ids,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* Positions of all items, [3, n] with n the sum of their tokens. REJECT
 * "media.limit" when one does not fit in 32 bits. */
enum asid_rc omni_positions(const struct omni_config *config,
                            const struct omni_item *items, size_t n_items,
                            size_t n, int32_t *positions, int64_t *rope_delta,
                            struct asid_err *err) ASID_WARN_UNUSED;

/* Cutting a row of tokens into chunks of time. Row t of per tokens has time
 * value[t] (NULL: t itself). A chunk ends before the first token whose time is
 * at least width times the number of chunks begun; no more than one chunk
 * begins at a token, even after a jump over several widths. */
struct omni_chunks {
    const double *value;
    size_t rows, per;
    double width;
    size_t next, begun, start; /* all 0 at first */
    bool done;
};
/* The next chunk [*from, *to), or false after the last. An empty row has one
 * empty chunk. */
bool omni_next_chunk(struct omni_chunks *c, size_t *from, size_t *to);

#endif
