/* JSON: changing, making, copying; random documents and hostile ones. */
#include <stdlib.h>

#include "check_json.h"

/* xorshift64*: the same documents on every machine. */
static uint64_t seed = 20260213;

static unsigned draw(unsigned below)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (unsigned)((seed * 0x2545f4914f6cdd1du) >> 33) % below;
}

static void test_changing(void)
{
    struct json *v = parse_text("{ \"a\" : 0.30 , \"b\\u0021\" : [1, 2 , 3],\n"
                                "\"c\":{\"x\": 1E400, \"y\" : []} }");
    struct json *b = json_get(v, "b!"), *c = json_get(v, "c"), *old;

    CHECK_TEXT(written(v), "{ \"a\" : 0.30 , \"b\\u0021\" : [1, 2 , 3],"
                           "\"c\":{\"x\": 1E400, \"y\" : []} }");
    json_set_text(&arena, v, "new\n", "t\x01\"\\\x7f\xe6\x97\xa5");
    CHECK_TEXT(written(v), "{\"a\":0.30,\"b\\u0021\":[1, 2 , 3],"
                           "\"c\":{\"x\": 1E400, \"y\" : []},"
                           "\"new\\n\":\"t\\u0001\\\"\\\\\x7f\xe6\x97\xa5\"}");
    json_set_bool(&arena, c, "y", false);
    CHECK_TEXT(written(c), "{\"x\":1E400,\"y\":false}");
    CHECK(json_source(c).n == 0, "a changed value has no source");
    CHECK(str_is(json_source(b), "[1, 2 , 3]"), "its neighbour has");
    old = b;
    json_set(&arena, v, "b!", json_new_null(&arena));
    CHECK_TEXT(written(json_get(v, "b!")), "null");
    CHECK_TEXT(written(old), "[1, 2 , 3]");
    CHECK(json_key(old).n == 0 && json_next(old) == NULL, "old one is out");
    json_set(&arena, v, "moved", old);
    json_unlink(json_get(v, "new\n"));
    json_unlink(json_get(v, "a"));
    CHECK_TEXT(written(v), "{\"b\\u0021\":null,"
                           "\"c\":{\"x\":1E400,\"y\":false},"
                           "\"moved\":[1, 2 , 3]}");
    json_set(&arena, v, "moved", old);
    CHECK(json_count(v) == 3, "setting what is there changes nothing");
    check_case("writes changed parts anew and the rest byte for byte");
}

static void test_replace_positions(void)
{
    static const char *const keys[] = {"a", "b", "c"};

    for (size_t i = 0; i < 3; i++) {
        struct json *v = parse_text("{\"a\":1,\"b\":2,\"c\":3}");
        char want[] = "{\"a\":1,\"b\":2,\"c\":3}";

        json_set_i64(&arena, v, keys[i], 9);
        want[5 + 6 * i] = '9';
        CHECK_TEXT(written(v), want);
        json_set_i64(&arena, v, "d", 4);
        json_unlink(json_get(v, keys[i]));
        json_set_i64(&arena, v, keys[i], 5);
        CHECK(json_count(v) == 4, "%zu", json_count(v));
        CHECK(json_next(json_get(v, "d")) == json_get(v, keys[i]),
              "appended after %s", keys[i]);
    }
    check_case("replaces and removes at every position");
}

static void test_unlink_in_loop(void)
{
    struct json *v = parse_text("[1,2,3,4,5,6]");
    struct json *even = json_new_array(&arena);

    json_each(e, v) {
        int64_t n = 0;

        CHECK(json_i64(e, &n), "a number");
        if (n % 2)
            continue;
        json_unlink(e);
        json_append(even, e);
    }
    CHECK_TEXT(written(v), "[1,3,5]");
    CHECK_TEXT(written(even), "[2,4,6]");
    json_each(e, v)
        json_unlink(e);
    CHECK_TEXT(written(v), "[]");
    json_append(v, json_new_null(&arena));
    CHECK_TEXT(written(v), "[null]");
    check_case("elements may leave while a loop passes them");
}

/* Random changes to an array and an object of the same numbers, against a
 * plain list of them. */
