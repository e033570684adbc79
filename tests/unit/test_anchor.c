/* Time anchors: what is one, what is none, and how one is written. */
#include <math.h>

#include "text_case.h"

/* Each anchor as "span=start" or "span=start..end", then r range, b written
 * back to front, l leads, v vague, w whole; joined by "; ". */
struct anchor_case {
    const char *text, *anchors;
};

static const struct anchor_case cases[] = {
    {"At 12s, he runs.", "At 12s=12 l"},
    {"at 0:12 he runs.", "at 0:12=12 l"},
    {"At 12 seconds, he runs.", "At 12 seconds=12 l"},
    {"At the 12-second mark, he runs.", "At the 12-second mark=12 l"},
    {"Around the 12-second mark, he runs.", "Around the 12-second mark=12 lv"},
    {"A dog barks (12s) loudly.", "(12s)=12"},
    {"[00:12] A dog barks.", "[00:12]=12 l"},
    {"At 12.5s, a dog barks.", "At 12.5s=12.5 l"},
    {"From 3s to 5s, he runs.", "From 3s to 5s=3..5 rl"},
    {"0:03-0:05: he runs.", "0:03-0:05=3..5 rl"},
    {"He runs between 3 and 5 seconds.", "between 3 and 5 seconds=3..5 r"},
    {"3s–5s: he runs.", "3s–5s=3..5 rl"},
    {"3s - 5s, he runs.", "3s - 5s=3..5 rl"},
    {"It costs $12 and he wins 2:1.", ""},
    {"The ratio is 16:9.", ""},
    {"At 3:30 pm he leaves.", ""},
    {"At 3:30 in the afternoon he leaves.", ""},
    {"He waits for 5 seconds.", ""},
    {"A 5-second pause follows.", ""},
    {"It happened on 12.05.2024 at v1.2.3.", ""},
    {"He runs 100 m in 12s.", ""},
    {"He says, \"At 5s, run!\"", ""},
    {"The clock shows 10:15.", ""},
    {"He lasts from 3 to 5 seconds.", ""},
    {"In the 1980s, it was so.", ""},
    {"At around 12s, he runs.", "At around 12s=12 lv"},
    {"By 12s, the bell has rung.", "By 12s=12 l"},
    {"He wins by 5 seconds.", ""},
    {"At second 12, he stops.", "At second 12=12 l"},
    {"12 seconds in, he stops.", "12 seconds in=12 l"},
    {"About 12 seconds into the video, he stops.",
     "About 12 seconds into the video=12 lv"},
    {"12 seconds later, he stops.", ""},
    {"At 1 minute 5 seconds, he stops.", "At 1 minute 5 seconds=65 l"},
    {"At 1m5s, he stops.", "At 1m5s=65 l"},
    {"At 1m 05s he stops.", "At 1m 05s=65 l"},
    {"At 3s and 7s, bells ring.", "At 3s=3 l; 7s=7"},
    {"At 3s, 5s, and 7s bells ring.", "At 3s=3 l; 5s=5 l; 7s=7 l"},
    {"From 3s onwards, it rains.", "From 3s onwards=3 l"},
    {"Starting at 3s, it rains.", "Starting at 3s=3 l"},
    {"Until 5s, it rains.", "Until 5s=5 l"},
    {"At five seconds, it rains.", "At five seconds=5 l"},
    {"At the five-second mark, it rains.", "At the five-second mark=5 l"},
    {"[0:03-0:05] it rains.", "[0:03-0:05]=3..5 rl"},
    {"(0:03 - 0:05) It rains.", "(0:03 - 0:05)=3..5 rl"},
    {"[00:00:03.000 --> 00:00:05.500] It rains.",
     "[00:00:03.000 --> 00:00:05.500]=3..5.5 rl"},
    {"At 00:12, it rains.", "At 00:12=12 l"},
    {"At timestamp 0:12, it rains.", "At timestamp 0:12=12 l"},
    {"At the timestamp of 12s, it rains.", "At the timestamp of 12s=12 l"},
    {"He scores at 2:1.", ""},
    {"At 5s intervals, it rings.", ""},
    {"Every 5s it rings.", ""},
    {"From 5s to 3s, it rains.", "From 5s to 3s=3..5 rbl"},
    {"At 0s, A. At 5s, B runs. From 0s to 20s, it rains.",
     "At 0s=0 l; At 5s=5 l; From 0s to 20s=0..20 rlw"},
    {"At 12 he was king.", ""},
    {"At 12s he was king.", "At 12s=12 l"},
    {"From the 3-second mark to the 5-second mark, it rains.",
     "From the 3-second mark to the 5-second mark=3..5 rl"},
    {"At 3-5s, it rains.", "At 3-5s=3..5 rl"},
    {"From 0:03 to 0:05, it rains.", "From 0:03 to 0:05=3..5 rl"},
    {"During 3s–5s, it rains.", "During 3s–5s=3..5 rl"},
    {"Between 0:03 and 0:05 it rains.", "Between 0:03 and 0:05=3..5 rl"},
    {"A car speeds at 100 km/h.", ""},
    {"The final score is 21:15.", ""},
    {"Genesis 1:12 is read.", ""},
    {"He reads 3:16.", ""},
    {"At 60 fps it runs.", ""},
    {"At t=12s it rains.", "At t=12s=12 l"},
    {"At ~12s it rains.", "At ~12s=12 lv"},
    {"The train departs at 10:45.", ""},
    {"It rains at 5s, then stops at 8s.", "at 5s=5; at 8s=8"},
    {"Then, at 5s, it rains.", "at 5s=5 l"},
    {"-5s it rains", ""},
    {"At 5 sec it rains, at 7 secs it stops.", "At 5 sec=5 l; at 7 secs=7 l"},
    {"At 90s, it rains.", "At 90s=90 l"},
    {"He is in his 20s.", ""},
    {"with 12 seconds left, he shoots.", ""},
    {"At the 1-minute mark he stops.", "At the 1-minute mark=60 l"},
    {"after 5 seconds, he stops.", ""},
    {"After 5s, he stops.", "After 5s=5 l"},
    {"The 10-second clip starts.", ""},
    {"It is 12s long.", ""},
    {"Seconds 3 to 5 show a dog.", "Seconds 3 to 5=3..5 rl"},
    {"In seconds 3-5, a dog runs.", "In seconds 3-5=3..5 rl"},
    {"第12秒,他走了。", "第12秒=12 l"},
    {"在12秒处,他走了。", "在12秒处=12 l"},
    {"A bell rings at 7.25s.", "at 7.25s=7.25"},
    {"The score changes from 3:05 to 3:10 for the home team.", ""},
    {"He finishes in 9.58 seconds.", ""},
    {"It weighs 12s pounds.", ""},
    {"She counts: 1, 2, 3.", ""},
    {"At $5 it is cheap.", ""},
    {"In 2019, 5 people came.", ""},
    {"Open from 9:00 to 17:00 daily.", ""},
    {"It lasts for 3s–5s.", ""},
    {"The video lasts 20 seconds.", ""},
    {"At 100s and at 200s, lights flash.", "At 100s=100 l; at 200s=200"},
    {"At 00:01:05, a door opens.", "At 00:01:05=65 l"},
    {"At 1:75 it fails.", ""},
    {"At 0:5 it fails.", ""},
    {"From 1 to 2 minutes, he sleeps.", "From 1 to 2 minutes=60..120 rl"},
    {"* 0:05 - He runs.", "0:05=5 l"},
    {"0:05 He runs. 0:09 She sits.", "0:05=5 l; 0:09=9 l"},
    {"By the 30-second mark, the cake is done.", "By the 30-second mark=30 l"},
    {"Between the 5-second and 9-second marks, he runs.",
     "Between the 5-second and 9-second marks=5..9 rl"},
    {"He runs @ 5s.", "@ 5s=5"},
    {"At about the 12-second mark, he runs.",
     "At about the 12-second mark=12 lv"},
    {"He is at 12s, she at 14s.", "at 12s=12; at 14s=14"},
    {"Timestamp 0:12: he runs.", "Timestamp 0:12=12 l"},
    {"“At 5s, go,” he says at 6s.", "at 6s=6"},
    {"The 3s sign glows.", ""},
    {"He ran 3:30 minutes.", ""},
    {"At 3:30 o'clock he left.", ""},
    {"Chapter 3:16 begins.", ""},
    {"At 5s per lap he is fast.", ""},
    {"At 5 seconds long, it is short.", ""},
    {"He won by 3s.", ""},
    {"from 2s until 4s, he waits", "from 2s until 4s=2..4 rl"},
    {"At 3s–5s, he waits.", "At 3s–5s=3..5 rl"},
    {"(from 3s to 5s) he waits", "(from 3s to 5s)=3..5 rl"},
    {"(at 3 seconds) he waits", "(at 3 seconds)=3 l"},
    {"(3 seconds) he waits", ""},
    {"[12s] he waits", "[12s]=12 l"},
    {"从3秒到5秒，他走了。", "从3秒到5秒=3..5 rl"},
    {"他走了5秒。", ""},
    {"持续12秒。", ""},
    {"At 12S, he waits.", "At 12S=12 l"},
    {"AT 12s, he waits.", "AT 12s=12 l"},
    {"At 12seconds, he waits.", "At 12seconds=12 l"},
    {"at 007s he waits", "at 007s=7 l"},
    {"At 1234567890123s he waits.", ""},
    {"Throughout, from 1s to 9s, it rains.", "from 1s to 9s=1..9 rlw"},
    {"At 0s, a. From 0s to 5s, b. At 3s, c. Overall, from 0s to 10s, d.",
     "At 0s=0 l; From 0s to 5s=0..5 rl; At 3s=3 l; from 0s to 10s=0..10 rlw"},
    {"No earlier than 5s, it rains.", ""},
    {"At 5s or 6s, it rains.", "At 5s=5 l; 6s=6"},
    {"At 5s.", "At 5s=5 l"},
    {"In the first 5 seconds, it rains.", ""},
    {"For the last 3s, it rains.", ""},
    {"Nach 5s regnet es.", ""},
    {"После 5 секунд идёт дождь.", ""},
};

