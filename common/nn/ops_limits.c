/* What the machine can do at most, measured with the kernels in use. */
#include <stdlib.h>

#include "asid/base/arena.h"
#include "asid/base/clock.h"
#include "ops_int.h"

enum {
    ROUNDS = 100 * 1000,       /* of burn, one task */
    FLOATS = 64 * 1024 * 1024, /* beyond any cache */
    PIECE = 64 * 1024,         /* floats of one task */
    REPEATS = 5,
};

struct probe {
    const struct nn_kernels *k;
    const struct nn_qkernels *q;
    const float *x;
    volatile float sink; /* results go here, so that they are computed */
};

static void burn_task(void *user, size_t task, unsigned worker)
{
    struct probe *p = user;
    float sum = p->k->burn(ROUNDS);

    (void)worker;
    if (task == 0)
        p->sink = sum;
}

static void burn_bytes_task(void *user, size_t task, unsigned worker)
{
    struct probe *p = user;
    int32_t sum = p->q->burn(ROUNDS);

    (void)worker;
    if (task == 0)
        p->sink = (float)sum;
}

static void read_task(void *user, size_t task, unsigned worker)
{
    struct probe *p = user;
    float sum = p->k->read(p->x + task * PIECE, PIECE);

    (void)worker;
    if (task == 0)
        p->sink = sum;
}

/* The shortest of several times: what other processes do is left out. */
static double best_seconds(struct nn *nn, size_t tasks, parallel_work work,
                           struct probe *p)
{
    double best = 1e30;

    for (int i = 0; i < REPEATS; i++) {
        double start = clock_monotonic(), took;

        parallel_for(nn->pool, tasks, work, p);
        took = clock_monotonic() - start;
        best = took < best ? took : best;
    }
    return best > 0.0 ? best : 1e-9;
}

enum asid_rc nn_measure(struct nn *nn, struct nn_limits *out,
                        struct asid_err *err)
{
    struct probe p = {.k = nn->k, .q = nn->q};
    size_t burns = (size_t)nn_threads(nn) * 16;
    double flops = 2.0 * ROUNDS * (double)nn->k->burn_values;
    double ops = 2.0 * ROUNDS * (double)nn->q->burn_products;
    void *memory = NULL;
    float *x;

    TRY(mem_big(&memory, FLOATS, sizeof(float), err));
    x = memory;
    for (size_t i = 0; i < FLOATS; i += 1024)
        x[i] = 1.0F; /* a page of its own, not the shared zero page */
    p.x = x;
    out->flops = flops * (double)burns / best_seconds(nn, burns, burn_task, &p);
    out->int8_ops =
        ops * (double)burns / best_seconds(nn, burns, burn_bytes_task, &p);
    out->read_bytes = (double)FLOATS * sizeof(float) /
                      best_seconds(nn, FLOATS / PIECE, read_task, &p);
    free(memory);
    return ASID_OK;
}
