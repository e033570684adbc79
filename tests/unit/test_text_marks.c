/* Captions taken apart: list marks, full stops of other scripts, words that
 * may lose their capital, words one by one, what makes a sound. */
#include "asid/text/similar.h"
#include "check.h"

static struct arena arena;
static struct asid_err err;
static const struct text_rules *rules;

static const struct text *analyse(const char *text)
{
    return text_analyse(rules, &arena, str_of(text), ATTRIBUTE_NONE);
}

static const char *sentence(const struct text *t, size_t i)
{
    struct str s;

    if (i >= t->n_claims)
        return "(none)";
    s = text_claim_sentence(&arena, t, &t->claims[i]);
    return arena_strndup(&arena, s.p, s.n);
}

static void test_marks(void)
{
    const struct text *t =
        analyse("- At 0s, a farmer milks a cow\n* At 5s, he pours the milk\n"
                "\xe2\x80\xa2 A dog sleeps");

    CHECK(t->n_claims == 3, "%zu", t->n_claims);
    CHECK_TEXT(sentence(t, 0), "A farmer milks a cow.");
    CHECK_TEXT(sentence(t, 1), "He pours the milk.");
    CHECK_TEXT(sentence(t, 2), "A dog sleeps.");
    check_case("marks of a list are no part of its claims");

    t = analyse("\xe4\xbb\x96\xe5\x9c\xa8\xe5\x88\x87\xe8\x8f\x9c\xe3\x80\x82");
    CHECK_TEXT(sentence(t, 0),
               "\xe4\xbb\x96\xe5\x9c\xa8\xe5\x88\x87\xe8\x8f\x9c"
               "\xe3\x80\x82");
    check_case("a claim in Chinese ends with its own full stop");
}

static void test_common(void)
{
    const struct text *t = analyse("Rain falls. Maria smiles.");

    CHECK(t->n_words == 4, "%zu", t->n_words);
    CHECK(t->words[0].common && !t->words[2].common, "rain, Maria");
    check_case("words of the lexicon are told from names");
}

static void test_words(void)
{
    static const char *const text = "Well, it's  TWO  dogs";
    static const char *const want[] = {"well", "its", "2", "dogs"};
    struct similar_word *w;
    size_t n = similar_words(rules, &arena, str_of(text), &w);

    CHECK(n == 4, "%zu", n);
    for (size_t i = 0; i < n && i < 4; i++)
        CHECK_TEXT(w[i].folded.p, want[i]);
    CHECK(n == 4 && w[1].at.at == 6 && w[1].at.n == 4 && w[3].at.at == 17,
          "places");
    CHECK(similar_words(rules, &arena, STR(" ... "), &w) == 0, "no words");
    n = similar_words(rules, &arena, STR("\xe4\xbd\xa0\xe5\xa5\xbd"), &w);
    CHECK(n == 2 && w[1].at.at == 3 && w[1].folded.n == 3, "%zu", n);
    check_case("folded words know their places");
}

static enum attribute attribute_of_text(const char *text)
{
    const struct text *t = analyse(text);

    return t->n_claims ? t->claims[0].attribute : ATTRIBUTE_NONE;
}

static void test_sounds(void)
{
    CHECK(attribute_of_text("Birds chirp in the background.") ==
              ATTRIBUTE_SPEECH,
          "birds");
    CHECK(attribute_of_text("Thunder rumbles.") == ATTRIBUTE_SPEECH, "thunder");
    CHECK(attribute_of_text("A boy rings the bell.") == ATTRIBUTE_ACTIONS,
          "who rings acts");
    CHECK(attribute_of_text("A man walks in the background.") ==
              ATTRIBUTE_ACTIONS,
          "where he walks is not what he does");
    check_case("what makes a sound belongs to speech");
}

/* The value of the first fact of that kind, with its group, or -1. */
static int32_t value_of(const char *text, enum fact_kind kind)
{
    const struct text *t = analyse(text);

    for (size_t i = 0; i < t->n_facts; i++)
        if (t->facts[i].kind == kind &&
            (kind != FACT_NEGATION || t->facts[i].value == 1))
            return t->facts[i].value + 100 * t->facts[i].group;
    return -1;
}

static void test_facts(void)
{
    int32_t left = value_of("A dog sits on the left.", FACT_SIDE);
    int32_t right = value_of("A dog sits on the right.", FACT_SIDE);

    CHECK(left > 0 && right > 0 && left != right, "%d %d", left, right);
    CHECK(value_of("The camera pans left across the valley.", FACT_SIDE) ==
              left,
          "pans left");
    CHECK(value_of("He turns right at the corner.", FACT_SIDE) == right,
          "turns right");
    CHECK(value_of("She holds it in her left hand.", FACT_SIDE) == left,
          "left hand");
    CHECK(value_of("He left the room.", FACT_SIDE) == -1, "left the room");
    CHECK(value_of("He stands right behind her.", FACT_SIDE) != right,
          "right behind");
    check_case("left and right are sides behind verbs of movement as well");

    CHECK(value_of("A sign says 40 km.", FACT_COUNT) == 40, "40 km");
    CHECK(value_of("He waits for 5 seconds.", FACT_COUNT) == -1, "5 seconds");
    check_case("a measure is a value of its unit");

    CHECK(value_of("No one is in the street.", FACT_NEGATION) == 1, "no one");
    CHECK(value_of("Nobody is there.", FACT_NEGATION) == 1, "nobody");
    check_case("nobody is no people");
}

int main(void)
{
    CHECK_OK(text_rules_load(&rules, &err), err);
    test_marks();
    test_common();
    test_words();
    test_sounds();
    test_facts();
    text_rules_free(rules);
    arena_release(&arena);
    return check_done();
}
