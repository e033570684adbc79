/*
 * make_checkpoint: a checkpoint folder of the published layout with random
 * weights, to try speed and memory without a download.
 *
 *   make_checkpoint --shape 3b|7b|tiny --output DIR [--tokenizer DIR]
 *                   [--layers N] [--seed S] [--dtype bf16|f32] [--noise R]
 *
 * Writes config.json, generation_config.json, preprocessor_config.json, the
 * shards (at most 4 GiB each) and their index. With --tokenizer, vocab.json and
 * merges.txt are copied from there and added_tokens.json and
 * tokenizer_config.json are made. A tensor's values depend on the seed and its
 * name alone: weights of standard deviation 1/sqrt(fan-in), norms 1, biases
 * small. The same call gives the same bytes.
 *
 * --noise adds to the weights of the decoder's layers and of its head normal
 * numbers of R times their standard deviation: what a code for weights does that
 * loses as much. With --dtype f32, beside the same call without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/arena.h"
#include "asid/base/file.h"
#include "asid/base/hash.h"
#include "asid/base/num.h"
#include "asid/data/json.h"
#include "make_checkpoint.h"

enum { CHUNK = 1 << 16 /* values at a time */ };

static const uint64_t SHARD_MAX = UINT64_C(4) << 30;
static const uint64_t NOISE_SEED = UINT64_C(1) << 32;

/* --- tensors ------------------------------------------------------------ */

/* shape ends with 0. */
static void add(struct plan *p, enum fill fill, const size_t *shape,
                const char *fmt, ...) ASID_PRINTF(4, 5);

static void add(struct plan *p, enum fill fill, const size_t *shape,
                const char *fmt, ...)
{
    struct tensor *t;
    va_list ap;

    if (p->n == p->room) {
        p->room = p->room ? p->room * 2 : 512;
        p->tensors = mem_grow(p->tensors, p->room * sizeof *p->tensors);
    }
    t = &p->tensors[p->n++];
    *t = (struct tensor){.fill = fill, .count = 1};
    for (; shape[t->dims]; t->dims++) {
        t->shape[t->dims] = shape[t->dims];
        t->count *= shape[t->dims];
    }
    va_start(ap, fmt);
    vsnprintf(t->name, sizeof t->name, fmt, ap);
    va_end(ap);
}

#define SHAPE(...) ((const size_t[]){__VA_ARGS__, 0})

/* A linear layer: PREFIX.weight [out, in] and, if wanted, PREFIX.bias. */
static void add_linear(struct plan *p, const char *prefix, size_t out,
                       size_t in, bool bias)
{
    add(p, FILL_WEIGHT, SHAPE(out, in), "thinker.%s.weight", prefix);
    if (bias)
        add(p, FILL_BIAS, SHAPE(out), "thinker.%s.bias", prefix);
}

static void add_norm(struct plan *p, const char *prefix, size_t n, bool bias)
{
    add(p, FILL_ONE, SHAPE(n), "thinker.%s.weight", prefix);
    if (bias)
        add(p, FILL_BIAS, SHAPE(n), "thinker.%s.bias", prefix);
}

/* "prefix.7.name", in space. */
static const char *in_layer(char space[64], const char *prefix, size_t layer,
                            const char *name)
{
    snprintf(space, 64, "%s.%zu.%s", prefix, layer, name);
    return space;
}

static void add_audio(struct plan *p, const struct shape *s)
{
    static const char L[] = "audio_tower.layers";
    size_t d = s->audio.hidden;
    char name[64];

    add(p, FILL_WEIGHT, SHAPE(d, 128, 3), "thinker.audio_tower.conv1.weight");
    add(p, FILL_BIAS, SHAPE(d), "thinker.audio_tower.conv1.bias");
    add(p, FILL_WEIGHT, SHAPE(d, d, 3), "thinker.audio_tower.conv2.weight");
    add(p, FILL_BIAS, SHAPE(d), "thinker.audio_tower.conv2.bias");
    add(p, FILL_WEIGHT, SHAPE(2, s->text.hidden),
        "thinker.audio_tower.audio_bos_eos_token.weight");
    for (size_t i = 0; i < s->audio.layers; i++) {
        add_norm(p, in_layer(name, L, i, "self_attn_layer_norm"), d, true);
        add_linear(p, in_layer(name, L, i, "self_attn.q_proj"), d, d, true);
        add_linear(p, in_layer(name, L, i, "self_attn.k_proj"), d, d, false);
        add_linear(p, in_layer(name, L, i, "self_attn.v_proj"), d, d, true);
        add_linear(p, in_layer(name, L, i, "self_attn.out_proj"), d, d, true);
        add_norm(p, in_layer(name, L, i, "final_layer_norm"), d, true);
        add_linear(p, in_layer(name, L, i, "fc1"), s->audio.ffn, d, true);
        add_linear(p, in_layer(name, L, i, "fc2"), d, s->audio.ffn, true);
    }
    add_norm(p, "audio_tower.ln_post", d, true);
    add_linear(p, "audio_tower.proj", s->text.hidden, d, true);
}

