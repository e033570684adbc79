/*
 * Reading existing datasets: rows that somebody else wrote about videos.
 *
 * Understood are the rows that trainers read and the rows that captioners
 * write:
 *
 *     ms-swift       messages, videos
 *     ShareGPT       conversations (from, value), video: LLaVA-Video's too
 *     query          query, response, videos
 *     caption        video or video_path, and caption, pred, answer or text:
 *                    what caption scripts and test sets hold
 *     asid           raw rows and records: attributes, caption, sources
 *
 * Rows lie in JSON Lines, or in one JSON array.
 */
#ifndef ASID_DATASET_ANNOTATION_H
#define ASID_DATASET_ANNOTATION_H

#include <stdbool.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"
#include "asid/data/json.h"
#include "asid/text/attribute.h"

/* One row, as far as it is understood; views point into the row. */
struct annotation {
    struct str video;  /* the path as written */
    struct str id;     /* n 0: none; numbers as they are spelled */
    struct str sha256; /* of the video, n 0: none */
    struct str name;   /* of the captioner, n 0: none */
    struct str caption;
    /* What the caption is about: from a key `attribute`, else guessed from a
     * question that names exactly one attribute (see annotation_record). */
    enum attribute attribute;
    bool guessed;
    const struct json *attributes; /* texts, or objects with a text; or NULL */
    const struct json *sources;    /* or NULL */
};

/* Understand a row. REJECT input.schema when it names no video or several, or
 * says nothing about it, or is a dialogue of several answers. */
enum asid_rc annotation_read(struct arena *a, const struct json *row,
                             struct annotation *out,
                             struct asid_err *err) ASID_WARN_UNUSED;

/* One row of a video with the file it came from. */
struct annotation_row {
    const char *from; /* names the source when the row does not */
    const struct json *row;
};

/* Add to a record what the rows of its video say: an entry of `sources` per
 * captioner, and keys of the first row that mean nothing to asid, unchanged.
 * A guessed attribute counts only when the rows of one source ask about two or
 * more attributes: "describe the scene" alone is a question about everything.
 * REJECT as annotation_read; two rows about the same attribute by one source
 * become two sources, the second named NAME-2. */
enum asid_rc annotation_record(struct arena *a,
                               const struct annotation_row *rows, size_t n,
                               struct json *record,
                               struct asid_err *err) ASID_WARN_UNUSED;

/* Hand over every row of a file in order: text without a newline around it and
 * the physical line (of an array: the number of the element). Broken lines come
 * with row NULL and the reason in *why; an array that is broken is FAILED,
 * because nothing behind the fault can be trusted, and so is a file in UTF-16. A
 * file that begins with '[' is an array; it may have at most 1 GiB. A UTF-8
 * byte-order mark at the start is passed by. */
typedef enum asid_rc (*annotation_sink)(void *user, struct str text,
                                        uint64_t line, const struct json *row,
                                        const struct asid_err *why,
                                        struct asid_err *err);
enum asid_rc annotation_file(const char *path, annotation_sink sink, void *user,
                             struct asid_err *err) ASID_WARN_UNUSED;

#endif
