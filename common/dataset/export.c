/* Formats: which rows go into which files. */
#include "asid/dataset/export.h"

#include <string.h>

const char *const export_formats[EXPORT_FORMATS] = {
    "raw",           "single-attribute", "all-attributes", "ms-swift",
    "llama-factory", "sharegpt",         "pairs",
};

/* What the files of a format are called and how their rows are written. */
static const struct {
    const char *file; /* NULL: by duration group */
    const char *name; /* in the names of grouped files */
    const char *features;
    enum lesson_form form;
} kinds[EXPORT_FORMATS] = {
    [EXPORT_RAW] = {"raw.jsonl", NULL, "features.json", FORM_ASID},
    [EXPORT_SINGLE] = {NULL, "single_attribute",
                       "single_attribute.features.json", FORM_ASID},
    [EXPORT_ALL] = {NULL, "all_attributes", "all_attributes.features.json",
                    FORM_ASID},
    [EXPORT_MS_SWIFT] = {"ms_swift.jsonl", NULL, "ms_swift.features.json",
                         FORM_MS_SWIFT},
    [EXPORT_LLAMA_FACTORY] = {"llama_factory.jsonl", NULL,
                              "llama_factory.features.json",
                              FORM_LLAMA_FACTORY},
    [EXPORT_SHAREGPT] = {"sharegpt.jsonl", NULL, "sharegpt.features.json",
                         FORM_SHAREGPT},
    [EXPORT_PAIRS] = {"pairs.jsonl", NULL, "pairs.features.json", FORM_PAIR},
};

static bool wants_lessons(const struct export_wish *wish)
{
    for (size_t i = 0; i < EXPORT_FORMATS; i++)
        if (i != EXPORT_RAW && wish->format[i])
            return true;
    return false;
}

static bool takes(enum export_format format, const struct lesson *l)
{
    switch (format) {
    case EXPORT_SINGLE:
        return l->attribute.n > 0;
    case EXPORT_ALL:
        return l->attribute.n == 0;
    case EXPORT_PAIRS:
        return l->draft.n > 0 && !str_eq(l->draft, l->answer);
    case EXPORT_RAW:
    case EXPORT_FORMATS:
        return false;
    case EXPORT_MS_SWIFT:
    case EXPORT_LLAMA_FACTORY:
    case EXPORT_SHAREGPT:
        break;
    }
    return true;
}

/* Trainers count these in all turns and fail, or worse, shift the media, when
 * there are more than media. */
static bool has_media_tag(struct str text)
{
    static const char *const tags[] = {"<video>", "<image>", "<audio>"};

    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (str_has(text, tags[i]))
            return true;
    return false;
}

