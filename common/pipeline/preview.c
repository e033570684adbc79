/*
 * Previews: why each stage would work on how many records.
 *
 * The ledger is asked, not the files between the stages: what is not there, or
 * not as the ledger says, a run makes again, byte for byte.
 */
#include "asid/pipeline/preview.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/ledger/ledger.h"
#include "asid/pipeline/table.h"
#include "asid/text/attribute.h"

/* What the ledger says about one stage. */
struct known {
    bool found;
    bool options_same;
    struct past {
        const char *id, *input_sha256;
        const char *output_sha256; /* "" unless accepted */
        bool failed;
    } * past; /* by id */
    const struct past **by_input;
    size_t n, room;
};

/* What one stage hands to the next. */
struct flow {
    struct flowing {
        const char *id;     /* NULL: not known yet */
        const char *sha256; /* of the line; NULL: yet to be made */
    } * record;
    size_t n;
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
    past->output_sha256 = arena_strdup(r->v->a, values[3] ? values[3] : "");
    return ASID_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct past *x = a, *y = b;

    return strcmp(x->id, y->id);
}

static int by_input(const void *a, const void *b)
{
    const struct past *const *x = a, *const *y = b;

    return strcmp((*x)->input_sha256, (*y)->input_sha256);
}

static void sort_past(struct arena *a, struct known *k)
{
    if (k->n == 0)
        return;
    qsort(k->past, k->n, sizeof *k->past, by_id);
    k->by_input = arena_array(a, k->n, sizeof *k->by_input);
    for (size_t i = 0; i < k->n; i++)
        k->by_input[i] = &k->past[i];
    qsort(k->by_input, k->n, sizeof *k->by_input, by_input);
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
                     "SELECT argv, version FROM runs WHERE run_id = ?1", binds,
                     1, take_run, &r, err));
    TRY(ledger_query(v->ledger,
                     "SELECT record_id, input_sha256, status, output_sha256"
                     " FROM outcomes WHERE execution = ?1 AND stage = ?2",
                     binds, 2, take_outcome, &r, err));
    sort_past(v->a, known);
    return ASID_OK;
}

static const struct past *find_past(const struct known *k, const char *id)
{
    struct past wanted = {.id = id};

    return k->n ? bsearch(&wanted, k->past, k->n, sizeof wanted, by_id) : NULL;
}

/* What became of a line; NULL: it did not come. */
static const struct past *find_line(const struct known *k, const char *sha256)
{
    struct past wanted = {.input_sha256 = sha256};
    const struct past *key = &wanted, **found = NULL;

    if (sha256 && k->n)
        found = bsearch(&key, k->by_input, k->n, sizeof *k->by_input, by_input);
    return found ? *found : NULL;
}

/* --- the source ---------------------------------------------------------- */

/* Where stems are not unique the id is "stem-xxxxxxxx"; a file that changed
 * cannot be told from its namesakes without hashing, so one namesake in the
 * ledger stands for it. */
