/* Sidecars of every format, good and bad, to transcripts. */
#include "asid/curate/asr.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"

static struct arena arena;

/* --- reading --------------------------------------------------------------- */

static char *shown(double value)
{
    return isfinite(value) ? arena_printf(&arena, "%.6g", value)
                           : arena_strdup(&arena, "-");
}

static char *words_of(const struct asr_segment *s)
{
    char *text = arena_strdup(&arena, "");

    for (size_t i = 0; i < s->n_words; i++) {
        const struct asr_word *w = &s->words[i];
        const char *score =
            isfinite(w->score) ? arena_printf(&arena, " %g", w->score) : "";

        text = arena_printf(&arena, "%s [" STR_FMT " %s %s%s%s]", text,
                            STR_ARG(w->text), shown(w->start), shown(w->end),
                            score, w->method == WORD_PROPORTIONAL ? " p" : "");
    }
    return text;
}

/* "kind (language): 0-1 S: text [word 0 1] | ..."; of a refused file its
 * reason, in brackets what was skipped. */
static const char *read_file(enum asr_format format, const char *file, size_t n)
{
    struct asid_err err = {.text = ""};
    struct asr_draft d;
    struct str text = {file, n};
    char *out;

    if (asr_parse(&arena, format, text, 20, &d, &err) != ASID_OK) {
        CHECK_TEXT(err.code, "asr.sidecar");
        return arena_printf(&arena, "%s%s",
                            d.foreign ? "foreign: " : "refused: ", err.text);
    }
    out = arena_printf(&arena, "%s%s" STR_FMT "%s:", d.kind,
                       d.language.n ? " (" : "", STR_ARG(d.language),
                       d.language.n ? ")" : "");
    for (size_t i = 0; i < d.n; i++) {
        const struct asr_segment *s = &d.segments[i];

        out = arena_printf(&arena, "%s%s %s-%s " STR_FMT "%s" STR_FMT "%s", out,
                           i ? " |" : "", shown(s->start), shown(s->end),
                           STR_ARG(s->speaker), s->speaker.n ? ": " : "",
                           STR_ARG(s->text), words_of(s));
    }
    if (d.skipped > 0)
        out =
            arena_printf(&arena, "%s (%zu: %s)", out, d.skipped, d.skipped_why);
    return out;
}

struct file_case {
    const char *file, *want;
};

static void check_files(enum asr_format format, const struct file_case *c,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        CHECK_TEXT(read_file(format, c[i].file, strlen(c[i].file)), c[i].want);
        arena_reset(&arena);
    }
}
#define CHECK_FILES(format, cases)                                             \
 check_files(format, cases, sizeof(cases) / sizeof *(cases))

#define T1 "00:00:01,000 --> 00:00:02,500\n"
#define T2 "00:00:03,000 --> 00:00:04,000\n"

