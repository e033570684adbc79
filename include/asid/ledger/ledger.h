/*
 * The ledger: one SQLite file (WAL) per dataset and host that can explain every
 * line. schemas/ledger.sql creates it; plain SQL stays possible.
 *
 * Terms: a *run* is one call of a program. An *execution* is one stage working
 * through one input with one set of options; it may take several runs when
 * runs are killed and resumed, and bears the run_id of the first. `outcomes`
 * holds one row per execution and input record (seq), so a resumed execution
 * has exactly the rows an undisturbed one has.
 *
 * All functions are safe for several threads (one mutex) and several processes
 * (busy timeout). FAILED messages name the ledger file.
 */
#ifndef ASID_LEDGER_LEDGER_H
#define ASID_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"

struct ledger;

/* Open or create; a ledger of an older schema version is brought up to this
 * one, in one transaction. On a network file system (NFS, SMB, 9p, FUSE network mounts)
 * WAL is refused with the remedy in the message. Also refuses files of a newer
 * schema version and files that are no ledger. */
enum asid_rc ledger_open(const char *path, struct ledger **out,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* For asking only: never creates, never writes. */
enum asid_rc ledger_open_readonly(const char *path, struct ledger **out,
                                  struct asid_err *err) ASID_WARN_UNUSED;
void ledger_close(struct ledger *l);
const char *ledger_path(const struct ledger *l);

struct ledger_run {
    char run_id[40];
    const char *program; /* "asid-caption" */
    const char *argv;    /* JSON array text */
    const char *version;
    const char *libraries;       /* linked library versions, one line */
    const char *pipeline_sha256; /* or NULL */
    const char *parent;          /* run_id of the pipeline's run, or NULL */
};
/* Insert a row of `runs` with status "running"; fills run_id. */
enum asid_rc ledger_run_begin(struct ledger *l, struct ledger_run *run,
                              struct asid_err *err) ASID_WARN_UNUSED;
/* status: "done", "failed", "stopped". Notes finished_at and peak memory. */
enum asid_rc ledger_run_end(struct ledger *l, const char *run_id,
                            const char *status, const char *message,
                            struct asid_err *err) ASID_WARN_UNUSED;

/* Where an execution stands; key = (stage, output path). */
struct ledger_checkpoint {
    char execution[40];    /* run_id of the execution's first run */
    char input_sha256[65]; /* of the first input_bytes of the input */
    char options_sha256[65];
    uint64_t seq;  /* records done */
    uint64_t line; /* last physical line done */
    uint64_t input_bytes;
    uint64_t output_bytes, reject_bytes;
    uint64_t accepted, rejected, failed;
    bool complete;
    /* of the first output_bytes and reject_bytes of the two files */
    char output_sha256[65], reject_sha256[65];
    bool finishing;     /* all records are done; files are being renamed */
    char rejects[4096]; /* absolute path of the rejects, "" without */
};
/* Look up; *found false when there is none. */
enum asid_rc ledger_checkpoint_get(struct ledger *l, const char *stage,
                                   const char *output, bool *found,
                                   struct ledger_checkpoint *c,
                                   struct asid_err *err) ASID_WARN_UNUSED;

/* One judgement about an attribute or a claim of a record. */
struct ledger_verdict {
    uint32_t round;        /* 0: before any refinement */
    const char *attribute; /* "scene", ..., or "" for the whole record */
    int64_t claim;         /* from 0; -1: the whole attribute */
    const char *kind;      /* "error" "missing" "expressiveness" "format" */
    double p;              /* NAN: none */
    const char *verdict;
    const char *model, *prompt_sha256, *reason; /* or NULL */
};

struct ledger_outcome {
    const char *execution;
    const char *run_id;
    const char *stage;
    uint64_t seq;          /* from 1, position among the input's records */
    const char *record_id; /* "line:N" for lines that are no record */
    const char *status;    /* "accepted" "rejected" "failed" */
    const char *code;      /* or NULL */
    const char *message;   /* or NULL */
    uint32_t attempts;
    const char *input_sha256, *options_sha256, *output_sha256; /* or NULL */
    double seconds;
    uint64_t tokens_in, tokens_out;
    const struct ledger_verdict *verdicts; /* [n_verdicts] */
    size_t n_verdicts;
    const char *reused_from; /* execution whose verdicts about this record are
                                its verdicts as well, or NULL */
    const char *beside;      /* files besides the input that decided; or NULL */
};
/* One transaction: outcomes with their verdicts and the new checkpoint (either may be absent:
 * n 0, c NULL). */
enum asid_rc ledger_commit(struct ledger *l, const struct ledger_outcome *rows,
                           size_t n, const char *stage, const char *output,
                           const struct ledger_checkpoint *c,
                           struct asid_err *err) ASID_WARN_UNUSED;

/* The last accepted outcome of that stage for a record with these hashes:
 * *found and its output_sha256. For reusing finished work when an input file
 * changed only in places. */
enum asid_rc ledger_outcome_find(struct ledger *l, const char *stage,
                                 const char *record_id,
                                 const char *input_sha256,
                                 const char *options_sha256, bool *found,
                                 char output_sha256[65],
                                 struct asid_err *err) ASID_WARN_UNUSED;

/* The newest outcome of any status of that stage for an input line with these
 * hashes (and that record_id, unless NULL), leaving out the execution named. */
struct ledger_prior {
    bool found;
    char status[12];
    char output_sha256[65]; /* "" unless accepted */
    uint32_t attempts;
    uint64_t tokens_in, tokens_out;
    char execution[40];
};
enum asid_rc ledger_prior_find(struct ledger *l,
                               const struct ledger_outcome *like,
                               struct ledger_prior *prior,
                               struct asid_err *err) ASID_WARN_UNUSED;
/* Whether there is any outcome that ledger_prior_find could find for records
 * of like->stage with like->options_sha256. */
enum asid_rc ledger_prior_any(struct ledger *l,
                              const struct ledger_outcome *like, bool *any,
                              struct asid_err *err) ASID_WARN_UNUSED;
/* Put the first checkpoint of an execution and, in the same transaction,
 * remove the outcomes and verdicts of one that never ended and cannot go on
 * (forget; may be NULL). */
enum asid_rc ledger_begin_execution(struct ledger *l, const char *stage,
                                    const char *output,
                                    const struct ledger_checkpoint *c,
                                    const char *forget,
                                    struct asid_err *err) ASID_WARN_UNUSED;
/* A new run_id: sorts by time, unique over hosts. */
void ledger_new_id(char id[40]);
/* "3.40.1" */
const char *ledger_sqlite_version(void);

/* One answer of a model, with what it took to get it: whoever takes it from
 * the ledger counts the same tokens as whoever asked. */
struct ledger_reply {
    struct str text;
    uint64_t tokens_in, tokens_out;
};
/* Keep what stands behind an options_sha256, as JSON text; once is enough. */
enum asid_rc ledger_settings_put(struct ledger *l, const char *options_sha256,
                                 struct str settings,
                                 struct asid_err *err) ASID_WARN_UNUSED;

/* Take over everything another ledger holds: runs, outcomes, verdicts,
 * settings, replies, and where executions stand. Doing it again changes
 * nothing; what the other one learned since comes along. An output that both
 * have from different executions gets the other ledger's path behind it. All or
 * nothing; FAILED when they tell of one outcome in two ways. *rows gets the
 * number of outcomes that are new. */
enum asid_rc ledger_join(struct ledger *l, const char *path, uint64_t *rows,
                         struct asid_err *err) ASID_WARN_UNUSED;

/* Model replies: a rerun asks no question twice. The text is owned by the
 * arena. Tokens are 0 for replies kept by a ledger of version 1, which did not
 * note them. */
enum asid_rc ledger_reply_get(struct ledger *l, const char *request_sha256,
                              struct arena *a, bool *found,
                              struct ledger_reply *reply,
                              struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc ledger_reply_put(struct ledger *l, const char *request_sha256,
                              const char *model,
                              const struct ledger_reply *reply,
                              struct asid_err *err) ASID_WARN_UNUSED;

/* Read-only questions for asid-audit: one callback per row, values as text (or
 * NULL), columns named. binds: text parameters ?1.. */
typedef enum asid_rc (*ledger_row)(void *user, int columns,
                                   const char *const *names,
                                   const char *const *values,
                                   struct asid_err *err);
enum asid_rc ledger_query(struct ledger *l, const char *sql,
                          const char *const *binds, size_t n_binds,
                          ledger_row row, void *user,
                          struct asid_err *err) ASID_WARN_UNUSED;

#endif
