/*
 * The header of one shard: eight bytes of length, JSON, data. Nothing in it is
 * believed: shapes are multiplied with overflow checks, must agree with the
 * offsets, and these must lie inside the file and not inside each other.
 */
#include <stdlib.h>

#include "asid/data/json.h"
#include "safetensors_int.h"

struct dtype {
    const char *name;
    unsigned size; /* bytes of an element; 0: not a whole number */
    bool usable;
    enum nn_dtype as;
};

static const struct dtype DTYPES[] = {
    {"F32", 4, true, NN_F32},      {"BF16", 2, true, NN_BF16},
    {"F16", 2, true, NN_F16},      {"F64", 8, false, NN_F32},
    {"I64", 8, false, NN_F32},     {"U64", 8, false, NN_F32},
    {"I32", 4, false, NN_F32},     {"U32", 4, false, NN_F32},
    {"I16", 2, false, NN_F32},     {"U16", 2, false, NN_F32},
    {"I8", 1, false, NN_F32},      {"U8", 1, false, NN_F32},
    {"BOOL", 1, false, NN_F32},    {"C64", 8, false, NN_F32},
    {"F8_E4M3", 1, false, NN_F32}, {"F8_E5M2", 1, false, NN_F32},
    {"F8_E8M0", 1, false, NN_F32},
};

/* Where a tensor lies, counted from the end of the header. */
struct span {
    size_t start, end;
    struct str name;
};

struct reader {
    struct safetensors *st;
    const struct st_shard *shard;
    unsigned number;
    struct arena arena; /* of the header */
    size_t data;        /* where the data starts in the file */
    struct span *spans;
    size_t n_spans;
};

static const struct dtype *dtype_find(const char *name)
{
    for (size_t i = 0; i < sizeof DTYPES / sizeof *DTYPES; i++)
        if (strcmp(DTYPES[i].name, name) == 0)
            return &DTYPES[i];
    return NULL;
}

static bool whole(const struct json *v, size_t *out)
{
    int64_t n;

    if (!v || !json_i64(v, &n) || n < 0)
        return false;
    *out = (size_t)n;
    return true;
}

static enum asid_rc read_shape(const struct json *shape, struct st_tensor *t,
                               struct asid_err *err)
{
    if (!shape || json_type(shape) != JSON_ARRAY)
        return FAIL(err, "%s", "shape is missing or no array");
    t->count = 1;
    json_each(item, shape) {
        size_t n;

        if (t->dims == sizeof t->shape / sizeof *t->shape)
            return FAIL(err, "%zu dimensions, at most %zu are possible",
                        json_count(shape), sizeof t->shape / sizeof *t->shape);
        if (!whole(item, &n))
            return FAIL(err, "shape[%u] is not a whole number of 0 or more",
                        t->dims);
        t->shape[t->dims++] = n;
        if (!size_mul(t->count, n, &t->count))
            return FAIL(err, "%s", "its shape is larger than any file");
    }
    return ASID_OK;
}

static enum asid_rc read_span(const struct reader *r, const struct json *value,
                              struct span *span, struct asid_err *err)
{
    const struct json *offsets = json_get(value, "data_offsets");
    size_t held = r->shard->size - r->data;

    if (!offsets || json_type(offsets) != JSON_ARRAY ||
        json_count(offsets) != 2 || !whole(json_at(offsets, 0), &span->start) ||
        !whole(json_at(offsets, 1), &span->end) || span->start > span->end)
        return FAIL(err, "%s",
                    "data_offsets is not two whole numbers in order");
    if (span->end > held)
        return FAIL(err,
                    "ends at byte %zu of the data, but the file holds %zu (%zu "
                    "in all): it is cut short",
                    span->end, held, r->shard->size);
    return ASID_OK;
}

static void add_other(struct safetensors *st, struct str name,
                      const char *dtype)
{
    if (st->n_others == st->others_room) {
        st->others_room = st->others_room ? st->others_room * 2 : 64;
        st->others = mem_grow(st->others, st->others_room * sizeof *st->others);
    }
    st->others[st->n_others++] =
        (struct st_other){name, arena_strdup(&st->arena, dtype)};
}

static void add_tensor(struct safetensors *st, const struct st_tensor *t)
{
    if (st->n == st->room) {
        st->room = st->room ? st->room * 2 : 256;
        st->tensors = mem_grow(st->tensors, st->room * sizeof *st->tensors);
    }
    st->tensors[st->n++] = *t;
}

