/*
 * A stage for testing `ordered` and `replay`: numbers the records in "number"
 * and refuses an id that came before.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asid/kit/stage.h"

enum { MOST = 100000 };

struct state {
    char *ids[MOST];
    size_t n;
};

static enum asid_rc record(struct asid_job *job, struct asid_err *err)
{
    int64_t ms = 0;

    (void)err;
    if (json_i64(json_path(job->record, "test.sleep"), &ms)) {
        struct timespec t = {ms / 1000, ms % 1000 * 1000000};

        nanosleep(&t, NULL);
    }
    return ASID_OK;
}

static enum asid_rc remember(struct asid_job *job, struct asid_err *err)
{
    struct state *s = job->cx->state;

    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->ids[i], job->id) == 0)
            return REJECT(err, "input.duplicate", "number %zu", i + 1);
    }
    BUG_IF(s->n == MOST);
    s->ids[s->n] = mem_alloc(strlen(job->id) + 1);
    memcpy(s->ids[s->n++], job->id, strlen(job->id));
    return ASID_OK;
}

static enum asid_rc ordered(struct asid_job *job, struct asid_err *err)
{
    struct state *s = job->cx->state;

    TRY(remember(job, err));
    json_set_i64(job->arena, job->record, "number", (int64_t)s->n);
    return ASID_OK;
}

static void finish(struct asid_cx *cx)
{
    struct state *s = cx->state;

    for (size_t i = 0; i < s->n; i++)
        free(s->ids[i]);
}

const struct asid_stage asid_stage = {
    .name = "cat",
    .state_size = sizeof(struct state),
    .record = record,
    .ordered = ordered,
    .replay = remember,
    .close = finish,
};
