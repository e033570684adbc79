/* config.json and preprocessor_config.json: defaults, spellings, refusals. */
#include "../../common/omni/omni_int.h"
#include "vectors.h"

#define TINY "tests/vectors/checkpoints/"

/* Load from a folder that holds these two files; processor may be NULL. */
static enum asid_rc load_text(const char *config, const char *processor,
                              struct omni_config *c, struct asid_err *err)
{
    struct arena a = ARENA_INIT;
    char *dir = vector_folder(&a);
    enum asid_rc rc;

    vector_file(&a, dir, "config.json", str_of(config));
    if (processor)
        vector_file(&a, dir, "preprocessor_config.json", str_of(processor));
    rc = omni_config_load(dir, c, err);
    if (rc != ASID_OK)
        CHECK(strstr(err->text, dir), "no folder in: %s", err->text);
    vector_remove(&a, dir, "config.json");
    vector_remove(&a, dir, "preprocessor_config.json");
    vector_remove(&a, dir, NULL);
    arena_release(&a);
    return rc;
}

static void check_tiny(void)
{
    struct omni_config c;
    struct asid_err err;

    CHECK_OK(omni_config_load(TINY "tiny-a", &c, &err), err);
    CHECK_TEXT(c.architecture, "qwen2_5_omni");
    CHECK(c.text.layers == 3 && c.text.hidden == 96 && c.text.ffn == 160 &&
              c.text.heads == 6 && c.text.kv_heads == 2 &&
              c.text.head_dim == 16 && c.text.vocab == 984,
          "text of tiny-a");
    CHECK(c.text.mrope[0] == 2 && c.text.mrope[1] == 3 && c.text.mrope[2] == 3,
          "mrope of tiny-a");
    CHECK(c.vision.layers == 4 && c.vision.hidden == 64 && c.vision.ffn == 84 &&
              c.vision.heads == 4 && c.vision.out == 96 &&
              c.vision.n_full == 2 && c.vision.full_layers[0] == 1 &&
              c.vision.full_layers[1] == 3,
          "vision of tiny-a");
    CHECK(c.audio.layers == 2 && c.audio.hidden == 64 && c.audio.ffn == 128 &&
              c.audio.heads == 4 && c.audio.out == 96,
          "audio of tiny-a");
    CHECK(c.audio_id == 959 && c.image_id == 968 && c.video_id == 969 &&
              c.audio_bos == 960 && c.audio_eos == 961 && c.vision_bos == 965 &&
              c.vision_eos == 966 && c.stop_id == 958,
          "ids of tiny-a");
    CHECK(!c.audio.pad_left && c.audio.max_seconds == 300,
          "processor of tiny-a");
    CHECK_OK(omni_config_load(TINY "tiny-b", &c, &err), err);
    CHECK_TEXT(c.architecture, "qwen2_5_omni_thinker");
    CHECK_OK(omni_config_load(TINY "tiny-c", &c, &err), err);
}

static void check_defaults(void)
{
    struct omni_config c;
    struct asid_err err;

    CHECK_OK(
        load_text("{\"model_type\":\"qwen2_5_omni_thinker\"}", NULL, &c, &err),
        err);
    CHECK(c.text.layers == 28 && c.text.hidden == 3584 && c.text.ffn == 18944 &&
              c.text.heads == 28 && c.text.kv_heads == 4 &&
              c.text.head_dim == 128 && c.text.vocab == 152064 &&
              c.text.eps == 1e-6f && c.text.rope_theta == 1e6 &&
              c.text.mrope[0] == 16 && c.text.mrope[1] == 24 &&
              c.text.mrope[2] == 24,
          "text");
    CHECK(c.vision.layers == 32 && c.vision.hidden == 3584 &&
              c.vision.ffn == 3420 && c.vision.heads == 16 &&
              c.vision.patch == 14 && c.vision.window == 112 &&
              c.vision.out == 3584 && c.vision.n_full == 4 &&
              c.vision.full_layers[0] == 7 && c.vision.full_layers[3] == 31,
          "vision");
    CHECK(c.audio.layers == 32 && c.audio.hidden == 1280 &&
              c.audio.ffn == 5120 && c.audio.heads == 20 &&
              c.audio.mels == 128 && c.audio.window == 100 &&
              c.audio.max_positions == 1500 && c.audio.out == 3584 &&
              !c.audio.pad_left && c.audio.max_seconds == 300,
          "audio");
    CHECK(c.audio_id == 151646 && c.image_id == 151655 &&
              c.video_id == 151656 && c.audio_bos == 151647 &&
              c.audio_eos == 151648 && c.vision_bos == 151652 &&
              c.vision_eos == 151653 && c.stop_id == 151645 &&
              c.positions_per_second == 25 && c.seconds_per_chunk == 2,
          "ids");
}

