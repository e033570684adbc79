/* The HTTP client against an endpoint that does what endpoints do. */
#include <arpa/inet.h>
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "../../common/net/http_int.h"
#include "asid/base/clock.h"
#include "mock_endpoint.h"

static const char KEY[] = "sk-planted-0123456789";

/* --- what the tests ask ---------------------------------------------------- */

struct asked {
    struct arena *arena;
    struct str reply;
    double when;
    unsigned nonsense; /* replies that are called so */
    bool settle;       /* and for good */
};

static enum asid_rc take(void *user, struct http_request *r, struct str reply,
                         struct asid_err *err)
{
    struct asked *k = user;

    r->settled = k->settle;
    if (k->nonsense) {
        k->nonsense--;
        return REJECT(err, "model.failed", "not what was asked for");
    }
    k->reply = (struct str){arena_strndup(k->arena, reply.p, reply.n), reply.n};
    k->when = clock_monotonic();
    return ASID_OK;
}

static struct http *open_client(const char *url, struct http_options o)
{
    struct asid_err err = {0};
    struct http *h = NULL;

    o.url = url;
    if (!(o.pause > 0))
        o.pause = 0.002;
    CHECK_OK(http_open(&o, &h, &err), err);
    return h;
}

static struct http_request request(struct arena *a, struct asked *k,
                                   const char *prompt)
{
    k->arena = a;
    return (struct http_request){
        .path = "/chat/completions",
        .body = str_of(
            arena_printf(a,
                         "{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
                         "\"content\":\"%s\"}]}",
                         prompt)),
        .take = take,
        .user = k,
    };
}

/* The outcome of one question. */
struct outcome {
    enum asid_rc rc;
    struct asid_err err;
    unsigned tries;
    char reply[400];
};

static struct outcome ask(const char *url, struct http_options o,
                          const char *prompt)
{
    struct arena a = ARENA_INIT;
    struct asked k = {0};
    struct outcome out = {0};
    struct http *h = open_client(url, o);
    struct http_request r = request(&a, &k, prompt);

    out.rc = http_post(h, &r, &out.err);
    out.tries = r.tries;
    if (out.rc == ASID_OK)
        snprintf(out.reply, sizeof out.reply, STR_FMT, STR_ARG(k.reply));
    http_close(h);
    arena_release(&a);
    return out;
}

/* --- good days ------------------------------------------------------------- */

static void test_answers(void)
{
    struct arena a = ARENA_INIT;
    struct asked k[6] = {0};
    struct asid_err err;
    struct mock m;
    struct http *h;

    mock_start(&m, "{\"key\":\"sk-planted-0123456789\"}");
    h = open_client(m.url, (struct http_options){.key = KEY});
    for (unsigned i = 0; i < 6; i++) {
        struct http_request r =
            request(&a, &k[i], arena_printf(&a, "question %u", i));

        CHECK_OK(http_post(h, &r, &err), err);
        CHECK(strstr(k[i].reply.p, "a mock says"), "%s", k[i].reply.p);
        CHECK(r.tries == 1, "%u tries", r.tries);
    }
    CHECK(mock_count(&m, "answered") == 6, "not six answers");
    CHECK(mock_most(&m, 1) == 1, "%u connections for six questions in a row",
          mock_most(&m, 1));
    http_close(h);
    mock_stop(&m);
    arena_release(&a);
    check_case("questions are answered over one connection, with the key");
}

struct crowd {
    struct http *http;
    unsigned first;
    unsigned bad;
};

static void *ask_crowd(void *user)
{
    enum { N = 6 };
    struct crowd *c = user;
    struct arena a = ARENA_INIT;
    struct asked k[N] = {0};
    struct http_request r[N];
    struct asid_err err;

    for (unsigned i = 0; i < N; i++)
        r[i] = request(&a, &k[i], arena_printf(&a, "crowd %u", c->first + i));
    c->bad = http_post_all(c->http, r, N, &err) != ASID_OK;
    for (unsigned i = 0; i < N && !c->bad; i++)
        c->bad += r[i].rc != ASID_OK || k[i].reply.n == 0;
    arena_release(&a);
    return NULL;
}

