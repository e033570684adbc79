/*
 * Rows of dataset files.
 *
 * Every row of a file has the same keys in the same order with the same types,
 * so that readers which take a column's type from the first rows are right.
 * Deterministic: the same record and options give the same bytes.
 */
#ifndef ASID_DATASET_ROWS_H
#define ASID_DATASET_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "asid/ask/prompts.h"
#include "asid/base/arena.h"
#include "asid/base/str.h"
#include "asid/data/json.h"

/* Append the raw row of a record, with its newline. */
void row_raw(struct arena *a, const struct json *record, struct buf *row);
/* Its columns: an object for features.json, in the arena. */
struct json *row_raw_features(struct arena *a);

/* One thing to train on: a question about a video and its answer. */
struct lesson {
    struct str id, video, attribute; /* attribute n 0: all of them */
    double duration;                 /* seconds, 0: not known */
    struct str prompt, answer;
    struct str draft; /* what the answer was before refinement; n 0: the same */
    const struct json *reasons; /* findings that made it change, or NULL */
};

enum lesson_verdicts {
    LESSONS_ANY,   /* every attribute with a text */
    LESSONS_CLEAN, /* none that was judged wrong or incomplete */
};

enum { LESSONS = ATTRIBUTES + 1 };

struct lesson_wish {
    const struct prompts *prompts;
    uint64_t seed;
    enum lesson_verdicts verdicts;
    bool one; /* one of the single attributes, chosen by hash(seed, id) */
};

/* The lessons of a record, at most LESSONS: one for each attribute that
 * applies, then the one over all attributes. Prompts are the wordings that a
 * captioner of the same seed would be asked with. FAILED when the prompt sets
 * are faulty. Views point into record and arena. */
enum asid_rc lessons_of(const struct lesson_wish *wish, struct arena *a,
                        const struct json *record, struct lesson *lessons,
                        size_t *n, struct asid_err *err) ASID_WARN_UNUSED;

/* How a lesson is written. */
enum lesson_form {
    FORM_ASID,          /* id, attribute, duration, messages, videos */
    FORM_MS_SWIFT,      /* messages, videos */
    FORM_LLAMA_FACTORY, /* the same keys; dataset_info.json names them */
    FORM_SHAREGPT,      /* id, video, conversations */
    FORM_PAIR,          /* id, attribute, messages, rejected_response, videos,
                        reasons: what preference training reads */
};
void row_lesson(struct arena *a, enum lesson_form form,
                const struct lesson *lesson, struct buf *row);
struct json *row_lesson_features(struct arena *a, enum lesson_form form);

/* ASID-1M keeps videos of like duration together: "0_30_s", "30_60_s", "1_2_m",
 * "2_3_m", "over_3_m"; "unknown" without a duration. A clip of exactly 30 s is
 * in the first. Static text. */
const char *duration_group(double seconds);

#endif
