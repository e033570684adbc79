/*
 * asid-align's work on a record: all its texts, then the list of quotes and the
 * findings.
 *
 * What an earlier run repaired is still true and stays among the findings as
 * long as the text has the repaired words; everything else is found anew. So
 * the record that comes out goes in again unchanged.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "align_int.h"
#include "asid/base/num.h"
#include "asid/curate/record.h"

static const char stage[] = "align";

static const char *const codes[] = {
    [NOTE_MISQUOTED] = "speech.misquoted",
    [NOTE_UNSUPPORTED] = "speech.unsupported",
    [NOTE_MISPLACED] = "speech.misplaced",
    [NOTE_SPEAKER] = "speech.speaker",
    [NOTE_LEFT] = "speech.unchecked",
};

enum {
    TEXTS = ATTRIBUTES + 1, /* the caption is last */
    BYTES_MAX = 1 << 30,
};

struct work {
    struct arena *a;
    struct json *record;
    struct align_text texts[TEXTS];
    size_t n;
    struct align_note *history; /* repairs of an earlier run */
};

/* --- history ------------------------------------------------------------------- */

static struct align_note *note_of(struct arena *a, const struct json *finding)
{
    struct str code = text_at(finding, "code");
    struct align_note *n;

    if (!str_is(text_at(finding, "stage"), stage) ||
        !json_bool(json_get(finding, "repaired")))
        return NULL;
    for (int i = NOTE_MISQUOTED; i <= NOTE_MISPLACED; i++) {
        if (!str_is(code, codes[i]))
            continue;
        n = arena_alloc(a, sizeof *n);
        n->kind = (enum align_kind)i;
        n->attribute = attribute_of(text_at(finding, "attribute"));
        n->quote = text_at(finding, "quote");
        n->message = text_at(finding, "message");
        n->was = text_at(finding, "was");
        n->now = text_at(finding, "now");
        n->repaired = true;
        n->similarity = 0;
        return n;
    }
    return NULL;
}

static void read_history(struct work *w)
{
    struct align_note **end = &w->history;

    json_each(finding, json_get(w->record, "findings")) {
        *end = note_of(w->a, finding);
        if (*end)
            end = &(*end)->next;
    }
}

/* Whether the text still is as the repair left it. */
static bool holds(const struct align_text *t, const struct align_note *n)
{
    struct str text = text_at(t->holder, t->key);

    if (n->kind != NOTE_UNSUPPORTED)
        return str_find(text, n->now) && str_find(text, n->quote);
    for (size_t i = 0; i < t->n_said && i < NOTES_AHEAD; i++)
        if (str_eq(t->said[i].words, n->was))
            return false;
    return true;
}

/* --- findings -------------------------------------------------------------------- */

/* Findings are made in an object of their own, to be compared with those that
 * are there. */
struct findings {
    struct work *w;
    struct json *made;
};

static void emit(struct findings *f, const struct align_text *t,
                 struct align_note *n)
{
    struct arena *a = f->w->a;
    ptrdiff_t claim = t->attribute == ATTRIBUTE_NONE || n->quote.n == 0
                          ? -1
                          : claims_find(t->holder, n->quote);
    struct json *v =
        finding_add(a, f->made, stage, codes[n->kind], t->attribute, claim,
                    STR_FMT, STR_ARG(n->message));

    n->used = true;
    if (n->quote.n > 0)
        json_set(a, v, "quote", json_new_str(a, n->quote));
    if (n->was.n > 0)
        json_set(a, v, "was", json_new_str(a, n->was));
    if (n->now.n > 0)
        json_set(a, v, "now", json_new_str(a, n->now));
    if (n->kind == NOTE_MISQUOTED || n->kind == NOTE_MISPLACED || n->repaired)
        json_set_bool(a, v, "repaired", n->repaired);
}

/* The notes of a list that belong to a quote of a text, in order. */
static void emit_list(struct findings *f, const struct align_text *t,
                      struct align_note *list, struct str quote)
{
    size_t seen = 0;

    for (struct align_note *n = list; n && seen < NOTES_AHEAD; n = n->next) {
        if (n->used)
            continue;
        seen++;
        if (n->attribute == t->attribute && str_eq(n->quote, quote) &&
            (!n->repaired || holds(t, n)))
            emit(f, t, n);
    }
}

static void emit_text(struct findings *f, struct align_text *t)
{
    struct str none = {"", 0};

    for (size_t i = 0; i < t->n_said; i++) {
        struct str quote = t->said[i].words;

        emit_list(f, t, f->w->history, quote);
        emit_list(f, t, t->notes, quote);
    }
    emit_list(f, t, f->w->history, none);
    emit_list(f, t, t->notes, none);
}

