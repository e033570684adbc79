/* Dataset folders, rows, token budgets and the check of what was published. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/dataset/export.h"
#include "check.h"

static char base[64]; /* a folder of this test, removed at the end */

static const char *get(struct arena *a, const char *dir, const char *name)
{
    struct str text = STR("");
    struct asid_err err;

    if (file_slurp(a, path_join(a, dir, name), 1 << 20, &text, &err) != ASID_OK)
        return "(no file)";
    return text.p;
}

static void put(struct arena *a, const char *dir, const char *name,
                const char *text)
{
    struct asid_err err;

    CHECK_OK(file_replace(path_join(a, dir, name), str_of(text), &err), err);
}

static bool there(struct arena *a, const char *dir, const char *name)
{
    return access(arena_printf(a, "%s/%s", dir, name), F_OK) == 0;
}

static struct json *parse(struct arena *a, const char *text)
{
    struct json *v = NULL;
    struct asid_err err;

    CHECK_OK(json_parse(a, str_of(text), 0, &v, &err), err);
    return v;
}

/* --- rows ---------------------------------------------------------------- */

#define EMPTY8                                                                 \
 "{\"scene\":\"\",\"characters\":\"\",\"objects\":\"\",\"actions\":\"\","      \
 "\"narrative_elements\":\"\",\"speech\":\"\",\"camera\":\"\","                \
 "\"emotions\":\"\"}"

