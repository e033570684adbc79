/* What schema_check.c (the walk) and schema_say.c (the words) share. */
#ifndef ASID_DATA_SCHEMA_CHECK_INT_H
#define ASID_DATA_SCHEMA_CHECK_INT_H

#include "schema_int.h"

struct check {
    struct arena *scratch;
    struct asid_err *err;
    const struct json *root; /* paths start here */
    const struct json *at;   /* the offending value, once there is one */
    pcre2_match_data *match; /* made when the first pattern is met */
    pcre2_match_context *limits;
    unsigned quiet; /* only the verdict is wanted */
    unsigned depth;
    bool partly; /* what nobody changed was checked where it is */
};

bool schema_type_fits(unsigned types, const struct json *v);
const struct schema_property *schema_find(const struct schema *s,
                                          struct str key);
/* The verdict alone. */
bool schema_fits(struct check *c, const struct schema *s, const struct json *v);

/* All of these note what is wrong with v, unless quiet, and return false. */
bool schema_say(struct check *c, const struct json *v, const char *fmt, ...)
    ASID_PRINTF(3, 4);
bool schema_say_type(struct check *c, const struct json *v, unsigned types);
bool schema_say_bound(struct check *c, const struct json *v, const char *how,
                      double bound);
bool schema_say_pattern(struct check *c, const struct json *v,
                        const char *pattern);
bool schema_say_enum(struct check *c, const struct json *v,
                     const struct json *allowed);
bool schema_say_const(struct check *c, const struct json *v,
                      const struct json *constant);
bool schema_say_missing(struct check *c, const struct json *v,
                        const struct schema *s);
/* m's key is in none of the n schemas; offers the nearest of their names. */
bool schema_say_unknown(struct check *c, const struct json *m,
                        const struct schema *const *s, size_t n);

/* Which of the alternatives, none of which fits, was meant? NULL when that
 * cannot be told; then the error has been noted. */
const struct schema *schema_guess(struct check *c,
                                  const struct schema_list *list,
                                  const struct json *v);

#endif
