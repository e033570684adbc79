/*
 * Plans: a checked pipeline becomes command lines and file names.
 *
 *     DIR/stages/NN-name.jsonl    what stage NN accepted; read by the next
 *     DIR/rejects/NN-name.jsonl   what it rejected, with the reason
 *     DIR/ledger.db               outcomes, replies and progress of all stages
 *     DIR/run.json  DIR/run.lock  what the folder holds and who works in it
 *
 * Options in the file become `--name=value` in the file's order, so the same
 * file always gives the same command lines.
 */
#ifndef ASID_PIPELINE_PLAN_H
#define ASID_PIPELINE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/pipeline/pipeline.h"

/* What the user of asid-run asked for; NULL means not given. */
struct plan_settings {
    const char *dir;      /* the run's folder */
    const char *programs; /* the folder that asid-NAME lies in */
    const char *run_id;   /* of asid-run itself */
    const char *shard;    /* "I/N", for source stages */
    const char *jobs;     /* overrides what the file says */
    const char *progress;
    bool quiet, verbose;
};

struct plan_stage {
    const struct pipeline_stage *stage;
    size_t number;       /* from 1 */
    const char *program; /* path of the executable */
    const char *input;   /* output of the stage before, or NULL */
    const char *output;
    const char *rejects;
    const char *dataset;      /* folder of dataset files, or NULL */
    const char *dataset_name; /* the same relative to the run's folder */
    const char **argv;        /* NULL-terminated */
    size_t argc;
};

struct plan {
    const char *dir, *stages_dir, *rejects_dir, *ledger;
    struct plan_stage *stages;
    size_t n_stages;
};

/* Lay out a run. USAGE when the file's output folders cannot be right (outside
 * the run's folder, or two stages writing the same one). */
enum asid_rc plan_make(struct arena *a, const struct pipeline *p,
                       const struct plan_settings *settings, struct plan *out,
                       struct asid_err *err) ASID_WARN_UNUSED;
/* FAILED unless every program of the plan is there and executable. */
enum asid_rc plan_check_programs(const struct plan *plan,
                                 struct asid_err *err) ASID_WARN_UNUSED;
/* True for a relative path that does not leave the folder it starts from. */
bool plan_is_below(const char *path);
/* The command line as a shell would take it. */
char *plan_command(struct arena *a, const struct plan_stage *s);

#endif
