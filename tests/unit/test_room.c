/* Memory that records share: who fits goes in, who does not waits or fails. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "../../common/answer/room.h"
#include "check.h"

enum { WEIGHTS = 1000, LIMIT = 2000, THREADS = 8, VISITS = 300 };

static struct asid_err err;

static struct omni_plan plan_of(size_t own, size_t inputs)
{
    return (struct omni_plan){.weights = WEIGHTS,
                              .kv_cache = own - inputs - own / 8,
                              .activations = own / 8,
                              .inputs = inputs};
}

static void test_alone(void)
{
    struct room *r = room_open(LIMIT);
    struct omni_plan fits = plan_of(1000, 100), large = plan_of(1001, 100);
    struct omni_plan half = plan_of(500, 0), more = plan_of(501, 0);
    char a, b;

    CHECK(room_take(r, &a, &large, &err) == ASID_FAILED &&
              strstr(err.text, "allowed are"),
          "%s", err.text);
    CHECK_OK(room_take(r, &a, &fits, &err), err);
    CHECK(room_take(r, &b, &large, &err) == ASID_FAILED, "waited for nothing");
    CHECK(room_take(r, &a, &half, &err) == ASID_FAILED, "who has has room");
    room_give(r, &a, 500);
    CHECK(room_take(r, &a, &more, &err) == ASID_FAILED, "one byte more");
    CHECK_OK(room_take(r, &a, &half, &err), err);
    room_give(r, &a, 1000);
    CHECK_OK(room_take(r, &b, &fits, &err), err);
    room_give(r, &b, 0);
    room_give(r, &b, 1000);
    room_close(r);
    room_close(NULL);
    check_case("a plan that never fits fails, one that does goes in");
}

/* --- several ----------------------------------------------------------------- */

struct visitor {
    pthread_t thread;
    struct room *room;
    struct omni_plan plan;
    struct asid_err err;
    enum asid_rc rc;
    atomic_bool in;
};

static void *visit(void *user)
{
    struct visitor *v = user;

    v->rc = room_take(v->room, v, &v->plan, &v->err);
    atomic_store(&v->in, true);
    return NULL;
}

static void start(struct visitor *v, struct room *r, size_t own, size_t inputs)
{
    v->room = r;
    v->plan = plan_of(own, inputs);
    atomic_store(&v->in, false);
    CHECK(pthread_create(&v->thread, NULL, visit, v) == 0, "no thread");
}

static bool is_waiting_soon(struct room *r, size_t n)
{
    for (int i = 0; i < 2000 && room_waiting(r) != n; i++)
        usleep(5000);
    return room_waiting(r) == n;
}

static bool is_in_soon(struct visitor *v)
{
    for (int i = 0; i < 2000 && !atomic_load(&v->in); i++)
        usleep(5000);
    return atomic_load(&v->in);
}

/* Who came in goes again. */
static void leave(struct visitor *v, size_t own)
{
    pthread_join(v->thread, NULL);
    CHECK(v->rc == ASID_OK, "%s", v->err.text);
    room_give(v->room, v, own);
}

static void test_waiting(void)
{
    struct room *r = room_open(LIMIT);
    struct omni_plan first = plan_of(600, 0), more = plan_of(300, 0);
    struct visitor second, third;
    char a;

    CHECK_OK(room_take(r, &a, &first, &err), err);
    start(&second, r, 400, 0);
    CHECK(is_in_soon(&second), "both fit");
    start(&third, r, 500, 100);
    CHECK(is_waiting_soon(r, 1) && !atomic_load(&third.in), "three do not");
    /* It needs more before it can end: it must not wait for the third. */
    CHECK_OK(room_take(r, &a, &more, &err), err);
    room_give(r, &a, 900);
    CHECK(is_in_soon(&third), "room was given");
    leave(&second, 400);
    leave(&third, 500);
    room_close(r);
    check_case("who does not fit beside others waits for them");
}

