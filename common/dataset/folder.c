/* Dataset folders: part files, and publishing them. */
#include "asid/dataset/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/data/json.h"

enum {
    FLUSH_BYTES = 1 << 20,
    ROW_BYTES = 1 << 30,
    LIST_BYTES = 1 << 20, /* manifests and lists of names */
};

static const char LIST[] = "files.part";
static const char MANIFEST[] = "manifest.json";

/* --- names ----------------------------------------------------------------*/

/* Whether a name read from a file stays inside the folder. */
static bool is_inside(struct str name)
{
    const char *p = name.p, *end = name.p + name.n;

    if (name.n == 0 || *p == '/' || memchr(p, '\0', name.n))
        return false;
    while (p < end) {
        const char *slash = memchr(p, '/', (size_t)(end - p));
        size_t n = (size_t)((slash ? slash : end) - p);

        if (n == 0 || (n == 1 && p[0] == '.') ||
            (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        p += n + (slash != NULL);
        if (slash && p == end)
            return false;
    }
    return true;
}

/* Part files lie flat in the folder, so that a file's own folder is made only
 * when the file is published. */
static char *part_path(struct arena *a, const char *dir, const char *name)
{
    char *flat = arena_strdup(a, name);

    for (char *p = flat; *p; p++)
        if (*p == '/')
            *p = '+';
    return arena_printf(a, "%s/%s.part", dir, flat);
}

static char *inside(struct arena *a, const char *dir, const char *name)
{
    return arena_printf(a, "%s/%s", dir, name);
}

struct names {
    const char **name;
    size_t n, room;
};

static void names_add(struct arena *a, struct names *list, struct str name)
{
    if (!is_inside(name))
        return;
    if (list->n == list->room) {
        size_t room = list->room ? list->room * 2 : 32;
        const char **more = arena_array(a, room, sizeof *more);

        if (list->n)
            memcpy(more, list->name, list->n * sizeof *more);
        list->name = more;
        list->room = room;
    }
    list->name[list->n++] = arena_strndup(a, name.p, name.n);
}

static bool names_have(const struct names *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->name[i], name) == 0)
            return true;
    return false;
}

/* The files that a manifest lists; none when there is no manifest, or no
 * readable one. */
static void names_of_manifest(struct arena *a, const char *dir,
                              struct names *list)
{
    struct asid_err ignored;
    struct json *manifest;
    struct str text;

    if (file_slurp(a, inside(a, dir, MANIFEST), LIST_BYTES, &text, &ignored) !=
            ASID_OK ||
        json_parse(a, text, 0, &manifest, &ignored) != ASID_OK)
        return;
    json_each(file, json_get(manifest, "files")) {
        const struct json *name = json_get(file, "name");

        if (name && json_type(name) == JSON_STRING)
            names_add(a, list, json_str(name));
    }
}

/* The files that an export began and did not finish. */
static void names_of_list(struct arena *a, const char *dir, struct names *list)
{
    struct asid_err ignored;
    struct str text;

    if (file_slurp(a, inside(a, dir, LIST), LIST_BYTES, &text, &ignored) !=
        ASID_OK)
        return;
    for (const char *p = text.p, *end = text.p + text.n; p < end;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));

        if (!stop) /* a name that was being written names no file yet */
            break;
        names_add(a, list, (struct str){p, (size_t)(stop - p)});
        p = stop + 1;
    }
}

static enum asid_rc remove_file(const char *path, struct asid_err *err)
{
    if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
        return FAIL_ERRNO(err, "cannot remove %s", path);
    return ASID_OK;
}

/* Remove a file and the folders below dir that this leaves empty. */
static enum asid_rc remove_inside(struct arena *a, const char *dir,
                                  const char *name, struct asid_err *err)
{
    char *inner = arena_strdup(a, name);

    TRY(remove_file(inside(a, dir, name), err));
    for (char *slash; (slash = strrchr(inner, '/'));) {
        *slash = '\0';
        if (rmdir(inside(a, dir, inner)) < 0)
            break; /* other files are in it */
    }
    return ASID_OK;
}

/* --- opening --------------------------------------------------------------*/

/* Open and lock the list. Another publisher may remove it between open and
 * lock; the file that is locked must still have its name. */
static enum asid_rc lock_folder(struct dataset *d, struct asid_err *err)
{
    const char *path = inside(&d->arena, d->dir, LIST);
    struct stat here, named;

    for (;;) {
        d->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (d->lock < 0)
            return FAIL_ERRNO(err, "cannot create %s", path);
        if (flock(d->lock, LOCK_EX | LOCK_NB) < 0) {
            int cause = errno;

            close(d->lock);
            d->lock = -1;
            errno = cause;
            if (cause == EWOULDBLOCK)
                return FAIL(err, "%s: another process is writing this dataset",
                            d->dir);
            return FAIL_ERRNO(err, "cannot lock %s", path);
        }
        if (fstat(d->lock, &here) == 0 && stat(path, &named) == 0 &&
            here.st_ino == named.st_ino && here.st_dev == named.st_dev)
            return ASID_OK;
        close(d->lock);
        d->lock = -1;
    }
}

