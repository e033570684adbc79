/*
 * From media files to prompts: which sound goes where, files that promise other
 * frames than they hold, and which fault gets which code.
 */
#include "asid/ask/ask.h"
#include "asid/nn/kernels.h"
#include "vectors.h"

#define MEDIA "tests/vectors/media/"

static struct omni *omni;

static struct ask_media media_of(const char *video, const char *audio,
                                 const char *image)
{
    return (struct ask_media){.video = video,
                              .audio = audio,
                              .image = image,
                              .budget = OMNI_BUDGET_DEFAULT};
}

/* A finished prompt, or NULL and the error. */
static struct omni_inputs *open_prompt(const struct ask_media *media,
                                       struct ask_notes *notes,
                                       struct asid_err *err)
{
    struct omni_inputs *in = NULL;

    if (ask_open_inputs(omni, NULL, media, &in, notes, err) != ASID_OK)
        return NULL;
    CHECK_OK(omni_add_text(in, STR("What is this?"), err), *err);
    CHECK_OK(omni_inputs_finish(in, err), *err);
    return in;
}

/* --- sound ---------------------------------------------------------------- */

struct sounds {
    const char *video, *audio;
    bool no_audio;
    size_t tokens;
};

static void test_sounds(void)
{
    static const struct sounds cases[] = {
        {MEDIA "matched.mkv", NULL, false, 75},
        {MEDIA "matched.mkv", NULL, true, 0},
        {MEDIA "silent.mkv", NULL, false, 0},
        /* The sound of its own takes the place of the video's. */
        {MEDIA "matched.mkv", MEDIA "speech-16k.wav", false, 0},
        {MEDIA "silent.mkv", MEDIA "speech-16k.wav", true, 0},
        {NULL, MEDIA "speech-16k.wav", false, 0},
    };
    size_t alone = 0;
    struct asid_err err;

    for (size_t i = sizeof cases / sizeof cases[0]; i-- > 0;) {
        struct ask_media m = media_of(cases[i].video, cases[i].audio, NULL);
        struct omni_inputs *in;

        m.no_audio = cases[i].no_audio;
        in = open_prompt(&m, NULL, &err);
        CHECK(in, "%s: %s", cases[i].video, err.text);
        if (!in)
            continue;
        if (cases[i].audio && !cases[i].video)
            alone = omni_layout(in)->audio_tokens;
        CHECK(omni_layout(in)->audio_tokens ==
                  (cases[i].audio ? alone : cases[i].tokens),
              "case %zu: %zu audio tokens", i, omni_layout(in)->audio_tokens);
        omni_inputs_free(in);
    }
    CHECK(alone > 0, "the sound of its own has no tokens");
    check_case("a sound file takes the place of the video's own sound");
}

static void test_order(void)
{
    const struct omni_config *c = omni_config(omni);
    struct ask_media m = media_of(MEDIA "matched.mkv", MEDIA "speech-16k.wav",
                                  MEDIA "picture.png");
    const int32_t order[] = {c->video_id, c->image_id, c->audio_id};
    struct asid_err err;
    struct omni_inputs *in = open_prompt(&m, NULL, &err);
    size_t at = 0, media = 0;

    CHECK(in, "%s", err.text);
    for (size_t i = 0; in && i < omni_layout(in)->n; i++) {
        int32_t id = omni_layout(in)->ids[i];

        if (id != c->video_id && id != c->image_id && id != c->audio_id)
            continue;
        media++;
        while (at < 3 && order[at] != id)
            at++;
    }
    CHECK(in && at == 2 &&
              media == omni_layout(in)->video_tokens +
                           omni_layout(in)->image_tokens +
                           omni_layout(in)->audio_tokens,
          "%zu of %zu", at, media);
    omni_inputs_free(in);
    check_case("video, image and sound come in this order");
}

/* --- frames --------------------------------------------------------------- */

static enum asid_rc take(void *user, const struct media_frame *frame,
                         struct asid_err *err)
{
    return omni_video_frame(user, frame->rgb, frame->height, frame->width, err);
}

/* The pixels of a prompt, as a dump's bytes. */
static struct str pixels(struct arena *a, struct omni_inputs *in)
{
    char *dir = vector_folder(a), *path;
    struct asid_err err;
    struct str text;

