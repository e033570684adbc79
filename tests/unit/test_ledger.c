/* The ledger: what is written is found again, and nothing else is. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/base/arena.h"
#include "asid/ledger/ledger.h"
#include "check.h"

static char dir[] = "/tmp/asid-ledger-XXXXXX";
static char path[200];

static struct ledger *open_fresh(void)
{
    struct ledger *l = NULL;
    struct asid_err err;
    char other[220];

    snprintf(path, sizeof path, "%s/l.db", dir);
    unlink(path);
    snprintf(other, sizeof other, "%s-wal", path);
    unlink(other);
    snprintf(other, sizeof other, "%s-shm", path);
    unlink(other);
    CHECK_OK(ledger_open(path, &l, &err), err);
    return l;
}

static enum asid_rc first_value(void *user, int columns,
                                const char *const *names,
                                const char *const *values, struct asid_err *err)
{
    char *out = user;

    (void)columns;
    (void)names;
    (void)err;
    snprintf(out, 200, "%s", values[0] ? values[0] : "NULL");
    return ASID_OK;
}

static const char *ask(struct ledger *l, const char *sql, char out[200])
{
    struct asid_err err;

    out[0] = '\0';
    CHECK_OK(ledger_query(l, sql, NULL, 0, first_value, out, &err), err);
    return out;
}

static void test_runs(void)
{
    struct ledger *l = open_fresh();
    struct ledger_run run = {.program = "asid-x",
                             .argv = "[]",
                             .version = "1",
                             .libraries = "none",
                             .parent = "p"};
    struct ledger_run later = run;
    struct asid_err err;
    char out[200];

    CHECK_OK(ledger_run_begin(l, &run, &err), err);
    CHECK_TEXT(ask(l, "SELECT status FROM runs", out), "running");
    CHECK_OK(ledger_run_end(l, run.run_id, "failed", "why", &err), err);
    CHECK_TEXT(ask(l, "SELECT status || message || parent FROM runs", out),
               "failedwhyp");
    CHECK(atol(ask(l, "SELECT peak_bytes FROM runs", out)) > 100000, "%s", out);
    usleep(2000);
    CHECK_OK(ledger_run_begin(l, &later, &err), err);
    CHECK(strcmp(run.run_id, later.run_id) < 0, "%s %s", run.run_id,
          later.run_id);
    CHECK(ledger_run_end(l, run.run_id, "nonsense", NULL, &err) == ASID_FAILED,
          "an unknown status was taken");
    ledger_close(l);
    check_case("runs: begun, ended, in the order of time");
}

static const struct ledger_outcome sample = {
    .execution = "e1",
    .run_id = "r1",
    .stage = "cat",
    .seq = 1,
    .record_id = "a",
    .status = "accepted",
    .attempts = 1,
    .input_sha256 = "in",
    .options_sha256 = "opt",
    .output_sha256 = "out",
};

static void test_outcomes(void)
{
    struct ledger *l = open_fresh();
    struct ledger_outcome rows[2] = {sample, sample};
    struct ledger_checkpoint c = {.execution = "e1", .seq = 2, .accepted = 1};
    struct asid_err err;
    char out[200];

    rows[1].seq = 2;
    rows[1].status = "failed";
    rows[1].code = "model.failed";
    rows[1].record_id = "b";
    c.failed = 1;
    CHECK_OK(ledger_commit(l, rows, 2, "cat", "/o", &c, &err), err);
    CHECK_TEXT(ask(l, "SELECT count(*) FROM latest_outcomes", out), "2");
    CHECK_TEXT(ask(l, "SELECT balanced FROM balance", out), "1");
    CHECK_TEXT(ask(l, "SELECT code || records FROM reject_counts", out),
               "model.failed1");
    /* The same place again replaces. */
    CHECK_OK(ledger_commit(l, rows, 2, "cat", "/o", NULL, &err), err);
    CHECK_TEXT(ask(l, "SELECT count(*) FROM outcomes", out), "2");
    /* One faulty row: none of them. */
    rows[0].seq = 3;
    rows[1].status = "odd";
    CHECK(ledger_commit(l, rows, 2, "cat", "/o", NULL, &err) == ASID_FAILED,
          "a faulty row was taken");
    CHECK_TEXT(ask(l, "SELECT count(*) FROM outcomes", out), "2");
    rows[1].status = "accepted";
    CHECK_OK(ledger_commit(l, rows, 2, "cat", "/o", NULL, &err), err);
    ledger_close(l);
    check_case("outcomes: all of a commit or none");
}

