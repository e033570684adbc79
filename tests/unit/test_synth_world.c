/* The grammar of the synthetic world: every seed keeps its rules, every value
 * is frequent. */
#include "asid/synth/synth.h"
#include "check.h"

enum { SEEDS = 20000 };

static bool comes(const struct synth_event *e)
{
    return e->act == SYNTH_COMES_LEFT || e->act == SYNTH_COMES_RIGHT;
}

static bool leaves(const struct synth_event *e)
{
    return e->act == SYNTH_LEAVES_LEFT || e->act == SYNTH_LEAVES_RIGHT;
}

/* The seconds from which and until which an actor stands in the picture. */
static void stay(const struct synth_world *w, int actor, int *from, int *to)
{
    *from = 0;
    *to = w->seconds;
    for (int i = 0; i < w->n_events; i++) {
        const struct synth_event *e = &w->events[i];

        if (e->actor == actor && comes(e))
            *from = e->end;
        if (e->actor == actor && leaves(e))
            *to = e->start;
    }
}

static void check_actors(const struct synth_world *w)
{
    const struct synth_actor *a = w->actors, *b = a + 1;

    CHECK(w->n_actors >= 1 && w->n_actors <= SYNTH_ACTORS, "seed %d",
          (int)w->seed);
    for (int i = 0; i < w->n_actors; i++) {
        int from, to, at = w->actors[i].then_at;

        stay(w, i, &from, &to);
        CHECK(to > from, "seed %d", (int)w->seed);
        if (w->actors[i].then != w->actors[i].mood)
            CHECK(at > from && at < to, "seed %d: mood at %d", (int)w->seed,
                  at);
    }
    if (w->n_actors == 2)
        CHECK(a->kind != b->kind && a->colour != b->colour &&
                  a->side != b->side && a->voice != b->voice,
              "seed %d", (int)w->seed);
}

static void check_props(const struct synth_world *w)
{
    const struct synth_prop *a = w->props, *b = a + 1;

    CHECK(w->n_props >= 0 && w->n_props <= SYNTH_PROPS, "seed %d",
          (int)w->seed);
    for (int i = 0; i < w->n_props; i++)
        CHECK(w->props[i].count >= 1 && w->props[i].count <= 3, "seed %d",
              (int)w->seed);
    if (w->n_props == 2)
        CHECK(a->thing != b->thing && a->colour != b->colour &&
                  a->side != b->side,
              "seed %d", (int)w->seed);
}

static void check_event(const struct synth_world *w, int i)
{
    const struct synth_event *e = &w->events[i];
    int from, to;

    stay(w, e->actor, &from, &to);
    CHECK(e->actor >= 0 && e->actor < w->n_actors && e->start >= 0 &&
              e->start < e->end && e->end <= w->seconds &&
              e->end - e->start <= 2,
          "seed %d event %d", (int)w->seed, i);
    if (!comes(e))
        CHECK(e->start >= from, "seed %d event %d before it came", (int)w->seed,
              i);
    if (!leaves(e))
        CHECK(e->end <= to, "seed %d event %d after it left", (int)w->seed, i);
    for (int k = 0; k < i; k++) {
        const struct synth_event *before = &w->events[k];

        CHECK(before->start < e->start, "seed %d event %d", (int)w->seed, i);
        CHECK(before->actor != e->actor || before->act != e->act,
              "seed %d event %d repeats", (int)w->seed, i);
        CHECK(before->actor != e->actor || before->end <= e->start,
              "seed %d event %d overlaps", (int)w->seed, i);
        CHECK(before->actor != e->actor || (!comes(e) && !leaves(before)),
              "seed %d event %d", (int)w->seed, i);
    }
    if (e->act == SYNTH_MEETS) {
        CHECK(w->n_actors == 2, "seed %d", (int)w->seed);
        stay(w, 1 - e->actor, &from, &to);
        CHECK(e->start >= from && e->end < to, "seed %d: nobody to meet",
              (int)w->seed);
    }
}

