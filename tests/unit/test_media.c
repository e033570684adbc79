/* Media files, sound and damaged: what comes out, pixel by pixel and sample by
 * sample, and which code a bad file is rejected with. */
#include "asid/media/media.h"

#include <math.h>
#include <sys/stat.h>

#include "asid/nn/npy.h"
#include "media_files.h"

static struct scratch scratch;

/* --- probing --------------------------------------------------------------- */

static void test_probe(void)
{
    struct asid_err err = {.text = ""};
    struct media_info i = {.duration = -1};

    CHECK_OK(media_probe(MEDIA "header-first.mp4", MEDIA_CHECK_PROBE,
                         &MEDIA_LIMITS_DEFAULT, &i, &err),
             err);
    CHECK(fabs(i.duration - 10) < 1e-6, "duration %g", i.duration);
    CHECK(i.video.present && i.audio.present, "streams");
    CHECK_TEXT(i.video.codec, "h264");
    CHECK_TEXT(i.audio.codec, "aac");
    CHECK(i.video.width == 64 && i.video.height == 48, "%ux%u", i.video.width,
          i.video.height);
    CHECK(i.video.fps == 25 && i.video.packets == 250, "%g fps, %lu packets",
          i.video.fps, (unsigned long)i.video.packets);
    CHECK(i.audio.sample_rate == 16000 && i.audio.channels == 1, "%u Hz, %u",
          i.audio.sample_rate, i.audio.channels);
    CHECK(!i.decoded, "a probe does not decode");
    check_case("a probe finds streams, size, rate and number of frames");

    CHECK_OK(media_probe(MEDIA "good.mkv", MEDIA_CHECK_PROBE,
                         &MEDIA_LIMITS_DEFAULT, &i, &err),
             err);
    CHECK(i.video.packets == 250, "%lu packets",
          (unsigned long)i.video.packets);
    check_case("frames are counted where the container declares none");

    CHECK_OK(media_probe(MEDIA "uneven.mkv", MEDIA_CHECK_PROBE,
                         &MEDIA_LIMITS_DEFAULT, &i, &err),
             err);
    CHECK(fabs(i.video.start - 1.5) < 1e-9, "start %g", i.video.start);
    CHECK(fabs(i.duration - 0.6) < 1e-9, "duration %g", i.duration);
    check_case("a late start belongs to the start, not to the duration");

    CHECK_OK(media_probe(MEDIA "cover.m4a", MEDIA_CHECK_DECODE,
                         &MEDIA_LIMITS_DEFAULT, &i, &err),
             err);
    CHECK(!i.video.present && i.audio.present, "cover picture");
    CHECK_OK(media_probe(MEDIA "words.mkv", MEDIA_CHECK_PROBE,
                         &MEDIA_LIMITS_DEFAULT, &i, &err),
             err);
    CHECK(!i.video.present && !i.audio.present, "subtitles");
    check_case("cover pictures and subtitles are no video");
}

/* --- health ---------------------------------------------------------------- */

static void expect(const char *path, enum media_check check, const char *code)
{
    struct asid_err err = {.text = ""};
    struct media_info i = {.duration = -1};
    enum asid_rc rc = media_probe(path, check, &MEDIA_LIMITS_DEFAULT, &i, &err);

    if (!code) {
        CHECK(rc == ASID_OK, "%s: rc %d: %s", path, (int)rc, err.text);
        return;
    }
    CHECK(rc == ASID_REJECT && strcmp(err.code, code) == 0,
          "%s: rc %d, code %s, not %s: %s", path, (int)rc, err.code, code,
          err.text);
    CHECK(path[0] == '\0' || strstr(err.text, path) == NULL,
          "%s: a message with the place: %s", path, err.text);
    CHECK(i.duration == -1, "%s: the output was touched", path);
}

static const char *changed(const char *name, struct str text)
{
    return scratch_write(&scratch, name, text.p, text.n);
}

