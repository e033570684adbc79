/*
 * A pool of threads for one caller.
 *
 * A job is open while it has tasks left to hand out. Threads that are awake
 * join it; a thread that the system did not schedule in time misses it, and
 * nobody waits for that one: the caller closes the job when the counter has run
 * out and waits only for the threads that joined. So a busy machine costs the
 * share of the missing thread, not a time slice of the scheduler.
 *
 * state holds the number of the job, whether it is open, and how many threads
 * are in it, in one word, so that joining and closing cannot cross.
 */
#include "asid/nn/parallel.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "asid/base/arena.h"
#include "asid/base/clock.h"
#include "asid/base/cpus.h"

enum {
    THREADS_MAX = 1024,
    SPINS = 64, /* looks between two looks at the clock */
};

static const double SPIN_SECONDS = 50e-6;
static const uint64_t OPEN = UINT64_C(1) << 31;
static const uint64_t JOINED = OPEN - 1; /* mask of the number of threads */

struct worker {
    struct parallel *pool;
    unsigned number;
    pthread_t thread;
};

struct parallel {
    unsigned threads;
    unsigned started; /* threads besides the caller */
    struct worker *workers;
    pthread_mutex_t caller; /* held by the caller of parallel_for */

    _Atomic uint64_t state; /* job << 32 | open << 31 | joined */
    _Atomic size_t next;    /* next task to hand out */
    size_t n;               /* these three are constant while a job is open */
    parallel_work work;
    void *user;

    pthread_mutex_t sleep;
    pthread_cond_t job_open, job_done;
    _Atomic unsigned sleeping; /* threads waiting for job_open */
    _Atomic bool caller_sleeps;
    _Atomic bool quit;
};

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void run_tasks(struct parallel *p, unsigned worker)
{
    size_t task;

    while ((task = atomic_fetch_add(&p->next, 1)) < p->n)
        p->work(p->user, task, worker);
}

/* An open job that is not the one seen last. */
static bool joinable(uint64_t state, uint32_t seen)
{
    return (state & OPEN) && (uint32_t)(state >> 32) != seen;
}

static bool wait_spinning(struct parallel *p, uint32_t seen)
{
    double end = clock_monotonic() + SPIN_SECONDS;

    do {
        for (unsigned i = 0; i < SPINS; i++) {
            if (joinable(atomic_load(&p->state), seen) || atomic_load(&p->quit))
                return true;
            pause_briefly();
        }
    } while (clock_monotonic() < end);
    return false;
}

/* The caller opens a job first and looks at `sleeping` afterwards; this side
 * counts itself first and looks at the state afterwards. One of them sees the
 * other. */
static void wait_sleeping(struct parallel *p, uint32_t seen)
{
    pthread_mutex_lock(&p->sleep);
    atomic_fetch_add(&p->sleeping, 1);
    while (!joinable(atomic_load(&p->state), seen) && !atomic_load(&p->quit))
        pthread_cond_wait(&p->job_open, &p->sleep);
    atomic_fetch_sub(&p->sleeping, 1);
    pthread_mutex_unlock(&p->sleep);
}

static bool join(struct parallel *p, uint32_t *seen)
{
    uint64_t state = atomic_load(&p->state);

    while (joinable(state, *seen)) {
        if (atomic_compare_exchange_weak(&p->state, &state, state + 1)) {
            *seen = (uint32_t)(state >> 32);
            return true;
        }
    }
    return false;
}

static void leave(struct parallel *p)
{
    uint64_t state = atomic_fetch_sub(&p->state, 1) - 1;

    if ((state & (OPEN | JOINED)) == 0 && atomic_load(&p->caller_sleeps)) {
        pthread_mutex_lock(&p->sleep);
        pthread_cond_signal(&p->job_done);
        pthread_mutex_unlock(&p->sleep);
    }
}

static void *worker_main(void *user)
{
    struct worker *w = user;
    struct parallel *p = w->pool;
    uint32_t seen = 0;

    while (!atomic_load(&p->quit)) {
        if (join(p, &seen)) {
            run_tasks(p, w->number);
            leave(p);
        } else if (!wait_spinning(p, seen)) {
            wait_sleeping(p, seen);
        }
    }
    return NULL;
}

