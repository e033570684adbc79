/* The multi-source merge: rules one by one, and properties of random records;
 * the gold set is in test_merge_gold.c. */
#include "asid/curate/merge.h"
#include "check_json.h"
#include "merge_listed.h"

static struct arena rules_arena;
static const struct text_rules *rules;

static struct merge_policy *policy(const char *weights)
{
    struct merge_policy *p = NULL;

    CHECK_OK(merge_policy_new(rules, &arena, &p, &err), err);
    if (weights)
        CHECK_OK(merge_policy_weight(p, weights, &err), err);
    return p;
}

/* A record with these sources (the JSON of the list), merged. */
static struct json *merged(const char *weights, const char *sources,
                           const char *more)
{
    struct json *r = parse_text(arena_printf(
        &arena, "{\"id\":\"a\",\"sources\":%s%s}", sources, more ? more : ""));

    CHECK_OK(merge_record(policy(weights), &arena, r, &err), err);
    return r;
}

/* Two captions of sources a and b. */
static struct json *two(const char *a, const char *b)
{
    return merged(NULL,
                  arena_printf(&arena,
                               "[{\"name\":\"a\",\"caption\":\"%s\"},"
                               "{\"name\":\"b\",\"caption\":\"%s\"}]",
                               a, b),
                  NULL);
}

static const char *caption(const struct json *r)
{
    return record_caption(r).p;
}

static const char *at(const struct json *r, const char *path)
{
    const struct json *v = json_path(r, path);

    return v ? written(v) : "(none)";
}

static size_t findings(const struct json *r, const char *code)
{
    size_t n = 0;

    json_each(f, json_get(r, "findings")) {
        const char *c = json_text(json_get(f, "code"));

        n += c && strcmp(c, code) == 0;
    }
    return n;
}

/* --- the form of the text ------------------------------------------------------ */

static void test_form(void)
{
    struct json *r;

    r = two("At 0s, a man waves. At 5s, he sits down.",
            "At 0s, a man waves. At 3s, a bird lands on the roof.");
    CHECK_TEXT(caption(r), "At 0s, a man waves. At 3s, a bird lands on the "
                           "roof. At 5s, he sits down.");
    check_case("claims of all sources stand in the order of time");

    r = two("A narrow street lies in fog. At 3s, a cyclist passes.",
            "At 3s, a lamp flickers.");
    CHECK_TEXT(caption(r), "At 0s, a narrow street lies in fog. At 3s, a "
                           "cyclist passes. A lamp flickers.");
    check_case("a caption with anchors opens at 0 s; one anchor for one time");

    r = two("A narrow street lies in fog.", "A cyclist passes.");
    CHECK(strstr(caption(r), "At ") == NULL, "%s", caption(r));
    check_case("a caption without anchors gets none");

    r = two("(0:03) A cyclist passes. [0:10-0:12] A dog barks.",
            "At 3 seconds, a cyclist in yellow passes.");
    CHECK_TEXT(caption(r), "At 3s, a cyclist in yellow passes. From 10s to "
                           "12s, a dog barks.");
    check_case("anchors that are written anew have the published form");

    r = two("Throughout the clip, the sky stays gray. At 2s, a bus stops.",
            "At 4s, a girl gets off the bus.");
    CHECK_TEXT(caption(r), "At 2s, a bus stops. At 4s, a girl gets off the "
                           "bus. Throughout the clip, the sky stays gray.");
    check_case("a look back over the whole clip stands last");

    r = two("At 2s, a boy kicks a ball. At 8s, Maria claps.",
            "At 8s, it starts to rain");
    CHECK_TEXT(caption(r), "At 2s, a boy kicks a ball. At 8s, Maria claps. It "
                           "starts to rain.");
    check_case("sentences end with a full stop, names keep their capital");

    r = two("At 0s, a bearded man walks across the yard.",
            "At 0s, a man walks across the yard with a spade.");
    CHECK_TEXT(caption(r), "At 0s, a man walks across the yard with a spade. "
                           "The bearded man walks across the yard.");
    check_case("of two that say more, each stays, as one and the same man");

    r = two("At 0s, a man opens a box and takes out a lamp.",
            "At 0s, a man opens a box with a knife.");
    CHECK(strstr(caption(r), "opens a box with a knife"), "%s", caption(r));
    CHECK(strstr(caption(r), "man takes out a lamp."), "%s", caption(r));
    check_case("what is left of a sentence becomes one of its own");

    r = two("At 0s, a man waves.\\n\\nAt 5s,  he   sits down.",
            "At 0s, a man in blue waves.");
    CHECK_TEXT(caption(r), "At 0s, a man in blue waves. At 5s, he sits down.");
    check_case("line breaks and runs of blanks become one blank");
}

