/*
 * Sessions of several threads on one set of kernels: each computes the bits it
 * computes alone, whatever the others do, fail at or are stopped in; tokens go
 * together, and nobody starves.
 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#include "asid/omni/omni.h"
#include "vectors.h"

static struct omni *omni;
static size_t vocab;

/* --- what one thread does ---------------------------------------------------- */

/* A thread with a session: everything that it gets to know goes into seen. */
struct user {
    struct omni_batcher *batcher; /* NULL: alone */
    size_t number;                /* decides what it does */
    struct omni_session *s;
    struct buf seen;
    int ticks; /* of the progress callback until it stops; 0: never */
    pthread_t thread;
};

static void see_rc(struct user *u, enum asid_rc rc, const struct asid_err *err)
{
    buf_printf(&u->seen, "rc %d %s\n", (int)rc, rc ? err->text : "");
}

static void see_logits(struct user *u)
{
    const float *logits = omni_logits(u->s);

    buf_printf(&u->seen, "%zu tokens\n", omni_length(u->s));
    if (logits)
        buf_add(&u->seen, logits, vocab * sizeof *logits);
}

static int stops(void *user, double done)
{
    struct user *u = user;

    (void)done;
    return u->ticks > 0 && --u->ticks == 0;
}

static void open_session(struct user *u, size_t capacity)
{
    const struct omni_run_options options = {.batcher = u->batcher,
                                             .threads = 1,
                                             .capacity = capacity,
                                             .progress = stops,
                                             .user = u};
    struct asid_err err;

    see_rc(u, omni_session_open(omni, &options, &u->s, &err), &err);
}

/* A prompt with a picture of its own (or without). */
static void prefill(struct user *u, bool picture, bool media_only)
{
    static const char *const texts[] = {"Tell me a story.",
                                        "What is this? Say it in full, please.",
                                        "Who is there?"};
    uint8_t rgb[112 * 84 * 3];
    struct omni_inputs *in = NULL;
    struct asid_err err;
    enum asid_rc rc;

    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * 13 + i / 7 * (5 + u->number));
    rc = omni_inputs_new(omni, NULL, &in, &err);
    if (rc == ASID_OK && picture)
        rc = omni_add_image(in, rgb, 112, 84, 0, 0, &err);
    if (rc == ASID_OK)
        rc = omni_add_text(in, str_of(texts[u->number % 3]), &err);
    if (rc == ASID_OK)
        rc = omni_inputs_finish(in, &err);
    if (rc == ASID_OK)
        rc = media_only ? omni_prefill_media(u->s, in, &err)
                        : omni_prefill(u->s, in, &err);
    omni_inputs_free(in);
    see_rc(u, rc, &err);
}

/* Sessions with odd numbers draw, the others choose the best. */
static struct omni_sampling sampling(const struct user *u, size_t max_tokens)
{
    return (struct omni_sampling){.max_tokens = max_tokens,
                                  .repetition_penalty = 1.1F,
                                  .temperature = u->number % 2 ? 1.5F : 0.0F,
                                  .top_p = 0.95F,
                                  .seed = u->number};
}

static void generate(struct user *u, size_t max_tokens,
                     int (*on_token)(void *, int32_t), void *data)
{
    const struct omni_sampling how = sampling(u, max_tokens);
    /* Progress is told in other steps than alone. */
    bool timed = u->ticks > 0;
    struct bpe_ids ids = {NULL, 0, 0};
    struct asid_err err;

    see_rc(u, omni_generate(u->s, &how, &ids, on_token, data, &err), &err);
    if (!timed)
        buf_add(&u->seen, ids.id, ids.n * sizeof *ids.id);
    bpe_ids_release(&ids);
}

static int after_three(void *user, int32_t id)
{
    int *left = user;

    (void)id;
    return --*left == 0;
}

/* --- scripts ------------------------------------------------------------------ */

