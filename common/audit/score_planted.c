/*
 * asid-audit score --planted: what became of errors that are known.
 *
 * Claims are found again by their words: in the output of asid-verify every
 * claim is still there, with its verdict; in that of asid-refine a wrong one is
 * gone or reads otherwise.
 */
#include <math.h>
#include <string.h>

#include "asid/base/num.h"
#include "asid/curate/record.h"
#include "asid/text/similar.h"
#include "score_int.h"

enum { CLASSES_MOST = 64 };

struct kind {
    const char *name;
    uint64_t planted, caught, repaired;
};
struct planted_score {
    struct audit *q;
    const struct text_rules *rules;
    struct arena arena, clip; /* of the answer; of the record at hand */
    struct score_lines lines; /* of the records with errors */
    struct kind kinds[CLASSES_MOST], all;
    size_t n_kinds;
    uint64_t records, rejected, untouched, alarms;
};

/* --- finding claims again ------------------------------------------------- */

static struct str folded(struct planted_score *s, const struct json *text)
{
    if (!text || json_type(text) != JSON_STRING)
        return STR("");
    return similar_fold(s->rules, &s->clip, json_str(text));
}

/* Seconds of "At 7s"; NAN when that is none. */
static double seconds_of(const struct json *anchor)
{
    struct str text =
        anchor && json_type(anchor) == JSON_STRING ? json_str(anchor) : STR("");
    double value;

    if (!str_starts(text, "At ") || !str_ends(text, "s"))
        return (double)NAN;
    text = (struct str){text.p + 3, text.n - 4};
    return num_f64(text, &value) ? value : (double)NAN;
}

/* The claim of a list that reads so, within a second of a time if there is
 * one. */
static struct json *find(struct planted_score *s, struct json *list,
                         struct str reads, double at)
{
    json_each(claim, list) {
        double start, end;

        claim_times(claim, &start, &end);
        if ((isnan(at) || isnan(start) || fabs(at - start) < 1) &&
            str_eq(folded(s, json_get(claim, "text")), reads))
            return claim;
    }
    return NULL;
}

static struct json *list_of(const struct json *record, const char *attribute,
                            const char *key)
{
    return json_get(json_get(json_get(record, "attributes"), attribute), key);
}

static bool is_refuted(const struct json *claim)
{
    const char *verdict = json_text(json_get(claim, "verdict"));

    return verdict && strcmp(verdict, "refuted") == 0;
}

/* --- one error ------------------------------------------------------------ */

static struct kind *kind_of(struct planted_score *s, const char *name)
{
    for (size_t i = 0; i < s->n_kinds; i++)
        if (strcmp(s->kinds[i].name, name) == 0)
            return &s->kinds[i];
    if (s->n_kinds == CLASSES_MOST)
        return &s->kinds[CLASSES_MOST - 1];
    s->kinds[s->n_kinds] =
        (struct kind){.name = arena_strndup(&s->arena, name, strlen(name))};
    return &s->kinds[s->n_kinds++];
}

/* What an error reads like now and what was there, folded; seconds where the
 * time is what is wrong, else NAN. */
struct reading {
    struct str now, was;
    double now_at, was_at;
};

/* A sentence of a source, taken apart: the claim and its time. */
static struct str stated(struct planted_score *s, const struct json *sentence,
                         double *at)
{
    const struct text *t;

    *at = (double)NAN;
    if (!sentence || json_type(sentence) != JSON_STRING)
        return STR("");
    t = text_analyse(s->rules, &s->clip, json_str(sentence), ATTRIBUTE_NONE);
    if (t->n_claims == 0)
        return STR("");
    *at = t->claims[0].start;
    return similar_fold(s->rules, &s->clip,
                        text_claim_sentence(&s->clip, t, &t->claims[0]));
}

static struct reading read_error(struct planted_score *s,
                                 const struct json *error, const char *class)
{
    const struct json *now = json_get(error, "now"),
                      *was = json_get(error, "was");
    bool shifted = strcmp(class, "time_shift") == 0;
    struct reading r;

    if (json_get(error, "source")) {
        r.now = stated(s, now, &r.now_at);
        r.was = stated(s, was, &r.was_at);
    } else {
        r.now = folded(s, json_get(error, "claim"));
        r.was = shifted ? r.now : folded(s, was);
        r.now_at = seconds_of(now);
        r.was_at = seconds_of(was);
    }
    if (!shifted)
        r.now_at = r.was_at = (double)NAN;
    return r;
}

/* In the attribute of the error; what a source said may have come to stand in
 * any. */
static struct json *find_error(struct planted_score *s,
                               const struct json *error,
                               const struct json *record, struct str reads,
                               double at)
{
    const char *own = json_text(json_get(error, "attribute"));
    struct json *found = NULL;

    if (!json_get(error, "source"))
        return find(s, list_of(record, own ? own : "", "claims"), reads, at);
    for (int k = 0; !found && k < ATTRIBUTES; k++)
        found =
            find(s, list_of(record, attribute_keys[k], "claims"), reads, at);
    return found;
}

