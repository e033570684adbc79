/*
 * Token budgets: what a row costs a trainer.
 *
 * A row that is longer than the trainer's limit is cut or dropped there without
 * a word, so it is counted here: picture and sound as the model takes them (docs
 * MODEL.md 3.2 to 3.4 and 4.5), text by the checkpoint's own tokenizer.
 */
#ifndef ASID_DATASET_BUDGET_H
#define ASID_DATASET_BUDGET_H

#include "asid/dataset/rows.h"
#include "asid/nn/bpe.h"
#include "asid/omni/omni.h"

struct row_budget {
    size_t limit; /* tokens; 0: rows are not counted */
    const struct bpe *bpe;
    struct omni_budget video;
    bool no_audio; /* the trainer leaves the sound out */
};

struct row_cost {
    size_t picture, sound, text;
};

/* What the lesson costs. REJECT export.budget when the record does not say how
 * large its video is. Safe for several threads. */
enum asid_rc row_count(const struct row_budget *b, const struct json *record,
                       const struct lesson *lesson, struct row_cost *cost,
                       struct asid_err *err) ASID_WARN_UNUSED;
/* REJECT export.budget with the figures when it is over the limit. */
enum asid_rc row_check(const struct row_budget *b, const struct json *record,
                       const struct lesson *lesson,
                       struct asid_err *err) ASID_WARN_UNUSED;

#endif
