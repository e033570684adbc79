/* Quotes against the transcript: what is found, what is repaired, what is
 * reported, and that a second run has nothing to do. */
#include <math.h>
#include <stdlib.h>

#include "asid/curate/align.h"
#include "asid/curate/record.h"
#include "check.h"

static const struct text_rules *rules;

/* --- transcripts in short -------------------------------------------------- */

/* Lines of "START END SPEAKER TEXT", speaker "-" for none. */
static struct json *transcript_of(struct arena *a, const char *lines)
{
    struct json *asr = json_new_object(a), *list = json_new_array(a);

    json_set_text(a, asr, "name", "test");
    while (*lines) {
        struct json *s = json_new_object(a);
        const char *end = lines + strcspn(lines, "\n");
        char *at;
        char label[32];
        size_t n;

        json_set_f64(a, s, "start", strtod(lines, &at));
        json_set_f64(a, s, "end", strtod(at, &at));
        at += strspn(at, " ");
        n = strcspn(at, " ");
        snprintf(label, sizeof label, "%.*s", (int)n, at);
        at += n + 1;
        json_set(a, s, "text",
                 json_new_str(a, (struct str){at, (size_t)(end - at)}));
        if (strcmp(label, "-") != 0)
            json_set_text(a, s, "speaker", label);
        json_append(list, s);
        lines = end + (*end != 0);
    }
    json_set(a, asr, "segments", list);
    return asr;
}

/* --- the search ------------------------------------------------------------ */

static const char show[] =
    "0.5 2.5 S1 So, welcome back everyone.\n"
    "3 6 S2 It's gone, I don't know why they're twenty-one.\n"
    "7 9 S1 Go! Go! Go!\n"
    "10 14 S1 Let's go to London. Today I'm going to show you how to\n"
    "14 17 S1 make bread with 250 grams of flour.\n"
    "18 20 S2 Welcome back everyone.\n"
    "21 23 S3 你好世界,欢迎来到北京。\n"
    "24 27 S3 Voil\xc3\xa0, c'est l'\xc3\xa9t\xc3\xa9 \xc3\xa0 Paris.\n"
    "28 30 - [music] He'd never seen [laughs] the cannot-do crowd.\n"
    "31 33 S1 That costs five dollars, okay?\n"
    "34 36 S2 Half past seven thirty, 20% off on the 1st floor.\n"
    "40 44 S1 In nineteen eighty-four I paid $9 for the second one.\n";

