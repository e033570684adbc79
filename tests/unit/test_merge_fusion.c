/* A model's rewording of a merged text: what holds and what is refused. */
#include "asid/curate/merge.h"
#include "check.h"

static struct arena arena;
static struct asid_err err;
static const struct text_rules *rules;
static struct merge_policy *policy;

static const char *const yard =
    "At 0s, a bearded man walks across the yard. The man walks across the yard "
    "with a spade. At 5s, he digs two holes. He says, \"This will do.\"";

/* Why it does not hold, or "". */
static const char *refused(const char *plain, const char *fused)
{
    struct str why = {"", 0};

    if (merge_fusion_holds(policy, &arena, ATTRIBUTE_NONE, str_of(plain),
                           str_of(fused), &why))
        return "";
    return arena_strndup(&arena, why.p, why.n);
}

static void test_holds(void)
{
    CHECK_TEXT(refused(yard, yard), "");
    CHECK_TEXT(refused(yard, "At 0s, a bearded man with a spade walks across "
                             "the yard. At 5s, he digs two holes and says, "
                             "\"This will do.\""),
               "");
    CHECK_TEXT(refused("A red kite flies over a green hill. A red kite with a "
                       "long tail flies.",
                       "A red kite with a long tail flies over a green hill."),
               "");
    check_case("a text that says the same in other sentences holds");
}

static void test_lost(void)
{
    CHECK_TEXT(refused(yard, "At 0s, a man with a spade walks across the yard. "
                             "At 5s, he digs two holes and says, \"This will "
                             "do.\""),
               "it loses \"A bearded man walks across the yard.\"");
    CHECK_TEXT(refused(yard, "At 0s, a bearded man with a spade walks across "
                             "the yard. At 5s, he digs two holes."),
               "it loses \"He says, \"This will do.\"\"");
    CHECK_TEXT(refused(yard, ""), "it loses \"A bearded man walks across the "
                                  "yard.\"");
    check_case("a lost adjective, quote or everything is seen");

    CHECK_TEXT(refused(yard, "At 0s, a bearded man with a spade walks across "
                             "the yard. At 5s, he digs three holes and says, "
                             "\"This will do.\""),
               "it loses \"He digs two holes.\"");
    CHECK_TEXT(refused(yard, "At 0s, a bearded man with a spade walks across "
                             "the yard. At 9s, he digs two holes and says, "
                             "\"This will do.\""),
               "it loses \"He digs two holes.\"");
    CHECK_TEXT(refused(yard, "At 0s, a bearded man with a spade walks across "
                             "the yard. At 5s, he digs two holes and says, "
                             "\"That will do.\""),
               "it loses \"He says, \"This will do.\"\"");
    check_case("so are another number, time or word of a quote");

    CHECK(*refused("A red car passes a blue house.",
                   "A blue car passes a red house."),
          "swapped");
    CHECK(*refused("The man wears no hat.", "The man wears a hat."), "hat");
    CHECK(*refused("The man wears a hat.", "The man wears no hat."), "no hat");
    check_case("and values that changed places or their sense");
}

static void test_added(void)
{
    CHECK_TEXT(refused(yard, "At 0s, a bearded man with a spade walks across "
                             "the yard. At 5s, he digs two holes and says, "
                             "\"This will do.\" A dog watches him."),
               "it adds \"A dog watches him.\"");
    CHECK_TEXT(refused("At 0s, a car stops. At 9s, a door opens.",
                       "At 0s, a car stops. At 0s, a door opens. At 9s, a door "
                       "opens."),
               "it adds \"A door opens.\"");
    CHECK_TEXT(refused("At 2s, a car stops. At 9s, a door opens.",
                       "At 9s, a door opens. At 2s, a car stops."),
               "its times are out of order");
    check_case("what is added or told out of order is seen");
}

static struct json *record(void)
{
    struct json *r = NULL;

    CHECK_OK(
        json_parse(&arena,
                   STR("{\"id\":\"a\",\"sources\":[{\"name\":\"x\","
                       "\"caption\":\"At 0s, a bearded man walks across "
                       "the yard. The camera pans left.\"},{\"name\":\"y\","
                       "\"caption\":\"At 0s, a man walks across the yard "
                       "with a spade.\"}]}"),
                   0, &r, &err),
        err);
    CHECK_OK(merge_record(policy, &arena, r, &err), err);
    return r;
}

static void test_take(void)
{
    struct json *r = record();
    struct str plain;
    const struct json *f;

    CHECK(merge_fusion_wanted(r, ATTRIBUTE_ACTIONS, &plain) && plain.n, "-");
    CHECK(merge_fusion_wanted(r, ATTRIBUTE_NONE, &plain) && plain.n, "-");
    CHECK(!merge_fusion_wanted(r, ATTRIBUTE_CAMERA, &plain), "one source");
    CHECK(!merge_fusion_wanted(r, ATTRIBUTE_SPEECH, &plain), "nothing");
    check_case("only what several sources had a part in is reworded");

    CHECK(merge_fusion_take(policy, &arena, r, ATTRIBUTE_ACTIONS,
                            STR(" At 0s, a bearded man with a spade walks "
                                "across the yard.\n")),
          "refused");
    CHECK_TEXT(record_attribute_text(r, ATTRIBUTE_ACTIONS).p,
               "At 0s, a bearded man with a spade walks across the yard.");
    CHECK(json_count(json_path(r, "attributes.actions.claims")) == 2, "-");
    CHECK(json_get(r, "findings") == NULL, "findings");
    check_case("a text that holds is taken, the claims stay");

    CHECK(!merge_fusion_take(policy, &arena, r, ATTRIBUTE_NONE,
                             STR("A man digs.")),
          "taken");
    CHECK(strstr(record_caption(r).p, "bearded"), "%s", record_caption(r).p);
    f = json_path(r, "findings.0");
    CHECK_TEXT(json_text(json_get(f, "code")), "merge.fusion");
    CHECK_TEXT(json_text(json_get(f, "was")), "A man digs.");
    CHECK(json_get(f, "attribute") == NULL, "of the caption");
    check_case("one that does not is refused and noted");
}

int main(void)
{
    CHECK_OK(text_rules_load(&rules, &err), err);
    CHECK_OK(merge_policy_new(rules, &arena, &policy, &err), err);
    test_holds();
    test_lost();
    test_added();
    test_take();
    text_rules_free(rules);
    arena_release(&arena);
    return check_done();
}
