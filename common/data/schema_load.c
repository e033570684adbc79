/*
 * Loading a schema: every keyword is checked and turned into the form that
 * schema_check.c walks, so that no record pays for it again.
 */
#include <stdlib.h>

#include "asid/base/num.h"
#include "asid/data/json.h"
#include "json_int.h"
#include "schema_int.h"

enum { NESTED_MAX = 256 };

/* The target of a $ref, prepared once however often it is named. */
struct target {
    struct schema *schema;
    struct target *next;
};

struct loading {
    struct arena *arena;
    struct asid_err *err;
    const struct json *document;
    struct target *targets, *last;
    pcre2_general_context *memory;
    unsigned depth;
};

/* --- places in the schema document ---------------------------------------- */

/* Append "/properties/media" and so on: how one gets to v. */
static void write_place(struct buf *b, const struct json *v)
{
    const struct json *up[NESTED_MAX];
    size_t n = 0;

    for (; v->parent && n < NESTED_MAX; v = v->parent)
        up[n++] = v;
    if (n == 0)
        buf_char(b, '/');
    while (n--) {
        size_t index = 0;

        buf_char(b, '/');
        if (up[n]->parent->type == JSON_OBJECT) {
            buf_str(b, json_key(up[n]));
            continue;
        }
        for (const struct json *e = up[n]->parent->u.first; e != up[n];
             e = e->next)
            index++;
        buf_printf(b, "%zu", index);
    }
}

static enum asid_rc wrong(struct loading *l, const struct json *at,
                          const char *what)
{
    enum asid_rc rc;
    struct buf place;

    buf_init(&place, 4096);
    write_place(&place, at);
    rc = FAIL(l->err, "schema: " STR_FMT ": %s", STR_ARG(buf_view(&place)),
              what);
    buf_release(&place);
    return rc;
}

/* The next step of a JSON pointer, with ~0 and ~1 resolved. */
static struct str pointer_step(struct arena *a, const char **pointer)
{
    const char *p = *pointer + 1;
    size_t n = strcspn(p, "/"), to = 0;
    char *step = arena_strndup(a, p, n);

    for (size_t i = 0; i < n; i++) {
        char c = p[i];

        if (c == '~' && i + 1 < n && (p[i + 1] == '0' || p[i + 1] == '1'))
            c = p[++i] == '0' ? '~' : '/';
        step[to++] = c;
    }
    *pointer = p + n;
    return (struct str){step, to};
}

static const struct json *at_pointer(struct loading *l, const char *pointer)
{
    const struct json *at = l->document;

    while (at && *pointer == '/') {
        struct str step = pointer_step(l->arena, &pointer);
        uint64_t index;

        if (json_type(at) == JSON_ARRAY)
            at = num_u64(step, &index) ? json_at(at, index) : NULL;
        else
            at = json_get_str(at, step);
    }
    return *pointer == '\0' ? at : NULL;
}

/* --- keywords ------------------------------------------------------------ */

static enum asid_rc load_node(struct loading *l, const struct json *from,
                              struct schema *s);

static enum asid_rc load_child(struct loading *l, const struct json *from,
                               const struct schema **out)
{
    struct schema *s = arena_alloc(l->arena, sizeof *s);

    *out = s;
    return load_node(l, from, s);
}

static enum asid_rc load_list(struct loading *l, const struct json *from,
                              struct schema_list *out)
{
    if (json_type(from) != JSON_ARRAY || json_count(from) == 0)
        return wrong(l, from, "expected an array of schemas");
    out->item = arena_array(l->arena, json_count(from), sizeof *out->item);
    json_each(e, from)
        TRY(load_child(l, e, &out->item[out->n++]));
    return ASID_OK;
}

static unsigned type_bit(const struct json *name)
{
    static const struct {
        const char *name;
        unsigned bit;
    } types[] = {
        {"null", SCHEMA_NULL},     {"boolean", SCHEMA_BOOLEAN},
        {"number", SCHEMA_NUMBER}, {"integer", SCHEMA_INTEGER},
        {"string", SCHEMA_STRING}, {"array", SCHEMA_ARRAY},
        {"object", SCHEMA_OBJECT},
    };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (json_type(name) == JSON_STRING &&
            str_is(json_str(name), types[i].name))
            return types[i].bit;
    }
    return 0;
}

