/*
 * Asking a model about a clip: every answer is the one it would get alone, the
 * ledger is asked first, and what was asked is counted once.
 */
#include <math.h>

#include "asid/answer/answer.h"
#include "asid/ask/ask.h"
#include "asid/base/hash.h"
#include "asid/ledger/ledger.h"
#include "model_options.h"
#include "vectors.h"

#define MODEL "tests/vectors/checkpoints/tiny-a"
#define VIDEO "tests/vectors/media/matched.mkv"

static struct arena arena = ARENA_INIT;
static struct answerer *model;
static struct asid_cx cx;
static char video_hash[HASH_HEX];

/* --- a stage of its own ----------------------------------------------------- */

static void read_options(void)
{
    struct json *options = model_options(&arena);

    json_set_i64(&arena, options, "threads", 1);
    json_set_i64(&arena, options, "max-tokens", 12);
    json_set_f64(&arena, options, "min-pixels", 3136);
    json_set_f64(&arena, options, "max-pixels", 12544);
    json_set_text(&arena, options, "model", MODEL);
    json_set_text(&arena, options, "cache", "none");
    json_settle(options);
    cx = (struct asid_cx){.options = options, .arena = &arena, .run_id = ""};
}

struct visit {
    struct arena arena;
    struct asid_job job;
    struct clip *clip;
};

static void begin(struct visit *v, const char *path, const char *sha256)
{
    struct asid_err err;

    *v = (struct visit){.arena = ARENA_INIT};
    v->job = (struct asid_job){.cx = &cx, .arena = &v->arena, .id = "r1"};
    CHECK_OK(clip_open(model, &v->job, path, sha256, NULL, &v->clip, &err),
             err);
}

static void end(struct visit *v)
{
    clip_close(v->clip);
    arena_release(&v->arena);
}

/* --- questions -------------------------------------------------------------- */

enum { QUESTIONS = 40 };

static const char stem[] = "Is the statement true of this video? Answer with "
                           "yes or no.\nStatement: ";

static void make_questions(struct clip_question *q)
{
    static char space[QUESTIONS][120];

    for (size_t i = 0; i < QUESTIONS; i++) {
        snprintf(space[i], sizeof space[i],
                 "There are %zu birds, and one of them is %s.", i,
                 i % 3 ? "blue" : "sitting on the left of a tall tree");
        q[i] = (struct clip_question){.stem = str_of(stem),
                                      .prompt = str_of(space[i])};
    }
}

/* --- the reference ---------------------------------------------------------- */

/* The same by hand: a prompt of its own, the softmax, the tokens whose text
 * is the word. The tokenizer has " no" but no "yes": that one is known by its
 * first token. */
static double by_hand(const struct omni *omni, const struct clip_question *q,
                      double *mass)
{
    static const char *const yes[] = {"Yes", "yes", " Yes", " yes"};
    const struct ask_media media = {
        .video = VIDEO,
        .budget = {.fps = 2,
                   .min_frames = 4,
                   .max_frames = 4,
                   .min_pixels = 3136,
                   .max_pixels = 12544,
                   .total_pixels = 90316800,
                   .second_resize = true},
    };
    struct omni_run_options options = {.kernels = "auto", .threads = 2};
    const struct omni_config *c = omni_config(omni);
    double all = 0, sum[2] = {0, 0};
    struct omni_session *s = NULL;
    struct omni_inputs *in = NULL;
    const float *logits;
    struct asid_err err;

    CHECK_OK(ask_open_inputs(omni, NULL, &media, &in, NULL, &err), err);
    CHECK_OK(omni_add_text(in, q->stem, &err), err);
    CHECK_OK(omni_add_text(in, q->prompt, &err), err);
    CHECK_OK(omni_inputs_finish(in, &err), err);
    options.capacity = omni_layout(in)->n;
    CHECK_OK(omni_session_open(omni, &options, &s, &err), err);
    CHECK_OK(omni_prefill(s, in, &err), err);
    logits = omni_logits(s);
    for (size_t i = 0; logits && i < c->text.vocab; i++)
        all += exp((double)logits[i]);
    for (size_t i = 0; logits && i < 4; i++) {
        struct bpe_ids ids = {NULL, 0, 0};

        CHECK_OK(
            bpe_encode(omni_tokenizer(omni), str_of(yes[i]), false, &ids, &err),
            err);
        sum[0] += exp((double)logits[ids.id[0]]);
        bpe_ids_release(&ids);
    }
    sum[1] = logits ? exp((double)logits[902]) : 0;
    *mass = (sum[0] + sum[1]) / all;
    omni_session_close(s);
    omni_inputs_free(in);
    return sum[0] / (sum[0] + sum[1]);
}

