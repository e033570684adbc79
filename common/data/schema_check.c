/*
 * Checking a value against a schema. The way through is allocation-free but
 * for pattern matching; everything about places and words happens only once a
 * value has failed (schema_say.c).
 */
#include "asid/data/json.h"
#include "json_int.h"
#include "schema_check_int.h"

enum { NESTED_MAX = 1024 };

/* --- equality, for enum and const ---------------------------------------- */

static bool same_number(const struct json *a, const struct json *b)
{
    int64_t i, k;
    double x, y;

    if (json_i64(a, &i) && json_i64(b, &k))
        return i == k;
    if (json_f64(a, &x) && json_f64(b, &y))
        return x >= y && x <= y;
    return str_eq(json_spelling(a), json_spelling(b));
}

/* b is from the schema document, whose depth bounds the recursion. */
static bool same(const struct json *a, const struct json *b)
{
    const struct json *x = json_first(a), *y = json_first(b);

    if (a->type != b->type || json_count(a) != json_count(b))
        return false;
    switch ((enum json_type)a->type) {
    case JSON_NULL:
        return true;
    case JSON_BOOL:
        return json_bool(a) == json_bool(b);
    case JSON_NUMBER:
        return same_number(a, b);
    case JSON_STRING:
        return str_eq(json_str(a), json_str(b));
    case JSON_ARRAY:
        for (; x && y; x = x->next, y = y->next) {
            if (!same(x, y))
                return false;
        }
        return true;
    case JSON_OBJECT:
        for (; y; y = y->next) {
            x = json_get_str(a, json_member_key(y));
            if (!x || !same(x, y))
                return false;
        }
        return true;
    }
    return false;
}

static bool is_among(const struct json *v, const struct json *values)
{
    json_each(allowed, values) {
        if (same(v, allowed))
            return true;
    }
    return false;
}

/* --- scalars ------------------------------------------------------------- */

bool schema_type_fits(unsigned types, const struct json *v)
{
    static const unsigned bits[] = {
        [JSON_NULL] = SCHEMA_NULL,     [JSON_BOOL] = SCHEMA_BOOLEAN,
        [JSON_NUMBER] = SCHEMA_NUMBER, [JSON_STRING] = SCHEMA_STRING,
        [JSON_ARRAY] = SCHEMA_ARRAY,   [JSON_OBJECT] = SCHEMA_OBJECT,
    };

    if (types & bits[v->type])
        return true;
    return v->type == JSON_NUMBER && (types & SCHEMA_INTEGER) &&
           json_is_whole(json_spelling(v));
}

static bool check_number(struct check *c, const struct schema *s,
                         const struct json *v)
{
    double x;

    if (!s->bounds)
        return true;
    if (!json_f64(v, &x))
        return schema_say(c, v, "this number is out of range");
    if ((s->bounds & SCHEMA_MIN) && x < s->min)
        return schema_say_bound(c, v, "at least", s->min);
    if ((s->bounds & SCHEMA_MAX) && x > s->max)
        return schema_say_bound(c, v, "at most", s->max);
    if ((s->bounds & SCHEMA_ABOVE) && x <= s->above)
        return schema_say_bound(c, v, "more than", s->above);
    if ((s->bounds & SCHEMA_BELOW) && x >= s->below)
        return schema_say_bound(c, v, "less than", s->below);
    return true;
}

/* Code points of valid UTF-8. */
static size_t count_points(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += (s.p[i] & 0xc0) != 0x80;
    return n;
}

static void *take_memory(size_t n, void *arena)
{
    return arena_alloc(arena, n);
}

static void keep_memory(void *p, void *arena)
{
    (void)p;
    (void)arena;
}

