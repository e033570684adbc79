/*
 * asid-align: quoted speech against the transcript.
 *
 * Misquotes get the transcript's words, anchors go where the words are, and
 * what nobody said is reported. docs/curation/align.md has the rules.
 */
#include <string.h>

#include "asid/curate/align.h"
#include "asid/kit/stage.h"

struct align {
    const struct text_rules *rules;
    struct align_options options;
};

static enum align_unsupported unsupported_of(const char *name)
{
    static const char *const names[] = {
        [ALIGN_KEEP] = "keep",
        [ALIGN_REMOVE] = "remove",
        [ALIGN_REJECT] = "reject",
        [ALIGN_REJECT_ALL] = "reject-all",
    };

    for (int i = ALIGN_KEEP; i <= ALIGN_REJECT_ALL; i++)
        if (strcmp(names[i], name) == 0)
            return (enum align_unsupported)i;
    return ALIGN_KEEP;
}

static enum asid_rc open_rules(struct asid_cx *cx, struct asid_err *err)
{
    struct align *s = cx->state;

    s->options = (struct align_options){
        .similarity = opt_real(cx, "similarity"),
        .tolerance = opt_real(cx, "tolerance"),
        .unsupported = unsupported_of(opt_text(cx, "unsupported")),
        .report_only = opt_bool(cx, "report-only"),
    };
    return text_rules_load(&s->rules, err);
}

static enum asid_rc record(struct asid_job *job, struct asid_err *err)
{
    const struct align *s = job->cx->state;

    return align_record(s->rules, job->arena, job->record, &s->options, err);
}

static void close_rules(struct asid_cx *cx)
{
    struct align *s = cx->state;

    text_rules_free(s->rules);
}

static const char *identity(const struct asid_cx *cx)
{
    (void)cx;
    return text_rules_version();
}

const struct asid_stage asid_stage = {
    .name = "align",
    .state_size = sizeof(struct align),
    .open = open_rules,
    .record = record,
    .close = close_rules,
    .identity = identity,
};
