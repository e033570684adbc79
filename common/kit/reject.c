/*
 * Reject lines. A record goes out whole, as it came in, with "reject" added;
 * bytes that are no record go out as text, or in base64 when they are no text.
 */
#include <string.h>

#include "asid/base/base64.h"
#include "asid/base/utf8.h"
#include "kit_int.h"

static struct json *reason(struct kit *k, struct slot *s)
{
    struct arena *a = &s->arena;
    struct json *reject = json_new_object(a);

    json_set_text(a, reject, "stage", k->cx.stage->name);
    json_set_text(a, reject, "code", s->err.code);
    json_set_text(a, reject, "message", s->err.text);
    return reject;
}

/* Of a source's item, what a record of it would have: the rest (file times)
 * only tells whether the item changed, and would make rejects of the same
 * files differ from folder to folder. */
static struct json *part_of_item(struct arena *a, const struct json *item)
{
    static const char *const keys[] = {"id", "video", "rows"};
    struct json *record = json_new_object(a);

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct json *value = json_get(item, keys[i]);

        if (value)
            json_set(a, record, keys[i], json_copy(a, value));
    }
    return record;
}

/* The callback may have changed the record before it refused it, so the text
 * it came from is read once more. */
static struct json *whole_record(struct kit *k, struct slot *s)
{
    struct json *record = NULL;
    struct asid_err again;

    BUG_IF(json_parse(&s->arena, s->source, 0, &record, &again) != ASID_OK);
    if (k->cx.stage->source)
        record = part_of_item(&s->arena, record);
    json_set(&s->arena, record, "reject", reason(k, s));
    return record;
}

static struct str base64(struct arena *a, struct str in)
{
    struct buf b;
    char *copy;
    size_t n;

    buf_init(&b, SIZE_MAX / 2);
    base64_add(&b, in);
    copy = arena_strndup(a, b.p, b.n);
    n = b.n;
    buf_release(&b);
    return (struct str){copy, n};
}

/* Cut in the middle of a character, a text is still a text. */
static struct str whole_characters(struct str text)
{
    size_t good = utf8_span(text.p, text.n);

    if (text.n - good < 4)
        text.n = good;
    return text;
}

static struct json *broken_line(struct kit *k, struct slot *s)
{
    struct arena *a = &s->arena;
    struct json *line = json_new_object(a);
    struct str raw = s->line.text;

    if (s->line.too_long) {
        if (raw.n > RAW_MAX)
            raw.n = RAW_MAX;
        raw = whole_characters(raw);
    }
    json_set(a, line, "reject", reason(k, s));
    json_set_i64(a, line, "line", (int64_t)s->line.number);
    if (raw.n <= RAW_MAX && utf8_valid(raw))
        json_set(a, line, "raw", json_new_str(a, raw));
    else
        json_set(a, line, "raw_base64", json_new_str(a, base64(a, raw)));
    if (s->line.too_long)
        json_set_bool(a, line, "truncated", true);
    return line;
}

void slot_reject_line(struct kit *k, struct slot *s)
{
    buf_reset(&s->out);
    json_write(&s->out, s->is_record ? whole_record(k, s) : broken_line(k, s));
    buf_char(&s->out, '\n');
    if (buf_failed(&s->out))
        s->rc = FAIL(&s->err, "%s: the record is too long to be kept", s->id);
}