static void check_lines(const struct synth_world *w)
{
    CHECK(w->n_lines >= 0 && w->n_lines <= SYNTH_LINES, "seed %d",
          (int)w->seed);
    for (int i = 0; i < w->n_lines; i++) {
        const struct synth_line *l = &w->lines[i];
        double end = l->start + 0.45 * (double)l->n_words;
        int from, to;

        stay(w, l->actor, &from, &to);
        CHECK(l->n_words >= 3 && l->n_words <= SYNTH_WORDS, "seed %d",
              (int)w->seed);
        for (size_t k = 0; k < l->n_words; k++)
            CHECK(l->words[k] && l->words[k][0] >= 'a' && l->words[k][0] <= 'z',
                  "seed %d line %d word %zu", (int)w->seed, i, k);
        CHECK(l->start >= from && end < to + 1e-9, "seed %d line %d",
              (int)w->seed, i);
        if (i > 0)
            CHECK(l->start >=
                      w->lines[0].start + 0.45 * (double)w->lines[0].n_words,
                  "seed %d: lines overlap", (int)w->seed);
        CHECK(w->bell_at < l->start || w->bell_at >= end, "seed %d",
              (int)w->seed);
        for (int k = 0; k < w->n_events; k++)
            CHECK(w->events[k].actor != l->actor ||
                      w->events[k].end <= l->start || w->events[k].start >= end,
                  "seed %d line %d during an act", (int)w->seed, i);
    }
}

static void check_rest(const struct synth_world *w)
{
    CHECK(w->seconds >= SYNTH_SECONDS_MIN && w->seconds <= SYNTH_SECONDS_MAX,
          "seed %d", (int)w->seed);
    CHECK(w->place != SYNTH_ROOM || w->weather == SYNTH_CLEAR, "seed %d",
          (int)w->seed);
    CHECK(w->bell_at >= -1 && w->bell_at < w->seconds, "seed %d", (int)w->seed);
    CHECK(w->sound || (w->n_lines == 0 && w->music == SYNTH_NO_MUSIC &&
                       w->noise == SYNTH_NO_NOISE && w->bell_at == -1),
          "seed %d", (int)w->seed);
    CHECK(w->camera_at >= 0 && w->camera_at < w->seconds, "seed %d",
          (int)w->seed);
    if (w->camera == SYNTH_CUT || w->camera == SYNTH_ZOOM_IN ||
        w->camera == SYNTH_ZOOM_OUT)
        CHECK(w->camera_at >= 1 && w->camera_at <= w->seconds - 2, "seed %d",
              (int)w->seed);
    CHECK(w->n_events >= 1 && w->n_events <= SYNTH_EVENTS, "seed %d",
          (int)w->seed);
}

static void every_seed_keeps_the_rules(void)
{
    struct synth_world w, again;
    int unlike = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        synth_world_make(seed, &w);
        memset(&again, 0xaa, sizeof again);
        synth_world_make(seed, &again);
        CHECK(w.seed == seed && memcmp(&w, &again, sizeof w) == 0, "seed %d",
              (int)seed);
        check_actors(&w);
        check_props(&w);
        for (int i = 0; i < w.n_events; i++)
            check_event(&w, i);
        check_lines(&w);
        check_rest(&w);
        synth_world_make(seed + 1, &again);
        unlike += w.place != again.place || w.seconds != again.seconds ||
                  w.actors[0].kind != again.actors[0].kind;
    }
    CHECK(unlike > SEEDS * 98 / 100, "%d", unlike);
    synth_world_make(UINT64_MAX, &w);
    check_actors(&w);
    check_case("every seed keeps the rules of the world");
}

/* Of `all` worlds or things, each of n values takes from low to high percent. */
static void even(const char *what, const int *counts, int n, int low, int high)
{
    int all = 0;

    for (int i = 0; i < n; i++)
        all += counts[i];
    for (int i = 0; i < n; i++)
        CHECK(counts[i] * 100 >= all * low && counts[i] * 100 <= all * high,
              "%s %d: %d of %d", what, i, counts[i], all);
}

