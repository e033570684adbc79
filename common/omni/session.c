/*
 * Sessions: one timeline of tokens with its cache, and what it takes to put a
 * prompt on it. Tokens are known first (ids, n) and computed when something
 * needs their logits, so that going back costs at most one token.
 */
#include <stdlib.h>

#include "asid/base/clock.h"
#include "run_int.h"

enum asid_rc session_tick(struct omni_session *s, double flops,
                          struct asid_err *err)
{
    double share;

    s->work_done += flops;
    if (!s->options.progress)
        return ASID_OK;
    share = s->work_total > 0 ? s->work_done / s->work_total : 0;
    if (s->options.progress(s->options.user, share < 1 ? share : 1) != 0)
        return asid_fail(err, ASID_STOPPED, NULL, "stopped");
    return ASID_OK;
}

static void release_memory(struct omni_session *s)
{
    if (!s->options.batcher)
        free(s->rows);
    free(s->kv);
    free(s->scratch);
    free(s->ids);
    free(s->positions);
}

/* What the capacity decides; on failure some of it may be there. */
static enum asid_rc open_memory(struct omni_session *s, struct asid_err *err)
{
    const struct omni_config *c = &s->omni->config;
    size_t cache = decoder_cache_floats(c, s->capacity);
    size_t rows = decoder_rows_floats(c, s->capacity);
    size_t scratch = decoder_scratch_floats(c);
    void *p;

    s->kv = s->rows = NULL;
    s->scratch = NULL;
    s->ids = s->positions = NULL;
    if (cache == 0 || rows == 0 || scratch == 0)
        return FAIL(err, "no cache can hold %zu tokens", s->capacity);
    TRY(mem_big(&p, cache, sizeof(float), err));
    s->kv = p;
    if (!s->options.batcher)
        TRY(mem_big(&p, rows, sizeof(float), err));
    s->rows = s->options.batcher ? batcher_rows(s->options.batcher) : p;
    TRY(mem_big(&s->scratch, scratch, sizeof(float), err));
    TRY(mem_big(&p, s->capacity, sizeof *s->ids, err));
    s->ids = p;
    TRY(mem_big(&p, s->capacity, 3 * sizeof *s->positions, err));
    s->positions = p;
    decoder_lay_out(s);
    return ASID_OK;
}

/* Copy what is known and computed; scratch and logits are not. */
static void move_timeline(struct omni_session *to,
                          const struct omni_session *from)
{
    const struct omni_config *c = &to->omni->config;
    size_t row = c->text.kv_heads * c->text.head_dim * sizeof *to->kv;

    memcpy(to->ids, from->ids, from->n * sizeof *to->ids);
    for (size_t axis = 0; axis < 3; axis++)
        memcpy(to->positions + axis * to->capacity,
               from->positions + axis * from->capacity,
               from->n * sizeof *to->positions);
    for (size_t layer = 0; layer < c->text.layers; layer++) {
        memcpy(decoder_keys(to, layer, 0), decoder_keys(from, layer, 0),
               from->done * row);
        memcpy(decoder_values(to, layer, 0), decoder_values(from, layer, 0),
               from->done * row);
    }
    to->logits_at = 0;
}

enum asid_rc omni_session_reserve(struct omni_session *s, size_t capacity,
                                  struct asid_err *err)
{
    struct omni_session wide = *s;
    enum asid_rc rc;

    if (capacity <= s->capacity)
        return ASID_OK;
    wide.capacity = capacity;
    rc = open_memory(&wide, err);
    if (rc != ASID_OK) {
        release_memory(&wide);
        return rc;
    }
    move_timeline(&wide, s);
    release_memory(s);
    *s = wide;
    return ASID_OK;
}

static enum asid_rc open_kernels(struct omni_session *s, struct asid_err *err)
{
    const struct omni_run_options *o = &s->options;

    if (!o->batcher)
        return nn_open(o->kernels ? o->kernels : "auto", o->threads, &s->nn,
                       err);
    s->nn = batcher_nn(o->batcher, s->omni);
    return ASID_OK;
}