static void test_inputs(void)
{
    struct room *r = room_open(LIMIT);
    struct omni_plan first = plan_of(600, 0);
    struct visitor large, small;
    char a;

    CHECK_OK(room_take(r, &a, &first, &err), err);
    start(&large, r, 700, 300);
    CHECK(is_waiting_soon(r, 1), "went in");
    start(&small, r, 300, 0);
    CHECK(is_waiting_soon(r, 2), "the inputs of who waits are there already");
    room_give(r, &a, 600);
    CHECK(is_in_soon(&large) && is_in_soon(&small), "both fit now");
    leave(&large, 700);
    leave(&small, 300);
    room_close(r);
    check_case("who waits has inputs, which count");
}

static void *enter(void *user)
{
    struct visitor *v = user;

    room_enter(v->room, v);
    atomic_store(&v->in, true);
    return NULL;
}

static void start_entering(struct visitor *v, struct room *r)
{
    v->room = r;
    atomic_store(&v->in, false);
    CHECK(pthread_create(&v->thread, NULL, enter, v) == 0, "no thread");
}

/* Before any plan is known one record decodes at a time; then as many as are
 * likely to fit. */
static void test_entering(void)
{
    struct room *r = room_open(LIMIT);
    struct omni_plan plan = plan_of(300, 100);
    struct visitor second, third;
    char a, b;

    room_enter(r, &a);
    start_entering(&second, r);
    usleep(50000);
    CHECK(!atomic_load(&second.in), "nothing is known");
    CHECK_OK(room_take(r, &a, &plan, &err), err);
    room_leave(r);
    CHECK(is_in_soon(&second), "the first has left");
    pthread_join(second.thread, NULL);
    room_enter(r, &b); /* 300 are held; two more fit, three would not */
    start_entering(&third, r);
    usleep(50000);
    CHECK(!atomic_load(&third.in), "three more of 300");
    room_enter(r, &a); /* who has some does not wait */
    room_leave(r);
    room_leave(r);
    CHECK(is_in_soon(&third), "one more has left");
    pthread_join(third.thread, NULL);
    room_leave(r);
    room_leave(r);
    room_give(r, &a, 300);
    room_close(r);
    check_case("as many decode at once as are likely to fit");
}

/* --- many -------------------------------------------------------------------- */

static _Atomic size_t held, most;

static void *visit_often(void *user)
{
    struct visitor *v = user;

    for (unsigned i = 0; i < VISITS; i++) {
        size_t own = 100 + (size_t)((uintptr_t)v / 64 + i * 37) % 700, now, old;
        struct omni_plan plan = plan_of(own, 0);

        v->rc = room_take(v->room, v, &plan, &v->err);
        if (v->rc != ASID_OK)
            return NULL;
        now = atomic_fetch_add(&held, own) + own;
        old = atomic_load(&most);
        while (now > old && !atomic_compare_exchange_weak(&most, &old, now))
            ;
        if (i % 8 == 0)
            usleep(20);
        atomic_fetch_sub(&held, own);
        room_give(v->room, v, own);
    }
    return NULL;
}

static void test_many(void)
{
    struct room *r = room_open(LIMIT);
    struct visitor v[THREADS];

    for (size_t i = 0; i < THREADS; i++) {
        v[i].room = r;
        CHECK(pthread_create(&v[i].thread, NULL, visit_often, &v[i]) == 0,
              "no thread");
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(v[i].thread, NULL);
        CHECK(v[i].rc == ASID_OK, "%s", v[i].err.text);
    }
    CHECK(atomic_load(&most) <= LIMIT - WEIGHTS, "%zu bytes at once",
          atomic_load(&most));
    room_close(r);
    check_case("together they never hold more than there is");
}

int main(void)
{
    test_alone();
    test_waiting();
    test_inputs();
    test_entering();
    test_many();
    return check_done();
}
