/*
 * diff RUN RUN: which records changed between two runs, and by what.
 *
 * A run stands for the state of the ledger when it ended: for every stage and
 * output, the execution that was the newest then. Two runs that worked
 * themselves (a stage called by hand) are compared with each other directly.
 *
 * Each outcome says what went into it: the hash of its input line and the hash
 * of everything else that decides (options, prompt sets, model, version). So a
 * change has one of these causes: its input changed, and then an earlier stage
 * knows why; or a setting did, and the ledger keeps the settings behind a hash;
 * or a file did that lies beside the record, which the outcome names.
 */
#include <string.h>

#include "asid/base/map.h"
#include "audit_int.h"

/* The newest execution of every stage and output at the end of a run. */
#define LAST(run)                                                              \
 "(SELECT max(run_id) FROM runs WHERE run_id = " run " OR parent = " run ")"
#define OUT_FILE(argv)                                                         \
 "coalesce((SELECT substr(value, 12) FROM json_each(" argv ")"                 \
 " WHERE value GLOB '--out-file=*'), (SELECT b.value FROM json_each(" argv     \
 ") a, json_each(" argv ") b WHERE a.value IN ('-o', '--out-file')"            \
 " AND b.key = a.key + 1), '-')"
#define STATE(run)                                                                             \
 "SELECT stage, output, max(execution) AS execution FROM ("                                    \
 "SELECT r.run_id AS execution, substr(r.program, 6) AS stage,"                                \
 " CASE WHEN json_valid(r.argv) THEN " OUT_FILE(                                               \
     "r.argv") " ELSE '-' END"                                                                 \
               " AS output FROM runs r WHERE r.run_id <= " LAST(                               \
                   run) " AND EXISTS (SELECT 1 FROM outcomes o WHERE o.execution = r.run_id))" \
                        " GROUP BY stage, output"

static const char pairs_sql[] = "WITH was AS (" STATE("?1") "), now AS (" STATE(
    "?2") ")"
          " SELECT coalesce(was.stage, now.stage) AS stage,"
          " coalesce(was.output, now.output) AS output, was.execution AS was,"
          " now.execution AS now"
          " FROM was FULL JOIN now USING (stage, output)"
          " WHERE was.execution IS NOT now.execution"
          " ORDER BY coalesce(now.execution, was.execution)";
static const char own_sql[] =
    "SELECT substr(a.program, 6) AS stage, '-' AS output, a.run_id AS was,"
    " b.run_id AS now FROM runs a JOIN runs b ON b.program = a.program"
    " WHERE a.run_id = ?1 AND b.run_id = ?2"
    " AND EXISTS (SELECT 1 FROM outcomes WHERE execution = a.run_id)"
    " AND EXISTS (SELECT 1 FROM outcomes WHERE execution = b.run_id)";
static const char known_sql[] = "SELECT run_id FROM runs WHERE run_id = ?1";

#define OUTCOMES(which)                                                        \
 "(SELECT seq, record_id, status, code, input_sha256, options_sha256,"         \
 " output_sha256, beside FROM outcomes WHERE execution = " which ")"
static const char changes_sql[] =
    "SELECT coalesce(b.record_id, a.record_id) AS id,"
    " a.status AS was, b.status AS now, a.code AS was_code, b.code AS now_code,"
    " CASE WHEN a.record_id IS NULL THEN 'new'"
    " WHEN b.record_id IS NULL THEN 'gone'"
    " WHEN a.input_sha256 IS NOT b.input_sha256 THEN 'input'"
    " WHEN a.options_sha256 IS NOT b.options_sha256 THEN 'settings'"
    " WHEN a.beside IS NOT b.beside THEN 'beside'"
    " ELSE 'unexplained' END AS cause,"
    " sa.settings AS was_settings, sb.settings AS now_settings,"
    " a.beside AS was_beside, b.beside AS now_beside"
    " FROM " OUTCOMES("?1") " a FULL JOIN " OUTCOMES(
        "?2") " b"
              " ON a.record_id = b.record_id"
              " LEFT JOIN settings sa ON sa.options_sha256 = a.options_sha256"
              " LEFT JOIN settings sb ON sb.options_sha256 = b.options_sha256"
              " WHERE a.status IS NOT b.status OR a.code IS NOT b.code"
              " OR a.output_sha256 IS NOT b.output_sha256"
              " ORDER BY coalesce(b.seq, a.seq), a.seq";

/* --- which executions ----------------------------------------------------- */

struct pair {
    const char *stage, *output, *was, *now;
    struct pair *next;
};

