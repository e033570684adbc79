/*
 * config.json and preprocessor_config.json of a checkpoint folder.
 *
 * Every key has the default of the published class, because saved files may
 * omit what equals it. Each value is checked against a sane range as it is
 * read, the relations between them at the end; all faults go into one message.
 * A value that was refused is not known: sizes are then 0, ids NO_ID, and the
 * relations they stand in are not checked, so that one wrong value is one
 * fault.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "omni_int.h"

enum {
    FILE_MAX = 16 << 20,
    FAULTS_MAX = 480, /* bytes of faults a message can hold */
    MAX_LAYERS = 1000,
    MAX_WIDTH = 65536,
    MAX_FFN = 1 << 20,
    MAX_HEADS = 4096,
    MAX_VOCAB = 1 << 20,
    MERGE = 2, /* spatial and temporal merge of the vision tower */
    NO_ID = -1,
};

static const size_t no_section = SIZE_MAX; /* mrope[0] that is not known */

/* A section of the configuration that is being read. */
struct reader {
    const struct json *at;
    const char *name;
    struct buf *faults;
    size_t *hidden; /* faults that did not fit */
    bool unknown;   /* there is no such section, and that was told */
};

static void fault(struct reader *r, const char *fmt, ...) ASID_PRINTF(2, 3);

static void fault(struct reader *r, const char *fmt, ...)
{
    char text[160];
    va_list ap;
    size_t n = r->faults->n;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n + strlen(text) + 2 > FAULTS_MAX)
        ++*r->hidden;
    else
        buf_printf(r->faults, "%s%s", n ? "; " : "", text);
}

static bool is_absent(const struct json *v)
{
    return !v || json_type(v) == JSON_NULL;
}

/* --- values ------------------------------------------------------------- */

/* False when the value is refused. */
static bool get_int(struct reader *r, const char *key, int64_t fallback,
                    int64_t low, int64_t high, int64_t *out)
{
    const struct json *v = json_get(r->at, key);
    int64_t value = fallback;

    if (r->unknown)
        return false;
    if (!is_absent(v) &&
        (json_type(v) != JSON_NUMBER || !json_i64(v, &value))) {
        fault(r, "%s%s is no whole number", r->name, key);
        return false;
    }
    if (!is_absent(v) && (value < low || value > high)) {
        fault(r, "%s%s %lld is not within %lld to %lld", r->name, key,
              (long long)value, (long long)low, (long long)high);
        return false;
    }
    *out = value;
    return true;
}

static int64_t read_int(struct reader *r, const char *key, int64_t fallback,
                        int64_t low, int64_t high)
{
    int64_t value;

    return get_int(r, key, fallback, low, high, &value) ? value : fallback;
}

/* 0 when it is not known. */
static size_t read_size(struct reader *r, const char *key, size_t fallback,
                        size_t high)
{
    int64_t value;

    return get_int(r, key, (int64_t)fallback, 1, (int64_t)high, &value)
               ? (size_t)value
               : 0;
}

static double read_real(struct reader *r, const char *key, double fallback,
                        double low, double high)
{
    const struct json *v = json_get(r->at, key);
    double value;

    if (is_absent(v))
        return fallback;
    if (json_type(v) != JSON_NUMBER || !json_f64(v, &value) ||
        !(value >= low && value <= high)) {
        fault(r, "%s%s is not within %g to %g", r->name, key, low, high);
        return fallback;
    }
    return value;
}

/* The value must be the one this engine implements. */
static void want_int(struct reader *r, const char *key, int64_t only)
{
    int64_t value = read_int(r, key, only, INT64_MIN, INT64_MAX);

    if (value != only)
        fault(r, "%s%s is %lld, only %lld is supported", r->name, key,
              (long long)value, (long long)only);
}

static void want_text(struct reader *r, const char *key, const char *only)
{
    const struct json *v = json_get(r->at, key);
    const char *text = json_text(v);

    if (is_absent(v))
        return;
    if (!text || strcmp(text, only) != 0)
        fault(r, "%s%s is %.40s, only %s is supported", r->name, key,
              text ? text : "no text", only);
}