/* --- who said it ------------------------------------------------------------------ */

static void test_sources(void)
{
    struct json *r;

    r = merged(NULL,
               "[{\"name\":\"b\",\"attributes\":{\"scene\":\"A red barn stands "
               "on a hill. Smoke rises behind it.\"}},{\"name\":\"a\","
               "\"attributes\":{\"scene\":\"A red barn stands on a hill.\"}}]",
               NULL);
    CHECK_TEXT(at(r, "attributes.scene.claims"),
               "[{\"text\":\"A red barn stands on a hill.\",\"start\":null,"
               "\"end\":null,\"sources\":[\"a\",\"b\"]},{\"text\":\"Smoke "
               "rises behind it.\",\"start\":null,\"end\":null,\"sources\":["
               "\"b\"]}]");
    CHECK_TEXT(at(r, "attributes.scene.text"),
               "\"A red barn stands on a hill. Smoke rises behind it.\"");
    check_case("claims name all sources that state them, sorted");

    r = two("At 3s, a boy waves. At 20s, a boy waves.",
            "At 3s, a boy waves. At 30s, a boy waves.");
    CHECK_TEXT(caption(r), "At 3s, a boy waves. At 20s, a boy waves. At 30s, a "
                           "boy waves.");
    check_case("the same at other times is something else");

    r = two("At 0s, the dog chases the cat.", "At 0s, the cat chases the dog.");
    CHECK(strstr(caption(r), "dog chases the cat") &&
              strstr(caption(r), "cat chases the dog"),
          "%s", caption(r));
    check_case("who does it and to whom is not the same");

    r = two("At 0s, a woman opens the door.", "At 0s, a man opens the door.");
    CHECK(strstr(caption(r), "woman opens") &&
              strstr(caption(r), "A man opens"),
          "%s", caption(r));
    check_case("a woman is not a man");

    r = two("The runner ties her shoes.", "At 4s, a runner ties her shoes.");
    CHECK_TEXT(at(r, "attributes.actions.claims.0.start"), "4");
    check_case("a time that only one source knows is kept");
}

/* --- contradictions ---------------------------------------------------------------- */

static void test_conflicts(void)
{
    static const char *const red =
        "[{\"name\":\"a\",\"caption\":\"At 0s, a man in a red jacket opens the "
        "gate.\"},{\"name\":\"b\",\"caption\":\"At 0s, a man in an orange "
        "jacket opens the gate and whistles.\"}]";
    struct json *r;

    r = merged("a=2", red, NULL);
    CHECK_TEXT(caption(r), "At 0s, a man in a red jacket opens the gate and "
                           "whistles.");
    CHECK(strstr(written(r), "\"dropped\":[{\"text\":\"A man in an orange "
                             "jacket opens the gate and whistles.\",\"sources\""
                             ":[\"b\"],\"reason\":\"colour: "),
          "%s", written(r));
    CHECK(findings(r, "merge.conflict") == 1, "%s", at(r, "findings"));
    CHECK_TEXT(at(r, "findings.0.was"), "\"orange\"");
    CHECK_TEXT(at(r, "findings.0.now"), "\"red\"");
    check_case("the heavier source wins; the loser stays under dropped");

    r = merged("b.actions=3", red, NULL);
    CHECK(strstr(caption(r), "an orange jacket") && !strstr(caption(r), "red"),
          "%s", caption(r));
    check_case("a weight for one attribute decides there");

    r = merged("b.camera=3", red, NULL);
    CHECK(!strstr(caption(r), "orange") && !strstr(caption(r), "red"), "%s",
          caption(r));
    check_case("and nowhere else");

    r = merged(NULL, red, NULL);
    CHECK(strstr(caption(r), "a man in a jacket opens the gate"), "%s",
          caption(r));
    CHECK(strstr(written(r), "\"alternatives\":[{\"text\":\"A man in an orange "
                             "jacket opens the gate and whistles.\"") &&
              strstr(written(r), "{\"text\":\"A man in a red jacket opens the "
                                 "gate.\""),
          "%s", written(r));
    CHECK(strstr(caption(r), "whistles"), "%s", caption(r));
    check_case(
        "an even vote is left open: out of the text, under alternatives");

    r = merged("a=0", red, NULL);
    CHECK(strstr(caption(r), "orange") && !strstr(caption(r), "red jacket"),
          "%s", caption(r));
    check_case("a source of weight 0 has no vote");
}

