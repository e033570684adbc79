/*
 * The actors: simple shapes with faces.
 *
 * An actor is drawn in hundredths of its height, the middle of its feet at
 * (0, 0), y downwards: its head ends at -100.
 */
#include "draw_int.h"

static const struct paint_rgb ink = {26, 20, 36}, white = {255, 255, 255},
                              mouth_red = {110, 10, 30},
                              metal = {150, 155, 165}, beak = {250, 175, 60},
                              rose = {250, 170, 190}, water = {120, 205, 255},
                              pink = {255, 105, 170}, gloom = {60, 60, 70};

/* The face of a kind: its middle and its scale. */
struct face {
    float x, y, scale;
};

static void cat(const struct paint *p, struct paint_rgb c)
{
    static const float ears[2][3][2] = {{{-45, -50}, {-40, -99}, {-6, -80}},
                                        {{45, -50}, {40, -99}, {6, -80}}};
    static const float inner[2][3][2] = {{{-36, -68}, {-35, -88}, {-20, -78}},
                                         {{36, -68}, {35, -88}, {20, -78}}};
    struct paint bare = *p;

    bare.outline = 0;
    paint_arc(p, 40, -32, 18, 26, 0.25f, -0.15f, 8, c);
    paint_ellipse(p, -20, -4, 14, 5, c);
    paint_ellipse(p, 20, -4, 14, 5, c);
    for (int i = 0; i < 2; i++)
        paint_polygon(p, ears[i], 3, c);
    paint_ellipse(p, 0, -44, 45, 41, c);
    for (int i = 0; i < 2; i++)
        paint_polygon(&bare, inner[i], 3, rose);
    for (int i = -1; i <= 1; i++) {
        float y = (float)(-34 + 8 * i), out = (float)(-36 + 14 * i);

        paint_line(&bare, -32, y, -62, out, 3, ink);
        paint_line(&bare, 32, y, 62, out, 3, ink);
    }
}

static void robot(const struct paint *p, struct paint_rgb c)
{
    paint_box(p, -30, -14, -12, 0, metal);
    paint_box(p, 12, -14, 30, 0, metal);
    paint_box(p, -3, -92, 3, -76, metal);
    paint_ellipse(p, 0, -93, 7, 7, white);
    paint_box(p, -50, -56, -40, -36, metal);
    paint_box(p, 40, -56, 50, -36, metal);
    paint_box(p, -42, -80, 42, -11, c);
}

static void rabbit(const struct paint *p, struct paint_rgb c)
{
    struct paint bare = *p;

    bare.outline = 0;
    paint_ellipse(p, 38, -12, 10, 10, white);
    for (int i = -1; i <= 1; i += 2) {
        float x = (float)(17 * i);

        paint_ellipse(p, x, -76, 10, 24, c);
        paint_ellipse(&bare, x, -78, 5, 17, rose);
        paint_ellipse(p, x * 1.2f, -4, 15, 5, c);
    }
    paint_ellipse(p, 0, -33, 42, 30, c);
}

static void ghost(const struct paint *p, struct paint_rgb c)
{
    enum { TOP = 20, WAVES = 3, STEPS = 6 };
    struct paint_path path = {.n = 0};

    for (int i = 0; i <= TOP; i++) {
        float turns = 0.5f + 0.5f * (float)i / TOP;

        path.x[path.n] = 42 * paint_cos(turns);
        path.y[path.n++] = -56 + 43 * paint_sin(turns);
    }
    for (int i = 1; i < WAVES * STEPS; i++) {
        float part = (float)i / (WAVES * STEPS);

        path.x[path.n] = 42 - 84 * part;
        path.y[path.n++] = -8 + 9 * paint_cos(part * WAVES + 0.5f);
    }
    path.x[path.n] = -42;
    path.y[path.n++] = -16;
    paint_path(p, &path, c, 1);
}

