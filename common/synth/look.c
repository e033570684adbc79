/* Where in the picture everything is: what there is to see, as numbers. */
#include "draw_int.h"

static void place(const struct draw_view *v, float x, float y,
                  struct synth_spot *out)
{
    out->x = (x - v->x) * v->scale + (float)SYNTH_WIDTH / 2;
    out->y = (y - v->y) * v->scale + (float)SYNTH_HEIGHT / 2;
    out->seen = out->x >= 0 && out->x < SYNTH_WIDTH && out->y >= 0 &&
                out->y < SYNTH_HEIGHT;
}

static unsigned doing(const struct draw_pose *pose)
{
    return (pose->lift > 0 ? 1u << SYNTH_JUMPS : 0) |
           (pose->spinning ? 1u << SYNTH_SPINS : 0) |
           (pose->lying ? 1u << SYNTH_FALLS : 0) |
           (pose->waving ? 1u << SYNTH_WAVES : 0) |
           (pose->growing ? 1u << SYNTH_GROWS : 0) |
           (pose->walking > 0 ? 1u << SYNTH_LOOK_RIGHTWARDS : 0) |
           (pose->walking < 0 ? 1u << SYNTH_LOOK_LEFTWARDS : 0) |
           (pose->speaking ? 1u << SYNTH_LOOK_SPEAKS : 0);
}

void synth_look(const struct synth_world *w, double time,
                struct synth_look *out)
{
    struct draw_view v = draw_view_at(w, time);

    *out = (struct synth_look){.scale = v.scale, .x = v.x};
    for (int i = 0; i < w->n_actors; i++) {
        struct draw_pose pose = draw_pose_at(w, i, time);

        place(&v, pose.x, DRAW_ACTORS_FEET - pose.lift - 50 * pose.scale,
              &out->actors[i].spot);
        out->actors[i].spot.seen &= pose.seen;
        out->actors[i].mood = pose.mood;
        out->actors[i].doing = doing(&pose);
    }
    for (int i = 0; i < w->n_props; i++)
        place(&v, draw_props_middle(&w->props[i]), DRAW_PROPS_FEET - 16,
              &out->props[i]);
}
