/* Transcripts: every word gets an interval, and says how. */
#include "asid/curate/transcript.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"

static struct arena arena;

static const struct transcript *read_asr(const char *text)
{
    struct asid_err err = {.text = ""};
    struct json *v = NULL;

    CHECK_OK(json_parse(&arena, str_of(text), 0, &v, &err), err);
    return transcript_read(NULL, &arena, v);
}

static const char *shown(double value)
{
    return isfinite(value) ? arena_printf(&arena, "%g", value) : "-";
}

/* "start end [So 0.5 0.7 a] [we 0.7 1 b] | ..." */
static const char *dump(const struct transcript *t)
{
    char *text = arena_strdup(&arena, "");

    for (size_t i = 0; i < t->n_segments; i++) {
        const struct transcript_segment *s = &t->segments[i];

        text = arena_printf(&arena, "%s%s%s %s", text, i ? " | " : "",
                            shown(s->start), shown(s->end));
        for (size_t k = 0; k < s->n_words; k++) {
            const struct transcript_word *w = &t->words[s->first_word + k];

            CHECK(w->segment == i, "word %zu is of %u, not %zu", k, w->segment,
                  i);
            text = arena_printf(&arena, "%s [" STR_FMT " %s %s %c]", text,
                                STR_ARG(w->text), shown(w->start),
                                shown(w->end), word_methods[w->method][0]);
        }
    }
    return text;
}

/* What transcript.h promises of every transcript. */
static void check_promises(const struct transcript *t, const char *input)
{
    size_t words = 0;

    for (size_t i = 0; i < t->n_segments; i++) {
        const struct transcript_segment *s = &t->segments[i];
        double at = s->start;

        CHECK(i == 0 || !(s->start < t->segments[i - 1].start), "%s", input);
        CHECK(s->first_word == words, "%s", input);
        for (size_t k = 0; k < s->n_words; k++) {
            const struct transcript_word *w = &t->words[s->first_word + k];

            if (w->method == WORD_NONE) {
                CHECK(isnan(w->start) && isnan(w->end), "%s", input);
                continue;
            }
            CHECK(w->start >= at && w->end >= w->start && w->end <= s->end,
                  "word %zu of segment %zu of %s", k, i, input);
            at = w->end;
        }
        words += s->n_words;
    }
    CHECK(words == t->n_words, "%s", input);
}

static void check_reading(const char *asr, const char *want)
{
    const struct transcript *t = read_asr(asr);
    struct buf once, again;

    CHECK_TEXT(dump(t), want);
    check_promises(t, asr);
    /* What is written is read back the same. */
    buf_init(&once, 1 << 20);
    buf_init(&again, 1 << 20);
    json_write(&once, transcript_json(&arena, "x", t));
    t = read_asr(once.p);
    check_promises(t, once.p);
    json_write(&again, transcript_json(&arena, "x", t));
    CHECK_TEXT(again.p, once.p);
    buf_release(&once);
    buf_release(&again);
    arena_reset(&arena);
}

#define SEGMENT(start, end, text, words)                                       \
 "{\"segments\":[{\"start\":" #start ",\"end\":" #end ",\"text\":\"" text      \
 "\",\"words\":[" words "]}]}"
#define WORD(text, start, end)                                                 \
 "{\"text\":\"" text "\",\"start\":" #start ",\"end\":" #end "}"
#define BARE(text) "{\"text\":\"" text "\"}"

static void test_words(void)
{
    check_reading("null", "");
    check_reading("{}", "");
    check_reading("{\"segments\":[]}", "");
    check_case("no transcript is an empty one");
    check_reading(
        SEGMENT(1, 2, "So we", WORD("So", 1, 1.4) "," WORD("we", 1.5, 1.75)),
        "1 2 [So 1 1.4 a] [we 1.5 1.75 a]");
    check_case("times that were given are kept");
    check_reading(SEGMENT(0, 10, "abcd ef ghij", ""),
                  "0 10 [abcd 0 4 p] [ef 4 6 p] [ghij 6 10 p]");
    check_case("a segment without words shares its time by length");
    check_reading(
        SEGMENT(0, 10, "of 44 aa",
                WORD("of", 1, 2) "," BARE("44") "," WORD("aa", 4, 10)),
        "0 10 [of 1 2 a] [44 2 4 b] [aa 4 10 a]");
    check_reading(
        SEGMENT(0, 9, "44 aa 1 55 ",
                BARE("44") "," WORD("aa", 2, 3) "," BARE("1") "," BARE("55")),
        "0 9 [44 0 2 b] [aa 2 3 a] [1 3 5 b] [55 5 9 b]");
    check_reading(SEGMENT(0, 9, "a 5 b",
                          WORD("a", 0, 4) "," BARE("5") "," WORD("b", 4, 9)),
                  "0 9 [a 0 4 a] [5 4 4 b] [b 4 9 a]");
    check_case("words without times stand between their neighbours");
    check_reading(SEGMENT(3, 5, "aa bb", BARE("aa") "," BARE("bb")),
                  "3 5 [aa 3 4 p] [bb 4 5 p]");
    check_reading(SEGMENT(3, 5, "aa bb", WORD("aa", null, null) "," BARE("bb")),
                  "3 5 [aa 3 4 p] [bb 4 5 p]");
    check_case("a list without any time shares the segment's");
}

