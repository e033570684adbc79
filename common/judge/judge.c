/* The judge: options, wordings, and the questions about claims. */
#include <stdlib.h>
#include <string.h>

#include "asid/base/num.h"
#include "judge_int.h"

enum {
    CLAIMS_MAX = 1024, /* asked about at once: more make no caption */
};

void judge_options_read(const struct asid_cx *cx, struct judge_options *o)
{
    size_t given = opt_count(cx, "attributes");

    o->rule.threshold = opt_real(cx, "threshold");
    o->rule.unsure = opt_real(cx, "unsure");
    o->window = opt_real(cx, "window");
    o->novelty = opt_real(cx, "novelty");
    o->account = opt_real(cx, "account");
    o->events = opt_bool(cx, "events");
    o->missing = !opt_bool(cx, "no-missing");
    for (size_t k = 0; k < ATTRIBUTES; k++) {
        o->attributes[k] = given == 0;
        for (size_t i = 0; i < given; i++)
            o->attributes[k] |=
                strcmp(opt_nth(cx, "attributes", i), attribute_keys[k]) == 0;
    }
}

static enum asid_rc wording(struct judge *j, const char *set, struct str *out,
                            struct asid_err *err)
{
    const struct prompt_request request = {.set = set, .id = ""};

    return prompt_text(j->prompts, j->cx->arena, &request, out, err);
}

enum asid_rc judge_open(struct asid_cx *cx, struct answerer *model,
                        const struct text_rules *rules,
                        const struct judge_options *options, struct judge **out,
                        struct asid_err *err)
{
    struct judge *j = arena_alloc(cx->arena, sizeof *j);

    j->cx = cx;
    j->model = model;
    j->rules = rules;
    j->options = *options;
    j->no_audio = opt_bool(cx, "no-audio");
    TRY(prompts_load(cx->arena, &j->prompts, err));
    TRY(verify_words_load(cx->arena, &j->words, err));
    TRY(wording(j, "verify-claim", &j->claim_wording, err));
    TRY(wording(j, "verify-window", &j->window_wording, err));
    j->identity = arena_printf(
        cx->arena, "%s judge 5 prompts %lld words %lld text %s",
        answerer_identity(model), (long long)prompts_version(j->prompts),
        (long long)verify_words_version(j->words), text_rules_version());
    *out = j;
    return ASID_OK;
}

const char *judge_identity(const struct judge *j)
{
    return j->identity;
}

/* --- sittings --------------------------------------------------------------- */

/* Said once a run: whoever judges what it wrote itself is no witness. */
static void warn_of_itself(const struct judge_sitting *s)
{
    const char *model = answerer_model(s->j->model);

    json_each(source, json_get(s->job->record, "sources")) {
        const char *name = json_text(json_get(source, "name"));
        const char *by = json_text(json_get(source, "model"));

        if (by && strcmp(by, model) == 0 &&
            !__atomic_test_and_set(&s->j->warned_of_itself, __ATOMIC_RELAXED))
            asid_warn(s->j->cx,
                      "%s: source %s was written by the model that judges it; "
                      "another model would be a better judge",
                      s->job->id, name ? name : "");
    }
}

enum asid_rc judge_sitting_open(struct judge *j, struct asid_job *job,
                                struct judge_sitting **out,
                                struct asid_err *err)
{
    struct judge_sitting *s = arena_alloc(job->arena, sizeof *s);

    s->j = j;
    s->job = job;
    s->duration = record_duration(job->record);
    TRY(clip_source(job, &s->path, s->sha256, err));
    TRY(clip_open(j->model, job, s->path, s->sha256, NULL, &s->clip, err));
    warn_of_itself(s);
    *out = s;
    return ASID_OK;
}

void judge_sitting_close(struct judge_sitting *s)
{
    if (s)
        clip_close(s->clip);
}

struct clip *judge_clip(struct judge_sitting *s)
{
    return s->clip;
}

/* --- the whole clip --------------------------------------------------------- */

/* Six digits are more than any answer is good for, and what is shown is then
 * what was decided on. */
static double rounded(double p)
{
    return num_round(p, 6);
}

