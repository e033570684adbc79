/* What is said of synthetic worlds: read back by asid's own text layer and by
 * a reader of this test's own, which knows English sentences and no facts. */
#include "asid/base/utf8.h"
#include "asid/curate/merge.h"
#include "asid/curate/record.h"
#include "asid/curate/verify.h"
#include "asid/synth/say.h"
#include "check_json.h"

#include <math.h>

enum { SEEDS = 2000, WORDINGS = 3, MANY = 64, WORDS = 24 };

static const struct text_rules *rules;
static struct merge_policy *policy;
static struct arena policy_arena;

/* --- the reader ----------------------------------------------------------- */

/* A sentence and what it means. Words behind % are taken over in their order,
 * or by their number in the meaning. */
static const struct {
    const char *sentence, *meaning;
} patterns[] = {
    {"the scene is a %", "place 1"},
    {"the setting is a %", "place 1"},
    {"the place is a %", "place 1"},
    {"it is raining", "weather rain"},
    {"it is snowing", "weather snow"},
    {"it is %", "light 1"},
    {"the scene takes place by %", "light 1"},
    {"the scene takes place at %", "light 1"},
    {"the scene is set by %", "light 1"},
    {"the scene is set at %", "light 1"},
    {"rain falls", "weather rain"},
    {"it rains", "weather rain"},
    {"snow falls", "weather snow"},
    {"it snows", "weather snow"},
    {"the weather is clear", "weather clear"},
    {"the sky is clear", "weather clear"},
    {"there is a clear sky", "weather clear"},
    {"there is one character", "cast one"},
    {"there is one character in all", "cast one"},
    {"there is one character in the clip", "cast one"},
    {"there are two characters", "cast two"},
    {"there are two characters in all", "cast two"},
    {"there are two characters in the clip", "cast two"},
    {"there is a % % % on the %", "character 1 2 3 4"},
    {"a % % % is on the %", "character 1 2 3 4"},
    {"on the % is a % % %", "character 2 3 4 1"},
    {"there is one % % on the %", "objects one 1 2s 3"},
    {"one % % is on the %", "objects one 1 2s 3"},
    {"on the % side is one % %", "objects one 2 3s 1"},
    {"there are % % % on the %", "objects 1 2 3 4"},
    {"% % % are on the %", "objects 1 2 3 4"},
    {"on the % side are % % %", "objects 2 3 4 1"},
    {"there are no objects", "objects none"},
    {"no objects are seen", "objects none"},
    {"no object is there", "objects none"},
    {"the % % jumps", "act jump 1 2"},
    {"the % % hops", "act jump 1 2"},
    {"the % % jumps up", "act jump 1 2"},
    {"the % % spins", "act spin 1 2"},
    {"the % % turns around", "act spin 1 2"},
    {"the % % spins around", "act spin 1 2"},
    {"the % % falls", "act fall 1 2"},
    {"the % % falls over", "act fall 1 2"},
    {"the % % falls down", "act fall 1 2"},
    {"the % % tips over", "act fall 1 2"},
    {"the % % waves", "act wave 1 2"},
    {"the % % waves an arm", "act wave 1 2"},
    {"the % % waves with an arm", "act wave 1 2"},
    {"the % % grows", "act grow 1 2"},
    {"the % % gets bigger", "act grow 1 2"},
    {"the % % becomes bigger", "act grow 1 2"},
    {"the % % comes in", "act come 1 2"},
    {"the % % comes in from the %", "act come 1 2 3"},
    {"the % % enters from the %", "act come 1 2 3"},
    {"the % % walks in from the %", "act come 1 2 3"},
    {"the % % goes to the % %", "act meet 1 2 3 4"},
    {"the % % walks up to the % %", "act meet 1 2 3 4"},
    {"the % % meets the % %", "act meet 1 2 3 4"},
    {"the % % leaves", "act leave 1 2"},
    {"the % % leaves to the %", "act leave 1 2 3"},
    {"the % % walks out to the %", "act leave 1 2 3"},
    {"the % % goes away to the %", "act leave 1 2 3"},
    {"there is no music", "music no"},
    {"no music plays", "music no"},
    {"no music is heard", "music no"},
    {"% music plays", "music 1"},
    {"% music is heard", "music 1"},
    {"the music is %", "music 1"},
    {"there is no background noise", "noise no"},
    {"no background noise is heard", "noise no"},
    {"there is no noise in the background", "noise no"},
    {"the sound of wind is heard", "noise wind"},
    {"the noise of wind is heard", "noise wind"},
    {"there is a sound of wind", "noise wind"},
    {"a hum is heard", "noise hum"},
    {"the sound of a hum is heard", "noise hum"},
    {"there is the sound of a hum", "noise hum"},
    {"nobody speaks", "silence"},
    {"no voice is heard", "silence"},
    {"there is no speech", "silence"},
    {"the voice of the % % is %", "voice 1 2 3"},
    {"the % % speaks in a % voice", "voice 1 2 3"},
    {"the voice of the % % sounds %", "voice 1 2 3"},
    {"a bell rings", "bell"},
    {"a bell is heard", "bell"},
    {"the sound of a bell is heard", "bell"},
    {"no bell rings", "bell no"},
    {"no bell is heard", "bell no"},
    {"there is no sound of a bell", "bell no"},
    {"the camera remains still", "camera still"},
    {"the camera does not move", "camera still"},
    {"the camera stays still", "camera still"},
    {"the camera pans %", "camera pan 1"},
    {"the camera pans to the %", "camera pan 1"},
    {"the camera moves to the %", "camera pan 1"},
    {"the camera zooms %", "camera zoom 1"},
    {"the view zooms %", "camera zoom 1"},
    {"the camera pushes in", "camera zoom in"},
    {"the camera pulls back", "camera zoom out"},
    {"there is a cut to a close view", "camera cut"},
    {"the camera cuts to a close view", "camera cut"},
    {"there is a cut to a close shot", "camera cut"},
    {"the % % feels %", "mood 1 2 3"},
    {"the % % looks %", "mood 1 2 3"},
    {"the % % becomes %", "change 1 2 3"},
    {"the % % gets %", "change 1 2 3"},
    {"the % % turns %", "change 1 2 3"},
};

