/* What nobody said is taken out, and what somebody said stays. */
#include <math.h>
#include <stdlib.h>

#include "asid/curate/asr.h"
#include "check.h"

static struct arena arena, kept;
static const struct asr_phrases *phrases;

enum { ALL = (1 << ASR_RULES) - 1 };

/* --- a clip's sound: one digit for each half second, in units of -10 dB ----- */

static const struct asr_levels *sound(const char *digits, double offset)
{
    enum { RATE = 1600, HALF = RATE / 2 };
    size_t n = strlen(digits);
    float *samples = arena_array(&arena, n * HALF, sizeof *samples);
    struct asr_levels *levels = arena_alloc(&arena, sizeof *levels);

    for (size_t i = 0; i < n * HALF; i++) {
        int unit = digits[i / HALF] - '0';
        double level = unit == 9 ? 0 : pow(10, -unit * 10 / 20.0);

        samples[i] = (float)(i % 2 ? level : -level);
    }
    asr_levels_make(&arena, samples, n * HALF, RATE, offset, levels);
    return levels;
}

/* --- judging --------------------------------------------------------------- */

/* "0-1 a b | 1-2 c; loop x3 1-4 "c" -> "d"" */
static const char *show(const struct asr_result *r)
{
    char *out = arena_strdup(&arena, "");
    const struct transcript *t = r->transcript;
    size_t words = 0;

    for (size_t i = 0; i < t->n_segments; i++) {
        const struct transcript_segment *s = &t->segments[i];

        out = arena_printf(&arena, "%s%s%g-%g " STR_FMT, out, i ? " | " : "",
                           s->start, s->end, STR_ARG(s->text));
        CHECK(s->first_word == words, "words of segment %zu", i);
        for (size_t k = 0; k < s->n_words; k++) {
            const struct transcript_word *w = &t->words[words + k];

            CHECK(w->segment == i, "segment of word %zu", k);
            CHECK(!(w->start < s->start) && !(w->end > s->end) &&
                      !(w->end < w->start),
                  "word %zu of segment %zu", k, i);
        }
        words += s->n_words;
    }
    CHECK(words == t->n_words, "%zu words", words);
    for (size_t i = 0; i < r->n_drops; i++) {
        const struct asr_drop *d = &r->drops[i];

        out = arena_printf(&arena, "%s; %s x%zu %g-%g " STR_FMT "%s" STR_FMT,
                           out, asr_rule_names[d->rule], d->count, d->start,
                           d->end, STR_ARG(d->text), d->now.n ? " -> " : "",
                           STR_ARG(d->now));
        CHECK(d->why && *d->why, "drop %zu without a reason", i);
    }
    return out;
}

/* segments: "start end text" a line; '#' before it: with doubts of the
 * recogniser (no_speech_prob avg_logprob compression_ratio). */
static void draft_of(const char *lines, struct asr_draft *d)
{
    struct asr_segment *s = arena_array(&arena, 400, sizeof *s);

    *d = (struct asr_draft){.kind = "test", .language = STR("en")};
    d->segments = s;
    for (const char *at = lines; *at;) {
        const char *end = strchrnul(at, '\n');
        double v[5] = {NAN, NAN, NAN, NAN, NAN};
        int used = 0, n = *at == '#' ? 5 : 2;

        at += n == 5;
        for (int i = 0; i < n; i++) {
            char *after;

            v[i] = strtod(at, &after);
            at = after;
        }
        (void)used;
        while (*at == ' ')
            at++;
        s[d->n++] = (struct asr_segment){.text = {at, (size_t)(end - at)},
                                         .speaker = STR(""),
                                         .start = v[0],
                                         .end = v[1],
                                         .no_speech_prob = v[2],
                                         .avg_logprob = v[3],
                                         .compression_ratio = v[4]};
        at = *end ? end + 1 : end;
    }
}

static void check_clip(const char *lines, const struct asr_clip *clip,
                       unsigned rules, const char *want)
{
    struct asr_draft d;
    struct asr_result r;

    draft_of(lines, &d);
    asr_clean(&arena, phrases, &d, clip, rules, &r);
    CHECK_TEXT(show(&r), want);
    arena_reset(&arena);
}

