/*
 * Words of the transcript as they go into a text.
 *
 * Spelling, case and inner punctuation are the transcript's. The quotation
 * marks are the text's, and so is the comma that its sentence needs; a mark
 * that ends a sentence is the transcript's where both have one.
 */
#include <string.h>

#include "align_int.h"

#include "asid/base/utf8.h"

enum { WORDING_MAX = 64 * 1024 * 1024 };

/* --- characters ------------------------------------------------------------- */

static bool is_blank(uint32_t cp)
{
    return cp <= ' ' || cp == 0x7f || cp == 0xa0 || cp == 0x3000;
}

static bool is_mark(uint32_t cp) /* a quotation mark of any script */
{
    return cp == '"' || cp == '\'' || cp == '`' || cp == 0xab || cp == 0xbb ||
           (cp >= 0x2018 && cp <= 0x201f) || cp == 0x2039 || cp == 0x203a ||
           (cp >= 0x300a && cp <= 0x300f) || cp == 0xff02;
}

/* Ends a sentence. */
static bool is_stop(uint32_t cp)
{
    return cp == '.' || cp == '!' || cp == '?' || cp == 0x2026 ||
           cp == 0x3002 || cp == 0xff01 || cp == 0xff1f;
}

/* Punctuation that may stand before or behind words without being of them. */
static bool is_loose(uint32_t cp)
{
    return is_blank(cp) || is_mark(cp) || is_stop(cp) || cp == ',' ||
           cp == ';' || cp == ':' || cp == '-' || cp == '>' || cp == '*' ||
           cp == '/' || cp == '_' || cp == '~' || cp == '|' ||
           (cp >= 0x2010 && cp <= 0x2015) || cp == 0x3001 || cp == 0xff0c ||
           cp == 0xff1a || cp == 0xff1b || cp == 0x266a || cp == 0x266b;
}

static bool is_cjk(uint32_t cp)
{
    return (cp >= 0x3040 && cp <= 0x30ff) || (cp >= 0x3400 && cp <= 0x9fff) ||
           (cp >= 0xf900 && cp <= 0xfaff) || (cp >= 0x20000 && cp <= 0x3ffff) ||
           (cp >= 0x3000 && cp <= 0x3020) || (cp >= 0xff01 && cp <= 0xff1f);
}

/* The character that ends at n; *cp and its length. */
static unsigned last_of(struct str s, uint32_t *cp)
{
    for (unsigned back = 1; back <= 4 && back <= s.n; back++)
        if (utf8_decode(s.p + s.n - back, back, cp) == back)
            return back;
    *cp = 0xfffd;
    return s.n > 0;
}

static unsigned first_of(struct str s, uint32_t *cp)
{
    unsigned used = s.n > 0 ? utf8_decode(s.p, s.n, cp) : 0;

    if (used == 0)
        *cp = 0xfffd;
    return used ? used : s.n > 0;
}

/* The loose characters at the end. */
static struct str tail_of(struct str s)
{
    struct str rest = s;

    while (rest.n > 0) {
        uint32_t cp = 0;
        unsigned used = last_of(rest, &cp);

        if (!is_loose(cp))
            break;
        rest.n -= used;
    }
    return (struct str){s.p + rest.n, s.n - rest.n};
}

static struct str head_of(struct str s)
{
    size_t n = 0;

    while (n < s.n) {
        uint32_t cp = 0;
        unsigned used = first_of((struct str){s.p + n, s.n - n}, &cp);

        if (!is_loose(cp))
            break;
        n += used;
    }
    return (struct str){s.p, n};
}

static struct str stripped(struct str s)
{
    struct str head = head_of(s), tail;

    s = (struct str){s.p + head.n, s.n - head.n};
    tail = tail_of(s);
    s.n -= tail.n;
    return s;
}

/* Only the marks that end a sentence. */
static struct str stops_of(struct str tail)
{
    size_t from = 0, n = 0;

    for (size_t i = 0; i < tail.n;) {
        uint32_t cp = 0;
        unsigned used = first_of((struct str){tail.p + i, tail.n - i}, &cp);

        if (is_stop(cp)) {
            from = n == 0 ? i : from;
            n = i + used - from;
        } else if (n > 0) {
            break;
        }
        i += used;
    }
    return (struct str){tail.p + from, n};
}

/* "..." or "…" and nothing else. */
static bool ellipsis_only(struct str s)
{
    size_t dots = 0;

    for (size_t i = 0; i < s.n;) {
        uint32_t cp = 0;

        i += first_of((struct str){s.p + i, s.n - i}, &cp);
        dots += cp == 0x2026 ? 2 : cp == '.';
        if (cp != '.' && cp != 0x2026)
            return false;
    }
    return dots > 1;
}

