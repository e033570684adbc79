/*
 * A record, aligned as stages do it after the schema check: it ends in a record
 * that reads back and goes through again unchanged, or in a reject.
 */
#include <stdlib.h>

#include "asid/curate/align.h"
#include "asid/data/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct text_rules *rules;

/* The record if it has the shape that the runner lets through. */
static struct json *record_of(struct arena *a, struct str text)
{
    const struct schema *records;
    const struct json *at = NULL;
    struct json *document, *record;
    struct asid_err err;

    if (json_parse(a, schema_file("record.schema.json"), 0, &document, &err) ||
        schema_load(a, document, "", &records, &err))
        abort();
    if (json_parse(a, text, 0, &record, &err) ||
        schema_check(records, a, record, &at, &err))
        return NULL;
    return record;
}

static struct str written(struct arena *a, const struct json *v)
{
    struct buf b;
    struct str s;

    buf_init(&b, 1 << 28);
    json_write(&b, v);
    s = (struct str){arena_strndup(a, b.p, b.n), b.n};
    buf_release(&b);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct align_options o = {0.6, 2, ALIGN_KEEP, size % 5 == 0};
    struct arena a = ARENA_INIT;
    struct json *record, *again;
    struct asid_err err;
    struct str first;

    if (size > 1 << 14)
        return 0;
    if (!rules && text_rules_load(&rules, &err))
        abort();
    o.unsupported = size % 3 == 0 ? ALIGN_REMOVE : ALIGN_KEEP;
    record = record_of(&a, (struct str){(const char *)data, size});
    if (record) {
        if (align_record(rules, &a, record, &o, &err))
            abort();
        first = written(&a, record);
        again = record_of(&a, first);
        if (!again || align_record(rules, &a, again, &o, &err) ||
            !str_eq(written(&a, again), first))
            abort();
    }
    arena_release(&a);
    return 0;
}
