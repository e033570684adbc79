/* Schemas: every keyword, the messages, loading, and the embedded files. */
#include <pthread.h>

#include "asid/data/schema.h"
#include "asid/data/schema_files.h"
#include "check_json.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const struct schema *load(const char *text)
{
    const struct schema *s = NULL;

    CHECK_OK(schema_load(&arena, parse_text(text), "", &s, &err), err);
    CHECK(s != NULL, "%s", text);
    return s;
}

/* Check value against schema; want is the message, or NULL when it fits. */
static void expect(const struct schema *s, const char *value, const char *want)
{
    const struct json *at = NULL;
    enum asid_rc rc;

    if (!s)
        return;
    rc = schema_check(s, &arena, parse_text(value), &at, &err);
    CHECK(rc == (want ? ASID_REJECT : ASID_OK), "%s: %s", value,
          rc ? err.text : "accepted");
    CHECK((at != NULL) == (want != NULL), "%s: offending value", value);
    if (rc && want) {
        CHECK_TEXT(err.text, want);
        CHECK_TEXT(err.code, "input.schema");
    }
}

static void test_keywords(void)
{
    static const struct {
        const char *schema, *value, *want;
    } cases[] = {
        {"true", "1", NULL},
        {"false", "1", "nothing is allowed here"},
        {"{}", "[{}]", NULL},
        {"{'type':'null'}", "null", NULL},
        {"{'type':'null'}", "0", "expected null, got 0"},
        {"{'type':'boolean'}", "false", NULL},
        {"{'type':'boolean'}", "'x'", "expected a boolean, got a string"},
        {"{'type':'number'}", "1.5", NULL},
        {"{'type':'number'}", "1e400", NULL},
        {"{'type':'number'}", "true", "expected a number, got a boolean"},
        {"{'type':'integer'}", "1", NULL},
        {"{'type':'integer'}", "1.0", NULL},
        {"{'type':'integer'}", "1e3", NULL},
        {"{'type':'integer'}", "123456789012345678901234567890", NULL},
        {"{'type':'integer'}", "1.5", "expected an integer, got 1.5"},
        {"{'type':'integer'}", "null", "expected an integer, got null"},
        {"{'type':'string'}", "''", NULL},
        {"{'type':'string'}", "[]", "expected a string, got an array"},
        {"{'type':'array'}", "[]", NULL},
        {"{'type':'array'}", "{}", "expected an array, got an object"},
        {"{'type':'object'}", "{}", NULL},
        {"{'type':'object'}", "[]", "expected an object, got an array"},
        {"{'type':['string','null']}", "null", NULL},
        {"{'type':['integer','string','null']}", "[]",
         "expected a string, an integer or null, got an array"},
        {"{'type':['integer','number']}", "'a'",
         "expected a number, got a string"},
        {"{'enum':['a',1,null,[1,{'b':2}]]}", "[1,{'b':2.0}]", NULL},
        {"{'enum':['a',1,null]}", "1.0", NULL},
        {"{'enum':['a',1,null]}", "'b'",
         "expected one of a, 1, null; got \"b\""},
        {"{'enum':['probe','decode']}", "'prob'",
         "expected one of probe, decode; got \"prob\", did you mean probe?"},
        {"{'enum':['a']}", "2", "expected a, got 2"},
        {"{'enum':[9007199254740993]}", "9007199254740992",
         "expected 9007199254740993, got 9007199254740992"},
        {"{'enum':[{'a':1}]}", "{'a':1,'b':2}",
         "expected an object, got an object"},
        {"{'enum':[false,null,1.5,1e999,[1],{'a':1}]}", "null", NULL},
        {"{'enum':[false,null,1.5,1e999,[1],{'a':1}]}", "1.50", NULL},
        {"{'enum':[false,null,1.5,1e999,[1],{'a':1}]}", "1e999", NULL},
        {"{'enum':[false,[1],{'a':1}]}", "true",
         "expected one of false, an array, an object; got true"},
        {"{'enum':[1.5,2]}", "1.25", "expected one of 1.5, 2; got 1.25"},
        {"{'enum':[[1],[2]]}", "[3]",
         "expected one of an array, an array; got an array"},
        {"{'enum':[{'a':1},{'a':2}]}", "{'a':3}",
         "expected one of an object, an object; got an object"},
        {"{'enum':[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18]}", "0",
         "expected one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, "
         "16, ...; got 0"},
        {"{'oneOf':[{'type':'null'},{'required':['a','b'],'properties':{'a':{},"
         "'b':{}}},{'required':['c','b']}]}",
         "{'b':1}", "expected one of the keys a, c"},
        {"{'const':'x'}", "'x'", NULL},
        {"{'const':'x'}", "'y'", "expected \"x\", got \"y\""},
        {"{'const':null}", "false", "expected null, got false"},
        {"{'minimum':0}", "0", NULL},
        {"{'minimum':0}", "-0.0", NULL},
        {"{'minimum':0}", "-3", "expected at least 0, got -3"},
        {"{'minimum':0}", "'text'", NULL},
        {"{'minimum':0}", "1e999", "this number is out of range"},
        {"{'maximum':1}", "1", NULL},
        {"{'maximum':1}", "1.001", "expected at most 1, got 1.001"},
        {"{'exclusiveMinimum':0}", "0", "expected more than 0, got 0"},
        {"{'exclusiveMinimum':0}", "1e-9", NULL},
        {"{'exclusiveMaximum':0.5}", "0.5", "expected less than 0.5, got 0.5"},
        {"{'minLength':2}", "'ab'", NULL},
        {"{'minLength':2}", "'\xe6\x97\xa5'",
         "expected at least 2 characters, got 1"},
        {"{'minLength':1}", "''", "expected at least 1 character, got 0"},
        {"{'maxLength':1}", "'\xf0\x9f\x98\x80'", NULL},
        {"{'maxLength':1}", "'ab'", "expected at most 1 character, got 2"},
        {"{'pattern':'^a+$'}", "'aaa'", NULL},
        {"{'pattern':'b'}", "'abc'", NULL},
        {"{'pattern':'^.$'}", "'\xe6\x97\xa5'", NULL},
        {"{'pattern':'^a+$'}", "'aab'",
         "expected a text that matches ^a+$, got \"aab\""},
        {"{'pattern':'^a+$'}", "'a\\n'",
         "expected a text that matches ^a+$, got \"a\\x0a\""},
        {"{'pattern':'^(a+)+$'}", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'",
         "expected a text that matches ^(a+)+$, got "
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\""},
        {"{'minItems':1}", "[]", "expected at least 1 element, got 0"},
        {"{'maxItems':2}", "[1,2]", NULL},
        {"{'maxItems':2}", "[1,2,3]", "expected at most 2 elements, got 3"},
        {"{'items':{'type':'string'}}", "['a','b']", NULL},
        {"{'items':{'type':'string'}}", "['a',1]",
         "[1]: expected a string, got 1"},
        {"{'prefixItems':[{'type':'null'}],'items':false}", "[null]", NULL},
        {"{'prefixItems':[{'type':'null'}],'items':false}", "[null,1]",
         "[1]: nothing is allowed here"},
        {"{'prefixItems':[{'type':'null'}]}", "[1]",
         "[0]: expected null, got 1"},
        {"{'required':['a','b']}", "{'b':1}", "the key a is missing"},
        {"{'required':['b','a','b']}", "{'b':1,'a':1}", NULL},
        {"{'required':['b','a']}", "{}", "the key b is missing"},
        {"{'properties':{'a':{'type':'null'}}}", "{'b':1}", NULL},
        {"{'properties':{'a':{'type':'null'}}}", "{'a':1}",
         "a: expected null, got 1"},
        {"{'properties':{'a':{}},'additionalProperties':false}", "{'b':1}",
         "b: unknown key"},
        {"{'properties':{'frames':{}},'additionalProperties':false}",
         "{'frmes':1}", "frmes: unknown key, did you mean frames?"},
        {"{'properties':{'frames':{}},'additionalProperties':false}", "{'f':1}",
         "f: unknown key"},
        {"{'properties':{'a':{}},'additionalProperties':{'type':'null'}}",
         "{'a':1,'b':null}", NULL},
        {"{'properties':{'a':{}},'additionalProperties':{'type':'null'}}",
         "{'b':1}", "b: expected null, got 1"},
        {"{'required':['a'],'additionalProperties':{'type':'null'}}", "{'a':1}",
         "a: expected null, got 1"},
        {"{'properties':{'a':{}},'additionalProperties':false}", "{'xay':1}",
         "xay: unknown key"},
        {"{'patternProperties':{'^x':{'type':'null'}},"
         "'additionalProperties':false}",
         "{'x1':null,'xyz':null}", NULL},
        {"{'patternProperties':{'^x':{'type':'null'}},"
         "'additionalProperties':false}",
         "{'xa':1}", "xa: expected null, got 1"},
        {"{'patternProperties':{'^x':{'type':'null'}},"
         "'additionalProperties':false}",
         "{'y':1}", "y: unknown key"},
        {"{'allOf':[{'minimum':1},{'maximum':3}]}", "2", NULL},
        {"{'allOf':[{'minimum':1},{'maximum':3}]}", "4",
         "expected at most 3, got 4"},
        {"{'anyOf':[{'type':'string'},{'minimum':3}]}", "5", NULL},
        {"{'anyOf':[{'type':'string'},{'minimum':3,'type':'number'}]}", "1",
         "expected at least 3, got 1"},
        {"{'anyOf':[{'type':'string'},{'type':'null'}]}", "1",
         "expected a string or null, got 1"},
        {"{'oneOf':[{'minimum':1},{'maximum':3}]}", "5", NULL},
        {"{'oneOf':[{'minimum':1},{'maximum':3}]}", "2",
         "this fits more than one alternative"},
        {"{'not':{'type':'null'}}", "1", NULL},
        {"{'not':{'type':'null'}}", "null", "this value is not allowed here"},
        {"{'$ref':'#/$defs/a~1b','$defs':{'a/b':{'type':'null'}}}", "1",
         "expected null, got 1"},
        {"{'title':'','description':'','default':1,'examples':[],'$id':'',"
         "'$schema':'','$comment':'','x-any':{}}",
         "1", NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        /* ' stands for " to keep the table readable. */
        char *schema = arena_strdup(&arena, cases[i].schema);
        char *value = arena_strdup(&arena, cases[i].value);

        for (char *p = schema; *p; p++)
            *p = *p == '\'' ? '"' : *p;
        for (char *p = value; *p; p++)
            *p = *p == '\'' ? '"' : *p;
        expect(load(schema), value, cases[i].want);
    }
    check_case("every keyword accepts and refuses with its message");
}

static void test_paths(void)
{
    const struct schema *s = load(
        "{\"properties\":{\"a\":{\"items\":{\"properties\":{\"b c\":{\"type\":"
        "\"null\"},\"d-e\":{\"type\":\"null\"}}}}}}");
    const struct json *at = NULL;
    struct json *v = parse_text("{\"z\":0,\"a\":[{},{\"d-e\":1}]}");
    char long_key[400];
    struct json *deep;

    expect(s, "{\"a\":[{},{\"b c\":1}]}",
           "a[1][\"b c\"]: expected null, got 1");
    CHECK(schema_check(s, &arena, v, &at, &err) == ASID_REJECT, "refused");
    CHECK_TEXT(err.text, "a[1].d-e: expected null, got 1");
    CHECK(at == json_path(v, "a.1.d-e"), "the offending value");
    /* A part of a document: paths begin at the value given. */
    s = load("{\"items\":{\"type\":\"number\"}}");
    CHECK(schema_check(s, &arena, json_get(v, "a"), &at, &err), "refused");
    CHECK_TEXT(err.text, "[0]: expected a number, got an object");
    /* The end of the message survives whatever is in the path. */
    s = load("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"type\":\"object\","
             "\"additionalProperties\":{\"$ref\":\"#/$defs/a\"}}}}");
    memset(long_key, '\n', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = '\0';
    v = deep = json_new_object(&arena);
    for (int i = 0; i < 100; i++) {
        struct json *next =
            i < 99 ? json_new_object(&arena) : json_new_null(&arena);

        json_set(&arena, deep, long_key, next);
        deep = next;
    }
    CHECK(schema_check(s, &arena, v, &at, &err), "refused");
    CHECK(strncmp(err.text, "...", 3) == 0 && at == deep, "%s", err.text);
    for (int i = 0; i < 5000; i++) {
        struct json *next = json_new_object(&arena);

        json_set(&arena, next, "k", v);
        v = next;
    }
    CHECK(schema_check(s, &arena, v, &at, &err), "refused");
    CHECK(strstr(err.text, "nested too deeply") != NULL, "%s", err.text);
    check_case("paths name the place, however odd");
}

static void test_alternatives(void)
{
    const struct schema *s = load(
        "{\"oneOf\":[{\"enum\":[\"ingest\",\"merge\"]},"
        "{\"type\":\"object\",\"required\":[\"ingest\"],\"properties\":{"
        "\"ingest\":{\"oneOf\":[{\"type\":\"null\"},{\"$ref\":\"#/$defs/i\"}]}},"
        "\"additionalProperties\":false},"
        "{\"type\":\"object\",\"required\":[\"merge\"],\"properties\":{"
        "\"merge\":{\"type\":\"object\"}},\"additionalProperties\":false}],"
        "\"$defs\":{\"i\":{\"type\":\"object\",\"properties\":{\"fps\":{"
        "\"type\":\"number\"}},\"additionalProperties\":false}}}");
    const struct schema *tagged = load(
        "{\"oneOf\":[{\"required\":[\"kind\",\"a\"],\"type\":\"object\","
        "\"properties\":{\"kind\":{\"const\":\"a\"},\"a\":{\"type\":\"null\"}}},"
        "{\"required\":[\"kind\",\"a\"],\"type\":\"object\",\"properties\":{"
        "\"kind\":{\"const\":\"b\"},\"a\":{\"type\":\"string\"}}}]}");

    expect(s, "\"merge\"", NULL);
    expect(s, "{\"ingest\":null}", NULL);
    expect(s, "{\"ingest\":{\"fps\":2}}", NULL);
    expect(s, "{\"ingest\":{\"fpss\":2}}",
           "ingest.fpss: unknown key, did you mean fps?");
    expect(s, "{\"ingest\":{\"fps\":\"2\"}}",
           "ingest.fps: expected a number, got a string");
    expect(s, "{\"ingest\":[]}",
           "ingest: expected an object or null, got an array");
    expect(s, "{\"merge\":null}", "merge: expected an object, got null");
    expect(s, "{\"merg\":{}}", "merg: unknown key, did you mean merge?");
    expect(s, "{\"ingest\":null,\"fps\":2}", "fps: unknown key");
    expect(s, "{}", "expected one of the keys ingest, merge");
    expect(s, "{\"ingest\":null,\"merge\":{}}",
           "expected only one of the keys ingest, merge");
    expect(s, "\"mergee\"",
           "expected one of ingest, merge; got \"mergee\", "
           "did you mean merge?");
    expect(s, "7", "expected a string or an object, got 7");
    expect(tagged, "{\"kind\":\"b\",\"a\":\"\"}", NULL);
    expect(tagged, "{\"kind\":\"b\",\"a\":null}",
           "a: expected a string, got null");
    check_case("alternatives report the error of the one that was meant");
}

static void test_loading(void)
{
    static const struct {
        const char *schema, *want;
    } cases[] = {
        {"5", "schema: /: expected a schema"},
        {"{\"format\":\"date\"}",
         "schema: /format: this keyword is not supported"},
        {"{\"properties\":{\"a\":{\"uniqueItems\":true}}}",
         "schema: /properties/a/uniqueItems: this keyword is not supported"},
        {"{\"$defs\":{\"unused\":{\"if\":{}}}}",
         "schema: /$defs/unused/if: this keyword is not supported"},
        {"{\"type\":\"text\"}", "schema: /type: no such type"},
        {"{\"type\":[\"null\",3]}", "schema: /type/1: no such type"},
        {"{\"type\":[]}", "schema: /type: no such type"},
        {"{\"required\":[1]}", "schema: /required/0: expected a key"},
        {"{\"required\":\"a\"}",
         "schema: /required: expected an array of keys"},
        {"{\"properties\":[]}", "schema: /properties: expected an object"},
        {"{\"properties\":{\"a\":1}}",
         "schema: /properties/a: expected a schema"},
        {"{\"minimum\":\"0\"}", "schema: /minimum: expected a number"},
        {"{\"minItems\":-1}",
         "schema: /minItems: expected a whole number from 0"},
        {"{\"maxLength\":1.5}",
         "schema: /maxLength: expected a whole number from 0"},
        {"{\"pattern\":\"(\"}",
         "schema: /pattern: the pattern does not compile"},
        {"{\"pattern\":1}", "schema: /pattern: expected a pattern"},
        {"{\"patternProperties\":{\"[\":{}}}",
         "schema: /patternProperties/[: the pattern does not compile"},
        {"{\"enum\":[]}", "schema: /enum: expected an array of values"},
        {"{\"oneOf\":[]}", "schema: /oneOf: expected an array of schemas"},
        {"{\"anyOf\":{}}", "schema: /anyOf: expected an array of schemas"},
        {"{\"$ref\":\"other.json\"}",
         "schema: /$ref: expected a reference like #/$defs/name"},
        {"{\"$ref\":\"#/$defs/a\"}",
         "schema: /$ref: the reference leads nowhere"},
        {"{\"$ref\":\"#\"}", "schema: /: the reference leads back to itself"},
        {"{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},"
         "\"b\":{\"allOf\":[{\"not\":{\"$ref\":\"#/$defs/a\"}}]}}}",
         "schema: /$defs/a: the reference leads back to itself"},
    };
    const struct schema *s = NULL;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json *document = parse_text(cases[i].schema);

        CHECK(schema_load(&arena, document, "", &s, &err) == ASID_FAILED,
              "loaded %s", cases[i].schema);
        CHECK_TEXT(err.text, cases[i].want);
    }
    CHECK(schema_load(&arena, parse_text("{}"), "/nothing", &s, &err),
          "loaded");
    CHECK_TEXT(err.text, "schema: there is no /nothing");
    CHECK(s == NULL, "output written without success");
    check_case("a faulty schema is refused with its place");
}

static void test_recursive(void)
{
    const struct schema *s =
        load("{\"type\":\"object\",\"properties\":{\"next\":{\"$ref\":\"#\"}},"
             "\"additionalProperties\":false}");

    expect(s, "{\"next\":{\"next\":{}}}", NULL);
    expect(s, "{\"next\":{\"next\":{\"nex\":1}}}",
           "next.next.nex: unknown key, did you mean next?");
    check_case("schemas may refer to themselves");
}

static void test_embedded(void)
{
    struct str kind = {0}, meaning = {0};
    const struct schema *s;
    struct json *document;

    document =
        parse_text(arena_strndup(&arena, schema_file("record.schema.json").p,
                                 schema_file("record.schema.json").n));
    CHECK_OK(schema_load(&arena, document, "", &s, &err), err);
    expect(s, "{\"id\":\"a\",\"unknown\":1}", NULL);
    expect(s,
           "{\"id\":\"a\",\"sources\":[{\"name\":\"m\",\"attributes\":"
           "{\"scene\":[\"x\"]}}]}",
           "sources[0].attributes.scene: expected a string, got an array");
    document =
        parse_text(arena_strndup(&arena, schema_file("pipeline.schema.json").p,
                                 schema_file("pipeline.schema.json").n));
    CHECK_OK(schema_load(&arena, document, "", &s, &err), err);
    expect(s,
           "{\"name\":\"x\",\"stages\":[\"ingest\",{\"caption\":{\"promts\":1}"
           "}]}",
           "stages[1].caption.promts: unknown key, did you mean prompts?");
    json_each(part, json_get(document, "$defs")) {
        const char *pointer =
            arena_printf(&arena, "/$defs/" STR_FMT, STR_ARG(json_key(part)));

        CHECK_OK(schema_load(&arena, document, pointer, &s, &err), err);
    }
    CHECK(schema_file("nothing").n == 0, "no such file");
    CHECK(schema_code("input.syntax", &kind, &meaning), "a code");
    CHECK(str_is(kind, "reject") && meaning.n > 20, "its line");
    CHECK(!schema_code("input", &kind, &meaning), "half a code");
    CHECK(!schema_code("# code", &kind, &meaning), "the heading");
    CHECK(!schema_code("", &kind, &meaning), "an empty code");
    for (const struct schema_embedded *f = schema_embedded; f->name; f++)
        CHECK(schema_file(f->name).n > 0 && *f->end == '\0', "%s", f->name);
    check_case("the embedded schemas load, and codes have their meaning");
}

/* Many threads with one schema: nothing in it changes (meant for tsan). */
static const struct schema *shared;

static void *check_many(void *failures)
{
    struct arena own = ARENA_INIT;
    struct asid_err mine;
    struct json *v;

    for (int i = 0; i < 200; i++) {
        if (json_parse(&own, STR("{\"k\":\"\\u0061bc\",\"e\":\"y\\n\"}"), 0, &v,
                       &mine) ||
            schema_check(shared, &own, v, NULL, &mine))
            ++*(int *)failures;
        arena_reset(&own);
    }
    arena_release(&own);
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[4];
    int failures[4] = {0};

    shared = load("{\"properties\":{\"k\":{\"pattern\":\"^a.c$\"},"
                  "\"e\":{\"enum\":[\"x\",\"y\\n\"]}}}");
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, check_many, &failures[i]) == 0,
              "thread %d", i);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK(failures[i] == 0, "thread %d: %d failures", i, failures[i]);
    }
    check_case("threads share a schema");
}

