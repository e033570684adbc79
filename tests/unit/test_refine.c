/* Refinement without a model: what changes, and what must not. */
#include <math.h>
#include <stdio.h>

#include "asid/curate/refine.h"
#include "check.h"

static const struct text_rules *rules;

static struct json *parse(struct arena *a, const char *text)
{
    struct json *v = NULL;
    struct asid_err err;

    CHECK_OK(json_parse(a, str_of(text), 0, &v, &err), err);
    return v;
}

static const char *spell(struct arena *a, const struct json *v)
{
    const char *text;
    struct buf b;

    if (!v)
        return "(none)";
    buf_init(&b, 1 << 20);
    json_write(&b, v);
    text = arena_strndup(a, b.p, b.n);
    buf_release(&b);
    return text;
}

static const char RECORD[] =
    "{\"id\":\"r\",\"attributes\":{"
    "\"objects\":{\"text\":\"At 0s, a red door stands open. At 4s, a cup "
    "falls.\",\"verdict\":\"error\",\"claims\":["
    "{\"text\":\"A red door stands open.\",\"start\":0,\"end\":0,\"sources\":"
    "[\"a\"],\"p\":0.1,\"verdict\":\"refuted\"},"
    "{\"text\":\"A cup falls.\",\"start\":4,\"end\":4,\"sources\":[\"a\","
    "\"b\"],\"p\":0.9,\"verdict\":\"supported\"}],"
    "\"missing\":[{\"text\":\"A lamp glows.\",\"start\":2,\"end\":2,\"p\":0.8,"
    "\"verdict\":\"supported\"},{\"text\":\"A dog.\",\"p\":0.5,\"verdict\":"
    "\"unsure\"}]},"
    "\"camera\":{\"text\":\"The camera pans.\",\"verdict\":\"verified\","
    "\"claims\":[{\"text\":\"The camera pans.\",\"verdict\":\"supported\"},"
    "{\"text\":\"It zooms in.\",\"start\":3,\"end\":3,\"verdict\":"
    "\"supported\",\"alternatives\":[{\"text\":\"It zooms in.\",\"sources\":"
    "[\"a\"]},{\"text\":\"It zooms out.\",\"sources\":[\"b\"]}]}]}},"
    "\"caption\":\"At 0s, a red door stands open. The camera pans. At 4s, a cup "
    "falls.\",\"findings\":[{\"stage\":\"merge\",\"code\":\"merge.conflict\","
    "\"attribute\":\"objects\",\"claim\":1,\"message\":\"m\"},{\"stage\":"
    "\"merge\",\"code\":\"merge.conflict\",\"attribute\":\"objects\",\"claim\":"
    "0,\"message\":\"m\"}]}";

static void test_collect(void)
{
    struct arena a = ARENA_INIT;
    struct refine_item *items = NULL;
    size_t n = refine_collect(&a, parse(&a, RECORD), &items);

    CHECK(n == 3, "%zu items", n);
    if (n == 3) {
        CHECK(items[0].why == REFINE_WRONG && items[0].start == 0, "wrong");
        CHECK(str_is(items[0].was, "A red door stands open."), "wrong");
        CHECK(items[1].why == REFINE_MISSING &&
                  str_is(items[1].was, "A lamp glows."),
              "missing");
        CHECK(items[2].why == REFINE_DECIDED &&
                  items[2].attribute == ATTRIBUTE_CAMERA,
              "decided");
    }
    CHECK(refine_collect(&a,
                         parse(&a, "{\"id\":\"x\",\"attributes\":{"
                                   "\"scene\":null}}"),
                         &items) == 0,
          "nothing");
    check_case("refuted, decided and missing claims are collected");
    arena_release(&a);
}

static void test_reworded(void)
{
    struct arena a = ARENA_INIT;
    struct json *record = parse(&a, RECORD);
    struct refine_item *items = NULL;
    size_t n = refine_collect(&a, record, &items);

    items[0].now = STR("A blue door stands open.");
    refine_apply(rules, &a, "refine", record, items, n);
    CHECK_TEXT(json_text(json_path(record, "attributes.objects.text")),
               "At 0s, a blue door stands open. At 2s, a lamp glows. At 4s, a "
               "cup falls.");
    CHECK_TEXT(json_text(json_path(record, "attributes.objects.draft")),
               "At 0s, a red door stands open. At 4s, a cup falls.");
    CHECK_TEXT(json_text(json_path(record, "attributes.camera.text")),
               "The camera pans. It zooms in.");
    CHECK_TEXT(json_text(json_get(record, "caption")),
               "At 0s, a blue door stands open. The camera pans. At 2s, a lamp "
               "glows. At 3s, it zooms in. At 4s, a cup falls.");
    CHECK_TEXT(
        spell(&a, json_path(record, "attributes.objects.claims.0.dropped")),
        "[{\"text\":\"A red door stands open.\",\"sources\":[\"a\"],"
        "\"reason\":\"refuted\"}]");
    CHECK_TEXT(
        spell(&a, json_path(record, "attributes.objects.claims.0.sources")),
        "[\"refine\"]");
    CHECK_TEXT(json_text(json_path(record, "attributes.objects.claims.2.text")),
               "A lamp glows.");
    CHECK(json_count(json_path(record, "attributes.objects.missing")) == 1,
          "what is unsure stays missing");
    CHECK_TEXT(
        spell(&a, json_path(record, "attributes.camera.claims.1.dropped")),
        "[{\"text\":\"It zooms out.\",\"sources\":[\"b\"],\"reason\":"
        "\"decided by the verifier\"}]");
    CHECK(!json_path(record, "attributes.camera.claims.1.alternatives"),
          "it is decided");
    CHECK_TEXT(json_text(json_path(record, "findings.2.code")),
               "refine.rewritten");
    CHECK_TEXT(json_text(json_path(record, "findings.2.now")),
               "A blue door stands open.");
    check_case("what failed is said anew, in claims, texts and caption");

    refine_finish(record, &a);
    CHECK_TEXT(json_text(json_path(record, "attributes.camera.verdict")),
               "refined");
    CHECK_TEXT(json_text(json_path(record, "attributes.objects.verdict")),
               "error");
    json_set_text(&a, json_path(record, "attributes.objects.claims.0"),
                  "verdict", "supported");
    json_unlink(json_path(record, "attributes.objects.missing"));
    refine_finish(record, &a);
    CHECK_TEXT(json_text(json_path(record, "attributes.objects.verdict")),
               "refined");
    check_case("an attribute is refined once nothing in it is wrong");
    arena_release(&a);
}

