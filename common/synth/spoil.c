/*
 * Facts that do not hold, made from facts that do.
 *
 * Each fault changes one thing and leaves the form of the sentence alone, so
 * that only looking and listening can tell. What comes out is held against the
 * world: where it happens to be true all the same, other ways are tried.
 */
#include "say_int.h"

enum { TRIES = 8, SHIFT_LEAST = 3, SHIFT_MORE = 3 };

/* Times this far off still count as right. */
static const double TOLERANCE = 2;

const char *const synth_fault_names[SYNTH_FAULTS] = {
    [SYNTH_FAULT_COLOUR] = "colour",     [SYNTH_FAULT_COUNT] = "count",
    [SYNTH_FAULT_OBJECT] = "object",     [SYNTH_FAULT_ACTION] = "action",
    [SYNTH_FAULT_ORDER] = "order",       [SYNTH_FAULT_SIDE] = "left_right",
    [SYNTH_FAULT_NEGATION] = "negation", [SYNTH_FAULT_SPEAKER] = "speaker",
    [SYNTH_FAULT_WORDS] = "quote_words", [SYNTH_FAULT_TIME] = "time_shift",
    [SYNTH_FAULT_ADDITION] = "addition", [SYNTH_FAULT_PLACE] = "place",
    [SYNTH_FAULT_LIGHT] = "light",       [SYNTH_FAULT_WEATHER] = "weather",
    [SYNTH_FAULT_MUSIC] = "sound",       [SYNTH_FAULT_CAMERA] = "camera",
    [SYNTH_FAULT_MOOD] = "mood",         [SYNTH_FAULT_VOICE] = "voice",
    [SYNTH_FAULT_SIZE] = "size",         [SYNTH_FAULT_KIND] = "character",
};

struct spoiling {
    const struct synth_world *w;
    struct synth_random r;
    struct synth_fact f;
};

static int below(struct spoiling *x, int n)
{
    return synth_random_below(&x->r, n);
}

/* Any value of 0 to n - 1 but that one. */
static int other(struct spoiling *x, int n, int value)
{
    int v = below(x, n - 1);

    return v + (v >= value);
}

static bool names_somebody(const struct synth_fact *f)
{
    static const bool names[SYNTH_SAYS] = {
        [SYNTH_SAY_CHARACTER] = true, [SYNTH_SAY_ACT] = true,
        [SYNTH_SAY_BEGINS] = true,    [SYNTH_SAY_BEFORE] = true,
        [SYNTH_SAY_ENDS] = true,      [SYNTH_SAY_VOICE] = true,
        [SYNTH_SAY_LINE] = true,      [SYNTH_SAY_MOOD] = true,
        [SYNTH_SAY_CHANGE] = true,
    };

    return names[f->about];
}

static bool tells_a_deed(const struct synth_fact *f)
{
    return f->about == SYNTH_SAY_ACT || f->about == SYNTH_SAY_BEGINS ||
           f->about == SYNTH_SAY_BEFORE || f->about == SYNTH_SAY_ENDS;
}

/* One of the deeds that the fact tells. */
static struct synth_deed *a_deed(struct spoiling *x)
{
    if (x->f.about == SYNTH_SAY_BEFORE && below(x, 2))
        return &x->f.then;
    return &x->f.deed;
}

static void no_time(struct synth_fact *f)
{
    f->start = f->end = (double)NAN;
}

static void some_time(struct spoiling *x, struct synth_fact *f)
{
    f->start = below(x, x->w->seconds - 1);
    f->end = f->start + 1;
}

/* --- what is seen --------------------------------------------------------- */

static bool spoil_colour(struct spoiling *x)
{
    struct synth_name *who = &a_deed(x)->who;

    if (x->f.about == SYNTH_SAY_OBJECTS) {
        x->f.colour =
            (enum synth_colour)other(x, SYNTH_COLOURS, (int)x->f.colour);
        return true;
    }
    who->colour = (enum synth_colour)other(x, SYNTH_COLOURS, (int)who->colour);
    return names_somebody(&x->f);
}

static bool spoil_kind(struct spoiling *x)
{
    struct synth_name *who = &a_deed(x)->who;

    who->kind = (enum synth_kind)other(x, SYNTH_KINDS, (int)who->kind);
    return names_somebody(&x->f);
}

static bool spoil_count(struct spoiling *x)
{
    if (x->f.about == SYNTH_SAY_CAST) {
        x->f.value = x->f.value == 1 ? 2 : 1;
        return true;
    }
    x->f.count = 1 + other(x, 3, x->f.count - 1);
    return x->f.about == SYNTH_SAY_OBJECTS;
}