static const struct search_case {
    const char *name, *quote;
    double at;         /* of its anchor; negative: none */
    const char *words; /* of the transcript; NULL: nobody said it */
    int equal;
} search_cases[] = {
    {"the same words", "welcome back everyone", -1, "welcome back everyone.",
     1},
    {"case and punctuation do not count", "WELCOME, back: Everyone?!", -1,
     "welcome back everyone.", 1},
    {"words inside an utterance", "know why", -1, "know why", 1},
    {"a number in digits", "they're 21", -1, "they're twenty-one.", 1},
    {"a number in words", "two hundred and fifty grams", -1, "250 grams", 1},
    {"a contraction spelled out", "it is gone", -1, "It's gone,", 1},
    {"a contraction spelled out otherwise", "it has gone", -1, "It's gone,", 1},
    {"not spelled out", "I do not know", -1, "I don't know", 1},
    {"are spelled out", "why they are 21", -1, "why they're twenty-one.", 1},
    {"an apostrophe of typography", "they\xe2\x80\x99re twenty one", -1,
     "they're twenty-one.", 1},
    {"no apostrophe", "I dont know why theyre", -1, "I don't know why they're",
     1},
    {"let us", "let us go to London", -1, "Let's go to London.", 1},
    {"gonna", "Today I'm gonna show you", -1, "Today I'm going to show you", 1},
    {"had and would", "he had never seen", -1, "He'd never seen", 1},
    {"would and had", "he would never", -1, "He'd never", 1},
    {"a dropped g", "Today I'm goin' to show you", -1,
     "Today I'm going to show you", 1},
    {"ok", "That costs five dollars, OK?", -1, "That costs five dollars, okay?",
     1},
    {"can not", "can not do crowd", -1, "cannot-do crowd.", 1},
    {"over two segments", "how to make bread", -1, "how to make bread", 1},
    {"over three speakers' lines",
     "why they're twenty-one. Go! Go! Go! Let's go", -1,
     "why they're twenty-one. Go! Go! Go! Let's go", 1},
    {"blanks do not count", "wel come back every one", -1,
     "welcome back everyone.", 1},
    {"twice, the first without an anchor", "welcome back everyone", -1,
     "welcome back everyone.", 1},
    {"Chinese", "欢迎来到北京", -1, "欢 迎 来 到 北 京。", 1},
    {"Chinese with a character wrong", "欢迎来到南京", -1,
     "欢 迎 来 到 北 京。", 0},
    {"Chinese that nobody said", "今天天气很好", -1, NULL, 0},
    {"French", "c'est l'\xc3\xa9t\xc3\xa9", -1, "c'est l'\xc3\xa9t\xc3\xa9", 1},
    {"accents lost", "Voila, c'est l'ete a Paris", -1,
     "Voil\xc3\xa0, c'est l'\xc3\xa9t\xc3\xa9 \xc3\xa0 Paris.", 0},
    {"a note in brackets is no word", "never seen the cannot-do crowd", -1,
     "never seen [laughs] the cannot-do crowd.", 1},
    {"a word wrong", "today I'm going to show him how to make bread", -1,
     "Today I'm going to show you how to make bread", 0},
    {"a word left out", "Today I'm going to show how to make bread", -1,
     "Today I'm going to show you how to make bread", 0},
    {"a word too many", "So, a very welcome back everyone", -1,
     "So, welcome back everyone.", 0},
    {"a wrong last word", "Let's go to Paris", -1, "Let's go to London.", 0},
    {"a wrong first word", "Then welcome back everyone", -1,
     "So, welcome back everyone.", 0},
    {"nobody said it", "please subscribe to my channel", -1, NULL, 0},
    {"two words of many are no match",
     "the bread of our ancestors was everyone's pride in those days", -1, NULL,
     0},
    {"a short word like another", "hat", -1, NULL, 0},
    {"a short utterance like another", "So welcome", 0.5, "So, welcome", 1},
    {"an ellipsis joins two spans", "It's gone \xe2\x80\xa6 let's go to London",
     -1, "It's gone, | Let's go to London.", 1},
    {"three dots join two spans", "welcome back everyone... make bread", -1,
     "welcome back everyone. | make bread", 1},
    {"an ellipsis at the ends", "...back everyone\xe2\x80\xa6", -1,
     "back everyone.", 1},
    {"an ellipsis inside what was said", "It's gone... I don't know", -1,
     "It's gone, I don't know", 1},
    {"joined spans in the wrong order",
     "That costs five dollars \xe2\x80\xa6 Let's go to London", -1, NULL, 0},
    {"a currency sign", "that costs $5", -1, "That costs five dollars,", 1},
    {"a currency word", "I paid nine dollars", -1, "I paid $9", 1},
    {"percent", "twenty percent off", -1, "20% off", 1},
    {"a time of day", "half past 7:30", -1, "Half past seven thirty,", 1},
    {"an ordinal in words", "on the first floor", -1, "on the 1st floor.", 1},
    {"an ordinal in digits", "for the 2nd one", -1, "for the second one.", 1},
    {"a year", "in 1984 I paid", -1, "In nineteen eighty-four I paid", 1},
    {"a note in the quote", "Let's go [sighs] to London", -1,
     "Let's go to London.", 1},
    {"no letters", "?!", -1, NULL, 0},
    {"a character of CJK inside words", "世界", -1, "世 界,", 1},
    {"half a hyphened word", "do crowd", -1, "cannot-do crowd.", 1},
};

static struct str joined(struct arena *a, const struct transcript *t,
                         const struct align_match *m)
{
    struct buf b;
    struct str s;

    buf_init(&b, 65536);
    for (size_t i = 0; i < m->n_parts; i++) {
        buf_text(&b, i > 0 ? " | " : "");
        for (size_t k = 0; k < m->parts[i].n_words; k++) {
            buf_text(&b, k > 0 ? " " : "");
            buf_str(&b, t->words[m->parts[i].first_word + k].text);
        }
    }
    s = str_of(arena_strndup(a, b.p ? b.p : "", b.n));
    buf_release(&b);
    return s;
}

static const struct align_options usual = {0.6, 2, ALIGN_KEEP, false};

