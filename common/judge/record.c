/* Judging a record: every claim, every attribute. */
#include <string.h>

#include "asid/base/num.h"
#include "judge_int.h"

/* A claim of the record and the questions it takes: one, or one for each of its
 * readings that exclude each other. */
struct entry {
    enum attribute attribute;
    int64_t index;
    struct json *claim;
    struct json *readings; /* alternatives, or NULL */
    size_t first, n;       /* its questions */
};

struct sheet {
    struct entry *entries;
    size_t n_entries;
    struct judge_claim *questions;
    size_t n_questions;
    bool refuted[ATTRIBUTES]; /* something that the text says */
};

bool judge_hears(const struct judge_sitting *s, enum attribute key)
{
    return key != ATTRIBUTE_SPEECH || !s->j->no_audio;
}

static struct json *claims_of(const struct judge_sitting *s, enum attribute key)
{
    return json_get(record_attribute(s->job->record, key), "claims");
}

static struct json *readings_of(const struct json *claim)
{
    struct json *list = json_get(claim, "alternatives");

    return json_count(list) > 0 ? list : NULL;
}

/* --- asking ----------------------------------------------------------------- */

static struct str text_of(const struct json *claim)
{
    const struct json *text = json_get(claim, "text");

    return text && json_type(text) == JSON_STRING ? json_str(text)
                                                  : (struct str){"", 0};
}

/* said: the claim or one of its readings. */
static void add_question(const struct judge_sitting *s, struct sheet *sheet,
                         const struct entry *e, const struct json *said)
{
    struct judge_claim *q = &sheet->questions[sheet->n_questions++];

    q->text = text_of(said);
    claim_times(said, &q->start, &q->end);
    if (isnan(q->start))
        claim_times(e->claim, &q->start, &q->end);
    if (!judge_hears(s, e->attribute))
        q->reason = "the sound is not heard";
}

static void add_entry(const struct judge_sitting *s, struct sheet *sheet,
                      enum attribute key, int64_t index, struct json *claim)
{
    struct entry *e = &sheet->entries[sheet->n_entries++];

    *e = (struct entry){
        key, index, claim, readings_of(claim), sheet->n_questions, 1};
    if (!e->readings) {
        add_question(s, sheet, e, claim);
        return;
    }
    e->n = json_count(e->readings);
    json_each(reading, e->readings) {
        add_question(s, sheet, e, reading);
    }
}

static struct sheet *make_sheet(const struct judge_sitting *s)
{
    struct sheet *sheet = arena_alloc(s->job->arena, sizeof *sheet);
    size_t entries = 0, questions = 0;

    for (int k = 0; k < ATTRIBUTES; k++) {
        json_each(claim, claims_of(s, (enum attribute)k)) {
            entries++;
            questions +=
                readings_of(claim) ? json_count(readings_of(claim)) : 1;
        }
    }
    sheet->entries =
        arena_array(s->job->arena, entries, sizeof *sheet->entries);
    sheet->questions =
        arena_array(s->job->arena, questions, sizeof *sheet->questions);
    for (int k = 0; k < ATTRIBUTES; k++) {
        int64_t index = 0;

        if (!s->j->options.attributes[k])
            continue;
        json_each(claim, claims_of(s, (enum attribute)k)) {
            add_entry(s, sheet, (enum attribute)k, index++, claim);
        }
    }
    return sheet;
}

/* --- claims ----------------------------------------------------------------- */

static void consult(const struct judge_sitting *s, struct sheet *sheet,
                    const struct text *const accounts[ATTRIBUTES])
{
    for (size_t i = 0; i < sheet->n_entries; i++) {
        const struct entry *e = &sheet->entries[i];

        for (size_t k = 0; accounts[e->attribute] && k < e->n; k++)
            judge_consult(s, accounts[e->attribute], e->attribute,
                          &sheet->questions[e->first + k]);
    }
}

/* The only reading that the account says, or -1. */
static ptrdiff_t said_reading(const struct judge_claim *questions, size_t n)
{
    ptrdiff_t found = -1;

    for (size_t i = 0; i < n; i++) {
        if (questions[i].account != JUDGE_SAYS_SO)
            continue;
        if (found >= 0)
            return -1;
        found = (ptrdiff_t)i;
    }
    return found;
}

/* The reading that holds takes the claim's place; without one the claim says
 * how likely the best is. All refuted: so is the claim. */
static const struct judge_claim *choose(const struct judge_sitting *s,
                                        const struct entry *e,
                                        struct judge_claim *questions)
{
    struct arena *a = s->job->arena;
    double *p = arena_array(a, e->n, sizeof *p);
    struct json *winner, *sources;
    bool refuted = true;
    ptrdiff_t best;
    size_t top = 0;