static struct str bytes_of(struct arena *a, const struct json *list,
                           bool only_mine)
{
    struct buf b;
    struct str s;

    buf_init(&b, BYTES_MAX);
    json_each(v, list) {
        if (only_mine && !str_is(text_at(v, "stage"), stage))
            continue;
        json_write(&b, v);
        buf_char(&b, '\n');
    }
    s = (struct str){arena_strndup(a, b.p ? b.p : "", b.n), b.n};
    buf_release(&b);
    return s;
}

static void set_findings(struct work *w)
{
    struct findings f = {w, json_new_object(w->a)};
    struct json *made, *old = json_get(w->record, "findings");

    for (size_t i = 0; i < w->n; i++)
        emit_text(&f, &w->texts[i]);
    made = json_get(f.made, "findings");
    if (str_eq(bytes_of(w->a, old, true), bytes_of(w->a, made, false)))
        return;
    findings_drop(w->record, stage);
    if (!made)
        return;
    old = json_get(w->record, "findings");
    if (!old || json_type(old) != JSON_ARRAY) {
        json_unlink(made);
        json_set(w->a, w->record, "findings", made);
        return;
    }
    json_each(v, made) {
        json_unlink(v);
        json_append(old, v);
    }
}

/* --- quotes ---------------------------------------------------------------------- */

struct entry {
    const struct align_text *t;
    const struct align_said *s;
    size_t key, order; /* by words of the transcript, then as they stand */
};

static int spoken_first(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Which words of the transcript are listed already. */
struct listed {
    unsigned char *words;
    size_t n;
};

static bool is_listed(const struct listed *l, const struct align_match *m)
{
    for (size_t i = 0; i < m->n_parts; i++)
        for (size_t k = 0; k < m->parts[i].n_words; k++)
            if (!l->words[m->parts[i].first_word + k])
                return false;
    return true;
}

static void list_words(struct listed *l, const struct align_match *m)
{
    for (size_t i = 0; i < m->n_parts; i++)
        memset(l->words + m->parts[i].first_word, 1, m->parts[i].n_words);
}

/* Quotes of a text that no text before it has; of the speech attribute all. */
static void add_entries(const struct align_text *t, struct listed *l,
                        struct entry *list, size_t *n)
{
    bool all = t->attribute == ATTRIBUTE_SPEECH;
    size_t key = 0, first = *n;

    for (size_t i = 0; i < t->n_said; i++) {
        const struct align_said *s = &t->said[i];
        const struct align_match *m = &s->found->match;
        bool known = false;

        if (m->found)
            key = m->parts[0].first_word + 1;
        for (size_t k = 0; !all && !m->found && k < first && k < NOTES_AHEAD;
             k++)
            known |= str_eq(list[k].s->words, s->words);
        if (known || (!all && m->found && is_listed(l, m)))
            continue;
        list[*n] = (struct entry){t, s, key, *n};
        ++*n;
    }
    for (size_t i = first; i < *n; i++)
        if (list[i].s->found->match.found)
            list_words(l, &list[i].s->found->match);
}

static void set_seconds(struct arena *a, struct json *v, const char *key,
                        double value)
{
    json_set(a, v, key, json_new_finite(a, num_round(value, 3)));
}

/* The similarity of what stood there before it was corrected: by this run, or
 * by an earlier one, which left it in its list. */
static double similarity_of(const struct work *w, const struct entry *e,
                            const struct json **old)
{
    size_t seen = 0;

    for (const struct align_note *n = e->t->notes; n && seen++ < NOTES_AHEAD;
         n = n->next)
        if (n->kind == NOTE_MISQUOTED && n->repaired &&
            str_eq(n->quote, e->s->words))
            return n->similarity;
    seen = 0;
    for (const struct json *v = *old; v && seen++ < NOTES_AHEAD;
         v = json_next(v)) {
        double similarity;

        if (!str_eq(text_at(v, "text"), e->s->words) ||
            !json_f64(json_get(v, "similarity"), &similarity))
            continue;
        *old = json_next(v);
        seen = 0;
        for (const struct align_note *n = w->history; n && seen++ < NOTES_AHEAD;
             n = n->next)
            if (n->kind == NOTE_MISQUOTED && n->used &&
                n->attribute == e->t->attribute &&
                str_eq(n->quote, e->s->words))
                return similarity;
        break;
    }
    return e->s->found->match.similarity;
}

static struct json *quote_json(const struct work *w, const struct entry *e,
                               const struct json **old)
{
    struct arena *a = w->a;
    const struct align_match *m = &e->s->found->match;
    const struct transcript *tr = e->t->speech->t;
    struct json *v = json_new_object(a);
    struct str speaker = {"", 0};

    json_set(a, v, "text", json_new_str(a, e->s->words));
    set_seconds(a, v, "start", m->start);
    set_seconds(a, v, "end", m->end);
    if (m->found)
        speaker =
            tr->segments[tr->words[m->parts[0].first_word].segment].speaker;
    json_set(a, v, "speaker", json_new_nonempty(a, speaker));
    json_set(a, v, "transcript",
             m->found ? json_new_str(a, align_transcript(a, tr, m, e->s->words))
                      : json_new_null(a));
    if (m->found)
        json_set_f64(a, v, "similarity",
                     num_round(similarity_of(w, e, old), 4));
    else
        json_set(a, v, "similarity", json_new_null(a));
    if (e->s->speaker.n > 0)
        json_set(a, v, "described_as", json_new_str(a, e->s->speaker));
    if (e->t->attribute != ATTRIBUTE_SPEECH)
        json_set_text(a, v, "attribute",
                      e->t->attribute == ATTRIBUTE_NONE
                          ? "caption"
                          : attribute_keys[e->t->attribute]);
    return v;
}

static void set_quotes(struct work *w, const struct transcript *t)
{
    struct json *speech = record_attribute(w->record, ATTRIBUTE_SPEECH);
    struct json *old = json_get(speech, "quotes"), *made = json_new_array(w->a);
    const struct json *from = json_first(old);
    struct listed listed = {arena_alloc(w->a, t->n_words), t->n_words};
    struct entry *list;
    size_t n = 0, most = 0;

    for (size_t i = 0; i < w->n; i++)
        most += w->texts[i].n_said;
    list = arena_array(w->a, most, sizeof *list);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < w->n; i++)
            if ((w->texts[i].attribute == ATTRIBUTE_SPEECH) == (pass == 0))
                add_entries(&w->texts[i], &listed, list, &n);
    if (n > 1)
        qsort(list, n, sizeof *list, spoken_first);
    for (size_t i = 0; i < n; i++)
        json_append(made, quote_json(w, &list[i], &from));
    if (json_count(old) == n &&
        str_eq(bytes_of(w->a, old, false), bytes_of(w->a, made, false)))
        return;
    if (n == 0)
        json_unlink(old);
    else
        json_set(w->a, record_attribute_make(w->a, w->record, ATTRIBUTE_SPEECH),
                 "quotes", made);
}

