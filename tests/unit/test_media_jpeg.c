/* Frames as JPEG files and sound as WAV files: what an endpoint gets. */
#include "asid/media/media.h"

#include <math.h>

#include "media_files.h"

static struct scratch scratch;

enum { MOST = 8 };

struct album {
    struct {
        uint8_t *p;
        size_t n;
        uint32_t width, height;
        double time;
        uint64_t index;
    } pictures[MOST];
    size_t n;
};

static enum asid_rc keep_jpeg(void *user, const struct media_jpeg *jpeg,
                              struct asid_err *err)
{
    struct album *a = user;

    if (a->n == MOST)
        return FAIL(err, "too many");
    a->pictures[a->n].p = arena_alloc(&scratch.arena, jpeg->size);
    memcpy(a->pictures[a->n].p, jpeg->bytes, jpeg->size);
    a->pictures[a->n].n = jpeg->size;
    a->pictures[a->n].width = jpeg->width;
    a->pictures[a->n].height = jpeg->height;
    a->pictures[a->n].time = jpeg->time;
    a->pictures[a->n++].index = jpeg->index;
    return ASID_OK;
}

static enum asid_rc keep_frame(void *user, const struct media_frame *frame,
                               struct asid_err *err)
{
    struct album *a = user;
    size_t n = (size_t)frame->width * frame->height * 3;

    if (a->n == MOST)
        return FAIL(err, "too many");
    a->pictures[a->n].p = arena_alloc(&scratch.arena, n);
    memcpy(a->pictures[a->n].p, frame->rgb, n);
    a->pictures[a->n].n = n;
    a->pictures[a->n].width = frame->width;
    a->pictures[a->n].height = frame->height;
    a->pictures[a->n].time = frame->time;
    a->pictures[a->n++].index = frame->index;
    return ASID_OK;
}

static struct album jpegs(const char *path, const struct media_jpeg_wish *wish)
{
    struct album a = {.n = 0};
    struct asid_err err = {.text = ""};
    uint64_t total = 0;

    CHECK_OK(media_jpegs(path, wish, &MEDIA_LIMITS_DEFAULT, keep_jpeg, &a,
                         &total, &err),
             err);
    CHECK(total > 0, "no total");
    return a;
}

static struct album frames(const char *path, const struct media_jpeg_wish *wish)
{
    struct album a = {.n = 0};
    struct asid_err err = {.text = ""};
    uint64_t total = 0;

    CHECK_OK(media_frames(path, wish->index, wish->n_index,
                          &MEDIA_LIMITS_DEFAULT, keep_frame, &a, &total, &err),
             err);
    return a;
}

/* Decode picture i of an album again; NULL when that fails. Freed with free. */
static uint8_t *decode(const struct album *jpeg, size_t i)
{
    const char *path = scratch_write(&scratch, "again.jpg", jpeg->pictures[i].p,
                                     jpeg->pictures[i].n);
    struct asid_err err = {.text = ""};
    uint32_t width = 0, height = 0;
    uint8_t *rgb = NULL;

    CHECK_OK(
        media_image(path, &MEDIA_LIMITS_DEFAULT, &rgb, &width, &height, &err),
        err);
    CHECK(width == jpeg->pictures[i].width &&
              height == jpeg->pictures[i].height,
          "the file is %ux%u", width, height);
    return rgb;
}

/* The mean distance of its pixels from those of the frame. */
static double distance(const struct album *jpeg, const struct album *frame,
                       size_t i)
{
    uint8_t *rgb = decode(jpeg, i);
    double sum = 0;

    if (!rgb || jpeg->pictures[i].width != frame->pictures[i].width ||
        jpeg->pictures[i].height != frame->pictures[i].height) {
        free(rgb);
        return INFINITY;
    }
    for (size_t k = 0; k < frame->pictures[i].n; k++)
        sum += fabs((double)rgb[k] - (double)frame->pictures[i].p[k]);
    free(rgb);
    return sum / (double)frame->pictures[i].n;
}

