/* What holds in a world. */
#include "say_int.h"

int synth_actor_named(const struct synth_world *w, struct synth_name name)
{
    for (int i = 0; i < w->n_actors; i++)
        if (synth_same_name(synth_name_of(w, i), name))
            return i;
    return -1;
}

/* --- all of them ---------------------------------------------------------- */

struct listing {
    const struct synth_world *w;
    const struct synth_sound *sound;
    struct synth_fact *facts;
    size_t n;
    unsigned said[SYNTH_SAYS];
};

static struct synth_fact *add(struct listing *l, enum synth_about about,
                              int value)
{
    struct synth_fact *f = &l->facts[l->n++];

    BUG_IF(l->n > SYNTH_FACTS_MAX);
    *f = (struct synth_fact){.about = about,
                             .value = value,
                             .nth = l->said[about]++,
                             .start = (double)NAN,
                             .end = (double)NAN};
    return f;
}

static struct synth_fact *add_at(struct listing *l, enum synth_about about,
                                 int value, double start, double end)
{
    struct synth_fact *f = add(l, about, value);

    f->start = start;
    f->end = end;
    return f;
}

static struct synth_deed deed_of(const struct synth_world *w,
                                 const struct synth_event *e)
{
    struct synth_deed deed = {.who = synth_name_of(w, e->actor), .act = e->act};

    if (e->act == SYNTH_MEETS)
        deed.whom = synth_name_of(w, 1 - e->actor);
    return deed;
}

static void add_scene(struct listing *l)
{
    const struct synth_world *w = l->w;

    add(l, SYNTH_SAY_PLACE, (int)w->place);
    add(l, SYNTH_SAY_LIGHT, (int)w->light);
    if (w->place != SYNTH_ROOM)
        add(l, SYNTH_SAY_WEATHER, (int)w->weather);
}

static void add_characters(struct listing *l)
{
    const struct synth_world *w = l->w;

    add(l, SYNTH_SAY_CAST, w->n_actors);
    for (int i = 0; i < w->n_actors; i++) {
        struct synth_fact *f = add(l, SYNTH_SAY_CHARACTER, 0);

        f->deed.who = synth_name_of(w, i);
        f->size = w->actors[i].size;
        f->side = w->actors[i].side;
    }
}

static void add_objects(struct listing *l)
{
    const struct synth_world *w = l->w;

    if (w->n_props == 0)
        add(l, SYNTH_SAY_NOTHING, 0);
    for (int i = 0; i < w->n_props; i++) {
        struct synth_fact *f =
            add(l, SYNTH_SAY_OBJECTS, (int)w->props[i].thing);

        f->colour = w->props[i].colour;
        f->count = w->props[i].count;
        f->side = w->props[i].side;
    }
}

static void add_actions(struct listing *l)
{
    const struct synth_world *w = l->w;

    for (int i = 0; i < w->n_events; i++)
        add_at(l, SYNTH_SAY_ACT, 0, w->events[i].start, w->events[i].end)
            ->deed = deed_of(w, &w->events[i]);
}

/* The first and the last thing that happens, and which of the first two, and
 * of the last two, comes before the other. */
static void add_story(struct listing *l)
{
    const struct synth_world *w = l->w;
    int last = w->n_events - 1;

    if (w->n_events == 0)
        return;
    add(l, SYNTH_SAY_BEGINS, 0)->deed = deed_of(w, &w->events[0]);
    for (int i = 0; i < last; i++) {
        struct synth_fact *f;

        if (i > 0 && i < last - 1)
            continue;
        f = add(l, SYNTH_SAY_BEFORE, 0);
        f->deed = deed_of(w, &w->events[i]);
        f->then = deed_of(w, &w->events[i + 1]);
    }
    if (last > 0)
        add(l, SYNTH_SAY_ENDS, 0)->deed = deed_of(w, &w->events[last]);
}

static void add_line(struct listing *l, int i)
{
    const struct synth_line *line = &l->w->lines[i];
    double end = line->start + synth_line_lasts(line);
    struct synth_fact *f;

    if (l->sound && line->n_words)
        end = l->sound->words[i][line->n_words - 1].end;
    f = add_at(l, SYNTH_SAY_LINE, 0, line->start, end);
    f->deed.who = synth_name_of(l->w, line->actor);
    f->n_words = line->n_words;
    memcpy(f->words, line->words, sizeof f->words);
}

