/*
 * The binding of tensors to the network: one table says which tensor goes
 * where and which shape it must have (docs/MODEL.md 1.5).
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "run_int.h"

/* Sizes by name; the table's shapes are made of these. */
enum size_name {
    NONE,
    THREE,
    TWO,
    T_HIDDEN,
    T_QUERY,
    T_KV,
    T_FFN,
    T_VOCAB,
    V_HIDDEN,
    V_FFN,
    V_PATCH,
    V_MERGED,
    V_OUT,
    A_HIDDEN,
    A_FFN,
    A_MELS,
    A_OUT,
    N_SIZES,
};

/* Where a tensor goes: fields of struct omni_weights itself, or of one of the
 * layers. */
enum home { ROOT, TEXT_LAYER, VISION_BLOCK, AUDIO_LAYER };
enum kind { MATRIX, BIAS, VECTOR };
enum {
    OPTIONAL = 1,
    FUSED_Q = 2,
    FUSED_K = 4,
    FUSED_V = 8,
    AS_STORED = 16 /* never packed: looked up by row, or a tower's entrance */
};

struct binding {
    const char *name; /* '*' stands for the layer's number */
    enum home home;
    enum weight_part part;
    enum kind kind;
    size_t offset;
    unsigned flags;
    enum size_name shape[5];
};

/* Rows of the table, shortened. */
#define ROOT_AT(part, kind, field, flags, name, ...)                           \
 {                                                                             \
  name, ROOT, part, kind, offsetof(struct omni_weights, field), flags,         \
  {                                                                            \
   __VA_ARGS__                                                                 \
  }                                                                            \
 }
#define TEXT_AT(kind, field, name, ...)                                        \
 {                                                                             \
  "model.layers.*." name, TEXT_LAYER, PART_TEXT, kind,                         \
      offsetof(struct text_layer, field), 0,                                   \
  {                                                                            \
   __VA_ARGS__                                                                 \
  }                                                                            \
 }
#define VISION_AT(kind, field, flags, name, ...)                               \
 {                                                                             \
  "visual.blocks.*." name, VISION_BLOCK, PART_VISION, kind,                    \
      offsetof(struct vision_block, field), flags,                             \
  {                                                                            \
   __VA_ARGS__                                                                 \
  }                                                                            \
 }
#define AUDIO_AT(kind, field, name, ...)                                       \
 {                                                                             \
  "audio_tower.layers.*." name, AUDIO_LAYER, PART_AUDIO, kind,                 \
      offsetof(struct audio_layer, field), 0,                                  \
  {                                                                            \
   __VA_ARGS__                                                                 \
  }                                                                            \
 }

