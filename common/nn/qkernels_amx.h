/* What AMX adds to the kernels of qkernels_vnni.c. */
#ifndef ASID_NN_QKERNELS_AMX_H
#define ASID_NN_QKERNELS_AMX_H

#include "asid/nn/qkernels.h"

void nn_amx_strip(const struct nn_qtile *t);
int32_t nn_amx_burn(size_t rounds);
enum { NN_AMX_BURN_PRODUCTS = 4 * 16 * 16 * 64 };

#endif