static void test_crowd(void)
{
    pthread_t threads[4];
    struct crowd crowd[4];
    struct mock m;
    struct http *h;

    mock_start(&m, "{\"rules\":[{\"delay\":0.04}]}");
    h = open_client(m.url, (struct http_options){.in_flight = 3});
    for (unsigned i = 0; i < 4; i++) {
        crowd[i] = (struct crowd){h, 100 * i, 0};
        CHECK(pthread_create(&threads[i], NULL, ask_crowd, &crowd[i]) == 0,
              "no thread");
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK(crowd[i].bad == 0, "thread %u: %u bad", i, crowd[i].bad);
    }
    CHECK(mock_count(&m, "answered") == 24, "%u answers",
          mock_count(&m, "answered"));
    CHECK(mock_most(&m, 2) <= 3, "%u requests at once", mock_most(&m, 2));
    CHECK(mock_most(&m, 2) >= 2, "never two requests at once");
    CHECK(mock_most(&m, 1) <= 12, "%u connections", mock_most(&m, 1));
    http_close(h);
    mock_stop(&m);
    check_case("four threads with six questions each: three at once, no more");
}

/* --- bad days that pass ---------------------------------------------------- */

static void test_recovery(void)
{
    static const struct {
        const char *rule, *logged;
        unsigned tries;
    } cases[] = {
        {"\"times\":2,\"status\":500", "500", 3},
        {"\"times\":3,\"status\":503", "503", 4},
        {"\"times\":1,\"status\":408", "408", 2},
        {"\"times\":5,\"status\":429", "429", 6},
        {"\"times\":2,\"fault\":\"cut\"", "cut", 3},
        {"\"times\":2,\"fault\":\"garbage\"", "garbage", 3},
        {"\"times\":2,\"fault\":\"close\"", "close", 3},
        {"\"times\":1,\"fault\":\"hang\"", "hang", 2},
        {"\"times\":1,\"fault\":\"drip\"", "drip", 2},
        {"\"times\":1,\"delay\":30", "gone", 2},
    };
    struct http_options o = {.timeout = 1.0, .key = KEY};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char scenario[200];
        struct outcome got;
        struct mock m;

        snprintf(scenario, sizeof scenario, "{\"rules\":[{%s}]}",
                 cases[i].rule);
        mock_start(&m, scenario);
        got = ask(m.url, o, "again and again");
        CHECK(got.rc == ASID_OK, "%s: %s", cases[i].rule, got.err.text);
        CHECK(got.tries == cases[i].tries, "%s: %u tries", cases[i].rule,
              got.tries);
        CHECK(mock_count(&m, "answered") == 1, "%s: answered %u times",
              cases[i].rule, mock_count(&m, "answered"));
        CHECK(mock_await(&m, cases[i].logged, cases[i].tries - 1) ==
                  cases[i].tries - 1,
              "%s: %u times", cases[i].rule, mock_count(&m, cases[i].logged));
        mock_stop(&m);
    }
    check_case("faults that pass are sat out");
}

/* --- bad days that do not -------------------------------------------------- */

static void test_rejects(void)
{
    static const struct {
        const char *rule, *says;
        unsigned tries;
    } cases[] = {
        {"\"status\":500,\"body\":{\"error\":{\"message\":\"CUDA is\\nlost\"}}",
         "the endpoint answered 500: CUDA is lost (asked 4 times)", 4},
        {"\"status\":502,\"body\":\"<html>Bad Gateway</html>\"",
         "the endpoint answered 502 (asked 4 times)", 4},
        {"\"status\":429", "the endpoint answered 429: as the scenario", 10},
        {"\"status\":400,\"body\":{\"detail\":\"too many tokens\"}",
         "the endpoint answered 400: too many tokens", 1},
        {"\"status\":413,\"body\":\"  plain words \"",
         "the endpoint answered 413: plain words", 1},
        {"\"fault\":\"hang\"",
         "the endpoint did not answer within 0.4 s (asked 4 times)", 4},
        {"\"fault\":\"drip\"", "the endpoint did not answer within 0.4 s", 4},
        {"\"fault\":\"cut\"", "the endpoint cut its reply off", 4},
        {"\"fault\":\"close\"", "the endpoint cut its reply off", 4},
        {"\"fault\":\"garbage\"", "the endpoint spoke no proper HTTP", 4},
        {"\"fault\":\"huge\"",
         "the endpoint sent a reply of more than 1048576 bytes", 1},
        {"\"fault\":\"headers\"", "the endpoint ", 1},
    };
    struct http_options o = {.timeout = 0.4, .pause = 0.001};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a = ARENA_INIT;
        struct asked k = {0};
        struct asid_err err = {0};
        struct http_request r;
        struct http *h;
        struct mock m;

        mock_start(&m, arena_printf(&a, "{\"rules\":[{%s}]}", cases[i].rule));
        h = open_client(m.url, o);
        r = request(&a, &k, "in vain");
        r.max_reply = 1 << 20;
        CHECK(http_post(h, &r, &err) == ASID_REJECT, "%s: rc %d %s",
              cases[i].rule, (int)err.rc, err.text);
        CHECK_TEXT(err.code, "model.failed");
        CHECK(strncmp(err.text, cases[i].says, strlen(cases[i].says)) == 0,
              "%s: %s", cases[i].rule, err.text);
        CHECK(r.tries == cases[i].tries, "%s: %u tries", cases[i].rule,
              r.tries);
        http_close(h);
        mock_stop(&m);
        arena_release(&a);
    }
    check_case("faults that stay are the question's, and bounded");
}

