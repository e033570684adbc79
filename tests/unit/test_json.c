/* JSON: what is accepted and refused, numbers, strings, looking. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "check_json.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const struct str accepted[] = {
    STR("null"),
    STR("true"),
    STR("false"),
    STR("0"),
    STR("-0"),
    STR("7"),
    STR("-1"),
    STR("1.5"),
    STR("-0.0"),
    STR("0.30"),
    STR("1e5"),
    STR("1E5"),
    STR("1e+5"),
    STR("1e-5"),
    STR("1.25E-10"),
    STR("1E400"),
    STR("-1e400"),
    STR("1e-400"),
    STR("144126219108390099"),
    STR("18446744073709551616"),
    STR("123456789012345678901234567890123456789012345678901234567890"),
    STR("0.000000000000000000000000000000000000000000000000000000000001"),
    STR("0e0"),
    STR("0e+000"),
    STR("3.141592653589793238462643383279"),
    STR("\"\""),
    STR("\"a\""),
    STR("\"a b\""),
    STR("\"\\\"\""),
    STR("\"\\\\\""),
    STR("\"\\/\""),
    STR("\"\\b\\f\\n\\r\\t\""),
    STR("\"\\u0000\""),
    STR("\"\\u001f\""),
    STR("\"\\u0041\""),
    STR("\"\\uABCD\\uabcd\\uAbCd\""),
    STR("\"\\ud83d\\ude00\""),
    STR("\"\\uD800\\uDC00\""),
    STR("\"\\uDBFF\\uDFFF\""),
    STR("\"\\uFFFF\""),
    STR("\"\\uFEFF\""),
    STR("\"\\u2028\\u2029\""),
    STR("\"\x7f\""),
    STR("\"\xc2\x80\""),
    STR("\"\xdf\xbf\""),
    STR("\"\xe0\xa0\x80\""),
    STR("\"\xed\x9f\xbf\""),
    STR("\"\xee\x80\x80\""),
    STR("\"\xef\xbb\xbf\""),
    STR("\"\xef\xbf\xbf\""),
    STR("\"\xf0\x90\x80\x80\""),
    STR("\"\xf4\x8f\xbf\xbf\""),
    STR("\"\xe6\x97\xa5\xe6\x9c\xac\""),
    STR("\"fifteen bytes..\""),
    STR("\"sixteen bytes...\""),
    STR("\"seventeen bytes..\""),
    STR("\"fifteen bytes..\\n\""),
    STR("\"sixteen bytes...\xc3\xa9\""),
    STR("[]"),
    STR("[ ]"),
    STR("[1]"),
    STR("[1,2]"),
    STR("[1 , 2]"),
    STR("[[]]"),
    STR("[[],[]]"),
    STR("[null,true,false,0,\"\",{},[]]"),
    STR("{}"),
    STR("{ }"),
    STR("{\"a\":1}"),
    STR("{\"a\" : 1}"),
    STR("{\"\":0}"),
    STR("{\"a\":1,\"b\":2}"),
    STR("{\"a\":{\"a\":{}}}"),
    STR("{\"a\":1,\"A\":2}"),
    STR("{\"a\":1,\"a \":2,\"\\u0000\":3}"),
    STR("{\"\\u0061\":1,\"b\":2}"),
    STR("{\"a\\nb\":[{\"c\":[]}]}"),
    STR("\t1"),
    STR("1 "),
    STR(" 1"),
    STR(" [1 ,\t2 ] "),
};

static void test_accepts(void)
{
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct str t = accepted[i];
        struct json *v = NULL;
        enum asid_rc rc = json_parse(&arena, t, 0, &v, &err);

        CHECK(rc == ASID_OK, "%s: %s", t.p, err.text);
        if (rc == ASID_OK)
            CHECK_TEXT(written(v),
                       arena_strndup(&arena, str_trim(t).p, str_trim(t).n));
    }
    check_case("accepts what RFC 8259 allows and writes it back unchanged");
}

static const struct {
    struct str text;
    int at; /* byte of the fault */
} refused[] = {
    {STR(""), 0},
    {STR(" "), 1},
    {STR("\n"), 1},
    {STR("nul"), 0},
    {STR("nulL"), 0},
    {STR("True"), 0},
    {STR("tru"), 0},
    {STR("truefalse"), 4},
    {STR("falsy"), 0},
    {STR("NaN"), 0},
    {STR("Infinity"), 0},
    {STR("-Infinity"), 1},
    {STR("undefined"), 0},
    {STR("+1"), 0},
    {STR("-"), 1},
    {STR("--1"), 1},
    {STR("01"), 0},
    {STR("-01"), 1},
    {STR("00"), 0},
    {STR("1."), 2},
    {STR(".5"), 0},
    {STR("1.e5"), 2},
    {STR("1e"), 2},
    {STR("1e+"), 3},
    {STR("1e-"), 3},
    {STR("1ee5"), 2},
    {STR("1e5.5"), 3},
    {STR("0x10"), 1},
    {STR("1_000"), 1},
    {STR("1,5"), 1},
    {STR("1a"), 1},
    {STR("1 2"), 2},
    {STR("\xd9\xa1"), 0},
    {STR("1\0"), 1},
    {STR("\0"), 0},
    {STR("\""), 1},
    {STR("\"abc"), 4},
    {STR("'a'"), 0},
    {STR("\"\\\""), 3},
    {STR("\"\\"), 2},
    {STR("\"\\x41\""), 1},
    {STR("\"\\a\""), 1},
    {STR("\"\\'\""), 1},
    {STR("\"\\U0041\""), 1},
    {STR("\"\\\0\""), 1},
    {STR("\"\\u\""), 1},
    {STR("\"\\u004\""), 1},
    {STR("\"\\u004g\""), 1},
    {STR("\"\\u 041\""), 1},
    {STR("\"\\u0"), 1},
    {STR("\"\\u-123\""), 1},
    {STR("\"\\ud800\""), 1},
    {STR("\"\\udc00\""), 1},
    {STR("\"\\ud800\\ud800\""), 1},
    {STR("\"\\ud800a\""), 1},
    {STR("\"\\ud800\\n\""), 1},
    {STR("\"\\ud800\\u0041\""), 1},
    {STR("\"\\ud83d\\ude0\""), 1},
    {STR("\"\\ud83d\\"), 1},
    {STR("\"a\\udfffb\""), 2},
    {STR("\"\n\""), 1},
    {STR("\"\t\""), 1},
    {STR("\"\0\""), 1},
    {STR("\"a\x1f\""), 2},
    {STR("\"0123456789abcdef\x01\""), 17},
    {STR("\"\x80\""), 1},
    {STR("\"\xff\""), 1},
    {STR("\"\xc0\x80\""), 1},
    {STR("\"\xc1\xbf\""), 1},
    {STR("\"\xe0\x80\x80\""), 1},
    {STR("\"\xe0\x9f\xbf\""), 1},
    {STR("\"\xed\xa0\x80\""), 1},
    {STR("\"\xed\xbf\xbf\""), 1},
    {STR("\"\xf0\x80\x80\x80\""), 1},
    {STR("\"\xf4\x90\x80\x80\""), 1},
    {STR("\"\xf8\x88\x80\x80\x80\""), 1},
    {STR("\"\xc3\""), 1},
    {STR("\"\xe6\x97\""), 1},
    {STR("\"\xf0\x9f\x98\""), 1},
    {STR("\"\xe6\x97"), 1},
    {STR("\"0123456789abcdef\xe6\""), 17},
    {STR("\xef\xbb\xbf{}"), 0},
    {STR("{}\xef\xbb\xbf"), 2},
    {STR("[\xef\xbb\xbf]"), 1},
    {STR("\xff\xfe[\0]\0"), 0},
    {STR("[\xc2\xa0]"), 1},
    {STR("[\f]"), 1},
    {STR("[\v1]"), 1},
    {STR("["), 1},
    {STR("]"), 0},
    {STR("[1"), 2},
    {STR("[1,"), 3},
    {STR("[1,]"), 3},
    {STR("[,1]"), 1},
    {STR("[1,,2]"), 3},
    {STR("[1 2]"), 3},
    {STR("[1:2]"), 2},
    {STR("[1}"), 2},
    {STR("[]]"), 2},
    {STR("[[]"), 3},
    {STR("[\"a\",\n4\n,1,"), 11},
    {STR("[/**/]"), 1},
    {STR("[1]//"), 3},
    {STR("[1]#"), 3},
    {STR("[a]"), 1},
    {STR("[\"\\u0061]"), 9},
    {STR("{"), 1},
    {STR("}"), 0},
    {STR("{1:2}"), 1},
    {STR("{a:1}"), 1},
    {STR("{'a':1}"), 1},
    {STR("{\"a\""), 4},
    {STR("{\"a\":"), 5},
    {STR("{\"a\":}"), 5},
    {STR("{\"a\" 1}"), 5},
    {STR("{\"a\",1}"), 4},
    {STR("{\"a\"=1}"), 4},
    {STR("{\"a\":1"), 6},
    {STR("{\"a\":1,"), 7},
    {STR("{\"a\":1,}"), 7},
    {STR("{,\"a\":1}"), 1},
    {STR("{\"a\":1]"), 6},
    {STR("{\"a\":1 \"b\":2}"), 7},
    {STR("{\"a\":1}}"), 7},
    {STR("{\"a\":1}{}"), 7},
    {STR("{\"a\\q\":1}"), 3},
    {STR("{null:1}"), 1},
    {STR("{\"a\":1,\"a\":1}"), 7},
    {STR("{\"a\":1,\"\\u0061\":2}"), 7},
    {STR("{\"\\u0061\":1,\"a\":2}"), 12},
    {STR("{\"\":1,\"\":2}"), 6},
    {STR("{\"\\n\":1,\"\\u000a\":2}"), 8},
    {STR("{\"a\":{\"b\":1,\"b\":2}}"), 12},
    {STR("{\"a\":{},\"b\":{},\"a\":{}}"), 15},
};

