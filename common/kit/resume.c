/*
 * Where to begin: nothing to do, go on behind a checkpoint, or start over.
 *
 * A checkpoint is believed only as far as it can be checked: the options, the
 * input up to it, and the bytes of both files up to it must have the hashes
 * that it names. See docs/decisions/0002-resume.md.
 */
#include <stdlib.h>
#include <string.h>

#include "asid/base/num.h"
#include "kit_int.h"

/* --- what a continued execution already did ---------------------------------------- */

static enum asid_rc tally_row(void *user, int columns, const char *const *names,
                              const char *const *values, struct asid_err *err)
{
    uint64_t n = 0;

    (void)columns;
    (void)names;
    (void)err;
    if (values[0] && values[1] && num_u64(str_of(values[1]), &n))
        writer_tally(user, values[0], n);
    return ASID_OK;
}

/* The summary counts the whole execution. */
static enum asid_rc load_tally(struct kit *k, const char *execution,
                               struct asid_err *err)
{
    return ledger_query(k->cx.ledger,
                        "SELECT code, count(*) FROM outcomes"
                        " WHERE execution = ?1 AND code IS NOT NULL"
                        " GROUP BY code ORDER BY min(seq)",
                        &execution, 1, tally_row, k, err);
}

struct limits {
    const struct kit *k;
    uint64_t nth;
};

static enum asid_rc limit_row(void *user, int columns, const char *const *names,
                              const char *const *values, struct asid_err *err)
{
    struct limits *l = user;
    struct refused r = {++l->nth, 0, values[1], values[2],
                        values[3] ? values[3] : ""};

    (void)columns;
    (void)names;
    if (!values[0] || !num_u64(str_of(values[0]), &r.seq) || !r.id || !r.code)
        return FAIL(err, "an outcome in the ledger is malformed");
    return writer_limits(l->k, &r, err);
}

/* A reject too many is one too many whichever run met it: whether a call ends
 * well does not depend on how often it was interrupted. */
static enum asid_rc check_limits(const struct kit *k, const char *execution,
                                 struct asid_err *err)
{
    struct limits l = {k, 0};

    if (!k->strict && k->max_reject >= 1)
        return ASID_OK;
    return ledger_query(k->cx.ledger,
                        "SELECT seq, record_id, code, message FROM outcomes"
                        " WHERE execution = ?1 AND code IS NOT NULL"
                        " ORDER BY seq",
                        &execution, 1, limit_row, &l, err);
}

static enum asid_rc replay_line(struct kit *k, struct slot *s,
                                const struct line *line)
{
    s->job.cx = &k->cx;
    s->job.arena = &s->arena;
    s->job.input = line->input;
    s->job.line = line->number;
    TRY(json_parse(&s->arena, line->text, 0, &s->job.record, &s->err));
    s->job.id = json_text(json_get(s->job.record, "id"));
    if (!s->job.id)
        s->job.id = "";
    return k->cx.stage->replay(&s->job, &s->err);
}

/* Show the stage every record that is already in the output. */
static enum asid_rc replay(struct kit *k, struct asid_err *err)
{
    const char *part = k->writer.out.part;
    struct slot s = {0};
    struct reader file;
    struct line line;
    enum asid_rc rc;
    bool got = true;

    if (!k->cx.stage->replay)
        return ASID_OK;
    rc = reader_open(&file, &part, 1, SIZE_MAX / 8, err);
    while (rc == ASID_OK) {
        slot_reset(&s);
        rc = reader_next(&file, &line, &got, err);
        if (rc != ASID_OK || !got)
            break;
        rc = replay_line(k, &s, &line);
        if (rc != ASID_OK) {
            *err = s.err;
            err->rc = ASID_FAILED;
            rc = asid_err_within(err, "%s:%llu", line.input,
                                 (unsigned long long)line.number);
        }
    }
    reader_close(&file);
    slot_release(&s);
    return rc;
}

static enum asid_rc go_on(struct kit *k, const struct ledger_checkpoint *c,
                          struct asid_err *err)
{
    struct writer *w = &k->writer;

    reader_keep(&k->reader);
    w->check = *c;
    w->before = k->seq = c->seq;
    w->begun = c->input_bytes;
    w->pos = k->reader.pos;
    TRY(sink_start(&w->out, c->output_bytes, err));
    TRY(sink_start(&w->rejects, c->reject_bytes, err));
    TRY(load_tally(k, c->execution, err));
    TRY(check_limits(k, c->execution, err));
    TRY(replay(k, err));
    asid_info(&k->cx, "going on after record %llu of an earlier run",
              (unsigned long long)c->seq);
    return ASID_OK;
}

