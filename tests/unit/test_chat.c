/* Chat requests and replies: their JSON, and asking an endpoint. */
#include <math.h>

#include "asid/data/json.h"
#include "asid/net/chat.h"
#include "asid/net/transcribe.h"
#include "mock_endpoint.h"

static const char KEY[] = "sk-planted-0123456789";

/* --- requests --------------------------------------------------------------- */

static void check_written(const struct chat_request *q,
                          const struct chat_dialect *d, const char *want)
{
    struct arena a = ARENA_INIT;
    struct json *v;
    struct asid_err err;
    struct buf out;

    buf_init(&out, 1 << 20);
    chat_write(&out, "m\"1", q, d);
    CHECK_TEXT(out.p, want);
    CHECK_OK(json_parse(&a, buf_view(&out), 0, &v, &err), err);
    buf_release(&out);
    arena_release(&a);
}

static void test_write(void)
{
    const struct chat_part text = {CHAT_TEXT, NULL, STR("Is it \"red\"?\n")};
    const struct chat_part media[] = {
        {CHAT_IMAGE, "image/jpeg", STR("\xff\xd8")},
        {CHAT_AUDIO, "wav", STR("RIF")},
        {CHAT_TEXT, NULL, STR("What?")},
    };
    struct chat_request q = {.parts = &text, .n_parts = 1};
    struct chat_dialect d = {0};

    check_written(&q, &d,
                  "{\"model\":\"m\\\"1\",\"messages\":[{\"role\":\"user\","
                  "\"content\":\"Is it \\\"red\\\"?\\n\"}],\"temperature\":0}");
    q = (struct chat_request){
        .system = STR("S\xc3\xa9"),
        .parts = media,
        .n_parts = 3,
        .max_tokens = 7,
        .temperature = 0.25,
        .top_p = 0.9,
        .repetition_penalty = 1.1,
        .has_seed = true,
        .seed = UINT64_MAX,
        .top_logprobs = 20,
    };
    check_written(
        &q, &d,
        "{\"model\":\"m\\\"1\",\"messages\":[{\"role\":\"system\",\"content\":"
        "\"S\xc3\xa9\"},{\"role\":\"user\",\"content\":[{\"type\":"
        "\"image_url\",\"image_url\":{\"url\":\"data:image/jpeg;base64,/9g=\"}}"
        ",{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"UklG\","
        "\"format\":\"wav\"}},{\"type\":\"text\",\"text\":\"What?\"}]}],"
        "\"max_tokens\":7,\"temperature\":0.25,\"top_p\":0.9,"
        "\"repetition_penalty\":1.1,\"seed\":9223372036854775807,"
        "\"logprobs\":true,\"top_logprobs\":20}");
    q.system.n = 0;
    q.parts = &text;
    q.n_parts = 1;
    q.has_seed = false;
    q.top_p = q.top_logprobs = 0;
    d = (struct chat_dialect){true, true, true};
    check_written(&q, &d,
                  "{\"model\":\"m\\\"1\",\"messages\":[{\"role\":\"user\","
                  "\"content\":\"Is it \\\"red\\\"?\\n\"}],"
                  "\"max_completion_tokens\":7,\"temperature\":0.25}");
    check_case("requests are written as chat-completions takes them");
}

/* --- replies ---------------------------------------------------------------- */

#define CONTENT(json)                                                          \
 "{\"choices\":[{\"message\":{\"content\":" json "},\"finish_reason\":"        \
 "\"stop\"}]}"