enum asid_rc omni_session_open(const struct omni *omni,
                               const struct omni_run_options *options,
                               struct omni_session **out, struct asid_err *err)
{
    struct omni_session *s = mem_alloc(sizeof *s);
    enum asid_rc rc;

    s->omni = omni;
    s->options = *options;
    s->capacity = options->capacity ? options->capacity : 1;
    s->top = -1;
    s->dump = mem_strdup(options->dump);
    s->towers = mem_strdup(options->towers);
    rc = open_kernels(s, err);
    if (rc == ASID_OK)
        rc = open_memory(s, err);
    if (rc != ASID_OK) {
        omni_session_close(s);
        return rc;
    }
    *out = s;
    return ASID_OK;
}

void omni_session_close(struct omni_session *s)
{
    if (!s)
        return;
    if (!s->options.batcher)
        nn_close(s->nn);
    release_memory(s);
    free(s->dump);
    free(s->towers);
    free(s);
}

void omni_session_reset(struct omni_session *s)
{
    s->n = s->done = s->logits_at = s->media_end = s->merged = 0;
    s->top = -1;
}

size_t omni_length(const struct omni_session *s)
{
    return s->n;
}

uint64_t omni_computed(const struct omni_session *s)
{
    return s->computed;
}

size_t omni_capacity(const struct omni_session *s)
{
    return s->capacity;
}

const struct omni_work *omni_work(const struct omni_session *s)
{
    return &s->work;
}

struct nn *omni_nn(struct omni_session *s)
{
    return s->nn;
}

/* --- towers --------------------------------------------------------------- */

/* Tower outputs of one prompt: [rows, hidden] of images, videos, sounds. */
struct features {
    float *rows;
    float *image, *video, *audio;
    size_t n_image, n_video, n_audio;
    bool cached; /* the cache may have them, and may keep them */
};

static size_t picture_tokens(const struct omni_picture *p)
{
    return (size_t)p->grid[0] * p->grid[1] * p->grid[2] / MERGE;
}

static void count_features(const struct omni_inputs *in, struct features *f)
{
    for (size_t i = 0; i < in->n_pictures; i++)
        *(in->pictures[i].video ? &f->n_video : &f->n_image) +=
            picture_tokens(&in->pictures[i]);
    for (size_t i = 0; i < in->n_sounds; i++)
        f->n_audio += in->sounds[i].tokens;
}

/* Every placeholder needs its row and every row its placeholder. */
static enum asid_rc check_placeholders(const struct omni_config *c,
                                       const struct omni_inputs *in,
                                       const struct features *f,
                                       struct asid_err *err)
{
    size_t image = 0, video = 0, audio = 0;

    for (size_t i = 0; i < in->layout.n; i++) {
        int32_t id = in->layout.ids[i];

        if (id < 0 || (size_t)id >= c->text.vocab)
            return FAIL(err, "token %d is outside the vocabulary of %zu", id,
                        c->text.vocab);
        image += id == c->image_id;
        video += id == c->video_id;
        audio += id == c->audio_id;
    }
    if (image != f->n_image || video != f->n_video || audio != f->n_audio)
        return FAIL(err,
                    "the prompt has %zu image, %zu video and %zu audio "
                    "placeholders for %zu, %zu and %zu tokens",
                    image, video, audio, f->n_image, f->n_video, f->n_audio);
    return ASID_OK;
}

/* Kept for whoever sees the same; what cannot be kept is told, once for all. */
static void keep(struct omni_session *s, const struct tower_key *key,
                 const float *rows, size_t n)
{
    if (tower_cache_put(s, key, rows, n, &s->unkept) != ASID_OK)
        s->work.unkept = s->unkept.text;
}

static enum asid_rc encode_picture(struct omni_session *s,
                                   const struct omni_picture *p,
                                   const struct features *f, float *scratch,
                                   float *out, struct asid_err *err)
{
    const struct omni_config *c = &s->omni->config;
    size_t n = picture_tokens(p) * c->text.hidden;
    double flops = vision_flops(c, p), start;
    struct tower_key key;

    s->work.media++;
    if (f->cached) {
        tower_key_picture(s, p, &key);
        if (tower_cache_get(s, &key, out, n)) {
            s->work.cached++;
            return session_tick(s, flops, err);
        }
    }
    start = clock_monotonic();
    TRY(vision_encode(s, p, scratch, out, err));
    s->work.vision_seconds += clock_monotonic() - start;
    s->work.vision_flops += flops;
    if (f->cached)
        keep(s, &key, out, n);
    return ASID_OK;
}