static void check_rules(const char *lines, const char *want)
{
    struct asr_clip clip = {20, false, NULL};

    check_clip(lines, &clip, ALL, want);
}

static void check_sound(const char *digits, const char *lines, const char *want)
{
    struct asr_clip clip = {20, false, sound(digits, 0)};

    check_clip(lines, &clip, ALL, want);
}

static void test_good(void)
{
    check_rules("0 1 Hello\n1 2 you", "0-1 Hello | 1-2 you");
    check_rules("", "");
    check_rules("1 2 you\n0 1 Hello", "0-1 Hello | 1-2 you");
    check_rules("0 1 Hello\n0 1 Hello\n0.5 1 so", "0-1 Hello | 0.5-1 so");
    check_case("what is fine stays, in order, doubles once");
    check_rules("0 3 Thank you for watching!\n3 4 Bye.",
                "0-3 Thank you for watching! | 3-4 Bye.");
    check_case("without evidence a stock phrase stays");
}

static void test_clip(void)
{
    struct asr_clip silent = {20, true, NULL};
    struct asr_clip endless = {(double)NAN, false, NULL};

    check_clip("0 1 Hello\n1 2 you", &silent, ALL,
               "; no-audio x1 0-1 Hello; no-audio x1 1-2 you");
    check_clip("0 1 Hello", &silent, ALL & ~(1u << ASR_NO_AUDIO), "0-1 Hello");
    check_case("a clip without sound has no transcript");
    check_rules("1 1 Hello\n3 2 you\n4 5 so",
                "4-5 so; interval x1 1-1 Hello; interval x1 3-2 you");
    check_case("segments that take no time are taken out");
    check_rules("18 19 Hello\n19 22 you there\n20 21 so\n25 26 on",
                "18-19 Hello | 19-20 you there; outside x1 20-21 so; outside "
                "x1 25-26 on");
    check_rules("-2 -1 a\n-1 1 b", "0-1 b; outside x1 -2--1 a");
    check_clip("20 21 so", &endless, ALL, "20-21 so");
    check_case("segments outside of the clip are taken out, others cut");
}

static void test_words_outside(void)
{
    static const struct asr_word words[] = {
        {STR("Hello"), 18, 18.5, NAN, WORD_ALIGNED},
        {STR("7"), NAN, NAN, NAN, WORD_NONE},
        {STR("you"), 19.5, 20.5, NAN, WORD_ALIGNED},
        {STR("there"), 20.5, 21, NAN, WORD_ALIGNED}};
    struct asr_segment s = {
        STR("Hello 7 you there"), STR(""), 18, 21, NAN, NAN, NAN, words, 4};
    struct asr_draft d = {.kind = "test", .segments = &s, .n = 1};
    struct asr_clip clip = {20, false, NULL};
    struct asr_result r;

    asr_clean(&arena, phrases, &d, &clip, ALL, &r);
    CHECK_TEXT(show(&r), "18-20 Hello 7 you; outside x1 18-21 Hello 7 you there"
                         " -> Hello 7 you");
    asr_clean(&arena, phrases, &d, &clip, 0, &r);
    CHECK_TEXT(show(&r), "18-21 Hello 7 you there");
    s.start = s.end = 18;
    asr_clean(&arena, phrases, &d, &clip, ALL, &r);
    CHECK_TEXT(show(&r), "18-20 Hello 7 you; outside x1 18-18 Hello 7 you there"
                         " -> Hello 7 you");
    arena_reset(&arena);
    check_case("words after the end are taken out, no interval is repaired");
}

static void test_doubts(void)
{
    check_rules("#0 1 0.9 -1.2 1.1 Hello\n#1 2 0.9 -0.5 1 and\n"
                "#2 3 0.3 -1.5 1 there",
                "1-2 and | 2-3 there; no-speech x1 0-1 Hello");
    check_case("what the recogniser took for silence is taken out");
    check_rules("#0 2 0.7 -0.5 1 Thanks for watching!\n"
                "#2 4 0.5 -0.5 1 Thanks for watching!",
                "2-4 Thanks for watching!; stock x1 0-2 Thanks for watching!");
    check_case("a stock phrase needs one doubt only");
}