static void add_vision(struct plan *p, const struct shape *s)
{
    static const char L[] = "visual.blocks";
    size_t d = s->vision.hidden;
    char name[64];

    add(p, FILL_WEIGHT, SHAPE(d, 3, 2, 14, 14),
        "thinker.visual.patch_embed.proj.weight");
    for (size_t i = 0; i < s->vision.depth; i++) {
        add_norm(p, in_layer(name, L, i, "norm1"), d, false);
        add_norm(p, in_layer(name, L, i, "norm2"), d, false);
        add_linear(p, in_layer(name, L, i, "attn.q"), d, d, true);
        add_linear(p, in_layer(name, L, i, "attn.k"), d, d, true);
        add_linear(p, in_layer(name, L, i, "attn.v"), d, d, true);
        add_linear(p, in_layer(name, L, i, "attn.proj"), d, d, true);
        add_linear(p, in_layer(name, L, i, "mlp.gate_proj"), s->vision.ffn, d,
                   true);
        add_linear(p, in_layer(name, L, i, "mlp.up_proj"), s->vision.ffn, d,
                   true);
        add_linear(p, in_layer(name, L, i, "mlp.down_proj"), d, s->vision.ffn,
                   true);
    }
    add_norm(p, "visual.merger.ln_q", d, false);
    add_linear(p, "visual.merger.mlp.0", 4 * d, 4 * d, true);
    add_linear(p, "visual.merger.mlp.2", s->text.hidden, 4 * d, true);
}

static void add_text(struct plan *p, const struct shape *s)
{
    static const char L[] = "model.layers";
    size_t h = s->text.hidden,
           kv = s->text.hidden / s->text.heads * s->text.kv_heads;
    char name[64];

    add_linear(p, "model.embed_tokens", s->text.vocab, h, false);
    for (size_t i = 0; i < s->text.layers; i++) {
        add_norm(p, in_layer(name, L, i, "input_layernorm"), h, false);
        add_linear(p, in_layer(name, L, i, "self_attn.q_proj"), h, h, true);
        add_linear(p, in_layer(name, L, i, "self_attn.k_proj"), kv, h, true);
        add_linear(p, in_layer(name, L, i, "self_attn.v_proj"), kv, h, true);
        add_linear(p, in_layer(name, L, i, "self_attn.o_proj"), h, h, false);
        add_norm(p, in_layer(name, L, i, "post_attention_layernorm"), h, false);
        add_linear(p, in_layer(name, L, i, "mlp.gate_proj"), s->text.ffn, h,
                   false);
        add_linear(p, in_layer(name, L, i, "mlp.up_proj"), s->text.ffn, h,
                   false);
        add_linear(p, in_layer(name, L, i, "mlp.down_proj"), h, s->text.ffn,
                   false);
    }
    add_norm(p, "model.norm", h, false);
    add_linear(p, "lm_head", s->text.vocab, h, false);
}

static void make_plan(struct plan *p)
{
    uint64_t size = p->o->f32 ? 4 : 2, used = 0;

    add_audio(p, &p->o->shape);
    add_vision(p, &p->o->shape);
    add_text(p, &p->o->shape);
    for (size_t i = 0; i < p->n; i++) {
        struct tensor *t = &p->tensors[i];
        uint64_t bytes = t->count * size;

        if (used && used + bytes > SHARD_MAX) {
            p->shards++;
            used = 0;
        }
        t->shard = p->shards;
        t->offset = used;
        used += bytes;
        p->bytes += bytes;
    }
    p->shards++;
}

/* --- weights ------------------------------------------------------------ */

static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *state = x;
    return x;
}

/* The sum of four uniform numbers is close to normal; scaled to variance 1. */
static float draw(uint64_t *state)
{
    uint64_t x = next_random(state);
    int sum = (int)(x & 0xffff) + (int)(x >> 16 & 0xffff) +
              (int)(x >> 32 & 0xffff) + (int)(x >> 48);

    return (float)(sum - 131070) * (1.7320508F / 65536.0F);
}

static uint16_t to_bf16(float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof bits);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

static float sigma_of(const struct tensor *t)
{
    size_t in = 1;

    if (t->fill == FILL_BIAS)
        return 0.02F;
    for (unsigned d = 1; d < t->dims; d++)
        in *= t->shape[d];
    return 1.0F / sqrtf((float)in);
}

