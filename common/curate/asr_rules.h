/* Judging the segments of a transcript. */
#ifndef COMMON_CURATE_ASR_RULES_H
#define COMMON_CURATE_ASR_RULES_H

#include "asr_int.h"

struct judging {
    struct arena *a;
    const struct asr_phrases *phrases;
    const struct asr_clip *clip;
    unsigned rules;
    const struct asr_segment *segments; /* as in the file */
    const struct transcript *t;         /* the same, placed, in that order */
};

/* The first rule that takes out segment i, with its reason; ASR_RULES when it
 * may stay. after: when the segments before it have ended, all of them. Loops are judged by asr_loops(). */
enum asr_rule judge_segment(const struct judging *j, size_t i, double after,
                            const char **why);

#endif