static bool speaks(const struct synth_world *w, int actor)
{
    for (int i = 0; i < w->n_lines; i++)
        if (w->lines[i].actor == actor)
            return true;
    return false;
}

static void add_speech(struct listing *l)
{
    const struct synth_world *w = l->w;
    bool rung = w->bell_at < 0;

    add(l, SYNTH_SAY_MUSIC, (int)w->music);
    add(l, SYNTH_SAY_NOISE, (int)w->noise);
    if (w->bell_at < 0)
        add(l, SYNTH_SAY_BELL, 0)->denied = true;
    if (w->n_lines == 0)
        add(l, SYNTH_SAY_SILENCE, 0);
    for (int i = 0; i < w->n_actors; i++)
        if (speaks(w, i))
            add(l, SYNTH_SAY_VOICE, (int)w->actors[i].voice)->deed.who =
                synth_name_of(w, i);
    for (int i = 0; i <= w->n_lines; i++) {
        if (!rung && (i == w->n_lines || w->bell_at <= w->lines[i].start)) {
            add_at(l, SYNTH_SAY_BELL, 0, w->bell_at, w->bell_at + 1);
            rung = true;
        }
        if (i < w->n_lines)
            add_line(l, i);
    }
}

static void add_camera(struct listing *l)
{
    const struct synth_world *w = l->w;

    if (w->camera == SYNTH_STILL)
        add(l, SYNTH_SAY_CAMERA, SYNTH_STILL);
    else
        add_at(l, SYNTH_SAY_CAMERA, (int)w->camera, w->camera_at,
               w->camera_at + (w->camera == SYNTH_CUT ? 0 : 2));
}

/* A mood that will change has a time, so that it is not read as one that stays.
 */
static void add_moods(struct listing *l)
{
    const struct synth_world *w = l->w;
    const struct synth_actor *a = w->actors;
    int order[SYNTH_ACTORS] = {0, 1};

    for (int i = 0; i < w->n_actors; i++)
        if (a[i].then == a[i].mood)
            add(l, SYNTH_SAY_MOOD, (int)a[i].mood)->deed.who =
                synth_name_of(w, i);
    for (int i = 0; i < w->n_actors; i++)
        if (a[i].then != a[i].mood)
            add_at(l, SYNTH_SAY_MOOD, (int)a[i].mood, 0, a[i].then_at)
                ->deed.who = synth_name_of(w, i);
    if (w->n_actors == 2 && a[1].then_at < a[0].then_at) {
        order[0] = 1;
        order[1] = 0;
    }
    for (int k = 0; k < w->n_actors; k++) {
        int i = order[k];

        if (a[i].then != a[i].mood)
            add_at(l, SYNTH_SAY_CHANGE, (int)a[i].then, a[i].then_at,
                   a[i].then_at)
                ->deed.who = synth_name_of(w, i);
    }
}

size_t synth_facts(const struct synth_world *world,
                   const struct synth_sound *sound,
                   struct synth_fact facts[SYNTH_FACTS_MAX])
{
    struct listing l = {.w = world, .sound = sound, .facts = facts};

    add_scene(&l);
    add_characters(&l);
    add_objects(&l);
    add_actions(&l);
    add_story(&l);
    if (world->sound)
        add_speech(&l);
    add_camera(&l);
    add_moods(&l);
    return l.n;
}

