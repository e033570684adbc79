/* The times of records: what is found, what is repaired and how it is spelled,
 * what stays byte for byte; then faults injected into records made for it. */
#include "asid/curate/timecheck.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"

static const struct text_rules *rules;

/* --- records in short --------------------------------------------------------- */

/* JSON with ' for " and ~ for a quotation mark inside a text. */
static struct str json_of(struct arena *a, const char *text)
{
    struct buf b;
    struct str made;

    buf_init(&b, 1 << 20);
    for (; *text; text++) {
        if (*text == '~')
            buf_char(&b, '\\');
        buf_char(&b, *text == '~' || *text == '\'' ? '"' : *text);
    }
    made = (struct str){arena_strndup(a, b.p, b.n), b.n};
    buf_release(&b);
    return made;
}

static struct json *parse(struct arena *a, struct str text)
{
    struct json *record = NULL;
    struct asid_err err;

    if (json_parse(a, text, 0, &record, &err) != ASID_OK) {
        printf("Bail out! %s: " STR_FMT "\n", err.text, STR_ARG(text));
        exit(1);
    }
    return record;
}

static struct str written(struct arena *a, const struct json *record)
{
    struct buf b;
    struct str text;

    buf_init(&b, 1 << 24);
    json_write(&b, record);
    text = (struct str){arena_strndup(a, b.p, b.n), b.n};
    buf_release(&b);
    return text;
}

/* "code where claim repaired" of each finding: "time.outside actions 2 +;". */
static const char *findings_of(struct arena *a, const struct json *record)
{
    struct buf b;
    const char *text;

    buf_init(&b, 1 << 16);
    json_each(f, json_get(record, "findings")) {
        const char *where = json_text(json_get(f, "attribute"));
        int64_t claim = -1;

        (void)json_i64(json_get(f, "claim"), &claim);
        buf_printf(&b, "%s%s %s", b.n ? "; " : "",
                   json_text(json_get(f, "code")), where ? where : "caption");
        if (claim >= 0)
            buf_printf(&b, " %d", (int)claim);
        buf_text(&b, json_bool(json_get(f, "repaired")) ? " +" : " -");
    }
    text = arena_strndup(a, b.n ? b.p : "", b.n);
    buf_release(&b);
    return text;
}

/* --- the table ------------------------------------------------------------------ */

enum { PLAIN = 0, CANONICAL = 1, NO_REPAIR = 2, ONE_SECOND = 4 };

static struct timecheck_options options_of(unsigned flags)
{
    return (struct timecheck_options){
        .tolerance = flags & ONE_SECOND ? 1 : 2,
        .canonical = (flags & CANONICAL) != 0,
        .repair = !(flags & NO_REPAIR),
    };
}

#define CLIP(duration) "'media':{'duration':" #duration ",'video':{'fps':30}},"
#define TALK                                                                   \
 "'asr':{'segments':["                                                         \
 "{'start':2.1,'end':4,'text':'Good morning everyone in the room.'},"          \
 "{'start':8.2,'end':10,'text':'Where did you put my blue umbrella?'},"        \
 "{'start':15.3,'end':17,'text':'It is behind the kitchen door.'},"            \
 "{'start':22.4,'end':24,'text':'Thank you very much my friend.'},"            \
 "{'start':30.2,'end':33,'text':'We will see each other next summer then.'}]},"

