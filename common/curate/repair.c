/* Repairing a text: sentences are rebuilt only where a claim of theirs is. */
#include "asid/curate/repair.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "asid/text/similar.h"

struct work {
    const struct text_rules *rules;
    struct arena *a;
    const struct text *t;
    struct repair *repairs;
    size_t n;
    const struct repair **of; /* [claims] the repair of a claim, or NULL */
    struct buf out;
    double now; /* seconds that the text written so far has come to; NAN */
};

/* --- which claims ----------------------------------------------------------*/

static void match_claims(struct work *w)
{
    struct arena *a = w->a;
    struct str *wanted = arena_array(a, w->n, sizeof *wanted);

    w->of = arena_array(a, w->t->n_claims, sizeof *w->of);
    for (size_t i = 0; i < w->n; i++)
        wanted[i] = similar_fold(w->rules, a, w->repairs[i].was);
    for (size_t c = 0; c < w->t->n_claims; c++) {
        struct str said = similar_fold(
            w->rules, a, text_claim_sentence(a, w->t, &w->t->claims[c]));

        for (size_t i = 0; i < w->n && !w->of[c]; i++) {
            if (w->repairs[i].kind == REPAIR_ADD || !wanted[i].n ||
                !str_eq(said, wanted[i]))
                continue;
            w->of[c] = &w->repairs[i];
            w->repairs[i].done = true;
        }
    }
}

/* --- words -----------------------------------------------------------------*/

static bool ends_sentence(struct str s)
{
    return s.n &&
           (strchr(".!?\"')", s.p[s.n - 1]) ||
            (s.n >= 3 && (memcmp(s.p + s.n - 3, "\xe2\x80\x9d", 3) == 0 ||
                          memcmp(s.p + s.n - 3, "\xe3\x80\x82", 3) == 0)));
}

/* Words that begin a sentence with a capital for no other reason. */
static bool begins_plainly(struct str s)
{
    static const char *const words[] = {
        "A",        "An",     "The",   "There", "This",   "That",    "These",
        "Those",    "He",     "She",   "It",    "They",   "We",      "His",
        "Her",      "Its",    "Their", "One",   "Two",    "Three",   "Four",
        "Several",  "Some",   "Many",  "Both",  "No",     "Another", "Someone",
        "Somebody", "People", "In",    "On",    "Behind", "Nothing", "Each",
        "Every",    "Its",    "Soft",  "Music",
    };
    size_t n = 0;

    while (n < s.n && ((s.p[n] >= 'a' && s.p[n] <= 'z') ||
                       (s.p[n] >= 'A' && s.p[n] <= 'Z')))
        n++;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is((struct str){s.p, n}, words[i]))
            return true;
    return false;
}

/* Write a sentence: behind an anchor with a small letter where that is only the
 * sentence's own, else with a capital; with a full stop. */
static void add_sentence(struct work *w, struct str anchor, struct str words)
{
    struct buf *b = &w->out;

    words = str_trim(words);
    while (words.n && strchr(",;:", words.p[words.n - 1]))
        words.n--;
    if (words.n == 0)
        return;
    if (b->n && b->p[b->n - 1] != ' ' && b->p[b->n - 1] != '\n')
        buf_char(b, ' ');
    buf_str(b, anchor);
    if (anchor.n)
        buf_text(b, ", ");
    if (anchor.n && begins_plainly(words))
        buf_char(b, (char)(words.p[0] | 0x20));
    else if (!anchor.n && words.p[0] >= 'a' && words.p[0] <= 'z')
        buf_char(b, (char)(words.p[0] - 0x20));
    else
        buf_char(b, words.p[0]);
    buf_add(b, words.p + 1, words.n - 1);
    if (!ends_sentence(words))
        buf_char(b, '.');
}

/* The anchor in front of a claim, as it is written. */
static struct str anchor_of(const struct work *w, size_t claim)
{
    ptrdiff_t i = w->t->claims[claim].anchor;

    if (i < 0 || !w->t->anchors[i].leads)
        return STR("");
    return span_of(w->t->text, w->t->anchors[i].at);
}

/* --- one sentence ----------------------------------------------------------*/

struct claims {
    size_t first, end;
};

static struct claims claims_of(const struct text *t, size_t sentence,
                               size_t from)
{
    struct claims c;

    while (from < t->n_claims && t->claims[from].sentence < sentence)
        from++;
    c.first = from;
    while (from < t->n_claims && t->claims[from].sentence == sentence)
        from++;
    c.end = from;
    return c;
}

static bool is_touched(const struct work *w, struct claims c)
{
    for (size_t i = c.first; i < c.end; i++)
        if (w->of[i])
            return true;
    return false;
}

/* Claims that stay next to each other keep what joins them. */
static void add_run(struct work *w, struct claims all, size_t first, size_t end)
{
    const struct text *t = w->t;
    const struct text_claim *f = &t->claims[first], *l = &t->claims[end - 1];
    struct str rest, head = text_claim_sentence(w->a, t, f);
    size_t from = f->at.at + f->at.n, to = l->at.at + l->at.n;
    struct buf words;

    buf_init(&words, SIZE_MAX / 2);
    if (first == all.first) {
        buf_str(&words, (struct str){t->text.p + f->at.at, f->at.n});
    } else {
        while (head.n && strchr(".!?", head.p[head.n - 1]) && end - first > 1)
            head.n--;
        buf_str(&words, head);
    }
    rest = (struct str){t->text.p + from, to - from};
    buf_str(&words, rest);
    add_sentence(w, anchor_of(w, first), buf_view(&words));
    buf_release(&words);
}

