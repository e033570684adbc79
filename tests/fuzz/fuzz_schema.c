/*
 * A schema and a value, one per line: loading refuses or gives a schema, and
 * checking ends with a verdict and a message. The value is checked against the
 * record schema, too.
 */
#include <stdlib.h>

#include "asid/data/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *a, const struct schema *s, const struct json *v)
{
    const struct json *at = NULL;
    struct asid_err err;
    enum asid_rc rc = schema_check(s, a, v, &at, &err);

    if (rc != ASID_OK && (rc != ASID_REJECT || !at || !err.text[0]))
        abort();
}

static void against_records(struct arena *a, const struct json *v)
{
    const struct schema *records;
    struct json *document;
    struct asid_err err;

    if (json_parse(a, schema_file("record.schema.json"), 0, &document, &err) ||
        schema_load(a, document, "", &records, &err))
        abort();
    check(a, records, v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *cut = size ? memchr(text, '\n', size) : NULL;
    struct arena a = ARENA_INIT;
    struct json *document, *value;
    const struct schema *s;
    struct asid_err err;

    if (!cut || size > 4096)
        return 0;
    if (json_parse(&a, (struct str){text, (size_t)(cut - text)}, 0, &document,
                   &err) == ASID_OK &&
        json_parse(&a, (struct str){cut, size - (size_t)(cut - text)}, 0,
                   &value, &err) == ASID_OK) {
        if (schema_load(&a, document, "", &s, &err) == ASID_OK)
            check(&a, s, value);
        against_records(&a, value);
    }
    arena_release(&a);
    return 0;
}
