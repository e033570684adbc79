/* The ledger: runs, outcomes, checkpoints, replies. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "asid/base/clock.h"
#include "ledger_int.h"

/* --- one row ---------------------------------------------------------------- */

/* Bind texts to ?1.., step, and read the first row if there is one. */
static enum asid_rc first_row(struct ledger *l, enum ledger_statement which,
                              const char *const *binds, int n, bool *found,
                              void (*read)(sqlite3_stmt *s, void *out),
                              void *out, struct asid_err *err)
{
    sqlite3_stmt *s;
    enum asid_rc rc;
    int got;

    pthread_mutex_lock(&l->lock);
    rc = ledger_statement(l, which, &s, err);
    if (rc != ASID_OK)
        goto out;
    for (int i = 0; i < n; i++)
        ledger_bind_text(s, i + 1, binds[i]);
    got = sqlite3_step(s);
    if (got != SQLITE_ROW && got != SQLITE_DONE)
        rc = ledger_fault(l, "cannot read", err);
    else
        *found = got == SQLITE_ROW;
    if (got == SQLITE_ROW && read)
        read(s, out);
    sqlite3_reset(s);
out:
    pthread_mutex_unlock(&l->lock);
    return rc;
}

/* --- runs ------------------------------------------------------------------ */

void ledger_new_id(char id[40])
{
    unsigned char random[6] = {0};
    char utc[25], time[20];
    size_t n = 0;

    clock_utc(utc);
    for (size_t i = 0; utc[i] && n + 1 < sizeof time; i++) {
        if (utc[i] != '-' && utc[i] != ':' && utc[i] != 'Z')
            time[n++] = utc[i];
    }
    time[n] = '\0';
    if (getrandom(random, sizeof random, 0) < 0)
        memset(random, 0, sizeof random);
    snprintf(id, 40, "%s-%02x%02x%02x%02x%02x%02x", time, random[0], random[1],
             random[2], random[3], random[4], random[5]);
}

enum asid_rc ledger_run_begin(struct ledger *l, struct ledger_run *run,
                              struct asid_err *err)
{
    char host[100] = "", now[25];
    sqlite3_stmt *s;
    enum asid_rc rc;

    ledger_new_id(run->run_id);
    gethostname(host, sizeof host - 1);
    clock_utc(now);
    pthread_mutex_lock(&l->lock);
    rc = ledger_statement(l, ST_RUN_BEGIN, &s, err);
    if (rc != ASID_OK)
        goto out;
    ledger_bind_text(s, 1, run->run_id);
    ledger_bind_text(s, 2, run->program);
    ledger_bind_text(s, 3, run->argv);
    ledger_bind_text(s, 4, run->version);
    ledger_bind_text(s, 5, run->libraries);
    ledger_bind_text(s, 6, run->pipeline_sha256);
    ledger_bind_text(s, 7, run->parent);
    ledger_bind_text(s, 8, host);
    ledger_bind_u64(s, 9, (uint64_t)getpid());
    ledger_bind_text(s, 10, now);
    rc = ledger_step(l, s, "cannot note the run", err);
out:
    pthread_mutex_unlock(&l->lock);
    return rc;
}

enum asid_rc ledger_run_end(struct ledger *l, const char *run_id,
                            const char *status, const char *message,
                            struct asid_err *err)
{
    struct rusage usage = {0};
    sqlite3_stmt *s;
    enum asid_rc rc;
    char now[25];

    clock_utc(now);
    getrusage(RUSAGE_SELF, &usage);
    pthread_mutex_lock(&l->lock);
    rc = ledger_statement(l, ST_RUN_END, &s, err);
    if (rc != ASID_OK)
        goto out;
    ledger_bind_text(s, 1, run_id);
    ledger_bind_text(s, 2, now);
    ledger_bind_text(s, 3, status);
    ledger_bind_text(s, 4, message);
    ledger_bind_u64(s, 5, (uint64_t)usage.ru_maxrss * 1024);
    rc = ledger_step(l, s, "cannot note the end of the run", err);
out:
    pthread_mutex_unlock(&l->lock);
    return rc;
}

/* --- checkpoints -------------------------------------------------------------- */

static const char *state_of(const struct ledger_checkpoint *c)
{
    return c->complete ? "complete" : c->finishing ? "finishing" : "working";
}