/* A pattern that needs too many steps on a text counts as not matching. */
static bool matches(struct check *c, const struct schema_pattern *p,
                    struct str text)
{
    if (!c->match) {
        pcre2_general_context *memory =
            pcre2_general_context_create(take_memory, keep_memory, c->scratch);

        c->match = pcre2_match_data_create(1, memory);
        c->limits = pcre2_match_context_create(memory);
        pcre2_set_match_limit(c->limits, 1000000);
        pcre2_set_heap_limit(c->limits, 4096); /* kibibytes */
    }
    return pcre2_match(p->code, (PCRE2_SPTR)text.p, text.n, 0,
                       PCRE2_NO_UTF_CHECK, c->match, c->limits) >= 0;
}

static bool check_string(struct check *c, const struct schema *s,
                         const struct json *v)
{
    struct str text;

    if (s->min_length == 0 && s->max_length == SIZE_MAX && !s->pattern)
        return true;
    text = json_str(v);
    if (s->min_length > 0 || s->max_length < SIZE_MAX) {
        size_t n = count_points(text);

        if (n < s->min_length)
            return schema_say(c, v,
                              "expected at least %zu character%s, got %zu",
                              s->min_length, s->min_length == 1 ? "" : "s", n);
        if (n > s->max_length)
            return schema_say(c, v, "expected at most %zu character%s, got %zu",
                              s->max_length, s->max_length == 1 ? "" : "s", n);
    }
    if (s->pattern && !matches(c, s->pattern, text))
        return schema_say_pattern(c, v, s->pattern->text);
    return true;
}

/* --- containers ---------------------------------------------------------- */

static bool check(struct check *c, const struct schema *s,
                  const struct json *v);

static bool check_array(struct check *c, const struct schema *s,
                        const struct json *v)
{
    size_t i = 0;

    if (v->n < s->min_items)
        return schema_say(c, v, "expected at least %zu element%s, got %zu",
                          s->min_items, s->min_items == 1 ? "" : "s",
                          json_count(v));
    if (v->n > s->max_items)
        return schema_say(c, v, "expected at most %zu element%s, got %zu",
                          s->max_items, s->max_items == 1 ? "" : "s",
                          json_count(v));
    if (s->first.n == 0 && !s->items)
        return true;
    for (const struct json *e = v->u.first; e; e = e->next, i++) {
        const struct schema *its = i < s->first.n ? s->first.item[i] : s->items;

        if (its && !check(c, its, e))
            return false;
    }
    return true;
}

const struct schema_property *schema_find(const struct schema *s,
                                          struct str key)
{
    size_t low = 0, high = s->property_n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct schema_property *p = &s->property[middle];
        int order = schema_name_order(key, p->name);

