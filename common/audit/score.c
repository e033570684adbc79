/*
 * asid-audit score: how much of what records say is true, and how much of what
 * is true they say, against records that are known to be right.
 *
 * A claim is true when one of the truth of its clip says the same, and at the
 * same time where both have one; the comparison is the verifier's own, which
 * decides what an account has that a text has not (asid/curate/verify.h). It
 * looks at words, not at films: a true claim that the truth does not have counts
 * as false.
 */
#include <math.h>
#include <string.h>

#include "asid/curate/record.h"
#include "asid/curate/verify.h"
#include "score_int.h"

#define TIME_TOLERANCE 2.0 /* seconds, as asid-timecheck's */
#define NOVELTY 0.8 /* of the content words: claims are short sentences */

enum { MOST_CLAIMS = 4096 };

/* What is said: a claim of a record. */
struct said {
    const struct text *text;
    enum attribute attribute;
    double start;
};
struct saying {
    struct said *list;
    size_t n, room;
};

struct tally {
    uint64_t claims, right, wrong, truth, missing;
    uint64_t had, lost; /* of the truth: what sources said; that is gone */
};

struct score {
    struct audit *q;
    const char *list; /* the claims to print instead of the counts, or NULL */
    const struct text_rules *rules;
    struct arena arena, clip; /* of the answer; of the record at hand */
    struct score_lines lines; /* of the truth */
    struct score_lines before;
    bool compares; /* with what was there before */
    struct tally attribute[ATTRIBUTES + 1];
    uint64_t records;
};

/* --- what a record says --------------------------------------------------- */

static void add_said(struct score *s, struct saying *out, struct str sentence,
                     enum attribute key, double start)
{
    if (sentence.n == 0 || out->n == MOST_CLAIMS)
        return;
    if (out->n == out->room) {
        size_t room = out->room ? 2 * out->room : 64;
        struct said *wider = arena_array(&s->clip, room, sizeof *wider);

        if (out->n)
            memcpy(wider, out->list, out->n * sizeof *wider);
        out->list = wider;
        out->room = room;
    }
    out->list[out->n++] = (struct said){
        text_analyse(s->rules, &s->clip, sentence, key), key, start};
}

/* A text without a list of claims: every claim in it. */
static void add_text(struct score *s, struct saying *out, struct str text,
                     enum attribute hint)
{
    const struct text *t = text_analyse(s->rules, &s->clip, text, hint);

    for (size_t i = 0; i < t->n_claims; i++) {
        const struct text_claim *c = &t->claims[i];

        add_said(s, out, text_claim_sentence(&s->clip, t, c),
                 hint == ATTRIBUTE_NONE ? c->attribute : hint, c->start);
    }
}

static void add_attribute(struct score *s, struct saying *out,
                          struct json *record, enum attribute key)
{
    struct json *claims = json_get(record_attribute(record, key), "claims");

    json_each(claim, claims) {
        struct json *text = json_get(claim, "text");
        double start, end;

        if (!text || json_type(text) != JSON_STRING)
            continue;
        claim_times(claim, &start, &end);
        add_said(s, out, json_str(text), key, start);
    }
    if (json_count(claims) == 0)
        add_text(s, out, record_attribute_text(record, key), key);
}

static struct saying saying_of(struct score *s, struct json *record)
{
    struct saying out = {0};

    for (int k = 0; k < ATTRIBUTES; k++)
        add_attribute(s, &out, record, (enum attribute)k);
    if (out.n == 0)
        add_text(s, &out, record_caption(record), ATTRIBUTE_NONE);
    return out;
}

/* What the sources of a record said, whatever became of it. */
static struct saying sources_of(struct score *s, struct json *record)
{
    struct saying out = {0};

    json_each(source, json_get(record, "sources")) {
        const struct json *attributes = json_get(source, "attributes");
        const struct json *caption = json_get(source, "caption");

        for (int k = 0; k < ATTRIBUTES; k++) {
            const struct json *text = json_get(attributes, attribute_keys[k]);

            if (text && json_type(text) == JSON_OBJECT)
                text = json_get(text, "text");
            if (text && json_type(text) == JSON_STRING)
                add_text(s, &out, json_str(text), (enum attribute)k);
        }
        if (caption && json_type(caption) == JSON_STRING)
            add_text(s, &out, json_str(caption), ATTRIBUTE_NONE);
    }
    return out;
}

/* --- comparing ------------------------------------------------------------ */

static bool same_time(double a, double b)
{
    return isnan(a) || isnan(b) || fabs(a - b) <= TIME_TOLERANCE;
}

static bool is_said(struct score *s, const struct said *claim,
                    const struct saying *by)
{
    struct verify_known *known = arena_array(&s->clip, by->n, sizeof *known);
    size_t n = 0, index[1];

    for (size_t i = 0; i < by->n; i++)
        if (same_time(claim->start, by->list[i].start))
            known[n++] = (struct verify_known){by->list[i].text, true};
    return claim->text->n_claims > 0 &&
           verify_new_claims(claim->text, known, n, NOVELTY, index, 1) == 0;
}

static bool lists(const struct score *s, const char *kind)
{
    return s->list && strcmp(s->list, kind) == 0;
}

/* One object for a claim that --list asks for. */
static enum asid_rc list_claim(struct score *s, const char *id,
                               const struct said *claim, struct asid_err *err)
{
    struct arena *a = &s->clip;
    struct json *o = json_new_object(a);

    json_set_text(a, o, "id", id);
    json_set_text(a, o, "attribute", attribute_keys[claim->attribute]);
    json_set(a, o, "text", json_new_str(a, claim->text->text));
    json_set(a, o, "start", json_new_finite(a, claim->start));
    return asid_print(s->q->cx, o, err);
}

