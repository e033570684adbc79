/* A clip's questions answered by an endpoint: each once, each kept. */
#include <math.h>

#include "../../common/answer/endpoint.h"
#include "asid/base/hash.h"
#include "asid/ledger/ledger.h"
#include "mock_endpoint.h"
#include "model_options.h"

#define VIDEO "tests/vectors/media/matched.mkv"

enum { QUESTIONS = 40 };

static struct arena arena = ARENA_INIT;
static char video_hash[HASH_HEX];

/* A stage of its own. */
static struct asid_cx make_cx(const char *url, const char *name)
{
    struct json *options = model_options(&arena);

    json_set_f64(&arena, options, "timeout", 20);
    json_set_text(&arena, options, "endpoint", url);
    if (name)
        json_set_text(&arena, options, "model", name);
    json_settle(options);
    return (struct asid_cx){.options = options, .arena = &arena, .run_id = ""};
}

struct visit {
    struct arena arena;
    struct asid_job job;
    struct clip *clip;
};

static void begin(struct visit *v, const struct asid_cx *cx,
                  struct answerer *model, bool video)
{
    struct asid_err err;

    *v = (struct visit){.arena = ARENA_INIT};
    v->job = (struct asid_job){.cx = cx, .arena = &v->arena, .id = "r1"};
    CHECK_OK(clip_open(model, &v->job, video ? VIDEO : NULL,
                       video ? video_hash : NULL, NULL, &v->clip, &err),
             err);
}

static void end(struct visit *v)
{
    clip_close(v->clip);
    arena_release(&v->arena);
}

static void make_questions(struct clip_question *q)
{
    static char space[QUESTIONS][60];

    for (size_t i = 0; i < QUESTIONS; i++) {
        snprintf(space[i], sizeof space[i], "claim number %zu.", i);
        q[i] = (struct clip_question){.stem = STR("Is it true? "),
                                      .prompt = str_of(space[i])};
    }
}

static void test_yes(const char *ledger_path)
{
    static const char scenario[] =
        "{\"rules\":[{\"match\":\"number 7.\",\"p\":0.75},"
        "{\"match\":\"number 3\",\"times\":1,\"status\":500},"
        "{\"match\":\"number 2\",\"delay\":0.1},"
        "{\"match\":\"number 9.\",\"top\":{\"The\":-0.1,\"A\":-2.5}}]}";
    struct clip_question q[QUESTIONS], again[QUESTIONS];
    struct answerer *model = NULL;
    struct asid_err err;
    struct asid_cx cx;
    struct visit v;
    struct mock m;
    unsigned distinct = 0;

    mock_start(&m, scenario);
    cx = make_cx(m.url, "judge");
    CHECK_OK(ledger_open(ledger_path, &cx.ledger, &err), err);
    CHECK_OK(answerer_open(&cx, &model, &err), err);
    CHECK_TEXT(answerer_model(model), "judge");
    make_questions(q);
    begin(&v, &cx, model, true);
    CHECK_OK(clip_yes(v.clip, q, QUESTIONS, &err), err);
    CHECK(fabs(q[7].p - 0.75) < 1e-9 && fabs(q[7].mass - 0.98) < 1e-9,
          "p %g mass %g", q[7].p, q[7].mass);
    CHECK(fabs(q[9].p - 0.5) < 1e-12 && q[9].mass < 1e-12, "p %g mass %g",
          q[9].p, q[9].mass);
    for (size_t i = 1; i < QUESTIONS; i++)
        distinct += fabs(q[i].p - q[0].p) > 1e-9;
    CHECK(distinct > QUESTIONS / 2, "%u different answers", distinct);
    CHECK(clip_work(v.clip)->asked == QUESTIONS, "asked");
    CHECK(v.job.tokens_in > QUESTIONS && v.job.tokens_out >= QUESTIONS,
          "tokens");
    end(&v);
    CHECK(mock_count(&m, "answered") == QUESTIONS, "%u answers",
          mock_count(&m, "answered"));
    CHECK(mock_most(&m, 2) > 1, "never two at once");
    check_case("yes/no questions are asked several at once");

    make_questions(again);
    begin(&v, &cx, model, true);
    CHECK_OK(clip_yes(v.clip, again, QUESTIONS, &err), err);
    for (size_t i = 0; i < QUESTIONS; i++)
        CHECK(again[i].known && fabs(again[i].p - q[i].p) < 1e-12,
              "question %zu", i);
    CHECK(clip_work(v.clip)->asked == 0, "asked again");
    end(&v);
    CHECK(mock_count(&m, "answered") == QUESTIONS, "asked again");
    answerer_close(model);
    ledger_close(cx.ledger);
    mock_stop(&m);
    check_case("and not again, at whatever address the model is");
}

/* One question fails for good: the others are kept all the same. */
static void test_one_fails(const char *ledger_path)
{
    struct clip_question q[QUESTIONS];
    struct answerer *model = NULL;
    struct asid_err err;
    struct asid_cx cx;
    struct visit v;
    struct mock m;
    unsigned known = 0;

    mock_start(&m, "{\"rules\":[{\"match\":\"number 7.\",\"times\":1,"
                   "\"logprobs\":false}]}");
    cx = make_cx(m.url, "second");
    CHECK_OK(ledger_open(ledger_path, &cx.ledger, &err), err);
    CHECK_OK(answerer_open(&cx, &model, &err), err);
    make_questions(q);
    begin(&v, &cx, model, false);
    CHECK(clip_yes(v.clip, q, QUESTIONS, &err) == ASID_REJECT, "rc %d",
          (int)err.rc);
    CHECK_TEXT(err.code, "model.failed");
    CHECK(strstr(err.text, "no probabilities"), "%s", err.text);
    end(&v);
    make_questions(q);
    begin(&v, &cx, model, false);
    CHECK_OK(clip_yes(v.clip, q, QUESTIONS, &err), err);
    for (size_t i = 0; i < QUESTIONS; i++)
        known += q[i].known;
    CHECK(known == QUESTIONS - 1 && !q[7].known, "%u known", known);
    end(&v);
    answerer_close(model);
    ledger_close(cx.ledger);
    mock_stop(&m);
    check_case("without logprobs there is no answer; the others are kept");
}