static void test_no_conflicts(void)
{
    struct json *r;

    r = two("At 0s, a man in a white shirt sings.",
            "At 0s, a woman in a black shirt dances.");
    CHECK(findings(r, "merge.conflict") == 0, "%s", written(r));
    check_case("two people may wear two colours");

    r = two("At 0s, two dogs bark at a fence.",
            "At 30s, three dogs sleep in the yard.");
    CHECK(findings(r, "merge.conflict") == 0, "%s", written(r));
    check_case("numbers at different times do not contradict each other");

    r = two("At 0s, a red car and a blue car race along the coast.",
            "At 0s, a blue car races along the coast.");
    CHECK(findings(r, "merge.conflict") == 0, "%s", written(r));
    check_case("who sees two cars agrees with who sees one of them");
}

/* --- what a source can know ----------------------------------------------------------- */

static void test_senses(void)
{
    struct merge_policy *p = policy(NULL);
    struct json *r;

    r = merged(NULL,
               "[{\"name\":\"ear\",\"streams\":\"audio\",\"attributes\":{"
               "\"scene\":\"A large crowd fills a stadium.\",\"speech\":\"A "
               "crowd cheers.\"}},{\"name\":\"eye\",\"caption\":\"At 0s, a "
               "player kneels on the grass.\"}]",
               NULL);
    CHECK(strstr(caption(r), "crowd cheers") && !strstr(caption(r), "stadium"),
          "%s", caption(r));
    CHECK(findings(r, "merge.unfounded") == 1, "%s", written(r));
    CHECK_TEXT(at(r, "findings.0.was"), "\"A large crowd fills a stadium.\"");
    check_case("a source that only heard says nothing about the picture");

    r = merged(NULL,
               "[{\"name\":\"ear\",\"streams\":\"audio\",\"attributes\":{"
               "\"objects\":\"A blue kettle stands on the stove.\"}},"
               "{\"name\":\"eye\",\"attributes\":{\"objects\":\"A red kettle "
               "stands on the stove.\"}}]",
               NULL);
    CHECK_TEXT(caption(r), "A red kettle stands on the stove.");
    CHECK_TEXT(at(r, "attributes.objects.claims.0.sources"), "[\"eye\"]");
    check_case("and cannot overrule who saw it");

    merge_policy_heard(p, "ear");
    r = parse_text(
        "{\"id\":\"a\",\"sources\":[{\"name\":\"ear\",\"attributes\":{"
        "\"scene\":\"A hall.\",\"speech\":\"Rain drums on a roof.\"}}]}");
    CHECK_OK(merge_record(p, &arena, r, &err), err);
    CHECK_TEXT(caption(r), "Rain drums on a roof.");
    CHECK_TEXT(at(r, "attributes.scene"), "(none)");
    check_case("the option says the same, also of the only source");

    r = merged(NULL, "[{\"name\":\"a\",\"caption\":\"At 0s, a boy runs.\"}]",
               ",\"media\":{\"duration\":3.0,\"audio\":null}");
    CHECK_TEXT(at(r, "attributes.speech"), "{\"verdict\":\"absent\"}");
    r = merged(NULL, "[{\"name\":\"a\",\"caption\":\"At 0s, a boy runs.\"}]",
               ",\"media\":{\"duration\":3.0}");
    CHECK_TEXT(at(r, "attributes.speech"), "(none)");
    check_case("speech is absent only when the clip surely has no sound");
}

