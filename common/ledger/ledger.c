/* The ledger: opening, statements, queries. */
#include "asid/ledger/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asid/data/schema.h"
#include "ledger_int.h"

static const char *const sql[ST_COUNT] = {
    [ST_BEGIN] = "BEGIN IMMEDIATE",
    [ST_COMMIT] = "COMMIT",
    [ST_ROLLBACK] = "ROLLBACK",
    [ST_RUN_BEGIN] =
        "INSERT INTO runs (run_id, program, argv, version, libraries,"
        " pipeline_sha256, parent, host, process, started_at, status)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'running')",
    [ST_RUN_END] =
        "UPDATE runs SET finished_at = ?2, status = ?3, message = ?4,"
        " peak_bytes = ?5 WHERE run_id = ?1",
    [ST_OUTCOME] =
        "INSERT OR REPLACE INTO outcomes (execution, seq, run_id, stage,"
        " record_id, status, code, message, attempts, input_sha256,"
        " options_sha256, output_sha256, seconds, tokens_in, tokens_out,"
        " beside)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
        " ?14, ?15, ?16)",
    [ST_VERDICT] =
        "INSERT OR REPLACE INTO verdicts (run_id, execution, record_id, stage,"
        " round, attribute, claim, kind, p, verdict, model, prompt_sha256,"
        " reason)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [ST_VERDICTS_COPY] =
        "INSERT OR REPLACE INTO verdicts (run_id, execution, record_id, stage,"
        " round, attribute, claim, kind, p, verdict, model, prompt_sha256,"
        " reason)"
        " SELECT ?1, ?2, record_id, stage, round, attribute, claim, kind, p,"
        " verdict, model, prompt_sha256, reason FROM verdicts"
        " WHERE execution = ?4 AND record_id = ?3",
    [ST_CHECKPOINT_PUT] =
        "INSERT OR REPLACE INTO checkpoints (stage, output, execution, state,"
        " options_sha256, input_sha256, input_bytes, line, seq, output_bytes,"
        " output_sha256, rejects, reject_bytes, reject_sha256, accepted,"
        " rejected, failed, updated_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
        " ?14, ?15, ?16, ?17, ?18)",
    [ST_CHECKPOINT_GET] =
        "SELECT execution, state, options_sha256, input_sha256, input_bytes,"
        " line, seq, output_bytes, output_sha256, rejects, reject_bytes,"
        " reject_sha256, accepted, rejected, failed FROM checkpoints"
        " WHERE stage = ?1 AND output = ?2",
    /* run_ids sort by time, so the greatest execution is the newest. */
    [ST_PRIOR_FIND] =
        "SELECT status, output_sha256, attempts, tokens_in, tokens_out,"
        " execution FROM outcomes"
        " WHERE input_sha256 = ?4 AND stage = ?2 AND execution <> ?3"
        " AND options_sha256 = ?5 AND (?1 IS NULL OR record_id = ?1)"
        " AND beside IS ?6"
        " ORDER BY execution DESC, seq DESC LIMIT 1",
    [ST_PRIOR_ANY] = "SELECT 1 FROM outcomes WHERE stage = ?1"
                     " AND options_sha256 = ?2 AND execution <> ?3 LIMIT 1",
    [ST_FORGET] = "DELETE FROM outcomes WHERE execution = ?1",
    [ST_SETTINGS_PUT] = "INSERT OR IGNORE INTO settings"
                        " (options_sha256, settings) VALUES (?1, ?2)",
    [ST_FORGET_VERDICTS] = "DELETE FROM verdicts WHERE execution = ?1",
    [ST_REPLY_GET] = "SELECT reply, tokens_in, tokens_out FROM replies"
                     " WHERE request_sha256 = ?1",
    [ST_REPLY_PUT] =
        "INSERT OR REPLACE INTO replies (request_sha256, model, reply,"
        " created_at, tokens_in, tokens_out) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
};

/* What brings a ledger of version i to version i + 1. The tables must become
 * those that schemas/ledger.sql creates. */
static const char *const steps[LEDGER_VERSION] = {
    [1] = "ALTER TABLE replies"
          " ADD COLUMN tokens_in INTEGER NOT NULL DEFAULT 0;"
          "ALTER TABLE replies"
          " ADD COLUMN tokens_out INTEGER NOT NULL DEFAULT 0;",
    [2] = "CREATE TABLE settings (options_sha256 TEXT NOT NULL PRIMARY KEY,"
          " settings TEXT NOT NULL) STRICT, WITHOUT ROWID;",
    [3] = "ALTER TABLE outcomes ADD COLUMN beside TEXT;",
};

