/*
 * Places, light and weather. The scenery is as wide as a pan can see; its
 * colours are pale or dull, so that no actor or prop drowns in it.
 */
#include "draw_int.h"

struct scene {
    const struct paint *p;
    enum synth_light light;
};

static struct paint_rgb mix(struct paint_rgb a, struct paint_rgb b, float part)
{
    return (struct paint_rgb){
        (uint8_t)((float)a.r + ((float)b.r - (float)a.r) * part),
        (uint8_t)((float)a.g + ((float)b.g - (float)a.g) * part),
        (uint8_t)((float)a.b + ((float)b.b - (float)a.b) * part)};
}

/* A band over the whole width, in the light of the scene. */
static void band(const struct scene *s, float y0, float y1, int r, int g, int b)
{
    paint_box(s->p, DRAW_FROM, y0, DRAW_TO, y1, draw_lit(s->light, r, g, b));
}
static void block(const struct scene *s, float x0, float y0, float x1, float y1,
                  int r, int g, int b)
{
    paint_box(s->p, x0, y0, x1, y1, draw_lit(s->light, r, g, b));
}
static void mound(const struct scene *s, float x, float y, float rx, float ry,
                  int r, int g, int b)
{
    paint_ellipse(s->p, x, y, rx, ry, draw_lit(s->light, r, g, b));
}

static void sky(const struct scene *s, enum synth_weather weather)
{
    static const struct paint_rgb top[] = {[SYNTH_DAY] = {90, 170, 240},
                                           [SYNTH_DUSK] = {120, 60, 120},
                                           [SYNTH_NIGHT] = {6, 8, 34}};
    static const struct paint_rgb low[] = {[SYNTH_DAY] = {195, 228, 250},
                                           [SYNTH_DUSK] = {250, 160, 95},
                                           [SYNTH_NIGHT] = {26, 32, 78}};
    static const struct paint_rgb grey[] = {[SYNTH_DAY] = {165, 175, 185},
                                            [SYNTH_DUSK] = {150, 95, 95},
                                            [SYNTH_NIGHT] = {40, 42, 56}};
    enum { STEP = 6 };
    float dull = weather == SYNTH_CLEAR ? 0 : 0.5f;

    for (int y = 0; y < DRAW_HORIZON + STEP; y += STEP) {
        float part = (float)y / DRAW_HORIZON;
        struct paint_rgb c = mix(top[s->light], low[s->light], part);

        paint_box(s->p, DRAW_FROM, (float)y, DRAW_TO, (float)(y + STEP + 1),
                  mix(c, grey[s->light], dull));
    }
}

static void heaven(const struct scene *s)
{
    static const struct paint_rgb sun = {255, 248, 205}, low = {255, 205, 130},
                                  moon = {240, 240, 225}, dark = {12, 15, 46};
    static const float stars[][2] = {{-20, 14}, {4, 40},   {22, 12},  {48, 24},
                                     {70, 8},   {92, 30},  {104, 10}, {126, 44},
                                     {160, 12}, {178, 32}, {200, 10}, {218, 38},
                                     {240, 18}};

    if (s->light == SYNTH_DAY) {
        for (int i = 0; i < 8; i++) {
            float x = paint_cos((float)i / 8), y = paint_sin((float)i / 8);

            paint_line(s->p, 112 + 11 * x, 15 + 11 * y, 112 + 15 * x,
                       15 + 15 * y, 2, sun);
        }
        paint_ellipse(s->p, 112, 15, 9, 9, sun);
    } else if (s->light == SYNTH_DUSK) {
        paint_ellipse(s->p, 112, 63, 24, 24, low);
    } else {
        for (size_t i = 0; i < sizeof stars / sizeof *stars; i++)
            paint_ellipse(s->p, stars[i][0], stars[i][1], 1.4f, 1.4f, moon);
        paint_ellipse(s->p, 112, 15, 11, 11, moon);
        paint_ellipse(s->p, 118, 12, 9, 9, dark);
    }
}

/* On both sides of the sun or the moon; dark ones bring rain. */
static void clouds(const struct scene *s, enum synth_weather weather)
{
    int grey = weather == SYNTH_RAIN ? 130 : 225;

    for (int i = -1; i < 3; i++) {
        float x = (float)(128 * i + 48);

        mound(s, x - 18, 13, 17, 8, grey, grey + 3, grey + 8);
        mound(s, x + 18, 13, 17, 8, grey, grey + 3, grey + 8);
        mound(s, x, 10, 24, 10, grey, grey + 3, grey + 8);
    }
}