static void test_checkpoints(void)
{
    struct ledger *l = open_fresh();
    struct ledger_checkpoint c = {.execution = "e1",
                                  .input_sha256 = "i",
                                  .options_sha256 = "o",
                                  .output_sha256 = "p",
                                  .reject_sha256 = "r",
                                  .rejects = "/rejects",
                                  .seq = 7,
                                  .line = 9,
                                  .input_bytes = 1ull << 40,
                                  .output_bytes = 11,
                                  .reject_bytes = 12,
                                  .accepted = 4,
                                  .rejected = 2,
                                  .failed = 1};
    struct ledger_checkpoint got;
    struct asid_err err;
    bool found = true;

    CHECK_OK(ledger_checkpoint_get(l, "cat", "/o", &found, &got, &err), err);
    CHECK(!found, "a checkpoint that nobody put");
    CHECK_OK(ledger_commit(l, NULL, 0, "cat", "/o", &c, &err), err);
    CHECK_OK(ledger_checkpoint_get(l, "cat", "/o", &found, &got, &err), err);
    CHECK(found && memcmp(&c, &got, sizeof c) == 0, "not what was put");
    c.finishing = true;
    CHECK_OK(ledger_commit(l, NULL, 0, "cat", "/o", &c, &err), err);
    CHECK_OK(ledger_checkpoint_get(l, "cat", "/o", &found, &got, &err), err);
    CHECK(got.finishing && !got.complete, "finishing is lost");
    c.complete = true;
    CHECK_OK(ledger_commit(l, NULL, 0, "cat", "/o", &c, &err), err);
    CHECK_OK(ledger_checkpoint_get(l, "cat", "/o", &found, &got, &err), err);
    CHECK(got.complete, "complete is lost");
    CHECK_OK(ledger_checkpoint_get(l, "cat", "/p", &found, &got, &err), err);
    CHECK(!found, "another output's checkpoint");
    ledger_close(l);
    check_case("checkpoints: by stage and output, every field kept");
}

static void test_prior(void)
{
    struct ledger *l = open_fresh();
    struct ledger_outcome o = sample, like = sample;
    struct ledger_checkpoint c = {.execution = "e3"};
    struct ledger_prior prior;
    struct asid_err err;
    char hash[65], out[200];
    bool found;

    o.status = "failed";
    o.output_sha256 = NULL;
    CHECK_OK(ledger_commit(l, &o, 1, "cat", "/o", NULL, &err), err);
    o = sample;
    o.execution = "e2";
    o.attempts = 2;
    CHECK_OK(ledger_commit(l, &o, 1, "cat", "/o", NULL, &err), err);
    like.execution = "e3";
    CHECK_OK(ledger_prior_find(l, &like, &prior, &err), err);
    CHECK(prior.found && prior.attempts == 2, "attempts %u", prior.attempts);
    like.execution = "e2";
    CHECK_OK(ledger_prior_find(l, &like, &prior, &err), err);
    CHECK(prior.found && strcmp(prior.status, "failed") == 0, "%s",
          prior.status);
    like.options_sha256 = "other";
    CHECK_OK(ledger_prior_find(l, &like, &prior, &err), err);
    CHECK(!prior.found, "found with other options");
    CHECK_OK(ledger_prior_any(l, &like, &found, &err), err);
    CHECK(!found, "any with other options");
    CHECK_OK(
        ledger_outcome_find(l, "cat", "a", "in", "opt", &found, hash, &err),
        err);
    CHECK(found && strcmp(hash, "out") == 0, "accepted outcome not found");
    CHECK_OK(
        ledger_outcome_find(l, "cat", "b", "in", "opt", &found, hash, &err),
        err);
    CHECK(!found, "another record's outcome");
    CHECK_OK(ledger_begin_execution(l, "cat", "/o", &c, "e2", &err), err);
    CHECK_TEXT(ask(l, "SELECT count(*) FROM outcomes", out), "1");
    ledger_close(l);
    check_case("prior outcomes: the newest of other executions");
}

