/*
 * Quantised weight matrices: 8 or 4 bits a weight, packed for the order in
 * which nn_linear reads them.
 *
 * A matrix is cut into panels of NN_QCOLS rows (columns of y) and along k into
 * groups. Every group of a row has a scale; 4-bit groups have a lowest value
 * too:
 *
 *     NN_Q8   w = scale * q,          q in -127 .. 127, groups of 512
 *     NN_Q4   w = scale * q + lowest, q in 0 .. 15,     groups of 128
 *
 * The rows of x are quantised on the way, each group to -127 .. 127 by its own
 * largest value; what that leaves is quantised likewise, to a second byte, for
 * fine matrices (nn_matrix.fine) and, with kernels to which the second byte is
 * free (nn_qkernels.second_is_free), for up to NN_QROWS rows on NN_Q8. Products
 * are summed exactly in 32-bit integers, groups in fp32 in the order of k by the
 * same operations in every kernel set: the result depends on the row of x, on
 * the matrix and on whether there is a second byte, not on other rows, threads
 * or, but for that byte, the processor.
 */
#ifndef ASID_NN_QUANT_H
#define ASID_NN_QUANT_H

#include "asid/nn/ops.h"

enum {
    NN_QCOLS = 48,     /* rows of w side by side in a panel */
    NN_QLANES = 4,     /* values of k side by side */
    NN_Q8_GROUP = 512, /* columns of w with one scale */
    NN_Q4_GROUP = 128,
};

/* Bytes of a packed matrix; its address must be a multiple of 64. 0 when that
 * is more than a size_t holds. */
size_t nn_pack_bytes(enum nn_quant kind, size_t rows, size_t cols);

/* Pack a matrix of any dtype (bias and packed of w are ignored) into `to`. The
 * same bytes at any number of threads. A value that is not finite makes its
 * group NaN. */
void nn_pack_matrix(struct nn *nn, enum nn_quant kind,
                    const struct nn_matrix *w, void *to);

/* The weights of row `row` as they are computed with, [cols]; for tests and for
 * measuring what is lost. */
void nn_unpack_row(const struct nn_matrix *w, size_t row, float *to);

#endif
