/*
 * asid-refine: rewrite what failed, verify it again, tidy up.
 *
 * Refuted claims are reworded by the model and asked about again; what the
 * verifier found missing and what it decided come into the texts. After the
 * last round a claim that still fails takes its record to the rejects. The
 * format pass comes last. Records with nothing to repair never touch the model.
 */
#include <math.h>
#include <string.h>

#include "asid/ask/prompts.h"
#include "asid/curate/format.h"
#include "asid/curate/refine.h"
#include "asid/judge/judge.h"
#include "asid/media/media.h"
#include "asid/text/similar.h"

struct refine {
    struct answerer *model;
    const struct text_rules *rules;
    struct judge *judge;
    struct str wording;
    struct format_rule format;
    uint32_t rounds;
    bool remove_last; /* what still fails goes, instead of the record */
    double mismatch;  /* share of refuted claims above which a record is about
                         another clip */
    const char *identity;
};

static enum asid_rc refine_open(struct asid_cx *cx, struct asid_err *err)
{
    const struct prompt_request request = {.set = "refine-claim", .id = ""};
    struct judge_options options = {.stage = "refine"};
    struct refine *r = cx->state;
    const struct prompts *prompts;

    r->rounds = (uint32_t)opt_int(cx, "rounds");
    r->remove_last = strcmp(opt_text(cx, "last"), "remove") == 0;
    r->mismatch = opt_real(cx, "mismatch");
    r->format = FORMAT_RULE_DEFAULT;
    r->format.anchors = opt_bool(cx, "canonical");
    options.rule.threshold = opt_real(cx, "threshold");
    options.rule.unsure = opt_real(cx, "unsure");
    options.window = opt_real(cx, "window");
    TRY(text_rules_load(&r->rules, err));
    TRY(prompts_load(cx->arena, &prompts, err));
    TRY(prompt_text(prompts, cx->arena, &request, &r->wording, err));
    TRY(answerer_open(cx, &r->model, err));
    TRY(judge_open(cx, r->model, r->rules, &options, &r->judge, err));
    r->identity =
        arena_printf(cx->arena, "refine 3 %s", judge_identity(r->judge));
    return ASID_OK;
}

static void refine_close(struct asid_cx *cx)
{
    struct refine *r = cx->state;

    answerer_close(r->model);
    text_rules_free(r->rules);
}

static const char *refine_identity(const struct asid_cx *cx)
{
    const struct refine *r = cx->state;

    return r->identity;
}

/* --- one round ------------------------------------------------------------- */

/* The question for a true wording of a wrong claim; false when it cannot be
 * asked. */
static bool reword_prompt(struct asid_job *job, const struct refine_item *item,
                          struct str *prompt)
{
    const struct refine *r = job->cx->state;
    struct str was = verify_statement(r->rules, job->arena, item->was,
                                      item->start, item->end);
    struct verify_question q;

    if (!verify_question(job->arena, r->wording, was, was, (double)NAN,
                         (double)NAN, &q))
        return false;
    *prompt = str_of(arena_printf(job->arena, STR_FMT STR_FMT, STR_ARG(q.stem),
                                  STR_ARG(q.prompt)));
    return true;
}

/* What the answer says of the claim. One that says the same again is no other:
 * the claim then goes. */
static void take_wording(struct asid_job *job, struct refine_item *item,
                         struct str answer)
{
    const struct refine *r = job->cx->state;

    item->now = refine_answer(r->rules, job->arena, answer);
    if (str_eq(similar_fold(r->rules, job->arena, item->now),
               similar_fold(r->rules, job->arena, item->was)))
        item->now = STR("");
}

/* Ask for true wordings of the wrong claims, of all together. */
static enum asid_rc reword(struct asid_job *job, struct judge_sitting *sitting,
                           struct refine_item *items, size_t n,
                           struct asid_err *err)
{
    struct clip_reply *replies = arena_array(job->arena, n, sizeof *replies);
    struct str *prompts = arena_array(job->arena, n, sizeof *prompts);
    size_t *map = arena_array(job->arena, n, sizeof *map), count = 0;

    for (size_t i = 0; i < n; i++) {
        if (items[i].why != REFINE_WRONG)
            continue;
        items[i].now = STR("");
        if (reword_prompt(job, &items[i], &prompts[count]))
            map[count++] = i;
    }
    TRY(clip_texts_any(judge_clip(sitting), prompts, count, NULL, replies,
                       err));
    for (size_t k = 0; k < count; k++)
        take_wording(job, &items[map[k]], replies[k].text);
    return ASID_OK;
}

/* Ask whether the new wordings are true. */
static enum asid_rc judge_again(struct asid_job *job,
                                struct judge_sitting *sitting,
                                struct refine_item *items, size_t n,
                                struct judge_claim *answers,
                                struct asid_err *err)
{
    size_t *map = arena_array(job->arena, n, sizeof *map), count = 0;
    struct judge_claim *asked = arena_array(job->arena, n, sizeof *asked);

