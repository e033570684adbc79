/*
 * JSON Schema (2020-12), the subset that schemas/ uses.
 *
 * Understood: type (name or list), required, properties, patternProperties,
 * additionalProperties, items, prefixItems, minItems, maxItems, enum, const,
 * minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength,
 * pattern, oneOf, anyOf, allOf, not, $ref (inside the document), $defs, and
 * the annotations title, description, default, examples, $schema, $id,
 * $comment, and anything that begins with "x-". Any other keyword makes
 * schema_load fail, so that a schema is never weaker than it reads.
 */
#ifndef ASID_DATA_SCHEMA_H
#define ASID_DATA_SCHEMA_H

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/data/json.h"

struct schema;

/* Prepare a schema document (kept, not copied) for checking; pointer is a JSON
 * pointer to the part to check against ("" for the whole, "/$defs/merge").
 * Everything lives in the arena. FAILED names the faulty keyword's place. */
enum asid_rc schema_load(struct arena *a, const struct json *document,
                         const char *pointer, const struct schema **out,
                         struct asid_err *err) ASID_WARN_UNUSED;

/* Check a value. REJECT with code "input.schema" and a message that names the
 * path and what was expected: "sources[0].attributes.scene: expected a string,
 * got an array". If at is not NULL, it gets the offending value (for its
 * position in a file). Safe for several threads on one schema; the arena is
 * scratch of the caller. */
enum asid_rc schema_check(const struct schema *s, struct arena *scratch,
                          const struct json *value, const struct json **at,
                          struct asid_err *err) ASID_WARN_UNUSED;

/* The same of a parsed value that fitted the schema and was changed since: only
 * what was changed or moved is looked at, and what is around it. */
enum asid_rc schema_check_changes(const struct schema *s, struct arena *scratch,
                                  const struct json *value,
                                  const struct json **at,
                                  struct asid_err *err) ASID_WARN_UNUSED;

/* The files of schemas/ embedded in the program: "record.schema.json",
 * "pipeline.schema.json", "codes.tsv", "ledger.sql". Empty when there is no
 * such file. */
struct str schema_file(const char *name);

/* The one-line meaning of a reject or finding code, or NULL if codes.tsv does
 * not list it. */
bool schema_code(const char *code, struct str *kind, struct str *meaning);
/* Feed it every code of codes.tsv. */
void schema_code_nearer(struct str_nearest *near);

#endif