static void take(const struct judge_sitting *s, struct judge_claim *c, double p,
                 const char *prompt_sha256)
{
    c->p = rounded(p);
    c->verdict = verify_verdict(&s->j->options.rule, c->p);
    memcpy(c->prompt_sha256, prompt_sha256, sizeof c->prompt_sha256);
}

/* Said once a run: what is left of a probability that small is noise. */
static void warn_of_neither(const struct judge_sitting *s,
                            const struct clip_question *q, size_t n)
{
    static const double LITTLE = 0.1;

    for (size_t i = 0; i < n; i++) {
        if (q[i].mass >= LITTLE ||
            __atomic_test_and_set(&s->j->warned_of_neither, __ATOMIC_RELAXED))
            continue;
        asid_warn(s->j->cx,
                  "%s: the model begins its answer with neither yes nor no "
                  "(together %.3g): is it one that answers questions?",
                  s->job->id, q[i].mass);
    }
}

/* Questions for those of the claims that can be asked about; map[i] is the
 * claim of question i. */
static size_t make_questions(const struct judge_sitting *s,
                             struct judge_claim *claims, size_t n,
                             struct clip_question *q, size_t *map)
{
    struct arena *a = s->job->arena;
    struct str key = str_of(s->sha256);
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        struct judge_claim *c = &claims[i];
        struct verify_question question;

        c->p = c->p_whole = c->p_window = c->from = c->to = (double)NAN;
        c->verdict = VERIFY_UNSURE;
        c->account = JUDGE_NOT_CONSULTED;
        c->event.n = 0;
        c->prompt_sha256[0] = '\0';
        if (!c->reason && count == CLAIMS_MAX)
            c->reason = "one of too many claims to be asked about";
        if (c->reason)
            continue;
        if (!verify_question(
                a, s->j->claim_wording, key,
                verify_statement(s->j->rules, a, c->text, c->start, c->end),
                (double)NAN, (double)NAN, &question)) {
            c->reason = "empty, or too long to be asked about";
            continue;
        }
        q[count] = (struct clip_question){.stem = question.stem,
                                          .prompt = question.prompt};
        map[count++] = i;
    }
    return count;
}

static enum asid_rc ask_whole(struct judge_sitting *s,
                              struct judge_claim *claims, size_t n,
                              struct asid_err *err)
{
    struct arena *a = s->job->arena;
    struct clip_question *q = arena_array(a, n, sizeof *q);
    size_t *map = arena_array(a, n, sizeof *map);
    size_t count = make_questions(s, claims, n, q, map);

    if (count > 0)
        TRY(clip_yes(s->clip, q, count, err));
    warn_of_neither(s, q, count);
    for (size_t i = 0; i < count; i++) {
        struct judge_claim *c = &claims[map[i]];

        c->p_whole = rounded(q[i].p);
        take(s, c, q[i].p, q[i].prompt_sha256);
    }
    return ASID_OK;
}

/* --- windows ---------------------------------------------------------------- */

/* The seconds around the claim that the clip has; false when it has none. */
static bool find_window(const struct judge_sitting *s, struct judge_claim *c)
{
    double half = s->j->options.window / 2;
    double end = isnan(c->end) ? c->start : c->end;

    if (!(half > 0) || isnan(c->start) || c->verdict != VERIFY_UNSURE ||
        isnan(c->p))
        return false;
    c->from = fmax(c->start - half, 0);
    c->to = end + half;
    if (!isnan(s->duration))
        c->to = fmin(c->to, s->duration);
    /* All of the clip was looked at already. */
    if (c->from <= 0 && !isnan(s->duration) && c->to >= s->duration)
        return false;
    return c->to - c->from > 0.01;
}

