/* Reading a published dataset back as a trainer would. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "asid/base/file.h"
#include "asid/dataset/export.h"

struct check {
    struct arena *arena; /* of the whole check */
    struct arena row;    /* of one row */
    const char *dir, *root;
    const char *name; /* of the file being read */
    uint64_t line;
    const struct json *features; /* of its rows, or NULL */
};

static enum asid_rc fault(const struct check *c, struct asid_err *err,
                          const char *what)
{
    return FAIL(err, "%s/%s:%llu: %s", c->dir, c->name,
                (unsigned long long)c->line, what);
}

/* --- types ----------------------------------------------------------------*/

static bool is_integer(const struct json *v)
{
    struct str s = json_spelling(v);

    return !memchr(s.p, '.', s.n) && !memchr(s.p, 'e', s.n) &&
           !memchr(s.p, 'E', s.n);
}

static bool has_dtype(const struct json *v, struct str dtype)
{
    switch (json_type(v)) {
    case JSON_STRING:
        return str_is(dtype, "string");
    case JSON_BOOL:
        return str_is(dtype, "bool");
    case JSON_NUMBER:
        return is_integer(v) ? str_is(dtype, "int64")
                             : str_is(dtype, "float64");
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return false;
}

/* The first place where a value is not of its feature's shape, or NULL. The
 * depth is that of our own features. */
static const char *mismatch(struct arena *a, const struct json *v,
                            const struct json *feature, const char *path)
{
    const struct json *member, *wanted;
    const char *found;

    if (json_type(feature) == JSON_ARRAY) {
        if (json_type(v) != JSON_ARRAY)
            return arena_printf(a, "%s: not a list", path);
        json_each(item, v) {
            found = mismatch(a, item, json_first(feature), path);
            if (found)
                return found;
        }
        return NULL;
    }
    if (json_get(feature, "_type"))
        return has_dtype(v, json_str(json_get(feature, "dtype")))
                   ? NULL
                   : arena_printf(a, "%s: not a %s", path,
                                  json_text(json_get(feature, "dtype")));
    if (json_type(v) != JSON_OBJECT)
        return arena_printf(a, "%s: not an object", path);
    member = json_first(v);
    for (wanted = json_first(feature); wanted;
         wanted = json_next(wanted), member = json_next(member)) {
        struct str key = json_key(wanted);

        if (!member || !str_eq(json_key(member), key))
            return arena_printf(a, "%s: '%.*s' is not where it belongs", path,
                                (int)key.n, key.p);
        found = mismatch(a, member, wanted,
                         arena_printf(a, "%s.%.*s", path, (int)key.n, key.p));
        if (found)
            return found;
    }
    return member ? arena_printf(a, "%s: more keys than columns", path) : NULL;
}

/* --- media ----------------------------------------------------------------*/

static size_t count_tags(struct str text)
{
    static const char TAG[] = "<video>";
    size_t n = 0;

    for (const char *p = text.p, *end = text.p + text.n;
         (p = memmem(p, (size_t)(end - p), TAG, sizeof TAG - 1)); p++)
        n++;
    return n;
}

static enum asid_rc video_is_there(struct check *c, const struct json *video,
                                   struct asid_err *err)
{
    const char *path = json_text(video);
    struct stat st;

    if (!path || !*path)
        return fault(c, err, "a row names no video");
    path = path_join(&c->row, c->root, path);
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return fault(c, err, arena_printf(&c->row, "no such video: %s", path));
    return ASID_OK;
}

static enum asid_rc check_media(struct check *c, const struct json *row,
                                struct asid_err *err)
{
    const struct json *videos = json_get(row, "videos");
    size_t tags = 0, listed = json_count(videos);

    json_each(turn, json_get(row, videos ? "messages" : "conversations")) {
        tags +=
            count_tags(json_str(json_get(turn, videos ? "content" : "value")));
    }
    json_each(video, videos) {
        TRY(video_is_there(c, video, err));
    }
    if (!videos) {
        TRY(video_is_there(c, json_get(row, "video"), err));
        listed = json_get(row, "conversations") ? 1 : tags;
    }
    if (tags != listed)
        return fault(c, err,
                     arena_printf(&c->row,
                                  "%zu <video> tags for %zu videos: a text "
                                  "contains a media tag",
                                  tags, listed));
    return ASID_OK;
}

/* --- files ----------------------------------------------------------------*/

static enum asid_rc check_row(struct check *c, struct str text,
                              struct asid_err *err)
{
    const char *wrong;
    struct json *row;

    if (json_parse(&c->row, text, 0, &row, err) != ASID_OK) {
        struct asid_err cause = *err;

        return fault(c, err, cause.text);
    }
    wrong = mismatch(&c->row, row, c->features, "row");
    if (wrong)
        return fault(c, err, wrong);
    return check_media(c, row, err);
}

static enum asid_rc read_rows(struct check *c, FILE *f, uint64_t *rows,
                              struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    while (rc == ASID_OK && (n = getline(&line, &room, f)) > 0) {
        c->line++;
        arena_reset(&c->row);
        if (line[n - 1] != '\n')
            rc = fault(c, err, "the last line has no end");
        else
            rc = check_row(c, (struct str){line, (size_t)n - 1}, err);
    }
    if (rc == ASID_OK && ferror(f))
        rc = FAIL_ERRNO(err, "cannot read %s/%s", c->dir, c->name);
    free(line);
    *rows = c->line;
    return rc;
}

static enum asid_rc load_features(struct check *c, const char *name,
                                  struct asid_err *err)
{
    enum { LONGEST = 1 << 20 };
    struct json *features;
    struct str text;

    TRY(file_slurp(c->arena, path_join(c->arena, c->dir, name), LONGEST, &text,
                   err));
    if (json_parse(c->arena, text, 0, &features, err) != ASID_OK) {
        err->rc = ASID_FAILED;
        return asid_err_within(err, "%s/%s", c->dir, name);
    }
    c->features = features;
    return ASID_OK;
}

static enum asid_rc check_rows(struct check *c, const char *path,
                               const struct json *entry, struct asid_err *err)
{
    const char *features = json_text(json_get(entry, "features"));
    int64_t wanted = -1;
    uint64_t rows = 0;
    enum asid_rc rc;
    FILE *f;

    if (!features || !json_i64(json_get(entry, "rows"), &wanted))
        return ASID_OK;
    TRY(load_features(c, features, err));
    f = fopen(path, "re");
    if (!f)
        return FAIL_ERRNO(err, "cannot open %s", path);
    rc = read_rows(c, f, &rows, err);
    fclose(f);
    if (rc == ASID_OK && rows != (uint64_t)wanted)
        rc = FAIL(err, "%s: %llu rows, the manifest says %lld", path,
                  (unsigned long long)rows, (long long)wanted);
    return rc;
}

static enum asid_rc check_file(struct check *c, const struct json *entry,
                               struct asid_err *err)
{
    const char *wanted = json_text(json_get(entry, "sha256")), *path;
    char hex[HASH_HEX];

    c->name = json_text(json_get(entry, "name"));
    c->line = 0;
    if (!c->name || !wanted)
        return FAIL(err, "%s/manifest.json: a file has no name or hash",
                    c->dir);
    path = path_join(c->arena, c->dir, c->name);
    TRY(hash_file(path, hex, NULL, err));
    if (strcmp(hex, wanted) != 0)
        return FAIL(err, "%s: not the file that the manifest describes", path);
    return check_rows(c, path, entry, err);
}

static enum asid_rc check_all(struct check *c, struct asid_err *err)
{
    enum { LONGEST = 1 << 20 };
    const char *path = path_join(c->arena, c->dir, "manifest.json");
    struct json *manifest;
    struct str text;

    TRY(file_slurp(c->arena, path, LONGEST, &text, err));
    if (json_parse(c->arena, text, 0, &manifest, err) != ASID_OK) {
        err->rc = ASID_FAILED;
        return asid_err_within(err, "%s", path);
    }
    json_each(entry, json_get(manifest, "files")) {
        TRY(check_file(c, entry, err));
    }
    return ASID_OK;
}

enum asid_rc export_check(const char *dir, const char *root,
                          struct asid_err *err)
{
    struct arena a = ARENA_INIT;
    struct check c = {.arena = &a, .row = ARENA_INIT, .dir = dir, .root = root};
    enum asid_rc rc = check_all(&c, err);

    arena_release(&c.row);
    arena_release(&a);
    return rc;
}
