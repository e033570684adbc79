/* Where an actor is at a time, and what it looks like there. */
#include "draw_int.h"

/* From 0 to 1 while time goes from start to end. */
static float between(double time, double start, double end)
{
    if (time <= start)
        return 0;
    return time >= end ? 1 : (float)((time - start) / (end - start));
}

/* Up within a part of the whole, down within the last part of it. */
static float rise(float done, float part)
{
    float up = done / part, down = (1 - done) / part;
    float least = up < down ? up : down;

    return least > 1 ? 1 : least;
}

struct draw_view draw_view_at(const struct synth_world *w, double time)
{
    /* A close view looks at the middle of what is shown, not at the sky. */
    enum { PAN = 32, CLOSE = 99, ZOOM_SECONDS = 2, PAN_SECONDS = 3 };
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
    case SYNTH_ZOOM_OUT:
        zoom = 1 - zoom;
        /* fall through */
    case SYNTH_ZOOM_IN:
        v.scale = 1 + 0.35f * zoom;
        v.y += (CLOSE - v.y) * zoom;
        break;
    case SYNTH_CUT:
        if (time >= w->camera_at) {
            v.scale = 1.5f;
            v.y = CLOSE;
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
    return a->size == SYNTH_BIG ? 56 : 34;
}

static float half_of(const struct synth_actor *a)
{
    return height_of(a) * 0.46f;
}

static float home_of(const struct synth_world *w, int actor)
{
    struct synth_random r = {w->seed + (uint64_t)actor};
    float stray = (float)synth_random_below(&r, 9) - 4;

    return (w->actors[actor].side == SYNTH_LEFT ? 70.0f : 154.0f) + stray;
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
    float gap = half_of(&w->actors[actor]) + half_of(&w->actors[other]) + 3;

    return home_of(w, actor) < at ? at - gap : at + gap;
}

static float jump(double time)
{
    /* One leap a second, most of it high up, so that frames half a second apart
     * cannot both miss it. */
    float u = 2 * (float)(time - (double)(int)time) - 1;

    return 34 * (1 - u * u * u * u);
}

static void act(const struct synth_world *w, const struct synth_event *e,
                double time, struct draw_pose *pose)
{
    float done = between(time, e->start, e->end), home = pose->x;
    bool left = e->act == SYNTH_COMES_LEFT || e->act == SYNTH_LEAVES_LEFT;
    bool now = time >= e->start && time < e->end;
    float seconds = (float)(e->end - e->start);
    float sign = home < DRAW_MIDDLE ? -1 : 1, edge;

    switch (e->act) {
    case SYNTH_JUMPS:
        pose->lift = now ? jump(time) : pose->lift;
        return;
    case SYNTH_SPINS:
        pose->spinning |= now;
        if (now)
            pose->turns = done * seconds;
        return;
    case SYNTH_FALLS:
        pose->lying |= now;
        if (now)
            pose->turns = sign * 0.25f * rise(done, 0.15f / seconds);
        return;
    case SYNTH_WAVES:
        pose->waving |= now;
        return;
    case SYNTH_GROWS:
        if (now)
            pose->scale *= 1 + 0.6f * rise(done, 0.15f / seconds);
        return;
    case SYNTH_COMES_LEFT:
    case SYNTH_COMES_RIGHT:
        edge = outside(w, e->actor, left, e->start);
        pose->x = edge + (home - edge) * done;
        pose->seen &= time >= e->start;
        break;
    case SYNTH_MEETS:
        pose->x += (beside(w, e->actor, 1 - e->actor) - home) * done;
        break;
    case SYNTH_LEAVES_LEFT:
    case SYNTH_LEAVES_RIGHT:
        edge = outside(w, e->actor, left, e->end);
        pose->x += (edge - home) * done;
        pose->seen &= time < e->end;
        break;
    case SYNTH_ACTS:
        break;
    }
    pose->walking |= now;
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

    for (int i = 0; i < w->n_events; i++)
        if (w->events[i].actor == actor)
            act(w, &w->events[i], time, &pose);
    for (int i = 0; i < w->n_lines; i++) {
        const struct synth_line *l = &w->lines[i];

        pose.speaking |= l->actor == actor && time >= l->start &&
                         time < l->start + synth_line_lasts(l);
    }
    return pose;
}