static void describe(const struct text *t)
{
    for (size_t i = 0; i < t->n_anchors; i++) {
        const struct text_anchor *a = &t->anchors[i];

        buf_text(&found, i ? "; " : "");
        add_span(t, a->at);
        buf_printf(&found, "=%g", a->start);
        if (a->range)
            buf_printf(&found, "..%g", a->end);
        if (a->range || a->leads || a->vague)
            buf_char(&found, ' ');
        buf_text(&found, a->range ? "r" : "");
        buf_text(&found, a->reversed ? "b" : "");
        buf_text(&found, a->leads ? "l" : "");
        buf_text(&found, a->vague ? "v" : "");
        buf_text(&found, a->whole ? "w" : "");
    }
}

static void test_table(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        describe(take_apart(cases[i].text, ATTRIBUTE_NONE));
        CHECK_FOUND(cases[i].text, cases[i].anchors);
    }
    check_case("times are anchors where they are places in the video");
}

static void test_format(void)
{
    static const struct {
        double start, end;
        const char *want;
    } formats[] = {
        {12, 12, "At 12s"},         {3.25, 3.25, "At 3.25s"},
        {3.5, 3.5, "At 3.5s"},      {0, 0, "At 0s"},
        {3, 5, "From 3s to 5s"},    {0.125, 0.125, "At 0.13s"},
        {59.999, 59.999, "At 60s"}, {2.5, 7.25, "From 2.5s to 7.25s"},
        {-1, -1, "At 0s"},          {3600, 3600, "At 3600s"},
    };

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct str got =
            text_anchor_format(&arena, formats[i].start, formats[i].end);

        CHECK(str_is(got, formats[i].want), "got %s", got.p);
    }
    check_case("anchors have one spelling");
}

