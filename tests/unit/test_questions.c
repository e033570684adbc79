/*
 * Several questions about the same media: each gets the bits it would get
 * alone, whatever stands beside it, and what they share is computed once.
 */
#include <math.h>

#include "asid/omni/omni.h"
#include "vectors.h"

static const char *const checkpoints[] = {
    "tests/vectors/checkpoints/tiny-a",
    "tests/vectors/checkpoints/tiny-b",
};

static struct omni *omni;
static size_t vocab;

static struct omni_session *open_session(size_t capacity, const char *kernels,
                                         unsigned threads)
{
    const struct omni_run_options options = {
        .kernels = kernels, .threads = threads, .capacity = capacity};
    struct omni_session *s = NULL;
    struct asid_err err;

    CHECK_OK(omni_session_open(omni, &options, &s, &err), err);
    return s;
}

static struct omni_inputs *make_inputs(bool picture)
{
    static uint8_t rgb[112 * 84 * 3];
    struct omni_inputs *in = NULL;
    struct asid_err err;

    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * 13 + i / 7 * 5);
    CHECK_OK(omni_inputs_new(omni, NULL, &in, &err), err);
    if (picture)
        CHECK_OK(omni_add_image(in, rgb, 112, 84, 0, 0, &err), err);
    CHECK_OK(omni_inputs_finish(in, &err), err);
    return in;
}

/* --- what is asked -------------------------------------------------------- */

enum { QUESTIONS = 60, LONGEST = 1200 };

static const char stem[] = "Is this true of the picture? Answer with yes or "
                           "no. The statement: ";

struct asked_set {
    struct str text[QUESTIONS];
    size_t n;
    char space[QUESTIONS][LONGEST];
};

static void add_question(struct asked_set *q, const char *start, size_t filler)
{
    char *p = q->space[q->n];
    size_t n = (size_t)snprintf(p, LONGEST, "%s", start);

    for (size_t i = 0; i < filler && n + 1 < LONGEST; i++)
        p[n++] = (char)('a' + (i * 7 + filler + q->n) % 26);
    q->text[q->n++] = (struct str){p, n};
}

/* Alike in the beginning, of many lengths. */
static void alike(struct asked_set *q)
{
    q->n = 0;
    for (size_t i = 0; i < 40; i++)
        add_question(q, stem, i * 5 % 61);
}

/* Alike, equal, unlike, next to nothing, and longer than any chunk. */
static void mixed(struct asked_set *q)
{
    q->n = 0;
    add_question(q, stem, 30);
    add_question(q, stem, 0);
    add_question(q, stem, 0);
    add_question(q, "", 0);
    add_question(q, "", 2);
    add_question(q, "", 3);
    add_question(q, "", 4);
    add_question(q, "", 1100);
    add_question(q, stem, 900);
    add_question(q, "Quite another one ", 40);
    add_question(q, "<|im_end|>", 3);
}

/* --- answers -------------------------------------------------------------- */

struct answers {
    float *logits[QUESTIONS];
    size_t tokens[QUESTIONS];
    size_t n, stop_after;
};

static enum asid_rc keep(void *user, const struct omni_asked *asked,
                         struct asid_err *err)
{
    struct answers *a = user;

    CHECK(asked->index < QUESTIONS && !a->logits[asked->index], "question %zu",
          asked->index);
    a->logits[asked->index] = mem_alloc(vocab * sizeof(float));
    memcpy(a->logits[asked->index], asked->logits, vocab * sizeof(float));
    a->tokens[asked->index] = asked->tokens;
    if (++a->n == a->stop_after)
        return FAIL(err, "enough");
    return ASID_OK;
}

static void drop(struct answers *a)
{
    for (size_t i = 0; i < QUESTIONS; i++)
        free(a->logits[i]);
}

static void check_answers(const struct asked_set *q, const struct answers *a,
                          struct omni_session *alone, const char *what)
{
    struct asid_err err;
    size_t base = omni_length(alone);