static enum asid_rc read_tensor(struct reader *r, const struct json *value,
                                struct asid_err *err)
{
    struct safetensors *st = r->st;
    struct span *span = &r->spans[r->n_spans];
    struct str key = json_key(value);
    struct st_tensor t = {.shard = r->number};
    struct st_entry *entry = NULL;
    const char *name = json_text(json_get(value, "dtype"));
    const struct dtype *dtype = name ? dtype_find(name) : NULL;

    if (!name)
        return FAIL(err, "%s", "dtype is missing or no text");
    TRY(read_span(r, value, span, err));
    TRY(read_shape(json_get(value, "shape"), &t, err));
    t.bytes = span->end - span->start;
    if (dtype && dtype->size) {
        size_t bytes;

        if (!size_mul(t.count, dtype->size, &bytes) || bytes != t.bytes)
            return FAIL(err, "%zu values of %s do not take %zu bytes", t.count,
                        name, t.bytes);
    }
    span->name = key;
    r->n_spans++;
    if (st->indexed) {
        entry = st_entry_find(st, key);
        if (!entry || entry->shard != r->number)
            return ASID_OK;
        entry->seen = true;
    }
    if (st->n + st->n_others == ST_TENSORS_MAX)
        return FAIL(err, "more than %d tensors", ST_TENSORS_MAX);
    t.name.p = entry ? entry->name.p : arena_strndup(&st->arena, key.p, key.n);
    t.name.n = key.n;
    if (!dtype || !dtype->usable) {
        add_other(st, t.name, name);
        return ASID_OK;
    }
    t.dtype = dtype->as;
    t.data = r->shard->map + r->data + span->start;
    add_tensor(st, &t);
    return ASID_OK;
}

static int by_start(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static enum asid_rc check_overlaps(const struct reader *r, struct asid_err *err)
{
    if (r->n_spans)
        qsort(r->spans, r->n_spans, sizeof *r->spans, by_start);
    for (size_t i = 1; i < r->n_spans; i++) {
        const struct span *a = &r->spans[i - 1], *b = &r->spans[i];

        if (b->start < a->end)
            return FAIL(err, STR_FMT " and " STR_FMT " overlap",
                        STR_ARG(a->name), STR_ARG(b->name));
    }
    return ASID_OK;
}

static enum asid_rc read_all(struct reader *r, const struct json *header,
                             struct asid_err *err)
{
    if (json_type(header) != JSON_OBJECT)
        return FAIL(err, "%s", "its header is no JSON object");
    if (json_count(header) > ST_TENSORS_MAX)
        return FAIL(err, "%zu tensors, at most %d are possible",
                    json_count(header), ST_TENSORS_MAX);
    r->spans = arena_array(&r->arena, json_count(header) + 1, sizeof *r->spans);
    json_each(item, header) {
        struct str key = json_key(item);

        if (str_is(key, "__metadata__"))
            continue;
        if (read_tensor(r, item, err) != ASID_OK)
            return asid_err_within(err, STR_FMT, STR_ARG(key));
    }
    return check_overlaps(r, err);
}

static enum asid_rc find_header(struct reader *r, struct str *text,
                                struct asid_err *err)
{
    const struct st_shard *s = r->shard;
    uint64_t n = 0;

    for (unsigned i = 0; i < 8; i++)
        n |= (uint64_t)s->map[i] << 8 * i;
    if (n > ST_HEADER_MAX)
        return FAIL(err,
                    "its header claims %llu bytes, at most %d are possible: "
                    "not a safetensors file",
                    (unsigned long long)n, ST_HEADER_MAX);
    if (n > s->size - 8)
        return FAIL(err,
                    "its header takes %llu bytes, but the file has %zu: it is "
                    "cut short",
                    (unsigned long long)n, s->size);
    *text = (struct str){(const char *)s->map + 8, (size_t)n};
    r->data = 8 + (size_t)n;
    return ASID_OK;
}

enum asid_rc st_header_read(struct safetensors *st, unsigned shard,
                            struct asid_err *err)
{
    struct reader r = {.st = st, .number = shard, .arena = ARENA_INIT};
    struct json *header = NULL;
    struct str text;
    enum asid_rc rc;

    r.shard = &st->shards[shard];
    rc = find_header(&r, &text, err);
    if (rc != ASID_OK)
        goto out;
    if (json_parse(&r.arena, text, ST_DEPTH_MAX, &header, err) != ASID_OK) {
        struct asid_err why = *err;

        rc = FAIL(err, "header: %s", why.text);
        goto out;
    }
    rc = read_all(&r, header, err);
out:
    arena_release(&r.arena);
    if (rc != ASID_OK)
        return asid_err_within(err, "%s", st->shards[shard].name);
    return rc;
}
