/* Claims: where sentences are cut, what the pieces are about, what they say. */
#include <math.h>
#include <stdlib.h>

#include "asid/base/file.h"
#include "asid/data/json.h"
#include "text_case.h"

/* --- the gold list -------------------------------------------------------- */

static void check_claim(const struct text *t, const struct text_claim *c,
                        const struct json *want)
{
    struct str text = json_str(json_get(want, "text"));
    double start = NAN;

    json_f64(json_get(want, "start"), &start);
    CHECK(str_eq(span_of(t->text, c->at), text), "got [" STR_FMT "] want [%s]",
          STR_ARG(span_of(t->text, c->at)), text.p);
    CHECK(str_is(json_str(json_get(want, "attribute")),
                 attribute_keys[c->attribute]),
          "%s: about %s", text.p, attribute_keys[c->attribute]);
    CHECK(isnan(start) ? isnan(c->start) : c->start == start, "%s: at %g",
          text.p, c->start);
}

/* tests/gold/claims.jsonl: sentences written for this, with the claims that a
 * reader would cut them into. */
static void test_gold(void)
{
    struct arena forever = ARENA_INIT;
    struct asid_err err;
    struct str file;
    size_t n = 0, claims = 0;

    CHECK_OK(
        file_slurp(&forever, "tests/gold/claims.jsonl", 1 << 20, &file, &err),
        err);
    while (file.n) {
        const char *end = memchr(file.p, '\n', file.n);
        struct str line = {file.p, (size_t)(end - file.p)}, text;
        const struct text *t;
        struct json *v, *want;
        size_t i = 0;

        CHECK_OK(json_parse(&forever, line, 0, &v, &err), err);
        text = json_str(json_get(v, "text"));
        want = json_get(v, "claims");
        t = text_analyse(rules, &arena, text, ATTRIBUTE_NONE);
        CHECK(t->n_claims == json_count(want), "%zu claims in: %s", t->n_claims,
              text.p);
        for (; i < t->n_claims && i < json_count(want); i++)
            check_claim(t, &t->claims[i], json_at(want, i));
        claims += json_count(want);
        file.p += line.n + 1;
        file.n -= line.n + 1;
        arena_reset(&arena);
        n++;
    }
    CHECK(n >= 60 && claims >= 100, "%zu texts, %zu claims", n, claims);
    arena_release(&forever);
    check_case("the gold list is cut as a reader would");
}

/* --- facts ---------------------------------------------------------------- */

/* Each fact but plain assertions as "kind words@what it is said of". */
struct fact_case {
    const char *text, *facts;
};

