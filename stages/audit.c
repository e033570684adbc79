/*
 * asid-audit: answers from the ledger alone.
 *
 * An output file may have been made anew many times; only the execution that
 * made what lies there now counts. That is the one its checkpoint names.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/base/num.h"
#include "asid/data/schema.h"
#include "asid/kit/stage.h"
#include "asid/ledger/ledger.h"
#include "asid/pipeline/table.h"

enum { OUT_BYTES = 1 << 30, COLUMNS = 32 };

struct audit {
    struct asid_cx *cx;
    struct ledger *ledger;
    const char *subject; /* the record of `why` */
    const char *stage, *code;
    const char *folder; /* of the ledger, with a slash */
    bool json;
    struct arena rows; /* of the row at hand, or of the whole table */
    struct table table;
    struct buf out;
    uint64_t n, bad; /* rows seen, rows that do not balance */
};

/* Stages in the order of the run that made them. Files of asid-run say it in
 * their names; others go by when their execution began. */
#define IN_ORDER                                                               \
 " ORDER BY CASE WHEN c.output GLOB '*/stages/[0-9][0-9]-*'"                   \
 " OR c.output GLOB 'stages/[0-9][0-9]-*' THEN c.output END NULLS LAST,"       \
 " (SELECT started_at FROM runs WHERE run_id = c.execution), c.stage"
#define NOW                                                                    \
 " FROM checkpoints c JOIN outcomes o"                                         \
 " ON o.execution = c.execution AND o.stage = c.stage"

/* --- rows ---------------------------------------------------------------- */

static const char *value(int columns, const char *const *names,
                         const char *const *values, const char *name)
{
    for (int i = 0; i < columns; i++) {
        if (strcmp(names[i], name) == 0)
            return values[i];
    }
    return NULL;
}

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(name, *list) == 0)
            return true;
    }
    return false;
}

static struct json *json_value(struct arena *a, const char *name,
                               const char *text)
{
    static const char *const flags[] = {"complete", "balanced", NULL};
    static const char *const numbers[] = {
        "attempts", "seconds",  "tokens_in", "tokens_out", "seq",     "in",
        "accepted", "rejected", "failed",    "peak_bytes", "process", NULL};
    struct json *parsed;
    struct asid_err ignored;
    double real;
    int64_t whole;

    if (!text)
        return json_new_null(a);
    if (is_one_of(name, flags))
        return json_new_bool(a, strcmp(text, "0") != 0);
    if (is_one_of(name, numbers) && num_i64(str_of(text), &whole))
        return json_new_i64(a, whole);
    if (is_one_of(name, numbers) && num_f64(str_of(text), &real))
        return json_new_f64(a, real);
    if (strcmp(name, "argv") == 0 &&
        json_parse(a, str_of(arena_strdup(a, text)), 0, &parsed, &ignored) ==
            ASID_OK)
        return parsed;
    return json_new_text(a, text);
}

static enum asid_rc print_object(void *user, int columns,
                                 const char *const *names,
                                 const char *const *values,
                                 struct asid_err *err)
{
    struct audit *q = user;
    struct json *object;
    enum asid_rc rc;

    arena_reset(&q->rows);
    object = json_new_object(&q->rows);
    for (int i = 0; i < columns; i++)
        json_set(&q->rows, object, names[i],
                 json_value(&q->rows, names[i], values[i]));
    rc = asid_print(q->cx, object, err);
    q->n++;
    return rc;
}

/* An output as people know it: by its place below the ledger's folder. */
static const char *place(const struct audit *q, const char *output)
{
    size_t n = strlen(q->folder);

    return output && n && strncmp(output, q->folder, n) == 0 ? output + n
                                                             : output;
}

