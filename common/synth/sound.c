/*
 * The sound of the world: voices, music, noises and the bell, added up.
 *
 * Tones are damped resonators, y[n] = 2 r cos(w) y[n-1] - r^2 y[n-2], which ring
 * like something struck once and cost two products a sample.
 */
#include <math.h>

#include "synth_int.h"
#include "voice.h"

/* Parts of the full range; speech is the loudest by far. */
#define SPEECH 0.55f
#define BELL 0.30
#define MUSIC 0.09
#define WIND 0.05f
#define HUM 0.03

enum {
    TAPS = 32, /* of the resampler, on each side */
    UP = 320,
    DOWN = 441 /* 16000 / 22050 */
};

struct track {
    float *samples;
    size_t n;
};

/* --- tones ---------------------------------------------------------------- */

/* Add a tone that starts at a sample, in Hz, that halves every `half` seconds. */
static void ring(const struct track *t, size_t from, size_t length, double hz,
                 double half, double loud)
{
    double turn = 2 * M_PI * hz / SYNTH_RATE;
    double r = exp2(-1 / (half * SYNTH_RATE));
    double c1 = 2 * r * cos(turn), c2 = -r * r;
    double y2 = -loud * sin(turn) / r, y1 = 0;

    for (size_t i = from; i < t->n && i < from + length; i++) {
        double y = c1 * y1 + c2 * y2;

        t->samples[i] += (float)y1;
        y2 = y1;
        y1 = y;
    }
}

/* A note with its octave; notes of a scale of five, which go with each other. */
static void note(const struct track *t, size_t from, size_t length, int step,
                 double half, double loud)
{
    static const int scale[] = {0, 2, 4, 7, 9};
    double hz = 262 * exp2(scale[step % 5] / 12.0 + step / 5);

    ring(t, from, length, hz, half, loud);
    ring(t, from, length, 2 * hz, half / 2, loud / 2);
}

static void add_music(const struct synth_world *w, const struct track *t)
{
    struct synth_random r = {w->seed ^ 0x6d75736963};
    bool slow = w->music == SYNTH_SLOW;
    size_t each = slow ? SYNTH_RATE : SYNTH_RATE / 5;
    double half = slow ? 0.5 : 0.08;

    if (w->music == SYNTH_NO_MUSIC)
        return;
    for (size_t from = 0; from < t->n; from += each) {
        int step = synth_random_below(&r, 8);

        note(t, from, each, step, half, MUSIC);
        if (slow)
            note(t, from, each, step + 2, half, MUSIC / 2);
    }
}

static void add_bell(const struct synth_world *w, const struct track *t)
{
    static const double partials[] = {1, 2, 2.76, 5.4};

    if (w->bell_at < 0)
        return;
    for (int i = 0; i < 4; i++)
        ring(t, (size_t)w->bell_at * SYNTH_RATE, (size_t)SYNTH_RATE * 2,
             1046 * partials[i], 0.35 / (i + 1), BELL / (i + 1));
}

/* --- noises --------------------------------------------------------------- */

/* Noise without its high tones, which comes and goes. */
static void add_wind(const struct synth_world *w, const struct track *t)
{
    struct synth_random r = {w->seed ^ 0x77696e64};
    float low = 0, lower = 0, swing = 0;

    for (size_t i = 0; i < t->n; i++) {
        size_t beat = i % (SYNTH_RATE * 3);
        float white = (float)synth_random_below(&r, 65536) / 32768 - 1;
        float goal = beat < SYNTH_RATE * 3 / 2 ? 1.0f : 0.35f;

        low += 0.25f * (white - low);
        lower += 0.25f * (low - lower);
        swing += 0.0002f * (goal - swing);
        t->samples[i] += 5 * WIND * swing * lower;
    }
}

static void add_noise(const struct synth_world *w, const struct track *t)
{
    if (w->noise == SYNTH_WIND)
        add_wind(w, t);
    if (w->noise != SYNTH_HUM)
        return;
    for (int i = 1; i <= 4; i++)
        ring(t, 0, t->n, 110 * i, 1000, HUM);
}