static void test_sound(void)
{
    check_sound("2222999999", "0 2 Hello there\n3 4 so it goes",
                "0-2 Hello there; silence x1 3-4 so it goes");
    check_sound("2222777777", "0 2 Hello there\n3 4 so it goes",
                "0-2 Hello there; silence x1 3-4 so it goes");
    check_sound("2222555555", "0 2 Hello there\n3 4 so it goes",
                "0-2 Hello there | 3-4 so it goes");
    check_sound("7777777777", "0 2 Hello there", "0-2 Hello there");
    check_sound("2222", "0 2 Hello there\n3 4 so it goes",
                "0-2 Hello there; silence x1 3-4 so it goes");
    check_case("text over nothing at all is taken out");
    check_sound("2222555555", "0 2 Hello there\n3 4 Thank you for watching.",
                "0-2 Hello there; stock x1 3-4 Thank you for watching.");
    check_sound("2222333333", "0 2 Hello there\n3 4 Thank you for watching.",
                "0-2 Hello there | 3-4 Thank you for watching.");
    check_sound("4444555555", "3 4 Thank you.", "3-4 Thank you.");
    check_sound("7777777777", "3 4 Thank you.", "; stock x1 3-4 Thank you.");
    check_sound("2222552555", "2 3 Thank you.", "2-3 Thank you.");
    check_sound("2222552555", "3.2 3.4 Thank you.", "3.2-3.4 Thank you.");
    check_sound("2222552555", "3.8 4.4 Thank you.",
                "; stock x1 3.8-4.4 Thank you.");
    check_sound("2222552555", "1 2 Hello\n2 3 Thank you.\n4 5 you",
                "1-2 Hello | 2-3 Thank you.; stock x1 4-5 you");
    check_sound("2222555555", "1 2 Hello\n2 3 Thank you.",
                "1-2 Hello; stock x1 2-3 Thank you.");
    check_case("a stock phrase stays where something is to be heard");
}

static void test_offset(void)
{
    struct asr_clip late = {20, false, NULL}, early = late;

    late.levels = sound("222299999", 2);
    check_clip("0 2 Hello there\n2 4 and you\n5 6 or me", &late, ALL,
               "0-2 Hello there | 2-4 and you; silence x1 5-6 or me");
    early.levels = sound("999922999", -2);
    check_clip("0 1 Hello\n2 3 and you\n4 5 or me", &early, ALL,
               "0-1 Hello | 2-3 and you; silence x1 4-5 or me");
    check_case("sound that begins late or early is given both readings");
}