static void search_alone(void)
{
    for (size_t i = 0; i < sizeof search_cases / sizeof search_cases[0]; i++) {
        const struct search_case *c = &search_cases[i];
        struct arena a = ARENA_INIT;
        const struct transcript *t =
            transcript_read(rules, &a, transcript_of(&a, show));
        struct align_speech *s = align_speech_new(rules, &a, t);
        struct align_quote q = {.words = str_of(c->quote),
                                .earliest = c->at < 0 ? (double)NAN : c->at,
                                .latest = c->at < 0 ? (double)NAN : c->at,
                                .anchored = c->at >= 0};

        align_quotes(s, &usual, &q, 1);
        CHECK(q.match.found == (c->words != NULL), "%s: found %d, %.3f \"%s\"",
              c->name, q.match.found, q.match.similarity,
              q.match.found ? joined(&a, t, &q.match).p : "");
        if (c->words && q.match.found) {
            CHECK_TEXT(joined(&a, t, &q.match).p, c->words);
            CHECK(q.match.equal == c->equal, "%s: equal %d", c->name,
                  q.match.equal);
            CHECK(q.match.equal == (q.match.similarity > 0.9999),
                  "%s: similarity %f", c->name, q.match.similarity);
        }
        arena_release(&a);
        check_case(c->name);
    }
}

/* Quotes of one text, with anchors where at >= 0; where each is found. */
static const struct order_case {
    const char *name;
    struct {
        const char *words;
        double at;
    } quotes[6];
    const char *starts; /* seconds of each, "-" not found, "~" out of order */
} order_cases[] = {
    {"the second of two in order",
     {{"welcome back everyone", -1}, {"welcome back everyone", -1}},
     "0.8 18.0"},
    {"an anchor decides", {{"welcome back everyone", 18}}, "18.0"},
    {"order decides against nothing",
     {{"let's go to London", -1}, {"welcome back everyone", -1}},
     "10.0 18.0"},
    {"three cries, three places",
     {{"Go!", -1}, {"Go!", -1}, {"Go!", -1}},
     "7.0 7.7 8.3"},
    {"told out of order",
     {{"that costs five dollars", -1},
      {"It's gone, I don't know why", -1},
      {"let's go to London", -1}},
     "~31.0 3.0 10.0"},
    {"a second mention at the end",
     {{"It's gone", -1},
      {"let's go to London", -1},
      {"that costs five dollars", -1},
      {"It's gone", -1}},
     "3.0 10.0 31.0 ~3.0"},
    {"something that nobody said in between",
     {{"It's gone", -1}, {"buy two, get three", -1}, {"make bread", -1}},
     "3.0 - 14.0"},
    {"a wrong anchor does not beat the words",
     {{"let's go to London", 30}},
     "10.0"},
};

static void order_of_quotes(void)
{
    for (size_t i = 0; i < sizeof order_cases / sizeof order_cases[0]; i++) {
        const struct order_case *c = &order_cases[i];
        struct arena a = ARENA_INIT;
        const struct transcript *t =
            transcript_read(rules, &a, transcript_of(&a, show));
        struct align_speech *s = align_speech_new(rules, &a, t);
        struct align_quote q[6];
        char got[200] = "";
        size_t n = 0;

        for (; n < 6 && c->quotes[n].words; n++) {
            double at = c->quotes[n].at;

            q[n] = (struct align_quote){.words = str_of(c->quotes[n].words),
                                        .earliest = at < 0 ? (double)NAN : at,
                                        .latest = at < 0 ? (double)NAN : at,
                                        .anchored = at >= 0};
        }
        align_quotes(s, &usual, q, n);
        for (size_t k = 0; k < n; k++) {
            size_t to = strlen(got);

            if (q[k].match.found)
                snprintf(got + to, sizeof got - to, "%s%s%.1f", k ? " " : "",
                         q[k].match.ordered ? "" : "~", q[k].match.start);
            else
                snprintf(got + to, sizeof got - to, "%s-", k ? " " : "");
        }
        CHECK_TEXT(got, c->starts);
        arena_release(&a);
        check_case(c->name);
    }
}

/* --- records ------------------------------------------------------------------ */

static struct str written(struct arena *a, const struct json *v)
{
    struct buf b;
    struct str s;

    buf_init(&b, 64u << 20);
    json_write(&b, v);
    s = (struct str){arena_strndup(a, b.p ? b.p : "", b.n), b.n};
    buf_release(&b);
    return s;
}

/* Align, write, read back, align again: the bytes must be the same. */
static struct json *twice(struct arena *a, struct json *record,
                          const struct align_options *o, const char *name)
{
    struct asid_err err;
    struct json *again;
    struct str first;

    CHECK_OK(align_record(rules, a, record, o, &err), err);
    first = written(a, record);
    CHECK_OK(json_parse(a, first, 0, &again, &err), err);
    CHECK_OK(align_record(rules, a, again, o, &err), err);
    CHECK(str_eq(written(a, again), first),
          "%s: a second run changes\n# %s\n# %s", name, first.p,
          written(a, again).p);
    return again;
}

