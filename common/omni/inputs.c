/*
 * Building a prompt: the chat template, text, media, and at the end ids and
 * positions (docs/MODEL.md sections 2.5 and 8).
 *
 * The published code renders one long string and tokenises it; here media and
 * the marks of a turn are added as ids. What lies between two of them is
 * collected in state->pending and tokenised as one piece, because words may
 * reach from the template's newline into the user's text.
 */
#include <math.h>
#include <stdlib.h>

#include "prepare.h"

enum {
    RGB = 3,
    TEXT_MAX = 32 << 20,
    ITEMS_MAX = 4096, /* media items of one prompt */
};

/* Every video is seen within these once more (MODEL.md 3.4). */
/* Of images, unless told otherwise (MODEL.md 3.8). */
static const double IMAGE_MIN = 3136, IMAGE_MAX = 12845056;

const char OMNI_SYSTEM_DEFAULT[] =
    "You are Qwen, a virtual human developed by the Qwen Team, Alibaba Group, "
    "capable of perceiving auditory and visual inputs, as well as generating "
    "text and speech.";

/* What the template puts when a conversation begins without a system
 * message. */
static const char SYSTEM_NONE[] = "You are a helpful assistant.";

struct inputs_state {
    struct buf pending; /* text not yet tokenised */
    struct omni_item *items;
    size_t n_items, items_room;
    int32_t im_start, im_end;
    uint32_t (*grids)[3];
    /* The video whose frames are being given. */
    size_t frames_left, frames_done, source_height, source_width;
    struct resizer first;
    float *scratch;
};

/* --- items -------------------------------------------------------------- */

static void add_item(struct omni_inputs *in, struct omni_item item)
{
    struct inputs_state *s = in->state;

    if (item.kind == OMNI_TEXT && s->n_items &&
        s->items[s->n_items - 1].kind == OMNI_TEXT) {
        s->items[s->n_items - 1].n += item.n;
        return;
    }
    if (s->n_items == s->items_room) {
        s->items_room = s->items_room ? s->items_room * 2 : 16;
        s->items = mem_grow(s->items, s->items_room * sizeof *s->items);
    }
    s->items[s->n_items++] = item;
}

/* Tokenise what was collected. */
static enum asid_rc flush_text(struct omni_inputs *in, struct asid_err *err)
{
    struct inputs_state *s = in->state;
    size_t before = in->ids.n;

    if (buf_failed(&s->pending))
        return REJECT(err, "input.syntax",
                      "the prompt has more than %d bytes of text", TEXT_MAX);
    TRY(bpe_encode(in->omni->bpe, buf_view(&s->pending), false, &in->ids, err));
    buf_reset(&s->pending);
    if (in->ids.n > before)
        add_item(
            in, (struct omni_item){.kind = OMNI_TEXT, .n = in->ids.n - before});
    return ASID_OK;
}

static enum asid_rc add_mark(struct omni_inputs *in, int32_t id,
                             struct asid_err *err)
{
    TRY(flush_text(in, err));
    bpe_ids_add(&in->ids, id);
    add_item(in, (struct omni_item){.kind = OMNI_TEXT, .n = 1});
    return ASID_OK;
}

/* The ids of a media item; everything that can be refused was before. */
static enum asid_rc add_media(struct omni_inputs *in,
                              const struct omni_item *item,
                              struct asid_err *err)
{
    TRY(flush_text(in, err));
    TRY(omni_lay_out(&in->omni->config, item, &in->ids, err));
    add_item(in, *item);
    in->layout.media_end = in->ids.n;
    return ASID_OK;
}

static enum asid_rc check_open(const struct omni_inputs *in,
                               struct asid_err *err)
{
    if (in->finished)
        return FAIL(err, "the prompt is finished");
    if (in->state->frames_left)
        return FAIL(err, "the video before lacks %zu frames",
                    in->state->frames_left);
    if (in->n_pictures + in->n_sounds >= ITEMS_MAX)
        return REJECT(err, "media.limit", "the prompt has more than %d media",
                      ITEMS_MAX);
    return ASID_OK;
}

static enum asid_rc check_tokens(const struct omni_inputs *in,
                                 const struct omni_item *item,
                                 struct asid_err *err)
{
    size_t n;