static const struct past *find_namesake(const struct known *k, const char *id)
{
    size_t stem = strlen(id), low = 0, high = k->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(k->past[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < k->n && strncmp(k->past[low].id, id, stem) == 0; low++) {
        const char *rest = k->past[low].id + stem;

        if (rest[0] == '-' && strlen(rest) == 9)
            return &k->past[low];
    }
    return NULL;
}

/* An item that became no record goes by its file's name, whatever id its rows
 * would have given it. */
static const struct past *find_refused(const struct known *k, const char *name)
{
    const struct past *past = name ? find_past(k, name) : NULL;

    return past && !past->output_sha256[0] ? past : NULL;
}

static const struct past *find_item(const struct known *k,
                                    const struct preview_item *item)
{
    const struct past *past = find_line(k, item->sha256);

    if (!past && item->id)
        past = find_past(k, item->id);
    if (!past && item->id && !item->unique)
        past = find_namesake(k, item->id);
    return past ? past : find_refused(k, item->name);
}

/* --- counting ------------------------------------------------------------ */

/* Count a record by its reason to be worked on, and hand on what will become
 * of it. past: what became of it last time, or NULL. */
static void pass_on(const struct known *k, const char *id,
                    const struct past *past, bool changed,
                    struct preview_stage *out, struct flow *next)
{
    struct flowing *to = &next->record[next->n];

    out->in++;
    *to = (struct flowing){past ? past->id : id, NULL};
    if (!past) {
        out->fresh++;
    } else if (!k->options_same) {
        out->option++;
    } else if (changed) {
        out->input++;
    } else if (past->failed) {
        out->retry++;
    } else {
        out->done++;
        if (!past->output_sha256[0])
            return; /* rejected: it goes no further */
        to->sha256 = past->output_sha256;
    }
    next->n++;
}

static bool is_changed(const struct past *past, const char *sha256)
{
    return past && strcmp(past->input_sha256, sha256) != 0;
}

static void count_items(const struct known *k, const struct preview_item *items,
                        size_t n, struct preview_stage *out, struct flow *next)
{
    for (size_t i = 0; i < n; i++) {
        const struct preview_item *item = &items[i];
        const struct past *past = find_item(k, item);
        bool changed = is_changed(past, item->sha256);
        size_t before = next->n;

        pass_on(k, item->unique ? item->id : NULL, past, changed, out, next);
        if (item->refused)
            next->n = before;
        else
            out->at_most |= !item->unique && (!past || changed);
    }
}

/* By its line, as a record without an id is known by its place only. */
static const struct past *find_record(const struct known *k,
                                      const struct flowing *record)
{
    const struct past *past = find_line(k, record->sha256);

    return past || !record->id ? past : find_past(k, record->id);
}

static void count_records(const struct known *k, const struct flow *flow,
                          struct preview_stage *out, struct flow *next)
{
    for (size_t i = 0; i < flow->n; i++) {
        const struct flowing *r = &flow->record[i];
        const struct past *past = find_record(k, r);

        pass_on(k, r->id, past, !r->sha256 || is_changed(past, r->sha256), out,
                next);
        out->at_most |= r->sha256 == NULL;
    }
}

/* --- model calls --------------------------------------------------------- */

/* How many questions a record is asked; false when only its texts can tell.
 * Stages with prompt sets ask what these hold, the others about claims. */
static bool questions(const struct preview *v, const struct pipeline_stage *s,
                      uint64_t *n)
{
    const char *set = json_text(pipeline_value(v->p, s, "prompts"));
    size_t chosen = json_count(pipeline_value(v->p, s, "attributes"));

    *n = 0;
    if (!set)
        return false;
    *n = strcmp(set, "single-attribute") != 0 ? 1
         : chosen                             ? chosen
                                              : ATTRIBUTES;
    return true;
}

static void count_calls(const struct preview *v, const struct pipeline_stage *s,
                        struct preview_stage *out)
{
    uint64_t each;

    out->has_model = s->model != NULL;
    if (!out->has_model)
        return;
    out->open_ended = !questions(v, s, &each);
    out->asked = out->fresh + out->input + out->option + out->retry;
    out->calls = each * out->asked;
}

/* --- the whole ----------------------------------------------------------- */

static enum asid_rc count_all(const struct preview *v,
                              const struct preview_item *items, size_t n_items,
                              struct preview_stage *out, struct asid_err *err)
{
    struct flow flow = {NULL, 0};

    for (size_t i = 0; i < v->plan->n_stages; i++) {
        const struct plan_stage *s = &v->plan->stages[i];
        size_t n = i == 0 ? n_items : flow.n;
        struct flow next = {arena_array(v->a, n, sizeof *next.record), 0};
        struct known known;

        memset(&out[i], 0, sizeof out[i]);
        TRY(look_up(v, s, &known, err));
        if (i == 0)
            count_items(&known, items, n_items, &out[i], &next);
        else
            count_records(&known, &flow, &out[i], &next);
        out[i].at_most |= i > 0 && out[i - 1].at_most;
        flow = next;
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

static const char *calls_of(struct arena *a, const struct preview_stage *s)
{
    if (!s->has_model)
        return "-";
    return s->open_ended && s->asked ? "not known" : figure(a, s->calls);
}

/* The stages whose calls are not known, with the records they ask about: no sum
 * over them would mean anything. */
static size_t write_unknown(const struct plan *plan,
                            const struct preview_stage *stages, const char *sep,
                            struct buf *out)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_stages; i++) {
        const struct preview_stage *s = &stages[i];

        if (!s->open_ended || !s->asked)
            continue;
        buf_printf(out, "%s%s (records: %s%llu)", n++ ? ", " : sep,
                   plan->stages[i].stage->name, s->at_most ? "at most " : "",
                   (unsigned long long)s->asked);
    }
    return n;
}

/* Always a bound: what the ledger has a reply to is not asked again, and that
 * is known by the question, which is not made here. */
static void write_calls(const struct plan *plan,
                        const struct preview_stage *stages, struct buf *out)
{
    uint64_t calls = 0;
    size_t unknown;

    for (size_t i = 0; i < plan->n_stages; i++)
        calls += stages[i].calls;
    buf_text(out, "\nmodel calls: ");
    if (calls)
        buf_printf(out, "at most %llu", (unsigned long long)calls);
    unknown = write_unknown(plan, stages,
                            calls ? ", not known for " : "not known for ", out);
    if (unknown)
        buf_text(out, ": what these ask depends on the records");
    else if (!calls)
        buf_text(out, "0");
    buf_char(out, '\n');
}

void preview_write(struct arena *a, const struct plan *plan,
                   const struct preview_stage *stages, struct buf *out)
{
    static const char *const head[] = {
        "stage",         "records",        "new",
        "changed input", "changed option", "retry",
        "nothing to do", "model calls",    ""};
    struct table t;

    table_init(&t, a, 9, 0xfe);
    table_add(&t, head);
    for (size_t i = 0; i < plan->n_stages; i++) {
        const struct preview_stage *s = &stages[i];
        const char *cells[] = {plan->stages[i].stage->name, figure(a, s->in),
                               figure(a, s->fresh),         figure(a, s->input),
                               figure(a, s->option),        figure(a, s->retry),
                               figure(a, s->done),          calls_of(a, s),
                               s->at_most ? "at most" : ""};

        table_add(&t, cells);
        buf_printf(out, "%zu. %s\n   %s\n", i + 1, plan->stages[i].stage->name,
                   plan_command(a, &plan->stages[i]));
    }
    buf_char(out, '\n');
    table_write(&t, out);
    write_calls(plan, stages, out);
}
