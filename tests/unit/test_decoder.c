/*
 * Sessions: timelines that are extended, rewound, asked again, scored and
 * continued, alone and together, always with the bits of the straight way.
 */
#include <math.h>

#include "asid/nn/kernels.h"
#include "asid/omni/omni.h"
#include "vectors.h"

static struct omni *omni;
static size_t vocab;

static struct omni_session *open_session(size_t capacity, unsigned threads)
{
    const struct omni_run_options options = {
        .kernels = "auto", .threads = threads, .capacity = capacity};
    struct omni_session *s = NULL;
    struct asid_err err;

    CHECK_OK(omni_session_open(omni, &options, &s, &err), err);
    return s;
}

/* A prompt with a picture (or without) and this text. */
static struct omni_inputs *make_inputs(bool picture, const char *text)
{
    static uint8_t rgb[112 * 84 * 3];
    struct omni_inputs *in = NULL;
    struct asid_err err;

    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * 13 + i / 7 * 5);
    CHECK_OK(omni_inputs_new(omni, NULL, &in, &err), err);
    if (picture)
        CHECK_OK(omni_add_image(in, rgb, 112, 84, 0, 0, &err), err);
    CHECK_OK(omni_add_text(in, str_of(text), &err), err);
    CHECK_OK(omni_inputs_finish(in, &err), err);
    return in;
}

static void prefill(struct omni_session *s, struct omni_inputs *in)
{
    struct asid_err err;

    CHECK_OK(omni_prefill(s, in, &err), err);
}

static float *copy_logits(struct omni_session *s)
{
    const float *logits = omni_logits(s);
    float *copy = mem_alloc(vocab * sizeof *copy);

    CHECK(logits, "no logits");
    if (logits)
        memcpy(copy, logits, vocab * sizeof *copy);
    return copy;
}

static bool same_bits(const float *a, const float *b)
{
    return memcmp(a, b, vocab * sizeof *a) == 0;
}

static double gap(const float *a, const float *b)
{
    double most = 0;

    for (size_t i = 0; i < vocab; i++) {
        double d = fabs((double)a[i] - (double)b[i]);

        most = d <= most ? most : d;
    }
    return most;
}

static const struct omni_sampling greedy = {
    .max_tokens = 12, .repetition_penalty = 1.1F, .top_p = 1};

static struct bpe_ids generate(struct omni_session *s, struct omni_sampling how)
{
    struct bpe_ids ids = {NULL, 0, 0};
    struct asid_err err;

    CHECK_OK(omni_generate(s, &how, &ids, NULL, NULL, &err), err);
    return ids;
}

static bool same_ids(const struct bpe_ids *a, const struct bpe_ids *b)
{
    return a->n == b->n && memcmp(a->id, b->id, a->n * sizeof *a->id) == 0;
}

/* --- growing and going back ----------------------------------------------- */

/* One long prompt: in one go, in pieces, and over a long detour. */
static void test_pieces(void)
{
    struct omni_session *whole = open_session(1400, 1);
    struct omni_session *parts = open_session(1400, 2);
    struct asid_err err;
    int32_t ids[1200];
    float *one, *two, *three;

    for (size_t i = 0; i < 1200; i++)
        ids[i] = (int32_t)(i * 37 % 900);
    CHECK_OK(omni_extend(whole, ids, 1200, &err), err);
    for (size_t at = 0; at < 1200; at += 100)
        CHECK_OK(omni_extend(parts, ids + at, 100, &err), err);
    one = copy_logits(whole);
    two = copy_logits(parts);
    CHECK(same_bits(one, two), "parts of 100 differ by %g", gap(one, two));
    CHECK_OK(omni_rewind(parts, 700, &err), err);
    CHECK_OK(omni_extend(parts, ids, 300, &err), err);
    CHECK_OK(omni_rewind(parts, 700, &err), err);
    CHECK_OK(omni_extend(parts, ids + 700, 500, &err), err);
    three = copy_logits(parts);
    CHECK(same_bits(one, three), "a detour changes %g", gap(one, three));
    CHECK(omni_length(parts) == 1200, "%zu", omni_length(parts));
    CHECK(omni_extend(parts, ids, 300, &err) == ASID_FAILED &&
              strstr(err.text, "300 tokens do not fit"),
          "%s", err.text);
    CHECK(omni_rewind(parts, 1201, &err) == ASID_FAILED, "went forward");
    CHECK(omni_length(parts) == 1200, "%zu", omni_length(parts));
    free(one);
    free(two);
    free(three);
    omni_session_close(whole);
    omni_session_close(parts);
    check_case("a timeline may be built in pieces and over detours");
}

