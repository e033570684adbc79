/*
 * Previews: what a run would do, from the ledger and the files of the source,
 * without running or writing anything.
 *
 * Options count as changed when the command line of the stage's last call
 * differs in an option that decides results. What only the stage itself can
 * tell (a checkpoint whose weights were exchanged in place) stays unseen.
 * A stage whose input is yet to be written is counted as if everything
 * upstream were accepted, but for items that are sure to be rejected; its
 * figures are then upper bounds.
 */
#ifndef ASID_PIPELINE_PREVIEW_H
#define ASID_PIPELINE_PREVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"
#include "asid/pipeline/plan.h"

struct preview_stage {
    uint64_t in;     /* records that reach the stage */
    uint64_t fresh;  /* reason "new": never worked on */
    uint64_t input;  /* the record changed since */
    uint64_t option; /* the stage's options changed since */
    uint64_t retry;  /* failed last time, may be tried again */
    uint64_t done;   /* nothing to do */
    uint64_t asked;  /* records that a model is asked about, or may be */
    uint64_t calls;  /* questions about them at most, where that is known */
    bool has_model;
    bool open_ended; /* how many questions depends on what the records say */
    bool at_most;    /* the figures are upper bounds */
};

/* What the source stage would make a record of (items.h). */
struct preview_item {
    const char *id;     /* of its record; NULL: it has none */
    const char *name;   /* what it is called where no record came of it */
    const char *sha256; /* of its line */
    bool unique;        /* else a hash is appended to the id */
    bool refused;       /* sure to be rejected */
};

/* Look at every stage of the plan. started_over: as if the folder were empty
 * (--fresh). out has plan->n_stages entries. */
enum asid_rc preview_make(struct arena *a, const struct pipeline *p,
                          const struct plan *plan,
                          const struct preview_item *items, size_t n_items,
                          bool started_over, struct preview_stage *out,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* The plan and the preview as text for people. */
void preview_write(struct arena *a, const struct plan *plan,
                   const struct preview_stage *stages, struct buf *out);

#endif
