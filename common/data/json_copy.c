/*
 * Deep copies of JSON values. A part that nobody changed takes its source text
 * along, so that the copy is written byte for byte, too.
 */
#include "asid/data/json.h"
#include "json_int.h"

struct copier {
    struct arena *arena;
    const struct json *whole; /* unchanged part whose source was copied */
    const char *was, *is;     /* where that source lies, old and new */
};

static struct str copy_str(struct arena *a, struct str s)
{
    return (struct str){arena_strndup(a, s.p, s.n), s.n};
}

/* A key inside a copied source moves along with it. */
static struct str copy_key_bytes(struct copier *c, const struct json *from,
                                 struct str bytes)
{
    if (c->whole && c->whole != from)
        return (struct str){c->is + (bytes.p - c->was), bytes.n};
    return copy_str(c->arena, bytes);
}

static void copy_key(struct copier *c, const struct json *from, struct json *to)
{
    to->key_n = from->key_n;
    if (from->flags & JSON_SPELLED) {
        const struct json_name *name = from->key;
        struct json_name *fresh = arena_alloc(c->arena, sizeof *fresh);

        fresh->spelling = copy_key_bytes(c, from, name->spelling);
        fresh->text = copy_str(c->arena, name->text);
        to->key = fresh;
    } else {
        struct str key = {from->key, from->key_n};

        to->key = copy_key_bytes(c, from, key).p;
    }
}

static struct json *copy_one(struct copier *c, const struct json *from)
{
    struct json *to = arena_alloc(c->arena, sizeof *to);
    bool made = from->flags & JSON_CHANGED;

    to->type = from->type;
    to->flags = from->flags;
    to->from = from->from;
    to->from_n = from->from_n;
    if (!made) {
        if (!c->whole) {
            c->whole = from;
            c->was = from->from.p;
            c->is = arena_strndup(c->arena, from->from.p, from->from_n);
        }
        to->from.p = c->is + (from->from.p - c->was);
    } else if (!(from->flags & JSON_PLACED)) {
        to->from.p = NULL; /* a changed container's source stays behind */
        to->from_n = 0;
    }
    if (from->type == JSON_BOOL) {
        to->n = from->n;
    } else if (from->type == JSON_STRING && !made) {
        to->u.arena = c->arena;
        to->flags &= (uint8_t)~JSON_DECODED;
    } else if (made &&
               (from->type == JSON_STRING || from->type == JSON_NUMBER)) {
        to->u.text = arena_strndup(c->arena, from->u.text, from->n);
        to->n = from->n;
    }
    return to;
}

struct json *json_copy(struct arena *a, const struct json *v)
{
    struct copier c = {.arena = a};
    struct json *top = copy_one(&c, v), *to = top;
    const struct json *at = v;

    top->flags &= (uint8_t) ~(JSON_SPELLED | JSON_ODD_KEY);
    for (;;) {
        struct json *box = to;

        if (json_is_box(at) && at->u.first) {
            at = at->u.first;
        } else {
            while (at != v && !at->next) {
                if (c.whole == at)
                    c.whole = NULL;
                at = at->parent;
                to = to->parent;
            }
            if (at == v)
                return top;
            if (c.whole == at)
                c.whole = NULL;
            at = at->next;
            box = to->parent;
        }
        to = copy_one(&c, at);
        if (at->parent->type == JSON_OBJECT)
            copy_key(&c, at, to);
        json_link(box, to);
    }
}
