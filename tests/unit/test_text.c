/* Captions taken apart: words and sentences. */
#include "text_case.h"

struct sentence_case {
    const char *text;
    const char *sentences; /* joined by " | " */
};

static const struct sentence_case sentences[] = {
    {"Dr. Smith and Mr. J. K. Jones arrive. They leave.",
     "Dr. Smith and Mr. J. K. Jones arrive. | They leave."},
    {"He likes vitamin C. The doctor agrees.",
     "He likes vitamin C. | The doctor agrees."},
    {"Plan B. The man runs.", "Plan B. | The man runs."},
    {"I met John F. Kennedy Jr. in 1962. He waved.",
     "I met John F. Kennedy Jr. in 1962. | He waved."},
    {"At 5 a.m. John leaves.", "At 5 a.m. John leaves."},
    {"The U.S. Army marches. It stops.", "The U.S. Army marches. | It stops."},
    {"E.g. this is fine. So is that, i.e. this one.",
     "E.g. this is fine. | So is that, i.e. this one."},
    {"See fig. 3. Then go on.", "See fig. 3. | Then go on."},
    {"Visit example.com. It is fun.", "Visit example.com. | It is fun."},
    {"He walks in the room.The man sits.",
     "He walks in the room. | The man sits."},
    {"Wait... He stops. Hmm… then he goes.",
     "Wait... | He stops. | Hmm… then he goes."},
    {"Really?! Yes! No.", "Really?! | Yes! | No."},
    {"1. A man walks. 2. A dog runs.", "1. A man walks. | 2. A dog runs."},
    {"他走进房间。她说：“你好！你好吗？”然后他笑了。",
     "他走进房间。 | 她说：“你好！你好吗？” | 然后他笑了。"},
    {"彼は走った。彼女は笑った！本当？",
     "彼は走った。 | 彼女は笑った！ | 本当？"},
    {"يمشي الرجل في الشارع. ثم يجلس؟ نعم.",
     "يمشي الرجل في الشارع. | ثم يجلس؟ | نعم."},
    {"Мужчина идёт по улице. Он улыбается.",
     "Мужчина идёт по улице. | Он улыбается."},
    {"Der Mann geht z.B. nach Hause. Er kommt um ca. 5 Uhr.",
     "Der Mann geht z.B. nach Hause. | Er kommt um ca. 5 Uhr."},
    {"L'homme marche. Il s'arrête.", "L'homme marche. | Il s'arrête."},
    {"He said \"No.\" Then left.", "He said \"No.\" | Then left."},
    {"\"Hi.\" \"Hello.\" They smile.", "\"Hi.\" | \"Hello.\" | They smile."},
    {"Approx. five men run. Nobody stops.",
     "Approx. five men run. | Nobody stops."},
    {"He has no. 5 on his shirt. No. He doesn't.",
     "He has no. 5 on his shirt. | No. | He doesn't."},
    {"etc. The end.", "etc. | The end."},
    {"He sells apples, pears, etc. and leaves.",
     "He sells apples, pears, etc. and leaves."},
    {"He sells apples, pears, etc. Then he leaves.",
     "He sells apples, pears, etc. | Then he leaves."},
    {"(He walks.) She sits.", "(He walks.) | She sits."},
    {"A man walks (slowly.) and sits.", "A man walks (slowly.) and sits."},
    {"The price is $3.50. It rises.", "The price is $3.50. | It rises."},
    {"v1.2.3 is out. Good.", "v1.2.3 is out. | Good."},
    {"A man walks\nacross the street.", "A man walks\nacross the street."},
    {"Scene: a room\nObjects: a chair", "Scene: a room | Objects: a chair"},
    {"One line\n\nanother line", "One line | another line"},
    {"- a dog\n- a cat", "- a dog | - a cat"},
    {"He sees the\nEiffel Tower.", "He sees the\nEiffel Tower."},
    {"", ""},
    {"\n\n", ""},
    {"...", "..."},
};

static void test_sentences(void)
{
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        const struct text *t = take_apart(sentences[i].text, ATTRIBUTE_NONE);

        for (size_t k = 0; k < t->n_sentences; k++) {
            buf_text(&found, k ? " | " : "");
            add_span(t, t->sentences[k]);
        }
        CHECK_FOUND(sentences[i].text, sentences[i].sentences);
    }
    check_case("sentences end where they do");
}

