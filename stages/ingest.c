/*
 * asid-ingest: video files, folders and existing datasets become records.
 *
 * An item is a file that was found, with what would tell that it changed and
 * with the rows that somebody wrote about it; a record is what probing and
 * hashing say about the file, and the rows as its sources. Ids come from the
 * rows or from file names, not from folders, so that moving a folder changes
 * none.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/base/hash.h"
#include "asid/base/map.h"
#include "asid/base/num.h"
#include "asid/base/str.h"
#include "asid/dataset/annotation.h"
#include "asid/kit/stage.h"
#include "asid/media/media.h"
#include "asid/pipeline/items.h"

struct ingest {
    struct media_limits limits;
    enum media_check check;
    bool by_content;
    struct arena arena;       /* of the two maps */
    struct map ids, contents; /* which file has an id, or a content */
};

static enum asid_rc ingest_open(struct asid_cx *cx, struct asid_err *err)
{
    struct ingest *s = cx->state;

    (void)err;
    s->limits = MEDIA_LIMITS_DEFAULT;
    s->limits.seconds = opt_real(cx, "timeout");
    s->limits.memory = (uint64_t)opt_int(cx, "memory") << 20;
    s->check = strcmp(opt_text(cx, "check"), "decode") == 0 ? MEDIA_CHECK_DECODE
                                                            : MEDIA_CHECK_PROBE;
    s->by_content = strcmp(opt_text(cx, "duplicates"), "content") == 0;
    return ASID_OK;
}

static void ingest_close(struct asid_cx *cx)
{
    struct ingest *s = cx->state;

    map_release(&s->ids);
    map_release(&s->contents);
    arena_release(&s->arena);
}

/* --- items ----------------------------------------------------------------- */

/* The runner's list. */
struct runner_list {
    enum asid_rc (*item)(void *list, struct str json, struct asid_err *err);
    void *list;
};

static enum asid_rc hand_on(void *user, const struct json *item,
                            struct str line, struct asid_err *err)
{
    const struct runner_list *to = user;

    (void)item;
    return to->item(to->list, line, err);
}

static const char **list_option(const struct asid_cx *cx, const char *name,
                                size_t *n)
{
    const char **list =
        arena_array(cx->arena, opt_count(cx, name) + 1, sizeof *list);

    *n = opt_count(cx, name);
    for (size_t i = 0; i < *n; i++)
        list[i] = opt_nth(cx, name, i);
    return list;
}

static enum asid_rc read_wish(const struct asid_cx *cx, struct items_wish *w,
                              struct asid_err *err)
{
    *w = (struct items_wish){
        .root = opt_text(cx, "root"),
        .inputs = cx->inputs,
        .n_inputs = cx->n_inputs,
        .name = opt_text(cx, "name"),
        .orphans = strcmp(opt_text(cx, "orphans"), "keep") == 0,
        .max_line = (size_t)opt_int(cx, "max-line"),
    };
    w->suffixes = list_option(cx, "suffixes", &w->n_suffixes);
    /* Arguments as they were typed; from a pipeline they are an option. */
    if (w->n_inputs == 0)
        w->inputs = list_option(cx, "inputs", &w->n_inputs);
    for (size_t i = 0; i < w->n_inputs; i++) {
        if (strcmp(w->inputs[i], "-") == 0)
            return USAGE(err, "reads files and folders, not standard input");
    }
    return shard_parse(opt_text(cx, "shard"), &w->shard, err);
}

static enum asid_rc ingest_source(struct asid_cx *cx,
                                  enum asid_rc (*item)(void *list,
                                                       struct str json,
                                                       struct asid_err *err),
                                  void *list, struct asid_err *err)
{
    struct runner_list to = {item, list};
    struct items_wish wish;
    bool none;

    TRY(read_wish(cx, &wish, err));
    TRY(items_list(cx->arena, &wish, hand_on, &to, &none, err));
    for (size_t i = 0; none && i < wish.n_inputs; i++)
        asid_warn(cx, "%s: the dataset has no rows", wish.inputs[i]);
    return ASID_OK;
}

/* --- records --------------------------------------------------------------- */

/* Finer digits are noise of dividing by a time base. */
static double microseconds(double seconds)
{
    return num_round(seconds, 6);
}

static void set_seconds(struct arena *a, struct json *object, const char *key,
                        double value)
{
    json_set_f64(a, object, key, microseconds(value));
}

