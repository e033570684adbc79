/*
 * JSON for test programs: documents live in one arena, which main releases;
 * what cannot be parsed is a failed check.
 */
#ifndef TESTS_UNIT_CHECK_JSON_H
#define TESTS_UNIT_CHECK_JSON_H

#include "asid/data/json.h"
#include "check.h"

static struct arena arena;
static struct asid_err err;

static inline struct json *parse(struct str text)
{
    struct json *v = NULL;

    CHECK_OK(json_parse(&arena, text, 0, &v, &err), err);
    CHECK(v != NULL, "of %.*s", (int)(text.n < 80 ? text.n : 80), text.p);
    return v;
}

static inline struct json *parse_text(const char *text)
{
    return parse(str_of(text));
}

/* In the arena, so that nothing is left to free. */
static inline const char *check_write(void (*write)(struct buf *b,
                                                    const struct json *v),
                                      const struct json *v)
{
    struct buf b;
    char *copy;

    buf_init(&b, (size_t)1 << 30);
    write(&b, v);
    copy = arena_strndup(&arena, b.p ? b.p : "", b.n);
    buf_release(&b);
    return copy;
}

static inline const char *written(const struct json *v)
{
    return check_write(json_write, v);
}

static inline const char *pretty(const struct json *v)
{
    return check_write(json_write_pretty, v);
}

#endif
