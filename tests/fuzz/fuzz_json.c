/* Any bytes as JSON: what is accepted must come out again, in every way. */
#include <stdlib.h>

#include "asid/data/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct buf *a, const struct buf *b)
{
    if (!str_eq(buf_view(a), buf_view(b)))
        abort();
}

static void look_at_all(const struct json *v, unsigned *strings)
{
    int64_t i;
    double x;

    json_i64(v, &i);
    json_f64(v, &x);
    *strings += json_text(v) != NULL;
    json_each(e, v)
        look_at_all(e, strings);
}

static void touch_all(struct arena *a, struct json *v)
{
    struct json *extra = json_new_null(a);

    if (json_type(v) == JSON_OBJECT)
        json_set(a, v, "\nextra", extra);
    else if (json_type(v) == JSON_ARRAY)
        json_append(v, extra);
    json_unlink(extra);
    json_each(e, v)
        touch_all(a, e);
}

static void check_document(struct arena *a, struct json *v, struct buf b[3])
{
    struct asid_err err;
    struct json *again;
    unsigned strings = 0;

    json_write(&b[0], v);
    if (memchr(b[0].p, '\n', b[0].n) || memchr(b[0].p, '\r', b[0].n))
        abort();
    if (json_parse(a, buf_view(&b[0]), 0, &again, &err))
        abort();
    json_write_pretty(&b[1], v);
    json_write_pretty(&b[2], again);
    same(&b[1], &b[2]);
    buf_reset(&b[2]);
    json_write(&b[2], json_copy(a, v));
    same(&b[0], &b[2]);
    look_at_all(v, &strings);
    touch_all(a, v);
    buf_reset(&b[0]);
    json_write(&b[0], v);
    if (json_parse(a, buf_view(&b[0]), 0, &again, &err))
        abort();
    buf_reset(&b[2]);
    json_write_pretty(&b[2], json_copy(a, again));
    same(&b[1], &b[2]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena a = ARENA_INIT;
    struct buf b[3];
    struct asid_err err;
    struct json *v;

    for (int i = 0; i < 3; i++)
        buf_init(&b[i], (size_t)1 << 28);
    if (json_parse(&a, text, 0, &v, &err) == ASID_OK)
        check_document(&a, v, b);
    for (int i = 0; i < 3; i++)
        buf_release(&b[i]);
    arena_release(&a);
    return 0;
}
