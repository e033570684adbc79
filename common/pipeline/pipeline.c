/*
 * Pipeline files: reading and checking.
 *
 * The file is walked by hand where a place and the nearest known name are
 * wanted (keys, stage names, option names); the values are checked against
 * the schema's own subschemas. A oneOf over all stages would tell the user
 * only that nothing fits.
 */
#include "asid/pipeline/pipeline.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "asid/base/file.h"
#include "asid/data/schema.h"
#include "asid/data/yaml.h"
#include "asid/kit/entry.h"

enum { MOST_BYTES = 1 << 20, MOST_STAGES = 99 };

struct check {
    struct arena *a;
    struct pipeline *p;
};

/* USAGE with the place of a value of the file. */
static enum asid_rc fault(const struct check *c, const struct json *at,
                          struct asid_err *err, const char *fmt, ...)
    ASID_PRINTF(4, 5);
static enum asid_rc fault(const struct check *c, const struct json *at,
                          struct asid_err *err, const char *fmt, ...)
{
    struct yaml_place place = yaml_where(at);
    char text[sizeof err->text];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return USAGE(err, "%s:%u:%u: %s", c->p->path, place.line ? place.line : 1,
                 place.column ? place.column : 1, text);
}

/* --- names ----------------------------------------------------------------*/

static bool is_stage(const struct json *entry)
{
    const char *kind = json_text(json_get(entry, "x-kind"));

    return kind && strcmp(kind, "tool") != 0;
}

bool pipeline_reserved(struct str option)
{
    static const char *const reserved[] = {
        "out-file", "rejects", "ledger",  "root",  "help",       "version",
        "progress", "quiet",   "verbose", "shard", "parent-run",
    };

    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (str_is(option, reserved[i]))
            return true;
    }
    return false;
}

const struct json *pipeline_option(const struct pipeline *p,
                                   const struct json *entry, struct str name)
{
    const struct json *own = json_get_str(json_get(entry, "properties"), name);

    if (own || !json_bool(json_get(entry, "x-common")))
        return own;
    return json_get_str(json_path(p->schema, "$defs.common.properties"), name);
}

const struct json *pipeline_value(const struct pipeline *p,
                                  const struct pipeline_stage *s,
                                  const char *name)
{
    const struct json *given = json_get(s->options, name);

    if (given)
        return given;
    return json_get(pipeline_option(p, s->entry, str_of(name)), "default");
}

static void nearer_member(struct str_nearest *n, const struct json *object)
{
    json_each(member, object) {
        if (!json_bool(json_get(member, "x-hidden")) &&
            !pipeline_reserved(json_key(member)))
            str_nearer(n, json_key(member));
    }
}

static enum asid_rc unknown_stage(const struct check *c, const struct json *at,
                                  struct str name, struct asid_err *err)
{
    struct str_nearest n = {.wrong = name};

    json_each(entry, json_get(c->p->schema, "$defs")) {
        if (is_stage(entry))
            str_nearer(&n, json_key(entry));
    }
    return fault(c, at, err, "unknown stage '" STR_FMT "'%s", STR_ARG(name),
                 str_meant(c->a, &n, "; asid --help lists them"));
}

static enum asid_rc unknown_option(const struct check *c,
                                   const struct json *entry,
                                   const struct json *at, struct asid_err *err)
{
    struct str_nearest n = {.wrong = json_key(at)};
    struct str stage = json_key(entry);
    const char *help = arena_printf(
        c->a, "; asid-" STR_FMT " --help lists them", STR_ARG(stage));

    nearer_member(&n, json_get(entry, "properties"));
    if (json_bool(json_get(entry, "x-common")))
        nearer_member(&n, json_path(c->p->schema, "$defs.common.properties"));
    return fault(c, at, err, STR_FMT " has no option '" STR_FMT "'%s",
                 STR_ARG(stage), STR_ARG(json_key(at)),
                 str_meant(c->a, &n, help));
}

/* --- values -------------------------------------------------------------- */

/* Check one value against a part of the schema; what names it in messages. */
static enum asid_rc check_value(const struct check *c, const char *pointer,
                                const struct json *value, const char *what,
                                struct asid_err *err)
{
    const struct schema *schema;
    const struct json *at = NULL;
    struct asid_err cause;
    enum asid_rc rc;

