/*
 * safetensors: what is handed out, and what is refused with which message.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/nn/safetensors.h"
#include "check.h"

static char dir[64];

static void in_dir(char path[400], const char *name)
{
    snprintf(path, 400, "%s/%s", dir, name);
}

static void write_bytes(const char *name, const void *p, size_t n)
{
    char path[400];
    FILE *f;

    in_dir(path, name);
    f = fopen(path, "wb");
    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

/* A shard: length, header, then `data` bytes 0, 1, 2, ... */
static void write_shard(const char *name, const char *header, size_t data)
{
    size_t n = strlen(header), total = 8 + n + data;
    unsigned char *file = malloc(total);

    if (!file)
        exit(1);
    for (unsigned i = 0; i < 8; i++)
        file[i] = (unsigned char)((uint64_t)n >> 8 * i);
    memcpy(file + 8, header, n);
    for (size_t i = 0; i < data; i++)
        file[8 + n + i] = (unsigned char)i;
    write_bytes(name, file, total);
    free(file);
}

static void clear_dir(void)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    while (d && (e = readdir(d)) != NULL) {
        char path[400];

        in_dir(path, e->d_name);
        if (e->d_name[0] != '.' && unlink(path) != 0)
            rmdir(path);
    }
    if (d)
        closedir(d);
}

static struct safetensors *open_fine(void)
{
    struct safetensors *st = NULL;
    struct asid_err err = {.text = ""};

    CHECK_OK(safetensors_open(dir, &st, &err), err);
    return st;
}

/* Opening fails and the message holds both texts. */
static void open_fails(const char *one, const char *other)
{
    struct safetensors *st = NULL;
    struct asid_err err = {.text = ""};

    CHECK(safetensors_open(dir, &st, &err) == ASID_FAILED, "accepted");
    CHECK(st == NULL, "output written");
    CHECK(strstr(err.text, one) && strstr(err.text, other),
          "\"%s\" without \"%s\" or \"%s\"", err.text, one, other);
    safetensors_close(st);
}

static void header_fails(const char *header, size_t data, const char *one,
                         const char *other)
{
    write_shard("model.safetensors", header, data);
    open_fails(one, other);
}

static void test_single(void)
{
    const struct st_tensor *t;
    struct safetensors *st;

    write_shard("model.safetensors",
                "{\"__metadata__\":{\"format\":\"pt\"},"
                "\"b.weight\":{\"dtype\":\"BF16\",\"shape\":[2,3],"
                "\"data_offsets\":[5,17]},"
                "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[1,5]},"
                "\"n\":{\"dtype\":\"I64\",\"shape\":[1],"
                "\"data_offsets\":[17,25]},"
                "\"odd\":{\"dtype\":\"F4\",\"shape\":[2],"
                "\"data_offsets\":[25,26]},"
                "\"none\":{\"dtype\":\"F16\",\"shape\":[0,7],"
                "\"data_offsets\":[5,5]}}",
                26);
    st = open_fine();
    if (!st)
        return;
    CHECK(safetensors_count(st) == 3, "%zu", safetensors_count(st));
    t = safetensors_find(st, "b.weight");
    CHECK(t && t->dtype == NN_BF16 && t->dims == 2 && t->shape[0] == 2 &&
              t->shape[1] == 3 && t->count == 6 && t->bytes == 12,
          "b.weight");
    CHECK(t && memcmp(t->data, "\5\6\7", 3) == 0, "data of b.weight");
    t = safetensors_find(st, "a");
    CHECK(t && t->dims == 0 && t->count == 1 && t->bytes == 4, "a");
    t = safetensors_find(st, "none");
    CHECK(t && t->count == 0 && t->bytes == 0 && t->dims == 2, "none");
    CHECK(!safetensors_find(st, "n") && !safetensors_find(st, "zzz"), "n");
    CHECK_TEXT(safetensors_other(st, "n"), "I64");
    CHECK_TEXT(safetensors_other(st, "odd"), "F4");
    CHECK(!safetensors_other(st, "a"), "a is usable");
    CHECK(safetensors_nth(st, 0) == safetensors_find(st, "a"), "sorted");
    CHECK(safetensors_nth(st, 3) == NULL, "past the end");
    safetensors_advise(safetensors_find(st, "b.weight"), 1);
    safetensors_advise(safetensors_find(st, "b.weight"), 0);
    CHECK(memcmp(safetensors_find(st, "b.weight")->data, "\5\6\7", 3) == 0,
          "data after advice");
    safetensors_close(st);
    clear_dir();
    check_case("one file: names, shapes, dtypes, odd addresses");
}

