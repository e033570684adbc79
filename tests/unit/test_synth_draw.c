/* The picture of the synthetic world: the same bytes everywhere, and all that
 * is claimed of it can be seen. */
#include <stdlib.h>

#include "asid/base/hash.h"
#include "asid/synth/synth.h"
#include "check.h"

enum { BYTES = SYNTH_WIDTH * SYNTH_HEIGHT * 3 };

/* The values that common/synth/draw.c paints with. */
static const uint8_t colours[SYNTH_COLOURS][3] = {
    {225, 25, 35},  {20, 170, 55},  {30, 85, 240},
    {255, 225, 15}, {155, 45, 210}, {255, 130, 5}};

static void count_pixels(const uint8_t *rgb, int counts[SYNTH_COLOURS])
{
    memset(counts, 0, SYNTH_COLOURS * sizeof *counts);
    for (int i = 0; i < BYTES; i += 3)
        for (int c = 0; c < SYNTH_COLOURS; c++)
            counts[c] += memcmp(rgb + i, colours[c], 3) == 0;
}

/* Pixels that differ by more than the eye overlooks. */
static int differing(const uint8_t *a, const uint8_t *b)
{
    int n = 0;

    for (int i = 0; i < BYTES; i += 3) {
        int d = abs(a[i] - b[i]) + abs(a[i + 1] - b[i + 1]) +
                abs(a[i + 2] - b[i + 2]);

        n += d > 48;
    }
    return n;
}

/* Two actors and two groups of things in a meadow; nothing happens. */
static struct synth_world scene(void)
{
    struct synth_world w;

    memset(&w, 0, sizeof w);
    w.seconds = 8;
    w.bell_at = -1;
    w.n_actors = 2;
    w.actors[0].colour = SYNTH_RED;
    w.actors[1] = (struct synth_actor){.kind = SYNTH_ROBOT,
                                       .colour = SYNTH_PURPLE,
                                       .size = SYNTH_BIG,
                                       .side = SYNTH_RIGHT};
    w.n_props = 2;
    w.props[0] = (struct synth_prop){SYNTH_BALL, SYNTH_BLUE, 2, SYNTH_LEFT};
    w.props[1] = (struct synth_prop){SYNTH_BOX, SYNTH_GREEN, 1, SYNTH_RIGHT};
    return w;
}

static void frames_are_the_same_everywhere(void)
{
    static uint8_t rgb[BYTES], again[BYTES];
    char hex[HASH_HEX];
    struct hash h;

    hash_init(&h);
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct synth_world w;

        synth_world_make(seed, &w);
        for (int i = 0; i < 4; i++) {
            synth_frame(&w, (double)i * w.seconds / 3.7, rgb);
            hash_add(&h, rgb, BYTES);
        }
    }
    hash_hex(&h, hex);
    /* A change of the picture changes it: look at the new one, then write the
     * new hash here. */
    CHECK_TEXT(
        hex,
        "cfc5f50cee449da3294d712341af18a042dcae42ceb834cc8616515c1bd532aa");
    memset(again, 0x55, BYTES);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct synth_world w;

        synth_world_make(seed, &w);
        synth_frame(&w, 1.25, rgb);
        synth_frame(&w, 1.25, again);
        CHECK(memcmp(rgb, again, BYTES) == 0, "seed %d", (int)seed);
        synth_frame(&w, -1, rgb);
        synth_frame(&w, 0, again);
        CHECK(memcmp(rgb, again, BYTES) == 0, "seed %d", (int)seed);
        synth_frame(&w, 1e300, rgb);
        synth_frame(&w, w.seconds, again);
        CHECK(memcmp(rgb, again, BYTES) == 0, "seed %d", (int)seed);
    }
    check_case("a frame is the same bytes on every machine");
}

static void scenery_has_no_colour_of_ours(void)
{
    static uint8_t rgb[BYTES];
    int counts[SYNTH_COLOURS];

    for (int i = 0; i < SYNTH_PLACES * SYNTH_LIGHTS * SYNTH_WEATHERS; i++) {
        struct synth_world w = scene();

        w.n_actors = w.n_props = 0;
        w.place = (enum synth_place)(i % SYNTH_PLACES);
        w.light = (enum synth_light)(i / SYNTH_PLACES % SYNTH_LIGHTS);
        w.weather = (enum synth_weather)(i / SYNTH_PLACES / SYNTH_LIGHTS);
        synth_frame(&w, 1, rgb);
        count_pixels(rgb, counts);
        for (int c = 0; c < SYNTH_COLOURS; c++)
            CHECK(counts[c] == 0, "scenery %d colour %d", i, c);
    }
    check_case("actors and things have colours of their own");
}