static void test_like_frames(void)
{
    static const uint64_t index[] = {0, 10, 10, 249, 999};
    const struct media_jpeg_wish wish = {
        .index = index, .n_index = 5, .quantiser = 2};
    struct album j = jpegs(MEDIA "header-first.mp4", &wish);
    struct album f = frames(MEDIA "header-first.mp4", &wish);

    CHECK(j.n == 4 && f.n == 4, "%zu and %zu", j.n, f.n);
    for (size_t i = 0; i < j.n; i++) {
        CHECK(j.pictures[i].index == f.pictures[i].index, "index of %zu", i);
        CHECK(fabs(j.pictures[i].time - f.pictures[i].time) < 1e-12,
              "time of %zu", i);
        /* Half of the colour is gone in pictures this small and shrill. */
        CHECK(distance(&j, &f, i) < 12, "%g off", distance(&j, &f, i));
    }
    CHECK(fabs(j.pictures[1].time - 0.4) < 1e-9, "time %g", j.pictures[1].time);
    check_case("JPEGs show the frames that were chosen, with their times");
}

static void test_colours(void)
{
    static const uint64_t index[] = {0, 1, 2, 3};
    const struct media_jpeg_wish wish = {.index = index, .n_index = 4};
    struct album j = jpegs("data-samples/clips/meadow-silent.mp4", &wish);
    struct album f = frames("data-samples/clips/meadow-silent.mp4", &wish);

    CHECK(j.n == 4, "%zu pictures", j.n);
    for (size_t i = 0; i < j.n; i++)
        CHECK(distance(&j, &f, i) < 3, "%g off", distance(&j, &f, i));
    check_case("colours and their range survive");
}

static void test_same_bytes(void)
{
    static const uint64_t index[] = {3, 5};
    const struct media_jpeg_wish wish = {.index = index, .n_index = 2};
    const struct media_jpeg_wish alone = {.index = index + 1, .n_index = 1};
    const struct media_jpeg_wish rough = {
        .index = index, .n_index = 2, .quantiser = 20};
    struct album a = jpegs(MEDIA "header-first.mp4", &wish);
    struct album b = jpegs(MEDIA "header-first.mp4", &alone);
    struct album c = jpegs(MEDIA "header-first.mp4", &rough);

    CHECK(a.n == 2 && b.n == 1 && a.pictures[1].n == b.pictures[0].n &&
              memcmp(a.pictures[1].p, b.pictures[0].p, b.pictures[0].n) == 0,
          "the second picture depends on the first");
    CHECK(c.n == 2 && c.pictures[0].n < a.pictures[0].n / 2,
          "%zu bytes rough, %zu fine", c.pictures[0].n, a.pictures[0].n);
    CHECK(!memmem(a.pictures[0].p, a.pictures[0].n, "Lavc", 4),
          "the encoder signs its work");
    check_case("equal frames are equal bytes, coarser ones fewer");
}

static void test_size(void)
{
    static const struct {
        const char *file;
        uint64_t max_pixels;
        uint32_t width, height;
    } cases[] = {
        {MEDIA "header-first.mp4", 0, 64, 48},
        {MEDIA "header-first.mp4", 64 * 48, 64, 48},
        {MEDIA "header-first.mp4", 64 * 48 - 1, 62, 46},
        {MEDIA "header-first.mp4", 32 * 24, 32, 24},
        {MEDIA "header-first.mp4", 1, 1, 1},
        {MEDIA "odd.mkv", 0, 17, 13},
        {MEDIA "odd.mkv", 100, 10, 8},
        {MEDIA "turn90.mp4", 0, 13, 17},
    };
    static const uint64_t index[] = {0, 1};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct media_jpeg_wish wish = {
            .index = index, .n_index = 2, .max_pixels = cases[i].max_pixels};
        struct album j = jpegs(cases[i].file, &wish);

        CHECK(j.n == 2, "%s: %zu pictures", cases[i].file, j.n);
        CHECK(j.pictures[0].width == cases[i].width &&
                  j.pictures[0].height == cases[i].height,
              "%s to %lu: %ux%u", cases[i].file,
              (unsigned long)cases[i].max_pixels, j.pictures[0].width,
              j.pictures[0].height);
        free(decode(&j, 0));
    }
    check_case("pictures keep their shape and stay under the size allowed");
}

