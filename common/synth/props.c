/* The things that stand or float in the background, to be counted. */
#include "draw_int.h"

static const struct paint_rgb ink = {30, 24, 40}, white = {255, 255, 255},
                              wood = {120, 80, 50}, leaf = {60, 110, 50},
                              glow = {255, 246, 205}, metal = {175, 178, 188};

/* Each is drawn with the middle of its feet at (0, 0). */
static void ball(const struct paint *p, struct paint_rgb c)
{
    struct paint bare = *p;

    bare.outline = 0;
    paint_ellipse(p, 0, -11, 10, 10, c);
    paint_arc(&bare, 0, -11, 4, 9, -0.25f, 0.25f, 2.2f, white);
    paint_arc(&bare, 0, -11, 4, 9, 0.25f, 0.75f, 2.2f, white);
}

static void box(const struct paint *p, struct paint_rgb c)
{
    struct paint bare = *p;

    bare.outline = 0;
    paint_box(p, -8.5f, -16, 8.5f, 0, c);
    paint_box(p, -10, -21, 10, -16, c);
    paint_box(&bare, -2, -21, 2, 0, white);
}

static void flower(const struct paint *p, struct paint_rgb c)
{
    enum { PETALS = 6 };

    paint_line(p, 0, -20, 0, 0, 2, leaf);
    paint_ellipse(p, 5, -6, 5, 2.5f, leaf);
    for (int i = 0; i < PETALS; i++) {
        float turns = (float)i / PETALS;

        paint_ellipse(p, 6.6f * paint_cos(turns), -27 + 6.6f * paint_sin(turns),
                      4.2f, 4.2f, c);
    }
    paint_ellipse(p, 0, -27, 4, 4, white);
}

static void tree(const struct paint *p, struct paint_rgb c)
{
    struct paint bare = *p;

    bare.outline = 0;
    paint_box(p, -3, -18, 3, 0, wood);
    paint_ellipse(p, -5, -22, 5.8f, 6, c);
    paint_ellipse(p, 5, -22, 5.8f, 6, c);
    paint_ellipse(p, 0, -30, 8.5f, 11, c);
    paint_ellipse(&bare, -5, -22, 5.8f, 6, c);
    paint_ellipse(&bare, 5, -22, 5.8f, 6, c);
}

static void balloon(const struct paint *p, struct paint_rgb c, float sway)
{
    const float knot[3][2] = {{sway, -24}, {sway - 3, -19}, {sway + 3, -19}};
    struct paint bare = *p;

    bare.outline = 0;
    paint_line(&bare, sway, -21, sway / 2, -14, 1.4f, ink);
    paint_line(&bare, sway / 2, -14, -sway, -6, 1.4f, ink);
    paint_polygon(p, knot, 3, c);
    paint_ellipse(p, sway, -34, 9.5f, 11.5f, c);
    paint_ellipse(&bare, sway - 3.5f, -38, 2, 3.5f, white);
}

static void lamp(const struct paint *p, struct paint_rgb c)
{
    const float shade[4][2] = {{-5, -40}, {5, -40}, {10, -24}, {-10, -24}};

    paint_box(p, -1, -24, 1, -2, metal);
    paint_ellipse(p, 0, -1, 7, 1.5f, metal);
    paint_ellipse(p, 0, -23, 4, 4, glow);
    paint_polygon(p, shade, 4, c);
}

static void thing(const struct paint *p, const struct synth_prop *prop,
                  float sway)
{
    struct paint_rgb c = draw_colour(prop->colour);

    switch (prop->thing) {
    case SYNTH_BALL:
        ball(p, c);
        break;
    case SYNTH_BOX:
        box(p, c);
        break;
    case SYNTH_FLOWER:
        flower(p, c);
        break;
    case SYNTH_TREE:
        tree(p, c);
        break;
    case SYNTH_BALLOON:
        balloon(p, c, sway);
        break;
    case SYNTH_LAMP:
        lamp(p, c);
        break;
    case SYNTH_THINGS:
        break;
    }
}

float draw_props_middle(const struct synth_prop *prop)
{
    enum { FROM_MIDDLE = 46 };

    return DRAW_MIDDLE + (prop->side == SYNTH_LEFT ? -1 : 1) * FROM_MIDDLE;
}

void draw_props(const struct synth_world *w, const struct paint *p, double time)
{
    enum { APART = 25 };

    for (int i = 0; i < w->n_props; i++) {
        const struct synth_prop *prop = &w->props[i];
        float x =
            draw_props_middle(prop) - APART * (float)(prop->count - 1) / 2;

        for (int k = 0; k < prop->count; k++, x += APART) {
            struct paint here = *p;

            here.map = paint_map_within(
                p->map, paint_map_place(x, DRAW_PROPS_FEET, 1, 0));
            here.outline = 1.2f * p->map.xx;
            here.ink = ink;
            thing(&here, prop, 2 * paint_sin((float)time / 3 + (float)k / 3));
        }
    }
}
