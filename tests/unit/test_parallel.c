/* The thread pool: every task runs once, on a known worker, with any number of
 * threads, and callers wait for each other. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "asid/nn/parallel.h"
#include "check.h"

enum { TASKS_MAX = 5000 };

struct tally {
    _Atomic unsigned runs[TASKS_MAX];
    _Atomic unsigned bad_workers;
    unsigned threads;
    size_t plain[TASKS_MAX]; /* written by tasks, read by the caller */
};

static void count_task(void *user, size_t task, unsigned worker)
{
    struct tally *t = user;

    atomic_fetch_add(&t->runs[task], 1);
    if (worker >= t->threads)
        atomic_fetch_add(&t->bad_workers, 1);
    t->plain[task] = task + 1;
}

static void try_threads(unsigned threads, size_t n)
{
    struct asid_err err;
    struct parallel *p = NULL;
    struct tally *t = calloc(1, sizeof *t);
    size_t wrong = 0;

    if (!t)
        return;
    CHECK_OK(parallel_open(threads, &p, &err), err);
    if (!p)
        goto out;
    t->threads = parallel_threads(p);
    parallel_for(p, n, count_task, t);
    for (size_t i = 0; i < TASKS_MAX; i++)
        wrong += t->runs[i] != (i < n) || t->plain[i] != (i < n ? i + 1 : 0);
    CHECK(wrong == 0, "%zu of %zu tasks with %u threads", wrong, n, threads);
    CHECK(t->bad_workers == 0, "%u threads", threads);
out:
    parallel_close(p);
    free(t);
}

static void test_every_task_once(void)
{
    static const size_t counts[] = {0, 1, 2, 3, 7, 64, TASKS_MAX};

    for (unsigned threads = 1; threads <= 5; threads++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            try_threads(threads, counts[i]);
    check_case("every task runs exactly once, on a worker of the pool");
}

static void add_task(void *user, size_t task, unsigned worker)
{
    _Atomic size_t *sum = user;

    (void)worker;
    atomic_fetch_add(sum, task + 1);
}

static void test_many_jobs(void)
{
    enum { JOBS = 20000 };
    struct asid_err err;
    struct parallel *p = NULL;
    size_t wrong = 0;

    CHECK_OK(parallel_open(3, &p, &err), err);
    for (size_t job = 0; p && job < JOBS; job++) {
        _Atomic size_t sum = 0;
        size_t n = job % 7;

        parallel_for(p, n, add_task, &sum);
        wrong += sum != n * (n + 1) / 2;
    }
    CHECK(wrong == 0, "%zu of %d jobs", wrong, JOBS);
    parallel_close(p);
    check_case("short jobs in a row do not lose or repeat tasks");
}

static void test_pauses(void)
{
    struct asid_err err;
    struct parallel *p = NULL;
    size_t wrong = 0;

    CHECK_OK(parallel_open(2, &p, &err), err);
    for (int job = 0; p && job < 50; job++) {
        struct timespec nap = {0, 1000 * 1000};
        _Atomic size_t sum = 0;

        nanosleep(&nap, NULL); /* the other thread goes to sleep */
        parallel_for(p, 100, add_task, &sum);
        wrong += sum != 5050;
    }
    CHECK(wrong == 0, "%zu of 50 jobs", wrong);
    parallel_close(p);
    check_case("threads that went to sleep come back");
}

struct caller {
    struct parallel *pool;
    size_t wrong;
};

static void alone_task(void *user, size_t task, unsigned worker)
{
    (void)task;
    (void)worker;
    atomic_fetch_add((_Atomic size_t *)user, 1);
}

static void *call_often(void *user)
{
    struct caller *c = user;

    for (int i = 0; i < 500; i++) {
        _Atomic size_t sum = 0;

        parallel_for(c->pool, 20, alone_task, &sum);
        c->wrong += sum != 20;
    }
    return NULL;
}

static void test_callers_wait(void)
{
    struct asid_err err;
    struct parallel *p = NULL;
    struct caller callers[3];
    pthread_t threads[3];

    CHECK_OK(parallel_open(2, &p, &err), err);
    if (!p)
        return;
    for (int i = 0; i < 3; i++) {
        callers[i] = (struct caller){.pool = p};
        pthread_create(&threads[i], NULL, call_often, &callers[i]);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        CHECK(callers[i].wrong == 0, "caller %d: %zu", i, callers[i].wrong);
    }
    parallel_close(p);
    check_case("several callers take turns");
}

static void test_limits(void)
{
    struct asid_err err;
    struct parallel *p = NULL;

    CHECK(parallel_open(100000, &p, &err) == ASID_USAGE, "100000 threads");
    CHECK(p == NULL, "output written on failure");
    CHECK_OK(parallel_open(0, &p, &err), err);
    CHECK(p && parallel_threads(p) >= 1, "all cores");
    parallel_close(p);
    parallel_close(NULL);
    check_case("the number of threads is bounded, 0 means all cores");
}

int main(void)
{
    test_every_task_once();
    test_many_jobs();
    test_pauses();
    test_callers_wait();
    test_limits();
    return check_done();
}
