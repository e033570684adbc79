/*
 * The model's own account of each attribute: what is missing is found in it
 * (missing.c), and claims that a question leaves in doubt can be decided by it.
 */
#include <string.h>

#include "asid/base/utf8.h"
#include "asid/text/similar.h"
#include "judge_int.h"

enum {
    ACCOUNT_MAX = 64 * 1024, /* bytes of an account that are looked at */
};
static const double SAME_SECOND = 1;

/* --- asking ----------------------------------------------------------------- */

static bool says_nothing(const struct judge_sitting *s, struct str account)
{
    static const char *const nothing[] = {"none", "nothing", "no",
                                          "n a",  "na",      "not applicable"};
    struct str folded;

    if (account.n > 40)
        return false;
    folded = similar_fold(s->j->rules, s->job->arena, account);
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

/* A clip without sound has nothing to say about it. */
static bool is_asked(const struct judge_sitting *s, enum attribute key)
{
    const struct json *media = json_get(s->job->record, "media");
    const struct json *audio = json_get(media, "audio");

    if (!s->j->options.attributes[key] || !judge_hears(s, key))
        return false;
    return key != ATTRIBUTE_SPEECH || !audio || json_type(audio) != JSON_NULL;
}

enum asid_rc judge_accounts(struct judge_sitting *s,
                            const struct text *accounts[ATTRIBUTES],
                            struct asid_err *err)
{
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

        if (is_asked(s, (enum attribute)k))
            TRY(prompt_text(s->j->prompts, s->job->arena, &request,
                            &prompts[n++], err));
    }
    TRY(clip_texts_any(s->clip, prompts, n, NULL, replies, err));
    for (int k = 0; k < ATTRIBUTES; k++) {
        enum attribute key = (enum attribute)k;
        struct str text;

        accounts[k] = NULL;
        if (!is_asked(s, key))
            continue;
        text = cut_account(replies[i++].text);
        if (!says_nothing(s, text))
            accounts[k] = text_analyse(s->j->rules, s->job->arena, text, key);
    }
    return ASID_OK;
}

/* --- what it decides -------------------------------------------------------- */

bool judge_is_told(const struct judge_sitting *s,
                   const struct text *const accounts[ATTRIBUTES],
                   struct str statement)
{
    struct verify_known known[ATTRIBUTES];
    const struct text *t =
        text_analyse(s->j->rules, s->job->arena, statement, ATTRIBUTE_ACTIONS);
    size_t n = 0, index[1];

    for (int k = 0; k < ATTRIBUTES; k++)
        if (accounts[k])
            known[n++] = (struct verify_known){accounts[k], true};
    return verify_new_claims(t, known, n, s->j->options.novelty, index, 1) == 0;
}

/* The words of a claim without the second that it may name. */
static struct str words_of(const struct judge_sitting *s, enum attribute key,
                           struct str claim)
{
    struct arena *a = s->job->arena;
    const struct text *t = text_analyse(s->j->rules, a, claim, key);

    if (t->n_claims == 1)
        claim = text_claim_sentence(a, t, &t->claims[0]);
    return similar_fold(s->j->rules, a, claim);
}

/* In the same words, and at the same second if both have one. */
static bool is_said(const struct judge_sitting *s, const struct text *account,
                    enum attribute key, const struct judge_claim *claim)
{
    struct arena *a = s->job->arena;
    struct str words = words_of(s, key, claim->text);

    for (size_t i = 0; i < account->n_claims; i++) {
        const struct text_claim *c = &account->claims[i];
        bool apart = !isnan(c->start) && !isnan(claim->start) &&
                     fabs(c->start - claim->start) > SAME_SECOND;

        if (!apart &&
            str_eq(words, similar_fold(s->j->rules, a,
                                       text_claim_sentence(a, account, c))))
            return true;
    }
    return false;
}

/* Whether the account has nothing that could be this in other words. */
static bool is_new(const struct judge_sitting *s, const struct text *account,
                   enum attribute key, const struct judge_claim *claim)
{
    const struct verify_known known = {account, true};
    const struct text *t =
        text_analyse(s->j->rules, s->job->arena,
                     verify_statement(s->j->rules, s->job->arena, claim->text,
                                      claim->start, claim->end),
                     key);
    size_t index[1];

    return verify_new_claims(t, &known, 1, s->j->options.novelty, index, 1) > 0;
}

void judge_consult(const struct judge_sitting *s, const struct text *account,
                   enum attribute key, struct judge_claim *c)
{
    const struct judge_options *o = &s->j->options;

    if (isnan(c->p) || o->account <= 0)
        return;
    if (is_said(s, account, key, c)) {
        c->account = JUDGE_SAYS_SO;
        c->verdict = VERIFY_SUPPORTED;
    } else if (c->verdict != VERIFY_REFUTED &&
               c->p < o->rule.threshold + o->account &&
               is_new(s, account, key, c)) {
        c->account = JUDGE_SAYS_OTHER;
        c->verdict = VERIFY_REFUTED;
    }
}
