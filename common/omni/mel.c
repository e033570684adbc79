/*
 * Log-mel features of sound (docs/MODEL.md 4.2 to 4.6).
 *
 * The published extractor pads every sound to the full length of 300 seconds
 * first. Only the frames that touch the sound are computed here; the others
 * are the constant -10 before the last step. Frames that are cut off later
 * still count for the maximum, so they are computed too.
 */
#include <math.h>
#include <stdlib.h>

#include "prepare.h"

enum {
    RATE = 16000,
    HOP = 160,
    WINDOW = 400,
    REACH = WINDOW / 2, /* of a frame before its centre */
    HALF = WINDOW / 2,  /* complex points of the transform */
    BINS = HALF + 1,
    RADIX_MAX = 5,
    SAMPLES_MIN = 321,
    FRAMES_MIN = 3,
};

struct complex {
    double re, im;
};

struct mel_tables {
    float window[WINDOW];
    struct complex root[WINDOW]; /* exp(-2 pi i k / 400) */
    float *bank;                 /* [BINS, mels] */
    size_t *first, *last;        /* bins with weight, per filter */
};

/* --- the transform ------------------------------------------------------ */

static struct complex times(struct complex a, struct complex b)
{
    return (struct complex){a.re * b.re - a.im * b.im,
                            a.re * b.im + a.im * b.re};
}

/* The transform of radix points, without twiddles. */
static void small_dft(const struct complex *w, size_t radix,
                      const struct complex *v, struct complex *out)
{
    for (size_t k = 0; k < radix; k++) {
        struct complex sum = v[0];
        size_t turn = 0;

        for (size_t i = 1; i < radix; i++) {
            struct complex part;

            turn += k;
            if (turn >= radix)
                turn -= radix;
            part = times(v[i], w[turn]);
            sum.re += part.re;
            sum.im += part.im;
        }
        out[k] = sum;
    }
}

/* One pass of the self-sorting transform: sub-transforms of n points, stride
 * apart, are split by radix; what x holds goes to y. */
static void fft_pass(const struct complex *root, size_t n, size_t radix,
                     size_t stride, const struct complex *x, struct complex *y)
{
    size_t m = n / radix;
    struct complex w[RADIX_MAX], v[RADIX_MAX], sum[RADIX_MAX];

    for (size_t i = 0; i < radix; i++)
        w[i] = root[WINDOW / radix * i];
    for (size_t p = 0; p < m; p++)
        for (size_t q = 0; q < stride; q++) {
            for (size_t i = 0; i < radix; i++)
                v[i] = x[q + stride * (p + m * i)];
            small_dft(w, radix, v, sum);
            for (size_t k = 0; k < radix; k++)
                y[q + stride * (radix * p + k)] =
                    times(sum[k], root[WINDOW / n * p * k]);
        }
}

/* Power at the 201 frequencies of 400 real values: a transform of 200 complex
 * points (even values real, odd ones imaginary), then taken apart. */
static void power(const struct mel_tables *tables, const float *value,
                  float *out)
{
    static const size_t radix[] = {5, 5, 4, 2};
    struct complex a[HALF], b[HALF], *x = a, *y = b;
    size_t n = HALF, stride = 1;

    for (size_t i = 0; i < HALF; i++)
        x[i] = (struct complex){(double)value[2 * i], (double)value[2 * i + 1]};
    for (size_t pass = 0; pass < 4; pass++) {
        struct complex *swap = x;

        fft_pass(tables->root, n, radix[pass], stride, x, y);
        x = y;
        y = swap;
        n /= radix[pass];
        stride *= radix[pass];
    }
    for (size_t k = 0; k < BINS; k++) {
        struct complex z = x[k % HALF], mirror = x[(HALF - k) % HALF];
        struct complex even = {(z.re + mirror.re) / 2, (z.im - mirror.im) / 2};
        struct complex odd = {(z.im + mirror.im) / 2, (mirror.re - z.re) / 2};
        struct complex sum = times(odd, tables->root[k]);

        sum.re += even.re;
        sum.im += even.im;
        out[k] = (float)(sum.re * sum.re + sum.im * sum.im);
    }
}

