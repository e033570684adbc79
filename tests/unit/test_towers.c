/*
 * The cache of tower outputs: what it gives are the bits that the towers give,
 * it gives them for nothing else, and nothing that happens to its files matters.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/base/hash.h"
#include "asid/nn/kernels.h"
#include "asid/omni/omni.h"
#include "check.h"

#define TINY "tests/vectors/checkpoints/"

enum { HEADER = 152, FRAMES = 4, HEIGHT = 84, WIDTH = 56, SAMPLES = 24000 };

static char folder[] = "/tmp/asid-towers-XXXXXX";
static struct omni *tiny;

/* --- a clip ----------------------------------------------------------------- */

struct clip {
    unsigned seed; /* of its pictures */
    bool no_audio; /* without the sound */
    double pixels; /* budget of a frame; 0: as much as the default */
    const char *text;
};

static void fill_frame(const struct clip *c, unsigned index, uint8_t *rgb)
{
    for (unsigned i = 0; i < HEIGHT * WIDTH * 3; i++)
        rgb[i] = (uint8_t)(i * i * 7 + i / 5 + index * 31 + c->seed * 101);
}

static struct omni_inputs *make_inputs(const struct omni *omni,
                                       const struct clip *c)
{
    struct omni_budget budget = OMNI_BUDGET_DEFAULT;
    float *samples = calloc(SAMPLES, sizeof *samples);
    struct omni_inputs *in = NULL;
    uint8_t rgb[HEIGHT * WIDTH * 3];
    struct asid_err err;

    budget.min_pixels = 3136;
    budget.max_pixels = c->pixels > 0 ? c->pixels : 12544;
    for (size_t i = 0; samples && i < SAMPLES; i++)
        samples[i] = (float)(i * i % 1000) / 2000.0F - 0.25F;
    CHECK_OK(omni_inputs_new(omni, "", &in, &err), err);
    CHECK_OK(omni_add_video(in, FRAMES, HEIGHT, WIDTH, &budget,
                            c->no_audio ? NULL : samples,
                            c->no_audio ? 0 : SAMPLES, &err),
             err);
    for (unsigned i = 0; i < FRAMES; i++) {
        fill_frame(c, i, rgb);
        CHECK_OK(omni_video_frame(in, rgb, HEIGHT, WIDTH, &err), err);
    }
    CHECK_OK(omni_add_text(in, str_of(c->text ? c->text : "What is it?"), &err),
             err);
    CHECK_OK(omni_inputs_finish(in, &err), err);
    free(samples);
    return in;
}

/* --- what a prefill says ---------------------------------------------------- */

struct said {
    char logits[HASH_HEX]; /* of their bytes */
    size_t media, cached;
    double seconds; /* in the towers */
    bool unkept;
};

static struct said prefill_with(const struct omni *omni, const struct clip *c,
                                const struct omni_run_options *options)
{
    struct omni_run_options o = *options;
    struct omni_inputs *in = make_inputs(omni, c);
    struct omni_session *s = NULL;
    struct said said = {.media = 0};
    const float *logits;
    struct asid_err err;

    o.capacity = omni_layout(in)->n + 8;
    if (omni_session_open(omni, &o, &s, &err) == ASID_OK) {
        const struct omni_work *work = omni_work(s);

        CHECK_OK(omni_prefill(s, in, &err), err);
        logits = omni_logits(s);
        CHECK(logits != NULL, "no logits");
        hash_text((struct str){(const char *)logits,
                               omni_config(omni)->text.vocab * sizeof *logits},
                  said.logits);
        said.media = work->media;
        said.cached = work->cached;
        said.seconds = work->vision_seconds + work->audio_seconds;
        said.unkept = work->unkept != NULL;
    } else {
        CHECK(false, "%s", err.text);
    }
    omni_session_close(s);
    omni_inputs_free(in);
    return said;
}

static const struct omni_run_options usual = {
    .kernels = "auto", .threads = 2, .towers = folder, .towers_bytes = 1 << 30};

static struct said prefill(const struct clip *c)
{
    return prefill_with(tiny, c, &usual);
}

/* The logits that the clip has without a cache. */
static struct said computed(const struct clip *c)
{
    const struct omni_run_options alone = {.kernels = "auto", .threads = 2};

    return prefill_with(tiny, c, &alone);
}

/* --- the folder ------------------------------------------------------------- */

