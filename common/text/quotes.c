/*
 * Quotes: which marks belong together.
 *
 * The opening mark decides what closes it. Straight marks and apostrophes are
 * told apart by what stands beside them. A search for the end is bounded in
 * bytes and in marks, and never crosses an empty line, so that a mark that
 * nobody closes costs little and takes nothing with it.
 */
#include "text_int.h"

enum {
    QUOTE_BYTES = 2000,
    QUOTE_MARKS = 64,
    /* A text in quotation marks from end to end is a wrapped caption, not
     * something said, when it is longer than this. */
    WRAPPED = 300,
};

struct pairing {
    uint32_t open;
    uint32_t close[3]; /* 0: none */
    bool nests;
    bool weak; /* opens only where it cannot close */
};

static const struct pairing pairings[] = {
    {'"', {'"', 0x201d, 0}, false, false},
    {'\'', {'\'', 0x2019, 0}, false, false},
    {0x201c, {0x201d, 0x201c, '"'}, true, false},
    {0x201d, {0x201d, 0, 0}, false, true},
    {0x201e, {0x201c, 0x201d, '"'}, false, false},
    {0x201f, {0x201d, 0, 0}, false, false},
    {0x2018, {0x2019, '\'', 0}, false, false},
    {0x2019, {0x2019, 0, 0}, false, true},
    {0x201a, {0x2018, 0x2019, 0}, false, false},
    {0x00ab, {0x00bb, 0, 0}, true, false},
    {0x00bb, {0x00ab, 0x00bb, 0}, false, true},
    {0x2039, {0x203a, 0, 0}, true, false},
    {0x203a, {0x2039, 0x203a, 0}, false, true},
    {0x300c, {0x300d, 0, 0}, true, false},
    {0x300e, {0x300f, 0, 0}, true, false},
    {0x301d, {0x301e, 0x301f, 0}, false, false},
    {0xff02, {0xff02, 0, 0}, false, false},
    {0xff07, {0xff07, 0, 0}, false, false},
    {0xff62, {0xff63, 0, 0}, true, false},
};

static const struct pairing *pairing_of(uint32_t cp)
{
    for (size_t i = 0; i < sizeof pairings / sizeof *pairings; i++)
        if (pairings[i].open == cp)
            return &pairings[i];
    return NULL;
}

static bool is_apostrophe(uint32_t cp)
{
    return cp == '\'' || cp == 0x2019 || cp == 0xff07;
}

/* "'em", "'90s": an apostrophe at the beginning of a word. */
static bool is_elision(const struct scan *s, size_t i)
{
    const struct tok *next = &s->toks[i + 1];
    struct str w;

    if (!is_apostrophe(s->toks[i].cp) || i + 1 >= s->n_toks ||
        next->kind != TOK_WORD)
        return false;
    if (next->lex && next->lex->flags & LEX_ELISION)
        return true;
    w = tok_text(s, i + 1);
    return next->shape & SHAPE_DIGITS && w.p[w.n - 1] == 's';
}

static const struct pairing *opener(const struct scan *s, size_t i)
{
    const struct tok *k = &s->toks[i];
    const struct pairing *p = pairing_of(k->cp);
    bool straight = k->cp == '"' || is_apostrophe(k->cp) || k->cp == 0xff02;

    if (!p || i + 1 >= s->n_toks)
        return NULL;
    if ((straight || p->weak) && !(k->side & QUOTE_CAN_OPEN))
        return NULL;
    if (p->weak && k->side & QUOTE_CAN_CLOSE)
        return NULL;
    return is_elision(s, i) ? NULL : p;
}

static bool closes(const struct pairing *p, uint32_t cp)
{
    return cp && (cp == p->close[0] || cp == p->close[1] || cp == p->close[2]);
}

/* A single mark that can only be the end: after a mark of punctuation, or with
 * something other than a word behind it. */
static bool surely_closes(const struct scan *s, size_t i)
{
    const struct tok *before = &s->toks[i - 1];

    if (before->kind == TOK_STOP || before->kind == TOK_COMMA)
        return true;
    return i + 1 >= s->n_toks || s->toks[i + 1].kind != TOK_WORD;
}

/* "the dogs' bowls": the mark may be a genitive. */
static bool may_be_genitive(const struct scan *s, size_t i)
{
    const struct tok *before = &s->toks[i - 1];
    struct str w = tok_text(s, i - 1);

    return before->kind == TOK_WORD && w.p[w.n - 1] == 's' &&
           !surely_closes(s, i);
}

struct search {
    const struct pairing *p;
    size_t open;  /* the token */
    size_t blank; /* the next empty line */
    size_t depth;
    size_t ambiguous; /* a mark that may be a genitive, or 0 */
};

