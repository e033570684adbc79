/*
 * YAML to JSON. libyaml delivers events; they are turned into a tree with a
 * stack of open containers, so that depth is bounded by an array.
 */
#include "asid/data/yaml.h"

#include <yaml.h>

#include "asid/data/json.h"
#include "json_int.h"

enum {
    TEXT_MAX = 1024 * 1024,
    DEPTH_MAX = 64,
    COPIES_MAX = 100000, /* values that aliases may add */
    ANCHORS_MAX = 1000,
};

struct anchor {
    struct str name;
    const struct json *value;
    const struct anchor *older;
};

struct level {
    struct json *box;
    const struct anchor *anchor; /* told once the container is complete */
    struct str key;              /* of the member that comes next */
    struct yaml_place place;     /* of that key */
    bool has_key;
};

struct loader {
    struct arena *arena;
    const char *name;
    struct str text;
    struct asid_err *err;
    yaml_parser_t parser;
    struct json *root;
    const struct anchor *anchors; /* complete ones, newest first */
    size_t anchor_count, copies;
    unsigned depth;
    struct level levels[DEPTH_MAX];
};

static struct yaml_place place_of(const yaml_mark_t *mark)
{
    return (struct yaml_place){(unsigned)mark->line + 1,
                               (unsigned)mark->column + 1};
}

static enum asid_rc fail_at(struct loader *l, struct yaml_place at,
                            const char *what)
{
    return FAIL(l->err, "%s:%u:%u: %s", l->name, at.line, at.column, what);
}

/* The reader knows only the offset of bytes it cannot take. */
static struct yaml_place place_at(struct str text, size_t offset)
{
    struct yaml_place at = {1, 1};

    for (size_t i = 0; i < text.n && i < offset; i++) {
        if (text.p[i] == '\n')
            at = (struct yaml_place){at.line + 1, 1};
        else
            at.column += (text.p[i] & 0xc0) != 0x80;
    }
    return at;
}

static enum asid_rc fail_parser(struct loader *l)
{
    const yaml_parser_t *p = &l->parser;
    const char *what = p->problem ? p->problem : "cannot be read";

    if (p->error == YAML_READER_ERROR)
        return fail_at(l, place_at(l->text, p->problem_offset), what);
    return fail_at(l, place_of(&p->problem_mark), what);
}

/* --- scalars ------------------------------------------------------------- */

static size_t digits_at(struct str s, size_t i)
{
    size_t from = i;

    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    return i - from;
}

/* JSON's numbers, so that the spelling can be kept: no +1, 007, 0x1 or .5. */
static bool is_number(struct str s)
{
    size_t i = s.n && s.p[0] == '-', n = digits_at(s, i);

    if (n == 0 || (n > 1 && s.p[i] == '0'))
        return false;
    i += n;
    if (i < s.n && s.p[i] == '.') {
        n = digits_at(s, ++i);
        if (n == 0)
            return false;
        i += n;
    }
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        i += i < s.n && (s.p[i] == '+' || s.p[i] == '-');
        n = digits_at(s, i);
        if (n == 0)
            return false;
        i += n;
    }
    return i == s.n;
}

static bool is_null(struct str s)
{
    return s.n == 0 || str_is(s, "null") || str_is(s, "~");
}

static bool is_bool(struct str s)
{
    return str_is(s, "true") || str_is(s, "false");
}

static struct json *make_number(struct arena *a, struct str s)
{
    struct json *v = json_new_i64(a, 0);

    v->u.text = arena_strndup(a, s.p, s.n);
    v->n = (uint32_t)s.n;
    return v;
}

/* The value of a scalar, or NULL when its tag does not fit its text. */
static struct json *make_scalar(struct arena *a, const yaml_event_t *e)
{
    struct str s = {(const char *)e->data.scalar.value, e->data.scalar.length};
    const char *tag = (const char *)e->data.scalar.tag;

