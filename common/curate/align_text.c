/*
 * One text of a record: its quotes are looked for, repaired, and looked for
 * again until nothing changes, so that a second run has nothing to do.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "align_int.h"

enum { ROUNDS = 16 };

/* Steps for the search of one text; see align_quotes(). */
static const uint64_t text_work = (uint64_t)1 << 26;

struct align_note *align_note(struct align_text *t, enum align_kind kind,
                              struct str quote, const char *fmt, ...)
{
    struct align_note *note = arena_alloc(t->a, sizeof *note);
    char message[400];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    note->kind = kind;
    note->attribute = t->attribute;
    note->quote = quote;
    note->message = str_of(arena_strdup(t->a, message));
    *t->notes_end = note;
    t->notes_end = &note->next;
    return note;
}

/* How many bytes come before the first 8 that are not all ASCII. */
static size_t ascii_span(struct str s)
{
    size_t i = 0;
    uint64_t some;

    for (; s.n - i >= sizeof some; i += sizeof some) {
        memcpy(&some, s.p + i, sizeof some);
        if (some & UINT64_C(0x8080808080808080))
            break;
    }
    return i;
}

/* Whether there can be a quote at all: most texts of a record have none, and
 * need no look at their words. */
static bool may_quote(struct str s)
{
    const char *end = s.p + s.n;

    if (s.n == 0)
        return false;
    if (memchr(s.p, '"', s.n) || memchr(s.p, '`', s.n))
        return true;
    for (const char *p = s.p; (p = memchr(p, '\'', (size_t)(end - p))); p++) {
        /* An apostrophe stands behind a letter. */
        if (p == s.p || (unsigned char)p[-1] <= '/')
            return true;
    }
    for (size_t i = ascii_span(s); i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == 0xc2 || c >= 0xe2)
            return true;
    }
    return false;
}

static void find_quotes(struct align_text *t, struct str text)
{
    struct align_quote *found;

    t->text = text_analyse_parts(t->rules, t->a, text, t->attribute, 0);
    t->said = arena_array(t->a, t->text->n_quotes, sizeof *t->said);
    found = arena_array(t->a, t->text->n_quotes, sizeof *found);
    t->n_said = 0;
    for (size_t i = 0; i < t->text->n_quotes; i++) {
        const struct text_quote *q = &t->text->quotes[i];
        struct align_said *s = &t->said[t->n_said];

        if (!q->spoken)
            continue;
        s->quote = q;
        s->words = span_of(text, q->words);
        s->speaker = span_of(text, q->speaker);
        s->found = &found[t->n_said++];
        s->found->words = s->words;
    }
    align_anchors(t);
    align_quotes(t->speech, t->o, found, t->n_said);
}

/* --- repairs -------------------------------------------------------------------- */

struct repairs {
    struct align_edit *edits;
    size_t n;
    size_t cursor; /* among the claims */
};

/* A note of an earlier round about the same quote tells the whole way. */
static struct align_note *earlier(struct align_text *t, enum align_kind kind,
                                  struct str now)
{
    size_t seen = 0;

    for (struct align_note *n = t->notes; n && seen++ < NOTES_AHEAD;
         n = n->next)
        if (n->kind == kind && n->repaired && str_eq(n->now, now))
            return n;
    return NULL;
}

static void renamed(struct align_text *t, struct str was, struct str now)
{
    size_t seen = 0;

    for (struct align_note *n = t->notes; n && seen++ < NOTES_AHEAD;
         n = n->next)
        if (str_eq(n->quote, was))
            n->quote = now;
}

static void note_misquoted(struct align_text *t, const struct align_said *s,
                           struct str now, bool repaired)
{
    struct align_note *note;

    note = align_note(t, NOTE_MISQUOTED, repaired ? now : s->words,
                      "\"" STR_FMT "\" is in the transcript as \"" STR_FMT
                      "\" (similarity %.2f)",
                      STR_ARG(align_short(s->words)), STR_ARG(align_short(now)),
                      s->found->match.similarity);
    note->was = s->words;
    note->now = now;
    note->repaired = repaired;
    note->similarity = s->found->match.similarity;
}

static void repair_quote(struct align_text *t, struct align_said *s,
                         struct repairs *r)
{
    struct str now =
        align_wording(t->a, t->speech->t, &s->found->match, t->text, s->quote);
    struct str all = span_of(t->text->text, s->quote->all), with;
    struct align_note *before = earlier(t, NOTE_MISQUOTED, s->words);
    struct align_edit edit;

    if (now.n == 0 || str_eq(now, s->words))
        return;
    r->edits[r->n++] = (struct align_edit){s->quote->words, now};
    edit = (struct align_edit){
        {s->quote->words.at - s->quote->all.at, s->quote->words.n}, now};
    with = align_apply(t->a, all, &edit, 1);
    claims_requote(t, all, with, &r->cursor);
    renamed(t, s->words, now);
    if (before)
        before->now = before->quote = now;
    else
        note_misquoted(t, s, now, true);
    s->words = now;
}

static struct str seconds(struct align_text *t, double from, double to)
{
    const char *text;

    if (isinf(to))
        text = arena_printf(t->a, "after %.1fs", from);
    else if (to - from < 0.05)
        text = arena_printf(t->a, "at %.1fs", from);
    else
        text = arena_printf(t->a, "from %.1fs to %.1fs", from, to);
    return str_of(text);
}

/* " said" for the finding: where it is, where the text has it, why it
 * stays. */
