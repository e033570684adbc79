/* The scenario: which request gets which reply. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "asid/base/file.h"
#include "mock.h"

enum { MAX_COUNTS = 1 << 16 };

/* How often a rule fitted a distinct request. */
struct count {
    uint64_t which;
    int64_t times;
};

struct scenario {
    struct arena arena;
    struct json *json;
    pthread_mutex_t lock;
    struct count counts[MAX_COUNTS];
    size_t n_counts;
};

static void die(const char *path, const char *what)
{
    fprintf(stderr, "asid-mock-endpoint: %s: %s\n", path, what);
    exit(2);
}

struct scenario *scenario_load(const char *path)
{
    struct scenario *s = mem_alloc(sizeof *s);
    struct str text = STR("{}");
    struct asid_err err;

    memset(s, 0, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    if (path && file_slurp(&s->arena, path, 16 << 20, &text, &err) != ASID_OK)
        die(path, err.text);
    if (json_parse(&s->arena, text, 0, &s->json, &err) != ASID_OK)
        die(path ? path : "", err.text);
    if (json_type(s->json) != JSON_OBJECT)
        die(path ? path : "", "not an object");
    json_settle(s->json);
    return s;
}

/* One more time; returns how often before. */
static int64_t count(struct scenario *s, size_t rule, const char *hash)
{
    char space[HASH_HEX + 24];
    uint64_t which;

    snprintf(space, sizeof space, "%zu %s", rule, hash);
    which = hash_u64(str_of(space));
    for (size_t i = 0; i < s->n_counts; i++)
        if (s->counts[i].which == which)
            return s->counts[i].times++;
    if (s->n_counts == MAX_COUNTS)
        die("scenario", "too many requests");
    s->counts[s->n_counts++] = (struct count){which, 1};
    return 0;
}

static bool fits(struct scenario *s, size_t i, const struct json *rule,
                 const struct mock_request *q)
{
    const char *match = json_text(json_get(rule, "match"));
    const char *has = json_text(json_get(rule, "has"));
    int64_t times;

    if (match && !memmem(q->text.p, q->text.n, match, strlen(match)))
        return false;
    if (has && !memmem(q->body.p, q->body.n, has, strlen(has)))
        return false;
    return !json_i64(json_get(rule, "times"), &times) ||
           count(s, i, q->hash) < times;
}

static const struct json *find_rule(struct scenario *s,
                                    const struct mock_request *q)
{
    const struct json *found = NULL;
    size_t i = 0;

    pthread_mutex_lock(&s->lock);
    json_each(rule, json_get(s->json, "rules")) {
        if (fits(s, i++, rule, q)) {
            found = rule;
            break;
        }
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

static const char *retry_after(struct arena *a, const struct json *rule)
{
    const char *given = json_text(json_get(rule, "retry_after"));
    char space[64];
    struct tm tm;
    int64_t seconds;
    time_t when;

    if (given)
        return given;
    if (!json_i64(json_get(rule, "retry_date"), &seconds))
        return "";
    when = time(NULL) + (time_t)seconds;
    gmtime_r(&when, &tm);
    strftime(space, sizeof space, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    return arena_strdup(a, space);
}

static struct str rule_body(const struct mock_request *q,
                            const struct json *rule, int status)
{
    const struct json *body = json_get(rule, "body");

    if (body && json_type(body) == JSON_STRING)
        return json_str(body);
    if (body)
        return json_source(body);
    if (status >= 200 && status < 300)
        return mock_answer(q, rule);
    return mock_error(q->arena, "mock_error", "as the scenario wants it");
}

static bool serves(const struct scenario *s, const struct mock_request *q)
{
    const struct json *models = json_get(s->json, "models");

    if (!models || q->is_sound)
        return true;
    json_each(m, models)
        if (strcmp(json_text(m), q->model) == 0)
            return true;
    return false;
}

void scenario_reply(struct scenario *s, struct mock_request *q,
                    struct mock_reply *r)
{
    const char *key = json_text(json_get(s->json, "key"));
    const struct json *rule;
    int64_t status = 200;

    *r = (struct mock_reply){.status = 200, .fault = "", .retry_after = ""};
    if (key && strcmp(key, q->key) != 0) {
        r->status = 401;
        r->body = mock_error(
            q->arena, "invalid_api_key",
            arena_printf(q->arena, "Incorrect API key provided: %s.", q->key));
        return;
    }
    if (!serves(s, q)) {
        r->status = 404;
        r->body = mock_error(q->arena, "model_not_found",
                             "The model does not exist.");
        return;
    }
    rule = find_rule(s, q);
    if (json_i64(json_get(rule, "status"), &status))
        r->status = (int)status;
    if (json_text(json_get(rule, "fault")))
        r->fault = json_text(json_get(rule, "fault"));
    if (!json_f64(json_get(rule, "delay"), &r->delay))
        r->delay = 0;
    r->retry_after = retry_after(q->arena, rule);
    r->body = rule_body(q, rule, r->status);
}