static struct json *record_of(struct arena *a, const char *transcript,
                              const char *speech, const char *caption)
{
    struct json *r = json_new_object(a);

    json_set_text(a, r, "id", "t");
    if (transcript)
        json_set(a, r, "asr", transcript_of(a, transcript));
    if (speech) {
        struct json *attributes = json_new_object(a), *s = json_new_object(a);

        json_set_text(a, s, "text", speech);
        json_set(a, attributes, "speech", s);
        json_set(a, r, "attributes", attributes);
    }
    if (caption)
        json_set_text(a, r, "caption", caption);
    return r;
}

static const char talk[] = "2 4 S1 Hello everyone, welcome to my kitchen.\n"
                           "6 9 S1 Today we are baking a chocolate cake.\n"
                           "12 14 S2 Can I lick the spoon?\n"
                           "15 16 S1 Not yet.\n"
                           "20 23 S2 It smells so good in here!\n"
                           "27 30 S1 And that is how you bake a cake.\n"
                           "31 32 S2 Bye!\n";

static const struct text_case {
    const char *name, *text, *want; /* want NULL: unchanged */
    const char *codes;              /* of the findings, in order */
} text_cases[] = {
    {"what is right stays",
     "At 2s, a woman says, \"Hello everyone, welcome to my kitchen.\"", NULL,
     ""},
    {"case and punctuation of the text stay",
     "At 2s, a woman says, \"HELLO, everyone; welcome to my kitchen!\"", NULL,
     ""},
    {"no quote, nothing to do", "At 2s, a woman greets everyone.", NULL, ""},
    {"a misquote gets the words spoken",
     "At 6s, a woman says, \"Today we are making a chocolate cake.\"",
     "At 6s, a woman says, \"Today we are baking a chocolate cake.\"",
     "speech.misquoted"},
    {"the sentence's comma stays",
     "\"Today we are making a chocolate cake,\" a woman says at 6s.",
     "\"Today we are baking a chocolate cake,\" a woman says at 6s.",
     "speech.misquoted"},
    {"the transcript's question mark comes along",
     "At 12s, a boy asks, \"Can I lick this spoon.\"",
     "At 12s, a boy asks, \"Can I lick the spoon?\"", "speech.misquoted"},
    {"no mark where the text has none",
     "At 12s, a boy asks \"can I lick that spoon\" and laughs.",
     "At 12s, a boy asks \"Can I lick the spoon\" and laughs.",
     "speech.misquoted"},
    {"curly marks stay",
     "At 6s, she says, \xe2\x80\x9cToday we're making a chocolate cake"
     "\xe2\x80\x9d.",
     "At 6s, she says, \xe2\x80\x9cToday we are baking a chocolate cake"
     "\xe2\x80\x9d.",
     "speech.misquoted"},
    {"single marks stay",
     "At 6s, she says, 'Today we're making a chocolate cake.'",
     "At 6s, she says, 'Today we are baking a chocolate cake.'",
     "speech.misquoted"},
    {"an anchor goes to the words",
     "At 16s, a woman says, \"Today we are baking a chocolate cake.\"",
     "At 6s, a woman says, \"Today we are baking a chocolate cake.\"",
     "speech.misplaced"},
    {"two seconds are allowed",
     "At 4s, a woman says, \"Today we are baking a chocolate cake.\"", NULL,
     ""},
    {"inside the words is right",
     "At 8s, a woman says, \"Today we are baking a chocolate cake.\"", NULL,
     ""},
    {"two seconds behind the words are allowed",
     "At 11s, a woman says, \"Today we are baking a chocolate cake.\"", NULL,
     ""},
    {"an anchor of minutes and seconds",
     "At 0:41, a boy says, \"It smells so good in here!\"",
     "At 20s, a boy says, \"It smells so good in here!\"", "speech.misplaced"},
    {"an anchor inside a sentence keeps its small letter",
     "A boy says at 41s, \"It smells so good in here!\"",
     "A boy says at 20s, \"It smells so good in here!\"", "speech.misplaced"},
    {"a range that covers the words is right",
     "From 18s to 25s, a boy says, \"It smells so good in here!\"", NULL, ""},
    {"a range that does not moves",
     "From 3s to 8s, a boy says, \"It smells so good in here!\"",
     "From 20s to 23s, a boy says, \"It smells so good in here!\"",
     "speech.misplaced"},
    {"wrong words at the wrong time",
     "At 25s, a boy asks, \"Can I lick your spoon?\"",
     "At 12s, a boy asks, \"Can I lick the spoon?\"",
     "speech.misquoted speech.misplaced"},
    {"nobody said it", "At 6s, a woman says, \"Do not forget to subscribe.\"",
     NULL, "speech.unsupported"},
    {"one right, one not",
     "At 2s, she says, \"Hello everyone, welcome to my kitchen.\" At 9s, a man "
     "shouts, \"Where is my umbrella?\"",
     NULL, "speech.unsupported"},
    {"writing in the picture is not spoken",
     "A sign reads \"Fresh bread daily\" above the door.", NULL, ""},
    {"a move that would break the order is reported",
     "At 2s, she says, \"Hello everyone, welcome to my kitchen.\" At 5s, a cat "
     "jumps onto the table. At 10s, the boy says, \"Bye!\" At 15s, smoke "
     "rises.",
     NULL, "speech.misplaced"},
    {"two wrong anchors move together",
     "At 16s, a woman says, \"Today we are baking a chocolate cake.\" At 22s, "
     "a boy asks, \"Can I lick the spoon?\"",
     "At 6s, a woman says, \"Today we are baking a chocolate cake.\" At 12s, "
     "a boy asks, \"Can I lick the spoon?\"",
     "speech.misplaced speech.misplaced"},
    {"a clock that is wrong is left to the time check",
     "At 7s, she says, \"Hello everyone, welcome to my kitchen.\" At 11s, she "
     "says, \"Today we are baking a chocolate cake.\" At 14s, a cat appears. "
     "At 17s, a boy asks, \"Can I lick the spoon?\" At 25s, he says, \"It "
     "smells so good in here!\"",
     NULL, "speech.misplaced speech.misplaced"},
    {"told in looking back has no time",
     "At 0s, a kitchen. Throughout the video, a boy says, \"It smells so good "
     "in here!\"",
     NULL, ""},
    {"later in the text without an anchor of its own",
     "At 0s, a kitchen is seen. A woman says, \"Hello everyone, welcome to my "
     "kitchen.\" At 5s, she smiles.",
     NULL, ""},
    {"between the wrong anchors without one of its own",
     "At 8s, a kitchen is seen. A woman says, \"Hello everyone, welcome to my "
     "kitchen.\" At 15s, she smiles.",
     NULL, "speech.misplaced"},
    {"a quote in two pieces",
     "\"Hello everyone,\" she says at 2s, \"welcome to my kitchen.\"", NULL,
     ""},
    {"two quotes after one anchor",
     "At 12s, a boy asks, \"Can I lick the spoon?\" and she answers, \"Not "
     "yet.\"",
     NULL, ""},
    {"an ellipsis leaves something out",
     "She says, \"Hello everyone\xe2\x80\xa6 that is how you bake a cake.\"",
     NULL, ""},
    {"a misquote with an ellipsis",
     "She says, \"Hello to everyone \xe2\x80\xa6 that is how you make a "
     "cake.\"",
     "She says, \"Hello everyone \xe2\x80\xa6 that is how you bake a cake.\"",
     "speech.misquoted"},
    {"a boy and a woman are two persons",
     "At 12s, a boy asks, \"Can I lick the spoon?\" At 20s, a woman says, \"It "
     "smells so good in here!\"",
     NULL, "speech.speaker"},
    {"two descriptions of one person",
     "At 2s, a woman says, \"Hello everyone, welcome to my kitchen.\" At 6s, "
     "the chef says, \"Today we are baking a chocolate cake.\"",
     NULL, ""},
};