static void test_failures(void)
{
    static const struct {
        const char *scenario, *says;
    } cases[] = {
        {"{\"key\":\"another\"}", "it refuses the API key"},
        {"{\"rules\":[{\"status\":403}]}", "answered 403"},
        {"{\"rules\":[{\"status\":402}]}", "answered 402"},
        {"{\"models\":[\"x\"]}", "no such address or no such model"},
        {"{\"rules\":[{\"status\":405}]}", "answered 405"},
        {"{\"rules\":[{\"status\":400,\"body\":{\"error\":{\"message\":\"no m\","
         "\"code\":\"model_not_found\"}}}]}",
         "answered 400: no m"},
        {"{\"rules\":[{\"status\":429,\"body\":{\"error\":{\"message\":\"pay\","
         "\"type\":\"insufficient_quota\"}}}]}",
         "answered 429: pay"},
        {"{\"rules\":[{\"fault\":\"redirect\"}]}",
         "redirected to http://127.0.0.1:9/v1/x"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct outcome got;
        struct mock m;

        mock_start(&m, cases[i].scenario);
        got = ask(m.url, (struct http_options){.key = KEY}, "useless");
        CHECK(got.rc == ASID_FAILED, "%s: rc %d %s", cases[i].scenario,
              (int)got.rc, got.err.text);
        CHECK(strstr(got.err.text, cases[i].says), "%s: %s", cases[i].scenario,
              got.err.text);
        CHECK(strstr(got.err.text, "/v1/chat/completions"), "%s", got.err.text);
        CHECK(got.tries == 1, "%s: %u tries", cases[i].scenario, got.tries);
        mock_stop(&m);
    }
    check_case("faults of the whole endpoint end the work at once");
}

static void test_no_key(void)
{
    struct outcome got;
    struct mock m;

    mock_start(&m, "{\"key\":\"x\"}");
    got = ask(m.url, (struct http_options){0}, "who are you");
    CHECK(got.rc == ASID_FAILED, "rc %d", (int)got.rc);
    CHECK(strstr(got.err.text, "none is set"), "%s", got.err.text);
    mock_stop(&m);
    check_case("a missing key is called missing");
}

/* A port that was free a moment ago. */
static void dead_url(char url[64])
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(fd, (struct sockaddr *)&at, sizeof at) == 0, "no port");
    getsockname(fd, (struct sockaddr *)&at, &size);
    snprintf(url, 64, "http://127.0.0.1:%d/v1", ntohs(at.sin_port));
    close(fd);
}

static void test_nobody(void)
{
    struct outcome got;
    char url[64];

    dead_url(url);
    got = ask(url, (struct http_options){0}, "anybody there");
    CHECK(got.rc == ASID_FAILED, "rc %d %s", (int)got.rc, got.err.text);
    CHECK(strstr(got.err.text, "cannot be reached"), "%s", got.err.text);
    CHECK(got.tries == HTTP_TRIES_DEAD, "%u tries", got.tries);
    got = ask("http://asid-test.invalid/v1", (struct http_options){0}, "who");
    CHECK(got.rc == ASID_FAILED, "rc %d %s", (int)got.rc, got.err.text);
    CHECK(strstr(got.err.text, "cannot be reached"), "%s", got.err.text);
    check_case("nobody listening, or no such host, is a dead endpoint");
}

