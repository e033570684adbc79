/* YAML: types, positions, bounds, and what is refused. */
#include <stdlib.h>

#include "asid/data/yaml.h"
#include "check.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static struct arena arena;
static struct asid_err err;

static const char *written(const struct json *v)
{
    struct buf b;
    char *copy;

    buf_init(&b, (size_t)1 << 30);
    json_write(&b, v);
    copy = arena_strndup(&arena, b.p, b.n);
    buf_release(&b);
    return copy;
}

static void test_values(void)
{
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        {"a: 1", "{\"a\":1}"},
        {"- a\n- b", "[\"a\",\"b\"]"},
        {"[1, -2, 0.30, 1e5, -1.5E+3, 123456789012345678901]",
         "[1,-2,0.30,1e5,-1.5E+3,123456789012345678901]"},
        {"[+1, 007, .5, 5., 0x10, 0o7, 1_000, 1e, --1, .inf, .nan, 1:30]",
         "[\"+1\",\"007\",\".5\",\"5.\",\"0x10\",\"0o7\",\"1_000\",\"1e\","
         "\"--1\",\".inf\",\".nan\",\"1:30\"]"},
        {"[true, false, yes, no, on, off, True, TRUE, y]",
         "[true,false,\"yes\",\"no\",\"on\",\"off\",\"True\",\"TRUE\",\"y\"]"},
        {"[null, ~, Null, nil]", "[null,null,\"Null\",\"nil\"]"},
        {"a:\nb: ''", "{\"a\":null,\"b\":\"\"}"},
        {"['1', \"true\", 'null', \"\\u00e9\\n\"]",
         "[\"1\",\"true\",\"null\",\"\xc3\xa9\\n\"]"},
        {"1: a\ntrue: b\n~: c", "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\"}"},
        {"a: |\n  two\n  lines\nb: >\n  one\n  line\n",
         "{\"a\":\"two\\nlines\\n\",\"b\":\"one line\\n\"}"},
        {"{a: [b, {c: d}], e: {}}", "{\"a\":[\"b\",{\"c\":\"d\"}],\"e\":{}}"},
        {"a: &x [1, {b: 2}]\nc: *x\nd: [*x, *x]",
         "{\"a\":[1,{\"b\":2}],\"c\":[1,{\"b\":2}],"
         "\"d\":[[1,{\"b\":2}],[1,{\"b\":2}]]}"},
        {"a: &x 1\nb: *x\nc: &x two\nd: *x",
         "{\"a\":1,\"b\":1,\"c\":\"two\",\"d\":\"two\"}"},
        {"a: !!str 5\nb: !!int \"5\"\nc: !!float 1\nd: !!bool true\n"
         "e: !!null ''\nf: ! 7\ng: !!map {}\nh: !!seq []",
         "{\"a\":\"5\",\"b\":5,\"c\":1,\"d\":true,\"e\":null,\"f\":\"7\","
         "\"g\":{},\"h\":[]}"},
        {"# comment\n---\na: b # c\n...\n", "{\"a\":\"b\"}"},
        {"\"k\\\"ey\": \"v\\0\"", "{\"k\\\"ey\":\"v\\u0000\"}"},
        {"just text", "\"just text\""},
        {"--- \n", "null"},
        {"\xef\xbb\xbf"
         "a: \xe6\x97\xa5",
         "{\"a\":\"\xe6\x97\xa5\"}"},
        {"a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json *v = NULL;

        CHECK_OK(yaml_parse(&arena, str_of(cases[i].yaml), "f", &v, &err), err);
        CHECK(v != NULL, "%s", cases[i].yaml);
        if (v)
            CHECK_TEXT(written(v), cases[i].json);
    }
    check_case("values get the types that the header promises");
}