/* --- voices --------------------------------------------------------------- */

/* Hann-windowed sinc, cut at the lower of the two rates' limits. */
static float tap(double distance)
{
    double x = M_PI * distance * UP / DOWN;
    double window = 0.5 + 0.5 * cos(M_PI * distance / (TAPS + 1));

    return (float)((distance == 0 ? 1 : sin(x) / x) * window * UP / DOWN);
}

static void add_samples(const struct track *t, size_t from,
                        const struct voice_line *v,
                        const float (*taps)[2 * TAPS], float loud)
{
    for (size_t i = 0; from + i < t->n; i++) {
        size_t at = i * DOWN / UP;
        const float *k = taps[i * DOWN % UP];
        float sum = 0;

        if (at >= v->n)
            return;
        for (size_t j = 0; j < 2 * TAPS; j++)
            if (at + j >= TAPS - 1 && at + j - (TAPS - 1) < v->n)
                sum += k[j] * v->samples[at + j - (TAPS - 1)];
        t->samples[from + i] += loud * sum;
    }
}

static float loudness(const struct voice_line *v)
{
    int most = 1;

    for (size_t i = 0; i < v->n; i++) {
        int size = v->samples[i] < 0 ? -v->samples[i] : v->samples[i];

        if (size > most)
            most = size;
    }
    return SPEECH / (float)most;
}

static void add_words(const struct synth_line *l, const struct voice_line *v,
                      struct synth_word *words)
{
    for (size_t k = 0; k < l->n_words; k++) {
        uint32_t end = k + 1 < l->n_words ? v->starts[k + 1] : v->end;

        words[k].start = l->start + v->starts[k] / 1000.0;
        words[k].end = l->start + end / 1000.0;
    }
}

static enum asid_rc add_speech(const struct synth_world *w,
                               const struct track *t, struct arena *a,
                               struct synth_sound *out, struct asid_err *err)
{
    struct voice_line *lines;
    float(*taps)[2 * TAPS];

    if (w->n_lines == 0)
        return ASID_OK;
    lines = arena_array(a, SYNTH_LINES, sizeof *lines);
    taps = arena_array(a, UP, sizeof *taps);
    TRY(voice_speak(w, lines, err));
    for (int phase = 0; phase < UP; phase++)
        for (int j = 0; j < 2 * TAPS; j++)
            taps[phase][j] = tap(j - (TAPS - 1) - (double)phase / UP);
    for (int i = 0; i < w->n_lines; i++) {
        size_t from = (size_t)w->lines[i].start * SYNTH_RATE;

        add_samples(t, from, &lines[i], (const float(*)[2 * TAPS]) taps,
                    loudness(&lines[i]));
        add_words(&w->lines[i], &lines[i], out->words[i]);
    }
    return ASID_OK;
}

/* --- all of it ------------------------------------------------------------ */

static int16_t rounded(float x)
{
    float scaled = floorf(x * 32767 + 0.5f);

    return (int16_t)(scaled > 32767    ? 32767
                     : scaled < -32767 ? -32767
                                       : scaled);
}

enum asid_rc synth_sound(const struct synth_world *world, struct arena *a,
                         struct synth_sound *out, struct asid_err *err)
{
    struct synth_sound sound = {.n = (size_t)world->seconds * SYNTH_RATE};
    struct track t = {.n = sound.n};

    BUG_IF(!world->sound);
    t.samples = arena_array(a, t.n, sizeof *t.samples);
    for (size_t i = 0; i < t.n; i++)
        t.samples[i] = 0;
    TRY(add_speech(world, &t, a, &sound, err));
    add_music(world, &t);
    add_noise(world, &t);
    add_bell(world, &t);
    sound.samples = arena_array(a, sound.n, sizeof *sound.samples);
    for (size_t i = 0; i < sound.n; i++)
        sound.samples[i] = rounded(t.samples[i]);
    *out = sound;
    return ASID_OK;
}