    if (!omni_item_tokens(item, &n) || in->ids.n + n > OMNI_MAX_TOKENS)
        return REJECT(err, "media.limit", "the prompt has more than %d tokens",
                      OMNI_MAX_TOKENS);
    return ASID_OK;
}

/* --- life --------------------------------------------------------------- */

static enum asid_rc find_mark(const struct omni *omni, const char *text,
                              int32_t *id, struct asid_err *err)
{
    *id = bpe_added(omni->bpe, text);
    if (*id < 0)
        return FAIL(err, "the tokenizer has no added token %s", text);
    return ASID_OK;
}

static enum asid_rc open_turns(struct omni_inputs *in, const char *system,
                               struct asid_err *err)
{
    struct inputs_state *s = in->state;

    TRY(find_mark(in->omni, "<|im_start|>", &s->im_start, err));
    TRY(find_mark(in->omni, "<|im_end|>", &s->im_end, err));
    if (!system)
        system = OMNI_SYSTEM_DEFAULT;
    else if (!*system)
        system = SYSTEM_NONE;
    TRY(add_mark(in, s->im_start, err));
    buf_text(&s->pending, "system\n");
    buf_text(&s->pending, system);
    TRY(add_mark(in, s->im_end, err));
    buf_text(&s->pending, "\n");
    TRY(add_mark(in, s->im_start, err));
    buf_text(&s->pending, "user\n");
    return ASID_OK;
}

enum asid_rc omni_inputs_new(const struct omni *omni, const char *system,
                             struct omni_inputs **out, struct asid_err *err)
{
    struct omni_inputs *in = mem_alloc(sizeof *in);
    enum asid_rc rc;

    in->omni = omni;
    in->state = mem_alloc(sizeof *in->state);
    buf_init(&in->state->pending, TEXT_MAX);
    rc = open_turns(in, system, err);
    if (rc == ASID_OK)
        *out = in;
    else
        omni_inputs_free(in);
    return rc;
}

static void end_frames(struct inputs_state *s)
{
    resizer_release(&s->first);
    free(s->scratch);
    s->scratch = NULL;
    s->frames_left = 0;
}

static void picture_release(struct omni_picture *p)
{
    free(p->rgb);
    if (p->second)
        resizer_release(p->second);
    free(p->second);
    *p = (struct omni_picture){.sound = -1};
}

void omni_inputs_free(struct omni_inputs *in)
{
    if (!in)
        return;
    end_frames(in->state);
    buf_release(&in->state->pending);
    free(in->state->items);
    free(in->state->grids);
    free(in->state);
    for (size_t i = 0; i < in->n_pictures; i++)
        picture_release(&in->pictures[i]);
    for (size_t i = 0; i < in->n_sounds; i++)
        free(in->sounds[i].mel);
    free(in->pictures);
    free(in->sounds);
    free(in->positions);
    bpe_ids_release(&in->ids);
    arena_release(&in->arena);
    free(in);
}

enum asid_rc omni_add_text(struct omni_inputs *in, struct str text,
                           struct asid_err *err)
{
    TRY(check_open(in, err));
    buf_str(&in->state->pending, text);
    if (buf_failed(&in->state->pending))
        return REJECT(err, "input.syntax",
                      "the prompt has more than %d bytes of text", TEXT_MAX);
    return ASID_OK;
}

/* --- sound -------------------------------------------------------------- */

static void keep_sound(struct omni_inputs *in, struct omni_sound sound)
{
    in->sounds = mem_grow(in->sounds, (in->n_sounds + 1) * sizeof sound);
    in->sounds[in->n_sounds++] = sound;
}

enum asid_rc omni_add_sound(struct omni_inputs *in, const float *samples,
                            size_t n, struct asid_err *err)
{
    enum asid_rc rc;
    struct omni_item item = {.kind = OMNI_AUDIO};
    struct omni_sound sound = {.mel = NULL};

    rc = check_open(in, err);
    if (rc != ASID_OK)
        goto out;
    rc = omni_mel(&in->omni->config, samples, n, &sound, err);
    if (rc != ASID_OK)
        goto out;
    item.n = sound.tokens;
    rc = check_tokens(in, &item, err);
    if (rc != ASID_OK)
        goto out;
    rc = add_media(in, &item, err);
    if (rc != ASID_OK)
        goto out;
    keep_sound(in, sound);
    sound.mel = NULL;
out:
    free(sound.mel);
    return rc;
}