static int by_window(const void *a, const void *b)
{
    const struct judge_claim *x = *(struct judge_claim *const *)a;
    const struct judge_claim *y = *(struct judge_claim *const *)b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* n claims that have one window. The window is the time that they are asked at:
 * a model counts its seconds from the window's beginning. */
static enum asid_rc ask_window(struct judge_sitting *s,
                               struct judge_claim *const *claims, size_t n,
                               struct asid_err *err)
{
    const struct clip_view view = {claims[0]->from, claims[0]->to, false};
    struct arena *a = s->job->arena;
    struct clip_question *q = arena_array(a, n, sizeof *q);
    struct clip *clip = NULL;
    enum asid_rc rc;

    for (size_t i = 0; i < n; i++) {
        struct verify_question question = {{"", 0}, {"", 0}};

        BUG_IF(!verify_question(a, s->j->window_wording, str_of(s->sha256),
                                claims[i]->text, view.start, view.end,
                                &question));
        q[i] = (struct clip_question){.stem = question.stem,
                                      .prompt = question.prompt};
    }
    rc = clip_open(s->j->model, s->job, s->path, s->sha256, &view, &clip, err);
    if (rc == ASID_OK)
        rc = clip_yes(clip, q, n, err);
    clip_close(clip);
    for (size_t i = 0; rc == ASID_OK && i < n; i++) {
        claims[i]->p_window = rounded(q[i].p);
        take(s, claims[i], q[i].p, q[i].prompt_sha256);
    }
    return rc;
}

static enum asid_rc ask_windows(struct judge_sitting *s,
                                struct judge_claim *claims, size_t n,
                                struct asid_err *err)
{
    struct judge_claim **list = arena_array(s->job->arena, n, sizeof *list);
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (find_window(s, &claims[i]))
            list[count++] = &claims[i];
    if (count > 1)
        qsort(list, count, sizeof *list, by_window);
    for (size_t i = 0, same; i < count; i += same) {
        for (same = 1; i + same < count &&
                       list[i + same]->from == list[i]->from &&
                       list[i + same]->to == list[i]->to;)
            same++;
        TRY(ask_window(s, list + i, same, err));
    }
    return ASID_OK;
}

enum asid_rc judge_claims(struct judge_sitting *s, struct judge_claim *claims,
                          size_t n, struct asid_err *err)
{
    if (n == 0)
        return ASID_OK;
    TRY(ask_whole(s, claims, n, err));
    return ask_windows(s, claims, n, err);
}

/* --- what is written -------------------------------------------------------- */

void judge_write(const struct judge_sitting *s, struct json *claim,
                 const struct judge_claim *answer)
{
    struct arena *a = s->job->arena;
    struct json *evidence = json_new_object(a);

    json_set(a, claim, "p", json_new_finite(a, answer->p));
    json_set_text(a, claim, "verdict", verify_verdicts[answer->verdict]);
    if (isnan(answer->p)) {
        if (json_get(claim, "evidence"))
            json_unlink(json_get(claim, "evidence"));
        return;
    }
    json_set_text(a, evidence, "model", answerer_model(s->j->model));
    json_set_text(a, evidence, "prompt_sha256", answer->prompt_sha256);
    json_set_f64(a, evidence, "threshold", s->j->options.rule.threshold);
    json_set(a, evidence, "p_whole", json_new_finite(a, answer->p_whole));
    if (!isnan(answer->p_window)) {
        json_set_f64(a, evidence, "start", answer->from);
        json_set_f64(a, evidence, "end", answer->to);
        json_set(a, evidence, "p_window", json_new_finite(a, answer->p_window));
    }
    if (answer->event.n > 0)
        json_set(a, evidence, "event", json_new_str(a, answer->event));
    if (answer->account != JUDGE_NOT_CONSULTED)
        json_set_text(a, evidence, "account",
                      answer->account == JUDGE_SAYS_SO ? "same" : "other");
    json_set(a, claim, "evidence", evidence);
}

void judge_note(const struct judge_sitting *s, uint32_t round,
                enum attribute attribute, int64_t index, const char *kind,
                const struct judge_claim *answer)
{
    struct arena *a = s->job->arena;
    struct str text = answer->text;

    if (text.n > 200)
        text.n = 200;
    while (text.n > 0 && text.n < answer->text.n &&
           ((unsigned char)text.p[text.n] & 0xC0) == 0x80)
        text.n--;
    asid_judged(
        s->job,
        &(struct ledger_verdict){
            .round = round,
            .attribute = attribute >= 0 ? attribute_keys[attribute] : "",
            .claim = index,
            .kind = kind,
            .p = answer->p,
            .verdict = verify_verdicts[answer->verdict],
            .model = answerer_model(s->j->model),
            .prompt_sha256 =
                *answer->prompt_sha256 ? answer->prompt_sha256 : NULL,
            .reason = answer->reason ? answer->reason
                                     : arena_strndup(a, text.p, text.n),
        });
}
