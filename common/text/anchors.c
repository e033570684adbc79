/*
 * Time anchors: which times are places in the video.
 *
 * A time with a unit (or on a clock) is an anchor by what stands around it: a
 * preposition of place in time before it, brackets, a mark ("the 12-second
 * mark"), or the head of a sentence. Everything else that looks like a time is
 * a duration, a score, a time of day or a record.
 */
#include <math.h>

#include "anchors_int.h"

/* What was found before a time. */
enum lead {
    LEAD_NONE,
    LEAD_POINT, /* at, @ */
    LEAD_LOOSE, /* by, near, before, after, until: not with "12 seconds" */
    LEAD_RANGE, /* from, between, during */
};

struct found {
    size_t first, end; /* tokens */
    double start, stop;
    enum time_style style;
    enum lead lead;
    bool range, vague, mark, bracket;
    bool labelled; /* "second 12" */
};

static bool is_other(const struct scan *s, size_t i, uint32_t cp)
{
    return i < s->n_toks && s->toks[i].kind == TOK_OTHER && s->toks[i].cp == cp;
}

/* The first token of the sentence, or one behind a line break. */
static bool at_head(const struct scan *s, size_t i)
{
    while (i > 0 && s->toks[i - 1].kind == TOK_OTHER &&
           (s->toks[i - 1].cp == '*' || s->toks[i - 1].cp == 0x2022))
        i--;
    if (i > 0 && s->toks[i - 1].kind == TOK_DASH &&
        (i == 1 || s->toks[i - 2].kind == TOK_BREAK))
        i--;
    return i == 0 || s->toks[i - 1].kind == TOK_BREAK ||
           s->toks[i - 1].kind == TOK_STOP ||
           (s->toks[i - 1].quoted && s->toks[i - 1].kind == TOK_QUOTE) ||
           s->toks[i - 1].kind == TOK_COLON;
}

/* The head of a clause: of the sentence, or behind a comma, with nothing but
 * "and", "then" between. */
static bool at_clause_head(const struct scan *s, size_t i)
{
    while (i > 0 && tok_has(s, i - 1, LEX_CONJ | LEX_CONNECT) &&
           !s->toks[i - 1].quoted)
        i--;
    if (at_head(s, i))
        return true;
    i--;
    return s->toks[i].kind == TOK_COMMA || s->toks[i].kind == TOK_SEMICOLON ||
           s->toks[i].kind == TOK_DASH || s->toks[i].kind == TOK_OPEN;
}

/* --- what stands before a time -------------------------------------------- */

static void skip_vague(const struct scan *s, struct found *f)
{
    while (f->first > 0 && ((s->toks[f->first - 1].lex &&
                             s->toks[f->first - 1].lex->flags & LEX_VAGUE &&
                             !s->toks[f->first - 1].quoted) ||
                            is_other(s, f->first - 1, '~') ||
                            is_other(s, f->first - 1, 0x2248))) {
        f->first--;
        f->vague = true;
    }
}

/* "the", "timestamp", "time", "the time of", "second": between preposition and
 * number. */
static void skip_label(const struct scan *s, struct found *f)
{
    size_t i = f->first;

    /* Chinese "the 12th second". */
    if (i > 0 && tok_role(s, i - 1, ROLE_ORDINAL_SIGN) &&
        f->style == TIME_COMPACT) {
        f->first = i - 1;
        f->mark = true;
        return;
    }
    if (i > 0 && is_other(s, i - 1, '='))
        i--;
    if (i > 0 && tok_role(s, i - 1, ROLE_OF))
        i--;
    if (i > 0 && tok_role(s, i - 1, ROLE_TIMESTAMP))
        f->first = i - 1;
    else if (i > 0 && tok_role(s, i - 1, ROLE_SECOND_WORD) &&
             f->style == TIME_BARE) {
        f->first = i - 1;
        f->labelled = true;
        f->style = TIME_COMPACT;
    }
    if (f->first > 0 && tok_role(s, f->first - 1, ROLE_THE) &&
        (f->mark || f->first != i))
        f->first--;
}

static enum lead lead_of(const struct scan *s, size_t i)
{
    if (s->toks[i].quoted)
        return LEAD_NONE;
    if (tok_role(s, i, ROLE_AT) || is_other(s, i, '@'))
        return LEAD_POINT;
    if (tok_role(s, i, ROLE_RANGE))
        return LEAD_RANGE;
    if (tok_role(s, i, ROLE_LOOSE))
        return LEAD_LOOSE;
    return LEAD_NONE;
}