    CHECK(a->n == q->n, "%s: %zu answers to %zu questions", what, a->n, q->n);
    for (size_t i = 0; i < q->n && a->logits[i]; i++) {
        const float *logits;

        CHECK_OK(omni_ask(alone, q->text[i], &err), err);
        CHECK(a->tokens[i] == omni_length(alone) - base, "%s: %zu: %zu tokens",
              what, i, a->tokens[i]);
        logits = omni_logits(alone);
        CHECK(memcmp(logits, a->logits[i], vocab * sizeof *logits) == 0,
              "%s: question %zu has other logits than alone", what, i);
    }
    CHECK_OK(omni_rewind(alone, base, &err), err);
}

static void compare(const struct asked_set *q, size_t capacity,
                    const char *kernels, const char *what)
{
    struct omni_inputs *in = make_inputs(true);
    struct omni_session *together = open_session(capacity, kernels, 2);
    struct omni_session *alone = open_session(3000, kernels, 1);
    struct answers a = {.n = 0};
    struct asid_err err;
    size_t base = omni_layout(in)->media_end;

    CHECK_OK(omni_prefill_media(together, in, &err), err);
    CHECK_OK(omni_prefill_media(alone, in, &err), err);
    CHECK(omni_length(together) == base, "%zu", omni_length(together));
    CHECK_OK(omni_ask_each(together, q->text, q->n, keep, &a, &err), err);
    CHECK(omni_length(together) == base, "ends at %zu, not %zu",
          omni_length(together), base);
    check_answers(q, &a, alone, what);
    drop(&a);
    /* The timeline serves other questions afterwards. */
    a = (struct answers){.n = 0};
    CHECK_OK(omni_ask(together, q->text[0], &err), err);
    CHECK_OK(omni_ask(alone, q->text[0], &err), err);
    CHECK(memcmp(omni_logits(together), omni_logits(alone),
                 vocab * sizeof(float)) == 0,
          "%s: afterwards", what);
    omni_session_close(together);
    omni_session_close(alone);
    omni_inputs_free(in);
}

static void test_bits(void)
{
    static const char *const sets[] = {"ref", "auto"};
    static struct asked_set q;

    for (size_t i = 0; i < 2; i++) {
        alike(&q);
        compare(&q, 3000, sets[i], "alike");
        compare(&q, 400, sets[i], "alike, little room");
        mixed(&q);
        compare(&q, 3000, sets[i], "mixed");
        q.n = 1;
        compare(&q, 3000, sets[i], "one");
        q.n = 0;
        add_question(&q, "", 0);
        add_question(&q, "", 0);
        compare(&q, 3000, sets[i], "empty ones");
    }
    check_case("questions asked together get the bits they get alone");
}

/* What a prefill of the whole prompt computes first, and nothing else. */
static void test_media_prefill(void)
{
    struct omni_inputs *in = make_inputs(true), *text = make_inputs(false);
    struct omni_session *whole = open_session(600, "auto", 1);
    struct omni_session *media = open_session(600, "auto", 1);
    struct asid_err err;

    CHECK_OK(omni_prefill(whole, in, &err), err);
    CHECK_OK(omni_prefill_media(media, in, &err), err);
    CHECK(omni_computed(media) == omni_layout(in)->media_end, "%zu computed",
          (size_t)omni_computed(media));
    CHECK_OK(omni_ask(media, STR(""), &err), err);
    CHECK(memcmp(omni_logits(whole), omni_logits(media),
                 vocab * sizeof(float)) == 0,
          "another beginning");
    omni_session_reset(media);
    CHECK(omni_prefill_media(media, text, &err) == ASID_FAILED, "no media");
    CHECK(omni_ask_each(media, NULL, 0, keep, NULL, &err) == ASID_FAILED,
          "nothing to ask about");
    omni_session_close(whole);
    omni_session_close(media);
    omni_inputs_free(in);
    omni_inputs_free(text);
    check_case("the media can be computed without a question");
}