#define FULL(inner)                                                            \
 "{\"model_type\":\"qwen2_5_omni\",\"thinker_config\":{" inner "}}"
#define ALONE(inner) "{\"model_type\":\"qwen2_5_omni_thinker\"," inner "}"

static void check_spellings(void)
{
    struct omni_config c;
    struct asid_err err;

    CHECK_OK(load_text(ALONE("\"text_config\":{\"rope_parameters\":{"
                             "\"rope_type\":\"default\",\"rope_theta\":5e5,"
                             "\"mrope_section\":[32,16,16]},\"rope_theta\":7,"
                             "\"rope_scaling\":null}"),
                       NULL, &c, &err),
             err);
    CHECK(c.text.rope_theta == 5e5 && c.text.mrope[0] == 32, "%g, %zu",
          c.text.rope_theta, c.text.mrope[0]);
    CHECK_OK(load_text(ALONE("\"text_config\":{\"rope_theta\":10000.0,"
                             "\"rope_scaling\":{\"type\":\"mrope\","
                             "\"mrope_section\":[16,24,24]}}"),
                       NULL, &c, &err),
             err);
    CHECK(c.text.rope_theta == 1e4, "%g", c.text.rope_theta);
    CHECK_OK(load_text(ALONE("\"audio_token_id\":5,\"image_token_id\":6,"
                             "\"video_token_id\":7"),
                       NULL, &c, &err),
             err);
    CHECK(c.audio_id == 5 && c.image_id == 6 && c.video_id == 7, "ids %d",
          c.audio_id);
    CHECK_OK(load_text(ALONE("\"vision_config\":{\"embed_dim\":1280,"
                             "\"in_chans\":3}"),
                       NULL, &c, &err),
             err);
    CHECK(c.vision.hidden == 1280, "%zu", c.vision.hidden);
    CHECK_OK(load_text(ALONE("\"x\":1"),
                       "{\"padding_side\":\"left\",\"chunk_length\":30}", &c,
                       &err),
             err);
    CHECK(c.audio.pad_left && c.audio.max_seconds == 30, "%g",
          c.audio.max_seconds);
}

static void check_stop_ids(void)
{
    static const struct {
        const char *config;
        int32_t id;
    } cases[] = {
        {FULL("\"eos_token_id\":7,\"text_config\":{\"eos_token_id\":8}"), 7},
        {FULL("\"eos_token_id\":null,\"text_config\":{\"eos_token_id\":8}"), 8},
        {FULL("\"text_config\":{\"eos_token_id\":8}"), 8},
        {FULL("\"text_config\":{\"eos_token_id\":null}"), 151645},
        {FULL("\"eos_token_id\":[9,10]"), 9},
        {FULL("\"eos_token_id\":[]"), 151645},
    };
    struct omni_config c;
    struct asid_err err;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_OK(load_text(cases[i].config, NULL, &c, &err), err);
        CHECK(c.stop_id == cases[i].id, "%s: %d", cases[i].config, c.stop_id);
    }
}