static struct str codes_of(struct arena *a, const struct json *record)
{
    struct buf b;
    struct str s;

    buf_init(&b, 65536);
    json_each(f, json_get(record, "findings")) {
        buf_text(&b, b.n > 0 ? " " : "");
        buf_text(&b, json_text(json_get(f, "code")));
    }
    s = str_of(arena_strndup(a, b.p ? b.p : "", b.n));
    buf_release(&b);
    return s;
}

static void text_alone(void)
{
    for (size_t i = 0; i < sizeof text_cases / sizeof text_cases[0]; i++) {
        const struct text_case *c = &text_cases[i];
        struct arena a = ARENA_INIT;
        struct json *r =
            twice(&a, record_of(&a, talk, c->text, c->text), &usual, c->name);
        const char *want = c->want ? c->want : c->text;
        char codes[400];

        CHECK_TEXT(json_text(json_path(r, "attributes.speech.text")), want);
        CHECK_TEXT(json_text(json_get(r, "caption")), want);
        /* Once for the attribute, once for the caption; speakers once. */
        if (strcmp(c->codes, "speech.speaker") == 0 || c->codes[0] == 0)
            snprintf(codes, sizeof codes, "%s", c->codes);
        else
            snprintf(codes, sizeof codes, "%s %s", c->codes, c->codes);
        CHECK_TEXT(codes_of(&a, r).p, codes);
        arena_release(&a);
        check_case(c->name);
    }
}

