/* Between the questions of asid-audit. */
#ifndef ASID_AUDIT_INT_H
#define ASID_AUDIT_INT_H

#include "asid/audit/audit.h"
#include "asid/data/json.h"
#include "asid/ledger/ledger.h"
#include "asid/pipeline/table.h"

enum { AUDIT_OUT_BYTES = 1 << 30, AUDIT_COLUMNS = 32 };

struct audit {
    struct asid_cx *cx;
    struct ledger *ledger; /* NULL for questions that need none */
    const char *const *argument;
    size_t n_arguments;
    const char *stage, *code; /* "" when not given */
    const char *sentence;     /* NULL when not given */
    const char *folder;       /* of the ledger, with a slash */
    bool json;
    struct arena rows; /* of the row at hand, or of the whole table */
    struct table table;
    struct buf out;
    uint64_t n, bad; /* rows seen, rows that do not balance */
};

/* Stages in the order of the run that made them. Files of asid-run say it in
 * their names; others go by when their execution began. */
#define IN_ORDER                                                               \
 " ORDER BY CASE WHEN c.output GLOB '*/stages/[0-9][0-9]-*'"                   \
 " OR c.output GLOB 'stages/[0-9][0-9]-*' THEN c.output END NULLS LAST,"       \
 " (SELECT started_at FROM runs WHERE run_id = c.execution), c.stage"
#define NOW                                                                    \
 " FROM checkpoints c JOIN outcomes o"                                         \
 " ON o.execution = c.execution AND o.stage = c.stage"

/* A column by its name, or NULL. */
const char *audit_value(int columns, const char *const *names,
                        const char *const *values, const char *name);
/* A row as one JSON object on standard output; a ledger_row. */
enum asid_rc audit_object(void *user, int columns, const char *const *names,
                          const char *const *values, struct asid_err *err);
/* A row of q->table; a ledger_row. */
enum asid_rc audit_row(void *user, int columns, const char *const *names,
                       const char *const *values, struct asid_err *err);
/* An output as people know it: by its place below the ledger's folder. */
const char *audit_place(const struct audit *q, const char *output);
/* Print q->out, and empty it. */
enum asid_rc audit_print(struct audit *q,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* Lines of a file that are no records: a warning, or FAILED when there is
 * nothing else, for then it is another kind of file. */
enum asid_rc audit_broken(const struct audit *q, const char *path,
                          uint64_t broken, uint64_t records,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* Tell people that there are none: an empty answer might be a typing error. */
void audit_none(const struct audit *q, const char *what);
/* Ask, and print a table or objects. right: columns aligned to the right. */
enum asid_rc audit_answer(struct audit *q, const char *sql,
                          const char *const *binds, size_t n_binds,
                          unsigned right, ledger_row row,
                          struct asid_err *err) ASID_WARN_UNUSED;

/* The questions. */
enum asid_rc audit_why(struct audit *q, struct asid_err *err);
enum asid_rc audit_rejects(struct audit *q, struct asid_err *err);
enum asid_rc audit_balance(struct audit *q, struct asid_err *err);
enum asid_rc audit_runs(struct audit *q, struct asid_err *err);
enum asid_rc audit_diff(struct audit *q, struct asid_err *err);
enum asid_rc audit_stats(struct audit *q, struct asid_err *err);
enum asid_rc audit_sample(struct audit *q, struct asid_err *err);
enum asid_rc audit_merge(struct audit *q, struct asid_err *err);
enum asid_rc audit_frame(struct audit *q, struct asid_err *err);
enum asid_rc audit_score(struct audit *q, struct asid_err *err);

#endif