static enum asid_rc load_type(struct loading *l, const struct json *from,
                              struct schema *s)
{
    s->types = type_bit(from);
    if (json_type(from) == JSON_ARRAY) {
        json_each(e, from) {
            if (type_bit(e) == 0)
                return wrong(l, e, "no such type");
            s->types |= type_bit(e);
        }
    }
    return s->types ? ASID_OK : wrong(l, from, "no such type");
}

static enum asid_rc load_bound(struct loading *l, const struct json *from,
                               struct schema *s)
{
    static const struct {
        const char *name;
        unsigned bit;
    } bounds[] = {
        {"minimum", SCHEMA_MIN},
        {"maximum", SCHEMA_MAX},
        {"exclusiveMinimum", SCHEMA_ABOVE},
        {"exclusiveMaximum", SCHEMA_BELOW},
    };
    double *const values[] = {&s->min, &s->max, &s->above, &s->below};

    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        if (!str_is(json_key(from), bounds[i].name))
            continue;
        if (!json_f64(from, values[i]))
            return wrong(l, from, "expected a number");
        s->bounds |= bounds[i].bit;
    }
    return ASID_OK;
}

static enum asid_rc load_size(struct loading *l, const struct json *from,
                              size_t *out)
{
    int64_t value;

    if (!json_i64(from, &value) || value < 0)
        return wrong(l, from, "expected a whole number from 0");
    *out = (size_t)value;
    return ASID_OK;
}

/* PCRE2 takes its memory from the arena and never gives any back. */
static void *take_memory(size_t n, void *arena)
{
    return arena_alloc(arena, n);
}

static void keep_memory(void *p, void *arena)
{
    (void)p;
    (void)arena;
}

static enum asid_rc load_pattern(struct loading *l, const struct json *at,
                                 struct str text, struct schema_pattern *out)
{
    pcre2_compile_context *cx;
    size_t where = 0;
    int code = 0;

    if (!l->memory)
        l->memory =
            pcre2_general_context_create(take_memory, keep_memory, l->arena);
    cx = pcre2_compile_context_create(l->memory);
    pcre2_set_parens_nest_limit(cx, 50);
    out->text = arena_strndup(l->arena, text.p, text.n);
    out->code = pcre2_compile((PCRE2_SPTR)text.p, text.n,
                              PCRE2_UTF | PCRE2_DOLLAR_ENDONLY |
                                  PCRE2_NEVER_BACKSLASH_C,
                              &code, &where, cx);
    return out->code ? ASID_OK : wrong(l, at, "the pattern does not compile");
}

static enum asid_rc load_patterns(struct loading *l, const struct json *from,
                                  struct schema *s)
{
    if (json_type(from) != JSON_OBJECT)
        return wrong(l, from, "expected an object");
    s->patterns = arena_array(l->arena, json_count(from), sizeof *s->patterns);
    json_each(e, from) {
        struct schema_pattern *p = &s->patterns[s->pattern_n++];

        TRY(load_pattern(l, e, json_key(e), p));
        TRY(load_child(l, e, &p->schema));
    }
    return ASID_OK;
}

static int compare_property(const void *a, const void *b)
{
    const struct schema_property *x = a, *y = b;

    return schema_name_order(x->name, y->name);
}

/* One table of all names in properties and required. */
static enum asid_rc load_properties(struct loading *l, struct schema *s)
{
    const struct json *named = json_get(s->from, "properties");
    const struct json *required = json_get(s->from, "required");
    size_t declared = 0;

    if (named && json_type(named) != JSON_OBJECT)
        return wrong(l, named, "expected an object");
    if (required && json_type(required) != JSON_ARRAY)
        return wrong(l, required, "expected an array of keys");
    s->property =
        arena_array(l->arena, json_count(named) + json_count(required),
                    sizeof *s->property);
    json_each(e, named) {
        struct schema_property *p = &s->property[declared++];

        p->name = json_key(e);
        TRY(load_child(l, e, &p->schema));
    }
    s->property_n = declared;
    qsort(s->property, declared, sizeof *s->property, compare_property);
    json_each(e, required) {
        struct schema_property key = {.name = json_str(e)}, *p = NULL;

        if (json_type(e) != JSON_STRING)
            return wrong(l, e, "expected a key");
        if (declared)
            p = bsearch(&key, s->property, declared, sizeof key,
                        compare_property);
        for (size_t i = declared; !p && i < s->property_n; i++) {
            if (str_eq(s->property[i].name, key.name))
                p = &s->property[i];
        }
        if (!p) {
            p = &s->property[s->property_n++];
            p->name = key.name;
        }
        s->required_n += !p->required;
        p->required = true;
    }
    qsort(s->property, s->property_n, sizeof *s->property, compare_property);
    return ASID_OK;
}