static void test_removed(void)
{
    struct arena a = ARENA_INIT;
    struct json *record = parse(&a, RECORD);
    struct refine_item *items = NULL;

    CHECK(refine_collect(&a, record, &items) == 3, "items");
    refine_apply(rules, &a, "refine", record, items, 1);
    CHECK_TEXT(json_text(json_path(record, "attributes.objects.text")),
               "At 4s, a cup falls.");
    CHECK_TEXT(
        json_text(json_path(record, "attributes.objects.removed.0.text")),
        "A red door stands open.");
    CHECK(json_count(json_path(record, "attributes.objects.claims")) == 1,
          "claims");
    CHECK_TEXT(json_text(json_get(record, "caption")),
               "The camera pans. At 4s, a cup falls.");
    CHECK_TEXT(spell(&a, json_path(record, "findings.0.claim")), "0");
    CHECK(!json_path(record, "findings.1.claim"), "its claim is gone");
    check_case("a removed claim is kept aside, and findings count on");
    arena_release(&a);
}

static void test_rebuilt(void)
{
    struct arena a = ARENA_INIT;
    struct json *record = parse(
        &a,
        "{\"id\":\"r\",\"attributes\":{\"scene\":{\"text\":\"Nothing of the "
        "kind.\",\"claims\":[{\"text\":\"A hall.\",\"start\":0,\"end\":0,"
        "\"verdict\":\"refuted\"},{\"text\":\"A window is open.\","
        "\"start\":2,\"end\":2,\"verdict\":\"supported\"}]}}}");
    struct refine_item *items = NULL;
    size_t n = refine_collect(&a, record, &items);

    items[0].now = STR("A barn.");
    refine_apply(rules, &a, "refine", record, items, n);
    CHECK_TEXT(json_text(json_path(record, "attributes.scene.text")),
               "At 0s, a barn. At 2s, a window is open.");
    CHECK_TEXT(json_text(json_get(record, "caption")),
               "At 0s, a barn. At 2s, a window is open.");
    check_case("a text that does not have its claims is written from them");

    record = parse(
        &a, "{\"id\":\"r\",\"attributes\":{\"scene\":{\"text\":\"A red barn "
            "stands there.\",\"claims\":[{\"text\":\"A red barn stands "
            "there.\",\"verdict\":\"refuted\"}]}},\"caption\":\"There stands a "
            "red barn. It rains.\"}");
    n = refine_collect(&a, record, &items);
    items[0].now = STR("A green barn stands there.");
    refine_apply(rules, &a, "refine", record, items, n);
    CHECK_TEXT(json_text(json_get(record, "caption")),
               "A green barn stands there.");
    check_case("a caption that says what was wrong in other words is rebuilt");
    arena_release(&a);
}

static void test_answers(void)
{
    static const char *const cases[][2] = {
        {"A blue door stands open.", "A blue door stands open."},
        {" \"a blue door stands open.\" ", "A blue door stands open."},
        {"- At 3s, a door opens. It is blue.", "A door opens."},
        {"None.", ""},
        {"none", ""},
        {"", ""},
        {"Nothing", ""},
        {"N/A", ""},
        {"\xe2\x80\x9cNone\xe2\x80\x9d", ""},
        {"No door is open.", "No door is open."},
        {"The cat says, \"Come home.\"", "The cat says, \"Come home.\""},
        {"\"The cat says, \"Come home.\"\"", "The cat says, \"Come home.\""},
        {"\"Come\" is what the cat says.", "\"Come\" is what the cat says."},
        {"\"A door opens.", "A door opens."},
        {"A door opens.\"", "A door opens."},
        {"The cat says, \xe2\x80\x9cGo.\xe2\x80\x9d",
         "The cat says, \xe2\x80\x9cGo.\xe2\x80\x9d"},
        {"\"", ""},
        {"\"\"", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = ARENA_INIT;
        struct str got = refine_answer(rules, &a, str_of(cases[i][0]));

        CHECK(str_is(got, cases[i][1]), "%s: got '" STR_FMT "'", cases[i][0],
              STR_ARG(got));
        arena_release(&a);
    }
    check_case("an answer becomes one sentence, or nothing");
}

int main(void)
{
    struct asid_err err;

    CHECK_OK(text_rules_load(&rules, &err), err);
    test_collect();
    test_reworded();
    test_removed();
    test_rebuilt();
    test_answers();
    text_rules_free(rules);
    return check_done();
}
