/*
 * The folder of a run: who works in it, what it holds, starting over.
 *
 * DIR/run.lock carries two locks. asid-run holds flock() on it and never hands
 * the descriptor on, so a dead owner is gone at once. Each stage process holds
 * an fcntl() lock on the same file: that kind belongs to a process, survives
 * exec, and is not inherited by the helpers a stage starts. Whoever takes the
 * first lock waits until nobody holds the second, so a stage that outlives a
 * killed asid-run for an instant never writes beside its successor.
 *
 * DIR/run.json is replaced whole: pipeline, its hash, shard, dataset folders,
 * names of stage files.
 */
#ifndef ASID_PIPELINE_FOLDER_H
#define ASID_PIPELINE_FOLDER_H

#include <stdbool.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/pipeline/plan.h"
#include "asid/pipeline/shard.h"

struct folder {
    const char *dir;
    const char *lock; /* path of run.lock */
    int lock_fd;      /* -1: not held */
};

/* Make the folder and take it for this process. FAILED with process and host
 * of the owner when it is taken, or with the process of a stage that does not
 * end within ten seconds. */
enum asid_rc folder_take(struct arena *a, const char *dir, struct folder *out,
                         struct asid_err *err) ASID_WARN_UNUSED;
void folder_release(struct folder *f);
/* For the child between fork and exec (only async-signal-safe calls): take the
 * second lock; false when the parent that wrote run.lock is not `parent`, the
 * child must then end at once. */
bool folder_join(const struct folder *f, long parent);

/* Refuse (USAGE) another pipeline, by its name, or another shard than the
 * folder's; a folder without run.json takes any. Writes nothing. */
enum asid_rc folder_check(const char *dir, const struct pipeline *p,
                          const struct shard *shard,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* Note what the folder holds now, keeping dataset folders of earlier plans.
 * Stage and reject files that an earlier plan noted and this one does not have
 * are removed: beside the new ones they would pass for results of this plan. */
enum asid_rc folder_note(const struct folder *f, const struct pipeline *p,
                         const struct plan *plan, const struct shard *shard,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* Remove what runs made in the folder, by name, and nothing else: stage files,
 * reject files, ledger, run.json, files of the dataset folders it noted. */
enum asid_rc folder_clear(const struct folder *f,
                          struct asid_err *err) ASID_WARN_UNUSED;

#endif