static struct schema *new_target(struct loading *l, const struct json *from)
{
    struct target *t = l->targets;

    while (t && t->schema->from != from)
        t = t->next;
    if (t)
        return t->schema;
    t = arena_alloc(l->arena, sizeof *t);
    t->schema = arena_alloc(l->arena, sizeof *t->schema);
    t->schema->from = from;
    if (l->last)
        l->last->next = t;
    else
        l->targets = t;
    l->last = t;
    return t->schema;
}

/* Targets wait in a list until the schema that names them is done: neither a
 * loop nor a long chain of references nests. */
static enum asid_rc load_ref(struct loading *l, const struct json *from,
                             struct schema *s)
{
    const char *text = json_text(from);
    const struct json *to;

    if (!text || text[0] != '#' || strchr(text, '%'))
        return wrong(l, from, "expected a reference like #/$defs/name");
    to = at_pointer(l, text + 1);
    if (!to)
        return wrong(l, from, "the reference leads nowhere");
    s->ref = new_target(l, to);
    return ASID_OK;
}

static enum asid_rc load_enum(struct loading *l, const struct json *from,
                              struct schema *s)
{
    if (json_type(from) != JSON_ARRAY || json_count(from) == 0)
        return wrong(l, from, "expected an array of values");
    s->allowed = from;
    return ASID_OK;
}

static enum asid_rc load_text_pattern(struct loading *l,
                                      const struct json *from, struct schema *s)
{
    if (json_type(from) != JSON_STRING)
        return wrong(l, from, "expected a pattern");
    s->pattern = arena_alloc(l->arena, sizeof *s->pattern);
    return load_pattern(l, from, json_str(from), s->pattern);
}

/* Definitions that nobody refers to are checked all the same. */
static enum asid_rc load_defs(struct loading *l, const struct json *from)
{
    if (json_type(from) != JSON_OBJECT)
        return wrong(l, from, "expected an object");
    json_each(e, from)
        new_target(l, e);
    return ASID_OK;
}

enum keyword {
    ANNOTATION,
    PROPERTIES, /* and required */
    TYPE,
    PATTERN_PROPERTIES,
    ADDITIONAL,
    ITEMS,
    PREFIX,
    BOUND,
    MIN_ITEMS,
    MAX_ITEMS,
    MIN_LENGTH,
    MAX_LENGTH,
    ENUM,
    CONST,
    PATTERN,
    ONE,
    ANY,
    ALL,
    NOT,
    REF,
    DEFS,
    UNKNOWN,
};

static enum keyword find_keyword(struct str key)
{
    static const struct {
        const char *name;
        enum keyword keyword;
    } keywords[] = {
        {"title", ANNOTATION},
        {"description", ANNOTATION},
        {"default", ANNOTATION},
        {"examples", ANNOTATION},
        {"$schema", ANNOTATION},
        {"$id", ANNOTATION},
        {"$comment", ANNOTATION},
        {"properties", PROPERTIES},
        {"required", PROPERTIES},
        {"type", TYPE},
        {"items", ITEMS},
        {"patternProperties", PATTERN_PROPERTIES},
        {"prefixItems", PREFIX},
        {"additionalProperties", ADDITIONAL},
        {"minimum", BOUND},
        {"maximum", BOUND},
        {"exclusiveMinimum", BOUND},
        {"exclusiveMaximum", BOUND},
        {"minItems", MIN_ITEMS},
        {"maxItems", MAX_ITEMS},
        {"minLength", MIN_LENGTH},
        {"maxLength", MAX_LENGTH},
        {"enum", ENUM},
        {"const", CONST},
        {"pattern", PATTERN},
        {"oneOf", ONE},
        {"anyOf", ANY},
        {"allOf", ALL},
        {"not", NOT},
        {"$ref", REF},
        {"$defs", DEFS},
    };

    if (str_starts(key, "x-"))
        return ANNOTATION;
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (str_is(key, keywords[i].name))
            return keywords[i].keyword;
    }
    return UNKNOWN;
}