static const struct fact_case facts[] = {
    {"The car is red.", "colour red@car"},
    {"A red sports car passes.", "colour red@car"},
    {"A red and white shirt hangs there.",
     "colour red@shirt; colour white@shirt"},
    {"A man in black walks left.",
     "opposite man@PERSON; colour black@man; opposite walks@man; side left@man"},
    {"A woman with a red hat and a blue dress holds three yellow balloons.",
     "opposite woman@PERSON; colour red@hat; colour blue@dress; count three@balloons; colour yellow@balloons"},
    {"Two dogs run from left to right.",
     "count Two@dogs; opposite run@dogs; side left@dogs; side right@dogs"},
    {"There are no people in the room.", "not people@people"},
    {"The man is not wearing a hat.",
     "opposite man@PERSON; not wearing@wearing; not hat@hat"},
    {"She doesn't smile.", "not smile@smile"},
    {"A man without a beard stands on the left.",
     "opposite man@PERSON; not beard@beard; opposite stands@man; side left@man"},
    {"The left hand is raised.", "side left hand@hand"},
    {"He left the room.", ""},
    {"It is night, and the street is dark.",
     "opposite night@SCENE; opposite dark@street"},
    {"Twenty-five children and a dozen adults sit.",
     "count Twenty-five@children; count dozen@adults; opposite sit@children"},
    {"He eats an orange.", ""},
    {"An orange ball rolls right.", "colour orange@ball; side right@ball"},
    {"The room is bright and empty.",
     "opposite bright@room; opposite empty@room"},
    {"One of the three boys falls.", "count three@boys; opposite boys@PERSON"},
    {"Five minutes later, 3 men arrive.", "count 3@men; opposite men@PERSON"},
    {"A pair of gloves lies there.", "count pair of@gloves"},
    {"The door on the right is closed.",
     "side right@door; opposite closed@door"},
    {"The camera zooms in.", "side zooms in@camera"},
    {"Both women wear grey coats.",
     "count Both@women; opposite women@PERSON; colour grey@coats"},
    {"The man never speaks.", "opposite man@PERSON; not speaks@speaks"},
    {"Neither man moves.", "not man@man; not moves@moves"},
    {"The light turns from green to red.",
     "colour green@light; colour red@light"},
    {"A dark blue car enters from the right.",
     "colour dark blue@car; side enters@car; side right@car"},
    {"No one is there.", "not No one@other"},
    {"He has 3 of them.", ""},
    {"It costs $5 coins.", ""},
    {"There are 20 degrees outside.", "count 20@degrees"},
    {"The crimson curtain moves.", "colour crimson@curtain"},
    {"The shot is in black and white.", "opposite black and white@SCENE"},
    {"It is daytime outdoors.",
     "opposite daytime@SCENE; opposite outdoors@SCENE"},
    {"A tall man and a short woman walk.",
     "opposite tall@man; opposite man@PERSON; opposite short@woman; opposite short@woman; opposite woman@PERSON; opposite walk@man"},
    {"He runs quickly upstairs.",
     "opposite runs@He; opposite quickly@He; side upstairs@He"},
    {"A sign says \"red\" in blue letters.", "colour blue@letters"},
    {"At 5s, two red balls fall.", "count two@balls; colour red@balls"},
    {"Right now nobody moves.", "not moves@moves"},
    {"A man with no hat enters.",
     "opposite man@PERSON; not hat@hat; side enters@hat"},
    {"He is neither tall nor short.", "not tall@tall; not short@short"},
    {"The red one wins.", "colour red@?"},
    {"Ein roter Ball rollt.", ""},
};

static void add_about(const struct text *t, uint64_t about)
{
    static const char *const wholes[] = {"SCENE", "PERSON", "SHOT"};

    for (size_t i = 0; i < t->n_words; i++) {
        if (t->words[i].stem == about) {
            add_span(t, t->words[i].at);
            return;
        }
    }
    if (UINT64_MAX - about >= 1 && UINT64_MAX - about <= 3)
        buf_text(&found, wholes[UINT64_MAX - about - 1]);
    else
        buf_text(&found, about ? "other" : "?");
}

static void describe_facts(const struct text *t)
{
    static const char *const kinds[] = {"colour", "count", "side", "not",
                                        "opposite"};

    for (size_t i = 0; i < t->n_facts; i++) {
        const struct text_fact *f = &t->facts[i];

        if (f->kind == FACT_NEGATION && f->value == 0)
            continue;
        buf_printf(&found, "%s%s ", found.n ? "; " : "", kinds[f->kind]);
        add_span(t, f->at);
        buf_char(&found, '@');
        add_about(t, f->about);
    }
}

static void test_facts(void)
{
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        describe_facts(take_apart(facts[i].text, ATTRIBUTE_NONE));
        CHECK_FOUND(facts[i].text, facts[i].facts);
    }
    check_case("facts are found, and what they are said of");
}

/* --- claims as sentences -------------------------------------------------- */

struct sentence_case {
    const char *text, *sentences; /* joined by " | " */
};

static const struct sentence_case sentences[] = {
    {"At 5s, a man walks left and picks up a ball.",
     "A man walks left. | A man picks up a ball."},
    {"They are walking and talking.", "They are walking. | They are talking."},
    {"A dog barks at 5s.", "A dog barks."},
    {"He walks, at 5s, to the door!", "He walks, to the door."},
    {"He says, \"Stop!\"", "He says, \"Stop!\""},
    {"a bell rings; birds sing", "A bell rings. | Birds sing."},
    {"Is it red?", "Is it red."},
    {"\xc3\xa9t\xc3\xa9 is warm", "\xc3\x89t\xc3\xa9 is warm."},
    {"He jumps (12s) and lands.", "He jumps. | He lands."},
    {"Then, at 3s, she leaves.", "She leaves."},
    {"\xe4\xbb\x96\xe8\xb5\xb0\xe4\xba\x86\xe3\x80\x82",
     "\xe4\xbb\x96\xe8\xb5\xb0\xe4\xba\x86\xe3\x80\x82"},
};

