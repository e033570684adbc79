/*
 * Facts as sentences. A form is a sentence with slots; what stands in the slots
 * comes from the fact. Every form is read back by asid's own text layer as one
 * claim of the right attribute (tests/unit/test_synth_say.c).
 */
#include "say_int.h"

enum { SENTENCE_MAX = 1024, FORMS = SYNTH_WORDINGS };

static const char *const places[] = {"meadow", "beach",  "forest",
                                     "desert", "street", "room"};
static const char *const lights[] = {"day", "dusk", "night"};
static const char *const light_times[] = {"by day", "at dusk", "at night"};
static const char *const colours[] = {"red",    "green",  "blue",
                                      "yellow", "purple", "orange"};
static const char *const kinds[] = {"cat", "robot", "rabbit", "ghost", "duck"};
static const char *const sizes[] = {"small", "big"};
static const char *const sides[] = {"left", "right"};
static const char *const moods[] = {"happy", "sad", "angry", "surprised"};
static const char *const things[][2] = {
    {"ball", "balls"}, {"box", "boxes"},        {"flower", "flowers"},
    {"tree", "trees"}, {"balloon", "balloons"}, {"lamp", "lamps"}};
static const char *const counts[] = {"no", "one", "two", "three", "four"};
static const char *const musics[] = {"no", "slow", "fast"};
static const char *const voices[] = {"high", "low"};

/* "jumps" in every wording, "jump", and as it stands in the story. */
static const struct {
    const char *does[FORMS], *bare, *told;
} acts[SYNTH_ACTS] = {
    [SYNTH_JUMPS] = {{"jumps", "hops", "jumps up"}, "jump", "jumps"},
    [SYNTH_SPINS] = {{"spins", "turns around", "spins around"},
                     "spin",
                     "spins"},
    [SYNTH_FALLS] = {{"falls over", "falls down", "tips over"},
                     "fall over",
                     "falls"},
    [SYNTH_WAVES] = {{"waves", "waves an arm", "waves with an arm"},
                     "wave",
                     "waves"},
    [SYNTH_GROWS] = {{"grows", "gets bigger", "becomes bigger"},
                     "grow",
                     "grows"},
    [SYNTH_COMES_LEFT] = {{"comes in from the left", "enters from the left",
                           "walks in from the left"},
                          "come in from the left",
                          "comes in"},
    [SYNTH_COMES_RIGHT] = {{"comes in from the right", "enters from the right",
                            "walks in from the right"},
                           "come in from the right",
                           "comes in"},
    [SYNTH_MEETS] = {{"goes to {whom}", "walks up to {whom}", "meets {whom}"},
                     "go to {whom}",
                     "goes to {whom}"},
    [SYNTH_LEAVES_LEFT] = {{"leaves to the left", "walks out to the left",
                            "goes away to the left"},
                           "leave to the left",
                           "leaves"},
    [SYNTH_LEAVES_RIGHT] = {{"leaves to the right", "walks out to the right",
                             "goes away to the right"},
                            "leave to the right",
                            "leaves"},
};

struct forms {
    const char *said[FORMS];
    const char *denied; /* NULL: it cannot be */
};

