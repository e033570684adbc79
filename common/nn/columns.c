/* Cutting a product into tasks by columns of y, and writing what they came to. */
#include <string.h>

#include "ops_int.h"

enum {
    ROWS_AHEAD = 8, /* of y that are fetched: each is on a page of its own */
    LINE = 16,      /* floats */
};

static size_t next_columns(const struct column_cut *cut, size_t left)
{
    size_t n = left / cut->wanted / cut->unit * cut->unit;

    n = nn_min(n, cut->most);
    return nn_min(n < cut->unit ? cut->unit : n, left);
}

size_t nn_count_tasks(const struct column_cut *cut, size_t cols)
{
    size_t tasks = 0;

    for (; cols > 0; cols -= next_columns(cut, cols))
        tasks++;
    return tasks;
}

struct columns nn_task_columns(const struct column_cut *cut, size_t cols,
                               size_t task)
{
    struct columns c = {.n = next_columns(cut, cols)};

    for (; task > 0; task--) {
        c.first += c.n;
        c.n = next_columns(cut, cols - c.first);
    }
    return c;
}

void nn_store_columns(const struct nn *nn, const struct column_sums *s,
                      struct columns c)
{
    float bias[COLUMNS_MAX];

    if (s->bias)
        nn_widen((const char *)s->bias + c.first * nn_dtype_size(s->bias_dtype),
                 s->bias_dtype, c.n, bias);
    for (size_t r = 0; r < s->rows; r++) {
        const float *sums = s->sums + r * s->ld;
        float *y = s->y + r * s->ldy + c.first;

        for (size_t i = 0; r + ROWS_AHEAD < s->rows && i < c.n; i += LINE)
            __builtin_prefetch(y + ROWS_AHEAD * s->ldy + i, 1);
        if (s->accumulate)
            nn->k->add(y, sums, c.n);
        else
            memcpy(y, sums, c.n * sizeof *y);
        if (s->bias)
            nn->k->add(y, bias, c.n);
    }
}
