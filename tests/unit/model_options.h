/* The options of a stage that asks a model, for tests without a command line. */
#ifndef TESTS_UNIT_MODEL_OPTIONS_H
#define TESTS_UNIT_MODEL_OPTIONS_H

#include "asid/kit/entry.h"
#include "check.h"

/* The defaults of the pipeline schema, and one job that looks at few frames. */
static inline struct json *model_options(struct arena *a)
{
    struct json *options = json_new_object(a), *document;
    struct asid_err err;

    CHECK_OK(entry_document(a, &document, &err), err);
    json_each(option, json_path(document, "$defs.model-options.properties")) {
        const struct json *value = json_get(option, "default");

        if (value)
            json_set_str(a, options, json_key(option), json_copy(a, value));
    }
    json_set_i64(a, options, "jobs", 1);
    json_set_i64(a, options, "max-frames", 4);
    return options;
}

#endif
