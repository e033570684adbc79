/* The tokenizer: published ids, both sets of files, hostile files and text. */
#include "asid/nn/bpe.h"

#include <pthread.h>

#include "asid/base/clock.h"
#include "vectors.h"

#define TINY "tests/vectors/checkpoints/tiny-a"

static const char TWO_WORDS[] =
    "{\"a\":0,\"b\":1,\"c\":2,\"ab\":3,\"bc\":4,\"abc\":5,\"\xc4\xa0\":6}";

static bool same_ids(const struct bpe_ids *got, const struct json *want)
{
    size_t i = 0;

    if (got->n != json_count(want))
        return false;
    json_each(item, want) {
        if (got->id[i++] != vector_int(item))
            return false;
    }
    return true;
}

static void show(const struct bpe_ids *ids, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i < ids->n && i < 60; i++)
        buf_printf(out, " %d", ids->id[i]);
}

static void published_ids(const struct bpe *bpe, const char *name)
{
    struct arena a = ARENA_INIT;
    struct asid_err err;
    struct str text = vector_text(&a, "tests/vectors/tokenizer/cases.jsonl");
    struct str line;
    struct buf out;
    size_t n = 0;

    buf_init(&out, 1 << 20);
    for (; vector_line(&text, &line); n++) {
        struct json *c = vector_parse(&a, line, "cases.jsonl");
        struct str input = json_str(json_get(c, "text"));
        struct bpe_ids ids = {0};
        bool same;

        CHECK_OK(bpe_encode(bpe, input, true, &ids, &err), err);
        same = same_ids(&ids, json_get(c, "ids"));
        show(&ids, &out);
        CHECK(same, "%s: case %zu " STR_FMT " gives%s", name, n, STR_ARG(line),
              out.p ? out.p : "");
        buf_reset(&out);
        bpe_decode(bpe, ids.id, ids.n, false, &out);
        CHECK(str_eq(buf_view(&out), json_str(json_get(c, "decoded"))),
              "%s: case %zu decodes to %s", name, n, out.p ? out.p : "");
        buf_reset(&out);
        bpe_decode(bpe, ids.id, ids.n, true, &out);
        CHECK(str_eq(buf_view(&out), json_str(json_get(c, "plain"))),
              "%s: case %zu is plainly %s", name, n, out.p ? out.p : "");
        bpe_ids_release(&ids);
    }
    CHECK(n > 200, "%zu cases", n);
    buf_release(&out);
    arena_release(&a);
}

static void check_decode(const struct bpe *bpe)
{
    struct arena a = ARENA_INIT;
    struct str text = vector_text(&a, "tests/vectors/tokenizer/decode.jsonl");
    struct str line;
    struct buf out;
    size_t n = 0;

    buf_init(&out, 1 << 20);
    for (; vector_line(&text, &line); n++) {
        struct json *c = vector_parse(&a, line, "decode.jsonl");
        struct bpe_ids ids = {0};

        json_each(item, json_get(c, "ids"))
            bpe_ids_add(&ids, (int32_t)vector_int(item));
        buf_reset(&out);
        bpe_decode(bpe, ids.id, ids.n, false, &out);
        CHECK(str_eq(buf_view(&out), json_str(json_get(c, "decoded"))),
              "case %zu " STR_FMT " gives %s", n, STR_ARG(line),
              out.p ? out.p : "");
        buf_reset(&out);
        bpe_decode(bpe, ids.id, ids.n, true, &out);
        CHECK(str_eq(buf_view(&out), json_str(json_get(c, "plain"))),
              "case %zu " STR_FMT " is plainly %s", n, STR_ARG(line),
              out.p ? out.p : "");
        bpe_ids_release(&ids);
    }
    CHECK(n > 20, "%zu cases", n);
    buf_release(&out);
    arena_release(&a);
}

/* The same tokenizer from vocab.json, merges.txt and the added tokens. */
static void check_separate_files(void)
{
    static const char *const names[] = {"vocab.json", "merges.txt",
                                        "added_tokens.json",
                                        "tokenizer_config.json"};
    struct arena a = ARENA_INIT;
    struct asid_err err;
    struct bpe *bpe = NULL;
    char *dir = vector_folder(&a);

    for (size_t i = 0; i < 4; i++)
        vector_file(&a, dir, names[i],
                    vector_text(&a, path_join(&a, TINY, names[i])));
    CHECK_OK(bpe_open(dir, &bpe, &err), err);
    if (bpe)
        published_ids(bpe, "separate files");
    bpe_close(bpe);
    bpe = NULL;
    vector_remove(&a, dir, "tokenizer_config.json");
    CHECK_OK(bpe_open(dir, &bpe, &err), err);
    CHECK(bpe && bpe_added(bpe, "<|im_end|>") == 958, "added_tokens.json");
    bpe_close(bpe);
    for (size_t i = 0; i < 3; i++)
        vector_remove(&a, dir, names[i]);
    vector_remove(&a, dir, NULL);
    arena_release(&a);
}