/* What has fallen lies on the ground: snow makes it pale, rain dark. */
static void fallen(const struct scene *s, enum synth_weather weather)
{
    const float y = DRAW_HORIZON + 6;
    const struct paint_path ground = {
        .n = 4,
        .x = {DRAW_FROM, DRAW_TO, DRAW_TO, DRAW_FROM},
        .y = {y, y, 170, 170}};

    if (weather == SYNTH_SNOW)
        paint_path(s->p, &ground, draw_lit(s->light, 250, 252, 255), 0.5f);
    if (weather == SYNTH_RAIN)
        paint_path(s->p, &ground, draw_lit(s->light, 40, 60, 90), 0.25f);
}

static void meadow(const struct scene *s)
{
    mound(s, 10, 78, 90, 30, 130, 190, 105);
    mound(s, 210, 80, 100, 36, 120, 180, 100);
    band(s, DRAW_HORIZON, 170, 160, 212, 120);
    /* A windmill. */
    {
        const float tower[4][2] = {{106, 40}, {118, 40}, {123, 72}, {101, 72}};

        paint_polygon(s->p, tower, 4, draw_lit(s->light, 225, 215, 205));
        for (int i = 0; i < 4; i++) {
            float turns = (float)i / 4 + 0.06f;

            paint_line(s->p, 112, 42, 112 + 18 * paint_cos(turns),
                       42 + 18 * paint_sin(turns), 4,
                       draw_lit(s->light, 250, 250, 245));
        }
    }
    /* A fence, and tufts of grass. */
    for (int x = DRAW_FROM; x < DRAW_TO; x += 22)
        if (x < 96 || x > 126)
            block(s, (float)x, 60, (float)(x + 4), 76, 240, 236, 225);
    block(s, DRAW_FROM, 64, 100, 67, 240, 236, 225);
    block(s, 124, 64, DRAW_TO, 67, 240, 236, 225);
    for (int i = 0; i < 14; i++) {
        float x = (float)(DRAW_FROM + i * 23), y = (float)(90 + i * 37 % 66);

        for (int k = -1; k <= 1; k++)
            paint_line(s->p, x, y, x + (float)(3 * k), y - 6, 1.5f,
                       draw_lit(s->light, 110, 165, 85));
    }
}

static void beach(const struct scene *s)
{
    const float sail[3][2] = {{113, 28}, {113, 52}, {128, 52}};
    const float jib[3][2] = {{110, 32}, {110, 52}, {99, 52}};
    const float hull[4][2] = {{96, 55}, {130, 55}, {124, 62}, {102, 62}};

    band(s, 52, 76, 70, 155, 195);
    paint_polygon(s->p, sail, 3, draw_lit(s->light, 255, 255, 250));
    paint_polygon(s->p, jib, 3, draw_lit(s->light, 235, 235, 235));
    paint_polygon(s->p, hull, 4, draw_lit(s->light, 130, 95, 75));
    for (int i = 0; i < 12; i++) {
        float x = (float)(DRAW_FROM + i * 28), y = (float)(58 + i % 2 * 7);

        paint_arc(s->p, x, y, 6, 3, 0, 0.5f, 1.5f,
                  draw_lit(s->light, 235, 245, 250));
    }
    band(s, 74, 170, 242, 220, 168);
    for (int i = 0; i < 13; i++)
        mound(s, (float)(DRAW_FROM + i * 26), 74, 16, 4, 245, 250, 250);
    band(s, 77, 82, 222, 198, 148);
    for (int i = 0; i < 16; i++)
        mound(s, (float)(DRAW_FROM + i * 21), (float)(90 + i * 29 % 64), 3,
              1.4f, 216, 190, 138);
}