static void values_are_frequent(void)
{
    static struct {
        int places[SYNTH_PLACES], lights[SYNTH_LIGHTS],
            weathers[SYNTH_WEATHERS], kinds[SYNTH_KINDS],
            colours[SYNTH_COLOURS], sizes[SYNTH_SIZES], sides[SYNTH_SIDES],
            moods[SYNTH_MOODS], acts[SYNTH_ACTS], things[SYNTH_THINGS],
            prop_colours[SYNTH_COLOURS], counts[3], prop_sides[SYNTH_SIDES],
            cameras[SYNTH_CAMERAS], musics[SYNTH_MUSICS], noises[SYNTH_NOISES],
            actors[SYNTH_ACTORS], props[SYNTH_PROPS + 1],
            lines[SYNTH_LINES + 1], events[SYNTH_EVENTS + 1], sound[2], bell[2],
            changes[2], words[SYNTH_WORDS + 1], seconds[SYNTH_SECONDS_MAX + 1];
    } n;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct synth_world w;

        synth_world_make(seed * 7919, &w);
        n.places[w.place]++;
        n.lights[w.light]++;
        if (w.place != SYNTH_ROOM)
            n.weathers[w.weather]++;
        for (int i = 0; i < w.n_actors; i++) {
            const struct synth_actor *a = &w.actors[i];

            n.kinds[a->kind]++;
            n.colours[a->colour]++;
            n.sizes[a->size]++;
            n.sides[a->side]++;
            n.moods[a->mood]++;
            n.changes[a->then != a->mood]++;
        }
        for (int i = 0; i < w.n_props; i++) {
            n.things[w.props[i].thing]++;
            n.prop_colours[w.props[i].colour]++;
            n.counts[w.props[i].count - 1]++;
            n.prop_sides[w.props[i].side]++;
        }
        for (int i = 0; i < w.n_events; i++)
            n.acts[w.events[i].act]++;
        for (int i = 0; i < w.n_lines; i++)
            n.words[w.lines[i].n_words]++;
        n.cameras[w.camera]++;
        n.actors[w.n_actors - 1]++;
        n.props[w.n_props]++;
        n.events[w.n_events]++;
        n.seconds[w.seconds]++;
        n.sound[w.sound]++;
        if (w.sound) {
            n.musics[w.music]++;
            n.noises[w.noise]++;
            n.lines[w.n_lines]++;
            n.bell[w.bell_at >= 0]++;
        }
    }
    even("place", n.places, SYNTH_PLACES, 15, 18);
    even("light", n.lights, SYNTH_LIGHTS, 32, 35);
    even("weather", n.weathers, SYNTH_WEATHERS, 28, 42);
    even("kind", n.kinds, SYNTH_KINDS, 19, 21);
    even("colour", n.colours, SYNTH_COLOURS, 15, 18);
    even("size", n.sizes, SYNTH_SIZES, 48, 52);
    even("side", n.sides, SYNTH_SIDES, 48, 52);
    even("mood", n.moods, SYNTH_MOODS, 24, 26);
    even("change of mood", n.changes, 2, 18, 82);
    even("act", n.acts, SYNTH_ACTS, 5, 18);
    even("thing", n.things, SYNTH_THINGS, 15, 18);
    even("colour of things", n.prop_colours, SYNTH_COLOURS, 15, 18);
    even("count", n.counts, 3, 32, 35);
    even("side of things", n.prop_sides, SYNTH_SIDES, 48, 52);
    even("camera", n.cameras, SYNTH_CAMERAS, 13, 27);
    even("music", n.musics, SYNTH_MUSICS, 25, 47);
    even("noise", n.noises, SYNTH_NOISES, 18, 62);
    even("actors", n.actors, SYNTH_ACTORS, 38, 62);
    even("groups of things", n.props, SYNTH_PROPS + 1, 13, 47);
    even("lines", n.lines, SYNTH_LINES + 1, 12, 60);
    even("sound", n.sound, 2, 9, 91);
    even("bell", n.bell, 2, 20, 80);
    even("words", n.words + 3, SYNTH_WORDS - 2, 5, 42);
    even("seconds", n.seconds + SYNTH_SECONDS_MIN,
         SYNTH_SECONDS_MAX - SYNTH_SECONDS_MIN + 1, 10, 12);
    CHECK(n.events[2] + n.events[3] + n.events[4] > SEEDS * 80 / 100,
          "%d %d %d %d %d %d", n.events[1], n.events[2], n.events[3],
          n.events[4], n.events[5], n.events[6]);
    check_case("every value is frequent");
}

int main(void)
{
    every_seed_keeps_the_rules();
    values_are_frequent();
    return check_done();
}
