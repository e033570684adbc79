/* Whole prompts: ids, positions and grids against the published processor,
 * and what happens when the caller or the media are wrong. */
#include "../../common/omni/prepare.h"

#include <dirent.h>
#include <math.h>

#include "vectors.h"

#define VECTORS "tests/vectors/"

/* Of an opened checkpoint, what prompts need. */
static void open_tiny(const char *name, struct omni *omni)
{
    struct arena a = ARENA_INIT;
    const char *dir = path_join(&a, VECTORS "checkpoints", name);
    struct asid_err err;

    *omni = (struct omni){.st = NULL};
    if (omni_config_load(dir, &omni->config, &err) != ASID_OK ||
        bpe_open(dir, &omni->bpe, &err) != ASID_OK) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    arena_release(&a);
}

static const char *option(const struct json *args, const char *name)
{
    bool next = false;

    json_each(arg, args) {
        if (next)
            return json_text(arg);
        next = json_text(arg) && strcmp(json_text(arg), name) == 0;
    }
    return NULL;
}

/* Grey frames of the size at which the case sees its media, so that no resize
 * changes it; silence as long as its sound. */
static enum asid_rc add_media(struct omni_inputs *in, const struct json *c,
                              struct asid_err *err)
{
    const struct json *args = json_get(c, "args");
    size_t n = (size_t)vector_int(json_get(c, "frames"));
    size_t h = (size_t)vector_int(json_get(c, "height"));
    size_t w = (size_t)vector_int(json_get(c, "width"));
    size_t samples = 160 * (size_t)vector_int(json_get(c, "mel_frames"));
    struct omni_budget budget = OMNI_BUDGET_DEFAULT;
    struct arena a = ARENA_INIT;
    uint8_t *rgb = arena_alloc(&a, h * w * 3 + 1);
    float *wave = arena_array(&a, samples + 1, sizeof *wave);
    enum asid_rc rc = ASID_OK;

    if (option(args, "--fps"))
        budget.fps = atof(option(args, "--fps"));
    if (option(args, "--image")) {
        rc = omni_add_image(in, rgb, h, w, 0, 0, err);
    } else if (option(args, "--video")) {
        rc = omni_add_video(in, n, h, w, &budget, samples ? wave : NULL,
                            samples, err);
        for (size_t i = 0; rc == ASID_OK && i < n; i++)
            rc = omni_video_frame(in, rgb, h, w, err);
    } else if (option(args, "--audio")) {
        rc = omni_add_sound(in, wave, samples, err);
    }
    arena_release(&a);
    return rc;
}

static bool same_numbers(const int32_t *got, size_t n, const struct json *want)
{
    size_t i = 0;

    if (json_count(want) != n)
        return false;
    json_each(item, want) {
        if (got[i++] != vector_int(item))
            return false;
    }
    return true;
}

static void compare(const char *name, const struct json *c,
                    const struct omni_layout *l)
{
    const struct json *grid = json_get(c, "grid_thw");

    CHECK(same_numbers(l->ids, l->n, json_get(c, "ids")), "%s: ids", name);
    for (size_t row = 0; row < 3; row++)
        CHECK(same_numbers(l->positions + row * l->n, l->n,
                           json_at(json_get(c, "positions"), row)),
              "%s: positions, row %zu", name, row);
    CHECK(l->rope_delta == vector_int(json_get(c, "rope_delta")), "%s: %lld",
          name, (long long)l->rope_delta);
    CHECK((int64_t)l->frames == vector_int(json_get(c, "frames")) &&
              (int64_t)l->height == vector_int(json_get(c, "height")) &&
              (int64_t)l->width == vector_int(json_get(c, "width")),
          "%s: %zu frames of %zux%zu", name, l->frames, l->width, l->height);
    CHECK((int64_t)l->video_tokens == vector_int(json_get(c, "video_tokens")) &&
              (int64_t)l->image_tokens ==
                  vector_int(json_get(c, "image_tokens")) &&
              (int64_t)l->audio_tokens ==
                  vector_int(json_get(c, "audio_tokens")),
          "%s: %zu, %zu, %zu tokens", name, l->video_tokens, l->image_tokens,
          l->audio_tokens);
    CHECK(l->n_grids == (json_type(grid) == JSON_ARRAY), "%s: %zu grids", name,
          l->n_grids);
    for (size_t i = 0; l->n_grids && i < 3; i++)
        CHECK(l->grids[0][i] == vector_int(json_at(grid, i)), "%s: grid", name);
}

