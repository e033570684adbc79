/* Plans: from a checked pipeline to file names and command lines. */
#include "asid/pipeline/plan.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/base/num.h"

struct argv {
    struct arena *a;
    const char **items;
    size_t n, room;
};

static void push(struct argv *v, const char *arg)
{
    if (v->n + 1 >= v->room) {
        size_t room = v->room ? 2 * v->room : 32;
        const char **grown = arena_array(v->a, room, sizeof *grown);

        if (v->n)
            memcpy(grown, v->items, v->n * sizeof *grown);
        v->items = grown;
        v->room = room;
    }
    v->items[v->n++] = arg;
    v->items[v->n] = NULL;
}

static void push_value(struct argv *v, struct str name, const char *value)
{
    push(v, arena_printf(v->a, "--" STR_FMT "=%s", STR_ARG(name), value));
}

static void push_given(struct argv *v, const char *name, const char *value)
{
    if (value && value[0])
        push_value(v, str_of(name), value);
}

/* --- options ------------------------------------------------------------- */

/* A string or number as an argument. Numbers are spelled as the option parser
 * reads them: a file may say 1e3 where a whole number is meant. */
static enum asid_rc scalar(struct arena *a, struct str name,
                           const struct json *value, const char **out,
                           struct asid_err *err)
{
    char space[32];
    int64_t whole;
    double real;

    if (json_type(value) == JSON_STRING) {
        *out = json_text(value);
        if (!*out)
            return USAGE(
                err, "option '" STR_FMT "': a value cannot hold a zero byte",
                STR_ARG(name));
    } else if (json_i64(value, &whole)) {
        *out = arena_printf(a, "%lld", (long long)whole);
    } else if (json_f64(value, &real)) {
        num_format(real, space);
        *out = arena_strdup(a, space);
    } else {
        return USAGE(err, "option '" STR_FMT "': the number is out of range",
                     STR_ARG(name));
    }
    return ASID_OK;
}

/* One argument per item. The option parser also splits at commas. */
static enum asid_rc push_list(struct argv *v, const struct json *list,
                              struct asid_err *err)
{
    struct str name = json_key(list);

    if (json_count(list) == 0)
        push_value(v, name, "");
    json_each(item, list) {
        const char *text;

        TRY(scalar(v->a, name, item, &text, err));
        if (strchr(text, ','))
            return USAGE(err,
                         "option '" STR_FMT
                         "': an item of a list cannot hold a comma: %s",
                         STR_ARG(name), text);
        push_value(v, name, text);
    }
    return ASID_OK;
}

static enum asid_rc push_option(struct argv *v, const struct json *schema,
                                const struct json *value, struct asid_err *err)
{
    struct str name = json_key(value);
    const char *text;

    if (json_type(value) == JSON_BOOL) {
        if (json_bool(value) != json_bool(json_get(schema, "default")))
            push(v, arena_printf(v->a, "--" STR_FMT "%s", STR_ARG(name),
                                 json_bool(value) ? "" : "=false"));
        return ASID_OK;
    }
    if (json_type(value) == JSON_ARRAY)
        return push_list(v, value, err);
    TRY(scalar(v->a, name, value, &text, err));
    push_value(v, name, text);
    return ASID_OK;
}

/* Positional values come last, behind "--". */
static enum asid_rc push_positionals(struct argv *v, const struct pipeline *p,
                                     const struct pipeline_stage *s,
                                     struct asid_err *err)
{
    const char *text;

    push(v, "--");
    json_each(value, s->options) {
        if (!json_bool(json_get(pipeline_option(p, s->entry, json_key(value)),
                                "x-positional")))
            continue;
        if (json_type(value) == JSON_ARRAY) {
            json_each(item, value) {
                TRY(scalar(v->a, json_key(value), item, &text, err));
                push(v, text);
            }
        } else {
            TRY(scalar(v->a, json_key(value), value, &text, err));
            push(v, text);
        }
    }
    return ASID_OK;
}