static void want_false(struct reader *r, const char *key)
{
    const struct json *v = json_get(r->at, key);

    if (!is_absent(v) && (json_type(v) != JSON_BOOL || json_bool(v)))
        fault(r, "%s%s is set, which is not supported", r->name, key);
}

/* An id under one of two names; ids are checked against the vocabulary. */
static int32_t read_id(struct reader *r, const char *key, const char *other,
                       int32_t fallback)
{
    int64_t id;

    if (is_absent(json_get(r->at, key)) && other)
        key = other;
    return get_int(r, key, fallback, 0, INT32_MAX, &id) ? (int32_t)id : NO_ID;
}

/* --- sections ----------------------------------------------------------- */

static void read_mrope(struct reader *r, struct omni_config *c)
{
    const struct json *rope = json_get(r->at, "rope_parameters");
    const struct json *section, *type;
    size_t i = 0;

    if (is_absent(rope))
        rope = json_get(r->at, "rope_scaling");
    section = json_get(rope, "mrope_section");
    type = json_get(rope, "rope_type");
    if (is_absent(type))
        type = json_get(rope, "type");
    if (!is_absent(type) &&
        (!json_text(type) || (strcmp(json_text(type), "default") != 0 &&
                              strcmp(json_text(type), "mrope") != 0)))
        fault(r, "%srope_type is %.40s, only default is supported", r->name,
              json_text(type) ? json_text(type) : "no text");
    c->text.mrope[0] = 16;
    c->text.mrope[1] = c->text.mrope[2] = 24;
    if (is_absent(section))
        return;
    if (json_type(section) != JSON_ARRAY || json_count(section) != 3) {
        fault(r, "%smrope_section is no array of three", r->name);
        c->text.mrope[0] = no_section;
        return;
    }
    json_each(item, section) {
        int64_t value;

        if (json_type(item) != JSON_NUMBER || !json_i64(item, &value) ||
            value < 0 || value > MAX_WIDTH) {
            fault(r, "%smrope_section[%zu] is no size", r->name, i);
            c->text.mrope[0] = no_section;
            return;
        }
        c->text.mrope[i++] = (size_t)value;
    }
}

static double read_theta(struct reader *r)
{
    const struct json *rope = json_get(r->at, "rope_parameters");
    struct reader in_rope = *r;

    in_rope.at = rope;
    return read_real(is_absent(json_get(rope, "rope_theta")) ? r : &in_rope,
                     "rope_theta", 1e6, 1, 1e12);
}

/* The width of a head; 0, not known, unless the heads share alike. */
static size_t quotient(size_t hidden, size_t heads)
{
    return heads && hidden % heads == 0 ? hidden / heads : 0;
}

/* Whether a is known, and no multiple of b, which is known, too. */
static bool uneven(size_t a, size_t b)
{
    return a && b && a % b;
}

static bool differ(size_t a, size_t b)
{
    return a && b && a != b;
}

static void read_text(struct reader *r, struct omni_config *c)
{
    c->text.layers = read_size(r, "num_hidden_layers", 28, MAX_LAYERS);
    c->text.hidden = read_size(r, "hidden_size", 3584, MAX_WIDTH);
    c->text.ffn = read_size(r, "intermediate_size", 18944, MAX_FFN);
    c->text.heads = read_size(r, "num_attention_heads", 28, MAX_HEADS);
    c->text.kv_heads = read_size(r, "num_key_value_heads", 4, MAX_HEADS);
    c->text.head_dim = read_size(
        r, "head_dim", quotient(c->text.hidden, c->text.heads), MAX_WIDTH);
    c->text.vocab = read_size(r, "vocab_size", 152064, MAX_VOCAB);
    c->text.eps = (float)read_real(r, "rms_norm_eps", 1e-6, 1e-12, 1);
    c->text.rope_theta = read_theta(r);
    read_mrope(r, c);
    want_text(r, "hidden_act", "silu");
    want_false(r, "use_sliding_window");
    json_each(item, json_get(r->at, "layer_types")) {
        if (!json_text(item) || strcmp(json_text(item), "full_attention")) {
            fault(r,
                  "%slayer_types has %.40s, only full_attention is "
                  "supported",
                  r->name, json_text(item) ? json_text(item) : "no text");
            break;
        }
    }
}