/* --- records of all kinds --------------------------------------------------------------- */

static void test_alone(void)
{
    struct json *r;

    r = merged(NULL,
               "[{\"name\":\"a\",\"caption\":\"At 0s , a  boy \\u0072uns\"}]",
               ",\"caption\":\"At 0s , a  boy \\u0072uns\",\"x\":1.50");
    CHECK(strstr(written(r), "\"caption\":\"At 0s , a  boy \\u0072uns\",\"x\""
                             ":1.50"),
          "%s", written(r));
    CHECK_TEXT(at(r, "attributes.actions.claims.0.sources"), "[\"a\"]");
    check_case("one source keeps its text byte for byte");

    r = merged(NULL,
               "[{\"name\":\"a\",\"attributes\":{\"scene\":\"A park ,  empty"
               "\",\"camera\":\"The camera pans left.\"}}]",
               NULL);
    CHECK_TEXT(at(r, "attributes.scene.text"), "\"A park ,  empty\"");
    CHECK_TEXT(caption(r), "A park , empty. The camera pans left.");
    check_case("attributes of one source stay, the caption is built from them");

    r = parse_text(
        "{\"id\":\"a\",\"caption\":\"At 0s, a dog runs on a beach. The "
        "camera pans right.\",\"y\":[1, 2]}");
    CHECK_OK(merge_record(policy(NULL), &arena, r, &err), err);
    CHECK(strstr(written(r), "\"caption\":\"At 0s, a dog runs on a beach. The "
                             "camera pans right.\",\"y\":[1, 2],"),
          "%s", written(r));
    CHECK_TEXT(at(r, "attributes.camera.claims.0.sources"), "[\"caption\"]");
    check_case("without sources a caption is the one source");

    r = parse_text(
        "{\"id\":\"a\",\"caption\":\"A dog.\",\"attributes\":{\"scene\":{"
        "\"text\":\"A  beach.\",\"verdict\":\"verified\"},\"speech\":"
        "null}}");
    CHECK_OK(merge_record(policy(NULL), &arena, r, &err), err);
    CHECK_TEXT(
        at(r, "attributes"),
        "{\"scene\":{\"text\":\"A  beach.\",\"verdict\":\"verified\","
        "\"claims\":[{\"text\":\"A  beach.\",\"start\":null,\"end\":null,"
        "\"sources\":[\"caption\"]}]},\"speech\":null}");
    check_case("and attributes beside it stay, with their claims listed");
}

static void test_refused(void)
{
    char *many = arena_strdup(&arena, "[");
    struct json *r;

    r = parse_text(
        "{\"id\":\"a\",\"sources\":[{\"name\":\"a\",\"caption\":\" \"},"
        "{\"name\":\"b\"}],\"attributes\":{\"scene\":{\"text\":\"A\"}}}");
    CHECK(merge_record(policy(NULL), &arena, r, &err) == ASID_REJECT &&
              strcmp(err.code, "merge.no_source") == 0,
          "%s", err.code);
    check_case("nothing to merge is rejected");

    r = parse_text("{\"id\":\"a\",\"sources\":[{\"name\":\"a\",\"attributes\":{"
                   "\"scene\":\"a\\u0000b\"}}]}");
    CHECK(merge_record(policy(NULL), &arena, r, &err) == ASID_REJECT &&
              strcmp(err.code, "input.schema") == 0,
          "%s", err.code);
    CHECK_TEXT(err.text, "sources[0].scene: U+0000 in the text");
    check_case("a text with U+0000 is rejected");

    for (int i = 0; i <= MERGE_SOURCES; i++)
        many = arena_printf(&arena,
                            "%s%s{\"name\":\"s%d\",\"caption\":\"A dog.\"}",
                            many, i ? "," : "", i);
    r = parse_text(
        arena_printf(&arena, "{\"id\":\"a\",\"sources\":%s]}", many));
    CHECK(merge_record(policy(NULL), &arena, r, &err) == ASID_REJECT &&
              strcmp(err.code, "input.schema") == 0,
          "%s", err.text);
    CHECK(json_get(r, "caption") == NULL, "changed");
    check_case("more sources than can be told apart are rejected");
}