static void test_media(void)
{
    static const char scenario[] =
        "{\"rules\":["
        "{\"match\":\"Describe\",\"has\":\"\\\"max_tokens\\\":1024,"
        "\\\"temperature\\\":0,\\\"repetition_penalty\\\":1.1\","
        "\"answer\":\" Seen. \",\"finish\":\"length\"},"
        "{\"match\":\"0 s\",\"has\":\"data:image/jpeg;base64,/9j/\","
        "\"answer\":\"pictures\"},{\"answer\":\"nothing\"}]}";
    struct answerer *model = NULL;
    struct clip_reply reply;
    struct asid_err err;
    struct asid_cx cx;
    struct visit v;
    struct mock m;

    mock_start(&m, scenario);
    cx = make_cx(m.url, "m");
    CHECK_OK(answerer_open(&cx, &model, &err), err);
    begin(&v, &cx, model, true);
    CHECK_OK(clip_text(v.clip, STR("Describe it."), NULL, &reply, &err), err);
    CHECK(str_is(reply.text, "Seen.") && reply.truncated, STR_FMT,
          STR_ARG(reply.text));
    CHECK_OK(clip_text(v.clip, STR("What is there?"), NULL, &reply, &err), err);
    CHECK(str_is(reply.text, "pictures") && !reply.truncated, STR_FMT,
          STR_ARG(reply.text));
    end(&v);
    begin(&v, &cx, model, false);
    CHECK_OK(clip_text(v.clip, STR("What is there?"), NULL, &reply, &err), err);
    CHECK(str_is(reply.text, "nothing"), STR_FMT, STR_ARG(reply.text));
    end(&v);
    answerer_close(model);
    mock_stop(&m);
    check_case("a clip goes as pictures with their times, a text alone");
}

/* The parts that a part of the clip is made of. */
static void check_view(struct answerer *model, const struct asid_cx *cx,
                       struct clip_view view, const char *times,
                       double sound_seconds)
{
    struct arena a = ARENA_INIT;
    struct asid_job job = {.cx = cx, .arena = &a, .id = "r1"};
    struct clip c = {.m = model, .job = &job, .path = VIDEO, .view = view};
    struct endpoint_media *media = NULL;
    size_t sound = 0;
    struct asid_err err;
    struct buf got;

    buf_init(&got, 1000);
    CHECK_OK(endpoint_media(&c, &media, &err), err);
    for (size_t i = 1; media && i < media->n; i++) {
        const struct chat_part *p = &media->parts[i];

        if (p->kind == CHAT_AUDIO)
            sound = p->bytes.n - 44;
        else if (p->kind == CHAT_TEXT && media->parts[i + 1].kind == CHAT_IMAGE)
            buf_printf(&got, STR_FMT ",", STR_ARG(p->bytes));
    }
    CHECK_TEXT(got.p ? got.p : "", times);
    CHECK(fabs((double)sound / 32000 - sound_seconds) < 0.001, "%g s of sound",
          (double)sound / 32000);
    buf_release(&got);
    arena_release(&a);
}

static void test_views(void)
{
    struct asid_cx cx = make_cx("http://localhost:1/v1", "m");
    struct answerer *model = NULL;
    struct asid_err err;

    CHECK_OK(answerer_open(&cx, &model, &err), err);
    check_view(model, &cx, (struct clip_view){NAN, NAN, false},
               "0 s,1 s,1.8 s,2.8 s,", 3);
    check_view(model, &cx, (struct clip_view){NAN, NAN, true},
               "0 s,1 s,1.8 s,2.8 s,", 0);
    check_view(model, &cx, (struct clip_view){0.5, 1.5, false},
               "0.6 s,0.8 s,1 s,1.2 s,", 1);
    check_view(model, &cx, (struct clip_view){1.0, 1.1, true}, "1 s,", 0);
    check_view(model, &cx, (struct clip_view){90, 99, true}, "2.8 s,", 0);
    answerer_close(model);
    check_case("of a part of the clip, its frames and its sound");
}

static void test_open(void)
{
    struct answerer *model = NULL;
    struct asid_err err;
    struct asid_cx cx = make_cx("http://localhost:1/v1", NULL);

    CHECK(answerer_open(&cx, &model, &err) == ASID_USAGE, "rc %d", (int)err.rc);
    cx = make_cx("localhost", "m");
    CHECK(answerer_open(&cx, &model, &err) == ASID_USAGE, "rc %d", (int)err.rc);
    check_case("without a name or an address it is wrong usage");
}

int main(void)
{
    char dir[] = "/tmp/asid-endpoint-XXXXXX";
    struct asid_err err;
    char *ledger;

    CHECK(mkdtemp(dir) != NULL, "no scratch folder");
    ledger = path_join(&arena, dir, "l.db");
    CHECK_OK(hash_file(VIDEO, video_hash, NULL, &err), err);
    test_open();
    test_yes(ledger);
    test_one_fails(ledger);
    test_media();
    test_views();
    unlink(ledger);
    unlink(arena_printf(&arena, "%s-wal", ledger));
    unlink(arena_printf(&arena, "%s-shm", ledger));
    rmdir(dir);
    arena_release(&arena);
    return check_done();
}