static void test_together(void)
{
    static struct clip_question all[QUESTIONS], one;
    struct omni *omni = NULL;
    struct asid_err err;
    struct visit v, w;
    double p, mass;

    CHECK_OK(omni_open(MODEL, &omni, &err), err);
    make_questions(all);
    begin(&v, VIDEO, video_hash);
    CHECK_OK(clip_yes(v.clip, all, QUESTIONS, &err), err);
    CHECK(clip_work(v.clip)->asked == QUESTIONS, "%zu asked",
          (size_t)clip_work(v.clip)->asked);
    for (size_t i = 0; i < QUESTIONS; i += 7) {
        one = all[i];
        one.p = one.mass = NAN;
        begin(&w, VIDEO, video_hash);
        CHECK_OK(clip_yes(w.clip, &one, 1, &err), err);
        CHECK(one.p == all[i].p && one.mass == all[i].mass,
              "%zu: %.17g together, %.17g alone", i, all[i].p, one.p);
        CHECK(strcmp(one.prompt_sha256, all[i].prompt_sha256) == 0, "prompt");
        end(&w);
        p = by_hand(omni, &all[i], &mass);
        CHECK(fabs(p - all[i].p) < 1e-12 && fabs(mass - all[i].mass) < 1e-12,
              "%zu: p %.17g, mass %.17g, by hand %.17g, %.17g", i, all[i].p,
              all[i].mass, p, mass);
    }
    end(&v);
    omni_close(omni);
    check_case("a probability is that of the question asked alone");
}

/* --- the ledger ------------------------------------------------------------- */

static void test_ledger(void)
{
    static struct clip_question first[QUESTIONS], again[QUESTIONS];
    struct clip_reply text, known;
    struct asid_err err;
    uint64_t tokens_in, tokens_out;
    struct visit v;

    char dir[] = "/tmp/test_answer.XXXXXX", path[100];

    CHECK(mkdtemp(dir), "no folder");
    snprintf(path, sizeof path, "%s/ledger.db", dir);
    CHECK_OK(ledger_open(path, &cx.ledger, &err), err);
    make_questions(first);
    begin(&v, VIDEO, video_hash);
    CHECK_OK(clip_yes(v.clip, first + 5, 3, &err), err);
    CHECK(clip_work(v.clip)->asked == 3, "three first");
    end(&v);

    begin(&v, VIDEO, video_hash);
    CHECK_OK(clip_yes(v.clip, first, QUESTIONS, &err), err);
    CHECK(clip_work(v.clip)->asked == QUESTIONS - 3 &&
              clip_work(v.clip)->known == 3,
          "%zu asked", (size_t)clip_work(v.clip)->asked);
    CHECK(first[5].known && !first[4].known, "known");
    CHECK_OK(clip_text(v.clip, STR("What is it?"), NULL, &text, &err), err);
    CHECK(!text.known && text.text.n > 0 && text.tokens > 0, "an answer");
    tokens_in = v.job.tokens_in;
    tokens_out = v.job.tokens_out;
    CHECK(tokens_in > 0 && tokens_out == text.tokens, "%zu",
          (size_t)tokens_out);

    /* The file is not even looked at. */
    {
        struct visit w;

        begin(&w, "/no/such/video.mp4", video_hash);
        make_questions(again);
        CHECK_OK(clip_yes(w.clip, again, QUESTIONS, &err), err);
        CHECK_OK(clip_text(w.clip, STR("What is it?"), NULL, &known, &err),
                 err);
        CHECK(known.known && str_eq(known.text, text.text), "another answer");
        for (size_t i = 0; i < QUESTIONS; i++)
            CHECK(again[i].known && again[i].p == first[i].p &&
                      again[i].mass == first[i].mass,
                  "question %zu", i);
        CHECK(clip_work(w.clip)->asked == 0, "asked");
        CHECK(w.job.tokens_in == tokens_in && w.job.tokens_out == tokens_out,
              "%zu and %zu tokens, %zu and %zu before", (size_t)w.job.tokens_in,
              (size_t)w.job.tokens_out, (size_t)tokens_in, (size_t)tokens_out);
        again[0].prompt = STR("Something new.");
        CHECK(clip_yes(w.clip, again, 1, &err) == ASID_REJECT &&
                  strcmp(err.code, "media.unreadable") == 0,
              "%s", err.text);
        end(&w);
    }
    end(&v);

    /* Other media, another view: other answers. */
    begin(&v, "/no/such/video.mp4",
          "0000000000000000000000000000000000000000000000000000000000000000");
    CHECK(clip_yes(v.clip, again + 1, 1, &err) == ASID_REJECT, "other media");
    end(&v);
    ledger_close(cx.ledger);
    cx.ledger = NULL;
    unlink(path);
    rmdir(dir);
    check_case("what the ledger knows is not asked, and counts the same");
}

