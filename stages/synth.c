/*
 * asid-synth: clips whose truth is known exactly, and what imperfect observers
 * would write about them; and errors planted in records of any origin.
 *
 * Clips are made in groups, those of a group at once, and written in order: the
 * same bytes with any number of jobs. The two lists take their names last, so
 * that a list that is there speaks of clips that are there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "asid/base/file.h"
#include "asid/curate/record.h"
#include "asid/dataset/annotation.h"
#include "asid/kit/stage.h"
#include "asid/media/write.h"
#include "asid/nn/parallel.h"
#include "asid/synth/mutate.h"
#include "asid/synth/synth.h"

enum {
    GROUP = 16,         /* clips whose records are in memory at once */
    LINE_MOST = 1 << 24 /* bytes of a record */
};

struct clip {
    uint64_t number;
    struct buf truth, sources; /* lines */
    enum asid_rc rc;
    struct asid_err err;
};

struct synth {
    const struct asid_cx *cx;
    const char *dir; /* of the clips */
    uint64_t seed;
    size_t n_sources;
    const struct text_rules *rules;
    struct parallel *threads;
    FILE *truth, *sources;
    struct clip clips[GROUP];
};

/* --- a clip --------------------------------------------------------------- */

static enum asid_rc write_seconds(struct media_write *w,
                                  const struct synth_world *world,
                                  const struct synth_sound *sound, uint8_t *rgb,
                                  struct asid_err *err)
{
    for (int second = 0; second < world->seconds; second++) {
        for (int i = 0; i < SYNTH_FPS; i++) {
            synth_frame(world, second + (double)i / SYNTH_FPS, rgb);
            TRY(media_write_frame(w, rgb, err));
        }
        if (sound)
            TRY(media_write_sound(w,
                                  sound->samples + (size_t)second * SYNTH_RATE,
                                  SYNTH_RATE, err));
    }
    return ASID_OK;
}

static enum asid_rc write_video(const char *path,
                                const struct synth_world *world,
                                const struct synth_sound *sound,
                                struct arena *a, struct asid_err *err)
{
    const struct media_format format = {SYNTH_WIDTH, SYNTH_HEIGHT, SYNTH_FPS,
                                        sound ? SYNTH_RATE : 0};
    uint8_t *rgb = arena_array(a, SYNTH_WIDTH * SYNTH_HEIGHT, 3);
    struct media_write *w;
    enum asid_rc rc;

    TRY(media_write_open(path, &format, &w, err));
    rc = write_seconds(w, world, sound, rgb, err);
    if (rc == ASID_OK)
        return media_write_close(w, err);
    media_write_drop(w);
    return rc;
}

static struct json *record_of(struct arena *a, const char *id)
{
    struct json *record = json_new_object(a);

    json_set_text(a, record, "id", id);
    json_set_text(a, record, "video", arena_printf(a, "clips/%s.mp4", id));
    return record;
}

static enum asid_rc write_line(struct buf *line, const struct json *record,
                               struct asid_err *err)
{
    json_write(line, record);
    buf_char(line, '\n');
    return buf_failed(line) ? FAIL(err, "a record is too long") : ASID_OK;
}

static enum asid_rc make_clip(const struct synth *s, struct clip *c,
                              struct arena *a)
{
    struct asid_err *err = &c->err;
    const char *id =
        arena_printf(a, "synth-%llu-%05llu", (unsigned long long)s->seed,
                     (unsigned long long)c->number);
    struct json *truth = record_of(a, id), *sources = record_of(a, id);
    struct json *asr;
    struct synth_world *world = arena_alloc(a, sizeof *world);
    struct synth_sound heard = {0}, *sound = NULL;

    synth_world_make((s->seed << 32) + c->number, world);
    if (world->sound) {
        TRY(synth_sound(world, a, &heard, err));
        sound = &heard;
    }
    TRY(synth_say(world, sound, 0, s->rules, a, truth, err));
    TRY(synth_sources(world, sound, s->n_sources, s->rules, a, sources, err));
    /* What was said is known to whoever listens to the transcript. */
    asr = json_get(truth, "asr");
    if (asr)
        json_set(a, sources, "asr", json_copy(a, asr));
    TRY(write_line(&c->truth, truth, err));
    TRY(write_line(&c->sources, sources, err));
    return write_video(arena_printf(a, "%s/%s.mp4", s->dir, id), world, sound,
                       a, err);
}

