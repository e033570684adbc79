/*
 * Tile registers (AMX): tmm0 to tmm7, each up to 16 rows of 64 bytes.
 *
 * Written as assembly, because compilers know nothing of what the registers
 * hold: every statement says that it touches memory, and so they stay in order.
 * Only for files that nn_kernels_pick lets run where the processor and the
 * system allow it.
 */
#ifndef ASID_NN_AMX_H
#define ASID_NN_AMX_H

#include <stddef.h>
#include <stdint.h>

enum {
    AMX_ROWS = 16,  /* of a register */
    AMX_BYTES = 64, /* of a row: 64 bytes of k, or 32 bf16, or 16 sums */
    AMX_TILES = 8,
};

/* What ldtilecfg reads (Intel SDM, volume 2A). */
struct amx_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} __attribute__((aligned(64)));

/* Whole registers, but of `rows` rows those in `few`, a bit for each. */
static inline void amx_configure(unsigned few, size_t rows)
{
    struct amx_config c = {.palette = 1};

    for (unsigned i = 0; i < AMX_TILES; i++) {
        c.row_bytes[i] = AMX_BYTES;
        c.rows[i] = (uint8_t)(few >> i & 1 ? rows : AMX_ROWS);
    }
    __asm__ volatile("ldtilecfg %0" : : "m"(c));
}

/* Give the registers back: the system then has nothing to save. */
static inline void amx_release(void)
{
    __asm__ volatile("tilerelease" : : : "memory");
}

/* Register t from rows `stride` bytes apart. */
#define AMX_LOAD(t, from, stride)                                              \
 __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #t                              \
                  :                                                            \
                  : "r"(from), "r"((size_t)(stride))                           \
                  : "memory")
#define AMX_STORE(t, to, stride)                                               \
 __asm__ volatile("tilestored %%tmm" #t ", (%0,%1,1)"                          \
                  :                                                            \
                  : "r"(to), "r"((size_t)(stride))                             \
                  : "memory")
#define AMX_ZERO(t) __asm__ volatile("tilezero %%tmm" #t : : : "memory")
/* sums += x * w: signed bytes times unsigned ones; pairs of bf16. */
#define AMX_DOT_BYTES(sums, x, w)                                              \
 __asm__ volatile("tdpbsud %%tmm" #w ", %%tmm" #x ", %%tmm" #sums              \
                  :                                                            \
                  :                                                            \
                  : "memory")
#define AMX_DOT_BF16(sums, x, w)                                               \
 __asm__ volatile("tdpbf16ps %%tmm" #w ", %%tmm" #x ", %%tmm" #sums            \
                  :                                                            \
                  :                                                            \
                  : "memory")

#endif
