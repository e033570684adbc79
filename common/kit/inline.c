/* One record after the other, in one thread: what -j 1 does. */
#include <unistd.h>

#include "kit_int.h"

void run_fill(struct kit *k, struct slot *s, const struct line *line)
{
    s->line = *line;
    s->seq = ++k->seq;
    if (k->writer.resumable) {
        s->end = k->reader.pos;
    } else {
        s->end.bytes = k->reader.pos.bytes;
        s->end.line = k->reader.pos.line;
    }
    if (line->mark)
        asid_warn(&k->cx, "%s: byte-order mark at the start dropped",
                  line->input);
    if (line->unended && k->filter)
        asid_info(&k->cx, "%s:%llu: the last line has no newline", line->input,
                  (unsigned long long)line->number);
}

static enum asid_rc idle(void *user, struct asid_err *err)
{
    struct kit *k = user;

    return writer_pending(k) ? writer_commit(k, err) : ASID_OK;
}

enum asid_rc run_inline(struct kit *k, struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    struct slot s = {0};
    struct line line;
    bool got = true;

    k->reader.idle = idle;
    k->reader.user = k;
    while (rc == ASID_OK) {
        if (signals_caught()) {
            rc = asid_fail(err, ASID_STOPPED, NULL, "stopped");
            break;
        }
        rc = reader_next(&k->reader, &line, &got, err);
        if (rc != ASID_OK || !got)
            break;
        slot_reset(&s);
        run_fill(k, &s, &line);
        slot_work(k, &s);
        slot_order(k, &s);
        rc = writer_take(k, &s, err);
    }
    slot_release(&s);
    return rc;
}
