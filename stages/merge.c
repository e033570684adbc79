/*
 * asid-merge: the captions of several sources become eight attributes and one
 * caption; with --fuse a model may reword them.
 */
#include "asid/curate/merge.h"
#include "asid/answer/answer.h"
#include "asid/ask/prompts.h"
#include "asid/kit/stage.h"

struct state {
    const struct text_rules *rules;
    struct merge_policy *policy;
    const struct prompts *prompts;
    struct answerer *model; /* NULL without --fuse */
    const char *identity;
};

static enum asid_rc open_model(struct asid_cx *cx, struct state *s,
                               struct asid_err *err)
{
    if (!opt_text(cx, "model"))
        return USAGE(err, "--fuse needs a model: --model DIR");
    TRY(prompts_load(cx->arena, &s->prompts, err));
    TRY(answerer_open(cx, &s->model, err));
    s->identity = arena_printf(cx->arena, "%s %s prompts %lld", s->identity,
                               answerer_identity(s->model),
                               (long long)prompts_version(s->prompts));
    return ASID_OK;
}

static enum asid_rc merge_open(struct asid_cx *cx, struct asid_err *err)
{
    struct state *s = cx->state;

    TRY(text_rules_load(&s->rules, err));
    TRY(merge_policy_new(s->rules, cx->arena, &s->policy, err));
    for (size_t i = 0; i < opt_count(cx, "weights"); i++)
        TRY(merge_policy_weight(s->policy, opt_nth(cx, "weights", i), err));
    for (size_t i = 0; i < opt_count(cx, "heard"); i++)
        merge_policy_heard(s->policy, opt_nth(cx, "heard", i));
    merge_policy_tolerance(s->policy, opt_real(cx, "tolerance"));
    s->identity = text_rules_version();
    return opt_bool(cx, "fuse") ? open_model(cx, s, err) : ASID_OK;
}

/* --- fusion --------------------------------------------------------------- */

/* A line of dashes that is not in the text. */
static const char *fence(struct arena *a, struct str text)
{
    size_t longest = 4, run = 0;
    char *line;

    for (size_t i = 0; i < text.n; i++) {
        run = text.p[i] == '-' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    line = arena_bytes(a, longest + 2);
    memset(line, '-', longest + 1);
    line[longest + 1] = '\0';
    return line;
}

static enum asid_rc fuse(struct asid_job *job, struct clip *clip,
                         enum attribute attribute, struct asid_err *err)
{
    const struct state *s = job->cx->state;
    struct prompt_request r = {
        .set = "fusion",
        .attributes = attribute == ATTRIBUTE_NONE ? attribute_keys
                                                  : &attribute_keys[attribute],
        .n_attributes = attribute == ATTRIBUTE_NONE ? ATTRIBUTES : 1,
        .id = job->id};
    struct clip_reply reply;
    struct str plain, task;
    const char *line;

    if (!merge_fusion_wanted(job->record, attribute, &plain))
        return ASID_OK;
    TRY(prompt_text(s->prompts, job->arena, &r, &task, err));
    line = fence(job->arena, plain);
    TRY(clip_text(
        clip,
        str_of(arena_printf(job->arena, "%.*s\n\n%s\n%.*s\n%s", (int)task.n,
                            task.p, line, (int)plain.n, plain.p, line)),
        NULL, &reply, err));
    /* A text that was cut off has lost something, and is refused for it. */
    merge_fusion_take(s->policy, job->arena, job->record, attribute,
                      reply.text);
    return ASID_OK;
}

static enum asid_rc fuse_all(struct asid_job *job, struct asid_err *err)
{
    const struct state *s = job->cx->state;
    struct clip *clip = NULL;
    enum asid_rc rc = clip_open(s->model, job, NULL, NULL, NULL, &clip, err);

    for (int k = ATTRIBUTE_NONE; k < ATTRIBUTES && rc == ASID_OK; k++)
        rc = fuse(job, clip, (enum attribute)k, err);
    clip_close(clip);
    return rc;
}

static enum asid_rc merge_one(struct asid_job *job, struct asid_err *err)
{
    const struct state *s = job->cx->state;

    TRY(merge_record(s->policy, job->arena, job->record, err));
    return s->model ? fuse_all(job, err) : ASID_OK;
}

static void merge_close(struct asid_cx *cx)
{
    struct state *s = cx->state;

    answerer_close(s->model);
    text_rules_free(s->rules);
}

static const char *merge_identity(const struct asid_cx *cx)
{
    const struct state *s = cx->state;

    return s->identity;
}

const struct asid_stage asid_stage = {
    .name = "merge",
    .state_size = sizeof(struct state),
    .open = merge_open,
    .record = merge_one,
    .close = merge_close,
    .identity = merge_identity,
};
