/* Options: what the command line becomes, and what is said of a wrong one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/kit/kit_int.h"
#include "asid/data/schema.h"
#include "check.h"

static const struct asid_stage caption = {.name = "caption"};
static const struct asid_stage ingest = {.name = "ingest"};
static const struct asid_stage run = {.name = "run"};
static const struct asid_stage model = {.name = "model"};

struct call {
    struct kit k;
    struct asid_err err;
    enum asid_rc rc;
};

/* Parse the words of a line, separated by blanks. */
static struct call *parse(const struct asid_stage *stage, const char *line)
{
    static char words[4000];
    static char *argv[100];
    struct call *c = mem_alloc(sizeof *c);
    int argc = 0;

    snprintf(words, sizeof words, "%s %s", stage->name, line);
    for (char *p = words; *p && argc < 99;) {
        argv[argc++] = p;
        p += strcspn(p, " ");
        while (*p == ' ')
            *p++ = '\0';
    }
    c->k.cx.stage = stage;
    c->k.cx.kit = &c->k;
    c->rc = entry_document(&c->k.arena, &c->k.document, &c->err);
    CHECK_OK(c->rc, c->err);
    c->k.entry = entry_find(c->k.document, stage->name);
    c->k.filter = stage == &caption;
    c->k.tool = stage == &model || stage == &run;
    c->rc = opt_parse(&c->k, argc, argv, &c->err);
    c->k.cx.options = c->k.options;
    return c;
}

static void drop(struct call *c)
{
    arena_release(&c->k.arena);
    free(c);
}

static void test_values(void)
{
    struct call *c = parse(&caption, "--fps 1.5 --max-frames=32 -qj4 a "
                                     "--no-audio --name x -- --b");
    const struct asid_cx *cx = &c->k.cx;

    CHECK(c->rc == ASID_OK, "%s", c->err.text);
    CHECK(opt_real(cx, "fps") == 1.5, "fps %g", opt_real(cx, "fps"));
    CHECK(opt_int(cx, "max-frames") == 32, "max-frames");
    CHECK(opt_int(cx, "jobs") == 4 && opt_bool(cx, "quiet"), "-qj4");
    CHECK(opt_bool(cx, "no-audio"), "no-audio");
    CHECK_TEXT(opt_text(cx, "name"), "x");
    CHECK(c->k.n_files == 2 && strcmp(c->k.files[1], "--b") == 0, "files %zu",
          c->k.n_files);
    CHECK(opt_given(cx, "fps") && !opt_given(cx, "min-frames"), "given");
    CHECK(opt_int(cx, "min-frames") == 4, "default");
    CHECK(opt_text(cx, "model") == NULL, "no default");
    CHECK(opt_bool(cx, "strict") == false, "common default");
    drop(c);
    c = parse(&caption, "--no-audio=false -j 2 -v -");
    CHECK(c->rc == ASID_OK && !opt_bool(&c->k.cx, "no-audio"), "=false");
    CHECK(opt_int(&c->k.cx, "jobs") == 2, "-j 2");
    CHECK(c->k.n_files == 1 && strcmp(c->k.files[0], "-") == 0, "-");
    drop(c);
    check_case("values, defaults, letters, and what is a file");
}

static void test_lists(void)
{
    struct call *c = parse(&caption, "--attributes scene,speech "
                                     "--attributes camera");
    const struct asid_cx *cx = &c->k.cx;

    CHECK(c->rc == ASID_OK, "%s", c->err.text);
    CHECK(opt_count(cx, "attributes") == 3, "%zu", opt_count(cx, "attributes"));
    CHECK_TEXT(opt_nth(cx, "attributes", 1), "speech");
    CHECK_TEXT(opt_nth(cx, "attributes", 2), "camera");
    CHECK(opt_nth(cx, "attributes", 3) == NULL, "past the end");
    drop(c);
    c = parse(&ingest, "a,b c");
    CHECK(opt_count(&c->k.cx, "inputs") == 2, "a comma in a file name");
    CHECK_TEXT(opt_nth(&c->k.cx, "inputs", 0), "a,b");
    CHECK(opt_count(&c->k.cx, "suffixes") > 3, "a list's default");
    drop(c);
    c = parse(&ingest, "--suffixes mp4");
    CHECK(opt_count(&c->k.cx, "suffixes") == 1, "a given list replaces");
    CHECK(opt_count(&c->k.cx, "inputs") == 1, "default of arguments");
    drop(c);
    check_case("lists by commas, by repetition, by arguments");
}

