/* Imperfect observers: what they write is true but for what is noted, they err
 * as often as they should and independently, and the merge of three of them has
 * nearly all that any of them has. */
#include <math.h>

#include "asid/curate/merge.h"
#include "asid/curate/record.h"
#include "asid/synth/say.h"
#include "check_json.h"

enum { SEEDS = 1000, OBSERVERS = 3 };

static const struct text_rules *rules;
static struct merge_policy *policy;
static struct arena policy_arena;

struct tally {
    long facts, said, wrong, made_up, late, both, pairs;
    long only, kept;
};

static struct json *observe(const struct synth_world *w, size_t n)
{
    struct json *record = json_new_object(&arena);

    json_set_text(&arena, record, "id", "x");
    CHECK_OK(synth_sources(w, NULL, n, rules, &arena, record, &err), err);
    return record;
}

/* The claims of a source, in the order of its texts. */
static size_t claims_of(const struct json *source,
                        struct str claims[2 * SYNTH_FACTS_MAX],
                        double at[2 * SYNTH_FACTS_MAX])
{
    const struct json *caption = json_get(source, "caption");
    size_t n = 0;

    for (int k = caption ? -1 : 0; k < (caption ? 0 : ATTRIBUTES); k++) {
        const struct json *v =
            k < 0 ? caption
                  : json_get(json_get(source, "attributes"), attribute_keys[k]);
        const struct text *t;

        if (!v)
            continue;
        t = text_analyse(rules, &arena, json_str(v), (enum attribute)k);
        for (size_t i = 0; i < t->n_claims; i++) {
            claims[n] = text_claim_sentence(&arena, t, &t->claims[i]);
            at[n++] = t->claims[i].start;
        }
    }
    return n;
}

static const struct synth_fact *fact_said(const struct synth_fact *facts,
                                          size_t n, struct str claim,
                                          double time)
{
    for (size_t i = 0; i < n; i++) {
        unsigned wording = synth_fact_wording(&facts[i], 0);
        double start = facts[i].start;

        if (str_eq(synth_fact_sentence(&arena, &facts[i], wording, true),
                   claim) &&
            (isnan(start) || isnan(time) ||
             (time >= start && time <= start + 2)))
            return &facts[i];
    }
    return NULL;
}

/* What is noted of that sentence of that source, or NULL. */
static const struct json *noted(const struct json *record, const char *source,
                                struct str claim, double time)
{
    json_each(p, json_get(record, "planted")) {
        const char *class = json_text(json_get(p, "class"));
        struct str now = json_str(json_get(p, "now"));
        const struct text *t;

        if (strcmp(json_text(json_get(p, "source")), source) != 0)
            continue;
        if (strcmp(class, "time_shift") != 0) {
            if (str_eq(now, claim))
                return p;
            continue;
        }
        t = text_analyse(rules, &arena, now, ATTRIBUTE_NONE);
        if (str_eq(text_claim_sentence(&arena, t, &t->claims[0]), claim) &&
            t->claims[0].start == time)
            return p;
    }
    return NULL;
}

static void check_notes(const struct synth_world *w, const struct json *record)
{
    static const char *const classes[] = {
        "colour",     "count",      "object",  "action",
        "order",      "left_right", "speaker", "quote_words",
        "time_shift", "negation",   "addition"};

    json_each(p, json_get(record, "planted")) {
        const char *class = json_text(json_get(p, "class"));
        bool added = class && strcmp(class, "addition") == 0, known = false;
        const struct json *claim = json_get(p, "claim");

        for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
            known |= class && strcmp(class, classes[i]) == 0;
        CHECK(known, "%s", class);
        CHECK(attribute_of(json_str(json_get(p, "attribute"))) !=
                  ATTRIBUTE_NONE,
              "seed %d", (int)w->seed);
        CHECK((json_type(claim) == JSON_NULL) == added &&
                  (json_str(json_get(p, "was")).n == 0) == added &&
                  !str_eq(json_str(json_get(p, "was")),
                          json_str(json_get(p, "now"))),
              "seed %d: %s", (int)w->seed, json_text(json_get(p, "now")));
    }
}