/* What is written is read again as the same time. */
static void test_round_trip(void)
{
    for (unsigned i = 0; i < 400; i++) {
        double start = i * 0.25, end = start + (i % 3) * 1.75;
        struct str a = text_anchor_format(&arena, start, end);
        char *text = arena_printf(&arena, "%s, he runs.", a.p);
        const struct text *t =
            text_analyse(rules, &arena, str_of(text), ATTRIBUTE_NONE);

        CHECK(t->n_anchors == 1, "%s", text);
        if (t->n_anchors != 1)
            continue;
        CHECK(fabs(t->anchors[0].start - start) < 1e-9, "%s", text);
        CHECK(fabs(t->anchors[0].end - end) < 1e-9, "%s", text);
        CHECK(t->anchors[0].leads, "%s", text);
    }
    check_case("a written anchor is read again");
}

/* "1m 1m 1m ..." must neither recurse nor take a square of time. */
static void test_long_chains(void)
{
    static const char *const units[] = {
        "1m ",    "1 minute and ", "12s and ", "from 3s to ",
        "about ", "the ",          "0:00:"};

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        struct buf b;
        const struct text *t;

        buf_init(&b, (size_t)1 << 20);
        while (b.n < 100000)
            buf_text(&b, units[i]);
        buf_text(&b, "12s");
        t = text_analyse(rules, &arena, buf_view(&b), ATTRIBUTE_NONE);
        CHECK(t->n_anchors < 100000, "%s", units[i]);
        for (size_t k = 1; k < t->n_anchors; k++)
            CHECK(t->anchors[k].at.at >=
                      t->anchors[k - 1].at.at + t->anchors[k - 1].at.n,
                  "%s: anchor %zu overlaps", units[i], k);
        buf_release(&b);
        arena_reset(&arena);
    }
    check_case("chains of times stay linear and apart");
}

int main(void)
{
    text_begin();
    test_table();
    test_format();
    test_round_trip();
    test_long_chains();
    return text_end();
}
