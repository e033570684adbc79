/*
 * JSON values: looking at them, making them, changing them.
 */
#include <math.h>

#include "asid/base/num.h"
#include "asid/base/utf8.h"
#include "asid/data/json.h"
#include "json_int.h"

/* Decoding on demand is the one change behind a const value. */
static struct json *writable(const struct json *v)
{
    return (struct json *)(uintptr_t)v;
}

/* --- looking ------------------------------------------------------------- */

enum json_type json_type(const struct json *v)
{
    return v ? (enum json_type)v->type : JSON_NULL;
}

const char *json_type_name(enum json_type t)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",     [JSON_BOOL] = "boolean",
        [JSON_NUMBER] = "number", [JSON_STRING] = "string",
        [JSON_ARRAY] = "array",   [JSON_OBJECT] = "object",
    };

    return names[t];
}

struct json *json_get_str(const struct json *v, struct str key)
{
    if (!v || v->type != JSON_OBJECT)
        return NULL;
    for (struct json *m = v->u.first; m; m = m->next) {
        if (str_eq(json_member_key(m), key))
            return m;
    }
    return NULL;
}

struct json *json_get(const struct json *v, const char *key)
{
    return json_get_str(v, str_of(key));
}

struct json *json_at(const struct json *v, size_t index)
{
    struct json *e;

    if (!v || v->type != JSON_ARRAY || index >= v->n)
        return NULL;
    if (index == v->n - 1)
        return v->u.first->prev;
    for (e = v->u.first; index; index--)
        e = e->next;
    return e;
}

struct json *json_path(const struct json *v, const char *path)
{
    struct json *found = writable(v);

    for (;;) {
        size_t n = strcspn(path, ".");
        struct str name = {path, n};
        uint64_t index;

        if (json_type(found) == JSON_ARRAY)
            found = num_u64(name, &index) ? json_at(found, index) : NULL;
        else
            found = json_get_str(found, name);
        if (!found || path[n] == '\0')
            return found;
        path += n + 1;
    }
}

size_t json_count(const struct json *v)
{
    return v && json_is_box(v) ? v->n : 0;
}

struct json *json_first(const struct json *v)
{
    return v && json_is_box(v) ? v->u.first : NULL;
}

struct json *json_next(const struct json *v)
{
    return v ? v->next : NULL;
}

struct str json_key(const struct json *v)
{
    if (!v || !v->key)
        return (struct str){"", 0};
    return json_member_key(v);
}

/* Give a parsed string a decoded, terminated text of its own. */
static void decode(struct json *v)
{
    const char *p = v->from.p + 1;
    size_t n = v->from_n - 2;
    char *text = arena_bytes(v->u.arena, n + 1);

    if (v->flags & JSON_ESCAPED)
        n = json_unescape(text, p, n);
    else if (n)
        memcpy(text, p, n);
    text[n] = '\0';
    v->u.text = text;
    v->n = (uint32_t)n;
    v->flags |= JSON_DECODED;
}

struct str json_str(const struct json *v)
{
    if (!v || v->type != JSON_STRING)
        return (struct str){"", 0};
    if (!(v->flags & JSON_DECODED)) {
        if (!(v->flags & JSON_ESCAPED))
            return (struct str){v->from.p + 1, v->from_n - 2};
        decode(writable(v));
    }
    return (struct str){v->u.text, v->n};
}

const char *json_text(const struct json *v)
{
    if (!v || v->type != JSON_STRING)
        return NULL;
    if (!(v->flags & JSON_DECODED))
        decode(writable(v));
    return memchr(v->u.text, '\0', v->n) ? NULL : v->u.text;
}

void json_settle(struct json *v)
{
    struct json *at = v;

    if (!v)
        return;
    for (;;) {
        if (at->type == JSON_STRING && !(at->flags & JSON_DECODED))
            decode(at);
        if (json_is_box(at) && at->u.first) {
            at = at->u.first;
            continue;
        }
        while (at != v && !at->next)
            at = at->parent;
        if (at == v)
            return;
        at = at->next;
    }
}

bool json_bool(const struct json *v)
{
    return v && v->type == JSON_BOOL && v->n;
}

struct str json_spelling(const struct json *v)
{
    if (!v || v->type != JSON_NUMBER)
        return (struct str){"", 0};
    if (v->flags & JSON_CHANGED)
        return (struct str){v->u.text, v->n};
    return (struct str){v->from.p, v->from_n};
}

bool json_f64(const struct json *v, double *out)
{
    return num_f64(json_spelling(v), out);
}