static void check_sources(const struct synth_world *w,
                          const struct json *record, struct tally *tally)
{
    struct synth_fact facts[SYNTH_FACTS_MAX];
    size_t n_facts = synth_facts(w, NULL, facts), k = 0;
    bool wrong[OBSERVERS] = {false};

    json_each(source, json_get(record, "sources")) {
        struct str claims[2 * SYNTH_FACTS_MAX];
        double at[2 * SYNTH_FACTS_MAX];
        const char *name = json_text(json_get(source, "name"));
        size_t n = claims_of(source, claims, at);

        CHECK_TEXT(name, k == 0 ? "a" : k == 1 ? "b" : "c");
        CHECK((json_get(source, "caption") != NULL) == (k != 1) || n == 0,
              "seed %d", (int)w->seed);
        tally->facts += (long)n_facts;
        for (size_t i = 0; i < n; i++) {
            const struct json *note = noted(record, name, claims[i], at[i]);

            CHECK(note || fact_said(facts, n_facts, claims[i], at[i]),
                  "seed %d, %s at %g: %.*s", (int)w->seed, name, at[i],
                  (int)claims[i].n, claims[i].p);
            tally->said++;
        }
        json_each(p, json_get(record, "planted")) {
            bool mine = strcmp(json_text(json_get(p, "source")), name) == 0;
            const char *class = json_text(json_get(p, "class"));

            if (mine && strcmp(class, "addition") == 0)
                tally->made_up++;
            else if (mine)
                tally->wrong++;
            wrong[k] |=
                mine && json_text(json_get(p, "attribute")) &&
                strcmp(json_text(json_get(p, "attribute")), "scene") == 0;
        }
        k++;
    }
    CHECK(k == OBSERVERS, "%zu", k);
    tally->pairs++;
    tally->both += wrong[0] && wrong[1];
    tally->only += wrong[0];
    tally->late += wrong[1];
}

/* Whether the claim is in the merged attributes, or one of the readings that
 * are left open. */
static bool is_kept(const struct json *record, enum attribute key,
                    struct str claim)
{
    json_each(c, json_get(record_attribute(record, key), "claims")) {
        if (str_eq(json_str(json_get(c, "text")), claim))
            return true;
        json_each(reading, json_get(c, "alternatives")) {
            if (memmem(json_str(json_get(reading, "text")).p,
                       json_str(json_get(reading, "text")).n, claim.p + 1,
                       claim.n - 2))
                return true;
        }
    }
    return false;
}

static void check_merge(const struct synth_world *w, struct json *record,
                        long *said, long *kept)
{
    struct synth_fact facts[SYNTH_FACTS_MAX];
    size_t n_facts = synth_facts(w, NULL, facts);
    bool found[SYNTH_FACTS_MAX] = {false};

    json_each(source, json_get(record, "sources")) {
        struct str claims[2 * SYNTH_FACTS_MAX];
        double at[2 * SYNTH_FACTS_MAX];
        size_t n = claims_of(source, claims, at);

        for (size_t i = 0; i < n; i++) {
            const struct synth_fact *f =
                fact_said(facts, n_facts, claims[i], at[i]);

            if (f)
                found[f - facts] = true;
        }
    }
    CHECK_OK(merge_record(policy, &arena, record, &err), err);
    for (size_t i = 0; i < n_facts; i++) {
        struct str claim = synth_fact_sentence(
            &arena, &facts[i], synth_fact_wording(&facts[i], 0), true);

        *said += found[i];
        *kept +=
            found[i] && is_kept(record, synth_fact_attribute(&facts[i]), claim);
    }
}

static void observers_err(void)
{
    struct tally t = {0};
    long said = 0, kept = 0;
    double share;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct synth_world w;
        struct json *record;

        synth_world_make(seed + 77777, &w);
        record = observe(&w, OBSERVERS);
        check_notes(&w, record);
        check_sources(&w, record, &t);
        CHECK_TEXT(written(observe(&w, OBSERVERS)), written(record));
        check_merge(&w, record, &said, &kept);
        arena_reset(&arena);
    }
    share = (double)(t.said - t.made_up) / (double)t.facts;
    CHECK(share > 0.73 && share < 0.77, "%g of the facts are said", share);
    share = (double)t.wrong / (double)(t.said - t.made_up);
    CHECK(share > 0.08 && share < 0.14, "%g of them are wrong", share);
    share = (double)t.made_up / SEEDS / OBSERVERS;
    CHECK(share > 0.25 && share < 0.45, "%g things made up", share);
    check_case("observers leave out, mistake and make up what is noted");
    /* Of independent events, both happen as often as the product says. */
    share = (double)t.only / SEEDS * (double)t.late / SEEDS;
    CHECK(fabs((double)t.both / SEEDS - share) < 0.02, "%ld of %ld and %ld",
          t.both, t.only, t.late);
    check_case("observers err independently");
    CHECK((double)kept >= 0.985 * (double)said, "%ld of %ld", kept, said);
    printf("# %ld of %ld details are kept or left open\n", kept, said);
    check_case("the merge keeps what any of them has");
}

static void any_number_of_them(void)
{
    struct synth_world w;

    synth_world_make(5, &w);
    CHECK(json_count(json_get(observe(&w, 0), "sources")) == 0, "none");
    CHECK(json_count(json_get(observe(&w, 30), "sources")) == 30, "thirty");
    CHECK_TEXT(json_text(json_path(observe(&w, 30), "sources.27.name")), "b1");
    arena_reset(&arena);
    check_case("any number of observers");
}

int main(void)
{
    CHECK_OK(text_rules_load(&rules, &err), err);
    CHECK_OK(merge_policy_new(rules, &policy_arena, &policy, &err), err);
    observers_err();
    any_number_of_them();
    text_rules_free(rules);
    arena_release(&arena);
    arena_release(&policy_arena);
    return check_done();
}
