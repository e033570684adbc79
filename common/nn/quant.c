/*
 * Packed matrices: how they are laid out and made, and nn_linear over them.
 *
 * A panel holds NN_QCOLS rows of w, group after group of k. A group is
 *
 *     NN_Q8   float scale[NN_QCOLS]; uint8_t q[quads][NN_QCOLS][4], q + 128
 *     NN_Q4   bf16 scale[NN_QCOLS], lowest[NN_QCOLS];
 *             uint8_t q[quads / 2][NN_QCOLS][4], two quads in a byte
 *
 * so that one walk through memory serves a product with any number of rows. The
 * last group is shorter, in whole quads (pairs of quads for NN_Q4); rows and
 * columns beyond the matrix are zero.
 */
#include <math.h>
#include <string.h>

#include "asid/base/err.h"
#include "ops_int.h"

enum {
    QUAD = NN_QCOLS * NN_QLANES, /* bytes */
    HEAD = NN_QCOLS * 4,         /* bytes of scales: one float, or two bf16 */
    OFFSET = 128,                /* what is added to a signed byte */
    TASKS_WANTED = 10,           /* from which on they grow smaller */
    TASK_BYTES = 256 * 1024,
    GROUP_MAX = NN_Q8_GROUP,
};
_Static_assert((int)GROUP_MAX >= (int)NN_Q4_GROUP, "a group fits");

struct format {
    enum nn_quant kind;
    size_t group; /* columns */
    size_t unit;  /* columns are rounded up to a multiple of it */
    size_t panel; /* bytes of a panel */
    size_t cols;  /* rounded up */
    size_t groups;
};

static struct format format_of(enum nn_quant kind, size_t cols)
{
    struct format f = {.kind = kind};

    f.group = kind == NN_Q8 ? NN_Q8_GROUP : NN_Q4_GROUP;
    f.unit = kind == NN_Q8 ? NN_QLANES : 2 * NN_QLANES;
    f.cols = nn_round_up(cols, f.unit);
    f.groups = (f.cols + f.group - 1) / f.group;
    f.panel = f.groups * HEAD + f.cols * NN_QCOLS / (kind == NN_Q8 ? 1 : 2);
    return f;
}

static size_t group_cols(const struct format *f, size_t group)
{
    return nn_min(f->group, f->cols - group * f->group);
}

/* Where group `group` of a panel begins. */
static size_t group_at(const struct format *f, size_t group)
{
    return group * (HEAD + f->group * NN_QCOLS / (f->kind == NN_Q8 ? 1 : 2));
}

size_t nn_pack_bytes(enum nn_quant kind, size_t rows, size_t cols)
{
    size_t panels = rows / NN_QCOLS + (rows % NN_QCOLS > 0), bytes;

    /* Sixteen bytes a value are more than any format takes. */
    if (__builtin_mul_overflow(panels * NN_QCOLS, cols, &bytes) ||
        bytes > SIZE_MAX / 16 || cols > SIZE_MAX / 1024)
        return 0;
    return panels * format_of(kind, cols).panel;
}

/* --- packing -------------------------------------------------------------- */

struct packing {
    const struct nn_matrix *w;
    struct format f;
    char *to;
};

static uint16_t to_bf16(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    if (x != x)
        return 0x7fc0;
    bits += 0x7fff + (bits >> 16 & 1);
    return (uint16_t)(bits >> 16);
}

static float from_bf16(uint16_t x)
{
    uint32_t bits = (uint32_t)x << 16;
    float y;

    memcpy(&y, &bits, sizeof y);
    return y;
}

static void put_q8(char *group, size_t lane, const float *w, size_t n)
{
    float top = nn_qkernels_ref.largest(w, n), scale = top / 127.0F;
    uint8_t *q = (uint8_t *)group + HEAD + lane * NN_QLANES;
    float by = top > 0 ? 127.0F / top : 0.0F;
    int8_t rounded[NN_Q8_GROUP];

    nn_qkernels_ref.round(w, n, by, rounded);
    memcpy(group + lane * sizeof scale, &scale, sizeof scale);
    for (size_t k = 0; k < n; k++)
        q[k / NN_QLANES * QUAD + k % NN_QLANES] =
            (uint8_t)(rounded[k] + OFFSET);
}

