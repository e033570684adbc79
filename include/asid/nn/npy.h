/*
 * NumPy .npy files (format 1.0, C order): dumps for comparison and test
 * vectors. Writes float32; reads what the vectors hold.
 */
#ifndef ASID_NN_NPY_H
#define ASID_NN_NPY_H

#include <stddef.h>
#include <stdint.h>

#include "asid/base/err.h"

struct npy {
    float *data;     /* values as float32 whatever the file held */
    size_t shape[4]; /* unused dimensions are 1 */
    unsigned dims;
    size_t count;
};

/* Write dir/name (e.g. "mel.npy"); shape has dims entries. */
enum asid_rc npy_write_f32(const char *dir, const char *name, const float *data,
                           const size_t *shape, unsigned dims,
                           struct asid_err *err) ASID_WARN_UNUSED;
/* Read float32, float64, int16, int32, int64 or uint8 of up to 4 dimensions;
 * FAILED with the path and the fault. */
enum asid_rc npy_read(const char *path, struct npy *out,
                      struct asid_err *err) ASID_WARN_UNUSED;
void npy_release(struct npy *v);

#endif