static enum asid_rc put_checkpoint(struct ledger *l, const char *stage,
                                   const char *output,
                                   const struct ledger_checkpoint *c,
                                   struct asid_err *err)
{
    sqlite3_stmt *s;
    char now[25];

    clock_utc(now);
    TRY(ledger_statement(l, ST_CHECKPOINT_PUT, &s, err));
    ledger_bind_text(s, 1, stage);
    ledger_bind_text(s, 2, output);
    ledger_bind_text(s, 3, c->execution);
    ledger_bind_text(s, 4, state_of(c));
    ledger_bind_text(s, 5, c->options_sha256);
    ledger_bind_text(s, 6, c->input_sha256);
    ledger_bind_u64(s, 7, c->input_bytes);
    ledger_bind_u64(s, 8, c->line);
    ledger_bind_u64(s, 9, c->seq);
    ledger_bind_u64(s, 10, c->output_bytes);
    ledger_bind_text(s, 11, c->output_sha256);
    ledger_bind_text(s, 12, c->rejects);
    ledger_bind_u64(s, 13, c->reject_bytes);
    ledger_bind_text(s, 14, c->reject_sha256);
    ledger_bind_u64(s, 15, c->accepted);
    ledger_bind_u64(s, 16, c->rejected);
    ledger_bind_u64(s, 17, c->failed);
    ledger_bind_text(s, 18, now);
    return ledger_step(l, s, "cannot write", err);
}

static void read_checkpoint(sqlite3_stmt *s, void *out)
{
    struct ledger_checkpoint *c = out;
    char state[16];

    *c = (struct ledger_checkpoint){0};
    ledger_column(s, 0, c->execution, sizeof c->execution);
    ledger_column(s, 1, state, sizeof state);
    c->complete = strcmp(state, "complete") == 0;
    c->finishing = strcmp(state, "finishing") == 0;
    ledger_column(s, 2, c->options_sha256, sizeof c->options_sha256);
    ledger_column(s, 3, c->input_sha256, sizeof c->input_sha256);
    c->input_bytes = (uint64_t)sqlite3_column_int64(s, 4);
    c->line = (uint64_t)sqlite3_column_int64(s, 5);
    c->seq = (uint64_t)sqlite3_column_int64(s, 6);
    c->output_bytes = (uint64_t)sqlite3_column_int64(s, 7);
    ledger_column(s, 8, c->output_sha256, sizeof c->output_sha256);
    ledger_column(s, 9, c->rejects, sizeof c->rejects);
    c->reject_bytes = (uint64_t)sqlite3_column_int64(s, 10);
    ledger_column(s, 11, c->reject_sha256, sizeof c->reject_sha256);
    c->accepted = (uint64_t)sqlite3_column_int64(s, 12);
    c->rejected = (uint64_t)sqlite3_column_int64(s, 13);
    c->failed = (uint64_t)sqlite3_column_int64(s, 14);
}

enum asid_rc ledger_checkpoint_get(struct ledger *l, const char *stage,
                                   const char *output, bool *found,
                                   struct ledger_checkpoint *c,
                                   struct asid_err *err)
{
    const char *const binds[] = {stage, output};

    return first_row(l, ST_CHECKPOINT_GET, binds, 2, found, read_checkpoint, c,
                     err);
}

/* --- outcomes ------------------------------------------------------------------- */

static enum asid_rc put_outcome(struct ledger *l,
                                const struct ledger_outcome *o,
                                struct asid_err *err)
{
    sqlite3_stmt *s;

    TRY(ledger_statement(l, ST_OUTCOME, &s, err));
    ledger_bind_text(s, 1, o->execution);
    ledger_bind_u64(s, 2, o->seq);
    ledger_bind_text(s, 3, o->run_id);
    ledger_bind_text(s, 4, o->stage);
    ledger_bind_text(s, 5, o->record_id);
    ledger_bind_text(s, 6, o->status);
    ledger_bind_text(s, 7, o->code);
    ledger_bind_text(s, 8, o->message);
    ledger_bind_u64(s, 9, o->attempts);
    ledger_bind_text(s, 10, o->input_sha256);
    ledger_bind_text(s, 11, o->options_sha256);
    ledger_bind_text(s, 12, o->output_sha256);
    sqlite3_bind_double(s, 13, o->seconds);
    ledger_bind_u64(s, 14, o->tokens_in);
    ledger_bind_u64(s, 15, o->tokens_out);
    ledger_bind_text(s, 16, o->beside);
    return ledger_step(l, s, "cannot write", err);
}