struct words {
    const char *p[WORDS];
    size_t n;
};

static struct words cut(struct str text)
{
    struct words w = {.n = 0};

    for (size_t i = 0; i < text.n && w.n < WORDS;) {
        size_t n = i;

        while (n < text.n && text.p[n] != ' ')
            n++;
        w.p[w.n++] = arena_strndup(&arena, text.p + i, n - i);
        i = n + 1;
    }
    return w;
}

static bool matches(struct words text, struct words pattern,
                    struct words *slots)
{
    slots->n = 0;
    if (text.n != pattern.n)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (pattern.p[i][0] == '%')
            slots->p[slots->n++] = text.p[i];
        else if (strcmp(text.p[i], pattern.p[i]) != 0)
            return false;
    }
    return true;
}

static const char *mean(struct words meaning, struct words slots)
{
    const char *out = "";

    for (size_t i = 0; i < meaning.n; i++) {
        const char *word = meaning.p[i];

        if (word[0] >= '1' && word[0] <= '9')
            word = arena_printf(&arena, "%s%s", slots.p[word[0] - '1'],
                                strcmp(slots.p[word[0] - '1'], "box") == 0 &&
                                        word[1]
                                    ? "es"
                                    : word + 1);
        out = arena_printf(&arena, "%s%s%s", out, i ? " " : "", word);
    }
    return out;
}

/* The last pattern that fits wins: "jumps up" after "pans %"; NULL: none. */
static const char *read_clause(struct str text)
{
    struct words words = cut(text), slots;

    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (matches(words, cut(str_of(patterns[i].sentence)), &slots))
            return mean(cut(str_of(patterns[i].meaning)), slots);
    return NULL;
}

static struct str between(struct str text, const char *head, const char *mark,
                          struct str *rest)
{
    const char *at;

    if (!str_starts(text, head))
        return (struct str){"", 0};
    text.p += strlen(head);
    text.n -= strlen(head);
    at = memmem(text.p, text.n, mark, strlen(mark));
    if (!at)
        return (struct str){"", 0};
    rest->p = at + strlen(mark);
    rest->n = text.n - (size_t)(rest->p - text.p);
    text.n = (size_t)(at - text.p);
    return text;
}

