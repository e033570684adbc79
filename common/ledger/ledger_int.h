/* The ledger's own types; SQLite is seen in this folder only. */
#ifndef ASID_LEDGER_INT_H
#define ASID_LEDGER_INT_H

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "asid/ledger/ledger.h"

enum {
    LEDGER_VERSION = 4,         /* PRAGMA user_version */
    LEDGER_MARK = 0x61736964,   /* PRAGMA application_id: "asid" */
    LEDGER_WAIT_MS = 30 * 1000, /* for other processes */
};

/* Statements that are prepared once. */
enum ledger_statement {
    ST_BEGIN,
    ST_COMMIT,
    ST_ROLLBACK,
    ST_RUN_BEGIN,
    ST_RUN_END,
    ST_OUTCOME,
    ST_VERDICT,
    ST_VERDICTS_COPY,
    ST_CHECKPOINT_PUT,
    ST_CHECKPOINT_GET,
    ST_PRIOR_FIND,
    ST_PRIOR_ANY,
    ST_FORGET,
    ST_SETTINGS_PUT,
    ST_FORGET_VERDICTS,
    ST_REPLY_GET,
    ST_REPLY_PUT,
    ST_COUNT,
};

struct ledger {
    sqlite3 *db;
    char *path;
    pthread_mutex_t lock;
    sqlite3_stmt *statements[ST_COUNT];
    bool resting;       /* opened for reading while nobody wrote */
    struct stat before; /* then: what the file was like */
};

/* FAILED with the ledger's name and SQLite's reason. */
enum asid_rc ledger_fault(struct ledger *l, const char *doing,
                          struct asid_err *err);
/* The prepared statement, ready for binding. Hold l->lock. */
enum asid_rc ledger_statement(struct ledger *l, enum ledger_statement which,
                              sqlite3_stmt **out,
                              struct asid_err *err) ASID_WARN_UNUSED;
/* Step a statement that gives no row, and make it ready again. */
enum asid_rc ledger_step(struct ledger *l, sqlite3_stmt *s, const char *doing,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* Run a fixed statement without parameters. */
enum asid_rc ledger_run_fixed(struct ledger *l, enum ledger_statement which,
                              struct asid_err *err) ASID_WARN_UNUSED;
/* Text or NULL; must outlive the step. */
void ledger_bind_text(sqlite3_stmt *s, int at, const char *text);
void ledger_bind_u64(sqlite3_stmt *s, int at, uint64_t n);
/* Copy a column's text, cut to the room there is. */
void ledger_column(sqlite3_stmt *s, int at, char *out, size_t room);

/* FAILED with the remedy when path lies on a network file system. */
enum asid_rc ledger_check_place(const char *path,
                                struct asid_err *err) ASID_WARN_UNUSED;

#endif