static void test_left_out(void)
{
    check_reading(SEGMENT(0, 8, "It has 44 legs, 12 eyes.",
                          WORD("It", 0, 1) "," WORD("has", 1, 2) "," WORD(
                              "legs,", 4, 5) "," WORD("eyes.", 7, 8)),
                  "0 8 [It 0 1 a] [has 1 2 a] [44 2 4 b] [legs, 4 5 a] "
                  "[12 5 7 b] [eyes. 7 8 a]");
    check_reading(SEGMENT(0, 8, "1 a 2 a 3", WORD("a", 2, 3)),
                  "0 8 [1 0 2 b] [a 2 3 a] [2 3 4.66667 b] "
                  "[a 4.66667 6.33333 b] [3 6.33333 8 b]");
    check_case("words that the list leaves out are put back in their place");
    check_reading(SEGMENT(0, 2, "I'm here",
                          WORD("I", 0, 1) "," WORD("'m", 1, 1.5) "," WORD(
                              "here", 1.5, 2)),
                  "0 2 [I 0 1 a] ['m 1 1.5 a] [here 1.5 2 a]");
    check_reading(SEGMENT(0, 2, "- Hello, \\\"you\\\" !", WORD("hello", 0, 1)),
                  "0 2 [hello 0 1 a]");
    check_case("a list that spells in its own way is taken as it is");
    check_reading(SEGMENT(0, 2, "- Hello, \\\"you\\\" !",
                          WORD("Hello", 0, 1) "," WORD("you", 1, 2)),
                  "0 2 [Hello 0 1 a] [you 1 2 a]");
    check_reading(
        SEGMENT(0, 3, "a - b",
                WORD("a", 0, 1) "," WORD("-", 1, 2) "," WORD("b", 2, 3)),
        "0 3 [a 0 1 a] [- 1 2 a] [b 2 3 a]");
    check_reading(
        SEGMENT(0, 3, "a b",
                WORD(" a ", 0, 1) "," WORD("", 1, 2) "," WORD("b", 2, 3)),
        "0 3 [a 0 1 a] [b 2 3 a]");
    check_case("punctuation and blanks do not make a difference");
}

static void test_wrong_times(void)
{
    check_reading(SEGMENT(0, 6, "a b c d",
                          WORD("a", 0, 1) "," WORD("b", 9, 9.5) "," WORD(
                              "c", 3, 4) "," WORD("d", 4, 6)),
                  "0 6 [a 0 1 a] [b 1 3 b] [c 3 4 a] [d 4 6 a]");
    check_reading(SEGMENT(5, 8, "a b", WORD("a", 4, 6) "," WORD("b", 7, 20)),
                  "5 8 [a 5 6 a] [b 7 8 a]");
    check_case("words stay inside their segment");
    check_reading(SEGMENT(0, 8, "a b c d",
                          WORD("a", 0, 1) "," WORD("b", 6, 7) "," WORD(
                              "c", 3, 4) "," WORD("d", 5, 6)),
                  "0 8 [a 0 1 a] [b 1 3 b] [c 3 4 a] [d 5 6 a]");
    check_reading(SEGMENT(0, 8, "a b c d",
                          WORD("a", 7, 8) "," WORD("b", 5, 6) "," WORD(
                              "c", 3, 4) "," WORD("d", 1, 2)),
                  "0 8 [a 0 0.333333 b] [b 0.333333 0.666667 b] "
                  "[c 0.666667 1 b] [d 1 2 a]");
    check_case("as few times as possible are dropped for order");
    check_reading(SEGMENT(0, 8, "a b", WORD("a", 1, 5) "," WORD("b", 3, 4)),
                  "0 8 [a 1 3 a] [b 3 4 a]");
    check_reading(SEGMENT(0, 8, "a b", WORD("a", 3, 5) "," WORD("b", 3, 4)),
                  "0 8 [a 3 3 a] [b 3 4 a]");
    check_case("no word overlaps the next");
    check_reading(SEGMENT(0, 8, "a b", WORD("a", 1, 0) "," WORD("b", 3, 4)),
                  "0 8 [a 1 3 a] [b 3 4 a]");
    check_reading(SEGMENT(0, 8, "a b c",
                          "{\"text\":\"a\",\"start\":1}," BARE(
                              "b") ",{\"text\":\"c\",\"end\":5}"),
                  "0 8 [a 1 1 a] [b 1 5 b] [c 5 5 a]");
    check_case("half an interval is completed");
    check_reading(SEGMENT(-2, 8, "a", WORD("a", -1, 1)), "-2 8 [a -1 1 a]");
    check_reading(
        SEGMENT(0, 8, "a b", WORD("a", 1e999, 1e999) "," WORD("b", 3, 1e999)),
        "0 8 [a 0 3 b] [b 3 3 a]");
    check_reading(SEGMENT(1e300, 2e300, "a", ""),
                  "1e+300 2e+300 [a 1e+300 2e+300 p]");
    check_case("times of any size are read");
}