    TRY(schema_load(c->a, c->p->schema, pointer, &schema, err));
    rc = schema_check(schema, c->a, value, &at, &cause);
    if (rc == ASID_OK)
        return ASID_OK;
    if (!at || yaml_where(at).line == 0)
        at = value;
    /* A path that begins with an index belongs right behind the name. */
    return fault(c, at, err, "%s%s%s", what, cause.text[0] == '[' ? "" : ": ",
                 cause.text);
}

static enum asid_rc check_option(const struct check *c, size_t index,
                                 const struct json *entry,
                                 const struct json *value, struct asid_err *err)
{
    struct str key = json_key(value), stage = json_key(entry);
    bool own = json_get_str(json_get(entry, "properties"), key) != NULL;
    struct str owner = own ? stage : STR("common");
    const struct json *clash;
    char *pointer, *what;

    if (!pipeline_option(c->p, entry, key))
        return unknown_option(c, entry, value, err);
    if (pipeline_reserved(key))
        return fault(c, value, err,
                     "option '" STR_FMT "' of " STR_FMT
                     " is set by asid-run and cannot stand in a pipeline file",
                     STR_ARG(key), STR_ARG(stage));
    what = arena_printf(c->a, "stages[%zu]." STR_FMT "." STR_FMT, index,
                        STR_ARG(stage), STR_ARG(key));
    clash = entry_clash(pipeline_option(c->p, entry, key), value,
                        c->p->stages[index].options);
    if (clash)
        return fault(c, value, err,
                     "%s: has no meaning with " STR_FMT ": " STR_FMT, what,
                     STR_ARG(json_key(clash)), STR_ARG(json_str(clash)));
    pointer = arena_printf(c->a, "/$defs/" STR_FMT "/properties/" STR_FMT,
                           STR_ARG(owner), STR_ARG(key));
    return check_value(c, pointer, value, what, err);
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A stage with an option "model" needs one: its own or the pipeline's. With
 * an endpoint the name of a remote model is no folder; x-remote: the option
 * never is anything else, and the stage has work to do without a model.
 * x-model-with names the one option that asks a model; without it the stage
 * needs none, and is given none. */
static enum asid_rc check_model(const struct check *c, const struct json *at,
                                const struct json *global,
                                struct pipeline_stage *s, struct asid_err *err)
{
    const struct json *own = json_get(s->options, "model");
    const struct json *option = json_path(s->entry, "properties.model");
    const char *with = json_text(json_get(s->entry, "x-model-with"));
    const char *dir;

    if (!option || (with && !json_bool(json_get(s->options, with))))
        return ASID_OK;
    if (json_get(s->options, "endpoint")) {
        if (!own)
            return fault(c, at, err,
                         "%s needs the option model: the name by which the "
                         "server at its endpoint knows the model",
                         s->name);
        s->model = json_text(own);
        return ASID_OK;
    }
    if (json_bool(json_get(option, "x-remote")))
        return ASID_OK;
    dir = json_text(own ? own : global);
    if (!dir)
        return fault(c, at, err,
                     "%s needs a model: give it the option model, or the "
                     "pipeline a key model",
                     s->name);
    if (!is_folder(dir))
        return fault(c, own ? own : global, err,
                     "model folder '%s' does not exist", dir);
    s->model = dir;
    return ASID_OK;
}

/* --- structure ------------------------------------------------------------*/

/* Split an element of stages into name and options. at gets what a message
 * about the name points to. */
static enum asid_rc split_stage(const struct check *c, const struct json *item,
                                struct str *name, const struct json **options,
                                const struct json **at, struct asid_err *err)
{
    const struct json *first = json_first(item);

    *at = item;
    *options = NULL;
    if (json_type(item) == JSON_STRING) {
        *name = json_str(item);
        return ASID_OK;
    }
    if (json_type(item) != JSON_OBJECT || !first)
        return fault(c, item, err,
                     "a stage is a name, or a name with its options, not %s",
                     json_type_name(json_type(item)));
    if (json_next(first))
        return fault(
            c, json_next(first), err,
            "a stage has one name, but '" STR_FMT "' stands beside '" STR_FMT
            "' (options are indented below their stage)",
            STR_ARG(json_key(json_next(first))), STR_ARG(json_key(first)));
    *at = first;
    *name = json_key(first);
    if (json_type(first) != JSON_OBJECT && json_type(first) != JSON_NULL)
        return fault(c, first, err,
                     "options of " STR_FMT " must be a mapping, not %s",
                     STR_ARG(*name), json_type_name(json_type(first)));
    if (json_type(first) == JSON_OBJECT)
        *options = first;
    return ASID_OK;
}

static enum asid_rc check_stage(const struct check *c, size_t index,
                                const struct json *item,
                                const struct json *global, struct asid_err *err)
{
    struct pipeline_stage *s = &c->p->stages[index];
    const char *kind;
    const struct json *at = item;
    struct str name = STR("");

    TRY(split_stage(c, item, &name, &s->options, &at, err));
    s->entry = json_get_str(json_get(c->p->schema, "$defs"), name);
    if (!is_stage(s->entry))
        return unknown_stage(c, at, name, err);
    s->name = arena_strndup(c->a, name.p, name.n);
    kind = json_text(json_get(s->entry, "x-kind"));
    s->source = kind && strcmp(kind, "source") == 0;
    if (index > 0 && s->source)
        return fault(c, at, err, "%s makes records and can only come first",
                     s->name);
    if (index == 0 && !s->source)
        return fault(c, at, err,
                     "%s reads records, so a stage that makes them (such as "
                     "ingest) must come before it",
                     s->name);
    json_each(option, s->options) {
        TRY(check_option(c, index, s->entry, option, err));
    }
    return check_model(c, at, global, s, err);
}

static enum asid_rc check_keys(const struct check *c, const struct json *file,
                               struct asid_err *err)
{
    const struct json *known = json_get(c->p->schema, "properties");

    json_each(value, file) {
        struct str key = json_key(value);
        struct str_nearest n = {.wrong = key};
        char *name = arena_strndup(c->a, key.p, key.n);

        if (!json_get_str(known, key)) {
            nearer_member(&n, known);
            return fault(c, value, err, "unknown key '%s'%s", name,
                         str_meant(c->a, &n, ""));
        }
        if (strcmp(name, "stages") != 0)
            TRY(check_value(c, arena_printf(c->a, "/properties/%s", name),
                            value, name, err));
    }
    json_each(key, json_get(c->p->schema, "required")) {
        if (!json_get_str(file, json_str(key)))
            return fault(c, file, err, "key '" STR_FMT "' is missing",
                         STR_ARG(json_str(key)));
    }
    return ASID_OK;
}

static enum asid_rc check_file(const struct check *c, const struct json *file,
                               struct asid_err *err)
{
    const struct json *stages = json_get(file, "stages");
    const struct json *root = json_get(file, "root");
    size_t n = json_count(stages), i = 0;

    if (json_type(file) != JSON_OBJECT)
        return fault(c, file, err,
                     "a pipeline file is a mapping with name and stages");
    TRY(check_keys(c, file, err));
    if (json_type(stages) != JSON_ARRAY || n == 0)
        return fault(c, stages, err, "stages must be a list of at least one");
    if (n > MOST_STAGES)
        return fault(c, stages, err, "more than %d stages", (int)MOST_STAGES);
    c->p->name = json_text(json_get(file, "name"));
    c->p->root = root ? json_text(root) : ".";
    if (!c->p->name || !c->p->root)
        return fault(c, file, err, "name and root cannot hold a zero byte");
    if (!is_folder(c->p->root))
        return fault(c, root ? root : file, err, "root '%s' is no folder",
                     c->p->root);
    c->p->stages = arena_array(c->a, n, sizeof *c->p->stages);
    c->p->n_stages = n;
    json_each(item, stages) {
        TRY(check_stage(c, i++, item, json_get(file, "model"), err));
    }
    return ASID_OK;
}

enum asid_rc pipeline_load(struct arena *a, const char *path,
                           struct pipeline *out, struct asid_err *err)
{
    struct pipeline p = {.path = path};
    struct check c = {a, &p};
    struct json *file, *schema;
    struct str text;

    TRY(entry_document(a, &schema, err));
    p.schema = schema;
    if (file_slurp(a, path, MOST_BYTES, &text, err) != ASID_OK ||
        yaml_parse(a, text, path, &file, err) != ASID_OK) {
        err->rc = ASID_USAGE;
        return ASID_USAGE;
    }
    hash_text(text, p.sha256);
    TRY(check_file(&c, file, err));
    *out = p;
    return ASID_OK;
}