        if (order == 0)
            return p;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static bool check_member(struct check *c, const struct schema *s,
                         const struct schema_property *p, const struct json *m)
{
    bool named = p && p->schema;

    if (named && !check(c, p->schema, m))
        return false;
    for (size_t i = 0; i < s->pattern_n; i++) {
        if (!matches(c, &s->patterns[i], json_member_key(m)))
            continue;
        named = true;
        if (!check(c, s->patterns[i].schema, m))
            return false;
    }
    if (named || !s->other)
        return true;
    return s->other->never ? schema_say_unknown(c, m, &s, 1)
                           : check(c, s->other, m);
}

/* Unknown keys come before missing ones: a misspelt key is both, and its name
 * says more. */
static bool check_object(struct check *c, const struct schema *s,
                         const struct json *v)
{
    size_t seen = 0;

    if (s->property_n == 0 && s->pattern_n == 0 && !s->other)
        return true;
    for (const struct json *m = v->u.first; m; m = m->next) {
        const struct schema_property *p = schema_find(s, json_member_key(m));

        seen += p && p->required;
        if (!check_member(c, s, p, m))
            return false;
    }
    return seen == s->required_n || schema_say_missing(c, v, s);
}

/* --- combinations -------------------------------------------------------- */

bool schema_fits(struct check *c, const struct schema *s, const struct json *v)
{
    bool fits;

    c->quiet++;
    fits = check(c, s, v);
    c->quiet--;
    return fits;
}

static bool check_any(struct check *c, const struct schema_list *list,
                      const struct json *v, bool only_one)
{
    const struct schema *guess;
    size_t fitting = 0;

    for (size_t i = 0; i < list->n && fitting < 2; i++) {
        fitting += schema_fits(c, list->item[i], v);
        if (fitting && !only_one)
            return true;
    }
    if (fitting == 1)
        return true;
    if (c->quiet)
        return false;
    if (fitting > 1)
        return schema_say(c, v, "this fits more than one alternative");
    guess = schema_guess(c, list, v);
    /* Without a guess, schema_guess has said what is wrong. */
    if (guess && check(c, guess, v))
        schema_say(c, v, "this fits no alternative");
    return false;
}

static bool check_combined(struct check *c, const struct schema *s,
                           const struct json *v)
{
    if (s->ref && !check(c, s->ref, v))
        return false;
    for (size_t i = 0; i < s->all.n; i++) {
        if (!check(c, s->all.item[i], v))
            return false;
    }
    if (s->any.n && !check_any(c, &s->any, v, false))
        return false;
    if (s->one.n && !check_any(c, &s->one, v, true))
        return false;
    if (s->not_this && schema_fits(c, s->not_this, v))
        return schema_say(c, v, "this value is not allowed here");
    return true;
}

static bool check_own(struct check *c, const struct schema *s,
                      const struct json *v)
{
    if (s->never)
        return schema_say(c, v, "nothing is allowed here");
    if (s->types != SCHEMA_ANY && !schema_type_fits(s->types, v))
        return schema_say_type(c, v, s->types);
    if (s->allowed && !is_among(v, s->allowed))
        return schema_say_enum(c, v, s->allowed);
    if (s->constant && !same(v, s->constant))
        return schema_say_const(c, v, s->constant);
    switch ((enum json_type)v->type) {
    case JSON_NUMBER:
        return check_number(c, s, v);
    case JSON_STRING:
        return check_string(c, s, v);
    case JSON_ARRAY:
        return check_array(c, s, v);
    case JSON_OBJECT:
        return check_object(c, s, v);
    case JSON_NULL:
    case JSON_BOOL:
        break;
    }
    return true;
}

static bool check_whole(struct check *c, const struct schema *s,
                        const struct json *v)
{
    bool fits;

    if (c->depth == NESTED_MAX)
        return schema_say(c, v, "nested too deeply");
    c->depth++;
    fits = check_own(c, s, v) && (!s->combined || check_combined(c, s, v));
    c->depth--;
    return fits;
}

/* What nobody changed or moved was checked before. Parts of what was moved
 * were checked in another place; and by alternatives or an element's index,
 * what is around a part says what it is checked against. */
static bool check_changes(struct check *c, const struct schema *s,
                          const struct json *v)
{
    bool fits;

    if (!(v->flags & (JSON_CHANGED | JSON_MOVED)))
        return true;
    c->partly = !(v->flags & JSON_MOVED) && s->first.n == 0 && s->any.n == 0 &&
                s->one.n == 0 && !s->not_this;
    fits = check_whole(c, s, v);
    c->partly = true;
    return fits;
}

static bool check(struct check *c, const struct schema *s, const struct json *v)
{
    return c->partly ? check_changes(c, s, v) : check_whole(c, s, v);
}

static enum asid_rc check_value(struct check *c, const struct schema *s,
                                const struct json **at)
{
    if (check(c, s, c->root))
        return ASID_OK;
    if (at)
        *at = c->at;
    return ASID_REJECT;
}

enum asid_rc schema_check(const struct schema *s, struct arena *scratch,
                          const struct json *value, const struct json **at,
                          struct asid_err *err)
{
    struct check c = {.scratch = scratch, .err = err, .root = value};

    return check_value(&c, s, at);
}

enum asid_rc schema_check_changes(const struct schema *s, struct arena *scratch,
                                  const struct json *value,
                                  const struct json **at, struct asid_err *err)
{
    struct check c = {
        .scratch = scratch, .err = err, .root = value, .partly = true};

    return check_value(&c, s, at);
}