static enum asid_rc count_clip(struct score *s, const char *id,
                               const struct saying *told,
                               const struct saying *truth,
                               const struct saying *before,
                               struct asid_err *err)
{
    struct tally *all = &s->attribute[ATTRIBUTES];

    for (size_t i = 0; i < told->n; i++) {
        struct tally *t = &s->attribute[told->list[i].attribute];
        bool right = is_said(s, &told->list[i], truth);

        t->claims++;
        all->claims++;
        t->right += right;
        all->right += right;
        t->wrong += !right;
        all->wrong += !right;
        if (!right && lists(s, "false"))
            TRY(list_claim(s, id, &told->list[i], err));
    }
    for (size_t i = 0; i < truth->n; i++) {
        struct tally *t = &s->attribute[truth->list[i].attribute];
        bool missing = !is_said(s, &truth->list[i], told);
        bool had = is_said(s, &truth->list[i], before);

        t->truth++;
        all->truth++;
        t->missing += missing;
        all->missing += missing;
        t->had += had;
        all->had += had;
        t->lost += had && missing;
        all->lost += had && missing;
        if (missing && (lists(s, "missing") || (had && lists(s, "lost"))))
            TRY(list_claim(s, id, &truth->list[i], err));
    }
    return ASID_OK;
}

/* --- files ---------------------------------------------------------------- */

static enum asid_rc count_record(void *user, struct str text, uint64_t line,
                                 const struct json *record,
                                 const struct asid_err *why,
                                 struct asid_err *err)
{
    struct score *s = user;
    struct json *copy, *right, *were = NULL;
    struct saying told, truth, before = {0};

    (void)text;
    (void)line;
    (void)why;
    TRY(score_match(&s->lines, record, &s->clip, &right, err));
    if (!right)
        return ASID_OK;
    s->records++;
    copy = json_copy(&s->clip, record);
    told = saying_of(s, copy);
    truth = saying_of(s, right);
    if (s->compares)
        TRY(score_match(&s->before, record, &s->clip, &were, err));
    if (were)
        before = sources_of(s, were);
    TRY(count_clip(s, json_text(json_get(copy, "id")), &told, &truth, &before,
                   err));
    arena_reset(&s->clip);
    return ASID_OK;
}

/* --- the answer ----------------------------------------------------------- */

static void set_tally(const struct score *s, struct arena *a, struct json *o,
                      const struct tally *t)
{
    score_count(a, o, "claims", t->claims);
    score_count(a, o, "true", t->right);
    score_count(a, o, "false", t->wrong);
    score_rate(a, o, "false_rate", t->wrong, t->claims);
    score_count(a, o, "truth", t->truth);
    score_count(a, o, "missing", t->missing);
    score_rate(a, o, "missing_rate", t->missing, t->truth);
    if (!s->compares)
        return;
    score_count(a, o, "had", t->had);
    score_count(a, o, "lost", t->lost);
    score_rate(a, o, "lost_rate", t->lost, t->had);
}

static enum asid_rc answer(struct score *s, struct asid_err *err)
{
    struct arena *a = &s->arena;
    struct json *o = json_new_object(a), *per = json_new_object(a);

    score_count(a, o, "records", s->records);
    score_count(a, o, "without_truth", s->lines.unknown);
    set_tally(s, a, o, &s->attribute[ATTRIBUTES]);
    for (int k = 0; k < ATTRIBUTES; k++) {
        struct json *one = json_new_object(a);

        set_tally(s, a, one, &s->attribute[k]);
        json_set(a, per, attribute_keys[k], one);
    }
    json_set(a, o, "per_attribute", per);
    return asid_print(s->q->cx, o, err);
}

static enum asid_rc compare_all(struct score *s, const char *truth,
                                const char *before, struct asid_err *err)
{
    TRY(text_rules_load(&s->rules, err));
    TRY(score_read(&s->lines, truth, err));
    if (before)
        TRY(score_read(&s->before, before, err));
    TRY(score_files(s->q, &s->lines, count_record, s, err));
    return s->list ? ASID_OK : answer(s, err);
}

static enum asid_rc score_truth(struct audit *q, const char *truth,
                                struct asid_err *err)
{
    const char *before = opt_text(q->cx, "before");
    struct score s = {.q = q,
                      .list = opt_text(q->cx, "list"),
                      .arena = ARENA_INIT,
                      .clip = ARENA_INIT,
                      .compares = before != NULL};
    enum asid_rc rc = compare_all(&s, truth, before, err);

    score_release(&s.lines);
    score_release(&s.before);
    text_rules_free(s.rules);
    arena_release(&s.clip);
    arena_release(&s.arena);
    return rc;
}

enum asid_rc audit_score(struct audit *q, struct asid_err *err)
{
    const char *truth = opt_text(q->cx, "truth");
    const char *planted = opt_text(q->cx, "planted");
    const char *before = opt_text(q->cx, "before");
    const char *list = opt_text(q->cx, "list");

    if ((before || list) && !truth)
        return USAGE(err, "--before and --list go with score --truth");
    if (list && strcmp(list, "lost") == 0 && !before)
        return USAGE(err, "--list lost needs --before FILE");
    if (!truth == !planted)
        return USAGE(err,
                     "score needs --truth FILE, records that are right, or "
                     "--planted FILE, records with planted errors");
    return truth ? score_truth(q, truth, err) : score_planted(q, planted, err);
}