static const char PART_A[] = "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],"
                             "\"data_offsets\":[0,8]},"
                             "\"stale\":{\"dtype\":\"F32\",\"shape\":[1],"
                             "\"data_offsets\":[8,12]}}";
static const char PART_B[] = "{\"y\":{\"dtype\":\"F16\",\"shape\":[2,2],"
                             "\"data_offsets\":[0,8]},"
                             "\"x\":{\"dtype\":\"F32\",\"shape\":[1],"
                             "\"data_offsets\":[8,12]}}";

static void write_index(const char *text)
{
    write_bytes("model.safetensors.index.json", text, strlen(text));
}

static void test_shards(void)
{
    struct safetensors *st;
    char first[65], again[65], changed[65];

    write_shard("a.safetensors", PART_A, 12);
    write_shard("b.safetensors", PART_B, 12);
    write_index("{\"metadata\":{},\"weight_map\":{\"y\":\"b.safetensors\","
                "\"x\":\"a.safetensors\"}}");
    st = open_fine();
    if (!st)
        return;
    CHECK(safetensors_count(st) == 2, "%zu", safetensors_count(st));
    CHECK(safetensors_find(st, "x") && safetensors_find(st, "x")->count == 2,
          "x is the one the index names");
    CHECK(!safetensors_find(st, "stale"), "a tensor the index does not list");
    CHECK(safetensors_find(st, "y")->shard == 1, "shard of y");
    safetensors_fingerprint(st, first);
    safetensors_close(st);
    st = open_fine();
    safetensors_fingerprint(st, again);
    safetensors_close(st);
    CHECK_TEXT(again, first);
    write_shard("b.safetensors", PART_B, 13);
    st = open_fine();
    safetensors_fingerprint(st, changed);
    safetensors_close(st);
    CHECK(strcmp(first, changed) != 0, "fingerprint of a longer shard");
    clear_dir();
    check_case("shards: the index decides, the fingerprint tells them apart");
}

static void test_bad_index(void)
{
    static const char *const names[] = {
        "../a.safetensors", "/etc/passwd", "..", ".", "", "sub/a.safetensors"};
    char text[200];

    open_fails("model.safetensors.index.json", dir);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(text, sizeof text, "{\"weight_map\":{\"x\":\"%s\"}}",
                 names[i]);
        write_index(text);
        open_fails("weight_map.x", "file in this folder");
    }
    write_index("{\"weight_map\":{\"x\":\"a\\u0000b\"}}");
    open_fails("weight_map.x", "file in this folder");
    write_index("{\"weight_map\":{\"x\":7}}");
    open_fails("weight_map.x", "file in this folder");
    write_index("{\"weight_map\":[]}");
    open_fails("weight_map", "no object");
    write_index("{}");
    open_fails("weight_map", "missing");
    write_index("{\"weight_map\":{\"x\":\"a\",\"x\":\"b\"}}");
    open_fails("index.json", "");
    write_index("{\"weight_map\":");
    open_fails("index.json", "");
    write_index("{\"weight_map\":{\"x\":\"gone.safetensors\"}}");
    open_fails("gone.safetensors", "No such file");
    write_shard("a.safetensors", PART_A, 12);
    write_index("{\"weight_map\":{\"y\":\"a.safetensors\"}}");
    open_fails("a.safetensors", "y");
    clear_dir();
    write_index("{\"weight_map\":{}}");
    safetensors_close(open_fine());
    clear_dir();
    check_case("a bad index is refused by name; files stay in the folder");
}

#define ONE(dtype, shape, offsets)                                             \
 "{\"t\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets   \
 "}}"

