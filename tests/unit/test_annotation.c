/* Rows of existing datasets: understanding, gathering, making sources. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/dataset/annotation.h"
#include "asid/dataset/gather.h"
#include "check.h"

static struct json *parse(struct arena *a, const char *text)
{
    struct json *v = NULL;
    struct asid_err err;

    CHECK_OK(json_parse(a, str_of(text), 0, &v, &err), err);
    return v;
}

static const char *say(struct arena *a, struct str s)
{
    return arena_strndup(a, s.p, s.n);
}

/* --- one row --------------------------------------------------------------*/

static void test_rows(void)
{
    static const struct {
        const char *row, *video, *id, *caption;
        int attribute;
    } cases[] = {
        /* ms-swift */
        {"{\"messages\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":"
         "\"user\",\"content\":\"<video>Describe it.\"},{\"role\":"
         "\"assistant\",\"content\":\" A cat. \"}],\"videos\":[\"v/a.mp4\"]}",
         "v/a.mp4", "", "A cat.", ATTRIBUTE_NONE},
        {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"video\","
         "\"video\":\"a.mp4\"},{\"type\":\"text\",\"text\":\"Describe only the "
         "camera of this video\"}]},{\"role\":\"assistant\",\"content\":[{"
         "\"type\":\"text\",\"text\":\"It \"},{\"type\":\"text\",\"text\":"
         "\"pans.\"}]}]}",
         "a.mp4", "", "It pans.", ATTRIBUTE_CAMERA},
        {"{\"query\":\"<video>What is the mood, the emotions?\",\"response\":"
         "\"Calm.\",\"videos\":[{\"path\":\"b.mp4\"}]}",
         "b.mp4", "", "Calm.", ATTRIBUTE_EMOTIONS},
        /* LLaVA-Video and ShareGPT */
        {"{\"id\":\"x-1\",\"conversations\":[{\"from\":\"human\",\"value\":"
         "\"<image>\\nDescribe the scene, and the speech.\"},{\"from\":\"gpt\","
         "\"value\":\"A hall.\"}],\"data_source\":\"d\",\"video\":\"c.mkv\"}",
         "c.mkv", "x-1", "A hall.", ATTRIBUTE_NONE},
        /* scripts and test sets */
        {"{\"video_id\":7,\"video_path\":\"/m/7.mp4\",\"prompt\":\"p\","
         "\"caption\":\"C\",\"timestamp\":\"t\"}",
         "/m/7.mp4", "7", "C", ATTRIBUTE_NONE},
        {"{\"video\":\"d.mp4\",\"pred\":\"P\"}", "d.mp4", "", "P",
         ATTRIBUTE_NONE},
        {"{\"video\":[\"d.mp4\"],\"conversation\":[{\"from\":\"human\","
         "\"value\":\"q\"},{\"from\":\"gpt\",\"value\":\"A\"}]}",
         "d.mp4", "", "A", ATTRIBUTE_NONE},
        /* asid's own */
        {"{\"id\":\"e\",\"video\":\"e.mp4\",\"attribute\":\"narrative "
         "elements\",\"caption\":\"N\"}",
         "e.mp4", "e", "N", ATTRIBUTE_NARRATIVE_ELEMENTS},
        {"{\"id\":\"e\",\"video\":\"e.mp4\",\"caption\":\"\",\"attributes\":{"
         "\"scene\":\"S\"},\"sources\":[]}",
         "e.mp4", "e", "", ATTRIBUTE_NONE},
        {"{\"query\":\"Tell of the undersceneries and my objectspeech\","
         "\"response\":\"R\",\"video\":\"f\"}",
         "f", "", "R", ATTRIBUTE_NONE},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = ARENA_INIT;
        struct annotation r;
        struct asid_err err;

        CHECK_OK(annotation_read(&a, parse(&a, cases[i].row), &r, &err), err);
        CHECK_TEXT(say(&a, r.video), cases[i].video);
        CHECK_TEXT(say(&a, r.id), cases[i].id);
        CHECK_TEXT(say(&a, r.caption), cases[i].caption);
        CHECK((int)r.attribute == cases[i].attribute, "case %zu: attribute %d",
              i, (int)r.attribute);
        arena_release(&a);
    }
    check_case("rows of all known shapes are understood");
}

