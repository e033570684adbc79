/*
 * Packed weights: how far the model's answers move, that the cache gives what
 * packing gives, and that a file which does not fit is made anew.
 */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/base/arena.h"
#include "asid/nn/kernels.h"
#include "asid/omni/omni.h"
#include "check.h"

#define TINY "tests/vectors/checkpoints/"

static char folder[] = "/tmp/asid-pack-XXXXXX";

static struct omni *load(const char *name, enum omni_precision precision,
                         const char *cache, unsigned threads)
{
    const struct omni_load how = {
        .precision = precision, .cache = cache, .threads = threads};
    struct omni *omni = NULL;
    struct asid_err err;

    CHECK_OK(omni_open_as(name, &how, &omni, &err), err);
    return omni;
}

/* Log probabilities of an answer about a picture. */
static void score(const struct omni *omni, const char *kernels, float *out,
                  size_t n)
{
    const struct omni_run_options options = {
        .kernels = kernels, .threads = 2, .capacity = 400};
    int32_t ids[16];
    struct omni_session *s = NULL;
    struct omni_inputs *in = NULL;
    uint8_t rgb[84 * 56 * 3];
    struct asid_err err;

    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * i * 7 + i / 5);
    for (size_t i = 0; i < n; i++)
        ids[i] = (int32_t)(40 + 7 * i);
    CHECK_OK(omni_inputs_new(omni, "", &in, &err), err);
    CHECK_OK(omni_add_image(in, rgb, 84, 56, 0, 0, &err), err);
    CHECK_OK(omni_add_text(in, STR("What is it?"), &err), err);
    CHECK_OK(omni_inputs_finish(in, &err), err);
    if (omni_session_open(omni, &options, &s, &err) == ASID_OK) {
        CHECK_OK(omni_prefill(s, in, &err), err);
        CHECK_OK(omni_score(s, ids, n, out, NULL, &err), err);
    }
    omni_session_close(s);
    omni_inputs_free(in);
}

static double mean_distance(const float *a, const float *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += fabs((double)a[i] - (double)b[i]);
    return sum / (double)n;
}

/* The checkpoints' weights are random and wide: real ones move less. */
static void test_distance(const char *name)
{
    struct omni *stored = load(name, OMNI_STORED, NULL, 1);
    struct omni *int8 = load(name, OMNI_INT8, NULL, 1);
    struct omni *int4 = load(name, OMNI_INT4, NULL, 1);
    float want[16] = {0}, eight[16] = {0}, four[16] = {0};

    score(stored, "auto", want, 16);
    score(int8, "auto", eight, 16);
    score(int4, "auto", four, 16);
    CHECK(mean_distance(want, eight, 16) < 0.15, "%s: int8 moves by %g", name,
          mean_distance(want, eight, 16));
    CHECK(mean_distance(want, four, 16) < 1.5, "%s: int4 moves by %g", name,
          mean_distance(want, four, 16));
    CHECK(mean_distance(want, eight, 16) > 0, "%s: nothing was quantised",
          name);
    CHECK(mean_distance(want, eight, 16) < mean_distance(want, four, 16),
          "%s: four bits lose no more than eight", name);
    CHECK_TEXT(omni_precision(int8), "int8");
    CHECK_TEXT(omni_fingerprint(int8), omni_fingerprint(stored));
    omni_close(stored);
    omni_close(int8);
    omni_close(int4);
}

/* The one file in the cache folder. */
static void cached_file(char path[300])
{
    DIR *d = opendir(folder);
    struct dirent *e;
    size_t n = 0;

    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.' && ++n)
            snprintf(path, 300, "%s/%s", folder, e->d_name);
    closedir(d);
    CHECK(n == 1, "%zu files in the cache", n);
}

static ino_t file_number(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0 ? s.st_ino : 0;
}

static void damage(const char *path, off_t at, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY);

    CHECK(fd >= 0 && pwrite(fd, bytes, n, at) == (ssize_t)n, "%s", path);
    close(fd);
}

static void test_cache(void)
{
    struct omni *memory = load(TINY "tiny-b", OMNI_INT8, NULL, 3);
    struct omni *first = load(TINY "tiny-b", OMNI_INT8, folder, 1);
    struct omni *second;
    float a[16] = {0}, b[16] = {0}, c[16] = {0};
    char path[300] = "";
    ino_t made;

    cached_file(path);
    made = file_number(path);
    second = load(TINY "tiny-b", OMNI_INT8, folder, 1);
    CHECK(made && file_number(path) == made, "the file was made again");
    score(memory, "auto", a, 16);
    score(first, "auto", b, 16);
    score(second, "auto", c, 16);
    CHECK(memcmp(a, b, sizeof a) == 0, "the cache differs from memory");
    CHECK(memcmp(a, c, sizeof a) == 0, "what was mapped differs");
    omni_close(memory);
    omni_close(first);
    omni_close(second);

    damage(path, 40, "x", 1); /* of the fingerprint */
    second = load(TINY "tiny-b", OMNI_INT8, folder, 1);
    CHECK(file_number(path) != made, "another model's file was taken");
    score(second, "auto", c, 16);
    CHECK(memcmp(a, c, sizeof a) == 0, "what was made anew differs");
    omni_close(second);

    made = file_number(path);
    CHECK(truncate(path, 5000) == 0, "truncate");
    second = load(TINY "tiny-b", OMNI_INT8, folder, 1);
    CHECK(file_number(path) != made, "half a file was taken");
    score(second, "auto", c, 16);
    CHECK(memcmp(a, c, sizeof a) == 0, "what was made anew differs");
    omni_close(second);
    cached_file(path); /* and nothing else is left */
    unlink(path);
}

static void test_refusals(void)
{
    const struct omni_load how = {.precision = OMNI_INT8,
                                  .cache = "/proc/asid-cache"};
    enum omni_precision precision;
    struct omni *omni = NULL;
    struct asid_err err;

    CHECK(omni_open_as(TINY "tiny-b", &how, &omni, &err) == ASID_FAILED &&
              strstr(err.text, "/proc/asid-cache"),
          "%s", err.text);
    CHECK(!omni_precision_named("int5", &precision), "int5 is known");
    CHECK(omni_precision_named("fp32", &precision) && precision == OMNI_STORED,
          "fp32");
}

/* Integer kernels agree; what is around them differs in the last digits. */
static void test_sets(void)
{
    struct omni *omni = load(TINY "tiny-a", OMNI_INT4, NULL, 1);
    const char *const *sets = nn_kernel_sets;
    struct nn *nn;
    float want[16] = {0}, got[16];
    struct asid_err err;

    score(omni, "auto", want, 16);
    for (size_t i = 0; i < NN_KERNEL_SETS; i++) {
        if (nn_open(sets[i], 1, &nn, &err) != ASID_OK)
            continue;
        nn_close(nn);
        score(omni, sets[i], got, 16);
        CHECK(mean_distance(want, got, 16) < 0.1, "%s: off by %g", sets[i],
              mean_distance(want, got, 16));
    }
    omni_close(omni);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    test_distance(TINY "tiny-a");
    test_distance(TINY "tiny-b");
    test_distance(TINY "tiny-c");
    check_case("fewer bits move the answers a little");
    test_cache();
    check_case("the cache gives what packing gives, or is made anew");
    test_refusals();
    check_case("a cache that cannot be written is an error");
    test_sets();
    check_case("every kernel set computes the same");
    rmdir(folder);
    return check_done();
}