static void test_bad_segments(void)
{
    check_reading(SEGMENT(5, 2, "aa bb", WORD("aa", 3, 4) "," WORD("bb", 4, 5)),
                  "3 5 [aa 3 4 a] [bb 4 5 a]");
    check_reading(SEGMENT(5, 5, "aa bb", WORD("aa", 3, 4) "," WORD("bb", 4, 5)),
                  "3 5 [aa 3 4 a] [bb 4 5 a]");
    check_case("a segment that is no interval gets that of its words");
    check_reading(SEGMENT(5, 2, "aa bb", ""), "5 2 [aa - - n] [bb - - n]");
    check_reading(SEGMENT(5, 2, "aa", BARE("aa")), "5 2 [aa - - n]");
    check_case("without any time words have none");
    check_reading(SEGMENT(5, 5, "aa bb", ""), "5 5 [aa 5 5 p] [bb 5 5 p]");
    check_case("a point is a place as well");
    check_reading("{\"segments\":[{\"start\":1,\"end\":2,\"text\":\"\"},"
                  "{\"start\":2,\"end\":3,\"text\":\" ... \"}]}",
                  "1 2 | 2 3");
    check_case("a segment may be without words");
    check_reading("{\"segments\":[{\"start\":4,\"end\":5,\"text\":\"c\"},"
                  "{\"start\":1,\"end\":9,\"text\":\"a\"},"
                  "{\"start\":4,\"end\":6,\"text\":\"d\"},"
                  "{\"start\":2,\"end\":3,\"text\":\"b\"}]}",
                  "1 9 [a 1 9 p] | 2 3 [b 2 3 p] | 4 5 [c 4 5 p] | "
                  "4 6 [d 4 6 p]");
    check_reading(
        "{\"segments\":[{\"start\":5,\"end\":2,\"text\":\"a\",\"words\":"
        "[" WORD("a", 3,
                 4) "]},{\"start\":2,\"end\":9,\"text\":"
                    "\"b\"},{\"start\":9,\"end\":1,\"text\":\"c\",\"words\":"
                    "[" WORD("c", 0, 1) "]}]}",
        "0 1 [c 0 1 a] | 2 9 [b 2 9 p] | 3 4 [a 3 4 a]");
    check_case("segments are sorted by start, equal ones stay in order");
}

static void check_cut(const char *text, const char *want)
{
    char *got = arena_strdup(&arena, "");
    const struct transcript *t =
        read_asr(arena_printf(&arena,
                              "{\"segments\":[{\"start\":0,\"end\":1,\"text\":"
                              "\"%s\"}]}",
                              text));

    for (size_t i = 0; i < t->n_words; i++)
        got = arena_printf(&arena, "%s%s" STR_FMT, got, i ? "/" : "",
                           STR_ARG(t->words[i].text));
    CHECK_TEXT(got, want);
    check_promises(t, text);
    arena_reset(&arena);
}

static void test_cut(void)
{
    check_cut(" Don't  stop\\t-\\nnow, \\u2014 ok? ", "Don't/stop/now,/ok?");
    check_cut("\\u266a la la \\u266a", "la/la");
    check_cut("-Hi. $5 50 % <3", "-Hi./$5/50/<3");
    check_cut("caf\\u00e9\\u00a0au\\u3000lait", "caf\u00e9/au/lait");
    check_cut("\\u0000a\\u0000b", "a/b");
    check_case("words stand between blanks with their punctuation");
    check_cut("你好，世界！", "你/好，/世/界！");
    check_cut("他说：「好的」ok吗", "他/说：/「好/的」/ok/吗");
    check_cut("カ゚メラ、ですよ", "カ゚/メ/ラ、/で/す/よ");
    check_cut("hello、world", "hello、world");
    check_cut("안녕 세상", "안녕/세상");
    check_cut("สวัสดีครับ", "สวัสดีครับ");
    check_cut("Привет, мир…", "Привет,/мир…");
    check_cut("नमस्ते दुनिया।", "नमस्ते/दुनिया।");
    check_case("Han and kana are cut one by one, other scripts at blanks");
}

