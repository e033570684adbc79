/*
 * What stands in a cue: SubRip's and WebVTT's tags, entities and times inside
 * the text (W3C WebVTT, section 4.2.2; SubRip has no specification, only
 * custom). Unknown tags are dropped, what only looks like one is kept ("<3").
 */
#include <math.h>
#include <string.h>

#include "asid/base/num.h"
#include "asid/base/utf8.h"
#include "asr_int.h"
#include "transcript_int.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* --- times ----------------------------------------------------------------- */

enum { TIME_DIGITS = 6 };

static bool whole(struct str text, size_t *at, double *value)
{
    size_t from = *at;

    *value = 0;
    while (*at < text.n && is_digit(text.p[*at]) && *at - from <= TIME_DIGITS)
        *value = *value * 10 + (text.p[(*at)++] - '0');
    return *at > from && *at - from <= TIME_DIGITS;
}

/* Hours, minutes and seconds before the fraction; hours may be missing. */
static bool clock(struct str text, size_t *at, double *seconds)
{
    double part;

    if (!whole(text, at, seconds))
        return false;
    for (int i = 0; i < 2 && *at + 1 < text.n && text.p[*at] == ':' &&
                    is_digit(text.p[*at + 1]);
         i++) {
        ++*at;
        if (!whole(text, at, &part) || part > 59)
            return false;
        *seconds = *seconds * 60 + part;
    }
    return true;
}

bool cue_time(struct str text, size_t *at, double *seconds)
{
    size_t i = *at, from = i;
    bool minus = i < text.n && text.p[i] == '-';
    double value, unit = 0.1;

    i += minus;
    if (!clock(text, &i, &value))
        return false;
    /* Seconds alone are no time of any format. */
    if (!memchr(text.p + from, ':', i - from))
        return false;
    if (i < text.n && (text.p[i] == ',' || text.p[i] == '.')) {
        for (i++; i < text.n && is_digit(text.p[i]); i++, unit /= 10)
            value += (text.p[i] - '0') * unit;
    }
    if ((i < text.n && text.p[i] == ':') || value > ASR_MAX_SECONDS)
        return false;
    *seconds = minus ? -value : value;
    *at = i;
    return true;
}

/* --- plain text ------------------------------------------------------------ */

struct plain {
    struct arena *a;
    struct cue *cue;
    char *out;
    size_t n;
    size_t room_stamps, room_voices;
    bool blank, line; /* seen since the last character */
    unsigned marks;
    unsigned ruby; /* inside <rt>: the reading of what stands before it */
};

static void put(struct plain *p, const char *bytes, size_t n, uint32_t cp)
{
    if (p->ruby > 0 || transcript_nothing(cp))
        return;
    if (transcript_blank(cp)) {
        if (cp == '\n')
            p->line = true;
        p->blank = true;
        return;
    }
    if (p->n > 0 && (p->line || p->blank))
        p->out[p->n++] = p->line ? '\n' : ' ';
    p->line = p->blank = false;
    memcpy(p->out + p->n, bytes, n);
    p->n += n;
}

static void put_code(struct plain *p, uint32_t cp)
{
    char bytes[4];

    put(p, bytes, utf8_encode(cp, bytes), cp);
}

/* &amp; &#39; &#x27; ...; returns its length, 0 when it is none. Never more
 * bytes come out than went in. */
static size_t entity(struct plain *p, struct str text)
{
    static const struct {
        const char *name;
        uint32_t cp;
    } known[] = {{"&amp;", '&'},    {"&lt;", '<'},    {"&gt;", '>'},
                 {"&quot;", '"'},   {"&apos;", '\''}, {"&nbsp;", 0xa0},
                 {"&lrm;", 0x2060}, {"&rlm;", 0x2060}};
    size_t i = 2;
    uint32_t cp = 0, base = 10;

    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (str_starts(text, known[k].name)) {
            put_code(p, known[k].cp);
            return strlen(known[k].name);
        }
    }
    if (text.n < 4 || text.p[1] != '#')
        return 0;
    if (text.p[2] == 'x' || text.p[2] == 'X') {
        base = 16;
        i = 3;
    }
    for (; i < text.n && i < 10 && text.p[i] != ';'; i++) {
        char c = text.p[i];
        uint32_t digit = is_digit(c)            ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                                : 99;

        if (digit >= base)
            return 0;
        cp = cp * base + digit;
    }
    if (i >= text.n || text.p[i] != ';' || i <= (base == 16 ? 3u : 2u))
        return 0;
    if (cp == 0 || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        cp = 0xfffd;
    put_code(p, cp);
    return i + 1;
}

static void *grown(struct arena *a, void *old, size_t n, size_t *room,
                   size_t size)
{
    void *p = old;

    if (n == *room) {
        *room = n ? 2 * n : 8;
        p = arena_array(a, *room, size);
        if (n > 0)
            memcpy(p, old, n * size);
    }
    return p;
}