const char *ledger_sqlite_version(void)
{
    return sqlite3_libversion();
}

const char *ledger_path(const struct ledger *l)
{
    return l->path;
}

/* --- statements ----------------------------------------------------------- */

enum asid_rc ledger_fault(struct ledger *l, const char *doing,
                          struct asid_err *err)
{
    return FAIL(err, "%s: %s: %s", l->path, doing, sqlite3_errmsg(l->db));
}

enum asid_rc ledger_statement(struct ledger *l, enum ledger_statement which,
                              sqlite3_stmt **out, struct asid_err *err)
{
    sqlite3_stmt **s = &l->statements[which];

    if (!*s &&
        sqlite3_prepare_v3(l->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, s,
                           NULL) != SQLITE_OK)
        return ledger_fault(l, "cannot prepare", err);
    sqlite3_reset(*s);
    *out = *s;
    return ASID_OK;
}

enum asid_rc ledger_step(struct ledger *l, sqlite3_stmt *s, const char *doing,
                         struct asid_err *err)
{
    int got = sqlite3_step(s);

    /* The message belongs to the step; reset afterwards. */
    if (got != SQLITE_DONE && got != SQLITE_ROW)
        ledger_fault(l, doing, err);
    sqlite3_reset(s);
    return got == SQLITE_DONE || got == SQLITE_ROW ? ASID_OK : ASID_FAILED;
}

enum asid_rc ledger_run_fixed(struct ledger *l, enum ledger_statement which,
                              struct asid_err *err)
{
    sqlite3_stmt *s;

    TRY(ledger_statement(l, which, &s, err));
    return ledger_step(l, s, "cannot write", err);
}

void ledger_bind_text(sqlite3_stmt *s, int at, const char *text)
{
    if (text)
        sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(s, at);
}

void ledger_bind_u64(sqlite3_stmt *s, int at, uint64_t n)
{
    sqlite3_bind_int64(s, at, n > INT64_MAX ? INT64_MAX : (sqlite3_int64)n);
}

void ledger_column(sqlite3_stmt *s, int at, char *out, size_t room)
{
    const unsigned char *text = sqlite3_column_text(s, at);

    snprintf(out, room, "%s", text ? (const char *)text : "");
}

/* --- opening ---------------------------------------------------------------- */

static enum asid_rc pragma_number(struct ledger *l, const char *name,
                                  int *value, struct asid_err *err)
{
    sqlite3_stmt *s = NULL;
    char text[64];
    enum asid_rc rc = ASID_OK;

    snprintf(text, sizeof text, "PRAGMA %s", name);
    if (sqlite3_prepare_v2(l->db, text, -1, &s, NULL) != SQLITE_OK ||
        sqlite3_step(s) != SQLITE_ROW)
        rc = ledger_fault(l, "cannot be opened as a ledger", err);
    else
        *value = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return rc;
}

static enum asid_rc execute(struct ledger *l, const char *text,
                            struct asid_err *err)
{
    if (sqlite3_exec(l->db, text, NULL, NULL, NULL) != SQLITE_OK)
        return ledger_fault(l, "cannot be set up", err);
    return ASID_OK;
}

/* What a file is: version 0 when nothing was ever created in it. Anything that
 * is neither fresh nor ours is refused before the first write. */
static enum asid_rc identify(struct ledger *l, int *version,
                             struct asid_err *err)
{
    int mark = 0, changes = 0;

    TRY(pragma_number(l, "application_id", &mark, err));
    TRY(pragma_number(l, "user_version", version, err));
    TRY(pragma_number(l, "schema_version", &changes, err));
    if (mark == 0 && *version == 0 && changes == 0)
        return ASID_OK;
    if (mark != LEDGER_MARK || *version < 1)
        return FAIL(err, "%s: is a database but no ledger of asid", l->path);
    if (*version > LEDGER_VERSION)
        return FAIL(err,
                    "%s: made by a newer asid (schema %d, this one knows %d)",
                    l->path, *version, LEDGER_VERSION);
    return ASID_OK;
}

/* The three numbers must be of one instant: another process may be creating
 * the ledger just now. */
static enum asid_rc identify_now(struct ledger *l, int *version,
                                 struct asid_err *err)
{
    enum asid_rc rc;

    TRY(execute(l, "BEGIN", err));
    rc = identify(l, version, err);
    sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

/* From that version to this one, inside a transaction. */
static enum asid_rc bring_up(struct ledger *l, int version,
                             struct asid_err *err)
{
    struct str schema = schema_file("ledger.sql");
    enum asid_rc rc;
    struct buf text;

