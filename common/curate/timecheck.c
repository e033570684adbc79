/* A record's times: the passes. */
#include "asid/curate/timecheck.h"

#include <math.h>
#include <stdlib.h>

#include "asid/curate/record.h"
#include "asid/curate/transcript.h"
#include "time_int.h"

enum {
    PASSES = 6, /* the last one only reports */
    CUTS_MAX = 1 << 16,
};

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void read_cuts(struct time_check *c)
{
    struct json *list = json_path(c->record, "media.cuts");
    size_t room = json_count(list), n = 0;
    double *cuts;

    if (room == 0 || room > CUTS_MAX)
        return;
    cuts = arena_array(c->arena, room, sizeof *cuts);
    json_each(cut, list) {
        n += json_f64(cut, &cuts[n]);
    }
    qsort(cuts, n, sizeof *cuts, by_time);
    c->cuts = cuts;
    c->n_cuts = n;
}

static bool has_quotes(const struct time_check *c)
{
    for (size_t k = 0; k < c->n_texts; k++) {
        if (c->texts[k].text->n_quotes > 0)
            return true;
    }
    return false;
}

/* The transcript, when there is something to look for in it. */
static void read_speech(struct time_check *c)
{
    const struct transcript *t;

    if (c->speech || !has_quotes(c))
        return;
    t = transcript_read(c->rules, c->arena, json_get(c->record, "asr"));
    if (t->n_words > 0)
        c->speech = align_speech_new(c->rules, c->arena, t);
}

static void check(struct time_check *c)
{
    c->changed = false;
    c->wrong = 0;
    c->open = (struct time_notes){NULL, NULL, 0};
    time_read_texts(c);
    if (c->n_texts == 0)
        return;
    read_speech(c);
    time_find_said(c);
    time_find_cuts(c);
    time_find_matches(c);
    time_clocks(c);
    if (!c->changed)
        time_singles(c);
    if (c->changed)
        time_write_texts(c);
}

struct timecheck_result timecheck_record(const struct text_rules *rules,
                                         struct arena *a, struct json *record,
                                         const struct timecheck_options *o)
{
    struct time_check *c = arena_alloc(a, sizeof *c);
    struct arena again = ARENA_INIT; /* of all passes but the first */
    double fps = 0;

    c->rules = rules;
    c->arena = c->work = a;
    c->record = record;
    c->o = o;
    c->duration = record_duration(record);
    if (!(c->duration > 0))
        c->duration = NAN;
    c->fps = json_f64(json_path(record, "media.video.fps"), &fps) ? fps
                                                                  : (double)NAN;
    read_cuts(c);
    if (o->canonical) {
        time_read_texts(c);
        time_write_canonical(c);
    }
    for (int pass = 1; pass <= PASSES; pass++) {
        c->repair = o->repair && pass < PASSES;
        check(c);
        if (!c->changed)
            break;
        c->work = &again;
        arena_reset(&again);
    }
    time_write_notes(c);
    arena_release(&again);
    return (struct timecheck_result){c->anchors, c->wrong};
}