static void test_srt(void)
{
    static const struct file_case plain[] = {
        {"1\n" T1 "Hello\n\n2\n" T2 "you\n", "srt: 1-2.5 Hello | 3-4 you"},
        {"\xef\xbb\xbf"
         "1\r\n00:00:01,000 --> 00:00:02,500\r\nHello\r\n\r\n",
         "srt: 1-2.5 Hello"},
        {"1\r00:00:01,000 --> 00:00:02,500\rHello\r\r", "srt: 1-2.5 Hello"},
        {T1 "Hello\n\n" T2 "you", "srt: 1-2.5 Hello | 3-4 you"},
        {"1\n00:00:01.000 --> 00:00:02.500\nHello\n", "srt: 1-2.5 Hello"},
        {"1\n0:01,5 --> 0:2\nHello\n", "srt: 1.5-2 Hello"},
        {"1\n00:00:01,000-->00:00:02,500\nHello", "srt: 1-2.5 Hello"},
        {"1\n  00:00:01,000 -->  00:00:02,500  X1:40 X2:600 Y1:1 Y2:2\nHello",
         "srt: 1-2.5 Hello"},
        {"1\n100:00:00,000 --> 100:00:01,25\nlate", "srt: 360000-360001 late"},
        {"1\n-00:00:01,000 --> 00:00:01,000\nearly", "srt: -1-1 early"},
        {"", "srt:"},
        {" \n\r\n", "srt:"},
    };
    static const struct file_case order[] = {
        {"2\n" T2 "you\n\n1\n" T1 "Hello\n", "srt: 3-4 you | 1-2.5 Hello"},
        {T1 "Hello\n\n" T1 "you\n", "srt: 1-2.5 Hello | 1-2.5 you"},
        {"1\n00:00:05,000 --> 00:00:02,500\nback", "srt: 5-2.5 back"},
    };
    static const struct file_case blanks[] = {
        {"1\n" T1 "Hello\n2\n" T2 "you\n3\n" T2 "too",
         "srt: 1-2.5 Hello | 3-4 you | 3-4 too"},
        {"7\n" T1 "Hello\n\n\n\n8\n" T2 "\n\nyou\n\nthere\n",
         "srt: 1-2.5 Hello | 3-4 you there"},
        {"1\n" T1 "42\n\n2\n" T2 "43\n", "srt: 1-2.5 42 | 3-4 43"},
        {"1\n" T1 "Hello\n2026\n" T2 "you\n",
         "srt: 1-2.5 Hello 2026 | 3-4 you"},
        {"1\n" T1 "Hello\n\n1\n" T2 "you\n", "srt: 1-2.5 Hello | 3-4 you"},
        {"1\n" T1 "\n2\n" T2 "\n", "srt:"},
    };
    static const struct file_case text[] = {
        {T1 "<i>He</i> <b>is</b> <font color=\"#ff0000\">red</font><br/>now",
         "srt: 1-2.5 He is rednow"},
        {T1 "{\\an8}{\\pos(10,20)}Up {here}", "srt: 1-2.5 Up {here}"},
        {T1 "I <3 you & a < b > c <http://x>",
         "srt: 1-2.5 I <3 you & a < b > c <http://x>"},
        {T1 "<i>open <b", "srt: 1-2.5 open <b"},
        {T1 "R&amp;B &lt;b&gt; &quot;x&quot; &#39;y&#x27; a&nbsp;b &bogus; &#;",
         "srt: 1-2.5 R&B <b> \"x\" 'y' a b &bogus; &#;"},
        {T1 "a&#0;b&#xD800;c&#1114112;", "srt: 1-2.5 a\uFFFD"
                                         "b\uFFFD"
                                         "c\uFFFD"},
        {T1 "two\nlines\t of  text \n", "srt: 1-2.5 two lines of text"},
        {T1 "你好\n世界 ok", "srt: 1-2.5 你好世界 ok"},
        {T1 "a\u200b"
            "b\ufeff c",
         "srt: 1-2.5 ab c"},
        {T1 "A --> B is no time", "srt: 1-2.5 A --> B is no time"},
        {T1 "[SPEAKER_01]: So we go", "srt: 1-2.5 SPEAKER_01: So we go"},
        {T1 "[Music]", "srt: 1-2.5 [Music]"},
        {T1 "[]: x", "srt: 1-2.5 []: x"},
    };
    static const struct file_case bad[] = {
        {"1\n00:00:01,000 --> 00:99\nx\n\n2\n" T2 "you",
         "srt: 3-4 you (1: line 2: \"00:00:01,000 --> 00:99\" is no pair of "
         "times)"},
        {"1\n00:00:61,000 --> 00:00:62,000\nx\n",
         "refused: line 2: \"00:00:61,000 --> 00:00:62,000\" is no pair of "
         "times"},
        {T1 "x\n\n12 --> 13\ny\n\n1:2:3:4 --> 5\nz\n",
         "srt: 1-2.5 x (2: line 4: \"12 --> 13\" is no pair of times)"},
        {"99999999:00:00,000 --> 99999999:00:01,000\nx",
         "refused: line 1: \"99999999:00:00,000 --> 99999999:00:01,000\" is no "
         "pair of times"},
        {"<html>no</html>", "refused: has no line with \"-->\""},
        {"\xff\xfe"
         "1\n",
         "refused: is UTF-16, not UTF-8"},
        {"1\n" T1 "caf\xe9", "refused: byte 35 is not UTF-8"},
    };

    CHECK_FILES(ASR_SRT, plain);
    check_case("SubRip: byte-order mark, line ends, commas and dots, hours");
    CHECK_FILES(ASR_SRT, order);
    check_case("SubRip: cues out of order, overlapping, back to front");
    CHECK_FILES(ASR_SRT, blanks);
    check_case("SubRip: blank lines too few and too many, numbers as text");
    CHECK_FILES(ASR_SRT, text);
    check_case("SubRip: tags, positions, entities, speakers");
    CHECK_FILES(ASR_SRT, bad);
    CHECK_TEXT(read_file(ASR_SRT, "1\n" T1 "a\0b", 35),
               "refused: byte 33 is U+0000");
    check_case("SubRip: what cannot be read is told with its place");
}

