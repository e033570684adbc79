/*
 * Where sentences end.
 *
 * A mark ends a sentence unless what stands before it (an abbreviation, an
 * initial, a list number) or behind it (a small letter, no blank) says
 * otherwise. Marks inside a quote end nothing; its closing mark does when the
 * last thing inside was such a mark and a new sentence begins behind it.
 */
#include "text_int.h"

enum { ATTRIBUTION = 8 /* tokens in which "the man shouts" must follow */ };

/* Words that begin a sentence more often than they follow an abbreviation. */
static bool is_starter(const struct scan *s, size_t i)
{
    const struct tok *k = &s->toks[i];

    return i < s->n_toks && k->kind == TOK_WORD && k->shape & SHAPE_CAPITAL &&
           k->lex &&
           k->lex->flags & (LEX_DET | LEX_PRON_SUBJECT | LEX_PRON | LEX_PREP |
                            LEX_CONJ | LEX_SUBORD | LEX_CONNECT | LEX_SUMMARY);
}

/* A new sentence could begin with this token. */
static bool may_start(const struct scan *s, size_t i)
{
    for (; i < s->n_toks; i++) {
        const struct tok *k = &s->toks[i];

        switch ((enum tok_kind)k->kind) {
        case TOK_WORD:
            return (k->shape &
                    (SHAPE_CAPITAL | SHAPE_CASELESS | SHAPE_DIGITS)) != 0;
        case TOK_BREAK:
        case TOK_OTHER:
        case TOK_STOP:
            return true;
        case TOK_OPEN:
        case TOK_QUOTE:
        case TOK_DASH:
            break;
        case TOK_COMMA:
        case TOK_SEMICOLON:
        case TOK_COLON:
        case TOK_CLOSE:
            return false;
        }
    }
    return true;
}

static bool is_single_capital(const struct scan *s, size_t i)
{
    return s->toks[i].kind == TOK_WORD && s->toks[i].n == 1 &&
           s->toks[i].shape & SHAPE_CAPITAL;
}

/* "J. K. Rowling", "John F. Kennedy", not "vitamin C. The". */
static bool is_initial(const struct scan *s, size_t first, size_t i)
{
    const struct tok *before = i > first ? &s->toks[i - 1] : NULL;

    if (!is_single_capital(s, i) || tok_is(s, i, "i") || is_starter(s, i + 2))
        return false;
    if (!before || before->kind == TOK_STOP)
        return true;
    return before->kind == TOK_WORD && before->shape & SHAPE_CAPITAL;
}

/* The word at i, followed by a full stop, is short for something. */
static bool is_abbreviated(const struct scan *s, size_t first, size_t i)
{
    const struct tok *k = &s->toks[i];
    uint64_t flags = k->lex ? k->lex->flags : 0;
    bool digits = tok_has(s, i + 2, 0) ||
                  (i + 2 < s->n_toks && s->toks[i + 2].shape & SHAPE_DIGITS);

    if (flags & LEX_TITLE)
        return flags & LEX_ABBREV;
    if (tok_is(s, i, "no"))
        return digits;
    if (is_initial(s, first, i))
        return true;
    if (!(flags & LEX_ABBREV) && !memchr(s->t->text.p + k->at, '.', k->n))
        return false;
    if (k->shape & SHAPE_DIGITS)
        return false;
    return !is_starter(s, i + 2) && may_start(s, i + 2) && i + 2 < s->n_toks &&
           s->toks[i + 2].kind == TOK_WORD;
}

/* A full stop with no blank behind it: "example.com", "v1.2", "room.The". */
static bool ends_without_blank(const struct scan *s, size_t i)
{
    const struct tok *before = &s->toks[i - 1], *next = &s->toks[i + 1];

    if (next->shape & SHAPE_CJK && before->shape & SHAPE_CJK)
        return true;
    return is_starter(s, i + 1) && before->kind == TOK_WORD && before->n > 1 &&
           !(before->shape & SHAPE_CAPITAL);
}

/* "pauses. then": a small letter behind the stop of a long word. */
static bool ends_before_small(const struct scan *s, size_t i)
{
    const struct tok *before = &s->toks[i - 1];
    uint64_t flags = before->lex ? before->lex->flags : 0;

    return before->kind == TOK_WORD && before->n >= 4 &&
           !(before->shape & (SHAPE_CAPITAL | SHAPE_DIGITS)) &&
           !(flags & LEX_ABBREV);
}

/* Behind the brackets that close right after a mark: "(He walks.)". */
static size_t behind_closing(const struct scan *s, size_t i)
{
    while (i < s->n_toks && s->toks[i].kind == TOK_CLOSE &&
           s->toks[i].shape & SHAPE_GLUED)
        i++;
    return i;
}

