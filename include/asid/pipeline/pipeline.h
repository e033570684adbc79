/*
 * Pipeline files: what a YAML file says, checked as a whole before anything
 * starts.
 *
 * The one source of stages and options is schemas/pipeline.schema.json: a
 * stage is an entry of "$defs" with "x-kind" source, filter or sink; the
 * options in the file are the program's long options. Options that asid-run
 * sets itself (-o, --ledger, ...) are refused in the file.
 */
#ifndef ASID_PIPELINE_PIPELINE_H
#define ASID_PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/hash.h"
#include "asid/data/json.h"

struct pipeline_stage {
    const char *name;           /* "caption"; the program is asid-caption */
    const struct json *entry;   /* its entry in the schema */
    const struct json *options; /* as written in the file, or NULL */
    const char *model;          /* checkpoint folder it is given, or NULL */
    bool source;                /* makes records instead of reading them */
};

struct pipeline {
    const char *path; /* of the file, as named by the user */
    const char *name;
    const char *root;          /* "." when the file names none */
    char sha256[HASH_HEX];     /* of the file's bytes */
    const struct json *schema; /* the whole schema document */
    struct pipeline_stage *stages;
    size_t n_stages;
};

/* Read and check a pipeline file. USAGE with "file:line:column: cause" for
 * whatever is wrong with it, its root or its model folders, and also when it
 * cannot be read. Everything lives in the arena. */
enum asid_rc pipeline_load(struct arena *a, const char *path,
                           struct pipeline *out,
                           struct asid_err *err) ASID_WARN_UNUSED;

/* The schema of an option of a stage, its own or a common one; NULL when the
 * program has no such option. */
const struct json *pipeline_option(const struct pipeline *p,
                                   const struct json *entry, struct str name);
/* The value that the file gives an option, else its default; may be NULL. */
const struct json *pipeline_value(const struct pipeline *p,
                                  const struct pipeline_stage *s,
                                  const char *name);
/* True for options that asid-run sets and a file may not. */
bool pipeline_reserved(struct str option);

#endif