static const struct record_case {
    const char *what, *record;
    unsigned flags;
    const char *findings;
    const char *key, *text; /* a text afterwards; key NULL: nothing changes */
} cases[] = {
    /* --- nothing wrong ------------------------------------------------------- */
    {"times in order inside the clip",
     CLIP(20) "'caption':'At 0s, a man walks in. At 5s, he sits. From 9s to "
              "12s, he drinks coffee.'",
     PLAIN, "", NULL, NULL},
    {"no times", CLIP(20) "'caption':'A man walks in and sits on a red chair.'",
     PLAIN, "", NULL, NULL},
    {"a record with nothing", "'x':1", PLAIN, "", NULL, NULL},
    {"nulls",
     "'media':{'duration':null,'video':null},'asr':null,'caption':null,"
     "'attributes':{'scene':null}",
     PLAIN, "", NULL, NULL},
    {"equal times are in order",
     CLIP(20) "'caption':'At 3s, a man waves. At 3s, a dog barks.'", PLAIN, "",
     NULL, NULL},
    {"a look back over the whole clip is no order fault",
     CLIP(20) "'caption':'At 0s, a man walks in. At 15s, he leaves. From 0s to "
              "20s, soft music plays.'",
     PLAIN, "", NULL, NULL},
    {"a look back that is over a second long",
     CLIP(20) "'caption':'At 4s, a man walks in. At 15s, he leaves. Throughout "
              "the video, from 0s to 20s, soft music plays.'",
     PLAIN, "", NULL, NULL},
    {"what was seen earlier is no order fault",
     CLIP(20) "'caption':'At 3s, a red cup falls. At 12s, the cup seen at 3s "
              "lies on the floor.'",
     PLAIN, "", NULL, NULL},
    {"a time until when is no order fault",
     CLIP(20) "'caption':'At 3s, the man dances until 14s. At 8s, a dog joins "
              "in.'",
     PLAIN, "", NULL, NULL},
    {"times in quotes, prices, scores and durations are none",
     CLIP(20) "'caption':'At 0s, a sign says ~Sale ends at 300s~. It costs $45 "
              "and the score is 3:45. The timer runs for 90 seconds. At 12s, "
              "it is 5:30 pm.'",
     PLAIN, "", NULL, NULL},
    {"fractions are times",
     CLIP(7.8) "'caption':'At 0.5s, a man waves. At 7.75s, he stops.'", PLAIN,
     "", NULL, NULL},
    {"without a duration nothing is outside",
     "'caption':'At 0s, a man walks in. At 500s, he leaves.'", PLAIN, "", NULL,
     NULL},
    {"texts of other languages stay as they are",
     CLIP(20) "'caption':'Um 3s lacht ein Kind. \xe5\x9c\xa8"
              "5\xe7\xa7\x92\xe6\x97\xb6,\xe4\xbb\x96\xe5\x9d\x90\xe4\xb8\x8b"
              "\xe3\x80\x82'",
     PLAIN, "", NULL, NULL},
    {"words where they are spoken",
     CLIP(40) TALK "'caption':'At 2s, a man says, ~Good morning everyone in "
                   "the room.~ At 9s, a woman asks, ~Where did you put my blue "
                   "umbrella?~'",
     PLAIN, "", NULL, NULL},
    {"statements between a time and the words take time",
     CLIP(40) TALK "'caption':'At 5s, a woman opens the door, walks in, looks "
                   "around and asks, ~Where did you put my blue umbrella?~'",
     PLAIN, "", NULL, NULL},
    {"cuts where the text has them",
     "'media':{'duration':30,'cuts':[4.2,11.6,19.0]},"
     "'caption':'At 0s, a harbour at dawn. At 4s, the video cuts to a fishing "
     "boat. At 12s, the scene changes to a market. At 25s, the picture fades "
     "to black.'",
     PLAIN, "", NULL, NULL},
    {"a clip whose cuts are not known",
     CLIP(30) "'caption':'At 14s, the video cuts to a fishing boat.'", PLAIN,
     "", NULL, NULL},
    {"a clip without cuts says nothing about times",
     "'media':{'duration':30,'cuts':[]},"
     "'caption':'At 14s, the video cuts to a fishing boat.'",
     PLAIN, "", NULL, NULL},
    {"the same event within the tolerance",
     CLIP(40) "'attributes':{'actions':{'text':'At 5s, a boy kicks the orange "
              "ball over the wall.'},'camera':{'text':'At 7s, the boy kicks "
              "the orange ball over the wall as the camera pans.'}}",
     PLAIN, "", NULL, NULL},
    {"an event that happens twice",
     CLIP(40) "'attributes':{'actions':{'text':'At 5s, the white rabbit jumps "
              "over the log. At 25s, the white rabbit jumps over the log.'},"
              "'camera':{'text':'At 25s, the white rabbit jumps over the "
              "log.'}}",
     PLAIN, "", NULL, NULL},
    {"events that contradict each other are two",
     CLIP(40) "'attributes':{'actions':{'text':'At 5s, a boy in a red shirt "
              "kicks the ball.'},'characters':{'text':'At 25s, a boy in a blue "
              "shirt kicks the ball.'}}",
     PLAIN, "", NULL, NULL},
    {"an event told without a time of its own happens after the last one",
     CLIP(40) "'attributes':{'actions':{'text':'At 5s, a boy runs across the "
              "lawn. He picks up the orange ball near the fence.'},"
              "'objects':{'text':'At 15s, the boy picks up the orange ball "
              "near the fence.'}}",
     PLAIN, "", NULL, NULL},

    /* --- outside ---------------------------------------------------------------- */
    {"past the end by less than the tolerance",
     CLIP(20) "'caption':'At 3s, a man waves. At 21s, he leaves.'", PLAIN,
     "time.outside caption +", "caption",
     "At 3s, a man waves. At 20s, he leaves."},
    {"past the end of a clip of no whole seconds",
     CLIP(7.8) "'caption':'At 3s, a man waves. At 8s, he leaves.'", PLAIN,
     "time.outside caption +", "caption",
     "At 3s, a man waves. At 7.8s, he leaves."},
    {"moved to the end, never behind it",
     CLIP(29.9666) "'caption':'At 3s, a man waves. At 30s, he leaves.'", PLAIN,
     "time.outside caption +", "caption",
     "At 3s, a man waves. At 29.96s, he leaves."},
    {"a range past the end",
     CLIP(20) "'caption':'At 3s, a man waves. From 15s to 21s, he leaves.'",
     PLAIN, "time.outside caption +", "caption",
     "At 3s, a man waves. From 15s to 20s, he leaves."},
    {"past the end by more than the tolerance",
     CLIP(20) "'caption':'At 3s, a man waves. At 45s, he leaves.'", PLAIN,
     "time.outside caption -", "caption",
     "At 3s, a man waves. At 45s, he leaves."},
    {"past the end where another text knows better",
     CLIP(20) "'attributes':{'actions':{'text':'At 3s, a man waves. At 60s, "
              "the man rides a green bicycle home.'},'objects':{'text':'At "
              "16s, the man rides a green bicycle home.'}}",
     PLAIN, "time.outside actions 1 +", "actions",
     "At 3s, a man waves. At 16s, the man rides a green bicycle home."},
    {"in small letters inside a sentence",
     CLIP(20) "'caption':'A man waves at 3s and leaves at 21s.'", PLAIN,
     "time.outside caption +", "caption",
     "A man waves at 3s and leaves at "
     "20s."},
    {"only what is repaired is spelled anew",
     CLIP(20) "'caption':'[0:03] A man waves. [0:21] He leaves.'", PLAIN,
     "time.outside caption +", "caption",
     "[0:03] A man waves. At 20s, He leaves."},
    {"until past the end", CLIP(20) "'caption':'At 3s, a man waves until 21s.'",
     PLAIN, "time.outside caption +", "caption",
     "At 3s, a man waves until 20s."},
    {"told, not repaired",
     CLIP(20) "'caption':'At 3s, a man waves. At 21s, he leaves.'", NO_REPAIR,
     "time.outside caption -", "caption",
     "At 3s, a man waves. At 21s, he leaves."},
    {"a smaller tolerance",
     CLIP(20) "'caption':'At 3s, a man waves. At 21.5s, he leaves.'",
     ONE_SECOND, "time.outside caption -", "caption",
     "At 3s, a man waves. At 21.5s, he leaves."},

    /* --- order ------------------------------------------------------------------- */
    {"a time before the one in front of it",
     CLIP(20) "'caption':'At 3s, a man waves. At 9s, he sits. At 5s, he "
              "stands. At 12s, he leaves.'",
     PLAIN, "time.order caption -", "caption",
     "At 3s, a man waves. At 9s, he sits. At 5s, he stands. At 12s, he "
     "leaves."},
    {"the one that is wrong, not the ones after it",
     CLIP(60) "'caption':'At 3s, a man waves. At 50s, he sits. At 6s, he "
              "stands. At 12s, he leaves.'",
     PLAIN, "time.order caption -", "caption",
     "At 3s, a man waves. At 50s, he sits. At 6s, he stands. At 12s, he "
     "leaves."},
    {"out of order where another text knows better",
     CLIP(60) "'attributes':{'actions':{'text':'At 3s, a man waves. At 50s, "
              "the man opens a yellow umbrella. At 26s, he leaves.'},"
              "'objects':{'text':'At 13s, the man opens a yellow umbrella.'}}",
     PLAIN, "time.order actions 1 +", "actions",
     "At 3s, a man waves. At 13s, the man opens a yellow umbrella. At 26s, he "
     "leaves."},
    {"about a second before",
     CLIP(20) "'caption':'At 3s, a man waves. Around 2s, a dog barks.'", PLAIN,
     "", NULL, NULL},

    /* --- cannot be read ------------------------------------------------------------ */
    {"a range back to front",
     CLIP(20) "'caption':'At 3s, a man waves. From 9s to 5s, he sits. At 12s, "
              "he leaves.'",
     PLAIN, "time.malformed caption +", "caption",
     "At 3s, a man waves. From 5s to 9s, he sits. At 12s, he leaves."},
    {"a range back to front that fits nowhere",
     CLIP(20) "'caption':'At 8s, a man waves. From 9s to 5s, he sits. At 12s, "
              "he leaves.'",
     PLAIN, "time.malformed caption -", "caption",
     "At 8s, a man waves. From 9s to 5s, he sits. At 12s, he leaves."},
    {"seventy-five seconds of a minute",
     CLIP(90) "'caption':'At 70s, a man waves. At 0:75, he sits. At 80s, he "
              "leaves.'",
     PLAIN, "time.malformed caption +", "caption",
     "At 70s, a man waves. At 75s, he sits. At 80s, he leaves."},
    {"seventy-five seconds that fit nowhere",
     CLIP(90) "'caption':'At 7s, a man waves. At 0:75, he sits. At 8s, he "
              "leaves.'",
     PLAIN, "time.malformed caption -", "caption",
     "At 7s, a man waves. At 0:75, he sits. At 8s, he leaves."},
    {"one letter too many",
     CLIP(20) "'caption':'At 3s, a man waves. At 5ss, he sits.'", PLAIN,
     "time.malformed caption +", "caption",
     "At 3s, a man waves. At 5s, he sits."},
    {"a comma for a point",
     CLIP(20) "'caption':'At 3s, a man waves. At 5,5s, he sits.'", PLAIN,
     "time.malformed caption +", "caption",
     "At 3s, a man waves. At 5.5s, he sits."},
    {"a template's placeholder",
     CLIP(20) "'caption':'At 3s, a man waves. At Ns, he sits. At XX:XX, he "
              "leaves.'",
     PLAIN, "time.malformed caption -; time.malformed caption -", "caption",
     "At 3s, a man waves. At Ns, he sits. At XX:XX, he leaves."},
    {"a negative time",
     CLIP(20) "'caption':'At -3s, a man waves. At 5s, he sits.'", PLAIN,
     "time.malformed caption -", "caption",
     "At -3s, a man waves. At 5s, he sits."},
    {"what cannot be read in quotes is no time",
     CLIP(20) "'caption':'At 3s, a sign says ~At 1:75~. At 5s, he sits.'",
     PLAIN, "", NULL, NULL},

    /* --- another time than the event ------------------------------------------------ */
    {"words spoken elsewhere",
     CLIP(40) TALK "'caption':'At 0s, a room. At 15s, a woman asks, ~Where did "
                   "you put my blue umbrella?~ At 20s, they leave.'",
     PLAIN, "time.conflict caption +", "caption",
     "At 0s, a room. At 8s, a woman asks, \"Where did you put my blue "
     "umbrella?\" At 20s, they leave."},
    {"words spoken where moving would break the order",
     CLIP(40) TALK "'caption':'At 12s, a room. At 15s, a woman asks, ~Where "
                   "did you put my blue umbrella?~ At 20s, they leave.'",
     PLAIN, "time.conflict caption -", "caption",
     "At 12s, a room. At 15s, a woman asks, \"Where did you put my blue "
     "umbrella?\" At 20s, they leave."},
    {"an event that two texts have elsewhere",
     CLIP(40) "'attributes':{'actions':{'text':'At 2s, the woman opens the "
              "wooden gate. At 17s, she waters the tomato plants.'},"
              "'objects':{'text':'At 17s, she waters the tomato plants.'},"
              "'emotions':{'text':'At 2s, the woman opens the wooden gate "
              "calmly. At 24s, she waters the tomato plants with care.'}}",
     PLAIN, "time.conflict emotions 1 +", "emotions",
     "At 2s, the woman opens the wooden gate calmly. At 17s, she waters the "
     "tomato plants with care."},
    {"an event that one text has elsewhere",
     CLIP(40) "'attributes':{'actions':{'text':'At 2s, a boy kicks the orange "
              "ball over the wall.'},'camera':{'text':'At 12s, the boy kicks "
              "the orange ball over the wall.'}}",
     PLAIN, "time.conflict actions 0 -", "actions",
     "At 2s, a boy kicks the orange ball over the wall."},
    {"a cut where there is none",
     "'media':{'duration':30,'cuts':[4.2,11.6,19.0]},"
     "'caption':'At 0s, a harbour. At 24s, the video cuts to a kitchen.'",
     PLAIN, "time.conflict caption -", "caption",
     "At 0s, a harbour. At 24s, the video cuts to a kitchen."},

    /* --- one cause --------------------------------------------------------------------- */
    {"all late, by the words",
     CLIP(40) TALK
     "'caption':'At 5s, a man says, ~Good morning everyone in the room.~ At "
     "11s, a woman asks, ~Where did you put my blue umbrella?~ At 18s, he "
     "answers, ~It is behind the kitchen door.~ At 25s, she says, ~Thank you "
     "very much my friend.~ At 28s, they leave.'",
     PLAIN, "time.offset caption +", "caption",
     "At 2s, a man says, \"Good morning everyone in the room.\" At 8s, a woman "
     "asks, \"Where did you put my blue umbrella?\" At 15s, he answers, \"It "
     "is behind the kitchen door.\" At 22s, she says, \"Thank you very much my "
     "friend.\" At 25s, they leave."},
    {"all late, told only",
     CLIP(40) TALK
     "'caption':'At 5s, a man says, ~Good morning everyone in the room.~ At "
     "11s, a woman asks, ~Where did you put my blue umbrella?~ At 18s, he "
     "answers, ~It is behind the kitchen door.~ At 25s, she says, ~Thank you "
     "very much my friend.~ At 28s, they leave.'",
     NO_REPAIR, "time.offset caption -", "caption",
     "At 5s, a man says, \"Good morning everyone in the room.\" At 11s, a "
     "woman asks, \"Where did you put my blue umbrella?\" At 18s, he answers, "
     "\"It is behind the kitchen door.\" At 25s, she says, \"Thank you very "
     "much my friend.\" At 28s, they leave."},
    {"the opening stays at the start",
     CLIP(40) TALK
     "'caption':'At 0s, a room. At 6s, a man says, ~Good morning everyone in "
     "the room.~ At 12s, a woman asks, ~Where did you put my blue umbrella?~ "
     "At 19s, he answers, ~It is behind the kitchen door.~ At 26s, she says, "
     "~Thank you very much my friend.~'",
     PLAIN, "time.offset caption +", "caption",
     "At 0s, a room. At 2s, a man says, \"Good morning everyone in the room.\" "
     "At 8s, a woman asks, \"Where did you put my blue umbrella?\" At 15s, he "
     "answers, \"It is behind the kitchen door.\" At 22s, she says, \"Thank "
     "you very much my friend.\""},
    {"too fast, by the words",
     CLIP(40) TALK
     "'caption':'At 3s, a man says, ~Good morning everyone in the room.~ At "
     "12s, a woman asks, ~Where did you put my blue umbrella?~ At 23s, he "
     "answers, ~It is behind the kitchen door.~ At 34s, she says, ~Thank you "
     "very much my friend.~ At 45s, he says, ~We will see each other next "
     "summer then.~'",
     PLAIN, "time.rate caption +", "caption",
     "At 2s, a man says, \"Good morning everyone in the room.\" At 8s, a woman "
     "asks, \"Where did you put my blue umbrella?\" At 15s, he answers, \"It "
     "is behind the kitchen door.\" At 23s, she says, \"Thank you very much my "
     "friend.\" At 30s, he says, \"We will see each other next summer then.\""},
    {"frame numbers, by the words",
     CLIP(40) TALK
     "'caption':'At 63s, a man says, ~Good morning everyone in the room.~ At "
     "246s, a woman asks, ~Where did you put my blue umbrella?~ At 459s, he "
     "answers, ~It is behind the kitchen door.~ At 600s, they leave.'",
     PLAIN, "time.frames caption +", "caption",
     "At 2s, a man says, \"Good morning everyone in the room.\" At 8s, a woman "
     "asks, \"Where did you put my blue umbrella?\" At 15s, he answers, \"It "
     "is behind the kitchen door.\" At 20s, they leave."},
    {"frame numbers, by the length of the clip",
     CLIP(20) "'caption':'At 0s, a man waves. At 150s, he sits. At 270s, he "
              "stands. At 540s, he leaves.'",
     PLAIN, "time.frames caption +", "caption",
     "At 0s, a man waves. At 5s, he sits. At 9s, he stands. At 18s, he "
     "leaves."},
    {"two times outside are no frame numbers",
     CLIP(20) "'caption':'At 0s, a man waves. At 150s, he sits. At 270s, he "
              "stands.'",
     PLAIN, "time.outside caption -; time.outside caption -", "caption",
     "At 0s, a man waves. At 150s, he sits. At 270s, he stands."},
    {"one attribute late, by two others",
     CLIP(
         40) "'attributes':{'actions':{'text':'At 2s, the woman opens the wooden gate. "
             "At 9s, she picks up the yellow watering can. At 17s, she waters the "
             "tomato plants. At 26s, she waves to her neighbour.'},"
             "'objects':{'text':'At 2s, the woman opens the wooden gate. At 9s, she "
             "picks up the yellow watering can. At 26s, she waves to her neighbour.'},"
             "'emotions':{'text':'At 7s, the woman opens the wooden gate. At 14s, she "
             "picks up the yellow watering can. At 22s, she waters the tomato plants. "
             "At 31s, she waves to her neighbour.'}}",
     PLAIN, "time.offset emotions +", "emotions",
     "At 2s, the woman opens the wooden gate. At 9s, she picks up the yellow "
     "watering can. At 17s, she waters the tomato plants. At 26s, she waves to "
     "her neighbour."},

    /* --- spelling ------------------------------------------------------------------------ */
    {"everything canonical when asked for",
     CLIP(30) "'caption':'[0:03] A man waves. 0:05 - He sits. Around the "
              "8-second mark, he stands. A dog barks (0:12). From 13 to 15 "
              "seconds, it rains. At 16 seconds, he leaves.'",
     CANONICAL, "format.time caption +", "caption",
     "At 3s, a man waves. At 5s, he sits. At 8s, he stands. A dog barks at "
     "12s. From 13s to 15s, it rains. At 16s, he leaves."},
    {"what is canonical stays",
     CLIP(30) "'caption':'At 3s, a man waves. He sits at 5s. From 8s to 9s, he "
              "stands until 10s.'",
     CANONICAL, "", NULL, NULL},
};

