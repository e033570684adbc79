/*
 * make_checkpoint: the shapes, and the small files beside the weights. Included
 * by make_checkpoint.c alone.
 */
#ifndef MAKE_CHECKPOINT_H
#define MAKE_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "asid/base/arena.h"
#include "asid/base/file.h"
#include "asid/data/json.h"

enum { DIMS_MAX = 5 };

struct shape {
    const char *name;
    struct {
        size_t hidden, ffn, layers, heads, kv_heads, vocab;
        int64_t mrope[3];
    } text;
    struct {
        size_t depth, hidden, ffn, heads;
        int64_t full[4]; /* blocks of full attention, -1 ends */
    } vision;
    struct {
        size_t layers, hidden, ffn, heads;
    } audio;
};

static const struct shape SHAPES[] = {
    {.name = "3b",
     .text = {2048, 11008, 36, 16, 2, 151936, {16, 24, 24}},
     .vision = {32, 1280, 3420, 16, {7, 15, 23, 31}},
     .audio = {32, 1280, 5120, 20}},
    {.name = "7b",
     .text = {3584, 18944, 28, 28, 4, 152064, {16, 24, 24}},
     .vision = {32, 1280, 3420, 16, {7, 15, 23, 31}},
     .audio = {32, 1280, 5120, 20}},
    {.name = "tiny",
     .text = {96, 160, 3, 6, 2, 151936, {2, 3, 3}},
     .vision = {4, 64, 84, 4, {1, 3, -1, -1}},
     .audio = {2, 64, 128, 4}},
};

struct options {
    struct shape shape;
    const char *output, *tokenizer;
    uint64_t seed;
    size_t layers; /* of text; 0: as published */
    bool f32;
    float noise; /* of the decoder's weights, of their deviation */
};

enum fill { FILL_WEIGHT, FILL_BIAS, FILL_ONE };

struct tensor {
    char name[80];
    enum fill fill;
    unsigned dims;
    size_t shape[DIMS_MAX];
    size_t count;
    unsigned shard;
    uint64_t offset; /* in the data of its shard */
};

struct plan {
    const struct options *o;
    struct tensor *tensors;
    size_t n, room;
    unsigned shards;
    uint64_t bytes;
};

static enum asid_rc write_json(struct arena *a, const struct plan *p,
                               const char *name, const struct json *v,
                               struct asid_err *err)
{
    struct buf text;
    enum asid_rc rc;

    buf_init(&text, 1 << 24);
    json_write_pretty(&text, v);
    buf_char(&text, '\n');
    rc = file_replace(path_join(a, p->o->output, name), buf_view(&text), err);
    buf_release(&text);
    return rc;
}

/* --- configuration ------------------------------------------------------ */

/* The part of a file that is the same for all shapes. */
static struct json *constant(struct arena *a, const char *text)
{
    struct asid_err err;
    struct json *v = NULL;

    BUG_IF(json_parse(a, str_of(text), 0, &v, &err) != ASID_OK);
    return v;
}

static void set_size(struct arena *a, struct json *v, const char *key, size_t n)
{
    json_set_i64(a, v, key, (int64_t)n);
}

static struct json *text_config(struct arena *a, const struct shape *s)
{
    struct json *v = constant(
        a, "{\"model_type\":\"qwen2_5_omni_text\",\"hidden_act\":\"silu\","
           "\"max_position_embeddings\":32768,\"rms_norm_eps\":1e-06,"
           "\"rope_theta\":1000000.0,\"rope_scaling\":{\"rope_type\":"
           "\"default\",\"type\":\"default\",\"mrope_section\":[]},"
           "\"use_sliding_window\":false,\"sliding_window\":null,"
           "\"tie_word_embeddings\":false,\"use_cache\":true}");
    struct json *section = json_path(v, "rope_scaling.mrope_section");