static void refuse(const struct asid_stage *stage, const char *line,
                   const char *message)
{
    struct call *c = parse(stage, line);

    CHECK(c->rc == ASID_USAGE, "\"%s\" was taken", line);
    CHECK_TEXT(c->err.text, message);
    drop(c);
}

static void test_refusals(void)
{
    refuse(&caption, "--fps x",
           "--fps: expected a number from 0.01 to 120, got \"x\"");
    refuse(&caption, "--fps 0.001",
           "--fps: expected a number from 0.01 to 120, got \"0.001\"");
    refuse(&caption, "--memory -1",
           "--memory: expected a number of at least 0, got \"-1\"");
    refuse(&caption, "--fps nan",
           "--fps: expected a number from 0.01 to 120, got \"nan\"");
    refuse(&caption, "--fps 1e999",
           "--fps: expected a number from 0.01 to 120, got \"1e999\"");
    refuse(&caption, "--max-frames 2.5",
           "--max-frames: expected a whole number from 2 to 4096, got \"2.5\"");
    refuse(&caption, "--max-frames 99999999999999999999",
           "--max-frames: expected a whole number from 2 to 4096, got "
           "\"99999999999999999999\"");
    refuse(&caption, "-j -1",
           "-j: expected a whole number from 0 to 1024, got \"-1\"");
    refuse(
        &caption, "--kernels avx",
        "--kernels: expected one of auto, ref, avx2, avx512, amx, got \"avx\"");
    refuse(&caption, "--attributes scene,sene",
           "--attributes: expected one of scene, characters, objects, actions, "
           "narrative_elements, speech, camera, emotions, got \"sene\"");
    refuse(&caption, "--no-audio=maybe",
           "--no-audio: expected true or false, got \"maybe\"");
    refuse(&caption, "--fps", "--fps: expected a value");
    refuse(&caption, "-j", "-j: expected a value");
    refuse(&caption, "--fpss 2", "--fpss: no such option; did you mean --fps?");
    refuse(&caption, "--foo", "--foo: no such option; --help lists them");
    refuse(&caption, "--wildly-wrong",
           "--wildly-wrong: no such option; --help lists them");
    refuse(&caption, "-qZ", "-Z: no such option; --help lists them");
    refuse(&run, "one two", "unexpected argument \"two\"");
    refuse(&model, "nonsense",
           "call: expected one of info, tokenize, detokenize, inputs, score, "
           "generate, bench, got \"nonsense\"");
    refuse(&model, "--out-file x",
           "--out-file: no such option; --help lists them");
    refuse(&caption, "--prompt a\xff", "--prompt: the value is not UTF-8");
    refuse(&model, "score --answer=\xed\xa0\x80",
           "--answer: the value is not UTF-8");
    refuse(&caption, "--prompts generic --attributes scene",
           "--attributes: has no meaning with --prompts generic");
    check_case("wrong calls are refused with place, wish and value");
}

static void test_together(void)
{
    struct call *c = parse(&caption, "--attributes= --prompts generic");

    CHECK(c->rc == ASID_OK, "no attribute was given: %s", c->err.text);
    drop(c);
    c = parse(&caption, "--prompts generic");
    CHECK(c->rc == ASID_OK, "%s", c->err.text);
    drop(c);
    c = parse(&ingest, "caf\xe9");
    CHECK(c->rc == ASID_OK && strcmp(c->k.files[0], "caf\xe9") == 0,
          "a file name may be any bytes");
    drop(c);
    check_case("what only looks like a wrong call is taken");
}

static void hash_of(const char *line, char hex[HASH_HEX])
{
    struct str settings;
    struct call *c = parse(&caption, line);

    CHECK(c->rc == ASID_OK, "%s: %s", line, c->err.text);
    opt_hash(&c->k, hex, &settings);
    drop(c);
}

