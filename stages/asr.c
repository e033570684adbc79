/*
 * asid-asr: what is said in a clip, from a sidecar file or an endpoint, without
 * what only the recogniser heard.
 */
#include <string.h>
#include <sys/stat.h>

#include "asid/answer/hear.h"
#include "asid/base/hash.h"
#include "asid/base/num.h"
#include "asid/curate/asr.h"
#include "asid/curate/record.h"
#include "asid/curate/sidecar.h"
#include "asid/media/media.h"

static const char stage_name[] = "asr";

struct asr {
    enum asr_format formats[ASR_FORMATS];
    size_t n_formats;
    unsigned rules;
    const struct asr_phrases *phrases;
    struct sidecars *sidecars;
    struct hearer *hearer; /* NULL without --endpoint */
    const char *language;  /* its code, or NULL */
};

/* --- options --------------------------------------------------------------- */

static enum asid_rc read_formats(struct asid_cx *cx, struct asr *s,
                                 struct asid_err *err)
{
    size_t n = opt_count(cx, "sidecar");

    for (size_t i = 0; i < n; i++) {
        const char *name = opt_nth(cx, "sidecar", i);

        if (strcmp(name, "none") == 0 && n == 1)
            return ASID_OK;
        if (strcmp(name, "none") == 0)
            return USAGE(err, "--sidecar: none goes with nothing else");
        for (int f = 0; f < ASR_FORMATS; f++) {
            if (strcmp(name, asr_format_names[f]) != 0)
                continue;
            for (size_t k = 0; k < s->n_formats; k++)
                if (s->formats[k] == (enum asr_format)f)
                    return USAGE(err, "--sidecar: %s is listed twice", name);
            s->formats[s->n_formats++] = (enum asr_format)f;
        }
    }
    return ASID_OK;
}

static void read_rules(struct asid_cx *cx, struct asr *s)
{
    for (size_t i = 0; i < opt_count(cx, "rules"); i++)
        for (int rule = 0; rule < ASR_RULES; rule++)
            if (strcmp(opt_nth(cx, "rules", i), asr_rule_names[rule]) == 0)
                s->rules |= 1u << rule;
}

static enum asid_rc asr_open(struct asid_cx *cx, struct asid_err *err)
{
    struct asr *s = cx->state;
    const char *language = opt_text(cx, "language");

    s->sidecars = sidecars_new();
    TRY(read_formats(cx, s, err));
    read_rules(cx, s);
    s->language = language ? asr_language(cx->arena, str_of(language)).p : NULL;
    if (s->language && !*s->language)
        return USAGE(err,
                     "--language: expected a language such as en, got \"%s\"",
                     language);
    TRY(asr_phrases_load(cx->arena, &s->phrases, err));
    if (opt_text(cx, "endpoint"))
        return hear_open(cx, s->language, &s->hearer, err);
    if (opt_text(cx, "model"))
        return USAGE(err, "--model names a model of --endpoint; a checkpoint "
                          "cannot transcribe");
    if (s->n_formats == 0)
        return USAGE(err, "--sidecar none leaves nothing to ask without "
                          "--endpoint");
    return ASID_OK;
}

static void asr_close(struct asid_cx *cx)
{
    struct asr *s = cx->state;

    hear_close(s->hearer);
    sidecars_free(s->sidecars);
}

static const char *asr_identity(const struct asid_cx *cx)
{
    const struct asr *s = cx->state;

    return asr_version(s->phrases);
}

/* --- where a transcript comes from ----------------------------------------- */

/* One record's search. */
struct finding_it {
    struct asid_job *job;
    const struct asr *s;
    struct asr_draft draft;
    bool found;
    const char *name;    /* record.asr.name unless --name says */
    const char *file;    /* record.asr.file, NULL from an endpoint */
    const char *refused; /* why the first that was looked at is none */
};

static void note(struct finding_it *f, const char *name, const char *why)
{
    struct asid_job *job = f->job;

    finding_add(job->arena, job->record, stage_name, "asr.sidecar",
                ATTRIBUTE_NONE, -1, "%s%s%s", name ? name : "",
                name ? ": " : "", why);
}

static void refuse(struct finding_it *f, const struct sidecar *file,
                   const struct asid_err *err)
{
    if (!f->refused)
        f->refused =
            arena_printf(f->job->arena, "%s: %s", file->name, err->text);
    /* Other programs' JSON beside a video is nobody's fault. */
    if (f->draft.foreign)
        asid_info(f->job->cx, "%s: %s", file->name, err->text);
    else
        note(f, file->name, err->text);
}