/* Another thing, or none at all where there is one. */
static bool spoil_object(struct spoiling *x)
{
    if (x->f.about != SYNTH_SAY_OBJECTS)
        return false;
    if (below(x, 5) == 0)
        x->f.about = SYNTH_SAY_NOTHING;
    else
        x->f.value = other(x, SYNTH_THINGS, x->f.value);
    return true;
}

static bool spoil_size(struct spoiling *x)
{
    x->f.size = x->f.size == SYNTH_BIG ? SYNTH_SMALL : SYNTH_BIG;
    return x->f.about == SYNTH_SAY_CHARACTER;
}

static bool turn(enum synth_act *act)
{
    switch (*act) {
    case SYNTH_COMES_LEFT:
        *act = SYNTH_COMES_RIGHT;
        return true;
    case SYNTH_COMES_RIGHT:
        *act = SYNTH_COMES_LEFT;
        return true;
    case SYNTH_LEAVES_LEFT:
        *act = SYNTH_LEAVES_RIGHT;
        return true;
    case SYNTH_LEAVES_RIGHT:
        *act = SYNTH_LEAVES_LEFT;
        return true;
    case SYNTH_JUMPS:
    case SYNTH_SPINS:
    case SYNTH_FALLS:
    case SYNTH_WAVES:
    case SYNTH_GROWS:
    case SYNTH_MEETS:
    case SYNTH_ACTS:
        break;
    }
    return false;
}

static bool spoil_side(struct spoiling *x)
{
    struct synth_fact *f = &x->f;

    f->side = f->side == SYNTH_LEFT ? SYNTH_RIGHT : SYNTH_LEFT;
    if (f->about == SYNTH_SAY_ACT)
        return turn(&f->deed.act);
    if (f->about == SYNTH_SAY_CAMERA &&
        (f->value == SYNTH_PAN_LEFT || f->value == SYNTH_PAN_RIGHT)) {
        f->value =
            f->value == SYNTH_PAN_LEFT ? SYNTH_PAN_RIGHT : SYNTH_PAN_LEFT;
        return true;
    }
    return f->about == SYNTH_SAY_CHARACTER || f->about == SYNTH_SAY_OBJECTS;
}

/* --- what happens --------------------------------------------------------- */

/* Somebody to go to: whoever else is there. */
static bool set_act(struct spoiling *x, struct synth_deed *deed, int act)
{
    deed->act = (enum synth_act)act;
    if (deed->act != SYNTH_MEETS)
        return true;
    for (int i = 0; i < x->w->n_actors; i++) {
        if (synth_same_name(deed->who, synth_name_of(x->w, i)))
            continue;
        deed->whom = synth_name_of(x->w, i);
        return true;
    }
    return false;
}

static bool spoil_action(struct spoiling *x)
{
    struct synth_deed *deed = a_deed(x);

    return tells_a_deed(&x->f) &&
           set_act(x, deed, other(x, SYNTH_ACTS, (int)deed->act));
}

static bool spoil_order(struct spoiling *x)
{
    const struct synth_event *e;
    struct synth_deed deed = x->f.deed;

    if (x->f.about == SYNTH_SAY_BEFORE) {
        x->f.deed = x->f.then;
        x->f.then = deed;
        return true;
    }
    if ((x->f.about != SYNTH_SAY_BEGINS && x->f.about != SYNTH_SAY_ENDS) ||
        x->w->n_events < 2)
        return false;
    e = &x->w->events[below(x, x->w->n_events)];
    x->f.deed.who = synth_name_of(x->w, e->actor);
    return set_act(x, &x->f.deed, (int)e->act);
}

static bool spoil_negation(struct spoiling *x)
{
    struct synth_fact *f = &x->f;

    if (f->about == SYNTH_SAY_MUSIC || f->about == SYNTH_SAY_NOISE) {
        bool was = f->value != 0;

        f->value = 0;
        return was;
    }
    if (f->about == SYNTH_SAY_LINE && below(x, 2)) {
        f->about = SYNTH_SAY_SILENCE;
        no_time(f);
        return true;
    }
    if (!synth_fact_deniable(f))
        return false;
    f->denied = !f->denied;
    no_time(f);
    if (f->about == SYNTH_SAY_BELL && !f->denied)
        some_time(x, f);
    return true;
}