    if (!tag && !e->data.scalar.plain_implicit)
        return json_new_str(a, s);
    if (!tag) {
        if (is_null(s))
            return json_new_null(a);
        if (is_bool(s))
            return json_new_bool(a, s.p[0] == 't');
        return is_number(s) ? make_number(a, s) : json_new_str(a, s);
    }
    if (strcmp(tag, YAML_STR_TAG) == 0 || strcmp(tag, "!") == 0)
        return json_new_str(a, s);
    if (strcmp(tag, YAML_NULL_TAG) == 0 && is_null(s))
        return json_new_null(a);
    if (strcmp(tag, YAML_BOOL_TAG) == 0 && is_bool(s))
        return json_new_bool(a, s.p[0] == 't');
    if (strcmp(tag, YAML_FLOAT_TAG) == 0 && is_number(s))
        return make_number(a, s);
    if (strcmp(tag, YAML_INT_TAG) == 0 && is_number(s) && json_is_whole(s))
        return make_number(a, s);
    return NULL;
}

/* --- the tree ------------------------------------------------------------ */

static void set_place(struct json *v, struct yaml_place at)
{
    v->from.place = at;
    v->from_n = 0;
    v->flags |= JSON_PLACED;
}

/* Put a value where the document is: root, element or member. */
static void put(struct loader *l, struct json *v, struct yaml_place at)
{
    struct level *in;

    set_place(v, at);
    if (l->depth == 0) {
        l->root = v;
        return;
    }
    in = &l->levels[l->depth - 1];
    if (in->has_key) {
        set_place(v, in->place);
        json_put_key(l->arena, v, in->key);
        in->has_key = false;
    }
    json_link(in->box, v);
}

static bool key_is_next(const struct loader *l)
{
    const struct level *in = l->depth ? &l->levels[l->depth - 1] : NULL;

    return in && in->box->type == JSON_OBJECT && !in->has_key;
}

/* An anchor's name is known at its value's beginning, its value at the end: an
 * alias inside would lead back to itself. */
static enum asid_rc new_anchor(struct loader *l, const yaml_char_t *name,
                               struct yaml_place at, const struct anchor **out)
{
    struct anchor *fresh = NULL;

    if (name) {
        if (++l->anchor_count > ANCHORS_MAX)
            return fail_at(l, at, "more than 1000 anchors");
        fresh = arena_alloc(l->arena, sizeof *fresh);
        fresh->name = str_of(arena_strdup(l->arena, (const char *)name));
    }
    *out = fresh;
    return ASID_OK;
}

static void tell_anchor(struct loader *l, const struct anchor *known,
                        const struct json *value)
{
    struct anchor *a;

    if (!known)
        return;
    a = arena_alloc(l->arena, sizeof *a);
    *a = (struct anchor){known->name, value, l->anchors};
    l->anchors = a;
}

static enum asid_rc on_scalar(struct loader *l, const yaml_event_t *e)
{
    struct yaml_place at = place_of(&e->start_mark);
    const struct anchor *anchor;
    struct json *v;

    if (key_is_next(l)) {
        struct level *in = &l->levels[l->depth - 1];
        size_t n = e->data.scalar.length;

        if (e->data.scalar.anchor || e->data.scalar.tag)
            return fail_at(l, at, "a key with an anchor or a tag");
        in->key = (struct str){
            arena_strndup(l->arena, (const char *)e->data.scalar.value, n), n};
        in->place = at;
        in->has_key = true;
        return ASID_OK;
    }
    TRY(new_anchor(l, e->data.scalar.anchor, at, &anchor));
    v = make_scalar(l->arena, e);
    if (!v)
        return fail_at(l, at, "the tag does not fit this value");
    put(l, v, at);
    tell_anchor(l, anchor, v);
    return ASID_OK;
}

static enum asid_rc on_open(struct loader *l, enum json_type type,
                            const yaml_event_t *e)
{
    bool object = type == JSON_OBJECT;
    const yaml_char_t *tag =
        object ? e->data.mapping_start.tag : e->data.sequence_start.tag;
    const yaml_char_t *name =
        object ? e->data.mapping_start.anchor : e->data.sequence_start.anchor;
    struct yaml_place at = place_of(&e->start_mark);
    const struct anchor *anchor;
    struct json *v;

    if (key_is_next(l))
        return fail_at(l, at, "a key must be a text");
    if (tag &&
        strcmp((const char *)tag, object ? YAML_MAP_TAG : YAML_SEQ_TAG) != 0)
        return fail_at(l, at, "the tag does not fit this value");
    if (l->depth == DEPTH_MAX)
        return fail_at(l, at, "nested more than 64 deep");
    TRY(new_anchor(l, name, at, &anchor));
    v = object ? json_new_object(l->arena) : json_new_array(l->arena);
    put(l, v, at);
    l->levels[l->depth++] = (struct level){.box = v, .anchor = anchor};
    return ASID_OK;
}

