/*
 * Binding of tensors: complete checkpoints of both layouts load, incomplete
 * and misshapen ones are refused with every fault named, a fused attn.qkv is
 * the same network.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "asid/nn/safetensors.h"
#include "asid/omni/omni.h"
#include "vectors.h"

#define TINY "tests/vectors/checkpoints/"

/* --- making damaged checkpoints ------------------------------------------- */

static void write_bytes(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "we");
    size_t put = f ? fwrite(p, 1, n, f) : 0;

    CHECK(put == n, "cannot write %s", path);
    if (f)
        fclose(f);
}

/* A folder with everything of tiny-b but its weights, as links. */
static char *side_files(struct arena *a)
{
    char *dir = vector_folder(a), cwd[4000];
    DIR *list = opendir(TINY "tiny-b");
    const struct dirent *e;

    while (list && getcwd(cwd, sizeof cwd) && (e = readdir(list)))
        if (e->d_name[0] != '.' && !strstr(e->d_name, ".safetensors"))
            CHECK(
                symlink(arena_printf(a, "%s/" TINY "tiny-b/%s", cwd, e->d_name),
                        arena_printf(a, "%s/%s", dir, e->d_name)) == 0,
                "%s", e->d_name);
    if (list)
        closedir(list);
    return dir;
}