/* --- dataset folders ------------------------------------------------------*/

bool plan_is_below(const char *path)
{
    const char *at = path;

    if (path[0] == '/' || path[0] == '\0')
        return false;
    while (*at) {
        size_t n = strcspn(at, "/");

        if (n == 2 && at[0] == '.' && at[1] == '.')
            return false;
        at += n;
        at += strspn(at, "/");
    }
    return true;
}

/* Whether a path below the run's folder begins with a name that the run keeps
 * for itself, or names the folder. */
static bool is_own(const char *where)
{
    static const char *const names[] = {".",        "stages",   "rejects",
                                        "run.json", "run.lock", NULL};
    struct str first = {where, strcspn(where, "/")};

    for (const char *const *name = names; *name; name++)
        if (str_is(first, *name))
            return true;
    return first.n == 0 || str_starts(first, "ledger.db");
}

static enum asid_rc set_dataset(struct arena *a, const struct pipeline *p,
                                const struct plan *plan, struct plan_stage *s,
                                struct asid_err *err)
{
    const struct json *option =
        pipeline_option(p, s->stage->entry, STR("output"));
    const char *where;

    if (!json_bool(json_get(option, "x-run-relative")))
        return ASID_OK;
    where = json_text(pipeline_value(p, s->stage, "output"));
    if (!where || !plan_is_below(where) || is_own(where))
        return USAGE(err,
                     "%s: stages[%zu].%s.output: '%s' must be a folder below "
                     "the run's folder, and none of the run's own files",
                     p->path, s->number - 1, s->stage->name,
                     where ? where : "");
    s->dataset = path_join(a, plan->dir, where);
    s->dataset_name = where;
    for (size_t i = 0; i + 1 < s->number; i++) {
        const char *other = plan->stages[i].dataset;

        if (other && strcmp(other, s->dataset) == 0)
            return USAGE(err,
                         "%s: stages[%zu].%s.output: stage %zu writes the "
                         "folder '%s' already",
                         p->path, s->number - 1, s->stage->name, i + 1, where);
    }
    return ASID_OK;
}

/* --- the plan ------------------------------------------------------------ */

static void push_settings(struct argv *v, const struct plan_settings *settings,
                          const struct pipeline *p, const struct plan *plan,
                          const struct plan_stage *s)
{
    push_value(v, STR("root"), p->root);
    push_value(v, STR("out-file"), s->output);
    push_value(v, STR("rejects"), s->rejects);
    push_value(v, STR("ledger"), plan->ledger);
    push_given(v, "parent-run", settings->run_id);
    push_given(v, "progress", settings->progress);
    if (settings->quiet)
        push(v, "--quiet");
    if (settings->verbose)
        push(v, "--verbose");
    if (s->stage->source)
        push_given(v, "shard", settings->shard);
    push_given(v, "jobs", settings->jobs);
}

static enum asid_rc fill_argv(struct argv *v, const struct pipeline *p,
                              const struct plan_settings *settings,
                              const struct plan *plan, struct plan_stage *s,
                              struct asid_err *err)
{
    const struct json *options = s->stage->options;

    push(v, s->program);
    push_settings(v, settings, p, plan, s);
    if (s->stage->model && !json_get(options, "model"))
        push_value(v, STR("model"), s->stage->model);
    if (s->dataset)
        push_value(v, STR("output"), s->dataset);
    json_each(value, options) {
        const struct json *schema =
            pipeline_option(p, s->stage->entry, json_key(value));
        bool is_dataset = s->dataset && str_is(json_key(value), "output");
        bool is_jobs = settings->jobs && str_is(json_key(value), "jobs");

        if (!is_dataset && !is_jobs &&
            !json_bool(json_get(schema, "x-positional")))
            TRY(push_option(v, schema, value, err));
    }
    TRY(push_positionals(v, p, s->stage, err));
    if (s->input)
        push(v, s->input);
    return ASID_OK;
}

