/*
 * Continuous batching: sessions of several threads on one set of kernels.
 *
 * The kernels go from thread to thread in turns. Whatever computes for one
 * session alone takes a turn, first come, first served. Sessions that generate
 * take none: each hands in its last token and waits, and when all have, or have
 * let enough turns pass, the thread of the first runs a step for those that wait,
 * the rows of one matrix (together.c). Between two steps a session only chooses its next token, in its
 * own thread, so that waiting for all of them is short; one that has ended is
 * not waited for, and one that begins is in the next step.
 *
 * Turns go before steps: a step of eight rows takes little longer than one of
 * one, so that every session should first get to where it generates. A step
 * that waits lets TURNS_AHEAD of them pass, no more.
 */
#include <pthread.h>
#include <stdlib.h>

#include "run_int.h"

enum { TURNS_AHEAD = 8 };

enum waiting { WAITS, HAS_KERNELS, IS_COMPUTED };

/* A thread that waits; lies on its stack. */
struct waiter {
    struct waiter *next;
    struct omni_session *session;
    pthread_cond_t wake;
    enum waiting state;
};

struct queue {
    struct waiter *first, *last;
    size_t n;
};

struct omni_batcher {
    const struct omni *omni;
    struct nn *nn;
    void *rows;           /* of whoever has the kernels */
    pthread_mutex_t lock; /* of all that follows */
    bool taken;           /* some thread has the kernels */
    struct queue turns, steps;
    size_t generating;    /* sessions that will hand in a token or end */
    unsigned turns_ahead; /* since the last step, while one waited */
};

/* --- queues; hold the lock -------------------------------------------------- */

static void push(struct queue *q, struct waiter *w)
{
    if (q->first)
        q->last->next = w;
    else
        q->first = w;
    q->last = w;
    q->n++;
}

static struct waiter *pop(struct queue *q)
{
    struct waiter *w = q->first;

    q->first = w->next;
    q->n--;
    return w;
}

static void wake(struct waiter *w, enum waiting state)
{
    w->state = state;
    pthread_cond_signal(&w->wake);
}

static bool is_step_due(const struct omni_batcher *b)
{
    size_t rows = b->generating < TOGETHER_MAX ? b->generating : TOGETHER_MAX;

    if (b->steps.n == 0)
        return false;
    if (b->turns.n == 0)
        return b->steps.n >= rows;
    /* Without the others, then: one may be in a callback for long. */
    return b->turns_ahead >= TURNS_AHEAD;
}

/* The kernels, when they are free, to who is next. To be called whenever that
 * may have changed. */
static void hand_on(struct omni_batcher *b)
{
    bool step = is_step_due(b);

    if (b->taken || (!step && b->turns.n == 0))
        return;
    b->taken = true;
    b->turns_ahead = !step && b->steps.n > 0 ? b->turns_ahead + 1 : 0;
    wake(pop(step ? &b->steps : &b->turns), HAS_KERNELS);
}

static void wait_in(struct omni_batcher *b, struct queue *q, struct waiter *w)
{
    pthread_cond_init(&w->wake, NULL);
    push(q, w);
    hand_on(b);
    while (w->state == WAITS)
        pthread_cond_wait(&w->wake, &b->lock);
    pthread_cond_destroy(&w->wake);
}

static void give_back(struct omni_batcher *b)
{
    b->taken = false;
    hand_on(b);
}

/* --- turns ------------------------------------------------------------------- */

void batcher_enter(struct omni_session *s)
{
    struct omni_batcher *b = s->options.batcher;
    struct waiter w = {.session = s};

    if (!b || s->entered++ > 0)
        return;
    pthread_mutex_lock(&b->lock);
    wait_in(b, &b->turns, &w);
    pthread_mutex_unlock(&b->lock);
}

void batcher_leave(struct omni_session *s)
{
    struct omni_batcher *b = s->options.batcher;

    if (!b || --s->entered > 0)
        return;
    pthread_mutex_lock(&b->lock);
    give_back(b);
    pthread_mutex_unlock(&b->lock);
}

/* --- steps ------------------------------------------------------------------- */

void batcher_begin(struct omni_session *s)
{
    struct omni_batcher *b = s->options.batcher;

    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    b->generating++;
    pthread_mutex_unlock(&b->lock);
}

void batcher_end(struct omni_session *s)
{
    struct omni_batcher *b = s->options.batcher;

    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    b->generating--;
    hand_on(b);
    pthread_mutex_unlock(&b->lock);
}

/* The rows of those that have waited longest, this thread's first. Hold the
 * lock; it is free while they are computed. */
static void run_step(struct omni_batcher *b, struct waiter *mine)
{
    struct waiter *row[TOGETHER_MAX] = {mine};
    struct omni_session *list[TOGETHER_MAX] = {mine->session};
    size_t n = 1;

    for (; n < TOGETHER_MAX && b->steps.n > 0; n++) {
        row[n] = pop(&b->steps);
        list[n] = row[n]->session;
    }
    pthread_mutex_unlock(&b->lock);
    together_step(list, n);
    pthread_mutex_lock(&b->lock);
    for (size_t i = 1; i < n; i++)
        wake(row[i], IS_COMPUTED);
    give_back(b);
}

void batcher_step(struct omni_session *s)
{
    struct omni_batcher *b = s->options.batcher;
    struct waiter w = {.session = s};

    BUG_IF(s->entered > 0 || s->done + 1 != s->n);
    pthread_mutex_lock(&b->lock);
    wait_in(b, &b->steps, &w);
    if (w.state == HAS_KERNELS)
        run_step(b, &w);
    pthread_mutex_unlock(&b->lock);
}

/* --- the whole --------------------------------------------------------------- */

struct nn *batcher_nn(const struct omni_batcher *b, const struct omni *omni)
{
    BUG_IF(b->omni != omni);
    return b->nn;
}

float *batcher_rows(const struct omni_batcher *b)
{
    return b->rows;
}

static void release(struct omni_batcher *b)
{
    nn_close(b->nn);
    free(b->rows);
    free(b);
}

enum asid_rc omni_batcher_open(const struct omni *omni, const char *kernels,
                               unsigned threads, struct omni_batcher **out,
                               struct asid_err *err)
{
    struct omni_batcher *b = mem_alloc(sizeof *b);
    size_t rows = decoder_rows_floats(&omni->config, CHUNK_TOKENS);
    enum asid_rc rc = mem_big(&b->rows, rows, sizeof(float), err);

    if (rc == ASID_OK)
        rc = nn_open(kernels ? kernels : "auto", threads, &b->nn, err);
    if (rc != ASID_OK) {
        release(b);
        return rc;
    }
    b->omni = omni;
    pthread_mutex_init(&b->lock, NULL);
    *out = b;
    return ASID_OK;
}

void omni_batcher_close(struct omni_batcher *b)
{
    if (!b)
        return;
    BUG_IF(b->taken || b->generating > 0);
    pthread_mutex_destroy(&b->lock);
    release(b);
}