static enum asid_rc put_verdict(struct ledger *l,
                                const struct ledger_outcome *o,
                                const struct ledger_verdict *v,
                                struct asid_err *err)
{
    sqlite3_stmt *s;

    TRY(ledger_statement(l, ST_VERDICT, &s, err));
    ledger_bind_text(s, 1, o->run_id);
    ledger_bind_text(s, 2, o->execution);
    ledger_bind_text(s, 3, o->record_id);
    ledger_bind_text(s, 4, o->stage);
    ledger_bind_u64(s, 5, v->round);
    ledger_bind_text(s, 6, v->attribute);
    sqlite3_bind_int64(s, 7, v->claim);
    ledger_bind_text(s, 8, v->kind);
    if (!isnan(v->p))
        sqlite3_bind_double(s, 9, v->p);
    else
        sqlite3_bind_null(s, 9);
    ledger_bind_text(s, 10, v->verdict);
    ledger_bind_text(s, 11, v->model);
    ledger_bind_text(s, 12, v->prompt_sha256);
    ledger_bind_text(s, 13, v->reason);
    return ledger_step(l, s, "cannot write", err);
}

/* The verdicts of an outcome that was taken over from an earlier execution. */
static enum asid_rc copy_verdicts(struct ledger *l,
                                  const struct ledger_outcome *o,
                                  struct asid_err *err)
{
    sqlite3_stmt *s;

    TRY(ledger_statement(l, ST_VERDICTS_COPY, &s, err));
    ledger_bind_text(s, 1, o->run_id);
    ledger_bind_text(s, 2, o->execution);
    ledger_bind_text(s, 3, o->record_id);
    ledger_bind_text(s, 4, o->reused_from);
    return ledger_step(l, s, "cannot write", err);
}

static enum asid_rc put_all(struct ledger *l, const struct ledger_outcome *rows,
                            size_t n, struct asid_err *err)
{
    for (size_t i = 0; i < n; i++) {
        TRY(put_outcome(l, &rows[i], err));
        for (size_t k = 0; k < rows[i].n_verdicts; k++)
            TRY(put_verdict(l, &rows[i], &rows[i].verdicts[k], err));
        if (rows[i].reused_from)
            TRY(copy_verdicts(l, &rows[i], err));
    }
    return ASID_OK;
}

static enum asid_rc forget(struct ledger *l, const char *execution,
                           struct asid_err *err)
{
    sqlite3_stmt *s;

    TRY(ledger_statement(l, ST_FORGET_VERDICTS, &s, err));
    ledger_bind_text(s, 1, execution);
    TRY(ledger_step(l, s, "cannot write", err));
    TRY(ledger_statement(l, ST_FORGET, &s, err));
    ledger_bind_text(s, 1, execution);
    return ledger_step(l, s, "cannot write", err);
}

/* Hold l->lock; the transaction is open. */
static enum asid_rc end_transaction(struct ledger *l, enum asid_rc rc,
                                    struct asid_err *err)
{
    if (rc == ASID_OK)
        rc = ledger_run_fixed(l, ST_COMMIT, err);
    if (rc != ASID_OK && !sqlite3_get_autocommit(l->db))
        sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

enum asid_rc ledger_commit(struct ledger *l, const struct ledger_outcome *rows,
                           size_t n, const char *stage, const char *output,
                           const struct ledger_checkpoint *c,
                           struct asid_err *err)
{
    enum asid_rc rc;

    pthread_mutex_lock(&l->lock);
    rc = ledger_run_fixed(l, ST_BEGIN, err);
    if (rc != ASID_OK)
        goto out;
    rc = put_all(l, rows, n, err);
    if (rc == ASID_OK && c)
        rc = put_checkpoint(l, stage, output, c, err);
    rc = end_transaction(l, rc, err);
out:
    pthread_mutex_unlock(&l->lock);
    return rc;
}

enum asid_rc ledger_begin_execution(struct ledger *l, const char *stage,
                                    const char *output,
                                    const struct ledger_checkpoint *c,
                                    const char *forgotten, struct asid_err *err)
{
    enum asid_rc rc;

    pthread_mutex_lock(&l->lock);
    rc = ledger_run_fixed(l, ST_BEGIN, err);
    if (rc != ASID_OK)
        goto out;
    rc = put_checkpoint(l, stage, output, c, err);
    if (rc == ASID_OK && forgotten)
        rc = forget(l, forgotten, err);
    rc = end_transaction(l, rc, err);
out:
    pthread_mutex_unlock(&l->lock);
    return rc;
}

/* --- finished work ---------------------------------------------------------------- */

enum asid_rc ledger_prior_any(struct ledger *l,
                              const struct ledger_outcome *like, bool *any,
                              struct asid_err *err)
{
    const char *const binds[] = {like->stage, like->options_sha256,
                                 like->execution};

