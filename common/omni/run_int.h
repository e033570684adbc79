/*
 * What the running half of omni/ shares: bound weights, the session and the
 * steps of its files. Sizes in comments are those of docs/MODEL.md 1.5.
 */
#ifndef ASID_OMNI_RUN_INT_H
#define ASID_OMNI_RUN_INT_H

#include "asid/nn/kernels.h"
#include "omni_int.h"

/* --- weights.c ------------------------------------------------------------ */

struct text_layer {
    struct nn_vector norm1, norm2;      /* [h] */
    struct nn_matrix q, k, v;           /* [q, h], [kv, h], [kv, h], biased */
    struct nn_matrix o, gate, up, down; /* [h, q], [i, h], [i, h], [h, i] */
};

struct vision_block {
    struct nn_vector norm1, norm2;   /* [d] */
    struct nn_matrix q, k, v, proj;  /* [d, d], biased */
    struct nn_matrix gate, up, down; /* [f, d], [f, d], [d, f], biased */
};

struct audio_layer {
    struct nn_vector norm1, norm1_bias; /* [d] */
    struct nn_vector norm2, norm2_bias;
    struct nn_matrix q, k, v, out; /* [d, d]; k without bias */
    struct nn_matrix fc1, fc2;     /* [f, d], [d, f] */
};

enum weight_part {
    PART_TEXT,
    PART_EMBED,
    PART_HEAD,
    PART_VISION,
    PART_AUDIO,
    N_PARTS
};

struct omni_weights {
    struct nn_matrix embed, head; /* [V, h]; head is embed when tied */
    struct nn_vector norm;        /* [h] */
    struct text_layer *text;
    struct nn_matrix patch;          /* [d, 3*2*14*14] */
    struct nn_vector merge_norm;     /* [d] */
    struct nn_matrix merge1, merge2; /* [4d, 4d], [out, 4d] */
    struct vision_block *vision;
    struct nn_matrix conv1, conv2;    /* [d, mels*3], [d, d*3] */
    struct nn_vector post, post_bias; /* [d] */
    struct nn_matrix proj;            /* [out, d] */
    struct nn_vector bos_eos;         /* stored, never used */
    struct audio_layer *audio;
    size_t bytes[N_PARTS]; /* mapped bytes of each part */
    bool tied;             /* no lm_head stored */
};

enum weight_fault { WEIGHT_MISSING, WEIGHT_MISSHAPEN, WEIGHT_IGNORED };
/* text: the name, for a misshapen tensor followed by what is wrong. */
typedef void (*weight_report)(void *user, enum weight_fault fault,
                              struct str text);

/* Bind every tensor of the table and count. Faults are reported one by one and
 * are no failure of this call. */
enum asid_rc weights_bind(const struct safetensors *st,
                          const struct omni_config *config,
                          struct omni_weights **out, struct omni_tensors *count,
                          weight_report report, void *user,
                          struct asid_err *err) ASID_WARN_UNUSED;
void weights_free(struct omni_weights *w);
/* Call visit for every matrix of the table that nn_linear may take packed, in
 * the order of the table and of the layers; last the head when it is tied. */
void weights_each_linear(struct omni_weights *w,
                         const struct omni_config *config,
                         void (*visit)(void *user, struct nn_matrix *m,
                                       enum weight_part part),
                         void *user);

/* --- pack.c ---------------------------------------------------------------- */

/* Pack the linear layers, or map what is in the cache. */
enum asid_rc pack_weights(struct omni *o, const struct omni_load *how,
                          struct asid_err *err) ASID_WARN_UNUSED;
void pack_release(struct omni *o);

/* --- session.c ------------------------------------------------------------ */

enum {
    CHUNK_TOKENS = 512, /* prompt tokens that go through a layer together */
    LOGIT_ROWS = 16,    /* positions whose logits are computed together */
    /* Rows that become what each would alone: timelines decoded together. */
    TOGETHER_MAX = NN_DOT_ROWS,
    /* From here on the number of rows changes no row either. */
    ALONE_ROWS = NN_DOT_ROWS + 1,
    MERGE = 4, /* patches that become one token */
};

/* Tower outputs on their way to the placeholders of the prompt. */
struct merge {
    const float *image, *video, *audio; /* next row each */
};

struct omni_session {
    const struct omni *omni;
    struct nn *nn; /* the batcher's when there is one */
    struct omni_run_options options;
    char *dump;
    char *towers;           /* folder of the cache, NULL for none */
    struct asid_err unkept; /* what work.unkept shows */
    size_t capacity;
    unsigned entered; /* turns of the batcher, one in the other; 0: none */