/* What the check of changes says of a value must be what the whole check
 * says: of parts that are new, moved, or read otherwise because of a change. */
static void test_changes(void)
{
    const struct schema *s = load(
        "{\"properties\":{\"a\":{\"type\":\"array\",\"items\":{\"properties\":{"
        "\"n\":{\"type\":\"number\"}}}},\"b\":{\"prefixItems\":[{\"type\":"
        "\"number\"},{\"type\":\"string\"}]},\"c\":{\"anyOf\":[{\"properties\":{"
        "\"k\":{\"const\":1},\"v\":{\"type\":\"number\"}}},{\"properties\":{"
        "\"k\":{\"const\":2},\"v\":{\"type\":\"string\"}}}]},\"d\":{},\"t\":{"
        "\"type\":\"string\"}}}");
    const char *text = "{\"a\":[{\"n\":1},{\"n\":2}],\"b\":[1,\"x\",2],\"c\":{"
                       "\"k\":1,\"v\":1},\"d\":[{\"n\":\"x\"}],\"t\":\"x\"}";

    for (int i = 0; i < 7; i++) {
        static const bool fits[] = {true,  false, false, false,
                                    false, false, true};
        struct json *v = parse_text(text), *part = NULL;

        CHECK_OK(schema_check(s, &arena, v, NULL, &err), err);
        if (i == 0)
            json_set_i64(&arena, json_path(v, "a.0"), "n", 7);
        if (i == 1) /* a new value */
            json_set_text(&arena, json_path(v, "a.1"), "n", "x");
        if (i == 2) { /* one from where all is allowed */
            part = json_path(v, "d.0");
            json_unlink(part);
            json_append(json_get(v, "a"), part);
        }
        if (i == 3) { /* one inside what is moved */
            part = json_get(v, "d");
            json_unlink(part);
            json_set(&arena, v, "a", part);
        }
        if (i == 4) /* one that has another place now */
            json_unlink(json_path(v, "b.0"));
        if (i == 5) /* one that is read by another alternative now */
            json_set_i64(&arena, json_get(v, "c"), "k", 2);
        if (i == 6) {
            part = json_path(v, "a.0");
            json_unlink(part);
            json_append(json_get(v, "a"), part);
        }
        CHECK((schema_check(s, &arena, v, NULL, &err) == ASID_OK) == fits[i],
              "change %d, all", i);
        CHECK((schema_check_changes(s, &arena, v, NULL, &err) == ASID_OK) ==
                  fits[i],
              "change %d", i);
    }
    check_case("changes are checked as the whole is");
}

int main(void)
{
    test_keywords();
    test_paths();
    test_alternatives();
    test_loading();
    test_recursive();
    test_embedded();
    test_threads();
    test_changes();
    arena_release(&arena);
    return check_done();
}