/* What a nibble stands for is rounded first, the nibbles are chosen after. */
static void put_q4(char *group, size_t lane, const float *w, size_t n)
{
    uint16_t *head = (uint16_t *)(void *)group;
    uint8_t *q = (uint8_t *)group + HEAD + lane * NN_QLANES;
    float low = w[0], high = w[0], scale, lowest;

    for (size_t k = 1; k < n; k++) {
        low = fminf(low, w[k]);
        high = fmaxf(high, w[k]);
    }
    head[NN_QCOLS + lane] = to_bf16(low);
    lowest = from_bf16(head[NN_QCOLS + lane]);
    head[lane] = to_bf16((high - lowest) / 15.0F);
    scale = from_bf16(head[lane]);
    for (size_t k = 0; k < n; k++) {
        float v = scale > 0 ? rintf((w[k] - lowest) / scale) : 0.0F;
        uint8_t *at = q + k / NN_QLANES / 2 * QUAD + k % NN_QLANES;
        unsigned nibble = v > 15.0F ? 15 : v > 0.0F ? (unsigned)v : 0;

        *at = (uint8_t)(k / NN_QLANES % 2 ? *at | nibble << 4 : nibble);
    }
}

/* Rows of w beyond the last, and columns: their bytes mean zero. */
static void put_nothing(const struct format *f, char *group, size_t cols)
{
    if (f->kind == NN_Q8)
        memset(group + HEAD, OFFSET, cols * NN_QCOLS);
    else
        memset(group + HEAD, 0, cols * NN_QCOLS / 2);
    memset(group, 0, HEAD);
}

static void pack_task(void *user, size_t panel, unsigned worker)
{
    const struct packing *p = user;
    const struct format *f = &p->f;
    const size_t size = nn_dtype_size(p->w->dtype);
    size_t rows = nn_min(NN_QCOLS, p->w->rows - panel * NN_QCOLS);
    float values[NN_Q8_GROUP];

    (void)worker;
    for (size_t g = 0; g < f->groups; g++) {
        char *group = p->to + panel * f->panel + group_at(f, g);
        size_t first = g * f->group;
        size_t n = nn_min(f->group, p->w->cols - first);

        put_nothing(f, group, group_cols(f, g));
        for (size_t r = 0; r < rows; r++) {
            size_t at = (panel * NN_QCOLS + r) * p->w->cols + first;

            nn_widen((const char *)p->w->data + at * size, p->w->dtype, n,
                     values);
            if (f->kind == NN_Q8)
                put_q8(group, r, values, n);
            else
                put_q4(group, r, values, n);
        }
    }
}

void nn_pack_matrix(struct nn *nn, enum nn_quant kind,
                    const struct nn_matrix *w, void *to)
{
    struct packing p = {w, format_of(kind, w->cols), to};

    parallel_for(nn->pool, (w->rows + NN_QCOLS - 1) / NN_QCOLS, pack_task, &p);
}

void nn_unpack_row(const struct nn_matrix *w, size_t row, float *to)
{
    struct format f = format_of(w->packed_as, w->cols);
    const char *panel = (const char *)w->packed + row / NN_QCOLS * f.panel;
    size_t lane = row % NN_QCOLS;

    for (size_t k = 0; k < w->cols; k++) {
        const char *group = panel + group_at(&f, k / f.group);
        const uint8_t *q =
            (const uint8_t *)group + HEAD + lane * NN_QLANES + k % NN_QLANES;
        size_t quad = k % f.group / NN_QLANES;

        if (f.kind == NN_Q8) {
            float scale;

            memcpy(&scale, group + lane * sizeof scale, sizeof scale);
            to[k] = scale * (float)(q[quad * QUAD] - OFFSET);
        } else {
            const uint16_t *head = (const void *)group;
            unsigned byte = q[quad / 2 * QUAD];

            to[k] = fmaf(from_bf16(head[lane]),
                         (float)(quad % 2 ? byte >> 4 : byte & 15),
                         from_bf16(head[NN_QCOLS + lane]));
        }
    }
}

/* --- the product ----------------------------------------------------------- */

