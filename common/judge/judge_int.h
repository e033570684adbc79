/* What the files of judge share. */
#ifndef COMMON_JUDGE_INT_H
#define COMMON_JUDGE_INT_H

#include <math.h>

#include "asid/ask/prompts.h"
#include "asid/base/hash.h"
#include "asid/curate/record.h"
#include "asid/judge/judge.h"
#include "asid/ledger/ledger.h"

struct judge {
    struct asid_cx *cx;
    struct answerer *model;
    const struct text_rules *rules;
    const struct prompts *prompts;
    const struct verify_words *words;
    struct judge_options options;
    struct str claim_wording, window_wording;
    const char *identity;
    bool no_audio;
    /* Set once, by whoever comes first. */
    unsigned char warned_of_itself, warned_of_neither;
};

struct judge_sitting {
    struct judge *j;
    struct asid_job *job;
    struct clip *clip;
    const char *path;
    char sha256[HASH_HEX];
    double duration; /* NAN: not known */
};

/* Findings input.addresses_model for every text of the record. */
void judge_find_addresses(const struct judge_sitting *s);

/* What the model says of each attribute by itself; NULL of what it was not asked
 * about, and where it says that there is nothing. */
enum asid_rc judge_accounts(struct judge_sitting *s,
                            const struct text *accounts[ATTRIBUTES],
                            struct asid_err *err) ASID_WARN_UNUSED;
/* Claims that are not refuted by themselves are by an event that they tell of,
 * if the model denies it and no account tells of it. */
enum asid_rc judge_events(struct judge_sitting *s,
                          const struct text *const accounts[ATTRIBUTES],
                          struct judge_claim *claims, size_t n,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* Whether one of them says the same as the statement. */
bool judge_is_told(const struct judge_sitting *s,
                   const struct text *const accounts[ATTRIBUTES],
                   struct str statement);
/* Decide a claim by the account of its attribute: supported where that says it in
 * the same words, refuted where the answer leaves it in doubt and the account has
 * nothing like it. */
void judge_consult(const struct judge_sitting *s, const struct text *account,
                   enum attribute key, struct judge_claim *c);

/* What the texts of the record leave out, by the accounts: fills `missing` of the
 * attributes and notes the judgements. has_missing[k] gets whether attribute k
 * lacks something. */
enum asid_rc judge_missing(struct judge_sitting *s, uint32_t round,
                           const struct text *const accounts[ATTRIBUTES],
                           bool has_missing[ATTRIBUTES],
                           struct asid_err *err) ASID_WARN_UNUSED;

/* Whether the attribute is judged, and can be: what is heard cannot without
 * sound. */
bool judge_hears(const struct judge_sitting *s, enum attribute key);

#endif