static void test_cost(void)
{
    static struct asked_set q;
    struct omni_inputs *in = make_inputs(true);
    struct omni_session *s = open_session(1200, "auto", 1);
    struct answers a = {.n = 0};
    struct asid_err err;
    size_t shared = 0, own = 0, all = 0, each;
    uint64_t before;

    alike(&q);
    CHECK_OK(omni_prefill_media(s, in, &err), err);
    before = omni_computed(s);
    CHECK_OK(omni_ask_each(s, q.text, q.n, keep, &a, &err), err);
    CHECK_OK(omni_question_tokens(omni, str_of(stem), true, &shared, &err),
             err);
    for (size_t i = 0; i < q.n; i++) {
        CHECK_OK(omni_question_tokens(omni, q.text[i], false, &each, &err),
                 err);
        CHECK(each == a.tokens[i], "%zu: %zu and %zu", i, each, a.tokens[i]);
        own += each - shared;
        all += each;
    }
    CHECK(shared >= 20, "a stem of %zu tokens", shared);
    /* Where the stem meets the rest, a token may belong to both. */
    CHECK(omni_computed(s) - before <= shared + own + 9 * q.n &&
              omni_computed(s) - before >= own,
          "%zu tokens computed, %zu and %zu needed",
          (size_t)(omni_computed(s) - before), shared, own);
    CHECK(omni_computed(s) - before < all - shared * q.n / 2,
          "the stem every time");
    drop(&a);
    omni_session_close(s);
    omni_inputs_free(in);
    check_case("what questions begin with is computed once");
}

static void test_refusals(void)
{
    static struct asked_set q;
    struct omni_inputs *in = make_inputs(true);
    struct omni_session *s = open_session(300, "auto", 1);
    struct answers a = {.stop_after = 3};
    struct asid_err err;
    size_t base = omni_layout(in)->media_end;

    alike(&q);
    CHECK_OK(omni_prefill_media(s, in, &err), err);
    CHECK(omni_ask_each(s, q.text, q.n, keep, &a, &err) == ASID_FAILED &&
              strcmp(err.text, "enough") == 0,
          "%s", err.text);
    CHECK(a.n == 3 && omni_length(s) == base, "after %zu", a.n);
    drop(&a);
    a = (struct answers){.n = 0};
    mixed(&q);
    CHECK(omni_ask_each(s, q.text, q.n, keep, &a, &err) == ASID_FAILED &&
              strstr(err.text, "do not fit"),
          "%s", err.text);
    CHECK(omni_length(s) == base, "%zu", omni_length(s));
    drop(&a);
    omni_session_close(s);
    omni_inputs_free(in);
    check_case("a caller that stops and a question without room end the work");
}

/* A wider session goes on where the narrow one stood. */
static void test_reserve(void)
{
    static struct asked_set q;
    struct omni_inputs *in = make_inputs(true);
    struct omni_session *narrow = open_session(300, "auto", 1);
    struct omni_session *wide = open_session(3000, "auto", 1);
    struct answers a = {.n = 0};
    struct asid_err err;

    mixed(&q);
    CHECK_OK(omni_prefill_media(narrow, in, &err), err);
    CHECK_OK(omni_prefill_media(wide, in, &err), err);
    CHECK_OK(omni_session_reserve(narrow, 10, &err), err);
    CHECK(omni_capacity(narrow) == 300, "%zu", omni_capacity(narrow));
    CHECK_OK(omni_session_reserve(narrow, 3000, &err), err);
    CHECK(omni_capacity(narrow) == 3000, "%zu", omni_capacity(narrow));
    CHECK(omni_session_reserve(narrow, SIZE_MAX / 2, &err) == ASID_FAILED,
          "room for everything");
    CHECK_OK(omni_ask_each(narrow, q.text, q.n, keep, &a, &err), err);
    check_answers(&q, &a, wide, "after growing");
    drop(&a);
    omni_session_close(narrow);
    omni_session_close(wide);
    omni_inputs_free(in);
    check_case("a session can be given more room");
}

/* --- free answers ---------------------------------------------------------- */

enum { ANSWERS = OMNI_ANSWERS_MAX };

static void release(struct bpe_ids *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bpe_ids_release(&ids[i]);
}

static bool same_ids(const struct bpe_ids *a, const struct bpe_ids *b)
{
    return a->n == b->n &&
           (a->n == 0 || memcmp(a->id, b->id, a->n * sizeof *a->id) == 0);
}

