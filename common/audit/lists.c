/* Rejects, balance and runs: what the ledger lists. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/num.h"
#include "asid/data/schema.h"
#include "audit_int.h"

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
    const char *cells[] = {
        audit_value(columns, names, values, "stage"),
        audit_place(q, audit_value(columns, names, values, "output")),
        audit_value(columns, names, values, "code"),
        audit_value(columns, names, values, "count"), ""};
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

enum asid_rc audit_rejects(struct audit *q, struct asid_err *err)
{
    const char *binds[] = {q->stage, q->code};

    TRY(audit_answer(q, q->json ? rejects_json_sql : rejects_table_sql, binds,
                     2, 0, q->json ? audit_object : add_reject, err));
    if (q->n == 0)
        audit_none(q, "rejects");
    return ASID_OK;
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

enum asid_rc audit_balance(struct audit *q, struct asid_err *err)
{
    const char *binds[] = {q->stage};

    TRY(audit_answer(q, q->json ? balance_json_sql : balance_table_sql, binds,
                     1, 0x1e, q->json ? audit_object : audit_row, err));
    TRY(ledger_query(q->ledger, balance_bad_sql, binds, 1, count_row, q, err));
    if (q->n == 0)
        audit_none(q, "work");
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
    const char *shown[AUDIT_COLUMNS];
    int n = q->json ? columns : columns - 2; /* without host and process */

    BUG_IF(columns > AUDIT_COLUMNS || columns < 2);
    for (int i = 0; i < columns; i++) {
        shown[i] = values[i];
        if (strcmp(names[i], "status") == 0 && values[i] &&
            strcmp(values[i], "running") == 0 &&
            is_gone(values[columns - 2], values[columns - 1]))
            shown[i] = "killed";
    }
    return q->json ? audit_object(q, n, names, shown, err)
                   : audit_row(q, n, names, shown, err);
}

enum asid_rc audit_runs(struct audit *q, struct asid_err *err)
{
    const char *binds[] = {q->stage};

    TRY(audit_answer(q, q->json ? runs_json_sql : runs_table_sql, binds, 1,
                     1u << 2 | 1u << 4, run_row, err));
    if (q->n == 0)
        audit_none(q, "runs");
    return ASID_OK;
}