/* What a quantised decoder computes with. */
static bool takes_noise(const struct tensor *t)
{
    struct str name = str_of(t->name);

    return t->fill == FILL_WEIGHT &&
           (str_starts(name, "thinker.model.layers.") ||
            str_starts(name, "thinker.lm_head."));
}

/* Where the numbers of a tensor begin; those of the noise are others. */
static uint64_t seed_of(const struct plan *p, const struct tensor *t,
                        uint64_t kind)
{
    uint64_t state = hash_u64(str_of(t->name)) ^
                     ((p->o->seed + kind) * UINT64_C(0x9e3779b97f4a7c15));

    return state ? state : 1;
}

struct filling {
    float sigma, noise;
    uint64_t values, noises; /* states */
};

static size_t fill_chunk(const struct plan *p, const struct tensor *t,
                         struct filling *f, size_t n, void *chunk)
{
    float *wide = chunk;
    uint16_t *narrow = chunk;

    for (size_t i = 0; i < n; i++) {
        float v = t->fill == FILL_ONE ? 1.0F : draw(&f->values) * f->sigma;

        if (f->noise > 0)
            v += draw(&f->noises) * f->noise;
        if (p->o->f32)
            wide[i] = v;
        else
            narrow[i] = to_bf16(v);
    }
    return n * (p->o->f32 ? 4 : 2);
}

static enum asid_rc write_tensor(const struct plan *p, const struct tensor *t,
                                 int fd, void *chunk, struct asid_err *err)
{
    struct filling f = {
        .sigma = sigma_of(t),
        .values = seed_of(p, t, 0),
        .noises = seed_of(p, t, NOISE_SEED),
    };

    if (takes_noise(t))
        f.noise = f.sigma * p->o->noise;
    for (size_t left = t->count, n; left > 0; left -= n) {
        n = left < CHUNK ? left : CHUNK;
        TRY(file_write(fd, t->name, chunk, fill_chunk(p, t, &f, n, chunk),
                       err));
    }
    return ASID_OK;
}

/* --- files -------------------------------------------------------------- */

static char *shard_name(struct arena *a, const struct plan *p, unsigned shard)
{
    if (p->shards == 1)
        return arena_strdup(a, "model.safetensors");
    return arena_printf(a, "model-%05u-of-%05u.safetensors", shard + 1,
                        p->shards);
}

static struct json *tensor_header(struct arena *a, const struct plan *p,
                                  const struct tensor *t)
{
    struct json *v = json_new_object(a), *shape = json_new_array(a);
    struct json *offsets = json_new_array(a);
    uint64_t bytes = t->count * (p->o->f32 ? 4 : 2);

    json_set_text(a, v, "dtype", p->o->f32 ? "F32" : "BF16");
    for (unsigned d = 0; d < t->dims; d++)
        json_append(shape, json_new_i64(a, (int64_t)t->shape[d]));
    json_set(a, v, "shape", shape);
    json_append(offsets, json_new_i64(a, (int64_t)t->offset));
    json_append(offsets, json_new_i64(a, (int64_t)(t->offset + bytes)));
    json_set(a, v, "data_offsets", offsets);
    return v;
}

static enum asid_rc write_header(struct arena *a, const struct plan *p,
                                 unsigned shard, int fd, struct asid_err *err)
{
    struct json *header = json_new_object(a), *meta = json_new_object(a);
    unsigned char length[8];
    struct buf text;
    enum asid_rc rc;

    json_set_text(a, meta, "format", "pt");
    json_set(a, header, "__metadata__", meta);
    for (size_t i = 0; i < p->n; i++)
        if (p->tensors[i].shard == shard)
            json_set(a, header, p->tensors[i].name,
                     tensor_header(a, p, &p->tensors[i]));
    buf_init(&text, 1 << 24);
    json_write(&text, header);
    while (text.n % 8 && !buf_failed(&text))
        buf_char(&text, ' ');
    for (unsigned i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)text.n >> 8 * i);
    rc = file_write(fd, "header", length, sizeof length, err);
    if (rc == ASID_OK)
        rc = file_write(fd, "header", text.p, text.n, err);
    buf_release(&text);
    return rc;
}

static enum asid_rc write_shard(struct arena *a, const struct plan *p,
                                unsigned shard, struct asid_err *err)
{
    char *path = path_join(a, p->o->output, shard_name(a, p, shard));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    void *chunk = mem_alloc(CHUNK * sizeof(float));
    enum asid_rc rc;

    if (fd < 0) {
        rc = FAIL_ERRNO(err, "cannot write %s", path);
        goto out;
    }
    rc = write_header(a, p, shard, fd, err);
    for (size_t i = 0; i < p->n && rc == ASID_OK; i++)
        if (p->tensors[i].shard == shard)
            rc = write_tensor(p, &p->tensors[i], fd, chunk, err);
    if (close(fd) != 0 && rc == ASID_OK)
        rc = FAIL_ERRNO(err, "cannot write %s", path);
out:
    free(chunk);
    return rc;
}