static void test_places(void)
{
    const char *text = "name: x\nstages:\n  - ingest\n  - caption: {fps: 2}\n"
                       "  - &a [1,\n     two]\n  - *a\n";
    static const struct {
        const char *path;
        unsigned line, column;
    } cases[] = {
        {"name", 1, 1},
        {"stages", 2, 1},
        {"stages.0", 3, 5},
        {"stages.1", 4, 5},
        {"stages.1.caption", 4, 5},
        {"stages.1.caption.fps", 4, 15},
        {"stages.2", 5, 5},
        {"stages.2.0", 5, 9},
        {"stages.2.1", 6, 6},
        {"stages.3", 7, 5},
        {"stages.3.1", 6, 6},
    };
    struct json *v = NULL;

    CHECK_OK(yaml_parse(&arena, str_of(text), "f", &v, &err), err);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct yaml_place at = yaml_where(json_path(v, cases[i].path));

        CHECK(at.line == cases[i].line && at.column == cases[i].column,
              "%s is at %u:%u", cases[i].path, at.line, at.column);
    }
    CHECK(yaml_where(v).line == 1 && yaml_where(v).column == 1, "the root");
    CHECK(yaml_where(NULL).line == 0, "nothing is nowhere");
    CHECK(yaml_where(json_new_null(&arena)).line == 0, "made, not read");
    json_set_i64(&arena, v, "name", 5);
    CHECK(yaml_where(json_get(v, "name")).line == 0, "replaced");
    CHECK(yaml_where(json_path(json_copy(&arena, v), "stages.1")).line == 4,
          "a copy keeps its places");
    check_case("values know their line and column");
}

static void test_refuses(void)
{
    static const struct {
        const char *yaml, *want;
    } cases[] = {
        {"", "f:1:1: the document is empty"},
        {"# only a comment", "f:1:1: the document is empty"},
        {"a: 1\nb: 2\na: 3", "f:3:1: the key a is here twice"},
        {"a: {x: 1, 'x': 2}", "f:1:11: the key x is here twice"},
        {"a: *b", "f:1:4: no complete value is called &b"},
        {"a: &b [*b]", "f:1:8: no complete value is called &b"},
        {"a: &b {c: *b}", "f:1:11: no complete value is called &b"},
        {"[a, b]: c", "f:1:1: a key must be a text"},
        {"{a: 1}: c", "f:1:1: a key must be a text"},
        {"? - a\n: b", "f:1:3: a key must be a text"},
        {"a: &x k\n*x : b", "f:2:1: a key must be a text"},
        {"&x a: b", "f:1:1: a key with an anchor or a tag"},
        {"!!int 1: b", "f:1:1: a key with an anchor or a tag"},
        {"a: !!int x", "f:1:4: the tag does not fit this value"},
        {"a: !!int 1.5", "f:1:4: the tag does not fit this value"},
        {"a: !!bool yes", "f:1:4: the tag does not fit this value"},
        {"a: !custom x", "f:1:4: the tag does not fit this value"},
        {"a: !!binary aGk=", "f:1:4: the tag does not fit this value"},
        {"a: !!set {b}", "f:1:4: the tag does not fit this value"},
        {"a: !!map [b]", "f:1:4: the tag does not fit this value"},
        {"a: 1\n---\nb: 2", "f:2:1: a second document begins here"},
    };
    struct json *v = NULL;

    for (size_t i = 0; i < COUNT(cases); i++) {
        enum asid_rc rc =
            yaml_parse(&arena, str_of(cases[i].yaml), "f", &v, &err);

        CHECK(rc == ASID_FAILED, "accepted: %s", cases[i].yaml);
        if (rc == ASID_FAILED)
            CHECK_TEXT(err.text, cases[i].want);
    }
    CHECK(v == NULL, "output written without success");
    check_case("refuses what JSON cannot hold, with the place");
}

