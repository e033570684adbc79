/*
 * How fast records pass through: parse and write unchanged, parse and write
 * with one key added, and check against the record schema. The records are
 * caption records of about 9 kB, a quarter of them with \u escapes.
 *
 *     bench_json [SECONDS]     one line per measurement, on one core
 */
#include <stdio.h>
#include <stdlib.h>

#include "asid/base/clock.h"
#include "asid/data/json.h"
#include "asid/data/schema.h"

enum { RECORDS = 64 };

static const char *const keys[] = {
    "scene",  "characters",         "objects", "actions",
    "speech", "narrative_elements", "camera",  "emotions",
};

/* A sentence over and over; escaped as a writer of pure ASCII does it. */
static void add_prose(struct buf *b, size_t n, bool escaped)
{
    static const char plain[] =
        "At 3s, a woman in a red coat (\\\"Anna\\\") crosses the wet street; "
        "the camera follows her from left to right, and a tram bell rings. ";
    static const char cjk[] =
        "\\u5728\\u7b2c\\u4e09\\u79d2\\uff0c\\u4e00\\u4f4d\\u7a7f\\u7740"
        "\\u7ea2\\u8272\\u5916\\u5957\\u7684\\u5973\\u58eb\\u8d70\\u8fc7 ";
    size_t end = b->n + n;

    while (b->n < end)
        buf_text(b, escaped ? cjk : plain);
}

static void add_record(struct buf *b, unsigned i)
{
    bool escaped = i % 4 == 0;

    buf_printf(
        b,
        "{\"id\":\"clip%04u\",\"video\":\"media/clip%04u.mp4\","
        "\"media\":{\"duration\":7.80,\"sha256\":\"%064u\",\"video\":"
        "{\"codec\":\"h264\",\"width\":320,\"height\":240,\"fps\":30.0},"
        "\"audio\":null},\"sources\":[{\"name\":\"local\",\"attributes\":{",
        i, i, i);
    for (unsigned k = 0; k < 8; k++) {
        buf_printf(b, "%s\"%s\":\"", k ? "," : "", keys[k]);
        add_prose(b, 550, escaped);
        buf_char(b, '"');
    }
    buf_text(b, "}}],\"asr\":{\"name\":\"x\",\"segments\":[");
    for (unsigned k = 0; k < 4; k++)
        buf_printf(b,
                   "%s{\"start\":%u.50,\"end\":%u.25,\"text\":\"so we go on\","
                   "\"words\":[{\"text\":\"so\",\"start\":%u.5,\"end\":%u.62,"
                   "\"score\":0.98}]}",
                   k ? "," : "", k, k + 1, k, k);
    buf_text(b, "]},\"caption\":\"");
    add_prose(b, 3000, escaped);
    buf_text(b, "\",\"findings\":[]}");
}

struct bench {
    struct buf records[RECORDS];
    size_t bytes;
    struct arena arena;
    struct buf out;
    const struct schema *schema;
    struct asid_err err;
};

enum work { COPY_THROUGH, ADD_KEY, CHECK_SCHEMA };

static void one(struct bench *s, unsigned i, enum work work)
{
    struct json *v;

    if (json_parse(&s->arena, buf_view(&s->records[i]), 0, &v, &s->err))
        abort();
    if (work == ADD_KEY)
        json_set_bool(&s->arena, v, "seen", true);
    if (work == CHECK_SCHEMA &&
        schema_check(s->schema, &s->arena, v, NULL, &s->err))
        abort();
    buf_reset(&s->out);
    json_write(&s->out, v);
    arena_reset(&s->arena);
}

static void measure(struct bench *s, enum work work, const char *name,
                    double seconds)
{
    double begin = clock_monotonic(), now;
    unsigned rounds = 0;

    do {
        for (unsigned i = 0; i < RECORDS; i++)
            one(s, i, work);
        rounds++;
        now = clock_monotonic();
    } while (now - begin < seconds);
    printf("%-28s %8.0f MB/s %10.2f us a record\n", name,
           (double)s->bytes * rounds / (now - begin) / 1e6,
           (now - begin) / rounds / RECORDS * 1e6);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    struct arena forever = ARENA_INIT;
    struct json *document;
    static struct bench s;

    buf_init(&s.out, (size_t)1 << 30);
    for (unsigned i = 0; i < RECORDS; i++) {
        buf_init(&s.records[i], (size_t)1 << 20);
        add_record(&s.records[i], i);
        s.bytes += s.records[i].n;
    }
    if (json_parse(&forever, schema_file("record.schema.json"), 0, &document,
                   &s.err) ||
        schema_load(&forever, document, "", &s.schema, &s.err)) {
        fprintf(stderr, "bench_json: %s\n", s.err.text);
        return 1;
    }
    printf("%u records of %zu bytes\n", RECORDS, s.bytes / RECORDS);
    measure(&s, COPY_THROUGH, "parse and write", seconds);
    measure(&s, ADD_KEY, "parse, add a key, write", seconds);
    measure(&s, CHECK_SCHEMA, "parse, check schema, write", seconds);
    for (unsigned i = 0; i < RECORDS; i++)
        buf_release(&s.records[i]);
    buf_release(&s.out);
    arena_release(&s.arena);
    arena_release(&forever);
    return 0;
}