static enum asid_rc write_index(struct arena *a, const struct plan *p,
                                struct asid_err *err)
{
    struct json *v = json_new_object(a), *meta = json_new_object(a);
    struct json *map = json_new_object(a);

    json_set_i64(a, meta, "total_size", (int64_t)p->bytes);
    json_set(a, v, "metadata", meta);
    for (size_t i = 0; i < p->n; i++)
        json_set_text(a, map, p->tensors[i].name,
                      shard_name(a, p, p->tensors[i].shard));
    json_set(a, v, "weight_map", map);
    return write_json(a, p, "model.safetensors.index.json", v, err);
}

/* --- program ------------------------------------------------------------ */

static enum asid_rc make_checkpoint(struct arena *a, const struct options *o,
                                    struct asid_err *err)
{
    struct plan p = {.o = o};
    enum asid_rc rc = file_make_dirs(o->output, err);

    make_plan(&p);
    if (rc == ASID_OK)
        rc = write_config(a, &p, err);
    if (rc == ASID_OK && o->tokenizer)
        rc = write_tokenizer(a, &p, err);
    for (unsigned s = 0; s < p.shards && rc == ASID_OK; s++)
        rc = write_shard(a, &p, s, err);
    if (rc == ASID_OK && p.shards > 1)
        rc = write_index(a, &p, err);
    if (rc == ASID_OK)
        printf("%s: %zu tensors, %llu bytes, %u shard%s\n", o->output, p.n,
               (unsigned long long)p.bytes, p.shards, p.shards > 1 ? "s" : "");
    free(p.tensors);
    return rc;
}

static enum asid_rc set_option(struct options *o, const char *name,
                               const char *value, struct asid_err *err)
{
    uint64_t layers;
    double noise;

    if (strcmp(name, "--output") == 0) {
        o->output = value;
    } else if (strcmp(name, "--tokenizer") == 0) {
        o->tokenizer = value;
    } else if (strcmp(name, "--shape") == 0) {
        for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++)
            if (strcmp(SHAPES[i].name, value) == 0)
                o->shape = SHAPES[i];
        if (!o->shape.name || strcmp(o->shape.name, value) != 0)
            return USAGE(err, "--shape %s: known are 3b, 7b and tiny", value);
    } else if (strcmp(name, "--dtype") == 0) {
        o->f32 = strcmp(value, "f32") == 0;
        if (!o->f32 && strcmp(value, "bf16") != 0)
            return USAGE(err, "--dtype %s: known are bf16 and f32", value);
    } else if (strcmp(name, "--seed") == 0) {
        if (!num_u64(str_of(value), &o->seed))
            return USAGE(err, "--seed %s: not a whole number", value);
    } else if (strcmp(name, "--layers") == 0) {
        if (!num_u64(str_of(value), &layers) || layers < 1 || layers > 1000)
            return USAGE(err, "--layers %s: not in 1 to 1000", value);
        o->layers = (size_t)layers;
    } else if (strcmp(name, "--noise") == 0) {
        if (!num_f64(str_of(value), &noise) || !(noise >= 0 && noise <= 1))
            return USAGE(err, "--noise %s: not in 0 to 1", value);
        o->noise = (float)noise;
    } else {
        return USAGE(err, "unknown option %s", name);
    }
    return ASID_OK;
}

static enum asid_rc read_options(int argc, char **argv, struct options *o,
                                 struct asid_err *err)
{
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            return USAGE(err, "%s needs a value", argv[i]);
        TRY(set_option(o, argv[i], argv[i + 1], err));
    }
    if (!o->shape.name || !o->output)
        return USAGE(err, "%s",
                     "usage: make_checkpoint --shape 3b|7b|tiny --output DIR "
                     "[--tokenizer DIR] [--layers N] [--seed S] "
                     "[--dtype bf16|f32] [--noise R]");
    if (o->layers)
        o->shape.text.layers = o->layers;
    return ASID_OK;
}

int main(int argc, char **argv)
{
    struct options o = {.seed = 1};
    struct arena a = ARENA_INIT;
    struct asid_err err;
    enum asid_rc rc = read_options(argc, argv, &o, &err);

    if (rc == ASID_OK)
        rc = make_checkpoint(&a, &o, &err);
    if (rc != ASID_OK)
        fprintf(stderr, "make_checkpoint: %s\n", err.text);
    arena_release(&a);
    return rc == ASID_OK ? 0 : rc == ASID_USAGE ? 2 : 1;
}