static void read_full_layers(struct reader *r, struct omni_config *c)
{
    enum { MOST = sizeof c->vision.full_layers / sizeof(size_t) };
    const struct json *list = json_get(r->at, "fullatt_block_indexes");

    if (is_absent(list)) {
        for (size_t i = 0; i < 4; i++)
            c->vision.full_layers[i] = 8 * i + 7;
        c->vision.n_full = 4;
        return;
    }
    if (json_type(list) != JSON_ARRAY || json_count(list) > MOST) {
        fault(r, "%sfullatt_block_indexes is no array of up to %d", r->name,
              (int)MOST);
        return;
    }
    json_each(item, list) {
        int64_t value;

        if (json_type(item) != JSON_NUMBER || !json_i64(item, &value) ||
            value < 0 || value >= MAX_LAYERS) {
            fault(r, "%sfullatt_block_indexes[%zu] is no block", r->name,
                  c->vision.n_full);
            return;
        }
        c->vision.full_layers[c->vision.n_full++] = (size_t)value;
    }
}

static void read_vision(struct reader *r, struct omni_config *c)
{
    const char *hidden = "hidden_size";

    if (is_absent(json_get(r->at, hidden)))
        hidden = "embed_dim";
    c->vision.layers = read_size(r, "depth", 32, MAX_LAYERS);
    c->vision.hidden = read_size(r, hidden, 3584, MAX_WIDTH);
    c->vision.ffn = read_size(r, "intermediate_size", 3420, MAX_FFN);
    c->vision.heads = read_size(r, "num_heads", 16, MAX_HEADS);
    c->vision.patch = read_size(r, "patch_size", 14, 256);
    c->vision.window = read_size(r, "window_size", 112, MAX_WIDTH);
    c->vision.out = read_size(r, "out_hidden_size", 3584, MAX_WIDTH);
    read_full_layers(r, c);
    want_int(r,
             is_absent(json_get(r->at, "in_channels")) ? "in_chans"
                                                       : "in_channels",
             3);
    want_int(r, "spatial_merge_size", MERGE);
    want_int(r, "temporal_patch_size", MERGE);
    want_text(r, "hidden_act", "silu");
}

static void read_audio(struct reader *r, struct omni_config *c)
{
    c->audio.layers = read_size(r, "encoder_layers", 32, MAX_LAYERS);
    c->audio.hidden = read_size(r, "d_model", 1280, MAX_WIDTH);
    c->audio.ffn = read_size(r, "encoder_ffn_dim", 5120, MAX_FFN);
    c->audio.heads = read_size(r, "encoder_attention_heads", 20, MAX_HEADS);
    c->audio.mels = read_size(r, "num_mel_bins", 128, 1024);
    c->audio.window = read_size(r, "n_window", 100, MAX_WIDTH);
    c->audio.max_positions =
        read_size(r, "max_source_positions", 1500, MAX_WIDTH);
    c->audio.out = read_size(r, "output_dim", 3584, MAX_WIDTH);
    want_text(r, "activation_function", "gelu");
}

/* The id that ends a turn: the thinker's, the text model's, the published. */
static int32_t read_stop(struct reader *r, struct reader *text)
{
    enum { PUBLISHED = 151645 };
    struct reader *both[] = {r, text};

    for (size_t i = 0; i < 2; i++) {
        struct reader at = *both[i];
        const struct json *v = json_get(at.at, "eos_token_id");

        if (is_absent(v))
            continue;
        if (json_type(v) != JSON_ARRAY)
            return read_id(&at, "eos_token_id", NULL, PUBLISHED);
        v = json_at(v, 0);
        if (!is_absent(v)) {
            int64_t id;

            if (json_type(v) == JSON_NUMBER && json_i64(v, &id) && id >= 0 &&
                id <= INT32_MAX)
                return (int32_t)id;
            fault(&at, "%seos_token_id[0] is no id", at.name);
            return NO_ID;
        }
    }
    return PUBLISHED;
}

