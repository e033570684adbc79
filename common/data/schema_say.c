/*
 * Saying what is wrong with a value: its path, what was expected, and, where
 * a schema has alternatives, the error of the one that was meant.
 */
#include <stdarg.h>
#include <stdio.h>

#include "asid/base/num.h"
#include "asid/base/utf8.h"
#include "asid/data/json.h"
#include "json_int.h"
#include "schema_check_int.h"

enum {
    PATH_DEPTH = 256,
    PATH_SHOWN = 300, /* bytes; longer ones lose their beginning */
    TEXT_SHOWN = 60,
    ENUM_SHOWN = 16,
};

/* --- paths --------------------------------------------------------------- */

/* At most n bytes, and no half character. */
static struct str clip(struct str s, size_t n)
{
    if (s.n > n)
        s.n = utf8_span(s.p, n);
    return s;
}

static bool is_plain_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return s.n > 0 && s.n <= TEXT_SHOWN;
}

static void write_step(struct buf *b, const struct json *v)
{
    struct str key = json_key(v);
    size_t index = 0;

    if (v->parent->type == JSON_ARRAY) {
        for (const struct json *e = v->parent->u.first; e != v; e = e->next)
            index++;
        buf_printf(b, "[%zu]", index);
    } else if (is_plain_name(key)) {
        if (b->n)
            buf_char(b, '.');
        buf_str(b, key);
    } else {
        buf_text(b, "[\"");
        buf_str(b, clip(key, TEXT_SHOWN));
        buf_text(b, key.n > TEXT_SHOWN ? "...\"]" : "\"]");
    }
}

/* "sources[0].attributes.scene"; empty for the root. */
static void write_path(struct buf *b, const struct json *v,
                       const struct json *root)
{
    const struct json *up[PATH_DEPTH];
    size_t n = 0;

    for (; v != root && v->parent && n < PATH_DEPTH; v = v->parent)
        up[n++] = v;
    while (n--)
        write_step(b, up[n]);
}

/* Put the finished message into the error, with its path in front. */
static bool tell(struct check *c, const struct json *v, struct buf *message)
{
    struct buf path;
    size_t from = 0;

    buf_init(&path, (size_t)1 << 20);
    write_path(&path, v, c->root);
    if (path.n > PATH_SHOWN)
        from = path.n - PATH_SHOWN;
    REJECT(c->err, "input.schema", "%s%s%s" STR_FMT, from ? "..." : "",
           path.n ? path.p + from : "", path.n ? ": " : "",
           STR_ARG(buf_view(message)));
    c->at = v;
    buf_release(&path);
    buf_release(message);
    return false;
}

static void start(struct buf *b)
{
    buf_init(b, 8192);
}

bool schema_say(struct check *c, const struct json *v, const char *fmt, ...)
{
    struct buf b;
    va_list ap;
    char text[256];

    if (c->quiet)
        return false;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    start(&b);
    buf_text(&b, text);
    return tell(c, v, &b);
}

/* --- values and types ---------------------------------------------------- */

static void show_value(struct buf *b, const struct json *v)
{
    struct str text = v->type == JSON_STRING ? json_str(v) : json_spelling(v);
    const char *quote = v->type == JSON_STRING ? "\"" : "";

    switch ((enum json_type)v->type) {
    case JSON_NULL:
        buf_text(b, "null");
        break;
    case JSON_BOOL:
        buf_text(b, json_bool(v) ? "true" : "false");
        break;
    case JSON_NUMBER:
    case JSON_STRING:
        buf_text(b, quote);
        buf_str(b, clip(text, TEXT_SHOWN));
        buf_text(b, text.n > TEXT_SHOWN ? "..." : "");
        buf_text(b, quote);
        break;
    case JSON_ARRAY:
        buf_text(b, "an array");
        break;
    case JSON_OBJECT:
        buf_text(b, "an object");
        break;
    }
}

static void show_type(struct buf *b, const struct json *v)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",       [JSON_BOOL] = "a boolean",
        [JSON_NUMBER] = "a number", [JSON_STRING] = "a string",
        [JSON_ARRAY] = "an array",  [JSON_OBJECT] = "an object",
    };

    buf_text(b, names[v->type]);
}

/* ", " between the first words of a list and " or " before the last. */
static void show_joint(struct buf *b, size_t index, size_t n)
{
    if (index > 0)
        buf_text(b, index == n - 1 ? " or " : ", ");
}