static void make_one(void *user, size_t task, unsigned worker)
{
    struct synth *s = user;
    struct clip *c = &s->clips[task];
    struct arena arena = ARENA_INIT;

    (void)worker;
    if (asid_stopping(s->cx)) {
        c->rc = ASID_STOPPED;
        return;
    }
    c->rc = make_clip(s, c, &arena);
    arena_release(&arena);
}

/* --- all of them ---------------------------------------------------------- */

static enum asid_rc put(FILE *file, const struct buf *line,
                        struct asid_err *err)
{
    if (fwrite(line->p, 1, line->n, file) != line->n)
        return FAIL_ERRNO(err, "%s", "the list of clips");
    return ASID_OK;
}

static enum asid_rc make_group(struct synth *s, uint64_t first, size_t n,
                               struct asid_err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct clip *c = &s->clips[i];

        buf_reset(&c->truth);
        buf_reset(&c->sources);
        c->number = first + i;
    }
    parallel_for(s->threads, n, make_one, s);
    for (size_t i = 0; i < n; i++) {
        if (s->clips[i].rc != ASID_OK) {
            *err = s->clips[i].err;
            return s->clips[i].rc;
        }
        TRY(put(s->truth, &s->clips[i].truth, err));
        TRY(put(s->sources, &s->clips[i].sources, err));
    }
    return ASID_OK;
}

static enum asid_rc make_all(struct synth *s, struct asid_err *err)
{
    uint64_t first = (uint64_t)opt_int(s->cx, "first");
    uint64_t left = (uint64_t)opt_int(s->cx, "count"), count = left;

    asid_progress(s->cx, "clips", 0, count);
    while (left > 0) {
        size_t n = left < GROUP ? (size_t)left : GROUP;

        TRY(make_group(s, first, n, err));
        first += n;
        left -= n;
        asid_progress(s->cx, "clips", count - left, count);
    }
    return ASID_OK;
}

/* --- the lists ------------------------------------------------------------ */

static enum asid_rc open_list(struct asid_cx *cx, const char *name, FILE **out,
                              struct asid_err *err)
{
    char *path = path_join(cx->arena, opt_text(cx, "output"), name);

    *out = fopen(path, "wb");
    return *out ? ASID_OK : FAIL_ERRNO(err, "%s", path);
}

static enum asid_rc close_list(struct asid_cx *cx, FILE **file,
                               const char *part, const char *name,
                               struct asid_err *err)
{
    const char *dir = opt_text(cx, "output");
    bool bad = ferror(*file) != 0;

    bad = fclose(*file) != 0 || bad;
    *file = NULL;
    if (bad || rename(path_join(cx->arena, dir, part),
                      path_join(cx->arena, dir, name)) != 0)
        return FAIL_ERRNO(err, "%s/%s", dir, name);
    return ASID_OK;
}

static enum asid_rc open_all(struct asid_cx *cx, struct synth *s,
                             struct asid_err *err)
{
    s->cx = cx;
    s->seed = (uint64_t)opt_int(cx, "seed");
    s->n_sources = (size_t)opt_int(cx, "sources");
    s->dir = path_join(cx->arena, opt_text(cx, "output"), "clips");
    for (size_t i = 0; i < GROUP; i++) {
        buf_init(&s->clips[i].truth, LINE_MOST);
        buf_init(&s->clips[i].sources, LINE_MOST);
    }
    TRY(file_make_dirs(s->dir, err));
    TRY(text_rules_load(&s->rules, err));
    TRY(parallel_open((unsigned)opt_int(cx, "jobs"), &s->threads, err));
    TRY(open_list(cx, "truth.jsonl.part", &s->truth, err));
    return open_list(cx, "sources.jsonl.part", &s->sources, err);
}