static void test_rows(void)
{
    static const struct {
        const char *record, *row;
    } cases[] = {
        {"{\"id\":\"a\"}",
         "{\"id\":\"a\",\"video\":\"\",\"duration\":0.0,\"sha256\":\"\","
         "\"width\":0,\"height\":0,\"fps\":0.0,\"has_audio\":false,"
         "\"attributes\":" EMPTY8 ",\"verdicts\":" EMPTY8 ",\"caption\":\"\","
         "\"sources\":[]}\n"},
        {"{\"caption\":null,\"id\":\"b\",\"extra\":[1],\"video\":\"v/b.mp4\","
         "\"media\":{\"duration\":7,\"sha256\":\"ff\",\"video\":{\"width\":320,"
         "\"height\":240.0,\"fps\":29.97},\"audio\":{\"codec\":\"aac\"}},"
         "\"sources\":[{\"name\":\"x\"},{\"name\":\"y\",\"caption\":\"t\\n\"}]}",
         "{\"id\":\"b\",\"video\":\"v/b.mp4\",\"duration\":7.0,"
         "\"sha256\":\"ff\",\"width\":320,\"height\":240,\"fps\":29.97,"
         "\"has_audio\":true,\"attributes\":" EMPTY8 ",\"verdicts\":" EMPTY8
         ",\"caption\":\"t\\n\",\"sources\":[{\"name\":\"x\",\"caption\":\"\","
         "\"attributes\":" EMPTY8 "},{\"name\":\"y\",\"caption\":\"t\\n\","
         "\"attributes\":" EMPTY8 "}]}\n"},
        {"{\"id\":\"c\",\"media\":{\"duration\":1e300,\"video\":null,"
         "\"audio\":null},\"caption\":\"own\",\"attributes\":{\"scene\":null,"
         "\"camera\":{\"text\":\"pan\",\"verdict\":\"verified\"}},\"sources\":[{\"name\":\"z\","
         "\"caption\":\"other\"}]}",
         "{\"id\":\"c\",\"video\":\"\",\"duration\":1e+300,\"sha256\":\"\","
         "\"width\":0,\"height\":0,\"fps\":0.0,\"has_audio\":false,"
         "\"attributes\":{\"scene\":\"\",\"characters\":\"\",\"objects\":\"\","
         "\"actions\":\"\",\"narrative_elements\":\"\",\"speech\":\"\","
         "\"camera\":\"pan\",\"emotions\":\"\"},"
         "\"verdicts\":{\"scene\":\"\",\"characters\":\"\","
         "\"objects\":\"\",\"actions\":\"\",\"narrative_elements\":\"\","
         "\"speech\":\"\",\"camera\":\"verified\",\"emotions\":\"\"},"
         "\"caption\":\"own\","
         "\"sources\":[{\"name\":\"z\",\"caption\":\"other\",\"attributes\":" EMPTY8
         "}]}\n"},
        {"[]",
         "{\"id\":\"\",\"video\":\"\",\"duration\":0.0,\"sha256\":\"\","
         "\"width\":0,\"height\":0,\"fps\":0.0,\"has_audio\":false,"
         "\"attributes\":" EMPTY8 ",\"verdicts\":" EMPTY8 ",\"caption\":\"\","
         "\"sources\":[]}\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = ARENA_INIT;
        struct json *record = NULL;
        struct asid_err err;
        struct buf row;

        buf_init(&row, 1 << 20);
        CHECK_OK(json_parse(&a, str_of(cases[i].record), 0, &record, &err),
                 err);
        row_raw(&a, record, &row);
        CHECK_TEXT(row.p, cases[i].row);
        buf_release(&row);
        arena_release(&a);
    }
    check_case("rows have constant keys, order and types");
}

/* --- folders --------------------------------------------------------------- */

static void fill(struct dataset *d, const char *name, const char *row)
{
    struct dataset_file *file = NULL;
    struct asid_err err;

    CHECK_OK(dataset_file(d, name, &file, &err), err);
    CHECK_OK(dataset_add(file, str_of(row), &err), err);
}

static void test_publish(void)
{
    struct arena a = ARENA_INIT;
    const char *dir = path_join(&a, base, "data/set");
    struct dataset d, other;
    struct asid_err err = {.rc = ASID_OK};
    struct json *manifest, *entry;
    char hex[HASH_HEX];

    CHECK_OK(dataset_open(&d, dir, &err), err);
    fill(&d, "raw.jsonl", "{}\n");
    fill(&d, "deep/er/rows.jsonl", "{}\n");
    fill(&d, "raw.jsonl", "{}\n");
    CHECK(!there(&a, dir, "raw.jsonl"), "published too early");
    CHECK(dataset_open(&other, dir, &err) == ASID_FAILED, "two writers");
    CHECK(strstr(err.text, "another process"), "%s", err.text);
    dataset_close(&other);
    CHECK(there(&a, dir, "raw.jsonl.part"), "the first writer's file is gone");
    CHECK_OK(dataset_publish(&d, &err), err);
    dataset_close(&d);
    CHECK_TEXT(get(&a, dir, "raw.jsonl"), "{}\n{}\n");
    CHECK_TEXT(get(&a, dir, "deep/er/rows.jsonl"), "{}\n");
    manifest = parse(&a, get(&a, dir, "manifest.json"));
    entry = json_at(json_get(manifest, "files"), 0);
    CHECK_OK(hash_file(path_join(&a, dir, "raw.jsonl"), hex, NULL, &err), err);
    CHECK_TEXT(json_text(json_get(entry, "sha256")), hex);
    CHECK(json_count(json_get(manifest, "files")) == 2, "files");
    CHECK(!there(&a, dir, "raw.jsonl.part"), "leftover");
    CHECK(!there(&a, dir, "manifest.json.part"), "leftover");
    CHECK(!there(&a, dir, "files.part"), "leftover");
    check_case("a dataset is published whole, with a manifest that is right");

    CHECK_OK(dataset_open(&d, dir, &err), err);
    fill(&d, "raw.jsonl", "[]\n");
    fill(&d, "new.jsonl", "[]\n");
    dataset_close(&d);
    CHECK_TEXT(get(&a, dir, "raw.jsonl"), "{}\n{}\n");
    CHECK(!there(&a, dir, "raw.jsonl.part"), "leftover");
    CHECK(!there(&a, dir, "new.jsonl"), "never published");
    check_case("a dataset that is given up leaves the published one alone");

    CHECK_OK(dataset_open(&d, dir, &err), err);
    fill(&d, "raw.jsonl", "[]\n");
    CHECK_OK(dataset_publish(&d, &err), err);
    dataset_close(&d);
    CHECK_TEXT(get(&a, dir, "raw.jsonl"), "[]\n");
    CHECK(!there(&a, dir, "deep"), "files of the dataset before are left");
    check_case("files that are no longer part of a dataset go");

    /* What a kill in the middle of the renames leaves behind. */
    CHECK_OK(file_make_dirs(path_join(&a, dir, "half"), &err), err);
    put(&a, dir, "half/way.jsonl", "{}\n");
    put(&a, dir, "half+on.jsonl.part", "{}\n");
    put(&a, dir, "files.part", "half/way.jsonl\nhalf/on.jsonl\nraw.jsonl\nre");
    CHECK_OK(dataset_open(&d, dir, &err), err);
    dataset_close(&d);
    CHECK(!there(&a, dir, "half"), "a half published file is left");
    CHECK(!there(&a, dir, "half+on.jsonl.part"), "a part is left");
    CHECK(there(&a, dir, "raw.jsonl"), "a file of the manifest is gone");
    check_case("what a killed export left is removed, the rest stays");

    put(&a, dir, "README", "mine");
    CHECK_OK(dataset_remove(dir, &err), err);
    CHECK(!there(&a, dir, "raw.jsonl"), "a dataset's file is left");
    CHECK_TEXT(get(&a, dir, "README"), "mine");
    unlink(path_join(&a, dir, "README"));
    CHECK_OK(dataset_remove(dir, &err), err);
    CHECK(access(dir, F_OK) < 0 && errno == ENOENT, "folder still there");
    CHECK_OK(dataset_remove(dir, &err), err);
    check_case("removing a dataset removes its files and its empty folder");
    arena_release(&a);
}

/* --- lessons --------------------------------------------------------------- */

static const char RECORD[] =
    "{\"id\":\"r\",\"video\":\"r.mp4\",\"media\":{\"duration\":12.5,"
    "\"video\":{\"width\":1280,\"height\":720,\"fps\":30,\"frames\":375},"
    "\"audio\":{\"codec\":\"aac\"}},\"attributes\":{"
    "\"scene\":{\"text\":\"A street.\",\"draft\":\"A road.\","
    "\"verdict\":\"refined\"},"
    "\"objects\":{\"text\":\"A car.\",\"verdict\":\"error\"},"
    "\"speech\":{\"text\":\"\",\"verdict\":\"absent\"},"
    "\"emotions\":{\"text\":\"Calm.\",\"draft\":\"Calm.\"}},"
    "\"caption\":\"At 0s, a street.\",\"findings\":["
    "{\"stage\":\"refine\",\"code\":\"x.y\",\"attribute\":\"scene\","
    "\"message\":\"m\"},{\"stage\":\"refine\",\"code\":\"x.z\","
    "\"attribute\":\"objects\",\"message\":\"m\"}]}";

static void test_lessons(void)
{
    struct arena a = ARENA_INIT;
    const struct json *record = parse(&a, RECORD);
    struct lesson_wish wish = {.seed = 3};
    struct lesson l[LESSONS];
    struct asid_err err;
    unsigned seen = 0;
    size_t n = 0;

    CHECK_OK(prompts_load(&a, &wish.prompts, &err), err);
    CHECK_OK(lessons_of(&wish, &a, record, l, &n, &err), err);
    CHECK(n == 4, "%zu lessons", n);
    CHECK(str_is(l[0].attribute, "scene") && str_is(l[0].draft, "A road."),
          "the scene");
    CHECK(str_is(l[1].attribute, "objects"), "the objects");
    CHECK(l[3].attribute.n == 0 && str_is(l[3].answer, "At 0s, a street."),
          "the caption");
    check_case("a record has a lesson for each attribute that applies");

    wish.verdicts = LESSONS_CLEAN;
    CHECK_OK(lessons_of(&wish, &a, record, l, &n, &err), err);
    CHECK(n == 2 && str_is(l[1].attribute, "emotions"), "%zu lessons", n);
    check_case("clean lessons leave out what was judged wrong, and the whole");

    wish.verdicts = LESSONS_ANY;
    wish.one = true;
    for (wish.seed = 0; wish.seed < 40; wish.seed++) {
        CHECK_OK(lessons_of(&wish, &a, record, l, &n, &err), err);
        CHECK(n == 2, "%zu lessons", n);
        seen |= 1u << attribute_of(l[0].attribute);
    }
    CHECK(seen == (1u << ATTRIBUTE_SCENE | 1u << ATTRIBUTE_OBJECTS |
                   1u << ATTRIBUTE_EMOTIONS),
          "drawn: %x", seen);
    check_case("one attribute is drawn by the seed, and each can be");
    arena_release(&a);
}

static void test_forms(void)
{
    static const struct {
        enum lesson_form form;
        const char *row;
    } cases[] = {
        {FORM_ASID,
         "{\"id\":\"r\",\"attribute\":\"scene\",\"duration\":12.5,"
         "\"messages\":[{\"role\":\"user\",\"content\":\"<video>Q\"},"
         "{\"role\":\"assistant\",\"content\":\"A street.\"}],"
         "\"videos\":[\"r.mp4\"]}\n"},
        {FORM_MS_SWIFT,
         "{\"messages\":[{\"role\":\"user\",\"content\":\"<video>Q\"},"
         "{\"role\":\"assistant\",\"content\":\"A street.\"}],"
         "\"videos\":[\"r.mp4\"]}\n"},
        {FORM_SHAREGPT, "{\"id\":\"r\",\"video\":\"r.mp4\",\"conversations\":["
                        "{\"from\":\"human\",\"value\":\"<video>\\nQ\"},"
                        "{\"from\":\"gpt\",\"value\":\"A street.\"}]}\n"},
        {FORM_PAIR, "{\"id\":\"r\",\"attribute\":\"scene\",\"messages\":["
                    "{\"role\":\"user\",\"content\":\"<video>Q\"},"
                    "{\"role\":\"assistant\",\"content\":\"A street.\"}],"
                    "\"rejected_response\":\"A road.\",\"videos\":[\"r.mp4\"],"
                    "\"reasons\":[\"x.y\"]}\n"},
    };
    struct arena a = ARENA_INIT;
    const struct json *record = parse(&a, RECORD);
    struct lesson_wish wish = {.seed = 0};
    struct lesson l[LESSONS];
    struct asid_err err;
    size_t n = 0;

    CHECK_OK(prompts_load(&a, &wish.prompts, &err), err);
    CHECK_OK(lessons_of(&wish, &a, record, l, &n, &err), err);
    l[0].prompt = STR("Q");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct json *feature;
        struct json *row;
        struct buf text;

        buf_init(&text, 1 << 20);
        row_lesson(&a, cases[i].form, &l[0], &text);
        CHECK_TEXT(text.p, cases[i].row);
        row = parse(&a, arena_strdup(&a, text.p));
        feature = json_first(row_lesson_features(&a, cases[i].form));
        json_each(member, row) {
            CHECK(feature && str_eq(json_key(member), json_key(feature)),
                  "form %zu: columns differ", i);
            feature = json_next(feature);
        }
        CHECK(!feature, "form %zu: a column too many", i);
        buf_release(&text);
    }
    check_case("every form has its keys, and its features name them in order");
    arena_release(&a);
}