static void answer(struct user *u)
{
    prefill(u, u->number % 4 == 0, false);
    generate(u, 12 + u->number, NULL, NULL);
    see_logits(u);
}

static void ask_and_answer(struct user *u)
{
    struct asid_err err;

    prefill(u, true, true);
    see_rc(u, omni_ask(u->s, STR("Who is that, and why?"), &err), &err);
    generate(u, 15, NULL, NULL);
    see_rc(u, omni_ask(u->s, STR("And the colour?"), &err), &err);
    generate(u, 9, NULL, NULL);
}

static void score_and_answer(struct user *u)
{
    struct omni_top top[40][5];
    float logprobs[40];
    struct asid_err err;
    int32_t ids[40];

    for (size_t i = 0; i < 40; i++)
        ids[i] = (int32_t)((i * 53 + u->number) % 900);
    prefill(u, false, false);
    see_rc(u, omni_score(u->s, ids, 40, logprobs, top, &err), &err);
    buf_add(&u->seen, logprobs, sizeof logprobs);
    buf_add(&u->seen, top, sizeof top);
    generate(u, 11, NULL, NULL);
    see_rc(u, omni_rewind(u->s, 30, &err), &err);
    see_logits(u);
    see_rc(u, omni_extend(u->s, ids, 25, &err), &err);
    generate(u, 5, NULL, NULL);
}

static enum asid_rc see_answer(void *user, const struct omni_asked *asked,
                               struct asid_err *err)
{
    struct user *u = user;

    (void)err;
    buf_printf(&u->seen, "question %zu\n", asked->index);
    buf_add(&u->seen, asked->logits, vocab * sizeof *asked->logits);
    return ASID_OK;
}

static void ask_many(struct user *u)
{
    static const char *const words[] = {
        "Is it true that there is a cat?", "Is it true that there is a dog?",
        "No?", "Is it true that it rains a lot there, on most days?"};
    const struct omni_sampling how = sampling(u, 10);
    struct bpe_ids ids[3] = {{NULL, 0, 0}};
    struct str texts[4];
    struct asid_err err;

    for (size_t i = 0; i < 4; i++)
        texts[i] = str_of(words[i]);
    prefill(u, true, true);
    see_rc(u, omni_ask_each(u->s, texts, 4, see_answer, u, &err), &err);
    see_rc(u, omni_generate_each(u->s, texts + 1, 3, &how, ids, NULL, &err),
           &err);
    for (size_t i = 0; i < 3; i++) {
        buf_add(&u->seen, ids[i].id, ids[i].n * sizeof *ids[i].id);
        bpe_ids_release(&ids[i]);
    }
}

/* Stopped by the callback for a token and by that for progress, then as if
 * nothing had been. */
static void be_stopped(struct user *u)
{
    int left = 3;

    prefill(u, false, false);
    generate(u, 12, after_three, &left);
    u->ticks = 6;
    generate(u, 12, NULL, NULL);
    omni_session_reset(u->s);
    u->ticks = 1;
    prefill(u, true, false);
    u->ticks = 0;
    answer(u);
}

/* No room, and scores that are no numbers. */
static void fail(struct user *u)
{
    float *logits;

    prefill(u, false, false);
    generate(u, 100000, NULL, NULL);
    logits = (float *)(uintptr_t)omni_logits(u->s);
    for (size_t i = 0; logits && i < vocab; i++)
        logits[i] = NAN;
    generate(u, 12, NULL, NULL);
    omni_session_reset(u->s);
    answer(u);
}

static void *use(void *user)
{
    static void (*const scripts[])(struct user *) = {
        answer, ask_and_answer, score_and_answer, ask_many,
        answer, be_stopped,     answer,           fail,
    };
    struct user *u = user;

    buf_init(&u->seen, 1 << 24);
    open_session(u, 500 + u->number);
    scripts[u->number % (sizeof scripts / sizeof *scripts)](u);
    omni_session_close(u->s);
    return NULL;
}