static void test_damage(void)
{
    struct str good = scratch_read(&scratch, MEDIA "header-first.mp4");
    struct str last = scratch_read(&scratch, MEDIA "header-last.mp4");
    struct str mkv = scratch_read(&scratch, MEDIA "good.mkv");
    char *bytes = arena_bytes(&scratch.arena, good.n);
    uint32_t random = 1;

    expect(MEDIA "header-first.mp4", MEDIA_CHECK_DECODE, NULL);
    expect(MEDIA "header-last.mp4", MEDIA_CHECK_DECODE, NULL);
    expect(MEDIA "good.mkv", MEDIA_CHECK_DECODE, NULL);
    expect(MEDIA "late.mp4", MEDIA_CHECK_DECODE, NULL);
    expect(MEDIA "edit.mp4", MEDIA_CHECK_DECODE, NULL);
    expect(MEDIA "one.mp4", MEDIA_CHECK_DECODE, NULL);
    check_case("healthy files pass, also with late or short sound");

    good.n /= 2;
    expect(changed("half.mp4", good), MEDIA_CHECK_PROBE, NULL);
    expect(scratch_path(&scratch, "half.mp4"), MEDIA_CHECK_DECODE,
           "media.damaged");
    good.n *= 2;
    check_case("a half file with its header first probes clean, not decodes");

    last.n /= 2;
    expect(changed("half-last.mp4", last), MEDIA_CHECK_PROBE,
           "media.unreadable");
    check_case("a half file with its header last is unreadable");

    mkv.n /= 2;
    expect(changed("half.mkv", mkv), MEDIA_CHECK_DECODE, "media.damaged");
    check_case("a half file that declares no frames is damaged");

    memcpy(bytes, good.p, good.n);
    for (int i = 0; i < 200; i++) {
        random = random * 1664525 + 1013904223;
        bytes[good.n / 3 + (random >> 8) % (good.n * 2 / 3)] ^=
            (char)(1 << (random >> 29));
    }
    expect(changed("flipped.mp4", (struct str){bytes, good.n}),
           MEDIA_CHECK_DECODE, "media.damaged");
    memcpy(bytes, good.p, good.n);
    memset(bytes + good.n / 2, 0, good.n / 10);
    expect(changed("zeroed.mp4", (struct str){bytes, good.n}),
           MEDIA_CHECK_DECODE, "media.damaged");
    check_case("flipped bits and a zeroed middle are damage");
}

static void test_damage_message(void)
{
    struct asid_err a, b;
    struct media_info i;
    const char *path = scratch_path(&scratch, "half.mp4");

    CHECK(media_probe(path, MEDIA_CHECK_DECODE, &MEDIA_LIMITS_DEFAULT, &i,
                      &a) == ASID_REJECT,
          "damaged");
    CHECK(media_probe(path, MEDIA_CHECK_DECODE, &MEDIA_LIMITS_DEFAULT, &i,
                      &b) == ASID_REJECT,
          "damaged");
    CHECK(strstr(a.text, "of 250 frames") != NULL, "%s", a.text);
    CHECK_TEXT(a.text, b.text);
    check_case("the message has the figures and is the same every time");
}

static void test_hostile(void)
{
    static const char html[] = "<!DOCTYPE html><html><body>gone</body></html>";
    static const char list[] = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n"
                               "header-first.mp4\n#EXT-X-ENDLIST\n";
    static const char concat[] = "ffconcat version 1.0\nfile "
                                 "header-first.mp4\n";
    struct str good = scratch_read(&scratch, MEDIA "header-first.mp4");
    const char *path;

    expect(scratch_write(&scratch, "empty.mp4", "", 0), MEDIA_CHECK_PROBE,
           "media.unreadable");
    expect(scratch_write(&scratch, "html.mp4", html, sizeof html - 1),
           MEDIA_CHECK_PROBE, "media.unreadable");
    expect(scratch_path(&scratch, "nothing.mp4"), MEDIA_CHECK_PROBE,
           "media.unreadable");
    expect("", MEDIA_CHECK_PROBE, "media.unreadable");
    check_case("empty, missing and foreign files are unreadable");

    expect(scratch_write(&scratch, "list.mp4", list, sizeof list - 1),
           MEDIA_CHECK_PROBE, "media.unreadable");
    expect(scratch_write(&scratch, "concat.mp4", concat, sizeof concat - 1),
           MEDIA_CHECK_PROBE, "media.unreadable");
    check_case("playlists, which name other files, are refused");

    expect(scratch.dir, MEDIA_CHECK_PROBE, "media.unreadable");
    expect("/dev/zero", MEDIA_CHECK_PROBE, "media.unreadable");
    path = scratch_path(&scratch, "pipe.mp4");
    CHECK(mkfifo(path, 0600) == 0, "mkfifo");
    expect(path, MEDIA_CHECK_PROBE, "media.unreadable");
    check_case("folders, devices and pipes are refused without waiting");

    expect(MEDIA "wide.mkv", MEDIA_CHECK_PROBE, "media.limit");
    check_case("pictures beyond the limit are refused");

    for (size_t n = 1; n < 4096 && n < good.n; n += 97) {
        struct asid_err err;
        struct media_info i;
        const char *cut = scratch_write(&scratch, "cut.mp4", good.p, n);
        enum asid_rc rc = media_probe(cut, MEDIA_CHECK_DECODE,
                                      &MEDIA_LIMITS_DEFAULT, &i, &err);

        CHECK((rc == ASID_REJECT && strncmp(err.code, "media.", 6) == 0) ||
                  (rc == ASID_OK && !i.video.present),
              "cut after %zu bytes: rc %d, %s", n, (int)rc, err.text);
    }
    check_case("a file cut anywhere in its header shows no video");
}

