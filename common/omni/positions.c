/*
 * TMRoPE position ids (docs/MODEL.md section 7.2): every token has a time, a
 * row and a column.
 *
 * The published code has habits that must be kept: the end tokens of a video
 * follow the segment appended last, even if an earlier one reached further;
 * and times here are float32, cut to whole numbers, while the order of the
 * tokens (layout.c) was reckoned in double.
 */
#include <stdlib.h>

#include "prepare.h"

/* Writes positions segment by segment. */
struct pen {
    int32_t *row[3];
    size_t at, n;
    int64_t next;    /* the last segment's greatest value plus one */
    int64_t highest; /* of all segments */
    bool overflow;
};

static void put_token(struct pen *p, int64_t t, int64_t h, int64_t w)
{
    int64_t most = t > h ? t : h;

    if (w > most)
        most = w;
    if (most > p->highest)
        p->highest = most;
    if (most >= p->next)
        p->next = most + 1;
    if (most > INT32_MAX) {
        p->overflow = true;
        return;
    }
    BUG_IF(p->at == p->n);
    p->row[0][p->at] = (int32_t)t;
    p->row[1][p->at] = (int32_t)h;
    p->row[2][p->at] = (int32_t)w;
    p->at++;
}

/* A segment begins: its own greatest value decides where the next one goes. */
static int64_t begin_segment(struct pen *p)
{
    int64_t start = p->next;

    p->next = INT64_MIN;
    return start;
}

static void put_ramp(struct pen *p, int64_t start, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        int64_t at = start + (int64_t)i;

        put_token(p, at, at, at);
    }
}

static void put_one(struct pen *p)
{
    put_ramp(p, begin_segment(p), 0, 1);
}

/* Tokens [from, to) of a grid in raster order. */
static void put_grid(struct pen *p, const struct omni_item *item,
                     const double *time, int64_t start, size_t from, size_t to)
{
    size_t per = item->h * item->w;

    for (size_t i = from; i < to && !p->overflow; i++)
        put_token(p, start + (int64_t)time[i / per],
                  start + (int64_t)(i % per / item->w),
                  start + (int64_t)(i % item->w));
}

/* Time of every temporal index, a whole number. */
static enum asid_rc grid_times(const struct omni_config *config,
                               const struct omni_item *item, double **out,
                               struct asid_err *err)
{
    float seconds = (float)item->second_per_grid;
    float rate = (float)config->positions_per_second;
    void *space;
    double *time;

    TRY(mem_big(&space, item->t, sizeof *time, err));
    time = space;
    for (size_t t = 0; t < item->t; t++) {
        float at = (float)t * seconds;

        time[t] = item->kind == OMNI_IMAGE
                      ? (double)t * config->positions_per_second
                      : (double)(int64_t)(at * rate);
    }
    *out = time;
    return ASID_OK;
}

static void put_av(struct pen *p, const struct omni_config *config,
                   const struct omni_item *item, const double *time)
{
    double width =
        (double)config->positions_per_second * config->seconds_per_chunk;
    struct omni_chunks video = {.value = time,
                                .rows = item->t,
                                .per = item->h * item->w,
                                .width = width};
    struct omni_chunks audio = {.rows = item->n, .per = 1, .width = width};
    int64_t start = begin_segment(p);
    bool more = true;

    put_ramp(p, start, 0, 1);
    put_ramp(p, start, 0, 1);
    start = p->next;
    while (more && !p->overflow) {
        size_t from, to;

        more = omni_next_chunk(&video, &from, &to);
        if (more && to > from) {
            begin_segment(p);
            put_grid(p, item, time, start, from, to);
        }
        if (omni_next_chunk(&audio, &from, &to)) {
            more = true;
            if (to > from) {
                begin_segment(p);
                put_ramp(p, start, from, to);
            }
        }
    }
    start = begin_segment(p);
    put_ramp(p, start, 0, 1);
    put_ramp(p, start, 0, 1);
}

static enum asid_rc put_item(struct pen *p, const struct omni_config *config,
                             const struct omni_item *item, struct asid_err *err)
{
    double *time = NULL;

    if (item->kind == OMNI_TEXT) {
        if (item->n)
            put_ramp(p, begin_segment(p), 0, item->n);
        return ASID_OK;
    }
    if (item->kind != OMNI_AUDIO)
        TRY(grid_times(config, item, &time, err));
    if (item->kind == OMNI_AV) {
        put_av(p, config, item, time);
    } else {
        put_one(p);
        if (item->kind == OMNI_AUDIO)
            put_ramp(p, begin_segment(p), 0, item->n);
        else
            put_grid(p, item, time, begin_segment(p), 0,
                     item->t * item->h * item->w);
        put_one(p);
    }
    free(time);
    return ASID_OK;
}

enum asid_rc omni_positions(const struct omni_config *config,
                            const struct omni_item *items, size_t n_items,
                            size_t n, int32_t *positions, int64_t *rope_delta,
                            struct asid_err *err)
{
    struct pen p = {.row = {positions, positions + n, positions + 2 * n},
                    .n = n,
                    .highest = -1};

    for (size_t i = 0; i < n_items; i++) {
        TRY(put_item(&p, config, &items[i], err));
        if (p.overflow)
            return REJECT(err, "media.limit",
                          "the media last too long for position ids");
    }
    BUG_IF(p.at != n);
    *rope_delta = p.highest + 1 - (int64_t)n;
    return ASID_OK;
}
