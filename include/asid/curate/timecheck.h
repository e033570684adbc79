/*
 * Times of captions held against the clip: are the anchors inside it, in order,
 * and where transcript, cuts and the other texts have the same events? If not,
 * is one cause behind it (a constant offset, a wrong rate, frame numbers taken
 * for seconds), or are single anchors wrong?
 *
 * docs/curation/timecheck.md has the rules and the thresholds with reasons.
 */
#ifndef ASID_CURATE_TIMECHECK_H
#define ASID_CURATE_TIMECHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "asid/data/json.h"
#include "asid/text/text.h"

/* --- one cause behind many times ------------------------------------------- */

/* A time as it is written and the times it may stand for, in seconds, rising:
 * one when it is known (the words of a quote), several when it is one of them
 * (the cuts). The event may come up to `late` seconds after the written time
 * ("At 5s, a man sits down and says ..."). */
struct time_evidence {
    double written;
    const double *times;
    size_t n;
    double late;
};

enum time_cause {
    TIME_UNKNOWN, /* too little evidence, or it does not agree */
    TIME_RIGHT,
    TIME_OFFSET, /* written = true + offset */
    TIME_RATE,   /* written = rate * true + offset */
    TIME_FRAMES, /* written = frames a second * true */
};

/* What is known of the clip and asked of its times. */
struct time_clip {
    double duration;  /* seconds; NAN: not known */
    double fps;       /* frames a second; NAN: not known */
    double tolerance; /* seconds that do not matter */
    double step;      /* what written times are multiples of: 1, or 0 */
};

struct time_fit {
    enum time_cause cause;
    double rate, offset;             /* written = rate * true + offset */
    double rate_error, offset_error; /* standard errors; 0 where not fitted */
    double spread;   /* standard deviation of what agrees, true seconds */
    double n, agree; /* pieces of evidence, by weight, and how many agree */
    bool certain;    /* enough to repair */
};

/* Find the cause behind n pieces of evidence: a mixture of one of five models
 * with normal errors and of outliers, the parameters by expectation
 * maximisation from the best of many guesses, the model by the Bayesian
 * information criterion. Evidence beyond TIME_MAX_EVIDENCE is left out evenly.
 * Work is bounded by that number squared. */
struct time_fit time_fit(struct arena *scratch, const struct time_evidence *e,
                         size_t n, const struct time_clip *clip);
enum { TIME_MAX_EVIDENCE = 128 };

/* What a written time stands for. */
double time_true(const struct time_fit *fit, double written);

/* --- a record -------------------------------------------------------------- */

struct timecheck_options {
    double tolerance; /* seconds; 2 in the paper's audit */
    bool canonical;   /* bring all anchors into the form "At Ns" */
    bool repair;      /* repair what is certain; else only report */
};

struct timecheck_result {
    size_t anchors; /* times in all texts, those that cannot be read included */
    size_t wrong;   /* of them, and not known where they belong */
};

/* Check and repair the times of a record's caption and attributes: changes
 * texts, times of claims and the findings of stage "timecheck". What needs a
 * duration, a transcript or cuts is left out where the record has none. Where
 * nothing is wrong nothing changes, and on its own output nothing changes. */
struct timecheck_result timecheck_record(const struct text_rules *rules,
                                         struct arena *a, struct json *record,
                                         const struct timecheck_options *o);

#endif