    for (int i = 0; i < 3; i++)
        json_append(section, json_new_i64(a, s->text.mrope[i]));
    set_size(a, v, "hidden_size", s->text.hidden);
    set_size(a, v, "intermediate_size", s->text.ffn);
    set_size(a, v, "num_hidden_layers", s->text.layers);
    set_size(a, v, "max_window_layers", s->text.layers);
    set_size(a, v, "num_attention_heads", s->text.heads);
    set_size(a, v, "num_key_value_heads", s->text.kv_heads);
    set_size(a, v, "vocab_size", s->text.vocab);
    return v;
}

static struct json *vision_config(struct arena *a, const struct shape *s)
{
    struct json *v = constant(
        a, "{\"model_type\":\"qwen2_5_omni_vision_encoder\","
           "\"hidden_act\":\"silu\",\"in_channels\":3,\"patch_size\":14,"
           "\"temporal_patch_size\":2,\"spatial_merge_size\":2,"
           "\"window_size\":112,\"tokens_per_second\":25,"
           "\"fullatt_block_indexes\":[]}");
    struct json *full = json_get(v, "fullatt_block_indexes");

    for (int i = 0; i < 4 && s->vision.full[i] >= 0; i++)
        json_append(full, json_new_i64(a, s->vision.full[i]));
    set_size(a, v, "depth", s->vision.depth);
    set_size(a, v, "hidden_size", s->vision.hidden);
    set_size(a, v, "embed_dim", s->vision.hidden);
    set_size(a, v, "intermediate_size", s->vision.ffn);
    set_size(a, v, "num_heads", s->vision.heads);
    set_size(a, v, "out_hidden_size", s->text.hidden);
    return v;
}

static struct json *audio_config(struct arena *a, const struct shape *s)
{
    struct json *v =
        constant(a, "{\"model_type\":\"qwen2_5_omni_audio_encoder\","
                    "\"activation_function\":\"gelu\",\"num_mel_bins\":128,"
                    "\"max_source_positions\":1500,\"n_window\":100,"
                    "\"scale_embedding\":false}");

    set_size(a, v, "d_model", s->audio.hidden);
    set_size(a, v, "encoder_layers", s->audio.layers);
    set_size(a, v, "num_hidden_layers", s->audio.layers);
    set_size(a, v, "encoder_attention_heads", s->audio.heads);
    set_size(a, v, "encoder_ffn_dim", s->audio.ffn);
    set_size(a, v, "output_dim", s->text.hidden);
    return v;
}

static enum asid_rc write_config(struct arena *a, const struct plan *p,
                                 struct asid_err *err)
{
    struct json *v = constant(
        a, "{\"architectures\":[\"Qwen2_5OmniForConditionalGeneration\"],"
           "\"model_type\":\"qwen2_5_omni\",\"enable_audio_output\":false}");
    struct json *thinker = constant(
        a, "{\"model_type\":\"qwen2_5_omni_thinker\","
           "\"audio_token_index\":151646,\"image_token_index\":151655,"
           "\"video_token_index\":151656,\"audio_start_token_id\":151647,"
           "\"audio_end_token_id\":151648,\"vision_start_token_id\":151652,"
           "\"vision_end_token_id\":151653,\"vision_token_id\":151654,"
           "\"bos_token_id\":151644,\"eos_token_id\":151645,"
           "\"pad_token_id\":151643,\"user_token_id\":872,"
           "\"position_id_per_seconds\":25,\"seconds_per_chunk\":2,"
           "\"ignore_index\":-100,\"initializer_range\":0.02}");
    const char *dtype = p->o->f32 ? "float32" : "bfloat16";