static void check_record(const struct record_case *c)
{
    struct arena a = ARENA_INIT;
    struct timecheck_options o = options_of(c->flags);
    struct str source =
        json_of(&a, arena_printf(&a, "{'id':'r' , %s}", c->record));
    struct json *record = parse(&a, source);
    struct str once, twice;

    (void)timecheck_record(rules, &a, record, &o);
    CHECK_TEXT(findings_of(&a, record), c->findings);
    once = written(&a, record);
    if (!c->key) {
        CHECK(str_eq(once, source), "changed: " STR_FMT, STR_ARG(once));
    } else {
        const char *path = strcmp(c->key, "caption") == 0
                               ? "caption"
                               : arena_printf(&a, "attributes.%s.text", c->key);

        CHECK_TEXT(json_text(json_path(record, path)), c->text);
    }
    record = parse(&a, once);
    (void)timecheck_record(rules, &a, record, &o);
    twice = written(&a, record);
    CHECK(str_eq(once, twice),
          "a second run changes it:\n# " STR_FMT "\n# " STR_FMT, STR_ARG(once),
          STR_ARG(twice));
    check_case(c->what);
    arena_release(&a);
}

/* --- what goes with a text ------------------------------------------------------------- */

static void test_claims(void)
{
    struct arena a = ARENA_INIT;
    struct timecheck_options o = options_of(PLAIN);
    struct json *record = parse(
        &a,
        json_of(
            &a,
            "{'id':'r'," CLIP(
                20) "'attributes':{'actions':{'text':'At "
                    "3s, a man jumps and a boy laughs. A dog barks loudly at "
                    "21s.','claims':[{'text':'A man jumps.','start':3,'end':3},"
                    "{'text':'A boy laughs.','start':3,'end':3},"
                    "{'text':'A dog barks loudly at 21s.','start':21,'end':21,"
                    "'p':0.50}]}}}"));
    struct timecheck_result r = timecheck_record(rules, &a, record, &o);
    const char *claims;

    CHECK(r.anchors == 2 && r.wrong == 0, "%zu of %zu", r.wrong, r.anchors);
    claims = arena_strndup(
        &a, written(&a, json_path(record, "attributes.actions.claims")).p,
        written(&a, json_path(record, "attributes.actions.claims")).n);
    CHECK_TEXT(claims,
               json_of(&a, "[{'text':'A man jumps.','start':3,'end':3},"
                           "{'text':'A boy laughs.','start':3,'end':3},"
                           "{'text':'A dog barks loudly at 20s.','start':20,"
                           "'end':20,'p':0.50}]")
                   .p);
    CHECK_TEXT(findings_of(&a, record), "time.outside actions 2 +");
    check_case("claims are kept in step with the text");
    arena_release(&a);
}

