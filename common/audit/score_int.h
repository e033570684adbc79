/* What the two ways to score have in common. */
#ifndef ASID_AUDIT_SCORE_INT_H
#define ASID_AUDIT_SCORE_INT_H

#include "asid/base/map.h"
#include "asid/dataset/annotation.h"
#include "audit_int.h"

/* The lines of a file of records, by id. */
struct score_lines {
    const char *path;
    struct arena arena;
    struct map map;
    uint64_t records, unknown; /* that were looked for; without a line here */
    uint64_t broken;           /* lines that are no records */
};
/* FAILED for a line that is no record, and for an id that comes twice. */
enum asid_rc score_read(struct score_lines *lines, const char *path,
                        struct asid_err *err) ASID_WARN_UNUSED;
void score_release(struct score_lines *lines);
/* The line with the record's id, in the arena; NULL, and counted, without. */
enum asid_rc score_match(struct score_lines *lines, const struct json *record,
                         struct arena *a, struct json **other,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* Hand over the records of all files that the question names. */
enum asid_rc score_files(struct audit *q, struct score_lines *lines,
                         annotation_sink sink, void *user,
                         struct asid_err *err) ASID_WARN_UNUSED;

void score_count(struct arena *a, struct json *o, const char *key, uint64_t n);
/* part / of in four digits, or null. */
void score_rate(struct arena *a, struct json *o, const char *key, uint64_t part,
                uint64_t of);

/* Errors that were planted, and what became of them. */
enum asid_rc score_planted(struct audit *q, const char *path,
                           struct asid_err *err) ASID_WARN_UNUSED;

#endif
