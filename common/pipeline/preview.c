/* Previews: why each stage would work on how many records. */
#include "asid/pipeline/preview.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/ledger/ledger.h"
#include "asid/pipeline/table.h"

/* What the ledger says about one stage. */
struct known {
    bool found;
    bool options_same;
    char since[32]; /* when the run that began the execution started */
    struct past {
        const char *id, *input_sha256;
        bool failed;
    } * past; /* by id */
    size_t n, room;
};

struct preview {
    struct arena *a;
    const struct pipeline *p;
    const struct plan *plan;
    struct ledger *ledger; /* NULL: there is none */
};

/* --- options ------------------------------------------------------------- */

/* Does an argument decide results? Options do unless they are marked; of the
 * others only what a source takes its items from. */
static bool decides(const struct preview *v, const struct plan_stage *s,
                    const char *arg)
{
    const struct json *option;

    if (strncmp(arg, "--", 2) != 0 || arg[2] == '\0')
        return s->stage->source;
    option = pipeline_option(v->p, s->stage->entry,
                             (struct str){arg + 2, strcspn(arg + 2, "=")});
    return !json_bool(json_get(option, "x-cosmetic"));
}

static const char *next_argument(const struct preview *v,
                                 const struct plan_stage *s, size_t *at)
{
    while (*at < s->argc) {
        const char *arg = s->argv[(*at)++];

        if (decides(v, s, arg))
            return arg;
    }
    return NULL;
}

/* Does the recorded command line decide the same results as the planned one?
 * argv[0] is left out of both. */
static bool same_options(const struct preview *v, const struct plan_stage *s,
                         const char *recorded)
{
    struct asid_err ignored;
    struct json *argv;
    size_t at = 1;

    if (!recorded || json_parse(v->a, str_of(arena_strdup(v->a, recorded)), 0,
                                &argv, &ignored) != ASID_OK)
        return false;
    json_each(item, argv) {
        const char *arg = json_text(item), *planned;

        if (item == json_first(argv))
            continue;
        if (!arg)
            return false;
        if (!decides(v, s, arg))
            continue;
        planned = next_argument(v, s, &at);
        if (!planned || strcmp(planned, arg) != 0)
            return false;
    }
    return next_argument(v, s, &at) == NULL;
}

/* --- reading the ledger -------------------------------------------------- */

struct reading {
    const struct preview *v;
    const struct plan_stage *s;
    struct known *known;
};

static enum asid_rc take_run(void *user, int columns, const char *const *names,
                             const char *const *values, struct asid_err *err)
{
    struct reading *r = user;

    (void)columns;
    (void)names;
    (void)err;
    r->known->options_same = values[1] &&
                             strcmp(values[1], ASID_VERSION) == 0 &&
                             same_options(r->v, r->s, values[0]);
    snprintf(r->known->since, sizeof r->known->since, "%s",
             values[2] ? values[2] : "");
    return ASID_OK;
}

static enum asid_rc take_outcome(void *user, int columns,
                                 const char *const *names,
                                 const char *const *values,
                                 struct asid_err *err)
{
    struct reading *r = user;
    struct known *k = r->known;
    struct past *past;

    (void)columns;
    (void)names;
    (void)err;
    if (k->n == k->room) {
        size_t room = k->room ? 2 * k->room : 256;
        struct past *grown = arena_array(r->v->a, room, sizeof *grown);

        if (k->n)
            memcpy(grown, k->past, k->n * sizeof *grown);
        k->past = grown;
        k->room = room;
    }
    past = &k->past[k->n++];
    past->id = arena_strdup(r->v->a, values[0] ? values[0] : "");
    past->input_sha256 = arena_strdup(r->v->a, values[1] ? values[1] : "");
    past->failed = values[2] && strcmp(values[2], "failed") == 0;
    return ASID_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct past *x = a, *y = b;

    return strcmp(x->id, y->id);
}

/* The ledger knows outputs by absolute path. */
static char *absolute(struct arena *a, const struct plan_stage *s,
                      const struct plan *plan)
{
    char *real = realpath(plan->stages_dir, NULL), *path;

    if (!real)
        return arena_strdup(a, s->output);
    path = path_join(a, real, path_base(s->output));
    free(real);
    return path;
}

