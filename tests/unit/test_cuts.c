/* Shot cuts: synthetic shots with motion, flashes, fades, grain and repeated
 * frames; where the cuts are is known. */
#include <math.h>
#include <stdlib.h>

#include "../../common/media/cuts.h"
#include "check.h"

/* --- pictures --------------------------------------------------------------- */

static uint32_t random_state;

static uint32_t random_next(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

enum { SCENE = 160, BLOBS = 60 };

/* A landscape larger than the picture: a ground colour and soft-edged boxes. */
struct scene {
    uint8_t planes[3][SCENE * SCENE];
};

static void scene_make(struct scene *s, uint32_t seed)
{
    random_state = seed * 2654435761u + 1;
    for (int p = 0; p < 3; p++)
        memset(s->planes[p], (int)(60 + random_next() % 130),
               sizeof s->planes[p]);
    for (int k = 0; k < BLOBS; k++) {
        int x0 = (int)(random_next() % SCENE),
            y0 = (int)(random_next() % SCENE);
        int w = 4 + (int)(random_next() % 30),
            h = 4 + (int)(random_next() % 30);
        uint8_t colour[3];

        for (int p = 0; p < 3; p++)
            colour[p] = (uint8_t)(20 + random_next() % 210);
        for (int y = y0; y < y0 + h && y < SCENE; y++) {
            for (int x = x0; x < x0 + w && x < SCENE; x++) {
                for (int p = 0; p < 3; p++)
                    s->planes[p][y * SCENE + x] = colour[p];
            }
        }
    }
}

static uint8_t clamp(double v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5);
}

/* Look at the scene from (x, y), as bright as gain and lift say. */
static void look(const struct scene *s, int x, int y, double gain, double lift,
                 uint8_t *yuv)
{
    for (int p = 0; p < 3; p++) {
        for (int v = 0; v < CUTS_HEIGHT; v++) {
            for (int u = 0; u < CUTS_WIDTH; u++) {
                double c = s->planes[p][(y + v) * SCENE + x + u];
                double value =
                    p == 0 ? c * gain + lift : 128 + (c - 128) * gain;

                yuv[p * CUTS_PIXELS + v * CUTS_WIDTH + u] = clamp(value);
            }
        }
    }
}

static void add_grain(uint8_t *yuv, int levels)
{
    for (size_t i = 0; i < CUTS_BYTES; i++)
        yuv[i] = clamp(yuv[i] +
                       (double)(random_next() % (uint32_t)(2 * levels + 1)) -
                       levels);
}

/* --- films ------------------------------------------------------------------ */

/* What happens in frame n of a film of shots: which scene, where the camera
 * looks, how bright. */
struct film {
    double fps;
    int frames, shot; /* in all, and a shot's length */
    int pan;          /* pixels a frame */
    int repeat;       /* each picture is shown so often */
    int flash_at, flash_n;
    int fade_from, fade_n; /* to black and back */
    int grain;
    double gain;
};

/* Back and forth between 0 and most. */
static int swing(int n, int most)
{
    int at = n % (2 * most);

    return at > most ? 2 * most - at : at;
}

static void film_frame(const struct scene *scenes, const struct film *f, int n,
                       uint8_t *yuv)
{
    int drawn = f->repeat > 1 ? n - n % f->repeat : n;
    int x = 10 + swing(drawn * f->pan, 80), y = 10 + swing(drawn, 7);
    double gain = f->gain > 0 ? f->gain : 1, lift = 0;

    if (f->fade_n && abs(drawn - f->fade_from) < f->fade_n)
        gain *= (double)abs(drawn - f->fade_from) / f->fade_n;
    if (f->flash_n && drawn >= f->flash_at && drawn < f->flash_at + f->flash_n)
        lift = 150;
    look(&scenes[drawn / f->shot % 8], x, y, gain, lift, yuv);
    random_state = (uint32_t)drawn + 99;
    if (f->grain)
        add_grain(yuv, f->grain);
}

static size_t film_cuts(const struct film *f, double *times, size_t most)
{
    static struct scene scenes[8];
    static uint8_t yuv[CUTS_BYTES];
    struct cuts *c = cuts_new(most);
    const double *found = NULL;
    size_t n = 0;
    bool all;

    if (!c)
        return 0;
    for (uint32_t i = 0; i < 8; i++)
        scene_make(&scenes[i], i + 1);
    for (int i = 0; i < f->frames; i++) {
        film_frame(scenes, f, i, yuv);
        CHECK(cuts_feed(c, yuv, i / f->fps), "memory");
    }
    all = cuts_finish(c, &found, &n);
    CHECK(all == (n < most || (size_t)(f->frames / f->shot) <= most + 1),
          "all %d of %zu", all, n);
    for (size_t i = 0; i < n; i++)
        times[i] = found[i];
    cuts_free(c);
    return n;
}