static void test_json(void)
{
    const struct transcript *t = read_asr(
        "{\"name\":\"y\",\"language\":\"en\",\"segments\":[{\"start\":0.12345,"
        "\"end\":2,\"text\":\" a 1 \",\"speaker\":\"S1\",\"words\":["
        "{\"text\":\"a\",\"start\":0.519999980926,\"end\":1,\"score\":0.98},"
        "{\"text\":\"1\",\"start\":1,\"end\":1.5,\"method\":\"between\"}]},"
        "{\"start\":1e999,\"end\":3,\"text\":\"b\",\"speaker\":null}]}");
    struct buf b;

    CHECK(str_is(t->language, "en"), "language");
    CHECK(str_is(t->segments[0].speaker, "S1"), "speaker");
    CHECK(t->segments[1].speaker.n == 0, "no speaker");
    CHECK(fabs(t->words[0].score - 0.98) < 1e-12, "score");
    CHECK(isnan(t->words[1].score), "no score");
    buf_init(&b, 1 << 20);
    json_write(&b, transcript_json(&arena, "whisperx", t));
    CHECK_TEXT(
        b.p,
        "{\"name\":\"whisperx\",\"language\":\"en\",\"segments\":["
        "{\"start\":0.123,\"end\":2,\"text\":\" a 1 \",\"speaker\":\"S1\","
        "\"words\":[{\"text\":\"a\",\"start\":0.52,\"end\":1,\"score\":0.98,"
        "\"method\":\"aligned\"},{\"text\":\"1\",\"start\":1,\"end\":1.5,"
        "\"method\":\"between\"}]},"
        "{\"start\":0,\"end\":3,\"text\":\"b\",\"words\":[{\"text\":\"b\","
        "\"start\":null,\"end\":null,\"method\":\"none\"}]}]}");
    buf_release(&b);
    arena_reset(&arena);
    check_case("the inverse writes what was read, with methods");
}

/* Any times at all keep the promises. */
static void test_any(void)
{
    uint64_t seed = 7;

    for (int round = 0; round < 2000; round++) {
        struct json *asr = json_new_object(&arena);
        struct json *list = json_new_array(&arena);

        for (int s = 0; s < 3; s++) {
            struct json *v = json_new_object(&arena);
            struct json *words = json_new_array(&arena);

            for (int i = -2; i < 12; i++) {
                struct json *to = v;
                double value;

                seed = seed * 6364136223846793005u + 1442695040888963407u;
                value = (double)(seed >> 60);
                if (i >= 0) {
                    to = json_new_object(&arena);
                    json_set_text(&arena, to, "text", i % 3 ? "w" : "www");
                    json_append(words, to);
                }
                if (i < 0 || seed >> 40 & 7)
                    json_set_f64(&arena, to, i == -1 ? "end" : "start", value);
                if (i >= 0 && seed >> 44 & 7)
                    json_set_f64(&arena, to, "end",
                                 value + (double)(seed >> 50 & 3) - 0.5);
            }
            json_set_text(&arena, v, "text", "w");
            json_set(&arena, v, "words", words);
            json_append(list, v);
        }
        json_set(&arena, asr, "segments", list);
        check_promises(transcript_read(NULL, &arena, asr), "random times");
        arena_reset(&arena);
    }
    check_case("any times at all give ordered words inside their segments");
}

static void test_bounds(void)
{
    size_t n = (size_t)TRANSCRIPT_MAX_WORDS + 10;
    struct json *asr = json_new_object(&arena), *list, *v;
    char *text = malloc(2 * n);
    const struct transcript *t;

    BUG_IF(!text);
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = 'a';
        text[2 * i + 1] = ' ';
    }
    list = json_new_array(&arena);
    v = json_new_object(&arena);
    json_set_f64(&arena, v, "start", 0);
    json_set_f64(&arena, v, "end", 100);
    json_set(&arena, v, "text",
             json_new_str(&arena, (struct str){text, 2 * n}));
    json_append(list, v);
    json_set(&arena, asr, "segments", list);
    t = transcript_read(NULL, &arena, asr);
    CHECK(t->n_words == TRANSCRIPT_MAX_WORDS, "%zu", t->n_words);
    check_promises(t, "many words");
    free(text);
    arena_release(&arena);
    check_case("the number of words is bounded");
}

int main(void)
{
    test_words();
    test_left_out();
    test_wrong_times();
    test_bad_segments();
    test_cut();
    test_json();
    test_any();
    test_bounds();
    arena_release(&arena);
    return check_done();
}