/* All verdicts of an execution on one line. */
static const char *verdicts_of(struct ledger *l, const char *execution,
                               char out[200])
{
    char sql[500];

    snprintf(sql, sizeof sql,
             "SELECT coalesce(group_concat(claim || ' ' || kind || ' ' ||"
             " coalesce(p, 'none') || ' ' || verdict || ' ' ||"
             " coalesce(reason, 'none'), '; '), '') FROM (SELECT * FROM"
             " verdicts WHERE execution = '%s' ORDER BY claim, kind)",
             execution);
    return ask(l, sql, out);
}

static void test_verdicts(void)
{
    struct ledger_verdict v[] = {
        {0, "scene", 0, "error", 0.25, "refuted", "m", "00", "why"},
        {0, "scene", -1, "missing", NAN, "complete", NULL, NULL, NULL},
    };
    struct ledger_outcome first = sample, second = sample;
    struct ledger_checkpoint c = {.execution = "e3"};
    struct ledger *l = open_fresh();
    struct asid_err err;
    char out[200];

    first.execution = "e1";
    first.verdicts = v;
    first.n_verdicts = 2;
    CHECK_OK(ledger_commit(l, &first, 1, "cat", "/o", NULL, &err), err);
    CHECK_TEXT(verdicts_of(l, "e1", out),
               "-1 missing none complete none; 0 error 0.25 refuted why");
    v[0].p = 0.75;
    v[0].verdict = "supported";
    CHECK_OK(ledger_commit(l, &first, 1, "cat", "/o", NULL, &err), err);
    CHECK_TEXT(verdicts_of(l, "e1", out),
               "-1 missing none complete none; 0 error 0.75 supported why");
    second.execution = "e2";
    second.reused_from = "e1";
    CHECK_OK(ledger_commit(l, &second, 1, "cat", "/o", NULL, &err), err);
    CHECK_TEXT(verdicts_of(l, "e2", out),
               "-1 missing none complete none; 0 error 0.75 supported why");
    v[0].kind = "nonsense";
    first.execution = "e4";
    CHECK(ledger_commit(l, &first, 1, "cat", "/o", NULL, &err) == ASID_FAILED,
          "a kind that is none");
    CHECK_TEXT(verdicts_of(l, "e4", out), "");
    CHECK_OK(ledger_begin_execution(l, "cat", "/o", &c, "e1", &err), err);
    CHECK_TEXT(verdicts_of(l, "e1", out), "");
    CHECK(*verdicts_of(l, "e2", out), "the others");
    ledger_close(l);
    check_case("verdicts go with their outcome: in, over and away");
}

static void test_replies(void)
{
    struct ledger *l = open_fresh();
    const struct ledger_reply given = {{"a\0b", 3}, 7000000000, 12};
    const struct ledger_reply empty = {STR(""), 1, 0};
    struct arena a = ARENA_INIT;
    struct ledger_reply reply = {0};
    struct asid_err err;
    bool found = true;

    CHECK_OK(ledger_reply_get(l, "q", &a, &found, &reply, &err), err);
    CHECK(!found, "a reply to a question nobody asked");
    CHECK_OK(ledger_reply_put(l, "q", "m", &given, &err), err);
    CHECK_OK(ledger_reply_put(l, "e", "m", &empty, &err), err);
    CHECK_OK(ledger_reply_get(l, "q", &a, &found, &reply, &err), err);
    CHECK(found && str_eq(reply.text, given.text), "%zu", reply.text.n);
    CHECK(reply.tokens_in == 7000000000 && reply.tokens_out == 12,
          "%llu in, %llu out", (unsigned long long)reply.tokens_in,
          (unsigned long long)reply.tokens_out);
    CHECK_OK(ledger_reply_get(l, "e", &a, &found, &reply, &err), err);
    CHECK(found && reply.text.n == 0 && reply.tokens_in == 1, "%zu",
          reply.text.n);
    arena_release(&a);
    ledger_close(l);
    check_case("replies: bytes in, bytes out, with what they took");
}