/* --- pictures ----------------------------------------------------------- */

static void keep_picture(struct omni_inputs *in, struct omni_picture *p)
{
    in->pictures = mem_grow(in->pictures, (in->n_pictures + 1) * sizeof *p);
    in->pictures[in->n_pictures++] = *p;
    *p = (struct omni_picture){.sound = -1};
}

static struct omni_item picture_item(const struct omni_picture *p)
{
    return (struct omni_item){.kind = p->video ? OMNI_VIDEO : OMNI_IMAGE,
                              .t = p->grid[0],
                              .h = p->grid[1] / OMNI_MERGE,
                              .w = p->grid[2] / OMNI_MERGE,
                              .second_per_grid = p->second_per_grid};
}

/* Grid and memory of a picture whose sizes are known. */
static enum asid_rc size_picture(const struct omni_inputs *in,
                                 struct omni_picture *p, struct asid_err *err)
{
    size_t patch = in->omni->config.vision.patch, bytes;
    struct omni_item item;
    void *space;

    p->grid[0] = (uint32_t)((p->frames + OMNI_MERGE - 1) / OMNI_MERGE);
    p->grid[1] = (uint32_t)(p->seen_height / patch);
    p->grid[2] = (uint32_t)(p->seen_width / patch);
    item = picture_item(p);
    TRY(check_tokens(in, &item, err)); /* before there is memory to take */
    if (!size_mul(p->height * p->width, RGB, &bytes))
        return REJECT(err, "media.limit", "the picture is too large");
    TRY(mem_big(&space, p->frames, bytes, err));
    p->rgb = space;
    return ASID_OK;
}

/* The tables that bring stored frames to the size they are seen at. */
static enum asid_rc make_second(struct omni_picture *p, struct asid_err *err)
{
    const size_t from[] = {p->height, p->width};
    const size_t to[] = {p->seen_height, p->seen_width};

    if (from[0] == to[0] && from[1] == to[1])
        return ASID_OK;
    p->second = mem_alloc(sizeof *p->second);
    return resizer_init(p->second, from, to, false, err);
}

static enum asid_rc check_budget(const struct omni_budget *b,
                                 struct asid_err *err)
{
    static const double FPS_MIN = 0.001, FPS_MAX = 1000;

    if (!(b->fps >= FPS_MIN && b->fps <= FPS_MAX))
        return USAGE(err, "%g frames per second, %g to %g are supported",
                     b->fps, FPS_MIN, FPS_MAX);
    if (!(b->min_pixels >= 1 && isfinite(b->min_pixels)))
        return USAGE(err, "at least %g pixels a frame", b->min_pixels);
    if (!(b->max_pixels >= 0 && isfinite(b->max_pixels)))
        return USAGE(err, "at most %g pixels a frame", b->max_pixels);
    if (!(b->total_pixels >= 1 && isfinite(b->total_pixels)))
        return USAGE(err, "at most %g pixels a clip", b->total_pixels);
    return ASID_OK;
}

static enum asid_rc size_video(const struct omni_inputs *in, size_t height,
                               size_t width, const struct omni_budget *budget,
                               struct omni_picture *p, struct asid_err *err)
{
    int factor = (int)in->omni->config.vision.patch * OMNI_MERGE;

    TRY(omni_video_size((double)height, (double)width, factor, p->frames,
                        budget, &p->height, &p->width, &p->seen_height,
                        &p->seen_width, err));
    TRY(size_picture(in, p, err));
    return make_second(p, err);
}

/* Be ready for the frames of the picture. */
static enum asid_rc begin_frames(struct inputs_state *s, size_t height,
                                 size_t width, const struct omni_picture *p,
                                 struct asid_err *err)
{
    const size_t from[] = {height, width}, to[] = {p->height, p->width};
    void *space;

