/*
 * make_checkpoint: write a checkpoint folder of the published layout with
 * random weights, to try loading, memory and speed where no trained weights
 * are at hand. It says nothing sensible.
 *
 *   make_checkpoint --shape 3b|7b|tiny --tokenizer DIR --output DIR
 *                   [--layers N] [--seed S]
 *
 * Shapes are those of Qwen2.5-Omni (docs/MODEL.md section 1). The vocabulary
 * (vocab.json, merges.txt) is copied from the tokenizer folder; the 22 added
 * tokens follow it. Weights are bf16, uniform with variance 1/fan-in; norms
 * are 1, biases 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/arena.h"
#include "asid/base/file.h"
#include "asid/base/num.h"
#include "asid/data/json.h"

struct shape {
    const char *name;
    size_t hidden, layers, ffn, heads, kv_heads, head_dim, vocab;
    size_t mrope[3];
    size_t v_hidden, v_layers, v_ffn, v_heads, v_full[4];
    size_t a_hidden, a_layers, a_ffn, a_heads;
};

/* vocab 0: as many rows as the tokenizer needs. */
static const struct shape shapes[] = {
    {"3b",
     2048,
     36,
     11008,
     16,
     2,
     128,
     151936,
     {16, 24, 24},
     1280,
     32,
     3420,
     16,
     {7, 15, 23, 31},
     1280,
     32,
     5120,
     20},
    {"7b",
     3584,
     28,
     18944,
     28,
     4,
     128,
     152064,
     {16, 24, 24},
     1280,
     32,
     3420,
     16,
     {7, 15, 23, 31},
     1280,
     32,
     5120,
     20},
    {"tiny",
     96,
     3,
     160,
     6,
     2,
     16,
     0,
     {2, 3, 3},
     64,
     4,
     84,
     4,
     {1, 3, 3, 3},
     64,
     2,
     128,
     4},
};

enum kind { WEIGHT, ONE, ZERO };

struct tensor {
    char *name;
    size_t dims, shape[5], count;
    enum kind kind;
    size_t shard, begin;
};

struct list {
    struct arena arena;
    struct tensor *t;
    size_t n, room;
};

struct job {
    struct shape shape;
    const char *tokenizer, *output;
    uint64_t seed;
    int32_t added; /* id of the first added token */
    struct list list;
};

static const char *const added_tokens[] = {
    "<|endoftext|>",  "<|im_start|>",   "<|im_end|>",     "<|AUDIO|>",
    "<|audio_bos|>",  "<|audio_eos|>",  "<|box_end|>",    "<|quad_start|>",
    "<|quad_end|>",   "<|vision_bos|>", "<|vision_eos|>", "<|vision_pad|>",
    "<|IMAGE|>",      "<|VIDEO|>",      "<tool_call>",    "</tool_call>",
    "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
    "<|repo_name|>",  "<|file_sep|>"};
enum { ADDED = 22, SPECIAL = 14 };

/* --- the tensors --------------------------------------------------------- */

static void add(struct list *l, enum kind kind, const char *name, size_t dims,
                const size_t *shape)
{
    struct tensor *t;

    if (l->n == l->room) {
        l->room = l->room ? 2 * l->room : 1024;
        l->t = mem_grow(l->t, l->room * sizeof *l->t);
    }
    t = &l->t[l->n++];
    *t = (struct tensor){.name = arena_printf(&l->arena, "thinker.%s", name),
                         .dims = dims,
                         .count = 1,
                         .kind = kind};
    for (size_t i = 0; i < dims; i++) {
        t->shape[i] = shape[i];
        t->count *= shape[i];
    }
}

static void matrix(struct list *l, const char *name, size_t rows, size_t cols)
{
    add(l, WEIGHT, name, 2, (size_t[]){rows, cols});
}

static void vector(struct list *l, enum kind kind, const char *name, size_t n)
{
    add(l, kind, name, 1, &n);
}

static void linear(struct list *l, const char *name, size_t rows, size_t cols,
                   bool bias)
{
    char full[128];

    snprintf(full, sizeof full, "%s.weight", name);
    matrix(l, full, rows, cols);
    snprintf(full, sizeof full, "%s.bias", name);
    if (bias)
        vector(l, ZERO, full, rows);
}