static void test_names(void)
{
    static const char *const names[] = {
        "-x.mp4",       "new\nline.mp4", "quo'te\".mp4",   "caf\xe9.mp4",
        "concat:a.mp4", "%d.mp4",        "http:\\\\a.mp4", " ",
    };
    struct str good = scratch_read(&scratch, MEDIA "header-first.mp4");

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        expect(scratch_write(&scratch, names[i], good.p, good.n),
               MEDIA_CHECK_PROBE, NULL);
    check_case("odd file names are names, never options or protocols");
}

static void test_limits(void)
{
    struct media_limits l = MEDIA_LIMITS_DEFAULT;
    struct asid_err err;
    struct media_info i;
    struct media_sound sound;

    l.max_frames = 249;
    CHECK(media_probe(MEDIA "header-first.mp4", MEDIA_CHECK_DECODE, &l, &i,
                      &err) == ASID_REJECT &&
              strcmp(err.code, "media.limit") == 0,
          "%s", err.text);
    l = MEDIA_LIMITS_DEFAULT;
    l.max_duration = 5;
    CHECK(media_sound(MEDIA "header-first.mp4", 0, &l, &sound, &err) ==
                  ASID_REJECT &&
              strcmp(err.code, "media.limit") == 0,
          "%s", err.text);
    l = MEDIA_LIMITS_DEFAULT;
    l.seconds = 0.001;
    CHECK(media_probe(MEDIA "header-first.mp4", MEDIA_CHECK_DECODE, &l, &i,
                      &err) == ASID_REJECT &&
              strcmp(err.code, "media.limit") == 0,
          "%s", err.text);
#ifndef ASID_SANITIZE /* which needs more address space than any limit */
    l = MEDIA_LIMITS_DEFAULT;
    l.memory = (uint64_t)16 << 20;
    CHECK(media_probe(MEDIA "header-first.mp4", MEDIA_CHECK_DECODE, &l, &i,
                      &err) == ASID_REJECT &&
              strcmp(err.code, "media.limit") == 0,
          "%s", err.text);
#endif
    check_case("frames, seconds of sound, time and memory are limited");
}

/* --- frames ---------------------------------------------------------------- */

struct frames {
    size_t n;
    uint64_t index[300];
    double time[300];
    uint32_t width, height;
    uint8_t rgb[8][64 * 48 * 3]; /* of the first eight */
};

static enum asid_rc collect(void *user, const struct media_frame *frame,
                            struct asid_err *err)
{
    struct frames *f = user;
    size_t bytes = (size_t)frame->width * frame->height * 3;

    (void)err;
    if (f->n < 8 && bytes <= sizeof f->rgb[0])
        memcpy(f->rgb[f->n], frame->rgb, bytes);
    if (f->n < 300) {
        f->index[f->n] = frame->index;
        f->time[f->n] = frame->time;
    }
    f->width = frame->width;
    f->height = frame->height;
    f->n++;
    return ASID_OK;
}