static void duck(const struct paint *p, struct paint_rgb c)
{
    static const float tail[3][2] = {{-46, -56}, {-56, -18}, {-14, -30}};
    static const float feet[2][3][2] = {{{-18, -14}, {-4, 0}, {-34, 0}},
                                        {{14, -14}, {32, 0}, {0, 0}}};

    for (int i = 0; i < 2; i++)
        paint_polygon(p, feet[i], 3, beak);
    paint_polygon(p, tail, 3, c);
    paint_ellipse(p, -4, -27, 44, 22, c);
    paint_ellipse(p, 4, -64, 36, 35, c);
    paint_ellipse(p, 47, -58, 19, 8, beak);
}

static void brow(const struct paint *p, float side, float inner, float outer)
{
    paint_line(p, side * 7, inner, side * 29, outer, 7, ink);
}

static void eyes(const struct paint *p, enum synth_mood mood)
{
    struct paint bare = *p;
    bool wide = mood == SYNTH_SURPRISED;

    bare.outline = 0;
    for (int i = -1; i <= 1; i += 2) {
        float side = (float)i, x = side * 18;

        paint_ellipse(p, x, -10, wide ? 14 : 10, wide ? 14 : 10, white);
        paint_ellipse(&bare, x, -9, wide ? 5 : 6, wide ? 5 : 6, ink);
        if (mood == SYNTH_SAD) {
            brow(&bare, side, -30, -20);
            paint_ellipse(p, x + side * 6, 10, 5, 9, water);
        }
        if (mood == SYNTH_ANGRY)
            brow(&bare, side, -14, -30);
        if (mood == SYNTH_SURPRISED)
            paint_arc(&bare, x, -22, 14, 14, 0.6f, 0.9f, 5, ink);
    }
}

static void mouth(const struct paint *p, enum synth_mood mood)
{
    static const float zigzag[10][2] = {
        {-24, 20}, {-12, 11}, {0, 20}, {12, 11},  {24, 20},
        {24, 30},  {12, 21},  {0, 30}, {-12, 21}, {-24, 30}};
    static const float smile[11][2] = {
        {-24, 8}, {24, 8},   {22, 15},  {17, 21},  {9, 26}, {0, 28},
        {-9, 26}, {-17, 21}, {-22, 15}, {-24, 10}, {-24, 9}};
    struct paint bare = *p;

    bare.outline = 0;
    switch (mood) {
    case SYNTH_HAPPY:
        paint_polygon(p, smile, 11, mouth_red);
        paint_box(&bare, -20, 9, 20, 14, white);
        break;
    case SYNTH_SAD:
        paint_arc(&bare, 0, 28, 16, 12, 0.52f, 0.98f, 6, ink);
        break;
    case SYNTH_ANGRY:
        paint_polygon(p, zigzag, 10, white);
        break;
    case SYNTH_SURPRISED:
        paint_ellipse(p, 0, 20, 11, 13, mouth_red);
        break;
    case SYNTH_MOODS:
        break;
    }
}

static void arm(const struct paint *p, struct paint_rgb c, float side)
{
    paint_line(p, side * 36, -34, side * 50, -20, 10, c);
    paint_ellipse(p, side * 51, -19, 8, 8, c);
}

/* The hand swings over the head's height, and is white to be seen. */
static void waving_arm(const struct paint *p, struct paint_rgb c, float side,
                       float swing)
{
    float x = side * 56 + swing;

    paint_line(p, side * 38, -40, x, -96, 11, c);
    paint_ellipse(p, x, -98, 13, 13, white);
}

/* On the ground below, smaller the higher it jumps. */
static void shadow(const struct paint *p, const struct draw_pose *pose)
{
    enum { POINTS = 20 };
    struct paint_path path = {.n = POINTS};
    struct paint flat = *p;
    float r = pose->scale * 42 * (1 - pose->lift / 90);

    flat.outline = 0;
    for (int i = 0; i < POINTS; i++) {
        float turns = (float)i / POINTS;

        path.x[i] = pose->x + r * paint_cos(turns);
        path.y[i] = DRAW_ACTORS_FEET + r * paint_sin(turns) / 6;
    }
    paint_path(&flat, &path, ink, 0.4f);
}