static void test_findings(void)
{
    struct arena a = ARENA_INIT;
    struct timecheck_options o = options_of(PLAIN);
    struct json *record = parse(
        &a, json_of(&a, "{'id':'r'," CLIP(
                            20) "'caption':'At 3s, a man waves.','findings':["
                                "{'stage':'align','code':'speech.misquoted',"
                                "'message':'m','repaired':true},"
                                "{'stage':'timecheck','code':'time.order',"
                                "'message':'old','repaired':false},"
                                "{'stage':'timecheck','code':'time.offset',"
                                "'message':'done','repaired':true}]}"));

    (void)timecheck_record(rules, &a, record, &o);
    CHECK_TEXT(findings_of(&a, record),
               "speech.misquoted caption +; time.offset caption +");
    check_case("a new run forgets what it does not find, not what it repaired");

    record = parse(
        &a, json_of(&a, "{'id':'r'," CLIP(
                            20) "'caption':'At 3s, a man waves.','findings':"
                                "[{'stage':'timecheck','code':'time.order',"
                                "'message':'old','repaired':false}]}"));
    (void)timecheck_record(rules, &a, record, &o);
    CHECK(!json_get(record, "findings"), "an empty list stays");
    check_case("a list of findings that is empty goes");

    record = parse(
        &a, json_of(&a, "{'id':'r'," CLIP(40) TALK
                    "'caption':'At 5s, a man says, ~Good morning everyone "
                    "in the room.~ At 11s, a woman asks, ~Where did you put "
                    "my blue umbrella?~ At 18s, he answers, ~It is behind "
                    "the kitchen door.~ At 25s, she says, ~Thank you very "
                    "much my friend.~'}"));
    (void)timecheck_record(rules, &a, record, &o);
    record = json_at(json_get(record, "findings"), 0);
    CHECK_TEXT(json_text(json_get(record, "was")),
               "At 5s, At 11s, At 18s, At 25s");
    CHECK_TEXT(json_text(json_get(record, "now")),
               "At 2s, At 8s, At 15s, At 22s");
    CHECK(fabs(strtod(json_spelling(json_get(record, "offset")).p, NULL) -
               2.75) < 0.15,
          "offset");
    check_case("a finding says what was, what is now and the cause");
    arena_release(&a);
}

