/*
 * Prompt sets: the user texts captioners are asked with. The texts are in
 * schemas/prompts.json, versioned; a set has several wordings, and which one a
 * record gets depends on its id and the seed alone.
 */
#ifndef ASID_ASK_PROMPTS_H
#define ASID_ASK_PROMPTS_H

#include <stddef.h>
#include <stdint.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"
#include "asid/text/attribute.h"

struct prompts;

/* Parse the embedded sets; everything lives in the arena. FAILED when the file
 * is malformed (a build fault, caught by its test). */
enum asid_rc prompts_load(struct arena *a, const struct prompts **out,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* The version number, for hashes. */
int64_t prompts_version(const struct prompts *p);

struct prompt_request {
    const char *set;      /* "all-attributes", "single-attribute", "generic" */
    const char *override; /* use this text instead of the set's, or NULL */
    const char *const
        *attributes; /* keys for the slot {attr}, joined by ", " */
    size_t n_attributes;
    const char *id;
    uint64_t seed;
};
/* The text, in the arena: a wording of the set chosen by hash(seed, id), every
 * {attr} replaced by the attributes' names. The same wording for every
 * attribute of one record. USAGE for an unknown set. */
enum asid_rc prompt_text(const struct prompts *p, struct arena *a,
                         const struct prompt_request *request, struct str *text,
                         struct asid_err *err) ASID_WARN_UNUSED;

#endif