static bool spoil_time(struct spoiling *x)
{
    int by = SHIFT_LEAST + below(x, SHIFT_MORE);
    double lasts = x->f.end - x->f.start;

    /* A mood is there from the beginning. */
    if (isnan(x->f.start) || x->f.about == SYNTH_SAY_MOOD)
        return false;
    x->f.start += below(x, 2) ? by : -by;
    x->f.end = x->f.start + lasts;
    return x->f.start >= 0 && x->f.start < x->w->seconds;
}

/* --- what is heard -------------------------------------------------------- */

static bool spoil_speaker(struct spoiling *x)
{
    int i = synth_actor_named(x->w, x->f.deed.who);

    if (x->f.about != SYNTH_SAY_LINE || x->w->n_actors < 2 || i < 0)
        return false;
    x->f.deed.who = synth_name_of(x->w, 1 - i);
    return true;
}

/* A word misheard, or another sentence. */
static bool spoil_words(struct spoiling *x)
{
    struct synth_line line;
    int first;

    if (x->f.about != SYNTH_SAY_LINE)
        return false;
    first = below(x, (int)x->f.n_words);
    for (size_t i = 0; below(x, 4) && i < x->f.n_words; i++) {
        size_t k = ((size_t)first + i) % x->f.n_words;
        const char *word = synth_other_word(&x->r, x->f.words[k]);

        if (!word)
            continue;
        x->f.words[k] = word;
        return true;
    }
    memset(&line, 0, sizeof line);
    synth_sentence(&x->r, &line);
    x->f.n_words = line.n_words;
    memcpy(x->f.words, line.words, sizeof line.words);
    return true;
}

static bool spoil_sound(struct spoiling *x)
{
    switch (x->f.about) {
    case SYNTH_SAY_MUSIC:
        x->f.value = other(x, SYNTH_MUSICS, x->f.value);
        return true;
    case SYNTH_SAY_NOISE:
        x->f.value = other(x, SYNTH_NOISES, x->f.value);
        return true;
    case SYNTH_SAY_BELL:
        x->f.denied = !x->f.denied;
        no_time(&x->f);
        if (!x->f.denied)
            some_time(x, &x->f);
        return true;
    case SYNTH_SAY_PLACE:
    case SYNTH_SAY_LIGHT:
    case SYNTH_SAY_WEATHER:
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
    case SYNTH_SAY_CAMERA:
    case SYNTH_SAY_MOOD:
    case SYNTH_SAY_CHANGE:
    case SYNTH_SAYS:
        break;
    }
    return false;
}

static bool spoil_voice(struct spoiling *x)
{
    x->f.value = x->f.value == SYNTH_HIGH ? SYNTH_LOW : SYNTH_HIGH;
    return x->f.about == SYNTH_SAY_VOICE;
}

/* --- the rest ------------------------------------------------------------- */

static bool spoil_place(struct spoiling *x)
{
    x->f.value = other(x, SYNTH_PLACES, x->f.value);
    return x->f.about == SYNTH_SAY_PLACE;
}

static bool spoil_light(struct spoiling *x)
{
    x->f.value = other(x, SYNTH_LIGHTS, x->f.value);
    return x->f.about == SYNTH_SAY_LIGHT;
}

static bool spoil_weather(struct spoiling *x)
{
    x->f.value = other(x, SYNTH_WEATHERS, x->f.value);
    return x->f.about == SYNTH_SAY_WEATHER;
}

static bool spoil_camera(struct spoiling *x)
{
    if (x->f.about != SYNTH_SAY_CAMERA)
        return false;
    x->f.value = other(x, SYNTH_CAMERAS, x->f.value);
    if (x->f.value == SYNTH_STILL)
        no_time(&x->f);
    else if (isnan(x->f.start))
        some_time(x, &x->f);
    return true;
}

static bool spoil_mood(struct spoiling *x)
{
    x->f.value = other(x, SYNTH_MOODS, x->f.value);
    return x->f.about == SYNTH_SAY_MOOD || x->f.about == SYNTH_SAY_CHANGE;
}

static struct synth_name some_name(struct spoiling *x)
{
    return (struct synth_name){(enum synth_kind)below(x, SYNTH_KINDS),
                               (enum synth_colour)below(x, SYNTH_COLOURS)};
}