static void read_thinker(struct reader *r, struct omni_config *c)
{
    c->audio_id = read_id(r, "audio_token_index", "audio_token_id", 151646);
    c->image_id = read_id(r, "image_token_index", "image_token_id", 151655);
    c->video_id = read_id(r, "video_token_index", "video_token_id", 151656);
    c->audio_bos = read_id(r, "audio_start_token_id", NULL, 151647);
    c->audio_eos = read_id(r, "audio_end_token_id", NULL, 151648);
    c->vision_bos = read_id(r, "vision_start_token_id", NULL, 151652);
    c->vision_eos = read_id(r, "vision_end_token_id", NULL, 151653);
    c->positions_per_second =
        (int)read_int(r, "position_id_per_seconds", 25, 1, 10000);
    c->seconds_per_chunk = (int)read_int(r, "seconds_per_chunk", 2, 1, 3600);
}

/* --- relations ---------------------------------------------------------- */

static void check_text(struct reader *r, const struct omni_config *c)
{
    size_t half = c->text.head_dim / 2;
    size_t sum = c->text.mrope[1] + c->text.mrope[2];

    if (is_absent(json_get(r->at, "head_dim")) &&
        uneven(c->text.hidden, c->text.heads))
        fault(r, "%shidden_size %zu is no multiple of num_attention_heads %zu",
              r->name, c->text.hidden, c->text.heads);
    if (uneven(c->text.heads, c->text.kv_heads))
        fault(r,
              "%snum_attention_heads %zu is no multiple of "
              "num_key_value_heads %zu",
              r->name, c->text.heads, c->text.kv_heads);
    if (c->text.head_dim % 2)
        fault(r, "%shead_dim %zu is odd", r->name, c->text.head_dim);
    else if (half && c->text.mrope[0] != no_section &&
             c->text.mrope[0] + sum != half)
        fault(r, "%smrope_section adds up to %zu, not to head_dim/2 = %zu",
              r->name, c->text.mrope[0] + sum, half);
}

static void check_vision(struct reader *r, const struct omni_config *c)
{
    if (uneven(c->vision.hidden, c->vision.heads))
        fault(r, "%shidden_size %zu is no multiple of num_heads %zu", r->name,
              c->vision.hidden, c->vision.heads);
    else if (quotient(c->vision.hidden, c->vision.heads) % 4)
        fault(r, "%shidden_size/num_heads %zu is no multiple of 4", r->name,
              c->vision.hidden / c->vision.heads);
    if (uneven(c->vision.window, c->vision.patch * MERGE))
        fault(r, "%swindow_size %zu is no multiple of %d times patch_size %zu",
              r->name, c->vision.window, MERGE, c->vision.patch);
    if (differ(c->vision.out, c->text.hidden))
        fault(r, "%sout_hidden_size %zu is not the text's hidden_size %zu",
              r->name, c->vision.out, c->text.hidden);
    for (size_t i = 0; c->vision.layers && i < c->vision.n_full; i++)
        if (c->vision.full_layers[i] >= c->vision.layers)
            fault(r, "%sfullatt_block_indexes has %zu, depth is %zu", r->name,
                  c->vision.full_layers[i], c->vision.layers);
}

static void check_audio(struct reader *r, const struct omni_config *c)
{
    if (uneven(c->audio.hidden, c->audio.heads))
        fault(r, "%sd_model %zu is no multiple of encoder_attention_heads %zu",
              r->name, c->audio.hidden, c->audio.heads);
    /* The sinusoids divide by d_model/2 - 1. */
    if (c->audio.hidden && (c->audio.hidden % 2 || c->audio.hidden < 4))
        fault(r, "%sd_model %zu is not even or below 4", r->name,
              c->audio.hidden);
    if (c->audio.max_positions && c->audio.window > c->audio.max_positions)
        fault(r, "%sn_window %zu exceeds max_source_positions %zu", r->name,
              c->audio.window, c->audio.max_positions);
    if (differ(c->audio.out, c->text.hidden))
        fault(r, "%soutput_dim %zu is not the text's hidden_size %zu", r->name,
              c->audio.out, c->text.hidden);
}

