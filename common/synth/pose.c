/* Where an actor is at a time, and what it looks like there. */
#include "draw_int.h"

/* From 0 to 1 while time goes from start to end. */
static float between(double time, double start, double end)
{
    if (time <= start)
        return 0;
    return time >= end ? 1 : (float)((time - start) / (end - start));
}

/* From 0 to 1 in an instant, and back in the last instant. */
static float rise(float since, float seconds)
{
    const float instant = 0.125f;
    float up = since / instant, down = (seconds - since) / instant;
    float least = up < down ? up : down;

    return least > 1 ? 1 : least;
}

struct draw_view draw_view_at(const struct synth_world *w, double time)
{
    /* A close view looks at the actors, not at the sky. */
    enum {
        PAN = 30,
        ZOOM_Y = 98,
        CUT_Y = 101,
        ZOOM_SECONDS = 2,
        PAN_SECONDS = 3
    };
    struct draw_view v = {DRAW_MIDDLE, (float)SYNTH_HEIGHT / 2, 1};
    float at = (float)w->camera_at;
    float zoom = between(time, at, at + ZOOM_SECONDS);
    float pan = between(time, at, at + PAN_SECONDS);

    switch (w->camera) {
    case SYNTH_PAN_LEFT:
        v.x += PAN * (1 - 2 * pan);
        break;
    case SYNTH_PAN_RIGHT:
        v.x -= PAN * (1 - 2 * pan);
        break;
    case SYNTH_ZOOM_IN:
    case SYNTH_ZOOM_OUT:
        if (w->camera == SYNTH_ZOOM_OUT)
            zoom = 1 - zoom;
        v.scale = 1 + 0.35f * zoom;
        v.y += (ZOOM_Y - v.y) * zoom;
        break;
    case SYNTH_CUT:
        if (time >= w->camera_at) {
            v.scale = 1.35f;
            v.y = CUT_Y;
        }
        break;
    case SYNTH_STILL:
    case SYNTH_CAMERAS:
        break;
    }
    return v;
}

static float height_of(const struct synth_actor *a)
{
    return a->size == SYNTH_BIG ? 66 : 42;
}

static float half_of(const struct synth_actor *a)
{
    return height_of(a) * 0.46f;
}

static float home_of(const struct synth_world *w, int actor)
{
    struct synth_random r = {w->seed + (uint64_t)actor};
    float stray = (float)synth_random_below(&r, 2 * DRAW_STRAY + 1);
    float home = w->actors[actor].side == SYNTH_LEFT ? DRAW_MIDDLE - DRAW_HOME
                                                     : DRAW_MIDDLE + DRAW_HOME;

    return home - DRAW_STRAY + stray;
}

/* Just outside of what the camera sees at that time. */
static float outside(const struct synth_world *w, int actor, bool left,
                     double time)
{
    struct draw_view v = draw_view_at(w, time);
    float reach = SYNTH_WIDTH / 2 / v.scale + half_of(&w->actors[actor]) + 8;

    return left ? v.x - reach : v.x + reach;
}

static float beside(const struct synth_world *w, int actor, int other)
{
    float at = home_of(w, other);
    float gap = half_of(&w->actors[actor]) + half_of(&w->actors[other]) + 5;

    return home_of(w, actor) < at ? at - gap : at + gap;
}

/* One leap a second, most of it high up, so that of two frames half a second
 * apart one at least sees it in the air. */
static float leap(float seconds)
{
    float u = 2 * (seconds - (float)(int)seconds) - 1;

    return 28 * (1 - u * u * u * u);
}

/* What it does on its place. */
static void act(const struct synth_event *e, double time,
                struct draw_pose *pose)
{
    /* A little ahead, so that a frame on the very second already shows it. */
    float since = (float)(time - e->start) + 0.125f;
    float seconds = (float)(e->end - e->start);

    if (since < 0 || since >= seconds)
        return;
    switch (e->act) {
    case SYNTH_JUMPS:
        pose->lift = leap(since);
        break;
    case SYNTH_SPINS:
        pose->spinning = true;
        pose->turns = since;
        break;
    case SYNTH_FALLS:
        pose->lying = true;
        pose->turns = 0.25f * rise(since, seconds);
        if (pose->x < DRAW_MIDDLE)
            pose->turns = -pose->turns;
        break;
    case SYNTH_WAVES:
        pose->waving = true;
        break;
    case SYNTH_GROWS:
        pose->growing = true;
        pose->scale *= 1 + 0.5f * rise(since, seconds);
        break;
    case SYNTH_COMES_LEFT:
    case SYNTH_COMES_RIGHT:
    case SYNTH_MEETS:
    case SYNTH_LEAVES_LEFT:
    case SYNTH_LEAVES_RIGHT:
    case SYNTH_ACTS:
        break;
    }
}

static void walk(const struct synth_world *w, const struct synth_event *e,
                 double time, struct draw_pose *pose)
{
    bool left = e->act == SYNTH_COMES_LEFT || e->act == SYNTH_LEAVES_LEFT;
    float done = between(time, e->start, e->end), edge;
    int toward;

    if (synth_comes(e->act)) {
        edge = outside(w, e->actor, left, e->start);
        pose->x += (edge - pose->x) * (1 - done);
        pose->seen &= time >= e->start;
        toward = left ? 1 : -1;
    } else if (synth_leaves(e->act)) {
        edge = outside(w, e->actor, left, e->end);
        pose->x += (edge - pose->x) * done;
        pose->seen &= time < e->end;
        toward = left ? -1 : 1;
    } else {
        edge = beside(w, e->actor, 1 - e->actor);
        toward = edge < pose->x ? -1 : 1;
        pose->x += (edge - pose->x) * done;
    }
    if (time >= e->start && time < e->end)
        pose->walking = toward;
}

struct draw_pose draw_pose_at(const struct synth_world *w, int actor,
                              double time)
{
    const struct synth_actor *a = &w->actors[actor];
    struct draw_pose pose = {
        .seen = true,
        .x = home_of(w, actor),
        .scale = height_of(a) / 100,
        .half = half_of(a),
        .mood = time >= a->then_at ? a->then : a->mood,
        .time = time,
    };

    /* Walks first: where it is decides to which side it falls. */
    for (int i = 0; i < w->n_events; i++)
        if (w->events[i].actor == actor && synth_walks(w->events[i].act))
            walk(w, &w->events[i], time, &pose);
    for (int i = 0; i < w->n_events; i++)
        if (w->events[i].actor == actor)
            act(&w->events[i], time, &pose);
    for (int i = 0; i < w->n_lines; i++) {
        const struct synth_line *l = &w->lines[i];

        pose.speaking |= l->actor == actor && time >= l->start &&
                         time < l->start + synth_line_lasts(l);
    }
    return pose;
}