/* --- bits ----------------------------------------------------------------------- */

enum { USERS = 20 };

static struct buf expected[USERS];

static void use_alone(void)
{
    for (size_t i = 0; i < USERS; i++) {
        struct user u = {.number = i};

        use(&u);
        CHECK(!buf_failed(&u.seen) && u.seen.n > 100, "user %zu saw %zu bytes",
              i, u.seen.n);
        expected[i] = u.seen;
    }
}

/* Users first, first + stride, ... at once. */
static void use_together(unsigned threads, size_t first, size_t stride)
{
    struct omni_batcher *b = NULL;
    struct user users[USERS];
    struct asid_err err;

    CHECK_OK(omni_batcher_open(omni, NULL, threads, &b, &err), err);
    for (size_t i = first; i < USERS; i += stride) {
        users[i] = (struct user){.number = i, .batcher = b};
        CHECK(pthread_create(&users[i].thread, NULL, use, &users[i]) == 0,
              "no thread");
    }
    for (size_t i = first; i < USERS; i += stride) {
        struct buf *seen = &users[i].seen;

        pthread_join(users[i].thread, NULL);
        CHECK(seen->n == expected[i].n &&
                  memcmp(seen->p, expected[i].p, seen->n) == 0,
              "user %zu: %zu bytes, alone %zu", i, seen->n, expected[i].n);
        buf_release(seen);
    }
    omni_batcher_close(b);
}

static void test_bits(const char *name)
{
    use_alone();
    use_together(2, 0, 1);
    check_case(name);
    use_together(3, 0, 2);
    use_together(1, 1, 3);
    use_together(2, 5, USERS);
    check_case("whoever else is there, on any number of threads");
    for (size_t i = 0; i < USERS; i++)
        buf_release(&expected[i]);
}

/* --- together ----------------------------------------------------------------- */

enum { IN_STEP = 5, TOKENS = 25 };

struct steps {
    pthread_barrier_t begun;
    _Atomic size_t made[IN_STEP];
    _Atomic size_t ahead; /* tokens made before all others had the last one */
};

struct stepper {
    struct user u;
    struct steps *all;
};

static int on_step(void *user, int32_t id)
{
    struct stepper *me = user;
    struct steps *all = me->all;
    size_t mine = atomic_fetch_add(&all->made[me->u.number], 1) + 1;

    (void)id;
    /* Once all have their first token, none has two more than another. */
    if (mine == 1)
        pthread_barrier_wait(&all->begun);
    for (size_t i = 0; i < IN_STEP; i++)
        if (atomic_load(&all->made[i]) + 1 < mine)
            atomic_fetch_add(&all->ahead, 1);
    return 0;
}

static void *make_steps(void *user)
{
    struct stepper *me = user;

    buf_init(&me->u.seen, 1 << 24);
    open_session(&me->u, 300);
    prefill(&me->u, false, false);
    generate(&me->u, TOKENS, on_step, me);
    omni_session_close(me->u.s);
    return NULL;
}

static void test_together(void)
{
    struct stepper steppers[IN_STEP];
    struct steps all = {.ahead = 0};
    struct omni_batcher *b = NULL;
    struct asid_err err;

    CHECK_OK(omni_batcher_open(omni, NULL, 2, &b, &err), err);
    pthread_barrier_init(&all.begun, NULL, IN_STEP);
    for (size_t i = 0; i < IN_STEP; i++) {
        steppers[i] = (struct stepper){{.number = i, .batcher = b}, &all};
        CHECK(pthread_create(&steppers[i].u.thread, NULL, make_steps,
                             &steppers[i]) == 0,
              "no thread");
    }
    for (size_t i = 0; i < IN_STEP; i++) {
        pthread_join(steppers[i].u.thread, NULL);
        CHECK(atomic_load(&all.made[i]) == TOKENS, "%zu made %zu tokens", i,
              atomic_load(&all.made[i]));
        buf_release(&steppers[i].u.seen);
    }
    CHECK(atomic_load(&all.ahead) == 0, "%zu tokens came before others",
          atomic_load(&all.ahead));
    pthread_barrier_destroy(&all.begun);
    omni_batcher_close(b);
    check_case("a step takes the next token of all that generate");
}

