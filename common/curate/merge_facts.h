/* What merge_facts.c finds and merge_resolve.c carries out. */
#ifndef ASID_MERGE_FACTS_H
#define ASID_MERGE_FACTS_H

#include "merge_int.h"

enum {
    OCCURRENCE_WORDS = 4,
    OPEN_VALUES = 16, /* values of one thing that are told apart */
};

/* A value in a claim. */
struct occurrence {
    enum fact_kind kind;
    int32_t group, value;
    uint64_t about;
    uint32_t claim;
    size_t order; /* among the claim's facts */
    const struct text_fact *fact;
    uint64_t words[OCCURRENCE_WORDS]; /* stems of the value itself */
    size_t n_words;
    uint64_t bits;               /* merge_bit() of all of words */
    size_t place;                /* content words of the claim before it */
    bool lasting;                /* does not change with time */
    const struct beside *around; /* the claim's other words, by stem */
    size_t n_around;
    uint64_t has; /* merge_bit() of all of them */
};

/* A content word of a claim beside one of its values. */
struct beside {
    uint64_t stem;
    bool owner; /* may be what the value is said of: not behind it */
};

/* A value of one thing that lost against another one. */
struct readings {
    const struct occurrence *list;
    const uint32_t *members; /* indexes into list */
    size_t n;
    int32_t lost, won;
    uint64_t lost_sources, won_sources;
    double lost_weight, won_weight;
};

/* Values of one thing that nobody could decide between. */
struct open_values {
    const struct occurrence *list;
    const uint32_t *members;
    size_t n;
    int32_t values[OPEN_VALUES];
    uint64_t sources[OPEN_VALUES];
    size_t n_values;
};

/* Whether an earlier decision took the claim or the value away. */
bool merge_is_decided(const struct merge *m, const struct occurrence *o);

/* merge_gather.c: the values of all claims, those of one kind about one thing
 * at a time: at most MERGE_RUN, in the pool's order, without those that are
 * decided. Told are only things of which several sources give values that
 * differ (or did, before decisions about others). */
void merge_gather(struct merge *m,
                  void (*settle)(struct merge *m, struct occurrence *list,
                                 size_t n));

void merge_resolve(struct merge *m, const struct readings *r);
void merge_leave_open(struct merge *m, const struct open_values *o);

#endif
