/*
 * What it costs to verify many claims about a clip, against one claim.
 *
 *   bench_verify CHECKPOINT [CLAIMS] [FRAMES] [THREADS] [PRECISION]
 *
 * Made-up frames of a 640 x 360 video (FRAMES 30: 4,485 tokens), the
 * questions of asid-verify about CLAIMS (40) claims of the usual length, each
 * with a time. Prints one JSON object: tokens that went through the decoder and
 * seconds for one claim and for all, each with the media and the towers (which
 * are computed and measured once), their ratios, and the greatest difference
 * between the scores of yes and no of a claim among the others and by itself;
 * then the seconds for the eight accounts that Missing is found by, of TOKENS
 * tokens each, one after the other and together, and how many of the tokens
 * differ.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "asid/ask/prompts.h"
#include "asid/base/arena.h"
#include "asid/base/clock.h"
#include "asid/curate/verify.h"
#include "asid/omni/omni.h"

enum { HEIGHT = 364, WIDTH = 644, MOST = 1000, ALONE = 5, TOKENS = 24 };

struct bench {
    struct arena arena;
    struct omni *omni;
    struct omni_inputs *in;
    struct str questions[MOST];
    size_t n, frames, threads;
    int32_t yes, no; /* one token of each: differences show in any */
    double together[MOST], alone[MOST];
};

struct cost {
    uint64_t tokens;
    double seconds;
};

static void die(const char *what, const struct asid_err *err)
{
    fprintf(stderr, "bench_verify: %s: %s\n", what, err->text);
    exit(1);
}

static const char *const subjects[] = {
    "A woman in a red coat", "The man with the umbrella",
    "A brown dog",           "The child on the left",
    "A cyclist in yellow",   "The waiter behind the counter",
};
static const char *const events[] = {
    "crosses the street while a bus passes.",
    "picks up a cup from the wooden table.",
    "looks to the right and smiles at somebody.",
    "sits down next to the tall window.",
    "opens the door and waves with one hand.",
    "talks in a calm and quiet voice.",
    "walks slowly away from the camera.",
};

static void make_questions(struct bench *b)
{
    const struct prompt_request request = {.set = "verify-claim", .id = ""};
    const struct text_rules *rules;
    const struct prompts *prompts;
    struct asid_err err;
    struct str wording;

    if (text_rules_load(&rules, &err) != ASID_OK ||
        prompts_load(&b->arena, &prompts, &err) != ASID_OK ||
        prompt_text(prompts, &b->arena, &request, &wording, &err) != ASID_OK)
        die("prompts", &err);
    for (size_t i = 0; i < b->n; i++) {
        struct verify_question q;
        double start = (double)(i % 30); /* every claim has a time */
        struct str claim = verify_statement(
            rules, &b->arena,
            str_of(arena_printf(&b->arena, "%s %s", subjects[i % 6],
                                events[i % 7])),
            start, start);

        if (verify_question(&b->arena, wording, STR("bench"), claim,
                            (double)NAN, (double)NAN, &q))
            b->questions[i] = str_of(arena_printf(
                &b->arena, "%.*s%.*s", STR_ARG(q.stem), STR_ARG(q.prompt)));
    }
    text_rules_free(rules);
}

static void make_inputs(struct bench *b)
{
    struct omni_budget budget = OMNI_BUDGET_DEFAULT;
    size_t bytes = (size_t)3 * HEIGHT * WIDTH;
    uint8_t *rgb = mem_alloc(bytes);
    struct asid_err err;
    enum asid_rc rc = omni_inputs_new(b->omni, NULL, &b->in, &err);

    if (rc == ASID_OK)
        rc = omni_add_video(b->in, b->frames, HEIGHT, WIDTH, &budget, NULL, 0,
                            &err);
    for (size_t i = 0; rc == ASID_OK && i < b->frames; i++) {
        for (size_t k = 0; k < bytes; k++)
            rgb[k] = (uint8_t)((k * 7 + k / WIDTH * 3 + i * 11) % 251);
        rc = omni_video_frame(b->in, rgb, HEIGHT, WIDTH, &err);
    }
    if (rc == ASID_OK)
        rc = omni_inputs_finish(b->in, &err);
    free(rgb);
    if (rc != ASID_OK)
        die("frames", &err);
}

