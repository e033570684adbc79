/* Videos that are written: read back by the media layer, they are what went in. */
#include "asid/media/write.h"

#include <math.h>
#include <string.h>

#include "asid/base/hash.h"
#include "asid/media/media.h"
#include "media_files.h"

enum { WIDTH = 64, HEIGHT = 48, FPS = 12, RATE = 16000, SECONDS = 3 };
enum { FRAMES = SECONDS * FPS, FLASH = 18, PIXELS = WIDTH * HEIGHT };

static struct scratch scratch;

/* Left half one colour, right half another; one frame is white. */
static void paint(int frame, uint8_t *rgb)
{
    static const uint8_t left[3] = {225, 25, 35}, right[3] = {30, 85, 240};

    for (int i = 0; i < PIXELS; i++)
        for (int c = 0; c < 3; c++)
            rgb[3 * i + c] = frame == FLASH          ? 255
                             : i % WIDTH < WIDTH / 2 ? left[c]
                                                     : right[c];
}

/* Silence with a click in the second of the flash. */
static void click(int16_t *samples)
{
    size_t at = (size_t)RATE * FLASH / FPS;

    memset(samples, 0, sizeof *samples * RATE * SECONDS);
    for (size_t i = 0; i < 400; i++)
        samples[at + i] = (int16_t)(i / 20 % 2 ? 20000 : -20000);
}

static const char *write_clip(const char *name, int rate)
{
    static int16_t samples[RATE * SECONDS];
    const struct media_format format = {WIDTH, HEIGHT, FPS, rate};
    const char *path = scratch_path(&scratch, name);
    uint8_t rgb[PIXELS * 3];
    struct media_write *w = NULL;
    struct asid_err err = {.text = ""};

    click(samples);
    CHECK_OK(media_write_open(path, &format, &w, &err), err);
    for (int i = 0; i < FRAMES; i++) {
        paint(i, rgb);
        CHECK_OK(media_write_frame(w, rgb, &err), err);
        if (rate && i % FPS == FPS - 1)
            CHECK_OK(media_write_sound(w, samples + i / FPS * RATE, RATE, &err),
                     err);
    }
    CHECK(access(path, F_OK) != 0, "%s is there too early", path);
    CHECK_OK(media_write_close(w, &err), err);
    return path;
}

static void test_streams(void)
{
    struct media_info i = {.duration = -1};
    struct asid_err err = {.text = ""};
    const char *path = write_clip("both.mp4", RATE);

    CHECK_OK(
        media_probe(path, MEDIA_CHECK_DECODE, &MEDIA_LIMITS_DEFAULT, &i, &err),
        err);
    CHECK(i.frames_decoded == FRAMES && i.video.fps == FPS, "%lu frames, %g",
          (unsigned long)i.frames_decoded, i.video.fps);
    CHECK(fabs(i.duration - SECONDS) < 1e-6, "%g s", i.duration);
    CHECK(i.audio.present && i.audio.sample_rate == RATE, "sound");
    CHECK(fabs(i.video.start) < 1e-6 && fabs(i.audio.start) < 1e-6,
          "start %g, %g", i.video.start, i.audio.start);
    path = write_clip("silent.mp4", 0);
    CHECK_OK(
        media_probe(path, MEDIA_CHECK_DECODE, &MEDIA_LIMITS_DEFAULT, &i, &err),
        err);
    CHECK(!i.audio.present, "a sound track that nobody asked for");
    check_case("frames, rates and lengths are those that were asked for");
}

static enum asid_rc compare(void *user, const struct media_frame *frame,
                            struct asid_err *err)
{
    uint8_t want[PIXELS * 3];
    int *seen = user, worst = 0;

    (void)err;
    paint((int)frame->index, want);
    for (int i = 0; i < PIXELS; i++) {
        /* Colours have half the resolution: not beside the edge. */
        if (abs(i % WIDTH - WIDTH / 2) <= 4)
            continue;
        for (int c = 0; c < 3; c++) {
            int by = abs(frame->rgb[3 * i + c] - want[3 * i + c]);

            worst = by > worst ? by : worst;
        }
    }
    CHECK(worst <= 6, "frame %lu: %d levels", (unsigned long)frame->index,
          worst);
    ++*seen;
    return ASID_OK;
}

static void test_colours(void)
{
    const uint64_t index[] = {0, 1, FLASH - 1, FLASH, FLASH + 1, FRAMES - 1};
    const char *path = write_clip("colours.mp4", RATE);
    struct asid_err err = {.text = ""};
    uint64_t total = 0;
    int seen = 0;

    CHECK_OK(media_frames(path, index, 6, &MEDIA_LIMITS_DEFAULT, compare, &seen,
                          &total, &err),
             err);
    CHECK(seen == 6 && total == FRAMES, "%d frames of %lu", seen,
          (unsigned long)total);
    check_case("colours are what went in, frame by frame");
}

static void test_sync(void)
{
    const char *path = write_clip("sync.mp4", RATE);
    struct media_sound sound = {0};
    struct asid_err err = {.text = ""};
    size_t first = 0;

    CHECK_OK(media_sound(path, 0, &MEDIA_LIMITS_DEFAULT, &sound, &err), err);
    while (first < sound.n && fabsf(sound.samples[first]) < 0.3f)
        first++;
    CHECK(fabs((double)first / RATE - (double)FLASH / FPS) < 0.01,
          "the click is at %g s, the flash at %g s", (double)first / RATE,
          (double)FLASH / FPS);
    media_sound_release(&sound);
    check_case("a click is heard when a flash is seen");
}

static void test_bytes(void)
{
    char a[HASH_HEX] = "", b[HASH_HEX] = "-";
    struct asid_err err = {.text = ""};

    CHECK_OK(hash_file(write_clip("a.mp4", RATE), a, NULL, &err), err);
    CHECK_OK(hash_file(write_clip("b.mp4", RATE), b, NULL, &err), err);
    CHECK_TEXT(a, b);
    check_case("two runs write the same bytes");
}

static void test_faults(void)
{
    const struct media_format good = {WIDTH, HEIGHT, FPS, 0},
                              odd = {63, HEIGHT, FPS, 0},
                              slow = {WIDTH, HEIGHT, 0, 0},
                              low = {WIDTH, HEIGHT, FPS, 100};
    const char *path = scratch_path(&scratch, "dropped.mp4");
    struct media_write *w = NULL;
    struct asid_err err = {.text = ""};

    CHECK(media_write_open(path, &odd, &w, &err) == ASID_FAILED, "63 wide");
    CHECK(media_write_open(path, &slow, &w, &err) == ASID_FAILED, "0 fps");
    CHECK(media_write_open(path, &low, &w, &err) == ASID_FAILED, "100 Hz");
    CHECK(media_write_open(scratch_path(&scratch, "none/x.mp4"), &good, &w,
                           &err) == ASID_FAILED &&
              strstr(err.text, "none/x.mp4") != NULL,
          "%s", err.text);
    CHECK_OK(media_write_open(path, &good, &w, &err), err);
    media_write_drop(w);
    CHECK(access(path, F_OK) != 0 &&
              access(scratch_path(&scratch, "dropped.mp4.part"), F_OK) != 0,
          "what was given up is still there");
    check_case("what cannot be written is refused, what is given up goes");
}

int main(void)
{
    scratch_make(&scratch);
    test_streams();
    test_colours();
    test_sync();
    test_bytes();
    test_faults();
    scratch_remove(&scratch);
    return check_done();
}