static void show_types(struct buf *b, unsigned types)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        {SCHEMA_STRING, "a string"}, {SCHEMA_INTEGER, "an integer"},
        {SCHEMA_NUMBER, "a number"}, {SCHEMA_BOOLEAN, "a boolean"},
        {SCHEMA_ARRAY, "an array"},  {SCHEMA_OBJECT, "an object"},
        {SCHEMA_NULL, "null"},
    };
    size_t n = (size_t)__builtin_popcount(types), shown = 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (types & names[i].bit) {
            show_joint(b, shown++, n);
            buf_text(b, names[i].name);
        }
    }
}

bool schema_say_type(struct check *c, const struct json *v, unsigned types)
{
    struct buf b;

    if (c->quiet)
        return false;
    start(&b);
    if (types & SCHEMA_NUMBER)
        types &= ~(unsigned)SCHEMA_INTEGER;
    buf_text(&b, "expected ");
    show_types(&b, types);
    buf_text(&b, ", got ");
    if (v->type == JSON_NUMBER)
        show_value(&b, v);
    else
        show_type(&b, v);
    return tell(c, v, &b);
}

bool schema_say_bound(struct check *c, const struct json *v, const char *how,
                      double bound)
{
    char number[32];
    struct buf b;

    if (c->quiet)
        return false;
    start(&b);
    num_format(bound, number);
    buf_printf(&b, "expected %s %s, got ", how, number);
    show_value(&b, v);
    return tell(c, v, &b);
}

bool schema_say_pattern(struct check *c, const struct json *v,
                        const char *pattern)
{
    struct buf b;

    if (c->quiet)
        return false;
    start(&b);
    buf_printf(&b, "expected a text that matches %.120s, got ", pattern);
    show_value(&b, v);
    return tell(c, v, &b);
}

bool schema_say_const(struct check *c, const struct json *v,
                      const struct json *constant)
{
    struct buf b;

    if (c->quiet)
        return false;
    start(&b);
    buf_text(&b, "expected ");
    show_value(&b, constant);
    buf_text(&b, ", got ");
    show_value(&b, v);
    return tell(c, v, &b);
}

/* --- names --------------------------------------------------------------- */

static void show_nearest(struct buf *b, const struct str_nearest *near)
{
    if (near->name.n)
        buf_printf(b, ", did you mean " STR_FMT "?", STR_ARG(near->name));
}

bool schema_say_enum(struct check *c, const struct json *v,
                     const struct json *allowed)
{
    size_t n = json_count(allowed), i = 0;
    struct str_nearest near = {.wrong = json_str(v)};
    struct buf b;

    if (c->quiet)
        return false;
    start(&b);
    buf_text(&b, n > 1 ? "expected one of " : "expected ");
    json_each(e, allowed) {
        if (v->type == JSON_STRING)
            str_nearer(&near, json_str(e));
        if (i == ENUM_SHOWN)
            buf_text(&b, ", ...");
        if (i++ >= ENUM_SHOWN)
            continue;
        buf_text(&b, i > 1 ? ", " : "");
        if (e->type == JSON_STRING)
            buf_str(&b, clip(json_str(e), TEXT_SHOWN));
        else
            show_value(&b, e);
    }
    buf_text(&b, n > 1 ? "; got " : ", got ");
    show_value(&b, v);
    show_nearest(&b, &near);
    return tell(c, v, &b);
}

bool schema_say_missing(struct check *c, const struct json *v,
                        const struct schema *s)
{
    struct buf b;

    if (c->quiet)
        return false;
    start(&b);
    buf_text(&b, "the key ");
    /* In the order of the schema, not of the table. */
    json_each(key, json_get(s->from, "required")) {
        if (json_get_str(v, json_str(key)))
            continue;
        buf_str(&b, json_str(key));
        break;
    }
    buf_text(&b, " is missing");
    return tell(c, v, &b);
}

bool schema_say_unknown(struct check *c, const struct json *m,
                        const struct schema *const *s, size_t n)
{
    struct str_nearest near = {.wrong = json_key(m)};
    struct buf b;

    if (c->quiet)
        return false;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < s[i]->property_n; k++)
            str_nearer(&near, s[i]->property[k].name);
    }
    start(&b);
    buf_text(&b, "unknown key");
    show_nearest(&b, &near);
    return tell(c, m, &b);
}

/* --- alternatives -------------------------------------------------------- */