static const struct binding bindings[] = {
    ROOT_AT(PART_EMBED, MATRIX, embed, AS_STORED, "model.embed_tokens.weight",
            T_VOCAB, T_HIDDEN),
    ROOT_AT(PART_TEXT, VECTOR, norm, 0, "model.norm.weight", T_HIDDEN),
    ROOT_AT(PART_HEAD, MATRIX, head, OPTIONAL, "lm_head.weight", T_VOCAB,
            T_HIDDEN),
    TEXT_AT(VECTOR, norm1, "input_layernorm.weight", T_HIDDEN),
    TEXT_AT(VECTOR, norm2, "post_attention_layernorm.weight", T_HIDDEN),
    TEXT_AT(MATRIX, q, "self_attn.q_proj.weight", T_QUERY, T_HIDDEN),
    TEXT_AT(BIAS, q, "self_attn.q_proj.bias", T_QUERY),
    TEXT_AT(MATRIX, k, "self_attn.k_proj.weight", T_KV, T_HIDDEN),
    TEXT_AT(BIAS, k, "self_attn.k_proj.bias", T_KV),
    TEXT_AT(MATRIX, v, "self_attn.v_proj.weight", T_KV, T_HIDDEN),
    TEXT_AT(BIAS, v, "self_attn.v_proj.bias", T_KV),
    TEXT_AT(MATRIX, o, "self_attn.o_proj.weight", T_HIDDEN, T_QUERY),
    TEXT_AT(MATRIX, gate, "mlp.gate_proj.weight", T_FFN, T_HIDDEN),
    TEXT_AT(MATRIX, up, "mlp.up_proj.weight", T_FFN, T_HIDDEN),
    TEXT_AT(MATRIX, down, "mlp.down_proj.weight", T_HIDDEN, T_FFN),

    ROOT_AT(PART_VISION, MATRIX, patch, AS_STORED,
            "visual.patch_embed.proj.weight", V_HIDDEN, THREE, TWO, V_PATCH,
            V_PATCH),
    ROOT_AT(PART_VISION, VECTOR, merge_norm, 0, "visual.merger.ln_q.weight",
            V_HIDDEN),
    ROOT_AT(PART_VISION, MATRIX, merge1, 0, "visual.merger.mlp.0.weight",
            V_MERGED, V_MERGED),
    ROOT_AT(PART_VISION, BIAS, merge1, 0, "visual.merger.mlp.0.bias", V_MERGED),
    ROOT_AT(PART_VISION, MATRIX, merge2, 0, "visual.merger.mlp.2.weight", V_OUT,
            V_MERGED),
    ROOT_AT(PART_VISION, BIAS, merge2, 0, "visual.merger.mlp.2.bias", V_OUT),
    VISION_AT(VECTOR, norm1, 0, "norm1.weight", V_HIDDEN),
    VISION_AT(VECTOR, norm2, 0, "norm2.weight", V_HIDDEN),
    VISION_AT(MATRIX, q, FUSED_Q, "attn.q.weight", V_HIDDEN, V_HIDDEN),
    VISION_AT(BIAS, q, FUSED_Q, "attn.q.bias", V_HIDDEN),
    VISION_AT(MATRIX, k, FUSED_K, "attn.k.weight", V_HIDDEN, V_HIDDEN),
    VISION_AT(BIAS, k, FUSED_K, "attn.k.bias", V_HIDDEN),
    VISION_AT(MATRIX, v, FUSED_V, "attn.v.weight", V_HIDDEN, V_HIDDEN),
    VISION_AT(BIAS, v, FUSED_V, "attn.v.bias", V_HIDDEN),
    VISION_AT(MATRIX, proj, 0, "attn.proj.weight", V_HIDDEN, V_HIDDEN),
    VISION_AT(BIAS, proj, 0, "attn.proj.bias", V_HIDDEN),
    VISION_AT(MATRIX, gate, 0, "mlp.gate_proj.weight", V_FFN, V_HIDDEN),
    VISION_AT(BIAS, gate, 0, "mlp.gate_proj.bias", V_FFN),
    VISION_AT(MATRIX, up, 0, "mlp.up_proj.weight", V_FFN, V_HIDDEN),
    VISION_AT(BIAS, up, 0, "mlp.up_proj.bias", V_FFN),
    VISION_AT(MATRIX, down, 0, "mlp.down_proj.weight", V_HIDDEN, V_FFN),
    VISION_AT(BIAS, down, 0, "mlp.down_proj.bias", V_HIDDEN),

    ROOT_AT(PART_AUDIO, MATRIX, conv1, AS_STORED, "audio_tower.conv1.weight",
            A_HIDDEN, A_MELS, THREE),
    ROOT_AT(PART_AUDIO, BIAS, conv1, 0, "audio_tower.conv1.bias", A_HIDDEN),
    ROOT_AT(PART_AUDIO, MATRIX, conv2, AS_STORED, "audio_tower.conv2.weight",
            A_HIDDEN, A_HIDDEN, THREE),
    ROOT_AT(PART_AUDIO, BIAS, conv2, 0, "audio_tower.conv2.bias", A_HIDDEN),
    ROOT_AT(PART_AUDIO, VECTOR, post, 0, "audio_tower.ln_post.weight",
            A_HIDDEN),
    ROOT_AT(PART_AUDIO, VECTOR, post_bias, 0, "audio_tower.ln_post.bias",
            A_HIDDEN),
    ROOT_AT(PART_AUDIO, MATRIX, proj, 0, "audio_tower.proj.weight", A_OUT,
            A_HIDDEN),
    ROOT_AT(PART_AUDIO, BIAS, proj, 0, "audio_tower.proj.bias", A_OUT),
    ROOT_AT(PART_AUDIO, VECTOR, bos_eos, OPTIONAL,
            "audio_tower.audio_bos_eos_token.weight", TWO, A_OUT),
    AUDIO_AT(VECTOR, norm1, "self_attn_layer_norm.weight", A_HIDDEN),
    AUDIO_AT(VECTOR, norm1_bias, "self_attn_layer_norm.bias", A_HIDDEN),
    AUDIO_AT(MATRIX, q, "self_attn.q_proj.weight", A_HIDDEN, A_HIDDEN),
    AUDIO_AT(BIAS, q, "self_attn.q_proj.bias", A_HIDDEN),
    AUDIO_AT(MATRIX, k, "self_attn.k_proj.weight", A_HIDDEN, A_HIDDEN),
    AUDIO_AT(MATRIX, v, "self_attn.v_proj.weight", A_HIDDEN, A_HIDDEN),
    AUDIO_AT(BIAS, v, "self_attn.v_proj.bias", A_HIDDEN),
    AUDIO_AT(MATRIX, out, "self_attn.out_proj.weight", A_HIDDEN, A_HIDDEN),
    AUDIO_AT(BIAS, out, "self_attn.out_proj.bias", A_HIDDEN),
    AUDIO_AT(MATRIX, fc1, "fc1.weight", A_FFN, A_HIDDEN),
    AUDIO_AT(BIAS, fc1, "fc1.bias", A_FFN),
    AUDIO_AT(MATRIX, fc2, "fc2.weight", A_HIDDEN, A_FFN),
    AUDIO_AT(BIAS, fc2, "fc2.bias", A_HIDDEN),
    AUDIO_AT(VECTOR, norm2, "final_layer_norm.weight", A_HIDDEN),
    AUDIO_AT(VECTOR, norm2_bias, "final_layer_norm.bias", A_HIDDEN),
};