/* --- faults injected into whole records -------------------------------------------------- */

static uint64_t state = 1;

static double uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) / 9007199254740992.0;
}

/* Sentences of which no two are alike; each is said in the clip. */
static const char *const said[] = {
    "The ferry leaves the harbour before noon",
    "My grandmother planted these cherry trees",
    "Nobody told me about the broken window",
    "Please hand me the smallest screwdriver",
    "We drove across the desert without music",
    "Her violin needs a new bridge and strings",
    "This bakery has been closed for years",
    "Check the oven before the guests arrive",
    "A storm is coming from the western hills",
    "Yesterday we counted ninety seven penguins",
};

enum { SAID = sizeof said / sizeof *said };

struct injected {
    double rate, offset, duration;
    size_t outliers;
    double at[SAID]; /* of the words */
};

/* A record whose caption quotes every sentence at a time with the fault. */
static struct json *make_record(struct arena *a, struct injected *f)
{
    struct buf b;
    struct json *record;

    buf_init(&b, 1 << 16);
    buf_printf(&b,
               "{\"id\":\"r\",\"media\":{\"duration\":%.2f,\"video\":{\"fps\":"
               "25}},\"asr\":{\"segments\":[",
               f->duration);
    for (size_t i = 0; i < SAID; i++) {
        double room = f->duration - fabs(f->offset) - 4;

        f->at[i] = fmax(1, 1 - f->offset) +
                   ((double)i + 0.8 * uniform()) * room / SAID;
        buf_printf(&b, "%s{\"start\":%.2f,\"end\":%.2f,\"text\":\"%s.\"}",
                   i ? "," : "", f->at[i], f->at[i] + 1.5, said[i]);
    }
    buf_text(&b, "]},\"caption\":\"");
    for (size_t i = 0; i < SAID; i++) {
        double time =
            f->rate * (f->at[i] + 0.3 * (uniform() - 0.5)) + f->offset;

        if (i % 5 == 2 && f->outliers > i / 5)
            time = f->rate * f->duration * uniform();
        buf_printf(&b, "%sAt %.0fs, someone says, \\\"%s.\\\"", i ? " " : "",
                   fmax(0, time), said[i]);
    }
    buf_text(&b, "\"}");
    record = parse(a, (struct str){arena_strndup(a, b.p, b.n), b.n});
    buf_release(&b);
    return record;
}