/* What a killed export left: its part files, and files that it had already
 * renamed when no manifest vouches for them. */
static enum asid_rc remove_leftovers(struct dataset *d, struct asid_err *err)
{
    struct names begun = {0}, vouched = {0};

    names_of_list(&d->arena, d->dir, &begun);
    names_of_manifest(&d->arena, d->dir, &vouched);
    for (size_t i = 0; i < begun.n; i++) {
        TRY(remove_file(part_path(&d->arena, d->dir, begun.name[i]), err));
        if (!names_have(&vouched, begun.name[i]))
            TRY(remove_inside(&d->arena, d->dir, begun.name[i], err));
    }
    TRY(remove_file(part_path(&d->arena, d->dir, MANIFEST), err));
    if (ftruncate(d->lock, 0) < 0)
        return FAIL_ERRNO(err, "cannot empty %s/%s", d->dir, LIST);
    return ASID_OK;
}

enum asid_rc dataset_open(struct dataset *d, const char *dir,
                          struct asid_err *err)
{
    memset(d, 0, sizeof *d);
    d->lock = -1;
    d->last = &d->files;
    d->dir = arena_strdup(&d->arena, dir);
    TRY(file_make_dirs(dir, err));
    TRY(lock_folder(d, err));
    return remove_leftovers(d, err);
}

/* --- files ----------------------------------------------------------------*/

/* The list holds a name before the file exists, so that it is never short. */
static enum asid_rc note_name(struct dataset *d, const char *name,
                              struct asid_err *err)
{
    char *line = arena_printf(&d->arena, "%s\n", name);

    if (lseek(d->lock, 0, SEEK_END) < 0)
        return FAIL_ERRNO(err, "cannot extend %s/%s", d->dir, LIST);
    return file_write(d->lock, LIST, line, strlen(line), err);
}

enum asid_rc dataset_file(struct dataset *d, const char *name,
                          struct dataset_file **file, struct asid_err *err)
{
    struct dataset_file *f;

    BUG_IF(!is_inside(str_of(name)) || strchr(name, '\n') != NULL);
    for (f = d->files; f; f = f->next) {
        if (strcmp(f->name, name) == 0) {
            *file = f;
            return ASID_OK;
        }
    }
    TRY(note_name(d, name, err));
    f = arena_alloc(&d->arena, sizeof *f);
    f->name = arena_strdup(&d->arena, name);
    f->part = part_path(&d->arena, d->dir, name);
    f->is_rows = true;
    buf_init(&f->pending, ROW_BYTES);
    hash_init(&f->hash);
    f->fd = open(f->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (f->fd < 0)
        return FAIL_ERRNO(err, "cannot create %s", f->part);
    *d->last = f;
    d->last = &f->next;
    *file = f;
    return ASID_OK;
}

static enum asid_rc flush(struct dataset_file *f, struct asid_err *err)
{
    TRY(file_write(f->fd, f->part, f->pending.p, f->pending.n, err));
    buf_reset(&f->pending);
    return ASID_OK;
}

enum asid_rc dataset_add(struct dataset_file *f, struct str row,
                         struct asid_err *err)
{
    buf_str(&f->pending, row);
    if (buf_failed(&f->pending))
        return FAIL(err, "%s: a row has more than %d bytes", f->name,
                    (int)ROW_BYTES);
    hash_add(&f->hash, row.p, row.n);
    f->bytes += row.n;
    f->rows++;
    if (f->pending.n >= FLUSH_BYTES)
        return flush(f, err);
    return ASID_OK;
}

enum asid_rc dataset_text(struct dataset *d, const char *name, struct str text,
                          struct asid_err *err)
{
    struct dataset_file *f;

    TRY(dataset_file(d, name, &f, err));
    f->is_rows = false;
    return dataset_add(f, text, err);
}

/* --- publishing -----------------------------------------------------------*/

static void write_manifest(struct dataset *d, struct buf *out)
{
    struct arena *a = &d->arena;
    struct json *manifest = json_new_object(a), *files = json_new_array(a);

    for (const struct dataset_file *f = d->files; f; f = f->next) {
        struct json *file = json_new_object(a);
        char hex[HASH_HEX];

        hash_hex(&f->hash, hex);
        json_set_text(a, file, "name", f->name);
        json_set(a, file, "rows",
                 f->is_rows ? json_new_i64(a, (int64_t)f->rows)
                            : json_new_null(a));
        json_set_i64(a, file, "bytes", (int64_t)f->bytes);
        json_set_text(a, file, "sha256", hex);
        json_set(a, file, "features",
                 f->features ? json_new_text(a, f->features)
                             : json_new_null(a));
        json_append(files, file);
    }
    json_set_i64(a, manifest, "version", 1);
    json_set(a, manifest, "files", files);
    json_write_pretty(out, manifest);
    buf_char(out, '\n');
}

static enum asid_rc sync_part(int fd, const char *path, struct asid_err *err)
{
    if (fsync(fd) < 0)
        return FAIL_ERRNO(err, "cannot sync %s", path);
    return ASID_OK;
}

static enum asid_rc write_part(const char *path, struct str text,
                               struct asid_err *err)
{
    enum asid_rc rc;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0)
        return FAIL_ERRNO(err, "cannot create %s", path);
    rc = file_write(fd, path, text.p, text.n, err);
    if (rc == ASID_OK)
        rc = sync_part(fd, path, err);
    close(fd);
    return rc;
}