static const struct forms forms[SYNTH_SAYS] = {
    [SYNTH_SAY_PLACE] = {{"the scene is a {place}", "the setting is a {place}",
                          "the place is a {place}"},
                         "the scene is not a {place}"},
    [SYNTH_SAY_LIGHT] = {{"it is {light}", "the scene takes place {at light}",
                          "the scene is set {at light}"},
                         "it is not {light}"},
    [SYNTH_SAY_CAST] = {{"there {is} {n} {characters}",
                         "there {is} {n} {characters} in all",
                         "there {is} {n} {characters} in the clip"},
                        NULL},
    [SYNTH_SAY_CHARACTER] = {{"there is a {size} {name} on the {side}",
                              "a {size} {name} is on the {side}",
                              "on the {side} is a {size} {name}"},
                             "there is no {name}"},
    [SYNTH_SAY_OBJECTS] = {{"there {is} {n} {colour} {things} on the {side}",
                            "{n} {colour} {things} {is} on the {side}",
                            "on the {side} side {is} {n} {colour} {things}"},
                           "there are no {colour} {many}"},
    [SYNTH_SAY_NOTHING] = {{"there are no objects", "no objects are seen",
                            "no object is there"},
                           NULL},
    [SYNTH_SAY_ACT] = {{"{who} {does}", "{who} {does}", "{who} {does}"},
                       "{who} does not {bare}"},
    [SYNTH_SAY_BEGINS] = {{"the whole story opens when {who} {told}",
                           "the whole story begins when {who} {told}",
                           "the whole story starts when {who} {told}"},
                          NULL},
    [SYNTH_SAY_BEFORE] =
        {{"the whole story tells how {who} {told} before {then}",
          "the whole story shows how {who} {told} before {then}",
          "the whole story tells how {then} after {who} {told}"},
         NULL},
    [SYNTH_SAY_ENDS] = {{"the whole story ends when {who} {told}",
                         "the whole story finishes when {who} {told}",
                         "the whole story ends when {who} {told}"},
                        NULL},
    [SYNTH_SAY_SILENCE] = {{"nobody speaks", "no voice is heard",
                            "there is no speech"},
                           NULL},
    [SYNTH_SAY_VOICE] = {{"the voice of {who} is {voice}",
                          "{who} speaks in a {voice} voice",
                          "the voice of {who} sounds {voice}"},
                         "the voice of {who} is not {voice}"},
    [SYNTH_SAY_LINE] = {{"{who} says, \"{words}\"", "{who} says: \"{words}\"",
                         "{who} speaks: \"{words}\""},
                        "{who} does not speak"},
    [SYNTH_SAY_BELL] = {{"a bell rings", "a bell is heard",
                         "the sound of a bell is heard"},
                        "no bell rings"},
    [SYNTH_SAY_MOOD] = {{"{who} feels {mood}", "{who} looks {mood}",
                         "{who} feels {mood}"},
                        "{who} does not feel {mood}"},
    [SYNTH_SAY_CHANGE] = {{"{who} becomes {mood}", "{who} gets {mood}",
                           "{who} turns {mood}"},
                          "{who} does not become {mood}"},
};

/* Where the words depend on the value. */
static const struct forms weathers[SYNTH_WEATHERS] = {
    [SYNTH_CLEAR] = {{"the weather is clear", "the sky is clear",
                      "there is a clear sky"},
                     "the weather is not clear"},
    [SYNTH_RAIN] = {{"rain falls", "it rains", "it is raining"},
                    "rain does not fall"},
    [SYNTH_SNOW] = {{"snow falls", "it snows", "it is snowing"},
                    "snow does not fall"},
};
static const struct forms music_forms[2] = {
    {{"there is no music", "no music plays", "no music is heard"}, NULL},
    {{"{music} music plays", "{music} music is heard", "the music is {music}"},
     NULL},
};
static const struct forms noises[SYNTH_NOISES] = {
    [SYNTH_NO_NOISE] = {{"there is no background noise",
                         "no background noise is heard",
                         "there is no noise in the background"},
                        NULL},
    [SYNTH_WIND] = {{"the sound of wind is heard", "the noise of wind is heard",
                     "there is a sound of wind"},
                    "there is no sound of wind"},
    [SYNTH_HUM] = {{"the sound of a hum is heard", "a hum is heard",
                    "there is the sound of a hum"},
                   "there is no hum"},
};
static const struct forms no_bell = {
    {"no bell rings", "no bell is heard", "there is no sound of a bell"}, NULL};
static const struct forms cameras[SYNTH_CAMERAS] = {
    [SYNTH_STILL] = {{"the camera stays still", "the camera does not move",
                      "the camera remains still"},
                     "the camera does not stay still"},
    [SYNTH_PAN_LEFT] = {{"the camera pans left", "the camera pans to the left",
                         "the camera moves to the left"},
                        "the camera does not pan left"},
    [SYNTH_PAN_RIGHT] = {{"the camera pans right",
                          "the camera pans to the right",
                          "the camera moves to the right"},
                         "the camera does not pan right"},
    [SYNTH_ZOOM_IN] = {{"the camera zooms in", "the camera pushes in",
                        "the view zooms in"},
                       "the camera does not zoom in"},
    [SYNTH_ZOOM_OUT] = {{"the camera zooms out", "the camera pulls back",
                         "the view zooms out"},
                        "the camera does not zoom out"},
    [SYNTH_CUT] = {{"there is a cut to a close view",
                    "the camera cuts to a close view",
                    "there is a cut to a close shot"},
                   "there is no cut to a close view"},
};