static void norm(struct list *l, const char *name, size_t n, bool bias)
{
    char full[128];

    snprintf(full, sizeof full, "%s.weight", name);
    vector(l, ONE, full, n);
    snprintf(full, sizeof full, "%s.bias", name);
    if (bias)
        vector(l, ZERO, full, n);
}

/* Append "prefix.part" names without a format string that is no literal. */
static const char *part(char *space, size_t size, const char *prefix, size_t i,
                        const char *name)
{
    snprintf(space, size, "%s.%zu.%s", prefix, i, name);
    return space;
}
#define PART(prefix, i, name) part((char[128]){0}, 128, prefix, i, name)

static void text_tensors(struct list *l, const struct shape *s)
{
    static const char at[] = "model.layers";
    size_t q = s->heads * s->head_dim, kv = s->kv_heads * s->head_dim;

    matrix(l, "model.embed_tokens.weight", s->vocab, s->hidden);
    for (size_t i = 0; i < s->layers; i++) {
        norm(l, PART(at, i, "input_layernorm"), s->hidden, false);
        linear(l, PART(at, i, "self_attn.q_proj"), q, s->hidden, true);
        linear(l, PART(at, i, "self_attn.k_proj"), kv, s->hidden, true);
        linear(l, PART(at, i, "self_attn.v_proj"), kv, s->hidden, true);
        linear(l, PART(at, i, "self_attn.o_proj"), s->hidden, q, false);
        norm(l, PART(at, i, "post_attention_layernorm"), s->hidden, false);
        linear(l, PART(at, i, "mlp.gate_proj"), s->ffn, s->hidden, false);
        linear(l, PART(at, i, "mlp.up_proj"), s->ffn, s->hidden, false);
        linear(l, PART(at, i, "mlp.down_proj"), s->hidden, s->ffn, false);
    }
    norm(l, "model.norm", s->hidden, false);
    matrix(l, "lm_head.weight", s->vocab, s->hidden);
}

static void vision_tensors(struct list *l, const struct shape *s)
{
    static const char at[] = "visual.blocks";
    size_t h = s->v_hidden;

    add(l, WEIGHT, "visual.patch_embed.proj.weight", 5,
        (size_t[]){h, 3, 2, 14, 14});
    for (size_t i = 0; i < s->v_layers; i++) {
        norm(l, PART(at, i, "norm1"), h, false);
        norm(l, PART(at, i, "norm2"), h, false);
        linear(l, PART(at, i, "attn.q"), h, h, true);
        linear(l, PART(at, i, "attn.k"), h, h, true);
        linear(l, PART(at, i, "attn.v"), h, h, true);
        linear(l, PART(at, i, "attn.proj"), h, h, true);
        linear(l, PART(at, i, "mlp.gate_proj"), s->v_ffn, h, true);
        linear(l, PART(at, i, "mlp.up_proj"), s->v_ffn, h, true);
        linear(l, PART(at, i, "mlp.down_proj"), h, s->v_ffn, true);
    }
    norm(l, "visual.merger.ln_q", h, false);
    linear(l, "visual.merger.mlp.0", 4 * h, 4 * h, true);
    linear(l, "visual.merger.mlp.2", s->hidden, 4 * h, true);
}

static void audio_tensors(struct list *l, const struct shape *s)
{
    static const char at[] = "audio_tower.layers";
    size_t h = s->a_hidden;

    add(l, WEIGHT, "audio_tower.conv1.weight", 3, (size_t[]){h, 128, 3});
    vector(l, ZERO, "audio_tower.conv1.bias", h);
    add(l, WEIGHT, "audio_tower.conv2.weight", 3, (size_t[]){h, h, 3});
    vector(l, ZERO, "audio_tower.conv2.bias", h);
    matrix(l, "audio_tower.audio_bos_eos_token.weight", 2, s->hidden);
    for (size_t i = 0; i < s->a_layers; i++) {
        norm(l, PART(at, i, "self_attn_layer_norm"), h, true);
        linear(l, PART(at, i, "self_attn.q_proj"), h, h, true);
        linear(l, PART(at, i, "self_attn.k_proj"), h, h, false);
        linear(l, PART(at, i, "self_attn.v_proj"), h, h, true);
        linear(l, PART(at, i, "self_attn.out_proj"), h, h, true);
        norm(l, PART(at, i, "final_layer_norm"), h, true);
        linear(l, PART(at, i, "fc1"), s->a_ffn, h, true);
        linear(l, PART(at, i, "fc2"), h, s->a_ffn, true);
    }
    norm(l, "audio_tower.ln_post", h, true);
    linear(l, "audio_tower.proj", s->hidden, h, true);
}