static void check_published_case(const char *name)
{
    struct arena a = ARENA_INIT;
    struct json *c =
        vector_json(&a, arena_printf(&a, VECTORS "cases/%s/case.json", name));
    const struct json *args = json_get(c, "args");
    struct omni_inputs *in = NULL;
    struct asid_err err;
    struct omni omni;

    open_tiny(json_text(json_get(c, "checkpoint")), &omni);
    CHECK_OK(omni_inputs_new(&omni, option(args, "--system"), &in, &err), err);
    CHECK_OK(add_media(in, c, &err), err);
    CHECK_OK(omni_add_text(in, json_str(json_get(c, "prompt")), &err), err);
    CHECK_OK(omni_inputs_finish(in, &err), err);
    compare(name, c, omni_layout(in));
    omni_inputs_free(in);
    bpe_close(omni.bpe);
    arena_release(&a);
}

static void check_published(void)
{
    DIR *dir = opendir(VECTORS "cases");
    struct dirent *entry;
    size_t n = 0;

    BUG_IF(!dir);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.' || !strchr(entry->d_name, '-'))
            continue;
        check_published_case(entry->d_name);
        n++;
    }
    closedir(dir);
    CHECK(n >= 20, "%zu cases", n);
}

/* The prompt of a text alone, against the rendered template tokenised as one
 * string. */
static void check_text(const struct omni *omni, const char *system,
                       const char *shown, const char *text)
{
    struct arena a = ARENA_INIT;
    const char *rendered = arena_printf(
        &a,
        "<|im_start|>system\n%s<|im_end|>\n<|im_start|>user\n%s<|im_end|>\n"
        "<|im_start|>assistant\n",
        shown, text);
    struct bpe_ids want = {0};
    struct omni_inputs *in = NULL;
    struct asid_err err;
    size_t half = strlen(text) / 2;

    CHECK_OK(bpe_encode(omni->bpe, str_of(rendered), true, &want, &err), err);
    CHECK_OK(omni_inputs_new(omni, system, &in, &err), err);
    /* Two pieces of text are one. */
    CHECK_OK(omni_add_text(in, (struct str){text, half}, &err), err);
    CHECK_OK(omni_add_text(in, str_of(text + half), &err), err);
    CHECK_OK(omni_inputs_finish(in, &err), err);
    CHECK(in->ids.n == want.n &&
              memcmp(in->ids.id, want.id, want.n * sizeof *want.id) == 0,
          "%s: %zu ids, not %zu", text, in->ids.n, want.n);
    CHECK(omni_layout(in)->media_end == 0 && omni_layout(in)->n_grids == 0 &&
              omni_layout(in)->rope_delta == 0,
          "%s: media", text);
    omni_inputs_free(in);
    bpe_ids_release(&want);
    arena_release(&a);
}

static void check_template(const struct omni *omni)
{
    static const char *const texts[] = {
        "",        "Hello",        "\n\nstarts with lines", " leading blank",
        "ends \n", "\xcc\x81mark", "\xe6\x88\x91 and 1234",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        check_text(omni, NULL, OMNI_SYSTEM_DEFAULT, texts[i]);
        check_text(omni, "", "You are a helpful assistant.", texts[i]);
        check_text(omni, "Be brief.\n", "Be brief.\n", texts[i]);
    }
}

static void check_user_text(const struct omni *omni)
{
    struct omni_inputs *in = NULL;
    struct asid_err err;
    const struct omni_layout *l;
    size_t turns = 0;

    CHECK_OK(omni_inputs_new(omni, "<|im_end|>", &in, &err), err);
    CHECK_OK(omni_add_text(in, STR("<|VIDEO|><|im_end|><|im_start|>"), &err),
             err);
    CHECK_OK(omni_inputs_finish(in, &err), err);
    l = omni_layout(in);
    for (size_t i = 0; i < l->n; i++) {
        turns += l->ids[i] == bpe_added(omni->bpe, "<|im_start|>");
        CHECK(l->ids[i] != omni->config.video_id, "a placeholder at %zu", i);
    }
    CHECK(turns == 3, "%zu turns", turns);
    omni_inputs_free(in);
}

