/* Which set of kernels this processor gets, and what all sets share. */
#include <cpuid.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "asid/nn/kernels.h"
#include "asid/nn/qkernels.h"

/* clang 14 has no name for it in __builtin_cpu_supports. */
static bool has_f16c(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

static bool has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           has_f16c();
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

enum {
    LEAF_7_AMX = 1 << 22 | 1 << 24 | 1 << 25, /* edx: bf16, tiles, int8 */
    ARCH_REQ_XCOMP_PERM = 0x1023,             /* arch_prctl(2) */
    XFEATURE_XTILEDATA = 18,
};

/* The system has to be asked, too: it makes room for the registers in what it
 * saves of a thread. Asking again is allowed. */
static bool has_amx(void)
{
    unsigned a, b, c, d;

    return has_avx512() && __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("avx512bf16") &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
           (d & LEAF_7_AMX) == LEAF_7_AMX &&
           syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) ==
               0;
}

static bool has_c(void)
{
    return true;
}

const char *const nn_kernel_sets[] = {"ref", "avx2", "avx512", "amx", NULL};

static const struct {
    const struct nn_kernels *kernels;
    bool (*has)(void);
    const char *needs;
} sets[NN_KERNEL_SETS] = {
    {&nn_kernels_ref, has_c, ""},
    {&nn_kernels_avx2, has_avx2,
     "this processor has no AVX2 with FMA and F16C"},
    {&nn_kernels_avx512, has_avx512,
     "this processor has no AVX-512 (F, BW, DQ, VL)"},
    {&nn_kernels_amx, has_amx,
     "this processor or system has no AMX (TILE, INT8, BF16)"},
};

const struct nn_kernels *nn_kernels_pick(const char *name, const char **why)
{
    bool any = strcmp(name, "auto") == 0;

    for (size_t i = NN_KERNEL_SETS; i-- > 0;) {
        if (!any && strcmp(name, nn_kernel_sets[i]) != 0)
            continue;
        if (sets[i].has())
            return sets[i].kernels;
        *why = sets[i].needs;
        if (!any)
            return NULL;
    }
    *why = "known are auto, ref, avx2, avx512 and amx";
    return NULL;
}

const struct nn_qkernels *nn_qkernels_pick(const char *set)
{
    if (strcmp(set, "ref") == 0)
        return &nn_qkernels_ref;
    if (strcmp(set, "amx") == 0)
        return &nn_qkernels_amx;
    if (strcmp(set, "avx512") == 0 && __builtin_cpu_supports("avx512vnni"))
        return &nn_qkernels_vnni;
    return &nn_qkernels_avx2;
}

void nn_interleave(const float *x, size_t ldx, size_t rows, size_t k, float *to)
{
    size_t m = nn_dot_m(rows);

    for (size_t at = 0; at < k; at += NN_LANES, to += m * NN_LANES) {
        size_t n = k - at < NN_LANES ? k - at : NN_LANES;

        for (size_t i = 0; i < m; i++) {
            float *lanes = to + i * NN_LANES;
            size_t used = i < rows ? n : 0;

            if (used)
                memcpy(lanes, x + i * ldx + at, used * sizeof *x);
            memset(lanes + used, 0, (NN_LANES - used) * sizeof *x);
        }
    }
}