static void test_policy(void)
{
    static const char *const wrong[] = {"a",    "=1",    "a=",        "a=x",
                                        "a=-1", "a=inf", ".speech=1", "a=1e9"};
    struct merge_policy *p = policy(NULL);
    struct json *r;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(merge_policy_weight(p, wrong[i], &err) == ASID_USAGE, "%s",
              wrong[i]);
    check_case("malformed weights are refused");

    CHECK_OK(merge_policy_weight(p, "a=1", &err), err);
    CHECK_OK(merge_policy_weight(p, "a.speech=2", &err), err);
    CHECK_OK(merge_policy_weight(p, "v1.0=2", &err), err);
    CHECK_OK(merge_policy_weight(p, "x=y=2", &err), err);
    CHECK(merge_policy_weight(p, "a=2", &err) == ASID_USAGE, "twice");
    CHECK_TEXT(err.text, "weights: a: has a weight already");
    check_case("a weight is given once");

    r = merged("v1.0=2",
               "[{\"name\":\"v1.0\",\"caption\":\"At 0s, three boats sail.\"},"
               "{\"name\":\"w\",\"caption\":\"At 0s, four boats sail.\"}]",
               NULL);
    CHECK_TEXT(caption(r), "At 0s, three boats sail.");
    check_case("a name may hold a full stop");

    p = policy(NULL);
    merge_policy_tolerance(p, 10);
    r = parse_text(
        "{\"id\":\"a\",\"sources\":[{\"name\":\"a\",\"caption\":\"At 0s, "
        "a boat sails.\"},{\"name\":\"b\",\"caption\":\"At 9s, a boat "
        "sails.\"}]}");
    CHECK_OK(merge_record(p, &arena, r, &err), err);
    CHECK_TEXT(caption(r), "At 0s, a boat sails.");
    check_case("the tolerance says which times are the same");
}

/* --- running again -------------------------------------------------------------------------- */

static void test_again(void)
{
    struct json *r = parse_text(
        "{\"id\":\"a\",\"sources\":[{\"name\":\"a\",\"caption\":\"At 0s, a red "
        "ship sails.\"},{\"name\":\"b\",\"caption\":\"At 0s, a blue ship "
        "sails.\"}],\"attributes\":{\"scene\":{\"text\":\"Old.\"},\"actions\":{"
        "\"text\":\"Old.\",\"verdict\":\"verified\",\"mine\":[1, 2],\"quotes\":"
        "[]}},\"findings\":[{\"stage\":\"x\",\"code\":\"c\",\"message\":\"m\"},"
        "{\"stage\":\"merge\",\"code\":\"merge.conflict\",\"message\":\"old\"}"
        "]}");
    const char *once;

    CHECK_OK(merge_record(policy(NULL), &arena, r, &err), err);
    once = written(r);
    CHECK_TEXT(at(r, "attributes.scene"), "(none)");
    CHECK_TEXT(at(r, "attributes.actions.verdict"), "(none)");
    CHECK_TEXT(at(r, "attributes.actions.mine"), "[1, 2]");
    CHECK(findings(r, "merge.conflict") == 1 && findings(r, "c") == 1, "%s",
          once);
    CHECK_OK(merge_record(policy(NULL), &arena, r, &err), err);
    CHECK_TEXT(written(r), once);
    check_case("a second merge changes nothing; what it replaces is forgotten");
}

