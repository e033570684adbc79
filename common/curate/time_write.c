/* New spellings, new texts and the findings. */
#include <math.h>
#include <string.h>

#include "asid/base/num.h"
#include "asid/curate/record.h"
#include "time_int.h"

static const char stage[] = "timecheck";

/* --- spelling ------------------------------------------------------------------ */

static bool is_small(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Nothing, or the end of a sentence, stands before a byte. */
static bool is_head(struct str text, size_t at)
{
    while (at > 0 &&
           (is_blank(text.p[at - 1]) || strchr("*\"')", text.p[at - 1])))
        at--;
    return at == 0 || strchr(".!?", text.p[at - 1]) != NULL;
}

/* What a mark begins with that means more than "at": "until 12s". */
static struct str lead_of(struct str was, bool range)
{
    static const char *const leads[] = {"until", "till",   "by",
                                        "since", "before", "after",
                                        "past",  "from",   "From"};
    struct str word = {was.p, 0};

    while (word.n < was.n &&
           (is_small(was.p[word.n]) || is_capital(was.p[word.n])))
        word.n++;
    for (size_t i = 0; i < sizeof leads / sizeof *leads && !range; i++) {
        if (str_is(word, leads[i]))
            return word;
    }
    return (struct str){"", 0};
}

/* "from 3s on": what follows the time. */
static struct str tail_of(struct str was)
{
    static const char *const tails[] = {" onwards", " onward", " on",
                                        " forward"};

    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        if (str_ends(was, tails[i]))
            return str_of(tails[i]);
    }
    return (struct str){"", 0};
}

/* "[0:12] A man ...": needs the comma of "At 12s, a man ...". */
static bool needs_comma(struct str text, const struct time_mark *m)
{
    size_t end = m->at.at + m->at.n;

    if (is_small(text.p[m->at.at]) || is_capital(text.p[m->at.at]) ||
        !(m->anchor ? m->anchor->leads : is_head(text, m->at.at)))
        return false;
    while (end < text.n && is_blank(text.p[end]))
        end++;
    return end < text.n && !strchr(",:;.-)\xe2", text.p[end]);
}

struct str time_spell(struct arena *a, const struct time_text *t,
                      const struct time_mark *m)
{
    struct str text = t->text->text, was = span_of(text, m->at), plain, lead;
    bool range = m->until > m->now + 1e-9;
    bool small = is_small(was.p[0]) ||
                 (!is_capital(was.p[0]) && !is_head(text, m->at.at));
    char *p;

    plain = text_anchor_format(a, m->now, m->until);
    lead = lead_of(was, m->anchor && m->anchor->range);
    if (lead.n > 0 && !range && str_starts(plain, "At ")) {
        struct str tail = tail_of(was);

        p = arena_printf(a, STR_FMT STR_FMT STR_FMT, STR_ARG(lead),
                         STR_ARG(((struct str){plain.p + 2, plain.n - 2})),
                         STR_ARG(tail));
    } else {
        p = arena_printf(a, STR_FMT "%s", STR_ARG(plain),
                         needs_comma(text, m) ? "," : "");
        if (small && is_capital(p[0]))
            p[0] = (char)(p[0] | 0x20);
    }
    return str_of(p);
}

/* --- texts ----------------------------------------------------------------------- */

/* Put a text back into the record. */
static void set_text(struct time_check *c, const struct time_text *t,
                     const struct buf *text)
{
    json_set(c->arena, t->holder, t->key == ATTRIBUTE_NONE ? "caption" : "text",
             json_new_str(c->arena, buf_view(text)));
}

static void write_text(struct time_check *c, struct time_text *t)
{
    struct str text = t->text->text;
    size_t at = 0;
    struct buf b;

    buf_init(&b, text.n + 64 * (t->n_marks + 1));
    for (size_t i = 0; i < t->n_marks; i++) {
        const struct time_mark *m = &t->marks[i];

        if (!m->moved)
            continue;
        buf_add(&b, text.p + at, m->at.at - at);
        buf_str(&b, time_spell(c->work, t, m));
        at = m->at.at + m->at.n;
    }
    buf_add(&b, text.p + at, text.n - at);
    set_text(c, t, &b);
    buf_release(&b);
}