static enum asid_rc add_row(void *user, int columns, const char *const *names,
                            const char *const *values, struct asid_err *err)
{
    struct audit *q = user;
    const char *shown[COLUMNS];

    (void)err;
    BUG_IF(columns > COLUMNS);
    for (int i = 0; i < columns; i++)
        shown[i] =
            strcmp(names[i], "output") == 0 ? place(q, values[i]) : values[i];
    if (q->n == 0) {
        table_init(&q->table, &q->rows, (size_t)columns, q->table.right);
        table_add(&q->table, names);
    }
    table_add(&q->table, shown);
    q->n++;
    return ASID_OK;
}

static enum asid_rc print_out(struct audit *q, struct asid_err *err)
{
    enum asid_rc rc;

    if (buf_failed(&q->out))
        return FAIL(err, "the answer has more than %d bytes", (int)OUT_BYTES);
    rc = asid_print_text(q->cx, buf_view(&q->out), err);
    buf_reset(&q->out);
    return rc;
}

/* Ask, and print a table or objects. right: columns aligned to the right. */
static enum asid_rc answer(struct audit *q, const char *sql,
                           const char *const *binds, size_t n_binds,
                           unsigned right, ledger_row row, struct asid_err *err)
{
    q->table.right = right;
    TRY(ledger_query(q->ledger, sql, binds, n_binds, row, q, err));
    if (q->json || q->n == 0)
        return ASID_OK;
    table_write(&q->table, &q->out);
    return print_out(q, err);
}

/* --- why ID -------------------------------------------------------------- */

#define WHY_COLUMNS                                                            \
 "SELECT o.record_id AS id, o.stage, o.status, o.code, o.message,"             \
 " o.attempts, o.seconds, o.tokens_in, o.tokens_out, o.input_sha256,"          \
 " o.options_sha256, o.output_sha256, c.output, o.run_id, r.program,"          \
 " r.version, r.started_at, r.argv"
static const char why_sql[] = WHY_COLUMNS NOW
    " LEFT JOIN runs r ON r.run_id = o.run_id"
    " WHERE o.record_id = ?1 AND (?2 = '' OR o.stage = ?2)" IN_ORDER ", o.seq";

static void why_line(struct audit *q, const char *label, const char *text)
{
    if (text && text[0])
        buf_printf(&q->out, "   %-9s%s\n", label, table_safe(&q->rows, text));
}

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static const char *seconds_of(struct arena *a, const char *text)
{
    double seconds;

    if (!text || !num_f64(str_of(text), &seconds))
        return "-";
    return arena_printf(a, "%.3f", seconds);
}

static enum asid_rc why_step(void *user, int columns, const char *const *names,
                             const char *const *values, struct asid_err *err)
{
#define V(name) value(columns, names, values, name)
    struct audit *q = user;
    struct arena *a = &q->rows;
    const char *tokens = V("tokens_in");

    (void)err;
    arena_reset(a);
    q->n++;
    buf_printf(&q->out, "%llu. %s: %s, %s\n", (unsigned long long)q->n,
               table_safe(a, or_dash(V("stage"))),
               table_safe(a, or_dash(V("status"))),
               table_safe(a, or_dash(place(q, V("output")))));
    why_line(q, "code", V("code"));
    why_line(q, "message", V("message"));
    why_line(q, "run",
             arena_printf(a, "%s, %s %s, started %s", or_dash(V("run_id")),
                          or_dash(V("program")), or_dash(V("version")),
                          or_dash(V("started_at"))));
    why_line(q, "took",
             arena_printf(a, "%s s, attempt %s", seconds_of(a, V("seconds")),
                          or_dash(V("attempts"))));
    if (tokens && strcmp(tokens, "0") != 0)
        why_line(
            q, "tokens",
            arena_printf(a, "%s in, %s out", tokens, or_dash(V("tokens_out"))));
    why_line(q, "argv", V("argv"));
    why_line(q, "input", V("input_sha256"));
    why_line(q, "options", V("options_sha256"));
    why_line(q, "output", V("output_sha256"));
    return ASID_OK;
#undef V
}

