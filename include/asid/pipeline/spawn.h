/*
 * Running one stage as a process.
 *
 * The process dies with its parent (PR_SET_PDEATHSIG), holds the folder's
 * stage lock (see folder.h), reads nothing from standard input, and writes its
 * messages and progress to the standard error of asid-run.
 */
#ifndef ASID_PIPELINE_SPAWN_H
#define ASID_PIPELINE_SPAWN_H

#include <stdbool.h>

#include "asid/base/err.h"
#include "asid/pipeline/folder.h"
#include "asid/pipeline/plan.h"

/* Run the stage to its end. When stopping(user) becomes true the stage is
 * asked to end (SIGTERM) and STOPPED is returned once it did. FAILED names the
 * stage and how it ended, unless it ended well. */
enum asid_rc spawn_stage(const struct folder *f, const struct plan_stage *s,
                         bool (*stopping)(const void *user), const void *user,
                         struct asid_err *err) ASID_WARN_UNUSED;

#endif
