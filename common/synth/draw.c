/* One frame: what the camera sees, from the back to the front. */
#include <string.h>

#include "draw_int.h"

/* Far apart, in hue and from every colour of the scenery. */
struct paint_rgb draw_colour(enum synth_colour colour)
{
    static const struct paint_rgb values[SYNTH_COLOURS] = {
        [SYNTH_RED] = {225, 25, 35},     [SYNTH_GREEN] = {20, 170, 55},
        [SYNTH_BLUE] = {30, 85, 240},    [SYNTH_YELLOW] = {255, 225, 15},
        [SYNTH_PURPLE] = {155, 45, 210}, [SYNTH_ORANGE] = {255, 130, 5},
    };

    return values[colour];
}

static uint8_t level(int value)
{
    return (uint8_t)(value > 255 ? 255 : value);
}

struct paint_rgb draw_lit(enum synth_light light, int r, int g, int b)
{
    if (light == SYNTH_DUSK)
        return (struct paint_rgb){level(r * 74 / 100 + 24),
                                  level(g * 60 / 100 + 6),
                                  level(b * 64 / 100 + 14)};
    if (light == SYNTH_NIGHT)
        return (struct paint_rgb){level(r * 39 / 100 + 4),
                                  level(g * 42 / 100 + 6),
                                  level(b * 50 / 100 + 18)};
    return (struct paint_rgb){level(r), level(g), level(b)};
}

/* The larger one behind, so that it does not hide the other as they pass; of
 * two alike the one that walks is in front. */
static void draw_actors(const struct synth_world *w,
                        const struct draw_pose *poses, const struct paint *p)
{
    int first = 0;

    if (w->n_actors == SYNTH_ACTORS)
        first = poses[0].scale < poses[1].scale ||
                (!(poses[0].scale > poses[1].scale) && poses[0].walking);
    for (int i = 0; i < w->n_actors; i++) {
        int actor = first ? w->n_actors - 1 - i : i;

        if (poses[actor].seen)
            draw_actor(w, actor, &poses[actor], p);
    }
}

/* A grey wedge along the lower edge, as test charts have it. It does not move
 * with the camera: it tells what is left and what is right in the picture, which
 * a small model that knows places relative to each other alone has to learn
 * from something. */
static void draw_wedge(const struct paint *p)
{
    enum { DARK = 16, BRIGHT = 240 };

    for (int y = DRAW_WEDGE; y < p->height; y++)
        for (int x = 0; x < p->width; x++) {
            int grey = DARK + (BRIGHT - DARK) * x / (p->width - 1);

            memset(p->rgb + ((size_t)y * (size_t)p->width + (size_t)x) * 3,
                   grey, 3);
        }
}

void synth_frame(const struct synth_world *world, double time, uint8_t *rgb)
{
    struct draw_view v;
    struct paint p = {.rgb = rgb, .width = SYNTH_WIDTH, .height = SYNTH_HEIGHT};
    struct draw_pose poses[SYNTH_ACTORS];

    /* Nothing is before the clip or after it, or at no number. */
    time = !(time > 0) ? 0 : time > world->seconds ? world->seconds : time;
    v = draw_view_at(world, time);
    p.map = paint_map_place(SYNTH_WIDTH / 2.0f - v.x * v.scale,
                            SYNTH_HEIGHT / 2.0f - v.y * v.scale, v.scale, 0);
    draw_scenery(world, &p);
    draw_props(world, &p, time);
    for (int i = 0; i < world->n_actors; i++)
        poses[i] = draw_pose_at(world, i, time);
    draw_actors(world, poses, &p);
    for (int i = 0; i < world->n_actors; i++)
        if (poses[i].seen && poses[i].speaking)
            draw_bubble(&poses[i], &p);
    draw_weather(world, &p, time);
    draw_wedge(&p);
}