static struct json *video_of(struct arena *a, const struct media_info *info)
{
    struct json *video = json_new_object(a);

    json_set_text(a, video, "codec", info->video.codec);
    json_set_i64(a, video, "width", info->video.width);
    json_set_i64(a, video, "height", info->video.height);
    json_set(a, video, "fps",
             info->video.fps > 0 ? json_new_f64(a, info->video.fps)
                                 : json_new_null(a));
    json_set_i64(a, video, "rotation", info->video.rotation);
    json_set(a, video, "frames",
             info->video.packets > 0
                 ? json_new_i64(a, (int64_t)info->video.packets)
                 : json_new_null(a));
    set_seconds(a, video, "start", info->video.start);
    return video;
}

static struct json *audio_of(struct arena *a, const struct media_info *info)
{
    struct json *audio;

    if (!info->audio.present)
        return json_new_null(a);
    audio = json_new_object(a);
    json_set_text(a, audio, "codec", info->audio.codec);
    json_set_i64(a, audio, "sample_rate", info->audio.sample_rate);
    json_set_i64(a, audio, "channels", info->audio.channels);
    set_seconds(a, audio, "start", info->audio.start);
    return audio;
}

static struct json *cuts_of(struct arena *a, const struct media_cuts *cuts)
{
    struct json *list = json_new_array(a);

    for (size_t i = 0; i < cuts->n; i++)
        json_append(list, json_new_f64(a, microseconds(cuts->times[i])));
    return list;
}

static struct json *media_of(struct arena *a, const struct media_info *info,
                             const struct media_cuts *cuts, const char *sha256,
                             uint64_t bytes)
{
    struct json *media = json_new_object(a), *decoded;

    if (info->duration > 0)
        set_seconds(a, media, "duration", info->duration);
    else
        json_set(a, media, "duration", json_new_null(a));
    json_set_text(a, media, "sha256", sha256);
    json_set_i64(a, media, "bytes", (int64_t)bytes);
    json_set(a, media, "video", video_of(a, info));
    json_set(a, media, "audio", audio_of(a, info));
    if (!info->decoded)
        return media;
    decoded = json_new_object(a);
    json_set_i64(a, decoded, "frames", (int64_t)info->frames_decoded);
    json_set_i64(a, decoded, "errors", (int64_t)info->errors);
    set_seconds(a, decoded, "video_span", info->video_span);
    set_seconds(a, decoded, "audio_span", info->audio_span);
    json_set(a, media, "decoded", decoded);
    if (cuts->known)
        json_set(a, media, "cuts", cuts_of(a, cuts));
    return media;
}

/* Turn the item into the record, in place. */
static void rebuild(struct arena *a, struct json *record, const char *id,
                    const char *video, struct json *media)
{
    json_each(member, record) {
        json_unlink(member);
    }
    json_set_text(a, record, "id", id);
    json_set_text(a, record, "video", video);
    json_set(a, record, "media", media);
    json_set(a, record, "sources", json_new_array(a));
}

/* What the rows of the item say, as sources of the record. */
static enum asid_rc add_rows(struct arena *a, const struct json *list,
                             struct json *record, struct asid_err *err)
{
    size_t n = json_count(list), i = 0;
    struct annotation_row *rows = arena_array(a, n, sizeof *rows);

    json_each(entry, list) {
        rows[i++] = (struct annotation_row){json_text(json_get(entry, "from")),
                                            json_get(entry, "row")};
    }
    return n ? annotation_record(a, rows, n, record, err) : ASID_OK;
}

/* What the listing knows already about the file. */
static enum asid_rc refuse_item(const struct asid_job *job, const char *video,
                                const char *path, struct asid_err *err)
{
    const struct json *item = job->record;
    const struct json *fault = json_get(item, "fault");

    if (fault) {
        const char *code = json_text(json_get(fault, "code"));

        BUG_IF(!code);
        return REJECT(err, code, "%s", json_text(json_get(fault, "message")));
    }
    BUG_IF(!video);
    if (json_bool(json_get(item, "unnameable")))
        return REJECT(err, "media.unreadable",
                      "%s: the name is not UTF-8; give the file another one",
                      video);
    if (json_bool(json_get(item, "orphan")))
        return REJECT(err, "input.orphan",
                      "%s: no row is about this video; --orphans keep takes "
                      "such videos",
                      video);
    if (json_get(item, "rows") && access(path, F_OK) < 0 && errno == ENOENT)
        return REJECT(err, "media.missing",
                      "%s: the rows' video is not there; their paths start "
                      "from --root",
                      video);
    return ASID_OK;
}

