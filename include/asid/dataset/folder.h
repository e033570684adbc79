/*
 * Dataset folders: files of rows, published all at once.
 *
 *     raw.jsonl      rows; further files of rows as the formats ask for
 *     features.json  the columns, as the datasets library spells features
 *     manifest.json  name, rows, bytes and sha256 of the files above
 *
 * Rows go to part files. dataset_publish syncs everything, takes an old
 * manifest away, removes what only the old one listed, renames the files and
 * puts the new manifest in place last: a manifest always describes the files
 * beside it. files.part is the lock of whoever writes and lists what was begun,
 * so that nothing of a killed export stays behind.
 */
#ifndef ASID_DATASET_FOLDER_H
#define ASID_DATASET_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/hash.h"
#include "asid/base/str.h"

/* One file on its way; made by dataset_file. */
struct dataset_file {
    const char *name, *part;
    int fd; /* -1 when closed */
    struct buf pending;
    struct hash hash;
    uint64_t rows, bytes;
    bool is_rows;         /* the manifest counts rows of these only */
    const char *features; /* the file that describes the columns, or NULL */
    struct dataset_file *next;
};

struct dataset {
    struct arena arena;                 /* paths, files */
    const char *dir;                    /* NULL: not open */
    int lock;                           /* files.part, -1 when none */
    struct dataset_file *files, **last; /* in the order of the manifest */
    bool published;
};

/* Make the folder, lock it, remove what a killed export left. FAILED when
 * another process is writing there. */
enum asid_rc dataset_open(struct dataset *d, const char *dir,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* Begin a file of rows. name is relative and may have folders in it; it is
 * copied. The same name again gives the same file. */
enum asid_rc dataset_file(struct dataset *d, const char *name,
                          struct dataset_file **file,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* Append a row: one line with its newline. */
enum asid_rc dataset_add(struct dataset_file *file, struct str row,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* A whole file that is not made of rows. */
enum asid_rc dataset_text(struct dataset *d, const char *name, struct str text,
                          struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc dataset_publish(struct dataset *d,
                             struct asid_err *err) ASID_WARN_UNUSED;
/* Give everything back; what was not published is removed. Safe after a failed
 * open and on zeroed memory. */
void dataset_close(struct dataset *d);
/* Remove the dataset's files from a folder, and folders that this leaves
 * empty. A folder that is not there is fine. */
enum asid_rc dataset_remove(const char *dir,
                            struct asid_err *err) ASID_WARN_UNUSED;

#endif