enum { MOST = 64 };
struct files {
    char path[MOST][300];
    size_t n;
};

static int by_size(const void *a, const void *b)
{
    struct stat x = {0}, y = {0};

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_size != y.st_size
               ? (x.st_size < y.st_size ? -1 : 1)
               : strcmp(a, b);
}

/* What lies in the folder, the smallest first. */
static void list_files(struct files *f)
{
    DIR *d = opendir(folder);
    struct dirent *e;

    f->n = 0;
    while (d && (e = readdir(d)) && f->n < MOST)
        if (e->d_name[0] != '.')
            snprintf(f->path[f->n++], sizeof f->path[0], "%s/%s", folder,
                     e->d_name);
    if (d)
        closedir(d);
    qsort(f->path, f->n, sizeof f->path[0], by_size);
}

static void empty_folder(void)
{
    struct files f;

    list_files(&f);
    for (size_t i = 0; i < f.n; i++)
        if (unlink(f.path[i]) != 0)
            CHECK(rmdir(f.path[i]) == 0, "%s stays", f.path[i]);
}

static size_t size_of(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0 ? (size_t)s.st_size : 0;
}

static void set_age(const char *path, time_t seconds)
{
    const struct timespec at[2] = {{.tv_sec = 1000000 - seconds},
                                   {.tv_sec = 1000000 - seconds}};

    CHECK(utimensat(AT_FDCWD, path, at, 0) == 0, "%s has no time", path);
}

static void put_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    CHECK(f && fputs(text, f) >= 0, "%s cannot be written", path);
    if (f)
        fclose(f);
}

/* --- hits and misses -------------------------------------------------------- */

static void test_second(void)
{
    const struct clip clip = {.seed = 1}, other = {.seed = 1, .text = "Why?"};
    const struct omni_run_options one_thread = {.kernels = "auto",
                                                .threads = 1,
                                                .towers = folder,
                                                .towers_bytes = 1 << 30};
    struct said want = computed(&clip), first, second;
    struct omni *again = NULL;
    struct files f;
    struct asid_err err;

    first = prefill(&clip);
    CHECK(first.media == 2 && first.cached == 0, "%zu of %zu at first",
          first.cached, first.media);
    CHECK(first.seconds > 0 && !first.unkept, "no work, or not kept");
    list_files(&f);
    CHECK(f.n == 2, "%zu files", f.n);
    second = prefill(&clip);
    CHECK(second.media == 2 && second.cached == 2, "%zu of %zu cached",
          second.cached, second.media);
    CHECK(!(second.seconds > 0), "%g s in the towers", second.seconds);
    CHECK_TEXT(first.logits, want.logits);
    CHECK_TEXT(second.logits, want.logits);
    check_case("a second prefill runs no tower and says the same bits");

    CHECK_OK(omni_open(TINY "tiny-a", &again, &err), err);
    second = prefill_with(again, &clip, &one_thread);
    CHECK(second.cached == 2, "%zu cached", second.cached);
    CHECK_TEXT(second.logits, want.logits);
    omni_close(again);
    second = prefill(&other);
    CHECK(second.cached == 2, "%zu cached", second.cached);
    CHECK_TEXT(second.logits, computed(&other).logits);
    second = prefill(&(struct clip){.seed = 1, .no_audio = true});
    CHECK(second.media == 1 && second.cached == 1, "%zu of %zu without sound",
          second.cached, second.media);
    check_case("whoever asks, whatever is asked, with or without the sound");
    empty_folder();
}

static void miss(const char *what, const struct omni *omni,
                 const struct clip *clip,
                 const struct omni_run_options *options, size_t cached)
{
    struct omni_run_options alone = *options;
    struct said said = prefill_with(omni, clip, options);

    alone.towers = NULL;
    CHECK(said.cached == cached, "%s: %zu cached", what, said.cached);
    CHECK_TEXT(said.logits, prefill_with(omni, clip, &alone).logits);
    said = prefill_with(omni, clip, options);
    CHECK(said.cached == said.media, "%s: not kept", what);
}