/* --- shards ---------------------------------------------------------------- */

static const size_t SHARD_MAX = (size_t)4 << 30;

static size_t place(struct list *l)
{
    size_t shard = 0, at = 0;

    for (size_t i = 0; i < l->n; i++) {
        size_t bytes = 2 * l->t[i].count;

        if (at && at + bytes > SHARD_MAX) {
            shard++;
            at = 0;
        }
        l->t[i].shard = shard;
        l->t[i].begin = at;
        at += bytes;
    }
    return shard + 1;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1du;
}

static uint16_t to_bf16(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* 4096 values spread evenly over the wanted range; a draw picks one. */
static void fill_table(const struct tensor *t, uint16_t table[4096])
{
    size_t fan_in = t->dims > 1 ? t->count / t->shape[0] : 1;
    float range = sqrtf(3.0f / (float)fan_in);

    for (int i = 0; i < 4096; i++)
        table[i] = t->kind == ONE ? to_bf16(1.0f)
                   : t->kind == ZERO
                       ? 0
                       : to_bf16(range * ((float)i - 2047.5f) / 2047.5f);
}

static enum asid_rc write_tensor(int fd, const char *path,
                                 const struct tensor *t, uint64_t *state,
                                 struct asid_err *err)
{
    enum { CHUNK = 1 << 19 };
    static uint16_t chunk[CHUNK];
    uint16_t table[4096];

    fill_table(t, table);
    for (size_t done = 0; done < t->count;) {
        size_t n = t->count - done < CHUNK ? t->count - done : CHUNK;

        for (size_t i = 0; i < n; i += 5) {
            uint64_t r = next_random(state);

            for (size_t j = i; j < i + 5 && j < n; j++, r >>= 12)
                chunk[j] = table[r & 4095];
        }
        TRY(file_write(fd, path, chunk, 2 * n, err));
        done += n;
    }
    return ASID_OK;
}

/* The header is padded with blanks so that the data begins on 64 bytes. */
static void shard_header(struct list *l, size_t shard, struct buf *out)
{
    struct arena a = ARENA_INIT;
    struct json *header = json_new_object(&a);
    uint64_t n;

    for (size_t i = 0; i < l->n; i++) {
        const struct tensor *t = &l->t[i];
        struct json *entry = json_new_object(&a);
        struct json *shape = json_new_array(&a), *place = json_new_array(&a);

        if (t->shard != shard)
            continue;
        for (size_t d = 0; d < t->dims; d++)
            json_append(shape, json_new_i64(&a, (int64_t)t->shape[d]));
        json_append(place, json_new_i64(&a, (int64_t)t->begin));
        json_append(place,
                    json_new_i64(&a, (int64_t)(t->begin + 2 * t->count)));
        json_set_text(&a, entry, "dtype", "BF16");
        json_set(&a, entry, "shape", shape);
        json_set(&a, entry, "data_offsets", place);
        json_set(&a, header, t->name, entry);
    }
    buf_add(out, "\0\0\0\0\0\0\0\0", 8);
    json_write(out, header);
    while (out->n % 64)
        buf_char(out, ' ');
    n = out->n - 8;
    memcpy(out->p, &n, 8); /* little-endian, as the machine */
    arena_release(&a);
}

static void shard_name(char name[64], size_t shard, size_t shards)
{
    snprintf(name, 64, "model-%05zu-of-%05zu.safetensors", shard + 1, shards);
}

static enum asid_rc write_shard(struct job *job, size_t shard, size_t shards,
                                struct asid_err *err)
{
    enum asid_rc rc;
    char name[64];
    uint64_t state = job->seed * 0x9e3779b97f4a7c15u + shard + 1;
    struct list *l = &job->list;
    const char *path;
    struct buf header;
    int fd;

    shard_name(name, shard, shards);
    path = path_join(&l->arena, job->output, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return FAIL_ERRNO(err, "cannot create %s", path);
    buf_init(&header, (size_t)64 << 20);
    shard_header(l, shard, &header);
    rc = file_write(fd, path, header.p, header.n, err);
    for (size_t i = 0; rc == ASID_OK && i < l->n; i++)
        if (l->t[i].shard == shard)
            rc = write_tensor(fd, path, &l->t[i], &state, err);
    buf_release(&header);
    if (close(fd) < 0 && rc == ASID_OK)
        rc = FAIL_ERRNO(err, "cannot close %s", path);
    return rc;
}

/* --- JSON files --------------------------------------------------------- */

static enum asid_rc write_json(struct job *job, const char *name,
                               const struct json *v, struct asid_err *err)
{
    enum asid_rc rc;
    struct buf text;

    buf_init(&text, (size_t)64 << 20);
    json_write_pretty(&text, v);
    buf_char(&text, '\n');
    rc = file_replace(path_join(&job->list.arena, job->output, name),
                      buf_view(&text), err);
    buf_release(&text);
    return rc;
}

static enum asid_rc write_index(struct job *job, size_t shards,
                                struct asid_err *err)
{
    struct arena *a = &job->list.arena;
    struct json *index = json_new_object(a), *map = json_new_object(a);
    struct json *meta = json_new_object(a);
    int64_t total = 0;

    for (size_t i = 0; i < job->list.n; i++) {
        char name[64];

        shard_name(name, job->list.t[i].shard, shards);
        json_set_text(a, map, job->list.t[i].name, name);
        total += (int64_t)(2 * job->list.t[i].count);
    }
    json_set_i64(a, meta, "total_size", total);
    json_set(a, index, "metadata", meta);
    json_set(a, index, "weight_map", map);
    return write_json(job, "model.safetensors.index.json", index, err);
}

static struct json *numbers(struct arena *a, const size_t *v, size_t n)
{
    struct json *list = json_new_array(a);

    for (size_t i = 0; i < n; i++)
        json_append(list, json_new_i64(a, (int64_t)v[i]));
    return list;
}

struct figure {
    const char *key;
    size_t value;
};

static struct json *figures(struct arena *a, const struct figure *f)
{
    struct json *o = json_new_object(a);

    for (; f->key; f++)
        json_set_i64(a, o, f->key, (int64_t)f->value);
    return o;
}

static struct json *text_config(struct arena *a, const struct shape *s)
{
    struct json *scaling = json_new_object(a);
    struct json *c =
        figures(a, (struct figure[]){{"hidden_size", s->hidden},
                                     {"intermediate_size", s->ffn},
                                     {"num_hidden_layers", s->layers},
                                     {"num_attention_heads", s->heads},
                                     {"num_key_value_heads", s->kv_heads},
                                     {"vocab_size", s->vocab},
                                     {"max_position_embeddings", 32768},
                                     {NULL, 0}});

    json_set_text(a, scaling, "rope_type", "default");
    json_set_text(a, scaling, "type", "default");
    json_set(a, scaling, "mrope_section", numbers(a, s->mrope, 3));
    json_set(a, c, "rope_scaling", scaling);
    json_set_f64(a, c, "rope_theta", 1e6);
    json_set_f64(a, c, "rms_norm_eps", 1e-6);
    json_set_text(a, c, "hidden_act", "silu");
    json_set_bool(a, c, "use_sliding_window", false);
    json_set_bool(a, c, "tie_word_embeddings", false);
    json_set_text(a, c, "model_type", "qwen2_5_omni_text");
    return c;
}

static struct json *vision_config(struct arena *a, const struct shape *s)
{
    struct json *c =
        figures(a, (struct figure[]){{"depth", s->v_layers},
                                     {"hidden_size", s->v_hidden},
                                     {"intermediate_size", s->v_ffn},
                                     {"num_heads", s->v_heads},
                                     {"in_channels", 3},
                                     {"patch_size", 14},
                                     {"temporal_patch_size", 2},
                                     {"spatial_merge_size", 2},
                                     {"window_size", 112},
                                     {"out_hidden_size", s->hidden},
                                     {NULL, 0}});

    json_set(a, c, "fullatt_block_indexes",
             numbers(a, s->v_full, s->v_full[2] == s->v_full[1] ? 2 : 4));
    json_set_text(a, c, "hidden_act", "silu");
    json_set_text(a, c, "model_type", "qwen2_5_omni_vision_encoder");
    return c;
}

static struct json *audio_config(struct arena *a, const struct shape *s)
{
    struct json *c =
        figures(a, (struct figure[]){{"num_mel_bins", 128},
                                     {"d_model", s->a_hidden},
                                     {"encoder_layers", s->a_layers},
                                     {"encoder_attention_heads", s->a_heads},
                                     {"encoder_ffn_dim", s->a_ffn},
                                     {"max_source_positions", 1500},
                                     {"n_window", 100},
                                     {"output_dim", s->hidden},
                                     {NULL, 0}});

    json_set_text(a, c, "activation_function", "gelu");
    json_set_text(a, c, "model_type", "qwen2_5_omni_audio_encoder");
    return c;
}

static enum asid_rc write_config(struct job *job, struct asid_err *err)
{
    struct arena *a = &job->list.arena;
    size_t id = (size_t)job->added;
    struct json *c = json_new_object(a);
    struct json *t =
        figures(a, (struct figure[]){{"pad_token_id", id},
                                     {"bos_token_id", id + 1},
                                     {"eos_token_id", id + 2},
                                     {"audio_token_index", id + 3},
                                     {"audio_start_token_id", id + 4},
                                     {"audio_end_token_id", id + 5},
                                     {"vision_start_token_id", id + 9},
                                     {"vision_end_token_id", id + 10},
                                     {"image_token_index", id + 12},
                                     {"video_token_index", id + 13},
                                     {"position_id_per_seconds", 25},
                                     {"seconds_per_chunk", 2},
                                     {NULL, 0}});

    json_set_text(a, t, "model_type", "qwen2_5_omni_thinker");
    json_set(a, t, "text_config", text_config(a, &job->shape));
    json_set(a, t, "vision_config", vision_config(a, &job->shape));
    json_set(a, t, "audio_config", audio_config(a, &job->shape));
    json_set_text(a, c, "model_type", "qwen2_5_omni");
    json_set_text(a, c, "torch_dtype", "bfloat16");
    json_set_bool(a, c, "enable_audio_output", false);
    json_set(a, c, "thinker_config", t);
    return write_json(job, "config.json", c, err);
}

static enum asid_rc write_preprocessor(struct job *job, struct asid_err *err)
{
    struct arena *a = &job->list.arena;
    struct json *c = figures(a, (struct figure[]){{"chunk_length", 300},
                                                  {"feature_size", 128},
                                                  {"hop_length", 160},
                                                  {"n_fft", 400},
                                                  {"sampling_rate", 16000},
                                                  {"patch_size", 14},
                                                  {"temporal_patch_size", 2},
                                                  {"merge_size", 2},
                                                  {"min_pixels", 3136},
                                                  {"max_pixels", 12845056},
                                                  {NULL, 0}});

    json_set_text(a, c, "padding_side", "right");
    return write_json(job, "preprocessor_config.json", c, err);
}

static enum asid_rc write_added(struct job *job, struct asid_err *err)
{
    struct arena *a = &job->list.arena;
    struct json *map = json_new_object(a), *config = json_new_object(a);
    struct json *decoder = json_new_object(a);

    for (int32_t i = 0; i < ADDED; i++) {
        struct json *entry = json_new_object(a);
        char key[16];

        snprintf(key, sizeof key, "%" PRId32, job->added + i);
        json_set_i64(a, map, added_tokens[i], job->added + i);
        json_set_text(a, entry, "content", added_tokens[i]);
        json_set_bool(a, entry, "lstrip", false);
        json_set_bool(a, entry, "normalized", false);
        json_set_bool(a, entry, "rstrip", false);
        json_set_bool(a, entry, "single_word", false);
        json_set_bool(a, entry, "special", i < SPECIAL);
        json_set(a, decoder, key, entry);
    }
    json_set(a, config, "added_tokens_decoder", decoder);
    json_set_text(a, config, "tokenizer_class", "Qwen2Tokenizer");
    TRY(write_json(job, "added_tokens.json", map, err));
    return write_json(job, "tokenizer_config.json", config, err);
}

static enum asid_rc copy_file(struct job *job, const char *name,
                              struct str *text, struct asid_err *err)
{
    struct arena *a = &job->list.arena;

    TRY(file_slurp(a, path_join(a, job->tokenizer, name), (size_t)64 << 20,
                   text, err));
    return file_replace(path_join(a, job->output, name), *text, err);
}

static enum asid_rc write_tokenizer(struct job *job, struct asid_err *err)
{
    struct str vocab, merges;
    struct json *map;

    TRY(copy_file(job, "merges.txt", &merges, err));
    TRY(copy_file(job, "vocab.json", &vocab, err));
    TRY(json_parse(&job->list.arena, vocab, 0, &map, err));
    job->added = (int32_t)json_count(map);
    if (job->shape.vocab == 0)
        job->shape.vocab = ((size_t)job->added + ADDED + 15) / 16 * 16;
    if ((size_t)job->added + ADDED > job->shape.vocab)
        return USAGE(err, "the vocabulary has %d entries, more than fit",
                     (int)job->added);
    return write_added(job, err);
}

/* --- the call ------------------------------------------------------------ */

static enum asid_rc read_options(int argc, char **argv, struct job *job,
                                 struct asid_err *err)
{
    uint64_t layers = 0;

    for (int i = 1; i + 1 < argc; i += 2) {
        const char *value = argv[i + 1];
        bool good = true;

        if (strcmp(argv[i], "--shape") == 0) {
            for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
                if (strcmp(value, shapes[s].name) == 0)
                    job->shape = shapes[s];
            good = job->shape.name != NULL;
        } else if (strcmp(argv[i], "--tokenizer") == 0) {
            job->tokenizer = value;
        } else if (strcmp(argv[i], "--output") == 0) {
            job->output = value;
        } else if (strcmp(argv[i], "--seed") == 0) {
            good = num_u64(str_of(value), &job->seed);
        } else if (strcmp(argv[i], "--layers") == 0) {
            good =
                num_u64(str_of(value), &layers) && layers > 0 && layers <= 1000;
        } else {
            return USAGE(err, "unknown option %s", argv[i]);
        }
        if (!good)
            return USAGE(err, "%s: cannot be %s", argv[i], value);
    }
    if (argc % 2 == 0 || !job->shape.name || !job->tokenizer || !job->output)
        return USAGE(err, "usage: make_checkpoint --shape 3b|7b|tiny "
                          "--tokenizer DIR --output DIR [--layers N] "
                          "[--seed S]");
    if (layers)
        job->shape.layers = layers;
    return ASID_OK;
}

static enum asid_rc make(struct job *job, struct asid_err *err)
{
    size_t shards;

    TRY(file_make_dirs(job->output, err));
    TRY(write_tokenizer(job, err));
    text_tensors(&job->list, &job->shape);
    vision_tensors(&job->list, &job->shape);
    audio_tensors(&job->list, &job->shape);
    shards = place(&job->list);
    TRY(write_config(job, err));
    TRY(write_preprocessor(job, err));
    TRY(write_index(job, shards, err));
    for (size_t i = 0; i < shards; i++)
        TRY(write_shard(job, i, shards, err));
    printf("%zu tensors in %zu shards below %s\n", job->list.n, shards,
           job->output);
    return ASID_OK;
}

int main(int argc, char **argv)
{
    struct job job = {.list = {.arena = ARENA_INIT}};
    struct asid_err err;
    enum asid_rc rc = read_options(argc, argv, &job, &err);

    if (rc == ASID_OK)
        rc = make(&job, &err);
    if (rc != ASID_OK)
        fprintf(stderr, "make_checkpoint: %s\n", err.text);
    free(job.list.t);
    arena_release(&job.list.arena);
    return rc == ASID_OK ? 0 : rc == ASID_USAGE ? 2 : 1;
}
