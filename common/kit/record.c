/* One record through one stage: in, through the callback, out. */
#include <stdlib.h>
#include <string.h>

#include "asid/base/clock.h"
#include "kit_int.h"

enum { RECORD_MAX = 1 << 30 }; /* bytes of a line that a stage may make */

/* --- in ----------------------------------------------------------------------- */

/* A text without U+0000, or NULL. */
static const char *member(const struct json *record, const char *key)
{
    return json_text(json_get(record, key));
}

static void name_it(struct kit *k, struct slot *s)
{
    const struct json *record = s->job.record;
    const char *id = member(record, "id");

    if (!id && !k->filter)
        id = member(record, "video");
    s->id = id && *id ? id
                      : arena_printf(&s->arena, "line:%llu",
                                     (unsigned long long)s->line.number);
    s->job.id = s->is_record && id ? id : "";
}

/* The line as a record; REJECT for whatever is none. */
static enum asid_rc enter(struct kit *k, struct slot *s)
{
    struct asid_err *err = &s->err;
    struct json *record = NULL;

    if (s->line.too_long)
        return REJECT(err, "input.syntax",
                      "the line has %llu bytes, more than %llu (--max-line)",
                      (unsigned long long)s->line.length,
                      (unsigned long long)k->max_line);
    TRY(json_parse(&s->arena, s->line.text, 0, &record, err));
    if (json_type(record) != JSON_OBJECT)
        return REJECT(err, "input.syntax", "expected an object, got %s",
                      json_type_name(json_type(record)));
    s->is_record = true;
    s->source = json_source(record);
    s->job.record = record;
    name_it(k, s);
    if (!k->filter)
        return ASID_OK;
    TRY(schema_check(k->record_schema, &s->arena, record, NULL, err));
    s->came = record;
    return ASID_OK;
}

/* --- out ------------------------------------------------------------------------ */

/* A record that nobody changed was checked when it came in. */
static bool is_new(const struct kit *k, const struct slot *s)
{
    return !k->filter || json_source(s->job.record).n == 0;
}

/* Of the record that came in, only what the stage changed can be wrong. */
static enum asid_rc check_shape(struct kit *k, struct slot *s)
{
    struct json *record = s->job.record;

    return (record == s->came ? schema_check_changes : schema_check)(
        k->record_schema, &s->arena, record, NULL, &s->err);
}

static enum asid_rc leave(struct kit *k, struct slot *s)
{
    struct asid_err *err = &s->err;
    const char *id = member(s->job.record, "id");

    if (!s->reused && is_new(k, s) && check_shape(k, s) != ASID_OK) {
        err->rc = ASID_FAILED;
        return asid_err_within(err, "the stage made a record of the wrong "
                                    "shape");
    }
    if (!k->filter && id)
        s->id = id;
    buf_reset(&s->out);
    json_write(&s->out, s->job.record);
    if (k->cx.ledger)
        hash_text(buf_view(&s->out), s->output_sha256);
    buf_char(&s->out, '\n');
    if (buf_failed(&s->out))
        return FAIL(err, "%s: the record has grown past %d bytes", s->id,
                    RECORD_MAX);
    return ASID_OK;
}

static void finish(struct kit *k, struct slot *s)
{
    if (s->rc == ASID_OK)
        s->rc = leave(k, s);
    if (s->rc == ASID_REJECT)
        slot_reject_line(k, s);
    if (s->rc == ASID_FAILED && k->filter)
        asid_err_within(&s->err, "%s:%llu", s->line.input,
                        (unsigned long long)s->line.number);
}

/* --- the callback ------------------------------------------------------------------ */

static void call(struct kit *k, struct slot *s)
{
    double start = clock_monotonic();

    s->rc = k->cx.stage->record(&s->job, &s->err);
    s->seconds = clock_monotonic() - start;
    BUG_IF(s->rc == ASID_REJECT && s->err.code[0] == '\0');
    if (s->rc == ASID_USAGE)
        s->rc = ASID_FAILED;
}

void asid_judged(struct asid_job *job, const struct ledger_verdict *verdict)
{
    size_t n = job->n_verdicts;

    if ((n & (n - 1)) == 0) { /* full: room for twice as many */
        struct ledger_verdict *wider =
            arena_array(job->arena, n ? 2 * n : 1, sizeof *wider);

        if (n > 0)
            memcpy(wider, job->verdicts, n * sizeof *wider);
        job->verdicts = wider;
    }
    job->verdicts[job->n_verdicts++] = *verdict;
}

/* With a finished line of an earlier execution there is nothing to call. */
static enum asid_rc try_reuse(struct kit *k, struct slot *s, bool *found)
{
    *found = false;
    s->attempts = 1;
    if (!k->reuse.on || !s->is_record)
        return ASID_OK;
    TRY(reuse_line(k, s, found, &s->err));
    if (!*found)
        return ASID_OK;
    s->reused = true;
    return json_parse(&s->arena, s->finished, 0, &s->job.record, &s->err);
}

static void look_beside(const struct kit *k, struct slot *s)
{
    if (!k->cx.ledger || !k->cx.stage->beside)
        return;
    s->beside = k->cx.stage->beside(&s->job);
    if (s->beside && !*s->beside)
        s->beside = NULL;
}

void slot_work(struct kit *k, struct slot *s)
{
    bool found = false;

    s->job.cx = &k->cx;
    s->job.arena = &s->arena;
    s->job.input = s->line.input;
    s->job.line = s->line.number;
    if (k->cx.ledger)
        hash_text(s->line.text, s->input_sha256);
    s->rc = enter(k, s);
    if (!s->is_record)
        name_it(k, s);
    if (s->rc == ASID_OK)
        look_beside(k, s);
    if (s->rc == ASID_OK)
        s->rc = try_reuse(k, s, &found);
    if (s->rc == ASID_OK && !found)
        call(k, s);
    if (!k->cx.stage->ordered)
        finish(k, s);
}

void slot_order(struct kit *k, struct slot *s)
{
    if (!k->cx.stage->ordered)
        return;
    if (s->rc == ASID_OK)
        s->rc = k->cx.stage->ordered(&s->job, &s->err);
    finish(k, s);
}

/* --- slots --------------------------------------------------------------------------- */

void slot_reset(struct slot *s)
{
    arena_reset(&s->arena);
    buf_reset(&s->out);
    s->job = (struct asid_job){.worker = s->job.worker};
    s->err = (struct asid_err){0};
    s->source = (struct str){"", 0};
    s->came = NULL;
    s->is_record = s->reused = false;
    s->reused_from[0] = '\0';
    s->id = "";
    s->beside = NULL;
    s->input_sha256[0] = s->output_sha256[0] = '\0';
    s->seconds = 0;
    s->attempts = 1;
    s->state = SLOT_FREE;
    if (s->out.cap == 0) {
        buf_init(&s->out, RECORD_MAX);
        buf_init(&s->copy, SIZE_MAX / 2);
    }
}

void slot_release(struct slot *s)
{
    arena_release(&s->arena);
    buf_release(&s->out);
    buf_release(&s->copy);
}
