/*
 * A stage for testing the runner. It does to each record what the record's
 * own "test" member asks for:
 *
 *   {"sleep": MS}      take that long
 *   {"reject": CODE}   refuse it, after changing it
 *   {"outage": true}   refuse it as model.failed while ASID_TEST_OUTAGE is set
 *   {"fail": true}     end the program
 *   {"bad": true}      make a record of the wrong shape
 *   {"set": VALUE}     put VALUE under the key "echo"
 *   {"tokens": N}      report N tokens in and 2 N out
 *   {"judge": N}       note N judgements, also when it is refused
 *
 * Each call is counted by one byte in the file ASID_TEST_CALLS names.
 */
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "asid/kit/stage.h"
#include "asid/ledger/ledger.h"

static void note_call(void)
{
    const char *path = getenv("ASID_TEST_CALLS");
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT, 0666) : -1;

    if (fd >= 0 && write(fd, ".", 1) != 1)
        abort();
    if (fd >= 0)
        close(fd);
}

static void take_time(const struct asid_cx *cx, int64_t ms)
{
    const struct timespec step = {0, 1000 * 1000};

    for (int64_t i = 0; i < ms && !asid_stopping(cx); i++)
        nanosleep(&step, NULL);
}

static void judge(struct asid_job *job, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const struct ledger_verdict v = {
            .attribute = "scene",
            .claim = i,
            .kind = "error",
            .p = i % 2 ? (double)NAN : (double)i / (double)n,
            .verdict = "supported",
            .model = i % 3 ? "m" : NULL,
            .reason = arena_printf(job->arena, "claim %lld of %s", (long long)i,
                                   job->id),
        };

        asid_judged(job, &v);
    }
}

static enum asid_rc echo(struct asid_job *job, struct asid_err *err)
{
    const struct json *test = json_get(job->record, "test");
    const char *code = json_text(json_get(test, "reject"));
    const struct json *set = json_get(test, "set");
    int64_t n = 0;

    note_call();
    if (json_i64(json_get(test, "sleep"), &n))
        take_time(job->cx, n);
    if (json_i64(json_get(test, "tokens"), &n)) {
        job->tokens_in += (uint64_t)n;
        job->tokens_out += 2 * (uint64_t)n;
    }
    if (json_i64(json_get(test, "judge"), &n))
        judge(job, n);
    if (set)
        json_set(job->arena, job->record, "echo", json_copy(job->arena, set));
    if (json_bool(json_get(test, "outage")) && getenv("ASID_TEST_OUTAGE"))
        return REJECT(err, "model.failed", "no answer");
    if (code) {
        json_set_text(job->arena, job->record, "echo", "changed");
        return REJECT(err, code, "asked for");
    }
    if (json_bool(json_get(test, "fail")))
        return FAIL(err, "the model is gone");
    if (json_bool(json_get(test, "bad")))
        json_set_i64(job->arena, job->record, "sources", 3);
    return ASID_OK;
}

static const char *identity(const struct asid_cx *cx)
{
    (void)cx;
    return getenv("ASID_TEST_IDENTITY");
}

const struct asid_stage asid_stage = {
    .name = "cat",
    .record = echo,
    .identity = identity,
};