struct answers {
    const struct bench *b;
    double *p;
};

static enum asid_rc on_answer(void *user, const struct omni_asked *asked,
                              struct asid_err *err)
{
    const struct answers *a = user;
    double gap =
        (double)asked->logits[a->b->no] - (double)asked->logits[a->b->yes];

    (void)err;
    a->p[asked->index] = 1 / (1 + exp(gap));
    return ASID_OK;
}

static struct omni_session *open_session(const struct bench *b)
{
    const struct omni_run_options options = {.kernels = "auto",
                                             .threads = (unsigned)b->threads,
                                             .capacity =
                                                 omni_layout(b->in)->n + 1024};
    struct omni_session *s = NULL;
    struct asid_err err;

    if (omni_session_open(b->omni, &options, &s, &err) != ASID_OK)
        die("session", &err);
    return s;
}

static void ask(struct bench *b, struct omni_session *s, size_t first, size_t n,
                double *p)
{
    struct answers answers = {b, p};
    struct asid_err err;

    if (omni_ask_each(s, b->questions + first, n, on_answer, &answers, &err) !=
        ASID_OK)
        die("asking", &err);
}

static struct cost put_media(struct bench *b, struct omni_session *s)
{
    double start = clock_monotonic();
    struct asid_err err;

    if (omni_prefill_media(s, b->in, &err) != ASID_OK)
        die("media", &err);
    return (struct cost){omni_computed(s), clock_monotonic() - start};
}

/* The first n questions behind the media: what both take. */
static struct cost ask_behind(struct bench *b, struct omni_session *s,
                              struct cost media, size_t n, double *p)
{
    uint64_t before = omni_computed(s);
    double start = clock_monotonic();

    ask(b, s, 0, n, p);
    return (struct cost){media.tokens + omni_computed(s) - before,
                         media.seconds + clock_monotonic() - start};
}

/* --- accounts -------------------------------------------------------------- */

struct accounts {
    struct str texts[ATTRIBUTES];
    struct bpe_ids ids[2][ATTRIBUTES]; /* one by one, together */
    double seconds[2];
    size_t tokens, differ;
};

static void make_accounts(struct bench *b, struct accounts *a)
{
    const struct prompts *prompts;
    struct asid_err err;

    if (prompts_load(&b->arena, &prompts, &err) != ASID_OK)
        die("prompts", &err);
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        const struct prompt_request request = {.set = "verify-account",
                                               .attributes = &attribute_keys[i],
                                               .n_attributes = 1,
                                               .id = ""};

        if (prompt_text(prompts, &b->arena, &request, &a->texts[i], &err) !=
            ASID_OK)
            die("prompts", &err);
    }
}

/* Behind the media that are on the timeline. */
static void give_accounts(struct bench *b, struct omni_session *s,
                          struct accounts *a)
{
    const struct omni_sampling how = {
        .max_tokens = TOKENS, .repetition_penalty = 1.1F, .top_p = 1};
    double start = clock_monotonic();
    struct asid_err err;

    make_accounts(b, a);
    for (size_t i = 0; i < ATTRIBUTES; i++)
        if (omni_ask(s, a->texts[i], &err) != ASID_OK ||
            omni_generate(s, &how, &a->ids[0][i], NULL, NULL, &err) != ASID_OK)
            die("account", &err);
    a->seconds[0] = clock_monotonic() - start;
    start = clock_monotonic();
    if (omni_generate_each(s, a->texts, ATTRIBUTES, &how, a->ids[1], NULL,
                           &err) != ASID_OK)
        die("accounts", &err);
    a->seconds[1] = clock_monotonic() - start;
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        a->tokens += a->ids[0][i].n;
        for (size_t k = 0; k < a->ids[0][i].n; k++)
            a->differ +=
                k >= a->ids[1][i].n || a->ids[1][i].id[k] != a->ids[0][i].id[k];
        bpe_ids_release(&a->ids[0][i]);
        bpe_ids_release(&a->ids[1][i]);
    }
}

