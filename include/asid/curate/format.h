/*
 * The format pass: what a caption must not look like, whoever wrote it.
 *
 * A check of form, not of facts (ASID-Verify, arXiv 2602.13013, section 3.3:
 * repetition collapse, malformed timestamps, non-compliant symbols). It comes
 * last, after everything that writes text.
 */
#ifndef ASID_CURATE_FORMAT_H
#define ASID_CURATE_FORMAT_H

#include "asid/curate/record.h"

struct format_rule {
    bool anchors; /* rewrite every anchor as "At Ns" */
    double kept;  /* least share of the words that must be left; under it the
                     text has collapsed */
};
/* Anchors as they are, a fifth of the words. */
extern const struct format_rule FORMAT_RULE_DEFAULT;

struct format_result {
    struct str text; /* the text as it was where nothing was wrong */
    size_t symbols;  /* characters that were removed or replaced */
    size_t repeats;  /* sentences and runs of words that were removed */
    size_t anchors;  /* anchors that were rewritten */
    bool collapsed;  /* too little is left */
};

/* Clean one text:
 *
 *   symbols     control characters, U+FFFD, zero-width and direction marks,
 *               special tokens of models ("<|im_end|>"), Markdown headings,
 *               bullets and emphasis; runs of blanks become one
 *   repetition  a sentence that says word for word what an earlier one said
 *               (its anchor aside), and a run of up to 12 words that is
 *               repeated three times or more without anything between
 *   anchors     as the rule says
 *
 * The result lives in the arena. */
void format_text(const struct text_rules *rules, struct arena *a,
                 const struct format_rule *rule, struct str text,
                 struct format_result *out);

/* The pass over all attributes and the caption of a record, with the findings
 * format.symbols, format.repetition and format.time of that stage. Claims stay
 * as they are. REJECT format.collapsed when a text has collapsed. *changed (may
 * be NULL) tells whether any text was. */
enum asid_rc format_record(const struct text_rules *rules, struct arena *a,
                           const struct format_rule *rule, const char *stage,
                           struct json *record, bool *changed,
                           struct asid_err *err) ASID_WARN_UNUSED;

#endif