/* The words are libyaml's; place and name are ours. */
static void test_syntax(void)
{
    static const struct {
        struct str yaml;
        const char *begins;
    } cases[] = {
        {STR("a: [1, 2"), "f:2:1: "},
        {STR("a: b: c"), "f:1:5: "},
        {STR("\ta: 1"), "f:1:1: "},
        {STR("a: 'x"), "f:1:"},
        {STR("a: @x"), "f:1:4: "},
        {STR("- a\nb: c"), "f:2:1: "},
        {STR("a: \"\\ud800\""), "f:1:"},
        {STR("b:\na: \xff"), "f:2:4: "},
        {STR("a: \xed\xa0\x80"), "f:1:4: "},
        {STR("a: b\0c"), "f:1:5: "},
        {STR("a: \x01"), "f:1:4: "},
        {STR("\xff\xfe"
             "a\0"),
         "f:"},
        {STR("%YAML 3.0\n---\na"), "f:1:1: "},
    };
    struct json *v = NULL;

    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK(yaml_parse(&arena, cases[i].yaml, "f", &v, &err) == ASID_FAILED,
              "accepted case %zu: %s", i, cases[i].yaml.p);
        CHECK(strncmp(err.text, cases[i].begins, strlen(cases[i].begins)) == 0,
              "case %zu: %s", i, err.text);
    }
    check_case("broken YAML is refused with its place");
}

static enum asid_rc parse_buf(struct buf *b)
{
    struct json *v;
    enum asid_rc rc = yaml_parse(&arena, buf_view(b), "f", &v, &err);

    buf_reset(b);
    return rc;
}

static void test_bounds(void)
{
    struct buf b;

    buf_init(&b, (size_t)4 << 20);
    for (int depth = 64; depth <= 65; depth++) {
        for (int i = 0; i < depth; i++)
            buf_char(&b, '[');
        for (int i = 0; i < depth; i++)
            buf_char(&b, ']');
        CHECK(parse_buf(&b) == (depth > 64 ? ASID_FAILED : ASID_OK), "depth %d",
              depth);
    }
    CHECK(strstr(err.text, "nested more than 64 deep"), "%s", err.text);
    /* Each line ten times the one before: a million values in a few bytes. */
    buf_text(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 7; i++) {
        buf_printf(&b, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buf_printf(&b, "%s*a%d", k ? "," : "", i - 1);
        buf_text(&b, "]\n");
    }
    CHECK(parse_buf(&b) == ASID_FAILED, "alias bomb");
    CHECK(strstr(err.text, "aliases expand to more than 100000 values"), "%s",
          err.text);
    buf_text(&b, "- &a0 [x]\n");
    for (int i = 1; i < 100; i++)
        buf_printf(&b, "- &a%d [*a%d]\n", i, i - 1);
    CHECK(parse_buf(&b) == ASID_FAILED, "depth by aliases");
    CHECK(strstr(err.text, "nested more than 64 deep"), "%s", err.text);
    for (int i = 0; i < 1001; i++)
        buf_printf(&b, "- &a%d x\n", i);
    CHECK(parse_buf(&b) == ASID_FAILED, "anchors");
    CHECK(strstr(err.text, ":1001:3: more than 1000 anchors"), "%s", err.text);
    for (int i = 0; i < 50000; i++)
        buf_printf(&b, "key%d: %d\n", i, i);
    CHECK_OK(parse_buf(&b), err);
    while (b.n <= 1 << 20)
        buf_text(&b, "# comment\n");
    CHECK(parse_buf(&b) == ASID_FAILED, "1 MiB");
    CHECK_TEXT(err.text, "f:1:1: more than 1048576 bytes");
    for (int i = 0; i < 1 << 20; i++)
        buf_char(&b, "[{-?"[i % 4]);
    CHECK(parse_buf(&b) == ASID_FAILED, "openings");
    buf_release(&b);
    check_case("depth, aliases, anchors and size are bounded");
}

int main(void)
{
    test_values();
    test_places();
    test_refuses();
    test_syntax();
    test_bounds();
    arena_release(&arena);
    return check_done();
}