static enum asid_rc encode_sound(struct omni_session *s,
                                 const struct omni_sound *sound,
                                 const struct features *f, float *scratch,
                                 float *out, struct asid_err *err)
{
    const struct omni_config *c = &s->omni->config;
    size_t n = sound->tokens * c->text.hidden;
    double flops = audio_flops(c, sound), start;
    struct tower_key key;

    s->work.media++;
    if (f->cached) {
        tower_key_sound(s, sound, &key);
        if (tower_cache_get(s, &key, out, n)) {
            s->work.cached++;
            return session_tick(s, flops, err);
        }
    }
    start = clock_monotonic();
    TRY(audio_encode(s, sound, scratch, out, err));
    s->work.audio_seconds += clock_monotonic() - start;
    s->work.audio_flops += flops;
    if (f->cached)
        keep(s, &key, out, n);
    return ASID_OK;
}

static enum asid_rc encode_pictures(struct omni_session *s,
                                    const struct omni_inputs *in,
                                    const struct features *f, float *scratch,
                                    struct asid_err *err)
{
    size_t h = s->omni->config.text.hidden;
    float *next[2] = {f->image, f->video};

    for (size_t i = 0; i < in->n_pictures; i++) {
        const struct omni_picture *p = &in->pictures[i];

        TRY(encode_picture(s, p, f, scratch, next[p->video], err));
        next[p->video] += picture_tokens(p) * h;
    }
    if (s->dump && in->n_pictures)
        TRY(dump_rows(s, "vision.npy", f->image, f->n_image + f->n_video, h,
                      err));
    return ASID_OK;
}

static enum asid_rc encode_sounds(struct omni_session *s,
                                  const struct omni_inputs *in,
                                  const struct features *f, float *scratch,
                                  struct asid_err *err)
{
    size_t h = s->omni->config.text.hidden;
    float *next = f->audio;

    for (size_t i = 0; i < in->n_sounds; i++) {
        TRY(encode_sound(s, &in->sounds[i], f, scratch, next, err));
        next += in->sounds[i].tokens * h;
    }
    if (s->dump && in->n_sounds)
        TRY(dump_rows(s, "audio.npy", f->audio, f->n_audio, h, err));
    return ASID_OK;
}

size_t tower_scratch_floats(const struct omni_config *c,
                            const struct omni_inputs *in)
{
    size_t most = 0;

    for (size_t i = 0; i < in->n_pictures; i++) {
        size_t n = vision_scratch_floats(c, &in->pictures[i]);

        most = n > most ? n : most;
    }
    for (size_t i = 0; i < in->n_sounds; i++) {
        size_t n = audio_scratch_floats(c, &in->sounds[i]);

        most = n > most ? n : most;
    }
    return most;
}

static enum asid_rc run_towers(struct omni_session *s,
                               const struct omni_inputs *in, struct features *f,
                               struct asid_err *err)
{
    const struct omni_config *c = &s->omni->config;
    size_t h = c->text.hidden;
    void *p = NULL, *scratch = NULL;
    enum asid_rc rc;

    count_features(in, f);
    TRY(check_placeholders(c, in, f, err));
    if (in->n_pictures == 0 && in->n_sounds == 0)
        return ASID_OK;
    rc = mem_big(&p, f->n_image + f->n_video + f->n_audio, h * sizeof(float),
                 err);
    if (rc != ASID_OK)
        goto out;
    f->rows = f->image = p;
    f->video = f->image + f->n_image * h;
    f->audio = f->video + f->n_video * h;
    rc = mem_big(&scratch, tower_scratch_floats(c, in), sizeof(float), err);
    if (rc == ASID_OK)
        rc = encode_pictures(s, in, f, scratch, err);
    if (rc == ASID_OK)
        rc = encode_sounds(s, in, f, scratch, err);
out:
    free(scratch);
    return rc;
}