static struct json *parsed(struct arena *a, const char *text)
{
    struct asid_err err;
    struct json *v = NULL;

    CHECK_OK(json_parse(a, str_of(text), 0, &v, &err), err);
    return v;
}

static void list_of_quotes(void)
{
    struct arena a = ARENA_INIT;
    struct json *r = record_of(
        &a, talk,
        "At 20s, a boy says, \"It smells so good in here!\" Before that, she "
        "says, \"Today we are making a chocolate cake.\" He adds, \"Nobody "
        "ever said this.\"",
        "At 2s, a woman says, \"Hello everyone, welcome to my kitchen.\" Then, "
        "\"It smells so good in here!\"");
    const struct json *q;

    r = twice(&a, r, &usual, "list of quotes");
    q = json_path(r, "attributes.speech.quotes");
    CHECK(json_count(q) == 4, "%zu quotes", json_count(q));
    CHECK_TEXT(
        written(&a, json_at(q, 0)).p,
        "{\"text\":\"Hello everyone, welcome to my kitchen.\",\"start\":"
        "2,\"end\":4,\"speaker\":\"S1\",\"transcript\":\"Hello everyone, "
        "welcome to my kitchen.\",\"similarity\":1,\"described_as\":\"a "
        "woman\",\"attribute\":\"caption\"}");
    CHECK_TEXT(written(&a, json_at(q, 1)).p,
               "{\"text\":\"Today we are baking a chocolate cake.\",\"start\":"
               "6,\"end\":9,\"speaker\":\"S1\",\"transcript\":\"Today we are "
               "baking a chocolate cake.\",\"similarity\":0.9667,"
               "\"described_as\":\"she\"}");
    CHECK_TEXT(json_text(json_get(json_at(q, 2), "text")),
               "Nobody ever said this.");
    CHECK(json_type(json_get(json_at(q, 2), "transcript")) == JSON_NULL,
          "an unsupported quote has a transcript");
    CHECK_TEXT(json_text(json_get(json_at(q, 3), "text")),
               "It smells so good in here!");
    arena_release(&a);
    check_case("quotes are listed as they are spoken, each once");
}

static void claims_in_step(void)
{
    struct arena a = ARENA_INIT;
    struct json *r = parsed(
        &a,
        "{\"id\":\"t\",\"attributes\":{\"speech\":{\"text\":\"At 16s, a woman "
        "says, \\\"Today we are making a chocolate cake.\\\" Music plays "
        "softly.\",\"verdict\":\"verified\",\"claims\":[{\"text\":\"A woman "
        "says, \\\"Today we are making a chocolate "
        "cake.\\\"\",\"start\":16,\"end\":16,\"sources\":[\"x\"],\"p\":0.9,"
        "\"verdict\":\"supported\"},{\"text\":\"Music plays softly.\","
        "\"start\":16,\"end\":16,\"p\":0.8}]}}}");

    json_set(&a, r, "asr", transcript_of(&a, talk));
    r = twice(&a, r, &usual, "claims");
    CHECK_TEXT(
        written(&a, json_path(r, "attributes.speech.claims")).p,
        "[{\"text\":\"A woman says, \\\"Today we are baking a chocolate "
        "cake.\\\"\",\"start\":6,\"end\":6,\"sources\":[\"x\"]},{\"text\":"
        "\"Music plays softly.\",\"start\":6,\"end\":6,\"p\":0.8}]");
    CHECK(json_path(r, "attributes.speech.verdict") == NULL,
          "the verdict about another text stays");
    CHECK_TEXT(written(&a, json_path(r, "findings.0.claim")).p, "0");
    arena_release(&a);
    check_case("claims keep in step and lose verdicts about other words");
}

static void a_finding(void)
{
    struct arena a = ARENA_INIT;
    struct json *r = record_of(
        &a, talk, NULL,
        "At 25s, a boy asks, \"Can I lick your spoon?\" Nothing else.");

    r = twice(&a, r, &usual, "finding");
    CHECK_TEXT(
        written(&a, json_get(r, "findings")).p,
        "[{\"stage\":\"align\",\"code\":\"speech.misquoted\",\"message\":"
        "\"\\\"Can I lick your spoon?\\\" is in the transcript as \\\"Can "
        "I lick the spoon?\\\" (similarity 0.76)\",\"quote\":\"Can I lick "
        "the spoon?\",\"was\":\"Can I lick your spoon?\",\"now\":\"Can I "
        "lick the spoon?\",\"repaired\":true},{\"stage\":\"align\","
        "\"code\":\"speech.misplaced\",\"message\":\"\\\"Can I lick the "
        "spoon?\\\" is spoken from 12.0s to 14.0s, not at 25.0s\","
        "\"quote\":\"Can I lick the spoon?\",\"was\":\"At 25s\",\"now\":"
        "\"At 12s\",\"repaired\":true}]");
    arena_release(&a);
    check_case("a finding says what was and what is");
}