static void test_read(void)
{
    static const struct {
        const char *body, *text;
        enum chat_finish finish;
    } cases[] = {
        {CONTENT("\"A caf\xc3\xa9.\""), "A caf\xc3\xa9.", CHAT_STOPPED},
        {CONTENT("\" \\u00e9\\n\""), " \xc3\xa9\n", CHAT_STOPPED},
        {CONTENT("[{\"type\":\"text\",\"text\":\"a\"},3,{\"text\":\"b\"}]"),
         "ab", CHAT_STOPPED},
        {"", NULL, CHAT_OTHER},
        {"{\"choices\":[{\"message\":{\"content\":\"x\"},\"finish_reason\":"
         "\"length\"},{\"message\":{\"content\":\"y\"}}]}",
         "x", CHAT_LENGTH},
        {"{\"choices\":[{\"message\":{\"content\":\"x\"}}],\"error\":null}",
         "x", CHAT_OTHER},
    };
    const struct chat_request q = {0};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a = ARENA_INIT;
        struct chat_reply reply;
        struct asid_err err;
        bool nonsense;
        enum asid_rc rc =
            chat_read(&a, str_of(cases[i].body), &q, &reply, &nonsense, &err);

        if (!cases[i].text) {
            CHECK(rc == ASID_REJECT && nonsense, "case %zu", i);
        } else {
            CHECK(rc == ASID_OK, "case %zu: %s", i, err.text);
            CHECK(rc != ASID_OK || str_is(reply.text, cases[i].text),
                  "case %zu: " STR_FMT, i, STR_ARG(reply.text));
            CHECK(rc != ASID_OK || reply.finish == cases[i].finish,
                  "case %zu: finish", i);
        }
        arena_release(&a);
    }
    check_case("the text of a reply is found");
}

static void test_read_bad(void)
{
    static const struct {
        const char *body, *says;
        bool nonsense;
    } cases[] = {
        {"", "makes no sense: it is empty", true},
        {" \n", "makes no sense: it is empty", true},
        {"<html>", "makes no sense", true},
        {"{\"choices\":[{\"message\":{\"content\":\"At 0s", "makes no sense",
         true},
        {CONTENT("\"caf\xe9\""), "makes no sense", true},
        {CONTENT("\"\\ud800\""), "makes no sense", true},
        {"[]", "no choices", true},
        {"{}", "no choices", true},
        {"{\"choices\":[]}", "no choices", true},
        {"{\"choices\":{\"0\":1}}", "no choices", true},
        {"{\"choices\":[3]}", "no message", true},
        {"{\"choices\":[{\"message\":\"x\"}]}", "no message", true},
        {CONTENT("{\"a\":1}"), "content is no text", true},
        {"{\"error\":{\"message\":\"overloaded\"}}", "an error: overloaded",
         true},
        {CONTENT("\"\""), "answer is empty", false},
        {CONTENT("\" \\n \""), "answer is empty", false},
        {CONTENT("null"), "answer is empty", false},
        {CONTENT("[]"), "answer is empty", false},
        {"{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":"
         "\"length\"}]}",
         "the limit of tokens came first", false},
        {CONTENT("null,\"refusal\":\"I cannot\""),
         "the model declined to answer: I cannot", false},
        {"{\"choices\":[{\"message\":{\"content\":\"x\"},\"finish_reason\":"
         "\"content_filter\"}]}",
         "filter declined", false},
    };
    const struct chat_request q = {0};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a = ARENA_INIT;
        struct chat_reply reply;
        struct asid_err err = {0};
        bool nonsense = false;
        enum asid_rc rc =
            chat_read(&a, str_of(cases[i].body), &q, &reply, &nonsense, &err);

        CHECK(rc == ASID_REJECT, "case %zu: rc %d", i, (int)rc);
        CHECK_TEXT(err.code, "model.failed");
        CHECK(strstr(err.text, cases[i].says), "case %zu: %s", i, err.text);
        CHECK(nonsense == cases[i].nonsense, "case %zu: nonsense %d", i,
              nonsense);
        arena_release(&a);
    }
    check_case("replies that are no answers are refused, each by name");
}