static void test_times(void)
{
    static const uint64_t index[] = {0, 3, 3, 4};
    static const double times[] = {0.05, 0.35, 0.45, 9};
    const struct media_jpeg_wish by_index = {.index = index, .n_index = 4};
    const struct media_jpeg_wish by_time = {.times = times, .n_index = 4};
    struct album a = jpegs(MEDIA "uneven.mkv", &by_index);
    struct album b = jpegs(MEDIA "uneven.mkv", &by_time);

    CHECK(a.n == 4 && b.n == 4, "%zu and %zu", a.n, b.n);
    for (size_t i = 0; i < a.n && i < b.n; i++)
        CHECK(a.pictures[i].index == b.pictures[i].index &&
                  a.pictures[i].n == b.pictures[i].n &&
                  memcmp(a.pictures[i].p, b.pictures[i].p, a.pictures[i].n) ==
                      0,
              "picture %zu", i);
    check_case("files by time are those of the frames that are shown then");
}

static enum asid_rc refuse(void *user, const struct media_jpeg *jpeg,
                           struct asid_err *err)
{
    (void)user;
    (void)jpeg;
    return FAIL(err, "no more");
}

static void test_faults(void)
{
    static const uint64_t index[] = {0};
    const struct media_jpeg_wish wish = {.index = index, .n_index = 1};
    struct media_limits small = MEDIA_LIMITS_DEFAULT;
    struct asid_err err = {.text = ""};
    struct album a = {.n = 0};
    uint64_t total = 7;

    CHECK(media_jpegs(MEDIA "level.flac", &wish, &MEDIA_LIMITS_DEFAULT,
                      keep_jpeg, &a, &total, &err) == ASID_REJECT &&
              strcmp(err.code, "media.no_video") == 0,
          "%s", err.code);
    CHECK(media_jpegs(MEDIA "header-first.mp4", &wish, &MEDIA_LIMITS_DEFAULT,
                      refuse, NULL, &total, &err) == ASID_FAILED,
          "rc %d", (int)err.rc);
    CHECK_TEXT(err.text, "no more");
    small.max_side = 32;
    CHECK(media_jpegs(MEDIA "header-first.mp4", &wish, &small, keep_jpeg, &a,
                      &total, &err) == ASID_REJECT &&
              strcmp(err.code, "media.limit") == 0,
          "%s: %s", err.code, err.text);
    CHECK(total == 7 && a.n == 0, "outputs were touched");
    check_case("faults are those of frames");
}

/* --- sound ------------------------------------------------------------------ */

static void test_wav(void)
{
    float samples[] = {0,    0.5F,  -0.5F,        32767 / 32768.0F, -1.0F,
                       1.5F, -2.0F, 1 / 32768.0F, 0.6F / 32768.0F};
    static const int16_t want[] = {0,     16384,  -16384, 32767, -32768,
                                   32767, -32768, 1,      1};
    const struct media_sound sound = {samples, 9, 16000};
    struct media_sound again = {NULL, 0, 0};
    struct asid_err err = {.text = ""};
    const char *path;
    struct buf out;

    buf_init(&out, 1000);
    media_wav(&sound, &out);
    CHECK(!buf_failed(&out) && out.n == 44 + 18, "%zu bytes", out.n);
    CHECK(memcmp(out.p,
                 "RIFF\x36\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0"
                 "\0\x7d\0\0\2\0\x10\0data\x12\0\0\0",
                 44) == 0,
          "header");
    path = scratch_write(&scratch, "again.wav", out.p, out.n);
    CHECK_OK(media_sound(path, 0, &MEDIA_LIMITS_DEFAULT, &again, &err), err);
    CHECK(again.n == 9, "%zu samples", again.n);
    for (size_t i = 0; i < again.n && i < 9; i++)
        CHECK(again.samples[i] * 32768 == (float)want[i], "sample %zu: %g", i,
              (double)again.samples[i] * 32768);
    media_sound_release(&again);
    buf_release(&out);
    buf_init(&out, 50);
    media_wav(&sound, &out);
    CHECK(buf_failed(&out), "beyond the cap");
    buf_release(&out);
    check_case("sound becomes a WAV file and comes back as it was");
}

int main(void)
{
    scratch_make(&scratch);
    test_like_frames();
    test_colours();
    test_same_bytes();
    test_size();
    test_times();
    test_faults();
    test_wav();
    scratch_remove(&scratch);
    return check_done();
}