static bool add_heard(struct spoiling *x)
{
    struct synth_line line;

    if (!x->w->sound)
        return false;
    if (below(x, 2)) {
        x->f.about = SYNTH_SAY_BELL;
        return true;
    }
    memset(&line, 0, sizeof line);
    synth_sentence(&x->r, &line);
    x->f.about = SYNTH_SAY_LINE;
    x->f.n_words = line.n_words;
    memcpy(x->f.words, line.words, sizeof line.words);
    return true;
}

/* Somebody, something, an act, a sound, a feeling that is not there. */
static bool spoil_by_addition(struct spoiling *x)
{
    struct synth_fact *f = &x->f;
    int actor = below(x, x->w->n_actors);

    memset(f, 0, sizeof *f);
    some_time(x, f);
    f->deed.who = synth_name_of(x->w, actor);
    switch (below(x, 6)) {
    case 0:
        f->about = SYNTH_SAY_CHARACTER;
        f->deed.who = some_name(x);
        f->size = (enum synth_size)below(x, SYNTH_SIZES);
        f->side = (enum synth_side)below(x, SYNTH_SIDES);
        no_time(f);
        return synth_actor_named(x->w, f->deed.who) < 0;
    case 1:
        f->about = SYNTH_SAY_OBJECTS;
        f->value = below(x, SYNTH_THINGS);
        f->colour = (enum synth_colour)below(x, SYNTH_COLOURS);
        f->count = 1 + below(x, 3);
        f->side = (enum synth_side)below(x, SYNTH_SIDES);
        no_time(f);
        return true;
    case 2:
        f->about = SYNTH_SAY_CHANGE;
        f->value = below(x, SYNTH_MOODS);
        return true;
    case 3:
        return add_heard(x);
    default:
        f->about = SYNTH_SAY_ACT;
        return set_act(x, &f->deed, below(x, SYNTH_ACTS));
    }
}

static bool (*const spoilers[SYNTH_FAULTS])(struct spoiling *x) = {
    [SYNTH_FAULT_COLOUR] = spoil_colour,
    [SYNTH_FAULT_COUNT] = spoil_count,
    [SYNTH_FAULT_OBJECT] = spoil_object,
    [SYNTH_FAULT_ACTION] = spoil_action,
    [SYNTH_FAULT_ORDER] = spoil_order,
    [SYNTH_FAULT_SIDE] = spoil_side,
    [SYNTH_FAULT_NEGATION] = spoil_negation,
    [SYNTH_FAULT_SPEAKER] = spoil_speaker,
    [SYNTH_FAULT_WORDS] = spoil_words,
    [SYNTH_FAULT_TIME] = spoil_time,
    [SYNTH_FAULT_ADDITION] = spoil_by_addition,
    [SYNTH_FAULT_PLACE] = spoil_place,
    [SYNTH_FAULT_LIGHT] = spoil_light,
    [SYNTH_FAULT_WEATHER] = spoil_weather,
    [SYNTH_FAULT_MUSIC] = spoil_sound,
    [SYNTH_FAULT_CAMERA] = spoil_camera,
    [SYNTH_FAULT_MOOD] = spoil_mood,
    [SYNTH_FAULT_VOICE] = spoil_voice,
    [SYNTH_FAULT_SIZE] = spoil_size,
    [SYNTH_FAULT_KIND] = spoil_kind,
};

/* Whoever is sad all the time does not become sad, but looks as if. */
static bool is_doubtful(const struct spoiling *x)
{
    int i = synth_actor_named(x->w, x->f.deed.who);

    return x->f.about == SYNTH_SAY_CHANGE && i >= 0 &&
           (int)x->w->actors[i].mood == x->f.value;
}

/* A wrong time is wrong by more than the tolerance; all else at any time. */
static bool is_false(const struct spoiling *x, enum synth_fault fault)
{
    struct synth_fact f = x->f;

    if (fault != SYNTH_FAULT_TIME)
        f.start = f.end = (double)NAN;
    return !synth_fact_holds(x->w, &f, TOLERANCE);
}

bool synth_fact_spoil(const struct synth_world *world, enum synth_fault fault,
                      uint64_t pick, struct synth_fact *fact)
{
    struct spoiling x = {.w = world, .r = {pick}};

    if (fact->denied && fault != SYNTH_FAULT_NEGATION &&
        fault != SYNTH_FAULT_MUSIC && fault != SYNTH_FAULT_ADDITION)
        return false;
    for (int i = 0; i < TRIES; i++) {
        x.f = *fact;
        if (!spoilers[fault](&x) || is_doubtful(&x) || !is_false(&x, fault))
            continue;
        *fact = x.f;
        return true;
    }
    return false;
}