static void test_died(void)
{
    struct arena a = ARENA_INIT;
    struct asked k = {0};
    struct asid_err err;
    struct http_request r;
    struct http *h;
    struct mock m;

    mock_start(&m, "{}");
    h = open_client(m.url, (struct http_options){0});
    r = request(&a, &k, "one");
    CHECK_OK(http_post(h, &r, &err), err);
    mock_stop(&m);
    r = request(&a, &k, "two");
    CHECK(http_post(h, &r, &err) == ASID_FAILED, "rc %d", (int)err.rc);
    CHECK(r.tries == HTTP_TRIES, "%u tries", r.tries);
    http_close(h);
    arena_release(&a);
    check_case("one that answered and went away is given longer to come back");
}

/* --- Retry-After ----------------------------------------------------------- */

static bool stop_at(void *user)
{
    return clock_monotonic() >= *(double *)user;
}

static void test_retry_after(void)
{
    static const char *const told[] = {"\"retry_after\":\"1\"",
                                       "\"retry_date\":2"};
    struct mock m;

    for (size_t i = 0; i < 2; i++) {
        char scenario[120];
        double start = clock_monotonic();
        struct outcome got;

        snprintf(scenario, sizeof scenario,
                 "{\"rules\":[{\"times\":1,\"status\":429,%s}]}", told[i]);
        mock_start(&m, scenario);
        got = ask(m.url, (struct http_options){0}, "later");
        CHECK(got.rc == ASID_OK, "%s", got.err.text);
        CHECK(clock_monotonic() - start > 0.9, "%s: came back after %g s",
              told[i], clock_monotonic() - start);
        mock_stop(&m);
    }
    check_case("Retry-After is waited for, in seconds and as a date");
}

static void test_retry_after_cap(void)
{
    static const char scenario[] =
        "{\"rules\":[{\"status\":429,\"retry_after\":\"100000\"}]}";
    double until = clock_monotonic() + 0.5;
    struct outcome got;
    struct mock m;

    mock_start(&m, scenario);
    got = ask(m.url, (struct http_options){.max_wait = HTTP_LONGEST_PAUSE - 1},
              "never");
    CHECK(got.rc == ASID_REJECT, "rc %d %s", (int)got.rc, got.err.text);
    CHECK(got.tries == 1, "%u tries", got.tries);
    got = ask(m.url,
              (struct http_options){.max_wait = HTTP_LONGEST_PAUSE + 1,
                                    .stopping = stop_at,
                                    .user = &until},
              "in ten minutes");
    CHECK(got.rc == ASID_STOPPED, "rc %d: a day became more than ten minutes",
          (int)got.rc);
    mock_stop(&m);
    check_case("a longer one counts as ten minutes, and waits are bounded");
}

static void test_hold_back(void)
{
    struct arena a = ARENA_INIT;
    struct asked k[2] = {0};
    struct http_request r[2];
    struct asid_err err;
    struct http *h;
    struct mock m;
    double start;

    mock_start(&m, "{\"rules\":[{\"match\":\"first\",\"times\":1,"
                   "\"status\":503,\"retry_after\":\"1\"}]}");
    h = open_client(m.url, (struct http_options){.in_flight = 1});
    r[0] = request(&a, &k[0], "first");
    r[1] = request(&a, &k[1], "second");
    start = clock_monotonic();
    CHECK_OK(http_post_all(h, r, 2, &err), err);
    CHECK(r[0].rc == ASID_OK && r[1].rc == ASID_OK, "%s", r[0].err.text);
    CHECK(k[1].when - start > 0.9, "the second went after %g s",
          k[1].when - start);
    http_close(h);
    mock_stop(&m);
    arena_release(&a);
    check_case("a server that wants to rest is left alone by everybody");
}

/* --- replies that somebody else judges -------------------------------------- */