static void test_refused(void)
{
    static const struct {
        const char *row, *says;
    } cases[] = {
        {"[]", "no object but array"},
        {"7", "no object but number"},
        {"{\"caption\":\"c\"}", "names no video"},
        {"{\"caption\":\"c\",\"video\":\"\"}", "names no video"},
        {"{\"caption\":\"c\",\"video\":\"a\\u0000b\"}", "names no video"},
        {"{\"caption\":\"c\",\"videos\":[]}", "about 0 videos"},
        {"{\"caption\":\"c\",\"videos\":[\"a\",\"b\"]}", "about 2 videos"},
        {"{\"video\":\"a\"}", "says nothing about its video"},
        {"{\"video\":\"a\",\"caption\":\" \\n\"}", "says nothing"},
        {"{\"video\":\"a\",\"caption\":7}", "says nothing"},
        {"{\"video\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}"
         "]}",
         "says nothing"},
        {"{\"video\":\"a\",\"conversations\":[{\"from\":\"human\",\"value\":"
         "\"q\"},{\"from\":\"gpt\",\"value\":\"a\"},{\"from\":\"human\","
         "\"value\":\"q\"},{\"from\":\"gpt\",\"value\":\"b\"}]}",
         "a dialogue of 2 answers"},
        {"{\"video\":\"a\",\"caption\":\"c\",\"attribute\":\"smell\"}",
         "no such attribute"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = ARENA_INIT;
        struct annotation r;
        struct asid_err err;

        CHECK(annotation_read(&a, parse(&a, cases[i].row), &r, &err) ==
                  ASID_REJECT,
              "case %zu was taken", i);
        CHECK_TEXT(err.code, "input.schema");
        CHECK(strstr(err.text, cases[i].says), "case %zu: %s", i, err.text);
        arena_release(&a);
    }
    check_case("rows that say nothing about one video are refused");
}

/* --- records --------------------------------------------------------------*/

static void test_records(void)
{
#define ASK(attr, answer)                                                      \
 "{\"from\":\"m\",\"row\":{\"video\":\"a\",\"query\":\"Describe the " attr     \
 "\",\"response\":\"" answer "\"}}"
    static const struct {
        const char *name, *rows, *record;
    } cases[] = {
        {"a question about one attribute alone is about everything",
         "[" ASK("scene", "S") "]",
         "{\"sources\":[{\"name\":\"m\",\"caption\":\"S\"}]}"},
        {"questions about two attributes are about these",
         "[" ASK("scene", "S") "," ASK("camera", "C") "," ASK("whole", "W") "]",
         "{\"sources\":[{\"name\":\"m\",\"attributes\":{\"scene\":\"S\","
         "\"camera\":\"C\"},\"caption\":\"W\"}]}"},
        {"two captions of one source are two sources",
         "[" ASK("whole", "A") "," ASK("whole", "B") "]",
         "{\"sources\":[{\"name\":\"m\",\"caption\":\"A\"},{\"name\":\"m-2\","
         "\"caption\":\"B\"}]}"},
        {"sources are told apart by their datasets, or by their models",
         "[" ASK("whole", "A") ",{\"from\":\"n\",\"row\":{\"video\":\"a\","
                               "\"caption\":\"N\"}},{\"from\":\"n\",\"row\":{"
                               "\"video\":\"a\",\"caption\":\"O\",\"model\":"
                               "\"o\"}}]",
         "{\"sources\":[{\"name\":\"m\",\"caption\":\"A\"},{\"name\":\"n\","
         "\"caption\":\"N\"},{\"name\":\"o\",\"caption\":\"O\"}]}"},
        {"a raw row brings its sources and is one itself",
         "[{\"from\":\"set\",\"row\":{\"id\":\"a\",\"video\":\"a\","
         "\"duration\":1.0,\"attributes\":{\"scene\":\"S\",\"speech\":\"\"},"
         "\"verdicts\":{\"scene\":\"verified\"},\"caption\":\"C\",\"sources\":["
         "{\"name\":\"x\",\"caption\":\"X\",\"attributes\":{\"scene\":\"\"}}]}}"
         "]",
         "{\"sources\":[{\"name\":\"x\",\"caption\":\"X\"},{\"name\":\"set\","
         "\"attributes\":{\"scene\":\"S\"},\"caption\":\"C\"}]}"},
        {"keys that mean nothing to asid go through, of the first row",
         "[{\"from\":\"m\",\"row\":{\"video\":\"a\",\"caption\":\"A\","
         "\"data_source\":{\"x\":1.50}}},{\"from\":\"n\",\"row\":{\"video\":"
         "\"a\",\"caption\":\"B\",\"data_source\":2,\"other\":3}}]",
         "{\"sources\":[{\"name\":\"m\",\"caption\":\"A\"},{\"name\":\"n\","
         "\"caption\":\"B\"}],\"data_source\":{\"x\":1.50}}"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = ARENA_INIT;
        const struct json *list = parse(&a, cases[i].rows);
        struct annotation_row rows[4];
        struct json *record = json_new_object(&a);
        struct asid_err err;
        struct buf text;
        size_t n = 0;

        json_each(entry, list) {
            rows[n++] = (struct annotation_row){
                json_text(json_get(entry, "from")), json_get(entry, "row")};
        }
        CHECK_OK(annotation_record(&a, rows, n, record, &err), err);
        buf_init(&text, 1 << 20);
        json_write(&text, record);
        CHECK_TEXT(text.p, cases[i].record);
        check_case(cases[i].name);
        buf_release(&text);
        arena_release(&a);
    }
}

/* --- gathering ------------------------------------------------------------*/

static const char *in_file(struct arena *a, const char *dir, const char *name,
                           const char *text)
{
    const char *path = path_join(a, dir, name);
    struct asid_err err;

    CHECK_OK(file_replace(path, str_of(text), &err), err);
    return path;
}

static void test_gather(const char *dir)
{
    struct arena a = ARENA_INIT;
    struct gather g;
    struct gathered *v;
    struct asid_err err = {.rc = ASID_OK};
    struct json *rows = NULL;
    struct buf text;

    gather_init(&g);
    CHECK(gather_find(&g, "a") == NULL, "nothing yet");
    CHECK_OK(
        gather_add(&g,
                   in_file(&a, dir, "one.jsonl",
                           "\xEF\xBB\xBF{\"video\":\"./a\",\"caption\":\"1\","
                           "\"id\":\"i\"}\r\n\n"
                           "broken\n{\"video\":\"b\",\"caption\":\"2\"}\n"
                           "{\"video\":\"a\",\"caption\":\"3\",\"id\":\"i\","
                           "\"sha256\":\"ff\"}\n{\"video\":\"a\"}\n\xff\n"
                           "{\"video\":\"b\",\"caption\":\"9\",\"id\":\"k\"}"),
                   "one", "sets/one.jsonl", &err),
        err);
    CHECK_OK(gather_add(&g,
                        in_file(&a, dir, "two.json",
                                " [{\"video\":\"a\",\n\"caption\":\"4\","
                                "\"id\":\"i\"}, 5]"),
                        "two", "two.json", &err),
             err);
    v = gather_find(&g, "a");
    CHECK(v && v->n_rows == 3, "rows of a");
    CHECK_TEXT(v ? v->id : NULL, "i");
    CHECK_TEXT(v ? v->sha256 : NULL, "ff");
    CHECK(gather_find(&g, "b") && !gather_find(&g, "b")->id,
          "rows that do not agree on an id have none");
    if (v)
        CHECK_OK(gather_rows(&g, v, &a, &rows, &err), err);
    buf_init(&text, 1 << 20);
    json_write(&text, rows);
    CHECK_TEXT(text.p,
               "[{\"from\":\"one\",\"row\":{\"video\":\"./a\",\"caption\":"
               "\"1\",\"id\":\"i\"}},{\"from\":\"one\",\"row\":{\"video\":"
               "\"a\",\"caption\":\"3\",\"id\":\"i\",\"sha256\":\"ff\"}},{"
               "\"from\":\"two\",\"row\":{\"video\":\"a\",\"caption\":\"4\","
               "\"id\":\"i\"}}]");
    check_case("rows of one video come together, in the order of reading");

    {
        static const char *const faults[][3] = {
            {"input.syntax", "sets/one.jsonl:3: ",
             "[{\"file\":\"sets/one.jsonl\",\"line\":3,\"raw\":\"broken\"}]"},
            {"input.schema", "sets/one.jsonl:6: the row says nothing",
             "[{\"file\":\"sets/one.jsonl\",\"line\":6,\"row\":{\"video\":"
             "\"a\"}}]"},
            {"input.syntax", "sets/one.jsonl:7: ",
             "[{\"file\":\"sets/one.jsonl\",\"line\":7,\"raw_base64\":"
             "\"/w==\"}]"},
            {"input.schema", "two.json:2: the row is no object",
             "[{\"file\":\"two.json\",\"line\":2,\"row\":5}]"},
        };
        size_t i = 0;

        for (v = g.first; v; v = v->next) {
            if (!v->fault)
                continue;
            CHECK(i < 4, "a fault too many");
            if (i == 4)
                break;
            CHECK_TEXT(v->fault->code, faults[i][0]);
            CHECK(str_starts(str_of(v->fault->text), faults[i][1]), "%s",
                  v->fault->text);
            CHECK_OK(gather_rows(&g, v, &a, &rows, &err), err);
            buf_reset(&text);
            json_write(&text, rows);
            CHECK_TEXT(text.p, faults[i][2]);
            i++;
        }
        CHECK(i == 4, "%zu faults", i);
    }
    check_case("rows that are none are kept whole, with place and reason");

    CHECK(gather_add(&g, in_file(&a, dir, "bad.json", "[{},"), "x", "x",
                     &err) == ASID_FAILED,
          "a broken array");
    CHECK(gather_add(&g, path_join(&a, dir, "none.jsonl"), "x", "x", &err) ==
              ASID_FAILED,
          "no file");
    check_case("a broken array and a missing file stop the work");
    buf_release(&text);
    gather_release(&g);
    arena_release(&a);
}

static void test_marks(const char *dir)
{
    static const char *const wide[] = {"\xff\xfe[", "\xfe\xff\n"};
    struct arena a = ARENA_INIT;
    struct gather g;
    struct asid_err err;

    gather_init(&g);
    CHECK_OK(gather_add(&g,
                        in_file(&a, dir, "mark.json",
                                "\xEF\xBB\xBF[{\"video\":\"a\","
                                "\"caption\":\"1\"}]"),
                        "m", "m", &err),
             err);
    CHECK(gather_find(&g, "a") != NULL, "the row behind the mark");
    check_case("an array may begin with a byte-order mark");
    for (size_t i = 0; i < 2; i++) {
        const char *path = in_file(&a, dir, "wide.jsonl", wide[i]);

        CHECK(gather_add(&g, path, "w", "w", &err) == ASID_FAILED, "taken");
        CHECK_TEXT(err.text, arena_printf(&a, "%s is UTF-16, not UTF-8", path));
    }
    CHECK(g.n == 1 && g.first && !g.first->next, "nothing was taken");
    check_case("a file in UTF-16 is told as such");
    gather_release(&g);
    arena_release(&a);
}

static void test_many(const char *dir)
{
    struct arena a = ARENA_INIT;
    struct gather g;
    struct asid_err err;
    struct buf text;

    buf_init(&text, 1 << 24);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 5000; i++)
            buf_printf(&text, "{\"video\":\"v%d\",\"caption\":\"%d\"}\n", i, k);
    gather_init(&g);
    CHECK_OK(
        gather_add(&g, in_file(&a, dir, "many.jsonl", text.p), "m", "m", &err),
        err);
    CHECK(g.n == 5000, "%zu videos", g.n);
    for (int i = 0; i < 5000; i += 499) {
        struct gathered *v = gather_find(&g, arena_printf(&a, "v%d", i));

        CHECK(v && v->n_rows == 3, "rows of v%d", i);
    }
    check_case("rows of thousands of videos are found again");
    gather_release(&g);
    buf_release(&text);
    arena_release(&a);
}

int main(void)
{
    char dir[] = "/tmp/asid-test-annotation-XXXXXX";
    static const char *const files[] = {"one.jsonl", "two.json",
                                        "bad.json",  "many.jsonl",
                                        "mark.json", "wide.jsonl"};
    struct arena a = ARENA_INIT;

    if (!mkdtemp(dir))
        return 1;
    test_rows();
    test_refused();
    test_records();
    test_gather(dir);
    test_marks(dir);
    test_many(dir);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(path_join(&a, dir, files[i]));
    rmdir(dir);
    arena_release(&a);
    return check_done();
}