static const char *read_story(struct str text)
{
    static const char *const heads[] = {"the whole story tells how ",
                                        "the whole story shows how "};
    static const char *const begins[] = {"the whole story opens when ",
                                         "the whole story begins when ",
                                         "the whole story starts when "};
    static const char *const ends[] = {"the whole story ends when ",
                                       "the whole story finishes when "};
    struct str a, b = {"", 0};

    for (size_t i = 0; i < 2; i++) {
        a = between(text, heads[i], " before ", &b);
        if (a.n)
            return arena_printf(&arena, "before: %s, %s", read_clause(a),
                                read_clause(b));
        a = between(text, heads[i], " after ", &b);
        if (a.n)
            return arena_printf(&arena, "before: %s, %s", read_clause(b),
                                read_clause(a));
        a = (struct str){text.p + strlen(ends[i]), text.n - strlen(ends[i])};
        if (str_starts(text, ends[i]))
            return arena_printf(&arena, "ends: %s", read_clause(a));
    }
    for (size_t i = 0; i < 3; i++) {
        a = (struct str){text.p + strlen(begins[i]),
                         text.n - strlen(begins[i])};
        if (str_starts(text, begins[i]))
            return arena_printf(&arena, "begins: %s", read_clause(a));
    }
    return NULL;
}

static const char *read_line(struct str text)
{
    static const char *const verbs[] = {" says, \"", " says: \"",
                                        " speaks: \""};
    struct str who, words = {"", 0};

    for (size_t i = 0; i < 3; i++) {
        who = between(text, "the ", verbs[i], &words);
        if (who.n && str_ends(words, "\"")) {
            char *plain = arena_strndup(&arena, words.p, words.n - 2);

            plain[0] = (char)(plain[0] | 0x20);
            return arena_printf(&arena, "line %.*s: %s", (int)who.n, who.p,
                                plain);
        }
    }
    return NULL;
}

/* What a sentence says, without its time. */
static const char *read_sentence(struct str text)
{
    char *small = arena_strndup(&arena, text.p, text.n);
    struct str s = {small, text.n};
    const char *said;

    small[0] = (char)(small[0] | 0x20);
    said = read_line(s);
    CHECK(said || str_ends(s, "."), "%s", small);
    s.n--;
    said = said ? said : read_story(s);
    return said ? said : read_clause(s);
}

/* --- what the world is, in the reader's words ------------------------------ */

static const char *const places[] = {"meadow", "beach",  "forest",
                                     "desert", "street", "room"};
static const char *const lights[] = {"day", "dusk", "night"};
static const char *const weathers[] = {"clear", "rain", "snow"};
static const char *const colours[] = {"red",    "green",  "blue",
                                      "yellow", "purple", "orange"};
static const char *const kinds[] = {"cat", "robot", "rabbit", "ghost", "duck"};
static const char *const numbers[] = {"none", "one", "two", "three"};
static const char *const things[] = {"balls", "boxes",    "flowers",
                                     "trees", "balloons", "lamps"};
static const char *const moods[] = {"happy", "sad", "angry", "surprised"};
static const char *const acts[] = {"jump", "spin", "fall", "wave",  "grow",
                                   "come", "come", "meet", "leave", "leave"};
static const char *const cameras[] = {"still",   "pan left", "pan right",
                                      "zoom in", "zoom out", "cut"};

struct expected {
    const char *said[MANY];
    double at[MANY]; /* -1: no time */
    size_t n;
};

static void expect(struct expected *e, double at, const char *said)
{
    e->said[e->n] = said;
    e->at[e->n++] = at;
}

#define SAID(...) arena_printf(&arena, __VA_ARGS__)

static const char *name(const struct synth_world *w, int i)
{
    return SAID("%s %s", colours[w->actors[i].colour],
                kinds[w->actors[i].kind]);
}

