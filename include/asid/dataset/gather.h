/*
 * Gathering the rows of one video from all over a dataset.
 *
 * Published sets hold a row for each attribute of a video, thousands of lines
 * apart, or a file for each captioner. gather_add() reads files of rows once and
 * remembers where each row lies; rows of a video then come together in the order
 * in which they were read. The texts wait in an unnamed temporary file, so that
 * memory grows by some bytes a row only.
 */
#ifndef ASID_DATASET_GATHER_H
#define ASID_DATASET_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"
#include "asid/data/json.h"

struct gathered_row; /* where a row lies */

/* A video and its rows, or one row that nobody understands. */
struct gathered {
    const char *video; /* as the rows spell it, "./" taken off; NULL: a fault */
    const char *id;    /* the rows' own, when all have the same; or NULL */
    const char *sha256; /* what the rows say the video is; or NULL */
    size_t n_rows;
    struct gathered_row *first, *last;
    bool taken;             /* the caller's, false at first */
    struct asid_err *fault; /* why the row is none; NULL for a video */
    struct gathered *next;  /* in the order of their first rows */
};

struct gather {
    struct arena arena;
    int spool; /* texts of rows; -1 when none */
    uint64_t bytes;
    struct gathered *first, **last;
    struct gathered **table; /* by video; room is 0 or a power of two */
    size_t n, room;
};

void gather_init(struct gather *g);
void gather_release(struct gather *g);
/* Read a file of rows (annotation.h). name is what sources are called whose
 * rows do not name themselves; shown is what messages and rejects call the
 * file. */
enum asid_rc gather_add(struct gather *g, const char *path, const char *name,
                        const char *shown,
                        struct asid_err *err) ASID_WARN_UNUSED;
/* The rows of the video at that path, or NULL. */
struct gathered *gather_find(const struct gather *g, const char *video);
/* The rows as a list for an item: [{"from":NAME,"row":{...}},...]; of a fault
 * {"file":...,"line":N,"row":{...}} or "raw" instead of the row. In the
 * arena. */
enum asid_rc gather_rows(const struct gather *g, const struct gathered *video,
                         struct arena *a, struct json **rows,
                         struct asid_err *err) ASID_WARN_UNUSED;

#endif