/* --- what it costs ---------------------------------------------------------- */

static void test_cost(void)
{
    static struct clip_question q[QUESTIONS];
    struct asid_err err;
    uint64_t one, all;
    struct visit v;

    make_questions(q);
    begin(&v, VIDEO, video_hash);
    CHECK_OK(clip_yes(v.clip, q, 1, &err), err);
    one = v.job.tokens_in;
    CHECK(one == clip_work(v.clip)->prefix_tokens +
                     clip_work(v.clip)->question_tokens,
          "%zu tokens", (size_t)one);
    CHECK_OK(clip_yes(v.clip, q + 1, QUESTIONS - 1, &err), err);
    all = v.job.tokens_in;
    end(&v);
    begin(&v, VIDEO, video_hash);
    CHECK_OK(clip_yes(v.clip, q, QUESTIONS, &err), err);
    CHECK(v.job.tokens_in == all, "in one call %zu, in two %zu",
          (size_t)v.job.tokens_in, (size_t)all);
    CHECK(clip_work(v.clip)->prefix_tokens < one, "prefix");
    /* A token on the seam belongs to both sides. */
    CHECK(clip_work(v.clip)->prefix_tokens +
                  clip_work(v.clip)->question_tokens <=
              all + 9,
          "%zu computed, %zu counted",
          (size_t)(clip_work(v.clip)->prefix_tokens +
                   clip_work(v.clip)->question_tokens),
          (size_t)all);
    CHECK(all < one + (QUESTIONS - 1) * 60, "%zu for all, %zu for one",
          (size_t)all, (size_t)one);
    end(&v);
    check_case("media and stem are computed and counted once");
}

/* --- windows ---------------------------------------------------------------- */

static void ask_window(const struct clip_view *view, struct clip_question *q)
{
    struct asid_err err;
    struct visit v;

    v = (struct visit){.arena = ARENA_INIT};
    v.job = (struct asid_job){.cx = &cx, .arena = &v.arena, .id = "r1"};
    CHECK_OK(clip_open(model, &v.job, VIDEO, video_hash, view, &v.clip, &err),
             err);
    CHECK_OK(clip_yes(v.clip, q, 1, &err), err);
    end(&v);
}