static void test_refuses(void)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct json *v = NULL;
        enum asid_rc rc = json_parse(&arena, refused[i].text, 0, &v, &err);
        int at = -1;

        CHECK(rc == ASID_REJECT, "case %zu: %s", i, refused[i].text.p);
        if (rc != ASID_REJECT)
            continue;
        CHECK_TEXT(err.code, "input.syntax");
        CHECK(sscanf(err.text, "byte %d: ", &at) == 1, "%s", err.text);
        CHECK(at == refused[i].at, "case %zu: %s: %s, want byte %d", i,
              refused[i].text.p, err.text, refused[i].at);
        CHECK(v == NULL, "case %zu wrote its output", i);
    }
    check_case("refuses everything else and says at which byte");
}

/* Each text at the end of a block of its own: sanitizers see one byte too far. */
static void test_prefixes(void)
{
    const char *text = "{\"k\\u00e9\": [1.5e3, \"\\ud83d\\ude00 \xe6\x97\xa5 "
                       "some longer text here\", null, true, false, {}]}";
    size_t n = strlen(text);

    for (size_t i = 0; i <= n; i++) {
        char *part = malloc(i ? i : 1);
        struct json *v;
        enum asid_rc rc;

        if (i)
            memcpy(part, text, i);
        rc = json_parse(&arena, (struct str){part, i}, 0, &v, &err);
        CHECK((rc == ASID_OK) == (i == n), "prefix of %zu bytes", i);
        free(part);
    }
    check_case("refuses every prefix of a document, reading no byte beyond");
}

