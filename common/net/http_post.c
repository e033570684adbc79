/*
 * Sending requests: who may fly, who waits until when, who is asked again.
 *
 * The thread that posts drives its own transfers, so nothing outlives a call
 * and `take` needs no lock. Places in flight are shared by all threads; a lane
 * keeps connections from call to call.
 */
#include <stdlib.h>

#include "asid/base/arena.h"
#include "asid/base/clock.h"
#include "asid/base/hash.h"
#include "http_int.h"

enum { MOST_CHANGES = 3 };      /* of a request that the server refuses */
static const double LOOK = 0.1; /* seconds between two looks at `stopping` */
static const double LONGEST_BACKOFF = 60;

enum task_state { WAITING, FLYING, OVER };

struct task {
    struct http_request *request;
    struct try try;
    enum task_state state;
    double due;    /* clock_monotonic, while waiting */
    double waited; /* seconds, of back-off */
    unsigned failed, limited, dead, changed;
};

struct post {
    struct http *http;
    struct lane *lane;
    struct task *tasks;
    size_t n, flying, over;
    bool starved; /* somebody is due and there was no place */
};

/* --- places and lanes ------------------------------------------------------ */

static bool take_place(struct http *h)
{
    bool got;

    pthread_mutex_lock(&h->lock);
    got = h->flying < h->options.in_flight;
    h->flying += got;
    pthread_mutex_unlock(&h->lock);
    return got;
}

static void free_place(struct http *h)
{
    pthread_mutex_lock(&h->lock);
    h->flying--;
    pthread_cond_signal(&h->freed);
    pthread_mutex_unlock(&h->lock);
}

static void wait_for_place(struct http *h, double seconds)
{
    double until = clock_monotonic() + seconds;
    struct timespec t = {(time_t)until,
                         (long)((until - (double)(time_t)until) * 1e9)};

    pthread_mutex_lock(&h->lock);
    if (h->flying >= h->options.in_flight)
        pthread_cond_timedwait(&h->freed, &h->lock, &t);
    pthread_mutex_unlock(&h->lock);
}

static enum asid_rc take_lane(struct http *h, struct lane **out,
                              struct asid_err *err)
{
    struct lane *lane;

    pthread_mutex_lock(&h->lock);
    lane = h->lanes;
    if (lane)
        h->lanes = lane->next;
    pthread_mutex_unlock(&h->lock);
    if (!lane) {
        CURLM *multi = h->curl.multi_init();

        if (!multi)
            return FAIL(err, "no memory for a connection to %s", h->url);
        h->curl.multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                             (long)h->options.in_flight);
        lane = mem_alloc(sizeof *lane);
        lane->multi = multi;
    }
    lane->next = NULL;
    *out = lane;
    return ASID_OK;
}

static void give_lane(struct http *h, struct lane *lane)
{
    pthread_mutex_lock(&h->lock);
    lane->next = h->lanes;
    h->lanes = lane;
    pthread_mutex_unlock(&h->lock);
}

/* The server asked everybody to rest. */
static void hold_back(struct http *h, double until)
{
    pthread_mutex_lock(&h->lock);
    if (until > h->not_before)
        h->not_before = until;
    pthread_mutex_unlock(&h->lock);
}

static double held_until(struct http *h)
{
    double until;

    pthread_mutex_lock(&h->lock);
    until = h->not_before;
    pthread_mutex_unlock(&h->lock);
    return until;
}

/* --- when again ------------------------------------------------------------ */

/* Doubled each time, shortened by up to a half: by a hash, so that a run can be
 * repeated and yet many requests do not come back in step. */
static double back_off(const struct http *h, const struct task *t)
{
    uint64_t mix = hash_u64(t->try.body);
    unsigned sent = t->request->tries;
    double pause = h->options.pause;
    double share;

    mix ^= 0x9e3779b97f4a7c15u * (sent + 1);
    mix ^= mix >> 29;
    mix *= 0xbf58476d1ce4e5b9u;
    share = (double)(mix >> 11) * 0x1p-53;
    for (unsigned i = 1; i < sent && pause < LONGEST_BACKOFF; i++)
        pause *= 2;
    if (pause > LONGEST_BACKOFF)
        pause = LONGEST_BACKOFF;
    return pause * (1 - 0.5 * share);
}