static uint64_t decode(const char *path, const uint64_t *index, size_t n,
                       struct frames *f)
{
    struct asid_err err = {.text = ""};
    uint64_t total = 0;

    memset(f, 0, sizeof *f);
    CHECK(media_frames(path, index, n, &MEDIA_LIMITS_DEFAULT, collect, f,
                       &total, &err) == ASID_OK,
          "%s: %s", path, err.text);
    return total;
}

/* The formula of tests/media/make.sh. */
static void formula(int x, int y, int n, uint8_t rgb[3])
{
    rgb[0] = (uint8_t)(13 * x + n);
    rgb[1] = (uint8_t)(17 * y);
    rgb[2] = (uint8_t)(40 * n);
}

static void compare(const char *path, int turn, const struct frames *f)
{
    enum { W = 17, H = 13 };

    for (size_t k = 0; k < f->n; k++) {
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++) {
                int at = turn == 90    ? x * H + (H - 1 - y)
                         : turn == 180 ? (H - 1 - y) * W + (W - 1 - x)
                         : turn == 270 ? (W - 1 - x) * H + y
                                       : y * W + x;
                uint8_t want[3];

                formula(x, y, (int)f->index[k], want);
                CHECK(memcmp(&f->rgb[k][at * 3], want, 3) == 0,
                      "%s: frame %lu, pixel %d %d", path,
                      (unsigned long)f->index[k], x, y);
            }
        }
    }
}

static void test_pixels(void)
{
    static const uint64_t all[] = {0, 1, 2, 3, 4};
    struct frames f;

    CHECK(decode(MEDIA "odd.mkv", all, 5, &f) == 5, "total");
    CHECK(f.n == 5 && f.width == 17 && f.height == 13, "%zu of %ux%u", f.n,
          f.width, f.height);
    compare(MEDIA "odd.mkv", 0, &f);
    check_case("odd sizes and RGB sources come through byte for byte");

    for (int turn = 90; turn < 360; turn += 90) {
        const char *path =
            arena_printf(&scratch.arena, MEDIA "turn%d.mp4", turn);
        struct media_info i;
        struct asid_err err;

        CHECK(decode(path, all, 5, &f) == 5, "%s", path);
        CHECK(f.width == (turn == 180 ? 17u : 13u), "%s: %ux%u", path, f.width,
              f.height);
        compare(path, turn, &f);
        CHECK_OK(media_probe(path, MEDIA_CHECK_PROBE, &MEDIA_LIMITS_DEFAULT, &i,
                             &err),
                 err);
        CHECK(i.video.rotation == turn && i.video.width == f.width &&
                  i.video.height == f.height,
              "%s: rotation %d, %ux%u", path, i.video.rotation, i.video.width,
              i.video.height);
    }
    check_case("turned pictures are put upright");
}

static void test_choice(void)
{
    static const uint64_t some[] = {0, 2, 2, 2, 4, 5, 900};
    static const double times[] = {0, 0.1, 0.2, 0.3, 0.5};
    static const uint64_t all[] = {0, 1, 2, 3, 4};
    struct frames f;
    struct asid_err err;
    uint64_t total = 0;

    CHECK(decode(MEDIA "odd.mkv", some, 7, &f) == 5, "total");
    CHECK(f.n == 5, "%zu frames", f.n);
    for (size_t i = 0; i < f.n; i++)
        CHECK(f.index[i] == some[i], "%zu: %lu", i, (unsigned long)f.index[i]);
    compare(MEDIA "odd.mkv", 0, &f);
    check_case("chosen frames come in order, repeated ones repeatedly");

    CHECK(decode(MEDIA "header-first.mp4", NULL, 0, &f) == 250, "total");
    CHECK(f.n == 0, "%zu frames", f.n);
    CHECK(decode(MEDIA "edit.mp4", NULL, 0, &f) == 27, "edit list");
    check_case("without a choice frames are just counted, hidden ones not");

    CHECK(decode(MEDIA "uneven.mkv", all, 5, &f) == 5, "total");
    for (size_t i = 0; i < 5; i++)
        CHECK(fabs(f.time[i] - times[i]) < 1e-9, "frame %zu at %g", i,
              f.time[i]);
    check_case("times are those of the frames, from the first one on");

    CHECK(decode(MEDIA "sizes.h264", all, 5, &f) == 10, "total");
    CHECK(decode(MEDIA "sizes.h264", (uint64_t[]){0, 8}, 2, &f) == 10, "total");
    CHECK(f.n == 2 && f.width == 64 && f.height == 48, "%ux%u", f.width,
          f.height);
    check_case("pictures that change size keep that of the first one");

    CHECK(media_frames(MEDIA "level.flac", all, 5, &MEDIA_LIMITS_DEFAULT,
                       collect, &f, &total, &err) == ASID_REJECT &&
              strcmp(err.code, "media.no_video") == 0,
          "%s", err.text);
    check_case("frames of a file without picture are media.no_video");
}