static void test_groups(void)
{
    static const struct {
        double seconds;
        const char *group;
    } cases[] = {
        {-1, "unknown"},   {0, "unknown"},      {0.04, "0_30_s"},
        {30, "0_30_s"},    {30.01, "30_60_s"},  {60, "30_60_s"},
        {120, "1_2_m"},    {120.5, "2_3_m"},    {180, "2_3_m"},
        {181, "over_3_m"}, {1e300, "over_3_m"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(duration_group(cases[i].seconds), cases[i].group);
    check_case("durations fall into the groups of ASID-1M");
}

/* --- budgets --------------------------------------------------------------- */

static void test_budget(void)
{
    static const struct {
        const char *video; /* media.video */
        double seconds, max_pixels, total;
        size_t picture, sound;
    } cases[] = {
        /* The table of docs/MODEL.md 3.3 with the published demo's budget. */
        {"{\"width\":1280,\"height\":720,\"fps\":30,\"frames\":900}", 30,
         401408, 20070400, 14400, 750},
        {"{\"width\":640,\"height\":480,\"fps\":30,\"frames\":900}", 30, 401408,
         20070400, 11730, 750},
        {"{\"width\":320,\"height\":240,\"fps\":30,\"frames\":null}", 30,
         401408, 20070400, 4200, 750},
        {"{\"width\":1280,\"height\":720,\"fps\":30,\"frames\":5400}", 180,
         401408, 20070400, 25920, 4500},
    };
    struct arena a = ARENA_INIT;
    struct row_budget b = {.video = OMNI_BUDGET_DEFAULT};
    struct lesson l = {.prompt = STR("What?"), .answer = STR("A street.")};
    struct asid_err err = {.rc = ASID_OK};
    struct bpe *bpe = NULL;
    struct row_cost c;

    CHECK_OK(bpe_open("tests/vectors/checkpoints/tiny-a", &bpe, &err), err);
    b.bpe = bpe;
    for (size_t i = 0; bpe && i < sizeof cases / sizeof *cases; i++) {
        const struct json *record =
            parse(&a, arena_printf(&a,
                                   "{\"media\":{\"duration\":%g,\"video\":%s,"
                                   "\"audio\":{\"codec\":\"x\"}}}",
                                   cases[i].seconds, cases[i].video));

        b.video.max_pixels = cases[i].max_pixels;
        b.video.total_pixels = cases[i].total;
        CHECK_OK(row_count(&b, record, &l, &c, &err), err);
        CHECK(c.picture == cases[i].picture, "case %zu: %zu picture", i,
              c.picture);
        CHECK(c.sound == cases[i].sound, "case %zu: %zu sound", i, c.sound);
        CHECK(c.text > 20 && c.text < 400, "case %zu: %zu text", i, c.text);
        b.limit = c.picture + c.sound + c.text;
        CHECK_OK(row_check(&b, record, &l, &err), err);
        b.limit--;
        CHECK(row_check(&b, record, &l, &err) == ASID_REJECT, "one over");
        CHECK_TEXT(err.code, "export.budget");
        b.no_audio = true;
        CHECK_OK(row_check(&b, record, &l, &err), err);
        b.no_audio = false;
    }
    check_case("rows are counted as the model takes them");

    b.limit = 1;
    CHECK(row_check(&b, parse(&a, "{\"media\":{}}"), &l, &err) == ASID_REJECT,
          "no size");
    CHECK(strstr(err.text, "media.video"), "%s", err.text);
    CHECK(row_check(&b,
                    parse(&a, "{\"media\":{\"video\":{\"width\":1,"
                              "\"height\":900,\"fps\":1},\"duration\":9}}"),
                    &l, &err) == ASID_REJECT,
          "an impossible picture");
    CHECK_TEXT(err.code, "export.budget");
    b.limit = 0;
    CHECK_OK(row_check(&b, parse(&a, "{}"), &l, &err), err);
    check_case("a row that cannot be counted is refused, without budget none");
    bpe_close(bpe);
    arena_release(&a);
}

/* --- reading back ---------------------------------------------------------- */

static void publish(const struct export_wish *wish, const char *dir,
                    const struct json *record)
{
    struct arena a = ARENA_INIT;
    struct dataset d;
    struct asid_err err;

    CHECK_OK(dataset_open(&d, dir, &err), err);
    CHECK_OK(export_begin(wish, &d, &err), err);
    CHECK_OK(export_rows(wish, &d, &a, record, &err), err);
    CHECK_OK(export_end(wish, &d, &err), err);
    dataset_close(&d);
    arena_release(&a);
}

/* Put a text in the place of another in a file of the dataset, and make the
 * manifest describe the result, so that only the reading back can find it. */
static void spoil(struct arena *a, const char *dir, const char *name,
                  const char *was, const char *now)
{
    const char *text = get(a, dir, name), *at = strstr(text, was);
    const char *manifest = get(a, dir, "manifest.json"), *h;
    char old[HASH_HEX], new[HASH_HEX];
    char *spoiled;

    CHECK(at != NULL, "%s has no %s", name, was);
    if (!at)
        return;
    spoiled = arena_printf(a, "%.*s%s%s", (int)(at - text), text, now,
                           at + strlen(was));
    hash_text(str_of(text), old);
    hash_text(str_of(spoiled), new);
    put(a, dir, name, spoiled);
    h = strstr(manifest, old);
    CHECK(h != NULL, "no hash of %s", name);
    if (h)
        put(a, dir, "manifest.json",
            arena_printf(a, "%.*s%s%s", (int)(h - manifest), manifest, new,
                         h + 64));
}

static void test_check(void)
{
    static const struct {
        const char *file, *was, *now, *says;
    } cases[] = {
        {"raw.jsonl", "12.5", "12", "row.duration: not a float64"},
        {"raw.jsonl", "\"id\":\"r\"", "\"id\":null", "row.id: not a string"},
        {"raw.jsonl", "\"width\":1280,", "", "'width' is not where it belongs"},
        {"raw.jsonl", "\"sources\":[]", "\"sources\":{}", "not a list"},
        {"raw.jsonl", "\"sources\":[]", "\"sources\":[],\"z\":1",
         "more keys than columns"},
        {"raw.jsonl", "}\n", "}", "the last line has no end"},
        {"raw.jsonl", "}\n", "}\n{}\n", "'id' is not where it belongs"},
        {"raw.jsonl", "\"r.mp4\"", "\"q.mp4\"", "no such video"},
        {"ms_swift.jsonl", "A street.", "A <video>.",
         "2 <video> tags for 1 videos"},
        {"ms_swift.jsonl", "<video>", "", "0 <video> tags for 1 videos"},
        {"ms_swift.jsonl", "<video>", "<video><video>", "2 <video> tags"},
        {"sharegpt.jsonl", "<video>", "", "0 <video> tags for 1 videos"},
        {"sharegpt.jsonl", "{\"id\"", "{\"di\"", "'id' is not where"},
        {"features.json", "{", "[", "features.json"},
    };
    struct arena a = ARENA_INIT;
    struct export_wish wish = {.lessons = {.seed = 1}};
    const struct json *record = parse(&a, RECORD);
    const char *dir = path_join(&a, base, "checked");
    struct asid_err err;

    for (size_t i = 0; i < EXPORT_FORMATS; i++)
        wish.format[i] = true;
    wish.collection = "c1";
    CHECK_OK(prompts_load(&a, &wish.lessons.prompts, &err), err);
    put(&a, base, "r.mp4", "x");
    publish(&wish, dir, record);
    CHECK_OK(export_check(dir, base, &err), err);
    CHECK(there(&a, dir,
                "annotations/0_30_s_c1/train/single_attribute_0_30_s_c1.jsonl"),
          "no grouped rows");
    check_case("what was published loads");

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum asid_rc rc;

        publish(&wish, dir, record);
        spoil(&a, dir, cases[i].file, cases[i].was, cases[i].now);
        rc = export_check(dir, base, &err);
        CHECK(rc == ASID_FAILED, "case %zu loads", i);
        if (rc != ASID_OK)
            CHECK(strstr(err.text, cases[i].says), "case %zu: %s", i, err.text);
    }
    publish(&wish, dir, record);
    put(&a, dir, "raw.jsonl", "");
    CHECK(export_check(dir, base, &err) == ASID_FAILED, "another file");
    CHECK(strstr(err.text, "not the file"), "%s", err.text);
    check_case("what does not load is found, with file and line");
    arena_release(&a);
}

int main(void)
{
    snprintf(base, sizeof base, "/tmp/asid-test-dataset-XXXXXX");
    if (!mkdtemp(base))
        return 1;
    test_rows();
    test_publish();
    test_lessons();
    test_forms();
    test_groups();
    test_budget();
    test_check();
    if (fork() == 0)
        execlp("rm", "rm", "-rf", base, (char *)NULL);
    wait(NULL);
    return check_done();
}
