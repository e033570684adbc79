/* A text put together of sentences that are known is the text analysed as a
 * whole. */
#include <stdlib.h>

#include "../../common/text/known_int.h"
#include "../same_text.h"
#include "check.h"

static struct arena arena;
static struct asid_err err;
static const struct text_rules *rules;

/* --- random texts and edits ------------------------------------------------------ */

static uint64_t state = 1;

static size_t draw(size_t n)
{
    state =
        state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(state >> 33) % n;
}

static const char *const pieces[] = {
    "At 5s, a woman in a red coat points at a brown cup near the tree.",
    "A man in a white hat puts down the green bicycle.",
    "The camera tilts up slowly.",
    "She says, 'we should leave before the rain comes'.",
    "Two dogs run to the left and a cat sleeps.",
    "At 12s, the old man opens the door, picks up a ball and smiles.",
    "The music is loud.",
    "He looks at the clock.",
    "At 5:30 the bell rings.",
    "Throughout, the mood is calm.",
    "Nobody is in the dark room.",
    "The dog's bowl isn't empty.",
    "A sign reads \"OPEN\" in blue letters.",
    "It is night.",
    "A tall girl turns right at the corner, then left",
    "From 3s to 9s, rain falls.",
    "Twenty five people wait in the street.",
    "The book is no. 5 of the red series.",
    "Mr. Smith waves (slowly) to the crowd.",
    "Then, at 20s, the boy - in a yellow coat - throws a ball.",
    "Around the 12-second mark, the light goes out.",
    "A caf\xc3\xa9 is open.",
    "While the man sings, three women in black dance.",
    "The score is 3.5 to 2!",
    "Is the red car fast?",
    "A red and white van, which stops, is seen before the bus leaves.",
    "The man is not wearing a red hat.",
    "Suddenly, red smoke.",
    "A man who is walking a dog by 3s wins.",
    "1. A man walks.",
    "He says, 'Go. The camera tilts up slowly. Stay here.'",
    "She asks, \"Who is it?\" and waits.",
    "A man shouts 'stop the red car'.",
    "The dogs' bowls are red.",
    "The 'red dogs' bark and run.",
    "They sing, 'we are the dogs', and laugh.",
    "'Go on', he says.",
    "The red clock. At 7:15, it rings.",
};

static const char *const replacements[] = {
    "blue",   "red",   "dark",   "Green",      "a",           "an",
    "the",    "three", "two",    "left",       "right",       "slowly",
    "and",    "while", "is",     "walks",      "no",          "not",
    "night",  "clock", "Mr.",    "5",          "5s",          "At 7s,",
    "a.",     "c. D",  "a, b",   "'",          "\"",          "don't",
    "(",      "-",     "",       "J.",         "at 9s",       "second",
    "minute", "mark",  "that",   "hundred",    "man",         "women",
    "opens",  "etc.",  "in",     "of",         "to",          "who",
    "he",     "music", "camera", "light blue", "caf\xc3\xa9", "before",
    "as",
};

static struct str random_text(void)
{
    struct buf b;
    struct str text;
    size_t n = 1 + draw(7);

    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < n; i++) {
        const char *between = draw(40) ? " " : draw(2) ? "\n" : "  ";

        if (i)
            buf_text(&b, between);
        buf_text(&b,
                 pieces[draw(draw(3) ? 6 : sizeof pieces / sizeof *pieces)]);
    }
    text = (struct str){arena_strndup(&arena, b.p, b.n), b.n};
    buf_release(&b);
    return text;
}

/* The text with some of its words replaced. */
static struct str edited(const struct text *t)
{
    struct buf b;
    struct str text;
    size_t at = 0, left = 1 + draw(3);

    buf_init(&b, 1 << 16);
    for (size_t i = draw(t->n_words); i < t->n_words && left; left--) {
        size_t to = i + draw(2) < t->n_words ? i + draw(2) : i;

        if (to >= t->n_words)
            to = i;
        buf_add(&b, t->text.p + at, t->words[i].at.at - at);
        buf_text(
            &b, replacements[draw(sizeof replacements / sizeof *replacements)]);
        at = t->words[to].at.at + t->words[to].at.n;
        i = to + 1 + draw(6);
    }
    buf_add(&b, t->text.p + at, t->text.n - at);
    text = (struct str){arena_strndup(&arena, b.p ? b.p : "", b.n), b.n};
    buf_release(&b);
    return text;
}