static const char *deed(const struct synth_world *w, int i, bool side)
{
    const struct synth_event *e = &w->events[i];
    const char *more = "";

    if (e->act == SYNTH_MEETS)
        more = SAID(" %s", name(w, 1 - e->actor));
    else if (side &&
             (e->act == SYNTH_COMES_LEFT || e->act == SYNTH_LEAVES_LEFT))
        more = " left";
    else if (side &&
             (e->act == SYNTH_COMES_RIGHT || e->act == SYNTH_LEAVES_RIGHT))
        more = " right";
    return SAID("act %s %s%s", acts[e->act], name(w, e->actor), more);
}

static void expect_story(const struct synth_world *w, struct expected *e)
{
    int last = w->n_events - 1;

    for (int i = 0; i <= last; i++)
        expect(e, w->events[i].start, deed(w, i, true));
    if (last >= 0)
        expect(e, -1, SAID("begins: %s", deed(w, 0, false)));
    if (last >= 1) {
        expect(e, -1,
               SAID("before: %s, %s", deed(w, 0, false), deed(w, 1, false)));
        expect(e, -1, SAID("ends: %s", deed(w, last, false)));
    }
    if (last >= 2)
        expect(e, -1,
               SAID("before: %s, %s", deed(w, last - 1, false),
                    deed(w, last, false)));
}

static void expect_sound(const struct synth_world *w, struct expected *e)
{
    static const char *const musics[] = {"no", "slow", "fast"};
    static const char *const noises[] = {"no", "wind", "hum"};
    bool speaks[2] = {false, false};

    expect(e, -1, SAID("music %s", musics[w->music]));
    expect(e, -1, SAID("noise %s", noises[w->noise]));
    expect(e, w->bell_at, w->bell_at < 0 ? "bell no" : "bell");
    if (w->n_lines == 0)
        expect(e, -1, "silence");
    for (int i = 0; i < w->n_lines; i++) {
        const struct synth_line *l = &w->lines[i];
        const char *words = l->words[0];

        for (size_t k = 1; k < l->n_words; k++)
            words = SAID("%s %s", words, l->words[k]);
        speaks[l->actor] = true;
        expect(e, l->start, SAID("line %s: %s", name(w, l->actor), words));
    }
    for (int i = 0; i < w->n_actors; i++)
        if (speaks[i])
            expect(e, -1,
                   SAID("voice %s %s", name(w, i),
                        w->actors[i].voice == SYNTH_HIGH ? "high" : "low"));
}

static void expect_things(const struct synth_world *w, struct expected *e)
{
    static const char *const sides[] = {"left", "right"};

    expect(e, -1, SAID("cast %s", numbers[w->n_actors]));
    for (int i = 0; i < w->n_actors; i++) {
        const struct synth_actor *a = &w->actors[i];

        expect(e, -1,
               SAID("character %s %s %s",
                    a->size == SYNTH_BIG ? "big" : "small", name(w, i),
                    sides[a->side]));
        expect(e, a->then == a->mood ? -1 : 0,
               SAID("mood %s %s", name(w, i), moods[a->mood]));
        if (a->then != a->mood)
            expect(e, a->then_at,
                   SAID("change %s %s", name(w, i), moods[a->then]));
    }
    if (w->n_props == 0)
        expect(e, -1, "objects none");
    for (int i = 0; i < w->n_props; i++) {
        const struct synth_prop *p = &w->props[i];

        expect(e, -1,
               SAID("objects %s %s %s %s", numbers[p->count],
                    colours[p->colour], things[p->thing], sides[p->side]));
    }
}

static struct expected expect_all(const struct synth_world *w)
{
    struct expected e = {.n = 0};

    expect(&e, -1, SAID("place %s", places[w->place]));
    expect(&e, -1, SAID("light %s", lights[w->light]));
    if (w->place != SYNTH_ROOM)
        expect(&e, -1, SAID("weather %s", weathers[w->weather]));
    expect_things(w, &e);
    expect_story(w, &e);
    if (w->sound)
        expect_sound(w, &e);
    expect(&e, w->camera == SYNTH_STILL ? -1 : w->camera_at,
           SAID("camera %s", cameras[w->camera]));
    return e;
}

/* --- checks --------------------------------------------------------------- */

static struct str attribute_text(const struct json *record, int key)
{
    return record_attribute_text(record, (enum attribute)key);
}