    /* The timeline: n tokens known, the first `done` of them in the cache;
     * logits belong to the first `logits_at` tokens (0: to none). */
    int32_t *ids; /* [capacity] */
    size_t n, done, logits_at;
    int32_t *positions; /* [3, capacity] of every known token */
    int64_t top;        /* the largest of them, -1 without tokens */
    size_t last_row;    /* of the last token of the last step, in at.x */
    size_t media_end;   /* prompt tokens up to the end of the last media */
    size_t merged;      /* behind the last token that is a tower's row */

    float *kv;   /* [layers][k, v][capacity][kv_heads * head_dim] */
    float *rows; /* of a step; the batcher's when there is one */
    void *scratch;
    struct decoder_scratch {
        /* In rows, and nothing between two turns: */
        float *x, *normed;    /* [CHUNK, h] */
        float *q, *attended;  /* [CHUNK, heads * head_dim] */
        float *gate, *up;     /* [CHUNK, ffn] */
        float *cosine, *sine; /* [CHUNK, head_dim / 2] */
        float *keys, *values; /* [CHUNK, kv_heads * head_dim] */
        /* In scratch: */
        float *frequency; /* [head_dim / 2] */
        float *logits;    /* [LOGIT_ROWS, vocab] */
        float *scores;    /* [vocab], penalised copy */
        uint8_t *seen;    /* [vocab] */
    } at;
    float *dump_hidden; /* [prompt, h] while a prefill is dumped */

    uint64_t computed;            /* tokens that went through the decoder */
    double work_done, work_total; /* FLOPs, for progress */
    struct omni_work work;
};