static void take_lead(const struct scan *s, struct found *f)
{
    enum lead lead = LEAD_NONE;

    skip_vague(s, f);
    skip_label(s, f);
    skip_vague(s, f);
    if (f->first > 0)
        lead = lead_of(s, f->first - 1);
    if (lead == LEAD_NONE && f->labelled && f->first > 0 &&
        tok_role(s, f->first - 1, ROLE_IN))
        lead = LEAD_POINT;
    if (lead == LEAD_NONE)
        return;
    f->first--;
    f->lead = lead;
    if (lead == LEAD_POINT && f->first > 0 &&
        tok_role(s, f->first - 1, ROLE_STARTING))
        f->first--;
    if (f->first > 0 && tok_role(s, f->first - 1, ROLE_STARTING) &&
        lead == LEAD_RANGE)
        f->first--;
}

/* --- what stands behind --------------------------------------------------- */

static bool is_connector(const struct scan *s, size_t *i, enum lead lead)
{
    if (*i >= s->n_toks || s->toks[*i].quoted)
        return false;
    if (s->toks[*i].kind == TOK_DASH || is_other(s, *i, '~') ||
        is_other(s, *i, 0x2192)) {
        ++*i;
        if (*i < s->n_toks && s->toks[*i].kind == TOK_CLOSE &&
            s->toks[*i].cp == '>')
            ++*i; /* "-->" */
        return true;
    }
    if (tok_role(s, *i, ROLE_RANGE_TO) ||
        (lead == LEAD_RANGE && tok_role(s, *i, ROLE_AND))) {
        ++*i;
        return true;
    }
    return false;
}

/* The second time of a range, if there is one that goes with the first. */
static bool take_range(const struct scan *s, struct found *f)
{
    bool open = f->lead == LEAD_RANGE || f->labelled;
    size_t i = f->end;
    struct time_at t;

    if (!is_connector(s, &i, f->lead) || i >= s->n_toks)
        return false;
    if (tok_role(s, i, ROLE_THE))
        i++;
    t = time_read(s, i);
    if (t.style == TIME_NONE ||
        (t.style == TIME_CLOCK) != (f->style == TIME_CLOCK) ||
        (t.hyphen && !tok_has(s, t.end, LEX_MARK)))
        return false;
    if (t.style == TIME_BARE && (!open || f->style == TIME_BARE))
        return false;
    if (t.style != TIME_BARE && f->style == TIME_BARE) {
        /* "from 1 to 2 minutes": the unit is that of the second. */
        if (tok_role(s, t.end - 1, ROLE_MINUTE))
            f->start *= 60;
        f->style = t.style;
    }
    f->stop = t.seconds;
    f->range = true;
    f->end = t.end + (tok_role(s, t.end, ROLE_MARK) ? 1 : 0);
    return true;
}

/* "mark", "in", "into the video", "onwards". */
static void take_tail(const struct scan *s, struct found *f)
{
    size_t i = f->end;

    /* Chinese "at the time of" behind the seconds. */
    while (f->style == TIME_COMPACT && i > 0 &&
           s->toks[i - 1].shape & SHAPE_CJK && tok_role(s, i, ROLE_WHEN_AFTER))
        f->end = ++i;
    if (tok_has(s, i, LEX_MARK) && !s->toks[i].quoted) {
        f->mark = true;
        f->end = i + 1;
    } else if (tok_role(s, i, ROLE_INTO) && !f->range &&
               f->style != TIME_CLOCK) {
        size_t k = i + 1;

        while (k < i + 3 && tok_role(s, k, ROLE_THE_TO))
            k++;
        if (tok_role(s, k, ROLE_FOOTAGE) &&
            (k > i + 1 || tok_is(s, i, "into"))) {
            f->mark = true;
            f->end = k + 1;
        } else if (k == i + 1 && tok_role(s, i, ROLE_IN) &&
                   (k >= s->n_toks || s->toks[k].kind == TOK_COMMA ||
                    s->toks[k].kind == TOK_STOP)) {
            f->mark = true;
            f->end = k;
        }
    } else if (f->lead == LEAD_RANGE && !f->range &&
               tok_role(s, i, ROLE_ONWARD)) {
        f->mark = true;
        f->end = i + 1;
    }
}