/* False when it has been tried often enough. */
static bool plan_again(struct post *p, struct task *t)
{
    const struct http_options *o = &p->http->options;
    double pause = back_off(p->http, t);
    unsigned most = o->tries;
    unsigned *count = &t->failed;

    if (t->try.end == TRY_LATER) {
        most = HTTP_TRIES_LIMITED;
        count = &t->limited;
    } else if (t->try.end == TRY_DEAD) {
        if (!p->http->answered && most > HTTP_TRIES_DEAD)
            most = HTTP_TRIES_DEAD;
        count = &t->dead;
    }
    if (t->try.pause > pause)
        pause = t->try.pause;
    if (++*count >= most || t->waited + pause > o->max_wait)
        return false;
    t->waited += pause;
    t->due = clock_monotonic() + pause;
    if (t->try.pause > 0)
        hold_back(p->http, t->due);
    t->state = WAITING;
    return true;
}

/* --- outcomes -------------------------------------------------------------- */

static void set_over(struct post *p, struct task *t, enum asid_rc rc)
{
    t->state = OVER;
    t->request->rc = rc;
    p->over++;
}

static void reject(struct post *p, struct task *t, const char *said)
{
    struct asid_err *err = &t->request->err;

    if (t->request->tries > 1)
        REJECT(err, "model.failed", "the endpoint %s (asked %u times)", said,
               t->request->tries);
    else
        REJECT(err, "model.failed", "the endpoint %s", said);
    set_over(p, t, ASID_REJECT);
}

/* A 2xx reply: is it what was asked for? */
static enum asid_rc look(struct post *p, struct task *t, struct asid_err *err)
{
    struct http_request *r = t->request;
    enum asid_rc rc = ASID_OK;

    r->err = (struct asid_err){0};
    if (r->take)
        rc = r->take(r->user, r, buf_view(&t->try.reply), &r->err);
    if (rc != ASID_OK && rc != ASID_REJECT) {
        *err = r->err;
        return rc;
    }
    if (rc == ASID_REJECT && !r->settled) {
        t->try.end = TRY_AGAIN;
        if (plan_again(p, t))
            return ASID_OK;
        asid_err_within(&r->err, "asked %u times", r->tries);
    }
    set_over(p, t, rc);
    return ASID_OK;
}

/* A refused request that has another form is sent in that one, at once. */
static bool is_changed(struct task *t)
{
    struct http_request *r = t->request;

    if (!r->refused || t->changed >= MOST_CHANGES ||
        !r->refused(r->user, buf_view(&t->try.reply)))
        return false;
    t->changed++;
    t->state = WAITING;
    t->due = 0;
    return true;
}

static enum asid_rc judge(struct post *p, struct task *t, struct asid_err *err)
{
    switch (t->try.end) {
    case TRY_DONE:
        return look(p, t, err);
    case TRY_REFUSED:
        if (!t->try.too_long && is_changed(t))
            return ASID_OK;
        reject(p, t, t->try.said);
        return ASID_OK;
    case TRY_AGAIN:
    case TRY_LATER:
        if (!plan_again(p, t))
            reject(p, t, t->try.said);
        return ASID_OK;
    case TRY_DEAD:
        if (plan_again(p, t))
            return ASID_OK;
        break;
    case TRY_FATAL:
        break;
    }
    return FAIL(err, "endpoint %s%s: %s", p->http->url, t->request->path,
                t->try.said);
}

/* --- flying ---------------------------------------------------------------- */

static void land(struct post *p, struct task *t)
{
    p->http->curl.multi_remove_handle(p->lane->multi, t->try.easy);
    p->flying--;
    free_place(p->http);
}

static enum asid_rc launch(struct post *p, struct task *t, struct asid_err *err)
{
    enum asid_rc rc = try_start(&t->try, p->http, t->request, err);

    if (rc == ASID_OK &&
        p->http->curl.multi_add_handle(p->lane->multi, t->try.easy) != CURLM_OK)
        rc = FAIL(err, "libcurl takes no request to %s", p->http->url);
    if (rc != ASID_OK) {
        try_release(&t->try);
        free_place(p->http);
        return rc;
    }
    t->request->tries++;
    t->state = FLYING;
    p->flying++;
    return ASID_OK;
}