/* Whether the colour is to be seen close to a spot. */
static bool has_colour(const uint8_t *rgb, const struct synth_spot *spot,
                       enum synth_colour colour)
{
    enum { NEAR = 16 };

    for (int y = (int)spot->y - NEAR; y <= (int)spot->y + NEAR; y++)
        for (int x = (int)spot->x - NEAR; x <= (int)spot->x + NEAR; x++)
            if (x >= 0 && x < SYNTH_WIDTH && y >= 0 && y < SYNTH_HEIGHT &&
                memcmp(rgb + (y * SYNTH_WIDTH + x) * 3, colours[colour], 3) ==
                    0)
                return true;
    return false;
}

static void what_is_looked_at_is_there(void)
{
    static uint8_t rgb[BYTES];
    int spots = 0;

    for (uint64_t seed = 0; seed < 60; seed++) {
        struct synth_world w;
        struct synth_look look;

        synth_world_make(seed, &w);
        for (double t = 0.3; t < w.seconds; t += 1.7) {
            bool apart;

            synth_frame(&w, t, rgb);
            synth_look(&w, t, &look);
            /* One may stand before the other. */
            apart = w.n_actors < 2 || abs((int)look.actors[0].spot.x -
                                          (int)look.actors[1].spot.x) > 50;
            for (int i = 0; i < w.n_actors; i++) {
                if (!look.actors[i].spot.seen || !apart)
                    continue;
                spots++;
                CHECK(has_colour(rgb, &look.actors[i].spot, w.actors[i].colour),
                      "seed %d, %g s, actor %d", (int)seed, t, i);
            }
            for (int i = 0; i < w.n_props; i++)
                CHECK(!look.props[i].seen || w.props[i].count == 2 ||
                          has_colour(rgb, &look.props[i], w.props[i].colour),
                      "seed %d, %g s, group %d", (int)seed, t, i);
        }
    }
    CHECK(spots > 200, "%d actors", spots);
    check_case("what is said to be at a place is there");
}

static void deeds_are_told(void)
{
    static const struct {
        enum synth_act act;
        unsigned bit;
    } cases[] = {{SYNTH_JUMPS, SYNTH_JUMPS},
                 {SYNTH_SPINS, SYNTH_SPINS},
                 {SYNTH_FALLS, SYNTH_FALLS},
                 {SYNTH_WAVES, SYNTH_WAVES},
                 {SYNTH_GROWS, SYNTH_GROWS},
                 {SYNTH_COMES_LEFT, SYNTH_LOOK_RIGHTWARDS},
                 {SYNTH_COMES_RIGHT, SYNTH_LOOK_LEFTWARDS},
                 {SYNTH_MEETS, SYNTH_LOOK_RIGHTWARDS},
                 {SYNTH_LEAVES_LEFT, SYNTH_LOOK_LEFTWARDS},
                 {SYNTH_LEAVES_RIGHT, SYNTH_LOOK_RIGHTWARDS}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct synth_world w = scene();
        struct synth_look look;

        w.n_events = 1;
        w.events[0] = (struct synth_event){cases[i].act, 0, 2, 4};
        synth_look(&w, 2.5, &look);
        CHECK(look.actors[0].doing == 1u << cases[i].bit, "act %d: %x",
              (int)cases[i].act, look.actors[0].doing);
        CHECK(look.actors[1].doing == 0, "act %d: the other", (int)i);
        synth_look(&w, 5, &look);
        CHECK(look.actors[0].doing == 0, "act %d lasts", (int)cases[i].act);
    }
    check_case("a deed is told while it lasts");
}

/* From when to when the actor is to be seen at least in part. */
static void shown(const struct synth_world *w, int actor, double *from,
                  double *to)
{
    *from = 0;
    *to = w->seconds;
    for (int i = 0; i < w->n_events; i++) {
        const struct synth_event *e = &w->events[i];

        if (e->actor != actor)
            continue;
        if (e->act == SYNTH_COMES_LEFT || e->act == SYNTH_COMES_RIGHT)
            *from = e->start;
        if (e->act == SYNTH_LEAVES_LEFT || e->act == SYNTH_LEAVES_RIGHT)
            *to = e->end;
    }
}

static bool alone_in_colour(const struct synth_world *w,
                            enum synth_colour colour)
{
    int n = 0;

    for (int i = 0; i < w->n_actors; i++)
        n += w->actors[i].colour == colour;
    for (int i = 0; i < w->n_props; i++)
        n += w->props[i].colour == colour;
    return n == 1;
}

enum {
    FRAMES = SYNTH_SECONDS_MAX * 2
}; /* as the model sees them: 2 a second */