enum asid_rc omni_run_towers(struct omni_session *s,
                             const struct omni_inputs *in, struct asid_err *err)
{
    struct features f = {.rows = NULL};
    enum asid_rc rc;

    BUG_IF(!in->finished);
    memset(&s->work, 0, sizeof s->work);
    batcher_enter(s);
    rc = run_towers(s, in, &f, err);
    batcher_leave(s);
    free(f.rows);
    return rc;
}

/* --- prompts -------------------------------------------------------------- */

static double prompt_flops(const struct omni_config *c,
                           const struct omni_inputs *in)
{
    double sum = decoder_flops(c, 0, in->layout.n);

    for (size_t i = 0; i < in->n_pictures; i++)
        sum += vision_flops(c, &in->pictures[i]);
    for (size_t i = 0; i < in->n_sounds; i++)
        sum += audio_flops(c, &in->sounds[i]);
    return sum;
}

/* The largest position of the first n tokens, -1 for none. */
static int64_t largest_position(const struct omni_session *s, size_t n)
{
    int64_t top = -1;

    for (size_t axis = 0; axis < 3; axis++)
        for (size_t i = 0; i < n; i++) {
            int32_t at = s->positions[axis * s->capacity + i];

            top = at > top ? at : top;
        }
    return top;
}

static void place_prompt(struct omni_session *s, const struct omni_layout *l)
{
    memcpy(s->ids, l->ids, l->n * sizeof *s->ids);
    for (size_t axis = 0; axis < 3; axis++)
        memcpy(s->positions + axis * s->capacity, l->positions + axis * l->n,
               l->n * sizeof *s->positions);
    s->n = l->n;
    s->media_end = l->media_end;
    s->top = largest_position(s, l->n);
    for (s->merged = l->n; s->merged > 0; s->merged--)
        if (decoder_is_placeholder(&s->omni->config, s->ids[s->merged - 1]))
            break;
}

static enum asid_rc decode_prompt(struct omni_session *s,
                                  const struct features *f, bool media_only,
                                  struct asid_err *err)
{
    struct merge merge = {f->image, f->video, f->audio};
    size_t h = s->omni->config.text.hidden;
    double start = clock_monotonic();
    enum asid_rc rc;
    void *p;

    if (s->dump) {
        TRY(mem_big(&p, s->n, h * sizeof(float), err));
        s->dump_hidden = p;
    }
    /* Media first, by themselves: so a question gets the same answer whether
     * it came with them or later (omni_ask). */
    rc = decoder_run(s, s->media_end, &merge, err);
    if (rc == ASID_OK && media_only)
        rc = omni_rewind(s, s->media_end, err);
    else if (rc == ASID_OK)
        rc = decoder_catch_up(s, err);
    s->work.prefill_seconds += clock_monotonic() - start;
    s->work.prefill_flops += decoder_flops(&s->omni->config, 0, s->n);
    if (rc == ASID_OK && s->dump)
        rc = dump_rows(s, "hidden.npy", s->dump_hidden, s->n, h, err);
    free(s->dump_hidden);
    s->dump_hidden = NULL;
    return rc;
}

static enum asid_rc prefill(struct omni_session *s,
                            const struct omni_inputs *in, bool media_only,
                            struct asid_err *err)
{
    /* A dump is there to show what is computed. */
    struct features f = {.cached = s->towers && !s->dump};
    enum asid_rc rc;

    BUG_IF(!in->finished || s->n != 0);
    if (in->layout.n > s->capacity)
        return FAIL(err, "the prompt has %zu tokens, the session room for %zu",
                    in->layout.n, s->capacity);
    memset(&s->work, 0, sizeof s->work);
    s->work_done = 0;
    s->work_total = prompt_flops(&s->omni->config, in);
    batcher_enter(s);
    rc = run_towers(s, in, &f, err);
    if (rc == ASID_OK) {
        place_prompt(s, &in->layout);
        rc = decode_prompt(s, &f, media_only, err);
    }
    batcher_leave(s);
    free(f.rows);
    s->work_total = 0;
    if (rc != ASID_OK)
        omni_session_reset(s);
    return rc;
}

