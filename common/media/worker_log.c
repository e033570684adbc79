/*
 * libav's messages. Its callback has no pointer for its user, so this is the
 * one place of asid with state of the process: a count and one text. The
 * helper decodes on one thread; the count may then be read between two calls
 * to learn whether a decoder complained.
 */
#include "worker.h"

#include <libavutil/log.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct {
    uint64_t errors;
    char last[200];
} record;

/* Not av_log_format_line: that prints addresses, and the same file must give
 * the same message every time. */
static void keep(void *what, int level, const char *fmt, va_list ap)
{
    const AVClass *class = what ? *(AVClass **)what : NULL;
    char text[sizeof record.last];
    size_t n;

    if (level > AV_LOG_ERROR)
        return;
    record.errors++;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(text, sizeof text, fmt, ap);
#pragma GCC diagnostic pop
    n = strcspn(text, "\r\n");
    text[n] = '\0';
    if (n == 0)
        return;
    snprintf(record.last, sizeof record.last, "%.30s: %.150s",
             class ? class->item_name(what) : "libav", text);
}

void worker_log_start(void)
{
    record.errors = 0;
    record.last[0] = '\0';
    av_log_set_callback(keep);
    av_log_set_level(AV_LOG_ERROR);
}

uint64_t worker_log_errors(void)
{
    return record.errors;
}

const char *worker_log_last(void)
{
    return record.last;
}