enum attribute synth_fact_attribute(const struct synth_fact *fact)
{
    static const enum attribute of[SYNTH_SAYS] = {
        [SYNTH_SAY_PLACE] = ATTRIBUTE_SCENE,
        [SYNTH_SAY_LIGHT] = ATTRIBUTE_SCENE,
        [SYNTH_SAY_WEATHER] = ATTRIBUTE_SCENE,
        [SYNTH_SAY_CAST] = ATTRIBUTE_CHARACTERS,
        [SYNTH_SAY_CHARACTER] = ATTRIBUTE_CHARACTERS,
        [SYNTH_SAY_OBJECTS] = ATTRIBUTE_OBJECTS,
        [SYNTH_SAY_NOTHING] = ATTRIBUTE_OBJECTS,
        [SYNTH_SAY_ACT] = ATTRIBUTE_ACTIONS,
        [SYNTH_SAY_BEGINS] = ATTRIBUTE_NARRATIVE_ELEMENTS,
        [SYNTH_SAY_BEFORE] = ATTRIBUTE_NARRATIVE_ELEMENTS,
        [SYNTH_SAY_ENDS] = ATTRIBUTE_NARRATIVE_ELEMENTS,
        [SYNTH_SAY_MUSIC] = ATTRIBUTE_SPEECH,
        [SYNTH_SAY_NOISE] = ATTRIBUTE_SPEECH,
        [SYNTH_SAY_SILENCE] = ATTRIBUTE_SPEECH,
        [SYNTH_SAY_VOICE] = ATTRIBUTE_SPEECH,
        [SYNTH_SAY_LINE] = ATTRIBUTE_SPEECH,
        [SYNTH_SAY_BELL] = ATTRIBUTE_SPEECH,
        [SYNTH_SAY_CAMERA] = ATTRIBUTE_CAMERA,
        [SYNTH_SAY_MOOD] = ATTRIBUTE_EMOTIONS,
        [SYNTH_SAY_CHANGE] = ATTRIBUTE_EMOTIONS,
    };

    return of[fact->about];
}

/* --- does it hold? -------------------------------------------------------- */

struct asking {
    const struct synth_world *w;
    const struct synth_fact *f;
    double tolerance;
};

static bool in_time(const struct asking *x, double start)
{
    return isnan(x->f->start) || fabs(x->f->start - start) <= x->tolerance;
}

static bool same_deed(const struct synth_deed *a, const struct synth_deed *b)
{
    return synth_same_name(a->who, b->who) && a->act == b->act &&
           (a->act != SYNTH_MEETS || synth_same_name(a->whom, b->whom));
}

/* The story leaves sides out: "comes in". */
static bool same_told(struct synth_deed a, struct synth_deed b)
{
    if (synth_comes(a.act))
        a.act = SYNTH_COMES_LEFT;
    if (synth_comes(b.act))
        b.act = SYNTH_COMES_LEFT;
    if (synth_leaves(a.act))
        a.act = SYNTH_LEAVES_LEFT;
    if (synth_leaves(b.act))
        b.act = SYNTH_LEAVES_LEFT;
    return same_deed(&a, &b);
}

/* The event that is told of, or -1. */
static int event_told(const struct synth_world *w,
                      const struct synth_deed *deed)
{
    for (int i = 0; i < w->n_events; i++)
        if (same_told(deed_of(w, &w->events[i]), *deed))
            return i;
    return -1;
}

static bool act_holds(const struct asking *x)
{
    for (int i = 0; i < x->w->n_events; i++) {
        struct synth_deed deed = deed_of(x->w, &x->w->events[i]);

        if (same_deed(&deed, &x->f->deed) && in_time(x, x->w->events[i].start))
            return true;
    }
    return false;
}

static bool story_holds(const struct asking *x)
{
    int first = event_told(x->w, &x->f->deed), then;

    if (first < 0)
        return false;
    if (x->f->about == SYNTH_SAY_BEGINS)
        return first == 0;
    if (x->f->about == SYNTH_SAY_ENDS)
        return first == x->w->n_events - 1;
    then = event_told(x->w, &x->f->then);
    return then > first;
}

static bool character_holds(const struct asking *x)
{
    int i = synth_actor_named(x->w, x->f->deed.who);

    return i >= 0 && (x->f->denied || (x->w->actors[i].size == x->f->size &&
                                       x->w->actors[i].side == x->f->side));
}

static bool objects_hold(const struct asking *x)
{
    for (int i = 0; i < x->w->n_props; i++) {
        const struct synth_prop *p = &x->w->props[i];

        if ((int)p->thing == x->f->value && p->colour == x->f->colour &&
            (x->f->denied ||
             (p->count == x->f->count && p->side == x->f->side)))
            return true;
    }
    return false;
}

static bool is_line(const struct asking *x, const struct synth_line *l)
{
    const struct synth_fact *f = x->f;
    bool same = l->actor == synth_actor_named(x->w, f->deed.who) &&
                l->n_words == f->n_words;

    for (size_t k = 0; same && k < l->n_words; k++)
        same = strcmp(l->words[k], f->words[k]) == 0;
    return same && in_time(x, l->start);
}