enum asid_rc omni_prefill(struct omni_session *s, const struct omni_inputs *in,
                          struct asid_err *err)
{
    return prefill(s, in, false, err);
}

enum asid_rc omni_prefill_media(struct omni_session *s,
                                const struct omni_inputs *in,
                                struct asid_err *err)
{
    if (in->layout.media_end == 0)
        return FAIL(err, "the prompt holds no media");
    return prefill(s, in, true, err);
}

static int64_t next_position(const struct omni_session *s, enum token_kind kind)
{
    int64_t last = -1;

    if (kind == TOKEN_ANSWER)
        return s->top + 1;
    for (size_t axis = 0; s->n && axis < 3; axis++) {
        int32_t at = s->positions[axis * s->capacity + s->n - 1];

        last = at > last ? at : last;
    }
    return last + 1;
}

enum asid_rc session_append(struct omni_session *s, const int32_t *ids,
                            size_t n, enum token_kind kind,
                            struct asid_err *err)
{
    size_t vocab = s->omni->config.text.vocab;
    int64_t at = next_position(s, kind);

    if (n > s->capacity - s->n)
        return FAIL(err, "%zu tokens do not fit: %zu of %zu are taken", n, s->n,
                    s->capacity);
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (size_t)ids[i] >= vocab)
            return FAIL(err, "token %d is outside the vocabulary of %zu",
                        ids[i], vocab);
    for (size_t i = 0; i < n; i++, s->n++, at++) {
        s->ids[s->n] = ids[i];
        for (size_t axis = 0; axis < 3; axis++)
            s->positions[axis * s->capacity + s->n] = (int32_t)at;
        s->top = at > s->top ? at : s->top;
    }
    return ASID_OK;
}

enum asid_rc session_catch_up(struct omni_session *s, struct asid_err *err)
{
    enum asid_rc rc;

    if (s->n > 0 && s->logits_at == s->n)
        return ASID_OK;
    batcher_enter(s);
    rc = decoder_catch_up(s, err);
    batcher_leave(s);
    return rc;
}

enum asid_rc omni_extend(struct omni_session *s, const int32_t *ids, size_t n,
                         struct asid_err *err)
{
    struct asid_err ignored;
    size_t before = s->n;
    enum asid_rc rc;

    TRY(session_append(s, ids, n, TOKEN_PROMPT, err));
    rc = session_catch_up(s, err);
    if (rc != ASID_OK && omni_rewind(s, before, &ignored) != ASID_OK)
        omni_session_reset(s);
    return rc;
}

enum asid_rc session_encode(const struct omni *omni, struct str text,
                            struct bpe_ids *ids, struct asid_err *err)
{
    TRY(bpe_encode(omni->bpe, text, false, ids, err));
    return bpe_encode(omni->bpe, STR("<|im_end|>\n<|im_start|>assistant\n"),
                      true, ids, err);
}

enum asid_rc omni_ask(struct omni_session *s, struct str text,
                      struct asid_err *err)
{
    struct bpe_ids ids = {NULL, 0, 0};
    enum asid_rc rc;

    if (s->media_end == 0)
        return FAIL(err, "the timeline holds no media to ask about");
    rc = session_encode(s->omni, text, &ids, err);
    if (rc == ASID_OK)
        rc = omni_rewind(s, s->media_end, err);
    if (rc == ASID_OK)
        rc = omni_extend(s, ids.id, ids.n, err);
    bpe_ids_release(&ids);
    return rc;
}

enum asid_rc omni_rewind(struct omni_session *s, size_t length,
                         struct asid_err *err)
{
    if (length > s->n)
        return FAIL(err, "cannot go back to %zu tokens: there are %zu", length,
                    s->n);
    s->n = length;
    s->done = s->done < length ? s->done : length;
    s->merged = s->merged < length ? s->merged : length;
    s->media_end = s->media_end < length ? s->media_end : length;
    s->logits_at = s->logits_at <= length ? s->logits_at : 0;
    s->top = largest_position(s, length);
    return ASID_OK;
}

const float *omni_logits(struct omni_session *s)
{
    struct asid_err err;

    return session_catch_up(s, &err) == ASID_OK ? s->at.logits : NULL;
}
