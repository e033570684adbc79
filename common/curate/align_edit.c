/* Changes of a text, and of the claims that were made of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "align_int.h"

/* --- texts -------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const struct align_edit *x = a, *y = b;

    if (x->at.at != y->at.at)
        return x->at.at < y->at.at ? -1 : 1;
    return x->at.n > y->at.n ? -1 : x->at.n < y->at.n;
}

struct str align_apply(struct arena *a, struct str text,
                       struct align_edit *edits, size_t n)
{
    size_t most = text.n, from = 0, to = 0;
    char *p;

    if (n > 1)
        qsort(edits, n, sizeof *edits, by_place);
    for (size_t i = 0; i < n; i++)
        most += edits[i].now.n;
    p = arena_bytes(a, most + 1);
    for (size_t i = 0; i < n; i++) {
        struct span at = edits[i].at;

        if (at.at < from)
            continue;
        memcpy(p + to, text.p + from, at.at - from);
        to += at.at - from;
        if (edits[i].now.n > 0)
            memcpy(p + to, edits[i].now.p, edits[i].now.n);
        to += edits[i].now.n;
        from = at.at + at.n;
    }
    memcpy(p + to, text.p + from, text.n - from);
    to += text.n - from;
    return (struct str){p, to};
}

/* --- statements ---------------------------------------------------------------- */

