/*
 * asid-export: accepted records become dataset files.
 *
 * Records pass through unchanged. Rows are made in input order and published
 * at the end, all at once; a run that was killed starts over, so that the
 * files never hold half a dataset.
 */
#include "asid/kit/stage.h"
#include "asid/pipeline/dataset.h"

static enum asid_rc export_open(struct asid_cx *cx, struct asid_err *err)
{
    return dataset_open(cx->state, opt_text(cx, "output"), err);
}

static enum asid_rc export_record(struct asid_job *job, struct asid_err *err)
{
    (void)job;
    (void)err;
    return ASID_OK;
}

static enum asid_rc export_row(struct asid_job *job, struct asid_err *err)
{
    return dataset_add(job->cx->state, job->arena, job->record, err);
}

static enum asid_rc export_finish(struct asid_cx *cx, struct asid_err *err)
{
    return dataset_publish(cx->state, err);
}

static void export_close(struct asid_cx *cx)
{
    struct dataset *d = cx->state;

    /* Zeroed when open was never reached: then there is nothing to close. */
    if (d->dir)
        dataset_close(d);
}

const struct asid_stage asid_stage = {
    .name = "export",
    .flags = ASID_ATOMIC,
    .state_size = sizeof(struct dataset),
    .open = export_open,
    .record = export_record,
    .ordered = export_row,
    .finish = export_finish,
    .close = export_close,
};
