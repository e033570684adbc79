/*
 * Which files a record becomes rows of.
 *
 *     raw                raw.jsonl
 *     single-attribute   annotations/GROUP/train/single_attribute_GROUP.jsonl
 *     all-attributes     annotations/GROUP/train/all_attributes_GROUP.jsonl
 *     ms-swift           ms_swift.jsonl
 *     llama-factory      llama_factory.jsonl and dataset_info.json
 *     sharegpt           sharegpt.jsonl
 *     pairs              pairs.jsonl: answers before and after refinement
 *
 * GROUP is a duration group, with "_COLLECTION" behind it when a collection is
 * named: the layout of ASID-1M. Beside each format lies FORMAT.features.json
 * (raw: features.json).
 */
#ifndef ASID_DATASET_EXPORT_H
#define ASID_DATASET_EXPORT_H

#include "asid/dataset/budget.h"
#include "asid/dataset/folder.h"
#include "asid/dataset/rows.h"

enum export_format {
    EXPORT_RAW,
    EXPORT_SINGLE,
    EXPORT_ALL,
    EXPORT_MS_SWIFT,
    EXPORT_LLAMA_FACTORY,
    EXPORT_SHAREGPT,
    EXPORT_PAIRS,
    EXPORT_FORMATS,
};
/* "raw", "single-attribute", ...: the values of --formats. */
extern const char *const export_formats[EXPORT_FORMATS];

struct export_wish {
    bool format[EXPORT_FORMATS];
    const char *collection; /* or NULL */
    struct lesson_wish lessons;
    struct row_budget budget;
};

/* Whether every row of the record fits; for worker threads. */
enum asid_rc export_fits(const struct export_wish *wish, struct arena *scratch,
                         const struct json *record,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* Begin the files that do not depend on the records, so that a format that was
 * asked for is there even when no record has a row for it. */
enum asid_rc export_begin(const struct export_wish *wish, struct dataset *d,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* Append the record's rows. In input order, on one thread. */
enum asid_rc export_rows(const struct export_wish *wish, struct dataset *d,
                         struct arena *scratch, const struct json *record,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* Add the descriptions and publish. */
enum asid_rc export_end(const struct export_wish *wish, struct dataset *d,
                        struct asid_err *err) ASID_WARN_UNUSED;

/* Read a published dataset as a trainer would: every file of the manifest is
 * there with its bytes and rows, every row has the keys and types of the
 * features beside it, media tags match the media lists, and the videos that
 * rows name are files below root. FAILED names the first fault. */
enum asid_rc export_check(const char *dir, const char *root,
                          struct asid_err *err) ASID_WARN_UNUSED;

#endif