static void test_read_figures(void)
{
    static const char body[] =
        "{\"model\":\"m-2026\",\"usage\":{\"prompt_tokens\":12,"
        "\"completion_tokens\":3.0},\"choices\":[{\"message\":{\"content\":"
        "\"x\"}}]}";
    static const char odd[] =
        "{\"model\":7,\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":"
        "1e99},\"choices\":[{\"message\":{\"content\":\"x\"}}]}";
    const struct chat_request q = {0};
    struct arena a = ARENA_INIT;
    struct chat_reply r;
    struct asid_err err;
    bool nonsense;

    CHECK_OK(chat_read(&a, str_of(body), &q, &r, &nonsense, &err), err);
    CHECK(str_is(r.model, "m-2026") && r.tokens_in == 12 && r.tokens_out == 3,
          "%llu %llu", (unsigned long long)r.tokens_in,
          (unsigned long long)r.tokens_out);
    CHECK_OK(chat_read(&a, str_of(odd), &q, &r, &nonsense, &err), err);
    CHECK(r.model.n == 0 && r.tokens_in == 0 && r.tokens_out == 0, "odd ones");
    arena_release(&a);
    check_case("model and tokens are taken down, impossible ones are not");
}

/* --- yes and no ------------------------------------------------------------- */

#define TOP(list)                                                              \
 "{\"choices\":[{\"message\":{\"content\":\"\"},\"logprobs\":{\"content\":["   \
 "{\"token\":\"Yes\",\"logprob\":-0.5,\"top_logprobs\":[" list "]}]}}]}"
#define T(token, logprob) "{\"token\":\"" token "\",\"logprob\":" logprob "}"

static void check_yes(const char *body, double want_p, double want_mass)
{
    const struct chat_request q = {.top_logprobs = 20};
    struct arena a = ARENA_INIT;
    struct chat_reply r;
    struct asid_err err = {0};
    double p = -1, mass = -1;
    bool nonsense;
    enum asid_rc rc = chat_read(&a, str_of(body), &q, &r, &nonsense, &err);

    if (rc == ASID_OK)
        rc = chat_yes(&r, &p, &mass, &err);
    CHECK(rc == ASID_OK, "%s: %s", body, err.text);
    CHECK(fabs(p - want_p) < 1e-12, "%s: p %.15g, not %.15g", body, p, want_p);
    CHECK(fabs(mass - want_mass) < 1e-12, "%s: mass %.15g, not %.15g", body,
          mass, want_mass);
    arena_release(&a);
}

static void test_yes(void)
{
    double y = exp(-0.5), n = exp(-1.5);

    check_yes(TOP(T("Yes", "-0.5") "," T("No", "-1.5")), y / (y + n), y + n);
    check_yes(TOP(T("Yes", "-2") "," T(" yes", "-2") "," T("YES", "-2") "," T(
                  "No", "-2") "," T(" no", "-2") "," T("Maybe", "-1")),
              0.6, 5 * exp(-2));
    check_yes(TOP(T("\xe2\x96\x81Yes", "-1") "," T("\xc4\xa0no",
                                                   "-1") "," T("Yes", "-9999")),
              0.5, 2 * exp(-1));
    check_yes(TOP(T("Yes", "-0.5") "," T("Yes", "-0.5") "," T("No", "-1.5")),
              y / (y + n), y + n);
    check_yes(
        TOP(T("No", "-1.5") "," T("yesterday", "-0.1") "," T("nope", "-0.1")),
        y / (y + n), y + n); /* the chosen "Yes" counts as well */
    check_yes(TOP(T("Yes", "0.001") "," T("No", "null") ",3," T("No", "7")), 1,
              1);
    check_yes("{\"choices\":[{\"message\":{\"content\":\"\"},\"logprobs\":{"
              "\"content\":[{\"token\":\"The\",\"logprob\":-0.5,"
              "\"top_logprobs\":[" T("The", "-0.5") "]}]}}]}",
              0.5, 0);
    /* A line end first; the word after it counts. */
    check_yes("{\"choices\":[{\"message\":{\"content\":\"\\nno\"},\"logprobs\":"
              "{\"content\":[{\"token\":\"\\n\",\"logprob\":0,\"top_logprobs\":"
              "[" T("Yes", "-0.5") "]},{\"token\":\"no\",\"logprob\":-1,"
                                   "\"top_logprobs\":[" T("no", "-1") "," T(
                                       "yes", "-1") "]}]}}]}",
              0.5, 2 * exp(-1));
    check_case("yes and no are summed over their spellings");
}

