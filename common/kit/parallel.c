/*
 * Several records at once, results in input order.
 *
 * A ring of slots: the reader (the calling thread) fills them at `head`,
 * workers take them at `work`, the writer thread empties them at `tail`, so
 * tail <= work <= head <= tail + n always holds and the order of the input is
 * the order of the output. A slot's arena and buffers are reused by the next
 * record that comes round.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kit_int.h"

struct ring {
    struct kit *k;
    pthread_mutex_t lock;
    pthread_cond_t room, todo, done; /* for reader, workers, writer */
    struct slot *slots;
    size_t n;
    uint64_t head, work, tail;
    bool ended;      /* nothing more will be read */
    bool cut;        /* take no more slots: a signal, or the writer gave up */
    enum asid_rc rc; /* the writer's */
    struct asid_err err;
};

struct worker {
    struct ring *ring;
    unsigned number;
    pthread_t thread;
};

/* The first to see a signal keeps the others from beginning anything. Hold the
 * lock. */
static void look_for_signal(struct ring *r)
{
    if (!signals_caught() || r->cut)
        return;
    r->cut = true;
    pthread_cond_broadcast(&r->todo);
}

/* --- workers ------------------------------------------------------------------------ */

static void *work(void *user)
{
    struct worker *me = user;
    struct ring *r = me->ring;

    pthread_mutex_lock(&r->lock);
    for (;;) {
        struct slot *s;

        while (r->work == r->head && !r->ended && !r->cut)
            pthread_cond_wait(&r->todo, &r->lock);
        look_for_signal(r);
        if (r->cut || r->work == r->head)
            break;
        s = &r->slots[r->work++ % r->n];
        pthread_mutex_unlock(&r->lock);
        s->job.worker = me->number;
        slot_work(r->k, s);
        pthread_mutex_lock(&r->lock);
        s->state = SLOT_DONE;
        if (s == &r->slots[r->tail % r->n])
            pthread_cond_signal(&r->done);
    }
    pthread_cond_signal(&r->done);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* --- writer ------------------------------------------------------------------------- */

/* Commit and show progress while the next record is still being worked on. */
static enum asid_rc wait_done(struct ring *r)
{
    enum asid_rc rc;
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 100 * 1000 * 1000;
    if (until.tv_nsec >= 1000 * 1000 * 1000) {
        until.tv_nsec -= 1000 * 1000 * 1000;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&r->done, &r->lock, &until);
    look_for_signal(r);
    pthread_mutex_unlock(&r->lock);
    rc = writer_tick(r->k, &r->err);
    pthread_mutex_lock(&r->lock);
    return rc;
}

/* All that were begun are written; after a cut no more are begun. */
static bool is_finished(const struct ring *r)
{
    if (r->cut)
        return r->tail == r->work;
    return r->ended && r->tail == r->head;
}

static enum asid_rc write_slot(struct ring *r, struct slot *s)
{
    enum asid_rc rc;

    pthread_mutex_unlock(&r->lock);
    slot_order(r->k, s);
    rc = writer_take(r->k, s, &r->err);
    slot_reset(s);
    pthread_mutex_lock(&r->lock);
    r->tail++;
    pthread_cond_signal(&r->room);
    return rc;
}

static void *write_all(void *user)
{
    struct ring *r = user;
    enum asid_rc rc = ASID_OK;

    pthread_mutex_lock(&r->lock);
    while (rc == ASID_OK && !is_finished(r)) {
        struct slot *s = &r->slots[r->tail % r->n];

        rc = r->tail < r->work && s->state == SLOT_DONE ? write_slot(r, s)
                                                        : wait_done(r);
    }
    if (rc == ASID_OK && r->cut && !(r->ended && r->tail == r->head))
        rc = asid_fail(&r->err, ASID_STOPPED, NULL, "stopped");
    r->rc = rc;
    if (rc != ASID_OK) {
        /* Work in progress is of no use to anybody any more. */
        r->cut = true;
        r->k->stop = true;
        signals_wake();
    }
    pthread_cond_broadcast(&r->todo);
    pthread_cond_broadcast(&r->room);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* --- reader ------------------------------------------------------------------------- */

/* The next free slot, or NULL when the work is cut. */
static struct slot *free_slot(struct ring *r)
{
    struct slot *s;

    pthread_mutex_lock(&r->lock);
    while (r->head - r->tail == r->n && !r->cut)
        pthread_cond_wait(&r->room, &r->lock);
    s = r->cut || signals_caught() ? NULL : &r->slots[r->head % r->n];
    pthread_mutex_unlock(&r->lock);
    return s;
}

/* The reader's buffer changes under the worker's feet, so a copy. */
static void fill_slot(struct ring *r, struct slot *s, const struct line *line)
{
    run_fill(r->k, s, line);
    buf_reset(&s->copy);
    buf_str(&s->copy, line->text);
    s->line.text = buf_view(&s->copy);
    pthread_mutex_lock(&r->lock);
    s->state = SLOT_READ;
    r->head++;
    pthread_cond_signal(&r->todo);
    pthread_mutex_unlock(&r->lock);
}

static enum asid_rc read_all(struct ring *r, struct asid_err *err)
{
    enum asid_rc rc;
    struct line line;
    struct slot *s;
    bool got = true;

    for (;;) {
        s = free_slot(r);
        if (!s)
            return asid_fail(err, ASID_STOPPED, NULL, "stopped");
        rc = reader_next(&r->k->reader, &line, &got, err);
        if (rc != ASID_OK || !got)
            return rc;
        fill_slot(r, s, &line);
    }
}

/* After a signal: what is in flight is finished, the rest is left. After a
 * failed read: everything read before it is finished. */
static void end_input(struct ring *r, enum asid_rc rc)
{
    pthread_mutex_lock(&r->lock);
    r->ended = true;
    if (rc == ASID_STOPPED)
        r->cut = true;
    pthread_cond_broadcast(&r->todo);
    pthread_cond_broadcast(&r->done);
    pthread_mutex_unlock(&r->lock);
}

/* --- the whole ------------------------------------------------------------------------ */

static void ring_init(struct ring *r, struct kit *k, size_t n)
{
    pthread_condattr_t attr;

    *r = (struct ring){.k = k, .n = n};
    r->slots = mem_alloc(n * sizeof *r->slots);
    for (size_t i = 0; i < n; i++)
        slot_reset(&r->slots[i]);
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->room, NULL);
    pthread_cond_init(&r->todo, NULL);
    pthread_cond_init(&r->done, &attr);
    pthread_condattr_destroy(&attr);
}

static void ring_release(struct ring *r)
{
    for (size_t i = 0; i < r->n; i++)
        slot_release(&r->slots[i]);
    free(r->slots);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->room);
    pthread_cond_destroy(&r->todo);
    pthread_cond_destroy(&r->done);
}