/* Which answers were said to be whole, and how long they were then. */
struct heard {
    const struct bpe_ids *ids;
    size_t length[ANSWERS + 1]; /* and one; 0: not said */
    size_t n, most;             /* answers said; fail at this one, 0: none */
};

static enum asid_rc hear(void *user, size_t i, struct asid_err *err)
{
    struct heard *h = user;

    CHECK(h->length[i] == 0, "answer %zu again", i);
    h->length[i] = h->ids[i].n + 1;
    return ++h->n == h->most ? FAIL(err, "heard enough") : ASID_OK;
}

/* Answers of unlike lengths: the third token of the second ends an answer. */
static void check_free(const struct asked_set *q, struct omni_sampling how,
                       unsigned threads)
{
    struct omni_inputs *in = make_inputs(true);
    struct omni_session *one = open_session(1600, "auto", 1);
    struct omni_session *all = open_session(1600, "auto", threads);
    struct bpe_ids alone[ANSWERS] = {{NULL, 0, 0}};
    struct bpe_ids each[ANSWERS] = {{NULL, 0, 0}};
    struct heard heard = {.ids = each};
    const struct omni_told told = {NULL, hear, &heard};
    struct asid_err err;
    int32_t stop;

    CHECK_OK(omni_prefill_media(one, in, &err), err);
    CHECK_OK(omni_prefill_media(all, in, &err), err);
    for (int round = 0; round < 2; round++) {
        release(alone, q->n);
        for (size_t i = 0; i < q->n; i++) {
            alone[i] = (struct bpe_ids){NULL, 0, 0};
            CHECK_OK(omni_ask(one, q->text[i], &err), err);
            CHECK_OK(omni_generate(one, &how, &alone[i], NULL, NULL, &err),
                     err);
        }
        stop = alone[1].n > 2 ? alone[1].id[2] : 0;
        how.stop = &stop;
        how.n_stop = round == 0;
    }
    how.n_stop = 1;
    CHECK_OK(omni_generate_each(all, q->text, q->n, &how, each, &told, &err),
             err);
    for (size_t i = 0; i < q->n; i++)
        CHECK(same_ids(&alone[i], &each[i]) && heard.length[i] == each[i].n + 1,
              "answer %zu: %zu and %zu tokens", i, alone[i].n, each[i].n);
    CHECK(how.max_tokens == 0 || each[1].n <= 3, "%zu tokens", each[1].n);
    CHECK(omni_length(all) == omni_layout(in)->media_end, "%zu",
          omni_length(all));
    /* The media are as they were. */
    CHECK_OK(omni_ask(all, q->text[0], &err), err);
    CHECK_OK(omni_ask(one, q->text[0], &err), err);
    CHECK(memcmp(omni_logits(all), omni_logits(one), vocab * sizeof(float)) ==
              0,
          "asked afterwards");
    release(alone, q->n);
    release(each, q->n);
    omni_session_close(one);
    omni_session_close(all);
    omni_inputs_free(in);
}

static void test_free_answers(void)
{
    static const struct omni_sampling greedy = {
        .max_tokens = 24, .repetition_penalty = 1.1F, .top_p = 1};
    static struct asked_set q;
    struct omni_sampling how = greedy;

    q.n = 0;
    for (size_t i = 0; i < ANSWERS; i++)
        add_question(&q, i % 3 ? stem : "Say something. ", i * i);
    check_free(&q, how, 2);
    how.temperature = 0.9F;
    how.top_p = 0.8F;
    how.seed = 7;
    check_free(&q, how, 1);
    how.max_tokens = 1;
    check_free(&q, how, 1);
    how.max_tokens = 0;
    check_free(&q, how, 1);
    q.n = 3;
    check_free(&q, greedy, 1);
    check_case("answers given together are those given one by one");
}

static int after_ten(void *user, int32_t id)
{
    (void)id;
    return ++*(int *)user > 10;
}

