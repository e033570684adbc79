/*
 * Files: slurp, checked writes, atomic replacement, locks, paths.
 */
#ifndef ASID_BASE_FILE_H
#define ASID_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"

/* Read a whole regular file of at most max bytes into the arena; the text is
 * followed by a zero byte that its length does not count. FAILED with the path
 * and the cause. */
enum asid_rc file_slurp(struct arena *a, const char *path, size_t max,
                        struct str *text, struct asid_err *err);
/* Read exactly n bytes, going on after EINTR and short reads. False when they
 * end before, or on an error. */
bool file_read_all(int fd, void *p, size_t n);
/* Write all n bytes, going on after EINTR and short writes. STOPPED on EPIPE,
 * FAILED otherwise; name is what the message calls the file. */
enum asid_rc file_write(int fd, const char *name, const void *p, size_t n,
                        struct asid_err *err) ASID_WARN_UNUSED;
/* The same; *done is how many bytes were written, also of those that FAILED. */
enum asid_rc file_write_part(int fd, const char *name, const void *p, size_t n,
                             size_t *done,
                             struct asid_err *err) ASID_WARN_UNUSED;
/* Replace path by text: temporary file beside it, fsync, rename, fsync of the
 * folder. Nobody ever sees half of it. */
enum asid_rc file_replace(const char *path, struct str text,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* A file that takes the place of path when it is whole. It is made beside it
 * under a name of its own (path, a dot and six characters), so that threads and
 * processes may make the same file at once: the last one stays. Open, write to
 * fd, place, close; closed without having been placed it is removed. Nothing is
 * synced, and only the owner may read it, unless the caller sees to that. */
struct file_beside {
    int fd;
    char *path, *temporary;
    bool placed;
};
/* FAILED holds nothing: only what was opened is closed. */
enum asid_rc file_beside_open(struct file_beside *f, const char *path,
                              struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc file_beside_place(struct file_beside *f,
                               struct asid_err *err) ASID_WARN_UNUSED;
void file_beside_close(struct file_beside *f);
/* An unnamed file for data that only this process needs; gone with it. */
enum asid_rc file_temporary(int *fd, struct asid_err *err) ASID_WARN_UNUSED;
/* fsync a folder, so that a rename in it is durable. */
enum asid_rc file_sync_dir(const char *dir,
                           struct asid_err *err) ASID_WARN_UNUSED;
/* mkdir -p */
enum asid_rc file_make_dirs(const char *path,
                            struct asid_err *err) ASID_WARN_UNUSED;
/* "dir/name" in the arena; name alone when it is absolute or dir is ".". */
char *path_join(struct arena *a, const char *dir, const char *name);
/* The part after the last slash; the same without its last ".suffix". */
const char *path_base(const char *path);
struct str path_stem(const char *path);
/* The folder the running executable lies in, in the arena. */
enum asid_rc path_program_dir(struct arena *a, char **dir,
                              struct asid_err *err) ASID_WARN_UNUSED;

#endif