static void test_depth(void)
{
    char text[2 * JSON_MAX_DEPTH + 4];
    struct json *v;

    for (unsigned depth = 1; depth <= JSON_MAX_DEPTH + 1; depth++) {
        enum asid_rc rc;

        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        rc = json_parse(&arena, (struct str){text, 2 * depth}, 0, &v, &err);
        CHECK((rc == ASID_OK) == (depth <= JSON_MAX_DEPTH), "depth %u", depth);
        rc = json_parse(&arena, (struct str){text, 2 * depth}, 5, &v, &err);
        CHECK((rc == ASID_OK) == (depth <= 5), "depth %u of 5", depth);
    }
    check_case("keeps to the depth limit exactly");
}

static void test_strings(void)
{
    static const struct {
        struct str text, want;
    } cases[] = {
        {STR("\"\""), STR("")},
        {STR("\"plain\""), STR("plain")},
        {STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), STR("\"\\/\b\f\n\r\t")},
        {STR("\"\\u0041\\u00e9\\u65e5\""), STR("A\xc3\xa9\xe6\x97\xa5")},
        {STR("\"\\ud83d\\ude00\""), STR("\xf0\x9f\x98\x80")},
        {STR("\"\\uDBFF\\uDFFF\""), STR("\xf4\x8f\xbf\xbf")},
        {STR("\"a\\u0000b\""), STR("a\0b")},
        {STR("\"x\\\\u0041\""), STR("x\\u0041")},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json *v = parse(cases[i].text);

        CHECK(str_eq(json_str(v), cases[i].want), "%s", cases[i].text.p);
        CHECK(str_eq(json_str(v), cases[i].want), "again %s", cases[i].text.p);
        if (memchr(cases[i].want.p, 0, cases[i].want.n))
            CHECK(json_text(v) == NULL, "%s has no C text", cases[i].text.p);
        else
            CHECK_TEXT(json_text(v), cases[i].want.p);
        CHECK_TEXT(written(v), cases[i].text.p);
    }
    CHECK(json_text(NULL) == NULL && json_text(parse_text("1")) == NULL,
          "no text of other types");
    CHECK(json_str(parse_text("[]")).n == 0, "empty for other types");
    check_case("decodes strings when asked");
}