/* The cause that a record's findings name. */
static const char *cause_of(const struct json *record)
{
    json_each(f, json_get(record, "findings")) {
        const char *code = json_text(json_get(f, "code"));

        if (strcmp(code, "time.offset") == 0 ||
            strcmp(code, "time.rate") == 0 || strcmp(code, "time.frames") == 0)
            return code;
    }
    return "";
}

/* How many of the caption's times are within a second of the words. */
static size_t times_right(struct arena *a, const struct json *record,
                          const struct injected *f)
{
    const struct text *t =
        text_analyse(rules, a, str_of(json_text(json_get(record, "caption"))),
                     ATTRIBUTE_NONE);
    size_t right = 0;

    for (size_t i = 0; i < t->n_anchors && i < SAID; i++)
        right += fabs(t->anchors[i].start - f->at[i]) <= 1.01;
    return right;
}

static void check_injected(const char *cause, double least, double most)
{
    enum { TRIALS = 150 };
    struct timecheck_options o = options_of(PLAIN);
    size_t named = 0, right = 0, again = 0;
    struct arena a = ARENA_INIT;

    for (int i = 0; i < TRIALS; i++) {
        double strength = least + (most - least) * uniform();
        struct injected f = {1, 0, 60 + 60 * uniform(), 2, {0}};
        struct json *record;
        struct str once;

        strength = uniform() < 0.5 ? strength : -strength;
        if (strcmp(cause, "time.offset") == 0)
            f.offset = strength;
        else if (strcmp(cause, "time.rate") == 0)
            f.rate = 1 + strength;
        else if (strcmp(cause, "time.frames") == 0)
            f.rate = 25;
        record = make_record(&a, &f);
        (void)timecheck_record(rules, &a, record, &o);
        named += strcmp(cause_of(record), cause) == 0;
        right += times_right(&a, record, &f);
        once = written(&a, record);
        record = parse(&a, once);
        (void)timecheck_record(rules, &a, record, &o);
        again += str_eq(once, written(&a, record));
        arena_reset(&a);
    }
    printf("# %s: named right in %zu of %d records, %.2f %% of times right\n",
           *cause ? cause : "no cause", named, TRIALS,
           100.0 * (double)right / (TRIALS * SAID));
    CHECK((double)named >= 0.95 * TRIALS, "%s: %zu of %d", cause, named,
          TRIALS);
    CHECK((double)right >= 0.97 * TRIALS * SAID, "%s: %zu times", cause, right);
    CHECK(again == TRIALS, "%s: %zu stay the same", cause, again);
    check_case(*cause ? cause : "no cause");
    arena_release(&a);
}

