/*
 * The Qwen2.5-Omni Thinker: text, images, video and sound in, text out.
 *
 * docs/MODEL.md is the specification. The engine (struct omni: configuration,
 * mapped weights, tokenizer) is read-only after omni_open and shared by any
 * number of threads. A session is one timeline with its KV cache; one thread
 * uses it at a time; sessions of several threads may share the cores through a
 * batcher, which decodes their tokens together. Pictures come as RGB24 and sound
 * as 16 kHz float: this layer knows no codec and no record.
 *
 * Calling sequence:
 *
 *     omni_open                        once
 *     omni_inputs_new                  per prompt
 *       omni_add_text / _video / _image / _sound   in prompt order
 *     omni_inputs_finish               ids, positions, grids
 *     omni_plan                        bytes needed; refuse before work starts
 *     omni_session_open                KV cache and scratch, allocated once
 *     omni_prefill                     towers, merge, decoder
 *     omni_generate | omni_score       any number of times; omni_rewind goes
 *                                      back to share one prefix
 */
#ifndef ASID_OMNI_OMNI_H
#define ASID_OMNI_OMNI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/err.h"
#include "asid/base/str.h"
#include "asid/nn/bpe.h"

struct nn;
struct omni;
struct omni_batcher;
struct omni_inputs;
struct omni_session;

/* --- checkpoint --------------------------------------------------------- */

struct omni_config {
    char architecture[48]; /* config.model_type */
    struct {
        size_t layers, hidden, ffn, heads, kv_heads, head_dim, vocab;
        float eps;
        double rope_theta;
        size_t mrope[3]; /* mrope_section */
        bool tied;       /* no lm_head stored */
    } text;
    struct {
        size_t layers, hidden, ffn, heads, patch, window, out;
        size_t full_layers[64], n_full; /* fullatt_block_indexes */
    } vision;
    struct {
        size_t layers, hidden, ffn, heads, mels, window, max_positions, out;
        bool pad_left;      /* padding_side of preprocessor_config.json */
        double max_seconds; /* chunk_length */
    } audio;
    int32_t audio_id, image_id, video_id, audio_bos, audio_eos, vision_bos,
        vision_eos, stop_id;
    int positions_per_second; /* position_id_per_seconds */
    int seconds_per_chunk;
};

struct omni_tensors {
    size_t wanted, found, ignored; /* ignored: talker, token2wav, unknown */
    size_t parameters;             /* of the found ones */
    size_t bytes;
};

/* Load a published checkpoint folder. Missing and misshapen tensors are named in
 * one message: the first ones, their number, and the program that names all.
 * FAILED on anything wrong with the folder, its files or the architecture. */
enum asid_rc omni_open(const char *dir, struct omni **out,
                       struct asid_err *err) ASID_WARN_UNUSED;

/* How the weights of the linear layers are computed with. Norms, embeddings and
 * the convolutions at the entrance of the towers are always taken as stored. */
enum omni_precision {
    OMNI_STORED, /* as published; sums are fp32 */
    OMNI_INT8,   /* nn/quant.h: NN_Q8 */
    OMNI_INT4,   /* NN_Q4, the head NN_Q8 */
};
struct omni_load {
    enum omni_precision precision;
    /* Folder for packed weights, created when missing: what one process has
     * packed the next one maps, and processes share its pages. A file belongs to
     * one fingerprint and precision, and is written beside and renamed; one that
     * does not fit is made anew. NULL: packed into memory at every start. */
    const char *cache;
    unsigned threads; /* to pack with; 0: all cores */
};
/* omni_open with weights of another precision; the fingerprint is still that of
 * the folder. FAILED also when the cache folder cannot be written. */