/* --- words of the transcript -------------------------------------------------- */

/* A blank goes between two words unless one side is written without. */
static void join(struct buf *b, struct str word)
{
    uint32_t left = 0, right = 0;

    if (word.n == 0)
        return;
    if (b->n > 0) {
        (void)last_of(buf_view(b), &left);
        (void)first_of(word, &right);
        if (!is_blank(left) && !is_blank(right) && !is_cjk(left) &&
            !is_cjk(right))
            buf_char(b, ' ');
    }
    buf_str(b, word);
}

/* Words first..end of a segment as its text has them, blanks and all; n 0 when
 * they are not there in this order. */
static struct str slice(const struct transcript *t,
                        const struct transcript_segment *s, size_t first,
                        size_t end)
{
    const char *at = s->text.p, *stop = at + s->text.n, *from = at;

    for (size_t i = s->first_word; i < end; i++) {
        struct str w = t->words[i].text;
        const char *found;

        if (w.n == 0)
            continue;
        found = str_find((struct str){at, (size_t)(stop - at)}, w);
        if (!found)
            return (struct str){"", 0};
        if (i == first)
            from = found;
        at = found + w.n;
    }
    return (struct str){from, (size_t)(at - from)};
}

static void add_words(struct buf *b, const struct transcript *t, size_t first,
                      size_t n)
{
    size_t end = first + n;

    while (first < end) {
        const struct transcript_segment *s =
            &t->segments[t->words[first].segment];
        size_t last = s->first_word + s->n_words;
        struct str text;

        last = last < end ? last : end;
        text = slice(t, s, first, last);
        if (text.n > 0)
            join(b, text);
        else
            for (size_t i = first; i < last; i++)
                join(b, t->words[i].text);
        first = last;
    }
}

/* Length of a note in brackets at p, or 0: the same as is left out when the
 * transcript is searched. */
static size_t note_at(const char *p, size_t n)
{
    char close = p[0] == '[' ? ']' : p[0] == '(' ? ')' : 0;
    const char *end = close ? memchr(p, close, n < 80 ? n : 80) : NULL;

    if (!end || ellipsis_only((struct str){p + 1, (size_t)(end - p) - 1}))
        return 0;
    return (size_t)(end - p) + 1;
}

/* One line, single blanks, without notes. */
static void clean(struct buf *to, struct str from)
{
    bool blank = false;

    for (size_t i = 0; i < from.n;) {
        uint32_t cp = 0;
        struct str rest = {from.p + i, from.n - i};
        unsigned used = first_of(rest, &cp);
        size_t note = note_at(rest.p, rest.n);

        if (note > 0 || is_blank(cp) || cp == 0x266a || cp == 0x266b) {
            blank = true;
            i += note > 0 ? note : used;
            continue;
        }
        if (blank && to->n > 0)
            buf_char(to, ' ');
        blank = false;
        buf_add(to, rest.p, used);
        i += used;
    }
}

static struct str kept(struct arena *a, struct buf *b)
{
    struct str s = {arena_strndup(a, b->p ? b->p : "", b->n), b->n};

    buf_release(b);
    return s;
}

/* All parts, an ellipsis of the quote between them. */
struct str align_transcript(struct arena *a, const struct transcript *t,
                            const struct align_match *m, struct str quote)
{
    struct buf raw, b;

    buf_init(&raw, WORDING_MAX);
    buf_init(&b, WORDING_MAX);
    for (size_t i = 0; i < m->n_parts; i++) {
        const struct align_part *p = &m->parts[i];
        struct str ellipsis = span_of(quote, p->cut);

        if (ellipsis.n > 0) {
            size_t at = p->cut.at;

            if (at > 0 && quote.p[at - 1] == ' ')
                buf_char(&raw, ' ');
            buf_str(&raw, ellipsis);
            if (at + ellipsis.n < quote.n && quote.p[at + ellipsis.n] == ' ')
                buf_char(&raw, ' ');
        }
        if (ellipsis.n > 0 || m->n_parts > 1) {
            struct buf part;

            buf_init(&part, WORDING_MAX);
            add_words(&part, t, p->first_word, p->n_words);
            if (ellipsis.n > 0)
                buf_str(&raw, stripped(buf_view(&part)));
            else
                join(&raw, i + 1 < m->n_parts && m->parts[i + 1].cut.n > 0
                               ? stripped(buf_view(&part))
                               : buf_view(&part));
            buf_release(&part);
        } else {
            add_words(&raw, t, p->first_word, p->n_words);
        }
    }
    clean(&b, buf_view(&raw));
    buf_release(&raw);
    return kept(a, &b);
}

/* --- into a text -------------------------------------------------------------- */

