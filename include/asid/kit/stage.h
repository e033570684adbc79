/*
 * Stages: what a program of asid has to say for itself.
 *
 * A stage is one const descriptor and a callback per record; there is no main,
 * no file handle, no option parsing and no print in a stage's file. Name,
 * summary, description, options with their types, defaults and help, and
 * examples are its entry in schemas/pipeline.schema.json ("$defs"."NAME"); the
 * runner reads that entry for parsing, --help, man page, completion and the
 * pipeline check.
 *
 * The runner (kit) reads, parses and checks every line, calls the stage on a
 * pool of workers, writes results and rejects in input order, keeps the ledger,
 * resumes, shows progress, handles signals and decides the exit status.
 */
#ifndef ASID_KIT_STAGE_H
#define ASID_KIT_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"
#include "asid/data/json.h"

struct ledger;

/* The process: options, state, ledger. Shared by all workers, read-only in
 * record callbacks except through what locks itself (ledger, counters). */
struct asid_cx {
    const struct asid_stage *stage;
    const struct json *options; /* every option with its value or default */
    void *state;                /* stage->state_size zeroed bytes */
    struct arena *arena;        /* of the process; only in open/source/finish */
    struct ledger *ledger;      /* NULL without --ledger */
    const char *run_id;         /* "" without --ledger */
    const char *const *inputs;  /* positional arguments */
    size_t n_inputs;
    struct kit *kit; /* the runner's own */
};

/* One record on its way through one stage. */
struct asid_job {
    const struct asid_cx *cx;
    struct arena *arena; /* dies with the record */
    struct json *record; /* the callback changes it in place */
    const char *id;      /* "" when it has none */
    uint64_t line;       /* physical line (or item) number, from 1 */
    const char *input;   /* name of the input file */
    unsigned worker;     /* 0 .. jobs-1 */
    /* Of the answers the result stands on, asked now or found in the ledger:
     * the stage adds. */
    uint64_t tokens_in, tokens_out;
    struct ledger_verdict *verdicts; /* [n_verdicts], by asid_judged() */
    size_t n_verdicts;
};

enum asid_stage_flags {
    ASID_ATOMIC = 1, /* no resuming in the middle: always from the first record,
                        results published only at the end (export) */
};

struct asid_stage {
    const char *name; /* "caption"; the program is asid-caption */
    unsigned flags;
    size_t state_size;
    /* Once, after options are known, before the first record. */
    enum asid_rc (*open)(struct asid_cx *cx, struct asid_err *err);
    /* Source stages (ingest) read no records: they list the items they will
     * make records of, one JSON object per item as text without a newline,
     * cheap and in a stable order. The list is what a later run compares to
     * see whether there is anything to do, so an item's text must change when
     * what it names changes (size and time of change of a file). The callback
     * `record` then gets the item as job->record and puts the record it made
     * in its place; a refused item goes to the rejects as it was listed. */
    enum asid_rc (*source)(struct asid_cx *cx,
                           enum asid_rc (*item)(void *list, struct str json,
                                                struct asid_err *err),
                           void *list, struct asid_err *err);
    /* On a worker thread. ASID_OK: the changed job->record is accepted.
     * ASID_REJECT: the *original* record goes to the rejects with err's code
     * and message. ASID_FAILED: the stage stops with exit status 1. */
    enum asid_rc (*record)(struct asid_job *job, struct asid_err *err);
    /* Optional: in input order on one thread, after record; sees every record
     * that `record` accepted; may still reject. For state across records. */
    enum asid_rc (*ordered)(struct asid_job *job, struct asid_err *err);
    /* Optional: on resuming, sees every record already written, in order, to
     * build again what `ordered` keeps. */
    enum asid_rc (*replay)(struct asid_job *job, struct asid_err *err);
    /* Optional: after the last record, only when everything went well. */
    enum asid_rc (*finish)(struct asid_cx *cx, struct asid_err *err);
    /* Always called when open was, also after failure. */
    void (*close)(struct asid_cx *cx);
    /* Text that names whatever besides options and record decides the result
     * (model fingerprint, prompt set version); enters options_sha256. Valid
     * after open; NULL means nothing. */
    const char *(*identity)(const struct asid_cx *cx);
    /* Optional: libraries that work for the stage in another process
     * (media_versions), one line; for --version and the ledger. On failure the
     * message is shown in their place. Callable before open. */
    enum asid_rc (*libraries)(char *space, size_t size, struct asid_err *err);
    /* Optional, on a worker thread, before record: names what besides options
     * and record decides this record's result: files that lie beside it, with
     * their hashes; "" or NULL for none, in the job's arena. It is kept in the
     * ledger (outcomes.beside). A stage with it never takes a finished output
     * for the last word: a later run looks at every record again and calls
     * `record` where the text is another one. */
    const char *(*beside)(struct asid_job *job);
    /* Tools (asid-run, asid-audit, asid-model) handle everything themselves:
     * options are parsed, then run is called; its return becomes the exit
     * status (OK 0, FAILED 1, USAGE 2). All other callbacks are NULL. */
    enum asid_rc (*run)(struct asid_cx *cx, struct asid_err *err);
};

