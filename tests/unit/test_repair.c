/* Repairing texts claim by claim, and the format pass. */
#include <math.h>
#include <stdio.h>

#include "asid/curate/format.h"
#include "asid/curate/repair.h"
#include "check.h"

static const struct text_rules *rules;

static const char *say(struct arena *a, struct str s)
{
    return arena_strndup(a, s.p, s.n);
}

/* --- repairs ---------------------------------------------------------------*/

static void test_repairs(void)
{
    static const struct {
        const char *text, *was, *now; /* now NULL: removed; was NULL: added */
        double start;
        const char *want;
    } cases[] = {
        /* a whole sentence */
        {"A man walks. A red dog barks. It rains.", "A red dog barks.",
         "A brown dog barks.", 0, "A man walks. A brown dog barks. It rains."},
        {"A man walks. A red dog barks. It rains.", "A red dog barks.", NULL, 0,
         "A man walks. It rains."},
        {"A red dog barks.", "A red dog barks.", NULL, 0, ""},
        {"A red dog barks.", "a RED dog barks", "A cat.", 0, "A cat."},
        {"A man walks.  A red dog barks.\nIt rains.", "A man walks.", NULL, 0,
         "A red dog barks.\nIt rains."},
        /* its anchor stays */
        {"At 0s, a man walks. At 3s, a red dog barks. At 5s, it rains.",
         "A red dog barks.", "The dog sleeps.", 0,
         "At 0s, a man walks. At 3s, the dog sleeps. At 5s, it rains."},
        {"At 3s, a red dog barks.", "A red dog barks.", "Rex sleeps.", 0,
         "At 3s, Rex sleeps."},
        /* a claim of several */
        {"At 2s, a man walks left and picks up a ball. It rains.",
         "A man walks left.", "A man walks right.", 0,
         "At 2s, a man walks right. A man picks up a ball. It rains."},
        {"At 2s, a man walks left and picks up a ball.",
         "A man picks up a ball.", NULL, 0, "At 2s, a man walks left."},
        {"At 2s, a man walks left and picks up a ball.",
         "A man picks up a ball.", "He drops a cup.", 0,
         "At 2s, a man walks left. He drops a cup."},
        /* nothing of the kind: byte for byte */
        {"A man walks ,  oddly.", "A cat sits.", "A cat.", 0,
         "A man walks ,  oddly."},
        {"", "A cat sits.", "A cat.", 0, ""},
        /* twice */
        {"A dog barks. It rains. A dog barks.", "A dog barks.", "A cat.", 0,
         "A cat. It rains. A cat."},
        /* added */
        {"At 0s, a man walks. At 5s, it rains.", NULL, "A dog barks.", 3,
         "At 0s, a man walks. At 3s, a dog barks. At 5s, it rains."},
        {"At 0s, a man walks. At 5s, it rains.", NULL, "A dog barks.", 5,
         "At 0s, a man walks. At 5s, it rains. A dog barks."},
        {"At 0s, a man walks. At 5s, it rains.", NULL, "A dog barks.", 9,
         "At 0s, a man walks. At 5s, it rains. At 9s, a dog barks."},
        {"At 1s, a man walks.", NULL, "A dog barks.", 0,
         "At 0s, a dog barks. At 1s, a man walks."},
        {"A man walks.", NULL, "A dog barks", NAN, "A man walks. A dog barks."},
        {"A man walks.", NULL, "a dog barks.", 4, "A man walks. A dog barks."},
        {"", NULL, "A dog barks.", NAN, "A dog barks."},
        {"A man walks. Throughout the video, music plays.", NULL,
         "A dog barks.", NAN,
         "A man walks. A dog barks. Throughout the video, music plays."},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = ARENA_INIT;
        struct repair r = {
            .kind = !cases[i].was  ? REPAIR_ADD
                    : cases[i].now ? REPAIR_REPLACE
                                   : REPAIR_REMOVE,
            .was = str_of(cases[i].was ? cases[i].was : ""),
            .now = str_of(cases[i].now ? cases[i].now : ""),
            .start = cases[i].start,
            .end = cases[i].start,
        };
        struct str text = str_of(cases[i].text);
        struct str got = repair_text(rules, &a, text, ATTRIBUTE_NONE, &r, 1);

        CHECK(str_is(got, cases[i].want),
              "\n#   text %s\n#   got  %s\n#   want %s", cases[i].text,
              say(&a, got), cases[i].want);
        if (str_is(got, cases[i].text))
            CHECK(got.p == text.p, "case %zu: an unchanged text was copied", i);
        arena_release(&a);
    }
    check_case("a claim is replaced, removed or added, the rest stays");
}

