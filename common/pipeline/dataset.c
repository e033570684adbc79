/* Dataset folders: rows, and publishing them. */
#include "asid/pipeline/dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/base/num.h"
#include "asid/text/attribute.h"

enum { FLUSH_BYTES = 1 << 20, ROW_BYTES = 1 << 30 };

const char *const dataset_files[] = {"raw.jsonl", "features.json",
                                     "manifest.json", NULL};

/* --- rows ---------------------------------------------------------------- */

/* A string's text; empty for anything else, also for nothing. */
static struct str text_of(const struct json *v)
{
    return v && json_type(v) == JSON_STRING ? json_str(v) : STR("");
}

static bool is_object(const struct json *v)
{
    return v && json_type(v) == JSON_OBJECT;
}

static void add_key(struct buf *row, const char *key)
{
    buf_printf(row, "%s\"%s\":", row->p[row->n - 1] == '{' ? "" : ",", key);
}

static void add_text(struct arena *a, struct buf *row, const char *key,
                     struct str text)
{
    add_key(row, key);
    json_write(row, json_new_str(a, text));
}

/* Reals always carry a point or an exponent: readers that guess a column's
 * type from its first rows must not take it for a column of integers. */
static void add_real(struct buf *row, const char *key, const struct json *v)
{
    char space[32];
    double value = 0;

    if (!v || !json_f64(v, &value))
        value = 0;
    num_format(value, space);
    add_key(row, key);
    buf_text(row, space);
    if (!strpbrk(space, ".eE"))
        buf_text(row, ".0");
}

static void add_whole(struct buf *row, const char *key, const struct json *v)
{
    int64_t value = 0;

    if (!v || !json_i64(v, &value))
        value = 0;
    add_key(row, key);
    buf_printf(row, "%lld", (long long)value);
}

/* All eight attributes. In a record an attribute is an object with a text, in
 * a source it is the text itself. */
static void add_attributes(struct arena *a, struct buf *row,
                           const struct json *object)
{
    add_key(row, "attributes");
    buf_char(row, '{');
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        const struct json *v = json_get(object, attribute_keys[i]);

        if (is_object(v))
            v = json_get(v, "text");
        add_text(a, row, attribute_keys[i], text_of(v));
    }
    buf_char(row, '}');
}

static struct str text_at(const struct json *object, const char *key)
{
    return text_of(json_get(object, key));
}

/* The record's caption, else that of the first source that has one. */
static struct str caption_of(const struct json *record)
{
    struct str caption = text_at(record, "caption");

    json_each(source, json_get(record, "sources")) {
        if (caption.n == 0)
            caption = text_at(source, "caption");
    }
    return caption;
}

static void add_sources(struct arena *a, struct buf *row,
                        const struct json *sources)
{
    add_key(row, "sources");
    buf_char(row, '[');
    json_each(source, sources) {
        if (row->p[row->n - 1] != '[')
            buf_char(row, ',');
        buf_char(row, '{');
        add_text(a, row, "name", text_at(source, "name"));
        add_text(a, row, "caption", text_at(source, "caption"));
        add_attributes(a, row, json_get(source, "attributes"));
        buf_char(row, '}');
    }
    buf_char(row, ']');
}

void dataset_row(struct arena *a, const struct json *record, struct buf *row)
{
    const struct json *media = json_get(record, "media");

    buf_char(row, '{');
    if (buf_failed(row))
        return;
    add_text(a, row, "id", text_at(record, "id"));
    add_text(a, row, "video", text_at(record, "video"));
    add_real(row, "duration", json_get(media, "duration"));
    add_text(a, row, "sha256", text_at(media, "sha256"));
    add_whole(row, "width", json_path(media, "video.width"));
    add_whole(row, "height", json_path(media, "video.height"));
    add_real(row, "fps", json_path(media, "video.fps"));
    add_key(row, "has_audio");
    buf_text(row, is_object(json_get(media, "audio")) ? "true" : "false");
    add_attributes(a, row, json_get(record, "attributes"));
    add_text(a, row, "caption", caption_of(record));
    add_sources(a, row, json_get(record, "sources"));
    buf_text(row, "}\n");
}

/* --- writing --------------------------------------------------------------*/

static char *part_of(struct dataset *d, const char *name)
{
    return arena_printf(&d->arena, "%s/%s.part", d->dir, name);
}