static bool is_letter(uint32_t cp)
{
    return (cp | 0x20) - 'a' < 26u || (cp >= '0' && cp <= '9') ||
           (cp >= 0xc0 && !is_loose(cp) && !is_mark(cp));
}

/* A quotation mark inside a quote with the same marks would end it: it becomes
 * one of the other kind. An apostrophe at the edge of a word becomes U+2019. */
static void add_mark(struct buf *b, uint32_t cp, uint32_t open, bool inner)
{
    bool single = open == '\'' || open == 0x2018 || open == 0x201a ||
                  open == 0x201b || open == '`' || open == 0x2039;
    char bytes[4];

    if (open >= 0x300a && open <= 0x300f) {
        if (cp == 0x300c || cp == 0x300d)
            cp += 2;
    } else if (single) {
        if ((cp == '\'' || cp == 0x2018 || cp == '`') && !inner)
            cp = 0x2019;
    } else if (cp == '"') {
        cp = '\'';
    } else if (cp == 0x201c || cp == 0x201e || cp == 0xab) {
        cp = 0x2018;
    } else if (cp == 0x201d || cp == 0xbb) {
        cp = 0x2019;
    }
    buf_add(b, bytes, utf8_encode(cp, bytes));
}

static void add_quoted(struct buf *b, struct str words, uint32_t open)
{
    uint32_t before = ' ';

    for (size_t i = 0; i < words.n;) {
        uint32_t cp = 0, after = ' ';
        unsigned used = first_of((struct str){words.p + i, words.n - i}, &cp);

        if (is_mark(cp)) {
            (void)first_of((struct str){words.p + i + used, words.n - i - used},
                           &after);
            add_mark(b, cp, open, is_letter(before) && is_letter(after));
        } else {
            buf_add(b, words.p + i, used);
        }
        before = cp;
        i += used;
    }
}

/* Quotation marks of the words, apostrophes not counted. */
static size_t marks_in(struct str words)
{
    uint32_t before = ' ';
    size_t n = 0;

    for (size_t i = 0; i < words.n;) {
        uint32_t cp = 0;

        i += first_of((struct str){words.p + i, words.n - i}, &cp);
        n += is_mark(cp) && cp != '\'' && (cp != 0x2019 || !is_letter(before));
        before = cp;
    }
    return n;
}

/* The words without what is loose around them; the other mark of an inner quote
 * stays. */
static struct str core_of(struct str spoken)
{
    struct str words = stripped(spoken);
    struct str head = head_of(spoken), tail = tail_of(spoken);
    uint32_t cp = 0;

    if (marks_in(words) % 2 == 0)
        return words;
    if (tail.n > 0 && words.n > 0) {
        for (size_t i = 0; i < tail.n;) {
            i += first_of((struct str){tail.p + i, tail.n - i}, &cp);
            if (is_mark(cp))
                return (struct str){words.p, words.n + i};
        }
    }
    if (head.n > 0) {
        unsigned used = last_of(head, &cp);

        if (is_mark(cp))
            return (struct str){words.p - used, words.n + used};
    }
    return words;
}

/* What the text has behind its words: marks that end a sentence are the
 * transcript's if it has some, unless the text breaks off ("Wait..."). */
static void add_tail(struct buf *b, struct str tail, struct str spoken_tail)
{
    struct str mine = stops_of(tail), stops = stops_of(spoken_tail);

    if (mine.n > 0 && stops.n > 0 && !ellipsis_only(mine)) {
        buf_str(b, stops);
        return;
    }
    for (size_t i = 0; i < tail.n;) {
        uint32_t cp = 0;
        unsigned used = first_of((struct str){tail.p + i, tail.n - i}, &cp);

        if (!is_mark(cp) && !is_blank(cp))
            buf_add(b, tail.p + i, used);
        i += used;
    }
}

struct str align_wording(struct arena *a, const struct transcript *t,
                         const struct align_match *m, const struct text *text,
                         const struct text_quote *q)
{
    struct str quote = span_of(text->text, q->words);
    struct str spoken = align_transcript(a, t, m, quote);
    struct str head = head_of(quote);
    uint32_t open = '"';
    struct buf b;

    (void)first_of(span_of(text->text, q->all), &open);
    buf_init(&b, WORDING_MAX);
    if (ellipsis_only(stops_of(head))) /* "...and then" */
        buf_str(&b, head);
    add_quoted(&b, core_of(spoken), open);
    add_tail(&b, tail_of(quote), tail_of(spoken));
    return kept(a, &b);
}

struct str align_short(struct str text)
{
    enum { MOST = 80 };
    size_t n = text.n < MOST ? text.n : MOST;

    while (n < text.n && n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--;
    return (struct str){text.p, n};
}