static void test_integers(void)
{
    static const struct {
        const char *text;
        bool whole;
        int64_t want;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"0.0", true, 0},
        {"3.0", true, 3},
        {"0e99999999999999999999", true, 0},
        {"3.5", false, 0},
        {"1e2", true, 100},
        {"1.5e1", true, 15},
        {"1.5e0", false, 0},
        {"100e-2", true, 1},
        {"100e-3", false, 0},
        {"-25.00E+1", true, -250},
        {"0.0001e4", true, 1},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9223372036854775808.000", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"922337203685477580.7e1", true, INT64_MAX},
        {"922337203685477580.8e1", false, 0},
        {"-922337203685477580.8e1", true, INT64_MIN},
        {"1e18", true, 1000000000000000000},
        {"1e19", false, 0},
        {"1E400", false, 0},
        {"1e-400", false, 0},
        {"1e-99999999999999999999", false, 0},
        {"144126219108390099", true, 144126219108390099},
        {"\"1\"", false, 0},
        {"true", false, 0},
        {"[]", false, 0},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t got = -77;
        bool whole = json_i64(parse_text(cases[i].text), &got);

        CHECK(whole == cases[i].whole, "%s", cases[i].text);
        CHECK(got == (whole ? cases[i].want : -77), "%s gave %lld",
              cases[i].text, (long long)got);
    }
    CHECK(!json_i64(NULL, &(int64_t){0}), "of nothing");
    check_case("reads whole numbers exactly, however they are written");
}

