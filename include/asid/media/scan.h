/*
 * Finding video files: named files and whatever lies below named folders.
 *
 * Calling sequence: fill in root and suffixes, scan_add for each input,
 * scan_finish, look at files[0 .. n-1], scan_release.
 */
#ifndef ASID_MEDIA_SCAN_H
#define ASID_MEDIA_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"

struct scan_file {
    const char *path; /* as found: relative to root, or absolute */
    /* All 0 when the file cannot be looked at. A file that was replaced by one
     * of the same size and mtime has another ctime; on file systems that keep
     * none, another inode. */
    uint64_t size;
    int64_t mtime, ctime; /* nanoseconds */
    uint64_t device, inode;
    const char *real; /* these two are scan_finish's own */
    size_t order;
    bool stem_unique; /* no other file of this scan has the same stem */
};

struct scan {
    struct arena *arena;         /* holds the paths */
    const char *root;            /* folder that relative inputs start from */
    const char *const *suffixes; /* "mp4"; case does not matter */
    size_t n_suffixes;
    struct scan_file *files;
    size_t n, room;
};

/* Add a file, whatever it is called, or the files with one of the suffixes
 * below a folder, in the byte order of their paths. Hidden files and folders
 * are left out, links are followed but not in circles. FAILED when the input is
 * not there, for a misspelt folder is no video that is missing, or when a
 * folder cannot be read. */
enum asid_rc scan_add(struct scan *s, const char *input,
                      struct asid_err *err) ASID_WARN_UNUSED;
/* Add a path as a file, whatever it leads to and even if it is not there
 * (whoever opens it will say so); it is not looked into. */
void scan_add_file(struct scan *s, const char *path);
/* Drop files that were found before, set stem_unique. A file is the same when
 * its path is, or when two paths of one stem lead to it over "..", folders
 * that are links, or links to files. A link of another name is another clip to
 * whoever made it, and hard links are two files: copies of the folder would
 * be, too. */
void scan_finish(struct scan *s);
void scan_release(struct scan *s);

#endif