/* Files that only the manifest before this one listed. */
static enum asid_rc remove_old(struct dataset *d, const struct names *old,
                               struct asid_err *err)
{
    for (size_t i = 0; i < old->n; i++) {
        const struct dataset_file *f = d->files;

        while (f && strcmp(f->name, old->name[i]) != 0)
            f = f->next;
        if (!f)
            TRY(remove_inside(&d->arena, d->dir, old->name[i], err));
    }
    return ASID_OK;
}

static enum asid_rc put_in_place(struct dataset *d, const char *part,
                                 const char *name, struct asid_err *err)
{
    char *path = inside(&d->arena, d->dir, name);
    char *folder = arena_strdup(&d->arena, path);

    *strrchr(folder, '/') = '\0';
    TRY(file_make_dirs(folder, err));
    if (rename(part, path) < 0)
        return FAIL_ERRNO(err, "cannot rename %s", part);
    return file_sync_dir(folder, err);
}

/* Everything is written and synced under its part name before the first file
 * changes its name; the manifest comes last. */
static enum asid_rc publish(struct dataset *d, struct buf *manifest,
                            struct asid_err *err)
{
    const char *index = inside(&d->arena, d->dir, MANIFEST);
    const char *index_part = part_path(&d->arena, d->dir, MANIFEST);
    struct names old = {0};

    for (struct dataset_file *f = d->files; f; f = f->next) {
        TRY(flush(f, err));
        TRY(sync_part(f->fd, f->part, err));
    }
    TRY(sync_part(d->lock, LIST, err));
    write_manifest(d, manifest);
    if (buf_failed(manifest))
        return FAIL(err, "%s: description too long", d->dir);
    TRY(write_part(index_part, buf_view(manifest), err));
    names_of_manifest(&d->arena, d->dir, &old);
    TRY(remove_file(index, err));
    TRY(file_sync_dir(d->dir, err));
    TRY(remove_old(d, &old, err));
    for (struct dataset_file *f = d->files; f; f = f->next)
        TRY(put_in_place(d, f->part, f->name, err));
    return put_in_place(d, index_part, MANIFEST, err);
}

enum asid_rc dataset_publish(struct dataset *d, struct asid_err *err)
{
    struct buf manifest;
    enum asid_rc rc;

    buf_init(&manifest, LIST_BYTES);
    rc = publish(d, &manifest, err);
    buf_release(&manifest);
    d->published = rc == ASID_OK;
    return rc;
}

void dataset_close(struct dataset *d)
{
    for (struct dataset_file *f = d->files; f; f = f->next) {
        if (!d->published)
            unlink(f->part);
        if (f->fd >= 0)
            close(f->fd);
        f->fd = -1;
        buf_release(&f->pending);
    }
    /* The list goes while it is locked; it is another's without the lock. */
    if (d->dir && d->lock >= 0) {
        unlink(part_path(&d->arena, d->dir, MANIFEST));
        unlink(inside(&d->arena, d->dir, LIST));
        close(d->lock);
    }
    arena_release(&d->arena);
    memset(d, 0, sizeof *d);
    d->lock = -1;
}

static enum asid_rc remove_all(struct arena *a, const char *dir,
                               struct asid_err *err)
{
    struct names list = {0};

    names_of_list(a, dir, &list);
    names_of_manifest(a, dir, &list);
    for (size_t i = 0; i < list.n; i++) {
        TRY(remove_file(part_path(a, dir, list.name[i]), err));
        TRY(remove_inside(a, dir, list.name[i], err));
    }
    /* Last what knows the names: after a kill the next call finds them all. */
    TRY(remove_file(part_path(a, dir, MANIFEST), err));
    TRY(remove_file(inside(a, dir, MANIFEST), err));
    return remove_file(inside(a, dir, LIST), err);
}

enum asid_rc dataset_remove(const char *dir, struct asid_err *err)
{
    struct arena a = ARENA_INIT;
    enum asid_rc rc = remove_all(&a, dir, err);

    if (rc == ASID_OK)
        rmdir(dir); /* stays when somebody else's files are in it */
    arena_release(&a);
    return rc;
}
