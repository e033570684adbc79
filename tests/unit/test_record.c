/* Attributes, claims and findings of a record. */
#include <math.h>

#include "asid/curate/record.h"
#include "check_json.h"

static void test_looking(void)
{
    struct json *r = parse_text(
        "{\"id\":\"a\",\"media\":{\"duration\":7.80},"
        "\"attributes\":{\"scene\":{\"text\":\"A park.\"},"
        "\"speech\":null,\"camera\":{}},\"caption\":\"At 0s, rain.\"}");

    CHECK_TEXT(record_attribute_text(r, ATTRIBUTE_SCENE).p, "A park.");
    CHECK(record_attribute(r, ATTRIBUTE_SCENE) != NULL, "scene");
    CHECK(record_attribute(r, ATTRIBUTE_SPEECH) == NULL, "null is none");
    CHECK(record_attribute(r, ATTRIBUTE_EMOTIONS) == NULL, "missing");
    CHECK(record_attribute_text(r, ATTRIBUTE_SPEECH).n == 0, "null");
    CHECK(record_attribute_text(r, ATTRIBUTE_CAMERA).n == 0, "no text");
    CHECK_TEXT(record_caption(r).p, "At 0s, rain.");
    CHECK(fabs(record_duration(r) - 7.8) < 1e-12, "duration");
    check_case("attributes, caption and duration are read");

    r = parse_text(
        "{\"id\":\"a\",\"media\":{\"duration\":null},\"caption\":null,"
        "\"attributes\":{\"scene\":{\"text\":\"a\\u0000b\"}}}");
    CHECK(isnan(record_duration(r)), "null duration");
    CHECK(isnan(record_duration(parse_text("{\"id\":\"a\"}"))), "no media");
    CHECK(record_caption(r).n == 0, "null caption");
    CHECK(record_attribute_text(r, ATTRIBUTE_SCENE).n == 0, "U+0000");
    check_case("what is null, missing or no text is nothing");
}

static void test_making(void)
{
    struct json *r = parse_text("{\"id\":\"a\",\"x\":1.50}");

    record_attribute_make(&arena, r, ATTRIBUTE_EMOTIONS);
    record_attribute_make(&arena, r, ATTRIBUTE_SPEECH);
    record_attribute_make(&arena, r, ATTRIBUTE_SCENE);
    record_attribute_make(&arena, r, ATTRIBUTE_CAMERA);
    CHECK_TEXT(written(r),
               "{\"id\":\"a\",\"x\":1.50,\"attributes\":{\"scene\":{},"
               "\"speech\":{},\"camera\":{},\"emotions\":{}}}");
    check_case("attributes are made in the order of the contract");

    r = parse_text(
        "{\"attributes\":{\"scene\":null,\"camera\":{\"text\":\"\\u0041\","
        "\"k\":[1, 2]}}}");
    json_set_text(&arena, record_attribute_make(&arena, r, ATTRIBUTE_SPEECH),
                  "text", "b");
    CHECK(record_attribute_make(&arena, r, ATTRIBUTE_CAMERA) ==
              json_path(r, "attributes.camera"),
          "the one that is there");
    record_attribute_make(&arena, r, ATTRIBUTE_SCENE);
    CHECK_TEXT(written(r),
               "{\"attributes\":{\"scene\":{},\"speech\":{\"text\":\"b\"},"
               "\"camera\":{\"text\":\"\\u0041\",\"k\":[1, 2]}}}");
    check_case("what is there stays byte for byte, null is replaced in place");
}

static void test_findings(void)
{
    struct json *r = parse_text("{\"id\":\"a\",\"findings\":[{\"stage\":\"x\","
                                "\"code\":\"y\", \"message\":\"z\"}]}");
    struct json *f;

    f = finding_add(&arena, r, "merge", "merge.conflict", ATTRIBUTE_SCENE, 2,
                    "%s against %d", "red", 3);
    json_set_text(&arena, f, "was", "w");
    finding_add(&arena, r, "merge", "merge.conflict", ATTRIBUTE_NONE, -1, "-");
    CHECK_TEXT(written(r),
               "{\"id\":\"a\",\"findings\":[{\"stage\":\"x\",\"code\":\"y\", "
               "\"message\":\"z\"},{\"stage\":\"merge\",\"code\":"
               "\"merge.conflict\",\"attribute\":\"scene\",\"claim\":2,"
               "\"message\":\"red against 3\",\"was\":\"w\"},{\"stage\":"
               "\"merge\",\"code\":\"merge.conflict\",\"message\":\"-\"}]}");
    check_case("findings are appended");

    findings_drop(r, "merge");
    CHECK_TEXT(written(r), "{\"id\":\"a\",\"findings\":[{\"stage\":\"x\","
                           "\"code\":\"y\", \"message\":\"z\"}]}");
    findings_drop(r, "x");
    CHECK_TEXT(written(r), "{\"id\":\"a\"}");
    findings_drop(r, "x");
    CHECK_TEXT(written(r), "{\"id\":\"a\"}");
    check_case("a stage's findings are dropped, an empty list as well");
}

static void test_claims(void)
{
    struct json *c = claim_new(&arena, STR("A dog runs."), 3, 5.5);
    double start, end;

    CHECK_TEXT(written(c),
               "{\"text\":\"A dog runs.\",\"start\":3,\"end\":5.5}");
    claim_times(c, &start, &end);
    CHECK(fabs(start - 3) < 1e-12 && fabs(end - 5.5) < 1e-12, "%g %g", start,
          end);
    c = claim_new(&arena, STR("A dog runs."), NAN, NAN);
    CHECK_TEXT(written(c),
               "{\"text\":\"A dog runs.\",\"start\":null,\"end\":null}");
    claim_times(c, &start, &end);
    CHECK(isnan(start) && isnan(end), "%g %g", start, end);
    claim_times(parse_text("{\"text\":\"a\",\"start\":1}"), &start, &end);
    CHECK(fabs(start - 1) < 1e-12 && isnan(end), "%g %g", start, end);
    check_case("claims carry their times or null");
}

int main(void)
{
    test_looking();
    test_making();
    test_findings();
    test_claims();
    arena_release(&arena);
    return check_done();
}