/* Each sentence of the attributes says something that is so, and all of it is
 * said once. */
static void check_facts(const struct synth_world *w, const struct json *record)
{
    struct expected e = expect_all(w);
    bool found[MANY] = {false};
    size_t n = 0;

    for (int k = 0; k < ATTRIBUTES; k++) {
        struct str text = attribute_text(record, k);
        const struct text *t =
            text_analyse(rules, &arena, text, (enum attribute)k);

        CHECK(t->n_sentences == t->n_claims, "seed %d: %.*s", (int)w->seed,
              (int)text.n, text.p);
        for (size_t i = 0; i < t->n_claims; i++, n++) {
            struct str s = text_claim_sentence(&arena, t, &t->claims[i]);
            const char *said = read_sentence(s);
            double at = t->claims[i].start;
            size_t j = 0;

            while (said && j < e.n &&
                   (found[j] || strcmp(e.said[j], said) != 0 ||
                    (e.at[j] < 0 ? !isnan(at) : e.at[j] != at)))
                j++;
            CHECK(said && j < e.n, "seed %d: at %g, %.*s (%s)", (int)w->seed,
                  at, (int)s.n, s.p, said ? said : "nothing known");
            found[j < e.n ? j : 0] = true;
        }
    }
    for (size_t j = 0; j < e.n; j++)
        CHECK(found[j], "seed %d: not said: %s", (int)w->seed, e.said[j]);
    CHECK(n == e.n, "seed %d: %zu claims, %zu facts", (int)w->seed, n, e.n);
}

/* The listed claims are those of the text, with times that it tells. */
static size_t check_claims(const struct synth_world *w,
                           const struct json *record)
{
    size_t n = 0;

    for (int k = 0; k < ATTRIBUTES; k++) {
        enum attribute key = (enum attribute)k;
        const struct json *a = record_attribute(record, key);
        const struct text *t =
            text_analyse(rules, &arena, attribute_text(record, k), key);
        size_t i = 0;

        if (k == ATTRIBUTE_SPEECH && !w->sound) {
            CHECK_TEXT(json_text(json_get(a, "verdict")), "absent");
            CHECK(!json_get(a, "text") && !json_get(a, "claims"), "silent");
            continue;
        }
        CHECK(t->n_claims > 0 &&
                  t->n_claims == json_count(json_get(a, "claims")),
              "seed %d: %s", (int)w->seed, attribute_keys[k]);
        json_each(claim, json_get(a, "claims")) {
            double start, end;
            struct str s = text_claim_sentence(&arena, t, &t->claims[i]);

            claim_times(claim, &start, &end);
            CHECK(str_eq(json_str(json_get(claim, "text")), s), "%.*s",
                  (int)s.n, s.p);
            CHECK(isnan(start) ? isnan(t->claims[i].start) && isnan(end)
                               : start == t->claims[i].start && end >= start &&
                                     end <= w->seconds + 1,
                  "seed %d: %.*s from %g to %g", (int)w->seed, (int)s.n, s.p,
                  start, end);
            i++;
        }
        n += i;
    }
    return n;
}

/* Whether a claim of that text and time is listed under the attribute; each
 * counts once. A caption gives what has no time the time of its opening. */
static bool is_listed(const struct json *record, enum attribute key,
                      struct str text, double at, bool *taken)
{
    size_t i = 0;

    json_each(claim, json_get(record_attribute(record, key), "claims")) {
        double start, end;

        claim_times(claim, &start, &end);
        if (!taken[i] && str_eq(json_str(json_get(claim, "text")), text) &&
            (isnan(start) ? isnan(at) || at == 0 : at == start)) {
            taken[i] = true;
            return true;
        }
        i++;
    }
    return false;
}

