/*
 * frame ID FILE: the picture behind a sentence of a record, for human eyes.
 *
 * The sentence is the one --sentence names, else the least likely one that was
 * refuted, else the record's first. Its picture is the frame in the middle of
 * its time; a sentence without a time gets the middle of the clip.
 */
#include <math.h>
#include <string.h>

#include "asid/base/file.h"
#include "asid/curate/record.h"
#include "asid/dataset/annotation.h"
#include "asid/media/media.h"
#include "audit_int.h"

struct look {
    struct audit *q;
    bool found;
    const char *video;
    const char *reason; /* of a reject, or NULL */
    size_t claims;      /* that have a text, whatever is wanted */
    double duration;    /* NAN when the record does not say */
    /* The sentence. */
    const char *attribute, *text, *verdict;
    size_t index;
    double p, start, end; /* NAN: none */
    int rank;             /* how good a choice it is */
    struct media_jpeg jpeg;
};

/* --- the sentence ---------------------------------------------------------- */

static bool has_part(const char *text, const char *part)
{
    return strcasestr(text, part) != NULL;
}

static void consider(struct look *l, const char *attribute, size_t index,
                     const struct json *claim)
{
    const char *text = json_text(json_get(claim, "text"));
    const char *verdict = json_text(json_get(claim, "verdict"));
    const char *wanted = l->q->sentence;
    bool refuted = verdict && strcmp(verdict, "refuted") == 0;
    int rank = refuted ? 2 : 1;
    double p;

    l->claims += text != NULL;
    if (!text || (wanted && !has_part(text, wanted)))
        return;
    if (!json_f64(json_get(claim, "p"), &p))
        p = (double)NAN;
    if (rank < l->rank || (rank == l->rank && !(refuted && p < l->p)))
        return;
    l->rank = rank;
    l->attribute = attribute;
    l->index = index;
    l->text = text;
    l->verdict = verdict;
    l->p = p;
    claim_times(claim, &l->start, &l->end);
}

static enum asid_rc take(void *user, struct str text, uint64_t line,
                         const struct json *record, const struct asid_err *why,
                         struct asid_err *err)
{
    struct look *l = user;
    struct arena *a = &l->q->rows;
    const char *id = json_text(json_get(record, "id"));
    struct json *mine;

    (void)text;
    (void)line;
    (void)why;
    if (!id || strcmp(id, l->q->argument[0]) != 0)
        return ASID_OK;
    /* The row is only lent. */
    mine = json_copy(a, record);
    l->found = true;
    l->video = json_text(json_get(mine, "video"));
    l->reason = json_text(json_path(mine, "reject.message"));
    l->duration = record_duration(mine);
    for (int k = 0; k < ATTRIBUTES; k++) {
        const struct json *o = record_attribute(mine, (enum attribute)k);
        size_t i = 0;

        json_each(claim, json_get(o, "claims")) {
            consider(l, attribute_keys[k], i++, claim);
        }
    }
    return asid_fail(err, ASID_STOPPED, NULL, "found");
}

/* --- the picture ----------------------------------------------------------- */

static double when(const struct look *l)
{
    double end = isnan(l->end) ? l->start : l->end;

    if (!isnan(l->start))
        return fmax((l->start + end) / 2, 0);
    return isnan(l->duration) ? 0 : l->duration / 2;
}

/* Kept and not yet written: a fault of the file is none of the video. */
static enum asid_rc keep_jpeg(void *user, const struct media_jpeg *jpeg,
                              struct asid_err *err)
{
    struct look *l = user;

    (void)err;
    l->jpeg = *jpeg;
    l->jpeg.bytes =
        memcpy(arena_bytes(&l->q->rows, jpeg->size), jpeg->bytes, jpeg->size);
    return ASID_OK;
}

static enum asid_rc take_jpeg(struct look *l, struct asid_err *err)
{
    const char *root = opt_text(l->q->cx, "root");
    const char *path = path_join(&l->q->rows, root, l->video);
    double time = when(l);
    const struct media_jpeg_wish wish = {.times = &time, .n_index = 1};
    uint64_t total;
    enum asid_rc rc = media_jpegs(path, &wish, &MEDIA_LIMITS_DEFAULT, keep_jpeg,
                                  l, &total, err);

    if (rc == ASID_OK && !l->jpeg.bytes)
        rc = FAIL(err, "no frame came");
    if (rc == ASID_OK)
        return ASID_OK;
    if (l->video[0] == '/')
        return asid_err_within(err, "video %s", l->video);
    return asid_err_within(err, "video %s (%s, --root %s)", l->video, path,
                           root);
}

static enum asid_rc write_jpeg(struct look *l, struct asid_err *err)
{
    const char *path = opt_text(l->q->cx, "output");
    const struct media_jpeg *jpeg = &l->jpeg;

    TRY(file_replace(path, (struct str){(const char *)jpeg->bytes, jpeg->size},
                     err));
    buf_printf(&l->q->out, "   frame at %.2f s, %u x %u: %s\n", jpeg->time,
               jpeg->width, jpeg->height, table_safe(&l->q->rows, path));
    return ASID_OK;
}

static void say(struct look *l)
{
    struct audit *q = l->q;
    struct arena *a = &q->rows;

    buf_printf(&q->out, "%s: %s[%zu]", table_safe(a, q->argument[0]),
               l->attribute, l->index);
    if (!isnan(l->start))
        buf_printf(&q->out, " at %g s", l->start);
    buf_printf(&q->out, ": %s\n", table_safe(a, l->text));
    if (l->verdict)
        buf_printf(&q->out, "   %s", table_safe(a, l->verdict));
    if (l->verdict && !isnan(l->p))
        buf_printf(&q->out, ", p %.4f", l->p);
    if (l->verdict)
        buf_char(&q->out, '\n');
    if (l->reason)
        buf_printf(&q->out, "   rejected: %s\n", table_safe(a, l->reason));
}

static enum asid_rc no_claim(const struct look *l, struct asid_err *err)
{
    const char *const *argument = l->q->argument;

    if (l->claims)
        return FAIL(err, "%s: no claim of record '%s' contains '%s'",
                    argument[1], argument[0], l->q->sentence);
    return FAIL(err, "%s: record '%s' has no claims%s%s", argument[1],
                argument[0], l->reason ? "; it was rejected: " : "",
                l->reason ? l->reason : "");
}

enum asid_rc audit_frame(struct audit *q, struct asid_err *err)
{
    struct look l = {.q = q, .p = (double)NAN, .start = (double)NAN};
    const char *file = q->argument[1];
    enum asid_rc rc = annotation_file(file, take, &l, err);

    if (rc != ASID_OK && !(rc == ASID_STOPPED && l.found))
        return rc;
    if (!l.found)
        return FAIL(err, "%s: no record '%s'", file, q->argument[0]);
    if (!l.text)
        return no_claim(&l, err);
    if (!l.video)
        return FAIL(err, "%s: record '%s' names no video", file,
                    q->argument[0]);
    TRY(take_jpeg(&l, err));
    say(&l);
    TRY(write_jpeg(&l, err));
    return audit_print(q, err);
}