/* Start whoever is due; *next gets when the next one is. */
static enum asid_rc launch_due(struct post *p, double *next,
                               struct asid_err *err)
{
    double now = clock_monotonic();
    double held = held_until(p->http);

    *next = now + LOOK;
    p->starved = false;
    for (size_t i = 0; i < p->n && !p->starved; i++) {
        struct task *t = &p->tasks[i];
        double due = t->due > held ? t->due : held;

        if (t->state != WAITING)
            continue;
        if (due > now)
            *next = due < *next ? due : *next;
        else if (take_place(p->http))
            TRY(launch(p, t, err));
        else
            p->starved = true;
    }
    return ASID_OK;
}

static enum asid_rc collect(struct post *p, struct asid_err *err)
{
    struct curl_api *c = &p->http->curl;
    CURLMsg *m;
    int left;

    while ((m = c->multi_info_read(p->lane->multi, &left)) != NULL) {
        struct try *found = NULL;
        struct task *t;
        enum asid_rc rc;

        if (m->msg != CURLMSG_DONE)
            continue;
        c->easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&found);
        t = (struct task *)((char *)found - offsetof(struct task, try));
        try_finish(found, m->data.result);
        land(p, t);
        rc = judge(p, t, err);
        try_release(&t->try);
        if (rc != ASID_OK) {
            t->state = WAITING; /* it has landed, and has no outcome */
            return rc;
        }
    }
    return ASID_OK;
}

static enum asid_rc step(struct post *p, double next, struct asid_err *err)
{
    struct curl_api *c = &p->http->curl;
    double wait = next - clock_monotonic();
    CURLMcode code = CURLM_OK;
    int running;

    if (wait < 0.001)
        wait = 0.001;
    if (p->flying == 0 && p->starved) {
        wait_for_place(p->http, wait);
        return ASID_OK;
    }
    /* Without transfers this only sleeps. A freed place is looked for more
     * often, since nothing wakes the poll. */
    if (p->starved && wait > 0.02)
        wait = 0.02;
    code = c->multi_perform(p->lane->multi, &running);
    if (code == CURLM_OK && (size_t)running == p->flying)
        code = c->multi_poll(p->lane->multi, NULL, 0, (int)(wait * 1000) + 1,
                             NULL);
    if (code == CURLM_OK)
        code = c->multi_perform(p->lane->multi, &running);
    if (code != CURLM_OK)
        return FAIL(err, "libcurl cannot go on with %s (error %d)",
                    p->http->url, (int)code);
    return collect(p, err);
}

static void give_up(struct post *p, enum asid_rc rc, const struct asid_err *err)
{
    for (size_t i = 0; i < p->n; i++) {
        struct task *t = &p->tasks[i];

        if (t->state == FLYING)
            land(p, t);
        try_release(&t->try);
        if (rc != ASID_OK && t->state != OVER) {
            t->request->rc = rc;
            t->request->err = *err;
        }
    }
}

enum asid_rc http_post_all(struct http *h, struct http_request *r, size_t n,
                           struct asid_err *err)
{
    struct post p = {.http = h, .n = n};
    enum asid_rc rc;
    double next = 0;

    if (n == 0)
        return ASID_OK;
    rc = take_lane(h, &p.lane, err);
    if (rc != ASID_OK)
        return rc;
    p.tasks = mem_alloc(n * sizeof *p.tasks);
    memset(p.tasks, 0, n * sizeof *p.tasks);
    for (size_t i = 0; i < n; i++) {
        p.tasks[i].request = &r[i];
        r[i].tries = 0;
        r[i].settled = false;
    }
    while (rc == ASID_OK && p.over < n) {
        if (h->options.stopping && h->options.stopping(h->options.user))
            rc = asid_fail(err, ASID_STOPPED, NULL, "stopped");
        if (rc == ASID_OK)
            rc = launch_due(&p, &next, err);
        if (rc == ASID_OK)
            rc = step(&p, next, err);
    }
    give_up(&p, rc, err);
    free(p.tasks);
    give_lane(h, p.lane);
    return rc;
}

enum asid_rc http_post(struct http *h, struct http_request *r,
                       struct asid_err *err)
{
    TRY(http_post_all(h, r, 1, err));
    if (r->rc != ASID_OK)
        *err = r->err;
    return r->rc;
}