static void check_caption(const struct synth_world *w,
                          const struct json *record, size_t n_claims)
{
    struct str caption = record_caption(record);
    const struct text *t = text_analyse(rules, &arena, caption, ATTRIBUTE_NONE);
    bool taken[ATTRIBUTES][MANY] = {{false}};
    double last = 0;

    CHECK(str_starts(caption, "At 0s, ") && !memchr(caption.p, '\n', caption.n),
          "%.*s", (int)caption.n, caption.p);
    CHECK(utf8_span(caption.p, caption.n) == caption.n, "%d", (int)w->seed);
    CHECK(t->n_claims == n_claims, "seed %d: %zu of %zu in %.*s", (int)w->seed,
          t->n_claims, n_claims, (int)caption.n, caption.p);
    for (size_t i = 0; i < t->n_anchors; i++) {
        CHECK(t->anchors[i].start >= last && t->anchors[i].leads &&
                  t->anchors[i].start == floor(t->anchors[i].start),
              "seed %d: %.*s", (int)w->seed, (int)caption.n, caption.p);
        last = t->anchors[i].start;
    }
    for (size_t i = 0; i < t->n_claims; i++) {
        const struct text_claim *c = &t->claims[i];
        struct str s = text_claim_sentence(&arena, t, c);

        CHECK(c->attribute != ATTRIBUTE_NONE &&
                  is_listed(record, c->attribute, s, c->start,
                            taken[c->attribute]),
              "seed %d: %s at %g: %.*s", (int)w->seed,
              c->attribute < 0 ? "none" : attribute_keys[c->attribute],
              c->start, (int)s.n, s.p);
        if (c->quote >= 0)
            CHECK(t->quotes[c->quote].spoken && t->quotes[c->quote].speaker.n,
                  "%.*s", (int)s.n, s.p);
    }
}

/* A source with the caption alone is merged into the same attributes, one with
 * the attributes alone into the same caption. */
static void check_merge(const struct synth_world *w, const struct json *truth)
{
    struct json *record = parse_text("{\"id\":\"x\",\"sources\":[{\"name\":"
                                     "\"a\"}]}");
    struct json *source = json_path(record, "sources.0");

    json_set(&arena, source, "caption",
             json_new_str(&arena, record_caption(truth)));
    CHECK_OK(merge_record(policy, &arena, record, &err), err);
    CHECK(json_count(json_get(record, "findings")) == 0, "%d", (int)w->seed);
    for (int k = 0; k < ATTRIBUTES; k++) {
        enum attribute key = (enum attribute)k;
        const struct json *now =
            json_get(record_attribute(record, key), "claims");
        bool taken[MANY] = {false};

        CHECK(json_count(now) ==
                  json_count(json_get(record_attribute(truth, key), "claims")),
              "seed %d: %s", (int)w->seed, attribute_keys[k]);
        json_each(claim, now) {
            double start, end;

            claim_times(claim, &start, &end);
            CHECK(is_listed(truth, key, json_str(json_get(claim, "text")),
                            start, taken),
                  "seed %d: %s: %s", (int)w->seed, attribute_keys[k],
                  json_text(json_get(claim, "text")));
        }
    }
}

static void check_transcript(const struct synth_world *w,
                             const struct json *record)
{
    const struct json *segments = json_path(record, "asr.segments");
    int i = 0;

    CHECK((segments != NULL) == w->sound, "%d", (int)w->seed);
    CHECK(json_count(segments) == (size_t)w->n_lines, "%d", (int)w->seed);
    json_each(segment, segments) {
        const struct synth_line *l = &w->lines[i++];
        double start, end, last = l->start;
        size_t n = 0;

        claim_times(segment, &start, &end);
        CHECK(start == l->start && end > start && end <= w->seconds, "%d",
              (int)w->seed);
        json_each(word, json_get(segment, "words")) {
            const char *text = json_text(json_get(word, "text"));

            claim_times(word, &start, &end);
            CHECK(start >= last - 1e-9 && end > start, "%d", (int)w->seed);
            CHECK(text && n < l->n_words &&
                      strncasecmp(text, l->words[n], strlen(l->words[n])) == 0,
                  "%s", text);
            last = end;
            n++;
        }
        CHECK(n == l->n_words, "%d", (int)w->seed);
        CHECK_TEXT(json_text(json_get(segment, "speaker")),
                   l->actor ? "S2" : "S1");
    }
}

static struct json *say(const struct synth_world *w, uint64_t wording)
{
    struct json *record = json_new_object(&arena);