/* As many workers as the system gives; *started may be less than wanted. */
static void start_workers(struct worker *workers, unsigned jobs, struct ring *r,
                          unsigned *started)
{
    for (*started = 0; *started < jobs; (*started)++) {
        struct worker *w = &workers[*started];

        *w = (struct worker){.ring = r, .number = *started};
        if (pthread_create(&w->thread, NULL, work, w) != 0)
            break;
    }
}

enum asid_rc run_parallel(struct kit *k, unsigned jobs, struct asid_err *err)
{
    struct worker *workers = mem_alloc(jobs * sizeof *workers);
    pthread_t writer;
    struct ring r;
    unsigned started = 0;
    enum asid_rc rc;
    bool writing;

    ring_init(&r, k, (size_t)jobs * 4);
    start_workers(workers, jobs, &r, &started);
    writing = pthread_create(&writer, NULL, write_all, &r) == 0;
    if (started == 0 || !writing) {
        rc = FAIL(err, "cannot start %u threads", jobs + 1);
        end_input(&r, ASID_STOPPED);
    } else {
        rc = read_all(&r, err);
        end_input(&r, rc);
    }
    if (writing)
        pthread_join(writer, NULL);
    for (unsigned i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    /* What the writer met lies before what the reader met. */
    if (r.rc != ASID_OK) {
        rc = r.rc;
        *err = r.err;
    }
    ring_release(&r);
    free(workers);
    return rc;
}