enum asid_rc omni_open_as(const char *dir, const struct omni_load *how,
                          struct omni **out,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* "bf16", "fp32" and "fp16" stand for what is stored, "int8" and "int4". False
 * for any other word. */
bool omni_is_quantised(const struct omni *omni);
bool omni_precision_named(const char *name, enum omni_precision *precision);
void omni_close(struct omni *omni);
const struct omni_config *omni_config(const struct omni *omni);
const struct omni_tensors *omni_tensors(const struct omni *omni);
const struct bpe *omni_tokenizer(const struct omni *omni);
/* 64 hex digits that change when weights, config or tokenizer change. */
const char *omni_fingerprint(const struct omni *omni);
/* For `asid-model info`: calls back with the name of every tensor that is
 * "missing", "misshapen" or "ignored". Also works for checkpoints that
 * omni_open refuses. */
enum asid_rc omni_inspect(const char *dir, struct omni_config *config,
                          struct omni_tensors *tensors,
                          void (*name)(void *user, const char *kind,
                                       struct str tensor),
                          void *user, struct asid_err *err) ASID_WARN_UNUSED;

/* --- pictures and sound ------------------------------------------------- */

/* How a video is sampled and resized: docs/MODEL.md sections 3.2 to 3.4. */
struct omni_budget {
    double fps;                      /* 2.0 */
    uint32_t min_frames, max_frames; /* 4, 768 */
    double min_pixels;               /* per frame; 100352 (128*28*28) */
    double max_pixels;               /* per frame; 0: the published cap */
    double total_pixels;             /* per clip; 128000*28*28*0.9 */
    bool second_resize;              /* what the video processor does; true */
};
extern const struct omni_budget OMNI_BUDGET_DEFAULT;

/* Number of frames to sample of a stream that decodes to total frames at that
 * average rate. REJECT "media.too_short" under two frames. */
enum asid_rc omni_frame_count(uint64_t total, double video_fps,
                              const struct omni_budget *budget, size_t *n,
                              struct asid_err *err) ASID_WARN_UNUSED;
/* Their indexes: n values, ascending. */
void omni_frame_indexes(uint64_t total, size_t n, uint64_t *index);
/* The most pixels a frame of a clip of n frames may have (MODEL.md 3.3). */
double omni_max_pixels(size_t n, const struct omni_budget *budget);
/* The size frames are seen at: factor = patch * merge (28). REJECT
 * "media.limit" for aspect ratios over 200. */
enum asid_rc omni_smart_resize(double height, double width, int factor,
                               double min_pixels, double max_pixels,
                               size_t *out_height, size_t *out_width,
                               struct asid_err *err) ASID_WARN_UNUSED;

/* What a video and its sound take of a prompt of the published sizes (28 pixels
 * a token's side, at most 300 s of sound), from what probing said; for token
 * budgets where no checkpoint is at hand. */
enum asid_rc omni_video_tokens(uint64_t total, double fps, double height,
                               double width, const struct omni_budget *budget,
                               size_t *tokens,
                               struct asid_err *err) ASID_WARN_UNUSED;
size_t omni_sound_tokens(double seconds);

/* --- prompt --------------------------------------------------------------*/

extern const char OMNI_SYSTEM_DEFAULT[]; /* the published system prompt */

/* An empty prompt: system message (NULL: the published one; "" : none) and the
 * opening of the user turn. */
enum asid_rc omni_inputs_new(const struct omni *omni, const char *system,
                             struct omni_inputs **out,
                             struct asid_err *err) ASID_WARN_UNUSED;
void omni_inputs_free(struct omni_inputs *in);
/* User text. Added tokens inside it are ordinary text, never commands. */
enum asid_rc omni_add_text(struct omni_inputs *in, struct str text,
                           struct asid_err *err) ASID_WARN_UNUSED;
/* A video of n frames, all of the same source size, sampled at budget->fps.
 * Then omni_video_frame exactly n times, in order; frames are resized at once
 * and not kept. samples (may be NULL: no sound) is 16 kHz mono and goes
 * interleaved with the picture; copied as features. n odd: the last frame is
 * repeated. */
enum asid_rc omni_add_video(struct omni_inputs *in, size_t n, size_t height,
                            size_t width, const struct omni_budget *budget,
                            const float *samples, size_t n_samples,
                            struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc omni_video_frame(struct omni_inputs *in, const uint8_t *rgb,
                              size_t height, size_t width,
                              struct asid_err *err) ASID_WARN_UNUSED;
/* min_pixels/max_pixels 0: 3136 and 12845056. Pillow's bicubic. */
enum asid_rc omni_add_image(struct omni_inputs *in, const uint8_t *rgb,
                            size_t height, size_t width, double min_pixels,
                            double max_pixels,
                            struct asid_err *err) ASID_WARN_UNUSED;
/* REJECT "media.too_short" under 321 samples. */
enum asid_rc omni_add_sound(struct omni_inputs *in, const float *samples,
                            size_t n, struct asid_err *err) ASID_WARN_UNUSED;
/* Close the user turn, open the assistant's, lay out ids and positions. */
enum asid_rc omni_inputs_finish(struct omni_inputs *in,
                                struct asid_err *err) ASID_WARN_UNUSED;

/* What the prompt became; valid as long as the inputs. */
struct omni_layout {
    const int32_t *ids; /* [n] the whole prefill */
    size_t n;
    const int32_t *positions; /* [3, n]: t, h, w rows */
    int64_t rope_delta;
    size_t frames;              /* of the first video (or 1 for an image) */
    size_t height, width;       /* as seen by the tower */
    const uint32_t (*grids)[3]; /* grid_thw of every image and video */
    size_t n_grids;
    size_t video_tokens, image_tokens, audio_tokens;
    size_t media_end; /* tokens up to the end of the last media item */
};
const struct omni_layout *omni_layout(const struct omni_inputs *in);

/* --- planning ----------------------------------------------------------- */

struct omni_plan {
    size_t weights; /* mapped bytes that a run touches */
    size_t kv_cache;
    size_t answers;     /* caches of the answers of one omni_generate_each */
    size_t activations; /* scratch of towers and decoder */
    size_t towers;      /* of it: until the media are computed, as the inputs */
    size_t inputs;      /* resized frames, features, embeddings */
    size_t
        kernels; /* their scratch, and rows; sessions of a batcher share it */
};
/* Bytes for these inputs with room for max_new more tokens, in each of so many
 * answers of one omni_generate_each (0 or 1: in the timeline itself). */
void omni_plan(const struct omni *omni, const struct omni_inputs *in,
               size_t max_new, size_t answers, unsigned threads,
               struct omni_plan *plan);
/* What a session adds to those that there are: all but weights and kernels. */
size_t omni_plan_own(const struct omni_plan *plan);
/* Bytes of a session with that capacity, and of the cache of so many tokens;
 * SIZE_MAX for more than there can be. */
size_t omni_session_bytes(const struct omni *omni, size_t capacity);
size_t omni_cache_bytes(const struct omni *omni, size_t tokens);
/* FAILED with the figures when the plan, and `beside` bytes that other sessions
 * of this process were promised, exceed limit bytes (0: the memory the system
 * has available, with what this process already took of it). */
enum asid_rc omni_plan_check(const struct omni_plan *plan, size_t beside,
                             size_t limit,
                             struct asid_err *err) ASID_WARN_UNUSED;

/* --- arithmetic ---------------------------------------------------------- */

/* What of an earlier version's results may be kept: outputs of towers and
 * answers are filed under this number. Raise it whenever a kernel set, or a
 * precision, computes other bits than before. */
enum { OMNI_ARITHMETIC = 2 };

/* --- running ------------------------------------------------------------ */

/* Continuous batching: sessions of several threads, one for each, that share
 * one set of kernels. What a session computes by itself (prefill, questions,
 * scores, a step of omni_generate_each) it computes in a turn with all the
 * kernels' threads, the others wait; next tokens of omni_generate go through the
 * layers together, at most 8, so that the weights are read once for all. Every
 * session computes the bits it would compute alone, whatever the others do, and
 * what fails or is stopped fails or stops for its own session only; it stops
 * when it has its turn, and not while it waits for it.
 *
 * Callbacks of a session must not use another one of the same batcher, and
 * on_token of omni_generate should be brief: the others wait for its next token.
 *
 * kernels and threads as in the options below. USAGE when the processor has no
 * such kernels, and for too many threads; FAILED when the system gives none. */
enum asid_rc omni_batcher_open(const struct omni *omni, const char *kernels,
                               unsigned threads, struct omni_batcher **out,
                               struct asid_err *err) ASID_WARN_UNUSED;
/* After the last of its sessions, before the engine. */
void omni_batcher_close(struct omni_batcher *b);

struct omni_run_options {
    /* Share the kernels of this one, which is of the same engine; kernels and
     * threads here mean nothing then. NULL: kernels of the session's own. */
    struct omni_batcher *batcher;
    const char *kernels; /* "auto" or a name of nn_kernel_sets */
    unsigned threads;    /* 0: all cores */
    size_t capacity;     /* tokens of KV cache: prefill + new */
    const char *dump;    /* folder for npy dumps, or NULL */
    /* Folder for outputs of the towers, created when missing: what one prefill
     * has computed the next one reads, whoever makes it, and gives the same
     * bits. Files are named by a hash of what the tower reads and what it
     * computes with; one that is damaged is made anew. When their sum would be
     * over towers_bytes, those that were not used for longest are removed. What
     * cannot be kept is no failure (omni_work.unkept). NULL: towers always run,
     * as they do when dumps are asked for. */
    const char *towers;
    uint64_t towers_bytes;
    /* Called now and then with the work done in [0,1]; return non-zero to
     * stop (the call returns STOPPED). May be NULL. */
    int (*progress)(void *user, double done);
    void *user;
};
enum asid_rc omni_session_open(const struct omni *omni,
                               const struct omni_run_options *options,
                               struct omni_session **out,
                               struct asid_err *err) ASID_WARN_UNUSED;
void omni_session_close(struct omni_session *s);
/* Forget the timeline, keep the memory. */
void omni_session_reset(struct omni_session *s);
/* Run the towers and the decoder over the inputs, appending to the timeline
 * (which must be empty). */
enum asid_rc omni_prefill(struct omni_session *s, const struct omni_inputs *in,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* The same up to the end of the last media item; what stands behind it in the
 * inputs is left away, for omni_ask. FAILED when there are no media. */
enum asid_rc omni_prefill_media(struct omni_session *s,
                                const struct omni_inputs *in,
                                struct asid_err *err) ASID_WARN_UNUSED;
/* The towers alone, for measuring: fills omni_work, forgets what they said. No
 * cache is asked. */
enum asid_rc omni_run_towers(struct omni_session *s,
                             const struct omni_inputs *in,
                             struct asid_err *err) ASID_WARN_UNUSED;
/* Append prompt tokens to the timeline (a question after a shared prefix).
 * Positions go on as they would had the text been part of the prompt. */
enum asid_rc omni_extend(struct omni_session *s, const int32_t *ids, size_t n,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* Append one prompt token to each of n timelines of one engine, at most 8, and
 * compute the logits after it. The weights are read once for all; every
 * timeline computes the bits it would compute alone, with the first one's
 * kernels and threads; all are of one batcher or of none. On failure the
 * timelines may be left one token longer. */
enum asid_rc omni_extend_each(struct omni_session *const *s, const int32_t *ids,
                              size_t n, struct asid_err *err) ASID_WARN_UNUSED;
/* Tokens on the timeline; go back to an earlier length. Answers and scores need
 * the token before them computed: going back into the middle of a video, image
 * or sound only serves omni_extend. */
size_t omni_length(const struct omni_session *s);
enum asid_rc omni_rewind(struct omni_session *s, size_t length,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* Go back to behind the last media of the prompt and put another user text
 * there: the timeline, and every bit of the answer, is then that of a prompt
 * made with this text. */
enum asid_rc omni_ask(struct omni_session *s, struct str text,
                      struct asid_err *err) ASID_WARN_UNUSED;
/* Several questions about the same media, each the user text that omni_ask
 * would put there, together: what all of them begin with is computed once, and
 * the rest goes through the layers as rows of one matrix, so that the weights
 * are read once for many. Every question sees the media and itself alone, and
 * its logits are, to the last bit, those that omni_ask would leave.
 *
 * answer is called once for each question, in any order, with the logits after
 * it ([vocab], valid during the call); what it returns other than OK ends the
 * work. Afterwards the timeline ends with the last media item. */
struct omni_asked {
    size_t index;        /* of the question */
    const float *logits; /* [vocab] */
    size_t tokens;       /* of the question, with the end of the turn */
};
typedef enum asid_rc (*omni_answer)(void *user, const struct omni_asked *asked,
                                    struct asid_err *err);
enum asid_rc omni_ask_each(struct omni_session *s, const struct str *texts,
                           size_t n, omni_answer answer, void *user,
                           struct asid_err *err) ASID_WARN_UNUSED;
/* Tokens that went through the decoder since the session was opened: what a
 * shared prefix saves shows here. */
uint64_t omni_computed(const struct omni_session *s);
/* Tokens of a question as omni_ask appends them, the end of the turn included;
 * with stem, of a text that other text follows. */
enum asid_rc omni_question_tokens(const struct omni *omni, struct str text,
                                  bool stem, size_t *n,
                                  struct asid_err *err) ASID_WARN_UNUSED;
size_t omni_capacity(const struct omni_session *s);
/* Make room for that many tokens; keeps the timeline. On failure nothing has
 * changed. */
enum asid_rc omni_session_reserve(struct omni_session *s, size_t capacity,
                                  struct asid_err *err) ASID_WARN_UNUSED;
/* Raw logits after the last token of the timeline, [vocab]; computed now when
 * they are not at hand. NULL when stopped, or for an empty timeline. Valid
 * until the session is used again. */
const float *omni_logits(struct omni_session *s);
/* Seconds and floating-point operations of the last prefill. What the cache had
 * took no tower: it counts in neither. */
struct omni_work {
    double vision_seconds, vision_flops;
    double audio_seconds, audio_flops;
    double prefill_seconds, prefill_flops; /* decoder, without the head */
    size_t media, cached; /* pictures and sounds; those that the cache had */
    const char *unkept;   /* why an output could not be kept, or NULL; valid
                             until the next prefill */
};
const struct omni_work *omni_work(const struct omni_session *s);
/* "fp32 over bf16": activations over weights. */
const char *omni_precision(const struct omni *omni);
/* The kernels of a session, for measuring them; one user at a time, so not with
 * a batcher in use. */
struct nn *omni_nn(struct omni_session *s);

/* With a dump folder, prefill writes vision.npy, audio.npy and hidden.npy
 * (after the last norm, [prefill, hidden]), score writes logits.npy
 * ([answer, vocab]). These two write pixels.npy ([patches, 3*2*patch*patch]) and
 * mel.npy ([mels, frames]), and logits.npy ([1, vocab]) after the timeline. */
enum asid_rc omni_dump_inputs(const struct omni_inputs *in, const char *dir,
                              struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc omni_dump_logits(struct omni_session *s,
                              struct asid_err *err) ASID_WARN_UNUSED;

struct omni_sampling {
    size_t max_tokens;
    float repetition_penalty; /* 1.1 as published; 1 turns it off */
    float temperature;        /* 0: greedy */
    float top_p;              /* 1 turns it off */
    uint64_t seed;
    const int32_t *stop; /* further stop ids */
    size_t n_stop;
};
/* Generate from the timeline's end. ids gets every new id with the stop token
 * last when one was met. on_token (may be NULL) returns non-zero to stop. */
enum asid_rc omni_generate(struct omni_session *s,
                           const struct omni_sampling *sampling,
                           struct bpe_ids *ids,
                           int (*on_token)(void *user, int32_t id), void *user,
                           struct asid_err *err) ASID_WARN_UNUSED;
/* Several answers about the same media together, at most 8: each is what
 * omni_ask with its text and omni_generate would give, to the last bit, and the
 * weights are read once for the next tokens of all. ids[i] gets those of
 * texts[i]. The timeline needs room for the media, the longest question and
 * max_tokens; the answers take the cache of their own tokens besides. Afterwards
 * the timeline ends with the last media item; on failure ids hold what was
 * answered so far.
 *
 * Told, on this thread: on_token of every token, non-zero stops; answered of
 * every answer, by its index, as soon as it is whole, and what it returns other
 * than OK ends the call. told and its functions may be NULL. */
enum { OMNI_ANSWERS_MAX = 8 };
struct omni_told {
    int (*on_token)(void *user, int32_t id);
    enum asid_rc (*answered)(void *user, size_t i, struct asid_err *err);
    void *user;
};
enum asid_rc omni_generate_each(struct omni_session *s, const struct str *texts,
                                size_t n, const struct omni_sampling *sampling,
                                struct bpe_ids *ids,
                                const struct omni_told *told,
                                struct asid_err *err) ASID_WARN_UNUSED;
/* Teacher-forced natural log probabilities of n ids after the timeline's end;
 * appends them to the timeline. top (may be NULL) gets the five best ids and
 * their logprobs per position: [n][5]. */
struct omni_top {
    int32_t id;
    float logprob;
};
enum asid_rc omni_score(struct omni_session *s, const int32_t *ids, size_t n,
                        float *logprobs, struct omni_top (*top)[5],
                        struct asid_err *err) ASID_WARN_UNUSED;

#endif
