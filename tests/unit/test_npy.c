/* .npy: what is written comes back; faulty files are refused. */
#include "asid/nn/npy.h"

#include "vectors.h"

static void check_back(const size_t *shape, unsigned dims)
{
    struct arena a = ARENA_INIT;
    struct asid_err err;
    char *dir = vector_folder(&a);
    size_t count = 1;
    float *data;
    struct npy v = {.data = NULL};

    for (unsigned i = 0; i < dims; i++)
        count *= shape[i];
    data = arena_array(&a, count, sizeof *data);
    for (size_t i = 0; i < count; i++)
        data[i] = (float)i * 0.3f - 1;
    CHECK_OK(npy_write_f32(dir, "x.npy", data, shape, dims, &err), err);
    CHECK_OK(npy_read(path_join(&a, dir, "x.npy"), &v, &err), err);
    CHECK(v.dims == dims && v.count == count, "%u dims, %zu values", v.dims,
          v.count);
    for (unsigned i = 0; i < 4; i++)
        CHECK(v.shape[i] == (i < dims ? shape[i] : 1), "shape[%u] is %zu", i,
              v.shape[i]);
    CHECK(v.data && memcmp(v.data, data, count * sizeof *data) == 0,
          "values of %u dims", dims);
    npy_release(&v);
    vector_remove(&a, dir, "x.npy");
    vector_remove(&a, dir, NULL);
    arena_release(&a);
}

static void check_numpy_made(void)
{
    struct asid_err err;
    struct npy wave = {.data = NULL}, mel = {.data = NULL},
               image = {.data = NULL};

    CHECK_OK(npy_read("tests/vectors/pre/mel_wave.npy", &wave, &err), err);
    CHECK(wave.dims == 1 && wave.shape[0] == 20957, "%zu", wave.shape[0]);
    CHECK_OK(npy_read("tests/vectors/pre/mel_features.npy", &mel, &err), err);
    CHECK(mel.dims == 2 && mel.shape[0] == 128 && mel.shape[1] == 131,
          "%zu, %zu", mel.shape[0], mel.shape[1]);
    CHECK_OK(npy_read("tests/vectors/pre/resize_input.npy", &image, &err), err);
    CHECK(image.dims == 3 && image.shape[0] == 66 && image.shape[1] == 92 &&
              image.shape[2] == 3 && image.data[1] == 0.0f,
          "%zu, %zu, %zu", image.shape[0], image.shape[1], image.shape[2]);
    npy_release(&wave);
    npy_release(&mel);
    npy_release(&image);
}

/* A file with that dictionary and that many bytes of data. */
static struct str file_of(struct arena *a, const char *header, size_t data)
{
    size_t n = strlen(header);
    char *p = arena_alloc(a, 10 + n + data);

    memcpy(p, "\x93NUMPY\x01\x00", 8);
    p[8] = (char)(n & 255);
    p[9] = (char)(n >> 8);
    memcpy(p + 10, header, n);
    return (struct str){p, 10 + n + data};
}

#define F4 "{'descr': '<f4', 'fortran_order': False, 'shape': "

static void check_hostile(void)
{
    static const struct {
        const char *header;
        size_t data;
        bool good;
    } cases[] = {
        {F4 "(2,), }\n", 8, true},
        {F4 "(), }\n", 4, true},
        {F4 "(0, 3), }\n", 0, true},
        {F4 "(2,), }\n", 7, false},
        {F4 "(2,), }\n", 12, false},
        {F4 "(2 2), }\n", 16, true},
        {F4 "(-2,), }\n", 8, false},
        {F4 "(1, 1, 1, 1, 1), }\n", 4, false},
        {F4 "(18446744073709551615, 18446744073709551615), }\n", 4, false},
        {F4 "(99999999999999999999999,), }\n", 4, false},
        {F4 "(2,", 8, false},
        {F4 "", 8, false},
        {"", 8, false},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}", 8, false},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2,)}", 8, false},
        {"{'descr': '<f4', 'shape': (2,)}", 8, false},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", 8, false},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", 8, true},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (1,)}", 8, true},
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", 8, true},
    };
    struct arena a = ARENA_INIT;
    struct asid_err err = {.text = ""};
    char *dir = vector_folder(&a);
    const char *path = path_join(&a, dir, "x.npy");
    struct npy v = {.data = NULL};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum asid_rc rc;

        vector_file(&a, dir, "x.npy",
                    file_of(&a, cases[i].header, cases[i].data));
        rc = npy_read(path, &v, &err);
        CHECK(rc == (cases[i].good ? ASID_OK : ASID_FAILED) &&
                  (rc == ASID_OK || strstr(err.text, path)),
              "%s with %zu bytes: rc %d: %s", cases[i].header, cases[i].data,
              (int)rc, err.text);
        if (rc == ASID_OK)
            npy_release(&v);
    }
    vector_file(&a, dir, "x.npy", STR("\x93NUMPY\x01"));
    CHECK(npy_read(path, &v, &err) == ASID_FAILED, "a cut magic");
    vector_file(&a, dir, "x.npy", STR("\x93NUMPY\x01\x00\xff\xff{"));
    CHECK(npy_read(path, &v, &err) == ASID_FAILED, "a header past the end");
    vector_remove(&a, dir, "x.npy");
    CHECK(npy_read(path, &v, &err) == ASID_FAILED, "no file");
    vector_remove(&a, dir, NULL);
    arena_release(&a);
}

int main(void)
{
    check_back((const size_t[]){7}, 1);
    check_back((const size_t[]){3, 5}, 2);
    check_back((const size_t[]){2, 3, 4, 5}, 4);
    check_back((const size_t[]){0, 4}, 2);
    check_back(NULL, 0);
    check_case("arrays come back as written");
    check_numpy_made();
    check_case("numpy's own files are read");
    check_hostile();
    check_case("faulty files are refused");
    return check_done();
}