static void test_misses(void)
{
    const char *const *sets = nn_kernel_sets;
    const struct omni_load eight = {.precision = OMNI_INT8, .threads = 1};
    const struct clip clip = {.seed = 1}, frames = {.seed = 2},
                      smaller = {.seed = 1, .pixels = 3200};
    struct omni_run_options kernels = usual;
    struct omni *other = NULL, *int8 = NULL;
    struct asid_err err;
    struct nn *nn = NULL;
    const char *used;

    CHECK_OK(nn_open("auto", 1, &nn, &err), err);
    used = nn_kernels_name(nn);
    CHECK_OK(omni_open(TINY "tiny-b", &other, &err), err);
    CHECK_OK(omni_open_as(TINY "tiny-a", &eight, &int8, &err), err);
    miss("nothing is there", tiny, &clip, &usual, 0);
    miss("another checkpoint", other, &clip, &usual, 0);
    miss("another precision", int8, &clip, &usual, 0);
    miss("other frames, the same sound", tiny, &frames, &usual, 1);
    miss("smaller frames", tiny, &smaller, &usual, 1);
    for (size_t i = 0; i < NN_KERNEL_SETS; i++) {
        struct nn *set;

        if (strcmp(sets[i], used) == 0 ||
            nn_open(sets[i], 1, &set, &err) != ASID_OK)
            continue;
        nn_close(set);
        kernels.kernels = sets[i];
        miss(sets[i], tiny, &clip, &kernels, 0);
    }
    nn_close(nn);
    omni_close(other);
    omni_close(int8);
    empty_folder();
    check_case(
        "another model, precision, kernel set or clip is another output");
}

/* --- files that are not what they should be --------------------------------- */

static void check_anew(const char *what, size_t at, const struct clip *clip,
                       const char *want)
{
    struct said said = prefill(clip);

    CHECK(said.cached == 1, "%s %zu: %zu cached", what, at, said.cached);
    CHECK_TEXT(said.logits, want);
}

static void flip(const char *path, off_t at)
{
    int fd = open(path, O_RDWR);
    unsigned char byte = 0;

    CHECK(fd >= 0 && pread(fd, &byte, 1, at) == 1, "%s: nothing at %ld", path,
          (long)at);
    byte ^= 0x10;
    CHECK(fd >= 0 && pwrite(fd, &byte, 1, at) == 1, "%s", path);
    close(fd);
}

static void test_damage(void)
{
    const struct clip clip = {.seed = 1};
    struct said want = prefill(&clip), said;
    size_t size, n = 0;
    struct files f;

    list_files(&f);
    CHECK(f.n == 2, "%zu files", f.n);
    size = size_of(f.path[1]);
    CHECK(size > HEADER, "%zu bytes", size);
    for (size_t i = 0; i < HEADER; i++) {
        flip(f.path[1], (off_t)i);
        check_anew("header byte", i, &clip, want.logits);
    }
    for (size_t i = HEADER; i < size; i += 1 + size / 20) {
        flip(f.path[1], (off_t)i);
        check_anew("row byte", i, &clip, want.logits);
    }
    for (size_t i = 0; i < size; i += 1 + size / 20) {
        CHECK(truncate(f.path[1], (off_t)i) == 0, "truncate");
        check_anew("cut at", i, &clip, want.logits);
    }
    CHECK(truncate(f.path[1], (off_t)size - 1) == 0, "truncate");
    check_anew("cut at", size - 1, &clip, want.logits);
    CHECK(truncate(f.path[1], (off_t)size + 1) == 0, "truncate");
    check_anew("longer", size + 1, &clip, want.logits);
    CHECK(rename(f.path[0], f.path[1]) == 0, "rename");
    said = prefill(&clip);
    CHECK(said.cached == 0, "another's output was taken");
    CHECK_TEXT(said.logits, want.logits);
    said = prefill(&clip);
    CHECK(said.cached == 2, "what was damaged is not made anew");
    check_case("a damaged, short or foreign file is made anew");

    for (unlink(f.path[1]); n < 3; n++) {
        if (n == 0)
            CHECK(mkfifo(f.path[1], 0600) == 0, "no pipe");
        else if (n == 1)
            CHECK(symlink("/nowhere", f.path[1]) == 0, "no link");
        else
            CHECK(unlink(f.path[1]) == 0 && mkdir(f.path[1], 0700) == 0,
                  "no folder");
        said = prefill(&clip);
        CHECK(said.cached == 1 && said.unkept == (n == 2), "%zu: %zu cached", n,
              said.cached);
        CHECK_TEXT(said.logits, want.logits);
        if (n == 0)
            CHECK(unlink(f.path[1]) == 0, "the pipe's place is taken");
    }
    empty_folder();
    check_case("nor does what is no file matter");
}

