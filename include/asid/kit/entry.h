/*
 * Entries: what schemas/pipeline.schema.json says about a program.
 *
 * An entry is a member of "$defs" with "x-kind" (source, filter, sink, tool).
 * Its properties are the program's long options; with "x-common": true the
 * options of "$defs"."common" belong to it as well. --help and --version
 * belong to every program. "x-options-of" names further groups of options
 * under "$defs" ("model-options"): entry_document() copies them into the
 * properties of the entry, behind its own, which win where both have one; a
 * copy says in "x-group" which heading help puts it under.
 *
 * x-options-of lists further groups of "$defs" whose options belong to the
 * program; x-hides those of them that it refuses, and so does not show;
 * x-model-with names the one option with which it asks a model.
 *
 * Annotations of an option: x-short (one letter), x-arg (what help calls the
 * value), x-positional (arguments without a name: one for a string, all that
 * remain for an array), x-cosmetic (does not affect results), x-hidden,
 * x-not-with (values of other options beside which it means nothing).
 */
#ifndef ASID_KIT_ENTRY_H
#define ASID_KIT_ENTRY_H

#include <stdbool.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"
#include "asid/data/json.h"

/* Parse the embedded schema document and give every program the options of the
 * groups it names. FAILED when it names one that is not there. */
enum asid_rc entry_document(struct arena *a, struct json **document,
                            struct asid_err *err) ASID_WARN_UNUSED;
/* The entry of a program ("caption"), or NULL. */
struct json *entry_find(const struct json *document, const char *program);
/* Whether a member of "$defs" is a program. */
bool entry_is_program(const struct json *entry);
/* x-kind, "" when there is none. */
const char *entry_kind(const struct json *entry);
/* An option of a program, its own or a common one, or NULL. */
struct json *entry_option(const struct json *document, const struct json *entry,
                          struct str name);
/* The properties of "$defs"."common". */
struct json *entry_common(const struct json *document);
/* With an option that was given a value, beside the values of all options: the
 * member of its x-not-with ("prompts": "generic") that makes it mean nothing,
 * or NULL. A list without items was not given. */
const struct json *entry_clash(const struct json *option,
                               const struct json *value,
                               const struct json *options);

#endif