/* What a schema that only refers to another one stands for. */
static const struct schema *behind(const struct schema *s)
{
    while (s->ref && s->types == SCHEMA_ANY && s->property_n == 0)
        s = s->ref;
    return s;
}

/* The types that can fit at all. */
static unsigned types_of(const struct schema *s)
{
    static const unsigned bits[] = {
        [JSON_NULL] = SCHEMA_NULL,     [JSON_BOOL] = SCHEMA_BOOLEAN,
        [JSON_NUMBER] = SCHEMA_NUMBER, [JSON_STRING] = SCHEMA_STRING,
        [JSON_ARRAY] = SCHEMA_ARRAY,   [JSON_OBJECT] = SCHEMA_OBJECT,
    };
    unsigned types = 0;

    s = behind(s);
    if (s->never)
        return 0;
    if (s->types != SCHEMA_ANY)
        return s->types;
    if (s->constant)
        return bits[s->constant->type];
    if (!s->allowed)
        return SCHEMA_ANY;
    json_each(e, s->allowed)
        types |= bits[e->type];
    return types;
}

/* How much a value looks like it was meant for an alternative. */
enum likeness {
    OTHER_TYPE,
    LACKS_KEYS, /* an object without a key that the alternative requires */
    RIGHT_TYPE,
    WRONG_TAG, /* it has the keys, but one of them holds another constant */
    HAS_KEYS,
};

static enum likeness likeness_of(struct check *c, const struct schema *s,
                                 const struct json *v)
{
    enum likeness found = HAS_KEYS;

    if (!schema_type_fits(types_of(s), v))
        return OTHER_TYPE;
    s = behind(s);
    if (v->type != JSON_OBJECT || s->required_n == 0)
        return RIGHT_TYPE;
    for (size_t i = 0; i < s->property_n; i++) {
        const struct schema_property *p = &s->property[i];
        const struct json *m = p->required ? json_get_str(v, p->name) : NULL;

        if (p->required && !m)
            return LACKS_KEYS;
        if (m && p->schema && (p->schema->constant || p->schema->allowed) &&
            !schema_fits(c, p->schema, m))
            found = WRONG_TAG;
    }
    return found;
}

/* The name that sets an alternative apart, as far as that can be told. */
static struct str first_required(const struct schema *s)
{
    return json_str(json_first(json_get(s->from, "required")));
}

static void say_keys(struct check *c, const struct json *v, const char *text,
                     const struct schema *const *s, size_t n)
{
    struct buf b;

    start(&b);
    buf_text(&b, text);
    for (size_t i = 0; i < n; i++) {
        buf_text(&b, i ? ", " : "");
        buf_str(&b, clip(first_required(s[i]), TEXT_SHOWN));
    }
    tell(c, v, &b);
}

/* An object that lacks what each alternative requires: most likely one of its
 * keys is misspelt. */
static void say_no_key(struct check *c, const struct json *v,
                       const struct schema *const *s, size_t n)
{
    for (const struct json *m = v->u.first; m; m = m->next) {
        bool known = false;

        for (size_t i = 0; i < n && !known; i++)
            known = schema_find(s[i], json_member_key(m)) != NULL;
        if (!known) {
            schema_say_unknown(c, m, s, n);
            return;
        }
    }
    say_keys(c, v, "expected one of the keys ", s, n);
}

static bool have_own_keys(const struct schema *const *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (str_eq(first_required(s[i]), first_required(s[k])))
                return false;
        }
    }
    return true;
}

const struct schema *schema_guess(struct check *c,
                                  const struct schema_list *list,
                                  const struct json *v)
{
    const struct schema **best = arena_array(c->scratch, list->n, sizeof *best);
    const struct schema *first = NULL;
    enum likeness most = OTHER_TYPE;
    unsigned types = 0;
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++) {
        enum likeness its = likeness_of(c, list->item[i], v);

        types |= types_of(list->item[i]);
        if (its > most) {
            most = its;
            n = 0;
        }
        if (n == 0)
            first = list->item[i];
        if (its == most)
            best[n++] = behind(list->item[i]);
    }
    if (most == OTHER_TYPE) {
        schema_say_type(c, v, types);
        return NULL;
    }
    if (n > 1 && most == LACKS_KEYS) {
        say_no_key(c, v, best, n);
        return NULL;
    }
    if (n > 1 && most == HAS_KEYS && have_own_keys(best, n)) {
        say_keys(c, v, "expected only one of the keys ", best, n);
        return NULL;
    }
    return first;
}