static void test_no_logprobs(void)
{
    static const char *const bodies[] = {
        CONTENT("\"Yes\""),
        TOP(""),
        "{\"choices\":[{\"message\":{\"content\":\"Yes\"},\"logprobs\":null}]}",
        "{\"choices\":[{\"message\":{\"content\":\"Yes\"},\"logprobs\":{"
        "\"content\":[]}}]}",
        "{\"choices\":[{\"message\":{\"content\":\"Yes\"},\"logprobs\":{"
        "\"content\":[{\"token\":\"Yes\",\"logprob\":0}]}}]}",
        "{\"choices\":[{\"message\":{\"content\":\"Yes\"},\"logprobs\":{"
        "\"content\":\"Yes\"}}]}",
    };
    const struct chat_request q = {.top_logprobs = 20};

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct arena a = ARENA_INIT;
        struct chat_reply r;
        struct asid_err err = {0};
        bool nonsense;

        CHECK(chat_read(&a, str_of(bodies[i]), &q, &r, &nonsense, &err) ==
                  ASID_REJECT,
              "case %zu", i);
        CHECK(!nonsense, "case %zu would be asked again", i);
        CHECK(strstr(err.text, "no probabilities"), "case %zu: %s", i,
              err.text);
        arena_release(&a);
    }
    check_case("without probabilities a yes/no question has no answer");
}

/* --- asking ----------------------------------------------------------------- */

static struct chat *open_chat(const struct mock *m, struct chat_options o)
{
    struct asid_err err = {0};
    struct chat *c = NULL;

    o.http.url = m->url;
    o.http.pause = 0.002;
    if (!(o.http.timeout > 0))
        o.http.timeout = 10;
    o.model = o.model ? o.model : "m";
    CHECK_OK(chat_open(&o, &c, &err), err);
    return c;
}

struct seen {
    unsigned n;
    enum asid_rc end_with;
};

static enum asid_rc see(void *user, struct chat_question *q,
                        struct asid_err *err)
{
    struct seen *s = user;

    CHECK(q->rc == ASID_OK && q->reply.text.n, "no answer in it");
    s->n++;
    return s->end_with == ASID_OK ? ASID_OK : FAIL(err, "the ledger is full");
}

static void test_ask(void)
{
    static const char scenario[] =
        "{\"rules\":["
        "{\"match\":\"q0\",\"times\":1,\"fault\":\"cut-open\"},"
        "{\"match\":\"q1\",\"times\":2,\"fault\":\"utf8\"},"
        "{\"match\":\"q2\",\"times\":1,\"fault\":\"short\"},"
        "{\"match\":\"q3\",\"times\":1,\"fault\":\"html\"},"
        "{\"match\":\"q4\",\"body\":\"\"},"
        "{\"match\":\"q5\",\"refusal\":\"No.\"},"
        "{\"match\":\"q6\",\"answer\":\" \"},"
        "{\"match\":\"q7\",\"answer\":\"$KEY\",\"model\":\"other\"}]}";
    enum { N = 9 };
    struct chat_part parts[N];
    struct chat_request requests[N];
    struct chat_question q[N] = {0};
    struct seen seen = {0};
    struct arena a = ARENA_INIT;
    struct asid_err err;
    struct chat *c;
    struct mock m;

    mock_start(&m, scenario);
    c = open_chat(&m, (struct chat_options){.http = {.key = KEY}});
    for (unsigned i = 0; i < N; i++) {
        parts[i] = (struct chat_part){CHAT_TEXT, NULL,
                                      str_of(arena_printf(&a, "q%u", i))};
        requests[i] = (struct chat_request){.parts = &parts[i], .n_parts = 1};
        q[i].request = &requests[i];
    }
    CHECK_OK(chat_ask_all(c, &a, q, N, see, &seen, &err), err);
    for (unsigned i = 0; i < N; i++)
        CHECK(q[i].rc == (i >= 4 && i <= 6 ? ASID_REJECT : ASID_OK),
              "question %u: rc %d %s", i, (int)q[i].rc, q[i].err.text);
    CHECK(q[1].reply.tries == 3, "%u tries", q[1].reply.tries);
    CHECK(strstr(q[4].err.text, "asked 4 times: "), "%s", q[4].err.text);
    CHECK(strstr(q[5].err.text, "declined to answer: No."), "%s",
          q[5].err.text);
    CHECK(strstr(q[6].err.text, "empty"), "%s", q[6].err.text);
    CHECK(str_is(q[7].reply.text, "*********************"), STR_FMT,
          STR_ARG(q[7].reply.text));
    CHECK(str_is(q[7].reply.model, "other"), "model " STR_FMT,
          STR_ARG(q[7].reply.model));
    CHECK(seen.n == 6, "%u answers seen", seen.n);
    seen.end_with = ASID_FAILED;
    CHECK(chat_ask_all(c, &a, q, N, see, &seen, &err) == ASID_FAILED, "rc %d",
          (int)err.rc);
    CHECK_TEXT(err.text, "the ledger is full");
    chat_close(c);
    mock_stop(&m);
    arena_release(&a);
    check_case("replies cut off, broken, empty, refused: each its own outcome");
}