static enum asid_rc look_up(const struct preview *v, const struct plan_stage *s,
                            struct known *known, struct asid_err *err)
{
    struct reading r = {v, s, known};
    struct ledger_checkpoint c;
    const char *binds[2];

    memset(known, 0, sizeof *known);
    if (!v->ledger)
        return ASID_OK;
    TRY(ledger_checkpoint_get(v->ledger, s->stage->name,
                              absolute(v->a, s, v->plan), &known->found, &c,
                              err));
    if (!known->found)
        return ASID_OK;
    binds[0] = c.execution;
    binds[1] = s->stage->name;
    TRY(ledger_query(v->ledger,
                     "SELECT argv, version, started_at FROM runs"
                     " WHERE run_id = ?1",
                     binds, 1, take_run, &r, err));
    TRY(ledger_query(v->ledger,
                     "SELECT record_id, input_sha256, status FROM outcomes"
                     " WHERE execution = ?1 AND stage = ?2",
                     binds, 2, take_outcome, &r, err));
    if (known->n)
        qsort(known->past, known->n, sizeof *known->past, by_id);
    return ASID_OK;
}

static const struct past *find_past(const struct known *k, const char *id)
{
    struct past wanted = {.id = id};

    return k->n ? bsearch(&wanted, k->past, k->n, sizeof wanted, by_id) : NULL;
}

/* --- the source ---------------------------------------------------------- */

/* Where stems are not unique the id is "stem-xxxxxxxx"; the file cannot be
 * told from its namesakes without hashing, so one namesake in the ledger
 * stands for it. */
static const struct past *find_item(const struct known *k,
                                    const struct preview_item *item)
{
    size_t stem = strlen(item->stem), low = 0, high = k->n;

    if (item->unique || find_past(k, item->stem))
        return find_past(k, item->stem);
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(k->past[middle].id, item->stem) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < k->n && strncmp(k->past[low].id, item->stem, stem) == 0;
         low++) {
        const char *rest = k->past[low].id + stem;

        if (rest[0] == '-' && strlen(rest) == 9)
            return &k->past[low];
    }
    return NULL;
}

/* The file was written after the execution began. */
static bool is_newer(const struct preview_item *item, const char *since)
{
    time_t seconds = (time_t)(item->mtime / 1000000000);
    char text[32] = "";
    struct tm tm;

    if (!since[0] || !gmtime_r(&seconds, &tm))
        return false;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    return strncmp(text, since, 19) > 0;
}

static void count_items(const struct known *k, const struct preview_item *items,
                        size_t n, struct preview_stage *out)
{
    out->in = n;
    for (size_t i = 0; i < n; i++) {
        const struct past *past = find_item(k, &items[i]);

        if (!k->found || !past)
            out->fresh++;
        else if (!k->options_same)
            out->option++;
        else if (is_newer(&items[i], k->since))
            out->input++;
        else if (past->failed)
            out->retry++;
        else
            out->done++;
        out->at_most |= !items[i].unique;
    }
}

/* --- the others ---------------------------------------------------------- */

static void count_record(const struct known *k, struct arena *scratch,
                         struct str line, struct preview_stage *out)
{
    struct json *record;
    struct asid_err ignored;
    const struct past *past = NULL;
    const char *id = NULL;
    char hex[HASH_HEX];

    out->in++;
    if (json_parse(scratch, line, 0, &record, &ignored) == ASID_OK)
        id = json_text(json_get(record, "id"));
    if (id)
        past = find_past(k, id);
    hash_text(line, hex);
    if (!k->found || !past)
        out->fresh++;
    else if (!k->options_same)
        out->option++;
    else if (strcmp(past->input_sha256, hex) != 0)
        out->input++;
    else if (past->failed)
        out->retry++;
    else
        out->done++;
}

/* Classify the records of the input file as it lies there now. */
static enum asid_rc count_file(const char *path, const struct known *k,
                               struct preview_stage *out, struct asid_err *err)
{
    struct arena scratch = ARENA_INIT;
    enum asid_rc rc = ASID_OK;
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    FILE *file = fopen(path, "re");