/* Whether the text was put together of known sentences. */
static bool try(struct text_known *k, struct str raw, enum attribute hint,
                unsigned parts)
{
    const struct text *part = known_compose(k, raw, hint, parts);
    const struct text *whole;

    if (!part)
        return false;
    whole = text_analyse_parts(rules, &arena, raw, hint, parts);
    CHECK(part->text.p == raw.p && part->text.n == raw.n, "%s", raw.p);
    CHECK(same_marks(part, whole), "%s", raw.p);
    CHECK(same_words(part, whole), "%s", raw.p);
    CHECK(same_claims(part, whole), "%s", raw.p);
    CHECK(same_facts(part, whole), "%s", raw.p);
    CHECK(same_content(part, whole), "%s", raw.p);
    return true;
}

/* A few texts, and each of them changed. */
static size_t try_some(struct text_known *k)
{
    const unsigned some[] = {0, TEXT_FACTS, TEXT_FACTS | TEXT_ATTRIBUTES,
                             TEXT_FACTS | TEXT_CONTENT, TEXT_ALL};
    enum attribute hint = ATTRIBUTE_NONE;
    unsigned parts = some[draw(5)];
    size_t n = 0;

    for (unsigned i = 0; i < 3; i++) {
        struct str raw = random_text();
        const struct text *t;

        if (i == 0 || !(parts & TEXT_ATTRIBUTES))
            hint = draw(2) ? ATTRIBUTE_NONE : (enum attribute)draw(ATTRIBUTES);
        n += try(k, raw, hint, parts);
        t = text_known_analyse(k, raw, hint, parts);
        if (t->n_words)
            n += try(k, edited(t), hint, parts);
    }
    return n;
}

static void test_random(unsigned rounds)
{
    size_t composed = 0;

    for (unsigned i = 0; i < rounds; i++) {
        composed += try_some(text_known_new(rules, &arena, 1 + draw(4000)));
        arena_reset(&arena);
    }
    CHECK(composed > rounds, "%zu of %u", composed, rounds);
    check_case("texts put together and analysed as a whole");
}

/* Nothing but ends of sentences. */
static void test_short(void)
{
    const unsigned parts = TEXT_FACTS | TEXT_ATTRIBUTES;
    struct text_known *k = text_known_new(rules, &arena, 0);
    struct buf b;

    buf_init(&b, 1 << 16);
    for (unsigned i = 0; i < 1000; i++)
        buf_text(&b, "a. ");
    text_known_analyse(k, STR("A man waves. A dog barks."), ATTRIBUTE_NONE,
                       parts);
    buf_text(&b, "A man waves. A dog barks.");
    try(k, buf_view(&b), ATTRIBUTE_NONE, parts);
    CHECK(text_known_analyse(k, STR(""), ATTRIBUTE_NONE, parts)->n_words == 0,
          "an empty text");
    buf_release(&b);
    arena_reset(&arena);
    check_case("short sentences and none");
}

/* What is known and what is not by turns: analysing it as a whole costs less. */
static void test_turns(void)
{
    struct text_known *k = text_known_new(rules, &arena, 1 << 16);
    struct buf b;

    buf_init(&b, 1 << 20);
    for (unsigned i = 0; i < 1000; i++) {
        char odd[32];

        snprintf(odd, sizeof odd, "A d%c%c. ", 'a' + i % 26, 'a' + i / 26 % 26);
        buf_text(&b, i % 2 ? "He goes. " : odd);
    }
    text_known_analyse(k, STR("It rains. He goes. A dog."), ATTRIBUTE_NONE, 0);
    CHECK(known_compose(k, STR("It rains. He goes. A cow. He goes. A dog."),
                        ATTRIBUTE_NONE, 0) != NULL,
          "a few by turns");
    CHECK(!known_compose(k, buf_view(&b), ATTRIBUTE_NONE, 0), "many by turns");
    buf_release(&b);
    arena_reset(&arena);
    check_case("known sentences and others by turns");
}

int main(int argc, char **argv)
{
    CHECK_OK(text_rules_load(&rules, &err), err);
    test_random(argc > 1 ? (unsigned)atoi(argv[1]) : 3000);
    test_short();
    test_turns();
    text_rules_free(rules);
    arena_release(&arena);
    return check_done();
}
