/* Resizing against torchvision and Pillow, and patch rows. */
#include <math.h>

#include "../../common/omni/prepare.h"
#include "asid/base/clock.h"
#include "vectors.h"

#define PRE "tests/vectors/pre/"

enum { H = 66, W = 92 };

static void load_input(uint8_t rgb[H * W * 3])
{
    struct npy v = vector_npy(PRE "resize_input.npy");

    BUG_IF(v.count != H * W * 3);
    for (size_t i = 0; i < v.count; i++)
        rgb[i] = (uint8_t)v.data[i];
    npy_release(&v);
}

/* Every byte but a few ties is the same, and those differ by one. */
static void compare_bytes(const uint8_t *got, const struct npy *want,
                          size_t ties, const char *name)
{
    size_t differ = 0;
    int worst = 0;

    for (size_t i = 0; i < want->count; i++) {
        int d = abs((int)got[i] - (int)want->data[i]);

        differ += d != 0;
        worst = d > worst ? d : worst;
    }
    CHECK(differ <= ties && worst <= 1, "%s: %zu of %zu differ, by up to %d",
          name, differ, want->count, worst);
}

static void check_against(const char *name, size_t h, size_t w, bool pillow)
{
    struct arena a = ARENA_INIT;
    struct npy want = vector_npy(arena_printf(&a, PRE "resize_%s%zux%zu.npy",
                                              pillow ? "pillow_" : "", h, w));
    struct asid_err err;
    struct resizer r;
    uint8_t rgb[H * W * 3];
    uint8_t *out = arena_alloc(&a, h * w * 3);

    load_input(rgb);
    CHECK(want.count == h * w * 3, "%s: %zu", name, want.count);
    CHECK_OK(resizer_init(&r, (const size_t[]){H, W}, (const size_t[]){h, w},
                          pillow, &err),
             err);
    if (pillow)
        resizer_pillow(&r, arena_alloc(&a, resizer_scratch(&r)), rgb, out);
    else
        resizer_bytes(&r, arena_array(&a, resizer_scratch(&r), sizeof(float)),
                      rgb, out);
    compare_bytes(out, &want, pillow ? 0 : 2, name);
    resizer_release(&r);
    npy_release(&want);
    arena_release(&a);
}

static void check_floats(size_t h, size_t w)
{
    struct arena a = ARENA_INIT;
    struct npy want =
        vector_npy(arena_printf(&a, PRE "resize_float_%zux%zu.npy", h, w));
    struct asid_err err;
    struct resizer r;
    uint8_t rgb[H * W * 3];
    float *out = arena_array(&a, h * w * 3, sizeof *out), worst = 0;

    load_input(rgb);
    CHECK_OK(resizer_init(&r, (const size_t[]){H, W}, (const size_t[]){h, w},
                          false, &err),
             err);
    resizer_floats(&r, arena_array(&a, resizer_scratch(&r), sizeof *out), rgb,
                   out);
    for (size_t i = 0; i < want.count; i++)
        worst = fmaxf(worst, fabsf(out[i] - want.data[i]));
    CHECK(worst <= 2.5e-4f, "%zux%zu: off by %g", h, w, (double)worst);
    resizer_release(&r);
    npy_release(&want);
    arena_release(&a);
}

/* Flat colour stays flat at any pair of sizes, and nothing is overrun. */
static void check_shapes(void)
{
    static const size_t sizes[] = {1, 2, 3, 5, 27, 28, 63, 200};
    enum { N = sizeof sizes / sizeof *sizes };
    struct asid_err err;

    for (size_t i = 0; i < N * N; i++) {
        const size_t from[] = {sizes[i % N], sizes[i / N]};
        const size_t to[] = {sizes[i / N], sizes[(i + 3) % N]};
        struct arena a = ARENA_INIT;
        uint8_t *rgb = arena_alloc(&a, from[0] * from[1] * 3);
        uint8_t *out = arena_alloc(&a, to[0] * to[1] * 3);
        size_t n = to[0] * to[1] * 3;
        struct resizer r;

        memset(rgb, 201, from[0] * from[1] * 3);
        for (int pillow = 0; pillow < 2; pillow++) {
            size_t wrong = 0;

            memset(out, 0, n);
            CHECK_OK(resizer_init(&r, from, to, pillow, &err), err);
            if (pillow)
                resizer_pillow(&r, arena_alloc(&a, resizer_scratch(&r)), rgb,
                               out);
            else
                resizer_bytes(
                    &r, arena_array(&a, resizer_scratch(&r), sizeof(float)),
                    rgb, out);
            for (size_t k = 0; k < n; k++)
                wrong += out[k] != 201;
            CHECK(wrong == 0, "%zux%zu to %zux%zu: %zu pixels change", from[0],
                  from[1], to[0], to[1], wrong);
            resizer_release(&r);
        }
        arena_release(&a);
    }
}