static void test_sentences(void)
{
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        const struct text *t = take_apart(sentences[i].text, ATTRIBUTE_NONE);

        for (size_t k = 0; k < t->n_claims; k++) {
            buf_text(&found, k ? " | " : "");
            buf_str(&found, text_claim_sentence(&arena, t, &t->claims[k]));
        }
        CHECK_FOUND(sentences[i].text, sentences[i].sentences);
    }
    check_case("claims read as sentences of their own");
}

/* --- summaries, guesses, hints, times ------------------------------------- */

static void test_flags(void)
{
    static const struct {
        const char *text;
        bool summary, inferred;
    } cases[] = {
        {"Throughout, it rains.", true, false},
        {"Overall, the mood is calm.", true, false},
        {"The camera stays still throughout.", true, false},
        {"Music plays throughout the video.", true, false},
        {"He runs throughout the house and the garden.", false, false},
        {"Over the course of the clip, it darkens.", true, false},
        {"The whole story begins when a cat jumps.", true, false},
        {"She looks up as if she heard something.", false, true},
        {"He seems tired.", false, true},
        {"He smiles, suggesting relief.", false, true},
        {"The red light evokes danger.", false, true},
        {"A man walks.", false, false},
        {"He says, \"Overall, it seems fine.\"", false, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct text *t = take_apart(cases[i].text, ATTRIBUTE_NONE);

        CHECK(t->n_claims == 1, "%s: %zu claims", cases[i].text, t->n_claims);
        CHECK(t->claims[0].summary == cases[i].summary, "%s", cases[i].text);
        CHECK(t->claims[0].inferred == cases[i].inferred, "%s", cases[i].text);
    }
    check_case("summaries and guesses");
}

static void test_hint(void)
{
    const struct text *t = take_apart("It is there.", ATTRIBUTE_CAMERA);

    CHECK(t->claims[0].attribute == ATTRIBUTE_CAMERA, "nothing of its own");
    t = take_apart("He says, \"Hello.\"", ATTRIBUTE_SCENE);
    CHECK(t->claims[0].attribute == ATTRIBUTE_SPEECH, "speech in a scene");
    t = take_apart("It is there.", ATTRIBUTE_NONE);
    CHECK(t->claims[0].attribute == ATTRIBUTE_SCENE, "no hint");
    t = take_apart("At 5s, it is there.", ATTRIBUTE_NONE);
    CHECK(t->claims[0].attribute == ATTRIBUTE_ACTIONS, "no hint, a time");
    check_case("what says nothing of its own goes where it was written");
    t = take_apart("At 0s, it is night. Two green trees are on the left.",
                   ATTRIBUTE_NONE);
    CHECK(t->claims[0].attribute == ATTRIBUTE_SCENE, "the time of day");
    CHECK(t->claims[1].attribute == ATTRIBUTE_OBJECTS, "counted trees");
    t = take_apart("Tall trees are on the left.", ATTRIBUTE_NONE);
    CHECK(t->claims[0].attribute == ATTRIBUTE_SCENE, "trees that are there");
    check_case("trees are things when they are counted");
}

static void test_times(void)
{
    const struct text *t = take_apart(
        "It is dark. At 3s, a man enters and sits. He eats. At 9s to 12s, he "
        "sleeps. From 4s to 6s, a bell rings and a dog barks. Throughout, it "
        "rains.",
        ATTRIBUTE_NONE);
    static const double starts[] = {NAN, 3, 3, 3, 9, 4, 4, NAN};

    CHECK(t->n_claims == 8, "%zu claims", t->n_claims);
    for (size_t i = 0; i < 8 && i < t->n_claims; i++)
        CHECK(isnan(starts[i]) ? isnan(t->claims[i].start)
                               : t->claims[i].start == starts[i],
              "claim %zu at %g", i, t->claims[i].start);
    CHECK(t->claims[5].end == 6 && t->claims[4].end == 12, "ends");
    CHECK(t->claims[3].anchor == -1 && t->claims[1].anchor == 0, "own anchors");
    check_case("claims take the last time before them");
}

/* --- what always holds ---------------------------------------------------- */

static void check_apart(const struct text *t, const char *name)
{
    size_t end = 0;

    for (size_t i = 0; i < t->n_claims; i++) {
        const struct text_claim *c = &t->claims[i];
        struct span s = t->sentences[c->sentence];

        CHECK(c->at.at >= end && c->at.at >= s.at &&
                  c->at.at + c->at.n <= s.at + s.n,
              "%s: claim %zu lies outside", name, i);
        CHECK(c->n_words > 0, "%s: claim %zu has no word", name, i);
        end = c->at.at + c->at.n;
    }
}

/* Other languages pass through: cut at their own marks, spans as they are. */
static void test_languages(void)
{
    static const char *const texts[] = {
        "\xe4\xb8\x80\xe4\xb8\xaa\xe7\x94\xb7\xe4\xba\xba\xe8\xb5\xb0\xe8\xbf"
        "\x87\xe3\x80\x82\xe5\xa5\xb9\xe7\xac\x91\xe4\xba\x86\xe3\x80\x82",
        "\xe7\x94\xb7\xe3\x81\x8c\xe6\xad\xa9\xe3\x81\x8f\xe3\x80\x82\xe7\x8a"
        "\xac\xe3\x81\x8c\xe5\x90\xa0\xe3\x81\x88\xe3\x82\x8b\xe3\x80\x82",
        "\xd9\x8a\xd9\x85\xd8\xb4\xd9\x8a \xd8\xb1\xd8\xac\xd9\x84. \xd8\xab"
        "\xd9\x85 \xd9\x8a\xd8\xac\xd9\x84\xd8\xb3\xd8\x9f",
        "\xd0\xa7\xd0\xb5\xd0\xbb\xd0\xbe\xd0\xb2\xd0\xb5\xd0\xba \xd0\xb8\xd0"
        "\xb4\xd1\x91\xd1\x82. \xd0\x9e\xd0\xbd \xd0\xbf\xd0\xbe\xd1\x91\xd1"
        "\x82.",
        "Ein Mann geht vorbei. Er l\xc3\xa4"
        "chelt.",
        "Un homme passe. Il sourit.",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct text *t = take_apart(texts[i], ATTRIBUTE_NONE);

        CHECK(t->n_sentences == 2, "%s: %zu sentences", texts[i],
              t->n_sentences);
        CHECK(t->n_claims == 2, "%s: %zu claims", texts[i], t->n_claims);
        check_apart(t, texts[i]);
    }
    check_case("other languages pass through");
}

static void test_hostile(void)
{
    static const char *const units[] = {"a",
                                        "1",
                                        ", ",
                                        "and ",
                                        "he walks and ",
                                        "((",
                                        ". ",
                                        "no not never ",
                                        "who walks ",
                                        "red and ",
                                        "from 3s ",
                                        "walks, in ",
                                        "A man, ",
                                        "; ",
                                        "the ",
                                        "\n",
                                        "\xcc\x81",
                                        "\xe4\xbd\xa0",
                                        "\xf0\x9f\x98\x80"};

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t n = 100000 / strlen(units[i]) * strlen(units[i]);
        char *text = mem_alloc(n + 1);
        const struct text *t;

        for (size_t k = 0; k < n; k += strlen(units[i]))
            memcpy(text + k, units[i], strlen(units[i]));
        t = take_apart(text, ATTRIBUTE_NONE);
        check_apart(t, units[i]);
        CHECK(t->n_content <= 64 * n, "%s: %zu contents", units[i],
              t->n_content);
        free(text);
    }
    arena_reset(&arena);
    check_case("a hundred kilobytes of anything");
}

int main(void)
{
    text_begin();
    test_gold();
    test_facts();
    test_sentences();
    test_flags();
    test_hint();
    test_times();
    test_languages();
    test_hostile();
    return text_end();
}