static void test_nonsense(void)
{
    struct arena a = ARENA_INIT;
    struct asked k = {0};
    struct asid_err err;
    struct http_request r;
    struct http *h;
    struct mock m;

    mock_start(&m, "{}");
    h = open_client(m.url, (struct http_options){0});
    r = request(&a, &k, "twice nonsense");
    k.nonsense = 2;
    CHECK_OK(http_post(h, &r, &err), err);
    CHECK(r.tries == 3, "%u tries", r.tries);
    r = request(&a, &k, "nothing but nonsense");
    k.nonsense = 99;
    CHECK(http_post(h, &r, &err) == ASID_REJECT, "rc %d", (int)err.rc);
    CHECK_TEXT(err.text, "asked 4 times: not what was asked for");
    r = request(&a, &k, "settled");
    k.nonsense = 1;
    k.settle = true;
    CHECK(http_post(h, &r, &err) == ASID_REJECT, "rc %d", (int)err.rc);
    CHECK(r.tries == 1, "%u tries", r.tries);
    http_close(h);
    mock_stop(&m);
    arena_release(&a);
    check_case("a reply that is called nonsense is asked for again, unless it "
               "is settled");
}

/* --- several at once -------------------------------------------------------- */

static void test_mixed(void)
{
    static const char *const prompts[] = {"good", "bad", "fine", "ill"};
    struct arena a = ARENA_INIT;
    struct asked k[4] = {0};
    struct http_request r[4];
    struct asid_err err;
    struct http *h;
    struct mock m;

    mock_start(&m, "{\"rules\":[{\"match\":\"bad\",\"status\":500},"
                   "{\"match\":\"ill\",\"status\":422}]}");
    h = open_client(m.url, (struct http_options){0});
    for (size_t i = 0; i < 4; i++)
        r[i] = request(&a, &k[i], prompts[i]);
    CHECK_OK(http_post_all(h, r, 4, &err), err);
    CHECK(r[0].rc == ASID_OK && r[2].rc == ASID_OK, "good ones suffer");
    CHECK(r[1].rc == ASID_REJECT && r[3].rc == ASID_REJECT, "bad ones pass");
    CHECK(strstr(r[1].err.text, "500") && strstr(r[3].err.text, "422"),
          "%s; %s", r[1].err.text, r[3].err.text);
    http_close(h);
    mock_stop(&m);
    arena_release(&a);
    check_case("of several questions each has an outcome of its own");
}

static void test_fatal_among(void)
{
    static const char *const prompts[] = {"slow", "key", "slow too", "late"};
    struct arena a = ARENA_INIT;
    struct asked k[4] = {0};
    struct http_request r[4];
    struct asid_err err;
    struct http *h;
    struct mock m;

    mock_start(&m, "{\"rules\":[{\"match\":\"slow\",\"fault\":\"hang\"},"
                   "{\"match\":\"key\",\"status\":401}]}");
    h = open_client(m.url, (struct http_options){.in_flight = 3});
    for (size_t i = 0; i < 4; i++)
        r[i] = request(&a, &k[i], prompts[i]);
    CHECK(http_post_all(h, r, 4, &err) == ASID_FAILED, "rc %d", (int)err.rc);
    for (size_t i = 0; i < 4; i++)
        CHECK(r[i].rc == ASID_FAILED, "request %zu: rc %d", i, (int)r[i].rc);
    r[0] = request(&a, &k[0], "and all places are free again");
    CHECK_OK(http_post(h, &r[0], &err), err);
    http_close(h);
    mock_stop(&m);
    arena_release(&a);
    check_case("a refused key ends the others in flight");
}

/* --- stopping --------------------------------------------------------------- */

static void *hog(void *user)
{
    struct arena a = ARENA_INIT;
    struct asked k = {0};
    struct asid_err err;
    struct http_request r = request(&a, &k, "hog");

    enum asid_rc rc = http_post(user, &r, &err);

    arena_release(&a);
    return rc == ASID_STOPPED ? user : NULL;
}

