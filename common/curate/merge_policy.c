/* The merge's options and the few words that it has to know itself. */
#include "asid/base/num.h"
#include "merge_int.h"

/* Blank-separated; looked up by stem, so one form of each is enough. */
static const char *const lists[LISTS] = {
    "man boy gentleman guy father dad son brother husband grandfather king "
    "he him his himself male",
    "woman girl lady mother mom daughter sister wife grandmother queen she her "
    "hers herself female",
    "wear see seen show shown appear visible depict feature seem look locate "
    "situated place placed take begin start continue scene video clip footage "
    "frame shot image picture camera set setting various several also then "
    "clearly directly currently be have do there say speak tell explain add "
    "state remark comment mention reply respond",
    "speech dialogue speak talk voice conversation narration word spoken",
    "bright dark light pale deep vivid dull",
    "under below beneath above over behind beside next near inside outside "
    "between around through off away against front past",
    "m cm mm km meter centimeter millimeter kilometer inch foot feet ft yard "
    "mile mph kmh kph kg g gram kilogram pound lb ounce oz liter ml degree "
    "percent dollar euro cent fps hz",
    "before after",
};

static void list_word(struct merge_policy *p, uint64_t stem, int list)
{
    size_t i = (stem ^ stem >> 29) & (LISTED_MAX - 1);

    while (p->listed[i].lists && p->listed[i].stem != stem)
        i = (i + 1) & (LISTED_MAX - 1);
    p->listed[i].stem = stem;
    p->listed[i].lists |= (uint8_t)(1 << list);
}

enum asid_rc merge_policy_new(const struct text_rules *rules, struct arena *a,
                              struct merge_policy **out, struct asid_err *err)
{
    struct merge_policy *p = arena_alloc(a, sizeof *p);
    size_t n = 0;

    (void)err;
    p->rules = rules;
    p->arena = a;
    p->tolerance = 2;
    for (int i = 0; i < LISTS; i++) {
        const struct text *t =
            text_analyse(rules, a, str_of(lists[i]), ATTRIBUTE_NONE);

        n += t->n_words;
        BUG_IF(2 * n > LISTED_MAX);
        for (size_t k = 0; k < t->n_words; k++)
            list_word(p, t->words[k].stem, i);
    }
    *out = p;
    return ASID_OK;
}

/* "NAME.speech": cut the attribute off; a name may contain full stops. */
static enum attribute cut_attribute(struct str *name)
{
    const char *dot = memrchr(name->p, '.', name->n);
    enum attribute found;

    if (!dot)
        return ATTRIBUTE_NONE;
    found = attribute_of(
        (struct str){dot + 1, (size_t)(name->p + name->n - dot - 1)});
    if (found != ATTRIBUTE_NONE)
        name->n = (size_t)(dot - name->p);
    return found;
}

enum asid_rc merge_policy_weight(struct merge_policy *p, const char *spec,
                                 struct asid_err *err)
{
    const char *equals = strrchr(spec, '=');
    struct weight_rule *rule = arena_alloc(p->arena, sizeof *rule);
    struct str name;

    if (!equals || equals == spec)
        return USAGE(err, "weights: %s: expected NAME=WEIGHT", spec);
    if (!num_f64(str_of(equals + 1), &rule->weight) || rule->weight < 0 ||
        rule->weight > 1e6)
        return USAGE(err, "weights: %s: expected a weight of 0 to 1000000",
                     spec);
    name = (struct str){spec, (size_t)(equals - spec)};
    rule->attribute = cut_attribute(&name);
    if (name.n == 0)
        return USAGE(err, "weights: %s: expected a name before the attribute",
                     spec);
    rule->name = arena_strndup(p->arena, name.p, name.n);
    for (const struct weight_rule *w = p->weights; w; w = w->next)
        if (strcmp(w->name, rule->name) == 0 && w->attribute == rule->attribute)
            return USAGE(
                err, "weights: %s: has a weight already",
                arena_strndup(p->arena, spec, (size_t)(equals - spec)));
    rule->next = p->weights;
    p->weights = rule;
    return ASID_OK;
}

void merge_policy_heard(struct merge_policy *p, const char *name)
{
    struct name_rule *rule = arena_alloc(p->arena, sizeof *rule);

    rule->name = arena_strdup(p->arena, name);
    rule->next = p->heard;
    p->heard = rule;
}

void merge_policy_tolerance(struct merge_policy *p, double seconds)
{
    p->tolerance = seconds;
}

double merge_weight(const struct merge_policy *p, struct str name,
                    enum attribute attribute)
{
    double weight = 1;

    for (const struct weight_rule *w = p->weights; w; w = w->next) {
        if (!str_is(name, w->name))
            continue;
        if (w->attribute == attribute)
            return w->weight;
        if (w->attribute == ATTRIBUTE_NONE)
            weight = w->weight;
    }
    return weight;
}

bool merge_is_heard(const struct merge_policy *p, struct str name)
{
    for (const struct name_rule *h = p->heard; h; h = h->next)
        if (str_is(name, h->name))
            return true;
    return false;
}
