/*
 * Taking finished records in input order: output, rejects, counters, ledger.
 *
 * A commit is: write both files, sync them, then one transaction with the
 * outcomes and the offsets. Whoever finds the ledger's offsets therefore finds
 * at least that many bytes in the files.
 */
#include <stdlib.h>
#include <string.h>

#include "asid/base/clock.h"
#include "kit_int.h"

enum { MOST_ROWS = 4096 }; /* of one transaction */
static const double COMMIT_SECONDS = 0.2;

void writer_tally(struct kit *k, const char *code, uint64_t n)
{
    struct writer *w = &k->writer;

    for (size_t i = 0; i < w->n_tally; i++) {
        if (strcmp(w->tally[i].code, code) == 0) {
            w->tally[i].n += n;
            return;
        }
    }
    w->tally = mem_grow(w->tally, (w->n_tally + 1) * sizeof *w->tally);
    memset(&w->tally[w->n_tally], 0, sizeof *w->tally);
    memcpy(w->tally[w->n_tally].code, code,
           strnlen(code, sizeof w->tally->code - 1));
    w->tally[w->n_tally++].n = n;
}

/* "accepted", "rejected", or "failed" for codes that may be tried again. */
static const char *status_of(const struct slot *s)
{
    struct str kind, meaning;

    if (s->rc == ASID_OK)
        return "accepted";
    if (schema_code(s->err.code, &kind, &meaning) && str_is(kind, "failed"))
        return "failed";
    return "rejected";
}

static void count(struct kit *k, const struct slot *s, const char *status)
{
    struct ledger_checkpoint *c = &k->writer.check;

    c->seq++;
    if (s->rc == ASID_OK)
        c->accepted++;
    else if (strcmp(status, "failed") == 0)
        c->failed++;
    else
        c->rejected++;
    if (s->rc == ASID_REJECT)
        writer_tally(k, s->err.code, 1);
    k->writer.reused += s->reused;
}

/* --- rows for the ledger --------------------------------------------------------- */

static const char *kept(struct writer *w, const char *text)
{
    return *text ? arena_strdup(&w->rows_arena, text) : NULL;
}

static const char *kept_or_none(struct writer *w, const char *text)
{
    return text ? arena_strdup(&w->rows_arena, text) : NULL;
}

/* The judgements of a record, whose memory ends before the commit. */
static const struct ledger_verdict *keep_verdicts(struct writer *w,
                                                  const struct asid_job *job)
{
    struct ledger_verdict *list =
        arena_array(&w->rows_arena, job->n_verdicts, sizeof *list);

    for (size_t i = 0; i < job->n_verdicts; i++) {
        struct ledger_verdict *v = &list[i];

        *v = job->verdicts[i];
        v->attribute = arena_strdup(&w->rows_arena, v->attribute);
        v->kind = arena_strdup(&w->rows_arena, v->kind);
        v->verdict = arena_strdup(&w->rows_arena, v->verdict);
        v->model = kept_or_none(w, v->model);
        v->prompt_sha256 = kept_or_none(w, v->prompt_sha256);
        v->reason = kept_or_none(w, v->reason);
    }
    w->n_verdicts += job->n_verdicts;
    return list;
}

static void add_row(struct kit *k, const struct slot *s, const char *status)
{
    struct writer *w = &k->writer;
    bool rejected = s->rc == ASID_REJECT;

    if (w->n_rows == w->room_rows) {
        w->room_rows = w->room_rows ? 2 * w->room_rows : 64;
        w->rows = mem_grow(w->rows, w->room_rows * sizeof *w->rows);
    }
    w->rows[w->n_rows++] = (struct ledger_outcome){
        .execution = w->check.execution,
        .run_id = k->run.run_id,
        .stage = k->cx.stage->name,
        .seq = s->seq,
        .record_id = arena_strdup(&w->rows_arena, s->id),
        .status = status,
        .code = rejected ? kept(w, s->err.code) : NULL,
        .message = rejected ? kept(w, s->err.text) : NULL,
        .attempts = s->attempts,
        .input_sha256 = kept(w, s->input_sha256),
        .options_sha256 = k->options_sha256,
        .output_sha256 = rejected ? NULL : kept(w, s->output_sha256),
        .seconds = s->seconds,
        .tokens_in = s->job.tokens_in,
        .tokens_out = s->job.tokens_out,
        .verdicts = keep_verdicts(w, &s->job),
        .n_verdicts = s->job.n_verdicts,
        .reused_from = kept(w, s->reused_from),
        .beside = s->beside ? kept(w, s->beside) : NULL,
    };
}

/* --- commits ------------------------------------------------------------------------ */

