/*
 * What the files of omni/ share. Preparation (config.c, frames.c, resize.c,
 * mel.c, layout.c, positions.c, inputs.c) turns media and text into a struct
 * omni_inputs; running (open.c, weights.c, vision.c, audio.c, decoder.c,
 * generate.c, plan.c, session.c, batcher.c, tower_cache.c) consumes it.
 */
#ifndef ASID_OMNI_INT_H
#define ASID_OMNI_INT_H

#include "asid/base/arena.h"
#include "asid/data/json.h"
#include "asid/nn/ops.h"
#include "asid/nn/safetensors.h"
#include "asid/omni/omni.h"

struct omni_weights; /* weights.c: the binding of tensors to layers */

struct omni {
    struct omni_config config;
    struct omni_tensors tensors;
    struct safetensors *st;
    struct omni_weights *weights;
    struct bpe *bpe;
    char fingerprint[65];
    enum omni_precision precision;
    void *packed; /* mapping of the packed weights, NULL for none */
    size_t packed_bytes;
};

/* config.c: read config.json, generation_config.json, preprocessor_config.json
 * of a checkpoint folder; checks every constraint of docs/MODEL.md 1.7-1.9. */
enum asid_rc omni_config_load(const char *dir, struct omni_config *out,
                              struct asid_err *err) ASID_WARN_UNUSED;

/* An image or video on its way to the vision tower. */
struct omni_picture {
    bool video;
    uint32_t grid[3];     /* T, H, W in patches (grid_thw) */
    size_t frames;        /* given; T * 2 after padding (an image has 1) */
    size_t height, width; /* of the stored frames (after the first resize) */
    size_t seen_height, seen_width; /* grid * patch: after the second resize */
    uint8_t *rgb;                   /* [frames, height, width, 3] */
    struct resizer *second; /* stored to seen size; NULL when they agree */
    double second_per_grid;
    long sound; /* index into sounds when interleaved, else -1 */
};

/* A sound on its way to the audio tower. */
struct omni_sound {
    float *mel;    /* [mels, frames] */
    size_t frames; /* F of docs/MODEL.md 4.2 */
    size_t tokens; /* A of 4.5 */
};

struct omni_inputs {
    const struct omni *omni;
    struct arena arena;
    struct bpe_ids ids;
    struct omni_picture *pictures;
    size_t n_pictures;
    struct omni_sound *sounds; /* in order of appearance in the prompt */
    size_t n_sounds;
    int32_t *positions; /* [3, ids.n] */
    struct omni_layout layout;
    bool finished;
    struct inputs_state *state; /* inputs.c's own */
};

/* patches.c: normalised patch rows of temporal index t, [H * W,
 * 3*2*patch*patch], rows and columns ordered as in docs/MODEL.md 3.6. scratch
 * holds omni_patch_scratch(p) floats (which may be 0); the picture is only
 * read, so threads may share it, each with its own scratch. */
void omni_patch_rows(const struct omni_picture *p, size_t patch, size_t t,
                     float *scratch, float *rows);
size_t omni_patch_scratch(const struct omni_picture *p); /* floats */

#endif
