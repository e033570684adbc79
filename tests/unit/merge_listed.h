/* A check that both tests of the merge make. Included behind check.h. */
#ifndef TESTS_UNIT_MERGE_LISTED_H
#define TESTS_UNIT_MERGE_LISTED_H

#include "asid/curate/record.h"

/* What is listed is what a reader of the text finds: the same statements in the
 * same order, open ones aside. */
static inline void check_listed(const struct text_rules *rules,
                                struct arena *work, const struct json *r)
{
    for (int k = 0; k < ATTRIBUTES; k++) {
        const struct json *a = record_attribute(r, (enum attribute)k);
        struct str text = record_attribute_text(r, (enum attribute)k);
        const struct text *t =
            text_analyse(rules, work, text, (enum attribute)k);
        size_t i = 0;

        json_each(claim, json_get(a, "claims")) {
            const char *listed = json_text(json_get(claim, "text"));
            struct str found = {"(none)", 6};

            if (json_get(claim, "alternatives"))
                continue;
            if (i < t->n_claims)
                found = text_claim_sentence(work, t, &t->claims[i++]);
            CHECK(str_is(found, listed), "%s:\n#  listed %s\n#  found  %.*s",
                  text.p, listed, (int)found.n, found.p);
        }
        CHECK(i == t->n_claims, "%zu of %zu in %s", i, t->n_claims, text.p);
    }
}

#endif