static void note_files(struct writer *w)
{
    struct ledger_checkpoint *c = &w->check;

    hash_hex(&w->pos.hash, c->input_sha256);
    c->input_bytes = w->pos.bytes;
    c->line = w->pos.line;
    hash_hex(&w->out.hash, c->output_sha256);
    c->output_bytes = w->out.bytes;
    hash_hex(&w->rejects.hash, c->reject_sha256);
    c->reject_bytes = w->rejects.bytes;
}

enum asid_rc writer_commit(struct kit *k, struct asid_err *err)
{
    struct writer *w = &k->writer;

    w->last = clock_monotonic();
    TRY(sink_flush(&w->rejects, err));
    TRY(sink_flush(&w->out, err));
    if (!k->cx.ledger)
        return ASID_OK;
    if (w->resumable) {
        TRY(sink_sync(&w->rejects, err));
        TRY(sink_sync(&w->out, err));
        note_files(w);
    }
    TRY(ledger_commit(k->cx.ledger, w->rows, w->n_rows, k->cx.stage->name,
                      w->key, &w->check, err));
    w->n_rows = w->n_verdicts = 0;
    arena_reset(&w->rows_arena);
    return ASID_OK;
}

bool writer_pending(const struct kit *k)
{
    const struct writer *w = &k->writer;

    return w->out.buf.n > 0 || w->rejects.buf.n > 0 || w->n_rows > 0;
}

enum asid_rc writer_tick(struct kit *k, struct asid_err *err)
{
    struct writer *w = &k->writer;

    progress_tick(k);
    if (!writer_pending(k))
        return ASID_OK;
    if (w->n_rows + w->n_verdicts < MOST_ROWS &&
        clock_monotonic() - w->last < COMMIT_SECONDS)
        return ASID_OK;
    return writer_commit(k, err);
}

/* --- one record ------------------------------------------------------------------------ */

/* "in.jsonl:12: rabbit320: media.unreadable: ..." */
static void tell(struct kit *k, const struct slot *s)
{
    if (k->filter)
        log_note(k, "%s:%llu: %s: %s: %s", s->line.input,
                 (unsigned long long)s->line.number, s->id, s->err.code,
                 s->err.text);
    else
        log_note(k, "%s: %s: %s", s->id, s->err.code, s->err.text);
}

enum asid_rc writer_limits(const struct kit *k, const struct refused *r,
                           struct asid_err *err)
{
    if (k->strict)
        return FAIL(err, "stopped at the first reject (--strict): %s: %s: %s",
                    r->id, r->code, r->message);
    if ((double)r->nth > k->max_reject * (double)r->seq)
        return FAIL(err,
                    "stopped: %llu of %llu records were rejected, more than "
                    "the share allowed (--max-reject)",
                    (unsigned long long)r->nth, (unsigned long long)r->seq);
    return ASID_OK;
}

static enum asid_rc check_limits(struct kit *k, const struct slot *s,
                                 uint64_t nth, uint64_t seq,
                                 struct asid_err *err)
{
    const struct refused r = {nth, seq, s->id, s->err.code, s->err.text};

    return s->rc == ASID_REJECT ? writer_limits(k, &r, err) : ASID_OK;
}

static enum asid_rc take(struct kit *k, struct slot *s, const char *status,
                         struct asid_err *err)
{
    struct writer *w = &k->writer;

    count(k, s, status);
    if (w->resumable) {
        w->pos = s->end;
    } else {
        w->pos.bytes = s->end.bytes;
        w->pos.line = s->end.line;
    }
    if (k->cx.ledger)
        add_row(k, s, status);
    if (s->rc == ASID_REJECT && (w->rejects.fd < 0 || k->verbose))
        tell(k, s);
    /* Last: a line that does not fit is in the buffer, and may be written with
     * the next commit, so it must be counted there. */
    return sink_add(s->rc == ASID_OK ? &w->out : &w->rejects, buf_view(&s->out),
                    err);
}

enum asid_rc writer_take(struct kit *k, struct slot *s, struct asid_err *err)
{
    const struct ledger_checkpoint *c = &k->writer.check;
    const char *status;

    if (s->rc != ASID_OK && s->rc != ASID_REJECT) {
        *err = s->err;
        return s->rc;
    }
    status = status_of(s);
    /* What may be tried again is: it is not taken, so the next run begins with
     * it. */
    if (k->writer.resumable && strcmp(status, "failed") == 0)
        TRY(check_limits(k, s, c->rejected + c->failed + 1, c->seq + 1, err));
    TRY(take(k, s, status, err));
    TRY(check_limits(k, s, c->rejected + c->failed, c->seq, err));
    return writer_tick(k, err);
}

void writer_release(struct writer *w)
{
    sink_close(&w->out);
    sink_close(&w->rejects);
    arena_release(&w->rows_arena);
    free(w->rows);
    free(w->tally);
}
