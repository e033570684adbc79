/* Checkpoints and measurements as JSON. */
#include "asid/ask/describe.h"

#include <stdio.h>
#include <stdlib.h>

static void set_size(struct arena *a, struct json *object, const char *key,
                     size_t value)
{
    json_set_i64(a, object, key, (int64_t)value);
}

void describe_figure(struct arena *a, struct json *object, const char *key,
                     double value)
{
    char text[40];

    snprintf(text, sizeof text, "%.6g", value);
    json_set_f64(a, object, key, strtod(text, NULL));
}

/* --- configuration -------------------------------------------------------- */

static struct json *text_json(struct arena *a, const struct omni_config *c)
{
    struct json *o = json_new_object(a), *sections = json_new_array(a);

    set_size(a, o, "layers", c->text.layers);
    set_size(a, o, "hidden", c->text.hidden);
    set_size(a, o, "ffn", c->text.ffn);
    set_size(a, o, "heads", c->text.heads);
    set_size(a, o, "kv_heads", c->text.kv_heads);
    set_size(a, o, "head_dim", c->text.head_dim);
    set_size(a, o, "vocab", c->text.vocab);
    json_set_f64(a, o, "rope_theta", c->text.rope_theta);
    for (size_t i = 0; i < 3; i++)
        json_append(sections, json_new_i64(a, (int64_t)c->text.mrope[i]));
    json_set(a, o, "mrope_section", sections);
    json_set_bool(a, o, "tied", c->text.tied);
    return o;
}

static struct json *vision_json(struct arena *a, const struct omni_config *c)
{
    struct json *o = json_new_object(a), *full = json_new_array(a);

    set_size(a, o, "layers", c->vision.layers);
    set_size(a, o, "hidden", c->vision.hidden);
    set_size(a, o, "ffn", c->vision.ffn);
    set_size(a, o, "heads", c->vision.heads);
    set_size(a, o, "patch", c->vision.patch);
    set_size(a, o, "window", c->vision.window);
    for (size_t i = 0; i < c->vision.n_full; i++)
        json_append(full, json_new_i64(a, (int64_t)c->vision.full_layers[i]));
    json_set(a, o, "full_attention", full);
    return o;
}

static struct json *audio_json(struct arena *a, const struct omni_config *c)
{
    struct json *o = json_new_object(a);

    set_size(a, o, "layers", c->audio.layers);
    set_size(a, o, "hidden", c->audio.hidden);
    set_size(a, o, "ffn", c->audio.ffn);
    set_size(a, o, "heads", c->audio.heads);
    set_size(a, o, "mels", c->audio.mels);
    set_size(a, o, "window", c->audio.window);
    json_set_f64(a, o, "max_seconds", c->audio.max_seconds);
    json_set_text(a, o, "padding", c->audio.pad_left ? "left" : "right");
    return o;
}

static struct json *tokens_json(struct arena *a, const struct omni_config *c)
{
    struct json *o = json_new_object(a);

    json_set_i64(a, o, "audio", c->audio_id);
    json_set_i64(a, o, "image", c->image_id);
    json_set_i64(a, o, "video", c->video_id);
    json_set_i64(a, o, "audio_start", c->audio_bos);
    json_set_i64(a, o, "audio_end", c->audio_eos);
    json_set_i64(a, o, "vision_start", c->vision_bos);
    json_set_i64(a, o, "vision_end", c->vision_eos);
    json_set_i64(a, o, "stop", c->stop_id);
    return o;
}

void describe_config(struct arena *a, const struct omni_config *c,
                     struct json *o)
{
    json_set_text(a, o, "architecture", c->architecture);
    json_set(a, o, "text", text_json(a, c));
    json_set(a, o, "vision", vision_json(a, c));
    json_set(a, o, "audio", audio_json(a, c));
    json_set(a, o, "token_ids", tokens_json(a, c));
}

/* --- measurements --------------------------------------------------------- */

static struct json *tower_json(struct arena *a, const struct bench_tower *t,
                               const struct nn_limits *limits)
{
    struct json *o = json_new_object(a);
    double rate = t->seconds > 0 ? t->flops / t->seconds : 0;

    describe_figure(a, o, "seconds", t->seconds);
    describe_figure(a, o, "flops", t->flops);
    describe_figure(a, o, "share_of_fp32_peak", rate / limits->flops);
    describe_figure(a, o, "share_of_int8_peak", rate / limits->int8_ops);
    if (t->patches)
        set_size(a, o, "patches", t->patches);
    if (t->sound_seconds > 0)
        describe_figure(a, o, "sound_seconds", t->sound_seconds);
    return o;
}

static struct json *rate_json(struct arena *a, const char *what, size_t n,
                              double rate)
{
    struct json *o = json_new_object(a);

    set_size(a, o, what, n);
    describe_figure(a, o, "tokens_per_second", rate);
    return o;
}

struct json *describe_bench(struct arena *a, const char *precision,
                            const struct bench_wish *w,
                            const struct bench_figures *f)
{
    struct json *o = json_new_object(a), *list = json_new_array(a);
    struct json *limits = json_new_object(a);

    json_set_text(a, o, "precision", precision);
    json_set_text(a, o, "kernels", f->kernels);
    json_set_i64(a, o, "threads", f->threads);
    for (size_t i = 0; i < w->n_prefill; i++)
        json_append(list, rate_json(a, "tokens", w->prefill[i], f->prefill[i]));
    json_set(a, o, "prefill", list);
    json_set(a, o, "decode", rate_json(a, "tokens", w->decode, f->decode));
    json_set(a, o, "batch_decode",
             w->batch < 2 ? json_new_null(a)
                          : rate_json(a, "batch", w->batch, f->batch_decode));
    json_set(a, o, "vision", tower_json(a, &f->vision, &f->limits));
    json_set(a, o, "audio", tower_json(a, &f->audio, &f->limits));
    describe_figure(a, limits, "fp32_gflops", f->limits.flops / 1e9);
    describe_figure(a, limits, "int8_gops", f->limits.int8_ops / 1e9);
    describe_figure(a, limits, "read_gbytes", f->limits.read_bytes / 1e9);
    json_set(a, o, "limits", limits);
    set_size(a, o, "peak_bytes", f->peak_bytes);
    return o;
}