struct diff {
    struct audit *q;
    struct arena arena; /* pairs, first causes */
    struct pair *pairs, **last;
    const struct pair *pair;
    struct map origins; /* id: the stage that changed first, and why */
    uint64_t changed;
    bool known;
};

static const char *copy(struct arena *a, const char *text)
{
    return text ? arena_strdup(a, text) : NULL;
}

static enum asid_rc take_pair(void *user, int columns, const char *const *names,
                              const char *const *values, struct asid_err *err)
{
    struct diff *d = user;
    struct pair *p = arena_alloc(&d->arena, sizeof *p);

    (void)err;
    p->stage = copy(&d->arena, audit_value(columns, names, values, "stage"));
    p->output = copy(&d->arena, audit_value(columns, names, values, "output"));
    p->was = copy(&d->arena, audit_value(columns, names, values, "was"));
    p->now = copy(&d->arena, audit_value(columns, names, values, "now"));
    *d->last = p;
    d->last = &p->next;
    return ASID_OK;
}

static enum asid_rc is_known(void *user, int columns, const char *const *names,
                             const char *const *values, struct asid_err *err)
{
    struct diff *d = user;

    (void)columns;
    (void)names;
    (void)values;
    (void)err;
    d->known = true;
    return ASID_OK;
}

static enum asid_rc find_pairs(struct diff *d, struct asid_err *err)
{
    struct audit *q = d->q;

    for (size_t i = 0; i < 2; i++) {
        d->known = false;
        TRY(ledger_query(q->ledger, known_sql, &q->argument[i], 1, is_known, d,
                         err));
        if (!d->known)
            return FAIL(err, "%s: no run '%s'; asid-audit runs lists them",
                        ledger_path(q->ledger), q->argument[i]);
    }
    TRY(ledger_query(q->ledger, own_sql, q->argument, 2, take_pair, d, err));
    if (d->pairs)
        return ASID_OK;
    return ledger_query(q->ledger, pairs_sql, q->argument, 2, take_pair, d,
                        err);
}

/* --- settings --------------------------------------------------------------*/

static struct json *parse(struct arena *a, const char *text)
{
    struct asid_err ignored;
    struct json *v = NULL;

    if (!text || json_parse(a, str_of(arena_strdup(a, text)), 0, &v,
                            &ignored) != ASID_OK)
        return NULL;
    return v;
}

static const char *spell(struct arena *a, const struct json *v)
{
    const char *text;
    struct buf b;

    if (!v)
        return "nothing";
    buf_init(&b, 1 << 16);
    json_write(&b, v);
    text = buf_failed(&b) ? "..." : arena_strndup(a, b.p, b.n > 60 ? 60 : b.n);
    buf_release(&b);
    return text;
}

static bool same(struct arena *a, const struct json *x, const struct json *y)
{
    return (x == NULL) == (y == NULL) &&
           (!x || strcmp(spell(a, x), spell(a, y)) == 0);
}

static void add_part(struct buf *out, const char *name, const char *was,
                     const char *now)
{
    buf_printf(out, "%s%s %s -> %s", out->n ? "; " : "", name, was, now);
}

/* An identity is words: "caption/1 model FINGERPRINT arithmetic 2". A word that
 * changed is told with the word in front of it. */
static void compare_identity(struct arena *a, const char *was, const char *now,
                             struct buf *out)
{
    char *w = arena_strdup(a, was), *n = arena_strdup(a, now);
    char *sw = NULL, *sn = NULL;
    const char *name = "identity";
    char *x = strtok_r(w, " ", &sw), *y = strtok_r(n, " ", &sn);

    while (x || y) {
        if (!x || !y || strcmp(x, y) != 0)
            add_part(out, name, x ? x : "nothing", y ? y : "nothing");
        else
            name = x;
        x = x ? strtok_r(NULL, " ", &sw) : NULL;
        y = y ? strtok_r(NULL, " ", &sn) : NULL;
    }
}

static void compare_options(struct arena *a, const struct json *was,
                            const struct json *now, struct buf *out)
{
    json_each(v, was) {
        const char *key = arena_strndup(a, json_key(v).p, json_key(v).n);
        const struct json *other = json_get(now, key);

        if (!same(a, v, other))
            add_part(out, arena_printf(a, "--%s", key), spell(a, v),
                     spell(a, other));
    }
    json_each(v, now) {
        const char *key = arena_strndup(a, json_key(v).p, json_key(v).n);

        if (!json_get(was, key))
            add_part(out, arena_printf(a, "--%s", key), "nothing", spell(a, v));
    }
}

