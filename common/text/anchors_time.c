/* Reading a time: "12s", "12.5 s", "0:12", "1m 5s", "five seconds". */
#include "anchors_int.h"

enum { DIGITS_MAX = 9 };

struct reading {
    const char *p, *end;
};

/* Digits with an optional fraction; false when there are none or too many. */
static bool read_number(struct reading *r, double *value)
{
    double scale = 1;
    unsigned digits = 0;

    *value = 0;
    for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++, digits++)
        *value = *value * 10 + (*r->p - '0');
    if (digits == 0 || digits > DIGITS_MAX)
        return false;
    if (r->end - r->p < 2 || *r->p != '.' || r->p[1] < '0' || r->p[1] > '9')
        return true;
    for (r->p++; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
        if (scale < 1e9) {
            scale *= 10;
            *value = *value * 10 + (*r->p - '0');
        }
    }
    *value /= scale;
    return true;
}

static bool rest_is(const struct reading *r, const char *list)
{
    size_t n = (size_t)(r->end - r->p);

    while (*list) {
        size_t k = strcspn(list, " ");

        if (k == n && memcmp(list, r->p, n) == 0)
            return true;
        list += k;
        list += *list == ' ';
    }
    return false;
}

/* "0:12", "1:02:03.5", "00:00:12,500": all but the first of two digits and
 * below sixty. */
static bool read_clock(struct str w, double *seconds)
{
    struct reading r = {w.p, w.p + w.n};
    unsigned parts = 0;
    double total = 0;

    for (;;) {
        const char *from = r.p;
        double part;

        if (!read_number(&r, &part))
            return false;
        if (r.p < r.end && *r.p == ',' && r.end - r.p == 4) {
            part += (r.p[1] - '0') * 0.1 + (r.p[2] - '0') * 0.01 +
                    (r.p[3] - '0') * 0.001;
            r.p = r.end;
        }
        if (parts > 0 && (part >= 60 || r.p - from < 2 ||
                          (r.p - from > 2 && from[2] != '.' && from[2] != ',')))
            return false;
        if (parts == 0 && r.p - from > 3)
            return false;
        total = total * 60 + part;
        parts++;
        if (r.p == r.end)
            break;
        if (*r.p != ':')
            return false;
        r.p++;
    }
    *seconds = total;
    return parts == 2 || parts == 3;
}

/* "1m5s": what follows the minutes. */
static bool read_minutes_seconds(struct reading r, double minutes,
                                 double *seconds)
{
    double part;

    if (r.end - r.p < 3 || *r.p != 'm')
        return false;
    r.p++;
    if (!read_number(&r, &part) || part >= 60 || !rest_is(&r, "s sec secs"))
        return false;
    *seconds = minutes * 60 + part;
    return true;
}

static bool is_second_unit(const struct scan *s, size_t i)
{
    return tok_role(s, i, ROLE_SECOND) && !s->toks[i].quoted;
}

static bool is_minute_unit(const struct scan *s, size_t i)
{
    return tok_in(s, i, "min mins minute minutes") && !s->toks[i].quoted;
}

/* Seconds behind minutes: "5s", "5 seconds", below sixty; *end the token
 * behind them. */
static bool read_seconds_part(const struct scan *s, size_t i, double *seconds,
                              size_t *end)
{
    struct reading r;

    if (i >= s->n_toks || s->toks[i].kind != TOK_WORD || s->toks[i].quoted ||
        !(s->toks[i].shape & SHAPE_DIGITS))
        return false;
    r.p = s->t->text.p + s->toks[i].at;
    r.end = r.p + s->toks[i].n;
    if (!read_number(&r, seconds) || *seconds >= 60)
        return false;
    *end = i + 1;
    if (r.p < r.end)
        return rest_is(&r, "s sec secs");
    *end = i + 2;
    return is_second_unit(s, i + 1) && !(s->toks[i + 1].shape & SHAPE_HYPHEN);
}

/* "1 minute [and] 5 seconds": what follows the minutes. */
static void add_seconds(const struct scan *s, struct time_at *t)
{
    size_t i = t->end, end;
    double more;

    if (tok_role(s, i, ROLE_AND))
        i++;
    if (read_seconds_part(s, i, &more, &end)) {
        t->seconds += more;
        t->end = end;
    }
}

/* A number, then perhaps its unit as a word of its own. */
static struct time_at with_unit(const struct scan *s, size_t i, double value)
{
    struct time_at t = {TIME_BARE, value, i + 1, false};

    if (!tok_is_word(s, i + 1))
        return t;
    if (tok_role(s, i + 1, ROLE_SECOND_CJK)) { /* Chinese "second" */
        t.style = TIME_COMPACT;
        t.end = i + 2;
    } else if (is_second_unit(s, i + 1)) {
        t.style = s->toks[i + 1].n == 1 ? TIME_COMPACT : TIME_SPELLED;
        t.hyphen = (s->toks[i + 1].shape & SHAPE_HYPHEN) != 0;
        t.end = i + 2;
    } else if (is_minute_unit(s, i + 1)) {
        t.style = TIME_SPELLED;
        t.seconds *= 60;
        t.hyphen = (s->toks[i + 1].shape & SHAPE_HYPHEN) != 0;
        t.end = i + 2;
        if (!t.hyphen)
            add_seconds(s, &t);
    }
    return t;
}

/* "1980s" is a decade. */
static bool is_decade(double value)
{
    return value >= 1800 && value < 2100 && (long)value % 10 == 0;
}

static struct time_at read_digits(const struct scan *s, size_t i)
{
    struct str w = tok_text(s, i);
    struct reading r = {w.p, w.p + w.n};
    struct time_at t = {TIME_NONE, 0, i + 1, false};

    if (memchr(w.p, ':', w.n)) {
        if (read_clock(w, &t.seconds))
            t.style = TIME_CLOCK;
        return t;
    }
    if (!read_number(&r, &t.seconds))
        return t;
    if (r.p == r.end)
        return with_unit(s, i, t.seconds);
    if (rest_is(&r, "s sec secs second seconds S")) {
        t.style = is_decade(t.seconds) && t.seconds == (double)(long)t.seconds
                      ? TIME_NONE
                      : TIME_COMPACT;
    } else if (rest_is(&r, "min mins")) {
        t.style = TIME_COMPACT;
        t.seconds *= 60;
    } else if (rest_is(&r, "m")) {
        double more;
        size_t end;

        /* "5m" alone may be metres. */
        if (read_seconds_part(s, i + 1, &more, &end)) {
            t.style = TIME_COMPACT;
            t.seconds = t.seconds * 60 + more;
            t.end = end;
        }
    } else if (read_minutes_seconds(r, t.seconds, &t.seconds)) {
        t.style = TIME_COMPACT;
    }
    return t;
}

struct time_at time_read(const struct scan *s, size_t i)
{
    const struct tok *k = &s->toks[i];

    if (i >= s->n_toks || k->kind != TOK_WORD || k->quoted)
        return (struct time_at){TIME_NONE, 0, i + 1, false};
    if (k->shape & SHAPE_DIGITS)
        return read_digits(s, i);
    if (k->numeric && k->value >= 0 && k->value < 1000000)
        return with_unit(s, i, (double)k->value);
    return (struct time_at){TIME_NONE, 0, i + 1, false};
}
