/* Any bytes as YAML: what is accepted must be writable as JSON. */
#include <stdlib.h>

#include "asid/data/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_places(const struct json *v)
{
    struct yaml_place at = yaml_where(v);

    if (at.line == 0 || at.column == 0)
        abort();
    json_each(e, v)
        check_places(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena a = ARENA_INIT;
    struct asid_err err;
    struct json *v, *again;
    struct buf b;

    buf_init(&b, (size_t)1 << 28);
    if (yaml_parse(&a, text, "f", &v, &err) == ASID_OK) {
        check_places(v);
        json_write(&b, v);
        if (json_parse(&a, buf_view(&b), 0, &again, &err))
            abort();
    }
    buf_release(&b);
    arena_release(&a);
    return 0;
}