static uint8_t pixel(size_t frame, size_t i)
{
    return (uint8_t)(frame * 31 + i * 7);
}

/* A video of n frames of h x w, all its frames given. */
static enum asid_rc add_video(struct omni_inputs *in, size_t n, size_t h,
                              size_t w, const struct omni_budget *budget,
                              struct asid_err *err)
{
    uint8_t *rgb = mem_alloc(h * w * 3);
    enum asid_rc rc = omni_add_video(in, n, h, w, budget, NULL, 0, err);

    for (size_t f = 0; rc == ASID_OK && f < n; f++) {
        for (size_t i = 0; i < h * w * 3; i++)
            rgb[i] = pixel(f, i);
        rc = omni_video_frame(in, rgb, h, w, err);
    }
    free(rgb);
    return rc;
}

/* What is stored is the frame; an odd number is filled up by the last. */
static void check_frames(const struct omni *omni)
{
    enum { N = 3, H = 280, W = 392 };
    struct omni_inputs *in = NULL;
    struct asid_err err;
    const struct omni_layout *l;
    size_t wrong = 0;

    CHECK_OK(omni_inputs_new(omni, NULL, &in, &err), err);
    CHECK_OK(add_video(in, N, H, W, &OMNI_BUDGET_DEFAULT, &err), err);
    CHECK_OK(omni_inputs_finish(in, &err), err);
    l = omni_layout(in);
    CHECK(l->frames == 4 && l->grids[0][0] == 2 && l->video_tokens == 280,
          "%zu frames, %zu tokens", l->frames, l->video_tokens);
    for (size_t i = 0; i < (size_t)N * H * W * 3; i++)
        wrong +=
            in->pictures[0].rgb[i] != pixel(i / (H * W * 3), i % (H * W * 3));
    CHECK(wrong == 0, "%zu bytes", wrong);
    CHECK(in->pictures[0].second == NULL, "a second resize of nothing");
    CHECK(l->ids[l->media_end - 1] == omni->config.vision_eos, "media end");
    omni_inputs_free(in);
}

/* A long clip falls under the processor's floor and is enlarged again. */
static void check_second_resize(const struct omni *omni, bool second)
{
    struct omni_budget budget = OMNI_BUDGET_DEFAULT;
    struct omni_inputs *in = NULL;
    struct asid_err err;
    const struct omni_picture *p;

    budget.max_pixels = 401408;
    budget.total_pixels = 100000;
    budget.second_resize = second;
    CHECK_OK(omni_inputs_new(omni, NULL, &in, &err), err);
    CHECK_OK(add_video(in, 4, 360, 640, &budget, &err), err);
    CHECK_OK(omni_inputs_finish(in, &err), err);
    p = &in->pictures[0];
    CHECK(p->height == 224 && p->width == 420, "%zux%zu", p->height, p->width);
    CHECK(p->seen_height == (second ? 252u : 224u) &&
              p->seen_width == (second ? 448u : 420u) &&
              (p->second != NULL) == second,
          "%zux%zu", p->seen_height, p->seen_width);
    CHECK(omni_layout(in)->height == p->seen_height, "%zu",
          omni_layout(in)->height);
    CHECK((omni_patch_scratch(p) > 0) == second, "%zu", omni_patch_scratch(p));
    omni_inputs_free(in);
}