/* Account for that many FLOPs; STOPPED when the user wants to stop. */
enum asid_rc session_tick(struct omni_session *s, double flops,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* Make n more tokens known. Prompt text goes on after the last token's
 * position, an answer after the largest of all (docs/MODEL.md 7.2, 7.5). */
enum token_kind { TOKEN_PROMPT, TOKEN_ANSWER };
enum asid_rc session_append(struct omni_session *s, const int32_t *ids,
                            size_t n, enum token_kind kind,
                            struct asid_err *err) ASID_WARN_UNUSED;
/* Append the tokens of a question: what stands between the media and the
 * answer, as the chat template has it. */
enum asid_rc session_encode(const struct omni *omni, struct str text,
                            struct bpe_ids *ids,
                            struct asid_err *err) ASID_WARN_UNUSED;
/* decoder_catch_up in a turn of its own, if there is anything to compute. */
enum asid_rc session_catch_up(struct omni_session *s,
                              struct asid_err *err) ASID_WARN_UNUSED;
/* Floats of scratch for the largest picture or sound. */
size_t tower_scratch_floats(const struct omni_config *c,
                            const struct omni_inputs *in);
/* Floats of scratch, of rows for that capacity, and of its cache; 0 when it does
 * not fit into size_t. */
size_t decoder_scratch_floats(const struct omni_config *c);
size_t decoder_rows_floats(const struct omni_config *c, size_t capacity);
size_t decoder_cache_floats(const struct omni_config *c, size_t capacity);

/* --- vision.c, audio.c, tower.c ------------------------------------------- */

/* Rows of a tower: each sees all of its segment, before and behind it. */
struct tower_rows {
    const float *q, *k, *v; /* [n, width] */
    float *out;             /* the same */
    size_t n, width, heads;
    const uint32_t *segment; /* n_segments + 1 bounds */
    size_t n_segments;
};
void tower_attend(struct omni_session *s, const struct tower_rows *rows);

/* Floats of scratch for one picture or sound. */
size_t vision_scratch_floats(const struct omni_config *c,
                             const struct omni_picture *p);
size_t audio_scratch_floats(const struct omni_config *c,
                            const struct omni_sound *sound);
double vision_flops(const struct omni_config *c, const struct omni_picture *p);
double audio_flops(const struct omni_config *c, const struct omni_sound *s);
/* Encode one picture: out [T*H*W/4, out] in the order of its placeholders. */
enum asid_rc vision_encode(struct omni_session *s, const struct omni_picture *p,
                           float *scratch, float *out,
                           struct asid_err *err) ASID_WARN_UNUSED;
/* Encode one sound: out [tokens, out]. */
enum asid_rc audio_encode(struct omni_session *s,
                          const struct omni_sound *sound, float *scratch,
                          float *out, struct asid_err *err) ASID_WARN_UNUSED;

/* --- tower_cache.c --------------------------------------------------------- */

/* The name of a tower's output: a hash of all that it follows from. */
struct tower_key {
    char hex[65];
};
void tower_key_picture(const struct omni_session *s,
                       const struct omni_picture *p, struct tower_key *key);
void tower_key_sound(const struct omni_session *s,
                     const struct omni_sound *sound, struct tower_key *key);
/* True when the cache has these n floats; else they are left undefined. */
bool tower_cache_get(const struct omni_session *s, const struct tower_key *key,
                     float *rows, size_t n);
enum asid_rc tower_cache_put(const struct omni_session *s,
                             const struct tower_key *key, const float *rows,
                             size_t n, struct asid_err *err) ASID_WARN_UNUSED;

/* --- decoder.c ------------------------------------------------------------ */

/* How many rows: for a chunk, and for as many timelines as go together. */
size_t decoder_rows(size_t capacity);
/* Set the pointers of s->at into s->rows and s->scratch. */
void decoder_lay_out(struct omni_session *s);
double decoder_flops(const struct omni_config *c, size_t past, size_t m);
/* Run the next m <= CHUNK_TOKENS known tokens through all layers: cache filled,
 * s->done advanced, states after the last norm in s->at.x [m, h]. merge (may
 * be NULL) supplies the placeholders' rows. On failure nothing has happened. */
enum asid_rc decoder_step(struct omni_session *s, size_t m, struct merge *merge,
                          struct asid_err *err) ASID_WARN_UNUSED;
bool decoder_is_placeholder(const struct omni_config *c, int32_t id);
/* The steps of it, for rows that belong to several timelines too: the embedding,
 * cosines and sines of a token of s in a row of the lead; rows of the cache; a layer up to queries,
 * keys and values of the m rows of s->at; attention of m queries of the lead
 * from `row` on over the cache of s; the rest of the layer. */
void decoder_load(struct omni_session *lead, size_t row,
                  const struct omni_session *s, size_t index,
                  struct merge *merge);
float *decoder_keys(const struct omni_session *s, size_t layer, size_t row);
float *decoder_values(const struct omni_session *s, size_t layer, size_t row);
void decoder_project(struct omni_session *s, size_t layer, size_t m,
                     float *keys, float *values);
void decoder_attend(struct omni_session *lead, size_t row,
                    const struct omni_session *s, size_t layer, size_t m);
void decoder_finish(struct omni_session *s, size_t layer, size_t m);
/* Logits of m <= LOGIT_ROWS rows of s->at.x from `row` into s->at.logits. */
void decoder_logits(struct omni_session *s, size_t row, size_t m);
/* Run what is known up to that length, in chunks that do not depend on what
 * comes after it. */
enum asid_rc decoder_run(struct omni_session *s, size_t length,
                         struct merge *merge,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* Run everything known; then the logits of the last token. */
enum asid_rc decoder_catch_up(struct omni_session *s,
                              struct asid_err *err) ASID_WARN_UNUSED;

/* --- together.c ------------------------------------------------------------ */

/* The last token, not yet computed, of each of n <= TOGETHER_MAX timelines of
 * one engine, with the first one's kernels; then their logits. */
void together_step(struct omni_session *const *list, size_t n);

/* --- batcher.c ------------------------------------------------------------- */

/* What uses s->nn stands between these two, or in a step; calls nest. They wait
 * for the kernels, and do nothing for a session without a batcher. */
void batcher_enter(struct omni_session *s);
void batcher_leave(struct omni_session *s);
/* From begin to end the session is one that generates: steps wait until it has
 * handed in a token, and it enters no turn. Nothing without a batcher. */
void batcher_begin(struct omni_session *s);
void batcher_end(struct omni_session *s);
/* Compute the last token and its logits in a step with others. All tokens
 * before it are computed; there is a batcher. */
void batcher_step(struct omni_session *s);
/* Its kernels and rows, for a turn or a step; the batcher is one of that
 * engine. */
struct nn *batcher_nn(const struct omni_batcher *b, const struct omni *omni);
float *batcher_rows(const struct omni_batcher *b);

/* --- generate.c ----------------------------------------------------------- */

struct candidate; /* a token that may be drawn */

/* USAGE when the settings are no settings. */
enum asid_rc generate_check(const struct omni_sampling *how,
                            struct asid_err *err) ASID_WARN_UNUSED;
/* Room for the candidates of a draw, to be freed; NULL when none is drawn. */
enum asid_rc generate_space(const struct omni_session *s,
                            const struct omni_sampling *how, void **space,
                            struct asid_err *err) ASID_WARN_UNUSED;
/* The next token after the timeline, whose logits are there; *state is that of
 * the draws. */
enum asid_rc generate_next(struct omni_session *s,
                           const struct omni_sampling *how, uint64_t *state,
                           struct candidate *list, int32_t *id,
                           struct asid_err *err) ASID_WARN_UNUSED;
/* Whether that token ends the answer. */
bool generate_stops(const struct omni_session *s,
                    const struct omni_sampling *how, int32_t id);

/* --- dump.c --------------------------------------------------------------- */

enum asid_rc dump_rows(const struct omni_session *s, const char *name,
                       const float *data, size_t rows, size_t columns,
                       struct asid_err *err) ASID_WARN_UNUSED;

#endif