/* Times that are a second off here and there, as people write them. */
static void test_sloppy(void)
{
    enum { RECORDS = 200 };
    struct timecheck_options o = options_of(PLAIN);
    struct arena a = ARENA_INIT;
    size_t same = 0;

    for (int i = 0; i < RECORDS; i++) {
        struct injected f = {1, 0.5 * (2 * uniform() - 1), 70, 0, {0}};
        struct str source = written(&a, make_record(&a, &f));
        struct json *record = parse(&a, source);

        (void)timecheck_record(rules, &a, record, &o);
        same += str_eq(source, written(&a, record));
        arena_reset(&a);
    }
    CHECK(same == RECORDS, "%zu of %d stay as they are", same, RECORDS);
    check_case("half a second here and there is left alone");
    arena_release(&a);
}

/* Attributes that tell the same events; one of them has a fault. */
static struct json *make_attributes(struct arena *a, double rate, double offset)
{
    struct buf b;
    struct json *record;
    double at[SAID], time = 2;

    for (size_t i = 0; i < SAID; i++) {
        at[i] = floor(time);
        time += 3 + 4 * uniform();
    }
    buf_init(&b, 1 << 16);
    buf_printf(&b,
               "{\"id\":\"r\",\"media\":{\"duration\":%.1f,\"video\":{\"fps\":"
               "30}},\"attributes\":{",
               time + 12);
    for (int k = 0; k < 3; k++) {
        buf_printf(&b, "%s\"%s\":{\"text\":\"", k ? "," : "",
                   attribute_keys[k == 2 ? ATTRIBUTE_EMOTIONS : k]);
        for (size_t i = 0; i < SAID; i++) {
            if (k < 2 && i % 2 != (size_t)k && i % 3 != 0)
                continue;
            buf_printf(&b, "At %.0fs, %s. ",
                       k == 2 ? fmax(0, at[i] * rate + offset)
                              : at[i] + floor(2 * uniform()),
                       said[i]);
        }
        buf_text(&b, "\"}");
    }
    buf_text(&b, "}}");
    record = parse(a, (struct str){arena_strndup(a, b.p, b.n), b.n});
    buf_release(&b);
    return record;
}

