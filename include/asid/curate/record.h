/*
 * Attributes, claims and findings of a record: the keys that the curation
 * stages read and write (schemas/record.schema.json).
 *
 * A stage that runs again replaces what it wrote the first time: it begins
 * with findings_drop().
 */
#ifndef ASID_CURATE_RECORD_H
#define ASID_CURATE_RECORD_H

#include "asid/data/json.h"
#include "asid/text/text.h"

/* The member of record.attributes, or NULL (also when it is null). */
struct json *record_attribute(const struct json *record, enum attribute key);
/* The same, made when missing; attributes stay in the order of the contract
 * whatever the order in which they are made. */
struct json *record_attribute_make(struct arena *a, struct json *record,
                                   enum attribute key);
/* record.attributes.KEY.text as UTF-8 with U+0000 impossible, or n 0. */
struct str record_attribute_text(const struct json *record, enum attribute key);
/* record.caption, or n 0. */
struct str record_caption(const struct json *record);
/* Seconds of the clip from media.duration; NAN when not known. */
double record_duration(const struct json *record);

/* Append a finding. attribute ATTRIBUTE_NONE and claim -1 leave the key out.
 * code must be listed in schemas/codes.tsv (BUG otherwise). Returns the
 * finding, to which a stage may add keys of its own. */
struct json *finding_add(struct arena *a, struct json *record,
                         const char *stage, const char *code,
                         enum attribute attribute, ptrdiff_t claim,
                         const char *fmt, ...) ASID_PRINTF(7, 8);
/* Remove the findings of a stage; an empty list goes as well. */
void findings_drop(struct json *record, const char *stage);

/* A claim object: text, start, end (null when NAN). */
struct json *claim_new(struct arena *a, struct str text, double start,
                       double end);
/* start and end of a claim object; NAN when null or absent. */
void claim_times(const struct json *claim, double *start, double *end);
/* Give a claim object other ones; null for NAN. */
void claim_set_times(struct arena *a, struct json *claim, double start,
                     double end);

/* Make sure that every attribute with a text has claims: where the list is
 * missing, the text is analysed and its claims are listed. Records that have
 * only a caption (or one source and nothing merged) get attributes from it
 * first. Used by stages that may be handed records nobody merged. */
void record_claims_ensure(const struct text_rules *rules, struct arena *a,
                          struct json *record);

#endif