static void test_reals(void)
{
    double x = -77;

    CHECK(json_f64(parse_text("0.30"), &x) && x > 0.29 && x < 0.31, "%f", x);
    CHECK(json_f64(parse_text("1e308"), &x) && x > 9e307, "%f", x);
    x = -77;
    CHECK(!json_f64(parse_text("1e400"), &x), "infinite");
    CHECK(!json_f64(parse_text("\"1\""), &x), "a string");
    CHECK(!json_f64(NULL, &x), "nothing");
    CHECK(x <= -77 && x >= -77, "output written without success");
    CHECK(str_is(json_spelling(parse_text("0.30")), "0.30"), "spelling");
    CHECK_TEXT(written(json_new_f64(&arena, 0.1)), "0.1");
    CHECK_TEXT(written(json_new_f64(&arena, 7.0)), "7");
    CHECK_TEXT(written(json_new_f64(&arena, DBL_MIN)),
               "2.2250738585072014e-308");
    CHECK_TEXT(written(json_new_finite(&arena, 0.5)), "0.5");
    CHECK_TEXT(written(json_new_finite(&arena, NAN)), "null");
    CHECK_TEXT(written(json_new_finite(&arena, -INFINITY)), "null");
    CHECK_TEXT(written(json_new_nonempty(&arena, STR("a"))), "\"a\"");
    CHECK_TEXT(written(json_new_nonempty(&arena, STR(""))), "null");
    CHECK_TEXT(written(json_new_i64(&arena, INT64_MIN)),
               "-9223372036854775808");
    CHECK_TEXT(written(json_new_i64(&arena, 0)), "0");
    CHECK_TEXT(written(json_new_i64(&arena, INT64_MAX)), "9223372036854775807");
    check_case("reads and makes real numbers");
}

static void test_looking(void)
{
    struct json *v = parse_text(
        "{\"a\":{\"b\":[10,{\"c\":\"deep\"}]},\"k\\u0065y\":true,\"n\":null}");
    size_t n = 0;

    CHECK(json_count(v) == 3, "%zu members", json_count(v));
    CHECK_TEXT(json_text(json_path(v, "a.b.1.c")), "deep");
    CHECK(json_path(v, "a.b.2") == NULL, "past the end");
    CHECK(json_path(v, "a.b.x") == NULL, "no index");
    CHECK(json_path(v, "a.x.y") == NULL, "no member");
    CHECK(json_bool(json_get(v, "key")), "a key with an escape");
    CHECK(str_is(json_key(json_get(v, "key")), "key"), "its text");
    CHECK(json_get(v, "ke") == NULL && json_get(v, "keyy") == NULL,
          "keys are whole");
    CHECK(json_get(NULL, "a") == NULL && json_at(NULL, 0) == NULL &&
              json_first(NULL) == NULL && json_count(NULL) == 0,
          "nothing in nothing");
    CHECK(json_get(json_path(v, "a.b"), "0") == NULL, "an array has no keys");
    CHECK(json_type(json_get(v, "n")) == JSON_NULL, "null");
    CHECK_TEXT(json_type_name(json_type(json_get(v, "a"))), "object");
    CHECK(
        str_is(json_source(json_get(v, "a")), "{\"b\":[10,{\"c\":\"deep\"}]}"),
        "source");
    json_each(m, v)
        CHECK(json_at(v, n++) == NULL && json_key(m).n > 0, "member %zu", n);
    CHECK(n == 3, "visited %zu", n);
    json_each(e, json_path(v, "a.b"))
        CHECK(json_key(e).n == 0, "elements have no key");
    json_settle(v);
    CHECK_TEXT(json_text(json_path(v, "a.b.1.c")), "deep");
    check_case("finds members, elements and paths");
}

int main(void)
{
    test_accepts();
    test_refuses();
    test_prefixes();
    test_depth();
    test_strings();
    test_integers();
    test_reals();
    test_looking();
    arena_release(&arena);
    return check_done();
}
