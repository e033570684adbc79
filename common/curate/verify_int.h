/* What the files of verify share. */
#ifndef COMMON_CURATE_VERIFY_INT_H
#define COMMON_CURATE_VERIFY_INT_H

#include "asid/curate/verify.h"

/* Sentences that refer to something the text does not have. */
size_t verify_dangling(const struct verify_words *w,
                       const struct text_rules *rules, struct arena *a,
                       const struct text *t);

#endif
