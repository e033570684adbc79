/*
 * The grammar of the synthetic world: who is where, and what happens when.
 *
 * What has to fit is placed in the order of its needs: first the walks, on which
 * it depends when an actor is there, then the lines, then the other acts. Each
 * looks at every second at which it may start and picks one; where there is
 * none it is left out. So every seed makes a world that keeps the rules.
 */
#include <string.h>

#include "synth_int.h"

uint64_t synth_random_next(struct synth_random *r)
{
    uint64_t z = r->counter += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

int synth_random_below(struct synth_random *r, int n)
{
    return (int)((synth_random_next(r) >> 33) * (uint64_t)n >> 31);
}

static bool chance(struct synth_random *r, int percent)
{
    return synth_random_below(r, 100) < percent;
}

/* Any value of 0 to n - 1 but one. */
static int other_than(struct synth_random *r, int n, int not_this)
{
    int value = synth_random_below(r, n - 1);

    return value + (value >= not_this);
}

static bool overlap(int a_start, int a_end, int b_start, int b_end)
{
    return a_start < b_end && b_start < a_end;
}

/* Is the actor in the picture, and not on its way in or out, from start to end?
 */
static bool present(const struct synth_world *w, int actor, int start, int end)
{
    for (int i = 0; i < w->n_events; i++) {
        const struct synth_event *e = &w->events[i];

        if (e->actor == actor && ((synth_comes(e->act) && start < e->end) ||
                                  (synth_leaves(e->act) && end > e->start)))
            return false;
    }
    return start >= 0 && end <= w->seconds;
}

/* Has the actor nothing else to do or say from start to end? */
static bool idle(const struct synth_world *w, int actor, int start, int end)
{
    for (int i = 0; i < w->n_events; i++) {
        const struct synth_event *e = &w->events[i];

        if (e->actor == actor && overlap(start, end, e->start, e->end))
            return false;
    }
    for (int i = 0; i < w->n_lines; i++) {
        const struct synth_line *l = &w->lines[i];

        if (l->actor == actor &&
            overlap(start, end, l->start,
                    l->start + synth_line_keeps(l->n_words)))
            return false;
    }
    return true;
}

static bool walks_during(const struct synth_world *w, int actor, int start,
                         int end)
{
    for (int i = 0; i < w->n_events; i++) {
        const struct synth_event *e = &w->events[i];

        if (e->actor == actor && synth_walks(e->act) &&
            overlap(start, end, e->start, e->end))
            return true;
    }
    return false;
}

static bool may_start(const struct synth_world *w, const struct synth_event *e)
{
    int other = 1 - e->actor;

    /* No actor does the same thing twice, so that what is said of it is said
     * of one time. */
    for (int i = 0; i < w->n_events; i++)
        if (w->events[i].start == e->start ||
            (w->events[i].actor == e->actor && w->events[i].act == e->act))
            return false;
    if (!idle(w, e->actor, e->start, e->end))
        return false;
    /* Time to see it before it leaves. */
    if (synth_leaves(e->act))
        return present(w, e->actor, e->start - 1, e->end);
    if (synth_comes(e->act))
        return true;
    if (!present(w, e->actor, e->start, e->end))
        return false;
    /* Both stay for a second, so that they are seen together. */
    if (e->act == SYNTH_MEETS)
        return present(w, e->actor, e->start, e->end + 1) &&
               present(w, other, e->start, e->end + 1) &&
               !walks_during(w, other, e->start, e->end);
    return true;
}

/* Add an event that starts from `first` to `last`; false if it fits nowhere. */
static bool add_event(struct synth_world *w, struct synth_random *r,
                      enum synth_act act, int actor, int lasts, int first,
                      int last)
{
    struct synth_event e = {.act = act, .actor = actor};
    int starts[SYNTH_SECONDS_MAX], n = 0;

    if (last > w->seconds - lasts)
        last = w->seconds - lasts;
    for (int s = first; s <= last; s++) {
        e.start = s;
        e.end = s + lasts;
        if (may_start(w, &e))
            starts[n++] = s;
    }
    if (n == 0 || w->n_events == SYNTH_EVENTS)
        return false;
    e.start = starts[synth_random_below(r, n)];
    e.end = e.start + lasts;
    w->events[w->n_events++] = e;
    return true;
}

/* Who comes, who leaves, who goes to whom. */
static void make_walks(struct synth_world *w, struct synth_random *r)
{
    enum { WALK = 2 };
    int mover = synth_random_below(r, SYNTH_ACTORS);

    for (int i = 0; i < w->n_actors; i++)
        if (chance(r, 25))
            add_event(w, r,
                      chance(r, 50) ? SYNTH_COMES_LEFT : SYNTH_COMES_RIGHT, i,
                      WALK, 0, (w->seconds - WALK) / 3);
    for (int i = 0; i < w->n_actors; i++)
        if (chance(r, 25))
            add_event(w, r,
                      chance(r, 50) ? SYNTH_LEAVES_LEFT : SYNTH_LEAVES_RIGHT, i,
                      WALK, w->seconds / 2, w->seconds);
    if (w->n_actors == SYNTH_ACTORS && chance(r, 40))
        add_event(w, r, SYNTH_MEETS, mover, WALK, 0, w->seconds);
}

static void make_acts(struct synth_world *w, struct synth_random *r, int wanted)
{
    for (int tries = 0; tries < 12 && w->n_events < wanted; tries++) {
        int act = synth_random_below(r, SYNTH_GROWS + 1);
        int actor = synth_random_below(r, w->n_actors);

        add_event(w, r, (enum synth_act)act, actor,
                  1 + synth_random_below(r, 2), 0, w->seconds);
    }
}

static void sort_events(struct synth_world *w)
{
    for (int i = 1; i < w->n_events; i++)
        for (int k = i; k > 0; k--)
            if (w->events[k].start < w->events[k - 1].start) {
                struct synth_event e = w->events[k];

                w->events[k] = w->events[k - 1];
                w->events[k - 1] = e;
            }
}

static bool line_at(const struct synth_world *w, int start, int end)
{
    for (int i = 0; i < w->n_lines; i++) {
        const struct synth_line *l = &w->lines[i];

        if (overlap(start, end, l->start,
                    l->start + synth_line_keeps(l->n_words)))
            return true;
    }
    return false;
}

static void add_line(struct synth_world *w, struct synth_random *r, int actor)
{
    struct synth_line line = {.actor = actor};
    int starts[SYNTH_SECONDS_MAX], n = 0, keeps;

    synth_sentence(r, &line);
    keeps = synth_line_keeps(line.n_words);
    for (int s = 0; s + keeps <= w->seconds; s++)
        if (present(w, actor, s, s + keeps) && idle(w, actor, s, s + keeps) &&
            !line_at(w, s, s + keeps))
            starts[n++] = s;
    if (n == 0)
        return;
    line.start = starts[synth_random_below(r, n)];
    w->lines[w->n_lines++] = line;
}

static void make_lines(struct synth_world *w, struct synth_random *r)
{
    int die = synth_random_below(r, 100);
    int wanted = die < 20 ? 0 : die < 65 ? 1 : 2;
    int actor = synth_random_below(r, w->n_actors);

    /* A short clip may have no room for a long sentence. */
    for (int tries = 0; tries < 4 && w->n_lines < wanted; tries++) {
        add_line(w, r, actor);
        if (w->n_lines > 0 && chance(r, 75))
            actor = w->n_actors - 1 - w->lines[0].actor;
    }
    if (w->n_lines == 2 && w->lines[1].start < w->lines[0].start) {
        struct synth_line line = w->lines[0];

        w->lines[0] = w->lines[1];
        w->lines[1] = line;
    }
}

static void make_sound(struct synth_world *w, struct synth_random *r)
{
    int free_at[SYNTH_SECONDS_MAX], n = 0;

    w->sound = !chance(r, 10);
    w->bell_at = -1;
    if (!w->sound)
        return;
    make_lines(w, r);
    w->music = chance(r, 45) ? SYNTH_NO_MUSIC
                             : (enum synth_music)(1 + synth_random_below(r, 2));
    w->noise = chance(r, 60) ? SYNTH_NO_NOISE
                             : (enum synth_noise)(1 + synth_random_below(r, 2));
    /* It rings while nobody speaks, and has a second to be heard. */
    for (int s = 0; s < w->seconds; s++)
        if (!line_at(w, s, s + 1))
            free_at[n++] = s;
    if (chance(r, 28) && n > 0)
        w->bell_at = free_at[synth_random_below(r, n)];
}

/* Another mood at a second at which the actor stands there and can be looked
 * at, before it and after it. */
static void change_mood(struct synth_world *w, struct synth_random *r,
                        int actor)
{
    struct synth_actor *a = &w->actors[actor];
    int seconds[SYNTH_SECONDS_MAX], n = 0;

    for (int s = 1; s < w->seconds; s++)
        if (present(w, actor, s - 1, s + 1) && idle(w, actor, s - 1, s + 1))
            seconds[n++] = s;
    if (n == 0)
        return;
    a->then = (enum synth_mood)other_than(r, SYNTH_MOODS, (int)a->mood);
    a->then_at = seconds[synth_random_below(r, n)];
}

static void make_actors(struct synth_world *w, struct synth_random *r)
{
    struct synth_actor *a = w->actors, *b = w->actors + 1;

    w->n_actors = chance(r, 40) ? 1 : 2;
    for (int i = 0; i < w->n_actors; i++) {
        w->actors[i] = (struct synth_actor){
            .kind = (enum synth_kind)synth_random_below(r, SYNTH_KINDS),
            .colour = (enum synth_colour)synth_random_below(r, SYNTH_COLOURS),
            .size = (enum synth_size)synth_random_below(r, SYNTH_SIZES),
            .side = (enum synth_side)synth_random_below(r, SYNTH_SIDES),
            .mood = (enum synth_mood)synth_random_below(r, SYNTH_MOODS),
            .voice = (enum synth_voice)synth_random_below(r, SYNTH_VOICES),
        };
        w->actors[i].then = w->actors[i].mood;
    }
    if (w->n_actors < 2)
        return;
    b->kind = (enum synth_kind)other_than(r, SYNTH_KINDS, (int)a->kind);
    b->colour = (enum synth_colour)other_than(r, SYNTH_COLOURS, (int)a->colour);
    b->side = a->side == SYNTH_LEFT ? SYNTH_RIGHT : SYNTH_LEFT;
    b->voice = a->voice == SYNTH_HIGH ? SYNTH_LOW : SYNTH_HIGH;
}

static void make_props(struct synth_world *w, struct synth_random *r)
{
    int die = synth_random_below(r, 100);
    struct synth_prop *a = w->props, *b = w->props + 1;

    w->n_props = die < 15 ? 0 : die < 60 ? 1 : 2;
    for (int i = 0; i < w->n_props; i++)
        w->props[i] = (struct synth_prop){
            .thing = (enum synth_thing)synth_random_below(r, SYNTH_THINGS),
            .colour = (enum synth_colour)synth_random_below(r, SYNTH_COLOURS),
            .count = 1 + synth_random_below(r, 3),
            .side = (enum synth_side)synth_random_below(r, SYNTH_SIDES),
        };
    if (w->n_props < 2)
        return;
    b->thing = (enum synth_thing)other_than(r, SYNTH_THINGS, (int)a->thing);
    b->colour = (enum synth_colour)other_than(r, SYNTH_COLOURS, (int)a->colour);
    b->side = a->side == SYNTH_LEFT ? SYNTH_RIGHT : SYNTH_LEFT;
}

/* Whatever is farther out than a close view shows is in view for half of the
 * clip: the close view comes late and ends early. */
static void make_camera(struct synth_world *w, struct synth_random *r)
{
    int first = 0, last = 0, half = w->seconds / 2;

    w->camera = chance(r, 10)
                    ? SYNTH_STILL
                    : (enum synth_camera)synth_random_below(r, SYNTH_CAMERAS);
    switch (w->camera) {
    case SYNTH_PAN_LEFT:
    case SYNTH_PAN_RIGHT:
        last = w->seconds - 3;
        break;
    case SYNTH_ZOOM_IN:
        first = half - 1;
        last = w->seconds - 3;
        break;
    case SYNTH_ZOOM_OUT:
        first = 1;
        last = half - 1;
        break;
    case SYNTH_CUT:
        first = half;
        last = w->seconds - 2;
        break;
    case SYNTH_STILL:
    case SYNTH_CAMERAS:
        break;
    }
    w->camera_at = first + synth_random_below(r, last - first + 1);
}

void synth_world_make(uint64_t seed, struct synth_world *world)
{
    struct synth_random r = {seed};
    struct synth_world *w = world;
    int wanted;

    memset(w, 0, sizeof *w);
    w->seed = seed;
    w->seconds =
        SYNTH_SECONDS_MIN +
        synth_random_below(&r, SYNTH_SECONDS_MAX - SYNTH_SECONDS_MIN + 1);
    w->place = (enum synth_place)synth_random_below(&r, SYNTH_PLACES);
    w->light = (enum synth_light)synth_random_below(&r, SYNTH_LIGHTS);
    if (w->place != SYNTH_ROOM && chance(&r, 60))
        w->weather = (enum synth_weather)(1 + synth_random_below(&r, 2));
    make_actors(w, &r);
    make_props(w, &r);
    make_walks(w, &r);
    /* Something happens even where somebody talks all the time. */
    make_acts(w, &r, 1);
    make_sound(w, &r);
    wanted = 2 + synth_random_below(&r, w->seconds < 9 ? 3 : 4);
    make_acts(w, &r, wanted);
    sort_events(w);
    for (int i = 0; i < w->n_actors; i++)
        if (chance(&r, 42))
            change_mood(w, &r, i);
    make_camera(w, &r);
}
