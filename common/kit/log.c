/* Messages for people: one line each, on standard error. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kit_int.h"

/* Write all or give up: there is nobody to tell about a broken stderr. */
static void put(const char *text, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDERR_FILENO, text, n);

        if (done <= 0)
            return;
        text += done;
        n -= (size_t)done;
    }
}

/* k may be NULL: stages are also called from unit tests, without a runner. */
static void say(struct kit *k, const char *program, const char *level,
                const char *text)
{
    char line[1024];
    bool clear = k && k->live_line;
    int n = snprintf(line, sizeof line, "%sasid-%s: %s%s\n",
                     clear ? "\r\033[K" : "", program, level, text);

    if (n < 0)
        return;
    if (k)
        pthread_mutex_lock(&k->log_lock);
    put(line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
    if (k) {
        k->live_line = false;
        pthread_mutex_unlock(&k->log_lock);
    }
}

/* The same escapes as in errors, so that no file name can play with the
 * terminal. */
static void sayf(const struct asid_cx *cx, const char *level, const char *fmt,
                 va_list ap) __attribute__((format(printf, 3, 0)));
static void sayf(const struct asid_cx *cx, const char *level, const char *fmt,
                 va_list ap)
{
    struct asid_err e;
    char raw[2 * sizeof e.text];

    vsnprintf(raw, sizeof raw, fmt, ap);
    asid_fail(&e, ASID_OK, NULL, "%s", raw);
    say(cx->kit, cx->stage ? cx->stage->name : "", level, e.text);
}

void asid_warn(const struct asid_cx *cx, const char *fmt, ...)
{
    va_list ap;

    if (cx->kit && cx->kit->quiet)
        return;
    va_start(ap, fmt);
    sayf(cx, "warning: ", fmt, ap);
    va_end(ap);
}

void asid_note(const struct asid_cx *cx, const char *fmt, ...)
{
    va_list ap;

    if (cx->kit && cx->kit->quiet)
        return;
    va_start(ap, fmt);
    sayf(cx, "", fmt, ap);
    va_end(ap);
}

void asid_info(const struct asid_cx *cx, const char *fmt, ...)
{
    va_list ap;

    if (!cx->kit || !cx->kit->verbose)
        return;
    va_start(ap, fmt);
    sayf(cx, "", fmt, ap);
    va_end(ap);
}

void log_note(struct kit *k, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    sayf(&k->cx, "", fmt, ap);
    va_end(ap);
}

void log_error(struct kit *k, const struct asid_err *err)
{
    say(k, k->cx.stage->name, "", err->text);
}

void log_raw(struct kit *k, const char *text)
{
    pthread_mutex_lock(&k->log_lock);
    put(text, strlen(text));
    k->live_line = text[strlen(text) - 1] != '\n';
    pthread_mutex_unlock(&k->log_lock);
}