/* "--max-frames 8 -> 16; model 1a2b -> 3c4d" */
static const char *compare_settings(struct arena *a, const char *was,
                                    const char *now)
{
    const struct json *w = parse(a, was), *n = parse(a, now);
    const char *iw = json_text(json_get(w, "identity"));
    const char *in = json_text(json_get(n, "identity"));
    const char *text;
    struct buf out;

    if (!w || !n)
        return "settings that the ledger does not hold";
    buf_init(&out, 1 << 16);
    if (!same(a, json_get(w, "version"), json_get(n, "version")))
        add_part(&out, "version", spell(a, json_get(w, "version")),
                 spell(a, json_get(n, "version")));
    compare_options(a, json_get(w, "options"), json_get(n, "options"), &out);
    compare_identity(a, iw ? iw : "", in ? in : "", &out);
    text = buf_failed(&out) ? "many settings"
                            : arena_strndup(a, out.p ? out.p : "", out.n);
    buf_release(&out);
    return text;
}

/* --- changes ---------------------------------------------------------------*/

struct change {
    const char *id, *was, *now, *cause, *detail;
};

static const char *outcome(struct arena *a, const char *status,
                           const char *code)
{
    if (!status)
        return "not there";
    return code ? arena_printf(a, "%s %s", status, code) : status;
}

/* A changed input is the work of an earlier stage, which was seen before. */
static void find_origin(struct diff *d, struct change *c)
{
    const char *origin = map_find(&d->origins, c->id);

    if (strcmp(c->cause, "input") == 0 && origin)
        c->detail = origin;
    if (!origin)
        map_put(&d->origins, &d->arena, c->id,
                arena_printf(&d->q->rows, "%s: %s%s%s", d->pair->stage,
                             c->cause, *c->detail ? ": " : "", c->detail));
}

static enum asid_rc print_change(struct diff *d, const struct change *c,
                                 struct asid_err *err)
{
    struct audit *q = d->q;
    struct arena *a = &q->rows;
    const char *cells[] = {d->pair->stage, c->id,    c->was,
                           c->now,         c->cause, c->detail};
    static const char *const head[] = {"stage", "id",    "was",
                                       "now",   "cause", "detail"};
    struct json *object;

    if (!q->json) {
        if (d->changed == 1) {
            table_init(&q->table, a, 6, 0);
            table_add(&q->table, head);
        }
        table_add(&q->table, cells);
        return ASID_OK;
    }
    object = json_new_object(a);
    for (size_t i = 0; i < 6; i++)
        json_set_text(a, object, head[i], cells[i]);
    return asid_print(q->cx, object, err);
}

static const char *or_nothing(const char *text)
{
    return text ? text : "nothing";
}

static enum asid_rc take_change(void *user, int columns,
                                const char *const *names,
                                const char *const *values, struct asid_err *err)
{
#define V(name) audit_value(columns, names, values, name)
    struct diff *d = user;
    struct arena *a = &d->q->rows;
    struct change c = {.id = V("id"), .cause = V("cause"), .detail = ""};

    if (d->q->json)
        arena_reset(a);
    c.was = outcome(a, V("was"), V("was_code"));
    c.now = outcome(a, V("now"), V("now_code"));
    if (strcmp(c.cause, "settings") == 0)
        c.detail = compare_settings(a, V("was_settings"), V("now_settings"));
    if (strcmp(c.cause, "beside") == 0)
        c.detail = arena_printf(a, "%s -> %s", or_nothing(V("was_beside")),
                                or_nothing(V("now_beside")));
    find_origin(d, &c);
    d->changed++;
    return print_change(d, &c, err);
#undef V
}

static enum asid_rc compare(struct diff *d, struct asid_err *err)
{
    struct audit *q = d->q;

    TRY(find_pairs(d, err));
    for (d->pair = d->pairs; d->pair; d->pair = d->pair->next) {
        const char *binds[] = {d->pair->was ? d->pair->was : "",
                               d->pair->now ? d->pair->now : ""};

        if (q->stage[0] && strcmp(q->stage, d->pair->stage) != 0)
            continue;
        TRY(ledger_query(q->ledger, changes_sql, binds, 2, take_change, d,
                         err));
    }
    if (q->json)
        return ASID_OK;
    if (d->changed)
        table_write(&q->table, &q->out);
    else
        buf_text(&q->out, "no record changed\n");
    return audit_print(q, err);
}

enum asid_rc audit_diff(struct audit *q, struct asid_err *err)
{
    struct diff d = {.q = q, .arena = ARENA_INIT};
    enum asid_rc rc;

    d.last = &d.pairs;
    rc = compare(&d, err);
    map_release(&d.origins);
    arena_release(&d.arena);
    return rc;
}
