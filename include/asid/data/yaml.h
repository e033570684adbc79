/*
 * YAML to JSON, with positions, by libyaml.
 *
 * The JSON subset of YAML 1.1 plus anchors and aliases within bounds: mapping
 * keys are scalars, duplicate keys are errors, tags other than the core ones
 * are errors. Plain scalars true/false, null/~/empty, integers and decimals
 * become their JSON types; everything else (also yes, no, on, off) is a string.
 */
#ifndef ASID_DATA_YAML_H
#define ASID_DATA_YAML_H

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"
#include "asid/data/json.h"

struct yaml_place {
    unsigned line, column; /* both from 1 */
};

/* Parse one document of at most 1 MiB; aliases may expand to at most 100,000
 * values, depth is at most 64. FAILED: "name:line:column: cause". */
enum asid_rc yaml_parse(struct arena *a, struct str text, const char *name,
                        struct json **out,
                        struct asid_err *err) ASID_WARN_UNUSED;
/* Where a value of such a document begins; a member's place is its key's.
 * {0,0} for values that did not come from yaml_parse. */
struct yaml_place yaml_where(const struct json *v);

#endif
