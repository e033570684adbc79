/*
 * A source stage for testing the runner: each input named becomes an item, and
 * each item a record; names that begin with "bad" are refused.
 */
#include "asid/kit/stage.h"

static enum asid_rc source(struct asid_cx *cx,
                           enum asid_rc (*item)(void *list, struct str json,
                                                struct asid_err *err),
                           void *list, struct asid_err *err)
{
    for (size_t i = 0; i < opt_count(cx, "inputs"); i++) {
        char *text = arena_printf(cx->arena, "{\"video\":\"%s\"}",
                                  opt_nth(cx, "inputs", i));

        TRY(item(list, str_of(text), err));
    }
    return ASID_OK;
}

static enum asid_rc record(struct asid_job *job, struct asid_err *err)
{
    const char *video = json_text(json_get(job->record, "video"));
    struct json *made = json_new_object(job->arena);

    if (str_starts(str_of(video), "bad"))
        return REJECT(err, "media.unreadable", "%s is no video", video);
    json_set(
        job->arena, made, "id",
        json_new_text(job->arena, arena_printf(job->arena, "id-%s", video)));
    json_set_text(job->arena, made, "video", video);
    job->record = made;
    return ASID_OK;
}

const struct asid_stage asid_stage = {
    .name = "ingest",
    .source = source,
    .record = record,
};
