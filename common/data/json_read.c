/*
 * Reading JSON: one pass over the text, checking everything and building the
 * tree; strings are only decoded when somebody asks (json_value.c).
 */
#include <stdlib.h>

#include "asid/base/hash.h"
#include "asid/base/utf8.h"
#include "asid/data/json.h"
#include "json_int.h"

enum {
    FEW_KEYS = 16, /* up to here comparing all pairs is faster than sorting */
#ifdef ASID_SANITIZE
    CHUNK_MIN = 1, /* a block a value, so that overflows are seen */
    CHUNK_MAX = 1,
#else
    CHUNK_MIN = 8, /* values asked of the arena at once, doubling */
    CHUNK_MAX = 256,
#endif
};

struct reader {
    struct arena *arena;
    const char *begin, *p, *end;
    const char *fault; /* what is wrong at p */
    struct json *open; /* innermost container that is still open */
    struct json *chunk;
    size_t chunk_left, chunk_size;
    size_t values;
    unsigned depth, max_depth;
};

static bool fault(struct reader *r, const char *at, const char *what)
{
    r->p = at;
    r->fault = what;
    return false;
}

static struct json *new_value(struct reader *r)
{
    if (r->chunk_left == 0) {
        r->chunk_size *= 2;
        if (r->chunk_size > CHUNK_MAX)
            r->chunk_size = CHUNK_MAX;
        r->chunk = arena_array(r->arena, r->chunk_size, sizeof *r->chunk);
        r->chunk_left = r->chunk_size;
    }
    r->chunk_left--;
    return r->chunk++;
}