/* Open the part file, empty and ours. Another publisher may rename it away
 * between open and lock; the file that is locked must still have its name. */
static enum asid_rc open_part(struct dataset *d, struct asid_err *err)
{
    struct stat here, named;

    for (;;) {
        d->fd = open(d->part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (d->fd < 0)
            return FAIL_ERRNO(err, "cannot create %s", d->part);
        if (flock(d->fd, LOCK_EX | LOCK_NB) < 0) {
            if (errno == EWOULDBLOCK)
                return FAIL(err, "%s: another process is writing this dataset",
                            d->dir);
            return FAIL_ERRNO(err, "cannot lock %s", d->part);
        }
        if (fstat(d->fd, &here) == 0 && stat(d->part, &named) == 0 &&
            here.st_ino == named.st_ino && here.st_dev == named.st_dev)
            break;
        close(d->fd);
        d->fd = -1;
    }
    if (ftruncate(d->fd, 0) < 0)
        return FAIL_ERRNO(err, "cannot empty %s", d->part);
    return ASID_OK;
}

enum asid_rc dataset_open(struct dataset *d, const char *dir,
                          struct asid_err *err)
{
    int fd;

    memset(d, 0, sizeof *d);
    d->fd = -1;
    d->dir = arena_strdup(&d->arena, dir);
    d->part = part_of(d, "raw.jsonl");
    buf_init(&d->pending, ROW_BYTES);
    hash_init(&d->hash);
    TRY(file_make_dirs(dir, err));
    if (open_part(d, err) == ASID_OK)
        return ASID_OK;
    /* Closed without dataset_close: the file may be another process's. */
    fd = d->fd;
    d->fd = -1;
    if (fd >= 0)
        close(fd);
    return err->rc;
}

static enum asid_rc flush(struct dataset *d, struct asid_err *err)
{
    TRY(file_write(d->fd, d->part, d->pending.p, d->pending.n, err));
    buf_reset(&d->pending);
    return ASID_OK;
}

enum asid_rc dataset_add(struct dataset *d, struct arena *scratch,
                         const struct json *record, struct asid_err *err)
{
    size_t before = d->pending.n;

    dataset_row(scratch, record, &d->pending);
    if (buf_failed(&d->pending))
        return FAIL(err, "%s: a row has more than %d bytes", d->dir,
                    (int)ROW_BYTES);
    hash_add(&d->hash, d->pending.p + before, d->pending.n - before);
    d->bytes += d->pending.n - before;
    d->rows++;
    if (d->pending.n >= FLUSH_BYTES)
        return flush(d, err);
    return ASID_OK;
}

/* --- publishing -----------------------------------------------------------*/

static struct json *value_of(struct arena *a, const char *dtype)
{
    struct json *value = json_new_object(a);

    json_set_text(a, value, "dtype", dtype);
    json_set_text(a, value, "_type", "Value");
    return value;
}

static struct json *attribute_features(struct arena *a)
{
    struct json *object = json_new_object(a);

    for (size_t i = 0; i < ATTRIBUTES; i++)
        json_set(a, object, attribute_keys[i], value_of(a, "string"));
    return object;
}

/* The columns in the order of dataset_row. */
static struct json *features(struct arena *a)
{
    static const struct {
        const char *name, *dtype;
    } columns[] = {
        {"id", "string"},     {"video", "string"},   {"duration", "float64"},
        {"sha256", "string"}, {"width", "int64"},    {"height", "int64"},
        {"fps", "float64"},   {"has_audio", "bool"},
    };
    struct json *all = json_new_object(a), *source = json_new_object(a);
    struct json *list = json_new_array(a);

    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        json_set(a, all, columns[i].name, value_of(a, columns[i].dtype));
    json_set(a, all, "attributes", attribute_features(a));
    json_set(a, all, "caption", value_of(a, "string"));
    json_set(a, source, "name", value_of(a, "string"));
    json_set(a, source, "caption", value_of(a, "string"));
    json_set(a, source, "attributes", attribute_features(a));
    json_append(list, source);
    json_set(a, all, "sources", list);
    return all;
}

static void add_file(struct arena *a, struct json *files, const char *name,
                     const struct dataset *d, struct str text)
{
    struct json *file = json_new_object(a);
    char hex[HASH_HEX];

    json_set_text(a, file, "name", name);
    if (text.p) {
        hash_text(text, hex);
        json_set(a, file, "rows", json_new_null(a));
        json_set_i64(a, file, "bytes", (int64_t)text.n);
    } else {
        hash_hex(&d->hash, hex);
        json_set_i64(a, file, "rows", (int64_t)d->rows);
        json_set_i64(a, file, "bytes", (int64_t)d->bytes);
    }
    json_set_text(a, file, "sha256", hex);
    json_append(files, file);
}

static void write_manifest(struct dataset *d, struct str columns,
                           struct buf *out)
{
    struct arena *a = &d->arena;
    struct json *manifest = json_new_object(a), *files = json_new_array(a);