static void try_sidecar(struct finding_it *f, const struct sidecar *file)
{
    struct arena *a = f->job->arena;
    struct asid_err err;
    struct str text;

    f->draft.foreign = false;
    if (sidecar_read(a, file, &text, &err) != ASID_OK ||
        asr_parse(a, file->format, text, record_duration(f->job->record),
                  &f->draft, &err) != ASID_OK) {
        refuse(f, file, &err);
        return;
    }
    f->found = true;
    f->name = f->draft.kind;
    f->file = file->name;
    if (f->draft.language.n == 0)
        f->draft.language = file->language;
    if (f->draft.skipped > 0)
        note(f, file->name,
             arena_printf(a, "%zu that cannot be read left out; %s",
                          f->draft.skipped, f->draft.skipped_why));
}

static void find_sidecars(struct asid_job *job, const struct asr *s,
                          struct sidecar_list *list)
{
    struct sidecar_query q = {
        .root = opt_text(job->cx, "root"),
        .dir = opt_text(job->cx, "sidecar-dir"),
        .video = json_text(json_get(job->record, "video")),
        .id = job->id,
        .formats = s->formats,
        .n_formats = s->n_formats,
        .language = s->language,
    };

    sidecars_find(s->sidecars, job->arena, &q, list);
}

static void look_beside(struct finding_it *f)
{
    struct sidecar_list list;

    find_sidecars(f->job, f->s, &list);
    if (list.note)
        note(f, NULL, list.note);
    for (size_t i = 0; i < list.n && !f->found; i++)
        try_sidecar(f, &list.files[i]);
}

static enum asid_rc read_reply(void *user, struct str reply,
                               struct asid_err *err)
{
    struct finding_it *f = user;

    return asr_parse(f->job->arena, ASR_JSON, reply,
                     record_duration(f->job->record), &f->draft, err);
}

static enum asid_rc ask_endpoint(struct finding_it *f, struct asid_err *err)
{
    struct str reply;
    enum asid_rc rc = hear(f->s->hearer, f->job, read_reply, f, &reply, err);

    if (rc == ASID_REJECT && strcmp(err->code, "media.no_audio") == 0)
        return ASID_OK; /* then nobody says anything */
    if (rc != ASID_OK)
        return rc;
    if (read_reply(f, reply, err) != ASID_OK)
        return FAIL(err, "a reply in the ledger is no transcript: %s",
                    arena_strdup(f->job->arena, err->text));
    f->found = true;
    f->name = opt_text(f->job->cx, "model");
    return ASID_OK;
}

/* --- what a result hangs on ------------------------------------------------ */

static bool has_transcript(const struct json *record)
{
    const struct json *asr = json_get(record, "asr");

    return asr && json_type(asr) == JSON_OBJECT;
}

/* The sidecars of a record with their hashes, as many as may be read. */
static const char *asr_beside(struct asid_job *job)
{
    const struct asr *s = job->cx->state;
    const char *text = "";
    struct sidecar_list list;

    if (has_transcript(job->record) && !opt_bool(job->cx, "replace"))
        return NULL;
    find_sidecars(job, s, &list);
    for (size_t i = 0; i < list.n; i++) {
        char hex[HASH_HEX] = "unreadable";
        struct asid_err err;
        struct str file;

        if (sidecar_read(job->arena, &list.files[i], &file, &err) == ASID_OK)
            hash_text(file, hex);
        text = arena_printf(job->arena, "%s%s%s %.16s", text, i ? ", " : "",
                            list.files[i].name, hex);
    }
    return text;
}

/* --- the sound ------------------------------------------------------------- */

static bool is_silent(const struct json *record)
{
    const struct json *audio = json_path(record, "media.audio");

    return audio && json_type(audio) == JSON_NULL;
}

static double member(const struct json *record, const char *path)
{
    double value = 0;

    (void)json_f64(json_path(record, path), &value);
    return value;
}

/* By its size, which costs nothing to look at. */
static bool is_other_file(const struct json *record, const char *path)
{
    int64_t bytes;
    struct stat st;

    return json_i64(json_path(record, "media.bytes"), &bytes) &&
           (stat(path, &st) != 0 || st.st_size != bytes);
}

/* The levels of the clip's first hour, or NULL when they cannot be had: then
 * there is no evidence, and rules that need it do not apply. */