static void check_ids(struct reader *r, const struct omni_config *c)
{
    const struct {
        const char *name;
        int32_t id;
    } ids[] = {
        {"audio_token_index", c->audio_id},
        {"image_token_index", c->image_id},
        {"video_token_index", c->video_id},
        {"audio_start_token_id", c->audio_bos},
        {"audio_end_token_id", c->audio_eos},
        {"vision_start_token_id", c->vision_bos},
        {"vision_end_token_id", c->vision_eos},
        {"eos_token_id", c->stop_id},
    };
    enum { N = sizeof ids / sizeof *ids, PLACEHOLDERS = 3 };

    for (size_t i = 0; i < N; i++) {
        if (ids[i].id == NO_ID)
            continue;
        if (c->text.vocab && (size_t)ids[i].id >= c->text.vocab)
            fault(r, "%s%s %d is past vocab_size %zu", r->name, ids[i].name,
                  ids[i].id, c->text.vocab);
        /* A placeholder must be told from every other token. */
        for (size_t j = 0; j < i && j < PLACEHOLDERS; j++)
            if (ids[i].id == ids[j].id)
                fault(r, "%s%s and %s are both %d", r->name, ids[i].name,
                      ids[j].name, ids[i].id);
    }
}

/* --- files -------------------------------------------------------------- */

static enum asid_rc load(struct arena *a, const char *dir, const char *name,
                         struct json **out, struct asid_err *err)
{
    struct str text;
    struct asid_err inner;

    TRY(file_slurp(a, path_join(a, dir, name), FILE_MAX, &text, err));
    if (json_parse(a, text, 0, out, &inner) != ASID_OK)
        return FAIL(err, "%s/%s: %s", dir, name, inner.text);
    if (json_type(*out) != JSON_OBJECT)
        return FAIL(err, "%s/%s: expected an object, got %s", dir, name,
                    json_type_name(json_type(*out)));
    return ASID_OK;
}

static enum asid_rc finish(struct reader *r, const char *dir, const char *name,
                           struct asid_err *err)
{
    if (r->faults->n == 0 && *r->hidden == 0)
        return ASID_OK;
    if (*r->hidden)
        return FAIL(err, "%s/%s: %s; and %zu more", dir, name,
                    buf_view(r->faults).p, *r->hidden);
    return FAIL(err, "%s/%s: %s", dir, name, buf_view(r->faults).p);
}

/* Member of r that must be an object or absent (then all defaults hold). */
static struct reader section(struct reader *r, const char *key,
                             const char *name)
{
    const struct json *v = json_get(r->at, key);
    struct reader s = {v, name, r->faults, r->hidden, r->unknown};

    if (!is_absent(v) && json_type(v) != JSON_OBJECT) {
        fault(r, "%s%s is no object", r->name, key);
        s.unknown = true;
    }
    return s;
}

static enum asid_rc read_config(const struct json *root, const char *dir,
                                struct buf *faults, struct omni_config *c,
                                struct asid_err *err)
{
    const char *type = json_text(json_get(root, "model_type"));
    size_t hidden = 0;
    struct reader top = {root, "", faults, &hidden, false}, thinker, text,
                  vision, audio;

    if (!type)
        return FAIL(err, "%s/config.json: model_type is missing", dir);
    if (strcmp(type, "qwen2_5_omni") != 0 &&
        strcmp(type, "qwen2_5_omni_thinker") != 0)
        return FAIL(err,
                    "%s/config.json: model_type %.80s is not supported "
                    "(only qwen2_5_omni and qwen2_5_omni_thinker are)",
                    dir, type);
    snprintf(c->architecture, sizeof c->architecture, "%s", type);
    thinker = top;
    if (strcmp(type, "qwen2_5_omni") == 0)
        thinker = section(&top, "thinker_config", "thinker_config.");
    text = section(&thinker, "text_config", "text_config.");
    vision = section(&thinker, "vision_config", "vision_config.");
    audio = section(&thinker, "audio_config", "audio_config.");
    read_text(&text, c);
    read_vision(&vision, c);
    read_audio(&audio, c);
    read_thinker(&thinker, c);
    c->stop_id = read_stop(&thinker, &text);
    check_text(&text, c);
    check_vision(&vision, c);
    check_audio(&audio, c);
    check_ids(&thinker, c);
    return finish(&top, dir, "config.json", err);
}