#define V1 "00:01.000 --> 00:02.500"
#define V2 "00:00:03.000 --> 00:00:04.000"

static void test_vtt(void)
{
    static const struct file_case plain[] = {
        {"WEBVTT\n\n" V1 "\nHello\n\n" V2 "\nyou\n",
         "vtt: 1-2.5 Hello | 3-4 you"},
        {"\xef\xbb\xbfWEBVTT - title\r\nKind: captions\r\nLanguage: en-US\r\n"
         "\r\nid 1\r\n" V1 " align:start position:0%\r\nHello\r\n",
         "vtt (en-US): 1-2.5 Hello"},
        {"WEBVTT\n\n", "vtt:"},
        {"WEBVTT", "vtt:"},
        {"WEBVTT\n" V1 "\nno blank\n" V2 "\nline",
         "vtt: 1-2.5 no blank | 3-4 line"},
        {V1 "\nno header", "vtt: 1-2.5 no header"},
        {"WEBVTTX\n\n" V1 "\nx", "vtt: 1-2.5 x"},
        {"WEBVTT\n\n1\n" V1 "\nHello\n\n2\n" V2 "\n42\n",
         "vtt: 1-2.5 Hello | 3-4 42"},
    };
    static const struct file_case blocks[] = {
        {"WEBVTT\n\nNOTE a note\nthat goes on\n\n" V1 "\nx\n\nNOTE\n\n" V2
         "\ny\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:fred\n",
         "vtt: 1-2.5 x | 3-4 y"},
        {"WEBVTT\n\n" V1 "\nNOTE this is said\n",
         "vtt: 1-2.5 NOTE this is said"},
        {"WEBVTT\n\n" V1 "\nx\n\nstray text\n\n" V2 "\ny\n",
         "vtt: 1-2.5 x | 3-4 y"},
        {"WEBVTT\n\n" V1 "\nNOTES are said\n\nNOTES of a block\n",
         "vtt: 1-2.5 NOTES are said"},
    };
    static const struct file_case tags[] = {
        {"WEBVTT\n\n" V1 "\n<v Ann>Hello <i>you</i>",
         "vtt: 1-2.5 Ann: Hello you"},
        {"WEBVTT\n\n" V1 "\n<v.loud.x Ann Lee>Hello</v> there",
         "vtt: 1-2.5 Ann Lee: Hello | 1-2.5 there"},
        {"WEBVTT\n\n" V1 "\n<v Ann>Hi\n<v Bob>Ho</v>",
         "vtt: 1-2.5 Ann: Hi | 1-2.5 Bob: Ho"},
        {"WEBVTT\n\n" V1 "\n<v>x <video>y</video>", "vtt: 1-2.5 x y"},
        {"WEBVTT\n\n" V1 "\n<c.yellow.bg_blue>a</c> <lang en>b</lang> <ruby>漢"
         "<rt>kan</rt></ruby>!",
         "vtt: 1-2.5 a b 漢!"},
        {"WEBVTT\n\n" V1 "\nx&lrm;y &rlm;z&nbsp;a", "vtt: 1-2.5 xy z a"},
    };
    static const struct file_case stamps[] = {
        {"WEBVTT\n\n" V1 "\none <00:01.500>two <00:00:02.000>three",
         "vtt: 1-2.5 one two three [one 1 1.5] [two 1.5 2] [three 2 2.5]"},
        {"WEBVTT\n\n" V1 "\n<00:01.000>aa bb<00:02.000> c",
         "vtt: 1-2.5 aa bb c [aa 1 1.5 p] [bb 1.5 2 p] [c 2 2.5]"},
        {"WEBVTT\n\n" V1 "\na <99:99.000>b <1>c <00:01.2x>d",
         "vtt: 1-2.5 a <99:99.000>b <1>c <00:01.2x>d"},
        {"WEBVTT\n\n" V1 "\nsyl<00:01.500>la<00:02.000>ble <00:02.2>x",
         "vtt: 1-2.5 syllable x [syllable 1.5 2.2] [x 2.2 2.5]"},
        {"WEBVTT\n\n" V1 "\n<v A>a <00:01.500>b <v B>c <00:02.000>d",
         "vtt: 1-2.5 A: a b [a 1 1.5] [b 1.5 2] | 1-2.5 B: c d [c 1.5 2] "
         "[d 2 2.5]"},
    };

    CHECK_FILES(ASR_VTT, plain);
    check_case("WebVTT: header, language, identifiers, settings");
    CHECK_FILES(ASR_VTT, blocks);
    check_case("WebVTT: notes, styles and regions are no cues");
    CHECK_FILES(ASR_VTT, tags);
    check_case("WebVTT: voices, classes, ruby, entities");
    CHECK_FILES(ASR_VTT, stamps);
    check_case("WebVTT: times inside a cue give times of words");
    CHECK_TEXT(read_file(ASR_SRT, "WEBVTT\n\n" V1 "\nx\n\nNOTE n", 41),
               "vtt: 1-2.5 x");
    check_case("WebVTT under the name of SubRip is read as what it is");
}