/* What a row and a column of the patches stand for, spelled out. */
static void check_patches(void)
{
    enum { FRAMES = 3, PH = 56, PW = 84, PATCH = 14, COLS = 1176 };
    static const double mean[] = {0.48145466, 0.4578275, 0.40821073};
    static const double std[] = {0.26862954, 0.26130258, 0.27577711};
    static uint8_t rgb[FRAMES * PH * PW * 3];
    static float rows[(PH / PATCH) * (PW / PATCH) * COLS];
    struct omni_picture p = {.video = true,
                             .grid = {2, PH / PATCH, PW / PATCH},
                             .frames = FRAMES,
                             .height = PH,
                             .width = PW,
                             .seen_height = PH,
                             .seen_width = PW,
                             .rgb = rgb};
    double worst = 0;

    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * 2654435761u >> 13);
    CHECK(omni_patch_scratch(&p) == 0, "%zu", omni_patch_scratch(&p));
    for (size_t t = 0; t < 2; t++) {
        omni_patch_rows(&p, PATCH, t, NULL, rows);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            size_t row = i / COLS, col = i % COLS;
            size_t gy = row / 4 / (PW / 28), gx = row / 4 % (PW / 28);
            size_t y = (2 * gy + row / 2 % 2) * 14 + col / 14 % 14;
            size_t x = (2 * gx + row % 2) * 14 + col % 14;
            size_t c = col / 392, k = col / 196 % 2;
            size_t frame = 2 * t + k < FRAMES ? 2 * t + k : FRAMES - 1;
            double v = rgb[((frame * PH + y) * PW + x) * 3 + c];

            worst = fmax(worst,
                         fabs((v / 255 - mean[c]) / std[c] - (double)rows[i]));
        }
    }
    CHECK(worst < 2e-6, "off by %g", worst);
}

/* The second resize happens when the rows are made, without rounding. */
static void check_second(void)
{
    enum { PATCH = 14, COLS = 1176 };
    struct arena a = ARENA_INIT;
    struct asid_err err;
    struct resizer second;
    uint8_t rgb[H * W * 3];
    struct omni_picture p = {.grid = {1, 4, 6},
                             .frames = 1,
                             .height = H,
                             .width = W,
                             .seen_height = 56,
                             .seen_width = 84,
                             .rgb = rgb,
                             .second = &second};
    float *rows = arena_array(&a, 24 * COLS, sizeof *rows);
    float *floats = arena_array(&a, 56 * 84 * 3, sizeof *floats);
    float *scratch;

    load_input(rgb);
    CHECK_OK(resizer_init(&second, (const size_t[]){H, W},
                          (const size_t[]){56, 84}, false, &err),
             err);
    scratch = arena_array(&a, omni_patch_scratch(&p), sizeof *scratch);
    resizer_floats(&second, scratch, rgb, floats);
    omni_patch_rows(&p, PATCH, 0, scratch, rows);
    for (size_t k = 0; k < 2; k++)
        for (size_t x = 0; x < 14; x++) {
            float v = floats[(15 * 84 + 14 + x) * 3 + 2];
            float y = (v - 104.09373474121094f) / 70.32315826416016f;

            /* row 3 of the first group, blue, frame k, line 1 */
            CHECK(rows[3 * COLS + 2 * 392 + k * 196 + 14 + x] == y,
                  "frame %zu, column %zu", k, x);
        }
    resizer_release(&second);
    arena_release(&a);
}

static void check_speed(void)
{
    const size_t from[] = {1080, 1920}, to[] = {448, 840};
    struct arena a = ARENA_INIT;
    struct asid_err err;
    struct resizer r;
    uint8_t *rgb = arena_alloc(&a, from[0] * from[1] * 3);
    uint8_t *out = arena_alloc(&a, to[0] * to[1] * 3);
    double start, best = 1e9;
    float *scratch;

    CHECK_OK(resizer_init(&r, from, to, false, &err), err);
    scratch = arena_array(&a, resizer_scratch(&r), sizeof *scratch);
    for (size_t i = 0; i < 5; i++) {
        start = clock_monotonic();
        resizer_bytes(&r, scratch, rgb, out);
        best = fmin(best, clock_monotonic() - start);
    }
    printf("# 1920x1080 to 840x448 takes %.1f ms\n", best * 1e3);
    CHECK(best < 30, "%g s",
          best); /* generous: sanitizers and valgrind run this too */
    resizer_release(&r);
    arena_release(&a);
}

int main(void)
{
    check_against("28x56", 28, 56, false);
    check_against("84x140", 84, 140, false);
    check_case("frames are torchvision's, but for ties");
    check_floats(28, 56);
    check_floats(70, 98);
    check_case("the second resize is torchvision's in float");
    check_against("Pillow 28x56", 28, 56, true);
    check_against("Pillow 84x140", 84, 140, true);
    check_case("images are Pillow's to the byte");
    check_shapes();
    check_case("any size becomes any size");
    check_patches();
    check_case("patch rows hold the pixels in the published order");
    check_second();
    check_case("patch rows of resized frames are not rounded");
    check_speed();
    check_case("a large frame is resized in time");
    return check_done();
}
