/*
 * Writing JSON: what is untouched is copied from the text it came from.
 */
#include "asid/data/json.h"
#include "json_int.h"

static void write_escape(struct buf *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    const char *name = c ? strchr(named, c) : NULL;

    if (name) {
        buf_add(b, (char[]){'\\', name[1]}, 2);
    } else {
        buf_add(b, "\\u00", 4);
        buf_add(b, (char[]){hex[c >> 4], hex[c & 15]}, 2);
    }
}

static void write_string(struct buf *b, struct str s)
{
    buf_char(b, '"');
    while (s.n) {
        size_t run = json_plain(s.p, s.n, false);

        buf_add(b, s.p, run);
        s.p += run;
        s.n -= run;
        if (s.n) {
            write_escape(b, (unsigned char)*s.p++);
            s.n--;
        }
    }
    buf_char(b, '"');
}

/* Line ends can only stand between tokens (strings hold none), so that leaving
 * them out changes no value. */
static void write_source(struct buf *b, struct str s)
{
    while (s.n) {
        const char *stop = memchr(s.p, '\n', s.n);
        size_t run = stop ? (size_t)(stop - s.p) : s.n;
        const char *cr = memchr(s.p, '\r', run);

        if (cr) {
            stop = cr;
            run = (size_t)(cr - s.p);
        }
        buf_add(b, s.p, run);
        run += stop != NULL;
        s.p += run;
        s.n -= run;
    }
}

static void write_key(struct buf *b, const struct json *v)
{
    struct str key = json_member_key(v);

    if (v->flags & JSON_ODD_KEY) {
        write_string(b, key);
    } else {
        if (v->flags & JSON_SPELLED)
            key = ((const struct json_name *)v->key)->spelling;
        buf_char(b, '"');
        buf_str(b, key);
        buf_char(b, '"');
    }
}

/* A value without elements. */
static void write_leaf(struct buf *b, const struct json *v)
{
    switch ((enum json_type)v->type) {
    case JSON_NULL:
        buf_add(b, "null", 4);
        break;
    case JSON_BOOL:
        buf_text(b, v->n ? "true" : "false");
        break;
    case JSON_NUMBER:
        buf_str(b, json_spelling(v));
        break;
    case JSON_STRING:
        write_string(b, json_str(v));
        break;
    case JSON_ARRAY:
        buf_add(b, "[]", 2);
        break;
    case JSON_OBJECT:
        buf_add(b, "{}", 2);
        break;
    }
}

static char opening(const struct json *box)
{
    return box->type == JSON_OBJECT ? '{' : '[';
}

static char closing(const struct json *box)
{
    return box->type == JSON_OBJECT ? '}' : ']';
}

void json_write(struct buf *b, const struct json *v)
{
    const struct json *at = v;

    for (;;) {
        if (at != v && at->parent->type == JSON_OBJECT) {
            write_key(b, at);
            buf_char(b, ':');
        }
        if (!(at->flags & JSON_CHANGED)) {
            write_source(b, json_source(at));
        } else if (json_is_box(at) && at->u.first) {
            buf_char(b, opening(at));
            at = at->u.first;
            continue;
        } else {
            write_leaf(b, at);
        }
        while (at != v && !at->next) {
            at = at->parent;
            buf_char(b, closing(at));
        }
        if (at == v)
            return;
        buf_char(b, ',');
        at = at->next;
    }
}

static void new_line(struct buf *b, size_t depth)
{
    buf_char(b, '\n');
    for (size_t i = 0; i < depth; i++)
        buf_add(b, "  ", 2);
}

void json_write_pretty(struct buf *b, const struct json *v)
{
    const struct json *at = v;
    size_t depth = 0;

    for (;;) {
        if (at != v && at->parent->type == JSON_OBJECT) {
            write_string(b, json_member_key(at));
            buf_add(b, ": ", 2);
        }
        if (json_is_box(at) && at->u.first) {
            buf_char(b, opening(at));
            new_line(b, ++depth);
            at = at->u.first;
            continue;
        }
        write_leaf(b, at);
        while (at != v && !at->next) {
            at = at->parent;
            new_line(b, --depth);
            buf_char(b, closing(at));
        }
        if (at == v)
            return;
        buf_char(b, ',');
        new_line(b, depth);
        at = at->next;
    }
}