static void test_rolling(void)
{
    static const struct file_case rolling[] = {
        /* As YouTube writes it. */
        {"WEBVTT\nKind: captions\nLanguage: en\n\n"
         "00:00:00.160 --> 00:00:02.350 align:start position:0%\n \n"
         "all<00:00:00.320><c> right</c><00:00:00.480><c> so</c>\n\n"
         "00:00:02.350 --> 00:00:02.360 align:start position:0%\n"
         "all right so\n \n\n"
         "00:00:02.360 --> 00:00:05.310 align:start position:0%\n"
         "all right so\nhere<00:00:02.560><c> we</c>\n\n"
         "00:00:05.310 --> 00:00:05.320 align:start position:0%\n"
         "here we\n \n\n"
         "00:00:05.320 --> 00:00:07.000 align:start position:0%\n"
         "here we\nare<00:00:06.000><c> now</c>\n",
         "vtt (en): 0.16-2.35 all right so [all 0.16 0.32] [right 0.32 0.48] "
         "[so 0.48 2.35] | 2.36-5.31 here we [here 2.36 2.56] [we 2.56 5.31] | "
         "5.32-7 are now [are 5.32 6] [now 6 7]"},
        {"1\n00:00:00,000 --> 00:00:01,000\na b\n\n2\n"
         "00:00:01,000 --> 00:00:02,000\na b\nc d\n\n3\n"
         "00:00:02,000 --> 00:00:03,000\nc d\ne f\n\n4\n"
         "00:00:03,000 --> 00:00:04,000\ne f\n",
         "vtt: 0-1 a b | 1-2 c d | 2-3 e f"},
        {"1\n00:00:00,000 --> 00:00:01,000\n<v A>a b\n\n2\n"
         "00:00:01,000 --> 00:00:02,000\na b\n<v B>c d\n\n3\n"
         "00:00:02,000 --> 00:00:03,000\nc d\ne f\n",
         "vtt: 0-1 A: a b | 1-2 B: c d | 2-3 e f"},
    };
    static const struct file_case growing[] = {
        {"1\n00:00:00,000 --> 00:00:01,000\nSo\n\n2\n"
         "00:00:01,000 --> 00:00:02,000\nSo we\n\n3\n"
         "00:00:02,000 --> 00:00:03,000\nSo we\n\n4\n"
         "00:00:03,000 --> 00:00:04,000\nSo we go home\n",
         "srt: 0-4 So we go home [So 0 1] [we 1 3] [go 3 3.33333 p] "
         "[home 3.33333 4 p]"},
    };
    static const struct file_case lit[] = {
        {"1\n00:00:00,000 --> 00:00:01,000\n<u>So</u> we go\n\n2\n"
         "00:00:01,000 --> 00:00:01,200\nSo we go\n\n3\n"
         "00:00:01,200 --> 00:00:02,000\nSo <u>we</u> go\n\n4\n"
         "00:00:02,000 --> 00:00:03,000\nSo we <u>go</u>\n\n5\n"
         "00:00:04,000 --> 00:00:05,000\n<u>Now</u>\n",
         "srt: 0-3 So we go [So 0 1] [we 1.2 2] [go 2 3] | 4-5 Now"},
    };
    static const struct file_case said_twice[] = {
        {"1\n00:00:00,000 --> 00:00:01,000\nNo.\n\n2\n"
         "00:00:01,000 --> 00:00:02,000\nNo.\n\n3\n"
         "00:00:02,000 --> 00:00:03,000\nNo. Never.\n",
         "srt: 0-1 No. | 1-2 No. | 2-3 No. Never."},
        {"1\n00:00:00,000 --> 00:00:01,000\nthis <u>is</u> it\n\n2\n"
         "00:00:01,000 --> 00:00:02,000\nthis <u>is</u> it\n",
         "srt: 0-1 this is it | 1-2 this is it"},
        {"1\n00:00:00,000 --> 00:00:01,000\na\nb\n\n2\n"
         "00:00:05,000 --> 00:00:06,000\nb\nc\n\n3\n"
         "00:00:09,000 --> 00:00:10,000\nc\nd\n",
         "srt: 0-1 a b | 5-6 b c | 9-10 c d"},
    };

    CHECK_FILES(ASR_VTT, rolling);
    check_case("rolling captions are said once");
    CHECK_FILES(ASR_SRT, growing);
    check_case("growing captions are one, with the times of their parts");
    CHECK_FILES(ASR_SRT, lit);
    check_case("words that light up one by one get their times");
    CHECK_FILES(ASR_SRT, said_twice);
    check_case("what people say twice stays twice");
}

