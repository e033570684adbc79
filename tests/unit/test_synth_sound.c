/* The sound of the world: what is in it can be heard, and when. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "asid/synth/synth.h"
#include "check.h"

enum { SEEDS = 120 };

static struct synth_sound sound_of(const struct synth_world *w, struct arena *a)
{
    struct synth_sound s = {0};
    struct asid_err err = {0};

    CHECK(synth_sound(w, a, &s, &err) == ASID_OK, "seed %d: %s", (int)w->seed,
          err.text);
    return s;
}

/* Root of the mean square of the samples from `from` to `to` seconds. */
static double level(const struct synth_sound *s, double from, double to)
{
    size_t first = (size_t)(from * SYNTH_RATE),
           last = (size_t)(to * SYNTH_RATE);
    double sum = 0;

    for (size_t i = first; i < last && i < s->n; i++)
        sum += (double)s->samples[i] * s->samples[i];
    return sqrt(sum / (double)(last - first));
}

/* A world of these lines alone. */
static void only_lines(struct synth_world *w)
{
    w->music = SYNTH_NO_MUSIC;
    w->noise = SYNTH_NO_NOISE;
    w->bell_at = -1;
}

static bool talks(uint64_t seed, struct synth_world *w)
{
    synth_world_make(seed, w);
    return w->sound && w->n_lines > 0;
}

static void check_words(const struct synth_world *w,
                        const struct synth_sound *s)
{
    for (int i = 0; i < w->n_lines; i++) {
        const struct synth_line *l = &w->lines[i];
        const struct synth_word *words = s->words[i];
        size_t last = l->n_words - 1;

        CHECK(words[0].start - l->start < 0.05, "seed %d: starts at %g",
              (int)w->seed, words[0].start);
        for (size_t k = 0; k <= last; k++)
            CHECK(words[k].end - words[k].start > 0.04 &&
                      (k == 0 || words[k].start >= words[k - 1].end),
                  "seed %d: %s from %g to %g", (int)w->seed, l->words[k],
                  words[k].start, words[k].end);
        CHECK(level(s, words[0].start, words[last].end) > 1000,
              "seed %d: line %d is silent", (int)w->seed, i);
        CHECK(words[last].end < l->start + 0.45 * (double)l->n_words + 0.2,
              "seed %d: line %d ends at %g", (int)w->seed, i, words[last].end);
    }
}

static void test_lines(void)
{
    for (uint64_t seed = 1; seed < SEEDS; seed++) {
        struct arena a = ARENA_INIT;
        struct synth_world w;
        struct synth_sound s;

        if (!talks(seed, &w))
            continue;
        only_lines(&w);
        s = sound_of(&w, &a);
        CHECK(s.n == (size_t)w.seconds * SYNTH_RATE, "seed %d: %zu samples",
              (int)seed, s.n);
        check_words(&w, &s);
        if (w.lines[0].start > 0)
            CHECK(level(&s, 0, w.lines[0].start) == 0,
                  "seed %d: not silent before the line", (int)seed);
        arena_release(&a);
    }
    check_case("lines are heard when their words are");
}

/* What was spoken before changes nothing. */
static void test_same(void)
{
    struct arena a = ARENA_INIT;
    struct synth_sound first[20], again;
    struct synth_world w;

    for (uint64_t seed = 0; seed < 20; seed++)
        if (talks(seed, &w))
            first[seed] = sound_of(&w, &a);
    for (uint64_t seed = 20; seed-- > 0;) {
        if (!talks(seed, &w))
            continue;
        again = sound_of(&w, &a);
        CHECK(memcmp(again.samples, first[seed].samples,
                     again.n * sizeof *again.samples) == 0,
              "seed %d sounds different", (int)seed);
        CHECK(memcmp(again.words, first[seed].words, sizeof again.words) == 0,
              "seed %d has other word times", (int)seed);
    }
    arena_release(&a);
    check_case("what was spoken before changes nothing");
}

/* Each thing that is heard makes a difference where it is heard. */
static void test_parts(void)
{
    struct arena a = ARENA_INIT;
    struct synth_world w;
    struct synth_sound s;

    synth_world_make(1, &w);
    w.sound = true;
    w.n_lines = 0;
    only_lines(&w);
    s = sound_of(&w, &a);
    CHECK(level(&s, 0, w.seconds) == 0, "silence has level %g",
          level(&s, 0, w.seconds));
    w.bell_at = 2;
    s = sound_of(&w, &a);
    CHECK(level(&s, 0, 2) == 0 && level(&s, 2, 2.5) > 1000,
          "the bell: %g before, %g after", level(&s, 0, 2), level(&s, 2, 2.5));
    w.bell_at = -1;
    for (int m = SYNTH_SLOW; m < SYNTH_MUSICS; m++) {
        w.music = (enum synth_music)m;
        s = sound_of(&w, &a);
        CHECK(level(&s, 0, 1) > 100 && level(&s, 2, 3) > 100, "music %d", m);
    }
    w.music = SYNTH_NO_MUSIC;
    for (int n = SYNTH_WIND; n < SYNTH_NOISES; n++) {
        w.noise = (enum synth_noise)n;
        s = sound_of(&w, &a);
        CHECK(level(&s, 1, 2) > 100, "noise %d: %g", n, level(&s, 1, 2));
    }
    arena_release(&a);
    check_case("music, noises and the bell are heard");
}

/* Two voices: what the pitch makes of the same words. */
static void test_voices(void)
{
    struct arena a = ARENA_INIT;
    struct synth_sound high, low;
    struct synth_world w;
    uint64_t seed = 1;

    while (!talks(seed, &w))
        seed++;
    only_lines(&w);
    w.n_lines = 1;
    w.actors[w.lines[0].actor].voice = SYNTH_HIGH;
    high = sound_of(&w, &a);
    w.actors[w.lines[0].actor].voice = SYNTH_LOW;
    low = sound_of(&w, &a);
    CHECK(memcmp(high.samples, low.samples, high.n * sizeof *high.samples) != 0,
          "two voices are one");
    arena_release(&a);
    check_case("there are two voices");
}

int main(void)
{
    test_lines();
    test_same();
    test_parts();
    test_voices();
    return check_done();
}
