/* Log-mel features against the published extractor, lengths, both paddings. */
#include <math.h>

#include "../../common/omni/prepare.h"
#include "asid/base/clock.h"
#include "vectors.h"

#define PRE "tests/vectors/pre/"

static struct omni_config config_of(bool left, double seconds)
{
    struct omni_config c = {.architecture = "test"};

    c.audio.mels = 128;
    c.audio.pad_left = left;
    c.audio.max_seconds = seconds;
    return c;
}

/* The wave ends with a click whose loudest frame is cut off. */
static void check_features(void)
{
    struct omni_config c = config_of(false, 300);
    struct npy wave = vector_npy(PRE "mel_wave.npy");
    struct npy want = vector_npy(PRE "mel_features.npy");
    struct omni_sound got = {.mel = NULL};
    struct asid_err err;
    float worst = 0;

    for (size_t i = 0; i < wave.count; i++)
        wave.data[i] /= 32768;
    CHECK_OK(omni_mel(&c, wave.data, wave.count, &got, &err), err);
    CHECK(got.frames == want.shape[1], "%zu frames", got.frames);
    if (got.mel && got.frames * 128 == want.count)
        for (size_t i = 0; i < want.count; i++)
            worst = fmaxf(worst, fabsf(got.mel[i] - want.data[i]));
    printf("# largest difference %g\n", (double)worst);
    CHECK(worst <= 6e-5f, "off by %g", (double)worst);
    free(got.mel);
    npy_release(&wave);
    npy_release(&want);
}

static void check_lengths(void)
{
    struct arena a = ARENA_INIT;
    struct omni_config c = config_of(false, 300);
    struct json *cases = vector_json(&a, PRE "audio_lengths.json");

    json_each(item, cases) {
        size_t n = (size_t)vector_int(json_get(item, "samples"));
        size_t frames = omni_mel_frames(&c, n);
        size_t tokens = omni_audio_tokens(frames);

        CHECK((int64_t)frames == vector_int(json_get(item, "mel_frames")) &&
                  (int64_t)tokens == vector_int(json_get(item, "audio_tokens")),
              "%zu samples: %zu frames, %zu tokens", n, frames, tokens);
    }
    CHECK(json_count(cases) > 20, "%zu cases", json_count(cases));
    CHECK(omni_audio_tokens(0) == 0 && omni_audio_tokens(1) == 0 &&
              omni_audio_tokens(3) == 1,
          "tokens of nothing");
    arena_release(&a);
}

static void check_bank(void)
{
    struct arena a = ARENA_INIT;
    struct json *want = vector_json(&a, PRE "mel_bank.json");
    float *bank = arena_array(&a, 201 * 128, sizeof *bank);
    size_t filled = 0;

    omni_mel_bank(128, bank);
    json_each(item, want) {
        size_t f = (size_t)vector_int(json_at(item, 0));
        size_t m = (size_t)vector_int(json_at(item, 1));
        float value = (float)vector_real(json_at(item, 2), 0);

        CHECK(bank[f * 128 + m] == value, "bin %zu, filter %zu: %.9g", f, m,
              (double)bank[f * 128 + m]);
    }
    for (size_t i = 0; i < 201 * 128; i++)
        filled += bank[i] != 0;
    CHECK(filled == json_count(want), "%zu weights", filled);
    arena_release(&a);
}

/* The definition itself: pad the whole buffer, mirror both ends, a plain
 * Fourier sum, all of it. */
static void by_definition(const float *buffer, size_t length, float *feature)
{
    enum { MELS = 128, BINS = 201, WINDOW = 400 };
    size_t frames = length / 160;
    float *bank = mem_alloc(BINS * MELS * sizeof *bank), most = -10;

    omni_mel_bank(MELS, bank);
    for (size_t t = 0; t < frames; t++) {
        double power[BINS], y[WINDOW];

        for (int n = 0; n < WINDOW; n++) {
            long at = labs((long)t * 160 - 200 + n);

            if (at >= (long)length)
                at = 2 * ((long)length - 1) - at;
            y[n] =
                (double)buffer[at] * (0.5 - 0.5 * cos(2 * M_PI * n / WINDOW));
        }
        for (int f = 0; f < BINS; f++) {
            double re = 0, im = 0;

            for (int n = 0; n < WINDOW; n++) {
                re += y[n] * cos(2 * M_PI * f * n / WINDOW);
                im -= y[n] * sin(2 * M_PI * f * n / WINDOW);
            }
            power[f] = re * re + im * im;
        }
        for (size_t m = 0; m < MELS; m++) {
            double sum = 0;

            for (size_t f = 0; f < BINS; f++)
                sum += power[f] * (double)bank[f * MELS + m];
            feature[m * frames + t] = (float)log10(fmax(sum, 1e-10));
            most = fmaxf(most, feature[m * frames + t]);
        }
    }
    for (size_t i = 0; i < MELS * frames; i++)
        feature[i] = (fmaxf(feature[i], most - 8) + 4) / 4;
    free(bank);
}