static const struct asr_levels *listen(struct finding_it *f)
{
    enum { HOUR = 3600 };
    struct asid_job *job = f->job;
    const struct json *record = job->record;
    const char *video = json_text(json_get(record, "video")), *path;
    struct asr_levels *levels = NULL;
    struct media_sound sound;
    struct asid_err err;

    if (!video || f->draft.n == 0 ||
        json_type(json_path(record, "media.audio")) != JSON_OBJECT ||
        !(f->s->rules & (1u << ASR_SILENCE | 1u << ASR_STOCK)))
        return NULL;
    path = asid_video_path(job, video);
    if (is_other_file(record, path)) {
        asid_info(job->cx,
                  "%s: judged without its sound: %s is not the file "
                  "that was ingested",
                  job->id, video);
        return NULL;
    }
    if (media_sound(path, HOUR, &MEDIA_LIMITS_DEFAULT, &sound, &err) !=
        ASID_OK) {
        asid_info(job->cx, "%s: judged without its sound: %s", job->id,
                  err.text);
        return NULL;
    }
    levels = arena_alloc(job->arena, sizeof *levels);
    asr_levels_make(job->arena, sound.samples, sound.n, sound.rate,
                    member(record, "media.audio.start") -
                        member(record, "media.video.start"),
                    levels);
    levels->cut = sound.n >= (size_t)HOUR * sound.rate;
    media_sound_release(&sound);
    return levels;
}

/* --- the record ------------------------------------------------------------ */

static void report(struct finding_it *f, const struct asr_drop *d)
{
    enum { SHOWN = 120 };
    struct arena *a = f->job->arena;
    size_t n = d->text.n;
    const char *times = "";
    struct json *v;

    if (n > SHOWN) /* not in the middle of a character */
        for (n = SHOWN; ((unsigned char)d->text.p[n] & 0xc0) == 0x80;)
            n--;
    if (d->count > 1)
        times = arena_printf(a, ", %zu times", d->count);
    v = finding_add(a, f->job->record, stage_name, "asr.hallucination",
                    ATTRIBUTE_NONE, -1, "\"%.*s%s\" (%.2fs to %.2fs%s): %s",
                    (int)n, d->text.p, n < d->text.n ? "..." : "", d->start,
                    d->end, times, d->why);
    json_set_text(a, v, "rule", asr_rule_names[d->rule]);
    json_set_f64(a, v, "start", num_round(d->start, 3));
    json_set_f64(a, v, "end", num_round(d->end, 3));
    if (d->count > 1)
        json_set_i64(a, v, "count", (int64_t)d->count);
    json_set(a, v, "was", json_new_str(a, d->text));
    json_set(a, v, "now", json_new_nonempty(a, d->now));
}

static void write_asr(struct finding_it *f)
{
    struct asid_job *job = f->job;
    struct arena *a = job->arena;
    const char *name = opt_text(job->cx, "name");
    struct asr_clip clip = {record_duration(job->record),
                            is_silent(job->record), listen(f)};
    struct asr_result result;
    struct transcript t;
    struct json *asr;

    asr_clean(a, f->s->phrases, &f->draft, &clip, f->s->rules, &result);
    t = *result.transcript;
    if (f->s->language)
        t.language = str_of(f->s->language);
    asr = transcript_json(a, name ? name : f->name, &t);
    if (f->file)
        json_set_text(a, asr, "file", f->file);
    json_set(a, job->record, "asr", asr);
    for (size_t i = 0; i < result.n_drops; i++)
        report(f, &result.drops[i]);
}

static enum asid_rc asr_record(struct asid_job *job, struct asid_err *err)
{
    const struct asr *s = job->cx->state;
    struct finding_it f = {.job = job, .s = s};
    const bool had = has_transcript(job->record);

    if (had && !opt_bool(job->cx, "replace"))
        return ASID_OK;
    findings_drop(job->record, stage_name);
    look_beside(&f);
    if (!f.found && s->hearer && !is_silent(job->record))
        TRY(ask_endpoint(&f, err));
    if (f.found)
        write_asr(&f);
    else if (opt_bool(job->cx, "require") && !had)
        return REJECT(err, "asr.missing", "%s",
                      f.refused ? f.refused : "there is no transcript");
    return ASID_OK;
}

const struct asid_stage asid_stage = {
    .name = stage_name,
    .state_size = sizeof(struct asr),
    .open = asr_open,
    .record = asr_record,
    .close = asr_close,
    .identity = asr_identity,
    .libraries = media_versions,
    .beside = asr_beside,
};