static void check_refusals(void)
{
    static const struct {
        const char *config, *message;
    } cases[] = {
        {"", "config.json"},
        {"[]", "expected an object, got array"},
        {"{", "config.json"},
        {"{}", "model_type is missing"},
        {"{\"model_type\":7}", "model_type is missing"},
        {"{\"model_type\":\"llama\"}", "llama is not supported (only qwen2"},
        {FULL("\"text_config\":[]"), "text_config is no object"},
        {"{\"model_type\":\"qwen2_5_omni\",\"thinker_config\":3}",
         "thinker_config is no object"},
        {FULL("\"text_config\":{\"hidden_size\":0}"),
         "text_config.hidden_size 0 is not within 1 to 65536"},
        {FULL("\"text_config\":{\"hidden_size\":-3584}"), "hidden_size -3584"},
        {FULL("\"text_config\":{\"hidden_size\":3584.5}"),
         "text_config.hidden_size is no whole number"},
        {FULL("\"text_config\":{\"hidden_size\":\"3584\"}"),
         "is no whole number"},
        {FULL("\"text_config\":{\"hidden_size\":99999999999999999999}"),
         "hidden_size"},
        {FULL("\"text_config\":{\"num_hidden_layers\":1001}"),
         "num_hidden_layers 1001 is not within 1 to 1000"},
        {FULL("\"text_config\":{\"vocab_size\":2000000}"),
         "vocab_size 2000000"},
        {FULL("\"text_config\":{\"vocab_size\":100}"),
         "audio_token_index 151646 is past vocab_size 100"},
        {FULL("\"text_config\":{\"num_attention_heads\":27}"),
         "is no multiple of num_attention_heads 27"},
        {FULL("\"text_config\":{\"num_key_value_heads\":5}"),
         "num_attention_heads 28 is no multiple of num_key_value_heads 5"},
        {FULL("\"text_config\":{\"head_dim\":127}"), "head_dim 127 is odd"},
        {FULL("\"text_config\":{\"rope_scaling\":{\"mrope_section\":"
              "[16,24,25]}}"),
         "mrope_section adds up to 65, not to head_dim/2 = 64"},
        {FULL("\"text_config\":{\"rope_scaling\":{\"mrope_section\":[64]}}"),
         "mrope_section is no array of three"},
        {FULL("\"text_config\":{\"rope_scaling\":{\"mrope_section\":"
              "[64,\"a\",0]}}"),
         "mrope_section[1] is no size"},
        {FULL("\"text_config\":{\"rope_scaling\":{\"rope_type\":\"yarn\"}}"),
         "rope_type is yarn"},
        {FULL("\"text_config\":{\"rope_theta\":0}"), "rope_theta is not"},
        {FULL("\"text_config\":{\"hidden_act\":\"gelu\"}"),
         "hidden_act is gelu, only silu"},
        {FULL("\"text_config\":{\"use_sliding_window\":true}"),
         "use_sliding_window is set"},
        {FULL("\"text_config\":{\"layer_types\":[\"full_attention\","
              "\"sliding_attention\"]}"),
         "layer_types has sliding_attention"},
        {FULL("\"vision_config\":{\"num_heads\":15}"),
         "no multiple of num_heads 15"},
        {FULL("\"vision_config\":{\"hidden_size\":32,\"num_heads\":16}"),
         "hidden_size/num_heads 2 is no multiple of 4"},
        {FULL("\"vision_config\":{\"window_size\":100}"),
         "window_size 100 is no multiple"},
        {FULL("\"vision_config\":{\"spatial_merge_size\":1}"),
         "spatial_merge_size is 1, only 2"},
        {FULL("\"vision_config\":{\"temporal_patch_size\":1}"),
         "temporal_patch_size is 1"},
        {FULL("\"vision_config\":{\"in_channels\":4}"), "in_channels is 4"},
        {FULL("\"vision_config\":{\"out_hidden_size\":2048}"),
         "out_hidden_size 2048 is not the text's hidden_size 3584"},
        {FULL("\"vision_config\":{\"fullatt_block_indexes\":[32]}"),
         "fullatt_block_indexes has 32, depth is 32"},
        {FULL("\"vision_config\":{\"fullatt_block_indexes\":[-1]}"),
         "fullatt_block_indexes[0] is no block"},
        {FULL("\"vision_config\":{\"fullatt_block_indexes\":7}"),
         "fullatt_block_indexes is no array"},
        {FULL("\"audio_config\":{\"encoder_attention_heads\":7}"),
         "d_model 1280 is no multiple of encoder_attention_heads 7"},
        {FULL("\"audio_config\":{\"d_model\":5,"
              "\"encoder_attention_heads\":1}"),
         "d_model 5 is not even"},
        {FULL("\"audio_config\":{\"output_dim\":1}"),
         "output_dim 1 is not the text's"},
        {FULL("\"audio_config\":{\"activation_function\":\"relu\"}"),
         "activation_function is relu"},
        {FULL("\"audio_config\":{\"n_window\":2000}"),
         "n_window 2000 exceeds max_source_positions 1500"},
        {FULL("\"image_token_index\":151656"),
         "video_token_index and image_token_index are both 151656"},
        {FULL("\"video_token_index\":-1"), "video_token_index -1"},
        {FULL("\"seconds_per_chunk\":0"), "seconds_per_chunk 0"},
        {FULL("\"position_id_per_seconds\":0"), "position_id_per_seconds 0"},
    };
    struct omni_config c;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct asid_err err = {.text = ""};
        enum asid_rc rc = load_text(cases[i].config, NULL, &c, &err);

        CHECK(rc == ASID_FAILED && strstr(err.text, cases[i].message),
              "%s: rc %d: %s", cases[i].config, (int)rc, err.text);
    }
}

