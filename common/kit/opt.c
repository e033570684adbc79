/* Options: looking values up, checking one value, hashing them all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asid/base/num.h"
#include "kit_int.h"

/* --- looking up ---------------------------------------------------------- */

/* The value or NULL; a name that the program has no option of is a BUG. */
static struct json *find(const struct asid_cx *cx, const char *name)
{
    struct json *v = json_get(cx->options, name);

    if (!v && cx->kit)
        BUG_IF(!entry_option(cx->kit->document, cx->kit->entry, str_of(name)));
    return v;
}

bool opt_given(const struct asid_cx *cx, const char *name)
{
    struct json *v = find(cx, name);

    return cx->kit ? json_get(cx->kit->given, name) != NULL : v != NULL;
}

const char *opt_text(const struct asid_cx *cx, const char *name)
{
    struct json *v = find(cx, name);

    BUG_IF(v && json_type(v) != JSON_STRING);
    return json_text(v);
}

bool opt_bool(const struct asid_cx *cx, const char *name)
{
    struct json *v = find(cx, name);

    BUG_IF(v && json_type(v) != JSON_BOOL);
    return json_bool(v);
}

int64_t opt_int(const struct asid_cx *cx, const char *name)
{
    struct json *v = find(cx, name);
    int64_t n = 0;

    BUG_IF(v && !json_i64(v, &n));
    return n;
}

double opt_real(const struct asid_cx *cx, const char *name)
{
    struct json *v = find(cx, name);
    double n = 0;

    BUG_IF(v && !json_f64(v, &n));
    return n;
}

size_t opt_count(const struct asid_cx *cx, const char *name)
{
    struct json *v = find(cx, name);

    BUG_IF(v && json_type(v) != JSON_ARRAY);
    return v ? json_count(v) : 0;
}

const char *opt_nth(const struct asid_cx *cx, const char *name, size_t i)
{
    return json_text(json_at(find(cx, name), i));
}

/* --- checking one value ---------------------------------------------------- */

static void add_range(struct buf *b, const struct json *option)
{
    const struct json *least = json_get(option, "minimum");
    const struct json *most = json_get(option, "maximum");

    if (least)
        buf_printf(b, most ? " from " STR_FMT : " of at least " STR_FMT,
                   STR_ARG(json_spelling(least)));
    if (most)
        buf_printf(b, least ? " to " STR_FMT : " of at most " STR_FMT,
                   STR_ARG(json_spelling(most)));
}

static bool in_range(const struct json *option, double value)
{
    double least, most;

    if (json_f64(json_get(option, "minimum"), &least) && value < least)
        return false;
    return !json_f64(json_get(option, "maximum"), &most) || value <= most;
}

static enum asid_rc bad_number(const struct json *option, const char *kind,
                               const char *name, const char *text,
                               struct asid_err *err)
{
    struct buf range;
    enum asid_rc rc;

    buf_init(&range, 200);
    add_range(&range, option);
    rc = USAGE(err, "%s: expected %s" STR_FMT ", got \"%s\"", name, kind,
               STR_ARG(buf_view(&range)), text);
    buf_release(&range);
    return rc;
}

static enum asid_rc number(struct arena *a, const struct json *option,
                           const char *name, const char *text, bool whole,
                           struct json **out, struct asid_err *err)
{
    int64_t i = 0;
    double d = 0;
    bool good = whole ? num_i64(str_of(text), &i) : num_f64(str_of(text), &d);

    if (!good || !in_range(option, whole ? (double)i : d))
        return bad_number(option, whole ? "a whole number" : "a number", name,
                          text, err);
    *out = whole ? json_new_i64(a, i) : json_new_f64(a, d);
    return ASID_OK;
}

static enum asid_rc boolean(struct arena *a, const char *name, const char *text,
                            struct json **out, struct asid_err *err)
{
    bool yes = strcmp(text, "true") == 0;

    if (!yes && strcmp(text, "false") != 0)
        return USAGE(err, "%s: expected true or false, got \"%s\"", name, text);
    *out = json_new_bool(a, yes);
    return ASID_OK;
}

static enum asid_rc string(struct arena *a, const struct json *option,
                           const char *name, const char *text,
                           struct json **out, struct asid_err *err)
{
    const struct json *list = json_get(option, "enum");
    struct buf known;
    enum asid_rc rc;

    *out = json_new_text(a, text);
    if (!list)
        return ASID_OK;
    buf_init(&known, 400);
    json_each(item, list) {
        if (str_is(json_str(item), text)) {
            buf_release(&known);
            return ASID_OK;
        }
        buf_printf(&known, "%s" STR_FMT, known.n ? ", " : "",
                   STR_ARG(json_str(item)));
    }
    rc = USAGE(err, "%s: expected one of " STR_FMT ", got \"%s\"", name,
               STR_ARG(buf_view(&known)), text);
    buf_release(&known);
    return rc;
}

enum asid_rc opt_value(struct arena *a, const struct json *option,
                       const char *name, const char *text, struct json **out,
                       struct asid_err *err)
{
    const char *type = json_text(json_get(option, "type"));

    BUG_IF(!type);
    if (strcmp(type, "integer") == 0)
        return number(a, option, name, text, true, out, err);
    if (strcmp(type, "number") == 0)
        return number(a, option, name, text, false, out, err);
    if (strcmp(type, "boolean") == 0)
        return boolean(a, name, text, out, err);
    BUG_IF(strcmp(type, "string") != 0);
    return string(a, option, name, text, out, err);
}

/* --- hashing ---------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    const struct json *const *x = a, *const *y = b;

    return str_cmp(json_key(*x), json_key(*y));
}

/* A number by value: 2, 2.0 and 2e0 are one. */
static struct json *canonical(struct arena *a, const struct json *v)
{
    int64_t i;
    double d;

    if (json_i64(v, &i))
        return json_new_i64(a, i);
    if (json_f64(v, &d))
        return json_new_f64(a, d);
    return json_copy(a, v);
}

/* Options that decide results, as one JSON object with sorted keys, plus the
 * stage, the version and what the stage says of itself. */
void opt_hash(struct kit *k, char hex[HASH_HEX], struct str *settings)
{
    struct arena *a = &k->arena;
    const struct asid_stage *stage = k->cx.stage;
    const char *identity = stage->identity ? stage->identity(&k->cx) : NULL;
    size_t n = 0, count = json_count(k->options);
    struct json **list = arena_array(a, count, sizeof *list);
    struct json *all = json_new_object(a);
    struct json *chosen = json_new_object(a);
    struct buf text;

    json_each(v, k->options) {
        const struct json *option =
            entry_option(k->document, k->entry, json_key(v));

        /* A source's arguments name its input, which has its own hash. */
        bool input =
            stage->source && json_bool(json_get(option, "x-positional"));

        if (!input && !json_bool(json_get(option, "x-cosmetic")))
            list[n++] = v;
    }
    qsort(list, n, sizeof *list, by_key);
    for (size_t i = 0; i < n; i++)
        json_set_str(a, chosen, json_key(list[i]), canonical(a, list[i]));
    json_set_text(a, all, "stage", stage->name);
    json_set_text(a, all, "version", ASID_VERSION);
    json_set_text(a, all, "identity", identity ? identity : "");
    json_set(a, all, "options", chosen);
    buf_init(&text, SIZE_MAX / 2);
    json_write(&text, all);
    hash_text(buf_view(&text), hex);
    *settings = (struct str){arena_strndup(a, text.p, text.n), text.n};
    buf_release(&text);
}