static void stamp(struct plain *p, double time)
{
    struct cue *c = p->cue;

    c->stamps =
        grown(p->a, c->stamps, c->n_stamps, &p->room_stamps, sizeof *c->stamps);
    c->stamps[c->n_stamps++] = (struct cue_stamp){p->n, time, NAN};
}

static void voice(struct plain *p, struct str name)
{
    struct cue *c = p->cue;

    c->voices =
        grown(p->a, c->voices, c->n_voices, &p->room_voices, sizeof *c->voices);
    c->voices[c->n_voices++] = (struct cue_voice){p->n, draft_text(p->a, name)};
}

/* <v Name>, <v.loud Name>: what follows the first blank. */
static struct str annotation(struct str inside)
{
    size_t i = 0;

    while (i < inside.n && inside.p[i] != ' ' && inside.p[i] != '\t')
        i++;
    return (struct str){inside.p + i, inside.n - i};
}

static bool named(struct str inside, const char *name)
{
    size_t n = strlen(name);

    return inside.n >= n && memcmp(inside.p, name, n) == 0 &&
           (inside.n == n || strchr(" \t.", inside.p[n]));
}

static void act_on(struct plain *p, struct str inside)
{
    size_t at = 0;
    double time;

    if (cue_time(inside, &at, &time)) {
        if (at == inside.n)
            stamp(p, time);
    } else if (named(inside, "v")) {
        voice(p, annotation(inside));
    } else if (str_is(inside, "/v")) {
        voice(p, STR(""));
    } else if (named(inside, "rt")) {
        p->ruby = 1;
    } else if (str_is(inside, "/rt") || str_is(inside, "/ruby")) {
        p->ruby = 0;
    } else if (named(inside, "u")) {
        if (p->marks++ == 0)
            p->cue->marked = p->n + (p->n > 0 && (p->blank || p->line));
    }
}

/* "i", "/font", "c.yellow", "v Name", "br/" begin tags; "http://..." does not. */
static bool is_tag_name(struct str inside)
{
    size_t i = inside.n > 0 && inside.p[0] == '/', from = i;

    while (i < inside.n &&
           (is_digit(inside.p[i]) ||
            ((inside.p[i] | 32) >= 'a' && (inside.p[i] | 32) <= 'z')))
        i++;
    return i > from && (i == inside.n || strchr(" \t\n./", inside.p[i]));
}

/* A tag at the head of text; returns its length, 0 when it is none. */
static size_t tag(struct plain *p, struct str text)
{
    enum { LONGEST = 512 };
    size_t i = 1;
    char c = text.n > 1 ? text.p[1] : ' ';
    const char *end;

    if (!(c == '/' || is_digit(c) || (c >= 'a' && c <= 'z') ||
          (c >= 'A' && c <= 'Z')))
        return 0;
    end = memchr(text.p, '>', text.n < LONGEST ? text.n : LONGEST);
    if (!end)
        return 0;
    i = (size_t)(end - text.p);
    if (memchr(text.p + 1, '<', i - 1))
        return 0;
    if (is_digit(c)) { /* a time or nothing: "<3 and >2" is text */
        size_t at = 1;
        double time;

        if (!cue_time(text, &at, &time) || at != i)
            return 0;
    } else if (!is_tag_name((struct str){text.p + 1, i - 1})) {
        return 0;
    }
    act_on(p, (struct str){text.p + 1, i - 1});
    return i + 1;
}

/* {\an8}, {\pos(1,2)}: positions and styles of SubStation Alpha that subtitle
 * editors leave behind; returns the length, 0 when it is none. */
static size_t override(struct str text)
{
    enum { LONGEST = 256 };
    const char *end;

    if (text.n < 3 || text.p[1] != '\\')
        return 0;
    end = memchr(text.p, '}', text.n < LONGEST ? text.n : LONGEST);
    return end ? (size_t)(end - text.p) + 1 : 0;
}

void cue_plain(struct arena *a, struct str raw, struct cue *cue)
{
    /* A time or an entity makes the text shorter, never longer. */
    struct plain p = {.a = a, .cue = cue, .out = arena_bytes(a, raw.n + 4)};

    cue->marked = SIZE_MAX;
    for (size_t i = 0; i < raw.n;) {
        struct str rest = {raw.p + i, raw.n - i};
        uint32_t cp = 0;
        size_t n = 0;

        if (rest.p[0] == '<')
            n = tag(&p, rest);
        else if (rest.p[0] == '&')
            n = entity(&p, rest);
        else if (rest.p[0] == '{')
            n = override(rest);
        if (n == 0) {
            n = utf8_decode(rest.p, rest.n, &cp);
            n = n ? n : 1;
            put(&p, rest.p, n, cp);
        }
        i += n;
    }
    if (p.marks != 1)
        cue->marked = SIZE_MAX;
    p.out[p.n] = '\0';
    cue->text = (struct str){p.out, p.n};
}