static void check_all_named(void)
{
    struct omni_config c;
    struct asid_err err = {.text = ""};

    CHECK(load_text(FULL("\"text_config\":{\"hidden_act\":\"relu\","
                         "\"num_key_value_heads\":5},\"audio_config\":{"
                         "\"output_dim\":7}"),
                    NULL, &c, &err) == ASID_FAILED,
          "three faults");
    CHECK(strstr(err.text, "hidden_act") &&
              strstr(err.text, "num_key_value_heads 5") &&
              strstr(err.text, "output_dim 7"),
          "%s", err.text);
    CHECK(load_text(FULL("\"text_config\":{\"hidden_size\":7,"
                         "\"num_attention_heads\":5,\"hidden_act\":\"a\","
                         "\"use_sliding_window\":1,\"vocab_size\":9,"
                         "\"num_key_value_heads\":3}"),
                    NULL, &c, &err) == ASID_FAILED &&
              strstr(err.text, " more"),
          "more than a message holds: %s", err.text);
}

/* A value that cannot be is told once: what would be derived from it, and what
 * it would have to agree with, is not complained about. */
static void check_alone(void)
{
    static const char *const cases[] = {
        FULL("\"text_config\":[]"),
        "{\"model_type\":\"qwen2_5_omni\",\"thinker_config\":3}",
        FULL("\"vision_config\":{\"out_hidden_size\":2048},"
             "\"audio_config\":{\"output_dim\":2048},\"text_config\":7"),
        FULL("\"vision_config\":{\"out_hidden_size\":2048},"
             "\"audio_config\":{\"output_dim\":2048},\"text_config\":{"
             "\"hidden_size\":\"2048\"}"),
        FULL("\"text_config\":{\"hidden_size\":2048,"
             "\"num_attention_heads\":16},"
             "\"vision_config\":{\"out_hidden_size\":-2},"
             "\"audio_config\":{\"output_dim\":2048}"),
        FULL("\"text_config\":{\"num_attention_heads\":0}"),
        FULL("\"text_config\":{\"num_attention_heads\":16}"),
        FULL("\"text_config\":{\"head_dim\":0,\"rope_scaling\":{"
             "\"mrope_section\":[2,3,3]}}"),
        FULL("\"text_config\":{\"head_dim\":127}"),
        FULL("\"text_config\":{\"head_dim\":16,\"rope_scaling\":{"
             "\"mrope_section\":[64]}}"),
        FULL("\"text_config\":{\"head_dim\":16,\"rope_scaling\":{"
             "\"mrope_section\":[2,3,\"3\"]}}"),
        FULL("\"text_config\":{\"vocab_size\":0}"),
        FULL("\"vision_config\":{\"depth\":0,\"fullatt_block_indexes\":"
             "[40]}"),
        FULL("\"vision_config\":{\"hidden_size\":0,\"num_heads\":15}"),
        FULL("\"vision_config\":{\"hidden_size\":1001,\"num_heads\":0}"),
        FULL("\"vision_config\":{\"patch_size\":0,\"window_size\":100}"),
        FULL("\"vision_config\":{\"window_size\":0}"),
        FULL("\"audio_config\":{\"d_model\":0,"
             "\"encoder_attention_heads\":7}"),
        FULL("\"audio_config\":{\"encoder_attention_heads\":0}"),
        FULL("\"audio_config\":{\"max_source_positions\":0,"
             "\"n_window\":2000}"),
        FULL("\"text_config\":{\"vocab_size\":151657},"
             "\"eos_token_id\":\"x\""),
        FULL("\"text_config\":{\"vocab_size\":151657},"
             "\"eos_token_id\":[\"x\"]"),
        FULL("\"audio_token_index\":-1,\"image_token_index\":0,"
             "\"video_token_index\":1"),
    };
    struct omni_config c;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct asid_err err = {.text = ""};

        CHECK(load_text(cases[i], NULL, &c, &err) == ASID_FAILED &&
                  strstr(err.text, "; ") == NULL,
              "%s: %s", cases[i], err.text);
    }
}