static void test_model(void)
{
    enum { MOST = 9 };
    int list[MOST], n = 3, next = 4;
    struct json *array = parse_text("[1,2,3]");
    struct json *object = parse_text("{\"k1\":1,\"k2\":2,\"k3\":3}");

    list[0] = 1;
    list[1] = 2;
    list[2] = 3;
    for (int step = 0; step < 5000; step++) {
        int at = n ? (int)draw((unsigned)n) : 0;
        struct buf want[2];

        if (n && (n == MOST || draw(2))) {
            const char *key = arena_printf(&arena, "k%d", list[at]);

            json_unlink(json_at(array, (size_t)at));
            if (draw(2)) {
                json_unlink(json_get(object, key));
            } else { /* once more in place before it goes */
                json_set_i64(&arena, object, key, 0);
                json_unlink(json_get(object, key));
            }
            n--;
            memmove(list + at, list + at + 1, (size_t)(n - at) * sizeof *list);
        } else {
            json_append(array, json_new_i64(&arena, next));
            json_set_i64(&arena, object, arena_printf(&arena, "k%d", next),
                         next);
            list[n++] = next++;
        }
        buf_init(&want[0], 4096);
        buf_init(&want[1], 4096);
        for (int i = 0; i < n; i++) {
            buf_printf(&want[0], "%s%d", i ? "," : "[", list[i]);
            buf_printf(&want[1], "%s\"k%d\":%d", i ? "," : "{", list[i],
                       list[i]);
        }
        buf_text(&want[0], n ? "]" : "[]");
        buf_text(&want[1], n ? "}" : "{}");
        CHECK_TEXT(written(array), want[0].p);
        CHECK_TEXT(written(object), want[1].p);
        CHECK(json_count(array) == (size_t)n, "%zu", json_count(array));
        buf_release(&want[0]);
        buf_release(&want[1]);
    }
    check_case("random changes leave what a plain list would hold");
}

static void test_append(void)
{
    struct json *v = parse_text("{\"a\": [1], \"b\": [ ]}");

    json_append(json_get(v, "a"), json_new_i64(&arena, 2));
    CHECK_TEXT(written(v), "{\"a\":[1,2],\"b\":[ ]}");
    CHECK(json_at(json_get(v, "a"), 1) ==
              json_next(json_first(json_get(v, "a"))),
          "the last one");
    check_case("appending to a parsed array changes what is written");
}

static void test_making(void)
{
    struct json *v = json_new_object(&arena), *list = json_new_array(&arena);

    CHECK_TEXT(written(v), "{}");
    json_set_str(&arena, v, STR("a\0\"b"), list);
    json_append(list, json_new_bool(&arena, true));
    json_append(list, json_new_str(&arena, STR("\xff ok \xc3\xa9 \xe6\x97")));
    json_append(list, json_new_object(&arena));
    json_set_f64(&arena, v, "f", -2.5);
    CHECK_TEXT(written(v),
               "{\"a\\u0000\\\"b\":[true,\"\xef\xbf\xbd ok \xc3\xa9 "
               "\xef\xbf\xbd\xef\xbf\xbd\",{}],\"f\":-2.5}");
    CHECK_TEXT(pretty(v),
               "{\n  \"a\\u0000\\\"b\": [\n    true,\n    \"\xef\xbf\xbd ok "
               "\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd\",\n    {}\n  ],\n"
               "  \"f\": -2.5\n}");
    check_case("makes values and repairs text that is not UTF-8");
}

static void test_cap(void)
{
    struct json *v = parse_text("{\"a\":[1,2,3],\"b\":\"text\"}");
    struct buf b;

    json_set_i64(&arena, v, "c", 1);
    buf_init(&b, 12);
    json_write(&b, v);
    CHECK(buf_failed(&b) && b.n <= 12, "%zu bytes", b.n);
    buf_release(&b);
    check_case("a full buffer makes writing fail, not overflow");
}

static void test_deep_made(void)
{
    enum { DEEP = 200000 };
    struct json *top = json_new_array(&arena), *in = top, *copy;
    size_t n;

    for (int i = 1; i < DEEP; i++) {
        struct json *next = json_new_array(&arena);

        json_append(in, next);
        in = next;
    }
    copy = json_copy(&arena, top);
    json_settle(copy);
    n = strlen(written(copy));
    CHECK(n == 2 * (size_t)DEEP, "%zu bytes", n);
    check_case("trees of any depth are copied and written without recursion");
}

static void test_copy(void)
{
    const char *text =
        "{\"a\\u0062\": [1, {\"x\" : \"\\u00e9\"}], \"n\": 0.30, "
        "\"s\":\"\\t\", \"t\":true}";
    char *space = malloc(strlen(text) + 1);
    struct arena first = ARENA_INIT;
    struct json *v = NULL, *copy, *part;

    memcpy(space, text, strlen(text) + 1);
    CHECK_OK(json_parse(&first, str_of(space), 0, &v, &err), err);
    CHECK_TEXT(json_text(json_get(v, "s")), "\t");
    copy = json_copy(&arena, v);
    part = json_copy(&arena, json_path(v, "ab.1"));
    json_set_text(&first, json_path(v, "ab.1"), "new", "\n");
    json_set_text(&first, v, "odd\"", "z");
    v = json_copy(&arena, v);
    memset(space, 'x', strlen(text));
    free(space);
    arena_release(&first);
    CHECK_TEXT(written(copy), text);
    CHECK_TEXT(json_text(json_path(copy, "ab.1.x")), "\xc3\xa9");
    CHECK_TEXT(written(part), "{\"x\" : \"\\u00e9\"}");
    CHECK(json_key(part).n == 0, "a copy has no key");
    CHECK_TEXT(written(v),
               "{\"a\\u0062\":[1,{\"x\":\"\\u00e9\",\"new\":\"\\n\"}],"
               "\"n\":0.30,\"s\":\"\\t\",\"t\":true,\"odd\\\"\":\"z\"}");
    CHECK_TEXT(json_text(json_get(v, "s")), "\t");
    check_case("a copy needs neither the old arena nor the old text");
}