    for (size_t i = 0; i < n; i++) {
        if (items[i].why != REFINE_WRONG || items[i].now.n == 0)
            continue;
        asked[count] = (struct judge_claim){
            .text = items[i].now, .start = items[i].start, .end = items[i].end};
        map[count++] = i;
    }
    TRY(judge_claims(sitting, asked, count, err));
    for (size_t k = 0; k < count; k++)
        answers[map[k]] = asked[k];
    return ASID_OK;
}

static int64_t place_of(const struct json *record,
                        const struct refine_item *item)
{
    const struct json *object = record_attribute(record, item->attribute);
    int64_t i = 0;

    json_each(claim, json_get(object, "claims")) {
        if (claim == item->claim)
            return i;
        i++;
    }
    return -1;
}

static enum asid_rc one_round(struct asid_job *job,
                              struct judge_sitting *sitting, uint32_t round,
                              struct refine_item *items, size_t n,
                              struct asid_err *err)
{
    const struct refine *r = job->cx->state;
    struct judge_claim *answers = arena_array(job->arena, n, sizeof *answers);

    TRY(reword(job, sitting, items, n, err));
    TRY(judge_again(job, sitting, items, n, answers, err));
    refine_apply(r->rules, job->arena, "refine", job->record, items, n);
    for (size_t i = 0; i < n; i++) {
        if (items[i].why != REFINE_WRONG || items[i].now.n == 0)
            continue;
        judge_write(sitting, items[i].claim, &answers[i]);
        judge_note(sitting, round, items[i].attribute,
                   place_of(job->record, &items[i]), "error", &answers[i]);
    }
    return ASID_OK;
}

/* --- the record ------------------------------------------------------------ */

/* What still fails after the last round. */
static enum asid_rc give_up(struct asid_job *job,
                            const struct refine_item *item, uint32_t rounds,
                            struct asid_err *err)
{
    double p = (double)NAN;

    if (!json_f64(json_get(item->claim, "p"), &p))
        p = (double)NAN;
    return REJECT(err, "refine.exhausted",
                  "%s[%lld]: still refuted after %u rounds, p %.4f: " STR_FMT,
                  attribute_keys[item->attribute],
                  (long long)place_of(job->record, item), rounds, p,
                  STR_ARG(item->was));
}

static const struct refine_item *first_wrong(const struct refine_item *items,
                                             size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (items[i].why == REFINE_WRONG)
            return &items[i];
    return NULL;
}

static enum asid_rc last_word(struct asid_job *job, struct refine_item *items,
                              size_t n, struct asid_err *err)
{
    const struct refine *r = job->cx->state;
    const struct refine_item *wrong = first_wrong(items, n);

    if (!wrong)
        return ASID_OK;
    if (!r->remove_last)
        return give_up(job, wrong, r->rounds, err);
    for (size_t i = 0; i < n; i++)
        items[i].now = STR("");
    refine_apply(r->rules, job->arena, "refine", job->record, items, n);
    return ASID_OK;
}

static enum asid_rc all_rounds(struct asid_job *job,
                               struct judge_sitting *sitting,
                               struct refine_item *items, size_t n,
                               struct asid_err *err)
{
    const struct refine *r = job->cx->state;

    for (uint32_t round = 1; n > 0 && round <= r->rounds; round++) {
        TRY(one_round(job, sitting, round, items, n, err));
        n = refine_collect(job->arena, job->record, &items);
    }
    return last_word(job, items, n, err);
}

static enum asid_rc repair(struct asid_job *job, struct asid_err *err)
{
    const struct refine *r = job->cx->state;
    struct judge_sitting *sitting = NULL;
    struct refine_item *items;
    size_t n = refine_collect(job->arena, job->record, &items);
    enum asid_rc rc;

    if (n == 0)
        return ASID_OK;
    rc = judge_sitting_open(r->judge, job, &sitting, err);
    if (rc == ASID_OK)
        rc = all_rounds(job, sitting, items, n, err);
    judge_sitting_close(sitting);
    return rc;
}

/* Texts that are mostly wrong are not repaired: what a repair leaves of them
 * would be the model's account alone. */
static enum asid_rc check_match(struct asid_job *job, struct asid_err *err)
{
    const struct refine *r = job->cx->state;
    struct refine_tally t = refine_count(job->record);

    if ((double)t.refuted <= r->mismatch * (double)t.judged)
        return ASID_OK;
    return REJECT(err, "refine.mismatch",
                  "%zu of %zu claims are refuted, the texts are about another "
                  "clip; first of all %s[%lld]: " STR_FMT,
                  t.refuted, t.judged, attribute_keys[t.worst.attribute],
                  (long long)place_of(job->record, &t.worst),
                  STR_ARG(t.worst.was));
}

static enum asid_rc refine_record(struct asid_job *job, struct asid_err *err)
{
    const struct refine *r = job->cx->state;

    findings_drop(job->record, "refine");
    record_claims_ensure(r->rules, job->arena, job->record);
    TRY(check_match(job, err));
    TRY(repair(job, err));
    refine_finish(job->record, job->arena);
    return format_record(r->rules, job->arena, &r->format, "refine",
                         job->record, NULL, err);
}

const struct asid_stage asid_stage = {
    .name = "refine",
    .state_size = sizeof(struct refine),
    .open = refine_open,
    .record = refine_record,
    .close = refine_close,
    .identity = refine_identity,
    .libraries = media_versions,
};
