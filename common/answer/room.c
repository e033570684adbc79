/* Memory for records that are worked on at once. */
#include "room.h"

#include <pthread.h>
#include <stdlib.h>

#include "asid/base/arena.h"

struct holding {
    const void *who;
    size_t bytes;
    struct holding *next;
};

struct room {
    size_t limit;
    pthread_mutex_t lock;  /* of all that follows */
    pthread_cond_t change; /* some bytes are free again, or somebody left */
    struct holding *first; /* one for each that holds some */
    size_t held;           /* bytes of all of them */
    size_t waiting;        /* those that wait */
    size_t inputs;         /* bytes of their inputs */
    size_t entered;        /* between room_enter and room_leave */
    /* The most that a plan had so far: its own, and what all share. */
    size_t own;
    struct omni_plan shared;
};

struct room *room_open(size_t limit)
{
    struct room *r = mem_alloc(sizeof *r);

    r->limit = limit;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->change, NULL);
    return r;
}

void room_close(struct room *r)
{
    if (!r)
        return;
    BUG_IF(r->first || r->waiting || r->entered);
    pthread_cond_destroy(&r->change);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

size_t room_waiting(struct room *r)
{
    size_t n;

    pthread_mutex_lock(&r->lock);
    n = r->waiting;
    pthread_mutex_unlock(&r->lock);
    return n;
}

/* Where the holding of `who` hangs, or where one for it would. */
static struct holding **holding_of(struct room *r, const void *who)
{
    struct holding **at = &r->first;

    while (*at && (*at)->who != who)
        at = &(*at)->next;
    return at;
}

static void add(struct room *r, const void *who, size_t bytes)
{
    struct holding **at = holding_of(r, who);

    if (!*at) {
        *at = mem_alloc(sizeof **at);
        (*at)->who = who;
    }
    (*at)->bytes += bytes;
    r->held += bytes;
}

/* Until it fits, or does not though nobody holds anything. Inputs are there
 * before their plan is, so that who waits has them already. */
static enum asid_rc wait_for(struct room *r, const struct omni_plan *plan,
                             struct asid_err *err)
{
    enum asid_rc rc;

    for (;;) {
        size_t beside = r->first ? r->held + r->inputs : 0;

        rc = omni_plan_check(plan, beside, r->limit, err);
        if (rc == ASID_OK || !r->first)
            return rc;
        r->waiting++;
        r->inputs += plan->inputs;
        pthread_cond_wait(&r->change, &r->lock);
        r->inputs -= plan->inputs;
        r->waiting--;
    }
}

static void remember(struct room *r, const struct omni_plan *plan, size_t own)
{
    r->own = own > r->own ? own : r->own;
    if (plan->weights > r->shared.weights)
        r->shared.weights = plan->weights;
    if (plan->kernels > r->shared.kernels)
        r->shared.kernels = plan->kernels;
}

/* Whether those that entered and one more are likely to fit. */
static bool is_wide(const struct room *r)
{
    struct omni_plan plan = r->shared;
    struct asid_err ignored;
    size_t beside;

    if (r->entered == 0)
        return true;
    if (r->own == 0 || !size_mul(r->entered + 1, r->own, &plan.kv_cache) ||
        !size_add(r->held, r->inputs, &beside))
        return false;
    return omni_plan_check(&plan, beside, r->limit, &ignored) == ASID_OK;
}

void room_enter(struct room *r, const void *who)
{
    pthread_mutex_lock(&r->lock);
    while (!*holding_of(r, who) && !is_wide(r))
        pthread_cond_wait(&r->change, &r->lock);
    r->entered++;
    pthread_mutex_unlock(&r->lock);
}

void room_leave(struct room *r)
{
    pthread_mutex_lock(&r->lock);
    r->entered--;
    pthread_cond_broadcast(&r->change);
    pthread_mutex_unlock(&r->lock);
}

enum asid_rc room_take(struct room *r, const void *who,
                       const struct omni_plan *plan, struct asid_err *err)
{
    size_t own = omni_plan_own(plan);
    const struct holding *mine;
    enum asid_rc rc;

    pthread_mutex_lock(&r->lock);
    remember(r, plan, own);
    mine = *holding_of(r, who);
    rc = omni_plan_check(plan, mine ? mine->bytes : 0, r->limit, err);
    if (rc == ASID_OK && !mine)
        rc = wait_for(r, plan, err);
    if (rc == ASID_OK && own > 0)
        add(r, who, own);
    pthread_mutex_unlock(&r->lock);
    return rc;
}

void room_give(struct room *r, const void *who, size_t bytes)
{
    struct holding **at, *h;

    if (bytes == 0)
        return;
    pthread_mutex_lock(&r->lock);
    at = holding_of(r, who);
    h = *at;
    BUG_IF(!h || h->bytes < bytes);
    h->bytes -= bytes;
    r->held -= bytes;
    if (h->bytes == 0) {
        *at = h->next;
        free(h);
    }
    pthread_cond_broadcast(&r->change);
    pthread_mutex_unlock(&r->lock);
}