static void untouched(void)
{
    static const char *const records[] = {
        "{ \"id\" : \"t\", \"caption\":\"He says, \\u0022Hi\\u0022.\",\"x\":1.50}",
        "{\"id\":\"t\",\"asr\":null,\"caption\":\"He says, \\\"Hi there you.\\\"\"}",
        "{\"id\":\"t\",\"asr\":{\"segments\":[]},\"caption\":\"No quotes  \",\"n\":1e3}",
        "{\"id\":\"t\",\"asr\":{\"segments\":[]},\"attributes\":{\"speech\":null},\"findings\":[ {\"stage\":\"merge\",\"code\":\"x\",\"message\":\"m\"} ]}",
    };

    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        struct arena a = ARENA_INIT;
        struct json *r = parsed(&a, records[i]);
        struct asid_err err;

        CHECK_OK(align_record(rules, &a, r, &usual, &err), err);
        CHECK_TEXT(written(&a, r).p, records[i]);
        arena_release(&a);
    }
    check_case("records with nothing to check keep every byte");
}

static void empty_transcript(void)
{
    struct arena a = ARENA_INIT;
    struct json *r =
        record_of(&a, "", "He says, \"Good morning to you.\"", NULL);

    r = twice(&a, r, &usual, "empty");
    CHECK_TEXT(codes_of(&a, r).p, "speech.unsupported");
    arena_release(&a);
    check_case("nothing was said: every quote is unsupported");
}

static void options(void)
{
    static const char two[] =
        "At 2s, she says, \"Hello everyone, welcome to my kitchen.\" A man picks "
        "up a hat, then he shouts, \"Where is my umbrella?\" The cat sleeps.";
    static const char none[] = "A man shouts, \"Where is my umbrella?\"";
    struct align_options o = usual;
    struct arena a = ARENA_INIT;
    struct asid_err err;
    struct json *r;

    o.unsupported = ALIGN_REJECT;
    r = record_of(&a, talk, two, NULL);
    CHECK(align_record(rules, &a, r, &o, &err) == ASID_REJECT, "not rejected");
    CHECK_TEXT(err.code, "speech.unsupported");
    CHECK_TEXT(err.text,
               "1 of 2 quotes are not in the transcript, first \"Where "
               "is my umbrella?\"");
    o.unsupported = ALIGN_REJECT_ALL;
    CHECK_OK(align_record(rules, &a, record_of(&a, talk, two, NULL), &o, &err),
             err);
    r = record_of(&a, talk, none, NULL);
    CHECK(align_record(rules, &a, r, &o, &err) == ASID_REJECT, "not rejected");
    r = record_of(&a, talk, "A cat sleeps.", NULL);
    CHECK_OK(align_record(rules, &a, r, &o, &err), err);
    check_case("records are rejected as the option says");

    o.unsupported = ALIGN_REMOVE;
    r = twice(&a, record_of(&a, talk, two, NULL), &o, "remove");
    CHECK_TEXT(json_text(json_path(r, "attributes.speech.text")),
               "At 2s, she says, \"Hello everyone, welcome to my kitchen.\" A "
               "man picks up a hat. The cat sleeps.");
    CHECK_TEXT(codes_of(&a, r).p, "speech.unsupported");
    r = twice(&a, record_of(&a, talk, none, two), &o, "remove");
    CHECK_TEXT(json_text(json_path(r, "attributes.speech.text")), "");
    check_case("what nobody said is removed when asked for");

    o = usual;
    o.report_only = true;
    r = twice(&a,
              record_of(&a, talk, NULL,
                        "At 25s, a boy asks, \"Can I lick your spoon?\""),
              &o, "report");
    CHECK_TEXT(json_text(json_get(r, "caption")),
               "At 25s, a boy asks, \"Can I lick your spoon?\"");
    CHECK_TEXT(codes_of(&a, r).p, "speech.misquoted speech.misplaced");
    CHECK(!json_bool(json_path(r, "findings.0.repaired")), "repaired");
    check_case("reporting changes no text");

    o = usual;
    o.tolerance = 15;
    r = twice(&a,
              record_of(&a, talk, NULL,
                        "At 25s, a boy asks, \"Can I lick the spoon?\""),
              &o, "tolerance");
    CHECK_TEXT(codes_of(&a, r).p, "");
    o = usual;
    o.similarity = 0.95;
    r = twice(
        &a, record_of(&a, talk, NULL, "A boy asks, \"Can I lick your spoon?\""),
        &o, "similarity");
    CHECK_TEXT(codes_of(&a, r).p, "speech.unsupported");
    check_case("tolerance and similarity can be set");
    arena_release(&a);
}