    if (version == LEDGER_VERSION)
        return ASID_OK;
    buf_init(&text, SIZE_MAX / 2);
    if (version == 0)
        buf_str(&text, schema);
    for (int i = version; i > 0 && i < LEDGER_VERSION; i++)
        buf_text(&text, steps[i]);
    buf_printf(&text, "\nPRAGMA application_id = %d; PRAGMA user_version = %d;",
               LEDGER_MARK, LEDGER_VERSION);
    rc = execute(l, text.p, err);
    buf_release(&text);
    return rc;
}

/* Make the tables, or bring those of an older asid up to date: all or nothing.
 */
static enum asid_rc create(struct ledger *l, struct asid_err *err)
{
    enum asid_rc rc;
    int version = 0;

    TRY(ledger_run_fixed(l, ST_BEGIN, err));
    /* Another process may have been faster. */
    rc = identify(l, &version, err);
    if (rc == ASID_OK)
        rc = bring_up(l, version, err);
    if (rc == ASID_OK)
        rc = ledger_run_fixed(l, ST_COMMIT, err);
    if (rc != ASID_OK)
        sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static int is_wal(void *user, int n, char **values, char **names)
{
    bool *wal = user;

    (void)names;
    *wal = n == 1 && values[0] && strcmp(values[0], "wal") == 0;
    return 0;
}

/* Changing to WAL needs the file for itself for a moment, and SQLite does not
 * always wait for that; so we do. */
static enum asid_rc set_wal(struct ledger *l, struct asid_err *err)
{
    bool wal = false;
    int got = SQLITE_BUSY;

    for (int i = 0; i < 300 && !wal; i++) {
        got = sqlite3_exec(l->db, "PRAGMA journal_mode = WAL", is_wal, &wal,
                           NULL);
        if (got != SQLITE_OK && got != SQLITE_BUSY)
            break;
        if (!wal)
            usleep(100 * 1000);
    }
    if (got != SQLITE_OK)
        return ledger_fault(l, "cannot be set up", err);
    if (!wal)
        return FAIL(err, "%s: this file system cannot hold a ledger (no WAL)",
                    l->path);
    return ASID_OK;
}

static enum asid_rc set_up(struct ledger *l, bool write, struct asid_err *err)
{
    int version = 0;