/* Hash the file; what the rows say of it must be true. */
static enum asid_rc hash_media(const struct asid_job *job, const char *video,
                               const char *path, char sha256[HASH_HEX],
                               uint64_t *bytes, struct asid_err *err)
{
    const char *claimed = json_text(json_get(job->record, "row_sha256"));

    /* It was readable a moment ago: what fails now is this file's disk. */
    if (hash_file_named(path, video, sha256, bytes, err) != ASID_OK) {
        struct asid_err cause = *err;

        return REJECT(err, "media.unreadable", "%s", cause.text);
    }
    if (claimed && strcmp(claimed, sha256) != 0)
        return REJECT(err, "media.changed",
                      "%s: not the file that the rows are about: its sha256 is "
                      "%.12s, theirs %.12s",
                      video, sha256, claimed);
    return ASID_OK;
}

/* The record of a readable file, in place of the item. */
static enum asid_rc describe(struct asid_job *job, const char *video,
                             const char *path, const struct media_info *info,
                             const struct media_cuts *cuts,
                             struct asid_err *err)
{
    const char *id = json_text(json_get(job->record, "id"));
    const char *row_id = json_text(json_get(job->record, "row_id"));
    const struct json *rows = json_get(job->record, "rows");
    bool unique = json_bool(json_get(job->record, "stem_unique"));
    char sha256[HASH_HEX];
    uint64_t bytes = 0;

    if (!info->video.present)
        return REJECT(err, "media.no_video", "%s: no video stream", video);
    TRY(hash_media(job, video, path, sha256, &bytes, err));
    if (row_id)
        id = row_id;
    else if (!unique)
        id = items_id(job->arena, str_of(id), sha256);
    rebuild(job->arena, job->record, id, arena_strdup(job->arena, video),
            media_of(job->arena, info, cuts, sha256, bytes));
    return add_rows(job->arena, rows, job->record, err);
}

static enum asid_rc ingest_record(struct asid_job *job, struct asid_err *err)
{
    const struct ingest *s = job->cx->state;
    const char *video = json_text(json_get(job->record, "video"));
    const char *path = video ? asid_video_path(job, video) : NULL;
    struct media_cuts cuts = {NULL, 0, false};
    struct media_info info;
    enum asid_rc rc;

    TRY(refuse_item(job, video, path, err));
    rc = s->check == MEDIA_CHECK_DECODE
             ? media_check(path, &s->limits, &info, &cuts, err)
             : media_probe(path, s->check, &s->limits, &info, err);
    if (rc == ASID_OK)
        rc = describe(job, video, path, &info, &cuts, err);
    else
        asid_err_within(err, "%s", video);
    media_cuts_release(&cuts);
    return rc;
}

/* --- duplicates ------------------------------------------------------------ */

static enum asid_rc ingest_ordered(struct asid_job *job, struct asid_err *err)
{
    struct ingest *s = job->cx->state;
    const char *id = json_text(json_get(job->record, "id"));
    const char *video = json_text(json_get(job->record, "video"));
    const char *sha256 = json_text(json_path(job->record, "media.sha256"));
    const char *other;

    /* On resuming, lines that somebody wrote by hand may lack anything. */
    if (!id || !video || !sha256)
        return ASID_OK;
    other = map_find(&s->ids, id);
    if (other)
        return REJECT(err, "input.duplicate", "%s: has the id %s, as %s has",
                      video, id, other);
    other = s->by_content ? map_find(&s->contents, sha256) : NULL;
    if (other)
        return REJECT(err, "input.duplicate", "%s: has the same content as %s",
                      video, other);
    map_put(&s->ids, &s->arena, id, video);
    if (s->by_content)
        map_put(&s->contents, &s->arena, sha256, video);
    return ASID_OK;
}

const struct asid_stage asid_stage = {
    .name = "ingest",
    .state_size = sizeof(struct ingest),
    .open = ingest_open,
    .source = ingest_source,
    .record = ingest_record,
    .ordered = ingest_ordered,
    .replay = ingest_ordered,
    .close = ingest_close,
    .libraries = media_versions,
};