/* The film has a cut where each shot but the first begins, and nowhere else. */
static void check_film(const char *what, struct film f)
{
    size_t n, want = (size_t)((f.frames - 1) / f.shot);
    double times[64];

    n = film_cuts(&f, times, 64);
    CHECK(n == want, "%s: %zu cuts, not %zu (first at %g)", what, n, want,
          n ? times[0] : -1.0);
    for (size_t i = 0; i < n && i < want; i++)
        CHECK(fabs(times[i] - (double)(i + 1) * f.shot / f.fps) < 1e-9,
              "%s: cut %zu at %g", what, i, times[i]);
    check_case(what);
}

static void test_films(void)
{
    struct film plain = {.fps = 25, .frames = 200, .shot = 50}, f;

    check_film("still shots", plain);
    f = plain;
    f.shot = 13;
    check_film("short shots", f);
    f = plain;
    f.pan = 3;
    check_film("a moving camera", f);
    f = plain;
    f.grain = 6;
    check_film("grain", f);
    f = plain;
    f.gain = 0.2;
    f.grain = 1;
    check_film("darkness", f);
    f = plain;
    f.repeat = 2;
    f.pan = 2;
    check_film("every picture twice", f);
    f = plain;
    f.repeat = 3;
    f.shot = 48;
    check_film("every picture three times", f);
    for (int flash = 1; flash <= 3; flash++) {
        f = plain;
        f.flash_at = 70;
        f.flash_n = flash;
        check_film("a flash is no cut", f);
    }
    f = plain;
    f.fade_from = 70;
    f.fade_n = 15;
    check_film("a fade to black and back is no cut", f);
    f = plain;
    f.fps = 2;
    f.shot = 5;
    f.frames = 40;
    check_film("two frames a second", f);
    f = plain;
    f.frames = 3;
    check_film("three frames", f);
    f = plain;
    f.frames = 1;
    check_film("one frame", f);
}

/* --- edges ------------------------------------------------------------------ */

static void test_edges(void)
{
    struct film near_flash = {
        .fps = 25, .frames = 100, .shot = 50, .flash_at = 48, .flash_n = 3};
    struct film many = {.fps = 25, .frames = 200, .shot = 20};
    double times[64];
    size_t n = film_cuts(&near_flash, times, 64);

    CHECK(n == 1 && fabs(times[0] - 2) < 0.15, "%zu cuts, the first at %g", n,
          n ? times[0] : -1.0);
    check_case("a flash across a cut does not double it");
    n = film_cuts(&many, times, 4);
    CHECK(n == 4 && times[3] == 3.2, "%zu cuts", n);
    check_case("more cuts than wanted are said, not kept");
    n = film_cuts(&(struct film){.fps = 25, .frames = 0, .shot = 1}, times, 64);
    CHECK(n == 0, "%zu cuts", n);
    check_case("no frame at all has no cut");
}

static void test_distance(void)
{
    static struct scene one, other;
    static uint8_t a[CUTS_BYTES], b[CUTS_BYTES];
    unsigned moved, brighter, cut;

    scene_make(&one, 1);
    scene_make(&other, 2);
    look(&one, 20, 20, 1, 0, a);
    CHECK(cuts_distance(a, a) == 0, "itself");
    look(&one, 23, 18, 1, 0, b);
    moved = cuts_distance(a, b);
    look(&one, 20, 20, 1, 6, b);
    brighter = cuts_distance(a, b);
    look(&other, 20, 20, 1, 0, b);
    cut = cuts_distance(a, b);
    CHECK(moved < 200 && brighter < 300, "moved %u, brighter %u", moved,
          brighter);
    CHECK(cut > 600 && cut <= CUTS_SCALE, "cut %u", cut);
    memset(a, 0, sizeof a);
    memset(b, 255, sizeof b);
    CHECK(cuts_distance(a, b) == CUTS_SCALE, "black and white: %u",
          cuts_distance(a, b));
    check_case("motion and light count little, another scene much");
}

int main(void)
{
    test_films();
    test_edges();
    test_distance();
    return check_done();
}