static enum asid_rc load_keyword(struct loading *l, const struct json *k,
                                 struct schema *s)
{
    switch (find_keyword(json_key(k))) {
    case ANNOTATION:
    case PROPERTIES: /* both of them by load_properties */
        return ASID_OK;
    case TYPE:
        return load_type(l, k, s);
    case PATTERN_PROPERTIES:
        return load_patterns(l, k, s);
    case ADDITIONAL:
        return load_child(l, k, &s->other);
    case ITEMS:
        return load_child(l, k, &s->items);
    case PREFIX:
        return load_list(l, k, &s->first);
    case BOUND:
        return load_bound(l, k, s);
    case MIN_ITEMS:
        return load_size(l, k, &s->min_items);
    case MAX_ITEMS:
        return load_size(l, k, &s->max_items);
    case MIN_LENGTH:
        return load_size(l, k, &s->min_length);
    case MAX_LENGTH:
        return load_size(l, k, &s->max_length);
    case ENUM:
        return load_enum(l, k, s);
    case CONST:
        s->constant = k;
        return ASID_OK;
    case PATTERN:
        return load_text_pattern(l, k, s);
    case ONE:
        return load_list(l, k, &s->one);
    case ANY:
        return load_list(l, k, &s->any);
    case ALL:
        return load_list(l, k, &s->all);
    case NOT:
        return load_child(l, k, &s->not_this);
    case REF:
        return load_ref(l, k, s);
    case DEFS:
        return load_defs(l, k);
    case UNKNOWN:
        break;
    }
    return wrong(l, k, "this keyword is not supported");
}

static enum asid_rc load_node(struct loading *l, const struct json *from,
                              struct schema *s)
{
    s->from = from;
    s->types = SCHEMA_ANY;
    s->max_length = s->max_items = SIZE_MAX;
    if (json_type(from) == JSON_BOOL) {
        s->never = !json_bool(from);
        return ASID_OK;
    }
    if (json_type(from) != JSON_OBJECT)
        return wrong(l, from, "expected a schema");
    if (++l->depth > NESTED_MAX)
        return wrong(l, from, "nested too deeply");
    json_each(k, from)
        TRY(load_keyword(l, k, s));
    TRY(load_properties(l, s));
    s->combined = s->ref || s->not_this || s->all.n || s->any.n || s->one.n;
    l->depth--;
    return ASID_OK;
}

/* --- loops --------------------------------------------------------------- */

enum { UNSEEN, OPEN, CLOSED };

static enum asid_rc find_loop(struct loading *l, const struct schema *s,
                              unsigned depth);

static enum asid_rc find_loop_in(struct loading *l,
                                 const struct schema_list *list, unsigned depth)
{
    for (size_t i = 0; i < list->n; i++)
        TRY(find_loop(l, list->item[i], depth));
    return ASID_OK;
}

/* A reference that comes back to itself without stepping into the value would
 * keep the check running forever. */
static enum asid_rc find_loop(struct loading *l, const struct schema *s,
                              unsigned depth)
{
    struct schema *mine = (struct schema *)(uintptr_t)s;

    if (!s || s->mark == CLOSED)
        return ASID_OK;
    if (s->mark == OPEN)
        return wrong(l, s->from, "the reference leads back to itself");
    if (depth > NESTED_MAX)
        return wrong(l, s->from, "nested too deeply");
    mine->mark = OPEN;
    TRY(find_loop(l, s->ref, depth + 1));
    TRY(find_loop(l, s->not_this, depth + 1));
    TRY(find_loop_in(l, &s->all, depth + 1));
    TRY(find_loop_in(l, &s->any, depth + 1));
    TRY(find_loop_in(l, &s->one, depth + 1));
    mine->mark = CLOSED;
    return ASID_OK;
}

/* Start the search at every schema that a reference can lead to: each loop has
 * one of them on it. */
static enum asid_rc find_loops(struct loading *l)
{
    for (const struct target *t = l->targets; t; t = t->next)
        TRY(find_loop(l, t->schema, 0));
    return ASID_OK;
}

enum asid_rc schema_load(struct arena *a, const struct json *document,
                         const char *pointer, const struct schema **out,
                         struct asid_err *err)
{
    struct loading l = {.arena = a, .err = err, .document = document};
    const struct json *from = at_pointer(&l, pointer);
    const struct schema *root;

    if (!from)
        return FAIL(err, "schema: there is no %s", pointer);
    /* Threads that share the schema look at enum and const. */
    json_settle((struct json *)(uintptr_t)document);
    root = new_target(&l, from);
    for (struct target *t = l.targets; t; t = t->next) {
        l.depth = 0;
        TRY(load_node(&l, t->schema->from, t->schema));
    }
    TRY(find_loops(&l));
    *out = root;
    return ASID_OK;
}