    for (size_t i = 0; i < e->n; i++) {
        p[i] = questions[i].p;
        refuted = refuted && questions[i].verdict == VERIFY_REFUTED;
        if (p[i] > p[top] || isnan(p[top]))
            top = i;
        if (!isnan(p[i]))
            json_set_f64(a, json_at(e->readings, i), "p", p[i]);
    }
    best = said_reading(questions, e->n);
    if (best < 0)
        best = verify_winner(&s->j->options.rule, p, e->n);
    if (best < 0) {
        questions[top].verdict = refuted ? VERIFY_REFUTED : VERIFY_UNSURE;
        return &questions[top];
    }
    winner = json_at(e->readings, (size_t)best);
    sources = json_get(winner, "sources");
    json_set(a, e->claim, "text", json_new_str(a, text_of(winner)));
    if (!isnan(questions[best].start))
        claim_set_times(a, e->claim, questions[best].start,
                        questions[best].end);
    if (sources)
        json_set(a, e->claim, "sources", json_copy(a, sources));
    return &questions[best];
}

static void write_claims(const struct judge_sitting *s, struct sheet *sheet,
                         uint32_t round)
{
    for (size_t i = 0; i < sheet->n_entries; i++) {
        const struct entry *e = &sheet->entries[i];
        const struct judge_claim *answer = &sheet->questions[e->first];

        if (e->readings)
            answer = choose(s, e, &sheet->questions[e->first]);
        judge_write(s, e->claim, answer);
        judge_note(s, round, e->attribute, e->index, "error", answer);
        /* Readings in dispute are not in the text. */
        if (answer->verdict == VERIFY_REFUTED && !e->readings)
            sheet->refuted[e->attribute] = true;
    }
}

/* --- attributes ------------------------------------------------------------- */

static void note_attribute(const struct judge_sitting *s, uint32_t round,
                           enum attribute key, const char *kind, double p,
                           const char *verdict, const char *reason)
{
    asid_judged(s->job, &(struct ledger_verdict){
                            .round = round,
                            .attribute = attribute_keys[key],
                            .claim = -1,
                            .kind = kind,
                            .p = p,
                            .verdict = verdict,
                            .model = answerer_model(s->j->model),
                            .reason = reason,
                        });
}

static void write_style(const struct judge_sitting *s, uint32_t round,
                        enum attribute key, struct json *attribute,
                        struct str text)
{
    struct arena *a = s->job->arena;
    struct json *object = json_new_object(a);
    struct verify_style style = verify_style(
        s->j->words, s->j->rules, a, text_analyse(s->j->rules, a, text, key));
    double worst = fmin(style.repetition, style.references);

    json_set_f64(a, object, "repetition", num_round(style.repetition, 4));
    json_set_f64(a, object, "references", num_round(style.references, 4));
    json_set(a, attribute, "expressiveness", object);
    note_attribute(s, round, key, "expressiveness", num_round(worst, 4),
                   verify_style_good(&style) ? "good" : "poor",
                   arena_printf(a, "repetition %.4f, references %.4f",
                                style.repetition, style.references));
}

static void write_attribute(const struct judge_sitting *s, uint32_t round,
                            enum attribute key, bool refuted, bool missing)
{
    struct arena *a = s->job->arena;
    struct json *record = s->job->record;
    struct str text = record_attribute_text(record, key);
    const char *verdict = "verified";
    struct json *attribute;

    /* Nothing is said about what nobody looked for. */
    if (text.n == 0 && !missing && !s->j->options.missing &&
        !record_attribute(record, key))
        return;
    attribute = record_attribute_make(a, record, key);
    if (!json_get(attribute, "text"))
        json_set_text(a, attribute, "text", "");
    if (refuted)
        verdict = "error";
    else if (missing)
        verdict = "missing";
    else if (text.n == 0)
        verdict = "absent";
    json_set_text(a, attribute, "verdict", verdict);
    note_attribute(s, round, key, "error", (double)NAN,
                   refuted ? "error" : "clean", NULL);
    if (s->j->options.missing)
        note_attribute(s, round, key, "missing", (double)NAN,
                       missing ? "missing" : "complete", NULL);
    if (text.n > 0)
        write_style(s, round, key, attribute, text);
}

enum asid_rc judge_record(struct judge_sitting *s, uint32_t round,
                          struct asid_err *err)
{
    const struct judge_options *o = &s->j->options;
    const struct text *accounts[ATTRIBUTES] = {NULL};
    bool missing[ATTRIBUTES] = {false};
    struct sheet *sheet = make_sheet(s);

    judge_find_addresses(s);
    TRY(judge_claims(s, sheet->questions, sheet->n_questions, err));
    if (o->missing || o->events || o->account > 0)
        TRY(judge_accounts(s, accounts, err));
    if (o->events)
        TRY(judge_events(s, accounts, sheet->questions, sheet->n_questions,
                         err));
    consult(s, sheet, accounts);
    write_claims(s, sheet, round);
    if (o->missing)
        TRY(judge_missing(s, round, accounts, missing, err));
    for (int k = 0; k < ATTRIBUTES; k++)
        if (o->attributes[k])
            write_attribute(s, round, (enum attribute)k, sheet->refuted[k],
                            missing[k]);
    return ASID_OK;
}