enum { N_BINDINGS = sizeof bindings / sizeof bindings[0], NAME_MAX_ = 128 };

static const char FUSED_WEIGHT[] = "visual.blocks.*.attn.qkv.weight";
static const char FUSED_BIAS[] = "visual.blocks.*.attn.qkv.bias";

struct binder {
    const struct safetensors *st;
    const struct omni_config *config;
    struct omni_weights *weights;
    struct omni_tensors *count;
    size_t size[N_SIZES];
    const char *prefix;
    weight_report report;
    void *user;
};

static void list_sizes(const struct omni_config *c, size_t size[N_SIZES])
{
    size[NONE] = 1;
    size[TWO] = 2;
    size[THREE] = 3;
    size[T_HIDDEN] = c->text.hidden;
    size[T_QUERY] = c->text.heads * c->text.head_dim;
    size[T_KV] = c->text.kv_heads * c->text.head_dim;
    size[T_FFN] = c->text.ffn;
    size[T_VOCAB] = c->text.vocab;
    size[V_HIDDEN] = c->vision.hidden;
    size[V_FFN] = c->vision.ffn;
    size[V_PATCH] = c->vision.patch;
    size[V_MERGED] = MERGE * c->vision.hidden;
    size[V_OUT] = c->vision.out;
    size[A_HIDDEN] = c->audio.hidden;
    size[A_FFN] = c->audio.ffn;
    size[A_MELS] = c->audio.mels;
    size[A_OUT] = c->audio.out;
}

static size_t home_layers(const struct omni_config *c, enum home home)
{
    switch (home) {
    case TEXT_LAYER:
        return c->text.layers;
    case VISION_BLOCK:
        return c->vision.layers;
    case AUDIO_LAYER:
        return c->audio.layers;
    case ROOT:
        break;
    }
    return 1;
}

/* The struct whose fields a row of the table fills. */
static char *home_base(struct omni_weights *w, enum home home, size_t layer)
{
    switch (home) {
    case TEXT_LAYER:
        return (char *)&w->text[layer];
    case VISION_BLOCK:
        return (char *)&w->vision[layer];
    case AUDIO_LAYER:
        return (char *)&w->audio[layer];
    case ROOT:
        break;
    }
    return (char *)w;
}

/* The tensor's name: prefix, and the layer's number for the star. */
static void spell(const char *prefix, const char *pattern, size_t layer,
                  char name[NAME_MAX_])
{
    const char *star = strchr(pattern, '*');

    if (star)
        snprintf(name, NAME_MAX_, "%s%.*s%zu%s", prefix, (int)(star - pattern),
                 pattern, layer, star + 1);
    else
        snprintf(name, NAME_MAX_, "%s%s", prefix, pattern);
}

static void put_shape(char *text, size_t room, const size_t *shape,
                      unsigned dims)
{
    size_t n = 0;

    for (unsigned i = 0; i < dims && n < room; i++) {
        int put =
            snprintf(text + n, room - n, "%s%zu", i ? ", " : "[", shape[i]);

        n += put > 0 ? (size_t)put : 0;
    }
    if (n < room)
        snprintf(text + n, room - n, "%s", dims ? "]" : "[]");
}