/* Times that are wanted, and the frames shown then. */
static void expect_shown(const char *path, const double *when, size_t n,
                         const uint64_t *want)
{
    struct asid_err err = {.text = ""};
    struct frames f = {.n = 0};

    CHECK(media_frames_at(path, when, n, &MEDIA_LIMITS_DEFAULT, collect, &f,
                          &err) == ASID_OK,
          "%s: %s", path, err.text);
    CHECK(f.n == n, "%s: %zu frames", path, f.n);
    for (size_t i = 0; i < n && i < f.n; i++)
        CHECK(f.index[i] == want[i], "%s: %lu at %g, not %lu", path,
              (unsigned long)f.index[i], when[i], (unsigned long)want[i]);
    if (strstr(path, "odd.mkv"))
        compare(path, 0, &f);
}

static void test_times(void)
{
    static const double uneven[] = {-1, 0, 0.05, 0.1, 0.35, 0.45, 0.5, 9};
    static const uint64_t shown[] = {0, 0, 0, 1, 3, 3, 4, 4};
    static const double late[] = {3.99, 4, 4.02, 4.02};
    static const uint64_t late_shown[] = {99, 100, 100, 100};
    struct asid_err err = {.text = ""};
    struct frames f = {.n = 0};

    expect_shown(MEDIA "uneven.mkv", uneven, 8, shown);
    expect_shown(MEDIA "uneven.mkv", uneven + 3, 1, shown + 3);
    expect_shown(MEDIA "odd.mkv", (double[]){0, 100}, 2, (uint64_t[]){0, 4});
    expect_shown(MEDIA "header-first.mp4", late, 4, late_shown);
    CHECK(media_frames_at(MEDIA "level.flac", uneven, 8, &MEDIA_LIMITS_DEFAULT,
                          collect, &f, &err) == ASID_REJECT &&
              strcmp(err.code, "media.no_video") == 0,
          "%s", err.text);
    CHECK(media_frames_at(MEDIA "odd.mkv", NULL, 0, &MEDIA_LIMITS_DEFAULT,
                          collect, &f, &err) == ASID_REJECT,
          "no time");
    check_case("frames by time are those that are shown then");
}

static enum asid_rc refuse(void *user, const struct media_frame *frame,
                           struct asid_err *err)
{
    (void)user;
    return frame->index < 3 ? ASID_OK : FAIL(err, "enough");
}

static void test_sink_fails(void)
{
    uint64_t index[250], total = 77;
    struct asid_err err;

    for (size_t i = 0; i < 250; i++)
        index[i] = i;
    CHECK(media_frames(MEDIA "header-first.mp4", index, 250,
                       &MEDIA_LIMITS_DEFAULT, refuse, NULL, &total,
                       &err) == ASID_FAILED,
          "%s", err.text);
    CHECK_TEXT(err.text, "enough");
    CHECK(total == 77, "the output was touched");
    check_case("a sink that fails ends the call with its own error");
}

/* --- sound ----------------------------------------------------------------- */