static enum asid_rc on_close(struct loader *l)
{
    struct level *in = &l->levels[--l->depth];
    const struct json *again = NULL;

    if (in->box->type == JSON_OBJECT)
        again = json_duplicate(in->box);
    if (again) {
        struct yaml_place at = again->from.place;
        struct str key = json_member_key(again);

        return FAIL(l->err, "%s:%u:%u: the key " STR_FMT " is here twice",
                    l->name, at.line, at.column, STR_ARG(key));
    }
    tell_anchor(l, in->anchor, in->box);
    return ASID_OK;
}

/* Values in a tree, and how deep it is; stops counting at most + 1. */
static size_t measure(const struct json *v, size_t most, unsigned *deepest)
{
    const struct json *at = v;
    unsigned depth = 0;
    size_t n = 0;

    *deepest = 0;
    while (++n <= most) {
        depth += json_is_box(at);
        if (depth > *deepest)
            *deepest = depth;
        if (json_is_box(at) && at->u.first) {
            at = at->u.first;
            continue;
        }
        depth -= json_is_box(at);
        while (at != v && !at->next) {
            at = at->parent;
            depth--;
        }
        if (at == v)
            break;
        at = at->next;
    }
    return n;
}

static enum asid_rc on_alias(struct loader *l, const yaml_event_t *e)
{
    struct str name = str_of((const char *)e->data.alias.anchor);
    struct yaml_place at = place_of(&e->start_mark);
    const struct anchor *a = l->anchors;
    unsigned deepest;

    if (key_is_next(l))
        return fail_at(l, at, "a key must be a text");
    while (a && !str_eq(a->name, name))
        a = a->older;
    if (!a)
        return FAIL(l->err, "%s:%u:%u: no complete value is called &" STR_FMT,
                    l->name, at.line, at.column, STR_ARG(name));
    l->copies += measure(a->value, COPIES_MAX - l->copies, &deepest);
    if (l->copies > COPIES_MAX)
        return fail_at(l, at, "aliases expand to more than 100000 values");
    if (l->depth + deepest > DEPTH_MAX)
        return fail_at(l, at, "nested more than 64 deep");
    put(l, json_copy(l->arena, a->value), at);
    return ASID_OK;
}

static enum asid_rc on_event(struct loader *l, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(l, e);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(l, JSON_ARRAY, e);
    case YAML_MAPPING_START_EVENT:
        return on_open(l, JSON_OBJECT, e);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_close(l);
    case YAML_ALIAS_EVENT:
        return on_alias(l, e);
    case YAML_DOCUMENT_START_EVENT:
        if (l->root)
            return fail_at(l, place_of(&e->start_mark),
                           "a second document begins here");
        return ASID_OK;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return ASID_OK;
}

static enum asid_rc read_events(struct loader *l)
{
    bool ended = false;

    while (!ended) {
        yaml_event_t event;
        enum asid_rc rc;

        if (!yaml_parser_parse(&l->parser, &event))
            return fail_parser(l);
        ended = event.type == YAML_STREAM_END_EVENT;
        rc = on_event(l, &event);
        yaml_event_delete(&event);
        if (rc)
            return rc;
    }
    if (!l->root)
        return fail_at(l, (struct yaml_place){1, 1}, "the document is empty");
    return ASID_OK;
}

enum asid_rc yaml_parse(struct arena *a, struct str text, const char *name,
                        struct json **out, struct asid_err *err)
{
    struct loader *l;
    enum asid_rc rc;

    if (text.n > TEXT_MAX)
        return FAIL(err, "%s:1:1: more than %d bytes", name, TEXT_MAX);
    l = arena_alloc(a, sizeof *l);
    l->arena = a;
    l->name = name;
    l->text = text;
    l->err = err;
    if (!yaml_parser_initialize(&l->parser))
        return FAIL(err, "%s:1:1: out of memory", name);
    yaml_parser_set_encoding(&l->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&l->parser, (const unsigned char *)text.p,
                                 text.n);
    rc = read_events(l);
    yaml_parser_delete(&l->parser);
    if (rc == ASID_OK)
        *out = l->root;
    return rc;
}