static void test_unkept(void)
{
    const struct clip clip = {.seed = 1};
    struct omni_run_options nowhere = usual;
    struct said want = computed(&clip), said;
    struct rlimit before, low;
    struct files f;

    nowhere.towers = "/proc/asid-cache/towers";
    said = prefill_with(tiny, &clip, &nowhere);
    CHECK(said.unkept && said.cached == 0, "kept in /proc");
    CHECK_TEXT(said.logits, want.logits);

    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0, "no limits");
    low = before;
    low.rlim_cur = 1000;
    signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &low) == 0, "no low limit");
    said = prefill(&clip);
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0, "no old limit");
    CHECK(said.unkept, "kept without room");
    CHECK_TEXT(said.logits, want.logits);
    list_files(&f);
    CHECK(f.n == 0, "%zu files are left of it", f.n);
    check_case("what cannot be kept is told, and no failure");
}

/* --- the limit -------------------------------------------------------------- */

static void test_limit(void)
{
    const struct clip a = {.seed = 1, .no_audio = true},
                      b = {.seed = 2, .no_audio = true},
                      c = {.seed = 3, .no_audio = true};
    struct omni_run_options two = usual;
    char kept_a[300], kept_b[300], part[320], foreign[320];
    struct files f;
    size_t size;

    CHECK(prefill(&a).cached == 0, "a is there");
    list_files(&f);
    snprintf(kept_a, sizeof kept_a, "%s", f.path[0]);
    size = size_of(kept_a);
    two.towers_bytes = 2 * size;
    CHECK(prefill_with(tiny, &b, &two).cached == 0, "b is there");
    list_files(&f);
    CHECK(f.n == 2, "%zu files", f.n);
    snprintf(kept_b, sizeof kept_b, "%s",
             f.path[strcmp(f.path[0], kept_a) == 0]);

    /* a was made first, but b is used no longer. */
    set_age(kept_a, 200);
    set_age(kept_b, 100);
    CHECK(prefill_with(tiny, &a, &two).cached == 1, "a is gone");
    CHECK(prefill_with(tiny, &c, &two).cached == 0, "c is there");
    CHECK(size_of(kept_a) == size && size_of(kept_b) == 0,
          "not the oldest was removed");
    list_files(&f);
    CHECK(f.n == 2, "%zu files", f.n);
    check_case("over the limit, the output used longest ago goes");

    two.towers_bytes = size - 1;
    CHECK(!prefill_with(tiny, &b, &two).unkept, "a limit is no failure");
    list_files(&f);
    CHECK(f.n == 2, "%zu files: room was made for nothing", f.n);
    snprintf(part, sizeof part, "%s.aB3xyZ", kept_a);
    snprintf(foreign, sizeof foreign, "%s/notes.txt", folder);
    put_file(part, "half");
    put_file(foreign, "mine");
    set_age(part, 300);
    set_age(foreign, 400);
    two.towers_bytes = size;
    CHECK(prefill_with(tiny, &b, &two).cached == 0, "b is there");
    list_files(&f);
    CHECK(f.n == 2 && size_of(kept_b) == size && size_of(foreign) == 4,
          "%zu files", f.n);
    empty_folder();
    check_case("what is larger makes no room, and only outputs are removed");
}

/* --- several at once -------------------------------------------------------- */

struct worker {
    pthread_t thread;
    struct omni_inputs *const *in;
    const char (*want)[HASH_HEX];
    struct omni_run_options options;
    unsigned first, wrong, unkept;
};

enum { WORKERS = 4, ROUNDS = 12, CLIPS = 3 };

static void *work(void *user)
{
    struct worker *w = user;

    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned k = (w->first + i) % CLIPS;
        struct omni_session *s = NULL;
        char hex[HASH_HEX] = "";
        struct asid_err err;

        w->options.capacity = omni_layout(w->in[k])->n + 8;
        if (omni_session_open(tiny, &w->options, &s, &err) == ASID_OK &&
            omni_prefill(s, w->in[k], &err) == ASID_OK) {
            hash_text(
                (struct str){(const char *)omni_logits(s),
                             omni_config(tiny)->text.vocab * sizeof(float)},
                hex);
            w->unkept += omni_work(s)->unkept != NULL;
        }
        w->wrong += strcmp(hex, w->want[k]) != 0;
        omni_session_close(s);
    }
    return NULL;
}