static struct align_note *note_misplaced(struct align_text *t,
                                         const struct align_said *s,
                                         const char *kept)
{
    const struct align_quote *f = s->found;
    double latest = f->latest;

    if (s->anchor >= 0)
        latest = t->text->anchors[s->anchor].end;
    return align_note(t, NOTE_MISPLACED, s->words,
                      "\"" STR_FMT "\" is spoken " STR_FMT ", not " STR_FMT
                      "%s%s",
                      STR_ARG(align_short(s->words)),
                      STR_ARG(seconds(t, f->match.start, f->match.end)),
                      STR_ARG(seconds(t, f->earliest, latest)),
                      kept ? "; " : "", kept ? kept : "");
}

static void repair_anchor(struct align_text *t, const struct align_move *m,
                          struct repairs *r)
{
    const struct text_anchor *anchor = &t->text->anchors[m->anchor];
    struct str was = span_of(t->text->text, anchor->at);
    struct str now = align_anchor_now(t, m);
    struct align_note *before = earlier(t, NOTE_MISPLACED, was), *note;

    if (str_eq(now, was))
        return;
    r->edits[r->n++] = (struct align_edit){anchor->at, now};
    if (before && str_eq(before->quote, t->said[m->said].words)) {
        before->now = now;
        return;
    }
    note = note_misplaced(t, &t->said[m->said], NULL);
    note->was = was;
    note->now = now;
    note->repaired = true;
}

static void repair_unsupported(struct align_text *t, size_t said,
                               struct repairs *r)
{
    const struct align_said *s = &t->said[said];
    struct align_note *note;

    if (!align_removal(t, said, &r->edits[r->n]))
        return;
    r->n++;
    claims_remove(t, span_of(t->text->text, s->quote->all));
    note = align_note(t, NOTE_UNSUPPORTED, (struct str){"", 0},
                      "\"" STR_FMT "\" is not in the transcript and was "
                      "removed",
                      STR_ARG(align_short(s->words)));
    note->was = s->words;
    note->repaired = true;
}

static bool is_unsupported(const struct align_said *s)
{
    return !s->found->match.found && !s->found->match.left;
}

static bool repair(struct align_text *t, const struct align_move *moves,
                   size_t n_moves)
{
    struct repairs r = {
        arena_array(t->a, t->n_said * 2 + n_moves, sizeof *r.edits), 0, 0};
    struct str text;

    claims_retime(t, moves, n_moves);
    for (size_t i = 0, m = 0; i < t->n_said; i++) {
        struct align_said *s = &t->said[i];

        if (s->found->match.found && !s->found->match.equal)
            repair_quote(t, s, &r);
        else if (is_unsupported(s) && t->o->unsupported == ALIGN_REMOVE)
            repair_unsupported(t, i, &r);
        if (m < n_moves && moves[m].said == i) {
            if (!moves[m].kept)
                repair_anchor(t, &moves[m], &r);
            m++;
        }
    }
    if (r.n == 0)
        return false;
    text = align_apply(t->a, t->text->text, r.edits, r.n);
    if (str_eq(text, t->text->text))
        return false;
    json_set(t->a, t->holder, t->key, json_new_str(t->a, text));
    if (t->attribute != ATTRIBUTE_NONE) {
        struct json *verdict = json_get(t->holder, "verdict");

        /* It was about another text. */
        if (verdict)
            json_unlink(verdict);
    }
    return true;
}

/* --- what remains ------------------------------------------------------------------- */

static void note_rest(struct align_text *t, const struct align_move *moves,
                      size_t n_moves)
{
    size_t m = 0, left = 0;

    for (size_t i = 0; i < t->n_said; i++) {
        struct align_said *s = &t->said[i];
        const struct align_match *match = &s->found->match;
        const char *kept = NULL;

        left += match->left;
        if (is_unsupported(s)) {
            struct str language = t->speech->t->language;

            (void)align_note(
                t, NOTE_UNSUPPORTED, s->words,
                "\"" STR_FMT "\" is not in the transcript%s" STR_FMT "%s",
                STR_ARG(align_short(s->words)),
                language.n > 0 ? " (language " : "",
                STR_ARG(align_short(language)), language.n > 0 ? ")" : "");
        }
        if (match->found && !match->equal && t->o->report_only)
            note_misquoted(
                t, s,
                align_wording(t->a, t->speech->t, match, t->text, s->quote),
                false);
        if (m < n_moves && moves[m].said == i)
            kept = moves[m++].kept;
        else if (s->misplaced)
            kept = "no anchor of its own says so";
        if (s->misplaced)
            (void)note_misplaced(t, s, kept);
    }
    if (left > 0)
        (void)align_note(t, NOTE_LEFT, (struct str){"", 0},
                         "%zu quotes were not looked for: the transcript is "
                         "too long for so many",
                         left);
}

void align_text(struct align_text *t)
{
    struct align_move *moves;
    size_t n_moves;

    t->notes = NULL;
    t->notes_end = &t->notes;
    t->speech->work = text_work;
    for (size_t round = 0;; round++) {
        struct str text = text_at(t->holder, t->key);

        t->n_said = 0;
        if (!may_quote(text))
            return;
        find_quotes(t, text);
        moves = arena_array(t->a, t->n_said, sizeof *moves);
        n_moves = align_moves(t, moves);
        if (t->o->report_only || round == ROUNDS || !repair(t, moves, n_moves))
            break;
    }
    note_rest(t, moves, n_moves);
}