/* --- fairness ------------------------------------------------------------------ */

enum { CROWD = 8, MANY_TURNS = 20000, LONG = 12 };

struct crowd {
    struct omni_batcher *batcher;
    _Atomic bool begun, done;
    _Atomic size_t turns;
};

/* One turn after the other, as long as somebody generates. */
static void *take_turns(void *user)
{
    struct crowd *crowd = user;
    struct user u = {.batcher = crowd->batcher};
    struct asid_err err;
    int32_t ids[LONG] = {5, 6, 7};

    buf_init(&u.seen, 1 << 24);
    open_session(&u, 64);
    while (!atomic_load(&crowd->done) &&
           atomic_load(&crowd->turns) < MANY_TURNS) {
        omni_session_reset(u.s);
        if (omni_extend(u.s, ids, LONG, &err) != ASID_OK)
            break;
        if (atomic_load(&crowd->begun))
            atomic_fetch_add(&crowd->turns, 1);
    }
    omni_session_close(u.s);
    buf_release(&u.seen);
    return NULL;
}

static int on_begun(void *user, int32_t id)
{
    struct crowd *crowd = user;

    (void)id;
    atomic_store(&crowd->begun, true);
    return 0;
}

static void test_fair(void)
{
    struct crowd crowd = {.done = false};
    pthread_t threads[CROWD];
    struct user u = {.number = 0};
    struct asid_err err;

    CHECK_OK(omni_batcher_open(omni, NULL, 1, &crowd.batcher, &err), err);
    u.batcher = crowd.batcher;
    for (size_t i = 0; i < CROWD; i++)
        CHECK(pthread_create(&threads[i], NULL, take_turns, &crowd) == 0,
              "no thread");
    buf_init(&u.seen, 1 << 24);
    open_session(&u, 300);
    prefill(&u, false, false);
    generate(&u, TOKENS, on_begun, &crowd);
    atomic_store(&crowd.done, true);
    for (size_t i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    CHECK(atomic_load(&crowd.turns) < MANY_TURNS, "a step waited for them");
    omni_session_close(u.s);
    buf_release(&u.seen);
    omni_batcher_close(crowd.batcher);
    check_case("a step comes to its turn, however many others compute");
}

/* --- opening -------------------------------------------------------------------- */

static void test_open(void)
{
    struct omni_batcher *b = NULL;
    struct asid_err err;

    CHECK(omni_batcher_open(omni, "none", 1, &b, &err) == ASID_USAGE &&
              strstr(err.text, "none"),
          "%s", err.text);
    CHECK(omni_batcher_open(omni, NULL, 5000, &b, &err) == ASID_USAGE,
          "5000 threads");
    omni_batcher_close(NULL);
    check_case("kernels that are none, and too many threads, are refused");
}

static void open_model(const struct omni_load *how)
{
    struct asid_err err;

    CHECK_OK(omni_open_as("tests/vectors/checkpoints/tiny-a", how, &omni, &err),
             err);
    vocab = omni_config(omni)->text.vocab;
}

int main(void)
{
    const struct omni_load stored = {.precision = OMNI_STORED};
    const struct omni_load eight = {.precision = OMNI_INT8, .threads = 1};

    open_model(&eight);
    test_bits("sessions together see the bits they see alone: int8");
    omni_close(omni);
    open_model(&stored);
    test_bits("sessions together see the bits they see alone: as stored");
    test_together();
    test_fair();
    test_open();
    omni_close(omni);
    return check_done();
}
