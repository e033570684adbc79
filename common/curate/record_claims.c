/* Claims of records that nobody merged. */
#include "merge_int.h"

static struct json *claims_of(const struct text_rules *rules, struct arena *a,
                              struct str text, enum attribute attribute,
                              struct str source)
{
    const struct text *t = text_analyse_parts(rules, a, text, attribute, 0);
    struct json *list = json_new_array(a);

    for (size_t i = 0; i < t->n_claims; i++) {
        const struct text_claim *c = &t->claims[i];
        struct json *claim =
            claim_new(a, text_claim_sentence(a, t, c), c->start, c->end);

        if (source.n) {
            struct json *names = json_new_array(a);

            json_append(names, json_new_str(a, source));
            json_set(a, claim, "sources", names);
        }
        json_append(list, claim);
    }
    return list;
}

void record_claims_list(const struct text_rules *rules, struct arena *a,
                        struct json *record, struct str source)
{
    for (int k = 0; k < ATTRIBUTES; k++) {
        enum attribute attribute = (enum attribute)k;
        struct json *object = record_attribute(record, attribute);
        struct str text = record_attribute_text(record, attribute);
        const struct json *old = json_get(object, "claims");

        if (text.n && !(old && json_type(old) == JSON_ARRAY))
            json_set(a, object, "claims",
                     claims_of(rules, a, text, attribute, source));
    }
}

void record_claims_ensure(const struct text_rules *rules, struct arena *a,
                          struct json *record)
{
    struct merge_policy *policy;
    struct asid_err err;
    bool any = false;

    for (int k = 0; k < ATTRIBUTES; k++)
        any |= record_attribute_text(record, (enum attribute)k).n > 0;
    if (any) {
        record_claims_list(rules, a, record, (struct str){"", 0});
        return;
    }
    if (merge_policy_new(rules, a, &policy, &err) == ASID_OK)
        merge_attributes(policy, a, record);
}