static const struct forms *forms_of(const struct synth_fact *f)
{
    switch (f->about) {
    case SYNTH_SAY_WEATHER:
        return &weathers[f->value];
    case SYNTH_SAY_MUSIC:
        return &music_forms[f->value != SYNTH_NO_MUSIC];
    case SYNTH_SAY_NOISE:
        return &noises[f->value];
    case SYNTH_SAY_CAMERA:
        return &cameras[f->value];
    case SYNTH_SAY_BELL:
        return f->denied ? &no_bell : &forms[f->about];
    case SYNTH_SAY_PLACE:
    case SYNTH_SAY_LIGHT:
    case SYNTH_SAY_CAST:
    case SYNTH_SAY_CHARACTER:
    case SYNTH_SAY_OBJECTS:
    case SYNTH_SAY_NOTHING:
    case SYNTH_SAY_ACT:
    case SYNTH_SAY_BEGINS:
    case SYNTH_SAY_BEFORE:
    case SYNTH_SAY_ENDS:
    case SYNTH_SAY_SILENCE:
    case SYNTH_SAY_VOICE:
    case SYNTH_SAY_LINE:
    case SYNTH_SAY_MOOD:
    case SYNTH_SAY_CHANGE:
    case SYNTH_SAYS:
        break;
    }
    return &forms[f->about];
}

bool synth_fact_deniable(const struct synth_fact *f)
{
    return f->about == SYNTH_SAY_BELL || forms_of(f)->denied != NULL;
}

/* --- slots ---------------------------------------------------------------- */

struct writing {
    const struct synth_fact *fact;
    unsigned wording;
    struct buf out;
};

static void add_name(struct buf *b, struct synth_name name)
{
    buf_printf(b, "%s %s", colours[name.colour], kinds[name.kind]);
}

/* A verb, which may have {whom} in it. */
static void add_verb(struct buf *b, const char *verb, struct synth_name whom)
{
    const char *slot = strchr(verb, '{');

    if (!slot) {
        buf_text(b, verb);
        return;
    }
    buf_add(b, verb, (size_t)(slot - verb));
    buf_text(b, "the ");
    add_name(b, whom);
}

static void add_words(struct buf *b, const char *const *words, size_t n)
{
    static const char *const asking[] = {"where", "do", "how", "what"};
    const char *end = ".";

    for (size_t i = 0; i < n; i++) {
        const char *word = strcmp(words[i], "i") == 0 ? "I" : words[i];

        buf_text(b, i ? " " : "");
        buf_char(b, (char)(i || word[0] < 'a' ? word[0] : word[0] - 0x20));
        buf_text(b, word + 1);
    }
    for (size_t i = 0; n && i < sizeof asking / sizeof *asking; i++)
        if (strcmp(words[0], asking[i]) == 0)
            end = "?";
    /* "What a nice day this is" asks nothing. */
    if (n > 1 && strcmp(words[1], "a") == 0)
        end = "!";
    buf_text(b, end);
}

static bool is_slot(struct str slot, const char *name)
{
    return str_is(slot, name);
}

static bool add_who(struct writing *w, struct str slot)
{
    const struct synth_fact *f = w->fact;
    struct buf *b = &w->out;

    if (is_slot(slot, "who")) {
        buf_text(b, "the ");
        add_name(b, f->deed.who);
    } else if (is_slot(slot, "name")) {
        add_name(b, f->deed.who);
    } else if (is_slot(slot, "does")) {
        add_verb(b, acts[f->deed.act].does[w->wording], f->deed.whom);
    } else if (is_slot(slot, "bare")) {
        add_verb(b, acts[f->deed.act].bare, f->deed.whom);
    } else if (is_slot(slot, "told")) {
        add_verb(b, acts[f->deed.act].told, f->deed.whom);
    } else if (is_slot(slot, "then")) {
        buf_text(b, "the ");
        add_name(b, f->then.who);
        buf_char(b, ' ');
        add_verb(b, acts[f->then.act].told, f->then.whom);
    } else {
        return false;
    }
    return true;
}

