/* The raw row: everything a record came to, one row each. */
#include "rows_int.h"

static bool is_object(const struct json *v)
{
    return v && json_type(v) == JSON_OBJECT;
}

static double real_of(const struct json *v)
{
    double value = 0;

    return v && json_f64(v, &value) ? value : 0;
}

static int64_t whole_of(const struct json *v)
{
    int64_t value = 0;

    return v && json_i64(v, &value) ? value : 0;
}

/* All eight attributes: their texts, or another member of theirs. In a record
 * an attribute is an object, in a source it is the text itself. */
static void add_attributes(struct arena *a, struct buf *row, const char *key,
                           const char *member, const struct json *object)
{
    row_key(row, key);
    buf_char(row, '{');
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        const struct json *v = json_get(object, attribute_keys[i]);

        if (is_object(v))
            v = json_get(v, member);
        row_text(a, row, attribute_keys[i], row_text_of(v));
    }
    buf_char(row, '}');
}

/* The record's caption, else that of the first source that has one. */
static struct str caption_of(const struct json *record)
{
    struct str caption = row_text_at(record, "caption");

    json_each(source, json_get(record, "sources")) {
        if (caption.n == 0)
            caption = row_text_at(source, "caption");
    }
    return caption;
}

static void add_sources(struct arena *a, struct buf *row,
                        const struct json *sources)
{
    row_key(row, "sources");
    buf_char(row, '[');
    json_each(source, sources) {
        if (row->p[row->n - 1] != '[')
            buf_char(row, ',');
        buf_char(row, '{');
        row_text(a, row, "name", row_text_at(source, "name"));
        row_text(a, row, "caption", row_text_at(source, "caption"));
        add_attributes(a, row, "attributes", "text",
                       json_get(source, "attributes"));
        buf_char(row, '}');
    }
    buf_char(row, ']');
}

void row_raw(struct arena *a, const struct json *record, struct buf *row)
{
    const struct json *media = json_get(record, "media");

    buf_char(row, '{');
    if (buf_failed(row))
        return;
    row_text(a, row, "id", row_text_at(record, "id"));
    row_text(a, row, "video", row_text_at(record, "video"));
    row_real(row, "duration", real_of(json_get(media, "duration")));
    row_text(a, row, "sha256", row_text_at(media, "sha256"));
    row_whole(row, "width", whole_of(json_path(media, "video.width")));
    row_whole(row, "height", whole_of(json_path(media, "video.height")));
    row_real(row, "fps", real_of(json_path(media, "video.fps")));
    row_key(row, "has_audio");
    buf_text(row, is_object(json_get(media, "audio")) ? "true" : "false");
    add_attributes(a, row, "attributes", "text",
                   json_get(record, "attributes"));
    add_attributes(a, row, "verdicts", "verdict",
                   json_get(record, "attributes"));
    row_text(a, row, "caption", caption_of(record));
    add_sources(a, row, json_get(record, "sources"));
    buf_text(row, "}\n");
}

static struct json *attribute_features(struct arena *a)
{
    struct json *object = json_new_object(a);

    for (size_t i = 0; i < ATTRIBUTES; i++)
        json_set(a, object, attribute_keys[i], feature_value(a, "string"));
    return object;
}

/* The columns in the order of row_raw. */
struct json *row_raw_features(struct arena *a)
{
    static const struct {
        const char *name, *dtype;
    } columns[] = {
        {"id", "string"},     {"video", "string"},   {"duration", "float64"},
        {"sha256", "string"}, {"width", "int64"},    {"height", "int64"},
        {"fps", "float64"},   {"has_audio", "bool"},
    };
    struct json *all = json_new_object(a), *source = json_new_object(a);

    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        json_set(a, all, columns[i].name, feature_value(a, columns[i].dtype));
    json_set(a, all, "attributes", attribute_features(a));
    json_set(a, all, "verdicts", attribute_features(a));
    json_set(a, all, "caption", feature_value(a, "string"));
    json_set(a, source, "name", feature_value(a, "string"));
    json_set(a, source, "caption", feature_value(a, "string"));
    json_set(a, source, "attributes", attribute_features(a));
    json_set(a, all, "sources", feature_list(a, source));
    return all;
}