void time_write_texts(struct time_check *c)
{
    for (size_t k = 0; k < c->n_texts; k++) {
        struct time_text *t = &c->texts[k];
        bool moved = false;

        for (size_t i = 0; i < t->n_marks && !moved; i++)
            moved = t->marks[i].moved;
        if (!moved)
            continue;
        time_move_claims(c->arena, t);
        write_text(c, t);
    }
}

/* --- the canonical form ---------------------------------------------------------- */

static bool is_canonical(struct arena *a, const struct time_text *t,
                         const struct time_mark *m)
{
    struct str was = span_of(t->text->text, m->at);
    struct str now = time_spell(a, t, m);

    return str_eq(was, now) ||
           /* at the head of a clause either case will do */
           (was.n == now.n && was.n > 0 &&
            (was.p[0] | 0x20) == (now.p[0] | 0x20) &&
            memcmp(was.p + 1, now.p + 1, was.n - 1) == 0);
}

/* Words that have a capital only because a sentence began with them. */
static bool is_opening_word(struct str text, size_t at)
{
    static const char *const words[] = {
        "A",     "An",      "The",  "He",    "She",     "It",
        "They",  "This",    "That", "There", "In",      "On",
        "As",    "His",     "Her",  "Its",   "Their",   "Two",
        "Three", "Several", "Then", "While", "Another", "One",
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);

        if (text.n - at > n && memcmp(text.p + at, words[i], n) == 0 &&
            is_blank(text.p[at + n]))
            return true;
    }
    return false;
}

/* "0:12 - A man", "[0:12]: A man": what stands between a time used as a
 * heading and its sentence becomes a comma. Returns where the text goes on. */
static size_t join_heading(struct str text, const struct time_mark *m,
                           struct buf *b)
{
    size_t at = m->at.at + m->at.n, next = at;
    bool letters = is_small(text.p[m->at.at]) || is_capital(text.p[m->at.at]);

    if (letters || !m->anchor || !m->anchor->leads)
        return at;
    while (next < text.n && is_blank(text.p[next]))
        next++;
    if (next < text.n && (text.p[next] == ':' || text.p[next] == '-')) {
        next++;
        buf_char(b, ',');
    } else if (text.n - next > 3 &&
               (memcmp(text.p + next, "\xe2\x80\x93", 3) == 0 ||
                memcmp(text.p + next, "\xe2\x80\x94", 3) == 0)) {
        next += 3;
        buf_char(b, ',');
    } else {
        next = at;
    }
    at = next;
    while (next < text.n && is_blank(text.p[next]))
        next++;
    if (next == text.n || !is_opening_word(text, next))
        return at;
    buf_add(b, text.p + at, next - at);
    buf_char(b, (char)(text.p[next] | 0x20));
    return next + 1;
}

static void canonicalise(struct time_check *c, struct time_text *t)
{
    struct time_note note = {
        .code = "format.time", .key = t->key, .claim = -1, .repaired = true};
    struct str text = t->text->text;
    size_t at = 0, n = 0;
    struct buf b;

    buf_init(&b, text.n + 64 * (t->n_marks + 1));
    for (size_t i = 0; i < t->n_marks; i++) {
        struct time_mark *m = &t->marks[i];

        if (!m->anchor || m->anchor->reversed || is_canonical(c->work, t, m))
            continue;
        buf_add(&b, text.p + at, m->at.at - at);
        buf_str(&b, time_spell(c->work, t, m));
        at = join_heading(text, m, &b);
        if (n++ == 0) {
            note.was = span_of(text, m->at);
            note.now = time_spell(c->arena, t, m);
        }
        m->moved = true; /* so that claims with it inside are spelled anew */
    }
    buf_add(&b, text.p + at, text.n - at);
    if (n > 0) {
        note.message =
            n == 1 ? "a time was spelled anew"
                   : arena_printf(c->arena, "%zu times were spelled anew", n);
        time_move_claims(c->arena, t);
        set_text(c, t, &b);
        time_note(&c->repaired, c->arena, &note);
    }
    buf_release(&b);
}