static void check_processor(void)
{
    static const struct {
        const char *processor, *message;
    } cases[] = {
        {"[]", "expected an object"},
        {"{\"padding_side\":\"middle\"}", "padding_side is middle"},
        {"{\"chunk_length\":0}", "chunk_length 0"},
        {"{\"chunk_length\":1e9}", "chunk_length 1000000000"},
        {"{\"feature_size\":80}", "feature_size is 80, only 128"},
        {"{\"hop_length\":320}", "hop_length is 320"},
        {"{\"sampling_rate\":48000}", "sampling_rate is 48000"},
        {"{\"n_fft\":512}", "n_fft is 512"},
        {"{\"dither\":0.1}", "dither is set"},
        {"{\"merge_size\":1}", "merge_size is 1"},
        {"{\"patch_size\":16}", "patch_size is 16, only 14"},
        {"{\"image_mean\":[0.5,0.5,0.5]}", "image_mean is not"},
        {"{\"image_std\":[0.26862954]}", "image_std is not"},
    };
    struct omni_config c;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct asid_err err = {.text = ""};
        enum asid_rc rc =
            load_text(ALONE("\"x\":1"), cases[i].processor, &c, &err);

        CHECK(rc == ASID_FAILED && strstr(err.text, cases[i].message) &&
                  strstr(err.text, "preprocessor_config.json"),
              "%s: rc %d: %s", cases[i].processor, (int)rc, err.text);
    }
}

int main(void)
{
    struct omni_config c;
    struct asid_err err;

    check_tiny();
    check_case("the small checkpoints' configurations");
    check_defaults();
    check_case("what a file omits is as the published class has it");
    check_spellings();
    check_case("older and newer spellings of keys");
    check_stop_ids();
    check_case("the stop id comes from the thinker, then the text");
    check_refusals();
    check_case("each violated constraint is named with its value");
    check_all_named();
    check_case("all violations are in one message");
    check_alone();
    check_case("a bad value brings no complaints about others");
    check_processor();
    check_case("processors that differ from what is built in are refused");
    CHECK(omni_config_load("tests/no-such-folder", &c, &err) == ASID_FAILED &&
              strstr(err.text, "config.json"),
          "%s", err.text);
    check_case("a missing folder is named");
    return check_done();
}