/* Not before it comes nor after it left; and hidden, by who passes or by a fall,
 * in a third of its frames at most. */
static void check_actor_seen(const struct synth_world *w, int actor,
                             int pixels[FRAMES][SYNTH_COLOURS])
{
    const struct synth_actor *a = &w->actors[actor];
    int enough = a->size == SYNTH_BIG ? 430 : 150, frames = 0, hidden = 0;
    double from, to;

    shown(w, actor, &from, &to);
    for (int i = 0; i < w->seconds * 2; i++) {
        int n = pixels[i][a->colour];
        double t = i / 2.0;

        if (t < from || t >= to)
            CHECK(n == 0, "seed %d actor %d at %g: %d pixels", (int)w->seed,
                  actor, t, n);
        /* While it walks in and out it is at the edge. */
        if (t >= (from > 0 ? from + 2 : 0) &&
            t < (to < w->seconds ? to - 2 : to)) {
            frames++;
            hidden += n < enough;
        }
    }
    CHECK(hidden * 3 <= frames, "seed %d actor %d: hidden in %d of %d frames",
          (int)w->seed, actor, hidden, frames);
}

static void check_prop_seen(const struct synth_world *w, int prop,
                            int pixels[FRAMES][SYNTH_COLOURS])
{
    const struct synth_prop *a = &w->props[prop];
    int hidden = 0;

    for (int i = 0; i < w->seconds * 2; i++)
        hidden += pixels[i][a->colour] < 70 * a->count;
    CHECK(hidden * 2 <= w->seconds * 2, "seed %d things %d: hidden in %d",
          (int)w->seed, prop, hidden);
}

static void all_is_in_view(void)
{
    for (uint64_t seed = 0; seed < 250; seed++) {
        static uint8_t rgb[BYTES];
        int pixels[FRAMES][SYNTH_COLOURS];
        struct synth_world w;

        synth_world_make(seed, &w);
        for (int i = 0; i < w.seconds * 2; i++) {
            synth_frame(&w, i / 2.0, rgb);
            count_pixels(rgb, pixels[i]);
        }
        for (int i = 0; i < w.n_actors; i++)
            if (alone_in_colour(&w, w.actors[i].colour))
                check_actor_seen(&w, i, pixels);
        for (int i = 0; i < w.n_props; i++)
            if (alone_in_colour(&w, w.props[i].colour))
                check_prop_seen(&w, i, pixels);
    }
    check_case("actors and things are in view, and not when they are away");
}

/* Every picture of a list differs from every other by as many pixels. */
static void unlike(const char *what, const struct synth_world *worlds, int n,
                   double time, int least)
{
    static uint8_t rgb[12][BYTES];

    for (int i = 0; i < n; i++)
        synth_frame(&worlds[i], time, rgb[i]);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            CHECK(differing(rgb[i], rgb[k]) >= least, "%s %d and %d: %d pixels",
                  what, i, k, differing(rgb[i], rgb[k]));
}