static bool is_time_of_day(const struct scan *s, const struct found *f)
{
    if (tok_role(s, f->end, ROLE_OF_DAY))
        return true;
    if (tok_role(s, f->end, ROLE_IN) && tok_role(s, f->end + 1, ROLE_THE) &&
        tok_role(s, f->end + 2, ROLE_PART_OF_DAY))
        return true;
    if (tok_is(s, f->end, "at") && tok_role(s, f->end + 1, ROLE_NIGHT))
        return true;
    for (size_t n = 1; n <= 2 && n <= f->first; n++)
        if (tok_has(s, f->first - n, LEX_CLOCK))
            return true;
    return false;
}

static bool is_duration(const struct scan *s, const struct found *f)
{
    if (f->first > 0 && tok_has(s, f->first - 1, LEX_DURATION))
        return true;
    /* Chinese "within", "after", "for 12 seconds". */
    if (tok_role(s, f->end, ROLE_LASTS_AFTER))
        return true;
    return f->style != TIME_CLOCK && tok_has(s, f->end, LEX_NOT_AFTER) &&
           !f->mark;
}

/* --- is it one? ----------------------------------------------------------- */

static bool is_bracketed(const struct scan *s, const struct found *f)
{
    return f->first > 0 && f->end < s->n_toks &&
           s->toks[f->first - 1].kind == TOK_OPEN &&
           s->toks[f->end].kind == TOK_CLOSE;
}

/* "12s: …", "0:12 - …" and "0:12 A man" at the head of a sentence. */
static bool is_heading(const struct scan *s, const struct found *f)
{
    const struct tok *next = f->end < s->n_toks ? &s->toks[f->end] : NULL;

    if (!at_head(s, f->first) || !next)
        return false;
    return next->kind == TOK_COLON || next->kind == TOK_COMMA ||
           next->kind == TOK_DASH ||
           (f->style == TIME_CLOCK && next->shape & SHAPE_CAPITAL);
}

static bool is_anchor(const struct scan *s, const struct found *f)
{
    bool exact = f->style == TIME_COMPACT || f->style == TIME_CLOCK;

    if (f->style == TIME_NONE || f->style == TIME_BARE)
        return false;
    if (f->style == TIME_CLOCK && is_time_of_day(s, f))
        return false;
    if (f->mark)
        return !is_duration(s, f) || f->lead != LEAD_NONE;
    if (is_duration(s, f))
        return false;
    if (f->bracket)
        return exact || f->lead != LEAD_NONE;
    switch (f->lead) {
    case LEAD_POINT:
        return true;
    case LEAD_RANGE:
        return f->range || exact || at_clause_head(s, f->first);
    case LEAD_LOOSE: /* "wins by 3s" is none */
        return exact &&
               (f->first == 0 || !tok_role(s, f->first - 1, ROLE_MARGIN));
    case LEAD_NONE:
        break;
    }
    if (f->labelled && f->range)
        return true;
    if (f->vague && exact && at_clause_head(s, f->first))
        return true;
    if (f->range && exact &&
        (at_clause_head(s, f->first) || f->end >= s->n_toks ||
         s->toks[f->end].kind == TOK_STOP))
        return true;
    return exact && is_heading(s, f);
}

/* "$12", "#3", "-5", "x2": no time begins here. */
static bool is_spoilt(const struct scan *s, size_t i)
{
    const struct tok *before;

    if (i == 0 || !(s->toks[i].shape & SHAPE_GLUED))
        return false;
    before = &s->toks[i - 1];
    if (before->kind == TOK_OTHER)
        return before->cp != '~' && before->cp != '=' && before->cp != '@' &&
               before->cp != 0x2248 && before->cp != '*';
    return before->kind == TOK_WORD && !(before->shape & SHAPE_CJK);
}

static void try_bracket(const struct scan *s, struct found *f)
{
    if (!is_bracketed(s, f))
        return;
    f->bracket = true;
}