static void test_phrases(void)
{
    static const char *const credits[] = {
        "Subtitles by the Amara.org community",
        "Untertitel im Auftrag des ZDF für funk, 2017",
        "UNTERTITELUNG DES ZDF, 2020",
        "Sous-titrage Société Radio-Canada",
        "Sous-titrage ST' 501",
        "Субтитры сделал DimaTorzok",
        "Редактор субтитров А.Семкин Корректор А.Егорова",
        "字幕由Amara.org社区提供",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "Altyazı M.K.",
        "ترجمة نانسي قنقر",
        "Napisy stworzone przez społeczność Amara.org",
    };
    static const char *const stock[] = {
        "Thank you for watching!",
        "THANKS FOR WATCHING",
        "Thank you.",
        "you",
        "Vielen Dank fürs Zuschauen!",
        "Merci d’avoir regardé cette vidéo.",
        "¡Suscríbete al canal!",
        "Gracias por ver el video",
        "ご視聴ありがとうございました",
        "谢谢观看",
        "感謝觀看",
        "시청해주셔서 감사합니다.",
        "Спасибо за просмотр!",
        "Продолжение следует...",
        "Obrigado por assistir!",
        "Thank you. Bye.",
        "Thank you. Thank you. Thank you.",
        "Thanks for watching and see you next time",
        "Please like and subscribe!",
        "Cảm ơn các bạn đã theo dõi",
        "Dziękuję za uwagę.",
        "İzlediğiniz için teşekkür ederim.",
    };
    static const char *const speech[] = {
        "Thank you all for coming to the meeting tonight",
        "you know what I mean",
        "He said thank you and left",
        "I was watching the road",
        "Subtitles are hard to read",
        "so we drove on",
    };
    struct asr_clip clip = {20, false, NULL};
    struct asr_draft d;
    struct asr_result r;

    for (size_t i = 0; i < sizeof credits / sizeof *credits; i++) {
        draft_of(arena_printf(&arena, "0 9 %s", credits[i]), &d);
        asr_clean(&arena, phrases, &d, &clip, ALL, &r);
        CHECK(r.n_drops == 1 && r.drops[0].rule == ASR_CREDIT, "%s",
              credits[i]);
    }
    check_case("credits of subtitles are no speech, in many languages");
    for (size_t i = 0; i < sizeof stock / sizeof *stock; i++) {
        clip.levels = sound("777777777777777777777", 0);
        draft_of(arena_printf(&arena, "0 9 %s", stock[i]), &d);
        asr_clean(&arena, phrases, &d, &clip, ALL, &r);
        CHECK(r.n_drops == 1 && r.drops[0].rule == ASR_STOCK, "%s", stock[i]);
        clip.levels = sound("222222222222222222222", 0);
        asr_clean(&arena, phrases, &d, &clip, ALL, &r);
        CHECK(r.n_drops == 0, "%s over sound", stock[i]);
    }
    check_case("stock phrases over silence, in many languages");
    for (size_t i = 0; i < sizeof speech / sizeof *speech; i++) {
        clip.levels = sound("777777777777777777777", 0);
        draft_of(arena_printf(&arena, "0 9 %s", speech[i]), &d);
        asr_clean(&arena, phrases, &d, &clip, ALL, &r);
        CHECK(r.n_drops == 0, "%s", speech[i]);
    }
    arena_reset(&arena);
    check_case("what only holds the words of one is none");
}

static void test_rate(void)
{
    check_rules("0 0.1 Hello.", "0-0.1 Hello.");
    check_rules("0 1 I do not know what you are talking about",
                "0-1 I do not know what you are talking about");
    check_rules("0 0.2 I do not know what you are talking about",
                "; rate x1 0-0.2 I do not know what you are talking about");
    check_rules("0 1 a to be or not to be as it is so we go on in it up to us",
                "0-1 a to be or not to be as it is so we go on in it up to us");
    check_rules("0 1 今天天气很好我们去公园玩", "0-1 今天天气很好我们去公园玩");
    check_rules("0 0.2 今天天气很好我们去公园玩吧",
                "; rate x1 0-0.2 今天天气很好我们去公园玩吧");
    check_case("nobody speaks faster than the fastest");
}

static char *repeated(const char *before, const char *unit, int n,
                      const char *after)
{
    char *text = arena_strdup(&arena, before);

    for (int i = 0; i < n; i++)
        text = arena_printf(&arena, "%s%s", text, unit);
    return arena_printf(&arena, "%s%s", text, after);
}