/* For every value of a field; `list` is the caller's. */
#define EACH(n, field, time, least)                                            \
 do {                                                                          \
  for (int v_ = 0; v_ < (n); v_++) {                                           \
   list[v_] = scene();                                                         \
   list[v_].field = v_;                                                        \
  }                                                                            \
  unlike(#field, list, (n), (time), (least));                                  \
 } while (0)

static void every_value_is_another_picture(void)
{
    struct synth_world list[12];

    EACH(SYNTH_PLACES, place, 1, 8000);
    EACH(SYNTH_LIGHTS, light, 1, 20000);
    EACH(SYNTH_WEATHERS, weather, 1, 3000);
    EACH(SYNTH_KINDS, actors[0].kind, 1, 150);
    EACH(SYNTH_KINDS, actors[1].kind, 1, 400);
    EACH(SYNTH_COLOURS, actors[0].colour, 1, 200);
    EACH(SYNTH_SIZES, actors[0].size, 1, 1000);
    EACH(SYNTH_THINGS, props[0].thing, 1, 150);
    EACH(SYNTH_COLOURS, props[0].colour, 1, 200);
    EACH(SYNTH_CAMERAS, camera, 0.5, 2000);
    EACH(2, n_actors, 1, 1000);
    for (int i = 0; i < 3; i++) {
        list[i] = scene();
        list[i].props[0].count = 1 + i;
    }
    unlike("count", list, 3, 1, 150);
    for (int i = 0; i < SYNTH_SIDES; i++) {
        list[i] = scene();
        list[i].n_props = list[i].n_actors = 1;
        list[i].actors[0].side = list[i].props[0].side = (enum synth_side)i;
    }
    unlike("side", list, SYNTH_SIDES, 1, 1500);
    for (int size = 0; size < SYNTH_SIZES; size++) {
        for (int i = 0; i < SYNTH_MOODS; i++) {
            list[i] = scene();
            list[i].actors[0].size = (enum synth_size)size;
            list[i].actors[0].mood = (enum synth_mood)i;
            list[i].actors[0].then = SYNTH_HAPPY;
            list[i].actors[0].then_at = 5;
        }
        unlike("mood", list, SYNTH_MOODS, 4.9, size ? 150 : 50);
    }
    check_case("every value makes another picture");
}

static void what_changes_is_seen(void)
{
    static uint8_t before[BYTES], after[BYTES];
    struct synth_world list[12], w = scene();

    for (int i = 0; i < SYNTH_ACTS; i++) {
        list[i] = scene();
        list[i].n_events = 1;
        list[i].events[0] = (struct synth_event){(enum synth_act)i, 1, 3, 5};
    }
    list[SYNTH_ACTS] = scene();
    /* Frames half a second apart, wherever they fall. */
    for (double t = 3; t < 3.5; t += 0.1) {
        static uint8_t rgb[2][BYTES];

        for (int i = 0; i <= SYNTH_GROWS; i++) {
            int a, b;

            for (int k = 0; k < 2; k++)
                synth_frame(&list[i], t + 0.5 * k, rgb[k]);
            synth_frame(&list[SYNTH_ACTS], t, before);
            a = differing(rgb[0], before);
            synth_frame(&list[SYNTH_ACTS], t + 0.5, before);
            b = differing(rgb[1], before);
            CHECK(a >= 200 || b >= 200, "act %d at %g: %d %d", i, t, a, b);
        }
    }
    unlike("act", list, SYNTH_GROWS + 1, 3.5, 200);
    unlike("walk", list + SYNTH_COMES_LEFT, SYNTH_ACTS - SYNTH_COMES_LEFT, 3.5,
           200);
    for (int i = SYNTH_JUMPS; i <= SYNTH_GROWS; i++) {
        synth_frame(&list[i], 5, after);
        synth_frame(&list[SYNTH_ACTS], 5, before);
        CHECK(differing(before, after) == 0, "act %d never ends", i);
    }
    for (int i = SYNTH_COMES_LEFT; i < SYNTH_ACTS; i++) {
        synth_frame(&list[i], 2.9, before);
        synth_frame(&list[i], 5, after);
        CHECK(differing(before, after) > 1000, "walk %d", i);
    }
    w.actors[0].then = SYNTH_ANGRY;
    w.actors[0].then_at = 4;
    synth_frame(&w, 3.99, before);
    synth_frame(&w, 4, after);
    CHECK(differing(before, after) >= 50, "mood: %d", differing(before, after));
    w = scene();
    w.n_lines = 1;
    w.lines[0] = (struct synth_line){.actor = 0, .start = 2, .n_words = 5};
    list[0] = w;
    list[1] = scene();
    list[2] = w;
    list[2].lines[0].actor = 1;
    unlike("speech", list, 3, 2.1, 250);
    synth_frame(&w, 1.9, before);
    synth_frame(&list[1], 1.9, after);
    CHECK(differing(before, after) == 0, "%s", "speaks too early");
    synth_frame(&w, 4.1, before);
    synth_frame(&list[1], 4.1, after);
    CHECK(differing(before, after) == 0, "%s", "speaks too long");
    check_case("what happens is seen while it happens");
}

/* The mouth moves while it speaks: frames differ inside of the actor. */
static void mouths_move(void)
{
    static uint8_t rgb[2][BYTES];
    int most = 0;
    struct synth_world w = scene();

    w.n_actors = 1;
    w.n_props = 0;
    w.n_lines = 1;
    w.actors[0].mood = w.actors[0].then = SYNTH_SAD;
    w.lines[0] = (struct synth_line){.actor = 0, .start = 2, .n_words = 8};
    synth_frame(&w, 2, rgb[0]);
    for (double t = 2; t < 3; t += 1.0 / SYNTH_FPS) {
        int n;

        synth_frame(&w, t, rgb[1]);
        n = differing(rgb[0], rgb[1]);
        most = n > most ? n : most;
    }
    CHECK(most >= 30, "%d", most);
    check_case("the mouth of who speaks moves");
}

int main(void)
{
    frames_are_the_same_everywhere();
    scenery_has_no_colour_of_ours();
    all_is_in_view();
    every_value_is_another_picture();
    what_changes_is_seen();
    mouths_move();
    what_is_looked_at_is_there();
    deeds_are_told();
    return check_done();
}