static void skip_blanks(struct reader *r)
{
    const char *p = r->p;

    while (p < r->end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    r->p = p;
}

/* --- strings ------------------------------------------------------------- */

/* The value of a hex digit, or -1. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The value of the four hex digits at p, or -1. */
static int hex_unit(const char *p)
{
    int a = hex_digit(p[0]), b = hex_digit(p[1]), c = hex_digit(p[2]),
        d = hex_digit(p[3]);

    if ((a | b | c | d) < 0)
        return -1;
    return a << 12 | b << 8 | c << 4 | d;
}

static bool is_high(int unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(int unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Check the escape at *at, which is a backslash, and step behind it. */
static bool scan_escape(struct reader *r, const char **at)
{
    const char *p = *at;
    size_t left = (size_t)(r->end - p);
    int unit;

    if (left < 2)
        return fault(r, r->end, "the string does not end");
    if (p[1] != 'u') {
        if (p[1] == '\0' || !strchr("\"\\/bfnrt", p[1]))
            return fault(r, p, "no such escape");
        *at = p + 2;
        return true;
    }
    unit = left < 6 ? -1 : hex_unit(p + 2);
    if (unit < 0)
        return fault(r, p, "\\u wants four hex digits");
    *at = p + 6;
    if (is_low(unit))
        return fault(r, p, "a lone surrogate");
    if (is_high(unit)) {
        if (left < 12 || p[6] != '\\' || p[7] != 'u' ||
            !is_low(hex_unit(p + 8)))
            return fault(r, p, "a lone surrogate");
        *at = p + 12;
    }
    return true;
}

/* Check the string whose opening quote is at r->p and step behind its closing
 * one. */
static bool scan_string(struct reader *r, bool *escaped)
{
    const char *p = r->p + 1, *end = r->end;
    uint32_t cp;
    unsigned used;

    *escaped = false;
    for (;;) {
        p += json_plain(p, (size_t)(end - p), true);
        if (p == end)
            return fault(r, end, "the string does not end");
        if (*p == '"')
            break;
        if ((unsigned char)*p < 0x20)
            return fault(r, p, "a raw control character in a string");
        while (p < end && *p == '\\') {
            *escaped = true;
            if (!scan_escape(r, &p))
                return false;
        }
        while (p < end && (unsigned char)*p > 0x7f) {
            used = utf8_decode(p, (size_t)(end - p), &cp);
            if (used == 0)
                return fault(r, p, "bytes that are not UTF-8");
            p += used;
        }
    }
    r->p = p + 1;
    return true;
}

/* What the letter behind a backslash stands for; quotes and slashes stand for
 * themselves. */
static char named_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

size_t json_unescape(char *out, const char *p, size_t n)
{
    const char *end = p + n;
    char *to = out;

    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((slash ? slash : end) - p);
        int unit;

        memcpy(to, p, run);
        to += run;
        p += run;
        if (!slash)
            break;
        if (p[1] != 'u') {
            *to++ = named_escape(p[1]);
            p += 2;
            continue;
        }
        unit = hex_unit(p + 2);
        p += 6;
        if (is_high(unit)) {
            unit =
                0x10000 + ((unit - 0xd800) << 10) + (hex_unit(p + 2) - 0xdc00);
            p += 6;
        }
        to += utf8_encode((uint32_t)unit, to);
    }
    return (size_t)(to - out);
}

/* --- keys ---------------------------------------------------------------- */

static bool read_key(struct reader *r, struct json *v)
{
    const char *from = r->p + 1;
    struct json_name *name;
    bool escaped;
    char *text;

    if (r->p == r->end || *r->p != '"')
        return fault(r, r->p, "expected a key in quotes");
    if (!scan_string(r, &escaped))
        return false;
    v->key = from;
    v->key_n = (uint32_t)(r->p - from - 1);
    if (escaped) {
        name = arena_alloc(r->arena, sizeof *name);
        name->spelling = (struct str){from, v->key_n};
        text = arena_bytes(r->arena, v->key_n);
        name->text = (struct str){text, json_unescape(text, from, v->key_n)};
        v->key = name;
        v->flags |= JSON_SPELLED;
    }
    skip_blanks(r);
    if (r->p == r->end || *r->p != ':')
        return fault(r, r->p, "expected a colon after the key");
    r->p++;
    skip_blanks(r);
    return true;
}

struct sortable {
    uint64_t hash;
    struct str key;
    const struct json *member;
    size_t order;
};

static int compare_sortable(const void *a, const void *b)
{
    const struct sortable *x = a, *y = b;
    int order;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    order = str_cmp(x->key, y->key);
    if (order)
        return order;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Sorted by hash and then by bytes: keys made to collide cost a comparison of
 * bytes each, but never the square of their number. */
static const struct json *duplicate_of_many(const struct json *object)
{
    struct sortable *list = mem_grow(NULL, object->n * sizeof *list);
    const struct sortable *found = NULL;
    size_t n = 0;

    for (const struct json *v = object->u.first; v; v = v->next, n++) {
        struct str key = json_member_key(v);

        list[n] = (struct sortable){hash_u64(key), key, v, n};
    }
    qsort(list, n, sizeof *list, compare_sortable);
    for (size_t i = 1; i < n; i++) {
        if (list[i].hash == list[i - 1].hash &&
            str_eq(list[i].key, list[i - 1].key) &&
            (!found || list[i].order < found->order))
            found = &list[i];
    }
    object = found ? found->member : NULL;
    free(list);
    return object;
}

const struct json *json_duplicate(const struct json *object)
{
    if (object->n < 2)
        return NULL;
    if (object->n > FEW_KEYS)
        return duplicate_of_many(object);
    for (const struct json *v = object->u.first->next; v; v = v->next) {
        struct str key = json_member_key(v);

        for (const struct json *w = object->u.first; w != v; w = w->next) {
            if (str_eq(key, json_member_key(w)))
                return v;
        }
    }
    return NULL;
}

static bool refuse_duplicate(struct reader *r, const struct json *object)
{
    const struct json *again = json_duplicate(object);
    const char *key;

    if (!again)
        return true;
    key = again->flags & JSON_SPELLED
              ? ((const struct json_name *)again->key)->spelling.p
              : again->key;
    return fault(r, key - 1, "the object has this key already");
}

/* --- values -------------------------------------------------------------- */

static bool is_digit_at(const struct reader *r, const char *p)
{
    return p < r->end && *p >= '0' && *p <= '9';
}

static bool read_number(struct reader *r)
{
    const char *p = r->p;

    if (*p == '-')
        p++;
    if (!is_digit_at(r, p))
        return fault(r, p, "expected a digit");
    if (*p == '0' && is_digit_at(r, p + 1))
        return fault(r, p, "a number with a leading zero");
    while (is_digit_at(r, p))
        p++;
    if (p < r->end && *p == '.') {
        p++;
        if (!is_digit_at(r, p))
            return fault(r, p, "expected a digit after the point");
        while (is_digit_at(r, p))
            p++;
    }
    if (p < r->end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < r->end && (*p == '+' || *p == '-'))
            p++;
        if (!is_digit_at(r, p))
            return fault(r, p, "expected a digit in the exponent");
        while (is_digit_at(r, p))
            p++;
    }
    r->p = p;
    return true;
}

static bool read_word(struct reader *r, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
        return fault(r, r->p, "expected a value");
    r->p += n;
    return true;
}

static bool open_box(struct reader *r, struct json *v, enum json_type type)
{
    v->type = (uint8_t)type;
    if (r->depth == r->max_depth)
        return fault(r, r->p, "nested too deeply");
    r->depth++;
    r->p++;
    r->open = v;
    return true;
}

static bool close_box(struct reader *r)
{
    struct json *box = r->open;

    if (box->type == JSON_OBJECT && !refuse_duplicate(r, box))
        return false;
    r->p++;
    r->depth--;
    r->open = box->parent;
    box->from_n = (uint32_t)(r->p - box->from.p);
    return true;
}

/* Read a scalar, or the opening of a container, into v. */
static bool read_value(struct reader *r, struct json *v)
{
    bool done, escaped;

    if (r->p == r->end)
        return fault(r, r->p, "expected a value, but the text ends");
    if (++r->values > JSON_MAX_VALUES)
        return fault(r, r->p, "too many values");
    if (r->open)
        json_link(r->open, v);
    v->from.p = r->p;
    switch (*r->p) {
    case '{':
        return open_box(r, v, JSON_OBJECT);
    case '[':
        return open_box(r, v, JSON_ARRAY);
    case '"':
        v->type = JSON_STRING;
        v->u.arena = r->arena;
        done = scan_string(r, &escaped);
        if (done && escaped)
            v->flags |= JSON_ESCAPED;
        break;
    case 't':
        v->type = JSON_BOOL;
        v->n = 1;
        done = read_word(r, "true");
        break;
    case 'f':
        v->type = JSON_BOOL;
        done = read_word(r, "false");
        break;
    case 'n':
        v->type = JSON_NULL;
        done = read_word(r, "null");
        break;
    default:
        if (*r->p != '-' && !is_digit_at(r, r->p))
            return fault(r, r->p, "expected a value");
        v->type = JSON_NUMBER;
        done = read_number(r);
        break;
    }
    v->from_n = (uint32_t)(r->p - v->from.p);
    return done;
}

/* Read what is inside the open containers until all are closed. */
static bool read_inside(struct reader *r)
{
    while (r->open) {
        struct json *box = r->open, *v;
        bool object = box->type == JSON_OBJECT;

        skip_blanks(r);
        if (r->p < r->end && *r->p == (object ? '}' : ']')) {
            if (!close_box(r))
                return false;
            continue;
        }
        if (box->u.first) {
            if (r->p == r->end || *r->p != ',')
                return fault(r, r->p,
                             object ? "expected a comma or }"
                                    : "expected a comma or ]");
            r->p++;
            skip_blanks(r);
        }
        v = new_value(r);
        if (object && !read_key(r, v))
            return false;
        if (!read_value(r, v))
            return false;
    }
    return true;
}

static bool read_text(struct reader *r, struct json *root)
{
    skip_blanks(r);
    if (!read_value(r, root) || !read_inside(r))
        return false;
    skip_blanks(r);
    if (r->p != r->end)
        return fault(r, r->p, "something follows the value");
    return true;
}

enum asid_rc json_parse(struct arena *a, struct str text, unsigned max_depth,
                        struct json **out, struct asid_err *err)
{
    struct reader r = {
        .arena = a,
        .begin = text.p,
        .p = text.p,
        .end = text.p + text.n,
        .chunk_size = CHUNK_MIN,
        .max_depth = max_depth ? max_depth : JSON_MAX_DEPTH,
    };
    struct json *root;

    if (text.n > UINT32_MAX)
        return REJECT(err, "input.syntax", "byte 0: the text is over 4 GiB");
    root = new_value(&r);
    if (!read_text(&r, root))
        return REJECT(err, "input.syntax", "byte %zu: %s",
                      (size_t)(r.p - r.begin), r.fault);
    *out = root;
    return ASID_OK;
}