/* Did somebody find out? *repaired: and the right thing stands there. */
static bool is_caught(struct planted_score *s, const struct json *error,
                      const char *class, const struct json *record,
                      bool *repaired)
{
    const char *key = json_text(json_get(error, "attribute"));
    struct reading r = read_error(s, error, class);
    struct json *found;

    if (strcmp(class, "deletion") == 0) {
        *repaired = find_error(s, error, record, r.was, (double)NAN) != NULL;
        return *repaired || find(s, list_of(record, key ? key : "", "missing"),
                                 r.was, (double)NAN);
    }
    found = find_error(s, error, record, r.now, r.now_at);
    *repaired = !found && r.was.n > 0 &&
                find_error(s, error, record, r.was, r.was_at) != NULL;
    return !found || is_refuted(found);
}

static void count_error(struct planted_score *s, const struct json *error,
                        const struct json *record, bool rejected)
{
    const char *class = json_text(json_get(error, "class"));
    bool repaired = false, caught;
    struct kind *k;

    if (!class)
        return;
    k = kind_of(s, class);
    caught = rejected || is_caught(s, error, class, record, &repaired);
    k->planted++;
    s->all.planted++;
    k->caught += caught;
    s->all.caught += caught;
    k->repaired += repaired;
    s->all.repaired += repaired;
}

/* --- claims that nobody touched ------------------------------------------- */

static bool is_planted(struct planted_score *s, const struct json *errors,
                       struct str claim, const char *attribute)
{
    json_each(error, errors) {
        const char *key = json_text(json_get(error, "attribute"));

        if (key && strcmp(key, attribute) == 0 &&
            str_eq(folded(s, json_get(error, "claim")), claim))
            return true;
    }
    return false;
}

/* A claim is lost when it is refuted, or no longer there. */
static void count_untouched(struct planted_score *s, const struct json *before,
                            const struct json *errors,
                            const struct json *record)
{
    for (int k = 0; k < ATTRIBUTES; k++) {
        const char *key = attribute_keys[k];
        struct json *now = list_of(record, key, "claims");

        json_each(claim, list_of(before, key, "claims")) {
            struct str reads = folded(s, json_get(claim, "text"));
            struct json *found;

            if (reads.n == 0 || is_planted(s, errors, reads, key))
                continue;
            found = find(s, now, reads, (double)NAN);
            s->untouched++;
            s->alarms += !found || is_refuted(found);
        }
    }
}

static enum asid_rc count_record(void *user, struct str text, uint64_t line,
                                 const struct json *record,
                                 const struct asid_err *why,
                                 struct asid_err *err)
{
    struct planted_score *s = user;
    struct json *before, *errors;
    bool rejected;

    (void)text;
    (void)line;
    (void)why;
    TRY(score_match(&s->lines, record, &s->clip, &before, err));
    if (!before)
        return ASID_OK;
    errors = json_get(before, "planted");
    rejected = json_get(record, "reject") != NULL;
    s->records++;
    s->rejected += rejected;
    json_each(error, errors)
        count_error(s, error, record, rejected);
    if (!rejected)
        count_untouched(s, before, errors, record);
    arena_reset(&s->clip);
    return ASID_OK;
}

/* --- the answer ----------------------------------------------------------- */

static void set_kind(struct arena *a, struct json *o, const struct kind *k)
{
    score_count(a, o, "planted", k->planted);
    score_count(a, o, "caught", k->caught);
    score_rate(a, o, "kill_rate", k->caught, k->planted);
    score_count(a, o, "repaired", k->repaired);
}

static enum asid_rc answer(struct planted_score *s, struct asid_err *err)
{
    struct arena *a = &s->arena;
    struct json *o = json_new_object(a), *per = json_new_object(a);

    score_count(a, o, "records", s->records);
    score_count(a, o, "rejected", s->rejected);
    score_count(a, o, "without_errors_known", s->lines.unknown);
    set_kind(a, o, &s->all);
    score_count(a, o, "untouched", s->untouched);
    score_count(a, o, "false_alarms", s->alarms);
    score_rate(a, o, "false_alarm_rate", s->alarms, s->untouched);
    for (size_t i = 0; i < s->n_kinds; i++) {
        struct json *one = json_new_object(a);

        set_kind(a, one, &s->kinds[i]);
        json_set(a, per, s->kinds[i].name, one);
    }
    json_set(a, o, "per_class", per);
    return asid_print(s->q->cx, o, err);
}

static enum asid_rc compare_all(struct planted_score *s, const char *path,
                                struct asid_err *err)
{
    TRY(text_rules_load(&s->rules, err));
    TRY(score_read(&s->lines, path, err));
    TRY(score_files(s->q, &s->lines, count_record, s, err));
    return answer(s, err);
}

enum asid_rc score_planted(struct audit *q, const char *path,
                           struct asid_err *err)
{
    struct planted_score s = {.q = q, .arena = ARENA_INIT, .clip = ARENA_INIT};
    enum asid_rc rc = compare_all(&s, path, err);

    score_release(&s.lines);
    text_rules_free(s.rules);
    arena_release(&s.clip);
    arena_release(&s.arena);
    return rc;
}