    TRY(resizer_init(&s->first, from, to, false, err));
    if (mem_big(&space, resizer_scratch(&s->first), sizeof(float), err) !=
        ASID_OK) {
        end_frames(s);
        return err->rc;
    }
    s->scratch = space;
    s->source_height = height;
    s->source_width = width;
    s->frames_left = p->frames;
    s->frames_done = 0;
    return ASID_OK;
}

enum asid_rc omni_add_video(struct omni_inputs *in, size_t n, size_t height,
                            size_t width, const struct omni_budget *budget,
                            const float *samples, size_t n_samples,
                            struct asid_err *err)
{
    enum asid_rc rc;
    struct omni_picture p = {.video = true, .frames = n, .sound = -1};
    struct omni_sound sound = {.mel = NULL};
    struct omni_item item;

    rc = check_open(in, err);
    if (rc != ASID_OK)
        goto out;
    rc = check_budget(budget, err);
    if (rc != ASID_OK)
        goto out;
    if (n == 0 || n > OMNI_MAX_TOKENS) {
        rc = REJECT(err, n ? "media.limit" : "media.too_short",
                    "the video has %zu frames", n);
        goto out;
    }
    p.second_per_grid = OMNI_MERGE / budget->fps;
    rc = size_video(in, height, width, budget, &p, err);
    if (rc != ASID_OK)
        goto out;
    item = picture_item(&p);
    if (samples) {
        rc = omni_mel(&in->omni->config, samples, n_samples, &sound, err);
        if (rc != ASID_OK)
            goto out;
        item.kind = OMNI_AV;
        item.n = sound.tokens;
        p.sound = (long)in->n_sounds;
    }
    rc = check_tokens(in, &item, err);
    if (rc != ASID_OK)
        goto out;
    rc = begin_frames(in->state, height, width, &p, err);
    if (rc != ASID_OK)
        goto out;
    rc = add_media(in, &item, err);
    if (rc != ASID_OK) {
        end_frames(in->state);
        goto out;
    }
    if (sound.mel)
        keep_sound(in, sound);
    sound.mel = NULL;
    keep_picture(in, &p);
out:
    free(sound.mel);
    picture_release(&p);
    return rc;
}

enum asid_rc omni_video_frame(struct omni_inputs *in, const uint8_t *rgb,
                              size_t height, size_t width, struct asid_err *err)
{
    struct inputs_state *s = in->state;
    struct omni_picture *p;

    if (!s->frames_left)
        return FAIL(err, "a frame that no video asked for");
    if (height != s->source_height || width != s->source_width)
        return REJECT(err, "media.damaged",
                      "frame %zu of the video is %zux%zu, the first was "
                      "%zux%zu",
                      s->frames_done, width, height, s->source_width,
                      s->source_height);
    p = &in->pictures[in->n_pictures - 1];
    resizer_bytes(&s->first, s->scratch, rgb,
                  p->rgb + s->frames_done * p->height * p->width * RGB);
    s->frames_done++;
    if (--s->frames_left == 0)
        end_frames(s);
    return ASID_OK;
}

/* Pillow's resize of one picture into out, {height, width} pairs. */
static enum asid_rc resize_image(const uint8_t *rgb, const size_t from[2],
                                 const size_t to[2], uint8_t *out,
                                 struct asid_err *err)
{
    enum asid_rc rc;
    struct resizer r = {.x = {.in = 0}};
    void *scratch = NULL;

    rc = resizer_init(&r, from, to, true, err);
    if (rc != ASID_OK)
        goto out;
    rc = mem_big(&scratch, resizer_scratch(&r), 1, err);
    if (rc != ASID_OK)
        goto out;
    resizer_pillow(&r, scratch, rgb, out);
out:
    resizer_release(&r);
    free(scratch);
    return rc;
}

