/*
 * What an account has that a text has not, tried on synthetic worlds: one fact
 * is left out of a text, and an account of the same world, in the same or in
 * other words, has it.
 */
#include <math.h>

#include "asid/curate/verify.h"
#include "asid/synth/say.h"
#include "vectors.h"

enum { WORLDS = 60 }; /* with any argument, what fails is listed */

static struct arena arena = ARENA_INIT;
static const struct text_rules *rules;
static bool verbose;

struct trial {
    struct synth_fact facts[SYNTH_FACTS_MAX];
    size_t n;
    unsigned wording; /* of the text; the account has wording 0 */
};

struct tally {
    size_t dropped, found; /* facts left out of a text */
    size_t said, alarms;   /* facts that a text has */
};

static struct str paragraph(const struct trial *t, size_t without,
                            enum attribute key, unsigned wording)
{
    struct buf b;
    struct str out;

    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < t->n; i++) {
        if (i == without || synth_fact_attribute(&t->facts[i]) != key)
            continue;
        buf_text(&b, b.n ? " " : "");
        buf_str(&b, synth_fact_sentence(
                        &arena, &t->facts[i],
                        synth_fact_wording(&t->facts[i], wording), false));
    }
    out = (struct str){arena_strndup(&arena, b.p ? b.p : "", b.n), b.n};
    buf_release(&b);
    return out;
}

/* Whether the fact is among what an account of its attribute adds to the texts
 * that have all facts but `without`. */
static bool is_new(const struct trial *t, size_t fact, size_t without)
{
    enum attribute key = synth_fact_attribute(&t->facts[fact]);
    struct verify_known known[ATTRIBUTES];
    const struct text *account;
    size_t index[1];

    for (int k = 0; k < ATTRIBUTES; k++)
        known[k] = (struct verify_known){
            text_analyse(rules, &arena,
                         paragraph(t, without, (enum attribute)k, t->wording),
                         (enum attribute)k),
            true};
    account = text_analyse(
        rules, &arena, synth_fact_sentence(&arena, &t->facts[fact], 0, false),
        key);
    return verify_new_claims(account, known, ATTRIBUTES, 0.5, index, 1) == 1;
}

static void try_fact(const struct trial *t, size_t fact, struct tally *tally)
{
    bool lost = is_new(t, fact, fact), alarm = is_new(t, fact, SIZE_MAX);

    tally->dropped++;
    tally->found += lost;
    tally->said++;
    tally->alarms += alarm;
    if (verbose && (!lost || alarm))
        printf("# %s: " STR_FMT " / " STR_FMT "\n",
               lost ? "told, yet new" : "left out, not found",
               STR_ARG(synth_fact_sentence(&arena, &t->facts[fact], 0, false)),
               STR_ARG(paragraph(t, lost ? SIZE_MAX : fact,
                                 synth_fact_attribute(&t->facts[fact]),
                                 t->wording)));
}

static struct tally try_worlds(unsigned wording)
{
    struct tally tally = {0, 0, 0, 0};

    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        struct trial t = {.wording = wording};
        struct synth_world w;

        synth_world_make(seed, &w);
        t.n = synth_facts(&w, NULL, t.facts);
        for (size_t i = 0; i < t.n; i++)
            try_fact(&t, i, &tally);
        arena_reset(&arena);
    }
    printf("# wording %u: %zu of %zu left out were found, %zu of %zu told were "
           "taken for new\n",
           wording, tally.found, tally.dropped, tally.alarms, tally.said);
    return tally;
}

static bool new_beside(const char *refuted, enum attribute key,
                       const char *told, enum attribute of)
{
    const struct verify_known known = {
        text_analyse(rules, &arena, str_of(refuted), key), false};
    size_t index[1];
    bool is_new =
        verify_new_claims(text_analyse(rules, &arena, str_of(told), of), &known,
                          1, 0.5, index, 1) == 1;

    arena_reset(&arena);
    return is_new;
}

/* What was refuted is reworded; what the account says in its place is not
 * missing beside that, but a story of two events is. */
static void test_refuted(void)
{
    static const char deed[] = "The orange rabbit does not spin.";

    CHECK(!new_beside(deed, ATTRIBUTE_ACTIONS, "The orange rabbit spins.",
                      ATTRIBUTE_ACTIONS),
          "the deed is new");
    CHECK(!new_beside("The whole story shows how the red cat waves after the "
                      "orange rabbit spins.",
                      ATTRIBUTE_NARRATIVE_ELEMENTS,
                      "The whole story tells how the red cat waves before the "
                      "orange rabbit spins.",
                      ATTRIBUTE_NARRATIVE_ELEMENTS),
          "the story is new");
    CHECK(new_beside(deed, ATTRIBUTE_ACTIONS,
                     "The whole story shows how the yellow duck goes to the "
                     "orange rabbit before the orange rabbit spins.",
                     ATTRIBUTE_NARRATIVE_ELEMENTS),
          "the story is not new");
    CHECK(new_beside("The voice of the black ghost is low.", ATTRIBUTE_SPEECH,
                     "The blue ghost feels angry.", ATTRIBUTE_EMOTIONS),
          "the mood is not new");
    CHECK(new_beside("The red cat says, \"Give me the boat.\"",
                     ATTRIBUTE_SPEECH, "The red cat says, \"Wait for me.\"",
                     ATTRIBUTE_SPEECH),
          "the other line is not new");
    check_case("a refuted deed does not tell a story");
}

int main(int argc, char **argv)
{
    struct asid_err err;
    struct tally same, other;

    (void)argv;
    verbose = argc > 1;
    CHECK_OK(text_rules_load(&rules, &err), err);
    same = try_worlds(0);
    CHECK(same.alarms == 0, "%zu", same.alarms);
    CHECK(same.found * 100 >= same.dropped * 97, "%zu", same.found);
    check_case("what was left out is found, in the same words");
    other = try_worlds(5);
    CHECK(other.alarms * 100 <= other.said * 4, "%zu", other.alarms);
    CHECK(other.found * 100 >= other.dropped * 97, "%zu", other.found);
    check_case("and in other words");
    test_refuted();
    text_rules_free(rules);
    arena_release(&arena);
    return check_done();
}