static void check_several(const struct omni *omni)
{
    enum { N = 16000 };
    float *wave = mem_alloc(N * sizeof *wave);
    uint8_t *rgb = mem_alloc(100 * 200 * 3);
    struct omni_inputs *in = NULL;
    struct asid_err err;
    const struct omni_layout *l;

    CHECK_OK(omni_inputs_new(omni, NULL, &in, &err), err);
    CHECK_OK(omni_add_image(in, rgb, 100, 200, 0, 0, &err), err);
    CHECK_OK(omni_add_text(in, STR("and"), &err), err);
    CHECK_OK(omni_add_sound(in, wave, N, &err), err);
    CHECK_OK(omni_add_video(in, 2, 280, 392, &OMNI_BUDGET_DEFAULT, wave, N / 2,
                            &err),
             err);
    free(rgb);
    rgb = mem_alloc(280 * 392 * 3);
    for (size_t i = 0; i < 2; i++)
        CHECK_OK(omni_video_frame(in, rgb, 280, 392, &err), err);
    CHECK_OK(add_video(in, 4, 280, 420, &OMNI_BUDGET_DEFAULT, &err), err);
    CHECK_OK(omni_inputs_finish(in, &err), err);
    l = omni_layout(in);
    CHECK(l->n_grids == 3 && l->grids[0][0] == 1 && l->grids[0][1] == 8 &&
              l->grids[0][2] == 14,
          "%zu grids", l->n_grids);
    CHECK(l->frames == 2 && l->height == 280 && l->width == 392,
          "the first video is shown: %zu of %zux%zu", l->frames, l->width,
          l->height);
    CHECK(in->n_sounds == 2 && in->sounds[0].tokens == 25 &&
              in->sounds[1].tokens == 12 && l->audio_tokens == 37,
          "%zu sounds", in->n_sounds);
    CHECK(in->pictures[0].sound == -1 && in->pictures[1].sound == 1 &&
              in->pictures[2].sound == -1,
          "whose sound it is");
    CHECK(in->pictures[1].second_per_grid == 1.0, "%g",
          in->pictures[1].second_per_grid);
    omni_inputs_free(in);
    free(wave);
    free(rgb);
}

/* A refused item leaves the prompt as it was. */
static void check_refusals(const struct omni *omni)
{
    static const struct {
        size_t n, h, w;
        const char *code;
    } videos[] = {
        {0, 100, 100, "media.too_short"},   {2, 0, 100, "media.limit"},
        {2, 100, 0, "media.limit"},         {2, 1, 201, "media.limit"},
        {2, 70000, 70000, "media.limit"},   {SIZE_MAX, 100, 100, "media.limit"},
        {1 << 19, 100, 100, "media.limit"},
    };
    struct omni_inputs *in = NULL;
    struct asid_err err;
    float wave[400] = {0};
    uint8_t rgb[300] = {0};
    size_t before;

    CHECK_OK(omni_inputs_new(omni, NULL, &in, &err), err);
    before = in->ids.n;
    for (size_t i = 0; i < sizeof videos / sizeof *videos; i++) {
        enum asid_rc rc =
            omni_add_video(in, videos[i].n, videos[i].h, videos[i].w,
                           &OMNI_BUDGET_DEFAULT, NULL, 0, &err);

        CHECK(rc == ASID_REJECT && strcmp(err.code, videos[i].code) == 0,
              "video %zu: rc %d, %s", i, (int)rc, err.text);
    }
    CHECK(omni_add_video(in, 2, 10, 10, &OMNI_BUDGET_DEFAULT, wave, 320,
                         &err) == ASID_REJECT &&
              strcmp(err.code, "media.too_short") == 0,
          "a video with too little sound");
    CHECK(omni_add_sound(in, wave, 320, &err) == ASID_REJECT, "short sound");
    CHECK(omni_add_image(in, rgb, 1, 300, 0, 0, &err) == ASID_REJECT,
          "a thin image");
    CHECK(in->ids.n == before && in->n_pictures == 0 && in->n_sounds == 0,
          "%zu ids, %zu pictures", in->ids.n, in->n_pictures);
    CHECK_OK(omni_add_text(in, STR("after all"), &err), err);
    CHECK_OK(omni_inputs_finish(in, &err), err);
    omni_inputs_free(in);
}

static void check_budgets(const struct omni *omni)
{
    struct omni_inputs *in = NULL;
    struct asid_err err;
    const double bad[] = {-1, NAN, INFINITY};

    CHECK_OK(omni_inputs_new(omni, NULL, &in, &err), err);
    for (size_t i = 0; i < 12; i++) {
        struct omni_budget b = OMNI_BUDGET_DEFAULT;
        double *field[] = {&b.fps, &b.min_pixels, &b.max_pixels,
                           &b.total_pixels};

        *field[i % 4] = bad[i / 4];
        CHECK(omni_add_video(in, 2, 100, 100, &b, NULL, 0, &err) == ASID_USAGE,
              "field %zu is %g", i % 4, bad[i / 4]);
    }
    omni_inputs_free(in);
}