static void test_window(void)
{
    static const struct clip_view views[] = {
        {NAN, NAN, false}, {NAN, NAN, true}, {0, 1.5, false}, {1, 2.5, false}};
    struct clip_question q[4] = {{.prompt = STR("Is it a bird?")}}, again;
    char dir[] = "/tmp/test_answer.XXXXXX", path[100];
    struct asid_err err;

    CHECK(mkdtemp(dir), "no folder");
    snprintf(path, sizeof path, "%s/ledger.db", dir);
    CHECK_OK(ledger_open(path, &cx.ledger, &err), err);
    for (size_t i = 0; i < 4; i++) {
        q[i] = q[0];
        ask_window(&views[i], &q[i]);
        CHECK(!q[i].known, "view %zu was known", i);
        for (size_t k = 0; k < i; k++)
            CHECK(q[i].p != q[k].p, "views %zu and %zu: p %g", i, k, q[i].p);
        again = (struct clip_question){.prompt = q[0].prompt};
        ask_window(&views[i], &again);
        CHECK(again.known && again.p == q[i].p, "view %zu", i);
    }
    ledger_close(cx.ledger);
    cx.ledger = NULL;
    unlink(path);
    rmdir(dir);
    check_case("every view of a clip has its own answers");
}

/* --- sizes ------------------------------------------------------------------ */

static void test_long(void)
{
    struct clip_question q[3] = {{.prompt = STR("Short?")}};
    struct clip_reply reply;
    struct asid_err err;
    struct visit v;
    char *text;

    begin(&v, VIDEO, video_hash);
    text = arena_bytes(&v.arena, 6000);
    memset(text, 'x', 6000);
    CHECK_OK(clip_yes(v.clip, q, 1, &err), err);
    q[1] = q[2] = q[0];
    q[1].prompt = (struct str){text, 3000};
    q[2].prompt = (struct str){text, 6000};
    CHECK_OK(clip_yes(v.clip, q, 3, &err), err);
    CHECK_OK(clip_text(v.clip, q[2].prompt, NULL, &reply, &err), err);
    CHECK(q[1].p > 0 && q[1].p < 1 && q[1].mass > 0 && q[1].mass < 1, "%g, %g",
          q[1].p, q[1].mass);
    end(&v);
    check_case("a question may be longer than the ones before it");
}

static void test_text_only(void)
{
    struct clip_question q[2] = {{.prompt = STR("Is snow white? Say yes.")},
                                 {.prompt = STR("Is snow black?")}};
    struct clip_question alone = {.prompt = STR("Is snow black?")};
    struct clip_reply one, two;
    struct asid_err err;
    struct visit v;

    begin(&v, NULL, NULL);
    CHECK_OK(clip_yes(v.clip, q, 2, &err), err);
    CHECK_OK(clip_text(v.clip, STR("Say something."), NULL, &one, &err), err);
    CHECK_OK(clip_yes(v.clip, &alone, 1, &err), err);
    CHECK(alone.p == q[1].p && q[0].p != q[1].p, "%g %g", alone.p, q[1].p);
    CHECK_OK(clip_text(v.clip, STR("Say something."), NULL, &two, &err), err);
    CHECK(str_eq(one.text, two.text), "the same question");
    end(&v);
    check_case("questions about text alone");
}

