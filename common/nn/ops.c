/* Opening a kernel set, and the operations that go row by row. */
#include "asid/nn/ops.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "asid/base/arena.h"
#include "ops_int.h"

enum {
    TASK_VALUES = 16 * 1024, /* values of one task of an elementwise job */
    HUGE_PAGE = 2 * 1024 * 1024,
};

size_t nn_dtype_size(enum nn_dtype t)
{
    return t == NN_F32 ? 4 : 2;
}

void nn_widen(const void *src, enum nn_dtype dtype, size_t n, float *dst)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = nn_weight(src, dtype, i);
}

static size_t scratch_bytes(size_t threads)
{
    size_t bytes = SHARED_FLOATS * sizeof(float);

    bytes += threads * sizeof(union nn_scratch);
    return nn_round_up(bytes, HUGE_PAGE);
}

size_t nn_scratch_bytes(unsigned threads)
{
    return scratch_bytes(threads) + HUGE_PAGE;
}

/* Anonymous memory on huge pages where the system has them: the panels are
 * walked from end to end all the time. */
static enum asid_rc take_scratch(struct nn *nn, unsigned threads,
                                 struct asid_err *err)
{
    size_t bytes = nn_scratch_bytes(threads);
    uintptr_t start;
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return FAIL_ERRNO(err, "cannot take %zu bytes of scratch", bytes);
    nn->memory = p;
    nn->memory_bytes = bytes;
    start = ((uintptr_t)p + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
    nn->shared = (float *)start;
    nn->scratch = (void *)(nn->shared + SHARED_FLOATS);
    (void)madvise(nn->shared, scratch_bytes(threads), MADV_HUGEPAGE);
    return ASID_OK;
}

enum asid_rc nn_open(const char *kernels, unsigned threads, struct nn **out,
                     struct asid_err *err)
{
    enum asid_rc rc;
    const char *why = NULL;
    struct nn *nn = mem_alloc(sizeof *nn);

    nn->k = nn_kernels_pick(kernels, &why);
    if (!nn->k) {
        rc = USAGE(err, "kernels \"%s\": %s", kernels, why);
        goto out;
    }
    nn->q = nn_qkernels_pick(nn->k->name);
    rc = parallel_open(threads, &nn->pool, err);
    if (rc != ASID_OK)
        goto out;
    rc = take_scratch(nn, parallel_threads(nn->pool), err);
    if (rc != ASID_OK)
        goto out;
    *out = nn;
    nn = NULL;
out:
    nn_close(nn);
    return rc;
}

void nn_close(struct nn *nn)
{
    if (!nn)
        return;
    parallel_close(nn->pool);
    if (nn->memory)
        munmap(nn->memory, nn->memory_bytes);
    free(nn);
}

const char *nn_kernels_name(const struct nn *nn)
{
    return nn->k->name;
}

unsigned nn_threads(const struct nn *nn)
{
    return parallel_threads(nn->pool);
}

/* --- rows and runs ------------------------------------------------------ */

/* A job over rows of width values, or over a run of values (width 1). */
struct rows {
    const struct nn_kernels *k;
    size_t count, per_task;
    const struct nn_vector *w, *b;
    bool centre;
    float eps;
    const float *x;
    float *y;
    size_t ld, heads, half;
    const float *cosine, *sine;
};

static void cut_and_run(struct nn *nn, struct rows *r, size_t width,
                        parallel_work work)
{
    if (r->count == 0)
        return;
    r->k = nn->k;
    r->per_task = width >= TASK_VALUES ? 1 : TASK_VALUES / (width ? width : 1);
    parallel_for(nn->pool, (r->count + r->per_task - 1) / r->per_task, work, r);
}

static size_t task_rows(const struct rows *r, size_t task, size_t *first)
{
    *first = task * r->per_task;
    return nn_min(r->per_task, r->count - *first);
}

static void norm_task(void *user, size_t task, unsigned worker)
{
    const struct rows *r = user;
    struct nn_norm one = {.w = *r->w, .centre = r->centre, .eps = r->eps};
    size_t first, n = task_rows(r, task, &first);

    (void)worker;
    if (r->b)
        one.b = *r->b;
    for (size_t i = first; i < first + n; i++) {
        one.x = r->x + i * r->w->n;
        one.y = r->y + i * r->w->n;
        r->k->norm(&one);
    }
}

void nn_rmsnorm(struct nn *nn, const struct nn_vector *w, float eps,
                const float *x, size_t m, float *y)
{
    struct rows r = {.count = m, .w = w, .eps = eps, .x = x, .y = y};

    cut_and_run(nn, &r, w->n, norm_task);
}

void nn_layernorm(struct nn *nn, const struct nn_vector *w,
                  const struct nn_vector *b, float eps, const float *x,
                  size_t m, float *y)
{
    struct rows r = {.count = m, .w = w, .b = b, .eps = eps, .x = x, .y = y};

    r.centre = true;
    cut_and_run(nn, &r, w->n, norm_task);
}

static void gelu_task(void *user, size_t task, unsigned worker)
{
    const struct rows *r = user;
    size_t first, n = task_rows(r, task, &first);

    (void)worker;
    r->k->gelu(r->y + first, n);
}

void nn_gelu(struct nn *nn, float *x, size_t count)
{
    struct rows r = {.count = count, .y = x};

    cut_and_run(nn, &r, 1, gelu_task);
}

static void silu_mul_task(void *user, size_t task, unsigned worker)
{
    const struct rows *r = user;
    size_t first, n = task_rows(r, task, &first);

    (void)worker;
    r->k->silu_mul(r->y + first, r->x + first, n);
}

void nn_silu_mul(struct nn *nn, float *gate, const float *up, size_t count)
{
    struct rows r = {.count = count, .x = up, .y = gate};

    cut_and_run(nn, &r, 1, silu_mul_task);
}

static void add_task(void *user, size_t task, unsigned worker)
{
    const struct rows *r = user;
    size_t first, n = task_rows(r, task, &first);

    (void)worker;
    r->k->add(r->y + first, r->x + first, n);
}

void nn_add(struct nn *nn, float *y, const float *x, size_t count)
{
    struct rows r = {.count = count, .x = x, .y = y};

    cut_and_run(nn, &r, 1, add_task);
}

static void rotate_task(void *user, size_t task, unsigned worker)
{
    const struct rows *r = user;
    size_t first, n = task_rows(r, task, &first);

    (void)worker;
    for (size_t i = first; i < first + n; i++) {
        float *head = r->y + i * r->ld;

        for (size_t h = 0; h < r->heads; h++, head += 2 * r->half)
            r->k->rotate(head, head + r->half, r->half, r->cosine + i * r->half,
                         r->sine + i * r->half);
    }
}

void nn_rotate(struct nn *nn, float *x, size_t ldx, size_t m, size_t heads,
               size_t half, const float *cosine, const float *sine)
{
    struct rows r = {.count = m, .y = x, .ld = ldx};

    r.heads = heads;
    r.half = half;
    r.cosine = cosine;
    r.sine = sine;
    cut_and_run(nn, &r, heads * half, rotate_task);
}