    json_set_text(&arena, record, "id", "x");
    CHECK_OK(synth_say(w, NULL, wording, rules, &arena, record, &err), err);
    return record;
}

static void sentences_are_read_back(void)
{
    size_t least = MANY, most = 0, sum = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct synth_world w;

        synth_world_make(seed, &w);
        for (uint64_t wording = 0; wording < WORDINGS; wording++) {
            uint64_t which = wording ? wording + 2 * seed : 0;
            const struct json *record = say(&w, which);
            size_t n;

            check_facts(&w, record);
            n = check_claims(&w, record);
            check_caption(&w, record, n);
            check_merge(&w, record);
            check_transcript(&w, record);
            least = n < least ? n : least;
            most = n > most ? n : most;
            sum += n;
            arena_reset(&arena);
        }
    }
    printf("# claims of a clip: %zu to %zu, %.1f on average\n", least, most,
           (double)sum / SEEDS / WORDINGS);
    CHECK(least >= 10 && most <= 36, "%zu %zu", least, most);
    check_case("every sentence is one claim of its attribute, and true");
}

/* Every form of every kind is used by some wording. */
static void wordings_differ(void)
{
    struct synth_world w;
    const char *first;
    int differ = 0;

    synth_world_make(1, &w);
    first = json_text(json_get(say(&w, 0), "caption"));
    CHECK_TEXT(json_text(json_get(say(&w, 0), "caption")), first);
    for (uint64_t wording = 1; wording < 50; wording++) {
        const char *other = json_text(json_get(say(&w, wording), "caption"));

        CHECK_TEXT(json_text(json_get(say(&w, wording), "caption")), other);
        differ += strcmp(first, other) != 0;
    }
    CHECK(differ > 45, "%d", differ);
    arena_reset(&arena);
    check_case("wordings differ, and each is the same every time");
}

/* A fact that is said holds, and its denial does not. */
static void facts_hold(void)
{
    size_t denials = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct synth_fact facts[SYNTH_FACTS_MAX];
        struct synth_world w;
        size_t n;

        synth_world_make(seed, &w);
        n = synth_facts(&w, NULL, facts);
        for (size_t i = 0; i < n; i++) {
            CHECK(synth_fact_holds(&w, &facts[i], 0), "seed %d fact %zu",
                  (int)seed, i);
            if (!synth_fact_deniable(&facts[i]))
                continue;
            facts[i].denied = !facts[i].denied;
            CHECK(!synth_fact_holds(&w, &facts[i], 0), "seed %d fact %zu",
                  (int)seed, i);
            denials++;
        }
    }
    CHECK(denials > SEEDS, "%zu", denials);
    check_case("what is said holds");
}

/* A sentence of a caption and the question about its claim: what a model is
 * trained to answer is what it is asked. */
static void times_are_asked_as_they_are_said(void)
{
    struct synth_fact facts[SYNTH_FACTS_MAX];
    struct synth_world w;
    size_t timed = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        size_t n;

        synth_world_make(seed, &w);
        n = synth_facts(&w, NULL, facts);
        for (size_t i = 0; i < n; i++) {
            const struct synth_fact *f = &facts[i];
            unsigned wording = (unsigned)(seed + i);
            struct str said = synth_fact_sentence(&arena, f, wording, false);
            struct str claim = synth_fact_sentence(&arena, f, wording, true);
            struct str asked =
                verify_statement(rules, &arena, claim, f->start, f->start);

            CHECK(str_eq(asked, said), "%.*s / %.*s", (int)asked.n, asked.p,
                  (int)said.n, said.p);
            timed += isnan(f->start) ? 0 : 1;
        }
    }
    CHECK(timed > SEEDS, "%zu", timed);
    check_case("times are asked as they are said");
}

int main(void)
{
    CHECK_OK(text_rules_load(&rules, &err), err);
    CHECK_OK(merge_policy_new(rules, &policy_arena, &policy, &err), err);
    sentences_are_read_back();
    wordings_differ();
    facts_hold();
    times_are_asked_as_they_are_said();
    text_rules_free(rules);
    arena_release(&arena);
    arena_release(&policy_arena);
    return check_done();
}