/* --- starting over -------------------------------------------------------------------- */

/* The ledger forgets the old offsets before the files change: else a later run
 * could find old offsets and new bytes. */
static enum asid_rc start_over(struct kit *k, const char *forget,
                               struct asid_err *err)
{
    struct writer *w = &k->writer;
    struct ledger_checkpoint *c = &w->check;
    struct hash empty;

    reader_keep(&k->reader);
    *c = (struct ledger_checkpoint){0};
    memcpy(c->execution, k->run.run_id, sizeof c->execution);
    memcpy(c->options_sha256, k->options_sha256, sizeof c->options_sha256);
    if (w->rejects.part)
        memcpy(c->rejects, w->rejects.path,
               strnlen(w->rejects.path, sizeof c->rejects - 1));
    hash_init(&empty);
    hash_hex(&empty, c->input_sha256);
    hash_hex(&empty, c->output_sha256);
    hash_hex(&empty, c->reject_sha256);
    if (k->cx.ledger)
        TRY(ledger_begin_execution(k->cx.ledger, k->cx.stage->name, w->key, c,
                                   forget, err));
    TRY(sink_start(&w->out, 0, err));
    TRY(sink_start(&w->rejects, 0, err));
    return w->resumable ? reuse_open(k, err) : ASID_OK;
}

/* --- deciding ---------------------------------------------------------------------------- */

/* Cheap comparisons first: those that read no file. */
static bool may_continue(const struct kit *k, const struct ledger_checkpoint *c)
{
    const struct asid_stage *stage = k->cx.stage;
    const struct sink *rejects = &k->writer.rejects;

    if (stage->flags & ASID_ATOMIC)
        return false;
    if (strcmp(c->options_sha256, k->options_sha256) != 0)
        return false;
    if (strcmp(c->rejects, rejects->part ? rejects->path : "") != 0)
        return false;
    /* What `ordered` keeps cannot be built again without `replay`. */
    return c->complete || !stage->ordered || stage->replay;
}

/* Complete, nothing new in the input, nothing to try again, files in place. With
 * files beside the records only a look at each of them can tell. */
static enum asid_rc is_finished(struct kit *k,
                                const struct ledger_checkpoint *c, bool *yes,
                                struct asid_err *err)
{
    const struct writer *w = &k->writer;

    *yes = false;
    if (c->failed > 0 || k->cx.stage->beside)
        return ASID_OK;
    TRY(reader_at_end(&k->reader, yes, err));
    if (*yes)
        TRY(sink_is(w->out.path, c->output_bytes, c->output_sha256, yes, err));
    if (*yes && w->rejects.part)
        TRY(sink_is(w->rejects.path, c->reject_bytes, c->reject_sha256, yes,
                    err));
    return ASID_OK;
}

static enum asid_rc parts_match(struct kit *k,
                                const struct ledger_checkpoint *c, bool *yes,
                                struct asid_err *err)
{
    struct writer *w = &k->writer;

    TRY(sink_check(&w->out, c->output_bytes, c->output_sha256, yes, err));
    if (*yes)
        TRY(sink_check(&w->rejects, c->reject_bytes, c->reject_sha256, yes,
                       err));
    return ASID_OK;
}

static enum asid_rc load_finished(struct kit *k,
                                  const struct ledger_checkpoint *c,
                                  struct asid_err *err)
{
    k->writer.check = *c;
    k->writer.finished = true;
    k->writer.pos = k->reader.pos;
    reader_keep(&k->reader);
    TRY(load_tally(k, c->execution, err));
    return check_limits(k, c->execution, err);
}

enum asid_rc resume_begin(struct kit *k, bool *done, struct asid_err *err)
{
    struct writer *w = &k->writer;
    struct ledger_checkpoint c;
    bool found = false, same = false;
    const char *forget;

    *done = false;
    if (!w->resumable)
        return start_over(k, NULL, err);
    TRY(ledger_checkpoint_get(k->cx.ledger, k->cx.stage->name, w->key, &found,
                              &c, err));
    if (!found)
        return start_over(k, NULL, err);
    if (c.finishing)
        TRY(publish_recover(k, &c, err));
    if (may_continue(k, &c)) {
        TRY(reader_skip(&k->reader, c.input_bytes, c.input_sha256, &same, err));
        if (same && c.complete) {
            TRY(is_finished(k, &c, done, err));
            if (*done)
                return load_finished(k, &c, err);
        } else if (same) {
            TRY(parts_match(k, &c, &same, err));
            if (same)
                return go_on(k, &c, err);
        }
        TRY(reader_rewind(&k->reader, err));
    }
    forget = c.complete ? NULL : c.execution;
    return start_over(k, forget, err);
}