static void open_job(struct parallel *p)
{
    uint64_t job = (uint32_t)((atomic_load(&p->state) >> 32) + 1);

    atomic_store(&p->next, 0);
    atomic_store(&p->state, (job ? job : 1) << 32 | OPEN);
    if (atomic_load(&p->sleeping)) {
        pthread_mutex_lock(&p->sleep);
        pthread_cond_broadcast(&p->job_open);
        pthread_mutex_unlock(&p->sleep);
    }
}

static void close_job(struct parallel *p)
{
    double end;

    if ((atomic_fetch_and(&p->state, ~OPEN) & JOINED) == 0)
        return;
    end = clock_monotonic() + SPIN_SECONDS;
    do {
        for (unsigned i = 0; i < SPINS; i++) {
            if ((atomic_load(&p->state) & JOINED) == 0)
                return;
            pause_briefly();
        }
    } while (clock_monotonic() < end);
    pthread_mutex_lock(&p->sleep);
    atomic_store(&p->caller_sleeps, true);
    while (atomic_load(&p->state) & JOINED)
        pthread_cond_wait(&p->job_done, &p->sleep);
    atomic_store(&p->caller_sleeps, false);
    pthread_mutex_unlock(&p->sleep);
}

void parallel_for(struct parallel *p, size_t n, parallel_work work, void *user)
{
    pthread_mutex_lock(&p->caller);
    if (n <= 1 || p->started == 0) {
        for (size_t task = 0; task < n; task++)
            work(user, task, 0);
    } else {
        p->n = n;
        p->work = work;
        p->user = user;
        open_job(p);
        run_tasks(p, 0);
        close_job(p);
    }
    pthread_mutex_unlock(&p->caller);
}

static unsigned all_cores(void)
{
    unsigned n = cpu_count();

    return n < THREADS_MAX ? n : THREADS_MAX;
}

/* Signals are for the thread that made the pool. */
static int start_quietly(struct worker *w)
{
    sigset_t all, before;
    int fault;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    fault = pthread_create(&w->thread, NULL, worker_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return fault;
}

enum asid_rc parallel_open(unsigned threads, struct parallel **out,
                           struct asid_err *err)
{
    struct parallel *p;

    if (threads == 0)
        threads = all_cores();
    if (threads > THREADS_MAX)
        return USAGE(err, "%u threads asked, at most %d are possible", threads,
                     THREADS_MAX);
    p = mem_alloc(sizeof *p);
    p->threads = threads;
    p->workers = mem_alloc(threads * sizeof *p->workers);
    pthread_mutex_init(&p->caller, NULL);
    pthread_mutex_init(&p->sleep, NULL);
    pthread_cond_init(&p->job_open, NULL);
    pthread_cond_init(&p->job_done, NULL);
    for (unsigned i = 1; i < threads; i++) {
        struct worker *w = &p->workers[i];

        *w = (struct worker){.pool = p, .number = i};
        errno = start_quietly(w);
        if (errno) {
            FAIL_ERRNO(err, "cannot start thread %u of %u", i + 1, threads);
            parallel_close(p);
            return ASID_FAILED;
        }
        p->started++;
    }
    *out = p;
    return ASID_OK;
}

void parallel_close(struct parallel *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->sleep);
    atomic_store(&p->quit, true);
    pthread_cond_broadcast(&p->job_open);
    pthread_mutex_unlock(&p->sleep);
    for (unsigned i = 1; i <= p->started; i++)
        pthread_join(p->workers[i].thread, NULL);
    pthread_cond_destroy(&p->job_done);
    pthread_cond_destroy(&p->job_open);
    pthread_mutex_destroy(&p->sleep);
    pthread_mutex_destroy(&p->caller);
    free(p->workers);
    free(p);
}

unsigned parallel_threads(const struct parallel *p)
{
    return p->threads;
}