static void check_attributes(const char *cause, double rate, double offset)
{
    enum { TRIALS = 100 };
    struct timecheck_options o = options_of(PLAIN);
    struct arena a = ARENA_INIT;
    size_t named = 0, alone = 0;

    for (int i = 0; i < TRIALS; i++) {
        struct json *record = make_attributes(&a, rate, offset);
        const struct json *list;

        (void)timecheck_record(rules, &a, record, &o);
        list = json_get(record, "findings");
        named += strcmp(cause_of(record), cause) == 0;
        alone += json_count(list) == (*cause ? 1 : 0);
        arena_reset(&a);
    }
    CHECK(named >= 0.95 * TRIALS, "%s: %zu of %d", cause, named, TRIALS);
    CHECK(alone >= 0.95 * TRIALS, "%s: %zu have only that", cause, alone);
    check_case(*cause ? "the attribute with another clock is found"
                      : "attributes a second apart are left alone");
    arena_release(&a);
}

/* --- hostile ------------------------------------------------------------------------------ */

/* A text of many copies of a piece, with the copy's number in place of a #. */
static struct json *long_record(struct arena *a, const char *piece, size_t n)
{
    struct json *record = json_new_object(a), *media = json_new_object(a);
    struct json *all = json_new_object(a);
    struct buf b;

    buf_init(&b, 1 << 24);
    for (size_t i = 0; i < n; i++) {
        for (const char *p = piece; *p; p++) {
            if (*p == '#')
                buf_printf(&b, "%zu", i);
            else
                buf_char(&b, *p);
        }
    }
    json_set_f64(a, media, "duration", 20);
    json_set(a, record, "media", media);
    json_set(a, record, "caption", json_new_str(a, buf_view(&b)));
    for (int k = 0; k < 3; k++) {
        struct json *attribute = json_new_object(a);

        json_set(a, attribute, "text", json_new_str(a, buf_view(&b)));
        json_set(a, all, attribute_keys[k], attribute);
    }
    json_set(a, record, "attributes", all);
    buf_release(&b);
    return record;
}

static void test_hostile(void)
{
    static const char *const pieces[] = {
        "At #s, a man jumps over the fence. ",
        "At 5s, a man jumps over the fence. ",
        "At #s At 3:75 at Ns (1:99) ",
        "[0:12] ",
        "From 9s to 3s, ",
        "at at at at ",
        "(((((((((",
        "At 99999999999999999999s, ",
        "\xe5\x9c\xa8#s\xe7\xa7\x92",
    };
    struct arena a = ARENA_INIT;

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct timecheck_options o = options_of(i % 2 ? PLAIN : CANONICAL);
        struct json *record = long_record(&a, pieces[i], 3000);
        struct timecheck_result r = timecheck_record(rules, &a, record, &o);

        CHECK(r.wrong <= r.anchors, "%zu of %zu", r.wrong, r.anchors);
        arena_reset(&a);
    }
    check_case("long texts of nothing but times end");
    arena_release(&a);
}

int main(void)
{
    struct asid_err err;

    if (text_rules_load(&rules, &err) != ASID_OK) {
        printf("Bail out! %s\n", err.text);
        return 1;
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_record(&cases[i]);
    test_claims();
    test_findings();
    check_injected("", 0, 0);
    check_injected("time.offset", 1.5, 10);
    check_injected("time.rate", 0.08, 0.4);
    check_injected("time.frames", 0, 0);
    test_sloppy();
    check_attributes("", 1, 0);
    check_attributes("time.offset", 1, 6);
    check_attributes("time.rate", 1.5, 0);
    check_attributes("time.frames", 30, 0);
    test_hostile();
    text_rules_free(rules);
    return check_done();
}