static struct face body(const struct paint *p, enum synth_kind kind,
                        struct paint_rgb c)
{
    switch (kind) {
    case SYNTH_CAT:
        cat(p, c);
        return (struct face){0, -47, 1};
    case SYNTH_ROBOT:
        robot(p, c);
        return (struct face){0, -48, 1};
    case SYNTH_RABBIT:
        rabbit(p, c);
        return (struct face){0, -35, 0.9f};
    case SYNTH_GHOST:
        ghost(p, c);
        return (struct face){0, -54, 1};
    case SYNTH_DUCK:
        duck(p, c);
        return (struct face){0, -66, 0.85f};
    case SYNTH_KINDS:
        break;
    }
    return (struct face){0, -50, 1};
}

/* Strokes around what turns. */
static void swirl(const struct paint *p)
{
    for (int i = 0; i < 2; i++) {
        float from = (float)i / 2;

        paint_arc(p, 0, -50, 66, 66, from, from + 0.2f, 7, white);
    }
}

/* Stars over what fell, in a row above it. */
static void stars(const struct paint *p)
{
    for (int i = -1; i <= 1; i++) {
        struct paint_path star = {.n = 10};

        for (int k = 0; k < 10; k++) {
            float far = k % 2 ? 5 : 12, turns = (float)k / 10 + 0.25f;

            star.x[k] = (float)(30 * i) + far * paint_cos(turns);
            star.y[k] = (float)(i ? -112 : -122) + far * paint_sin(turns);
        }
        paint_path(p, &star, white, 1);
    }
}

/* An arrow upwards on both sides of what grows. */
static void arrows(const struct paint *p)
{
    for (int i = -1; i <= 1; i += 2) {
        float x = (float)(60 * i);
        const float head[3][2] = {{x - 13, -62}, {x, -84}, {x + 13, -62}};

        paint_line(p, x, -34, x, -64, 8, white);
        paint_polygon(p, head, 3, white);
    }
}

/* Two puffs of dust behind what walks. */
static void dust(const struct paint *p, int walking)
{
    float behind = (float)-walking;

    paint_ellipse(p, behind * 56, -8, 11, 8, white);
    paint_ellipse(p, behind * 78, -14, 8, 6, white);
}

/* Beside the head, in pixels: what the face says, for those who stand far. */
static void sign(const struct paint *p, enum synth_mood mood)
{
    static const float heart[3][2] = {{-8, 0}, {8, 0}, {0, 9}};
    static const float drop[3][2] = {{-4.5f, 1}, {4.5f, 1}, {0, -9}};
    struct paint bare = *p;

    bare.outline = 0;
    switch (mood) {
    case SYNTH_HAPPY:
        paint_ellipse(p, -4, -2, 4.5f, 4.5f, pink);
        paint_ellipse(p, 4, -2, 4.5f, 4.5f, pink);
        paint_polygon(p, heart, 3, pink);
        paint_ellipse(&bare, 0, -1, 5, 2.5f, pink);
        break;
    case SYNTH_SAD:
        paint_polygon(p, drop, 3, water);
        paint_ellipse(p, 0, 3, 5.5f, 5.5f, water);
        paint_polygon(&bare, drop, 3, water);
        break;
    case SYNTH_ANGRY:
        paint_ellipse(p, -5, 2, 5, 4.5f, gloom);
        paint_ellipse(p, 5, 2, 5, 4.5f, gloom);
        paint_ellipse(p, 0, -2, 6, 5.5f, gloom);
        paint_ellipse(&bare, 0, 1, 6, 4, gloom);
        break;
    case SYNTH_SURPRISED:
        paint_line(p, 0, -8, 0, 0, 6, white);
        paint_ellipse(p, 0, 8, 3.5f, 3.5f, white);
        break;
    case SYNTH_MOODS:
        break;
    }
}