/* Calls out of order are errors, never undefined. */
static void check_order(const struct omni *omni)
{
    struct omni_inputs *in = NULL;
    struct asid_err err;
    uint8_t *rgb = mem_alloc(280 * 392 * 3);

    CHECK_OK(omni_inputs_new(omni, NULL, &in, &err), err);
    CHECK(omni_video_frame(in, rgb, 280, 392, &err) == ASID_FAILED,
          "a frame of nothing");
    CHECK_OK(
        omni_add_video(in, 2, 280, 392, &OMNI_BUDGET_DEFAULT, NULL, 0, &err),
        err);
    CHECK(omni_add_text(in, STR("x"), &err) == ASID_FAILED &&
              strstr(err.text, "lacks 2 frames"),
          "%s", err.text);
    CHECK(omni_inputs_finish(in, &err) == ASID_FAILED, "frames are missing");
    CHECK_OK(omni_video_frame(in, rgb, 280, 392, &err), err);
    CHECK(omni_video_frame(in, rgb, 280, 391, &err) == ASID_REJECT &&
              strcmp(err.code, "media.damaged") == 0,
          "a frame of another size");
    CHECK(omni_add_video(in, 2, 280, 392, &OMNI_BUDGET_DEFAULT, NULL, 0,
                         &err) == ASID_FAILED,
          "a video inside a video");
    CHECK_OK(omni_video_frame(in, rgb, 280, 392, &err), err);
    CHECK(omni_video_frame(in, rgb, 280, 392, &err) == ASID_FAILED,
          "a third frame of two");
    CHECK_OK(omni_inputs_finish(in, &err), err);
    CHECK(omni_inputs_finish(in, &err) == ASID_FAILED, "finished twice");
    CHECK(omni_add_text(in, STR("x"), &err) == ASID_FAILED, "text too late");
    omni_inputs_free(in);
    CHECK_OK(omni_inputs_new(omni, NULL, &in, &err), err);
    CHECK_OK(omni_add_text(in, STR("\xff"), &err), err);
    CHECK(omni_inputs_finish(in, &err) == ASID_REJECT &&
              strcmp(err.code, "input.syntax") == 0,
          "text that is not UTF-8");
    omni_inputs_free(in);
    free(rgb);
}

/* A vocabulary whose ordinary words carry the ids of placeholders, or ids that
 * the model has not. */
static void check_hostile_ids(struct omni *omni)
{
    int32_t keep = omni->config.video_id;
    size_t vocab = omni->config.text.vocab;
    struct omni_inputs *in = NULL;
    struct asid_err err;

    omni->config.video_id = 64; /* "a" */
    CHECK_OK(omni_inputs_new(omni, NULL, &in, &err), err);
    CHECK_OK(omni_add_text(in, STR("aaa"), &err), err);
    CHECK(omni_inputs_finish(in, &err) == ASID_FAILED &&
              strstr(err.text, "placeholder"),
          "%s", err.text);
    omni_inputs_free(in);
    omni->config.video_id = keep;
    omni->config.text.vocab = 900;
    CHECK_OK(omni_inputs_new(omni, NULL, &in, &err), err);
    CHECK(omni_inputs_finish(in, &err) == ASID_FAILED &&
              strstr(err.text, "the model has 900"),
          "%s", err.text);
    omni_inputs_free(in);
    omni->config.text.vocab = vocab;
}

int main(void)
{
    struct omni omni;

    check_published();
    check_case("prompts are those of the published processor");
    open_tiny("tiny-a", &omni);
    check_template(&omni);
    check_case("the template and the text are tokenised as one string");
    check_user_text(&omni);
    check_case("user text cannot ask for media or end its turn");
    check_frames(&omni);
    check_case("frames are kept as they came");
    check_second_resize(&omni, true);
    check_second_resize(&omni, false);
    check_case("the second resize enlarges what fell below the floor");
    check_several(&omni);
    check_case("several media in one prompt");
    check_refusals(&omni);
    check_case("a refused item leaves the prompt as it was");
    check_budgets(&omni);
    check_case("budgets that are no budgets are refused");
    check_order(&omni);
    check_case("calls out of order are errors");
    check_hostile_ids(&omni);
    check_case("ids that would confuse the model are refused");
    bpe_close(omni.bpe);
    return check_done();
}
