/* The claims that a record lists for an attribute, kept in step with its text. */
#include <math.h>
#include <string.h>

#include "asid/curate/record.h"
#include "time_int.h"

enum {
    AHEAD = 16,         /* listed claims looked at for one of the text */
    PAIRS_MAX = 1 << 20 /* looks at claims that stand in no text */
};

static struct json *list_of(const struct time_text *t)
{
    return t->key == ATTRIBUTE_NONE ? NULL : json_get(t->holder, "claims");
}

static struct str text_of(const struct json *claim)
{
    const char *text = json_text(json_get(claim, "text"));

    return text ? str_of(text) : (struct str){"", 0};
}

/* A listed claim may have got a subject, a capital and a full stop: what it
 * shares with the text is all but the first letter. */
static bool is_listed_as(struct str claim, struct str listed)
{
    while (claim.n > 1 && strchr(".,;: ", claim.p[claim.n - 1]))
        claim.n--;
    return claim.n > 1 &&
           str_find(listed, (struct str){claim.p + 1, claim.n - 1}) != NULL;
}

static void find_listed(struct arena *a, struct time_text *t)
{
    const struct text *text = t->text;
    struct json *list = list_of(t), *at = json_first(list);
    ptrdiff_t index = 0;

    t->listed = arena_array(a, text->n_claims + 1, sizeof *t->listed);
    for (size_t j = 0; j < text->n_claims; j++) {
        struct str claim = span_of(text->text, text->claims[j].at);
        struct json *v = at;
        ptrdiff_t k = index;

        t->listed[j] = list ? -1 : (ptrdiff_t)j;
        for (; v && k < index + AHEAD; v = json_next(v), k++) {
            if (!is_listed_as(claim, text_of(v)))
                continue;
            t->listed[j] = k;
            at = json_next(v);
            index = k + 1;
            break;
        }
    }
}

ptrdiff_t time_claim_of(struct arena *a, struct time_text *t,
                        const struct time_mark *m)
{
    const struct text *text = t->text;
    ptrdiff_t claim = m->claim;
    size_t low = 0, high = text->n_claims;

    if (t->key == ATTRIBUTE_NONE)
        return -1;
    /* A mark that is not a claim's own: the claim it stands in or before. */
    while (claim < 0 && low < high) {
        size_t middle = (low + high) / 2;

        if (text->claims[middle].at.at + text->claims[middle].at.n <= m->at.at)
            low = middle + 1;
        else
            high = middle;
    }
    if (claim < 0)
        claim = low < text->n_claims ? (ptrdiff_t)low : -1;
    if (claim < 0)
        return -1;
    if (!t->listed)
        find_listed(a, t);
    return t->listed[claim];
}

/* --- times -------------------------------------------------------------------- */

static bool same_time(double a, double b)
{
    return fabs(a - b) < 1e-6;
}

static void set_time(struct arena *a, struct json *claim, const char *key,
                     double seconds)
{
    json_set_f64(a, claim, key, round(seconds * 100) / 100);
}

static void move_claim(struct arena *a, struct json *claim,
                       const struct time_mark *m)
{
    double start, end;

    claim_times(claim, &start, &end);
    if (!same_time(start, m->start))
        return;
    set_time(a, claim, "start", m->now);
    if (isnan(end))
        return;
    set_time(a, claim, "end",
             same_time(end, m->end) ? m->until : end + m->now - m->start);
}

/* An anchor inside the claim's text is spelled anew there as well. */
static void respell(struct arena *a, struct json *claim,
                    const struct time_text *t, const struct time_mark *m)
{
    struct str was = span_of(t->text->text, m->at), text = text_of(claim);
    struct str now = time_spell(a, t, m);
    const char *at = str_find(text, was);
    size_t before;
    char *p;

    if (!at)
        return;
    before = (size_t)(at - text.p);
    p = arena_bytes(a, text.n + now.n + 1);
    memcpy(p, text.p, before);
    memcpy(p + before, now.p, now.n);
    memcpy(p + before + now.n, at + was.n, text.n - before - was.n);
    json_set(a, claim, "text",
             json_new_str(a, (struct str){p, text.n - was.n + now.n}));
}

/* The mark that gives the time of a listed claim which stands in no text: the
 * only one at that time. NULL: none, several, or it stays. */
static const struct time_mark *mark_at(const struct time_text *t, double start)
{
    const struct time_mark *found = NULL;

    for (size_t i = 0; i < t->n_marks; i++) {
        if (!same_time(t->marks[i].start, start))
            continue;
        if (!t->marks[i].moved ||
            (found && !same_time(found->now, t->marks[i].now)))
            return NULL;
        found = &t->marks[i];
    }
    return found;
}

void time_move_claims(struct arena *a, struct time_text *t)
{
    const struct text *text = t->text;
    struct json *list = list_of(t), *claim = json_first(list);
    size_t n = json_count(list), looks = 0;

    if (!list || json_type(list) != JSON_ARRAY)
        return;
    if (!t->listed)
        find_listed(a, t);
    for (size_t k = 0, j = 0; k < n && claim; k++, claim = json_next(claim)) {
        const struct time_mark *m = NULL;
        double start, end;

        claim_times(claim, &start, &end);
        while (j < text->n_claims && t->listed[j] < (ptrdiff_t)k)
            j++;
        if (j < text->n_claims && t->listed[j] == (ptrdiff_t)k) {
            m = t->mark_of[j] == SIZE_MAX ? NULL : &t->marks[t->mark_of[j]];
        } else if (!isnan(start) && looks < PAIRS_MAX) {
            looks += t->n_marks;
            m = mark_at(t, start);
        }
        if (!m || !m->moved)
            continue;
        respell(a, claim, t, m);
        move_claim(a, claim, m);
    }
}