/* A sentence whose claims are partly replaced or removed. An anchor in front of
 * a claim that goes is left to the next that stays. */
static void rebuild(struct work *w, struct claims c)
{
    for (size_t i = c.first; i < c.end;) {
        const struct repair *r = w->of[i];
        size_t end = i + 1;

        if (r) {
            if (r->kind == REPAIR_REPLACE)
                add_sentence(w, anchor_of(w, i), r->now);
            i++;
            continue;
        }
        while (end < c.end && !w->of[end])
            end++;
        add_run(w, c, i, end);
        i = end;
    }
}

/* --- added sentences -------------------------------------------------------*/

static bool looks_back(const struct text *t, struct claims c)
{
    return c.first < c.end && t->claims[c.first].summary;
}

/* Whether an added sentence belongs in front of a sentence with these claims. */
static bool comes_before(const struct work *w, const struct repair *r,
                         struct claims c)
{
    if (looks_back(w->t, c))
        return true;
    if (isnan(r->start) || c.first == c.end)
        return false;
    return w->t->claims[c.first].start > r->start;
}

/* A text without anchors gets none; one that is written from nothing does. */
static void add_new(struct work *w, struct repair *r)
{
    bool timeless = w->t->n_sentences > 0 && w->t->n_anchors == 0;
    struct str anchor = STR("");

    if (!timeless && !isnan(r->start) &&
        (isnan(w->now) || w->now != r->start)) {
        anchor = text_anchor_format(w->a, r->start, r->end);
        w->now = r->start;
    }
    add_sentence(w, anchor, r->now);
    r->done = true;
}

static int by_start(const void *a, const void *b)
{
    const struct repair *x = *(struct repair *const *)a;
    const struct repair *y = *(struct repair *const *)b;

    if (isnan(x->start) || isnan(y->start))
        return isnan(x->start) - isnan(y->start) != 0
                   ? isnan(x->start) - isnan(y->start)
                   : (x > y) - (x < y);
    if (x->start != y->start)
        return x->start > y->start ? 1 : -1;
    return (x > y) - (x < y);
}

/* Sentences to be added, in the order of time, those without one last. */
static struct repair **additions(struct work *w, size_t *n)
{
    struct repair **list = arena_array(w->a, w->n + 1, sizeof *list);

    *n = 0;
    for (size_t i = 0; i < w->n; i++)
        if (w->repairs[i].kind == REPAIR_ADD && w->repairs[i].now.n)
            list[(*n)++] = &w->repairs[i];
    if (*n > 1)
        qsort(list, *n, sizeof *list, by_start);
    return list;
}

/* --- the text --------------------------------------------------------------*/

/* A sentence that stays, with what stood between it and the one before, unless
 * that one was written anew. */
static void keep_sentence(struct work *w, size_t i, bool anew)
{
    const struct text *t = w->t;
    struct span s = t->sentences[i];
    size_t from = i ? t->sentences[i - 1].at + t->sentences[i - 1].n : 0;

    if (!anew && (i == 0 || w->out.n))
        buf_add(&w->out, t->text.p + from, s.at - from);
    else if (w->out.n)
        buf_char(&w->out, ' ');
    buf_add(&w->out, t->text.p + s.at, s.n);
}

static void write_text(struct work *w)
{
    const struct text *t = w->t;
    size_t n_new, next = 0, claim = 0;
    struct repair **new = additions(w, &n_new);
    bool anew = false;

    for (size_t i = 0; i < t->n_sentences; i++) {
        struct claims c = claims_of(t, i, claim);

        claim = c.end;
        for (; next < n_new && comes_before(w, new[next], c);
             next++, anew = true)
            add_new(w, new[next]);
        if (is_touched(w, c)) {
            rebuild(w, c);
            anew = true;
        } else {
            keep_sentence(w, i, anew);
            anew = false;
        }
        if (c.first < c.end && !isnan(t->claims[c.end - 1].start) &&
            !looks_back(t, c))
            w->now = t->claims[c.end - 1].start;
    }
    for (; next < n_new; next++)
        add_new(w, new[next]);
}

struct str repair_text(const struct text_rules *rules, struct arena *a,
                       struct str text, enum attribute hint,
                       struct repair *repairs, size_t n)
{
    struct work w = {.rules = rules, .a = a, .repairs = repairs, .n = n};
    struct str out = text;
    bool any = false;

    for (size_t i = 0; i < n; i++)
        repairs[i].done = false;
    w.t = text_analyse(rules, a, text, hint);
    w.now = (double)NAN;
    match_claims(&w);
    for (size_t i = 0; i < n; i++)
        any |= repairs[i].done ||
               (repairs[i].kind == REPAIR_ADD && repairs[i].now.n);
    if (!any)
        return text;
    buf_init(&w.out, SIZE_MAX / 2);
    write_text(&w);
    out = (struct str){arena_strndup(a, w.out.p ? w.out.p : "", w.out.n),
                       w.out.n};
    buf_release(&w.out);
    return out;
}