enum asid_rc omni_add_image(struct omni_inputs *in, const uint8_t *rgb,
                            size_t height, size_t width, double min_pixels,
                            double max_pixels, struct asid_err *err)
{
    enum asid_rc rc;
    int factor = (int)in->omni->config.vision.patch * OMNI_MERGE;
    struct omni_picture p = {.frames = 1, .sound = -1};
    struct omni_item item;
    size_t from[] = {height, width}, to[2];

    rc = check_open(in, err);
    if (rc != ASID_OK)
        goto out;
    rc = omni_smart_resize((double)height, (double)width, factor,
                           min_pixels > 0 ? min_pixels : IMAGE_MIN,
                           max_pixels > 0 ? max_pixels : IMAGE_MAX, &to[0],
                           &to[1], err);
    if (rc != ASID_OK)
        goto out;
    p.height = p.seen_height = to[0];
    p.width = p.seen_width = to[1];
    rc = size_picture(in, &p, err);
    if (rc != ASID_OK)
        goto out;
    item = picture_item(&p);
    rc = resize_image(rgb, from, to, p.rgb, err);
    if (rc != ASID_OK)
        goto out;
    rc = add_media(in, &item, err);
    if (rc == ASID_OK)
        keep_picture(in, &p);
out:
    picture_release(&p);
    return rc;
}

/* --- the end ------------------------------------------------------------ */

/* Ordinary text must not hold the id of a placeholder, nor one that the model
 * has no embedding for. */
static enum asid_rc check_ids(const struct omni_inputs *in,
                              struct asid_err *err)
{
    const struct omni_config *c = &in->omni->config;
    size_t video = 0, image = 0, audio = 0;

    for (size_t i = 0; i < in->ids.n; i++) {
        int32_t id = in->ids.id[i];

        if (id < 0 || (size_t)id >= c->text.vocab)
            return FAIL(err, "the tokenizer gives id %d, the model has %zu", id,
                        c->text.vocab);
        video += id == c->video_id;
        image += id == c->image_id;
        audio += id == c->audio_id;
    }
    if (video != in->layout.video_tokens || image != in->layout.image_tokens ||
        audio != in->layout.audio_tokens)
        return FAIL(err, "the tokenizer gives text the id of a placeholder");
    return ASID_OK;
}

static void fill_layout(struct omni_inputs *in)
{
    struct omni_layout *l = &in->layout;
    const struct omni_picture *shown = NULL;
    struct inputs_state *s = in->state;

    s->grids = mem_alloc((in->n_pictures + 1) * sizeof *s->grids);
    for (size_t i = 0; i < in->n_pictures; i++) {
        const struct omni_picture *p = &in->pictures[i];
        size_t tokens = (size_t)p->grid[0] * (p->grid[1] / OMNI_MERGE) *
                        (p->grid[2] / OMNI_MERGE);

        memcpy(s->grids[i], p->grid, sizeof p->grid);
        if (p->video)
            l->video_tokens += tokens;
        else
            l->image_tokens += tokens;
        if (!shown || (p->video && !shown->video))
            shown = p;
    }
    for (size_t i = 0; i < in->n_sounds; i++)
        l->audio_tokens += in->sounds[i].tokens;
    if (shown) {
        l->frames = shown->video ? (size_t)shown->grid[0] * OMNI_MERGE : 1;
        l->height = shown->seen_height;
        l->width = shown->seen_width;
    }
    l->grids = (const uint32_t(*)[3])s->grids;
    l->n_grids = in->n_pictures;
    l->ids = in->ids.id;
    l->n = in->ids.n;
}

enum asid_rc omni_inputs_finish(struct omni_inputs *in, struct asid_err *err)
{
    struct inputs_state *s = in->state;
    void *space;

    TRY(check_open(in, err));
    TRY(add_mark(in, s->im_end, err));
    buf_text(&s->pending, "\n");
    TRY(add_mark(in, s->im_start, err));
    buf_text(&s->pending, "assistant\n");
    TRY(flush_text(in, err));
    if (in->ids.n > OMNI_MAX_TOKENS)
        return REJECT(err, "media.limit", "the prompt has more than %d tokens",
                      OMNI_MAX_TOKENS);
    in->finished = true;
    fill_layout(in);
    TRY(check_ids(in, err));
    TRY(mem_big(&space, in->ids.n * 3, sizeof *in->positions, err));
    in->positions = space;
    TRY(omni_positions(&in->omni->config, s->items, s->n_items, in->ids.n,
                       in->positions, &in->layout.rope_delta, err));
    in->layout.positions = in->positions;
    return ASID_OK;
}

const struct omni_layout *omni_layout(const struct omni_inputs *in)
{
    return &in->layout;
}