    json_set(a, thinker, "text_config", text_config(a, &p->o->shape));
    json_set(a, thinker, "vision_config", vision_config(a, &p->o->shape));
    json_set(a, thinker, "audio_config", audio_config(a, &p->o->shape));
    json_set_text(a, thinker, "torch_dtype", dtype);
    json_set(a, v, "thinker_config", thinker);
    json_set_text(a, v, "torch_dtype", dtype);
    TRY(write_json(a, p, "config.json", v, err));
    v = constant(a, "{\"bos_token_id\":151644,\"do_sample\":false,"
                    "\"eos_token_id\":[151643,151645],"
                    "\"pad_token_id\":151643,\"repetition_penalty\":1.1}");
    TRY(write_json(a, p, "generation_config.json", v, err));
    v = constant(
        a, "{\"processor_class\":\"Qwen2_5OmniProcessor\","
           "\"image_processor_type\":\"Qwen2VLImageProcessor\","
           "\"feature_extractor_type\":\"WhisperFeatureExtractor\","
           "\"image_mean\":[0.48145466,0.4578275,0.40821073],"
           "\"image_std\":[0.26862954,0.26130258,0.27577711],"
           "\"min_pixels\":3136,\"max_pixels\":12845056,\"merge_size\":2,"
           "\"patch_size\":14,\"temporal_patch_size\":2,"
           "\"feature_size\":128,\"sampling_rate\":16000,\"hop_length\":160,"
           "\"n_fft\":400,\"chunk_length\":300,\"n_samples\":4800000,"
           "\"nb_max_frames\":30000,\"padding_side\":\"right\","
           "\"padding_value\":0.0,\"dither\":0.0,"
           "\"return_attention_mask\":true}");
    return write_json(a, p, "preprocessor_config.json", v, err);
}

/* --- tokenizer ---------------------------------------------------------- */

/* Ids from 151643 on; the first 14 are special. */
static const char *const ADDED[] = {
    "<|endoftext|>",  "<|im_start|>",   "<|im_end|>",     "<|AUDIO|>",
    "<|audio_bos|>",  "<|audio_eos|>",  "<|box_end|>",    "<|quad_start|>",
    "<|quad_end|>",   "<|vision_bos|>", "<|vision_eos|>", "<|vision_pad|>",
    "<|IMAGE|>",      "<|VIDEO|>",      "<tool_call>",    "</tool_call>",
    "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
    "<|repo_name|>",  "<|file_sep|>",
};

enum { ADDED_FIRST = 151643, SPECIAL = 14 };

static enum asid_rc copy_file(struct arena *a, const struct plan *p,
                              const char *name, struct asid_err *err)
{
    struct str text;

    TRY(file_slurp(a, path_join(a, p->o->tokenizer, name), 1 << 26, &text,
                   err));
    return file_replace(path_join(a, p->o->output, name), text, err);
}

static enum asid_rc write_tokenizer(struct arena *a, const struct plan *p,
                                    struct asid_err *err)
{
    struct json *ids = json_new_object(a), *decoder = json_new_object(a);
    struct json *v = constant(
        a, "{\"add_bos_token\":false,\"add_prefix_space\":false,"
           "\"bos_token\":null,\"clean_up_tokenization_spaces\":false,"
           "\"eos_token\":\"<|im_end|>\",\"errors\":\"replace\","
           "\"model_max_length\":32768,\"pad_token\":\"<|endoftext|>\","
           "\"split_special_tokens\":false,"
           "\"tokenizer_class\":\"Qwen2Tokenizer\",\"unk_token\":null}");

    for (int i = 0; i < (int)(sizeof ADDED / sizeof *ADDED); i++) {
        struct json *t = constant(
            a, "{\"lstrip\":false,\"normalized\":false,\"rstrip\":false,"
               "\"single_word\":false}");

        json_set_i64(a, ids, ADDED[i], ADDED_FIRST + i);
        json_set_text(a, t, "content", ADDED[i]);
        json_set_bool(a, t, "special", i < SPECIAL);
        json_set(a, decoder, arena_printf(a, "%d", ADDED_FIRST + i), t);
    }
    json_set(a, v, "added_tokens_decoder", decoder);
    TRY(copy_file(a, p, "vocab.json", err));
    TRY(copy_file(a, p, "merges.txt", err));
    TRY(write_json(a, p, "added_tokens.json", ids, err));
    return write_json(a, p, "tokenizer_config.json", v, err);
}

#endif