/* Rows of x as integers, in the scratch that all threads see. What a panel's
 * group is multiplied with lies together: rows of x apart by all of k would be a
 * page each. Of a fine product each row of x is two: what is left of it after
 * rounding is rounded again, to the m / 2 rows behind. */
struct rounded {
    int8_t *q;   /* [groups][m][group] */
    float *by;   /* [groups][m]: scale of x */
    float *plus; /* [groups][m]: sum of q, for what is added to all weights */
    int32_t *start; /* [groups][m]: minus what OFFSET adds to the sums */
};

struct product {
    struct nn *nn;
    const struct nn_matrix *w;
    struct format f;
    struct rounded r;
    const float *x;
    float *y;
    size_t ldx, ldy;
    size_t rows; /* of x and y */
    size_t m;    /* rows of integers: as many, or twice as many */
    bool accumulate;
    bool fine;   /* two rows of integers for one of x */
    bool packed; /* nibbles are read as they are packed */
    struct column_cut cut;
};

static size_t bytes_per_row(const struct format *f)
{
    return f->groups * (f->group + 3 * sizeof(float));
}

static void lay_out(struct product *p)
{
    char *at = (char *)p->nn->shared;

    p->r.q = (int8_t *)at;
    at += p->f.groups * p->m * p->f.group;
    p->r.by = (float *)(void *)at;
    p->r.plus = p->r.by + p->f.groups * p->m;
    p->r.start = (int32_t *)(void *)(p->r.plus + p->f.groups * p->m);
}

/* n values of x in group g to row `row` of integers. */
static void round_group(const struct product *p, const float *x, size_t n,
                        size_t g, size_t row)
{
    const struct format *f = &p->f;
    int8_t *q = p->r.q + (g * p->m + row) * f->group;
    float top = p->nn->q->largest(x, n);
    float by = top > 0 ? 127.0F / top : 0.0F;
    int32_t sum = p->nn->q->round(x, n, by, q);

    memset(q + n, 0, group_cols(f, g) - n);
    p->r.by[g * p->m + row] = top / 127.0F;
    p->r.plus[g * p->m + row] = (float)sum;
    p->r.start[g * p->m + row] = f->kind == NN_Q8 ? -OFFSET * sum : 0;
}

static void round_task(void *user, size_t row, unsigned worker)
{
    const struct product *p = user;
    const float *x = p->x + row * p->ldx;
    float left[GROUP_MAX];

    (void)worker;
    for (size_t g = 0; g < p->f.groups; g++, x += p->f.group) {
        size_t n = nn_min(p->f.group, p->w->cols - g * p->f.group);
        size_t at = g * p->m + row;

        round_group(p, x, n, g, row);
        if (!p->fine)
            continue;
        for (size_t i = 0; i < n; i++)
            left[i] = x[i] - p->r.by[at] * (float)p->r.q[at * p->f.group + i];
        round_group(p, left, n, g, p->rows + row);
    }
}

/* The weights of a group as the kernel takes them. */
static void open_group(const struct product *p, const char *group, size_t cols,
                       struct quant_scratch *s, struct nn_qtile *t)
{
    if (p->f.kind == NN_Q8) {
        t->scale = (const float *)(const void *)group;
        t->lowest = NULL;
        t->w = (const uint8_t *)group + HEAD;
    } else {
        const uint16_t *head = (const void *)group;

        for (size_t c = 0; c < NN_QCOLS; c++) {
            s->scale[c] = from_bf16(head[c]);
            s->lowest[c] = from_bf16(head[NN_QCOLS + c]);
        }
        t->scale = s->scale;
        t->lowest = s->lowest;
        t->w = (const uint8_t *)group + HEAD;
        if (!p->packed) {
            p->nn->q->spread(t->w, cols / NN_QLANES / 2, s->bytes);
            t->w = s->bytes;
        }
    }
    t->quads = cols / NN_QLANES;
}