static void test_stopping(void)
{
    static const char *const scenarios[] = {
        "{\"rules\":[{\"fault\":\"hang\"}]}",
        "{\"rules\":[{\"status\":429,\"retry_after\":\"60\"}]}",
    };
    double until, start;
    struct mock m;

    for (size_t i = 0; i < 2; i++) {
        struct outcome got;

        mock_start(&m, scenarios[i]);
        until = clock_monotonic() + 0.3;
        got = ask(m.url,
                  (struct http_options){.stopping = stop_at, .user = &until},
                  "stop");
        CHECK(got.rc == ASID_STOPPED, "rc %d %s", (int)got.rc, got.err.text);
        CHECK(clock_monotonic() - until < 10, "it took %g s to stop",
              clock_monotonic() - until);
        mock_stop(&m);
    }
    mock_start(&m, scenarios[0]);
    start = clock_monotonic();
    until = start + 0.6;
    {
        struct http *h = open_client(
            m.url, (struct http_options){
                       .in_flight = 1, .stopping = stop_at, .user = &until});
        pthread_t other;
        void *stopped;

        CHECK(pthread_create(&other, NULL, hog, h) == 0, "no thread");
        CHECK(hog(h) != NULL, "not stopped");
        pthread_join(other, &stopped);
        CHECK(stopped != NULL, "the other was not stopped");
        http_close(h);
    }
    CHECK(clock_monotonic() - start < 10, "it took %g s to stop",
          clock_monotonic() - start);
    mock_stop(&m);
    check_case("stopping ends a transfer, a pause and a wait for a place");
}

/* --- the key ---------------------------------------------------------------- */

static void test_key_hidden(void)
{
    static const char *const scenarios[] = {
        "{\"key\":\"other\"}",
        "{\"rules\":[{\"status\":400,\"body\":\"bad: sk-planted-0123456789\"}]}",
        "{\"rules\":[{\"status\":500,\"body\":{\"error\":"
        "\"sk\\u002dplanted-\\u0030123456789 is yours\"}}]}",
        "{\"rules\":[{\"answer\":\"Your key is $KEY.\"}]}",
    };

    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        struct outcome got;
        struct mock m;

        mock_start(&m, scenarios[i]);
        got = ask(m.url, (struct http_options){.key = KEY}, "my key?");
        CHECK(!strstr(got.err.text, "planted"), "%s", got.err.text);
        CHECK(!strstr(got.reply, "planted"), "%s", got.reply);
        CHECK(strstr(got.err.text, "*********") ||
                  strstr(got.reply, "*********"),
              "no trace of it: %s%s", got.err.text, got.reply);
        mock_stop(&m);
    }
    check_case("a server that repeats the key does not spread it");
}

static void test_key_cut(void)
{
    struct http h = {.key = (char[]){"sk-planted-0123456789"}};
    char text[TRY_SERVER_TEXT * 2], words[TRY_SERVER_TEXT];

    for (size_t at = 200; at < 250; at++) {
        memset(text, 'x', sizeof text);
        memcpy(text + at, KEY, sizeof KEY - 1);
        server_words(&h, (struct str){text, sizeof text}, words, sizeof words);
        CHECK(!strstr(words, "sk-"), "at %zu: %s", at, words);
        CHECK(strlen(words) < sizeof words, "too long");
    }
    check_case("cut words hold no half of a key");
}

static void test_bad_options(void)
{
    static const char *const urls[] = {
        "",
        "localhost:8000",
        "ftp://localhost/v1",
        "file:///etc/passwd",
        "http://user:secret@localhost/v1",
        "http://secret@localhost/v1",
        "http://localhost/v1?key=secret",
        "http://localhost/v1#secret",
        "http://",
        "http://local host/",
        "user:secret@host",
    };
    struct asid_err err;
    struct http *h;

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        CHECK(http_open(&(struct http_options){.url = urls[i]}, &h, &err) ==
                  ASID_USAGE,
              "%s: rc %d %s", urls[i], (int)err.rc, err.text);
        CHECK(!strstr(err.text, "secret"), "%s", err.text);
    }
    CHECK(http_open(&(struct http_options){.url = "http://localhost/v1",
                                           .key = "secret\r\nX-Other: 1"},
                    &h, &err) == ASID_USAGE,
          "a key of two lines is taken");
    CHECK(!strstr(err.text, "secret"), "%s", err.text);
    CHECK_OK(http_open(&(struct http_options){.url = "https://localhost/v1//"},
                       &h, &err),
             err);
    CHECK_TEXT(http_url(h), "https://localhost/v1");
    http_close(h);
    check_case("addresses and keys that cannot be meant are wrong usage");
}

static void test_no_tls(void)
{
    struct outcome got;
    struct mock m;
    char url[80];

    mock_start(&m, "{}");
    snprintf(url, sizeof url, "https%s", m.url + 4);
    got = ask(url, (struct http_options){.key = KEY}, "in the clear?");
    CHECK(got.rc == ASID_FAILED, "rc %d %s", (int)got.rc, got.err.text);
    CHECK(strstr(got.err.text, "cannot be reached"), "%s", got.err.text);
    CHECK(mock_count(&m, "answered") == 0, "it was answered");
    mock_stop(&m);
    check_case("https is never made http");
}

