/*
 * JSON with full fidelity.
 *
 * A parsed document keeps the text it came from. What nobody changed is
 * written back byte for byte: unknown keys, key order, the spelling of
 * numbers, escapes and blanks survive. Only changed values and the containers
 * around them are written anew (a container's untouched members again byte for
 * byte).
 *
 * Strict RFC 8259 over strict UTF-8; duplicate keys, lone surrogates (\ud800),
 * too much depth and anything after the value are errors with a byte offset.
 * See docs/decisions/0001-own-json.md for why this is not a library.
 *
 * Everything lives in the arena given to json_parse or json_new_*; the text
 * given to json_parse must live as long. Not safe for two threads at once on
 * one document.
 */
#ifndef ASID_DATA_JSON_H
#define ASID_DATA_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"

enum json_type {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

enum {
    JSON_MAX_DEPTH = 128,
    /* Most values of one document, so that 64 MiB of "[0,0,0" cannot take
     * gigabytes; a value takes 64 bytes. */
    JSON_MAX_VALUES = 16 * 1024 * 1024,
};

struct json; /* one value */

/* Parse exactly one value; blanks around it are allowed. On a fault REJECT with
 * code "input.syntax" and a message with the byte offset (from 0). text must
 * stay alive and unchanged while the document is used. max_depth 0 means
 * JSON_MAX_DEPTH. */
enum asid_rc json_parse(struct arena *a, struct str text, unsigned max_depth,
                        struct json **out,
                        struct asid_err *err) ASID_WARN_UNUSED;

/* --- looking ----------------------------------------------------------- */

enum json_type json_type(const struct json *v);
const char *json_type_name(enum json_type t); /* "null", "boolean", ... */
/* The member of that name or element of that index; NULL when v is NULL, of
 * another type, or has none. */
struct json *json_get(const struct json *v, const char *key);
struct json *json_get_str(const struct json *v, struct str key);
struct json *json_at(const struct json *v, size_t index);
/* Walk along a dotted path such as "media.video.width"; digits select an
 * array's element: "sources.0.name". */
struct json *json_path(const struct json *v, const char *path);
/* Members or elements. */
size_t json_count(const struct json *v);
/* Iteration in order; works for arrays and objects. The body of json_each may
 * unlink, move or replace item, but no other element. */
struct json *json_first(const struct json *v);
struct json *json_next(const struct json *v); /* NULL for NULL */
#define json_each(item, container)                                             \
 for (struct json *item = json_first(container),                               \
                  *item##_next = json_next(item);                              \
      item; item = item##_next, item##_next = json_next(item))
/* The key of an object's member, decoded; empty for anything else. */
struct str json_key(const struct json *v);
/* A string's text, decoded (escapes resolved, may contain U+0000); valid as
 * long as the arena. v must be a string. */
struct str json_str(const struct json *v);
/* Terminated text of a string without U+0000, else NULL (also for v NULL or
 * another type). */
const char *json_text(const struct json *v);
bool json_bool(const struct json *v);              /* false unless true */
struct str json_spelling(const struct json *v);    /* a number as written */
bool json_f64(const struct json *v, double *out);  /* false unless a number */
bool json_i64(const struct json *v, int64_t *out); /* whole, in range; 3.0 is */
/* The bytes this value was parsed from; empty when it was made or changed. */
struct str json_source(const struct json *v);
/* Strings are decoded when first asked for. This decodes all of them now:
 * afterwards several threads may look at the document (not change it). */
void json_settle(struct json *v);

/* --- making ------------------------------------------------------------ */

struct json *json_new_null(struct arena *a);
struct json *json_new_bool(struct arena *a, bool value);
struct json *json_new_i64(struct arena *a, int64_t value);
struct json *json_new_f64(struct arena *a, double value); /* finite; shortest */
/* The number, or null when it is not finite. */
struct json *json_new_finite(struct arena *a, double value);
/* text must be UTF-8 (bytes that are not become U+FFFD); copied. */
struct json *json_new_str(struct arena *a, struct str text);
struct json *json_new_text(struct arena *a, const char *text);
/* The same, or null when it is empty. */
struct json *json_new_nonempty(struct arena *a, struct str text);
struct json *json_new_array(struct arena *a);
struct json *json_new_object(struct arena *a);
/* Deep copy into another arena. */
struct json *json_copy(struct arena *a, const struct json *v);

/* --- changing ---------------------------------------------------------- */

/* Set a member: replaces in place (order kept) or appends. value must not be
 * part of another container; json_unlink it first. key is copied. */
void json_set(struct arena *a, struct json *object, const char *key,
              struct json *value);
void json_set_str(struct arena *a, struct json *object, struct str key,
                  struct json *value);
void json_append(struct json *array, struct json *value);
/* Take a value out of its container; it stays usable. */
void json_unlink(struct json *v);
/* Short forms of json_set. */
void json_set_text(struct arena *a, struct json *object, const char *key,
                   const char *text);
void json_set_i64(struct arena *a, struct json *object, const char *key,
                  int64_t value);
void json_set_f64(struct arena *a, struct json *object, const char *key,
                  double value);
void json_set_bool(struct arena *a, struct json *object, const char *key,
                   bool value);

/* --- writing ----------------------------------------------------------- */

/* Append the value: untouched parts byte for byte, the rest compact
 * (`{"a":1}`), non-ASCII as UTF-8, control characters escaped. No newline. A
 * value parsed from text holding raw newlines between tokens is written
 * without these newlines (a record is one line). */
void json_write(struct buf *b, const struct json *v);
/* The same with two-space indentation, every value anew, numbers as spelled. */
void json_write_pretty(struct buf *b, const struct json *v);

#endif