static void test_loops(void)
{
    char *lines = arena_strdup(&arena, "0 1 Hello");

    for (int i = 1; i < 12; i++)
        lines =
            arena_printf(&arena, "%s\n%d %d I'm not sure.", lines, i, i + 1);
    lines = arena_strdup(&kept, arena_printf(&arena, "%s\n12 13 Bye", lines));
    check_rules(lines, "0-1 Hello | 1-2 I'm not sure. | 12-13 Bye; loop x10 "
                       "2-12 I'm not sure.");
    check_case("the same segment over and over is said once");
    check_rules("0 1 Row, row, row your boat\n1 2 No. No. No. No.\n"
                "2 3 ha ha ha ha ha ha ha ha ha",
                "0-1 Row, row, row your boat | 1-2 No. No. No. No. | "
                "2-3 ha ha ha ha ha ha ha ha ha");
    check_rules("0 4 we will rock you\n5 8 we will rock you\n"
                "9 12 we will rock you",
                "0-4 we will rock you | 5-8 we will rock you | "
                "9-12 we will rock you");
    check_case("what people repeat stays");
    check_rules("0 2 a cat sat\n2 4 on the mat\n4 6 A cat sat.\n6 8 On the "
                "mat.\n8 10 a cat sat\n10 12 on the mat\n12 14 a cat sat\n"
                "14 16 on the mat",
                "0-2 a cat sat | 2-4 on the mat; loop x1 4-6 A cat sat.; loop "
                "x1 6-8 On the mat.; loop x1 8-10 a cat sat; loop x1 10-12 on "
                "the mat; loop x1 12-14 a cat sat; loop x1 14-16 on the mat");
    check_case("sentences in turn are a loop, too");
    check_rules(arena_strdup(&kept, repeated("0 15 Well. ", "I know, ", 9,
                                             "I went home.")),
                "0-15 Well. I know, I went home.; loop x1 0-15 Well. I know, I "
                "know, I know, I know, I know, I know, I know, I know, I know, "
                "I went home. -> Well. I know, I went home.");
    check_rules(
        arena_strdup(&kept, repeated("0 9 ", "谢谢你们", 5, "")),
        "0-1.8 谢谢你们; loop x1 0-9 谢谢你们谢谢你们谢谢你们谢谢你们谢谢"
        "你们 -> 谢谢你们");
    check_case("a loop inside a segment is cut down to one turn");
    check_rules("#0 2 0.1 -0.5 3 we go home\n#2 4 0.1 -0.5 3 we go home\n"
                "#4 6 0.1 -0.5 3 we go home",
                "0-2 we go home; loop x2 2-6 we go home");
    check_rules("#0 2 0.1 -0.5 2 we go home\n#2 4 0.1 -0.5 2 we go home\n"
                "#4 6 0.1 -0.5 2 we go home",
                "0-2 we go home | 2-4 we go home | 4-6 we go home");
    check_case("text that compresses too well needs fewer turns");
}

static void test_switches(void)
{
    struct asr_clip clip = {5, false, sound("9999999999", 0)};

    check_clip("0 1 Subtitles by the Amara.org community\n"
               "1 1 Hello\n6 7 there\n#2 3 0.9 -2 3 you",
               &clip, 0,
               "0-1 Subtitles by the Amara.org community | 1-1 Hello | "
               "2-3 you | 6-7 there");
    check_case("without rules everything stays");
}

/* A loop of a million words takes no longer than any other text. */
static void test_long(void)
{
    size_t n = 1 << 19;
    char *text = malloc(2 * n + 1);
    struct asr_segment s = {.start = 0, .end = 20, .speaker = STR("")};
    struct asr_draft d = {.kind = "test", .segments = &s, .n = 1};
    struct asr_clip clip = {20, false, NULL};
    struct asr_result r;

    BUG_IF(!text);
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = (char)('a' + i * i / 7 % 3);
        text[2 * i + 1] = ' ';
    }
    s.text = (struct str){text, 2 * n};
    asr_clean(&arena, phrases, &d, &clip, 1u << ASR_LOOP, &r);
    CHECK(r.n_drops == 1, "%zu drops", r.n_drops);
    free(text);
    arena_release(&arena);
    check_case("work on a long text is bounded");
}

int main(void)
{
    struct asid_err err = {.text = ""};

    CHECK_OK(asr_phrases_load(&kept, &phrases, &err), err);
    if (!phrases)
        return check_done();
    CHECK(strlen(asr_version(phrases)) == 20, "%s", asr_version(phrases));
    check_case("the phrases load");
    test_good();
    test_clip();
    test_words_outside();
    test_doubts();
    test_sound();
    test_offset();
    test_phrases();
    test_rate();
    test_loops();
    test_switches();
    test_long();
    arena_release(&arena);
    arena_release(&kept);
    return check_done();
}