/* --- records ----------------------------------------------------------------------- */

static void add_text(struct work *w, const struct align_text *as,
                     enum attribute attribute, struct json *holder,
                     const char *key)
{
    struct align_text *t = &w->texts[w->n];
    const struct json *text = json_get(holder, key);

    if (!text || json_type(text) != JSON_STRING)
        return;
    *t = *as;
    t->attribute = attribute;
    t->holder = holder;
    t->key = key;
    align_text(t);
    w->n++;
}

/* A record is refused for what nobody said when the options say so. */
static enum asid_rc judge(const struct work *w, const struct align_options *o,
                          struct asid_err *err)
{
    size_t n = 0, quotes = 0;
    struct str first = {"", 0};

    if (o->unsupported != ALIGN_REJECT && o->unsupported != ALIGN_REJECT_ALL)
        return ASID_OK;
    for (size_t i = 0; i < w->n; i++) {
        for (size_t k = 0; k < w->texts[i].n_said; k++) {
            const struct align_match *m = &w->texts[i].said[k].found->match;

            quotes++;
            if (m->found || m->left)
                continue;
            if (n++ == 0)
                first = w->texts[i].said[k].words;
        }
    }
    if (n == 0 || (o->unsupported == ALIGN_REJECT_ALL && n < quotes))
        return ASID_OK;
    return REJECT(
        err, codes[NOTE_UNSUPPORTED],
        "%zu of %zu quotes are not in the transcript, first \"" STR_FMT "\"", n,
        quotes, STR_ARG(align_short(first)));
}

enum asid_rc align_record(const struct text_rules *rules, struct arena *a,
                          struct json *record, const struct align_options *o,
                          struct asid_err *err)
{
    const struct json *asr = json_get(record, "asr");
    const struct json *segments = json_get(asr, "segments");
    struct align_text as = {.a = a, .o = o, .rules = rules};
    const struct transcript *t;
    struct work *w;

    if (!segments || json_type(segments) != JSON_ARRAY)
        return ASID_OK;
    w = arena_alloc(a, sizeof *w);
    w->a = a;
    w->record = record;
    t = transcript_read(rules, a, asr);
    as.speech = align_speech_new(rules, a, t);
    as.duration = record_duration(record);
    if (isnan(as.duration))
        as.duration = INFINITY;
    for (int i = 0; i < ATTRIBUTES; i++)
        add_text(w, &as, (enum attribute)i,
                 record_attribute(record, (enum attribute)i), "text");
    add_text(w, &as, ATTRIBUTE_NONE, record, "caption");
    TRY(judge(w, o, err));
    read_history(w);
    align_speakers(w->texts, w->n);
    set_findings(w);
    set_quotes(w, t);
    return ASID_OK;
}