static enum asid_rc plan_stage(struct arena *a, const struct pipeline *p,
                               const struct plan_settings *settings,
                               struct plan *plan, size_t i,
                               struct asid_err *err)
{
    struct plan_stage *s = &plan->stages[i];
    struct argv v = {.a = a};
    const char *file;

    s->stage = &p->stages[i];
    s->number = i + 1;
    s->program = path_join(a, settings->programs,
                           arena_printf(a, "asid-%s", s->stage->name));
    file = arena_printf(a, "%02zu-%s.jsonl", s->number, s->stage->name);
    s->output = path_join(a, plan->stages_dir, file);
    s->rejects = path_join(a, plan->rejects_dir, file);
    s->input = i > 0 ? plan->stages[i - 1].output : NULL;
    TRY(set_dataset(a, p, plan, s, err));
    if (fill_argv(&v, p, settings, plan, s, err) != ASID_OK)
        return asid_err_within(err, "%s: stages[%zu].%s", p->path, i,
                               s->stage->name);
    s->argv = v.items;
    s->argc = v.n;
    return ASID_OK;
}

enum asid_rc plan_make(struct arena *a, const struct pipeline *p,
                       const struct plan_settings *settings, struct plan *out,
                       struct asid_err *err)
{
    struct plan plan = {.dir = settings->dir, .n_stages = p->n_stages};

    plan.stages_dir = path_join(a, plan.dir, "stages");
    plan.rejects_dir = path_join(a, plan.dir, "rejects");
    plan.ledger = path_join(a, plan.dir, "ledger.db");
    plan.stages = arena_array(a, p->n_stages, sizeof *plan.stages);
    for (size_t i = 0; i < p->n_stages; i++)
        TRY(plan_stage(a, p, settings, &plan, i, err));
    *out = plan;
    return ASID_OK;
}

enum asid_rc plan_check_programs(const struct plan *plan, struct asid_err *err)
{
    for (size_t i = 0; i < plan->n_stages; i++) {
        if (access(plan->stages[i].program, X_OK) < 0)
            return FAIL_ERRNO(err, "cannot run %s", plan->stages[i].program);
    }
    return ASID_OK;
}

/* --- showing ------------------------------------------------------------- */

static bool is_plain(const char *arg)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_-+=./:,@%";

    return arg[0] && arg[strspn(arg, safe)] == '\0';
}

static bool has_control(const char *arg)
{
    for (; *arg; arg++) {
        if ((unsigned char)*arg < 0x20 || *arg == 0x7f)
            return true;
    }
    return false;
}

/* '...' or, with control characters in it, $'...': nothing of an argument
 * reaches a terminal as a command. */
static void quote(struct buf *line, const char *arg)
{
    bool dollar = has_control(arg);

    buf_text(line, dollar ? "$'" : "'");
    for (; *arg; arg++) {
        unsigned char c = (unsigned char)*arg;

        if (c < 0x20 || c == 0x7f)
            buf_printf(line, "\\x%02x", c);
        else if (*arg == '\'')
            buf_text(line, dollar ? "\\'" : "'\\''");
        else if (*arg == '\\' && dollar)
            buf_text(line, "\\\\");
        else
            buf_char(line, *arg);
    }
    buf_char(line, '\'');
}

char *plan_command(struct arena *a, const struct plan_stage *s)
{
    struct buf line;
    char *text;

    buf_init(&line, 4 << 20);
    for (size_t i = 0; i < s->argc; i++) {
        if (i)
            buf_char(&line, ' ');
        if (is_plain(s->argv[i]))
            buf_text(&line, s->argv[i]);
        else
            quote(&line, s->argv[i]);
    }
    text = arena_strndup(a, buf_view(&line).p, line.n);
    buf_release(&line);
    return text;
}
