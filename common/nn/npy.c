/* NumPy array files: a magic, a one-line dictionary, the values. */
#include "asid/nn/npy.h"

#include <stdlib.h>
#include <string.h>

#include "asid/base/arena.h"
#include "asid/base/file.h"
#include "asid/base/num.h"

enum { MAX_DIMS = 4, HEADER_STEP = 64 };

static const char MAGIC[] = "\x93NUMPY\x01";

/* Product of the shape, or false when it does not fit in memory. */
static bool shape_count(const size_t *shape, unsigned dims, size_t *count)
{
    size_t n = 1;

    for (unsigned i = 0; i < dims; i++)
        if (!size_mul(n, shape[i], &n))
            return false;
    *count = n;
    return true;
}

enum asid_rc npy_write_f32(const char *dir, const char *name, const float *data,
                           const size_t *shape, unsigned dims,
                           struct asid_err *err)
{
    enum asid_rc rc;
    struct arena arena = ARENA_INIT;
    struct buf b;
    size_t count, bytes;

    if (dims > MAX_DIMS || !shape_count(shape, dims, &count) ||
        !size_mul(count, sizeof *data, &bytes))
        return FAIL(err, "%s: the array is too large", name);
    buf_init(&b, bytes > SIZE_MAX - 4096 ? SIZE_MAX : bytes + 4096);
    /* The header's length is filled in once it is known. */
    buf_add(&b, MAGIC, sizeof MAGIC - 1);
    buf_add(&b, "\0\0\0", 3);
    buf_text(&b, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    for (unsigned i = 0; i < dims; i++)
        buf_printf(&b, "%s%zu%s", i ? " " : "", shape[i],
                   i + 1 < dims || dims == 1 ? "," : "");
    buf_text(&b, "), }");
    while ((b.n + 1) % HEADER_STEP != 0)
        buf_char(&b, ' ');
    buf_char(&b, '\n');
    b.p[8] = (char)((b.n - 10) & 0xff);
    b.p[9] = (char)((b.n - 10) >> 8);
    buf_add(&b, data, bytes);
    if (buf_failed(&b))
        rc = FAIL(err, "%s: the array is too large", name);
    else
        rc = file_replace(path_join(&arena, dir, name), buf_view(&b), err);
    buf_release(&b);
    arena_release(&arena);
    return rc;
}

/* The text after 'key': in the header, or NULL. */
static const char *header_value(const char *header, const char *key)
{
    const char *at = strstr(header, key);

    if (!at)
        return NULL;
    at += strlen(key);
    at += strspn(at, "'\": ");
    return at;
}

static bool read_shape(const char *at, struct npy *v)
{
    size_t shape[MAX_DIMS] = {1, 1, 1, 1};
    unsigned dims = 0;

    if (*at != '(')
        return false;
    for (at++; *at != ')'; at += strspn(at, ", ")) {
        size_t digits = strspn(at, "0123456789");
        uint64_t value;

        if (dims == MAX_DIMS || !digits ||
            !num_u64((struct str){at, digits}, &value))
            return false;
        shape[dims++] = (size_t)value;
        at += digits;
        if (*at != ',' && *at != ')' && *at != ' ')
            return false;
    }
    memcpy(v->shape, shape, sizeof shape);
    v->dims = dims;
    return shape_count(shape, dims, &v->count);
}

struct source {
    char kind; /* f, i or u */
    size_t size;
};

static bool read_descr(const char *at, struct source *s)
{
    static const struct {
        const char *text;
        struct source source;
    } known[] = {
        {"<f4'", {'f', 4}}, {"<f8'", {'f', 8}}, {"<i8'", {'i', 8}},
        {"<i4'", {'i', 4}}, {"<i2'", {'i', 2}}, {"|u1'", {'u', 1}},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(at, known[i].text, strlen(known[i].text)) == 0) {
            *s = known[i].source;
            return true;
        }
    return false;
}

static float value_at(const char *p, struct source s)
{
    double f64;
    int64_t i64;
    int32_t i32;
    int16_t i16;
    float f32;

    switch (s.kind) {
    case 'u':
        return (float)*(const unsigned char *)p;
    case 'i':
        if (s.size == sizeof i16) {
            memcpy(&i16, p, sizeof i16);
            return (float)i16;
        }
        if (s.size == sizeof i32) {
            memcpy(&i32, p, sizeof i32);
            return (float)i32;
        }
        memcpy(&i64, p, sizeof i64);
        return (float)i64;
    default:
        if (s.size == sizeof f32) {
            memcpy(&f32, p, sizeof f32);
            return f32;
        }
        memcpy(&f64, p, sizeof f64);
        return (float)f64;
    }
}

static enum asid_rc npy_parse(struct str text, struct npy *out,
                              struct asid_err *err)
{
    const unsigned char *u = (const unsigned char *)text.p;
    struct npy v = {.dims = 0};
    struct source source;
    char header[1024];
    const char *at;
    size_t n, bytes;
    void *data;

    if (text.n < 10 || memcmp(text.p, MAGIC, sizeof MAGIC - 1) != 0)
        return FAIL(err, "no numpy array of format 1");
    n = (size_t)u[8] + ((size_t)u[9] << 8);
    if (n >= sizeof header || n > text.n - 10)
        return FAIL(err, "header of %zu bytes", n);
    memcpy(header, text.p + 10, n);
    header[n] = '\0';
    at = header_value(header, "descr");
    if (!at || !read_descr(at, &source))
        return FAIL(err, "type is none of f4, f8, i2, i4, i8, u1: %s", header);
    at = header_value(header, "fortran_order");
    if (!at || strncmp(at, "False", 5) != 0)
        return FAIL(err, "not in C order");
    at = header_value(header, "shape");
    if (!at || !read_shape(at, &v) || !size_mul(v.count, source.size, &bytes) ||
        bytes != text.n - 10 - n)
        return FAIL(err, "shape and length disagree: %s", header);
    TRY(mem_big(&data, v.count, sizeof *v.data, err));
    v.data = data;
    for (size_t i = 0; i < v.count; i++)
        v.data[i] = value_at(text.p + 10 + n + i * source.size, source);
    *out = v;
    return ASID_OK;
}

enum asid_rc npy_read(const char *path, struct npy *out, struct asid_err *err)
{
    enum { MOST = 1 << 30 };
    struct arena arena = ARENA_INIT;
    struct str text;
    enum asid_rc rc = file_slurp(&arena, path, MOST, &text, err);

    if (rc == ASID_OK && npy_parse(text, out, err) != ASID_OK)
        rc = asid_err_within(err, "%s", path);
    arena_release(&arena);
    return rc;
}

void npy_release(struct npy *v)
{
    free(v->data);
    *v = (struct npy){.dims = 0};
}