static void test_several(void)
{
    struct arena a = ARENA_INIT;
    struct repair r[] = {
        {.kind = REPAIR_ADD,
         .now = STR("A cat sleeps."),
         .start = (double)NAN,
         .end = (double)NAN},
        {.kind = REPAIR_REMOVE, .was = STR("It rains.")},
        {.kind = REPAIR_REPLACE,
         .was = STR("A man walks."),
         .now = STR("A woman walks.")},
        {.kind = REPAIR_ADD, .now = STR("A bell rings."), .start = 4, .end = 4},
        {.kind = REPAIR_ADD, .now = STR("A door opens."), .start = 2, .end = 2},
        {.kind = REPAIR_REMOVE, .was = STR("Snow falls.")},
    };
    struct str got = repair_text(
        rules, &a, STR("At 0s, a man walks. At 3s, it rains. At 6s, she sits."),
        ATTRIBUTE_ACTIONS, r, 6);

    CHECK_TEXT(say(&a, got),
               "At 0s, a woman walks. At 2s, a door opens. At 4s, a bell "
               "rings. At 6s, she sits. A cat sleeps.");
    CHECK(r[0].done && r[1].done && r[2].done && r[3].done && r[4].done &&
              !r[5].done,
          "what was done");
    check_case("several repairs of one text go together, in order of time");
    arena_release(&a);
}

/* --- format ----------------------------------------------------------------*/

static void test_format(void)
{
    static const struct {
        const char *text, *want;
        size_t symbols, repeats;
    } cases[] = {
        {"A man walks. It rains.", "A man walks. It rains.", 0, 0},
        {"Caf\xc3\xa9 \xe2\x80\x9cok\xe2\x80\x9d \xe4\xbd\xa0\xe5\xa5\xbd",
         "Caf\xc3\xa9 \xe2\x80\x9cok\xe2\x80\x9d \xe4\xbd\xa0\xe5\xa5\xbd", 0,
         0},
        /* symbols */
        {"A man\x01 walks.<|im_end|>", "A man walks.", 2, 0},
        {"A\xef\xbf\xbd man\xe2\x80\x8b walks.", "A man walks.", 2, 0},
        {"## Scene\n- A **man** walks.\n* It rains.",
         "Scene A man walks. It rains.", 5, 0},
        {"It costs <| 5 |> coins - or # 6.", "It costs <| 5 |> coins - or # 6.",
         0, 0},
        {"  A man \n\n walks.  ", "A man walks.", 0, 0},
        {"A t-shirt * 5, snake_case, x<|", "A t-shirt * 5, snake_case, x<|", 0,
         0},
        /* sentences */
        {"A man walks away slowly. It rains. A man walks away slowly.",
         "A man walks away slowly. It rains.", 0, 1},
        {"At 1s, a man walks away slowly. At 2s, A man walks, away slowly!",
         "At 1s, a man walks away slowly.", 0, 1},
        {"He nods. It rains. He nods.", "He nods. It rains. He nods.", 0, 0},
        /* runs */
        {"The man walks and walks and walks and walks and walks.",
         "The man walks and walks.", 0, 1},
        {"A very very tall man.", "A very very tall man.", 0, 0},
        {"A very very very very tall man.", "A very tall man.", 0, 1},
        {"She says, \"no no no no no\" twice.",
         "She says, \"no no no no no\" twice.", 0, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = ARENA_INIT;
        struct format_result r;

        format_text(rules, &a, &FORMAT_RULE_DEFAULT, str_of(cases[i].text), &r);
        CHECK(str_is(r.text, cases[i].want),
              "\n#   text %s\n#   got  %s\n#   want %s", cases[i].text,
              say(&a, r.text), cases[i].want);
        CHECK(r.symbols == cases[i].symbols, "case %zu: %zu symbols", i,
              r.symbols);
        CHECK((r.repeats != 0) == (cases[i].repeats != 0),
              "case %zu: %zu repeats", i, r.repeats);
        CHECK(!r.collapsed, "case %zu collapsed", i);
        arena_release(&a);
    }
    check_case("symbols and repeats are removed, all else stays");
}

static void test_anchors(void)
{
    static const char *const cases[][2] = {
        {"At 0:03, a man walks. (00:05) It rains.",
         "At 3s, a man walks. At 5s, It rains."},
        {"At 3s, a man walks.", "At 3s, a man walks."},
        {"A man walks at 0:03.", "A man walks at 3s."},
        {"From 0:03 to 0:05, it rains.", "From 3s to 5s, it rains."},
    };
    struct format_rule rule = FORMAT_RULE_DEFAULT;

    rule.anchors = true;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = ARENA_INIT;
        struct format_result r;

        format_text(rules, &a, &rule, str_of(cases[i][0]), &r);
        CHECK_TEXT(say(&a, r.text), cases[i][1]);
        arena_release(&a);
    }
    check_case("anchors get the canonical form when asked for");
}