static void test_claims_ensure(void)
{
    struct json *r =
        parse_text("{\"id\":\"a\",\"attributes\":{\"scene\":{\"text\":"
                   "\"A park. A pond.\"},\"speech\":{\"text\":\"\"},"
                   "\"camera\":{\"text\":\"Pan.\",\"claims\":[]}}}");

    record_claims_ensure(rules, &arena, r);
    CHECK_TEXT(at(r, "attributes.scene.claims"),
               "[{\"text\":\"A park.\",\"start\":null,\"end\":null},{\"text\":"
               "\"A pond.\",\"start\":null,\"end\":null}]");
    CHECK_TEXT(at(r, "attributes.camera.claims"), "[]");
    CHECK_TEXT(at(r, "attributes.speech.claims"), "(none)");
    check_case("attributes without a list of claims get one");

    r = parse_text(
        "{\"id\":\"a\",\"media\":{\"audio\":null},\"caption\":\"At 2s, a "
        "man walks. The camera zooms in.\",\"sources\":[{\"name\":\"a\","
        "\"caption\":\"x\"},{\"name\":\"b\",\"caption\":\"y\"}]}");
    record_claims_ensure(rules, &arena, r);
    CHECK_TEXT(at(r, "attributes.actions.text"), "\"At 2s, a man walks.\"");
    CHECK_TEXT(at(r, "attributes.speech"), "(none)");
    CHECK_TEXT(at(r, "findings"), "(none)");
    CHECK_TEXT(caption(r), "At 2s, a man walks. The camera zooms in.");
    check_case("a record with only a caption gets attributes from it");

    r = parse_text(
        "{\"id\":\"a\",\"sources\":[{\"name\":\"a\",\"caption\":\"A man "
        "walks.\"}]}");
    record_claims_ensure(rules, &arena, r);
    CHECK_TEXT(at(r, "attributes.actions.claims.0.sources"), "[\"a\"]");
    r = parse_text(
        "{\"id\":\"a\",\"sources\":[{\"name\":\"a\",\"caption\":\"A\"},"
        "{\"name\":\"b\",\"caption\":\"B\"}]}");
    record_claims_ensure(rules, &arena, r);
    CHECK_TEXT(at(r, "attributes"), "(none)");
    check_case("so does one with one source; more have to be merged");
}

/* --- properties ------------------------------------------------------------------------------ */

/* xorshift64*: the same records on every machine. */
static uint64_t seed = 20260213;

static unsigned draw(unsigned below)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (unsigned)((seed * 0x2545f4914f6cdd1du) >> 33) % below;
}

static const char *pick(const char *const *list, unsigned n)
{
    return list[draw(n)];
}

static const char *random_sentence(void)
{
    static const char *const who[] = {
        "a man", "a woman", "the dog", "a boy", "the singer", "she", "two men"};
    static const char *const does[] = {"opens",  "carries", "drops",
                                       "paints", "holds",   "points at"};
    static const char *const colour[] = {"red ", "blue ", "green ", "", "", ""};
    static const char *const what[] = {"box",  "kite", "lamp",
                                       "door", "bowl", "flag"};
    static const char *const tail[] = {"",
                                       " on the left",
                                       " on the right",
                                       " at night",
                                       " quickly",
                                       " behind a fence",
                                       " indoors",
                                       " outdoors",
                                       " and smiles",
                                       ", then walks away",
                                       " with no gloves"};
    const char *anchor = "";

    if (draw(3))
        anchor = arena_printf(&arena, "At %us, ", draw(12));
    return arena_printf(&arena, "%s%s %s the %s%s%s.", anchor, pick(who, 7),
                        pick(does, 6), pick(colour, 6), pick(what, 6),
                        pick(tail, 11));
}

static struct json *random_record(void)
{
    static const char *const quotes[] = {"Come over here now",
                                         "Come over there", "It is late",
                                         "It is late already"};
    unsigned n = 2 + draw(3);
    char *sources = arena_strdup(&arena, "");

    for (unsigned i = 0; i < n; i++) {
        char *text = arena_strdup(&arena, "");

        for (unsigned k = 1 + draw(6); k > 0; k--)
            text = arena_printf(&arena, "%s%s ", text, random_sentence());
        if (draw(2))
            text = arena_printf(&arena, "%sHe says, \\\"%s.\\\"", text,
                                pick(quotes, 4));
        sources = arena_printf(
            &arena,
            draw(3) ? "%s%s{\"name\":\"s%u\",\"caption\":\"%s\"}"
                    : "%s%s{\"name\":\"s%u\",\"attributes\":{\"actions\":"
                      "\"%s\"}}",
            sources, i ? "," : "", draw(8), text);
    }
    return parse_text(
        arena_printf(&arena, "{\"id\":\"r\",\"sources\":[%s]}", sources));
}