static void test_sound(void)
{
    struct asid_err err;
    struct media_sound s;

    CHECK_OK(
        media_sound(MEDIA "level.flac", 0, &MEDIA_LIMITS_DEFAULT, &s, &err),
        err);
    CHECK(s.n == 16000 && s.rate == 16000, "%zu samples", s.n);
    for (size_t i = 0; i < s.n; i++)
        CHECK(s.samples[i] == 0.125f, "sample %zu: %g", i,
              (double)s.samples[i]);
    media_sound_release(&s);
    check_case("channels are averaged, 16 kHz is left alone");

    CHECK_OK(
        media_sound(MEDIA "level.flac", 0.5, &MEDIA_LIMITS_DEFAULT, &s, &err),
        err);
    CHECK(s.n == 8000, "%zu samples", s.n);
    media_sound_release(&s);
    CHECK_OK(
        media_sound(MEDIA "change.aac", 0, &MEDIA_LIMITS_DEFAULT, &s, &err),
        err);
    CHECK(s.n > 31000 && s.n < 36000, "%zu samples", s.n);
    media_sound_release(&s);
    check_case("sound is cut on request, and may change its rate");

    CHECK(media_sound(MEDIA "odd.mkv", 0, &MEDIA_LIMITS_DEFAULT, &s, &err) ==
                  ASID_REJECT &&
              strcmp(err.code, "media.no_audio") == 0,
          "%s", err.text);
    check_case("a file without sound is media.no_audio");
}

static void put(uint8_t *p, size_t at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        p[at + i] = (uint8_t)(value >> (8 * i));
}

/* A WAV file with the samples of a vector, [n, channels]. */
static const char *wave(const struct npy *in, uint32_t rate)
{
    size_t n = in->count * 2, channels = in->shape[1];
    uint8_t *p = (uint8_t *)arena_array(&scratch.arena, n + 44, 1);

    memcpy(p, "RIFF----WAVEfmt ", 16);
    put(p, 4, n + 36, 4);
    put(p, 16, 16, 4);
    put(p, 20, 1, 2);
    put(p, 22, channels, 2);
    put(p, 24, rate, 4);
    put(p, 28, rate * channels * 2, 4);
    put(p, 32, channels * 2, 2);
    put(p, 34, 16, 2);
    memcpy(p + 36, "data", 4);
    put(p, 40, n, 4);
    for (size_t i = 0; i < in->count; i++)
        put(p, 44 + 2 * i, (uint64_t)(int64_t)in->data[i], 2);
    return scratch_write(&scratch, "vector.wav", p, n + 44);
}

static void test_resampling(void)
{
    static const struct {
        uint32_t rate;
        const char *name;
    } cases[] = {{8000, "8000_1"},
                 {16000, "16000_2"},
                 {22050, "22050_1"},
                 {44100, "44100_2"},
                 {48000, "48000_1"}};

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const char *dir = "tests/vectors/pre/resample_";
        struct media_sound s = {NULL, 0, 0};
        struct npy in, out;
        struct asid_err err;
        float worst = 0;

        CHECK_OK(npy_read(arena_printf(&scratch.arena, "%s%s_input.npy", dir,
                                       cases[k].name),
                          &in, &err),
                 err);
        CHECK_OK(npy_read(arena_printf(&scratch.arena, "%s%s_output.npy", dir,
                                       cases[k].name),
                          &out, &err),
                 err);
        CHECK_OK(media_sound(wave(&in, cases[k].rate), 0, &MEDIA_LIMITS_DEFAULT,
                             &s, &err),
                 err);
        CHECK(s.n == out.count, "%s: %zu samples, not %zu", cases[k].name, s.n,
              out.count);
        for (size_t i = 0; i < s.n && i < out.count; i++)
            worst = fmaxf(worst, fabsf(s.samples[i] - out.data[i]));
        CHECK(worst < 1e-6f, "%s: differs by %g", cases[k].name, (double)worst);
        media_sound_release(&s);
        npy_release(&in);
        npy_release(&out);
    }
    check_case("resampled sound is that of the reference");
}

/* --- stills ---------------------------------------------------------------- */

