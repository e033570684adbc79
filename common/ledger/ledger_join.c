/* Joining ledgers: what shards learned on their hosts, in one file. */
#include <string.h>

#include "ledger_int.h"

/* Rows of one key are the same everywhere; those that differ are a conflict. */
static const char conflicts_sql[] =
    "SELECT o.record_id FROM other.outcomes o JOIN main.outcomes m"
    " USING (execution, seq) WHERE o.status IS NOT m.status"
    " OR o.record_id IS NOT m.record_id"
    " OR o.output_sha256 IS NOT m.output_sha256 LIMIT 1";

/* The greater run is the later state of the same execution. Its checkpoint
 * replaces what was known of it; one of another execution of the same output
 * stands beside it, under a name of its own. */
static const char *const join_sql[] = {
    "INSERT OR IGNORE INTO main.runs SELECT * FROM other.runs",
    "UPDATE main.runs AS m SET finished_at = o.finished_at, status = o.status,"
    " message = o.message, peak_bytes = o.peak_bytes FROM other.runs AS o"
    " WHERE o.run_id = m.run_id AND m.status = 'running'",
    "INSERT OR IGNORE INTO main.settings SELECT * FROM other.settings",
    "INSERT OR IGNORE INTO main.replies SELECT * FROM other.replies",
    "INSERT OR IGNORE INTO main.verdicts SELECT * FROM other.verdicts",
    "DELETE FROM main.checkpoints AS m WHERE EXISTS (SELECT 1 FROM"
    " other.checkpoints o WHERE o.execution = m.execution"
    " AND o.stage = m.stage AND o.seq >= m.seq)",
    "INSERT INTO main.checkpoints SELECT o.stage,"
    " CASE WHEN EXISTS (SELECT 1 FROM main.checkpoints m"
    " WHERE m.stage = o.stage AND m.output = o.output)"
    " THEN o.output || ' (' || ?1 || ')' ELSE o.output END,"
    " o.execution, o.state, o.options_sha256, o.input_sha256, o.input_bytes,"
    " o.line, o.seq, o.output_bytes, o.output_sha256, o.rejects,"
    " o.reject_bytes, o.reject_sha256, o.accepted, o.rejected, o.failed,"
    " o.updated_at FROM other.checkpoints o WHERE NOT EXISTS (SELECT 1 FROM"
    " main.checkpoints m WHERE m.execution = o.execution"
    " AND m.stage = o.stage)",
};

enum asid_rc ledger_settings_put(struct ledger *l, const char *options_sha256,
                                 struct str settings, struct asid_err *err)
{
    sqlite3_stmt *s;
    enum asid_rc rc;

    pthread_mutex_lock(&l->lock);
    rc = ledger_statement(l, ST_SETTINGS_PUT, &s, err);
    if (rc == ASID_OK) {
        ledger_bind_text(s, 1, options_sha256);
        sqlite3_bind_text64(s, 2, settings.p, settings.n, SQLITE_STATIC,
                            SQLITE_UTF8);
        rc = ledger_step(l, s, "cannot write", err);
    }
    pthread_mutex_unlock(&l->lock);
    return rc;
}

static enum asid_rc run_text(struct ledger *l, const char *text,
                             const char *bind, struct asid_err *err)
{
    sqlite3_stmt *s = NULL;
    enum asid_rc rc = ASID_OK;
    int got;

    if (sqlite3_prepare_v2(l->db, text, -1, &s, NULL) != SQLITE_OK)
        return ledger_fault(l, "cannot join", err);
    if (bind && sqlite3_bind_parameter_count(s))
        ledger_bind_text(s, 1, bind);
    got = sqlite3_step(s);
    if (got != SQLITE_DONE && got != SQLITE_ROW)
        rc = ledger_fault(l, "cannot join", err);
    sqlite3_finalize(s);
    return rc;
}

/* The first value that a query gives, "" when it gives none. */
static enum asid_rc ask_text(struct ledger *l, const char *text, char *out,
                             size_t room, struct asid_err *err)
{
    sqlite3_stmt *s = NULL;
    enum asid_rc rc = ASID_OK;
    int got;

    out[0] = '\0';
    if (sqlite3_prepare_v2(l->db, text, -1, &s, NULL) != SQLITE_OK)
        return ledger_fault(l, "cannot join", err);
    got = sqlite3_step(s);
    if (got == SQLITE_ROW)
        ledger_column(s, 0, out, room);
    else if (got != SQLITE_DONE)
        rc = ledger_fault(l, "cannot join", err);
    sqlite3_finalize(s);
    return rc;
}

static enum asid_rc check_other(struct ledger *l, const char *path,
                                struct asid_err *err)
{
    char mark[32], version[32], conflict[256], wanted[32];

    TRY(ask_text(l, "PRAGMA other.application_id", mark, sizeof mark, err));
    TRY(ask_text(l, "PRAGMA other.user_version", version, sizeof version, err));
    sqlite3_snprintf(sizeof wanted, wanted, "%d", (int)LEDGER_MARK);
    if (strcmp(mark, wanted) != 0)
        return FAIL(err, "%s: is no ledger of asid", path);
    sqlite3_snprintf(sizeof wanted, wanted, "%d", (int)LEDGER_VERSION);
    if (strcmp(version, wanted) != 0)
        return FAIL(err, "%s: has schema %s, this asid joins schema %s", path,
                    version, wanted);
    TRY(ask_text(l, conflicts_sql, conflict, sizeof conflict, err));
    if (conflict[0])
        return FAIL(err,
                    "%s: tells another story of record '%s' than %s; nothing "
                    "was joined",
                    path, conflict, l->path);
    return ASID_OK;
}

static enum asid_rc join(struct ledger *l, const char *path, uint64_t *rows,
                         struct asid_err *err)
{
    TRY(check_other(l, path, err));
    TRY(run_text(l,
                 "INSERT OR IGNORE INTO main.outcomes"
                 " SELECT * FROM other.outcomes",
                 NULL, err));
    *rows = (uint64_t)sqlite3_changes64(l->db);
    for (size_t i = 0; i < sizeof join_sql / sizeof *join_sql; i++)
        TRY(run_text(l, join_sql[i], path, err));
    return ASID_OK;
}

enum asid_rc ledger_join(struct ledger *l, const char *path, uint64_t *rows,
                         struct asid_err *err)
{
    enum asid_rc rc;
    struct ledger *other = NULL;
    struct asid_err ignored;

    /* Opened first as what it must be: ATTACH would make a missing file. */
    TRY(ledger_open_readonly(path, &other, err));
    ledger_close(other);
    pthread_mutex_lock(&l->lock);
    rc = run_text(l, "ATTACH ?1 AS other", path, err);
    if (rc != ASID_OK)
        goto out;
    rc = ledger_run_fixed(l, ST_BEGIN, err);
    if (rc == ASID_OK)
        rc = join(l, path, rows, err);
    if (rc == ASID_OK)
        rc = ledger_run_fixed(l, ST_COMMIT, err);
    if (!sqlite3_get_autocommit(l->db))
        sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
    (void)run_text(l, "DETACH other", NULL, &ignored);
out:
    pthread_mutex_unlock(&l->lock);
    return rc;
}