static void remove_folder(struct arena *a, const char *dir)
{
    DIR *list = opendir(dir);
    const struct dirent *e;

    while (list && (e = readdir(list)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            (void)!unlink(arena_printf(a, "%s/%s", dir, e->d_name));
    if (list)
        closedir(list);
    rmdir(dir);
}

/* tiny-b with texts of its header replaced by others of the same length. */
static char *patched(struct arena *a, const char *const (*change)[2], size_t n)
{
    struct str file = vector_text(a, TINY "tiny-b/model.safetensors");
    char *dir = side_files(a), *bytes = arena_bytes(a, file.n);

    memcpy(bytes, file.p, file.n);
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(change[i][0]);
        char *at = memmem(bytes, file.n, change[i][0], length);

        CHECK(at && strlen(change[i][1]) == length, "%s is not in the file",
              change[i][0]);
        if (at)
            memcpy(at, change[i][1], length);
    }
    write_bytes(arena_printf(a, "%s/model.safetensors", dir), bytes, file.n);
    return dir;
}

/* --- counting ------------------------------------------------------------- */

static void open_one(const char *name, bool tied, size_t parameters)
{
    struct omni *omni = NULL;
    struct asid_err err;
    const struct omni_tensors *t;
    char path[200];

    snprintf(path, sizeof path, TINY "%s", name);
    CHECK_OK(omni_open(path, &omni, &err), err);
    if (!omni)
        return;
    t = omni_tensors(omni);
    CHECK(t->found == t->wanted, "%s: %zu of %zu", name, t->found, t->wanted);
    CHECK(t->parameters == parameters, "%s: %zu parameters", name,
          t->parameters);
    CHECK(t->ignored == 0, "%s: %zu ignored", name, t->ignored);
    CHECK(omni_config(omni)->text.tied == tied, "%s", name);
    CHECK(strlen(omni_fingerprint(omni)) == 64, "%s", omni_fingerprint(omni));
    omni_close(omni);
}

static void test_whole(void)
{
    open_one("tiny-a", false, 810720);
    open_one("tiny-b", true, 399088);
    check_case("checkpoints of both layouts are complete");
}

/* --- faults --------------------------------------------------------------- */

struct tally {
    size_t missing, misshapen, ignored;
};

static void count_name(void *user, const char *kind, struct str tensor)
{
    struct tally *t = user;

    (void)tensor;
    t->missing += strcmp(kind, "missing") == 0;
    t->misshapen += strcmp(kind, "misshapen") == 0;
    t->ignored += strcmp(kind, "ignored") == 0;
}

static void test_faults(void)
{
    static const char *const change[][2] = {
        {"\"visual.merger.ln_q.weight\"", "\"visual.merger.ln_x.weight\""},
        {"\"model.layers.1.mlp.up_proj.weight\"",
         "\"talker.layer.1.mlp.up_proj.weight\""},
        {"\"shape\":[72,192]", "\"shape\":[192,72]"},
    };
    struct tally tally = {0, 0, 0};
    struct arena a = ARENA_INIT;
    char *dir = patched(&a, change, 3);
    struct omni_tensors count;
    struct omni_config config;
    struct omni *omni = NULL;
    struct asid_err err;

    CHECK(omni_open(dir, &omni, &err) == ASID_FAILED, "it opened");
    CHECK(strstr(err.text, "2 tensors missing"), "%s", err.text);
    CHECK(strstr(err.text, "visual.merger.ln_q.weight"), "%s", err.text);
    CHECK(strstr(err.text, "model.layers.1.mlp.up_proj.weight"), "%s",
          err.text);
    CHECK(strstr(err.text, "1 misshapen: visual.merger.mlp.2.weight has shape "
                           "[192, 72], not [72, 192]"),
          "%s", err.text);
    CHECK(strstr(err.text, "names all") == NULL, "all are named: %s", err.text);
    CHECK_OK(omni_inspect(dir, &config, &count, count_name, &tally, &err), err);
    CHECK(tally.missing == 2 && tally.misshapen == 1 && tally.ignored == 2,
          "%zu missing, %zu misshapen, %zu ignored", tally.missing,
          tally.misshapen, tally.ignored);
    CHECK(count.found == count.wanted - 3, "%zu of %zu found", count.found,
          count.wanted);
    remove_folder(&a, dir);
    arena_release(&a);
    check_case("every missing and misshapen tensor is named in one message");
}

static void test_many_faults(void)
{
    struct arena a = ARENA_INIT;
    char *dir = side_files(&a);
    static const char header[] = "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],"
                                 "\"data_offsets\":[0,4]}}";
    char bytes[8 + sizeof header - 1 + 4] = {(char)(sizeof header - 1)};
    struct omni *omni = NULL;
    struct asid_err err;

    memcpy(bytes + 8, header, sizeof header - 1);
    write_bytes(arena_printf(&a, "%s/model.safetensors", dir), bytes,
                sizeof bytes);
    CHECK(omni_open(dir, &omni, &err) == ASID_FAILED, "it opened");
    CHECK(strstr(err.text, "tensors missing: model.embed_tokens.weight, "),
          "%s", err.text);
    CHECK(strstr(err.text, " more (asid-model info names all)"), "%s",
          err.text);
    CHECK(strlen(err.text) < 400, "%s", err.text);
    remove_folder(&a, dir);
    arena_release(&a);
    check_case("a message about hundreds of tensors stays short");
}

/* A tensor of the right name and place that holds no floats. */
static void test_other_dtype(void)
{
    struct arena a = ARENA_INIT;
    struct str file = vector_text(&a, TINY "tiny-b/model.safetensors");
    const char *name = "\"model.norm.weight\":{\"dtype\":\"F32\"";
    const char *change[1][2] = {
        {name, "\"model.norm.weight\":{\"dtype\":\"I32\""}};
    struct omni *omni = NULL;
    struct asid_err err;
    char *dir;

    CHECK(memmem(file.p, file.n, name, strlen(name)), "%s", name);
    dir = patched(&a, change, 1);
    CHECK(omni_open(dir, &omni, &err) == ASID_FAILED &&
              strstr(err.text, "model.norm.weight (stored as I32)"),
          "%s", err.text);
    remove_folder(&a, dir);
    arena_release(&a);
    check_case("a tensor of integers counts as missing and says so");
}

/* --- fused attention ------------------------------------------------------ */

/* A safetensors file under construction. */
struct writer {
    struct buf header, data;
};

static void put_tensor(struct writer *w, const char *name, const char *shape,
                       const struct st_tensor *const *part, size_t n)
{
    size_t start = w->data.n;

    for (size_t i = 0; i < n; i++)
        buf_add(&w->data, part[i]->data, part[i]->bytes);
    buf_printf(&w->header,
               "%s\"%s\":{\"dtype\":\"F32\",\"shape\":%s,"
               "\"data_offsets\":[%zu,%zu]}",
               w->header.n ? "," : "{", name, shape, start, w->data.n);
}

static void put_alone(struct writer *w, const struct st_tensor *t)
{
    struct buf name, shape;

    buf_init(&name, 1000);
    buf_init(&shape, 1000);
    buf_str(&name, t->name);
    for (unsigned i = 0; i < t->dims; i++)
        buf_printf(&shape, "%s%zu", i ? "," : "[", t->shape[i]);
    buf_char(&shape, ']');
    put_tensor(w, name.p, shape.p, &t, 1);
    buf_release(&name);
    buf_release(&shape);
}

/* attn.q, attn.k, attn.v of that block as one tensor, weight and bias. */
static void put_fused(struct writer *w, const struct safetensors *st,
                      size_t block, size_t d)
{
    for (int bias = 0; bias < 2; bias++) {
        const struct st_tensor *part[3];
        const char *kind = bias ? "bias" : "weight";
        char name[100], shape[100];

        for (size_t i = 0; i < 3; i++) {
            snprintf(name, sizeof name, "visual.blocks.%zu.attn.%c.%s", block,
                     "qkv"[i], kind);
            part[i] = safetensors_find(st, name);
            CHECK(part[i], "%s", name);
        }
        snprintf(name, sizeof name, "visual.blocks.%zu.attn.qkv.%s", block,
                 kind);
        snprintf(shape, sizeof shape, bias ? "[%zu]" : "[%zu,%zu]", 3 * d, d);
        put_tensor(w, name, shape, part, 3);
    }
}

static bool is_separate(struct str name)
{
    return memmem(name.p, name.n, ".attn.q.", 8) ||
           memmem(name.p, name.n, ".attn.k.", 8) ||
           memmem(name.p, name.n, ".attn.v.", 8);
}

static char *fused(struct arena *a, const struct omni_config *c)
{
    struct safetensors *st;
    struct asid_err err;
    struct writer w;
    struct buf file;
    char *dir = side_files(a);
    uint64_t n;

    buf_init(&w.header, 1 << 20);
    buf_init(&w.data, 64 << 20);
    buf_init(&file, 64 << 20);
    CHECK_OK(safetensors_open(TINY "tiny-b", &st, &err), err);
    for (size_t i = 0; i < safetensors_count(st); i++)
        if (!is_separate(safetensors_nth(st, i)->name))
            put_alone(&w, safetensors_nth(st, i));
    for (size_t b = 0; b < c->vision.layers; b++)
        put_fused(&w, st, b, c->vision.hidden);
    buf_char(&w.header, '}');
    n = w.header.n;
    buf_add(&file, &n, sizeof n);
    buf_str(&file, buf_view(&w.header));
    buf_str(&file, buf_view(&w.data));
    write_bytes(arena_printf(a, "%s/model.safetensors", dir), file.p, file.n);
    safetensors_close(st);
    buf_release(&w.header);
    buf_release(&w.data);
    buf_release(&file);
    return dir;
}

/* Logits after a picture of noise. */
static void look(const struct omni *omni, float *logits, size_t vocab)
{
    const struct omni_run_options options = {
        .kernels = "auto", .threads = 1, .capacity = 400};
    struct omni_session *s = NULL;
    struct omni_inputs *in = NULL;
    uint8_t rgb[84 * 56 * 3];
    struct asid_err err;

    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * i * 7 + i / 5);
    CHECK_OK(omni_inputs_new(omni, "", &in, &err), err);
    CHECK_OK(omni_add_image(in, rgb, 84, 56, 0, 0, &err), err);
    CHECK_OK(omni_add_text(in, STR("What is it?"), &err), err);
    CHECK_OK(omni_inputs_finish(in, &err), err);
    CHECK_OK(omni_session_open(omni, &options, &s, &err), err);
    CHECK_OK(omni_prefill(s, in, &err), err);
    memcpy(logits, omni_logits(s), vocab * sizeof *logits);
    omni_session_close(s);
    omni_inputs_free(in);
}