    path = arena_printf(a, "%s/pixels.npy", dir);
    CHECK_OK(omni_dump_inputs(in, dir, &err), err);
    text = vector_text(a, path);
    unlink(path);
    (void)!unlink(arena_printf(a, "%s/mel.npy", dir));
    rmdir(dir);
    return text;
}

/* The first part of a file whose header, at its start, counts all frames. */
static char *cut_file(struct arena *a, const char *dir)
{
    struct str whole = vector_text(a, "tests/media/header-first.mp4");
    char *path = arena_printf(a, "%s/cut.mp4", dir);
    FILE *f = fopen(path, "we");

    CHECK(f && fwrite(whole.p, whole.n * 6 / 10, 1, f) == 1, "%s", path);
    if (f)
        fclose(f);
    return path;
}

static void test_promises(void)
{
    struct arena a = ARENA_INIT;
    char *dir = vector_folder(&a), *path = cut_file(&a, dir);
    struct ask_media m = media_of(path, NULL, NULL);
    struct omni_inputs *in, *by_hand = NULL;
    struct media_info info;
    struct asid_err err;
    uint64_t total = 0, index[64], again;
    size_t n = 0;

    CHECK_OK(media_probe(path, MEDIA_CHECK_PROBE, &MEDIA_LIMITS_DEFAULT, &info,
                         &err),
             err);
    CHECK_OK(media_frames(path, NULL, 0, &MEDIA_LIMITS_DEFAULT, NULL, NULL,
                          &total, &err),
             err);
    CHECK(info.video.packets != total,
          "this file keeps its promise of %llu frames and proves nothing",
          (unsigned long long)total);
    CHECK_OK(omni_frame_count(total, info.video.fps, &m.budget, &n, &err), err);
    CHECK(n <= 64, "%zu frames", n);
    omni_frame_indexes(total, n, index);
    CHECK_OK(omni_inputs_new(omni, NULL, &by_hand, &err), err);
    CHECK_OK(omni_add_video(by_hand, n, info.video.height, info.video.width,
                            &m.budget, NULL, 0, &err),
             err);
    CHECK_OK(media_frames(path, index, n, &MEDIA_LIMITS_DEFAULT, take, by_hand,
                          &again, &err),
             err);
    CHECK_OK(omni_inputs_finish(by_hand, &err), err);
    m.no_audio = true;
    in = open_prompt(&m, NULL, &err);
    CHECK(in, "%s", err.text);
    if (in)
        CHECK(str_eq(pixels(&a, in), pixels(&a, by_hand)),
              "other frames than those of the %llu that there are",
              (unsigned long long)total);
    omni_inputs_free(in);
    omni_inputs_free(by_hand);
    unlink(path);
    rmdir(dir);
    arena_release(&a);
    check_case("frames are chosen from those that decode");
}

/* Ten seconds at 25 frames per second, with sound. */
static void test_window(void)
{
    static const struct ask_window middle = {3, 5}, end = {9.5, 12},
                                   instant = {4, 4.02}, after = {20, 21};
    static const uint64_t index[] = {81, 93, 106, 118};
    struct arena a = ARENA_INIT;
    struct ask_media m = media_of("tests/media/header-first.mp4", NULL, NULL);
    struct omni_inputs *in, *by_hand = NULL;
    struct asid_err err;
    uint64_t total;

    CHECK_OK(omni_inputs_new(omni, NULL, &by_hand, &err), err);
    CHECK_OK(omni_add_video(by_hand, 4, 48, 64, &m.budget, NULL, 0, &err), err);
    CHECK_OK(media_frames(m.video, index, 4, &MEDIA_LIMITS_DEFAULT, take,
                          by_hand, &total, &err),
             err);
    CHECK_OK(omni_inputs_finish(by_hand, &err), err);
    m.window = &middle;
    in = open_prompt(&m, NULL, &err);
    CHECK(in && omni_layout(in)->frames == 4 &&
              omni_layout(in)->audio_tokens == 50,
          "%s", in ? "frames or sound" : err.text);
    omni_inputs_free(in);
    m.no_audio = true;
    in = open_prompt(&m, NULL, &err);
    CHECK(in && str_eq(pixels(&a, in), pixels(&a, by_hand)), "other frames");
    omni_inputs_free(in);
    omni_inputs_free(by_hand);
    m.no_audio = false;
    m.window = &end;
    in = open_prompt(&m, NULL, &err);
    CHECK(in && omni_layout(in)->audio_tokens >= 12 &&
              omni_layout(in)->audio_tokens <= 15,
          "%zu", in ? omni_layout(in)->audio_tokens : 0);
    omni_inputs_free(in);
    m.window = &instant;
    in = open_prompt(&m, NULL, &err);
    CHECK(in && omni_layout(in)->frames == 4, "an instant");
    omni_inputs_free(in);
    m.window = &after;
    in = open_prompt(&m, NULL, &err);
    CHECK(in && omni_layout(in)->audio_tokens == 0, "after the end");
    omni_inputs_free(in);
    arena_release(&a);
    check_case("a window has its own frames and its own sound");
}