/* Logits that were dropped come back by one token's work. */
static void test_logits_again(void)
{
    struct omni_session *s = open_session(64, 1);
    const int32_t ids[] = {5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    struct asid_err err;
    float *before, *after;

    CHECK(!omni_logits(s), "logits of an empty timeline");
    CHECK_OK(omni_extend(s, ids, 12, &err), err);
    before = copy_logits(s);
    CHECK_OK(omni_extend(s, ids, 3, &err), err);
    CHECK_OK(omni_rewind(s, 12, &err), err);
    after = copy_logits(s);
    CHECK(gap(before, after) < 1e-4, "%g", gap(before, after));
    CHECK(omni_extend(s, (const int32_t[]){-1}, 1, &err) == ASID_FAILED &&
              omni_extend(s, (const int32_t[]){INT32_MAX}, 1, &err) ==
                  ASID_FAILED,
          "ids outside the vocabulary");
    CHECK(omni_length(s) == 12, "%zu", omni_length(s));
    free(before);
    free(after);
    omni_session_close(s);
    check_case("logits can be had again after going back");
}

static void test_ask(void)
{
    static const char first[] = "What is this? Please say it in full.";
    static const char second[] = "Is anybody there? <|im_end|> Say yes or no.";
    struct omni_inputs *a = make_inputs(true, first);
    struct omni_inputs *b = make_inputs(true, second);
    struct omni_session *fresh = open_session(600, 1);
    struct omni_session *asked = open_session(600, 2);
    struct bpe_ids ids, again;
    struct asid_err err;
    float *one, *two;

    prefill(asked, a);
    ids = generate(asked, greedy);
    CHECK_OK(omni_ask(asked, str_of(second), &err), err);
    prefill(fresh, b);
    one = copy_logits(fresh);
    two = copy_logits(asked);
    CHECK(omni_length(asked) == omni_layout(b)->n, "%zu tokens, not %zu",
          omni_length(asked), omni_layout(b)->n);
    CHECK(same_bits(one, two), "differ by %g", gap(one, two));
    CHECK_OK(omni_ask(asked, str_of(first), &err), err);
    again = generate(asked, greedy);
    CHECK(same_ids(&ids, &again), "the same question, another answer");
    bpe_ids_release(&ids);
    bpe_ids_release(&again);
    ids = generate(fresh, greedy);
    CHECK_OK(omni_ask(asked, str_of(second), &err), err);
    again = generate(asked, greedy);
    CHECK(same_ids(&ids, &again), "answers differ");
    bpe_ids_release(&ids);
    bpe_ids_release(&again);
    free(one);
    free(two);
    omni_session_close(fresh);
    omni_session_close(asked);
    omni_inputs_free(a);
    omni_inputs_free(b);
    check_case("a later question gets the bits of a prompt of its own");
}

static void test_inside_media(void)
{
    struct omni_inputs *in = make_inputs(true, "Hello");
    struct omni_session *s = open_session(400, 1);
    size_t middle = omni_layout(in)->media_end - 4;
    const int32_t id = 7;
    struct asid_err err;
    float logprob;

    prefill(s, in);
    CHECK_OK(omni_rewind(s, middle, &err), err);
    CHECK(!omni_logits(s), "logits inside a picture");
    CHECK(omni_score(s, &id, 1, &logprob, NULL, &err) == ASID_FAILED, "scored");
    CHECK(omni_length(s) == middle, "%zu", omni_length(s));
    CHECK_OK(omni_extend(s, &id, 1, &err), err);
    CHECK_OK(omni_rewind(s, 20, &err), err);
    CHECK(omni_logits(s), "no logits in the text before the picture");
    omni_session_reset(s);
    CHECK(omni_ask(s, STR("x"), &err) == ASID_FAILED, "nothing to ask about");
    omni_session_close(s);
    omni_inputs_free(in);
    check_case("nothing goes on from the middle of a picture");
}

/* --- choosing ------------------------------------------------------------- */

/* What greedy generation does, step by step from the raw logits. */
static void test_greedy(void)
{
    struct omni_inputs *in = make_inputs(false, "Tell me a story.");
    struct omni_session *s = open_session(400, 1);
    struct omni_session *by_hand = open_session(400, 1);
    struct bpe_ids ids;
    struct asid_err err;
    char *seen = mem_alloc(vocab);

    prefill(s, in);
    prefill(by_hand, in);
    ids = generate(s, greedy);
    for (size_t i = 0; i < omni_layout(in)->n; i++)
        seen[omni_layout(in)->ids[i]] = 1;
    for (size_t step = 0; step < ids.n; step++) {
        const float *logits = omni_logits(by_hand);
        float most = -HUGE_VALF, score, logprob;
        int32_t best = -1;

        for (size_t id = 0; logits && id < vocab; id++) {
            score = !seen[id]           ? logits[id]
                    : logits[id] < 0.0F ? logits[id] * 1.1F
                                        : logits[id] / 1.1F;
            if (score > most) {
                most = score;
                best = (int32_t)id;
            }
        }
        CHECK(best == ids.id[step], "step %zu: %d, not %d", step, ids.id[step],
              best);
        seen[ids.id[step]] = 1;
        CHECK_OK(omni_score(by_hand, &ids.id[step], 1, &logprob, NULL, &err),
                 err);
    }
    CHECK(ids.n == greedy.max_tokens, "%zu tokens", ids.n);
    CHECK(omni_length(s) == omni_layout(in)->n + ids.n, "%zu", omni_length(s));
    free(seen);
    bpe_ids_release(&ids);
    omni_session_close(s);
    omni_session_close(by_hand);
    omni_inputs_free(in);
    check_case("greedy tokens are the best after one penalty per id");
}

static void test_sampling(void)
{
    struct omni_inputs *in = make_inputs(false, "Tell me a story.");
    struct omni_session *s = open_session(400, 1);
    struct omni_sampling warm = {.max_tokens = 12,
                                 .repetition_penalty = 1.1F,
                                 .temperature = 1.5F,
                                 .top_p = 0.95F,
                                 .seed = 1};
    struct omni_sampling narrow = warm;
    struct bpe_ids best, one, two, three;
    size_t prompt = omni_layout(in)->n;
    struct asid_err err;

    narrow.top_p = 0;
    prefill(s, in);
    best = generate(s, greedy);
    CHECK_OK(omni_rewind(s, prompt, &err), err);
    one = generate(s, warm);
    CHECK_OK(omni_rewind(s, prompt, &err), err);
    two = generate(s, warm);
    CHECK(same_ids(&one, &two), "one seed, two answers");
    bpe_ids_release(&two);
    warm.seed = 2;
    CHECK_OK(omni_rewind(s, prompt, &err), err);
    two = generate(s, warm);
    CHECK(!same_ids(&one, &two), "two seeds, one answer");
    CHECK_OK(omni_rewind(s, prompt, &err), err);
    three = generate(s, narrow);
    CHECK(same_ids(&best, &three), "top-p 0 is greedy");
    bpe_ids_release(&best);
    bpe_ids_release(&one);
    bpe_ids_release(&two);
    bpe_ids_release(&three);
    omni_session_close(s);
    omni_inputs_free(in);
    check_case("a seed decides what is sampled");
}

static int after_three(void *user, int32_t id)
{
    int *left = user;

    (void)id;
    return --*left == 0;
}

static void test_stops(void)
{
    struct omni_inputs *in = make_inputs(false, "Tell me a story.");
    struct omni_session *s = open_session(400, 1);
    struct bpe_ids ids, short_ids = {NULL, 0, 0};
    struct omni_sampling how = greedy;
    size_t prompt = omni_layout(in)->n;
    struct asid_err err;
    int left = 3;

    prefill(s, in);
    ids = generate(s, greedy);
    CHECK_OK(omni_rewind(s, prompt, &err), err);
    how.stop = &ids.id[4];
    how.n_stop = 1;
    short_ids = generate(s, how);
    CHECK(short_ids.n == 5 && short_ids.id[4] == ids.id[4],
          "%zu tokens, the stop token last", short_ids.n);
    CHECK_OK(omni_rewind(s, prompt, &err), err);
    bpe_ids_release(&short_ids);
    CHECK(omni_generate(s, &greedy, &short_ids, after_three, &left, &err) ==
                  ASID_STOPPED &&
              short_ids.n == 3,
          "%zu tokens", short_ids.n);
    how.max_tokens = 1000;
    CHECK(omni_generate(s, &how, &short_ids, NULL, NULL, &err) == ASID_FAILED &&
              strstr(err.text, "do not fit"),
          "%s", err.text);
    how = greedy;
    how.repetition_penalty = 0;
    CHECK(omni_generate(s, &how, &short_ids, NULL, NULL, &err) == ASID_USAGE,
          "penalty 0");
    how.repetition_penalty = 1;
    how.temperature = -1;
    CHECK(omni_generate(s, &how, &short_ids, NULL, NULL, &err) == ASID_USAGE,
          "temperature -1");
    bpe_ids_release(&ids);
    bpe_ids_release(&short_ids);
    omni_session_close(s);
    omni_inputs_free(in);
    check_case("generation stops at stop tokens, limits and callbacks");
}

/* --- scoring -------------------------------------------------------------- */

static void test_score(void)
{
    /* Many tokens and one take kernels of their own, which on AMX keep 17 bits
     * of what they multiply. */
    const char *why, *set = nn_kernels_pick("auto", &why)->name;
    const double close = strcmp(set, "amx") == 0 ? 3e-4 : 1e-4;
    struct omni_inputs *in = make_inputs(false, "Tell me a story.");
    struct omni_session *s = open_session(400, 1);
    struct omni_top top[40][5];
    size_t prompt = omni_layout(in)->n;
    float together[40], alone[40];
    int32_t ids[40];
    struct asid_err err;

    for (size_t i = 0; i < 40; i++)
        ids[i] = (int32_t)(i * 53 % 900);
    prefill(s, in);
    CHECK_OK(omni_score(s, ids, 40, together, top, &err), err);
    CHECK(omni_length(s) == prompt + 40, "%zu", omni_length(s));
    CHECK_OK(omni_rewind(s, prompt, &err), err);
    for (size_t i = 0; i < 40; i++) {
        const float *logits = omni_logits(s);
        double sum = 0;

        for (size_t k = 0; logits && k < vocab; k++)
            sum += exp((double)logits[k]);
        CHECK(logits && fabs((double)logits[ids[i]] - log(sum) -
                             (double)together[i]) < close,
              "token %zu", i);
        for (size_t k = 0; logits && k < 5; k++) {
            double p = (double)logits[top[i][k].id] - log(sum);

            CHECK(fabs(p - (double)top[i][k].logprob) < close, "top %zu of %zu",
                  k, i);
            CHECK(k == 0 || top[i][k].logprob <= top[i][k - 1].logprob,
                  "order of top %zu", i);
        }
        CHECK_OK(omni_score(s, &ids[i], 1, &alone[i], NULL, &err), err);
        CHECK(fabs((double)(alone[i] - together[i])) < close,
              "token %zu: %g and %g", i, (double)alone[i], (double)together[i]);
    }
    CHECK_OK(omni_score(s, ids, 0, alone, NULL, &err), err);
    ids[1] = -5;
    CHECK(omni_score(s, ids, 2, alone, NULL, &err) == ASID_FAILED, "id -5");
    CHECK(omni_length(s) == prompt + 40, "%zu", omni_length(s));
    omni_session_close(s);
    omni_inputs_free(in);
    check_case("scores are those of the raw logits");
}

/* --- together ------------------------------------------------------------- */

static void test_together(void)
{
    enum { N = 8, STEPS = 5 };
    struct omni_session *list[N], *alone = open_session(64, 2);
    struct asid_err err;
    int32_t ids[N], start[20];

    for (size_t i = 0; i < N; i++) {
        list[i] = open_session(64 + i, 1);
        for (size_t k = 0; k < 10 + i; k++)
            start[k] = (int32_t)((i * 31 + k * 17) % 900);
        CHECK_OK(omni_extend(list[i], start, 10 + i, &err), err);
    }
    for (size_t step = 0; step < STEPS; step++) {
        for (size_t i = 0; i < N; i++)
            ids[i] = (int32_t)((step * 101 + i * 7) % 900);
        CHECK_OK(omni_extend_each(list, ids, N, &err), err);
    }
    for (size_t i = 0; i < N; i++) {
        omni_session_reset(alone);
        for (size_t k = 0; k < 10 + i; k++)
            start[k] = (int32_t)((i * 31 + k * 17) % 900);
        CHECK_OK(omni_extend(alone, start, 10 + i, &err), err);
        for (size_t step = 0; step < STEPS; step++) {
            int32_t id = (int32_t)((step * 101 + i * 7) % 900);

            CHECK_OK(omni_extend(alone, &id, 1, &err), err);
        }
        CHECK(same_bits(omni_logits(alone), omni_logits(list[i])),
              "timeline %zu", i);
    }
    CHECK(omni_extend_each(list, ids, 9, &err) == ASID_FAILED, "nine");
    for (size_t i = 0; i < N; i++)
        omni_session_close(list[i]);
    omni_session_close(alone);
    check_case("timelines decoded together compute what each computes alone");
}

/* --- limits --------------------------------------------------------------- */

static int after_some(void *user, double done)
{
    int *left = user;

    CHECK(done >= 0 && done <= 1, "%g done", done);
    return --*left == 0;
}

static void test_stopping(void)
{
    struct omni_inputs *in = make_inputs(true, "What is this?");
    int left = 6;
    const struct omni_run_options options = {.kernels = "auto",
                                             .threads = 1,
                                             .capacity = 400,
                                             .progress = after_some,
                                             .user = &left};
    struct omni_session *s = NULL, *calm = open_session(400, 1);
    struct asid_err err;
    float *one, *two;

    CHECK_OK(omni_session_open(omni, &options, &s, &err), err);
    CHECK(omni_prefill(s, in, &err) == ASID_STOPPED, "%s", err.text);
    CHECK(omni_length(s) == 0, "%zu", omni_length(s));
    left = 1 << 30;
    prefill(s, in);
    prefill(calm, in);
    one = copy_logits(s);
    two = copy_logits(calm);
    CHECK(same_bits(one, two), "a stopped run left something behind");
    free(one);
    free(two);
    omni_session_close(s);
    s = open_session(10, 1);
    CHECK(omni_prefill(s, in, &err) == ASID_FAILED &&
              strstr(err.text, "room for 10"),
          "%s", err.text);
    omni_session_close(s);
    omni_session_close(calm);
    omni_inputs_free(in);
    check_case("a prompt can be stopped, and must fit");
}

static void test_plan(void)
{
    struct omni_inputs *text = make_inputs(false, "Hello");
    struct omni_inputs *picture = make_inputs(true, "Hello");
    struct omni_plan small, large, longer;
    struct asid_err err;
    size_t all, behind;

    omni_plan(omni, text, 10, 1, 1, &small);
    omni_plan(omni, picture, 10, 1, 1, &large);
    omni_plan(omni, picture, 1010, 1, 1, &longer);
    CHECK(small.weights < large.weights, "the vision tower is free");
    CHECK(large.weights <= omni_tensors(omni)->bytes, "%zu", large.weights);
    CHECK(longer.kv_cache - large.kv_cache == 1000 * 3 * 2 * 2 * 16 * 4,
          "%zu bytes for 1000 tokens", longer.kv_cache - large.kv_cache);
    CHECK(large.inputs > small.inputs && large.activations > small.activations,
          "a picture takes nothing");
    all = large.weights + large.kv_cache + large.activations + large.inputs +
          large.kernels;
    CHECK_OK(omni_plan_check(&large, 0, all, &err), err);
    CHECK_OK(omni_plan_check(&large, 0, 0, &err), err);
    CHECK(omni_plan_check(&large, 0, all - 1, &err) == ASID_FAILED &&
              strstr(err.text, "MiB of memory (weights 1.3, cache "),
          "%s", err.text);
    CHECK(omni_plan_own(&large) == all - large.weights - large.kernels &&
              large.kernels > 0 && small.towers < large.towers,
          "%zu", omni_plan_own(&large));
    CHECK(large.kv_cache + large.activations - large.towers ==
              omni_session_bytes(omni, omni_layout(picture)->n + 10),
          "a session of that capacity");
    CHECK_OK(omni_plan_check(&large, 7, all + 7, &err), err);
    CHECK(omni_plan_check(&large, 8, all + 7, &err) == ASID_FAILED &&
              omni_plan_check(&large, SIZE_MAX, all, &err) == ASID_FAILED,
          "beside others");
    /* Five answers have the question and 10 tokens for each, twice 3 layers of
     * keys and values of 32 floats. */
    omni_plan(omni, picture, 10, 5, 1, &longer);
    behind = omni_layout(picture)->n - omni_layout(picture)->media_end;
    CHECK(longer.kv_cache == large.kv_cache && large.answers == 0 &&
              longer.answers == 5 * (behind + 10) * 3 * 2 * 2 * 16 * 4 &&
              longer.answers == 5 * omni_cache_bytes(omni, behind + 10),
          "%zu bytes for five answers", longer.answers);
    omni_plan(omni, picture, SIZE_MAX / 2, 1, 1, &longer);
    CHECK(omni_plan_check(&longer, 0, SIZE_MAX - 1, &err) == ASID_FAILED,
          "room for %zu tokens", SIZE_MAX / 2);
    CHECK(omni_plan_own(&longer) == SIZE_MAX &&
              omni_cache_bytes(omni, SIZE_MAX / 2) == SIZE_MAX &&
              omni_cache_bytes(omni, 0) == 0,
          "more than there can be");
    omni_inputs_free(text);
    omni_inputs_free(picture);
    check_case("memory is counted before and refused with the figures");
}

int main(void)
{
    struct asid_err err;

    CHECK_OK(omni_open("tests/vectors/checkpoints/tiny-a", &omni, &err), err);
    if (!omni)
        return check_done();
    vocab = omni_config(omni)->text.vocab;
    test_pieces();
    test_logits_again();
    test_ask();
    test_inside_media();
    test_greedy();
    test_sampling();
    test_stops();
    test_score();
    test_together();
    test_stopping();
    test_plan();
    omni_close(omni);
    return check_done();
}
