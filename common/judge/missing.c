/*
 * Missing: the model gives an account of its own of each attribute; what that
 * has and the record has not is asked about like any claim, and what is true of
 * the clip is missing.
 */
#include <string.h>

#include "asid/base/utf8.h"
#include "asid/text/similar.h"
#include "judge_int.h"

enum {
    ACCOUNT_MAX = 64 * 1024, /* bytes of an account that are looked at */
    PER_ATTRIBUTE = 32,      /* new claims of one account */
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

static bool says_nothing(const struct search *w, struct str account)
{
    static const char *const nothing[] = {"none", "nothing", "no",
                                          "n a",  "na",      "not applicable"};
    struct str folded;

    if (account.n > 40)
        return false;
    folded = similar_fold(w->s->j->rules, w->s->job->arena, account);
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
        if (str_is(folded, nothing[i]))
            return true;
    return folded.n == 0;
}

static struct str cut_account(struct str text)
{
    if (text.n > ACCOUNT_MAX) {
        text.n = ACCOUNT_MAX;
        text.n = utf8_span(text.p, text.n);
    }
    return text;
}

/* What the model says of each attribute by itself; n 0 of those that are not
 * looked at. */
static enum asid_rc ask_accounts(struct search *w,
                                 const bool wanted[ATTRIBUTES],
                                 struct str accounts[ATTRIBUTES],
                                 struct asid_err *err)
{
    struct judge_sitting *s = w->s;
    struct clip_reply replies[ATTRIBUTES];
    struct str prompts[ATTRIBUTES];
    size_t n = 0, i = 0;

    for (int k = 0; k < ATTRIBUTES; k++) {
        const struct prompt_request request = {
            .set = "verify-account",
            .attributes = &attribute_keys[k],
            .n_attributes = 1,
            .id = "",
        };

        if (wanted[k])
            TRY(prompt_text(s->j->prompts, s->job->arena, &request,
                            &prompts[n++], err));
    }
    TRY(clip_texts_any(s->clip, prompts, n, NULL, replies, err));
    for (int k = 0; k < ATTRIBUTES; k++)
        accounts[k] =
            wanted[k] ? cut_account(replies[i++].text) : (struct str){"", 0};
    return ASID_OK;
}

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
                           struct str text)
{
    size_t index[PER_ATTRIBUTE], n;
    const struct text *account;

    if (says_nothing(w, text))
        return;
    account = text_analyse(w->s->j->rules, w->s->job->arena, text, key);
    n = verify_new_claims(account, w->known.texts, w->known.n,
                          w->s->j->options.novelty, index, PER_ATTRIBUTE);
    for (size_t i = 0; i < n; i++)
        add_found(w, account, &account->claims[index[i]], key);
    /* The next accounts need not find them again. */
    add_known(w, account, true);
}

/* A clip without sound has nothing to say about it. */
static bool can_be_missed(const struct judge_sitting *s, enum attribute key)
{
    const struct json *media = json_get(s->job->record, "media");
    const struct json *audio = json_get(media, "audio");

    if (!s->j->options.attributes[key] || !judge_hears(s, key))
        return false;
    return key != ATTRIBUTE_SPEECH || !audio || json_type(audio) != JSON_NULL;
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
                           bool has_missing[ATTRIBUTES], struct asid_err *err)
{
    struct search *w = arena_alloc(s->job->arena, sizeof *w);
    struct str accounts[ATTRIBUTES];
    bool wanted[ATTRIBUTES];

    w->s = s;
    forget_missing(s);
    collect_known(w);
    for (int k = 0; k < ATTRIBUTES; k++)
        wanted[k] = can_be_missed(s, (enum attribute)k);
    TRY(ask_accounts(w, wanted, accounts, err));
    for (int k = 0; k < ATTRIBUTES; k++)
        search_account(w, (enum attribute)k, accounts[k]);
    return judge_found(w, round, has_missing, err);
}
