/* Quotes: which marks belong together, what is said, and who says it. */
#include "text_case.h"

/* Each quote as "words [speaker]", then " !" when it is spoken; joined by
 * "; ". */
struct quote_case {
    const char *text, *quotes;
};

static const struct quote_case cases[] = {
    {"A man in red says, 'Hello there.'", "Hello there. [A man in red] !"},
    {"“Come here,” she whispers, “and sit down.”",
     "Come here, [she] !; and sit down. [she] !"},
    {"The narrator's voice says, \"Welcome.\"",
     "Welcome. [The narrator's voice] !"},
    {"A male voice shouts: \"Run!\"", "Run! [A male voice] !"},
    {"\"Let's go,\" says the man in the blue hat, looking up.",
     "Let's go, [the man in the blue hat] !"},
    {"The sign reads 'OPEN'.", "OPEN []"},
    {"A caption at the bottom says \"Subscribe\".", "Subscribe []"},
    {"The dogs' bowls are full. The boys' toys lie here.", ""},
    {"He said 'the dogs' bowls are full' and left.",
     "the dogs' bowls are full [He] !"},
    {"It's John's dog and it isn't Mary's.", ""},
    {"„Guten Tag“, sagt der Mann.", "Guten Tag [der Mann] !"},
    {"« Bonjour ! » dit la femme.", "Bonjour ! [la femme] !"},
    {"»Hallo«, sagt er.", "Hallo [er] !"},
    {"他说：“你好。”然后离开。", "你好。 [他] !"},
    {"「こんにちは」と彼は言った。", "こんにちは []"},
    {"He says, \"She said 'go' to me,\" and leaves.",
     "She said 'go' to me, [He] !"},
    {"He says \"Hello and leaves. At 5s he sits.", ""},
    {"The word \"LOVE\" appears on his T-shirt.", "LOVE []"},
    {"A woman sings, \"La la la.\"", "La la la. [A woman] !"},
    {"She asks, \"Who?\" and he answers, \"Me.\"", "Who? [She] !; Me. [he] !"},
    {"The camera cuts to a woman who says, \"Yes.\"", "Yes. [a woman] !"},
    {"A man walks in and says, \"Hi.\"", "Hi. [A man] !"},
    {"A man with a beard, wearing a hat, says, \"Hi.\"",
     "Hi. [A man with a beard] !"},
    {"followed by a man saying \"OK\"", "OK [a man] !"},
    {"Man: \"Hello.\"", "Hello. [Man] !"},
    {"The man says in a low voice, \"Hello.\"", "Hello. [The man] !"},
    {"A reporter speaks: \"Today...\" and the crowd cheers.",
     "Today... [A reporter] !"},
    {"A 55\" screen shows a 5'2\" man.", ""},
    {"Rock 'n' roll in the '90s with 'em.", ""},
    {"The logo \"Nike\" is shown.", "Nike []"},
    {"He whispers 'I don't know' softly.", "I don't know [He] !"},
    {"A text overlay displays \"Day 1\".", "Day 1 []"},
    {"A man's voice is heard saying, \"Three, two, one.\"",
     "Three, two, one. [A man's voice] !"},
    {"\"Who are you?\" The man asks. \"I am Bob,\" he replies.",
     "Who are you? [The man] !; I am Bob, [he] !"},
    {"She exclaims, \"Oh!\" Then he says, \"No.\"", "Oh! [She] !; No. [he] !"},
    {"He reads aloud, \"Once upon a time\".", "Once upon a time [He] !"},
    {"The T-shirt says \"Boss\".", "Boss []"},
    {"Subtitles read, \"I love you.\"", "I love you. []"},
    {"She is called \"Queen\" by fans.", "Queen []"},
    {"The host, smiling, says \"Welcome back\" to viewers.",
     "Welcome back [The host] !"},
    {"She says, \"One,\" \"two,\" and \"three.\"",
     "One, [She] !; two, [She] !; three. [She] !"},
    {"\"Hello,\" he says, \"how are you?\"",
     "Hello, [he] !; how are you? [he] !"},
    {"The boy shouts \"Mom!\" and a woman, his mother, replies \"Coming!\"",
     "Mom! [The boy] !; Coming! [a woman] !"},
    {"‘I can’t stay,’ he says, ‘it’s late.’",
     "I can’t stay, [he] !; it’s late. [he] !"},
    {"She says: ‘The boys’ bikes are gone.’",
     "The boys’ bikes are gone. [She] !"},
    {"A poster with the words 'No Entry' hangs there.", "No Entry []"},
    {"A neon sign displaying \"BAR\" flickers.", "BAR []"},
    {"\"\" is empty.", ""},
    {"He says, \"Wait\nhere.\"", "Wait\nhere. [He] !"},
    {"He says, \"Wait\n\nhere.\"", ""},
    {"\"I,\" said the old king, \"am tired.\"",
     "I, [the old king] !; am tired. [the old king] !"},
    {"Someone yells \"Fire!\" and everybody runs.", "Fire! [Someone] !"},
    {"A child's drawing labeled \"Mom\" hangs on the fridge.", "Mom []"},
    {"The lyrics \"Let it be\" are sung by a choir.", "Let it be []"},
    {"The man asks if she is \"okay\".", "okay []"},
    {"The so-called \"king\" enters.", "king []"},
    {"A voiceover says, \"Once upon a time.\"",
     "Once upon a time. [A voiceover] !"},
    {"The coach, a tall man with a whistle, shouts, \"Go!\"",
     "Go! [The coach] !"},
    {"Two girls giggle and one of them says, \"Hi.\"", "Hi. [one of them] !"},
    {"She waves, smiles, and says, \"Bye!\"", "Bye! [She] !"},
    {"He picks up the phone and a woman's voice says, \"Hello?\"",
     "Hello? [a woman's voice] !"},
    {"\"Look!\" The boy points. \"A whale!\"", "Look! []; A whale! []"},
    {"Text on the screen reads: \"5 years later\".", "5 years later []"},
    {"The banner says \"Happy Birthday\" and the crowd shouts \"Surprise!\"",
     "Happy Birthday []; Surprise! [the crowd] !"},
    {"\"No,\" she says.", "No, [she] !"},
    {"He mutters “well… maybe” and sighs.", "well… maybe [He] !"},
    {"「止まれ」と警官が叫ぶ。", "止まれ []"},
    {"他喊道：「快跑！」", "快跑！ [他] !"},
    {"Il dit : « Viens ici. »", "Viens ici. [Il] !"},
    {"Она говорит: «Привет, мир!»", "Привет, мир! [Она] !"},
    {"‚Na ja‘, murmelt sie.", "Na ja []"},
    {"”Hej”, säger hon.", "Hej []"},
    {"5'10\" tall and 6\" wide.", ""},
    {"He said \"she said \"no\" to me\" twice.", "no [she] !"},
    {"'Twas the night, and the '60s were over.", ""},
    {"The title \"The Dogs' Day\" appears.", "The Dogs' Day []"},
    {"I'm, you're, they've, o'clock, rock'n'roll.", ""},
    {"John says he isn't 'ready'.", "ready []"},
    {"A sign that says \"STOP\" stands there.", "STOP []"},
    {"The man holding a sign that reads \"Free hugs\" smiles.", "Free hugs []"},
    {"A woman holding a sign says, \"Help us.\"",
     "Help us. [A woman holding a sign] !"},
    {"The narrator: 'We begin.'", "We begin. [The narrator] !"},
    {"\"Yes!\" yells Anna.", "Yes! [Anna] !"},
    {"\"Sit,\" the trainer commands firmly.", "Sit, [the trainer] !"},
    {"As he whispers, \"Sleep well,\" the light goes out.",
     "Sleep well, [he] !"},
    {"The robot's display shows \"ERROR\".", "ERROR []"},
    {"He thinks \"maybe\" is an answer.", "maybe []"},
};