/* Denied, it is that there is any line of the actor's. */
static bool line_holds(const struct asking *x)
{
    for (int i = 0; i < x->w->n_lines; i++)
        if (x->f->denied ? x->w->lines[i].actor ==
                               synth_actor_named(x->w, x->f->deed.who)
                         : is_line(x, &x->w->lines[i]))
            return true;
    return false;
}

static bool music_holds(const struct asking *x)
{
    return x->w->sound && (int)x->w->music == x->f->value;
}

static bool noise_holds(const struct asking *x)
{
    return x->w->sound && (int)x->w->noise == x->f->value;
}

static bool silence_holds(const struct asking *x)
{
    return x->w->sound && x->w->n_lines == 0;
}

static bool voice_holds(const struct asking *x)
{
    int actor = synth_actor_named(x->w, x->f->deed.who);

    return actor >= 0 && speaks(x->w, actor) &&
           (int)x->w->actors[actor].voice == x->f->value;
}

static bool bell_holds(const struct asking *x)
{
    return x->w->sound && x->w->bell_at >= 0 && in_time(x, x->w->bell_at);
}

static bool mood_holds(const struct asking *x)
{
    int i = synth_actor_named(x->w, x->f->deed.who);
    const struct synth_actor *a = &x->w->actors[i < 0 ? 0 : i];
    bool changes = a->then != a->mood;

    if (i < 0)
        return false;
    if (x->f->about == SYNTH_SAY_CHANGE)
        return changes && (int)a->then == x->f->value && in_time(x, a->then_at);
    if ((int)a->mood == x->f->value)
        return isnan(x->f->start) || !changes || x->f->start < a->then_at;
    return changes && (int)a->then == x->f->value &&
           (isnan(x->f->start) || x->f->start >= a->then_at);
}

static bool place_holds(const struct asking *x)
{
    return (int)x->w->place == x->f->value;
}

static bool light_holds(const struct asking *x)
{
    return (int)x->w->light == x->f->value;
}

static bool weather_holds(const struct asking *x)
{
    return (int)x->w->weather == x->f->value && x->w->place != SYNTH_ROOM;
}

static bool cast_holds(const struct asking *x)
{
    return x->w->n_actors == x->f->value;
}

static bool nothing_holds(const struct asking *x)
{
    return x->w->n_props == 0;
}

static bool camera_holds(const struct asking *x)
{
    return (int)x->w->camera == x->f->value &&
           (x->w->camera == SYNTH_STILL || in_time(x, x->w->camera_at));
}

/* Before it is denied. */
static bool (*const holds[SYNTH_SAYS])(const struct asking *x) = {
    [SYNTH_SAY_PLACE] = place_holds,
    [SYNTH_SAY_LIGHT] = light_holds,
    [SYNTH_SAY_WEATHER] = weather_holds,
    [SYNTH_SAY_CAST] = cast_holds,
    [SYNTH_SAY_CHARACTER] = character_holds,
    [SYNTH_SAY_OBJECTS] = objects_hold,
    [SYNTH_SAY_NOTHING] = nothing_holds,
    [SYNTH_SAY_ACT] = act_holds,
    [SYNTH_SAY_BEGINS] = story_holds,
    [SYNTH_SAY_BEFORE] = story_holds,
    [SYNTH_SAY_ENDS] = story_holds,
    [SYNTH_SAY_MUSIC] = music_holds,
    [SYNTH_SAY_NOISE] = noise_holds,
    [SYNTH_SAY_SILENCE] = silence_holds,
    [SYNTH_SAY_VOICE] = voice_holds,
    [SYNTH_SAY_LINE] = line_holds,
    [SYNTH_SAY_BELL] = bell_holds,
    [SYNTH_SAY_CAMERA] = camera_holds,
    [SYNTH_SAY_MOOD] = mood_holds,
    [SYNTH_SAY_CHANGE] = mood_holds,
};

bool synth_fact_holds(const struct synth_world *world,
                      const struct synth_fact *fact, double tolerance)
{
    const struct asking x = {world, fact, tolerance};

    return holds[fact->about](&x) != fact->denied;
}