/* A number as digits * 10^power, where digits has no zero at its end. */
struct decimal {
    bool minus;
    size_t n;      /* characters of the mantissa up to the last nonzero digit */
    int64_t power; /* 0 when all digits are zero */
};

static int64_t read_power(struct str s)
{
    const int64_t most = INT64_C(1000000000000000);
    bool minus = s.n && s.p[0] == '-';
    int64_t power = 0;

    for (size_t i = s.n && (minus || s.p[0] == '+'); i < s.n; i++) {
        power = power * 10 + (s.p[i] - '0');
        if (power > most)
            power = most;
    }
    return minus ? -power : power;
}

static struct decimal read_decimal(struct str s)
{
    struct decimal d = {.minus = s.n && s.p[0] == '-'};
    bool point = false;
    size_t i = d.minus;

    for (; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++) {
        if (s.p[i] == '.') {
            point = true;
            continue;
        }
        d.power += point ? 0 : 1;
        if (s.p[i] != '0')
            d.n = i + 1;
    }
    if (d.n == 0) {
        d.power = 0;
        return d;
    }
    /* power is the number of digits before the point; take off those that
     * stand up to the last nonzero one. */
    for (size_t k = d.minus; k < d.n; k++)
        d.power -= s.p[k] != '.';
    if (i < s.n)
        d.power += read_power((struct str){s.p + i + 1, s.n - i - 1});
    return d;
}

bool json_is_whole(struct str spelling)
{
    return read_decimal(spelling).power >= 0;
}