/* As version 1 left it: a table of replies without tokens. */
static void make_old(void)
{
    char command[600];
    struct asid_err err;
    struct ledger *l = open_fresh();

    CHECK_OK(ledger_commit(l, &sample, 1, "cat", "/o", NULL, &err), err);
    ledger_close(l);
    snprintf(command, sizeof command,
             "sqlite3 %s \"ALTER TABLE replies DROP COLUMN tokens_in;"
             " ALTER TABLE replies DROP COLUMN tokens_out;"
             " INSERT INTO replies VALUES ('q', 'm', x'78', 'then');"
             " ALTER TABLE outcomes DROP COLUMN beside;"
             " DROP TABLE settings; PRAGMA user_version = 1;\"",
             path);
    CHECK(system(command) == 0, "cannot make a ledger of version 1");
}

static void check_same_tables(struct ledger *old)
{
    static const char tables[] =
        "SELECT group_concat(m.name || '.' || p.cid || p.name || p.type ||"
        " p.\"notnull\" || ifnull(p.dflt_value, '-'), ' ') FROM"
        " sqlite_schema AS m, pragma_table_info(m.name) AS p"
        " WHERE m.name = 'replies' OR (m.name = 'outcomes' AND p.cid > 13)";
    struct ledger *fresh;
    char got[200], want[200];

    ask(old, tables, got);
    fresh = open_fresh();
    CHECK_TEXT(got, ask(fresh, tables, want));
    ledger_close(fresh);
}

static void test_older(void)
{
    struct arena a = ARENA_INIT;
    struct ledger_reply reply = {0};
    struct ledger *l = NULL;
    struct asid_err err;
    bool found = false;
    char out[200];

    make_old();
    CHECK_OK(ledger_open_readonly(path, &l, &err), err);
    CHECK_TEXT(ask(l, "SELECT record_id FROM outcomes", out), "a");
    CHECK_TEXT(ask(l, "PRAGMA user_version", out), "1");
    ledger_close(l);
    CHECK_OK(ledger_open(path, &l, &err), err);
    CHECK_TEXT(ask(l, "PRAGMA user_version", out), "4");
    CHECK_TEXT(ask(l, "SELECT record_id FROM outcomes", out), "a");
    CHECK_OK(ledger_reply_get(l, "q", &a, &found, &reply, &err), err);
    CHECK(found && str_is(reply.text, "x") && reply.tokens_in == 0, "%zu",
          reply.text.n);
    reply.tokens_in = 5;
    CHECK_OK(ledger_reply_put(l, "q", "m", &reply, &err), err);
    CHECK_TEXT(ask(l, "SELECT tokens_in FROM replies", out), "5");
    check_same_tables(l);
    ledger_close(l);
    arena_release(&a);
    check_case("a ledger of version 1 is asked as it is, written as version 4");
}

static void *open_and_close(void *user)
{
    struct ledger *l = NULL;
    struct asid_err err = {0};
    bool *good = user;

    *good = ledger_open(path, &l, &err) == ASID_OK;
    if (!*good)
        printf("# %s\n", err.text);
    ledger_close(l);
    return NULL;
}

static void test_older_at_once(void)
{
    pthread_t threads[6];
    bool good[6] = {false};

    make_old();
    for (int i = 0; i < 6; i++)
        CHECK(pthread_create(&threads[i], NULL, open_and_close, &good[i]) == 0,
              "thread %d", i);
    for (int i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
        CHECK(good[i], "opening %d failed", i);
    }
    check_case("several may open a ledger of version 1 at once");
}

static void refuse(const char *name, const char *bytes, size_t n,
                   const char *why)
{
    struct ledger *l = NULL;
    struct asid_err err = {0};
    char file[200];
    FILE *f;

    snprintf(file, sizeof file, "%s/%s", dir, name);
    f = fopen(file, "w");
    CHECK(f && fwrite(bytes, 1, n, f) == n, "cannot write %s", file);
    if (f)
        fclose(f);
    CHECK(ledger_open(file, &l, &err) == ASID_FAILED, "%s was opened", name);
    CHECK(strstr(err.text, file) && strstr(err.text, why), "%s", err.text);
    CHECK(ledger_open_readonly(file, &l, &err) == ASID_FAILED,
          "%s was opened for reading", name);
}

