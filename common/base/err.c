/* Errors: filling and widening the caller's struct asid_err. */
#include "asid/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asid/base/utf8.h"

/* Copy text so that it is safe on a terminal and in a log: one line, control
 * characters and malformed bytes as \xNN. */
static void show(char *out, size_t size, const char *text)
{
    size_t at = 0, n = strlen(text);

    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        unsigned used = utf8_decode(text + i, n - i, &cp);

        if (used == 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
            if (at + 5 > size)
                break;
            at += (size_t)snprintf(out + at, size - at, "\\x%02x",
                                   (unsigned)(unsigned char)text[i]);
            i++;
        } else {
            if (at + used + 1 > size)
                break;
            memcpy(out + at, text + i, used);
            at += used;
            i += used;
        }
    }
    out[at] = '\0';
}

enum asid_rc asid_fail(struct asid_err *err, enum asid_rc rc, const char *code,
                       const char *fmt, ...)
{
    char raw[2 * sizeof err->text];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    show(err->text, sizeof err->text, raw);
    err->rc = rc;
    snprintf(err->code, sizeof err->code, "%s", code ? code : "");
    return rc;
}

enum asid_rc asid_err_within(struct asid_err *err, const char *fmt, ...)
{
    /* Of a long context only the beginning: the message matters more. */
    char context[sizeof err->text / 2], raw[2 * sizeof err->text];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(context, sizeof context, fmt, ap);
    va_end(ap);
    snprintf(raw, sizeof raw, "%s: %s", context, err->text);
    show(err->text, sizeof err->text, raw);
    return err->rc;
}

const char *asid_errno_text(char *space, unsigned long size, int number)
{
    /* The GNU strerror_r returns the text, which may not be in space. */
    return strerror_r(number, space, size);
}

_Noreturn void asid_bug(const char *file, int line, const char *what)
{
    fprintf(stderr, "asid: bug at %s:%d: %s\n", file, line, what);
    abort();
}
