/*
 * sample N FILE: a seeded sample for human eyes.
 *
 * A record's place in the draw is the hash of seed and id, and the N first are
 * taken. So the same seed draws the same records from the same set, in whatever
 * order it comes, and a greater N only adds to a smaller one.
 */
#include <stdlib.h>
#include <string.h>

#include "asid/base/hash.h"
#include "asid/base/num.h"
#include "asid/dataset/annotation.h"
#include "audit_int.h"

enum { MOST = 1000000 };

struct drawn {
    uint64_t place;
    uint64_t line;
    char *text; /* of the record, allocated */
    size_t n;
};

struct draw {
    struct audit *q;
    long long seed;
    struct drawn *heap; /* the latest place on top */
    size_t n, most;
    uint64_t broken, records;
};

static bool later(const struct drawn *a, const struct drawn *b)
{
    return a->place != b->place ? a->place > b->place : a->line > b->line;
}

static void swap(struct drawn *a, struct drawn *b)
{
    struct drawn t = *a;

    *a = *b;
    *b = t;
}

static void sift_up(struct drawn *heap, size_t i)
{
    while (i > 0 && later(&heap[i], &heap[(i - 1) / 2])) {
        swap(&heap[i], &heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static void sift_down(struct drawn *heap, size_t n)
{
    for (size_t i = 0;;) {
        size_t top = i;

        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
            if (later(&heap[child], &heap[top]))
                top = child;
        if (top == i)
            return;
        swap(&heap[i], &heap[top]);
        i = top;
    }
}

static void keep(struct draw *d, struct drawn *one, struct str text)
{
    if (d->n == d->most && !later(&d->heap[0], one))
        return;
    one->text = mem_alloc(text.n + 1);
    memcpy(one->text, text.p, text.n);
    one->n = text.n;
    if (d->n < d->most) {
        d->heap[d->n] = *one;
        sift_up(d->heap, d->n++);
        return;
    }
    free(d->heap[0].text);
    d->heap[0] = *one;
    sift_down(d->heap, d->n);
}

static enum asid_rc take(void *user, struct str text, uint64_t line,
                         const struct json *record, const struct asid_err *why,
                         struct asid_err *err)
{
    struct draw *d = user;
    struct drawn one = {.line = line};
    const char *code = json_text(json_path(record, "reject.code"));
    const struct json *id = json_get(record, "id");
    struct str name = id && json_type(id) == JSON_STRING ? json_str(id) : text;
    struct buf key;

    (void)why;
    (void)err;
    if (!record || json_type(record) != JSON_OBJECT) {
        d->broken++;
        return ASID_OK;
    }
    d->records++;
    if (d->q->code[0] && (!code || strcmp(code, d->q->code) != 0))
        return ASID_OK;
    buf_init(&key, SIZE_MAX / 2);
    buf_printf(&key, "%lld ", d->seed);
    buf_str(&key, name);
    one.place = hash_u64(buf_view(&key));
    buf_release(&key);
    keep(d, &one, text);
    return ASID_OK;
}

static int by_line(const void *a, const void *b)
{
    const struct drawn *x = a, *y = b;

    return (x->line > y->line) - (x->line < y->line);
}

static enum asid_rc print_drawn(struct draw *d, struct asid_err *err)
{
    struct audit *q = d->q;

    TRY(audit_broken(q, q->argument[1], d->broken, d->records, err));
    if (d->n)
        qsort(d->heap, d->n, sizeof *d->heap, by_line);
    for (size_t i = 0; i < d->n; i++) {
        buf_str(&q->out, (struct str){d->heap[i].text, d->heap[i].n});
        buf_char(&q->out, '\n');
        if (q->out.n > 1 << 20)
            TRY(audit_print(q, err));
    }
    if (d->n == 0)
        audit_none(q, "records");
    return audit_print(q, err);
}

enum asid_rc audit_sample(struct audit *q, struct asid_err *err)
{
    struct draw d = {.q = q, .seed = opt_int(q->cx, "seed")};
    enum asid_rc rc;
    uint64_t most;

    if (!num_u64(str_of(q->argument[0]), &most) || most < 1 || most > MOST)
        return USAGE(err, "sample %s: expected a number from 1 to %d",
                     q->argument[0], (int)MOST);
    d.most = (size_t)most;
    d.heap = mem_alloc(d.most * sizeof *d.heap);
    rc = annotation_file(q->argument[1], take, &d, err);
    if (rc == ASID_OK)
        rc = print_drawn(&d, err);
    for (size_t i = 0; i < d.n; i++)
        free(d.heap[i].text);
    free(d.heap);
    return rc;
}
