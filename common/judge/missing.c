/*
 * Missing: what the model's own account of an attribute has and the record has
 * not is asked about like any claim, and what is true of the clip is missing.
 */
#include <string.h>

#include "judge_int.h"

enum {
    PER_ATTRIBUTE = 32, /* new claims of one account */
};

/* Texts whose claims are not new. */
struct known {
    struct verify_known *texts;
    size_t n, room;
};

/* A new claim, and where it belongs. */
struct found {
    enum attribute attribute;
    struct judge_claim claim;
};

struct search {
    struct judge_sitting *s;
    struct known known;
    struct found list[ATTRIBUTES * PER_ATTRIBUTE];
    size_t n;
};

static void add_known(struct search *w, const struct text *text, bool holds)
{
    struct known *k = &w->known;

    if (k->n == k->room) {
        size_t room = k->room ? 2 * k->room : 16;
        struct verify_known *wider =
            arena_array(w->s->job->arena, room, sizeof *wider);

        if (k->n)
            memcpy(wider, k->texts, k->n * sizeof *wider);
        k->texts = wider;
        k->room = room;
    }
    k->texts[k->n++] = (struct verify_known){text, holds};
}

static void add_known_text(struct search *w, struct str text,
                           enum attribute key, bool holds)
{
    if (text.n > 0)
        add_known(w, text_analyse(w->s->j->rules, w->s->job->arena, text, key),
                  holds);
}

/* A claim or a reading of it, at its time. */
static void add_known_claim(struct search *w, const struct json *claim,
                            const struct json *said, enum attribute key)
{
    const struct json *text = json_get(said, "text");
    const char *verdict = json_text(json_get(claim, "verdict"));
    double start, end;

    if (!text || json_type(text) != JSON_STRING)
        return;
    claim_times(claim, &start, &end);
    add_known_text(w,
                   verify_statement(w->s->j->rules, w->s->job->arena,
                                    json_str(text), start, end),
                   key,
                   said == claim && verdict &&
                       strcmp(verdict, verify_verdicts[VERIFY_SUPPORTED]) == 0);
}

/* What the attributes say, claim by claim, and what is in dispute and will be
 * said when it is decided. */
static void collect_known(struct search *w)
{
    struct json *record = w->s->job->record;

    for (int k = 0; k < ATTRIBUTES; k++) {
        enum attribute key = (enum attribute)k;
        struct json *claims = json_get(record_attribute(record, key), "claims");

        if (json_count(claims) == 0)
            add_known_text(w, record_attribute_text(record, key), key, false);
        json_each(claim, claims) {
            add_known_claim(w, claim, claim, key);
            json_each(reading, json_get(claim, "alternatives")) {
                add_known_claim(w, claim, reading, key);
            }
        }
    }
}

/* --- accounts --------------------------------------------------------------- */

/* A claim of the account that goes on, as a statement of its own. */
static void add_found(struct search *w, const struct text *account,
                      const struct text_claim *c, enum attribute asked)
{
    struct arena *a = w->s->job->arena;
    struct found *f = &w->list[w->n];
    bool elsewhere = c->attribute != ATTRIBUTE_NONE &&
                     w->s->j->options.attributes[c->attribute];

    f->attribute = elsewhere ? c->attribute : asked;
    if (!judge_hears(w->s, f->attribute))
        return;
    w->n++;
    f->claim = (struct judge_claim){
        .text = verify_line(a, text_claim_sentence(a, account, c)),
        .start = c->start,
        .end = c->end,
    };
}

static void search_account(struct search *w, enum attribute key,
                           const struct text *account)
{
    size_t index[PER_ATTRIBUTE];
    size_t n =
        verify_new_claims(account, w->known.texts, w->known.n,
                          w->s->j->options.novelty, index, PER_ATTRIBUTE);

    for (size_t i = 0; i < n; i++)
        add_found(w, account, &account->claims[index[i]], key);
    /* The next accounts need not find them again. */
    add_known(w, account, true);
}

/* --- the record ------------------------------------------------------------- */

static void write_found(const struct search *w, const struct found *f)
{
    struct arena *a = w->s->job->arena;
    struct json *attribute =
        record_attribute_make(a, w->s->job->record, f->attribute);
    struct json *list = json_get(attribute, "missing");
    struct json *claim =
        claim_new(a, f->claim.text, f->claim.start, f->claim.end);
    struct json *sources = json_new_array(a);

    if (!list) {
        list = json_new_array(a);
        json_set(a, attribute, "missing", list);
        list = json_get(attribute, "missing");
    }
    json_append(sources, json_new_text(a, w->s->j->options.stage));
    json_set(a, claim, "sources", sources);
    judge_write(w->s, claim, &f->claim);
    json_append(list, claim);
}

/* What an earlier judgement said. */
static void forget_missing(const struct judge_sitting *s)
{
    for (int k = 0; k < ATTRIBUTES; k++) {
        struct json *old = json_get(
            record_attribute(s->job->record, (enum attribute)k), "missing");

        if (old && s->j->options.attributes[k])
            json_unlink(old);
    }
}

static enum asid_rc judge_found(struct search *w, uint32_t round,
                                bool has_missing[ATTRIBUTES],
                                struct asid_err *err)
{
    struct judge_claim *claims =
        arena_array(w->s->job->arena, w->n, sizeof *claims);
    int64_t index[ATTRIBUTES] = {0};

    for (size_t i = 0; i < w->n; i++)
        claims[i] = w->list[i].claim;
    TRY(judge_claims(w->s, claims, w->n, err));
    for (size_t i = 0; i < w->n; i++) {
        struct found *f = &w->list[i];

        f->claim = claims[i];
        judge_note(w->s, round, f->attribute, index[f->attribute]++, "missing",
                   &claims[i]);
        if (f->claim.verdict != VERIFY_SUPPORTED)
            continue;
        write_found(w, f);
        has_missing[f->attribute] = true;
    }
    return ASID_OK;
}

enum asid_rc judge_missing(struct judge_sitting *s, uint32_t round,
                           const struct text *const accounts[ATTRIBUTES],
                           bool has_missing[ATTRIBUTES], struct asid_err *err)
{
    struct search *w = arena_alloc(s->job->arena, sizeof *w);

    w->s = s;
    forget_missing(s);
    collect_known(w);
    for (int k = 0; k < ATTRIBUTES; k++)
        if (accounts[k])
            search_account(w, (enum attribute)k, accounts[k]);
    return judge_found(w, round, has_missing, err);
}