/* Look at one mark: 1 it is the end, -1 there is none, 0 go on. */
static int consider(const struct scan *s, struct search *x, size_t i)
{
    const struct tok *k = &s->toks[i];
    bool single = is_apostrophe(k->cp);
    bool close = closes(x->p, k->cp);

    if (i > x->blank || k->at - s->toks[x->open].at > QUOTE_BYTES)
        return -1;
    if (x->p->nests && k->cp == x->p->open &&
        !(k->side == QUOTE_CAN_CLOSE && close)) {
        x->depth++;
        return 0;
    }
    if (!close)
        return 0;
    if (single || k->cp == '"' || k->cp == 0xff02) {
        if (!(k->side & QUOTE_CAN_CLOSE))
            /* Another one opens: this one was never closed. An apostrophe
             * inside a quote ('em) is no reason to give up. */
            return k->cp == x->p->open && !single ? -1 : 0;
        if (single && may_be_genitive(s, i)) {
            x->ambiguous = x->ambiguous ? x->ambiguous : i;
            return 0;
        }
    }
    if (x->depth > 0) {
        x->depth--;
        return 0;
    }
    return 1;
}

/* The token that closes the quote opened by mark m, or 0. */
static size_t find_end(const struct scan *s, struct search *x, size_t m)
{
    size_t last = m + QUOTE_MARKS;

    x->open = s->marks[m];
    x->depth = x->ambiguous = 0;
    for (size_t i = m + 1; i < s->n_marks && i < last; i++) {
        size_t at = s->marks[i];
        int found = consider(s, x, at);

        if (found < 0)
            break;
        /* Between a genitive and a new opening mark the quote has ended. */
        if (x->ambiguous && at > x->ambiguous && s->toks[at].cp == x->p->open &&
            s->toks[at].side == QUOTE_CAN_OPEN)
            break;
        if (found)
            return at;
    }
    return x->ambiguous;
}

static bool is_blank_byte(const char *p, size_t n, size_t *used)
{
    *used = 1;
    if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
        return true;
    *used = 2;
    if (n >= 2 && memcmp(p, "\xc2\xa0", 2) == 0)
        return true;
    *used = 3;
    return n >= 3 && memcmp(p, "\xe2\x80\xaf", 3) == 0;
}

/* Without blanks at the ends, no-break ones (French) included. */
static struct span trim(struct str text, struct span s)
{
    size_t used;

    while (s.n && is_blank_byte(text.p + s.at, s.n, &used)) {
        s.at += used;
        s.n -= used;
    }
    while (s.n) {
        const char *end = text.p + s.at + s.n;
        size_t n = 0;

        for (size_t k = 1; k <= 3 && k <= s.n && !n; k++)
            if (is_blank_byte(end - k, k, &used) && used == k)
                n = k;
        if (!n)
            break;
        s.n -= n;
    }
    return s;
}

static bool is_wrapping(const struct scan *s, size_t open, size_t close)
{
    return open == 0 && close + 1 == s->n_toks &&
           s->toks[close].at - s->toks[open].at > WRAPPED;
}

static bool add_quote(struct scan *s, size_t open, size_t close)
{
    struct tok *from = &s->toks[open], *to = &s->toks[close];
    struct text *t = s->t;
    struct text_quote q = {0};

    q.all = (struct span){from->at, tok_end(to) - from->at};
    q.words = (struct span){tok_end(from), to->at - tok_end(from)};
    q.words = trim(t->text, q.words);
    if (q.words.n == 0 || is_wrapping(s, open, close))
        return false;
    t->quotes = scan_grow(s, t->quotes, t->n_quotes, &s->quotes_room, sizeof q);
    s->quotes = scan_grow(s, s->quotes, t->n_quotes, &s->quote_ranges_room,
                          sizeof *s->quotes);
    s->quotes[t->n_quotes] =
        (struct range){(uint32_t)open, (uint32_t)close + 1};
    t->quotes[t->n_quotes++] = q;
    for (size_t i = open; i <= close; i++) {
        s->toks[i].quoted = true;
        s->toks[i].quote = (uint32_t)t->n_quotes;
    }
    return true;
}

static size_t next_blank(const struct scan *s, size_t i)
{
    while (i < s->n_toks &&
           !(s->toks[i].kind == TOK_BREAK && s->toks[i].shape & SHAPE_BLANK))
        i++;
    return i;
}

void scan_quotes(struct scan *s)
{
    struct search x = {0};

    if (s->n_marks)
        x.blank = next_blank(s, 0);
    for (size_t m = 0; m < s->n_marks; m++) {
        size_t open = s->marks[m], close = 0;

        if (s->toks[open].quoted)
            continue;
        if (open > x.blank)
            x.blank = next_blank(s, open);
        x.p = opener(s, open);
        if (x.p)
            close = find_end(s, &x, m);
        if (!close || !add_quote(s, open, close))
            s->toks[open].kind = TOK_OTHER;
    }
}