    add_file(a, files, "raw.jsonl", d, (struct str){NULL, 0});
    add_file(a, files, "features.json", d, columns);
    json_set_i64(a, manifest, "version", 1);
    json_set(a, manifest, "files", files);
    json_write_pretty(out, manifest);
    buf_char(out, '\n');
}

static enum asid_rc write_part(struct dataset *d, const char *name,
                               const struct buf *text, struct asid_err *err)
{
    const char *path = part_of(d, name);
    enum asid_rc rc;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0)
        return FAIL_ERRNO(err, "cannot create %s", path);
    rc = file_write(fd, path, text->p, text->n, err);
    if (rc == ASID_OK && fsync(fd) < 0)
        rc = FAIL_ERRNO(err, "cannot sync %s", path);
    close(fd);
    return rc;
}

/* Everything is written and synced under its part name before the first file
 * changes its name; the manifest comes last. */
static enum asid_rc publish(struct dataset *d, struct buf *columns,
                            struct buf *manifest, struct asid_err *err)
{
    const char *index = path_join(&d->arena, d->dir, "manifest.json");

    TRY(flush(d, err));
    if (fsync(d->fd) < 0)
        return FAIL_ERRNO(err, "cannot sync %s", d->part);
    json_write_pretty(columns, features(&d->arena));
    buf_char(columns, '\n');
    write_manifest(d, buf_view(columns), manifest);
    if (buf_failed(columns) || buf_failed(manifest))
        return FAIL(err, "%s: description too long", d->dir);
    TRY(write_part(d, "features.json", columns, err));
    TRY(write_part(d, "manifest.json", manifest, err));
    if (unlink(index) < 0 && errno != ENOENT)
        return FAIL_ERRNO(err, "cannot replace %s", index);
    TRY(file_sync_dir(d->dir, err));
    for (size_t i = 0; dataset_files[i]; i++) {
        const char *part = part_of(d, dataset_files[i]);

        if (rename(part, path_join(&d->arena, d->dir, dataset_files[i])) < 0)
            return FAIL_ERRNO(err, "cannot rename %s", part);
    }
    close(d->fd);
    d->fd = -1;
    return file_sync_dir(d->dir, err);
}

enum asid_rc dataset_publish(struct dataset *d, struct asid_err *err)
{
    struct buf columns, manifest;
    enum asid_rc rc;

    buf_init(&columns, 1 << 20);
    buf_init(&manifest, 1 << 20);
    rc = publish(d, &columns, &manifest, err);
    buf_release(&columns);
    buf_release(&manifest);
    return rc;
}

void dataset_close(struct dataset *d)
{
    if (d->fd >= 0) {
        for (size_t i = 0; dataset_files[i]; i++)
            unlink(part_of(d, dataset_files[i]));
        close(d->fd);
    }
    d->fd = -1;
    buf_release(&d->pending);
    arena_release(&d->arena);
}

enum asid_rc dataset_remove(const char *dir, struct asid_err *err)
{
    struct arena a = ARENA_INIT;
    enum asid_rc rc = ASID_OK;

    for (size_t i = 0; dataset_files[i]; i++) {
        const char *path = path_join(&a, dir, dataset_files[i]);
        const char *part = arena_printf(&a, "%s.part", path);

        if ((unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR) ||
            (unlink(part) < 0 && errno != ENOENT && errno != ENOTDIR)) {
            rc = FAIL_ERRNO(err, "cannot remove %s", path);
            goto out;
        }
    }
    rmdir(dir); /* stays when somebody else's files are in it */
out:
    arena_release(&a);
    return rc;
}