/* Room for all, or for one: then they remove each other's. */
static void test_together(void)
{
    struct omni_inputs *in[CLIPS];
    char want[CLIPS][HASH_HEX];
    struct worker w[WORKERS];
    struct files f;
    size_t size = 0;

    for (unsigned k = 0; k < CLIPS; k++) {
        const struct clip clip = {.seed = k, .no_audio = true};

        memcpy(want[k], computed(&clip).logits, HASH_HEX);
        in[k] = make_inputs(tiny, &clip);
    }
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < WORKERS; i++) {
            w[i] = (struct worker){.want = (const char(*)[HASH_HEX])want,
                                   .in = in,
                                   .options = usual,
                                   .first = i / 2};
            w[i].options.threads = 1;
            if (round)
                w[i].options.towers_bytes = size;
            CHECK(pthread_create(&w[i].thread, NULL, work, &w[i]) == 0, "%u",
                  i);
        }
        for (unsigned i = 0; i < WORKERS; i++) {
            pthread_join(w[i].thread, NULL);
            CHECK(w[i].wrong == 0, "%u: %u answers differ", i, w[i].wrong);
            CHECK(round || w[i].unkept == 0, "%u: %u not kept", i, w[i].unkept);
        }
        list_files(&f);
        CHECK(round || f.n == CLIPS, "%zu files", f.n);
        size = f.n ? size_of(f.path[0]) : 0;
    }
    for (unsigned k = 0; k < CLIPS; k++)
        omni_inputs_free(in[k]);
    empty_folder();
    check_case(
        "threads that keep and remove the same do not disturb each other");
}

/* --- where it is not asked -------------------------------------------------- */

static void test_not_asked(void)
{
    const struct clip clip = {.seed = 1};
    struct omni_run_options dumped = usual;
    struct omni_session *s = NULL;
    struct omni_inputs *in;
    char dir[] = "/tmp/asid-dump-XXXXXX", path[100];
    struct asid_err err;
    static const char *const names[] = {"vision.npy", "audio.npy",
                                        "hidden.npy"};

    CHECK(mkdtemp(dir) != NULL, "no folder");
    CHECK(prefill(&clip).cached == 0, "it is there");
    dumped.dump = dir;
    CHECK(prefill_with(tiny, &clip, &dumped).cached == 0,
          "a dump shows the cache");
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        CHECK(unlink(path) == 0, "%s", path);
    }
    rmdir(dir);

    in = make_inputs(tiny, &clip);
    CHECK_OK(omni_session_open(tiny, &usual, &s, &err), err);
    CHECK_OK(omni_run_towers(s, in, &err), err);
    CHECK(omni_work(s)->cached == 0 && omni_work(s)->vision_seconds > 0,
          "measured was the cache");
    omni_session_close(s);
    omni_inputs_free(in);
    empty_folder();
    check_case("dumps and measurements run the towers");
}

/* The bits that files hold. When this fails because a tower computes others,
 * VERSION in common/omni/tower_cache.c must be raised, and this changed. */
static void test_version(void)
{
    static const char *const want[2] = {
        "ba0285e7c5e20ac3822c86f5935274d836ca30a386a606c11db12726f3482cf9",
        "3e05cd83b27461ecc0307df8f99b0df06f7984e8f1db281d1a9804599c51848a",
    };
    struct omni_run_options reference = usual;
    struct files f;

    reference.kernels = "ref";
    prefill_with(tiny, &(struct clip){.seed = 1}, &reference);
    list_files(&f);
    CHECK(f.n == 2, "%zu files", f.n);
    for (size_t i = 0; i < 2 && i < f.n; i++) {
        char sum[65] = "";
        int fd = open(f.path[i], O_RDONLY);

        CHECK(fd >= 0 && pread(fd, sum, 64, HEADER - 64) == 64, "%s",
              f.path[i]);
        close(fd);
        CHECK_TEXT(sum, want[i]);
    }
    empty_folder();
    check_case("the version stands for these bits of the reference kernels");
}

int main(void)
{
    struct asid_err err;

    if (!mkdtemp(folder) || omni_open(TINY "tiny-a", &tiny, &err) != ASID_OK)
        return 1;
    test_second();
    test_misses();
    test_damage();
    test_unkept();
    test_limit();
    test_together();
    test_not_asked();
    test_version();
    omni_close(tiny);
    CHECK(rmdir(folder) == 0, "%s is not empty", folder);
    return check_done();
}