static void test_ask_yes(void)
{
    const struct chat_part part = {CHAT_TEXT, NULL, STR("Is it so?")};
    const struct chat_part mute = {CHAT_TEXT, NULL, STR("mute")};
    struct chat_request q = {
        .parts = &part, .n_parts = 1, .max_tokens = 1, .top_logprobs = 20};
    struct chat_reply r[2];
    struct arena a = ARENA_INIT;
    struct asid_err err;
    double p[2], mass;
    struct chat *c;
    struct mock m;

    mock_start(&m, "{\"rules\":[{\"match\":\"mute\",\"logprobs\":false}]}");
    c = open_chat(&m, (struct chat_options){0});
    for (size_t i = 0; i < 2; i++) {
        CHECK_OK(chat_ask(c, &a, &q, &r[i], &err), err);
        CHECK_OK(chat_yes(&r[i], &p[i], &mass, &err), err);
        CHECK(p[i] > 0 && p[i] < 1 && fabs(mass - 0.98) < 1e-9, "p %g mass %g",
              p[i], mass);
    }
    CHECK(fabs(p[0] - p[1]) < 1e-15, "%g and %g", p[0], p[1]);
    q.parts = &mute;
    CHECK(chat_ask(c, &a, &q, &r[0], &err) == ASID_REJECT, "rc %d",
          (int)err.rc);
    CHECK(strstr(err.text, "no probabilities"), "%s", err.text);
    CHECK(mock_count(&m, "answered") == 3, "%u requests, not 3",
          mock_count(&m, "answered"));
    chat_close(c);
    mock_stop(&m);
    arena_release(&a);
    check_case("a yes/no question over the wire");
}