/* The claim that has the quote; n_claims: none. */
static size_t claim_of(const struct text *t, const struct text_quote *q)
{
    size_t lo = 0, hi = t->n_claims;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (span_end(t->claims[mid].at) <= q->all.at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < t->n_claims && t->claims[lo].at.at <= q->all.at ? lo
                                                                : t->n_claims;
}

/* The sentence with the blanks that part it from the next one, or from the one
 * before if it is the last. */
static void whole_sentence(const struct text *t, uint32_t sentence,
                           struct align_edit *edit)
{
    struct str s = t->text;
    size_t from = t->sentences[sentence].at;
    size_t to = span_end(t->sentences[sentence]);

    while (to < s.n && (unsigned char)s.p[to] <= ' ')
        to++;
    if (to == s.n)
        while (from > 0 && (unsigned char)s.p[from - 1] <= ' ')
            from--;
    *edit = (struct align_edit){{from, to - from}, {"", 0}};
}

static bool has_stop(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '.' || s.p[i] == '!' || s.p[i] == '?' ||
            (unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

/* A statement behind another: from the end of that one. */
static void later_claim(const struct text *t, size_t c, struct align_edit *edit)
{
    size_t from = span_end(t->claims[c - 1].at), to = span_end(t->claims[c].at);
    size_t end = span_end(t->sentences[t->claims[c].sentence]);
    bool last = c + 1 == t->n_claims ||
                t->claims[c + 1].sentence != t->claims[c].sentence;
    struct str rest = {t->text.p + to, end > to ? end - to : 0};

    *edit = (struct align_edit){{from, to - from}, {"", 0}};
    if (last && !has_stop(rest)) {
        edit->at.n = end - from;
        edit->now = STR(".");
    }
}

/* The first statement: the next one gets its subject and its capital. */
static void first_claim(const struct align_text *w, size_t c,
                        struct align_edit *edit)
{
    const struct text *t = w->text;
    size_t from = t->claims[c].at.at, to = t->claims[c + 1].at.at;
    struct str subject = span_of(t->text, t->claims[c + 1].subject);
    char first = t->text.p[from], *p;
    size_t n = 0;

    p = arena_bytes(w->a, subject.n + 2);
    if (subject.n > 0) {
        memcpy(p, subject.p, subject.n);
        p[subject.n] = ' ';
        n = subject.n + 1;
    } else {
        p[n++] = t->text.p[to++];
    }
    if (first >= 'A' && first <= 'Z' && p[0] >= 'a' && p[0] <= 'z')
        p[0] = (char)(p[0] & ~0x20);
    *edit = (struct align_edit){{from, to - from}, {p, n}};
}

bool align_removal(const struct align_text *w, size_t said,
                   struct align_edit *edit)
{
    const struct text *t = w->text;
    const struct text_quote *q = w->said[said].quote;
    size_t c = claim_of(t, q), other = t->n_claims;
    uint32_t sentence = q->sentence;

    /* Another quote of the sentence that goes first this time. */
    for (size_t i = said; i-- > 0 && w->said[i].quote->sentence == sentence;)
        if (!w->said[i].found->match.found)
            return false;
    if (c < t->n_claims) {
        if (c > 0 && t->claims[c - 1].sentence == sentence)
            other = c - 1;
        else if (c + 1 < t->n_claims && t->claims[c + 1].sentence == sentence)
            other = c + 1;
    }
    if (other == t->n_claims)
        whole_sentence(t, sentence, edit);
    else if (other < c)
        later_claim(t, c, edit);
    else
        first_claim(w, c, edit);
    return true;
}

/* --- claims of the record ------------------------------------------------------- */

enum { LOOK_AHEAD = 1024 }; /* claims looked at for one quote */

/* A verdict about other words says nothing about these. */
static void forget_verdict(const struct json *of)
{
    static const char *const keys[] = {"p", "verdict", "evidence"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct json *v = json_get(of, keys[i]);

        if (v)
            json_unlink(v);
    }
}

void claims_requote(struct align_text *t, struct str was, struct str now,
                    size_t *cursor)
{
    size_t i = 0;

    json_each(claim, json_get(t->holder, "claims")) {
        struct str text = text_at(claim, "text");
        const char *at;
        struct align_edit edit;

        if (i++ < *cursor)
            continue;
        if (i > *cursor + LOOK_AHEAD)
            return;
        at = str_find(text, was);
        if (!at)
            continue;
        edit = (struct align_edit){{(size_t)(at - text.p), was.n}, now};
        json_set(t->a, claim, "text",
                 json_new_str(t->a, align_apply(t->a, text, &edit, 1)));
        forget_verdict(claim);
        *cursor = i - 1;
        return;
    }
}

void claims_remove(struct align_text *t, struct str quote)
{
    size_t seen = 0;

    json_each(claim, json_get(t->holder, "claims")) {
        if (seen++ == LOOK_AHEAD)
            return;
        if (str_find(text_at(claim, "text"), quote)) {
            json_unlink(claim);
            return;
        }
    }
}

ptrdiff_t claims_find(const struct json *holder, struct str quote)
{
    ptrdiff_t i = 0;

    json_each(claim, json_get(holder, "claims")) {
        if (i == LOOK_AHEAD)
            break;
        if (str_find(text_at(claim, "text"), quote))
            return i;
        i++;
    }
    return -1;
}

static void set_time(struct align_text *t, struct json *claim, const char *key,
                     double value)
{
    json_set_f64(t->a, claim, key, value);
}

/* The claim of the record that a statement of the text became: the same
 * sentence, or one with its quote. */
static bool is_claim(const struct align_text *t, const struct json *claim,
                     const struct text_claim *c, double start)
{
    struct str text = text_at(claim, "text");
    double was;

    if (!json_f64(json_get(claim, "start"), &was) || fabs(was - start) > 1e-6)
        return false;
    if (c->quote >= 0 &&
        str_find(text, span_of(t->text->text, t->text->quotes[c->quote].all)))
        return true;
    return str_eq(text, text_claim_sentence(t->a, t->text, c));
}

static void retime_one(struct align_text *t, const struct text_claim *c,
                       const struct align_move *m, struct json **from)
{
    double was = t->text->anchors[m->anchor].start;
    size_t seen = 0;

    for (struct json *v = *from; v && seen < 64; v = json_next(v), seen++) {
        if (!is_claim(t, v, c, was))
            continue;
        set_time(t, v, "start", m->start);
        set_time(t, v, "end", m->end);
        *from = json_next(v);
        return;
    }
}

/* Statements take their time from the anchor before them, so those after a
 * moved one go with it up to the next. */
void claims_retime(struct align_text *t, const struct align_move *moves,
                   size_t n)
{
    struct json *from = json_first(json_get(t->holder, "claims"));
    ptrdiff_t anchor = -1;
    size_t m = 0;

    for (size_t i = 0; i < t->text->n_claims && from; i++) {
        const struct text_claim *c = &t->text->claims[i];

        if (c->anchor >= 0)
            anchor = c->anchor;
        while (m < n && (moves[m].kept || (ptrdiff_t)moves[m].anchor < anchor))
            m++;
        if (m < n && (ptrdiff_t)moves[m].anchor == anchor &&
            (c->anchor >= 0 || !isnan(c->start)))
            retime_one(t, c, &moves[m], &from);
    }
}