static void check_user_text(const struct bpe *bpe)
{
    struct asid_err err;
    struct bpe_ids ids = {0};
    struct buf out;
    const struct str text = STR("a <|VIDEO|> <|im_end|><tool_call>");

    buf_init(&out, 1000);
    CHECK_OK(bpe_encode(bpe, text, false, &ids, &err), err);
    for (size_t i = 0; i < ids.n; i++)
        CHECK(ids.id[i] < 956, "id %d is an added token", ids.id[i]);
    bpe_decode(bpe, ids.id, ids.n, true, &out);
    CHECK(str_eq(buf_view(&out), text), "comes back as %s", out.p);
    CHECK(bpe_added(bpe, "<|VIDEO|>") == 969, "%d",
          bpe_added(bpe, "<|VIDEO|>"));
    CHECK(bpe_added(bpe, "<|VIDEO") == -1, "a prefix is no token");
    CHECK(bpe_added(bpe, "<|VIDEO|>x") == -1, "more is no token");
    CHECK(bpe_added(bpe, "") == -1, "nothing is no token");
    CHECK(bpe_size(bpe) == 978, "%zu", bpe_size(bpe));
    buf_release(&out);
    bpe_ids_release(&ids);
}

static void check_malformed(const struct bpe *bpe)
{
    static const char *const texts[] = {"a\xff", "\xc3", "\xed\xa0\x80",
                                        "\xc0\x80", "\xf4\x90\x80\x80"};
    struct asid_err err;
    struct bpe_ids ids = {0};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        enum asid_rc rc = bpe_encode(bpe, str_of(texts[i]), true, &ids, &err);

        CHECK(rc == ASID_REJECT && strcmp(err.code, "input.syntax") == 0,
              "text %zu: rc %d", i, (int)rc);
    }
    CHECK(ids.n == 0, "%zu ids", ids.n);
    bpe_ids_release(&ids);
}

/* Long runs must neither take long nor exhaust a stack, and the two ways of
 * merging must agree: a run is merged as a whole or, cut by a digit, in parts
 * whose ids are compared. */
static void check_long_runs(const struct bpe *bpe)
{
    static const char *const units[] = {
        "a",   " ",     "\n", "\xcc\x81\xcc\xa3", "\xe6\x88\x91", "!",
        "the", "\r\n ", "-=", "\xf0\x9f\x98\x80"};
    enum { LENGTH = 200000 };
    struct asid_err err;
    double before = clock_monotonic();

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        struct bpe_ids ids = {0};
        struct buf text, back;

        buf_init(&text, LENGTH + 16);
        buf_init(&back, 4 * LENGTH);
        while (text.n < LENGTH)
            buf_text(&text, units[i]);
        CHECK_OK(bpe_encode(bpe, buf_view(&text), true, &ids, &err), err);
        bpe_decode(bpe, ids.id, ids.n, true, &back);
        /* Marks are put in order, so only their number stays. */
        CHECK(back.n == text.n, "run of unit %zu: %zu bytes", i, back.n);
        bpe_ids_release(&ids);
        buf_release(&text);
        buf_release(&back);
    }
    CHECK(clock_monotonic() - before < 120, "took %g s",
          clock_monotonic() - before);
}

static void check_two_ways(const struct bpe *bpe)
{
    static const char letters[] = "etaoinshrdlu";
    struct asid_err err;
    unsigned seed = 1;

    for (size_t round = 0; round < 300; round++) {
        struct bpe_ids whole = {0}, part = {0};
        char word[100];
        size_t n = 49 + round % 50, matched = 0;

        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525u + 1013904223u;
            word[i] = letters[(seed >> 20) % (sizeof letters - 1)];
        }
        /* Past 48 bytes the heap merges; a word of its first bytes that ends
         * at a token's end and is short goes through the scan. */
        CHECK_OK(bpe_encode(bpe, (struct str){word, n}, true, &whole, &err),
                 err);
        CHECK_OK(bpe_encode(bpe, (struct str){word, 48}, true, &part, &err),
                 err);
        while (matched < part.n && matched < whole.n &&
               part.id[matched] == whole.id[matched])
            matched++;
        CHECK(matched + 6 >= part.n, "word %.*s: %zu of %zu ids agree", (int)n,
              word, matched, part.n);
        bpe_ids_release(&whole);
        bpe_ids_release(&part);
    }
}

struct hostile {
    const char *name, *vocab, *merges, *config, *message;
};