/* --- the filters -------------------------------------------------------- */

/* Slaney's scale: linear below 1000 Hz, logarithmic above. */
static double to_mel(double hertz)
{
    return hertz < 1000 ? 3 * hertz / 200
                        : 15 + log(hertz / 1000) * (27 / log(6.4));
}

static double to_hertz(double mel)
{
    return mel < 15 ? 200 * mel / 3 : 1000 * exp(log(6.4) / 27 * (mel - 15));
}

void omni_mel_bank(size_t mels, float *bank)
{
    double low = to_mel(0), high = to_mel(RATE / 2.0);
    double step = (high - low) / (double)(mels + 1);

    for (size_t m = 0; m < mels; m++) {
        double left = to_hertz(low + step * (double)m);
        double peak = to_hertz(low + step * (double)(m + 1));
        double right =
            to_hertz(m + 1 == mels ? high : low + step * (double)(m + 2));

        for (size_t f = 0; f < BINS; f++) {
            double hertz = (double)f * RATE / WINDOW;
            double up = (hertz - left) / (peak - left);
            double down = (right - hertz) / (right - peak);

            bank[f * mels + m] =
                (float)(fmax(0, fmin(up, down)) * (2 / (right - left)));
        }
    }
}

static void tables_free(struct mel_tables *tables)
{
    if (!tables)
        return;
    free(tables->bank);
    free(tables->first);
    free(tables->last);
    free(tables);
}

static struct mel_tables *tables_new(size_t mels)
{
    static const double PI = 3.14159265358979323846;
    struct mel_tables *t = mem_alloc(sizeof *t);

    for (size_t i = 0; i < WINDOW; i++) {
        double angle = 2 * PI * (double)i / WINDOW;

        t->window[i] = (float)(0.5 - 0.5 * cos(angle));
        t->root[i] = (struct complex){cos(angle), -sin(angle)};
    }
    t->bank = mem_alloc(BINS * mels * sizeof *t->bank);
    t->first = mem_alloc(mels * sizeof *t->first);
    t->last = mem_alloc(mels * sizeof *t->last);
    omni_mel_bank(mels, t->bank);
    for (size_t m = 0; m < mels; m++)
        for (size_t f = 0; f < BINS; f++)
            if (t->bank[f * mels + m] > 0) {
                if (t->last[m] == 0)
                    t->first[m] = f;
                t->last[m] = f + 1;
            }
    return t;
}

/* --- frames ------------------------------------------------------------- */

/* A sound inside the padded buffer. */
struct padded {
    const float *sample;
    size_t n;
    size_t start;  /* where it begins: 0, or length - n when padded left */
    size_t length; /* of the buffer */
    size_t kept;   /* the first frame that is kept */
    size_t frames; /* how many are */
};

static struct padded pad(const struct omni_config *config, const float *samples,
                         size_t n)
{
    size_t length = (size_t)config->audio.max_seconds * RATE;
    struct padded p = {.sample = samples, .n = n, .length = length};

    if (p.n > length)
        p.n = length;
    if (config->audio.pad_left)
        p.start = length - p.n;
    p.kept = (p.start + HOP - 1) / HOP;
    p.frames = (p.start + p.n + HOP - 1) / HOP - p.kept;
    return p;
}

size_t omni_mel_frames(const struct omni_config *config, size_t n)
{
    return pad(config, NULL, n).frames;
}

size_t omni_audio_tokens(size_t mel_frames)
{
    size_t rows = mel_frames ? (mel_frames - 1) / 2 + 1 : 0;

    return rows < 2 ? 0 : (rows - 2) / 2 + 1;
}