static int32_t first_token(const struct bench *b, const char *word)
{
    struct bpe_ids ids = {NULL, 0, 0};
    struct asid_err err;
    int32_t id;

    if (bpe_encode(omni_tokenizer(b->omni), str_of(word), false, &ids, &err) !=
            ASID_OK ||
        ids.n == 0)
        die(word, &err);
    id = ids.id[0];
    bpe_ids_release(&ids);
    return id;
}

static size_t number(int argc, char **argv, int at, size_t otherwise)
{
    return argc > at ? strtoul(argv[at], NULL, 10) : otherwise;
}

static void open_model(struct bench *b, const char *dir, const char *precision)
{
    struct omni_load how = {.threads = (unsigned)b->threads};
    struct asid_err err;

    if (!omni_precision_named(precision, &how.precision))
        exit(2);
    if (omni_open_as(dir, &how, &b->omni, &err) != ASID_OK)
        die(dir, &err);
    b->yes = first_token(b, "Yes");
    b->no = first_token(b, "No");
}

static double greatest_difference(struct bench *b, struct omni_session *s)
{
    double worst = 0;

    for (size_t i = 0; i < b->n; i += (b->n + ALONE - 1) / ALONE) {
        ask(b, s, i, 1, b->alone + i);
        worst = fmax(worst, fabs(b->alone[i] - b->together[i]));
    }
    return worst;
}

static void print(const struct bench *b, struct cost one, struct cost all,
                  double worst, const struct accounts *a)
{
    printf("{\"media_tokens\":%zu,\"claims\":%zu,\"tokens_one\":%llu,"
           "\"tokens_all\":%llu,\"tokens_ratio\":%.3f,\"seconds_one\":%.3f,"
           "\"seconds_all\":%.3f,\"seconds_ratio\":%.3f,"
           "\"greatest_difference\":%g,\"account_tokens\":%zu,"
           "\"seconds_one_by_one\":%.3f,\"seconds_together\":%.3f,"
           "\"tokens_that_differ\":%zu}\n",
           omni_layout(b->in)->media_end, b->n, (unsigned long long)one.tokens,
           (unsigned long long)all.tokens,
           (double)all.tokens / (double)one.tokens, one.seconds, all.seconds,
           all.seconds / one.seconds, worst, a->tokens, a->seconds[0],
           a->seconds[1], a->differ);
}

int main(int argc, char **argv)
{
    static struct bench b;
    static struct accounts accounts;
    struct omni_session *s;
    struct cost media, one, all;
    double worst;

    if (argc < 2) {
        fprintf(stderr, "usage: bench_verify CHECKPOINT [CLAIMS] [FRAMES] "
                        "[THREADS] [PRECISION]\n");
        return 2;
    }
    b.n = number(argc, argv, 2, 40);
    b.frames = number(argc, argv, 3, 30);
    b.threads = number(argc, argv, 4, 0);
    if (b.n < 1 || b.n > MOST || b.frames < 2)
        return 2;
    open_model(&b, argv[1], argc > 5 ? argv[5] : "bf16");
    make_questions(&b);
    make_inputs(&b);
    s = open_session(&b);
    media = put_media(&b, s);
    one = ask_behind(&b, s, media, 1, b.alone);
    all = ask_behind(&b, s, media, b.n, b.together);
    worst = greatest_difference(&b, s);
    give_accounts(&b, s, &accounts);
    print(&b, one, all, worst, &accounts);
    omni_session_close(s);
    omni_inputs_free(b.in);
    omni_close(b.omni);
    arena_release(&b.arena);
    return 0;
}