/* The reason first: the last step that did not accept. */
static enum asid_rc why_reason(void *user, int columns,
                               const char *const *names,
                               const char *const *values, struct asid_err *err)
{
    struct audit *q = user;
    struct arena *a = &q->rows;
    const char *status = value(columns, names, values, "status");
    const char *stage = value(columns, names, values, "stage");

    (void)err;
    q->n++;
    buf_reset(&q->out);
    if (!status || !stage || strcmp(status, "accepted") == 0) {
        buf_printf(&q->out, "%s: accepted by every stage that saw it\n",
                   table_safe(a, q->subject));
        return ASID_OK;
    }
    buf_printf(
        &q->out, "%s: %s by %s: %s: %s\n", table_safe(a, q->subject),
        strcmp(status, "failed") == 0 ? "failed (to be tried again)" : status,
        table_safe(a, stage),
        table_safe(a, or_dash(value(columns, names, values, "code"))),
        table_safe(a, or_dash(value(columns, names, values, "message"))));
    return ASID_OK;
}

static enum asid_rc ask_why(struct audit *q, struct asid_err *err)
{
    const char *binds[] = {q->subject, q->stage};

    if (q->json) {
        TRY(ledger_query(q->ledger, why_sql, binds, 2, print_object, q, err));
    } else {
        TRY(ledger_query(q->ledger, why_sql, binds, 2, why_reason, q, err));
        q->n = 0;
        TRY(ledger_query(q->ledger, why_sql, binds, 2, why_step, q, err));
    }
    if (q->n == 0)
        return FAIL(err, "%s: no record '%s'%s%s", ledger_path(q->ledger),
                    q->subject, q->stage[0] ? " in stage " : "", q->stage);
    return print_out(q, err);
}

/* --- rejects ------------------------------------------------------------- */

#define REJECTED                                                               \
 NOW " WHERE o.status <> 'accepted' AND (?1 = '' OR o.stage = ?1)"             \
     " AND (?2 = '' OR o.code = ?2)"
static const char rejects_table_sql[] =
    "SELECT o.stage, c.output, o.code, count(*) AS count" REJECTED
    " GROUP BY c.output, o.stage, o.code" IN_ORDER ", o.code";
static const char rejects_json_sql[] =
    "SELECT o.record_id AS id, o.stage, o.status, o.code, o.message,"
    " o.attempts, o.seq, o.input_sha256, c.output" REJECTED IN_ORDER ", o.seq";

static enum asid_rc add_reject(void *user, int columns,
                               const char *const *names,
                               const char *const *values, struct asid_err *err)
{
    static const char *const head[] = {"stage", "output", "code", "count",
                                       "meaning"};
    struct audit *q = user;
    const char *cells[] = {value(columns, names, values, "stage"),
                           place(q, value(columns, names, values, "output")),
                           value(columns, names, values, "code"),
                           value(columns, names, values, "count"), ""};
    struct str kind, meaning;

    (void)err;
    if (cells[2] && schema_code(cells[2], &kind, &meaning))
        cells[4] = arena_strndup(&q->rows, meaning.p, meaning.n);
    if (q->n++ == 0) {
        table_init(&q->table, &q->rows, 5, 1u << 3);
        table_add(&q->table, head);
    }
    table_add(&q->table, cells);
    return ASID_OK;
}

static enum asid_rc ask_rejects(struct audit *q, struct asid_err *err)
{
    const char *binds[] = {q->stage, q->code};

    if (q->json)
        return answer(q, rejects_json_sql, binds, 2, 0, print_object, err);
    TRY(ledger_query(q->ledger, rejects_table_sql, binds, 2, add_reject, q,
                     err));
    if (q->n == 0)
        return ASID_OK;
    table_write(&q->table, &q->out);
    return print_out(q, err);
}

/* --- balance ------------------------------------------------------------- */