static void add_anchor(struct scan *s, const struct found *f)
{
    struct text *t = s->t;
    struct text_anchor a = {0};
    size_t first = f->first - (f->bracket ? 1 : 0);
    size_t end = f->end + (f->bracket ? 1 : 0);

    a.at.at = s->toks[first].at;
    a.at.n = tok_end(&s->toks[end - 1]) - a.at.at;
    a.start = f->start;
    a.end = f->range ? f->stop : f->start;
    a.range = f->range;
    a.reversed = a.end < a.start;
    if (a.reversed) {
        a.start = f->stop;
        a.end = f->start;
    }
    a.vague = f->vague;
    a.leads =
        at_clause_head(s, first) && (at_head(s, first) || end >= s->n_toks ||
                                     s->toks[end].kind != TOK_STOP);
    t->anchors =
        scan_grow(s, t->anchors, t->n_anchors, &s->anchors_room, sizeof a);
    s->anchors = scan_grow(s, s->anchors, t->n_anchors, &s->anchor_ranges_room,
                           sizeof *s->anchors);
    s->anchors[t->n_anchors] = (struct range){(uint32_t)first, (uint32_t)end};
    t->anchors[t->n_anchors++] = a;
    for (size_t i = first; i < end; i++)
        s->toks[i].anchor = (uint32_t)t->n_anchors;
}

/* "At 3s, 5s and 7s": further times in a list with the last anchor. */
static bool is_listed(const struct scan *s, size_t i, const struct time_at *t)
{
    size_t k = i;

    if (t->style != TIME_COMPACT && t->style != TIME_CLOCK)
        return false;
    if (k > 0 && tok_role(s, k - 1, ROLE_AND_OR))
        k--;
    if (k > 0 && s->toks[k - 1].kind == TOK_COMMA)
        k--;
    return k < i && k > 0 && s->toks[k - 1].anchor != 0 &&
           s->toks[i].kind == TOK_WORD;
}

/* "between the 5-second and 9-second marks": the mark is that of the second. */
static bool shares_mark(const struct scan *s, size_t i)
{
    struct time_at t;

    if (!is_connector(s, &i, LEAD_RANGE))
        return false;
    t = time_read(s, i);
    return t.hyphen && tok_role(s, t.end, ROLE_MARK);
}

/* Try the time that begins at token i; the token to go on with. */
static size_t try_time(struct scan *s, size_t i)
{
    struct time_at t = time_read(s, i);
    struct found f = {
        .first = i, .end = t.end, .start = t.seconds, .style = t.style};

    if (t.style == TIME_NONE || is_spoilt(s, i))
        return i + 1;
    f.mark = t.hyphen && (tok_has(s, t.end, LEX_MARK) || shares_mark(s, t.end));
    if (t.hyphen && !f.mark)
        return t.end;
    take_lead(s, &f);
    if (t.hyphen)
        take_tail(s, &f);
    take_range(s, &f);
    if (!t.hyphen)
        take_tail(s, &f);
    try_bracket(s, &f);
    if (s->toks[f.first].anchor) /* it would overlap the one before */
        return f.end;
    if (!is_anchor(s, &f)) {
        if (!is_listed(s, i, &t))
            return i + 1;
        f = (struct found){
            .first = i, .end = t.end, .start = t.seconds, .style = t.style};
    }
    add_anchor(s, &f);
    return f.end + (f.bracket ? 1 : 0);
}

/* --- ranges over the whole clip ------------------------------------------- */

static uint32_t sentence_of(const struct scan *s, size_t tok, uint32_t from)
{
    while (from + 1 < s->t->n_sentences && s->sentences[from].end <= tok)
        from++;
    return from;
}

/* A range looks back when its sentence says so, or when it begins before the
 * latest time so far and takes in all of them. */
static void find_whole(struct scan *s)
{
    double least = NAN, latest = NAN, most = NAN;
    uint32_t sentence = 0;
    bool sums_up = false;

    for (size_t i = 0; i < s->t->n_anchors; i++) {
        struct text_anchor *a = &s->t->anchors[i];

        a->sentence = sentence_of(s, s->anchors[i].first, sentence);
        if (i == 0 || a->sentence != sentence)
            sums_up = range_has(s, s->sentences[a->sentence], LEX_SUMMARY);
        sentence = a->sentence;
        a->whole = a->range &&
                   (sums_up ||
                    (a->start <= least && a->start < latest && a->end >= most));
        if (a->whole)
            continue;
        least = isnan(least) || a->start < least ? a->start : least;
        latest = isnan(latest) || a->start > latest ? a->start : latest;
        most = isnan(most) || a->end > most ? a->end : most;
    }
}

void scan_anchors(struct scan *s)
{
    for (size_t i = 0; i < s->n_toks;) {
        const struct tok *k = &s->toks[i];

        if (k->kind != TOK_WORD || k->quoted ||
            !(k->shape & SHAPE_DIGITS || k->numeric))
            i++;
        else
            i = try_time(s, i);
    }
    find_whole(s);
}
