/* False facts: they do not hold, and read like true ones. */
#include <math.h>

#include "asid/curate/record.h"
#include "asid/synth/say.h"
#include "check_json.h"

enum { SEEDS = 1500 };

static const struct text_rules *rules;

static struct str sentence(const struct synth_fact *f, unsigned wording)
{
    return synth_fact_sentence(&arena, f, wording, false);
}

/* One claim, of the attribute that it is about, at its time. */
static void check_reading(const struct synth_fact *f, uint64_t seed)
{
    for (unsigned wording = 0; wording < SYNTH_WORDINGS; wording++) {
        struct str s = sentence(f, wording);
        const struct text *t = text_analyse(rules, &arena, s, ATTRIBUTE_NONE);

        CHECK(t->n_claims == 1 &&
                  t->claims[0].attribute == synth_fact_attribute(f),
              "seed %d: %zu claims, of %s: %.*s", (int)seed, t->n_claims,
              t->n_claims ? attribute_keys[t->claims[0].attribute] : "nothing",
              (int)s.n, s.p);
        CHECK(t->n_claims != 1 ||
                  (isnan(f->start) ? isnan(t->claims[0].start)
                                   : t->claims[0].start == f->start),
              "seed %d: %.*s", (int)seed, (int)s.n, s.p);
        CHECK(str_eq(text_claim_sentence(&arena, t, &t->claims[0]),
                     synth_fact_sentence(&arena, f, wording, true)),
              "seed %d: %.*s", (int)seed, (int)s.n, s.p);
    }
}

static bool is_said(const struct synth_fact *facts, size_t n, struct str s)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(sentence(&facts[i], 0), s))
            return true;
    return false;
}

static void spoil_all(uint64_t seed, int made[SYNTH_FAULTS])
{
    struct synth_fact facts[SYNTH_FACTS_MAX];
    struct synth_world w;
    size_t n;

    synth_world_make(seed, &w);
    n = synth_facts(&w, NULL, facts);
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < SYNTH_FAULTS; k++) {
            enum synth_fault fault = (enum synth_fault)k;
            struct synth_fact f = facts[i], again = facts[i];
            uint64_t pick = seed * 31 + i;
            bool done = synth_fact_spoil(&w, fault, pick, &f);

            CHECK(synth_fact_spoil(&w, fault, pick, &again) == done &&
                      str_eq(sentence(&f, 0), sentence(&again, 0)),
                  "seed %d %s", (int)seed, synth_fault_names[k]);
            if (!done) {
                CHECK(memcmp(&f, &facts[i], sizeof f) == 0, "seed %d %s",
                      (int)seed, synth_fault_names[k]);
                continue;
            }
            made[k]++;
            CHECK(!synth_fact_holds(&w, &f, 2) &&
                      !is_said(facts, n, sentence(&f, 0)),
                  "seed %d %s: %s", (int)seed, synth_fault_names[k],
                  sentence(&f, 0).p);
            CHECK(fault != SYNTH_FAULT_TIME ||
                      fabs(f.start - facts[i].start) >= 3,
                  "seed %d: %s", (int)seed, sentence(&f, 0).p);
            CHECK(isnan(f.start) || (f.start >= 0 && f.start < w.seconds),
                  "seed %d: %s", (int)seed, sentence(&f, 0).p);
            check_reading(&f, seed);
        }
    arena_reset(&arena);
}

static void false_facts_read_like_true_ones(void)
{
    int made[SYNTH_FAULTS] = {0};

    for (uint64_t seed = 0; seed < SEEDS; seed++)
        spoil_all(seed * 7 + 3, made);
    for (int k = 0; k < SYNTH_FAULTS; k++)
        CHECK(made[k] > SEEDS / 3, "%s: %d", synth_fault_names[k], made[k]);
    check_case("false facts do not hold and read like true ones");
}

/* What a fault changes, by the words of the sentences before and after. */
static void a_fault_changes_one_thing(void)
{
    static const struct {
        enum synth_fault fault;
        enum synth_about about;
        const char *was, *now; /* %s: whatever word */
    } cases[] = {
        {SYNTH_FAULT_SIDE, SYNTH_SAY_CHARACTER, "left", "right"},
        {SYNTH_FAULT_SIDE, SYNTH_SAY_OBJECTS, "left", "right"},
        {SYNTH_FAULT_SIZE, SYNTH_SAY_CHARACTER, "big", "small"},
        {SYNTH_FAULT_VOICE, SYNTH_SAY_VOICE, "high", "low"},
        {SYNTH_FAULT_NEGATION, SYNTH_SAY_ACT, NULL, "does not"},
    };
    int seen = 0;

    for (uint64_t seed = 0; seed < 200; seed++) {
        struct synth_fact facts[SYNTH_FACTS_MAX];
        struct synth_world w;
        size_t n;

        synth_world_make(seed, &w);
        n = synth_facts(&w, NULL, facts);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
                struct synth_fact f = facts[i];
                struct str was = sentence(&f, 0);

                if (f.about != cases[k].about ||
                    (cases[k].was && !strstr(was.p, cases[k].was)) ||
                    !synth_fact_spoil(&w, cases[k].fault, seed, &f))
                    continue;
                CHECK(strstr(sentence(&f, 0).p, cases[k].now), "%s -> %s",
                      was.p, sentence(&f, 0).p);
                seen++;
            }
        arena_reset(&arena);
    }
    CHECK(seen > 200, "%d", seen);
    check_case("a fault changes what it is called after");
}

/* What is said of a mutilated world is said of no other attribute. */
static void captions_of_some_facts(void)
{
    struct synth_fact facts[SYNTH_FACTS_MAX];
    struct synth_world w;
    struct str caption = {"", 0};

    synth_world_make(4, &w);
    synth_facts(&w, NULL, facts);
    CHECK_OK(synth_facts_caption(facts, 2, 0, rules, &arena, &caption, &err),
             err);
    CHECK_TEXT(caption.p,
               arena_printf(&arena, "%s %s", sentence(&facts[0], 0).p,
                            sentence(&facts[1], 0).p));
    arena_reset(&arena);
    check_case("a caption of some facts has these alone");
}

int main(void)
{
    CHECK_OK(text_rules_load(&rules, &err), err);
    false_facts_read_like_true_ones();
    a_fault_changes_one_thing();
    captions_of_some_facts();
    text_rules_free(rules);
    arena_release(&arena);
    return check_done();
}