/* Two witnesses: what the checkpoint counted and the outcomes that are there. */
#define BALANCE                                                                \
 "SELECT *, n = \"in\" AND n = accepted + rejected + failed"                   \
 " AND accepted = said_accepted AND rejected = said_rejected"                  \
 " AND failed = said_failed AS balanced FROM ("                                \
 "SELECT c.stage, c.output, c.seq AS \"in\","                                  \
 " coalesce(sum(o.status = 'accepted'), 0) AS accepted,"                       \
 " coalesce(sum(o.status = 'rejected'), 0) AS rejected,"                       \
 " coalesce(sum(o.status = 'failed'), 0) AS failed,"                           \
 " count(o.execution) AS n, c.accepted AS said_accepted,"                      \
 " c.rejected AS said_rejected, c.failed AS said_failed,"                      \
 " c.state = 'complete' AS complete,"                                          \
 " row_number() OVER (" IN_ORDER ") AS place"                                  \
 " FROM checkpoints c LEFT JOIN outcomes o"                                    \
 " ON o.execution = c.execution AND o.stage = c.stage"                         \
 " WHERE ?1 = '' OR c.stage = ?1 GROUP BY c.stage, c.output)"
static const char balance_json_sql[] =
    "SELECT stage, output, \"in\", accepted, rejected, failed, complete,"
    " balanced FROM (" BALANCE ") ORDER BY place";
static const char balance_table_sql[] =
    "SELECT stage, \"in\", accepted, rejected, failed,"
    " CASE WHEN NOT balanced THEN 'NOT BALANCED'"
    " WHEN complete THEN 'ok' ELSE 'ok so far' END AS balance, output"
    " FROM (" BALANCE ") ORDER BY place";
static const char balance_bad_sql[] =
    "SELECT stage FROM (" BALANCE ") WHERE NOT balanced";

static enum asid_rc count_row(void *user, int columns, const char *const *names,
                              const char *const *values, struct asid_err *err)
{
    struct audit *q = user;

    (void)columns;
    (void)names;
    (void)values;
    (void)err;
    q->bad++;
    return ASID_OK;
}

static enum asid_rc ask_balance(struct audit *q, struct asid_err *err)
{
    const char *binds[] = {q->stage};

    TRY(answer(q, q->json ? balance_json_sql : balance_table_sql, binds, 1,
               0x1e, q->json ? print_object : add_row, err));
    TRY(ledger_query(q->ledger, balance_bad_sql, binds, 1, count_row, q, err));
    if (q->bad)
        return FAIL(err, "%s: %llu of %llu stages do not balance",
                    ledger_path(q->ledger), (unsigned long long)q->bad,
                    (unsigned long long)q->n);
    return ASID_OK;
}

/* --- runs ---------------------------------------------------------------- */

#define RUN_SECONDS                                                            \
 "round((julianday(r.finished_at) - julianday(r.started_at)) * 86400, 3)"
static const char runs_json_sql[] =
    "SELECT r.run_id, r.parent AS parent_run, r.program, r.version,"
    " r.started_at, r.finished_at, " RUN_SECONDS " AS seconds, r.status,"
    " r.message, r.peak_bytes, r.pipeline_sha256, r.libraries, r.argv,"
    " r.host, r.process FROM runs r WHERE ?1 = '' OR r.program = 'asid-' || ?1"
    " ORDER BY r.started_at, r.run_id";
static const char runs_table_sql[] =
    "SELECT r.started_at AS started, r.program,"
    " CASE WHEN r.finished_at IS NOT NULL THEN printf('%.1f', " RUN_SECONDS
    ") END AS seconds, r.status,"
    " CASE WHEN r.peak_bytes IS NOT NULL"
    " THEN printf('%.1f', r.peak_bytes / 1048576.0) END AS 'peak MiB',"
    " r.run_id, r.host, r.process FROM runs r"
    " WHERE ?1 = '' OR r.program = 'asid-' || ?1"
    " ORDER BY r.started_at, r.run_id";

