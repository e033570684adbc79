/*
 * How the picture is laid out, in units of a pixel of the still view: 224 wide,
 * 160 high, y downwards.
 *
 *     y  0.. 70   sky or wall, landmarks
 *       32.. 78   props, in the left and right third (x 30..102, 122..194)
 *       88..154   actors; up to 55 when they jump or grow
 *      155..159   the grey wedge, in every view
 *
 * So neither hides the other for long. A close view loses the top of what stands
 * tall among the props at most.
 */
#ifndef ASID_SYNTH_DRAW_INT_H
#define ASID_SYNTH_DRAW_INT_H

#include "paint.h"
#include "synth_int.h"

enum {
    DRAW_HORIZON = 70,
    DRAW_PROPS_FEET = 78,
    DRAW_ACTORS_FEET = 154,
    DRAW_WEDGE = 155,
    DRAW_MIDDLE = SYNTH_WIDTH / 2,
    /* From there to where an actor is at home, and how far homes stray. */
    DRAW_HOME = 36,
    DRAW_STRAY = 8,
    /* What a pan may bring into view. */
    DRAW_FROM = -44,
    DRAW_TO = SYNTH_WIDTH + 44,
};

/* What the camera sees: the middle of the view, and its scale. */
struct draw_view {
    float x, y, scale;
};
struct draw_view draw_view_at(const struct synth_world *w, double time);

struct draw_pose {
    bool seen;
    float x;     /* of its middle */
    float lift;  /* of its feet over the ground */
    float scale; /* pixels for a hundredth of its height */
    float half;  /* of its width, in pixels */
    float turns; /* about its middle, clockwise */
    enum synth_mood mood;
    int walking; /* 1 to the right, -1 to the left, 0: it stands */
    bool waving, spinning, lying, growing, speaking;
    double time; /* of the clip, for what swings */
};
struct draw_pose draw_pose_at(const struct synth_world *w, int actor,
                              double time);

struct paint_rgb draw_colour(enum synth_colour colour);
/* A colour of the scenery in this light; actors and props keep theirs. */
struct paint_rgb draw_lit(enum synth_light light, int r, int g, int b);

void draw_scenery(const struct synth_world *w, const struct paint *p);
void draw_weather(const struct synth_world *w, const struct paint *p,
                  double time);
/* The middle of a group of things. */
float draw_props_middle(const struct synth_prop *prop);
void draw_props(const struct synth_world *w, const struct paint *p,
                double time);
void draw_actor(const struct synth_world *w, int actor,
                const struct draw_pose *pose, const struct paint *p);
void draw_bubble(const struct draw_pose *pose, const struct paint *p);

#endif
