/*
 * Measuring a checkpoint: how fast prompts, answers, pictures and sound go
 * through the model, and what the machine could do at most in the same run.
 * Contents are made up; what matters is their size.
 */
#ifndef ASID_ASK_BENCH_H
#define ASID_ASK_BENCH_H

#include "asid/nn/ops.h"
#include "asid/omni/omni.h"

enum { BENCH_PREFILLS = 16, BENCH_BATCH_MAX = 8 };

struct bench_wish {
    const char *kernels;
    unsigned threads;
    size_t prefill[BENCH_PREFILLS]; /* prompt lengths */
    size_t n_prefill;
    size_t decode; /* tokens, after the last prompt */
    size_t batch;  /* timelines decoded together; under 2: not measured */
    int (*progress)(void *user, double done);
    void *user;
};

struct bench_tower {
    double seconds, flops; /* of the work measured */
    size_t patches;        /* of the picture, or 0 */
    double sound_seconds;  /* of the sound, or 0 */
};

struct bench_figures {
    unsigned threads;
    char kernels[16];
    double prefill[BENCH_PREFILLS]; /* tokens per second */
    double decode;
    double batch_decode; /* of all timelines together */
    struct bench_tower vision, audio;
    struct nn_limits limits;
    size_t peak_bytes; /* of the whole process */
};

enum asid_rc ask_bench(const struct omni *omni, const struct bench_wish *wish,
                       struct bench_figures *out,
                       struct asid_err *err) ASID_WARN_UNUSED;

#endif