static void forest(const struct scene *s)
{
    band(s, DRAW_HORIZON, 170, 128, 118, 84);
    for (int row = 0; row < 2; row++)
        for (int i = 0; i < 15; i++) {
            float x = (float)(DRAW_FROM + i * 22 + row * 11);
            float top = (float)(20 + row * 9 + i * 7 % 12), low = 74;
            struct paint_rgb c = row ? draw_lit(s->light, 74, 104, 84)
                                     : draw_lit(s->light, 58, 84, 72);

            block(s, x - 3, low - 8, x + 3, low + 2, 86, 66, 52);
            for (int k = 0; k < 3; k++) {
                float y = top + (low - 8 - top) * (float)(k + 1) / 3;
                float half = (float)(7 + 3 * k);
                const float fir[3][2] = {
                    {x, top + (float)(k * 9)}, {x - half, y}, {x + half, y}};

                paint_polygon(s->p, fir, 3, c);
            }
        }
    for (int i = 0; i < 18; i++)
        mound(s, (float)(DRAW_FROM + i * 18), (float)(88 + i * 31 % 68), 5,
              1.6f, 104, 94, 64);
}

static void cactus(const struct scene *s, float x)
{
    struct paint_rgb c = draw_lit(s->light, 84, 128, 98);

    paint_line(s->p, x, 34, x, 77, 9, c);
    paint_line(s->p, x, 60, x - 13, 58, 6, c);
    paint_line(s->p, x - 13, 58, x - 13, 45, 6, c);
    paint_line(s->p, x, 54, x + 13, 52, 6, c);
    paint_line(s->p, x + 13, 52, x + 13, 39, 6, c);
}

static void desert(const struct scene *s)
{
    for (int i = -1; i < 3; i++) {
        float x = (float)(i * 96 + 10);
        const float mesa[4][2] = {
            {x - 24, 42}, {x + 20, 42}, {x + 30, 72}, {x - 34, 72}};

        paint_polygon(s->p, mesa, 4, draw_lit(s->light, 178, 112, 88));
    }
    mound(s, 40, 84, 110, 22, 232, 192, 128);
    mound(s, 220, 86, 110, 26, 224, 182, 118);
    band(s, DRAW_HORIZON + 4, 170, 238, 202, 140);
    for (int i = 0; i < 6; i++)
        paint_arc(s->p, (float)(DRAW_FROM + i * 60), (float)(112 + i * 23 % 44),
                  40, 8, 0.55f, 0.95f, 2, draw_lit(s->light, 214, 174, 112));
    cactus(s, 112);
    cactus(s, -16);
    cactus(s, 240);
}

static void street(const struct scene *s)
{
    static const int walls[3][3] = {
        {196, 172, 158}, {164, 168, 182}, {212, 200, 176}};
    /* Low in the middle, where the sun or the moon is. */
    static const float tops[8] = {20, 32, 22, 36, 38, 24, 32, 20};
    bool lamps = s->light != SYNTH_DAY;

    for (int i = 0; i < 8; i++) {
        float x = (float)(DRAW_FROM + i * 40), top = tops[i];
        const int *c = walls[i % 3];
        const float roof[4][2] = {
            {x + 5, top - 9}, {x + 33, top - 9}, {x + 39, top}, {x - 1, top}};

        block(s, x, top, x + 38, DRAW_HORIZON, c[0], c[1], c[2]);
        paint_polygon(s->p, roof, 4, draw_lit(s->light, 120, 90, 84));
        for (int k = 0; k < 4; k++) {
            float wx = x + (k % 2 ? 23.0f : 6.0f);
            float wy = top + (k < 2 ? 4.0f : 18.0f);

            if (wy + 11 > DRAW_HORIZON - 16)
                continue;
            if (lamps)
                paint_box(s->p, wx, wy, wx + 9, wy + 11,
                          (struct paint_rgb){245, 225, 165});
            else
                block(s, wx, wy, wx + 9, wy + 11, 120, 140, 160);
        }
        block(s, x + 15, DRAW_HORIZON - 15, x + 24, DRAW_HORIZON, 96, 72, 62);
    }
    band(s, DRAW_HORIZON, 84, 200, 200, 196);
    band(s, 84, 88, 150, 150, 150);
    band(s, 88, 170, 112, 114, 122);
    for (int i = 0; i < 9; i++)
        block(s, (float)(DRAW_FROM + i * 40), 118,
              (float)(DRAW_FROM + i * 40 + 22), 123, 235, 235, 230);
}