/* True when the tensor's shape is the table's, with the first dimension
 * `times` as large; else reports it. */
static bool shape_fits(struct binder *b, const struct binding *row,
                       const struct st_tensor *t, size_t times)
{
    size_t want[5];
    unsigned dims = 0;
    char text[NAME_MAX_ + 256], is[100], wanted[100];
    bool same;

    while (dims < 5 && row->shape[dims] != NONE) {
        want[dims] = b->size[row->shape[dims]] * (dims == 0 ? times : 1);
        dims++;
    }
    same = t->dims == dims;
    for (unsigned i = 0; same && i < dims; i++)
        same = t->shape[i] == want[i];
    if (same)
        return true;
    put_shape(is, sizeof is, t->shape, t->dims);
    put_shape(wanted, sizeof wanted, want, dims);
    snprintf(text, sizeof text, STR_FMT " has shape %s, not %s",
             STR_ARG(t->name), is, wanted);
    b->report(b->user, WEIGHT_MISSHAPEN, str_of(text));
    return false;
}

/* Point the field at the tensor; part `slice` of a fused one. */
static void attach(struct binder *b, const struct binding *row, char *field,
                   const struct st_tensor *t, unsigned slice)
{
    size_t rows = b->size[row->shape[0]], columns = 1;
    const char *data = t->data;

    for (unsigned i = 1; i < 5 && row->shape[i] != NONE; i++)
        columns *= b->size[row->shape[i]];
    data += (size_t)slice * rows * columns * nn_dtype_size(t->dtype);
    if (row->kind == MATRIX) {
        struct nn_matrix *m = (struct nn_matrix *)(void *)field;

        m->data = data;
        m->dtype = t->dtype;
        m->rows = rows;
        m->cols = columns;
    } else if (row->kind == BIAS) {
        struct nn_matrix *m = (struct nn_matrix *)(void *)field;

        m->bias = data;
        m->bias_dtype = t->dtype;
    } else {
        struct nn_vector *v = (struct nn_vector *)(void *)field;

        v->data = data;
        v->dtype = t->dtype;
        v->n = rows * columns;
    }
}

static void count_found(struct binder *b, const struct binding *row,
                        const struct st_tensor *t)
{
    b->count->found++;
    b->count->parameters += t->count;
    b->count->bytes += t->bytes;
    b->weights->bytes[row->part] += t->bytes;
}

/* Missing altogether, or stored as something that cannot be computed with. */
static void report_missing(struct binder *b, const char *name)
{
    const char *dtype = safetensors_other(b->st, name);
    char text[NAME_MAX_ + 64];

    snprintf(text, sizeof text, dtype ? "%s (stored as %.20s)" : "%s", name,
             dtype);
    b->report(b->user, WEIGHT_MISSING, str_of(text));
}

/* The tensor of a row of the table, in the published form or cut out of a
 * fused attn.qkv. */
static void bind_one(struct binder *b, const struct binding *row, size_t layer)
{
    char name[NAME_MAX_], fused[NAME_MAX_];
    char *field = home_base(b->weights, row->home, layer) + row->offset;
    const struct st_tensor *t;
    unsigned slice = row->flags & FUSED_V ? 2 : row->flags & FUSED_K ? 1 : 0;

    spell(b->prefix, row->name, layer, name);
    t = safetensors_find(b->st, name);
    if (t) {
        b->count->wanted++;
        if (shape_fits(b, row, t, 1)) {
            attach(b, row, field, t, 0);
            count_found(b, row, t);
        }
        return;
    }
    if (row->flags & (FUSED_Q | FUSED_K | FUSED_V)) {
        spell(b->prefix, row->kind == BIAS ? FUSED_BIAS : FUSED_WEIGHT, layer,
              fused);
        t = safetensors_find(b->st, fused);
    }
    if (t) {
        /* One tensor for three rows: it counts once, with q. */
        b->count->wanted += slice == 0;
        if (shape_fits(b, row, t, 3)) {
            attach(b, row, field, t, slice);
            if (slice == 0)
                count_found(b, row, t);
        }
        return;
    }
    if (row->flags & OPTIONAL)
        return;
    b->count->wanted++;
    report_missing(b, name);
}

/* True when the name is the pattern with a layer's number below n for the
 * star, written as the published files write it. */