static void test_line_ends(void)
{
    struct json *v =
        parse_text("\r\n{\r\n \"a\\n\": [\n1,\r2\n,3 ],\n\"b\":{}\n}\n");

    CHECK_TEXT(written(v), "{ \"a\\n\": [1,2,3 ],\"b\":{}}");
    json_set_i64(&arena, v, "c", 1);
    CHECK_TEXT(written(v), "{\"a\\n\":[1,2,3 ],\"b\":{},\"c\":1}");
    check_case("line ends between tokens are left out");
}

/* --- random documents ------------------------------------------------------ */

static void add_blanks(struct buf *b)
{
    static const char blanks[] = "   \t\r\n";

    while (draw(4) == 0)
        buf_char(b, blanks[draw(sizeof blanks - 1)]);
}

static void add_string(struct buf *b, unsigned number)
{
    static const char *const parts[] = {
        "a",
        "some words of plain text",
        "\\n",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\xe6\x97\xa5",
        "\\\"",
        "\xf0\x9f\x98\x80",
        "\\u0000",
        "\x7f",
        "\\/",
        "0123456789abcdef",
    };

    buf_printf(b, "\"%u", number); /* different for each member */
    while (draw(3))
        buf_text(b, parts[draw(sizeof parts / sizeof *parts)]);
    buf_char(b, '"');
}

static void add_scalar(struct buf *b)
{
    static const char *const scalars[] = {
        "null", "true", "false", "0",
        "-0.0", "0.30", "1E400", "12345678901234567890",
    };
    unsigned n = draw(10);

    if (n < sizeof scalars / sizeof *scalars)
        buf_text(b, scalars[n]);
    else
        add_string(b, draw(1000));
}

static void add_document(struct buf *b, unsigned depth)
{
    bool object = draw(2);
    unsigned n = draw(10) ? draw(6) : draw(40);

    add_blanks(b);
    if (depth == 0 || draw(3) == 0) {
        add_scalar(b);
        add_blanks(b);
        return;
    }
    buf_char(b, object ? '{' : '[');
    add_blanks(b);
    for (unsigned i = 0; i < n; i++) {
        if (i)
            buf_char(b, ',');
        add_blanks(b);
        if (object) {
            add_string(b, i);
            add_blanks(b);
            buf_char(b, ':');
        }
        add_document(b, depth - 1);
    }
    buf_char(b, object ? '}' : ']');
    add_blanks(b);
}

/* What writing an unchanged document must give. */
static const char *without_line_ends(struct str s)
{
    char *copy;
    size_t n = 0;

    s = str_trim(s);
    copy = arena_strndup(&arena, s.p, s.n);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\n' && s.p[i] != '\r')
            copy[n++] = s.p[i];
    }
    copy[n] = '\0';
    return copy;
}

/* Change every container and change it back: all is written anew. */
static void touch_all(struct json *v)
{
    struct json *extra = json_new_null(&arena);

    if (json_type(v) == JSON_OBJECT)
        json_set(&arena, v, "extra", extra);
    else if (json_type(v) == JSON_ARRAY)
        json_append(v, extra);
    json_unlink(extra);
    json_each(e, v)
        touch_all(e);
}

static void test_random(void)
{
    struct buf b;

    buf_init(&b, 1 << 20);
    for (int i = 0; i < 2000; i++) {
        struct json *v, *again, *copy;
        const char *shape;

        buf_reset(&b);
        add_document(&b, 1 + draw(6));
        v = parse(buf_view(&b));
        if (!v)
            break;
        CHECK_TEXT(written(v), without_line_ends(buf_view(&b)));
        shape = pretty(v);
        CHECK_TEXT(pretty(parse_text(shape)), shape);
        copy = json_copy(&arena, v);
        CHECK_TEXT(written(copy), written(v));
        touch_all(v);
        again = parse_text(written(v));
        CHECK_TEXT(pretty(again), shape);
        CHECK_TEXT(written(json_copy(&arena, v)), written(v));
        CHECK_TEXT(pretty(copy), shape);
        arena_reset(&arena);
    }
    buf_release(&b);
    check_case("random documents survive reading, copying and writing");
}

