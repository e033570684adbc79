/*
 * asid-verify: judge every claim and every attribute against the video.
 *
 * The local model (or an endpoint) answers yes/no questions about the clip; the
 * method is that of asid/judge/judge.h and docs/curation/verify.md.
 */
#include "asid/curate/record.h"
#include "asid/judge/judge.h"
#include "asid/media/media.h"

struct verify {
    struct answerer *model;
    const struct text_rules *rules;
    struct judge *judge;
};

static enum asid_rc verify_open(struct asid_cx *cx, struct asid_err *err)
{
    struct verify *v = cx->state;
    struct judge_options options = {.stage = "verify"};

    judge_options_read(cx, &options);
    TRY(text_rules_load(&v->rules, err));
    TRY(answerer_open(cx, &v->model, err));
    return judge_open(cx, v->model, v->rules, &options, &v->judge, err);
}

static void verify_close(struct asid_cx *cx)
{
    struct verify *v = cx->state;

    answerer_close(v->model);
    text_rules_free(v->rules);
}

static const char *verify_identity(const struct asid_cx *cx)
{
    const struct verify *v = cx->state;

    return judge_identity(v->judge);
}

static enum asid_rc verify_record(struct asid_job *job, struct asid_err *err)
{
    const struct verify *v = job->cx->state;
    struct judge_sitting *sitting = NULL;
    enum asid_rc rc;

    findings_drop(job->record, "verify");
    record_claims_ensure(v->rules, job->arena, job->record);
    rc = judge_sitting_open(v->judge, job, &sitting, err);
    if (rc == ASID_OK)
        rc = judge_record(sitting, 0, err);
    judge_sitting_close(sitting);
    return rc;
}

const struct asid_stage asid_stage = {
    .name = "verify",
    .state_size = sizeof(struct verify),
    .open = verify_open,
    .record = verify_record,
    .close = verify_close,
    .identity = verify_identity,
    .libraries = media_versions,
};