enum asid_rc export_fits(const struct export_wish *wish, struct arena *scratch,
                         const struct json *record, struct asid_err *err)
{
    struct lesson lessons[LESSONS];
    size_t n = 0;

    if (!wants_lessons(wish))
        return ASID_OK;
    TRY(lessons_of(&wish->lessons, scratch, record, lessons, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool wanted = false;

        for (size_t k = 0; k < EXPORT_FORMATS; k++)
            wanted |=
                wish->format[k] && takes((enum export_format)k, &lessons[i]);
        if (wanted && (has_media_tag(lessons[i].answer) ||
                       has_media_tag(lessons[i].draft)))
            return REJECT(err, "export.media_tag",
                          "a text contains <video>, <image> or <audio>, which "
                          "a trainer takes for media");
        if (wanted)
            TRY(row_check(&wish->budget, record, &lessons[i], err));
    }
    return ASID_OK;
}

/* --- files ----------------------------------------------------------------*/

static const char *group_of(struct arena *a, const struct export_wish *wish,
                            double seconds)
{
    const char *group = duration_group(seconds);

    return wish->collection ? arena_printf(a, "%s_%s", group, wish->collection)
                            : group;
}

static enum asid_rc file_of(const struct export_wish *wish, struct dataset *d,
                            struct arena *scratch, size_t format,
                            const struct lesson *l, struct dataset_file **file,
                            struct asid_err *err)
{
    const char *name = kinds[format].file;

    if (!name) {
        const char *group = group_of(scratch, wish, l->duration);

        name = arena_printf(scratch, "annotations/%s/train/%s_%s.jsonl", group,
                            kinds[format].name, group);
    }
    TRY(dataset_file(d, name, file, err));
    (*file)->features = kinds[format].features;
    return ASID_OK;
}

enum asid_rc export_begin(const struct export_wish *wish, struct dataset *d,
                          struct asid_err *err)
{
    for (size_t i = 0; i < EXPORT_FORMATS; i++) {
        struct dataset_file *file;

        if (wish->format[i] && kinds[i].file)
            TRY(file_of(wish, d, &d->arena, i, NULL, &file, err));
    }
    return ASID_OK;
}

/* --- rows -----------------------------------------------------------------*/

static enum asid_rc add_row(struct dataset_file *file, struct buf *row,
                            struct asid_err *err)
{
    if (buf_failed(row))
        return FAIL(err, "%s: the row is too long", file->name);
    return dataset_add(file, buf_view(row), err);
}

static enum asid_rc add_raw(const struct export_wish *wish, struct dataset *d,
                            struct arena *scratch, const struct json *record,
                            struct buf *row, struct asid_err *err)
{
    struct dataset_file *file;

    TRY(file_of(wish, d, scratch, EXPORT_RAW, NULL, &file, err));
    buf_reset(row);
    row_raw(scratch, record, row);
    return add_row(file, row, err);
}

static enum asid_rc add_lessons(const struct export_wish *wish,
                                struct dataset *d, struct arena *scratch,
                                const struct json *record, struct buf *row,
                                struct asid_err *err)
{
    struct lesson lessons[LESSONS];
    size_t n = 0;

    TRY(lessons_of(&wish->lessons, scratch, record, lessons, &n, err));
    for (size_t k = 0; k < EXPORT_FORMATS; k++) {
        for (size_t i = 0; wish->format[k] && i < n; i++) {
            struct dataset_file *file;

            if (!takes((enum export_format)k, &lessons[i]))
                continue;
            TRY(file_of(wish, d, scratch, k, &lessons[i], &file, err));
            buf_reset(row);
            row_lesson(scratch, kinds[k].form, &lessons[i], row);
            TRY(add_row(file, row, err));
        }
    }
    return ASID_OK;
}

enum asid_rc export_rows(const struct export_wish *wish, struct dataset *d,
                         struct arena *scratch, const struct json *record,
                         struct asid_err *err)
{
    enum { LONGEST = 1 << 30 };
    enum asid_rc rc = ASID_OK;
    struct buf row;

    buf_init(&row, LONGEST);
    if (wish->format[EXPORT_RAW])
        rc = add_raw(wish, d, scratch, record, &row, err);
    if (rc == ASID_OK && wants_lessons(wish))
        rc = add_lessons(wish, d, scratch, record, &row, err);
    buf_release(&row);
    return rc;
}

/* --- the end --------------------------------------------------------------*/

static enum asid_rc add_document(struct dataset *d, const char *name,
                                 const struct json *document,
                                 struct asid_err *err)
{
    enum { LONGEST = 1 << 20 };
    enum asid_rc rc;
    struct buf text;

    buf_init(&text, LONGEST);
    json_write_pretty(&text, document);
    buf_char(&text, '\n');
    rc = buf_failed(&text) ? FAIL(err, "%s: description too long", name)
                           : dataset_text(d, name, buf_view(&text), err);
    buf_release(&text);
    return rc;
}

/* What LLaMA-Factory reads to find the file and its columns. */
static struct json *dataset_info(struct arena *a)
{
    struct json *all = json_new_object(a), *set = json_new_object(a);
    struct json *columns = json_new_object(a), *tags = json_new_object(a);

    json_set_text(a, set, "file_name", kinds[EXPORT_LLAMA_FACTORY].file);
    json_set_text(a, set, "formatting", "sharegpt");
    json_set_text(a, columns, "messages", "messages");
    json_set_text(a, columns, "videos", "videos");
    json_set(a, set, "columns", columns);
    json_set_text(a, tags, "role_tag", "role");
    json_set_text(a, tags, "content_tag", "content");
    json_set_text(a, tags, "user_tag", "user");
    json_set_text(a, tags, "assistant_tag", "assistant");
    json_set(a, set, "tags", tags);
    json_set(a, all, "asid", set);
    return all;
}

enum asid_rc export_end(const struct export_wish *wish, struct dataset *d,
                        struct asid_err *err)
{
    struct arena *a = &d->arena;

    for (size_t i = 0; i < EXPORT_FORMATS; i++) {
        if (wish->format[i])
            TRY(add_document(d, kinds[i].features,
                             i == EXPORT_RAW
                                 ? row_raw_features(a)
                                 : row_lesson_features(a, kinds[i].form),
                             err));
    }
    if (wish->format[EXPORT_LLAMA_FACTORY])
        TRY(add_document(d, "dataset_info.json", dataset_info(a), err));
    return dataset_publish(d, err);
}