static void test_fused(void)
{
    struct omni *plain = NULL, *other = NULL;
    struct arena a = ARENA_INIT;
    struct asid_err err;
    float *one, *two;
    size_t vocab;
    char *dir;

    CHECK_OK(omni_open(TINY "tiny-b", &plain, &err), err);
    vocab = omni_config(plain)->text.vocab;
    dir = fused(&a, omni_config(plain));
    CHECK_OK(omni_open(dir, &other, &err), err);
    one = arena_array(&a, vocab, sizeof *one);
    two = arena_array(&a, vocab, sizeof *two);
    if (plain && other) {
        look(plain, one, vocab);
        look(other, two, vocab);
        CHECK(memcmp(one, two, vocab * sizeof *one) == 0, "logits differ");
        CHECK(omni_tensors(plain)->parameters ==
                  omni_tensors(other)->parameters,
              "%zu", omni_tensors(other)->parameters);
        CHECK(strcmp(omni_fingerprint(plain), omni_fingerprint(other)) != 0,
              "the fingerprint did not notice");
    }
    omni_close(plain);
    omni_close(other);
    remove_folder(&a, dir);
    arena_release(&a);
    check_case("a fused attn.qkv is the same network");
}

static void test_fingerprint(void)
{
    static const char *const same[][2] = {{"\"shape\"", "\"shape\""}};
    struct arena a = ARENA_INIT;
    char *one = patched(&a, same, 1), *two = patched(&a, same, 1);
    struct omni *first = NULL, *second = NULL;
    struct asid_err err;
    char *config = arena_printf(&a, "%s/config.json", two);
    struct str text = vector_text(&a, config);
    char *changed = arena_bytes(&a, text.n + 1);

    CHECK_OK(omni_open(one, &first, &err), err);
    CHECK_OK(omni_open(two, &second, &err), err);
    CHECK_TEXT(omni_fingerprint(first), omni_fingerprint(second));
    omni_close(second);
    second = NULL;
    unlink(config);
    memcpy(changed, text.p, text.n);
    changed[text.n] = '\n';
    write_bytes(config, changed, text.n + 1);
    CHECK_OK(omni_open(two, &second, &err), err);
    CHECK(second &&
              strcmp(omni_fingerprint(first), omni_fingerprint(second)) != 0,
          "config.json does not enter");
    omni_close(first);
    omni_close(second);
    remove_folder(&a, one);
    remove_folder(&a, two);
    arena_release(&a);
    check_case("the fingerprint is of contents, not of places");
}

