/* Intermediate tensors as npy files, for comparison with the reference. */
#include <stdlib.h>

#include "asid/base/file.h"
#include "asid/nn/npy.h"
#include "run_int.h"

enum asid_rc dump_rows(const struct omni_session *s, const char *name,
                       const float *data, size_t rows, size_t columns,
                       struct asid_err *err)
{
    size_t shape[2] = {rows, columns};

    return npy_write_f32(s->dump, name, data, shape, 2, err);
}

enum asid_rc omni_dump_logits(struct omni_session *s, struct asid_err *err)
{
    if (!s->dump)
        return ASID_OK;
    TRY(decoder_catch_up(s, err));
    return dump_rows(s, "logits.npy", s->at.logits, 1,
                     s->omni->config.text.vocab, err);
}

/* The flattened patch rows of all pictures, one after the other. */
static enum asid_rc dump_pixels(const struct omni_inputs *in, const char *dir,
                                struct asid_err *err)
{
    size_t patch = in->omni->config.vision.patch, total = 0, most = 0, at = 0;
    size_t shape[2] = {0, 3 * 2 * patch * patch};
    enum asid_rc rc = ASID_OK;
    void *rows = NULL, *scratch = NULL;

    for (size_t i = 0; i < in->n_pictures; i++) {
        const struct omni_picture *p = &in->pictures[i];
        size_t need = omni_patch_scratch(p);

        total += (size_t)p->grid[0] * p->grid[1] * p->grid[2];
        most = need > most ? need : most;
    }
    if (total == 0)
        return ASID_OK;
    rc = mem_big(&rows, total, shape[1] * sizeof(float), err);
    if (rc == ASID_OK)
        rc = mem_big(&scratch, most, sizeof(float), err);
    if (rc != ASID_OK)
        goto out;
    for (size_t i = 0; i < in->n_pictures; i++) {
        const struct omni_picture *p = &in->pictures[i];

        for (size_t t = 0; t < p->grid[0]; t++) {
            omni_patch_rows(p, patch, t, scratch,
                            (float *)rows + at * shape[1]);
            at += (size_t)p->grid[1] * p->grid[2];
        }
    }
    shape[0] = total;
    rc = npy_write_f32(dir, "pixels.npy", rows, shape, 2, err);
out:
    free(scratch);
    free(rows);
    return rc;
}

/* The features of all sounds, [mels, frames] side by side. */
static enum asid_rc dump_mel(const struct omni_inputs *in, const char *dir,
                             struct asid_err *err)
{
    size_t mels = in->omni->config.audio.mels, total = 0, at = 0;
    size_t shape[2] = {mels, 0};
    enum asid_rc rc;
    void *block;
    float *all;

    for (size_t i = 0; i < in->n_sounds; i++)
        total += in->sounds[i].frames;
    if (total == 0)
        return ASID_OK;
    TRY(mem_big(&block, total, mels * sizeof(float), err));
    all = block;
    for (size_t i = 0; i < in->n_sounds; i++) {
        const struct omni_sound *s = &in->sounds[i];

        for (size_t m = 0; m < mels; m++)
            memcpy(all + m * total + at, s->mel + m * s->frames,
                   s->frames * sizeof(float));
        at += s->frames;
    }
    shape[1] = total;
    rc = npy_write_f32(dir, "mel.npy", all, shape, 2, err);
    free(all);
    return rc;
}

enum asid_rc omni_dump_inputs(const struct omni_inputs *in, const char *dir,
                              struct asid_err *err)
{
    TRY(file_make_dirs(dir, err));
    TRY(dump_pixels(in, dir, err));
    return dump_mel(in, dir, err);
}