/* The sample at place i of the buffer, which is mirrored at both ends. */
static float sample_at(const struct padded *p, int64_t i)
{
    size_t at = (size_t)(i < 0 ? -i : i);

    if (at >= p->length)
        at = 2 * (p->length - 1) - at;
    return at >= p->start && at - p->start < p->n ? p->sample[at - p->start]
                                                  : 0;
}

/* Logarithms of the mel powers of frame t. */
static void mel_frame(const struct mel_tables *tables, const struct padded *p,
                      size_t t, size_t mels, float *out)
{
    int64_t from = (int64_t)t * HOP - REACH;
    float value[WINDOW], bin[BINS];

    for (size_t i = 0; i < WINDOW; i++)
        value[i] = sample_at(p, from + (int64_t)i) * tables->window[i];
    power(tables, value, bin);
    for (size_t m = 0; m < mels; m++) {
        double sum = 0;
        float mel;

        for (size_t f = tables->first[m]; f < tables->last[m]; f++)
            sum += (double)(tables->bank[f * mels + m] * bin[f]);
        mel = (float)sum;
        out[m] = (float)log10((double)(mel > 1e-10f ? mel : 1e-10f));
    }
}

static enum asid_rc check_samples(const float *samples, size_t n,
                                  struct asid_err *err)
{
    if (n < SAMPLES_MIN)
        return REJECT(err, "media.too_short",
                      "the sound has %zu samples at 16 kHz, at least %d are "
                      "needed",
                      n, SAMPLES_MIN);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(samples[i]))
            return REJECT(err, "media.damaged",
                          "sample %zu of the sound is no number", i);
    return ASID_OK;
}

/* Fill mel [mels, kept frames] with logarithms; returns the greatest of these
 * and of the frames beside them that touch the sound. */
static float fill_mel(const struct mel_tables *tables, const struct padded *p,
                      size_t mels, float *frame, float *mel)
{
    size_t all = p->length / HOP;
    size_t from = p->start > REACH ? (p->start - REACH) / HOP : 0;
    size_t to = (p->start + p->n + REACH - 1) / HOP + 1;
    float greatest = -10;

    for (size_t t = from; t < to && t < all; t++) {
        mel_frame(tables, p, t, mels, frame);
        for (size_t m = 0; m < mels; m++)
            if (frame[m] > greatest)
                greatest = frame[m];
        if (t < p->kept || t - p->kept >= p->frames)
            continue;
        for (size_t m = 0; m < mels; m++)
            mel[m * p->frames + t - p->kept] = frame[m];
    }
    return greatest;
}

enum asid_rc omni_mel(const struct omni_config *config, const float *samples,
                      size_t n, struct omni_sound *out, struct asid_err *err)
{
    enum asid_rc rc;
    size_t mels = config->audio.mels, count;
    struct padded p = pad(config, samples, n);
    struct mel_tables *tables = NULL;
    float *frame = NULL, floor_at, *mel;
    void *space;

    rc = check_samples(samples, p.n, err);
    if (rc != ASID_OK)
        goto out;
    if (p.frames < FRAMES_MIN) {
        rc = REJECT(err, "media.too_short",
                    "the sound has %zu samples at 16 kHz, %zu frames of "
                    "features",
                    n, p.frames);
        goto out;
    }
    if (!size_mul(mels, p.frames, &count)) {
        rc = FAIL(err, "out of memory: %zu frames of sound", p.frames);
        goto out;
    }
    rc = mem_big(&space, count, sizeof *mel, err);
    if (rc != ASID_OK)
        goto out;
    mel = space;
    tables = tables_new(mels);
    frame = mem_alloc(mels * sizeof *frame);
    floor_at = fill_mel(tables, &p, mels, frame, mel) - 8;
    for (size_t i = 0; i < count; i++)
        mel[i] = ((mel[i] > floor_at ? mel[i] : floor_at) + 4) / 4;
    *out = (struct omni_sound){
        .mel = mel, .frames = p.frames, .tokens = omni_audio_tokens(p.frames)};
out:
    tables_free(tables);
    free(frame);
    return rc;
}