static void test_proxy(void)
{
    struct outcome got;
    struct mock m;
    char url[64];

    dead_url(url);
    mock_start(&m, "{}");
    setenv("http_proxy", url, 1);
    setenv("all_proxy", url, 1);
    got = ask(m.url, (struct http_options){0}, "here");
    CHECK(got.rc == ASID_OK, "%s", got.err.text);
    got = ask("http://asid-test.invalid/v1", (struct http_options){0}, "there");
    CHECK(got.rc == ASID_FAILED && strstr(got.err.text, "127.0.0.1"),
          "the proxy was not asked: %s", got.err.text);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    mock_stop(&m);
    check_case("a proxy is used, but not to reach this machine");
}

/* --- without a network ------------------------------------------------------ */

static void test_form(void)
{
    struct http_part parts[] = {
        {"model", NULL, NULL, STR("m")},
        {"file", "a\".wav", "audio/wav", STR("RIFF\0x")},
    };
    char type[HTTP_FORM_TYPE], want[600];
    struct buf out;
    int n;

    buf_init(&out, 4096);
    http_form(&out, parts, 2, type);
    CHECK(str_starts(str_of(type), "multipart/form-data; boundary=asid-"), "%s",
          type);
    n = snprintf(want, sizeof want,
                 "--%s\r\nContent-Disposition: form-data; name=\"model\"\r\n"
                 "\r\nm\r\n--%s\r\nContent-Disposition: form-data; "
                 "name=\"file\"; filename=\"a.wav\"\r\n"
                 "Content-Type: audio/wav\r\n\r\nRIFF?x\r\n--%s--\r\n",
                 strchr(type, '=') + 1, strchr(type, '=') + 1,
                 strchr(type, '=') + 1);
    *strchr(want, '?') = '\0';
    CHECK(str_eq(buf_view(&out), (struct str){want, (size_t)n}), "%s", out.p);
    buf_release(&out);
    check_case("forms are multipart/form-data");
}

static void test_status(void)
{
    static const struct {
        long status;
        const char *body;
        enum try_end end;
    } cases[] = {
        {200, "", TRY_DONE},
        {204, "", TRY_DONE},
        {301, "", TRY_FATAL},
        {400, "", TRY_REFUSED},
        {401, "", TRY_FATAL},
        {404, "", TRY_FATAL},
        {409, "", TRY_AGAIN},
        {413, "", TRY_REFUSED},
        {422, "", TRY_REFUSED},
        {429, "", TRY_LATER},
        {500, "", TRY_AGAIN},
        {503, "", TRY_AGAIN},
        {529, "", TRY_AGAIN},
        {999, "", TRY_AGAIN},
        {400, "[{\"error\":{\"type\":\"invalid_api_key\"}}]", TRY_FATAL},
        {400, "{\"code\":\"model_not_found\"}", TRY_FATAL},
        {500, "{\"error\":{\"code\":\"invalid_api_key\"}}", TRY_FATAL},
        {400, "{\"error\":{\"code\":17,\"type\":null}}", TRY_REFUSED},
        {400, "{\"error\":\"model_not_found\"}", TRY_REFUSED},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK(status_meaning(cases[i].status, str_of(cases[i].body)) ==
                  cases[i].end,
              "%ld %s", cases[i].status, cases[i].body);
    check_case("what a status means");
}

static unsigned open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

int main(void)
{
    unsigned before;

    test_bad_options(); /* loads libcurl */
    before = open_files();
    test_answers();
    test_crowd();
    test_recovery();
    test_rejects();
    test_failures();
    test_no_key();
    test_nobody();
    test_died();
    test_retry_after();
    test_retry_after_cap();
    test_hold_back();
    test_nonsense();
    test_mixed();
    test_fatal_among();
    test_stopping();
    test_key_hidden();
    test_key_cut();
    test_no_tls();
    test_proxy();
    test_form();
    test_status();
    CHECK(open_files() == before, "%u files open, %u before", open_files(),
          before);
    check_case("no descriptor is left open");
    return check_done();
}