static void test_json(void)
{
    static const struct file_case whisper[] = {
        {"{\"text\":\" So we\",\"segments\":[{\"id\":0,\"start\":0.0,\"end\":2,"
         "\"text\":\" So we\",\"tokens\":[1,2],\"words\":[{\"word\":\" So\","
         "\"start\":0,\"end\":0.5,\"probability\":0.9},{\"word\":\" we\","
         "\"start\":0.5,\"end\":1}]}],\"language\":\"en\"}",
         "whisper (en): 0-2 So we [So 0 0.5 0.9] [we 0.5 1]"},
        {"{\"segments\":[],\"language\":\"en\"}", "whisper (en):"},
        {"[{\"start\":1,\"end\":2,\"text\":\"a\"}]", "whisper: 1-2 a"},
        {"{\"id\":\"x\",\"asr\":{\"name\":\"y\",\"segments\":[{\"start\":1,"
         "\"end\":2,\"text\":\"a\",\"words\":[{\"text\":\"a\",\"start\":1,"
         "\"end\":2,\"method\":\"proportional\"}]}]}}",
         "whisper: 1-2 a [a 1 2 p]"},
    };
    static const struct file_case whisperx[] = {
        {"{\"segments\":[{\"start\":0.1,\"end\":1,\"text\":\" In 2014\","
         "\"words\":[{\"word\":\"In\",\"start\":0.1,\"end\":0.3,\"score\":0.5,"
         "\"speaker\":\"SPEAKER_00\"},{\"word\":\"2014\"}],"
         "\"speaker\":\"SPEAKER_00\"}],\"word_segments\":[],"
         "\"language\":\"de\"}",
         "whisperx (de): 0.1-1 SPEAKER_00: In 2014 [In 0.1 0.3 0.5] "
         "[2014 - -]"},
        {"{\"segments\":[{\"start\":0,\"end\":1,\"words\":[{\"word\":\"a\","
         "\"speaker\":\"B\"},{\"word\":\"b\",\"score\":null}]}]}",
         "whisper: 0-1 B: a b [a - -] [b - -]"},
        {"{\"segments\":[{\"words\":[{\"word\":\" 你\",\"start\":1,\"end\":2,"
         "\"score\":1},{\"word\":\"好\",\"start\":2,\"end\":3,\"score\":1}]}]}",
         "whisperx: 1-3 你好 [你 1 2 1] [好 2 3 1]"},
    };
    static const struct file_case openai[] = {
        {"{\"task\":\"transcribe\",\"language\":\"english\",\"duration\":4,"
         "\"text\":\"a b c\",\"segments\":[{\"id\":0,\"start\":0,\"end\":2,"
         "\"text\":\" a b\"},{\"id\":1,\"start\":2,\"end\":4,\"text\":\" c\"}],"
         "\"words\":[{\"word\":\"a\",\"start\":0,\"end\":1},{\"word\":\"b\","
         "\"start\":1,\"end\":1.5},{\"word\":\"c\",\"start\":2,\"end\":3}]}",
         "openai (en): 0-2 a b [a 0 1] [b 1 1.5] | 2-4 c [c 2 3]"},
        {"{\"text\":\"a b\",\"usage\":{\"type\":\"duration\"}}",
         "openai: 0-20 a b"},
        {"{\"text\":\"\"}", "openai:"},
        {"{\"task\":\"transcribe\",\"text\":\"a b\",\"words\":[{\"word\":\"a\","
         "\"start\":1,\"end\":2},{\"word\":\"b\",\"start\":2,\"end\":3}]}",
         "openai: 1-3 a b [a 1 2] [b 2 3]"},
        {"{\"task\":\"transcribe\",\"text\":\"x\",\"segments\":[{\"type\":"
         "\"transcript.text.segment\",\"start\":1,\"end\":2,\"text\":\"x\","
         "\"speaker\":\"A\"}]}",
         "openai: 1-2 A: x"},
        {"{\"result\":{\"language\":\"fr\"},\"transcription\":[{\"timestamps\":"
         "{\"from\":\"00:00:00,000\"},\"offsets\":{\"from\":500,\"to\":1500},"
         "\"text\":\" oui\"}]}",
         "whisper.cpp (fr): 0.5-1.5 oui"},
    };
    static const struct file_case bad[] = {
        {"{\"title\":\"my clip\",\"duration\":3}",
         "foreign: is JSON of something that is no transcript"},
        {"{\"text\":\"a post\",\"likes\":3}",
         "foreign: is JSON of something that is no transcript"},
        {"[1,2]", "foreign: is JSON of something that is no transcript"},
        {"[]", "foreign: is JSON of something that is no transcript"},
        {"7", "foreign: is JSON of something that is no transcript"},
        {"{\"segments\":{}}",
         "foreign: is JSON of something that is no transcript"},
        {"{\"segments\":[{\"a\":1}]}",
         "foreign: is JSON of something that is no transcript"},
        {"{\"segments\":[{\"start\":0,\"end\":1,\"text\":\"a\"},"
         "{\"text\":\"b\"},7,{\"start\":1,\"end\":1e999,\"text\":\"c\"},"
         "{\"start\":\"2\",\"end\":3,\"text\":\"d\"},"
         "{\"start\":2,\"end\":1e8,\"text\":\"e\"},"
         "{\"start\":2,\"end\":3,\"text\":\" \"}]}",
         "whisper: 0-1 a (5: segment 1 has no start and end)"},
        {"{\"segments\":[{\"start\":null,\"end\":1,\"text\":\"a\"}]}",
         "refused: segment 0 has no start and end"},
        {"{\"segments\":[{\"start\":0,\"end\":1,\"text\":\"a\\u0000b\\n\\tc\","
         "\"words\":7}]}",
         "whisper: 0-1 a b c"},
        {"{\"segments\":[{\"start\":0,\"end\":1,\"text\":\"a\","
         "\"words\":[7,{},{\"word\":7},{\"word\":\"a\",\"start\":\"0\"}]}]}",
         "whisper: 0-1 a [a - -]"},
    };

    CHECK_FILES(ASR_JSON, whisper);
    check_case("Whisper's JSON, and asid's own");
    CHECK_FILES(ASR_JSON, whisperx);
    check_case("WhisperX: speakers, words without times, no text");
    CHECK_FILES(ASR_JSON, openai);
    check_case("OpenAI's replies and whisper.cpp");
    CHECK_FILES(ASR_JSON, bad);
    check_case("JSON that is something else, and JSON with holes");
    CHECK_TEXT(read_file(ASR_JSON, "{\"segments\":[NaN]}", 18),
               "refused: byte 13: expected a value");
    CHECK(str_starts(str_of(read_file(ASR_JSON,
                                      "{\"segments\":[],\"segments\":[]}", 29)),
                     "refused: "),
          "duplicate keys");
    check_case("JSON that is none tells where");
}