static void describe(const struct text *t)
{
    for (size_t i = 0; i < t->n_quotes; i++) {
        const struct text_quote *q = &t->quotes[i];

        buf_text(&found, i ? "; " : "");
        add_span(t, q->words);
        buf_text(&found, " [");
        add_span(t, q->speaker);
        buf_text(&found, q->spoken ? "] !" : "]");
    }
}

static void test_table(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        describe(take_apart(cases[i].text, ATTRIBUTE_NONE));
        CHECK_FOUND(cases[i].text, cases[i].quotes);
    }
    check_case("quotes are found, with who says them");
}

/* In a text about speech a quote needs no verb to be spoken. */
static void test_hint(void)
{
    describe(
        take_apart("First \"Hello.\" and then \"Bye.\"", ATTRIBUTE_SPEECH));
    CHECK_FOUND("hint", "Hello. [] !; Bye. [] !");
    describe(take_apart("The sign reads \"EXIT\".", ATTRIBUTE_SPEECH));
    CHECK_FOUND("hint", "EXIT []");
    check_case("a text about speech");
}

static void test_spans(void)
{
    const struct text *t = take_apart(
        "Il dit \xc2\xab\xc2\xa0Oui\xc2\xa0\xc2\xbb.", ATTRIBUTE_NONE);

    CHECK(t->n_quotes == 1, "%zu", t->n_quotes);
    add_span(t, t->quotes[0].words);
    CHECK_FOUND("words", "Oui");
    buf_reset(&found);
    add_span(t, t->quotes[0].all);
    CHECK_FOUND("all", "\xc2\xab\xc2\xa0Oui\xc2\xa0\xc2\xbb");
    t = take_apart("A man says, \"Go.\" A dog barks. A girl says, \"No.\"",
                   ATTRIBUTE_NONE);
    CHECK(t->n_quotes == 2 && t->quotes[0].sentence == 0 &&
              t->quotes[1].sentence == 2,
          "%zu quotes", t->n_quotes);
    CHECK(t->words[3].quoted && !t->words[4].quoted, "words in quotes");
    check_case("spans with and without marks, sentences");
}