static void check_hostile_files(void)
{
    static const struct hostile cases[] = {
        {"no merges file", TWO_WORDS, NULL, NULL, "merges.txt"},
        {"a merge of three parts", TWO_WORDS, "a b c\n", NULL,
         "line 1: expected two parts"},
        {"a merge without a right part", TWO_WORDS, "#version: 0.2\na b\nc\n",
         NULL, "line 3: expected two parts"},
        {"an unknown part", TWO_WORDS, "a b\n\nx c\n", NULL,
         "line 3: left part is no entry"},
        {"an unknown right part", TWO_WORDS, "a x\n", NULL,
         "line 1: right part is no entry"},
        {"an unknown result", TWO_WORDS, "b a\n", NULL,
         "line 1: the merged text is no entry"},
        {"a pair twice", TWO_WORDS, "a b\na b\n", NULL, "there twice"},
        {"a negative id", "{\"a\":-1}", "", NULL, "entry a: id -1"},
        {"a huge id", "{\"a\":99999999999}", "", NULL, "entry a: id"},
        {"a fraction", "{\"a\":0.5}", "", NULL, "entry a: expected an id"},
        {"a text id", "{\"a\":\"1\"}", "", NULL, "entry a: expected an id"},
        {"an id twice", "{\"a\":1,\"b\":1}", "", NULL,
         "entry b: id 1 is given twice"},
        {"an array", "[1]", "", NULL, "expected an object"},
        {"nothing", "", "", NULL, "vocab.json"},
        {"an empty vocabulary", "{}", "", NULL, "entries"},
        {"broken JSON", "{\"a\":1", "", NULL, "vocab.json"},
        {"an added token that is empty", TWO_WORDS, "",
         "{\"added_tokens_decoder\":{\"9\":{\"content\":\"\"}}}", "0 bytes"},
        {"an added token on a used id", TWO_WORDS, "",
         "{\"added_tokens_decoder\":{\"2\":{\"content\":\"<x>\"}}}",
         "id 2 is given twice"},
        {"an added token without number", TWO_WORDS, "",
         "{\"added_tokens_decoder\":{\"x\":{\"content\":\"<x>\"}}}",
         "key x is no number"},
        {"an added token that strips", TWO_WORDS, "",
         "{\"added_tokens_decoder\":{\"9\":{\"content\":\"<x>\","
         "\"lstrip\":true}}}",
         "lstrip is not supported"},
    };
    struct arena a = ARENA_INIT;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct hostile *c = &cases[i];
        char *dir = vector_folder(&a);
        struct asid_err err = {.text = ""};
        struct bpe *bpe = NULL;
        enum asid_rc rc;

        vector_file(&a, dir, "vocab.json", str_of(c->vocab));
        if (c->merges)
            vector_file(&a, dir, "merges.txt", str_of(c->merges));
        if (c->config)
            vector_file(&a, dir, "tokenizer_config.json", str_of(c->config));
        rc = bpe_open(dir, &bpe, &err);
        CHECK(rc == ASID_FAILED && strstr(err.text, c->message) &&
                  strstr(err.text, dir),
              "%s: rc %d: %s", c->name, (int)rc, err.text);
        bpe_close(bpe);
        vector_remove(&a, dir, "vocab.json");
        vector_remove(&a, dir, "merges.txt");
        vector_remove(&a, dir, "tokenizer_config.json");
        vector_remove(&a, dir, NULL);
    }
    arena_release(&a);
}