void time_write_canonical(struct time_check *c)
{
    for (size_t k = 0; k < c->n_texts; k++)
        canonicalise(c, &c->texts[k]);
}

/* --- findings -------------------------------------------------------------------- */

void time_note(struct time_notes *list, struct arena *a,
               const struct time_note *note)
{
    struct time_note *n;

    if (list->n++ >= TIME_NOTES_MAX)
        return;
    n = arena_alloc(a, sizeof *n);
    *n = *note;
    n->next = NULL;
    if (list->last)
        list->last->next = n;
    else
        list->first = n;
    list->last = n;
}

static void set_figure(struct arena *a, struct json *finding, const char *key,
                       double value)
{
    json_set_f64(a, finding, key, num_round(value, 4));
}

static void add_finding(struct time_check *c, const struct time_note *n)
{
    struct json *f = finding_add(c->arena, c->record, stage, n->code, n->key,
                                 n->claim, "%s", n->message);

    if (n->was.n > 0)
        json_set(c->arena, f, "was", json_new_str(c->arena, n->was));
    if (n->now.n > 0)
        json_set(c->arena, f, "now", json_new_str(c->arena, n->now));
    json_set_bool(c->arena, f, "repaired", n->repaired);
    if (n->fit.cause == TIME_RATE || n->fit.cause == TIME_FRAMES)
        set_figure(c->arena, f, "rate", n->fit.rate);
    if (fabs(n->fit.offset) > 1e-9)
        set_figure(c->arena, f, "offset", n->fit.offset);
}

static bool is_ours(const struct json *finding)
{
    const char *of = json_text(json_get(finding, "stage"));

    return of && strcmp(of, stage) == 0;
}

/* Whether a finding says just what a note would. */
static bool says(const struct json *finding, const struct time_note *n)
{
    const char *code = json_text(json_get(finding, "code"));
    const char *key = json_text(json_get(finding, "attribute"));
    const char *message = json_text(json_get(finding, "message"));
    const struct json *claim = json_get(finding, "claim");
    int64_t index = -1;

    if (claim && !json_i64(claim, &index))
        return false;
    return code && strcmp(code, n->code) == 0 && message &&
           strcmp(message, n->message) == 0 && index == n->claim &&
           (n->key == ATTRIBUTE_NONE
                ? !key
                : key && strcmp(key, attribute_keys[n->key]) == 0);
}

/* Whether the record says what was found already. */
static bool is_written(const struct time_check *c)
{
    const struct time_note *n = c->open.first;

    if (c->repaired.first)
        return false;
    json_each(f, json_get(c->record, "findings")) {
        if (!is_ours(f) || json_bool(json_get(f, "repaired")))
            continue;
        if (!n || !says(f, n))
            return false;
        n = n->next;
    }
    return !n;
}

static void say_how_many_more(struct arena *a, struct time_notes *list)
{
    if (list->n > TIME_NOTES_MAX)
        list->last->message =
            arena_printf(a, "%s (and %zu more)", list->last->message,
                         list->n - TIME_NOTES_MAX);
}

/* What an earlier run repaired stays told; the rest was looked for anew. */
void time_write_notes(struct time_check *c)
{
    struct json *list = json_get(c->record, "findings");

    say_how_many_more(c->arena, &c->repaired);
    say_how_many_more(c->arena, &c->open);
    if (is_written(c))
        return;
    json_each(f, list) {
        if (is_ours(f) && !json_bool(json_get(f, "repaired")))
            json_unlink(f);
    }
    for (const struct time_note *n = c->repaired.first; n; n = n->next)
        add_finding(c, n);
    for (const struct time_note *n = c->open.first; n; n = n->next)
        add_finding(c, n);
    list = json_get(c->record, "findings");
    if (list && json_count(list) == 0)
        json_unlink(list);
}