/* Every byte of a sample replaced by every interesting byte: refused, or read
 * as something that is again a document. */
static void test_mutations(void)
{
    static const char sample[] =
        "{\"a\\u0041\": [1, -2.50, 1e3, \"\\ud83d\\ude00\\n\", null],"
        " \"\xe6\x97\xa5\": {\"b\": true, \"c\": [], \"d\": \"xy\"}}";
    static const char bytes[] = "\0\n !\"#,-.0159:AEZ[\\]abdefnrtu{}\x7f\x80"
                                "\xa0\xbf\xc0\xc3\xe0\xed\xf0\xf4\xff";
    char text[sizeof sample];
    size_t fine = 0;

    for (size_t i = 0; i < sizeof sample - 1; i++) {
        for (size_t k = 0; k < sizeof bytes - 1; k++) {
            struct str t = {text, sizeof sample - 1};
            struct json *v = NULL;

            memcpy(text, sample, sizeof sample);
            text[i] = bytes[k];
            if (json_parse(&arena, t, 0, &v, &err))
                continue;
            fine++;
            CHECK_TEXT(written(v), without_line_ends(t));
            CHECK_TEXT(pretty(parse_text(pretty(v))), pretty(v));
        }
        arena_reset(&arena);
    }
    CHECK(fine > 100, "only %zu mutations were documents", fine);
    check_case("a changed byte anywhere does no harm");
}

/* Any two equal keys are found, however many there are. */
static void test_duplicates(void)
{
    struct buf b;

    buf_init(&b, 1 << 20);
    for (int n = 2; n <= 24; n++) {
        for (int i = 1; i < n; i++) {
            int twin = (int)draw((unsigned)i);
            struct json *v;
            size_t at = 0;

            buf_reset(&b);
            for (int k = 0; k < n; k++) {
                buf_char(&b, k ? ',' : '{');
                if (k == i)
                    at = b.n;
                buf_printf(&b, "\"k%d\":0", k == i ? twin : k);
            }
            buf_char(&b, '}');
            CHECK(json_parse(&arena, buf_view(&b), 0, &v, &err) == ASID_REJECT,
                  "%s", b.p);
            CHECK_TEXT(err.text,
                       arena_printf(&arena,
                                    "byte %zu: the object has this key already",
                                    at));
        }
    }
    buf_release(&b);
    check_case("finds the second of two equal keys");
}

/* --- hostile documents ------------------------------------------------------ */

static void test_many_keys(void)
{
    enum { KEYS = 300000 };
    struct json *v;
    struct buf b;

    buf_init(&b, (size_t)1 << 30);
    for (unsigned last = 0; last < 2; last++) {
        enum asid_rc rc;

        buf_reset(&b);
        buf_char(&b, '{');
        for (unsigned i = 0; i < KEYS; i++)
            buf_printf(&b, "\"key%u\":%u,", i, i);
        buf_printf(&b, "\"%s\":0}", last ? "k\\u0065y7" : "key");
        rc = json_parse(&arena, buf_view(&b), 0, &v, &err);
        CHECK(rc == (last ? ASID_REJECT : ASID_OK), "%s", err.text);
        if (rc == ASID_OK)
            CHECK(json_count(v) == KEYS + 1, "%zu", json_count(v));
    }
    buf_release(&b);
    arena_reset(&arena);
    check_case("finds the one key that repeats among many");
}

static void test_long(void)
{
    enum { LONG = 8 << 20 };
    char *text = malloc(LONG);
    struct json *v = NULL;

    memset(text, 'x', LONG);
    text[0] = '"';
    CHECK(json_parse(&arena, (struct str){text, LONG}, 0, &v, &err), "no end");
    text[LONG - 1] = '"';
    CHECK_OK(json_parse(&arena, (struct str){text, LONG}, 0, &v, &err), err);
    CHECK(json_str(v).n == LONG - 2, "%zu", json_str(v).n);
    memset(text, '[', LONG);
    CHECK(json_parse(&arena, (struct str){text, LONG}, 0, &v, &err), "deep");
    memset(text, '9', LONG);
    CHECK_OK(json_parse(&arena, (struct str){text, LONG}, 0, &v, &err), err);
    CHECK(!json_f64(v, &(double){0}), "out of range");
    CHECK(!json_i64(v, &(int64_t){0}), "out of range");
    free(text);
    arena_reset(&arena);
    check_case("long strings, deep nesting and long numbers are read quickly");
}

int main(void)
{
    test_changing();
    test_replace_positions();
    test_unlink_in_loop();
    test_model();
    test_append();
    test_making();
    test_cap();
    test_deep_made();
    test_copy();
    test_line_ends();
    test_random();
    test_mutations();
    test_duplicates();
    test_many_keys();
    test_long();
    arena_release(&arena);
    return check_done();
}