/* --- bounds ---------------------------------------------------------------- */

static void test_bounds(void)
{
    size_t n = (size_t)ASR_MAX_FILE + 1;
    char *file = malloc(n);
    struct asr_draft d;
    struct asid_err err = {.text = ""};

    BUG_IF(!file);
    memset(file, 'a', n);
    CHECK(asr_parse(&arena, ASR_SRT, (struct str){file, n}, NAN, &d, &err) ==
              ASID_REJECT,
          "too long");
    CHECK_TEXT(err.text, "has more than 16777216 bytes");
    check_case("a file that is too long is refused");
    /* Whatever is repeated, time stays linear: this would take hours. */
    for (int kind = 0; kind < 4; kind++) {
        static const char *const unit[] = {"00:00:01,000 --> 00:00:02,000\nx\n",
                                           "<", "00:01.000 --> ", "&#x1"};

        for (size_t i = 0; i < n; i++)
            file[i] = unit[kind][i % strlen(unit[kind])];
        memcpy(file, T1, strlen(T1));
        CHECK(asr_parse(&arena, ASR_SRT, (struct str){file, n / 4}, NAN, &d,
                        &err) != ASID_FAILED,
              "%s", unit[kind]);
        arena_reset(&arena);
    }
    free(file);
    arena_release(&arena);
    check_case("work on a hostile file is bounded");
}