static void test_free_refusals(void)
{
    struct omni_sampling how = {
        .max_tokens = 24, .repetition_penalty = 1.1F, .top_p = 1};
    static struct asked_set q;
    struct omni_inputs *in = make_inputs(true);
    struct omni_session *s = open_session(300, "auto", 1);
    struct bpe_ids ids[ANSWERS + 1] = {{NULL, 0, 0}};
    struct asid_err err;
    int tokens = 0;
    const struct omni_told ten = {after_ten, NULL, &tokens};
    size_t base = omni_layout(in)->media_end;

    q.n = 0;
    for (size_t i = 0; i <= ANSWERS; i++)
        add_question(&q, "What? ", i);
    CHECK(omni_generate_each(s, q.text, 2, &how, ids, NULL, &err) ==
              ASID_FAILED,
          "no media");
    CHECK_OK(omni_prefill_media(s, in, &err), err);
    CHECK(omni_generate_each(s, q.text, q.n, &how, ids, NULL, &err) ==
              ASID_FAILED,
          "nine");
    CHECK(omni_generate_each(s, q.text, 3, &how, ids, &ten, &err) ==
              ASID_STOPPED,
          "after %d", tokens);
    CHECK(tokens == 11 && ids[0].n == 4 && ids[2].n == 3, "%d, %zu, %zu",
          tokens, ids[0].n, ids[2].n);
    how.max_tokens = 400;
    CHECK(omni_generate_each(s, q.text, 3, &how, ids, NULL, &err) ==
                  ASID_FAILED &&
              strstr(err.text, "do not fit"),
          "%s", err.text);
    how.repetition_penalty = 0;
    CHECK(omni_generate_each(s, q.text, 3, &how, ids, NULL, &err) == ASID_USAGE,
          "no penalty");
    CHECK(omni_length(s) == base, "%zu", omni_length(s));
    release(ids, ANSWERS + 1);
    omni_session_close(s);
    omni_inputs_free(in);
    check_case("what cannot be answered together is refused");
}

/* An answer is told when it is whole, though others of the call never are. */
static void test_free_told(void)
{
    static struct asked_set q;
    struct omni_inputs *in = make_inputs(true);
    struct omni_session *s = open_session(600, "auto", 1);
    struct bpe_ids ids[ANSWERS] = {{NULL, 0, 0}};
    struct heard heard = {.ids = ids};
    struct omni_told told = {NULL, hear, &heard};
    struct omni_sampling how = {
        .max_tokens = 24, .repetition_penalty = 1.1F, .top_p = 1};
    struct asid_err err;
    int32_t stop;

    q.n = 0;
    for (size_t i = 0; i < 3; i++)
        add_question(&q, i % 2 ? stem : "Say something. ", i * i);
    CHECK_OK(omni_prefill_media(s, in, &err), err);
    CHECK_OK(omni_generate_each(s, q.text, 3, &how, ids, &told, &err), err);
    CHECK(heard.n == 3, "%zu", heard.n);
    stop = ids[1].n > 2 ? ids[1].id[2] : 0;
    how.stop = &stop;
    how.n_stop = 1;
    release(ids, ANSWERS);
    memset(ids, 0, sizeof ids);
    heard = (struct heard){.ids = ids, .most = 1};
    CHECK(omni_generate_each(s, q.text, 3, &how, ids, &told, &err) ==
                  ASID_FAILED &&
              strcmp(err.text, "heard enough") == 0,
          "%s", err.text);
    CHECK(heard.n == 1 && heard.length[1] == ids[1].n + 1 && ids[1].n <= 3,
          "%zu answers, %zu tokens", heard.n, ids[1].n);
    release(ids, ANSWERS);
    omni_session_close(s);
    omni_inputs_free(in);
    check_case("an answer is told as soon as it is whole");
}

int main(void)
{
    for (size_t i = 0; i < 2; i++) {
        struct asid_err err;

        if (omni_open(checkpoints[i], &omni, &err) != ASID_OK) {
            printf("Bail out! %s\n", err.text);
            return 1;
        }
        vocab = omni_config(omni)->text.vocab;
        test_bits();
        test_media_prefill();
        test_cost();
        test_refusals();
        test_reserve();
        test_free_answers();
        test_free_refusals();
        test_free_told();
        omni_close(omni);
    }
    return check_done();
}