    return first_row(l, ST_PRIOR_ANY, binds, 3, any, NULL, NULL, err);
}

static void read_prior(sqlite3_stmt *s, void *out)
{
    struct ledger_prior *prior = out;

    ledger_column(s, 0, prior->status, sizeof prior->status);
    ledger_column(s, 1, prior->output_sha256, sizeof prior->output_sha256);
    prior->attempts = (uint32_t)sqlite3_column_int64(s, 2);
    prior->tokens_in = (uint64_t)sqlite3_column_int64(s, 3);
    prior->tokens_out = (uint64_t)sqlite3_column_int64(s, 4);
    ledger_column(s, 5, prior->execution, sizeof prior->execution);
}

enum asid_rc ledger_prior_find(struct ledger *l,
                               const struct ledger_outcome *like,
                               struct ledger_prior *prior, struct asid_err *err)
{
    const char *const binds[] = {like->record_id,      like->stage,
                                 like->execution,      like->input_sha256,
                                 like->options_sha256, like->beside};
    struct ledger_prior got = {.found = false};

    TRY(first_row(l, ST_PRIOR_FIND, binds, 6, &got.found, read_prior, &got,
                  err));
    *prior = got;
    return ASID_OK;
}

enum asid_rc ledger_outcome_find(struct ledger *l, const char *stage,
                                 const char *record_id,
                                 const char *input_sha256,
                                 const char *options_sha256, bool *found,
                                 char output_sha256[65], struct asid_err *err)
{
    struct ledger_outcome like = {
        .execution = "",
        .stage = stage,
        .record_id = record_id,
        .input_sha256 = input_sha256,
        .options_sha256 = options_sha256,
    };
    struct ledger_prior prior;

    TRY(ledger_prior_find(l, &like, &prior, err));
    *found = prior.found && strcmp(prior.status, "accepted") == 0;
    if (*found)
        memcpy(output_sha256, prior.output_sha256, 65);
    return ASID_OK;
}

/* --- replies ------------------------------------------------------------------------ */

struct reply_row {
    struct arena *arena;
    struct ledger_reply *reply;
};

static void read_reply(sqlite3_stmt *s, void *out)
{
    const struct reply_row *row = out;
    const char *text = sqlite3_column_blob(s, 0);
    size_t n = (size_t)sqlite3_column_bytes(s, 0);

    row->reply->text = (struct str){arena_strndup(row->arena, text, n), n};
    row->reply->tokens_in = (uint64_t)sqlite3_column_int64(s, 1);
    row->reply->tokens_out = (uint64_t)sqlite3_column_int64(s, 2);
}

enum asid_rc ledger_reply_get(struct ledger *l, const char *request_sha256,
                              struct arena *a, bool *found,
                              struct ledger_reply *reply, struct asid_err *err)
{
    struct reply_row row = {a, reply};

    return first_row(l, ST_REPLY_GET, &request_sha256, 1, found, read_reply,
                     &row, err);
}

enum asid_rc ledger_reply_put(struct ledger *l, const char *request_sha256,
                              const char *model,
                              const struct ledger_reply *reply,
                              struct asid_err *err)
{
    sqlite3_stmt *s;
    enum asid_rc rc;
    char now[25];

    clock_utc(now);
    pthread_mutex_lock(&l->lock);
    rc = ledger_statement(l, ST_REPLY_PUT, &s, err);
    if (rc != ASID_OK)
        goto out;
    ledger_bind_text(s, 1, request_sha256);
    ledger_bind_text(s, 2, model);
    sqlite3_bind_blob64(s, 3, reply->text.n ? reply->text.p : "", reply->text.n,
                        SQLITE_STATIC);
    ledger_bind_text(s, 4, now);
    ledger_bind_u64(s, 5, reply->tokens_in);
    ledger_bind_u64(s, 6, reply->tokens_out);
    rc = ledger_step(l, s, "cannot keep a reply", err);
out:
    pthread_mutex_unlock(&l->lock);
    return rc;
}
