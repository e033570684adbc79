/* Progress while working, and the line at the end. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/clock.h"
#include "kit_int.h"

void progress_start(struct kit *k)
{
    struct progress *p = &k->progress;
    const char *when = opt_text(&k->cx, "progress");
    bool always = when && strcmp(when, "always") == 0;
    bool never = when && strcmp(when, "never") == 0;

    p->start = p->last = clock_monotonic();
    p->on = !never && !k->quiet;
    p->live = isatty(STDERR_FILENO);
    p->every = p->live ? 0.25 : always ? 1 : 30;
}

static void add_span(struct buf *b, double seconds)
{
    unsigned long s = seconds < 1e9 ? (unsigned long)seconds : 1000000000;

    if (s >= 3600)
        buf_printf(b, "%luh %02lum", s / 3600, s / 60 % 60);
    else if (s >= 60)
        buf_printf(b, "%lum %02lus", s / 60, s % 60);
    else
        buf_printf(b, "%lus", s);
}

/* By bytes of input used up: the number of records is not known. */
static void add_left(struct kit *k, struct buf *b, double elapsed)
{
    const struct writer *w = &k->writer;
    double done = (double)w->pos.bytes, total = (double)k->reader.total;
    double now = done - (double)w->begun; /* done by this run */

    if (k->reader.total == 0 || now <= 0 || done >= total)
        return;
    buf_printf(b, ", %.0f %%, ", 100 * done / total);
    add_span(b, elapsed * (total - done) / now);
    buf_text(b, " left");
}

/* True when a line is due. */
static bool is_due(struct progress *p, double *elapsed)
{
    double now = clock_monotonic();

    if (!p->on || now - p->last < p->every)
        return false;
    p->last = now;
    *elapsed = now - p->start;
    return true;
}

static void end_line(struct kit *k, struct buf *line)
{
    if (!k->progress.live)
        buf_char(line, '\n');
    log_raw(k, line->p);
    buf_release(line);
}

void asid_progress(const struct asid_cx *cx, const char *things, uint64_t done,
                   uint64_t total)
{
    struct kit *k = cx->kit;
    struct progress *p = &k->progress;
    double elapsed;
    struct buf line;

    if (done == 0) {
        progress_start(k);
    } else if (done >= total && !k->quiet) {
        log_note(k, "%llu %s, %.1f s", (unsigned long long)done, things,
                 clock_monotonic() - p->start);
    } else if (done < total && is_due(p, &elapsed)) {
        buf_init(&line, 400);
        buf_printf(&line, "%sasid-%s: %llu of %llu %s, %.1f/s, ",
                   p->live ? "\r\033[K" : "", k->cx.stage->name,
                   (unsigned long long)done, (unsigned long long)total, things,
                   (double)done / elapsed);
        add_span(&line, elapsed * (double)(total - done) / (double)done);
        buf_text(&line, " left");
        end_line(k, &line);
    }
}

void progress_tick(struct kit *k)
{
    struct progress *p = &k->progress;
    const struct ledger_checkpoint *c = &k->writer.check;
    double elapsed;
    struct buf line;

    if (!is_due(p, &elapsed))
        return;
    buf_init(&line, 400);
    buf_printf(&line, "%sasid-%s: %llu records, %.1f/s",
               p->live ? "\r\033[K" : "", k->cx.stage->name,
               (unsigned long long)c->seq,
               (double)(c->seq - k->writer.before) / elapsed);
    if (c->rejected + c->failed)
        buf_printf(&line, ", %llu rejected",
                   (unsigned long long)(c->rejected + c->failed));
    add_left(k, &line, elapsed);
    end_line(k, &line);
}

void progress_summary(struct kit *k)
{
    const struct writer *w = &k->writer;
    const struct ledger_checkpoint *c = &w->check;
    uint64_t unwritten = sink_unwritten(&w->out); /* on a full disk */
    struct buf line;

    if (k->quiet)
        return;
    buf_init(&line, 4000);
    buf_printf(&line, "%llu records in, %llu accepted, %llu rejected",
               (unsigned long long)c->seq,
               (unsigned long long)(c->accepted - unwritten),
               (unsigned long long)(c->rejected + c->failed));
    for (size_t i = 0; i < w->n_tally; i++)
        buf_printf(&line, "%s%s %llu", i ? ", " : " (", w->tally[i].code,
                   (unsigned long long)w->tally[i].n);
    if (w->n_tally)
        buf_char(&line, ')');
    if (unwritten)
        buf_printf(&line, ", %llu not written", (unsigned long long)unwritten);
    if (w->finished)
        buf_text(&line, ", all by an earlier run: nothing to do");
    else if (w->before)
        buf_printf(&line, ", %llu of them by an earlier run",
                   (unsigned long long)w->before);
    if (w->reused)
        buf_printf(&line, ", %llu unchanged since an earlier run",
                   (unsigned long long)w->reused);
    buf_printf(&line, ", %.1f s", clock_monotonic() - k->progress.start);
    log_note(k, "%s", line.p);
    buf_release(&line);
}