static void close_all(struct synth *s)
{
    if (s->truth)
        fclose(s->truth);
    if (s->sources)
        fclose(s->sources);
    for (size_t i = 0; i < GROUP; i++) {
        buf_release(&s->clips[i].truth);
        buf_release(&s->clips[i].sources);
    }
    if (s->threads)
        parallel_close(s->threads);
    text_rules_free(s->rules);
}

static enum asid_rc make_clips(struct asid_cx *cx, struct asid_err *err)
{
    struct synth *s = arena_alloc(cx->arena, sizeof *s);
    enum asid_rc rc;

    memset(s, 0, sizeof *s);
    rc = open_all(cx, s, err);
    if (rc == ASID_OK)
        rc = make_all(s, err);
    if (rc == ASID_OK)
        rc = close_list(cx, &s->sources, "sources.jsonl.part", "sources.jsonl",
                        err);
    if (rc == ASID_OK)
        rc = close_list(cx, &s->truth, "truth.jsonl.part", "truth.jsonl", err);
    close_all(s);
    return rc;
}

/* --- errors in other records ---------------------------------------------- */

struct mutation {
    struct asid_cx *cx;
    const char *path;
    struct mutate_settings settings;
    const struct text_rules *rules;
    struct arena arena; /* of one record */
    uint64_t records, planted;
};

static unsigned wanted_classes(const struct asid_cx *cx)
{
    size_t n = opt_count(cx, "classes");
    unsigned wanted = 0;

    for (size_t i = 0; i < n; i++)
        for (unsigned c = 0; c < MUTATE_CLASSES; c++)
            if (strcmp(opt_nth(cx, "classes", i), mutate_names[c]) == 0)
                wanted |= 1u << c;
    return wanted;
}

static enum asid_rc mutate_line(void *user, struct str text, uint64_t line,
                                const struct json *row,
                                const struct asid_err *why,
                                struct asid_err *err)
{
    struct mutation *m = user;
    struct json *record;
    enum asid_rc rc;

    (void)text;
    if (!row || json_type(row) != JSON_OBJECT)
        return FAIL(err, "%s: line %llu is no record: %s", m->path,
                    (unsigned long long)line,
                    row ? "not an object" : why->text);
    if (asid_stopping(m->cx))
        return ASID_STOPPED;
    record = json_copy(&m->arena, row);
    record_claims_ensure(m->rules, &m->arena, record);
    m->planted += mutate_record(m->rules, &m->settings, &m->arena, record);
    m->records++;
    rc = asid_print(m->cx, record, err);
    arena_reset(&m->arena);
    return rc;
}

static enum asid_rc mutate_file(struct asid_cx *cx, const char *path,
                                struct asid_err *err)
{
    struct mutation m = {
        .cx = cx,
        .path = path,
        .settings = {(uint64_t)opt_int(cx, "seed"), wanted_classes(cx),
                     (size_t)opt_int(cx, "per-record")},
        .arena = ARENA_INIT,
    };
    enum asid_rc rc = text_rules_load(&m.rules, err);

    if (rc == ASID_OK)
        rc = annotation_file(path, mutate_line, &m, err);
    if (rc == ASID_OK)
        asid_info(cx, "%llu errors planted in %llu records",
                  (unsigned long long)m.planted, (unsigned long long)m.records);
    text_rules_free(m.rules);
    arena_release(&m.arena);
    return rc;
}

static enum asid_rc synth_run(struct asid_cx *cx, struct asid_err *err)
{
    const char *mutate = opt_text(cx, "mutate");

    if (!mutate && !opt_text(cx, "output"))
        return USAGE(err, "--output: a folder for clips is needed, or --mutate "
                          "and a file of records");
    if (mutate && opt_text(cx, "output"))
        return USAGE(err, "--mutate writes records to standard output: it has "
                          "no use for --output");
    return mutate ? mutate_file(cx, mutate, err) : make_clips(cx, err);
}

const struct asid_stage asid_stage = {.name = "synth", .run = synth_run};