static void test_image(void)
{
    uint8_t *rgb = NULL;
    uint32_t w = 0, h = 0;
    struct asid_err err;

    CHECK_OK(media_image(MEDIA "glass.png", &MEDIA_LIMITS_DEFAULT, &rgb, &w, &h,
                         &err),
             err);
    CHECK(w == 9 && h == 7, "%ux%u", w, h);
    for (uint32_t y = 0; y < h; y++) {
        for (uint32_t x = 0; x < w; x++) {
            const uint8_t *p = rgb + (y * w + x) * 3;
            double alpha = 17.0 * (x + y) / 255;
            double want[3] = {15.0 * x, 15.0 * y, 128};

            for (int c = 0; c < 3; c++) {
                double v = floor(want[c] * alpha + 255 * (1 - alpha) + 0.5);

                CHECK(p[c] == (uint8_t)v, "pixel %u %u: %d, not %g", x, y, p[c],
                      v);
            }
        }
    }
    free(rgb);
    check_case("transparent pictures lie on white");

    CHECK(media_image("tests/unit/check.h", &MEDIA_LIMITS_DEFAULT, &rgb, &w, &h,
                      &err) == ASID_REJECT,
          "text");
    CHECK(media_image(MEDIA "level.flac", &MEDIA_LIMITS_DEFAULT, &rgb, &w, &h,
                      &err) == ASID_REJECT,
          "sound");
    check_case("what is no picture is rejected");
}

/* --- cuts ------------------------------------------------------------------ */

static void check_cuts(const char *file, const double *want, size_t n)
{
    struct media_cuts cuts = {NULL, 0, false};
    struct media_info info = {.duration = -1};
    struct asid_err err = {.text = ""};

    CHECK_OK(media_check(file, &MEDIA_LIMITS_DEFAULT, &info, &cuts, &err), err);
    CHECK(cuts.known && cuts.n == n, "%s: %zu cuts", file, cuts.n);
    for (size_t i = 0; i < n && i < cuts.n; i++)
        CHECK(fabs(cuts.times[i] - want[i]) < 1e-6, "%s: cut at %g, not %g",
              file, cuts.times[i], want[i]);
    CHECK(info.decoded && info.frames_decoded > 0, "the full check is done");
    media_cuts_release(&cuts);
}

static void test_cuts(void)
{
    struct media_cuts cuts = {NULL, 0, false};
    struct media_info info = {.duration = -1};
    struct asid_err err = {.text = ""};
    struct str good = scratch_read(&scratch, MEDIA "header-first.mp4");
    const char *half = scratch_write(&scratch, "half.mp4", good.p, good.n / 2);

    check_cuts(MEDIA "shots.mkv", (const double[]){1.2, 3.2}, 2);
    check_case("cuts are times from the first frame, and a flash is none");
    check_cuts("data-samples/clips/bird.mp4", (const double[]){1.75}, 1);
    check_cuts("data-samples/clips/portrait.mp4", (const double[]){1.25}, 1);
    check_cuts("data-samples/clips/meadow-silent.mp4", NULL, 0);
    check_case("the cuts of real shots are found, and no others");
    check_cuts(MEDIA "one.mp4", NULL, 0);
    check_cuts(MEDIA "odd.mkv", NULL, 0);
    check_cuts(MEDIA "uneven.mkv", NULL, 0);
    check_cuts(MEDIA "sizes.h264", (const double[]){0.2}, 1);
    check_case("one frame, odd sizes, RGB and a change of size do no harm");
    CHECK_OK(media_check(MEDIA "level.flac", &MEDIA_LIMITS_DEFAULT, &info,
                         &cuts, &err),
             err);
    CHECK(!cuts.known && cuts.n == 0 && !info.video.present, "sound only");
    check_case("without pictures, cuts are not known");
    CHECK(media_check(half, &MEDIA_LIMITS_DEFAULT, &info, &cuts, &err) ==
                  ASID_REJECT &&
              strcmp(err.code, "media.damaged") == 0,
          "%s", err.code);
    check_case("looking for cuts still rejects what is damaged");
}

static void test_versions(void)
{
    char text[300];
    struct asid_err err;

    CHECK_OK(media_versions(text, sizeof text, &err), err);
    CHECK(strstr(text, "libavcodec ") && strstr(text, "soxr"), "%s", text);
    CHECK(media_versions(text, 8, &err) == ASID_FAILED, "no room");
    check_case("the libraries say their versions");
}

int main(void)
{
    scratch_make(&scratch);
    test_probe();
    test_damage();
    test_damage_message();
    test_hostile();
    test_names();
    test_limits();
    test_pixels();
    test_choice();
    test_times();
    test_sink_fails();
    test_sound();
    test_resampling();
    test_image();
    test_cuts();
    test_versions();
    scratch_remove(&scratch);
    return check_done();
}