static bool is_gone(const char *host, const char *process)
{
    char here[100] = "";
    int64_t pid;

    gethostname(here, sizeof here - 1);
    return host && process && strcmp(host, here) == 0 &&
           num_i64(str_of(process), &pid) && pid > 0 && pid <= INT32_MAX &&
           kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

/* A run that was killed could not say so; its process is asked for. */
static enum asid_rc run_row(void *user, int columns, const char *const *names,
                            const char *const *values, struct asid_err *err)
{
    struct audit *q = user;
    const char *shown[COLUMNS];
    int n = q->json ? columns : columns - 2; /* without host and process */

    BUG_IF(columns > COLUMNS || columns < 2);
    for (int i = 0; i < columns; i++) {
        shown[i] = values[i];
        if (strcmp(names[i], "status") == 0 && values[i] &&
            strcmp(values[i], "running") == 0 &&
            is_gone(values[columns - 2], values[columns - 1]))
            shown[i] = "killed";
    }
    return q->json ? print_object(q, n, names, shown, err)
                   : add_row(q, n, names, shown, err);
}

static enum asid_rc ask_runs(struct audit *q, struct asid_err *err)
{
    const char *binds[] = {q->stage};

    return answer(q, q->json ? runs_json_sql : runs_table_sql, binds, 1,
                  1u << 2 | 1u << 4, run_row, err);
}

/* --- the program --------------------------------------------------------- */

static const struct question {
    const char *name;
    size_t arguments;
    enum asid_rc (*ask)(struct audit *q, struct asid_err *err);
} questions[] = {
    {"why", 1, ask_why},
    {"rejects", 0, ask_rejects},
    {"balance", 0, ask_balance},
    {"runs", 0, ask_runs},
};
enum { QUESTIONS = sizeof questions / sizeof *questions };

static enum asid_rc find_question(const struct asid_cx *cx,
                                  const struct question **out,
                                  struct asid_err *err)
{
    const char *name = opt_nth(cx, "question", 0);
    const struct question *best = questions;

    if (opt_count(cx, "question") == 0)
        return USAGE(err, "no question: ask why ID, rejects, balance or runs");
    for (size_t i = 0; i < QUESTIONS; i++) {
        if (str_distance(name, questions[i].name) <
            str_distance(name, best->name))
            best = &questions[i];
    }
    if (strcmp(name, best->name) != 0)
        return USAGE(err, "unknown question '%s'; did you mean '%s'?", name,
                     best->name);
    if (opt_count(cx, "question") != best->arguments + 1)
        return USAGE(err, "%s takes %s", name,
                     best->arguments ? "one argument, the id of a record"
                                     : "no argument");
    *out = best;
    return ASID_OK;
}

/* The ledger knows outputs by their absolute paths. */
static const char *folder_of(struct arena *a, const char *path)
{
    char *real = realpath(path, NULL);
    const char *folder = "";

    if (real)
        folder = arena_strndup(a, real, (size_t)(path_base(real) - real));
    free(real);
    return folder;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static enum asid_rc audit(struct asid_cx *cx, struct asid_err *err)
{
    struct audit q = {.cx = cx, .rows = ARENA_INIT};
    const struct question *question = questions;
    enum asid_rc rc;

    TRY(find_question(cx, &question, err));
    q.stage = or_empty(opt_text(cx, "stage"));
    q.code = or_empty(opt_text(cx, "code"));
    q.json = opt_bool(cx, "json");
    if (question->arguments)
        q.subject = opt_nth(cx, "question", 1);
    TRY(ledger_open_readonly(opt_text(cx, "ledger"), &q.ledger, err));
    q.folder = folder_of(cx->arena, opt_text(cx, "ledger"));
    buf_init(&q.out, OUT_BYTES);
    rc = question->ask(&q, err);
    buf_release(&q.out);
    arena_release(&q.rows);
    ledger_close(q.ledger);
    return rc;
}

const struct asid_stage asid_stage = {.name = "audit", .run = audit};