/* n samples in a buffer of one second, padded left or right. */
static void check_padding(size_t n, bool left)
{
    enum { LENGTH = 16000, ALL = LENGTH / 160 };
    struct omni_config c = config_of(left, 1);
    float *wave = mem_alloc((n + 1) * sizeof *wave);
    float *buffer = mem_alloc(LENGTH * sizeof *buffer);
    float *want = mem_alloc(128 * ALL * sizeof *want), worst = 0;
    struct omni_sound got = {.mel = NULL};
    struct asid_err err;
    size_t used = n < LENGTH ? n : LENGTH;
    size_t kept = left ? (LENGTH - used + 159) / 160 : 0;

    for (size_t i = 0; i < n; i++)
        wave[i] = 0.1f * sinf((float)i * 0.2f) +
                  (i + 30 > used && i < used ? 0.8f : 0);
    memcpy(left ? buffer + LENGTH - used : buffer, wave, used * sizeof *wave);
    by_definition(buffer, LENGTH, want);
    CHECK_OK(omni_mel(&c, wave, n, &got, &err), err);
    CHECK(got.frames == (left ? ALL - kept : (used + 159) / 160),
          "%zu samples: %zu frames", n, got.frames);
    for (size_t m = 0; m < 128 && got.mel; m++)
        for (size_t t = 0; t < got.frames; t++)
            worst = fmaxf(worst, fabsf(got.mel[m * got.frames + t] -
                                       want[m * ALL + kept + t]));
    CHECK(worst <= 6e-5f, "%zu samples padded %s: off by %g", n,
          left ? "left" : "right", (double)worst);
    free(got.mel);
    free(wave);
    free(buffer);
    free(want);
}

static void check_refusals(void)
{
    struct omni_config c = config_of(false, 300);
    float wave[1000] = {0};
    struct omni_sound got = {.mel = NULL};
    struct asid_err err;

    CHECK(omni_mel(&c, wave, 320, &got, &err) == ASID_REJECT &&
              strcmp(err.code, "media.too_short") == 0,
          "320 samples");
    CHECK(omni_mel(&c, NULL, 0, &got, &err) == ASID_REJECT, "no samples");
    c.audio.pad_left = true;
    CHECK(omni_mel(&c, wave, 400, &got, &err) == ASID_REJECT &&
              strcmp(err.code, "media.too_short") == 0,
          "two frames, padded left");
    c.audio.pad_left = false;
    wave[700] = NAN;
    CHECK(omni_mel(&c, wave, 1000, &got, &err) == ASID_REJECT &&
              strcmp(err.code, "media.damaged") == 0 && strstr(err.text, "700"),
          "a sample that is no number");
    wave[700] = 0;
    CHECK_OK(omni_mel(&c, wave, 1000, &got, &err), err);
    for (size_t i = 0; i < got.frames * 128; i++)
        CHECK(got.mel[i] == -1.5f, "silence at %zu is %g", i,
              (double)got.mel[i]);
    free(got.mel);
}

static void check_speed(void)
{
    enum { SECONDS = 300, N = SECONDS * 16000 };
    struct omni_config c = config_of(false, SECONDS);
    float *wave = mem_alloc(N * sizeof *wave);
    struct omni_sound got = {.mel = NULL};
    struct asid_err err;
    double start, taken;

    for (size_t i = 0; i < N; i++)
        wave[i] = (float)(i * 2654435761u % 2000) / 1000 - 1;
    start = clock_monotonic();
    CHECK_OK(omni_mel(&c, wave, N, &got, &err), err);
    taken = clock_monotonic() - start;
    printf("# %d s of sound take %.2f s\n", SECONDS, taken);
    CHECK(got.frames == 30000 && got.tokens == 7500, "%zu", got.frames);
    CHECK(taken < 300, "%g s", taken); /* sanitizers and valgrind run this */
    free(got.mel);
    free(wave);
}

int main(void)
{
    check_bank();
    check_case("the filter bank is the published one to the bit");
    check_features();
    check_case("features are the published extractor's");
    check_lengths();
    check_case("frames and tokens of many lengths are the published ones");
    for (int left = 0; left < 2; left++) {
        static const size_t lengths[] = {480,   481,   3333,  15800,
                                         15900, 15999, 16000, 17000};

        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            check_padding(lengths[i], left);
    }
    check_case("both paddings follow the definition up to the far end");
    check_refusals();
    check_case("short, broken and silent sound");
    check_speed();
    check_case("a long sound is done in time");
    return check_done();
}
