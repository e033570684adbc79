/*
 * Sidecars: transcripts that lie beside a video under its name.
 *
 *   clip.srt  clip.mp4.srt       for clip.mp4
 *   clip.en.vtt  clip.en-US.json  in a language
 *
 * or in a folder of their own, under the video's path there, the record's id or
 * the video's name. Names come out of folder listings and are never put
 * together from a record, and what a name leads to must lie where it was looked
 * for: a record or a link cannot have other files read.
 */
#ifndef ASID_CURATE_SIDECAR_H
#define ASID_CURATE_SIDECAR_H

#include "asid/curate/asr.h"

struct sidecars; /* listings of the folders seen so far; locks itself */

struct sidecars *sidecars_new(void);
void sidecars_free(struct sidecars *s);

struct sidecar {
    const char *path; /* to open */
    const char *home; /* real path of the folder it must not lead out of */
    const char *name; /* for people: the file's name alone */
    enum asr_format format;
    struct str language; /* as the name says; n 0: it does not */
};

struct sidecar_query {
    const char *root;  /* folder that relative videos start from */
    const char *dir;   /* look there and not beside the video; NULL: beside */
    const char *video; /* as in the record, or NULL */
    const char *id;
    const enum asr_format *formats; /* wanted, the best first */
    size_t n_formats;
    const char *language; /* wanted, as of asr_language, or NULL: any */
};

struct sidecar_list {
    const struct sidecar *files; /* the best first */
    size_t n;
    const char *note; /* or NULL: what the choice could not know, or why a
                         folder was not looked at; one line */
};

/* All sidecars of a record, in the arena: by place, then by format as wanted,
 * then by language: the wanted one, then its relatives ("en-US" for "en"),
 * then those that name none; files in other languages are left out. When no
 * language is wanted, those that name none come first, then the original of
 * several ("en-orig"), then the rest by name. */
void sidecars_find(struct sidecars *s, struct arena *a,
                   const struct sidecar_query *q, struct sidecar_list *out);

/* The text of a sidecar. REJECT asr.sidecar when it is no regular file, too
 * long or cannot be read. */
enum asid_rc sidecar_read(struct arena *a, const struct sidecar *file,
                          struct str *text,
                          struct asid_err *err) ASID_WARN_UNUSED;

#endif