static void test_bad_header(void)
{
    header_fails(ONE("\"F32\"", "[3]", "[0,8]"), 8, "t", "do not take 8 bytes");
    header_fails(ONE("\"F32\"", "[2]", "[0,8]"), 7, "cut short", "69 in all");
    header_fails(ONE("\"F32\"", "[2]", "[4,2]"), 8, "data_offsets", "t");
    header_fails(ONE("\"F32\"", "[2]", "[0]"), 8, "data_offsets", "t");
    header_fails(ONE("\"F32\"", "[2]", "[-8,0]"), 8, "data_offsets", "t");
    header_fails(ONE("\"F32\"", "[2]", "[0,8.5]"), 8, "data_offsets", "t");
    header_fails(ONE("\"F32\"", "[2]", "[0,9223372036854775807]"), 8,
                 "cut short", "9223372036854775807");
    header_fails(ONE("\"F32\"", "[2]", "[0,99999999999999999999]"), 8,
                 "data_offsets", "t");
    header_fails(ONE("\"F32\"", "[4294967296,4294967296]", "[0,0]"), 8, "t",
                 "larger than any file");
    header_fails(ONE("\"F32\"", "[4611686018427387905]", "[0,4]"), 8, "t",
                 "do not take");
    header_fails(ONE("\"F32\"", "[1,1,1,1,1,1,2]", "[0,8]"), 8, "7 dimensions",
                 "6");
    header_fails(ONE("\"F32\"", "[-2]", "[0,8]"), 8, "shape[0]", "t");
    header_fails(ONE("\"F32\"", "\"2\"", "[0,8]"), 8, "shape", "no array");
    header_fails(ONE("7", "[2]", "[0,8]"), 8, "dtype", "t");
    header_fails("{\"t\":7}", 8, "dtype", "t");
    header_fails("[]", 8, "model.safetensors", "no JSON object");
    header_fails("{", 8, "model.safetensors", "header");
    header_fails("", 8, "model.safetensors", "header");
    header_fails("{\"a\":{\"dtype\":\"U8\",\"shape\":[5],"
                 "\"data_offsets\":[0,5]},\"b\":{\"dtype\":\"U8\","
                 "\"shape\":[5],\"data_offsets\":[4,9]}}",
                 9, "a and b", "overlap");
    clear_dir();
    check_case("a header that lies is refused, with the tensor and the fault");
}

static void test_bad_file(void)
{
    static const unsigned char huge[9] = {0, 0, 0, 0, 0, 0, 0, 0x80, '{'};
    static const unsigned char longer[10] = {9, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
    char path[400];

    write_bytes("model.safetensors", "", 0);
    open_fails("model.safetensors", "0 bytes");
    write_bytes("model.safetensors", "1234567", 7);
    open_fails("model.safetensors", "7 bytes");
    write_bytes("model.safetensors", huge, sizeof huge);
    open_fails("model.safetensors", "not a safetensors file");
    write_bytes("model.safetensors", longer, sizeof longer);
    open_fails("takes 9 bytes", "has 10");
    clear_dir();
    in_dir(path, "model.safetensors");
    mkdir(path, 0700);
    open_fails("model.safetensors", "regular file");
    rmdir(path);
    mkfifo(path, 0600);
    open_fails("model.safetensors", "regular file");
    clear_dir();
    check_case("files that are no safetensors are refused");
}

static void test_many(void)
{
    enum { N = 3000 };
    size_t room = (size_t)N * 100, at = 1;
    char *header = malloc(room), name[16];
    struct safetensors *st;
    size_t missing = 0;

    if (!header)
        exit(1);
    header[0] = '{';
    for (int i = 0; i < N; i++)
        at += (size_t)snprintf(header + at, room - at,
                               "%s\"t%d\":{\"dtype\":\"U8\",\"shape\":[1],"
                               "\"data_offsets\":[%d,%d]}",
                               i ? "," : "", i, i, i + 1);
    memcpy(header + at, "}", 2);
    for (char *p = header; (p = strstr(p, "U8")) != NULL; p += 2)
        if ((p - header) % 2)
            memcpy(p, "I8", 2);
    write_shard("model.safetensors", header, N);
    st = open_fine();
    for (int i = 0; st && i < N; i++) {
        snprintf(name, sizeof name, "t%d", i);
        missing += safetensors_other(st, name) == NULL;
    }
    CHECK(missing == 0, "%zu of %d", missing, N);
    safetensors_close(st);
    free(header);
    clear_dir();
    check_case("thousands of tensors");
}

static void test_published(void)
{
    static const char *const dirs[] = {"tests/vectors/checkpoints/tiny-a",
                                       "tests/vectors/checkpoints/tiny-b",
                                       "tests/vectors/checkpoints/tiny-c"};
    struct asid_err err;

    for (size_t i = 0; i < 3; i++) {
        struct safetensors *st = NULL;
        const struct st_tensor *t;

        CHECK_OK(safetensors_open(dirs[i], &st, &err), err);
        if (!st)
            continue;
        t = safetensors_find(st, "thinker.model.norm.weight");
        if (!t)
            t = safetensors_find(st, "model.norm.weight");
        CHECK(t && t->dims == 1, "%s", dirs[i]);
        safetensors_close(st);
    }
    safetensors_close(NULL);
    check_case("the checkpoints of the test vectors open");
}

int main(void)
{
    snprintf(dir, sizeof dir, "/tmp/asid-st-XXXXXX");
    if (!mkdtemp(dir)) {
        perror(dir);
        return 1;
    }
    test_single();
    test_shards();
    test_bad_index();
    test_bad_header();
    test_bad_file();
    test_many();
    test_published();
    clear_dir();
    rmdir(dir);
    return check_done();
}
