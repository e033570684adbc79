/*
 * asid-timecheck: the times of captions held against the clip.
 *
 * Anchors outside the clip, out of order, at another time than the words, cuts
 * or events they speak of; and the one cause behind many wrong ones. What is
 * certain is repaired, the rest is reported.
 */
#include "asid/curate/timecheck.h"

#include "asid/kit/stage.h"

/* The share that --max-wrong bounds is of at least so many anchors, so that
 * one wrong anchor of one is no reason to lose the record. */
enum { FEW = 4 };

struct timecheck {
    const struct text_rules *rules;
    struct timecheck_options options;
    double max_wrong;
    const char *identity;
};

static enum asid_rc timecheck_open(struct asid_cx *cx, struct asid_err *err)
{
    struct timecheck *s = cx->state;

    s->options.tolerance = opt_real(cx, "tolerance");
    s->options.canonical = opt_bool(cx, "canonical");
    s->options.repair = str_is(str_of(opt_text(cx, "repair")), "certain");
    s->max_wrong = opt_real(cx, "max-wrong");
    TRY(text_rules_load(&s->rules, err));
    s->identity = text_rules_version();
    return ASID_OK;
}

static void timecheck_close(struct asid_cx *cx)
{
    struct timecheck *s = cx->state;

    text_rules_free(s->rules);
}

static enum asid_rc timecheck_one(struct asid_job *job, struct asid_err *err)
{
    const struct timecheck *s = job->cx->state;
    struct timecheck_result r =
        timecheck_record(s->rules, job->arena, job->record, &s->options);
    double of = (double)(r.anchors > FEW ? r.anchors : FEW);

    if ((double)r.wrong > s->max_wrong * of)
        return REJECT(err, "time.inconsistent",
                      "%zu of %zu times are wrong and cannot be repaired",
                      r.wrong, r.anchors);
    return ASID_OK;
}

static const char *timecheck_identity(const struct asid_cx *cx)
{
    const struct timecheck *s = cx->state;

    return s->identity;
}

const struct asid_stage asid_stage = {
    .name = "timecheck",
    .state_size = sizeof(struct timecheck),
    .open = timecheck_open,
    .record = timecheck_one,
    .close = timecheck_close,
    .identity = timecheck_identity,
};
