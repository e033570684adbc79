/* Entries of programs in the embedded pipeline schema. */
#include "asid/kit/entry.h"

#include <string.h>

#include "asid/data/schema.h"

static bool hides(const struct json *entry, struct str option)
{
    json_each(name, json_get(entry, "x-hides")) {
        if (str_eq(json_str(name), option))
            return true;
    }
    return false;
}

/* Copy the options of a group that the entry has not itself. */
static void add_group(struct arena *a, struct json *entry,
                      const struct json *group)
{
    struct json *own = json_get(entry, "properties");

    json_each(option, json_get(group, "properties")) {
        struct json *copy;

        if (json_get_str(own, json_key(option)))
            continue;
        copy = json_copy(a, option);
        json_set_str(a, copy, STR("x-group"),
                     json_copy(a, json_get(group, "title")));
        if (hides(entry, json_key(option)))
            json_set(a, copy, "x-hidden", json_new_bool(a, true));
        json_set_str(a, own, json_key(option), copy);
    }
}

static enum asid_rc add_groups(struct arena *a, struct json *document,
                               struct asid_err *err)
{
    struct json *defs = json_get(document, "$defs");

    json_each(entry, defs) {
        json_each(name, json_get(entry, "x-options-of")) {
            struct json *group = json_get_str(defs, json_str(name));

            if (!json_get(group, "properties") || !json_get(group, "title") ||
                !json_get(entry, "properties"))
                return FAIL(err,
                            "pipeline.schema.json: no options " STR_FMT
                            " for " STR_FMT,
                            STR_ARG(json_str(name)), STR_ARG(json_key(entry)));
            add_group(a, entry, group);
        }
    }
    return ASID_OK;
}

enum asid_rc entry_document(struct arena *a, struct json **document,
                            struct asid_err *err)
{
    enum asid_rc rc =
        json_parse(a, schema_file("pipeline.schema.json"), 0, document, err);

    if (rc == ASID_OK)
        return add_groups(a, *document, err);
    return FAIL(err, "pipeline.schema.json: %s", err->text);
}

bool entry_is_program(const struct json *entry)
{
    return json_get(entry, "x-kind") != NULL;
}

const char *entry_kind(const struct json *entry)
{
    const char *kind = json_text(json_get(entry, "x-kind"));

    return kind ? kind : "";
}

struct json *entry_find(const struct json *document, const char *program)
{
    struct json *entry = json_get(json_get(document, "$defs"), program);

    return entry_is_program(entry) ? entry : NULL;
}

struct json *entry_common(const struct json *document)
{
    return json_path(document, "$defs.common.properties");
}

struct json *entry_option(const struct json *document, const struct json *entry,
                          struct str name)
{
    struct json *own = json_get_str(json_get(entry, "properties"), name);

    if (own)
        return own;
    if (json_bool(json_get(entry, "x-common")) || str_is(name, "help") ||
        str_is(name, "version"))
        return json_get_str(entry_common(document), name);
    return NULL;
}

const struct json *entry_clash(const struct json *option,
                               const struct json *value,
                               const struct json *options)
{
    if (json_type(value) == JSON_ARRAY && json_count(value) == 0)
        return NULL;
    json_each(other, json_get(option, "x-not-with")) {
        const struct json *found = json_get_str(options, json_key(other));

        if (found && json_type(found) == JSON_STRING &&
            str_eq(json_str(found), json_str(other)))
            return other;
    }
    return NULL;
}