    sqlite3_busy_timeout(l->db, LEDGER_WAIT_MS);
    sqlite3_db_config(l->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(l->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(l->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    TRY(execute(l, "PRAGMA cell_size_check = ON", err));
    TRY(identify_now(l, &version, err));
    if (!write) {
        if (version == 0)
            return FAIL(err, "%s: is no ledger of asid", l->path);
        return execute(l, "PRAGMA query_only = ON", err);
    }
    TRY(set_wal(l, err));
    TRY(execute(l, "PRAGMA synchronous = NORMAL", err));
    return version == LEDGER_VERSION ? ASID_OK : create(l, err);
}

static enum asid_rc open_as(const char *path, int flags, struct ledger **out,
                            struct asid_err *err)
{
    struct ledger *l = mem_alloc(sizeof *l);
    enum asid_rc rc;

    l->path = mem_alloc(strlen(path) + 1);
    memcpy(l->path, path, strlen(path));
    pthread_mutex_init(&l->lock, NULL);
    if (sqlite3_open_v2(path, &l->db,
                        flags | SQLITE_OPEN_FULLMUTEX |
                            SQLITE_OPEN_PRIVATECACHE,
                        NULL) != SQLITE_OK)
        rc = ledger_fault(l, "cannot be opened as a ledger", err);
    else
        rc = set_up(l, (flags & SQLITE_OPEN_READWRITE) != 0, err);
    if (rc == ASID_OK)
        *out = l;
    else
        ledger_close(l);
    return rc;
}

enum asid_rc ledger_open(const char *path, struct ledger **out,
                         struct asid_err *err)
{
    TRY(ledger_check_place(path, err));
    return open_as(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, out, err);
}

/* --- reading what nobody writes ------------------------------------------- */

/* A reader of a WAL database makes -wal and -shm files beside it. Where no
 * -wal lies nobody is writing: then the file is opened as one that does not
 * change, which leaves no trace and works in folders one may not write to. */
static bool is_resting(const char *path)
{
    struct buf wal;
    bool there;

    buf_init(&wal, 65536);
    buf_printf(&wal, "%s-wal", path);
    there = buf_failed(&wal) || access(wal.p, F_OK) == 0;
    buf_release(&wal);
    return !there;
}

static enum asid_rc open_resting(const char *real, struct ledger **out,
                                 struct asid_err *err)
{
    struct buf uri;
    enum asid_rc rc;

    buf_init(&uri, 65536);
    buf_text(&uri, "file:");
    for (; *real; real++) {
        if (strchr("%?#", *real))
            buf_printf(&uri, "%%%02x", (unsigned)*real);
        else
            buf_char(&uri, *real);
    }
    buf_text(&uri, "?immutable=1");
    if (buf_failed(&uri))
        rc = FAIL(err, "the path of the ledger is too long");
    else
        rc = open_as(uri.p, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, out, err);
    buf_release(&uri);
    return rc;
}

enum asid_rc ledger_open_readonly(const char *path, struct ledger **out,
                                  struct asid_err *err)
{
    enum asid_rc rc = ASID_FAILED;
    struct ledger *l = NULL;
    struct stat before;
    char *real;

    if (stat(path, &before) < 0)
        return FAIL(err, "%s: no such ledger", path);
    real = realpath(path, NULL);
    if (real && is_resting(real))
        rc = open_resting(real, &l, err);
    if (rc == ASID_OK) {
        l->resting = true;
        l->before = before;
        free(l->path);
        l->path = mem_alloc(strlen(path) + 1);
        memcpy(l->path, path, strlen(path));
    } else {
        rc = open_as(path, SQLITE_OPEN_READONLY, &l, err);
    }
    free(real);
    if (rc == ASID_OK)
        *out = l;
    return rc;
}

/* What was read from a file that changed meanwhile may be wrong. */
static enum asid_rc check_resting(const struct ledger *l, struct asid_err *err)
{
    struct stat now;

    if (!l->resting)
        return ASID_OK;
    if (stat(l->path, &now) < 0 || now.st_ino != l->before.st_ino ||
        now.st_size != l->before.st_size ||
        now.st_mtim.tv_sec != l->before.st_mtim.tv_sec ||
        now.st_mtim.tv_nsec != l->before.st_mtim.tv_nsec)
        return FAIL(err, "%s: somebody began to work with it; ask again",
                    l->path);
    return ASID_OK;
}

void ledger_close(struct ledger *l)
{
    if (!l)
        return;
    for (int i = 0; i < ST_COUNT; i++)
        sqlite3_finalize(l->statements[i]);
    sqlite3_close_v2(l->db);
    pthread_mutex_destroy(&l->lock);
    free(l->path);
    free(l);
}

/* --- questions ---------------------------------------------------------------- */

enum { MOST_COLUMNS = 64 };

static enum asid_rc hand_out(struct ledger *l, sqlite3_stmt *s, ledger_row row,
                             void *user, struct asid_err *err)
{
    const char *names[MOST_COLUMNS], *values[MOST_COLUMNS];
    int columns = sqlite3_column_count(s);
    int got;

    if (columns > MOST_COLUMNS)
        return FAIL(err, "%s: more than %d columns asked", l->path,
                    MOST_COLUMNS);
    while ((got = sqlite3_step(s)) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++) {
            names[i] = sqlite3_column_name(s, i);
            values[i] = (const char *)sqlite3_column_text(s, i);
        }
        TRY(row(user, columns, names, values, err));
    }
    return got == SQLITE_DONE ? ASID_OK : ledger_fault(l, "cannot ask", err);
}

enum asid_rc ledger_query(struct ledger *l, const char *text,
                          const char *const *binds, size_t n_binds,
                          ledger_row row, void *user, struct asid_err *err)
{
    sqlite3_stmt *s = NULL;
    const char *tail = NULL;
    enum asid_rc rc;

    pthread_mutex_lock(&l->lock);
    if (sqlite3_prepare_v2(l->db, text, -1, &s, &tail) != SQLITE_OK) {
        rc = ledger_fault(l, "cannot ask", err);
        goto out;
    }
    if (!s || !sqlite3_stmt_readonly(s) || *tail) {
        rc = FAIL(err, "%s: not one question that only reads", l->path);
        goto out;
    }
    for (size_t i = 0; i < n_binds; i++)
        ledger_bind_text(s, (int)i + 1, binds[i]);
    rc = hand_out(l, s, row, user, err);
    if (rc == ASID_OK)
        rc = check_resting(l, err);
out:
    sqlite3_finalize(s);
    pthread_mutex_unlock(&l->lock);
    return rc;
}