/* A second run with another transcript takes back what it found before. */
static void found_anew(void)
{
    struct arena a = ARENA_INIT;
    struct json *r =
        record_of(&a, "", NULL, "A boy asks, \"Can I lick the spoon?\"");
    struct asid_err err;

    CHECK_OK(align_record(rules, &a, r, &usual, &err), err);
    CHECK_TEXT(codes_of(&a, r).p, "speech.unsupported");
    json_set(&a, r, "asr", transcript_of(&a, talk));
    CHECK_OK(align_record(rules, &a, r, &usual, &err), err);
    CHECK(json_get(r, "findings") == NULL, "old findings stay");
    arena_release(&a);
    check_case("findings of the run before are found anew");
}

/* --- size ---------------------------------------------------------------------- */

/* Words that are none, the same every time. */
static void babble(struct buf *b, size_t words, unsigned seed)
{
    for (size_t i = 0; i < words; i++) {
        unsigned n = 2 + seed / 65536 % 7;

        if (i % 12 == 0)
            buf_printf(b, "%s%zu %zu S%zu ", i ? "\n" : "", i / 3, i / 3 + 4,
                       i / 12 % 3);
        for (unsigned k = 0; k < n; k++) {
            seed = seed * 1103515245 + 12345;
            buf_char(b, (char)('a' + seed / 65536 % 26));
        }
        buf_char(b, ' ');
    }
}

static void ten_hours(void)
{
    struct arena a = ARENA_INIT;
    struct buf b, text;
    struct json *r;

    buf_init(&b, 64u << 20);
    babble(&b, 108000, 7);
    buf_text(&b,
             "\n36010 36013 S1 Finally we reach the summit of this mountain.\n"
             "36020 36022 S2 What a wonderful view over the valley.");
    buf_init(&text, 1u << 20);
    buf_text(&text, "At 36010s, he says, \"Finally we reach the summit of that "
                    "mountain.\" She says, \"What a wonderful view over the "
                    "valley.\"");
    for (int i = 0; i < 40; i++)
        buf_printf(&text,
                   " He says, \"Number %d of the things that were never "
                   "spoken by anybody.\"",
                   i);
    r = twice(&a, record_of(&a, b.p, text.p, NULL), &usual, "ten hours");
    CHECK(
        str_starts(json_str(json_path(r, "attributes.speech.text")),
                   "At 36010s, he says, \"Finally we reach the summit of this "
                   "mountain.\" She says, \"What"),
        "not found in ten hours");
    CHECK(json_count(json_get(r, "findings")) == 41, "%zu findings",
          json_count(json_get(r, "findings")));
    buf_release(&b);
    buf_release(&text);
    arena_release(&a);
    check_case("ten hours of speech");
}

/* More than can be compared: it ends, and says so. */
static void too_much(void)
{
    struct arena a = ARENA_INIT;
    struct buf b, text;
    struct json *r;
    struct asid_err err;

    buf_init(&b, 64u << 20);
    babble(&b, 200000, 11);
    buf_init(&text, 1u << 20);
    for (int i = 0; i < 4000; i++)
        buf_printf(&text,
                   "He says, \"thing %d is a thing that nobody ever has "
                   "said here or anywhere else\". ",
                   i);
    r = record_of(&a, b.p, NULL, text.p);
    CHECK_OK(align_record(rules, &a, r, &usual, &err), err);
    CHECK(strstr(codes_of(&a, r).p, "speech.unsupported speech.unchecked") !=
              NULL,
          "nothing was left");
    buf_release(&b);
    buf_release(&text);
    arena_release(&a);
    check_case("work is bounded, and what is left is said");
}

int main(void)
{
    struct asid_err err;

    CHECK_OK(text_rules_load(&rules, &err), err);
    if (!rules)
        return check_done();
    search_alone();
    order_of_quotes();
    text_alone();
    list_of_quotes();
    claims_in_step();
    a_finding();
    untouched();
    empty_transcript();
    options();
    found_anew();
    ten_hours();
    too_much();
    text_rules_free(rules);
    return check_done();
}