static void multiply_group(const struct product *p, struct nn_qtile *t,
                           size_t g, float *y)
{
    const struct nn_qkernels *q = p->nn->q;
    bool strip = q->strip && p->m >= q->strip_rows;
    size_t step = strip ? p->m : NN_QROWS;

    for (size_t r = 0; r < p->m; r += step) {
        size_t at = g * p->m + r;

        t->rows = nn_min(step, p->m - r);
        t->a = p->r.q + at * p->f.group;
        t->lda = p->f.group;
        t->by = p->r.by + at;
        t->plus = p->r.plus + at;
        t->start = p->r.start + at;
        t->y = y + r * COLUMNS_MAX;
        t->ldy = COLUMNS_MAX;
        t->load = g > 0;
        if (p->packed)
            q->packed(t);
        else if (strip)
            q->strip(t);
        else
            q->tile(t);
    }
}

/* One group of the panel whose first column is column `at` of the task. */
static void multiply_panel(const struct product *p, const struct columns *c,
                           size_t at, size_t g, struct quant_scratch *s)
{
    size_t panel = (c->first + at) / NN_QCOLS;
    const char *w = (const char *)p->w->packed + panel * p->f.panel;
    struct nn_qtile t;

    open_group(p, w + group_at(&p->f, g), group_cols(&p->f, g), s, &t);
    multiply_group(p, &t, g, s->sums + at);
}

static void product_task(void *user, size_t task, unsigned worker)
{
    const struct product *p = user;
    struct quant_scratch *s = &p->nn->scratch[worker].quant;
    struct columns c = nn_task_columns(&p->cut, p->w->rows, task);
    const struct column_sums sums = {
        .sums = s->sums,
        .ld = COLUMNS_MAX,
        .rows = p->rows,
        .y = p->y,
        .ldy = p->ldy,
        .accumulate = p->accumulate,
        .bias = p->w->bias,
        .bias_dtype = p->w->bias_dtype,
    };

    if (p->m <= 2 * NN_QROWS) /* weights in the order in which they lie */
        for (size_t at = 0; at < c.n; at += NN_QCOLS)
            for (size_t g = 0; g < p->f.groups; g++)
                multiply_panel(p, &c, at, g, s);
    else /* x of a group is read once for all panels */
        for (size_t g = 0; g < p->f.groups; g++)
            for (size_t at = 0; at < c.n; at += NN_QCOLS)
                multiply_panel(p, &c, at, g, s);
    for (size_t r = p->rows; r < p->m; r++)
        p->nn->k->add(s->sums + (r - p->rows) * COLUMNS_MAX,
                      s->sums + r * COLUMNS_MAX, c.n);
    nn_store_columns(p->nn, &sums, c);
}

/* For few rows a task reads some TASK_BYTES one after the other; many rows of x
 * are worth reading once for several panels. */
static struct column_cut cut_for(const struct product *p)
{
    size_t most = COLUMNS_MAX / NN_QCOLS;

    if (p->m <= NN_QROWS)
        most = nn_min(most, nn_round_up(TASK_BYTES, p->f.panel) / p->f.panel);
    return (struct column_cut){NN_QCOLS, most * NN_QCOLS, TASKS_WANTED};
}

void nn_linear_packed(struct nn *nn, const struct nn_matrix *w, const float *x,
                      size_t ldx, size_t m, float *y, size_t ldy,
                      bool accumulate)
{
    struct product p = {.nn = nn,
                        .w = w,
                        .f = format_of(w->packed_as, w->cols),
                        .ldx = ldx,
                        .ldy = ldy,
                        .accumulate = accumulate};
    size_t rows, parts;

    p.fine = w->fine ||
             (p.f.kind == NN_Q8 && m <= NN_QROWS && nn->q->second_is_free);
    parts = p.fine ? 2 : 1;
    rows = SHARED_FLOATS * sizeof(float) / bytes_per_row(&p.f);
    rows = nn_min(rows, QUANT_ROWS) / parts / NN_QROWS * NN_QROWS;
    BUG_IF(rows == 0);
    for (size_t first = 0; first < m; first += rows) {
        p.rows = nn_min(rows, m - first);
        p.m = parts * p.rows;
        p.x = x + first * ldx;
        p.y = y + first * ldy;
        p.packed = p.f.kind == NN_Q4 && nn->q->packed && p.m == 1;
        lay_out(&p);
        parallel_for(nn->pool, p.rows, round_task, &p);
        p.cut = cut_for(&p);
        parallel_for(nn->pool, nn_count_tasks(&p.cut, w->rows), product_task,
                     &p);
    }
}