bool json_i64(const struct json *v, int64_t *out)
{
    struct str s = json_spelling(v);
    struct decimal d;
    uint64_t sum = 0;

    if (num_i64(s, out))
        return true;
    if (s.n == 0)
        return false;
    d = read_decimal(s);
    if (d.power < 0 || d.power > 19)
        return false;
    for (size_t i = d.minus; i < d.n + (size_t)d.power; i++) {
        unsigned digit = i < d.n ? (unsigned)(s.p[i] - '0') : 0;

        if (i < d.n && s.p[i] == '.')
            continue;
        if (__builtin_mul_overflow(sum, 10u, &sum) ||
            __builtin_add_overflow(sum, digit, &sum))
            return false;
    }
    if (sum > (uint64_t)INT64_MAX + d.minus)
        return false;
    *out = d.minus ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

struct str json_source(const struct json *v)
{
    if (!v || v->flags & JSON_CHANGED)
        return (struct str){"", 0};
    return (struct str){v->from.p, v->from_n};
}

struct yaml_place yaml_where(const struct json *v)
{
    if (!v || !(v->flags & JSON_PLACED))
        return (struct yaml_place){0, 0};
    return v->from.place;
}

/* --- making -------------------------------------------------------------- */

static struct json *make(struct arena *a, enum json_type type)
{
    struct json *v = arena_alloc(a, sizeof *v);

    v->type = (uint8_t)type;
    v->flags = JSON_CHANGED;
    return v;
}

struct json *json_new_null(struct arena *a)
{
    return make(a, JSON_NULL);
}

struct json *json_new_bool(struct arena *a, bool value)
{
    struct json *v = make(a, JSON_BOOL);

    v->n = value;
    return v;
}

static struct json *make_number(struct arena *a, const char *text, size_t n)
{
    struct json *v = make(a, JSON_NUMBER);

    v->u.text = arena_strndup(a, text, n);
    v->n = (uint32_t)n;
    return v;
}

struct json *json_new_i64(struct arena *a, int64_t value)
{
    char digits[20], *p = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--p = '-';
    return make_number(a, p, (size_t)(digits + sizeof digits - p));
}

struct json *json_new_f64(struct arena *a, double value)
{
    char space[32];
    unsigned n = num_format(value, space);

    return make_number(a, space, n);
}

struct json *json_new_finite(struct arena *a, double value)
{
    return isfinite(value) ? json_new_f64(a, value) : json_new_null(a);
}

/* Copy text, with U+FFFD for each byte that is not UTF-8. */
static struct str copy_text(struct arena *a, struct str text)
{
    size_t good = utf8_span(text.p, text.n), at = 0, room = text.n + 1;
    char *to;

    if (good < text.n && (!size_mul(text.n, 3, &room) || room == SIZE_MAX))
        room = SIZE_MAX - 1; /* the arena says that this is too much */
    to = arena_bytes(a, room + (good < text.n));
    for (;;) {
        if (good)
            memcpy(to + at, text.p, good);
        at += good;
        text.p += good;
        text.n -= good;
        if (text.n == 0)
            break;
        at += utf8_encode(0xfffd, to + at);
        text.p++;
        text.n--;
        good = utf8_span(text.p, text.n);
    }
    to[at] = '\0';
    return (struct str){to, at};
}

struct json *json_new_str(struct arena *a, struct str text)
{
    struct json *v = make(a, JSON_STRING);

    text = copy_text(a, text);
    BUG_IF(text.n > UINT32_MAX);
    v->u.text = text.p;
    v->n = (uint32_t)text.n;
    v->flags |= JSON_DECODED;
    return v;
}

struct json *json_new_text(struct arena *a, const char *text)
{
    return json_new_str(a, str_of(text));
}

struct json *json_new_nonempty(struct arena *a, struct str text)
{
    return text.n > 0 ? json_new_str(a, text) : json_new_null(a);
}

struct json *json_new_array(struct arena *a)
{
    return make(a, JSON_ARRAY);
}

struct json *json_new_object(struct arena *a)
{
    return make(a, JSON_OBJECT);
}

/* --- changing ------------------------------------------------------------ */

static void mark_changed(struct json *v)
{
    for (; v && !(v->flags & JSON_CHANGED); v = v->parent)
        v->flags |= JSON_CHANGED;
}

void json_put_key(struct arena *a, struct json *v, struct str key)
{
    struct str copy = copy_text(a, key);

    BUG_IF(copy.n > UINT32_MAX);
    v->key = copy.p;
    v->key_n = (uint32_t)copy.n;
    if (json_plain(copy.p, copy.n, false) < copy.n)
        v->flags |= JSON_ODD_KEY;
}

/* Let value stand where old stood, under old's key. */
static void replace(struct json *old, struct json *value)
{
    struct json *box = old->parent;

    value->parent = box;
    value->next = old->next;
    value->prev = old->prev;
    if (box->u.first == old)
        box->u.first = value;
    else
        old->prev->next = value;
    if (old->next)
        old->next->prev = value;
    else
        box->u.first->prev = value; /* its own one, when it is alone */
    value->key = old->key;
    value->key_n = old->key_n;
    value->flags |= old->flags & (JSON_SPELLED | JSON_ODD_KEY);
    value->flags |= JSON_MOVED;
}

static void detach(struct json *v)
{
    v->parent = v->next = v->prev = NULL;
    v->key = NULL;
    v->key_n = 0;
    v->flags &= (uint8_t) ~(JSON_SPELLED | JSON_ODD_KEY);
}

void json_set_str(struct arena *a, struct json *object, struct str key,
                  struct json *value)
{
    struct json *old = json_get_str(object, key);

    BUG_IF(object->type != JSON_OBJECT || object == value);
    if (old == value)
        return;
    BUG_IF(value->parent);
    if (old) {
        replace(old, value);
        detach(old);
    } else {
        BUG_IF(object->n == UINT32_MAX);
        json_put_key(a, value, key);
        json_link(object, value);
        value->flags |= JSON_MOVED;
    }
    mark_changed(object);
}

void json_set(struct arena *a, struct json *object, const char *key,
              struct json *value)
{
    json_set_str(a, object, str_of(key), value);
}

void json_append(struct json *array, struct json *value)
{
    BUG_IF(array->type != JSON_ARRAY || array == value || value->parent);
    BUG_IF(array->n == UINT32_MAX);
    json_link(array, value);
    value->flags |= JSON_MOVED;
    mark_changed(array);
}

void json_unlink(struct json *v)
{
    struct json *box = v->parent;

    if (!box)
        return;
    if (v->next)
        v->next->prev = v->prev;
    else
        box->u.first->prev = v->prev;
    if (box->u.first == v)
        box->u.first = v->next;
    else
        v->prev->next = v->next;
    box->n--;
    detach(v);
    mark_changed(box);
}

void json_set_text(struct arena *a, struct json *object, const char *key,
                   const char *text)
{
    json_set(a, object, key, json_new_text(a, text));
}

void json_set_i64(struct arena *a, struct json *object, const char *key,
                  int64_t value)
{
    json_set(a, object, key, json_new_i64(a, value));
}

void json_set_f64(struct arena *a, struct json *object, const char *key,
                  double value)
{
    json_set(a, object, key, json_new_f64(a, value));
}

void json_set_bool(struct arena *a, struct json *object, const char *key,
                   bool value)
{
    json_set(a, object, key, json_new_bool(a, value));
}