/* Anchors of a text that its sentences lead with never fall. */
static void check_anchors(struct str text)
{
    const struct text *t = text_analyse(rules, &arena, text, ATTRIBUTE_NONE);
    double last = -1;

    for (size_t i = 0; i < t->n_anchors; i++) {
        CHECK(t->anchors[i].start >= last, "%s", text.p);
        last = t->anchors[i].start;
    }
    CHECK(!strstr(text.p, "  ") && !strstr(text.p, "..") &&
              !strstr(text.p, " ."),
          "%s", text.p);
}

/* One source keeps even anchors that are out of order. */
static bool several(const struct json *r)
{
    const struct json *first = json_path(r, "sources.0.name");

    json_each(s, json_get(r, "sources"))
        if (!str_eq(json_str(json_get(s, "name")), json_str(first)))
            return true;
    return false;
}

static void test_random(void)
{
    struct merge_policy *p;

    for (int turn = 0; turn < 400; turn++) {
        struct json *r = random_record(), *turned = json_copy(&arena, r);
        struct json *list = json_get(turned, "sources");
        const char *before = written(r), *once;

        p = policy(NULL);
        for (size_t i = draw(4) + 1; i > 0; i--) {
            struct json *first =
                json_at(list, draw((unsigned)json_count(list)));

            json_unlink(first);
            json_append(list, first);
        }
        CHECK_OK(merge_record(p, &arena, r, &err), err);
        CHECK_OK(merge_record(p, &arena, turned, &err), err);
        CHECK_TEXT(at(turned, "attributes"), at(r, "attributes"));
        CHECK_TEXT(at(turned, "caption"), at(r, "caption"));
        CHECK_TEXT(at(turned, "findings"), at(r, "findings"));
        once = written(r);
        CHECK_OK(merge_record(p, &arena, r, &err), err);
        CHECK_TEXT(written(r), once);
        if (several(r))
            check_anchors(record_caption(r));
        check_listed(rules, &arena, r);
        if (check_failed) {
            printf("# of %s\n", before);
            break;
        }
        arena_reset(&arena);
    }
    check_case("random records: order, second merge, anchors");
}

/* Every cause of contradiction and comparison, many times over: this has to
 * come to an end. */
static void test_hostile(void)
{
    static const char *const parts[] = {
        "A man in a red jacket runs. A man in a blue jacket runs. ",
        "At 3s, two dogs bark. No dogs bark. ",
        "He says, \\\"one two three four five\\\". ",
        "a ",
        "\\\" ",
        "At 1s, ",
        "\\n- ",
        "left right ",
        "no no not ",
    };
    size_t n = sizeof parts / sizeof parts[0];

    for (size_t i = 0; i < n; i++) {
        struct buf b;
        struct json *r;

        buf_init(&b, 1 << 22);
        buf_text(&b, "{\"id\":\"h\",\"sources\":[");
        for (int s = 0; s < 3; s++) {
            buf_printf(&b, "%s{\"name\":\"s%d\",\"caption\":\"", s ? "," : "",
                       s);
            for (size_t k = 0; k < 60000 / strlen(parts[i]); k++)
                buf_text(&b, parts[i]);
            buf_text(&b, "\"}");
        }
        buf_text(&b, "]}");
        r = parse_text(arena_strndup(&arena, b.p, b.n));
        buf_release(&b);
        CHECK_OK(merge_record(policy(NULL), &arena, r, &err), err);
        arena_reset(&arena);
    }
    check_case("the same a thousand times over ends");
}

int main(void)
{
    CHECK_OK(text_rules_load(&rules, &err), err);
    test_form();
    test_sources();
    test_conflicts();
    test_no_conflicts();
    test_senses();
    test_alone();
    test_refused();
    test_policy();
    test_again();
    test_claims_ensure();
    test_random();
    test_hostile();
    text_rules_free(rules);
    arena_release(&arena);
    arena_release(&rules_arena);
    return check_done();
}