/* --- faults --------------------------------------------------------------- */

/* A WAV file of n samples at 16 kHz. */
static char *make_wav(struct arena *a, const char *dir, uint32_t n)
{
    char *path = arena_printf(a, "%s/%u.wav", dir, n);
    uint32_t head[11] = {0x46464952, 36 + 2 * n, 0x45564157, 0x20746d66,
                         16,         0x00010001, 16000,      32000,
                         0x00100002, 0x61746164, 2 * n};
    FILE *f = fopen(path, "we");

    CHECK(f && fwrite(head, sizeof head, 1, f) == 1, "%s", path);
    for (uint32_t i = 0; f && i < n; i++)
        fputs("\x10\x20", f);
    if (f)
        fclose(f);
    return path;
}

static void refuse(const char *what, const struct ask_media *m,
                   const char *code, const char *name)
{
    struct asid_err err = {.rc = ASID_OK};
    struct omni_inputs *in = open_prompt(m, NULL, &err);

    CHECK(!in && err.rc == ASID_REJECT && strcmp(err.code, code) == 0,
          "%s: rc %d, code %s, %s", what, (int)err.rc, err.code, err.text);
    CHECK(strstr(err.text, name), "%s: %s", what, err.text);
    omni_inputs_free(in);
}

static void test_faults(void)
{
    struct arena a = ARENA_INIT;
    char *dir = vector_folder(&a);
    char *short_wav = make_wav(&a, dir, 320), *wav = make_wav(&a, dir, 321);
    struct ask_media m = media_of("tests/media/none.mp4", NULL, NULL);
    struct asid_err err;
    struct omni_inputs *in;

    refuse("no file", &m, "media.unreadable", "none.mp4");
    m = media_of(MEDIA "speech-16k.wav", NULL, NULL);
    refuse("no picture", &m, "media.no_video", "speech-16k.wav");
    m = media_of("tests/media/one.mp4", NULL, NULL);
    refuse("one frame", &m, "media.too_short", "one.mp4");
    m = media_of(NULL, MEDIA "silent.mkv", NULL);
    refuse("no sound", &m, "media.no_audio", "silent.mkv");
    m = media_of(NULL, short_wav, NULL);
    refuse("320 samples", &m, "media.too_short", "320.wav");
    m = media_of(NULL, NULL, "tests/media/make.sh");
    refuse("no image", &m, "media.unreadable", "make.sh");
    m = media_of(NULL, wav, NULL);
    in = open_prompt(&m, NULL, &err);
    CHECK(in && omni_layout(in)->audio_tokens == 1, "321 samples: %s",
          in ? "" : err.text);
    omni_inputs_free(in);
    unlink(wav);
    unlink(short_wav);
    rmdir(dir);
    arena_release(&a);
    check_case("every fault of a file is a reject with its code and name");
}

static void test_kernels(void)
{
    struct asid_err err;
    const char *used = "", *why;

    CHECK_OK(ask_kernels("ref", &used, &err), err);
    CHECK_TEXT(used, "ref");
    CHECK_OK(ask_kernels("auto", &used, &err), err);
    CHECK(strcmp(used, "auto") != 0 && nn_kernels_pick(used, &why), "%s", used);
    CHECK(ask_kernels("sse9", &used, &err) == ASID_USAGE, "sse9");
    check_case("auto stands for a kernel set that has a name");
}

int main(void)
{
    struct asid_err err;

    CHECK_OK(omni_open("tests/vectors/checkpoints/tiny-a", &omni, &err), err);
    if (!omni)
        return check_done();
    test_sounds();
    test_order();
    test_promises();
    test_window();
    test_faults();
    test_kernels();
    omni_close(omni);
    return check_done();
}