/* tokenizer.json, with one thing changed each. */
static void check_hostile_tokenizer(void)
{
    static const char head[] =
        "{\"added_tokens\":[{\"id\":7,\"content\":\"<x>\",\"special\":true}],"
        "\"normalizer\":{\"type\":\"NFC\"},\"pre_tokenizer\":{\"type\":"
        "\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{"
        "\"Regex\":\"\\\\s|\\\\S+\"},\"behavior\":\"Isolated\",\"invert\":"
        "false},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
        "\"use_regex\":false}]},\"model\":{\"type\":\"BPE\",\"vocab\":{"
        "\"a\":0,\"b\":1,\"ab\":2},\"merges\":[[\"a\",\"b\"]]}}";
    static const struct {
        const char *from, *to, *message; /* message NULL: loads */
    } cases[] = {
        {"", "", NULL},
        {"[\"a\",\"b\"]", "\"a b\"", NULL},
        {"[\"a\",\"b\"]", "[\"a\"]", "merges[0]: expected a pair"},
        {"[\"a\",\"b\"]", "[\"a\",\"c\"]", "merges[0]: right part"},
        {"[\"a\",\"b\"]", "7", "merges[0]: expected a pair"},
        {"\"BPE\"", "\"Unigram\"", "only BPE"},
        {"\"NFC\"", "\"NFKC\"", "only NFC"},
        {"\"Isolated\"", "\"Removed\"", "isolated"},
        {"\"use_regex\":false", "\"use_regex\":true", "ByteLevel"},
        {"\\\\S+", "(", "faulty at byte"},
        {"\"ab\":2", "\"ab\":0", "id 0 is given twice"},
        {"\"id\":7", "\"id\":0", "added_tokens[0]: id 0"},
        {"\"id\":7", "\"id\":null", "added_tokens[0].id"},
        {"\"type\":\"BPE\"", "\"type\":\"BPE\",\"byte_fallback\":true",
         "byte_fallback"},
        {"\"type\":\"BPE\"", "\"type\":\"BPE\",\"dropout\":0.1", "dropout"},
    };
    struct arena a = ARENA_INIT;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *at = strstr(head, cases[i].from);
        char *dir = vector_folder(&a);
        struct asid_err err = {.text = ""};
        struct bpe *bpe = NULL;
        enum asid_rc rc;

        BUG_IF(!at);
        vector_file(
            &a, dir, "tokenizer.json",
            str_of(arena_printf(&a, "%.*s%s%s", (int)(at - head), head,
                                cases[i].to, at + strlen(cases[i].from))));
        rc = bpe_open(dir, &bpe, &err);
        if (cases[i].message)
            CHECK(rc == ASID_FAILED && strstr(err.text, cases[i].message),
                  "%s: rc %d: %s", cases[i].to, (int)rc, err.text);
        else
            CHECK(rc == ASID_OK, "%s: rc %d: %s", cases[i].to, (int)rc,
                  err.text);
        if (bpe) {
            struct bpe_ids ids = {0};

            CHECK_OK(bpe_encode(bpe, STR("ab<x>a"), true, &ids, &err), err);
            CHECK(ids.n == 3 && ids.id[0] == 2 && ids.id[1] == 7 &&
                      ids.id[2] == 0,
                  "%zu ids", ids.n);
            rc = bpe_encode(bpe, STR("abc"), true, &ids, &err);
            CHECK(rc == ASID_FAILED && strstr(err.text, "byte 0x63"),
                  "a byte without entry: %d", (int)rc);
            bpe_ids_release(&ids);
        }
        bpe_close(bpe);
        vector_remove(&a, dir, "tokenizer.json");
        vector_remove(&a, dir, NULL);
    }
    arena_release(&a);
}

struct job {
    const struct bpe *bpe;
    struct str text;
    struct bpe_ids ids;
    enum asid_rc rc;
};

static void *encode(void *arg)
{
    struct job *job = arg;
    struct asid_err err;

    job->rc = bpe_encode(job->bpe, job->text, true, &job->ids, &err);
    return NULL;
}

static void check_threads(const struct bpe *bpe)
{
    enum { N = 4 };
    struct arena a = ARENA_INIT;
    struct str text = vector_text(&a, "tests/vectors/tokenizer/cases.jsonl");
    struct job jobs[N] = {{.bpe = NULL}};
    pthread_t thread[N];

    for (size_t i = 0; i < N; i++) {
        jobs[i] = (struct job){.bpe = bpe, .text = text};
        BUG_IF(pthread_create(&thread[i], NULL, encode, &jobs[i]) != 0);
    }
    for (size_t i = 0; i < N; i++) {
        pthread_join(thread[i], NULL);
        CHECK(jobs[i].rc == ASID_OK && jobs[i].ids.n == jobs[0].ids.n &&
                  memcmp(jobs[i].ids.id, jobs[0].ids.id,
                         jobs[0].ids.n * sizeof *jobs[0].ids.id) == 0,
              "thread %zu", i);
    }
    for (size_t i = 0; i < N; i++)
        bpe_ids_release(&jobs[i].ids);
    arena_release(&a);
}

int main(void)
{
    struct asid_err err;
    struct bpe *bpe = NULL;

    CHECK_OK(bpe_open(TINY, &bpe, &err), err);
    if (!bpe)
        return check_done();
    published_ids(bpe, "tokenizer.json");
    check_case("texts get the published ids and come back");
    check_decode(bpe);
    check_case("ids without text vanish, broken bytes become U+FFFD");
    check_separate_files();
    check_case("vocab.json and merges.txt give the same tokenizer");
    check_user_text(bpe);
    check_case("added tokens in user text are ordinary text");
    check_malformed(bpe);
    check_case("text that is not UTF-8 is rejected");
    check_long_runs(bpe);
    check_case("long runs take time in proportion");
    check_two_ways(bpe);
    check_case("the scan and the heap merge alike");
    check_hostile_files();
    check_case("faulty vocab.json, merges.txt and added tokens are named");
    check_hostile_tokenizer();
    check_case("a tokenizer.json that asks for more is refused");
    check_threads(bpe);
    check_case("a loaded tokenizer serves several threads");
    bpe_close(bpe);
    return check_done();
}
