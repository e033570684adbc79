/*
 * Dataset folders: rows of one shape, published all at once.
 *
 *     raw.jsonl      one row per record, constant keys, order and types
 *     features.json  the columns, as the datasets library spells features
 *     manifest.json  name, rows, bytes and sha256 of the files above
 *
 * Rows go to raw.jsonl.part. dataset_publish syncs everything, takes an old
 * manifest away, renames the data files and puts the new manifest in place
 * last: a manifest always describes the files beside it.
 */
#ifndef ASID_PIPELINE_DATASET_H
#define ASID_PIPELINE_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/hash.h"
#include "asid/base/str.h"
#include "asid/data/json.h"

/* Files a dataset folder may hold; NULL ends the list. */
extern const char *const dataset_files[];

struct dataset {
    struct arena arena; /* paths */
    const char *dir, *part;
    int fd; /* of the part file, -1 when none */
    struct buf pending;
    struct hash hash;
    uint64_t rows, bytes;
};

/* Append the raw row of a record, with its newline. Deterministic: the same
 * record gives the same bytes. */
void dataset_row(struct arena *a, const struct json *record, struct buf *row);
/* Make the folder and start a dataset there; FAILED when another process is
 * writing one there. */
enum asid_rc dataset_open(struct dataset *d, const char *dir,
                          struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc dataset_add(struct dataset *d, struct arena *scratch,
                         const struct json *record,
                         struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc dataset_publish(struct dataset *d,
                             struct asid_err *err) ASID_WARN_UNUSED;
/* Give everything back; what was not published is removed. Safe after a failed
 * open and on zeroed memory with fd -1. */
void dataset_close(struct dataset *d);
/* Remove the dataset's files from a folder, and the folder if that leaves it
 * empty. A folder that is not there is fine. */
enum asid_rc dataset_remove(const char *dir,
                            struct asid_err *err) ASID_WARN_UNUSED;

#endif