static void want_reals(struct reader *r, const char *key, const double *only)
{
    const struct json *list = json_get(r->at, key);
    bool same = json_count(list) == 3;
    size_t i = 0;

    if (is_absent(list))
        return;
    json_each(item, list) {
        double value;

        same = same && json_type(item) == JSON_NUMBER &&
               json_f64(item, &value) && fabs(value - only[i]) < 1e-6;
        i++;
    }
    if (!same)
        fault(r, "%s%s is not the published one", r->name, key);
}

/* What the processors of the checkpoint do with sound and pictures. */
static enum asid_rc read_processor(const struct json *root, const char *dir,
                                   const char *name, struct buf *faults,
                                   struct omni_config *c, struct asid_err *err)
{
    static const double mean[] = {0.48145466, 0.4578275, 0.40821073};
    static const double std[] = {0.26862954, 0.26130258, 0.27577711};
    enum { LONGEST = 3600 };
    size_t hidden = 0;
    struct reader r = {root, "", faults, &hidden, false};
    const char *side = json_text(json_get(root, "padding_side"));

    if (!is_absent(json_get(root, "padding_side")) &&
        (!side || (strcmp(side, "left") != 0 && strcmp(side, "right") != 0)))
        fault(&r, "padding_side is %.40s, not left or right",
              side ? side : "no text");
    c->audio.pad_left = side && strcmp(side, "left") == 0;
    c->audio.max_seconds =
        (double)read_int(&r, "chunk_length", 300, 1, LONGEST);
    want_int(&r, "feature_size", (int64_t)c->audio.mels);
    want_int(&r, "sampling_rate", 16000);
    want_int(&r, "hop_length", 160);
    want_int(&r, "n_fft", 400);
    if (read_real(&r, "dither", 0, -1e9, 1e9) != 0)
        fault(&r, "dither is set, which is not supported");
    want_int(&r, "patch_size", (int64_t)c->vision.patch);
    want_int(&r, "merge_size", MERGE);
    want_int(&r, "temporal_patch_size", MERGE);
    want_reals(&r, "image_mean", mean);
    want_reals(&r, "image_std", std);
    return finish(&r, dir, name, err);
}

static enum asid_rc load_processor(struct arena *a, const char *dir,
                                   struct buf *faults, struct omni_config *c,
                                   struct asid_err *err)
{
    /* Newer savers nest the sound's settings in another file. */
    static const char *const names[] = {"preprocessor_config.json",
                                        "processor_config.json"};

    c->audio.max_seconds = 300;
    for (size_t i = 0; i < 2; i++) {
        struct json *root;
        const struct json *at;

        if (access(path_join(a, dir, names[i]), F_OK) != 0)
            continue;
        TRY(load(a, dir, names[i], &root, err));
        at = i == 0 ? root : json_get(root, "feature_extractor");
        return at ? read_processor(at, dir, names[i], faults, c, err) : ASID_OK;
    }
    return ASID_OK;
}

enum asid_rc omni_config_load(const char *dir, struct omni_config *out,
                              struct asid_err *err)
{
    enum asid_rc rc;
    struct arena arena = ARENA_INIT;
    struct omni_config c = {.architecture = ""};
    struct json *root;
    struct buf faults;

    buf_init(&faults, FAULTS_MAX + 1);
    rc = load(&arena, dir, "config.json", &root, err);
    if (rc != ASID_OK)
        goto out;
    rc = read_config(root, dir, &faults, &c, err);
    if (rc != ASID_OK)
        goto out;
    rc = load_processor(&arena, dir, &faults, &c, err);
    if (rc == ASID_OK)
        *out = c;
out:
    buf_release(&faults);
    arena_release(&arena);
    return rc;
}