static void test_hash(void)
{
    char plain[HASH_HEX], other[HASH_HEX];

    hash_of("", plain);
    hash_of("--fps 2 -j 7 -o x --ledger y --quiet in", other);
    CHECK_TEXT(plain, other);
    hash_of("--fps 2.00", other);
    CHECK_TEXT(plain, other);
    hash_of("--fps 3", other);
    CHECK(strcmp(plain, other) != 0, "another fps, the same hash");
    hash_of("--no-audio", other);
    CHECK(strcmp(plain, other) != 0, "without sound, the same hash");
    check_case("the hash follows what decides results, and only that");
}

static void test_help(void)
{
    static const struct asid_stage *const stages[] = {&caption, &ingest,
                                                      &model};
    static const char *const forms[] = {"", "man", "json", "completion"};

    for (size_t i = 0; i < 12; i++) {
        struct call *c = parse(stages[i / 4], "");
        struct asid_err err;
        struct buf out;

        c->k.help = forms[i % 4];
        buf_init(&out, 1 << 20);
        CHECK_OK(help_print(&c->k, &out, &err), err);
        CHECK(out.n > 300 && !buf_failed(&out), "%s %s: %zu bytes",
              stages[i / 4]->name, forms[i % 4], out.n);
        CHECK(!strstr(out.p, "parent-run") || i % 4 == 2,
              "a hidden option is shown");
        buf_release(&out);
        drop(c);
    }
    check_case("every form of help for every kind of program");
}

/* The rank of a heading in a help text, or 0. */
static size_t heading_at(const char *text, const char *heading)
{
    const char *at = strstr(text, heading);

    return at ? (size_t)(at - text) + 1 : 0;
}

/* A program takes them, to say why it refuses them. */
static void test_hidden(void)
{
    static const char *const hidden[] = {"endpoint", "timeout", "requests"};
    static const char *const forms[] = {"", "man", "completion"};
    struct call *c = parse(&model, "info --endpoint http://x");
    struct buf text;

    CHECK(c->rc == ASID_OK, "%s", c->err.text);
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < 3; i++) {
        c->k.help = forms[i];
        CHECK_OK(help_print(&c->k, &text, &c->err), c->err);
        CHECK(strstr(text.p, "kernels"), "%s: no options", forms[i]);
        for (size_t k = 0; k < 3; k++)
            CHECK(!strstr(text.p, hidden[k]), "%s: %s", forms[i], hidden[k]);
        buf_reset(&text);
    }
    buf_release(&text);
    drop(c);
    refuse(&model, "--endpoin x",
           "--endpoin: no such option; --help lists them");
    check_case("options that a program refuses are not shown");
}

/* Options that several programs share stand once in the schema. */
static void test_groups(void)
{
    struct call *c = parse(&caption, "--temperature 0.5 --help");
    const struct json *option =
        entry_option(c->k.document, c->k.entry, STR("temperature"));
    const struct json *raw, *entry;
    struct json *document;
    struct buf text;
    size_t own, group, common;

    CHECK(opt_real(&c->k.cx, "temperature") == 0.5, "a value");
    CHECK(opt_int(&c->k.cx, "max-tokens") == 1024, "a default");
    CHECK_TEXT(json_text(json_get(option, "x-group")), "model options");
    CHECK_OK(json_parse(&c->k.arena, schema_file("pipeline.schema.json"), 0,
                        &document, &c->err),
             c->err);
    raw = json_path(document, "$defs.model-options.properties");
    json_each(o, raw) {
        CHECK(!json_get_str(json_path(document, "$defs.caption.properties"),
                            json_key(o)),
              STR_FMT " stands twice", STR_ARG(json_key(o)));
    }
    entry = entry_find(c->k.document, "ingest");
    CHECK(!entry_option(c->k.document, entry, STR("temperature")),
          "a program that names no group");
    buf_init(&text, 1 << 20);
    help_text(&c->k, &text);
    own = heading_at(text.p, "\noptions:\n");
    group = heading_at(text.p, "\nmodel options:\n");
    common = heading_at(text.p, "\ncommon options:\n");
    CHECK(own && own < group && group < common, "%zu %zu %zu", own, group,
          common);
    buf_reset(&text);
    help_man(&c->k, &text);
    CHECK(strstr(text.p, ".SS Model options\n"), "manual page");
    buf_release(&text);
    drop(c);
    check_case("options of a group belong to every program that names it");
}

int main(void)
{
    test_values();
    test_lists();
    test_refusals();
    test_together();
    test_hash();
    test_help();
    test_hidden();
    test_groups();
    return check_done();
}