static void room(const struct scene *s)
{
    static const struct paint_rgb panes[] = {[SYNTH_DAY] = {150, 210, 250},
                                             [SYNTH_DUSK] = {250, 160, 95},
                                             [SYNTH_NIGHT] = {12, 15, 46}};
    static const struct paint_rgb moon = {240, 240, 225};

    band(s, 0, DRAW_HORIZON, 226, 208, 192);
    for (int x = DRAW_FROM; x < DRAW_TO; x += 16)
        block(s, (float)x, 0, (float)(x + 6), DRAW_HORIZON, 216, 196, 180);
    band(s, DRAW_HORIZON - 5, DRAW_HORIZON, 245, 240, 232);
    band(s, DRAW_HORIZON, 170, 184, 142, 108);
    for (int y = 84; y < 170; y += 16)
        band(s, (float)y, (float)(y + 1), 140, 102, 76);
    /* A window, a picture, a door and a carpet. */
    block(s, 84, 4, 140, 54, 250, 246, 240);
    paint_box(s->p, 88, 8, 136, 50, panes[s->light]);
    if (s->light == SYNTH_NIGHT) {
        paint_ellipse(s->p, 122, 19, 7, 7, moon);
        paint_ellipse(s->p, 125, 17, 6, 6, panes[SYNTH_NIGHT]);
        paint_ellipse(s->p, 96, 16, 1.3f, 1.3f, moon);
        paint_ellipse(s->p, 104, 39, 1.3f, 1.3f, moon);
    } else {
        paint_ellipse(s->p, 124, s->light == SYNTH_DAY ? 19 : 46, 7, 7,
                      (struct paint_rgb){255, 248, 205});
        block(s, 88, 46, 136, 50, 140, 180, 120);
    }
    block(s, 110, 8, 114, 50, 250, 246, 240);
    block(s, 88, 27, 136, 31, 250, 246, 240);
    block(s, 204, 10, 236, DRAW_HORIZON, 150, 108, 80);
    block(s, 208, 14, 232, DRAW_HORIZON, 170, 124, 94);
    mound(s, 212, 44, 2, 2, 235, 225, 180);
    block(s, -18, 14, 18, 42, 130, 100, 80);
    block(s, -14, 18, 14, 38, 200, 215, 205);
    mound(s, DRAW_MIDDLE, 140, 96, 18, 205, 186, 196);
    mound(s, DRAW_MIDDLE, 140, 84, 14, 226, 212, 214);
}

void draw_scenery(const struct synth_world *w, const struct paint *p)
{
    struct scene s = {p, w->light};

    if (w->place == SYNTH_ROOM) {
        room(&s);
        return;
    }
    sky(&s, w->weather);
    heaven(&s);
    if (w->weather != SYNTH_CLEAR)
        clouds(&s, w->weather);
    switch (w->place) {
    case SYNTH_MEADOW:
        meadow(&s);
        break;
    case SYNTH_BEACH:
        beach(&s);
        break;
    case SYNTH_FOREST:
        forest(&s);
        break;
    case SYNTH_DESERT:
        desert(&s);
        break;
    case SYNTH_STREET:
        street(&s);
        break;
    case SYNTH_ROOM:
    case SYNTH_PLACES:
        break;
    }
    fallen(&s, w->weather);
}

/* Drops and flakes are on the lens side of everything, and do not pan with it:
 * they fall anew in every frame anyway. */
void draw_weather(const struct synth_world *w, const struct paint *p,
                  double time)
{
    enum { DROPS = 52, FLAKES = 64, HIGH = SYNTH_HEIGHT + 20 };
    struct synth_random r = {w->seed ^ 0x5eed};
    struct paint flat = *p;
    struct paint_rgb drop = {70, 110, 185};
    bool rain = w->weather == SYNTH_RAIN;
    float t = (float)time;

    if (w->weather == SYNTH_CLEAR || w->place == SYNTH_ROOM)
        return;
    if (w->light != SYNTH_DAY)
        drop = (struct paint_rgb){190, 215, 245};
    flat.map = (struct paint_map){.xx = 1, .yy = 1};
    for (int i = 0; i < (rain ? DROPS : FLAKES); i++) {
        float x = (float)synth_random_below(&r, SYNTH_WIDTH + 40) - 20;
        float y = (float)synth_random_below(&r, HIGH);
        float fallen = (y + t * (rain ? 260 : 36)) / HIGH;

        y = (fallen - (float)(int)fallen) * HIGH - 10;
        if (rain)
            paint_line(&flat, x + 4, y, x - 2, y + 13, 1.8f, drop);
        else
            paint_ellipse(&flat, x + 4 * paint_sin(t / 2 + (float)i / 7), y, 2,
                          2, (struct paint_rgb){255, 255, 255});
    }
}