/* A caption that a model wrapped in quotation marks is no quote; a line of
 * speech is. */
static void test_wrapped(void)
{
    struct buf b;
    const struct text *t;

    buf_init(&b, 4096);
    buf_text(&b, "\"At 0s, a man walks in. ");
    for (int i = 0; i < 12; i++)
        buf_text(&b, "He looks around and sits down. ");
    buf_text(&b, "At 9s, he leaves.\"");
    t = take_apart(b.p, ATTRIBUTE_NONE);
    CHECK(t->n_quotes == 0 && t->n_anchors == 2, "%zu quotes, %zu anchors",
          t->n_quotes, t->n_anchors);
    t = take_apart("\"Hello there. How are you?\"", ATTRIBUTE_SPEECH);
    CHECK(t->n_quotes == 1, "%zu quotes", t->n_quotes);
    buf_release(&b);
    check_case("a wrapped caption is no quote");
}

/* An opening mark that nobody closes takes nothing with it, and many of them
 * stay cheap. */
static void test_hostile(void)
{
    static const char *const units[] = {
        "\"",           "'",        "\" ",  " '",  "\"a ",      "'a ",
        "\xe2\x80\x9c", "\xc2\xab", "a's ", "s' ", "\"a\" 'b' "};

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t n = strlen(units[i]) * 100000;
        char *text = mem_alloc(n + 1);
        const struct text *t;

        for (size_t k = 0; k < n; k += strlen(units[i]))
            memcpy(text + k, units[i], strlen(units[i]));
        t = take_apart(text, ATTRIBUTE_NONE);
        for (size_t k = 0; k < t->n_quotes; k++) {
            CHECK(t->quotes[k].all.n <= 2100, "%s: a quote of %zu bytes",
                  units[i], t->quotes[k].all.n);
            CHECK(k == 0 || t->quotes[k].all.at >= t->quotes[k - 1].all.at +
                                                       t->quotes[k - 1].all.n,
                  "%s: quote %zu overlaps", units[i], k);
        }
        CHECK(t->n_sentences > 0 || t->n_words == 0, "%s", units[i]);
        free(text);
    }
    arena_reset(&arena);
    check_case("a hundred thousand marks");
}

int main(void)
{
    text_begin();
    test_table();
    test_hint();
    test_spans();
    test_wrapped();
    test_hostile();
    return text_end();
}