/* --- languages ------------------------------------------------------------- */

static void test_language(void)
{
    static const char *const cases[][2] = {
        {"en", "en"},
        {"EN", "en"},
        {" english ", "en"},
        {"German", "de"},
        {"eng", "en"},
        {"en-US", "en-US"},
        {"pt_BR", "pt-BR"},
        {"zh-Hans", "zh-Hans"},
        {"haitian creole", "ht"},
        {"yue", "yue"},
        {"e", ""},
        {"engl", ""},
        {"", ""},
        {"../../x", ""},
        {"en-", ""},
        {"en-a", ""},
        {"en us", ""},
        {"mp4", ""},
        {"ckb", "ckb"},
        {"klingonese-with-a-name-that-is-too-long", ""},
    };
    static const char *const labels[][2] = {
        {"en", "en"},       {"en-orig", "en-orig"},
        {"pt-BR", "pt-BR"}, {"ger", "de"},
        {"sdh", ""},        {"cc", ""},
        {"mov", ""},        {"info", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(str_is(asr_language(&arena, str_of(cases[i][0])), cases[i][1]),
              "%s", cases[i][0]);
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        CHECK(str_is(asr_language_label(&arena, str_of(labels[i][0])),
                     labels[i][1]),
              "%s", labels[i][0]);
    arena_reset(&arena);
    check_case("languages get their codes");
}

int main(void)
{
    test_srt();
    test_vtt();
    test_rolling();
    test_json();
    test_bounds();
    test_language();
    arena_release(&arena);
    return check_done();
}