    if (!file && errno == ENOENT)
        return ASID_OK;
    if (!file)
        return FAIL_ERRNO(err, "cannot open %s", path);
    while ((n = getline(&line, &room, file)) >= 0) {
        struct str text = str_trim((struct str){line, (size_t)n});

        arena_reset(&scratch);
        if (text.n)
            count_record(k, &scratch, text, out);
    }
    if (ferror(file))
        rc = FAIL_ERRNO(err, "cannot read %s", path);
    free(line);
    fclose(file);
    arena_release(&scratch);
    return rc;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What upstream has yet to do reaches this stage as new or changed records. */
static void add_upstream(const struct preview_stage *up,
                         struct preview_stage *out)
{
    uint64_t changed = least(out->done, up->input + up->option);
    uint64_t to_come = up->fresh + up->retry;

    out->at_most = up->at_most || to_come || up->input || up->option;
    out->done -= changed;
    out->input += changed;
    if (out->in == 0 && to_come == 0)
        to_come = up->in; /* its output is gone */
    out->fresh += to_come;
    out->in += to_come;
}

/* --- model calls --------------------------------------------------------- */

static uint64_t questions(const struct preview *v,
                          const struct pipeline_stage *s)
{
    const char *set = json_text(pipeline_value(v->p, s, "prompts"));
    size_t chosen = json_count(pipeline_value(v->p, s, "attributes"));

    if (!set || strcmp(set, "single-attribute") != 0)
        return 1;
    return chosen ? chosen : 8;
}

static void count_calls(const struct preview *v, const struct pipeline_stage *s,
                        struct preview_stage *out)
{
    out->has_model = s->model != NULL;
    if (out->has_model)
        out->calls = questions(v, s) *
                     (out->fresh + out->input + out->option + out->retry);
}

/* --- the whole ----------------------------------------------------------- */

static enum asid_rc count_all(const struct preview *v,
                              const struct preview_item *items, size_t n_items,
                              struct preview_stage *out, struct asid_err *err)
{
    for (size_t i = 0; i < v->plan->n_stages; i++) {
        const struct plan_stage *s = &v->plan->stages[i];
        struct known known;

        memset(&out[i], 0, sizeof out[i]);
        TRY(look_up(v, s, &known, err));
        if (i == 0) {
            count_items(&known, items, n_items, &out[i]);
        } else {
            if (v->ledger)
                TRY(count_file(s->input, &known, &out[i], err));
            add_upstream(&out[i - 1], &out[i]);
        }
        count_calls(v, s->stage, &out[i]);
    }
    return ASID_OK;
}

enum asid_rc preview_make(struct arena *a, const struct pipeline *p,
                          const struct plan *plan,
                          const struct preview_item *items, size_t n_items,
                          bool started_over, struct preview_stage *out,
                          struct asid_err *err)
{
    struct preview v = {a, p, plan, NULL};
    enum asid_rc rc;

    if (!started_over && access(plan->ledger, F_OK) == 0)
        TRY(ledger_open_readonly(plan->ledger, &v.ledger, err));
    rc = count_all(&v, items, n_items, out, err);
    if (v.ledger)
        ledger_close(v.ledger);
    return rc;
}

static const char *figure(struct arena *a, uint64_t n)
{
    return arena_printf(a, "%llu", (unsigned long long)n);
}

void preview_write(struct arena *a, const struct plan *plan,
                   const struct preview_stage *stages, struct buf *out)
{
    static const char *const head[] = {
        "stage",         "records",        "new",
        "changed input", "changed option", "retry",
        "nothing to do", "model calls",    ""};
    uint64_t calls = 0;
    bool at_most = false;
    struct table t;

    table_init(&t, a, 9, 0xfe);
    table_add(&t, head);
    for (size_t i = 0; i < plan->n_stages; i++) {
        const struct preview_stage *s = &stages[i];
        const char *cells[] = {plan->stages[i].stage->name,
                               figure(a, s->in),
                               figure(a, s->fresh),
                               figure(a, s->input),
                               figure(a, s->option),
                               figure(a, s->retry),
                               figure(a, s->done),
                               s->has_model ? figure(a, s->calls) : "-",
                               s->at_most ? "at most" : ""};

        table_add(&t, cells);
        calls += s->calls;
        at_most |= s->has_model && s->at_most;
        buf_printf(out, "%zu. %s\n   %s\n", i + 1, plan->stages[i].stage->name,
                   plan_command(a, &plan->stages[i]));
    }
    buf_char(out, '\n');
    table_write(&t, out);
    buf_printf(out, "\nmodel calls: %s%llu\n", at_most ? "at most " : "",
               (unsigned long long)calls);
}