static bool full_stop_ends(const struct scan *s, size_t first, size_t i)
{
    const struct tok *before = i > first ? &s->toks[i - 1] : NULL;
    size_t behind = behind_closing(s, i + 1);
    const struct tok *next = i + 1 < s->n_toks ? &s->toks[i + 1] : NULL;

    if (!before)
        return false;
    if (!next)
        return true;
    if (next->kind == TOK_WORD && next->shape & SHAPE_GLUED)
        return ends_without_blank(s, i);
    /* "1. A man": the number of a list. */
    if (before->shape & SHAPE_DIGITS && i == first + 1)
        return false;
    if (before->kind == TOK_WORD && is_abbreviated(s, first, i - 1))
        return false;
    if (may_start(s, behind))
        return true;
    return next->kind == TOK_WORD && ends_before_small(s, i);
}

static bool stop_ends(const struct scan *s, size_t first, size_t i)
{
    const struct tok *k = &s->toks[i];

    if (k->cp >= 0x80 && k->cp != 0x2026)
        return true;
    if (k->cp == '.' && !(k->shape & SHAPE_ELLIPSIS))
        return full_stop_ends(s, first, i);
    return may_start(s, behind_closing(s, i + 1));
}

/* "…!" the man shouts: what follows says who said it. */
static bool is_attribution(const struct scan *s, size_t i)
{
    for (size_t k = i; k < s->n_toks && k < i + ATTRIBUTION; k++) {
        const struct tok *w = &s->toks[k];

        if (w->kind != TOK_WORD || w->quoted)
            return false;
        if (w->lex && w->lex->flags & LEX_SAY &&
            w->lex->flags & (LEX_V_S | LEX_V_PAST))
            return true;
    }
    return false;
}

/* He says, "…": somebody said it already. */
static bool is_attributed(const struct scan *s, size_t first, size_t open)
{
    if (open <= first)
        return false;
    if (s->toks[open - 1].kind == TOK_COMMA ||
        s->toks[open - 1].kind == TOK_COLON)
        return true;
    return s->toks[open - 1].lex && s->toks[open - 1].lex->flags & LEX_SAY;
}

static bool quote_ends(const struct scan *s, size_t first, struct range q)
{
    size_t next = q.end;

    if (q.end - q.first < 2 || s->toks[q.end - 2].kind != TOK_STOP)
        return false;
    if (next >= s->n_toks)
        return true;
    if (s->toks[next].kind == TOK_STOP || !may_start(s, next))
        return false;
    return is_attributed(s, first, q.first) || !is_attribution(s, next);
}

/* A single line break: the end of a line of a list, or only of a line. */
static bool break_ends(const struct scan *s, size_t i)
{
    const struct tok *before = &s->toks[i - 1], *next = &s->toks[i + 1];

    if (s->toks[i].shape & SHAPE_BLANK || i == 0 || i + 1 >= s->n_toks)
        return true;
    if (next->kind == TOK_OTHER || next->kind == TOK_DASH)
        return true;
    if (before->kind == TOK_COMMA || before->kind == TOK_DASH ||
        before->kind == TOK_OPEN)
        return false;
    if (before->lex &&
        before->lex->flags & (LEX_DET | LEX_PREP | LEX_CONJ | LEX_AUX))
        return false;
    return may_start(s, i + 1);
}

static void add_sentence(struct scan *s, size_t first, size_t end)
{
    struct text *t = s->t;

    while (first < end && s->toks[first].kind == TOK_BREAK)
        first++;
    while (end > first && s->toks[end - 1].kind == TOK_BREAK)
        end--;
    if (first == end)
        return;
    t->sentences = scan_grow(s, t->sentences, t->n_sentences,
                             &s->sentences_room, sizeof *t->sentences);
    s->sentences = scan_grow(s, s->sentences, t->n_sentences,
                             &s->sentence_ranges_room, sizeof *s->sentences);
    s->sentences[t->n_sentences] =
        (struct range){(uint32_t)first, (uint32_t)end};
    t->sentences[t->n_sentences++] = (struct span){
        s->toks[first].at, tok_end(&s->toks[end - 1]) - s->toks[first].at};
}

/* The end of the sentence of first, and where the next one may begin. */
static size_t sentence_end(const struct scan *s, size_t first)
{
    for (size_t i = first; i < s->n_toks; i++) {
        const struct tok *k = &s->toks[i];

        if (k->quote) {
            struct range q = s->quotes[k->quote - 1];

            i = q.end - 1;
            if (quote_ends(s, first, q))
                return q.end;
        } else if (k->kind == TOK_BREAK) {
            if (i > first && break_ends(s, i))
                return i;
        } else if (k->kind == TOK_STOP && stop_ends(s, first, i)) {
            return behind_closing(s, i + 1);
        }
    }
    return s->n_toks;
}

void scan_sentences(struct scan *s)
{
    for (size_t i = 0; i < s->n_toks;) {
        size_t end = sentence_end(s, i);

        add_sentence(s, i, end);
        i = end;
        while (i < s->n_toks && s->toks[i].kind == TOK_BREAK)
            i++;
    }
}