static void test_foreign(void)
{
    static char text[5000];
    struct ledger *l = NULL;
    struct asid_err err;
    struct stat st;

    memset(text, 'x', sizeof text);
    refuse("text", text, sizeof text, "not a database");
    CHECK(ledger_open_readonly("/nowhere/l.db", &l, &err) == ASID_FAILED &&
              strstr(err.text, "no such ledger"),
          "%s", err.text);
    CHECK(ledger_open("/nowhere/l.db", &l, &err) == ASID_FAILED, "opened");
    CHECK(ledger_open(dir, &l, &err) == ASID_FAILED, "a folder was opened");
    CHECK(ledger_open("/proc/self/l.db", &l, &err) == ASID_FAILED,
          "created in /proc");
    CHECK(stat("/nowhere", &st) < 0, "a folder was made");
    check_case("files that are no ledger are refused by name");
}

static void test_readonly(void)
{
    struct ledger *l = open_fresh(), *r = NULL;
    struct asid_err err;
    char out[200];

    CHECK_OK(ledger_commit(l, &sample, 1, "cat", "/o", NULL, &err), err);
    CHECK_OK(ledger_open_readonly(path, &r, &err), err);
    CHECK_TEXT(ask(r, "SELECT record_id FROM outcomes", out), "a");
    CHECK(ledger_commit(r, &sample, 1, "cat", "/o", NULL, &err) == ASID_FAILED,
          "written through a reading ledger");
    CHECK(ledger_query(l, "DELETE FROM outcomes", NULL, 0, first_value, out,
                       &err) == ASID_FAILED,
          "a question deleted rows");
    CHECK(ledger_query(l, "SELECT 1; DELETE FROM outcomes", NULL, 0,
                       first_value, out, &err) == ASID_FAILED,
          "two statements were one question");
    CHECK(ledger_query(l, "SELECT nonsense", NULL, 0, first_value, out, &err) ==
              ASID_FAILED,
          "nonsense was answered");
    ledger_close(r);
    ledger_close(l);
    check_case("questions only read");
}

struct many {
    struct ledger *l;
    char execution[40];
    int failed;
};

static void *write_many(void *user)
{
    struct many *m = user;
    const struct ledger_reply x = {.text = STR("x")};
    struct ledger_outcome o = sample;
    struct asid_err err;

    o.execution = m->execution;
    for (uint64_t i = 1; i <= 50; i++) {
        o.seq = i;
        m->failed +=
            ledger_commit(m->l, &o, 1, "cat", m->execution, NULL, &err) != 0;
        m->failed += ledger_reply_put(m->l, m->execution, "m", &x, &err) != 0;
    }
    return NULL;
}

static void test_threads(void)
{
    struct ledger *l = open_fresh(), *second = NULL;
    struct many many[6];
    pthread_t threads[6];
    struct asid_err err;
    char out[200];

    CHECK_OK(ledger_open(path, &second, &err), err);
    for (int i = 0; i < 6; i++) {
        many[i] = (struct many){.l = i % 2 ? second : l};
        snprintf(many[i].execution, sizeof many[i].execution, "e%d", i);
        CHECK(pthread_create(&threads[i], NULL, write_many, &many[i]) == 0,
              "thread %d", i);
    }
    for (int i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
        CHECK(many[i].failed == 0, "thread %d: %d failed", i, many[i].failed);
    }
    CHECK_TEXT(ask(l, "SELECT count(*) FROM outcomes", out), "300");
    ledger_close(second);
    ledger_close(l);
    check_case("several threads and connections write at once");
}

int main(void)
{
    char command[300];

    if (!mkdtemp(dir))
        return 1;
    test_runs();
    test_outcomes();
    test_checkpoints();
    test_prior();
    test_verdicts();
    test_replies();
    test_older();
    test_older_at_once();
    test_foreign();
    test_readonly();
    test_threads();
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) != 0 || check_done();
}