/* A configuration the kernels have no room for. */
static void test_wide_heads(void)
{
    static const char *const same[][2] = {{"\"shape\"", "\"shape\""}};
    struct arena a = ARENA_INIT;
    char *dir = patched(&a, same, 1);
    char *config = arena_printf(&a, "%s/config.json", dir);
    struct str text = vector_text(&a, config);
    const char *at = memmem(text.p, text.n, "\"d_model\": 40", 13);
    struct omni *omni = NULL;
    struct asid_err err;
    struct buf wide;

    CHECK(at, "tiny-b has another d_model");
    buf_init(&wide, 1 << 20);
    if (at) {
        buf_add(&wide, text.p, (size_t)(at - text.p));
        buf_text(&wide, "\"d_model\": 4000");
        buf_add(&wide, at + 13, text.n - 13 - (size_t)(at - text.p));
    }
    unlink(config);
    write_bytes(config, wide.p, wide.n);
    CHECK(omni_open(dir, &omni, &err) == ASID_FAILED &&
              strstr(err.text, "heads of 800, at most 256"),
          "%s", err.text);
    buf_release(&wide);
    remove_folder(&a, dir);
    arena_release(&a);
    check_case("heads wider than the kernels can take are refused");
}

int main(void)
{
    test_whole();
    test_faults();
    test_many_faults();
    test_other_dtype();
    test_fused();
    test_fingerprint();
    test_wide_heads();
    return check_done();
}