static int count_of(const struct synth_fact *f)
{
    return f->about == SYNTH_SAY_CAST ? f->value : f->count;
}

static const char *word_of(const struct synth_fact *f, struct str slot)
{
    const struct {
        const char *slot, *word;
    } all[] = {
        {"size", sizes[f->size]},
        {"side", sides[f->side]},
        {"colour", colours[f->colour]},
        {"is", count_of(f) == 1 ? "is" : "are"},
        {"n", counts[count_of(f)]},
        {"characters", count_of(f) == 1 ? "character" : "characters"},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (is_slot(slot, all[i].slot))
            return all[i].word;
    if (is_slot(slot, "place"))
        return places[f->value];
    if (is_slot(slot, "light"))
        return lights[f->value];
    if (is_slot(slot, "at light"))
        return light_times[f->value];
    if (is_slot(slot, "things"))
        return things[f->value][f->count != 1];
    if (is_slot(slot, "many"))
        return things[f->value][1];
    if (is_slot(slot, "music"))
        return musics[f->value];
    if (is_slot(slot, "voice"))
        return voices[f->value];
    return moods[f->value];
}

static void add_slot(struct writing *w, struct str slot)
{
    if (add_who(w, slot))
        return;
    if (is_slot(slot, "words"))
        add_words(&w->out, w->fact->words, w->fact->n_words);
    else
        buf_text(&w->out, word_of(w->fact, slot));
}

static void fill(struct writing *w, const char *form)
{
    while (*form) {
        const char *slot = strchr(form, '{'), *end;

        if (!slot) {
            buf_text(&w->out, form);
            return;
        }
        buf_add(&w->out, form, (size_t)(slot - form));
        end = strchr(slot, '}');
        BUG_IF(!end);
        add_slot(w, (struct str){slot + 1, (size_t)(end - slot - 1)});
        form = end + 1;
    }
}

struct str synth_fact_sentence(struct arena *a, const struct synth_fact *fact,
                               unsigned wording, bool timeless)
{
    struct writing w = {.fact = fact, .wording = wording % FORMS};
    const struct forms *f = forms_of(fact);
    const char *form = f->said[w.wording];
    struct str text;
    size_t first = 0;

    if (fact->denied && fact->about != SYNTH_SAY_BELL)
        form = f->denied;
    BUG_IF(!form);
    buf_init(&w.out, SENTENCE_MAX);
    if (!timeless && !isnan(fact->start)) {
        buf_str(&w.out, text_anchor_format(a, fact->start, fact->start));
        buf_text(&w.out, ", ");
        first = SENTENCE_MAX;
    }
    fill(&w, form);
    if (w.out.p[w.out.n - 1] != '"')
        buf_char(&w.out, '.');
    BUG_IF(buf_failed(&w.out));
    if (first == 0)
        w.out.p[0] = (char)(w.out.p[0] - 0x20);
    text = (struct str){arena_strndup(a, w.out.p, w.out.n), w.out.n};
    buf_release(&w.out);
    return text;
}

struct str synth_line_text(struct arena *a, const char *const *words, size_t n)
{
    struct buf b;
    struct str text;

    buf_init(&b, SENTENCE_MAX);
    add_words(&b, words, n);
    text = (struct str){arena_strndup(a, b.p, b.n), b.n};
    buf_release(&b);
    return text;
}

unsigned synth_fact_wording(const struct synth_fact *fact, uint64_t wording)
{
    struct synth_random r = {wording * 1000003u + fact->about * 7919u + 1};
    unsigned first = wording ? (unsigned)synth_random_below(&r, FORMS) : 0;

    /* Two sentences of the story must not begin alike. */
    return fact->about == SYNTH_SAY_BEFORE ? (first + fact->nth) % FORMS
                                           : first;
}