/* On the outer side, clear of the bubble; above the stars. */
static void draw_sign(const struct draw_pose *pose, const struct paint *p)
{
    float side = pose->x < DRAW_MIDDLE ? -1 : 1;
    float up = pose->lift + 100 * pose->scale + (pose->lying ? 26 : 10);
    struct paint at = *p;

    at.ink = ink;
    at.outline = p->map.xx;
    at.map =
        paint_map_within(p->map, paint_map_place(pose->x + side * 12,
                                                 DRAW_ACTORS_FEET - up, 1, 0));
    sign(&at, pose->mood);
}

void draw_actor(const struct synth_world *w, int actor,
                const struct draw_pose *pose, const struct paint *p)
{
    const struct synth_actor *a = &w->actors[actor];
    struct paint_rgb c = draw_colour(a->colour);
    struct paint at = *p, own, face_at;
    float s = pose->scale, side = pose->x < DRAW_MIDDLE ? -1 : 1;
    float step = pose->walking ? paint_sin((float)pose->time * 2) : 0;
    float lift = pose->lift + (step < 0 ? -step : step) * 4;
    float sunk = pose->lying ? 6 * s : 0;
    float swing = 10 * paint_sin((float)pose->time * 1.4f);
    struct face face;

    at.ink = ink;
    at.outline = 1.4f * p->map.xx;
    /* About the middle of its height. */
    at.map = paint_map_within(
        p->map, paint_map_place(pose->x,
                                DRAW_ACTORS_FEET - lift + sunk - 50 * s, s, 0));
    own = at;
    own.map = paint_map_within(
        at.map, paint_map_place(0, 0, 1, pose->turns + step * 0.02f));
    own.map = paint_map_within(own.map, paint_map_place(0, 50, 1, 0));
    shadow(p, pose);
    arm(&own, c, -side);
    if (!pose->waving)
        arm(&own, c, side);
    face = body(&own, a->kind, c);
    if (pose->waving)
        waving_arm(&own, c, side, swing);
    face_at = own;
    face_at.map = paint_map_within(
        own.map, paint_map_place(face.x, face.y, face.scale, 0));
    face_at.outline = p->map.xx * (a->size == SYNTH_BIG ? 1.2f : 0.8f);
    eyes(&face_at, pose->mood);
    /* A speaking mouth opens three times a second. */
    if (pose->speaking && paint_sin((float)pose->time * 3) > 0)
        paint_ellipse(&face_at, 0, 18, 15, 8, mouth_red);
    else
        mouth(&face_at, pose->mood);
    at.map = paint_map_within(at.map, paint_map_place(0, 50, 1, 0));
    if (pose->spinning)
        swirl(&own);
    if (pose->lying)
        stars(&at);
    if (pose->growing)
        arrows(&at);
    if (pose->walking)
        dust(&at, pose->walking);
    draw_sign(pose, p);
}

void draw_bubble(const struct draw_pose *pose, const struct paint *p)
{
    enum { HALF = 16, HIGH = 20 };
    struct paint at = *p;
    float top = DRAW_ACTORS_FEET - pose->lift - 100 * pose->scale;
    float toward = pose->x < DRAW_MIDDLE ? 1 : -1;
    float x = pose->x + toward * 16, y = top - 8, tip_x = pose->x + toward * 6;

    at.ink = ink;
    at.outline = 1.2f * p->map.xx;
    {
        const float tail[3][2] = {
            {x - 6, y - 4}, {x + 6, y - 4}, {tip_x, top + 2}};

        paint_polygon(&at, tail, 3, white);
        paint_line(&at, x - HALF + HIGH / 2, y - HIGH / 2, x + HALF - HIGH / 2,
                   y - HIGH / 2, HIGH, white);
        at.outline = 0;
        paint_polygon(&at, tail, 3, white);
    }
    for (int i = -1; i <= 1; i++)
        paint_ellipse(&at, x + (float)(7 * i), y - HIGH / 2, 2, 2, ink);
}