/* Pairs of words with the same stem, and with different ones. */
static void test_stems(void)
{
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        {"walks", "walking", true},
        {"ran", "running", true},
        {"men", "man", true},
        {"children", "child", true},
        {"people", "person", true},
        {"wolves", "wolf", true},
        {"three", "3", true},
        {"twenty-five", "25", true},
        {"1,000", "thousand", true},
        {"1,000", "1000", true},
        {"Car", "cars", true},
        {"man's", "man", true},
        {"man\xe2\x80\x99s", "man's", true},
        {"dogs'", "dog", true},
        {"grey", "gray", true},
        {"automobile", "car", true},
        {"left", "right", false},
        {"leaf", "leaves", true},
        {"unicycles", "unicycle", true},
        {"third", "3rd", true},
        {"third", "three", false},
        {"caf\xc3\xa9s", "caf\xc3\xa9", true},
        {"cafe", "caf\xc3\xa9", false},
        {"red", "blue", false},
        {"\xd0\x9c\xd0\x98\xd0\xa0", "\xd0\xbc\xd0\xb8\xd1\x80", true},
        {"holding", "held", true},
        {"12s", "12", false},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct text *t = take_apart(pairs[i].a, ATTRIBUTE_NONE);
        uint64_t stem = t->words[0].stem;

        CHECK(t->n_words == 1, "%s: %zu words", pairs[i].a, t->n_words);
        t = take_apart(pairs[i].b, ATTRIBUTE_NONE);
        CHECK((t->words[0].stem == stem) == pairs[i].same, "%s and %s",
              pairs[i].a, pairs[i].b);
    }
    check_case("stems join the forms of a word");
}

static void test_words(void)
{
    static const struct {
        const char *text, *words; /* joined by "|"; # number, ~ stop */
    } cases[] = {
        {"The close-up of U.S. coins", "The~|close|up~|of~|U.S|coins"},
        {"twenty-five dogs", "twenty-five#|dogs"},
        {"It isn't 3.5 m, is it?", "It~|isn't~|3.5#|m~|is~|it~"},
        {"two hundred and five", "two hundred and five#"},
        {"\xe4\xbd\xa0\xe5\xa5\xbd", "\xe4\xbd\xa0|\xe5\xa5\xbd"},
        {"rock-'n'-roll", "rock|n|roll"},
        {"At 5s, he runs", "At~|5s~|he~|runs"},
        {"a@b #tag", "a~|b|tag"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct text *t = take_apart(cases[i].text, ATTRIBUTE_NONE);

        for (size_t k = 0; k < t->n_words; k++) {
            buf_text(&found, k ? "|" : "");
            add_span(t, t->words[k].at);
            buf_text(&found, t->words[k].number ? "#" : "");
            buf_text(&found, t->words[k].stop ? "~" : "");
        }
        CHECK_FOUND(cases[i].text, cases[i].words);
    }
    check_case("words are cut, numbers joined");
}

/* A second analysis of the same text finds the same, whatever was analysed
 * between: the cache of stems never answers for another word. */
static void test_repeat(void)
{
    static const char text[] = "Zebras zigzag; a quixotic yak yodels. 42 gnus!";
    const struct text *a = take_apart(text, ATTRIBUTE_NONE);
    uint64_t stems[16];
    size_t n = a->n_words;

    for (size_t i = 0; i < n && i < 16; i++)
        stems[i] = a->words[i].stem;
    for (unsigned i = 0; i < 20000; i++) {
        char word[32];

        snprintf(word, sizeof word, "quark%uing", i);
        take_apart(word, ATTRIBUTE_NONE);
    }
    a = take_apart(text, ATTRIBUTE_NONE);
    for (size_t i = 0; i < n && i < 16; i++)
        CHECK(a->words[i].stem == stems[i], "word %zu", i);
    check_case("the same text is always taken apart the same way");
}

/* What follows TEXT_MAX belongs to no sentence. */
static void test_limit(void)
{
    size_t n = TEXT_MAX + 100000;
    char *text = mem_alloc(n + 1);
    const struct text *t;

    for (size_t i = 0; i < n; i++)
        text[i] = i % 6 == 5 ? ' ' : 'a';
    t = take_apart(text, ATTRIBUTE_NONE);
    CHECK(t->n_sentences == 1 && t->sentences[0].n <= TEXT_MAX, "%zu bytes",
          t->sentences[0].n);
    free(text);
    arena_reset(&arena);
    check_case("a text beyond the limit is taken apart up to it");
}

int main(void)
{
    text_begin();
    test_sentences();
    test_stems();
    test_words();
    test_repeat();
    test_limit();
    return text_end();
}