/* More than go together, some of them known. */
static void test_texts(void)
{
    enum { N = 11 };
    struct clip_reply one[N], all[N];
    struct str prompts[N];
    struct asid_err err;
    struct visit v, w;

    for (int media = 0; media < 2; media++) {
        begin(&v, media ? VIDEO : NULL, media ? video_hash : NULL);
        begin(&w, media ? VIDEO : NULL, media ? video_hash : NULL);
        for (size_t i = 0; i < N; i++)
            prompts[i] = str_of(arena_printf(&v.arena, "Tell me about %.*s.",
                                             (int)i, "all of this here"));
        for (size_t i = 0; i < N; i++)
            CHECK_OK(clip_text_any(v.clip, prompts[i], NULL, &one[i], &err),
                     err);
        CHECK_OK(clip_texts_any(w.clip, prompts, N, NULL, all, &err), err);
        for (size_t i = 0; i < N; i++)
            CHECK(str_eq(one[i].text, all[i].text) &&
                      one[i].tokens == all[i].tokens &&
                      one[i].truncated == all[i].truncated &&
                      strcmp(one[i].prompt_sha256, all[i].prompt_sha256) == 0,
                  "%zu: " STR_FMT " / " STR_FMT, i, STR_ARG(one[i].text),
                  STR_ARG(all[i].text));
        CHECK(v.job.tokens_in == w.job.tokens_in &&
                  v.job.tokens_out == w.job.tokens_out && w.job.tokens_out > 0,
              "tokens");
        CHECK(clip_work(v.clip)->asked == clip_work(w.clip)->asked &&
                  clip_work(v.clip)->question_tokens ==
                      clip_work(w.clip)->question_tokens &&
                  clip_work(v.clip)->answer_tokens ==
                      clip_work(w.clip)->answer_tokens,
              "%llu and %llu tokens of questions",
              (unsigned long long)clip_work(v.clip)->question_tokens,
              (unsigned long long)clip_work(w.clip)->question_tokens);
        CHECK_OK(clip_texts_any(w.clip, prompts, 0, NULL, all, &err), err);
        end(&v);
        end(&w);
    }
    check_case("free answers asked for together are those given one by one");
}

/* Counted as if each had been asked, as from the ledger. */
static void test_equal_texts(void)
{
    const struct str prompts[] = {STR("What is it?"), STR("Who is it?"),
                                  STR("What is it?")};
    struct clip_reply one, all[3];
    struct asid_err err;
    struct visit v, w;

    begin(&v, VIDEO, video_hash);
    begin(&w, VIDEO, video_hash);
    CHECK_OK(clip_texts(v.clip, prompts, 3, NULL, all, &err), err);
    CHECK(clip_work(v.clip)->asked == 2, "%zu asked",
          (size_t)clip_work(v.clip)->asked);
    for (size_t i = 0; i < 3; i++) {
        CHECK_OK(clip_text(w.clip, prompts[i], NULL, &one, &err), err);
        CHECK(str_eq(one.text, all[i].text), "%zu: " STR_FMT, i,
              STR_ARG(all[i].text));
    }
    CHECK(v.job.tokens_in == w.job.tokens_in &&
              v.job.tokens_out == w.job.tokens_out,
          "tokens");
    end(&v);
    end(&w);
    check_case("equal questions are asked once and answered each");
}

static void test_source(void)
{
    struct visit v;
    struct asid_err err;
    const char *path;
    char hex[HASH_HEX];

    begin(&v, NULL, NULL);
    v.job.record = json_new_object(&v.arena);
    CHECK(clip_source(&v.job, &path, hex, &err) == ASID_REJECT &&
              strcmp(err.code, "input.schema") == 0,
          "%s", err.text);
    json_set_text(&v.arena, v.job.record, "video", VIDEO);
    CHECK_OK(clip_source(&v.job, &path, hex, &err), err);
    CHECK_TEXT(hex, video_hash);
    json_set(&v.arena, v.job.record, "media", json_new_object(&v.arena));
    json_set_text(&v.arena, json_get(v.job.record, "media"), "sha256", "00");
    CHECK(clip_source(&v.job, &path, hex, &err) == ASID_REJECT &&
              strcmp(err.code, "media.changed") == 0,
          "%s", err.text);
    end(&v);
    check_case("the media of a record are those that are there");
}

int main(void)
{
    struct asid_err err;

    read_options();
    CHECK_OK(hash_file(VIDEO, video_hash, NULL, &err), err);
    if (answerer_open(&cx, &model, &err) != ASID_OK) {
        printf("Bail out! %s\n", err.text);
        return 1;
    }
    CHECK(strlen(answerer_model(model)) == 64, "%s", answerer_model(model));
    CHECK(strstr(answerer_identity(model), answerer_model(model)), "identity");
    test_together();
    test_ledger();
    test_cost();
    test_window();
    test_long();
    test_text_only();
    test_texts();
    test_equal_texts();
    test_source();
    answerer_close(model);
    arena_release(&arena);
    return check_done();
}