static void test_dialect(void)
{
    static const char scenario[] =
        "{\"rules\":["
        "{\"match\":\"penalty\",\"has\":\"repetition_penalty\",\"status\":400,\"body\":{\"error\":"
        "{\"message\":\"Unrecognized request argument supplied: "
        "repetition_penalty\"}}},"
        "{\"match\":\"limit\",\"has\":\"max_tokens\",\"status\":400,\"body\":{\"error\":{"
        "\"message\":\"Use 'max_completion_tokens' instead.\"}}},"
        "{\"match\":\"many\",\"has\":\"\\\"top_logprobs\\\":20\",\"status\":422,"
        "\"body\":{\"detail\":\"top_logprobs: at most 8\"}},"
        "{\"match\":\"stubborn\",\"status\":400,\"body\":\"repetition_penalty "
        "max_completion_tokens\"}]}";
    const struct chat_part parts[] = {{CHAT_TEXT, NULL, STR("penalty")},
                                      {CHAT_TEXT, NULL, STR("limit")},
                                      {CHAT_TEXT, NULL, STR("stubborn")},
                                      {CHAT_TEXT, NULL, STR("many")}};
    struct chat_request q = {
        .n_parts = 1, .max_tokens = 9, .repetition_penalty = 1.1};
    struct chat_reply r;
    struct arena a = ARENA_INIT;
    struct asid_err err;
    struct chat *c;
    struct mock m;

    mock_start(&m, scenario);
    c = open_chat(&m, (struct chat_options){0});
    CHECK_TEXT(chat_notes(c), "");
    q.parts = &parts[0];
    CHECK_OK(chat_ask(c, &a, &q, &r, &err), err);
    CHECK(r.tries == 2, "%u tries", r.tries);
    CHECK(strstr(chat_notes(c), "repetition_penalty"), "%s", chat_notes(c));
    q.parts = &parts[1];
    CHECK_OK(chat_ask(c, &a, &q, &r, &err), err);
    CHECK(r.tries == 2, "%u tries", r.tries);
    q.parts = &parts[2];
    CHECK(chat_ask(c, &a, &q, &r, &err) == ASID_REJECT, "rc %d", (int)err.rc);
    CHECK(mock_count(&m, "400") == 3, "%u refusals", mock_count(&m, "400"));
    q.parts = &parts[3];
    q.top_logprobs = 20;
    CHECK_OK(chat_ask(c, &a, &q, &r, &err), err);
    CHECK(r.tries == 2 && mock_count(&m, "422") == 1, "%u tries", r.tries);
    CHECK(strstr(chat_notes(c), "top_logprobs"), "%s", chat_notes(c));
    chat_close(c);
    mock_stop(&m);
    arena_release(&a);
    check_case("parameters that a server does not know are left out");
}

static void test_wrong_model(void)
{
    const struct chat_part part = {CHAT_TEXT, NULL, STR("q")};
    struct chat_request q = {.parts = &part, .n_parts = 1};
    struct arena a = ARENA_INIT;
    struct chat_reply r;
    struct asid_err err;
    struct chat *c;
    struct mock m;

    mock_start(&m, "{\"models\":[\"m\"]}");
    c = open_chat(&m, (struct chat_options){.model = "n"});
    CHECK(chat_ask(c, &a, &q, &r, &err) == ASID_FAILED, "rc %d", (int)err.rc);
    CHECK(strstr(err.text, "The model does not exist"), "%s", err.text);
    chat_close(c);
    CHECK(chat_open(&(struct chat_options){.http = {.url = m.url}}, &c, &err) ==
              ASID_USAGE,
          "rc %d", (int)err.rc);
    mock_stop(&m);
    arena_release(&a);
    check_case("an unknown model ends the work; none at all is wrong usage");
}

/* --- transcripts ------------------------------------------------------------ */

static void test_transcribe(void)
{
    struct transcribe_request q = {
        .model = "whisper", .language = "en", .wav = STR("RIFF....WAVE")};
    struct arena a = ARENA_INIT;
    struct http *h = NULL;
    struct asid_err err;
    struct str json;
    struct mock m;

    mock_start(&m, "{\"rules\":[{\"match\":\"nonsense\",\"body\":{\"text\":3}},"
                   "{\"match\":\"verbose_json\",\"times\":1,\"status\":500}]}");
    CHECK_OK(http_open(&(struct http_options){.url = m.url, .pause = 0.01}, &h,
                       &err),
             err);
    CHECK_OK(transcribe(h, &a, &q, &json, &err), err);
    CHECK(strstr(json.p, "\"word\":\"Three\""), "%s", json.p);
    CHECK(mock_count(&m, "500") == 1, "the form has no response_format");
    q.wav = STR("nonsense");
    CHECK(transcribe(h, &a, &q, &json, &err) == ASID_REJECT, "rc %d",
          (int)err.rc);
    CHECK(strstr(err.text, "no transcript"), "%s", err.text);
    http_close(h);
    mock_stop(&m);
    arena_release(&a);
    check_case("a transcript is asked for as a form");
}

int main(void)
{
    test_write();
    test_read();
    test_read_bad();
    test_read_figures();
    test_yes();
    test_no_logprobs();
    test_ask();
    test_ask_yes();
    test_dialect();
    test_wrong_model();
    test_transcribe();
    return check_done();
}
