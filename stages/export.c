/*
 * asid-export: accepted records become dataset files.
 *
 * Records pass through unchanged. Rows are made in input order and published
 * at the end, all at once; a run that was killed starts over, so that the
 * files never hold half a dataset.
 */
#include <string.h>

#include "asid/dataset/export.h"
#include "asid/kit/stage.h"

struct export
{
    struct export_wish wish;
    struct dataset dataset;
    struct bpe *bpe;
    const char *identity;
};

static void read_formats(const struct asid_cx *cx, struct export_wish *wish)
{
    for (size_t i = 0; i < opt_count(cx, "formats"); i++)
        for (size_t k = 0; k < EXPORT_FORMATS; k++)
            wish->format[k] |=
                strcmp(opt_nth(cx, "formats", i), export_formats[k]) == 0;
}

static enum asid_rc read_collection(const struct asid_cx *cx,
                                    struct export_wish *wish,
                                    struct asid_err *err)
{
    const char *name = opt_text(cx, "collection");

    if (name && (!*name || strpbrk(name, "/+\n") || name[0] == '.'))
        return USAGE(err,
                     "--collection: '%s' cannot be part of a file's name; use "
                     "letters, digits and underscores",
                     name);
    wish->collection = name;
    return ASID_OK;
}

static enum asid_rc read_budget(const struct asid_cx *cx, struct export *x,
                                struct asid_err *err)
{
    struct row_budget *b = &x->wish.budget;

    b->limit = (size_t)opt_int(cx, "budget");
    b->video = OMNI_BUDGET_DEFAULT;
    b->video.fps = opt_real(cx, "fps");
    b->video.max_frames = (uint32_t)opt_int(cx, "max-frames");
    b->video.max_pixels = opt_real(cx, "max-pixels");
    b->video.total_pixels = opt_real(cx, "total-pixels");
    b->no_audio = opt_bool(cx, "no-audio");
    if (b->limit == 0)
        return ASID_OK;
    if (!opt_text(cx, "tokenizer"))
        return USAGE(err, "--budget counts tokens: name the checkpoint whose "
                          "tokenizer counts with --tokenizer DIR");
    TRY(bpe_open(opt_text(cx, "tokenizer"), &x->bpe, err));
    b->bpe = x->bpe;
    return ASID_OK;
}

static enum asid_rc export_open(struct asid_cx *cx, struct asid_err *err)
{
    struct export *x = cx->state;
    struct lesson_wish *lessons = &x->wish.lessons;

    x->dataset.lock = -1;
    read_formats(cx, &x->wish);
    lessons->seed = (uint64_t)opt_int(cx, "seed");
    lessons->one = strcmp(opt_text(cx, "attribute-rows"), "one") == 0;
    lessons->verdicts = strcmp(opt_text(cx, "verdicts"), "clean") == 0
                            ? LESSONS_CLEAN
                            : LESSONS_ANY;
    TRY(read_collection(cx, &x->wish, err));
    TRY(prompts_load(cx->arena, &lessons->prompts, err));
    TRY(read_budget(cx, x, err));
    x->identity = arena_printf(cx->arena, "export/2 prompts %lld",
                               (long long)prompts_version(lessons->prompts));
    TRY(dataset_open(&x->dataset, opt_text(cx, "output"), err));
    return export_begin(&x->wish, &x->dataset, err);
}

static const char *export_identity(const struct asid_cx *cx)
{
    const struct export *x = cx->state;

    return x->identity;
}

static enum asid_rc export_record(struct asid_job *job, struct asid_err *err)
{
    const struct export *x = job->cx->state;

    return export_fits(&x->wish, job->arena, job->record, err);
}

static enum asid_rc export_ordered(struct asid_job *job, struct asid_err *err)
{
    struct export *x = job->cx->state;

    return export_rows(&x->wish, &x->dataset, job->arena, job->record, err);
}

static enum asid_rc export_finish(struct asid_cx *cx, struct asid_err *err)
{
    struct export *x = cx->state;

    TRY(export_end(&x->wish, &x->dataset, err));
    return opt_bool(cx, "check")
               ? export_check(opt_text(cx, "output"), opt_text(cx, "root"), err)
               : ASID_OK;
}

static void export_close(struct asid_cx *cx)
{
    struct export *x = cx->state;

    dataset_close(&x->dataset);
    bpe_close(x->bpe);
}

const struct asid_stage asid_stage = {
    .name = "export",
    .flags = ASID_ATOMIC,
    .state_size = sizeof(struct export),
    .open = export_open,
    .record = export_record,
    .ordered = export_ordered,
    .finish = export_finish,
    .close = export_close,
    .identity = export_identity,
};