static bool matches(struct str name, const char *pattern, size_t n)
{
    const char *star = strchr(pattern, '*');
    size_t head, tail, number = 0, digits;

    if (!star)
        return str_is(name, pattern);
    head = (size_t)(star - pattern);
    tail = strlen(star + 1);
    if (name.n <= head + tail || name.n - head - tail > 4 ||
        memcmp(name.p, pattern, head) != 0 ||
        memcmp(name.p + name.n - tail, star + 1, tail) != 0)
        return false;
    digits = name.n - head - tail;
    for (size_t i = 0; i < digits; i++) {
        char c = name.p[head + i];

        if (c < '0' || c > '9' || (c == '0' && i == 0 && digits > 1))
            return false;
        number = number * 10 + (size_t)(c - '0');
    }
    return number < n;
}

static bool wanted(const struct binder *b, struct str name)
{
    size_t skip = strlen(b->prefix);

    if (!str_starts(name, b->prefix))
        return false;
    name.p += skip;
    name.n -= skip;
    for (size_t i = 0; i < N_BINDINGS; i++)
        if (matches(name, bindings[i].name,
                    home_layers(b->config, bindings[i].home)))
            return true;
    return matches(name, FUSED_WEIGHT, b->config->vision.layers) ||
           matches(name, FUSED_BIAS, b->config->vision.layers);
}

static void report_ignored(struct binder *b)
{
    for (size_t i = 0; i < safetensors_count(b->st); i++) {
        const struct st_tensor *t = safetensors_nth(b->st, i);

        if (wanted(b, t->name))
            continue;
        b->count->ignored++;
        b->report(b->user, WEIGHT_IGNORED, t->name);
    }
}

/* Full checkpoints put "thinker." before every name, a Thinker saved alone
 * does not. */
static const char *find_prefix(const struct safetensors *st)
{
    for (size_t i = 0; i < safetensors_count(st); i++)
        if (str_starts(safetensors_nth(st, i)->name, "thinker."))
            return "thinker.";
    return "";
}

static enum asid_rc make_room(const struct omni_config *c,
                              struct omni_weights *w, struct asid_err *err)
{
    void *p;

    TRY(mem_big(&p, c->text.layers, sizeof *w->text, err));
    w->text = p;
    TRY(mem_big(&p, c->vision.layers, sizeof *w->vision, err));
    w->vision = p;
    TRY(mem_big(&p, c->audio.layers, sizeof *w->audio, err));
    w->audio = p;
    return ASID_OK;
}

enum asid_rc weights_bind(const struct safetensors *st,
                          const struct omni_config *config,
                          struct omni_weights **out, struct omni_tensors *count,
                          weight_report report, void *user,
                          struct asid_err *err)
{
    struct omni_weights *w = mem_alloc(sizeof *w);
    struct binder b = {.st = st,
                       .config = config,
                       .weights = w,
                       .count = count,
                       .prefix = find_prefix(st),
                       .report = report,
                       .user = user};
    enum asid_rc rc = make_room(config, w, err);

    if (rc != ASID_OK) {
        weights_free(w);
        return rc;
    }
    memset(count, 0, sizeof *count);
    list_sizes(config, b.size);
    for (size_t i = 0; i < N_BINDINGS; i++)
        for (size_t l = 0; l < home_layers(config, bindings[i].home); l++)
            bind_one(&b, &bindings[i], l);
    report_ignored(&b);
    w->tied = w->head.data == NULL;
    if (w->tied)
        w->head = w->embed;
    *out = w;
    return ASID_OK;
}

void weights_each_linear(struct omni_weights *w,
                         const struct omni_config *config,
                         void (*visit)(void *user, struct nn_matrix *m,
                                       enum weight_part part),
                         void *user)
{
    for (size_t i = 0; i < N_BINDINGS; i++) {
        const struct binding *row = &bindings[i];

        if (row->kind != MATRIX || row->flags & AS_STORED ||
            (w->tied && row->part == PART_HEAD))
            continue;
        for (size_t l = 0; l < home_layers(config, row->home); l++) {
            char *field = home_base(w, row->home, l) + row->offset;

            visit(user, (struct nn_matrix *)(void *)field, row->part);
        }
    }
    if (w->tied)
        visit(user, &w->head, PART_HEAD);
}

void weights_free(struct omni_weights *w)
{
    if (!w)
        return;
    free(w->text);
    free(w->vision);
    free(w->audio);
    free(w);
}