/* The whole program: main() is `return asid_main(&stage, argc, argv);`. */
int asid_main(const struct asid_stage *stage, int argc, char **argv);

/* --- options (long names as in the schema; a wrong name or type is a BUG) --- */

bool opt_given(const struct asid_cx *cx,
               const char *name); /* not the default */
const char *opt_text(const struct asid_cx *cx, const char *name); /* or NULL */
bool opt_bool(const struct asid_cx *cx, const char *name);
int64_t opt_int(const struct asid_cx *cx, const char *name);
double opt_real(const struct asid_cx *cx, const char *name);
/* For array options (lists): number of values and the i-th. */
size_t opt_count(const struct asid_cx *cx, const char *name);
const char *opt_nth(const struct asid_cx *cx, const char *name, size_t i);

/* --- messages for people, on standard error ------------------------------- */

/* "asid-NAME: warning: ..." unless -q. */
void asid_warn(const struct asid_cx *cx, const char *fmt, ...)
    ASID_PRINTF(2, 3);
/* No warning, but what would otherwise be missed; not with --quiet. */
void asid_note(const struct asid_cx *cx, const char *fmt, ...)
    ASID_PRINTF(2, 3);
/* Only with -v. */
void asid_info(const struct asid_cx *cx, const char *fmt, ...)
    ASID_PRINTF(2, 3);
/* True once the user wants the program to stop: long work should return
 * ASID_STOPPED soon. */
bool asid_stopping(const struct asid_cx *cx);

/* A tool's long work: so much of so much is done ("clips"). Shows it now and then
 * with rate and time left, as the runner does for records, and at the end what
 * it took; nothing with -q. The tool has the options progress and quiet; one
 * thread calls, and first before the work with done 0. */
void asid_progress(const struct asid_cx *cx, const char *things, uint64_t done,
                   uint64_t total);

/* The key for endpoints, from ASID_API_KEY; NULL without. Only for the library
 * that sends it: it never enters a message, a hash or an output. */
const char *asid_api_key(const struct asid_cx *cx);

/* Print one JSON value as a line on standard output (tools only). */
enum asid_rc asid_print(const struct asid_cx *cx, const struct json *value,
                        struct asid_err *err) ASID_WARN_UNUSED;
/* Print text on standard output (tools only). */
enum asid_rc asid_print_text(const struct asid_cx *cx, struct str text,
                             struct asid_err *err) ASID_WARN_UNUSED;

/* Note a judgement about the record: a row of the ledger's table verdicts,
 * committed together with the record's outcome, so that a stage that was killed
 * and goes on has the rows of one that was not. Texts must live as long as the
 * job. A later one for the same round, attribute, claim and kind replaces. */
void asid_judged(struct asid_job *job, const struct ledger_verdict *verdict);

/* Resolve a record's video path against --root, in the job's arena. */
const char *asid_video_path(const struct asid_job *job, const char *video);

#endif