static void test_record(void)
{
    struct arena a = ARENA_INIT;
    struct json *record = NULL;
    struct asid_err err;
    bool changed = false;
    struct buf loop, text;

    CHECK_OK(json_parse(&a,
                        STR("{\"id\":\"r\",\"attributes\":{\"scene\":{\"text\":"
                            "\"A **hall**.\"},\"camera\":null},\"caption\":"
                            "\"A hall.\"}"),
                        0, &record, &err),
             err);
    CHECK_OK(format_record(rules, &a, &FORMAT_RULE_DEFAULT, "refine", record,
                           &changed, &err),
             err);
    CHECK(changed, "nothing changed");
    CHECK_TEXT(json_text(json_path(record, "attributes.scene.text")),
               "A hall.");
    CHECK_TEXT(json_text(json_path(record, "findings.0.code")),
               "format.symbols");
    CHECK_TEXT(json_text(json_path(record, "findings.0.was")), "A **hall**.");
    CHECK(json_count(json_get(record, "findings")) == 1, "findings");
    CHECK_OK(format_record(rules, &a, &FORMAT_RULE_DEFAULT, "refine", record,
                           &changed, &err),
             err);
    CHECK(!changed, "the pass is not idempotent");
    check_case("the pass cleans a record, notes it, and finds nothing after");

    buf_init(&loop, 1 << 20);
    for (int i = 0; i < 400; i++)
        buf_text(&loop, "the man walks on ");
    json_set(&a, record, "caption", json_new_str(&a, buf_view(&loop)));
    CHECK(format_record(rules, &a, &FORMAT_RULE_DEFAULT, "refine", record, NULL,
                        &err) == ASID_REJECT,
          "a loop passed");
    CHECK_TEXT(err.code, "format.collapsed");
    buf_init(&text, 1 << 20);
    json_set_text(&a, record, "caption", "\x01\x02");
    CHECK(format_record(rules, &a, &FORMAT_RULE_DEFAULT, "refine", record, NULL,
                        &err) == ASID_REJECT,
          "nothing is left");
    check_case("a text that collapses is refused");
    buf_release(&text);
    buf_release(&loop);
    arena_release(&a);
}

int main(void)
{
    struct asid_err err;

    CHECK_OK(text_rules_load(&rules, &err), err);
    test_repairs();
    test_several();
    test_format();
    test_anchors();
    test_record();
    text_rules_free(rules);
    return check_done();
}
