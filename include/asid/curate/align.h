/*
 * Speech in captions against the transcript.
 *
 * Every quote of a record's texts is looked for among the words of record.asr:
 * the span of words most like it by 1 - edit distance / longer length, in
 * letters after folding, 0.6 at least; the quotes of one text stand in the
 * order in which they are spoken (the dialogue reward of AVoCaDO, arXiv
 * 2510.10395, borrowed for ASID-Verify's ASR alignment, arXiv 2602.13013,
 * section 3). What is equal after folding stays as it is; what is similar gets
 * the transcript's words; what is not there is reported. Anchors that put a
 * quote where its words are not are moved. docs/curation/align.md has the
 * rules.
 *
 *     align_record()       all of it, on a record
 *
 *     align_speech_new()   only the search: once a transcript,
 *       align_quotes()     then for the quotes of each text
 */
#ifndef ASID_CURATE_ALIGN_H
#define ASID_CURATE_ALIGN_H

#include "asid/curate/transcript.h"
#include "asid/data/json.h"
#include "asid/text/text.h"

/* What becomes of a quote that nobody spoke. */
enum align_unsupported {
    ALIGN_KEEP,       /* stays in the text, with a finding */
    ALIGN_REMOVE,     /* its statement is taken out of the text */
    ALIGN_REJECT,     /* the record is rejected */
    ALIGN_REJECT_ALL, /* the record is rejected when no quote is supported */
};

struct align_options {
    double similarity; /* least of a quote and its words; 0.6 */
    double tolerance;  /* seconds between an anchor and the words; 2 */
    enum align_unsupported unsupported;
    bool report_only; /* texts stay as they are */
};

/* Align the record's quotes; changes texts, claims, attributes.speech.quotes
 * and the findings of stage "align". A record without a transcript is left
 * alone, and one in which nothing is wrong keeps its texts byte for byte. On
 * its own output it changes nothing. REJECT speech.unsupported as the options
 * say; the record may then have been changed in part. */
enum asid_rc align_record(const struct text_rules *rules, struct arena *a,
                          struct json *record, const struct align_options *o,
                          struct asid_err *err) ASID_WARN_UNUSED;

/* --- the search ----------------------------------------------------------- */

/* A transcript prepared for searching; lives in the arena with its scratch
 * memory, and so belongs to one thread. */
struct align_speech;
struct align_speech *align_speech_new(const struct text_rules *rules,
                                      struct arena *a,
                                      const struct transcript *t);

/* Words of the transcript that follow each other. */
struct align_part {
    size_t first_word, n_words;
    struct span
        cut; /* of the quote: the ellipsis before this part; n 0: none */
};

struct align_match {
    bool found;
    bool equal;   /* the same after folding */
    bool ordered; /* in one line with the other quotes of the text; false: a
                     second mention, or told out of order */
    bool sure;    /* no other place between its neighbours is as good */
    bool left;    /* not looked for: the bound on work was reached */
    double similarity;        /* 0 when not found */
    double start, end;        /* seconds; NAN when the words have no times */
    struct align_part *parts; /* one, or several that an ellipsis joins */
    size_t n_parts;
};

struct align_quote {
    struct str words;        /* without quotation marks */
    double earliest, latest; /* where the text puts it, seconds; NAN: nowhere */
    bool anchored;           /* by an anchor of its own */
    struct align_match match; /* out */
};

/* Find the quotes of one text, given in the order in which they stand. Work is
 * bounded per align_speech: about 2^27 steps of 64 letters by one; when it is
 * used up, quotes are looked for near their anchors only, then not at all. */
void align_quotes(struct align_speech *s, const struct align_options *o,
                  struct align_quote *quotes, size_t n);

#endif
